"""Training curves: mean lines with bands, crosses where replicates diverged, and their names."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from . import layout, style
from .labels import number, plural
from .summary import summarize

MOST_CURVES, FEW_CURVES = 10, 6  # drawn in one panel; drawn in full weight
EVERY = " ×"  # what is added to the label of a run whose every replicate diverged
LABEL_STEP = 9.5  # points between the labels of two curves
HEADROOM = 4.0  # times its first value: how high a curve may climb before it leaves the panel


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: `values` are [replicates, epochs], blank from where a replicate diverged.

    look: `solid`, `dashed`, or `accompanies` (dashed, thin and without a label of its own).
    """

    label: str
    run: str
    values: np.ndarray
    color: str
    look: str = "solid"
    diverged: tuple = ()  # the epoch of each replicate that diverged
    summary: tuple = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "summary", summarize(self.values, in_ratio=True))

    @property
    def replicates(self):
        return len(self.values)

    @property
    def mean(self):
        """The mean at each epoch up to the last where a replicate has a value."""
        known = np.flatnonzero(np.isfinite(self.summary[0]))
        return self.summary[0][: known[-1] + 1] if len(known) else np.zeros(0)

    @property
    def fate(self):
        """What to add to the label: how many replicates diverged, "" for none."""
        if not self.diverged:
            return ""
        if len(self.diverged) >= self.replicates:
            return EVERY
        return f" ×{len(self.diverged)} of {self.replicates}"

    def frame(self):
        """The numbers drawn, one row per epoch."""
        mean, low, high, count = self.summary
        return pd.DataFrame(
            {
                "series": self.label, "run": self.run, "epoch": np.arange(1, len(mean) + 1),
                "mean": mean, "low": low, "high": high, "replicates": count,
            }
        )  # fmt: skip


def curve_of(tables, run, column, label, color, look="solid"):
    """The Curve of a run's column of the history."""
    ends = tables.of_run(run)["diverged_at"].dropna().astype(int)
    values = tables.curves(run, column)
    return Curve(label, run, values, color, look, tuple(sorted(ends)))


def draw_curves(ax, curves, *, level=None):
    """Mean lines with bands and, at their ends, labels. Returns False if no curve has a value.

    The vertical axis is logarithmic unless a value is negative (a Gaussian loss may be); an error
    of exactly 0 leaves the panel at its foot. level: (value, text) of a dotted line worth comparing
    with; left out where it is out of sight.
    """
    shown = [curve for curve in curves if len(curve.mean)]
    if not shown:
        return False
    values = np.concatenate([curve.mean for curve in shown])
    log = np.nanmin(values) >= 0 and np.nanmax(values) > 0
    low, high = limits(shown, log)
    # Farther than this out of the panel nothing need be drawn: a file holds no huge numbers.
    reach = (low / 10, high * 10) if log else (2 * low - high, 2 * high - low)
    if log:
        ax.set_yscale("log")
        layout.log_ticks(ax.yaxis, low, high)
    ax.set_ylim(low, high)
    layout.epochs_axis(ax, max(len(curve.summary[0]) for curve in curves))
    ends = []
    for curve in curves:
        mean = np.clip(curve.mean, low, high)
        if len(mean):
            draw_one(ax, curve, *reach, width=1.6 if len(curves) <= FEW_CURVES else 1.2)
        mark_divergence(ax, curve, mean, high)
        if curve.look != "accompanies":
            ends.append((mean[-1] if len(mean) else high, curve.label + curve.fate, curve.color))
    if level and low < level[0] < high:
        reference(ax, level[0])
        ends.append((*level, style.MUTED))
    label_ends(ax, ends)
    return True


def draw_one(ax, curve, least, most, *, width):
    """One mean line and its band, between the values `least` and `most`."""
    count = len(curve.mean)
    epochs = np.arange(1, count + 1)
    _, low, high, _ = (part[:count] for part in curve.summary)
    line = {"color": curve.color, "lw": 1.1 if curve.look == "accompanies" else width}
    dash = {"ls": (0, (4, 2))} if curve.look != "solid" else {}
    ax.plot(epochs, np.clip(curve.mean, least, most), zorder=3, **line, **dash)
    if np.isfinite(low).any():
        low, high = np.clip(low, least, most), np.clip(high, least, most)
        ax.fill_between(epochs, low, high, color=curve.color, alpha=0.18, lw=0, zorder=2)


def mark_divergence(ax, curve, mean, top):
    """A cross on the mean line where a replicate diverged; at the panel's top if none was left."""
    for epoch in sorted(set(curve.diverged)):
        y = mean[min(epoch, len(mean)) - 1] if len(mean) else top
        x = min(epoch, len(mean)) if len(mean) else epoch
        cross = {"marker": "x", "ms": 5.5, "mew": 1.6, "color": curve.color}
        ax.plot([max(x, 1)], [y], clip_on=False, zorder=5, **cross)


def limits(curves, log):
    """Lower and upper end of the vertical axis: a curve that runs away leaves the panel."""
    values = np.concatenate([curve.mean for curve in curves])
    lowest, highest = np.nanmin(values[values > 0] if log else values), np.nanmax(values)
    steady = [curve for curve in curves if len(curve.diverged) < curve.replicates] or curves
    start = max(curve.mean[np.isfinite(curve.mean)][0] for curve in steady)
    if log:
        highest = min(highest, HEADROOM * start) if start > 0 else highest
        room = max((highest / lowest) ** 0.06, 1.02)
        return lowest / room, highest * room
    if start > lowest:
        highest = min(highest, start + HEADROOM * (start - lowest))
    room = 0.06 * (highest - lowest or abs(highest) or 1)
    return lowest - room, highest + room


def label_ends(ax, ends):
    """Write labels right of the panel at the height where the curves end, apart from each other.

    ends: (value on the vertical axis, text, colour).
    """
    low, high = ax.transData.inverted().transform(ax.transAxes.transform([(0, 0), (0, 1)]))[:, 1]
    height = ax.get_position().height * ax.figure.get_figheight() * 72
    scale = np.log10 if ax.get_yscale() == "log" else float
    wanted = [height * (scale(y) - scale(low)) / (scale(high) - scale(low)) for y, _, _ in ends]
    for y, (_, text, color) in zip(spread(wanted, LABEL_STEP, height), ends, strict=True):
        ax.annotate(
            text, (1, 0), (5, y), xycoords="axes fraction", textcoords="offset points",
            color=color, va="center", size=7.5, annotation_clip=False,
        )  # fmt: skip


def spread(wanted, step, height):
    """Positions near `wanted` that are at least `step` apart, centred where they crowd.

    Groups that touch are merged, as in isotonic regression, each keeping the mean of its wishes;
    a group that would leave [0, height] is moved inside.
    """
    order = np.argsort(wanted, kind="stable")
    groups = []
    for index in order:
        groups.append([[index], inside([index], float(wanted[index]), step, height)])
        while len(groups) > 1:
            (first, y1), (second, y2) = groups[-2:]
            if y1 + step * (len(first) + len(second)) / 2 <= y2:
                break
            merged = first + second
            groups[-2:] = [[merged, (y1 * len(first) + y2 * len(second)) / len(merged)]]
            groups[-1][1] = inside(*groups[-1], step, height)
    places = np.zeros(len(wanted))
    for members, middle in groups:
        for i, index in enumerate(members):
            places[index] = middle + step * (i - (len(members) - 1) / 2)
    return places


def inside(members, middle, step, height):
    """The middle of a group of labels, moved so that the group stays beside the panel."""
    half = step * (len(members) - 1) / 2
    return min(max(middle, half), max(height - half, half))


def most(curves):
    """The curves that one panel can carry, and a remark if there are more."""
    if len(curves) <= MOST_CURVES:
        return curves, ""
    return curves[:MOST_CURVES], f"The first {MOST_CURVES} of {len(curves)} are drawn."


def describe_curves(curves, measure):
    """Where curves end and which diverged, in words."""
    whole = [
        curve for curve in curves if len(curve.mean) and len(curve.diverged) < curve.replicates
    ]
    epochs = max((len(curve.summary[0]) for curve in curves), default=0)
    parts = []
    if whole:
        ends = sorted(whole, key=lambda curve: curve.mean[-1])
        said = [f"{curve.label}: {number(curve.mean[-1])}" for curve in ends]
        parts.append(f"Mean {measure} after {plural(epochs, 'epoch')}: " + "; ".join(said) + ".")
    for curve in curves:
        if curve.diverged:
            many = f"{len(curve.diverged)} of {plural(curve.replicates, 'replicate')}"
            parts.append(f"{curve.label} diverged in {many}, first in epoch {curve.diverged[0]}.")
    return " ".join(parts)


def reference(ax, value):
    """A dotted horizontal line at a value worth comparing with."""
    ax.axhline(value, color=style.MUTED, lw=0.9, ls=(0, (1, 2)), zorder=2)
