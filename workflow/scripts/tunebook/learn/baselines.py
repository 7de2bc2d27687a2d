"""What an honest reader puts beside the networks: scikit-learn's own methods on the same splits.

Every method is fitted on the training rows, chooses from its grid by the validation rows and the
metric that judges the problem, and is then measured on all three splits by the metrics of the task.
Targets are scaled by the range of the training rows, and errors are told as those of networks are.
"""

import importlib
import inspect
import itertools
import re
import time
import warnings
from contextlib import suppress

import numpy as np
import torch
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning

from ..data.prepare import fit_scaling
from ..jobs import TunebookError
from ..tasks import TASKS, Ruler, column

SPLITS = ("train", "validation", "test")
DOTTED = re.compile(r"(sklearn(?:\.[a-z]\w*)+)\.([A-Z]\w*)")
FITS = {"classification": is_classifier, "regression": is_regressor}


def estimators(about, task, seed, where):
    """The unfitted estimators that a baseline chooses from, one for each point of its grid.

    about: {estimator: dotted name of a scikit-learn class, arguments, grid: {argument: [values]}}.
    seed: of what is random in it. where: the key, for messages. Raises TunebookError for a class
    that is not scikit-learn's or not for the task, and for an argument that it does not have.
    """
    dotted = about["estimator"]
    kind = find_class(dotted, f"{where}.estimator")
    known = inspect.signature(kind).parameters
    given, grid = about.get("arguments", {}), about.get("grid", {})
    for key, names in (("arguments", given), ("grid", grid)):
        for name in names:
            if name not in known:
                raise TunebookError(
                    f"configuration: {where}.{key}: found {name}; allowed: {', '.join(known)}"
                )
    chance = {"random_state": seed} if "random_state" in known else {}
    points = itertools.product(*grid.values())
    try:
        found = [kind(**chance, **given | dict(zip(grid, p, strict=True))) for p in points]
    except TypeError as error:
        raise TunebookError(f"configuration: {where}.arguments: {dotted}: {error}") from None
    if not FITS[task](found[0]):
        raise TunebookError(
            f"configuration: {where}.estimator: found {dotted}; allowed: a method for {task}"
        )
    return found


def find_class(dotted, where):
    """The scikit-learn class with a dotted name; TunebookError for anything else."""
    kind = None
    if match := DOTTED.fullmatch(dotted):
        with suppress(ImportError):
            kind = getattr(importlib.import_module(match[1]), match[2], None)
    if not (isinstance(kind, type) and issubclass(kind, BaseEstimator)):
        raise TunebookError(
            f"configuration: {where}: found {dotted}; allowed: the dotted name of a class of "
            "scikit-learn, such as sklearn.linear_model.LogisticRegression"
        )
    return kind


def fit_baselines(problem, settings, arrays, record, seed):
    """One row of baselines.csv a baseline, as a list of dictionaries.

    settings: the problem's task, metric and baselines: {name: {estimator, arguments, grid, scale}};
    scale: `min-max` or `standard`, else inputs are as prepared. arrays, record: as prepared, test
    rows among them, which are looked at once, after the choice. Columns: problem, baseline,
    {split}_{metric} for every metric of the task, fit_seconds (with the choice), failure (why it
    could not be fitted to these rows, and then there are no metrics).
    """
    rows = []
    for name, about in settings["baselines"].items():
        where = f"problems.{problem}.baselines.{name}"
        candidates = estimators(about, settings["task"], seed, where)
        known = {"problem": problem, "baseline": name}
        data = Rows(settings["task"], about.get("scale", "none"), arrays, record)
        try:
            found = measure(candidates, data, settings["metric"])
        except TypeError as error:  # what scikit-learn says of a value that an argument cannot have
            raise TunebookError(f"configuration: {where}: {error}") from None
        except ValueError as error:
            found = {"failure": str(error).splitlines()[0]}
        rows.append(known | found)
    return rows


def measure(candidates, data, metric):
    """What baselines.csv says of the best of some estimators."""
    started = time.perf_counter()
    best = choose(candidates, data, metric)
    seconds = time.perf_counter() - started
    metrics = {
        f"{split}_{column(name)}": value
        for split in SPLITS
        for name, value in data.metrics(best, split).items()
    }
    return metrics | {"fit_seconds": seconds}


def choose(candidates, data, metric):
    """Fit every candidate; the one with the best validation metric, of ties the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [candidate.fit(data.x["train"], data.y["train"]) for candidate in candidates]
    if len(fitted) == 1:
        return fitted[0]
    judge = data.task.metrics[metric]
    errors = [judge.error(data.metrics(each, "validation")[metric]) for each in fitted]
    return fitted[int(np.nanargmin([*errors, np.inf])) % len(fitted)]


class Rows:
    """A replicate's inputs and targets by split, as scikit-learn takes them."""

    def __init__(self, task, scale, arrays, record):
        self.task, self.classes = TASKS[task], len(record["classes"] or ())
        how = {"task": task, "scale_inputs": scale, "scale_target": "range"}
        scaling = fit_scaling(how, arrays, record)
        self.ruler = Ruler(
            torch.tensor([scaling.unit], dtype=torch.float64),
            torch.tensor([scaling.target_range], dtype=torch.float64),
        )
        self.x, self.y = {}, {}
        for split in SPLITS:
            x, y = arrays[f"{split}_x"], arrays[f"{split}_y"]
            self.x[split] = x if scale == "none" else scaling.inputs(x)
            self.y[split] = y if self.classes else y / scaling.target_factor

    def outputs(self, estimator, split):
        """(what a network's outputs would be, [1, n, outputs]; whether they are probabilities)."""
        x = self.x[split]
        if not self.classes:
            return torch.from_numpy(estimator.predict(x))[None, :, None], True
        outputs = np.full((len(x), self.classes), -np.inf)
        if hasattr(estimator, "predict_proba"):
            with np.errstate(divide="ignore"):
                outputs[:, estimator.classes_] = np.log(estimator.predict_proba(x))
            return torch.from_numpy(outputs)[None], True
        outputs[np.arange(len(x)), estimator.predict(x)] = 0
        return torch.from_numpy(outputs)[None], False

    def metrics(self, estimator, split):
        """{metric: value}; blank where a metric needs probabilities that there are not."""
        outputs, probable = self.outputs(estimator, split)
        targets = torch.from_numpy(self.y[split])[None]
        if not self.classes:
            targets = targets[..., None]
        return {
            name: float(metric.function(outputs, targets, self.ruler))
            if probable or metric.unit != "nats"
            else np.nan
            for name, metric in self.task.metrics.items()
        }
