"""Nothing half-written takes its final name, and nothing altered is taken for what it was."""

import errno
import hashlib
import os
import stat

import pytest

from tunebook.jobs import (
    TunebookError,
    altered,
    check,
    fingerprint_path,
    forget,
    read_json,
    sha256,
    vouch,
    write_json,
    written,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder/table.csv"
    with written(path) as beside:
        beside.write_text("a,b\n")
        assert not path.exists()
        assert beside.parent == path.parent, "renaming is at once only within one file system"
    assert path.read_text() == "a,b\n"
    assert names(path.parent) == ["table.csv"]


def test_what_stood_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written(path) as beside:
        beside.write_text("half of the n")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert names(tmp_path) == ["table.csv"]


def test_what_a_killed_job_left_is_removed_and_no_other_file_is(tmp_path):
    for name in (".table.csv.123.part", ".table.csv.9.part", ".other.csv.123.part", "x.part"):
        (tmp_path / name).write_text("half")
    with written(tmp_path / "table.csv") as beside:
        beside.write_text("whole")
    assert names(tmp_path) == [".other.csv.123.part", "table.csv", "x.part"]


def test_names_that_look_like_patterns_are_taken_literally(tmp_path):
    (tmp_path / ".b.1.part").write_text("of another file")
    with written(tmp_path / "[ab]") as beside:
        beside.write_text("whole")
    assert names(tmp_path) == [".b.1.part", "[ab]"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EROFS, "read-only; make it writable"),
        (errno.EACCES, "may not be written; make it writable"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_with_what_to_do(tmp_path, number, words):
    path = tmp_path / "table.csv"
    with pytest.raises(TunebookError, match=words) as raised, written(path):
        raise OSError(number, os.strerror(number))
    assert str(path) in str(raised.value)


def test_a_full_disk_is_known_by_the_words_of_other_libraries_too(tmp_path):
    message = "table.csv: could not be written: the disk is full"
    with pytest.raises(TunebookError, match=message), written(tmp_path / "table.csv"):
        raise RuntimeError("I/O error: No space left on device (os error 28)")


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), written(tmp_path / "table.csv"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_json_is_read_as_it_was_written(tmp_path):
    value = {"name": "Gélard", "none": None, "list": [1, 2.5, "x"], "deep": {"a": [True]}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


def test_json_holds_no_number_that_other_readers_refuse(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert names(tmp_path) == []


@pytest.mark.parametrize("data", [b"", b'{"a": 1', b"\xff\xfe{}", b"[1, 2,]", b"null null"])
def test_json_that_is_not_whole_is_named(tmp_path, data):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(TunebookError, match="a.json: not a whole JSON file .*delete it and run"):
        read_json(path)


def test_missing_json_is_named(tmp_path):
    with pytest.raises(TunebookError, match="a.json: not a whole JSON file .*No such file"):
        read_json(tmp_path / "a.json")


def test_the_fingerprint_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-4, appendix B.1
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    assert sha256(tmp_path / "a").startswith("ba7816bf")


def test_a_file_that_was_vouched_for_passes(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("run\n")
    vouch([path])
    check([path])
    assert names(tmp_path) == [".runs.csv.sha256", "runs.csv"]


@pytest.mark.parametrize("altered", ["run\nx\n", "ru", ""])
def test_a_file_altered_since_is_refused_with_both_fingerprints(tmp_path, altered):
    path = tmp_path / "runs.csv"
    path.write_text("run\n")
    vouch([path])
    expected = sha256(path)
    path.write_text(altered)
    with pytest.raises(TunebookError, match="altered or cut short") as raised:
        check([path])
    for part in (str(path), f"{sha256(path)} found", f"{expected} expected", "delete it and run"):
        assert part in str(raised.value)


def test_a_new_date_alters_nothing(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("run\n")
    vouch([path])
    os.utime(path, (0, 0))
    path.chmod(stat.S_IRUSR)
    check([path])


def test_a_file_that_nobody_vouched_for_passes(tmp_path):
    path = tmp_path / "library.py"
    path.write_text("x = 1\n")
    check([path])
    assert not fingerprint_path(path).exists()


def test_a_damaged_fingerprint_is_a_mismatch_and_no_accident(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("run\n")
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


def test_a_file_that_is_about_to_be_made_anew_is_vouched_for_no_longer(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("old\n")
    vouch([path])
    forget([path, tmp_path / "never made.csv"])
    path.write_text("new\n")
    assert altered(tmp_path) == []
