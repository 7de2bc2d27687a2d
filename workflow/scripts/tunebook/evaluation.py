"""Losses and metrics of trained weights on every part of the data, the test part included.

The only room that opens test data. Final weights are what is reported; the weights of the lowest
validation loss stand beside them in the columns that end in `_at_best`.
"""

import numpy as np
import torch
from scipy.stats import norm, spearmanr

from . import losses, models
from .problems import fit_scaling, stack
from .study import METRICS

PARTS = ("train", "validation", "test")
COVERAGES = (50, 90)
# The feature that the source draws the predicted variance against.
AREA = "GrLivArea"


class Evaluator:
    """One block of a run: its data, its network, and what both give.

    configuration: as resolved. replicates: one dictionary of raw development and test arrays a
    replicate. features: names of the raw feature columns (houses).
    """

    def __init__(self, configuration, replicates, features):
        self.configuration, self.raw, self.features = configuration, replicates, features
        self.scalings = [fit_scaling(configuration, a["train_x"], a["train_y"]) for a in replicates]
        self.x, self.y = {}, {}
        for part in PARTS:
            rows = stack(replicates, self.scalings, part)
            self.x[part], self.y[part] = torch.from_numpy(rows.x), torch.from_numpy(rows.y)
        unit = [scaling.unit for scaling in self.scalings]
        self.unit = torch.tensor(unit, dtype=torch.float32)
        start = [torch.Generator() for _ in replicates]
        self.network = models.build(configuration, self.x["train"].shape[2], start)

    def outputs(self, weights, part):
        """Outputs [R, n, outputs] of the network with these weights on a part."""
        models.restore(self.network, weights)
        return models.predict(self.network, self.x[part])

    def summary(self, outputs, part):
        """(loss, metric), each a list of R numbers."""
        loss = losses.LOSSES[self.configuration["loss"]](outputs, self.y[part])
        value = losses.metric(self.configuration, outputs, self.y[part], self.unit)
        return loss.mean(dim=1).tolist(), value.mean(dim=1).tolist()

    def price_range(self):
        return np.array([scaling.price_range for scaling in self.scalings])

    def dollar_errors(self, outputs, part):
        """Predicted minus true price in US dollars, [R, n]."""
        factor = self.price_range() / self.unit.numpy()
        error = (outputs[..., :1] - self.y[part]).squeeze(-1).double().numpy()
        return error * factor[:, None]

    def variances(self, outputs):
        """Predicted variances in squared price ranges, [R, n] (Gaussian loss only)."""
        _, variance = losses.mean_and_variance(outputs)
        return variance.squeeze(-1).double().numpy() / self.unit.double().numpy()[:, None] ** 2


def evaluate(evaluator, final, best):
    """One dictionary of columns a replicate, and the test outputs of the final weights.

    final, best: parameter values by name, each [R, ...].
    """
    rows = [{} for _ in evaluator.raw]

    def column(name, values):
        for row, value in zip(rows, values, strict=True):
            row[name] = float(value)

    outputs = {part: evaluator.outputs(final, part) for part in PARTS}
    for part in PARTS:
        loss, value = evaluator.summary(outputs[part], part)
        column(f"{part}_loss", loss)
        column(f"{part}_metric", value)
    for part in PARTS:
        column(f"{part}_metric_at_best", evaluator.summary(evaluator.outputs(best, part), part)[1])
    problem = evaluator.configuration["problem"]
    worse = -1 if METRICS[problem] == "accuracy" else 1
    for row in rows:
        row["gap"] = worse * (row["validation_metric"] - row["train_metric"])
    constants(evaluator, column)
    if problem == "houses":
        prices(evaluator, outputs, column)
        residuals(evaluator, outputs["test"], column)
    return rows, outputs["test"]


def constants(evaluator, column):
    """Columns for the predictor that always says the same: the training mean or commonest class."""
    for part in PARTS:
        values = []
        for raw, scaling in zip(evaluator.raw, evaluator.scalings, strict=True):
            known, held_out = raw["train_y"], raw[f"{part}_y"]
            if evaluator.configuration["problem"] == "digits":
                values.append((held_out == np.bincount(known).argmax()).mean())
            else:
                error = (held_out - known.mean()) / scaling.price_range
                values.append((error**2).mean())
        column(f"constant_{part}_metric", values)


def prices(evaluator, outputs, column):
    """Columns for errors in US dollars."""
    for part in PARTS:
        error = evaluator.dollar_errors(outputs[part], part)
        column(f"{part}_rmse_dollars", np.sqrt((error**2).mean(axis=1)))
    column("test_mae_dollars", np.abs(error).mean(axis=1))


def residuals(evaluator, test_outputs, column):
    """Columns on how errors, and predicted variances if there are any, go with the living area."""
    error = evaluator.dollar_errors(test_outputs, "test") / evaluator.price_range()[:, None]
    area = None
    if AREA in evaluator.features:
        index = list(evaluator.features).index(AREA)
        area = [raw["test_x"][:, index] for raw in evaluator.raw]
        column(f"rank_squared_residual_{AREA}", map(rank_correlation, area, error**2))
    if evaluator.configuration["loss"] != "gaussian":
        return
    variance = evaluator.variances(test_outputs)
    column("test_mean_variance", variance.mean(axis=1))
    deviation = np.sqrt(variance)
    low, high = np.nanpercentile(deviation, [5, 95], axis=1)
    column("variance_spread", high / low)
    for level in COVERAGES:
        half_width = norm.ppf(0.5 + level / 200) * deviation
        column(f"coverage_{level}", (np.abs(error) <= half_width).mean(axis=1))
    if area is not None:
        column(f"rank_variance_{AREA}", map(rank_correlation, area, variance))


def rank_correlation(a, b):
    """Spearman's rank correlation of two arrays [n]; NaN where one is constant or not finite."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return spearmanr(a, b).statistic


def predictions(evaluator, outputs, run, first):
    """One dictionary of arrays a replicate: targets and predictions on the test rows.

    Prices and their predictions are in US dollars, variances in squared price ranges. first: the
    number of the block's first replicate.
    """
    for slot, raw in enumerate(evaluator.raw):
        count = len(raw["test_y"])
        table = {
            "run": run, "problem": evaluator.configuration["problem"], "replicate": first + slot,
            "row": np.arange(count), "target": raw["test_y"].astype(float),
            "variance": np.nan, AREA: np.nan,
        }  # fmt: skip
        if evaluator.configuration["problem"] == "digits":
            table["prediction"] = outputs[slot].argmax(dim=-1).double().numpy()
        else:
            error = evaluator.dollar_errors(outputs, "test")[slot]
            table["prediction"] = raw["test_y"] + error
            if evaluator.configuration["loss"] == "gaussian":
                table["variance"] = evaluator.variances(outputs)[slot]
            if AREA in evaluator.features:
                table[AREA] = raw["test_x"][:, list(evaluator.features).index(AREA)]
        yield table


def misread(evaluator, outputs, run, first):
    """One dictionary for each test image that final weights misread: pixels in [0, 1], row by row.

    probability: what softmax gives the class that was predicted.
    """
    for slot, raw in enumerate(evaluator.raw):
        probability, predicted = outputs[slot].softmax(dim=-1).max(dim=-1)
        for row in np.flatnonzero(predicted.numpy() != raw["test_y"]):
            yield {
                "run": run, "replicate": first + slot, "row": int(row),
                "target": int(raw["test_y"][row]), "prediction": int(predicted[row]),
                "probability": float(probability[row]),
                "pixels": ((raw["test_x"][row] + 1) / 2).round(3).tolist(),
            }  # fmt: skip
