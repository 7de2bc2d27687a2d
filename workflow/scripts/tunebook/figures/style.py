"""Colours and measures of all figures: the same colour for the same thing everywhere.

Text, secondary text and grid have exactly one colour each, which the report replaces in its dark
scheme. Every other colour has to be seen on white and on #0d1117 alike: its contrast to both is at
least 3 to 1 (WCAG 2.2, 1.4.11), which leaves a narrow band of lightness. Within a family colours
stay apart for readers with red or green blindness; they start from the palette of Okabe and Ito
(2008) and were moved within that band.
"""

from contextlib import contextmanager
from math import log10
from pathlib import Path

import matplotlib
from matplotlib.colors import to_hex, to_rgb

INK = "#1f2328"
MUTED = "#656d76"
GRID = "#d0d7de"
WHITE = "#ffffff"  # on top of a data colour, in either scheme

FULL_WIDTH = 7.5  # inches: 720 px at 96 to the inch, the width of the report's article

# log10(learning rate) -> colour: cold is slow, warm is fast.
RATES = {-5: "#12928a", -4: "#1f7fd6", -3: "#9e486c", -2: "#e2601f", -1: "#a5830f"}

LOSSES = {"mse": "#1f7fc4", "gaussian": "#d9662b", "cross-entropy": "#17926a"}
OPTIMIZERS = {
    "sgd": "#a04f41",
    "sgd-momentum": "#a78f08",
    "adam": "#8e65ee",
    "adamw": "#42669d",
    "rmsprop": "#399e9b",
}
OUTCOMES = {"learned": "#1f7fc4", "failed": "#757c86", "diverged": "#d9662b"}
SPLITS = {"train": "#399e9b", "validation": "#8e65ee"}
WITHOUT, WITH = "#7d858f", "#b5790a"
DATA = "#1f7fc4"  # what there is only one of
OTHER = "#d9662b"  # what stands beside it

# Ordered quantities, from little to much.
RAMPS = {
    "dense": ("#8f6a2a", "#e0700f", "#c9667f", "#a637a8"),
    "convolutional": ("#06a295", "#2469a2", "#7f6cf0"),
    "width": ("#8f7d08", "#4b7a46", "#019c9a", "#2572cb"),
    "batch": ("#a68416", "#b94454", "#d05fb7", "#6e4ee1"),
}


@contextmanager
def applied():
    """Draw and save inside this context: matplotlib's defaults and the one style file on top."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.style.use(Path(__file__).with_name("tunebook.mplstyle"))
        yield


def mix(first, second, share):
    """The colour `share` (0 to 1) of the way from one to another, in sRGB."""
    parts = zip(to_rgb(first), to_rgb(second), strict=True)
    return to_hex([a + (b - a) * share for a, b in parts])


def rate_color(learning_rate):
    """The colour of a learning rate, wherever it appears; outside 1e-5 to 0.1 the nearest."""
    place = min(max(log10(learning_rate), min(RATES)), max(RATES))
    below = min(int(place // 1), max(RATES) - 1)
    return mix(RATES[below], RATES[below + 1], round(place - below, 6))


def ramp(name, count):
    """`count` colours from the first to the last of a ramp."""
    colors = RAMPS[name]
    if count <= 1:
        return [colors[-1]] * count
    places = [i * (len(colors) - 1) / (count - 1) for i in range(count)]
    steps = [min(int(place), len(colors) - 2) for place in places]
    return [
        mix(colors[step], colors[step + 1], place - step)
        for step, place in zip(steps, places, strict=True)
    ]
