"""Small made-up problems for the tests of training: configurations and prepared rows."""

import numpy as np

from tunebook.study.parameters import TABLE
from tunebook.tasks import TASKS

SEEDS = [11, 12, 13]
TABLE_BASE = {
    "model": "dense",
    "widths": [8, 8],
    "loss": "mse",
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 16,
    "epochs": 3,
}
IMAGE_BASE = TABLE_BASE | {
    "model": "convolutional",
    "channels": [3, 4],
    "kernel": 3,
    "padding": 1,
    "widths": [],
    "loss": "cross-entropy",
    "batch_size": 20,
}
BASES = {"table": ("regression", TABLE_BASE), "images": ("classification", IMAGE_BASE)}


def configure(problem, **overrides):
    """The resolved configuration of `table` (regression) or `images` (classification)."""
    task, base = BASES[problem]
    settings = {"problem": problem, "task": task, "metric": TASKS[task].metric, "seed": 0}
    settings |= base | overrides
    for parameter in TABLE:
        default = parameter.default_in(settings)
        if parameter.used(settings) and not parameter.derived and default is not None:
            settings.setdefault(parameter.name, default)
    return settings


def table_record(names=("area", "age", "rooms", "floor"), **more):
    features = [{"name": name, "unit": "", "type": "number"} for name in names]
    record = {"target": "price", "unit": "$", "classes": None, "shape": None, "range": None}
    return record | {"features": features} | more


def image_record(shape=(1, 16, 16), classes=10):
    names = [f"pixel-{i}" for i in range(int(np.prod(shape)))]
    labels = [str(i) for i in range(classes)]
    return table_record(names, target="label", unit="", classes=labels) | {
        "shape": list(shape),
        "range": [-1, 1],
    }


def splits(x, y, rows, held_out=10):
    """Arrays as prepared: the first `rows` to train on, then as many to validate and to test."""
    ends = {"train": (0, rows), "validation": (rows, rows + held_out), "test": (rows, None)}
    return {
        f"{split}_{name}": values[slice(*end)]
        for split, end in ends.items()
        for name, values in (("x", x), ("y", y))
    }


def table(count=3, rows=40):
    """Replicates of a regression on four features, as `data.prepare.load` gives them."""
    random = np.random.default_rng(0)
    replicates = []
    for _ in range(count):
        x = random.uniform(0, 100, (rows + 10, 4))
        y = x @ [3, 1, 2, 0.5] * 1000 + random.normal(0, 500, rows + 10)
        replicates.append((splits(x, y, rows), table_record()))
    return replicates


def images(count=3, rows=50, shape=(1, 16, 16), classes=10):
    """Replicates of images, each class with a bright pixel of its own."""
    random = np.random.default_rng(1)
    record = image_record(shape, classes)
    replicates = []
    for _ in range(count):
        y = random.integers(0, classes, rows + 10)
        x = random.uniform(-1, 1, (rows + 10, len(record["features"]))).astype(np.float32)
        x[np.arange(rows + 10), y * 20 % x.shape[1]] = 3
        replicates.append((splits(x, y, rows), record))
    return replicates


def replicates(problem, count=3):
    return table(count) if problem == "table" else images(count)
