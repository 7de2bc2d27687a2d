"""Where panels stand: every figure has the same margins, heads and feet, in inches and points."""

import textwrap

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from . import style
from .labels import number

TOP, BOTTOM, LEFT, GAP = 0.52, 0.42, 0.46, 0.16
# How far an axis reaches, highest over lowest value, at least -> where its ticks stand in a decade.
LOG_TICKS = {300: [1], 40: [1, 3], 10: [1, 2, 5], 4: [1, 2, 3, 5, 7], 0: [1, 1.5, 2, 3, 4, 5, 6, 8]}
FOOT_LINE = 0.155
FOOT_LETTERS = 138  # in a line of the foot


def panels(columns, rows=1, *, height=2.0, right=0.12, left=LEFT, widths=None, foot="", top=TOP,
           bottom=BOTTOM):  # fmt: skip
    """A figure of `rows` x `columns` panels, and its axes from the first row's first on.

    height: of the axes of one row. right, left: space beside each panel's axes for the labels of
    its curves and its ticks; one number, or one a column. widths: the columns' shares of the
    width. foot: the note below everything. top, bottom: space above and below each row.
    """
    widths = widths or [1] * columns
    rights = right if isinstance(right, list | tuple) else [right] * columns
    lefts = left if isinstance(left, list | tuple) else [left] * columns
    lines = textwrap.wrap(foot, FOOT_LETTERS)
    feet = FOOT_LINE * len(lines) + (0.08 if lines else 0)
    total = rows * (top + height + bottom) + feet
    figure = Figure(figsize=(style.FULL_WIDTH, total))
    room = style.FULL_WIDTH - GAP * (columns - 1)
    axes = []
    for row in range(rows):
        start, base = 0.0, feet + (rows - 1 - row) * (top + height + bottom) + bottom
        for column in range(columns):
            width = room * widths[column] / sum(widths)
            box = (
                (start + lefts[column]) / style.FULL_WIDTH,
                base / total,
                (width - lefts[column] - rights[column]) / style.FULL_WIDTH,
                height / total,
            )
            ax = figure.add_axes(box)
            ax.tunebook_left = lefts[column]
            axes.append(ax)
            start += width + GAP
    for i, line in enumerate(lines):
        y = (feet - 0.08 - FOOT_LINE * (i + 0.75)) / total
        figure.text(0, y, line, size=7, color=style.MUTED)
    return figure, axes


def head(ax, letter, title, unit=""):
    """Letter and title, and below them what the vertical axis measures."""
    shift = -72 * ax.tunebook_left
    if letter:
        write(ax, letter, shift, 22, weight="bold", size=8.5)
        shift += 11
    write(ax, title, shift, 22, weight="bold", size=8.5)
    write(ax, unit, -72 * ax.tunebook_left, 10, color=style.MUTED, size=7.5)


def write(ax, text, x, y, **look):
    """Text `x` points right of the axes' left edge and `y` points above its top."""
    ax.annotate(text, (0, 1), (x, y), xycoords="axes fraction", textcoords="offset points", **look)


def bare(ax):
    """Take everything from the axes but the ground: for panels that draw their own."""
    ax.set_axis_off()


def say_missing(ax, text):
    """An empty panel that says plainly why it is empty."""
    bare(ax)
    letters = max(int(ax.get_position().width * 130), 18)
    lines = textwrap.fill(text, letters, break_on_hyphens=False)
    ax.text(
        0.5, 0.5, lines, transform=ax.transAxes, ha="center", va="center",
        color=style.MUTED, size=8, style="italic", linespacing=1.5,
    )  # fmt: skip


def epochs_axis(ax, last):
    """The horizontal axis of training curves."""
    ax.set_xscale("log")
    ax.set_xlim(1, max(last, 2))
    log_ticks(ax.xaxis, 1, max(last, 2))
    ax.set_xlabel("epoch (log scale)", labelpad=2)


def log_ticks(axis, low, high):
    """Plain numbers on a logarithmic axis, as many as can be read: 0.001, 0.01 or 20, 30, 50."""
    ratio = high / low
    subs = next(subs for least, subs in LOG_TICKS.items() if ratio > least)
    ticks = LogLocator(subs=subs).tick_values(low, high)
    ticks = [tick for tick in ticks if low <= tick <= high]
    if len(ticks) < 2:
        ticks = MaxNLocator(4).tick_values(low, high)
    if len(ticks) > 7:
        ticks = ticks[:: len(ticks) // 6 + 1]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def named_ticks(ax, names, *, axis="x"):
    """Ticks 0, 1, 2, ... with names; the horizontal grid lines stay."""
    getattr(ax, f"set_{axis}ticks")(range(len(names)), names)
    if axis == "x":
        ax.set_xlim(-0.5, len(names) - 0.5)
    else:
        ax.set_ylim(len(names) - 0.5, -0.5)
