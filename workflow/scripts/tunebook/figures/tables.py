"""The tables that figures are drawn from, and the few questions that they are asked."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

# What the figures use. A column that a study has no use for may be absent, and reads as blank.
COLUMNS = {
    "runs": (
        "run problem sweeps replicate features target model widths channels depth width"
        " convolutions kernel padding pooling dropout loss optimizer learning_rate momentum beta1"
        " beta2 epsilon alpha weight_decay batch_size batch_rows epochs diverged_at parameters"
        " metric train_loss validation_loss test_loss train_metric validation_metric test_metric"
        " gap constant_train_metric constant_validation_metric constant_test_metric"
        " test_rmse_dollars variance_spread coverage_50 coverage_90 rank_variance_GrLivArea"
        " rank_squared_residual_GrLivArea"
    ),
    "history": "run replicate epoch train_loss train_metric validation_loss validation_metric",
    "sweeps": "sweep run order",
    "predictions": "run problem replicate row target prediction variance GrLivArea",
    "misread": "run replicate row target prediction probability pixels",
    "timing": "run sweeps problem repetition seconds_per_epoch",
    "baselines": "problem baseline replicate train_metric validation_metric test_metric",
}
# Read as text: "" for no layers is not a missing number, and "full" is a batch size.
AS_TEXT = {"widths": str, "channels": str, "batch_size": str}


@dataclass(frozen=True)
class Tables:
    """The study's tables, as described in their columns above; `best` is problem -> choice."""

    runs: pd.DataFrame
    history: pd.DataFrame
    sweeps: pd.DataFrame
    best: dict
    predictions: pd.DataFrame
    misread: pd.DataFrame
    timing: pd.DataFrame
    baselines: pd.DataFrame

    def __post_init__(self):
        for name, columns in COLUMNS.items():
            frame = getattr(self, name)
            absent = {column: np.nan for column in columns.split() if column not in frame}
            object.__setattr__(self, name, frame.assign(**absent))
        texts = {column: self.runs[column].fillna("").astype(str) for column in AS_TEXT}
        object.__setattr__(self, "runs", self.runs.assign(**texts))

    def sweep(self, name):
        """The rows of runs.csv of one sweep, in the sweep's order; none if there is no such."""
        return self._by_sweep.get(name, self.runs.iloc[:0])

    @cached_property
    def _by_sweep(self):
        rows = self.sweeps[["sweep", "run", "order"]].merge(self.runs, on="run")
        rows = rows.sort_values(["order", "replicate"], kind="stable", ignore_index=True)
        return {name: part.reset_index(drop=True) for name, part in rows.groupby("sweep")}

    def of_run(self, run):
        """The rows of runs.csv of one run, by replicate."""
        return self._by_run.get(run, self.runs.iloc[:0])

    @cached_property
    def _by_run(self):
        return dict(iter(self.runs.sort_values("replicate").groupby("run")))

    @cached_property
    def _histories(self):
        return dict(iter(self.history.groupby("run", observed=True)))

    def curves(self, run, column):
        """A column of the history as [replicates, epochs]; blank where not finite or ended."""
        if run not in self._histories:
            return np.full((0, 0), np.nan)
        rows = self._histories[run]
        table = rows.pivot(index="replicate", columns="epoch", values=column)
        last = int(rows["epoch"].max())
        values = table.reindex(columns=range(1, last + 1)).to_numpy(float)
        return np.where(np.isfinite(values), values, np.nan)

    def best_run(self, problem):
        """The name of the best run of a problem, "" where none was chosen."""
        return (self.best.get(problem) or {}).get("run", "")

    def predictions_of(self, run):
        """The kept test predictions of a run with finite values."""
        rows = self.predictions[self.predictions["run"] == run]
        return rows[np.isfinite(rows["prediction"].astype(float))]


def read(*, runs, history, sweeps, best, predictions, misread, timing, baselines):
    """Tables from the paths of the study's files."""
    with open(best) as file:
        chosen = json.load(file)
    return Tables(
        runs=pd.read_csv(runs, dtype=AS_TEXT),
        history=pd.read_parquet(history),
        sweeps=pd.read_csv(sweeps),
        best=chosen,
        predictions=pd.read_parquet(predictions),
        misread=pd.read_parquet(misread),
        timing=pd.read_csv(timing),
        baselines=pd.read_csv(baselines),
    )
