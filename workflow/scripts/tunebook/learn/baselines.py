"""What an honest reader puts beside the networks: scikit-learn's own methods on the same splits.

Every method is fitted on the training rows, chooses from its grid by the validation rows and the
metric that judges the problem, and is then measured on all three splits by the metrics of the task.
Values to predict, or their logarithms, are fitted as standard scores of the training rows: some
methods have no intercept of their own, and to the others it makes no difference. Predictions are
brought back before anything is measured, so that errors are told as those of networks are.
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
from sklearn.gaussian_process.kernels import Kernel

from ..data.prepare import fit_scaling
from ..jobs import TunebookError
from ..tasks import TASKS, Ruler, column
from .augment import shifts

SPLITS = ("train", "validation", "test")
DOTTED = re.compile(r"(sklearn(?:\.[a-z]\w*)+)\.([A-Z]\w*)")
FITS = {"classification": is_classifier, "regression": is_regressor}


def estimators(about, task, seed, where):
    """The unfitted estimators that a baseline chooses from, one for each point of its grid.

    about: {estimator: dotted name of a scikit-learn class, arguments, grid: {argument: [values]}};
    a value may be an object of scikit-learn, or hold some: see `made`. seed: of what is random in
    it. where: the key, for messages. Raises TunebookError for a class that is not scikit-learn's or
    not for the task, and for an argument that it does not have.
    """
    dotted = about["estimator"]
    kind = find_class(dotted, f"{where}.estimator", BaseEstimator)
    grid = about.get("grid", {})
    check_known(kind, grid, f"{where}.grid")
    given = [
        about.get("arguments", {}) | dict(zip(grid, point, strict=True))
        for point in itertools.product(*grid.values())
    ]
    found = [made({"estimator": dotted, "arguments": each}, seed, where) for each in given]
    if not FITS[task](found[0]):
        raise TunebookError(
            f"configuration: {where}.estimator: found {dotted}; allowed: a method for {task}"
        )
    return found


def made(value, seed, where):
    """The value of an argument, with the objects of scikit-learn that it holds.

    An object, such as the kernel of a Gaussian process or the members of an ensemble, is said as a
    baseline is: {estimator: dotted name, arguments: {...}}, which may hold further ones.
    """
    if isinstance(value, list):
        return [made(each, seed, f"{where}[{i}]") for i, each in enumerate(value)]
    if not isinstance(value, dict) or "estimator" not in value:
        return value
    if more := ", ".join(sorted(value.keys() - {"estimator", "arguments"})):
        raise TunebookError(f"configuration: {where}: found {more}; allowed: estimator, arguments")
    dotted, given = value["estimator"], value.get("arguments", {})
    kind = find_class(dotted, f"{where}.estimator", (BaseEstimator, Kernel))
    known = check_known(kind, given, f"{where}.arguments")
    given = {name: made(each, seed, f"{where}.arguments.{name}") for name, each in given.items()}
    chance = {"random_state": seed} if "random_state" in known else {}
    try:
        return kind(**chance | given)
    except TypeError as error:
        raise TunebookError(f"configuration: {where}.arguments: {dotted}: {error}") from None


def check_known(kind, names, where):
    """The arguments that a class has; TunebookError for a name that is none of them."""
    known = inspect.signature(kind).parameters
    for name in names:
        if name not in known:
            raise TunebookError(
                f"configuration: {where}: found {name}; allowed: {', '.join(known) or 'none'}"
            )
    return known


def find_class(dotted, where, bases):
    """The scikit-learn class with a dotted name; TunebookError for anything else."""
    kind = None
    if match := DOTTED.fullmatch(str(dotted)):
        with suppress(ImportError):
            kind = getattr(importlib.import_module(match[1]), match[2], None)
    if not (isinstance(kind, type) and issubclass(kind, bases)):
        raise TunebookError(
            f"configuration: {where}: found {dotted}; allowed: the dotted name of a class of "
            "scikit-learn, such as sklearn.linear_model.LogisticRegression"
        )
    return kind


def fit_baselines(problem, settings, arrays, record, seed):
    """One row of baselines.csv a baseline, as a list of dictionaries.

    settings: the problem's task, metric and baselines: {name: {estimator, arguments, grid, scale,
    target, virtual}}; see `Rows`. arrays, record: as prepared, test rows among them, which are
    looked at once, after the choice. Columns: problem, baseline, {split}_{metric} for every metric
    of the task, fit_seconds (with the choice), failure (why it could not be fitted to these rows,
    and then there are no metrics).
    """
    rows = []
    for name, about in settings["baselines"].items():
        where = f"problems.{problem}.baselines.{name}"
        candidates = estimators(about, settings["task"], seed, where)
        known = {"problem": problem, "baseline": name}
        data = Rows(settings["task"], about, arrays, record, where)
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
    best, validated = choose(candidates, data, metric)
    seconds = time.perf_counter() - started
    known = {"validation": validated}
    metrics = {
        f"{split}_{column(name)}": value
        for split in SPLITS
        for name, value in (known.get(split) or data.metrics(best, split)).items()
    }
    return metrics | {"fit_seconds": seconds}


def choose(candidates, data, metric):
    """Fit every candidate: (the one with the best validation metric, its validation metrics).

    Of ties the first, and where none has a metric too.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [data.fit(candidate) for candidate in candidates]
    found = [data.metrics(each, "validation") for each in fitted]
    errors = [data.task.metrics[metric].error(each[metric]) for each in found]
    best = int(np.nanargmin([*errors, np.inf])) % len(fitted)
    return fitted[best], found[best]


class Rows:
    """A replicate's inputs and targets by split, as a baseline takes them.

    about: of the baseline. `scale`: `min-max` or `standard`, else inputs are as prepared. `target`:
    `log` fits the logarithm of the values, and what is predicted is then rather their median than
    their mean. `virtual`: `support-vectors` fits a second time, to the support vectors of the first
    and to copies of them that are shifted by a pixel to each of the four sides: an image means the
    same a pixel further on (Schoelkopf, Burges and Vapnik, "Incorporating Invariances in Support
    Vector Learning Machines", ICANN 1996). It takes a fraction of the time of fitting to shifted
    copies of all rows. Raises TunebookError where the rows or the method do not allow it.
    """

    def __init__(self, task, about, arrays, record, where):
        self.task, self.classes = TASKS[task], len(record["classes"] or ())
        self.about, self.record, self.where = about, record, where
        scale = about.get("scale", "none")
        how = {"task": task, "scale_inputs": scale, "scale_target": "standard"}
        self.raw, self.in_logarithms = arrays["train_x"], about.get("target") == "log"
        self.y = {split: arrays[f"{split}_y"] for split in SPLITS}
        fitted = self.y["train"]
        if self.in_logarithms:
            if fitted.min() <= 0:
                raise TunebookError(
                    f"configuration: {where}.target: found log, and a target of {fitted.min():g}; "
                    "allowed: as-is, or targets above 0"
                )
            fitted = np.log(fitted)
        self.scaling = fit_scaling(how, arrays | {"train_y": fitted}, record)
        # Double again, since some methods solve equations that are nearly singular.
        self.inputs = lambda x: x if scale == "none" else self.scaling.inputs(x).astype(x.dtype)
        self.x = {split: self.inputs(arrays[f"{split}_x"]) for split in SPLITS}
        self.fitted = fitted
        if not self.classes:
            self.fitted = (fitted - self.scaling.target_offset) / self.scaling.target_factor
        size = torch.tensor([self.scaling.target_range], dtype=torch.float64)
        self.ruler = Ruler(size, size)

    def fit(self, estimator):
        """The estimator, fitted to the training rows."""
        estimator.fit(self.x["train"], self.fitted)
        if "virtual" in self.about:
            if not (self.record["shape"] and hasattr(estimator, "support_")):
                raise TunebookError(
                    f"configuration: {self.where}.virtual: found {self.about['virtual']}; allowed: "
                    "of images, with a method that has support vectors, such as sklearn.svm.SVC"
                )
            some = estimator.support_
            shape, paper = self.record["shape"], self.record["range"][0]
            raw = torch.from_numpy(self.raw[some])
            copies = self.inputs(torch.cat([raw, *shifts(raw, shape, paper)]).numpy())
            estimator.fit(copies, np.tile(self.fitted[some], len(copies) // len(some)))
        return estimator

    def outputs(self, estimator, split):
        """(what a network's outputs would be, [1, n, outputs]; whether they are probabilities)."""
        x = self.x[split]
        if not self.classes:
            found = self.scaling.restore(estimator.predict(x))
            found = np.exp(found) if self.in_logarithms else found
            return torch.from_numpy(found)[None, :, None], True
        outputs = np.full((len(x), self.classes), -np.inf)
        if hasattr(estimator, "predict_proba"):
            with np.errstate(divide="ignore"):
                outputs[:, estimator.classes_] = np.log(estimator.predict_proba(x))
            return torch.from_numpy(outputs)[None], True
        outputs[np.arange(len(x)), estimator.predict(x)] = 0
        return torch.from_numpy(outputs)[None], False

    def metrics(self, estimator, split):
        """{metric: value}; blank where one needs probabilities or rows that there are not."""
        if not len(self.y[split]):
            return dict.fromkeys(self.task.metrics, np.nan)
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
