"""The source's values in claims.yaml: text with a unit -> number, precision, text."""

from dataclasses import dataclass

from ..jobs import TunebookError

# What one of the unit is in the units of this project: shares, seconds, plain numbers.
UNITS = {"": 1.0, "%": 0.01, "times": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0}


@dataclass(frozen=True)
class SourceNumber:
    """`number` in this project's units; `rounding` is half a unit of the last digit given."""

    number: float | str
    rounding: float
    text: str


def read(entry):
    """The SourceNumber of `{value: "97.1", unit: "%"}`; `value` may be a word, such as adam."""
    value, unit = str(entry["value"]), entry.get("unit", "")
    text = f"{value} {unit}".strip()
    try:
        number = float(value)
    except ValueError:
        return SourceNumber(value, 0.0, text)
    mantissa, _, exponent = value.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return SourceNumber(number * UNITS[unit], 0.5 * 10.0**-decimals * UNITS[unit], text)


def read_all(statement):
    """{name: SourceNumber} of a statement."""
    return {name: read(entry) for name, entry in statement.get("source", {}).items()}


def find(sources, name, number=True):
    """The SourceNumber called `name`; TunebookError if there is none, or it is not a number."""
    if name not in sources:
        raise TunebookError(
            f"source: {name} is not among this statement's source values; "
            f"allowed: {', '.join(sources) or 'none is given'}"
        )
    if number and isinstance(sources[name].number, str):
        raise TunebookError(f"source.{name}: found {sources[name].text}; a number is expected")
    return sources[name]


def quotient(sources, names):
    """The SourceNumber that a list of two names stands for, or that of a single name."""
    if isinstance(names, str):
        return find(sources, names)
    top, bottom = (find(sources, name) for name in names)
    if bottom.number == 0:
        raise TunebookError(f"source.{names[1]}: found 0, to divide by; another number is expected")
    return SourceNumber(top.number / bottom.number, 0.0, f"{top.text} / {bottom.text}")
