"""How Snakemake is called: looked at before it reads or writes anything itself.

The profile asks `begin` first. What would end in a traceback of Snakemake's is told in a sentence
here, and what jobs depend on is set, whoever's environment this is.
"""

import os
import re
import shlex
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .jobs import TunebookError
from .study.read import read_text, read_yaml

# Snakemake's options that change nothing below results/, also after others of one letter (-pn).
LOOKING = re.compile(
    r"-[kpFfqei]*[nSDl]|--(dry|lint|list|summary|detailed|report(?!-)|dag|rulegraph|filegraph|d3dag)"
)
DRY = re.compile(r"-[kpFfqei]*n|--dry")
FILES, VALUES = ("--configfile", "--configfiles"), ("-C", "--config")
KEY = re.compile(r"[a-zA-Z_][\w-]*\w")


def begin(words):
    """End a call of Snakemake, given by the words of its command line, that cannot go well."""
    notes = Path(*given(words, ("-d", "--directory"))[:1], ".snakemake")
    try:
        check_folders([notes])
        if not is_writable(notes):
            raise TunebookError(
                f"{notes}: cannot be written; allowed: a folder that can, since Snakemake keeps "
                "notes there even of a call that only looks. Copy the project to one"
            )
        for path in given(words, FILES):
            read_yaml(path)
        for word in given(words, VALUES):
            check_value(word)
    except TunebookError as error:
        sys.exit(f"Error: {error}")
    if not is_writable(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")):
        os.environ["XDG_CACHE_HOME"] = str(Path(".snakemake/cache").resolve())


def given(words, options):
    """The values of an option on a command line: `--option a b`, `--option=a`."""
    found, inside = [], False
    for word in words:
        name, _, value = word.partition("=")
        if word.startswith("-"):
            inside = name in options
            word = value
        if inside and word:
            found.append(word)
    return found


def check_place(project):
    """Raise TunebookError for a folder in which Snakemake cannot work."""
    place = Path(project).resolve()
    if set("{}") & set(str(place)):
        raise TunebookError(
            f"{place}: found a brace in the name of a folder, which Snakemake takes for a "
            "placeholder; allowed: names without braces. Rename the folder"
        )


def check_folders(folders):
    """Raise TunebookError for files that stand where folders are needed."""
    for folder in map(Path, folders):
        for each in (folder, *folder.parents):
            if each.is_symlink() and not each.exists():
                raise TunebookError(f"{each}: found a link that leads nowhere; allowed: a folder")
            if each.exists() and not each.is_dir():
                raise TunebookError(
                    f"{each}: found a file; allowed: a folder. Move the file away, or name another "
                    "folder"
                )


def check_value(word):
    """Raise TunebookError for a word after `--config` that Snakemake does not take."""
    key, equals, value = word.partition("=")
    if not equals:
        raise TunebookError(f"--config: found {word}; allowed: name=value")
    if not KEY.fullmatch(key):
        first, *rest = key.split(".")
        inner = value
        for part in reversed(rest):
            inner = f"{{{part}: {inner}}}"
        raise TunebookError(
            f"--config: found {word}; allowed: a key of the first level. Write "
            f"--config {shlex.quote(f'{first}={inner}')}"
        )
    if re.search(r"[{,]\s*[\w-]+:(?!//)[^\s,}]", value):
        raise TunebookError(
            f"--config: found {word}; allowed: a space after each colon, as in study={{seed: 3}}"
        )
    if value.startswith(("{", "[")):
        read_text(value, f"--config {key}")


def is_writable(folder):
    """Whether files can be made in a folder, which is made if it is not there."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def only_looks(words):
    """Whether a command line of Snakemake, as words, asks for no work: another may be at it."""
    return any(map(LOOKING.match, words))


def has_progress_bar(words):
    """Whether a call shows a progress bar: in a terminal, and where no jobs are to be listed."""
    found = sys.stderr.isatty() and find_spec("snakemake_logger_plugin_rich")
    return bool(found) and not any(map(DRY.match, words))


def python_by_name():
    """Have jobs call Python by its name where its path holds letters that a shell takes apart.

    Snakemake writes the path into the commands of its jobs as it is.
    """
    if shlex.quote(sys.executable) != sys.executable:
        python = Path(sys.executable)
        os.environ["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
        sys.executable = python.name
