"""What can be measured on a run: every measure with its unit, its better side and its condition.

Most follow from the metrics of the problem's task: a column of runs.csv for each metric and split
(`test_balanced_accuracy`), and, for the metric that the problem is judged by, `test_metric` and
`test_error` (its error form: one minus it where higher is better). These three of images also say
how a network does that is averaged over shifts (`shifted_test_metric`): over the test image and its
four shifts by one pixel. The others are listed here.

A problem is one entry of study.json's `problems`, a dictionary; used are `task`, `metric`, `unit`
and, where they are known, `inputs` and `shape`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ..jobs import TunebookError
from ..study.parameters import PARAMETERS
from ..tasks import TASKS, column

# What the names of measures of a network averaged over shifts begin with.
SHIFTED = "shifted_"
SPLITS = {"train": "training", "validation": "validation", "test": "test"}
# Where values come from: columns of runs.csv, curves of history.parquet, timing.csv, or the study
# as a whole (cost.csv).
RUNS, HISTORY, TIMING, STUDY = "runs", "history", "timing", "study"

# By how much a replicate must beat the constant predictor to have learned.
LEARNED_MARGIN = 0.1
OUTCOMES = ("learned", "failed", "diverged")
# Why no run of a problem is the best.
NO_VALIDATION = "no run leaves rows for validation"
# What a classifier did that never looks at its inputs.
ONE_CLASS = "read every row as one class"


@dataclass(frozen=True)
class Measure:
    """A named number of a run and replicate.

    label: in a sentence. unit: see `words`, or the target's own. better: `lower`, `higher`, or ""
    where no side is. least, most: what it can be. table: where it comes from. losses: those that a
    run must have been trained with, empty for any. positive: whether its formula needs a loss that
    is never negative. final: whether it is of the final network, which a replicate that diverged
    does not have. shared: measured beside other jobs, so that it can be shown but not compared.
    split: the held-out rows that it is measured on, "" for none.
    """

    name: str
    label: str
    unit: str = ""
    better: str = "lower"
    least: float = 0.0
    most: float = math.inf
    table: str = RUNS
    losses: tuple = ()
    positive: bool = False
    final: bool = True
    shared: bool = False
    split: str = ""

    @property
    def worst(self):
        """What a replicate that diverged, and so has no final network, counts as."""
        return {"lower": math.inf, "higher": -math.inf, "": math.nan}[self.better]


VARIANCE = {"losses": ("gaussian",), "split": "test"}  # what needs a predicted variance
COUNT = {"unit": "count", "better": "", "final": False}
LISTED = {
    each.name: each
    for each in (
        Measure("parameters", "trained parameters", **COUNT),
        Measure("batch_rows", "rows of a batch", **COUNT),
        Measure("epochs_run", "epochs run", **COUNT),
        Measure("train_loss", "training loss", "loss"),
        Measure("validation_loss", "validation loss", "loss", split="validation"),
        Measure("test_loss", "test loss", "loss", split="test"),
        # validation_error / train_error - 1
        Measure(
            "relative_gap",
            "relative gap (of the training error) between training and validation",
            "share",
            least=-math.inf,
            split="validation",
        ),
        Measure("test_mean_variance", "mean predicted variance", "squared ranges", "", **VARIANCE),
        # the 95th percentile of the predicted standard deviations over the 5th
        Measure(
            "variance_spread", "spread of predicted deviations", "times", "higher", 1.0, **VARIANCE
        ),
        Measure("coverage_50", "coverage of 50 % intervals", "share", "", most=1.0, **VARIANCE),
        Measure("coverage_90", "coverage of 90 % intervals", "share", "", most=1.0, **VARIANCE),
        # (|coverage_50 - 0.5| + |coverage_90 - 0.9|) / 2
        Measure("calibration_error", "calibration error", "share", most=1.0, **VARIANCE),
        Measure("train_seconds", "time of training", "seconds", final=False, shared=True),
        Measure("seconds_per_epoch", "time of an epoch", "seconds", table=TIMING),
        # of a row, of many that are predicted one after the other
        Measure("seconds_per_prediction", "time of a prediction", "seconds", table=TIMING),
        # seconds_per_epoch times the configured epochs
        Measure("training_seconds", "time of training", "seconds", table=TIMING),
        # all jobs that trained, times their threads
        Measure("core_seconds", "core time", "seconds", table=STUDY),
    )
}
# Rank correlations with one of the inputs, over the test rows: {start of the name: its measure}.
RANKS = {
    each.name: each
    for each in (
        Measure("rank_variance_", "predicted variance", **VARIANCE),
        Measure("rank_squared_residual_", "squared residual", split="test"),
    )
}
# Measures of training curves: {name: function}, filled below.
CURVES = {}


def judged(problem):
    """(column, Metric) of the metric that a problem is judged by."""
    task = TASKS[problem["task"]]
    name = problem.get("metric") or task.metric
    return column(name), task.metrics[name.replace("_", "-")]


def held_out(split):
    return "" if split == "train" else split


def measures(problem):
    """{name: Measure} of every measure of a problem, but for those over one of its inputs."""
    chosen, metric = judged(problem)
    own = problem.get("unit") or ""
    unit = own if metric.unit == "target" else metric.unit
    least, most = sorted((metric.error(metric.least), metric.error(metric.most)))
    found = LISTED | {
        "gap": Measure(
            "gap",
            "absolute gap between training and validation",
            unit,
            least=-math.inf,
            split="validation",
        ),
    }
    for split, words in SPLITS.items():
        for name, each in TASKS[problem["task"]].metrics.items():
            name = f"{split}_{column(name)}"
            found[name] = Measure(
                name, f"{words} {each.label}", own if each.unit == "target" else each.unit,
                each.better, each.least, each.most, split=held_out(split),
            )  # fmt: skip
        label = ("1 − " if metric.better == "higher" else "") + f"{words} {metric.label}"
        label = f"{words} error rate" if metric.label == "accuracy" else label
        found[f"{split}_metric"] = replace(found[f"{split}_{chosen}"], name=f"{split}_metric")
        found[f"{split}_error"] = Measure(
            f"{split}_error", label, unit, "lower", least, most, split=held_out(split)
        )
        for what in (chosen, "metric", "error"):
            same, name = found[f"{split}_{what}"], f"constant_{split}_{what}"
            label = f"{same.label} of the constant predictor"
            found[name] = replace(same, name=name, label=label, better="", final=False)
    for what in (chosen, "metric", "error") if problem.get("shape") else ():
        same, name = found[f"test_{what}"], f"{SHIFTED}test_{what}"
        label = f"{same.label} of one network averaged over shifts"
        found[name] = replace(same, name=name, label=label)
    return found


def measure(name, problem=None):
    """The Measure of that name on a problem (None: of the whole study); TunebookError if none."""
    known = measures(problem) if problem else {}
    known = known or {key: each for key, each in LISTED.items() if each.table == STUDY}
    inputs = [each["name"] for each in (problem or {}).get("inputs") or []]
    for start, each in RANKS.items():
        of = name.removeprefix(start)
        if problem and of != name and (of in inputs or not inputs):
            label = f"rank correlation of {each.label} and {of}"
            found = replace(each, name=name, label=label, unit="rank correlation", better="")
            return replace(found, least=-1.0, most=1.0)
        known |= {f"{start}{of}": each for of in inputs}
    if name not in known:
        raise TunebookError(f"metric: found {name}; allowed: one of {', '.join(sorted(known))}")
    return known[name]


def check(name, row, problem, timed=()):
    """Raise TunebookError unless a measure can be compared on a run.

    row: `run`, `sweeps` and hyper-parameters of the run. timed: the sweeps whose runs are timed.
    """
    found, run, loss, why = measure(name, problem), row["run"], row.get("loss"), ""
    if found.table == STUDY:
        why = f"{name} is of the whole study; it takes no `of`"
    elif found.shared:
        why = f"found {name}, measured beside other jobs; allowed: training_seconds"
    elif found.losses and loss not in found.losses:
        needed = " or ".join(found.losses)
        why = f"{name} needs runs with loss = {needed}; found {run} with {loss}"
    elif found.table == TIMING and not {*timed} & {*row["sweeps"]}:
        there = ", ".join(sorted(timed)) or "empty"
        why = f"{name} needs runs that are timed alone; {run} is in no sweep of timing.sweeps "
        why += f"({there})"
    if why:
        raise TunebookError(f"metric: {why}")
    if found.split == "validation":
        check_validates(f"metric: {name}", row)
    if found.positive:
        check_positive(f"metric: {name}", row)


def check_positive(what, row):
    """Raise TunebookError where a formula with ratios meets a loss that can be negative."""
    if signed(row):
        raise TunebookError(
            f"{what} needs a loss that is never negative; found {row['run']} with "
            f"loss = {row['loss']}"
        )


def check_validates(what, row):
    """Raise TunebookError where what is asked of a run takes validation rows, and it left none."""
    if not validates(row):
        raise TunebookError(
            f"{what} needs runs with fit_on = training; found {row['run']}, fitted on development "
            "rows"
        )


def validates(settings):
    """Whether a run with these settings has rows left for validation."""
    return settings.get("fit_on") != "development"


def lacks(measure, settings):
    """Whether a run with these settings has no rows that a Measure is taken on."""
    return measure.split == "validation" and not validates(settings)


def signed(settings):
    """Whether the loss of a run can fall below zero."""
    choice = PARAMETERS["loss"].choices.get(settings.get("loss"))
    return choice is not None and choice.signed


def bounds(measure, settings):
    """(least, most) that a measure can be on a run with these settings."""
    free = measure.unit == "loss" and signed(settings)
    return (-math.inf if free else measure.least), measure.most


# What a training curve says, as one number. A curve is a dictionary of arrays [epochs run]:
# train_loss (the mean over the epoch's batches), validation_loss, train_error, validation_error
# (error forms of the judged metric); and one number, constant_train_error. `epochs` is how many
# were configured; a replicate that diverged has fewer, the last of which may not be finite.


def of_curves(label, unit, **more):
    """Make a function (curve, epochs) -> number a measure of that label and unit."""

    def kept(function):
        CURVES[function.__name__] = function
        about = Measure(function.__name__, label, unit, table=HISTORY, **more)
        LISTED[about.name] = about
        return function

    return kept


# The end of training is the last epoch, and what is measured there (`train_loss`) is of the final
# network. Where that would be the luck of one epoch, a measure is a mean of the last tenth, and its
# label says so.
LAST = "mean of the last tenth"


def tenth(epochs):
    """A tenth of the configured epochs, rounded up."""
    return math.ceil(epochs / 10)


def mean_of(values, needed):
    """The mean of `values`, infinite where one is missing or not finite."""
    whole = len(values) == needed and np.isfinite(values).all()
    return float(np.mean(values)) if whole else math.inf


@of_curves(f"training loss ({LAST})", "loss")
def final_train_loss(curve, epochs):
    """Training loss, mean over the last tenth of the epochs."""
    return mean_of(curve["train_loss"][epochs - tenth(epochs) : epochs], tenth(epochs))


@of_curves(f"validation loss ({LAST})", "loss", split="validation")
def final_validation_loss(curve, epochs):
    """Validation loss, mean over the last tenth of the epochs."""
    return mean_of(curve["validation_loss"][epochs - tenth(epochs) : epochs], tenth(epochs))


@of_curves("training loss (end of the first tenth)", "loss")
def early_train_loss(curve, epochs):
    """Training loss in the last epoch of the first tenth: how low it soon is."""
    return mean_of(curve["train_loss"][tenth(epochs) - 1 : tenth(epochs)], 1)


@of_curves("training loss (mean of all epochs)", "loss")
def mean_train_loss(curve, epochs):
    """Training loss, mean over all epochs: the area under the curve divided by its length."""
    return mean_of(curve["train_loss"], epochs)


@of_curves("roughness of the training loss", "share", positive=True)
def roughness(curve, epochs):
    """How far, typically, an epoch's training loss lies off the line between its neighbours.

    With l_e = ln(training loss of epoch e), but for the first tenth of the epochs: the mean over e
    of | l_e - (l_{e-1} + l_{e+1}) / 2 |. A fall by the same factor every epoch has 0; 0.05 means
    about 5 %. Infinite for a replicate that diverged, 0 with fewer than three epochs left.
    """
    losses = curve["train_loss"]
    if len(losses) < epochs or not np.isfinite(losses).all():
        return math.inf
    # A loss of exactly 0 (all rows fitted) has no logarithm; it is as smooth as its neighbours.
    logs = np.log(np.maximum(losses[tenth(epochs) :], np.finfo(float).tiny))
    if len(logs) < 3:
        return 0.0
    return float(np.abs(logs[1:-1] - (logs[:-2] + logs[2:]) / 2).mean())


@of_curves(
    f"rise of the validation loss ({LAST}) after its lowest value",
    "share", positive=True, split="validation",
)  # fmt: skip
def validation_rise(curve, epochs):
    """How far the validation loss ends (its last tenth) above its lowest value, as a share of that.

    A curve whose lowest value lies in that tenth still falls: it has no rise, whatever the mean of
    a falling line is. After a loss of exactly 0, any other is infinitely higher.
    """
    losses, end = curve["validation_loss"], final_validation_loss(curve, epochs)
    if not math.isfinite(end):
        return math.inf
    turning = int(np.argmin(losses))
    if turning >= epochs - tenth(epochs) or not end:
        return 0.0
    return end / float(losses[turning]) - 1 if losses[turning] else math.inf


@of_curves("epochs until learned", "epochs")
def epochs_to_learn(curve, epochs):
    """The first epoch whose training error is at most a tenth of the constant predictor's, or
    infinite.
    """
    reached = np.flatnonzero(curve["train_error"] <= 0.1 * curve["constant_train_error"])
    return float(reached[0] + 1) if len(reached) else math.inf


def overshoot(curve, around, window):
    """The largest rise of the training loss near an epoch that a later epoch undoes.

    Of every epoch e with |e - around| <= window: how far its loss lies above the lowest one before
    it, as a share of that, if some later epoch goes below it again. 0 where none does.
    """
    losses, largest = curve["train_loss"], 0.0
    for epoch in range(max(around - window, 2), min(around + window, len(losses) - 1) + 1):
        before, after = losses[: epoch - 1].min(), losses[epoch:].min()
        if after < before:
            largest = max(largest, losses[epoch - 1] / before - 1)
    return float(largest)


def overfits(curve, epochs, rise):
    """Whether the validation loss ends at least `rise` (a share) above its lowest value, and the
    training loss (its last tenth) below what it was in the epoch of that value.

    A replicate that diverged does not overfit: its training loss did not fall.
    """
    end, turning = final_train_loss(curve, epochs), int(np.argmin(curve["validation_loss"]))
    falls = math.isfinite(end) and end < curve["train_loss"][turning]
    return falls and validation_rise(curve, epochs) >= rise


def outcome(error, constant, first, diverged=False, margin=LEARNED_MARGIN):
    """`learned`, `failed` or `diverged`: how the training of a replicate ended.

    error, constant, first: the training error at the end, of the constant predictor, and after the
    first epoch. To learn is to end at least `margin` (a share) below the constant predictor; to
    diverge, besides a loss that is not finite, to end more than twice as wrong as that and more
    wrong than one began: what is as wrong because it is still on its way has failed.
    """
    if diverged or math.isnan(error):
        return "diverged"
    if error < (1 - margin) * constant:
        return "learned"
    return "diverged" if error > 2 * constant and error > first else "failed"
