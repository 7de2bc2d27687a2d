"""The two problems: raw data -> splits -> scaled arrays that a network can be trained on.

Splits are made once (`prepare`) and hold raw values; scaling is fitted on the training part alone,
when a configuration asks for it. What is read here is all that training ever sees: the test part
lies in another file.
"""

from dataclasses import dataclass

import numpy as np

from .jobs import TunebookError

CLASSES = 10


def split_rows(count, shares, seed):
    """Disjoint row indices: one array for each share, then one for the rest.

    count: number of rows. shares: parts of the whole, in (0, 1), rounded to whole rows.
    Raises TunebookError where a part would be empty.
    """
    order = np.random.default_rng(seed).permutation(count)
    sizes = [round(count * share) for share in shares]
    if min(*sizes, count - sum(sizes)) < 1:
        raise TunebookError(
            f"problems: split: shares {', '.join(map(str, shares))} of {count} rows leave a part "
            "empty; allowed: shares that leave at least one row in each part"
        )
    return np.split(order, np.cumsum(sizes))


def prepare_digits(train, test, split, seed):
    """One replicate of digits: (development arrays, test arrays), raw pixels in [-1, 1].

    train, test: pairs of pixels [n, 256] and labels [n]. The official test images are never
    split; a validation part is drawn from the training images.
    """
    pixels, labels = train
    validation, rest = split_rows(len(labels), [split["validation"]], seed)
    development = {
        "train_x": pixels[rest], "train_y": labels[rest],
        "validation_x": pixels[validation], "validation_y": labels[validation],
    }  # fmt: skip
    return development, {"test_x": test[0], "test_y": test[1]}


def prepare_houses(features, prices, split, seed):
    """One replicate of houses: (development arrays, test arrays), raw features and US dollars.

    features: [n, f]; prices: [n].
    """
    test, validation, train = split_rows(len(prices), [split["test"], split["validation"]], seed)
    development = {
        "train_x": features[train], "train_y": prices[train],
        "validation_x": features[validation], "validation_y": prices[validation],
    }  # fmt: skip
    return development, {"test_x": features[test], "test_y": prices[test]}


@dataclass
class Scaling:
    """How one replicate's raw values become a network's inputs and targets.

    offset, factor: [f]; inputs are (x - offset) / factor. target_factor: targets are
    y / target_factor (houses only). unit: what one scaled unit is in the target's own units as
    trained, so that errors / unit are in units of the price range whatever the target. price_range:
    max - min of the training prices, in dollars (1 for digits).
    """

    offset: np.ndarray
    factor: np.ndarray
    target_factor: float = 1.0
    unit: float = 1.0
    price_range: float = 1.0

    def inputs(self, x):
        return ((x - self.offset) / self.factor).astype(np.float32)

    def targets(self, y):
        """Class labels [n] unchanged; prices as a column [n, 1]."""
        if np.issubdtype(y.dtype, np.integer):
            return y.astype(np.int64)
        return (y / self.target_factor).astype(np.float32)[:, None]


def fit_scaling(configuration, train_x, train_y):
    """The Scaling that a configuration asks for, fitted on the training part.

    Digits: [-1, 1] to [0, 1], or as stored. Houses: each feature's minimum and maximum to 0 and 1,
    the target divided by its range and not shifted (as in the source); or either one raw.
    """
    width = train_x.shape[1]
    plain = np.zeros(width), np.ones(width)
    if configuration["problem"] == "digits":
        scaled = configuration["features"] == "scaled"
        return Scaling(plain[0] - 1, plain[1] * 2) if scaled else Scaling(*plain)
    if configuration["features"] == "scaled":
        low, high = train_x.min(axis=0), train_x.max(axis=0)
        plain = low, np.where(high > low, high - low, 1.0)
    price_range = float(train_y.max() - train_y.min()) or 1.0
    if configuration["target"] == "scaled":
        return Scaling(*plain, target_factor=price_range, price_range=price_range)
    return Scaling(*plain, unit=price_range, price_range=price_range)


@dataclass
class Part:
    """Rows of one part (train, validation or test) for R replicates: x [R, n, f], y [R, n(, 1)]."""

    x: np.ndarray
    y: np.ndarray


def stack(replicates, scalings, part):
    """One Part from the raw arrays of R replicates; every replicate has as many rows."""
    pairs = list(zip(replicates, scalings, strict=True))
    return Part(
        np.stack([scaling.inputs(arrays[f"{part}_x"]) for arrays, scaling in pairs]),
        np.stack([scaling.targets(arrays[f"{part}_y"]) for arrays, scaling in pairs]),
    )


def load_arrays(path):
    """The arrays of a prepared file as a dictionary; TunebookError if it is not whole."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise TunebookError(
            f"{path}: not a whole file of arrays ({error}); delete it and run again"
        ) from None
    except Exception as error:  # zipfile and zlib raise types of their own
        raise TunebookError(f"{path}: damaged ({error}); delete it and run again") from None


def outputs_needed(configuration):
    """How many numbers a network gives for each row: classes, a price, or its mean and variance."""
    if configuration["problem"] == "digits":
        return CLASSES
    return 2 if configuration["loss"] == "gaussian" else 1
