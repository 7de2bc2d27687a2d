"""What a search may propose: its space, and points of it.

A space is a mapping from hyper-parameters to what they may be: `{choice: [...]}`, or `{from, to}`
with a `log` scale or a `step`. With `when: {other: values}`, a point has one only where it has such
a value of another one, which is a choice. A point is a mapping from those it has to their values.
"""

import itertools
import math
import random

from ..jobs import TunebookError
from ..study.parameters import parameter
from ..study.read import describe

# As many points are looked at before anything is trained.
MOST_CORNERS = 1000
# Of hyper-parameters that are whole numbers.
WHOLE = ("integer", "sizes", "rows")
# Significant figures of a value that is proposed: it can be typed, and names the same run then.
FIGURES = 4


def conditions(spec):
    """{other hyper-parameter: its values with which a point has this one}."""
    when = spec.get("when", {}).items()
    return {name: value if isinstance(value, list) else [value] for name, value in when}


def is_whole(name):
    """Whether a hyper-parameter takes whole numbers alone."""
    return parameter(name).kind in WHOLE


def ends(spec):
    """{key: value} of the choices, or of both ends of a range, as they are called in messages."""
    if "choice" in spec:
        return {f"choice[{i}]": value for i, value in enumerate(spec["choice"])}
    return {"from": spec["from"], "to": spec["to"]}


def in_order(space):
    """The names in a space: by name, but after those that they depend on.

    Raises TunebookError where some depend on each other in a circle.
    """
    found = []
    while left := [name for name in sorted(space) if name not in found]:
        ready = [name for name in left if {*conditions(space[name])} <= {*found}]
        if not ready:
            needed = {other for name in left for other in conditions(space[name])}
            circle = [name for name in left if name in needed]
            raise TunebookError(
                f"{circle[0]}.when: found a circle of {', '.join(circle)}; allowed: conditions on "
                "others that do not depend on it in turn"
            )
        found += ready
    return found


def fits(spec, point):
    """Whether a point has the hyper-parameter that `spec` is about; `point` need only hold those
    that come before it.
    """
    return all(name in point and point[name] in some for name, some in conditions(spec).items())


def point_of(space, values):
    """The point with such values, without those that depend on others. values: {name: value}."""
    point = {}
    for name in in_order(space):
        if fits(space[name], point):
            point[name] = values[name]
    return point


def corners(space):
    """Points with every combination of choices and ends of ranges; of many, some by chance."""
    names = in_order(space)
    values = [list(ends(space[name]).values()) for name in names]
    if math.prod(map(len, values)) <= MOST_CORNERS:
        found = itertools.product(*values)
    else:
        chance = random.Random(0)
        found = ([chance.choice(each) for each in values] for _ in range(MOST_CORNERS))
    points = (point_of(space, dict(zip(names, each, strict=True))) for each in found)
    return list({repr(point): point for point in points}.values())


def rounded(spec, value):
    """A proposed number of a range as it is trained: few figures, and still within the range."""
    figures = 12 if "step" in spec else FIGURES
    return min(max(float(f"{value:.{figures}g}"), spec["from"]), spec["to"])


def check_space(space):
    """Raise TunebookError for a condition that can not be, or a range that holds nothing.

    What a hyper-parameter may be at all is checked where points of the space are resolved.
    """
    for name, spec in space.items():
        for other, values in conditions(spec).items():
            choices = space.get(other, {}).get("choice")
            if choices is None:
                known = [each for each in space if "choice" in space[each] and each != name]
                told = ", ".join(known) or "none, since the space has no other choice"
                raise TunebookError(f"{name}.when: found {other}; allowed: {told}")
            for value in values:
                if value not in choices:
                    told = ", ".join(map(describe, choices))
                    raise TunebookError(
                        f"{name}.when.{other}: found {describe(value)}; allowed: {told}"
                    )
        if "from" in spec:
            check_range(name, spec)
    in_order(space)


def check_range(name, spec):
    """Raise TunebookError for a range that is empty, or that its scale or step does not fit."""
    least, most, step = spec["from"], spec["to"], spec.get("step")
    if least >= most:
        raise TunebookError(f"{name}.from: found {least}; allowed: less than `to`, which is {most}")
    if spec.get("log") and least <= 0:
        raise TunebookError(f"{name}.from: found {least}; allowed with log: more than 0")
    if step is not None:
        if spec.get("log"):
            raise TunebookError(f"{name}.step: found {step} with log; allowed: one of the two")
        if is_whole(name) and not isinstance(step, int):
            raise TunebookError(f"{name}.step: found {step}; allowed: a whole number")
        if step > most - least:
            allowed = f"at most {most - least:g}, the length of the range"
            raise TunebookError(f"{name}.step: found {step}; allowed: {allowed}")
