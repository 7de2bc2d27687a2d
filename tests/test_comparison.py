"""Two studies compared: what was added, removed, changed, moved and flipped."""

import pandas as pd
import pytest

from made_up_results import FACTS, TEMPLATES, claims, write_results
from test_report import HOSTILE, check_whole
from tunebook.comparison import compare
from tunebook.jobs import TunebookError
from tunebook.report import render_comparison

SWEEPS = ("best-digits", "rates-deep")


@pytest.fixture
def study(tmp_path):
    return write_results(tmp_path / "now", sweeps=SWEEPS)[0]


@pytest.fixture
def other(tmp_path):
    return write_results(tmp_path / "before", sweeps=SWEEPS)[0]


def alter(results, name, change):
    """Read a table of a results folder, change it, and write it back."""
    table = pd.read_csv(results / f"{name}.csv", dtype={"batch_size": str})
    change(table).to_csv(results / f"{name}.csv", index=False)


def test_a_study_does_not_differ_from_itself(study, other):
    found = compare(study, other, claims())
    assert not any(found[key] for key in ("added", "removed", "changed", "moved", "flipped"))
    assert len(found["shared"]) == found["runs"] and found["within"] > 0


def test_a_metric_moves_only_beyond_both_intervals(study, other):
    run = pd.read_csv(study / "runs.csv").query("problem == 'houses'")["run"].iloc[0]

    def scaled(factor):
        def change(table):
            table.loc[table["run"] == run, "test_metric"] *= factor
            return table

        return change

    alter(study, "runs", scaled(1.001))
    assert compare(study, other)["moved"] == []
    alter(study, "runs", scaled(3))
    (moved,) = compare(study, other)["moved"]
    assert (moved.run.name, moved.column, moved.beyond) == (run, "test_metric", "worse")
    (back,) = compare(other, study)["moved"]
    assert back.beyond == "better"


def test_a_higher_accuracy_is_better(study, other):
    alter(study, "runs", lambda table: table.assign(test_metric=table["test_metric"].where(
        table["problem"] == "houses", 0.5)))  # fmt: skip
    moved = compare(other, study)["moved"]
    assert moved and all(each.beyond == "better" for each in moved)


def test_a_metric_that_is_finite_in_one_study_only_has_moved(study, other):
    alter(study, "runs", lambda table: table.assign(test_metric=float("nan")))
    assert {each.beyond for each in compare(study, other)["moved"]} == {"worse"}
    assert {each.beyond for each in compare(other, study)["moved"]} == {"better"}


def test_two_replicates_have_no_interval_to_leave(tmp_path):
    paths = [write_results(tmp_path / name, sweeps=SWEEPS, replicates=2)[0] for name in "ab"]
    alter(paths[0], "runs", lambda table: table.assign(test_metric=table["test_metric"] * 9))
    found = compare(*paths)
    assert found["moved"] == [] and found["single"] > 0


def test_another_value_in_the_place_of_a_run_is_a_change(study, other):
    old = pd.read_csv(other / "sweeps.csv").query("sweep == 'rates-deep'")["run"].iloc[0]

    def change(table):
        table.loc[table["run"] == old, "learning_rate"] = 0.5
        return table.assign(run=table["run"].replace(old, "houses-new"))

    alter(study, "runs", change)
    alter(study, "sweeps", lambda table: table.assign(run=table["run"].replace(old, "houses-new")))
    found = compare(study, other)
    (changed,) = found["changed"]
    assert (changed.before.name, changed.after.name) == (old, "houses-new")
    assert changed.settings == {"learning_rate": (0.01, 0.5)}
    assert found["added"] == [] and found["removed"] == []


def test_runs_of_one_study_only_are_added_or_removed(study, other):
    sweeps = pd.read_csv(other / "sweeps.csv")
    gone = sweeps.query("sweep == 'rates-deep'")["run"].iloc[-1]
    for name in ("runs", "sweeps"):
        alter(other, name, lambda table: table[table["run"] != gone])
    assert [run.name for run in compare(study, other)["added"]] == [gone]
    assert [run.name for run in compare(other, study)["removed"]] == [gone]


def test_a_flipped_verdict_is_told_with_both_reasons(study, other):
    def change(table):
        table.loc[table["id"] == "mlp-error", ["verdict", "why"]] = ["reproduced", "Now it is."]
        return table

    alter(study, "claims", change)
    found = compare(study, other, claims())
    (flipped,) = found["flipped"]
    assert flipped.before.verdict == "not reproduced" and flipped.after.verdict == "reproduced"
    page = render_comparison(found, FACTS, TEMPLATES)
    check_whole(page)
    assert "Now it is." in page and "Our words for mlp-error." in page


def test_statements_of_one_study_only_are_named(study, other):
    alter(other, "claims", lambda table: table[table["id"] != "mlp-error"])
    found = compare(study, other, claims())
    assert [each.id for each in found["statements_added"]] == ["mlp-error"]


def test_stand_ins_beside_real_data_are_noted(tmp_path, other):
    sample = write_results(tmp_path / "sample", sweeps=SWEEPS, kind="sample")[0]
    page = render_comparison(compare(sample, other), FACTS, TEMPLATES)
    assert "on stand-in data, the other not" in page


def test_a_page_of_everything_at_once_is_whole(tmp_path, study):
    other = write_results(tmp_path / "wide", sweeps=("rates-deep", "batch-size"), epochs=20)[0]
    alter(other, "runs", lambda table: table.assign(optimizer=HOSTILE))
    page = render_comparison(compare(study, other, claims()), FACTS, TEMPLATES)
    check_whole(page)
    assert "<script>alert" not in page


def test_a_folder_that_is_no_study_is_named(study, tmp_path):
    with pytest.raises(TunebookError, match=r"empty: found no runs\.csv"):
        compare(study, tmp_path / "empty")
