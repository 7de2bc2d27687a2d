"""Two studies compared: what was added, removed, changed, moved and flipped."""

import json

import pandas as pd
import pytest

from made_up_report import FACTS, HOSTILE, TEMPLATES, write_results
from test_report import alter as alter_json
from test_report import check_whole
from tunebook.jobs import TunebookError
from tunebook.report.compare import compare, render_comparison

LENGTHS, KINDS = "mse", "balanced_accuracy"


@pytest.fixture
def study(tmp_path):
    return write_results(tmp_path / "now")[0]


@pytest.fixture
def other(tmp_path):
    return write_results(tmp_path / "before")[0]


def alter(results, change):
    """Read runs.csv of a results folder, change it, and write it back."""
    table = pd.read_csv(results / "runs.csv", dtype={"batch_size": str})
    change(table).to_csv(results / "runs.csv", index=False)


def whole_page(found):
    page = render_comparison(found, FACTS, TEMPLATES)
    check_whole(page)
    return page


def test_a_study_does_not_differ_from_itself(study, other):
    found = compare(study, other)
    assert not any(found[key] for key in ("added", "removed", "changed", "moved", "flipped"))
    assert len(found["shared"]) == 22 and found["within"] > 0
    page = whole_page(found)
    assert "No verdict flipped." in page and "Both studies hold the same configurations." in page


def test_a_metric_moves_only_beyond_both_intervals(study, other):
    run = pd.read_csv(study / "runs.csv").query("problem == 'lengths'")["run"].iloc[0]

    def scaled(factor):
        def change(table):
            table.loc[table["run"] == run, f"test_{LENGTHS}"] *= factor
            return table

        return change

    alter(study, scaled(1.001))
    assert compare(study, other)["moved"] == []
    alter(study, scaled(3))
    (moved,) = compare(study, other)["moved"]
    assert (moved["run"].name, moved["split"], moved["beyond"]) == (run, "test", "worse")
    (back,) = compare(other, study)["moved"]
    assert back["beyond"] == "better"
    assert "Metrics that moved beyond their intervals." in whole_page(compare(study, other))


def test_a_higher_accuracy_is_better(study, other):
    worse = {f"test_{KINDS}": 0.5}
    alter(study, lambda table: table.assign(**worse).where(table["problem"] == "kinds", table))
    moved = compare(other, study)["moved"]
    assert moved and all(each["beyond"] == "better" for each in moved)


def test_a_metric_that_is_finite_in_one_study_only_has_moved(study, other):
    alter(study, lambda table: table.assign(**{f"test_{LENGTHS}": float("nan")}))
    assert {each["beyond"] for each in compare(study, other)["moved"]} == {"worse"}
    assert {each["beyond"] for each in compare(other, study)["moved"]} == {"better"}


def test_two_replicates_have_no_interval_to_leave(tmp_path):
    paths = [write_results(tmp_path / name, replicates=2)[0] for name in "ab"]
    alter(paths[0], lambda table: table.assign(**{f"test_{LENGTHS}": table[f"test_{LENGTHS}"] * 9}))
    found = compare(*paths)
    assert found["moved"] == [] and found["single"] > 0


def test_another_value_in_the_place_of_a_run_is_a_change(study, other):
    old, *others = json.loads((other / "study.json").read_text())["sweeps"]["own"]["runs"]

    def change(table):
        table.loc[table["run"] == old, "breadth"] = 16
        return table.assign(run=table["run"].replace(old, "kinds-new"))

    alter(study, change)
    replaced = {"runs": ["kinds-new", *others]}
    alter_json(study / "study.json", lambda about: about["sweeps"]["own"].update(replaced))
    found = compare(study, other)
    (changed,) = found["changed"]
    assert (changed["before"].name, changed["after"].name) == (old, "kinds-new")
    assert changed["settings"] == {"breadth": (4, 16)}
    assert found["added"] == [] and found["removed"] == []
    assert "Breadth: 4 → 16" in whole_page(found)


def test_runs_of_one_study_only_are_added_or_removed(study, other):
    gone = json.loads((other / "study.json").read_text())["sweeps"]["own"]["runs"][-1]
    alter(other, lambda table: table[table["run"] != gone])
    assert [run.name for run in compare(study, other)["added"]] == [gone]
    assert [run.name for run in compare(other, study)["removed"]] == [gone]
    assert "Configurations that were removed." in whole_page(compare(other, study))


def test_a_flipped_verdict_is_told_with_both_reasons(study, other):
    flipped = {"verdict": "reproduced", "why": "Now it is."}
    alter_json(study / "claims.json", lambda claims: claims[2].update(flipped))
    found = compare(study, other)
    ((before, after),) = found["flipped"]
    assert (before["verdict"], after["verdict"]) == ("not reproduced", "reproduced")
    page = whole_page(found)
    for text in ("Now it is.", "Why not-reproduced.", "The title of not-reproduced", "91.00 %"):
        assert text in page


def test_claims_of_one_study_only_are_named(study, other):
    alter_json(other / "claims.json", lambda claims: claims.pop(0))
    found = compare(study, other)
    assert [claim["id"] for claim in found["claims_added"]] == ["reproduced"]
    assert "Only in this study: <code>reproduced</code>" in whole_page(found)


def test_stand_ins_beside_real_data_are_noted(tmp_path, other):
    sample = write_results(tmp_path / "sample", kind="sample")[0]
    assert "on stand-in data, the other not" in whole_page(compare(sample, other))


def test_a_page_of_everything_at_once_is_whole(tmp_path, study):
    other = write_results(tmp_path / "wide", problems=("lengths",), seed=1)[0]
    alter(other, lambda table: table.assign(optimizer=HOSTILE))
    assert "<script>alert" not in whole_page(compare(study, other))


def test_a_folder_that_is_no_study_is_named(study, tmp_path):
    with pytest.raises(TunebookError, match=r"empty: found no runs\.csv"):
        compare(study, tmp_path / "empty")
