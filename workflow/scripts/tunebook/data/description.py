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
# Of all rows, for test and for validation, unless a problem says otherwise.
SHARE = 0.2


def check_data(configuration):
    """Raise TunebookError for what problems say of their data that a schema cannot refuse."""
    datasets = configuration["datasets"]
    for name, problem in configuration["problems"].items():
        key, dataset = f"problems.{name}", problem["dataset"]
        if dataset not in datasets:
            raise TunebookError(f"{key}.dataset: found {dataset}; allowed: {', '.join(datasets)}")
        if problem["target"] in problem.get("inputs", []):
            raise TunebookError(f"{key}.inputs: found the target; allowed: other columns")
        split_of(key, problem, datasets[dataset]["files"])


def split_of(key, problem, files):
    """(way, column, official test file, shares) of a problem's split.

    way: `random`, or one of WAYS with its column; classes are by default divided alike.
    shares: of test and validation, or of validation alone beside an official file. files: names of
    the dataset's. Raises TunebookError, under the problem's `key`, for what does not go together.
    """
    split, key = problem.get("split", {}), f"{key}.split"
    named = [way for way in WAYS if split.get(way, "none") != "none"]
    if len(named) > 1:
        found = f"{key}: found {' and '.join(named)}"
        raise TunebookError(f"{found}; allowed: one of {', '.join(WAYS)}")
    official = split.get("test_file")
    if official is not None and "test" in split:
        allowed = "a share of the rows, or an official file"
        raise TunebookError(f"{key}: found test and test_file; allowed: {allowed}")
    if official is not None and (official not in files or len(files) < 2):
        allowed = f"one of the dataset's files ({', '.join(files)}), with another to train on"
        raise TunebookError(f"{key}.test_file: found {official}; allowed: {allowed}")
    shares = [split.get(name, SHARE) for name in ("test", "validation")][official is not None :]
    if named:
        return named[0], split[named[0]], official, shares
    if problem["task"] == "classification" and "stratify_on" not in split:
        return "stratify_on", problem["target"], official, shares
    return "random", None, official, shares


def same_rows(problem, split="test"):
    """Whether every replicate of a problem has the same held-out rows in a split.

    Those of an official file of test rows, or the latest; all other ways draw them by chance.
    """
    asked = problem.get("split", {})
    return asked.get("time_on", "none") != "none" or split == "test" and "test_file" in asked


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
    inside = [each for path in paths for each in (path, *sorted(path.rglob("*")))]
    return [str(path) for path in inside if path.is_file()]
