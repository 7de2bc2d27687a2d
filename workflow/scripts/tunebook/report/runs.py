"""Every run as one thing: its name, its settings, and each measure over its replicates."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..study import COMMON, MODELS, OPTIMIZERS
from . import numbers
from .intervals import mean_intervals

# The hyper-parameters of a run in the order in which they are read, with the words for them.
HYPER_PARAMETERS = {
    "model": "Model",
    "widths": "Dense widths",
    "channels": "Channels",
    "depth": "Hidden layers",
    "width": "Widest layer",
    "kernel": "Kernel",
    "padding": "Padding",
    "pooling": "Pooling",
    "dropout": "Dropout",
    "features": "Features",
    "target": "Target",
    "loss": "Loss",
    "optimizer": "Optimizer",
    "learning_rate": "Learning rate",
    "momentum": "Momentum",
    "beta1": "Beta 1",
    "beta2": "Beta 2",
    "epsilon": "Epsilon",
    "alpha": "Alpha",
    "weight_decay": "Weight decay",
    "batch_size": "Batch size",
    "epochs": "Epochs",
}
DERIVED = {"depth", "width"}  # follow from the widths and channels
LISTS = {"widths", "channels"}

NAMES = {
    "mse": "MSE", "gaussian": "Gaussian", "cross-entropy": "cross-entropy", "sgd": "SGD",
    "sgd-momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop",
}  # fmt: skip

MEASURES = [
    "train_metric", "validation_metric", "test_metric", "gap", "train_loss", "validation_loss",
    "test_loss", "test_rmse_dollars", "test_mae_dollars", "test_metric_at_best",
    "constant_test_metric", "train_seconds",
]  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """A measure over replicates: its mean, its 95 % bootstrap interval, and the values behind it.

    mean, low, high: blank (not a number) where there is none; an interval needs two replicates.
    values: one a replicate, blank where it diverged. n: how many are finite.
    """

    mean: float
    low: float
    high: float
    n: int
    values: tuple = ()


@dataclass
class Run:
    """One configuration with its replicates. settings: its hyper-parameters, without blanks."""

    name: str
    problem: str
    metric: str
    sweeps: list
    settings: dict
    measures: dict
    replicates: list
    diverged: list
    parameters: int | None
    label: str = ""

    @property
    def n(self):
        return len(self.replicates)

    @property
    def network(self):
        return network(self.settings)

    def measure(self, column):
        return self.measures.get(column, Measure(np.nan, np.nan, np.nan, 0))


def gather(table):
    """{name: Run} of a runs.csv, in its order."""
    if table.empty:
        return {}
    groups = {
        name: rows.sort_values("replicate") for name, rows in table.groupby("run", sort=False)
    }
    measured = measure_all(groups)
    runs = {}
    for name, rows in groups.items():
        first = rows.iloc[0]
        diverged = rows.get("diverged_at", pd.Series(dtype=float))
        runs[name] = Run(
            name=name,
            problem=first["problem"],
            metric=first["metric"],
            sweeps=str(first["sweeps"]).split(";"),
            settings=settings(first),
            measures=measured[name],
            replicates=list(rows["replicate"]),
            diverged=[None if pd.isna(at) else int(at) for at in diverged],
            parameters=None if pd.isna(first.get("parameters")) else int(first["parameters"]),
        )
    name_apart(runs)
    return runs


def settings(row):
    """The hyper-parameters of a row of runs.csv as plain values; those without a value left out."""
    found = {}
    for key in HYPER_PARAMETERS:
        value = row.get(key)
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            continue
        if key in LISTS and value == "":
            continue
        if isinstance(value, str) and key == "batch_size":
            value = value.removesuffix(".0")
            value = value if value == "full" else int(value)
        elif hasattr(value, "item"):
            value = value.item()
        if isinstance(value, float) and value == int(value) and abs(value) < 1e9:
            value = int(value)
        found[key] = value
    return found


def measure_all(groups):
    """{run: {column: Measure}}; runs with as many finite values are resampled in one go."""
    alike = {}
    for name, rows in groups.items():
        for column in MEASURES:
            if column in rows:
                values = pd.to_numeric(rows[column]).to_numpy(float)
                count = int(np.isfinite(values).sum())
                problem = rows["problem"].iloc[0]
                alike.setdefault((problem, column, count), []).append((name, values))
    measured = {name: {} for name in groups}
    for (_, column, count), members in alike.items():
        finite = np.stack([values[np.isfinite(values)] for _, values in members], axis=1)
        parts = [np.full(len(members), np.nan)] * 3
        if count:
            parts = mean_intervals(finite, *bounds(column, groups[members[0][0]]))
        for (name, values), *triple in zip(members, *parts, strict=True):
            each = tuple(float(value) for value in values)
            measured[name][column] = Measure(*map(float, triple), count, each)
    return measured


def bounds(column, rows):
    """What the mean of a measure can be: no error or time is below 0, no accuracy above 1."""
    if column == "gap" or column.endswith("_loss"):
        return -np.inf, np.inf
    accuracy = "metric" in column and rows["metric"].iloc[0] == "accuracy"
    return 0.0, 1.0 if accuracy else np.inf


def layers(widths):
    """Dense layers in a few letters: `100-100-100` is `100 × 3`, `100-50` stays as it is."""
    each = str(widths).split("-")
    return f"{each[0]} × {len(each)}" if len(set(each)) == 1 else "-".join(each)


def network(known):
    """The network of a configuration in a few words: `dense 200 × 5`, `convolutional 16-32-64`."""
    dense = f"dense {layers(known['widths'])}" if known.get("widths") else ""
    if known.get("model") == "convolutional":
        text = f"convolutional {known.get('channels', '')}"
        return f"{text} + {dense}" if dense else text
    return dense or "linear"


def describe(known, also=()):
    """A configuration in one line. also: further keys to name, unless at their defaults."""
    parts = [network(known)]
    for key, unusual in (("features", "raw"), ("target", "raw")):
        if known.get(key) == unusual:
            parts.append(f"{unusual} {key}")
    parts.append(NAMES.get(known.get("loss"), str(known.get("loss", ""))))
    optimizer = NAMES.get(known.get("optimizer"), str(known.get("optimizer", "")))
    parts.append(f"{optimizer} {numbers.plain(known.get('learning_rate'))}".strip())
    if "batch_size" in known:
        size = known["batch_size"]
        parts.append("full batch" if size == "full" else f"batch {size}")
    if known.get("dropout"):
        parts.append(f"dropout {numbers.plain(known['dropout'])}")
    parts += [
        f"{HYPER_PARAMETERS[key].lower()} {numbers.plain(known[key])}"
        for key in also
        if key in known and known[key] != default(known, key)
    ]
    return ", ".join(part for part in parts if part)


def default(known, key):
    """What a hyper-parameter of this model and optimizer is when nobody says anything."""
    tables = (
        COMMON,
        MODELS.get(known.get("model"), {}),
        OPTIMIZERS.get(known.get("optimizer"), {}),
    )
    return next((table[key] for table in tables if table.get(key) is not None), None)


def name_apart(runs):
    """Give every run a label that no other run of its problem has."""
    spoken_of = {"model", "widths", "channels", "depth", "width", "features", "target", "loss",
                 "optimizer", "learning_rate", "batch_size", "dropout"}  # fmt: skip
    for problem in {run.problem for run in runs.values()}:
        members = [run for run in runs.values() if run.problem == problem]
        labels = Counter(describe(run.settings) for run in members)
        for run in members:
            run.label = describe(run.settings)
            if labels[run.label] == 1:
                continue
            same = [other for other in members if describe(other.settings) == run.label]
            also = [
                key
                for key in HYPER_PARAMETERS
                if key not in spoken_of and len({other.settings.get(key) for other in same}) > 1
            ]
            run.label = describe(run.settings, also)


def varying(runs):
    """The hyper-parameters that have at least two values among `runs`, in reading order."""
    return [
        key
        for key in HYPER_PARAMETERS
        if len({run.settings[key] for run in runs if key in run.settings}) > 1
    ]
