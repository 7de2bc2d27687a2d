"""A first look at someone's data: what each column is taken for, and what should be known."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..jobs import TunebookError
from ..tasks import TASKS
from .encode import encode_target
from .guess import NAMED_IDENTIFIER, PIXEL, USABLE, guess, guess_task
from .readers import read
from .table import codes, listed, perhaps, texts, times

# Names of columns that say which rows belong together, and of those that say when.
GROUP = re.compile(
    r"(.*[_\s.-])?(group|patient|subject|person|participant|user|customer|client|household|family"
    r"|batch|site|hospital|school|session|donor|plot)s?([_\s.-]?(id|no|nr|number|code))?",
    re.IGNORECASE,
)
TIME = re.compile(r"(.*[_\s.-])?(date|time|timestamp|year|month|week|day)", re.IGNORECASE)
FEWEST_GROUPS, GROUPS = 5, "that name groups of rows"
# What is worth a word: a class or table of fewer rows, a category of more values, a larger share
# of missing values, a smaller share of the range that holds nine tenths of the values.
FEW_IN_CLASS, FEW_ROWS, MANY_VALUES, MUCH_MISSING, LONG_TAIL = 10, 100, 20, 0.3, 0.2
# Of more columns, only those that are no plain numbers are listed.
LISTED = 60


@dataclass
class Found:
    """What is known of the data.

    header: whether it has to be said that its first line names the columns. why: of the task, in
    words. columns: {name: data.guess.Column}. classes: {class: rows}; empty where numbers are
    predicted.
    """

    path: Path
    header: bool
    table: object
    target: str
    task: str
    why: str
    columns: dict
    classes: dict

    @property
    def others(self):
        """The Columns besides the target and an image's pixels."""
        pixels = self.table.pixels or self.columns if self.table.shape else ()
        return [c for c in self.columns.values() if c.name != self.target and c.name not in pixels]

    @property
    def shown(self):
        """Those that are shown one by one."""
        many = len(self.others) > LISTED
        return [c for c in self.others if not many or c.type != "number"]


def look(name, path, target, task):
    """What is Found in the data at a path. name: of the problem, for messages."""
    if task and task not in TASKS:
        raise TunebookError(f"TASK: found {task!r}; allowed: {' or '.join(TASKS)}, or nothing")
    if not path:
        allowed = "a file (CSV, Parquet, NPZ) or folder of images"
        raise TunebookError(f"DATA: missing; allowed: {allowed}")
    path = Path(path).expanduser()
    table, header = read(path), False
    if table.reader == "csv" and target not in ("", *table.columns):
        named = read(path, {"header": True})  # a first line of numbers, perhaps
        header = target in named.columns
        table = named if header else table
    target = find_target(table, target)
    columns = {column.name: column for column in guess(table, target)}
    guessed, why = guess_task(columns[target], table)
    classes, counts = np.unique(texts(table.columns[target]), return_counts=True)
    if guessed == "classification" and counts.min() == 1 and table.columns[target].dtype != object:
        guessed, why = "regression", f"{why}, one of them in a single row"
    task, why = (task, "as TASK says") if task else (guessed, why)
    encode_target(table, f"problems.{name}", target, task)
    for key, column in columns.items():
        if key != target and column.why != PIXEL:
            columns[key] = judged(table, column, target, task)
    by_class = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    by_class = by_class if task == "classification" else {}
    return Found(path, header, table, target, task, why, columns, by_class)


def find_target(table, target):
    """The column that is predicted: the one named, else the classes of a folder, the array y."""
    names = [name for name in table.columns if name not in (table.pixels or ())]
    name = target or {"images": "class", "npz": "y"}.get(table.reader)
    if name not in names:
        found = f"found {target!r}{perhaps(target, names)}" if target else "missing"
        allowed = f"a column of {table.name}: {listed(names, 30)}"
        raise TunebookError(f"TARGET: {found}; allowed: {allowed}")
    return name


def judged(table, column, target, task):
    """A Column, left out as an identifier where it names groups of rows or tells the target."""
    values, classes = codes(table.columns[column.name]), codes(table.columns[target])
    count = values.max() + 1
    named = GROUP.fullmatch(column.name) or NAMED_IDENTIFIER.fullmatch(column.name)
    if column.type in (*USABLE, "text") and named and FEWEST_GROUPS <= count <= len(table) / 2:
        return replace(column, type="identifier", why=f"{count} values {GROUPS}")
    pairs = len(np.unique(values * (classes.max() + 1) + classes))
    if column.type in USABLE and task == "classification" and count == classes.max() + 1 == pairs:
        return replace(column, type="identifier", why=f"each value goes with one {target}")
    return column


def description(found):
    """What the data are taken for, as lines of text."""
    table = found.table
    what = f"{len(table):,} rows, {len(table.columns)} columns"
    if table.shape:
        what = f"{len(table):,} images of {times(table.shape)} (channels, height, width)"
    by = "tabs" if table.separator == "\t" else repr(table.separator)
    yield f"{table.name}: {what}{f', separated by {by}' if table.separator else ''}\n"
    other = next(name for name in TASKS if name != found.task)
    rows = [(found.target, "target", f"{found.task}: {found.why} (if not: TASK={other})")]
    for column in found.shown:
        use = "input" if column.type in USABLE else "left out"
        rows.append((column.name, f"{use}, {column.type}", reason(column)))
    if rest := len(found.others) - len(found.shown):
        rows.append((f"{rest} others", "input, number", ""))
    rows += [(f"{found.target} = {name}", "", f"{n} rows") for name, n in found.classes.items()]
    rows = [tuple(map(plain, row)) for row in rows]
    first, second = (min(max(len(row[i]) for row in rows), 40) for i in (0, 1))
    for name, use, why in rows:
        yield f"  {name:{first}}  {use:{second}}  {why}".rstrip()


def reason(column):
    """Why a column is taken for what it is, and what else is to be seen."""
    unit = f", in {column.unit}" if column.unit else ""
    return f"{column.why}{unit}{f'; missing in {column.missing} rows' if column.missing else ''}"


def plain(text, most=100):
    """Text of a file in one line, without what would steer a terminal or end a comment."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= most else text[: most - 3] + "..."


def ways(found):
    """[(column, split, why)]: ways to divide the rows that some column may ask for."""
    for column in found.others:
        if column.why.endswith(GROUPS):
            why = f"Rows of one {column.name} may be alike. To keep them on one side of the split:"
            yield column.name, "group_on", why
        timed = column.type == "date" or column.type == "number" and TIME.fullmatch(column.name)
        if timed and not column.missing:
            why = f"To learn from the past and be tested on what came later, by {column.name}:"
            yield column.name, "time_on", why


def advice(found, warnings):
    """What a reader would want to know before trusting a result, as sentences."""
    rows = len(found.table)
    if rows < FEW_ROWS:
        yield f"{rows} rows are few; expect wide intervals."
    for name, count in found.classes.items():
        if count < FEW_IN_CLASS:
            yield f"{found.target} = {name} has only {count} rows: too few to learn or test much."
    for column in found.others:
        if column.type in USABLE and column.missing > MUCH_MISSING * rows:
            yield f"{column.name} is missing in {column.missing / rows:.0%} of the rows. Ask why."
        if column.type == "category" and len(column.levels) > MANY_VALUES:
            yield (
                f"{column.name} has {len(column.levels)} values, and each becomes an input. If it "
                f"names rows that belong together, say so: split: {{group_on: {column.name}}}."
            )
    for column, way, why in ways(found):
        yield f"{why} split: {{{way}: {column}}} in config.yaml."
    for warning in warnings:
        if not warning.endswith("(left out)"):  # it stands in the list of columns
            yield f"{warning[0].upper()}{warning[1:]}."


def tailed(found):
    """The inputs that min-max scaling would press into a corner of [0, 1], by a few far values."""
    for name in (column.name for column in found.others if column.type == "number"):
        values = found.table.columns[name]
        least, low, high, most = np.nanquantile(values, [0, 0.05, 0.95, 1])
        if 0 < high - low < LONG_TAIL * (most - least):
            yield name
