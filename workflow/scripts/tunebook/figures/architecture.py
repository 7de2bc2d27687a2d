"""How the network's size acts on loss, gap and time: Figure 1, depth-gap, speed."""

import numpy as np
import pandas as pd

from . import layout, marks, points, style
from .curves import (
    NOTHING,
    absent,
    curves_panel,
    network_colors,
    note,
    ramp_colors,
    sweep_curves,
)
from .drawn import Panel, together
from .labels import distinct, network, number, plural


def figure_1(tables):
    """Training loss by type and depth of layers (digits) and by width (houses)."""
    layers, more_layers = sweep_curves(
        tables, "layers-digits", "train_loss", network, network_colors,
        {"model", "channels", "widths"},
    )  # fmt: skip
    widths, more_widths = sweep_curves(
        tables, "width-houses", "train_loss", neurons,
        lambda rows: ramp_colors(rows, "width", lambda row: row["width"]), {"widths"},
    )  # fmt: skip
    foot = note(layers, widths)
    figure, (left, right) = layout.panels(2, height=2.7, right=(1.12, 0.86), foot=foot)
    return together(
        figure,
        "Training loss over the epochs, by architecture",
        [
            curves_panel(left, tables, "layers-digits", "a", "Digits: kind and number of layers",
                         layers, "train_loss", remark=more_layers),
            curves_panel(right, tables, "width-houses", "b", "Houses: neurons in a layer",
                         widths, "train_loss", remark=more_widths),
        ],
        foot,
    )  # fmt: skip


def neurons(row):
    """A dense network by its widest layer."""
    return f"{row['width']:.0f} neurons" if row["width"] > 0 else "no hidden layer"


def depth_gap(tables):
    """Validation minus training error at each depth, with and without dropout."""
    rows = tables.sweep("depth-gap")
    rates = sorted(rows["learning_rate"].unique())
    foot = points.note(rows, "Gap: how much worse validation is than training, at the last epoch.")
    figure, axes = layout.panels(
        max(len(rates), 1), height=2.3, right=0.86, left=0.56, foot=foot if rates else ""
    )
    title = "Train/validation gap over depth, with and without dropout"
    if not rates:
        part = points.missing(axes[0], "", "Houses: gap over depth", "depth-gap", rows)
        return together(figure, title, [part])
    parts = [
        gap_panel(ax, rows[rows["learning_rate"] == rate], letter, f"Learning rate {number(rate)}")
        for ax, rate, letter in zip(axes, rates, "abcdefgh", strict=False)
    ]
    return together(figure, title, parts, foot)


def gap_panel(ax, rows, letter, title):
    """The gaps of the runs of one learning rate: depths across, dropout side by side."""
    percent = (rows["metric"] == "accuracy").all()
    unit = "percentage points" if percent else "MSE in scaled units"
    data = points.grouped(
        ax, rows, rows["gap"] * (100 if percent else 1), across="depth", group="dropout",
        across_text=lambda depth: plural(depth, "layer"), group_text=dropout_text,
        colors=points.gap_color, zero=True,
    )  # fmt: skip
    if data.empty:
        return points.missing(ax, letter, title, "depth-gap", rows)
    ax.axhline(0, color=style.MUTED, lw=0.9, zorder=1)
    layout.head(ax, letter, title, f"validation minus training error ({unit})")
    return Panel(data, f"{title}. Mean gap: {points.said(data)}.", tuple(data["run"]))


def dropout_text(dropout):
    """Dropout as a label."""
    return f"dropout {number(dropout)}" if dropout else "no dropout"


def speed(tables):
    """Seconds per epoch along depth and width, from the runs that had the machine alone."""
    foot = (
        "Each run alone on the machine: one replicate, one thread. Bar: median; line: range of the "
        "repetitions."
    )
    figure, (left, right) = layout.panels(
        2, height=2.0, right=0.5, left=1.15, foot=foot, bottom=0.2
    )
    title = "Seconds per epoch along depth and width"
    layers = speed_panel(left, tables, "layers-digits", "a", "Digits: kind and number of layers",
                         network, network_colors)  # fmt: skip
    widths = speed_panel(
        right, tables, "width-houses", "b", "Houses: neurons in a layer", neurons,
        lambda rows: ramp_colors(rows, "width", lambda row: row["width"]),
    )  # fmt: skip
    most = max(len(layers.data), len(widths.data), 1)
    for ax in (left, right):
        if ax.axison:
            ax.set_ylim(most - 0.5, -0.5)
    return together(figure, title, [layers, widths], foot)


def speed_panel(ax, tables, sweep, letter, title, name, color):
    """Horizontal bars of the median time of each run of a sweep."""
    rows = tables.sweep(sweep)
    if rows.empty:
        return absent(ax, letter, title, sweep)
    first = rows.drop_duplicates("run")
    labels = distinct(first, name, {"model", "channels", "widths"})
    colors = color(first)
    times = {run: part["seconds_per_epoch"].to_numpy(float)
             for run, part in tables.timing.groupby("run") if run in labels}  # fmt: skip
    runs = [run for run in labels if run in times][: marks.MOST_CURVES]
    if not runs:
        return untimed(ax, letter, title, sweep)
    medians = [float(np.median(times[run])) for run in runs]
    for place, (run, median) in enumerate(zip(runs, medians, strict=True)):
        ax.barh(place, median, height=0.62, color=colors[run], lw=0, zorder=3)
        ends = [times[run].min(), times[run].max()]
        ax.plot(ends, [place, place], color=style.INK, lw=1, zorder=4)
        ax.annotate(f"{number(median, 2)} s", (max(ends), place), (4, 0), size=7.5, va="center",
                    textcoords="offset points", annotation_clip=False)  # fmt: skip
    layout.named_ticks(ax, [labels[run] for run in runs], axis="y")
    ax.grid(False)
    ax.set_xlim(0, max(times[run].max() for run in runs))
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    layout.head(ax, letter, title, "seconds per epoch")
    data = pd.DataFrame(
        {
            "series": [labels[run] for run in runs], "run": runs, "median": medians,
            "low": [times[run].min() for run in runs], "high": [times[run].max() for run in runs],
            "repetitions": [len(times[run]) for run in runs],
        }
    )  # fmt: skip
    said = "; ".join(f"{labels[r]}: {number(m, 2)} s" for r, m in zip(runs, medians, strict=True))
    return Panel(data, f"{title}. Median per epoch: {said}.", tuple(runs))


def untimed(ax, letter, title, sweep):
    """The panel of a sweep whose runs were not timed."""
    text = f"The sweep “{sweep}” was not timed (timing.sweeps)."
    layout.head(ax, letter, title)
    layout.say_missing(ax, text)
    return Panel(NOTHING, f"{title}: {text}")
