"""The picture that stands for a report where its address is shared: 1200 x 630 px, a PNG.

The title, a cell for each claim in the source's order, a mark in it for each piece, and counts.
"""

import io
import math
import textwrap
from collections import Counter

import matplotlib.pyplot as plt

from ..claims.read import NOT, PARTLY, REPRODUCED, SET_UP, UNDECIDED, UNTESTABLE
from ..evidence.tables import read_results
from ..figures import style
from .cards import PIPS
from .view import View

WIDTH, HEIGHT, EDGE = 1200, 630, 60  # px
# {verdict on a piece: (marker, fill, colour)}, as the report's own strip has them.
MARKS = {
    REPRODUCED: ("o", "full", "#116329"),
    PARTLY: ("o", "left", "#7d4e00"),
    NOT: ("X", "full", "#b3261e"),
    UNDECIDED: ("o", "none", "#4a5563"),
    UNTESTABLE: ("_", "full", "#6b4a8a"),
    SET_UP: ("s", "none", "#6b4a8a"),
}
CELL = "#eef1f4"


def render_picture(results, title):
    """The bytes of the picture of a finished study, the same for the same one.

    results: the folder of its tables; title: the study's.
    """
    results = read_results(results)
    cells = [marks(claim) for claim in results.claims]
    with style.applied():
        figure = plt.figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.axis("off")
        bottom = draw_title(axes, title)
        draw_cells(axes, cells, bottom + 36, HEIGHT - 150)
        draw_counts(axes, Counter(mark for cell in cells for mark in cell))
        axes.text(
            EDGE, HEIGHT - 42, View(results).extent, size=points(24), color=style.MUTED, va="center"
        )
        axes.text(WIDTH - EDGE, HEIGHT - 42, "Tunebook", size=points(24), color=style.MUTED,
                  va="center", ha="right", weight=600)  # fmt: skip
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
        plt.close(figure)
    return buffer.getvalue()


def points(pixels):
    return pixels * 0.72


def marks(claim):
    """The verdicts that are shown of a claim: of its pieces, or its own where none is judged."""
    found = [piece["verdict"] for piece in claim["pieces"] if piece["counts"] is not False]
    return [verdict for verdict in found if verdict in MARKS] or [claim["verdict"]]


def draw_title(axes, title):
    """Write the title as large as it fits into three lines; returns where it ends."""
    for size in (64, 56, 48, 40, 34):
        lines = textwrap.wrap(title, int((WIDTH - 2 * EDGE) / (0.5 * size)))
        if len(lines) <= (2 if size > 40 else 3):
            break
    lines = [*lines[:2], lines[2] + " …"] if len(lines) > 3 else lines
    for place, line in enumerate(lines):
        axes.text(EDGE, EDGE + size * (0.5 + 1.15 * place), line, size=points(size), weight=600,
                  color=style.INK, va="center")  # fmt: skip
    return EDGE + 1.15 * size * len(lines)


def draw_cells(axes, cells, top, bottom):
    """Draw the claims' cells between two heights, in as many rows as make them largest."""
    found = (arranged(cells, lines, bottom - top) for lines in range(1, len(cells) + 1))
    pitch, size, rows = max(found, key=lambda each: each[1], default=(0, 0, []))
    for row in rows:
        height = size * (1.2 * max(map(len, row)) + 0.6)
        for place, cell in enumerate(row):
            left = EDGE + pitch * place
            axes.add_patch(plt.Rectangle((left, top), pitch - 4, height, color=CELL, linewidth=0))
            for i, verdict in enumerate(cell):
                draw_mark(axes, left + pitch / 2 - 2, top + size * (0.9 + 1.2 * i), verdict, size)
        top += height + 0.3 * size


def arranged(cells, lines, height):
    """(px from cell to cell, size of a mark in px, rows of cells) in so many lines."""
    many = math.ceil(len(cells) / lines)
    rows = [cells[i : i + many] for i in range(0, len(cells), many)]
    high = sum(1.2 * max(map(len, row)) + 0.9 for row in rows)
    wide = (WIDTH - 2 * EDGE + 4) / many
    size = min(wide / 1.4, height / high, 34)
    return min(wide, 4 * size), size, rows


def draw_mark(axes, x, y, verdict, size):
    marker, fill, color = MARKS[verdict]
    edge = 0 if marker == "X" else points(0.11 * size)
    axes.plot(x, y, marker=marker, fillstyle=fill, color=color, markersize=points(0.7 * size),
              markeredgewidth=edge, markerfacecoloralt="none")  # fmt: skip


def draw_counts(axes, counts):
    """Say how many pieces each mark stands for, which explains the marks as well."""
    left = EDGE
    for verdict, (_, _, color) in MARKS.items():
        if counts[verdict]:
            draw_mark(axes, left + 11, HEIGHT - 103, verdict, 28)
            told = f"{counts[verdict]} {PIPS[verdict]}"
            look = {"color": color, "size": points(25), "weight": 600, "va": "center"}
            text = axes.text(left + 28, HEIGHT - 104, told, **look)
            left += 28 + text.get_window_extent().width + 32
