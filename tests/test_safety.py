"""Configuration, data and weights are read, never run: hostile values end as text or refused.

Others hold the rest: YAML of the configuration, names that lead elsewhere and data files
(test_study, test_workflow), markup in tables and claims (test_report, test_comparison), downloads
and data files (test_data_fetch, test_data_readers), links in the folder of runs (test_workflow).
"""

import ast
import html
import io
import os
import pickle
import re

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file

from project import ROOT, Project
from tunebook.claims import load_claims
from tunebook.data.prepare import load
from tunebook.jobs import TunebookError
from tunebook.learn.blocks import read_state


class Hostile:
    """Makes a file `hacked` in the working directory when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("hacked",)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory, in which nothing may be hacked."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not list(tmp_path.rglob("hacked*"))


def test_what_is_called_hostile_below_is_hostile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Hostile()))
    assert (tmp_path / "hacked").is_dir()


# Files of data and weights


def archive_of_objects(file):
    np.savez(file, train_x=np.array([Hostile()], dtype=object))


def plain_pickle(file):
    pickle.dump(Hostile(), file)


def archive_of_torch(file):
    torch.save({"final/dense0.weight": Hostile()}, file)


PICKLES = [archive_of_objects, plain_pickle, archive_of_torch]


@pytest.mark.parametrize("write", PICKLES)
def test_pickles_in_prepared_data_are_refused_by_the_name_of_the_file(here, write):
    with open("development.npz", "wb") as file:
        write(file)
    with pytest.raises(TunebookError, match="development.npz"):
        load(here / "development.npz")


@pytest.mark.parametrize("write", PICKLES)
def test_pickles_in_weights_are_refused(here, write):
    with open("weights.safetensors", "wb") as file:
        write(file)
    with pytest.raises(SafetensorError):
        load_file(here / "weights.safetensors")


def test_pickles_in_the_state_of_a_training_are_refused(here):
    for write in PICKLES:
        with open("until-3.pt", "wb") as file:
            write(file)
        with pytest.raises((pickle.UnpicklingError, RuntimeError)):
            read_state(here / "until-3.pt")


def test_pickles_in_the_types_of_a_table_are_left_alone(here):
    # What older versions of pyarrow unpickled when they met it (CVE-2023-47248).
    hostile = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Hostile()),
    }
    field = pyarrow.field("run", pyarrow.int64(), metadata=hostile)
    table = pyarrow.table([pyarrow.array([1])], schema=pyarrow.schema([field]))
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, store_schema=True)
    (here / "history.parquet").write_bytes(buffer.getvalue())
    assert pd.read_parquet(here / "history.parquet")["run"].tolist() == [1]


# Claims: read like the configuration


HOSTILE = [
    "!!python/object/apply:os.mkdir [hacked]", "!!python/object/new:os.mkdir [hacked]",
    "!!python/name:os.mkdir", "&a [*a]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_claims_are_refused_by_the_name_of_the_file(here, text):
    valid = (ROOT / "config/claims.yaml").read_text()
    for hostile in (f"{valid}\nhostile: {text}\n", f"claims: {text}\ntraps: []\n"):
        (here / "claims.yaml").write_text(hostile)
        with pytest.raises(TunebookError, match="claims.yaml"):
            load_claims(here / "claims.yaml")


# The code: nothing in it can run what it reads

WORKFLOW = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
LIBRARY = sorted((ROOT / "workflow").rglob("*.py"))
BANNED_MODULES = {"pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "runpy", "code"}
BANNED_CALLS = re.compile(
    r"eval|exec|compile|__import__|os\.(system|popen|exec\w*|spawn\w*)|joblib\.load"
    r"|(pd|pandas)\.(read_pickle|eval)|\w+\.(to_pickle|query)|yaml\.(unsafe_|full_)?load_?all"
    r"|yaml\.(unsafe|full)_load|subprocess\.get\w*output"
)


def imported_and_called(path):
    """(names of modules, calls as text) of a Python file."""
    modules, calls = set(), []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call):
            calls.append((ast.unparse(node.func), ast.unparse(node)))
    return modules, calls


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_no_code_can_run_what_it_reads(path):
    modules, calls = imported_and_called(path)
    assert not modules & BANNED_MODULES
    for function, call in calls:
        assert not BANNED_CALLS.fullmatch(function), call
        assert "shell=True" not in call
        if function == "yaml.load":
            assert "Loader=StrictLoader" in call
        if function == "torch.load":
            assert "weights_only=True" in call
        if function == "np.load":
            assert "allow_pickle=False" in call


@pytest.mark.parametrize("path", WORKFLOW, ids=lambda path: path.name)
def test_no_rule_has_a_shell(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(shell|run|cwl|wrapper|notebook)\s*[:(]", text, re.M)
    assert "shell(" not in text


# Through the front door: every free text of the configuration, and the paths

COMMANDS = "$(touch hacked-1) `touch hacked-2`; touch hacked-3 & | touch hacked-4 > hacked-5"
TEXT = (
    f"""{COMMANDS} ' " \\ {{wildcards}} {{{{ 7 * 7 }}}} {{% raw %}} <img src=x onerror=alert(1)>"""
)
# A name of a file holds no slash, and Snakemake takes braces for wildcards.
NAME = f"{COMMANDS.replace('>', '')} ' é"


def test_hostile_texts_and_paths_run_nothing_and_reach_the_page_as_text(tmp_path):
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
    claims["claims"][0]["claim"] = f"Claim {COMMANDS}"
    changes = {
        "study": {"title": f"Title {TEXT}", "source": f"Source {TEXT}"},
        "data": {"mirrors": [NAME, f"/nowhere/{NAME}", f"http://127.0.0.1:9/{TEXT}"]},
        "problems": {"houses": {"replicates": 1}},
        "timing": {"sweeps": [], "epochs": 1, "repetitions": 1},
        "sweeps": {"rates": {"question": f"Question {TEXT}", "axes": {"learning_rate": [0.01]}}},
    }
    project = Project(tmp_path / NAME, changes)
    folder = project.path(f"config/{NAME}")
    folder.mkdir()
    (folder / "claims.yaml").write_text(yaml.safe_dump(claims))
    (folder / "stand_ins.py").write_text(project.path("config/stand_ins.py").read_text())
    (folder / "config.yaml").write_text("extends: ../config.yaml\n")
    project.run("--configfile", f"config/{NAME}/config.yaml")
    assert not list(tmp_path.rglob("hacked*"))
    page = project.results("report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    for name in ("Title", "Source"):
        assert f"{name} {TEXT}" in html.unescape(page), "not one letter was taken for more"
