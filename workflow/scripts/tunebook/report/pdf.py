"""The report on paper: printed to PDF by a browser that is found on the machine."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from ..jobs import TunebookError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
VARIABLE = "TUNEBOOK_CHROMIUM"  # names another one, or its path
# It prints one file from disk: nothing of its own may ask a network for anything.
ARGUMENTS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-pdf-header-footer",
)  # fmt: skip
PATIENCE = 600  # seconds


def browser():
    """The path of a Chromium or Chrome; TunebookError where none is found."""
    asked = os.environ.get(VARIABLE)
    found = next(filter(None, map(shutil.which, [asked] if asked else NAMES)), None)
    if not found:
        told = f"{VARIABLE}={asked}, which is none" if asked else "no browser"
        allowed = f"Chromium or Chrome as {', '.join(NAMES)}, or its path in {VARIABLE}"
        raise TunebookError(f"printing to PDF: found {told}; allowed: {allowed}")
    return found


def print_pdf(page, path):
    """Print an HTML file to a PDF file. Raises TunebookError where the browser makes none."""
    # Where all is done as root, as in a container, the browser's own sandbox refuses to start.
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with TemporaryDirectory() as profile:
        places = [f"--user-data-dir={profile}", f"--print-to-pdf={Path(path).resolve()}"]
        command = [browser(), *ARGUMENTS, *root, *places, Path(page).resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            said = (done.stderr.strip() or "nothing").splitlines()[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
    if not (Path(path).is_file() and Path(path).read_bytes().startswith(b"%PDF")):
        raise TunebookError(f"{page}: {command[0]} could not print it; it said: {said}")
