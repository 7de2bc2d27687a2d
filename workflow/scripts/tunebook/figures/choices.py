"""Small choices in pairs: what each changes on the test set, replicate by replicate."""

import numpy as np
import pandas as pd

from . import dots, layout, points, style
from .curves import NOTHING
from .drawn import Panel, together
from .labels import change as change_text
from .labels import number, value_text
from .summary import BAND

TITLE = "What small choices change"
# sweep -> (the column that differs, its words)
CHOICES = {
    "beta2": ("beta2", "Adam's beta2"),
    "five-or-six": ("depth", "hidden layers"),
    "dropout-digits": ("dropout", "dropout"),
    "dropout-houses": ("dropout", "dropout"),
}


def choices(tables):
    """Relative change of the test error from the first to each other value of a choice."""
    found = [part for sweep in CHOICES for part in changes(tables, sweep)]
    absent = [sweep for sweep in CHOICES if tables.sweep(sweep).empty]
    remark = f"Not in this study: {', '.join(absent)}." if absent else ""
    if not found:
        figure, (ax,) = layout.panels(1, height=2.0)
        text = f"No pair of runs to compare. {remark}"
        layout.head(ax, "", TITLE)
        layout.say_missing(ax, text)
        return together(figure, TITLE, [Panel(NOTHING, text)])
    foot = (
        f"Paired by replicate: the same split. Large dot: mean; bar: {BAND}; small dots: "
        f"replicates. Left of the line: the second value has the lower test error. {remark}"
    )
    figure, (ax,) = layout.panels(
        1, height=0.34 * len(found) + 0.1, left=2.5, right=1.12, foot=foot
    )
    return together(figure, TITLE, [draw(ax, found)], foot)


def changes(tables, sweep):
    """[(label, changes in % of the first value's mean error, runs)], one per further value."""
    rows = tables.sweep(sweep)
    column, words = CHOICES[sweep]
    runs = list(dict.fromkeys(rows["run"]))
    errors = {
        run: points.error_of(part, "test_metric").set_axis(part["replicate"])
        for run, part in rows.groupby("run")
    }
    first = {run: rows[rows["run"] == run].iloc[0] for run in runs}
    found = []
    for run in runs[1:]:
        change = 100 * (errors[run] - errors[runs[0]]) / errors[runs[0]].mean()
        change = change[np.isfinite(change)].to_numpy(float)
        if len(change):
            a, b = (value_text(first[r][column]) for r in (runs[0], run))
            label = f"{first[run]['problem'].capitalize()}: {words} {a} → {b}"
            found.append((label, change, (runs[0], run)))
    return found


def draw(ax, found):
    """One row a comparison."""
    columns = [change for _, change, _ in found]
    colors = [style.DATA] * len(found)
    summaries = dots.points(ax, range(len(found)), columns, colors, vertical=False)
    layout.named_ticks(ax, [label for label, _, _ in found], axis="y")
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    ax.axvline(0, color=style.INK, lw=0.9, zorder=2)
    bound = 1.1 * max(max(abs(column).max() for column in columns), 1)
    ax.set_xlim(-bound, bound)
    ax.xaxis.set_major_formatter(lambda value, _: change_text(value, 0) if value else "0")
    for place, (mean, _, _, count) in enumerate(summaries):
        text = f"{change_text(mean)}  n = {count:.0f}"
        ax.annotate(text, (1, place), (4, 0), xycoords=("axes fraction", "data"), va="center",
                    size=7.5, textcoords="offset points")  # fmt: skip
    layout.head(ax, "", "Change of the test error", "relative to the first value")
    data = pd.DataFrame(summaries, columns=["mean", "low", "high", "replicates"])
    data.insert(0, "series", [label for label, _, _ in found])
    data["run"], data["against"] = zip(*((b, a) for _, _, (a, b) in found), strict=True)
    said = "; ".join(
        f"{label}: {change_text(mean)} ({number(low, 2)} to {number(high, 2)})"
        for (label, _, _), (mean, low, high, _) in zip(found, summaries, strict=True)
    )
    runs = tuple(run for _, _, pair in found for run in pair)
    return Panel(data, f"Mean relative change of the test error: {said}.", runs)
