# The configuration becomes the study here: checked first, then expanded into runs. It is read by our
# own reader, since Snakemake would run the expressions of a file that calls itself a template.
import atexit
import gc
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The project's folder, also where another workflow uses this one as a module. Relative where it can
# be, so that what is recorded stays the same when the project is moved.
ROOT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]
ROOT = Path() if ROOT.samefile(".") else ROOT
SCRIPTS = ROOT / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS.resolve()))

from tunebook import console, plan
from tunebook.calling import (
    check_folders,
    check_place,
    given,
    only_looks,
    python_by_name,
)
from tunebook.data.description import (
    ABOUT,
    chosen,
    fetching,
    local_files,
    preparing,
    read_as_rows,
    same_rows,
)
from tunebook.jobs import TunebookError, hold, read_json
from tunebook.search.chain import going
from tunebook.study.bundles import Block
from tunebook.study.runs import Study
from tunebook.workflow import (
    added,
    against_folder,
    asked,
    baseline_blocks,
    baselines,
    bundled,
    candidates,
    check_files,
    code_before,
    finalist_points,
    is_waiting,
    missing_data,
    named,
    named_before,
    of_runs,
    own_networks,
    predicted_runs,
    priority,
    searches_in_words,
    seeds,
    shown_configuration,
    timed_runs,
    trainings,
    trial_runs,
)

# The graph is needed to the end: to look in it for garbage, and to take it apart when all is done,
# takes a third of the time of a call that only plans, in a study of thousands of configurations.
gc.set_threshold(1_000_000)
atexit.register(gc.freeze)

DEFAULT = "config/config.yaml"
FILES = [
    path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    for path in map(Path.resolve, workflow.config_settings.configfiles)
] or [Path(DEFAULT)]
GIVEN = workflow.config_settings.config
if not workflow.modifier.is_main_snakefile() and config:
    # What the other workflow says; claims, figures and article lie where its configuration would.
    FILES, GIVEN = [], config


try:
    check_place(ROOT)
    python_by_name()
    # A job goes by what its call was planned with, not by files that may have changed since.
    followed = None if workflow.is_main_process else plan.followed()
    if followed:
        STUDY = Study.of_plain(followed["study"])
    else:
        from tunebook.loading import load_study

        STUDY = load_study(FILES, GIVEN, Path(DEFAULT).parent)
    AGAINST = against_folder(STUDY)
    RESULTS = STUDY.configuration["study"]["results"]
    # Of this study alone, so that studies with results of their own can run at the same time.
    OWN = f".snakemake/tunebook/{RESULTS}"
    LOGS = RESULTS.replace("results", "logs", 1)
    check_folders([RESULTS, LOGS, "resources", ".snakemake"])
    ASKED = asked(FILES, GIVEN)
    # In place of Snakemake's own lock, which a killed run leaves behind. Taken before the graph is
    # built, since Snakemake misreads files that another run makes meanwhile.
    if workflow.is_main_process and not only_looks(sys.argv):
        hold(f"{OWN}.lock")
        for missing in missing_data(STUDY):
            hold(f".snakemake/tunebook/{missing}.lock")
except TunebookError as error:
    raise WorkflowError(str(error)) from None

if workflow.modifier.is_main_snakefile():
    config.clear()
    config.update(STUDY.configuration)

DATASETS = STUDY.configuration["datasets"]
PROBLEMS = STUDY.configuration["problems"]

# {script: the code that its jobs depend on}, as the rules name it.
CODE = {}
# The priority of jobs that others wait for: before any training that is ready, however long. The
# longest training may wait for data, and an evaluation takes one core, so better beside trainings.
FIRST = 10**9


wildcard_constraints:
    problem="|".join(STUDY.problems),
    dataset="|".join(DATASETS),
    run=r"[a-z][a-z0-9.e+-]*",
    replicate=r"\d+",
    first=r"\d+",
    last=r"\d+",
    look=r"\d+",
    search=r"[a-z][a-z0-9-]*",
    step=r"\d+",
    epochs=r"\d+",


onstart:
    from tunebook.claims.register import register

    try:
        hold(f"{OWN}.lock")
        check_files(["resources", RESULTS])
        pruning = any(rule == "prune" for rule, _, _ in to_do())
        plan.write(
            f"{OWN}.prune.json" if pruning else f"{OWN}.json",
            STUDY.plain(),
            CODE,
            ASKED,
            bundles=[list(map(asdict, bundle)) for bundle in BUNDLES.values()],
            prepared_together=PREPARED_TOGETHER,
        )
        if not pruning:
            register(RESULTS, STUDY.forms, time.time())
    except TunebookError as error:
        raise WorkflowError(str(error)) from None


def code(script, *packages):
    """The parameter that stands for the code that a rule's results depend on: a fingerprint.

    A change of a comment leaves it as it is, and so does a new date.
    """
    planned = (followed or {"code": {}})["code"].get(script)
    CODE[script] = planned or plan.code_of(SCRIPTS, script, *packages)
    return CODE[script]["fingerprint"]


def by_rule():
    """Whether Snakemake may compare the texts of rules, so that it matters which one made a file.

    Our profile tells it not to, which counts for nothing where another workflow uses this one.
    """
    options = ("--rerun-triggers", "--workflow-profile")
    return not workflow.modifier.is_main_snakefile() or given(sys.argv, options) != []


def bundles():
    """{rule: the blocks that its job trains}, of those that train several.

    Made of what is still to be trained, or was trained by other code; none where files of runs are
    asked for by name, so that no others are trained with them.
    """
    if followed:
        found = [[Block(**block) for block in each] for each in followed["bundles"]]
    elif any(word.startswith(f"{RESULTS}/runs/") for word in sys.argv) or by_rule():
        found = []
    else:
        settings = workflow.resource_settings
        nodes = settings.nodes or 0
        parallel = nodes if 0 < nodes < sys.maxsize else settings.cores or 1
        now = CODE["train"]["fingerprint"]
        changed = code_before(f"{OWN}.json", "train") not in (None, now)
        waiting = lambda folder: is_waiting(
            f"{RESULTS}/runs/{folder}", now if changed else None
        )
        found = bundled(STUDY, waiting, parallel)
    return {f"train_together_{i}": bundle for i, bundle in enumerate(found, start=1)}


def to_do():
    """(rule, wildcards, causes) of every job that Snakemake has found to be needed.

    One that trains several blocks is given as those.
    """
    for job in workflow.dag.needrun_jobs():
        reason = workflow.dag.reason(job)
        holds = (
            reason.params_changed,
            reason.updated_input or reason.input_changed,
            reason.forced,
            reason.incomplete_output or reason.missing_output,
        )
        causes = [cause for cause, is_so in zip(console.CAUSES, holds) if is_so]
        if job.rule.name in BUNDLES:
            for block in BUNDLES[job.rule.name]:
                yield "train", asdict(block), causes
        else:
            yield job.rule.name, job.wildcards_dict, causes


def plan_in_words():
    """What is to be done, for the console."""
    finished = lambda folder: Path(RESULTS, "runs", folder, "training.json").is_file()
    return console.plan_in_words(to_do(), STUDY, finished, searches_in_words(STUDY))


# With --verbose, Snakemake says everything.
if workflow.is_main_process and not workflow.output_settings.verbose:
    logging.getLogger("snakemake.logging").addFilter(
        console.Short(
            plan_in_words,
            lambda: workflow.dryrun and not workflow.output_settings.printshellcmds,
        )
    )


def raw_files(dataset):
    """The retrieved files of a dataset that hold its rows."""
    return [f"resources/{dataset}/{file}" for file in read_as_rows(DATASETS[dataset])]


def prepared(problem, half, replicates):
    """The prepared files of some replicates of a problem: development or test rows."""
    return [
        f"{RESULTS}/prepared/{problem}/replicate-{r}/{half}.npz" for r in replicates
    ]


def unprepared():
    """{problem: its replicates that are to be prepared by one job}, where there are several.

    A job that follows a plan was told.
    """
    if followed:
        return followed["prepared_together"]
    if by_rule():
        return {}
    there = lambda problem, replicate: all(
        Path(path).is_file()
        for half in ("development", "test")
        for path in prepared(problem, half, [replicate])
    )
    found = {
        problem: [
            replicate
            for replicate in range(STUDY.replicates(problem))
            if not there(problem, replicate)
        ]
        for problem in STUDY.problems
    }
    return {problem: some for problem, some in found.items() if len(some) > 1}


def split():
    """The study with all replicates of each problem, which are known before what searches find."""
    return looked() if STUDY.plan else STUDY


def replicates_of(wildcards):
    """The replicates of a block of some."""
    return range(int(wildcards.first), int(wildcards.last) + 1)


def fitted_baselines(study):
    """The rows of baselines.csv, by problem and block of replicates."""
    return [
        f"{RESULTS}/baselines/{problem}/replicates-{first}-{last}.csv"
        for problem, first, last in baseline_blocks(study)
    ]


def blocks(runs, name):
    """One file of every block of some runs."""
    return [f"{RESULTS}/runs/{folder}/{name}" for run in runs for folder in run.folders]


def records(runs):
    """The records of all blocks of some runs, each the last file that its training writes."""
    return blocks(runs, "training.json")


# {folder: Search}
SEARCHES = {search.folder: search for search in STUDY.searches.values()}
# {name: Run} of the trials that searches have come to, as far as they were asked for.
TRIALS = {}


def known(run):
    """The Run of that name: one of the study, or one that a search has come to."""
    if run not in STUDY.runs and run not in TRIALS:
        TRIALS.update(trial_runs(STUDY))
    return STUDY.runs.get(run) or TRIALS[run]


def searched():
    """The study with what its searches have found, once all of them are through."""
    if not STUDY.searches:
        return STUDY
    found = {
        name: checkpoints.finalists.get(search=search.folder).output[0]
        for name, search in STUDY.searches.items()
    }
    points = {name: finalist_points(path) for name, path in found.items()}
    return STUDY.with_finalists(points)


def shortlists():
    """What all searches find."""
    return [f"{RESULTS}/searches/{folder}/finalists.json" for folder in SEARCHES]


def timed():
    """The study with all runs that are timed alone."""
    found = STUDY.searches.keys() & STUDY.configuration["timing"]["sweeps"]
    return searched() if found else STUDY


def step_file(search, step):
    """What a step of a search leaves; nothing, as a list, where there is none before the first."""
    return [f"{RESULTS}/searches/{search}/step-{step}.json"] * (step >= 0)


def asked_by(search, step):
    """(trial, its Run) of those that a step of a search has asked for; none before the first."""
    if step < 0:
        return []
    path = checkpoints.propose.get(search=search, step=step).output[0]
    sweep = SEARCHES[search].sweep
    return [
        (trial, STUDY.trial(sweep, trial["point"]))
        for trial in going(read_json(path)["trials"])
    ]


def asked_for(search, step):
    """The records of what a step of a search has asked for: of trainings to the end, or up to a rung."""
    found = {}
    for trial, run in asked_by(search, step):
        whole = trial["until"] == run.configuration["epochs"]
        name = "training.json" if whole else f"until-{trial['until']}.json"
        found |= dict.fromkeys(blocks([run], name))
    return list(found)


def names_of(search, step):
    """{number of a trial that a step has asked for: the name of its run}."""
    return {trial["trial"]: run.name for trial, run in asked_by(search, step)}


def looked(look=None):
    """The study with the replicates that looks at its claims have asked for.

    look: as that one sees it; None: once a look has asked for no more.
    """
    study = searched()
    while study.plan and len(study.seen) != look:
        path = checkpoints.look.get(look=len(study.seen)).output[0]
        counts = read_json(path)["runs"]
        if counts == study.counts:
            break
        study = study.grown(counts)
    return study


def looks(count):
    """What the first looks have left."""
    return [
        f"{RESULTS}/looks/{look}.json" for look in range(count if STUDY.plan else 0)
    ]


def evaluations(study, name):
    """One file of every evaluation: of what each problem began with, and of what looks added."""
    found = []
    for problem in study.problems:
        folder = f"{RESULTS}/evaluation/{problem}"
        since = range(1, len(study.seen) + 1)
        later = [f"look-{look}/" for look in since if added(study, problem, look)]
        found += [f"{folder}/{look}{name}" for look in ("", *later)]
    return found


def gathered(study):
    """What the tables of a study are made from, as inputs of a rule by name.

    Of a block, its history alone: its record, which lies beside it, is an input of an evaluation.
    Snakemake's work grows with every file that is named for each block.
    """
    return {
        "history": blocks(study.runs.values(), "history.csv"),
        "choices": [f"{RESULTS}/choice/{p}.json" for p in study.problems],
        "metrics": evaluations(study, "metrics.csv"),
        "rows": evaluations(study, "rows.parquet"),
        "members": evaluations(study, "members.parquet"),
        "predictions": evaluations(study, "predictions.parquet"),
        "misread": evaluations(study, "misread.parquet"),
        "development": [prepared(p, "development", [0])[0] for p in study.problems],
        "test": [prepared(p, "test", [0])[0] for p in study.problems],
    }


def added_files(wildcards, name):
    """One file of every block of a problem that the look before another one has asked for."""
    look = int(wildcards.look)
    found = added(looked(look), wildcards.problem, look)
    return [f"{RESULTS}/runs/{folder}/{name}" for folder, _, _ in found]


def added_replicates(wildcards):
    """The range of replicates of these blocks."""
    look = int(wildcards.look)
    _, firsts, lasts = zip(*added(looked(look), wildcards.problem, look))
    return range(min(firsts), max(lasts) + 1)


def provenance():
    """What is known of the origin of each dataset that the study uses."""
    return [f"resources/{name}.json" for name in STUDY.datasets]


def own_file(name):
    """A file beside the configuration, as a list; empty where the study has none."""
    path = STUDY.folder / name
    return [str(path)] if path.is_file() else []


def templates():
    """The files that a page is made of."""
    found = [path for path in (ROOT / "report").rglob("*") if path.is_file()]
    return sorted(
        str(path)
        for path in found
        if path.suffix in (".j2", ".css", ".js", ".svg", ".woff2")
    )


def printable():
    """The report, if a browser is there to print it: asked before anything is trained for it."""
    from tunebook.report.pdf import browser

    try:
        browser()
    except TunebookError as error:
        raise WorkflowError(str(error)) from None
    return f"{RESULTS}/report.html"


def against_runs():
    """The runs of the study that `snakemake compare` compares with."""
    if AGAINST is None:
        raise WorkflowError("against: missing; give it: --config against=OTHER/results")
    return f"{AGAINST}/runs.csv"
