"""What can be measured on which run, and formulas on training curves worked out by hand."""

import math

import numpy as np
import pytest

from tunebook.evidence import measures
from tunebook.jobs import TunebookError


def curve(train_loss, validation_loss=None):
    given = {"train_loss": train_loss, "validation_loss": validation_loss or train_loss}
    return {name: np.array(values, float) for name, values in given.items()}


def test_early_and_final_loss_are_means_of_a_tenth_of_the_epochs():
    falling = curve(list(range(20, 0, -1)))
    assert measures.early_train_loss(falling, 20) == pytest.approx((20 + 19) / 2)
    assert measures.final_train_loss(falling, 20) == pytest.approx((2 + 1) / 2)
    assert measures.mean_train_loss(falling, 20) == pytest.approx(10.5)


def test_a_tenth_is_rounded_up():
    assert [measures.tenth(epochs) for epochs in (1, 3, 10, 11, 100)] == [1, 1, 1, 2, 10]


def test_a_replicate_that_diverged_has_no_final_loss_but_may_have_an_early_one():
    broken = curve([3.0, 2.0, math.inf])
    assert measures.final_train_loss(broken, 20) == math.inf
    assert measures.mean_train_loss(broken, 20) == math.inf
    assert measures.early_train_loss(broken, 20) == pytest.approx(2.5)
    assert measures.roughness(broken, 20) == math.inf
    assert measures.validation_rise(broken, 20) == math.inf


def test_a_steady_fall_is_smooth():
    assert measures.roughness(curve([0.9**e for e in range(30)]), 30) == pytest.approx(0, abs=1e-12)


def test_roughness_of_a_zigzag_is_the_distance_from_the_line_between_neighbours():
    zigzag = curve([math.exp(0.1 * (e % 2)) for e in range(20)])
    assert measures.roughness(zigzag, 20) == pytest.approx(0.1)


def test_roughness_does_not_depend_on_the_scale_of_the_loss():
    values = np.random.default_rng(0).lognormal(size=50)
    assert measures.roughness(curve(list(values)), 50) == pytest.approx(
        measures.roughness(curve(list(1000 * values)), 50)
    )


def test_roughness_leaves_out_the_first_tenth_and_needs_three_epochs():
    settled = curve([100.0, 1.0] + [1.0] * 18)
    assert measures.roughness(settled, 20) == pytest.approx(0)
    assert measures.roughness(curve([3.0, 2.0, 1.0]), 3) == 0


def test_a_loss_of_zero_does_not_break_roughness():
    assert math.isfinite(measures.roughness(curve([1.0, 0.5, 0.25, 0.0, 0.0, 0.0]), 6))


def test_validation_rise_is_the_end_over_the_lowest_value():
    assert measures.validation_rise(curve([1.0] * 10, [4, 2, 1, 1, 1, 1, 1, 1, 1, 1.5]), 10) == 0.5


def test_validation_rises_while_training_falls_only_if_both_do():
    falling, rising = [10 - e for e in range(10)], [3, 2, 1, 2, 2, 2, 2, 2, 2, 2]
    assert measures.overfits(curve(falling, rising), 10, rise=1.0)
    assert not measures.overfits(curve(falling, rising), 10, rise=1.01)
    assert not measures.overfits(curve(rising, rising), 10, rise=0.5)
    assert not measures.overfits(curve(falling, falling), 10, rise=0.1)
    assert not measures.overfits(curve([1.0, math.inf], [1.0, math.nan]), 10, rise=0.1)


def test_an_overshoot_rises_and_is_undone():
    shape = [5, 4, 3, 2, 2.4, 1, 1, 1, 1, 1]
    assert measures.overshoot(curve(shape), around=5, window=0) == pytest.approx(0.2)
    assert measures.overshoot(curve(shape), around=7, window=2) == pytest.approx(0.2)
    assert measures.overshoot(curve(shape), around=8, window=2) == 0


def test_a_rise_that_lasts_is_no_overshoot():
    assert measures.overshoot(curve([5, 4, 3, 2, 4, 4, 4, 4]), around=5, window=2) == 0


def test_an_overshoot_beyond_the_end_of_the_curve_is_none():
    assert measures.overshoot(curve([3, 2, 1]), around=20, window=5) == 0


@pytest.mark.parametrize(("errors", "epoch"), [([0.5, 0.2, 0.1, 0.05], 3), ([0.5, 0.2], math.inf)])
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
    (math.nan, 0.9, False, "diverged"),
])  # fmt: skip
def test_a_training_has_learned_failed_or_diverged(error, first, diverged, end):
    assert measures.outcome(error, 1.0, first, diverged) == end


def test_the_margin_says_what_learning_is():
    assert measures.outcome(0.6, 1.0, 2.0, margin=0.5) == "failed"


PRICES = {"task": "regression", "metric": "mse", "unit": "$", "inputs": [{"name": "area"}]}
KINDS = {"task": "classification", "metric": "balanced-accuracy"}


def test_measures_follow_from_the_metrics_of_the_task():
    error = measures.measure("test_rmse", PRICES)
    assert (error.label, error.unit, error.better) == (
        "test root mean squared error", "$", "lower",
    )  # fmt: skip
    share = measures.measure("train_macro_f1", KINDS)
    assert (share.unit, share.better, share.least, share.most) == ("share", "higher", 0, 1)
    assert measures.measure("validation_r2", PRICES).least == -math.inf


def test_the_judged_metric_has_one_name_on_every_problem():
    assert measures.measure("test_metric", KINDS).label == "test balanced accuracy"
    assert measures.measure("test_metric", PRICES).unit == "squared ranges"
    error = measures.measure("test_error", KINDS)
    assert (error.label, error.better, error.most) == ("1 − test balanced accuracy", "lower", 1)
    default = KINDS | {"metric": None}
    assert measures.measure("test_error", default).label == "test error rate"
    explained = measures.measure("test_error", PRICES | {"metric": "r2"})
    assert (explained.least, explained.most) == (0, math.inf)


def test_a_replicate_that_diverged_counts_as_the_worst():
    worst = {name: measures.measure(name, KINDS).worst for name in ("test_metric", "test_error")}
    assert worst == {"test_metric": -math.inf, "test_error": math.inf}
    assert math.isnan(measures.measure("coverage_50", PRICES).worst)


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
    assert measures.bounds(loss, {"loss": "mse"}) == (0, math.inf)
    assert measures.bounds(loss, {"loss": "gaussian"}) == (-math.inf, math.inf)
    assert measures.bounds(measures.measure("gap", PRICES), ROW)[0] == -math.inf
