"""What code a rule's results depend on, found by its imports, so that no list can fall behind.

Code counts by its syntax tree: a comment, a docstring or a line break changes no result and so runs
nothing again.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

LIBRARY = "tunebook"
# How a job is logged, sealed and locked, which changes no result.
PLUMBING = {"__init__", "jobs", "code", "plan"}


def tree_hash(tree):
    """SHA-256 (hexadecimal) of a syntax tree without its docstrings.

    The tree is written as text again: `ast.dump` says the same otherwise in each Python version.
    """
    for node in statements(tree):
        body = getattr(node, "body", None)
        if body and is_text(body[0]):
            node.body = body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def statements(node):
    """A part of a syntax tree and every statement in it: what holds docstrings and imports.

    To walk through their expressions too takes ten times as long.
    """
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, name, ()):
            yield from statements(child)


def is_text(node):
    """Whether a line of code is a text and nothing else, as docstrings are."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def fingerprint(scripts, script, *packages):
    """SHA-256 (hexadecimal) of all code that a script's results depend on.

    scripts: the folder. script: the script's name. packages: parts of the library of which every
    file counts (style sheets too), since their modules are imported by names made while running.
    """
    found = hashlib.sha256()
    for name in files(scripts, script, packages):
        found.update(f"{name}\0{file_hash(Path(scripts, name))}\0".encode())
    return found.hexdigest()


@cache
def tree(path):
    """The syntax tree of a file: most files count for many scripts, and are read once."""
    return ast.parse(path.read_bytes(), filename=str(path))


@cache
def file_hash(path):
    """SHA-256 (hexadecimal) of a file's code, or of its bytes where it is no Python."""
    if path.suffix == ".py":
        return tree_hash(tree(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(scripts, script, packages=()):
    """The files that a script's results depend on: paths below the folder of scripts, sorted."""
    scripts = Path(scripts)
    found = {scripts / f"{script}.py"}
    for package in packages:
        inside = (scripts / LIBRARY / package).iterdir()
        found |= {path for path in inside if path.suffix in (".py", ".mplstyle")}
    waiting = list(found)
    while waiting:
        path = waiting.pop()
        new = imported(scripts, path) - found if path.suffix == ".py" else set()
        found |= new
        waiting += new
    return sorted(path.relative_to(scripts).as_posix() for path in found)


@cache
def imported(scripts, path):
    """The library's files that a file imports itself, also inside functions; without plumbing."""
    package = path.relative_to(scripts).parts[:-1]
    names = set()
    for node in statements(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parents, *filter(None, [node.module])])
            # What is imported from a package may be a module of it.
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    # With a module, the packages that it lies in are run.
    for parts in [name.split(".") for name in names]:
        names |= {".".join(parts[:i]) for i in range(1, len(parts))}
    found = {module_file(scripts, name) for name in names if name.split(".")[0] == LIBRARY}
    return found - {None, *(scripts / LIBRARY / f"{name}.py" for name in PLUMBING)}


def module_file(scripts, name):
    """The file of a module or package; None where the name is something inside a module."""
    place = scripts.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None
