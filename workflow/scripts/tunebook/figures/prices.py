"""Where the best price regressor errs."""

import numpy as np
import pandas as pd

from . import dots, layout, points, style
from .curves import NOTHING
from .drawn import Panel, together
from .labels import change, number
from .summary import BAND, replicates_text, summarize

BINS = 8
TITLE = "Predicted against true price of the best regressor"


def prices(tables):
    """Predicted against true price in dollars, and the relative error along the price."""
    run = tables.best_run("houses")
    rows = tables.predictions_of(run)
    if rows.empty:
        chosen = "The study chooses no best price regressor."
        text = "The test predictions of the best regressor were not kept (predictions: true)."
        figure, (ax,) = layout.panels(1, height=2.0)
        layout.head(ax, "", TITLE)
        layout.say_missing(ax, text if run else chosen)
        return together(figure, TITLE, [Panel(NOTHING, text if run else chosen)])
    replicates = rows["replicate"].nunique()
    foot = (
        f"Test houses of {replicates_text([replicates])}, a dot each. a: diagonal is a perfect "
        f"prediction. b: line: median in {BINS} bins with equally many houses, mean over "
        f"replicates; band: {BAND}."
    )
    figure, (left, right) = layout.panels(2, height=2.9, right=0.1, left=0.52, foot=foot)
    rmse = tables.of_run(run)["test_rmse_dollars"].astype(float)
    parts = [scatter(left, rows, run, rmse), relative(right, rows, run)]
    return together(figure, TITLE, parts, foot)


def dollars(value, _=None):
    """$180k."""
    return f"${number(value / 1000)}k"


def scatter(ax, rows, run, rmse):
    """Predicted against true price, both axes logarithmic."""
    positive = rows[(rows["target"] > 0) & (rows["prediction"] > 0)]
    for _, part in positive.groupby("replicate"):
        dots.cloud(ax, part["target"], part["prediction"], style.DATA, alpha=0.28)
    both = np.concatenate([positive["target"], positive["prediction"]]).astype(float)
    low, high = np.quantile(both, [0.001, 1]) * [0.92, 1.08]
    for axis in (ax.xaxis, ax.yaxis):
        axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
        layout.log_ticks(axis, low, high)
        axis.set_major_formatter(dollars)
    ax.plot([low, high], [low, high], color=style.INK, lw=0.9, zorder=3)
    ax.set_xlabel("true price", labelpad=2)
    layout.head(ax, "a", "Predicted and true price", "predicted price")
    said = "$" + points.mean_text(rmse.round(-1), 3)
    ax.annotate(f"root mean squared error\n{said}", (0.03, 0.97), xycoords="axes fraction",
                va="top", size=7.5, linespacing=1.4)  # fmt: skip
    sample = rows[["replicate", "row", "target", "prediction"]].assign(run=run)
    count = len(rows) - len(positive)
    left_out = f" {count} predictions below $0 are not drawn." if count else ""
    sentence = f"Root mean squared test error {said}.{left_out}"
    return Panel(sample, sentence, (run,))


def relative(ax, rows, run):
    """Relative error along the true price, binned."""
    rows = rows.assign(error=100 * (rows["prediction"] / rows["target"] - 1).astype(float))
    edges = np.unique(np.quantile(rows["target"].astype(float), np.linspace(0, 1, BINS + 1)))
    place = np.searchsorted(edges, rows["target"].astype(float), side="right") - 1
    rows = rows.assign(bin=np.clip(place, 0, max(len(edges) - 2, 0)))
    for _, part in rows.groupby("replicate"):
        dots.cloud(ax, part["target"], part["error"], style.DATA, alpha=0.28)
    table = rows.pivot_table(index="replicate", columns="bin", values="error", aggfunc="median")
    mean, low, high, count = summarize(table.to_numpy(float))
    centers = rows.groupby("bin")["target"].median().to_numpy(float)
    ax.plot(centers, mean, color=style.OTHER, lw=2, marker="o", ms=3.5, zorder=4)
    ax.fill_between(centers, low, high, color=style.OTHER, alpha=0.25, lw=0, zorder=3)
    ax.axhline(0, color=style.INK, lw=0.9, zorder=3)
    start, end = rows["target"].astype(float).quantile([0.001, 1]) * [0.92, 1.08]
    ax.set_xscale("log")
    ax.set_xlim(start, end)
    layout.log_ticks(ax.xaxis, start, end)
    ax.xaxis.set_major_formatter(dollars)
    bound = float(np.clip(np.quantile(np.abs(rows["error"]), 0.99) * 1.1, 10, 200))
    ax.set_ylim(-bound, bound)
    ax.yaxis.set_major_formatter(lambda value, _: change(value, 0) if value else "0")
    ax.set_xlabel("true price", labelpad=2)
    layout.head(ax, "b", "Relative error along the price", "(predicted − true) / true")
    data = pd.DataFrame({"series": "median relative error (%)", "run": run, "price": centers,
                         "mean": mean, "low": low, "high": high, "replicates": count})  # fmt: skip
    sentence = (
        f"The median relative error is {change(mean[0])} for the cheapest eighth of the "
        f"houses and {change(mean[-1])} for the dearest."
    )
    return Panel(data, sentence, (run,))
