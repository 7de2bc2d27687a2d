"""Figures as data: read, checked, and completed by a figure for every sweep that none names.

Imports neither matplotlib nor pandas, so that the workflow can read the figures at the start of
every call. A panel in its one form has its key of the grammar taken apart: `{curves: train_loss}`
is `{"kind": "curves", "of": "train_loss"}`; `sweep`, `rows`, `columns` and `level` are lists.
"""

from pathlib import Path

from ..evidence.measures import RANKS, measure
from ..jobs import TunebookError
from ..study.parameters import PARAMETERS, parameter
from ..study.read import SCHEMAS, check_against, check_keys_are_text, normalise, read_yaml, shown

KINDS = ("curves", "points", "cells", "matrix", "images", "scatter")
LISTS = ("sweep", "rows", "columns", "level")
# What a panel may be coloured, divided or laid out by, besides hyper-parameters.
BESIDES = ("network", "problem", "sweep")
TARGET = "target"  # what a scatter stands across unless an input is named
MOST_CURVES = 10  # that one panel can carry


def load_figures(path):
    """{name: {title, caption, panels}} from a file of figures, panels in their one form.

    A study need not have such a file. Raises TunebookError for what is wrong in itself: unknown
    kinds and keys, values of a wrong type. What a study does not have is not: a panel says so.
    """
    schema = read_yaml(SCHEMAS / "figures.schema.yaml")
    if not Path(path).exists():
        return {}
    try:
        found = read_yaml(path)
        check_keys_are_text(found)
        found = normalise(found)
        check_against(found, schema, "figures")
        return {name: one_form(name, figure, schema) for name, figure in found.items()}
    except TunebookError as error:
        text = str(error)
        raise TunebookError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def one_form(name, figure, schema):
    """A figure with its panels in their one form."""
    panels = figure["panels"] if isinstance(figure["panels"], list) else [figure["panels"]]
    checked = [panel_form(f"{name}.panels[{i}]", panel, schema) for i, panel in enumerate(panels)]
    return {"title": figure["title"], "caption": figure.get("caption", ""), "panels": checked}


def panel_form(where, panel, schema):
    """One panel in its one form."""
    kinds = [key for key in panel if key in KINDS]
    if len(kinds) != 1:
        raise TunebookError(
            f"{where}: found {' and '.join(kinds) or ', '.join(map(shown, panel)) or 'nothing'}; "
            f"allowed: exactly one kind of {', '.join(KINDS)}"
        )
    (kind,) = kinds
    check_against(panel, {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}, where)
    if not {"sweep", "run"} & set(panel):
        raise TunebookError(f"{where}: sweep: missing; a sweep or a run must be given")
    rest = {key: value for key, value in panel.items() if key != kind}
    lists = {key: value if isinstance(value, list) else [value] for key, value in rest.items()
             if key in LISTS}  # fmt: skip
    return {"kind": kind, "of": panel[kind]} | rest | lists


def sweeps_of(panel):
    """The sweeps that a panel names."""
    run = panel.get("run")
    inside = run["sweep"] if isinstance(run, dict) else []
    return [*panel.get("sweep", []), *(inside if isinstance(inside, list) else [inside])]


def with_defaults(figures, description):
    """The figures, and one for each sweep of several runs that none of them names.

    description: what study.json says of the study: its `sweeps` (`problem`, `question`, `runs`,
    `axes`, `grid`).
    """
    named = {sweep for one in figures.values() for p in one["panels"] for sweep in sweeps_of(p)}
    found = dict(figures)
    for sweep, about in description["sweeps"].items():
        if sweep not in named and len(about["runs"]) > 1:
            name = sweep if sweep not in figures else f"sweep-{sweep}"
            found[name] = default_figure(sweep, about)
    return found


def default_figure(sweep, about):
    """What a sweep's axes ask for: curves by the first one, and where they end.

    Of a grid search, and of more runs than a panel of curves can carry, the ends alone.
    """
    axes, points = about["axes"], {"kind": "points", "of": "validation_error", "sweep": [sweep]}
    curves = {"kind": "curves", "of": "train_loss", "sweep": [sweep]}
    if not {"model", "module"} & set(axes):  # else a row a run: together they are one thing
        across = next((name for name in axes if parameter(name).scale == "log"), axes[-1])
        others = [name for name in axes if name != across]
        points |= {"across": across} | dict(zip(("colour", "facet"), others, strict=False))
        curves["colour"] = axes[0]
    many = about["grid"] or len(about["runs"]) > MOST_CURVES
    panels = [points] if many else [curves, points]
    return {"title": about["question"], "caption": "", "panels": panels}


def check_figures(figures, description):
    """Raise TunebookError for a measure or hyper-parameter that the study cannot have.

    description: what study.json says of the study, or will: `problems`, `parameters`, `sweeps`.
    """
    known = {*PARAMETERS, *description["parameters"], *BESIDES}
    for name, figure in figures.items():
        for i, panel in enumerate(figure["panels"]):
            try:
                check_measures(panel, description["problems"].values())
                check_names(panel, known)
            except TunebookError as error:
                raise TunebookError(f"figures: {name}.panels[{i}]: {error}") from None


def check_measures(panel, problems):
    """Raise TunebookError for a measure that no problem knows."""
    if panel["kind"] != "points":
        return
    for key in ("of", "with"):
        if panel.get(key, "baselines") == "baselines":
            continue
        errors = []
        for problem in problems:
            try:
                measure(panel[key], problem)
            except TunebookError as error:
                errors.append(str(error).partition(": ")[2])
        if problems and len(errors) == len(problems):
            raise TunebookError(f"{'points' if key == 'of' else key}: {errors[0]}")


def check_names(panel, known):
    """Raise TunebookError for a hyper-parameter that no run has."""
    run = panel["run"] if isinstance(panel.get("run"), dict) else {}
    named = [(key, panel[key]) for key in ("across", "colour", "facet") if key in panel]
    named += [(key, name) for key in ("rows", "columns") for name in panel.get(key, [])]
    named += [("where", key) for of in (panel, run) for key in of.get("where", {})]
    for key, name in named:
        if name not in known and not (key == "across" and panel["kind"] == "scatter"):
            raise TunebookError(f"{key}: found {shown(name)}; allowed: {', '.join(sorted(known))}")


def asked_inputs(figures):
    """Names of the input columns that some panel stands on, in order: see `predictions.parquet`."""
    asked = {}
    for panel in (panel for figure in figures.values() for panel in figure["panels"]):
        if panel["kind"] == "scatter" and panel.get("across", TARGET) != TARGET:
            asked[panel["across"]] = None
        for start in RANKS:
            for name in (panel["of"], panel.get("with", "")):
                if name.startswith(start):
                    asked[name.removeprefix(start)] = None
    return list(asked)
