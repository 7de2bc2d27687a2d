"""A study in which nothing is held out for validation, from its configuration to its report.

Of one of its problems there are rows for validation, and every run is fitted on them too; only the
runs of the last problem are chosen from as in other studies.
"""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import truth
from made_up_report import FACTS, TEMPLATES
from project import PARTS, Project, copy_parts
from tunebook.jobs import read_json
from tunebook.report.compare import compare, render_comparison

STUDY, DATA = Path(__file__).parent / "unvalidated", Path(__file__).parent / "walked/data.py"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The study, run to its report."""
    folder = copy_parts(tmp_path_factory.mktemp("unvalidated") / "study", PARTS)
    shutil.rmtree(folder / "config")
    shutil.copytree(STUDY, folder / "config")
    shutil.copy(DATA, folder / "config")
    made = Project.at(folder, {})
    made.run()
    return made


def report(project):
    """What is read in the report's main part."""
    page = truth.Page(project.results("report.html").read_text()).top
    return " ".join(next(page.nodes("main")).text().split())


def test_every_number_follows_from_the_tables(project):
    assert truth.walk(project.folder / "results", project.path("config/claims.yaml")) == []


def test_none_is_chosen_where_no_run_leaves_rows_for_validation(project):
    problems = read_json(project.results("study.json"))["problems"]
    assert [name for name, about in problems.items() if about["best"]] == ["hues"]
    assert [problems[name]["rows"]["validation"] for name in problems] == [30, 0, 30, 0]
    runs = pd.read_csv(project.results("runs.csv"))
    held = runs.groupby("problem")["validation_loss"].count()
    assert {*held[held > 0].index} == {"hues"}


def test_standard_methods_are_fitted_without_rows_for_validation(project):
    methods = pd.read_csv(project.results("baselines.csv")).groupby("baseline")
    assert methods["fit_seconds"].count().to_dict() == {"line": 6, "logistic": 5, "ridge": 3}
    held = methods[["validation_error_rate", "validation_mse"]].count().sum(axis=1)
    assert {*held[held > 0].index} == {"ridge"}


def test_the_report_says_what_that_means(project):
    told = report(project)
    for start in ("Of Ages every run was fitted on the validation rows too",
                  "Of Glyphs and Prices nothing was held out for validation"):  # fmt: skip
        assert f"{start}, so that no configuration could be chosen" in told
    assert "that of the best would be (no run was chosen)" in told
    assert "with a gap of (no rows were left for validation)" in told
    assert "Which hyper-parameters matter for Glyphs was not asked" in told
    assert told.count("best validation first") == 2  # of the problem that has it, and its sweep
    assert not re.search(r"\bnan\b|none finite", told)


def test_its_claims_figures_and_article_pass_the_check(project):
    verdicts = {each["id"]: each["verdict"] for each in read_json(project.results("claims.json"))}
    assert verdicts["best"] == verdicts["overfits"] == "not testable"
    assert verdicts["reads"] != "not testable" != verdicts["optimizer"]
    assert "4 claims, all as expected" in project.run("check").stdout
    drawn = {path.stem for path in project.results("figures").glob("*.json")}
    assert {"networks", "best", "curves"} <= drawn


def test_without_an_article_the_report_is_made_too(project):
    path = project.path("config/article.md")
    text = path.read_text()
    path.unlink()
    project.run()
    told = report(project)
    path.write_text(text)
    assert "Of Ages every run was fitted on the validation rows too" in told
    assert "The configurations of this sweep, in the order of the study" in told


def test_it_is_compared_with_another_by_its_test_results(project, tmp_path):
    now, before = project.folder / "results", tmp_path / "before"
    ignored = shutil.ignore_patterns("runs", "prepared", "figures")
    shutil.copytree(now, before, ignore=ignored)
    for name in ("runs.csv", "study.json"):
        path = before / name
        path.write_text(
            re.sub(r"(glyphs-dense\S*?lr0\.03-bs30)-\w+", r"\1-other", path.read_text())
        )
    page = render_comparison(compare(now, before), FACTS, TEMPLATES)
    assert "Configurations that changed: test metric before and now" in page
    assert "none finite" not in page and "Validation</th>" not in page
