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
    for name, dataset in datasets.items():
        check_made_from(f"datasets.{name}.files", dataset["files"])
    for name, problem in configuration["problems"].items():
        key, dataset = f"problems.{name}", problem["dataset"]
        if dataset not in datasets:
            raise TunebookError(f"{key}.dataset: found {dataset}; allowed: {', '.join(datasets)}")
        if problem["target"] in problem.get("inputs", []):
            raise TunebookError(f"{key}.inputs: found the target; allowed: other columns")
        split_of(key, problem, read_as_rows(datasets[dataset]))


def check_made_from(key, files):
    """Raise TunebookError, under a dataset's `key`, for a file that is made from what is none."""
    had = [name for name, source in files.items() if "made_by" not in source]
    for name, source in files.items():
        made_from = source.get("made_from")
        if made_from is not None and "made_by" not in source:
            allowed = "beside made_by"
            raise TunebookError(f"{key}.{name}: found made_from; allowed: {allowed}")
        if made_from is not None and made_from not in had:
            allowed = f"a file with addresses or a path ({', '.join(had) or 'there is none'})"
            raise TunebookError(f"{key}.{name}.made_from: found {made_from}; allowed: {allowed}")
        if made_from is not None and "values_sha256" in files[made_from]:
            told = "sha256, since it is not read as rows"
            raise TunebookError(f"{key}.{made_from}: found values_sha256; allowed: {told}")


def read_as_rows(dataset):
    """The names of a dataset's files that hold its rows: not those that others are made from."""
    files = dataset["files"]
    others = {source["made_from"] for source in files.values() if "made_from" in source}
    return [name for name in files if name not in others]


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
