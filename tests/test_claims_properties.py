"""Properties that hold for any runs, found by trying to break them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_up_runs import judged, of, run
from tunebook.claims.read import NOT, PARTLY, REPRODUCED, UNDECIDED, VERDICTS, source_number
from tunebook.claims.rules import factor_verdict, order_verdict, trend_verdict, value_verdict
from tunebook.evidence.intervals import Interval, mean_interval, rank_correlation

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
with_divergence = st.one_of(numbers, st.just(np.inf))
OPPOSITE = {REPRODUCED: NOT, NOT: REPRODUCED, UNDECIDED: UNDECIDED}


def paired(values):
    """Two lists of equally many values, one to twelve."""
    return st.integers(1, 12).flatmap(
        lambda n: st.tuples(*(st.lists(values, min_size=n, max_size=n) for _ in "ab"))
    )


@settings(deadline=None, max_examples=100)
@given(paired(with_divergence), st.sampled_from([-1, 1]), st.sampled_from([0.0, 0.5, 100.0]))
def test_an_order_never_survives_swapping_its_sides(pair, sign, least):
    a, b = map(np.array, pair)
    one, _, _ = order_verdict(a, b, sign, least)
    other, _, _ = order_verdict(b, a, sign, least)
    assert not (one in (REPRODUCED, PARTLY) and other in (REPRODUCED, PARTLY))
    if least == 0:
        assert other == OPPOSITE[one]
    assert order_verdict(-a, -b, -sign, least)[0] == one, "lower is higher of the negated"
    scaled, _, _ = order_verdict(a * 2.0, b * 2.0, sign, least * 2.0)  # by 2: exact in binary
    assert scaled == one, "the unit does not matter"


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
    interval = mean_interval(values, least=-1, most=1)
    rises, falls = (trend_verdict(values, interval, way, 3) for way in ("rises", "falls"))
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


@pytest.mark.parametrize("n", [5, 10])
def test_an_order_on_pure_noise_is_undecided_but_for_the_nominal_rate(n):
    """1,000 null comparisons through the rule itself: false verdicts within 2 % to 8 %."""
    noise = np.random.default_rng(1000 + n).normal(size=(1000, 2, n))
    verdicts = [order_verdict(a, b, 1, 0.0)[0] for a, b in noise]
    assert 0.02 <= np.mean([verdict != UNDECIDED for verdict in verdicts]) <= 0.08


@pytest.mark.parametrize(("n", "points"), [(5, 3), (5, 4), (10, 3), (10, 4)])
def test_a_trend_on_pure_noise_is_undecided_but_for_the_nominal_rate(n, points):
    noise = np.random.default_rng(n + points).normal(size=(1000, n, points))
    verdicts = []
    for replicates in noise:
        values = np.array([rank_correlation(range(points), row) for row in replicates])
        interval = mean_interval(values, least=-1, most=1)
        verdicts.append(trend_verdict(values, interval, "rises", points))
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
