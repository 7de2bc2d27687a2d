"""Fill in the templates: tables, figures and facts -> one HTML page that needs nothing else."""

from functools import partial
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from . import article, explorer, numbers
from .captions import read_figures
from .fonts import font_faces
from .importance import importance
from .results import read_results
from .runs import HYPER_PARAMETERS, NAMES, gather
from .statements import read_statements, tally_text

PROBLEM_WORDS = {"digits": "handwritten digits", "houses": "house prices"}


def environment(templates):
    """The templates' folder with the filters they use; everything is escaped."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("metric", "percent", "significant", "duration", "dollars", "plain", "count",
                 "size", "word", "spoken", "known", "interval"):  # fmt: skip
        made.filters[name] = getattr(numbers, name)
    made.filters |= {"json": htmlsafe_json_dumps, "day": article.day, "tally_text": tally_text}
    folder = Path(templates)
    made.globals |= {
        "style": Markup(font_faces() + (folder / "style.css").read_text(encoding="utf-8")),
        "script": lambda name: Markup((folder / name).read_text(encoding="utf-8")),
        "hyper_parameters": HYPER_PARAMETERS,
        "problem_words": PROBLEM_WORDS,
        "names": NAMES,
    }
    return made


DRAWN_FIRST = 3  # runs whose curves are drawn before the reader chooses


class Counter:
    """Numbers things in the order in which they are asked for: tables, footnotes."""

    def __init__(self):
        self.order = {}

    def __call__(self, name):
        return self.order.setdefault(name, len(self.order) + 1)


def explorer_context(results, runs, alone):
    """{problem: what the explorer shows of it}, and the packed data of its curves."""
    parts = {}
    for problem in results.problems:
        members = [run for run in runs.values() if run.problem == problem]
        parts[problem] = {
            "runs": members,
            "columns": explorer.table_columns(members),
            "filters": explorer.filters(members),
            "sweeps": list(dict.fromkeys(name for run in members for name in run.sweeps)),
            "data": explorer.charts_data(members, alone),
            "importance": importance(members),
        }
    return {
        "problems": parts,
        "curves": explorer.packed_json(explorer.curves_data(results.history, list(runs))),
        "library": explorer.packed(explorer.charting_library()),
    }


def render_report(results, provenance, claims, config, facts, templates):
    """The report of a finished study as HTML text.

    results: the folder that holds its tables and figures. provenance: paths of what `retrieve`
    wrote of the origin of each dataset.
    claims, config: the plain values of config/claims.yaml and of the study's configuration.
    facts: see `facts.facts`. templates: the folder of templates, style and scripts.
    Raises TunebookError if a table that exists is not whole, or runs.csv is missing.
    """
    found = read_results(results, provenance)
    runs = gather(found.runs)
    statements = read_statements(found.claims, claims)
    figures = read_figures(found.folder / "figures")
    alone = article.timed_alone(found.timing)
    best = article.best_models(found, runs, claims)
    context = {
        "title": config["study"]["title"],
        "source": config["study"]["source"],
        "config": config,
        "facts": facts,
        "results": found,
        "runs": runs,
        "statements": statements,
        "topics": article.topics(statements),
        "summary": article.summary(statements),
        "traps": claims.get("traps") or [],
        "figures": figures,
        "best": best,
        "cost": article.cost(found.cost),
        "alone": alone,
        "data_rows": article.data_rows(found.provenance),
        "explorer": (explored := explorer_context(found, runs, alone)),
        "run_data": run_data(explored, config, best),
        "configuration_text": yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        "trainings": len(found.runs),
        "layers": article.layers,
        "strip": article.strip,
        "conditions": article.conditions(found),
        "table_number": Counter(),
        "footnotes": Counter(),
        "footnote_references": [],
    }
    context["verdict"] = partial(verdict_of, statements)
    return environment(templates).get_template("report.html.j2").render(context)


def run_data(explored, config, best):
    """What the explorer's scripts are given: each problem's runs, and each sweep's question.

    first: the runs whose curves are drawn before the reader chooses any.
    """
    data = {}
    for problem, part in explored["problems"].items():
        own = best.get(problem)
        shown = [own.source, own.chosen, *own.grid] if own else part["runs"]
        first = dict.fromkeys(run.name for run in shown if run) or [part["runs"][0].name]
        data[problem] = part["data"] | {"first": list(first)[:DRAWN_FIRST]}
    questions = {name: sweep["question"] for name, sweep in config["sweeps"].items()}
    return data | {
        "questions": questions,
        "labels": HYPER_PARAMETERS | {"parameters": "Parameters"},
    }


def verdict_of(statements, name):
    """The verdict on a statement; "" where this study has no such statement."""
    return statements[name].verdict if name in statements else ""


def render_comparison(comparison, facts, templates):
    """The page `What changed` as HTML text; comparison: see `comparison.compare`."""
    context = {"comparison": comparison, "facts": facts, "table_number": Counter()}
    return environment(templates).get_template("comparison.html.j2").render(context)
