"""Read the files of a dataset: every file becomes rows and named columns, or one clear error.

Nothing that is read is run, and nothing unfolds without bound.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import zlib
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from ..jobs import TunebookError
from . import archives
from .archives import bounded, damaged, require_once
from .table import Table, is_missing, is_number, listed, settle, times

SEPARATORS = ["\t", ";", "|", ",", ":", "whitespace"]
ZIP = (b"PK\3\4", b"PK\5\6")  # an archive, one without files
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".data", ".train", ".test")
# {how it begins: Python's module for it}
PACKED = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}
# Where something is guessed of a text, so many of its first lines are looked at.
SAMPLE = 200
WHITE_SPACE = ("whitespace", " ")


def read(paths, description=None):
    """The Table of one file (or folder of images), or of several that hold the same columns.

    paths: one or a list. description: how they are read, a dataset of the configuration: `reader`,
    `separator`, `decimal`, `encoding`, `header`, `image`; what it does not say is guessed. Raises
    TunebookError that names the file, and the line and column where there are some.
    """
    paths, parts = paths if isinstance(paths, list | tuple) else [paths], []
    for path in map(Path, paths):
        try:
            data = content(path)
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            reason = getattr(error, "strerror", None) or error
            raise TunebookError(f"{path}: cannot be read ({reason})") from error
        parts.append(parse(data, path.name, description or {}))
    return joined(parts, description or {})


def content(path):
    """The bytes of a file, or of a folder as an archive."""
    if path.is_dir():
        return archives.packed(path)
    bounded(path.name, path.stat().st_size)
    return path.read_bytes()


def parse(data, name, description):
    """The raw Table of one file's bytes: columns as they stand there, lists of text or arrays."""
    reader = description.get("reader") or kind(data, name)
    table = READERS[reader](data, name, description)
    table.reader = reader
    if not table.places:
        raise TunebookError(f"{name}: found no rows; allowed: at least one")
    return table


def kind(data, name):
    """The reader of a file, by how it begins."""
    if data.startswith(b"PAR1"):
        return "parquet"
    if not data.startswith(ZIP):
        return "csv"
    archive = archives.unzipped(data, name)
    if holds_one_text(archive):
        return "csv"
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        raise TunebookError(f"{name}: found an office document; allowed: save it as CSV")
    return "npz" if names and all(file.endswith(".npy") for file in names) else "images"


def joined(parts, description):
    """One Table of the raw tables of several files: each column settled as numbers or text."""
    first = parts[0]
    for part in parts[1:]:
        if absent := [name for name in first.columns if name not in part.columns]:
            found = f"{part.name}: no column {listed(absent)}; found {listed(part.columns)}"
            raise TunebookError(f"{found}; allowed: the columns of {first.name}")
        if part.shape != first.shape:
            allowed = f"{times(first.shape)}, as in {first.name}"
            found = f"{part.name}: found images of {times(part.shape)}"
            raise TunebookError(f"{found}; allowed: {allowed}")
    table = replace(
        first,
        columns={},
        files=[part.name for part in parts],
        places=[place for part in parts for place in part.places],
        file=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
    )
    for name in first.columns:
        settle(table, name, [part.columns[name] for part in parts], description.get("decimal"))
    if image := description.get("image"):
        table.shape, table.range = tuple(image["shape"]), tuple(image["range"])
    return table


def read_csv(data, name, description):
    """The raw Table of separated text, plain or in gzip; fields may be quoted."""
    text = decoded(unpacked(data, name), name, description.get("encoding"))
    lines = io.StringIO(text, newline="").readlines()
    separator = description.get("separator") or guess_separator(lines)
    head = list(islice(records(lines, name, separator), SAMPLE))
    if not head:
        return Table({}, [name], [])
    header = description.get("header")
    if header is None:
        header = guess_header([row for _, row in head])
    first = head[0][1] if header else [""] * len(head[0][1])
    names = [" ".join(cell.split()) or f"column-{at}" for at, cell in enumerate(first, 1)]
    require_once(name, names)
    columns = None
    if description.get("decimal") != ",":
        columns = plain_columns(lines[1:] if header else lines, separator)
    if columns is not None and len(columns) == len(names):
        found = range(1 + header, 1 + len(lines))
    else:
        rows = list(records(lines, name, separator))[header:]
        for line, row in rows:
            if len(row) != len(names):
                allowed = f"{len(names)}, as in the first line"
                raise TunebookError(
                    f"{name}, line {line}: found {len(row)} fields; allowed: {allowed}"
                )
        columns = map(list, zip(*(row for _, row in rows), strict=True))
        found = [line for line, _ in rows]
    columns = dict(zip(names, columns, strict=True)) if found else {}
    return Table(columns, [name], [f"line {line}" for line in found], separator=separator)


def plain_columns(lines, separator):
    """Numbers [columns, lines], read at once; None where a line holds, or misses, anything else."""
    delimiter = None if separator in WHITE_SPACE else separator
    try:
        numbers = np.loadtxt(lines or ["-"], delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        return None
    return numbers.T if len(numbers) == len(lines) and np.isfinite(numbers).all() else None


def unpacked(data, name):
    """The text of a packed file, as bytes; other bytes as they are."""
    if data.startswith(ZIP):
        archive = archives.unzipped(data, name)
        return archive.read(archive.namelist()[0]) if holds_one_text(archive) else data
    package = next((PACKED[start] for start in PACKED if data.startswith(start)), None)
    if package is None:
        return data
    try:
        with package.open(io.BytesIO(data)) as archive:
            text = archive.read(archives.LARGEST + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise damaged(name, f"{package.__name__} file", error) from error
    bounded(name, len(text), "bytes unpacked")
    return text


def holds_one_text(archive):
    """Whether an archive holds one file, and that by its name neither an image nor an array."""
    names = [name for name in archive.namelist() if archives.is_shown(name)]
    return len(names) == 1 and names[0].lower().endswith(TEXT_ENDINGS)


def decoded(data, name, encoding):
    """Text from bytes in an encoding; without one, by byte-order mark, UTF-8 or Windows-1252."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for attempt in [encoding] if encoding else ["utf-16" if wide else "utf-8", "cp1252"]:
        try:
            text = data.decode(attempt)
        except LookupError:
            allowed = "one that Python knows, such as utf-8"
            raise TunebookError(f"{name}: found encoding {attempt!r}; allowed: {allowed}") from None
        except UnicodeError:
            continue
        if strange := re.search(r"[\x00-\x08\x0e-\x1f]", text):
            line = text.count("\n", 0, strange.start()) + 1
            allowed = "plain text, in UTF-8 or in the encoding that the dataset names"
            raise TunebookError(f"{name}, line {line}: found {strange[0]!r}; allowed: {allowed}")
        return text.removeprefix("\ufeff")
    raise TunebookError(f"{name}: not text in {attempt}; allowed: name its encoding")


def guess_separator(lines):
    """The first of SEPARATORS that cuts the first lines alike; without one, the most regular."""
    regular = {}
    for separator in SEPARATORS:
        try:
            counts = [len(row) for _, row in records(lines[:SAMPLE], "", separator)]
        except TunebookError:
            continue
        if counts and counts[0] > 1:
            regular[separator] = counts.count(counts[0]) / len(counts)
    return max(regular, key=regular.get, default=",")


def records(lines, name, separator):
    """(line number, fields) of each row of separated text in turn, without blank lines."""
    if separator in WHITE_SPACE:
        rows = ((line, split(fields)) for line, fields in enumerate(lines, 1))
        yield from ((line, row) for line, row in rows if row)
        return
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        yield from (
            (reader.line_num, row) for row in reader if len(row) > 1 or "".join(row).strip()
        )
    except csv.Error as error:
        allowed = f"fields separated by {separator!r}, a quoted field ending with its quote"
        raise TunebookError(
            f"{name}, line {reader.line_num}: {error}; allowed: {allowed}"
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


READERS = {
    "csv": read_csv,
    "parquet": archives.read_parquet,
    "npz": archives.read_npz,
    "images": archives.read_images,
}
