"""claims.yaml: read, and what is wrong in the file itself named, without any study at hand."""

import re
import string
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..jobs import TunebookError
from ..study.parameters import label
from ..study.read import check_against, check_keys_are_text, normalise, read_yaml

SCHEMA = Path(__file__).parents[3] / "schemas/claims.schema.yaml"

REPRODUCED = "reproduced"
PARTLY = "partly reproduced"
NOT = "not reproduced"
UNDECIDED = "undecided"
UNTESTABLE = "not testable"
# Of what follows from the study's own configuration: it cannot fail, and is no result.
SET_UP = "set up as written"
VERDICTS = (REPRODUCED, PARTLY, NOT, UNDECIDED, UNTESTABLE, SET_UP)
# What it can mean that something is partly reproduced: some of it fails; the direction is right;
# none of it fails, and the rest is open.
HALF, DIRECTION, SO_FAR = "half right", "right direction, other size", "holds as far as decided"

# A margin as a share: `10 %`.
SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")

# What one of the unit is in the units of measures: shares, seconds, plain numbers.
UNITS = {"": 1.0, "%": 0.01, "times": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0}
# The keys of a rule that hold a selection of runs, or the name of one.
SIDES = ("lower", "higher", "of", "to", "than")
# Keys of a rule whose texts are words of ours, and never names of source values.
OURS = ("metric", "along", "correlation", "direction", "property", "check")
# Who states a number of the source, unless it says so itself.
SAYS = "the source"
# Those of a kind of rule that may hold a source value in place of runs, one of them at most.
STATED = {"order": ("than",), "ratio": ("of", "to")}
# What a sentence may name besides the claim's source values and its pieces (piece1, piece2, ...;
# brief1, brief2, ... without their intervals).
PLACEHOLDERS = ("measured", "low", "high", "replicates", "claimed", "held", "failed", "open")
PIECE = re.compile(r"(piece|brief)([1-9]\d*)")


@dataclass(frozen=True)
class SourceNumber:
    """`number` in the units of measures, or a word; `rounding`: half a unit of its last digit.

    unit: as it is stated, one of UNITS. by: who states it, of several sources; "" where nobody is
    named.
    """

    number: float | str
    rounding: float
    text: str
    unit: str = ""
    by: str = ""


def source_number(entry):
    """The SourceNumber of `{value: "97.1", unit: "%"}`; `value` may be a word, such as adam."""
    value, unit, by = str(entry["value"]), entry.get("unit", ""), entry.get("by", "")
    text = f"{value} {unit}".strip()
    try:
        number = float(value)
    except ValueError:
        return SourceNumber(value, 0.0, text, unit, by)
    mantissa, _, exponent = value.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    size = UNITS[unit]
    return SourceNumber(number * size, 0.5 * 10.0**-decimals * size, text, unit, by)


class Margin(NamedTuple):
    """How far apart: `size` in the measure's own unit, or a `share` of the other side."""

    size: float
    share: bool


@dataclass
class Rule:
    """A rule as the file has it.

    kind: its one key besides `about` and `decides`; spec: what stands under it, with selections for
    names of runs. source: {name: SourceNumber} of the claim. parts: the rules of `all` and `any`;
    decides: which of them, by place, decide. counts: whether it is judged, or only shown.
    """

    kind: str
    spec: object
    about: str = ""
    source: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)
    counts: bool = True
    decides: list = field(default_factory=list)

    @property
    def place(self):
        """Where a message stands: `order (at the end)`."""
        return f"{self.kind} ({self.about})" if self.about else self.kind

    def leaves(self):
        """The rules that look at runs, in order: itself, or those that it combines."""
        return [leaf for part in self.parts for leaf in part.leaves()] if self.parts else [self]

    @property
    def named(self):
        """Names of the source values that it names, in order."""
        spec = self.spec.items() if isinstance(self.spec, dict) else ()
        texts = [v if isinstance(v, list) else [v] for key, v in spec if key not in OURS]
        return [name for name in sum(texts, []) if isinstance(name, str) and name in self.source]

    @property
    def by(self):
        """Who states these, in words; "" where nobody is named."""
        named = dict.fromkeys(self.source[name].by for name in self.named)
        return " and ".join(filter(None, named))

    def stated(self, name, number=True):
        """The source value of that name; TunebookError if there is none, or it is not a number."""
        if name not in self.source:
            raise TunebookError(
                f"source: {name} is not among this claim's source values; "
                f"allowed: {', '.join(self.source) or 'none is given'}"
            )
        found = self.source[name]
        if number and isinstance(found.number, str):
            raise TunebookError(f"source.{name}: found {found.text}; allowed: a number")
        return found

    def stated_side(self):
        """(the key of the side that is a number of the source, its SourceNumber), or None."""
        keys = (key for key in STATED.get(self.kind, ()) if isinstance(self.spec[key], str))
        return next(((key, self.stated(self.spec[key])) for key in keys), None)

    def bound(self, key):
        """What stands under a key that may hold a number or the name of a source value, or 0."""
        value = self.spec.get(key, 0.0)
        return self.stated(value).number if isinstance(value, str) else value

    def margin(self, key):
        """The Margin under a key: a number, a share such as `10 %`, or the name of a source value,
        which is a share where its unit is %. None where there is none.
        """
        value = self.spec.get(key)
        if value is None:
            return None
        if isinstance(value, str) and (found := SHARE.fullmatch(value)):
            size, share = float(found[1]) / 100, True
        elif isinstance(value, str):
            size, share = self.stated(value).number, self.stated(value).text.endswith("%")
        else:
            size, share = float(value), False
        if size <= 0:
            raise TunebookError(f"{key}: found {value}; allowed: above 0")
        return Margin(size, share)

    def compared(self):
        """The SourceNumber that runs are set against; of two names, the first by the second."""
        if "equals" in self.spec:
            return SourceNumber(self.spec["equals"], 0.0, f"{self.spec['equals']:g} to 1")
        names = self.spec["source"]
        if isinstance(names, str):
            return self.stated(names)
        top, bottom = map(self.stated, names)
        if bottom.number == 0:
            raise TunebookError(f"source.{names[1]}: found 0, to divide by; allowed: other numbers")
        return SourceNumber(top.number / bottom.number, 0.0, f"{top.text} / {bottom.text}")


@dataclass
class Claim:
    """One claim: `claim` and `claimed` with the source's values put in, and the rules that test it.

    place: where in its section the source says it. why: {verdict: sentence} where one is written;
    lesson: likewise, what a reader takes from it. expected: a verdict, "" for none. conditions: the
    sweep in each of whose conditions the rule is tried as well, and what varies there although the
    rule fixes it (`over`). told: names of the source values that its sentences put in.
    """

    id: str
    title: str
    claim: str
    rule: Rule
    section: str = ""
    place: str = ""
    claimed: str = ""
    expected: str = ""
    conditions: dict = field(default_factory=dict)
    evidence: list = field(default_factory=list)
    why: dict = field(default_factory=dict)
    lesson: dict = field(default_factory=dict)
    told: set = field(default_factory=set)


@dataclass
class Claims:
    """The claims of a study in the file's order, and its traps as plain values."""

    path: str = ""
    claims: list = field(default_factory=list)
    traps: list = field(default_factory=list)

    @property
    def metrics(self):
        """Names of the measures that the rules ask for, in order."""
        rules = [rule for claim in self.claims for rule in (claim.rule, *claim.evidence)]
        specs = [leaf.spec for rule in rules for leaf in rule.leaves() if leaf.kind != "untestable"]
        names = [spec.get(key) for spec in specs for key in ("metric", "correlation")]
        return list(dict.fromkeys(filter(None, names)))


@contextmanager
def telling(*places):
    """Put a place before the message of an error, whichever kind it is."""
    try:
        yield
    except TunebookError as error:
        raise type(error)(": ".join([*filter(None, map(str, places)), str(error)])) from None


@cache
def schema():
    return read_yaml(SCHEMA)


def load_claims(path=None):
    """The Claims in a file, a list or `{claims: [...], traps: [...]}`; none without a file.

    Raises TunebookError, naming the file and the claim, for what does not fit the schema, an id
    that stands twice, an unknown source value or name of runs, a sentence with an unknown
    placeholder, a trap about a claim that is not there.
    """
    if not path or not Path(path).exists():
        return Claims()
    written = read_yaml(path, (dict, list, type(None)))
    written = written if isinstance(written, dict) else {"claims": written or []}
    with telling(path):
        check_keys_are_text(written)
        content = normalise(written)
    check_against(content, schema(), path)
    of_claim, found = {"$ref": "#/$defs/claim", "$defs": schema()["$defs"]}, {}
    for i, entry in enumerate(content["claims"]):
        about = f"{path}: {entry.get('id', f'claims[{i}]')}"
        check_against(entry, of_claim, about)
        with telling(about):
            if entry["id"] in found:
                raise TunebookError("stands twice; allowed: each id once")
            found[entry["id"]] = read_claim(entry, written["claims"][i])
    traps = content.get("traps", [])
    for i, trap in enumerate(traps):
        for name in trap["claims"]:
            if name not in found:
                raise TunebookError(
                    f"{path}: traps[{i}].claims: found {name}; allowed: the id of a claim"
                )
    return Claims(str(path), list(found.values()), traps)


def read_claim(entry, written):
    """The Claim of an entry that fits the schema; TunebookError for what no schema can say.

    written: the same entry as the file has it, in which a number still has its last zero.
    """
    source = {}
    for name, value in entry.get("source", {}).items():
        number = written["source"][name]["value"]
        text = getattr(number, "written", str(number))
        found = source_number(value | {"value": text})
        # A hyper-parameter is stated as it is set (adam) and told as it is called (Adam).
        source[name] = replace(found, text=label(name, found.text))
    for name in source:
        if name in PLACEHOLDERS or PIECE.fullmatch(name):
            raise TunebookError(f"source.{name}: the name is taken; allowed: another one")
    runs = entry.get("runs", {})
    rule = read_rule(entry["rule"], source, runs)
    evidence = [read_rule(each, source, runs, counts=False) for each in entry.get("evidence", [])]
    many = range(1, len(rule.leaves()) + len(evidence) + 1)
    pieces = [f"{start}{i}" for start in ("piece", "brief") for i in many]
    written, placed = {}, set()
    for key in ("why", "lesson"):
        written[key] = by_verdict(entry.get(key, {}))
        for verdict, text in written[key].items():
            placed |= check_sentence(f"{key}.{verdict}", text, [*PLACEHOLDERS, *source, *pieces])
    told = {key: entry.get(key, "") for key in ("claim", "claimed")}
    for key, text in told.items():
        placed |= check_sentence(key, text, list(source))
        told[key] = text.format_map({name: number.text for name, number in source.items()})
    conditions = entry.get("conditions", {})
    if isinstance(conditions, str):
        conditions = {"sweep": conditions, "over": []}
    keys = ("id", "title", "section", "place", "expected")
    plain = {key: entry[key] for key in keys if key in entry}
    more = {"conditions": conditions, "told": placed & {*source}} | written
    return Claim(**plain, **told, **more, rule=rule, evidence=evidence)


def by_verdict(sentences):
    """{verdict: sentence} of what is written by verdict, or once for all that can be found."""
    found = isinstance(sentences, str)
    return dict.fromkeys(VERDICTS[:-1], sentences) if found else sentences


def read_rule(raw, source, runs, about="", counts=True):
    """The Rule that a mapping stands for, with those that it combines.

    runs: {name: selection} of the claim. about: what it is a piece of.
    """
    [kind] = [key for key in raw if key not in ("about", "decides")]
    about = ": ".join(filter(None, [about, raw.get("about", "")]))
    if kind in ("all", "any"):
        parts = [read_rule(part, source, runs, about, counts) for part in raw[kind]]
        return Rule(kind, {}, about, source, parts, counts, deciding(raw, raw[kind]))
    if "decides" in raw:
        raise TunebookError(f"{kind}: found decides; allowed: beside all or any")
    rule = Rule(kind, raw[kind], about, source, counts=counts)
    if kind == "untestable":
        return rule
    with telling(rule.place):
        sides = {key: raw[kind][key] for key in SIDES if key in raw[kind]}
        check_stated(rule, [sides.pop(key) for key in stated_sides(kind, sides, source, runs)])
        rule.spec = rule.spec | {key: chosen(side, runs, key) for key, side in sides.items()}
        for key in rule.spec.get("keys", []):
            rule.stated(key, number=False)
        rule.bound("around")
        for key in ("by", "within", "margin"):
            rule.margin(key)
        if "source" in rule.spec:
            rule.compared()
    return rule


def stated_sides(kind, sides, source, runs):
    """The keys of those sides of a rule that name a source value, and not runs."""
    names = {key: sides[key] for key in STATED.get(kind, ()) if isinstance(sides[key], str)}
    return [key for key, name in names.items() if name in source and name not in runs]


def check_stated(rule, names):
    """Raise TunebookError unless the source values that sides of a rule name can be such."""
    if len(names) > 1:
        told = "one side a source value, and the other a run"
        raise TunebookError(f"found source values, {' and '.join(names)}; allowed: {told}")
    for name in names:
        found = rule.stated(name)
        if rule.kind == "ratio" and found.number <= 0:
            raise TunebookError(f"source.{name}: found {found.text}; allowed: above 0")


def deciding(raw, parts):
    """The places of the pieces that decide: those that `decides` names, else all."""
    named = [part.get("about", "") for part in parts]
    for name in raw.get("decides", []):
        if name not in named:
            allowed = ", ".join(filter(None, named)) or "a piece with `about`"
            raise TunebookError(f"decides: found {name}; allowed: {allowed}")
    wanted = raw.get("decides", named)
    return [place for place, name in enumerate(named) if name in wanted]


def chosen(value, runs, side):
    """The selection that a side of a rule gives, or names; of a change, with both of its runs."""
    if isinstance(value, str):
        if not isinstance(runs.get(value), dict):
            raise TunebookError(
                f"{side}: found {value}; allowed: a selection, or a name of one under this claim's "
                f"runs: {', '.join(runs) or 'none is given'}"
            )
        value = runs[value]
    several = [key for key in ("reduce", "change") if key in value]
    if several and side in ("of", "to", "change"):
        raise TunebookError(f"{side}: found {several[0]}; allowed: one run")
    if "change" in value:
        return {"change": [chosen(each, runs, "change") for each in value["change"]]}
    return value


def check_sentence(where, sentence, names):
    """The placeholders of a sentence; TunebookError for one that nothing fills."""
    try:
        fields = list(string.Formatter().parse(sentence))
    except ValueError as error:
        raise TunebookError(f"{where}: {error}; allowed: braces around a placeholder") from None
    for _, name, form, conversion in fields:
        if form or conversion or name is not None and name not in names:
            found = f"{name}:{form or conversion}" if form or conversion else name
            allowed = ", ".join(names) or "no placeholder"
            raise TunebookError(f"{where}: found {{{found}}}; allowed: {allowed}")
    return {name for _, name, *_ in fields if name}
