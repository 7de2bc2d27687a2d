"""Tables of a few made-up runs, with exactly the numbers that a test of a rule needs."""

import numpy as np
import pandas as pd

from tunebook.claims.evidence import Evidence
from tunebook.claims.selection import StudyRuns
from tunebook.study import columns

SETTINGS = {
    "houses": {
        "problem": "houses", "features": "scaled", "target": "scaled", "model": "dense",
        "widths": [100], "dropout": 0.0, "loss": "mse", "optimizer": "adam", "beta1": 0.9,
        "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0, "learning_rate": 0.01,
        "batch_size": 100, "epochs": 20, "seed": 0,
    },
    "digits": {
        "problem": "digits", "features": "scaled", "model": "convolutional",
        "channels": [16, 32, 64], "kernel": 5, "padding": 2, "pooling": 2, "widths": [],
        "dropout": 0.0, "loss": "cross-entropy", "optimizer": "adam", "beta1": 0.9,
        "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0, "learning_rate": 0.01,
        "batch_size": 1000, "epochs": 20, "seed": 0,
    },
}  # fmt: skip
CURVES = ("train_loss", "train_metric", "validation_loss", "validation_metric")


def run(name, sweep, problem="houses", diverged=(), curves=None, replicates=None, **given):
    """One run: hyper-parameters and columns of runs.csv by name; lists go over replicates.

    diverged: replicates that diverge in epoch 2. curves: {column: [replicates][epochs]}, a steady
    fall where not given.
    """
    settings = {key: given.pop(key, value) for key, value in SETTINGS[problem].items()}
    count = replicates or max([len(v) for v in given.values() if isinstance(v, list)], default=5)
    constant = 0.2 if problem == "digits" else 1.0
    table = pd.DataFrame({"replicate": range(count)}).assign(
        run=name, sweeps=";".join(sweep.split()), **columns(settings),
        train_metric=0.9 if problem == "digits" else 0.1, constant_train_metric=constant,
    )  # fmt: skip
    table["diverged_at"] = [2.0 if r in diverged else np.nan for r in range(count)]
    for column, values in given.items():
        table[column] = values
    epochs = settings["epochs"]
    steady = np.tile(np.linspace(1, 0.1, epochs), (count, 1))
    frames = []
    for replicate in range(count):
        frame = pd.DataFrame({"epoch": range(1, epochs + 1)})
        frame.insert(0, "replicate", replicate)
        frame.insert(0, "run", name)
        for column in CURVES:
            frame[column] = np.asarray((curves or {}).get(column, steady), dtype=float)[replicate]
        if replicate in diverged:
            frame = frame[:2].assign(train_loss=[1.0, np.inf])
        frames.append(frame)
    return table, pd.concat(frames)


def timing(**seconds):
    """timing.csv: seconds an epoch by run, one number a repetition."""
    rows = [
        {"run": name, "repetition": repetition, "seconds_per_epoch": value}
        for name, values in seconds.items()
        for repetition, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["run", "repetition", "seconds_per_epoch"])


def tables(*runs, times=None, core_seconds=(3600.0,)):
    """The tables of some runs, as the arguments that `judge_claims` takes after the claims."""
    runs_table = pd.concat([table for table, _ in runs], ignore_index=True)
    history = pd.concat([frame for _, frame in runs], ignore_index=True)
    cost = pd.DataFrame({"job_seconds": core_seconds, "threads": 1})
    return runs_table, history, timing() if times is None else times, cost


def evidence(*runs, stand_ins=(), **more):
    """(StudyRuns, Evidence) of some runs."""
    made = tables(*runs, **more)
    return StudyRuns.from_tables(made[0], made[2]), Evidence(*made, stand_ins)


def rows(*runs):
    """What `Study.rows()` gives for the same runs, before anything is trained."""
    described = []
    for table, _ in runs:
        first = table.iloc[0].to_dict()
        keep = {key: first[key] for key in first if not key.endswith("metric")}
        described.append(keep | {"sweeps": first["sweeps"].split(";")})
    return described
