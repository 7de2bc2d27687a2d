"""The tables that everything after training reads, from values made by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from tunebook.jobs import TunebookError, sha256
from tunebook.tables import (
    block_columns,
    choose_best,
    cost_table,
    history_table,
    runs_table,
    sweeps_table,
    write_csv,
    write_parquet,
)

NAN = float("nan")


def test_the_highest_mean_accuracy_is_best():
    best, mean = choose_best(
        {"a": ("accuracy", [0.9, 0.8]), "b": ("accuracy", [0.89, 0.89]), "c": ("accuracy", [0.1])}
    )
    assert (best, mean) == ("b", pytest.approx(0.89))


def test_the_lowest_mean_error_is_best():
    best, mean = choose_best({"a": ("mse", [0.004, 0.002]), "b": ("mse", [0.0031, 0.0031])})
    assert (best, mean) == ("a", pytest.approx(0.003))


@pytest.mark.parametrize("diverged", [NAN, float("inf")])
@pytest.mark.parametrize("metric", ["accuracy", "mse"])
def test_a_run_with_a_replicate_that_diverged_is_never_better(metric, diverged):
    candidates = {"a": (metric, [0.5, diverged]), "b": (metric, [0.1, 0.9])}
    assert choose_best(candidates)[0] == "b"
    assert choose_best(dict(reversed(candidates.items())))[0] == "b"


def test_if_every_run_diverged_the_first_name_is_chosen_without_a_mean():
    best, mean = choose_best({"b": ("mse", [NAN]), "a": ("mse", [NAN, 1.0])})
    assert best == "a"
    assert np.isnan(mean)


def test_ties_go_to_the_first_name_whatever_the_order():
    candidates = {"b": ("mse", [0.5]), "a": ("mse", [0.5])}
    assert choose_best(candidates)[0] == choose_best(dict(reversed(candidates.items())))[0] == "a"


def test_there_must_be_something_to_choose_from():
    with pytest.raises(TunebookError, match="allowed: at least one"):
        choose_best({})


RECORD = {
    "run": "houses-a", "configuration": {"batch_size": 100, "epochs": 50},
    "replicates": [5, 6], "seeds": [11, 12], "diverged_at": [0, 20], "best_epoch": [49, 0],
    "parameters": 41, "train_seconds": 10.0, "started": 100.0, "finished": 115.0, "threads": 1,
}  # fmt: skip


def test_a_block_gives_one_row_a_replicate():
    whole, diverged = block_columns(RECORD, 876)
    assert (whole["replicate"], whole["seed"]) == (5, 11)
    assert (diverged["replicate"], diverged["seed"]) == (6, 12)
    assert (whole["epochs_run"], whole["diverged_at"], whole["best_epoch"]) == (50, None, 49)
    assert (diverged["epochs_run"], diverged["diverged_at"]) == (20, 20)
    assert diverged["best_epoch"] is None, "0 stands for no best epoch"
    assert whole["parameters"] == 41


def test_replicates_trained_together_share_the_time():
    whole, diverged = block_columns(RECORD, 876)
    assert whole["train_seconds"] == diverged["train_seconds"] == 5
    assert whole["seconds_per_epoch"] == 0.1
    assert diverged["seconds_per_epoch"] == 0.25


@pytest.mark.parametrize(("size", "rows", "expected"), [
    (100, 876, 100), ("full", 876, 876), (1000, 876, 876),
])  # fmt: skip
def test_a_batch_has_no_more_rows_than_there_are(size, rows, expected):
    record = {**RECORD, "configuration": {"batch_size": size, "epochs": 50}}
    assert next(block_columns(record, rows))["batch_rows"] == expected


def study_row(run, sweeps, **settings):
    row = {"run": run, "sweeps": sweeps, "replicates": 2, "problem": "houses", "metric": "mse"}
    return row | {"widths": "200-200", "depth": 2, "width": 200, "learning_rate": 0.01} | settings


def metrics(*rows):
    columns = ["run", "replicate", "seed", "train_seconds", "diverged_at", "test_metric"]
    rest = {"batch_rows": 100, "epochs_run": 50, "best_epoch": 49, "parameters": 41}
    return pd.DataFrame(rows, columns=columns).assign(**rest, seconds_per_epoch=0.01)


def gathered():
    rows = [study_row("b", ["one", "two"]), study_row("a", ["two"], widths="", width=None)]
    first = metrics(["a", 1, 8, 0.5, None, 0.25], ["a", 0, 7, 0.5, 3, 0.5])
    second = metrics(["b", 0, 7, 0.5, None, 0.75])
    return runs_table(rows, [first, second])


def test_runs_stand_in_the_order_of_the_study_and_replicates_in_theirs():
    table = gathered()
    assert list(zip(table["run"], table["replicate"], strict=True)) == [
        ("b", 0), ("a", 0), ("a", 1),
    ]  # fmt: skip
    assert table["test_metric"].tolist() == [0.75, 0.5, 0.25]


def test_a_run_names_its_sweeps():
    assert gathered()["sweeps"].tolist() == ["one;two", "two", "two"]


def test_columns_begin_with_what_identifies_a_row_and_end_with_the_times():
    names = list(gathered())
    assert names[:5] == ["run", "problem", "sweeps", "replicate", "seed"]
    assert names[-2:] == ["train_seconds", "seconds_per_epoch"]
    assert "replicates" not in names
    assert names.count("metric") == 1


def test_counts_are_whole_numbers_even_where_some_are_missing(tmp_path):
    write_csv(gathered(), tmp_path / "runs.csv")
    table = pd.read_csv(tmp_path / "runs.csv", dtype=str)
    assert table["diverged_at"].tolist()[1] == "3"
    assert table["width"].tolist()[0] == "200"
    assert table["width"].isna().tolist() == [False, True, True]


def test_a_run_that_stands_twice_in_the_study_is_refused():
    with pytest.raises(pd.errors.MergeError):
        runs_table([study_row("a", ["one"])] * 2, [metrics(["a", 0, 7, 0.5, None, 0.5])])


def test_sweeps_keep_the_order_of_their_runs():
    table = sweeps_table({"rates": ["b", "a"], "depth": ["a"]})
    assert table.to_dict("records") == [
        {"sweep": "rates", "run": "b", "order": 0},
        {"sweep": "rates", "run": "a", "order": 1},
        {"sweep": "depth", "run": "a", "order": 0},
    ]


@pytest.fixture
def records(tmp_path):
    """The paths of two blocks' records on disk."""
    paths = []
    for run, started in (("b", 200.0), ("a", 100.0)):
        folder = tmp_path / run
        folder.mkdir()
        (folder / "history.csv").write_text("replicate,epoch,train_loss\n5,1,0.5\n5,2,inf\n")
        (folder / "weights.safetensors").write_bytes(b"")
        record = RECORD | {
            "run": run, "started": started, "finished": started + 15,
            "history_sha256": sha256(folder / "history.csv"),
            "weights_sha256": sha256(folder / "weights.safetensors"),
        }  # fmt: skip
        (folder / "training.json").write_text(json.dumps(record))
        paths.append(folder / "training.json")
    return paths


def test_history_is_that_of_every_block(records):
    table = history_table(records)
    assert table["run"].astype(str).tolist() == ["b", "b", "a", "a"]
    assert table["epoch"].tolist() == [1, 2, 1, 2]
    assert np.isinf(table["train_loss"].iloc[1])


def test_cost_is_one_row_a_block_in_the_order_of_their_start(records):
    table = cost_table(records)
    assert table["run"].tolist() == ["a", "b"]
    assert table.iloc[0].to_dict() == {
        "run": "a", "first": 5, "last": 6, "started": 100.0, "finished": 115.0,
        "train_seconds": 10.0, "job_seconds": 15.0, "threads": 1,
    }  # fmt: skip


def test_an_altered_block_reaches_no_table(records):
    (records[0].parent / "history.csv").write_text("replicate,epoch,train_loss\n5,1,0.1\n")
    for table in (history_table, cost_table):
        with pytest.raises(TunebookError, match="history.csv: altered or cut short"):
            table(records)


def test_a_csv_keeps_all_that_a_32_bit_number_holds(tmp_path):
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    write_csv(pd.DataFrame({"x": values.astype(float)}), tmp_path / "x.csv")
    assert (pd.read_csv(tmp_path / "x.csv")["x"].astype(np.float32) == values).all()
    assert b"\r" not in (tmp_path / "x.csv").read_bytes()


def test_a_parquet_comes_back_as_it_was(tmp_path):
    table = pd.DataFrame({"run": ["a"], "pixels": [[0.0, 0.5]]})
    write_parquet(table, tmp_path / "x.parquet")
    back = pd.read_parquet(tmp_path / "x.parquet")
    assert back["pixels"].iloc[0].tolist() == [0.0, 0.5]
