"""How often verdicts are false where there is nothing to find, and true where there is.

Simulated replicates go through the product's own intervals and p values. Three questions: of one
comparison, for differences of every shape; of a whole study of many, with and without the
correction for its number of tests; of one that is looked at again and again until it is decided.
"""

import math

import numpy as np
from measure import asked_for_quick, keep

from tunebook.claims import family
from tunebook.claims.looks import paid
from tunebook.claims.rules import Piece, trend_p, value_verdict
from tunebook.evidence.intervals import LEVEL, mean_of, prediction_interval, rank_correlation

SHAPES = {
    "normal": lambda random, size: random.normal(size=size),
    "exponential": lambda random, size: random.exponential(size=size) - 1,
    "lognormal": lambda random, size: random.lognormal(size=size) - math.exp(0.5),
    "one in five fails": lambda random, size: (
        5 * (random.random(size) < 0.2) - 1 + random.normal(size=size)
    ),
    "heavy tails (t, 3 df)": lambda random, size: random.standard_t(3, size=size),
}
REPLICATES = (5, 8, 10, 20)
EFFECTS = (0.5, 1.0, 2.0)  # in standard deviations of a difference
TESTS = 60  # of a study
LEAST, MOST, BLOCK = 5, 40, 5


def rate(case, measure, found):
    """The share of simulated studies with something, with the standard error of the share."""
    share = float(np.mean(found))
    error = math.sqrt(share * (1 - share) / len(found))
    numbers = {"median": share, "low": share - error, "high": share + error}
    about = {"case": case, "measure": measure, "unit": "%", "n": str(len(found))}
    return about | {key: f"{100 * max(value, 0):.3g}" for key, value in numbers.items()}


def order(differences):
    return mean_of(differences).p() <= LEVEL


def same(differences, margin):
    """Whether replicates are called alike, give or take a margin, by two one-sided tests."""
    low, high = mean_of(differences).ends(2 * LEVEL)
    return -margin < low and high < margin


def trend(random, n):
    each = np.array([rank_correlation(range(4), random.permutation(4)) for _ in range(n)])
    return trend_p(each, mean_of(each), 4, False) <= LEVEL


def value(random, n):
    values = random.normal(size=n)
    return value_verdict(values, prediction_interval(values), random.normal(), 0) == family.NOT


def one_test(studies, random):
    """False verdicts of each rule and shape, and how often a true difference is seen."""
    for n in REPLICATES:
        for shape, draw in SHAPES.items():
            drawn = draw(random, (studies, n))
            yield rate(f"order, {shape}", f"{n} replicates", [order(row) for row in drawn])
        at_margin = random.normal(1, 1, size=(studies, n))
        yield rate("same, at its margin", f"{n} replicates", [same(row, 1) for row in at_margin])
        for case, rule in (("trend, four points", trend), ("value, a true source", value)):
            found = [rule(random, n) for _ in range(studies // 4)]
            yield rate(case, f"{n} replicates", found)
        shares = random.binomial(n, 0.5, size=studies)
        found = [family.of_share(many, n) <= LEVEL for many in shares]
        yield rate("shape, one half of all", f"{n} replicates", found)
        for effect in EFFECTS:
            drawn = random.normal(effect, 1, size=(studies, n))
            case = f"power: order, a difference of {effect:g} deviations"
            yield rate(case, f"{n} replicates", [order(row) for row in drawn])


def whole_study(studies, random):
    """Whether any of many comparisons without a difference looks decided, plain and corrected."""
    for n in REPLICATES:
        drawn = random.normal(size=(studies, TESTS, n))
        p = np.array([[mean_of(row).p() for row in study] for study in drawn])
        yield rate(f"any of {TESTS} tests, plain", f"{n} replicates", (p <= LEVEL).any(axis=1))
        found = [any(adjusted <= LEVEL for adjusted in adjust(each)) for each in p]
        yield rate(f"any of {TESTS} tests, corrected", f"{n} replicates", found)


def adjust(p):
    """Adjusted p values of tests, as those of a file of claims."""
    found = [
        Piece("", "order", metric=f"m{i}", p=each, n=5, verdict=family.NOT)
        for i, each in enumerate(p)
    ]
    family.correct(found, LEVEL)
    return [piece.adjusted for piece in found]


def looked_at(studies, random):
    """Whether something is found at any look, on the way from few replicates to many."""
    looks = range(LEAST, MOST + 1, BLOCK)
    for effect in (0.0, *EFFECTS):
        drawn = random.normal(effect, 1, size=(studies, MOST))
        p = np.array([[mean_of(row[:n]).p() for n in looks] for row in drawn])
        price = [paid(p[:, i], n, n - (BLOCK if i else n), MOST) for i, n in enumerate(looks)]
        case = f"{LEAST} to {MOST} replicates, {effect:g} deviations"
        yield rate(case, "looked at, unpaid", (p <= LEVEL).any(axis=1))
        yield rate(case, "looked at, paid for", (np.stack(price) <= LEVEL).any(axis=0))
        yield rate(case, "all at once", p[:, -1] <= LEVEL)


def main():
    quick, random = asked_for_quick(__doc__), np.random.default_rng(0)
    found = [
        *one_test(100 if quick else 20_000, random),
        *whole_study(5 if quick else 500, random),
        *looked_at(50 if quick else 5_000, random),
    ]
    keep("verdicts", found, quick)


if __name__ == "__main__":
    main()
