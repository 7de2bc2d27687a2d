"""What is wrong in a file of claims is an error; what a study cannot test is a verdict."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from made_up_runs import claims, described, of, run
from tunebook.claims import check_claims, load_claims
from tunebook.jobs import TunebookError
from tunebook.study.read import check_configuration, read_chain
from tunebook.study.runs import expand

ROOT = Path(__file__).parent.parent
CLAIMS = ROOT / "config/claims.yaml"
RATE = of("rates", learning_rate=0.01)
ENTRY = {
    "id": "one",
    "title": "A is better than B",
    "claim": "A is better than B.",
    "source": {"gain": {"value": "8", "unit": "%"}, "word": {"value": "adam"}},
    "runs": {"fast": RATE},
    "rule": {"order": {"metric": "test_metric", "lower": "fast", "than": of("deep")}},
}
RUNS = (
    run("slow", "rates", learning_rate=0.001),
    run("quick", "rates", learning_rate=0.01),
    run("deep", "deep", widths=[100] * 5),
    run("gaussian", "gaussian", loss="gaussian"),
    run("scans", "images", problem="images"),
    run("own", "own", model="module", skip=True),
)
TREND = {"metric": "test_metric", "of": of("rates"), "direction": "falls"}
GAUSSIAN = of("gaussian")


def order(**changes):
    return {"order": copy.deepcopy(ENTRY["rule"]["order"]) | changes}


def trend(**changes):
    return {"trend": TREND | changes}


def check(rule, timed=("rates",), **more):
    """{id: reason} of a claim with that rule."""
    study = described(*RUNS, timed=list(timed))
    return check_claims(claims(ENTRY | {"rule": rule} | more), [row for row, _, _ in RUNS], study)


def load(tmp_path, content):
    path = tmp_path / "claims.yaml"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_claims(path)


def test_a_claim_needs_little(tmp_path):
    keys = ("id", "title", "claim", "rule", "runs")
    [claim] = load(tmp_path, [{key: ENTRY[key] for key in keys}]).claims
    assert (claim.section, claim.claimed, claim.expected, claim.why) == ("", "", "", {})
    assert claim.rule.spec["lower"] == RATE


def test_the_measures_that_claims_ask_for_are_known():
    measure = {"measure": {"metric": "test_rmse", "of": RATE}}
    more = {"id": "two", "rule": trend(correlation="rank_variance_area"), "evidence": [measure]}
    more["rule"]["trend"].pop("metric")
    both = claims(ENTRY, more, {"id": "three", "rule": {"untestable": "so"}})
    assert both.metrics == ["test_metric", "rank_variance_area", "test_rmse"]


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "[]", "claims: []"])
def test_a_study_may_have_no_claims(tmp_path, content):
    assert load(tmp_path, content).claims == []
    assert load_claims(tmp_path / "absent.yaml").claims == load_claims(None).claims == []


def test_a_testable_claim_has_no_reason_against_it():
    assert check(ENTRY["rule"]) == {}
    assert check(order(metric="seconds_per_epoch"), timed=["rates", "deep"]) == {}
    assert check({"value": {"metric": "core_seconds", "source": "gain", "factor": 2}}) == {}


@pytest.mark.parametrize(
    "where",
    [
        of("deep", widths=[100] * 5), of("deep", widths="100-100-100-100-100"), of("deep", depth=5),
        of("rates", learning_rate="0.01"), of("own", skip=True),
        {"run": "best", "problem": "prices"},
    ],
)  # fmt: skip
def test_a_run_is_found_however_its_value_is_written(where):
    assert check(order(than=where)) == {}


NOT_TESTABLE = {
    "unknown sweep": (order(than=of("absent")), ["sweep absent: not in this study", "rates, deep"]),
    "no such run": (order(lower=of("rates", learning_rate=0.1)),
                    ["no run with learning_rate = 0.1", "0.001, 0.01"]),
    "no run with both": (order(lower=of("rates", learning_rate=0.01, widths=[10])),
                         ["no run with widths = 10", "100"]),
    "several runs": (order(lower=of("rates")),
                     ["2 runs match where one is needed", "also fixes learning_rate"]),
    "the best run of no problem": (order(lower={"run": "best", "problem": "absent"}),
                                   ["run best: found problem absent", "prices, images"]),
    "the best run of some problem": (order(lower={"run": "best"}), ["prices, images"]),
    "a metric of other runs": (order(metric="variance_spread"),
                               ["variance_spread needs runs with loss = gaussian", "quick"]),
    "a metric of the other task": (order(metric="test_accuracy"), ["found test_accuracy"]),
    "a curve's ratio of a loss that can be negative": (
        {"shape": {"property": "overfits", "rise": 0.2, "of": GAUSSIAN}}, ["never negative"]),
    "a spread of a loss that can be negative": (
        order(metric="train_loss", lower=GAUSSIAN | {"reduce": "spread"}), ["reduce: spread"]),
    "a time that was not taken alone": (order(metric="seconds_per_epoch"), ["timed alone", "deep"]),
    "two problems": (order(than=of("images")), ["two problems"]),
    "one point": (trend(of=RATE, along="learning_rate"), ["two points or more", "0.01 alone"]),
    "an axis that the runs share": (trend(along="width"),
                                    ["2 runs share one width", "fixes learning_rate"]),
    "an axis that the runs have not": (trend(of=of("images"), along="width"), ["scans", "none"]),
    "an axis without an order": (trend(of=of("own"), along="skip"), ["own has", "a number"]),
    "a fact about no convolution": (
        {"fact": {"check": "possible", "of": RATE, "with": {"padding": 0}}},
        ["convolutions", "quick"]),
    "a default that the optimizer has not": (
        {"fact": {"check": "default", "of": RATE, "keys": ["momentum"]}}, ["without momentum"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_TESTABLE)
def test_what_a_study_cannot_test_is_told_and_stops_nothing(name):
    rule, told = NOT_TESTABLE[name]
    momentum = {"momentum": {"value": "0.9"}}
    [(claim, reason)] = check(rule, source=ENTRY["source"] | momentum).items()
    assert claim == "one"
    for text in told:
        assert text in reason


def test_the_piece_that_cannot_be_tested_is_named():
    rule = {"all": [ENTRY["rule"], {"about": "the other", **order(than=of("absent"))}]}
    assert check(rule)["one"].startswith("order (the other): sweep absent")


def test_evidence_that_cannot_be_shown_is_no_reason_against_a_claim():
    measure = {"measure": {"metric": "test_metric", "of": of("absent")}}
    assert check(ENTRY["rule"], evidence=[measure]) == {}


MEANINGLESS = {
    "unknown hyper-parameter": (order(lower=of("rates", rate=0.01)),
                                ["where.rate", "learning_rate", "skip"]),
    "unknown metric": (order(metric="test_eror"), ["found test_eror", "test_error"]),
    "unknown input": (
        {"trend": {"correlation": "rank_variance_rooms", "of": GAUSSIAN, "direction": "falls"}},
        ["found rank_variance_rooms", "rank_variance_area"]),
    "a study's metric of one run": (order(metric="core_seconds"), ["of the whole study"]),
    "a time beside other jobs": (order(metric="train_seconds"), ["training_seconds"]),
    "a run's metric of the study": ({"value": {"metric": "test_metric", "source": "gain"}},
                                    ["without `of`", "core_seconds"]),
    "unknown axis": (trend(along="loss"), ["along: found loss", "learning_rate", "skip"]),
    "a correlation that is none": (
        {"trend": {"correlation": "test_metric", "of": RATE, "direction": "falls"}},
        ["correlation: found test_metric", "rank_variance_INPUT"]),
    "a key that is none": ({"fact": {"check": "configuration", "of": RATE, "keys": ["gain"]}},
                           ["keys: found gain", "batch_size"]),
    "a default of no optimizer": ({"fact": {"check": "default", "of": RATE, "keys": ["gain"]}},
                                  ["keys: found gain", "beta1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_means_nothing_in_any_study_is_refused(name):
    rule, told = MEANINGLESS[name]
    with pytest.raises(TunebookError) as refusal:
        check(rule)
    for text in ["claims.yaml: one: ", *told]:
        assert text in str(refusal.value)


def edited(**changes):
    return copy.deepcopy(ENTRY) | changes


def without(key):
    return {name: value for name, value in ENTRY.items() if name != key}


def shape(**spec):
    return edited(rule={"shape": {"of": RATE, **spec}})


UNREADABLE = {
    "an unknown key": (edited(verdict="reproduced"), "one: verdict: unknown key; allowed"),
    "no title": (without("title"), "one: title: missing"),
    "no id": (without("id"), "claims[0]: id: missing"),
    "an old name": (edited(statement="so"), "one: statement: unknown key"),
    "an unknown rule": (edited(rule={"guess": {}}), "one: rule.guess: unknown key"),
    "a rule of two kinds": (edited(rule=ENTRY["rule"] | {"untestable": "so"}),
                            "exactly one of all, any, value, order"),
    "a rule of no kind": (edited(rule={"about": "it"}), "exactly one of all, any, value, order"),
    "evidence that is an order of two": (edited(evidence=[{"all": [ENTRY["rule"]]}]),
                                         "one: evidence[0].all: unknown key"),
    "a wrong type": (edited(rule=order(metric=3)), "rule.order.metric: found 3; allowed: text"),
    "a misspelt key": (edited(rule=order(lowr=RATE)), "one: rule.order.lowr: unknown key"),
    "both sides": (edited(rule=order(higher=RATE)), "exactly one of lower and higher"),
    "two limits": (edited(rule=order(by=1, within=1)), "at most one of by and within"),
    "a factor of one": (
        edited(rule={"value": {"metric": "core_seconds", "source": "gain", "factor": 1}}),
        "more than 1"),
    "a trend of both kinds": (edited(rule=trend(along="width", correlation="x")),
                              "metric and along, or correlation alone"),
    "an unknown property": (shape(property="pretty"), "learned with margin; diverged"),
    "a property without its margin": (shape(property="learned"), "learned with margin"),
    "a margin without its property": (shape(property="diverged", margin=1), "learned with margin"),
    "a fact without its keys": (edited(rule={"fact": {"check": "default", "of": RATE}}),
                                "configuration or default with keys"),
    "a selection of both kinds": (edited(rule=order(than={"sweep": "a", "run": "best"})),
                                  "one: rule.order.than: found {'sweep': 'a'"),
    "a reduced single run": (
        edited(rule={"value": {"metric": "m", "of": RATE | {"reduce": "x"}, "source": "gain"}}),
        "rule.value.of: found"),
    "an unknown name of runs": (edited(rule=order(than="slow")),
                                "order: than: found slow; allowed: a selection, or a name"),
    "a name of a name": (edited(runs={"fast": RATE, "slow": "fast"}, rule=order(than="slow")),
                         "order: than: found slow"),
    "unknown source value": (edited(rule=order(by="more")),
                             "one: order: source: more is not among this claim's source values; "
                             "allowed: gain, word"),
    "a word for a number": (edited(rule=order(by="word")), "source.word: found adam"),
    "a division by nothing": (
        edited(source={"a": {"value": "1"}, "b": {"value": "0"}}, rule={"ratio": {
            "metric": "test_metric", "of": RATE, "to": RATE, "source": ["a", "b"], "factor": 2}}),
        "source.b: found 0"),
    "an id with markup": (edited(id="<b>"), "<b>: id: found '<b>'; allowed: small letters"),
    "a section that is a number": (edited(section=2.2), "one: section: found 2.2"),
    "an unknown unit": (edited(source={"gain": {"value": "1", "unit": "miles"}}),
                        "one: source.gain.unit: found 'miles'"),
    "an unknown verdict": (edited(expected="true"), "one: expected: found 'true'; allowed: one"),
    "a sentence for no verdict": (edited(why={"sure": "so"}), "one: why: found"),
    "a placeholder that nothing fills": (edited(why={"undecided": "it is {best}"}),
                                         "one: why.undecided: found {best}; allowed: measured"),
    "a piece that is not there": (edited(why="{piece2}"), "one: why.reproduced: found {piece2}"),
    "an attribute in a placeholder": (edited(why="{piece1.__class__}"), "found {piece1.__class__}"),
    "a width in a placeholder": (edited(why="{piece1:>99999999}"), "found {piece1:>99999999}"),
    "a broken placeholder": (edited(claimed="so { what"), "one: claimed: "),
    "a placeholder of what is measured": (edited(claim="{measured}"), "claim: found {measured}"),
    "a source value with a taken name": (edited(source={"measured": {"value": "1"}}),
                                         "one: source.measured: the name is taken"),
    "text for a claim": ("many", "claims[0]: found 'many'"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused(tmp_path, name):
    entry, told = UNREADABLE[name]
    with pytest.raises(TunebookError) as refusal:
        load(tmp_path, [entry])
    assert told in str(refusal.value)
    assert "claims.yaml: " in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "claims.yaml, line"),
        ("just words", "found 'just words'"),
        ("statements: []", "claims: missing"),
        ("{claims: [], statements: []}", "statements: unknown key; allowed here: claims, traps"),
        ("- {id: a, id: b}", "stands twice"),
        ({"claims": [ENTRY, ENTRY]}, "one: stands twice; allowed: each id once"),
        ({"claims": [ENTRY], "traps": [{"title": "t", "found": "f", "tested": "t",
                                        "claims": ["two"]}]}, "traps[0].claims: found two"),
        ("- {1: 2}", "key 1 found"),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(tmp_path, content, told):
    with pytest.raises(TunebookError) as refusal:
        load(tmp_path, content)
    assert told in str(refusal.value) and "claims.yaml" in str(refusal.value)


def test_claims_are_checked_without_loading_what_only_judging_needs():
    heavy = "pandas", "torch", "scipy.stats"
    code = f"import sys, tunebook.claims; print([m for m in {heavy} if m in sys.modules])"
    folder = ROOT / "workflow/scripts"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# The project's own claims -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config.yaml", "quick.yaml"])
def test_every_claim_can_be_tested_on_the_studies_that_are_here(name):
    found = load_claims(CLAIMS)
    assert (len(found.claims), len(found.traps)) == (33, 6)
    study = expand(check_configuration(read_chain(CLAIMS.with_name(name))), CLAIMS.parent)
    about = study.description() | {"timed": study.configuration["timing"]["sweeps"]}
    assert check_claims(found, study.rows(), about) == {}
    del about["sweeps"]["rates-deep"]
    reasons = check_claims(found, study.rows(), about)
    assert list(reasons) == ["lr-too-high", "lr-deep"]
    assert "sweep rates-deep: not in this study" in reasons["lr-deep"]


def test_no_source_number_stands_twice():
    """A claim's sentences take the source's numbers from its source values.

    Small whole numbers (five layers, ten classes) are words of the language, not evidence.
    """
    for entry in yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))["claims"]:
        why = entry.get("why", {})
        sentences = [entry["claim"], entry["claimed"], entry["title"]]
        sentences += [why] if isinstance(why, str) else why.values()
        for name, value in entry.get("source", {}).items():
            if len(str(value["value"])) > 3 and any(mark.isdigit() for mark in str(value["value"])):
                found = [text for text in sentences if str(value["value"]) in text]
                assert not found, (entry["id"], name)
