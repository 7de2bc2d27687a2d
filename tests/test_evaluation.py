"""Losses, metrics and errors in dollars, on numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from tunebook.evaluation import (
    Evaluator,
    evaluate,
    misread,
    predictions,
    rank_correlation,
)
from tunebook.study import resolve

HOUSES = {
    "model": "dense", "widths": [], "loss": "mse", "optimizer": "sgd", "learning_rate": 0.1,
    "batch_size": 2, "epochs": 1, "features": "raw",
}  # fmt: skip
DIGITS = {**HOUSES, "loss": "cross-entropy"}

# Training prices have a range of 100 000 dollars and a mean of 150 000.
ROWS = {
    "train_x": np.array([[1000.0], [2000.0]]), "train_y": np.array([100_000.0, 200_000.0]),
    "validation_x": np.array([[1600.0]]), "validation_y": np.array([150_000.0]),
    "test_x": np.array([[1000.0], [2000.0]]), "test_y": np.array([120_000.0, 170_000.0]),
}  # fmt: skip


def houses(count=1, features=("GrLivArea",), rows=ROWS, **overrides):
    configuration = resolve("houses", {**HOUSES, **overrides}, 0, "test")
    return Evaluator(configuration, [rows] * count, list(features))


def linear(*pairs):
    """Weights of one linear layer with one input: one (slope, offset) a replicate."""
    slope = torch.tensor([[[slope]] for slope, _ in pairs])
    offset = torch.tensor([[[offset]] for _, offset in pairs])
    return {"dense0.weight": slope, "dense0.bias": offset}


# Area / 1000 price ranges: right on the training rows, 0.1 too much on the validation row, 0.2 too
# little and 0.3 too much on the test rows.
RIGHT = (0.001, 0.0)
# 0.1 more everywhere.
HIGHER = (0.001, 0.1)


def close(expected):
    return pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_errors_in_scaled_units_and_in_dollars():
    (row,), _ = evaluate(houses(), linear(RIGHT), linear(RIGHT))
    assert row["train_metric"] == close(0)
    assert row["validation_metric"] == close(0.1**2)
    assert row["test_metric"] == close((0.2**2 + 0.3**2) / 2)
    assert row["test_loss"] == row["test_metric"], "the loss is the metric: both are MSE, scaled"
    assert row["validation_rmse_dollars"] == close(10_000)
    assert row["test_rmse_dollars"] == close(math.sqrt((20_000**2 + 30_000**2) / 2))
    assert row["test_mae_dollars"] == close(25_000)


def test_the_gap_is_how_much_worse_validation_is_than_training():
    (row,), _ = evaluate(houses(), linear(RIGHT), linear(RIGHT))
    assert row["gap"] == close(0.1**2 - 0)


def test_a_raw_target_is_reported_in_the_same_units():
    slope, offset = RIGHT
    raw = linear((slope * 100_000, offset))
    (row,), _ = evaluate(houses(target="raw"), raw, raw)
    assert row["test_metric"] == close((0.2**2 + 0.3**2) / 2)
    assert row["test_rmse_dollars"] == close(math.sqrt((20_000**2 + 30_000**2) / 2))
    assert row["test_loss"] == close((20_000**2 + 30_000**2) / 2), "the loss is in dollars"


def test_weights_of_the_best_validation_loss_have_columns_of_their_own():
    (row,), _ = evaluate(houses(), linear(RIGHT), linear(HIGHER))
    assert row["train_metric_at_best"] == close(0.1**2)
    assert row["validation_metric_at_best"] == close(0.2**2)
    assert row["test_metric_at_best"] == close((0.1**2 + 0.4**2) / 2)
    assert row["test_metric"] == close((0.2**2 + 0.3**2) / 2)


def test_replicates_are_evaluated_apart():
    both, _ = evaluate(houses(2), linear(RIGHT, HIGHER), linear(RIGHT, HIGHER))
    assert [row["train_metric"] for row in both] == close([0, 0.1**2])


def test_the_constant_price_is_the_mean_of_the_training_prices():
    (row,), _ = evaluate(houses(), linear(RIGHT), linear(RIGHT))
    assert row["constant_train_metric"] == close(0.5**2)
    assert row["constant_validation_metric"] == close(0)
    assert row["constant_test_metric"] == close((0.3**2 + 0.2**2) / 2)


def test_squared_residuals_are_ranked_along_the_living_area():
    (row,), _ = evaluate(houses(), linear(RIGHT), linear(RIGHT))
    assert row["rank_squared_residual_GrLivArea"] == close(1)


def test_without_the_living_area_there_is_no_rank():
    (row,), _ = evaluate(houses(features=["YearBuilt"]), linear(RIGHT), linear(RIGHT))
    assert not [name for name in row if name.startswith("rank_")]


def test_a_network_that_is_not_finite_is_reported_as_such():
    (row,), _ = evaluate(houses(), linear((math.nan, 0.0)), linear(RIGHT))
    assert math.isnan(row["test_metric"])
    assert math.isnan(row["rank_squared_residual_GrLivArea"])
    assert row["constant_test_metric"] == close((0.3**2 + 0.2**2) / 2)


# Four test rows with the errors 0.5, 1, 1.5 and 2 (in price ranges), for a network that says 1.
SPREAD = {
    **ROWS,
    "test_x": np.array([[1.0], [2.0], [3.0], [4.0]]),
    "test_y": np.array([50_000.0, 200_000.0, 250_000.0, -100_000.0]),
}


def gaussian(slope, offset):
    """Weights for a mean of 1 and a raw variance of slope * area + offset."""
    weights = {"dense0.weight": torch.tensor([[[0.0, slope]]])}
    return weights | {"dense0.bias": torch.tensor([[[1.0, offset]]])}


# softplus(LOG_E_MINUS_1) = 1: the predicted variance is 1.000001, the standard deviation 1.
LOG_E_MINUS_1 = math.log(math.e - 1)


def gaussian_row(slope, offset, **overrides):
    weights = gaussian(slope, offset)
    evaluator = houses(rows=SPREAD, loss="gaussian", **overrides)
    return evaluate(evaluator, weights, weights)[0][0]


def test_coverage_counts_the_errors_within_the_predicted_interval():
    row = gaussian_row(0.0, LOG_E_MINUS_1)
    # Half of a normal distribution lies within 0.674 standard deviations, 90 % within 1.645.
    assert row["coverage_50"] == close(1 / 4)
    assert row["coverage_90"] == close(3 / 4)


def test_the_variance_is_in_squared_price_ranges_whatever_the_target():
    assert gaussian_row(0.0, LOG_E_MINUS_1)["test_mean_variance"] == close(1.000001)
    raw = gaussian_row(0.0, 1e10, target="raw")  # softplus(x) = x for large x
    assert raw["test_mean_variance"] == close(1)


def test_a_variance_that_never_varies_has_no_spread_and_no_rank():
    row = gaussian_row(0.0, LOG_E_MINUS_1)
    assert row["variance_spread"] == close(1)
    assert math.isnan(row["rank_variance_GrLivArea"])


def test_the_spread_is_between_the_5th_and_the_95th_percentile_of_the_deviation():
    row = gaussian_row(100.0, 0.0)  # variances 100, 200, 300, 400
    deviations = [10, math.sqrt(200), math.sqrt(300), 20]
    low = deviations[0] + 0.15 * (deviations[1] - deviations[0])  # rank 0.05 * (4 - 1)
    high = deviations[2] + 0.85 * (deviations[3] - deviations[2])
    assert row["variance_spread"] == close(high / low)
    assert row["rank_variance_GrLivArea"] == close(1)
    assert row["test_mean_variance"] == close(250)


def test_the_metric_of_a_gaussian_network_is_that_of_its_mean():
    row = gaussian_row(0.0, LOG_E_MINUS_1)
    assert row["test_metric"] == close((0.5**2 + 1 + 1.5**2 + 2**2) / 4)
    # (1/2) log 1 + error^2 / 2
    assert row["test_loss"] == pytest.approx((0.5**2 + 1 + 1.5**2 + 2**2) / 8, rel=1e-4)


def test_spearmans_rank_correlation():
    # 1 - 6 sum d^2 / (n (n^2 - 1)) with d = 0, 1, -1, 0 and n = 4
    assert rank_correlation(np.array([1, 2, 3, 4.0]), np.array([10, 30, 20, 40.0])) == close(0.8)


@pytest.mark.parametrize("values", [[1, 1, 1], [1, np.nan, 2], [1, np.inf, 2]])
def test_what_is_constant_or_not_finite_has_no_rank_correlation(values):
    assert np.isnan(rank_correlation(np.array([1.0, 2, 3]), np.array(values, dtype=float)))


def test_predicted_prices_are_in_dollars_beside_the_true_ones():
    evaluator = houses(2)
    _, outputs = evaluate(evaluator, linear(RIGHT, HIGHER), linear(RIGHT, HIGHER))
    first, second = predictions(evaluator, outputs, "houses-a", 5)
    assert (first["run"], first["problem"]) == ("houses-a", "houses")
    assert (first["replicate"], second["replicate"]) == (5, 6)
    assert first["row"].tolist() == [0, 1]
    assert first["target"].tolist() == [120_000, 170_000]
    assert first["prediction"] == close([100_000, 200_000])
    assert second["prediction"] == close([110_000, 210_000])
    assert first["GrLivArea"].tolist() == [1000, 2000]
    assert np.isnan(first["variance"])


# Digit images: training classes 3, 3, 1; a linear network whose bias alone decides says 1.
PIXELS = np.zeros((4, 256), dtype=np.float32)
PIXELS[:, 0], PIXELS[:, 1] = -1, 1
IMAGES = {
    "train_x": PIXELS[:3], "train_y": np.array([3, 3, 1]),
    "validation_x": PIXELS[:2], "validation_y": np.array([1, 2]),
    "test_x": PIXELS, "test_y": np.array([1, 3, 3, 3]),
}  # fmt: skip


def says_one(logit=2.0):
    bias = torch.zeros(1, 1, 10)
    bias[..., 1] = logit
    return {"dense0.weight": torch.zeros(1, 256, 10), "dense0.bias": bias}


def digits():
    return Evaluator(resolve("digits", DIGITS, 0, "test"), [IMAGES], [])


def test_accuracy_and_cross_entropy():
    (row,), _ = evaluate(digits(), says_one(), says_one())
    assert row["train_metric"] == close(1 / 3)
    assert row["validation_metric"] == close(1 / 2)
    assert row["test_metric"] == close(1 / 4)
    total = math.log(9 + math.exp(2))
    assert row["test_loss"] == close((total - 2 + 3 * total) / 4)


def test_a_lower_validation_accuracy_is_a_positive_gap():
    (row,), _ = evaluate(digits(), says_one(), says_one())
    assert row["gap"] == close(1 / 3 - 1 / 2), "validation is better here"


def test_the_constant_class_is_the_commonest_of_the_training_part():
    (row,), _ = evaluate(digits(), says_one(), says_one())
    assert row["constant_train_metric"] == close(2 / 3)
    assert row["constant_validation_metric"] == close(0)
    assert row["constant_test_metric"] == close(3 / 4)


def test_digits_have_no_columns_in_dollars():
    (row,), _ = evaluate(digits(), says_one(), says_one())
    assert not [name for name in row if "dollars" in name or "variance" in name]


def test_misread_digits_come_with_their_pixels_and_the_probability_of_the_error():
    evaluator = digits()
    _, outputs = evaluate(evaluator, says_one(), says_one())
    found = list(misread(evaluator, outputs, "digits-a", 5))
    assert [(one["row"], one["target"], one["prediction"]) for one in found] == [
        (1, 3, 1), (2, 3, 1), (3, 3, 1),
    ]  # fmt: skip
    assert (found[0]["run"], found[0]["replicate"]) == ("digits-a", 5)
    assert found[0]["probability"] == close(math.exp(2) / (math.exp(2) + 9))
    assert len(found[0]["pixels"]) == 256
    assert found[0]["pixels"][:3] == [0, 1, 0.5], "paper is 0, ink is 1"


def test_predicted_digits_are_classes():
    evaluator = digits()
    _, outputs = evaluate(evaluator, says_one(), says_one())
    (table,) = predictions(evaluator, outputs, "digits-a", 0)
    assert table["prediction"].tolist() == [1, 1, 1, 1]
    assert table["target"].tolist() == [1, 3, 3, 3]
