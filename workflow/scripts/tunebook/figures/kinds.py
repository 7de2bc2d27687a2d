"""Panels of what training gave: curves over the epochs, final values, and outcomes."""

import math
import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from ..claims.compare import as_ratio, compare, question_of
from ..claims.read import SAYS
from ..evidence import measures, words
from ..evidence.intervals import MINIMUM_REPLICATES, Interval, mean_interval
from ..study.parameters import parameter
from . import page, style
from .page import beside
from .panel import (
    BAND,
    NO_ROWS,
    RELATIVE,
    Panel,
    axis_text,
    column,
    finite,
    fits,
    key_of,
    ordered,
    rank,
    said,
    setting_text,
    tick,
    value_of,
    value_text,
)
from .spec import MOST_CURVES

HEADROOM = 4.0  # times its first value: how high a curve may climb before it leaves the panel
SPREAD = 0.46  # of a category's width, between its first and its last series
JUMP = 10.0  # times: how far a replicate must leave the others, and itself, to be spoken of
FEW = 4  # places across that leave room for a text beside each
ASIDE = 5.0  # points between a mean and its replicates
DASHES = ("solid", (0, (4, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)))
SUMMARY = ("mean", "low", "high", "replicates")  # columns of what is drawn
OTHERS = ("others_low", "others_high")  # on other test rows as well
OVER_TIME = ("median", *SUMMARY[1:])
UNKNOWN = Interval(math.nan, math.nan, math.nan, 0)
NO_VALUE = "No run has a finite value."


class Line:
    """One curve of a run: a column of the history, [replicates, epochs], blank from where a
    replicate diverged.

    diverged: the epochs where they did. summary: median, low, high and replicates, each [epochs].
    The median, since one replicate that fails for an epoch would lift a mean above all others; low
    and high are the lowest and the highest replicate, so that it is seen. middle: the median up to
    the last epoch where a replicate has a value. gone: whether every one diverged. quiet: thin,
    dashed, and without a label of its own.
    """

    def __init__(self, label, run, column, values, diverged, quiet=False):
        self.label, self.run, self.column, self.quiet = label, run, column, quiet
        self.split = column.partition("_")[0]
        self.diverged, self.replicates = diverged, len(values)
        self.values, many = values, np.isfinite(values).sum(axis=0)
        known = np.flatnonzero(many)
        self.summary = tuple(np.full(values.shape[1], np.nan) for _ in range(3))
        for each, of in zip(self.summary, (np.nanmedian, np.nanmin, np.nanmax), strict=True):
            each[known] = of(values[:, known], axis=0)
        for end in self.summary[1:]:
            end[many < 2] = np.nan  # one has no range
        self.summary += (many,)
        self.middle = self.summary[0][: known[-1] + 1 if len(known) else 0]
        self.gone = len(diverged) >= len(values)

    @property
    def series(self):
        """What it is called among all: one without a label by its split as well."""
        return f"{self.label}, {measures.SPLITS[self.split]}" if self.quiet else self.label

    @property
    def fate(self):
        """What to add to the label: how many replicates diverged, "" for none."""
        part = "" if self.gone else f"{len(self.diverged)} of {self.replicates}"
        return f" ×{part}" if self.diverged else ""

    @property
    def jump(self):
        """(how many replicates jump, in which epoch): to JUMP times the lowest value that they had
        and JUMP times the median, each once learning is under way; None where none does."""
        values, start = self.values, measures.tenth(self.values.shape[1])
        if not np.nanmin(values, initial=math.inf) > 0 or len(values) < MINIMUM_REPLICATES:
            return None
        lowest = np.fmin.accumulate(values, axis=1)
        off = values / np.maximum(lowest, self.summary[0])
        off = np.where(np.isfinite(off), off, 0)[:, start:]
        if not off.size or off.max() < JUMP:
            return None
        return int((off.max(axis=1) >= JUMP).sum()), start + 1 + int(off.max(axis=0).argmax())


def split_of(column):
    """The split that a column is measured on, in words."""
    return measures.SPLITS[column.partition("_")[0]]


class Curves(Panel):
    """Medians over the epochs with bands, crosses where replicates diverged, names at the ends."""

    weight, least = 1.2, 1.6

    def prepare(self):
        self.take_measure()
        self.colour = self.colour or (not self.whose and self.first_axis) or ""
        # One run on two splits: colours stand for these.
        if self.beside and not self.measured(self.beside):
            self.beside = ""
        self.splits = len(self.runs) == 1 and bool(self.beside)
        if self.splits:
            self.about = self.about.partition(" ")[2]
        columns = {name: self.measured(name) for name in (self.beside, self.of) if name}
        self.lines = [
            self.line(run, column)
            for run in self.runs[:MOST_CURVES]
            for column, runs in columns.items()
            if run in runs
        ]
        if not columns[self.of]:
            self.absent = NO_ROWS
        elif not any(len(line.middle) for line in self.lines):
            ended = all(line.gone and line.replicates for line in self.lines)
            self.absent = "All runs diverged in their first epoch." if ended else NO_VALUE

    def line(self, run, column):
        values = self.results.curves(run.name, column)
        label = split_of(column) if self.splits else self.series[key_of(run)]
        label = label if self.splits else self.whose.get(run.name, label)
        quiet = column == self.beside and not self.splits
        return Line(label, run, column, values, sorted(filter(None, run.diverged)), quiet)

    def told_jump(self, line):
        many, epoch = line.jump
        of = f"{words.word(many)} of {words.count(line.replicates, 'replicate')}"
        whose = f" ({line.label})" if line.label and len(self.lines) > 1 else ""
        return f"{of}{whose} {'jumps' if many == 1 else 'jump'}, farthest in epoch {epoch}"

    def stated(self, line, epoch=False):
        """The source's numbers for a line, as `Source.of`: at its end, or epochs along it."""
        found = self.source.of(line.column, line.run, epoch)
        last = len(line.summary[0]) if epoch else math.inf
        return {place: names for place, names in found.items() if place <= last}

    @property
    def all_stated(self):
        """The source's numbers for all lines, a list."""
        return [self.stated(line, epoch) for line in self.lines for epoch in (False, True)]

    def fit(self, width):
        self.height = 1.5 if self.spec.get("others") else 2.1

    def limits(self):
        """Lower and upper end of the vertical axis, and whether it is logarithmic.

        It is unless a value is negative (a Gaussian loss may be). A curve that runs away leaves the
        panel, and so does an error of exactly 0, at the foot.
        """
        lines = [line for panel in self.alike for line in panel.lines if len(line.middle)]
        steady = [line for line in lines if not line.gone] or lines
        start = max(finite(line.middle)[0] for line in steady)
        stated = [value for line in lines for value in self.stated(line)]
        values = finite(np.concatenate([stated, *(line.middle for line in lines)]))
        log = values.min() >= 0 and values.max() > 0 and self.spec.get("log", True)
        low, high = values[values > 0].min() if log else values.min(), values.max()
        most = HEADROOM * start if log else start + HEADROOM * (start - low)
        return *page.padded(low, min(high, most) if most > low else high, log), log

    def draw(self, ax):
        low, high, log = self.limits()
        page.scale(ax.yaxis, low, high, log, lambda value: tick(value, self.unit))
        linear = self.spec.get("epochs") == "linear"
        last = max(2, *(len(line.summary[0]) for line in self.lines))
        page.scale(ax.xaxis, 0 if linear else 1, last, not linear)
        if linear:
            ax.xaxis.set_major_locator(MaxNLocator(max(2, int(ax.bbox.width / 38)), integer=True))
        ax.set_xlabel("epoch" if linear else "epoch (log scale)")
        # Farther than this out of the panel nothing need be drawn: a file holds no huge numbers.
        reach = (low / 10, high * 10) if log else (2 * low - high, 2 * high - low)
        ends, dashes = [], self.dashes()
        others = [line for panel in self.alike if panel is not self for line in panel.lines]
        for line in others if self.spec.get("others") else ():
            grey = np.clip(line.middle, *reach)
            ax.plot(np.arange(1, len(grey) + 1), grey, color=style.WITHOUT, lw=0.8, alpha=0.5)
        for line in self.lines:
            color = style.SPLITS[line.split] if self.splits else self.color(line.run)
            dash = DASHES[1] if line.quiet else dashes[key_of(line.run)]
            many, inside = len(line.middle), np.clip(line.middle, low, high)
            width = 1.1 if line.quiet else 1.6 if len(self.lines) <= 4 else 1.3
            drawn = (np.clip(part[:many], *reach) for part in line.summary[:3])
            page.band(ax, np.arange(1, many + 1), *drawn, color, lw=width, ls=dash)
            for epoch in set(line.diverged):
                last = min(epoch, many) or epoch
                y = inside[last - 1] if many else high  # at the top if no replicate was left
                look = {"marker": "x", "ms": 5.5, "mew": 1.6, "color": color}
                ax.plot([last], [y], clip_on=False, zorder=5, **look)
            if not line.quiet:
                ends.append((inside[-1] if many else high, line.label + line.fate, color))
            self.draw_stated(ax, line, ends)
        page.label_ends(ax, ends + self.draw_levels(ax))

    def draw_stated(self, ax, line, ends):
        """The source's numbers: dashes at the end of the curve, and across it at an epoch."""
        look, among = self.source.look, named(self.all_stated)
        for value, names in self.stated(line).items():
            quiet = f", {measures.SPLITS[line.split]}" if self.beside else ""
            place, far = self.in_sight(value, ax.get_ylim())
            ax.plot([0.7, 1], [place] * 2, transform=ax.get_yaxis_transform(), **look(names))
            ends.append((place, self.source.label(names, among) + quiet + far, style.NOT))
        for row, (epoch, names) in enumerate(self.stated(line, epoch=True).items()):
            ax.axvline(epoch, **look(names))
            text = f"{self.source.label(names, among)}: epoch {epoch:g}"
            place = {"xycoords": ("data", "axes fraction"), "va": "top"}
            beside(ax, text, (epoch, 1), (4, -page.LINE * row), color=style.NOT, **place)

    def dashes(self):
        """{run's key: dashes}: runs of one colour differ in these; the last is drawn through."""
        found, used = {}, Counter()
        for run in reversed(self.runs[:MOST_CURVES]):
            color = self.color(run)
            found[key_of(run)] = DASHES[used[color] % len(DASHES)]
            used[color] += 1
        return found

    def frame(self):
        return pd.concat(
            pd.DataFrame(
                {"measure": line.column, "series": line.series, "run": line.run.name}
                | {"epoch": np.arange(1, len(line.summary[0]) + 1)}
                | dict(zip(OVER_TIME, line.summary, strict=True))
            )
            for line in self.lines
        )

    def sentence(self):
        """Where curves end and which diverged, in words."""
        whole = [line for line in self.lines if len(line.middle) and not line.gone]
        ends = "; ".join(
            ": ".join(filter(None, [line.series, said(line.middle[-1], self.unit)]))
            for line in sorted(whole, key=lambda line: line.middle[-1])
        )
        epochs = words.count(max(len(line.summary[0]) for line in self.lines), "epoch")
        texts = [f"Median {self.about} after {epochs}: {ends}."] if ends else []
        texts += [
            f"{line.label} diverged in {len(line.diverged)} of "
            f"{words.count(line.replicates, 'replicate')}, first in epoch {line.diverged[0]}."
            for line in self.lines
            if line.diverged and not line.quiet
        ]
        if len(self.runs) > MOST_CURVES:
            texts.append(f"The first {MOST_CURVES} of {len(self.runs)} are drawn.")
        return " ".join(texts)

    def brief(self):
        ends = [line for line in self.lines if len(line.middle) and not (line.gone or line.quiet)]
        return lowest_and_highest(self.about, [(x.label, x.middle[-1]) for x in ends], self.unit)

    def note(self):
        text = ["line: median of {replicates}"]
        text += ["band: lowest to highest"] * (max(run.n for run in self.runs) > 1)
        text += [self.told_jump(line) for line in self.lines if line.jump and not line.quiet]
        if any(line.quiet for line in self.lines):
            solid, dashed = map(split_of, (self.of, self.beside))
            text.append(f"{solid} drawn through, {dashed} dashed")
        text += ["grey: the lines of the other panels"] * bool(self.spec.get("others"))
        text += note_stated(self.all_stated)
        if any(line.diverged for line in self.lines):
            text.append("×: a replicate diverged, and the line goes on with the others, if any")
        return text + self.left_out


def lowest_and_highest(about, values, unit):
    """Which of some (name, value) has the lowest and which the highest value, in a sentence."""
    (low, least), (high, most) = (
        pick(values, key=lambda each: each[1]) if values else ("", 0) for pick in (min, max)
    )
    if low == high:
        return ""
    least, most = said(least, unit), said(most, unit)
    text = f"{about} is lowest with {low} ({least}), highest with {high} ({most})."
    return text[:1].upper() + text[1:]


@dataclass
class Dot:
    """A mean with its interval and the values behind it; `place`: along the other axis.

    run: its Run, None of a standard method. others: the Interval on other test rows as well.
    color: "" for that of its run.
    """

    series: str
    label: str
    run: object
    measure: str
    values: np.ndarray
    interval: Interval
    others: Interval = UNKNOWN
    color: str = ""
    place: float = 0.0
    diverged: int = 0
    against: str = ""

    def draw(
        self, ax, place, color, *, vertical=True, size=5.0, aside=ASIDE, hollow=False, marker="o"
    ):
        """The mean with its interval, and the values as small dots beside it."""
        shift = {"x": aside} if vertical else {"y": aside}
        small = {"transform": offset_copy(ax.transData, ax.figure, units="points", **shift)}

        def plot(places, values, **look):
            at = (places, values) if vertical else (values, places)
            ax.plot(*at, **{"color": color, "marker": marker, "mew": 0, "ls": ""} | look)

        if len(self.values) > 1:
            along, measured = np.full(len(self.values), place, float), self.values
            at = (along, measured) if vertical else (measured, along)
            page.dots(ax, *at, 2.4, color=color, zorder=3, alpha=0.5, **small)
        if self.others.known:
            look = {"marker": "", "ls": "solid", "lw": 0.9, "alpha": 0.6, "zorder": 3}
            plot([place] * 2, self.others[1:3], **look)
        if self.interval.known:
            plot([place] * 2, self.interval[1:3], marker="", ls="solid", lw=2, zorder=4)
        look = {"mfc": style.GROUND, "mew": 1.4} if hollow else {}
        plot([place], [self.interval.centre], ms=size, zorder=5, **look)


def named(marks):
    """All who state some numbers (see `Source.of`), each once."""
    return list(dict.fromkeys(name for each in marks for names in each.values() for name in names))


def note_stated(marks):
    """What red dashes are, for the note: a list, empty without any."""
    names = named(marks)
    say = "say" if len(names) > 1 else "says"
    return [f"red dashes: what {words.spoken(names)} {say}"] if names else []


def step(first, second):
    """`beta2 0.999 → 0.99`, `5 → 6 layers`: what two texts have in common stands once."""
    a, b = first.split(), second.split()
    if len(a) > 1 and a[-1] == b[-1]:
        a = a[:-1]
    elif len(b) > 1 and a[0] == b[0]:
        b = b[1:]
    return f"{' '.join(a)} → {' '.join(b)}"


class Points(Panel):
    """Means with intervals: across a hyper-parameter, or, without one, a row each."""

    def prepare(self):
        self.take_measure()
        if self.across:
            rest = self.within_sweeps if self.across == "sweep" else self.across
            self.colour = self.colour or self.first_axis or rest
            self.categories = ordered(self.runs, self.across)
        self.timed = self.measure.table == measures.TIMING
        self.changes = "against" in self.spec  # in per cent of the first, where that can be
        self.zero = self.spec.get("zero", self.changes)
        if self.changes:
            several = self.problem is None  # whose measures have names of their own
            self.about = f"change of the {self.of.replace('_', ' ') if several else self.about}"
            if self.measure.least >= 0:
                self.unit, self.scale = RELATIVE, "relative to the first"
        self.scopes = set()
        self.dots = self.make_dots()
        names = {series for series, _ in self.lines}
        if not any(dot.interval.n for dot in self.dots):
            none = NO_VALUE if self.dots else "There is no pair of runs to compare."
            none = none if self.measured(self.of) else NO_ROWS
            self.absent = "No run was timed alone (timing.sweeps)." if self.timed else none
        elif self.across:
            self.key = (self.colour, *names) if len(names) > 1 else ""
            name = 0.4 if self.across == "sweep" else 0.12  # inches, of a place
            self.least = max(1.1, len(self.categories) * (name + 0.09 * len(names)))

    @property
    def within_sweeps(self):
        """What colours stand for across sweeps: the first hyper-parameter that varies within one;
        "" where each stands for one run, or all vary in nothing."""
        names = words.differing(self.runs)
        return next((n for n in names if not words.follows(n, ("sweep",), self.runs)), "")

    def fit(self, width):
        if not self.across:
            line = 0.25 if width >= style.FULL_WIDTH else 0.36  # where names need two lines
            self.height = 0.2 + line * max(len(self.dots), 2)

    def make_dots(self):
        """Every Dot, one series after the other, from left to right or from above."""
        runs = sorted(self.runs, key=self.order) if self.across else self.runs
        if self.beside not in ("", "baselines") and not self.measured(self.beside):
            self.beside = ""
        columns = [self.of] + [self.beside] * (self.beside not in ("", "baselines"))
        found = [dot for column in columns for dot in self.of_runs(runs, column)]
        found = self.compared(found) if self.changes else found
        found += self.baselines() if self.beside == "baselines" else []
        if self.across:
            return found
        return [replace(dot, place=place) for place, dot in enumerate(found)]

    def order(self, run):
        """Where a run stands: by series, and within one from left to right."""
        place = list(self.series.values()).index(self.series[key_of(run)])
        color, across = map(partial(self.rank, run), (self.colour, self.across))
        return color, place, across

    def rank(self, run, name):
        """Where a run's value stands in its order."""
        value = value_of(run, name)
        return ordered(self.runs, name).index(value) if name == "sweep" else rank(name, value)

    def of_runs(self, runs, column):
        """One Dot a run, of those that have rows to measure it on."""
        runs = [run for run in runs if run in self.measured(column)]
        intervals = {run.name: self.results.interval(column, run.name) for run in runs}
        for run in runs:
            values, text = (
                finite(self.results.finite(column, run.name).values()),
                self.series[key_of(run)],
            )
            dot = Dot(text, text or run.network, run, column, values, intervals[run.name])
            dot.others = self.on_other_rows(dot)
            dot.diverged = 0 if self.timed else sum(at is not None for at in run.diverged)
            if self.across:
                value = value_of(run, self.across)
                dot.label, dot.place = value_text(self.across, value), self.categories.index(value)
            elif run.name in self.whose:
                dot.label = f"{self.whose[run.name]}: {run.network}"
            yield dot

    def on_other_rows(self, dot):
        """The Interval of a Dot on other test rows as well, where it is known; of changes, whose
        intervals are these, none."""
        found = None if self.changes else self.results.on_other_rows(dot.run.name, dot.measure)
        return found or UNKNOWN

    def compared(self, dots):
        """The Dots as changes, replicate by replicate, against the first: of the series that stand
        at one place across, or else of each sweep."""
        by_run, found = {key_of(dot.run): dot for dot in dots}, []
        for base, other in self.pairs():
            if not {key_of(base), key_of(other)} <= {*by_run}:
                continue
            change, interval = self.change(base, other)
            about = {"values": change, "interval": interval, "against": base.name}
            dot = replace(by_run[key_of(other)], **about)
            if self.across:
                dot.series = step(by_run[key_of(base)].series, dot.series)
            else:
                text = step(*words.distinct([base, other]).values())
                title = self.results.problem(base.problem)["title"]
                dot.label = text if self.problem else f"{title}: {text}"
            found.append(dot)
        return found

    def change(self, base, other):
        """(how much more each replicate of a run has than that of another, the Interval of it), as
        verdicts compare them: by ratios, or by differences."""
        known = [self.results.finite(self.of, run.name) for run in (other, base)]
        pairs = np.array([[known[0][key], known[1][key]] for key in known[0] if key in known[1]])
        pairs = pairs[np.isfinite(pairs).all(axis=1)] if len(pairs) else np.empty((0, 2))
        if not len(pairs):
            return pairs[:, 0], Interval(*[math.nan] * 3, 0)
        question = question_of(self.results, self.of, [other, base])
        logs = as_ratio(question, pairs)
        found = compare(question, self.results, *pairs.T, logs)
        self.scopes.add(found.scope)
        if logs:
            ends = (end - 1 for end in found.interval[:3])
            return pairs[:, 0] / pairs[:, 1] - 1, Interval(*ends, found.interval.n)
        relative = self.unit == RELATIVE
        unit, least = (pairs[:, 1].mean(), -1.0) if relative else (1.0, -math.inf)
        ends = (
            max(end / unit, least) for end in found.interval[:3]
        )  # no less than nothing is left
        return (pairs[:, 0] - pairs[:, 1]) / unit, Interval(*ends, found.interval.n)

    def pairs(self):
        """[(run compared with, run)]."""
        if self.across:
            runs = sorted(self.runs, key=self.order)
            first = {value_of(run, self.across): run for run in reversed(self.runs)}
            found = [(first[value_of(run, self.across)], run) for run in runs]
        else:
            first = {sweep: run for sweep, run in reversed(self.members)}
            found = [(first[sweep], run) for sweep, run in self.members]
        return [(base, run) for base, run in found if base is not run]

    def baselines(self):
        """One Dot a standard method of the problem, the least error first."""
        rows, found = self.results.baselines, []
        judged, metric = measures.judged(self.problem)
        split, _, what = self.of.partition("_")
        column = f"{split}_{judged if what in ('error', 'metric') else what}"
        rows = rows[rows["problem"] == self.problem["name"]]
        for name, part in rows.groupby("baseline", sort=False) if column in rows else ():
            values = part[column].to_numpy(float)
            values = finite(metric.error(values) if what == "error" else values)
            if len(values):
                text = self.problem.get("baselines", {}).get(name, name)
                interval = mean_interval(values, self.measure.least, self.measure.most)
                dot = Dot(text, text, None, self.of, values, interval, color=style.WITHOUT)
                found.append(dot)
        return sorted(found, key=lambda dot: dot.interval.centre)

    @cached_property
    def lines(self):
        """{(series, measure): its Dots}."""
        found = {}
        for dot in self.dots:
            found.setdefault((dot.series if self.across else "", dot.measure), []).append(dot)
        return found

    def limits(self):
        """Lower and upper end of the measured axis, and whether it is logarithmic.

        It is where values are positive and spread, else it is linear and holds all. An interval
        that reaches to zero or below asks for a linear axis, unless the values span more than a
        factor of ten: then its bar leaves the panel at the foot.
        """
        dots = [dot for panel in self.alike for dot in panel.dots]
        values = np.concatenate([dot.values for dot in dots])
        stated = [] if self.changes else [each for dot in dots for each in self.stated(dot)]
        known = [each for dot in dots for each in (dot.interval, dot.others)]
        ends = finite(end for each in known for end in each[1:3])
        every = np.concatenate([values, ends, stated])
        positive = every[every > 0]
        spread = values.max() / values.min() if values.min() > 0 else 0
        log = spread > (3 if len(positive) == len(every) else 10) and not self.zero
        if self.spec.get("log", log) and len(positive):
            return *page.padded(positive.min(), positive.max(), True), True
        low, high = every.min(), every.max()
        if low == high == 0:  # no row is misread anywhere
            return -0.01, 0.1, False
        if not self.zero:
            return *page.padded(low, high, False), False
        low, high = min(low, 0), max(high, 0)
        ends = page.padded(low, high, False)
        return low and ends[0], high and ends[1], False

    def draw(self, ax):
        axis = ax.yaxis if self.across else ax.xaxis
        page.scale(axis, *self.limits(), lambda value: tick(value, self.unit))
        (self.draw_across if self.across else self.draw_rows)(ax)

    def color_of(self, dot):
        return dot.color or self.color(dot.run)

    def draw_across(self, ax):
        """Categories from left to right, series side by side."""
        low, high = ax.get_ylim()
        page.name_ticks(ax, [value_text(self.across, value) for value in self.categories])
        if self.across != "sweep":  # whose names say what stands there
            ax.set_xlabel(axis_text(self.across))
        if low < 0 < high:
            ax.axhline(0, color=style.MUTED, lw=0.9, zorder=1)
        names = list(dict.fromkeys(series for series, _ in self.lines))
        shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(names)) if len(names) > 1 else [0.0]
        gap = ax.bbox.width / len(self.categories) * SPREAD / max(len(names) - 1, 1)
        look = {"size": 5 if gap > 9 else 4, "aside": min(ASIDE, gap / 2)}
        ends, stated, among = [], {}, named(map(self.stated, self.dots))
        for (text, measure), dots in self.lines.items():
            main, colors = measure == self.of, list(map(self.color_of, dots))
            places = [dot.place + shifts[names.index(text)] for dot in dots]
            means = [dot.interval.centre for dot in dots]
            for dot, x, y, color in zip(dots, places, means, colors, strict=True):
                dot.draw(ax, x, color, hollow=not main, **look)
                if self.timed and dot.interval.n:
                    above = len(self.categories) > FEW  # where there is no room beside it
                    place = {"ha": "center", "va": "bottom"} if above else {}
                    beside(ax, self.said(y), (x, y), (0, 7) if above else (8, 0), **place)
                for value, who in self.stated(dot).items():
                    half = 0.4 / max(len(names), 1)
                    at, far = self.in_sight(value, (low, high))
                    ax.plot([x - half, x + half], [at] * 2, **self.source.look(who))
                    label = self.source.label(who, among) + self.split_beside(measure) + far
                    # Of several sources, dashes tell whose it is: a label stands at the last one.
                    stated[label, value if who == [SAYS] else None] = at, label, style.NOT
                if dot.diverged and main:
                    place = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
                    beside(ax, f"×{dot.diverged}", (x, 1), (0, 0), color=color, **place)
            if len(names) > 1 or not main or not self.colour:
                ax.plot(places, means, color=colors[0], lw=1, alpha=0.55, zorder=3)
            if main and self.labelled and (len(names) > 1 or self.changes):
                ends.append((finite([high, *means])[-1], text, colors[-1]))
        levels = [] if self.changes else self.draw_levels(ax)
        page.label_ends(ax, (ends and ends + levels) + list(stated.values()))

    def draw_rows(self, ax):
        """A row each from above, its name at the left and its mean at the right."""
        names = ["\n".join(page.wrapped(dot.label, page.room(ax, 0.4))) for dot in self.dots]
        ax.set_yticks(range(len(self.dots)), names, linespacing=1.05)
        ax.set_ylim(len(self.dots) - 0.5, -0.5)
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        alike = column([dot.interval.centre for dot in self.dots], self.unit, self.changes)
        if self.changes:
            ax.axvline(0, color=style.INK, lw=0.9, zorder=2)
        for dot in self.dots:
            color, mean = self.color_of(dot), dot.interval.centre
            if self.zero and not self.changes and dot.interval.n:
                ax.barh(dot.place, mean, 0.5, color=color, alpha=0.25, lw=0)
            dot.draw(ax, dot.place, color, vertical=False)
            self.draw_stated(ax, dot)
            text = alike[dot.place] if dot.interval.n else "diverged"
            text += f"\u2003n = {dot.interval.n}" if self.changes else ""
            text += f"\u2003×{dot.diverged}" if dot.diverged and dot.interval.n else ""
            beside(ax, text, (1, dot.place), (6, 0), xycoords=("axes fraction", "data"))

    def draw_stated(self, ax, dot):
        """The source's numbers in a row: dashes across it, and above them who states each, apart
        from each other."""
        found, among = [], named(map(self.stated, self.dots))
        for value, names in self.stated(dot).items():
            place, far = self.in_sight(value, ax.get_xlim())
            found.append((place, names, self.source.label(names, among) + far))
        places = ax.transData.transform([(place, 0) for place, *_ in found] or [(0, 0)])[:, 0]
        sizes, shifts = [page.width_of(text, 8) + 6 for *_, text in found], [0.0]
        if found and len(among) > 1:
            wanted = places - ax.bbox.x0
            shifts = page.spread(wanted, sizes, ax.bbox.width) - wanted
        for (place, names, text), shift in zip(found, shifts, strict=False):
            ends = [dot.place - 0.4, dot.place + 0.4]
            ax.plot([place] * 2, ends, **self.source.look(names))
            look = {"size": 8, "color": style.NOT, "ha": "center", "va": "bottom"}
            beside(ax, text, (place, dot.place - 0.4), (shift, 0), **look)

    def stated(self, dot):
        """The source's numbers for a dot, as `Source.of`; of a change it has none."""
        known = dot.run and not self.changes
        return self.source.of(dot.measure, dot.run) if known else {}

    def split_beside(self, measure):
        """`, training`: which of two measures it is, where they are of two splits."""
        splits = [measures.SPLITS.get(each.partition("_")[0]) for each in (self.of, self.beside)]
        own = measures.SPLITS.get(measure.partition("_")[0])
        return f", {own}" if self.beside and own and len({*splits}) > 1 else ""

    def said(self, value):
        return said(value, self.unit, self.changes)

    def frame(self):
        others = any(dot.others.known for dot in self.dots)
        return pd.DataFrame(
            {"measure": dot.measure, "series": dot.series if self.across else dot.label}
            | {"run": dot.run.name if dot.run else ""}
            | ({"at": dot.label} if self.across else {})
            | ({"against": dot.against} if self.changes else {})
            | dict(zip(SUMMARY, dot.interval, strict=True))
            | (dict(zip(OTHERS, dot.others[1:3], strict=True)) if others else {})
            for dot in self.dots
        )

    def sentence(self):
        texts = []
        for (text, measure), dots in self.lines.items():
            about = "" if measure == self.of else self.results.measure(measure, self.runs[0]).label
            start = ", ".join(filter(None, [about, text]))
            values = ", ".join(self.in_words(dot) for dot in dots if dot.interval.n)
            texts.append(f"{start}: {values}" if start else values)
        kind = "Median" if self.timed else "Mean"
        along = f" by {axis_text(self.across)}" if self.across else ""
        diverged = sum(dot.diverged for dot in self.dots if dot.measure == self.of)
        end = f" {words.count(diverged, 'replicate')} diverged." if diverged else ""
        return f"{kind} {self.about}{along}: {'; '.join(texts)}.{end}"

    def in_words(self, dot):
        """A mean with its place or name, and the interval of a change."""
        centre, low, high, _ = dot.interval
        others = ""
        if dot.others.known:
            others = f" ({words.interval(*dot.others[1:3], self.unit)} on other test rows)"
        if self.across:
            return f"{self.said(centre)}{others} at {dot.label}"
        known = self.changes and dot.interval.known
        interval = f" ({self.said(low)} to {self.said(high)})" if known else others
        return f"{dot.label}: {self.said(centre)}{interval}"

    def brief(self):
        known = [dot for dot in self.dots if dot.interval.n and dot.measure == self.of]
        if self.changes:
            away = [
                dot
                for dot in known
                if dot.interval.known and not dot.interval.low <= 0 <= dot.interval.high
            ]
            return f"{len(away)} of {words.count(len(known), 'change')} can be told from none."
        ends = [
            (", ".join(filter(None, [x.series * bool(self.across), x.label])), x) for x in known
        ]
        values = [(text, dot.interval.centre) for text, dot in ends]
        return lowest_and_highest(self.about, values, self.unit)

    def note(self):
        if self.timed:
            alone = "each run alone on the machine, one replicate, one thread"
            return [alone, "large dot: median", "bar: range", "small dots: repetitions"]
        text = ["after the last epoch"] * (self.measure.table == measures.RUNS)
        text = ["paired by replicate, on the same split"] if self.changes else text
        text.append("large dot: mean over {replicates}")
        many = max(dot.interval.n for dot in self.dots)
        bar = ", ".join([BAND, " or ".join(sorted(filter(None, self.scopes)))]).removesuffix(", ")
        text += [f"bar: {bar}"] * (many >= MINIMUM_REPLICATES)
        other = any(dot.others.known for dot in self.dots)
        text += ["thin ends of it: on other test rows of their kind as well"] * other
        text += ["small dots: replicates"] * (many > 1)
        if self.beside not in ("", "baselines"):
            text.append(f"open dots: {self.results.measure(self.beside, self.runs[0]).label}")
        text += note_stated(map(self.stated, self.dots))
        text += ["dotted: the best constant prediction"] * bool(self.dotted)
        if any(dot.diverged for dot in self.dots):
            text.append("×: replicates that diverged, and are not in the mean")
        return text + self.left_out


class Cells(Panel):
    """Shares of replicates that learned, failed and diverged, by conditions down and across.

    A narrow figure has the conditions of a row above its cells, not beside them.
    """

    SIGNS = {"learned": "✓ learns", "failed": "– does not learn", "diverged": "× diverges"}
    MANY = {"learned": "learn", "failed": "do not learn", "diverged": "diverge"}
    LINE = 0.235  # inches
    WIDTH, BETWEEN = 0.94, 0.25  # of a cell, and between two groups of columns
    least = 4.0

    def prepare(self):
        self.shares = {}  # {run's name: {outcome: share of its replicates}}
        for name in self.names:
            ends = list(self.results.outcomes_of(name).values())
            self.shares[name] = {end: ends.count(end) / len(ends) for end in measures.OUTCOMES}
        (self.down, self.rows), (self.over, self.columns) = map(self.keys, ("rows", "columns"))
        apart = [a[:-1] != b[:-1] for a, b in zip(self.columns, self.columns[1:], strict=False)]
        self.places = np.cumsum([0, *(1 + self.BETWEEN * each for each in apart)])

    def marked(self, name):
        """Whether a run has what some condition to be marked asks for."""
        return any(fits(self.results.run(name), where) for where in self.spec.get("mark", []))

    def fit(self, width):
        self.lines, self.roof = (1, -3.4) if width >= style.FULL_WIDTH else (2, -4.4)
        self.height = self.LINE * (self.lines * len(self.rows) - 0.5 - self.roof)

    def keys(self, which):
        """{run's name: its values of the hyper-parameters down or across}, and the combinations
        that occur: quantities by size, choices as the sweep has them."""
        names = self.spec[which]
        found = {run.name: tuple(value_of(run, name) for name in names) for run in self.runs}
        orders = [
            ordered(self.runs, name)
            if parameter(name).scale
            else list(dict.fromkeys(value_of(run, name) for run in self.runs))
            for name in names
        ]

        def place(key):
            return [order.index(value) for order, value in zip(orders, key, strict=True)]

        return found, sorted(set(found.values()), key=place)

    def draw(self, ax):
        ax.set_axis_off()
        ax.set_xlim(-0.5, self.places[-1] + 0.5)
        ax.set_ylim(self.lines * len(self.rows) - 0.5, self.roof)
        write = partial(ax.text, ha="center", va="center", size=page.SMALL)
        for name, shares in self.shares.items():
            start = self.places[self.columns.index(self.over[name])] - self.WIDTH / 2
            row, top = self.rows.index(self.down[name]), max(shares, key=shares.get)
            y = self.lines * (row + 1) - 1
            if self.marked(name):
                look = {"fill": False, "ec": style.NOT, "lw": 1.6, "zorder": 4}
                ax.barh(y, self.WIDTH + 0.05, 1, left=start - 0.025, **look)
            for outcome, share in shares.items():
                width = self.WIDTH * share
                ax.barh(y, width, 0.86, left=start, color=style.OUTCOMES[outcome], lw=0)
                if outcome == top:
                    text = self.SIGNS[top][0] + (f" {100 * share:.0f} %" if share < 1 else "")
                    write(start + width / 2, y + 0.03, text, weight=600, color=style.WHITE)
                start += width
        heads = [axis_text(name) for name in self.spec["rows"]]
        texts = [list(map(value_text, self.spec["rows"], row)) for row in self.rows]
        (self.name_rows if self.lines == 1 else self.name_above)(ax, heads, texts)
        *others, last = self.spec["columns"]
        above = {}
        for key, x in zip(self.columns, self.places, strict=True):
            above.setdefault(key[:-1], []).append(x)
            write(x, -0.95, value_text(last, key[-1]))
        for key, xs in above.items():
            told = [*map(setting_text, others, key), axis_text(last)]
            write(np.mean(xs), -1.9, ", ".join(told), weight=600)

    def name_rows(self, ax, heads, texts):
        """The conditions of each row, one repeated only where it changes; above them the signs."""
        write, ends = partial(beside, ax, xycoords=("axes fraction", "data")), ax.get_xlim()
        widths = [
            max(map(page.width_of, column)) + 10 for column in zip(heads, *texts, strict=True)
        ]
        starts = [-sum(widths[i:]) for i in range(len(widths))]
        for y, (row, above) in enumerate(zip(texts, [[], *texts], strict=False)):
            changed = len(os.path.commonprefix([row, above]))
            for start, text in zip(starts[changed:], row[changed:], strict=True):
                write(text, (0, y), (start, 0))
            if y and changed < max(len(heads) - 2, 1):
                ax.plot(ends, [y - 0.5] * 2, color=style.GRID, lw=0.8, zorder=0)
        for start, text in zip(starts, heads, strict=True):
            write(text, (0, -0.95), (start, 0), color=style.MUTED)
        self.explain(ax, starts[0])

    def name_above(self, ax, heads, texts):
        """The conditions of each row in a line above it, and what they are above all."""
        write = partial(beside, ax, xycoords=("axes fraction", "data"))
        for i, row in enumerate(texts):
            write(" · ".join(row), (0, 2 * i + 0.1), (2, 0))
        write(" · ".join(heads), (0, -3.0), (2, 0), color=style.MUTED)
        self.explain(ax, 2)

    def explain(self, ax, x):
        """What the signs in the cells mean, from `x` points right of the axes on."""
        for outcome, text in self.SIGNS.items():
            look = {"xycoords": ("axes fraction", "data"), "weight": 600}
            beside(ax, text, (0, self.roof + 0.4), (x, 0), color=style.OUTCOMES[outcome], **look)
            x += page.width_of(text, weight=600) + 16

    def frame(self):
        names = [*self.spec["rows"], *self.spec["columns"]]
        return pd.DataFrame(
            {"run": run.name, "replicates": run.n}
            | {name: value_of(run, name) for name in names}
            | self.shares[run.name]
            for run in self.runs
        )

    def sentence(self):
        """How many rows learn, fail and diverge in each column."""
        texts = []
        for key in self.columns:
            shares = [self.shares[name] for name, own in self.over.items() if own == key]
            tops = [max(each, key=each.get) for each in shares]
            counts = ", ".join(f"{tops.count(end)} {text}" for end, text in self.MANY.items())
            told = ", ".join(map(setting_text, self.spec["columns"], key))
            texts.append(f"{told}: of {words.count(len(tops), 'condition')} {counts}")
        return "; ".join(texts) + "."

    def brief(self):
        """Which of the columns learns most often, and which least."""
        shares = {
            key: np.mean(
                [self.shares[name]["learned"] for name, own in self.over.items() if own == key]
            )
            for key in self.columns
        }
        told = {key: ", ".join(map(setting_text, self.spec["columns"], key)) for key in shares}
        most, least = max(shares, key=shares.get), min(shares, key=shares.get)
        if shares[most] == shares[least]:
            return f"Learned: {100 * shares[most]:.0f}{words.NARROW}% of all trainings."
        return (
            f"{told[most][:1].upper()}{told[most][1:]} learns most often, in "
            f"{100 * shares[most]:.0f}{words.NARROW}% of its trainings; {told[least]} least, in "
            f"{100 * shares[least]:.0f}{words.NARROW}%."
        )

    def note(self):
        margin = f"{100 * measures.LEARNED_MARGIN:.0f}{words.NARROW}%"
        return [
            "each cell: shares of {replicates}, the largest written where they disagree",
            f"learns: training error at least {margin} below that of the best constant prediction",
            *["framed in red: as the source describes it"] * any(map(self.marked, self.names)),
            "diverges: a loss that is not finite, or an error above twice that one and above its "
            "own first",
        ]
