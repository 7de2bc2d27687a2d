"""From a table to one replicate: what each column is used for, the split, and plain numbers."""

from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from ..jobs import TunebookError
from .description import split_of
from .guess import NEARLY, equal, guess, levels_of, never_varies
from .split import SPLITS, split_rows
from .table import is_number, listed, shortened, texts, times

# Of classes, and of levels of a category: more would be some mistake, and fill the memory.
MOST_LEVELS = 1000
USABLE = ("number", "category")
SAID = "as the configuration says"


@dataclass
class Replicate:
    """One replicate's rows as numbers.

    development, test: arrays by name (see `prepare.load`). record: what their columns are.
    warnings: what should be known before training, as sentences. columns: what each column of the
    table is taken for (`guess.Column`).
    """

    development: dict
    test: dict
    record: dict
    warnings: list
    columns: list


def replicate(table, name, problem, dataset, seed):
    """The Replicate of a problem that `seed` gives.

    table: the rows of the dataset's files (`table.Table`). name, problem, dataset: the problem's
    name, and the two sections of the configuration. Raises TunebookError that names the file, the
    column and the rows.
    """
    key = f"problems.{name}"
    way, on, official, shares = split_of(key, problem, table.files)
    columns = describe(table, key, problem, dataset, on)
    inputs = choose_inputs(table, key, problem, columns, on if way != "stratify_on" else None)
    y, classes = encode_target(table, key, problem["target"], problem["task"])
    rows = split_rows(table, f"{key}.split", way, on, official, shares, seed)
    x, features = encode_inputs(table, key, columns, inputs, rows["train"])
    arrays = {
        f"{split}_{side}": values[rows[split]]
        for split in SPLITS
        for side, values in (("x", x), ("y", y))
    }
    record = {
        "target": problem["target"],
        "unit": columns[problem["target"]].unit,
        "classes": classes,
        "shape": list(table.shape) if table.shape else None,
        "range": list(map(float, table.range)) if table.shape else None,
        "features": features,
    }
    test = {side: arrays.pop(side) for side in ("test_x", "test_y")}
    found = warnings(table, problem, columns, inputs, rows)
    if classes and (absent := set(range(len(classes))) - set(arrays["train_y"].tolist())):
        found.append(f"no training row is {listed(classes[index] for index in sorted(absent))}")
    return Replicate(arrays, test, record, found, list(columns.values()))


def describe(table, key, problem, dataset, on):
    """{name: Column}: as guessed, and as the dataset's `columns` say; wrong names are told of."""
    said = dataset.get("columns", {})
    asked = {
        f"{key}.target": [problem["target"]],
        f"{key}.inputs": problem.get("inputs", []),
        f"{key}.split": [on] if on else [],
        f"datasets.{problem['dataset']}.columns": said,
    }
    for where, names in asked.items():
        for name in names:
            if name not in table.columns:
                close = get_close_matches(name, table.columns, 1)
                raise TunebookError(
                    f"{where}: {table.name} has no column {name!r}"
                    f"{f' (is it {close[0]!r}?)' if close else ''}; allowed: "
                    f"{listed(table.columns)}"
                )
    columns = {column.name: column for column in guess(table, problem["target"])}
    for name, settings in said.items():
        if settings.get("type") == "number":
            require_numbers(table, name, f"datasets.{problem['dataset']}.columns.{name}")
        changes = {word: settings[word] for word in ("type", "unit") if word in settings}
        if "type" in changes:
            changes["why"] = SAID
        columns[name] = replace(columns[name], **changes)
    return columns


def require_numbers(table, name, where):
    """TunebookError for the first cell of a column that is no number, unless all are."""
    values = table.columns[name]
    if values.dtype == object:
        row = next(row for row, cell in enumerate(values) if cell and not is_number(cell))
        raise TunebookError(
            f"{table.where([row])}, column {name}: found {shortened(values[row])!r}; allowed: a "
            f"finite number, or nothing where it is missing ({where})"
        )


def choose_inputs(table, key, problem, columns, apart):
    """Names of the input columns. apart: the group or time column, no input unless it is named."""
    unused, named = (problem["target"], apart), problem.get("inputs")
    if table.shape and not named:
        named = table.pixels or [name for name in columns if name not in unused]
    for name in named or [name for name in columns if name not in unused]:
        column = columns[name]
        if column.missing == len(table) and (named or column.why != SAID):
            raise TunebookError(
                f"{table.name}, column {name}: all {len(table)} rows have no value; "
                f"allowed: leave it out of {key}.inputs, or say that its type is constant"
            )
        if named and column.type not in USABLE and table.columns[name].dtype == object:
            raise TunebookError(
                f"{key}.inputs: {name} is taken for: {column.type} ({column.why}); allowed: a "
                f"number or category, or say so: datasets.{problem['dataset']}.columns.{name}.type"
            )
    usable = [name for name in columns if name not in unused and columns[name].type in USABLE]
    if not (named or usable):
        taken = listed(f"{name}: {columns[name].type}" for name in columns if name not in unused)
        raise TunebookError(
            f"{key}.inputs: no column of {table.name} is taken for a number or category ({taken}); "
            f"allowed: name the inputs, or say datasets.{problem['dataset']}.columns.NAME.type"
        )
    return named or usable


def encode_target(table, key, name, task):
    """(y [n], class labels or None): class indices, or values in the target's own unit."""
    values = table.columns[name]
    if (missing := table.missing(name)).any():
        raise TunebookError(
            f"{table.where(np.flatnonzero(missing))}: the target {name} is missing; allowed: a "
            "value in every row"
        )
    if task == "regression":
        require_numbers(table, name, f"{key}.target")
        if never_varies(values):
            raise TunebookError(
                f"{key}.target: {name} is always {values[0]:g}; allowed: values that vary"
            )
        return values, None
    levels = levels_of(values)
    if not 2 <= len(levels) <= MOST_LEVELS:
        raise TunebookError(
            f"{key}.target: {name} has {len(levels)} classes in {table.name}; allowed: 2 "
            f"to {MOST_LEVELS} (or task: regression)"
        )
    indices = np.unique(values, return_inverse=True)[1].astype(np.int64)
    single = [index for index, count in enumerate(np.bincount(indices)) if count == 1]
    if single:
        row = np.flatnonzero(indices == single[0])
        raise TunebookError(
            f"{table.where(row)}: class {levels[single[0]]!r} of {name} has this one row; allowed: "
            "at least 2 rows of each class (or task: regression)"
        )
    return indices, list(levels)


def encode_inputs(table, key, columns, inputs, train):
    """(x [n, f], the record of its columns); what is filled in is fitted on the rows of `train`.

    Every replicate has the same columns; one for a level, or for missing values, that no row of
    `train` has is zero in every row, since nothing is learnt of it.
    """
    if table.shape:
        return encode_image(table, key, columns, inputs)
    features, x = [], []

    def add(name, values, kind, unit=""):
        features.append({"name": name, "unit": unit, "type": kind})
        x.append(values)

    for name in inputs:
        column, values, missing = columns[name], table.columns[name], table.missing(name)
        if column.type == "category":
            levels = levels_of(values)
            if len(levels) > MOST_LEVELS:
                raise TunebookError(
                    f"{table.name}, column {name}: a category of {len(levels)} levels; "
                    f"allowed: at most {MOST_LEVELS}"
                )
            for level in levels:
                add(f"{name}={level}", known(texts(values) == level, train), "level")
        else:
            if missing[train].all():
                raise TunebookError(
                    f"{table.name}, column {name}: none of the {len(train)} training rows "
                    f"has a value; allowed: leave it out of {key}.inputs"
                )
            fill = np.nanmedian(values[train])
            add(name, np.where(missing, fill, values), "number", column.unit)
        if missing.any():
            add(f"{name} missing", known(missing, train), "missing")
    return np.column_stack(x), features


def known(present, train):
    """Whether something is present, [n] of 0 and 1; always 0 if no training row has it."""
    return present.astype(float) * present[train].any()


def encode_image(table, key, columns, inputs):
    """The same for images: pixels as float32, as they are."""
    if len(inputs) != np.prod(table.shape):
        raise TunebookError(
            f"{key}.inputs: found {len(inputs)} columns of {table.name}; allowed: "
            f"{np.prod(table.shape)}, the pixels of an image of {times(table.shape)}"
        )
    low, high = table.range
    for name in inputs:
        require_numbers(table, name, f"{key}.inputs")
        values = table.columns[name]
        outside = np.flatnonzero(~((values >= low) & (values <= high)))
        if len(outside):
            found = values[outside[0]]
            raise TunebookError(
                f"{table.where(outside[:1])}, column {name}: found "
                f"{'nothing' if np.isnan(found) else f'{found:g}'}; "
                f"allowed: a pixel from {low:g} to {high:g}"
            )
    x = np.column_stack([table.columns[name] for name in inputs]).astype(np.float32)
    return x, [{"name": name, "unit": "", "type": "number"} for name in inputs]


def warnings(table, problem, columns, inputs, rows):
    """What should be known before a network is trained on these rows, as sentences."""
    found, target = [], problem["target"]
    for name, column in columns.items():
        use = "an input" if name in inputs else "left out"
        if name != target and equal(table.columns[name], table.columns[target]):
            found.append(f"column {name} is the same as the target in every row ({use})")
        elif not table.shape and not column.missing and never_varies(table.columns[name]):
            found.append(f"column {name} has the same value in every row ({use})")
        elif column.why.startswith(NEARLY):
            found.append(f"column {name} holds {column.why} ({use})")
    compared = [name for name, column in columns.items() if column.type != "identifier"]
    filled = (np.nan_to_num(table.columns[name], nan=np.inf) for name in compared)
    alike = list(zip(*(values.tolist() for values in filled), strict=True))
    seen, twice = {alike[row] for row in rows["train"]}, []
    for split in ("validation", "test"):
        twice += [row for row in rows[split] if alike[row] in seen]
        seen |= {alike[row] for row in rows[split]}
    if twice:
        found.append(
            f"{len(twice)} rows of {table.name} are the same as one in another split, such "
            f"as {table.where(twice[:1])}"
        )
    return found
