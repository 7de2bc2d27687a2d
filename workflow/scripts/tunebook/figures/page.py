"""Where panels stand: margins are measured from what is written there, so that nothing is clipped.

A panel to place has `height` (of its axes, inches), `least` and `most` (how narrow and wide they
may be), `weight` (its share of what a row leaves), `letter`, `title`, `head` (what its axis
measures) and `draw(ax)`. All is drawn, measured in the page's typeface, and drawn where it belongs.
"""

import io
import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ..evidence.words import tick
from . import style

INCH = 72  # points
GAP, BELOW = 0.2, 0.16  # inches between two panels and between two rows
LINE, AIR = 12.0, 8.0  # points of a line of a head, and between head and axes
TITLE = {"size": 10, "weight": 600}
SMALL = 8.5  # points: labels of ticks and series
# How many panels (at most) -> in rows of how many they are tried, until all have room.
COLUMNS = {1: (1,), 2: (2, 1), 3: (3, 2, 1), 4: (2, 1), 99: (3, 2, 1)}
# How far an axis reaches, highest over lowest value, at least -> where its ticks stand in a decade.
LOG_TICKS = {300: [1], 40: [1, 3], 10: [1, 2, 5], 4: [1, 2, 3, 5, 7], 0: [1, 1.5, 2, 3, 4, 5, 6, 8]}


@dataclass
class Box:
    """Axes in inches from the left and from above; `start` is the left edge of all their panel."""

    left: float
    width: float
    height: float
    start: float
    title: list  # its lines
    head: list
    top: float = 0.0


def arrange(panels):
    """A Figure of some panels, several in a row where they have room."""
    margins = np.tile([0.4, 0.6, 0.05, 0.4], (len(panels), 1))  # left, right, top, bottom
    for columns in next(tried for most, tried in COLUMNS.items() if len(panels) <= most):
        for i, panel in enumerate(panels):
            alike = i + 1 < len(panels) and (i + 1) % columns and panels[i + 1].key == panel.key
            panel.labelled = not (panel.key and alike)
        for _ in range(3):
            before = margins
            boxes, height = place(panels, margins, columns)
            figure, margins = draw(panels, boxes, height)
            if np.allclose(before, margins, atol=0.01):
                break
        if all(box.width >= panel.least for box, panel in zip(boxes, panels, strict=True)):
            break
    return figure


def place(panels, margins, columns):
    """The Box of each panel in rows of `columns`, and the height of the page.

    Axes that stand below each other begin and end below each other.
    """
    count = min(columns, len(panels))
    lefts, rights = (
        [margins[first::columns, side].max() for first in range(count)] for side in (0, 1)
    )
    weights = [max(p.weight for p in panels[first::columns]) for first in range(count)]
    room = style.FULL_WIDTH - GAP * (count - 1) - sum(lefts) - sum(rights)
    boxes, top, end = [], -BELOW, 0.0
    for i, panel in enumerate(panels):
        column = i % columns
        start = end + GAP if column else 0.0
        width = max(room * weights[column] / sum(weights), 0.3)
        end = start + lefts[column] + width + rights[column]
        own = min(width, panel.most)
        letter = 11 if panel.letter else 0
        title = wrapped(panel.title, INCH * (end - start) - letter, **TITLE)
        head = wrapped(panel.head, INCH * (end - start), 9)
        left = start + lefts[column] + (width - own) / 2
        boxes.append(Box(left, own, panel.height, start, title, head))
    for first in range(0, len(panels), columns):
        row = range(first, min(first + columns, len(panels)))
        top += BELOW + max(above(panels[i], boxes[i]) + margins[i, 2] for i in row)
        for i in row:
            boxes[i].top = top
        top += max(panels[i].height + margins[i, 3] for i in row)
    return boxes, top


def above(panel, box):
    """The height of a panel's head, in inches."""
    lines = max(len(box.title), bool(panel.letter)) + len(box.head)
    return (LINE * lines + AIR) / INCH if lines else 0.0


def draw(panels, boxes, height):
    """The Figure of some panels in their boxes, and the margins that they then need, in inches."""
    size = np.array([style.FULL_WIDTH, height])
    figure, every = Figure(figsize=size), []
    for panel, box in zip(panels, boxes, strict=True):
        area = [box.left, height - box.top - box.height, box.width, box.height]
        every.append(figure.add_axes(np.array(area) / np.tile(size, 2)))
        panel.draw(every[-1])
    renderer = RendererSVG(*(INCH * size), io.StringIO(), image_dpi=INCH)
    margins = np.array([measured(ax, renderer) for ax in every])
    for panel, box, ax in zip(panels, boxes, every, strict=True):
        top = max(m[2] for m, other in zip(margins, boxes, strict=True) if other.top == box.top)
        x, y = INCH * (box.start - box.left), INCH * top + AIR - 2
        for line in reversed(box.head):
            write(ax, line, x, y, color=style.MUTED)
            y += LINE
        y += LINE * max(len(box.title) - 1, 0)
        if panel.letter:
            write(ax, panel.letter, x, y, **TITLE)
        for i, line in enumerate(box.title):
            write(ax, line, x + (11 if panel.letter else 0), y - LINE * i, **TITLE)
    return figure, margins


def measured(ax, renderer):
    """How far what is drawn reaches over the edges of its axes: left, right, top, bottom.

    A little more on the sides: where a figure stands alone its typeface may be another, wider one.
    """
    inner, outer = ax.get_window_extent(renderer), ax.get_tightbbox(renderer)
    sides = [inner.x0 - outer.x0, outer.x1 - inner.x1, outer.y1 - inner.y1, inner.y0 - outer.y0]
    return np.maximum(sides, 0) * [1.04, 1.04, 1, 1] / INCH + [0.02, 0.02, 0, 0]


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
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def cut(text, width, size=SMALL):
    """The start of a text that fits into `width` points."""
    while len(text) > 1 and width_of(text, size) > width:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def across(ax):
    """The width of axes in points."""
    return INCH * ax.get_position().width * ax.figure.get_figwidth()


def up(ax):
    """The height of axes in points."""
    return INCH * ax.get_position().height * ax.figure.get_figheight()


def say_missing(ax, text):
    """An empty panel that says plainly why it is empty."""
    ax.set_axis_off()
    lines = "\n".join(wrapped(text, 0.9 * across(ax), 9))
    ax.text(0.5, 0.5, lines, transform=ax.transAxes, ha="center", va="center", color=style.MUTED)


def scale(axis, low, high, log, text=tick):
    """Set an axis, with as many plain numbers as can be read: 0.001, 0.01 or 20, 30, 50."""
    ax, name = axis.axes, axis.axis_name
    getattr(ax, f"set_{name}scale")("log" if log else "linear")
    getattr(ax, f"set_{name}lim")(low, high)
    room = up(ax) / 24 if name == "y" else across(ax) / 38
    ticks = MaxNLocator(int(np.clip(room, 2, 7))).tick_values(low, high)
    if log:
        subs = next(subs for least, subs in LOG_TICKS.items() if high / low > least)
        found = LogLocator(subs=subs).tick_values(low, high)
        found = found[(found >= low) & (found <= high)]
        ticks = found[:: len(found) // 6 + 1 if len(found) > 7 else 1] if len(found) > 1 else ticks
    axis.set_major_locator(FixedLocator([each for each in ticks if low <= each <= high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(round(value, 12))))


def name_ticks(ax, names):
    """Ticks 0, 1, 2, ... with names across, in lines where they would touch, else aslant."""
    room = across(ax) / max(len(names), 1) - 4
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
    wanted = ax.transData.transform([(right, y) for y, *_ in ends])[:, 1]
    wanted = wanted - ax.transAxes.transform((0, 0))[1]
    texts = ["\n".join(textwrap.wrap(text, 26)) for _, text, _ in ends]
    sizes = [10.0 * (text.count("\n") + 1) for text in texts]
    for y, text, (*_, color) in zip(spread(wanted, sizes, up(ax)), texts, ends, strict=True):
        look = {"xycoords": "axes fraction", "linespacing": 1.1}
        beside(ax, text, (1, 0), (5, y), color=color, **look)


def spread(wanted, sizes, height):
    """Middles near `wanted` of labels of such heights that do not touch, centred where they crowd.

    Groups that touch are merged, as in isotonic regression, each keeping the mean of its wishes;
    a group that would leave [0, height] is moved inside.
    """

    def inside(members, middle):
        half = (sum(sizes[i] for i in members) - min(sizes[i] for i in members)) / 2
        return members, min(max(middle, half), max(height - half, half))

    groups = []
    for index in np.argsort(wanted, kind="stable"):
        groups.append(inside([index], float(wanted[index])))
        while len(groups) > 1:
            (first, y1), (second, y2) = groups[-2:]
            if y1 + sum(sizes[i] for i in first + second) / 2 <= y2:
                break
            middle = (y1 * len(first) + y2 * len(second)) / len(first + second)
            groups[-2:] = [inside(first + second, middle)]
    places = np.zeros(len(wanted))
    for members, middle in groups:
        y = middle - sum(sizes[i] for i in members) / 2
        for i in members:
            places[i] = y + sizes[i] / 2
            y += sizes[i]
    return places
