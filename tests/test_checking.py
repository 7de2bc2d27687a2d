"""`snakemake check`: what is written still agrees with what was run, or every finding is named."""

import json
import math
import re
from collections import Counter

import pandas as pd
import pytest
import yaml

import made_up
from made_up_report import FACTS, TEMPLATES, write_results
from project import Project, copy_of
from tunebook.checking.findings import findings
from tunebook.checking.known import typed_results
from tunebook.checking.typed import typed_numbers
from tunebook.claims.coverage import coverage
from tunebook.claims.read import load_claims
from tunebook.jobs import read_json
from tunebook.report.page import render_report

# A table of the study's own, so that it is no stand-in: y follows x.
ROWS = pd.DataFrame({"x": range(137), "y": [3 * x + (x * 7) % 11 for x in range(137)]})
STUDY = {
    "datasets": {"ames": None, "lines": {"files": {"lines.csv": {"path": "lines.csv"}}}},
    "problems": {
        "houses": {"dataset": "lines", "target": "y", "inputs": ["x"], "replicates": 3},
    },
    "timing": {"sweeps": [], "epochs": 1, "repetitions": 1},
}  # fmt: skip


def claim(name, rate, **more):
    learned = {"property": "learned", "margin": 0.1}
    about = {"sweep": "rates", "where": {"learning_rate": rate}}
    entry = {"id": name, "title": name, "claim": "It learns.", "rule": {"shape": learned}}
    learned["of"] = about
    return entry | more


def write_claims(project, *entries):
    project.path("config/claims.yaml").write_text(yaml.safe_dump([*entries], sort_keys=False))


def write_article(project, text):
    project.path("config/article.md").write_text(text)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that has been checked, and is as expected; `said`: what was told."""
    project = Project(tmp_path_factory.mktemp("checking") / "finished", STUDY)
    ROWS.to_csv(project.path("config/lines.csv"), index=False)
    write_claims(
        project, claim("learns", 0.01, claim="At {rate}.", source={"rate": {"value": "7"}})
    )
    write_article(project, '# The lines\n\nHere is {{ claim("learns") }}.\n')
    project.said = project.run("check").stdout
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study, to be changed."""
    return copy_of(finished, tmp_path / "study")


def found_by(project):
    """The lines of the one error that a check ends with."""
    done = project.run("check", check=False)
    assert done.returncode
    text = done.stdout.partition("Error: check: ")[2].partition(" (log: ")[0]
    return text.splitlines()


def test_a_study_that_is_as_expected_passes_in_a_line_each_time_and_makes_no_page(finished):
    summary = "check: 1 claim, all as expected; 0 of 1 values of the source tested by a rule; "
    assert summary + "no result typed by hand in config/article.md" in finished.said
    assert not finished.results("report.html").exists()
    assert finished.planned("check")[0] == Counter(check=1), "asked again, it is done again"


def test_everything_that_does_not_agree_is_named_at_once_with_what_to_do(project):
    runs = pd.read_csv(project.results("runs.csv"))
    rmse = runs[runs["learning_rate"] == 0.001]["test_rmse"].mean()
    verdict = read_json(project.results("claims.json"))[0]["verdict"]
    other = "reproduced" if verdict != "reproduced" else "not reproduced"
    write_claims(
        project,
        claim("differs", 0.01, expected=other),
        claim("lost", 0.5, expected="reproduced"),
        claim("unused", 0.01, source={"spare": {"value": "4.25", "unit": "%"}}),
    )
    write_article(project, f"# The lines\n\nOf 137 rows, some\nare {rmse:.2f} off.\n")
    count, *lines = found_by(project)
    assert count == "5 findings:"
    assert lines[0].startswith(f"config/claims.yaml: differs: found {verdict}, expected {other}; ")
    assert lines[1].startswith("config/claims.yaml: lost: has lost its runs. Cannot be tested here")
    assert "no run with learning_rate = 0.5" in lines[1]
    assert lines[1].endswith("or write expected: not testable")
    assert lines[2].startswith("config/claims.yaml: unused: source.spare (4.25 %) is used by no ")
    assert lines[3].startswith(
        "config/article.md, line 3: found 137 rows, typed by hand, and known as rows of"
    )
    assert 'write {{ table("problems") }} in its place' in lines[3]
    assert lines[4].startswith(
        f"config/article.md, line 4: found {rmse:.2f}, typed by hand, and known as "
    )
    door = 'number("test_rmse", sweep="rates", where={"learning_rate": 0.001})'
    assert f"write {{{{ {door} }}}} in its place" in lines[4]

    # Each can be mended as it is told, and what is meant to stay can be said.
    write_claims(
        project,
        claim("differs", 0.01, expected=verdict),
        claim("lost", 0.5, expected="not testable"),
        claim("unused", 0.01, claim="{spare} less.", source={"spare": {"value": "4.25"}}),
    )
    text = "{# typed: as the table has them #}\nOf 137 rows, some\n\nare {{ %s }} off.\n"
    write_article(project, text % door)
    assert "check: 3 claims, all as expected; " in project.run("check").stdout


def test_made_up_data_are_named_where_a_verdict_differs():
    claims = made_up.claims({"rule": {"untestable": "no"}, "expected": "reproduced"})
    results = made_up.results(made_up.run("a", "a"))
    entry = {"id": "one", "expected": "reproduced", "verdict": "undecided", "data": "sample",
             "why": "Because.", "pieces": [{}], "shown": []}  # fmt: skip
    results.claims = [entry]
    [line] = of(results, claims)
    assert "one: found undecided on stand-in data, expected reproduced; bring the real" in line
    results.claims = [entry | {"data": "real", "verdict": "reproduced"}]
    assert not of(results, claims)


def of(results, claims):
    for each in results.claims:  # numbers that no article is held against here
        each["pieces"] = each["pieces"] or []
    return findings(results, claims)


# How much of the source is tested


COVERED = {
    "title": "T", "claim": "From {told} on.",
    "source": {name: {"value": value} for name, value in {
        "named": "8", "of_runs": "0.3", "of_with": "1-2", "told": "5", "shown": "6", "why": "7",
        "nowhere": "9", "adam": "rises",
    }.items()},
    "rule": {"all": [
        {"order": {"metric": "test_metric", "lower": {"sweep": "a", "where": {"dropout": 0.3}},
                   "than": {"sweep": "b"}, "by": "named"}},
        {"fact": {"check": "possible", "of": {"sweep": "a"}, "with": {"channels": [1, 2]}}},
        {"trend": {"metric": "nowhere", "along": "width", "of": {"sweep": "a"},
                   "direction": "rises"}},
    ]},
    "evidence": [{"value": {"metric": "test_metric", "of": {"sweep": "a"}, "source": "shown"}}],
    "why": {"undecided": "As {why}."},
}  # fmt: skip


def test_a_value_is_tested_where_a_rule_names_it_or_looks_at_runs_that_have_it():
    found = coverage(made_up.claims(COVERED))
    names = [[name for _, name, _ in group] for group in vars(found).values()]
    assert names == [
        ["named", "of_runs", "of_with"], ["told", "shown", "why"], ["nowhere", "adam"],
    ]  # fmt: skip
    assert found.total == 8


def test_the_report_says_how_much_of_the_source_is_tested(tmp_path):
    results, provenance, claims = write_results(tmp_path)
    written = json.loads((tmp_path / "claims.yaml").read_text())
    written["claims"][0]["source"]["later"] = {"value": "5", "unit": "%"}
    written["claims"][0]["claim"] = "Later {later}."
    (tmp_path / "claims.yaml").write_text(json.dumps(written))
    configuration = {"study": {"title": "T", "source": "S", "seed": 0}}

    def page(claims):
        given = (results, None, claims, (), configuration, provenance, FACTS, TEMPLATES)
        return re.sub("<[^>]+>", "", render_report(*given))

    many = len(claims.claims)
    assert f"{many} of {many} values of the source are tested by a rule.\n" in page(claims)
    told = f"{many} of {many + 1} values of the source are tested by a rule; told, not tested: 5 %."
    assert told in page(load_claims(tmp_path / "claims.yaml"))


# Which numbers of an article are typed


TEXT = """\
{# 97.1 % #}
## 2.15 A heading with 4.25 %

Right in 97.1 %, `97.2 %`, [97.3 %](http://x.org/97.4%) and **97.5** % of {{ number("97.6 %") }}
and {{ a }}97.7 times, 1,234 or $24,300 or 0.5.

    97.8 % is code

| a | b |
|---|---|
| 1 | 3.20 × 10⁻⁷ |

{% if x %}
2e-3 s and 12-fold, 1.2.3, 2026-01-02, 16-32-64, v0.25, section 3.14, 12, 7 rows, 99.
{% endif %}

Bands are 95 % intervals, at a 90 % confidence level.

A line 41.1 {# typed: of the source #}
A line 42.1
{#- typed: of
the source -#}
A line 43.1

A line 44.1 {# typed: #}
"""


def test_numbers_are_suspected_that_stand_in_the_text_and_could_be_results():
    found = [(typed.line, typed.text) for typed in typed_numbers(TEXT)]
    assert found == [
        (2, "4.25 %"), (4, "97.1 %"), (4, "97.5 %"), (5, "97.7 times"), (5, "1,234"),
        (5, "$24,300"), (5, "0.5"), (11, "3.20 × 10⁻⁷"), (14, "2e-3 s"), (20, "42.1"),
        (25, "44.1"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def known():
    """(results, claims) that articles are held against."""
    errors = [0.0123, 0.0124, 0.0125]
    results = made_up.results(
        made_up.run("a", "rates", test_metric=errors, test_rmse=24_312.0, learning_rate=0.01),
        made_up.run("b", "rates", test_metric=0.5, learning_rate=0.001, replicates=3),
        made_up.run("c", "images", "images", test_metric=[0.9594] * 3, parameters=4711),
        made_up.run("d", "images", "images", test_metric=0.6184, beta2=0.99, replicates=3),
        best={"images": "c"}, core_seconds=[372.0],
    )  # fmt: skip
    source = {"value": "97", "unit": "%"}, {"value": "0.0030"}, {"value": "0.01"}, {"value": "5"}
    names = ("accuracy", "error", "learning_rate", "small")
    rule = {"value": {"metric": "test_metric", "of": made_up.of("images"), "source": "accuracy"}}
    return results, made_up.claims({"rule": rule, "source": dict(zip(names, source, strict=True))})


BEST = 'number("test_accuracy", run="best", problem="images")'
OTHER = 'number("test_accuracy", sweep="images", where={"beta2": 0.99})'
RATE = 'sweep="rates", where={"learning_rate": 0.01}'
# {a typed number: what an article says in its place}
DOORS = {
    # The run that was chosen stands first in the report: two figures and a unit are enough.
    "95.9 %": BEST, "96 per cent": BEST, "0.9594": BEST, "95.94": BEST, "0.96": BEST,
    "61.8 %": OTHER, "61.84 percent": OTHER,
    "$24,300": f'number("test_rmse", {RATE})', "24,312": f'number("test_rmse", {RATE})',
    "0.0124": f'number("test_mse", {RATE})', "1.24 × 10⁻²": f'number("test_mse", {RATE})',
    "4,711 parameters": BEST.replace("test_accuracy", "parameters"),
    "6.20 min": 'number("core_seconds")', "372 s": 'number("core_seconds")',
    "97 %": 'claim("one")', "0.0030": 'claim("one")', "0.01": 'setting("learning_rate", sweep=…)',
    "100 rows": 'table("problems")',
}  # fmt: skip
# Numbers of too few figures, other numbers, other units, settings, and small whole numbers.
INNOCENT = (
    "62 %", "95.8 %", "95.95 %", "95.9 times", "95.9 s", "$24,500", "4,710", "50 %", "1,000",
    "0.99", "0.001", "5", "3", "3 replicates", "12", "1991", "2,000", "98 %", "6 min", "0.003 s",
)  # fmt: skip


@pytest.mark.parametrize("text", [*DOORS, *INNOCENT])
def test_a_typed_number_is_known_if_it_equals_a_result_in_its_unit_as_it_is_rounded(
    known, tmp_path, text
):
    article = tmp_path / "article.md"
    article.write_text(f"{{{{ see() }}}}\nIt is {text} here.\n")
    found = typed_results(article, *known)
    assert [(typed.line, known.door) for typed, known in found] == (
        [(2, DOORS[text])] if text in DOORS else []
    )


def test_pieces_of_claims_and_baselines_are_results(known, tmp_path):
    results, claims = known
    piece = {"number": 8.1234, "low": 7.0512, "high": None, "unit": "times", "rule": "ratio",
             "about": "how much", "metric": "", "runs": []}  # fmt: skip
    results.claims = [{"id": "one", "pieces": [piece], "shown": []}]
    results.baselines = pd.DataFrame(
        {"problem": "images", "baseline": "forest", "test_accuracy": [0.8764, math.nan]}
    )
    article = tmp_path / "article.md"
    article.write_text("8.1 times, 7.05 times, 7.1 times; 87.64 % and 87 %\n")
    assert [(typed.text, known.door) for typed, known in typed_results(article, *known)] == [
        ("8.1 times", 'claim("one")'), ("7.05 times", 'claim("one")'),
        ("87.64 %", 'table("baselines", problem="images")'),
    ]  # fmt: skip
