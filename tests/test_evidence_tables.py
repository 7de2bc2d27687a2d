"""A made-up study's tables: made as `gather` makes them, and read as everybody reads them."""

import math

import numpy as np
import pandas as pd
import pytest

from made_up_runs import claims, run
from made_up_runs import results as made_up
from tunebook.claims import judge_claims
from tunebook.evidence import measures, tables, words
from tunebook.evidence.importance import importance_table
from tunebook.evidence.intervals import Interval, mean_interval
from tunebook.figures.draw import draw
from tunebook.jobs import TunebookError, write_csv, write_json, write_parquet
from tunebook.study.parameters import PARAMETERS, RESERVED, columns

NAN = float("nan")
PROBLEMS = {
    "rent": {"title": "Rents", "task": "regression", "metric": "rmse", "dataset": "flats"},
    "kinds": {"title": "Kinds", "task": "classification", "metric": "balanced-accuracy",
              "dataset": "plants"},
}  # fmt: skip
RECORDS = {
    "rent": {"target": "rent", "unit": "€", "classes": None, "shape": None,
             "features": [{"name": "area", "unit": "m²", "type": "number"}]},
    "kinds": {"target": "kind", "unit": "", "classes": ["a", "b"], "shape": [1, 4, 4],
              "features": [{"name": "0", "unit": "", "type": "number"}] * 16},
}  # fmt: skip
BASE = {
    "model": "dense", "widths": "20-20", "channels": "", "depth": 2, "width": 20, "loss": "mse",
    "optimizer": "adam", "learning_rate": 0.01, "batch_size": 100, "epochs": 4,
}  # fmt: skip
ROWS = [
    {"run": "rent-b", "problem": "rent", "sweeps": ["rates", "all"], **BASE},
    {"run": "rent-a", "problem": "rent", "sweeps": ["rates"], **BASE,
     "learning_rate": 1.0, "batch_size": "full"},
    {"run": "kinds-a", "problem": "kinds", "sweeps": ["all"],
     "model": "module", "module": "networks.py:Skip", "skip": True, "size": "4-8", "note": "nan",
     "loss": "cross-entropy", "optimizer": "adam", "learning_rate": 0.01, "epochs": 4},
]  # fmt: skip
CURVES = {  # training and validation errors [epochs] of a replicate
    "rent-b": [[0.4, 0.3, 0.2, 0.1]] * 3,
    "rent-a": [[0.4, math.inf], [0.9, 0.9, 0.9, 0.9], [3.0, 4.0, 5.0, 6.0]],
    "kinds-a": [[0.5, 0.4, 0.2, 0.04]] * 2,
}


def evaluated(problem):
    """What `evaluate` writes of a problem: one row a run and replicate."""
    metric = {"rent": "rmse", "kinds": "balanced_accuracy"}[problem]
    for row in (row for row in ROWS if row["problem"] == problem):
        for replicate, errors in enumerate(CURVES[row["run"]]):
            final = errors[-1] if len(errors) == 4 else NAN
            found = final if problem == "rent" else 1 - final
            constant = 1.0 if problem == "rent" else 0.5
            yield {
                "run": row["run"], "replicate": replicate, "seed": 10 + replicate,
                "batch_rows": 60, "epochs_run": len(errors),
                "diverged_at": None if len(errors) == 4 else len(errors), "parameters": 41,
                f"train_{metric}": found, f"validation_{metric}": found * 1.25,
                f"test_{metric}": found + 0.01 * replicate, "gap": 0.25 * found,
                "train_loss": final, f"constant_train_{metric}": constant,
                "train_seconds": 2.0, "seconds_per_epoch": 0.5,
            }  # fmt: skip


def blocks():
    """Records and histories of the blocks, each all replicates of a run."""
    for row in ROWS:
        curves = CURVES[row["run"]]
        frames = [
            pd.DataFrame({"replicate": replicate, "epoch": range(1, len(errors) + 1)}).assign(
                **dict.fromkeys(("train_loss", "validation_loss"), errors),
                **dict.fromkeys(
                    ("train_metric", "validation_metric"),
                    errors if row["problem"] == "rent" else 1 - np.array(errors),
                ),
            )
            for replicate, errors in enumerate(curves)
        ]
        start = 100.0 if row["run"] == "rent-a" else 200.0
        yield {
            "run": row["run"], "replicates": list(range(len(curves))), "started": start,
            "finished": start + 15, "train_seconds": 10.0, "threads": 2,
        }, pd.concat(frames)  # fmt: skip


STUDY = {
    "title": "T", "source": "", "results": "r", "problems": PROBLEMS, "parameters": columns(
        {name: row[name] for name in row if name not in ("run", "problem", "sweeps")}
        for row in ROWS
    ),
    "sweeps": {
        "rates": {"problem": "rent", "runs": ["rent-a", "rent-b"]},
        "all": {"problem": "kinds", "runs": ["rent-b", "kinds-a"]},
    },
}  # fmt: skip


def made():
    return tables.runs_table(ROWS, [pd.DataFrame(evaluated(name)) for name in PROBLEMS], STUDY)


@pytest.fixture
def folder(tmp_path):
    """The results folder of the made-up study."""
    write_csv(made(), tmp_path / "runs.csv")
    write_parquet(tables.history_table(blocks()), tmp_path / "history.parquet")
    write_csv(tables.cost_table([record for record, _ in blocks()]), tmp_path / "cost.csv")
    rows = {"train": 60, "validation": 20, "test": 20}
    prepared = {name: (record, rows) for name, record in RECORDS.items()}
    choices = {"rent": {"run": "rent-b", "sweep": "rates"}}
    write_json(tmp_path / "study.json", tables.study_record(STUDY, prepared, choices))
    timing = {"run": ["rent-a"] * 3 + ["rent-b"] * 3, "repetition": [0, 1, 2] * 2}
    seconds = pd.DataFrame(timing | {"seconds_per_epoch": [3.0, 1.0, 2.0] * 2})
    write_csv(seconds, tmp_path / "timing.csv")
    return tmp_path


@pytest.fixture
def results(folder):
    return tables.read_results(folder)


def test_runs_stand_in_the_order_of_the_study_and_replicates_in_theirs():
    table = made()
    expected = [("rent-b", 0), ("rent-b", 1), ("rent-b", 2), ("rent-a", 0), ("rent-a", 1),
                ("rent-a", 2), ("kinds-a", 0), ("kinds-a", 1)]  # fmt: skip
    assert list(zip(table["run"], table["replicate"], strict=True)) == expected
    assert table["sweeps"].tolist()[2:4] == ["rates;all", "rates"]
    assert table["metric"].unique().tolist() == ["rmse", "balanced_accuracy"]
    assert list(table)[:5] == ["run", "problem", "sweeps", "replicate", "seed"]
    assert list(table)[5:8] == ["model", "module", "widths"]
    assert list(table)[16:20] == ["skip", "size", "note", "batch_rows"]
    assert list(table)[-2:] == ["train_seconds", "seconds_per_epoch"]


def test_no_hyper_parameter_can_be_called_like_another_column_or_a_measure(results):
    frame = tables.outcomes(results, "rates")
    names = {*results.runs, *results.history, *frame} - {*STUDY["parameters"]}
    names |= {name for problem in results.problems for name in measures.measures(PROBLEMS[problem])}
    assert [name for name in names if not RESERVED.fullmatch(name)] == []
    assert not RESERVED.fullmatch("order")
    assert [name for name in PARAMETERS if RESERVED.fullmatch(name)] == [
        "model", "module", "loss", "optimizer"
    ]  # fmt: skip


def test_a_run_that_stands_twice_in_the_study_is_refused():
    with pytest.raises(pd.errors.MergeError):
        tables.runs_table([*ROWS, ROWS[0]], [pd.DataFrame(evaluated("rent"))], STUDY)


def test_counts_are_whole_numbers_even_where_some_are_missing(folder):
    table = pd.read_csv(folder / "runs.csv", dtype=str)
    assert table["diverged_at"].tolist()[3] == "2"
    assert table["depth"].tolist()[0] == "2"
    assert table["depth"].isna().tolist()[-2:] == [True, True]


def test_settings_come_back_as_the_plain_values_they_were(results):
    known = {key: value for key, value in BASE.items() if value != ""}
    assert results.run("rent-b").settings == known
    assert results.run("rent-a").settings["batch_size"] == "full"
    module = results.run("kinds-a").settings
    assert (module["skip"], module["note"]) == (True, "nan")
    assert "depth" not in module


@pytest.mark.parametrize(("text", "value"), [
    ("200-200", "200-200"), ("100", 100), ("1e-08", 1e-8), ("True", True), ("False", False),
    ("full", "full"), ("", None), (NAN, None), (1.0, 1), ("None", "None"), ("nan", "nan"),
])  # fmt: skip
def test_a_cell_is_read_by_itself(text, value):
    found = tables.setting(text)
    assert found == value and type(found) is type(value)


def test_a_run_is_one_thing(results):
    run = results.run("rent-a")
    assert (run.problem, run.sweeps, run.n) == ("rent", ("rates",), 3)
    assert (run.replicates, run.diverged, run.parameters) == ((0, 1, 2), (2, None, None), 41)
    assert run.row["sweeps"] == ["rates"] and run.row["learning_rate"] == 1
    assert len({each.label for each in results.by_name.values()}) == 3
    assert results.run("kinds-a").network == "Skip"
    with pytest.raises(TunebookError, match="run: found rent-c; allowed: a run of .*runs.csv"):
        results.run("rent-c")


def test_the_study_is_asked_for_its_problems_and_sweeps(results):
    assert results.problems == ["rent", "kinds"]
    assert results.problem("rent")["unit"] == "€"
    assert results.problem("rent")["inputs"] == [{"name": "area", "unit": "m²", "type": "number"}]
    assert results.problem("kinds")["inputs"] == [], "of images no pixel is named"
    assert results.problem("kinds")["rows"] == {"train": 60, "validation": 20, "test": 20}
    assert results.members("rates") == ["rent-a", "rent-b"]
    assert results.members("absent") == []
    assert (results.best("rent"), results.best("kinds")) == ("rent-b", "")
    assert results.timed == {"rates"}


def test_what_stood_in_for_data_marks_its_problems(folder, tmp_path):
    write_json(tmp_path / "flats.json", {"dataset": "flats", "kind": "stand-in"})
    write_json(tmp_path / "plants.json", {"dataset": "plants", "kind": "real", "files": [{}]})
    paths = [tmp_path / "flats.json", tmp_path / "plants.json"]
    found = tables.read_results(folder, paths)
    assert found.stand_ins == {"rent"}
    assert found.provenance[0]["title"] == "flats"
    assert found.provenance[1]["files"][0]["sha256"] == ""


def test_a_replicate_that_diverged_is_the_worst_in_claims_and_blank_elsewhere(results):
    assert results.values("test_metric", "rent-a") == {0: math.inf, 1: 0.91, 2: 6.02}
    finite = results.finite("test_metric", "rent-a")
    assert math.isnan(finite[0]) and finite[1] == 0.91
    assert results.values("constant_train_error", "rent-a")[0] == 1, "needs no final network"
    assert results.values("parameters", "rent-a") == {0: 41, 1: 41, 2: 41}
    assert results.diverged(["rent-a", "rent-b"]) == 1


def test_the_judged_metric_has_an_error_form(results):
    assert results.values("test_metric", "kinds-a") == pytest.approx({0: 0.96, 1: 0.97})
    assert results.values("test_error", "kinds-a") == pytest.approx({0: 0.04, 1: 0.03})
    assert results.values("relative_gap", "rent-b") == pytest.approx({0: 0.25, 1: 0.25, 2: 0.25})


def test_a_measure_without_a_column_is_blank_and_one_without_a_name_refused(results):
    assert results.values("test_mse", "rent-b") == dict.fromkeys(range(3), math.inf)
    assert results.interval("test_mse", "rent-b").n == 0
    with pytest.raises(TunebookError, match="found test_accuracy; allowed"):
        results.values("test_accuracy", "rent-b")


def test_intervals_are_those_of_the_finite_values_within_what_a_mean_can_be(results):
    values = [0.1, 0.11, 0.12]
    assert results.interval("test_error", "rent-b") == mean_interval(values, least=0)
    found = results.intervals("test_error", ["rent-a", "kinds-a"])
    assert list(found) == ["rent-a", "kinds-a"]
    assert (found["rent-a"].n, found["rent-a"].known) == (2, False)
    assert results.interval("seconds_per_epoch", "rent-b") == Interval(2, 1, 3, 3)
    assert results.values("training_seconds", "rent-b") == {0: 12, 1: 4, 2: 8}
    assert results.interval("core_seconds").centre == 3 * 15 * 2


def test_any_metric_of_its_task_may_judge_a_problem(results):
    said = {"rent-b": ["€0.110", "root mean squared error"], "kinds-a": ["96.50", "balanced"]}
    for name, (value, label) in said.items():
        measure = results.measure("test_metric", results.run(name))
        text = words.measured(results.interval("test_metric", name), measure.unit)
        assert value in text and label in measure.label
    panel = {"kind": "points", "of": "test_metric", "sweep": ["all"]}
    drawn = draw("all", {"title": "All", "caption": "", "panels": [panel]}, results)
    assert drawn.runs == ["rent-b", "kinds-a"]
    for value, label in said.values():
        assert value in drawn.alt and label in drawn.svg
    other = {"metric": "test_balanced_accuracy", "of": {"sweep": "all"}, "source": "x"}
    metric = {"metric": "test_metric", "of": {"sweep": "rates", "where": {"learning_rate": 0.01}}}
    made_up = claims(
        {"rule": {"value": metric | {"source": "x"}}, "source": {"x": {"value": "0.11"}}},
        {"id": "two", "rule": {"value": other}, "source": {"x": {"value": "96.5", "unit": "%"}}},
    )
    one, two = judge_claims(made_up, results)
    assert one["pieces"][0]["unit"] == "€" and one["verdict"] == "reproduced"
    assert two["verdict"] == "not testable" and "2 runs match" in two["why"]


def test_curves_are_blank_where_they_ended(results):
    curves = results.curves("rent-a", "train_loss")
    assert curves.shape == (3, 4)
    np.testing.assert_array_equal(curves[0], [0.4, NAN, NAN, NAN])
    errors = results.curves("kinds-a", "train_error")
    np.testing.assert_allclose(errors, [[0.5, 0.4, 0.2, 0.04]] * 2)
    assert results.curves("absent", "train_loss").size == 0


def test_measures_of_curves_see_every_value(results):
    assert results.values("final_train_loss", "rent-a") == {0: math.inf, 1: 0.9, 2: 6}
    assert results.values("early_train_loss", "rent-a")[0] == 0.4
    assert results.values("epochs_to_learn", "rent-b") == dict.fromkeys(range(3), 4)
    assert results.values("epochs_to_learn", "kinds-a") == {0: 4, 1: 4}


def test_outcomes_are_counted_a_run(results):
    assert results.outcomes_of("rent-a") == {0: "diverged", 1: "failed", 2: "diverged"}
    assert results.outcomes_of("rent-a", margin=0.05)[1] == "learned"
    frame = tables.outcomes(results, "rates")
    assert frame["run"].tolist() == ["rent-a", "rent-b"]
    assert frame["outcome"].tolist() == ["diverged", "learned"]
    assert frame["failed"].tolist() == pytest.approx([1 / 3, 0])
    assert "learning_rate" in frame and "module" not in frame
    assert tables.outcomes(results, "absent").empty


def test_absent_tables_are_empty_and_still_have_their_columns(folder):
    for name in ("history.parquet", "timing.csv", "cost.csv"):
        (folder / name).unlink()
    results = tables.read_results(folder)
    assert results.timing.empty and "seconds_per_epoch" in results.timing
    assert results.values("seconds_per_epoch", "rent-b") == {}
    assert results.interval("final_train_loss", "rent-b").n == 0
    assert results.outcomes_of("rent-b") == {}
    assert results.interval("core_seconds").centre == 0
    assert tables.cost_summary(results.cost) is None
    assert results.claims == [] and results.misread.empty


@pytest.mark.parametrize(("name", "content", "message"), [
    ("runs.csv", None, "found no runs.csv; allowed: the results folder"),
    ("study.json", None, "found no study.json; allowed: the results folder"),
    ("runs.csv", "", "found no rows"),
    ("runs.csv", "run,problem,sweeps\n", "found no rows"),
    ("timing.csv", 'a,b\n"1', "not a whole table"),
    ("history.parquet", "PAR1", "not a whole table"),
    ("study.json", "{", "not a whole JSON file"),
    ("study.json", '{"problems": {}, "sweeps": {}}', "found no parameters; allowed: as this"),
])  # fmt: skip
def test_a_broken_file_is_named(folder, name, content, message):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(TunebookError, match=f"{folder}.*: {message}"):
        tables.read_results(folder)


def test_history_and_cost_are_those_of_every_block(results):
    runs = results.history["run"].tolist()
    assert list(dict.fromkeys(runs)) == ["rent-b", "rent-a", "kinds-a"]
    assert len(runs) == 12 + 10 + 8
    assert results.cost.iloc[0].to_dict() == {
        "run": "rent-a", "first": 0, "last": 2, "started": 100.0, "finished": 115.0,
        "train_seconds": 10.0, "job_seconds": 15.0, "threads": 2,
    }  # fmt: skip
    summary = tables.cost_summary(results.cost)
    assert summary["busy"] == [(2, 15), (4, 15)], "the pause between them took no time"
    assert (summary["wall_seconds"], summary["core_seconds"], summary["blocks"]) == (30, 90, 3)
    assert (summary["share"], summary["finished"]) == (pytest.approx(2 / 3), 215)


def test_joined_tables_keep_their_types_where_some_are_empty():
    empty = pd.DataFrame(columns=["run", "row"])
    whole = pd.DataFrame({"run": ["a"], "row": [1]})
    assert tables.joined([empty, whole])["row"].dtype == int
    assert list(tables.joined([empty, empty])) == ["run", "row"]


def importance_of(error):
    """The importance of 40 runs whose validation error is a function of number and rate."""
    draw_one = np.random.default_rng(0).choice
    settings = [(i, draw_one([0.1, 0.01, 0.001]), draw_one([0.0, 0.2])) for i in range(40)]
    runs = (
        run(
            f"run-{i}", "a", learning_rate=rate, dropout=dropout, validation_metric=[error(i, rate)]
        )
        for i, rate, dropout in settings
    )
    table = importance_table(made_up(*runs))
    return table[table["problem"] == "prices"]


def test_the_hyper_parameter_that_changes_the_error_matters_most():
    table = importance_of(lambda i, rate: rate**2)
    assert table["hyper_parameter"].tolist() == ["learning_rate", "dropout"]
    assert table["mean"].iloc[0] > 1 > 0.1 > abs(table["mean"].iloc[1])
    assert table["explained"].iloc[0] > 0.9
    assert table["runs"].tolist() == [40, 40]


@pytest.mark.parametrize(("error", "reason"), [
    (lambda i, rate: 0.5, "same"),
    (lambda i, rate: NAN, "few"),
    (lambda i, rate: 1 + i * 7919 % 40, "unexplained"),  # follows from nothing
    (lambda i, rate: NAN if rate == 0.1 else 0.5, "same"),  # without an error: as the worst
])  # fmt: skip
def test_without_importance_there_is_a_reason(error, reason):
    table = importance_of(error)
    assert table["reason"].tolist() == [reason]
    assert table["hyper_parameter"].isna().all()


def test_few_runs_have_no_importance(results):
    assert importance_table(results)["reason"].tolist() == ["few", "few"]
