"""Colours, typeface and measures of all figures.

Text, secondary text, grid and ground have exactly one colour each, which a page replaces by its
own. Every other colour has to be seen on white and on #0d1117 alike: its contrast to both is at
least 3 to 1 (WCAG 2.2, 1.4.11), which leaves a narrow band of lightness. Within a family colours
stay apart for readers with red or green blindness; they start from the palette of Okabe and Ito
(2008) and were moved within that band.
"""

import logging
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from math import log10
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap, to_hex

from ..study.parameters import TABLE, parameter

INK = "#1f2328"
MUTED = "#656d76"
GRID = "#d0d7de"
GROUND = "#fffffe"  # the page's own, inside an open dot
WHITE = "#ffffff"  # on top of a data colour, in either scheme

FULL_WIDTH = 7.5  # inches: 720 px at 96 to the inch, the width of the report's article
NARROW = 3.45  # inches: what a phone can show without making text smaller than 10 px

# log10(learning rate) -> colour: one hue, which no other family has; the higher, the fuller.
RATES = {-5: "#95909a", -4: "#9b86ab", -3: "#9865c9", -2: "#9539ea", -1: "#7b3df5"}

# What is chosen by name: a colour for each choice, by its place in the list of choices.
PALETTES = (
    ("#9c5240", "#9e8e07", "#239266", "#4c669b", "#32a09b", "#e22fbf"),
    ("#5a781e", "#229eb1", "#e33a70", "#676539", "#007ee7", "#e1774c"),
)
# Ordered quantities, from little to much.
RAMPS = (
    ("#8f6a2a", "#e0700f", "#c9667f", "#a637a8"),
    ("#06a295", "#2469a2", "#7f6cf0"),
    ("#8f7d08", "#4b7a46", "#019c9a", "#2572cb"),
    ("#a68416", "#b94454", "#d05fb7", "#6e4ee1"),
)
OUTCOMES = {"learned": "#1f7fc4", "failed": "#757c86", "diverged": "#d9662b"}
SPLITS = {"train": "#399e9b", "validation": "#8a5f1e"}
WITHOUT, WITH = "#7d858f", "#b5790a"
NOT = "#b3261e"  # what the source says, in the page's own red
STATED = {"color": NOT, "lw": 1.4, "zorder": 6, "clip_on": False}
# Who says it, of several sources: dashes, and what stands for them in a label.
STATED_BY = (((0, (3, 2)), "– –"), ((0, (1, 1.2)), "· · ·"), ((0, (5, 1.5, 1, 1.5)), "– ·"))
# Whose network it is: as the source describes it, and as the study's own search chose it.
MODELS = ("#c74a79", "#8f7339")
DATA = "#1f7fc4"  # what there is only one of
OTHER = "#d9662b"  # what stands beside it

# Of the typeface Source Sans Pro, the report's own sans, which comes with a package of its name.
FACES = ("SourceSansPro-Regular.ttf", "SourceSansPro-Semibold.ttf")


@cache
def add_typeface():
    """Make the typeface known to matplotlib, which measures text by it."""
    # A letter that it lacks is measured in another one, which has no weight of 600.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for face in FACES:
        path = files("font_source_sans_pro").joinpath("files", face)
        font_manager.fontManager.addfont(str(path))


@contextmanager
def applied():
    """Draw and save inside this context: matplotlib's defaults and the one style file on top."""
    add_typeface()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.style.use(Path(__file__).with_name("tunebook.mplstyle"))
        yield


def blended(colors, places):
    """The colours at some places from 0 to 1 along others, in sRGB; outside the nearest."""
    blend = LinearSegmentedColormap.from_list("", colors, N=1201)
    return [to_hex(color) for color in blend(np.asarray(places, float))]


def rate_color(learning_rate):
    """The colour of a learning rate, wherever it appears."""
    place = (log10(learning_rate) - min(RATES)) / (max(RATES) - min(RATES))
    return blended(list(RATES.values()), [place])[0]


def ramp(colors, count):
    """`count` colours from the first to the last of some; the last where one is asked for."""
    return blended(colors, np.linspace(0, 1, count) if count > 1 else [1])


# Those that every run has come first, so that their colours stay when the table grows.
ROWS = sorted(TABLE, key=lambda row: row.optional)
ORDERED = [row.name for row in ROWS if row.scale or row.kind in ("integers", "sizes")]
CHOSEN = [row.name for row in ROWS if row.choices]


def scale(name, values, taken):
    """{value: colour} of the values of a hyper-parameter, in their order.

    What has an order gets a ramp, and so do networks; what is chosen by name a palette by its place
    in the list of choices, with and without a colour each. taken: the ramps and palettes that the
    figure has used for others, which grows: one colour means one thing in a figure.
    """
    if name == "learning_rate":
        return {value: rate_color(value) for value in values}
    if len(values) == 2 and values[0] in (0, False) and not isinstance(values[0], str):
        return dict(zip(values, (WITHOUT, WITH), strict=True))
    choices = list(parameter(name).choices)
    by_name = choices or any(isinstance(value, str | bool) for value in values)
    if by_name and name not in (*ORDERED, "network"):
        palette = free(PALETTES, CHOSEN, name, taken)
        places = [choices.index(v) if v in choices else i for i, v in enumerate(values)]
        return {v: palette[place % len(palette)] for v, place in zip(values, places, strict=True)}
    return dict(zip(values, ramp(free(RAMPS, ORDERED, name, taken), len(values)), strict=True))


def free(families, known, name, taken):
    """The colours that belong to a hyper-parameter, or the next ones that a figure has not used."""
    first = known.index(name) if name in known else 0
    turned = [families[(first + i) % len(families)] for i in range(len(families))]
    found = next((family for family in turned if family not in taken), turned[0])
    taken.add(found)
    return found
