"""What a training job leaves on disk for one block of replicates, and how it is read back.

results/runs/<run>/replicates-<first>-<last>/
    history.csv           one row a replicate and epoch
    weights.safetensors   the reported network's parameters and buffers, each [R, ...]
    training.json         configuration, seeds, outcome, times, fingerprints of the other two
    until-<epochs>.json   of a search's trial, what its first epochs came to
    until-<epochs>.pt     what it takes to go on from there, until that is done
"""

import csv
import math
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..jobs import TunebookError, read_json, sha256, write_json, written
from ..study.bundles import FILES
from ..tasks import TASKS

HISTORY = ("train_loss", "train_metric", "validation_loss", "validation_metric")
HISTORY_COLUMNS = ("replicate", "epoch", *HISTORY)


def history_rows(trained, first):
    """Rows of history.csv: every epoch of a replicate up to the one it ended with."""
    for slot, ended in enumerate(trained.ended):
        for epoch in range(1, ended + 1):
            values = [trained.history[name][epoch - 1, slot].item() for name in HISTORY]
            yield [first + slot, epoch, *(f"{value:.9g}" for value in values)]


def save_block(folder, trained, first, record):
    """Write the three files of a block; the record, last, vouches for the other two.

    trained: training.Trained. first: number of the block's first replicate. record: what else to
    keep (configuration, seeds, times).
    """
    from safetensors.torch import save_file

    history, weights, last = (Path(folder, name) for name in FILES)
    with written(history) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HISTORY_COLUMNS)
        writer.writerows(history_rows(trained, first))
    with written(weights) as beside:
        save_file(trained.weights, beside)
    write_json(
        last,
        record
        | {
            "diverged_at": trained.diverged_at,
            "ended": trained.ended,
            "reported": trained.reported,
            "parameters": trained.parameters,
            "train_seconds": trained.seconds,
            "history_sha256": sha256(history),
            "weights_sha256": sha256(weights),
        },
    )


def aside(folder):
    """Where a block lies until all that its job trains is done: beside its folder, hidden.

    Snakemake trusts nothing that a job leaves which did not end well. What lies here outlasts that,
    and a job that is to train the same takes it over.
    """
    folder = Path(folder)
    return folder.with_name(f".{folder.name}")


def is_aside(folder, made_from):
    """Whether a block lies there that is whole, and was made from what has that fingerprint."""
    with suppress(TunebookError):
        return read_record(aside(folder) / FILES[-1]).get("made_from") == made_from
    return False


def take_over(folder):
    """Put a block that lies aside into its folder, the record last."""
    place = aside(folder)
    for name in FILES:
        os.replace(place / name, Path(folder, name))
    shutil.rmtree(place)


def save_part(path, trained, record):
    """Write the record of a block that was trained in part, and before it the state to go on from.

    path: of the record, until-<epochs>.json. The others are as in `save_block`. A training that has
    ended already, since every replicate did, leaves no state.
    """
    import torch

    state = Path(path).with_suffix(".pt")
    state.unlink(missing_ok=True)
    if trained.state:
        with written(state) as beside:
            torch.save(trained.state, beside)
    history, slots = trained.history["validation_metric"], range(len(trained.ended))
    values = [history[max(trained.reported[slot], 1) - 1, slot].item() for slot in slots]
    lost = [trained.diverged_at[slot] or not math.isfinite(values[slot]) for slot in slots]
    write_json(
        path,
        record
        | {
            "diverged_at": trained.diverged_at,
            "ended": trained.ended,
            "validation_metric": [None if lost[slot] else values[slot] for slot in slots],
            "train_seconds": trained.seconds,
            "state_sha256": sha256(state) if trained.state else None,
        },
    )


def part_of(path):
    """How many epochs a part has, from the name of its record or state; 0 for other names."""
    name = re.fullmatch(r"until-(\d+)", Path(path).stem)
    return int(name[1]) if name else 0


def latest_part(folder, made_from, before=math.inf):
    """The path of the state that a training in a block's folder can go on from; None without one.

    It is the one after most epochs, if fewer than `before`, that is whole and was made from what
    has that fingerprint.
    """
    for path in sorted(Path(folder).glob("until-*.json"), key=part_of, reverse=True):
        state = path.with_suffix(".pt")
        with suppress(TunebookError):
            record = read_json(path)
            same = record.get("made_from") == made_from and part_of(path) < before
            if same and state.is_file() and sha256(state) == record.get("state_sha256"):
                return state
    return None


def read_state(path):
    """What `save_part` kept: tensors and plain values, and nothing that could be run."""
    import torch

    return torch.load(path, weights_only=True)


def delete_states(folder, before=math.inf):
    """Delete the states in a block's folder that training went on from, so that none is needed."""
    for path in Path(folder).glob("until-*.pt"):
        if part_of(path) < before:
            path.unlink()


def found_of(paths, runs):
    """{number of a trial: {run, value, epochs, seconds}}, as `search.chain.told` takes it.

    paths: the records of all blocks of some trials, trained in part or to the end. runs: {number of
    a trial: its run}.
    """
    found = {}
    for path in paths:
        record = read_json(path) if part_of(path) else read_record(path)
        values = record["validation_metric"] if part_of(path) else last_validation(path, record)
        of_run = found.setdefault(record["run"], {"values": [], "epochs": 0, "seconds": 0.0})
        of_run["values"] += values
        of_run["epochs"] = max(of_run["epochs"], *record["ended"])
        of_run["seconds"] += record["train_seconds"]
    for each in found.values():
        values = each.pop("values")
        mean = float(np.mean(values)) if None not in values else math.nan
        each["value"] = mean if math.isfinite(mean) else None
    return {int(trial): {"run": run} | found[run] for trial, run in runs.items()}


def read_record(path):
    """The record of a block, once the files beside it are shown to be the ones it vouches for."""
    record = read_json(path)
    for name, key in (("history.csv", "history_sha256"), ("weights.safetensors", "weights_sha256")):
        beside = Path(path).with_name(name)
        found = sha256(beside) if beside.exists() else "no file"
        if found != record.get(key):
            raise TunebookError(
                f"{beside}: altered or cut short since it was trained: SHA-256 {found} found, "
                f"{record.get(key)} expected; delete the folder {beside.parent} and make it again: "
                f"snakemake {path}"
            )
    return record


def read_history(record_path):
    """Rows of a block's history.csv as dictionaries of numbers."""
    with open(Path(record_path).with_name("history.csv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {
                key: int(value) if key in ("replicate", "epoch") else float(value)
                for key, value in row.items()
            }


def read_weights(record_path):
    """A block's reported parameters and buffers, by name, each [R, ...]."""
    from safetensors.torch import load_file

    return load_file(Path(record_path).with_name("weights.safetensors"))


def columns(record, rows):
    """What a block's record says of each of its replicates, as columns of runs.csv.

    rows: training rows of a replicate.
    """
    size = record["configuration"]["batch_size"]
    count = len(record["replicates"])
    for slot, replicate in enumerate(record["replicates"]):
        ran = record["ended"][slot]
        yield {
            "run": record["run"],
            "replicate": replicate,
            "seed": record["seeds"][slot],
            "batch_rows": rows if size == "full" else min(size, rows),
            "epochs_run": ran,
            "diverged_at": record["diverged_at"][slot] or None,
            "parameters": record["parameters"],
            # Replicates of a block are trained together: each is given its share.
            "train_seconds": record["train_seconds"] / count,
            "seconds_per_epoch": record["train_seconds"] / count / ran,
        }


def last_validation(record_path, record):
    """The validation metric of the weights that are kept, one a replicate; blank where it diverged.

    Blank, too, where no rows were left for validation.
    """
    found = {(row["replicate"], row["epoch"]): row for row in read_history(record_path)}
    kept = zip(record["replicates"], record["reported"], record["diverged_at"], strict=True)
    return [
        math.nan if diverged_at else found[replicate, reported]["validation_metric"]
        for replicate, reported, diverged_at in kept
    ]


def choose_best(candidates, task, metric):
    """(run, mean) with the best mean validation metric after the last epoch.

    candidates: {run: [metric, one a replicate]}; test data play no part. A replicate that diverged
    (a value that is not finite) counts as the worst there is. Raises TunebookError when there are
    no candidates.
    """
    if not candidates:
        raise TunebookError("sweeps: no runs to choose the best from; allowed: at least one")
    judge = TASKS[task].metrics[metric]
    means = {run: float(np.mean(values)) for run, values in candidates.items()}
    errors = {run: judge.error(mean) for run, mean in means.items() if math.isfinite(mean)}
    # A run without a finite mean comes last; names break ties, so that the choice never varies.
    best = min(means, key=lambda run: (errors.get(run, math.inf), run))
    return best, means[best]
