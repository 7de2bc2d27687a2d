"""The closed set of rules: how a claim is set against the runs, and what follows.

A rule is judged in two steps: `ask` finds the runs that it looks at, before anything is trained;
`answer` gives a Piece, from the results. Runs are compared within replicates (`compare`), positive
values without an upper end as ratios. Intervals are 95 % intervals of the mean over replicates; of
timings, the median with the range. Margins are in the measure's own unit, or shares (`10 %`) of the
other side.

    value   The source trained once, so its number is one draw, held against the interval that one
            more replicate falls into. Reproduced: it lies there, and among our replicates, to the
            precision it was given with. Not: outside of that interval. Open: inside, but beyond all
            replicates; or the interval is too wide to say anything. With `factor` ("about"): the
            whole interval of the mean lies within that factor.
    order   `metric` is `lower` (`higher`) in one run `than` in another, or than a number of the
            source that is no training (of a person, of another method): the interval lies on the
            claimed side of equality, of `by`, of `within` ("no worse than"). Partly: the direction
            holds, `by` not surely. Of several runs, `reduce` makes one value in each replicate:
            their spread (the largest divided by the smallest), the lowest or the highest.
    same    `metric` `of` one run is that `to` another, give or take a `margin`: two one-sided tests
            at 5 %, which is that the 90 % interval lies within the margin (Schuirmann, Journal of
            Pharmacokinetics and Biopharmaceutics 15(6), 1987). Not: the 95 % interval lies outside.
    ratio   `metric` `of` one run divided by that `to` another, averaged on a log scale, is within
            `factor` of what the source says (or `equals`). Partly: only the side of 1 is right. One
            of the two sides may be a number of the source (what something took that is not run).
    trend   In every replicate, Spearman's rank correlation of `metric` with the axis `along` the
            runs; or a `correlation` that every replicate of one run has (0 where it diverged).
    shape   Most replicates have a `property` (`holds: false`: have it not), by Wilson's interval of
            their share against one half: learned (by `margin`), diverged, overshoots (`around` an
            epoch, give or take `window`, by `rise`), overfits (by `rise`), see `measures`; above
            (`metric` is above `threshold`).
    fact    The run has the values that the source states under these `keys` (configuration: set up
            as written, which is no result), they are its optimizer's defaults (default), as many
            numbers are trained as the source states (parameters), its convolutions leave as many
            values as it states (dense_inputs), or a pixel `with` these values put in (possible).
    measure Shown and not judged: `metric` of every run of a selection.

A replicate that diverged is worse than any that did not. As no mean exists then, a comparison
counts replicates, ties as half, against one half. On stand-in data no number is compared with the
source's.
"""

import math
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from ..evidence import intervals, measures, words
from ..evidence.intervals import Interval
from ..jobs import TunebookError
from ..study.parameters import label, parameter
from ..study.sizes import feature_sizes, for_each
from . import family
from .compare import Comparison, as_ratio, compare, ratios, sampling
from .read import NOT, PARTLY, REPRODUCED, SET_UP, SIDES, UNDECIDED, UNTESTABLE, Rule, telling
from .select import NotTestable, comparable, shown

WIDEST = 10.0
STAND_IN = "made on built-in stand-in data, so numbers are not compared with the source's"
# How several values of a replicate become one. A single one is its own lowest.
REDUCTIONS = {
    "spread": lambda values: max(values) / min(values) if math.isfinite(max(values)) else math.inf,
    "lowest": min,
    "highest": max,
    "change": lambda values: divide(values[1], values[0]),
}
# Those whose result is a ratio of two values, which a measure needs to allow.
DIVIDING = ("spread", "change")
# What the number of a piece is of.
STARTS = {
    "value": "{0}", "measure": "{0}", "order": "difference in {0}", "same": "difference in {0}",
    "ratio": "ratio of {0} ({1} of the pairs)", "trend": "rank correlation of {0} with {1}",
}  # fmt: skip
# In which units the source can state what is measured in one; others are plain numbers.
STATED_IN = {"seconds": ("s", "min", "h", "day"), "share": ("%",)}
# What a replicate did that has the property of a shape, and what one that has it not.
DID = {
    "learned": (
        "learned (error at least {margin} below the constant predictor’s)",
        "did not learn",
    ),
    "diverged": ("diverged", "did not diverge"),
    "overshoots": (
        "overshoot (by {rise} or more, within {window} epochs of epoch {around}, undone later)",
        "do not overshoot",
    ),
    "overfits": (
        "overfit (the validation loss ends {rise} or more above its lowest value, while the "
        "training loss falls)",
        "do not overfit",
    ),
    "above": ("have a {label} above {threshold}", "have a {label} of at most {threshold}"),
}


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
    is another. signed: whether `number` is a difference. quantity: what the number is of, in words,
    with its unit where the number does not carry it; text: what was measured; brief: without its
    interval. groups: into which the replicates fall, in words, "" where they do not; see
    `told_groups`. counts: whether it is judged, or only shown; decides: whether the verdict of its
    claim hangs on it. passes: [least, most] of the numbers with which it would hold, empty where
    there is none; stated: the source's number, on the same scale; by: whose numbers it is held
    against, "" where nobody is named.
    scope: what a comparison on held-out rows speaks of. smallest: what could have been seen, needed
    and minutes: what would settle an open one, see `settle`. compared, bound: the Comparison and
    what it was held against; price: how many times its p value was raised for looks.
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
    quantity: str = ""
    text: str = ""
    groups: str = ""
    reason: str = ""
    counts: bool = True
    decides: bool = False
    passes: list = field(default_factory=list)
    stated: float = math.nan
    by: str = ""
    scope: str = ""
    smallest: float = math.nan
    needed: int = 0
    minutes: float = math.nan
    brief: str = ""
    compared: Comparison | None = None
    bound: float = math.nan
    price: float = 1.0

    @property
    def sentence(self):
        """What was measured, and of what; of a size that is claimed, also how large."""
        text = self.text.removeprefix("rank correlation ") if self.quantity else self.text
        told = ": ".join(filter(None, [self.quantity, text]))
        sized = self.passes and math.isfinite(self.stated)
        return told + (f"; {self.by or 'claimed'}: {self.claimed}." if sized else ".")

    def plain(self):
        """The piece for JSON: a number that is not finite becomes None."""
        inside = ("compared", "bound", "price")
        kept = {key: value for key, value in vars(self).items() if key not in inside}
        numbers = ("number", "low", "high", "p", "adjusted", "smallest", "minutes", "stated")
        lost = [key for key in numbers if not math.isfinite(kept[key])]
        kept["passes"] = [end if math.isfinite(end) else None for end in self.passes]
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
    sides = [spec[side] for side in SIDES if isinstance(spec.get(side), dict)]
    if "along" in spec:
        along = study.along(spec["of"], spec["along"])
        question.places, question.sides = [at for at, _ in along], [[row] for _, row in along]
    elif rule.kind == "measure":
        question.sides = [[row] for row in study.select(spec["of"])]
    else:
        question.sides = [side_of(study, side) for side in sides]
        question.reduce = ["change" if "change" in s else s.get("reduce", "lowest") for s in sides]
    if metric:
        question.measure = study.measurable(metric, question.rows)
    if rule.kind == "fact":
        ask_fact(question, study)
    check_unit(rule, question.measure)
    paired = rule.kind in ("order", "same", "ratio") and question.measure.table != measures.TIMING
    if paired and len({row["problem"] for row in question.rows}) > 1:
        raise NotTestable("its sides are of two problems; nothing pairs their runs")
    for key in ("by", "within", "margin"):
        margin = rule.margin(key)
        if is_share(margin, question.measure) and not ratios(question):
            raise NotTestable(f"{key}: a share of {metric}, which can be 0 or less, says nothing")
    divides = {*DIVIDING} & {*question.reduce} and question.measure.unit == "loss"
    if divides or spec.get("property") in ("overshoots", "overfits"):
        try:
            for row in question.rows:
                measures.check_positive(spec.get("property", "reduce: spread"), row)
                if spec.get("property") == "overfits":
                    measures.check_validates("overfits", row)
        except TunebookError as error:
            raise NotTestable(str(error)) from None
    return question


def check_unit(rule, measure):
    """Raise TunebookError for a side of a ratio that the source states in no unit of the measure's:
    seconds divided by a share would mean nothing."""
    key, found = rule.stated_side() or ("", None)
    if rule.kind == "ratio" and found:
        units = STATED_IN.get(measure.unit, ("",))
        if found.unit not in units:
            told = " or ".join(units) or "a number without a unit"
            raise TunebookError(f"{key}: found {found.text}; allowed: {measure.label} in {told}")


def side_of(study, side):
    """The runs of one side of a rule: one, or those that are made one value."""
    if "change" in side:
        return [study.one(each) for each in side["change"]]
    return study.select(side) if "reduce" in side else [study.one(side)]


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
    if spec["check"] in ("dense_inputs", "possible"):
        question.shape = study.problems[row["problem"]].get("shape")
        if row.get("model") != "convolutional" or not question.shape:
            raise NotTestable(f"needs convolutions on images; found {row['run']}")


# What the results say ----------------------------------------------------------------------------


def answer(question, results):
    """The Piece that a Question gets from the Results of a study."""
    rule = question.rule
    if rule.kind == "untestable":
        about = {"reason": rule.spec, "text": rule.spec, "brief": rule.spec}
        return Piece(rule.about, rule.kind, verdict=UNTESTABLE, **about)
    piece = ANSWERS[rule.kind](question, results)
    problems = {row["problem"] for row in question.rows} or set(results.problems)
    if piece.verdict != SET_UP and of_the_source(rule) and problems & results.stand_ins:
        piece.verdict, piece.reason = UNTESTABLE, STAND_IN
    piece.quantity = quantity(question, piece)
    piece.groups = told_groups(question, results)
    return piece


def quantity(question, piece):
    """What the number of a Piece is of, in words; "" for a fact."""
    spec, kind = question.rule.spec, question.rule.kind
    if kind == "fact":
        return ""
    if kind == "shape":
        return f"replicates that {deed(question)}"
    label, more = question.measure.label, named(spec.get("along", ""))
    if "correlation" in spec:
        return label
    if piece.compared is not None and piece.compared.logs:
        kind, more = "ratio", "geometric mean" if piece.compared.mean else "median"
    elif kind in ("order", "same", "ratio") and piece.unit == "share" != question.measure.unit:
        return f"replicates compared by {label}"
    unit = words.silent_unit(piece.unit, question.rows)
    if kind == "ratio" and (stated := question.rule.stated_side()):
        sides = "the source’s by ours" if stated[0] == "of" else "ours by the source’s"
        return f"ratio of {label}, {sides} ({more})"
    return STARTS[kind].format(label, more) + (f", in {unit}" if unit else "")


def deed(question):
    """What those replicates did that a shape counts, in words."""
    spec, name = question.rule.spec, question.rule.spec["property"]
    shares = {
        key: words.percent(spec.get(key, measures.LEARNED_MARGIN), 0) for key in ("rise", "margin")
    }
    about = {"window": spec.get("window"), "label": "", "threshold": ""}
    about["around"] = words.plain(question.rule.bound("around"))
    if question.measure:
        about["label"] = question.measure.label
        about["threshold"] = words.show(spec["threshold"], question.measure.unit)
    return DID[name][not spec.get("holds", True)].format(**shares | about)


def told_groups(question, results):
    """The groups into which the replicates of a question's runs fall, in words: "" where none do.

    `3 of 5 read every row as one class (17.89 %), 2 from 92.48 to 94.27 %`; of several runs, each
    with its name.
    """
    measure = question.measure
    if not measure or measure.table in (measures.TIMING, measures.STUDY):
        return ""
    told = {run: results.groups(measure.name, run) for run in question.runs}
    names = words.distinct([results.run(run) for run in told]) if len(told) > 1 else {}
    return "; ".join(
        ": ".join(filter(None, [names.get(run), text])) for run, text in told.items() if text
    )


def of_the_source(rule):
    """Whether a rule sets a number of ours against one of the source's."""
    spec = rule.spec
    margins = [spec[key] for key in ("by", "within", "margin") if key in spec]
    numbers = [each for each in margins if isinstance(each, str) and each in rule.source]
    compared = rule.kind in ("value", "ratio") and "source" in spec
    return compared or bool(numbers) or bool(rule.stated_side())


def found(question, results, interval=None, unit="", signed=False, **more):
    """A Piece of a question, with an interval in words unless `text` says it otherwise."""
    rule, measure = question.rule, question.measure
    piece = Piece(
        rule.about, rule.kind, metric=measure.name if measure else "", runs=question.runs,
        diverged=results.diverged(question.runs), unit=unit, signed=signed, counts=rule.counts,
        by=rule.by,
    )  # fmt: skip
    if interval is not None:
        piece.number, piece.low, piece.high, piece.n = interval
        if interval.n == 1:  # one value is no interval
            piece.low = piece.high = math.nan
        piece.brief = words.show(interval.centre, unit, signed)
        piece.text = words.measured(interval, unit, signed) if interval.n > 1 else piece.brief
    vars(piece).update(more)
    piece.brief = more.get("text", piece.brief)
    return piece


def direction_verdict(interval, bound=0.0, sign=1):
    """Reproduced where an Interval lies above `bound` (sign -1: below), not where on the other
    side, else undecided.
    """
    yes, no = (interval.above, interval.below)[::sign]
    return REPRODUCED if yes(bound) else NOT if no(bound) else UNDECIDED


def answer_value(question, results):
    rule, measure, claimed = question.rule, question.measure, question.rule.compared()
    values = question.values(results)[:, 0]
    if "factor" in rule.spec:
        interval = results.interval(measure.name, *question.runs)
        verdict = factor_verdict(interval, claimed.number, rule.spec["factor"])
        about = passing(claimed, rule.spec["factor"], measure.unit) | {"verdict": verdict}
        return found(question, results, interval, measure.unit, **about)
    reach = measure.least, measure.most
    if np.isfinite(values).all():
        interval = intervals.prediction_interval(values, *reach)
    else:
        interval = Interval(float(np.mean(values)), math.nan, math.nan, len(values))
    verdict = value_verdict(values, interval, claimed.number, claimed.rounding, *reach)
    piece = found(question, results, interval, measure.unit, verdict=verdict, claimed=claimed.text)
    piece.stated = claimed.number
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
    rule, spec, measure = question.rule, question.rule.spec, question.measure
    side = "lower" if "lower" in spec else "higher"
    sign = 1 if side == "higher" else -1
    (a, b), against = both_sides(question, results), rule.stated_side()
    by, within = rule.margin("by"), rule.margin("within")
    margin, ahead = by or within, 1 if by else -1
    share = is_share(margin, measure)
    least = ahead * margin.size if margin else 0.0
    claimed = side + order_words(margin, by, share, measure.unit)
    if against is not None:
        claimed += f" than {against[1].text}"
    with np.errstate(invalid="ignore"):
        limit = b * (1 + sign * least) if share else b + sign * least
        lead = sign * (a - limit)
    logs = (share or not margin) and as_ratio(question, question.values(results))
    if not np.isfinite(lead).all() or share and not logs:
        return counted(question, results, lead, "ahead", claimed)
    compared = compare(question, results, a, b, logs)
    equal, bound = (1.0, 1 + sign * least) if logs else (0.0, sign * least)
    verdict = direction_verdict(compared.interval, bound, sign)
    direction = direction_verdict(compared.interval, equal, sign)
    if least > 0 and verdict != REPRODUCED and direction == REPRODUCED:
        verdict, bound = PARTLY, equal
    unit = "times" if logs or question.reduce[-1] in DIVIDING else measure.unit
    ends = beyond(1 + sign * least if logs else sign * least, sign)
    return comparison(question, results, compared, unit, verdict, bound, claimed, passes=ends)


def beyond(bound, sign=1):
    """[least, most] of the numbers on one side of a bound."""
    return [bound, math.inf] if sign > 0 else [-math.inf, bound]


def within(number, factor):
    """[least, most] of the numbers that are so many times another, at most."""
    return [number / factor, number * factor]


def both_sides(question, results):
    """[values [n], values [n]] of the sides of an order or a ratio, the first by the second; a
    number of the source is the same in every replicate."""
    sides, stated = list(question.values(results).T), question.rule.stated_side()
    if stated:
        key, found = stated
        sides.insert(key != "of", np.full(len(sides[0]), found.number))
    return sides


def order_words(margin, by, share, unit):
    """What a margin adds to `lower` or `higher`."""
    if not margin:
        return ""
    size = amount(margin, share, unit)
    return f" by more than {size}" if by else f", or at most {size} worse"


def is_share(margin, measure):
    """Whether a Margin (or None) is a share of the other side; of shares, per cents are points."""
    return margin is not None and margin.share and measure.unit != "share"


def amount(margin, share, unit):
    """A Margin in words: `10 %` of the other side, or in the measure's unit."""
    if share:
        return words.show(margin.size, "share", places=0 if margin.size >= 0.01 else 1)
    return words.show(margin.size, unit, signed=True).lstrip("+")


def comparison(question, results, compared, unit, verdict, bound, claimed, **more):
    """The Piece of a Comparison that was held against `bound`, a difference or a ratio."""
    signed = not compared.logs
    about = {"p": compared.p(bound), "scope": compared.scope, "bound": bound}
    about |= {"verdict": verdict, "claimed": claimed, "compared": compared} | more
    return found(question, results, compared.interval, unit, signed, **about)


def counted(question, results, lead, what, claimed):
    """The Piece of a comparison where a replicate diverged: the share whose `lead` is above 0."""
    ties = int((np.isnan(lead) | (lead == 0)).sum())
    many, n = int((lead > 0).sum()) + ties / 2, len(lead)
    interval = intervals.share_interval(many, n)
    about = {"verdict": direction_verdict(interval, 0.5), "p": family.of_share(many, n)}
    about |= {"text": f"{what} in {many:g} of {n} replicates", "claimed": claimed}
    about |= {"passes": [0.5, 1.0]}
    return found(question, results, interval, "share", **about)


def answer_same(question, results):
    measure, margin = question.measure, question.rule.margin("margin")
    values = question.values(results)
    a, b = values.T
    share = is_share(margin, measure)
    claimed = f"alike, give or take {amount(margin, share, measure.unit)}"
    with np.errstate(invalid="ignore"):
        room = margin.size * b if share else margin.size
        lead = room - abs(a - b)
    logs = share and as_ratio(question, values)
    if not np.isfinite(lead).all() or share and not logs:
        return counted(question, results, lead, "alike", claimed)
    compared = compare(question, results, a, b, logs)
    limits = (1 / (1 + margin.size), 1 + margin.size) if logs else (-margin.size, margin.size)
    verdict, nearest, p = same_verdict(compared, limits)
    unit = "times" if logs else measure.unit
    about = {"p": p, "passes": [*limits]}
    piece = comparison(question, results, compared, unit, verdict, nearest, claimed, **about)
    if compared.mean and compared.interval.known:
        low, high = compared.ends(0.1)
        told = words.interval(low, high, unit, not logs)
        piece.text += f"; 90 % interval {told}"
    return piece


def same_verdict(compared, limits):
    """(the verdict on "between the limits", the limit that decides, p) of a Comparison."""
    interval, (least, most) = compared.interval, limits
    centre = compared.place(interval.centre)
    nearest = min(limits, key=lambda end: abs(compared.place(end) - centre))
    if not interval.known:
        return UNDECIDED, nearest, math.nan
    if interval.above(most) or interval.below(least):
        return NOT, nearest, compared.p(nearest)
    if not compared.mean:  # of timings, the range of the repetitions
        inside = least <= interval.low and interval.high <= most
        return REPRODUCED if inside else UNDECIDED, nearest, math.nan
    low, high = compared.ends(0.1)
    if least < interval.centre < most:
        p = max(compared.p(least), compared.p(most)) / 2
        return REPRODUCED if least < low and high < most else UNDECIDED, nearest, p
    return UNDECIDED, nearest, compared.p(nearest)


def divide(top, bottom):
    """The ratio of two values; NaN where either diverged or the lower one is not positive."""
    return top / bottom if math.isfinite(top) and math.isfinite(bottom) and bottom > 0 else math.nan


def answer_ratio(question, results):
    claimed, factor = question.rule.compared(), question.rule.spec["factor"]
    a, b = both_sides(question, results)
    limits = within(claimed.number, factor)
    ratios = np.array([divide(*each) for each in zip(a, b, strict=True)])
    if not (ratios > 0).all():
        inside = (ratios >= limits[0]) & (ratios <= limits[1])
        told = passing(claimed, factor, "times")["claimed"]
        return counted(question, results, np.where(inside, 1.0, -1.0), "within the limits", told)
    compared = compare(question, results, a, b, logs=True)
    verdict = ratio_verdict(compared.interval, claimed.number, factor)
    ends, centre = [1.0] if verdict == PARTLY else limits, compared.place(compared.interval.centre)
    nearest = min(ends, key=lambda end: abs(compared.place(end) - centre))
    about = passing(claimed, factor, "times")
    return comparison(question, results, compared, "times", verdict, nearest, **about)


def passing(claimed, factor, unit):
    """What is claimed of a size, in words that say between which ends it would have passed."""
    limits, told = within(claimed.number, factor), claimed.text
    if unit == "times" and not told.endswith("times"):
        told = f"{words.show(claimed.number, unit)} ({told})"
    told = f"{told}; {words.interval(*limits, unit)} would have passed"
    return {"claimed": told, "passes": limits, "stated": claimed.number}


def factor_verdict(interval, claimed, factor):
    """Reproduced where the whole interval lies within `factor` of the claimed value, not where it
    lies outside, undecided where it holds a limit.
    """
    least, most = within(claimed, factor)
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
    more, scope = sampling(question, results)
    mean = intervals.mean_of(each, **more)
    points = len(question.places)
    p = trend_p(each, mean, points, bool(more))
    low, high = mean.ends()
    interval = Interval(mean.centre, max(low, -1.0), min(high, 1.0), mean.n)
    about = {"verdict": trend_verdict(mean.centre, p, direction), "p": p, "scope": scope}
    about |= {"compared": Comparison(interval, mean, False, scope), "bound": 0.0}
    about |= {"passes": beyond(0.0, 1 if direction == "rises" else -1)}
    if points and not (more and mean.spread):  # decided by chance orders, and not by an interval
        interval = Interval(mean.centre, math.nan, math.nan, mean.n)
        rank, chance = (
            words.show(each, "rank correlation")
            for each in (mean.centre, family.chance_of_trend(points, mean.n))
        )
        about["text"] = (
            f"{rank} in the mean of {mean.n} replicates (by chance up to {chance.lstrip('+')})"
        )
    piece = found(question, results, interval, "rank correlation", claimed=direction, **about)
    piece.text, piece.brief = (f"rank correlation {text}" for text in (piece.text, piece.brief))
    return piece


def trend_p(correlations, mean, points, overlapping):
    """p of rank correlations [n] over `points` runs each (0: over the rows of one run).

    By the orders that chance would give; of rows, and where replicates are overlapping splits and
    so no independent draws, by their Mean.
    """
    if not points:
        return mean.p()
    p = family.of_trend(correlations, points)
    return max(p, mean.p()) if overlapping and mean.spread else p


def trend_verdict(centre, p, direction):
    """Reproduced where a trend is told from none and goes where it is claimed to go."""
    if math.isnan(p) or p > intervals.LEVEL or not centre:
        return UNDECIDED
    return REPRODUCED if (centre > 0) == (direction == "rises") else NOT


def answer_shape(question, results):
    holds, name = question.rule.spec.get("holds", True), question.rule.spec["property"]
    having = [bool(has) == holds for has in replicates_with(question, results)]
    interval = intervals.share_interval(sum(having), len(having))
    about = {"verdict": direction_verdict(interval, 0.5), "metric": name, "passes": [0.5, 1.0]}
    about["p"] = family.of_share(sum(having), len(having))
    about |= {"claimed": "most replicates"}
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
        epochs = results.epochs_of(run.name)
        return [measures.overfits(each, epochs[key], spec["rise"]) for key, each in curves.items()]
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
        text = f"{number:,} inputs, {channels[-1]} × {height} × {width}, at padding "
        text += shown(row["padding"])
        holds, claimed = number == stated.number, f"{stated.text} inputs"
        about = {"number": number, "unit": "count"}
    elif kind == "parameters":
        number, stated = results.run(row["run"]).parameters, rule.compared()
        holds, text = number == stated.number, words.count(number, "parameter")
        claimed = f"{stated.text} parameters"
        about = {"number": number, "unit": "count"}
    elif kind == "possible":
        holds = len(sizes) > len(channels)
        start = "pixels are left" if holds else f"convolution {len(sizes)} has no pixel left"
        text = f"{start}: " + ", ".join(f"{height} × {width}" for height, width in sizes)
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
    about["verdict"] = REPRODUCED if holds else NOT
    if kind == "configuration":
        about["verdict"] = SET_UP if holds else UNTESTABLE
        about["reason"] = "" if holds else f"this study is set up otherwise: {text}"
    return found(question, results, metric=kind, text=text, claimed=claimed, **about)


def named(key):
    """A hyper-parameter within a sentence."""
    return parameter(key).label.lower()


def maps(shape, row):
    """(channels, [(height, width), ...]) of a run's convolutions.

    The sizes begin with the image, [channels, height, width], and end where no pixel is left.
    """
    channels = [int(each) for each in shown(row["channels"]).split("-")]
    keys = [key for key in ("kernel", "padding", "pooling", "stride") if key in row]
    layers = {key: for_each(row[key], len(channels)) for key in keys}
    sizes = [tuple(shape[1:])]
    with suppress(TunebookError):
        for count in range(1, len(channels) + 1):
            sizes.append(feature_sizes(shape, channels[:count], **layers)[-1])
    return channels, sizes


ANSWERS = {
    "value": answer_value, "order": answer_order, "same": answer_same, "ratio": answer_ratio,
    "trend": answer_trend, "shape": answer_shape, "fact": answer_fact,
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
        asked = Question(question.rule, [side], measure=measure)
        piece = found(asked, results, interval, measure.unit)
        piece.quantity, piece.groups = quantity(asked, piece), told_groups(asked, results)
        piece.about = ": ".join(filter(None, [piece.about, names.get(run.name, "")]))
        piece.text += f"; no value in {lost} of {len(values)} replicates" if lost else ""
        pieces.append(piece)
    return pieces
