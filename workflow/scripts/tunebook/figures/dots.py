"""Dots: means with their intervals and replicates, and clouds of single rows."""

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import offset_copy

from . import style
from .summary import summarize

ASIDE = 5.0  # points between a mean and its replicates


def points(ax, places, columns, colors, *, vertical=True, size=5.0, aside=ASIDE, hollow=False):
    """Mean with interval at each place, replicates as small dots beside it.

    columns: one array of replicates a place. Returns the summaries [(mean, low, high, n), ...].
    """
    summaries = [tuple(float(part) for part in summarize(values)) for values in columns]
    shift = {"x": aside} if vertical else {"y": aside}
    beside = offset_copy(ax.transData, ax.figure, units="points", **shift)
    for place, values, (mean, low, high, _), color in zip(
        places, columns, summaries, colors, strict=True
    ):
        if len(values) > 1:
            one(ax, np.full(len(values), place), values, vertical, marker="o", ms=2.4, mew=0,
                alpha=0.5, color=color, ls="", zorder=3, transform=beside)  # fmt: skip
        if np.isfinite(low):
            one(ax, [place, place], [low, high], vertical, color=color, lw=2, zorder=4)
        look = {"mfc": style.WHITE if hollow else color, "mec": color, "mew": 1.4 if hollow else 0}
        one(ax, [place], [mean], vertical, marker="o", ms=size, ls="", zorder=5, **look)
    return summaries


def one(ax, across, along, vertical, **look):
    """Plot with the measured axis vertical or horizontal."""
    ax.plot(*((across, along) if vertical else (along, across)), **look)


def cloud(ax, x, y, color, *, size=2.2, alpha=0.35):
    """Many dots as one path: a few bytes a dot, where a marker each would take a hundred.

    Overlaps within a call do not darken; call it once per replicate.
    """
    known = np.isfinite(x) & np.isfinite(y)
    dots = np.column_stack([np.asarray(x, float)[known], np.asarray(y, float)[known]])
    if not len(dots):
        return
    path = Path(np.repeat(dots, 2, axis=0), [Path.MOVETO, Path.LINETO] * len(dots))
    path.should_simplify = False
    look = {"fill": False, "edgecolor": color, "alpha": alpha, "lw": size, "capstyle": "round"}
    ax.add_patch(PathPatch(path, zorder=2, **look))
