"""Losses, metrics and errors in the target's own unit, on numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from learning import configure, image_record, table_record
from tunebook.evidence.evaluate import measures, misread, open_block, predictions

# Training prices have a range of 100 000 and a mean of 150 000.
ROWS = {
    "train_x": np.array([[1000.0], [2000.0]]),
    "train_y": np.array([100_000.0, 200_000.0]),
    "validation_x": np.array([[1600.0]]),
    "validation_y": np.array([150_000.0]),
    "test_x": np.array([[1000.0], [2000.0]]),
    "test_y": np.array([120_000.0, 170_000.0]),
}


def prices(weights, rows=ROWS, record=None, count=1, **overrides):
    """A block of linear networks on one feature, the area, as it is stored."""
    configuration = configure("table", widths=[], scale_inputs="none", **overrides)
    replicates = [(rows, record or table_record(["area"]))] * count
    return open_block(configuration, replicates, weights)


def row(block, inputs=("area",), slot=0):
    return {name: values[slot] for name, values in measures(block, inputs).items()}


def linear(*pairs):
    """Weights of one linear layer with one input: one (slope, offset) a replicate."""
    slope = torch.tensor([[[slope]] for slope, _ in pairs])
    offset = torch.tensor([[[offset]] for _, offset in pairs])
    return {"dense0.weight": slope, "dense0.bias": offset}


# Area / 1000 ranges: right on the training rows, 0.1 too much on the validation row, 0.2 too little
# and 0.3 too much on the test rows.
RIGHT = (0.001, 0.0)
# 0.1 more everywhere.
HIGHER = (0.001, 0.1)


def close(expected):
    return pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_errors_in_ranges_and_in_the_targets_own_unit():
    found = row(prices(linear(RIGHT)))
    assert found["train_mse"] == close(0)
    assert found["validation_mse"] == close(0.1**2)
    assert found["test_mse"] == close((0.2**2 + 0.3**2) / 2)
    assert found["test_loss"] == found["test_mse"], "the loss is the metric: both are MSE, scaled"
    assert found["validation_rmse"] == close(10_000)
    assert found["test_rmse"] == close(math.sqrt((20_000**2 + 30_000**2) / 2))
    assert found["test_mae"] == close(25_000)
    # The targets 25 000 from their mean, errors as above.
    assert found["test_r2"] == close(1 - (20**2 + 30**2) / 2 / 25**2)
    assert found["target_range"] == 100_000


@pytest.mark.parametrize(("judged", "gap"), [("mse", 0.1**2), ("mae", 10_000), ("r2", math.inf)])
def test_the_gap_is_how_much_worse_validation_is_than_training(judged, gap):
    found = row(prices(linear(RIGHT), metric=judged))
    # One validation row has no variance to explain.
    assert found["gap"] == close(gap)


# The same predictions, of a target that is trained as it is, or with mean 0 and deviation 1.
AS_TRAINED = {
    "none": (linear((0.001 * 100_000, 0.0)), 1.0),
    "standard": (linear((0.001 * 2, -3.0)), 50_000.0),
}


@pytest.mark.parametrize("scale", AS_TRAINED)
def test_however_the_target_is_trained_it_is_reported_in_the_same_units(scale):
    weights, factor = AS_TRAINED[scale]
    block = prices(weights, scale_target=scale)
    found = row(block)
    assert found["test_mse"] == close((0.2**2 + 0.3**2) / 2)
    assert found["test_rmse"] == close(math.sqrt((20_000**2 + 30_000**2) / 2))
    assert found["constant_test_mse"] == close((0.3**2 + 0.2**2) / 2)
    assert found["test_loss"] == close((20_000**2 + 30_000**2) / 2 / factor**2), "as trained"
    (table,) = predictions(block, "table-a", 0)
    assert table["prediction"] == close([100_000, 200_000])


def test_replicates_are_evaluated_apart():
    block = prices(linear(RIGHT, HIGHER), count=2)
    assert measures(block)["train_mse"] == close([0, 0.1**2])


def test_the_constant_prediction_is_the_mean_of_the_training_targets():
    found = row(prices(linear(RIGHT)))
    assert found["constant_train_mse"] == close(0.5**2)
    assert found["constant_validation_mse"] == close(0)
    assert found["constant_test_mse"] == close((0.3**2 + 0.2**2) / 2)


def test_squared_residuals_are_ranked_along_the_inputs_asked_for():
    found = row(prices(linear(RIGHT)))
    assert found["rank_squared_residual_area"] == close(1)
    # Nor along what is no number, or is not there.
    record = table_record(["area"])
    record["features"][0]["type"] = "level"
    others = row(prices(linear(RIGHT), record=record), ["area", "age"])
    assert not [name for name in others if name.startswith("rank_")]


def test_a_network_that_is_not_finite_is_reported_as_such():
    found = row(prices(linear((math.nan, 0.0))))
    assert math.isnan(found["test_mse"])
    assert math.isnan(found["rank_squared_residual_area"])
    assert found["constant_test_mse"] == close((0.3**2 + 0.2**2) / 2)
    assert math.isnan(row(prices(linear((math.inf, 0.0))))["rank_squared_residual_area"])


# Four test rows with the errors 0.5, 1, 1.5 and 2 (in ranges), for a network that says 1.
SPREAD = ROWS | {
    "test_x": np.array([[1.0], [2.0], [3.0], [4.0]]),
    "test_y": np.array([50_000.0, 200_000.0, 250_000.0, -100_000.0]),
}
# softplus(LOG_E_MINUS_1) = 1: the predicted variance is 1.000001, the standard deviation 1.
LOG_E_MINUS_1 = math.log(math.e - 1)


def gaussian_row(slope, offset, mean=1.0, **overrides):
    """Of a network with this mean and a raw variance of slope * area + offset."""
    weights = {"dense0.weight": torch.tensor([[[0.0, slope]]])}
    weights |= {"dense0.bias": torch.tensor([[[mean, offset]]])}
    return row(prices(weights, SPREAD, loss="gaussian", **overrides))


def test_coverage_counts_the_errors_within_the_predicted_interval():
    found = gaussian_row(0.0, LOG_E_MINUS_1)
    # Half of a normal distribution lies within 0.674 standard deviations, 90 % within 1.645.
    assert found["coverage_50"] == close(1 / 4)
    assert found["coverage_90"] == close(3 / 4)


def test_the_variance_is_in_squared_ranges_however_the_target_is_trained():
    assert gaussian_row(0.0, LOG_E_MINUS_1)["test_mean_variance"] == close(1.000001)
    raw = gaussian_row(0.0, 1e10, 100_000.0, scale_target="none")  # softplus(x) = x for large x
    # A standard deviation of 100 000 is two deviations of the training targets.
    scaled = gaussian_row(0.0, math.log(math.expm1(4)), -1.0, scale_target="standard")
    for found in (raw, scaled):
        assert found["test_mean_variance"] == close(1)
        assert (found["coverage_50"], found["coverage_90"]) == close((1 / 4, 3 / 4))
        assert found["test_mse"] == close((0.5**2 + 1 + 1.5**2 + 2**2) / 4)


def test_a_variance_that_never_varies_has_no_spread_and_no_order():
    found = gaussian_row(0.0, LOG_E_MINUS_1)
    assert found["variance_spread"] == close(1)
    assert found["rank_variance_area"] == 0


def test_the_spread_is_between_the_5th_and_the_95th_percentile_of_the_deviation():
    found = gaussian_row(100.0, 0.0)  # variances 100, 200, 300, 400
    deviations = [10, math.sqrt(200), math.sqrt(300), 20]
    low = deviations[0] + 0.15 * (deviations[1] - deviations[0])  # rank 0.05 * (4 - 1)
    high = deviations[2] + 0.85 * (deviations[3] - deviations[2])
    assert found["variance_spread"] == close(high / low)
    assert found["rank_variance_area"] == close(1)
    assert found["test_mean_variance"] == close(250)


def test_the_metric_of_a_gaussian_network_is_that_of_its_mean():
    found = gaussian_row(0.0, LOG_E_MINUS_1)
    assert found["test_mse"] == close((0.5**2 + 1 + 1.5**2 + 2**2) / 4)
    # (1/2) log 1 + error^2 / 2
    assert found["test_loss"] == close((0.5**2 + 1 + 1.5**2 + 2**2) / 8)


def test_predictions_are_in_the_targets_own_unit_beside_the_true_ones():
    block = prices(linear(RIGHT, HIGHER), count=2)
    first, second = predictions(block, "table-a", 5, ["area", "age"])
    assert (first["run"], first["problem"]) == ("table-a", "table")
    assert (first["replicate"], second["replicate"]) == (5, 6)
    assert first["row"].tolist() == [0, 1]
    assert first["target"].tolist() == [120_000, 170_000]
    assert first["prediction"] == close([100_000, 200_000])
    assert second["prediction"] == close([110_000, 210_000])
    assert first["area"].tolist() == [1000, 2000]
    assert np.isnan(first["variance"]) and np.isnan(first["age"])


# Images of 2 x 2, training classes 3, 3, 1 of four; a network whose bias alone decides says 1.
PIXELS = np.tile(np.array([-1, 1, 0, 0], dtype=np.float32), (4, 1))
IMAGES = {
    "train_x": PIXELS[:3],
    "train_y": np.array([3, 3, 1]),
    "validation_x": PIXELS[:2],
    "validation_y": np.array([1, 2]),
    "test_x": PIXELS,
    "test_y": np.array([1, 3, 3, 3]),
}


def says_one(**overrides):
    configuration = configure("images", model="dense", widths=[], **overrides)
    bias = torch.zeros(1, 1, 4)
    bias[..., 1] = 2
    weights = {"dense0.weight": torch.zeros(1, 4, 4), "dense0.bias": bias}
    return open_block(configuration, [(IMAGES, image_record((1, 2, 2), 4))], weights)


def test_every_metric_of_classes_on_every_split():
    found = row(says_one())
    assert found["train_accuracy"] == close(1 / 3)
    assert found["validation_accuracy"] == close(1 / 2)
    assert (found["test_accuracy"], found["test_error_rate"]) == close((1 / 4, 3 / 4))
    # Of classes 1 and 3, one is always found and one never.
    assert found["test_balanced_accuracy"] == close(1 / 2)
    # F1 of class 1 is 2 / (2 + 3), of class 3 none.
    assert found["test_macro_f1"] == close((2 / 5) / 2)
    total = math.log(3 + math.exp(2))
    both = found["test_loss"], found["test_log_loss"]
    assert both == close(((total - 2 + 3 * total) / 4,) * 2)
    assert found["test_auc"] == close(1 / 2)
    assert found["gap"] == close(1 / 3 - 1 / 2), "validation is better here"
    assert not [name for name in found if "variance" in name or "range" in name or "rmse" in name]


def test_the_constant_class_is_the_commonest_of_the_training_rows():
    found = row(says_one())
    assert found["constant_train_accuracy"] == close(2 / 3)
    assert found["constant_validation_accuracy"] == close(0)
    assert found["constant_test_accuracy"] == close(3 / 4)
    assert row(says_one(metric="balanced-accuracy"))["constant_test_balanced_accuracy"] == 1 / 2


def test_misread_images_come_with_their_pixels_and_the_probability_of_the_error():
    block = says_one()
    found = list(misread(block, "images-a", 5))
    assert [(one["row"], one["target"], one["prediction"]) for one in found] == [
        (row, 3, 1) for row in (1, 2, 3)
    ]
    assert (found[0]["run"], found[0]["replicate"]) == ("images-a", 5)
    assert found[0]["probability"] == close(math.exp(2) / (math.exp(2) + 3))
    assert found[0]["pixels"] == [0, 1, 0.5, 0.5], "least is 0, most is 1"
    (table,) = predictions(block, "images-a", 0)
    assert table["prediction"].tolist() == [1, 1, 1, 1]
    assert table["target"].tolist() == [1, 3, 3, 3]
    assert not list(misread(prices(linear(RIGHT)), "table-a", 0)), "a table has no images"
