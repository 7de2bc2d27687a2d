"""Made-up problems, configurations, rows, runs and results, as much of each as a test asks for."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from tunebook.claims import judge_claims, load_claims
from tunebook.evidence import tables
from tunebook.jobs import write_csv, write_json, write_parquet
from tunebook.study.parameters import PARAMETERS, TABLE, columns
from tunebook.study.runs import Run
from tunebook.tasks import column

PROBLEMS = {
    "prices": {"title": "Prices", "task": "regression", "metric": "mse", "dataset": "sales"},
    "images": {"title": "Images", "task": "classification", "metric": "accuracy",
               "dataset": "scans"},
}  # fmt: skip
TRAINING = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 3}
BASES = {
    "prices": TRAINING | {"model": "dense", "widths": [8, 8], "loss": "mse", "batch_size": 16},
    "images": TRAINING | {
        "model": "convolutional", "channels": [3, 4], "kernel": 3, "padding": 1, "widths": [],
        "loss": "cross-entropy", "batch_size": 20,
    },
}  # fmt: skip
LAYERED = ("widths", "channels", "kernel", "padding", "pooling")


def configure(problem, **overrides):
    """The resolved configuration of `prices` (a table) or `images`, small enough to train."""
    about = {key: PROBLEMS[problem][key] for key in ("task", "metric")}
    found = {"problem": problem, **about, "seed": 0, **BASES[problem], **overrides}
    if found["model"] == "module":
        found = {key: value for key, value in found.items() if key not in LAYERED}
    data = {"data": "images" if problem == "images" else "table"}
    for parameter in TABLE:
        default = parameter.default_in(found)
        if parameter.used(found | data) and not parameter.derived and default is not None:
            found.setdefault(parameter.name, default)
    return found


# Prepared rows, as `data.prepare.load` gives them: pairs of arrays and their record.

SEEDS = [11, 12, 13]


def table_record(names=("area", "age", "rooms", "floor"), **more):
    features = [{"name": name, "unit": "m²", "type": "number"} for name in names]
    record = {"target": "price", "unit": "$", "target_range": 100_000.0, "classes": None}
    return record | {"shape": None, "range": None, "features": features} | more


def image_record(shape=(1, 16, 16), classes="0123456789"):
    names = [f"pixel-{i}" for i in range(int(np.prod(shape)))]
    images = {"classes": list(classes), "shape": list(shape), "range": [-1, 1]}
    return table_record(names, target="label", unit="", target_range=None, **images)


def splits(x, y, train, validation=10):
    """The first rows to train on, those after them to validate and the rest to test."""
    parts = [np.split(values, [train, train + validation]) for values in (x, y)]
    names = [f"{split}_{name}" for name in "xy" for split in ("train", "validation", "test")]
    return dict(zip(names, [*parts[0], *parts[1]], strict=True))


def table(count=3, rows=40):
    """Replicates of prices that follow from four features, but for some noise."""
    random, replicates = np.random.default_rng(0), []
    for _ in range(count):
        x = random.uniform(0, 100, (rows + 10, 4))
        y = x @ [3, 1, 2, 0.5] * 1000 + random.normal(0, 500, rows + 10)
        replicates.append((splits(x, y, rows), table_record()))
    return replicates


def images(count=3, rows=50, shape=(1, 16, 16), classes="0123456789"):
    """Replicates of images, each class with a bright pixel of its own."""
    random, replicates = np.random.default_rng(1), []
    record = image_record(shape, classes)
    for _ in range(count):
        y = random.integers(0, len(classes), rows + 10)
        x = random.uniform(-1, 1, (rows + 10, len(record["features"]))).astype(np.float32)
        x[np.arange(rows + 10), y * 20 % x.shape[1]] = 3
        replicates.append((splits(x, y, rows), record))
    return replicates


def replicates(problem, count=3):
    return table(count) if problem == "prices" else images(count)


# Runs with exactly the numbers that a test needs, without any training.

RECORDS = {"prices": table_record(["area"]), "images": image_record(classes="abcde")}
SHOWN = {
    "prices": {"widths": [100], "batch_size": 100, "epochs": 20},
    "images": {"channels": [16, 32, 64], "kernel": 5, "padding": 2, "batch_size": 1000,
               "epochs": 20},
}  # fmt: skip
# Arguments that networks of the study's own have in tests.
ARGUMENTS = {"skip", "units", "size", "note"}
CURVES = ("train_loss", "train_metric", "validation_loss", "validation_metric")
CONSTANTS = {
    "seed": 0, "parameters": 1, "batch_rows": 60, "train_seconds": 2.0, "seconds_per_epoch": 0.5,
}  # fmt: skip


def run(name, sweeps, problem="prices", diverged=(), curves=None, replicates=None, **given):
    """One run: (its row, what `evaluate` writes of it, its history).

    given: hyper-parameters and measures by name; lists of numbers go over replicates. `_metric`
    stands for the metric that judges. diverged: replicates that diverge in epoch 2.
    curves: {column: [replicates][epochs]}, a steady fall where not given.
    """
    known = {key: given.pop(key) for key in [*given] if key in PARAMETERS or key in ARGUMENTS}
    shown = Run(name, configure(problem, **SHOWN[problem] | known), block=5).settings
    shown = {key: "-".join(map(str, v)) if type(v) is list else v for key, v in shown.items()}
    row = {"run": name, "problem": problem, "sweeps": sweeps.split(), **shown}
    ends = (0.1, 1.0) if problem == "prices" else (0.9, 0.2)
    values = CONSTANTS | dict(zip(("train_metric", "constant_train_metric"), ends, strict=True))
    values |= given
    count = replicates or max([len(v) for v in values.values() if isinstance(v, list)], default=5)
    epochs = row["epochs"]
    steady, frames = np.tile(np.linspace(1, 0.1, epochs), (count, 1)), []
    for replicate in range(count):
        frame = pd.DataFrame({"replicate": replicate, "epoch": range(1, epochs + 1)})
        for name_ in CURVES:
            frame[name_] = np.asarray((curves or {}).get(name_, steady), dtype=float)[replicate]
        if replicate in diverged:
            frame = frame[:2].assign(train_loss=[frame["train_loss"][0], np.inf])
        frames.append(frame)
    evaluated = pd.DataFrame({"run": name, "replicate": range(count)} | values).assign(
        epochs_run=[len(frame) for frame in frames],
        diverged_at=[2 if replicate in diverged else np.nan for replicate in range(count)],
    )
    return row, evaluated, pd.concat(frames)


def described(*runs, metrics=None, **more):
    """The description of a study of some runs; metrics: {problem: what judges it}."""
    sweeps = {}
    for row, _, _ in runs:
        for name in row["sweeps"]:
            sweep = {"problem": row["problem"], "runs": [], "grid": False, "axes": []}
            sweeps.setdefault(name, sweep)["runs"].append(row["run"])
    problems = {
        name: about | {"metric": (metrics or {}).get(name, about["metric"])}
        for name, about in PROBLEMS.items()
    }
    names = columns({key: row[key] for key in row if key not in tables.KEYS} for row, _, _ in runs)
    about = {"title": "Made up", "source": "", "results": "results", "parameters": names}
    about |= {"level": 0.05}
    study = about | {"problems": problems, "sweeps": sweeps} | more
    rows = {"train": 60, "validation": 20, "test": 20}
    return tables.study_record(study, {name: (RECORDS[name], rows) for name in PROBLEMS}, {})


def write_results(
    folder, *runs, times=None, core_seconds=(3600.0,), best=None, metrics=None, searches=None
):
    """Write a results folder as `gather` does.

    times: {run: seconds an epoch, one a repetition}. best: {problem: name of its best run}.
    searches: {sweep: (what is asked for, as `SEARCH`, and its trials, as `trials` makes them)}.
    """
    study = described(*runs, metrics=metrics)
    if searches:
        asked, made = zip(*searches.values(), strict=True)
        for sweep, search in zip(searches, asked, strict=True):
            study["sweeps"][sweep] |= {"search": search, "axes": [*search["space"]]}
        write_csv(pd.concat(made, ignore_index=True), folder / "trials.csv")
    for problem, name in (best or {}).items():
        study["problems"][problem]["best"] = {"run": name}
    rows, evaluated, histories = zip(*runs, strict=True)
    judged = [column(study["problems"][row["problem"]]["metric"]) for row in rows]
    evaluated = [  # in no order, as blocks may come
        frame[::-1].rename(columns=lambda name, to=judged: name.replace("_metric", f"_{to}"))
        for frame, judged in zip(evaluated, judged, strict=True)
    ]
    write_csv(tables.runs_table(rows, evaluated, study), folder / "runs.csv")
    history = tables.history_table(zip(rows, histories, strict=True))
    write_parquet(history, folder / "history.parquet")
    timing = [
        (name, i, s, s / 1000) for name, each in (times or {}).items() for i, s in enumerate(each)
    ]
    columns = ["run", "repetition", "seconds_per_epoch", "seconds_per_prediction"]
    timing = pd.DataFrame(timing, columns=columns)
    write_csv(timing, folder / "timing.csv")
    job = {"run": "", "replicates": [0], "started": 0.0, "train_seconds": 1.0, "threads": 1}
    jobs = [job | {"finished": seconds} for seconds in core_seconds]
    write_csv(tables.cost_table(jobs), folder / "cost.csv")
    write_json(folder / "study.json", study)


def results(*runs, stand_ins=(), **more):
    """The Results of some runs; stand_ins: problems whose data are made up, and see above."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_results(folder, *runs, **more)
        paths = [folder / f"{name}.json" for name in stand_ins]
        for path in paths:
            dataset = PROBLEMS[path.stem]["dataset"]
            write_json(path, {"dataset": dataset, "kind": "sample"})
        return tables.read_results(folder, paths)


# A search, without any training: its trials, of which the best are trained again.

SEARCH = {
    "space": {
        "optimizer": {"choice": ["adam", "sgd-momentum"]},
        "momentum": {"from": 0.5, "to": 0.99, "when": {"optimizer": "sgd-momentum"}},
        "learning_rate": {"from": 1e-4, "to": 1e-1, "log": True},
        "widths": {"choice": [[16], [64], [64, 64], [128, 64, 32]]},
        "batch_size": {"choice": ["16", "64", "full"]},
        "dropout": {"from": 0.0, "to": 0.5},
    },
    "sampler": "tpe", "trials": 40, "generation": 8, "replicates": 2, "halving": None,
    "finalists": 3, "again": 5,
}  # fmt: skip


def trials(sweep, finalists, again, asked=SEARCH, better="lower", seed=0):
    """The trials of a search, as trials.csv has them: the later, the nearer to the best rate.

    finalists: names of the runs that the best trials are; again: the mean that each has later.
    """
    random, rows, space = np.random.default_rng(seed), [], asked["space"]
    for trial in range(asked["trials"]):
        late, point = trial / asked["trials"], {}
        for name, about in space.items():
            if "choice" in about:
                value = about["choice"][random.integers(len(about["choice"]))]
                point[name] = "-".join(map(str, value)) if isinstance(value, list) else value
            elif point.get("optimizer") in (about.get("when", point)).get(
                "optimizer", point.values()
            ):
                low, high = about["from"], about["to"]
                share = random.normal(0.6, 0.45 - 0.35 * late) % 1
                point[name] = low * (high / low) ** share if low else share * high
        error = 0.05 + 0.2 * abs(np.log10(point.get("learning_rate", 0.01)) + 2)
        error *= random.lognormal(0, 0.3)
        state = ("finished", "finished", "halved away", "finished", "finished", "diverged")[
            trial % 6
        ]
        value = np.nan if state == "diverged" else error * (2 if state == "halved away" else 1)
        value = 1 - value if better == "higher" else value
        seconds = 30.0 * (1 + trial % 3)
        rows.append({"search": sweep, "trial": trial, "generation": trial // asked["generation"]}
                    | {"run": f"{sweep}-trial-{trial}", "state": state, "value": value}
                    | {"epochs_trained": 5 if state == "halved away" else 20, "seconds": seconds}
                    | point)  # fmt: skip
    frame, side = pd.DataFrame(rows), 1 if better == "lower" else -1
    frame["core_seconds"] = frame["seconds"].cumsum()
    so_far = (side * frame["value"].where(frame["state"] == "finished")).cummin().ffill()
    frame["best"] = side * so_far
    done = frame[frame["state"] == "finished"]
    best = done.index[np.argsort(side * done["value"])][: len(finalists)]
    frame.loc[best, "run"], frame.loc[best, "again"] = finalists, again
    return frame.assign(again_replicates=np.where(frame["again"].notna(), asked["again"], np.nan))


# Claims about such runs.


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
    """(verdict, pieces) of one rule on some runs; source: {name: value, or with its unit}."""
    given = {
        name: value if isinstance(value, dict) else {"value": value}
        for name, value in (source or {}).items()
    }
    found = judged({"rule": rule, "source": given}, *runs, **more)
    return found["verdict"], found["pieces"]


def of(sweep, **where):
    """A selection of runs."""
    return {"sweep": sweep, "where": where} if where else {"sweep": sweep}
