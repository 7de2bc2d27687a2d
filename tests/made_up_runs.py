"""A results folder of a few made-up runs, with exactly the numbers that a test of a claim needs."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from tunebook.claims import judge_claims, load_claims
from tunebook.evidence.tables import read_results
from tunebook.jobs import write_csv, write_json, write_parquet
from tunebook.study.parameters import columns

PROBLEMS = {
    "prices": {
        "title": "Prices", "task": "regression", "metric": "mse", "dataset": "sales",
        "target": "price", "unit": "$", "classes": None, "shape": None,
        "inputs": [{"name": "area", "unit": "m²", "type": "number"}], "best": None,
    },
    "images": {
        "title": "Images", "task": "classification", "metric": "accuracy", "dataset": "scans",
        "target": "class", "unit": "", "classes": list("abcde"), "shape": [1, 16, 16],
        "inputs": [], "best": None,
    },
}  # fmt: skip
ADAM = {
    "optimizer": "adam", "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
    "weight_decay": 0.0, "epochs": 20,
}  # fmt: skip
SETTINGS = {
    "prices": {
        "model": "dense", "widths": [100], "dropout": 0.0, "scale_inputs": "min-max",
        "scale_target": "range", "loss": "mse", **ADAM, "batch_size": 100,
    },
    "images": {
        "model": "convolutional", "widths": [], "channels": [16, 32, 64], "kernel": 5,
        "padding": 2, "pooling": 2, "dropout": 0.0, "scale_inputs": "min-max",
        "loss": "cross-entropy", **ADAM, "batch_size": 1000,
    },
}  # fmt: skip
ABOUT = ("run", "problem", "sweeps")
JUDGED = {"prices": "mse", "images": "accuracy"}
CURVES = ("train_loss", "train_metric", "validation_loss", "validation_metric")


def run(name, sweeps, problem="prices", diverged=(), curves=None, replicates=None, **given):
    """One run: (its row, its rows of runs.csv, its rows of history.parquet).

    given: hyper-parameters and columns of runs.csv by name; lists of numbers go over replicates.
    diverged: replicates that diverge in epoch 2. curves: {column: [replicates][epochs]}, a steady
    fall where not given.
    """
    settings = {key: given.pop(key, value) for key, value in SETTINGS[problem].items()}
    settings |= {key: given.pop(key) for key in ("model", "skip", "units") if key in given}
    settings["depth"] = len(settings["widths"]) + len(settings.get("channels", []))
    settings["convolutions"] = len(settings.get("channels", []))
    if settings["widths"]:
        settings["width"] = max(settings["widths"])
    row = {"run": name, "problem": problem, "sweeps": sweeps.split(), **settings}
    values = {"train_metric": 0.9, "constant_train_metric": 0.2}
    values = values if problem == "images" else {"train_metric": 0.1, "constant_train_metric": 1.0}
    values |= given
    count = replicates or max([len(v) for v in values.values() if isinstance(v, list)], default=5)
    table = pd.DataFrame({"replicate": range(count)}).assign(
        run=name, problem=problem, sweeps=";".join(row["sweeps"]), parameters=1,
        diverged_at=[2 if r in diverged else np.nan for r in range(count)],
    )  # fmt: skip
    for key, value in settings.items():
        table[key] = "-".join(map(str, value)) if isinstance(value, list) else value
    for key, value in values.items():
        table[key.replace("_metric", f"_{JUDGED[problem]}")] = value
    epochs = settings["epochs"]
    steady = np.tile(np.linspace(1, 0.1, epochs), (count, 1))
    frames = []
    for replicate in range(count):
        frame = pd.DataFrame({"run": name, "replicate": replicate, "epoch": range(1, epochs + 1)})
        for column in CURVES:
            frame[column] = np.asarray((curves or {}).get(column, steady), dtype=float)[replicate]
        if replicate in diverged:
            frame = frame[:2].assign(train_loss=[1.0, np.inf])
        frames.append(frame)
    return row, table, pd.concat(frames)


def described(*runs, best=None, **more):
    """The study of some runs as in study.json; best: {problem: name of its best run}."""
    problems = {
        name: about | {"best": {"run": best[name]} if name in (best or {}) else None}
        for name, about in PROBLEMS.items()
    }
    sweeps = {}
    for row, _, _ in runs:
        for name in row["sweeps"]:
            sweep = {"problem": row["problem"], "runs": [], "grid": False, "axes": []}
            sweeps.setdefault(name, sweep)["runs"].append(row["run"])
    names = columns({key: row[key] for key in row if key not in ABOUT} for row, _, _ in runs)
    about = {"title": "Made up", "source": "", "results": "results", "parameters": names}
    return about | {"problems": problems, "sweeps": sweeps} | more


def results(*runs, times=None, core_seconds=(3600.0,), stand_ins=(), best=None):
    """The Results of some runs; times: {run: seconds an epoch, one a repetition}."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_csv(pd.concat([table for _, table, _ in runs]), folder / "runs.csv")
        write_parquet(pd.concat([curve for _, _, curve in runs]), folder / "history.parquet")
        timing = [(name, i, s) for name, each in (times or {}).items() for i, s in enumerate(each)]
        timing = pd.DataFrame(timing, columns=["run", "repetition", "seconds_per_epoch"])
        write_csv(timing, folder / "timing.csv")
        cost = pd.DataFrame({"job_seconds": core_seconds}).assign(threads=1, run="", first=0)
        write_csv(cost, folder / "cost.csv")
        write_json(folder / "study.json", described(*runs, best=best))
        paths = [folder / f"{name}.json" for name in stand_ins]
        for path in paths:
            dataset = PROBLEMS[path.stem]["dataset"]
            write_json(path, {"dataset": dataset, "kind": "sample"})
        return read_results(folder, paths)


def claims(*entries, **more):
    """The Claims of some entries, as read from a file; each gets what it lacks."""
    bare = {"id": "one", "title": "It is so", "claim": "It is so."}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "claims.yaml")
        write_json(path, {"claims": [bare | entry for entry in entries], **more})
        return load_claims(path)


def judged(entry, *runs, **more):
    """The entry of claims.json of one claim about some runs."""
    [found] = judge_claims(claims(entry), results(*runs, **more))
    return found


def judge(rule, *runs, source=None, **more):
    """(verdict, pieces) of one rule on some runs; source: {name: value}."""
    source = {name: {"value": value} for name, value in (source or {}).items()}
    found = judged({"rule": rule, "source": source}, *runs, **more)
    return found["verdict"], found["pieces"]


def of(sweep, **where):
    """A selection of runs."""
    return {"sweep": sweep, "where": where} if where else {"sweep": sweep}
