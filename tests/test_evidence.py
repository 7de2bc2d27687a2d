"""Measures, intervals, words, evaluation and tables, on numbers worked out by hand."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch

from made_up import (
    SEARCH,
    claims,
    configure,
    image_record,
    run,
    splits,
    table_record,
    trials,
    write_results,
)
from made_up import results as made_up
from tunebook import tasks
from tunebook.claims import judge_claims
from tunebook.evidence import evaluate, intervals, measures, rows, tables, words
from tunebook.evidence.ensembles import ensembles_table
from tunebook.evidence.importance import importance_table, of
from tunebook.evidence.intervals import Interval, mean_interval
from tunebook.figures.draw import draw
from tunebook.jobs import TunebookError, read_json, write_csv, write_json, write_parquet
from tunebook.study.parameters import PARAMETERS, RESERVED, asked_for

INF, NAN = math.inf, math.nan

# Intervals


def null_rate(differences):
    """Share of comparisons [m, n] whose interval excludes zero."""
    _, low, high, _ = intervals.mean_intervals(differences.T)
    return np.mean((low > 0) | (high < 0))


DIFFERENCES = {
    "normal": lambda random, size: random.normal(size=size),
    "exponential": lambda random, size: random.exponential(size=size) - 1,
    "lognormal": lambda random, size: random.lognormal(size=size) - math.exp(0.5),
    "one in five fails": lambda random, size: (
        5 * (random.random(size) < 0.2) - 1 + random.normal(size=size)
    ),
    "accuracies": lambda random, size: (
        np.diff(random.binomial(2007, 0.97, size=(2, *size)), axis=0)[0] / 2007
    ),
}


@pytest.mark.parametrize("n", [5, 8, 10, 20])
@pytest.mark.parametrize("kind", DIFFERENCES)
def test_false_verdicts_keep_their_rate_whatever_the_shape_of_the_differences(n, kind):
    random = np.random.default_rng(n)
    assert 0.02 <= null_rate(DIFFERENCES[kind](random, (10_000, n))) <= 0.08


@pytest.mark.parametrize("n", [5, 10])
def test_students_t_would_not_keep_it(n):
    random = np.random.default_rng(n)
    for kind in ("lognormal", "one in five fails"):
        drawn = DIFFERENCES[kind](random, (4000, n))
        assert np.mean(scipy.stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05) > 0.09


def test_with_a_normal_skew_the_interval_is_students_but_for_its_stretch():
    values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) + 3
    mean = intervals.mean_of(values)
    half = 2.7764451 * 1.4 * math.sqrt(2.5 / 5)
    assert mean.ends() == pytest.approx((3 - half, 3 + half))
    assert mean.p(3 + half) == pytest.approx(0.05)
    assert mean.p(3.0) == 1.0


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_a_p_value_is_the_level_at_which_the_interval_touches(n):
    mean = intervals.mean_of(np.random.default_rng(n).lognormal(size=n), overlap=0.3, rows=0.1)
    for level in (0.01, 0.05, 0.3):
        for end in mean.ends(level):
            assert mean.p(end) == pytest.approx(level)
    assert mean.ends(0.01)[0] < mean.ends()[0] < mean.centre < mean.ends()[1]


@pytest.mark.parametrize("error", [0.0, 0.01, 0.1, 1.0, 10.0])
def test_test_rows_never_make_an_interval_narrower(error):
    for seed in range(20):
        values = np.random.default_rng(seed).normal(size=5)
        alone, both = (intervals.mean_of(values, rows=rows).ends() for rows in (0.0, error))
        assert both[0] <= alone[0] <= alone[1] <= both[1]


def test_an_interval_leans_to_the_side_of_the_rare_values():
    low, high = intervals.mean_of([1.0, 1.1, 0.9, 1.0, 3.0]).ends()
    assert high - 1.4 > 2 * (1.4 - low)


@pytest.mark.parametrize("n", [5, 20])
@pytest.mark.parametrize("shape", ["exponential", "lognormal"])
def test_the_interval_of_a_mean_of_losses_holds_the_mean(n, shape):
    random, true = np.random.default_rng(n), {"exponential": 1.0, "lognormal": math.exp(0.5)}[shape]
    drawn = getattr(random, shape)(size=(n, 2000))
    _, low, high, _ = intervals.mean_intervals(drawn, least=0)
    assert (low > 0).all()
    assert np.mean((low > true) | (high < true)) <= 0.09


@pytest.mark.parametrize(("overlap", "missed"), [(0.0, True), (1 / 3, False)])
def test_splits_of_the_same_rows_are_no_independent_samples(overlap, missed):
    """Test means of ten new splits of 100 rows each, where the rows decide and training does not.

    The mean over splits is about the mean of the rows, which lies off the true mean.
    """
    random, wrong = np.random.default_rng(0), 0
    for _ in range(1000):
        rows = random.normal(size=100)
        splits = [rows[random.permutation(100)[:25]].mean() for _ in range(10)]
        low, high = intervals.mean_of(splits, overlap=overlap).ends()
        wrong += not low < 0 < high
    assert (wrong / 1000 > 0.2) is missed
    assert missed or wrong / 1000 < 0.08


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_what_could_have_been_seen_is_seen_in_four_of_five_studies(size):
    random = np.random.default_rng(0)
    n = intervals.Mean(5, size, 1.0).needed(0.0)
    assert n == {0.5: 36, 1.0: 12, 2.0: 6}[size], (
        "replicates for a difference of so many deviations"
    )
    seen = random.normal(size, size=(2000, n))
    _, low, _, _ = intervals.mean_intervals(seen.T)
    assert 0.7 < np.mean(low > 0) < 0.9


def test_what_no_number_of_replicates_tells_is_hopeless():
    assert intervals.Mean(10, 0.1, 1.0).needed(0.0) is None
    overlapping = intervals.Mean(10, 1.0, 1.0, overlap=0.5)
    assert overlapping.needed(0.0) is None, "more splits of the same rows do not help"
    assert intervals.Mean(10, 1.0, 1.0).needed(0.0) < 20


def test_a_mean_has_the_same_interval_alone_and_among_many_number_for_number():
    values = np.random.default_rng(0).normal(size=(10, 200))
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    values[0, 3] = np.inf
    found = np.stack(intervals.mean_intervals(values)).T
    for column, (mean, low, high, n) in zip(values.T, found, strict=True):
        alone = intervals.mean_interval(column[np.isfinite(column)])
        np.testing.assert_array_equal(alone, (mean, low, high, n))


def test_losses_are_told_apart_by_ratios_and_their_intervals_stay_positive():
    values = np.array([[0.001], [0.0012], [1.0]])
    mean, low, high, _ = intervals.mean_intervals(values)
    assert low[0] < 0 < high[0]
    _, low, high, _ = intervals.mean_intervals(values, least=0)
    assert 0 < low[0] < mean[0] < high[0]
    for out in (-values, values - 0.001):  # no ratio there: as without it
        alike = intervals.mean_intervals(out, least=min(out.min(), 0.0))
        np.testing.assert_array_equal(alike[0], intervals.mean_intervals(out)[0])
        np.testing.assert_array_equal(alike[2], intervals.mean_intervals(out)[2])


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
        intervals.mean_interval([1.0, INF, 2.0])


def test_touching_a_bound_is_not_lying_beyond_it():
    for low, beyond in ((0.0, False), (1e-12, True)):
        assert Interval(1, low, 2, 5).above(0) is beyond
        assert Interval(-1, -2, -low, 5).below(0) is beyond


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


# Groups of replicates

COLLAPSED = [0.1789, 0.1789, 0.9427, 0.1789, 0.9248]


@pytest.mark.parametrize(("values", "limits", "expected"), [
    (COLLAPSED, (0, 1), [(3, 0.1789, 0.1789), (2, 0.9248, 0.9427)]),
    # One that jumped is a group too; three groups are told of eight and more.
    ([0.001, 0.0011, 0.0009, 0.001, 2.4], (0, INF), [(4, 0.0009, 0.0011), (1, 2.4, 2.4)]),
    ([1, 2, 50, 51, 52, 100, 101, 102], (0, 200), [(2, 1, 2), (3, 50, 52), (3, 100, 102)]),
    # Too few, too near to matter, or with as much between as inside.
    (COLLAPSED[:4], (0, 1), []),
    ([0.97, 0.97, 0.97, 0.972, 0.972], (0, 1), []),
    ([0.1, 0.3, 0.5, 0.7, 0.9], (0, 1), []),
    ([*COLLAPSED, NAN], (0, 1), []),
])  # fmt: skip
def test_replicates_that_fall_into_groups_are_told(values, limits, expected):
    assert intervals.groups(values, *limits) == expected


@pytest.mark.parametrize(("n", "most"), [(5, 0.035), (6, 0.015), (8, 0.006), (10, 0.004)])
@pytest.mark.parametrize("shape", ["standard_normal", "random", "lognormal"])
def test_replicates_without_groups_are_hardly_ever_told_some(n, most, shape):
    chance = np.random.default_rng(n)
    samples = getattr(chance, shape)(size=(4000, n))
    limits = (0, INF) if shape == "lognormal" else (-INF, INF)
    assert np.mean([bool(intervals.groups(each, *limits)) for each in samples]) <= most


def test_groups_in_a_sentence():
    told = [(3, 0.1789, 0.1789, measures.ONE_CLASS), (2, 0.9248, 0.9427, "")]
    assert plain_spaces(words.grouped(told, "share")) == (
        "3 of 5 read every row as one class (at 17.89 %), 2 from 92.48 to 94.27 %"
    )
    assert words.grouped([]) == ""


def always_one(share):
    """The three metrics of a classifier of five classes that reads every row as one of them."""
    return share, 0.2, 2 * share / (1 + share) / 5


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, "3 of 5 read every row as one class (at 17.89 %), 2 from 92.48 to 94.27 %"),
    # It is told as soon as one does, and only where it is known exactly.
    ({1: (0.9, 0.9, 0.9), 3: (0.8, 0.8, 0.8)},
     "1 of 5 read every row as one class (at 17.89 %), 4 from 80.00 to 94.27 %"),
    ({0: (0.1789, 0.21, 0.1), 1: (0.1789, 0.2, 0.1), 3: (0.1789, 0.19, 0.1)},
     "3 of 5 at 17.89 %, 2 from 92.48 to 94.27 %"),
    # Though others are no better.
    ({1: always_one(0.2), 2: (0.19, 0.21, 0.1), 4: (0.2, 0.21, 0.1)},
     "3 of 5 read every row as one class (from 17.89 to 20.00 %), 2 from 19.00 to 20.00 %"),
])  # fmt: skip
def test_a_classifier_that_reads_every_row_as_one_class_is_known(tmp_path, changes, expected):
    known = [always_one(a) if a < 0.5 else (a, a, a) for a in COLLAPSED]
    known = [changes.get(i, each) for i, each in enumerate(known)]
    names = ("test_metric", "test_balanced_accuracy", "test_macro_f1")
    given = {
        name: list(values) for name, values in zip(names, zip(*known, strict=True), strict=True)
    }
    write_results(tmp_path, run("some", "all", "images", **given))
    results = tables.read_results(tmp_path)
    assert plain_spaces(results.groups("test_accuracy", "some")) == expected
    assert results.groups("train_metric", "some") == ""


# Test rows


def test_what_the_rows_bring_is_worked_out_by_hand():
    # Means over replicates 2, 2 and 5 (variance 3); what is left of each value is 1 or 0 in size.
    values = [[1, 3, 5], [3, 1, 5]]
    # 8 / 2 = 2 a degree of freedom: 3 / 3 - 2 / (2 * 3)
    rest = ((np.array(values) - [2, 2, 5]) ** 2).sum() / 2
    assert rows.over_rows(values) == pytest.approx(math.sqrt(3 / 3 - rest / 6))
    # Less between the rows than the rest alone would give is nothing; one replicate tells nothing.
    assert rows.over_rows([[1, 2], [2, 1]]) == 0
    assert math.isnan(rows.over_rows([[1, 2]])) and math.isnan(rows.over_rows([[1], [2]]))


def test_test_rows_alone_give_the_interval_of_a_share():
    values = np.tile([0.0] + [1.0] * 9, (3, 1))  # the same rows wrong in each replicate
    low, high = intervals.mean_of(values.mean(axis=1), rows=rows.over_rows(values)).ends()
    half = 1.95996 * math.sqrt(0.9 * 0.1 / 9)
    assert (low, high) == pytest.approx((0.9 - half, 0.9 + half), rel=1e-4)
    assert intervals.mean_interval(values.mean(axis=1), 0, 1, rows=0.1).high == 1


@pytest.mark.parametrize("count", [5, 10])
@pytest.mark.parametrize("many", [200, 2000])
def test_the_widened_interval_holds_the_truth_as_often_as_it_says(count, many):
    random, samples = np.random.default_rng(0), []
    scale = math.sqrt(1 + 1 + 0.05**2)
    for _ in range(600):
        replicate, image = random.normal(size=(count, 1)), random.normal(size=many)
        read = 0.05 * replicate + image + random.normal(size=(count, many))
        samples.append(read > scale * scipy.stats.norm.ppf(0.1))
    means = np.stack([values.mean(axis=1) for values in samples], axis=1)
    plain = [Interval(*each) for each in zip(*intervals.mean_intervals(means), strict=True)]
    wide = [
        intervals.mean_interval(values.mean(axis=1), rows=rows.over_rows(values))
        for values in samples
    ]
    missed = [
        np.mean([not each.low <= 0.9 <= each.high for each in some]) for some in (plain, wide)
    ]
    assert missed[0] > 0.04 and 0.02 <= missed[1] <= 0.08, missed


# Measures


def curve(train_loss, validation_loss=None):
    given = {"train_loss": train_loss, "validation_loss": validation_loss or train_loss}
    return {name: np.array(values, float) for name, values in given.items()}


FALLING, BROKEN = list(range(20, 0, -1)), [3.0, 2.0, INF]
ZIGZAG = [math.exp(0.1 * (e % 2)) for e in range(20)]
NOISE = np.random.default_rng(0).lognormal(size=20)
TURNING = [4, 2, 1, 1, 1, 1, 1, 1, 1, 1.5]


@pytest.mark.parametrize(("name", "losses", "epochs", "expected"), [
    # After a tenth of the epochs; means of a tenth, or of all.
    ("early_train_loss", FALLING, 20, 19),
    ("final_train_loss", FALLING, 20, (2 + 1) / 2),
    ("mean_train_loss", FALLING, 20, 10.5),
    # A replicate that diverged has no final loss, but may have an early one.
    ("early_train_loss", BROKEN, 20, 2),
    ("final_train_loss", BROKEN, 20, INF),
    ("mean_train_loss", BROKEN, 20, INF),
    ("roughness", BROKEN, 20, INF),
    ("validation_rise", BROKEN, 20, INF),
    # A steady fall is smooth; a zigzag lies off the line between neighbours.
    ("roughness", [0.9**e for e in range(30)], 30, 0),
    ("roughness", ZIGZAG, 20, 0.1),
    # The first tenth is left out, and three epochs are needed.
    ("roughness", [100.0, 1.0] + [1.0] * 18, 20, 0),
    ("roughness", [3.0, 2.0, 1.0], 3, 0),
    # A rise comes after the lowest value; what still falls has none, whatever the mean of a tenth.
    ("validation_rise", TURNING, 10, 0.5),
    ("validation_rise", [4, 1, 2, 2, 2, 2, 2, 2, 2, 3], 10, 2),
    ("validation_rise", FALLING, 20, 0),
    ("validation_rise", [5] * 18 + [3, 4], 20, 0),
])  # fmt: skip
def test_what_a_curve_says_as_a_number(name, losses, epochs, expected):
    found = measures.CURVES[name](curve(losses), epochs)
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_loss_that_only_falls_does_not_overfit_however_fast_it_fell_in_the_end():
    falling = [2.0**-e for e in range(20)]
    assert not measures.overfits(curve(falling), 20, 0.1)


def test_a_tenth_is_rounded_up():
    assert [measures.tenth(epochs) for epochs in (1, 3, 10, 11, 100)] == [1, 1, 1, 2, 10]


def test_roughness_does_not_depend_on_the_scale_of_the_loss_and_stands_a_loss_of_zero():
    scaled = measures.roughness(curve(list(1000 * NOISE)), 20)
    assert measures.roughness(curve(list(NOISE)), 20) == pytest.approx(scaled)
    assert math.isfinite(measures.roughness(curve([1.0, 0.5, 0.25, 0.0, 0.0, 0.0]), 6))


DOWN, UP = [10 - e for e in range(10)], [3, 2, 1, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(("train", "validation", "rise", "expected"), [
    (DOWN, UP, 1.0, True), (DOWN, UP, 1.01, False), (UP, UP, 0.5, False), (DOWN, DOWN, 0.1, False),
    ([1.0, INF], [1.0, NAN], 0.1, False),
])  # fmt: skip
def test_a_network_overfits_if_validation_rises_while_training_falls(
    train, validation, rise, expected
):
    assert measures.overfits(curve(train, validation), 10, rise) == expected


@pytest.mark.parametrize(("losses", "around", "window", "rise"), [
    ([5, 4, 3, 2, 2.4, 1, 1, 1, 1, 1], 5, 0, 0.2), ([5, 4, 3, 2, 2.4, 1, 1, 1, 1, 1], 7, 2, 0.2),
    ([5, 4, 3, 2, 2.4, 1, 1, 1, 1, 1], 8, 2, 0),
    ([5, 4, 3, 2, 4, 4, 4, 4], 5, 2, 0),  # it lasts
    ([3, 2, 1], 20, 5, 0),  # beyond the end
])  # fmt: skip
def test_an_overshoot_rises_and_is_undone(losses, around, window, rise):
    assert measures.overshoot(curve(losses), around, window) == pytest.approx(rise)


@pytest.mark.parametrize(("errors", "epoch"), [([0.5, 0.2, 0.1, 0.05], 3), ([0.5, 0.2], INF)])
def test_epochs_to_learn_is_the_first_epoch_at_a_tenth_of_the_constant_error(errors, epoch):
    learning = curve(errors) | {"train_error": np.array(errors), "constant_train_error": 1.0}
    assert measures.epochs_to_learn(learning, 4) == epoch


@pytest.mark.parametrize(("error", "first", "diverged", "end"), [
    (0.5, 0.9, False, "learned"),
    (0.9, 0.9, False, "failed"),  # not below the constant predictor by a tenth
    (0.95, 2.0, False, "failed"),
    (3.0, 4.0, False, "failed"),  # still on its way down
    (3.0, 1.0, False, "diverged"),
    (0.1, 0.9, True, "diverged"),
    (NAN, 0.9, False, "diverged"),
])  # fmt: skip
def test_a_training_has_learned_failed_or_diverged(error, first, diverged, end):
    assert measures.outcome(error, 1.0, first, diverged) == end
    assert measures.outcome(0.6, 1.0, 2.0, margin=0.5) == "failed"


PRICES = {"task": "regression", "metric": "mse", "unit": "$", "inputs": [{"name": "area"}]}
KINDS = {"task": "classification", "metric": "balanced-accuracy"}
SCANS = {"task": "classification", "metric": "accuracy", "shape": [1, 2, 2]}


R2 = PRICES | {"metric": "r2"}


@pytest.mark.parametrize(("name", "problem", "label", "unit", "better", "least", "most", "worst"), [
    ("test_rmse", PRICES, "test root mean squared error of a replicate", "$", "lower", 0, INF, INF),
    ("train_macro_f1", KINDS, "training macro F1", "share", "higher", 0, 1, -INF),
    ("validation_r2", PRICES, "validation R²", "", "higher", -INF, 1, -INF),
    # What judges has one name on every problem.
    ("test_metric", KINDS, "test balanced accuracy", "share", "higher", 0, 1, -INF),
    ("test_metric", PRICES, "test squared error", "squared ranges", "lower", 0, INF, INF),
    ("test_error", KINDS, "1 − test balanced accuracy", "share", "lower", 0, 1, INF),
    ("test_error", {"task": "classification"}, "test error rate", "share", "lower", 0, 1, INF),
    ("test_error", R2, "1 − test R²", "", "lower", 0, INF, INF),
    ("shifted_test_metric", SCANS, "test accuracy of one network averaged over shifts", "share",
     "higher", 0, 1, -INF),
    ("coverage_50", PRICES, "coverage of 50 % intervals", "share", "", 0, 1, NAN),
])  # fmt: skip
def test_measures_follow_from_the_metrics_of_the_task(
    name, problem, label, unit, better, least, most, worst
):
    found = measures.measure(name, problem)
    assert (found.label, found.unit, found.better) == (label, unit, better)
    assert (found.least, found.most) == (least, most)
    assert found.worst == pytest.approx(worst, nan_ok=True)


def test_every_measure_has_words_and_sensible_bounds():
    for problem in (PRICES, KINDS):
        for name, measure in measures.measures(problem).items():
            assert measure.name == name and measure.label == measure.label.strip() != ""
            assert measure.better in ("lower", "higher", "") and measure.least < measure.most
            assert measure.unit != "target"


def test_correlations_go_with_the_problems_inputs():
    found = measures.measure("rank_variance_area", PRICES)
    assert (found.least, found.most, found.losses) == (-1, 1, ("gaussian",))
    assert measures.measure("rank_variance_any", PRICES | {"inputs": []}).name
    with pytest.raises(TunebookError, match="found rank_variance_size; allowed: .*variance_area"):
        measures.measure("rank_variance_size", PRICES)


@pytest.mark.parametrize(("name", "problem"), [
    ("accuracy", KINDS), ("test_accuracy", PRICES), ("test_rmse", KINDS), ("", KINDS),
    ("seed", KINDS), ("test_metric", None), ("rank_variance_area", None),
])  # fmt: skip
def test_an_unknown_measure_is_refused_with_the_known_ones(name, problem):
    with pytest.raises(TunebookError, match=f"metric: found {name}; allowed: one of "):
        measures.measure(name, problem)


def test_only_images_are_shifted():
    assert "shifted_test_accuracy" in measures.measures(SCANS)
    assert not [name for name in measures.measures(KINDS) if name.startswith("shifted")]


def test_only_the_study_has_core_seconds():
    assert measures.measure("core_seconds").unit == "seconds"
    with pytest.raises(TunebookError, match="takes no `of`"):
        measures.check("core_seconds", ROW, PRICES)


ROW = {"run": "a", "sweeps": ["rates"], "loss": "mse"}


@pytest.mark.parametrize(("name", "row", "message"), [
    ("coverage_50", ROW, "needs runs with loss = gaussian; found a with mse"),
    ("roughness", ROW | {"loss": "gaussian"}, "never negative; found a with loss = gaussian"),
    ("seconds_per_epoch", ROW | {"sweeps": ["depth"]}, "a is in no sweep of timing.sweeps"),
    ("train_seconds", ROW, "beside other jobs; allowed: training_seconds"),
])  # fmt: skip
def test_what_cannot_be_compared_on_a_run_is_refused(name, row, message):
    with pytest.raises(TunebookError, match=message):
        measures.check(name, row, PRICES, timed=["rates"])


def test_what_can_be_compared_passes():
    for name in ("test_metric", "roughness", "seconds_per_epoch", "rank_squared_residual_area"):
        measures.check(name, ROW, PRICES, timed=["rates"])
    measures.check("coverage_50", ROW | {"loss": "gaussian"}, PRICES)


def test_a_loss_ends_at_zero_unless_it_can_be_negative():
    loss = measures.measure("train_loss", PRICES)
    assert measures.bounds(loss, {"loss": "mse"}) == (0, INF)
    assert measures.bounds(loss, {"loss": "gaussian"}) == (-INF, INF)
    assert measures.bounds(measures.measure("gap", PRICES), ROW)[0] == -INF


# Words


def plain_spaces(text):
    return text.replace(words.NARROW, " ")


@pytest.mark.parametrize(("value", "text", "tick"), [
    (0.0028, "0.00280", "0.0028"), (0.123456, "0.123", "0.123"), (-3.2, "−3.20", "−3.2"),
    (9.999, "10.0", "10"), (412.4, "412", "412"), (1460, "1,460", "1,460"),
    (123456, "123,000", "123,000"), (1e-7, "1.00 × 10⁻⁷", "10⁻⁷"),
    (3.21e-7, "3.21 × 10⁻⁷", "3.21 × 10⁻⁷"), (-2e8, "−2.00 × 10⁸", "−2 × 10⁸"),
    (0, "0", "0"), (NAN, words.NONE, words.NONE), (INF, words.NONE, words.NONE),
    (None, words.NONE, words.NONE),
])  # fmt: skip
def test_numbers_have_three_significant_digits_and_ticks_no_zeros(value, text, tick):
    assert (words.number(value), words.tick(value)) == (text, tick)


@pytest.mark.parametrize(("value", "unit", "signed", "text"), [
    (0.971, "share", False, "97.10 %"), (0.012, "share", True, "+1.20 points"),
    (-0.012, "share", True, "−1.20 points"), (INF, "share", False, "∞ %"),
    (24312, "$", False, "$24,300"), (-24312, "$", True, "−$24,300"), (0.5, "m", False, "0.500 m"),
    (370, "seconds", False, "6 min 10 s"), (8.123, "times", False, "8.12 times"),
    (51978, "count", False, "51,978"), (-0.7, "rank correlation", False, "−0.70"),
    (-0.001, "rank correlation", True, "0.00"), (-INF, "loss", False, "−∞"),
    (0.00297, "squared ranges", True, "+0.00297"), (12, "epochs", False, "12.0 epochs"),
    (NAN, "share", False, words.NONE), (0.2, "", False, "0.200"),
])  # fmt: skip
def test_a_number_has_its_unit(value, unit, signed, text):
    assert plain_spaces(words.show(value, unit, signed)) == text


def test_an_interval_in_words():
    found = Interval(0.971, 0.968, 0.974, 5)
    assert plain_spaces(words.measured(found, "share")) == "97.10 % (96.80 to 97.40)"
    assert words.measured(Interval(2, NAN, NAN, 2), "") == "2.00"
    assert words.measured(Interval(NAN, NAN, NAN, 0), "share") == words.NONE
    assert plain_spaces(words.interval(0.968, 0.974, "share")) == "96.80 to 97.40 %"
    assert words.interval(-0.1, 0.2) == "−0.100 to 0.200"
    assert words.interval(NAN, 0.2) == ""


@pytest.mark.parametrize(("seconds", "text"), [
    (0.041, "41.0 ms"), (5.2, "5.20 s"), (59.97, "1 min"), (370, "6 min 10 s"), (3599.7, "1 h"),
    (3900, "1 h 5 min"), (90000, "1 d 1 h"), (0, "0 ms"), (INF, words.NONE),
])  # fmt: skip
def test_lengths_of_time_are_read_in_their_two_largest_units(seconds, text):
    assert plain_spaces(words.duration(seconds)) == text


@pytest.mark.parametrize(("typed", "set_"), [
    ("16 x 16 and 2 x 2", "16 × 16 and 2 × 2"), ("from -1 to 1, or -.5", "from −1 to 1, or −.5"),
    ("the source's", "the source’s"), ('so-called "best"', "so-called “best”"),
    ("50 % of them", "50\u202f% of them"),
    # Names, ranges and addresses are no numbers with a sign.
    ("a box x, lr-0.01, 16-32, [1-2], https://a.org/b-1", "a box x, lr-0.01, 16-32, [1-2], https://a.org/b-1"),
])  # fmt: skip
def test_prose_is_set_with_the_signs_of_print(typed, set_):
    assert words.typeset(typed) == set_
    assert words.typeset(set_) == set_


@pytest.mark.parametrize(("place", "text"), [
    (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
    (22, "22nd"), (101, "101st"), (112, "112th"), (1003, "1,003rd"),
])  # fmt: skip
def test_places_in_an_order(place, text):
    assert words.ordinal(place) == text


def test_small_words():
    assert plain_spaces(words.percent(0.2, 0)) == "20 %"
    assert plain_spaces(words.percent(-0.0001)) == "−0.01 %"
    assert words.percent(NAN) == words.NONE
    assert (words.count(1, "run"), words.count(1204, "run")) == ("1 run", "1,204 runs")
    assert words.counts([5, 10, 5], "replicate") == "5 to 10 replicates"
    assert (words.counts([1], "replicate"), words.counts([], "run")) == ("1 replicate", "no runs")
    assert plain_spaces(words.size(460676)) == "461 kB"
    assert (words.word(3), words.word(13)) == ("three", "13")
    assert words.spoken([]) == "" and words.spoken(["a"]) == "a"
    assert words.spoken(["a", "b", "c"]) == "a, b and c"
    assert words.day("2026-01-02T03:04:05+00:00") == "2 January 2026, 03:04 UTC"


def test_units_on_axes():
    units = {"share": "%", "times": "times", "$": "$", "loss": "", "count": ""}
    units |= {"squared ranges": "squared ranges"}
    assert {unit: words.unit_words(unit) for unit in units} == units
    assert words.unit_words("target", {"unit": "m²"}) == "m²"


RANGES, DEVIATIONS_OF = "ranges of the training rows", "standard deviations of the training rows"


@pytest.mark.parametrize(("loss", "scale_target", "unit"), [
    ("mse", "range", f"squared {RANGES}"), ("huber", "standard", f"squared {DEVIATIONS_OF}"),
    ("absolute", "min-max", RANGES), ("absolute", "log", f"{DEVIATIONS_OF}' logarithms"),
    ("mse", "none", "squared units of the target"), ("gaussian", "standard", "nats"),
    ("mse", None, ""), ("cross-entropy", None, "nats"), (None, None, ""),
])  # fmt: skip
def test_a_loss_is_in_units_of_the_target_as_trained_or_of_its_own(loss, scale_target, unit):
    settings = {"loss": loss, "scale_target": scale_target}
    assert words.loss_unit({key: value for key, value in settings.items() if value}) == unit


@pytest.mark.parametrize(("name", "value", "text"), [
    ("scale_target", "log", "logarithmic target"), ("scale_inputs", "quartiles",
                                                    "robustly scaled inputs"),
    ("noise", 0.1, "noise 0.1"), ("label_smoothing", 0.05, "smoothing 0.05"),
    ("label_smoothing", 0.0, "no smoothing"), ("huber_delta", 0.5, "delta 0.5"),
    ("learning_rate", 0.001, "rate 0.001"), ("optimizer", "sgd-momentum", "SGD, momentum"),
    ("scale_inputs", "none", "raw inputs"), ("scale_target", "range", "scaled target"),
    ("batch_size", "full", "full batch"), ("batch_size", 10, "batch 10"),
    ("dropout", 0, "no dropout"), ("dropout", 0.2, "dropout 0.2"),
    ("epsilon", 1e-8, "epsilon 1e-8"), ("depth", 5, "5 layers"), ("depth", 1, "1 layer"),
    ("width", 50, "50 units"),
    ("widths", "100-100", "widths 100 × 2"), ("widths", "", "widths none"),
    ("skip_first", True, "skip first yes"), ("size", 0, "size 0"), ("loss", "mse", "MSE"),
])  # fmt: skip
def test_a_setting_in_words(name, value, text):
    assert words.setting(name, value) == text


def test_every_hyper_parameter_of_the_table_has_words_for_its_values():
    for name, parameter in PARAMETERS.items():
        for value in (*parameter.choices, parameter.default):
            if value is not None:
                text = words.setting(name, value)
                assert text == text.strip() != "" and "_" not in text


@dataclass
class Trained:
    """As much of a Run as its name needs."""

    name: str
    settings: dict


SETTINGS = {
    "model": "dense", "widths": "200-200", "depth": 2, "width": 200, "dropout": 0,
    "scale_inputs": "min-max", "scale_target": "range", "loss": "mse", "optimizer": "adam",
    "learning_rate": 0.01, "beta2": 0.999, "weight_decay": 0, "batch_size": 100, "epochs": 100,
}  # fmt: skip


def named(*changes):
    settings = [{**SETTINGS, **change} for change in changes]
    return [
        Trained(f"run-{i}", {key: value for key, value in each.items() if value != ""})
        for i, each in enumerate(settings)
    ]


def layered(*widths):
    return {"widths": "-".join(map(str, widths)), "depth": len(widths), "width": max(widths)}


LINEAR = {"widths": "", "depth": 0, "width": ""}


def said(found):
    return list(found.values())


def test_a_network_in_a_few_words():
    assert words.network(SETTINGS) == "dense 200 × 2"
    assert words.network(SETTINGS | {"widths": "200-50"}) == "dense 200-50"
    assert words.network({"model": "dense"}) == "linear"
    convolutional = {"model": "convolutional", "channels": "16-32"}
    assert words.network(convolutional) == "convolutional 16-32"
    assert words.network(convolutional | {"widths": "50"}) == "convolutional 16-32 + dense 50"
    assert words.network({"model": "module", "module": "networks.py:Skip"}) == "Skip"


def test_a_configuration_in_one_line():
    assert words.describe(SETTINGS) == "dense 200 × 2, MSE, Adam 0.01, batch 100"
    other = SETTINGS | {"scale_inputs": "none", "dropout": 0.2, "batch_size": "full", "beta2": 0.99}
    text = "dense 200 × 2, raw inputs, MSE, Adam 0.01, full batch, dropout 0.2"
    assert words.describe(other) == text
    assert words.describe(other, also=["beta2", "epochs"]) == f"{text}, beta2 0.99, epochs 100"
    default = words.describe(SETTINGS, also=["beta2"])
    assert default == words.describe(SETTINGS), "a default is not said"


def test_no_two_runs_of_a_problem_are_called_the_same():
    found = words.labels(named({}, {"beta2": 0.99}, {"learning_rate": 0.1}, {"epochs": 100}))
    text = "dense 200 × 2, MSE, Adam 0.01, batch 100"
    assert said(found) == [
        f"{text} (0)", f"{text}, beta2 0.99", text.replace("0.01", "0.1"), f"{text} (3)",
    ]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [
    ([{}], [""]),
    ([{"learning_rate": 0.1}, {"learning_rate": 0.01}], ["rate 0.1", "rate 0.01"]),
    ([layered(10, 10), layered(50, 50)], ["10 units", "50 units"]),
    ([layered(10), layered(10, 10)], ["1 layer", "2 layers"]),
    ([layered(10), layered(20, 20)], ["dense 10", "dense 20 × 2"]),
    ([layered(10, 20), layered(20, 20)], ["dense 10-20", "dense 20 × 2"]),
    ([{**network, "learning_rate": r} for network in (LINEAR, layered(10)) for r in (1, 2)],
     ["linear, rate 1", "linear, rate 2", "dense 10, rate 1", "dense 10, rate 2"]),
    ([layered(10, 20), {"model": "convolutional", "channels": "8", "widths": ""}],
     ["dense 10-20", "convolutional 8"]),
    # AdamW has another default weight decay, which its name says.
    ([{}, {"optimizer": "adamw", "weight_decay": 0.01}], ["Adam", "AdamW"]),
    ([{}, {"weight_decay": 0.01}], ["no decay", "decay 0.01"]),
    ([{"model": "module", "module": "n.py:Skip", "skip": skip} for skip in (True, False)],
     ["skip yes", "skip no"]),
])  # fmt: skip
def test_labels_say_only_what_differs(changes, expected):
    assert said(words.distinct(named(*changes))) == expected


def test_labels_of_runs_that_differ_in_much_say_what_tells_them_apart():
    found = {"activation": "silu", "schedule": "cosine", "dropout": 0.1, "learning_rate": 0.02,
             "batch_size": 8, "epochs": 7}  # fmt: skip
    both = [found | {"fit_on": each} for each in ("training", "development")]
    settings = [{"activation": "relu", "schedule": "constant", "fit_on": "training"}, *both]
    labels = said(words.distinct(named(*settings)))
    assert len(set(labels)) == 3 and "SiLU activation" in labels[1]
    assert [label.count(",") for label in labels] == [1, 1, 1]
    assert labels[2] == labels[1].replace("on training rows", "on training and validation rows")
    # As many as a line holds are told, though the others follow from the first.
    few = [{"activation": "relu"}, {"activation": "silu", "dropout": 0.1}]
    assert said(words.distinct(named(*few)))[1] == "SiLU activation, dropout 0.1"


def test_labels_leave_out_what_a_colour_or_an_axis_says():
    two = named(*[{"learning_rate": r, "dropout": d} for r in (0.1, 0.01) for d in (0, 0.2)])
    assert said(words.distinct(two, ["learning_rate"])) == ["no dropout", "dropout 0.2"] * 2
    assert set(said(words.distinct(two, ["learning_rate", "dropout"]))) == {""}
    deep = named(*[layered(*[w] * d) for w in (10, 20) for d in (1, 2)])
    assert said(words.distinct(deep, ["width"])) == ["1 layer", "2 layers"] * 2
    assert set(said(words.distinct(deep, ["network"]))) == {""}
    assert set(said(words.distinct(deep[:2], ["depth"]))) == {""}, "widths follow from the depth"


def test_what_varies_is_in_reading_order():
    several = named({"size": 3}, {"size": 4, "learning_rate": 0.1, "loss": "gaussian"})
    assert words.varying(several) == ["loss", "learning_rate", "size"]


# Evaluation. Training prices have a range of 100 000 and a mean of 150 000.
AREAS = np.array([1000.0, 2000.0, 1600.0, 1000.0, 2000.0])
KNOWN = np.array([100_000.0, 200_000.0, 150_000.0, 120_000.0, 170_000.0])
ROWS = splits(AREAS[:, None], KNOWN, 2, 1)


def prices(weights, rows=ROWS, record=None, count=1, **overrides):
    """A block of linear networks on one feature, the area, as it is stored."""
    configuration = configure("prices", widths=[], scale_inputs="none", **overrides)
    replicates = [(rows, record or table_record(["area"]))] * count
    return evaluate.open_block(configuration, replicates, weights)


def row(block, inputs=("area",)):
    return {name: values[0] for name, values in evaluate.measures(block, inputs).items()}


def linear(*pairs):
    """Weights of one linear layer with one input: one (slope, offset) a replicate."""
    slopes, offsets = torch.tensor(pairs).T[:, :, None, None]
    return {"dense0.weight": slopes, "dense0.bias": offsets}


# Area / 1000 ranges: right on the training rows, 0.1 too much on the validation row, 0.2 too little
# and 0.3 too much on the test rows. The other says 0.1 more everywhere.
RIGHT, HIGHER = (0.001, 0.0), (0.001, 0.1)
# Four test rows with the errors 0.5, 1, 1.5 and 2 (in ranges), for a network that says 1.
SPREAD = ROWS | {
    "test_x": np.array([[1.0], [2.0], [3.0], [4.0]]),
    "test_y": np.array([50_000.0, 200_000.0, 250_000.0, -100_000.0]),
}
# softplus(LOG_E_MINUS_1) = 1: the predicted variance is 1.000001, the standard deviation 1.
LOG_E_MINUS_1 = math.log(math.e - 1)


def gaussian(slope, offset, mean=1.0, **overrides):
    """A block with this mean and a raw variance of slope * area + offset."""
    weights = {"dense0.weight": torch.tensor([[[0.0, slope]]])}
    weights |= {"dense0.bias": torch.tensor([[[mean, offset]]])}
    return prices(weights, SPREAD, loss="gaussian", **overrides)


# Images of 2 x 2, training classes 3, 3, 1 of four; a network whose bias alone decides says 1.
PIXELS = np.array([[-1, 1, 0, 0]], dtype=np.float32)
LABELS = np.array([3, 3, 1, 1, 2, 1, 3, 3, 3])
IMAGES = splits(PIXELS.repeat(9, axis=0), LABELS, 3, 2), image_record((1, 2, 2), "abcd")


def says_one(**overrides):
    configuration = configure("images", model="dense", widths=[], **overrides)
    bias = torch.zeros(1, 1, 4)
    bias[..., 1] = 2
    weights = {"dense0.weight": torch.zeros(1, 4, 4), "dense0.bias": bias}
    return evaluate.open_block(configuration, [IMAGES], weights)


def close(expected):
    return pytest.approx(expected, rel=1e-4, abs=1e-9)


MSE, SQUARES = (0.2**2 + 0.3**2) / 2, 0.5**2 + 1 + 1.5**2 + 2**2
RMSE = 100_000 * math.sqrt(MSE)
CONSTANT = (0.3**2 + 0.2**2) / 2  # of the mean of the training targets
COVERED = {"coverage_50": 1 / 4, "coverage_90": 3 / 4}
TOTAL = math.log(3 + math.exp(2))
# Percentiles 5 and 95 of four deviations lie at the ranks 0.05 * (4 - 1) and 0.95 * (4 - 1).
DEVIATIONS = [10, math.sqrt(200), math.sqrt(300), 20]
LOW = DEVIATIONS[0] + 0.15 * (DEVIATIONS[1] - DEVIATIONS[0])
HIGH = DEVIATIONS[2] + 0.85 * (DEVIATIONS[3] - DEVIATIONS[2])
# {what: (block, numbers)}
EVALUATED = {
    "errors in ranges and in the target's own unit": (lambda: prices(linear(RIGHT)), {
        "train_mse": 0, "validation_mse": 0.1**2, "test_mse": MSE, "test_loss": MSE,
        "validation_rmse": 10_000, "test_rmse": RMSE, "test_mae": 25_000,
        # The targets 25 000 from their mean, errors as above.
        "test_r2": 1 - (20**2 + 30**2) / 2 / 25**2, "gap": 0.1**2,
        "constant_train_mse": 0.5**2, "constant_validation_mse": 0, "constant_test_mse": CONSTANT,
        "rank_squared_residual_area": 1}),
    # However the target is trained (here as it is, or with mean 0 and deviation 1), it is reported
    # in the same units; the loss is as trained.
    "a raw target": (lambda: prices(linear((0.001 * 100_000, 0.0)), scale_target="none"), {
        "test_mse": MSE, "test_rmse": RMSE, "constant_test_mse": CONSTANT, "test_loss": RMSE**2}),
    "a standard target": (lambda: prices(linear((0.001 * 2, -3.0)), scale_target="standard"), {
        "test_mse": MSE, "test_rmse": RMSE, "constant_test_mse": CONSTANT,
        "test_loss": RMSE**2 / 50_000**2}),
    # Logarithms with mean log(100 000 sqrt 2) and deviation log(2) / 2: the network says 100 000
    # and 200 000 again, and 100 000 * 2^0.6 of the validation row. Who always says the same says
    # the mean of the prices, not that of their logarithms.
    "logarithms": (lambda: prices(linear((0.002, -3.0)), scale_target="log"), {
        "train_mse": 0, "test_mse": MSE, "test_rmse": RMSE, "test_mae": 25_000,
        "validation_mae": 100_000 * 2**0.6 - 150_000, "test_r2": 1 - (20**2 + 30**2) / 2 / 25**2,
        "constant_train_mse": 0.5**2, "constant_validation_mse": 0, "constant_test_mse": CONSTANT,
        "test_loss": 2 * (math.log(1.2)**2 + math.log(2 / 1.7)**2) / math.log(2)**2,
        "rank_squared_residual_area": 1}),
    "logarithms in ranges of all rows": (
        lambda: prices(linear((0.002, -3.0)), scale_target="log", loss="absolute",
                       record=table_record(["area"], target_range=200_000.0)), {
            "test_mse": MSE / 4, "test_rmse": RMSE, "constant_test_mse": CONSTANT / 4,
            "test_loss": (math.log(1.2) + math.log(2 / 1.7)) / math.log(2)}),
    # Errors of 0.2 and 0.3, of which the second is beyond delta.
    "a Huber loss": (lambda: prices(linear(RIGHT), loss="huber", huber_delta=0.25), {
        "test_loss": (0.2**2 / 2 + 0.25 * (0.3 - 0.125)) / 2, "test_mse": MSE}),
    "an absolute loss": (lambda: prices(linear(RIGHT), loss="absolute"), {
        "test_loss": 0.25, "test_mse": MSE}),
    # Twice as far from end to end over all rows as over the training rows: half of each error.
    "errors in ranges of all rows": (
        lambda: prices(linear(RIGHT), record=table_record(["area"], target_range=200_000.0)), {
            "validation_mse": 0.05**2, "test_mse": MSE / 4, "gap": 0.05**2, "test_rmse": RMSE,
            "constant_test_mse": CONSTANT / 4, "test_mae": 25_000, "test_loss": MSE}),
    "variances in ranges of all rows": (
        lambda: gaussian(0.0, LOG_E_MINUS_1, record=table_record(["area"], target_range=2e5)),
        COVERED | {"test_mean_variance": 1.000001 / 4, "test_mse": SQUARES / 16}),
    "a gap in the metric that judges": (lambda: prices(linear(RIGHT), metric="mae"),
                                        {"gap": 10_000}),
    # One validation row has no variance to explain.
    "a gap of no number": (lambda: prices(linear(RIGHT), metric="r2"), {"gap": INF}),
    # Half of a normal distribution lies within 0.674 standard deviations, 90 % within 1.645. What
    # never varies has no spread and no order. The loss is (1/2) log 1 + error^2 / 2.
    "a variance of one": (lambda: gaussian(0.0, LOG_E_MINUS_1), COVERED | {
        "test_mean_variance": 1.000001, "variance_spread": 1, "rank_variance_area": 0,
        "test_mse": SQUARES / 4, "test_loss": SQUARES / 8}),
    # softplus(x) = x for large x
    "a raw variance": (lambda: gaussian(0.0, 1e10, 100_000.0, scale_target="none"),
                       COVERED | {"test_mean_variance": 1, "test_mse": SQUARES / 4}),
    # A standard deviation of 100 000 is two deviations of the training targets.
    "a standard variance": (
        lambda: gaussian(0.0, math.log(math.expm1(4)), -1.0, scale_target="standard"),
        COVERED | {"test_mean_variance": 1, "test_mse": SQUARES / 4}),
    "variances of 100, 200, 300, 400": (lambda: gaussian(100.0, 0.0), {
        "variance_spread": HIGH / LOW, "rank_variance_area": 1, "test_mean_variance": 250}),
    # Of the test classes 1 and 3, one is always found and one never. F1 of class 1 is 2 / (2 + 3),
    # of class 3 none. Validation is better than training.
    "classes": (says_one, {
        "train_accuracy": 1 / 3, "validation_accuracy": 1 / 2, "test_accuracy": 1 / 4,
        "test_error_rate": 3 / 4, "test_balanced_accuracy": 1 / 2, "test_macro_f1": 2 / 5 / 2,
        "test_loss": (TOTAL - 2 + 3 * TOTAL) / 4, "test_log_loss": (TOTAL - 2 + 3 * TOTAL) / 4,
        "test_auc": 1 / 2, "gap": 1 / 3 - 1 / 2, "constant_train_accuracy": 2 / 3,
        "constant_validation_accuracy": 0, "constant_test_accuracy": 3 / 4}),
    "smoothed classes": (lambda: says_one(label_smoothing=0.5), {
        f"{split}_{what}": value for what in ("loss", "log_loss") for split, value in (
            ("test", (TOTAL - 2 + 3 * TOTAL) / 4), ("train", (TOTAL - 2 + 2 * TOTAL) / 3))}),
    "balanced classes": (lambda: says_one(metric="balanced-accuracy"),
                         {"constant_test_balanced_accuracy": 1 / 2}),
}  # fmt: skip


@pytest.mark.parametrize("name", EVALUATED)
def test_numbers_of_a_block_are_those_worked_out_by_hand(name):
    block, expected = EVALUATED[name]
    found = row(block())
    assert {key: found[key] for key in expected} == close(expected)


def test_a_block_has_what_its_task_and_its_inputs_allow():
    found = row(says_one())
    assert not [name for name in found if "variance" in name or "range" in name or "rmse" in name]
    # No ranks along what is no number, or is not there.
    record = table_record(["area"])
    record["features"][0]["type"] = "level"
    found = row(prices(linear(RIGHT), record=record), ["area", "age"])
    assert not [name for name in found if name.startswith("rank_")]


def test_replicates_are_evaluated_apart():
    block = prices(linear(RIGHT, HIGHER), count=2)
    assert evaluate.measures(block)["train_mse"] == close([0, 0.1**2])


def test_a_network_that_is_not_finite_is_reported_as_such():
    found = row(prices(linear((NAN, 0.0))))
    assert math.isnan(found["test_mse"])
    assert math.isnan(found["rank_squared_residual_area"])
    assert found["constant_test_mse"] == close(CONSTANT)
    assert math.isnan(row(prices(linear((INF, 0.0))))["rank_squared_residual_area"])


def test_a_network_that_ran_away_in_logarithms_is_as_wrong_as_a_float_can_say():
    for slope in (1.0, -1.0, 1e30):
        block = prices(linear((slope, 0.0)), scale_target="log")
        with np.errstate(over="ignore"):
            (table,) = evaluate.predictions(block, "table-a", 0)
            found = row(block)
        assert not np.isnan(table["prediction"]).any()
        for split in evaluate.SPLITS:
            assert 0 < found[f"{split}_rmse"] < INF and found[f"{split}_mse"] > 0
        assert found["test_r2"] < 0 and found["constant_test_mse"] == close(CONSTANT)
    # exp(-1000) is nothing, so that the error is all of the price.
    near = row(prices(linear((-1.0, 0.0)), scale_target="log"))
    assert near["test_mae"] == close(145_000) and table["prediction"].max() == INF


def test_a_ruler_of_mixed_replicates_changes_none_of_those_that_are_no_logarithms():
    ranges = torch.tensor([4.0, 4.0])
    logs = torch.tensor([[0.0, 0.0], [2.0, 1.0]], dtype=torch.float64)
    mixed = tasks.Ruler(ranges, ranges, logs)
    values = torch.tensor([[[0.1], [INF]], [[0.1], [0.5]]])
    found = mixed.straight(values)
    assert torch.equal(found[0], values[0]) and found.dtype == values.dtype
    assert found[1, :, 0].tolist() == close([math.exp(1.2), math.exp(2.0)])
    assert mixed.bent(found)[1, :, 0].tolist() == close([0.1, 0.5])
    assert tasks.Ruler(ranges, ranges).straight(values) is values


def test_predictions_are_in_the_targets_own_unit_beside_the_true_ones():
    block = prices(linear(RIGHT, HIGHER), count=2)
    first, second = evaluate.predictions(block, "table-a", 5, ["area", "age"])
    assert (first["run"], first["problem"]) == ("table-a", "prices")
    assert (first["replicate"], second["replicate"]) == (5, 6)
    assert first["row"].tolist() == [0, 1]
    assert first["target"].tolist() == [120_000, 170_000]
    assert first["prediction"] == close([100_000, 200_000])
    assert second["prediction"] == close([110_000, 210_000])
    (logs,) = evaluate.predictions(prices(linear((0.002, -3.0)), scale_target="log"), "table-b", 0)
    assert logs["prediction"] == close([100_000, 200_000])
    assert logs["target"].tolist() == [120_000, 170_000]
    assert first["area"].tolist() == [1000, 2000]
    assert np.isnan(first["variance"]) and np.isnan(first["age"])


def test_misread_images_come_with_their_pixels_and_the_probability_of_the_error():
    block = says_one()
    found = list(evaluate.misread(block, "images-a", 5))
    assert [(one["row"], one["target"], one["prediction"]) for one in found] == [
        (row, 3, 1) for row in (1, 2, 3)
    ]
    assert (found[0]["run"], found[0]["replicate"]) == ("images-a", 5)
    assert found[0]["probability"] == close(math.exp(2) / (math.exp(2) + 3))
    assert found[0]["pixels"] == [0, 1, 0.5, 0.5], "least is 0, most is 1"
    (table,) = evaluate.predictions(block, "images-a", 0)
    assert table["prediction"].tolist() == [1, 1, 1, 1]
    assert table["target"].tolist() == [1, 3, 3, 3]
    assert not list(evaluate.misread(prices(linear(RIGHT)), "table-a", 0)), "a table has no images"


@pytest.mark.parametrize(("metric", "expected"), [
    ("accuracy", [1, 0, 0, 0]), ("error-rate", [0, 1, 1, 1]),
    ("log-loss", [TOTAL - 2, TOTAL, TOTAL, TOTAL]),
])  # fmt: skip
def test_a_mean_over_rows_comes_with_what_each_row_adds_to_it(metric, expected):
    block = says_one(metric=metric)
    (found,) = evaluate.row_values(block, "images-a", 5)
    assert (found["run"], found["replicate"]) == ("images-a", 5)
    assert found["values"] == close(expected)
    assert row(block)["test_" + metric.replace("-", "_")] == close(np.mean(expected))


def test_errors_come_row_by_row_in_their_unit_and_a_metric_that_is_no_mean_does_not():
    block = prices(linear(RIGHT, HIGHER), count=2)
    first, second = evaluate.row_values(block, "table-a", 0)
    assert first["values"] == close([0.2**2, 0.3**2]) and second["replicate"] == 1
    (dollars,) = evaluate.row_values(prices(linear(RIGHT), metric="mae"), "table-a", 0)
    assert dollars["values"] == close([20_000, 30_000])
    (logs,) = evaluate.row_values(prices(linear((0.002, -3.0)), scale_target="log"), "table-a", 0)
    assert logs["values"] == close([0.2**2, 0.3**2])
    for block in (prices(linear(RIGHT), metric="r2"), says_one(metric="auc")):
        assert not list(evaluate.row_values(block, "a", 0))


def reads_corner(weights=(3.0, 0.0), **overrides):
    """A block of one image, [[1, 0], [0, 0]] as scaled: class 1 has `weights[0]` times its first
    pixel plus `weights[1]` times its last for an output, and all others have zero.
    """
    pixels = np.array([[1, -1, -1, -1]], dtype=np.float32).repeat(9, axis=0)
    rows = splits(pixels, np.array([3, 3, 1, 1, 2, 1, 3, 1, 3]), 3, 2), IMAGES[1]
    configuration = configure("images", model="dense", widths=[], **overrides)
    weight = torch.zeros(1, 4, 4)
    weight[0, [0, 3], 1] = torch.tensor(weights)
    named = {"dense0.weight": weight, "dense0.bias": torch.zeros(1, 1, 4)}
    return evaluate.open_block(configuration, [rows], named)


def probability(output):
    """Of class 1, with that output and three of zero."""
    return math.exp(output) / (math.exp(output) + 3)


def test_a_network_averaged_over_shifts_takes_the_mean_of_probabilities():
    """The corner's pixel leaves the image upwards and to the left, and moves otherwise."""
    block = reads_corner(metric="log-loss")
    mean = (probability(3) + 4 * probability(0)) / 5
    losses = [-math.log(mean), -math.log((1 - mean) / 3)]
    (found,) = evaluate.row_values(block, "images-a", 0)
    assert found["shifted"] == close(losses * 2), "of classes 1, 3, 1, 3"
    assert found["values"][0] == close(-math.log(probability(3))), "one network stays as it was"
    found = row(block)
    assert found["shifted_test_log_loss"] == close(np.mean(losses))
    assert found["test_log_loss"] != close(np.mean(losses))


def test_what_is_shifted_into_an_image_is_the_padding_value():
    # Up and to the left the last pixel comes from outside, and the first one from beyond the spot.
    block = reads_corner((0.0, 2.0), padding_value=5.0, metric="log-loss")
    mean = (3 * probability(0) + 2 * probability(10)) / 5
    (found,) = evaluate.row_values(block, "images-a", 0)
    assert found["shifted"][0] == close(-math.log(mean))


def test_tables_cannot_be_shifted():
    block = prices(linear(RIGHT))
    assert not [name for name in row(block) if name.startswith("shifted")]
    (found,) = evaluate.row_values(block, "table-a", 0)
    assert "shifted" not in found


def an_ensemble(*blocks, runs=None):
    """ensembles.csv of one run whose replicates are these blocks, by way."""
    kept = [each for i, block in enumerate(blocks) for each in evaluate.members(block, "one", i)]
    about, arrays = blocks[0], blocks[0].arrays[0]
    table = pd.DataFrame({"run": "one", "problem": about.configuration["problem"],
                          "replicate": range(len(kept)), "diverged_at": np.nan})  # fmt: skip
    members = pd.DataFrame(kept, columns=["run", "replicate", "values", "shifted"])
    problems = {about.configuration["problem"]: about.configuration}
    tests = {about.configuration["problem"]: (about.record, arrays["test_y"])}
    found = ensembles_table(members, table.assign(**runs or {}), problems, tests)
    return found.set_index("way").T.to_dict()


def test_an_ensemble_of_classifiers_takes_the_mean_of_probabilities():
    blocks = [reads_corner((output, 0.0), metric="log-loss") for output in (3, 4, -2)]
    found = an_ensemble(*blocks)
    mean = np.mean([probability(output) for output in (3, 4, -2)])
    losses = np.array([-math.log(mean), -math.log((1 - mean) / 3)] * 2)
    one = found["ensemble"]
    assert (one["members"], one["metric"], one["rows"]) == (3, "log_loss", 4)
    assert one["value"] == close(losses.mean())
    low, high = intervals.mean_of(losses).ends()
    assert (one["low"], one["high"]) == (close(max(low, 0)), close(high))
    mean = (mean + 4 * probability(0)) / 5
    losses = -math.log(mean), -math.log((1 - mean) / 3)
    assert found["ensemble over shifts"]["value"] == close(np.mean(losses))


def test_the_accuracy_of_an_ensemble_has_wilsons_interval_over_the_test_rows():
    pixels = [reads_corner((output, 0.0)) for output in (5, -1, -1)]
    found = an_ensemble(*pixels)["ensemble"]
    # Two of three say another class, but the first is surer.
    assert (found["metric"], found["value"]) == ("accuracy", 0.5)
    assert math.isnan(found["low"]), "four rows are too few"
    for block in pixels:
        block.outputs["test"] = block.outputs["test"].repeat(1, 5, 1)
        block.shifted = block.shifted.repeat(1, 5, 1)
        block.arrays = [{"test_y": np.tile([1, 3, 1, 3], 5)}]
    found = an_ensemble(*pixels)["ensemble"]
    assert (found["low"], found["high"]) == close(intervals.share_interval(10, 20)[1:3])


def test_an_ensemble_on_numbers_takes_the_mean_of_predictions_however_targets_are_scaled():
    one, other = prices(linear(RIGHT)), prices(linear((0.001 * 2, -2.8)), scale_target="standard")
    found = an_ensemble(one, other)
    assert list(found) == ["ensemble"], "a table has no shifts"
    # 0.2 too little and 0.3 too much, and both 0.1 more: the mean is 0.05 more.
    errors = np.square([-0.15, 0.35])
    assert found["ensemble"]["value"] == close(errors.mean())
    assert an_ensemble(one, other)["ensemble"]["members"] == 2
    variances = [gaussian(0.0, 1.0, mean) for mean in (1.0, 2.0)]
    errors = np.array([1.0, -0.5, -1.0, 2.5])
    assert an_ensemble(*variances)["ensemble"]["value"] == close((errors**2).mean())


def test_a_metric_that_is_no_mean_over_rows_has_no_interval_over_them():
    found = an_ensemble(reads_corner(metric="auc"), reads_corner(metric="auc"))["ensemble"]
    assert found["value"] == close(0.5) and math.isnan(found["low"]) and math.isnan(found["high"])


def test_what_diverged_is_no_member_and_one_alone_no_ensemble():
    blocks = [prices(linear(pair)) for pair in (RIGHT, HIGHER, (NAN, 0.0))]
    found = an_ensemble(*blocks, runs={"diverged_at": [np.nan, np.nan, 3]})["ensemble"]
    assert found["members"] == 2 and found["value"] == close((0.15**2 + 0.35**2) / 2)
    assert an_ensemble(*blocks, runs={"diverged_at": [np.nan, 2, 3]}) == {}
    nobody = pd.DataFrame(columns=["run", "replicate", "values", "shifted"])
    runs = pd.DataFrame({"run": ["one"], "problem": "p", "replicate": 0, "diverged_at": np.nan})
    assert ensembles_table(nobody, runs, {}, {}).empty


# Tables: a made-up study of three runs, written as `gather` writes it


def ended(name, sweeps, curves, problem="prices", **more):
    """A run whose errors [replicates][four epochs] are these, its measures those at the end."""
    curves = np.array(curves)
    errors = np.where(np.isinf(curves).any(axis=1), NAN, curves[:, -1])
    values = 1 - errors if problem == "images" else errors
    metric = 1 - curves if problem == "images" else curves
    given = {
        "train_metric": values, "validation_metric": values * 1.25,
        "test_metric": values + 0.01 * np.arange(len(values)), "train_loss": errors,
        "gap": 0.25 * values, "seed": 10 + np.arange(len(values)), "parameters": [41] * len(values),
        "constant_train_metric": [1.0 if problem == "prices" else 0.5] * len(values),
    }  # fmt: skip
    return run(
        name, sweeps, problem, np.flatnonzero(np.isnan(errors)), epochs=4,
        curves=dict.fromkeys(("train_loss", "validation_loss"), curves)
        | dict.fromkeys(("train_metric", "validation_metric"), metric),
        **{key: list(each) for key, each in given.items()}, **more,
    )  # fmt: skip


RUNS = (
    ended("good", "rates all", [[0.4, 0.3, 0.2, 0.1]] * 3, widths=[20, 20]),
    ended("fast", "rates", [[0.4, INF, 0, 0], [0.9] * 4, [3.0, 4.0, 5.0, 6.0]],
          widths=[20, 20], learning_rate=1.0, batch_size="full"),
    ended("own", "all", [[0.5, 0.4, 0.2, 0.04]] * 2, "images", model="module",
          module="networks.py:Skip", skip=True, size="4-8", note="nan"),
)  # fmt: skip
METRICS = {"prices": "rmse", "images": "balanced-accuracy"}
SECONDS = dict.fromkeys(("fast", "good"), [3.0, 1.0, 2.0])
MORE = {"metrics": METRICS, "times": SECONDS, "best": {"prices": "good"}}
JOBS = [
    {"run": run, "replicates": [0, 1, 2], "started": start, "finished": start + 15,
     "train_seconds": 10.0, "threads": 2}
    for run, start in (("good", 200.0), ("fast", 100.0), ("own", 200.0))
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """The results folder of the made-up study."""
    write_results(tmp_path, *RUNS, **MORE)
    write_csv(tables.cost_table(JOBS), tmp_path / "cost.csv")
    study = read_json(tmp_path / "study.json")
    study["sweeps"]["rates"]["runs"].reverse()  # a sweep has an order of its own
    write_json(tmp_path / "study.json", study)
    return tmp_path


@pytest.fixture
def results(folder):
    return tables.read_results(folder)


def test_runs_stand_in_the_order_of_the_study_and_replicates_in_theirs(folder):
    table = pd.read_csv(folder / "runs.csv", dtype=str)
    names = ["good"] * 3 + ["fast"] * 3 + ["own"] * 2
    assert (table["run"].tolist(), table["replicate"].tolist()) == (names, list("01201201"))
    assert table["sweeps"].tolist()[2:4] == ["rates;all", "rates"]
    assert table["metric"].unique().tolist() == ["rmse", "balanced_accuracy"]
    order = list(table)
    assert order[:7] == ["run", "problem", "sweeps", "replicate", "seed", "model", "module"]
    first = order.index("skip")
    assert order[first : first + 4] == ["skip", "size", "note", "batch_rows"]
    assert order[-2:] == ["train_seconds", "seconds_per_epoch"]
    # Counts are whole numbers even where some are missing.
    assert table["diverged_at"].tolist()[3] == "2"
    assert table["depth"].tolist()[0] == "2"
    assert table["depth"].isna().tolist()[-2:] == [True, True]


def test_no_hyper_parameter_can_be_called_like_another_column_or_a_measure(results):
    frame = tables.outcomes(results, "rates")
    names = {*results.runs, *results.history, *frame} - {*results.study["parameters"]}
    for problem in results.problems:
        names |= measures.measures(results.problem(problem)).keys()
    assert [name for name in names if not RESERVED.fullmatch(name)] == []
    assert not RESERVED.fullmatch("order")
    assert [name for name in PARAMETERS if RESERVED.fullmatch(name)] == [
        "model", "module", "noise", "loss", "optimizer"
    ]  # fmt: skip


def test_a_run_that_stands_twice_in_the_study_is_refused(tmp_path):
    with pytest.raises(pd.errors.MergeError):
        write_results(tmp_path, *RUNS, RUNS[0])


def test_settings_come_back_as_the_plain_values_they_were(results):
    given = RUNS[0][0]
    expected = {key: given[key] for key in asked_for(given) if key not in tables.KEYS}
    assert results.run("good").settings == expected
    assert results.run("fast").settings["batch_size"] == "full"
    module = results.run("own").settings
    assert (module["skip"], module["note"]) == (True, "nan")
    assert "depth" not in module


@pytest.mark.parametrize(("text", "value"), [
    ("200-200", "200-200"), ("100", 100), ("1e-08", 1e-8), ("True", True), ("False", False),
    ("full", "full"), ("", None), (NAN, None), (1.0, 1), ("None", "None"), ("nan", "nan"),
])  # fmt: skip
def test_a_cell_is_read_by_itself(text, value):
    found = tables.setting(text)
    assert found == value and type(found) is type(value)


def test_a_run_is_one_thing(results):
    run = results.run("fast")
    assert (run.problem, run.sweeps, run.n) == ("prices", ("rates",), 3)
    assert (run.replicates, run.diverged, run.parameters) == ((0, 1, 2), (2, None, None), 41)
    assert run.row["sweeps"] == ["rates"] and run.row["learning_rate"] == 1
    assert len({each.label for each in results.by_name.values()}) == 3
    assert results.run("own").network == "Skip"
    with pytest.raises(TunebookError, match="run: found slow; allowed: a run of .*runs.csv"):
        results.run("slow")


def test_the_study_is_asked_for_its_problems_and_sweeps(results):
    assert results.problems == ["prices", "images"]
    assert results.problem("prices")["unit"] == "$"
    assert [each["name"] for each in results.problem("prices")["inputs"]] == ["area"]
    assert results.problem("images")["inputs"] == [], "of images no pixel is named"
    assert results.problem("images")["rows"] == {"train": 60, "validation": 20, "test": 20}
    assert results.members("rates") == ["fast", "good"]
    assert results.members("absent") == []
    assert (results.best("prices"), results.best("images")) == ("good", "")
    assert results.timed == {"rates"}


def test_what_stood_in_for_data_marks_its_problems(folder, tmp_path):
    write_json(tmp_path / "sales.json", {"dataset": "sales", "kind": "stand-in"})
    write_json(tmp_path / "scans.json", {"dataset": "scans", "kind": "real", "files": [{}]})
    paths = [tmp_path / "sales.json", tmp_path / "scans.json"]
    found = tables.read_results(folder, paths)
    assert found.stand_ins == {"prices"}
    assert found.provenance[0]["title"] == "sales"
    assert found.provenance[1]["files"][0]["sha256"] == ""


def test_a_replicate_that_diverged_is_the_worst_in_claims_and_blank_elsewhere(results):
    assert results.values("test_metric", "fast") == {0: INF, 1: 0.91, 2: 6.02}
    finite = results.finite("test_metric", "fast")
    assert math.isnan(finite[0]) and finite[1] == 0.91
    assert results.values("constant_train_error", "fast")[0] == 1, "needs no final network"
    assert results.values("parameters", "fast") == {0: 41, 1: 41, 2: 41}
    assert results.diverged(["fast", "good"]) == 1


def test_the_judged_metric_has_an_error_form(results):
    assert results.values("test_metric", "own") == pytest.approx({0: 0.96, 1: 0.97})
    assert results.values("test_error", "own") == pytest.approx({0: 0.04, 1: 0.03})
    assert results.values("relative_gap", "good") == pytest.approx({0: 0.25, 1: 0.25, 2: 0.25})


def test_a_measure_without_a_column_is_blank_and_one_without_a_name_refused(results):
    assert results.values("test_mse", "good") == dict.fromkeys(range(3), INF)
    assert results.interval("test_mse", "good").n == 0
    with pytest.raises(TunebookError, match="found test_accuracy; allowed"):
        results.values("test_accuracy", "good")


def test_intervals_are_those_of_the_finite_values_within_what_a_mean_can_be(results):
    values = [0.1, 0.11, 0.12]
    assert results.interval("test_error", "good") == mean_interval(values, least=0)
    found = {name: results.interval("test_error", name) for name in ("fast", "own")}
    assert list(found) == ["fast", "own"]
    assert (found["fast"].n, found["fast"].known) == (2, False)
    assert results.interval("seconds_per_epoch", "good") == Interval(2, 1, 3, 3)
    assert results.values("training_seconds", "good") == {0: 12, 1: 4, 2: 8}
    assert results.interval("core_seconds").centre == 3 * 15 * 2


def test_any_metric_of_its_task_may_judge_a_problem(results):
    said = {"good": ["$0.110", "root mean squared error"], "own": ["96.50", "balanced"]}
    for name, (value, label) in said.items():
        measure = results.measure("test_metric", results.run(name))
        text = words.measured(results.interval("test_metric", name), measure.unit)
        assert value in text and label in measure.label
    panel = {"kind": "points", "of": "test_metric", "sweep": ["all"]}
    drawn = draw("all", {"title": "All", "caption": "", "panels": [panel]}, results)
    assert drawn.runs == ["good", "own"]
    for value, label in said.values():
        assert value in drawn.alt and label in drawn.svg
    other = {"metric": "test_balanced_accuracy", "of": {"sweep": "all"}, "source": "x"}
    metric = {"metric": "test_metric", "of": {"sweep": "rates", "where": {"learning_rate": 0.01}}}
    made_up = claims(
        {"rule": {"value": metric | {"source": "x"}}, "source": {"x": {"value": "0.11"}}},
        {"id": "two", "rule": {"value": other}, "source": {"x": {"value": "96.5", "unit": "%"}}},
    )
    one, two = judge_claims(made_up, results)
    assert one["pieces"][0]["unit"] == "$" and one["verdict"] == "reproduced"
    assert two["verdict"] == "not testable" and "2 runs match" in two["why"]


def test_an_interval_on_other_rows_is_wider_than_on_those_that_were_tested(folder):
    values = np.array([[0.0, 0.2, 0.1], [0.01, 0.21, 0.11], [0.02, 0.22, 0.12]])
    frame = pd.DataFrame({"run": "good", "replicate": [2, 0, 1], "values": list(values[[2, 0, 1]])})
    write_parquet(pd.concat([frame, frame.assign(run="fast")]), folder / "rows.parquet")
    results = tables.read_results(folder)
    found = results.rows_of("good")
    assert list(found) == [0, 1, 2] and np.stack(list(found.values())) == close(values)
    assert [row.mean() for row in found.values()] == close(
        [*results.values("test_metric", "good").values()]
    )
    here, other = results.interval("test_metric", "good"), results.on_other_rows("good")
    assert other.centre == here.centre and other.low < here.low < here.high < other.high
    # Of replicates that diverged there is nothing to keep, nor of problems that split anew.
    assert list(results.rows_of("fast")) == [1, 2]
    assert results.rows_of("own") == {} and results.on_other_rows("own") is None


def test_networks_averaged_over_shifts_have_an_interval_on_other_rows_of_their_own(folder):
    random = np.random.default_rng(0)
    values = {name: random.uniform(0, 1, (2, 30)) for name in ("values", "shifted")}
    study = read_json(folder / "study.json")
    runs = pd.read_csv(folder / "runs.csv", dtype={"diverged_at": "Int64"})
    for name, start in (("values", ""), ("shifted", "shifted_")):
        means = dict(enumerate(values[name].mean(axis=1)))
        runs.loc[runs["run"] == "own", f"{start}test_balanced_accuracy"] = runs["replicate"].map(
            means
        )
    write_csv(runs, folder / "runs.csv")
    kept = {name: list(each.astype(np.float32)) for name, each in values.items()}
    frame = pd.DataFrame({"run": "own", "replicate": [0, 1]} | kept)
    write_parquet(frame, folder / "rows.parquet")
    assert study["problems"]["images"]["shape"]
    results = tables.read_results(folder)
    for kind, name in (("values", "test_metric"), ("shifted", "shifted_test_metric")):
        each = values[kind]
        assert [*results.values(name, "own").values()] == close(each.mean(axis=1))
        assert results.error_over_rows(name, ["own"]) == close(rows.over_rows(each))
        assert results.on_other_rows("own", name).centre == close(each.mean())
    errors = [*results.values("shifted_test_error", "own").values()]
    assert errors == close(1 - values["shifted"].mean(axis=1))


def test_curves_are_blank_where_they_ended(results):
    curves = results.curves("fast", "train_loss")
    assert curves.shape == (3, 4)
    np.testing.assert_array_equal(curves[0], [0.4, NAN, NAN, NAN])
    errors = results.curves("own", "train_error")
    np.testing.assert_allclose(errors, [[0.5, 0.4, 0.2, 0.04]] * 2)
    assert results.curves("absent", "train_loss").size == 0


def test_measures_of_curves_see_every_value(results):
    assert results.values("final_train_loss", "fast") == {0: INF, 1: 0.9, 2: 6}
    assert results.values("early_train_loss", "fast")[0] == 0.4
    assert results.values("epochs_to_learn", "good") == dict.fromkeys(range(3), 4)
    assert results.values("epochs_to_learn", "own") == {0: 4, 1: 4}


def test_outcomes_are_counted_a_run(results):
    assert results.outcomes_of("fast") == {0: "diverged", 1: "failed", 2: "diverged"}
    assert results.outcomes_of("fast", margin=0.05)[1] == "learned"
    frame = tables.outcomes(results, "rates")
    assert frame["run"].tolist() == ["fast", "good"]
    assert frame["outcome"].tolist() == ["diverged", "learned"]
    assert frame["failed"].tolist() == pytest.approx([1 / 3, 0])
    assert "learning_rate" in frame and "module" not in frame
    assert tables.outcomes(results, "absent").empty


def test_absent_tables_are_empty_and_still_have_their_columns(folder):
    for name in ("history.parquet", "timing.csv", "cost.csv"):
        (folder / name).unlink()
    results = tables.read_results(folder)
    assert results.timing.empty and "seconds_per_epoch" in results.timing
    assert results.values("seconds_per_epoch", "good") == {}
    assert results.interval("final_train_loss", "good").n == 0
    assert results.outcomes_of("good") == {}
    assert results.interval("core_seconds").centre == 0
    assert tables.cost_summary(results.cost) is None
    assert results.claims == [] and results.misread.empty


@pytest.mark.parametrize(("name", "content", "message"), [
    ("runs.csv", None, "found no runs.csv; allowed: the results folder"),
    ("study.json", None, "found no study.json; allowed: the results folder"),
    ("runs.csv", "", "found no rows"),
    ("runs.csv", "run,problem,sweeps\n", "found no rows"),
    ("timing.csv", 'a,b\n"1', "not a whole table"),
    ("history.parquet", "PAR1", "not a whole table"),
    ("study.json", "{", "not a whole JSON file"),
    ("study.json", '{"problems": {}, "sweeps": {}}', "found no parameters; allowed: as this"),
])  # fmt: skip
def test_a_broken_file_is_named(folder, name, content, message):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(TunebookError, match=f"{folder}.*: {message}"):
        tables.read_results(folder)


def test_history_and_cost_are_those_of_every_block(results):
    runs = results.history["run"].tolist()
    assert list(dict.fromkeys(runs)) == ["good", "fast", "own"]
    assert len(runs) == 12 + 10 + 8
    assert results.cost.iloc[0].to_dict() == {
        "run": "fast", "first": 0, "last": 2, "started": 100.0, "finished": 115.0,
        "train_seconds": 10.0, "job_seconds": 15.0, "threads": 2,
    }  # fmt: skip
    summary = tables.cost_summary(results.cost)
    assert summary["busy"] == [(2, 15), (4, 15)], "the pause between them took no time"
    assert (summary["wall_seconds"], summary["core_seconds"], summary["blocks"]) == (30, 90, 3)
    assert (summary["share"], summary["finished"]) == (pytest.approx(2 / 3), 215)


def test_joined_tables_keep_their_types_where_some_are_empty():
    empty = pd.DataFrame(columns=["run", "row"])
    whole = pd.DataFrame({"run": ["a"], "row": [1]})
    assert tables.joined([empty, whole])["row"].dtype == int
    assert list(tables.joined([empty, empty])) == ["run", "row"]


def importance_of(error):
    """The importance of 40 runs whose validation error is a function of number and rate."""
    draw_one = np.random.default_rng(0).choice
    settings = [(i, draw_one([0.1, 0.01, 0.001]), draw_one([0.0, 0.2])) for i in range(40)]
    runs = (
        run(
            f"run-{i}", "a", learning_rate=rate, dropout=dropout, validation_metric=[error(i, rate)]
        )
        for i, rate, dropout in settings
    )
    table = importance_table(made_up(*runs))
    return table[(table["problem"] == "prices") & (table["among"] == "all")]


def test_the_hyper_parameter_that_changes_the_error_matters_most():
    table = importance_of(lambda i, rate: rate**2)
    assert table["hyper_parameter"].tolist() == ["learning_rate", "dropout"]
    assert table["share"].iloc[0] > 0.9 > 0.1 > table["share"].iloc[1] >= 0
    assert table["explained"].iloc[0] > 0.9
    assert table["runs"].tolist() == [40, 40]


@pytest.mark.parametrize(("error", "reason"), [
    (lambda i, rate: 0.5, "same"),
    (lambda i, rate: NAN, "few"),
    (lambda i, rate: 1 + i * 7919 % 40, "unexplained"),  # follows from nothing
    (lambda i, rate: NAN if rate == 0.1 else 0.5, "same"),  # without an error: as the worst
])  # fmt: skip
def test_without_importance_there_is_a_reason(error, reason):
    table = importance_of(error)
    assert table["reason"].tolist() == [reason]
    assert table["hyper_parameter"].isna().all()


def test_the_trials_of_a_search_have_an_importance_of_their_own():
    names = ["a", "b", "c"]
    runs = [run(name, "find", learning_rate=0.01 + i / 100) for i, name in enumerate(names)]
    asked = SEARCH | {"trials": 120}
    tried = trials("find", names, 0.1, asked)
    # The rate alone decides, also which trials diverge; these count as the worst.
    errors = 10 ** abs(np.log10(tried["learning_rate"]) + 2)
    tried["value"] = errors.where(tried["learning_rate"] < 0.05)
    table = importance_table(made_up(*runs, searches={"find": (asked, tried)}))
    found = table[table["among"] == "search find"]
    assert set(found["hyper_parameter"]) == set(asked["space"]) and set(found["runs"]) == {120}
    assert found.iloc[0]["hyper_parameter"] == "learning_rate" and found.iloc[0]["share"] > 0.5
    ours = table[(table["problem"] == "prices") & (table["among"] == "all")]
    assert ours["reason"].tolist() == ["few"] and ours["runs"].tolist() == [3]


def test_few_runs_have_no_importance(results):
    table = importance_table(results)
    assert set(table["reason"]) == {"few"}
    assert table["among"].tolist() == ["all", "learned"] * 2


def test_runs_without_rows_for_validation_have_no_importance_and_change_none():
    fitted = [run(f"r{i}", "a", fit_on="development", learning_rate=i / 10) for i in range(1, 4)]
    table = importance_table(made_up(*fitted))
    ours = table[table["problem"] == "prices"]
    assert ours["reason"].tolist() == ["unvalidated"] and ours["runs"].tolist() == [0]
    table = importance_table(made_up(*fitted, run("b", "a")))
    ours = table[(table["problem"] == "prices") & (table["among"] == "all")]
    assert ours["reason"].tolist() == ["few"] and ours["runs"].tolist() == [1]


DRAW = np.random.default_rng(1)
POINTS = [
    {"rate": 10.0**-r, "channels": [8 * c, 16 * c], "optimizer": "momentum", "momentum": m / 10}
    if m else {"rate": 10.0**-r, "channels": [8 * c, 16 * c], "optimizer": "sgd"}
    for r, c, m in DRAW.integers(0, 3, (80, 3)).tolist()
]  # fmt: skip


def shares_of(value, **about):
    found = of(POINTS, [value(**{"momentum": None} | point) for point in POINTS], **about)
    return {row["hyper_parameter"]: row["share"] for row in found}


def test_lists_are_categories():
    shares = shares_of(lambda channels, **others: float(channels == [8, 16]))
    assert list(shares)[0] == "channels" and shares["channels"] > 0.95


def test_what_decides_that_there_is_no_value_matters_and_not_its_absence():
    shares = shares_of(lambda momentum, **others: 1.0 if momentum is None else 0.1)
    assert shares["optimizer"] > 0.95 > 0.01 > shares["momentum"]


def test_what_several_explain_at_once_is_no_share_of_one():
    alone = shares_of(lambda rate, **others: rate)
    both = shares_of(lambda rate, optimizer, **others: (rate < 0.1) ^ (optimizer == "sgd"))
    assert sum(alone.values()) > 0.95 > 0.6 > sum(both.values())


def test_a_point_without_a_value_counts_as_the_worst_by_the_side_that_is_better():
    def accuracy(rate, channels, **others):
        return NAN if channels == [0, 0] else 0.9 if rate == 1 else 0.1

    def error(**point):
        return 1 - accuracy(**point)

    right, wrong = shares_of(accuracy, better="higher"), shares_of(accuracy, better="lower")
    assert shares_of(error) == pytest.approx(right, abs=0.01)
    # Those that failed are as bad as a small rate: then it matters little that others did not.
    assert wrong["channels"] > 1.5 * right["channels"]


def test_importance_is_the_same_each_time_and_says_nothing_on_the_way(capfd, recwarn):
    values = [point["rate"] + DRAW.normal() / 100 for point in POINTS]
    assert of(POINTS, values) == of(POINTS, values)
    assert capfd.readouterr() == ("", "") and not recwarn.list


def test_what_makes_training_fail_does_not_swamp_what_matters_among_runs_that_learned():
    pairs = [(rate, dropout) for rate in (0.1, 0.01) for dropout in (0.0, 0.1, 0.2, 0.3)] * 6
    runs = []
    for i, (rate, dropout) in enumerate(pairs):
        failed = rate == 0.1
        error = 100.0 if failed else 0.1 + dropout
        runs.append(run(f"run-{i}", "a", learning_rate=rate, dropout=dropout,
                        train_metric=[1.0 if failed else 0.1] * 2,
                        validation_metric=[error] * 2))  # fmt: skip
    table = importance_table(made_up(*runs))
    table = table[table["problem"] == "prices"].set_index(["among", "hyper_parameter"])
    shares = table["share"]
    assert shares["all", "learning_rate"] > 10 * shares["all", "dropout"]
    assert table.loc["learned"].index.tolist() == ["dropout"]
    assert shares["learned", "dropout"] > 0.9
    assert set(table.loc["learned", "runs"]) == {24}
