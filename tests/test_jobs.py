"""A job says why it fails, no half-written file takes its final name, no altered one is trusted."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from project import ROOT
from tunebook.jobs import (
    OUT_OF_MEMORY,
    TunebookError,
    altered,
    check,
    explain,
    fingerprint_path,
    forget,
    hold,
    job,
    read_json,
    sha256,
    vouch,
    write_csv,
    write_json,
    write_parquet,
    written,
)

# Logs and messages


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs/train/run-a.log"


def failing(log, error, capsys):
    """The console's and the log's text of a job in which `error` is raised."""
    with pytest.raises(SystemExit) as ended, job(log):
        print("epoch 1")
        raise error
    assert ended.value.code == 1
    return capsys.readouterr().err, log.read_text()


def test_what_a_job_prints_goes_to_its_log_at_once_and_not_to_the_console(log, capsys):
    with job(log) as console:
        print("epoch 1/3")
        assert log.read_text() == "epoch 1/3\n", "it can be followed while the job runs"
        print("a warning", file=sys.stderr)
        print("for people", file=console)
    print("after")
    assert log.read_text() == "epoch 1/3\na warning\n"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("after\n", "for people\n")


def test_bad_input_is_told_in_its_own_words_without_a_traceback(log, capsys):
    console, logged = failing(log, TunebookError("zip.train.gz: cut short"), capsys)
    assert console == f"Error: zip.train.gz: cut short (log: {log})\n"
    assert logged == "epoch 1\nError: zip.train.gz: cut short\n"


def test_other_failures_leave_one_line_on_the_console_and_the_traceback_in_the_log(log, capsys):
    before = sys.stdout, sys.stderr
    console, logged = failing(log, ValueError("first line\nsecond line"), capsys)
    assert console == f"Error: ValueError: first line (log: {log})\n"
    assert "Traceback (most recent call last)" in logged
    assert logged.endswith("Error: ValueError: first line\n")
    assert (sys.stdout, sys.stderr) == before
    assert explain(KeyError()) == "KeyError: ", "an error without words has its name"


FULL = "the disk is full; free some space and run again"


@pytest.mark.parametrize(("error", "told"), [
    (MemoryError(), OUT_OF_MEMORY),
    (RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate"),
     OUT_OF_MEMORY),
    (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
     OUT_OF_MEMORY),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), OUT_OF_MEMORY),
    (OSError(errno.ENOSPC, "No space left on device", "results/runs.csv"), FULL),
    (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
     FULL),
])  # fmt: skip
def test_missing_memory_and_a_full_disk_are_called_that(error, told, log, capsys):
    console, _ = failing(log, error, capsys)
    assert console.startswith("Error: ")
    assert console.endswith(f"{told} (log: {log})\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_log_on_a_full_disk_does_not_hide_the_message(capsys):
    with pytest.raises(SystemExit), job("/dev/full"):
        print("epoch 1")
    told = f"Error: a file: could not be written: {FULL} (log: /dev/full)\n"
    assert capsys.readouterr().err == told


# What a job made is vouched for


@pytest.fixture
def made(tmp_path):
    """A table that was vouched for."""
    path = tmp_path / "runs.csv"
    path.write_text("run\n")
    vouch([path])
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_job_made_is_held_against_it_by_the_next(log, tmp_path, capsys):
    table = tmp_path / "runs.csv"
    with job(log, outputs=[table]):
        table.write_text("run\n")
    with job(log, inputs=[table]):
        print("read")
    table.write_text("another\n")
    with pytest.raises(SystemExit), job(log, inputs=[table]):
        pytest.fail("an altered input was used")
    assert "runs.csv: altered or cut short" in capsys.readouterr().err


def test_a_job_that_is_killed_or_fails_vouches_for_nothing(log, made, capsys):
    with pytest.raises(SystemExit), job(log, outputs=[made]):
        assert not fingerprint_path(made).exists(), "from its first moment on"
        made.write_text("new\n")
        raise ValueError
    assert not fingerprint_path(made).exists()
    assert "ValueError" in capsys.readouterr().err


def test_a_file_that_was_vouched_for_passes_whatever_its_date(made):
    check([made])
    assert names(made.parent) == [".runs.csv.sha256", "runs.csv"]
    os.utime(made, (0, 0))
    made.chmod(stat.S_IRUSR)
    check([made])


@pytest.mark.parametrize("content", ["run\nx\n", "ru", ""])
def test_a_file_altered_since_is_refused_with_both_fingerprints(made, content):
    expected = sha256(made)
    made.write_text(content)
    with pytest.raises(TunebookError, match="altered or cut short") as raised:
        check([made])
    for text in (str(made), f"{sha256(made)} found", f"{expected} expected", "delete it and run"):
        assert text in str(raised.value)


def test_a_file_that_nobody_vouched_for_passes_and_a_damaged_fingerprint_does_not(tmp_path):
    path = tmp_path / "library.py"
    path.write_text("x = 1\n")
    check([path])
    assert not fingerprint_path(path).exists()
    fingerprint_path(path).write_bytes(b"\xff\xfe")
    with pytest.raises(TunebookError, match="altered or cut short"):
        check([path])


def test_altered_files_are_found_in_all_folders_below(tmp_path):
    files = [tmp_path / name for name in ("b/deep/runs.csv", "a.json", "gone.csv", "whole.csv")]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as it was made\n")
    vouch(files)
    (tmp_path / "never vouched for.csv").write_text("x\n")
    assert altered(tmp_path) == []
    files[0].write_text("as it was")
    files[1].write_text("as it was made?\n")
    files[2].unlink()
    assert altered(tmp_path) == [tmp_path / "a.json", tmp_path / "b/deep/runs.csv"]
    assert altered(tmp_path / "no such folder") == []


def test_a_file_that_is_about_to_be_made_anew_is_vouched_for_no_longer(made):
    forget([made, made.with_name("never made.csv")])
    made.write_text("new\n")
    assert altered(made.parent) == []


def test_the_fingerprint_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-4, appendix B.1
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    assert sha256(tmp_path / "a").startswith("ba7816bf")


# Writing and reading


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder/table.csv"
    with written(path) as beside:
        beside.write_text("a,b\n")
        assert not path.exists()
        assert beside.parent == path.parent, "renaming is at once only within one file system"
    assert path.read_text() == "a,b\n"
    with pytest.raises(ZeroDivisionError), written(path) as beside:
        beside.write_text("half of the n")
        _ = 1 / 0
    assert path.read_text() == "a,b\n", "what stood there stays when writing fails"
    assert names(path.parent) == ["table.csv"]


def test_what_a_killed_job_left_is_removed_and_no_other_file_is(tmp_path):
    left = [".[ab].123.part", ".[ab].9.part"]
    others = [".b.1.part", ".other.csv.123.part", "x.part"]  # names are no patterns
    for name in left + others:
        (tmp_path / name).write_text("half")
    with written(tmp_path / "[ab]") as beside:
        beside.write_text("whole")
    assert names(tmp_path) == sorted([*others, "[ab]"])


def of_the_system(number):
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(("error", "words"), [
    (of_the_system(errno.ENOSPC), "the disk is full; free some space"),
    (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
    (of_the_system(errno.EDQUOT), "quota is used up"),
    (of_the_system(errno.EROFS), "read-only; make it writable"),
    (of_the_system(errno.EACCES), "may not be written; make it writable"),
])  # fmt: skip
def test_a_file_that_cannot_be_written_is_named_with_what_to_do(tmp_path, error, words):
    path = tmp_path / "table.csv"
    with pytest.raises(TunebookError, match=f"{path}: .*{words}"), written(path):
        raise error


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), written(tmp_path / "table.csv"):
        raise of_the_system(errno.EIO)


def test_json_is_read_as_it_was_written(tmp_path):
    value = {"name": "Gélard", "none": None, "list": [1, 2.5, "x"], "deep": {"a": [True]}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"loss": float("nan")})
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("data", [b"", b'{"a": 1', b"\xff\xfe{}", b"[1, 2,]", b"null null", None])
def test_json_that_is_not_whole_or_missing_is_named(tmp_path, data):
    path = tmp_path / "a.json"
    more = "delete it and run"
    if data is None:
        more = "No such file"
    else:
        path.write_bytes(data)
    with pytest.raises(TunebookError, match=f"a.json: not a whole JSON file .*{more}"):
        read_json(path)


def test_tables_keep_all_that_a_32_bit_number_holds_and_lists_in_cells(tmp_path):
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    write_csv(pd.DataFrame({"x": values.astype(float)}), tmp_path / "x.csv")
    assert (pd.read_csv(tmp_path / "x.csv")["x"].astype(np.float32) == values).all()
    assert b"\r" not in (tmp_path / "x.csv").read_bytes()
    write_parquet(pd.DataFrame({"run": ["a"], "pixels": [[0.0, 0.5]]}), tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["pixels"].iloc[0].tolist() == [0.0, 0.5]


# The lock

HOLDER = """
import sys, time
from tunebook.jobs import hold
hold(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_has_one_holder_who_is_named_and_ends_with_him(tmp_path):
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], cwd=ROOT / "workflow/scripts",
        stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        try:
            assert holder.stdout.readline() == "held\n"
            told = rf"at work here \(process {holder.pid}\).*one at a"
            with pytest.raises(TunebookError, match=told):
                hold(lock)
        finally:
            holder.kill()
    started = time.monotonic()
    hold(lock)
    hold(lock)  # who has it may ask again
    assert time.monotonic() - started < 1
    assert lock.read_text() == f"{os.getpid()}\n"
