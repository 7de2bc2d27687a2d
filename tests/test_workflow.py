"""Only what changed is run again, and training never sees test data: asked of real Snakemake."""

import ast
import filecmp
import json
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

from project import (
    BOTH,
    PARTS,
    ROOT,
    SMALL,
    Project,
    blocks,
    copy_of,
    job_texts,
    parse_jobs,
    runs_table,
    tree,
)
from tunebook.code import PLUMBING, files, statements, tree_hash
from tunebook.evidence.tables import read_results
from tunebook.jobs import vouch
from tunebook.loading import load_study
from tunebook.pruning import delete, orphans, size
from tunebook.study.read import merge

TABLES = "results/runs.csv"
# Made again whenever the tables are; the baselines and the timing depend on neither.
AFTER_TABLES = {"claims": 1, "figures": 1, "report": 1, "all": 1}
HOUSES = {"choose": 1, "evaluate": 1, "gather": 1}
PAGE = {"report": 1, "all": 1}
BASELINES = {"fit_baselines": 1, "baselines": 1}
NOTHING = (Counter(), set())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of both problems that has run to its report on one core; `said`: what was told."""
    changes = {
        "problems": {"digits": {"replicates": 1}},
        # The longest of its trainings comes last, and is to start first.
        "sweeps": {"layers": {"problem": "digits", "question": "?", "base": {"epochs": 9}}},
        "timing": {"sweeps": ["layers"], "epochs": 1, "repetitions": 1},
    }
    folder = tmp_path_factory.mktemp("workflow") / "finished"
    project = Project(folder, merge(BOTH, changes))
    project.said = project.run(cores=1).stdout
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study, to be changed."""
    return copy_of(finished, tmp_path / "study")


def names(parts):
    """The learning rates in the names of some blocks: enough to tell them apart here."""
    return sorted(re.search(r"-lr([^-]+(?:e-\d+)?)-", part)[1] for part in parts)


def test_a_finished_study_that_was_moved_has_nothing_to_do(project):
    assert project.planned() == NOTHING


# The configuration changes


def rates(*values):
    return {"axes": {"learning_rate": list(values)}}


def sweep(*values):
    return {"problem": "houses", "question": "?", **rates(*values)}


# {what changes: (changes, the rules that run again, the learning rates trained)}
CHANGES = {
    "another value": ({"sweeps": {"rates": rates(0.01, 0.002)}},
                      {"train": 1, **HOUSES, **AFTER_TABLES}, ["0.002"]),
    "a new sweep": ({"sweeps": {"more": sweep(0.01, 0.1)}},
                    {"train": 1, **HOUSES, **AFTER_TABLES}, ["0.1"]),
    "a new sweep of known runs": ({"sweeps": {"again": sweep(0.001)}},
                                  {"gather": 1, **AFTER_TABLES}, []),
    "a sweep less": ({"sweeps": {"rates": None, "one": sweep(0.01)}},
                     {**HOUSES, **AFTER_TABLES}, []),
    # Keys that no result depends on change no more than the page that shows them.
    "a title": ({"study": {"title": "Another title"}}, PAGE, []),
    "how data are fetched": (
        {"data": {"timeout_seconds": 9, "attempts": 2, "mirrors": ["/nowhere"]}}, PAGE, []),
    "what Adam has not": ({"problems": {"houses": {"base": {"momentum": 0.5}}}}, PAGE, []),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_configuration_runs_again_what_depends_on_it(project, name):
    changes, rules, trained = CHANGES[name]
    project.change(changes)
    planned = project.planned()
    assert (planned[0], names(planned[1])) == (rules, trained)


def test_one_changed_value_trains_one_run_which_stays_until_it_is_pruned(project):
    before = blocks(project)
    project.change({"sweeps": {"rates": rates(0.01, 0.002)}})
    # What Snakemake really does, not only what it plans.
    rules, trained = parse_jobs(project.run(TABLES).stdout)
    assert (rules, names(trained)) == ({"train": 1, **HOUSES}, ["0.002"])
    assert set(pd.read_csv(project.path(TABLES))["learning_rate"]) == {0.01, 0.002}

    project.change({"sweeps": {"rates": rates(0.01, 0.001)}})
    assert parse_jobs(project.run(TABLES).stdout) == (HOUSES, set())
    assert set(pd.read_csv(project.path(TABLES))["learning_rate"]) == {0.01, 0.001}
    after = blocks(project)
    assert {part: after[part] for part in before} == before, "no block was written again"
    (orphan,) = set(after) - set(before)

    listed = project.run("prune").stdout
    assert orphan in listed
    assert "1 blocks" in listed
    assert "delete them with: snakemake prune --config delete=true" in listed
    assert blocks(project) == after, "listing deletes nothing"
    assert "Deleted 1 blocks" in project.run("prune", "--config", "delete=true").stdout
    assert blocks(project) == before
    assert "0 blocks" in project.run("prune").stdout
    assert project.planned(TABLES) == NOTHING


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


def test_more_replicates_keep_the_blocks_and_equal_a_fresh_study(project, tmp_path):
    before = blocks(project)
    alone = {"datasets": {"usps": None}, "sweeps": {"layers": None}, "timing": {"sweeps": []}}
    project.change(alone | {"problems": {"digits": None, "houses": {"replicates": 3}}})
    rules, trained = parse_jobs(project.run(TABLES).stdout)
    assert [part.rsplit("/", 1)[1] for part in trained] == ["replicates-2-2"] * 2
    assert rules["prepare"] == 1
    after = blocks(project)
    assert {part: after[part] for part in before} == before

    fresh = Project(tmp_path / "fresh")
    fresh.configuration = project.configuration
    fresh.write()
    fresh.run(TABLES)
    assert runs_table(fresh) == runs_table(project)
    for name in ("history.parquet", "study.json"):
        assert filecmp.cmp(fresh.results(name), project.results(name), shallow=False), name


# The code changes


LIBRARY = "workflow/scripts/tunebook"
TRAINING = {"train": 3, "choose": 2, "evaluate": 2, "gather": 1, **AFTER_TABLES}
# {files that are changed: the rules that run again}
CODE = {
    f"{LIBRARY}/learn/models.py": TRAINING | {"timing": 1},
    "workflow/scripts/train.py": TRAINING,
    f"{LIBRARY}/data/readers.py": TRAINING | {"prepare": 3, "timing": 1, **BASELINES},
    f"{LIBRARY}/learn/baselines.py": BASELINES | {"figures": 1, **PAGE},
    f"{LIBRARY}/evidence/evaluate.py": {"evaluate": 2, "gather": 1, **AFTER_TABLES},
    f"{LIBRARY}/figures/kinds.py": {"figures": 1, **PAGE},
    f"{LIBRARY}/figures/tunebook.mplstyle": {"figures": 1, **PAGE},
    f"{LIBRARY}/claims/rules.py": {"claims": 1, "figures": 1, **PAGE},
    f"{LIBRARY}/report/page.py": PAGE,
    "report/style.css": PAGE,
    "report/report.html.j2": PAGE,
    f"{LIBRARY}/jobs.py {LIBRARY}/data/fetch.py README.md": {},
}
ADDED = {".py": "\nCHANGED = 1\n", ".mplstyle": "\n# changed\n", ".css": "\n/* changed */\n"}


@pytest.mark.parametrize("paths", CODE)
def test_a_change_of_code_runs_again_what_depends_on_it(project, paths):
    for path in map(project.path, paths.split()):
        text = path.read_text() if path.exists() else ""
        path.write_text(text + ADDED.get(path.suffix, "\nchanged\n"))
    assert project.planned()[0] == CODE[paths]


def test_comments_and_docstrings_of_code_run_nothing_again(project):
    for path in project.path(LIBRARY).rglob("*.py"):
        path.write_text(f"# A comment\n{path.read_text().replace('.' + chr(10), '!' + chr(10))}")
    assert project.planned() == NOTHING


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


# The data change


def test_changed_data_prepare_and_train_their_problem_only(project):
    raw = project.path("resources/ames/house_prices.csv")
    header, *rows = raw.read_text().splitlines(keepends=True)
    raw.write_text("".join([header, *reversed(rows)]))
    rules, trained = project.planned()
    assert {part.split("-")[0] for part in trained} == {"houses"}
    again = {"prepare": 2, "train": 2, "timing": 1, **BASELINES}
    assert rules == {**again, **HOUSES, **AFTER_TABLES}


# Training never sees test data


@pytest.fixture(scope="module")
def jobs(finished):
    """(rule, inputs, outputs) of every job of the study."""

    def files(job, name):
        line = re.search(rf"^    {name}: (.*)$", job, re.M)
        return set(line[1].split(", ")) if line else set()

    text = finished.run("-np", "--forceall", "--verbose").stdout
    return [(rule, files(job, "input"), files(job, "output")) for rule, job in job_texts(text)]


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
    assert opened == {"evaluate", "fit_baselines", "gather"}
    evaluations = [inputs for name, inputs, _ in jobs if name == "evaluate"]
    assert all(any("/choice/" in path for path in inputs) for inputs in evaluations)


def test_what_each_test_row_adds_is_kept_where_all_replicates_share_their_test_rows(finished):
    results = read_results(finished.results(""))
    for run in results.by_name.values():
        found = results.rows_of(run.name)
        assert bool(found) is (run.problem == "digits")
        accuracy = results.values("test_accuracy", run.name) if found else {}
        assert {key: values.mean() for key, values in found.items()} == pytest.approx(accuracy)


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
# What each of some scripts loads: they fork from one process, so that all starts afresh.
LOADED = """
import ast, json, os, sys
import matplotlib.pyplot, numpy, pandas, scipy.stats, torch
for script in sys.argv[1:]:
    if os.fork():
        assert os.wait()[1] == 0, script
        continue
    for node in ast.walk(ast.parse(open(f"{script}.py", encoding="utf-8").read())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            exec(compile(ast.Module([node], []), "imports", "exec"))
    loaded = {name: module for name, module in sys.modules.items() if name.startswith("tunebook")}
    print(json.dumps([script, [module.__file__ for module in loaded.values()]]), flush=True)
    os._exit(0)
"""


def test_every_library_module_that_a_script_loads_counts_among_its_code():
    scripts = sorted(path.stem for path in SCRIPTS.glob("*.py"))
    said = subprocess.run(
        [sys.executable, "-c", LOADED, *scripts], cwd=SCRIPTS, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "MPLBACKEND": "agg"}, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip
    found = dict(map(json.loads, said.splitlines()))
    assert sorted(found) == scripts
    plumbing = {f"tunebook/{name}.py" for name in PLUMBING}
    for script, loaded in found.items():
        loaded = {Path(path).relative_to(SCRIPTS).as_posix() for path in loaded}
        counted = set(files(SCRIPTS, script, ["figures"] if script == "figures" else []))
        assert loaded - counted <= plumbing, script
        assert f"{script}.py" in counted


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


EVERY_STATEMENT = """
async def f():
    async for a in b:
        pass
    else:
        async with c:
            return 1
class C:
    while a:
        if b:
            break
        elif c:
            continue
        else:
            del d
    try:
        raise a
    except E:
        import a
    else:
        assert b
    finally:
        match a:
            case 1:
                from a import b
            case _:
                x = 1
"""


def test_no_statement_is_passed_over_wherever_it_stands():
    tree = ast.parse(EVERY_STATEMENT)
    found = [node for node in statements(tree) if isinstance(node, ast.stmt)]
    assert set(found) == {node for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    assert len(set(found)) == len(found)


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
    texts = {name: (logs / name).read_text() for name in found if name.startswith("train/")}
    for part in blocks(finished):
        run, _, replicates = part.partition("/")
        logged = [name for name, text in texts.items() if f"{run}, " in text or f"{run}\n" in text]
        assert len(logged) == 1 and replicates in logged[0], part
    text = texts[logged[0]]
    assert re.search(r"epoch \d+/\d+: training loss \S+, validation loss \S+, about \d+ s", text)


def test_the_console_has_plain_lines_when_it_is_no_terminal(finished):
    assert re.search(r"(\d+) of \1 steps \(100%\) done", finished.said)
    assert "\x1b" not in finished.said
    assert "\r" not in finished.said


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


def test_data_are_prepared_first_and_long_trainings_start_first(finished):
    order = [rule.partition("_")[0] for rule, _ in job_texts(finished.said)]
    assert order[: order.index("train")].count("prepare") == order.count("prepare") == 2
    trained = [said for rule, said in job_texts(finished.said) if rule.startswith("train")]
    works = [int(re.search(r"priority: (\d+)", said)[1]) for said in trained]
    assert len(set(works)) > 1
    assert works == sorted(works, reverse=True)
    assert "digits-" in trained[0]


# What is refused at the front door. A study that has run stays as it is.


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("bad") / "study")
    for name in ("runs.csv", "runs/houses-a/replicates-0-4/training.json"):
        project.results(name).parent.mkdir(parents=True, exist_ok=True)
        project.results(name).write_text("of an earlier study\n")
    return project


TEXT = yaml.safe_dump(SMALL)
REFUSED = [
    (TEXT.replace("0.001", "-0.001"), "axes.learning_rate[1]: found -0.001"),
    (TEXT + "x: !!python/object/apply:os.mkdir [hacked]\n", "could not determine a cons"),
    ("__use_yte__: true\n?__import__('os').mkdir('hacked'):\n  x: 1\n" + TEXT, "__use_yte__"),
    (TEXT.replace("sweeps:\n  rates", "sweeps:\n  'x;touch hacked'"), "'x;touch hacked'"),
    ("extends: none.yaml\n" + TEXT, "none.yaml: cannot be read"),
    ("", "config/config.yaml: found None; a mapping of keys is expected"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=range(len(REFUSED)))
def test_snakemake_ends_with_the_message_and_nothing_is_changed(refusing, text, words):
    refusing.path("config/config.yaml").write_text(text)
    before = tree(refusing.folder)
    ended = refusing.run(check=False, timeout=60)
    assert ended.returncode == 1
    # The first lines that matter come after a notice on the profile.
    lines = [line for line in ended.stdout.splitlines() if line and "Using workflow" not in line]
    assert lines[0].startswith("WorkflowError in file")
    assert words in lines[1]
    assert "Traceback" not in ended.stdout
    assert len(lines) < 8, "one message, not a heap"
    assert tree(refusing.folder) == before
    assert not list(refusing.folder.rglob("hacked"))


def test_an_altered_raw_file_ends_in_a_message_and_is_not_trusted_later(refusing):
    refusing.write()
    folder = refusing.path("resources/by-hand")
    folder.mkdir(parents=True)
    altered = "Id,OverallQual,GrLivArea,SalePrice\n1,7,1710,208500\n"
    (folder / "house_prices.csv").write_text(altered)
    for _ in range(2):
        ended = refusing.run("resources/ames.json", check=False)
        assert ended.returncode == 1
        assert "Error: house_prices.csv (dataset ames): no true copy of it" in ended.stdout
        assert "expected SHA-256 1e18addf" in ended.stdout
        assert "Traceback" not in ended.stdout
        assert not refusing.path("resources/ames.json").exists()
        assert not refusing.path("resources/ames/house_prices.csv").exists()


@pytest.mark.parametrize(
    "target",
    [
        "results/nothing.csv",
        "results/runs/../../../hacked/replicates-0-0/training.json",
        "results/runs/$(touch hacked)/replicates-0-0/training.json",
        "results/prepared/../../hacked/replicate-0/development.npz",
        "results/evaluation/..;touch hacked/metrics.csv",
    ],
)
def test_unknown_targets_and_those_that_lead_elsewhere_are_refused(refusing, target):
    refusing.write()
    refused = refusing.run(target, check=False)
    assert refused.returncode == 1
    assert "MissingRuleException" in refused.stdout
    assert target in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not list(refusing.folder.parent.rglob("hacked*"))


# Pruning: only blocks that no configuration names are listed, and only what is listed is deleted

FOUR = [
    "digits-c-33333333/replicates-0-0", "houses-a-11111111/replicates-0-4",
    "houses-a-11111111/replicates-5-9", "houses-b-22222222/replicates-0-4",
]  # fmt: skip
KEPT = FOUR[:2]


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with four blocks of 10 bytes."""
    for part in FOUR:
        folder = tmp_path / "runs" / part
        folder.mkdir(parents=True)
        (folder / "training.json").write_text("0123456789")
    return tmp_path / "runs"


def test_blocks_that_are_not_named_are_listed_and_deleted_alone(runs, tmp_path):
    assert orphans(runs, KEPT) == [runs / part for part in FOUR[2:]]
    assert orphans(tmp_path / "none yet", KEPT) == []
    (runs / "houses-b-22222222/notes.txt").write_text("mine")
    delete(orphans(runs, KEPT))
    assert orphans(runs, []) == [runs / part for part in KEPT]
    assert (runs / "houses-b-22222222/notes.txt").exists(), "a run's folder with other files stays"
    delete(orphans(runs, KEPT[1:]))
    assert not (runs / "digits-c-33333333").exists(), "one that is left empty goes"


def test_nothing_but_blocks_is_listed_and_no_link_is_followed(runs, tmp_path):
    for name in ("notes", "replicates-old", "replicates-1-2-3"):
        (runs / "houses-a-11111111" / name).mkdir()
    (runs / "houses-a-11111111/replicates-7-8").write_text("a file, not a folder")
    (runs / "replicates-0-4").mkdir()
    elsewhere = tmp_path / "elsewhere/replicates-0-4"
    elsewhere.mkdir(parents=True)
    (elsewhere / "thesis.tex").write_text("mine")
    (runs / "linked-run").symlink_to(elsewhere.parent)
    (runs / "houses-a-11111111/replicates-10-14").symlink_to(elsewhere)
    assert orphans(runs, []) == [runs / part for part in FOUR]
    delete(orphans(runs, []))
    assert (elsewhere / "thesis.tex").read_text() == "mine"


def test_the_size_of_a_block_is_that_of_all_its_files(runs):
    (runs / FOUR[0] / "weights.safetensors").write_bytes(bytes(90))
    assert size(runs / FOUR[0]) == 100
