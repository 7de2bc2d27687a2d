"""Intervals of many means at once, the same that verdicts rest on."""

import numpy as np
import scipy

from .. import statistics

AT_ONCE = 50


def mean_intervals(values, least=-np.inf, most=np.inf):
    """(mean, low, high) of each column of `values` [n, runs]; all values finite.

    Each is the interval of `statistics.mean_interval` of its column, number for number: with one
    seed everywhere all columns are resampled alike, so they can be resampled together. low and high
    are blank (not a number) below `statistics.MINIMUM_REPLICATES` values. least, most: what a mean
    can be.
    """
    values = np.asarray(values, dtype=float)
    mean = values.mean(axis=0)
    if len(values) < statistics.MINIMUM_REPLICATES:
        blank = np.full_like(mean, np.nan)
        return mean, blank, blank
    ends = np.concatenate(
        [
            resampled(values[:, first : first + AT_ONCE])
            for first in range(0, values.shape[1], AT_ONCE)
        ],
        axis=1,
    )
    low, high = mean + statistics.stretch(len(values)) * (ends - mean)
    alike = np.ptp(values, axis=0) == 0
    low, high = (np.where(alike, values[0], end) for end in (low, high))
    return np.where(alike, values[0], mean), np.maximum(low, least), np.minimum(high, most)


def resampled(values):
    """The plain percentile intervals [2, runs] of the means of `values` [n, runs]."""
    found = scipy.stats.bootstrap(
        (values.T,),
        np.mean,
        axis=-1,
        n_resamples=statistics.RESAMPLES,
        confidence_level=statistics.CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return np.stack([found.low, found.high])
