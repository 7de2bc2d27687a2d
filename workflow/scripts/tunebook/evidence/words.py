"""The only place where numbers and configurations become words.

Units, as measures name them: `share` (shown in per cent; a difference of shares in points),
`seconds` (shown in the unit that reads best), `times`, `squared ranges` (see `tasks.Metric`),
`loss`, `nats`, `epochs`, `count`, `rank correlation`, `relative` (a change, as a share of what it
changes), ""; any other is the target's own unit and shown as it is.
"""

import math
import re
from collections import Counter
from datetime import datetime

from ..study.parameters import columns, label, parameter

NARROW = "\u202f"  # no-break space between a number and its unit
MINUS = "−"
NONE = "no finite value"
RELATIVE = "relative"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CURRENCIES = ("$", "€", "£", "¥")  # stand before their number
WORDS = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
]  # fmt: skip


def known(value):
    """Whether `value` is a finite number."""
    try:
        return value is not None and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def number(value, places=3):
    """A measured number with so many significant figures: 0.00297, 412, 1,460, 3.20 × 10⁻⁷."""
    if not known(value):
        return NONE
    if value == 0:
        return "0"
    mantissa, power = f"{float(value):.{places - 1}e}".split("e")
    decimals = places - 1 - int(power)
    if -5 < int(power) < 7:
        text = f"{round(float(value), decimals):,.{max(decimals, 0)}f}"
    else:
        text = f"{mantissa} × 10{str(int(power)).translate(SUPERSCRIPT)}"
    return text.replace("-", MINUS)


def tick(value):
    """A round number on an axis, without zeros at its end: 0.01, 1,000, 10⁻⁷."""
    mantissa, times, power = number(value).partition(" × ")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return power if times and mantissa == "1" else mantissa + times + power


def bare(value, unit="", signed=False, places=None):
    """A number without its unit behind it; signed for a difference: +0.12, −0.12."""
    if value is None or math.isnan(value):
        return NONE
    size = abs(float(value))
    if math.isinf(size):
        text = "∞"
    elif unit == "share":
        text = f"{100 * size:.{2 if places is None else places}f}"
    elif unit == RELATIVE:
        text = f"{100 * size:,.{1 if places is None else places}f}"
    elif unit == "seconds":
        text = duration(size)
    else:
        formats = {"rank correlation": ".2f", "count": ",.0f"}
        text = format(size, formats[unit]) if unit in formats else number(size, places or 3)
    signed = signed or unit in ("rank correlation", RELATIVE)  # whose sign is what it says
    # What rounds to nothing has no sign.
    sign = "" if not text.strip("0.") else MINUS if value < 0 else "+" if signed else ""
    return sign + (unit if unit in CURRENCIES else "") + text


def unit_words(unit, problem=None, signed=False):
    """What is said of a unit behind a number or on an axis: `%`, `points`, `times`, `$`.

    problem: an entry of study.json's `problems`, for `target`, the target's own unit.
    """
    if unit == "target":
        return (problem or {}).get("unit") or ""
    said = {"share": "points" if signed else "%", RELATIVE: "%"}
    said |= dict.fromkeys(("rank correlation", "count", "loss"), "")
    return said.get(unit, unit)


def silent_unit(unit, rows=()):
    """The unit of numbers that stand without it, in words; "" where they have one, or carry it.

    rows: settings of the runs that they are of, for the unit of a loss; "" where these differ.
    """
    if unit != "loss":
        return unit if unit == "squared ranges" else ""
    units = {loss_unit(row) for row in rows}
    return units.pop() if len(units) == 1 else ""


def loss_unit(settings):
    """The unit of a run's loss, often one of the target as trained; "" where it has none."""
    loss, target = (
        parameter(name).choices.get(settings.get(name)) for name in ("loss", "scale_target")
    )
    if not loss or "{}" in loss.unit and not target:
        return ""
    return loss.unit.format(target and target.unit)


def show(value, unit="", signed=False, places=None):
    """A number with its unit: `97.10 %`, `+1.20 points`, `$24,300`, `6 min 10 s`, `8.12 times`."""
    text, words = bare(value, unit, signed, places), unit_words(unit, signed=signed)
    silent = not words or unit in ("seconds", "squared ranges", *CURRENCIES)
    return text if text == NONE or silent else f"{text}{NARROW}{words}"


def percent(share, places=2):
    """A share of one as a percentage."""
    return show(share, "share", places=places)


def interval(low, high, unit="", signed=False):
    """`97.12 to 97.70 %`; empty where there is no interval."""
    if not (known(low) and known(high)):
        return ""
    return f"{bare(low, unit, signed)} to {show(high, unit, signed)}"


def measured(found, unit, signed=False):
    """An Interval in words: `97.10 % (96.80 to 97.40)`; the centre alone where it is all."""
    if found.n == 0 or math.isnan(found.centre):
        return NONE
    low, high = (bare(end, unit, signed) for end in (found.low, found.high))
    return show(found.centre, unit, signed) + (f" ({low} to {high})" if found.known else "")


def duration(seconds):
    """A length of time in its two largest units: 41.0 ms, 5.20 s, 6 min 10 s, 1 h 5 min."""
    if not known(seconds):
        return NONE
    if seconds < 0.9995:
        return f"{number(seconds * 1000)}{NARROW}ms"
    if seconds < 59.95:
        return f"{number(seconds)}{NARROW}s"
    for size, unit, part, small in (
        (24, "d", 3600, "h"),
        (60, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        whole, rest = divmod(round(seconds / part), size)
        if whole:
            return f"{whole}{NARROW}{unit}" + (f" {rest}{NARROW}{small}" if rest else "")


def count(many, thing, things=None):
    """`1 run`, `1,204 runs`."""
    return f"{many:,} {thing if many == 1 else things or thing + 's'}"


def counts(many, thing):
    """How many stand behind several means: `5 replicates`, `5 to 10 replicates`."""
    many = sorted({int(each) for each in many if each > 0})
    if not many:
        return f"no {thing}s"
    return (f"{many[0]} to " if len(many) > 1 else "") + count(many[-1], thing)


def size(number_of_bytes):
    """A number of bytes in the largest unit that keeps it above one."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number_of_bytes < 1000 or unit == "GB":
            return f"{tick(number_of_bytes)}{NARROW}{unit}"
        number_of_bytes /= 1000


def word(many):
    """Small numbers in words, as prose does."""
    return WORDS[many] if 0 <= many < len(WORDS) else f"{many:,}"


def spoken(things):
    """Several things in a sentence: `a, b and c`."""
    *most, last = map(str, list(things) or [""])
    return f"{', '.join(most)} and {last}" if most else last


def ordinal(place):
    """`1st`, `12th`, `23rd`."""
    teen = place % 100 in (11, 12, 13)
    return f"{place:,}" + {1: "st", 2: "nd", 3: "rd"}.get(0 if teen else place % 10, "th")


def grouped(groups, unit=""):
    """Groups of replicates in a sentence; empty where there are none.

    groups: as `intervals.groups` tells them, each with what its replicates did, or "". `3 of 5 at
    17.89 %, 2 from 92.48 to 94.27 %`; `3 of 5 read every row as one class (at 17.89 %)`.
    """
    of, told = f" of {sum(many for many, *_ in groups)}", []
    for many, low, high, did in groups:
        same = show(low, unit) == show(high, unit)
        where = f"at {show(low, unit)}" if same else f"from {interval(low, high, unit)}"
        told.append(f"{many}{of} " + (f"{did} ({where})" if did else where))
        of = ""
    return ", ".join(told)


# How prose that was typed is set: [(what stands there, what is put for it)].
TYPED = [
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?<=\d) x (?=\d)", " × "),
        (r"(?<![\w.,)\]-])-(?=\.?\d)", MINUS),
        (r"(?<=\d) (?=%)", NARROW),
        (r"(?<=\w)'", "’"),
        (r'"([^"]*)"', r"“\1”"),
    )
]


def typeset(text):
    """Prose with the signs of print: 16 × 16, −1, the source’s, 50 %; for every text that is read
    as a sentence, whoever typed it. Names, addresses and code are left as they are."""
    for pattern, put in TYPED:
        text = pattern.sub(put, text)
    return text


def day(when):
    """`2 January 2026, 03:04 UTC` of a date, or of its ISO text."""
    when = datetime.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%B %Y}, {when:%H:%M} UTC"


def plain(value):
    """A setting as it is written in a configuration: 0.001, 100, 1e-8, full, 16-32-64."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "-".join(map(str, value))
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e9
        return str(int(value)) if whole else re.sub(r"e([+-])0", r"e\1", f"{value:g}")
    return str(value)


def layers(widths):
    """Dense layers in a few letters: `100-100-100` is `100 × 3`, `100-50` stays as it is."""
    each = plain(widths).split("-")
    return f"{each[0]} × {len(each)}" if len(set(each)) == 1 < len(each) else "-".join(each)


def network(settings):
    """The network of a configuration: `dense 200 × 5`, `convolutional 16-32-64`, `linear`, or the
    class of a module of the study's own.
    """
    if settings.get("model") == "module":
        return str(settings.get("module", "module")).rpartition(":")[2]
    parts = [f"dense {layers(settings['widths'])}"] if settings.get("widths") else []
    if settings.get("model") == "convolutional":
        parts.insert(0, f"convolutional {plain(settings.get('channels'))}")
    return " + ".join(parts) or "linear"


def setting(name, value):
    """One setting in words: `rate 0.01`, `Adam`, `raw inputs`, `full batch`, `no dropout`."""
    about, short = parameter(name), parameter(name).short
    if value in about.choices or about.kind == "rows" and isinstance(value, str):
        said = label(name, value)
        return f"{'no' if said == 'none' else said} {short}".strip()
    if name in ("widths", "channels"):
        return f"{short} {layers(value) if value else 'none'}"
    if name in ("depth", "width", "convolutions"):
        one = short.removesuffix("s") if value == 1 else short
        return f"{plain(value)} {one}" if value else f"no {short}"
    if value == 0 and not isinstance(value, bool) and about.kind in ("number", "integer"):
        return f"no {short}"
    return f"{short or about.label.lower()} {plain(value)}".strip()


# The hyper-parameters of a network, which `network` speaks of; and those of `describe`.
NETWORK = ("model", "module", "widths", "channels", "depth", "width", "convolutions")
DESCRIBED = (
    *NETWORK, "scale_inputs", "scale_target", "loss", "optimizer", "learning_rate", "batch_size",
    "dropout",
)  # fmt: skip


def unusual(name, settings):
    """Whether a configuration has a hyper-parameter, and at another value than its default."""
    return name in settings and settings[name] != parameter(name).default_in(settings)


def describe(settings, also=()):
    """A configuration in one line. also: further hyper-parameters to name, unless at defaults."""

    def unusually(*names):
        return [setting(name, settings[name]) for name in names if unusual(name, settings)]

    optimizer = label("optimizer", settings.get("optimizer", ""))
    said = [
        network(settings),
        *unusually("scale_inputs", "scale_target"),
        label("loss", settings.get("loss", "")),
        f"{optimizer} {plain(settings.get('learning_rate'))}".strip(),
        setting("batch_size", settings["batch_size"]) if "batch_size" in settings else "",
        *unusually("dropout", *also),
    ]
    return ", ".join(filter(None, said))


def varying(runs):
    """Names of the hyper-parameters with at least two values among `runs`, in reading order.

    runs: objects with `settings`. A run that has none of one takes no part in it.
    """
    return [
        name
        for name in columns(run.settings for run in runs)
        if len({run.settings[name] for run in runs if name in run.settings}) > 1
    ]


def differing(runs):
    """The same without what others already say, or else those that only some of the runs have.

    Left out are depth, width and convolutions, which repeat the lists of widths and channels, and
    what is the default in each run, so that it follows from another choice (the weight decay of
    AdamW among optimizers).
    """
    varied = varying(runs)
    told = [
        name
        for name in varied
        if not parameter(name).derived and any(unusual(name, run.settings) for run in runs)
    ]
    # A network without hidden layers has no widths at all.
    if "depth" in varied and not {"widths", "channels"} & {*told}:
        told.insert(0, "widths")
    names = columns(run.settings for run in runs)
    return told or [name for name in names if any(name not in run.settings for run in runs)]


def labels(runs):
    """{run's name: label}: each configuration in one line, told apart from all the others.

    runs: the runs of one problem, objects with `name` and `settings`.
    """
    found = {run.name: describe(run.settings) for run in runs}
    for text, many in Counter(found.values()).items():
        if many > 1:
            same = [run for run in runs if found[run.name] == text]
            also = [name for name in differing(same) if name not in DESCRIBED]
            found |= {run.name: describe(run.settings, also) for run in same}
    return apart(found)


def apart(found):
    """Labels by run; where two are equal, with the end of the run's name behind them."""
    many = Counter(found.values())
    return {
        name: text if many[text] == 1 else f"{text} ({name.rpartition('-')[2]})"
        for name, text in found.items()
    }


def distinct(runs, covered=()):
    """{run's name: the shortest label that tells it from the others}.

    runs: objects with `name` and `settings`. covered: hyper-parameters (or `network`) that a colour
    or an axis says already, and what follows from them; where that is all, a label is "".
    """
    names = [name for name in differing(runs) if not follows(name, covered, runs)]
    names = needed(names, covered, runs)
    others = [name for name in names if name not in NETWORK]
    found = {}
    for run in runs:
        said = [network_among(run, runs, covered)] if len(others) < len(names) else []
        said += [setting(name, run.settings[name]) for name in others if name in run.settings]
        found[run.name] = ", ".join(said)
    return found if covered else apart(found)


# So many settings are told in a label, whether or not fewer would do.
MOST_TOLD = 4


def needed(names, covered, runs):
    """Of the hyper-parameters that runs differ in, all; or where there are many, the first that it
    takes to tell the runs apart."""
    if len(names) <= MOST_TOLD:
        return names
    kept = list(names)
    for name in reversed(names):
        others = [each for each in kept if each != name]
        if follows(name, (*covered, *others), runs):
            kept = others
    return kept


def follows(name, covered, runs):
    """Whether runs that agree in all of `covered` agree in a hyper-parameter."""
    known = [run.settings | {"network": network(run.settings)} for run in runs]
    groups = {tuple(each.get(key) for key in covered) for each in known}
    return len({tuple(each.get(key) for key in (*covered, name)) for each in known}) == len(groups)


def network_among(run, runs, covered):
    """A run's network among those of `runs`: by one number where only that differs."""
    uniform = all(
        each.settings.get("model") == "dense"
        and len(set(plain(each.settings.get("widths")).split("-"))) == 1
        for each in runs
    )
    for name, other in (("depth", "width"), ("width", "depth")):
        if uniform and name in run.settings and follows(other, covered, runs):
            return setting(name, run.settings[name])
    return network(run.settings)
