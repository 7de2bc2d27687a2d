"""The kinds of networks that are measured, on made-up data of the real shapes."""

from dataclasses import dataclass, field

import numpy as np

from tunebook.study import resolve

# Training and validation rows of one replicate, and features of a row.
SHAPES = {"houses": (876, 292, 4), "digits": (5833, 1458, 256)}
QUICK_SHAPES = {"houses": (60, 20, 4), "digits": (60, 20, 256)}
DENSE = {"model": "dense", "loss": "mse", "learning_rate": 0.001, "batch_size": 100}
SOURCE = {
    "model": "convolutional", "channels": [16, 32, 64], "kernel": 5, "padding": 2, "pooling": 2,
    "loss": "cross-entropy", "learning_rate": 0.01, "batch_size": 1000,
}  # fmt: skip


@dataclass
class Case:
    """One kind of network and batch size; bars are what it has to reach.

    plain: times as fast as the plain loop, at least. limit: times the arithmetic limit, at most.
    share: of the matrix rate, at least.
    """

    name: str
    problem: str
    overrides: dict
    bars: dict = field(default_factory=dict)

    def configuration(self, epochs):
        return resolve(
            self.problem, {"optimizer": "adam", **self.overrides, "epochs": epochs}, 0, "benchmarks"
        )


CASES = [
    Case("dense 5 x 200, batch 100", "houses", DENSE | {"widths": [200] * 5},
         {"plain": 2.8, "limit": 2.0}),
    Case("dense 5 x 100, batch 100", "houses", DENSE | {"widths": [100] * 5}, {"plain": 5}),
    Case("dense 1 x 100, batch 100", "houses", DENSE | {"widths": [100]}, {"plain": 8}),
    Case("dense 5 x 100, batch 10", "houses", DENSE | {"widths": [100] * 5, "batch_size": 10},
         {"plain": 12}),
    Case("the source's CNN, batch 1000", "digits", SOURCE, {"plain": 1.5, "share": 0.75}),
    Case("dense 5 x 200, batch 100, Gaussian loss", "houses",
         DENSE | {"widths": [200] * 5, "loss": "gaussian"}),
    Case("dense 5 x 200, batch 100, dropout 0.2", "houses",
         DENSE | {"widths": [200] * 5, "dropout": 0.2}),
]  # fmt: skip


def replicates(problem, count, quick):
    """Raw development arrays of `count` made-up replicates, as `prepare` leaves them."""
    train_rows, validation_rows, features = (QUICK_SHAPES if quick else SHAPES)[problem]
    random = np.random.default_rng(0)
    made_up = []
    for _ in range(count):
        arrays = {}
        for part, rows in (("train", train_rows), ("validation", validation_rows)):
            if problem == "digits":
                y = random.integers(0, 10, rows)
                x = random.uniform(-1, 1, (rows, features)).astype(np.float32)
                x[np.arange(rows), y * 25] = 1
            else:
                x = random.uniform(0, 100, (rows, features))
                y = x @ np.arange(1, features + 1) * 1000 + random.normal(0, 5000, rows)
            arrays |= {f"{part}_x": x, f"{part}_y": y}
        made_up.append(arrays)
    return made_up
