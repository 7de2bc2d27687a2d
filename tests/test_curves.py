"""Formulas on training curves, on curves worked out by hand."""

import math

import numpy as np
import pytest

from tunebook.claims import curves


def curve(train_loss, validation_loss=None, train_metric=None):
    given = (train_loss, validation_loss or train_loss, train_metric or train_loss)
    names = ("train_loss", "validation_loss", "train_metric")
    return {name: np.array(values, float) for name, values in zip(names, given, strict=True)}


def test_early_and_final_loss_are_means_of_a_tenth_of_the_epochs():
    falling = curve(list(range(20, 0, -1)))
    assert curves.early_train_loss(falling, 20) == pytest.approx((20 + 19) / 2)
    assert curves.final_train_loss(falling, 20) == pytest.approx((2 + 1) / 2)
    assert curves.mean_train_loss(falling, 20) == pytest.approx(10.5)


def test_a_tenth_is_rounded_up():
    assert [curves.tenth(epochs) for epochs in (1, 3, 10, 11, 100)] == [1, 1, 1, 2, 10]


def test_a_replicate_that_diverged_has_no_final_loss_but_may_have_an_early_one():
    broken = curve([3.0, 2.0, math.inf])
    assert curves.final_train_loss(broken, 20) == math.inf
    assert curves.mean_train_loss(broken, 20) == math.inf
    assert curves.early_train_loss(broken, 20) == pytest.approx(2.5)
    assert curves.roughness(broken, 20) == math.inf
    assert curves.validation_rise(broken, 20) == math.inf


def test_a_steady_fall_is_smooth():
    assert curves.roughness(curve([0.9**e for e in range(30)]), 30) == pytest.approx(0, abs=1e-12)


def test_roughness_of_a_zigzag_is_the_distance_from_the_line_between_neighbours():
    zigzag = curve([math.exp(0.1 * (e % 2)) for e in range(20)])
    assert curves.roughness(zigzag, 20) == pytest.approx(0.1)


def test_roughness_does_not_depend_on_the_scale_of_the_loss():
    values = np.random.default_rng(0).lognormal(size=50)
    assert curves.roughness(curve(list(values)), 50) == pytest.approx(
        curves.roughness(curve(list(1000 * values)), 50)
    )


def test_roughness_leaves_out_the_first_tenth_and_needs_three_epochs():
    settled = curve([100.0, 1.0] + [1.0] * 18)
    assert curves.roughness(settled, 20) == pytest.approx(0)
    assert curves.roughness(curve([3.0, 2.0, 1.0]), 3) == 0


def test_a_loss_of_zero_does_not_break_roughness():
    assert math.isfinite(curves.roughness(curve([1.0, 0.5, 0.25, 0.0, 0.0, 0.0]), 6))


def test_validation_rise_is_the_end_over_the_lowest_value():
    assert curves.validation_rise(curve([1.0] * 10, [4, 2, 1, 1, 1, 1, 1, 1, 1, 1.5]), 10) == 0.5


def test_validation_rises_while_training_falls_only_if_both_do():
    falling, rising = [10 - e for e in range(10)], [3, 2, 1, 2, 2, 2, 2, 2, 2, 2]
    assert curves.overfits(curve(falling, rising), 10, rise=1.0)
    assert not curves.overfits(curve(falling, rising), 10, rise=1.01)
    assert not curves.overfits(curve(rising, rising), 10, rise=0.5)
    assert not curves.overfits(curve(falling, falling), 10, rise=0.1)
    assert not curves.overfits(curve([1.0, math.inf], [1.0, math.nan]), 10, rise=0.1)


def test_an_overshoot_rises_and_is_undone():
    shape = [5, 4, 3, 2, 2.4, 1, 1, 1, 1, 1]
    assert curves.overshoot(curve(shape), around=5, window=0) == pytest.approx(0.2)
    assert curves.overshoot(curve(shape), around=7, window=2) == pytest.approx(0.2)
    assert curves.overshoot(curve(shape), around=8, window=2) == 0


def test_a_rise_that_lasts_is_no_overshoot():
    assert curves.overshoot(curve([5, 4, 3, 2, 4, 4, 4, 4]), around=5, window=2) == 0


def test_an_overshoot_beyond_the_end_of_the_curve_is_none():
    assert curves.overshoot(curve([3, 2, 1]), around=20, window=5) == 0


@pytest.mark.parametrize(("metrics", "epoch"), [([0.5, 0.2, 0.1, 0.05], 3), ([0.5, 0.2], math.inf)])
def test_epochs_to_learn_is_the_first_epoch_at_a_tenth_of_the_constant_error(metrics, epoch):
    learning = curve(metrics, train_metric=metrics)
    assert curves.epochs_to_learn(learning, 4, 1.0, lambda value: value) == epoch


def test_epochs_to_learn_counts_errors_of_an_accuracy():
    learning = curve([1, 1, 1], train_metric=[0.5, 0.9, 0.95])
    assert curves.epochs_to_learn(learning, 3, 0.8, lambda value: 1 - value) == 3
