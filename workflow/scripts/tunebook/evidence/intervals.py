"""Means with their intervals, shares and rank correlations: what every number of a study rests on.

Evidence is paired: replicate *r* of every configuration of a problem has the same split, so two
configurations are compared by the mean of their differences within replicates, never by two
separate means. Verdicts, figures, tables and report all take their intervals from here.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy  # `scipy.stats` is loaded on first use: checking claims needs none of it

LEVEL = 0.05
CONFIDENCE = 1 - LEVEL
# How surely a difference is to be seen, of which it is said that it could have been seen; and how
# many replicates are too many to be asked for.
POWER = 0.8
HOPELESS = 200

# Below this many values no interval is given, and a verdict stays undecided.
MINIMUM_REPLICATES = 3
# Coarse values (yes or no, better or worse, the rank correlation of a few points) repeat by chance
# so easily that two to four equal ones prove nothing: 2 / 2**4 = 12.5 %, 2 / 2**5 = 6.25 %.
MINIMUM_COUNTED = 5

# How far apart groups of replicates lie: in widths of the widest, and at least by this factor.
APART, FACTOR = 5.0, 1.5


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


@cache
def student(share, freedom):
    """The quantile of Student's t below which `share` lies."""
    return float(scipy.stats.t.ppf(share, freedom))


@dataclass(frozen=True)
class Mean:
    """The mean of replicates, and all that says how sure it is.

    n: how many replicates; centre: their mean; spread: their standard deviation; skew: their
    skewness (Fisher and Pearson's, corrected for n). overlap: held-out rows over training rows,
    where the replicates are new splits of the same rows, which then are no independent samples.
    rows: the standard error of the mean that comes from which rows it is tested on.

    The variance of the mean is spread**2 (1/n + overlap) + rows**2: the second term after Nadeau
    and Bengio ("Inference for the Generalization Error", Machine Learning 52(3), 2003), the third
    see `rows.over_rows`; degrees of freedom after Satterthwaite (Biometrics Bulletin 2(6), 1946).

    Student's t is wrong where differences are skewed, as where one side sometimes fails: it is
    bent straight by Hall's transformation ("On the Removal of Skewness by Transformation", Journal
    of the Royal Statistical Society B 54(1), 1992), T + bT**2/3 + b**2 T**3/27 + b/6 with b =
    skew / sqrt(n); what that leaves at few replicates is met by ends 1 + 2/n times as far out.
    Share of 40,000 null comparisons whose interval leaves out the true mean, so that a verdict
    would be false:

        n                          3       5       8       10      20
        normal                     3.9 %   2.4 %   2.5 %   2.8 %   3.3 %
        exponential                7.7 %   4.3 %   3.3 %   3.3 %   3.5 %
        lognormal (sigma 1)        10.4 %  6.9 %   5.7 %   5.6 %   5.4 %
        one in five fails (by 5)   7.3 %   7.4 %   7.4 %   6.8 %   2.5 %
        heavy tails (t, 3 df)      3.1 %   2.3 %   3.0 %   3.7 %   5.6 %
        Student's t: exponential   12 %    12 %    11 %    10 %    8 %
                     lognormal     15 %    18 %    17 %    16 %    13 %
                     one in five   13 %    14 %    12 %    10 %    7 %

    In "one in five" a replicate in five lies 5 standard deviations off the others. Of failures much
    larger than that no interval can be right at few replicates: a third of all studies of five see
    none.
    """

    n: int
    centre: float
    spread: float
    skew: float = 0.0
    overlap: float = 0.0
    rows: float = 0.0

    @property
    def variance(self):
        return self.spread**2 * (1 / self.n + self.overlap) + self.rows**2

    @property
    def freedom(self):
        """Degrees of freedom of the variance: n - 1, more where the test rows are most of it."""
        own = self.spread**2 * (1 / self.n + self.overlap)
        if not own:
            return math.inf if self.rows else self.n - 1.0
        return (self.n - 1) * (self.variance / own) ** 2

    @property
    def bend(self):
        alone = self.spread**2 / self.n
        return self.skew / math.sqrt(self.n) * (alone / self.variance) ** 1.5 if alone else 0.0

    @property
    def further(self):
        """How much further out than Student's t the ends lie."""
        return 1 + 2 / (self.freedom + 1)

    @property
    def without_rows(self):
        return replace(self, rows=0.0)

    def ends(self, level=LEVEL):
        """(low, high) of the interval that leaves out the true mean in `level` of all studies.

        With `rows` it is never narrower than without: their degrees of freedom could make it so.
        """
        if self.n < MINIMUM_REPLICATES:
            return math.nan, math.nan
        error = math.sqrt(self.variance)
        out = student(1 - level / 2, self.freedom) * self.further
        low, high = (self.centre - error * bent(end, self.bend) for end in (out, -out))
        if self.rows:
            inner = self.without_rows.ends(level)
            low, high = min(low, inner[0]), max(high, inner[1])
        return low, high

    def p(self, bound=0.0):
        """The level at which the interval touches `bound`: a two-sided p value."""
        if self.n < MINIMUM_REPLICATES:
            return math.nan
        if not self.variance:
            return 1.0 if self.centre == bound else 0.0
        away = abs(straight((self.centre - bound) / math.sqrt(self.variance), self.bend))
        p = float(2 * scipy.stats.t.sf(away / self.further, self.freedom))
        return max(p, self.without_rows.p(bound)) if self.rows else p

    def smallest(self, level=LEVEL):
        """The smallest true mean that would have been told from zero in `POWER` of all studies."""
        if self.n < MINIMUM_REPLICATES:
            return math.nan
        out = student(1 - level / 2, self.freedom) * self.further + student(POWER, self.freedom)
        return out * math.sqrt(self.variance)

    def needed(self, bound, level=LEVEL):
        """How many replicates like these tell such a mean from `bound`, in `POWER` of all studies.

        None where over `HOPELESS` would be needed.
        """
        away = abs(self.centre - bound)
        more = (replace(self, n=n) for n in range(max(self.n, MINIMUM_REPLICATES), HOPELESS + 1))
        told = (e.n for e in more if e.smallest(level) <= away and e.p(bound) <= level)
        return next(told, None)


def straight(t, bend):
    """Hall's transformation of a skewed t, with b = `bend`; as it is where that is 0."""
    return t + bend * t**2 / 3 + bend**2 * t**3 / 27 + bend / 6


def bent(t, bend):
    """What `straight` makes a `t` of."""
    if abs(bend) < 1e-9:
        return t
    return float(3 * (np.cbrt(1 + bend * (t - bend / 6)) - 1) / bend)


def mean_of(values, overlap=0.0, rows=0.0):
    """The Mean of `values` [n], all finite; see there."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    if not np.isfinite(values).all():
        raise ValueError("an interval of the mean needs finite values")
    if not n or np.ptp(values) == 0:  # summing equal values would leave a little
        return Mean(n, float(values[0]) if n else math.nan, 0.0, 0.0, overlap, rows)
    centre = sum(values.tolist()) / n
    away = values - centre
    spread, skew = float(np.sqrt((away**2).sum() / (n - 1))), 0.0
    if n >= MINIMUM_REPLICATES:
        skew = float((away**3).mean() / (away**2).mean() ** 1.5 * math.sqrt(n * (n - 1)) / (n - 2))
    return Mean(n, centre, spread, skew, overlap, rows)


def mean_interval(values, least=-math.inf, most=math.inf, rows=0.0):
    """The Interval of the mean of `values` [n], all finite, at the confidence of all: see `Mean`.

    Fewer than three values give no interval, equal ones an interval of no width. least, most: what
    a mean can be; the interval ends there. Where values are told apart by ratios (`scale`), as
    losses are, its ends are as many times the mean as those of the geometric mean are times that:
    they stay positive, and leave out the true mean in 2 to 9 % of studies (exponential, lognormal
    and gamma values, 5 to 20 replicates; simulated in the tests). rows: see `Mean`, on that scale.
    """
    scaled = scale(values, least, most)
    found = mean_of(scaled(values), rows=rows)
    centre, (low, high) = found.centre, found.ends()
    if scaled is np.log:
        centre = mean_of(values).centre
        low, high = (centre * math.exp(end - found.centre) for end in (low, high))
    return Interval(centre, max(low, least), min(high, most), found.n)


def mean_intervals(values, least=-math.inf, most=math.inf):
    """`mean_interval` of each column of `values` [n, k]: mean, low, high, n [k].

    Values that are not finite are left out, and `n` counts the others.
    """
    columns = np.asarray(values, dtype=float).T
    kept = [column[np.isfinite(column)] for column in columns]
    found = [mean_interval(column, least, most) for column in kept]
    return tuple(map(np.array, zip(*found, strict=True))) if found else (np.array([]),) * 4


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


def scale(values, least=-math.inf, most=math.inf):
    """The scale on which values [n] are averaged and compared, a function.

    np.log where they are told apart by ratios: positive, and without an upper end; else as they
    are. least, most: what a value can be.
    """
    values = np.asarray(values, dtype=float)
    return np.log if least >= 0 and math.isinf(most) and (values > 0).all() else np.asarray


def draw_scale(values, least, most):
    """(the scale on which replicates [n] are drawn, the standard error of one more there).

    Fewer than two values have no spread.
    """
    scaled, n = scale(values, least, most), len(values)
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


def groups(values, least=-math.inf, most=math.inf):
    """The groups that `values` [n] fall into, [(how many, lowest, highest)], upwards; [] for none.

    A mean and its interval tell nothing of replicates of which some go one way and some another.
    Groups are told where every gap between them is more than `APART` times as wide as the widest
    of them, and large enough to matter: a twentieth of what a value can be (least to most), or,
    where values are told apart by ratios (`scale`), a factor of `FACTOR`. At least five values, two
    groups, or three of eight and more. Share of 20,000 samples without groups that are told some:

        n                                  5       6       8       10
        normal (or lognormal, on logs)     1.7 %   0.3 %   0.1 %   0.0 %
        heavy tails (t, 3 df)              3.2 %   1.4 %   0.6 %   0.4 %
        uniform                            2.9 %   0.9 %   0.2 %   0.0 %
    """
    values = np.sort(np.asarray(values, dtype=float))
    n, scaled = len(values), scale(values, least, most)
    if n < MINIMUM_COUNTED or not np.isfinite(values).all():
        return []
    known = scaled(values)
    gaps = np.diff(known)
    matters = math.log(FACTOR) if scaled is np.log else (most - least) / 20
    matters = matters if math.isfinite(matters) else 0.0
    for cuts in range(1, 3 if n >= 8 else 2):
        ends = np.sort(np.argsort(-gaps, kind="stable")[:cuts])
        widest = max(np.ptp(part) for part in np.split(known, ends + 1))
        if gaps[ends].min() > max(APART * widest, matters):
            parts = np.split(values, ends + 1)
            return [(len(part), float(part[0]), float(part[-1])) for part in parts]
    return []


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
