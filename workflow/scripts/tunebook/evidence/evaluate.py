"""Losses and metrics of trained networks on every split, the test rows included.

The only room, with the baselines, that opens test rows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.stats import norm

from ..learn import augment, losses, models, training
from ..tasks import TASKS, column, errors
from .intervals import rank_correlation

SPLITS = ("train", "validation", "test")


@dataclass
class Block:
    """One block of a run: what its R networks say of all rows.

    arrays: raw, one dictionary a replicate; scalings likewise. record: of the prepared data.
    targets, outputs: {split: tensor [R, n, ...]}, as trained, of the splits that have rows: none
    are left for validation where a network was fitted on these too. shifted: outputs [R, n, ...]
    for the test rows, averaged over each image and its four shifts by one pixel; None for tables.
    """

    configuration: dict
    arrays: list
    record: dict
    ruler: object
    scalings: list
    targets: dict
    outputs: dict
    shifted: torch.Tensor | None

    @property
    def task(self):
        return TASKS[self.configuration["task"]]

    @property
    def gaussian(self):
        return self.configuration["loss"] == "gaussian"

    @cached_property
    def error(self):
        """Predicted minus true test values in ranges of the target, [R, n]."""
        error = errors(self.outputs["test"], self.targets["test"], self.ruler)
        return (error.squeeze(-1).double() / self.ruler.unit[:, None]).numpy()

    @cached_property
    def variance(self):
        """Variances predicted for the test rows in squared ranges, [R, n] (Gaussian loss)."""
        _, variance = losses.mean_and_variance(self.outputs["test"])
        return (variance.squeeze(-1).double() / self.ruler.unit[:, None].double() ** 2).numpy()

    def inputs(self, names):
        """{name: raw values [R, n] in the test rows} of those that are number features."""
        features = self.record["features"]
        numbers = [each["name"] if each["type"] == "number" else "" for each in features]
        known = [name for name in names if name in numbers]
        tests = np.stack([each["test_x"] for each in self.arrays])
        return {name: tests[..., numbers.index(name)] for name in known}


def open_block(configuration, replicates, weights, folder=None):
    """The Block of trained networks.

    replicates: pairs of raw arrays (development and test) and their record. weights: parameters and
    buffers by name, each [R, ...]. folder: where the study's own modules lie.
    """
    rows, ruler, scalings = training.tensors(configuration, replicates, SPLITS)
    record, blank = replicates[0][1], models.blank(len(replicates))
    network = models.build(configuration, record, blank, folder)
    network.restore(weights)
    rows = {split: pair for split, pair in rows.items() if pair[1].shape[1]}
    targets = {split: y for split, (_, y) in rows.items()}
    outputs = {split: network.predict(network.prepare(x)) for split, (x, _) in rows.items()}
    shifted = None
    if record["shape"]:
        outside = configuration.get("padding_value", 0.0)
        copies = augment.shifts(rows["test"][0], record["shape"], outside)
        said = [outputs["test"], *(network.predict(network.prepare(x)) for x in copies)]
        shifted = TASKS[configuration["task"]].average(torch.stack(said))
    arrays = [arrays for arrays, _ in replicates]
    return Block(configuration, arrays, record, ruler, scalings, targets, outputs, shifted)


def measures(block, inputs=()):
    """{column of runs.csv: values [R]} of a block.

    inputs: names of number features along which test errors and variances are ranked.
    """
    judged = block.configuration["metric"]
    metric, found = block.task.metrics[judged], scores(block)
    error = {s: metric.error(found[f"{s}_{column(judged)}"]) for s in block.outputs}
    found["gap"] = error.get("validation", torch.nan) - error["train"]
    if block.task.name == "regression":
        found |= ranks(block, "squared_residual", block.error**2, inputs)
    if block.gaussian:
        found |= calibration(block) | ranks(block, "variance", block.variance, inputs)
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def scores(block):
    """The loss and every metric of the task on each split, and the judged metric of the predictor
    that always says the same; of images also that of the network averaged over shifts.
    """
    loss, judged = losses.make(block.configuration).rows, block.configuration["metric"]
    classes, found = len(block.record["classes"] or ()), {}
    for split, outputs in block.outputs.items():
        targets = block.targets[split]
        found[f"{split}_loss"] = loss(outputs, targets).mean(dim=1)
        for name, metric in block.task.metrics.items():
            found[f"{split}_{column(name)}"] = metric.function(outputs, targets, block.ruler)
        train, rows = block.targets["train"], targets.shape[1]
        same = block.task.constant(train, rows, classes, block.ruler)
        value = block.task.metrics[judged].function(same, targets, block.ruler)
        found[f"constant_{split}_{column(judged)}"] = value
    if block.shifted is not None:
        targets = block.targets["test"]
        value = block.task.metrics[judged].function(block.shifted, targets, block.ruler)
        found[f"shifted_test_{column(judged)}"] = value
    return found


def calibration(block):
    """How large the predicted variances are, how they vary, and how many errors they allow for.

    variance_spread: the 95th percentile of the standard deviations over the 5th. coverage_50: the
    share of errors within the middle half of the predicted normal distribution; so coverage_90.
    """
    deviation = np.sqrt(block.variance)
    low, high = np.nanpercentile(deviation, [5, 95], axis=1)
    found = {"test_mean_variance": block.variance.mean(axis=1), "variance_spread": high / low}
    for level in (50, 90):
        half = norm.ppf(0.5 + level / 200) * deviation
        found[f"coverage_{level}"] = (np.abs(block.error) <= half).mean(axis=1)
    return found


def ranks(block, what, values, inputs):
    """{rank_<what>_<input>: Spearman's rank correlation of `values` [R, n] with the input, [R]}.

    Blank where a value is not finite.
    """
    values = np.where(np.isfinite(values).all(axis=1, keepdims=True), values, np.nan)
    return {
        f"rank_{what}_{name}": list(map(rank_correlation, known, values))
        for name, known in block.inputs(inputs).items()
    }


def predictions(block, run, first, inputs=()):
    """One dictionary of columns a replicate: targets and predictions on the test rows.

    Classes as indices; numbers in the target's own unit; variances in squared ranges. first: the
    number of the block's first replicate. inputs: names of number features to show with them.
    """
    known = block.inputs(inputs)
    for slot, (arrays, scaling) in enumerate(zip(block.arrays, block.scalings, strict=True)):
        outputs = block.outputs["test"][slot].double().numpy()
        if block.task.name == "classification":
            predicted = outputs.argmax(axis=-1).astype(float)
        else:
            predicted = scaling.restore(outputs[:, 0])
        yield {
            "run": run,
            "problem": block.configuration["problem"],
            "replicate": first + slot,
            "row": np.arange(len(predicted)),
            "target": arrays["test_y"].astype(float),
            "prediction": predicted,
            "variance": block.variance[slot] if block.gaussian else np.nan,
            **{name: known[name][slot] if name in known else np.nan for name in inputs},
        }


def row_values(block, run, first):
    """One dictionary a replicate: what each test row adds to the judged metric, `values` [n], and
    of images what it adds where the network is averaged over shifts, `shifted` [n].

    None where that metric is no mean over rows.
    """
    of_row = block.task.metrics[block.configuration["metric"]].of_row
    if of_row is None:
        return
    for slot in range(len(block.arrays)):
        found = {
            name: of_row(outputs, block.targets["test"], block.ruler)[slot].float().numpy()
            for name, outputs in ways(block).items()
        }
        yield {"run": run, "replicate": first + slot, **found}


def ways(block):
    """{way of predicting the test rows: outputs [R, n, ...]}: by the network as it is, `values`,
    and of images by the network averaged over shifts, `shifted`.
    """
    found = {"values": block.outputs["test"], "shifted": block.shifted}
    return {name: outputs for name, outputs in found.items() if outputs is not None}


def members(block, run, first):
    """One dictionary a replicate: what it says of the test rows as a member of an ensemble.

    For each of `ways`, row by row: the logarithm of each class's probability, or the prediction in
    the target's own unit.
    """
    for slot, scaling in enumerate(block.scalings):
        found = {}
        for name, outputs in ways(block).items():
            said = block.task.average(outputs[None])[slot].flatten().numpy()
            said = said if block.record["classes"] else scaling.restore(said)
            found[name] = said.astype(np.float32)
        yield {"run": run, "replicate": first + slot, **found}


def misread(block, run, first):
    """One dictionary for each test image that is taken for another class; none for tables.

    pixels: in [0, 1], channel by channel, row by row. probability: of the class predicted.
    """
    if block.task.name != "classification" or not block.record["shape"]:
        return
    low, high = block.record["range"]
    for slot, arrays in enumerate(block.arrays):
        probability, predicted = block.outputs["test"][slot].softmax(dim=-1).max(dim=-1)
        for row in np.flatnonzero(predicted.numpy() != arrays["test_y"]):
            yield {
                "run": run,
                "replicate": first + slot,
                "row": int(row),
                "target": int(arrays["test_y"][row]),
                "prediction": int(predicted[row]),
                "probability": float(probability[row]),
                "pixels": ((arrays["test_x"][row] - low) / (high - low)).round(3).tolist(),
            }
