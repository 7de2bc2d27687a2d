"""What the templates of the report speak of, worked out before any of them is filled in."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ..claims import sources
from ..claims.conditions import OUTCOMES, condition_grid
from ..shapes import IMAGE_SIZE, feature_sizes
from . import numbers
from .intervals import mean_intervals
from .runs import Measure
from .statements import tally, tally_text

# Where the source makes its statements: topic -> statements in the order of the source. A statement
# that is not named here comes at the end of its section.
TOPICS = {
    "classification": ["cnn-architecture", "cnn-training", "cnn-accuracy"],
    "regression": ["mlp-architecture", "mlp-training", "mlp-error"],
    "cost": ["training-time", "tuning-cost", "tuning-gain"],
    "architecture": [
        "capacity-train", "depth-gap", "dropout-unneeded", "conv-beats-dense", "conv-depth-helps",
        "dense-depth-hurts", "width-helps", "capacity-time",
    ],
    "optimization": [
        "lr-too-high", "lr-shallow", "lr-deep", "lr-conv", "adam-beats-sgd", "adam-smoother",
    ],
    "batches": ["batch-noise", "batch-generalisation", "batch-lr", "batch-speed"],
    "losses": [
        "entropy-beats-mse", "gaussian-higher", "gaussian-sensitive", "gaussian-depth",
        "gaussian-close", "variance-falls",
    ],
}  # fmt: skip
# The last topic of each section takes the statements that no topic names.
LAST_TOPICS = {"1.1": "classification", "1.2": "regression", "2.1": "cost"}
OTHERS = "others"

GRID_ROWS = 6

BASELINES = {
    "softmax-regression": "Softmax regression", "nearest-neighbours": "k nearest neighbours",
    "rbf-svm": "Support-vector machine (RBF)", "linear-regression": "Linear regression",
    "random-forest": "Random forest", "gradient-boosting": "Gradient boosting",
}  # fmt: skip


@dataclass
class Best:
    """The best model of a problem: the source's configuration, and the one our search chose.

    source: the Run with the source's configuration. chosen: the Run with the best validation
    metric. searched: the Runs it was chosen from, best first; grid: the first few of them. claimed:
    {part: the source's number with its unit, as text}. claimed_values: the same in our units.
    """

    problem: str
    source: object = None
    chosen: object = None
    grid: list = field(default_factory=list)
    searched: list = field(default_factory=list)
    candidates: int = 0
    claimed: dict = field(default_factory=dict)
    claimed_values: dict = field(default_factory=dict)
    baselines: list = field(default_factory=list)

    @property
    def run(self):
        return self.source or self.chosen

    @property
    def same(self):
        return self.source is not None and self.source is self.chosen


def topics(statements):
    """{topic: statements} with every statement in exactly one."""
    placed = {name: topic for topic, names in TOPICS.items() for name in names}
    found = defaultdict(list)
    for each in statements.values():
        section = each.section.split(",")[0].strip()
        found[placed.get(each.id) or LAST_TOPICS.get(section, OTHERS)].append(each)
    for topic, names in TOPICS.items():
        order = {name: i for i, name in enumerate(names)}
        found[topic].sort(key=lambda each, order=order: order.get(each.id, len(order)))
    return dict(found)


def best_models(results, runs, claims):
    """{problem: Best} of the problems that were studied."""
    entries = {entry["id"]: entry for entry in claims.get("statements") or []}
    found = {}
    for problem, statement in (("digits", "cnn-accuracy"), ("houses", "mlp-error")):
        if problem not in results.problems:
            continue
        members = [runs[name] for name in results.members(f"best-{problem}") if name in runs]
        choice = results.best.get(problem, {})
        source = sources.read_all(entries.get(statement, {}))
        # One choice may come from several grid searches, named one after the other.
        grid = dict.fromkeys(
            name
            for sweep in str(choice.get("sweep", "")).split(", ")
            for name in results.members(sweep)
        )
        searched = ranked([runs[name] for name in grid if name in runs])
        found[problem] = Best(
            problem=problem,
            source=members[0] if members else None,
            chosen=runs.get(choice.get("run")),
            searched=searched,
            grid=searched[:GRID_ROWS],
            candidates=int(choice.get("candidates", 0)),
            claimed={part: number.text for part, number in source.items()},
            claimed_values={part: number.number for part, number in source.items()},
            baselines=baselines(results.baselines, problem),
        )
    return found


def ranked(runs):
    """Runs from the best mean validation metric to the worst, those without a finite one last."""

    def place(run):
        mean = run.measure("validation_metric").mean
        if not np.isfinite(mean) or any(run.diverged):
            return (1, 0.0)
        return (0, -mean if run.metric == "accuracy" else mean)

    return sorted(runs, key=place)


def baselines(table, problem):
    """[{name, train_metric, validation_metric, test_metric, ...: Measure}] of one problem."""
    rows = []
    for name, members in table[table["problem"] == problem].groupby("baseline", sort=False):
        row = {"name": BASELINES.get(name, str(name).replace("-", " "))}
        for column in ("train_metric", "validation_metric", "test_metric", "fit_seconds"):
            values = pd.to_numeric(members[column], errors="coerce").dropna().to_numpy(float)
            if len(values):
                most = 1.0 if problem == "digits" and column != "fit_seconds" else np.inf
                found = mean_intervals(values[:, None], 0.0, most)
                mean, low, high = (float(part[0]) for part in found)
                row[column] = Measure(mean, low, high, len(values), tuple(values.tolist()))
        rows.append(row)
    return rows


def layers(run):
    """[(what, size after it)] of a convolutional network on the digits' images, or [].

    Worked out by the same arithmetic that builds the network.
    """
    known = run.settings
    if known.get("model") != "convolutional":
        return []
    channels = [int(each) for each in str(known["channels"]).split("-")]
    kernel, padding, pooling = (known[key] for key in ("kernel", "padding", "pooling"))
    sides = feature_sizes(IMAGE_SIZE, channels, kernel, padding, pooling)
    steps = [("Image", f"1 × {IMAGE_SIZE} × {IMAGE_SIZE}")]
    for count, side in zip(channels, sides, strict=True):
        what = f"Convolution {kernel} × {kernel}, padding {padding}; ReLU; "
        what += f"max pooling {pooling} × {pooling}"
        steps.append((what, f"{count} × {side} × {side}"))
    steps.append(("Flattened", str(channels[-1] * sides[-1] ** 2)))
    return steps


def cost(table):
    """What the study's training cost: core-seconds, how many were training, wall time.

    {core_seconds, training_seconds, share, wall_seconds, started, finished, blocks, busy}; busy is
    [(cores in use, seconds)]. Wall time counts only the time in which something was trained, so
    that a study resumed a day later did not take a day. None for a study without costs.
    """
    if table.empty:
        return None
    rows = table.astype(
        {name: float for name in ("started", "finished", "train_seconds", "job_seconds", "threads")}
    )
    events = sorted(
        [(at, cores) for at, cores in zip(rows["started"], rows["threads"], strict=True)]
        + [(at, -cores) for at, cores in zip(rows["finished"], rows["threads"], strict=True)]
    )
    busy, cores, before = defaultdict(float), 0.0, events[0][0]
    for at, change in events:
        if at > before and round(cores):
            busy[round(cores)] += at - before
        cores, before = cores + change, at
    core_seconds = float((rows["job_seconds"] * rows["threads"]).sum())
    training = float((rows["train_seconds"] * rows["threads"]).sum())
    return {
        "core_seconds": core_seconds,
        "training_seconds": training,
        "share": training / core_seconds if core_seconds else float("nan"),
        "wall_seconds": sum(busy.values()),
        "started": moment(rows["started"].min()),
        "finished": moment(rows["finished"].max()),
        "blocks": len(rows),
        "busy": sorted(busy.items()),
    }


def moment(seconds):
    """A time in seconds since 1970 as a date with its time zone."""
    return datetime.fromtimestamp(float(seconds), UTC)


def day(when):
    """`2 January 2026, 03:04 UTC` of a date, or of its ISO text."""
    when = datetime.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%B %Y}, {when:%H:%M} UTC"


def timed_alone(table):
    """{run: median seconds of one epoch with the machine to itself}."""
    if table.empty:
        return {}
    return table.groupby("run")["seconds_per_epoch"].median().astype(float).to_dict()


def data_rows(provenance):
    """One dictionary a raw file: its dataset's facts and its own."""
    return [
        {**about, "file": file, "plain_http": about.get("kind") == "real" and is_plain(file, about)}
        for about in provenance
        for file in about["files"]
    ]


def is_plain(file, about):
    """Whether a file's public source is served without encryption, as far as provenance tells."""
    return file["address"].startswith("http://") or "without https" in about["note"]


def conditions(results):
    """How the conditions of trap 4 ended: one dictionary for each optimizer and learning rate.

    {optimizer, learning_rate, total, learned, failed, diverged, mixed}, counting configurations by
    what became of most of their replicates (see `claims.conditions`). Empty without that sweep.
    """
    if results.history.empty or not results.members("conditions"):
        return []
    rows = results.runs[results.runs["run"].isin(results.members("conditions"))]
    grid = condition_grid(rows, results.history)
    return [
        {"optimizer": optimizer, "learning_rate": float(rate), "total": len(members)}
        | {end: int((members["outcome"] == end).sum()) for end in (*OUTCOMES, "mixed")}
        for (optimizer, rate), members in grid.groupby(["optimizer", "learning_rate"])
    ]


@dataclass
class Strip:
    """Positions, in percent of a strip's width, of replicates, mean, interval and the source."""

    dots: list
    mean: float
    low: float | None
    high: float | None
    source: float | None


def strip(measure, source=None):
    """The Strip of a Measure beside the source's number; None if there is nothing to show."""
    values = [value for value in measure.values if np.isfinite(value)]
    if not values:
        return None
    known = [*values, *(v for v in (measure.low, measure.high, source) if numbers.known(v))]
    low, high = min(known), max(known)
    span = (high - low) or abs(high) or 1.0

    def place(value):
        return round(6 + 88 * (value - low) / span, 2) if numbers.known(value) else None

    return Strip(
        [place(value) for value in values], place(measure.mean), place(measure.low),
        place(measure.high), place(source),
    )  # fmt: skip


def summary(statements):
    """The verdicts of all statements: {tally, text, total}."""
    every = list(statements.values())
    return {"tally": tally(every), "text": tally_text(every), "total": len(every)}
