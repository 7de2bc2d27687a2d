"""What a training job leaves is read back as it was, or refused; and the choice made from it."""

import json
import math

import numpy as np
import pytest
import torch

from tunebook.jobs import TunebookError
from tunebook.learn.blocks import (
    HISTORY,
    HISTORY_COLUMNS,
    choose_best,
    columns,
    last_validation,
    read_history,
    read_record,
    read_weights,
    save_block,
)
from tunebook.learn.training import Trained


def trained():
    """Two replicates of three epochs; the second diverged at epoch 2."""
    values = torch.tensor([[0.5, 4.0], [0.25, torch.inf], [0.125, torch.nan]])
    return Trained(
        history={name: values * (i + 1) for i, name in enumerate(HISTORY)},
        diverged_at=[0, 2],
        weights={"dense0.weight": torch.arange(8.0).view(2, 4, 1), "steps": torch.tensor([3, 1])},
        seconds=1.5,
        parameters=4,
    )


NAMES = ("history.csv", "weights.safetensors", "training.json")


@pytest.fixture
def block(tmp_path):
    """The path of the record of a block of replicates 5 and 6."""
    paths = [tmp_path / "runs/table-a/replicates-5-6" / name for name in NAMES]
    configuration = {"batch_size": 16, "epochs": 3}
    record = {"run": "table-a", "configuration": configuration}
    save_block(*paths, trained(), 5, record | {"replicates": [5, 6], "seeds": [1, 2]})
    return paths[2]


def test_history_has_every_epoch_up_to_the_one_a_replicate_diverged_at(block):
    rows = list(read_history(block))
    seen = [(row["replicate"], row["epoch"]) for row in rows]
    assert seen == [(5, 1), (5, 2), (5, 3), (6, 1), (6, 2)]
    assert [rows[1][name] for name in HISTORY] == [0.25, 0.5, 0.75, 1.0]
    assert np.isinf(rows[4]["train_loss"])
    assert list(rows[0]) == list(HISTORY_COLUMNS)


def test_history_keeps_all_that_a_32_bit_number_holds(block):
    one, value = trained(), np.float32(1) / np.float32(3)
    one.history["train_loss"][0, 0] = float(value)
    save_block(*(block.with_name(name) for name in NAMES), one, 5, {})
    assert np.float32(next(read_history(block))["train_loss"]) == value


def test_weights_and_buffers_come_back_bit_by_bit(block):
    weights = read_weights(block)
    assert set(weights) == {"dense0.weight", "steps"}
    assert all(torch.equal(weights[key], value) for key, value in trained().weights.items())


def test_the_record_keeps_what_it_was_given_and_the_outcome(block):
    record = read_record(block)
    assert record["diverged_at"] == [0, 2]
    first, second = columns(record, rows=40)
    assert first == {
        "run": "table-a",
        "replicate": 5,
        "seed": 1,
        "batch_rows": 16,
        "epochs_run": 3,
        "diverged_at": None,
        "parameters": 4,
        "train_seconds": 0.75,
        "seconds_per_epoch": 0.25,
    }
    assert (second["epochs_run"], second["diverged_at"]) == (2, 2)
    record["configuration"]["batch_size"] = "full"
    assert next(columns(record, rows=40))["batch_rows"] == 40


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def one_bit_flipped(path):
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["history.csv", "weights.safetensors"])
@pytest.mark.parametrize(
    "alter", [cut_short, one_bit_flipped, lambda p: p.write_bytes(b""), lambda p: p.unlink()]
)
def test_an_altered_block_is_refused_by_the_name_of_the_file(block, name, alter):
    alter(block.with_name(name))
    with pytest.raises(TunebookError, match=r"altered or cut short.*SHA-256.*expected") as raised:
        read_record(block)
    assert str(block.with_name(name)) in str(raised.value)
    assert f"delete the folder {block.parent} and make it again: snakemake {block}" in str(
        raised.value
    )


def test_a_record_that_is_cut_short_or_vouches_for_nothing_is_refused(block):
    block.write_text(json.dumps({"run": "table-a"}))
    with pytest.raises(TunebookError, match="None expected"):
        read_record(block)
    cut_short(block)
    with pytest.raises(TunebookError, match="training.json: not a whole JSON file"):
        read_record(block)


def test_what_diverged_has_no_last_metric(block):
    last = last_validation(block, read_record(block))
    assert last[0] == 0.5 and math.isnan(last[1])


@pytest.mark.parametrize(
    ("task", "metric", "values", "best"),
    [
        ("classification", "accuracy", {"a": [0.9, 0.8], "b": [0.95, 0.9]}, ("b", 0.925)),
        ("classification", "log-loss", {"a": [0.9, 0.8], "b": [0.95, 0.9]}, ("a", 0.85)),
        ("regression", "mse", {"a": [3.0, 1.0], "b": [1.0, 2.0]}, ("b", 1.5)),
        ("regression", "r2", {"a": [-3.0, 1.0], "b": [0.5, 0.1]}, ("b", 0.3)),
        # One that diverged counts as the worst; names break ties.
        ("regression", "mse", {"a": [0.1, math.nan], "b": [9.0, 9.0]}, ("b", 9.0)),
        ("regression", "mse", {"b": [1.0], "a": [1.0]}, ("a", 1.0)),
        ("regression", "mse", {"b": [math.nan], "a": [math.inf]}, ("a", math.inf)),
    ],
)
def test_the_best_run_has_the_best_mean_of_the_last_validation_metric(task, metric, values, best):
    run, mean = choose_best(values, task, metric)
    assert (run, mean) == (best[0], pytest.approx(best[1]))


def test_nothing_to_choose_from_is_said():
    with pytest.raises(TunebookError, match="no runs to choose the best from"):
        choose_best({}, "regression", "mse")
