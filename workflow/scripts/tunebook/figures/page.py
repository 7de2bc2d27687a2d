"""Where panels stand: margins are measured from what is written there, so that nothing is clipped.

A panel to place has `height` (of its axes, inches), `least` and `most` (how narrow and wide they
may be), `weight` (its share of what a row leaves), `letter`, `title`, `head` (what its axis
measures), `fit(width)`, which sets these for a figure of that width, and `draw(ax)`, or `absent`.
All is drawn, measured in the page's typeface, and drawn where it belongs. Below: axes, texts, bands
and dots, which kinds of panel are made of.
"""

import io

import numpy as np
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from scipy.optimize import isotonic_regression

from ..evidence.words import tick
from . import style

INCH = 72  # points
GAP, BELOW = 0.2, 0.16  # inches between two panels and between two rows
LINE, AIR = 12.0, 8.0  # points of a line of a head, and between head and axes
LETTER = 11.0  # points from a panel's letter to its title
TITLE = {"size": 10, "weight": 600}
HEAD = {"size": 9, "color": style.MUTED}
SMALL = 8.5  # points: labels of ticks and series
# How many panels (at most) -> in rows of how many they are tried, until all have room.
COLUMNS = {1: (1,), 2: (2, 1), 3: (3, 2, 1), 4: (2, 1), 99: (3, 2, 1)}
# How far an axis reaches, highest over lowest value, at least -> where its ticks stand in a decade.
LOG_TICKS = {300: [1], 40: [1, 3], 10: [1, 2, 5], 4: [1, 2, 3, 5, 7], 0: [1, 1.5, 2, 3, 4, 5, 6, 8]}


def arrange(panels, width=style.FULL_WIDTH):
    """A Figure of some panels, `width` inches wide: several in a row where they have room."""
    margins = np.tile([0.4, 0.6, 0.05, 0.4], (len(panels), 1))  # left, right, top, bottom
    tried = next(tried for most, tried in COLUMNS.items() if len(panels) <= most)
    for columns in tried if width >= style.FULL_WIDTH else (1,):
        for i, panel in enumerate(panels):
            if not panel.absent:
                panel.fit(width)
            alike = i + 1 < len(panels) and (i + 1) % columns and panels[i + 1].key == panel.key
            panel.labelled = not (panel.key and alike)
        for _ in range(3):
            before = margins
            height = place(panels, margins, columns, width)
            figure, margins = draw(panels, height, width)
            if np.allclose(before, margins, atol=0.01):
                break
        if all(panel.width >= panel.least for panel in panels):
            break
    return figure


def place(panels, margins, columns, width):
    """Place panels in rows of `columns`; returns the height of the page, in inches.

    A panel gets `start`, where all of it begins, `left`, `width` and `top` of its axes, and the
    `heading` above them, pairs of text and look. Axes of one column stand in line.
    """
    count = min(columns, len(panels))
    left, right = (
        np.array([margins[first::columns, side].max() for first in range(count)]) for side in (0, 1)
    )
    weights = np.array([max(p.weight for p in panels[first::columns]) for first in range(count)])
    room = width - GAP * (count - 1) - left.sum() - right.sum()
    widths = np.maximum(room * weights / weights.sum(), 0.3)
    wholes = left + widths + right
    starts = np.cumsum([0, *(wholes[:-1] + GAP)])
    for i, panel in enumerate(panels):
        column = i % columns
        panel.start, panel.width = starts[column], min(widths[column], panel.most)
        panel.left = panel.start + left[column] + (widths[column] - panel.width) / 2
        whole, lettered = INCH * wholes[column], bool(panel.letter)
        title = wrapped(panel.title, whole - LETTER * lettered, **TITLE) or [""] * lettered
        head = wrapped(panel.head, whole, HEAD["size"])
        panel.heading = [(text, TITLE) for text in title] + [(text, HEAD) for text in head]
    top = -BELOW
    for first in range(0, len(panels), columns):
        row = range(first, min(first + columns, len(panels)))
        above = [
            (LINE * len(panels[i].heading) + AIR) / INCH if panels[i].heading else 0 for i in row
        ]
        top += BELOW + max(above + margins[row, 2])
        for i in row:
            panels[i].top = top
        top += max(panels[i].height + margins[i, 3] for i in row)
    return top


def draw(panels, height, width):
    """The Figure of panels in their places, and the margins that they then need, in inches."""
    size = np.array([width, height])
    figure, every = Figure(figsize=size), []
    for panel in panels:
        area = [panel.left, height - panel.top - panel.height, panel.width, panel.height]
        every.append(figure.add_axes(np.array(area) / np.tile(size, 2)))
        if panel.absent:
            say_missing(every[-1], panel.absent)
        else:
            panel.draw(every[-1])
        for line in [*every[-1].get_xgridlines(), *every[-1].get_ygridlines()]:
            line.set_clip_on(False)  # which end where the axes do
    renderer = RendererSVG(*(INCH * size), io.StringIO(), image_dpi=INCH)
    margins = np.array([measured(ax, renderer) for ax in every])
    for panel, ax in zip(panels, every, strict=True):
        in_row = [other.top == panel.top for other in panels]
        x, y = INCH * (panel.start - panel.left), INCH * margins[in_row, 2].max() + AIR - 2
        y += LINE * (len(panel.heading) - 1)
        if panel.letter:
            write(ax, panel.letter, x, y, **TITLE)
        for i, (text, look) in enumerate(panel.heading):
            indent = LETTER if panel.letter and look is TITLE else 0
            write(ax, text, x + indent, y - LINE * i, **look)
    return figure, margins


def measured(ax, renderer):
    """How far what is drawn reaches over the edges of its axes: left, right, top, bottom.

    A little more on the sides: where a figure stands alone its typeface may be another, wider one.
    """
    inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
    sides = [inner.x0 - outer.x0, outer.x1 - inner.x1, outer.y1 - inner.y1, inner.y0 - outer.y0]
    return np.maximum(sides, 0) * [1.04, 1.04, 1, 1] / INCH + [0.02, 0.02, 0, 0]


def say_missing(ax, text):
    """An empty panel that says plainly why it is empty."""
    ax.set_axis_off()
    lines = "\n".join(wrapped(text, 0.9 * ax.bbox.width, 9))
    ax.text(0.5, 0.5, lines, transform=ax.transAxes, ha="center", va="center", color=style.MUTED)


# Texts; a point is a pixel of a figure (see `figure.dpi` in the style file).


def beside(ax, text, place, shift, **look):
    """Text some points right of and above a place."""
    look = {"size": SMALL, "va": "center", "annotation_clip": False} | look
    ax.annotate(text, place, shift, textcoords="offset points", **look)


def write(ax, text, x, y, **look):
    """Text `x` points right of the axes' left edge and `y` points above their top."""
    look = {"size": 9, "va": "baseline", "xycoords": "axes fraction"} | look
    beside(ax, text, (0, 1), (x, y), **look)


def width_of(text, size=SMALL, weight=400):
    """How wide a line of text is, in points."""
    font = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0]


def wrapped(text, width, size=SMALL, weight=400):
    """A text in lines of at most `width` points, where its words allow that."""
    lines = []
    for word in filter(None, text.split(" ")):  # not at a narrow space, before a unit
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def room(ax, share):
    """How many points a share of the whole figure's width is, and never more than a line needs."""
    return share * min(ax.figure.bbox.width, 430)


def cut(text, width, size=SMALL):
    """The start of a text that fits into `width` points."""
    while len(text) > 1 and width_of(text, size) > width:
        text = text.removesuffix("…")[:-1] + "…"
    return text


# Axes


def padded(low, high, log, room=0.06):
    """The ends of an axis on which values from `low` to `high` have some room at each end."""
    if log:
        ratio = max((high / low) ** room, 1.02)
        return low / ratio, high * ratio
    room *= high - low or abs(high) or 1
    return low - room, high + room


def ticks(low, high, log, count):
    """About so many round numbers from `low` to `high`."""
    found = MaxNLocator(int(np.clip(count, 2, 7))).tick_values(low, high)
    if log:
        subs = next(subs for least, subs in LOG_TICKS.items() if high / low > least)
        logs = LogLocator(subs=subs).tick_values(low, high)
        logs = logs[(logs >= low) & (logs <= high)]
        found = logs[:: len(logs) // 6 + 1 if len(logs) > 7 else 1] if len(logs) > 1 else found
    return [each for each in found if low <= each <= high]


def scale(axis, low, high, log, text=tick):
    """Set an axis, with as many plain numbers as can be read: 0.001, 0.01 or 20, 30, 50."""
    ax, name = axis.axes, axis.axis_name
    getattr(ax, f"set_{name}scale")("log" if log else "linear")
    getattr(ax, f"set_{name}lim")(low, high)
    count = ax.bbox.height / 24 if name == "y" else ax.bbox.width / 38
    axis.set_major_locator(FixedLocator(ticks(low, high, log, count)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(round(value, 12))))


def name_ticks(ax, names):
    """Ticks 0, 1, 2, ... with names across, in lines where they would touch, else aslant."""
    room = ax.bbox.width / max(len(names), 1) - 4
    lines = [wrapped(name, room) for name in names]
    ax.set_xticks(range(len(names)), ["\n".join(each) for each in lines])
    ax.set_xlim(-0.5, len(names) - 0.5)
    if any(width_of(line) > room + 3 for each in lines for line in each):
        ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")


def label_ends(ax, ends):
    """Write labels right of the panel at the height where series end, apart from each other.

    ends: (value on the vertical axis, text, colour).
    """
    if not ends:
        return
    right = ax.get_xlim()[1]
    wanted = ax.transData.transform([(right, y) for y, *_ in ends])[:, 1] - ax.bbox.y0
    texts = ["\n".join(wrapped(text, room(ax, 0.26))) for _, text, _ in ends]
    sizes = [10.0 * (text.count("\n") + 1) for text in texts]
    places = spread(wanted, sizes, ax.bbox.height)
    for y, text, (*_, color) in zip(places, texts, ends, strict=True):
        look = {"xycoords": "axes fraction", "linespacing": 1.1}
        beside(ax, text, (1, 0), (5, y), color=color, **look)


def spread(wanted, sizes, height):
    """Middles near `wanted` of labels of such heights that do not touch, inside [0, height].

    What is left of each wish above the labels below must not fall: isotonic regression.
    """
    order, places = np.argsort(wanted, kind="stable"), np.zeros(len(wanted))
    sizes = np.asarray(sizes, float)[order]
    stacked = np.cumsum(sizes) - sizes / 2  # the middles without gaps, from 0
    shifts = isotonic_regression(wanted[order] - stacked).x
    places[order] = stacked + np.clip(shifts, -stacked[0], max(height - stacked[-1], -stacked[0]))
    return places


def band(ax, x, mean, low, high, color, **look):
    """A line of means with the band of their intervals, where there are any."""
    ax.plot(x, mean, color=color, **{"zorder": 3} | look)
    if np.isfinite(low).any():
        around = coarser(ax, *(np.asarray(each, float) for each in (x, low, high)))
        ax.fill_between(*around, color=color, alpha=0.18, lw=0, zorder=2)


def coarser(ax, x, low, high, step=3.0):
    """A band [n] in steps of some points across, each as wide as the widest place in it."""
    places = ax.transData.transform(np.column_stack([x, np.full(len(x), ax.get_ylim()[0])]))[:, 0]
    known = np.isfinite(low)
    ends = np.append(np.diff(known) != 0, True)  # where it begins and ends it stays as it is
    parts = np.cumsum([0, *((np.diff(places // step) != 0) | ends[:-1])])
    starts = np.unique(parts, return_index=True)[1]
    low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
    return np.append(x[starts], x[-1]), np.append(low, low[-1]), np.append(high, high[-1])


def dots(ax, x, y, size, **look):
    """Dots of so many points across, as one path: a few bytes each, not a hundred."""
    places = np.repeat(np.column_stack([x, y]), 2, axis=0)
    if len(places):
        path = Path(places, [Path.MOVETO, Path.LINETO] * len(x))
        path.should_simplify = False
        look = {"transform": ax.transData, "capstyle": "round"} | look
        ax.add_patch(PathPatch(path, fill=False, lw=size, clip_on=True, **look))
