"""The closed set of rules: how a claim is set against the runs, and what follows.

A rule is judged in two steps: `ask` finds the runs that it looks at, before anything is trained;
`answer` gives a Piece, from the results. Runs are compared within replicates. Intervals are 95 %
bootstrap intervals of the mean over replicates; of timings, the median with the range.

    value   The source trained once, so its number is one draw, held against the interval that one
            more replicate falls into. Reproduced: it lies there, and among our replicates, to the
            precision it was given with. Not: outside of that interval. Open: inside, but beyond all
            replicates; or the interval is too wide to say anything. With `factor` ("about"): the
            whole interval of the mean lies within that factor.
    order   `metric` is `lower` (`higher`) in one run `than` in another: the interval of the mean
            difference lies on the claimed side of zero, of `by` (a number or a source value), of
            -`within` ("no worse than"). Partly: the direction holds, `by` not surely. Of several
            runs, `reduce` makes one value in each replicate: their spread (the largest divided by
            the smallest), the lowest or the highest.
    ratio   `metric` `of` one run divided by that `to` another, averaged on a log scale, is within
            `factor` of what the source says (or `equals`). Partly: only the side of 1 is right.
    trend   In every replicate, Spearman's rank correlation of `metric` with the axis `along` the
            runs; or a `correlation` that every replicate of one run has (0 where it diverged).
    shape   Most replicates have a `property` (`holds: false`: have it not), by Wilson's interval of
            their share against one half: learned (by `margin`), diverged, overshoots (`around` an
            epoch, give or take `window`, by `rise`), overfits (by `rise`), see `measures`; above
            (`metric` is above `threshold`).
    fact    The run has the values that the source states under these `keys` (configuration), they
            are its optimizer's defaults (default), its convolutions leave as many values as the
            source states (dense_inputs), or a pixel `with` these values put in (possible).
    measure Shown and not judged: `metric` of every run of a selection.

A replicate that diverged is worse than any that did not. As no mean exists then, an order or a
ratio counts replicates, ties as half, against one half. On stand-in data no number is compared with
the source's.
"""

import math
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from ..evidence import intervals, measures, words
from ..evidence.intervals import Interval
from ..jobs import TunebookError
from ..study.parameters import label, parameter
from ..study.sizes import feature_sizes
from . import family
from .read import NOT, PARTLY, REPRODUCED, SIDES, UNDECIDED, UNTESTABLE, Rule, telling
from .select import NotTestable, comparable, shown

WIDEST = 10.0
STAND_IN = "made on built-in stand-in data, so numbers are not compared with the source's"
# How several values of a replicate become one. A single one is its own lowest.
REDUCTIONS = {
    "spread": lambda values: max(values) / min(values) if math.isfinite(max(values)) else math.inf,
    "lowest": min,
    "highest": max,
}
# What the number of a piece is of.
STARTS = {
    "value": "{0}", "order": "difference in {0}", "ratio": "ratio of {0}",
    "trend": "rank correlation of {0} with {1}", "shape": "{0}", "fact": "",
}  # fmt: skip


@dataclass
class Question:
    """A rule with the runs that it looks at.

    sides: rows of runs, one list a side; reduce: how each becomes one value, by name. places: where
    each run of a trend stands on its axis. shape: [channels, height, width] of an image, of a fact
    about convolutions.
    """

    rule: Rule
    sides: list = field(default_factory=list)
    reduce: list = field(default_factory=list)
    measure: measures.Measure | None = None
    places: list = field(default_factory=list)
    shape: list | None = None

    @property
    def rows(self):
        return [row for side in self.sides for row in side]

    @property
    def runs(self):
        return list(dict.fromkeys(row["run"] for row in self.rows))

    def values(self, results):
        """The measure in every replicate that all runs have, [replicates, sides]."""
        name, reduce = self.measure.name, self.reduce or ["lowest"] * len(self.sides)
        if not self.sides:
            return np.array([list(results.values(name).values())])
        known = {run: results.values(name, run) for run in self.runs}
        keys = [key for key in known[self.runs[0]] if all(key in each for each in known.values())]
        columns = [
            [REDUCTIONS[how]([known[row["run"]][key] for row in rows]) for key in keys]
            for how, rows in zip(reduce, self.sides, strict=True)
        ]
        return np.array(columns, dtype=float).T


@dataclass
class Piece:
    """What one rule found: its verdict ("" for a mere measurement) and the evidence behind it.

    p: see `family`; adjusted: for all tests of the file; alone: the verdict without that, where it
    is another. signed: whether `number` is a difference. text: what was measured, in words; brief:
    without its interval; of: what it is of, in words. counts: whether it is judged, or only shown.
    """

    about: str
    rule: str
    metric: str = ""
    verdict: str = ""
    claimed: str = ""
    number: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    signed: bool = False
    n: int = 0
    diverged: int = 0
    p: float = math.nan
    adjusted: float = math.nan
    alone: str = ""
    runs: list = field(default_factory=list)
    text: str = ""
    reason: str = ""
    counts: bool = True
    brief: str = ""
    of: str = ""

    @property
    def sentence(self):
        """What was measured, and of what."""
        return ": ".join(filter(None, [self.of, self.text])) + "."

    def plain(self):
        """The piece for JSON: a number that is not finite becomes None."""
        kept = {key: value for key, value in vars(self).items() if key not in ("brief", "of")}
        numbers = ("number", "low", "high", "p", "adjusted")
        lost = [key for key in numbers if not math.isfinite(kept[key])]
        return kept | dict.fromkeys(lost)


# Which runs a rule looks at ----------------------------------------------------------------------


def ask(rule, study):
    """The Question of a rule to a study (StudyRuns).

    Raises NotTestable where the study has no such runs or cannot measure that on them,
    TunebookError for a name that means nothing in any study.
    """
    spec, question = rule.spec, Question(rule)
    if rule.kind == "untestable":
        return question
    metric = spec.get("metric") or spec.get("correlation")
    if rule.kind == "value" and "of" not in spec:
        with telling("without `of`"):
            question.measure = measures.measure(metric)
        return question
    if "correlation" in spec and not metric.startswith(tuple(measures.RANKS)):
        allowed = " or ".join(f"{start}INPUT" for start in measures.RANKS)
        raise TunebookError(f"correlation: found {metric}; allowed: {allowed}")
    sides = [spec[side] for side in SIDES if side in spec]
    if "along" in spec:
        along = study.along(spec["of"], spec["along"])
        question.places, question.sides = [at for at, _ in along], [[row] for _, row in along]
    elif rule.kind == "measure":
        question.sides = [[row] for row in study.select(spec["of"])]
    else:
        question.sides = [study.select(s) if "reduce" in s else [study.one(s)] for s in sides]
        question.reduce = [side.get("reduce", "lowest") for side in sides]
    if metric:
        question.measure = study.measurable(metric, question.rows)
    if rule.kind == "fact":
        ask_fact(question, study)
    paired = rule.kind in ("order", "ratio") and question.measure.table != measures.TIMING
    if paired and len({row["problem"] for row in question.rows}) > 1:
        raise NotTestable("its sides are of two problems; nothing pairs their runs")
    divides = "spread" in question.reduce and question.measure.unit == "loss"
    if divides or spec.get("property") in ("overshoots", "overfits"):
        try:
            for row in question.rows:
                measures.check_positive(spec.get("property", "reduce: spread"), row)
        except TunebookError as error:
            raise NotTestable(str(error)) from None
    return question


def ask_fact(question, study):
    """Complete the Question of a fact; raises as `ask` does."""
    spec, row = question.rule.spec, question.rows[0]
    allowed = study.keys
    if spec["check"] == "default":
        allowed = [name for name in allowed if "optimizer" in parameter(name).of]
    for key in spec.get("keys", []):
        if key not in allowed:
            raise TunebookError(f"keys: found {key}; allowed: {', '.join(allowed)}")
        if spec["check"] == "default" and not parameter(key).used(row):
            raise NotTestable(f"{row['run']} is trained by {row.get('optimizer')}, without {key}")
    if "keys" not in spec:
        question.shape = study.problems[row["problem"]].get("shape")
        if row.get("model") != "convolutional" or not question.shape:
            raise NotTestable(f"needs convolutions on images; found {row['run']}")


# What the results say ----------------------------------------------------------------------------


def answer(question, results):
    """The Piece that a Question gets from the Results of a study."""
    rule = question.rule
    if rule.kind == "untestable":
        return Piece(rule.about, rule.kind, verdict=UNTESTABLE, reason=rule.spec, text=rule.spec)
    piece = ANSWERS[rule.kind](question, results)
    problems = {row["problem"] for row in question.rows} or set(results.problems)
    compares = rule.kind in ("value", "ratio") and "source" in rule.spec
    if (compares or isinstance(rule.spec.get("by"), str)) and problems & results.stand_ins:
        piece.verdict, piece.reason = UNTESTABLE, STAND_IN
    label = question.measure.label if question.measure else ""
    start = STARTS[rule.kind].format(label, named(rule.spec.get("along", ""))) or piece.claimed
    start = label if "correlation" in rule.spec else start
    piece.of = "" if rule.kind == "fact" else start
    return piece


def found(question, results, interval=None, unit="", signed=False, **more):
    """A Piece of a question, with an interval in words unless `text` says it otherwise."""
    rule, measure = question.rule, question.measure
    piece = Piece(
        rule.about, rule.kind, metric=measure.name if measure else "", runs=question.runs,
        diverged=results.diverged(question.runs), unit=unit, signed=signed, counts=rule.counts,
    )  # fmt: skip
    if interval is not None:
        piece.number, piece.low, piece.high, piece.n = interval
        piece.brief = words.show(interval.centre, unit, signed)
        piece.text = words.measured(interval, unit, signed) if interval.n > 1 else piece.brief
    vars(piece).update(more)
    piece.brief = more.get("text", piece.brief)
    return piece


def direction_verdict(interval, bound=0.0):
    """Reproduced where the interval lies above `bound`, not where below, else undecided."""
    if interval.above(bound):
        return REPRODUCED
    return NOT if interval.below(bound) else UNDECIDED


def answer_value(question, results):
    rule, measure, claimed = question.rule, question.measure, question.rule.compared()
    values = question.values(results)[:, 0]
    if "factor" in rule.spec:
        interval = results.interval(measure.name, *question.runs)
        verdict = factor_verdict(interval, claimed.number, rule.spec["factor"])
        return found(
            question, results, interval, measure.unit, verdict=verdict, claimed=claimed.text
        )
    reach = measure.least, measure.most
    if np.isfinite(values).all():
        interval = intervals.prediction_interval(values, *reach)
    else:
        interval = Interval(float(np.mean(values)), math.nan, math.nan, len(values))
    verdict = value_verdict(values, interval, claimed.number, claimed.rounding, *reach)
    piece = found(question, results, interval, measure.unit, verdict=verdict, claimed=claimed.text)
    if interval.known:
        piece.p = family.of_draw(values, claimed.number, claimed.rounding, *reach)
        low, high = (words.show(bound, measure.unit) for bound in interval[1:3])
        piece.text = f"{piece.brief}; one more replicate from {low} to {high}"
        if too_wide(interval, *reach):
            piece.text += ", too wide to say anything"
    if len(values):
        least, most = (words.show(bound, measure.unit) for bound in (values.min(), values.max()))
        piece.text += f"; replicates from {least} to {most}"
    return piece


def value_verdict(values, interval, claimed, rounding, least=-math.inf, most=math.inf):
    """The verdict on a claimed number, known to plus or minus `rounding`, from replicates [n].

    interval: of one more replicate. least, most: what a value can be. A replicate that diverged
    leaves no interval, and so nothing is decided.
    """
    below, above = claimed - rounding, claimed + rounding
    if not interval.known:
        return UNDECIDED
    if above < interval.low or below > interval.high:
        return NOT
    among = below <= np.max(values) and above >= np.min(values)
    return REPRODUCED if among and not too_wide(interval, least, most) else UNDECIDED


def too_wide(interval, least, most):
    """Whether nearly any number would lie in an interval: it takes half of what there can be, or,
    where values are positive and have no upper end, its ends are a factor of WIDEST apart."""
    if math.isfinite(most - least):
        return interval.high - interval.low > (most - least) / 2
    return least >= 0 and interval.high > WIDEST * interval.low


def answer_order(question, results):
    spec, measure = question.rule.spec, question.measure
    side = "lower" if "lower" in spec else "higher"
    a, b = question.values(results).T
    least = float(question.rule.bound("by")) - spec.get("within", 0.0)
    sign, timed = (-1 if side == "lower" else 1), measure.table == measures.TIMING
    verdict, interval, counted = order_verdict(a, b, sign, least, timed)
    unit = "times" if question.reduce[1] == "spread" else measure.unit
    amount = words.show(abs(least), unit, signed=True).lstrip("+")
    more = f" by more than {amount}" if least > 0 else f", or at most {amount} worse"
    about = {"verdict": verdict, "claimed": side + (more if least else "")}
    if not counted:
        bound = 0.0 if verdict == PARTLY else least
        p = math.nan if timed else family.of_mean(sign * (a - b), bound)
        return found(question, results, interval, unit, True, p=p, **about)
    about["p"] = family.of_share(interval.centre * interval.n, interval.n)
    ahead = f"ahead in {interval.centre * interval.n:g} of {interval.n} replicates"
    return found(question, results, interval, "share", text=ahead, **about)


def order_verdict(a, b, sign, least, timed=False):
    """The verdict on "a is ahead of b by more than `least`", from paired values [n] each.

    sign: 1 where higher is ahead, -1 where lower is. timed: whether they are timings. Returns the
    verdict, the interval of a - b (if a value is infinite: of the share of replicates in which a is
    ahead by more than `least`), and whether replicates were counted.
    """
    with np.errstate(invalid="ignore"):
        ahead = sign * (a - b)
    if not np.isfinite(ahead).all():
        ties = int((np.isnan(ahead) | (ahead == least)).sum())
        interval = intervals.share_interval(int((ahead > least).sum()) + ties / 2, len(ahead))
        return direction_verdict(interval, 0.5), interval, True
    interval = intervals.median_range(a - b) if timed else intervals.mean_interval(a - b)
    advantage = interval if sign > 0 else interval.mirrored()
    verdict = direction_verdict(advantage, least)
    if least > 0 and verdict != REPRODUCED and advantage.above(0):
        verdict = PARTLY
    return verdict, interval, False


def answer_ratio(question, results):
    measure, claimed = question.measure, question.rule.compared()
    factor = question.rule.spec["factor"]
    ratios = np.array([divide(top, bottom) for top, bottom in question.values(results)])
    if np.isfinite(ratios).all():
        timed = measure.table == measures.TIMING
        interval = intervals.median_range(ratios) if timed else geometric_mean(ratios)
        verdict = ratio_verdict(interval, claimed.number, factor)
        limits = [1.0] if verdict == PARTLY else [claimed.number / factor, claimed.number * factor]
        nearest = min(np.log(limits), key=lambda limit: abs(limit - np.log(interval.centre)))
        p = math.nan if timed else family.of_mean(np.log(ratios), nearest)
        return found(
            question, results, interval, "times", verdict=verdict, claimed=claimed.text, p=p
        )
    within = (ratios >= claimed.number / factor) & (ratios <= claimed.number * factor)
    interval = intervals.share_interval(int(within.sum()), len(within))
    verdict = direction_verdict(interval, 0.5)
    text = f"within the limits in {within.sum()} of {len(within)} replicates"
    return found(
        question, results, interval, "share", verdict=verdict, claimed=claimed.text, text=text
    )


def divide(top, bottom):
    """The ratio of two positive values; NaN where either diverged or the lower one is 0."""
    return top / bottom if math.isfinite(top) and math.isfinite(bottom) and bottom > 0 else math.nan


def geometric_mean(ratios):
    """The geometric mean of positive ratios [n] with its interval."""
    interval = intervals.mean_interval(np.log(ratios))
    return Interval(*np.exp(interval[:3]).tolist(), interval.n)


def factor_verdict(interval, claimed, factor):
    """Reproduced where the whole interval lies within `factor` of the claimed value, not where it
    lies outside, undecided where it holds a limit.
    """
    least, most = claimed / factor, claimed * factor
    if interval.known and least <= interval.low and interval.high <= most:
        return REPRODUCED
    return NOT if interval.above(most) or interval.below(least) else UNDECIDED


def ratio_verdict(interval, claimed, factor):
    """The same for a ratio, where lying on the claimed side of 1 is part of the claim."""
    verdict = factor_verdict(interval, claimed, factor)
    holds = (claimed > 1 and interval.above(1)) or (claimed < 1 and interval.below(1))
    return PARTLY if verdict != REPRODUCED and holds else verdict


def answer_trend(question, results):
    direction, values = question.rule.spec["direction"], question.values(results)
    if question.places:
        each = np.array([intervals.rank_correlation(question.places, row) for row in values])
    else:
        each = np.nan_to_num(values[:, 0])
    interval = intervals.mean_interval(each, -1.0, 1.0)
    about = {"verdict": trend_verdict(each, interval, direction, values.shape[1])}
    about["p"] = family.of_trend(each, values.shape[1])
    return found(question, results, interval, "rank correlation", claimed=direction, **about)


def trend_verdict(correlations, interval, direction, points):
    """The verdict on rank correlations [n] over `points` runs (1: over the rows of one run).

    Few replicates of few points take few values, so with fewer than five replicates a trend is
    decided only if all are perfectly monotone in the same direction over three points or more (by
    chance: 2 / (points!) ** replicates, under 1 % at three points and three replicates).
    """
    claimed = correlations if direction == "rises" else -correlations
    if points > 1 and len(claimed) < intervals.MINIMUM_COUNTED:
        strict = points >= 3 and len(claimed) >= intervals.MINIMUM_REPLICATES
        if not (strict and len(set(claimed.round(12))) == 1 and abs(claimed[0]) > 1 - 1e-12):
            return UNDECIDED
    return direction_verdict(interval if direction == "rises" else interval.mirrored())


def answer_shape(question, results):
    holds, name = question.rule.spec.get("holds", True), question.rule.spec["property"]
    having = [bool(has) == holds for has in replicates_with(question, results)]
    interval = intervals.share_interval(sum(having), len(having))
    about = {"verdict": direction_verdict(interval, 0.5), "metric": name}
    about["p"] = family.of_share(sum(having), len(having))
    about |= {"claimed": name if holds else f"not {name}"}
    text = f"{sum(having)} of {len(having)} replicates"
    return found(question, results, interval, "share", text=text, **about)


def replicates_with(question, results):
    """Whether each replicate has the property that a shape asks for: [n]."""
    spec, run = question.rule.spec, results.run(question.runs[0])
    if spec["property"] == "above":
        return question.values(results)[:, 0] > spec["threshold"]
    if spec["property"] in ("learned", "diverged"):
        ends = results.outcomes_of(run.name, spec.get("margin", measures.LEARNED_MARGIN))
        return [end == spec["property"] for end in ends.values()]
    curves = results.replicate_curves(run.name)
    if spec["property"] == "overfits":
        epochs = run.settings["epochs"]
        return [measures.overfits(curve, epochs, spec["rise"]) for curve in curves.values()]
    near = int(question.rule.bound("around")), spec["window"]
    lost = {key for key, at in zip(run.replicates, run.diverged, strict=True) if at is not None}
    rises = {key: measures.overshoot(curve, *near) for key, curve in curves.items()}
    return [key not in lost and rise >= spec["rise"] for key, rise in rises.items()]


def answer_fact(question, results):
    """A fact is reproduced or not; there is nothing to repeat and no interval."""
    rule, row, kind = question.rule, question.rows[0], question.rule.spec["check"]
    about, changes = {}, rule.spec.get("with", {})
    if question.shape:
        channels, sizes = maps(question.shape, row | changes)
    if kind == "dense_inputs":
        height, width = sizes[-1]
        number, stated = channels[-1] * height * width, rule.compared()
        text = f"{number:,} inputs, {channels[-1]} x {height} x {width}, at padding "
        text += shown(row["padding"])
        holds, claimed = number == stated.number, f"{stated.text} inputs"
        about = {"number": number, "unit": "count"}
    elif kind == "possible":
        holds = len(sizes) > len(channels)
        start = "pixels are left" if holds else f"convolution {len(sizes)} has no pixel left"
        text = f"{start}: " + ", ".join(f"{height} x {width}" for height, width in sizes)
        claimed = ", ".join(f"{named(key)} {shown(value)}" for key, value in changes.items())
    else:
        stated = {key: rule.stated(key, number=False) for key in rule.spec["keys"]}
        start, has = "", row
        if kind == "default":
            start, has = "the default of ", {key: parameter(key).default_in(row) for key in stated}
        differ = [
            f"{start}{named(key)} is {label(key, shown(has.get(key)))}"
            for key, value in stated.items()
            if comparable(has.get(key)) != comparable(value.number)
        ]
        holds, text = not differ, "; ".join(differ) or "all values as stated"
        claimed = ", ".join(f"{named(key)} {label(key, v.text)}" for key, v in stated.items())
    verdict = REPRODUCED if holds else NOT
    return found(
        question, results, verdict=verdict, metric=kind, text=text, claimed=claimed, **about
    )


def named(key):
    """A hyper-parameter within a sentence."""
    return parameter(key).label.lower()


def maps(shape, row):
    """(channels, [(height, width), ...]) of a run's convolutions.

    The sizes begin with the image, [channels, height, width], and end where no pixel is left.
    """
    channels = [int(each) for each in shown(row["channels"]).split("-")]
    layers = {key: int(row[key]) for key in ("kernel", "padding", "pooling")}
    sizes = [tuple(shape[1:])]
    with suppress(TunebookError):
        for count in range(1, len(channels) + 1):
            sizes.append(feature_sizes(shape, channels[:count], **layers)[-1])
    return channels, sizes


ANSWERS = {
    "value": answer_value, "order": answer_order, "ratio": answer_ratio, "trend": answer_trend,
    "shape": answer_shape, "fact": answer_fact,
}  # fmt: skip


def answer_each(question, results):
    """A Piece without a verdict for every run of a `measure`, in the order of its sweep.

    Means are over the replicates that have a finite value; how many have not is said.
    """
    measure, pieces = question.measure, []
    runs = [results.run(name) for name in question.runs]
    names = words.distinct(runs) if len(runs) > 1 else {}
    for run, side in zip(runs, question.sides, strict=True):
        values = list(results.values(measure.name, run.name).values())
        lost = len(values) - sum(map(math.isfinite, values))
        interval = results.interval(measure.name, run.name)
        piece = found(Question(question.rule, [side], measure), results, interval, measure.unit)
        piece.about = ": ".join(filter(None, [piece.about, names.get(run.name, "")]))
        piece.text += f"; no value in {lost} of {len(values)} replicates" if lost else ""
        pieces.append(piece)
    return pieces
