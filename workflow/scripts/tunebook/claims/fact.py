"""Rule `fact`: what follows from a configuration alone, without any training.

    fact: {check: configuration, of: {...}, keys: [learning_rate, batch_size]}
        the run has the values that the source states under these names
    fact: {check: dense_inputs, of: {...}, source: dense_inputs}
        the last convolution of the run leaves as many values as the source states
    fact: {check: possible, of: {...}, with: {padding: 0}}
        the run's convolutions, with these values put in, leave a pixel of the image
    fact: {check: default, of: {...}, keys: [beta2]}
        the source's values are the defaults of the run's optimizer in the library

A fact is reproduced or not reproduced; there is nothing to repeat and no interval.
"""

from ..jobs import TunebookError
from ..shapes import IMAGE_SIZE, feature_sizes
from ..study import OPTIMIZERS
from . import sources
from .keys import just
from .parts import NOT, REPRODUCED, Part
from .selection import KEYS, comparable, shown

NEEDS = {
    "configuration": ["keys"],
    "dense_inputs": ["source"],
    "possible": ["with"],
    "default": ["keys"],
}
NETWORK = ("channels", "kernel", "padding", "pooling")


def resolve(spec, study, source):
    """The row and {key: SourceNumber} of the values it is compared with."""
    just("fact", spec, "check", "of", *NEEDS[spec["check"]])
    row = study.one(spec["of"])
    if spec["check"] in ("dense_inputs", "possible") and row["model"] != "convolutional":
        raise TunebookError(
            f"check: {spec['check']} needs a convolutional network; found {row['run']}"
        )
    if spec["check"] == "dense_inputs":
        return row, {"dense_inputs": sources.find(source, spec["source"])}
    if spec["check"] == "possible":
        return row, {}
    allowed = KEYS if spec["check"] == "configuration" else OPTIMIZERS[row["optimizer"]]
    for key in spec["keys"]:
        if key not in allowed:
            raise TunebookError(f"keys: found {key}; allowed: {', '.join(sorted(allowed))}")
    return row, {key: sources.find(source, key, number=False) for key in spec["keys"]}


def runs(resolved):
    return [resolved[0]]


def judge(spec, resolved, evidence):
    """The Part of this rule."""
    row, stated = resolved
    holds, text, number = CHECKS[spec["check"]](spec, row, stated)
    return Part(
        rule="fact", verdict=REPRODUCED if holds else NOT, metric=spec["check"],
        claimed=", ".join(f"{key} {value.text}" for key, value in stated.items()),
        runs=[row["run"]], text=text, **({} if number is None else {"measured": number}),
    )  # fmt: skip


def network(row):
    """Channels, kernel, padding and pooling of a row of a study or of runs.csv."""
    channels = [int(value) for value in str(row["channels"]).split("-")]
    return {"channels": channels} | {key: int(row[key]) for key in NETWORK[1:]}


def configuration(spec, row, stated):
    different = [
        f"{key} is {shown(row.get(key))}"
        for key, value in stated.items()
        if comparable(row.get(key)) != comparable(value.number)
    ]
    return not different, "; ".join(different) or "all values as stated", None


def default(spec, row, stated):
    """Compares with the defaults as the study knows them; a test holds those against PyTorch."""
    library = OPTIMIZERS[row["optimizer"]]
    different = [
        f"the default of {key} is {library[key]:g}"
        for key, value in stated.items()
        if library[key] != value.number
    ]
    return not different, "; ".join(different) or "all values are defaults", None


def dense_inputs(spec, row, stated):
    shape = network(row)
    side = feature_sizes(IMAGE_SIZE, **shape)[-1]
    channels = shape["channels"][-1]
    inputs = channels * side * side
    text = f"{inputs} inputs, {channels} x {side} x {side}, at padding {shape['padding']}"
    return inputs == stated["dense_inputs"].number, text, inputs


def possible(spec, row, stated):
    shape = network(row) | spec["with"]
    sides = [IMAGE_SIZE]
    for layers in range(1, len(shape["channels"]) + 1):
        try:
            first = shape | {"channels": shape["channels"][:layers]}
            sides = [IMAGE_SIZE, *feature_sizes(IMAGE_SIZE, **first)]
        except TunebookError:
            return False, f"convolution {layers} has no pixel left: sides {shrinking(sides)}", None
    return True, f"pixels are left: sides {shrinking(sides)}", None


def shrinking(sides):
    return ", ".join(map(str, sides))


CHECKS = {
    "configuration": configuration,
    "dense_inputs": dense_inputs,
    "possible": possible,
    "default": default,
}
