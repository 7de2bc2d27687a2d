"""Cross-entropy against MSE on digits, MSE against the Gaussian loss on houses."""

import pandas as pd

from . import layout, marks, points, style
from .curves import note, sweep_curves
from .drawn import Panel, together
from .labels import NAMES, distinct, number
from .marks import Curve


def loss_colors(rows):
    """{run: colour} by loss."""
    return {row["run"]: style.LOSSES[row["loss"]] for _, row in rows.iterrows()}


def loss_name(row):
    """A loss as a label."""
    return NAMES[row["loss"]]


def losses(tables):
    """Both comparisons by an error that does not depend on the loss."""
    curves, remark = sweep_curves(
        tables, "losses-digits", "validation_metric", loss_name, loss_colors, {"loss"}
    )
    wrong = [
        Curve(curve.label, curve.run, 100 * (1 - curve.values), curve.color, "solid",
              curve.diverged)
        for curve in curves
    ]  # fmt: skip
    rows = tables.sweep("losses-houses")
    both = pd.concat([tables.sweep("losses-digits"), rows])
    foot = f"{note(wrong)} {points.note(both, 'b and c: after the last epoch.')}".strip()
    figure, axes = layout.panels(
        3, height=2.2, right=(0.95, 0.1, 0.68), left=(0.4, 0.5, 0.5), widths=(1.25, 0.8, 1.2),
        foot=foot,
    )  # fmt: skip
    parts = [
        digits_curves(axes[0], tables, wrong, remark),
        digits_test(axes[1], tables.sweep("losses-digits")),
        houses_panel(axes[2], rows),
    ]
    return together(figure, "Losses on digits and on houses", parts, foot)


def digits_curves(ax, tables, curves, remark):
    """Validation error of the digit classifiers over the epochs."""
    title = "Digits: validation"
    rows = tables.sweep("losses-digits")
    if not marks.draw_curves(ax, curves):
        return points.missing(ax, "a", title, "losses-digits", rows)
    measure = "validation error (%)"
    layout.head(ax, "a", title, measure)
    frames = [curve.frame() for curve in curves]
    sentence = f"{title}. {marks.describe_curves(curves, measure)} {remark}"
    data = pd.concat(frames).assign(measure=measure)
    return Panel(data, sentence, tuple(curve.run for curve in curves))


def digits_test(ax, rows):
    """Test error of the digit classifiers after the last epoch."""
    title = "Digits: test"
    labels = distinct(rows, loss_name, {"loss"})
    colors = loss_colors(rows.drop_duplicates("run"))
    data = points.one_each(ax, rows, points.error_of(rows, "test_metric"), labels, colors)
    if data.empty:
        return points.missing(ax, "b", title, "losses-digits", rows)
    measure = points.error_unit(rows, "test")
    layout.head(ax, "b", title, measure)
    return Panel(data.assign(measure=measure), f"{title}. Mean {measure}: {points.listed(data)}.",
                 tuple(data["run"]))  # fmt: skip


def houses_panel(ax, rows):
    """Test error of the price networks over the learning rate, a series for each loss."""
    title = "Houses: test"
    if rows.empty:
        return points.missing(ax, "c", title, "losses-houses", rows)
    data = points.grouped(
        ax, rows, points.error_of(rows, "test_metric"), across="learning_rate", group="loss",
        across_text=number, group_text=NAMES.get, colors=style.LOSSES.get,
    )  # fmt: skip
    if data.empty:
        return points.missing(ax, "c", title, "losses-houses", rows)
    ax.set_xlabel("learning rate", labelpad=2)
    measure = points.error_unit(rows, "test")
    layout.head(ax, "c", title, measure)
    sentence = f"{title}. Mean {measure} over the learning rate: {points.said(data)}."
    return Panel(data.assign(measure=measure), sentence, tuple(data["run"]))
