"""Under which conditions a claim is true, where it is not as it was tested.

A verdict is about the runs that its rule names. A sweep that varies everything around them tells
whether the claim would have been true elsewhere: the rule is tried in each of its conditions.
"""

from dataclasses import replace
from itertools import product

from ..evidence import words
from .read import REPRODUCED
from .rules import answer, ask
from .select import NotTestable, comparable

# Hyper-parameters that follow from the lists of layers, and so fix them.
LAYERS = ("widths", "channels", "depth", "width", "convolutions")


def under_conditions(claim, runs, results, verdict_of):
    """Where the rule of a claim holds among the conditions of a sweep, as a sentence.

    A condition is one value of each hyper-parameter that the sweep varies and the rule does not
    fix. runs: StudyRuns. verdict_of: (rule, pieces) -> verdict. Each condition is tried by itself,
    and no verdict follows.
    """
    if not claim.conditions:
        return ""
    name, tried, holds = claim.conditions["sweep"], 0, []
    for condition in conditions(claim.rule, name, claim.conditions["over"], runs):
        rule = placed(claim.rule, name, condition)
        try:
            pieces = [answer(ask(leaf, runs), results) for leaf in rule.leaves()]
        except NotTestable:
            continue
        tried += 1
        if verdict_of(rule, iter(pieces)) == REPRODUCED:
            holds.append(", ".join(words.setting(key, value) for key, value in condition.items()))
    if not tried:
        return ""
    found = f"in {words.word(len(holds))}: {'; '.join(holds)}" if holds else "in none"
    return (
        f"Tried in the {tried} conditions of the sweep “{name}”, each by itself, it holds {found}."
    )


def conditions(rule, sweep, over, runs):
    """Every combination of values that a sweep gives to what a rule leaves open, and to `over`."""
    about = runs.sweeps.get(sweep, {"runs": [], "axes": []})
    members = [runs.by_name[run] for run in about["runs"] if run in runs.by_name]
    fixed = {
        key for leaf in rule.leaves() for side in sides(leaf.spec).values() for key in side["where"]
    }
    fixed |= {*LAYERS} if fixed & {*LAYERS} else set()
    values = {
        axis: {comparable(row.get(axis)): row.get(axis) for row in members}
        for axis in about["axes"]
        if axis not in fixed - {*over}
    }
    for each in product(*(known.values() for known in values.values())):
        yield dict(zip(values, each, strict=True))


def sides(spec):
    """{key of a rule: the selection of some runs of a sweep that stands under it}."""
    return {k: side for k, side in spec.items() if isinstance(side, dict) and "where" in side}


def placed(rule, sweep, condition):
    """A rule, with all of its pieces, about the runs of a sweep under a condition."""
    if rule.parts:
        parts = [placed(part, sweep, condition) for part in rule.parts]
        return replace(rule, parts=parts, decides=[*range(len(parts))])
    moved = {
        key: side | {"sweep": sweep, "where": side["where"] | condition}
        for key, side in sides(rule.spec).items()
    }
    return replace(rule, spec=rule.spec | moved)
