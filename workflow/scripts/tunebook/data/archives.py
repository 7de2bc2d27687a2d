"""Read Parquet files, NumPy's archives and folders of images; nothing unfolds without bound."""

import io
import zipfile
from collections import Counter

import numpy as np

from ..jobs import TunebookError
from .table import Table, listed, times

# Bytes of a file, packed or not, and values of a table: a bound for hostile files.
LARGEST = 256 * 1024 * 1024
CHANNELS = (1, 3, 4)
FOLDERS = "allowed: a folder of images for each class"


def read_parquet(data, name, description):
    """The raw Table of a Parquet file; what is neither number nor text becomes text."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        bounded(name, file.metadata.num_rows * file.metadata.num_columns, "values")
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
    unzipped(data, name)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict(archive)
    except Exception as error:  # zipfile, zlib and NumPy's own
        raise damaged(name, "file of arrays", error) from error
    sizes = {key: len(array) if array.ndim else None for key, array in arrays.items()}
    if None in sizes.values() or len(set(sizes.values())) != 1:
        found = ", ".join(f"{size} ({key})" for key, size in sizes.items()) or 0
        raise TunebookError(f"{name}: found arrays of {found} rows; allowed: as many rows in each")
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
    if array.ndim != 4 or table.shape or array.dtype.kind not in "iuf" or not array.size:
        raise TunebookError(
            f"{table.name}: array {key} holds {times(array.shape)} of {array.dtype}; allowed: one "
            "array of images, [n, height, width] or [n, channels, height, width], of numbers"
        )
    columns = dict(numbered_columns(key, array.reshape(len(array), -1)))
    table.columns |= columns
    table.shape, table.pixels = array.shape[1:], list(columns)
    found = float(array.min()), float(array.max())
    usual = [(0.0, 255.0)] if array.dtype == np.uint8 else [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]
    fitting = (pair for pair in usual if pair[0] <= found[0] and found[1] <= pair[1])
    table.range = next(fitting, found)


def read_images(data, name, description):
    """The raw Table of images, a zip archive of one folder a class: `class`, and pixels.

    All are of one size; they are grey if every one is, else red, green and blue.
    """
    from PIL import Image

    images, classes, places = [], [], []
    for (folder, *rest), load in images_in(data, name):
        place = "/".join(["image " + folder, *rest])
        try:
            with Image.open(io.BytesIO(load())) as image:
                if images and image.size != images[0].size:
                    raise TunebookError(
                        f"{name}, {place}: found {times(image.size)} pixels; allowed: "
                        f"{times(images[0].size)}, as in {places[0]}"
                    )
                bounded(name, 3 * (len(images) + 1) * np.prod(image.size), "pixels")
                if image.mode.startswith(("I", "F")):
                    raise ValueError(f"of kind {image.mode}, not of 8 bits a colour")
                images.append(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise damaged(f"{name}, {place}", "image", error) from error
        classes.append(folder)
        places.append(place)
    if not images:
        raise TunebookError(f"{name}: found no images; {FOLDERS}")
    mode = max(image.mode for image in images)  # RGB, if it is that of any
    pixels = np.stack([np.atleast_3d(image.convert(mode)) for image in images])
    table = Table({"class": classes}, [name], places)
    add_images(table, "pixel", np.moveaxis(pixels, -1, 1))
    return table


def images_in(data, name):
    """[([CLASS, ..., FILE], function that gives its bytes)] of an archive, in order of names."""
    archive = unzipped(data, name)
    files = sorted(one for one in archive.namelist() if is_shown(one) and not one.endswith("/"))
    paths = [file.split("/") for file in files]
    # A folder around the classes is none.
    while len({path[0] for path in paths}) == 1 and min(map(len, paths)) > 2:
        paths = [path[1:] for path in paths]
    if loose := [path[0] for path in paths if len(path) < 2]:
        raise TunebookError(f"{name}: {loose[0]} lies in no class; {FOLDERS}")
    return [
        (path, lambda file=file: archive.read(file))
        for path, file in zip(paths, files, strict=True)
    ]


def packed(folder):
    """A zip archive (bytes) of the files below a folder, the same for the same files.

    Hidden files are left out. Raises TunebookError where they are too large, OSError where one
    cannot be read.
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = {place: path for place, path in sorted(found.items()) if path.is_file()}
    bounded(folder.name, sum(path.stat().st_size for path in files.values()))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for place in filter(is_shown, files):
            file.writestr(zipfile.ZipInfo(place), files[place].read_bytes())
    return archive.getvalue()


def is_shown(place):
    """Whether no part of a path is hidden, or put there by a Mac beside every file."""
    return not any(part.startswith((".", "__MACOSX")) for part in place.split("/"))


def unzipped(data, name):
    """The zip archive that bytes hold, if it is not too large to be unpacked."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(name, "archive", error) from error
    bounded(name, sum(one.file_size for one in archive.infolist()), "bytes unpacked")
    return archive


def damaged(name, kind, error):
    reason = str(error).split("\n")[0]
    return TunebookError(f"{name}: not a whole {kind} that can be read ({reason})")


def bounded(name, found, what="bytes"):
    if found > LARGEST:
        raise TunebookError(f"{name}: found {found} {what}; allowed: at most {LARGEST}")


def require_once(name, columns):
    if repeated := [column for column, count in Counter(columns).items() if count > 1]:
        raise TunebookError(f"{name}: column {listed(repeated)} stands twice; allowed: once")


def numbered(rows):
    return [f"row {row + 1}" for row in range(rows)]


def numbered_columns(key, array):
    """[(`KEY-1`, column)] of an array [n, m]."""
    return [(f"{key}-{index + 1}", array[:, index]) for index in range(array.shape[1])]
