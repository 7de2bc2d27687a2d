"""Only what changed is run again, and training never sees test data: asked of real Snakemake."""

import ast
import filecmp
import os
import pty
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import yaml

from project import BOTH, PARTS, ROOT, Project, blocks, copy_of, merged, parse_jobs, runs_table
from tunebook.code import PLUMBING, files, tree_hash
from tunebook.jobs import vouch
from tunebook.workflow import load_study, priority

# Made again whenever the tables are; the baselines and the timing depend on neither.
AFTER_TABLES = {"claims": 1, "figures": 1, "report": 1, "all": 1}
ONE_HOUSES_RUN = {"train": 1, "choose": 1, "evaluate": 1, "gather": 1, **AFTER_TABLES}
NOTHING = (Counter(), set())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of both problems that has run to its report."""
    changes = {
        "problems": {"digits": {"replicates": 1}},
        "sweeps": {"layers": {"problem": "digits", "question": "Which layers?"}},
        "timing": {"sweeps": ["layers"], "epochs": 1, "repetitions": 1},
    }
    folder = tmp_path_factory.mktemp("workflow") / "finished"
    project = Project(folder, merged(BOTH, changes))
    project.run()
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study, to be changed."""
    return copy_of(finished, tmp_path / "study")


def names(parts):
    """The learning rates in the names of some blocks: enough to tell them apart here."""
    return sorted(re.search(r"-lr([^-]+(?:e-\d+)?)-", part)[1] for part in parts)


def test_a_finished_study_has_nothing_to_do(project):
    assert project.planned() == NOTHING


# The configuration changes


def test_one_changed_value_trains_one_run_and_changing_it_back_trains_none(project):
    before = blocks(project)
    project.change({"sweeps": {"rates": {"axes": {"learning_rate": [0.01, 0.002]}}}})
    rules, trained = project.planned()
    assert rules == ONE_HOUSES_RUN
    assert names(trained) == ["0.002"]

    # A table of what Snakemake really did, not only of what it planned.
    rules, trained = parse_jobs(project.run("results/runs.csv").stdout)
    assert rules == {"train": 1, "choose": 1, "evaluate": 1, "gather": 1}
    assert names(trained) == ["0.002"]
    assert set(pd.read_csv(project.results("runs.csv"))["learning_rate"]) == {0.01, 0.002}

    project.change({"sweeps": {"rates": {"axes": {"learning_rate": [0.01, 0.001]}}}})
    rules, trained = parse_jobs(project.run("results/runs.csv").stdout)
    assert not trained
    assert rules == {"choose": 1, "evaluate": 1, "gather": 1}
    after = blocks(project)
    assert {part: after[part] for part in before} == before, "no block was written again"
    assert len(after) == len(before) + 1


def test_a_new_sweep_trains_what_no_other_sweep_has(project):
    project.change(
        {"sweeps": {"more": {"problem": "houses", "question": "More?",
                             "axes": {"learning_rate": [0.01, 0.1]}}}}
    )  # fmt: skip
    rules, trained = project.planned()
    assert names(trained) == ["0.1"]
    assert rules == ONE_HOUSES_RUN


def test_a_new_sweep_of_known_runs_trains_nothing(project):
    project.change(
        {"sweeps": {"again": {"problem": "houses", "question": "Again?",
                              "axes": {"learning_rate": [0.001]}}}}
    )  # fmt: skip
    rules, trained = project.planned()
    assert not trained
    assert rules == {"gather": 1, **AFTER_TABLES}


def test_a_removed_sweep_trains_nothing_and_its_runs_stay_until_they_are_pruned(project):
    before = blocks(project)
    sweep = {"problem": "houses", "question": "One rate?", "axes": {"learning_rate": [0.01]}}
    project.configuration = {**project.configuration, "sweeps": {
        "layers": project.configuration["sweeps"]["layers"], "one": sweep,
    }}  # fmt: skip
    project.write()
    rules, trained = parse_jobs(project.run("results/runs.csv").stdout)
    assert not trained
    assert rules == {"choose": 1, "evaluate": 1, "gather": 1}
    assert blocks(project) == before
    assert set(pd.read_csv(project.results("runs.csv"))["learning_rate"]) == {0.01}

    (orphan,) = [part for part in before if "-lr0.001-" in part]
    listed = project.run("prune").stdout
    assert orphan in listed
    assert "1 blocks" in listed
    assert "delete them with: snakemake prune --config delete=true" in listed
    assert blocks(project) == before, "listing deletes nothing"

    assert "Deleted 1 blocks" in project.run("prune", "--config", "delete=true").stdout
    assert set(before) - set(blocks(project)) == {orphan}
    assert "0 blocks" in project.run("prune").stdout
    assert project.planned("results/runs.csv") == NOTHING


def rewritten(text):
    """The same configuration in other words: comments, white space, quotes, order, numbers."""

    def reversed_keys(value):
        if isinstance(value, dict):
            return {key: reversed_keys(item) for key, item in reversed(value.items())}
        return value

    value = reversed_keys(yaml.safe_load(text))
    # The order of sweeps is the order of the report, and that of axes the order of a sweep's runs.
    value["sweeps"] = dict(reversed(value["sweeps"].items()))
    again = yaml.safe_dump(value, sort_keys=False, indent=6, default_flow_style=None)
    again = again.replace("0.01", "1e-2").replace("0.001", "1.0E-3")
    return f"# A comment\n\n{again}\n\n# Another\n"


def test_comments_white_space_order_of_keys_and_forms_of_numbers_change_nothing(project):
    path = project.path("config/config.yaml")
    path.write_text(rewritten(path.read_text()))
    assert "1e-2" in path.read_text()
    assert "1.0E-3" in path.read_text()
    assert project.planned() == NOTHING


@pytest.mark.parametrize(
    "change",
    [
        {"study": {"title": "Another title"}},
        {"data": {"timeout_seconds": 9, "attempts": 2, "mirrors": ["/nowhere"]}},
        {"problems": {"houses": {"base": {"momentum": 0.5}}}},  # Adam has none
    ],
)
def test_keys_that_no_result_depends_on_change_no_more_than_the_page_that_shows_them(
    project, change
):
    project.change(change)
    assert project.planned() == (Counter({"report": 1, "all": 1}), set())


def test_more_replicates_keep_the_blocks_and_equal_a_fresh_study(project, tmp_path):
    before = blocks(project)
    project.change({"problems": {"houses": {"replicates": 3}}})
    rules, trained = parse_jobs(project.run("results/runs.csv").stdout)
    assert {part.rsplit("/", 1)[1] for part in trained} == {"replicates-2-2"}
    assert len(trained) == 2
    assert rules["prepare"] == 1
    after = blocks(project)
    assert {part: after[part] for part in before} == before

    fresh = Project(tmp_path / "fresh")
    fresh.configuration = project.configuration
    fresh.write()
    fresh.run("results/runs.csv")
    assert runs_table(fresh) == runs_table(project)
    for name in ("history.parquet", "study.json"):
        assert filecmp.cmp(fresh.results(name), project.results(name), shallow=False), name


# The code changes


LIBRARY = "workflow/scripts/tunebook"
TRAINING = Counter({"train": 3, "choose": 2, "evaluate": 2, "gather": 1, **AFTER_TABLES})
PREPARING = TRAINING + Counter(prepare=3, timing=1, baselines=1)
CODE = [
    (f"{LIBRARY}/learn/models.py", TRAINING + Counter(timing=1)),
    (f"{LIBRARY}/learn/losses.py", TRAINING + Counter(timing=1)),
    ("workflow/scripts/train.py", TRAINING),
    (f"{LIBRARY}/data/readers.py", PREPARING),
    ("workflow/scripts/prepare.py", PREPARING),
    (f"{LIBRARY}/evidence/evaluate.py", Counter({"evaluate": 2, "gather": 1, **AFTER_TABLES})),
    (f"{LIBRARY}/figures/kinds.py", Counter({"figures": 1, "report": 1, "all": 1})),
    (f"{LIBRARY}/figures/tunebook.mplstyle", Counter({"figures": 1, "report": 1, "all": 1})),
    (f"{LIBRARY}/claims/rules.py", Counter({"claims": 1, "report": 1, "all": 1})),
    (f"{LIBRARY}/report/page.py", Counter({"report": 1, "all": 1})),
    ("report/style.css", Counter({"report": 1, "all": 1})),
    ("report/report.html.j2", Counter({"report": 1, "all": 1})),
    (f"{LIBRARY}/jobs.py", Counter()),
    (f"{LIBRARY}/data/fetch.py", Counter()),
    ("README.md", Counter()),
]
CHANGES = {
    ".py": "\nCHANGED = 1\n",
    ".css": "\n/* changed */\n",
    ".mplstyle": "\n# changed\n",
    ".md": "\nchanged\n",
    ".j2": "\nchanged\n",
}


@pytest.fixture(scope="module")
def changeable(finished, tmp_path_factory):
    """A copy of the finished study whose files are changed one at a time, and changed back."""
    return copy_of(finished, tmp_path_factory.mktemp("code") / "study")


@pytest.mark.parametrize(("name", "expected"), CODE, ids=[name for name, _ in CODE])
def test_a_change_of_code_runs_again_what_depends_on_it(changeable, name, expected):
    path = changeable.path(name)
    text = path.read_text() if path.exists() else ""
    path.write_text(text + CHANGES[path.suffix])
    rules, _ = changeable.planned()
    path.write_text(text)
    assert rules == expected


def test_comments_and_docstrings_of_code_run_nothing_again(changeable):
    texts = {path: path.read_text() for path in changeable.path(LIBRARY).rglob("*.py")}
    for path, text in texts.items():
        path.write_text(f"# A comment\n{text.replace('.' + chr(10), '!' + chr(10))}")
    planned = changeable.planned()
    for path, text in texts.items():
        path.write_text(text)
    assert planned == NOTHING


def test_new_dates_and_a_fresh_checkout_of_the_same_content_change_nothing(project):
    for part in map(project.path, PARTS):
        files = [path for path in (part, *part.rglob("*")) if path.is_file()]
        contents = {path: path.read_bytes() for path in files}
        shutil.rmtree(part) if part.is_dir() else part.unlink()
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in project.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)
    assert project.planned() == NOTHING


def test_a_project_that_was_moved_has_nothing_to_do(finished, tmp_path):
    moved = copy_of(finished, tmp_path / "another place")
    assert moved.planned() == NOTHING


# The data change


def test_changed_data_prepare_and_train_their_problem_only(project):
    raw = project.path("resources/ames/house_prices.csv")
    header, *rows = raw.read_text().splitlines(keepends=True)
    raw.write_text("".join([header, *reversed(rows)]))
    rules, trained = project.planned()
    assert {part.split("-")[0] for part in trained} == {"houses"}
    assert rules == Counter(
        prepare=2, train=2, choose=1, timing=1, baselines=1, evaluate=1, gather=1, **AFTER_TABLES
    )


def test_data_changed_behind_the_workflows_back_are_told_and_nothing_is_lost(project):
    raw = project.path("resources/ames/house_prices.csv")
    before = blocks(project)
    raw.write_text(raw.read_text().replace("1", "2", 1))
    finished = project.run("results/runs.csv", check=False)
    assert finished.returncode == 1
    assert "house_prices.csv" in finished.stdout
    assert "Traceback" not in finished.stdout
    assert blocks(project) == before


# Training never sees test data


def dry_run(project):
    """{first output: (rule, inputs, outputs)} of every job of the study."""
    text = project.run("-n", "--forceall").stdout
    jobs = []
    for block in re.split(r"\n(?=(?:local)?rule )", text):
        if head := re.match(r"(?:local)?rule (\w+):", block):
            files = {}
            for name in ("input", "output"):
                line = re.search(rf"^    {name}: (.*)$", block, re.M)
                files[name] = set(line[1].split(", ")) if line else set()
            jobs.append((head[1], files["input"], files["output"]))
    return jobs


@pytest.fixture(scope="module")
def jobs(finished):
    return dry_run(finished)


def ancestors(jobs, files):
    """Every file that some files depend on, through every job that makes one of them."""
    made_from = {path: inputs for _, inputs, outputs in jobs for path in outputs}
    seen, waiting = set(), list(files)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += made_from.get(path, ())
    return seen


@pytest.mark.parametrize("rule", ["train", "choose", "timing"])
def test_nothing_that_a_training_or_the_choice_depends_on_holds_test_rows(jobs, rule):
    inputs = set().union(*(inputs for name, inputs, _ in jobs if name == rule))
    assert inputs, f"no job of {rule}"
    upstream = ancestors(jobs, inputs)
    assert any(path.endswith("development.npz") for path in upstream)
    assert not [path for path in upstream if path.endswith("test.npz")]
    makers = {name for name, _, outputs in jobs if outputs & upstream}
    assert makers <= {"train", "prepare", "retrieve_ames", "retrieve_usps"}


def test_test_rows_are_opened_by_evaluation_and_baselines_alone(jobs):
    opened = {name for name, inputs, _ in jobs if any("test.npz" in path for path in inputs)}
    assert opened == {"evaluate", "baselines", "gather"}


def test_the_graph_of_the_rules_shows_it(finished):
    graph = finished.run("--rulegraph").stdout
    labels = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)', graph, re.M))
    edges = [(labels[a], labels[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph)]
    assert {a for a, b in edges if b == "train"} == {"prepare"}
    assert {a for a, b in edges if b == "choose"} == {"train"}
    assert ("evaluate", "train") not in edges
    assert ("choose", "evaluate") in edges


def test_training_gives_the_same_when_there_are_no_test_rows_to_read(project):
    runs = project.results("runs")
    kept = project.folder / "kept"
    shutil.move(runs, kept)
    shutil.rmtree(project.results("choice"))
    for path in project.results("prepared").rglob("test.npz"):
        path.write_bytes(b"not an archive")
        vouch([path])  # as if made so: a start beside altered files is refused
    choices = [f"results/choice/{problem}.json" for problem in ("digits", "houses")]
    rules, _ = parse_jobs(project.run(*choices).stdout)
    assert rules == {"train": 3, "choose": 2}
    histories = sorted(path.relative_to(kept) for path in kept.rglob("history.csv"))
    assert len(histories) == 3
    for path in histories:
        for name in ("history.csv", "weights.safetensors"):
            old, new = kept / path.with_name(name), runs / path.with_name(name)
            assert filecmp.cmp(old, new, shallow=False)


# What a rule's results depend on is what its script imports

SCRIPTS = ROOT / "workflow/scripts"
LOADED = """
import ast, sys
names = set()
for node in ast.walk(ast.parse(open(sys.argv[1], encoding="utf-8").read())):
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        exec(compile(ast.Module([node], []), "imports", "exec"))
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] == "tunebook":
        print(module.__file__)
"""


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_every_library_module_that_a_script_loads_counts_among_its_code(script):
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "MPLBACKEND": "agg"}
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, str(SCRIPTS / f"{script}.py")],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    loaded = {Path(path).relative_to(SCRIPTS).as_posix() for path in loaded}
    plumbing = {f"tunebook/{name}.py" for name in PLUMBING}
    found = set(files(SCRIPTS, script, ["figures"] if script == "figures" else []))
    assert loaded - found <= plumbing
    assert f"{script}.py" in found


def test_imports_are_found_in_functions_packages_and_relative_to_them(tmp_path):
    for name, text in {
        "a.py": "from tunebook import one, jobs\nimport tunebook.pack.deep\nimport os\n",
        "tunebook/__init__.py": "",
        "tunebook/jobs.py": "from . import never\n",
        "tunebook/never.py": "",
        "tunebook/one.py": "def f():\n    from .pack import (\n        late,\n    )\n",
        "tunebook/pack/__init__.py": "",
        "tunebook/pack/late.py": "from ..two import function\n",
        "tunebook/pack/deep.py": "",
        "tunebook/pack/unused.py": "",
        "tunebook/two.py": "from . import one\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert files(tmp_path, "a") == [
        "a.py", "tunebook/one.py", "tunebook/pack/__init__.py", "tunebook/pack/deep.py",
        "tunebook/pack/late.py", "tunebook/two.py",
    ]  # fmt: skip
    assert "tunebook/pack/unused.py" in files(tmp_path, "a", ["pack"])


def test_a_syntax_tree_is_the_same_without_its_comments_and_docstrings():
    def found(text):
        return tree_hash(ast.parse(text))

    bare = "def f():\n    return 1\n"
    assert found('"""About."""\n# more\ndef f():\n    """Says."""\n    return 1\n') == found(bare)
    assert found(bare.replace("1", "2")) != found(bare)
    assert found("x = 'a'") != found("x = 'b'")


# The whole


@pytest.mark.parametrize("name", ["config/config.yaml", "config/quick.yaml"])
def test_the_default_study_names_its_runs_as_promised(name):
    study = load_study([ROOT / name])
    assert set(study.problems) == {"digits", "houses"}
    folders = [folder for run in study.runs.values() for folder in run.folders]
    assert len(folders) == len(set(folders)), "no two runs share a folder"
    assert all(re.fullmatch(r"[a-z][a-z0-9.e+-]*", name) for name in study.runs)
    assert not study.untestable, "every claim has its runs"


def test_the_library_knows_no_study_by_name():
    """Only examples in docstrings and comments speak of one: what runs never does."""
    names = re.compile(r"\b(digits|houses|usps|ames|GrLivArea)\b|\bbest-|handout")
    for path in SCRIPTS.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree_hash(tree)  # takes the docstrings away
        found = [line for line in ast.unparse(tree).splitlines() if names.search(line)]
        assert not found, path
    for path in (*(ROOT / "workflow").rglob("*.smk"), *(ROOT / "report").glob("*.*")):
        if path.suffix in (".smk", ".j2", ".js", ".css", ".rst"):
            found = [line for line in path.read_text().splitlines() if names.search(line)]
            assert not found, path


def test_every_job_has_a_log_of_its_own_and_training_logs_its_progress(finished):
    logs = finished.path("logs")
    found = {path.relative_to(logs).as_posix() for path in logs.rglob("*.log")}
    for rule in ("retrieve", "prepare", "train", "choose", "evaluate", "gather", "figures"):
        assert any(name.startswith(f"{rule}/") for name in found), rule
    trained = [name for name in found if name.startswith("train/")]
    assert sorted(trained) == sorted(
        f"train/{part.replace('/', '-')}.log" for part in blocks(finished)
    )
    text = (logs / trained[0]).read_text()
    assert re.search(r"epoch \d+/\d+: training loss \S+, validation loss \S+, about \d+ s", text)


def test_the_console_has_plain_lines_when_it_is_no_terminal(project):
    text = project.run("results/study.json", "--forcerun", "gather").stdout
    assert "1 of 1 steps (100%) done" in text
    assert "\x1b" not in text
    assert "\r" not in text


def test_the_console_has_a_progress_bar_in_a_terminal(project):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        project.command("results/study.json", "--forcerun", "gather"), cwd=project.folder,
        env={**project.environment(), "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    with suppress(OSError):  # how Linux tells that nobody writes to the terminal any more
        while block := os.read(ours, 65536):
            said += block
    os.close(ours)
    assert process.wait() == 0
    text = said.decode()
    assert "\x1b" in text
    assert "━" in text
    assert re.search(r"\b1/1\b|100 ?%", text)


def test_data_are_prepared_first_and_long_trainings_start_first(project):
    project.change(
        {"sweeps": {"rates": {"axes": {"learning_rate": [0.02]}},
                    "long": {"problem": "houses", "question": "?", "base": {"epochs": 6}},
                    "wide": {"problem": "houses", "question": "?", "base": {"widths": [50]}}}}
    )  # fmt: skip
    study = load_study([project.path("config/config.yaml")])
    text = project.run("results/runs.csv", "--forcerun", "prepare", cores=1).stdout
    order = re.findall(r"^(?:local)?rule (\w+):", text, re.M)
    assert order[: order.index("train")].count("prepare") == order.count("prepare") > 2
    trained = re.findall(r"wildcards: run=(\S+), first=(\d+), last=(\d+)", text)
    works = [
        priority(study, study.runs[run], int(last) - int(first) + 1) for run, first, last in trained
    ]
    assert len(set(works)) > 2
    assert works == sorted(works, reverse=True)
