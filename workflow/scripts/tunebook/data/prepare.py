"""What prepared files hold, and how a configuration scales it.

The development file of a replicate has its training and validation rows, the test file its test
rows. Their values are raw, in the units of the dataset; scaling is fitted on the training rows
alone, when a configuration asks for it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..jobs import TunebookError, written

# No input that is bent lies further from 0.
FURTHEST = 3.0


def save(path, arrays, record):
    """Write arrays by name, with the record of their columns as a text among them."""
    with written(path) as beside, open(beside, "wb") as file:
        np.savez(file, **arrays, record=np.array(json.dumps(record)))


def load(path):
    """(arrays by name, record) of a prepared file; TunebookError if it is not whole.

    arrays: `train_x`, `train_y`, ... with x [n, features] and y [n]: class indices (int64) or
    values (float64). record: `target`, its `unit`, `classes` (labels, or None) and `target_range`
    (the largest less the smallest value in all rows of the files, None for classes), an image's
    `shape` (channels, height, width) and `range` (or None), and `features`: for each column of x
    its `name`, `unit` and `type`: `number`, `level` (of a category, 0 or 1), or `missing` (1 where
    the number before it was filled in).
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
            return arrays, json.loads(str(arrays.pop("record")))
    except Exception as error:  # zipfile and zlib raise types of their own
        raise TunebookError(
            f"{path}: not a whole file of arrays ({error}); delete it and run again"
        ) from None


@dataclass
class Scaling:
    """How one replicate's raw values become a network's inputs and targets, and back.

    offset, factor: [f]; inputs are (x - offset) / factor, and so are targets, or their logarithms
    where `log` says so, with target_offset and target_factor. bend: what is then done to the inputs
    that are `numbers` ([f] of booleans), [n, k] -> [n, k]; None for nothing. target_range: as in
    the record of the prepared data, one for all replicates, in the target's own unit (1 for
    classes).
    """

    offset: np.ndarray
    factor: np.ndarray
    numbers: np.ndarray
    bend: Callable | None = None
    log: bool = False
    target_offset: float = 0.0
    target_factor: float = 1.0
    target_range: float = 1.0

    @property
    def unit(self):
        """How much of the target as trained is one range; of the target itself where `log` is."""
        return self.target_range / (1.0 if self.log else self.target_factor)

    @property
    def logs(self):
        """(factor, offset) of the logarithms that are trained; zeros where none are."""
        return (self.target_factor, self.target_offset) if self.log else (0.0, 0.0)

    def inputs(self, x):
        """x [n, f] as float32."""
        scaled = (x - self.offset) / self.factor
        if self.bend and len(x):
            scaled[:, self.numbers] = self.bend(scaled[:, self.numbers])
        return scaled.astype(np.float32)

    def targets(self, y):
        """Class indices [n] unchanged; values as a column [n, 1] of float32."""
        if np.issubdtype(y.dtype, np.integer):
            return y.astype(np.int64)
        values = logarithms(y) if self.log else y
        return ((values - self.target_offset) / self.target_factor).astype(np.float32)[:, None]

    def restore(self, prediction):
        """A prediction of the target, as trained, in the target's own unit."""
        values = prediction * self.target_factor + self.target_offset
        return np.exp(values) if self.log else values


def fit_scaling(configuration, arrays, record):
    """The Scaling that a configuration asks for, fitted on the training rows.

    `scale_inputs` acts on features that are numbers: `min-max` takes their least and largest
    training value (of an image's pixels, the least and largest possible) to 0 and 1, `standard`
    gives them mean 0 and standard deviation 1, `quartiles` takes the median to 0 and divides by the
    distance of the quartiles (an image: of all its pixels); it and `quantile` are then bent.
    `scale_target` of values: `range` divides by the range of the training rows and does not shift,
    `standard` as above, `log` the logarithms as `standard`.
    """
    x, y, image = arrays["train_x"], arrays["train_y"], record["shape"]
    numbers = np.array([feature["type"] == "number" for feature in record["features"]])
    offset, factor = np.zeros(x.shape[1]), np.ones(x.shape[1])
    how, known = configuration["scale_inputs"], x[:, numbers].astype(float)
    if image and how == "min-max":
        known = np.array(record["range"], dtype=float)
    offset[numbers], factor[numbers] = fit(how, known, axis=None if image else 0)
    factor = np.where(factor > 0, factor, 1.0)
    scaling = Scaling(offset, factor, numbers, bend(how, known.reshape(-1, 1) if image else known))
    if record["classes"] is None:
        how = configuration["scale_target"]
        scaling.target_range, scaling.log = record["target_range"], how == "log"
        offset, factor = fit("standard", logarithms(y)) if scaling.log else fit(how, y)
        scaling.target_offset, scaling.target_factor = float(offset), float(factor) or 1.0
    return scaling


def fit(how, values, axis=None):
    """(offset, factor) of some values along an axis: what a way of scaling takes to 0, and to 1."""
    if how == "min-max":
        return values.min(axis), np.ptp(values, axis)
    if how == "standard":
        return values.mean(axis), values.std(axis)
    if how == "quartiles":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis)
        return middle, np.where(high > low, high - low, np.ptp(values, axis))
    return 0.0, np.ptp(values) if how == "range" else 1.0


def bend(how, known):
    """What a way of scaling does to numbers [n, k] after that, or None.

    `quartiles`: z / sqrt(1 + (z / 3)^2). `quantile`: to a normal distribution by the quantiles of
    the `known` values [m, k] (of one column for all k), linearly between at most 1000 of them.
    """
    if how == "quartiles":
        return lambda z: z / np.sqrt(1 + (z / FURTHEST) ** 2)
    if how == "quantile" and known.size:
        from sklearn.preprocessing import QuantileTransformer  # takes a second to import

        quantiles = QuantileTransformer(
            n_quantiles=min(1000, len(known)), output_distribution="normal", subsample=None
        ).fit(known)
        return lambda z: (
            quantiles.transform(z.reshape(-1, known.shape[1]))
            .reshape(z.shape)
            .clip(-FURTHEST, FURTHEST)
        )
    return None


def logarithms(y):
    """Natural logarithms of targets; TunebookError unless all of them are positive."""
    if (y > 0).all():
        return np.log(y)
    raise TunebookError(
        f"scale_target: found log, and {(y <= 0).sum()} of {len(y)} rows whose target is not above "
        f"0, the least {y.min():g}; allowed: log of positive targets, or range, min-max, standard, "
        "none"
    )


def stack(replicates, scalings, split):
    """(x [R, n, f] float32, y [R, n] classes or [R, n, 1] float32) of one split.

    replicates: the raw arrays of R replicates, each with as many rows. split: `train`, `validation`
    or `test`.
    """
    pairs = list(zip(replicates, scalings, strict=True))
    return (
        np.stack([scaling.inputs(arrays[f"{split}_x"]) for arrays, scaling in pairs]),
        np.stack([scaling.targets(arrays[f"{split}_y"]) for arrays, scaling in pairs]),
    )
