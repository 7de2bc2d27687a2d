"""Rule `shape`: a property that each replicate of a run has or has not.

    shape: {property: learned, margin: 0.1, of: {...}}
    shape: {property: learned, margin: 0.1, holds: false, of: {...}}     # it does not learn

Properties:

    learned     training error at least `margin` (a share) below the constant predictor's; a
                replicate that diverged has not learned
    diverged    the loss became infinite or not a number, or training ended more than twice as wrong
                as the constant predictor and more wrong than its first epoch
    overshoots  near epoch `around` (give or take `window`) the training loss rises at least `rise`
                (a share) above its lowest value so far, and later falls below that
    overfits    the validation loss ends at least `rise` above its lowest value while the training
                loss goes on falling
    above       `metric` is above `threshold`

Formulas: `curves.py` and `outcome` below. The share of replicates that have the property is set
against one half with Wilson's 95 % interval: reproduced where most have it (with `holds: false`:
have it not), not reproduced where most do not, undecided between and below five replicates.
"""

import math

from ..statistics import share_interval
from . import curves, metrics, sources
from .evidence import diverged, error_of
from .keys import just
from .parts import Part, direction_verdict, measured

# By how much a replicate must beat the constant predictor to have learned, in the condition grid.
LEARNED_MARGIN = 0.1

NEEDS = {
    "learned": ["margin"],
    "diverged": [],
    "overshoots": ["around", "window", "rise"],
    "overfits": ["rise"],
    "above": ["metric", "threshold"],
}


def resolve(spec, study, source):
    """The row, and the epoch to look around where the property needs one."""
    just("shape", spec, "property", "of", *NEEDS[spec["property"]], optional=["holds"])
    row = study.one(spec["of"])
    if spec["property"] in ("overshoots", "overfits"):
        metrics.check_positive(f"property: {spec['property']}", row)
    if spec["property"] == "above":
        metrics.check(spec["metric"], [row], study)
    around = spec.get("around")
    return row, sources.find(source, around).number if isinstance(around, str) else around


def runs(resolved):
    return [resolved[0]]


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    row, around = resolved
    found = list(replicates_with(spec, row["run"], around, evidence).values())
    holds = spec.get("holds", True)
    count = sum(has == holds for has in found)
    interval = share_interval(count, len(found))
    return Part(
        rule="shape", metric=spec["property"], runs=[row["run"]],
        claimed=spec["property"] if holds else f"not {spec['property']}",
        verdict=direction_verdict(interval, 0.5), diverged=evidence.diverged([row["run"]]),
        **measured(interval, "share") | {"text": f"{count} of {len(found)} replicates"},
    )  # fmt: skip


def replicates_with(spec, run, around, evidence):
    """{replicate: whether it has the property}."""
    rows = evidence.replicates(run)
    if spec["property"] == "learned":
        return {key: learned(row, spec["margin"]) for key, row in rows.items()}
    if spec["property"] == "above":
        row = next(iter(rows.values()))
        values = evidence.values(spec["metric"], row)
        return {key: value > spec["threshold"] for key, value in values.items()}
    found = {}
    for key, curve in evidence.curves(run).items():
        row = rows[key]
        if spec["property"] == "diverged":
            found[key] = outcome(row, curve["train_metric"][0], LEARNED_MARGIN) == "diverged"
        elif spec["property"] == "overfits":
            found[key] = curves.overfits(curve, row["epochs"], spec["rise"])
        else:
            rise = curves.overshoot(curve, int(around), spec["window"])
            found[key] = not diverged(row) and rise >= spec["rise"]
    return found


def learned(row, margin):
    """Whether a replicate (a row of runs.csv) beats the constant predictor on training data."""
    error = error_of(row["problem"])
    found, constant = error(row["train_metric"]), error(row["constant_train_metric"])
    return not diverged(row) and found < (1 - margin) * constant


def outcome(row, first_metric, margin):
    """`learned`, `failed` or `diverged`: how the training of a replicate ended.

    first_metric: its training metric in the first epoch. Besides a loss that is not finite, a
    training has diverged when it ended more than twice as wrong as the constant predictor and more
    wrong than it began; one that is as wrong because it is still on its way has failed.
    """
    if diverged(row):
        return "diverged"
    if learned(row, margin):
        return "learned"
    error = error_of(row["problem"])
    end, constant = error(row["train_metric"]), error(row["constant_train_metric"])
    away = end > 2 * constant and end > error(first_metric)
    return "diverged" if away or math.isnan(end) else "failed"
