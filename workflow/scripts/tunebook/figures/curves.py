"""Panels of training curves: one sweep, one curve a run. What several figures are made of."""

import numpy as np
import pandas as pd

from ..statistics import MINIMUM_REPLICATES
from . import layout, marks, style
from .drawn import Panel
from .labels import NAMES, distinct
from .marks import EVERY, curve_of
from .summary import BAND, replicates_text

NOTHING = pd.DataFrame()
LOSS_UNITS = {
    "cross-entropy": "cross-entropy, nats",
    "mse": "MSE",
    "gaussian": "Gaussian negative log-likelihood, nats",
}


def note(*panels_curves, extra=""):
    """The foot of a figure of curves: what line, band and cross are; "" if none is drawn."""
    curves = [curve for curves in panels_curves for curve in curves if len(curve.mean)]
    if not curves:
        return ""
    counts = [curve.replicates for curve in curves]
    text = f"Line: mean over {replicates_text(counts)}"
    text += f"; band: {BAND}." if max(counts) >= MINIMUM_REPLICATES else "."
    if any(curve.diverged for curve in curves):
        text += " ×: a replicate diverged; the line goes on with the others, if there are any."
    return f"{text} {extra}".strip()


def absent(ax, letter, title, sweep):
    """The panel of a sweep that the study does not have."""
    text = f"The study has no sweep “{sweep}”."
    layout.head(ax, letter, title)
    layout.say_missing(ax, text)
    return Panel(NOTHING, f"{title}: {text}")


def valueless(ax, letter, title, curves):
    """The panel of runs without a single finite value."""
    ended = all(curve.replicates and curve.fate == EVERY for curve in curves)
    text = "All runs diverged in their first epoch." if ended else "No run has a finite value."
    layout.head(ax, letter, title)
    layout.say_missing(ax, text)
    return Panel(NOTHING, f"{title}: {text}", tuple(curve.run for curve in curves))


def sweep_curves(tables, sweep, column, name, color, covered):
    """The curves of a sweep in its order: `name(row)` labels them, `color(rows)` gives {run: it}.

    Returns the curves and a remark where there are too many to draw.
    """
    rows = tables.sweep(sweep)
    labels = distinct(rows, name, covered)
    colors = color(rows.drop_duplicates("run"))
    curves = [curve_of(tables, run, column, labels[run], colors[run]) for run in labels]
    return marks.most(curves)


def measure_of(rows, column):
    """What a column of the history measures in these runs, with its unit."""
    if column.endswith("_loss"):
        losses = rows["loss"].dropna().unique()
        kind = LOSS_UNITS.get(losses[0], losses[0]) if len(losses) == 1 else "loss"
        scaled = set(rows["target"].dropna()) <= {"scaled"}
        if kind == "MSE" and set(rows["problem"]) == {"houses"}:
            kind += " in scaled units" if scaled else " in units of the target"
    else:
        metrics = set(rows["metric"])
        kind = "MSE in scaled units" if metrics == {"mse"} else "accuracy"
    part = {"train": "training"}.get(column.split("_")[0], column.split("_")[0])
    return f"{part} loss ({kind})" if column.endswith("_loss") else f"{part} {kind}"


def curves_panel(ax, tables, sweep, letter, title, curves, column, *, remark="", extra=()):
    """One panel of curves. extra: curves of another column (dashed), drawn beside them.

    A dotted line stands at the error of predicting the mean, where the loss is that error.
    """
    if not curves:
        return absent(ax, letter, title, sweep)
    rows = tables.sweep(sweep)
    measure = measure_of(rows, column)
    if not marks.draw_curves(ax, [*extra, *curves], level=constant_level(rows)):
        return valueless(ax, letter, title, curves)
    layout.head(ax, letter, title, measure)
    said = marks.describe_curves(curves, measure)
    frames = pd.concat(
        [curve.frame().assign(measure=column) for curve in curves]
        + [curve.frame().assign(measure=f"validation_{column.split('_')[1]}") for curve in extra]
    )
    runs = tuple(curve.run for curve in curves)
    return Panel(frames, f"{title}. {said} {remark}", runs)


def constant_level(rows):
    """The training error of predicting the mean price and its name; None where it is no loss."""
    same = (rows["loss"] == "mse") & (rows["metric"] == "mse") & (rows["target"] == "scaled")
    value = rows["constant_train_metric"].astype(float).mean()
    return (value, "predict mean") if same.all() and np.isfinite(value) else None


def rate_colors(rows):
    """{run: colour} by learning rate."""
    return {row["run"]: style.rate_color(row["learning_rate"]) for _, row in rows.iterrows()}


def optimizer_colors(rows):
    """{run: colour} by optimizer."""
    return {row["run"]: style.OPTIMIZERS[row["optimizer"]] for _, row in rows.iterrows()}


def ramp_colors(rows, ramp, key):
    """{run: colour} along a ramp by the rank of `key(row)`."""
    keys = {row["run"]: key(row) for _, row in rows.iterrows()}
    values = sorted(set(keys.values()))
    colors = dict(zip(values, style.ramp(ramp, len(values)), strict=True))
    return {run: colors[value] for run, value in keys.items()}


def network_colors(rows):
    """{run: colour} by kind of network and, within a kind, by depth."""
    colors = {}
    for model in ("dense", "convolutional"):
        of_model = rows[rows["model"] == model]
        colors |= ramp_colors(of_model, model, lambda row: row["depth"])
    return colors


def rate_name(row):
    """A learning rate as a label."""
    return marks.number(row["learning_rate"])


def optimizer_name(row):
    """An optimizer as a label."""
    return NAMES[row["optimizer"]]
