"""What the run explorer is made of: a plain table for every reader, and data for its charts."""

import base64
import gzip
import json
from collections import Counter
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from ..evidence import measures, words
from ..study.parameters import columns, parameter

EPOCHS_KEPT = 56
EPOCHS_KEPT_OF_MANY = 36
MANY_RUNS = 250
DRAWN_FIRST = 3  # runs whose curves are drawn before the reader chooses
DROPPED_BITS = 12  # of a single-precision number on a curve, which leaves 1 part in 4,096
CURVES = ("train_loss", "validation_loss", "train_metric", "validation_metric")
PARAMETERS_LABEL = "Trained parameters"
# The measures that get a column, and those that are there without rows for validation.
OTHER_COLUMNS = {"test_metric": "Test", "train_metric": "Training"}
COLUMNS = {"validation_metric": "Validation", **OTHER_COLUMNS, "gap": "Gap"}


def explorer(view):
    """{problem: what the explorer shows of it}."""
    found = {}
    for name in view.problems:
        runs = view.ranked(run.name for run in view.runs.values() if run.problem == name)
        if not runs:
            continue
        found[name] = {
            "runs": runs,
            "columns": shown_parameters(runs),
            "validated": view.validated(runs),
            "measures": COLUMNS if view.validated(runs) else OTHER_COLUMNS,
            "data": charts_data(view, name, runs),
            "words": run_words(view, name, runs),
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
    """The runs of one problem, as they are ranked, as plain values for the charts and filters.

    choices: {hyper-parameter: [[value as JavaScript writes it, as a reader says it], ...]}, in
    order. shared: the settings in which all runs agree. asked: the axes in the order in which the
    study asked about them: those in which most runs differ alone first, a network's size last.
    judged: what charts show first, and time is held against: validation, or the test where no run
    leaves rows for validation. splits: the headings of `replicates`, see `run_words`.
    """
    values = {}
    for key in columns(run.settings for run in runs):
        found = {run.settings[key] for run in runs if key in run.settings}
        values[key] = sorted(found, key=in_order)
    axes = [
        {
            "key": key,
            "label": view.label(key),
            "number": all(type(value) in (int, float) for value in values[key]),
            "lines": lines(runs, key),
        }
        for key in words.varying(runs)
    ]
    if len({run.parameters for run in runs if run.parameters}) > 1:
        axes.append({"key": "parameters", "label": PARAMETERS_LABEL, "number": True, "lines": []})
    shown = shown_measures(view, problem, runs)
    split = "validation" if view.validated(runs) else "test"
    error = measures.measure(f"{split}_error", view.problems[problem])
    sweeps = list(dict.fromkeys(sweep for run in runs for sweep in run.sweeps))
    everywhere = [key for key in values if all(key in run.settings for run in runs)]
    shared = {key: values[key][0] for key in everywhere if len(values[key]) == 1}
    keys = short_names(view.runs)
    return {
        "metric": view.metric(problem),
        "better": measures.judged(view.problems[problem])[1].better,
        "judged": f"{split}_metric",
        "error": view.axis(error, problem),
        "splits": list(view.splits(runs).values()),
        "axes": axes,
        "measures": [
            {"key": name, "label": view.axis(each, problem), "share": each.unit == "share"}
            for name, each in shown.items()
        ],
        "choices": {key: [[script(v), view.say(key, v)] for v in values[key]] for key in values},
        "labels": {key: view.label(key) for key in values} | {"parameters": PARAMETERS_LABEL},
        "asked": [each["key"] for each in sorted(axes, key=by_interest)],
        "sweeps": sweeps,
        "shared": shared,
        "runs": [
            run_data(view, run, shown, shared)
            | {"key": keys[run.name], "sweeps": [sweeps.index(each) for each in run.sweeps]}
            for run in runs
        ],
        "first": [run.name for run in runs[:DRAWN_FIRST]],
    }


def by_interest(axis):
    """Where an axis stands among others that a chart could show first."""
    return axis["key"] in (*words.NETWORK, "parameters"), -sum(map(len, axis["lines"]))


def in_order(value):
    """By which values of one hyper-parameter are sorted: numbers first."""
    return isinstance(value, str), value


def short_names(names):
    """{run: what the page's address calls it}: the hash at its name's end where that is enough."""
    ends = {name: name.rpartition("-")[2] for name in names}
    many = Counter(ends.values())
    return {name: end if many[end] == 1 else name for name, end in ends.items()}


def drawn(view, names):
    """{problem: (how many of these runs it has, the explorer's state with them chosen)}."""
    short, found = short_names(view.runs), {}
    for name in names:
        if name in view.runs:
            found.setdefault(view.runs[name].problem, []).append(short[name])
    return {
        problem: (len(keys), urlencode({"problem": problem, "runs": ",".join(keys)}, safe=","))
        for problem, keys in found.items()
    }


def lines(runs, key):
    """[[places among `runs`]] of those that differ in one hyper-parameter only, by its values.

    What is the default where it is, or is not there, makes no difference, and neither does what
    says the same in other words: lists of widths and channels, and depth and width.
    """
    about, groups = parameter(key), {}
    same = [
        name
        for name in words.varying(runs)
        if parameter(name).kind == "integers"
        and about.derived
        or parameter(name).derived
        and about.kind == "integers"
    ]
    for place, run in enumerate(runs):
        others = frozenset(
            pair
            for pair in run.settings.items()
            if pair[0] not in (key, *same) and words.unusual(pair[0], run.settings)
        )
        if key in run.settings:
            groups.setdefault(others, []).append(place)
    ordered = [
        sorted(group, key=lambda place: in_order(runs[place].settings[key]))
        for group in groups.values()
    ]
    return [g for g in ordered if len({runs[place].settings[key] for place in g}) > 1]


def script(value):
    """A setting as JavaScript writes it in a text."""
    return str(value).lower() if isinstance(value, bool) else words.plain(value)


def run_data(view, run, shown, shared):
    """One run for the charts; settings as written, measures as [mean, low, high]."""
    more = {} if run.parameters is None else {"parameters": run.parameters}
    return {
        "id": run.name,
        "label": run.label,
        "n": run.n,
        "diverged": sum(at is not None for at in run.diverged),
        "values": {key: run.settings[key] for key in run.settings if key not in shared} | more,
        "measures": [rounded(view.of(name, run).found[:3]) for name in shown],
        "alone": rounded(view.of("training_seconds", run).found[:1])[0],
        "seconds": rounded(view.of("train_seconds", run).found[:1])[0],
    }


def run_words(view, problem, runs):
    """{run: its measures and its replicates' metrics as the tables say them}.

    measures: in the order of `shown_measures`, "" where none is finite; replicates: [number, and
    its metric on each of the problem's splits] of each.
    """
    shown = shown_measures(view, problem, runs)
    metrics = [f"{split}_metric" for split in view.splits(runs)]
    found = {}
    for run in runs:
        each = [view.of(name, run) for name in shown]
        ends = [(view.results.finite(name, run.name), view.of(name, run).unit) for name in metrics]
        found[run.name] = {
            "measures": [
                one.text + (f" ({one.interval})" if one.interval else "") if one.n else ""
                for one in each
            ],
            "replicates": [
                [str(key), *(words.show(values.get(key), unit) for values, unit in ends)]
                for key in run.replicates
            ],
        }
    return found


def rounded(values):
    """Numbers with four significant figures for JSON; None for what is not finite."""
    return [json.loads(f"{value:.4g}") if words.known(value) else None for value in values]


def kept_epochs(last, most):
    """Where the bins of a curve end: every epoch, or the first third closely, then evenly."""
    if last <= most:
        return np.arange(1, last + 1)
    early = np.arange(1, most // 3 + 1)
    late = np.linspace(early[-1], last, most - len(early) + 1).round().astype(int)
    return np.unique(np.concatenate([early, late]))


def curves_data(results):
    """{run: {epochs: the last one, or those kept of a long curve; and for each of CURVES the lines
    mean, lowest, highest, as `coded`}}.

    Means are over the replicates that are still finite at an epoch; where none is, there is a gap.
    Lowest and highest are over all replicates and, where not every epoch is kept, over all epochs
    since the one kept before, so that no peak is lost. Where they add nothing, they are left out.
    """
    most = EPOCHS_KEPT_OF_MANY if len(results.by_name) > MANY_RUNS else EPOCHS_KEPT
    data = {}
    for name in results.histories:
        curves = {column: results.curves(name, column) for column in CURVES}
        last = curves["train_loss"].shape[1]
        epochs = kept_epochs(last, most)
        data[name] = {"epochs": last if len(epochs) == last else epochs.tolist()}
        for column, values in curves.items():
            found = band(values, epochs)
            alone = len(values) == 1 and len(epochs) == last
            data[name][column] = [coded(line) for line in (found[:1] if alone else found)]
    return data


def band(values, epochs):
    """Mean, lowest and highest [3, kept] over replicates of `values` [replicates, epochs].

    epochs [kept]: those at which a bin ends, from 1. What is not finite is left out.
    """
    table = pd.DataFrame(values).where(np.isfinite(values))
    bins = np.searchsorted(epochs, np.arange(1, table.shape[1] + 1))
    mean = table.mean().iloc[epochs - 1]
    return np.array([mean, table.min().groupby(bins).min(), table.max().groupby(bins).max()])


def coded(line):
    """Numbers as differences of whole numbers, which pack small; None for what is not finite.

    A whole number is the upper bits of a single-precision number, so that its error is relative and
    any range fits.
    """
    bits = np.asarray(line, dtype=np.float32).view(np.int32).astype(np.int64)
    whole = (bits + (1 << DROPPED_BITS - 1)) >> DROPPED_BITS
    found, before = [], 0
    for value, finite in zip(whole.tolist(), np.isfinite(line), strict=True):
        found.append(value - before if finite else None)
        before = value if finite else before
    return found


def packed(content):
    """Bytes as gzip in base64, the same for the same bytes; the browser unpacks them itself."""
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode()


def packed_json(value):
    return packed(json.dumps(value, separators=(",", ":"), allow_nan=False).encode())
