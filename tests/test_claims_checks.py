"""Statements that cannot be tested are refused, by name, before anything is trained."""

import copy
from pathlib import Path

import pytest
import yaml

from made_up_runs import rows, run
from tunebook.claims import check_claims, load_claims
from tunebook.configuration import check_configuration, read_yaml
from tunebook.jobs import TunebookError
from tunebook.study import expand

ROOT = Path(__file__).parent.parent
CLAIMS = ROOT / "config/claims.yaml"
RATE = {"sweep": "rates", "where": {"learning_rate": 0.01}}
ENTRY = {
    "id": "one",
    "section": "2.2",
    "statement": "A is better than B.",
    "claimed": "better",
    "source": {"gain": {"value": "8", "unit": "%"}},
    "rule": {"order": {"metric": "test_metric", "lower": RATE, "than": {"sweep": "deep"}}},
    "why": {"reproduced": "yes", "not reproduced": "no", "undecided": "open"},
}
RUNS = rows(
    run("slow", "rates", learning_rate=0.001),
    run("fast", "rates", learning_rate=0.01),
    run("deep", "deep", widths=[100] * 5),
    run("gaussian", "gaussian", loss="gaussian"),
    run("images", "images", problem="digits"),
)
SWEEPS = ["rates", "deep", "gaussian", "images"]


def with_rule(rule, **more):
    return copy.deepcopy(ENTRY) | {"rule": rule} | more


def check(entry, runs=RUNS, sweeps=SWEEPS, timed=(), **more):
    check_claims({"statements": [entry], "traps": []}, runs, sweeps, timed, **more)


def load(tmp_path, *entries, traps=()):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"statements": list(entries), "traps": list(traps)}))
    return load_claims(path)


def edited(**changes):
    return copy.deepcopy(ENTRY) | changes


def order(**changes):
    return {"order": copy.deepcopy(ENTRY["rule"]["order"]) | changes}


def test_a_whole_statement_passes(tmp_path):
    claims = load(tmp_path, ENTRY)
    check_claims(claims, RUNS, SWEEPS)
    assert claims["statements"] == [ENTRY]


GAUSSIAN = {"sweep": "gaussian"}
TREND = {"metric": "test_metric", "of": {"sweep": "rates"}, "direction": "falls"}
REFUSED = {
    "unknown sweep": (order(than={"sweep": "absent"}), ["sweep absent", "deep, gaussian"]),
    "no such run": (
        order(lower={"sweep": "rates", "where": {"learning_rate": 0.1}}),
        ["no run with learning_rate = 0.1", "0.001, 0.01"],
    ),
    "no run with both": (
        order(lower={"sweep": "rates", "where": {"learning_rate": 0.01, "widths": [10]}}),
        ["no run with widths = 10", "100"],
    ),
    "several runs": (
        order(lower={"sweep": "rates"}),
        ["2 runs match where one is needed", "also fixes learning_rate"],
    ),
    "unknown hyper-parameter": (
        order(lower={"sweep": "rates", "where": {"rate": 0.01}}),
        ["where.rate", "learning_rate"],
    ),
    "unknown metric": (order(metric="test_error"), ["found test_error", "test_metric"]),
    "a metric of other runs": (
        order(metric="variance_spread"),
        ["variance_spread needs runs with loss = gaussian", "fast"],
    ),
    "a metric of the other problem": (
        {
            "value": {
                "metric": "test_rmse_dollars",
                "of": {"sweep": "images"},
                "source": "gain",
            }
        },
        ["test_rmse_dollars needs runs with problem = houses"],
    ),
    "a curve's ratio of a loss that can be negative": (
        {"shape": {"property": "overfits", "rise": 0.2, "of": GAUSSIAN}},
        ["never negative", "loss = gaussian"],
    ),
    "a time that was not taken alone": (
        order(metric="seconds_per_epoch"),
        ["timed alone", "timing.sweeps"],
    ),
    "a study's metric of one run": (order(metric="core_seconds"), ["of the whole study"]),
    "two problems": (order(than={"sweep": "images"}), ["two problems"]),
    "one point": (
        {"trend": TREND | {"of": RATE, "along": "learning_rate"}},
        ["two points or more", "found one: 0.01"],
    ),
    "unknown axis": ({"trend": TREND | {"along": "loss"}}, ["along: found loss", "learning_rate"]),
    "an axis that the runs share": (
        {"trend": TREND | {"along": "width"}},
        ["2 runs share one width", "fixes learning_rate"],
    ),
    "an axis that the runs have not": (
        {"trend": TREND | {"of": {"sweep": "images"}, "along": "width"}},
        ["images", "has no width"],
    ),
    "a correlation that is none": (
        {"trend": {"correlation": "test_metric", "of": RATE, "direction": "falls"}},
        ["correlation: found test_metric", "rank_variance_GrLivArea"],
    ),
    "unknown source value": (order(by="more"), ["source: more", "gain"]),
    "both sides": (order(higher=RATE), ["lower and higher", "exactly one"]),
    "no side": (
        {"order": {"metric": "test_metric", "than": {"sweep": "deep"}}},
        ["none of lower, higher"],
    ),
    "two limits": (order(by=1, within=1), ["by and within"]),
    "a property without its margin": (
        {"shape": {"property": "learned", "of": RATE}},
        ["shape.margin: missing"],
    ),
    "a margin without its property": (
        {"shape": {"property": "diverged", "margin": 0.1, "of": RATE}},
        ["shape.margin: has no meaning here"],
    ),
    "a fact about no convolution": (
        {"fact": {"check": "possible", "of": RATE, "with": {"padding": 0}}},
        ["convolutional", "fast"],
    ),
    "a default that the optimizer has not": (
        {"fact": {"check": "default", "of": RATE, "keys": ["momentum"]}},
        ["keys: found momentum", "beta1"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_tested_is_refused(name):
    rule, told = REFUSED[name]
    with pytest.raises(TunebookError) as refusal:
        check(with_rule(rule))
    for text in ["claims: one: ", *told]:
        assert text in str(refusal.value)


def test_the_part_that_cannot_be_tested_is_named():
    rule = {"all": [ENTRY["rule"], {"about": "the other", **order(than={"sweep": "absent"})}]}
    with pytest.raises(TunebookError, match=r"claims: one: order \(the other\): sweep absent"):
        check(with_rule(rule))


def test_evidence_is_checked_like_the_rule():
    measure = {"measure": {"metric": "test_metric", "of": {"sweep": "absent"}}}
    with pytest.raises(TunebookError, match="claims: one: measure: sweep absent"):
        check(with_rule(ENTRY["rule"], evidence=[measure]))


def test_missing_runs_can_be_allowed_but_nothing_else():
    missing = {"missing": "not testable"}
    check(with_rule(order(than={"sweep": "absent"})), **missing)
    check(with_rule({"trend": TREND | {"of": RATE, "along": "learning_rate"}}), **missing)
    with pytest.raises(TunebookError, match="unknown hyper-parameter"):
        check(with_rule(order(than={"sweep": "deep", "where": {"rate": 1}})), **missing)


def test_timed_runs_may_be_compared():
    check(with_rule(order(metric="seconds_per_epoch")), timed=["rates", "deep"])


def test_a_where_matches_however_the_value_is_written():
    for where in ({"widths": [100] * 5}, {"depth": 5}, {"widths": "100-100-100-100-100"}):
        check(with_rule(order(than={"sweep": "deep", "where": where})))
    check(with_rule(order(lower={"sweep": "rates", "where": {"learning_rate": "0.01"}})))


UNREADABLE = {
    "an unknown key": (edited(verdict="reproduced"), "statements[0].verdict: unknown key"),
    "a missing key": (
        {key: ENTRY[key] for key in ENTRY if key != "claimed"},
        "statements[0].claimed: missing",
    ),
    "an unknown rule": (edited(rule={"guess": {}}), "statements[0].rule.guess: unknown key"),
    "a rule of two kinds": (
        edited(rule=ENTRY["rule"] | {"untestable": "so"}),
        "one: rule: found order, untestable",
    ),
    "a rule of no kind": (edited(rule={"about": "it"}), "one: rule: found none"),
    "a wrong type": (edited(rule=order(metric=3)), "rule.order.metric: found 3"),
    "a factor of one": (
        edited(rule={"value": {"metric": "core_seconds", "source": "gain", "factor": 1}}),
        "more than 1",
    ),
    "an id with markup": (edited(id="<b>"), "statements[0].id: found '<b>'"),
    "a section that is a number": (edited(section=2.2), "statements[0].section: found 2.2"),
    "an unknown unit": (
        edited(source={"gain": {"value": "1", "unit": "miles"}}),
        "source.gain.unit: found 'miles'",
    ),
    "a placeholder that nothing fills": (
        edited(why=ENTRY["why"] | {"undecided": "it is {best}"}),
        "one: why.undecided: found {best}",
    ),
    "a part that is not there": (
        edited(why=ENTRY["why"] | {"undecided": "{part2}"}),
        "one: why.undecided: found {part2}",
    ),
    "an attribute in a placeholder": (
        edited(why=ENTRY["why"] | {"undecided": "{part1.__class__}"}),
        "one: why.undecided: found {part1.__class__}",
    ),
    "a broken placeholder": (edited(claimed="so { what"), "one: claimed: "),
    "no sentence for a verdict": (
        edited(why={"reproduced": "yes", "undecided": "open"}),
        "one: why.not reproduced: missing",
    ),
    "a source value with a taken name": (
        edited(source={"measured": {"value": "1"}}),
        "one: source.measured: the name is taken",
    ),
    "no list of statements": ("many", "statements[0]: found 'many'"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused(tmp_path, name):
    entry, told = UNREADABLE[name]
    with pytest.raises(TunebookError) as refusal:
        load(tmp_path, entry)
    assert told in str(refusal.value)
    assert str(refusal.value).startswith("claims: ")


def test_an_id_stands_once(tmp_path):
    with pytest.raises(TunebookError, match="claims: one: stands twice"):
        load(tmp_path, ENTRY, copy.deepcopy(ENTRY))


def test_a_trap_is_about_statements_that_exist(tmp_path):
    trap = {"title": "t", "found": "f", "tested": "t", "statements": ["two"]}
    with pytest.raises(TunebookError, match=r"traps\[0\].statements: found two"):
        load(tmp_path, ENTRY, traps=[trap])


# The project's own statements -------------------------------------------------------------------


@pytest.fixture(scope="module")
def default_study():
    schema = read_yaml(ROOT / "workflow/schemas/config.schema.yaml")
    configuration = read_yaml(ROOT / "config/config.yaml")
    return expand(check_configuration(configuration, schema), schema)


def test_every_statement_can_be_tested_on_the_default_study(default_study):
    claims = load_claims(CLAIMS)
    assert len(claims["statements"]) == 33
    assert len(claims["traps"]) == 6
    timed = default_study.configuration["timing"]["sweeps"]
    check_claims(claims, default_study.rows(), default_study.sweeps, timed)


def test_each_statement_needs_its_sweeps(default_study):
    """Without any one of the sweeps that statements name, the check says which is missing."""
    claims = load_claims(CLAIMS)
    timed = default_study.configuration["timing"]["sweeps"]
    for sweep in ("handout", "rates-deep", "gaussian-depth", "batch-rates"):
        others = [name for name in default_study.sweeps if name != sweep]
        with pytest.raises(TunebookError, match=f"sweep {sweep}: not in this study"):
            check_claims(claims, default_study.rows(), others, timed)


def test_no_source_number_stands_twice():
    """A statement's sentences take the source's numbers from its source values.

    Small whole numbers (five layers, ten classes) are words of the language, not evidence.
    """
    for statement in load_claims(CLAIMS)["statements"]:
        sentences = [statement["statement"], statement["claimed"], *statement["why"].values()]
        for name, entry in statement.get("source", {}).items():
            if len(str(entry["value"])) > 3:
                found = [text for text in sentences if str(entry["value"]) in text]
                assert not found, (statement["id"], name)
