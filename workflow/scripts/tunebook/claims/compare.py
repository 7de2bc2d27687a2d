"""Two sides set against each other within replicates: by how much they differ, and how surely.

Values that are told apart by ratios (positive, without an upper end, as errors and losses are) are
compared as ratios: differences of logarithms are less skewed, and read better. Others, as
accuracies are, and whatever has a margin in its own unit, by differences.
"""

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from ..evidence import intervals, measures
from ..evidence.intervals import Interval, Mean

# How the scope of what is not about these rows alone begins.
OTHER = "on other"
# How much each of two sides counts in their difference.
PAIR = (1.0, -1.0)


@dataclass
class Comparison:
    """What one side is more than the other, over replicates.

    interval: of the mean difference, or of the mean ratio. mean: what it follows from, None of
    timings, which have a range. logs: whether that is of logarithms. scope: what it speaks of,
    in words, "" for trainings like these.
    """

    interval: Interval
    mean: Mean | None
    logs: bool
    scope: str = ""

    def place(self, bound):
        """Where a difference (or ratio) stands on the scale of the mean."""
        return math.log(bound) if self.logs else bound

    def p(self, bound):
        """Two-sided, against a difference or ratio; NaN of timings."""
        return self.mean.p(self.place(bound)) if self.mean else math.nan

    def ends(self, level):
        """The ends of the interval at another level than 0.05."""
        return tuple(math.exp(end) if self.logs else end for end in self.mean.ends(level))


def ratios(question):
    """Whether what a question measures is told apart by ratios: never negative, without an end."""
    ends = [measures.bounds(question.measure, row) for row in question.rows]
    return all(least >= 0 and math.isinf(most) for least, most in ends)


def as_ratio(question, values):
    """Whether values [replicates, sides] are compared as ratios: no logarithm of 0 is needed."""
    return ratios(question) and intervals.scale(np.ravel(values), 0.0) is np.log


def question_of(results, measure, runs):
    """What is asked of some Runs that no rule names: each is a side of its own."""
    rows = [run.row for run in runs]
    return SimpleNamespace(
        measure=results.measure(measure, runs[0]), rows=rows, sides=[[row] for row in rows],
        runs=[run.name for run in runs], rule=SimpleNamespace(spec={}),
    )  # fmt: skip


def compare(question, results, a, b, logs):
    """The Comparison of two sides, [n] finite values each; logs: whether by ratios."""
    return contrast(question, results, np.log(a) - np.log(b) if logs else a - b, logs)


def contrast(question, results, differences, logs, weights=PAIR):
    """The Comparison of sums of sides within replicates, [n] finite values.

    weights: of each side in the sum; together they are nothing. logs: whether the sums are of
    logarithms. Timings of repetitions are no replicates: they have the median with the range.
    Held-out measures speak of the method on data of the kind, unless the rule says `scope: these
    rows`: new splits of the same rows are no independent samples, and the same test rows are one
    sample of them (see `intervals.Mean`).
    """
    if question.measure.table == measures.TIMING:
        found, mean, scope = intervals.median_range(differences), None, ""
    else:
        more, scope = sampling(question, results, logs, weights)
        mean = intervals.mean_of(differences, **more)
        low, high = mean.ends()
        widest = math.inf if logs else question.measure.most - question.measure.least
        widest *= sum(map(abs, weights)) / 2
        found = Interval(mean.centre, max(low, -widest), min(high, widest), mean.n)
    if logs:
        found = Interval(*np.exp(found[:3]).tolist(), found.n)
    return Comparison(found, mean, logs, scope)


def sampling(question, results, logs=False, weights=PAIR):
    """({overlap, rows} of `intervals.Mean`, the scope in words) of a rule on held-out rows.

    logs, weights: see `contrast`.
    """
    split = question.measure.split
    if not split:
        return {}, ""
    if question.rule.spec.get("scope"):
        return {}, "on these rows"
    problem = question.rows[0]["problem"]
    if overlap := results.overlap(problem, split):
        return {"overlap": overlap}, f"{OTHER} data of the kind"
    simple = all(len(side) == 1 for side in question.sides) and len(question.sides) <= len(weights)
    asked = question.measure.name, question.runs, logs, weights
    error = results.error_over_rows(*asked) if simple else None
    if error is None:
        return {}, "on these rows"
    return {"rows": error}, f"{OTHER} rows of the kind"
