"""Panels of a search: the way it went, and where in its space its trials lie."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..evidence import measures, words
from ..evidence.intervals import MINIMUM_REPLICATES, Interval
from ..evidence.tables import Run
from ..search.chain import DIVERGED, FINISHED, HALVED
from ..study.parameters import parameter
from . import page, style
from .kinds import SUMMARY
from .page import beside
from .panel import BAND, Panel, axis_text, finite, rank, said, tick, value_text

ENDS = {FINISHED: "finished", HALVED: "stopped early", DIVERGED: "diverged"}
KEPT = 0.9  # of the finished trials that the axis of values holds; the others lie at its edge
ABSENT = "–"  # beside an axis of something that a trial does not have
BANDS = 8  # colours, from the worst end of that axis to the best
RAMP, AGAIN = style.RAMPS[2], style.OTHER
TIMES = ((7200, 3600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))


@dataclass(frozen=True)
class Finalist:
    """A trial that was trained again, and what came of that: an Interval over the replicates that
    the search itself did not have."""

    run: Run
    trial: pd.Series
    again: Interval


@dataclass(frozen=True)
class Scale:
    """An axis from `start` to `end`, either of which may be the larger."""

    start: float
    end: float
    log: bool

    def places(self, values):
        """Where values lie: 0 at the start, 1 at the end; NaN stays NaN."""
        known = [np.asarray(each, float) for each in (values, self.start, self.end)]
        with np.errstate(divide="ignore"):
            found, start, end = map(np.log, known) if self.log else known
        return (found - start) / (end - start)


class Searched(Panel):
    """A panel of the trials of one search; `of` is the form in which it shows what they reach.

    A kind says `drawn`, the columns of trials.csv that it shows beside values, and LOOKS: how those
    that did not finish are drawn.
    """

    apart = "sweep"

    def prepare(self):
        self.take_measure()
        self.sweep, self.search = self.facet[1], self.results.searches.get(self.facet[1])
        self.sign = -1 if self.measure.better == "higher" else 1
        error, trials = measures.judged(self.problem)[1].error, self.results.trials_of(self.sweep)
        for name in ("value", "best"):
            values = trials[name].astype(float).where(np.isfinite)
            trials[name] = error(values) if self.of.endswith("_error") else values
        self.trials = trials
        self.finished = trials[(trials["state"] == FINISHED) & trials["value"].notna()]
        if self.search is None:
            self.absent = f"The sweep “{self.sweep}” is no search."
        elif self.finished.empty:
            self.absent = "No trial of this search was finished."
        else:
            self.winner = self.finished.loc[(self.sign * self.finished["value"]).idxmin()]
            trained = self.results.finalists_of(self.sweep)
            self.finalists = sorted(map(self.finalist, trained), key=self.order)
            self.scale_of_values = self.scale_of()

    def finalist(self, trained):
        """The Finalist of a pair of a Run and its trial."""
        run, trial = trained
        again = self.results.interval(self.of, run.name, self.search["replicates"])
        return Finalist(run, self.trials.loc[trial.name], again)

    def order(self, finalist):
        """Where one stands among the finalists: by what it has when trained again."""
        return self.sign * finalist.again.centre if finalist.again.n else math.inf

    def scale_of(self):
        """The Scale of values, from the worst that it holds to the best of all: KEPT of the
        finished trials, the finalists, and what these have when trained again."""
        every, done = (np.sort(self.sign * each["value"]) for each in (self.trials, self.finished))
        ends = [self.sign * every[:1], self.sign * done[: math.ceil(KEPT * len(done))]]
        ends += [[each.trial["value"], *each.again[:3]] for each in self.finalists]
        every = finite(np.concatenate(ends))
        log = bool(every.min() > 0 and self.spec.get("log", self.sign > 0))
        low, high = page.padded(every.min(), every.max(), log)
        return Scale(*((high, low) if self.sign > 0 else (low, high)), log)

    def colours_of(self, places):
        """Colours by the places of values on their Scale, few enough to keep a file small."""
        steps = np.clip(np.floor(BANDS * np.asarray(places)), 0, BANDS - 1)
        return style.blended(RAMP, steps / (BANDS - 1))

    def told(self, value):
        return said(value, self.unit)

    def frame(self):
        again = pd.DataFrame(
            ([each.trial["trial"], *each.again] for each in self.finalists),
            columns=["trial", *SUMMARY],
        )
        names = ["trial", "generation", "run", "state", "epochs_trained", *self.drawn, "value"]
        found = self.trials[names].merge(again, "left", "trial")
        return found.assign(search=self.sweep, measure=self.of)

    def note(self):
        text = [f"each trial: mean over {words.count(self.search['replicates'], 'replicate')}"]
        ended = Counter(self.trials["state"])
        text += [f"{self.LOOKS[end]}: {ENDS[end]}" for end in self.LOOKS if ended[end]]
        again = words.count(self.again, "further replicate")
        told = f"orange: the finalists; open dots: these trained again, mean over {again}"
        return text + [told] * bool(self.again)

    @property
    def again(self):
        """With how many further replicates the finalists were trained."""
        return max((each.again.n for each in self.finalists), default=0)

    def counted(self):
        """How many trials there were and how they ended."""
        ended = Counter(self.trials["state"])
        told = [f"{ended[end]:,} {text}" for end, text in ENDS.items() if ended[end]]
        return f"{words.count(len(self.trials), 'trial')}, of which {words.spoken(told)}"


class Progress(Searched):
    """Every trial at its core time and what it reached, the best so far, and the finalists."""

    height, least, called = 2.5, 2.6, "the way of the search"
    drawn = ("core_seconds", "best")
    LOOKS = {HALVED: "small grey dots", DIVERGED: "×"}

    def draw(self, ax):
        values, last = self.scale_of_values, self.trials["core_seconds"].max()
        per, unit = next((per, unit) for least, per, unit in TIMES if last >= least)
        low, high = sorted((values.start, values.end))
        page.scale(ax.yaxis, low, high, values.log, lambda value: tick(value, self.unit))
        page.scale(ax.xaxis, 0, 1.02 * last / per, False)
        ax.set_xlabel(f"core time of training ({unit})")
        times = self.trials.set_index("trial")["core_seconds"] / per
        seen = self.trials.drop(self.beyond.index).dropna(subset="value")
        lost = self.trials[self.trials["value"].isna()]
        halved = seen["state"] == HALVED
        page.dots(ax, times[seen["trial"][halved]], seen["value"][halved], 3.5, color=style.WITHOUT)
        places = values.places(seen["value"][~halved])
        for color, rows in seen[~halved].groupby(np.array(self.colours_of(places)), sort=False):
            page.dots(ax, times[rows["trial"]], rows["value"], 5, color=color, zorder=4)
        look = {"ls": "", "clip_on": False, "color": style.WITHOUT, "mew": 1.3}
        down = low == values.start
        for rows, marker, size in ((lost, "x", 5), (self.beyond, "v" if down else "^", 4)):
            if not rows.empty:  # matplotlib gives a line of no points a place of its own
                at = [values.start] * len(rows)
                ax.plot(times[rows["trial"]], at, marker=marker, ms=size, **look)
        best = self.trials["best"].clip(low, high)
        ax.plot(times, best, color=style.INK, lw=1.2, drawstyle="steps-post", zorder=3)
        for each in self.finalists:
            self.draw_finalist(ax, each, times[each.trial["trial"]])
        ends = [(best.iloc[-1], f"best so far {self.told(self.winner['value'])}", style.INK)]
        for each in self.finalists[:1]:
            text = f"trained again {self.told(each.again.centre)}"
            ends += [(each.again.centre, text, AGAIN)] * bool(each.again.n)
        page.label_ends(ax, ends)

    @property
    def beyond(self):
        """The trials that are worse than the axis reaches."""
        return self.trials[self.scale_of_values.places(self.trials["value"]) < 0]

    def draw_finalist(self, ax, finalist, x):
        """What it had in the search, ringed, and what it has when trained again."""
        value, again = finalist.trial["value"], finalist.again
        look = {"color": AGAIN, "marker": "o", "mew": 1.4, "zorder": 6}
        ax.plot([x], [value], ms=8, mfc="none", **look)
        if again.n:
            ax.plot([x, x], [value, again.centre], color=AGAIN, lw=0.9, zorder=5)
            if again.known:
                ax.plot([x, x], again[1:3], color=AGAIN, lw=2, zorder=5)
            ax.plot([x], [again.centre], ms=5, mfc=style.GROUND, **look)

    def sentence(self):
        seconds = words.duration(self.trials["core_seconds"].max())
        halfway = self.trials[self.trials["core_seconds"] <= self.trials["core_seconds"].max() / 2]
        texts = [f"{self.counted()}, in {seconds} of one core."]
        if halfway["best"].notna().any():
            early, late = self.told(halfway["best"].iloc[-1]), self.told(self.winner["value"])
            texts.append(f"Best {self.about} after half of that time: {early}; in the end {late}.")
        told = [
            f"trial {each.trial['trial']}, {self.told(each.trial['value'])} in the search, "
            f"{self.told(each.again.centre)} trained again"
            for each in self.finalists
            if each.again.n
        ]
        return " ".join([*texts, *([f"Finalists: {'; '.join(told)}."] if told else [])])

    def brief(self):
        again = [each.again for each in self.finalists if each.run.name == self.winner["run"]]
        told = [f"; when trained again: {self.told(each.centre)}" for each in again if each.n]
        text = f"{self.about} of the best of {words.count(len(self.trials), 'trial')}: "
        return text[:1].upper() + text[1:] + self.told(self.winner["value"]) + "".join(told) + "."

    def note(self):
        text = super().note() + ["▲: worse than the axis reaches"] * (not self.beyond.empty)
        return text + [f"bar: {BAND}"] * (self.again >= MINIMUM_REPLICATES)


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter of a space, or the value: places [trials] from 0 to 1, NaN where a trial
    has none; ticks: [(place, text)]; each: the part of the axis that one of some choices has."""

    title: str
    places: np.ndarray
    ticks: list
    each: float = math.inf


class Parallel(Searched):
    """Parallel coordinates: an axis for each hyper-parameter of the space and one for the value, a
    line for each trial.

    Axes stand side by side where their names and ticks have room, else one below the other.
    """

    called = "the space of the search"
    LOOKS = {HALVED: "thin grey", DIVERGED: "thin grey without an end"}
    NOT, ROOM, DOWN = -0.14, 12, 0.5  # of an axis; points between texts; inches from axis to axis

    def prepare(self):
        super().prepare()
        if not self.absent:
            space = self.search["space"]
            # What has one value where another choice asks for it says no more than that choice.
            varied = [name for name, about in space.items() if len(about.get("choice", "..")) > 1]
            self.drawn = [name for name in varied if name in self.trials]
            self.axes = [self.axis(name, space[name]) for name in self.drawn]
            places = np.clip(self.scale_of_values.places(self.trials["value"]), 0, 1)
            unit = self.scale and f" ({self.scale})"
            reached = Axis(self.about + unit, places, self.ticks_of(self.scale_of_values))
            self.axes.append(reached)
            self.about = self.scale = ""  # the last axis says it

    @property
    def lacking(self):
        """Whether some trial does not have some hyper-parameter."""
        return any(np.isnan(axis.places).any() for axis in self.axes[:-1])

    def axis(self, name, about):
        """The Axis of a hyper-parameter; about: its entry of the space."""
        values = list(self.trials[name])
        known = [value for value in values if value is not None]
        text = axis_text(name)
        if not known or "choice" in about or any(isinstance(v, str | bool) for v in known):
            return self.axis_of_choices(name, text, values)
        ends = [*known, about.get("from", known[0]), about.get("to", known[0])]
        log = min(ends) > 0 and bool(about.get("log", parameter(name).scale == "log"))
        scale = Scale(min(ends), max(ends), log)
        if scale.start == scale.end:
            return self.axis_of_choices(name, text, values)
        places = scale.places([np.nan if value is None else value for value in values])
        return Axis(text, places, self.ticks_of(scale, name))

    def axis_of_choices(self, name, text, values):
        """Ticks in the order of their kind; the trials of one side by side, the best at its end."""
        found = sorted(
            {value for value in values if value is not None}, key=lambda v: rank(name, v)
        )
        step = 1 / max(len(found), 1)
        at = {value: (place + 0.5) * step for place, value in enumerate(found)}
        places = np.array([at.get(value, np.nan) for value in values])
        standing = (-self.sign * self.trials["value"]).rank(pct=True).fillna(0).to_numpy()
        aside = min(step, 0.2) * 0.5 * (standing - 0.5)
        return Axis(text, places + aside, [(at[v], value_text(name, v)) for v in found], step)

    def ticks_of(self, scale, name=""):
        """Round numbers along a Scale, with their texts."""
        low, high = sorted((scale.start, scale.end))
        found = page.ticks(low, high, scale.log, 5)
        texts = [value_text(name, each) if name else tick(each, self.unit) for each in found]
        return list(zip(scale.places(found), texts, strict=True))

    def fit(self, width):
        widths = [
            max(page.width_of(text) for text in [*axis.title.split(), *(t for _, t in axis.ticks)])
            for axis in self.axes
        ]
        step = max(widths) + self.ROOM
        self.upright = step * len(self.axes) <= page.INCH * width
        self.least = 0.6 * width  # never in a row with others
        self.height = 2.8 if self.upright else self.DOWN * (len(self.axes) - 0.4)
        room = self.NOT if self.upright else max(self.NOT, -40 / (page.INCH * width))
        self.foot = room if self.lacking else 0

    def at(self, place, axis):
        """A place on an axis in the panel's own coordinates."""
        return (axis, place) if self.upright else (place, axis)

    def draw(self, ax):
        ax.set_axis_off()
        last = len(self.axes) - 1
        if self.upright:
            ax.set(xlim=(0, last), ylim=(self.foot, 1))
        else:
            ax.set(xlim=(self.foot, 1), ylim=(last + 0.3, -0.3))
        places = np.column_stack([axis.places for axis in self.axes])
        places[:, :-1] = np.nan_to_num(places[:, :-1], nan=self.foot)
        done = self.trials.index.isin(self.finished.index)
        finalists = self.trials["trial"].isin([each.trial["trial"] for each in self.finalists])
        self.draw_lines(ax, places[~done], color=style.WITHOUT, lw=0.6, alpha=0.45, zorder=2)
        colours = np.array(self.colours_of(places[:, -1]))
        others = done & ~finalists.to_numpy()
        # The best on top, and the clearest.
        for color, alpha in zip(style.ramp(RAMP, BANDS), np.linspace(0.3, 0.9, BANDS), strict=True):
            rows = places[others & (colours == color)]
            self.draw_lines(ax, rows, color=color, lw=0.9, alpha=alpha, zorder=3)
        self.draw_lines(ax, places[finalists], color=AGAIN, lw=1.8, zorder=4)
        for number, axis in enumerate(self.axes):
            self.draw_axis(ax, number, axis)
        for each in self.finalists:
            place = np.clip(self.scale_of_values.places(each.again.centre), 0, 1)
            look = {"color": AGAIN, "mfc": style.GROUND, "mew": 1.4, "ms": 5, "clip_on": False}
            ax.plot(*([x] for x in self.at(place, last)), marker="o", zorder=7, **look)

    def draw_lines(self, ax, places, **look):
        """A line for each row of `places` [trials, axes], all of them as one path."""
        numbers = np.tile([*range(len(self.axes)), np.nan], (len(places), 1))
        ends = np.column_stack([places, np.full(len(places), np.nan)])
        if len(places):
            ax.plot(*self.at(ends.ravel(), numbers.ravel()), clip_on=False, **look)

    def draw_axis(self, ax, number, axis):
        """An axis with its name and its ticks, these on the page's own ground."""
        last = number == len(self.axes) - 1
        ax.plot(*self.at(np.array([0, 1]), np.full(2, number)), color=style.MUTED, lw=1, zorder=5)
        if last:  # which says what colours mean
            for band, color in enumerate(style.ramp(RAMP, BANDS)):
                line = self.at(np.array([band, band + 1]) / BANDS, np.full(2, number))
                ax.plot(*line, color=color, lw=4, solid_capstyle="butt", zorder=5)
        ticks, length = list(axis.ticks), ax.bbox.width / (1 - self.foot)
        if math.isfinite(axis.each) and not self.upright:
            ticks = [(at, page.cut(text, axis.each * length - 5)) for at, text in ticks]
        if np.isnan(axis.places).any() and not last:
            ticks.append((self.foot, ABSENT))
        ground = {"fc": style.GROUND, "alpha": 0.8, "lw": 0, "pad": 0.6}
        for place, text in self.roomy(ticks, ax):
            look = {"zorder": 6, "bbox": ground}
            if self.upright:
                shift, look["ha"] = ((7, 0), "left") if last else ((-4, 0), "right")
            else:
                shift, look["ha"] = (0, -9), "center"
            beside(ax, text, self.at(place, number), shift, **look)
        write = {"weight": 600, "linespacing": 1.05}
        if self.upright:
            step = ax.bbox.width / max(len(self.axes) - 1, 1)
            lines = "\n".join(page.wrapped(axis.title, step - self.ROOM / 2, weight=600))
            beside(ax, lines, (number, 1), (0, 8), ha="center", va="bottom", **write)
        else:
            beside(ax, axis.title, (0, number), (0, 9), bbox=ground, zorder=6, **write)

    def roomy(self, ticks, ax):
        """Those of some ticks, from the start on, whose texts do not touch."""
        found, end = [], -math.inf
        for place, text in sorted(ticks):
            size = 11 if self.upright else page.width_of(text)
            middle = place * (ax.bbox.height if self.upright else ax.bbox.width) / (1 - self.foot)
            if middle - size / 2 > end:
                found.append((place, text))
                end = middle + size / 2 + 3
        return found

    def sentence(self):
        """Where the best quarter of the finished trials lies, and where the finalists."""
        best = self.finished.iloc[np.argsort(self.sign * self.finished["value"], kind="stable")]
        best = best.iloc[: max(len(best) // 4, 1)]
        told = [self.spread(name, list(best[name])) for name in self.drawn]
        texts = [f"{self.counted()}.", f"The best quarter of those finished: {'; '.join(told)}."]
        for each in self.finalists:
            known = [name for name in self.drawn if each.trial[name] is not None]
            settings = ", ".join(self.spread(name, [each.trial[name]]) for name in known)
            texts.append(f"Finalist, trial {each.trial['trial']}: {settings}.")
        return " ".join(texts)

    def spread(self, name, values):
        """Which values of a hyper-parameter occur, in words."""
        found = sorted(
            {value for value in values if value is not None}, key=lambda v: rank(name, v)
        )
        texts = [value_text(name, value) for value in found] or ["none"]
        if len(found) > 3 and not any(isinstance(value, str | bool) for value in found):
            return f"{axis_text(name)} {texts[0]} to {texts[-1]}"
        return f"{axis_text(name)} {words.spoken(texts)}"

    def note(self):
        text = ["colour: what is on the last axis", *super().note()]
        return text + [f"{ABSENT}: a trial does not have this hyper-parameter"] * self.lacking
