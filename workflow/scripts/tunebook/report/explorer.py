"""What the run explorer is made of: a plain table for every reader, and data for its charts."""

import base64
import gzip
import json
from functools import cache

import numpy as np
import pandas as pd

from ..evidence import measures, words

EPOCHS_KEPT = 120
EPOCHS_KEPT_OF_MANY = 36
MANY_RUNS = 250
DRAWN_FIRST = 3  # runs whose curves are drawn before the reader chooses
CURVES = ("train_loss", "validation_loss", "train_metric", "validation_metric")
METRICS = tuple(f"{split}_metric" for split in measures.SPLITS)


def explorer(view):
    """{problem: what the explorer shows of it}."""
    found = {}
    for name in view.problems:
        runs = [run for run in view.runs.values() if run.problem == name]
        if not runs:
            continue
        importance = view.results.importance.astype({"reason": object}).fillna({"reason": ""})
        rows = importance[importance["problem"] == name]
        found[name] = {
            "runs": runs,
            "columns": shown_parameters(runs),
            "sweeps": list(dict.fromkeys(sweep for run in runs for sweep in run.sweeps)),
            "importance": rows.to_dict("records"),
            "data": charts_data(view, name, runs),
        }
    return found


def shown_parameters(runs):
    """The hyper-parameters that get a column: those that vary and are not in a network's name.

    A network of the study's own is named by its class alone, so its arguments get columns.
    """
    own = words.varying([run for run in runs if run.settings.get("model") == "module"])
    named = {*words.NETWORK} - ({*own} - {"model", "module"})
    return [key for key in words.varying(runs) if key not in named]


def shown_measures(view, problem, runs):
    """{name: Measure} that a chart can have on an axis: those that some run has."""
    about = view.problems[problem]
    known, judged = measures.measures(about), f"test_{measures.judged(about)[0]}"
    others = [name for name in known if name.startswith("test_")]
    first = ("test_metric", "validation_metric", "train_metric", "gap")
    names = dict.fromkeys([*first, *others, "validation_loss", "train_loss"])
    for same in ("test_error", judged):
        del names[same]
    return {name: known[name] for name in names if any(view.of(name, run).n for run in runs)}


def charts_data(view, problem, runs):
    """The runs of one problem as plain values for the charts and filters.

    choices: {hyper-parameter: [[value as JavaScript writes it, as a reader says it], ...]}, in
    order.
    """
    values = {}
    for key in dict.fromkeys(key for run in runs for key in run.settings):
        found = {run.settings[key] for run in runs if key in run.settings}
        values[key] = sorted(found, key=lambda value: (isinstance(value, str), value))
    axes = [
        {
            "key": key,
            "label": view.label(key),
            "number": all(type(value) in (int, float) for value in values[key]),
        }
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
        "choices": {key: [[script(v), view.say(key, v)] for v in values[key]] for key in values},
        "labels": {key: view.label(key) for key in values},
        "runs": [run_data(view, run, shown) for run in runs],
        "first": [run.name for run in view.ranked([run.name for run in runs])[:DRAWN_FIRST]],
    }


def script(value):
    """A setting as JavaScript writes it in a text."""
    return str(value).lower() if isinstance(value, bool) else words.plain(value)


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
        "measures": {name: rounded(view.of(name, run).found[:3]) for name in shown},
        "replicates": {name: rounded(view.of(name, run).values) for name in METRICS},
        "alone": rounded(view.of("training_seconds", run).found[:1])[0],
        "seconds": rounded(view.of("train_seconds", run).found[:1])[0],
    }


def rounded(values):
    """Numbers with four significant figures for JSON; None for what is not finite."""
    return [json.loads(f"{value:.4g}") if words.known(value) else None for value in values]


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
    for name in results.histories:
        curves = {column: results.curves(name, column) for column in CURVES}
        epochs = kept_epochs(curves["train_loss"].shape[1], most)
        data[name] = {"epochs": epochs.tolist()}
        data[name] |= {column: band(values[:, epochs - 1]) for column, values in curves.items()}
    return data


def band(values):
    """[mean, lowest, highest] over replicates of `values` [replicates, epochs], blanks left out."""
    table = pd.DataFrame(values)
    return [rounded(line) for line in (table.mean(), table.min(), table.max())]


def packed(content):
    """Bytes as gzip in base64, the same for the same bytes; the browser unpacks them itself."""
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode()


def packed_json(value):
    return packed(json.dumps(value, separators=(",", ":"), allow_nan=False).encode())


@cache
def charting_library():
    """The source of Plotly's JavaScript, from the pinned Python package, packed."""
    from plotly.offline import get_plotlyjs

    return packed(get_plotlyjs().encode())
