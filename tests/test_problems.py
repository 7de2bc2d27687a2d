"""Splits, scaling and shapes, on values worked out by hand."""

import numpy as np
import pytest

from tunebook.jobs import TunebookError
from tunebook.problems import (
    fit_scaling,
    load_arrays,
    outputs_needed,
    prepare_digits,
    prepare_houses,
    split_rows,
    stack,
)
from tunebook.shapes import feature_sizes


def test_split_is_disjoint_complete_and_of_the_stated_sizes():
    test, validation, train = split_rows(1460, [0.2, 0.2], seed=3)
    assert (len(test), len(validation), len(train)) == (292, 292, 876)
    assert sorted(np.concatenate([test, validation, train])) == list(range(1460))


def test_split_depends_on_the_seed_alone():
    first, again, other = (split_rows(50, [0.2], seed)[0] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_split_that_leaves_a_part_empty_is_refused():
    with pytest.raises(TunebookError, match="shares 0.1 of 4 rows leave a part empty"):
        split_rows(4, [0.1], seed=0)


def test_official_test_images_are_never_split():
    train = np.arange(20.0).reshape(10, 2), np.arange(10)
    test = np.full((3, 2), 7.0), np.array([1, 2, 3])
    development, held_out = prepare_digits(train, test, {"validation": 0.2}, seed=0)
    assert held_out["test_x"].tolist() == test[0].tolist()
    assert len(development["train_y"]) == 8 and len(development["validation_y"]) == 2
    assert sorted([*development["train_y"], *development["validation_y"]]) == list(range(10))
    # Each image stays with its label.
    assert (development["train_x"][:, 0] == 2 * development["train_y"]).all()


def test_house_rows_keep_their_prices():
    x = np.arange(10.0)[:, None]
    development, test = prepare_houses(x, np.arange(10.0) * 5, {"validation": 0.2, "test": 0.2}, 1)
    for arrays, part in ((development, "train"), (development, "validation"), (test, "test")):
        assert (arrays[f"{part}_y"] == 5 * arrays[f"{part}_x"][:, 0]).all()


TRAIN_X = np.array([[0.0, 5.0], [10.0, 5.0], [4.0, 5.0]])
TRAIN_Y = np.array([100.0, 300.0, 250.0])


def test_features_are_scaled_by_the_training_minimum_and_maximum_only():
    scaling = fit_scaling(
        {"problem": "houses", "features": "scaled", "target": "scaled"}, TRAIN_X, TRAIN_Y
    )
    # A column that does not vary is shifted, not divided by zero; others may leave [0, 1].
    assert scaling.inputs(np.array([[5.0, 5.0], [20.0, 6.0]])).tolist() == [[0.5, 0.0], [2.0, 1.0]]


def test_target_is_divided_by_its_range_and_not_shifted():
    scaling = fit_scaling(
        {"problem": "houses", "features": "raw", "target": "scaled"}, TRAIN_X, TRAIN_Y
    )
    assert scaling.targets(np.array([100.0, 300.0])).tolist() == [[0.5], [1.5]]
    assert (scaling.unit, scaling.price_range) == (1.0, 200.0)
    assert scaling.inputs(TRAIN_X).tolist() == TRAIN_X.tolist()


def test_raw_target_is_left_alone_and_its_unit_is_the_range():
    scaling = fit_scaling(
        {"problem": "houses", "features": "raw", "target": "raw"}, TRAIN_X, TRAIN_Y
    )
    assert scaling.targets(TRAIN_Y)[:, 0].tolist() == TRAIN_Y.tolist()
    assert (scaling.unit, scaling.price_range) == (200.0, 200.0)


@pytest.mark.parametrize(("features", "expected"), [("scaled", [0, 0.5, 1]), ("raw", [-1, 0, 1])])
def test_pixels_are_scaled_to_zero_one_or_left_as_stored(features, expected):
    pixels = np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)
    scaling = fit_scaling({"problem": "digits", "features": features}, pixels, np.array([1]))
    assert scaling.inputs(pixels).tolist() == [expected]


def test_stack_gives_a_leading_replicate_dimension():
    arrays = {"train_x": TRAIN_X, "train_y": TRAIN_Y}
    scaling = fit_scaling(
        {"problem": "houses", "features": "raw", "target": "raw"}, TRAIN_X, TRAIN_Y
    )
    part = stack([arrays, arrays], [scaling, scaling], "train")
    assert part.x.shape == (2, 3, 2) and part.y.shape == (2, 3, 1)
    assert part.x.dtype == part.y.dtype == np.float32


def test_outputs_are_classes_a_price_or_its_mean_and_variance():
    assert outputs_needed({"problem": "digits", "loss": "mse"}) == 10
    assert outputs_needed({"problem": "houses", "loss": "mse"}) == 1
    assert outputs_needed({"problem": "houses", "loss": "gaussian"}) == 2


def test_a_cut_short_file_of_arrays_is_named(tmp_path):
    path = tmp_path / "development.npz"
    np.savez(path, train_x=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(TunebookError, match="development.npz"):
        load_arrays(path)


def test_padding_two_gives_the_256_units_of_the_source():
    sizes = feature_sizes(16, [16, 32, 64], kernel=5, padding=2, pooling=2)
    assert sizes == [8, 4, 2]
    assert 64 * sizes[-1] ** 2 == 256


def test_without_padding_the_third_convolution_has_no_pixel_left():
    # 16 -> 12 -> 6 -> 2 -> 1, and a kernel of 5 does not fit on 1.
    assert feature_sizes(16, [16, 32], kernel=5, padding=0, pooling=2) == [6, 1]
    with pytest.raises(TunebookError, match="convolution 3 has no pixel left of a map of 1 x 1"):
        feature_sizes(16, [16, 32, 64], kernel=5, padding=0, pooling=2)
