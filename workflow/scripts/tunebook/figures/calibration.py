"""Whether Gaussian networks know how wrong they are, over depth and learning rate."""

import pandas as pd

from . import layout, marks, points, style
from .drawn import Panel, together
from .labels import number, spoken

SPOKEN = {
    "coverage_50": "50 % interval:", "coverage_90": "90 % interval:", "variance_spread": "",
    "rank_variance_GrLivArea": "",
}  # fmt: skip
CALIBRATION = (
    ("coverage", "Coverage of intervals", "share of test prices inside (%)"),
    ("variance_spread", "Spread of the deviation", "95th over 5th percentile"),
    ("rank_variance_GrLivArea", "Variance and living area", "rank correlation"),
)


def calibration(tables):
    """Coverage of the 50 % and 90 % intervals, spread and rank correlation over depth."""
    rows = tables.sweep("gaussian-depth")
    foot = points.note(rows, "Test houses, after the last epoch.")
    foot += foot and " a: dotted lines are the nominal 50 % and 90 %; open dots: the 50 % interval."
    figure, axes = layout.panels(
        3, height=2.3, right=(0.1, 0.1, 0.72), left=(0.4, 0.4, 0.4), widths=(1.2, 1, 1.25),
        foot=foot,
    )  # fmt: skip
    parts = [
        calibration_panel(ax, rows, letter, *wanted)
        for ax, letter, wanted in zip(axes, "abc", CALIBRATION, strict=True)
    ]
    return together(figure, "Calibration of Gaussian networks over depth", parts, foot)


def calibration_panel(ax, rows, letter, column, title, unit):
    """One measure over depth, a series for each learning rate."""
    columns = ["coverage_90", "coverage_50"] if column == "coverage" else [column]
    factor = 100 if column == "coverage" else 1
    frames = []
    for one in columns if len(rows) else ():
        data = points.grouped(
            ax, rows, factor * rows[one].astype(float), across="depth", group="learning_rate",
            across_text=lambda depth: f"{depth:.0f}", group_text=rate_text, colors=style.rate_color,
            labelled=letter == "c", zero=column == "coverage", hollow=one == "coverage_50",
        )  # fmt: skip
        if len(data):
            frames.append(data.assign(measure=one))
    if not frames:
        return points.missing(ax, letter, title, "gaussian-depth", rows)
    ax.set_xlabel("hidden layers", labelpad=2)
    layout.head(ax, letter, title, unit)
    if column == "coverage":
        nominal(ax)
    elif column.startswith("rank"):
        ax.axhline(0, color=style.MUTED, lw=0.9, zorder=1)
    data = pd.concat(frames)
    said = spoken(
        [f"{SPOKEN[one]} {points.said(part)}".strip() for one, part in data.groupby("measure")]
    )
    return Panel(data, f"{title} ({unit}): {said}.", tuple(data["run"].unique()))


def rate_text(rate):
    """A learning rate as a label."""
    return f"rate {number(rate)}"


def nominal(ax):
    """The shares that calibrated intervals would hold."""
    ax.set_ylim(0, 104)
    ax.set_yticks([0, 25, 50, 75, 100])
    for share in (50, 90):
        marks.reference(ax, share)
