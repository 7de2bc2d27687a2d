"""One study at a time in a folder: a lock that the system releases when its holder dies."""

import fcntl
import os

from .errors import TunebookError

# {path: open file} of the locks that this process holds: closing one would release it.
HELD = {}


def hold(path):
    """Lock the file at `path` until this process ends.

    A lock that is no more than a file outlives a killed process and stands in the way of the next
    start; this one is the system's (flock). Raises TunebookError when another process holds it.
    """
    path = os.path.abspath(path)
    if path in HELD:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115, open as long as the lock is held
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
