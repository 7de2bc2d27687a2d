"""What an honest reader puts beside the networks: scikit-learn's own methods on the same splits.

Every method is fitted on the training part, chooses its one free value by the validation part, and
is then measured on all three. Metrics are those of runs.csv: accuracy for digits, the squared error
in squared price ranges for houses.
"""

import time
import warnings

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

PARTS = ("train", "validation", "test")


def digit_candidates(seed):
    """{baseline: [estimators to choose from]} for images with pixels in [0, 1]."""
    return {
        # Trained long enough to be near its optimum; more iterations only fit the training part.
        "softmax-regression": [LogisticRegression(C=c, max_iter=60) for c in (0.1, 1.0)],
        "nearest-neighbours": [KNeighborsClassifier(k, algorithm="brute") for k in (1, 3, 5)],
        "rbf-svm": [SVC(C=10.0, gamma="scale", random_state=seed)],
    }


def price_candidates(seed):
    """{baseline: [estimators to choose from]} for prices; none of them minds how features scale."""
    return {
        "linear-regression": [LinearRegression()],
        "random-forest": [
            RandomForestRegressor(100, min_samples_leaf=leaf, n_jobs=1, random_state=seed)
            for leaf in (1, 3)
        ],
        "gradient-boosting": [
            GradientBoostingRegressor(
                n_estimators=trees, learning_rate=0.05, subsample=0.7, random_state=seed
            )
            for trees in (100, 300)
        ],
    }


def fit_baselines(problem, train_x, train_y, validation_x, validation_y, test_x, test_y, seed):
    """One row of baselines.csv a method, as a list of dictionaries.

    problem: `digits` (x [n, 256] in [-1, 1], y classes) or `houses` (x [n, features] as recorded, y
    in US dollars). seed: of what is random in a method. Columns: problem, baseline, train_metric,
    validation_metric, test_metric, test_rmse_dollars (houses; else NaN), fit_seconds (with the
    choice by validation). Test data are looked at once, after the choice.
    """
    x, y = [train_x, validation_x, test_x], [train_y, validation_y, test_y]
    if problem == "digits":
        x = [(part + 1) / 2 for part in x]
        return [
            measure(problem, name, estimators, x, y, accuracy, lambda value: np.nan)
            for name, estimators in digit_candidates(seed).items()
        ]
    price_range = float(np.ptp(train_y))
    y = [part / price_range for part in y]
    return [
        measure(problem, name, estimators, x, y, error, lambda mse: price_range * np.sqrt(mse))
        for name, estimators in price_candidates(seed).items()
    ]


def accuracy(truth, predicted):
    """Share of classes that are right."""
    return float((truth == predicted).mean())


def error(truth, predicted):
    """Mean squared error."""
    return float(((truth - predicted) ** 2).mean())


def measure(problem, name, estimators, x, y, metric, dollars):
    """The row of one method: x and y hold its training, validation and test part, in this order."""
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [estimator.fit(x[0], y[0]) for estimator in estimators]
    chosen = fitted[0]
    if len(fitted) > 1:
        better = max if metric is accuracy else min
        chosen = better(fitted, key=lambda estimator: metric(y[1], estimator.predict(x[1])))
    seconds = time.perf_counter() - started
    values = [metric(truth, chosen.predict(part)) for part, truth in zip(x, y, strict=True)]
    return {
        "problem": problem,
        "baseline": name,
        **{f"{part}_metric": value for part, value in zip(PARTS, values, strict=True)},
        "test_rmse_dollars": float(dollars(values[-1])),
        "fit_seconds": seconds,
    }
