"""Numbers as a reader meets them: rounded to what is known, with their unit and their interval."""

import math

NARROW = "\u202f"  # no-break space between a number and its unit
DASH = "–"
MINUS = "−"
NONE = "no finite value"


def known(value):
    """Whether `value` is a finite number."""
    try:
        return value is not None and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def significant(value, digits=3):
    """A number with so many significant digits: 0.00297, 412, 1,460, 3.2 × 10⁻⁷."""
    if not known(value):
        return NONE
    value = float(value)
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -5 < exponent < 7:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        superscript = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa} × 10{superscript}".replace("-", MINUS)
    text = f"{round(value, digits - 1 - exponent):,.{max(digits - 1 - exponent, 0)}f}"
    return text.replace("-", MINUS)


def plain(value):
    """A setting as it is written in a configuration: 0.001, 100, 1e-08, full, 16-32-64."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return f"{number:g}" if number != int(number) else str(int(number))
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(share, digits=2):
    """A share of one as a percentage."""
    if not known(share):
        return NONE
    # Adding zero makes a rounded -0 a plain 0.
    return f"{round(100 * float(share), digits) + 0:.{digits}f}{NARROW}%".replace("-", MINUS)


def metric(value, name):
    """An accuracy in percent, an error with three significant digits."""
    return percent(value) if name == "accuracy" else significant(value)


def interval(low, high, name=None):
    """`97.12 – 97.70 %`; empty where there is no interval."""
    if not (known(low) and known(high)):
        return ""
    if name == "accuracy":
        return f"{100 * float(low):.2f} {DASH} {100 * float(high):.2f}{NARROW}%"
    return f"{significant(low)} {DASH} {significant(high)}"


def dollars(value):
    return f"${significant(value)}" if known(value) else NONE


def duration(seconds):
    """A length of time in its two largest units: 41 ms, 5.2 s, 6 min 10 s, 1 h 5 min."""
    if not known(seconds):
        return NONE
    seconds = float(seconds)
    if seconds < 1:
        return f"{significant(1000 * seconds, 2)}{NARROW}ms"
    if seconds < 60:
        return f"{significant(seconds, 2)}{NARROW}s"
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            whole, rest = divmod(round(seconds / smaller), size // smaller)
            tail = f" {rest}{NARROW}{small_unit}" if rest else ""
            return f"{whole}{NARROW}{unit}{tail}"
    whole, rest = divmod(round(seconds), 60)
    if whole == 60:
        return f"1{NARROW}h"
    return f"{whole}{NARROW}min" + (f" {rest}{NARROW}s" if rest else "")


def count(number, thing, things=None):
    """`1 run`, `1,204 runs`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def size(number):
    """A number of bytes in the largest unit that keeps it above one."""
    for unit in ("bytes", "kB", "MB"):
        if number < 1000 or unit == "MB":
            break
        number /= 1000
    return f"{significant(number)}{NARROW}{unit}"


WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def word(number):
    """Small numbers in words, as prose does."""
    return WORDS[number] if 0 <= number < len(WORDS) else f"{number:,}"


def spoken(things):
    """Several things in a sentence: `a, b and c`."""
    things = [str(thing) for thing in things]
    return ", ".join(things[:-1]) + " and " + things[-1] if len(things) > 1 else "".join(things)
