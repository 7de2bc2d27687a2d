"""The tables of a finished study, asked for one metric of one run at a time."""

import math
from functools import cached_property

from . import curves
from .metrics import HISTORY, METRICS, RUNS, STUDY, better_of
from .selection import records

WORST = {"lower": math.inf, "higher": -math.inf, "": math.nan}
CURVES = {
    "early_train_loss": curves.early_train_loss,
    "mean_train_loss": curves.mean_train_loss,
    "final_train_loss": curves.final_train_loss,
    "final_validation_loss": curves.final_validation_loss,
    "roughness": curves.roughness,
    "validation_rise": curves.validation_rise,
}
COLUMNS = ("train_loss", "train_metric", "validation_loss", "validation_metric")


def error_of(problem):
    """From a metric to an error that is 0 when perfect: 1 - accuracy, or the MSE itself."""
    return (lambda value: 1 - value) if problem == "digits" else (lambda value: value)


class Evidence:
    """The tables runs.csv, history.parquet, timing.csv and cost.csv, as data frames.

    stand_ins: problems whose data are built-in samples.
    """

    def __init__(self, runs, history, timing, cost, stand_ins=()):
        self.runs, self.timing, self.cost = runs, timing, cost
        self.stand_ins = set(stand_ins)
        self._history = history

    @cached_property
    def by_run(self):
        return {run: records(rows) for run, rows in self.runs.groupby("run", sort=False)}

    @cached_property
    def history_by_run(self):
        return dict(list(self._history.groupby("run", sort=False, observed=True)))

    def replicates(self, run):
        """The rows of runs.csv of a run, as dictionaries, by replicate."""
        return {row["replicate"]: row for row in self.by_run[run]}

    def curves(self, run):
        """{replicate: {column: values of the epochs in order}} of a run."""
        rows = self.history_by_run[run].sort_values(["replicate", "epoch"])
        return {
            replicate: {name: frame[name].to_numpy(dtype=float) for name in COLUMNS}
            for replicate, frame in rows.groupby("replicate")
        }

    def values(self, metric, row=None):
        """{replicate or repetition: value} of a metric on a run (a row; none for the study).

        A replicate that diverged has no final network, so it gets the worst value there is
        (infinitely high or low), or NaN where a metric has no better side.
        """
        source = METRICS[metric].source
        if source == STUDY:
            return {0: float((self.cost["job_seconds"] * self.cost["threads"]).sum())}
        if source == RUNS:
            return {
                replicate: column(metric, replicate_row)
                for replicate, replicate_row in self.replicates(row["run"]).items()
            }
        if source == HISTORY:
            return self.from_curves(metric, row["run"])
        times = self.timing[self.timing["run"] == row["run"]]
        factor = row["epochs"] if metric == "training_seconds" else 1
        return {
            int(repetition): float(seconds) * factor
            for repetition, seconds in zip(
                times["repetition"], times["seconds_per_epoch"], strict=True
            )
        }

    def from_curves(self, metric, run):
        """{replicate: value} of a metric that is computed from the curves of a run."""
        rows, values = self.replicates(run), {}
        for replicate, curve in self.curves(run).items():
            row = rows[replicate]
            if metric == "epochs_to_learn":
                error = error_of(row["problem"])
                values[replicate] = curves.epochs_to_learn(
                    curve, row["epochs"], error(row["constant_train_metric"]), error
                )
            else:
                values[replicate] = CURVES[metric](curve, row["epochs"])
        return values

    def diverged(self, runs):
        """How many replicates of some runs diverged."""
        return sum(diverged(row) for run in runs for row in self.replicates(run).values())


def diverged(row):
    """Whether a replicate's loss became infinite or not a number."""
    return row["diverged_at"] is not None


def column(metric, row):
    """The value of a metric in a row of runs.csv (None where blank), or derived from it."""
    if diverged(row):
        return WORST[better_of(metric, row["problem"])]
    if metric == "relative_gap":
        value = row["validation_metric"] / row["train_metric"] - 1
    elif metric == "calibration_error":
        value = (abs(row["coverage_50"] - 0.5) + abs(row["coverage_90"] - 0.9)) / 2
    else:
        value = math.nan if row[metric] is None else float(row[metric])
    if math.isnan(value) and metric.startswith("rank_"):
        return 0.0  # all predictions equal: nothing rises or falls with anything
    return WORST[better_of(metric, row["problem"])] if math.isnan(value) else value
