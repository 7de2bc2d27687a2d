"""Intervals and rank correlations, on values worked out by hand and on simulated noise."""

import math

import numpy as np
import pytest
import scipy.stats

from tunebook import statistics
from tunebook.statistics import Interval


def excludes_zero(interval):
    return interval.above(0) or interval.below(0)


def null_rate(differences):
    """Share of comparisons [m, n] whose interval excludes zero."""
    intervals = [statistics.mean_interval(row, seed) for seed, row in enumerate(differences)]
    return np.mean([excludes_zero(interval) for interval in intervals])


@pytest.mark.parametrize("n", [5, 10])
def test_pure_noise_is_decided_at_about_the_nominal_rate(n):
    """1,000 null comparisons: false verdicts within 2 % to 8 %."""
    a, b = np.random.default_rng(n).normal(size=(2, 1000, n))
    assert 0.02 <= null_rate(a - b) <= 0.08


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("kind", ["heavy tails", "accuracies"])
def test_noise_that_is_not_normal_is_not_decided_more_often(n, kind):
    random = np.random.default_rng(n)
    draw = {
        "heavy tails": lambda: random.exponential(size=(500, n)),
        "accuracies": lambda: random.binomial(2007, 0.97, size=(500, n)) / 2007,
    }[kind]
    assert null_rate(draw() - draw()) <= 0.08


def test_the_interval_is_scipys_percentile_interval_stretched_about_the_mean():
    values = [1.0, 2.0, 4.0, 8.0, 16.0]
    plain = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=9999, confidence_level=0.95, method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval  # fmt: skip
    interval = statistics.mean_interval(values, seed=7)
    mean = 31 / 5
    factor = 2.7764451 / 1.9599640 * math.sqrt(5 / 4)  # Student's t over normal, 4 degrees
    assert interval.centre == pytest.approx(mean)
    assert interval.low == pytest.approx(mean + factor * (plain.low - mean))
    assert interval.high == pytest.approx(mean + factor * (plain.high - mean))


def test_an_interval_depends_on_its_values_and_seed_alone():
    values = np.random.default_rng(0).normal(size=10)
    np.random.seed(1)
    first = statistics.mean_interval(values, seed=1)
    np.random.seed(2)
    assert statistics.mean_interval(values, seed=1) == first
    assert statistics.mean_interval(values, seed=2) != first


def test_equal_values_give_an_interval_of_no_width():
    assert statistics.mean_interval([0.1] * 5, 0) == Interval(0.1, 0.1, 0.1, 5)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_values_give_no_interval(n):
    interval = statistics.mean_interval([1.0, 3.0][:n], 0)
    assert not interval.known
    assert interval.n == n
    assert not interval.above(-100) and not interval.below(100)


def test_an_interval_ends_where_a_mean_cannot_be():
    interval = statistics.mean_interval([1.0, 1.0, 1.0, 0.9, 1.0], 0, most=1.0)
    assert interval.high == 1.0


def test_infinite_values_have_no_mean():
    with pytest.raises(ValueError, match="finite"):
        statistics.mean_interval([1.0, math.inf, 2.0], 0)


def test_touching_a_bound_is_not_lying_beyond_it():
    assert not Interval(1, 0.0, 2, 5).above(0)
    assert Interval(1, 1e-12, 2, 5).above(0)
    assert not Interval(-1, -2, 0.0, 5).below(0)
    assert Interval(-1, -2, -1e-12, 5).below(0)


def test_timings_have_a_median_and_a_range():
    assert statistics.median_range([3.0, 1.0, 2.0]) == Interval(2.0, 1.0, 3.0, 3)
    assert not statistics.median_range([3.0]).known


def test_shares_have_wilsons_interval():
    # Wilson (1927) for 9 of 10: (0.9 + 0.19207 -+ 0.26749) / 1.38415
    interval = statistics.share_interval(9, 10)
    assert interval.low == pytest.approx(0.5958, abs=1e-4)
    assert interval.high == pytest.approx(0.9821, abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "n", "decided"),
    [(5, 5, True), (4, 5, False), (0, 5, True), (9, 10, True), (8, 10, False), (4, 4, False)],
)
def test_shares_are_decided_against_one_half(successes, n, decided):
    interval = statistics.share_interval(successes, n)
    assert (interval.above(0.5) or interval.below(0.5)) is decided


def test_shares_of_a_coin_are_decided_within_the_nominal_rate():
    for n in (5, 10):
        chance = sum(
            math.comb(n, k) / 2**n
            for k in range(n + 1)
            if excludes_zero(Interval(*(v - 0.5 for v in statistics.share_interval(k, n)[:3]), n))
        )
        assert 0.02 <= chance <= 0.08


def test_rank_correlation_of_values_worked_out_by_hand():
    assert statistics.rank_correlation([1, 2, 3, 4], [10, 20, 30, 1000]) == pytest.approx(1)
    # Differences of ranks 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15)
    assert statistics.rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)


def test_rank_correlation_agrees_with_scipy_where_values_tie():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 4, (2, 30))
    expected = scipy.stats.spearmanr(x, y).statistic
    assert statistics.rank_correlation(x, y) == pytest.approx(expected)


def test_infinite_values_are_the_last_in_rank():
    assert statistics.rank_correlation([1, 2, math.inf], [3, 5, math.inf]) == pytest.approx(1)


def test_what_is_constant_has_no_trend():
    assert statistics.rank_correlation([1, 2, 3], [5, 5, 5]) == 0.0
