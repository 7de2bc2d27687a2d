"""A job has a log of its own, and when it fails it says why in one line that names the log."""

import errno
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest

from project import ROOT
from tunebook.jobs import (
    OUT_OF_MEMORY,
    TunebookError,
    explain,
    fingerprint_path,
    job,
    write_csv,
    write_parquet,
)


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "logs/train/run-a.log")


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def failing(log, error, capsys):
    """The console's and the log's text of a job in which `error` is raised."""
    with pytest.raises(SystemExit) as ended, job(log):
        print("epoch 1")
        raise error
    assert ended.value.code == 1
    return capsys.readouterr().err, text(log)


def test_what_a_job_prints_goes_to_its_log_and_not_to_the_console(log, capsys):
    with job(log) as console:
        print("epoch 1/3")
        print("a warning", file=sys.stderr)
        print("for people", file=console)
    print("after")
    assert text(log) == "epoch 1/3\na warning\n"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("after\n", "for people\n")


def test_the_log_can_be_followed_while_the_job_runs(log):
    with job(log):
        print("epoch 1/3: training loss 0.5")
        assert text(log) == "epoch 1/3: training loss 0.5\n"


def test_bad_input_is_told_in_its_own_words_without_a_traceback(log, capsys):
    console, logged = failing(log, TunebookError("zip.train.gz: cut short"), capsys)
    assert console == f"Error: zip.train.gz: cut short (log: {log})\n"
    assert logged == "epoch 1\nError: zip.train.gz: cut short\n"


def test_other_failures_leave_one_line_on_the_console_and_the_traceback_in_the_log(log, capsys):
    console, logged = failing(log, ValueError("first line\nsecond line"), capsys)
    assert console == f"Error: ValueError: first line (log: {log})\n"
    assert "Traceback (most recent call last)" in logged
    assert logged.endswith("Error: ValueError: first line\n")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_missing_memory_is_called_that(error, log, capsys):
    console, _ = failing(log, error, capsys)
    assert console == f"Error: {OUT_OF_MEMORY} (log: {log})\n"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "results/runs.csv"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_called_that(error, log, capsys):
    console, _ = failing(log, error, capsys)
    assert "the disk is full; free some space and run again" in console


def test_an_error_without_words_has_its_name():
    assert explain(KeyError()) == "KeyError: "


def test_standard_streams_come_back_after_a_failure(log, capsys):
    before = sys.stdout, sys.stderr
    failing(log, ValueError("x"), capsys)
    assert (sys.stdout, sys.stderr) == before


def test_what_a_job_made_is_vouched_for_and_held_against_it_by_the_next(log, tmp_path, capsys):
    table = tmp_path / "runs.csv"
    with job(log, outputs=[table]):
        table.write_text("run\n")
    with job(log, inputs=[table]):
        print("read")
    table.write_text("another\n")
    with pytest.raises(SystemExit), job(log, inputs=[table]):
        pytest.fail("an altered input was used")
    assert "runs.csv: altered or cut short" in capsys.readouterr().err


def test_a_job_that_is_killed_leaves_no_output_that_looks_altered(log, tmp_path):
    table = tmp_path / "runs.csv"
    with job(log, outputs=[table]):
        table.write_text("old\n")
    with job(log, outputs=[table]):
        assert not fingerprint_path(table).exists(), "from its first moment on"
        table.write_text("new\n")


def test_a_failed_job_vouches_for_nothing(log, tmp_path, capsys):
    table = tmp_path / "runs.csv"
    with pytest.raises(SystemExit), job(log, outputs=[table]):
        table.write_text("run\n")
        raise ValueError
    assert not fingerprint_path(table).exists()
    assert "ValueError" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_log_on_a_full_disk_does_not_hide_the_message(capsys):
    with pytest.raises(SystemExit), job("/dev/full"):
        print("epoch 1")
    assert capsys.readouterr().err == (
        "Error: a file: could not be written: the disk is full; free some space and run again "
        "(log: /dev/full)\n"
    )


HOLDER = textwrap.dedent(
    """
    import sys, time
    from tunebook.jobs import hold
    hold(sys.argv[1])
    print("held", flush=True)
    time.sleep(60)
    """
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock `tmp_path/lock`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdout=subprocess.PIPE, env=environment, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_lock_has_one_holder_who_is_named_and_ends_with_him(holder, tmp_path):
    from tunebook.jobs import hold

    with pytest.raises(TunebookError, match=rf"at work here \(process {holder.pid}\).*one at a"):
        hold(tmp_path / "lock")
    holder.kill()
    holder.wait()
    started = time.monotonic()
    hold(tmp_path / "lock")
    hold(tmp_path / "lock")  # who has it may ask again
    assert time.monotonic() - started < 1
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_tables_keep_all_that_a_32_bit_number_holds_and_lists_in_cells(tmp_path):
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    write_csv(pd.DataFrame({"x": values.astype(float)}), tmp_path / "x.csv")
    assert (pd.read_csv(tmp_path / "x.csv")["x"].astype(np.float32) == values).all()
    assert b"\r" not in (tmp_path / "x.csv").read_bytes()
    write_parquet(pd.DataFrame({"run": ["a"], "pixels": [[0.0, 0.5]]}), tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["pixels"].iloc[0].tolist() == [0.0, 0.5]
