"""The study: configuration -> sweeps -> runs, each named by what it is.

A run's identity is its fully resolved configuration and nothing else: keys that its model or
optimizer does not use are dropped, defaults are filled in, numbers have one form. So a comment, the
order of keys or a new sweep never renames a run, and two sweeps that hold the same configuration
share it. Knows neither torch nor Snakemake: it is read at the start of every `snakemake` call.
"""

import hashlib
import itertools
import json
from dataclasses import dataclass, field

from .configuration import check_against, describe
from .jobs import TunebookError
from .shapes import IMAGE_SIZE, feature_sizes

FLOATS = {
    "dropout", "learning_rate", "momentum", "beta1", "beta2", "alpha", "epsilon", "weight_decay",
}  # fmt: skip

# The values an optimizer has besides its learning rate, with PyTorch's defaults.
OPTIMIZERS = {
    "sgd": {"weight_decay": 0.0},
    "sgd-momentum": {"momentum": 0.9, "weight_decay": 0.0},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
    "rmsprop": {"alpha": 0.99, "epsilon": 1e-8, "weight_decay": 0.0},
}
MODELS = {
    "dense": {"widths": None},
    "convolutional": {"channels": None, "kernel": 5, "padding": 2, "pooling": 2, "widths": []},
}
COMMON = {
    "features": "scaled", "model": None, "dropout": 0.0, "loss": None, "optimizer": None,
    "learning_rate": None, "batch_size": None, "epochs": None,
}  # fmt: skip
LOSSES = {"digits": ("cross-entropy", "mse"), "houses": ("mse", "gaussian")}
PROBLEM_MODELS = {"digits": ("dense", "convolutional"), "houses": ("dense",)}
METRICS = {"digits": "accuracy", "houses": "mse"}

MOST_RUNS = 20_000


@dataclass
class Run:
    """One configuration trained: `replicates` repetitions, in blocks of `block` each."""

    name: str
    configuration: dict
    block: int
    replicates: int = 0
    sweeps: list = field(default_factory=list)

    @property
    def problem(self):
        return self.configuration["problem"]

    @property
    def blocks(self):
        """[(first, last), ...]: aligned, so that more replicates add blocks and change none."""
        starts = range(0, self.replicates, self.block)
        return [(first, min(first + self.block, self.replicates) - 1) for first in starts]

    @property
    def parts(self):
        """The folders of the blocks, below the folder of runs."""
        return [f"{self.name}/replicates-{first}-{last}" for first, last in self.blocks]


@dataclass
class Study:
    """Every run of a study, and which runs each sweep is made of, in the sweep's order."""

    configuration: dict
    runs: dict
    sweeps: dict

    def problem_runs(self, problem):
        return [run for run in self.runs.values() if run.problem == problem]

    @property
    def problems(self):
        """The problems that some run is about."""
        return sorted({run.problem for run in self.runs.values()})

    def replicates(self, problem):
        """How many replicates the most repeated run of a problem has."""
        return max(run.replicates for run in self.problem_runs(problem))

    def rows(self):
        """One dictionary a run: its name, sweeps and hyper-parameters as columns of runs.csv."""
        return [
            {"run": run.name, "sweeps": list(run.sweeps), "replicates": run.replicates,
             **columns(run.configuration)}
            for run in self.runs.values()
        ]  # fmt: skip


def resolve(problem, overrides, seed, where):
    """The full configuration of one run: relevant keys, defaults filled in, one form of numbers.

    problem: `digits` or `houses`. overrides: base and axes already merged. where: what to call
    this configuration in a message. Raises TunebookError for a combination that cannot be.
    """

    def refuse(key, found, allowed):
        raise TunebookError(f"configuration: {where}.{key}: found {found}; allowed: {allowed}")

    wanted = dict(COMMON)
    if problem == "houses":
        wanted["target"] = "scaled"
    for choice, table in (("model", MODELS), ("optimizer", OPTIMIZERS)):
        if choice not in overrides:
            refuse(choice, "nothing", "one of " + ", ".join(table))
        wanted |= table[overrides[choice]]
    resolved = {"problem": problem, "seed": seed}
    for key, default in wanted.items():
        value = overrides.get(key, default)
        if value is None:
            refuse(key, "nothing", "a value, in the sweep or in the problem's base")
        resolved[key] = one_form(key, value)
    if resolved["loss"] not in LOSSES[problem]:
        refuse("loss", resolved["loss"], f"for {problem}: {', '.join(LOSSES[problem])}")
    if resolved["model"] not in PROBLEM_MODELS[problem]:
        refuse("model", resolved["model"], f"for {problem}: {', '.join(PROBLEM_MODELS[problem])}")
    if resolved["model"] == "convolutional":
        try:
            feature_sizes(
                IMAGE_SIZE, resolved["channels"], resolved["kernel"], resolved["padding"],
                resolved["pooling"],
            )  # fmt: skip
        except TunebookError as error:
            raise TunebookError(f"configuration: {where}.channels: {error}") from None
    if resolved["dropout"] > 0 and resolved["model"] == "dense" and not resolved["widths"]:
        refuse("dropout", resolved["dropout"], "0 for a network without hidden layers")
    return dict(sorted(resolved.items()))


def one_form(key, value):
    """`value` as the run's name sees it: 1 and 1.0, 1e-3 and 0.001 are the same."""
    if key in FLOATS:
        return float(value)
    if isinstance(value, float):
        return int(value)
    if isinstance(value, list):
        return [int(item) for item in value]
    return value


def fingerprint(value):
    """SHA-256 (hexadecimal) of plain values, whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def network_slug(configuration):
    """The network in a few letters: dense100x5, dense200-50, linear, conv16-32-64."""
    widths = configuration["widths"]
    if not widths:
        dense = ""
    elif len(set(widths)) == 1:
        dense = f"{widths[0]}x{len(widths)}"
    else:
        dense = "-".join(map(str, widths))
    if configuration["model"] == "convolutional":
        slug = "conv" + "-".join(map(str, configuration["channels"]))
        slug += f"-dense{dense}" if dense else ""
    else:
        slug = f"dense{dense}" if dense else "linear"
    return slug[:40].rstrip("-")


def run_name(configuration):
    """A readable slug and eight digits of the fingerprint: the name of a run's folder."""
    parts = [
        configuration["problem"],
        network_slug(configuration),
        configuration["optimizer"],
        f"lr{configuration['learning_rate']:g}",
        f"bs{configuration['batch_size']}",
        fingerprint(configuration)[:8],
    ]
    return "-".join(parts)


def replicate_seed(seed, problem, replicate):
    """The one seed (32 bits) of a replicate, from which split, weights and batch order follow."""
    digest = hashlib.sha256(f"{seed}/{problem}/{replicate}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def columns(configuration):
    """A configuration as table columns: lists as text, counts that trends run along."""
    widths = configuration["widths"]
    channels = configuration.get("channels", [])
    row = {key: value for key, value in configuration.items() if key != "seed"}
    row["widths"] = "-".join(map(str, widths))
    row["channels"] = "-".join(map(str, channels))
    row["depth"] = len(widths) + len(channels)
    row["width"] = max(widths) if widths else None
    row["convolutions"] = len(channels)
    row["metric"] = METRICS[configuration["problem"]]
    return row


def points(sweep, name, schema):
    """The overrides of each configuration of a sweep: its axes multiplied, times its points."""
    axes = sweep.get("axes", {})
    overrides_schema = {**schema["$defs"]["overrides"], "$defs": schema["$defs"]}
    for key, values in axes.items():
        for i, value in enumerate(values):
            check_axis(key, value, f"sweeps.{name}.axes.{key}[{i}]", overrides_schema)
    total = len(sweep.get("points", [{}]))
    for values in axes.values():
        total *= len(values)
    if total > MOST_RUNS:
        raise TunebookError(
            f"configuration: sweeps.{name}: {total} configurations found; at most {MOST_RUNS}"
        )
    for point in sweep.get("points", [{}]):
        for values in itertools.product(*axes.values()):
            yield {**point, **dict(zip(axes, values, strict=True))}


def check_axis(key, value, where, schema):
    """Raise TunebookError unless `key` is a hyper-parameter and `value` is allowed for it."""
    if key not in schema["properties"]:
        raise TunebookError(
            f"configuration: {where.rsplit('[', 1)[0]}: unknown axis; allowed: "
            + ", ".join(sorted(schema["properties"]))
        )
    try:
        check_against({key: value}, schema)
    except TunebookError as error:
        allowed = str(error).split("allowed: ", 1)[-1]
        raise TunebookError(
            f"configuration: {where}: found {describe(value)}; allowed: {allowed}"
        ) from None


def expand(configuration, schema):
    """The Study of a configuration that already fits the schema.

    Raises TunebookError for what no schema can say: a sweep on a problem that is not configured,
    a combination that cannot be trained, a sweep to be timed that does not exist.
    """
    check_whole(configuration)
    study = Study(configuration, runs={}, sweeps={})
    for name, sweep in configuration["sweeps"].items():
        problem = configuration["problems"][sweep["problem"]]
        replicates = sweep.get("replicates", problem["replicates"])
        members = []
        for point in points(sweep, name, schema):
            overrides = {**problem["base"], **sweep.get("base", {}), **point}
            resolved = resolve(
                sweep["problem"], overrides, configuration["study"]["seed"], f"sweeps.{name}"
            )
            run = study.runs.setdefault(
                run_name(resolved),
                Run(
                    run_name(resolved), resolved,
                    configuration["replicates_per_job"][resolved["model"]],
                ),
            )  # fmt: skip
            run.replicates = max(run.replicates, replicates)
            if run.name not in members:
                members.append(run.name)
                run.sweeps.append(name)
        study.sweeps[name] = members
    if len(study.runs) > MOST_RUNS:
        raise TunebookError(
            f"configuration: sweeps: {len(study.runs)} configurations found; at most {MOST_RUNS}"
        )
    return study


def check_whole(configuration):
    """Raise TunebookError for parts of the configuration that contradict each other."""
    problems, sweeps = configuration["problems"], configuration["sweeps"]
    for name, sweep in sweeps.items():
        if sweep["problem"] not in problems:
            raise TunebookError(
                f"configuration: sweeps.{name}.problem: found {sweep['problem']}; "
                f"allowed: one of those under problems: {', '.join(sorted(problems))}"
            )
    for i, name in enumerate(configuration["timing"]["sweeps"]):
        if name not in sweeps:
            raise TunebookError(
                f"configuration: timing.sweeps[{i}]: found {describe(name)}; "
                f"allowed: the name of a sweep: {', '.join(sorted(sweeps))}"
            )
    shares = sum(problems.get("houses", {}).get("split", {}).values())
    if shares >= 1:
        raise TunebookError(
            f"configuration: problems.houses.split: shares sum to {shares:g}; allowed: less than 1 "
            "so that rows are left to train on"
        )
