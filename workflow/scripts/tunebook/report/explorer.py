"""What the run explorer is made of: a plain table for every reader, and data for its charts."""

import base64
import gzip
import json
import math
from functools import cache

import numpy as np

from ..evidence import measures, words

EPOCHS_KEPT = 120
EPOCHS_KEPT_OF_MANY = 36
MANY_RUNS = 250
DRAWN_FIRST = 3  # runs whose curves are drawn before the reader chooses
CURVES = ("train_loss", "validation_loss", "train_metric", "validation_metric")


def explorer(view):
    """{problem: what the explorer shows of it}."""
    found = {}
    for name in view.problems:
        runs = [run for run in view.runs.values() if run.problem == name]
        if runs:
            importance = view.results.importance
            rows = importance[importance["problem"] == name].to_dict("records")
            found[name] = {
                "runs": runs,
                "columns": shown_parameters(runs),
                "sweeps": list(dict.fromkeys(sweep for run in runs for sweep in run.sweeps)),
                "importance": rows,
                "reason": rows[0]["reason"] if rows and isinstance(rows[0]["reason"], str) else "",
                "data": charts_data(view, name, runs),
            }
    return found


def shown_parameters(runs):
    """The hyper-parameters that get a column: those that vary and are not in a network's name.

    A network of the study's own is named by its class alone, so its arguments get columns.
    """
    own = words.varying([run for run in runs if run.settings.get("model") == "module"])
    named = set(words.NETWORK) - (set(own) - {"model", "module"})
    return [key for key in words.varying(runs) if key not in named]


def json_text(value):
    """A setting as JavaScript writes it in a text, so that it finds it again."""
    return str(value).lower() if isinstance(value, bool) else words.plain(value)


def shown_measures(view, problem, runs):
    """{name: Measure} that a chart can have on an axis: those that some run has."""
    known = measures.measures(view.problems[problem])
    chosen = [f"{split}_metric" for split in ("test", "validation", "train")] + ["gap"]
    same = ("test_error", "test_metric", f"test_{measures.judged(view.problems[problem])[0]}")
    chosen += [name for name in known if name.startswith("test_") and name not in same]
    names = [*chosen, "validation_loss", "train_loss"]
    return {name: known[name] for name in names if any(view.of(name, run).n for run in runs)}


def charts_data(view, problem, runs):
    """The runs of one problem as plain values for the charts and filters.

    choices: {hyper-parameter: [[value as text, as a reader says it], ...]}, in order.
    """
    values = {}
    for key in dict.fromkeys(key for run in runs for key in run.settings):
        found = {run.settings[key] for run in runs if key in run.settings}
        values[key] = sorted(found, key=lambda value: (isinstance(value, str), value))
    axes = [
        {"key": key, "label": view.label(key), "number": all(map(is_number, values[key]))}
        for key in words.varying(runs)
    ]
    if len({run.parameters for run in runs if run.parameters}) > 1:
        axes.append({"key": "parameters", "label": "Trained parameters", "number": True})
    shown = shown_measures(view, problem, runs)
    error = measures.measure("validation_error", view.problems[problem])
    return {
        "metric": view.metric(problem),
        "better": measures.judged(view.problems[problem])[1].better,
        "error": view.axis(error, problem),
        "axes": axes,
        "measures": [
            {"key": name, "label": view.axis(each, problem), "share": each.unit == "share"}
            for name, each in shown.items()
        ],
        "choices": {key: [[json_text(v), view.say(key, v)] for v in values[key]] for key in values},
        "labels": {key: view.label(key) for key in values},
        "runs": [run_data(view, run, shown) for run in runs],
        "first": [run.name for run in view.ranked([run.name for run in runs])[:DRAWN_FIRST]],
    }


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def run_data(view, run, shown):
    """One run for the charts; settings as written, measures as [mean, low, high]."""
    more = {} if run.parameters is None else {"parameters": run.parameters}
    return {
        "id": run.name,
        "label": run.label,
        "sweeps": run.sweeps,
        "n": run.n,
        "diverged": sum(at is not None for at in run.diverged),
        "values": run.settings | more,
        "measures": {name: [rounded(v) for v in view.of(name, run).found[:3]] for name in shown},
        "replicates": {
            name: [rounded(value) for value in view.of(name, run).values]
            for name in (f"{split}_metric" for split in measures.SPLITS)
        },
        "alone": rounded(view.of("training_seconds", run).found.centre),
        "seconds": rounded(view.of("train_seconds", run).found.centre),
    }


def rounded(value, places=4):
    """A number with few places for JSON; None for what is not finite."""
    if not words.known(value):
        return None
    value = float(f"{float(value):.{places}g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def kept_epochs(last, most):
    """Which epochs (from 1) of a long curve are kept: the first third closely, then evenly."""
    if last <= most:
        return np.arange(1, last + 1)
    early = np.arange(1, most // 3 + 1)
    late = np.linspace(early[-1], last, most - len(early) + 1).round().astype(int)
    return np.unique(np.concatenate([early, late]))


def curves_data(results):
    """{run: {epochs, and for each of CURVES [mean, lowest, highest]}}.

    Means and extremes are over the replicates that are still finite at an epoch; where none is,
    there is a gap (null).
    """
    most = EPOCHS_KEPT_OF_MANY if len(results.by_name) > MANY_RUNS else EPOCHS_KEPT
    data = {}
    for name in results.by_name:
        curves = {column: results.curves(name, column) for column in CURVES}
        if curves["train_loss"].size:
            epochs = kept_epochs(curves["train_loss"].shape[1], most)
            data[name] = {"epochs": epochs.tolist()}
            data[name] |= {column: band(values[:, epochs - 1]) for column, values in curves.items()}
    return data


def band(values):
    """[mean, lowest, highest] over replicates of `values` [replicates, epochs], blanks left out."""
    known = np.isfinite(values)
    count = np.where(known.any(axis=0), known.sum(axis=0), math.nan)
    with np.errstate(over="ignore"):
        mean = np.where(known, values, 0).sum(axis=0) / count
    low, high = np.where(known, values, math.inf).min(0), np.where(known, values, -math.inf).max(0)
    return [[rounded(value) for value in line] for line in (mean, low, high)]


def packed(text):
    """Text as gzip in base64, the same for the same text; the browser unpacks it itself."""
    data = text if isinstance(text, bytes) else text.encode()
    return base64.b64encode(gzip.compress(data, compresslevel=9, mtime=0)).decode()


def packed_json(value):
    return packed(json.dumps(value, separators=(",", ":"), allow_nan=False))


@cache
def charting_library():
    """The source of Plotly's JavaScript, from the pinned Python package, packed."""
    from plotly.offline import get_plotlyjs

    return packed(get_plotlyjs())
