"""The study: its runs, their replicates in blocks, and which runs each sweep is made of."""

import hashlib
import itertools
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..search.chain import Search
from ..search.space import corners
from .parameters import columns, in_a_cell, in_table_order
from .resolve import judged, layered, resolve, run_name, settings


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
    searches: the Search of each sweep that is one, and has no runs until it has found some.
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
    searches: dict = field(default_factory=dict)

    def plain(self):
        """The study as plain values, which `of_plain` makes a Study of again."""
        return asdict(self) | {"folder": str(self.folder)}

    @classmethod
    def of_plain(cls, value):
        runs = {name: Run(**run) for name, run in value["runs"].items()}
        searches = {name: Search(**search) for name, search in value.get("searches", {}).items()}
        known = {"folder": Path(value["folder"]), "runs": runs, "searches": searches}
        return cls(**(value | known))

    def problem_runs(self, problem):
        return [run for run in self.runs.values() if run.problem == problem]

    @property
    def problems(self):
        """The problems that some run or search is about."""
        return sorted({each.problem for each in (*self.runs.values(), *self.searches.values())})

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
        """How many replicates the most repeated run of a problem has, or a finalist will have."""
        searches = [each for each in self.searches.values() if each.problem == problem]
        counts = [each.replicates + each.again for each in searches]
        return max([*counts, *(run.replicates for run in self.problem_runs(problem))])

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

    def trial(self, sweep, point):
        """The Run that a point of a search's space is, with the replicates of a trial."""
        search = self.searches[sweep]
        overrides = layered(search.base, point)
        run = run_of(self.configuration, search.problem, overrides, space_of(sweep), self.folder)
        run.replicates = run.least = run.most = search.replicates
        return run

    def with_finalists(self, points):
        """The study once its searches are through: {sweep: [point of a finalist, ...]}.

        A finalist keeps the blocks that it was trained in as a trial, and gets more replicates.
        """
        runs = {name: replace(run, sweeps=[*run.sweeps]) for name, run in self.runs.items()}
        sweeps = dict(self.sweeps)
        for sweep, some in points.items():
            search, members = self.searches[sweep], {}
            count = search.replicates + search.again
            for new in (self.trial(sweep, point) for point in some):
                run = members[new.name] = runs.setdefault(new.name, new)
                if run is not new and run.replicates < count:
                    run.least = count
                run.replicates, run.most = max(run.replicates, count), max(run.most, count)
            for run in members.values():
                run.sweeps.append(sweep)
            sweeps[sweep] = list(members)
        return replace(self, runs=runs, sweeps=sweeps)

    def supposed(self):
        """The study as if its searches had found some corners of their spaces: what claims, figures
        and article say of them can be checked before anything is trained.
        """
        return self.with_finalists(
            {name: corners(each.space)[: each.finalists] for name, each in self.searches.items()}
        )

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
                | ({"search": self.searches[name].shown} if name in self.searches else {})
                | ({"ablation": self.ablation(name)} if "ablation" in sweep else {})
                for name, sweep in self.configuration["sweeps"].items()
            },
        }

    def ablation(self, sweep):
        """The changes of an ablation, {name: settings, lists as text}, and which each run has."""
        changes = self.configuration["sweeps"][sweep]["ablation"]
        runs = zip(self.sweeps[sweep], combinations(changes), strict=True)
        said = {
            name: {key: in_a_cell(value) for key, value in settings.items()}
            for name, settings in changes.items()
        }
        return {"changes": said, "runs": {run: list(has) for run, has in runs}}

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


def varied(sweep):
    """The hyper-parameters that a sweep varies: its axes, the keys of its points or changes, its
    space."""
    settings = [*sweep.get("points", []), *sweep.get("ablation", {}).values()]
    names = [*sweep.get("axes", {}), *(key for each in settings for key in each)]
    names += in_table_order(sweep.get("search", {}).get("space", {}))
    return list(dict.fromkeys(names))


def combinations(changes):
    """The names in each combination of changes: none, the last alone, ..., all; as in counting
    with a binary digit for each, the first one the slowest."""
    every = itertools.product((False, True), repeat=len(changes))
    return [tuple(itertools.compress(changes, has)) for has in every]


def replicate_seed(seed, problem, replicate):
    """The one seed (32 bits) of a replicate, from which split, weights and batch order follow."""
    digest = hashlib.sha256(f"{seed}/{problem}/{replicate}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def run_of(configuration, problem, overrides, where, folder):
    """The Run, without replicates yet, of some hyper-parameters; see `resolve`."""
    resolved = resolve(problem, configuration, overrides, where, folder)
    block = configuration["replicates_per_job"][resolved["model"]]
    return Run(run_name(resolved), resolved, block)


def space_of(sweep):
    """How messages call the space of a search."""
    return f"sweeps.{sweep}.search.space"
