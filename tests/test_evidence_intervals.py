"""Intervals and rank correlations, on values worked out by hand and on simulated noise."""

import math

import numpy as np
import pytest
import scipy.stats

from tunebook.evidence import intervals
from tunebook.evidence.intervals import Interval


def null_rate(differences):
    """Share of comparisons [m, n] whose interval excludes zero."""
    _, low, high, _ = intervals.mean_intervals(differences.T)
    return np.mean((low > 0) | (high < 0))


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


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_interval_is_scipys_percentile_interval_stretched_about_the_mean(n):
    values = np.random.default_rng(n).lognormal(size=n)
    plain = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=9999, confidence_level=0.95, method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    interval = intervals.mean_interval(values)
    # Student's t over normal, at 2, 4 and 9 degrees of freedom
    student = {3: 4.3026527, 5: 2.7764451, 10: 2.2621572}[n]
    factor = student / 1.9599640 * math.sqrt(n / (n - 1))
    mean = values.mean()
    assert interval.centre == pytest.approx(mean)
    assert interval.low == pytest.approx(mean + factor * (plain.low - mean))
    assert interval.high == pytest.approx(mean + factor * (plain.high - mean))


def test_a_mean_has_the_same_interval_alone_and_among_many_number_for_number():
    values = np.random.default_rng(0).normal(size=(10, 200))
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    values[0, 3] = np.inf
    found = np.stack(intervals.mean_intervals(values)).T
    for column, (mean, low, high, n) in zip(values.T, found, strict=True):
        alone = intervals.mean_interval(column[np.isfinite(column)])
        np.testing.assert_array_equal(alone, (mean, low, high, n))


def test_a_band_on_a_logarithmic_axis_stays_positive_where_its_values_do():
    values = np.array([[0.001], [0.001], [1.0]])
    mean, low, high, _ = intervals.mean_intervals(values)
    assert low[0] < 0 < high[0]
    _, low, high, _ = intervals.mean_intervals(values, in_ratio=True)
    assert 0 < low[0] < mean[0] < high[0]
    for out in (-values, values * 0):  # no ratio there: as without it
        alike = intervals.mean_intervals(out, in_ratio=True)
        np.testing.assert_array_equal(alike, intervals.mean_intervals(out))


def test_intervals_of_few_and_of_equal_values():
    assert [part.shape for part in intervals.mean_intervals(np.zeros((5, 0)))] == [(0,)] * 4
    assert [part.shape for part in intervals.mean_intervals(np.zeros((0, 3)))] == [(3,)] * 4
    assert intervals.mean_interval([0.1] * 5) == Interval(0.1, 0.1, 0.1, 5)
    for n in (0, 1, 2):
        interval = intervals.mean_interval([1.0, 3.0][:n])
        assert not interval.known and interval.n == n
        assert not interval.above(-100) and not interval.below(100)


def test_an_interval_ends_where_a_mean_cannot_be_and_infinite_values_have_none():
    assert intervals.mean_interval([1.0, 1.0, 1.0, 0.9, 1.0], most=1.0).high == 1.0
    with pytest.raises(ValueError, match="finite"):
        intervals.mean_interval([1.0, math.inf, 2.0])


def test_touching_a_bound_is_not_lying_beyond_it():
    for low, beyond in ((0.0, False), (1e-12, True)):
        assert Interval(1, low, 2, 5).above(0) is beyond
        assert Interval(1, low, 2, 5).mirrored().below(0) is beyond


def test_timings_have_a_median_and_a_range():
    assert intervals.median_range([3.0, 1.0, 2.0]) == Interval(2.0, 1.0, 3.0, 3)
    assert not intervals.median_range([3.0]).known and not intervals.median_range([]).known


def test_shares_have_wilsons_interval():
    # Wilson (1927) for 9 of 10: (0.9 + 0.19207 -+ 0.26749) / 1.38415
    interval = intervals.share_interval(9, 10)
    assert interval.low == pytest.approx(0.5958, abs=1e-4)
    assert interval.high == pytest.approx(0.9821, abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "n", "decided"),
    [(5, 5, True), (4, 5, False), (0, 5, True), (9, 10, True), (8, 10, False), (4, 4, False)],
)
def test_shares_are_decided_against_one_half(successes, n, decided):
    interval = intervals.share_interval(successes, n)
    assert (interval.above(0.5) or interval.below(0.5)) is decided


def test_shares_of_a_coin_are_decided_within_the_nominal_rate():
    for n in (5, 10):
        found = [intervals.share_interval(k, n) for k in range(n + 1)]
        decided = [k for k, each in enumerate(found) if each.above(0.5) or each.below(0.5)]
        assert 0.02 <= sum(math.comb(n, k) / 2**n for k in decided) <= 0.08


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(("x", "y", "expected"), [
    ([1, 2, 3, 4], [10, 20, 30, 1000], 1),
    ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),  # differences of ranks 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15)
    ([1, 2, INF], [3, 5, INF], 1),  # infinite values are the last in rank
    ([1, 2, 3], [5, 5, 5], 0),  # what is constant has no trend
    ([1, 2, NAN], [1, 2, 3], NAN),
])  # fmt: skip
def test_rank_correlations_worked_out_by_hand(x, y, expected):
    assert intervals.rank_correlation(x, y) == pytest.approx(expected, nan_ok=True)


def test_rank_correlation_agrees_with_scipy_where_values_tie():
    x, y = np.random.default_rng(0).integers(0, 4, (2, 30))
    expected = scipy.stats.spearmanr(x, y).statistic
    assert intervals.rank_correlation(x, y) == pytest.approx(expected)
