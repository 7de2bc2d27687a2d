"""Rule `ratio`: how many times as large a metric is in one run as in another.

    ratio:
      metric: seconds_per_epoch
      of: {sweep: batch-size, where: {batch_size: 10}}
      to: {sweep: batch-size, where: {batch_size: 100}}
      source: speed          # or [a, b]: a divided by b; or `equals: 1` for "alike"
      factor: 1.5

Ratios are taken within replicates and averaged on a log scale (geometric mean, 95 % bootstrap
interval); of timings, within repetitions, the median with its range. Reproduced: the whole interval
lies within `factor` of the claimed ratio. Partly reproduced: it does not, but lies on the claimed
side of 1, so the direction holds. Not reproduced: it lies outside. Undecided: it holds a limit.

Where a replicate diverged there is no mean ratio; then replicates are counted: see `order`.
On stand-in data a ratio is not compared with the source's.
"""

import math

import numpy as np

from ..jobs import TunebookError
from ..statistics import Interval, mean_interval, median_range, share_interval
from . import metrics, sources
from .keys import exactly_one
from .parts import (
    NOT,
    PARTLY,
    REPRODUCED,
    STAND_IN,
    UNDECIDED,
    UNTESTABLE,
    Part,
    direction_verdict,
    measured,
)


def resolve(spec, study, source):
    """Both rows and the claimed ratio as a SourceNumber."""
    exactly_one("ratio", spec, "source", "equals")
    rows = [study.one(spec[side]) for side in ("of", "to")]
    metrics.check(spec["metric"], rows, study)
    timed = metrics.METRICS[spec["metric"]].source == metrics.TIMING
    if not timed and rows[0]["problem"] != rows[1]["problem"]:
        raise TunebookError("ratio: its two sides are of two problems; nothing pairs their runs")
    if "equals" in spec:
        claimed = sources.SourceNumber(float(spec["equals"]), 0.0, f"{spec['equals']:g} to 1")
    else:
        claimed = sources.quotient(source, spec["source"])
    return rows, claimed


def runs(resolved):
    return resolved[0]


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    rows, claimed = resolved
    metric = spec["metric"]
    top, bottom = (evidence.values(metric, row) for row in rows)
    common = [key for key in top if key in bottom]
    names = list(dict.fromkeys(row["run"] for row in rows))
    ratios = np.array([divide(top[key], bottom[key]) for key in common])
    if np.isfinite(ratios).all():
        timed = metrics.METRICS[metric].source == metrics.TIMING
        interval = median_range(ratios) if timed else geometric_mean(ratios)
        verdict = ratio_verdict(interval, claimed.number, spec["factor"])
        found = measured(interval, "times")
    else:
        least, most = claimed.number / spec["factor"], claimed.number * spec["factor"]
        inside = int(((ratios >= least) & (ratios <= most)).sum())
        interval = share_interval(inside, len(ratios))
        verdict = direction_verdict(interval, 0.5)
        found = measured(interval, "share")
        found["text"] = f"within the limits in {inside} of {len(ratios)} replicates"
    part = Part(
        rule="ratio", verdict=verdict, metric=metric, claimed=claimed.text, runs=names,
        diverged=evidence.diverged(names), **found,
    )  # fmt: skip
    if "source" in spec and evidence.stand_ins & {row["problem"] for row in rows}:
        part.verdict, part.reason = UNTESTABLE, STAND_IN
    return part


def divide(top, bottom):
    """The ratio of two positive values; NaN where either diverged or the lower one is 0."""
    return top / bottom if math.isfinite(top) and math.isfinite(bottom) and bottom > 0 else math.nan


def geometric_mean(ratios):
    """The geometric mean of positive ratios [n] with its interval."""
    interval = mean_interval(np.log(ratios))
    return Interval(*np.exp(interval[:3]).tolist(), interval.n)


def factor_verdict(interval, claimed, factor):
    """Reproduced where the whole interval lies within `factor` of the claimed value.

    Not reproduced where it lies outside, undecided where it holds a limit.
    """
    least, most = claimed / factor, claimed * factor
    if not interval.known:
        return UNDECIDED
    if least <= interval.low and interval.high <= most:
        return REPRODUCED
    return NOT if interval.above(most) or interval.below(least) else UNDECIDED


def ratio_verdict(interval, claimed, factor):
    """The same for a ratio, where lying on the claimed side of 1 is part of the claim."""
    verdict = factor_verdict(interval, claimed, factor)
    holds = (claimed > 1 and interval.above(1)) or (claimed < 1 and interval.below(1))
    return PARTLY if verdict != REPRODUCED and holds else verdict
