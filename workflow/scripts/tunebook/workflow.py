"""What the rules ask of the study: plain values for inputs and parameters of jobs."""

import re
from dataclasses import replace
from pathlib import Path

from .jobs import TunebookError, altered, read_json
from .study import bundles
from .study.read import plain
from .study.resolve import judged
from .study.runs import Study, replicate_seed
from .study.sizes import work

# Of many altered files, a message names so many.
NAMED = 10
# Asked for on the command line; no part of the study.
ASKED = ("against", "delete")
# About how many rows and inputs a table has, and how many images there are, to order jobs by before
# the data are there.
USUAL_ROWS, USUAL_INPUTS, USUAL_IMAGES = 1000, 10, 5000
# Replicates whose baselines one job fits: enough that its start takes little of its time, and few
# enough that all cores have some to do.
BASELINES_PER_JOB = 5


def check_files(folders):
    """Raise TunebookError that names the files below some folders that were altered by hand.

    To be asked before anything runs: a job that is to run again loses its old outputs before it can
    refuse its inputs, and so one altered file of data would cost all that was trained on it.
    """
    paths = [path.as_posix() for folder in folders for path in altered(folder)]
    if paths:
        shown, more = paths[:NAMED], len(paths) - NAMED
        raise TunebookError(
            f"{', '.join(shown)}{f' and {more} more' if more > 0 else ''}: altered or cut short "
            "since made; put back what was there, or delete it and make it again before anything "
            f"else: snakemake {' '.join(shown)}"
        )


def asked(paths, given):
    """What a call was asked for, in words: its configuration files, and values of `--config`."""
    values = {key: value for key, value in plain(given).items() if key not in ASKED}
    return " and ".join([*map(str, paths), *(f"--config {key}={values[key]}" for key in values)])


def named_before(path, now):
    """(what it was asked for, its Study) of the call whose plan lies at `path`.

    "" and None where it was asked for the same as now: what the configuration no longer names then
    was taken out of it on purpose.
    """
    last = read_json(path) if Path(path).is_file() else {"asked": now}
    if last["asked"] == now:
        return "", None
    return last["asked"], Study.of_plain(last["study"])


def missing_data(study):
    """Names of the datasets of a study that were never retrieved here: one call may fetch each."""
    return [
        name for name in study.datasets if not Path(f"resources/{name}.retrieved.json").exists()
    ]


def seeds(study: Study, problem, replicates):
    """{replicate: its seed}."""
    seed = study.configuration["study"]["seed"]
    return {replicate: replicate_seed(seed, problem, replicate) for replicate in replicates}


def candidates(study, problem):
    """(sweeps, runs, counted) that the best configuration of a problem is chosen from.

    The problem's grid searches and the finalists of its searches; without any, all its runs. Never
    one that was fitted on validation rows too. counted: {run: [first, last]} of the replicates of a
    finalist that count: those of its trial are why it is one, so part of what they say is luck.
    """
    counted, names = {}, []
    for name, sweep in study.configuration["sweeps"].items():
        if sweep["problem"] == problem and (sweep.get("grid") or name in study.searches):
            names.append(name)
        if name in study.searches:
            first, again = study.searches[name].replicates, study.searches[name].again
            counted |= dict.fromkeys(study.sweeps[name], [first, first + again - 1])
    runs = dict.fromkeys(run for name in names for run in study.sweeps[name])
    runs = [study.runs[name] for name in runs] or study.problem_runs(problem)
    # Without rows for validation, there is nothing to choose by.
    runs = [run for run in runs if run.configuration["fit_on"] == "training"]
    return ", ".join(names) or "all sweeps", runs, counted


def trial_runs(study):
    """{name: Run} of all trials that the steps of a study's searches have left on disk."""
    found = {}
    for search in study.searches.values():
        for path in step_files(study, search.folder):
            for point in (trial["point"] for trial in read_json(path)["trials"]):
                found.setdefault(f"{search.sweep} {point}", (search.sweep, point))
    runs = (study.trial(sweep, point) for sweep, point in found.values())
    return {run.name: run for run in runs}


def searches_folder(study):
    return Path(study.configuration["study"]["results"], "searches")


def step_files(study, folder):
    """What the steps of a search have left on disk, in their order."""
    found = searches_folder(study).glob(f"{folder}/step-*.json")
    return sorted(found, key=lambda path: int(path.stem.removeprefix("step-")))


def finalist_points(path):
    """The points of the finalists that a search has named in a file, the best first."""
    found = read_json(path)
    return [found["trials"][number]["point"] for number in found["finalists"]]


def searches_in_words(study):
    """A line on each search: how much it is, how far it is, and what an earlier one has left."""
    lines = []
    for name, search in study.searches.items():
        there = trial_count(study, search.folder)
        many = f"{search.generations} generation{'s' if search.generations > 1 else ''}"
        so_far = f"; {there} proposed so far" if there else ""
        lines.append(f"Search {name}: {search.trials} trials in {many}{so_far}.")
        kin = re.compile(re.escape(name) + "-[0-9a-f]{8}")
        for path in sorted(searches_folder(study).glob(f"{name}-*")) if not there else ():
            if kin.fullmatch(path.name):
                lines.append(
                    f"Search {name}: its space is another than before; its "
                    f"{trial_count(study, path.name)} trials stay in {path.as_posix()}."
                )
    return lines


def trial_count(study, folder):
    """How many trials the steps of a search have proposed, as far as they lie on disk."""
    return max((len(read_json(path)["trials"]) for path in step_files(study, folder)), default=0)


def predicted_runs(study, problem):
    """Names of the runs whose test predictions are kept."""
    sweeps = study.configuration["sweeps"]
    kept = [name for name, s in sweeps.items() if s["problem"] == problem and s.get("predictions")]
    return sorted({run for name in kept for run in study.sweeps[name]})


def own_networks(study, *runs):
    """The study's folder where one of some runs has a network of the study's own, else None."""
    own = any(run.configuration["model"] == "module" for run in runs)
    return str(study.folder) if own else None


def trainings(study, blocks):
    """What a job is told of the blocks that it trains, (Run, first, last) each."""
    return [
        {
            "run": run.name,
            "configuration": run.configuration,
            "replicates": list(range(first, last + 1)),
            "seeds": list(seeds(study, run.problem, range(first, last + 1)).values()),
        }
        for run, first, last in blocks
    ]


def bundled(study, waiting, parallel):
    """[[Block]]: the blocks of a study that are trained by one job, where there are several.

    waiting: whether the block of a folder, below that of the runs, is to be trained. parallel: how
    many jobs run at the same time.
    """
    blocks = [
        bundles.Block(
            run.name,
            first,
            last,
            (run.problem, own_networks(study, run) or "", first, last),
            bundles.shape(run.configuration),
            priority(study, run, last - first + 1),
        )
        for run in study.runs.values()
        for folder, (first, last) in zip(run.folders, run.blocks, strict=True)
        if waiting(folder)
    ]
    return bundles.bundles(blocks, study.configuration["seconds_per_job"], parallel)


def is_waiting(folder, code):
    """Whether a block's folder lacks one of its files, or was made by other code.

    code: the fingerprint of the present one; None: made by whatever code.
    """
    folder = Path(folder)
    if not all((folder / name).is_file() for name in bundles.FILES):
        return True
    return code is not None and read_json(folder / "training.json").get("code") != code


def code_before(path, script):
    """The fingerprint of a script's code in the call whose plan lies at `path`; None if unknown."""
    plan = read_json(path) if Path(path).is_file() else {"code": {}}
    return plan["code"].get(script, {}).get("fingerprint")


def all_folders(study):
    """The folders of all blocks that a study has, that its searches have come to, or that looks at
    its claims may ask for.
    """
    points = {}
    for name, search in study.searches.items():
        path = searches_folder(study) / search.folder / "finalists.json"
        points[name] = finalist_points(path) if path.is_file() else []
    runs = study.with_finalists(points).runs.values()
    full = (*(replace(run, replicates=run.most) for run in runs), *trial_runs(study).values())
    return [folder for run in full for folder in run.folders]


def named(study):
    """(folders of blocks, folders of searches) that a study has; none where it is None."""
    if study is None:
        return [], []
    return all_folders(study), [search.folder for search in study.searches.values()]


def added(study, problem, look):
    """[(folder, first, last)] of the blocks of a problem that a study had at a look and not before.

    The number of looks so far is that of the present; the first look, 0, added nothing.
    """
    old, new = [*study.seen, study.counts][look - 1 : look + 1]
    return [
        (folder, first, last)
        for run in study.problem_runs(problem)
        for folder, (first, last) in zip(run.folders, run.blocks, strict=True)
        if old[run.name] <= first < new[run.name]
    ]


def of_runs(study):
    """{run: its problem, block and about how much work one more of them is}, as looks ask."""
    return {
        name: {"problem": run.problem, "block": run.block, "work": priority(study, run, run.block)}
        for name, run in study.runs.items()
    }


def shown_configuration(study):
    """The configuration as the report shows it: without what is asked on the command line only."""
    return {key: value for key, value in study.configuration.items() if key not in ASKED}


def against_folder(study):
    """The results folder to compare with, as given on the command line; None without one.

    Raises TunebookError when it holds no runs.
    """
    folder = study.configuration.get("against")
    if folder is not None and not Path(folder, "runs.csv").is_file():
        raise TunebookError(
            f"against: found {folder}, which holds no runs.csv; allowed: the results folder of a "
            "finished study"
        )
    return folder


def baselines(study, name):
    """The task, judged metric and baselines of a problem, as configured."""
    problem = study.problem(name)
    return {
        "task": problem["task"],
        "metric": judged(problem),
        "baselines": problem.get("baselines", {}),
    }


def baseline_blocks(study):
    """[(problem, first, last)] of the replicates whose baselines are fitted by one job each.

    Aligned, so that what looks at the claims add leaves those that are there as they are.
    """
    return [
        (problem, first, min(first + BASELINES_PER_JOB, study.replicates(problem)) - 1)
        for problem in study.problems
        if study.problem(problem).get("baselines")
        for first in range(0, study.replicates(problem), BASELINES_PER_JOB)
    ]


def timed_runs(study):
    """What is timed alone: one dictionary a run, with its configuration and first seed."""
    names = dict.fromkeys(
        name for sweep in study.configuration["timing"]["sweeps"] for name in study.sweeps[sweep]
    )
    return [
        {
            "run": name,
            "sweeps": ";".join(study.runs[name].sweeps),
            "configuration": study.runs[name].configuration,
            "seed": seeds(study, study.runs[name].problem, [0])[0],
        }
        for name in names
    ]


def priority(study, run, count):
    """About how much arithmetic training `count` replicates of a run takes, to order jobs by."""
    dataset = study.configuration["datasets"][study.dataset(run.problem)]
    inputs = study.problem(run.problem).get("inputs")
    shape = dataset.get("image", {}).get("shape")
    features = shape or (len(inputs) if inputs else USUAL_INPUTS)
    return work(run.configuration, features, USUAL_IMAGES if shape else USUAL_ROWS, count)
