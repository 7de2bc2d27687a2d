"""Read Parquet files, NumPy's archives and folders of images; nothing unfolds without bound."""

import io
import zipfile
from collections import Counter
from functools import partial

import numpy as np

from ..jobs import TunebookError
from .table import Table, listed, times

# What a file may hold, packed or not (bytes), and a table (values): bounds for hostile files.
LARGEST_FILE = 256 * 1024 * 1024
LARGEST_TABLE = 256 * 1024 * 1024
CHANNELS = (1, 3, 4)


def read_parquet(data, name, description):
    """The raw Table of a Parquet file; what is neither number nor text becomes text."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        bounded(name, file.metadata.num_rows * file.metadata.num_columns, LARGEST_TABLE, "values")
        table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise damaged(name, "Parquet file", error) from error
    require_once(name, table.column_names)
    columns = {}
    for key, column in zip(table.column_names, table.columns, strict=True):
        if pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type):
            columns[key] = column.to_numpy().astype(float)
        else:
            columns[key] = ["" if cell is None else str(cell) for cell in column.to_pylist()]
    return Table(columns, [name], numbered(len(table)))


def read_npz(data, name, description):
    """The raw Table of arrays by name, a row an example; more axes become a column a number.

    An array [n, height, width] or [n, channels, height, width] holds images; channels may be last.
    """
    bounded(name, sum(one.file_size for one in members(data, name)), LARGEST_FILE, "bytes unpacked")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except Exception as error:  # zipfile, zlib and NumPy's own
        raise damaged(name, "file of arrays", error) from error
    sizes = {key: len(array) if array.ndim else None for key, array in arrays.items()}
    if None in sizes.values() or len(set(sizes.values())) != 1:
        found = ", ".join(f"{size} ({key})" for key, size in sizes.items())
        raise TunebookError(
            f"{name}: found arrays of {found or 0} rows; allowed: arrays with one row each for "
            "every example"
        )
    table = Table({}, [name], numbered(next(iter(sizes.values()))))
    for key, array in arrays.items():
        if array.dtype.kind not in "biufUS":
            raise TunebookError(f"{name}: array {key} holds {array.dtype}; allowed: numbers, text")
        if array.ndim > 2:
            add_images(table, key, array)
            continue
        array = array.astype(str if array.dtype.kind in "bUS" else float)
        for column, values in [(key, array)] if array.ndim == 1 else numbered_columns(key, array):
            table.columns[column] = values.tolist() if array.dtype.kind == "U" else values
    return table


def add_images(table, key, array):
    """Give a table images: the columns of their pixels, their shape and range."""
    if array.ndim == 3:
        array = array[:, None]
    elif array.shape[-1] in CHANNELS and array.shape[1] not in CHANNELS:
        array = np.moveaxis(array, -1, 1)
    if array.ndim != 4 or table.shape or array.dtype.kind not in "iuf":
        raise TunebookError(
            f"{table.name}: array {key} holds {times(array.shape)} of {array.dtype}; allowed: one "
            "array of images, [n, height, width] or [n, channels, height, width], of numbers"
        )
    columns = dict(numbered_columns(key, array.reshape(len(array), -1)))
    table.columns |= columns
    table.shape, table.pixels = array.shape[1:], list(columns)
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    usual = [(0.0, 255.0)] if array.dtype == np.uint8 else [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]
    inside = [pair for pair in usual if pair[0] <= low and high <= pair[1]]
    table.range = (*inside, (low, high))[0]


def read_images(data, name, description):
    """The raw Table of images, a zip archive of one folder a class: `class`, and pixels.

    All are of one size; they are grey if every one is, else red, green and blue.
    """
    from PIL import Image

    images, classes, places, size = [], [], [], None
    for place, load in images_in(data, name):
        try:
            with Image.open(io.BytesIO(load())) as image:
                if images and image.size != size:
                    raise TunebookError(
                        f"{name}, image {place}: found {times(image.size)} pixels; allowed: "
                        f"{times(size)}, as in {places[0]}"
                    )
                size = image.size
                bounded(name, 3 * (len(images) + 1) * np.prod(size), LARGEST_TABLE, "pixels")
                if image.mode.startswith(("I", "F")):
                    raise ValueError(f"of kind {image.mode}, not of 8 bits a colour")
                images.append(
                    np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
                )
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise damaged(f"{name}, image {place}", "image", error) from error
        classes.append(place.split("/")[0])
        places.append(f"image {place}")
    if not images:
        raise TunebookError(f"{name}: found no images; allowed: a folder of images for each class")
    if any(image.ndim == 3 for image in images):
        images = [np.broadcast_to(np.atleast_3d(image), (*image.shape[:2], 3)) for image in images]
    table = Table({"class": classes}, [name], places)
    add_images(table, "pixel", np.stack(images))
    return table


def packed(folder):
    """A zip archive (bytes) of the files below a folder, the same for the same files.

    Hidden files are left out. Raises TunebookError where they are too large, OSError where one
    cannot be read.
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = {place: path for place, path in sorted(found.items()) if path.is_file()}
    size = sum(path.stat().st_size for path in files.values())
    bounded(folder.name, size, LARGEST_FILE, "bytes")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for place, path in files.items():
            if is_shown(place):
                file.writestr(zipfile.ZipInfo(place), path.read_bytes())
    return archive.getvalue()


def is_shown(place):
    """Whether no part of a path is hidden, or put there by a Mac beside every file."""
    return not any(part.startswith((".", "__MACOSX")) for part in place.split("/"))


def images_in(data, name):
    """[(CLASS/FILE, function that gives its bytes)] of a zip archive, in order of names."""
    inside = members(data, name)
    bounded(name, sum(one.file_size for one in inside), LARGEST_FILE, "bytes unpacked")
    archive, found = zipfile.ZipFile(io.BytesIO(data)), []
    for one in sorted(inside, key=lambda one: one.filename):
        if not one.is_dir() and is_shown(one.filename):
            found.append((one.filename.split("/"), one))
    # A folder around the classes is none.
    while len({parts[0] for parts, _ in found}) == 1 and min(len(parts) for parts, _ in found) > 2:
        found = [(parts[1:], one) for parts, one in found]
    for parts, _ in found:
        if len(parts) < 2:
            raise TunebookError(
                f"{name}: {parts[0]} lies in no class; allowed: a folder of images for each class"
            )
    return [("/".join(parts), partial(archive.read, one)) for parts, one in found]


def members(data, name):
    """The entries of a zip archive."""
    try:
        return zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(name, "archive", error) from error


def damaged(name, kind, error):
    reason = str(error).split("\n")[0]
    return TunebookError(f"{name}: not a whole {kind} that can be read ({reason})")


def bounded(name, found, most, what):
    if found > most:
        raise TunebookError(f"{name}: found {found} {what}; allowed: at most {most}")


def require_once(name, columns):
    if repeated := [column for column, count in Counter(columns).items() if count > 1]:
        raise TunebookError(f"{name}: column {listed(repeated)} stands twice; allowed: once")


def numbered(rows):
    return [f"row {row + 1}" for row in range(rows)]


def numbered_columns(key, array):
    """[(`KEY-1`, column)] of an array [n, m]."""
    return [(f"{key}-{index + 1}", array[:, index]) for index in range(array.shape[1])]
