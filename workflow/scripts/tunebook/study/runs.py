"""The study: configuration -> sweeps -> runs, each named by what it is.

A run's identity is its fully resolved configuration and nothing else: keys that its model or
optimizer does not use are dropped, defaults are filled in, numbers have one form. So a comment, the
order of keys or a new sweep never renames a run, and two sweeps that hold the same configuration
share it. Knows neither torch nor Snakemake: it is read at the start of every `snakemake` call.
"""

import hashlib
import itertools
import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..data.description import check_data
from ..jobs import TunebookError
from ..tasks import TASKS
from . import signature
from .parameters import PARAMETERS, RESERVED, TABLE, argument, asked_for, columns
from .read import check_against, describe, schema
from .sizes import SIZES, feature_sizes

MOST_RUNS = 20_000
# What a resolved configuration says of its problem, beside its hyper-parameters.
OF_PROBLEM = ("problem", "task", "metric", "seed")
# What follows from the rest and is not shown: the fingerprint of a module's code.
HIDDEN = ("code",)


@dataclass
class Run:
    """One configuration trained: `replicates` repetitions, in blocks of `block` each.

    It begins with `least` of them, and looks at the claims may ask for more, up to `most`.
    """

    name: str
    configuration: dict
    block: int
    replicates: int = 0
    sweeps: list = field(default_factory=list)
    least: int = 0
    most: int = 0

    @property
    def problem(self):
        return self.configuration["problem"]

    @property
    def blocks(self):
        """[(first, last), ...]: aligned, so that more replicates add blocks and change none.

        One begins where looks first ask for more, so that what they add changes none either.
        """
        starts = sorted({*range(0, self.replicates, self.block), self.least} - {self.replicates})
        ends = [*starts[1:], self.replicates]
        return [(first, end - 1) for first, end in zip(starts, ends, strict=True)]

    @property
    def folders(self):
        """The folders of the blocks, below the folder of runs."""
        return [f"{self.name}/replicates-{first}-{last}" for first, last in self.blocks]

    @property
    def settings(self):
        """Its hyper-parameters, the derived ones too, as plain values."""
        return settings(self.configuration)


@dataclass
class Study:
    """Every run of a study, and which runs each sweep is made of, in the sweep's order.

    folder: where the configuration lies, with all that belongs to it: claims, figures, article,
    networks and stand-ins of the study's own. figures: what figures.yaml asks for, defaults filled
    in. along: the input columns that claims and figures ask for measures along. untestable: what is
    missing for some claims; absent: what is missing for the article, by its place. forms: a
    fingerprint of each claim's rule. seen: the `counts` that earlier looks at the claims saw.
    """

    configuration: dict
    folder: Path
    runs: dict
    sweeps: dict
    figures: dict = field(default_factory=dict)
    along: list = field(default_factory=list)
    untestable: dict = field(default_factory=dict)
    absent: dict = field(default_factory=dict)
    forms: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)

    def plain(self):
        """The study as plain values, which `of_plain` makes a Study of again."""
        return asdict(self) | {"folder": str(self.folder)}

    @classmethod
    def of_plain(cls, value):
        runs = {name: Run(**run) for name, run in value["runs"].items()}
        return cls(**(value | {"folder": Path(value["folder"]), "runs": runs}))

    def problem_runs(self, problem):
        return [run for run in self.runs.values() if run.problem == problem]

    @property
    def problems(self):
        """The problems that some run is about."""
        return sorted({run.problem for run in self.runs.values()})

    def problem(self, name):
        return self.configuration["problems"][name]

    def dataset(self, problem):
        """The name of a problem's dataset."""
        return self.problem(problem)["dataset"]

    @property
    def datasets(self):
        """The names of the datasets that its problems are about."""
        return list(dict.fromkeys(map(self.dataset, self.problems)))

    def replicates(self, problem):
        """How many replicates the most repeated run of a problem has."""
        return max(run.replicates for run in self.problem_runs(problem))

    @property
    def counts(self):
        """{run: how many replicates it has}."""
        return {name: run.replicates for name, run in self.runs.items()}

    @property
    def plan(self):
        """{problem: {least, most, minutes}} of those whose replicates are added while claims are
        open; minutes (of one core, for what is added) is None where there is no such limit.
        """
        plans = {name: self.problem(name)["replicates"] for name in self.problems}
        return {
            name: {key: plan.get(key) for key in ("least", "most", "minutes")}
            for name, plan in plans.items()
            if isinstance(plan, dict) and plan["least"] < plan["most"]
        }

    def grown(self, counts):
        """The study once a look at the claims has asked for so many replicates of each run."""
        runs = {name: replace(run, replicates=counts[name]) for name, run in self.runs.items()}
        return replace(self, runs=runs, seen=[*self.seen, self.counts])

    @property
    def columns(self):
        """The hyper-parameters that tables have: see `parameters.columns`."""
        return columns(run.settings for run in self.runs.values())

    def rows(self):
        """One dictionary a run: its name, problem, sweeps and hyper-parameters, lists as text."""
        names, rows = self.columns, []
        for run in self.runs.values():
            known = {"run": run.name, "problem": run.problem, "sweeps": list(run.sweeps)}
            found = run.settings
            rows.append(known | {key: in_a_cell(found[key]) for key in names if key in found})
        return rows

    def description(self):
        """What tables, claims, figures and report are told of the study, as plain values.

        What only the data can tell (classes, units, rows) is added when tables are gathered.
        """
        looks = {
            "plan": self.plan,
            "most": {name: run.most for name, run in self.runs.items()},
            "seen": [*self.seen, self.counts],
        }
        return ({"looks": looks} if self.plan else {}) | {
            "problems": {name: self.described(name) for name in self.problems},
            "parameters": self.columns,
            "timed": self.configuration["timing"]["sweeps"],
            "level": self.configuration["study"]["level"],
            "sweeps": {
                name: {
                    "problem": sweep["problem"],
                    "question": sweep["question"],
                    "runs": self.sweeps[name],
                    "grid": sweep.get("grid", False),
                    "axes": varied(sweep),
                }
                for name, sweep in self.configuration["sweeps"].items()
            },
        }

    def described(self, name):
        """The part of the description that is about one problem."""
        problem = self.problem(name)
        baselines = problem.get("baselines", {})
        dataset = self.configuration["datasets"][problem["dataset"]]
        column_of_target = dataset.get("columns", {}).get(problem["target"], {})
        return {
            "title": problem.get("title", name.replace("-", " ").capitalize()),
            "task": problem["task"],
            "metric": judged(problem),
            "dataset": problem["dataset"],
            "target": problem["target"],
            "unit": column_of_target.get("unit", ""),
            "shape": dataset.get("image", {}).get("shape"),
            "replicates": self.replicates(name),
            "split": problem.get("split", {}),
            "baselines": {
                key: value.get("label", key.replace("-", " ")) for key, value in baselines.items()
            },
        }


def in_a_cell(value):
    """A value as a table holds it: `200-200` for a list."""
    return "-".join(map(str, value)) if isinstance(value, list) else value


def judged(problem):
    """The metric that a problem is judged and chosen by."""
    return problem.get("metric", TASKS[problem["task"]].metric)


def varied(sweep):
    """The hyper-parameters that a sweep varies: its axes, and the keys of its points."""
    names = [*sweep.get("axes", {}), *(key for point in sweep.get("points", []) for key in point)]
    return list(dict.fromkeys(names))


def layered(*layers):
    """Hyper-parameters laid over each other; the last word on the kind of network counts.

    A layer that names a module asks for it, and one that names another model gives a module up.
    """
    merged = {}
    for layer in layers:
        if "module" in layer and "model" not in layer:
            layer = {"model": "module", **layer}
        if layer.get("model", "module") != "module":
            merged.pop("module", None)
        merged |= layer
    return merged


def resolve(name, configuration, overrides, where, folder):
    """The full configuration of one run: relevant keys, defaults filled in, one form of numbers.

    name: the problem's. overrides: base and axes already merged. where: what to call this
    configuration in a message. folder: the study's. Raises TunebookError for a combination that
    cannot be.
    """
    problem = configuration["problems"][name]
    resolved = {
        "problem": name,
        "task": problem["task"],
        "metric": judged(problem),
        "seed": configuration["study"]["seed"],
    }
    arguments = module_arguments(overrides, where, folder)
    dataset = configuration["datasets"][problem["dataset"]]
    data = {"data": "images" if may_be_images(dataset) else "table"}
    for row in TABLE:
        if row.derived or row.name in arguments:
            continue
        if not row.used(resolved | data):
            check_unused(row, overrides, resolved | data, where)
            continue
        value = overrides.get(row.name, row.default_in(resolved))
        if value is None:
            allowed = "a value, in the sweep or in the problem's base"
            if row.choices:
                allowed = "one of " + ", ".join(row.choices)
            refuse(where, row.name, "nothing", allowed)
        resolved[row.name] = one_form(row, value)
    check_fitting(resolved, where)
    for key, default in arguments.items():
        value = overrides.get(key, default)
        if value is signature.REQUIRED:
            refuse(where, key, "nothing", f"a value; {resolved['module']} needs it")
        resolved[key] = one_form(PARAMETERS.get(key) or argument(key), value)
    if arguments or resolved["model"] == "module":
        file = resolved["module"].partition(":")[0]
        resolved["code"] = signature.code_hash(Path(folder, file))
    check_names(overrides, arguments, where)
    check_network(resolved, dataset, where)
    return dict(sorted(resolved.items()))


def may_be_images(dataset):
    """Whether the rows of a dataset are images, as far as can be told before it is there."""
    return "image" in dataset or dataset.get("reader") in ("images", "npz")


def check_unused(row, overrides, resolved, where):
    """Raise TunebookError for a hyper-parameter that was given where it would do nothing, if it is
    one that nobody gives by the way.
    """
    given = overrides.get(row.name, row.default)
    if row.strict and given != row.default:
        key, needed = next(item for item in row.of.items() if resolved.get(item[0]) not in item[1])
        found = f"{given} with {key} = {resolved.get(key, 'none')}"
        refuse(where, row.name, found, f"{row.default}, or {key} = {' or '.join(needed)}")


def refuse(where, key, found, allowed):
    raise TunebookError(f"configuration: {where}.{key}: found {found}; allowed: {allowed}")


def check_fitting(resolved, where):
    """Raise TunebookError for a choice that does not go with another one, or with the task."""
    for row in TABLE:
        if not row.choices or row.name not in resolved:
            continue
        for key, values in row.choices[resolved[row.name]].of.items():
            if resolved[key] not in values:
                fitting = [
                    name
                    for name, choice in row.choices.items()
                    if resolved[key] in choice.of.get(key, (resolved[key],))
                ]
                allowed = f"for {resolved[key]}: {', '.join(fitting)}"
                refuse(where, row.name, resolved[row.name], allowed)


def module_arguments(overrides, where, folder):
    """{argument: default} of the module that a configuration names; none for other models."""
    if overrides.get("model") != "module":
        return {}
    if "module" not in overrides:
        refuse(where, "module", "nothing", "FILE.py:Class, a file beside the configuration")
    file, _, name = overrides["module"].partition(":")
    try:
        found = signature.arguments(Path(folder, file), name)
    except TunebookError as error:
        raise TunebookError(f"configuration: {where}.module: {error}") from None
    for key in found:
        if RESERVED.fullmatch(key):
            refuse(where, "module", f"{name} with an argument {key}", "an argument of another name")
    return found


def check_names(overrides, arguments, where):
    """Raise TunebookError for a key that is no hyper-parameter of any model."""
    known = [row.name for row in TABLE if not row.derived]
    for key in overrides:
        if key not in known and key not in arguments:
            allowed = ", ".join(sorted([*known, *arguments]))
            raise TunebookError(
                f"configuration: {where}.{key}: unknown hyper-parameter; allowed here: {allowed}"
            )


def settle_sizes(resolved, where):
    """Say lists of equal sizes, one for each convolution, as the number that means the same.

    Raises TunebookError for a list that has not one for each.
    """
    for row in TABLE:
        if row.kind == "sizes" and isinstance(value := resolved[row.name], list):
            found, needed = len(value), len(resolved["channels"])
            if found != needed:
                allowed = f"a whole number, or a list of {needed}, one for each of the channels"
                refuse(where, row.name, f"a list of {found}", allowed)
            if len(set(value)) == 1:
                resolved[row.name] = value[0]


def check_network(resolved, dataset, where):
    """Raise TunebookError for a network that cannot be built on this dataset."""
    if resolved["model"] == "convolutional":
        settle_sizes(resolved, where)
        shape = dataset.get("image", {}).get("shape")
        if not may_be_images(dataset):
            refuse(where, "model", "convolutional", "for rows that are no images: dense, module")
        if shape is not None:
            try:
                feature_sizes(shape, **{key: resolved[key] for key in SIZES})
            except TunebookError as error:
                raise TunebookError(f"configuration: {where}.channels: {error}") from None
    if resolved["model"] == "dense" and not resolved["widths"]:
        for key in ("dropout", "activation", "normalization"):
            off = PARAMETERS[key].default
            if resolved[key] != off:
                refuse(where, key, resolved[key], f"{off} for a network without hidden layers")
    if resolved.get("normalization") == "batch" and resolved["batch_size"] == 1:
        refuse(where, "batch_size", 1, "2 or more rows for normalization over the batch")
    if resolved.get("embedding") == "periodic" and resolved["embedding_size"] % 2:
        allowed = "an even number, of as many sines as cosines"
        refuse(where, "embedding_size", resolved["embedding_size"], allowed)


def one_form(row, value):
    """`value` as the run's name sees it: 1 and 1.0, 1e-3 and 0.001 are the same."""
    if row.kind == "number":
        return float(value)
    if isinstance(value, list):
        return [one_form(argument(row.name), item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def identity(configuration):
    """What of a resolved configuration names its run: all but the optional that it does without."""
    return {key: configuration[key] for key in asked_for(configuration)}


def fingerprint(value):
    """SHA-256 (hexadecimal) of plain values, whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def network_slug(configuration):
    """The network in a few letters: dense100x5, dense200-50, linear, conv16-32-64, skip."""
    if configuration["model"] == "module":
        name = configuration["module"].partition(":")[2]
        return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "module"
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
    """A readable slug and the start of the fingerprint: the name of a run's folder."""
    parts = [
        configuration["problem"],
        network_slug(configuration),
        configuration["optimizer"],
        f"lr{configuration['learning_rate']:g}",
        f"bs{configuration['batch_size']}",
        fingerprint(identity(configuration))[:8],
    ]
    return "-".join(parts)


def replicate_seed(seed, problem, replicate):
    """The one seed (32 bits) of a replicate, from which split, weights and batch order follow."""
    digest = hashlib.sha256(f"{seed}/{problem}/{replicate}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def settings(configuration):
    """The hyper-parameters of a resolved configuration, and the counts that trends run along."""
    found = {
        key: value for key, value in configuration.items() if key not in (*OF_PROBLEM, *HIDDEN)
    }
    if "widths" in found and found["model"] != "module":
        widths, channels = found["widths"], found.get("channels", [])
        found["depth"] = len(widths) + len(channels)
        found["convolutions"] = len(channels)
        if widths:
            found["width"] = max(widths)
    return found


def points(sweep, name):
    """The overrides of each configuration of a sweep: its axes multiplied, times its points."""
    axes = sweep.get("axes", {})
    for key, values in axes.items():
        for i, value in enumerate(values):
            check_axis(key, value, f"sweeps.{name}.axes.{key}[{i}]")
    total = len(sweep.get("points", [{}]))
    for values in axes.values():
        total *= len(values)
    if total > MOST_RUNS:
        raise TunebookError(
            f"configuration: sweeps.{name}: {total} configurations found; at most {MOST_RUNS}"
        )
    for point in sweep.get("points", [{}]):
        for values in itertools.product(*axes.values()):
            yield layered(point, dict(zip(axes, values, strict=True)))


def check_axis(key, value, where):
    """Raise TunebookError unless `value` is allowed for a hyper-parameter."""
    found = schema()["$defs"]["hyper_parameters"]
    try:
        check_against({key: value}, found)
    except TunebookError as error:
        allowed = str(error).split("allowed: ", 1)[-1]
        raise TunebookError(
            f"configuration: {where}: found {describe(value)}; allowed: {allowed}"
        ) from None


def expand(configuration, folder):
    """The Study of a configuration that already fits the schema.

    folder: where it lies. Raises TunebookError for what no schema can say: a sweep on a problem
    that is not configured, a combination that cannot be trained, a sweep to be timed that does not
    exist.
    """
    check_whole(configuration)
    study = Study(configuration, Path(folder), runs={}, sweeps={})
    for name, sweep in configuration["sweeps"].items():
        problem = configuration["problems"][sweep["problem"]]
        replicates = sweep.get("replicates", problem["replicates"])
        if not isinstance(replicates, dict):
            replicates = {"least": replicates, "most": replicates}
        members = {}
        for point in points(sweep, name):
            overrides = layered(problem["base"], sweep.get("base", {}), point)
            where = f"sweeps.{name}"
            resolved = resolve(sweep["problem"], configuration, overrides, where, folder)
            block = configuration["replicates_per_job"][resolved["model"]]
            new = Run(run_name(resolved), resolved, block)
            run = study.runs.setdefault(new.name, new)
            run.replicates = run.least = max(run.least, replicates["least"])
            run.most = max(run.most, replicates["most"])
            members[run.name] = run
        for run in members.values():
            run.sweeps.append(name)
        study.sweeps[name] = list(members)
    if len(study.runs) > MOST_RUNS:
        raise TunebookError(
            f"configuration: sweeps: {len(study.runs)} configurations found; at most {MOST_RUNS}"
        )
    return study


def check_whole(configuration):
    """Raise TunebookError for parts of the configuration that contradict each other."""
    try:
        check_data(configuration)
    except TunebookError as error:
        raise TunebookError(f"configuration: {error}") from None
    problems, sweeps = configuration["problems"], configuration["sweeps"]
    for name, problem in problems.items():
        metrics = TASKS[problem["task"]].metrics
        one_of(f"problems.{name}.metric", judged(problem), metrics, problem["task"])
        check_plan(f"problems.{name}.replicates", problem["replicates"])
        split = problem.get("split", {})
        shares = split.get("validation", 0) + split.get("test", 0)
        if shares >= 1:
            raise TunebookError(
                f"configuration: problems.{name}.split: shares sum to {shares:g}; allowed: less "
                "than 1, so that rows are left to train on"
            )
    for name, sweep in sweeps.items():
        one_of(f"sweeps.{name}.problem", sweep["problem"], problems, "problems")
    for i, name in enumerate(configuration["timing"]["sweeps"]):
        one_of(f"timing.sweeps[{i}]", name, sweeps, "sweeps")


def check_plan(where, replicates):
    """Raise TunebookError for fewer replicates at most than at least."""
    if isinstance(replicates, dict) and replicates["least"] > replicates["most"]:
        raise TunebookError(
            f"configuration: {where}: found least {replicates['least']} and most "
            f"{replicates['most']}; allowed: least no larger than most"
        )


def one_of(where, found, allowed, kind):
    """Raise TunebookError unless a name is among those that there are."""
    if found not in allowed:
        raise TunebookError(
            f"configuration: {where}: found {describe(found)}; allowed: one of those under {kind}: "
            + ", ".join(sorted(allowed))
        )
