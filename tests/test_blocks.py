"""What a training job leaves is read back as it was, or refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tunebook.blocks import HISTORY_COLUMNS, read_history, read_record, save_block
from tunebook.jobs import TunebookError
from tunebook.training import HISTORY, Trained


def trained():
    """Two replicates of three epochs; the second diverged at epoch 2."""
    values = torch.tensor([[0.5, 4.0], [0.25, torch.inf], [0.125, torch.nan]])
    weights = {"dense0.weight": torch.arange(8.0).view(2, 4, 1)}
    return Trained(
        history={name: values * (i + 1) for i, name in enumerate(HISTORY)},
        diverged_at=[0, 2],
        best_epoch=[3, 1],
        final=weights,
        best={"dense0.weight": weights["dense0.weight"] + 100},
        seconds=1.5,
        parameters=4,
    )


@pytest.fixture
def block(tmp_path):
    """The path of the record of a block of replicates 5 and 6."""
    folder = tmp_path / "runs/houses-a/replicates-5-6"
    paths = [folder / n for n in ("history.csv", "weights.safetensors", "training.json")]
    record = {"run": "houses-a", "replicates": [5, 6], "seeds": [1, 2]}
    save_block(*paths, trained(), 5, record)
    return paths[2]


def test_history_has_every_epoch_up_to_the_one_a_replicate_diverged_at(block):
    rows = list(read_history(block))
    assert [(row["replicate"], row["epoch"]) for row in rows] == [
        (5, 1), (5, 2), (5, 3), (6, 1), (6, 2),
    ]  # fmt: skip
    assert rows[1] == {
        "replicate": 5, "epoch": 2, "train_loss": 0.25, "train_metric": 0.5,
        "validation_loss": 0.75, "validation_metric": 1.0,
    }  # fmt: skip
    assert np.isinf(rows[4]["train_loss"])


def test_history_keeps_all_that_a_32_bit_number_holds(block):
    one = trained()
    value = np.float32(1) / np.float32(3)
    one.history["train_loss"][0, 0] = float(value)
    save_block(
        block.with_name("history.csv"), block.with_name("weights.safetensors"), block, one, 5, {}
    )
    assert np.float32(next(read_history(block))["train_loss"]) == value


def test_history_has_the_columns_that_the_tables_are_made_of(block):
    first = block.with_name("history.csv").read_text().splitlines()[0]
    assert first == ",".join(HISTORY_COLUMNS)


def test_weights_come_back_bit_by_bit_last_and_best(block):
    weights = load_file(block.with_name("weights.safetensors"))
    one = trained()
    assert set(weights) == {"final/dense0.weight", "best/dense0.weight"}
    assert torch.equal(weights["final/dense0.weight"], one.final["dense0.weight"])
    assert torch.equal(weights["best/dense0.weight"], one.best["dense0.weight"])


def test_the_record_keeps_what_it_was_given_and_the_outcome(block):
    record = read_record(block)
    assert {key: record[key] for key in ("run", "replicates", "seeds")} == {
        "run": "houses-a", "replicates": [5, 6], "seeds": [1, 2],
    }  # fmt: skip
    assert record["diverged_at"] == [0, 2]
    assert record["best_epoch"] == [3, 1]
    assert (record["parameters"], record["train_seconds"]) == (4, 1.5)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def one_bit_flipped(path):
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["history.csv", "weights.safetensors"])
@pytest.mark.parametrize("alter", [cut_short, one_bit_flipped, emptied, lambda p: p.unlink()])
def test_an_altered_block_is_refused_by_the_name_of_the_file(block, name, alter):
    alter(block.with_name(name))
    with pytest.raises(TunebookError, match=r"altered or cut short.*SHA-256.*expected") as raised:
        read_record(block)
    assert str(block.with_name(name)) in str(raised.value)
    assert f"delete the folder {block.parent} and make it again: snakemake {block}" in str(
        raised.value
    )


def test_a_record_cut_short_is_refused(block):
    cut_short(block)
    cut_short(block)
    with pytest.raises(TunebookError, match="training.json: not a whole JSON file"):
        read_record(block)


def test_a_record_without_fingerprints_vouches_for_nothing(block):
    block.write_text(json.dumps({"run": "houses-a"}))
    with pytest.raises(TunebookError, match="None expected"):
        read_record(block)
