"""From a table to one replicate: what each column is used for, the split, and plain numbers."""

from dataclasses import dataclass, replace

import numpy as np

from ..jobs import TunebookError
from .description import split_of
from .guess import NEARLY, USABLE, equal, guess, levels_of, never_varies
from .split import SPLITS, split_rows
from .table import codes, is_number, listed, perhaps, shortened, texts, times

# Of classes, and of levels of a category: more would be some mistake, and fill the memory.
MOST_LEVELS = 1000
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
        # Over all rows, so that errors have one unit in all replicates; nothing is fitted to it.
        "target_range": None if classes else float(np.ptp(y)),
        "classes": classes,
        "shape": list(table.shape) if table.shape else None,
        "range": list(map(float, table.range)) if table.shape else None,
        "features": features,
    }
    test = {side: arrays.pop(side) for side in ("test_x", "test_y")}
    found = warnings(table, problem["target"], columns, inputs, rows)
    if absent := [label for i, label in enumerate(classes or []) if i not in arrays["train_y"]]:
        found.append(f"no training row is {listed(absent)}")
    return Replicate(arrays, test, record, found, list(columns.values()))


def describe(table, key, problem, dataset, on):
    """{name: Column}: as guessed, and as the dataset's `columns` say; wrong names are told of."""
    said, section = dataset.get("columns", {}), f"datasets.{problem['dataset']}.columns"
    asked = {
        f"{key}.target": [problem["target"]],
        f"{key}.inputs": problem.get("inputs", []),
        f"{key}.split": [on] if on else [],
        section: said,
    }
    for where, names in asked.items():
        if wrong := [name for name in names if name not in table.columns]:
            raise TunebookError(
                f"{where}: {table.name} has no column {wrong[0]!r}"
                f"{perhaps(wrong[0], table.columns)}; allowed: {listed(table.columns)}"
            )
    columns = {column.name: column for column in guess(table, problem["target"])}
    for name, settings in said.items():
        if settings.get("type") == "number":
            require_numbers(table, name, f"{section}.{name}")
        changes = {word: settings[word] for word in ("type", "unit") if word in settings}
        columns[name] = replace(
            columns[name], **changes, **{"why": SAID} if "type" in changes else {}
        )
    return columns


def require_numbers(table, name, where):
    """TunebookError for the first cell of a column that is no number, unless all are."""
    values = table.columns[name]
    if values.dtype == object:
        row = next(row for row, cell in enumerate(values) if cell and not is_number(cell))
        found = f"{table.where([row])}, column {name}: found {shortened(values[row])!r}"
        allowed = f"a finite number, or nothing where it is missing ({where})"
        raise TunebookError(f"{found}; allowed: {allowed}")


def choose_inputs(table, key, problem, columns, apart):
    """Names of the input columns. apart: the group or time column, no input unless it is named."""
    free = [name for name in columns if name not in (problem["target"], apart)]
    named = problem.get("inputs") or (table.pixels or free if table.shape else None)
    section = f"datasets.{problem['dataset']}.columns"
    for name in named or free:
        column = columns[name]
        if column.missing == len(table) and (named or column.why != SAID):
            found = f"{table.name}, column {name}: all {len(table)} rows have no value"
            allowed = f"leave it out of {key}.inputs, or say that its type is constant"
            raise TunebookError(f"{found}; allowed: {allowed}")
        if named and column.type not in USABLE and table.columns[name].dtype == object:
            found = f"{key}.inputs: {name} is taken for: {column.type} ({column.why})"
            allowed = f"a number or category, or say so: {section}.{name}.type"
            raise TunebookError(f"{found}; allowed: {allowed}")
    usable = named or [name for name in free if columns[name].type in USABLE]
    if not usable:
        taken = listed(f"{name}: {columns[name].type}" for name in free)
        raise TunebookError(
            f"{key}.inputs: no column of {table.name} is taken for a number or category ({taken}); "
            f"allowed: name the inputs, or say {section}.NAME.type"
        )
    return usable


def encode_target(table, key, name, task):
    """(y [n], class labels or None): class indices, or values in the target's own unit."""
    values, section = table.columns[name], f"{key}.target"
    if (missing := table.missing(name)).any():
        found = f"{table.where(np.flatnonzero(missing))}: the target {name} is missing"
        raise TunebookError(f"{found}; allowed: a value in every row")
    if task == "regression":
        require_numbers(table, name, section)
        if never_varies(values):
            found = f"{section}: {name} is always {values[0]:g}"
            raise TunebookError(f"{found}; allowed: values that vary")
        return values, None
    levels = levels_of(values)
    if not 2 <= len(levels) <= MOST_LEVELS:
        found = f"{section}: {name} has {len(levels)} classes in {table.name}"
        raise TunebookError(f"{found}; allowed: 2 to {MOST_LEVELS} (or task: regression)")
    indices = codes(values).astype(np.int64)
    single = np.flatnonzero(np.bincount(indices) == 1)
    if len(single):
        where = table.where(np.flatnonzero(indices == single[0]))
        found = f"{where}: class {levels[single[0]]!r} of {name} has this one row"
        raise TunebookError(
            f"{found}; allowed: at least 2 rows of each class (or task: regression)"
        )
    return indices, list(levels)


def encode_inputs(table, key, columns, inputs, train):
    """(x [n, f], the record of its columns); what is filled in is fitted on the rows of `train`.

    Every replicate has the same columns; one for a level, or for missing values, that no row of
    `train` has is zero in every row, since nothing is learnt of it.
    """
    if table.shape:
        return encode_image(table, key, inputs)
    features, x = [], []
    for name in inputs:
        column, values, missing = columns[name], table.columns[name], table.missing(name)
        where = f"{table.name}, column {name}"
        if column.type == "category":
            levels = levels_of(values)
            if len(levels) > MOST_LEVELS:
                found = f"{where}: a category of {len(levels)} levels"
                raise TunebookError(f"{found}; allowed: at most {MOST_LEVELS}")
            features += [feature(f"{name}={level}", "level") for level in levels]
            x += [known(texts(values) == level, train) for level in levels]
        else:
            if missing[train].all():
                found = f"{where}: none of the {len(train)} training rows has a value"
                raise TunebookError(f"{found}; allowed: leave it out of {key}.inputs")
            features.append(feature(name, "number", column.unit))
            x.append(np.where(missing, np.nanmedian(values[train]), values))
        if missing.any():
            features.append(feature(f"{name} missing", "missing"))
            x.append(known(missing, train))
    return np.column_stack(x), features


def feature(name, kind, unit=""):
    return {"name": name, "unit": unit, "type": kind}


def known(present, train):
    """Whether something is present, [n] of 0 and 1; always 0 if no training row has it."""
    return present.astype(float) * present[train].any()


def encode_image(table, key, inputs):
    """The same for images: pixels as float32, as they are."""
    if len(inputs) != np.prod(table.shape):
        allowed = f"{np.prod(table.shape)}, the pixels of an image of {times(table.shape)}"
        found = f"{key}.inputs: found {len(inputs)} columns of {table.name}"
        raise TunebookError(f"{found}; allowed: {allowed}")
    low, high = table.range
    for name in inputs:
        require_numbers(table, name, f"{key}.inputs")
        values = table.columns[name]
        outside = np.flatnonzero(~((values >= low) & (values <= high)))
        if len(outside):
            pixel = values[outside[0]]
            where = f"{table.where(outside[:1])}, column {name}"
            found = "nothing" if np.isnan(pixel) else f"{pixel:g}"
            raise TunebookError(
                f"{where}: found {found}; allowed: a pixel from {low:g} to {high:g}"
            )
    x = np.column_stack([table.columns[name] for name in inputs]).astype(np.float32)
    return x, [feature(name, "number") for name in inputs]


def warnings(table, target, columns, inputs, rows):
    """What should be known before a network is trained on these rows, as sentences."""
    found = []
    for name, column in columns.items():
        use = "an input" if name in inputs else "left out"
        if name != target and equal(table.columns[name], table.columns[target]):
            found.append(f"column {name} is the same as the target in every row ({use})")
        elif not table.shape and not column.missing and never_varies(table.columns[name]):
            found.append(f"column {name} has the same value in every row ({use})")
        elif column.why.startswith(NEARLY):
            found.append(f"column {name} holds {column.why} ({use})")
    compared = [
        table.columns[name] for name, column in columns.items() if column.type != "identifier"
    ]
    values = np.column_stack([codes(each) if each.dtype == object else each for each in compared])
    # Bytes are compared: a missing number is one and the same, and so is zero.
    alike = [row.tobytes() for row in np.nan_to_num(values, nan=np.inf) + 0.0]
    seen, twice = set(), []
    for split in SPLITS:
        twice += [row for row in rows[split] if alike[row] in seen]
        seen.update(alike[row] for row in rows[split])
    if twice:
        same = f"{len(twice)} rows of {table.name} are the same as one in another split"
        found.append(f"{same}, such as {table.where(twice[:1])}")
    return found
