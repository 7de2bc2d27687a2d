"""What the results of a study know, and which typed numbers of its article are among it.

A number is known that, in its unit and rounded as it is typed, equals a value of the source, a
count or something measured. By chance alone nearly every number of two figures equals one of
thousands of means, so what is measured needs three (zeros at the end of a whole number are none:
50 % has one); two are enough for what the report puts first. Without a unit, a number that is a
value of some hyper-parameter is taken for that.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..claims.select import differing
from ..evidence import measures
from ..report.markdown import PRIVATE
from ..study.parameters import PARAMETERS
from .typed import COUNTED, WRITTEN, typed_numbers

FIGURES, FIRST = 3, 2
UNITS = {unit for unit, _ in WRITTEN.values()} - {*COUNTED}
SPLITS = [*measures.SPLITS][::-1]  # the last is looked at first
SETTING = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Known:
    """A number that the results know.

    value: in the units of measures. unit: see `words`, or what is counted. figures: how many a
    typed number with its unit needs to be taken for it; 0: it must be the same number. what: in
    words. door: what an article says in its place.
    """

    value: float
    unit: str
    figures: int
    what: str
    door: str


def typed_results(path, results, claims):
    """[(Typed, the Known that it equals)] of an article, without numbers that equal none.

    results: the Results of a finished study. claims: its Claims.
    """
    targets = filter(None, (about.get("unit") for about in results.study["problems"].values()))
    written = WRITTEN | {unit: (unit, 1.0) for unit in targets}
    source = Path(path).read_text(encoding="utf-8-sig").translate(PRIVATE)
    if not (numbers := typed_numbers(source, written)):
        return []
    stated, found = list(stated_by(claims)), [*counted(results), *measured(results)]
    settings = settings_of(results)
    pairs = []
    for typed in numbers:
        unit, size = written.get(typed.unit, (typed.unit, 1.0))
        is_setting = not unit and any(math.isclose(typed.number, value) for value in settings)
        candidates = stated if is_setting else stated + found
        known = next((each for each in candidates if equal(typed, each, unit, size)), None)
        pairs += [(typed, known)] if known else []
    return pairs


def equal(typed, known, unit, size):
    """Whether a number can be read as a Known; unit, size: see WRITTEN."""
    counts = unit in COUNTED and known.unit in ("", "count")
    if unit and unit != known.unit and not counts:
        return False
    needed = known.figures
    if not unit and known.unit in UNITS:
        needed = max(needed, FIRST)
    if not unit and needed and "." not in typed.text:
        needed = FIGURES
    if typed.figures < needed:
        return False
    # Without a unit, a share may be written as one, or as a percentage.
    sizes = [1.0, 0.01] if not unit and known.unit == "share" else [size]
    rounding = typed.rounding if known.figures else 1e-9 * typed.number
    return any(
        abs(typed.number * each - abs(known.value)) <= rounding * each * (1 + 1e-9)
        for each in sizes
    )


def settings_of(results):
    """Every number among the hyper-parameters of a study's runs."""
    texts = {str(value) for run in results.by_name.values() for value in run.settings.values()}
    return {float(each) for text in texts for each in SETTING.findall(text)}


def stated_by(claims):
    """The numbers of the source, as Known."""
    for claim in claims.claims:
        for name, number in claim.rule.source.items():
            if not isinstance(number.number, str):
                unit = WRITTEN.get(number.text.partition(" ")[2], ("", 1.0))[0]
                what = f"source.{name} of the claim {claim.id}"
                door = f'claim("{claim.id}")'
                if name in PARAMETERS:
                    door = f'setting("{name}", sweep=…)'
                yield Known(number.number, unit, 0, what, door)


def counted(results):
    """What the study counts, as Known."""
    for name, about in results.study["problems"].items():
        rows, problems = about.get("rows") or {}, 'table("problems")'
        for split, many in rows.items():
            yield Known(many, "rows", 0, f"{split} rows of {name}", problems)
        yield Known(sum(rows.values()), "rows", 0, f"rows of {name}", problems)
        for many in sorted({run.n for run in results.by_name.values() if run.problem == name}):
            yield Known(many, "replicates", 0, f"replicates of {name}", problems)
    for noun, many in (
        ("configurations", len(results.by_name)), ("runs", len(results.by_name)),
        ("trainings", len(results.runs)), ("claims", len(results.claims)),
        ("trials", len(results.trials)),
    ):  # fmt: skip
        yield Known(many, noun, 0, f"{noun} of this study", "glance()")


def measured(results):
    """What the report puts first, and then everything else that was measured, as Known."""
    means = sorted(means_of(results), key=lambda pair: pair[0])
    yield from (known for rank, known in means if rank < len(SPLITS))
    for claim in results.claims:
        for piece in claim["pieces"] + claim["shown"]:
            for key in ("number", "low", "high"):
                if piece[key] is not None:
                    first = key == "number" and piece["rule"] != "shape"
                    figures = exact(piece["unit"], FIRST if first else FIGURES)
                    what = f"{key} of {piece['about'] or piece['metric']}"
                    what, door = f"{claim['id']}, {what}", f'claim("{claim["id"]}")'
                    yield Known(piece[key], piece["unit"], figures, what, door)
    yield from (known for rank, known in means if rank >= len(SPLITS))
    for (problem, name), rows in results.baselines.groupby(["problem", "baseline"]):
        known = measures.measures(results.problem(problem))
        for column in [column for column in rows if column in known]:
            value = float(rows[column].astype(float).mean())
            if math.isfinite(value):
                what = f"{known[column].label} of {name}"
                door = f'table("baselines", problem="{problem}")'
                yield Known(value, known[column].unit, FIGURES, what, door)
    for each in results.ensembles.itertuples():
        run, door = results.run(each.run), f'table("ways", problem="{each.problem}")'
        unit = results.measure("test_metric", run).unit
        what = f"{each.metric} of the {each.way} of {run.label}"
        yield Known(each.value, unit, FIGURES, what, door)
    for value in results.values("core_seconds").values():
        yield Known(value, "seconds", FIGURES, "core time", 'number("core_seconds")')


def means_of(results):
    """(rank, Known) of the mean of every measure of every run in the tables; of times the median.

    Lowest are the metric that judges, of the run that was chosen and then of the others: test,
    validation, training.
    """
    for run in results.by_name.values():
        problem, chosen = results.problem(run.problem), results.best(run.problem) == run.name
        judged = [f"{split}_{measures.judged(problem)[0]}" for split in SPLITS]
        for name, measure in measures.measures(problem).items():
            timed = measure.table == measures.TIMING
            if not timed and name not in results.runs:
                continue
            values = [v for v in results.finite(name, run.name).values() if math.isfinite(v)]
            if values:
                value = float(np.median(values) if timed else np.mean(values))
                rank = judged.index(name) if name in judged else 2 * len(SPLITS)
                rank += 0 if chosen else len(SPLITS)
                figures = exact(measure.unit, FIRST if rank < len(SPLITS) else FIGURES)
                what = f"{measure.label} of {run.label}"
                door = f'number("{name}", {asked(results, run, chosen)})'
                yield rank, Known(value, measure.unit, figures, what, door)


def exact(unit, figures):
    """How many figures are needed; a count must be the same number."""
    return 0 if unit == "count" else figures


def asked(results, run, chosen):
    """How an article asks for a run."""
    if chosen:
        return f'run="best", problem="{run.problem}"'
    sweep = run.sweeps[0]
    rows = [results.by_name[name].row for name in results.members(sweep)]
    where = {name: run.settings[name] for name in differing(rows) if name in run.settings}
    about = f", where={json.dumps(where)}" if where and len(rows) > 1 else ""
    return f'sweep="{sweep}"{about}'
