"""What Gaussian networks say of their own error along the living area: Figure 3, residuals."""

import numpy as np
import pandas as pd

from . import dots, layout, points, style
from .drawn import Panel, together
from .labels import number
from .summary import BAND, replicates_text, summarize

NOTHING = pd.DataFrame()
AREA = "GrLivArea (square feet)"
BINS = 10


def best_gaussian(tables):
    """The Gaussian run with the lowest mean validation loss, of those with kept predictions.

    Among runs on the scaled target, if there are any: the loss depends on the target's unit.
    Returns its name, "" if there is none.
    """
    kept = set(tables.predictions.loc[tables.predictions["variance"].notna(), "run"])
    rows = tables.runs[(tables.runs["loss"] == "gaussian") & tables.runs["run"].isin(kept)]
    scaled = rows[rows["target"] == "scaled"]
    rows = scaled if len(scaled) else rows
    means = rows.assign(loss_value=rows["validation_loss"].astype(float)).groupby("run")[
        "loss_value"
    ]
    means = means.apply(lambda values: values.mean(skipna=False)).dropna()
    means = means[np.isfinite(means)]
    return means.idxmin() if len(means) else ""


def with_residuals(tables, run):
    """The predictions of a run with `squared`, the squared residual in scaled units.

    A replicate's unit is the price range of its training part, in dollars: the ratio of its test
    error in dollars to that in scaled units.
    """
    rows = tables.predictions_of(run)
    runs = tables.of_run(run).set_index("replicate")
    unit = runs["test_rmse_dollars"].astype(float) / np.sqrt(runs["test_metric"].astype(float))
    dollars = (rows["target"] - rows["prediction"]).astype(float)
    return rows.assign(
        squared=(dollars / rows["replicate"].map(unit)) ** 2,
        deviation=np.sqrt(rows["variance"].astype(float)) * rows["replicate"].map(unit),
    )


def edges_of(areas):
    """The edges of BINS bins with equally many houses each."""
    return np.unique(np.quantile(areas, np.linspace(0, 1, BINS + 1)))


def binned(rows, column):
    """Mean of a column in bins of the living area, with its interval over replicates.

    Bins hold equally many houses. One row a bin: area (its median), mean, low, high, replicates.
    """
    rows = rows[np.isfinite(rows[column].astype(float))]
    edges = edges_of(rows["GrLivArea"])
    place = np.clip(np.searchsorted(edges, rows["GrLivArea"], side="right") - 1, 0, len(edges) - 2)
    rows = rows.assign(bin=place)
    table = rows.pivot_table(index="replicate", columns="bin", values=column, aggfunc="mean")
    mean, low, high, count = summarize(table.to_numpy(float), in_ratio=True)
    return pd.DataFrame(
        {
            "area": rows.groupby("bin")["GrLivArea"].median().to_numpy(float),
            "mean": mean, "low": low, "high": high, "replicates": count,
        }
    )  # fmt: skip


def none_kept(ax, tables, letter, title):
    """The panel of a study without predictions of a Gaussian network."""
    has = (tables.runs["loss"] == "gaussian").any()
    text = (
        "No Gaussian network has kept predictions and a finite loss (predictions: true in a sweep)."
        if has
        else "The study trains no Gaussian network."
    )
    layout.head(ax, letter, title)
    layout.say_missing(ax, text)
    return Panel(NOTHING, f"{title}: {text}")


def figure_3(tables):
    """Predicted variance against the living area, for the best Gaussian network."""
    run = best_gaussian(tables)
    title = "Predicted variance of the price against the living area"
    if not run:
        figure, (ax,) = layout.panels(1, height=2.0)
        return together(figure, title, [none_kept(ax, tables, "", "Houses: predicted variance")])
    rows = with_residuals(tables, run)
    foot = (
        f"Test houses of {replicates_text([rows['replicate'].nunique()])}, a dot each; line: mean "
        f"in {BINS} bins with equally many houses; band: {BAND} over replicates. "
        "Gaussian network with the lowest validation loss."
    )
    figure, (ax,) = layout.panels(1, height=2.9, right=0.62, left=0.62, foot=foot)
    panel = against_area(ax, rows, "variance", run, style.LOSSES["gaussian"])
    layout.head(ax, "", "Houses: predicted variance", "variance (scaled units squared)")
    deviations(ax, rows)
    rank = points.mean_text(tables.of_run(run)["rank_variance_GrLivArea"], 2)
    ax.annotate(f"rank correlation {rank}", (0.01, 0.97), xycoords="axes fraction", va="top",
                size=7.5)  # fmt: skip
    sentence = f"{trend_words(panel.data, 'predicted variance')} Rank correlation {rank}."
    return together(figure, title, [Panel(panel.data, sentence, (run,))], foot)


def against_area(ax, rows, column, run, color, name=""):
    """A cloud of a positive column over the living area, with its binned mean and band."""
    known = rows[(rows[column] > 0) & np.isfinite(rows[column].astype(float))]
    for _, part in known.groupby("replicate"):
        dots.cloud(ax, part["GrLivArea"], part[column], color, alpha=0.22)
    data = binned(rows, column)
    draw_bins(ax, data, color)
    ax.set_yscale("log")
    ax.set_xlim(rows["GrLivArea"].min() * 0.95, rows["GrLivArea"].max() * 1.02)
    ax.set_xlabel(AREA, labelpad=2)
    ax.xaxis.set_major_formatter(lambda value, _: number(value))
    ax.locator_params(axis="x", nbins=8 if ax.get_position().width > 0.5 else 5)
    low, high = np.quantile(known[column], [0.01, 1])
    low, high = low / 1.3, high * 1.3
    ax.set_ylim(low, high)
    layout.log_ticks(ax.yaxis, low, high)
    return Panel(data.assign(series=name or column, run=run), "", (run,))


def draw_bins(ax, data, color):
    """The line through the bins' means, and its band."""
    ax.plot(data["area"], data["mean"], color=color, lw=2, marker="o", ms=3.5, zorder=4)
    if np.isfinite(data["low"]).any():
        ax.fill_between(data["area"], data["low"], data["high"], color=color, alpha=0.25, lw=0,
                        zorder=3)  # fmt: skip


def deviations(ax, rows):
    """A second axis: the standard deviation in dollars that a variance stands for."""
    unit = (rows["deviation"] / np.sqrt(rows["variance"].astype(float))).median()
    if not np.isfinite(unit):
        return
    low, high = np.sqrt(ax.get_ylim()) * unit / 1000
    other = ax.secondary_yaxis("right")
    wanted = [s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= s <= high]
    other.set_yticks([(1000 * s / unit) ** 2 for s in wanted], [f"${s}k" for s in wanted])
    other.minorticks_off()
    other.spines["right"].set_visible(False)
    other.tick_params(length=0, labelcolor=style.MUTED)
    ax.annotate("standard deviation", (1, 1), (72 * 0.62, 10), xycoords="axes fraction",
                textcoords="offset points", ha="right", size=7.5, color=style.MUTED)  # fmt: skip


def trend_words(data, what):
    """From the smallest to the largest houses: how the binned mean moves."""
    first, last = data.iloc[0], data.iloc[-1]
    word = "rises" if last["mean"] > first["mean"] else "falls"
    return (
        f"The mean {what} {word} from {number(first['mean'])} at {number(first['area'], 4)} square "
        f"feet to {number(last['mean'])} at {number(last['area'], 4)}."
    )


def residuals(tables):
    """Predicted variance and observed squared residuals, binned over the living area."""
    run = best_gaussian(tables)
    title = "Predicted variance beside the observed squared residuals"
    if not run:
        figure, (ax,) = layout.panels(1, height=2.0)
        return together(figure, title, [none_kept(ax, tables, "", "Houses: squared residuals")])
    rows = with_residuals(tables, run)
    runs = tables.of_run(run)
    foot = (
        f"Test houses of {replicates_text([rows['replicate'].nunique()])}; line: mean in {BINS} "
        f"bins with equally many houses; band: {BAND} over replicates; thin dashed line: the other "
        "panel's mean."
    )
    figure, axes = layout.panels(2, height=2.6, right=0.12, left=0.6, foot=foot)
    wanted = (
        ("variance", "Predicted variance", style.LOSSES["gaussian"], "rank_variance_GrLivArea"),
        ("squared", "Observed squared residual", style.DATA, "rank_squared_residual_GrLivArea"),
    )
    parts = []
    for ax, letter, (column, name, color, rank) in zip(axes, "ab", wanted, strict=True):
        panel = against_area(ax, rows, column, run, color, name)
        layout.head(ax, letter, name, "scaled units squared")
        said = points.mean_text(runs[rank], 2)
        ax.annotate(f"rank correlation {said}", (0.01, 0.98), xycoords="axes fraction", va="top",
                    size=7.5)  # fmt: skip
        words = f"{trend_words(panel.data, name.lower())} Rank correlation {said}."
        parts.append(Panel(panel.data.assign(rank_correlation=said), words, (run,)))
    shared(axes, parts, [color for _, _, color, _ in wanted])
    return together(figure, title, parts, foot)


def shared(axes, parts, colors):
    """One vertical scale for both panels, and each one's mean as a thin line in the other."""
    low = min(ax.get_ylim()[0] for ax in axes)
    low = max(low, 0.05 * min(part.data["mean"].min() for part in parts))
    high = max(ax.get_ylim()[1] for ax in axes)
    for ax, part, color in zip(axes, reversed(parts), reversed(colors), strict=True):
        ax.plot(part.data["area"], part.data["mean"], color=color, lw=1, ls=(0, (4, 2)), zorder=3)
        ax.set_ylim(low, high)
        layout.log_ticks(ax.yaxis, low, high)
