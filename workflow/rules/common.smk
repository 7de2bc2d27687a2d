# The configuration becomes the study here: checked first, then expanded into runs.
from tunebook.figures import FIGURES
from tunebook.imports import code
from tunebook.jobs import hold
from tunebook.workflow import (
    DATASET_FILES,
    PROBLEM_DATASETS,
    against_folder,
    baseline_splits,
    check_files,
    features,
    grid_candidates,
    load_study,
    only_looks,
    predicted_runs,
    raw_files,
    seeds,
    shown_configuration,
    timed_runs,
    work,
)

try:
    STUDY = load_study(config, ROOT, workflow.configfiles)
    AGAINST = against_folder(STUDY)
    # In place of Snakemake's own lock, which a killed run leaves behind. Taken before the graph is
    # built, since Snakemake misreads files that another run makes meanwhile.
    if not only_looks(sys.argv):
        hold(".snakemake/tunebook.lock")
except TunebookError as error:
    raise WorkflowError(str(error)) from None

RESULTS = STUDY.configuration["study"]["results"]

# The priority of jobs that others wait for: before any training that is ready, however long. The
# longest training may wait for data, and an evaluation takes one core, so better beside trainings.
FIRST = 10**9


wildcard_constraints:
    problem="|".join(PROBLEM_DATASETS),
    dataset="|".join(PROBLEM_DATASETS.values()),
    run=r"[a-z][a-z0-9.e+-]*",
    replicate=r"\d+",
    first=r"\d+",
    last=r"\d+",


onstart:
    try:
        hold(".snakemake/tunebook.lock")
        check_files(["resources", RESULTS])
    except TunebookError as error:
        raise WorkflowError(str(error)) from None


def library(script, *packages):
    """The code that a rule's results depend on: its script and all that it imports.

    They are inputs, so that a change of their content runs the rule again, and a new date does not.
    """
    return [str(SCRIPTS / name) for name in code(SCRIPTS, script, packages)]


def prepared(problem, part, replicates):
    """The prepared files of some replicates of a problem."""
    return [
        f"{RESULTS}/prepared/{problem}/replicate-{r}/{part}.npz" for r in replicates
    ]


def blocks(runs, name):
    """One file of every block of some runs."""
    return [f"{RESULTS}/runs/{part}/{name}" for run in runs for part in run.parts]


def records(runs):
    """The records of all blocks of some runs, each the last file that its training writes."""
    return blocks(runs, "training.json")


def templates():
    """The files that a page is made of."""
    return sorted(
        str(path)
        for path in (ROOT / "report").iterdir()
        if path.suffix in (".j2", ".css", ".js")
    )


def against_runs():
    """The runs of the study that `snakemake compare` compares with."""
    if AGAINST is None:
        raise WorkflowError("against: missing; give it: --config against=OTHER/results")
    return f"{AGAINST}/runs.csv"
