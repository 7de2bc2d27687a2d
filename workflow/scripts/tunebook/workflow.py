"""What the rules ask of the study: plain values for inputs and parameters of jobs."""

from pathlib import Path

from .claims import check_claims, load_claims
from .configuration import check_configuration, read_yaml
from .jobs import TunebookError, altered
from .study import expand, replicate_seed

PROBLEM_DATASETS = {"digits": "usps", "houses": "ames"}
DATASET_FILES = {"usps": ["zip.train.gz", "zip.test.gz"], "ames": ["house_prices.csv"]}
# Snakemake's options that change nothing below results/, and the one that its own helpers carry.
LOOKING = ("-n", "--dry", "--lint", "--list", "--summary", "--detailed-summary", "--report",
           "--dag", "--rulegraph", "--filegraph", "--d3dag", "--mode")  # fmt: skip
# Of many altered files, a message names so many.
NAMED = 10


def load_study(config, root, configfiles):
    """The Study of the configuration that Snakemake merged from its files and its command line.

    root: the project's folder. configfiles: the files that took part; each is read once more, with
    duplicate keys, aliases and tags refused. The statements are checked against the study too.
    Raises TunebookError.
    """
    root = Path(root)
    for path in configfiles:
        read_yaml(path)
    schema = read_yaml(root / "workflow/schemas/config.schema.yaml")
    configuration = check_configuration(plain(config | from_command_line(config)), schema)
    study = expand(configuration, schema)
    check_claims(
        load_claims(configuration["claims"]["file"]),
        study.rows(),
        list(study.sweeps),
        configuration["timing"]["sweeps"],
        configuration["claims"]["when_runs_are_missing"],
    )
    return study


def only_looks(words):
    """Whether a command line of Snakemake, as words, asks for no work: another may be at it."""
    return any(word.startswith(LOOKING) for word in words)


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


def from_command_line(config):
    """The values that Snakemake hands over as text when they are set with `--config`."""
    words = {"true": True, "false": False}
    delete = str(config.get("delete")).lower()
    return {"delete": words[delete]} if delete in words else {}


def plain(value):
    """Nested mappings and lists as dict and list (Snakemake hands over ordered ones)."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def raw_files(problem):
    """The retrieved files that a problem is prepared from."""
    dataset = PROBLEM_DATASETS[problem]
    return [f"resources/{dataset}/{name}" for name in DATASET_FILES[dataset]]


def features(study, problem):
    """Names of a problem's raw feature columns; none for images."""
    return study.configuration["problems"][problem].get("features", [])


def seeds(study, problem, replicates):
    """The seed of each of some replicates."""
    seed = study.configuration["study"]["seed"]
    return [replicate_seed(seed, problem, replicate) for replicate in replicates]


def grid_candidates(study, problem):
    """(sweep name, runs) that the best configuration of a problem is chosen from.

    The problem's grid searches; without any, all its runs.
    """
    sweeps = study.configuration["sweeps"]
    grids = [name for name, s in sweeps.items() if s["problem"] == problem and s.get("grid")]
    if not grids:
        return "all sweeps", study.problem_runs(problem)
    names = dict.fromkeys(name for grid in grids for name in study.sweeps[grid])
    return ", ".join(grids), [study.runs[name] for name in names]


def predicted_runs(study, problem):
    """Names of the runs whose test predictions are kept."""
    sweeps = study.configuration["sweeps"]
    kept = [name for name, s in sweeps.items() if s["problem"] == problem and s.get("predictions")]
    return sorted({run for name in kept for run in study.sweeps[name]})


def shown_configuration(study):
    """The configuration as the report shows it: without what is asked on the command line only."""
    asked = ("against", "delete")
    return {key: value for key, value in study.configuration.items() if key not in asked}


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


def baseline_splits(study):
    """(problem, replicate, seed) of every split, in the order of their prepared files."""
    return [
        (problem, replicate, seeds(study, problem, [replicate])[0])
        for problem in study.problems
        for replicate in range(study.replicates(problem))
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


def work(run, count):
    """About how much arithmetic training `count` replicates of a run takes, to order jobs by.

    Multiplications of an epoch's forward pass for one row, times epochs; steps cost extra.
    """
    c = run.configuration
    widths, rows, inputs, side = c["widths"], 1000, 4, 16
    total = 0
    if c["model"] == "convolutional":
        inputs = 1
        for channels in c["channels"]:
            total += side * side * c["kernel"] ** 2 * inputs * channels
            inputs, side = channels, max(side // c["pooling"], 1)
        inputs *= side * side
    elif c["problem"] == "digits":
        inputs = 256
    for width in [*widths, 10]:
        total += inputs * width
        inputs = width
    batch = rows if c["batch_size"] == "full" else min(c["batch_size"], rows)
    return int(c["epochs"] * (count * total * rows + 3e6 * rows / batch) / 1e6)
