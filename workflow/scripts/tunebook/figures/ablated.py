"""Panels of an ablation: what each of its changes is worth."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.transforms import offset_copy

from ..claims import ablation
from ..evidence import words
from ..evidence.intervals import MINIMUM_REPLICATES, Interval
from . import page, style
from .kinds import NO_VALUE, SUMMARY, Dot
from .page import beside
from .panel import BAND, Panel, column, finite, said, tick

# How the mean of each effect is drawn: its marker, and whether that is open.
MARKS = {ablation.ALONE: ("o", True), ablation.LAST: ("s", True), ablation.ANY_ORDER: ("o", False)}
TOGETHER = "all together"
ROW, BETWEEN = 0.56, 0.27  # inches of a change, and its part between two of its effects
FAR = 4.0  # the highest ratio over the lowest, from which on their axis is logarithmic
ASIDE = 4.0  # points between a mean and its replicates


class Ablation(Panel):
    """A row a change, with its effects alone, last and in any order; below them that of all."""

    apart, least = "sweep", 1.1

    def prepare(self):
        self.take_measure()
        self.sweep = self.facet[1]
        if self.sweep not in self.results.ablations:
            self.absent = f"The sweep “{self.sweep}” is no ablation."
            return
        self.found = ablation.Ablation(self.results, self.sweep, self.of)
        self.unit = self.found.unit
        signed = words.unit_words(self.unit, self.problem, signed=True)
        self.scale = "relative" if self.found.relative else signed
        self.label, self.about = self.about, f"effect on the {self.about}"
        many = len(ablation.WAYS)
        places = [
            i // many + BETWEEN * (i % many - many // 2) for i in range(len(self.found.effects))
        ]
        effects = [*self.found.effects, self.found.whole]
        self.dots = [
            self.dot(*each)
            for each in zip(effects, [*places, len(self.found.changes)], strict=True)
        ]
        if not any(dot.interval.n for dot in self.dots):
            self.absent = NO_VALUE
        self.height = ROW * (len(self.found.changes) + 0.8)

    def dot(self, effect, place):
        """The Dot of an effect: its series is the way, its label the change."""
        whole = len(effect.changes) > 1
        label = TOGETHER if whole else effect.changes[0].replace("-", " ")
        about = effect.way, label, "", self.of, effect.values, effect.interval
        return Dot(*about, color=style.DATA, place=place)

    def limits(self):
        """Lower and upper end of the axis, and whether it is logarithmic, as it is of ratios that
        lie far apart: twice as much is then as far from none as half of it."""
        every = [[0.0], *(np.append(dot.values, dot.interval[1:3]) for dot in self.dots)]
        values = finite(np.concatenate(every))
        low, high = values.min(), values.max()
        if self.found.relative and low > -1 and (high + 1) / (low + 1) > FAR:
            return *page.padded(low + 1, high + 1, True), True
        return *page.padded(low, high, False), False

    def draw(self, ax):
        low, high, log = self.limits()
        page.scale(ax.xaxis, low, high, log, self.times if log else self.tick)
        start, dots = float(log), [self.moved(dot, float(log)) for dot in self.dots]
        names, rows = dict.fromkeys(dot.label for dot in self.dots), len(self.found.changes) + 1
        lines = ["\n".join(page.wrapped(name, page.room(ax, 0.3))) for name in names]
        ax.set_yticks(range(rows), lines, linespacing=1.05)
        ax.set_ylim(rows - 0.6, -0.5)
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.axvline(start, color=style.INK, lw=0.9, zorder=2)
        ax.axhline(rows - 1.5, color=style.GRID, lw=0.8, zorder=0)
        told = [dot for dot in self.dots if dot.series == ablation.ANY_ORDER]
        texts = column([dot.interval.centre for dot in told], self.unit, True)
        for dot in dots:
            marker, hollow = MARKS[dot.series]
            look = {"aside": ASIDE, "hollow": hollow, "marker": marker}
            dot.draw(ax, dot.place, style.DATA, vertical=False, **look)
        for dot, text in zip(told, texts, strict=True):
            place = (1, dot.place), (6, 0)
            beside(ax, text if dot.interval.n else "–", *place, xycoords=("axes fraction", "data"))
        self.draw_key(ax)

    @staticmethod
    def moved(dot, by):
        """A Dot so much farther along the axis: where that is logarithmic, it has ratios."""
        ends = (end + by for end in dot.interval[:3])
        return replace(dot, values=dot.values + by, interval=Interval(*ends, dot.interval.n))

    @staticmethod
    def times(ratio):
        return f"×{words.tick(ratio)}"

    def tick(self, value):
        return tick(value, self.unit)

    def draw_key(self, ax):
        """What the marks mean, above the axes from the panel's left end on."""
        x, y = page.INCH * (self.start - self.left) + 3, 9
        for way, (marker, hollow) in MARKS.items():
            at = offset_copy(ax.transAxes, ax.figure, x, y, units="points")
            look = {"mfc": style.GROUND, "mew": 1.4} if hollow else {"mew": 0}
            look |= {"marker": marker, "ms": 5, "ls": "", "transform": at, "clip_on": False}
            ax.plot([0], [1], color=style.DATA, **look)
            beside(ax, way, (0, 1), (x + 6, y), xycoords="axes fraction")
            x += page.width_of(way) + 24

    def said(self, value):
        return said(value, self.unit, True)

    def in_words(self, dot):
        """An effect with its interval."""
        _, low, high, _ = dot.interval
        ends = f" ({self.said(low)} to {self.said(high)})" if dot.interval.known else ""
        return self.said(dot.interval.centre) + ends

    def frame(self):
        return pd.DataFrame(
            {"measure": dot.measure, "sweep": self.sweep, "change": change, "way": dot.series}
            | dict(zip(SUMMARY, dot.interval, strict=True))
            for dot, change in zip(
                self.dots,
                [*(each.changes[0] for each in self.found.effects), TOGETHER],
                strict=True,
            )
        )

    def sentence(self):
        texts = {}
        for dot in self.dots[:-1]:
            if dot.interval.n:
                texts.setdefault(dot.label, []).append(f"{dot.series} {self.in_words(dot)}")
        told = "; ".join(f"{label}: {', '.join(each)}" for label, each in texts.items())
        end = self.in_words(self.dots[-1]) if self.dots[-1].interval.n else "not known"
        return f"Mean {self.about}: {told}; {TOGETHER}: {end}."

    def brief(self):
        """Which change is worth most in any order."""
        known = [dot for dot in self.dots[:-1] if dot.series == ablation.ANY_ORDER]
        known = [dot for dot in known if dot.interval.n]
        if not known:
            return ""
        most = max(known, key=lambda dot: abs(dot.interval.centre))
        text = f"The {self.label} is changed most by {most.label}, in any order by "
        return f"{text}{self.in_words(most)}."

    def note(self):
        text = ["alone: against none of the changes", "last: all of them against all but this one"]
        text.append("in any order: mean over all orders of bringing them in (Shapley’s value)")
        text.append("paired by replicate; marks: mean over {replicates}")
        many = max(dot.interval.n for dot in self.dots)
        bar = ", ".join([BAND, " or ".join(sorted(filter(None, self.found.scopes)))])
        text += [f"bar: {bar.removesuffix(', ')}"] * (many >= MINIMUM_REPLICATES)
        text += ["small dots: replicates"] * (many > 1)
        if self.found.lost:
            lost = words.count(self.found.lost, "replicate")
            text.append(f"{lost} without a finite value in some combination left out there")
        return text
