"""What a configuration says of its data: what can be checked before any is there, and who needs it.

Imported at the start of every `snakemake` call, so nothing here imports NumPy.
"""

from pathlib import Path

from ..jobs import TunebookError

# Ways to divide rows that name a column; a problem has one of them at most.
WAYS = ("stratify_on", "group_on", "time_on")
# What the report says of a dataset, and no result depends on.
ABOUT = ("title", "citation", "licence", "note")
READING = ("reader", "separator", "decimal", "encoding", "header")
# Where a file comes from; each has one of them.
ORIGINS = ("path", "addresses", "made_by")
SHARES = {"test": 0.2, "validation": 0.2}


def check_data(configuration):
    """Raise TunebookError for what datasets and problems say that a schema cannot refuse."""
    datasets = configuration["datasets"]
    for name, dataset in datasets.items():
        for file, source in dataset["files"].items():
            if sum(key in source for key in ORIGINS) != 1:
                raise TunebookError(
                    f"datasets.{name}.files.{file}: found {', '.join(source) or 'nothing'}; "
                    "allowed: one of path (on this machine), addresses, made_by (a function)"
                )
    for name, problem in configuration["problems"].items():
        key = f"problems.{name}"
        if problem["dataset"] not in datasets:
            raise TunebookError(
                f"{key}.dataset: found {problem['dataset']}; allowed: {', '.join(datasets)}"
            )
        if problem["target"] in problem.get("inputs", []):
            raise TunebookError(f"{key}.inputs: found the target; allowed: other columns")
        split_of(key, problem, datasets[problem["dataset"]]["files"])


def split_of(key, problem, files):
    """(way, column, official test file, shares) of a problem's split.

    way: `random`, or one of WAYS with its column; classes are by default divided alike.
    shares: of test and validation, or of validation alone beside an official file. files: names of
    the dataset's. Raises TunebookError, under the problem's `key`, for what does not go together.
    """
    split = problem.get("split", {})
    named = [way for way in WAYS if split.get(way, "none") != "none"]
    if len(named) > 1:
        raise TunebookError(
            f"{key}.split: found {' and '.join(named)}; allowed: one of {', '.join(WAYS)}"
        )
    official = split.get("test_file")
    if official is not None and "test" in split:
        raise TunebookError(
            f"{key}.split: found test and test_file; allowed: a share of the rows, or an official "
            "file"
        )
    if official is not None and (official not in files or len(files) < 2):
        raise TunebookError(
            f"{key}.split.test_file: found {official}; allowed: one of the dataset's files "
            f"({', '.join(files)}), with another to train on"
        )
    shares = [split.get(name, share) for name, share in SHARES.items()][official is not None :]
    if named:
        return named[0], split[named[0]], official, shares
    if problem["task"] == "classification" and "stratify_on" not in split:
        return "stratify_on", problem["target"], official, shares
    return "random", None, official, shares


def chosen(section, *keys):
    """What a job needs of a section of the configuration: no other change makes it run again."""
    return {key: section[key] for key in keys if key in section}


def fetching(dataset):
    """What retrieving needs of a dataset's section."""
    return chosen(dataset, "files", "stand_in", *READING)


def preparing(dataset, problem):
    """What preparing needs of the sections of a dataset and of a problem."""
    uses = chosen(problem, "task", "dataset", "target", "inputs", "split")
    return {"dataset": chosen(dataset, "image", "columns", *READING), "problem": uses}


def local_files(dataset, study):
    """The files that exist of those that a dataset is made from on this machine.

    Those with a `path` (of a folder: all in it), and the code that some are made by.
    """
    sources = dataset["files"].values()
    named = [source["path"] for source in sources if "path" in source]
    named += [source["made_by"].partition(":")[0] for source in sources if "made_by" in source]
    paths = [Path(study, Path(name).expanduser()) for name in named]
    inside = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths]
    return [str(path) for found in inside for path in found if path.is_file()]
