"""What the batch size does to curve, error and speed: batch-size, batch-rates."""

import numpy as np
import pandas as pd

from ..claims.curves import roughness
from . import layout, points
from .curves import NOTHING, curves_panel, note, ramp_colors, sweep_curves
from .drawn import Panel, together
from .labels import batch, distinct, number
from .style import ramp


def size(row):
    """A batch size alone."""
    return row["batch_size"].removesuffix(".0")


def by_batch(rows):
    """{run: colour} along the batch size."""
    return ramp_colors(rows, "batch", lambda row: row["batch_rows"])


def batch_size(tables):
    """Training curve, roughness, final error and time per epoch along the batch size."""
    rows = tables.sweep("batch-size")
    curves, remark = sweep_curves(
        tables, "batch-size", "train_loss", batch, by_batch, {"batch_size"}
    )
    foot = note(curves)
    foot += foot and (
        " b: mean distance of an epoch's log loss from the middle of its neighbours', past the "
        "first tenth of the epochs. b and c: small dots are replicates. d: alone on the machine, "
        "one replicate, one thread; line: range of the repetitions."
    )
    figure, axes = layout.panels(2, 2, height=1.8, right=(0.76, 0.46), left=0.5, foot=foot)
    errors = points.error_of(rows, "validation_metric")
    unit = points.error_unit(rows, "validation")
    parts = [
        curves_panel(axes[0], tables, "batch-size", "a", "Training curve", curves, "train_loss",
                     remark=remark),
        by_batch_panel(axes[1], rows, roughness_of(tables, rows), "b", "Roughness of the curve",
                       "typical step off the neighbouring epochs (%)"),
        by_batch_panel(axes[2], rows, errors, "c", "Generalisation", f"final {unit}"),
        times_panel(axes[3], tables, rows),
    ]  # fmt: skip
    title = "Batch size: training curve, roughness, final error and speed"
    return together(figure, title, parts, foot)


def roughness_of(tables, rows):
    """The roughness of each replicate's training curve in %, as the statements' rules define it."""
    found = {}
    for run, part in rows.groupby("run"):
        curves = tables.curves(run, "train_loss")
        for replicate, losses in zip(sorted(part["replicate"]), curves, strict=False):
            share = roughness({"train_loss": losses}, int(part["epochs"].iloc[0]))
            found[run, replicate] = 100 * share
    pairs = zip(rows["run"], rows["replicate"], strict=True)
    return [found.get(pair, np.nan) for pair in pairs]


def by_batch_panel(ax, rows, values, letter, title, measure):
    """One value a replicate, by batch size."""
    labels = distinct(rows, size, {"batch_size"})
    colors = by_batch(rows.drop_duplicates("run"))
    data = points.one_each(ax, rows, values, labels, colors)
    if data.empty:
        return points.missing(ax, letter, title, "batch-size", rows)
    ax.set_xlabel("batch size", labelpad=2)
    layout.head(ax, letter, title, measure)
    sentence = f"{title}. Mean {measure} by batch size: {points.placed(data)}."
    return Panel(data.assign(measure=measure), sentence, tuple(data["run"]))


def times_panel(ax, tables, rows):
    """Seconds per epoch by batch size, each run alone on the machine."""
    title = "Speed"
    labels = distinct(rows, size, {"batch_size"})
    colors = by_batch(rows.drop_duplicates("run"))
    times = {
        run: tables.timing.loc[tables.timing["run"] == run, "seconds_per_epoch"].to_numpy(float)
        for run in labels
    }
    runs = [run for run in labels if len(times[run])]
    if not runs:
        text = "The sweep “batch-size” was not timed." if len(rows) else ""
        text = text or "The study has no sweep “batch-size”."
        layout.head(ax, "d", title)
        layout.say_missing(ax, text)
        return Panel(NOTHING, f"{title}: {text}")
    medians = [float(np.median(times[run])) for run in runs]
    lows, highs = ([end(times[run]) for run in runs] for end in (np.min, np.max))
    points.fit_axis(ax, [*lows, *highs])
    for place, run in enumerate(runs):
        ax.plot([place] * 2, [lows[place], highs[place]], color=colors[run], lw=2.2, zorder=4)
        ax.plot([place], [medians[place]], "o", ms=5, mew=0, color=colors[run], zorder=5)
        ax.annotate(f"{number(medians[place], 2)} s", (place, medians[place]), (6, 0), size=7,
                    textcoords="offset points", va="center", annotation_clip=False)  # fmt: skip
    layout.named_ticks(ax, [labels[run] for run in runs])
    ax.set_xlabel("batch size", labelpad=2)
    layout.head(ax, "d", title, "seconds per epoch")
    data = pd.DataFrame(
        {"series": [labels[run] for run in runs], "run": runs, "measure": "seconds_per_epoch",
         "median": medians, "low": lows, "high": highs,
         "repetitions": [len(times[run]) for run in runs]}
    )  # fmt: skip
    said = ", ".join(f"{number(m, 2)} s at {labels[r]}" for r, m in zip(runs, medians, strict=True))
    return Panel(data, f"{title}. Median seconds per epoch by batch size: {said}.", tuple(runs))


def batch_rates(tables):
    """Final errors over the learning rate, a series for each batch size."""
    rows = tables.sweep("batch-rates")
    foot = points.note(rows)
    figure, axes = layout.panels(2, height=2.2, right=0.76, left=0.5, foot=foot)
    parts = [
        batch_rates_panel(ax, rows, letter, part)
        for ax, letter, part in zip(axes, "ab", ("train", "validation"), strict=True)
    ]
    return together(figure, "Batch size and learning rate raised together", parts, foot)


def batch_rates_panel(ax, rows, letter, part):
    """Final error on one part of the data over the learning rate."""
    name = {"train": "training"}.get(part, part)
    title = f"Houses: {name} error"
    if rows.empty:
        return points.missing(ax, letter, title, "batch-rates", rows)
    sizes = sorted(rows["batch_rows"].unique())
    colors = dict(zip(sizes, ramp("batch", len(sizes)), strict=True))
    names = {row["batch_rows"]: batch(row) for _, row in rows.iterrows()}
    data = points.grouped(
        ax, rows, points.error_of(rows, f"{part}_metric"), across="learning_rate",
        group="batch_rows", across_text=number, group_text=names.get, colors=colors.get,
    )  # fmt: skip
    if data.empty:
        return points.missing(ax, letter, title, "batch-rates", rows)
    ax.set_xlabel("learning rate", labelpad=2)
    layout.head(ax, letter, title, points.error_unit(rows, name))
    data = data.assign(measure=f"{part}_metric")
    return Panel(data, f"{title} over the learning rate: {points.said(data)}.", tuple(data["run"]))
