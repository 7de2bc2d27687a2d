"""Killed, out of space, out of memory, altered, started twice: told clearly, nothing is lost."""

import base64
import filecmp
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest

from project import (
    Project,
    blocks,
    copy_of,
    cut_short,
    one_byte_altered,
    parse_jobs,
    records,
    runs_table,
    tree,
)
from tunebook.data.prepare import load
from tunebook.jobs import altered
from tunebook.learn.blocks import aside, read_record

TABLES = "results/runs.csv"
KILLS = 20

# Three short trainings, one replicate each: many jobs, so that a moment can hit any kind of them.
STUDY = {
    "problems": {"houses": {"replicates": 1}},
    "replicates_per_job": {"dense": 1},
    "timing": {"sweeps": [], "epochs": 1, "repetitions": 1},
    "sweeps": {"rates": {"axes": {"learning_rate": [0.01, 0.02, 0.03]}}},
}
ONE_MORE = {"sweeps": {"rates": {"axes": {"learning_rate": [0.01, 0.05]}}}}


def same_results(one, other):
    """Assert that two studies came to the same results, byte for byte but for times."""
    assert runs_table(one) == runs_table(other)
    for name in ("history.parquet", "predictions.parquet", "study.json"):
        assert filecmp.cmp(one.results(name), other.results(name), shallow=False), name
    assert set(records(one)) == set(records(other))
    for part in records(one):
        same_block(one, other, part)


def same_block(one, other, part):
    for name in ("history.csv", "weights.safetensors"):
        left, right = (project.results("runs") / part / name for project in (one, other))
        assert filecmp.cmp(left, right, shallow=False), f"{part}/{name}"


def leftovers(project):
    """Files that some job began and none finished."""
    return [path for path in project.results(".").rglob("*") if path.name.endswith(".part")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study's tables, made on one core by nobody's hindrance."""
    project = Project(tmp_path_factory.mktemp("faults") / "undisturbed", STUDY)
    project.run(TABLES, cores=1)
    return project


@pytest.fixture
def finished(undisturbed, tmp_path):
    """A copy of the finished study, to be spoilt."""
    return copy_of(undisturbed, tmp_path / "study")


@pytest.fixture
def start():
    """A function: snakemake started, to be killed; what it says goes to the file `said`."""
    started = []

    def start(project, *arguments, said="said"):
        with open(project.path(said), "w") as file:
            started.append(project.start(*arguments, said=file))
        return started[-1]

    yield start
    for process in started:
        kill(process)


def wait_for(project, process, pattern, said="said", seconds=120):
    """Wait until the process has said something, or has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if re.search(pattern, project.path(said).read_text()):
            return
        time.sleep(0.02)


def kill(process):
    """SIGKILL to the whole group: nobody gets to clean up. Returns whether it was still at work."""
    working = process.poll() is None
    if working:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return working


# Killed at any moment


def in_flight(project):
    """The outputs that Snakemake has marked as being written."""
    marks = project.path(".snakemake/incomplete")
    names = [path.name for path in marks.iterdir() if path.is_file()] if marks.exists() else []
    return {base64.urlsafe_b64decode(name).decode() for name in names}


def settled(project):
    """{part: date} of the blocks that were finished, and known to be, when all was killed."""
    marked = in_flight(project)
    dates = blocks(project).items()
    return {p: date for p, date in dates if f"results/runs/{p}/training.json" not in marked}


def check_nothing_is_half_written(project):
    results = project.results(".")
    assert altered(results) == [], "what is vouched for is whole"
    for path in records(project).values():
        read_record(path)  # raises unless weights and history are those that it vouches for
    for path in results.rglob("*.csv"):
        assert path.read_text().endswith("\n")
    for path in results.rglob("*.json"):
        json.loads(path.read_text())
    for path in results.rglob("*.parquet"):
        pd.read_parquet(path)
    for path in results.rglob("*.npz"):
        load(path)


def test_killed_at_twenty_random_moments_a_study_ends_as_if_undisturbed(
    undisturbed, start, tmp_path
):
    chance = random.Random(5)
    project = Project(tmp_path / "killed-0", STUDY)
    kills = during_jobs = 0
    while kills < KILLS:
        before = settled(project)
        process = start(project, TABLES)
        if kills % 5 == 4:  # while Snakemake starts and plans
            time.sleep(chance.uniform(0, 1.2))
        else:  # while some job begins, works or ends
            wait_for(project, process, rf"(?s)({'rule .*?' * chance.randint(1, 3)})")
            time.sleep(chance.uniform(0, 1.5))
        killed = kill(process)
        said = project.path("said").read_text()
        kills += killed
        during_jobs += killed and "rule " in said
        assert "LockException" not in said, "a killed run stands in the way of the next"
        check_nothing_is_half_written(project)
        after = settled(project)
        assert {part: after.get(part) for part in before} == before, "trained again, or lost"
        if not killed:  # it came to its end before its moment: the next moments hit a new study
            assert process.returncode == 0, said
            same_results(project, undisturbed)
            project = Project(tmp_path / f"killed-{kills}", STUDY)
    assert during_jobs >= KILLS / 2, "the moments were to hit jobs, not the start alone"
    before = settled(project)
    _, trained = parse_jobs(project.run(TABLES).stdout)
    assert not set(before) & trained
    same_results(project, undisturbed)
    assert not leftovers(project)


def test_killed_while_a_training_writes_the_block_is_trained_again(finished, undisturbed):
    # Between the weights and the record: the state that a kill seldom hits by itself.
    part, record = next(iter(records(finished).items()))
    record.unlink()
    place = aside(record.parent)
    place.mkdir()
    (place / "weights.safetensors").write_bytes(b"half")
    (place / ".weights.safetensors.99.part").write_bytes(b"half")
    _, trained = parse_jobs(finished.run(record.relative_to(finished.folder).as_posix()).stdout)
    assert trained == {part}
    read_record(record)
    same_block(finished, undisturbed, part)
    assert not leftovers(finished)


# Jobs that fail

# Put at the end of the code of jobs, which no result depends on: some trainings fail by their log.
FAULTY = """
whole_job = job


@contextmanager
def job(log, *arguments, **more):
    with whole_job(log, *arguments, **more) as console:
        if "-lr0.05-" in log:
            raise ValueError("a fault of ours")
        if "-lr0.06-" in log:
            import torch

            torch.empty(10**15)
        if "-lr0.07-" in log:
            import signal

            os.kill(os.getpid(), signal.SIGKILL)
        yield console
"""


def test_failing_trainings_fail_alone_by_name_and_are_retried_alone(finished):
    before = blocks(finished)
    rates = ["0.05", "0.06", "0.07"]
    # Raw prices and a large rate: this one diverges, which is a result and no failure.
    raw = {"scale_target": "none", "scale_inputs": "none"}
    diverges = raw | {"optimizer": "sgd", "learning_rate": 10}
    axes = {"learning_rate": [0.01, 0.05, 0.06, 0.07, 0.08]}
    one = {"problem": "houses", "question": "?", "base": diverges}
    finished.change({"sweeps": {"rates": {"axes": axes}, "diverges": one}})
    jobs = finished.path("workflow/scripts/tunebook/jobs.py")
    code = jobs.read_text()
    jobs.write_text(code + FAULTY)
    ended = finished.run(TABLES, check=False)
    assert ended.returncode == 1
    jobs.write_text(code)
    text = ended.stdout

    logs = {rate: re.search(rf"logs/train/\S+-lr{rate}-\S+\.log", text)[0] for rate in rates}
    for rate, message in {
        "0.05": "Error: ValueError: a fault of ours",
        "0.06": "Error: out of memory; close other programs or use fewer --cores",
    }.items():
        assert f"{message} (log: {logs[rate]})" in text, "the message names the log, it the run"
    for log in logs.values():
        assert f"Logfile {log}:" in text, "the last lines of the log are shown"
    assert "ValueError: a fault of ours" in finished.path(logs["0.05"]).read_text()

    after = blocks(finished)
    done = set(after) - set(before)
    assert len(done) == 2
    assert any("-lr10-" in part for part in done), "the diverged one"
    assert any("-lr0.08-" in part for part in done), "another one, thanks to --keep-going"

    rules, trained = parse_jobs(finished.run(TABLES).stdout)
    assert sorted(re.search(r"-lr([\d.]+)-", part)[1] for part in trained) == rates
    assert rules == {"train": 3, "choose": 1, "evaluate": 1, "gather": 1}
    assert blocks(finished).items() >= after.items(), "no other block was touched"

    table = pd.read_csv(finished.results("runs.csv")).set_index("learning_rate")
    assert table.loc[10, "diverged_at"] == table.loc[10, "epochs_run"] == 1
    assert table.drop(10)["diverged_at"].isna().all()
    assert len(table) == 6


# Disks


def isolated(project, script):
    """What a shell script says whose mounts nobody else sees; skip where that is not allowed."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    probe = "mount -t tmpfs none /mnt"
    try:
        subprocess.run([*namespace, "sh", "-c", probe], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs unshare(1) with user and mount namespaces")
    return subprocess.run(
        [*namespace, "sh", "-c", script], cwd=project.folder, env=project.environment(),
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ).stdout  # fmt: skip


def shell_command(project, target):
    return shlex.join(project.command(target)) + '; echo "ended with $?"'


def test_a_disk_that_fills_up_is_told_and_nothing_half_written_stays(finished):
    # The weights need 43 kB.
    finished.change({"problems": {"houses": {"base": {"widths": [100, 100]}}}})
    finished.change({"sweeps": {"rates": {"axes": {"learning_rate": [0.05]}}}})
    snakemake = shell_command(finished, "results/choice/houses.json")
    text = isolated(
        finished,
        f"""mount -t tmpfs -o size=28k none results/runs || exit
        {snakemake}
        find results -name '*.part' -o -name weights.safetensors -o -name training.json
        echo then
        mount -o remount,size=5m results/runs
        {snakemake}
        cp -r results/runs kept""",
    )
    first, second = text.split("\nthen\n")
    assert "weights.safetensors: could not be written: the disk is full; free some" in first
    assert "Traceback" not in first
    assert first.endswith("ended with 1"), "and no block is left half-written"
    assert second.rstrip().endswith("ended with 0")
    (record,) = finished.path("kept").rglob("training.json")
    read_record(record)


def test_a_disk_without_room_for_a_log_is_told_too(finished):
    finished.change(ONE_MORE)
    full = "mount -t tmpfs -o size=4k none logs && echo full > logs/filler || exit"
    text = isolated(finished, f"{full}\n{shell_command(finished, TABLES)}")
    assert "ended with 1" in text
    assert "Error: a file: could not be written: the disk is full; free some space" in text
    rules, trained = finished.planned(TABLES)
    assert len(trained) == 1, "the next start goes on from here"
    assert rules == {"train": 1, "choose": 1, "evaluate": 1, "gather": 1}


def with_read_only_results(project):
    """What a run says that may read the results folder but not write to it."""
    bound = "mount --bind results results && mount -o remount,bind,ro results || exit"
    text = isolated(project, f"{bound}\n{shell_command(project, TABLES)}")
    assert "ended with 1" in text
    return text


def test_a_read_only_results_folder_is_told(finished, undisturbed):
    finished.change(ONE_MORE)
    text = with_read_only_results(finished)
    assert "Write-protected output files" in text
    assert "results/runs.csv" in text
    assert "Traceback" not in text
    same_results(finished, undisturbed)


def test_a_read_only_folder_without_any_results_is_told_too(finished):
    shutil.rmtree(finished.results("."))
    finished.results(".").mkdir()
    text = with_read_only_results(finished)
    assert "results/registered.json: could not be written: the folder is read-only; make" in text
    assert "Traceback" not in text


# Files altered by hand


ALTERED = {
    "resources/ames.retrieved.json": one_byte_altered,  # says whether data are real
    "resources/ames/house_prices.csv": one_byte_altered,
    "results/study.json": one_byte_altered,
    "results/choice/houses.json": one_byte_altered,
    "results/evaluation/houses/metrics.csv": one_byte_altered,
    "results/evaluation/houses/predictions.parquet": cut_short,
    "results/history.parquet": cut_short,
    "results/prepared/houses/replicate-0/development.npz": one_byte_altered,
    "results/prepared/houses/replicate-0/test.npz": cut_short,
    "results/runs.csv": cut_short,
}
DEVELOPMENT = "results/prepared/houses/replicate-0/development.npz"


def test_altered_files_are_told_before_anything_runs_and_nothing_is_lost(finished):
    (record, *_) = records(finished).values()
    alterations = {**ALTERED, record.relative_to(finished.folder).as_posix(): one_byte_altered}
    content = {name: finished.path(name).read_bytes() for name in alterations}
    for name, alter in alterations.items():
        alter(finished.path(name))
    before = tree(finished.folder)
    text = finished.run(TABLES, check=False).stdout
    (told,) = re.findall(r"^(.+) and 1 more: altered or cut short since made; put back", text, re.M)
    assert set(told.split(", ")) < set(alterations)
    assert told.count(", ") == 9, "the others are counted"
    assert "Traceback" not in text
    assert tree(finished.folder) == before, "what was made of files that were altered since stays"

    for name, data in content.items():
        finished.path(name).write_bytes(data)
    rules, trained = parse_jobs(finished.run(TABLES).stdout)
    assert not rules and not trained, "put back, all is as it was"


def test_altered_data_that_are_made_again_first_train_nothing(finished):
    cut_short(finished.path(DEVELOPMENT))
    text = finished.run(TABLES, check=False).stdout
    assert text.rstrip().splitlines()[-2].endswith(f"before anything else: snakemake {DEVELOPMENT}")
    finished.path(DEVELOPMENT).unlink()
    rules, _ = parse_jobs(finished.run(DEVELOPMENT).stdout)
    assert rules == {"prepare": 1}
    assert finished.planned(TABLES)[0] == {}


@pytest.mark.parametrize("name", ["history.csv", "weights.safetensors"])
def test_an_altered_block_is_told_and_trained_again_once_deleted(finished, undisturbed, name):
    part, record = next(iter(records(finished).items()))
    others = {p: date for p, date in blocks(finished).items() if p != part}
    one_byte_altered(record.with_name(name))
    told = finished.run(TABLES, check=False)
    assert told.returncode == 1
    block = f"results/runs/{part}"
    assert f"Error: {block}/{name}: altered or cut short since it was" in told.stdout
    assert (
        f"delete the folder {block} and make it again: snakemake {block}/training.json"
        in told.stdout
    )
    assert "Traceback" not in told.stdout
    shutil.rmtree(record.parent)
    _, trained = parse_jobs(finished.run(f"{block}/training.json").stdout)
    assert trained == {part}
    finished.run(TABLES)
    assert blocks(finished).items() >= others.items(), "no other block was touched"
    same_results(finished, undisturbed)


# Two at once


def test_of_snakemakes_at_once_one_ends_well_and_the_others_are_turned_away(finished, start):
    finished.change(ONE_MORE)
    both = {name: start(finished, TABLES, said=name) for name in ("one", "other")}
    while all(process.poll() is None for process in both.values()):
        time.sleep(0.02)
    (winner,) = [name for name, process in both.items() if process.poll() is None]
    (loser,) = both.keys() - {winner}
    at_work = both[winner]
    wait_for(finished, at_work, r"rule \w+:", said=winner)
    late = finished.run(TABLES, check=False)
    assert at_work.poll() is None, "the third was to come while the first was at work"
    for code, text in (
        (both[loser].returncode, finished.path(loser).read_text()), (late.returncode, late.stdout)
    ):  # fmt: skip
        assert code == 1
        assert f"another snakemake is at work here (process {at_work.pid})" in text
        assert "allowed: one at a time" in text
        assert "Traceback" not in text
    assert at_work.wait(timeout=300) == 0
    check_nothing_is_half_written(finished)
    assert set(pd.read_csv(finished.path(TABLES))["learning_rate"]) == {0.01, 0.05}
    assert finished.planned(TABLES)[0] == {}


# Another place and another number of cores


def test_four_cores_and_paths_of_other_letters_give_the_same_bytes(undisturbed, tmp_path):
    letters = tmp_path / "Maß und Größe/l'été 数字"
    code = Project(letters / "code", STUDY)
    study = Project.at(letters / "study", code.configuration)
    shutil.copytree(code.path("config"), study.path("config"))
    apart = ["--snakefile", str(code.path("Snakefile"))]
    place, elsewhere = ["--directory", str(study.folder)], tmp_path / "elsewhere"
    elsewhere.mkdir()
    study.run(*apart, *place, TABLES, cores=4, cwd=elsewhere, LC_ALL="C")
    same_results(study, undisturbed)
    assert not list(elsewhere.iterdir())
    assert not code.results(".").exists()
    assert study.planned(*apart, TABLES)[0] == {}, "and from inside there is nothing left to do"
