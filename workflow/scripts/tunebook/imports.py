"""What code a rule's results depend on, found by its imports, so that no list can fall behind."""

import ast
from functools import lru_cache
from pathlib import Path

LIBRARY = "tunebook"
# How a job is checked, logged and kept, which changes no result.
PLUMBING = {"__init__", "configuration", "jobs"}


def code(scripts, script, packages=()):
    """The files whose content a script's results depend on: paths below the folder of scripts.

    scripts: the folder. script: the script's name. packages: parts of the library of which every
    file counts (style sheets too), since their modules are imported by names made while running.
    """
    scripts = Path(scripts)
    found = {scripts / f"{script}.py"}
    for package in packages:
        files = (scripts / LIBRARY / package).iterdir()
        found |= {path for path in files if path.suffix in (".py", ".mplstyle")}
    waiting = list(found)
    while waiting:
        path = waiting.pop()
        new = imported(scripts, path) - found if path.suffix == ".py" else set()
        found |= new
        waiting += new
    return sorted(path.relative_to(scripts).as_posix() for path in found)


@lru_cache
def imported(scripts, path):
    """The library's files that a file imports itself, also inside functions; without plumbing."""
    package = path.relative_to(scripts).parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parents, *filter(None, [node.module])])
            # What is imported from a package may be a module of it.
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    files = {module_file(scripts, name) for name in names if name.split(".")[0] == LIBRARY}
    return files - {None, *(scripts / LIBRARY / f"{name}.py" for name in PLUMBING)}


def module_file(scripts, name):
    """The file of a module or package; None where the name is something inside a module."""
    place = scripts.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None
