"""Trap 4: under which conditions each learning rate learns, fails or diverges."""

import numpy as np

from ..claims.conditions import condition_grid
from ..claims.shape import LEARNED_MARGIN
from . import layout, style
from .curves import NOTHING
from .drawn import Panel, together
from .labels import NAMES, number, percent, plural
from .summary import replicates_text

TITLE = "Where each learning rate learns, fails or diverges"
KEYS = ("features", "target", "optimizer", "loss")
OUTCOMES = ("learned", "failed", "diverged")
WORDS = {"learned": "learns", "failed": "does not learn", "diverged": "diverges"}
SIGNS = {"learned": "✓", "failed": "–", "diverged": "×"}
FIRST = {"scaled": 0, "raw": 1, "adam": 0, "sgd": 9, "mse": 0, "gaussian": 1}
CELL_HEIGHT = 0.235  # inches
WIDTH, BETWEEN = 0.94, 0.25  # of a cell, between two networks


def conditions(tables):
    """The grid: features, target, optimizer and loss down, depth and learning rate across."""
    rows = tables.sweep("conditions")
    if rows.empty:
        return empty("The study has no sweep “conditions”.")
    grid = condition_grid(rows, tables.history[tables.history["run"].isin(rows["run"])])
    downs, places = ordered(grid, KEYS), columns(grid)
    foot = (
        f"Each cell: shares of {replicates_text(rows.groupby('run').size())}; the largest is "
        "written where they disagree. Learns: training error at least "
        f"{percent(LEARNED_MARGIN, 0)} below that of predicting the mean price. Diverges: a loss "
        "that is not finite, or an error above twice that one and above its own first."
    )
    figure, (ax,) = layout.panels(
        1, height=CELL_HEIGHT * (len(downs) + 2.2), left=2.42, right=0.05, foot=foot, top=0.3,
        bottom=0.08,
    )  # fmt: skip
    layout.bare(ax)
    ax.set_xlim(-0.5, max(places.values()) + 0.5)
    ax.set_ylim(len(downs) - 0.5, -2.7)
    cells(ax, grid, downs, places)
    row_names(ax, downs)
    column_names(ax, places)
    key(ax)
    runs = list(rows["run"].unique())
    return together(figure, TITLE, [Panel(grid, sentence(grid), tuple(runs))], foot)


def columns(grid):
    """{(widths, learning rate): place}, the networks a little apart from each other."""
    found = {(network.count("-"), network, rate) for network, rate in
             zip(grid["widths"], grid["learning_rate"], strict=True)}  # fmt: skip
    places, place, before = {}, -1.0, None
    for _, network, rate in sorted(found):
        place += 1 if network == before or before is None else 1 + BETWEEN
        places[network, rate] = place
        before = network
    return places


def empty(text):
    """The figure of a study without the grid."""
    figure, (ax,) = layout.panels(1, height=2.0)
    layout.head(ax, "", "Houses: condition grid")
    layout.say_missing(ax, text)
    return together(figure, TITLE, [Panel(NOTHING, text)])


def ordered(grid, keys):
    """The combinations of some columns that occur, the usual values first."""
    found = set(grid[list(keys)].itertuples(index=False, name=None))
    return sorted(found, key=lambda row: [(FIRST.get(value, 5), value) for value in row])


def cells(ax, grid, downs, places):
    """One bar a cell, divided by the shares of outcomes; the sign of the commonest on its part."""
    for _, cell in grid.iterrows():
        y = downs.index(tuple(cell[name] for name in KEYS))
        start = places[cell["widths"], cell["learning_rate"]] - WIDTH / 2
        shares = {outcome: float(cell[outcome]) for outcome in OUTCOMES}
        top = max(shares, key=shares.get)
        for outcome, share in shares.items():
            ax.barh(y, WIDTH * share, 0.86, left=start, color=style.OUTCOMES[outcome], lw=0)
            if outcome == top:
                text = SIGNS[top] if share == 1 else f"{SIGNS[top]} {100 * share:.0f} %"
                ax.text(start + WIDTH * share / 2, y + 0.03, text, color=style.WHITE, size=7.5,
                        ha="center", va="center", weight="bold")  # fmt: skip
            start += WIDTH * share


def row_names(ax, downs):
    """The conditions of each row; a value that repeats the row above is not written again."""
    offsets = (-174, -130, -88, -44)
    for offset, name in zip(offsets, ("features", "target", "optimizer", "loss"), strict=True):
        annotate(ax, name, -0.95, offset, color=style.MUTED)
    for y, row in enumerate(downs):
        above = downs[y - 1] if y else (None,) * len(row)
        for i, (offset, value) in enumerate(zip(offsets, row, strict=True)):
            if row[: i + 1] != above[: i + 1]:
                annotate(ax, NAMES.get(value, value), y, offset)
        if y and row[:2] != above[:2]:
            ax.plot([0, 1], [y - 0.5] * 2, color=style.GRID, lw=0.8,
                    transform=ax.get_yaxis_transform(), zorder=0)  # fmt: skip


def annotate(ax, text, y, offset, **look):
    """Text beside a row, `offset` points from the grid's left edge."""
    ax.annotate(text, (0, y), (offset, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center", size=7.5, annotation_clip=False,
                **look)  # fmt: skip


def column_names(ax, places):
    """Learning rates, and above them the network."""
    networks = {}
    for (network, rate), x in places.items():
        networks.setdefault(network, []).append(x)
        ax.text(x, -0.95, number(rate), ha="center", va="center", size=7.5,
                color=style.rate_color(rate))  # fmt: skip
    for network, xs in networks.items():
        name = f"{plural(network.count('-') + 1, 'layer')} of {network.split('-')[0]}"
        ax.text(np.mean(xs), -1.85, f"{name}, learning rate", ha="center", va="center", size=8,
                weight="bold")  # fmt: skip


def key(ax):
    """What the colours and signs mean, above the grid."""
    x = -72 * ax.tunebook_left
    for outcome in OUTCOMES:
        text = f"{SIGNS[outcome]} {WORDS[outcome]}"
        layout.write(ax, text, x, 4, weight="bold", size=8.5, color=style.OUTCOMES[outcome])
        x += 26 + 5.6 * len(text)


def sentence(grid):
    """How many conditions learn at each network and learning rate."""
    said = []
    for (widths, rate), part in grid.groupby(["widths", "learning_rate"]):
        best = part[list(OUTCOMES)].astype(float).idxmax(axis=1)
        counts = ", ".join(f"{(best == outcome).sum()} {WORDS[outcome].replace('does', 'do')}"
                           for outcome in OUTCOMES)  # fmt: skip
        depth = plural(len(widths.split("-")), "layer")
        said.append(f"{depth} at {number(rate)}: of {len(part)} conditions {counts}")
    return "; ".join(said).replace("learns", "learn").replace("diverges", "diverge") + "."
