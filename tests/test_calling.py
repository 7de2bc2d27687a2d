"""Whatever way people call it, it runs or says why: one table of cases for each kind of trouble."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

from project import BOTH, PARTS, ROOT, Project, blocks, copy_of, runs_table
from test_faults import isolated
from tunebook.calling import only_looks
from tunebook.jobs import TunebookError
from tunebook.loading import load_study
from tunebook.study.read import merge, read_text, read_yaml


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small study, trained once; each case works in a copy of it, or leaves it as it is."""
    project = Project(tmp_path_factory.mktemp("calling") / "project")
    project.run()
    return project


@pytest.fixture
def project(finished, tmp_path):
    return copy_of(finished, tmp_path / "project")


# Paths as people have them


def with_environment(folder):
    """The project's folder with an environment inside, as `make` makes it."""
    project = Project(folder)
    (project.folder / ".venv").symlink_to(sys.prefix)
    shutil.copy2(ROOT / "Makefile", project.folder)
    shutil.copy2(ROOT / "requirements.txt", project.folder)
    # Older than the environment, which is not to be made again.
    os.utime(project.folder / "requirements.txt", (0, 0))
    return project


def make(project, *words, **environment):
    """Run make as a user does who has no environment activated."""
    python = Path(sys.prefix, "bin")
    paths = [p for p in os.environ["PATH"].split(os.pathsep) if Path(p) != python]
    return subprocess.run(
        ["make", *words], cwd=project.folder, text=True, check=False, timeout=600,
        env={**project.environment(), "PATH": os.pathsep.join(paths), **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.fixture
def ready():
    """Let the environment that the tests run in be one that `make` takes for finished."""
    mark = Path(sys.prefix, "ready")
    made = not mark.exists()
    mark.touch()
    yield
    if made:
        mark.unlink()


@pytest.mark.parametrize("name", ["my study", "it's a (new) study & Größe $HOME;é"])
def test_make_runs_a_study_in_a_folder_of_any_name_and_after_it_was_moved(
    tmp_path, ready, name, finished
):
    project = with_environment(tmp_path / name / "tunebook")
    run = make(project, "report")
    assert run.returncode == 0, run.stdout[-3000:]
    assert runs_table(project) == runs_table(finished)
    moved = Project.at(project.folder.rename(tmp_path / "moved"), project.configuration)
    run = make(moved, "report")
    assert run.returncode == 0 and "Nothing to be done" in run.stdout, run.stdout[-3000:]


def folder_as_a_file(project):
    shutil.rmtree(project.results(""))
    project.results("").with_name("results").write_text("mine")


def dead_link(project):
    shutil.rmtree(project.path("results"))
    project.path("results").symlink_to("nowhere")


def notes_as_a_file(project):
    shutil.rmtree(project.path(".snakemake"))
    project.path(".snakemake").write_text("mine")


PLACES = [
    (notes_as_a_file, ".snakemake: found a file; allowed: a folder"),
    (folder_as_a_file, "results: found a file; allowed: a folder"),
    (dead_link, "results: found a link that leads nowhere; allowed: a folder"),
]


@pytest.mark.parametrize(("spoil", "message"), PLACES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_place_that_cannot_be_used_is_told_before_anything_runs(project, spoil, message):
    spoil(project)
    run = project.run(check=False)
    assert run.returncode and message in run.stdout
    assert "Traceback" not in run.stdout


@pytest.mark.parametrize("words", [["-n"], ["results/runs.csv"]])
def test_a_project_on_a_read_only_disk_is_told_in_a_sentence(finished, words):
    bound = "mount --bind . . && mount -o remount,bind,ro . || exit"
    snakemake = f"cd {finished.folder}\n{shlex.join(finished.command(*words))}"
    text = isolated(finished, f"{bound}\n{snakemake}")
    assert ".snakemake: cannot be written; allowed: a folder that can" in text
    assert "Traceback" not in text


def test_braces_in_the_projects_path_are_refused_in_a_sentence(finished, tmp_path):
    braced = copy_of(finished, tmp_path / "a{b}c")
    run = braced.run("-n", check=False)
    assert run.returncode and "found a brace in the name of a folder" in run.stdout
    assert "Traceback" not in run.stdout


def through_a_link(project, tmp_path):
    (tmp_path / "link").symlink_to(project.folder)
    return Project.at(tmp_path / "link", project.configuration), []


def results_behind_a_link(project, tmp_path):
    project.results("").rename(tmp_path / "large disk")
    project.path("results").symlink_to(tmp_path / "large disk")
    return project, []


def directory_with_a_slash(project, tmp_path):
    return project, ["--directory", f"{project.folder}/"]


def directory_relative_to_another(project, tmp_path):
    os.makedirs(tmp_path / "elsewhere/deep")
    elsewhere = Project.at(tmp_path / "elsewhere/deep", project.configuration)
    way = os.path.relpath(project.folder, elsewhere.folder)
    return elsewhere, ["-s", f"{way}/Snakefile", "--directory", f"../deep/{way}"]


def configuration_by_a_long_way(project, tmp_path):
    return project, ["--configfile", f"config/../../{project.folder.name}/config/config.yaml"]


WAYS = [
    through_a_link,
    results_behind_a_link,
    directory_with_a_slash,
    directory_relative_to_another,
    configuration_by_a_long_way,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_finished_study_is_finished_whichever_way_it_is_reached(project, tmp_path, way):
    project, words = way(project, tmp_path)
    run = project.run("-n", *words)
    assert "Nothing to be done" in run.stdout, run.stdout[-3000:]


# The command line as documented

# What is typed, and how many configurations are trained then; two blocks a configuration at most.
OVERRIDES = [
    ("problems={houses: {replicates: 4}}", "2 with more replicates; 0 kept"),
    ("problems={houses: {base: {epochs: 2e0}}}", "2 new; 0 kept"),
    ("sweeps={w: {problem: houses, question: Wider, axes: {widths: [[8], [9]]}}}", "1 new; 2 kept"),
    ("sweeps={rates: {axes: {learning_rate: [0.01]}}}", "none; 1 kept"),
    ("timing={epochs: 2}", "none; 2 kept"),
    ("study={title: Another title}", "none; 2 kept"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "plan"), OVERRIDES, ids=lambda value: value[:30])
def test_a_value_given_on_the_command_line_means_what_it_means_in_the_file(finished, value, plan):
    run = finished.run("-n", "--config", value)
    assert f"Configurations to train: {plan} as they are." in run.stdout, run.stdout[-3000:]


def test_an_override_can_take_a_sweep_away_that_is_timed():
    study = load_study([ROOT / "config/config.yaml"], {"sweeps": {"width-houses": "null"}})
    assert "width-houses" not in study.sweeps
    assert "width-houses" not in study.configuration["timing"]["sweeps"]


# Every command that our own pages tell people to type.
PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]


def read(path):
    return path.read_text(encoding="utf-8")


TYPED = re.compile(r"(?:^|`)((?:snakemake|make)(?: [^`\n#]*)?)(?=`|#|$)", re.M)
COMMANDS = sorted({typed.strip() for page in PAGES for typed in TYPED.findall(read(page))})
# What they name that is not in the project, and what they are about.
PLACEHOLDERS = {"PATH": "results", "NAME": "ames", "diabetes": "cultivars"}


@pytest.fixture(scope="module")
def default_study(tmp_path_factory):
    """The project as it comes, not trained."""
    folder = tmp_path_factory.mktemp("default") / "tunebook"
    for part in [*PARTS, "studies", "Makefile", "requirements.txt"]:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, folder / part)
    (folder / "config/changes.yaml").write_text("study: {title: Another}\n")
    (folder / "results").mkdir()
    (folder / "results/runs.csv").write_text("")
    return Project.at(folder, {})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_our_pages_is_understood(default_study, command):
    for name, stands_for in PLACEHOLDERS.items():
        command = command.replace(name, stands_for)
    program, *words = shlex.split(command)
    if program == "make":
        run = make(default_study, "-n", *words)
    elif "--report" in words:
        pytest.skip("needs a finished study: run in test_workflow")
    else:
        run = default_study.run(*words, *["-n"] * ("-n" not in words), check=False)
    assert run.returncode == 0, run.stdout[-3000:]


def test_the_first_example_of_the_readme_trains_one_configuration():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example, search = re.findall(r"```yaml\n(.*?)```", text, re.S)
    before = load_study([ROOT / "config/config.yaml"])
    sweeps = read_text(textwrap.dedent(example), "README.md")
    after = load_study([ROOT / "config/config.yaml"], {"sweeps": sweeps})
    new = [run.configuration for name, run in after.runs.items() if name not in before.runs]
    assert [configuration["learning_rate"] for configuration in new] == [0.03]
    assert not set(before.runs) - set(after.runs)
    sweeps = read_text(textwrap.dedent(search), "README.md")
    after = load_study([ROOT / "config/config.yaml"], {"sweeps": sweeps})
    assert {*after.searches} == {*sweeps} and {*after.runs} == {*before.runs}


REFUSED = [
    (["--config", "study.seed=3"], "Write --config 'study={seed: 3}'"),
    (["--config", "problems.houses.base.epochs=5"], "'problems={houses: {base: {epochs: 5}}}'"),
    (["--config", "seed"], "--config: found seed; allowed: name=value"),
    (["--config", "study={title: What?, seed: 3}"], "--config study, character 13: expected ','"),
    (["--config", "sweeps={rates:null}"], "allowed: a space after each colon"),
    (["--configfile", "config/nowhere.yaml"], "config/nowhere.yaml: cannot be read (No such file"),
    (["--configfile=config/tab.yaml"], "config/tab.yaml, line 2: found character '\\t'"),
    (["--configfile", "config/mark.yaml"], "config/mark.yaml, line 1: expected ',' or '}'"),
    (["--configfile", "config/latin.yaml"], "config/latin.yaml: byte 19 is not UTF-8"),
    (["--configfile", "config"], "config: not a file"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_snakemake_would_not_understand_is_told_in_a_sentence(finished, words, message):
    config = finished.path("config")
    (config / "tab.yaml").write_text("study:\n\tseed: 3\n")
    (config / "mark.yaml").write_text("study: {title: What?, seed: 3}\n")
    (config / "latin.yaml").write_bytes("study: {title: Stra\u00dfe}\n".encode("latin-1"))
    run = finished.run("-n", *words, check=False)
    assert run.returncode and message in run.stdout, run.stdout[-2000:]
    assert "Traceback" not in run.stdout


# As a module of another workflow

MODULE = """
configfile: "config/config.yaml"

module tunebook:
    snakefile: "{snakefile}"
    config: config

use rule * from tunebook

rule mine:
    default_target: True
    input: rules.report.output
"""


def test_another_workflow_can_use_this_one_as_a_module(finished, tmp_path):
    other = Project.at(tmp_path / "other", finished.configuration)
    shutil.copytree(finished.path("config"), other.path("config"))
    other.path("workflow").mkdir()
    snakefile = other.path("workflow/Snakefile")
    snakefile.write_text(MODULE.format(snakefile=finished.path("Snakefile")))
    other.run()
    assert runs_table(other) == runs_table(finished)
    assert other.results("report.html").exists()
    said = other.run("-n").stdout
    assert "Nothing to be done" in said, said


# Small data


def test_four_images_and_one_house_are_enough_to_be_told_of(tmp_path):
    few = {"split": {"validation": 0.9995}, "replicates": 1, "baselines": {
        "nearest": {"estimator": "sklearn.neighbors.KNeighborsClassifier"},
        "machine": {"estimator": "sklearn.svm.SVC"},
    }}  # fmt: skip
    one = {"split": {"validation": 0.5, "test": 0.4995}, "replicates": 1}
    sweep = {"problem": "digits", "question": "Four?", "axes": {"learning_rate": [0.01]}}
    changes = {"problems": {"digits": few, "houses": one}, "sweeps": {"four": sweep}}
    project = Project(tmp_path / "project", merge(BOTH, changes))
    project.run()
    rows = pd.read_csv(project.results("baselines.csv")).set_index("baseline")
    assert "n_neighbors <= n_samples" in rows.failure["nearest"]
    assert "number of classes" in rows.failure["machine"]
    assert rows["test_mse"]["linear"] > 0
    page = project.results("report.html").read_text(encoding="utf-8")
    assert "no training row is 0" in project.path("logs/prepare/digits-replicate-0.log").read_text()
    assert "could not be fitted (Expected n_neighbors" in page


# Code or files that change meanwhile

LOSSES = "workflow/scripts/tunebook/learn/losses.py"
TRAIN = "workflow/scripts/train.py"
CONFIG = "config/config.yaml"
LOSS = "(outputs - wanted(targets, outputs, bipolar)).square().mean(dim=-1)"
# What is changed once the first of two trainings is at work; whether the run ends well all the
# same, and what the next call would train.
EDITS = {
    "arithmetic": (LOSSES, LOSS, f"{LOSS}.mul(2)", False, "1 again: their code"),
    "syntax": (LOSSES, "import torch", "import torch torch", False, "SyntaxError"),
    "comment": (LOSSES, "import torch", "# fast\nimport torch", True, "Nothing"),
    "script": (TRAIN, "output.records", "output.record", False, "1 again: their code"),
    "epochs": (CONFIG, "epochs: 800", "epochs: 700", True, "2 new; 0 kept"),
    "seed": (CONFIG, "seed: 0", "seed: 1", True, "2 new; 0 kept"),
    "half-written": (CONFIG, "seed: 0", "seed: [", True, "config/config.yaml, line"),
    "network": ("config/networks.py", "ReLU", "Tanh", False, "2 new; 0 kept"),
}  # fmt: skip
NETWORK = """
import torch


class Net(torch.nn.Sequential):
    def __init__(self, inputs, outputs, hidden=8):
        layers = torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, outputs)
        super().__init__(*layers)
"""


@pytest.mark.parametrize("name", EDITS)
def test_what_changes_while_a_study_runs_leaves_no_mixture(finished, tmp_path, name):
    file, old, new, ends_well, after = EDITS[name]
    base = {"epochs": 800}
    if name == "network":
        base |= {"model": "module", "module": "networks.py:Net"}
    project = copy_of(finished, tmp_path / "project")
    project.change({"problems": {"houses": {"base": base}}})
    project.configuration["problems"]["houses"]["base"].pop(
        "widths" if name == "network" else "", 0
    )
    project.write()
    project.path("config/networks.py").write_text(NETWORK)
    target = "results/choice/houses.json"

    process = subprocess.Popen(
        project.command(target, cores=1), cwd=project.folder, env=project.environment(),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    logs, known = project.path("logs/train"), set(project.path("logs/train").glob("*.log"))
    while process.poll() is None and not any(
        "epoch" in path.read_text() for path in set(logs.glob("*.log")) - known
    ):
        time.sleep(0.05)
    text = project.path(file).read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds what this test changes"
    project.path(file).write_text(text.replace(old, new), encoding="utf-8")
    out = process.communicate(timeout=300)[0]

    assert (process.returncode == 0) == ends_well, out[-3000:]
    if not ends_well and name != "syntax":
        assert "changed since the study was started; start it again" in out
    assert after in project.run("-n", target, check=False).stdout


# Whose environment it is

ENVIRONMENTS = {
    "a notebook": {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "a window that is not there": {"MPLBACKEND": "TkAgg", "DISPLAY": ":77"},
    "a locale that is not there": {"LC_ALL": "xx_YY.ISO-8859-1", "LANG": "xx"},
    "plain letters": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "another encoding": {"PYTHONIOENCODING": "ascii", "LC_ALL": "POSIX"},
    "a home that is a file": {"HOME": "/dev/null", "XDG_CACHE_HOME": ""},
    "a home that is not there": {"HOME": "/nowhere/at/all", "MPLCONFIGDIR": "/proc/1/x"},
    "a cache that cannot be": {"XDG_CACHE_HOME": "/proc/nothing"},
    "a time zone": {"TZ": "Pacific/Kiritimati", "SOURCE_DATE_EPOCH": "0"},
    "no terminal": {"TERM": "dumb", "COLUMNS": "7"},
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_figures_and_verdicts_are_the_same_in_anyones_environment(project, monkeypatch, name):
    figure, claims = project.results("figures/rates.svg"), project.results("claims.json")
    before = figure.read_bytes(), claims.read_bytes()
    for key, value in ENVIRONMENTS[name].items():
        monkeypatch.setenv(key, value)
    run = project.run("--force", "results/figures/rates.svg", "results/claims.json")
    assert "Traceback" not in run.stdout
    assert (figure.read_bytes(), claims.read_bytes()) == before


def test_every_text_file_is_opened_with_its_encoding_named():
    command = [sys.executable, "-m", "ruff", "check", "--preview", "--select", "PLW1514", "."]
    found = subprocess.run(command, cwd=ROOT / "workflow", capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


# Claims must not stop a study

# An edit of the default study, and the claims that it takes the ground from.
ORDINARY = [
    ({"problems": {"digits": {"base": {"optimizer": "sgd"}}}}, ["cnn-training"]),
    ({"problems": {"digits": {"base": {"model": "dense", "widths": [100]}}}}, ["cnn-architecture"]),
    ({"problems": {"houses": {"base": {"loss": "gaussian"}}}}, ["lr-shallow"]),
    ({"timing": {"sweeps": []}}, ["training-time"]),
    ({"timing": {"sweeps": ["width-houses"]}}, ["training-time", "batch-speed"]),
    ({"problems": {"houses": {"replicates": 1}, "digits": {"replicates": 1}}}, []),
    ({"sweeps": {"rates-deep": None}}, ["lr-deep", "lr-too-high"]),
    ({"sweeps": {"best-digits": None}}, ["cnn-accuracy"]),
    ({"problems": {"houses": {"base": {"batch_size": "full"}}}}, []),
]


@pytest.mark.parametrize(("change", "untestable"), ORDINARY, ids=lambda value: str(value)[:60])
def test_an_ordinary_edit_makes_claims_untestable_and_stops_nothing(change, untestable):
    study = load_study([ROOT / "config/config.yaml"], change)
    assert {*untestable} <= {*study.untestable}
    assert all(study.untestable.values()), "each with its reason"


@pytest.mark.parametrize("text", [None, "", "[]", "claims: []", "{claims: [], traps: []}"])
def test_a_study_may_have_no_claims(tmp_path, text):
    project = Project(tmp_path / "project")
    claims = project.path("config/claims.yaml")
    claims.unlink() if text is None else claims.write_text(text)
    assert load_study([project.path("config/config.yaml")]).untestable == {}


ORDER = """
- id: {id}
  title: A small rate is worse
  claim: A small rate is worse.
  rule:
    order:
      metric: train_loss
      lower: {{sweep: rates, where: {{learning_rate: 0.01}}}}
      than: {{sweep: rates, where: {{learning_rate: 0.001}}}}
"""


def test_a_claim_that_is_written_after_its_runs_says_so(tmp_path):
    project = Project(tmp_path / "project")
    claims = project.path("config/claims.yaml")
    claims.write_text(ORDER.format(id="before"))
    project.run("results/claims.json")
    claims.write_text(ORDER.format(id="before") + ORDER.format(id="after"))
    time.sleep(1.1)  # the register counts whole seconds
    project.run()
    late = {each["id"]: each["late"] for each in json.loads(read(project.results("claims.json")))}
    assert late == {"before": False, "after": True}
    assert read(project.results("report.html")).count(">changed after the runs<") == 1


# YAML as people write it

AMBIGUOUS = ["010", "00", "0x1F", "0b11", "1_000", "1_0.5", "1:30", "190:20:30.15", "-012"]
PLAIN = [("0", 0), ("-7", -7), ("+3", 3), ("10.0", 10), (".5", 0.5), ("1e-3", "1e-3"),
         ("2020-01-01", "2020-01-01"), ("'010'", "010"), ("12:30pm", "12:30pm")]  # fmt: skip


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_number_that_versions_of_yaml_read_differently_is_refused(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(f"a:\n  b: {text}\n")
    with pytest.raises(TunebookError, match="line 2: found .* versions of YAML") as error:
        read_yaml(path)
    assert text in str(error.value)


@pytest.mark.parametrize(("text", "value"), PLAIN)
def test_other_numbers_and_dates_are_read_as_written(tmp_path, text, value):
    (tmp_path / "config.yaml").write_text(f"a: {text}\n")
    assert read_yaml(tmp_path / "config.yaml") == {"a": value}


# Commands that look

LOOKS = ["-n", "-pn", "-np", "-kn", "-S", "-D", "--summary", "--detailed-summary", "--dry-run",
         "-l", "--list-rules", "--lint", "--report x.html", "--dag", "--rulegraph"]  # fmt: skip
WORKS = ["", "--cores 4 --nolock results/runs.csv", "prune --config delete=true", "-p", "-j4",
         "--cores 2", "-k", "-R name", "-f x", "--report-after-run", "prune", "--config n=1",
         "--unlock"]  # fmt: skip


@pytest.mark.parametrize("words", LOOKS + WORKS)
def test_who_looks_needs_no_lock(words):
    assert only_looks(words.split()) == (words in LOOKS)


def test_studies_with_results_of_their_own_run_at_the_same_time(finished, tmp_path):
    project = copy_of(finished, tmp_path / "project")
    other = "extends: config.yaml\nstudy: {results: results-other}\n"
    project.path("config/other.yaml").write_text(other)
    project.change({"problems": {"houses": {"base": {"epochs": 300}}}})
    start = {"cwd": project.folder, "env": project.environment(), "text": True,
             "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}  # fmt: skip
    first = subprocess.Popen(project.command(cores=1), **start)
    second = subprocess.Popen(
        project.command("--configfile", "config/other.yaml", cores=1), **start
    )
    for process in (first, second):
        out = process.communicate(timeout=300)[0]
        assert process.returncode == 0, out[-3000:]
    tables = [project.path(f"{name}/runs.csv").read_text() for name in ("results", "results-other")]
    assert len(tables[0].splitlines()) == len(tables[1].splitlines()) == 5
    assert project.path("logs-other/report/report.log").exists()


def test_prune_names_what_it_looked_at_and_forgets_no_override(project):
    more = "{problem: houses, question: More, axes: {learning_rate: [0.02]}}"
    project.path("config/extra.yaml").write_text(f"sweeps: {{more: {more}}}\n")
    files = ["--configfile", "config/config.yaml", "config/extra.yaml"]
    project.run("results/runs.csv", *files)
    before = blocks(project)
    out = project.run("prune", "--config", "delete=true").stdout
    assert "that config/config.yaml does not name" in out
    assert "1 more are named by the last call, for config/config.yaml and config/extra.yaml" in out
    assert blocks(project) == before
    assert "0 blocks" in project.run("prune", *files).stdout
    assert "Deleted 1 blocks" in project.run("prune", "--config", "delete=all").stdout


# What the console says


def test_a_dry_run_fits_on_a_screen_and_says_in_words_what_is_trained_and_why(finished):
    rates = [0.02 + i / 1000 for i in range(200)]
    sweep = f"{{more: {{problem: houses, question: What, axes: {{learning_rate: {rates}}}}}}}"
    out = finished.run("-n", "--config", f"sweeps={sweep}").stdout
    plan = out[out.index("Configurations to train") :]
    assert "Configurations to train: 200 new; 2 kept as they are." in plan
    assert plan.count("(new)") == 10 and "and 190 more" in plan
    assert "To be made: choices, evaluations, tables, verdicts, figures, report." in plan
    assert len(plan.splitlines()) < 25 and len(plan) < 3000


def test_with_p_a_dry_run_lists_every_job_and_counts_long_lists_of_files(finished):
    rates = [0.02 + i / 1000 for i in range(30)]
    sweep = f"{{more: {{problem: houses, question: What, axes: {{learning_rate: {rates}}}}}}}"
    out = finished.run("-np", "--config", f"sweeps={sweep}").stdout
    counts = [1 + int(more) for more in re.findall(r"-and-(\d+)-more\.log", out)]
    assert sum(counts) == 30
    gather = out[out.index("rule gather:") :].split("\n\n")[0]
    assert "more files" in gather and len(gather) < 800


# The environment that others make


def test_the_environment_for_conda_has_the_pinned_packages():
    environment = read_yaml(ROOT / "workflow/envs/tunebook.yaml")
    pinned = re.findall(r"^[a-z].*==.*$", read(ROOT / "requirements.txt"), re.M)
    assert environment["dependencies"][-1] == {"pip": pinned}


@pytest.mark.parametrize("version", ["3.10", "3.15", "2.7"])
def test_a_python_that_pytorch_is_not_built_for_is_told_at_once(tmp_path, version):
    major, minor = version.split(".")
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo Python {version} && exit\n"
        f'exec {sys.executable} -c "import sys; sys.version_info = ({major}, {minor}, 0); $2"\n'
    )
    python.chmod(0o755)
    shutil.copy2(ROOT / "Makefile", tmp_path)
    shutil.copy2(ROOT / "requirements.txt", tmp_path)
    run = make(Project.at(tmp_path, {}), "report", f"PYTHON={python}")
    assert run.returncode and "Python 3.11, 3.12, 3.13, 3.14 is needed" in run.stdout, run.stdout
    assert not (tmp_path / ".venv").exists()
