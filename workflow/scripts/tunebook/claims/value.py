"""Rule `value`: the source's number against the replicates of one run.

    value: {metric: test_metric, of: {sweep: best-digits}, source: test}

The source trained once, so its number is one draw. Reproduced: it lies inside the 95 % interval of
our mean, to the precision it was given with. Partly reproduced: outside of that, but inside the
spread of our replicates (smallest to largest), so training as the source did can give it. Not
reproduced: outside of both. Undecided: fewer than three replicates.

With `factor: 2` the claim is read as "about": reproduced if the measured value, interval and all,
lies within that factor of the source's; undecided if the interval holds the limit.

On stand-in data no value is compared.
"""

import math

import numpy as np

from ..statistics import MINIMUM_REPLICATES, Interval, mean_interval, median_range
from . import metrics, sources
from .keys import just
from .parts import (
    NOT,
    PARTLY,
    REPRODUCED,
    STAND_IN,
    UNDECIDED,
    UNTESTABLE,
    Part,
    measured,
    show,
)
from .ratio import factor_verdict


def resolve(spec, study, source):
    """The row that is measured (None for the whole study) and the source's number."""
    claimed = sources.find(source, spec["source"])
    if metrics.known(spec["metric"]).source == metrics.STUDY:
        just("value", spec, "metric", "source", "factor")
        return None, claimed
    just("value", spec, "metric", "source", "of", optional=["factor"])
    row = study.one(spec["of"])
    metrics.check(spec["metric"], [row], study)
    return row, claimed


def runs(resolved):
    return [resolved[0]] if resolved[0] else []


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    row, claimed = resolved
    metric = spec["metric"]
    values = np.array(list(evidence.values(metric, row).values()))
    unit = metrics.unit_of(metric, row["problem"] if row else "")
    interval = summary(values, metric, row)
    part = Part(
        rule="value", verdict=UNDECIDED, metric=metric, claimed=claimed.text,
        runs=[row["run"]] if row else [], **measured(interval, unit),
    )  # fmt: skip
    if row:
        part.diverged = evidence.diverged(part.runs)
    if evidence.stand_ins & ({row["problem"]} if row else evidence.stand_ins):
        part.verdict, part.reason = UNTESTABLE, STAND_IN
    elif "factor" in spec:
        part.verdict = factor_verdict(interval, claimed.number, spec["factor"])
    else:
        part.verdict = value_verdict(values, interval, claimed.number, claimed.rounding)
        if len(values):
            spread = (show(bound, unit) for bound in (values.min(), values.max()))
            part.text += "; replicates from " + " to ".join(spread)
    return part


def summary(values, metric, row):
    """The values of a metric on a run as an Interval of the kind that fits their source."""
    source = metrics.METRICS[metric].source
    if source == metrics.STUDY:
        return Interval(values[0], values[0], values[0], 1)
    if source == metrics.TIMING:
        return median_range(values)
    if not np.isfinite(values).all():
        return Interval(float(np.mean(values)), math.nan, math.nan, len(values))
    return mean_interval(values, **metrics.bounds(metric, row))


def value_verdict(values, interval, claimed, rounding):
    """The verdict on a claimed number, known to plus or minus `rounding`, from replicates [n].

    With replicates that diverged the mean is infinite; the claimed number can then only lie in
    their spread.
    """
    if len(values) < MINIMUM_REPLICATES:
        return UNDECIDED
    least, most = claimed - rounding, claimed + rounding
    if interval.known and least <= interval.high and most >= interval.low:
        return REPRODUCED
    return PARTLY if least <= np.max(values) and most >= np.min(values) else NOT
