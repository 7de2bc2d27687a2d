"""Rule `trend`: a metric rises or falls along an axis.

    trend:
      metric: final_train_loss
      of: {sweep: width-houses}
      along: width
      direction: falls

In every replicate, Spearman's rank correlation of the metric with the axis over the runs of the
selection; then its mean over replicates with a 95 % bootstrap interval. A replicate that diverged
is the worst on its axis. Reproduced: the interval lies on the claimed side of zero; not reproduced:
on the other; undecided: it holds zero.

Few replicates of few points take few values, so with fewer than five replicates a trend is decided
only if all are perfectly monotone in the same direction over three points or more (by chance:
2 / (points!) ** replicates, under 1 % at three points and three replicates).

    trend: {correlation: rank_variance_GrLivArea, of: {...}, direction: falls}

takes a rank correlation that is already there for every replicate of one run (over its test rows).
A replicate that diverged predicts nothing and counts as 0.
"""

import math

import numpy as np

from ..jobs import TunebookError
from ..statistics import MINIMUM_COUNTED, MINIMUM_REPLICATES, mean_interval, rank_correlation
from . import metrics
from .keys import exactly_one, just
from .parts import UNDECIDED, Part, direction_verdict, measured

UNIT = "rank correlation"


def resolve(spec, study, source):
    """[(place, row), ...] along the axis, or [(None, row)] for a correlation that is there."""
    if exactly_one("trend", spec, "metric", "correlation") == "correlation":
        just("trend", spec, "correlation", "of", "direction")
        row = study.one(spec["of"])
        metrics.check(spec["correlation"], [row], study)
        if metrics.METRICS[spec["correlation"]].unit != UNIT:
            allowed = [name for name, metric in metrics.METRICS.items() if metric.unit == UNIT]
            raise TunebookError(
                f"correlation: found {spec['correlation']}; allowed: {', '.join(allowed)}"
            )
        return [(None, row)]
    just("trend", spec, "metric", "of", "along", "direction")
    places = study.along(spec["of"], spec["along"])
    metrics.check(spec["metric"], [row for _, row in places], study)
    return places


def runs(resolved):
    return [row for _, row in resolved]


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    metric = spec.get("correlation") or spec["metric"]
    values = [evidence.values(metric, row) for _, row in resolved]
    if "correlation" in spec:
        correlations = [0.0 if math.isnan(value) else value for value in values[0].values()]
    else:
        places = [place for place, _ in resolved]
        common = [key for key in values[0] if all(key in other for other in values)]
        correlations = [rank_correlation(places, [run[key] for run in values]) for key in common]
    correlations = np.array(correlations)
    interval = mean_interval(correlations, least=-1, most=1)
    names = [row["run"] for row in runs(resolved)]
    return Part(
        rule="trend", metric=metric, claimed=spec["direction"], runs=names,
        verdict=trend_verdict(correlations, interval, spec["direction"], len(resolved)),
        diverged=evidence.diverged(names), **measured(interval, UNIT),
    )  # fmt: skip


def trend_verdict(correlations, interval, direction, points):
    """The verdict on rank correlations [n] over `points` runs (1: over the rows of one run)."""
    claimed = correlations if direction == "rises" else -correlations
    if points > 1 and len(claimed) < MINIMUM_COUNTED:
        strict = points >= 3 and len(claimed) >= MINIMUM_REPLICATES
        if not (strict and len(set(claimed.round(12))) == 1 and abs(claimed[0]) > 1 - 1e-12):
            return UNDECIDED
    if direction == "falls":
        interval = interval._replace(low=-interval.high, high=-interval.low)
    return direction_verdict(interval)
