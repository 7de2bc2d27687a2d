"""Read the files of a dataset: every file becomes rows and named columns, or one clear error.

Nothing that is read is run, and nothing unfolds without bound.
"""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path

import numpy as np

from ..jobs import TunebookError
from .archives import (
    LARGEST_FILE,
    bounded,
    damaged,
    members,
    packed,
    read_images,
    read_npz,
    read_parquet,
    require_once,
)
from .table import Table, is_missing, is_number, listed, settle, times

SEPARATORS = ["\t", ";", "|", ",", ":", "whitespace"]
# Where something is guessed of a text, so many of its first lines are looked at.
SAMPLE = 200


def read(paths, description=None):
    """The Table of one file (or folder of images), or of several that hold the same columns.

    paths: one or a list. description: how they are read, a dataset of the configuration: `reader`,
    `separator`, `decimal`, `encoding`, `header`, `image`; what it does not say is guessed. Raises
    TunebookError that names the file, and the line and column where there are some.
    """
    paths = [Path(path) for path in (paths if isinstance(paths, list | tuple) else [paths])]
    description = description or {}
    return joined([parse(content(path), path.name, description) for path in paths], description)


def content(path):
    """The bytes of a file, or of a folder as an archive."""
    try:
        if path.is_dir():
            return packed(path)
        bounded(path, path.stat().st_size, LARGEST_FILE, "bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise TunebookError(f"{path}: cannot be read ({reason})") from error


def parse(data, name, description):
    """The raw Table of one file's bytes: columns as they stand there, lists of text or arrays."""
    table = READERS[description.get("reader") or kind(data, name)](data, name, description)
    if not table.places:
        raise TunebookError(f"{name}: found no rows; allowed: at least one")
    return table


def kind(data, name):
    """The reader of a file, by how it begins."""
    if data.startswith(b"PAR1"):
        return "parquet"
    if not data.startswith((b"PK\3\4", b"PK\5\6")):  # an archive, one without files
        return "csv"
    names = [member.filename for member in members(data, name)]
    if "[Content_Types].xml" in names:
        raise TunebookError(f"{name}: found an office document; allowed: save it as CSV")
    arrays = names and all(member.endswith(".npy") for member in names)
    return "npz" if arrays else "images"


def joined(parts, description):
    """One Table of the raw tables of several files: each column settled as numbers or text."""
    first = parts[0]
    for part in parts[1:]:
        if absent := [name for name in first.columns if name not in part.columns]:
            raise TunebookError(
                f"{part.name}: no column {listed(absent)}; found {listed(part.columns)}; allowed: "
                f"the columns of {first.name}"
            )
        if part.shape != first.shape:
            raise TunebookError(
                f"{part.name}: found images of {times(part.shape)}; allowed: {times(first.shape)}, "
                f"as in {first.name}"
            )
    table = Table(
        {},
        [part.name for part in parts],
        [place for part in parts for place in part.places],
        np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        first.separator,
        shape=first.shape,
        range=first.range,
        pixels=first.pixels,
    )
    for name in first.columns:
        settle(table, name, [part.columns[name] for part in parts], description.get("decimal"))
    if image := description.get("image"):
        table.shape, table.range = tuple(image["shape"]), tuple(image["range"])
    return table


def read_csv(data, name, description):
    """The raw Table of separated text, plain or in gzip; fields may be quoted."""
    text = decoded(unpacked(data, name), name, description.get("encoding"))
    separator = description.get("separator") or guess_separator(text)
    lines = records(text, name, separator)
    if not lines:
        raise TunebookError(f"{name}: found no rows; allowed: at least one")
    header = description.get("header")
    if header is None:
        header = guess_header([row for _, row in lines[:SAMPLE]])
    first = lines.pop(0)[1] if header else [""] * len(lines[0][1])
    names = [
        " ".join(cell.split()) or f"column-{position}" for position, cell in enumerate(first, 1)
    ]
    require_once(name, names)
    for line, row in lines:
        if len(row) != len(names):
            raise TunebookError(
                f"{name}, line {line}: found {len(row)} fields; allowed: {len(names)}, as in the "
                "first line"
            )
    cells = map(list, zip(*(row for _, row in lines), strict=True))
    columns = dict(zip(names, cells, strict=True)) if lines else {}
    return Table(columns, [name], [f"line {line}" for line, _ in lines], separator=separator)


def unpacked(data, name):
    """The text of a gzip archive, as bytes; other bytes as they are."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as archive:
            text = archive.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(name, "gzip file", error) from error
    bounded(name, len(text), LARGEST_FILE, "bytes unpacked")
    return text


def decoded(data, name, encoding):
    """Text from bytes in an encoding; without one, by byte-order mark, UTF-8 or Windows-1252."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for attempt in [encoding] if encoding else ["utf-16" if wide else "utf-8", "cp1252"]:
        try:
            text = data.decode(attempt)
        except LookupError:
            raise TunebookError(
                f"{name}: found encoding {attempt!r}; allowed: one that Python knows, such as utf-8"
            ) from None
        except UnicodeError:
            continue
        if strange := re.search(r"[\x00-\x08\x0e-\x1f]", text):
            line = text.count("\n", 0, strange.start()) + 1
            raise TunebookError(
                f"{name}, line {line}: found {strange[0]!r}; allowed: plain text, in UTF-8 or in "
                "the encoding that the dataset names"
            )
        return text.removeprefix("\ufeff")
    raise TunebookError(f"{name}: not text in {attempt}; allowed: name its encoding")


def guess_separator(text):
    """The first of SEPARATORS that cuts the first lines alike; without one, the most regular."""
    head = "".join(io.StringIO(text, newline="").readlines(SAMPLE * 1000)[:SAMPLE])
    regular = {}
    for separator in SEPARATORS:
        try:
            counts = [len(row) for _, row in records(head, "", separator)]
        except TunebookError:
            continue
        if counts and counts[0] > 1:
            regular[separator] = counts.count(counts[0]) / len(counts)
    return max(regular, key=regular.get, default=",")


def records(text, name, separator):
    """[(line number, fields)] of separated text, without blank lines."""
    lines = io.StringIO(text, newline="")
    if separator in ("whitespace", " "):
        rows = [(line, split(fields)) for line, fields in enumerate(lines, 1)]
        return [(line, row) for line, row in rows if row]
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if len(row) > 1 or "".join(row).strip()]
    except csv.Error as error:
        raise TunebookError(
            f"{name}, line {reader.line_num}: {error}; allowed: fields separated by {separator!r}, "
            "a quoted field ending with its quote"
        ) from error


def split(line):
    """The fields of a line that white space separates; they may be quoted."""
    if '"' not in line:
        return line.split()
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', line)]


def guess_header(rows):
    """Whether the first of some rows names the columns.

    It does if it holds no number; also if it holds a word above numbers, or numbers that count up.
    """
    first, *rest = rows
    found = [float(cell) for cell in first if is_number(cell)]
    counting = len(found) > 2 and bool((np.diff(found) == 1).all())
    above = [
        all(map(is_number, column))
        for cell, column in zip(first, zip(*rest, strict=False), strict=False)
        if not (is_missing(cell) or is_number(cell))
    ]
    return not found or counting or any(above)


READERS = {"csv": read_csv, "parquet": read_parquet, "npz": read_npz, "images": read_images}
