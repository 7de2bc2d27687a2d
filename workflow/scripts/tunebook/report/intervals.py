"""Intervals of many means at once, by the method that verdicts rest on."""

import numpy as np

from .. import statistics


def mean_intervals(values):
    """(mean, low, high) of each column of `values` [n, runs]; all values finite.

    The percentile bootstrap interval of `statistics.mean_interval`, stretched likewise, with one
    set of resamples for all columns: the report needs thousands of them. low and high are blank
    (not a number) below `statistics.MINIMUM_REPLICATES` values.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    mean = values.mean(axis=0)
    if n < statistics.MINIMUM_REPLICATES:
        blank = np.full_like(mean, np.nan)
        return mean, blank, blank
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=statistics.RESAMPLES)
    tail = 100 * (1 - statistics.CONFIDENCE) / 2
    # Resampled around the mean, so that equal values give an interval of no width at all.
    spread = draws @ (values - mean) / n
    low, high = np.percentile(spread, [tail, 100 - tail], axis=0) * statistics.stretch(n)
    return mean, mean + low, mean + high
