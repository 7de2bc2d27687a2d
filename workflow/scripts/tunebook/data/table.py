"""A table in memory: named columns of numbers or text, and where each row came from."""

import hashlib
import json
import re
from dataclasses import dataclass, field

import numpy as np

# Texts that stand for no value, whatever their case.
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "?", "-", "--", "."}
NUMERIC = re.compile(r"[0-9+\-.eE]*")
DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?([eE][+-]?\d+)?", re.ASCII)
THOUSANDS = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


@dataclass
class Table:
    """The rows of one or more files.

    columns: {name: values}, each numbers [n], not a number where a value is missing, or, where not
    all are numbers, text [n] (objects), empty where missing. files: their names. places: [n], what
    a message calls each row. file: [n], the position of each row's file. separator: of fields in
    text. commas: columns whose numbers had decimal commas. shape: (channels, height, width) where
    columns are an image's pixels, channel by channel and row by row; range: the least and largest
    that a pixel can be; pixels: the names of these columns, None for all that have no other use.
    """

    columns: dict
    files: list
    places: list
    file: np.ndarray | None = None
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

    def where(self, rows, named=5):
        """`FILE, lines 3, 7 and 12 more` for some rows (indices) of the file of the first."""
        rows = [row for row in rows if self.file[row] == self.file[rows[0]]]
        kind = self.places[rows[0]].split(" ", 1)[0] + ("s" if len(rows) > 1 else "")
        names = [self.places[row].split(" ", 1)[1] for row in rows]
        return f"{self.files[self.file[rows[0]]]}, {kind} {listed(names, named)}"

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
        if values.dtype == object:
            cells = [float(cell) if is_number(cell) else cell for cell in values]
        else:
            cells = values.tolist()
        digest.update(json.dumps([name, cells]).encode())
    return digest.hexdigest()


def settle(table, name, parts, decimal=None):
    """Give a table a column, from that of each file: arrays of numbers, or lists of text."""
    if all(isinstance(part, np.ndarray) for part in parts):
        table.columns[name] = np.concatenate(parts)
        return
    cells = [cell for part in parts for cell in (part if isinstance(part, list) else texts(part))]
    if decimal != "," and (values := numbers(cells, plain)) is not None:
        table.columns[name] = values
        return
    cells = ["" if is_missing(cell) else cell.strip() for cell in cells]
    # 1,234 is a thousand and more where commas separate the fields, else one and more.
    guessed = [plain, thousands, comma] if table.separator == "," else [plain, comma]
    for spelling in {",": [comma], ".": [plain, thousands]}.get(decimal, guessed):
        values = numbers(cells, spelling)
        if values is not None:
            table.columns[name] = values
            table.commas |= {name} if spelling is comma else set()
            return
    table.columns[name] = np.array(cells, dtype=object)


def numbers(cells, spelling):
    """Text as float64 [n], not a number where it is empty; None where not all are finite numbers.

    spelling: a function that rewrites cells as Python's numbers, ValueError where it cannot.
    """
    try:
        values = np.array([float(cell) if cell else np.nan for cell in spelling(cells)])
    except ValueError:
        return None
    return None if np.isinf(values).any() else values


def plain(cells):
    """-1.5e3; what float() takes besides, such as nan and 1_000, is none."""
    return matching(NUMERIC, ["".join(cells)]) and cells


def comma(cells):
    """1.234,5"""
    return [cell.replace(".", "").replace(",", ".") for cell in matching(DECIMAL_COMMA, cells)]


def thousands(cells):
    """1,234.5"""
    return [cell.replace(",", "") for cell in matching(THOUSANDS, cells)]


def matching(pattern, cells):
    if all(map(pattern.fullmatch, cells)):
        return cells
    raise ValueError


def is_missing(cell):
    return cell.strip().casefold() in MISSING


def is_number(cell):
    """Whether one cell holds a plain number."""
    return bool(cell.strip()) and numbers([cell.strip()], plain) is not None


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


def listed(names, most=12):
    """Some names in a sentence."""
    names = [shortened(str(name)) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def shortened(text, most=60):
    return text if len(text) <= most else text[: most - 3] + "..."


def times(sizes):
    """`1 x 16 x 16`"""
    return " x ".join(map(str, sizes)) if sizes else "none"
