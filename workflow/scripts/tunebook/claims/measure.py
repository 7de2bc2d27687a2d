"""Evidence that is shown and not judged: a metric of every run of a selection.

    measure: {metric: coverage_90, of: {sweep: losses-houses, where: {loss: gaussian}}}

The mean over replicates with its 95 % bootstrap interval (timings: median and range), over those
replicates that have a finite value; how many diverged is said.
"""

import math

from . import metrics
from .parts import Part, measured
from .selection import differing, shown
from .value import summary


def resolve(spec, study, source):
    """The rows that are measured, and the names of the hyper-parameters they differ by."""
    rows = study.select(spec["of"])
    metrics.check(spec["metric"], rows, study)
    return rows, differing(rows) if len(rows) > 1 else []


def runs(resolved):
    return resolved[0]


def judge_each(spec, resolved, evidence, seed):
    """One Part a run, without a verdict."""
    rows, keys = resolved
    for row in rows:
        values = list(evidence.values(spec["metric"], row).values())
        finite = [value for value in values if math.isfinite(value)]
        unit = metrics.unit_of(spec["metric"], row["problem"])
        interval = summary(finite, spec["metric"], unit, seed)
        part = Part(
            rule="measure", verdict="", metric=spec["metric"], runs=[row["run"]], counts=False,
            description=", ".join(f"{key} {shown(row.get(key))}" for key in keys),
            diverged=evidence.diverged([row["run"]]),
            **measured(interval, unit),
        )  # fmt: skip
        if len(finite) < len(values):
            part.text += f"; no value in {len(values) - len(finite)} of {len(values)} replicates"
        yield part
