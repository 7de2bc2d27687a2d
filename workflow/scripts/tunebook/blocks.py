"""What a training job leaves on disk for one block of replicates, and how it is read back.

results/runs/<run>/replicates-<first>-<last>/
    history.csv           one row a replicate and epoch
    weights.safetensors   final/<parameter> and best/<parameter>, each [R, ...]
    training.json         configuration, seeds, outcome, times, fingerprints of the other two
"""

import csv
from pathlib import Path

from .jobs import TunebookError, read_json, sha256, write_json, written

HISTORY_COLUMNS = (
    "replicate", "epoch", "train_loss", "train_metric", "validation_loss", "validation_metric",
)  # fmt: skip


def history_rows(trained, first):
    """Rows of history.csv: every epoch of a replicate up to the one it diverged at."""
    names = HISTORY_COLUMNS[2:]
    epochs = len(trained.history[names[0]])
    for slot, diverged_at in enumerate(trained.diverged_at):
        for epoch in range(1, (diverged_at or epochs) + 1):
            values = [trained.history[name][epoch - 1, slot].item() for name in names]
            yield [first + slot, epoch, *(f"{value:.9g}" for value in values)]


def save_block(history_path, weights_path, record_path, trained, first, record):
    """Write the three files of a block; the record, last, vouches for the other two.

    trained: training.Trained. first: number of the block's first replicate. record: what else to
    keep (configuration, seeds, times).
    """
    from safetensors.torch import save_file

    with written(history_path) as beside, open(beside, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HISTORY_COLUMNS)
        writer.writerows(history_rows(trained, first))
    values = {f"final/{name}": value for name, value in trained.final.items()}
    values |= {f"best/{name}": value for name, value in trained.best.items()}
    with written(weights_path) as beside:
        save_file(values, beside)
    write_json(
        record_path,
        record
        | {
            "diverged_at": trained.diverged_at,
            "best_epoch": trained.best_epoch,
            "parameters": trained.parameters,
            "train_seconds": trained.seconds,
            "history_sha256": sha256(history_path),
            "weights_sha256": sha256(weights_path),
        },
    )


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
    with open(Path(record_path).with_name("history.csv"), newline="") as file:
        for row in csv.DictReader(file):
            yield {
                key: int(value) if key in ("replicate", "epoch") else float(value)
                for key, value in row.items()
            }
