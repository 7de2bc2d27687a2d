"""Read the raw files of the two problems, and refuse what is not as it should be."""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from tunebook.jobs import TunebookError

PIXELS = 256
CLASSES = 10
# Far above the largest real file (15 MB of text): what a hostile or broken archive may unfold to.
LARGEST_TEXT = 64 * 1024 * 1024

NUMERIC_CHARACTERS = b"0123456789+-.eE \t\r\n"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_usps(path):
    """USPS digits from a gzipped text file in the layout of *The Elements of Statistical Learning*.

    Each line holds the digit and then 16 x 16 grey values, row by row; ``6.0000 -1.0000`` and
    ``6 -1`` are read alike.

    Returns
    -------
    pixels : float32 [n, 256], grey values in [-1, 1] (-1 is the paper, 1 the ink)
    labels : int64 [n], digits 0 to 9

    Raises
    ------
    TunebookError : the file is missing, truncated, or holds anything but such lines
    """
    values = parse_usps(gunzip(_read_bytes(path), path), path)
    return values[:, 1:].astype(np.float32), values[:, 0].astype(np.int64)


def read_houses(path, features, target="SalePrice"):
    """House sales from a comma-separated table with a header.

    Columns that are not asked for may hold anything.

    Returns
    -------
    features : float64 [n, len(features)], in the units of the file
    prices : float64 [n], US dollars

    Raises
    ------
    TunebookError : a column is missing or twice there, a line has too many or too few fields, or
        a value that is asked for is not a finite number
    """
    header, rows = _read_table(path)
    wanted = [*features, target]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise TunebookError(
            f"{path}: no column {', '.join(missing)}; found {_shortened(', '.join(header))}; "
            f"allowed: a header that has {', '.join(wanted)}"
        )
    columns = [header.index(name) for name in wanted]
    values = np.empty((len(rows), len(wanted)))
    for index, (line, row) in enumerate(rows):
        for position, (name, column) in enumerate(zip(wanted, columns, strict=True)):
            values[index, position] = _number(row[column], f"{path}, line {line}, column {name}")
    return values[:, :-1], values[:, -1]


def gunzip(data, name):
    """The text of a gzip archive, both as bytes; ``name`` is what the error message calls it."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
            text = archive.read(LARGEST_TEXT + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TunebookError(
            f"{name}: not a whole gzip file ({error}); found {len(data)} bytes; "
            "allowed: a gzip file of whitespace-separated numbers"
        ) from error
    if len(text) > LARGEST_TEXT:
        raise TunebookError(f"{name}: unfolds to more than the {LARGEST_TEXT} bytes allowed")
    return text


def parse_usps(text, name):
    """The numbers of USPS text (bytes) as float64 [n, 257]: the digit, then 256 grey values."""
    _require_numeric_lines(text, name)
    try:
        table = pd.read_csv(io.BytesIO(text), sep=r"\s+", header=None, dtype=np.float64)
    except ValueError as error:  # pandas' ParserError is one
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise TunebookError(
            f"{name}: {reason}; allowed: {PIXELS + 1} numbers on each line"
        ) from error
    values = table.to_numpy()
    _require(~np.isnan(values), values, name, f"{PIXELS + 1} numbers on each line")
    digits, pixels = values[:, :1], values[:, 1:]
    _require(np.isin(digits, np.arange(CLASSES)), digits, name, "a digit 0 to 9 at the start")
    _require(np.abs(pixels) <= 1, pixels, name, "grey values from -1 to 1")
    return values


def _require_numeric_lines(text, name):
    # Done before parsing: it finds other encodings, markup and words such as nan for what they are.
    strange = text.translate(None, NUMERIC_CHARACTERS)
    if strange:
        where = text.index(strange[:1])
        line = text.count(b"\n", 0, where) + 1
        raise TunebookError(
            f"{name}, line {line}: found {text[where : where + 12]!r}; allowed: numbers in plain "
            "text (ASCII), separated by white space"
        )
    count = len(text.split(b"\n", 1)[0].split())
    if count != PIXELS + 1:
        raise TunebookError(
            f"{name}, line 1: found {count} numbers; allowed: a digit and {PIXELS} grey values"
        )
    if not text.endswith(b"\n"):
        raise TunebookError(
            f"{name}: ends in the middle of a line; found {text[-12:]!r}; allowed: whole lines"
        )


def _require(holds, values, name, allowed):
    if not holds.all():
        row, column = np.argwhere(~holds)[0]
        found = "too few numbers" if np.isnan(values[row, column]) else f"{values[row, column]:g}"
        raise TunebookError(f"{name}, line {row + 1}: found {found}; allowed: {allowed}")


def _read_bytes(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TunebookError(f"{path}: cannot be read ({error.strerror or error})") from error


def _read_table(path):
    """Header and numbered rows of a CSV file, every row as long as the header."""
    text = _decoded(_read_bytes(path), path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise TunebookError(
            f"{path}, line {reader.line_num}: {error}; allowed: comma-separated values"
        ) from error
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise TunebookError(f"{path}: column {', '.join(repeated)} stands twice; allowed: once")
    for line, row in rows:
        if len(row) != len(header):
            raise TunebookError(
                f"{path}, line {line}: found {len(row)} fields; allowed: {len(header)}, "
                "as in the header"
            )
    if not rows:
        raise TunebookError(f"{path}: found no rows; allowed: a header and at least one row")
    return header, rows


def _decoded(data, path):
    allowed = "allowed: plain text in UTF-8 without a byte-order mark"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = data[error.start : error.start + 4]
        raise TunebookError(
            f"{path}, byte {error.start + 1}: found {found!r}; {allowed}"
        ) from error
    if text.startswith("\ufeff") or "\0" in text:
        raise TunebookError(f"{path}: found {data[:8]!r} at the start; {allowed}")
    if text and not text.endswith("\n"):
        raise TunebookError(
            f"{path}: ends in the middle of a line; found {text[-12:]!r}; allowed: whole lines"
        )
    return text


def _number(text, where):
    # float() alone would also take nan, inf, 1_000 and digits of other scripts.
    if NUMBER.fullmatch(text):
        value = float(text)
        if np.isfinite(value):
            return value
    raise TunebookError(f"{where}: found {_shortened(text)!r}; allowed: a finite number")


def _shortened(text, length=80):
    return text if len(text) <= length else text[: length - 3] + "..."
