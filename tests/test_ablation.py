"""Ablations: which runs they are, what their changes are worth, and how that is told."""

import itertools
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

import made_up as maker
from made_up_report import write_results
from project import SMALL
from test_report import between, render
from tunebook.claims.ablation import ALONE, ANY_ORDER, LAST, Ablation
from tunebook.claims.compare import compare, question_of
from tunebook.evidence import rows
from tunebook.evidence.tables import read_results
from tunebook.jobs import TunebookError
from tunebook.report.ablations import told
from tunebook.report.view import View
from tunebook.study.expand import expand
from tunebook.study.read import check_configuration, merge

CHANGES = {
    "faster": {"learning_rate": 0.1},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05},
    "wider": {"widths": [16, 16]},
}


def study(ablation=CHANGES, **more):
    sweep = {"problem": "houses", "question": "?", "ablation": ablation} | more
    changes = {"sweeps": {"rates": None, "changes": sweep}, "timing": {"sweeps": []}}
    return expand(check_configuration(merge(SMALL, changes)), "config")


# Which runs


def test_combinations_count_in_binary_with_the_first_change_the_slowest():
    changes = CHANGES | {"faster": CHANGES["faster"] | {"epochs": 4}}
    found = study(changes, base={"batch_size": 50}, replicates=3)
    runs = [found.runs[name] for name in found.sweeps["changes"]]
    kept = ("learning_rate", "optimizer", "epochs", "width")
    settings = [tuple(run.settings[key] for key in kept) for run in runs]
    # Where two changes set the same key, the one that is written later counts.
    assert settings == [
        (0.01, "adam", 3, 8), (0.01, "adam", 3, 16), (0.05, "sgd", 3, 8), (0.05, "sgd", 3, 16),
        (0.1, "adam", 4, 8), (0.1, "adam", 4, 16), (0.05, "sgd", 4, 8), (0.05, "sgd", 4, 16),
    ]  # fmt: skip
    assert {run.settings["batch_size"] for run in runs} == {50}
    assert {run.replicates for run in runs} == {3}
    about = found.description()["sweeps"]["changes"]
    assert about["axes"] == ["learning_rate", "epochs", "optimizer", "widths"]
    assert about["ablation"]["changes"]["wider"] == {"widths": "16-16"}
    names = [[], ["wider"], ["sgd"], ["sgd", "wider"], ["faster"], ["faster", "wider"]]
    assert list(about["ablation"]["runs"].values())[:6] == names
    assert list(about["ablation"]["runs"]) == found.sweeps["changes"]


def test_the_same_combinations_as_points_are_the_same_runs():
    changes = {"sgd": {"optimizer": "sgd"}, "wider": {"widths": [16]}}
    points = [{}, {"widths": [16]}, {"optimizer": "sgd"}, {"optimizer": "sgd", "widths": [16]}]
    sweep = {"problem": "houses", "question": "?", "points": points}
    as_points = check_configuration(merge(SMALL, {"sweeps": {"changes": sweep}}))
    found = expand(as_points, "config").sweeps["changes"]
    assert study(changes).sweeps["changes"] == found


ONE = {"faster": {"learning_rate": 0.1}}
BAD = {
    "one change": (ONE, {}, "ablation: found .*; allowed: at least 2 keys"),
    "seven changes": ({f"c{i}": {"epochs": 4 + i} for i in range(7)}, {}, "at most 6 keys"),
    "a change of nothing": (ONE | {"none": {}}, {}, "none: found {}; allowed: at least 1 keys"),
    "a value that cannot be": (
        CHANGES | {"faster": {"learning_rate": -1}}, {},
        "ablation.faster.learning_rate: found -1; allowed: a number more than 0"),
    "an unknown key": (CHANGES | {"faster": {"rate": 1}}, {}, "changes.rate: unknown hyper-param"),
    "a name of no change": ({"A": {"epochs": 4}, "b": {"epochs": 5}}, {}, "allowed: small letters"),
    "what the base has": (
        CHANGES | {"slower": {"learning_rate": 0.01}}, {},
        "ablation: found no change and slower, which are the same run; allowed: combinations th"),
    "what another lays over": (
        CHANGES | {"slower": {"learning_rate": 0.001}}, {},
        r"found slower and faster \+ slower, which are the same run"),
    "axes beside it": (CHANGES, {"axes": {"epochs": [3]}}, "axes: found it beside ablation; allow"),
    "points beside it": (CHANGES, {"points": [{}]}, "changes.points: found it beside ablation"),
    "a grid": (CHANGES, {"grid": True}, "changes.grid: found it beside ablation"),
    "a search": (
        CHANGES, {"search": {"space": {"epochs": {"choice": [3]}}, "trials": 8}},
        "changes.ablation: found it beside search; allowed: one of the two"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_is_refused_before_anything_runs(name):
    ablation, more, message = BAD[name]
    with pytest.raises(TunebookError, match=message) as caught:
        study(ablation, **more)
    assert str(caught.value).startswith("configuration: sweeps.changes.")


# What changes are worth

NAMES = ("one", "two", "three")
COMBINATIONS = [c for many in range(4) for c in itertools.combinations(NAMES, many)]


def finished(value, tmp_path, problem="prices", added=None, diverged=None):
    """The Results of an ablation. value: combination -> test metric of each replicate; added:
    combination -> what test rows add to it [replicates, rows]."""
    runs, has = [], {}
    for place, each in enumerate(COMBINATIONS):
        name, given = f"run-{place}", {"test_metric": list(value(each))}
        lost = (diverged or {}).get(each, ())
        runs.append(maker.run(name, "changes", problem, diverged=lost, **given))
        has[name] = list(each)
    maker.write_results(tmp_path, *runs)
    path = tmp_path / "study.json"
    about = json.loads(path.read_text())
    changes = {name: {"epochs": 4} for name in NAMES}
    about["sweeps"]["changes"] |= {"ablation": {"changes": changes, "runs": has}, "question": "?"}
    if added:
        about["problems"][problem]["split"] = {"test_file": "test.csv"}
        table = [
            {"run": run, "replicate": replicate, "values": list(values)}
            for run, each in has.items()
            for replicate, values in enumerate(added(tuple(each)))
        ]
        pd.DataFrame(table).to_parquet(tmp_path / "rows.parquet", index=False)
    path.write_text(json.dumps(about))
    return read_results(tmp_path)


def some_values():
    random = np.random.default_rng(4)
    return {each: 0.1 + 0.01 * random.random(5) for each in COMBINATIONS}


def centres(found):
    return {(each.changes[0], each.way): each.interval.centre for each in found.effects}


def test_effects_in_any_order_are_shares_of_that_of_all_together(tmp_path):
    random = np.random.default_rng(0)
    values = {each: 0.5 + 0.1 * random.random(5) for each in COMBINATIONS}
    found = Ablation(finished(values.get, tmp_path, "images"), "changes", "test_error")
    assert found.unit == "share" and not found.relative
    told = centres(found)
    mean = {each: -values[each].mean() for each in COMBINATIONS}
    assert told["two", ALONE] == pytest.approx(mean["two",] - mean[()])
    assert told["two", LAST] == pytest.approx(mean[NAMES] - mean["one", "three"])
    # Worked out order by order.
    steps = []
    for order in itertools.permutations(NAMES):
        before = [name for name in NAMES if name in order[: order.index("two")]]
        after = [name for name in NAMES if name in [*before, "two"]]
        steps.append(mean[tuple(after)] - mean[tuple(before)])
    assert told["two", ANY_ORDER] == pytest.approx(np.mean(steps))
    together = sum(told[name, ANY_ORDER] for name in NAMES)
    assert found.whole.interval.centre == pytest.approx(together)
    assert all(each.interval.n == 5 and each.interval.known for each in found.effects)


def test_what_is_told_apart_by_ratios_has_relative_effects_that_multiply(tmp_path):
    luck = np.exp(0.1 * np.random.default_rng(1).normal(size=6))
    factors = {"one": 0.5, "two": 0.8, "three": 1.25}
    results = finished(lambda has: 0.1 * luck * math.prod(map(factors.get, has)), tmp_path)
    found = Ablation(results, "changes", "test_error")
    assert found.unit == "relative" and found.relative
    told = centres(found)
    for (name, _), centre in told.items():
        assert centre == pytest.approx(factors[name] - 1)
    assert found.whole.interval.centre == pytest.approx(math.prod(factors.values()) - 1)
    # Factors that do not depend on each other: nothing is left but rounding, and nothing told.
    assert len(found.beyond) == 3 and found.pairs == []


def test_pairs_that_do_other_than_one_by_one_are_found(tmp_path):
    noise = np.random.default_rng(2).normal(0, 0.001, (8, 5))

    def value(has):
        gain = 0.02 * len(has) + 0.05 * ({"one", "three"} <= {*has})
        return 0.7 + gain + noise[COMBINATIONS.index(has)]

    found = Ablation(finished(value, tmp_path, "images"), "changes", "test_accuracy")
    [pair] = found.pairs
    assert pair.changes == ("one", "three")
    assert pair.interval.centre == pytest.approx(0.05, abs=0.003)
    assert pair.interval.low < 0.05 < pair.interval.high


def test_an_effect_of_two_runs_is_what_claims_say_of_them(tmp_path):
    values = some_values()
    results = finished(values.get, tmp_path)
    found = Ablation(results, "changes", "test_error")
    runs = [found.runs[frozenset(["one"])], found.runs[frozenset()]]
    sides = [np.array([*results.values("test_error", run.name).values()]) for run in runs]
    claimed = compare(question_of(results, "test_error", runs), results, *sides, logs=True)
    alone = found.effects[0].interval
    assert claimed.scope == "on other data of the kind" and found.scopes == {claimed.scope}
    assert [end + 1 for end in alone[:3]] == pytest.approx(list(claimed.interval[:3]))


@pytest.mark.parametrize("logs", [False, True])
def test_intervals_hold_for_other_test_rows_of_their_kind(tmp_path, logs):
    random = np.random.default_rng(3)
    # Rows are as hard in every replicate, and not as hard in every combination.
    luck = random.random((len(COMBINATIONS), 1, 20)) + 0.2 * random.random(
        (len(COMBINATIONS), 5, 20)
    )
    added = np.exp(luck) if logs else (luck < 0.8).astype(float)
    by = dict(zip(COMBINATIONS, added, strict=True))
    known = dict(added=by.get, problem="prices" if logs else "images")
    results = finished(lambda has: by[has].mean(axis=1), tmp_path, **known)
    found = Ablation(results, "changes", "test_metric")
    assert found.relative == logs and found.scopes == {"on other rows of the kind"}
    if logs:
        by = {has: each / each.mean(axis=1, keepdims=True) for has, each in by.items()}
    weight = {0: 1 / 3, 1: 1 / 6, 2: 1 / 3}
    total = 0
    for before in COMBINATIONS:
        if "two" not in before:
            after = tuple(name for name in NAMES if name in {*before, "two"})
            total += weight[len(before)] * (by[after] - by[before])
    runs = [run.name for run in found.runs.values()]
    weights = [(1 if "two" in has else -1) * weight[len(has - {"two"})] for has in found.runs]
    error = results.error_over_rows("test_metric", runs, logs, weights)
    assert error == pytest.approx(rows.over_rows(total)) and error > 0
    narrow = read_results(tmp_path)
    narrow.rows = narrow.rows.iloc[:0]
    inner = Ablation(narrow, "changes", "test_metric")
    for wide, less in zip(found.effects, inner.effects, strict=True):
        assert wide.interval.low <= less.interval.low and less.interval.high <= wide.interval.high
    assert inner.scopes == {"on these rows"}


def test_a_replicate_that_diverged_is_left_out_of_the_effects_that_it_belongs_to(tmp_path):
    values = some_values()
    results = finished(values.get, tmp_path, diverged={("one",): [1], NAMES: [3]})
    found = Ablation(results, "changes", "test_error")
    many = {(each.changes[0], each.way): each.interval.n for each in found.effects}
    assert many["one", ALONE] == 4 and many["two", ALONE] == 5 and many["two", LAST] == 4
    assert many["two", ANY_ORDER] == 3 and found.whole.interval.n == 4 and found.lost == 2


# How it is told


def add_ablation(study, problem="lengths"):
    """Make an ablation of the first four runs of a grid of a made-up report."""
    path = study[0] / "study.json"
    about = json.loads(path.read_text())
    runs = about["sweeps"][f"grid-{problem}"]["runs"][:4]
    has = dict(zip(runs, ([], ["two"], ["first-one"], ["first-one", "two"]), strict=True))
    changes = {"first-one": {"learning_rate": 0.1, "widths": "10-10"}, "two": {"dropout": 0.5}}
    about["sweeps"]["changes"] = {
        "problem": problem, "question": "What is each change worth?", "runs": runs, "grid": False,
        "axes": ["learning_rate", "widths", "dropout"],
        "ablation": {"changes": changes, "runs": has},
    }  # fmt: skip
    path.write_text(json.dumps(about))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    made = write_results(tmp_path_factory.mktemp("report"))
    add_ablation(made)
    return made


def plain(text):
    return " ".join(text.replace("&nbsp;", " ").split())


def cells(table):
    found = re.findall(r"<tr>(.*?)</tr>", table[table.index("<tbody>") :], re.DOTALL)
    rows = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[plain(re.sub("<[^>]+>", " ", each)) for each in row] for row in rows]


@pytest.mark.parametrize(("asked", "measure"), [("", "test_error"), ("gap", "gap")])
def test_a_table_has_a_row_a_change_and_one_of_all(report, asked, measure):
    more = f', measure="{asked}"' if asked else ""
    text = render(report, f'{{{{ table("ablation", sweep="changes"{more}) }}}}')
    table = between(text, "What each change of the sweep “changes”", "</table>")
    found = told(View(read_results(report[0])), "changes", measure)
    assert "Less is better." in table and f"95 % interval {found.scope}" in table
    assert ("relative to what that is without" in table) == (measure == "test_error")
    *rows, whole = cells(table)
    assert [row[0] for row in rows] == ["first one rate 0.1, widths 10 × 2", "two dropout 0.5"]
    for row, (_, _, effects) in zip(rows, found.rows, strict=True):
        for cell, each in zip(row[1:], effects, strict=True):
            assert cell == plain(f"{each.text} {each.interval} n = 5") and each.text[0] in "+−"
    every = plain(f"{found.whole.text} {found.whole.interval} n = 5")
    assert whole == ["All together", "–", "–", every]
    assert ("multiply, as ratios, to" in text) == (measure == "test_error")
    assert "Of 1 pair of changes looked at" in text
    assert text.count("What each change of the sweep") == 1


def test_it_comes_by_itself_where_no_article_places_it(report):
    assert "What each change of the sweep “changes”" in render(report)
    page = render(report, "# Mine")
    assert page.index('<h2 id="further">') < page.index("What each change of the sweep “changes”")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ('sweep="own"', "table: found own, which is no ablation; allowed: an ablation: changes"),
        ("", "table: found no sweep; allowed:"),
        ('sweep="changes", measure="test_eror"', "metric: found test_eror; allowed: one of"),
        ('sweep="changes", measure="train_seconds"', "measured beside other jobs"),
        ('sweep="changes", measure="core_seconds"', "metric: found core_seconds|whole study"),
        ('sweep="changes", measure="seconds_per_epoch"', "needs runs that are timed alone"),
    ],
)
def test_a_table_that_cannot_be_is_refused(report, asked, words):
    comma = ", " if asked else ""
    with pytest.raises(TunebookError, match=rf"article.md, line 1: .*({words})"):
        render(report, f'{{{{ table("ablation"{comma}{asked}) }}}}')


def test_an_ablation_without_values_is_a_note(tmp_path):
    made = write_results(tmp_path, hostile=True)
    add_ablation(made)
    text = render(made, '{{ table("ablation", sweep="changes") }}')
    assert "No change of the sweep “changes” has an effect on test_error" in text
