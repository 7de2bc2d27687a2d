"""How learning rate and optimizer act on training: Figure 2, rates, optimizers-depth."""

import numpy as np
import pandas as pd

from . import layout, marks, points
from .curves import (
    curves_panel,
    note,
    optimizer_colors,
    optimizer_name,
    rate_colors,
    rate_name,
    sweep_curves,
)
from .drawn import Panel, together
from .labels import distinct, network, number, spoken
from .marks import curve_of

SPLITS = "c: solid training, dashed validation."
RATE_SWEEPS = (
    ("rates-shallow", "Houses, shallow network"),
    ("rates-deep", "Houses, deep network"),
    ("rates-convolutional", "Digits, convolutions"),
)


def figure_2(tables):
    """Learning rates on three networks, and optimizers."""
    found = [
        sweep_curves(tables, sweep, "train_loss", rate_name, rate_colors, {"learning_rate"})
        for sweep, _ in RATE_SWEEPS
    ]
    found.append(
        sweep_curves(
            tables, "optimizers", "train_loss", optimizer_name, optimizer_colors,
            {"optimizer", "momentum", "beta1", "beta2", "epsilon", "alpha", "weight_decay"},
        )
    )  # fmt: skip
    validation = [
        curve_of(tables, curve.run, "validation_loss", curve.label, curve.color, "accompanies")
        for curve in found[2][0]
    ]
    titles = [titled(tables, sweep, title) for sweep, title in RATE_SWEEPS]
    titles.append(optimizers_title(tables))
    sweeps = [sweep for sweep, _ in RATE_SWEEPS] + ["optimizers"]
    foot = note(*(curves for curves, _ in found), extra=SPLITS if validation else "")
    figure, axes = layout.panels(2, 2, height=2.0, right=(0.86, 1.14), foot=foot)
    parts = [
        curves_panel(ax, tables, sweep, letter, title, curves, "train_loss", remark=remark,
                     extra=validation if letter == "c" else ())
        for ax, sweep, letter, title, (curves, remark) in zip(
            axes, sweeps, "abcd", titles, found, strict=True
        )
    ]  # fmt: skip
    if validation and len(parts[2].data):
        parts[2] = with_validation(parts[2], validation)
    return together(figure, "Training over learning rates and optimizers", parts, foot)


def titled(tables, sweep, fallback):
    """`Houses, 1 dense layer: learning rate`, from what the sweep really contains."""
    rows = tables.sweep(sweep)
    networks = rows.apply(network, axis=1).unique() if len(rows) else []
    problem = rows["problem"].iloc[0].capitalize() if len(rows) else ""
    start = f"{problem}, {networks[0]}" if len(networks) == 1 else fallback
    return f"{start}: learning rate"


def optimizers_title(tables):
    """What the optimizers are compared at."""
    rates = tables.sweep("optimizers")["learning_rate"].unique()
    return "Houses: optimizer" + (f" at rate {number(rates[0])}" if len(rates) == 1 else "")


def with_validation(panel, validation):
    """The panel with the validation curves said as well."""
    rises = [
        f"{curve.label}: {number(np.nanmin(curve.mean))} at best, {number(curve.mean[-1])} at last"
        for curve in validation
        if len(curve.mean)
    ]
    return Panel(panel.data, f"{panel.sentence} Validation loss: {'; '.join(rises)}.", panel.runs)


def rates(tables):
    """Final validation error over the learning rate, for the three networks."""
    rows = pd.concat([tables.sweep(sweep) for sweep, _ in RATE_SWEEPS])
    foot = points.note(rows)
    foot += foot and " Dotted, where in sight: predicting the mean price, or the commonest digit."
    figure, axes = layout.panels(3, height=2.0, right=0.1, left=0.5, foot=foot)
    parts = [
        rates_panel(ax, tables, sweep, letter, fallback)
        for ax, (sweep, fallback), letter in zip(axes, RATE_SWEEPS, "abc", strict=True)
    ]
    return together(figure, "Final validation error over the learning rate", parts, foot)


def rates_panel(ax, tables, sweep, letter, fallback):
    """One dot per run of a sweep, from the lowest learning rate to the highest."""
    rows = tables.sweep(sweep).sort_values("learning_rate", kind="stable")
    title = titled(tables, sweep, fallback).removesuffix(": learning rate")
    errors = points.error_of(rows, "validation_metric")
    colors = rate_colors(rows.drop_duplicates("run"))
    labels = distinct(rows, rate_name, {"learning_rate"})
    data = points.one_each(ax, rows, errors, labels, colors)
    if data.empty:
        return points.missing(ax, letter, title, sweep, rows)
    ax.set_xlabel("learning rate", labelpad=2)
    constant = points.error_of(rows, "constant_validation_metric").mean()
    low, high = ax.get_ylim()
    if low < constant < high:
        marks.reference(ax, constant)
    measure = points.error_unit(rows, "validation")
    layout.head(ax, letter, title, measure)
    return Panel(
        data,
        f"{title}. Mean final {measure} by learning rate: {points.placed(data)}.",
        tuple(data["run"]),
    )


def optimizers_depth(tables):
    """SGD and Adam at each depth and learning rate of their sweep."""
    rows = tables.sweep("optimizers-depth")
    depths = sorted(rows["depth"].dropna().unique())
    found = [depth_curves(tables, rows[rows["depth"] == depth]) for depth in depths]
    foot = note(*found)
    figure, axes = layout.panels(max(len(depths), 1), height=2.2, right=1.12, foot=foot)
    title = "SGD and Adam at different depths"
    if not depths:
        name = "Houses: optimizers over depth"
        part = curves_panel(axes[0], tables, "optimizers-depth", "a", name, [], "train_loss")
        return together(figure, title, [part])
    parts = [
        curves_panel(ax, tables, "optimizers-depth", letter, f"Houses: {depth:.0f} dense layers",
                     curves, "train_loss")
        for ax, letter, depth, curves in zip(axes, "abcdefgh", depths, found, strict=False)
    ]  # fmt: skip
    optimizers = spoken(sorted({optimizer_name(row) for _, row in rows.iterrows()}))
    return together(figure, f"{optimizers} at different depths", parts, foot)


def depth_curves(tables, rows):
    """The curves of one depth: colour by optimizer, dashed at all but the highest rate."""
    labels = distinct(
        rows, lambda row: f"{optimizer_name(row)}, {number(row['learning_rate'])}",
        {"optimizer", "learning_rate", "beta1", "beta2", "epsilon"},
    )  # fmt: skip
    colors = optimizer_colors(rows.drop_duplicates("run"))
    rates = dict(zip(rows["run"], rows["learning_rate"], strict=True))
    curves = [
        curve_of(tables, run, "train_loss", labels[run], colors[run],
                 "solid" if rates[run] == max(rates.values()) else "dashed")
        for run in labels
    ]  # fmt: skip
    return marks.most(curves)[0]
