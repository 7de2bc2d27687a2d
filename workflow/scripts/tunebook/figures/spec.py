"""Figures as data: read, checked, and completed by a figure for every sweep that none names.

Imports neither matplotlib nor pandas, so that the workflow can read the figures at the start of
every call. A panel in its one form has its key of the grammar taken apart: `{curves: train_loss}`
is `{"kind": "curves", "of": "train_loss"}`; `sweep`, `rows`, `columns`, `level` and each value of
`where` are lists.
"""

from pathlib import Path

from ..claims.read import VERDICTS
from ..claims.select import check_kind
from ..evidence.measures import RANKS, measure, validates
from ..jobs import TunebookError
from ..study.parameters import PARAMETERS, parameter
from ..study.read import SCHEMAS, check_against, check_keys_are_text, normalise, read_yaml, shown

KINDS = (
    "curves", "points", "cells", "matrix", "images", "scatter", "progress", "parallel", "ablation",
)  # fmt: skip
OF_SEARCH = ("progress", "parallel")
# What the sweep of a panel has to be.
OF_KIND = dict.fromkeys(OF_SEARCH, "search") | {"ablation": "ablation"}
LISTS = ("source", "sweep", "rows", "columns", "level")
# What a panel may be coloured, divided or laid out by, besides hyper-parameters.
BESIDES = ("network", "problem", "sweep")
TARGET = "target"  # what a scatter stands across unless an input is named
MOST_CURVES = 10  # that one panel can carry


def load_figures(path):
    """{name: {title, caption, panels}} from a file of figures, panels in their one form.

    A study need not have such a file. Raises TunebookError for what is wrong in itself: unknown
    kinds and keys, values of a wrong type. What a study does not have is not: a panel says so.
    """
    if not Path(path).exists():
        return {}
    found, schema = read_yaml(path), read_yaml(SCHEMAS / "figures.schema.yaml")
    try:
        check_keys_are_text(found)
        found = normalise(found)
        check_against(found, schema, "figures")
        for name, figure in found.items():
            named = {f"{name}.panels[{i}]": p for i, p in enumerate(listed(figure["panels"]))}
            formed = [one_form(panel, where, schema) for where, panel in named.items()]
            found[name] = {"caption": ""} | figure | {"panels": formed}
            if "finding" in figure:
                found[name]["finding"] = each_verdict(figure["finding"])
        return found
    except TunebookError as error:
        raise TunebookError(f"{path}: {error}") from None


def one_form(panel, where, schema):
    """A panel in its one form; where: what to call it in a message."""
    kinds = [key for key in panel if key in KINDS]
    if len(kinds) != 1:
        raise TunebookError(
            f"{where}: found {' and '.join(kinds) or ', '.join(map(shown, panel)) or 'nothing'}; "
            f"allowed: exactly one kind of {', '.join(KINDS)}"
        )
    (kind,) = kinds
    check_against(panel, {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}, where)
    if not {"sweep", "run", "source"} & set(panel):
        raise TunebookError(f"{where}: sweep: missing; a sweep or a run must be given")
    rest = {key: value for key, value in panel.items() if key != kind}
    return {"kind": kind, "of": panel[kind]} | with_lists(rest)


def each_verdict(finding):
    """{verdict: sentence} of one sentence for all, or as it is."""
    return dict.fromkeys(VERDICTS, finding) if isinstance(finding, str) else finding


def listed(value):
    """A list as it is, anything else as the only thing of one."""
    return value if isinstance(value, list) else [value]


def with_lists(panel):
    """A panel, or its `run`, with a list for each key that can have several values."""
    inner = {key: with_lists(value) for key, value in panel.items() if isinstance(value, dict)}
    return panel | inner | {key: listed(panel[key]) for key in LISTS if key in panel}


def run_of(panel):
    """Which run of a sweep a panel asks for; empty for the best one, or none."""
    return panel["run"] if isinstance(panel.get("run"), dict) else {}


def with_defaults(figures, description, rows):
    """The figures, and one for each sweep of several runs, or search, that none of them names.

    description: what study.json says of the study: its `sweeps` (`problem`, `question`, `runs`,
    `axes`, `grid`, `search`, `ablation`). rows: one dictionary a run: `run` and hyper-parameters.
    """
    validated = {row["run"] for row in rows if validates(row)}
    panels = [panel for figure in figures.values() for panel in figure["panels"]]
    of = [each for panel in panels for each in (panel, run_of(panel))]
    named = {sweep for each in of for key in ("sweep", "source") for sweep in each.get(key, [])}
    found = dict(figures)
    for sweep, about in description["sweeps"].items():
        if sweep not in named and (about.get("search") or len(about["runs"]) > 1):
            name = sweep if sweep not in figures else f"sweep-{sweep}"
            found[name] = default_figure(sweep, about, {*about["runs"]} <= validated)
    return found


def default_figure(sweep, about, validated):
    """What a sweep's axes ask for: curves by the first one, and where they end.

    Of a grid search, and of more runs than a panel of curves can carry, the ends alone. Of another
    search the way it went, and its space. Of an ablation what its changes are worth. validated:
    whether all runs leave rows for validation; else they are shown by their test error.
    """
    if about.get("search"):
        panels = [{"kind": each, "of": "validation_error", "sweep": [sweep]} for each in OF_SEARCH]
        return {"title": about["question"], "caption": "", "panels": panels}
    if about.get("ablation"):
        panel = {"kind": "ablation", "of": "test_error", "sweep": [sweep]}
        return {"title": about["question"], "caption": "", "panels": [panel]}
    axes, error = about["axes"], "validation_error" if validated else "test_error"
    points = {"kind": "points", "of": error, "sweep": [sweep]}
    curves = {"kind": "curves", "of": "train_loss", "sweep": [sweep]}
    if not {"model", "module"} & set(axes):  # else a row a run: together they are one thing
        across = next((name for name in axes if parameter(name).scale == "log"), axes[-1])
        others = [name for name in axes if name != across]
        points |= {"across": across} | dict(zip(("colour", "facet"), others, strict=False))
        curves["colour"] = axes[0]
    many = about["grid"] or len(about["runs"]) > MOST_CURVES
    panels = [points] if many else [curves, points]
    return {"title": about["question"], "caption": "", "panels": panels}


def check_figures(figures, description, claims=()):
    """Raise TunebookError for a measure or hyper-parameter that the study cannot have, and for a
    claim that it does not make (a study without any is in order).

    description: what study.json says of the study, or will: `problems`, `parameters`, `sweeps`.
    claims: ids.
    """
    known, claims = {*PARAMETERS, *description["parameters"], *BESIDES}, [*claims]
    for name, figure in figures.items():
        for id in figure.get("claims", []):
            if claims and id not in claims:
                told = ", ".join(claims)
                raise TunebookError(f"figures: {name}.claims: found {id}; allowed: {told}")
        if len(set(figure.get("finding", {}).values())) > 1 and not figure.get("claims"):
            told = "claims: [...], by the verdict on the first of which it is chosen"
            raise TunebookError(f"figures: {name}.finding: several sentences; needed: {told}")
        for i, panel in enumerate(figure["panels"]):
            try:
                check_measures(panel, description["problems"].values())
                check_names(panel, known)
                check_kinds(panel, description["sweeps"])
            except TunebookError as error:
                raise TunebookError(f"figures: {name}.panels[{i}]: {error}") from None


def check_measures(panel, problems):
    """Raise TunebookError for a measure that no problem knows."""
    asked = {panel["kind"]: panel["of"], "with": panel.get("with", "baselines")}
    for key, name in asked.items() if panel["kind"] in ("points", "ablation") else ():
        errors = []
        for problem in problems if name != "baselines" else ():
            try:
                measure(name, problem)
            except TunebookError as error:
                errors.append(str(error).partition(": ")[2])
        if errors and len(errors) == len(problems):
            raise TunebookError(f"{key}: {errors[0]}")


def check_names(panel, known):
    """Raise TunebookError for a hyper-parameter that no run has."""
    across = () if panel["kind"] == "scatter" else ("across",)
    keys = [key for key in (*across, "colour", "facet", "rows", "columns") if key in panel]
    named = [(key, name) for key in keys for name in listed(panel[key])]
    named += [("where", key) for of in (panel, run_of(panel)) for key in of.get("where", {})]
    named += [("mark", key) for where in panel.get("mark", []) for key in where]
    for key, name in named:
        if name not in known:
            raise TunebookError(f"{key}: found {shown(name)}; allowed: {', '.join(sorted(known))}")


def check_kinds(panel, sweeps):
    """Raise TunebookError for a panel of a search, or of an ablation, whose sweep is none.

    sweeps: those of the study's description; one that the study does not have is not wrong.
    """
    for name in panel["sweep"] if panel["kind"] in OF_KIND else ():
        if name in sweeps:
            check_kind("sweep", name, sweeps, OF_KIND[panel["kind"]])


def asked_inputs(figures):
    """Names of the input columns that some panel stands on, in order: see `predictions.parquet`."""
    asked = []
    for panel in (panel for figure in figures.values() for panel in figure["panels"]):
        if panel["kind"] == "scatter":
            asked.append(panel.get("across", TARGET))
        for name in (panel["of"], panel.get("with", "")):
            asked += [name.removeprefix(start) for start in RANKS if name.startswith(start)]
    return [name for name in dict.fromkeys(asked) if name != TARGET]
