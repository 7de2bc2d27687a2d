"""Begin a study of someone's data: look at the file, say what it is taken for, write the study.

What is written is meant to be read and changed: every guess stands in `config.yaml` with its
reason. The text comes from `workflow/templates`, and must pass the checks of any study before it
takes its place.
"""

import os
import re
import shutil
from pathlib import Path

import jinja2
import numpy as np
import yaml

from .data.encode import replicate
from .data.look import advice, description, look, plain, reason, tailed, ways
from .jobs import TunebookError
from .loading import load_study
from .study.first import metric, sizes
from .study.sizes import work

TEMPLATES = Path(__file__).parents[2] / "templates"
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# Where comments begin behind the lines of columns.
COMMENTS = 40
# More arithmetic than this (see `study.sizes.work`), and epochs are cut: about two minutes on two
# cores, by 0.1 to 0.5 ms for each unit of it.
MOST_WORK = 6e5


def new_study(name, path, target="", task="", studies="studies", say=print):
    """Write the study `name` of the data at `path`: a file, or a folder of images by class.

    target: the column that is predicted; a table needs one. task: `classification` or `regression`,
    else guessed. studies: the folder of all studies. say: a function of one line of text. Raises
    TunebookError, with nothing written, where a name or the data will not do.
    """
    folder = free_folder(name, Path(studies))
    found = look(name, path, target, task)
    for line in description(found):
        say(line)
    beside = folder.with_name(f".{name}.part")
    try:
        study, warnings = write(beside, name, found)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for line in advice(found, warnings):
        say(f"\n{plain(line, 300)}")
    files = ", ".join(sorted(path.name for path in folder.iterdir()))
    say(f"\nWritten: {folder}/ with {files}.")
    count, times = len(study.runs), study.replicates(name)
    say(f"{count} networks, each to be trained {times} times: a few minutes.")
    say(f"Look into config.yaml, then type\n\n  make report STUDY={name}")


def free_folder(name, studies):
    """The folder of a study that is not there yet."""
    if not NAME.fullmatch(name):
        raise TunebookError(
            f"NAME: found {name!r}; allowed: small letters, numerals and hyphens, a letter first, "
            "at most 40, such as wine or wine-2"
        )
    if (studies / name).exists():
        raise TunebookError(
            f"{studies / name}: is there already and is not overwritten; allowed: another NAME, or "
            "move that folder away first"
        )
    return studies / name


def write(folder, name, found):
    """Write the files of a study, check them as any study is, and return (Study, warnings).

    Epochs are cut where all that arithmetic would take too long.
    """
    known, table = facts(folder, name, found), found.table
    size = len(table), len(table.columns), table.shape
    study = fill_in(folder, known | sizes(*size))
    dataset = study.configuration["datasets"][name]
    made = replicate(table, name, study.problem(name), dataset, seed=0)
    rows, inputs = made.development["train_x"].shape
    total = sum(
        work(run.configuration, table.shape or inputs, rows, last - first + 1)
        for run in study.runs.values()
        for first, last in run.blocks
    )
    if total > MOST_WORK:
        study = fill_in(folder, known | sizes(*size, share=MOST_WORK / total))
    return study, made.warnings


def fill_in(folder, known):
    """Fill in the templates, below a folder that may be there; returns the Study they make."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"flow": flow, "key": lambda text: flow([text])[1:-1]}
    folder.mkdir(parents=True, exist_ok=True)
    for template in made.list_templates(["j2"]):
        text = made.get_template(template).render(known)
        (folder / template.removesuffix(".j2")).write_text(text, encoding="utf-8")
    return load_study([folder / "config.yaml"])


class OneLine(yaml.SafeDumper):
    """YAML in one line: text with line breaks in double quotes, where they are escaped."""

    def represent_str(self, text):
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


OneLine.add_representer(str, OneLine.represent_str)


def flow(value):
    """A value as YAML in one line."""
    how = {"default_flow_style": True, "sort_keys": False, "allow_unicode": True}
    text = yaml.dump(value, Dumper=OneLine, width=float("inf"), **how)
    return text.removesuffix("\n").removesuffix("\n...")


def facts(folder, name, found):
    """What the templates say of the data, by their names for it."""
    table, path = found.table, found.path.resolve()
    here = path.is_relative_to(Path.cwd())
    file = path.name + (".zip" if path.is_dir() else "")
    far = plain(", ".join(tailed(found)), 60)
    judge, judge_why = metric(found.task, found.classes)
    return {
        "name": name,
        "title": f"What predicts {found.target} in {found.path.stem}?",
        "file": re.sub(r"[^A-Za-z0-9._-]+", "-", file)[-100:].lstrip(".-") or "data",
        "path": os.path.relpath(path, folder.resolve()) if here else str(path),
        "here": here,
        "reader": table.reader,
        "header": found.header,
        "image": image(table),
        "rows": len(table),
        "columns": [(entry(column), plain(reason(column))) for column in found.shown],
        "unlisted": len(found.others) - len(found.shown),
        "target": found.target,
        "task": found.task,
        "task_why": plain(found.why),
        "ways": [(column, way, plain(why)) for column, way, why in ways(found)],
        "scale": "standard" if far else "min-max",
        "scale_why": f"a few far values in {far}" if far else "0 to 1, by the training rows",
        "metric": judge,
        "metric_why": judge_why,
        "example": {"accuracy": "97.1", "balanced-accuracy": "97.1", "rmse": "1.5"}[judge],
    }


def entry(column):
    """The line of `columns` that says what a column is taken for."""
    said = {"type": column.type} | ({"unit": column.unit} if column.unit else {})
    return f"{flow([column.name])[1:-1]}: {flow(said)}".ljust(COMMENTS)


def image(table):
    """The section `image` of a dataset; None for a table."""
    if not table.shape:
        return None
    values = np.concatenate([table.columns[name] for name in table.pixels])
    bounds, used = table.range, (values.min(), values.max())
    if np.ptp(used) < np.ptp(bounds) / 4:  # such as 0 to 16 in whole numbers up to 255
        bounds = used
    whole = [int(bound) if bound == int(bound) else float(bound) for bound in bounds]
    return {"shape": list(map(int, table.shape)), "range": whole}
