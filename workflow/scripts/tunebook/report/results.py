"""Read a study's results folder, whatever part of it exists.

A small study may have no timing, no Gaussian network, no statement; its report still has to read
well. So an absent table is an empty one, and an absent column is blank.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..jobs import TunebookError, read_json

# Read as text: "" for no layers is not a missing number, and "full" is a batch size.
AS_TEXT = {"widths": str, "channels": str, "batch_size": str}

COLUMNS = {
    "runs": "run problem sweeps replicate metric",
    "history": "run replicate epoch train_loss train_metric validation_loss validation_metric",
    "sweeps": "sweep run order",
    "timing": "run problem repetition seconds_per_epoch",
    "baselines": "problem baseline replicate train_metric validation_metric test_metric fit_seconds"
    " test_rmse_dollars",
    "claims": "id section verdict claimed measured low high replicates data why parts"
    " measured_text",
    "cost": "run started finished train_seconds job_seconds threads",
}


@dataclass
class Results:
    """The tables of a results folder as frames, and what stands beside them as plain values.

    best: {problem: choice}; provenance: one dictionary a dataset; figures: {name: Figure file}.
    """

    folder: Path
    runs: pd.DataFrame
    history: pd.DataFrame
    sweeps: pd.DataFrame
    timing: pd.DataFrame
    baselines: pd.DataFrame
    claims: pd.DataFrame
    cost: pd.DataFrame
    best: dict
    provenance: list

    @property
    def problems(self):
        """The problems that were studied, digits first as in the source."""
        return sorted(self.runs["problem"].unique())

    def members(self, sweep):
        """The runs of a sweep in its order; none if there is no such sweep."""
        rows = self.sweeps[self.sweeps["sweep"] == sweep].sort_values("order")
        return list(rows["run"])

    @property
    def stand_ins(self):
        """The datasets that a built-in sample stood in for."""
        return [about["dataset"] for about in self.provenance if about.get("kind") != "real"]


def read_results(folder, provenance=()):
    """The Results in `folder`; provenance: paths of what is known of the origin of the raw data.

    Raises TunebookError if `folder` holds no runs.csv: without runs there is nothing to report.
    """
    folder = Path(folder)
    if not (folder / "runs.csv").is_file():
        raise TunebookError(
            f"{folder}: found no runs.csv; allowed: the results folder of a finished study"
        )
    frames = {name: read_table(folder, name) for name in COLUMNS}
    best = folder / "best.json"
    return Results(
        folder=folder,
        best=read_json(best) if best.is_file() else {},
        provenance=[whole_provenance(read_json(path)) for path in provenance],
        **frames,
    )


def whole_provenance(about):
    """The provenance of a dataset with every key that the report speaks of; "" where unknown."""
    about = {**dict.fromkeys(("title", "citation", "licence", "note"), ""), "files": [], **about}
    about["title"] = about["title"] or about.get("dataset", "unnamed data")
    file = dict.fromkeys(("name", "address", "bytes", "sha256", "retrieved", "verified_by"), "")
    return about | {"files": [{**file, **each} for each in about["files"]]}


def read_table(folder, name):
    """One table as a frame with at least the columns that the report uses."""
    columns = COLUMNS[name].split()
    path = folder / (f"{name}.parquet" if name == "history" else f"{name}.csv")
    if not path.is_file() or path.stat().st_size == 0:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
    try:
        if name == "history":
            frame = pd.read_parquet(path).astype({"run": str})
        else:
            # A baseline or a run may be called "nan" or "None"; only an empty cell is missing.
            frame = pd.read_csv(path, dtype=AS_TEXT, keep_default_na=False, na_values=[""])
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise TunebookError(
            f"{path}: not a whole table ({error}); delete it and run again"
        ) from None
    texts = {key: frame[key].fillna("") for key in AS_TEXT if key in frame}
    absent = {column: pd.NA for column in columns if column not in frame}
    return frame.assign(**texts, **absent)
