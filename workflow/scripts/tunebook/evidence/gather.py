"""The tables of a results folder, from what the jobs left."""

from pathlib import Path

import pandas as pd

from ..data.prepare import load
from ..jobs import read_json, write_csv, write_json, write_parquet
from ..learn.blocks import last_validation, read_record
from . import tables
from .ensembles import ensembles_table


def gather(folder, rows, study, left):
    """Write every table but those about time, baselines and importance into a folder (a Path).

    rows: one dictionary a run: run, problem, sweeps (a list) and its hyper-parameters. study: its
    description. left: lists of paths: metrics, rows, members, predictions and misread of
    evaluations; history of blocks, each beside its record; choices; what searches have found;
    development and test rows of a replicate, one a problem.
    """
    evaluated = [pd.read_csv(path) for path in left.metrics]
    runs = tables.runs_table(rows, evaluated, study)
    write_csv(runs, folder / "runs.csv")

    records = [read_record(Path(path).with_name("training.json")) for path in left.history]
    histories = map(pd.read_csv, left.history)
    blocks = zip(records, histories, strict=True)
    write_parquet(tables.history_table(blocks), folder / "history.parquet")
    write_csv(tables.cost_table(records), folder / "cost.csv")

    searches = [read_json(path) for path in left.searches]
    trained_again = {
        found["sweep"]: again(study["sweeps"][found["sweep"]], left.history, records)
        for found in searches
    }
    write_csv(tables.trials_table(searches, trained_again, study), folder / "trials.csv")

    for name in ("rows", "predictions", "misread"):
        frames = [pd.read_parquet(path) for path in getattr(left, name)]
        write_parquet(tables.joined(frames), folder / f"{name}.parquet")

    prepared, tests = {}, {}
    pairs = zip(left.development, left.test, strict=True)
    for problem, paths in zip(study["problems"], pairs, strict=True):
        (development, record), (test, _) = map(load, paths)
        arrays = development | test
        counts = {split: len(arrays[f"{split}_y"]) for split in ("train", "validation", "test")}
        prepared[problem], tests[problem] = (record, counts), (record, test["test_y"])
    members = tables.joined([pd.read_parquet(path) for path in left.members])
    ensembles = ensembles_table(members, runs, study["problems"], tests)
    write_csv(ensembles, folder / "ensembles.csv")
    choices = {choice.pop("problem"): choice for choice in map(read_json, left.choices)}
    study = study | {"products": tables.distinct(record["products"] for record in records)}
    write_json(folder / "study.json", tables.study_record(study, prepared, choices))


def again(sweep, histories, records):
    """{run: values of the judged metric on validation rows} of a search's finalists, one for each
    replicate that they were trained again with.

    sweep: its description. histories: paths, each beside its record.
    """
    first, count = sweep["search"]["replicates"], sweep["search"]["again"]
    found = {}
    for path, record in zip(histories, records, strict=True):
        if record["run"] in sweep["runs"]:
            pairs = zip(record["replicates"], last_validation(path, record), strict=True)
            some = [value for replicate, value in pairs if first <= replicate < first + count]
            found.setdefault(record["run"], []).extend(some)
    return found
