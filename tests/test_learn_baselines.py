"""Baselines: scikit-learn on the splits of the networks, in the units of runs.csv."""

import math

import numpy as np
import pytest

from learning import image_record, table_record
from tunebook.jobs import TunebookError
from tunebook.learn.baselines import choose, fit_baselines

REGRESSION = {"task": "regression", "metric": "mse"}
CLASSES = {"task": "classification", "metric": "accuracy"}
LINEAR = "sklearn.linear_model.LinearRegression"
FOREST = "sklearn.ensemble.RandomForestRegressor"
SOFTMAX = "sklearn.linear_model.LogisticRegression"
NEIGHBOURS = "sklearn.neighbors.KNeighborsClassifier"


def arrays(x, y, sizes):
    ends = np.cumsum(sizes)
    parts = zip(("train", "validation", "test"), np.split(x, ends), np.split(y, ends), strict=True)
    return {f"{split}_{name}": v for split, *xy in parts for name, v in zip("xy", xy, strict=True)}


@pytest.fixture
def prices():
    """Two features that give the price exactly, split 60, 20, 20."""
    x = np.random.default_rng(0).uniform(0, 10, (100, 2))
    y = 50_000 + 10_000 * x[:, 0] + 2_000 * x[:, 1]
    return arrays(x, y, (60, 20)), table_record(["a", "b"])


@pytest.fixture
def images():
    """Ten classes, each a bright pixel of its own in noise, pixels in [-1, 1]."""
    random = np.random.default_rng(0)
    y = np.arange(200) % 10
    x = random.uniform(-1, -0.5, (200, 256)).astype(np.float32)
    x[np.arange(200), y] = 1
    return arrays(x, y, (120, 40)), image_record()


def fit(settings, data, seed=0, **baselines):
    return fit_baselines("p", settings | {"baselines": baselines}, *data, seed)


def test_methods_read_classes_that_can_be_told_apart(images):
    rows = fit(
        CLASSES,
        images,
        softmax={"estimator": SOFTMAX, "grid": {"C": [0.1, 1.0]}, "scale": "min-max"},
        nearest={"estimator": NEIGHBOURS, "arguments": {"n_neighbors": 1}},
        svm={"estimator": "sklearn.svm.SVC", "scale": "standard"},
    )
    assert [(row["problem"], row["baseline"]) for row in rows] == [
        ("p", "softmax"), ("p", "nearest"), ("p", "svm"),
    ]  # fmt: skip
    for row in rows:
        assert row["test_accuracy"] >= 0.9 and row["test_auc"] >= 0.9 and row["fit_seconds"] > 0
    assert rows[0]["test_log_loss"] < math.log(10)
    # No probabilities, no log loss.
    assert math.isnan(rows[2]["test_log_loss"])


def test_classes_that_are_missing_in_the_training_rows_are_never_predicted(images):
    data, record = images
    keep = data["train_y"] != 4
    fewer = data | {"train_x": data["train_x"][keep], "train_y": data["train_y"][keep]}
    for estimator in (SOFTMAX, "sklearn.svm.SVC"):
        (row,) = fit(CLASSES, (fewer, record), one={"estimator": estimator})
        assert row["test_accuracy"] == pytest.approx(0.9, abs=0.02)


def test_linear_prices_are_found_exactly(prices):
    (row,) = fit(REGRESSION, prices, linear={"estimator": LINEAR})
    assert row["test_mse"] == pytest.approx(0, abs=1e-20)
    assert row["test_rmse"] == pytest.approx(0, abs=1e-4)
    assert row["test_r2"] == pytest.approx(1)


def test_errors_are_in_ranges_of_the_training_targets_and_in_the_targets_own_unit():
    # The feature says nothing: every prediction is the training mean, 2 (range 4).
    y = np.array([0.0, 4.0, 1.0, 3.0, 2.0, 2.0, 6.0, 6.0])
    data = arrays(np.zeros((8, 1)), y, (4, 0)), table_record(["a"])
    data[0].update(validation_x=np.zeros((1, 1)), validation_y=y[:1])
    (row,) = fit(REGRESSION, data, linear={"estimator": LINEAR})
    assert row["test_mse"] == pytest.approx((0 + 0 + 16 + 16) / 4 / 16)
    assert row["test_rmse"] == pytest.approx(np.sqrt(8))
    assert row["test_mae"] == pytest.approx(2)


def test_what_is_random_follows_from_the_seed(prices):
    forest = {"estimator": FOREST, "arguments": {"n_estimators": 5}, "grid": {"max_depth": [2, 5]}}
    (first,), (again,), (other,) = (fit(REGRESSION, prices, seed, f=forest) for seed in (3, 3, 4))
    assert first["test_mse"] == again["test_mse"] != other["test_mse"]


class Says:
    """An estimator that always says one value."""

    def __init__(self, value):
        self.value = value

    def fit(self, x, y):
        return self

    def metrics(self, split):
        return {"mse": abs(self.value), "r2": self.value}


@pytest.mark.parametrize(
    ("metric", "values", "chosen"),
    [("mse", (3, 1, 1, 2), 1), ("r2", (1, 3, 3, 2), 1), ("mse", (np.nan, 2), 1),
     ("mse", (np.nan, np.nan), 0)],
)  # fmt: skip
def test_the_choice_is_made_by_the_judged_metric_of_the_validation_rows(metric, values, chosen):
    from tunebook.tasks import TASKS

    class Data:
        x = y = {"train": None}
        task = TASKS["regression"]

        def metrics(self, estimator, split):
            assert split == "validation"
            return estimator.metrics(split)

    candidates = [Says(value) for value in values]
    assert choose(candidates, Data(), metric) is candidates[chosen]


def test_a_method_that_cannot_be_fitted_to_so_few_rows_says_so(images):
    data, record = images
    few = data | {"train_x": data["train_x"][:2], "train_y": np.array([1, 1])}
    rows = fit(
        CLASSES,
        (few, record),
        softmax={"estimator": SOFTMAX},
        nearest={"estimator": NEIGHBOURS},
        one={"estimator": NEIGHBOURS, "arguments": {"n_neighbors": 1}},
    )
    assert "class" in rows[0]["failure"] and "n_neighbors" in rows[1]["failure"]
    assert "test_accuracy" not in rows[0] and rows[2]["test_accuracy"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"estimator": "os.system"}, "estimator: found os.system; allowed: the dotted name"),
        ({"estimator": "sklearn.nowhere.Forest"}, "found sklearn.nowhere.Forest; allowed"),
        ({"estimator": "sklearn.linear_model.Nothing"}, "found sklearn.linear_model.Nothing"),
        ({"estimator": "sklearn.base.BaseEstimator.x"}, "estimator: found sklearn.base"),
        ({"estimator": "sklearn.svm._classes.SVC; 1"}, "allowed: the dotted name"),
        ({"estimator": SOFTMAX}, "found .*LogisticRegression; allowed: a method for regression"),
        ({"estimator": "sklearn.preprocessing.StandardScaler"}, "a method for regression"),
        ({"estimator": LINEAR, "arguments": {"C": 1}}, "arguments: found C; allowed: .*positive"),
        ({"estimator": LINEAR, "grid": {"alpha": [1]}}, "grid: found alpha; allowed: "),
        ({"estimator": FOREST, "arguments": {"n_estimators": -1}}, "n_estimators.*Got -1"),
        ({"estimator": "sklearn.ensemble.StackingRegressor"}, "missing 1 required .*estimators"),
    ],
)
def test_bad_input_is_said_in_one_line(about, message, prices):
    with pytest.raises(TunebookError, match=message) as raised:
        fit(REGRESSION, prices, mine=about)
    assert str(raised.value).startswith("configuration: problems.p.baselines.mine")
    assert "\n" not in str(raised.value)
