"""Numbers that are typed by hand in an article, where they could be results.

A number is suspected that says something a reader could hold against the results: it has a unit, a
decimal point, or three digits, and stands in the text. What comes from the runs stands in braces,
and code, addresses, links and the numbers of headings and sections name other things.
"""

import re
from dataclasses import dataclass

from jinja2 import Environment

from ..evidence import words
from ..report.markdown import MARKDOWN, NUMBER

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

LARGEST_TRIVIAL = 12  # whole numbers that prose uses for anything
SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
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
    """Every suspected Typed number of an article's text, without those that a comment excuses.

    written: its units, as WRITTEN has them.
    """
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
    number = match["number"].replace(",", "")
    power = int(match["e"] or (match["power"] or "0").translate(SUPERSCRIPT))
    whole, _, decimals = number.partition(".")
    figures = (whole + decimals).lstrip("0")
    dropped = 0 if decimals else len(figures) - len(figures.rstrip("0"))
    rounding = 0.5 * 10.0 ** (power + dropped - len(decimals))
    text = match[0].strip().replace(words.NARROW, " ")  # the typographer's, not the author's
    return Typed(
        line, text, float(number) * 10.0**power, rounding, len(figures) - dropped,
        match["before"] or match["behind"] or "",
    )  # fmt: skip


def suspected(typed):
    """Whether a number says enough to be a result."""
    whole = typed.text.isdecimal() or typed.unit in COUNTED
    if whole and typed.number <= LARGEST_TRIVIAL:
        return False
    return bool(typed.unit) or "." in typed.text or typed.number >= 100
