"""Evidence that is shown and not judged: a metric of every run of a selection.

    measure: {metric: coverage_90, of: {sweep: losses-houses, where: {loss: gaussian}}}

The mean over replicates with its 95 % bootstrap interval (timings: median and range), over those
replicates that have a finite value; how many diverged is said.
"""

import math

from . import metrics
from .parts import Part, measured
from .selection import comparable, differing, shown
from .value import summary


def resolve(spec, study, source):
    """The rows that are measured, and the names of the hyper-parameters they differ by."""
    rows = study.select(spec["of"])
    metrics.check(spec["metric"], rows, study)
    return rows, differing(rows) if len(rows) > 1 else []


def runs(resolved):
    return resolved[0]


def judge_each(spec, resolved, evidence):
    """One Part a run, without a verdict, in the order of the values by which the runs differ."""
    rows, keys = resolved
    for row in sorted(rows, key=lambda row: [rank(row, key) for key in keys]):
        values = list(evidence.values(spec["metric"], row).values())
        finite = [value for value in values if math.isfinite(value)]
        unit = metrics.unit_of(spec["metric"], row["problem"])
        interval = summary(finite, spec["metric"], row)
        part = Part(
            rule="measure", verdict="", metric=spec["metric"], runs=[row["run"]], counts=False,
            description=", ".join(named(row, keys)),
            diverged=evidence.diverged([row["run"]]),
            **measured(interval, unit),
        )  # fmt: skip
        if len(finite) < len(values):
            part.text += f"; no value in {len(values) - len(finite)} of {len(values)} replicates"
        yield part


def rank(row, key):
    """Where a run stands among others by one hyper-parameter; lists by length, then size."""
    value = comparable(row.get(key))
    if key in ("widths", "channels"):
        sizes = [int(part) for part in str(row.get(key) or "").split("-") if part]
        return (len(sizes), *sizes)
    if value is None:
        return (0, 0.0, "")
    return (1, value, "") if isinstance(value, float) else (2, 0.0, value)


def named(row, keys):
    """What tells a run from the others: `5 x 200` for five widths of 200."""
    for key in keys:
        text = shown(row.get(key))
        sizes = text.split("-")
        if key == "widths" and len(sizes) > 1 and len(set(sizes)) == 1:
            text = f"{len(sizes)} x {sizes[0]}"
        if text != "none":
            yield f"{key.replace('_', ' ')} {text}"
