"""Means with their intervals, shares and rank correlations: what every number of a study rests on.

Evidence is paired: replicate *r* of every configuration of a problem has the same split, so two
configurations are compared by the mean of their differences within replicates, never by two
separate means. Verdicts, figures, tables and report all take their intervals from here.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy  # `scipy.stats` is loaded on first use: checking claims needs none of it

CONFIDENCE = 0.95
RESAMPLES = 9999
AT_ONCE = 64  # means that are resampled together: more would not fit the processor's cache

# Below this many values no interval is given, and a verdict stays undecided.
MINIMUM_REPLICATES = 3
# Coarse values (yes or no, better or worse, the rank correlation of a few points) repeat by chance
# so easily that two to four equal ones prove nothing: 2 / 2**4 = 12.5 %, 2 / 2**5 = 6.25 %.
MINIMUM_COUNTED = 5


class Interval(NamedTuple):
    """A centre with its interval. `low` and `high` are NaN where `n` values are too few for one."""

    centre: float
    low: float
    high: float
    n: int

    @property
    def known(self):
        """Whether there is an interval, not just a centre."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    def above(self, bound):
        """Whether the whole interval lies above `bound`, without touching it."""
        return self.known and self.low > bound

    def below(self, bound):
        return self.known and self.high < bound

    def mirrored(self):
        """The interval of the negated values."""
        return Interval(-self.centre, -self.high, -self.low, self.n)


@cache
def stretch(n):
    """How much wider than the plain bootstrap an interval of the mean of `n` values must be.

    The spread of resampled means is too narrow by sqrt((n - 1) / n), and its quantiles are those of
    the normal where those of Student's t are due (Hesterberg, "What Teachers Should Know About the
    Bootstrap", The American Statistician 69(4), 2015, section 4): 1.59 at n = 5, 1.22 at n = 10.
    """
    tail = (1 + CONFIDENCE) / 2
    student, normal = scipy.stats.t.ppf(tail, n - 1), scipy.stats.norm.ppf(tail)
    return float(student / normal * math.sqrt(n / (n - 1)))


@cache
def draws(n):
    """How often each of `n` values is drawn in each resample: [n, RESAMPLES].

    The same draws as those of `scipy.stats.bootstrap` with a generator of seed 0.
    """
    drawn = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    return np.stack([(drawn == i).sum(axis=1) for i in range(n)]).astype(float)


def mean_intervals(values, least=-math.inf, most=math.inf, in_ratio=False):
    """The mean of each column of `values` [n, k] with its 95 % interval: mean, low, high, n [k].

    The interval is the percentile interval of `scipy.stats.bootstrap` (9999 resamples, seed 0),
    each of its sides stretched about the mean by `stretch(n)`. Share of 4,000 null comparisons
    (paired differences around 0) whose interval excludes zero, so that a verdict would be false:

        n                       3      4      5      8      10     15
        plain percentile        26 %   21 %   16 %   11 %   10 %   9 %    normal differences
        stretched (used here)   5.8 %  5.8 %  5.6 %  4.8 %  5.2 %  5.6 %  normal
                                3.4 %  3.7 %  3.7 %  5.3 %  5.6 %  5.9 %  heavy tails (exponential)
                                4.8 %  5.4 %  5.3 %  4.5 %  4.9 %  5.0 %  accuracies on 2007 images

    SciPy's own intervals cannot do this at the 5 and 10 replicates of a study: they never leave
    the range of the values, which excludes zero by luck alone in 2 / 2**n of all comparisons.
    The draws are the same everywhere, so that one quantity has one interval wherever it is shown.

    Values that are not finite are left out, and `n` counts the others. Fewer than three give no
    interval, equal ones an interval of no width. least, most: what a mean can be; intervals end
    there. in_ratio: where no value is negative stretch the ratio to the mean, not the difference,
    so that a band on a logarithmic axis stays positive, as its values do.
    """
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean, low, high = (np.full(values.shape[1], math.nan) for _ in range(3))
    for n in np.unique(count[count > 0]):
        alike = np.flatnonzero(count == n)
        for columns in np.split(alike, range(AT_ONCE, len(alike), AT_ONCE)):
            finite = values.T[columns][known.T[columns]].reshape(len(columns), n)
            mean[columns], low[columns], high[columns] = stretched(finite, in_ratio)
    return mean, np.maximum(low, least), np.minimum(high, most), count


def stretched(finite, in_ratio):
    """mean, low and high [k] of the rows of `finite` [k, n]."""
    n = finite.shape[1]
    # Equal values have no spread; summing them would leave a little.
    same = finite.min(axis=1) == finite.max(axis=1)
    mean = np.where(same, finite[:, 0], finite.mean(axis=1))
    if n < MINIMUM_REPLICATES:
        return mean, math.nan, math.nan
    # One value after the other, so that a mean is the same whatever it is resampled with.
    means = sum(times * value[:, None] for times, value in zip(draws(n), finite.T, strict=True)) / n
    tail = 50 * (1 - CONFIDENCE)
    ends = np.percentile(means, [tail, 100 - tail], axis=1, overwrite_input=True)
    found = mean + stretch(n) * (ends - mean)
    if in_ratio:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = mean * (ends / mean) ** stretch(n)
        found = np.where((ends[0] >= 0) & (mean > 0), ratio, found)
    return mean, *np.where(same, mean, found)


def mean_interval(values, least=-math.inf, most=math.inf):
    """The Interval of the mean of `values` [n], all finite: `mean_intervals` of one column."""
    values = np.asarray(list(values), dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("an interval of the mean needs finite values")
    mean, low, high, _ = (float(part[0]) for part in mean_intervals(values[:, None], least, most))
    return Interval(mean, low, high, len(values))


def prediction_interval(values, least=-math.inf, most=math.inf):
    """The mean of `values` [n], all finite, with the interval that one more replicate falls into.

    A number that somebody else measured once is one draw, and is held against this: an interval of
    the mean shrinks with every replicate, while the next draw does not come nearer. It is
    m +- t s sqrt(1 + 1/n), with Student's t of n - 1 degrees of freedom (Hahn and Meeker,
    "Statistical Intervals", 1991, section 4.7); where values are positive and have no upper end, as
    errors do, the ends are those of their logarithms. Share of 20,000 further
    draws from the same distribution that fall outside, so that a true source would be failed:

        n                     3      5      8      10     20
        normal                4.9 %  5.0 %  5.0 %  5.0 %  5.1 %
        lognormal, on logs    5.0 %  5.0 %  5.0 %  5.0 %  5.0 %

    least, most: what a value can be; the interval ends there. Fewer than three values give none.
    """
    values = np.asarray(values, dtype=float)
    n, half = len(values), math.nan
    scaled, spread = draw_scale(values, least, most)
    if n >= MINIMUM_REPLICATES:
        half = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * spread
    ends = scaled(values).mean() + np.array([-half, half])
    low, high = (np.exp(ends) if scaled is np.log else ends).tolist()
    return Interval(float(values.mean()), max(low, least), min(high, most), n)


def draw_scale(values, least, most):
    """(the scale on which replicates [n] are drawn, the standard error of one more there).

    The scale is a function: np.log where values are told apart by ratios, positive and without an
    upper end; else the identity. Fewer than two values have no spread.
    """
    values = np.asarray(values, dtype=float)
    logs = least >= 0 and math.isinf(most) and bool((values > 0).all())
    scaled = np.log if logs else np.asarray
    n = len(values)
    spread = scaled(values).std(ddof=1) * math.sqrt(1 + 1 / n) if n > 1 else math.nan
    return scaled, float(spread)


def median_range(values):
    """The median of repeated timings [n] with their range; fewer than two have none.

    Repetitions tell how steady the machine was, not how training varies: no bootstrap.
    """
    values = np.asarray(values, dtype=float)
    centre = float(np.median(values)) if len(values) else math.nan
    if len(values) < 2:
        return Interval(centre, math.nan, math.nan, len(values))
    return Interval(centre, float(values.min()), float(values.max()), len(values))


def share_interval(successes, n):
    """The share of `n` replicates that have a property, with Wilson's 95 % score interval.

    `successes` may hold halves (a tie). Against one half, 5 of 5, 9 of 10 are decided, 4 of 5 and
    8 of 10 are not. Fewer than five replicates give no interval: see `MINIMUM_COUNTED`.
    """
    share = successes / n if n else math.nan
    if n < MINIMUM_COUNTED:
        return Interval(share, math.nan, math.nan, n)
    z = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0), n)


def rank_correlation(x, y):
    """Spearman's rank correlation of `x` and `y` ([n] each); 0 where either is constant.

    Only the order counts, so infinite values (a diverged training, a full batch) take part. Ties
    share their mean rank. NaN where a value is missing.
    """
    x, y = (np.asarray(list(values), dtype=float) for values in (x, y))
    if np.isnan(x).any() or np.isnan(y).any():
        return math.nan
    x_ranks, y_ranks = (scipy.stats.rankdata(values) - (len(x) + 1) / 2 for values in (x, y))
    size = math.sqrt(float((x_ranks**2).sum() * (y_ranks**2).sum()))
    return float((x_ranks * y_ranks).sum()) / size if size > 0 else 0.0
