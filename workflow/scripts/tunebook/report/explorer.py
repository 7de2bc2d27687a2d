"""What the run explorer is made of: a plain table for every reader, and data for its charts."""

import base64
import gzip
import json

import numpy as np

from . import numbers
from .runs import DERIVED, HYPER_PARAMETERS, LISTS, layers, varying

# What a chart can have on an axis besides hyper-parameters: column -> words
MEASURES = {
    "test_metric": "Test {metric}",
    "validation_metric": "Validation {metric}",
    "train_metric": "Training {metric}",
    "gap": "Gap between training and validation",
    "test_loss": "Test loss",
    "validation_loss": "Validation loss",
    "train_loss": "Training loss",
    "test_rmse_dollars": "Test error (root mean square, $)",
}
METRIC_WORDS = {"accuracy": "accuracy", "mse": "error (MSE, scaled)"}
SHOWN = ["train_metric", "validation_metric", "test_metric"]

EPOCHS_KEPT = 60
EPOCHS_KEPT_OF_MANY = 36
MANY_RUNS = 250


def table_columns(runs):
    """The hyper-parameters that the table gives a column: those that vary and are not in the
    network's name."""
    return [key for key in varying(runs) if key not in {*DERIVED, *LISTS, "model"}]


def filters(runs):
    """[(key, words, [(value as text, words)])]: what the table can be filtered by."""
    found = []
    for key in varying(runs):
        if key == "width":
            continue
        values = {run.settings[key] for run in runs if key in run.settings}
        ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
        plain = [numbers.plain(value) for value in ordered]
        found.append((key, HYPER_PARAMETERS[key], [(text, shown(key, text)) for text in plain]))
    return found


def shown(key, text):
    """A filter's value as it is shown: equal widths as `100 × 5`."""
    return layers(text) if key == "widths" else text


def charts_data(runs, alone):
    """The runs of one problem as plain values for the charts.

    alone: {run: seconds of one epoch with the machine to itself}.
    """
    metric = runs[0].metric
    axes = [
        {"key": key, "label": HYPER_PARAMETERS[key], "number": is_numeric(runs, key)}
        for key in varying(runs)
    ]
    if len({run.parameters for run in runs if run.parameters}) > 1:
        axes.append({"key": "parameters", "label": "Trained parameters", "number": True})
    measures = [
        {"key": key, "label": words.format(metric=METRIC_WORDS.get(metric, metric))}
        for key, words in MEASURES.items()
        if any(numbers.known(run.measure(key).mean) for run in runs)
    ]
    return {
        "metric": metric,
        "higher_is_better": metric == "accuracy",
        "metric_words": METRIC_WORDS.get(metric, metric),
        "axes": axes,
        "measures": measures,
        "runs": [run_data(run, measures, alone.get(run.name)) for run in runs],
    }


def is_numeric(runs, key):
    return all(isinstance(run.settings.get(key, 0), int | float) for run in runs)


def run_data(run, measures, alone):
    """One run for the charts; settings as written, measures as [mean, low, high]."""
    seconds = run.measure("train_seconds").mean
    epochs = run.settings.get("epochs")
    values = dict(run.settings)
    if run.parameters is not None:
        values["parameters"] = run.parameters
    return {
        "id": run.name,
        "label": run.label,
        "sweeps": run.sweeps,
        "n": run.n,
        "diverged": sum(at is not None for at in run.diverged),
        "values": values,
        "measures": {
            each["key"]: [rounded(value) for value in (m.mean, m.low, m.high)]
            for each in measures
            if (m := run.measure(each["key"]))
        },
        "replicates": {key: [rounded(value) for value in run.measure(key).values] for key in SHOWN},
        "alone": rounded(alone * epochs) if alone and epochs else None,
        "seconds": rounded(seconds),
    }


def rounded(value, digits=4):
    """A number with few digits for JSON; None for what is not finite."""
    if not numbers.known(value):
        return None
    value = float(f"{float(value):.{digits}g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def kept_epochs(last, most):
    """Which epochs (from 1) of a long curve are kept: the first third closely, then evenly."""
    if last <= most:
        return np.arange(1, last + 1)
    early = np.arange(1, most // 3 + 1)
    late = np.linspace(early[-1], last, most - len(early) + 1).round().astype(int)
    return np.unique(np.concatenate([early, late]))


def curves_data(history, names):
    """{run: {epochs, and for each column of the history [mean, lowest, highest]}}.

    Means and extremes are over the replicates that are still finite at an epoch; where none is,
    there is a gap (null).
    """
    most = EPOCHS_KEPT_OF_MANY if len(names) > MANY_RUNS else EPOCHS_KEPT
    columns = ["train_loss", "validation_loss", "train_metric", "validation_metric"]
    wanted = history[history["run"].isin(set(names))]
    data = {}
    for run, rows in wanted.groupby("run", sort=False, observed=True):
        epochs = kept_epochs(int(rows["epoch"].max()), most)
        data[str(run)] = {"epochs": epochs.tolist()}
        for column in columns:
            values = rows.pivot(index="replicate", columns="epoch", values=column)
            values = values.reindex(columns=epochs).to_numpy(float)
            data[str(run)][column] = band(np.where(np.isfinite(values), values, np.nan))
    return data


def band(values):
    """[mean, lowest, highest] over replicates of `values` [replicates, epochs]."""
    count = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.where(count, np.nansum(values, axis=0) / count, np.nan)
        low = np.where(count, np.nanmin(np.where(count, values, 0), axis=0), np.nan)
        high = np.where(count, np.nanmax(np.where(count, values, 0), axis=0), np.nan)
    return [[rounded(value) for value in line] for line in (mean, low, high)]


def packed(text):
    """Text as gzip in base64, the same for the same text; the browser unpacks it itself."""
    data = text if isinstance(text, bytes) else text.encode()
    return base64.b64encode(gzip.compress(data, compresslevel=9, mtime=0)).decode()


def packed_json(value):
    return packed(json.dumps(value, separators=(",", ":"), allow_nan=False))


def charting_library():
    """The source of Plotly's JavaScript, from the pinned Python package."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
