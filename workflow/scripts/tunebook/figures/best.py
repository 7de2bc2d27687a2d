"""The best model of each problem: its training, and standard methods beside it."""

import numpy as np
import pandas as pd

from . import dots, layout, marks, points, style
from .curves import NOTHING, note
from .drawn import Panel, together
from .labels import number
from .marks import Curve

PROBLEMS = ("digits", "houses")
NAMES = {
    "handout": "hand-out stand-in",
    "rbf-svm": "RBF SVM",
    "nearest-neighbours": "k nearest neighbours",
}


def best_models(tables):
    """Training and validation error of both best models over the epochs."""
    found = {problem: error_curves(tables, problem) for problem in PROBLEMS}
    foot = note(*found.values())
    figure, axes = layout.panels(2, height=2.2, right=0.8, foot=foot)
    parts = [
        best_panel(ax, tables, problem, letter, found[problem])
        for ax, problem, letter in zip(axes, PROBLEMS, "ab", strict=True)
    ]
    return together(figure, "The two best models over the epochs", parts, foot)


def error_curves(tables, problem):
    """Training and validation error of the best run: share wrong in %, or MSE."""
    run = tables.best_run(problem)
    rows = tables.of_run(run)
    ends = tuple(sorted(rows["diverged_at"].dropna().astype(int)))
    curves = []
    for part, name in (("train", "training"), ("validation", "validation")):
        values = tables.curves(run, f"{part}_metric")
        if (rows["metric"] == "accuracy").any():
            values = 100 * (1 - values)
        curves.append(Curve(name, run, values, style.SPLITS[part], "solid", ends))
    return curves if run else []


def best_panel(ax, tables, problem, letter, curves):
    """The two curves of one problem's best model."""
    title = f"{problem.capitalize()}: best model"
    rows = tables.of_run(tables.best_run(problem))
    if not marks.draw_curves(ax, curves):
        text = (
            "No run has a finite value."
            if curves
            else f"The study chooses no best {problem} model."
        )
        layout.head(ax, letter, title)
        layout.say_missing(ax, text)
        return Panel(NOTHING, f"{title}: {text}")
    measure = points.error_unit(rows, "").strip()
    layout.head(ax, letter, title, measure)
    data = pd.concat([curve.frame() for curve in curves]).assign(measure=measure)
    sentence = f"{title}. {marks.describe_curves(curves, measure)}"
    return Panel(data, sentence, (curves[0].run,))


def baselines(tables):
    """Test error of the best models and of standard methods on the same splits."""
    rows = tables.runs[tables.runs["run"].isin([tables.best_run(p) for p in PROBLEMS])]
    foot = points.note(rows, "Test set, each replicate on its own split.")
    figure, axes = layout.panels(2, height=1.9, right=0.62, left=1.5, foot=foot)
    parts = [
        baselines_panel(ax, tables, problem, letter)
        for ax, problem, letter in zip(axes, PROBLEMS, "ab", strict=True)
    ]
    return together(figure, "The two best models beside standard methods", parts, foot)


def baselines_panel(ax, tables, problem, letter):
    """One row a method, the best model first, the others from the least error."""
    best = tables.best_run(problem)
    rows = tables.of_run(best)
    title = problem.capitalize()
    methods = (
        [("best network", points.error_of(rows, "test_metric").to_numpy())] if len(rows) else []
    )
    metric = "accuracy" if problem == "digits" else "mse"
    others = tables.baselines[tables.baselines["problem"] == problem].assign(metric=metric)
    errors = others.assign(error=points.error_of(others, "test_metric")).groupby("baseline")[
        "error"
    ]
    methods += [(name, part.to_numpy()) for name, part in errors]
    handout = tables.sweep("handout")
    if problem == "digits" and len(handout):
        methods.append(("handout", points.error_of(handout, "test_metric").to_numpy()))
    methods = [
        (NAMES.get(name, name.replace("-", " ")), v) for name, v in methods if np.isfinite(v).any()
    ]
    if not methods:
        text = f"Neither a best {problem} model nor a baseline has a finite test error."
        layout.head(ax, letter, title)
        layout.say_missing(ax, text)
        return Panel(NOTHING, f"{title}: {text}")
    first = [m for m in methods if m[0] == "best network"]
    rest = sorted((m for m in methods if m[0] != "best network"), key=lambda m: np.nanmean(m[1]))
    return draw_methods(ax, letter, title, first + rest, metric, (best,) if first else ())


def draw_methods(ax, letter, title, methods, metric, runs):
    """Means with intervals along a horizontal axis, one row a method."""
    colors = [style.OTHER if name == "best network" else style.WITHOUT for name, _ in methods]
    columns = [values for _, values in methods]
    found = dots.points(ax, range(len(methods)), columns, colors, vertical=False)
    layout.named_ticks(ax, [name for name, _ in methods], axis="y")
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    highest = max(points.finite([*np.concatenate(columns), *points.ends_of(columns)]))
    ax.set_xlim(0, highest * 1.04)
    ax.xaxis.set_major_formatter(lambda value, _: number(value))
    ax.locator_params(axis="x", nbins=4)
    for place, (mean, _, _, _) in enumerate(found):
        ax.annotate(number(mean), (1, place), (4, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", size=7.5)  # fmt: skip
    measure = "test error (%)" if metric == "accuracy" else "test MSE (scaled units)"
    layout.head(ax, letter, title, measure)
    data = pd.DataFrame(found, columns=["mean", "low", "high", "replicates"])
    data.insert(0, "series", [name for name, _ in methods])
    said = "; ".join(f"{name}: {number(mean)}" for (name, _), (mean, *_) in
                     zip(methods, found, strict=True))  # fmt: skip
    return Panel(data.assign(measure=measure), f"{title}. Mean {measure}: {said}.", runs)
