"""The tables that everything after training reads: runs.csv, history.parquet and their kin."""

from pathlib import Path

import numpy as np
import pandas as pd

from .blocks import read_record
from .jobs import TunebookError, written

HYPER_PARAMETERS = [
    "features", "target", "model", "widths", "channels", "depth", "width", "convolutions",
    "kernel", "padding", "pooling", "dropout", "loss", "optimizer", "learning_rate", "momentum",
    "beta1", "beta2", "epsilon", "alpha", "weight_decay", "batch_size", "epochs",
]  # fmt: skip
TIMES = ["train_seconds", "seconds_per_epoch"]
WHOLE = ["depth", "width", "convolutions", "kernel", "padding", "pooling", "batch_rows", "epochs",
         "epochs_run", "diverged_at", "best_epoch", "parameters"]  # fmt: skip


def block_columns(record, rows):
    """What a block's record says of each of its replicates, as columns of runs.csv.

    record: see `blocks`. rows: training rows of a replicate.
    """
    size = record["configuration"]["batch_size"]
    count = len(record["replicates"])
    for slot, replicate in enumerate(record["replicates"]):
        diverged_at = record["diverged_at"][slot] or None
        ran = diverged_at or record["configuration"]["epochs"]
        yield {
            "run": record["run"],
            "replicate": replicate,
            "seed": record["seeds"][slot],
            "batch_rows": rows if size == "full" else min(size, rows),
            "epochs_run": ran,
            "diverged_at": diverged_at,
            "best_epoch": record["best_epoch"][slot] or None,
            "parameters": record["parameters"],
            # Replicates of a block are trained together: each is given its share.
            "train_seconds": record["train_seconds"] / count,
            "seconds_per_epoch": record["train_seconds"] / count / ran,
        }


def runs_table(study_rows, metrics):
    """runs.csv: one row a run and replicate, in the study's order.

    study_rows: `Study.rows()`. metrics: one frame a problem, as `evaluate` wrote it.
    """
    described = pd.DataFrame(study_rows).drop(columns="replicates")
    described["sweeps"] = described["sweeps"].map(";".join)
    described["order"] = range(len(described))
    described = described.reindex(
        columns=["run", "problem", "sweeps", "metric", "order", *HYPER_PARAMETERS]
    )
    table = described.merge(pd.concat(metrics), on="run", validate="one_to_many")
    table = table.sort_values(["order", "replicate"]).drop(columns="order")
    first = ["run", "problem", "sweeps", "replicate", "seed"]
    settings = [*HYPER_PARAMETERS, "batch_rows", "epochs_run", "diverged_at", "best_epoch",
                "parameters", "metric"]  # fmt: skip
    rest = [name for name in table if name not in {*first, *settings, *TIMES}]
    return whole_numbers(table[[*first, *settings, *rest, *TIMES]].reset_index(drop=True))


def whole_numbers(table):
    """`table` with counts as whole numbers even where some are missing."""
    return table.astype({name: "Int64" for name in WHOLE if name in table})


def history_table(records):
    """history.parquet: one row a run, replicate and epoch, from the paths of block records."""
    frames = []
    for path in records:
        record = read_record(path)
        frame = pd.read_csv(Path(path).with_name("history.csv"))
        frame.insert(0, "run", record["run"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True).astype({"run": "category"})


def cost_table(records):
    """cost.csv: one row a trained block, with the seconds its job and its training loop took."""
    keys = ("run", "started", "finished", "train_seconds", "threads")
    rows = []
    for path in records:
        record = read_record(path)
        row = {key: record[key] for key in keys}
        row |= {"first": record["replicates"][0], "last": record["replicates"][-1]}
        rows.append(row | {"job_seconds": record["finished"] - record["started"]})
    columns = ["run", "first", "last", "started", "finished", "train_seconds", "job_seconds",
               "threads"]  # fmt: skip
    return pd.DataFrame(rows)[columns].sort_values("started")


def sweeps_table(sweeps):
    """sweeps.csv: which runs a sweep is made of, in its order. sweeps: {name: [run, ...]}."""
    return pd.DataFrame(
        [
            {"sweep": name, "run": run, "order": order}
            for name, runs in sweeps.items()
            for order, run in enumerate(runs)
        ]
    )


def write_csv(table, path):
    """A CSV with nine significant digits: more than a 32-bit number holds."""
    with written(path) as beside:
        table.to_csv(beside, index=False, float_format="%.9g", lineterminator="\n")


def write_parquet(table, path):
    with written(path) as beside:
        table.to_parquet(beside, index=False)


def choose_best(candidates):
    """The run with the best mean validation metric after its last epoch; test data play no part.

    candidates: {run: (metric name, [last validation metric, one a replicate])}. A replicate that
    diverged counts as the worst there is. Raises TunebookError when there are no candidates.
    Returns (run, mean).
    """
    if not candidates:
        raise TunebookError("sweeps: no runs to choose the best from; allowed: at least one")
    means = {}
    for run, (metric, values) in candidates.items():
        mean = float(np.mean(values)) if np.isfinite(values).all() else np.nan
        means[run] = (-mean if metric == "accuracy" else mean, mean)
    # A run with no finite mean comes last; names break ties, so that the choice never varies.
    best = min(means, key=lambda run: (np.isnan(means[run][0]), means[run][0], run))
    return best, means[best][1]
