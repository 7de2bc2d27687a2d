"""What every job does around its work: files that are whole or not there, a log, a seal, a lock.

Nothing half-written is trusted, nothing altered is read, and a failure is one readable line.
"""

import errno
import fcntl
import glob
import hashlib
import json
import os
import sys
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path


class TunebookError(Exception):
    """Bad input: the message names the key or file, what was found and what is allowed."""


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
        with suppress(OSError):  # which would hide why it could not be written
            beside.unlink()


def sha256(path):
    """SHA-256 (hexadecimal) of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value):
    """SHA-256 (hexadecimal) of plain values, whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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


def write_csv(table, path):
    """A data frame as CSV with nine significant figures: more than a 32-bit number holds."""
    with written(path) as beside:
        table.to_csv(beside, index=False, float_format="%.9g", lineterminator="\n")


def write_parquet(table, path):
    with written(path) as beside:
        table.to_parquet(beside, index=False)


def read_json(path):
    """The value in a JSON file; TunebookError if it is not whole."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TunebookError(
            f"{path}: not a whole JSON file ({error}); delete it and run again"
        ) from None


OUT_OF_MEMORY = "out of memory; close other programs or use fewer --cores"
# Libraries written in other languages report these in words of their own.
SIGNS = {
    "not enough memory": OUT_OF_MEMORY,
    "can't allocate": OUT_OF_MEMORY,
    "cannot allocate": OUT_OF_MEMORY,
    FULL: UNWRITABLE[errno.ENOSPC],
}


@contextmanager
def job(log, inputs=(), outputs=(), code=None):
    """Send the output of a job to its log; end it with one clear message when it fails.

    log, inputs, outputs: paths, from the rule. code: the fingerprint that the plan has of this
    job's code; other code is refused. Inputs that are no longer what the job that made
    them left are refused; outputs are vouched for once they are finished, and not before: a job
    that is killed leaves none that looks altered. Bad input (TunebookError) leaves its message
    alone; any other failure leaves its traceback too, since it is ours to mend.
    """
    os.makedirs(os.path.dirname(log), exist_ok=True)
    before = sys.stdout, sys.stderr
    console = sys.stderr
    file = open(log, "w", encoding="utf-8", buffering=1)  # noqa: SIM115, closed below
    sys.stdout = sys.stderr = file
    try:
        if code:
            from .plan import check_code  # which reads and writes files as this module says

            check_code(code)
        check(inputs)
        forget(outputs)
        yield console
        vouch(outputs)
    except TunebookError as error:
        fail(file, console, log, str(error))
    except Exception as error:
        with suppress(OSError):  # the log may lie on the disk that is full
            traceback.print_exc(file=file)
        fail(file, console, log, explain(error))
    finally:
        sys.stdout, sys.stderr = before
        with suppress(OSError):
            file.close()


def explain(error):
    """One line for an error that is not bad input."""
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        return f"{error.filename or 'a file'}: could not be written: {UNWRITABLE[error.errno]}"
    text = str(error).lower()
    for sign, meaning in SIGNS.items():
        if sign in text:
            return meaning
    first = str(error).splitlines()
    return f"{type(error).__name__}: {first[0] if first else ''}"


def fail(file, console, log, message):
    with suppress(OSError):
        print(f"Error: {message}", file=file)
    print(f"Error: {message} (log: {log})", file=console, flush=True)
    sys.exit(1)


# {path: open file} of the locks that this process holds: closing one would release it.
HELD = {}


def hold(path):
    """Lock the file at `path` until this process ends.

    A lock that is no more than a file outlives a killed process and stands in the way of the next
    start; this one is the system's (flock). Raises TunebookError when another process holds it, or
    the folder cannot be written.
    """
    path = os.path.abspath(path)
    if path in HELD:
        return
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115, open as long as the lock is held
    except OSError as error:
        reason = UNWRITABLE.get(error.errno, error.strerror)
        raise TunebookError(f"{path}: could not be written: {reason}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise TunebookError(
            f"{os.getcwd()}: another snakemake is at work here (process {holder}); allowed: one "
            "at a time. Wait until it ends, or stop it, and start again"
        ) from None
    except OSError:
        pass  # a network folder without locks: there is nothing to hold
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    HELD[path] = file
