"""Numbers typed by hand in an article that the results know, and that so can become out of date.

A number is suspected that says something a reader could hold against the results: it has a unit, a
decimal point, or three digits. It is known where, in its unit and rounded as it is typed, it equals
a source's value, a count, or something measured. By chance alone nearly every number of two figures
equals one of thousands of means, so what is measured needs three (trailing zeros of a whole number
are none: 50 % has one); two are enough with a unit and for what the report puts first. Without a
unit, a value of a hyper-parameter is a setting and no result.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment

from .claims.select import differing
from .evidence import measures, words
from .report.markdown import MARKDOWN, NUMBER, PRIVATE
from .study.parameters import PARAMETERS

# {how a unit is written: (as measures name it, what one of it is in their units)}
WRITTEN = {"%": ("share", 0.01), "times": ("times", 1.0)}
WRITTEN |= dict.fromkeys(("per cent", "percent"), ("share", 0.01))
WRITTEN |= dict.fromkeys(("points", "percentage points"), ("share", 0.01))
WRITTEN |= {"ms": ("seconds", 0.001)}
WRITTEN |= dict.fromkeys(("s", "seconds"), ("seconds", 1.0))
WRITTEN |= dict.fromkeys(("min", "minutes"), ("seconds", 60.0))
WRITTEN |= dict.fromkeys(("h", "hours"), ("seconds", 3600.0))
WRITTEN |= dict.fromkeys(("d", "day", "days"), ("seconds", 86400.0))
COUNTED = ("replicates", "configurations", "runs", "trainings", "claims", "rows", "epochs")
WRITTEN |= {noun: (noun, 1.0) for noun in COUNTED}
UNITS = {unit for unit, _ in WRITTEN.values()} - {*COUNTED}  # of what is measured

LARGEST_TRIVIAL = 12  # whole numbers that prose uses for anything
# Figures that what is measured needs; and what the report puts first, where it has its unit.
FIGURES, FIRST = 3, 2
SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
SETTING = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
EXCUSE = re.compile(r"\s*typed:\s*\S")
# Words before a number, and behind a percentage, that make it a name of something else.
NAMED = re.compile(r"(?:section|chapter|figure|fig\.|table|page|version|§)\s*$", re.I)
LEVEL = re.compile(r"[\s-]*(?:\w+\s)?(?:interval|confidence|band|level)", re.I)


@dataclass(frozen=True)
class Typed:
    """A number of an article: |number| in its unit, as written; figures: how many are significant.

    unit: "" for none; rounding: half a unit of its last digit.
    """

    line: int
    text: str
    number: float
    rounding: float
    figures: int
    unit: str


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


def pattern(written):
    """The regular expression of a number with its unit, from how units can be written."""
    before = "|".join(re.escape(unit) for unit in words.CURRENCIES)
    behind = "|".join(re.escape(unit) for unit in sorted(written, key=len, reverse=True))
    return re.compile(
        rf"(?<![\w.,:/#])(?<!\w-)(?P<before>{before})?"
        r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
        r"(?:e(?P<e>[-+]?\d+)|\s?×\s?10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?"
        rf"(?:[\s-]?(?P<behind>{behind})(?!\w))?(?![\w:/]|[.,]\d|-\d)"
    )


def typed_numbers(source, written=WRITTEN):
    """Every suspected number that stands in the text of an article, without those excused."""
    text, excused = text_of(source)
    found, sought = [], pattern(written)
    for line, words_ in lines(text):
        for match in sought.finditer(words_) if line not in excused else ():
            number = read(line, match)
            level = number.unit == "%" and LEVEL.match(words_, match.end())
            if suspected(number) and not level and not NAMED.search(words_[: match.start()]):
                found.append(number)
    return found


def text_of(source):
    """(the Markdown of an article without what Jinja2 takes, the lines that a comment excuses).

    A comment excuses its own line, or, where it has that for itself, the next one.
    """
    text, excused, written = "", set(), [line.strip() for line in source.split("\n")]
    made = Environment(trim_blocks=True, lstrip_blocks=True)
    for line, kind, value in made.lex(source):
        text += "\n" * (line - 1 - text.count("\n"))
        if kind == "data":
            text += value
        elif kind == "variable_begin":
            text += "\ue000"  # so that what stands around it does not grow together
        elif kind == "comment" and EXCUSE.match(value):
            last = line + value.count("\n")
            alone = written[line - 1].startswith("{#") and written[last - 1].endswith("#}")
            excused |= {*range(line, last + 1 + alone)}
    return text, excused


def lines(text):
    """(line, text) of every piece of Markdown that is read: no code, address, link, or number of a
    heading."""
    tokens = MARKDOWN.parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        line, linked, said = (token.map or [0])[0] + 1, 0, ""
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                yield line, said
                line, said = line + 1, ""
            linked += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type == "text":
                said += "" if linked else child.content
            elif child.type == "code_inline":
                said += "\ue000"
        if before and before.type == "heading_open":
            said = NUMBER.sub("", said, count=1) if NUMBER.match(said) else said
        yield line, said


def read(line, match):
    """The Typed of a match."""
    digits = match["number"].replace(",", "")
    power = int(match["e"] or (match["power"] or "0").translate(SUPERSCRIPT))
    whole, _, decimals = digits.partition(".")
    figures = (whole + decimals).lstrip("0")
    dropped = 0 if decimals else len(figures) - len(figures.rstrip("0"))
    rounding = 0.5 * 10.0 ** (power + dropped - len(decimals))
    return Typed(
        line, match[0].strip(), float(digits) * 10.0**power, rounding, len(figures) - dropped,
        match["before"] or match["behind"] or "",
    )  # fmt: skip


def suspected(typed):
    """Whether a number says enough to be a result."""
    whole = typed.text.isdecimal() or typed.unit in COUNTED
    if whole and typed.number <= LARGEST_TRIVIAL:
        return False
    digits = re.sub(r"\D", "", typed.text)
    return bool(typed.unit) or "." in typed.text or len(digits) >= 3


def typed_results(path, results, claims):
    """[(Typed, the Known that it equals)] of an article.

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
    ):  # fmt: skip
        yield Known(many, noun, 0, f"{noun} of this study", "glance()")


def measured(results):
    """What the report puts first, and then everything else that was measured, as Known."""
    means = list(means_of(results))
    yield from (known for known in means if known.figures == FIRST)
    for claim in results.claims:
        for piece in claim["pieces"] + claim["shown"]:
            for key in ("number", "low", "high"):
                if piece[key] is not None:
                    first = key == "number" and piece["rule"] != "shape"
                    figures = exact(piece["unit"], FIRST if first else FIGURES)
                    what = f"{key} of {piece['about'] or piece['metric']}"
                    what, door = f"{claim['id']}, {what}", f'claim("{claim["id"]}")'
                    yield Known(piece[key], piece["unit"], figures, what, door)
    yield from (known for known in means if known.figures != FIRST)
    for (problem, name), rows in results.baselines.groupby(["problem", "baseline"]):
        known = measures.measures(results.problem(problem))
        for column in [column for column in rows if column in known]:
            value, what = (
                float(rows[column].astype(float).mean()),
                f"{known[column].label} of {name}",
            )
            if math.isfinite(value):
                door = f'table("baselines", problem="{problem}")'
                yield Known(value, known[column].unit, FIGURES, what, door)
    for value in results.values("core_seconds").values():
        yield Known(value, "seconds", FIGURES, "core time", 'number("core_seconds")')


def means_of(results):
    """The mean of every measure of every run that the tables have, as Known; of times the median.

    Of the run that was chosen, the metric that judges comes first on the page.
    """
    for run in results.by_name.values():
        problem, chosen = results.problem(run.problem), results.best(run.problem) == run.name
        judged = [f"{split}_{measures.judged(problem)[0]}" for split in measures.SPLITS]
        for name, measure in measures.measures(problem).items():
            timed = measure.table == measures.TIMING
            if not timed and name not in results.runs:
                continue
            values = [v for v in results.finite(name, run.name).values() if math.isfinite(v)]
            if values:
                value = float(np.median(values) if timed else np.mean(values))
                figures = FIRST if chosen and name in judged else FIGURES
                yield Known(
                    value, measure.unit, exact(measure.unit, figures),
                    f"{measure.label} of {run.label}",
                    f'number("{name}", {asked(results, run, chosen)})',
                )  # fmt: skip


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
