"""Mean and interval over replicates: the band of every figure."""

from functools import cache

import numpy as np

from ..statistics import MINIMUM_REPLICATES, stretch

BAND = "95 % interval of the mean"
RESAMPLES = 2000


def summarize(values, *, in_ratio=False):
    """Mean over replicates with its 95 % bootstrap interval, element by element.

    values: [replicates, ...], blank (not a number) where a replicate has none. Returns mean, low,
    high, each [...], and the number of replicates that count. The interval is that of
    `statistics.mean_interval`, of many means at once: percentiles of resampled means, stretched for
    few replicates, blank below three. Resampling starts from a fixed seed: same input, same band.
    in_ratio: stretch the ratio to the mean, not the difference, where no value is negative; so a
    band on a logarithmic axis stays positive, as its values do.
    """
    values = np.asarray(values, dtype=float)
    shape = values.shape[1:]
    flat = values.reshape(len(values), int(np.prod(shape)))
    known = np.isfinite(flat)
    filled = np.where(known, flat, 0.0)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = filled.sum(axis=0) / count
        draws = resamples(len(flat))
        means = (draws @ filled) / (draws @ known)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    enough = count >= MINIMUM_REPLICATES
    if enough.any():
        ends = np.nanpercentile(means[:, enough], [2.5, 97.5], axis=0)
        factor = np.array([stretch(int(n)) for n in count[enough]])
        middle = mean[enough]
        stretched = middle + factor * (ends - middle)
        if in_ratio:
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                ratio = middle * (ends / middle) ** factor
            stretched = np.where((ends[0] >= 0) & (middle > 0), ratio, stretched)
        low[enough], high[enough] = stretched
    parts = (mean, low, high, count)
    return tuple(part.reshape(shape) for part in parts)


@cache
def resamples(replicates):
    """How often each replicate is drawn in each resample: [RESAMPLES, replicates]."""
    if not replicates:
        return np.zeros((1, 0))
    shares = np.full(replicates, 1 / replicates)
    return np.random.default_rng(0).multinomial(replicates, shares, size=RESAMPLES).astype(float)


def replicates_text(counts):
    """How many replicates stand behind a figure's means, in words."""
    counts = sorted({int(count) for count in counts if count > 0})
    if not counts:
        return "no replicates"
    if counts[0] == counts[-1]:
        return "1 replicate" if counts[0] == 1 else f"{counts[0]} replicates"
    return f"{counts[0]} to {counts[-1]} replicates"
