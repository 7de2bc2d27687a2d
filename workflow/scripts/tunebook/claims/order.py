"""Rule `order`: a metric is lower (or higher) in one run than in another.

    order:
      metric: test_metric
      higher: {sweep: losses-digits, where: {loss: cross-entropy}}    # or `lower:`
      than: {sweep: losses-digits, where: {loss: mse}}
      by: gain          # optional: by at least this much, a number or the name of a source value
      within: 0.005     # or: no worse than the other side by more than this

Differences are taken within replicates; the 95 % bootstrap interval of their mean decides.
Reproduced: it lies on the claimed side of zero (of `by`, of -`within`). Not reproduced: on the
other side. Undecided: it holds that bound. With `by`, partly reproduced means that the direction
holds but the size does not, or not surely.

A side may name several runs and say how they make one value in each replicate:
`reduce: spread` (the largest divided by the smallest), `lowest` or `highest`.

Divergence counts: a replicate that diverged is worse than any that did not. As no mean difference
exists then, replicates are counted: the share in which the claimed side is ahead (two that diverged
both count as half), with Wilson's 95 % interval against one half.
"""

import math

import numpy as np

from ..jobs import TunebookError
from ..statistics import Interval, mean_interval, median_range, share_interval
from . import metrics, sources
from .keys import exactly_one
from .parts import (
    PARTLY,
    REPRODUCED,
    STAND_IN,
    UNTESTABLE,
    Part,
    direction_verdict,
    measured,
    show,
)

REDUCTIONS = {
    "spread": lambda values: max(values) / min(values) if math.isfinite(max(values)) else math.inf,
    "lowest": min,
    "highest": max,
}


def resolve(spec, study, source):
    """(rows of the claimed side, rows of the other, the least advantage that is claimed)."""
    sides = []
    claimed = exactly_one("order", spec, "lower", "higher")
    if "by" in spec and "within" in spec:
        exactly_one("order", spec, "by", "within")
    for selection in (spec[claimed], spec["than"]):
        rows = study.select(selection) if "reduce" in selection else [study.one(selection)]
        metrics.check(spec["metric"], rows, study)
        if selection.get("reduce") == "spread" and spec["metric"].endswith("loss"):
            for row in rows:
                metrics.check_positive("reduce: spread", row)
        sides.append(rows)
    problems = {row["problem"] for rows in sides for row in rows}
    if len(problems) > 1:
        raise TunebookError("order: its two sides are of two problems; nothing pairs their runs")
    by = spec.get("by", -spec.get("within", 0.0))
    return *sides, sources.find(source, by).number if isinstance(by, str) else float(by)


def runs(resolved):
    return [*resolved[0], *resolved[1]]


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    claimed, other, least = resolved
    metric, problem = spec["metric"], claimed[0]["problem"]
    sides = []
    for rows, side in ((claimed, "lower" if "lower" in spec else "higher"), (other, "than")):
        sides.append(side_values(evidence, metric, rows, spec[side].get("reduce")))
    a, b = (np.array([side[key] for key in sides[0] if key in sides[1]]) for side in sides)
    sign = -1 if "lower" in spec else 1
    verdict, interval, counted = order_verdict(
        a, b, sign, least, metrics.METRICS[metric].source == metrics.TIMING
    )
    spread = spec["than"].get("reduce") == "spread"
    unit = "times" if spread else metrics.unit_of(metric, problem)
    names = list(dict.fromkeys(row["run"] for row in runs(resolved)))
    found = measured(interval, "share" if counted else unit, signed=not counted)
    if counted:
        found["text"] = f"ahead in {interval.centre * interval.n:g} of {interval.n} replicates"
    part = Part(
        rule="order", verdict=verdict, metric=metric, claimed=wording(spec, least, unit),
        runs=names, diverged=evidence.diverged(names), **found,
    )  # fmt: skip
    if isinstance(spec.get("by"), str) and problem in evidence.stand_ins:
        part.verdict, part.reason = UNTESTABLE, STAND_IN
    return part


def side_values(evidence, metric, rows, reduce):
    """{replicate: value} of one side; of several runs, reduced within each replicate."""
    values = [evidence.values(metric, row) for row in rows]
    if reduce is None:
        return values[0]
    common = [key for key in values[0] if all(key in other for other in values)]
    return {key: REDUCTIONS[reduce]([run[key] for run in values]) for key in common}


def order_verdict(a, b, sign, least, timed=False):
    """The verdict on "a is ahead of b by more than `least`", from paired values [n] each.

    sign: 1 where higher is ahead, -1 where lower is. timed: whether the values are repeated
    timings. Returns the verdict, the interval of a - b (or, if a value is infinite, of the share of
    replicates in which a is ahead by more than `least`), and whether replicates were counted.
    """
    with np.errstate(invalid="ignore"):
        ahead = sign * (a - b)
    if not np.isfinite(ahead).all():
        ties = int((np.isnan(ahead) | (ahead == least)).sum())
        interval = share_interval(int((ahead > least).sum()) + ties / 2, len(ahead))
        return direction_verdict(interval, 0.5), interval, True
    interval = median_range(a - b) if timed else mean_interval(a - b)
    advantage = interval if sign > 0 else mirrored(interval)
    verdict = direction_verdict(advantage, least)
    if least > 0 and verdict != REPRODUCED and advantage.above(0):
        verdict = PARTLY
    return verdict, interval, False


def mirrored(interval):
    """The interval of the negated values."""
    return Interval(-interval.centre, -interval.high, -interval.low, interval.n)


def wording(spec, least, unit):
    """What is claimed, in a few words."""
    side = "lower" if "lower" in spec else "higher"
    if least > 0:
        return f"{side} by more than {show(least, unit, signed=True).lstrip('+')}"
    if least < 0:
        return f"{side}, or at most {show(-least, unit, signed=True).lstrip('+')} worse"
    return side
