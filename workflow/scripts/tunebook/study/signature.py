"""What a file of the study's own networks says, read from its syntax tree: no code is run."""

import ast
from pathlib import Path

from ..code import tree_hash
from ..jobs import TunebookError

# In place of a default, of an argument that has none.
REQUIRED = object()
# Given by the problem, so no hyper-parameters.
GIVEN = ("inputs", "outputs")


def read_tree(path):
    """The syntax tree of a Python file; TunebookError if there is none."""
    try:
        return ast.parse(Path(path).read_bytes())
    except OSError as error:
        raise TunebookError(
            f"{path}: cannot be read ({error.strerror}); allowed: a Python file beside the "
            "configuration"
        ) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise TunebookError(
            f"{path}: {f'line {line}: ' if line else ''}not Python ({getattr(error, 'msg', error)})"
        ) from None


def arguments(path, name):
    """{argument: default, or REQUIRED} of a class in a Python file, in its order.

    `self`, `inputs` and `outputs` are left out: what remains are hyper-parameters. A class that
    has no `__init__` has that of its base in the same file. Raises TunebookError if there is no
    such class, if it does not take `inputs` and `outputs`, or has a default that is no plain value.
    """
    where = f"{path}:{name}"
    tree = read_tree(path)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        raise TunebookError(
            f"{where}: found no such class; allowed: {', '.join(classes) or 'none, there is none'}"
        )
    init = initializer(classes, name)
    found = defaults_of(init.args) if init else {}
    if missing := [given for given in GIVEN if given not in found]:
        raise TunebookError(
            f"{where}: found no argument {' or '.join(missing)}; allowed: __init__(self, inputs, "
            "outputs, ...)"
        )
    return {
        key: REQUIRED if node is None else plain(where, key, node)
        for key, node in found.items()
        if key not in GIVEN
    }


def initializer(classes, name):
    """The `__init__` of a class, or of the first base in the same file that has one; else None."""
    node = classes[name]
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return item
    others = {key: value for key, value in classes.items() if key != name}
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in others]
    found = (initializer(others, base) for base in bases)
    return next((init for init in found if init), None)


def defaults_of(args):
    """{argument: syntax of its default, or None}, without the first, which is `self`."""
    positional = args.posonlyargs + args.args
    missing = [None] * (len(positional) - len(args.defaults))
    names = [each.arg for each in positional + args.kwonlyargs]
    return dict(list(zip(names, missing + args.defaults + args.kw_defaults, strict=True))[1:])


def plain(where, key, node):
    """The value of a default: text, a number, yes or no, nothing, or a list of these."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        value = {}
    value = list(value) if isinstance(value, tuple) else value
    items = value if isinstance(value, list) else [value]
    if not all(item is None or isinstance(item, (bool, int, float, str)) for item in items):
        raise TunebookError(
            f"{where}: argument {key}: found the default {ast.unparse(node)}; allowed: a plain "
            "value (text, a number, True, False, None, or a list of these)"
        )
    return value


def code_hash(path):
    """Eight characters that change when a file's code does, but not with comments or docstrings."""
    return tree_hash(read_tree(path))[:8]
