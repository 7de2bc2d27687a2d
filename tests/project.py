"""A small study in a folder of its own, run through real Snakemake as a user would."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml

from tunebook.evidence.tables import TIMES
from tunebook.study.read import merge, read_chain

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["Snakefile", "workflow", "report", "profiles", "config"]

# No test leaves this machine: every address is looked for behind a port that nothing listens on.
OFFLINE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
)

# The default study's datasets without a network: what stands in for them is made here.
DATASETS = read_chain(ROOT / "config/config.yaml")["datasets"]

# One problem each way, networks that train in milliseconds.
SMALL = {
    "study": {"title": "A small study", "source": "nobody", "seed": 0, "results": "results"},
    "data": {"mirrors": [], "when_unreachable": "sample", "timeout_seconds": 5, "attempts": 1},
    "datasets": {"ames": DATASETS["ames"]},
    "problems": {
        "houses": {
            "task": "regression",
            "dataset": "ames",
            "target": "SalePrice",
            "inputs": ["OverallQual", "YearBuilt", "TotalBsmtSF", "GrLivArea"],
            "split": {"validation": 0.2, "test": 0.2},
            "replicates": 2,
            "base": {"model": "dense", "widths": [8], "loss": "mse", "optimizer": "adam",
                     "learning_rate": 0.01, "batch_size": 100, "epochs": 3},
            "baselines": {"linear": {"estimator": "sklearn.linear_model.LinearRegression"}},
        },
    },
    "replicates_per_job": {"dense": 2, "convolutional": 1},
    "timing": {"sweeps": ["rates"], "epochs": 1, "repetitions": 2},
    "sweeps": {
        "rates": {"problem": "houses", "question": "Which learning rate?",
                  "axes": {"learning_rate": [0.01, 0.001]}},
    },
}  # fmt: skip

DIGITS = {
    "task": "classification",
    "dataset": "usps",
    "target": "column-1",
    "split": {"validation": 0.2, "test_file": "zip.test.gz", "stratify_on": "none"},
    "replicates": 2,
    "base": {"model": "dense", "widths": [8], "loss": "cross-entropy", "optimizer": "adam",
             "learning_rate": 0.01, "batch_size": 200, "epochs": 2},
}  # fmt: skip
FIGURES = """
rates:
  title: Learning rates over the epochs
  panels: {curves: train_loss, sweep: rates, colour: learning_rate}
"""
BOTH = {"datasets": {"usps": DATASETS["usps"]}, "problems": {"digits": DIGITS}}


class Project:
    """A copy of the project's code with a configuration of its own."""

    def __init__(self, folder, changes=None):
        self.folder = copy_parts(folder, PARTS)
        self.configuration = merge(SMALL, changes or {})
        # The default study's article speaks of runs that a small one does not have.
        self.path("config/article.md").unlink()
        self.path("config/figures.yaml").write_text(FIGURES)
        self.write()

    @classmethod
    def at(cls, folder, configuration):
        """A project that lies in a folder already."""
        project = cls.__new__(cls)
        project.folder, project.configuration = Path(folder), configuration
        return project

    def write(self):
        # Written out, however often a part is the same object: aliases are refused.
        plain = json.loads(json.dumps(self.configuration))
        self.path("config/config.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))

    def change(self, changes):
        self.configuration = merge(self.configuration, changes)
        self.write()

    def command(self, *arguments, cores=2):
        cores = [] if cores is None else ["--cores", str(cores)]
        return [sys.executable, "-m", "snakemake", *cores, *arguments]

    def environment(self):
        return {**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1"}

    def start(self, *arguments, cores=2, said=subprocess.PIPE, cwd=None, **environment):
        """Start snakemake here, in a process group of its own; all that it says goes to `said`."""
        return subprocess.Popen(
            self.command(*arguments, cores=cores),
            cwd=cwd or self.folder, env=self.environment() | environment, text=True,
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments, check=True, timeout=600, **more):
        """Run snakemake here; returns the finished process, output and errors in one text."""
        with self.start(*arguments, **more) as process:
            try:
                said, _ = process.communicate(timeout=timeout)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if check and process.returncode:
            raise AssertionError(f"snakemake failed:\n{said[-6000:]}")
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def planned(self, *arguments):
        """What a run would do: Counter of rules, and the training jobs by the folder they make."""
        return parse_jobs(self.run("-np", *arguments).stdout)

    def path(self, name):
        return self.folder / name

    def results(self, name):
        return self.folder / "results" / name


def copy_parts(folder, parts):
    """Copy parts of this project to a new folder, which is returned."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, folder / part)
    return folder


def job_texts(text):
    """(rule, what is said of the job) from Snakemake's account of its jobs."""
    for block in re.split(r"\n(?=(?:local)?rule )", text):
        if head := re.match(r"(?:local)?rule (\w+):", block):
            yield head[1], block


def parse_jobs(text):
    """(Counter of rule names, set of trained blocks) from Snakemake's account of its jobs."""
    jobs = list(job_texts(text))
    trained = [re.search(r"run=(\S+), first=(\d+), last=(\d+)", job) for _, job in jobs]
    folders = {f"{found[1]}/replicates-{found[2]}-{found[3]}" for found in trained if found}
    return Counter(rule for rule, _ in jobs), folders


def copy_of(project, folder):
    """The whole project with its results and what Snakemake remembers, at another place."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project.at(folder, project.configuration)


def records(project):
    """{part: path of its record} of the trained blocks on disk."""
    runs = project.results("runs")
    found = sorted(runs.glob("*/replicates-*/training.json"))
    return {path.parent.relative_to(runs).as_posix(): path for path in found}


def blocks(project):
    """{part: date of its record} of the trained blocks on disk."""
    return {part: path.stat().st_mtime_ns for part, path in records(project).items()}


def runs_table(project):
    """runs.csv as text, without the columns that hold times."""
    table = pd.read_csv(project.results("runs.csv"), dtype=str, keep_default_na=False)
    return table.drop(columns=TIMES).to_csv(index=False)


def tree(folder):
    """Every file but logs, with its content and date."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: (path.read_bytes(), path.stat().st_mtime_ns)
        for name, path in found.items()
        if not {".snakemake", "logs", "__pycache__"} & set(name.parts)
    }


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_byte_altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
