"""One tested part of a statement, its verdict, and numbers as a reader wants to see them."""

import math
from dataclasses import dataclass, field

from ..statistics import Interval

REPRODUCED = "reproduced"
PARTLY = "partly reproduced"
NOT = "not reproduced"
UNDECIDED = "undecided"
UNTESTABLE = "not testable"
# Why a comparison with a number of the source is not made.
STAND_IN = "made on built-in stand-in data, so numbers are not compared with the source's"
VERDICTS = (REPRODUCED, PARTLY, NOT, UNDECIDED, UNTESTABLE)


@dataclass
class Part:
    """What one rule found: its verdict ("" for a mere measurement) and the evidence behind it."""

    rule: str
    verdict: str
    description: str = ""
    metric: str = ""
    claimed: str = ""
    measured: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    n: int = 0
    diverged: int = 0
    runs: list = field(default_factory=list)
    text: str = ""
    reason: str = ""
    counts: bool = True

    def as_dict(self):
        """Plain values for JSON; a number that is not finite becomes None."""
        values = dict(vars(self))
        for key in ("measured", "low", "high"):
            values[key] = values[key] if math.isfinite(values[key]) else None
        return values


def measured(interval: Interval, unit: str, signed: bool = False) -> dict:
    """The fields of a Part that an interval fills."""
    return {
        "measured": interval.centre,
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        "unit": f"difference of {unit}" if signed else unit,
        "text": show_interval(interval, unit, signed),
    }


def show_interval(interval: Interval, unit: str, signed: bool = False) -> str:
    """`97.10 % (96.80 to 97.40)`; without an interval, the centre alone."""
    if interval.n == 0 or math.isnan(interval.centre):
        return "no value"
    text = show(interval.centre, unit, signed)
    if not interval.known:
        return text
    low, high = (bare(bound, unit, signed) for bound in (interval.low, interval.high))
    return f"{text} ({low} to {high})"


def show(value: float, unit: str, signed: bool = False) -> str:
    """A number with its unit; signed for a difference, which in shares is counted in points."""
    name = "times" if unit == "times" else ""
    if unit in ("accuracy", "share"):
        name = "points" if signed else "%"
    return f"{bare(value, unit, signed)} {name}".rstrip()


def bare(value: float, unit: str, signed: bool = False) -> str:
    """The same without a unit behind it."""
    if math.isnan(value):
        return "unknown"
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    if unit in ("accuracy", "share"):
        return f"{sign}{100 * size:.2f}"
    if unit == "dollars":
        return f"{sign}${size:,.0f}"
    if unit == "seconds":
        return sign + duration(size)
    return sign + (f"{size:.2f}" if unit == "rank correlation" else digits(size))


def digits(size: float) -> str:
    """Three significant digits without an exponent where that stays short."""
    if size >= 1000:
        return f"{size:,.0f}"
    if size < 1e-7:
        return f"{size:.3g}"
    return f"{size:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best: ms, s, min or h."""
    for factor, name in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if seconds >= factor:
            return f"{digits(seconds / factor)} {name}"
    return f"{digits(seconds * 1000)} ms"


def direction_verdict(interval: Interval, bound: float = 0.0) -> str:
    """Reproduced where the interval lies above `bound`, not where below, undecided where it holds.

    Touching the bound is holding it; no interval decides nothing.
    """
    if interval.above(bound):
        return REPRODUCED
    return NOT if interval.below(bound) else UNDECIDED


def combine_all(verdicts: list) -> str:
    """The verdict of a statement that needs all its parts: partly, when only some hold.

    Parts that cannot be tested are left out, unless there are no others.
    """
    tested = [verdict for verdict in verdicts if verdict != UNTESTABLE]
    if not tested:
        return UNTESTABLE
    if set(tested) == {REPRODUCED}:
        return REPRODUCED
    if {REPRODUCED, PARTLY} & set(tested):
        return PARTLY
    return NOT if NOT in tested else UNDECIDED


def combine_any(verdicts: list) -> str:
    """The verdict of a statement that needs one of its parts."""
    tested = [verdict for verdict in verdicts if verdict != UNTESTABLE]
    if not tested:
        return UNTESTABLE
    for verdict in (REPRODUCED, PARTLY, UNDECIDED):
        if verdict in tested:
            return verdict
    return NOT
