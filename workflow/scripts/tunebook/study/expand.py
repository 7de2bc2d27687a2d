"""From a configuration to its study: sweeps become runs, searches what they may propose."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

from ..data.description import check_data
from ..jobs import TunebookError, fingerprint
from ..search.chain import KEEP, Search
from ..search.space import check_space, corners, ends
from ..tasks import TASKS
from .read import check_against, describe, schema
from .resolve import OF_PROBLEM, judged, layered, may_be_images, refuse, resolve
from .runs import Study, combinations, run_of, space_of

MOST_RUNS = 20_000


def points(sweep, name):
    """The overrides of each configuration of a sweep: its axes multiplied, times its points; or the
    combinations of its changes, a later one laid over those before.
    """
    if "ablation" in sweep:
        check_alone(name, sweep, "ablation", ("axes", "points", "grid"))
        changes = sweep["ablation"]
        yield from (layered(*map(changes.get, has)) for has in combinations(changes))
        return
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


def check_alone(name, sweep, key, others):
    """Raise TunebookError for a sweep that says one of some other keys beside one."""
    for other in others:
        if other in sweep:
            refuse(f"sweeps.{name}", other, f"it beside {key}", "one of the two")


def check_apart(name, changes, runs):
    """Raise TunebookError for two combinations of changes that are the same run.

    runs: the name of each combination's, in the order of `combinations`.
    """
    known = {}
    for run, has in zip(runs, combinations(changes), strict=True):
        said = " + ".join(has) or "no change"
        if run in known:
            found = f"{known[run]} and {said}, which are the same run"
            refuse(f"sweeps.{name}", "ablation", found, "combinations that all differ")
        known[run] = said


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
        if "search" in sweep:
            study.searches[name] = search_of(study, name)
            study.sweeps[name] = []
            continue
        replicates = sweep.get("replicates", problem["replicates"])
        if not isinstance(replicates, dict):
            replicates = {"least": replicates, "most": replicates}
        members, names = {}, []
        for point in points(sweep, name):
            overrides = layered(problem["base"], sweep.get("base", {}), point)
            new = run_of(configuration, sweep["problem"], overrides, f"sweeps.{name}", folder)
            run = study.runs.setdefault(new.name, new)
            run.replicates = run.least = max(run.least, replicates["least"])
            run.most = max(run.most, replicates["most"])
            members[run.name] = run
            names.append(run.name)
        if "ablation" in sweep:
            check_apart(name, sweep["ablation"], names)
        for run in members.values():
            run.sweeps.append(name)
        if sweep.get("grid") and all(
            run.configuration["fit_on"] == "development" for run in members.values()
        ):
            told = (
                "a sweep of which some run has fit_on: training, by whose validation it is chosen"
            )
            refuse(f"sweeps.{name}", "grid", "true", told)
        study.sweeps[name] = list(members)
    if len(study.runs) > MOST_RUNS:
        raise TunebookError(
            f"configuration: sweeps: {len(study.runs)} configurations found; at most {MOST_RUNS}"
        )
    return study


def search_of(study, name):
    """The Search that a sweep is; TunebookError where its space or extent cannot be."""
    sweep = study.configuration["sweeps"][name]
    problem, where = study.problem(sweep["problem"]), f"sweeps.{name}.search"
    base = layered(problem["base"], sweep.get("base", {}))
    said = dict(sweep["search"])
    if "halving" in said:
        said["halving"] = {"keep": KEEP} | said["halving"]
    always = {key for key, spec in said["space"].items() if "when" not in spec}
    search = Search(
        sweep=name,
        problem=sweep["problem"],
        base={key: value for key, value in base.items() if key not in always},
        better=TASKS[problem["task"]].metrics[judged(problem)].better,
        folder="",
        **said,
    )
    check_alone(name, sweep, "search", ("axes", "points", "grid", "ablation", "replicates"))
    if search.trials < search.generation:
        refuse(where, "trials", search.trials, f"at least a generation, {search.generation}")
    if search.finalists > search.trials:
        refuse(where, "finalists", search.finalists, f"at most the {search.trials} trials")
    if search.sampler == "gp" and search.halving:
        told = "other samplers with halving, since gp learns from finished trials alone"
        refuse(where, "sampler", "gp", told)
    resolved = corners_of(study, search)
    least = min(each["epochs"] for each in resolved)
    if search.halving and search.halving["epochs"] >= least:
        allowed = f"fewer than the {least} epochs of the shortest training"
        refuse(where, "halving.epochs", search.halving["epochs"], allowed)
    about = [resolved[0][key] for key in OF_PROBLEM]
    code = sorted({each.get("code", "") for each in resolved})
    return replace(search, folder=f"{name}-{fingerprint([search.meaning, about, code])[:8]}")


def corners_of(study, search):
    """The configurations at the corners of a search's space, each of which can be trained."""
    where, found = space_of(search.sweep), []
    try:
        check_space(search.space)
    except TunebookError as error:
        raise TunebookError(f"configuration: {where}.{error}") from None
    for key, spec in search.space.items():
        for end, value in ends(spec).items():
            check_axis(key, value, f"{where}.{key}.{end}")
    for point in corners(search.space):
        overrides = layered(search.base, point)
        resolved = resolve(search.problem, study.configuration, overrides, where, study.folder)
        for key in point:
            if key not in resolved:
                told = "one that is used with all others, or `when` that says with which it is"
                refuse(where, key, f"it, which has no use at {in_words(point)}", told)
        if resolved["fit_on"] != "training":
            refuse(where, "fit_on", resolved["fit_on"], "training: trials are judged on the others")
        found.append(resolved)
    return found


def in_words(point):
    return ", ".join(f"{key}: {value}" for key, value in point.items())


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
        check_baselines(name, problem, configuration["datasets"][problem["dataset"]])
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


def check_baselines(name, problem, dataset):
    """Raise TunebookError for a baseline that wants other data than its problem has."""
    for baseline, about in problem.get("baselines", {}).items():
        where = f"configuration: problems.{name}.baselines.{baseline}"
        if about.get("target") == "log" and problem["task"] != "regression":
            raise TunebookError(f"{where}.target: found log with classes; allowed: as-is")
        many = math.prod(len(values) for values in about.get("grid", {}).values())
        if many > 1 and problem.get("split", {}).get("validation") == 0:
            raise TunebookError(
                f"{where}.grid: found {many} candidates, and problems.{name}.split.validation is "
                "0, so that there are no rows to choose by; allowed: one value for each argument"
            )
        if "virtual" in about and not may_be_images(dataset):
            raise TunebookError(
                f"{where}.virtual: found {about['virtual']}, and a dataset that is no images; "
                "allowed: nothing"
            )


def one_of(where, found, allowed, kind):
    """Raise TunebookError unless a name is among those that there are."""
    if found not in allowed:
        raise TunebookError(
            f"configuration: {where}: found {describe(found)}; allowed: one of those under {kind}: "
            + ", ".join(sorted(allowed))
        )
