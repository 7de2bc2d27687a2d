"""What every job of the workflow does around its work: a log of its own, and readable failure."""

import errno
import os
import sys
import traceback
from contextlib import contextmanager, suppress

from .errors import TunebookError
from .files import FULL, UNWRITABLE, check, forget, vouch

OUT_OF_MEMORY = "out of memory; close other programs or use fewer --cores"
# Libraries written in other languages report these in words of their own.
SIGNS = {
    "not enough memory": OUT_OF_MEMORY,
    "can't allocate": OUT_OF_MEMORY,
    "cannot allocate": OUT_OF_MEMORY,
    FULL: UNWRITABLE[errno.ENOSPC],
}


@contextmanager
def job(log, inputs=(), outputs=()):
    """Send the output of a job to its log; end it with one clear message when it fails.

    log, inputs, outputs: paths, from the rule. Inputs that are no longer what the job that made
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
