"""Baselines: scikit-learn on the splits of the networks, in the units of runs.csv."""

import numpy as np
import pytest
import torch

from tunebook import baselines, losses


@pytest.fixture
def prices():
    """Two features that give the price exactly, split 60, 20, 20; prices in dollars."""
    x = np.random.default_rng(0).uniform(0, 10, (100, 2))
    y = 50_000 + 10_000 * x[:, 0] + 2_000 * x[:, 1]
    return x[:60], y[:60], x[60:80], y[60:80], x[80:], y[80:]


@pytest.fixture
def images():
    """Ten classes, each a bright pixel of its own in noise, pixels in [-1, 1]."""
    random = np.random.default_rng(0)
    y = np.arange(200) % 10
    x = random.uniform(-1, -0.5, (200, 256)).astype(np.float32)
    x[np.arange(200), y] = 1
    return x[:120], y[:120], x[120:160], y[120:160], x[160:], y[160:]


def test_every_method_of_a_problem_has_one_row(prices, images):
    rows = baselines.fit_baselines("digits", *images, seed=0)
    assert [row["baseline"] for row in rows] == [
        "softmax-regression",
        "nearest-neighbours",
        "rbf-svm",
    ]
    rows = baselines.fit_baselines("houses", *prices, seed=0)
    assert [row["baseline"] for row in rows] == [
        "linear-regression",
        "random-forest",
        "gradient-boosting",
    ]


def test_methods_read_classes_that_can_be_told_apart(images):
    for row in baselines.fit_baselines("digits", *images, seed=0):
        assert row["test_metric"] >= 0.9
        assert np.isnan(row["test_rmse_dollars"])


def test_linear_prices_are_found_exactly(prices):
    linear = baselines.fit_baselines("houses", *prices, seed=0)[0]
    assert linear["test_metric"] == pytest.approx(0, abs=1e-20)
    assert linear["test_rmse_dollars"] == pytest.approx(0, abs=1e-4)


def test_price_errors_are_in_squared_ranges_of_the_training_prices():
    # The feature says nothing: every prediction is the training mean, 2 (range 4).
    flat, train_y = np.zeros((4, 1)), np.array([0.0, 4.0, 1.0, 3.0])
    held_out = np.array([2.0, 2.0, 6.0, 6.0])
    args = (flat, train_y, flat, train_y, flat, held_out)
    linear = baselines.fit_baselines("houses", *args, seed=0)[0]
    assert linear["test_metric"] == pytest.approx((0 + 0 + 16 + 16) / 4 / 16)
    assert linear["test_rmse_dollars"] == pytest.approx(np.sqrt(8))


def test_the_same_seed_gives_the_same_rows(prices):
    first, again = (baselines.fit_baselines("houses", *prices, seed=3) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        del one["fit_seconds"], other["fit_seconds"]
    assert first == again


def test_the_choice_is_made_by_validation_and_not_by_the_test_part():
    class Says:
        def __init__(self, value):
            self.value = value

        def fit(self, x, y):
            return self

        def predict(self, x):
            return np.full(len(x), self.value)

    x = [np.zeros((4, 1))] * 3
    y = [np.zeros(4), np.ones(4), np.zeros(4)]
    row = baselines.measure(
        "houses", "n", [Says(0.0), Says(1.0)], x, y, baselines.error, lambda mse: mse
    )
    assert (row["train_metric"], row["validation_metric"], row["test_metric"]) == (1.0, 0.0, 1.0)


def test_networks_and_baselines_are_measured_by_the_same_formulas():
    random = np.random.default_rng(1)
    truth, predicted, price_range = *random.normal(size=(2, 20)), 4.0
    tensors = [torch.tensor(values).reshape(1, 20, 1) for values in (predicted, truth)]
    unit = torch.tensor([price_range])
    network = losses.metric({"problem": "houses"}, *tensors, unit).mean().item()
    assert baselines.error(truth / price_range, predicted / price_range) == pytest.approx(network)
    logits, labels = torch.tensor(random.normal(size=(1, 20, 3))), torch.arange(20)[None] % 3
    network = losses.metric({"problem": "digits"}, logits, labels, None).mean().item()
    classes = logits[0].argmax(dim=-1).numpy()
    assert baselines.accuracy(labels[0].numpy(), classes) == pytest.approx(network)
