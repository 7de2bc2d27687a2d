"""Writing so that nothing half-written is trusted, and reading so that nothing altered is."""

import errno
import glob
import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

from .errors import TunebookError

UNWRITABLE = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EROFS: "the folder is read-only; make it writable and run again",
    errno.EACCES: "the folder may not be written; make it writable and run again",
}

# Libraries written in other languages raise errors of their own with the system's words.
FULL = "no space left on device"


@contextmanager
def written(path):
    """A temporary path beside `path`; it takes the final name only when the block ends well.

    What a killed job left of an earlier attempt is removed. Raises TunebookError when the disk is
    full or the folder cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            left.unlink(missing_ok=True)
        yield beside
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except Exception as error:
        number = errno.ENOSPC if FULL in str(error).lower() else getattr(error, "errno", None)
        if number not in UNWRITABLE:
            raise
        raise TunebookError(f"{path}: could not be written: {UNWRITABLE[number]}") from error
    finally:
        beside.unlink(missing_ok=True)


def sha256(path):
    """SHA-256 (hexadecimal) of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_path(path):
    """Where the SHA-256 of a finished file is kept: beside it, hidden."""
    return Path(path).with_name(f".{Path(path).name}.sha256")


def vouch(paths):
    """Keep the SHA-256 of each finished file, for `check` to hold it against."""
    for path in paths:
        with written(fingerprint_path(path)) as beside:
            beside.write_text(sha256(path) + "\n", encoding="ascii")


def forget(paths):
    """Vouch no longer for files that are about to be made anew."""
    for path in paths:
        fingerprint_path(path).unlink(missing_ok=True)


def mismatch(path):
    """(SHA-256 found, SHA-256 expected) of a file that is no longer what `vouch` saw, else None.

    A file that was never vouched for is as it should be.
    """
    beside = fingerprint_path(path)
    if not beside.exists():
        return None
    expected, found = beside.read_text(encoding="ascii", errors="replace").strip(), sha256(path)
    return None if found == expected else (found, expected)


def check(paths):
    """Raise TunebookError for the first file that is no longer what `vouch` saw."""
    for path in paths:
        if pair := mismatch(path):
            raise TunebookError(
                f"{path}: altered or cut short since it was made: SHA-256 {pair[0]} found, "
                f"{pair[1]} expected; put it back, or delete it and run again"
            )


def altered(folder):
    """Every file below a folder that is no longer what `vouch` saw, in order of names."""
    beside = Path(folder).rglob(".*.sha256")
    paths = (path.with_name(path.name[1:].removesuffix(".sha256")) for path in beside)
    return sorted(path for path in paths if path.is_file() and mismatch(path))


def write_json(path, value):
    with written(path) as beside:
        beside.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path):
    """The value in a JSON file; TunebookError if it is not whole."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TunebookError(
            f"{path}: not a whole JSON file ({error}); delete it and run again"
        ) from None
