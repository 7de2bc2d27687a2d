"""Panels of final values: one mean with its interval a run, in categories side by side."""

import numpy as np
import pandas as pd

from ..statistics import MINIMUM_REPLICATES
from . import dots, layout, marks, style
from .drawn import Panel
from .labels import number
from .summary import BAND, replicates_text, summarize

NOTHING = pd.DataFrame()
SPREAD = 0.46  # of a category's width, between its first and its last series


def note(rows, start="After the last epoch."):
    """The foot of a figure of points: what dots, bars and crosses are; "" if there are none."""
    sizes = rows.groupby("run").size()
    if not len(sizes):
        return ""
    text = f"{start} Large dot: mean over {replicates_text(sizes)}".strip()
    if sizes.max() >= MINIMUM_REPLICATES:
        text += f"; bar: {BAND}"
    if sizes.max() > 1:
        text += "; small dots: replicates"
    if rows["diverged_at"].notna().any():
        text += "; ×: replicates that diverged, and are not in the mean"
    return text + "."


def error_of(rows, column):
    """A metric's column as an error: MSE as it is, accuracy as the share that is wrong in %."""
    values = rows[column].astype(float)
    return values.where(rows["metric"] != "accuracy", 100 * (1 - values))


def error_unit(rows, part):
    """What `error_of` measures."""
    accuracy = (rows["metric"] == "accuracy").all()
    return f"{part} error (%)" if accuracy else f"{part} MSE (scaled units)"


def missing(ax, letter, title, sweep, rows):
    """The panel of a sweep that the study does not have, or that has no finite value."""
    text = "No run has a finite value." if len(rows) else f"The study has no sweep “{sweep}”."
    layout.head(ax, letter, title)
    layout.say_missing(ax, text)
    return Panel(NOTHING, f"{title}: {text}", tuple(rows["run"].unique()))


def finite(numbers):
    """The finite ones, as an array."""
    numbers = np.asarray(numbers, float)
    return numbers[np.isfinite(numbers)]


def ends_of(columns):
    """The ends of the intervals of some replicate axes."""
    return [float(end) for values in columns for end in summarize(values)[1:3]]


def fit_axis(ax, values, *, ends=(), zero=False):
    """A logarithmic axis where values are positive and spread, else a linear one that holds all.

    ends: of intervals. One that reaches to zero or below asks for a linear axis, unless the values
    span more than a factor of ten: then its bar leaves the panel at the foot.
    """
    values, ends = (finite(numbers) for numbers in (values, ends))
    everything = np.concatenate([values, ends])
    positive = everything[everything > 0]
    spread = values.max() / values.min() if values.min() > 0 else 0
    if not zero and spread > (3 if len(positive) == len(everything) else 10):
        low, high = positive.min() / 1.25, positive.max() * 1.25
        ax.set_yscale("log")
        ax.set_ylim(low, high)
        layout.log_ticks(ax.yaxis, low, high)
        return
    low, high = everything.min(), everything.max()
    low, high = (min(low, 0), max(high, 0)) if zero else (low, high)
    room = 0.1 * (high - low or abs(high) or 1)
    ax.set_ylim(low - room * (low < 0 or not zero), high + room)
    ax.yaxis.set_major_formatter(lambda value, _: number(value))
    ax.locator_params(axis="y", nbins=6)


def grouped(ax, rows, values, *, across, group, across_text, group_text, colors, labelled=True,
            zero=False, hollow=False):  # fmt: skip
    """Categories `across` (a column) from left to right, series `group` (a column) side by side.

    values: [rows] what is measured. across_text, group_text: value of the column -> its label.
    colors: value of `group` -> colour. Returns the numbers, one row a run, or an empty frame where
    nothing is finite. zero: the axis holds 0. hollow: open dots, for a second measure in one panel.
    """
    rows = rows.assign(measured=np.asarray(values, float))
    rows.loc[~np.isfinite(rows["measured"]), "measured"] = np.nan
    if rows["measured"].isna().all():
        return NOTHING
    categories, series = sorted(rows[across].unique()), sorted(rows[group].unique())
    shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(series)) if len(series) > 1 else [0.0]
    room = crowding(ax, len(categories), len(series))
    of_runs = [part.to_numpy() for _, part in rows.groupby("run")["measured"]]
    fit_axis(ax, rows["measured"], ends=ends_of(of_runs), zero=zero)
    frames, ends = [], []
    for shift, value in zip(shifts, series, strict=True):
        part = rows[rows[group] == value]
        runs = part.drop_duplicates("run").sort_values(across)
        places = [categories.index(x) + shift for x in runs[across]]
        columns = [part.loc[part["run"] == run, "measured"].to_numpy() for run in runs["run"]]
        color = colors(value)
        found = dots.points(ax, places, columns, [color] * len(places), hollow=hollow, **room)
        means = [mean for mean, *_ in found]
        if runs[across].is_unique:
            ax.plot(places, means, color=color, lw=1, alpha=0.55, zorder=3)
        diverged(ax, part, runs["run"], places, color)
        frames.append(
            pd.DataFrame(found, columns=["mean", "low", "high", "replicates"]).assign(
                series=group_text(value), category=[across_text(x) for x in runs[across]],
                run=runs["run"].to_numpy(),
            )
        )  # fmt: skip
        known = [mean for mean in means if np.isfinite(mean)]
        ends.append((known[-1] if known else ax.get_ylim()[1], group_text(value), color))
    layout.named_ticks(ax, [across_text(x) for x in categories])
    if labelled:
        marks.label_ends(ax, ends)
    columns = ["series", "category", "run", "mean", "low", "high", "replicates"]
    return pd.concat(frames, ignore_index=True)[columns]


def crowding(ax, categories, series):
    """Size of the dots, and how far their replicates stand aside, for series side by side."""
    across = 72 * ax.get_position().width * ax.figure.get_figwidth()
    step = across / categories * SPREAD / max(series - 1, 1)
    return {"size": 5.0 if step > 9 else 4.0, "aside": min(dots.ASIDE, step / 2)}


def diverged(ax, rows, runs, places, color):
    """At the top of a run's place, how many of its replicates diverged."""
    for run, place in zip(runs, places, strict=True):
        of_run = rows[rows["run"] == run]
        count = int(of_run["diverged_at"].notna().sum())
        if count:
            ax.annotate(
                f"×{count}", (place, 1), (0, -2), ha="center", va="top", size=7, color=color,
                xycoords=("data", "axes fraction"), textcoords="offset points",
            )  # fmt: skip


def said(data):
    """The means of `grouped` in words."""
    return "; ".join(
        f"{series}: "
        + ", ".join(f"{number(row['mean'])} at {row['category']}" for _, row in part.iterrows())
        for series, part in data.groupby("series", sort=False)
    )


def one_each(ax, rows, values, labels, colors):
    """One category a run, in the order of `labels` (run -> label). Returns the numbers drawn."""
    rows = rows.assign(measured=np.asarray(values, float))
    rows.loc[~np.isfinite(rows["measured"]), "measured"] = np.nan
    if rows["measured"].isna().all():
        return NOTHING
    runs = list(labels)
    columns = [rows.loc[rows["run"] == run, "measured"].to_numpy() for run in runs]
    fit_axis(ax, rows["measured"], ends=ends_of(columns))
    places = range(len(runs))
    found = dots.points(ax, places, columns, [colors[run] for run in runs])
    for run, place in zip(runs, places, strict=True):
        diverged(ax, rows, [run], [place], colors[run])
    layout.named_ticks(ax, [labels[run] for run in runs])
    return pd.DataFrame(found, columns=["mean", "low", "high", "replicates"]).assign(
        series=[labels[run] for run in runs], run=runs
    )[["series", "run", "mean", "low", "high", "replicates"]]


def mean_text(values, digits=3):
    """`0.0030 (95 % interval 0.0028 to 0.0032)` of one replicate axis."""
    mean, low, high, _ = (float(part) for part in summarize(np.asarray(values, float)))
    text = number(mean, digits)
    return (
        text
        if not np.isfinite(low)
        else f"{text} ({number(low, digits)} to {number(high, digits)})"
    )


def placed(data):
    """The means of `one_each` in words, where the names are numbers."""
    return ", ".join(f"{number(row['mean'])} at {row['series']}" for _, row in data.iterrows())


def listed(data):
    """The means of `one_each` in words."""
    return "; ".join(f"{row['series']}: {number(row['mean'])}" for _, row in data.iterrows())


def gap_color(dropout):
    """With or without dropout."""
    return style.WITH if dropout else style.WITHOUT
