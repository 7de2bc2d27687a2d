"""What can be measured on a run: a closed list, each metric with its unit and its better side.

`seconds_per_epoch` and `training_seconds` come from timing.csv, from runs that had the machine to
themselves; the times in runs.csv were taken beside other jobs and cannot be named here.
"""

from dataclasses import dataclass

from ..jobs import TunebookError

# Where a metric's values come from: columns of runs.csv, curves of history.parquet, timing.csv, or
# the study as a whole (cost.csv).
RUNS, HISTORY, TIMING, STUDY = "runs", "history", "timing", "study"


@dataclass(frozen=True)
class Metric:
    """`unit` and `better` may be "by problem": accuracy, higher (digits); mse, lower (houses).

    better: which side a diverged replicate is farthest from, "" where neither is better.
    only: a hyper-parameter value that runs must have, such as ("loss", "gaussian").
    positive: whether its formula needs a loss that is never negative.
    """

    source: str
    unit: str
    better: str = "lower"
    only: tuple = ()
    positive: bool = False


def by_part(name, **settings):
    return {f"{part}_{name}": Metric(**settings) for part in ("train", "validation", "test")}


PRICES, GAUSSIAN = ("problem", "houses"), ("loss", "gaussian")
METRICS = {
    **by_part("loss", source=RUNS, unit="loss"),
    **by_part("metric", source=RUNS, unit="by problem", better="by problem"),
    **by_part("metric_at_best", source=RUNS, unit="by problem", better="by problem"),
    **by_part("rmse_dollars", source=RUNS, unit="dollars", only=PRICES),
    "test_mae_dollars": Metric(RUNS, "dollars", only=PRICES),
    "gap": Metric(RUNS, "by problem"),
    # validation_metric / train_metric - 1, in the prices' squared errors
    "relative_gap": Metric(RUNS, "share", only=PRICES),
    "best_epoch": Metric(RUNS, "epochs", better=""),
    "parameters": Metric(RUNS, "count", better=""),
    "test_mean_variance": Metric(RUNS, "mse", better="", only=GAUSSIAN),
    "variance_spread": Metric(RUNS, "times", better="higher", only=GAUSSIAN),
    "coverage_50": Metric(RUNS, "share", better="", only=GAUSSIAN),
    "coverage_90": Metric(RUNS, "share", better="", only=GAUSSIAN),
    # (|coverage_50 - 0.5| + |coverage_90 - 0.9|) / 2
    "calibration_error": Metric(RUNS, "share", only=GAUSSIAN),
    "rank_variance_GrLivArea": Metric(RUNS, "rank correlation", better="", only=GAUSSIAN),
    "rank_squared_residual_GrLivArea": Metric(RUNS, "rank correlation", better="", only=PRICES),
    "early_train_loss": Metric(HISTORY, "loss"),
    "mean_train_loss": Metric(HISTORY, "loss"),
    "final_train_loss": Metric(HISTORY, "loss"),
    "final_validation_loss": Metric(HISTORY, "loss"),
    "epochs_to_learn": Metric(HISTORY, "epochs"),
    "roughness": Metric(HISTORY, "share", positive=True),
    "validation_rise": Metric(HISTORY, "share", positive=True),
    "seconds_per_epoch": Metric(TIMING, "seconds"),
    # seconds_per_epoch times the configured epochs
    "training_seconds": Metric(TIMING, "seconds"),
    # all jobs that trained, times their threads
    "core_seconds": Metric(STUDY, "seconds"),
}


def unit_of(name, problem):
    """The unit of a metric on a problem."""
    unit = METRICS[name].unit
    return {"digits": "accuracy", "houses": "mse"}[problem] if unit == "by problem" else unit


def better_of(name, problem):
    """`lower`, `higher`, or "" where a metric has no better side."""
    better = METRICS[name].better
    return {"digits": "higher", "houses": "lower"}[problem] if better == "by problem" else better


def bounds(name, row):
    """What a mean of the metric can be on a run, as `least` and `most` of `mean_interval`."""
    unit = unit_of(name, row["problem"])
    if unit == "accuracy":
        return {"least": 0.0, "most": 1.0}
    if unit == "rank correlation":
        return {"least": -1.0, "most": 1.0}
    # A gap can go either way, and so can the Gaussian loss.
    free = name in ("gap", "relative_gap") or (unit == "loss" and row["loss"] == "gaussian")
    return {} if free else {"least": 0.0}


def known(name):
    """The metric of that name; TunebookError if there is none."""
    if name not in METRICS:
        raise TunebookError(f"metric: found {name}; allowed: one of {', '.join(METRICS)}")
    return METRICS[name]


def check(name, rows, study):
    """Raise TunebookError unless the metric can be measured on all these runs."""
    metric = known(name)
    for row in rows:
        if metric.only and row.get(metric.only[0]) != metric.only[1]:
            raise TunebookError(
                f"metric: {name} needs runs with {' = '.join(metric.only)}; "
                f"found {row['run']} with {row.get(metric.only[0])}"
            )
        if metric.positive:
            check_positive(name, row)
        if metric.source == TIMING and not study.timed & set(row["sweeps"]):
            raise TunebookError(
                f"metric: {name} needs runs that are timed alone; {row['run']} is in no sweep of "
                f"timing.sweeps ({', '.join(sorted(study.timed)) or 'empty'})"
            )
    if metric.source == STUDY:
        raise TunebookError(f"metric: {name} is of the whole study; it takes no `of`")


def check_positive(name, row):
    """Raise TunebookError where a formula with ratios meets a loss that can be negative."""
    if row.get("loss") == "gaussian":
        raise TunebookError(
            f"{name} needs a loss that is never negative; found {row['run']} with loss = gaussian"
        )
