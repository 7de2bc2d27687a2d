"""What can be measured on which run, and formulas on training curves worked out by hand."""

import math

import numpy as np
import pytest

from tunebook.evidence import measures
from tunebook.jobs import TunebookError


def curve(train_loss, validation_loss=None):
    given = {"train_loss": train_loss, "validation_loss": validation_loss or train_loss}
    return {name: np.array(values, float) for name, values in given.items()}


FALLING, BROKEN = list(range(20, 0, -1)), [3.0, 2.0, math.inf]
ZIGZAG = [math.exp(0.1 * (e % 2)) for e in range(20)]
NOISE = np.random.default_rng(0).lognormal(size=20)
TURNING = [4, 2, 1, 1, 1, 1, 1, 1, 1, 1.5]


@pytest.mark.parametrize(("name", "losses", "epochs", "expected"), [
    # Means of a tenth of the epochs, or of all.
    ("early_train_loss", FALLING, 20, (20 + 19) / 2),
    ("final_train_loss", FALLING, 20, (2 + 1) / 2),
    ("mean_train_loss", FALLING, 20, 10.5),
    # A replicate that diverged has no final loss, but may have an early one.
    ("early_train_loss", BROKEN, 20, 2.5),
    ("final_train_loss", BROKEN, 20, math.inf),
    ("mean_train_loss", BROKEN, 20, math.inf),
    ("roughness", BROKEN, 20, math.inf),
    ("validation_rise", BROKEN, 20, math.inf),
    # A steady fall is smooth; a zigzag lies off the line between neighbours.
    ("roughness", [0.9**e for e in range(30)], 30, 0),
    ("roughness", ZIGZAG, 20, 0.1),
    # The first tenth is left out, and three epochs are needed.
    ("roughness", [100.0, 1.0] + [1.0] * 18, 20, 0),
    ("roughness", [3.0, 2.0, 1.0], 3, 0),
    ("validation_rise", TURNING, 10, 0.5),
])  # fmt: skip
def test_what_a_curve_says_as_a_number(name, losses, epochs, expected):
    found = measures.CURVES[name](curve(losses), epochs)
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_tenth_is_rounded_up():
    assert [measures.tenth(epochs) for epochs in (1, 3, 10, 11, 100)] == [1, 1, 1, 2, 10]


def test_roughness_does_not_depend_on_the_scale_of_the_loss_and_stands_a_loss_of_zero():
    scaled = measures.roughness(curve(list(1000 * NOISE)), 20)
    assert measures.roughness(curve(list(NOISE)), 20) == pytest.approx(scaled)
    assert math.isfinite(measures.roughness(curve([1.0, 0.5, 0.25, 0.0, 0.0, 0.0]), 6))


DOWN, UP = [10 - e for e in range(10)], [3, 2, 1, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(("train", "validation", "rise", "expected"), [
    (DOWN, UP, 1.0, True), (DOWN, UP, 1.01, False), (UP, UP, 0.5, False), (DOWN, DOWN, 0.1, False),
    ([1.0, math.inf], [1.0, math.nan], 0.1, False),
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
    assert measures.outcome(0.6, 1.0, 2.0, margin=0.5) == "failed"


PRICES = {"task": "regression", "metric": "mse", "unit": "$", "inputs": [{"name": "area"}]}
KINDS = {"task": "classification", "metric": "balanced-accuracy"}


R2 = PRICES | {"metric": "r2"}
INF = math.inf


@pytest.mark.parametrize(("name", "problem", "label", "unit", "better", "least", "most", "worst"), [
    ("test_rmse", PRICES, "test root mean squared error", "$", "lower", 0, INF, INF),
    ("train_macro_f1", KINDS, "training macro F1", "share", "higher", 0, 1, -INF),
    ("validation_r2", PRICES, "validation R²", "", "higher", -INF, 1, -INF),
    # What judges has one name on every problem.
    ("test_metric", KINDS, "test balanced accuracy", "share", "higher", 0, 1, -INF),
    ("test_metric", PRICES, "test squared error", "squared ranges", "lower", 0, INF, INF),
    ("test_error", KINDS, "1 − test balanced accuracy", "share", "lower", 0, 1, INF),
    ("test_error", {"task": "classification"}, "test error rate", "share", "lower", 0, 1, INF),
    ("test_error", R2, "1 − test R²", "", "lower", 0, INF, INF),
    ("coverage_50", PRICES, "coverage of 50 % intervals", "share", "", 0, 1, math.nan),
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
