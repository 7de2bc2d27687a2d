"""Every rule of the claims with its outcomes, what a file of claims may say, and properties."""

import inspect
import itertools
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from made_up import claims, described, judge, judged, of, results, run
from project import ROOT
from tunebook.claims import check_claims, family, judge_claims, load_claims, rules
from tunebook.claims.compare import Comparison
from tunebook.claims.judge import COLUMNS, combine, table
from tunebook.claims.read import (
    NOT,
    PARTLY,
    REPRODUCED,
    SET_UP,
    UNDECIDED,
    UNTESTABLE,
    VERDICTS,
    source_number,
)
from tunebook.claims.register import changed_after, form, register
from tunebook.claims.rules import (
    direction_verdict,
    factor_verdict,
    same_verdict,
    trend_p,
    trend_verdict,
    value_verdict,
)
from tunebook.evidence import words
from tunebook.evidence.intervals import (
    Interval,
    mean_interval,
    mean_of,
    prediction_interval,
    rank_correlation,
)
from tunebook.jobs import TunebookError
from tunebook.study.expand import expand
from tunebook.study.parameters import PARAMETERS
from tunebook.study.read import check_configuration, read_chain

FIVE = [0.98, 0.99, 1.0, 1.01, 1.02]
NOISE = (-0.002, -0.001, 0.0, 0.001, 0.002)
LOWER = [-0.1, -0.12, -0.09, -0.11, -0.1]
VALUE = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
TREND = {"metric": "test_metric", "of": of("a"), "along": "width", "direction": "falls"}
RISES = {"trend": TREND | {"direction": "rises"}}
SOURCE = {"gain": "0.1", "eight": "8", "sixty": "60", "ten": "10", "fifteen": "15"}


def cost(source):
    return {"value": {"metric": "core_seconds", "source": source, "factor": 2}}


def order(side="lower", metric="test_metric", **more):
    return {"order": {"metric": metric, side: of("a"), "than": of("b"), **more}}


def same(margin, **more):
    sides = {"metric": "test_metric", "of": of("a"), "to": of("b"), "margin": margin}
    return {"same": sides | more}


def ratio(metric="test_metric", **more):
    return {"ratio": {"metric": metric, "of": of("a"), "to": of("b"), "factor": 2, **more}}


def trend(**more):
    return {"trend": TREND | more}


def correlation(direction):
    metric = {"correlation": "rank_variance_area", "of": of("a"), "direction": direction}
    return {"trend": metric}


def shape(name, **more):
    return {"shape": {"property": name, "of": of("a"), **more}}


def fact(check, **more):
    return {"fact": {"check": check, "of": of("a"), **more}}


def one(**more):
    return (run("a", "a", **more),)


def two(differences, base=1.0, **more):
    """Runs a and b whose test errors differ by these amounts, replicate by replicate."""
    a = [base + difference for difference in differences]
    return run("a", "a", test_metric=a, **more), run("b", "b", test_metric=[base] * len(a))


def times(values, base=1.0):
    """Runs a and b with these ratios of test errors."""
    return two([value - base for value in values], base)


def along(*columns, name="widths", places=([10], [20], [30])):
    """One run a column of test errors, at rising widths."""
    return [
        run(f"r{i}", "a", test_metric=list(values), **{name: at})
        for i, (values, at) in enumerate(zip(columns, places, strict=False))
    ]


FALLING = along([3.0] * 5, [2.0] * 5, [1.0] * 5)
GROWS, SLOW = [[1.0 + e for e in range(20)]] * 5, [[40.0 - e for e in range(20)]] * 5
BUMP = {"train_loss": [[1.0] * 8 + [0.5, 0.6, 0.4] + [0.3] * 9] * 5}
RISING = {"validation_loss": [[1.0, 0.5] + [0.8] * 18] * 5}
VARIED = one(loss="gaussian", variance_spread=[1.2, 1.3, 1.4, 1.5, 1.6])
CORRELATED = {"loss": "gaussian", "rank_variance_area": [-0.5, -0.6, -0.4, -0.5, -0.5]}
LEARNED = shape("learned", margin=0.1)
OVERSHOOTS = shape("overshoots", around="ten", window=2, rise=0.15)
CASES = {
    # The source's number: among the replicates; beyond all, where one more may still lie; outside.
    "value inside": (VALUE, one(test_metric=FIVE * 2), REPRODUCED, {"test": "1.000"}),
    "value high in the spread": (VALUE, one(test_metric=FIVE * 2), REPRODUCED, {"test": "1.019"}),
    "value low in the spread": (VALUE, one(test_metric=FIVE * 2), REPRODUCED, {"test": "0.981"}),
    "value beyond all": (VALUE, one(test_metric=FIVE * 2), UNDECIDED, {"test": "1.025"}),
    "value above": (VALUE, one(test_metric=FIVE * 2), NOT, {"test": "1.06"}),
    "value below": (VALUE, one(test_metric=FIVE * 2), NOT, {"test": "0.9"}),
    "value in per cent": (VALUE, one(test_metric=FIVE * 2), REPRODUCED,
                          {"test": {"value": "101.9", "unit": "%"}}),
    # 0.96 on average, 0.94 to 0.98: a claimed 1 can mean 0.5 to 1.5, a claimed 1.03 cannot
    "rounded value": (VALUE, one(test_metric=[v - 0.04 for v in FIVE]), REPRODUCED, {"test": "1"}),
    "exact value": (VALUE, one(test_metric=[v - 0.04 for v in FIVE]), NOT, {"test": "1.03"}),
    "value of two": (VALUE, one(test_metric=[1.0, 1.1]), UNDECIDED, {"test": 5}),
    "value, one lost": (VALUE, one(test_metric=FIVE, diverged=[4]), UNDECIDED, {"test": "1.000"}),
    "other value, one lost": (VALUE, one(test_metric=FIVE, diverged=[4]), UNDECIDED,
                              {"test": "0.5"}),
    "about twice": (cost("limit"), one(), REPRODUCED, {"limit": 1800}),
    "over twice": (cost("limit"), one(), NOT, {"limit": 1799}),
    "about half": (cost("limit"), one(), REPRODUCED, {"limit": 7200}),
    "under half": (cost("limit"), one(), NOT, {"limit": 7201}),
    # One run against another, within replicates.
    "lower": (order(), two(LOWER), REPRODUCED),
    "not higher": (order("higher"), two(LOWER), NOT),
    "mixed": (order(), two([-0.1, 0.12, -0.09, 0.11, 0.0]), UNDECIDED),
    "equal": (order(), two([0.0] * 10), UNDECIDED),
    "two replicates": (order(), two([-1.0, -1.1]), UNDECIDED),
    "by a share": (order(by="10 %"), two([n - 0.2 for n in NOISE]), REPRODUCED),
    "by less than a share": (order(by="30 %"), two([n - 0.2 for n in NOISE]), PARTLY),
    "worse by less than that": (order(within="10 %"), two([n + 0.05 for n in NOISE]), REPRODUCED),
    "worse by more than a share": (order(within="10 %"), two([n + 0.2 for n in NOISE]), NOT),
    "a share of nothing": (order(within="10 %"), two(NOISE, base=0.0), UNDECIDED),
    "lower than a number": (order(than="sixty"), one(test_metric=FIVE), REPRODUCED),
    "higher than a number": (order("higher", than="sixty"), one(test_metric=FIVE), NOT),
    # Alike, give or take a margin: two one-sided tests.
    "same": (same("10 %"), two(NOISE), REPRODUCED),
    "same in its own unit": (same(0.05), two(NOISE), REPRODUCED),
    "not the same": (same("10 %"), two([n + 0.3 for n in NOISE]), NOT),
    "not the same in its own unit": (same(0.05), two([n - 0.3 for n in NOISE]), NOT),
    "perhaps the same": (same("10 %"), two([-0.1, 0.12, -0.09, 0.11, 0.0]), UNDECIDED),
    "same, one lost": (same("10 %"), two(NOISE * 2, diverged=[0]), REPRODUCED),
    "by more": (order(by=0.1), two([n - 0.2 for n in NOISE]), REPRODUCED),
    "by a source value": (order(by="gain"), two([n - 0.2 for n in NOISE]), REPRODUCED),
    "by about that": (order(by=0.1), two([n - 0.1 for n in NOISE]), PARTLY),
    "by less": (order(by="gain"), two([n - 0.05 for n in NOISE]), PARTLY),
    "by nothing": (order(by=0.1), two(NOISE), NOT),
    "the other way": (order(by=0.1), two([n + 0.2 for n in NOISE]), NOT),
    "by exactly that": (order(by=0.5), two([-0.5] * 5), PARTLY),
    "by surely more": (order(by=0.5), two([-0.75] * 5), REPRODUCED),
    "hardly worse": (order(within=0.1), two([n + 0.05 for n in NOISE]), REPRODUCED),
    "about as much worse": (order(within=0.1), two([n + 0.1 for n in NOISE]), UNDECIDED),
    "worse": (order(within=0.1), two([n + 0.2 for n in NOISE]), NOT),
    "a lost run is worse": (order(), two([-1.0] * 5, diverged=range(5)), NOT),
    "two lost runs tie": (order(), [run(x, x, diverged=range(5)) for x in "ab"], UNDECIDED),
    "four that are lost": (order("higher"), two([0.0] * 4, diverged=range(4)), UNDECIDED),
    # How many times as large.
    "ratio": (ratio(source="eight"), times([8 * v for v in FIVE]), REPRODUCED),
    "ratio within the factor": (ratio(source="eight"), times([15.0] * 5), REPRODUCED),
    "larger ratio": (ratio(source="eight"), times([20.0] * 5), PARTLY),
    "smaller ratio": (ratio(source="eight"), times([2.0] * 5), PARTLY),
    "inverse ratio": (ratio(source="eight"), times([0.5] * 5), NOT),
    "ratio across the limit": (ratio(equals=1), times([1.8, 2.2, 1.9, 2.1, 2.0]), UNDECIDED),
    "ratio at the limit": (ratio(equals=1), times([1.999] * 5), REPRODUCED),
    "ratio beyond the limit": (ratio(equals=1, factor=1.9), times([2.0] * 5), NOT),
    "ratio of two values": (ratio(source=["sixty", "ten"]), times([6.0] * 5), REPRODUCED),
    "ratio to a lost run": (ratio(equals=1), two([0.0] * 5, diverged=range(5)), NOT),
    # Along an axis.
    "falls": (trend(), FALLING, REPRODUCED),
    "does not rise": (RISES, FALLING, NOT),
    "falls, runs in another order": (trend(), FALLING[::-1], REPRODUCED),
    "neither": (trend(), along([1, 3, 1, 3, 2], [2, 2, 2, 2, 2], [3, 1, 3, 1, 2]), UNDECIDED),
    "a full batch is the largest": (
        trend(along="batch_size"),
        along([1.0] * 5, [3.0] * 5, [2.0] * 5, name="batch_size", places=("full", 10, 100)),
        REPRODUCED),
    "an argument of a module": (
        trend(along="units"),
        along([3.0] * 5, [2.0] * 5, [1.0] * 5, name="units", places=(1, 2, 5)), REPRODUCED),
    "a lost run is the worst": (
        RISES, [*along([1.0] * 5, [2.0] * 5), run("r2", "a", widths=[30], diverged=range(5))],
        REPRODUCED),
    "three monotone replicates": (trend(), along([3.0] * 3, [2.0] * 3, [1.0] * 3), REPRODUCED),
    "three, not all monotone": (trend(), along([3.0] * 3, [2, 2, 1], [1, 1, 2]), UNDECIDED),
    "three of two points": (trend(), along([3.0] * 3, [2.0] * 3), UNDECIDED),
    "two replicates of a trend": (trend(), along([3.0] * 2, [2.0] * 2, [1.0] * 2), UNDECIDED),
    "correlation": (correlation("falls"), one(**CORRELATED), REPRODUCED),
    "opposite correlation": (correlation("rises"), one(**CORRELATED), NOT),
    "lost correlations": (correlation("falls"), one(**CORRELATED, diverged=range(4)), UNDECIDED),
    # Properties. The constant predictor's error is 1, on images 0.8.
    "learned": (LEARNED, one(train_metric=[0.89] * 5), REPRODUCED),
    "just not learned": (LEARNED, one(train_metric=[0.9] * 5), NOT),
    "not to be learned": (shape("learned", margin=0.1, holds=False), one(train_metric=[0.9] * 5),
                          REPRODUCED),
    "classes learned": (LEARNED, one(problem="images", train_metric=[0.29] * 5), REPRODUCED),
    "classes, larger margin": (shape("learned", margin=0.2),
                               one(problem="images", train_metric=[0.29] * 5), NOT),
    "lost is not learned": (LEARNED, one(diverged=range(5)), NOT),
    "some learned": (LEARNED, one(train_metric=[0.1, 0.1, 0.1, 1.0, 1.0]), UNDECIDED),
    "four learned": (LEARNED, one(replicates=4), UNDECIDED),
    "lost is diverged": (shape("diverged"), one(diverged=range(5)), REPRODUCED),
    "grown is diverged": (shape("diverged"),
                          one(train_metric=[20.0] * 5, curves={"train_metric": GROWS}), REPRODUCED),
    "slow is not diverged": (shape("diverged"),
                             one(train_metric=[21.0] * 5, curves={"train_metric": SLOW}), NOT),
    "overshoots": (OVERSHOOTS, one(curves=BUMP), REPRODUCED),
    "overshoots elsewhere": (shape("overshoots", around="fifteen", window=2, rise=0.15),
                             one(curves=BUMP), NOT),
    "overshoots and is lost": (OVERSHOOTS, one(curves=BUMP, diverged=range(5)), NOT),
    "overfits": (shape("overfits", rise=0.5), one(curves=RISING), REPRODUCED),
    "overfits less": (shape("overfits", rise=0.7), one(curves=RISING), NOT),
    "above": (shape("above", metric="variance_spread", threshold=1.1), VARIED, REPRODUCED),
    "above or at": (shape("above", metric="variance_spread", threshold=1.2), VARIED, UNDECIDED),
    "at most": (shape("above", metric="variance_spread", threshold=1.6), VARIED, NOT),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rule_holds_fails_or_is_open(name):
    rule, runs, verdict, *source = CASES[name]
    assert judge(rule, *runs, source=dict(SOURCE, **(source[0] if source else {})))[0] == verdict


def test_whether_a_run_overfits_is_not_testable_without_rows_for_validation():
    found = judged({"rule": shape("overfits", rise=0.5)}, *one(fit_on="development"))
    assert found["verdict"] == UNTESTABLE
    assert "overfits needs runs with fit_on = training" in found["why"]


def test_a_value_is_one_more_draw_that_lies_among_the_replicates():
    values = np.array(FIVE)
    interval = prediction_interval(values)
    low, high = interval.low, interval.high
    assert interval.centre == pytest.approx(1.0)
    assert values.max() < high
    assert value_verdict(values, interval, values.max(), 0) == REPRODUCED
    assert value_verdict(values, interval, np.nextafter(values.max(), 2), 0) == UNDECIDED
    assert value_verdict(values, interval, np.nextafter(values.max(), 2), 1e-9) == REPRODUCED
    assert value_verdict(values, interval, high, 0) == UNDECIDED
    assert value_verdict(values, interval, np.nextafter(high, 2), 0) == NOT
    assert value_verdict(values, interval, np.nextafter(low, 0), 0) == NOT


# Replicates, the highest value that there can be, a number that lies among them, and whether their
# interval is too wide to say anything of it.
WIDTHS = {
    "three of five never learn": ([0.179, 0.179, 0.943, 0.179, 0.925], 1.0, 0.5, True),
    "all learn": ([0.959, 0.955, 0.961, 0.950, 0.966], 1.0, 0.96, False),
    "errors a factor of three apart": ([0.002, 0.003, 0.004, 0.005, 0.003], math.inf, 0.003, False),
    "errors a factor of ten apart": ([0.001, 0.01, 0.003, 0.002, 0.006], math.inf, 0.003, True),
}  # fmt: skip


@pytest.mark.parametrize("case", WIDTHS)
def test_an_interval_too_wide_to_say_anything_decides_nothing(case):
    values, most, claimed, wide = WIDTHS[case]
    interval = prediction_interval(values, 0.0, most)
    assert value_verdict(values, interval, claimed, 0, 0.0, most) == (
        UNDECIDED if wide else REPRODUCED
    )


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
@pytest.mark.parametrize("n", [3, 5, 8, 10, 20])
def test_a_true_source_fails_in_one_study_of_twenty_whatever_the_replicates(shape, n):
    draw = getattr(np.random.default_rng(n), shape)
    values, source = draw(size=(4000, n)), draw(size=4000)
    least = 0.0 if shape == "lognormal" else -math.inf
    intervals = [prediction_interval(row, least) for row in values]
    verdicts = list(map(value_verdict, values, intervals, source, itertools.repeat(0)))
    assert 0.035 < verdicts.count(NOT) / 4000 < 0.065
    # Among n replicates, one draw more lies with probability (n - 1) / (n + 1).
    if shape == "normal":
        assert verdicts.count(REPRODUCED) / 4000 == pytest.approx((n - 1) / (n + 1), abs=0.03)


@pytest.mark.parametrize(("away", "seen"), [(3, 0.65), (5, 0.95)])
def test_a_source_that_trained_otherwise_is_told_by_ten_replicates(away, seen):
    random = np.random.default_rng(0)
    values = random.normal(size=(1000, 10))
    source = random.normal(away, size=1000)
    intervals = map(prediction_interval, values)
    found = list(map(value_verdict, values, intervals, source, itertools.repeat(0)))
    assert found.count(NOT) / 1000 > seen


def noise(random, n, kind):
    """A rule with p, and the verdict that it gives to n replicates without any difference."""
    if kind == "order":
        mean = mean_of(np.diff(random.normal(size=(n, 2)))[:, 0])
        return direction_verdict(Interval(mean.centre, *mean.ends(), n)), mean.p()
    if kind == "trend":
        each = np.array([rank_correlation(range(4), random.permutation(4)) for _ in range(n)])
        p = trend_p(each, mean_of(each), 4, False)
        return trend_verdict(each.mean(), p, "rises"), p
    values, source = random.normal(size=n), random.normal()
    verdict = value_verdict(values, prediction_interval(values), source, 0)
    return verdict, family.of_draw(values, source, 0)


@pytest.mark.parametrize("kind", ["order", "trend", "value"])
@pytest.mark.parametrize("n", [5, 10])
def test_p_values_say_what_the_rules_decide(kind, n):
    random = np.random.default_rng(n)
    found = [noise(random, n, kind) for _ in range(800)]
    small = [p <= 0.05 for _, p in found]
    assert 0.015 < np.mean(small) < 0.08
    discovered = (NOT,) if kind == "value" else (NOT, REPRODUCED)
    decided = [verdict in discovered for verdict, _ in found]
    assert np.mean(np.array(small) == decided) > 0.97


def pieces(verdicts, p_values):
    return [
        rules.Piece("", "order", metric=f"m{i}", verdict=verdict, p=p, n=5)
        for i, (verdict, p) in enumerate(zip(verdicts, p_values, strict=True))
    ]


def test_of_sixty_questions_without_an_answer_hardly_any_stays_decided():
    random, wrong, plain = np.random.default_rng(0), 0, 0
    for _ in range(300):
        found = pieces(*zip(*(noise(random, 8, "order") for _ in range(60)), strict=True))
        plain += any(piece.verdict != UNDECIDED for piece in found)
        family.correct(found, 0.05)
        wrong += any(piece.verdict != UNDECIDED for piece in found)
    assert plain / 300 > 0.7, "without a correction nearly every study says something false"
    assert wrong / 300 < 0.08


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_correction_only_takes_verdicts_away(given):
    found = pieces(*zip(*given, strict=True))
    tests = family.correct(found, 0.05)
    assert tests == len(given)
    for piece, (verdict, p) in zip(found, given, strict=True):
        assert piece.adjusted >= p - 1e-12
        if piece.verdict != verdict:
            assert (piece.verdict, piece.alone) == (UNDECIDED, verdict)
            assert "open among" in piece.text
        elif verdict in (REPRODUCED, PARTLY, NOT):
            assert piece.adjusted <= 0.05


@pytest.mark.parametrize(("n", "points"), [(5, 4), (8, 3), (10, 4)])
def test_no_verdict_hangs_on_the_seed_of_the_draws_unless_it_is_called_narrow(n, points):
    """Every mean near the edge, with 200 seeds; nothing else that is judged draws anything."""
    edge = family.chance_of_trend(points, n)
    for mean in np.linspace(edge - 0.1, edge + 0.1, 21):
        decided = {family.of_trend([mean] * n, points, seed) <= 0.05 for seed in range(200)}
        if len(decided) > 1:
            [piece] = found = pieces([UNDECIDED], [family.of_trend([mean] * n, points)])
            family.correct(found, 0.05)
            assert "a narrow decision" in piece.text


def test_a_family_without_a_testable_piece_decides_nothing():
    assert family.correct([], 0.05) == 0
    bare = pieces([UNTESTABLE, SET_UP], [math.nan, math.nan])
    assert family.correct(bare, 0.05) == 0
    assert [piece.verdict for piece in bare] == [UNTESTABLE, SET_UP]


def test_one_test_under_two_names_counts_once():
    found = pieces([REPRODUCED, NOT, REPRODUCED], [0.02, 0.02, 0.6])
    found[1].metric = found[0].metric
    assert family.correct(found, 0.05) == 2
    assert found[0].adjusted == found[1].adjusted == pytest.approx(0.04)
    assert [piece.verdict for piece in found] == [REPRODUCED, NOT, UNDECIDED]


def test_the_level_of_the_configuration_decides_and_both_verdicts_are_kept():
    pair = two([-0.2, -0.25, -0.15, -0.2, -0.18])
    assert judged({"rule": order()}, *pair)["verdict"] == REPRODUCED
    strict = results(*pair)
    strict.study["level"] = 1e-6
    [found] = judge_claims(claims({"rule": order()}), strict)
    [piece] = found["pieces"]
    assert (found["verdict"], piece["alone"]) == (UNDECIDED, REPRODUCED)
    assert 1e-6 < piece["p"] < 0.05
    assert piece["adjusted"] == pytest.approx(piece["p"])


def test_a_rule_that_was_changed_after_its_runs_is_marked_and_one_changed_back_is_not(tmp_path):
    ended = {"a": 100.0, "b": 200.0}
    before, after = {"rule": order()}, {"rule": order(by=0.1)}

    def forms(entry, level=0.05):
        return {claim.id: form(claim.rule, level) for claim in claims(entry).claims}

    def late(entry, level=0.05):
        return changed_after(tmp_path, forms(entry, level), used, ended)

    [name] = forms(before)
    used = {name: ["a", "b"]}
    assert late(before) == set(), "nothing is known without a register"
    register(tmp_path, forms(before), 50)
    assert late(before) == set()
    register(tmp_path, forms(after), 150)
    assert late(after) == {name}, "one of its two runs was trained by then"
    register(tmp_path, forms(before), 300)
    assert late(before) == set(), "as it was before the runs"
    register(tmp_path, forms(before | {"title": "Another", "why": "Other words."}), 300)
    assert late(before | {"title": "Another"}) == set(), "words decide nothing"
    both = {"all": [{"about": "down", **order()}, {"about": "up", **order("higher")}]}
    assert forms({"rule": both}) != forms({"rule": both | {"decides": ["up"]}}), "pieces decide"
    register(tmp_path, forms(before, level=0.1), 300)
    assert late(before, level=0.1) == {name}, "a level decides"
    assert changed_after(tmp_path, forms(after), {name: []}, ended) == set()


def test_how_many_pieces_hold_is_told_in_words():
    found = judged({"rule": {"all": [order(), order("higher"), order(by=9)]}}, *two([-0.2] * 5))
    assert found["tally"] == "1 of 3 hold, 1 in part, 1 not"
    assert judged({"rule": order()}, *two([-0.2] * 5))["tally"] == ""


def test_nothing_is_compared_with_the_source_on_stand_in_data_and_every_verdict_is_marked():
    [member], source = one(test_metric=FIVE), {"test": "1.0", "gain": "0.1"}
    verdict, [piece] = judge(VALUE, member, source=source, stand_ins=["prices"])
    assert (verdict, piece["number"]) == (UNTESTABLE, pytest.approx(1.0))
    assert "stand-in" in piece["reason"]
    assert judge(VALUE, member, source=source, stand_ins=["images"])[0] == REPRODUCED
    pair = two([-0.2] * 5)
    assert judge(order(by="gain"), *pair, source=source, stand_ins=["prices"])[0] == UNTESTABLE
    found = judged({"rule": order(by=0.1)}, *pair, stand_ins=["prices"])
    assert (found["verdict"], found["data"]) == (REPRODUCED, "sample")
    entry = {"rule": VALUE, "source": {"test": {"value": "1.0"}}}
    found = judged(entry, *pair, stand_ins=["prices"])
    assert (found["verdict"], found["data"]) == (UNTESTABLE, "sample")
    assert "stand-in" in found["why"]


def test_whose_numbers_a_piece_is_held_against_is_told():
    source = {"test": {"value": "1.0", "by": "the paper"}, "more": {"value": "2", "by": "another"}}
    about = {"value": VALUE["value"] | {"factor": 2}}
    found = judged({"rule": about, "source": source}, *one(test_metric=FIVE))
    assert found["pieces"][0]["by"] == "the paper" and "; the paper: 1.0; " in found["why"]
    rule = {"all": [VALUE, ratio(source=["more", "test"]), order(by="gain")]}
    pair = two([-0.2] * 5)
    found = judged({"rule": rule, "source": source | {"gain": {"value": "0.1"}}}, *pair)
    assert [each["by"] for each in found["pieces"]] == ["the paper", "another and the paper", ""]


def test_core_seconds_are_summed_over_jobs():
    _, [piece] = judge(cost("ten"), *one(), source=SOURCE, core_seconds=[10.0, 20.0])
    assert (piece["number"], piece["text"]) == (30, words.show(30.0, "seconds"))


def test_an_order_is_a_ratio_or_a_difference_within_the_replicates_that_both_sides_have():
    _, [piece] = judge(order(), *two([-0.1, -0.3, -0.2, -0.2, -0.2]))
    assert piece["number"] == pytest.approx((0.9 * 0.7 * 0.8**3) ** 0.2)
    assert piece["low"] < 0.8 < piece["high"]
    assert (piece["unit"], piece["signed"], piece["runs"]) == ("times", False, ["a", "b"])
    # With a margin in its own unit, and of what has no ratios, it is a difference.
    _, [piece] = judge(order(by=0.1), *two([-0.1, -0.3, -0.2, -0.2, -0.2]))
    assert piece["number"] == pytest.approx(-0.2)
    assert piece["low"] < -0.2 < piece["high"]
    assert (piece["unit"], piece["signed"]) == ("squared ranges", True)
    shared = np.random.default_rng(0).normal(size=10)
    a = run("a", "a", test_metric=[*(shared - 0.01 + 0.001 * np.arange(10) / 10), 99.0])
    verdict, [piece] = judge(order(), a, run("b", "b", test_metric=list(shared)))
    assert (verdict, piece["n"]) == (REPRODUCED, 10), "not between means"


def test_with_divergence_replicates_are_counted_ties_as_half():
    a = run("a", "a", test_metric=[0.5] * 10, diverged=[0, 1])
    b = run("b", "b", test_metric=[1.0] * 10, diverged=[0, 2])
    # replicate 0: both diverged; 1: a alone, behind; 2: b alone, ahead; the rest ahead
    verdict, [piece] = judge(order(), a, b)
    assert (verdict, piece["number"], piece["diverged"]) == (REPRODUCED, pytest.approx(0.85), 4)
    assert piece["text"] == "ahead in 8.5 of 10 replicates"
    # Of accuracies it is the lowest, whatever was recorded.
    a = run("a", "a", problem="images", test_metric=[0.2] * 5)
    b = run("b", "b", problem="images", test_metric=[0.9] * 5, diverged=range(5))
    assert judge(order("higher"), a, b)[0] == REPRODUCED


def test_a_side_of_several_runs_is_reduced_within_replicates():
    values = {"a1": [1.0] * 5, "a2": [4.0, 4.1, 3.9, 4.2, 3.8], "b1": [1.0] * 5, "b2": [2.0] * 5}
    runs = [
        run(name, name[0], test_metric=errors, learning_rate=0.1 * int(name[1]))
        for name, errors in values.items()
    ]

    def reduced(how):
        sides = {"higher": of("a") | {"reduce": how}, "than": of("b") | {"reduce": how}}
        return judge({"order": {"metric": "test_metric", **sides}}, *runs)

    verdict, [piece] = reduced("spread")
    assert (verdict, piece["number"]) == (REPRODUCED, pytest.approx(2.0, rel=1e-3))
    assert (piece["runs"], piece["unit"]) == (["a1", "a2", "b1", "b2"], "times")
    assert reduced("highest")[1][0]["number"] == pytest.approx(2.0, rel=1e-3)
    assert reduced("lowest")[0] == UNDECIDED


def test_the_mean_of_ratios_is_geometric_but_of_times_it_is_the_median():
    _, [piece] = judge(ratio(equals=1), *times([1.0, 4.0, 2.0]))
    assert piece["number"] == pytest.approx(2.0)
    told = "1.00\u202ftimes (1 to 1); 0.500 to 2.00\u202ftimes would have passed"
    assert piece["claimed"] == told
    seconds = {"a": [10.0, 12.0, 30.0], "b": [1.0, 1.0, 2.0]}
    pair = run("a", "a", epochs=40, seconds_per_epoch=1.0), run("b", "b", problem="images")
    verdict, [piece] = judge(ratio("seconds_per_epoch", equals=12), *pair, times=seconds)
    assert [piece[key] for key in ("number", "low", "high")] == pytest.approx([12.0, 10.0, 15.0])
    assert verdict == REPRODUCED
    _, [piece] = judge(ratio("training_seconds", equals=24), *pair, times=seconds)
    assert piece["number"] == pytest.approx(24.0)  # twice as many epochs
    seconds = {f"r{i}": [i + 1.0, i + 1.1, i + 1.2] for i in range(3)}
    rule = trend(metric="seconds_per_epoch", direction="rises")
    assert judge(rule, *FALLING, times=seconds)[0] == REPRODUCED


def test_a_side_of_a_ratio_may_be_a_number_of_the_source():
    seconds, then = {"a": [40.0, 50.0, 60.0]}, {"then": {"value": "2", "unit": "h"}}
    rule = ratio("training_seconds", of="then", to=of("a"), source="times")
    verdict, [piece] = judge(rule, *one(epochs=10), times=seconds, source=then | {"times": "20"})
    assert [piece[key] for key in ("number", "low", "high")] == pytest.approx([14.4, 12.0, 18.0])
    assert verdict == REPRODUCED and piece["runs"] == ["a"] and piece["n"] == 3
    assert piece["quantity"] == "ratio of time of training, the source’s by ours (median)"
    turned = ratio("training_seconds", to="then", equals=1)
    verdict, [piece] = judge(turned, *one(epochs=10), times=seconds, source=then)
    assert piece["number"] == pytest.approx(1 / 14.4) and verdict == NOT
    assert piece["quantity"] == "ratio of time of training, ours by the source’s (median)"
    read = run("a", "a", problem="images", test_metric=[0.8, 0.82, 0.78, 0.8, 0.8])
    shares = {"person": {"value": "40", "unit": "%"}}
    verdict, [piece] = judge(ratio(to="person", equals=2), read, source=shares)
    assert piece["number"] == pytest.approx(2.0, rel=1e-3) and verdict == REPRODUCED
    stand_ins = judge(ratio(to="person", equals=2), read, source=shares, stand_ins=["images"])
    assert stand_ins[0] == UNTESTABLE


def test_what_raising_one_thing_does_is_compared_with_what_raising_another_does():
    values = {"a1": 1.0, "a2": 0.8, "b1": 2.0, "b2": 1.9}
    runs = [
        run(name, name[0], test_metric=[at + n for n in NOISE], learning_rate=0.1 * int(name[1]))
        for name, at in values.items()
    ]

    def change(sweep):
        return {"change": [of(sweep, learning_rate=0.1 * i) for i in (1, 2)]}

    rule = {"order": {"metric": "test_metric", "lower": change("a"), "than": change("b")}}
    verdict, [piece] = judge(rule, *runs)
    assert (verdict, piece["unit"]) == (REPRODUCED, "times")
    assert piece["number"] == pytest.approx(0.8 / 0.95, rel=1e-3)
    assert piece["runs"] == ["a1", "a2", "b1", "b2"]


def held_out(rule, fixed=False, **rows):
    """The piece of a rule on ten splits of the same rows (or: tested on the same rows)."""
    found = results(*two([-0.08, -0.12, -0.1, -0.09, -0.11, -0.1, -0.1, -0.13, -0.07, -0.1]))
    about = found.study["problems"]["prices"]
    about |= {"rows": {"train": 600, "validation": 200, "test": 200}}
    about["split"] = {"time_on": "day"} if fixed else {"test": 0.2, "validation": 0.2}
    if rows:
        found.rows = pd.DataFrame(rows)
    [claim] = judge_claims(claims({"rule": rule}), found)
    return claim["pieces"][0]


def test_splits_of_the_same_rows_speak_of_other_data_or_of_these_rows_only():
    method, these = held_out(order()), held_out(order(scope="these rows"))
    assert (method["scope"], these["scope"]) == ("on other data of the kind", "on these rows")
    assert method["number"] == these["number"]
    width = [math.log(each["high"] / each["low"]) for each in (method, these)]
    # sqrt(1/10 + 200/600) for sqrt(1/10)
    assert width[0] / width[1] == pytest.approx(math.sqrt(1 + 10 / 3), rel=0.1)
    assert method["p"] > these["p"]
    assert held_out(order(metric="train_metric"))["scope"] == ""


def test_where_the_test_rows_are_the_same_they_are_a_sample_too():
    random = np.random.default_rng(0)
    rows = [
        {"run": name, "replicate": i, "values": random.normal(at, 0.5, 200)}
        for name, at in (("a", 0.9), ("b", 1.0))
        for i in range(10)
    ]
    rows = {key: [row[key] for row in rows] for key in rows[0]}
    wide, plain = held_out(order(), fixed=True, **rows), held_out(order(), fixed=True)
    assert (wide["scope"], plain["scope"]) == ("on other rows of the kind", "on these rows")
    assert wide["low"] < plain["low"] < plain["high"] < wide["high"]


@pytest.mark.parametrize("n", [5, 8, 20])
def test_what_differs_by_the_margin_is_hardly_ever_called_alike(n):
    random, found = np.random.default_rng(0), {}
    for centre in (0.1, 0.0):
        noise = random.normal(centre, 0.05, size=(1000, n))
        verdicts = []
        for mean in map(mean_of, noise):
            compared = Comparison(Interval(mean.centre, *mean.ends(), n), mean, logs=False)
            verdicts.append(same_verdict(compared, (-0.1, 0.1))[0])
        found[centre] = [verdicts.count(verdict) / 1000 for verdict in (REPRODUCED, NOT)]
    assert sum(found[0.1]) <= 0.08 and found[0.0][1] < 0.01
    assert found[0.0][0] > {5: 0.3, 8: 0.75, 20: 0.99}[n], "power, at half a deviation's margin"


def test_an_open_piece_says_what_it_could_have_shown_and_what_would_settle_it():
    spread = [-0.2, 0.1, -0.15, 0.05, -0.1, -0.12, 0.08, -0.09]
    _, [piece] = judge(order(scope="these rows"), *two(spread))
    assert piece["verdict"] == UNDECIDED
    assert 1.1 < piece["smallest"] < 1.5
    assert 8 < piece["needed"] < 200
    _, [decided] = judge(order(), *two(LOWER))
    assert (decided["needed"], decided["smallest"]) == (0, None)
    _, [hopeless] = judge(order(), *two([0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.11, -0.11]))
    assert (hopeless["needed"], hopeless["minutes"]) == (201, None)
    assert held_out(order(within="1 %", lower=of("b"), than=of("a")))["needed"] in (0, 201)
    _, [counted] = judge(LEARNED, *one(train_metric=[0.1, 0.1, 0.1, 9.0, 0.1]))
    assert counted["verdict"] == UNDECIDED and counted["needed"] > 5


def test_a_trend_that_chance_orders_leave_open_says_how_many_would_settle_it():
    """Though all replicates agree, and so have no spread."""
    runs = [run(f"a{w}", "a", widths=[w], train_metric=[0.1 / w] * 3) for w in (1, 2, 3)]
    runs += [run(f"b{i}", f"b{i}", train_metric=[1 + i, 2, 3 - i / 9]) for i in range(9)]
    trend = {"metric": "train_metric", "along": "width", "direction": "falls", "of": of("a")}
    noise = [
        {"order": {"metric": "train_metric", "lower": of("b0"), "than": of(f"b{i}")}}
        for i in range(1, 9)
    ]
    _, [piece, *_] = judge({"all": [{"trend": trend}, *noise]}, *runs)
    assert (piece["number"], piece["verdict"], piece["alone"]) == (-1, UNDECIDED, REPRODUCED)
    assert piece["smallest"] > 1, "no three orders of three are as sure as that"
    assert 3 < piece["needed"] < 9
    assert (
        family.trend_settled(-0.5, 3, 3, 0.004)[1] > family.trend_settled(-1, 3, 3, 0.004)[1] == 5
    )
    assert family.trend_settled(0.0, 3, 3, 0.004)[1] is None


def test_a_share_needs_more_replicates_where_more_is_asked():
    assert family.share_needed(0.5, 8, 0.05) is None
    assert family.share_needed(0.8, 5, 0.05) == 11
    assert [family.share_needed(1.0, 5, level) for level in (0.05, 0.02, 0.001)] == [5, 6, 11]


def test_the_pieces_that_decide_can_be_named():
    parts = [{"about": "up", **order("higher")}, {"about": "down", **order()}]
    pair = two([-0.2] * 5)
    for names, verdict in ((["down"], REPRODUCED), (["up"], NOT), (["up", "down"], PARTLY)):
        found = judged({"rule": {"all": parts, "decides": names}}, *pair)
        assert found["verdict"] == verdict
        assert found["tally"] == "1 of 2 hold, 1 not", "all pieces are told"


def test_what_is_set_up_as_written_is_no_result():
    set_up = {"about": "set up", **fact("configuration", keys=["loss"])}
    source = {"loss": {"value": "mse"}}
    alone = judged({"rule": set_up, "source": source}, *one())
    assert (alone["verdict"], alone["tally"]) == (SET_UP, "")
    down = {"about": "down", **order()}
    both = judged({"rule": {"all": [set_up, down]}, "source": source}, *two([-0.2] * 5))
    assert (both["verdict"], both["tally"]) == (REPRODUCED, "")
    other = judged({"rule": set_up, "source": {"loss": {"value": "gaussian"}}}, *one())
    assert other["verdict"] == UNTESTABLE
    assert other["why"].startswith("This study is set up otherwise: loss is MSE")


def test_the_conditions_under_which_a_claim_holds_are_told():
    errors = {("sgd", 0.1): 9.0, ("sgd", 0.2): 8.0, ("adam", 0.1): 1.0, ("adam", 0.2): 2.0}
    grid = [
        run(f"{optimizer}{rate}", "grid", optimizer=optimizer, learning_rate=rate,
            test_metric=[at + n for n in NOISE])
        for (optimizer, rate), at in errors.items()
    ]  # fmt: skip
    tested = [
        run(f"r{rate}", "a", learning_rate=rate, test_metric=[at + n for n in NOISE])
        for rate, at in ((0.1, 5.0), (0.2, 4.0))
    ]
    sides = {"lower": of("a", learning_rate=0.1), "than": of("a", learning_rate=0.2)}
    entry = {"rule": {"order": {"metric": "test_metric", **sides}}, "conditions": "grid"}
    axes = {"grid": {"axes": ["optimizer", "learning_rate"]}}
    found = results(*tested, *grid)
    found.study["sweeps"]["grid"] |= axes["grid"]
    [claim] = judge_claims(claims(entry), found)
    assert claim["verdict"] == NOT
    assert claim["conditions"] == (
        "Tried in the 2 conditions of the sweep “grid”, each by itself, it holds in one: Adam."
    )
    # What the rule fixes can be varied too.
    below = {"order": {"metric": "test_metric", "lower": of("a", learning_rate=0.1), "than": "x"}}
    entry = {"rule": below, "source": {"x": {"value": "1.5"}}}
    entry["conditions"] = {"sweep": "grid", "over": ["learning_rate"]}
    [claim] = judge_claims(claims(entry), found)
    assert claim["conditions"].endswith("it holds in one: Adam, rate 0.1.")


def test_a_run_is_chosen_by_an_argument_of_a_network_of_the_studys_own():
    yes, no = (
        run(f"r{skip}", "a", model="module", skip=skip, test_metric=[error] * 5)
        for skip, error in ((True, 1.0), (False, 2.0))
    )
    both = {"metric": "test_metric", "lower": of("a", skip=True), "than": of("a", skip=False)}
    assert judge({"order": both}, yes, no)[0] == REPRODUCED


STATED = {"one": "1", "in": "256", "loss": "mse", "epochs": "100", "beta1": "0.9", "beta2": "0.99"}
FACTS = [
    ("images", fact("dense_inputs", source="in"), REPRODUCED,
     "256 inputs: 256 inputs, 64 × 2 × 2, at padding 2"),
    ("images", fact("dense_inputs", source="epochs"), NOT,
     "100 inputs: 256 inputs, 64 × 2 × 2, at padding 2"),
    ("prices", fact("parameters", source="one"), REPRODUCED, "1 parameters: 1 parameter"),
    ("prices", fact("parameters", source="in"), NOT, "256 parameters: 1 parameter"),
    ("images", fact("possible", **{"with": {"padding": 0}}), NOT,
     "padding 0: convolution 3 has no pixel left: 16 × 16, 6 × 6, 1 × 1"),
    ("images", fact("possible", **{"with": {"padding": 2}}), REPRODUCED,
     "padding 2: pixels are left: 16 × 16, 8 × 8, 4 × 4, 2 × 2"),
    ("images", fact("possible", **{"with": {"stride": 3}}), NOT,
     "stride 3: convolution 2 has no pixel left: 16 × 16, 3 × 3"),
    ("prices", fact("configuration", keys=["loss"]), SET_UP, "loss MSE: all values as stated"),
    ("prices", fact("configuration", keys=["loss", "epochs"]), UNTESTABLE,
     "loss MSE, epochs 100: epochs is 20"),
    ("prices", fact("default", keys=["beta1"]), REPRODUCED, "beta1 0.9: all values as stated"),
    ("prices", fact("default", keys=["beta2"]), NOT,
     "beta2 0.99: the default of beta2 is 0.999"),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "rule", "verdict", "text"), FACTS)
def test_a_fact_is_read_off_the_configuration(problem, rule, verdict, text):
    found, [piece] = judge(rule, *one(problem=problem), source=STATED)
    assert (found, f"{piece['claimed']}: {piece['text']}") == (verdict, text)
    counted = rule["fact"]["check"] in ("dense_inputs", "parameters")
    assert piece["number"] == (int(text.split(": ")[1].split()[0]) if counted else None)


def test_the_defaults_that_facts_are_judged_by_are_those_of_pytorch():
    def known(name, optimizer):
        return PARAMETERS[name].default_in({"optimizer": optimizer})

    for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        defaults = {key: each.default for key, each in inspect.signature(kind).parameters.items()}
        assert (known("beta1", name), known("beta2", name)) == defaults["betas"]
        assert known("epsilon", name) == defaults["eps"]
        assert known("weight_decay", name) == defaults["weight_decay"]


# combinations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("pieces", "of_all", "of_any"), [
    ([REPRODUCED, REPRODUCED], REPRODUCED, REPRODUCED),
    ([REPRODUCED, NOT], PARTLY, REPRODUCED),
    ([REPRODUCED, UNDECIDED], PARTLY, REPRODUCED),
    ([PARTLY, NOT], PARTLY, PARTLY),
    ([NOT, UNDECIDED], NOT, UNDECIDED),
    ([NOT, NOT], NOT, NOT),
    ([UNDECIDED, UNDECIDED], UNDECIDED, UNDECIDED),
    ([UNTESTABLE, REPRODUCED], REPRODUCED, REPRODUCED),
    ([UNTESTABLE, UNTESTABLE], UNTESTABLE, UNTESTABLE),
])  # fmt: skip
def test_pieces_combine(pieces, of_all, of_any):
    assert combine("all", pieces) == combine("all", pieces[::-1]) == of_all
    assert combine("any", pieces) == combine("any", pieces[::-1]) == of_any


def test_the_pieces_of_a_combination_are_named_and_kept_in_order():
    second = {"about": "second", "any": [{"about": "this", **order("higher")}, {**order()}]}
    rule = {"all": [{"about": "first", **order()}, second]}
    verdict, pieces = judge(rule, *two([-0.2] * 5))
    assert verdict == REPRODUCED
    assert [piece["about"] for piece in pieces] == ["first", "second: this", "second"]
    assert [piece["verdict"] for piece in pieces] == [REPRODUCED, NOT, REPRODUCED]


# claims.json and claims.csv ---------------------------------------------------------------------


def test_a_claim_goes_on_as_numbers_with_the_sentence_of_its_verdict():
    entry = {
        "rule": VALUE, "source": {"test": {"value": "0.0030"}}, "claimed": "test {test}",
        "section": "1.1", "claim": "The error is {test}.", "expected": "reproduced",
        "why": {"reproduced": "{claimed}: {measured}, {low} to {high}, n {replicates}; {piece1}"},
    }  # fmt: skip
    member = run("r", "a", test_metric=[0.003, 0.0031, 0.0029, 0.003, 0.003])
    found = judged(entry, member)
    about = (found["verdict"], found["claimed"], found["data"])
    assert about == (REPRODUCED, "test 0.0030", "real")
    assert (found["claim"], found["expected"]) == ("The error is 0.0030.", "reproduced")
    assert found["why"].startswith("Test 0.0030: 0.00300, 0.00") and "n 5" in found["why"]
    [piece] = found["pieces"]
    assert (piece["rule"], piece["metric"], piece["runs"]) == ("value", "test_metric", ["r"])
    assert (piece["verdict"], piece["claimed"], piece["n"]) == (REPRODUCED, "0.0030", 5)
    json.dumps(found, allow_nan=False)
    [row] = table([found])
    assert tuple(row) == COLUMNS
    assert (row["measured"], row["replicates"], row["section"]) == (piece["number"], 5, "1.1")


def test_the_headline_is_the_first_piece_with_a_number():
    rule = {"all": [fact("configuration", keys=["loss"]), {"about": "down", **order()}]}
    found = judged({"rule": rule, "source": {"loss": {"value": "mse"}}}, *two([-0.2] * 5))
    assert found["headline"] == 1
    [row] = table([found])
    assert row["measured"] == pytest.approx(0.8)
    assert judged({"rule": {"untestable": "so"}}, run("r", "a"))["headline"] == 0


def test_a_claim_explains_itself():
    both = {"all": [{"about": "up", **order("higher")}, {"about": "down", **order()}]}
    pair = two([-0.2] * 5)
    found = judged({"rule": both}, *pair)
    assert found["why"] == "Holds: down (0.800\u202ftimes). Fails: up (0.800\u202ftimes)."
    assert found["claimed"] == "up: higher; down: lower"
    named = {"partly reproduced": "holds: {held}; fails: {failed}; open: {open}"}
    why = judged({"rule": both, "why": named}, *pair)["why"]
    assert why == "Holds: down; fails: up; open: none"
    assert judged({"rule": both, "why": "It is {piece1}."}, *pair)["why"].startswith("It is 0.800")
    single = judged({"rule": order()}, *pair)
    told = "Ratio of test squared error (geometric mean of the pairs)"
    assert single["why"] == f"{told}: 0.800\u202ftimes (0.800 to 0.800)."
    assert single["claimed"] == "lower"
    trend = judged({"rule": {"trend": TREND}}, *FALLING)["why"]
    assert "widest layer: −1.00 in the mean of 5 replicates (by chance up to 0.60)" in trend
    untestable = judged({"rule": {"untestable": "nobody knows"}}, *pair)
    assert (untestable["verdict"], untestable["why"]) == (UNTESTABLE, "Nobody knows.")


def test_evidence_is_shown_and_changes_no_verdict():
    measure = {"about": "errors", "measure": {"metric": "test_metric", "of": of("b")}}
    absent = {"measure": {"metric": "test_metric", "of": of("elsewhere")}}
    more = [measure, {"about": "opposite", **order("higher")}, absent]
    found = judged(
        {"rule": order(), "evidence": more, "why": "{piece2} {piece4}"}, *two([-0.2] * 5)
    )
    assert found["verdict"] == REPRODUCED
    first, second = found["shown"]
    assert not first["counts"] and not second["counts"]
    assert (first["about"], first["verdict"], first["number"]) == ("errors", "", 1.0)
    assert (second["about"], second["verdict"]) == ("opposite", NOT)
    assert found["why"] == "1.00 (1.00 to 1.00) not in this study"


def test_groups_of_replicates_are_told_once():
    values = [0.1789, 0.1789, 0.9427, 0.1789, 0.9248]
    runs = run("a", "a", "images", test_metric=values), run("b", "b", "images", test_metric=0.96)
    order = {"metric": "test_metric", "lower": of("a"), "than": of("b")}
    alone = {"measure": {"metric": "test_metric", "of": of("a")}}
    entry = {
        "rule": {"all": [{"order": order}, {"order": order | {"by": 0.01}}]},
        "evidence": [alone],
    }
    found = judged(entry, *runs)
    told = [piece["groups"] for piece in found["pieces"] + found["shown"]]
    assert told[0].endswith("3 of 5 at 17.89\u202f%, 2 from 92.48 to 94.27\u202f%") and told[
        1:
    ] == ["", ""]
    # Of other rows, other groups may be told.
    alone["measure"]["metric"] = "train_metric"
    again = judged({"rule": {"order": order}, "evidence": [alone]}, *runs)
    assert again["pieces"][0]["groups"] == told[0] and again["shown"][0]["groups"] == ""


def test_one_replicate_has_no_interval_in_numbers_or_words():
    order = {"order": {"metric": "test_metric", "lower": of("a"), "than": of("b")}}
    runs = [run(name, name, test_metric=[value]) for name, value in (("a", 1.0), ("b", 2.0))]
    for rule in (order, VALUE, VALUE | {"value": VALUE["value"] | {"factor": 2}}):
        verdict, [piece] = judge(rule, *runs, source={"test": "1.5"})
        assert (verdict, piece["low"], piece["high"], piece["n"]) == (UNDECIDED, None, None, 1)
        assert "(" not in piece["text"]


def test_words_of_the_source_are_told_as_they_are_called():
    source = {"optimizer": {"value": "adam"}, "loss": {"value": "mse"}, "rate": {"value": "0.01"}}
    rule = {"fact": {"check": "configuration", "of": of("a"), "keys": ["optimizer", "loss"]}}
    told = "By {optimizer} on the {loss} at {rate}."
    entry = {"claim": told, "claimed": "{optimizer}", "source": source, "rule": rule}
    found = judged(entry, run("a", "a", optimizer="adam"))
    assert found["verdict"] == SET_UP, "what is compared is as it is set"
    assert (found["claim"], found["claimed"]) == ("By Adam on the MSE at 0.01.", "Adam")
    assert found["pieces"][0]["claimed"] == "optimizer Adam, loss MSE"


def test_evidence_over_several_runs_is_told_apart_and_leaves_out_what_diverged():
    measure = {"about": "error", "measure": {"metric": "test_metric", "of": of("a")}}
    members = along([1.0] * 5, [2.0] * 5)
    members += [run("lost", "a", widths=[30], test_metric=FIVE, diverged=[0])]
    found = judged({"rule": {"trend": TREND}, "evidence": [measure]}, *members)
    names = [piece["about"] for piece in found["shown"]]
    assert names == ["error: 10 units", "error: 20 units", "error: 30 units"]
    assert found["shown"][2]["number"] == pytest.approx(1.005)
    assert found["shown"][2]["text"].endswith("; no value in 1 of 5 replicates")


def test_names_for_runs_stand_for_them():
    rule = {"order": {"metric": "test_metric", "lower": "small", "than": "large"}}
    found = judged({"rule": rule, "runs": {"small": of("a"), "large": of("b")}}, *two([-0.2] * 5))
    assert (found["verdict"], found["pieces"][0]["runs"]) == (REPRODUCED, ["a", "b"])


def test_the_best_run_of_a_problem_can_be_asked_for():
    rule = {"value": VALUE["value"] | {"of": {"run": "best", "problem": "prices"}}}
    pair = two([-0.2] * 5)
    verdict, [piece] = judge(rule, *pair, source={"test": "1.0"}, best={"prices": "b"})
    assert (verdict, piece["runs"]) == (REPRODUCED, ["b"])
    rule["value"]["of"] = {"run": "best", "problem": "absent"}
    assert judge(rule, *pair, source={"test": "1.0"})[0] == UNTESTABLE


def test_a_claim_without_runs_is_not_testable_and_stops_nothing():
    rule = order(than=of("elsewhere"))
    made = results(*two([-0.2] * 5))
    first, second = judge_claims(claims({"rule": rule}, {"id": "two", "rule": order()}), made)
    assert (first["verdict"], first["pieces"], first["headline"]) == (UNTESTABLE, [], None)
    assert "sweep elsewhere: not in this study" in first["why"]
    assert second["verdict"] == REPRODUCED
    [row] = table([first])
    assert row["measured"] is None
    assert judge_claims(claims(), made) == []


def test_an_interval_of_a_mean_stays_where_a_mean_can_be():
    perfect = run("a", "a", problem="images", test_metric=[1.0, 1.0, 1.0, 1.0, 0.2])
    _, [piece] = judge(VALUE, perfect, source={"test": "1.0"})
    assert piece["high"] == 1.0 and piece["low"] >= 0


@pytest.mark.parametrize(("entry", "number", "rounding"), [
    ({"value": "97.1", "unit": "%"}, 0.971, 0.0005), ({"value": "0.0030"}, 0.003, 0.00005),
    ({"value": "1e-8"}, 1e-8, 0.5e-8), ({"value": "6", "unit": "min"}, 360, 30),
    ({"value": 8, "unit": "times"}, 8, 0.5), ({"value": "adam"}, "adam", 0),
])  # fmt: skip
def test_source_values_keep_their_unit_and_precision(entry, number, rounding):
    read = source_number(entry)
    assert read.number == (number if isinstance(number, str) else pytest.approx(number))
    assert read.rounding == pytest.approx(rounding)


# what a file of claims says, and what a study can test ------------------------------------------

CLAIMS = ROOT / "config/claims.yaml"
RATE = of("rates", learning_rate=0.01)
ENTRY = {
    "id": "one", "title": "A is better than B", "claim": "A is better than B.",
    "source": {"gain": {"value": "8", "unit": "%"}, "word": {"value": "adam"}},
    "runs": {"fast": RATE}, "rule": order(lower="fast"),
}  # fmt: skip
RUNS = (
    run("slow", "rates", learning_rate=0.001),
    run("quick", "rates a", learning_rate=0.01),
    run("deep", "b", widths=[100] * 5),
    run("gaussian", "gaussian", loss="gaussian"),
    run("scans", "images", problem="images"),
    run("own", "own", model="module", skip=True),
)
GAUSSIAN = of("gaussian")


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
    more = {"id": "two", "rule": correlation("falls"), "evidence": [measure]}
    both = claims(ENTRY, more, {"id": "three", "rule": {"untestable": "so"}})
    assert both.metrics == ["test_metric", "rank_variance_area", "test_rmse"]


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "[]", "claims: []"])
def test_a_study_may_have_no_claims(tmp_path, content):
    assert load(tmp_path, content).claims == []
    assert load_claims(tmp_path / "absent.yaml").claims == load_claims(None).claims == []


def test_a_testable_claim_has_no_reason_against_it():
    assert check(ENTRY["rule"]) == {}
    assert check(order(metric="seconds_per_epoch"), timed=["rates", "b"]) == {}
    assert check({"value": {"metric": "core_seconds", "source": "gain", "factor": 2}}) == {}


@pytest.mark.parametrize(
    "where",
    [
        of("b", widths=[100] * 5), of("b", widths="100-100-100-100-100"), of("b", depth=5),
        of("rates", learning_rate="0.01"), of("own", skip=True),
        {"run": "best", "problem": "prices"},
    ],
)  # fmt: skip
def test_a_run_is_found_however_its_value_is_written(where):
    assert check(order(than=where)) == {}


NOT_TESTABLE = {
    "unknown sweep": (order(than=of("absent")), ["sweep absent: not in this study", "rates, a, b"]),
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
    "an axis that the runs share": (trend(of=of("rates")),
                                    ["2 runs share one width", "fixes learning_rate"]),
    "an axis that the runs have not": (trend(of=of("images"), along="width"), ["scans", "none"]),
    "an axis without an order": (trend(of=of("own"), along="skip"), ["own has", "a number"]),
    "a fact about no convolution": (fact("possible", **{"with": {"padding": 0}}),
                                    ["convolutions", "quick"]),
    "a default that the optimizer has not": (fact("default", keys=["momentum"]),
                                             ["without momentum"]),
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
    "a time in per cent": (ratio("training_seconds", of="gain", to=RATE, equals=2),
                           ["ratio: of: found 8 %; allowed: time of training in s or min or h"]),
    "a key that is none": (fact("configuration", keys=["gain"]),
                           ["keys: found gain", "batch_size"]),
    "a default of no optimizer": (fact("default", keys=["gain"]), ["keys: found gain", "beta1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_means_nothing_in_any_study_is_refused(name):
    rule, told = MEANINGLESS[name]
    with pytest.raises(TunebookError) as refusal:
        check(rule)
    for text in ["claims.yaml: one: ", *told]:
        assert text in str(refusal.value)


# {what: (changes of the entry, None for what is taken away; what is told)}
UNREADABLE = {
    "an unknown key": (dict(verdict="reproduced"), "one: verdict: unknown key; allowed"),
    "no title": (dict(title=None), "one: title: missing"),
    "no id": (dict(id=None), "claims[0]: id: missing"),
    "an old name": (dict(statement="so"), "one: statement: unknown key"),
    "an unknown rule": (dict(rule={"guess": {}}), "one: rule.guess: unknown key"),
    "a rule of two kinds": (dict(rule=ENTRY["rule"] | {"untestable": "so"}),
                            "exactly one of all, any, value, order"),
    "a rule of no kind": (dict(rule={"about": "it"}), "exactly one of all, any, value, order"),
    "evidence of two": (dict(evidence=[{"all": [ENTRY["rule"]]}]),
                        "one: evidence[0].all: unknown key"),
    "a wrong type": (dict(rule=order(metric=3)), "rule.order.metric: found 3; allowed: text"),
    "a misspelt key": (dict(rule=order(lowr=RATE)), "one: rule.order.lowr: unknown key"),
    "both sides": (dict(rule=order(higher=RATE)), "exactly one of lower and higher"),
    "two limits": (dict(rule=order(by=1, within=1)), "at most one of by and within"),
    "a factor of one": (
        dict(rule={"value": {"metric": "core_seconds", "source": "gain", "factor": 1}}),
        "more than 1"),
    "a trend of both kinds": (dict(rule=trend(along="width", correlation="x")),
                              "metric and along, or correlation alone"),
    "an unknown property": (dict(rule=shape("pretty")), "learned with margin; diverged"),
    "a property without its margin": (dict(rule=shape("learned")), "learned with margin"),
    "a margin without its property": (dict(rule=shape("diverged", margin=1)),
                                      "learned with margin"),
    "a fact without its keys": (dict(rule=fact("default")), "configuration or default with keys"),
    "a selection of both kinds": (dict(rule=order(than={"sweep": "a", "run": "best"})),
                                  "one: rule.order.than: found {'sweep': 'a'"),
    "a reduced single run": (
        dict(rule={"value": {"metric": "m", "of": RATE | {"reduce": "x"}, "source": "gain"}}),
        "rule.value.of: found"),
    "an unknown name of runs": (dict(rule=order(than="slow")),
                                "order: than: found slow; allowed: a selection, or a name"),
    "a name of a name": (dict(runs={"fast": RATE, "slow": "fast"}, rule=order(than="slow")),
                         "order: than: found slow"),
    "unknown source value": (dict(rule=order(by="more")),
                             "one: order: source: more is not among this claim's source values; "
                             "allowed: gain, word"),
    "a word for a number": (dict(rule=order(by="word")), "source.word: found adam"),
    "a division by nothing": (
        dict(source={"a": {"value": "1"}, "b": {"value": "0"}}, rule={"ratio": {
            "metric": "test_metric", "of": RATE, "to": RATE, "source": ["a", "b"], "factor": 2}}),
        "source.b: found 0"),
    "a ratio of two source values": (
        dict(rule=ratio(of="gain", to="gain", equals=2)),
        "one: ratio: found source values, gain and gain; allowed: one side a source value, and"),
    "a ratio to nothing": (
        dict(source={"none": {"value": "0"}}, rule=ratio(of=RATE, to="none", equals=2)),
        "ratio: source.none: found 0; allowed: above 0"),
    "a ratio to a word": (dict(rule=ratio(of=RATE, to="word", equals=2)),
                          "ratio: source.word: found adam"),
    "a ratio to what is nowhere": (dict(rule=ratio(of=RATE, to="slow", equals=2)),
                                   "ratio: to: found slow; allowed: a selection, or a name"),
    "a margin of nothing": (dict(rule=order(by="0 %")), "by: found 0 %; allowed: above 0"),
    "a margin below nothing": (dict(rule=order(within=-0.1)), "rule.order.within: found -0.1"),
    "a margin that is no share": (dict(rule=same("ten %")), "rule.same.margin: found 'ten %'"),
    "pieces that are not there": (
        dict(rule={"all": [{"about": "down", **order()}], "decides": ["up"]}),
        "one: decides: found up; allowed: down"),
    "a piece that decides alone": (dict(rule=order() | {"decides": ["down"]}),
                                   "one: order: found decides; allowed: beside all or any"),
    "a change of changes": (
        dict(rule=order(than={"change": [RATE, {"change": [RATE, RATE]}]})), "change"),
    "a scope of its own": (dict(rule=order(scope="the world")), "rule.order.scope: found"),
    "an id with markup": (dict(id="<b>"), "<b>: id: found '<b>'; allowed: small letters"),
    "a section that is a number": (dict(section=2.2), "one: section: found 2.2"),
    "a long name of a source": (dict(source={"gain": {"value": "1", "by": "x" * 25}}),
                                "one: source.gain.by: found"),
    "an unknown unit": (dict(source={"gain": {"value": "1", "unit": "miles"}}),
                        "one: source.gain.unit: found 'miles'"),
    "an unknown verdict": (dict(expected="true"), "one: expected: found 'true'; allowed: one"),
    "a sentence for no verdict": (dict(why={"sure": "so"}), "one: why: found"),
    "a placeholder that nothing fills": (dict(why={"undecided": "it is {best}"}),
                                         "one: why.undecided: found {best}; allowed: measured"),
    "a piece that is not there": (dict(why="{piece2}"), "one: why.reproduced: found {piece2}"),
    "an attribute in a placeholder": (dict(why="{piece1.__class__}"), "found {piece1.__class__}"),
    "a width in a placeholder": (dict(why="{piece1:>99999999}"), "found {piece1:>99999999}"),
    "a broken placeholder": (dict(claimed="so { what"), "one: claimed: "),
    "a placeholder of what is measured": (dict(claim="{measured}"), "claim: found {measured}"),
    "a source value with a taken name": (dict(source={"measured": {"value": "1"}}),
                                         "one: source.measured: the name is taken"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused(tmp_path, name):
    changes, told = UNREADABLE[name]
    entry = {key: value for key, value in (ENTRY | changes).items() if value is not None}
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
        ("- many", "claims[0]: found 'many'"),
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
    assert (len(found.claims), len(found.traps)) == (45, 7)
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


# properties that hold for any runs --------------------------------------------------------------

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
with_divergence = st.one_of(numbers, st.just(np.inf))
OPPOSITE = {REPRODUCED: NOT, NOT: REPRODUCED, UNDECIDED: UNDECIDED}


def paired(values):
    """Two lists of equally many values, one to twelve."""
    return st.integers(1, 12).flatmap(
        lambda n: st.tuples(*(st.lists(values, min_size=n, max_size=n) for _ in "ab"))
    )


def gaps(pair):
    """Runs a and b with these gaps, a measure that no ratio can be taken of."""
    return [run(name, name, gap=values) for name, values in zip("ab", pair, strict=True)]


@settings(deadline=None, max_examples=60)
@given(paired(numbers), st.sampled_from([None, 0.5, 100.0]))
def test_an_order_never_survives_swapping_its_sides(pair, by):
    more = {} if by is None else {"by": by}
    one, _ = judge(order("higher", "gap", **more), *gaps(pair))
    other, _ = judge(order("higher", "gap", **more), *gaps(pair[::-1]))
    assert not (one in (REPRODUCED, PARTLY) and other in (REPRODUCED, PARTLY))
    if by is None:
        assert other == OPPOSITE[one]
    scaled = [[2 * value for value in values] for values in pair]  # by 2: exact in binary
    doubled = {} if by is None else {"by": 2 * by}
    assert judge(order("higher", "gap", **doubled), *gaps(scaled))[0] == one


@settings(deadline=None, max_examples=50)
@given(st.lists(numbers, min_size=3, max_size=12))
def test_the_mean_of_all_replicates_is_always_reproduced(values):
    interval = mean_interval(values)
    rounding = 1e-9 * max(map(abs, values))
    assert value_verdict(np.array(values), interval, interval.centre, rounding) == REPRODUCED


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.5, 1.0]), min_size=1, max_size=10))
def test_a_trend_cannot_both_rise_and_fall(correlations):
    values = np.array(correlations)
    p = trend_p(values, mean_of(values), 3, False)
    rises, falls = (trend_verdict(values.mean(), p, way) for way in ("rises", "falls"))
    assert falls == OPPOSITE[rises]


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(1.01, 10), st.floats(0.1, 10))
def test_a_ratio_is_judged_alike_from_both_sides(low, high, factor, claimed):
    low, high = sorted((low, high))
    middle = (low * high) ** 0.5
    if any(abs(bound / claimed / limit - 1) < 1e-9
           for bound in (low, high) for limit in (factor, 1 / factor)):  # fmt: skip
        return  # on a limit, rounding decides
    one = factor_verdict(Interval(middle, low, high, 5), claimed, factor)
    inverse = Interval(1 / middle, 1 / high, 1 / low, 5)
    assert factor_verdict(inverse, 1 / claimed, factor) == one


@pytest.mark.parametrize(("n", "points"), [(5, 3), (5, 4), (10, 3), (10, 4)])
def test_a_trend_on_pure_noise_is_undecided_but_for_the_nominal_rate(n, points):
    noise = np.random.default_rng(n + points).normal(size=(1000, n, points))
    verdicts = []
    for replicates in noise:
        values = np.array([rank_correlation(range(points), row) for row in replicates])
        p = trend_p(values, mean_of(values), points, False)
        verdicts.append(trend_verdict(values.mean(), p, "rises"))
    assert 0.02 <= np.mean([verdict != UNDECIDED for verdict in verdicts]) <= 0.08


RULES = {
    "value": {"metric": "test_metric", "of": of("a"), "source": "x"},
    "order": {"metric": "test_metric", "lower": of("a"), "than": of("b")},
    "ratio": {"metric": "test_metric", "of": of("a"), "to": of("b"), "equals": 1, "factor": 2},
    "shape": {"property": "learned", "margin": 0.1, "of": of("a")},
}


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(sorted(RULES)),
    st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=6),
    st.sets(st.integers(0, 5)),
    st.sampled_from([[], ["prices"]]),
    st.sampled_from([{}, {"why": "{measured} ({low}, {high}) {piece1} {claimed}"}]),
)
def test_any_runs_give_a_verdict_a_sentence_and_readable_pieces(kind, values, lost, sample, why):
    lost = [replicate for replicate in lost if replicate < len(values)]
    runs = (
        run("a", "a", test_metric=values, diverged=lost),
        run("b", "b", test_metric=values[::-1]),
    )
    entry = {"rule": {kind: RULES[kind]}, "source": {"x": {"value": "1.0"}}, **why}
    found = judged(entry, *runs, stand_ins=sample)
    assert found["verdict"] in VERDICTS
    assert found["why"] and "{" not in found["why"]
    assert found["pieces"][0]["n"] <= len(values)
    json.dumps(found, allow_nan=False)


@given(st.decimals(0, 1000, places=3))
def test_a_source_value_is_within_its_own_rounding(value):
    read = source_number({"value": str(value)})
    assert abs(read.number - float(value)) <= read.rounding
