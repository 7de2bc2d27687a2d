"""Every rule, each of its outcomes and their boundaries, on made-up runs."""

import inspect
import json
import math

import numpy as np
import pytest
import torch

from made_up_runs import evidence, run, tables, timing
from tunebook.claims import judge_claims, rules, sources
from tunebook.claims.conditions import condition_grid
from tunebook.claims.parts import (
    NOT,
    PARTLY,
    REPRODUCED,
    UNDECIDED,
    UNTESTABLE,
    combine_all,
    combine_any,
    show,
)
from tunebook.claims.value import value_verdict
from tunebook.statistics import mean_interval
from tunebook.study import OPTIMIZERS

FIVE = [0.98, 0.99, 1.0, 1.01, 1.02]


def judge(rule, *runs, source=None, **more):
    """(verdict, parts) of one rule on some runs; source: {name: value}."""
    study, seen = evidence(*runs, **more)
    numbers = {name: sources.read({"value": value}) for name, value in (source or {}).items()}
    return rules.judge(rule, study, seen, numbers)


def of(sweep, **where):
    return {"sweep": sweep, "where": where} if where else {"sweep": sweep}


# value ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [("1.000", REPRODUCED), ("1.019", PARTLY), ("0.981", PARTLY), ("1.03", NOT), ("0.9", NOT)],
)
def test_a_value_is_inside_the_interval_inside_the_spread_or_outside(claimed, verdict):
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    found, parts = judge(rule, run("r", "a", test_metric=FIVE * 2), source={"test": claimed})
    assert found == verdict
    assert parts[0].measured == pytest.approx(1.0)
    assert parts[0].n == 10
    assert parts[0].runs == ["r"]


def test_a_value_on_the_bound_of_the_interval_or_the_spread_is_inside():
    values = np.array(FIVE)
    interval = mean_interval(values)
    assert value_verdict(values, interval, interval.high, 0) == REPRODUCED
    assert value_verdict(values, interval, np.nextafter(interval.high, 2), 0) != REPRODUCED
    assert value_verdict(values, interval, np.nextafter(1.02, 2), 0) == NOT
    narrow = interval._replace(low=1.0, high=1.0)
    assert value_verdict(values, narrow, 1.02, 0) == PARTLY


def test_a_value_is_compared_to_the_precision_it_was_given_with():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    member = run("r", "a", test_metric=[value - 0.04 for value in FIVE])
    # 0.96 on average, 0.94 to 0.98: a claimed 1 can mean 0.5 to 1.5, a claimed 1.00 cannot
    assert judge(rule, member, source={"test": "1"})[0] == REPRODUCED
    assert judge(rule, member, source={"test": "1.00"})[0] == NOT


def test_too_few_replicates_leave_a_value_undecided():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    assert judge(rule, run("r", "a", test_metric=[1.0, 1.1]), source={"test": 5})[0] == UNDECIDED


def test_a_value_is_not_compared_on_stand_in_data():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    member = run("r", "a", test_metric=FIVE)
    verdict, parts = judge(rule, member, source={"test": "1.0"}, stand_ins=["houses"])
    assert verdict == UNTESTABLE
    assert "stand-in" in parts[0].reason
    assert parts[0].measured == pytest.approx(1.0)
    assert judge(rule, member, source={"test": "1.0"}, stand_ins=["digits"])[0] == REPRODUCED


def test_with_a_diverged_replicate_a_value_can_only_lie_in_the_spread():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    member = run("r", "a", test_metric=FIVE, diverged=[4])
    verdict, parts = judge(rule, member, source={"test": "1.000"})
    assert verdict == PARTLY
    assert parts[0].diverged == 1
    assert judge(rule, member, source={"test": "0.5"})[0] == NOT


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(3600, REPRODUCED), (7200, REPRODUCED), (7201, NOT), (1800, REPRODUCED), (1799, NOT)],
)
def test_a_value_can_be_about_so_much(seconds, verdict):
    rule = {"value": {"metric": "core_seconds", "source": "cost", "factor": 2}}
    member = run("r", "a")
    assert judge(rule, member, source={"cost": 3600}, core_seconds=[seconds])[0] == verdict


def test_core_seconds_are_summed_over_jobs():
    rule = {"value": {"metric": "core_seconds", "source": "cost", "factor": 2}}
    _, parts = judge(rule, run("r", "a"), source={"cost": 1}, core_seconds=[10.0, 20.0])
    assert parts[0].measured == 30


# order ------------------------------------------------------------------------------------------


def order(side="lower", **more):
    return {"order": {"metric": "test_metric", side: of("a"), "than": of("b"), **more}}


def two(differences, base=1.0, **more):
    """Runs a and b whose test errors differ by these amounts, replicate by replicate."""
    a = [base + difference for difference in differences]
    return run("a", "a", test_metric=a, **more), run("b", "b", test_metric=[base] * len(a))


def test_an_order_holds_fails_or_is_open():
    lower = [-0.1, -0.12, -0.09, -0.11, -0.1]
    assert judge(order(), *two(lower))[0] == REPRODUCED
    assert judge(order("higher"), *two(lower))[0] == NOT
    assert judge(order(), *two([-0.1, 0.12, -0.09, 0.11, 0.0]))[0] == UNDECIDED


def test_an_order_measures_the_first_side_minus_the_other():
    _, parts = judge(order(), *two([-0.1, -0.3, -0.2, -0.2, -0.2]))
    assert parts[0].measured == pytest.approx(-0.2)
    assert parts[0].low < -0.2 < parts[0].high < 0
    assert parts[0].unit == "difference of mse"
    assert parts[0].runs == ["a", "b"]


def test_equal_runs_are_undecided():
    assert judge(order(), *two([0.0] * 10))[0] == UNDECIDED


def test_an_order_is_decided_within_replicates_not_between_means():
    shared = np.random.default_rng(0).normal(size=10)
    a = run("a", "a", test_metric=list(shared - 0.01 + 0.001 * np.arange(10) / 10))
    assert judge(order(), a, run("b", "b", test_metric=list(shared)))[0] == REPRODUCED


@pytest.mark.parametrize(
    ("advantage", "verdict"),
    [(0.2, REPRODUCED), (0.1, PARTLY), (0.05, PARTLY), (0.0, NOT), (-0.2, NOT)],
)
def test_an_order_by_an_amount_can_hold_in_direction_only(advantage, verdict):
    spread = [-0.002, -0.001, 0.0, 0.001, 0.002]
    pair = two([-advantage + noise for noise in spread])
    assert judge(order(by=0.1), *pair)[0] == verdict
    assert judge(order(by="gain"), *pair, source={"gain": "0.1"})[0] == verdict


def test_an_advantage_of_exactly_the_amount_claimed_is_not_more():
    assert judge(order(by=0.5), *two([-0.5] * 5))[0] == PARTLY
    assert judge(order(by=0.5), *two([-0.75] * 5))[0] == REPRODUCED


@pytest.mark.parametrize(("worse", "verdict"), [(0.05, REPRODUCED), (0.1, UNDECIDED), (0.2, NOT)])
def test_no_worse_than_allows_that_much(worse, verdict):
    noise = [-0.002, -0.001, 0.0, 0.001, 0.002]
    pair = two([worse + each for each in noise])
    assert judge(order(within=0.1), *pair)[0] == verdict


def test_two_replicates_leave_an_order_undecided():
    assert judge(order(), *two([-1.0, -1.1]))[0] == UNDECIDED


def test_only_replicates_that_both_sides_have_are_compared():
    a = run("a", "a", test_metric=[0.5, 0.6, 0.5, 0.6, 0.5, 99.0])
    b = run("b", "b", test_metric=[1.0] * 5)
    verdict, parts = judge(order(), a, b)
    assert (verdict, parts[0].n) == (REPRODUCED, 5)


def test_a_run_that_diverged_is_worse_than_any_that_did_not():
    a = run("a", "a", test_metric=[9.0] * 5)
    b = run("b", "b", test_metric=[1.0] * 5, diverged=range(5))
    verdict, parts = judge(order(), a, b)
    assert verdict == REPRODUCED
    assert parts[0].measured == 1.0
    assert parts[0].diverged == 5
    assert judge(order(), *two([-1.0] * 5, diverged=range(5)))[0] == NOT


def test_accuracy_of_a_run_that_diverged_is_the_lowest_whatever_was_recorded():
    a = run("a", "a", problem="digits", test_metric=[0.2] * 5)
    b = run("b", "b", problem="digits", test_metric=[0.9] * 5, diverged=range(5))
    assert judge(order("higher"), a, b)[0] == REPRODUCED


def test_with_divergence_replicates_are_counted_ties_as_half():
    a = run("a", "a", test_metric=[0.5] * 10, diverged=[0, 1])
    b = run("b", "b", test_metric=[1.0] * 10, diverged=[0, 2])
    # replicate 0: both diverged; 1: a alone, behind; 2: b alone, ahead; the rest ahead
    verdict, parts = judge(order(), a, b)
    assert parts[0].measured == pytest.approx(0.85)
    assert verdict == REPRODUCED
    both = [run(name, name, test_metric=[1.0] * 5, diverged=range(5)) for name in "ab"]
    assert judge(order(), *both)[0] == UNDECIDED


def test_four_replicates_that_diverged_decide_nothing():
    a, b = run("a", "a", test_metric=[1.0] * 4), run("b", "b", replicates=4, diverged=range(4))
    assert judge(order(), a, b)[0] == UNDECIDED


def test_a_side_of_several_runs_is_reduced_within_replicates():
    a = [
        run("a1", "a", test_metric=[1.0, 1.0, 1.0, 1.0, 1.0], learning_rate=0.1),
        run("a2", "a", test_metric=[4.0, 4.1, 3.9, 4.2, 3.8], learning_rate=0.2),
    ]
    b = [
        run("b1", "b", test_metric=[1.0] * 5, learning_rate=0.1),
        run("b2", "b", test_metric=[2.0] * 5, learning_rate=0.2),
    ]

    def reduced(how, side):
        sides = {side: of("a") | {"reduce": how}, "than": of("b") | {"reduce": how}}
        return judge({"order": {"metric": "test_metric", **sides}}, *a, *b)

    verdict, parts = reduced("spread", "higher")
    assert verdict == REPRODUCED
    assert parts[0].measured == pytest.approx(2.0)
    assert parts[0].runs == ["a1", "a2", "b1", "b2"]
    assert reduced("highest", "higher")[1][0].measured == pytest.approx(2.0)
    assert reduced("lowest", "higher")[0] == UNDECIDED


def test_the_size_of_an_order_is_not_compared_with_the_source_on_stand_ins():
    pair = two([-0.2] * 5)
    source = {"gain": "0.1"}
    assert judge(order(by="gain"), *pair, source=source, stand_ins=["houses"])[0] == UNTESTABLE
    assert judge(order(by=0.1), *pair, stand_ins=["houses"])[0] == REPRODUCED


# ratio ------------------------------------------------------------------------------------------


def ratio(metric="test_metric", **more):
    return {"ratio": {"metric": metric, "of": of("a"), "to": of("b"), "factor": 2, **more}}


@pytest.mark.parametrize(
    ("times", "verdict"),
    [(8.0, REPRODUCED), (15.0, REPRODUCED), (20.0, PARTLY), (2.0, PARTLY), (0.5, NOT)],
)
def test_a_ratio_is_within_the_factor_in_direction_or_not(times, verdict):
    a = run("a", "a", test_metric=[times * value for value in FIVE])
    b = run("b", "b", test_metric=[1.0] * 5)
    found, parts = judge(ratio(source="s"), a, b, source={"s": "8"})
    assert found == verdict
    assert parts[0].measured == pytest.approx(times, rel=1e-3)


def test_an_interval_that_holds_the_limit_of_a_ratio_is_undecided():
    a = run("a", "a", test_metric=[1.8, 2.2, 1.9, 2.1, 2.0])
    b = run("b", "b", test_metric=[1.0] * 5)
    assert judge(ratio(equals=1), a, b)[0] == UNDECIDED


def test_a_ratio_at_the_limit_is_inside():
    a, b = run("a", "a", test_metric=[2.0] * 5), run("b", "b", test_metric=[1.0] * 5)
    assert judge(ratio(equals=1), a, b)[0] == REPRODUCED
    assert judge(ratio(equals=1, factor=1.9), a, b)[0] == NOT


def test_the_mean_of_ratios_is_geometric():
    a, b = run("a", "a", test_metric=[1.0, 4.0, 2.0]), run("b", "b", test_metric=[1.0] * 3)
    assert judge(ratio(equals=1), a, b)[1][0].measured == pytest.approx(2.0)


def test_a_claimed_ratio_can_be_a_quotient_of_source_values():
    a, b = run("a", "a", test_metric=[6.0] * 5), run("b", "b", test_metric=[1.0] * 5)
    source = {"top": "60", "bottom": "10"}
    assert judge(ratio(source=["top", "bottom"]), a, b, source=source)[0] == REPRODUCED


def test_ratios_of_times_have_the_median_and_range_of_repetitions():
    times = timing(a=[10.0, 12.0, 30.0], b=[1.0, 1.0, 2.0])
    pair = run("a", "a"), run("b", "b", problem="digits")
    _, parts = judge(ratio("seconds_per_epoch", equals=12), *pair, times=times)
    assert (parts[0].measured, parts[0].low, parts[0].high) == (12.0, 10.0, 15.0)
    assert parts[0].verdict == REPRODUCED


def test_training_time_is_seconds_per_epoch_times_epochs():
    times = timing(a=[1.0, 1.0], b=[1.0, 1.0])
    pair = run("a", "a", epochs=40), run("b", "b", epochs=10)
    _, parts = judge(ratio("training_seconds", equals=4), *pair, times=times)
    assert parts[0].measured == pytest.approx(4.0)


def test_ratios_to_a_run_that_diverged_are_counted():
    a = run("a", "a", test_metric=[1.0] * 5, diverged=range(5))
    b = run("b", "b", test_metric=[1.0] * 5)
    verdict, parts = judge(ratio(equals=1), a, b)
    assert verdict == NOT
    assert "0 of 5" in parts[0].text


# trend ------------------------------------------------------------------------------------------

TREND = {"metric": "test_metric", "of": of("a"), "along": "width", "direction": "falls"}


def widths(*columns):
    """One run a column of test errors, each wider than the one before."""
    return [
        run(f"r{i}", "a", widths=[10 * (i + 1)], test_metric=list(values))
        for i, values in enumerate(columns)
    ]


def test_a_trend_holds_fails_or_is_open():
    falling = widths([3.0] * 5, [2.0] * 5, [1.0] * 5)
    verdict, parts = judge({"trend": TREND}, *falling)
    assert (verdict, parts[0].measured, parts[0].n) == (REPRODUCED, -1.0, 5)
    assert judge({"trend": TREND | {"direction": "rises"}}, *falling)[0] == NOT
    mixed = widths([1, 3, 1, 3, 2], [2, 2, 2, 2, 2], [3, 1, 3, 1, 2])
    assert judge({"trend": TREND}, *mixed)[0] == UNDECIDED


def test_a_trend_is_judged_in_the_order_of_the_axis_and_not_of_the_runs():
    shuffled = widths([3.0] * 5, [2.0] * 5, [1.0] * 5)[::-1]
    assert judge({"trend": TREND}, *shuffled)[0] == REPRODUCED


def test_a_full_batch_is_the_largest():
    members = [
        run(f"r{size}", "a", batch_size=size, test_metric=[error] * 5)
        for size, error in (("full", 1.0), (10, 3.0), (100, 2.0))
    ]
    verdict, _ = judge({"trend": TREND | {"along": "batch_size"}}, *members)
    assert verdict == REPRODUCED


def test_a_run_that_diverged_is_the_worst_of_its_axis():
    members = widths([1.0] * 5, [2.0] * 5)
    members.append(run("r2", "a", widths=[30], test_metric=[0.1] * 5, diverged=range(5)))
    assert judge({"trend": TREND | {"direction": "rises"}}, *members)[0] == REPRODUCED


def test_few_replicates_decide_a_trend_only_if_all_are_monotone():
    assert judge({"trend": TREND}, *widths([3.0] * 3, [2.0] * 3, [1.0] * 3))[0] == REPRODUCED
    almost = widths([3.0] * 3, [2.0, 2.0, 1.0], [1.0, 1.0, 2.0])
    assert judge({"trend": TREND}, *almost)[0] == UNDECIDED
    assert judge({"trend": TREND}, *widths([3.0] * 3, [2.0] * 3))[0] == UNDECIDED
    assert judge({"trend": TREND}, *widths([3.0] * 2, [2.0] * 2, [1.0] * 2))[0] == UNDECIDED


def test_a_correlation_over_rows_is_judged_over_replicates():
    rule = {"correlation": "rank_variance_GrLivArea", "of": of("a"), "direction": "falls"}
    member = run("r", "a", loss="gaussian", rank_variance_GrLivArea=[-0.5, -0.6, -0.4, -0.5, -0.5])
    assert judge({"trend": rule}, member)[0] == REPRODUCED
    assert judge({"trend": rule | {"direction": "rises"}}, member)[0] == NOT
    lost = run("r", "a", loss="gaussian", rank_variance_GrLivArea=[-0.5] * 5, diverged=range(4))
    verdict, parts = judge({"trend": rule}, lost)
    assert (verdict, parts[0].measured) == (UNDECIDED, pytest.approx(-0.1))


def test_trends_of_time_use_timing_alone():
    times = timing(r0=[1.0, 1.1, 1.2], r1=[2.0, 2.1, 2.2], r2=[3.0, 3.1, 3.2])
    rule = TREND | {"metric": "seconds_per_epoch", "direction": "rises"}
    members = [run(f"r{i}", "a", widths=[i + 1], seconds_per_epoch=9.0 - i) for i in range(3)]
    assert judge({"trend": rule}, *members, times=times)[0] == REPRODUCED


# shape ------------------------------------------------------------------------------------------


def shape(name, **more):
    return {"shape": {"property": name, "of": of("a"), **more}}


@pytest.mark.parametrize(("error", "learned"), [(0.89, True), (0.9, False), (1.0, False)])
def test_to_learn_is_to_beat_the_constant_predictor_by_the_margin(error, learned):
    member = run("r", "a", train_metric=[error] * 5, constant_train_metric=1.0)
    verdict, parts = judge(shape("learned", margin=0.1), member)
    assert verdict == (REPRODUCED if learned else NOT)
    assert parts[0].measured == (1.0 if learned else 0.0)
    opposite = shape("learned", margin=0.1, holds=False)
    assert judge(opposite, member)[0] == (NOT if learned else REPRODUCED)


def test_to_learn_digits_is_judged_by_errors_and_not_by_accuracy():
    member = run("r", "a", problem="digits", train_metric=[0.29] * 5)  # constant: 0.2 right
    assert judge(shape("learned", margin=0.1), member)[0] == REPRODUCED
    assert judge(shape("learned", margin=0.2), member)[0] == NOT


def test_a_replicate_that_diverged_has_not_learned():
    member = run("r", "a", train_metric=[0.1] * 5, diverged=range(5))
    assert judge(shape("learned", margin=0.1), member)[0] == NOT
    assert judge(shape("diverged"), member)[0] == REPRODUCED


def test_a_property_of_some_replicates_is_undecided():
    member = run("r", "a", train_metric=[0.1, 0.1, 0.1, 1.0, 1.0])
    verdict, parts = judge(shape("learned", margin=0.1), member)
    assert verdict == UNDECIDED
    assert parts[0].text == "3 of 5 replicates"


def test_four_replicates_are_too_few_for_a_property():
    assert judge(shape("learned", margin=0.1), run("r", "a", replicates=4))[0] == UNDECIDED


def test_a_loss_that_grows_and_stays_finite_has_diverged_too():
    grows = [[1.0 + e for e in range(20)]] * 5
    member = run("r", "a", train_metric=[20.0] * 5, curves={"train_metric": grows})
    assert judge(shape("diverged"), member)[0] == REPRODUCED
    slow = [[40.0 - e for e in range(20)]] * 5
    member = run("r", "a", train_metric=[21.0] * 5, curves={"train_metric": slow})
    assert judge(shape("diverged"), member)[0] == NOT


def test_an_overshoot_is_found_where_it_is_claimed():
    bump = [[1.0] * 8 + [0.5, 0.6, 0.4] + [0.3] * 9] * 5
    member = run("r", "a", curves={"train_loss": bump})
    rule = shape("overshoots", around="when", window=2, rise=0.15)
    assert judge(rule, member, source={"when": "10"})[0] == REPRODUCED
    assert judge(rule, member, source={"when": "15"})[0] == NOT


def test_overfitting_is_read_from_both_curves():
    rising = [[1.0, 0.5] + [0.8] * 18] * 5
    member = run("r", "a", curves={"validation_loss": rising})
    assert judge(shape("overfits", rise=0.5), member)[0] == REPRODUCED
    assert judge(shape("overfits", rise=0.7), member)[0] == NOT


def test_a_metric_above_a_threshold():
    member = run("r", "a", loss="gaussian", variance_spread=[1.2, 1.3, 1.4, 1.5, 1.6])
    rule = shape("above", metric="variance_spread", threshold=1.1)
    assert judge(rule, member)[0] == REPRODUCED
    rule["shape"]["threshold"] = 1.2  # the first replicate only reaches it
    assert judge(rule, member)[1][0].text == "4 of 5 replicates"
    rule["shape"]["threshold"] = 1.6
    assert judge(rule, member)[0] == NOT


# fact -------------------------------------------------------------------------------------------


def test_padding_zero_is_impossible_and_padding_two_gives_256_inputs():
    member = run("r", "a", problem="digits")
    inputs = {"fact": {"check": "dense_inputs", "of": of("a"), "source": "inputs"}}
    verdict, parts = judge(inputs, member, source={"inputs": "256"})
    assert (verdict, parts[0].measured) == (REPRODUCED, 256)
    assert judge(inputs, member, source={"inputs": "255"})[0] == NOT
    possible = {"fact": {"check": "possible", "of": of("a"), "with": {"padding": 0}}}
    verdict, parts = judge(possible, member)
    assert verdict == NOT
    assert "16, 6, 1" in parts[0].text
    possible["fact"]["with"] = {"padding": 2}
    verdict, parts = judge(possible, member)
    assert (verdict, parts[0].text) == (REPRODUCED, "pixels are left: sides 16, 8, 4, 2")


def test_a_configuration_is_compared_value_by_value():
    rule = {"fact": {"check": "configuration", "of": of("a"), "keys": ["loss", "epochs"]}}
    verdict, _ = judge(rule, run("r", "a"), source={"loss": "mse", "epochs": "20"})
    assert verdict == REPRODUCED
    verdict, parts = judge(rule, run("r", "a"), source={"loss": "mse", "epochs": "100"})
    assert (verdict, parts[0].text) == (NOT, "epochs is 20")


def test_a_stated_default_is_compared_with_the_library():
    rule = {"fact": {"check": "default", "of": of("a"), "keys": ["beta2"]}}
    assert judge(rule, run("r", "a"), source={"beta2": "0.999"})[0] == REPRODUCED
    verdict, parts = judge(rule, run("r", "a"), source={"beta2": "0.99"})
    assert (verdict, parts[0].text) == (NOT, "the default of beta2 is 0.999")


def test_the_defaults_that_facts_are_judged_by_are_those_of_pytorch():
    for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        defaults = inspect.signature(kind).parameters
        known = OPTIMIZERS[name]
        assert (known["beta1"], known["beta2"]) == defaults["betas"].default
        assert known["epsilon"] == defaults["eps"].default
        assert known["weight_decay"] == defaults["weight_decay"].default


# combinations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "of_all", "of_any"),
    [
        ([REPRODUCED, REPRODUCED], REPRODUCED, REPRODUCED),
        ([REPRODUCED, NOT], PARTLY, REPRODUCED),
        ([REPRODUCED, UNDECIDED], PARTLY, REPRODUCED),
        ([PARTLY, NOT], PARTLY, PARTLY),
        ([NOT, UNDECIDED], NOT, UNDECIDED),
        ([NOT, NOT], NOT, NOT),
        ([UNDECIDED, UNDECIDED], UNDECIDED, UNDECIDED),
        ([UNTESTABLE, REPRODUCED], REPRODUCED, REPRODUCED),
        ([UNTESTABLE, UNTESTABLE], UNTESTABLE, UNTESTABLE),
    ],
)
def test_parts_combine(parts, of_all, of_any):
    assert combine_all(parts) == combine_all(parts[::-1]) == of_all
    assert combine_any(parts) == combine_any(parts[::-1]) == of_any


def test_the_parts_of_a_combination_are_named_and_kept_in_order():
    rule = {
        "all": [
            {"about": "first", **order()},
            {"about": "second", "any": [{"about": "this", **order("higher")}, {**order()}]},
        ]
    }
    verdict, parts = judge(rule, *two([-0.2] * 5))
    assert verdict == REPRODUCED
    assert [part.description for part in parts] == ["first", "second: this", "second"]
    assert [part.verdict for part in parts] == [REPRODUCED, NOT, REPRODUCED]


def test_what_is_not_testable_says_why():
    verdict, parts = judge({"untestable": "nobody knows"}, run("r", "a"))
    assert (verdict, parts[0].reason) == (UNTESTABLE, "nobody knows")


@pytest.mark.parametrize(
    ("rule", "verdicts"),
    [
        ({"fact": {"check": "default"}}, {REPRODUCED, NOT}),
        (order(), {REPRODUCED, NOT, UNDECIDED}),
        (order(by=1.0), {REPRODUCED, PARTLY, NOT, UNDECIDED}),
        ({"all": [order(), {"fact": {}}]}, {REPRODUCED, PARTLY, NOT}),
        ({"all": [order()]}, {REPRODUCED, NOT, UNDECIDED}),
        ({"any": [order(), order()]}, {REPRODUCED, NOT, UNDECIDED}),
        ({"untestable": "so"}, {UNTESTABLE}),
    ],
)
def test_the_verdicts_that_a_rule_can_give_are_known(rule, verdicts):
    assert rules.possible_verdicts(rule) == verdicts


# rows of claims.csv -----------------------------------------------------------------------------

WHY = {
    "reproduced": "{claimed}: {measured}, {low} to {high}, n {replicates}; {part1}",
    "partly reproduced": "holds: {held}; fails: {failed}; open: {open}",
    "not reproduced": "no: {part1}",
    "undecided": "open",
}


def claims(rule, source=None, **more):
    statement = {
        "id": "s", "section": "1.1", "statement": "It is so.", "claimed": "so", "rule": rule,
        "source": source or {}, "why": WHY, **more,
    }  # fmt: skip
    return {"statements": [statement], "traps": []}


def judged(made, rule, data="real", **more):
    [row] = judge_claims(claims(rule, **more), *made, {"houses": data})
    return row


def test_a_row_holds_the_numbers_and_the_sentence_of_its_verdict():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    made = tables(run("r", "a", test_metric=[0.003, 0.0031, 0.0029, 0.003, 0.003]))
    row = judged(made, rule, source={"test": {"value": "0.0030"}}, claimed="test {test}")
    assert (row["verdict"], row["claimed"], row["data"]) == (REPRODUCED, "test 0.0030", "real")
    assert row["measured"] == pytest.approx(0.003)
    assert row["why"].startswith("Test 0.0030: 0.00300, 0.00")
    assert "n 5" in row["why"]
    [part] = json.loads(row["parts"])
    assert part["runs"] == ["r"] and part["verdict"] == REPRODUCED and part["counts"]


def test_swapping_the_sources_number_tests_the_statement_anew():
    rule = {"value": {"metric": "test_metric", "of": of("a"), "source": "test"}}
    made = tables(run("r", "a", test_metric=FIVE * 2))
    assert judged(made, rule, source={"test": {"value": "1.00"}})["verdict"] == REPRODUCED
    assert judged(made, rule, source={"test": {"value": "2.00"}})["verdict"] == NOT
    percent = {"value": "101.9", "unit": "%"}
    assert judged(made, rule, source={"test": percent})["verdict"] == PARTLY


def test_parts_that_held_and_failed_are_named_in_the_sentence():
    rule = {"all": [{"about": "up", **order("higher")}, {"about": "down", **order()}]}
    row = judged(tables(*two([-0.2] * 5)), rule)
    assert row["verdict"] == PARTLY
    assert row["why"] == "Holds: down; fails: up; open: none"


def test_evidence_is_shown_and_changes_no_verdict():
    measure = {"about": "errors", "measure": {"metric": "test_metric", "of": of("b")}}
    more = [measure, {"about": "opposite", **order("higher")}]
    row = judged(tables(*two([-0.2] * 5)), order(), evidence=more)
    assert row["verdict"] == REPRODUCED
    parts = json.loads(row["parts"])
    assert [part["counts"] for part in parts] == [True, False, False]
    assert (parts[1]["verdict"], parts[1]["measured"]) == ("", 1.0)
    assert parts[2]["verdict"] == NOT


def test_evidence_over_several_runs_is_told_apart_by_what_differs():
    measure = {"measure": {"metric": "test_metric", "of": of("a")}}
    made = tables(*widths([1.0] * 5, [2.0] * 5))
    row = judged(made, {"trend": TREND}, evidence=[{"about": "error", **measure}])
    names = [part["description"] for part in json.loads(row["parts"])[1:]]
    assert names == ["error: widths 10", "error: widths 20"]


def test_stand_in_data_mark_every_verdict():
    row = judged(tables(*two([-0.2] * 5)), order(), data="sample")
    assert (row["verdict"], row["data"]) == (REPRODUCED, "sample")
    value = {"value": {"metric": "test_metric", "of": of("b"), "source": "x"}}
    row = judged(tables(*two([-0.2] * 5)), value, data="sample", source={"x": {"value": "1.0"}})
    assert (row["verdict"], row["data"]) == (UNTESTABLE, "sample")
    assert "stand-in" in row["why"]


def test_diverged_replicates_leave_json_that_any_reader_can_read():
    row = judged(tables(*two([-0.2] * 5, diverged=range(5))), order())
    assert row["verdict"] == NOT
    value = {"value": {"metric": "test_metric", "of": of("a"), "source": "x"}}
    made = tables(*two([-0.2] * 5, diverged=[0]))
    row = judged(made, value, source={"x": {"value": "0.80"}})
    assert math.isinf(row["measured"])
    assert json.loads(row["parts"])[0]["measured"] is None


def test_judging_twice_gives_the_same_rows():
    random = np.random.default_rng(0)
    made = tables(*two(list(random.normal(size=10))))
    first = judged(made, order())
    np.random.seed(1)
    assert judged(made, order()) == first


def test_one_quantity_has_one_interval_in_every_statement():
    made = tables(*two(list(np.random.default_rng(0).normal(size=10))))
    both = claims(order())["statements"] * 2
    one, other = judge_claims({"statements": both}, *made, {"houses": "real"})
    assert (one["low"], one["high"]) == (other["low"], other["high"])


def test_an_interval_of_a_mean_stays_where_a_mean_can_be():
    measure = {"measure": {"metric": "test_metric", "of": of("a")}}
    perfect = run("a", "a", problem="digits", test_metric=[1.0, 1.0, 1.0, 1.0, 0.2])
    made = tables(perfect, run("b", "b", problem="digits", test_metric=[0.5] * 5))
    [row] = judge_claims(claims(order("higher"), evidence=[measure]), *made, {"digits": "real"})
    part = json.loads(row["parts"])[1]
    assert part["high"] == 1.0 and part["low"] >= 0


def test_statements_without_runs_can_be_left_untested():
    rule = order()
    rule["order"]["than"] = of("elsewhere")
    made = tables(*two([-0.2] * 5))
    [row] = judge_claims(claims(rule), *made, {"houses": "real"}, missing="not testable")
    assert row["verdict"] == UNTESTABLE
    assert "elsewhere" in row["why"]
    assert row["parts"] == "[]"


# the condition grid -----------------------------------------------------------------------------


def test_the_condition_grid_tells_how_replicates_ended():
    made = tables(
        run("good", "conditions x", train_metric=[0.1] * 5),
        run("stuck", "conditions", train_metric=[1.0] * 5, learning_rate=0.001),
        run("gone", "conditions", diverged=range(4), optimizer="sgd"),
        run("mixed", "conditions", train_metric=[0.1, 0.1, 1.0, 1.0], features="raw"),
        run("other", "x"),
    )
    grid = condition_grid(*made[:2])
    assert list(grid["run"]) == ["good", "stuck", "gone", "mixed"]
    assert list(grid["outcome"]) == ["learned", "failed", "diverged", "mixed"]
    assert list(grid["diverged"]) == [0, 0, 0.8, 0]
    assert list(grid["learned"]) == [1, 0, 0.2, 0.5]
    assert list(grid["replicates"]) == [5, 5, 5, 4]


def test_a_study_without_the_grid_has_an_empty_one():
    assert condition_grid(*tables(run("r", "a"))[:2]).empty


# numbers as text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (0.97125, "accuracy", False, "97.12 %"),
        (-0.0123, "accuracy", True, "−1.23 points"),
        (0.0123, "share", True, "+1.23 points"),
        (0.0030456, "mse", False, "0.00305"),
        (0.0000012345, "mse", True, "+0.00000123"),
        (0.0, "loss", True, "0"),
        (23456.7, "dollars", False, "$23,457"),
        (0.0042, "seconds", False, "4.20 ms"),
        (360, "seconds", False, "6.00 min"),
        (5400, "seconds", False, "1.50 h"),
        (8.123, "times", False, "8.12 times"),
        (-0.834, "rank correlation", False, "−0.83"),
        (12345.6, "count", False, "12,346"),
        (math.inf, "mse", False, "∞"),
        (math.nan, "mse", False, "unknown"),
    ],
)
def test_numbers_are_shown_with_their_units(value, unit, signed, text):
    assert show(value, unit, signed) == text


@pytest.mark.parametrize(
    ("entry", "number", "rounding"),
    [
        ({"value": "97.1", "unit": "%"}, 0.971, 0.0005),
        ({"value": "0.0030"}, 0.003, 0.00005),
        ({"value": "1e-8"}, 1e-8, 0.5e-8),
        ({"value": "6", "unit": "min"}, 360, 30),
        ({"value": 8, "unit": "times"}, 8, 0.5),
        ({"value": "adam"}, "adam", 0),
    ],
)
def test_source_values_keep_their_unit_and_precision(entry, number, rounding):
    read = sources.read(entry)
    assert read.number == (number if isinstance(number, str) else pytest.approx(number))
    assert read.rounding == pytest.approx(rounding)
