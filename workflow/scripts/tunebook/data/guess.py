"""Say what each column of a table is taken for unless a study says otherwise, and why."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from .table import is_number, label, shortened

# A category of more levels, or a class of a whole number of more values, is hardly one.
MOST_LEVELS = 100
MOST_CLASSES = 10
PIXEL, NEARLY = "a pixel", "numbers in all but"
# Types of the columns that can be inputs.
USABLE = ("number", "category")
UNIT = re.compile(r".*\S\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*")
NAMED_IDENTIFIER = re.compile(r"(.*[_\s.-])?(id|Id|ID|uuid|UUID|index)|.*[a-z](Id|ID)|Unnamed: 0")
# Tried after ISO 8601; the first that reads every value is taken.
DATES = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d"]


@dataclass(frozen=True)
class Column:
    """What a column is taken for.

    type: `number`, `category`, `identifier`, `constant`, `duplicate` (of the target), `date` or
    `text`. why: in words. missing: how many rows have no value. levels: of a category, in order.
    """

    name: str
    type: str
    why: str
    unit: str = ""
    missing: int = 0
    levels: tuple = ()


def guess(table, target=None):
    """A Column for each column of a `table.Table`, guessed from all its rows.

    target: the name of the column that is predicted, which others may be a copy of.
    """
    return [guess_column(table, name, target if name != target else None) for name in table.columns]


def guess_column(table, name, target):
    values, missing = table.columns[name], table.missing(name)
    filled = values[~missing]
    numeric = values.dtype != object
    unit = UNIT.fullmatch(name)
    facts = {"unit": unit[1] if unit and numeric else "", "missing": int(missing.sum())}
    if table.shape and numeric and (table.pixels is None or name in table.pixels):
        return Column(name, "number", PIXEL, missing=facts["missing"])
    if not len(filled):
        return Column(name, "constant", "no row has a value", **facts)
    if target is not None and equal(values, table.columns[target]):
        return Column(name, "duplicate", f"the same as {target} in every row", **facts)
    if never_varies(values):
        return Column(name, "constant", f"always {shortened(levels_of(values)[0])!r}", **facts)
    kind, why = (guess_numbers if numeric else guess_text)(table, name, filled)
    levels = levels_of(filled) if kind == "category" else ()
    return Column(name, kind, why, **facts, levels=levels)


def guess_numbers(table, name, filled):
    """(type, why) of a column of numbers."""
    whole = bool((filled == np.rint(filled)).all())
    if whole and len(np.unique(filled)) == len(table):
        if NAMED_IDENTIFIER.fullmatch(name):
            return "identifier", "another whole number in every row, and the name of an identifier"
        if len(filled) > 2 and filled[0] in (0, 1) and (np.diff(filled) == 1).all():
            return "identifier", "counts the rows"
    written = ", written with decimal commas" if name in table.commas else ""
    kind = "whole numbers" if whole else "numbers"
    return "number", f"{kind} from {filled.min():g} to {filled.max():g}{written}"


def guess_text(table, name, filled):
    """(type, why) of a column that holds more than numbers."""
    if dates(filled) is not None:
        return "date", f"dates, such as {filled[0]}"
    strange = [row for row, cell in enumerate(table.columns[name]) if cell and not is_number(cell)]
    if 0 < len(strange) < 0.2 * len(filled):
        found = f"{table.where(strange[:1])} has {shortened(table.columns[name][strange[0]])!r}"
        return "text", f"{NEARLY} {len(strange)} of {len(filled)} rows; {found}"
    levels = levels_of(filled)
    some = f"such as {shortened(levels[0])!r}"
    words = np.mean([len(cell.split()) for cell in filled])
    if len(levels) == len(filled) and (words < 2 or NAMED_IDENTIFIER.fullmatch(name)):
        return "identifier", f"another text in every row, {some}"
    if len(levels) <= MOST_LEVELS and len(levels) <= max(len(filled) / 2, 2):
        return "category", f"{len(levels)} different texts, {some}"
    return "text", f"{len(levels)} different texts in {len(filled)} rows, {some}"


def equal(values, others):
    """Whether two columns hold the same in every row."""
    numeric = values.dtype != object
    return values.dtype == others.dtype and np.array_equal(values, others, equal_nan=numeric)


def never_varies(values):
    """Whether a column has a value, the same in every row."""
    return bool((values == values[0]).all())


def levels_of(values):
    """The different values of a column, as text: numbers in their order, texts by alphabet."""
    found = np.unique(values[values == values])
    return tuple(found[found != ""]) if values.dtype == object else tuple(map(label, found))


def dates(values):
    """Text [n] as seconds since 1970, [n]; None if not all are dates of one kind."""
    for form in ("", *DATES):
        try:
            found = [
                datetime.strptime(value, form) if form else datetime.fromisoformat(value)
                for value in values
            ]
        except ValueError:
            continue
        return np.array([one.replace(tzinfo=one.tzinfo or UTC).timestamp() for one in found])
    return None


def guess_task(column, table):
    """(task, why) for a target that is taken for a Column."""
    values = table.columns[column.name]
    if values.dtype == object:
        return "classification", f"{column.name} holds text: {column.why}"
    levels = levels_of(values)
    if len(levels) <= MOST_CLASSES and all("." not in level for level in levels):
        return "classification", f"{column.name} is one of {len(levels)} whole numbers"
    return "regression", f"{column.name} holds {column.why}"
