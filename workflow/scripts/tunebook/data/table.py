"""A table in memory: named columns of numbers or text, and where each row came from."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

# Texts that stand for no value, whatever their case.
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "?", "-", "--", "."}
# How numbers may be written: what every cell of a column looks like, and what then is rewritten.
# What float() takes besides, such as nan and 1_000, is no number.
PLAIN = re.compile(r"[0-9+\-.eE]*"), {}
COMMA = (
    re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?([eE][+-]?\d+)?", re.A),
    {".": "", ",": "."},
)
THOUSANDS = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?", re.A), {",": ""}
SPELLINGS = {",": [COMMA], ".": [PLAIN, THOUSANDS]}


@dataclass
class Table:
    """The rows of one or more files.

    columns: {name: values}, each numbers [n], not a number where a value is missing, or, where not
    all are numbers, text [n] (objects), empty where missing. files: their names. places: [n], what
    a message calls each row. file: [n], the position of each row's file. reader: of the files.
    separator: of fields in text. commas: columns whose numbers had decimal commas. shape:
    (channels, height, width) where columns are an image's pixels, channel by channel and row by
    row; range: the least and largest that a pixel can be; pixels: the names of these columns, None
    for all that have no other use.
    """

    columns: dict
    files: list
    places: list
    file: np.ndarray | None = None
    reader: str = ""
    separator: str = ""
    commas: set = field(default_factory=set)
    shape: tuple | None = None
    range: tuple | None = None
    pixels: list | None = None

    def __len__(self):
        return len(self.places)

    @property
    def name(self):
        """The names of its files, in a sentence."""
        return listed(self.files)

    def where(self, rows):
        """`FILE, lines 3, 7 and 12 more` for some rows (indices) of the file of the first."""
        rows = [row for row in rows if self.file[row] == self.file[rows[0]]]
        kind = self.places[rows[0]].split(" ", 1)[0] + ("s" if len(rows) > 1 else "")
        names = [self.places[row].split(" ", 1)[1] for row in rows]
        return f"{self.files[self.file[rows[0]]]}, {kind} {listed(names, 5)}"

    def missing(self, name):
        """Which rows have no value in a column, [n] of bool."""
        values = self.columns[name]
        return values == "" if values.dtype == object else np.isnan(values)


def values_sha256(table):
    """SHA-256 of a table's values, whatever their spelling.

    Of each column in turn, its name and values as JSON: numbers as the shortest text that gives the
    number again, others as they stand. So line ends, a byte-order mark, white space between fields,
    trailing zeros and packing make no difference, and any changed value does.
    """
    digest = hashlib.sha256()
    for name, values in table.columns.items():
        cells = values.tolist()
        if values.dtype == object:
            cells = [float(cell) if is_number(cell) else cell for cell in cells]
        digest.update(json.dumps([name, cells]).encode())
    return digest.hexdigest()


def settle(table, name, parts, decimal=None):
    """Give a table a column, from that of each file: arrays of numbers, or lists of text."""
    if all(isinstance(part, np.ndarray) for part in parts):
        table.columns[name] = np.concatenate(parts)
        return
    cells = [cell for part in parts for cell in (part if isinstance(part, list) else texts(part))]
    cells = ["" if is_missing(cell) else cell.strip() for cell in cells]
    # 1,234 is a thousand and more where commas separate the fields, else one and more.
    guessed = [PLAIN, THOUSANDS, COMMA] if table.separator == "," else [PLAIN, COMMA]
    for spelling in SPELLINGS.get(decimal, guessed):
        values = numbers(cells, spelling)
        if values is not None:
            table.columns[name] = values
            table.commas |= {name} if spelling is COMMA else set()
            return
    table.columns[name] = np.array(cells, dtype=object)


def numbers(cells, spelling=PLAIN):
    """Text as float64 [n], not a number where it is empty; None where not all are finite."""
    pattern, rewritten = spelling
    if not all(map(pattern.fullmatch, cells)):
        return None
    cells = [cell.translate(str.maketrans(rewritten)) for cell in cells] if rewritten else cells
    try:
        values = np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return None
    return None if np.isinf(values).any() else values


def is_missing(cell):
    return cell.strip().casefold() in MISSING


def is_number(cell):
    """Whether one cell holds a plain number."""
    return bool(cell.strip()) and numbers([cell.strip()]) is not None


def label(value):
    """A number as the name of a class or level: 3, not 3.0."""
    if np.isnan(value):
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def texts(values):
    """A column as text [n] (objects), empty where a value is missing."""
    if values.dtype == object:
        return values
    return np.array([label(value) for value in values.tolist()], dtype=object)


def codes(values):
    """A column as whole numbers from 0 in the order of its values, [n]."""
    return np.unique(values, return_inverse=True)[1]


def listed(names, most=12):
    """Some names in a sentence."""
    names = [shortened(str(name)) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def shortened(text, most=60):
    return text if len(text) <= most else text[: most - 3] + "..."


def perhaps(name, names):
    """` (is it 'price'?)` where a name is nearly one of some names; else nothing."""
    close = get_close_matches(name, names, 1)
    return f" (is it {close[0]!r}?)" if close else ""


def times(sizes):
    """`1 x 16 x 16`"""
    return " x ".join(map(str, sizes)) if sizes else "none"
