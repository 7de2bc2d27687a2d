"""The numbers of a finished study, looked up once more: by pandas, and by formulas of its own.

Nothing of the workflow is used here, so that no slip is made twice in the same place. `walk` goes
over a results folder (tables, figures, claims.json, report.html) and returns what disagrees, each
with its place and both numbers. As a command: `python tests/truth.py results config/claims.yaml`.
"""

import json
import math
import re
import sys
from collections import Counter
from functools import cache, cached_property
from html.parser import HTMLParser
from itertools import combinations, pairwise, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import optimize, stats

SPLITS = {"train": "Training", "validation": "Validation", "test": "Test"}
HIGHER = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "r2")
SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "error_rate")
TIMES = {"seconds_per_epoch", "seconds_per_prediction", "training_seconds"}
INF, NAN = math.inf, math.nan

# What is written ---------------------------------------------------------------------------------

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
WRITTEN = re.compile(
    r"(?<![\w.,])(?P<sign>[−+]?)[$€£¥]?(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"(?: × 10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?"
    r"(?:[ \u202f\xa0](?P<unit>%|points|times|ms|s|min|h|d)(?!\w))?"
)
SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
NAMES = [
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
]


def written(text):
    """[(text, value, half a unit of its last digit, unit)] of the numbers in a text, of which at
    least three digits count.

    Per cents and points are shares of one; times of two parts (`1 min 6 s`) are one number.
    """
    found, end = [], -2
    for match in WRITTEN.finditer(text):
        digits, unit = match["digits"].replace(",", ""), match["unit"] or ""
        power = int((match["power"] or "0").translate(SUPERSCRIPTS))
        scale = 10.0**power * SECONDS.get(unit, 0.01 if unit in ("%", "points") else 1)
        whole, _, decimals = digits.partition(".")
        last = -len(decimals) if decimals else max(len(whole) - 3, 0)  # 37,200: of 100
        half = 0.5 * 10.0**last * scale
        value = float(digits) * scale * (-1 if match["sign"] == "−" else 1)
        if unit in SECONDS and found and found[-1][3] in SECONDS and match.start() == end + 1:
            text_before, before, _, _ = found.pop()
            found.append((f"{text_before} {match[0]}", before + value, half, unit))
        else:
            found.append((match[0], value, half, unit))
        end = match.end()
    return found


def says(number, value):
    """Whether a number as `written` gives it is that value, to the digits that are shown."""
    _, shown, half, unit = number
    if value is None or not math.isfinite(value):
        return False
    scales = (1,) if unit else (1, 0.01)  # the first of "96.8 to 97.4 %" stands without its unit
    return any(abs(shown * s - value) <= half * s * 1.0001 + 1e-12 * abs(value) for s in scales)


def unexplained(text, values):
    """The numbers of a text that are none of some values."""
    return [number[0] for number in written(text) if not any(says(number, v) for v in values)]


class Node:
    """An element of a page: its tag, attributes and children, which are nodes and texts."""

    def __init__(self, tag, attributes=()):
        self.tag, self.attributes, self.children = tag, dict(attributes), []

    def get(self, name):
        return self.attributes.get(name) or ""

    def nodes(self, tag="", **wanted):
        """The elements below it with that tag, and with that word in each attribute wanted."""
        for child in self.children:
            if isinstance(child, Node):
                fits = all(v in child.get(k.strip("_")).split() for k, v in wanted.items())
                if fits and tag in ("", child.tag):
                    yield child
                yield from child.nodes(tag, **wanted)

    def text(self, without=()):
        """What is read in it, but for elements with a tag or class of `without`."""
        told = ""
        for child in self.children:
            if isinstance(child, str):
                told += child
            elif not {child.tag, *child.get("class").split()} & {
                "script",
                "style",
                "svg",
                *without,
            }:
                told += child.text(without)
        return told


class Page(HTMLParser):
    """A page as a tree of Nodes; `top` holds it."""

    VOID = {"meta", "link", "br", "img", "input", "hr", "wbr", "use", "path"}

    def __init__(self, text):
        super().__init__()
        self.top = Node("")
        self.open = [self.top]
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open[-1].children.append(node := Node(tag, attributes))
        if tag not in self.VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].children.append(Node(tag, attributes))

    def handle_endtag(self, tag):
        if any(node.tag == tag for node in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, text):
        self.open[-1].children.append(text)


# What follows from the tables --------------------------------------------------------------------


def ends(values, overlap=0.0, rows=0.0, level=0.95):
    """The interval of a mean of `values` [n]: Student's t, bent by Hall's transformation for
    their skewness, 1 + 2 / (degrees of freedom + 1) times as far out.
    """
    n, centre = len(values), float(np.mean(values))
    if n < 3:
        return NAN, NAN
    away, spread, skew = values - centre, np.std(values, ddof=1), 0.0
    if np.ptp(values) == 0:
        spread = 0.0
    else:
        skew = (away**3).mean() / (away**2).mean() ** 1.5 * math.sqrt(n * (n - 1)) / (n - 2)
    own = spread**2 * (1 / n + overlap)
    variance = own + rows**2
    if not variance:
        return centre, centre
    freedom = (n - 1) * (variance / own) ** 2 if own else INF
    bend = skew / math.sqrt(n) * (spread**2 / n / variance) ** 1.5
    far = stats.t.ppf((1 + level) / 2, freedom) * (1 + 2 / (freedom + 1))

    def place(t):
        return t + bend * t**2 / 3 + bend**2 * t**3 / 27 + bend / 6

    error = math.sqrt(variance)
    low, high = (
        centre - error * optimize.brentq(lambda t, end=end: place(t) - end, -1e5, 1e5, xtol=1e-13)
        for end in (far, -far)
    )
    if rows:
        inner = ends(values, overlap, level=level)
        low, high = min(low, inner[0]), max(high, inner[1])
    return low, high


def interval(values, least=-INF, most=INF, rows=0.0):
    """(mean, low, high, n) of finite values: on logarithms where they are positive without end."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return NAN, NAN, NAN, 0
    mean = values.mean()
    if least >= 0 and most == INF and (values > 0).all():
        logs = np.log(values)
        low, high = (mean * math.exp(end - logs.mean()) for end in ends(logs, rows=rows))
    else:
        low, high = ends(values, rows=rows)
    low, high = (NAN if math.isnan(e) else min(max(e, least), most) for e in (low, high))
    return mean, low, high, len(values)


def draw(values, least, most):
    """(low, high) between which one more value lies, 19 times of 20."""
    logs = least >= 0 and most == INF and (values > 0).all()
    known = np.log(values) if logs else values
    half = stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) * math.sqrt(1 + 1 / len(known))
    found = known.mean() - half, known.mean() + half
    return tuple(min(max(math.exp(e) if logs else e, least), most) for e in found)


def from_rows(values):
    """The standard error of the mean of `values` [replicates, rows] that their rows bring: the
    component of variance of rows in an analysis of variance, divided by how many there are.
    """
    count, rows = values.shape
    of_rows = count * values.mean(axis=0).var(ddof=1)
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    of_rest = (rest**2).sum() / ((count - 1) * (rows - 1))
    return math.sqrt(max(0.0, (of_rows - of_rest) / count / rows))


def alike(found, expected, tolerance=1e-6):
    """Whether two numbers agree; what is missing agrees with what is not finite."""
    found, expected = (NAN if v is None else float(v) for v in (found, expected))
    if not (math.isfinite(found) and math.isfinite(expected)):
        return not (math.isfinite(found) or math.isfinite(expected))
    return math.isclose(found, expected, rel_tol=tolerance, abs_tol=1e-12)


class Study:
    """A results folder, read plainly; `wrong` gathers what disagrees."""

    def __init__(self, folder, claims=None):
        self.folder, self.wrong = Path(folder), []
        self.article = claims and Path(claims).with_name("article.md")
        self.values, self.interval = cache(self.values), cache(self.interval)

        def table(name):
            path = self.folder / name
            if not path.is_file() or not path.stat().st_size:
                return pd.DataFrame()
            if name.endswith("parquet"):
                return pd.read_parquet(path)
            return pd.read_csv(path, keep_default_na=False, na_values=[""])

        self.study = json.loads((self.folder / "study.json").read_text())
        self.claims = json.loads((self.folder / "claims.json").read_text())
        self.runs, self.history, self.cost, self.timing, self.baselines, self.rows, self.kept = map(
            table, ("runs.csv", "history.parquet", "cost.csv", "timing.csv", "baselines.csv",
                    "rows.parquet", "predictions.parquet"),
        )  # fmt: skip
        self.ensembles, self.trials = table("ensembles.csv"), table("trials.csv")
        self.history = self.history.astype({"run": str})
        self.problem = self.runs.groupby("run")["problem"].first().to_dict()
        self.settings = {run: rows.iloc[0] for run, rows in self.runs.groupby("run", sort=False)}
        self.replicates = dict(list(self.runs.sort_values("replicate").groupby("run")))
        self.histories = dict(list(self.history.groupby("run")))
        self.curves = {
            key: rows.sort_values("epoch")
            for key, rows in self.history.groupby(["run", "replicate"])
        }
        written_claims = yaml.safe_load(Path(claims).read_text()) if claims else None
        written_claims = written_claims or []
        if isinstance(written_claims, dict):
            written_claims = written_claims["claims"]
        self.rules = {entry["id"]: entry for entry in written_claims}

    def tell(self, place, text):
        self.wrong.append(f"{place}: {text}")

    def check(self, place, found, expected, tolerance=1e-6):
        if not alike(found, expected, tolerance):
            self.tell(place, f"{found} stands there, {expected} follows from the tables")

    def judged(self, run):
        """(column of the metric that judges a run's problem, whether higher is better)."""
        name = self.study["problems"][self.problem[run]]["metric"].replace("-", "_")
        return name, name in HIGHER

    def limits(self, measure, run):
        """(least, most) of a measure on a run."""
        what = re.sub("^(constant_|shifted_)?(train|validation|test)_", "", measure)
        what = self.judged(run)[0] if what in ("metric", "error") else what
        error = measure.endswith("_error") and self.judged(run)[1]
        signed = str(self.settings[run].get("loss")) == "gaussian" and "loss" in measure
        if measure in ("gap", "relative_gap") or signed:
            return -INF, INF
        if measure.startswith("rank_"):
            return -1.0, 1.0
        if what == "r2":
            return (0.0, INF) if error else (-INF, 1.0)
        shares = what in SHARES or measure.startswith("coverage_") or measure == "calibration_error"
        return (1.0 if measure == "variance_spread" else 0.0), 1.0 if shares else INF

    def values(self, measure, run):
        """{replicate or repetition: value} of a measure on a run; of a replicate that diverged, the
        worst that there is.
        """
        if measure in TIMES:
            rows = self.timing[self.timing["run"] == run]
            whole = measure == "training_seconds"
            seconds = rows["seconds_per_epoch" if whole else measure]
            seconds = seconds * (self.settings[run]["epochs"] if whole else 1)
            return dict(zip(rows["repetition"], seconds, strict=True))
        rows, (judged, higher) = self.replicates[run], self.judged(run)
        if measure in CURVES:
            epochs = int(self.settings[run]["epochs"])
            return {
                r: CURVES[measure](self.curves[run, r], epochs, self, run)
                for r in rows["replicate"]
            }
        start, _, what = measure.rpartition("_")
        error = what == "error" and measure != "calibration_error"
        name = f"{start}_{judged}" if error or what == "metric" else measure
        if measure == "relative_gap":
            train, held = (self.values(f"{s}_error", run) for s in ("train", "validation"))
            # As arrays: a network that fits every training row has nothing to be a share of.
            with np.errstate(divide="ignore", invalid="ignore"):
                shares = np.divide(*(np.array([*each.values()]) for each in (held, train))) - 1
            found = pd.Series(shares)
        elif measure == "calibration_error":
            away = [(rows[f"coverage_{p}"] - p / 100).abs() for p in (50, 90)]
            found = sum(away) / 2
        else:
            found = rows[name] if name in rows else rows["replicate"] * NAN
        found = 1 - found if error and higher else found
        worst = -INF if not error and (what in HIGHER or what == "metric" and higher) else INF
        worst = -INF if measure == "variance_spread" else worst
        worst = (
            NAN if measure.startswith(("rank_", "coverage_", "constant_", "test_mean")) else worst
        )
        lost = rows["diverged_at"].notna() | found.isna()
        final = not measure.startswith("constant_") and measure != "train_seconds"
        found = found.where(~lost, worst) if final else found
        return dict(zip(rows["replicate"], found.astype(float), strict=True))

    def interval(self, measure, run):
        """(mean, low, high, n) of a measure on a run; of times median, range and repetitions."""
        values = np.array([*self.values(measure, run).values()], float)
        if measure in TIMES:
            several = len(values) > 1
            ends = (values.min(), values.max()) if several else (NAN, NAN)
            return (np.median(values) if len(values) else NAN), *ends, len(values)
        return interval(values, *self.limits(measure, run))

    def trained_again(self, measure, run, search):
        """(mean, low, high, n) of a finalist over the replicates that its search did not have."""
        first = self.study["sweeps"][search]["search"]["replicates"]
        values = [v for key, v in self.values(measure, run).items() if key >= first]
        return interval(values, *self.limits(measure, run))

    def overlap(self, problem, split):
        """Held-out rows over training rows, where these are drawn anew for each replicate."""
        about = self.study["problems"][problem]
        asked = about.get("split", {})
        fixed = asked.get("time_on", "none") != "none" or split == "test" and "test_file" in asked
        return 0.0 if fixed or not split else about["rows"][split] / about["rows"]["train"]

    @cached_property
    def of_rows(self):
        """{run: {replicate: what each test row adds to the metric [n]}}."""
        return self.added("values")

    @cached_property
    def of_shifted(self):
        """The same of networks averaged over shifts."""
        return self.added("shifted")

    def added(self, column):
        """{run: {replicate: values [n]}} of a column of rows.parquet, where there are any."""
        found = {}
        for row in self.rows.to_dict("records"):
            if np.ndim(row.get(column)):
                found.setdefault(row["run"], {})[row["replicate"]] = np.asarray(row[column], float)
        return found

    def on_other_rows(self, measure, run):
        """(low, high) of the metric that judges, or its error form, on other test rows too."""
        known = self.of_shifted if measure.startswith("shifted_") else self.of_rows
        forms = [f"test_{form}" for form in ("metric", "error", self.judged(run)[0])]
        if run not in known or measure.removeprefix("shifted_") not in forms:
            return NAN, NAN
        values, least_most = self.values(measure, run), self.limits(measure, run)
        keys = [key for key in sorted(known[run]) if math.isfinite(values[key])]
        if len(keys) < 3:
            return NAN, NAN
        values = np.array([values[key] for key in keys])
        added = np.stack([known[run][key] for key in keys])
        if least_most[0] >= 0 and least_most[1] == INF and (values > 0).all():
            added = added / added.mean(axis=1, keepdims=True)
        return interval(values, *least_most, rows=from_rows(added))[1:3]

    def run_of(self, selection):
        """The names of the runs of a selection of claims.yaml, in the order of its sweep."""
        if "run" in selection:
            problem = selection.get("problem") or next(iter(self.study["problems"]))
            return [self.study["problems"][problem]["best"]["run"]]
        names = [
            run for run in self.study["sweeps"][selection["sweep"]]["runs"] if run in self.settings
        ]

        def same(cell, value):
            value = "-".join(map(str, value)) if isinstance(value, list) else value
            try:
                return float(cell) == float(value)
            except (TypeError, ValueError):
                return str(cell) == str(value) or cell != cell and value == ""

        where = selection.get("where", {}).items()
        return [r for r in names if all(same(self.settings[r][k], v) for k, v in where)]


# Numbers of a curve: (frame of a replicate, epochs, study, run) -> value.


def last_tenth(column):
    def of(curve, epochs, *_):
        values = curve[column].to_numpy(float)
        values = values[epochs - math.ceil(epochs / 10) :] if len(values) == epochs else [INF]
        return float(np.mean(values)) if np.isfinite(values).all() else INF

    return of


def early(curve, epochs, *_):
    first = curve[curve["epoch"] == math.ceil(epochs / 10)]["train_loss"]
    return float(first.iloc[0]) if len(first) and math.isfinite(first.iloc[0]) else INF


def mean_loss(curve, epochs, *_):
    losses = curve["train_loss"].to_numpy(float)
    return float(losses.mean()) if len(losses) == epochs and np.isfinite(losses).all() else INF


def roughness(curve, epochs, *_):
    losses = curve["train_loss"].to_numpy(float)
    if len(losses) < epochs or not np.isfinite(losses).all():
        return INF
    logs = np.log(np.maximum(losses, np.finfo(float).tiny))[math.ceil(epochs / 10) :]
    return float(np.mean(np.abs(np.diff(logs, 2)) / 2)) if len(logs) > 2 else 0.0


def rise(curve, epochs, *_):
    """How far the last tenth lies above a lowest value before it, as a share of that."""
    losses, end = (
        curve["validation_loss"].to_numpy(float),
        last_tenth("validation_loss")(curve, epochs),
    )
    if not math.isfinite(end):
        return INF
    before = losses[: epochs - math.ceil(epochs / 10)]
    lowest = losses.min()
    if not (len(before) and before.min() == lowest) or not end:
        return 0.0
    return end / lowest - 1 if lowest else INF


def to_learn(curve, epochs, study, run):
    replicate = curve["replicate"].iloc[0]
    errors = curve["train_metric"].to_numpy(float)
    errors = 1 - errors if study.judged(run)[1] else errors
    least = 0.1 * study.values("constant_train_error", run)[replicate]
    return float(np.argmax(errors <= least) + 1) if (errors <= least).any() else INF


CURVES = {
    "final_train_loss": last_tenth("train_loss"), "early_train_loss": early,
    "final_validation_loss": last_tenth("validation_loss"), "mean_train_loss": mean_loss,
    "roughness": roughness, "validation_rise": rise, "epochs_to_learn": to_learn,
}  # fmt: skip


def ended(study, run, margin=0.1):
    """{replicate: learned, failed or diverged}."""
    found, ends = {}, study.values("train_error", run)
    constant = study.values("constant_train_error", run)
    lost = study.replicates[run].set_index("replicate")["diverged_at"].notna()
    for key, end in ends.items():
        first = float(study.curves[run, key]["train_metric"].iloc[0])
        first = 1 - first if study.judged(run)[1] else first
        if lost[key] or math.isnan(end) or end >= (1 - margin) * constant[key] and (
            end > 2 * constant[key] and end > first
        ):  # fmt: skip
            found[key] = "diverged"
        else:
            found[key] = "learned" if end < (1 - margin) * constant[key] else "failed"
    return found


def has(study, run, spec):
    """Whether each replicate of a run has the property of a shape."""
    name, curves = (
        spec["property"],
        {r: study.curves[run, r] for r in study.replicates[run]["replicate"]},
    )
    if name in ("learned", "diverged"):
        return [end == name for end in ended(study, run, spec.get("margin", 0.1)).values()]
    if name == "above":
        return [value > spec["threshold"] for value in study.values(spec["metric"], run).values()]
    epochs, found = int(study.settings[run]["epochs"]), []
    lost = study.replicates[run].set_index("replicate")["diverged_at"].notna()
    for key, curve in curves.items():
        train, held = (curve[c].to_numpy(float) for c in ("train_loss", "validation_loss"))
        if name == "overfits":
            end = last_tenth("train_loss")(curve, epochs)
            falls = math.isfinite(end) and end < train[np.argmin(held)]
            found.append(falls and rise(curve, epochs) >= spec["rise"])
        else:
            near = range(max(int(spec["around"]) - spec["window"] - 1, 1), len(train))
            near = [
                e for e in near if e + 1 <= spec["around"] + spec["window"] and e + 1 < len(train)
            ]
            peaks = [
                train[e] / train[:e].min() - 1
                for e in near
                if train[e + 1 :].min() < train[:e].min()
            ]
            found.append(not lost[key] and max(peaks, default=0) >= spec["rise"])
    return found


# The walk ----------------------------------------------------------------------------------------


def kept_weights(study):
    """The last epoch of a training, or the best, is the network that was kept."""
    for (run, replicate), curve in study.curves.items():
        row = study.replicates[run].set_index("replicate").loc[replicate]
        place, last = f"history.parquet, {run}, replicate {replicate}", curve.iloc[-1]
        study.check(f"{place}, epochs", len(curve), row["epochs_run"])
        if not pd.isna(row["diverged_at"]):
            study.check(f"{place}, diverged", last["epoch"], row["diverged_at"])
            continue
        metric, higher = study.judged(run)
        if row.get("report_weights") == "best":
            ahead = ["validation_metric", "validation_loss", "epoch"]
            last = curve.sort_values(ahead, ascending=[not higher, True, True]).iloc[0]
        if row.get("fit_on") == "development":
            known = curve[["validation_loss", "validation_metric"]].notna().to_numpy().any()
            blank(study, place, row, known)
            continue
        for name in ("loss", metric):
            kept, column = row[f"validation_{name}"], "loss" if name == "loss" else "metric"
            study.check(
                f"{place}, kept validation_{name}", last[f"validation_{column}"], kept, 1e-4
            )


def blank(study, place, row, known=False):
    """Who was fitted on the validation rows too has nothing on them; known: whether curves have."""
    names = [name for name in row.index if re.match("(constant_)?validation_|gap$", name)]
    if known or row[names].notna().any():
        study.tell(f"{place}, validation", "something stands there, and no rows were left for it")


def tables(study):
    """runs.csv against itself and against what was kept of the test rows; cost.csv adds up."""
    for run, rows in study.replicates.items():
        judged, higher = study.judged(run)
        for column in rows.columns[
            rows.columns.str.match("(constant_|shifted_)?(train|validation|test)_|coverage_")
        ]:
            least, most = study.limits(column, run)
            values = rows[column].astype(float).dropna()
            if not values.between(least, most).all():
                study.tell(f"runs.csv, {run}, {column}", f"beyond {least} to {most}")
        for row in rows.itertuples():
            held, train = getattr(row, f"validation_{judged}", NAN), getattr(row, f"train_{judged}")
            place = f"runs.csv, {run}, replicate {row.replicate}, gap"
            # Single precision: of two large numbers little is left.
            exact = 1e-6 * max(abs(held), abs(train)) / max(abs(held - train), 1e-30)
            study.check(place, row.gap, (train - held) if higher else (held - train), exact)
            for known, start in ((study.of_rows, ""), (study.of_shifted, "shifted_")):
                values = known.get(run, {}).get(row.replicate)
                if values is not None and pd.isna(row.diverged_at):
                    place = f"rows.parquet, {run}, replicate {row.replicate}, {start}values"
                    study.check(place, values.mean(), getattr(row, f"{start}test_{judged}"), 1e-4)
    for (run, replicate), rows in (
        study.kept.groupby(["run", "replicate"]) if len(study.kept) else ()
    ):
        row = study.replicates[run].set_index("replicate").loc[replicate]
        about, place = (
            study.study["problems"][study.problem[run]],
            f"predictions.parquet, {run}, {replicate}",
        )
        target, said = rows["target"].astype(float), rows["prediction"].astype(float)
        if about["task"] == "classification":
            study.check(f"{place}, accuracy", (target == said).mean(), row["test_accuracy"], 1e-5)
        elif np.isfinite(said).all():
            squares, far = ((target - said) ** 2).mean(), (target - said).abs().mean()
            study.check(f"{place}, rmse", math.sqrt(squares), row["test_rmse"], 1e-3)
            study.check(f"{place}, mae", far, row["test_mae"], 1e-3)
            left = squares / target.var(ddof=0)
            study.check(f"{place}, r2", 1 - row["test_r2"], left, 1e-3)
    constants(study)
    together(study)
    if len(study.cost):
        took = study.cost["finished"] - study.cost["started"]
        for name, seconds, each in zip(
            study.cost["run"], study.cost["job_seconds"], took, strict=True
        ):
            if abs(seconds - each) > 0.0011:
                study.tell(f"cost.csv, {name}", f"{seconds} s, but {each} s from start to end")


def together(study):
    """ensembles.csv, from what each member says of the test rows."""
    paths = [*(study.folder / "evaluation").rglob("members.parquet")]
    said = pd.concat([pd.read_parquet(path) for path in paths]) if paths else pd.DataFrame()
    for row in study.ensembles.itertuples():
        place = f"ensembles.csv, {row.run}, {row.way}"
        if said.empty:
            study.tell(place, "what its members say is not there")
            continue
        about, lost = study.study["problems"][row.problem], study.replicates[row.run]
        lost = {*lost["replicate"][lost["diverged_at"].notna()]}
        ours = said[(said["run"] == row.run) & ~said["replicate"].isin(lost)]
        kept = study.kept[study.kept["run"] == row.run].pivot(
            index="replicate", columns="row", values=["target", "prediction"]
        )
        target = kept["target"].to_numpy(float)[0]
        each = np.stack(ours["shifted" if row.way.endswith("shifts") else "values"])
        each = each.astype(float).reshape(len(ours), len(target), -1)
        study.check(f"{place}, members", row.members, len(ours))
        study.check(f"{place}, rows", row.rows, len(target))
        if about["task"] == "classification":
            read, single = np.exp(each).mean(axis=0).argmax(axis=1), each.argmax(axis=2)
            right = (read == target).mean()
            value = {"accuracy": right, "error_rate": 1 - right}.get(row.metric)
        else:
            single, error = each[..., 0], each[..., 0].mean(axis=0) - target
            errors = {"mse": ((error / about["target_range"]) ** 2).mean(),
                      "mae": np.abs(error).mean()}  # fmt: skip
            value = errors.get(row.metric)
        if value is not None:
            study.check(f"{place}, value", row.value, value, 1e-4)
        if row.way == "ensemble":
            alone = kept["prediction"].loc[ours["replicate"]].to_numpy(float)
            if not np.allclose(alone, single, rtol=1e-4):
                study.tell(place, "its members predict other than in predictions.parquet")
        if row.metric in ("accuracy", "error_rate"):
            for name, end in zip(
                ("low", "high"), wilson(row.value * row.rows, row.rows), strict=True
            ):
                study.check(f"{place}, {name}", getattr(row, name), end)


def constants(study):
    """Who always says the same says the same whatever a run scales its target by."""
    same_rows = study.runs.columns.intersection(["problem", "replicate", "fit_on"])
    for _, rows in study.runs.groupby(list(same_rows), dropna=False):
        for column in rows.columns[rows.columns.str.startswith("constant_")]:
            values = rows[column].astype(float).dropna()
            for i, value in values.items():
                place = f"runs.csv, {rows['run'][i]}, replicate {rows['replicate'][i]}, {column}"
                study.check(place, value, values.iloc[0], 1e-4)


def figures(study):
    """Each row of each figure's CSV."""
    for path in sorted((study.folder / "figures").glob("*.csv")):
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        for i, row in enumerate(frame.to_dict("records"), start=2):
            row = {key: value for key, value in row.items() if value == value}
            place = f"figures/{path.name}, line {i}"
            if "true" in row and "rows" in row:
                drawn_matrix(study, place, row)
            elif "learned" in row:
                ends = Counter(ended(study, row["run"]).values())
                for end in ("learned", "failed", "diverged"):
                    study.check(f"{place}, {end}", row[end], ends[end] / ends.total())
                study.check(f"{place}, replicates", row["replicates"], ends.total())
            elif "trial" in row:
                drawn_trial(study, place, row)
            elif "way" in row:
                found = effect(study, row["sweep"], row["measure"], row["way"], row["change"])
                drawn(study, place, row, found)
            elif "epoch" in row and "measure" in row:
                drawn_curve(study, place, row)
            elif "series" in frame or "against" in frame:
                drawn_point(study, place, row)


def drawn(study, place, row, found, measure="", run=""):
    """A mean (or median) with its ends, as drawn, beside what it is."""
    for name, value in zip(("centre", "low", "high", "replicates"), found, strict=True):
        shown = row.get("median", row.get("mean")) if name == "centre" else row.get(name)
        study.check(f"{place}, {name}", shown, value, 1e-5)
        least, most = study.limits(measure, run) if run else (-INF, INF)
        if name != "replicates" and shown is not None and not least - 1e-9 <= shown <= most + 1e-9:
            study.tell(f"{place}, {name}", f"{shown}, which no {measure} can be")


def drawn_trial(study, place, row):
    """A trial of a search as trials.csv has it, and what it has if it was trained again."""
    search, measure = row["search"], row["measure"]
    rows = study.trials[study.trials["search"] == search].set_index("trial")
    judged = study.study["problems"][study.study["sweeps"][search]["problem"]]["metric"]
    turned = measure.endswith("_error") and judged.replace("-", "_") in HIGHER
    for name in {"value", "best", "core_seconds", "epochs_trained"} & {*row}:
        value = rows.loc[row["trial"], name]
        expected = 1 - value if turned and name in ("value", "best") else value
        study.check(f"{place}, {name}", row[name], expected)
    if "mean" in row:
        found = study.trained_again(measure, row["run"], search)
        drawn(study, place, row, found, measure, row["run"])


def drawn_curve(study, place, row):
    run, name = row["run"], row["measure"]
    split = name.partition("_")[0]
    column = f"{split}_metric" if name.endswith("_error") else name
    rows = study.histories[run]
    values = rows[column].to_numpy(float)[rows["epoch"].to_numpy() == row["epoch"]]
    values = 1 - values if name.endswith("_error") and study.judged(run)[1] else values
    values = values[np.isfinite(values)]
    ends = (values.min(), values.max()) if len(values) > 1 else (NAN, NAN)
    centre = np.median(values) if len(values) else NAN
    drawn(study, place, row, (centre, *ends, len(values)), name, run)


def changed(study, row):
    """(change, low, high, n) of a measure between two runs, as claims compare them: of what is
    positive without end the ratio of pairs, less one; of shares a part of the second mean.
    """
    metric, runs = row["measure"], [row["run"], row["against"]]
    known = [study.values(metric, run) for run in runs]
    pairs = np.array([[known[0][key], known[1][key]] for key in known[0] if key in known[1]])
    a, b = pairs[np.isfinite(pairs).all(axis=1)].T
    least, most = study.limits(metric, runs[0])
    logs = least >= 0 and most == INF and (a > 0).all() and (b > 0).all()
    plain = metric.removeprefix("shifted_")
    split = plain.partition("_")[0] if plain.startswith(("validation", "test")) else ""
    fixed = split and not study.overlap(study.problem[runs[0]], split)
    scope = f"on other {'rows' if fixed and runs[0] in study.of_rows else 'data'}" if split else ""
    piece = {"metric": metric, "runs": runs, "scope": scope}
    found = compared(study, piece, np.log(a) - np.log(b) if logs else a - b, logs)
    if logs:
        return *(math.exp(each) - 1 for each in found), len(a)
    widest = most - least
    found = (found[0], max(found[1], -widest), min(found[2], widest))
    unit, least = (b.mean(), -1.0) if least >= 0 else (1.0, -INF)
    return *(max(each / unit, least) for each in found), len(a)


def combined(study, sweep):
    """({combination of changes: its run}, their names) of an ablation, as the settings of its runs
    and the order of its changes have it.
    """
    changes, found = study.study["sweeps"][sweep]["ablation"]["changes"], {}
    runs = study.study["sweeps"][sweep]["runs"]

    def written_setting(value):
        value = "-".join(map(str, value)) if isinstance(value, list) else value
        try:
            return float(value)
        except ValueError:
            return str(value)

    keys = sorted({key for settings in changes.values() for key in settings})
    [none] = [r for r in runs if study.study["sweeps"][sweep]["ablation"]["runs"][r] == []]
    for many in range(len(changes) + 1):
        for has in combinations(changes, many):
            laid = {key: study.settings[none][key] for key in keys}
            for change in has:
                laid |= changes[change]
            laid = {key: written_setting(value) for key, value in laid.items()}
            same = [
                run for run in runs
                if laid == {key: written_setting(study.settings[run][key]) for key in keys}
            ]  # fmt: skip
            if len(same) != 1:
                study.tell(f"study.json, {sweep}", f"{' + '.join(has)} has {len(same)} runs")
            found[frozenset(has)] = same[0] if same else none
    return found, [*changes]


def steps_of(changes, way, change):
    """[(combination after, combination before, how much it counts)] of an effect: in any order the
    mean of what a change adds over all orders, one by one.
    """
    every, names = frozenset(changes), frozenset(change.split(" and "))
    if change == "all together":
        return [(every, frozenset(), 1)]
    if way == "alone":
        return [(names, frozenset(), 1)]
    if way == "last":
        return [(every, every - names, 1)]
    if way == "pair":  # the effect of one with the other, less the effect without
        [one, other] = map(frozenset, ([each] for each in sorted(names)))
        rest = [frozenset(has) for many in range(len(changes))
                for has in combinations(sorted(every - names), many)]  # fmt: skip
        return [
            (has | one | with_it, has | with_it, (1 if with_it else -1) / len(rest))
            for has in rest
            for with_it in (other, frozenset())
        ]
    orders = [*permutations(changes)]
    before = [frozenset(order[: order.index(change)]) for order in orders]
    return [(has | names, has, 1 / len(orders)) for has in before]


def effect(study, sweep, measure, way, change):
    """(mean, low, high, n) of what a change does to a measure, within replicates: as a share of it
    where that is positive without end in every run, else as a difference.
    """
    runs, changes = combined(study, sweep)
    steps = [(runs[a], runs[b], weight) for a, b, weight in steps_of(changes, way, change)]
    used = sorted({run for step in steps for run in step[:2]})

    def finite(run):
        return {r: v for r, v in study.values(measure, run).items() if math.isfinite(v)}

    every = [v for run in runs.values() for v in finite(run).values()]
    least, most = study.limits(measure, used[0])
    logs = least >= 0 and most == INF and min(every, default=0) > 0
    known = {run: finite(run) for run in used}
    shared = sorted(set.intersection(*map(set, known.values())))
    taken = math.log if logs else float
    each = np.array([
        sum(weight * (taken(known[a][r]) - taken(known[b][r])) for a, b, weight in steps)
        for r in shared
    ])  # fmt: skip
    if not len(each):
        return NAN, NAN, NAN, 0
    split = next((s for s in ("validation", "test") if measure.startswith(s)), SPLIT.get(measure))
    overlap, rows = study.overlap(study.problem[used[0]], split), 0.0
    if split == "test" and not overlap and all(study.of_rows.get(run) for run in used):
        added = {run: np.stack([study.of_rows[run][r] for r in shared]) for run in used}
        added = {r: v / v.mean(axis=1, keepdims=True) if logs else v for r, v in added.items()}
        rows = from_rows(sum(weight * (added[a] - added[b]) for a, b, weight in steps))
    centre, (low, high) = each.mean(), ends(each, overlap, rows)
    if logs:
        return *(math.exp(value) - 1 for value in (centre, low, high)), len(each)
    widest = (most - least) * sum(abs(weight) for *_, weight in steps)
    return centre, max(low, -widest), min(high, widest), len(each)


def drawn_point(study, place, row):
    if "against" in row:
        return drawn(study, place, row, changed(study, row))
    if "run" in row:
        measure, run = row["measure"], row["run"]
        drawn(study, place, row, study.interval(measure, run), measure, run)
        for name, value in zip(("low", "high"), study.on_other_rows(measure, run), strict=True):
            study.check(f"{place}, others_{name}", row.get(f"others_{name}"), value, 1e-5)
        return
    # A standard method, which may have one name in several problems.
    split, _, what = row["measure"].partition("_")
    found = []
    for problem, about in study.study["problems"].items():
        judged = about["metric"].replace("-", "_")
        for name in [
            n for n, label in about.get("baselines", {}).items() if label == row["series"]
        ]:
            mine = (study.baselines["problem"] == problem) & (study.baselines["baseline"] == name)
            column = f"{split}_{judged if what in ('error', 'metric') else what}"
            values = study.baselines[mine][column].to_numpy(float)
            values = 1 - values if what == "error" and judged in HIGHER else values
            found.append(interval(values, 0.0, 1.0 if judged in SHARES else INF))
    shown = [row.get(key) for key in ("mean", "low", "high", "replicates")]
    if not any(all(map(alike, shown, each)) for each in found):
        study.tell(
            f"{place}, {row['series']}", f"{shown} stands there, {found} follows from baselines.csv"
        )


def drawn_matrix(study, place, row):
    rows = study.kept[study.kept["run"] == row["run"]]
    classes = list(map(str, study.study["problems"][study.problem[row["run"]]]["classes"]))
    true, said = (classes.index(written_class(row[key])) for key in ("true", "predicted"))
    many = ((rows["target"] == true) & (rows["prediction"] == said)).sum() / rows[
        "replicate"
    ].nunique()
    study.check(f"{place}, rows", row["rows"], many)


def written_class(cell):
    """A class as it is called, whatever pandas makes of it."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


# Claims ------------------------------------------------------------------------------------------


def leaves(rule):
    """[(kind, what stands under it)] of the rules that a rule combines, in order."""
    for kind in ("all", "any"):
        if kind in rule:
            return [leaf for part in rule[kind] for leaf in leaves(part)]
    return [next((kind, spec) for kind, spec in rule.items() if kind not in ("about", "decides"))]


def stated(entry, name):
    """A source value as a number, in the units of the tables."""
    about = entry["source"][name]
    unit = {"%": 0.01, "min": 60, "h": 3600, "day": 86400}.get(about.get("unit", ""), 1)
    return float(about["value"]) * unit


def judged(study):
    """Each piece of claims.json: its number, interval, count, and every number of its sentences."""
    for claim in study.claims:
        entry = study.rules.get(claim["id"])
        if entry is None and study.rules:
            study.tell(f"claims.json, {claim['id']}", "no such claim is in claims.yaml")
            continue
        told = []
        for i, piece in enumerate(claim["pieces"] + claim["shown"]):
            place = f"claims.json, {claim['id']}, piece {i + 1} ({piece['about']})"
            known = numbers_of(study, piece, entry)
            told += known
            for key in ("text", "brief", "claimed", "groups"):
                if piece["rule"] not in ("fact", "untestable"):
                    for lost in unexplained(piece[key], known):
                        study.tell(
                            f"{place}, {key}", f"{lost} in “{piece[key]}” is no number of it"
                        )
        if entry and claim["pieces"]:
            specs = [leaf for rule in [entry["rule"]] for leaf in leaves(rule)]
            for (kind, spec), piece in zip(specs, claim["pieces"], strict=True):
                follows(
                    study,
                    f"claims.json, {claim['id']} ({piece['about']})",
                    kind,
                    spec,
                    piece,
                    entry,
                )
        for piece in claim["shown"]:
            if piece["rule"] == "measure":
                spec = {"metric": piece["metric"], "of": {}}
                follows(
                    study,
                    f"claims.json, {claim['id']} ({piece['about']})",
                    "measure",
                    spec,
                    piece,
                    {},
                )
        counts = Counter(
            p["verdict"] for p in claim["pieces"] if p["verdict"] != "set up as written"
        )
        if claim["tally"]:
            held = f"{counts['reproduced']} of {counts.total()} hold"
            if not claim["tally"].startswith(held):
                study.tell(f"claims.json, {claim['id']}, tally", f"{claim['tally']}, but {held}")


def numbers_of(study, piece, entry):
    """Every number that a sentence of a piece can speak of."""
    known = [piece["n"], *range(piece["n"] + 1), piece["diverged"], 0.95, 0.9, 0.05]
    known += [piece[key] for key in ("number", "low", "high", "stated", "adjusted", "p")]
    known += [end for end in piece["passes"] if end is not None]
    for name in (entry or {}).get("source", {}):
        try:
            known.append(stated(entry, name))
        except ValueError:
            continue
    if piece["rule"] == "ratio":
        known += [a / b for a in known[-9:] for b in known[-9:] if a and b]
    values = {}
    for run in piece["runs"]:
        settings = study.settings[run][study.study["parameters"]]
        known += [value for value in settings if isinstance(value, int | float | np.number)]
        known += [float(number) for number in re.findall(r"\d+", run)]
        metric = "" if piece["rule"] in ("shape", "fact", "untestable") else piece["metric"]
        if piece["metric"] == "above":
            metric = next(
                spec["metric"] for _, spec in leaves(entry["rule"]) if "threshold" in spec
            )
        values[run] = np.array([*study.values(metric, run).values()]) if metric else []
        known += [len(values[run]), *range(len(values[run]) + 1), *values[run]]
    if piece["rule"] == "value" and len(piece["runs"]) == 1:
        [run] = piece["runs"]
        if len(values[run]) > 2 and np.isfinite(values[run]).all():
            known += draw(values[run], *study.limits(piece["metric"], run))
    both = len(values) == 2 and all(np.isfinite(each).all() for each in values.values())
    if piece["rule"] == "same" and both and piece["number"] is not None:
        known += same_ends(study, piece, values)
    if piece["rule"] == "trend" and piece["n"] and len(piece["runs"]) > 1:
        known += chance(len(piece["runs"]), piece["n"])
    rules = json.dumps([entry["rule"], entry.get("evidence", [])]) if entry else ""
    margins = re.findall(r"\d+(?:\.\d+)?", rules)
    tests = re.search(r"among (\d+) tests", piece["text"])
    known += [float(tests[1])] if tests else []
    return known + [float(m) * s for m in margins for s in (1, 0.01)]


def same_ends(study, piece, values):
    """The ends of the 90 % interval of a comparison, from its 95 % one by the same spread."""
    a, b = values.values()
    if not piece["signed"]:
        a, b = np.log(a), np.log(b)
    found = compared(study, piece, a - b, not piece["signed"], 0.9)[1:]
    return [*found] if piece["signed"] else [*map(math.exp, found)]


@cache
def chance(points, n):
    """What the mean of n rank correlations over so many points reaches once in twenty by chance."""
    draws = np.random.default_rng(0)
    orders = np.argsort(draws.random((20_000, n, points)), axis=-1)
    at = np.arange(points) - (points - 1) / 2
    means = np.abs(((orders - at.max()) @ at / (at @ at)).mean(axis=1))
    return [*np.quantile(means, [0.944, 0.95, 0.956])]  # they are coarse, and another draw may jump


SPLIT = dict.fromkeys(
    ("gap", "relative_gap", "final_validation_loss", "validation_rise"), "validation"
) | dict.fromkeys(("variance_spread", "calibration_error"), "test")


def compared(study, piece, differences, logs, level=0.95):
    """(centre, low, high) of differences within replicates, for the scope of a piece."""
    metric, runs = piece["metric"].removeprefix("shifted_"), piece["runs"]
    split = next((s for s in ("validation", "test") if metric.startswith(s)), SPLIT.get(metric, ""))
    split = "test" if metric.startswith(("rank_", "coverage_")) else split
    more = {}
    if piece["scope"].startswith("on other data"):
        more["overlap"] = study.overlap(study.problem[runs[0]], split)
    elif piece["scope"].startswith("on other rows"):
        known = study.of_rows if metric == piece["metric"] else study.of_shifted
        sides = [known[run] for run in runs]
        shared = sorted(set.intersection(*map(set, sides)))
        arrays = [np.stack([side[key] for key in shared]) for side in sides]
        arrays = [a / a.mean(axis=1, keepdims=True) for a in arrays] if logs else arrays
        more["rows"] = from_rows(arrays[0] - arrays[1] if len(arrays) == 2 else arrays[0])
    return differences.mean(), *ends(differences, level=level, **more)


def side(study, spec, metric, entry):
    """(the runs of a side of a rule, how their values become one)."""
    spec = entry.get("runs", {}).get(spec, spec) if isinstance(spec, str) else spec
    if "change" in spec:
        runs = [side(study, each, metric, entry)[0][0] for each in spec["change"]]
        return runs, lambda values: values[1] / values[0]
    how = {"spread": lambda values: max(values) / min(values), "highest": max}
    return study.run_of(spec), how.get(spec.get("reduce"), min)


def sides(study, spec, piece, entry):
    """[values [n]] of the sides of an order, a same or a ratio, in the replicates that all have."""
    metric, names = piece["metric"], [*entry.get("runs", {})]
    asked = [spec[key] for key in ("lower", "higher", "of", "to", "than") if key in spec]
    numbers = [isinstance(each, str) and each not in names for each in asked]
    found = [
        side(study, each, metric, entry)
        for each, number in zip(asked, numbers, strict=True)
        if not number
    ]
    known = {run: study.values(metric, run) for runs, _ in found for run in runs}
    keys = [key for key in known[found[0][0][0]] if all(key in each for each in known.values())]
    made = [
        np.array([how([known[run][key] for run in runs]) for key in keys]) for runs, how in found
    ]
    for place, number in enumerate(numbers):
        if number:
            made.insert(place, np.full(len(keys), stated(entry, asked[place])))
    return made


def follows(study, place, kind, spec, piece, entry):
    """Check number, interval and count of a piece, and that its verdict goes with them."""
    if kind == "fact" and spec["check"] == "parameters":
        trained = study.replicates[piece["runs"][0]]["parameters"].iloc[0]
        study.check(f"{place}, number", piece["number"], trained)
    if kind in ("fact", "untestable") or piece["verdict"] == "not testable" and not piece["n"]:
        return
    metric, runs, counted = piece["metric"], piece["runs"], piece["unit"] == "share"
    expected = None
    if kind == "measure" or "factor" in spec and kind == "value":
        expected = study.interval(metric, runs[0])
    elif kind == "value" and not runs:
        expected = (study.cost["job_seconds"] * study.cost["threads"]).sum(), NAN, NAN, 1
    elif kind == "value":
        values = np.array([*study.values(metric, runs[0]).values()])
        several = len(values) > 2 and np.isfinite(values).all()
        low, high = draw(values, *study.limits(metric, runs[0])) if several else (NAN, NAN)
        expected = values.mean(), low, high, len(values)
    elif kind == "shape":
        having = has(study, runs[0], spec | {"around": number_or(spec.get("around"), entry)})
        having = [bool(each) == spec.get("holds", True) for each in having]
        expected = np.mean(having), *wilson(sum(having), len(having)), len(having)
    elif kind == "trend":
        expected = trended(study, spec, piece)
    else:
        a, b = sides(study, spec, piece, entry)
        with np.errstate(all="ignore"):
            plain = np.isfinite(a).all() and np.isfinite(b).all() and not (
                counted and "replicates" in piece["text"]
            )  # fmt: skip
        if not plain:
            many = ahead(kind, spec, a, b, piece, entry, metric)
            expected = many / len(a), *wilson(many, len(a)), len(a)
        elif metric in TIMES:
            logs = np.log(a) - np.log(b)
            expected = *np.exp([np.median(logs), logs.min(), logs.max()]), len(a)
            expected = expected if len(a) > 1 else (expected[0], NAN, NAN, 1)
        else:
            logs = not piece["signed"]
            centre, low, high = compared(
                study, piece, np.log(a) - np.log(b) if logs else a - b, logs
            )
            most = study.limits(metric, runs[0])
            width = INF if logs else most[1] - most[0]
            low, high = max(low, -width), min(high, width)
            if logs:
                centre, low, high = (math.exp(each) for each in (centre, low, high))
            expected = centre, low, high, len(a)
    for name, value in zip(("number", "low", "high", "n"), expected, strict=True):
        study.check(f"{place}, {name}", piece[name], value)
    if piece["passes"] and piece["number"] is not None:
        least, most = piece["passes"]
        holds = (least is None or least <= piece["number"]) and (
            most is None or piece["number"] <= most
        )
        wrong = {"reproduced": not holds, "not reproduced": holds and kind != "same"}
        if wrong.get(piece["verdict"]):
            told = f"{piece['verdict']}, with {piece['number']}"
            study.tell(place, f"{told}, where {least} to {most} would hold")
    if kind == "value" and piece["verdict"] == "reproduced" and "factor" not in spec:
        values = np.array([*study.values(metric, runs[0]).values()])
        half = rounding(entry["source"][spec["source"]])
        if not values.min() - half <= piece["stated"] <= values.max() + half:
            study.tell(place, f"{piece['stated']} holds, but no replicate reaches it")


def rounding(about):
    """Half a unit of the last digit of a source value."""
    mantissa, _, exponent = str(about["value"]).lower().partition("e")
    unit = {"%": 0.01, "min": 60, "h": 3600, "day": 86400}.get(about.get("unit", ""), 1)
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) * unit


def number_or(value, entry):
    return stated(entry, value) if isinstance(value, str) else value or 0


def wilson(many, n):
    """Wilson's interval of a share; none of fewer than five."""
    if n < 5:
        return NAN, NAN
    found = stats.binomtest(round(many), n).proportion_ci(0.95, "wilson")
    if many != round(many):  # a tie counts half
        z, share = stats.norm.ppf(0.975), many / n
        middle = share + z * z / 2 / n
        half = z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n)
        return max((middle - half) / (1 + z * z / n), 0), min((middle + half) / (1 + z * z / n), 1)
    return found.low, found.high


def ahead(kind, spec, a, b, piece, entry, metric):
    """In how many replicates a comparison goes as claimed, ties as half."""

    def margin(key):
        value = spec.get(key)
        if isinstance(value, str) and value in entry.get("source", {}):
            about = entry["source"][value]
            return stated(entry, value), about.get("unit") == "%" and "error" not in metric
        return (float(value.strip(" %")) / 100, True) if isinstance(value, str) else (value, False)

    with np.errstate(all="ignore"):
        if kind == "ratio":
            low, high = piece["passes"] if piece["passes"] != [0.5, 1.0] else (NAN, NAN)
            claimed = spec.get("equals") or ratio_of(spec, entry)
            low, high = claimed / spec["factor"], claimed * spec["factor"]
            return int(((a / b >= low) & (a / b <= high)).sum())
        if kind == "same":
            size, share = margin("margin")
            lead = (size * b if share else size) - abs(a - b)
        else:
            sign = 1 if "higher" in spec else -1
            size, share = (
                margin("by" if "by" in spec else "within")
                if {"by", "within"} & {*spec}
                else (0, False)
            )
            size = size if "by" in spec else -size
            lead = sign * (a - (b * (1 + sign * size) if share else b + sign * size))
    return (lead > 0).sum() + (np.isnan(lead) | (lead == 0)).sum() / 2


def ratio_of(spec, entry):
    names = [spec["source"]] if isinstance(spec["source"], str) else spec["source"]
    numbers = [stated(entry, name) for name in names]
    return numbers[0] / numbers[1] if len(numbers) == 2 else numbers[0]


def trended(study, spec, piece):
    """(mean, low, high, n) of rank correlations."""
    runs, scope = piece["runs"], piece["scope"]
    if "along" in spec:
        known = [study.values(piece["metric"], run) for run in runs]
        keys = [key for key in known[0] if all(key in each for each in known)]
        places = [study.settings[run][spec["along"]] for run in runs]
        places = [INF if place == "full" else float(place) for place in places]
        each = [ranked(places, [values[key] for values in known]) for key in keys]
    else:
        each = np.nan_to_num([*study.values(piece["metric"], runs[0]).values()])
    overlap, each = 0.0, np.array(each, float)
    if scope.startswith("on other data"):
        metric = piece["metric"]
        split = "validation" if "validation" in metric or "gap" in metric else "test"
        overlap = study.overlap(study.problem[runs[0]], split)
    low, high = ends(each, overlap) if len(each) else (NAN, NAN)
    if "along" in spec and not (overlap and np.ptp(each)):
        low = high = NAN
    return each.mean(), max(low, -1.0), min(high, 1.0), len(each)


def ranked(x, y):
    """Spearman's rank correlation, 0 where either is constant."""
    if len({*x}) == 1 or len({*y}) == 1:
        return 0.0
    return float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])


def family(study):
    """Adjusted p values follow from all of the file's by Benjamini and Hochberg's procedure."""
    pieces = [
        piece for claim in study.claims for piece in claim["pieces"] if piece["p"] is not None
    ]
    keys = [(p["metric"], frozenset(p["runs"]), p["n"], round(p["p"], 12)) for p in pieces]
    values = sorted(
        {key: piece["p"] for key, piece in zip(keys, pieces, strict=True)}.items(),
        key=lambda kv: kv[1],
    )
    adjusted, least = {}, 1.0
    for place, (key, p) in reversed([*enumerate(values, start=1)]):
        adjusted[key] = least = min(least, p * len(values) / place)
    for key, piece in zip(keys, pieces, strict=True):
        study.check(
            f"claims.json, {piece['about']}, adjusted", piece["adjusted"], adjusted[key], 1e-4
        )
        level = study.study.get("level", 0.05)
        found = (
            ("not reproduced",)
            if piece["rule"] == "value"
            else ("reproduced", "partly reproduced", "not reproduced")
        )
        if (
            piece["adjusted"] is not None
            and piece["verdict"] in found
            and piece["adjusted"] > level
        ):
            study.tell(
                f"claims.json, {piece['about']}",
                f"{piece['verdict']} at an adjusted p of {piece['adjusted']}",
            )


# The report --------------------------------------------------------------------------------------


def excused(study):
    """The numbers that the article has from elsewhere, and says so in a comment before the line."""
    path = study.article
    lines = path.read_text(encoding="utf-8").split("\n") if path and path.is_file() else []
    after = (line for before, line in pairwise(lines) if before.startswith("{# typed:"))
    return [number[1] for line in after for number in written(line)]


def report(study):
    path = study.folder / "report.html"
    page = Page(path.read_text(encoding="utf-8")).top
    for table in page.nodes("table"):
        read_table(study, table)
    cards(study, page)
    overview(study, page)
    prose(study, page)


def cell_text(cell):
    return " ".join(cell.text().split())


def title_of(table):
    captions = [*table.nodes("caption")]
    return cell_text(captions[0]) if captions else ""


def read_table(study, table):
    """A table of runs and standard methods, of ranks, or of costs, cell by cell."""
    title = title_of(table)
    heads = [cell_text(each) for head in table.nodes("thead") for each in head.nodes("th")]
    rows = [row for body in table.nodes("tbody") for row in body.nodes("tr")]
    if "Wall time" in heads and "Core time" in heads:
        return costs(study, title, table, rows)
    if "Predicted by" in heads:
        return predicted(study, rows)
    if "Trained again" in heads:
        return finalists(study, title, rows)
    if title.endswith(OF_EFFECTS) and " of the sweep " in title:
        return effects(study, title, table)
    ranked_rows, runs = [], []
    for row in rows:
        cells = [each for each in row.children if isinstance(each, Node)]
        if len(cells) != len(heads):
            continue
        named = dict(zip(heads, cells, strict=True))
        links = [row, *row.nodes()]
        run = next((each.get("data-run") for each in links if each.get("data-run")), "")
        place = f"report.html, {title[:60]}, {run or cell_text(cells[0])}"
        if run in study.settings:
            ranked_rows.append((run, named, place))
            runs.append((cell_text(cells[0]).lower(), run))
            check_run(study, run, named, place)
        elif "baseline" in cell_text(cells[0]):
            label = cell_text(cells[0]).removesuffix(" baseline")
            check_method(study, label, named, place, runs)
    if "Place" in heads and ranked_rows:
        check_places(study, ranked_rows)


def predicted(study, rows):
    """A table of one network, of one averaged over shifts, and of ensembles."""
    for row in rows:
        head, way, here, others, many = [each for each in row.children if isinstance(each, Node)]
        run = next(each.get("data-run") for each in head.nodes() if each.get("data-run"))
        place, shifted = f"report.html, {run}, {cell_text(way)}", "shifts" in cell_text(way)
        if "ensemble" in cell_text(way):
            of = study.ensembles[study.ensembles["run"] == run]
            one = of[of["way"].str.endswith("shifts") == shifted].iloc[0]
            found, wide = (one["value"], NAN, NAN, 1), (one["low"], one["high"])
            study.check(f"{place}, members", written_whole(way), one["members"])
        else:
            measure = f"{'shifted_' * shifted}test_metric"
            found, kept = (
                study.interval(measure, run),
                study.of_shifted if shifted else study.of_rows,
            )
            wide, values = (NAN, NAN), [*kept.get(run, {}).values()]
            if len(values) > 1:
                limits = study.limits(measure, run)
                logs = limits[0] >= 0 and limits[1] == INF and min(map(np.mean, values)) > 0
                parts = [each / each.mean() for each in values] if logs else values
                wide = interval([*map(np.mean, values)], *limits, from_rows(np.stack(parts)))[1:3]
        check_shown(study, place, here, *found)
        study.check(f"{place}, n", int(cell_text(many)), found[3])
        for number, end in zip(written(cell_text(others)), wide, strict=False):
            if not says(number, end):
                study.tell(place, f"{number[0]} stands there for other rows, {end} follows")
        if math.isnan(wide[0]) != (cell_text(others) == "–"):
            study.tell(place, f"{cell_text(others)} stands there, {wide} follows")


def finalists(study, title, rows):
    """A table of what the best trials of a search had there and have when trained again."""
    search = re.search(r"of the search ([\w-]+)", title)[1]
    trials = study.trials[study.trials["search"] == search]
    many = int(re.search(r"of ([\d,]+) trial", title)[1].replace(",", ""))
    study.check(f"report.html, {title[:60]}, trials", many, len(trials))
    for row in rows:
        head, value, again, worse, test = [each for each in row.children if isinstance(each, Node)]
        run = next(each.get("data-run") for each in head.nodes() if each.get("data-run"))
        place, (_, higher) = f"report.html, finalist {run}", study.judged(run)
        trial = trials[(trials["run"] == run) & (trials["state"] == "finished")].iloc[0]
        found = study.trained_again("validation_metric", run, search)
        study.check(f"{place}, trial", written_whole(head), trial["trial"])
        check_shown(study, place, again, *found)
        check_shown(study, place, test, *study.trained_again("test_metric", run, search))
        fall = (found[0] - trial["value"]) * (-1 if higher else 1)
        for cell, expected in ((value, trial["value"]), (worse, fall)):
            if not says(written(cell_text(cell))[0], expected):
                study.tell(place, f"{cell_text(cell)} stands there, {expected} follows")


OF_EFFECTS = "number of replicates."
DEFAULT = "test_error"


def effects(study, title, table):
    """A table of what changes are worth, or of pairs of them that depend on each other.

    What is measured stands there in words; the article says it by its name: of those that it asks
    for the one by which all cells are right.
    """
    sweep = re.search(r"of the sweep “([\w-]+)”", title)[1]
    asked = re.findall(r'table\("ablation", ([^)]*)\)', study.article.read_text())
    asked = [each for each in asked if f'sweep="{sweep}"' in each] or [""]
    names = {(re.findall(r'measure="(\w+)"', each) or [DEFAULT])[0] for each in asked}
    found = []
    for measure in sorted(names):
        wrong = Study.__new__(Study)
        wrong.wrong = []
        worth(study, wrong, sweep, measure, table)
        found.append(wrong.wrong)
    study.wrong += min(found, key=len)


def worth(study, wrong, sweep, measure, table):
    """The cells of such a table, of one measure; what disagrees goes to `wrong`."""
    changes = [*study.study["sweeps"][sweep]["ablation"]["changes"]]
    said = {each.replace("-", " "): each for each in changes} | {"All together": "all together"}
    heads = [cell_text(each) for head in table.nodes("thead") for each in head.nodes("th")]
    pairs, seen = "Pair" in heads, []
    for row in [row for part in ("tbody", "tfoot") for each in table.nodes(part)
                for row in each.nodes("tr")]:  # fmt: skip
        head, *cells = [each for each in row.children if isinstance(each, Node)]
        name = cell_text(head) if pairs else " ".join(head.text(["muted"]).split())
        change = " and ".join(said[each] for each in name.split(" and "))
        seen.append(change)
        for way, cell in zip(heads[1:], cells, strict=True):
            if cell_text(cell) == "–":
                continue
            way = "pair" if pairs else way.lower()
            of = effect(study, sweep, measure, way, change)
            place = f"report.html, effects of {sweep} on {measure}, {change}, {way}"
            check_shown(wrong, place, cell, *of)
            many = cell_text(next(cell.nodes("span", class_="n")))
            study_n = int(re.search(r"\d+", many)[0])
            Study.check(wrong, f"{place}, n", study_n, of[3])
    if pairs:
        for pair in map(" and ".join, combinations(changes, 2)):
            _, low, high, _ = effect(study, sweep, measure, "pair", pair)
            if (low > 0 or high < 0) != (pair in seen):
                wrong.wrong.append(f"report.html, {sweep}, {measure}, {pair}: {low} to {high}")


def of_finalists(study, measures=("validation_metric", "test_metric")):
    """{run: what was measured of it, in its search and when trained again}."""
    found = {}
    for search, about in study.study["sweeps"].items():
        for run in about["runs"] if "search" in about else ():
            trial = study.trials[(study.trials["run"] == run) & (study.trials["search"] == search)]
            again = [study.trained_again(measure, run, search)[:3] for measure in measures]
            falls = [again[0][0] - trial["value"].iloc[0], trial["value"].iloc[0] - again[0][0]]
            found[run] = [trial["value"].iloc[0], *falls, *again[0], *again[1]]
    return found


def written_whole(cell):
    """The first whole number in a cell."""
    return int(re.search(r"\d+", cell_text(cell))[0])


def check_run(study, run, named, place):
    """The cells of a row about a run: means, intervals, counts."""
    n = study.interval("test_metric", run)[3]
    for head, cell in named.items():
        split = next((key for key, text in SPLITS.items() if text == head), "")
        if split or head == "Gap":
            measure = f"{split}_metric" if split else "gap"
            centre, low, high, many = study.interval(measure, run)
            check_shown(study, f"{place}, {head}", cell, centre, low, high, many)
        elif head == "n":
            valid = study.interval("validation_metric", run)[3]
            full = len(study.replicates[run])
            if int(cell_text(cell).replace(",", "")) not in (n, valid, full):
                study.tell(f"{place}, n", f"{cell_text(cell)} stands there, {n} have a value")
        elif head == "Diverged":
            many = study.replicates[run]["diverged_at"].notna().sum()
            study.check(f"{place}, Diverged", int(cell_text(cell).replace("–", "0")), many)


def check_shown(study, place, cell, centre, low, high, many):
    """A cell with a mean and, in words or in its title, an interval."""
    text = cell_text(cell)
    if not many:
        if written(text):
            study.tell(place, f"{text} stands there, of no replicate")
        return
    first = written(text)[0]
    if not says(first, centre) and not says(first, -centre if text.startswith("−") else centre):
        study.tell(place, f"{first[0]} stands there, {centre} follows from runs.csv")
    told = [each for each in cell.nodes("span", class_="interval")]
    told = [
        cell_text(each)
        for each in told
        if re.search(r" to ", each.text()) and " of " not in each.text()
    ]
    told += [cell.get("title")] if cell.get("title") else []
    for each in told:
        if each.startswith("others"):
            continue
        for number, end in zip(written(each), (low, high), strict=True):
            if not says(number, end):
                study.tell(place, f"an end of {each} stands there, {end} follows from runs.csv")
    known = not math.isnan(low)
    if known != bool([each for each in told if not each.startswith("others")]):
        study.tell(
            place, f"an interval {'lacks' if known else 'stands there'} with {many} replicates"
        )


def check_method(study, label, named, place, runs):
    """The cells of a row about a standard method; runs: those above it, [(what it begins with,
    run)], one of which it is held against.
    """
    found = []
    for problem, about in study.study["problems"].items():
        for name in [n for n, text in about.get("baselines", {}).items() if text == label]:
            mine = (study.baselines["problem"] == problem) & (study.baselines["baseline"] == name)
            wrong, judged = Study.__new__(Study), about["metric"].replace("-", "_")
            wrong.wrong = []
            for split, head in SPLITS.items():
                values = study.baselines[mine].reindex(columns=[f"{split}_{judged}"])
                values = values.to_numpy(float)[:, 0]
                limits = (
                    (-INF if judged == "r2" else 0.0),
                    1.0 if judged in (*SHARES, "r2") else INF,
                )
                if head in named:
                    shown = interval(values, *limits)
                    check_shown(wrong, f"{place}, {head}", named[head], *shown)
                elif np.isfinite(values).any():
                    wrong.tell(place, f"{head} is not there, and is known")
            for head in [head for head in named if head.startswith("Against ")]:
                whose = head.removeprefix("Against ")
                run = next(run for text, run in runs if text.startswith(whose))
                methods = study.baselines[mine].set_index("replicate")[f"test_{judged}"]
                apart = against(study, run, methods.dropna(), limits)
                check_shown(wrong, f"{place}, {head}", named[head], *apart)
            found.append(wrong.wrong)
    if found and all(found):
        study.wrong += min(found, key=len)


def against(study, run, methods, limits):
    """By how much a standard method's test metric is more than a run's, or how many times, within
    the replicates of both. methods: by replicate.
    """
    ours = study.values("test_metric", run)
    shared = [key for key in methods.index if math.isfinite(ours.get(key, NAN))]
    theirs, ours = methods[shared].to_numpy(float), np.array([ours[key] for key in shared])
    if limits[0] >= 0 and limits[1] == INF and (theirs > 0).all() and (ours > 0).all():
        *found, n = interval(np.log(theirs / ours))
        return *(math.exp(each) for each in found), n
    return interval(theirs - ours)


def order_of(study, runs, split):
    """Runs from the best mean to the worst; those of which a replicate diverged last."""

    def error(run):
        lost = study.replicates[run]["diverged_at"].notna().any()
        mean = study.interval(f"{split}_error", run)[0]
        return INF if lost or math.isnan(mean) else mean

    return sorted(runs, key=error)


def searched(study, problem):
    sweeps = study.study["sweeps"].values()
    names = [r for s in sweeps if s["problem"] == problem and s["grid"] for r in s["runs"]]
    return [run for run in dict.fromkeys(names) if run in study.settings]


def check_places(study, rows):
    runs = [run for run, *_ in rows]
    candidates = searched(study, study.problem[runs[0]])
    if not {*runs} <= {*candidates}:
        sweeps = [s["runs"] for s in study.study["sweeps"].values() if {*runs} <= {*s["runs"]}]
        candidates = (
            [[r for r in min(sweeps, key=len) if r in study.settings]] if sweeps else [runs]
        )
        candidates = candidates[0]
    order = order_of(study, candidates, "validation")
    for run, named, place in rows:
        study.check(f"{place}, Place", int(cell_text(named["Place"])), order.index(run) + 1)


def costs(study, title, table, rows):
    """Wall and core time by how many cores were busy, and that the rows add up to the total."""
    events = sorted(
        event for row in study.cost.itertuples()
        for event in ((row.started, row.threads), (row.finished, -row.threads))
    )  # fmt: skip
    busy, cores = Counter(), 0
    for (at, change), (after, _) in zip(events, events[1:], strict=False):
        cores += change
        busy[round(cores)] += after - at if cores > 0 else 0
    wall, core = sum(busy.values()), (study.cost["job_seconds"] * study.cost["threads"]).sum()
    expected = [
        (count, seconds, count * seconds)
        for count, seconds in sorted(busy.items())
        if seconds > 0 and count
    ]
    feet = [row for foot in table.nodes("tfoot") for row in foot.nodes("tr")]
    for row, told in zip([*rows, *feet], [*expected, (None, wall, core)], strict=True):
        first, *cells = [each for each in row.children if isinstance(each, Node)]
        for cell, value in zip(cells, told[1:], strict=True):
            text = cell_text(cell)
            taken = alike(float(cell.get("data-value") or value), value, 1e-3)  # as it is copied
            if not taken or not says(written(text)[0], value):
                study.tell(
                    f"report.html, {title[:40]}, {cell_text(first)}",
                    f"{text} stands there, {value} s follows",
                )
    total = sum(each[2] for each in expected)
    if abs(total - core) > 0.002 * len(study.cost) + 1e-6 * core:
        study.tell("cost.csv", f"the rows of the table add up to {total} s, all jobs to {core} s")


def cards(study, page):
    """What the card of each claim says is what claims.json says, with its counts."""
    told = {claim["id"]: claim for claim in study.claims}
    for card in page.nodes("div", class_="claim"):
        claim = told[card.get("id").removeprefix("claim-")]
        text = " ".join(card.text().split())
        place = f"report.html, claim {claim['id']}"
        pieces = [" ".join(each.text().split()) for each in card.nodes("li", class_="piece")]
        if len(pieces) != len(claim["pieces"]):
            study.tell(
                place, f"{len(pieces)} pieces stand there, {len(claim['pieces'])} were judged"
            )
        for piece in claim["pieces"] + claim["shown"]:
            # What is only shown is held against nothing.
            for key in ("text", "groups", "claimed") if piece["counts"] else ("text", "groups"):
                needed = " ".join(piece[key].split())
                if needed and needed not in text and piece["rule"] not in ("fact", "untestable"):
                    study.tell(place, f"“{needed}” is not there")
            counts = {p["n"] for p in claim["pieces"] if p["about"] == piece["about"]}
            for each in pieces:
                shown = re.search(r"n = (\d+)", each)
                mine = piece["about"] in each and " ".join(piece["text"].split()) in each
                if shown and mine and int(shown[1]) not in counts:
                    study.tell(place, f"n = {shown[1]} stands there, of {piece['n']} replicates")
        entry = study.rules.get(claim["id"])
        every = claim["pieces"] + claim["shown"]
        pool = [value for piece in every for value in numbers_of(study, piece, entry)]
        texts = " ".join(piece["text"] for piece in every if piece["rule"] == "fact")
        pool += [value for _, value, *_ in written(texts)]  # of sizes, which are no measures
        for key in ("why", "lesson") if every else ():  # without pieces it names runs
            for lost in unexplained(claim[key], pool + typed(entry, key)):
                study.tell(
                    f"claims.json, {claim['id']}, {key}",
                    f"{lost} in “{claim[key]}” is no number of the claim",
                )


def typed(entry, key):
    """The numbers that a claim's own sentences hold."""
    return [
        number
        for _, number, *_ in written(json.dumps((entry or {}).get(key, ""), ensure_ascii=False))
    ]


PIPS = {
    **{"held": "reproduced", "only in direction": "partly reproduced", "failed": "not reproduced"},
    **{"open": "undecided", "not testable": "not testable"},
    "set up as written": "set up as written",
}


def overview(study, page):
    """Counts of claims and pieces, of runs and trainings."""
    pieces = Counter(piece["verdict"] for claim in study.claims for piece in claim["pieces"])
    for item in page.nodes("span", class_="legend-item"):
        many, _, what = " ".join(item.text().split()).partition(" ")
        study.check(f"report.html, legend, {what}", int(many), pieces[PIPS[what]])
    claims = Counter(claim["verdict"] for claim in study.claims)
    for item in page.nodes("p", class_="verdict-count"):
        many, _, verdict = " ".join(item.text().split()).partition(" ")
        study.check(f"report.html, all claims, {verdict}", int(many), claims[verdict])
    for item in page.nodes("p", class_="tally"):
        text = " ".join(item.text().split())
        total, *rest = [
            NAMES.index(w) if w in NAMES else int(w)
            for w in re.findall(rf"\b(?:{'|'.join(NAMES)}|\d+)\b", text)
        ]
        if sum(rest) != total:
            study.tell("report.html, tally", f"“{text}” does not add up")
    facts = " ".join(next(page.nodes("dl", class_="key-facts")).text().split())
    runs, trainings = (
        int(n.replace(",", ""))
        for n in re.search(r"Trained ?([\d,]+) \w+, ([\d,]+)", facts).groups()
    )
    study.check("report.html, configurations", runs, len(study.settings))
    study.check("report.html, trainings", trainings, len(study.runs))


# What of an article is no prose, or is read elsewhere.
ELSEWHERE = [
    *("table", "figure", "details", "claim", "models", "claims-strip", "lessons", "claim-text"),
    *("trap", "by-verdict", "key-facts", "code", "byline", "num", "interval"),
]


def prose(study, page):
    """Numbers that lead to a run, ranks, who is ahead, and whatever else has a unit."""
    names = [
        c
        for c in study.runs.columns
        if re.match("train_|validation_|test_|shifted_|gap|rank_|coverage_|variance", c)
    ]
    again = of_finalists(study)
    for link in page.nodes("a", class_="num"):
        run = link.get("data-run")
        text = " ".join(link.text().split())
        if run in study.settings and written(text):
            asked = [*names, "relative_gap", *CURVES, *(TIMES if len(study.timing) else ())]
            found = [*(study.interval(name, run)[0] for name in asked), *again.get(run, ())]
            if not any(says(written(text)[0], value) for value in found):
                study.tell(f"report.html, link to {run}", f"{text} is no mean of it")
    best = [node for node in page.nodes("p", class_="note")]
    for note in best:
        text = " ".join(note.text().split())
        if "were searched" in text:
            check_standing(study, text)
        if "ahead of" in text:
            check_ahead(study, text)
    article = next(page.nodes("article"))
    known = [0.95, 0.05, 0.8, 0.5, 0.9, 1.0]
    known += [
        v
        for c in study.claims
        for p in c["pieces"] + c["shown"]
        for v in (p["number"], p["stated"])
    ]
    for problem in study.study["problems"]:
        for name in study.study["problems"][problem].get("baselines", {}):
            mine = (study.baselines["problem"] == problem) & (study.baselines["baseline"] == name)
            judged = study.study["problems"][problem]["metric"].replace("-", "_")
            known.append(study.baselines[mine][f"test_{judged}"].mean())
    known += [value for values in again.values() for value in values]
    known += excused(study)
    for number in written(article.text(ELSEWHERE)):
        if number[3] and not any(says(number, value) for value in known):
            study.tell("report.html, article", f"{number[0]} follows from nothing")


def check_standing(study, text):
    """`Of the 24 configurations that were searched, the source’s is 12th by validation and …`."""
    many = int(re.search(r"Of the ([\d,]+) ", text)[1].replace(",", ""))
    grids = {problem: searched(study, problem) for problem in study.study["problems"]}
    fitting = [runs for runs in grids.values() if len(runs) == many]
    if not fitting:
        study.tell(
            "report.html, the search",
            f"{many} configurations stand there, {[*map(len, grids.values())]} were searched",
        )
    places = re.findall(r"(\d+)\w\w by validation and (\d+)\w\w by the test", text)
    told = [tuple(map(int, pair)) for pair in places]
    for runs in fitting:
        orders = [order_of(study, runs, split) for split in ("validation", "test")]
        pairs = {tuple(order.index(run) + 1 for order in orders) for run in runs}
        chosen = study.study["problems"][study.problem[runs[0]]]["best"]["run"]
        first = tuple(order.index(chosen) + 1 for order in orders if chosen in order)
        if {*told} <= pairs and (not told or not first or told[-1] == first):
            return
    if fitting:
        study.tell(
            "report.html, the search", f"“{text}”: no configuration of the search has these places"
        )


def check_ahead(study, text):
    """`…, two of the standard methods are ahead of …: A (97 %), B (96 %).`; or none is."""
    told = []
    for sentence in re.findall(
        r"(\w+) of the standard methods (?:is|are) ahead of ([^:]+): (.*?\))\.(?= |$)", text
    ):
        names = re.findall(r"(.+?) \(([^()]+)\)(?:, |$)", sentence[2])
        told.append((sentence[1], {name.strip(", "): shown for name, shown in names}))
        if NAMES.index(sentence[0]) != len(names):
            study.tell("report.html, ahead", f"{sentence[0]} stands there, {len(names)} are named")
    told += [(who, {}) for who in re.findall(r"No standard method is ahead of ([^.]+)\.", text)]
    wrong = [[each for who, methods in told for each in ahead_of(study, problem, who, methods)]
             for problem in study.study["problems"]]  # fmt: skip
    if all(wrong):
        study.wrong += min(wrong, key=len)


def ahead_of(study, problem, who, methods):
    """What is wrong with the standard methods said to be ahead on a problem."""
    about = study.study["problems"][problem]
    judged = about["metric"].replace("-", "_")
    sign = 1 if judged in HIGHER else -1
    means = {
        about["baselines"][name]: rows[f"test_{judged}"].mean()
        for name, rows in study.baselines[study.baselines["problem"] == problem].groupby("baseline")
    }
    own = [about["best"]["run"]] if "choice" in who else study.settings
    for run in own:
        mean = study.interval("test_metric", run)[0] if study.problem[run] == problem else NAN
        if {name for name, value in means.items() if sign * (value - mean) > 0} == {*methods}:
            break
    else:
        return [f"report.html, ahead of {who}: {[*methods]} stand there, of {means}"]
    return [
        f"report.html, ahead of {who}: {name} ({shown}) is {means[name]}"
        for name, shown in methods.items()
        if not says(written(shown)[0], means[name])
    ]


PARTS = (tables, kept_weights, figures, judged, family, report)


def walk(folder, claims=None, parts=PARTS):
    """[what disagrees] in a results folder; claims: the path of claims.yaml that judged it."""
    study = Study(folder, claims)
    for part in parts:
        part(study)
    return study.wrong


if __name__ == "__main__":
    found = walk(*sys.argv[1:])
    print(*found, f"{len(found)} disagreements", sep="\n")
    sys.exit(bool(found))
