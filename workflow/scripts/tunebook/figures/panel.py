"""What all kinds of panel have in common: their runs, what tells these apart, and their measure."""

import math
import re
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..evidence import measures, words
from ..evidence.words import RELATIVE
from ..study.parameters import label, parameter
from . import style
from .source import Source
from .spec import listed

BAND = "95 % interval of the mean"
CONSTANT = {"regression": "predict mean", "classification": "commonest class"}
SOURCES, OURS = "the source’s", "our search’s"
NO_ROWS = f"{measures.NO_VALIDATION[0].upper()}{measures.NO_VALIDATION[1:]}."
LEFT_OUT = "runs fitted on the validation rows too are left out"
ABSENT = 0.9  # inches: the height of a panel that only says why it is empty


def value_of(run, name):
    """What a run has of a hyper-parameter, or what network it is; None where it has none."""
    return run.network if name == "network" else run.settings.get(name)


def placed(sweep, run):
    """A run that has its sweep among its settings, so that panels can stand on it like on those."""
    return replace(run, settings=run.settings | {"sweep": sweep or "best"})


def key_of(run):
    """What a run is known by in a panel: its name, and its sweep where that is a setting."""
    return run.name, run.settings.get("sweep")


def fits(run, where):
    """Whether a run has the values of hyper-parameters that are asked for, or any of a list."""
    return all(
        words.plain(value_of(run, name)) in map(words.plain, listed(values))
        for name, values in where.items()
    )


def rank(name, value):
    """Where a value stands in the order of its kind: choices as listed, numbers by size."""
    about = parameter(name)
    if value is None:
        return (-1,)
    if value in about.choices:
        return (0, list(about.choices).index(value))
    if about.kind == "integers":  # how many layers, and how wide
        sizes = [int(size) for size in re.findall(r"\d+", str(value))]
        return (0, len(sizes), *sizes)
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def ordered(runs, name):
    """The values of a hyper-parameter among some runs, in their order; networks and sweeps as they
    come."""
    found = dict.fromkeys(value_of(run, name) for run in runs)
    known = name in ("network", "sweep")
    return list(found) if known else sorted(found, key=lambda v: rank(name, v))


def value_text(name, value):
    """A value without its hyper-parameter's name, as a tick has it."""
    if name == "sweep":
        return value.replace("-", " ")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}" if isinstance(value, int) else words.tick(value)
    text = words.layers(value) if name in ("widths", "channels") else words.plain(value)
    return label(name, text) or "none"


def setting_text(name, value):
    """A value with its name, as a series has it."""
    if value is None:
        return f"no {parameter(name).short}"
    if name == "sweep":
        return value_text(name, value)
    return value if name == "network" else words.setting(name, value)


def axis_text(name):
    """A hyper-parameter as an axis calls it."""
    text = parameter(name).label
    return text[:1].lower() + text[1:]


def tick(value, unit):
    """A value on an axis: shares in per cent, money with its sign."""
    if unit == RELATIVE:
        return words.show(value, unit, places=0)
    before = unit if unit in words.CURRENCIES else ""
    return before + words.tick(round(100 * value, 10) if unit == "share" else value)


def said(value, unit, signed=False):
    """A value in words."""
    return words.show(value, unit, signed)


def column(values, unit, signed=False):
    """Values in words, one below the other: with as many decimals as the least of them needs."""
    texts = [said(value, unit, signed) for value in values]
    if unit == "seconds" or any("×" in text for text in texts):
        return texts
    decimals = [len(re.sub(r"[^\d].*", "", text.partition(".")[2])) for text in texts]
    return [
        re.sub(r"[\d,]+(\.\d+)?", f"{abs(value):,.{max(decimals)}f}", text, count=1)
        if many < max(decimals) and unit not in ("share", RELATIVE)
        else text
        for value, text, many in zip(values, texts, decimals, strict=True)
    ]


def finite(values):
    """The finite ones, as an array."""
    values = np.asarray(list(values), float)
    return values[np.isfinite(values)]


class Panel:
    """One panel: a specification (see `spec`) and the runs that it means.

    A panel knows its numbers before it draws, and answers with `frame` (the numbers drawn),
    `sentence` (for readers who cannot see), `brief` (the same in short) and `note` (what dots, bars
    and bands are, a list). A
    kind says `about` (what it shows), `unit` and, where its ticks do not say that, `scale`.

    members: pairs of a sweep, or "" for a single run, and one of its runs. problem: theirs, where
    they have one. facet: (hyper-parameter, value) that sets this panel apart from its neighbours.
    absent: why there is nothing to draw. alike: the panels that share its scale. labelled: whether
    it names its series, or leaves that to the next one, which has the same `key`. colours:
    {hyper-parameter: {value: colour}} of the whole figure. source: what is claimed, a Source.
    apart: what sets panels of its kind apart where nobody says. called: what such a panel is among
    others of its figure.
    """

    height, least, most, weight = 2.1, 1.3, math.inf, 1.0
    letter = title = head = key = about = unit = scale = dotted = ""
    apart = called = ""
    colours, labelled, source = None, True, Source()

    def __init__(self, spec, results, members=(), problem=None, facet=("", None), absent=""):
        self.spec, self.results, self.members = spec, results, members
        self.problem, self.facet, self.absent, self.alike = problem, facet, absent, [self]
        if "sweep" in (spec.get("across"), spec.get("colour")):  # a run stands in each of its own
            self.members = [(sweep, placed(sweep, run)) for sweep, run in members]
        self.runs = list({key_of(run): run for _, run in self.members}.values())
        self.names = list(dict.fromkeys(run.name for run in self.runs))
        self.of, self.beside = spec["of"], spec.get("with", "")
        self.across, self.colour = spec.get("across", ""), spec.get("colour", "")
        self.whose = self.owners()
        if not absent:
            self.prepare()
        if self.absent:
            self.height = ABSENT

    def prepare(self):
        """Make numbers of the runs, or say in `absent` why there are none."""

    def brief(self):
        """What is to be seen, in one short sentence; "" where that takes more."""
        return ""

    def fit(self, width):
        """Take the size that suits a figure of that many inches across."""

    def owners(self):
        """{run's name: whose network it is}, of those that the source describes (`source`) and that
        the study's own search chose (`run: best`)."""
        sweeps = self.spec.get("source", [])
        described = {name for sweep in sweeps for name in self.results.members(sweep)}
        asked = self.spec.get("run") == "best"
        chosen = {self.results.best(run.problem) for run in self.runs if asked}
        found = {}
        for name in self.names:
            owners = [SOURCES] * (name in described) + [OURS] * (name in chosen)
            if owners:
                found[name] = " and ".join(owners)
        return found

    def color(self, run):
        """The colour of a run; the plain data colour where colours stand for nothing."""
        if run.name in self.whose and not self.colour:
            return style.MODELS[self.whose[run.name] == OURS]
        return self.colours[self.colour][value_of(run, self.colour)] if self.colour else style.DATA

    @property
    def first_axis(self):
        """What colours stand for unless the panel says so: what its sweeps vary first."""
        sweeps, named = (
            self.results.study["sweeps"],
            dict.fromkeys(name for name, _ in self.members),
        )
        axes = [
            axis
            for sweep in filter(None, named)
            for axis in sweeps[sweep]["axes"]
            if axis not in (self.across, self.facet[0]) and len(ordered(self.runs, axis)) > 1
            # What only tells the sweeps apart that stand side by side is no axis of theirs.
            if self.across != "sweep" or not words.follows(axis, ("sweep",), self.runs)
        ]
        network = {"model", "module", "channels"} & set(axes)
        return "network" if network else next(iter(axes), "")

    @cached_property
    def series(self):
        """{run's key: the name of its series}: what its colour stands for where the panel asks for
        one, and what else tells it from others beside axis and facet."""
        own = self.spec.get("colour")
        rest = words.distinct(self.runs, tuple(filter(None, (self.across, self.facet[0], own))))
        told = {key_of(r): own and setting_text(own, value_of(r, own)) for r in self.runs}
        return {key: ", ".join(filter(None, [text, rest[key[0]]])) for key, text in told.items()}

    def measured(self, column):
        """The runs that have rows on which a measure is taken."""
        lacks, of = measures.lacks, self.results.measure
        return [run for run in self.runs if not lacks(of(column, run), run.settings)]

    @property
    def left_out(self):
        """That some runs have no rows on which it is measured, as a note: a list."""
        return [LEFT_OUT] * (len(self.measured(self.of)) < len(self.runs))

    def take_measure(self):
        """Take what is shown, and in what unit, from the measure; of several problems the first."""
        self.measure = self.results.measure(self.of, self.runs[0])
        self.about, self.unit = self.measure.label, self.measure.unit
        self.scale = words.unit_words(self.unit, self.problem)
        self.losses = {(r.settings.get("loss"), r.settings.get("scale_target")) for r in self.runs}
        if self.unit == "loss" and len(self.losses) == 1:
            settings = self.runs[0].settings
            said = label("loss", settings.get("loss")), words.loss_unit(settings)
            self.scale = ", ".join(filter(None, said))

    def in_sight(self, value, ends):
        """(where a number of the source stands between the ends of an axis, what to add to its
        label): one beyond them, as 0 is on a logarithmic axis, stands at the end, written out.
        """
        place = min(max(value, ends[0]), ends[1])
        return place, "" if place == value else f": {said(value, self.unit)}"

    def draw_levels(self, ax):
        """Dotted lines worth comparing with, where they are in sight: the constant predictor's
        error unless the panel says otherwise. Returns [(value, name, colour)] for labels."""
        low, high = ax.get_ylim()
        seen = [level for level in self.levels() if level != "none" and low < level < high]
        for value in seen:
            ax.axhline(value, color=style.MUTED, lw=0.9, ls=(0, (1, 2)), zorder=2)
        self.dotted = "" if "level" in self.spec or not seen else CONSTANT[self.problem["task"]]
        return [(value, self.dotted, style.MUTED) for value in seen if self.dotted]

    def levels(self):
        """The values of these lines."""
        split, _, what = self.of.partition("_")
        if "level" in self.spec:
            return self.spec["level"]
        judged, _ = measures.judged(self.problem)
        if what == "loss" and self.losses == {("mse", "range")} and judged == "mse":
            what = "error"
        if split not in measures.SPLITS or what not in ("error", "metric"):
            return []
        every = [self.results.finite(f"constant_{split}_{what}", run) for run in self.names]
        values = finite(value for values in every for value in values.values())
        return [values.mean()] if len(values) else []
