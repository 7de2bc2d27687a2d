"""What each change of an ablation is worth: alone, last, in any order, and beside each other one.

Every combination of the changes is trained, so that an effect is a sum of runs within replicates,
compared as claims are. With k changes the effect of one in any order is the mean of what adding it
does, over all orders in which the changes can be brought in: to those in S it is added in
|S|! (k - |S| - 1)! of the k! orders. It is Shapley's value ("A value for n-person games",
Contributions to the Theory of Games II, 1953), and those of all changes add up to the effect of all
together.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..evidence.intervals import Interval
from ..evidence.words import RELATIVE
from .compare import as_ratio, contrast, question_of

# Less than this share of what is summed is nothing but rounding.
NOTHING = 1e-12
ALONE, LAST, ANY_ORDER = WAYS = "alone", "last", "in any order"


@dataclass(frozen=True)
class Effect:
    """What changes do to a measure: values [n], one a replicate, and the Interval of their mean.

    As shares of what they change where the measure is told apart by ratios, else as differences.
    """

    changes: tuple
    way: str
    values: np.ndarray
    interval: Interval


class Ablation:
    """The effects of the changes of a sweep on a measure of its runs.

    effects: [Effect] of each change, alone, last and in any order; whole: that of all together;
    beyond: of each pair, by how much the effect of one is more with the other than without, the
    mean over all combinations of the rest. unit: `relative`, or the measure's; relative: whether by
    ratios. scopes: what the intervals speak of, in words. lost: how many replicates have no finite
    value in some combination, as those that diverged there.
    """

    def __init__(self, results, sweep, measure):
        self.results, self.of, about = results, measure, results.ablations[sweep]
        self.changes, self.scopes = tuple(about["changes"]), set()
        self.runs = {frozenset(has): results.run(run) for run, has in about["runs"].items()}
        known = {has: results.finite(measure, run.name) for has, run in self.runs.items()}
        self.known = {
            has: {key: value for key, value in values.items() if not math.isnan(value)}
            for has, values in known.items()
        }
        every = [value for values in self.known.values() for value in values.values()]
        question = question_of(results, measure, list(self.runs.values()))
        self.measure, self.relative = question.measure, as_ratio(question, every)
        self.unit = RELATIVE if self.relative else self.measure.unit
        gone = (key for each in known.values() for key, value in each.items() if math.isnan(value))
        self.lost = len({*gone})
        self.effects = [
            self.effect((change,), way, weights(self.changes, change))
            for change in self.changes
            for way, weights in ((ALONE, alone), (LAST, last), (ANY_ORDER, in_any_order))
        ]
        none, every = frozenset(), frozenset(self.changes)
        self.whole = self.effect(self.changes, ANY_ORDER, {every: 1.0, none: -1.0})
        self.beyond = [
            self.effect(pair, "", beyond(self.changes, pair))
            for pair in itertools.combinations(self.changes, 2)
        ]

    def effect(self, changes, way, weights):
        """The Effect that a sum of runs is; weights: {combination: how much it counts}."""
        runs, each = [self.runs[has] for has in weights], list(weights.values())
        keys = sorted(set.intersection(*(set(self.known[has]) for has in weights)))
        if not keys:
            return Effect(changes, way, np.empty(0), Interval(*[math.nan] * 3, 0))
        values = np.array([[self.known[has][key] for key in keys] for has in weights])
        values = np.log(values) if self.relative else values
        sums = np.asarray(each) @ values
        sums[abs(sums) < NOTHING * abs(values).max()] = 0.0
        question = question_of(self.results, self.of, runs)
        found = contrast(question, self.results, sums, self.relative, each)
        self.scopes.add(found.scope)
        if self.relative:
            ends = (end - 1 for end in found.interval[:3])
            return Effect(changes, way, np.exp(sums) - 1, Interval(*ends, found.interval.n))
        return Effect(changes, way, sums, found.interval)

    @property
    def pairs(self):
        """Those of `beyond` whose interval leaves out zero."""
        return [each for each in self.beyond if each.interval.above(0) or each.interval.below(0)]


# {combination of changes: how much its run counts} in the sum that an effect is.


def alone(changes, change):
    """The change by itself, less none."""
    return {frozenset([change]): 1.0, frozenset(): -1.0}


def last(changes, change):
    """All changes, less all but this one."""
    every = frozenset(changes)
    return {every: 1.0, every - {change}: -1.0}


def in_any_order(changes, change):
    """The mean over all orders of those before and this one, less those before."""
    found, k = {}, len(changes)
    for before in contexts(changes, (change,)):
        share = 1 / (k * math.comb(k - 1, len(before)))
        found |= {before | {change}: share, before: -share}
    return found


def beyond(changes, pair):
    """What one does with the other, less what it does without, the mean over all the rest."""
    found, rest = {}, contexts(changes, pair)
    for context in rest:
        for has in ((), pair[:1], pair[1:], pair):
            found[context | {*has}] = (-1) ** len(has) / len(rest)
    return found


def contexts(changes, of):
    """Every combination of the changes but some."""
    others = [each for each in changes if each not in of]
    sizes = range(len(others) + 1)
    return [frozenset(c) for size in sizes for c in itertools.combinations(others, size)]
