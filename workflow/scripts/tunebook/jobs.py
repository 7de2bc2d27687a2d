"""What every job of the workflow does around its work: a log of its own, and readable failure."""

import os
import sys
import traceback
from contextlib import contextmanager

from .errors import TunebookError


@contextmanager
def job(log):
    """Send the output of a job to its log; end it with one clear message when it fails.

    The log's path comes from the rule. Bad input (TunebookError) leaves its message alone; any
    other failure leaves its traceback too, since it is ours to mend.
    """
    os.makedirs(os.path.dirname(log), exist_ok=True)
    console = sys.stderr
    with open(log, "w", encoding="utf-8", buffering=1) as file:
        sys.stdout = sys.stderr = file
        try:
            yield console
        except TunebookError as error:
            fail(file, console, log, str(error))
        except MemoryError:
            fail(file, console, log, "out of memory; close other programs or use fewer --cores")
        except Exception as error:
            traceback.print_exc(file=file)
            text = str(error).splitlines()
            if any("not enough memory" in line or "can't allocate" in line for line in text):
                fail(file, console, log, "out of memory; close other programs or use fewer --cores")
            fail(file, console, log, f"{type(error).__name__}: {text[0] if text else ''}")
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


def fail(file, console, log, message):
    print(f"Error: {message}", file=file)
    print(f"Error: {message} (log: {log})", file=console, flush=True)
    sys.exit(1)
