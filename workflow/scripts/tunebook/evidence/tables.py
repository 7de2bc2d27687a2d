"""The tables of a results folder: read once for everybody, and made by `gather`.

A small study may have no timing, no Gaussian network, no claim; what reads it still has to work. So
an absent table is an empty one, and an absent column is blank.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ..data.description import same_rows
from ..jobs import TunebookError, read_json
from ..search.chain import FINISHED
from ..study.parameters import columns, in_a_cell, in_table_order, parameter
from ..tasks import TASKS, column
from . import measures, words
from .intervals import Interval, groups, mean_interval, median_range, scale
from .rows import over_rows

COLUMNS = {
    "runs": "run problem sweeps replicate diverged_at parameters metric",
    "history": "run replicate epoch train_loss train_metric validation_loss validation_metric",
    "timing": "run sweeps problem repetition seconds_per_epoch seconds_per_prediction",
    "baselines": "problem baseline replicate fit_seconds",
    "cost": "run first last started finished train_seconds job_seconds threads",
    "rows": "run replicate values shifted",
    "ensembles": "run problem way members metric value low high rows",
    "predictions": "run problem replicate row target prediction variance",
    "misread": "run replicate row target prediction probability pixels",
    "trials": "search trial generation run state epochs_trained value seconds core_seconds best "
    "again again_replicates",
    "importance": "problem among hyper_parameter share explained runs reason",
}
PARQUET = ("history", "rows", "predictions", "misread")


@dataclass(frozen=True)
class Run:
    """One configuration with its replicates.

    settings: the hyper-parameters that it has, as plain values. diverged: the epoch in which each
    replicate diverged, or None. parameters: how many are trained. label: unique in its problem.
    """

    name: str
    problem: str
    sweeps: tuple
    settings: dict
    replicates: tuple
    diverged: tuple
    parameters: int | None
    label: str = ""

    @property
    def n(self):
        return len(self.replicates)

    @property
    def network(self):
        return words.network(self.settings)

    @property
    def row(self):
        """The run as one flat dictionary: run, problem, sweeps, hyper-parameters."""
        about = {"run": self.name, "problem": self.problem, "sweeps": list(self.sweeps)}
        return about | self.settings


@dataclass
class Results:
    """A results folder: its tables as frames; study.json, claims.json and the provenance of each
    dataset as plain values. What `runs` and `history` have besides their files: see `add_errors`.
    """

    folder: Path
    study: dict
    claims: list
    provenance: list
    runs: pd.DataFrame
    history: pd.DataFrame
    timing: pd.DataFrame
    baselines: pd.DataFrame
    cost: pd.DataFrame
    rows: pd.DataFrame
    ensembles: pd.DataFrame
    predictions: pd.DataFrame
    misread: pd.DataFrame
    trials: pd.DataFrame
    importance: pd.DataFrame

    def __post_init__(self):
        runs = self.runs.groupby("run", sort=False)
        self.measured = {name: rows.sort_values("replicate") for name, rows in runs}
        parameters = self.study["parameters"]
        # {run's name: Run}, in the order of runs.csv
        self.by_name = {name: run_of(rows, parameters) for name, rows in self.measured.items()}
        for problem in self.problems:
            ours = [run for run in self.by_name.values() if run.problem == problem]
            for name, label in words.labels(ours).items():
                self.by_name[name] = replace(self.by_name[name], label=label)
        self.known_measures = {}

    @property
    def problems(self):
        return list(self.study["problems"])

    def problem(self, name):
        """What study.json says of a problem, and its name."""
        return {"name": name} | self.study["problems"][name]

    def members(self, sweep):
        """The names of a sweep's runs, in its order; none if there is no such sweep."""
        runs = self.study["sweeps"].get(sweep, {}).get("runs", [])
        return [name for name in runs if name in self.by_name]

    @property
    def searches(self):
        """{sweep: what its search was asked for} of those sweeps that are searches."""
        sweeps = self.study["sweeps"].items()
        return {name: about["search"] for name, about in sweeps if about.get("search")}

    @property
    def ablations(self):
        """{sweep: its changes, and which run has which} of those sweeps that are ablations."""
        sweeps = self.study["sweeps"].items()
        return {name: about["ablation"] for name, about in sweeps if about.get("ablation")}

    def trials_of(self, sweep):
        """The trials of a search in the order in which they finished, one row each.

        Hyper-parameters are plain values, None where a trial has none.
        """
        rows = self.trials[self.trials["search"] == sweep].sort_values(
            "core_seconds", kind="stable"
        )
        space = self.searches.get(sweep, {}).get("space", {})
        cells = {name: [*map(setting, rows[name])] for name in space if name in rows}
        plain = {name: pd.Series(each, rows.index, object) for name, each in cells.items()}
        return rows.assign(**plain)

    def finalists_of(self, sweep):
        """[(Run, its trial)] of the trials of a search that were trained again."""
        trials = self.trials_of(sweep).sort_values("trial")
        first = trials[trials["state"] == FINISHED].drop_duplicates("run")
        rows = {row["run"]: row for _, row in first.iterrows()}
        return [(self.run(name), rows[name]) for name in self.members(sweep) if name in rows]

    def best(self, problem):
        """The name of the run that was chosen for a problem, "" where none was."""
        return (self.study["problems"].get(problem, {}).get("best") or {}).get("run", "")

    def validated(self, problem):
        """Whether some run of a problem leaves rows for validation, by which one can be chosen."""
        ours = [run for run in self.by_name.values() if run.problem == problem]
        return any(measures.validates(run.settings) for run in ours)

    def run(self, name):
        """The Run of that name; TunebookError if there is none."""
        if name not in self.by_name:
            raise TunebookError(f"run: found {name}; allowed: a run of {self.folder / 'runs.csv'}")
        return self.by_name[name]

    @property
    def stand_ins(self):
        """The problems whose data were stood in for by made-up ones."""
        made_up = {each["dataset"] for each in self.provenance if each.get("kind") != "real"}
        return {name for name in self.problems if self.problem(name).get("dataset") in made_up}

    @property
    def timed(self):
        """The sweeps all of whose runs were timed alone."""
        sweeps = {name: self.members(name) for name in self.study["sweeps"]}
        return {name for name, runs in sweeps.items() if runs and {*runs} <= {*self.timing["run"]}}

    def diverged(self, runs):
        """How many replicates of some runs diverged."""
        return sum(at is not None for name in runs for at in self.run(name).diverged)

    @cached_property
    def histories(self):
        """{run's name: its rows of history.parquet, by replicate and epoch}."""
        rows = self.history.sort_values(["replicate", "epoch"])
        return dict(list(rows.groupby("run", sort=False, observed=True)))

    def curves(self, run, column):
        """A column of the history as [replicates, epochs], blank where not finite or ended."""
        if run not in self.histories:
            return np.full((0, 0), np.nan)
        rows = self.histories[run]
        table = rows.pivot(index="replicate", columns="epoch", values=column)
        values = table.reindex(columns=range(1, int(rows["epoch"].max()) + 1)).to_numpy(float)
        return np.where(np.isfinite(values), values, np.nan)

    def replicate_curves(self, run):
        """{replicate: curve} of a run, as functions of `measures` take them."""
        constants = self.values("constant_train_error", run)
        names = [name for name in self.history if name not in ("run", "replicate", "epoch")]
        rows = self.histories.get(run, self.history.iloc[:0])
        curves = {int(key): frame for key, frame in rows.groupby("replicate")}
        return {
            key: {"constant_train_error": constants[key]}
            | {name: frame[name].to_numpy(float) for name in names}
            for key, frame in curves.items()
        }

    def measure(self, name, run=None):
        """The Measure of that name on a Run (None: of the whole study)."""
        key = name, run and run.problem
        if key not in self.known_measures:
            self.known_measures[key] = measures.measure(name, run and self.problem(run.problem))
        return self.known_measures[key]

    def values(self, name, run=None):
        """{replicate or repetition: value} of a measure on a run (None: of the whole study).

        A replicate that diverged, and so has no final network, gets the worst value there is. All
        are blank where no rows were left to measure it on.
        """
        run = run and self.run(run)
        found = self.measure(name, run)
        if run and measures.lacks(found, run.settings):
            return dict.fromkeys(run.replicates, np.nan)
        if found.table == measures.STUDY:
            return {0: float((self.cost["job_seconds"] * self.cost["threads"]).sum())}
        if found.table == measures.TIMING:
            rows = self.timing[self.timing["run"] == run.name]
            whole = name == "training_seconds"
            seconds = rows["seconds_per_epoch" if whole else name].astype(float)
            seconds *= run.settings["epochs"] if whole else 1
            return dict(zip(rows["repetition"].astype(int), seconds.tolist(), strict=True))
        if found.table == measures.HISTORY:
            curves, epochs = self.replicate_curves(run.name), self.epochs_of(run.name)
            made = measures.CURVES[name]
            return {key: made(curve, epochs[key]) for key, curve in curves.items()}
        rows = self.measured[run.name]
        values = rows[name].to_numpy(float) if name in rows else np.full(run.n, np.nan)
        if found.final:
            lost = [at is not None for at in run.diverged] | np.isnan(values)
            values = np.where(lost, found.worst, values)
        return dict(zip(run.replicates, values.tolist(), strict=True))

    def finite(self, name, run):
        """The same, NaN where not finite: for means, tables and figures."""
        values = self.values(name, run)
        return {key: v if math.isfinite(v) else math.nan for key, v in values.items()}

    def interval(self, name, run=None, since=0):
        """The Interval of a measure over the replicates of a run that have a finite value.

        Of timings the median with its range; of the whole study its one number. since: the first
        replicate that counts (a search has chosen by those before).
        """
        if run is None:
            value = self.values(name)[0]
            return Interval(value, value, value, 1)
        about, values = self.measure(name, self.run(run)), self.finite(name, run).items()
        known = [value for key, value in values if key >= since and not math.isnan(value)]
        if about.table == measures.TIMING:
            return median_range(known)
        return mean_interval(known, *measures.bounds(about, self.run(run).settings))

    def groups(self, name, run):
        """The groups that the replicates of a run fall into by a measure, in words: `3 of 5 at
        17.89 %, 2 from 92.48 to 94.27 %`. "" where they do not; see `intervals.groups`.

        Those that read every row as one class are told, as the group that they are.
        """
        about = self.measure(name, self.run(run))
        values = {key: v for key, v in self.finite(name, run).items() if not math.isnan(v)}
        same = self.of_one_class(name, run) & {*values}
        limits = measures.bounds(about, self.run(run).settings)
        found = groups(list(values.values()), *limits)
        parts = [{k for k, v in values.items() if low <= v <= high} for _, low, high in found]
        parts = parts or [each for each in (same, {*values} - same) if each and same]
        told = []
        for part in parts:
            known = [values[key] for key in part]
            did = measures.ONE_CLASS if part <= same else ""
            told.append((len(part), min(known), max(known), did))
        return words.grouped(told, about.unit)

    def of_one_class(self, name, run):
        """The replicates of a run that read every row as one class, for a metric of a split.

        It is known without the predictions: of K classes one is always right and the others never,
        so the balanced accuracy is 1/K and, with the accuracy a, macro F1 is 2a / (1 + a) / K.
        """
        about = self.problem(self.run(run).problem)
        split, _, what = name.partition("_")
        metrics = {*map(column, TASKS[about["task"]].metrics), "metric", "error"}
        known = [f"{split}_{each}" for each in ("accuracy", "balanced_accuracy", "macro_f1")]
        rows = self.measured[run]
        if what not in metrics or not about.get("classes") or not {*known} <= {*rows}:
            return set()
        accuracy, balanced, f1 = (rows[each].to_numpy(float) for each in known)
        one = 1 / len(about["classes"])
        alike = np.isclose(balanced, one, 1e-6, 0) & np.isclose(
            f1, 2 * accuracy / (1 + accuracy) * one, 1e-6, 0
        )
        return {*rows["replicate"].to_numpy(int)[alike].tolist()}

    def overlap(self, problem, split):
        """Held-out rows over training rows, where each replicate splits the same rows anew; else 0.

        A file of test rows is the same for all, and so are the latest rows.
        """
        about = self.problem(problem)
        rows = about.get("rows")
        return rows[split] / rows["train"] if rows and not same_rows(about, split) else 0.0

    def error_over_rows(self, name, runs, logs=False, weights=(1.0, -1.0)):
        """What test rows add to the standard error of a mean: of one run, of the first of two less
        the second, or of any sum of runs; see `rows.over_rows`. None where there are no `rows_of`
        them.

        logs: of their logarithms, which to first order move by a share of the mean. weights: how
        much each run counts in the sum, one alone as it is.
        """
        judged = measures.judged(self.problem(self.run(runs[0]).problem))[0]
        shifted = name.startswith(measures.SHIFTED)
        if name.removeprefix(measures.SHIFTED) not in (
            "test_metric",
            "test_error",
            f"test_{judged}",
        ):
            return None
        kept = [self.rows_of(run, shifted) for run in runs]
        shared = sorted(set.intersection(*map(set, kept)))
        if not shared:
            return None
        values = [np.stack([each[replicate] for replicate in shared]) for each in kept]
        if logs:
            values = [each / each.mean(axis=1, keepdims=True) for each in values]
        return over_rows(sum(w * each for w, each in zip(weights, values, strict=False)))

    def seconds_of_one(self, run):
        """Core seconds that one replicate of a run took, start and end of its job included."""
        rows = self.cost[self.cost["run"] == run]
        seconds = (rows["job_seconds"] * rows["threads"]).sum()
        return float(seconds) / max(int((rows["last"] - rows["first"] + 1).sum()), 1)

    @cached_property
    def row_values(self):
        """{run's name: its rows of rows.parquet, by replicate}."""
        return dict(list(self.rows.sort_values("replicate").groupby("run", sort=False)))

    def rows_of(self, run, shifted=False):
        """{replicate: values [n]}: what each test row adds to the judged test metric of a run.

        Their means are its `test_metric`; shifted: its `shifted_test_metric`. Only where all
        replicates of the problem are tested on the same rows and the metric is a mean over them,
        and not of a replicate that diverged.
        """
        name = "shifted_test_metric" if shifted else "test_metric"
        known = {key for key, value in self.finite(name, run).items() if value == value}
        rows = self.row_values.get(run, self.rows.iloc[:0])
        kept = rows["shifted" if shifted else "values"]
        pairs = zip(rows["replicate"].astype(int), kept, strict=True)
        return {key: np.asarray(values, float) for key, values in pairs if key in known}

    def on_other_rows(self, run, name="test_metric"):
        """The Interval of a measure of a run on other test rows of the same kind.

        `interval` speaks of the rows that every replicate was tested on; this one is wider by what
        they bring. None where there are no `rows_of` the run, and of what is not the judged test
        metric, its error form or these over shifts.
        """
        known, rows = self.finite(name, run), self.rows_of(run, name.startswith(measures.SHIFTED))
        values = [known[key] for key in rows if key in known]
        limits = measures.bounds(self.measure(name, self.run(run)), self.run(run).settings)
        logs = scale(values, *limits) is np.log
        error = self.error_over_rows(name, [run], logs)
        return None if error is None else mean_interval(values, *limits, rows=error)

    def epochs_of(self, run):
        """{replicate: epochs} that its curve should have: as configured, or up to where it stopped
        by itself; one that diverged has fewer than these.
        """
        about = self.run(run)
        lost = dict(zip(about.replicates, about.diverged, strict=True))
        return {
            key: len(curve["train_loss"]) if lost[key] is None else about.settings["epochs"]
            for key, curve in self.replicate_curves(run).items()
        }

    def outcomes_of(self, run, margin=measures.LEARNED_MARGIN):
        """{replicate: `learned`, `failed` or `diverged`} of a run: see `measures.outcome`."""
        ends, about = self.values("train_error", run), self.run(run)
        lost = dict(zip(about.replicates, about.diverged, strict=True))
        found = {}
        for key, curve in self.replicate_curves(run).items():
            start, constant = curve["train_error"][0], curve["constant_train_error"]
            diverged = lost[key] is not None
            found[key] = measures.outcome(ends[key], constant, start, diverged, margin)
        return found


def outcomes(results, sweep):
    """How the replicates of each run of a sweep ended, one row a run; none if there is no sweep.

    Columns: run, its hyper-parameters, replicates, the shares that learned, failed and diverged,
    and outcome: the one of the three that more than half of them share, or `mixed`.
    """
    runs = [results.by_name[name] for name in results.members(sweep)]
    rows = []
    for run in runs:
        ends = list(results.outcomes_of(run.name).values())
        shares = {end: ends.count(end) / run.n for end in measures.OUTCOMES}
        most = next((end for end in measures.OUTCOMES if shares[end] > 0.5), "mixed")
        found = {"run": run.name, "replicates": run.n} | shares | {"outcome": most}
        rows.append(run.settings | found)
    settings = columns(run.settings for run in runs)
    names = ["run", *settings, "replicates", *measures.OUTCOMES, "outcome"]
    return pd.DataFrame(rows, columns=names)


def cost_summary(table):
    """What the study's training cost; None for a study without costs.

    Core-seconds of jobs and of training, its share, blocks, start and end (seconds since 1970), and
    busy: [(cores in use, seconds)]. Wall time is that in which something was trained, so that a
    study resumed a day later did not take a day.
    """
    if table.empty:
        return None
    rows = table.drop(columns="run").astype(float)
    ends = [(rows["started"], rows["threads"]), (rows["finished"], -rows["threads"])]
    events = sorted(event for at, change in ends for event in zip(at, change, strict=True))
    busy, cores, before = defaultdict(float), 0.0, events[0][0]
    for at, change in events:
        if at > before and round(cores):
            busy[round(cores)] += at - before
        cores, before = cores + change, at
    core_seconds, training = (
        float((rows[name] * rows["threads"]).sum()) for name in ("job_seconds", "train_seconds")
    )
    return {
        "core_seconds": core_seconds,
        "training_seconds": training,
        "share": training / core_seconds if core_seconds else math.nan,
        "wall_seconds": sum(busy.values()),
        "started": rows["started"].min(),
        "finished": rows["finished"].max(),
        "blocks": len(rows),
        "busy": sorted(busy.items()),
    }


def read_results(folder, provenance=()):
    """The Results in `folder`; provenance: paths of what is known of the origin of the raw data.

    Raises TunebookError if `folder` holds no study: without runs there is nothing to read.
    """
    folder = Path(folder)
    for name in ("runs.csv", "study.json"):
        if not (folder / name).is_file():
            raise TunebookError(
                f"{folder}: found no {name}; allowed: the results folder of a finished study"
            )
    study, claims = read_json(folder / "study.json"), folder / "claims.json"
    missing = [key for key in ("problems", "sweeps", "parameters") if key not in study]
    if missing:
        raise TunebookError(
            f"{folder / 'study.json'}: found no {missing[0]}; allowed: as this version of the "
            "workflow writes it; make the study again"
        )
    searches = [sweep for sweep in study["sweeps"].values() if "search" in sweep]
    spaces = in_table_order({key: None for sweep in searches for key in sweep["axes"]})
    named = dict.fromkeys(COLUMNS, study["parameters"]) | {"trials": spaces}
    tables = {name: read_table(folder, name, named[name]) for name in COLUMNS}
    if tables["runs"].empty:
        raise TunebookError(f"{folder / 'runs.csv'}: found no rows; allowed: one a replicate")
    add_errors(tables["runs"], tables["history"], study["problems"])
    claims = read_json(claims) if claims.is_file() else []
    provenance = [whole_provenance(read_json(path)) for path in provenance]
    return Results(folder, study, claims, provenance, **tables)


def read_table(folder, name, parameters):
    """One table of a results folder as a frame with at least the columns that everybody uses.

    parameters: the hyper-parameters of runs or trials, to tell text ("" for no layers, `full`) from
    numbers.
    """
    needed = COLUMNS[name].split() + (parameters if name in ("runs", "trials") else [])
    path = folder / f"{name}.{'parquet' if name in PARQUET else 'csv'}"
    text = {key: str for key in parameters if parameter(key).kind not in ("number", "integer")}
    if not path.is_file() or path.stat().st_size == 0:
        return pd.DataFrame(columns=needed)
    try:
        if name in PARQUET:
            frame = pd.read_parquet(path).astype({"run": str})
        else:
            # A run or baseline may be called "nan" or "None"; only an empty cell is missing.
            frame = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise TunebookError(
            f"{path}: not a whole table ({error}); delete it and run again"
        ) from None
    frame = frame.assign(**{key: np.nan for key in needed if key not in frame})
    return frame.fillna({key: "" for key in text if key in frame})


def add_errors(runs, history, problems):
    """Add the columns that follow from others, under names that all problems share.

    To runs `{split}_metric` and `{split}_error` of the judged metric, the same of the constant
    predictor and of networks averaged over shifts, relative_gap, calibration_error; to history
    train_error, validation_error.
    """
    for problem, rows in runs.groupby("problem", sort=False):
        chosen, metric = measures.judged(problems[problem])
        starts = [f"{c}{split}" for c in ("", "constant_") for split in measures.SPLITS]
        for start in (*starts, f"{measures.SHIFTED}test"):
            values = rows.get(f"{start}_{chosen}", np.nan)
            runs.loc[rows.index, f"{start}_metric"] = values
            runs.loc[rows.index, f"{start}_error"] = metric.error(values)
        ours = history["run"].isin(rows["run"])
        for split in ("train", "validation"):
            values = history.loc[ours, f"{split}_metric"].astype(float)
            history.loc[ours, f"{split}_error"] = metric.error(values)
    runs["relative_gap"] = runs["validation_error"] / runs["train_error"] - 1
    if "coverage_50" in runs and "coverage_90" in runs:
        off = (runs["coverage_50"] - 0.5).abs() + (runs["coverage_90"] - 0.9).abs()
        runs["calibration_error"] = off / 2


def whole_provenance(about):
    """The provenance of a dataset with every key that the report speaks of; "" where unknown."""
    about = {**dict.fromkeys(("title", "citation", "licence", "note"), ""), "files": [], **about}
    about["title"] = about["title"] or about.get("dataset", "unnamed data")
    file = dict.fromkeys(("name", "address", "bytes", "sha256", "retrieved", "verified_by"), "")
    return about | {"files": [file | each for each in about["files"]]}


def run_of(rows, parameters):
    """The Run of some rows of runs.csv, without its label."""
    first = rows.iloc[0]
    settings = {key: setting(first[key]) for key in parameters}
    return Run(
        name=first["run"],
        problem=first["problem"],
        sweeps=tuple(str(first["sweeps"]).split(";")),
        settings={key: value for key, value in settings.items() if value is not None},
        replicates=tuple(rows["replicate"].astype(int).tolist()),
        diverged=tuple(None if pd.isna(at) else int(at) for at in rows["diverged_at"]),
        parameters=None if pd.isna(first["parameters"]) else int(first["parameters"]),
    )


def setting(cell):
    """A cell of a table as the plain value of a hyper-parameter; None where it is blank."""
    if cell == "" or cell != cell:
        return None
    if cell in ("True", "False"):
        return cell == "True"
    try:
        value = float(cell)
    except ValueError:
        return cell
    if not math.isfinite(value):
        return cell
    return int(value) if value.is_integer() and abs(value) < 1e9 else value


# What follows makes the tables.

KEYS = ["run", "problem", "sweeps", "replicate", "seed"]
MADE = ["batch_rows", "epochs_run", "diverged_at", "parameters", "metric"]
TIMES = ["train_seconds", "seconds_per_epoch"]
# What study.json takes over of a problem's prepared data.
PREPARED = ("target", "unit", "target_range", "classes", "shape")


def runs_table(rows, evaluated, study):
    """runs.csv: one row a run and replicate, in the order of `rows`.

    rows: one dictionary a run: run, problem, sweeps (a list) and its hyper-parameters. evaluated:
    one frame a problem, as `evaluate` wrote it. study: its description (`problems`, `parameters`).
    """
    names = study["parameters"]
    described = pd.DataFrame(rows).assign(
        sweeps=[";".join(row["sweeps"]) for row in rows],
        metric=[measures.judged(study["problems"][row["problem"]])[0] for row in rows],
    )[["run", "problem", "sweeps", "metric", *names]]
    found = pd.concat(evaluated, ignore_index=True).sort_values("replicate", kind="stable")
    table = described.merge(found, on="run", validate="one_to_many")
    rest = [name for name in table if name not in {*KEYS, *names, *MADE, *TIMES}]
    # Counts are whole numbers even where some are missing.
    counts = MADE[:-1] + [name for name in names if parameter(name).kind == "integer"]
    return table[[*KEYS, *names, *MADE, *rest, *TIMES]].astype(dict.fromkeys(counts, "Int64"))


def joined(frames):
    """Frames one below the other; empty ones, which know no types, only where all are."""
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def history_table(blocks):
    """history.parquet: one row a run, replicate and epoch.

    blocks: pairs of a block's record and the frame of its history.csv.
    """
    frames = [frame.assign(run=record["run"]) for record, frame in blocks]
    table = pd.concat(frames, ignore_index=True).astype({"run": "category"})
    return table[["run", *table.columns.drop("run")]]


def cost_table(records):
    """cost.csv: one row a trained block, with the seconds its job and its training loop took."""
    table = pd.DataFrame(list(records)).sort_values("started")
    replicates, seconds = table["replicates"].str, table["finished"] - table["started"]
    table = table.assign(first=replicates[0], last=replicates[-1], job_seconds=seconds)
    # A job that went on from a trial's state has not trained its first epochs itself.
    table["train_seconds"] = table["train_seconds"].clip(upper=seconds)
    # As text: of a time since 1970, nine figures are ten seconds.
    times = {key: table[key].map("{:.3f}".format) for key in ("started", "finished")}
    return table.assign(**times)[COLUMNS["cost"].split()]


def trials_table(searches, again, study):
    """trials.csv: one row a trial of each search, in the order in which they were proposed.

    searches: what each search has left: its sweep, and all its trials. again: {search: {run: values
    of the judged metric on validation rows}} of finalists, in the replicates that they were trained
    again with. study: its description.

    value: the mean over the search's own replicates, after epochs_trained; blank where one of them
    diverged. best: of those that were trained to their end, so far. again: the mean over the other
    replicates. seconds: of training on one core, 0 where the same point was tried before;
    core_seconds: their sum so far.
    """
    rows, names = [], {}
    for found in searches:
        sweep = study["sweeps"][found["sweep"]]
        better = measures.judged(study["problems"][sweep["problem"]])[1].better
        names |= dict.fromkeys(sweep["axes"])
        seen, spent, best = set(), 0.0, math.nan
        for trial in found["trials"]:
            run, value = trial["run"], trial["value"]
            seconds = 0.0 if run in seen else trial["seconds"]
            spent += seconds
            if trial["state"] == FINISHED:
                best = (np.fmax if better == "higher" else np.fmin)(best, value)
            values = again.get(found["sweep"], {}).get(run, ()) if run not in seen else ()
            seen.add(run)
            rows.append(
                {
                    "search": found["sweep"],
                    **{key: trial[key] for key in ("trial", "generation", "run", "state")},
                    "epochs_trained": trial["epochs"],
                    "value": value,
                    "seconds": seconds,
                    "core_seconds": spent,
                    "best": best,
                    "again": float(np.mean(values)) if len(values) else math.nan,
                    "again_replicates": len(values),
                    **{key: in_a_cell(each) for key, each in trial["point"].items()},
                }
            )
    return pd.DataFrame(rows, columns=[*COLUMNS["trials"].split(), *in_table_order(names)])


def distinct(dictionaries):
    """Each of some dictionaries of texts once, in the order of their values."""
    return [dict(items) for items in sorted({tuple(each.items()) for each in dictionaries})]


def study_record(study, prepared, choices):
    """study.json: what everything after training knows of the study besides numbers.

    study: its description. prepared: {problem: (record of its prepared data, {split: rows of one
    replicate})}. choices: {problem: {run, sweep, candidates, validation_metric_mean}}, empty where
    none was chosen. Of images, whose inputs are nothing but pixels, no input is named.
    """
    problems = {}
    for name, about in study["problems"].items():
        record, counts = prepared[name]
        known = {key: record[key] for key in PREPARED}
        known["inputs"] = [] if record["shape"] else record["features"]
        problems[name] = about | known | {"rows": counts, "best": choices.get(name)}
    return study | {"problems": problems}
