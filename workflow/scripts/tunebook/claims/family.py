"""How surely a piece is decided, and what is left of it among all that are asked.

Every piece has a p value: how often replicates without any difference would look as decided as
these do. A file of claims asks many questions, and of those with nothing to find some look decided
by chance; Benjamini and Hochberg's step-up procedure ("Controlling the False Discovery Rate",
Journal of the Royal Statistical Society B 57(1), 1995) holds the expected share of false ones among
all that are decided. It only ever takes a verdict away.
"""

import math
from functools import cache
from itertools import permutations

import numpy as np
import scipy  # which loads `stats` when it is first used

from ..evidence import intervals
from .read import NOT, PARTLY, REPRODUCED, UNDECIDED

DRAWS = 20_000
NARROW = 1.25  # by how much less or more an adjusted p value would have been decided otherwise
MOST_POINTS = 7  # of which all orders are gone through


def of_share(successes, n):
    """p of the share of replicates that have a property against one half, by the score test.

    It is below 0.05 where Wilson's interval leaves out one half, which happens by chance in 6.2 %
    of studies at n = 5, in 2.1 % at n = 10. successes may hold halves (ties).
    """
    if n < intervals.MINIMUM_COUNTED:
        return math.nan
    return float(2 * scipy.stats.norm.sf(abs(successes - n / 2) / math.sqrt(n / 4)))


def share_needed(share, n, level):
    """How many replicates tell such a share from one half; None where over `HOPELESS` would."""
    many = range(max(n, intervals.MINIMUM_COUNTED), intervals.HOPELESS + 1)
    return next((each for each in many if of_share(round(share * each), each) <= level), None)


def of_draw(values, claimed, rounding, least=-math.inf, most=math.inf):
    """p of a number that somebody measured once, as one more draw beside replicates [n].

    rounding: the claim can mean any number that near. least, most: what a value can be.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < intervals.MINIMUM_REPLICATES:
        return math.nan
    scaled, spread = intervals.draw_scale(values, least, most)
    centre = scaled(values).mean()
    ends = np.array([claimed - rounding, claimed + rounding])
    if scaled is np.log:
        ends = np.maximum(ends, np.finfo(float).tiny)
    away = abs(np.clip(centre, *scaled(ends)) - centre)
    if spread == 0:
        return 0.0 if away else 1.0
    return float(2 * scipy.stats.t.sf(away / spread, len(values) - 1))


def of_trend(correlations, points, seed=0):
    """p of the mean of rank correlations [n] over `points` runs each, if their order were chance.

    Two-sided, from 20,000 draws of n orders, always the same ones (seed 0).
    """
    correlations = np.asarray(correlations, dtype=float)
    if len(correlations) < intervals.MINIMUM_REPLICATES:
        return math.nan
    chance = abs(by_chance(points, len(correlations), seed))
    beyond = int((chance >= abs(correlations.mean()) - 1e-9).sum())
    return (1 + beyond) / (1 + DRAWS)


def chance_of_trend(points, n):
    """How large the mean of n such rank correlations is by chance, but for one study of twenty."""
    return float(np.quantile(abs(by_chance(points, n)), intervals.CONFIDENCE)) if n else math.nan


def trend_settled(correlation, points, n, level):
    """(smallest, needed) of `settle` for the mean of n rank correlations over `points` runs.

    Of chance orders one has the variance 1 / (points - 1), and their mean is nearly normal.
    """
    norm, size = scipy.stats.norm, abs(correlation) * math.sqrt(points - 1)
    smallest = (norm.isf(level / 2) + norm.ppf(intervals.POWER)) / math.sqrt((points - 1) * n)
    many = range(n, intervals.HOPELESS + 1)
    return smallest, next((m for m in many if 2 * norm.sf(size * math.sqrt(m)) <= level), None)


@cache
def by_chance(points, n, seed=0):
    """Means [DRAWS] of the rank correlations of n random orders with their places."""
    random = np.random.default_rng(seed)
    if points <= MOST_POINTS:
        orders = np.array(list(permutations(range(points))))
        orders = orders[random.integers(len(orders), size=(DRAWS, n))]
    else:
        orders = random.permuted(np.tile(np.arange(points), (DRAWS, n, 1)), axis=-1)
    places = np.arange(points) - (points - 1) / 2
    return ((orders - (points - 1) / 2) @ places / (places @ places)).mean(axis=1)


def correct(pieces, level):
    """Take from pieces the verdicts that the number of questions does not leave them.

    pieces: every judged `rules.Piece` of a file of claims, whatever is asked of it otherwise. What
    is one test under two names counts once. Each gets its adjusted p value; a decided piece whose
    own is above `level` is open, and says so; one that was nearly decided otherwise says that too.
    Returns how many tests the family has.
    """
    tests = {}
    for piece in pieces:
        if not math.isnan(piece.p):
            same = piece.metric, frozenset(piece.runs), piece.n, round(piece.p, 12)
            tests.setdefault(same, []).append(piece)
    p_values = [alike[0].p for alike in tests.values()]
    values = scipy.stats.false_discovery_control(p_values, method="bh") if tests else []
    for alike, value in zip(tests.values(), values, strict=True):
        for piece in alike:
            piece.adjusted = float(value)
            # A number of the source that is not excluded is no discovery.
            found = (NOT,) if piece.rule == "value" else (NOT, PARTLY, REPRODUCED)
            if piece.verdict in found and value > level:
                piece.alone, piece.verdict = piece.verdict, UNDECIDED
                piece.text += f"; open among {len(tests)} tests (adjusted p {value:.2g})"
            if level / NARROW < value < level * NARROW:
                piece.text += "; a narrow decision"
    return len(tests)


def settle(piece, level, seconds):
    """Say of an open piece what it could have shown, and what would decide it.

    smallest: the difference (or ratio) that its replicates would have told from none in four of
    five studies. needed: how many replicates would tell what was measured so, `HOPELESS` + 1 where
    that is more than are worth it; 0 where more replicates change nothing. minutes: of one core,
    for those that are missing. All at the level that the family leaves the piece. level: of the
    study. seconds: of one core, for one more replicate of all its runs.
    """
    if piece.verdict != UNDECIDED or piece.rule == "value":
        return
    mean = piece.compared and piece.compared.mean
    level /= piece.price
    if piece.adjusted > piece.p > 0:
        level *= piece.p / piece.adjusted
    if piece.rule == "trend" and math.isnan(piece.low) and piece.n >= intervals.MINIMUM_REPLICATES:
        # Decided by chance orders: see `of_trend`.
        piece.smallest, needed = trend_settled(piece.number, len(piece.runs), piece.n, level)
    elif mean and mean.n >= intervals.MINIMUM_REPLICATES:
        level = min(2 * level, 1.0) if piece.rule == "same" else level
        place = piece.compared.place
        smallest = mean.smallest(level)
        piece.smallest = math.exp(smallest) if piece.compared.logs else smallest
        needed = mean.needed(place(piece.bound), level)
    elif not mean and piece.unit == "share" and piece.n >= intervals.MINIMUM_COUNTED:
        needed = share_needed(piece.number, piece.n, level)
    else:
        return
    piece.needed = needed or intervals.HOPELESS + 1
    if needed:
        piece.minutes = max(needed - piece.n, 0) * seconds / 60
