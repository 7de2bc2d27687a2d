"""Retrieval: where files may come from, what is a true copy, and what stands in for one."""

import bz2
import gzip
import io
import json
import lzma
import re
import subprocess
import sys
import zipfile
from codecs import BOM_UTF8
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from loopback import nobody, served
from tunebook.data import archives, fetch
from tunebook.data.description import (
    check_data,
    fetching,
    local_files,
    preparing,
    read_as_rows,
)
from tunebook.data.fetch import digest, list_places, mirror_place, retrieve
from tunebook.data.readers import read
from tunebook.data.table import values_sha256
from tunebook.jobs import TunebookError

ROOT = Path(__file__).parents[1]
TEXTS = {"a.csv.gz": b"x,y\n1.50,2\n-3,word\n", "b.csv": b"x,y\n7,8\n"}
TRUE = {"a.csv.gz": gzip.compress(TEXTS["a.csv.gz"], mtime=0), "b.csv": TEXTS["b.csv"]}
MADE = {"a.csv.gz": b"x,y\n0,0\n", "b.csv": b"x,y\n0,1\n"}
STAND_IN = f'''
def made(seed):
    """Zeros

    Nobody (2024).

    Licence: None needed
    """
    return {MADE!r}
'''


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """No proxy in between, and the pauses between attempts recorded instead of waited for."""
    waited = []
    monkeypatch.setattr(fetch.time, "sleep", waited.append)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return waited


class Study:
    """A study's folder with one dataset, whose public addresses nobody answers at."""

    def __init__(self, root):
        self.root, self.folder, self.said = root, root / "resources/small", []
        self.public = nobody()
        self.dataset = {
            "title": "Small numbers",
            "files": {
                name: {
                    "addresses": [f"{self.public}/{name}"],
                    "sha256": digest(data),
                    "values_sha256": values_sha256(read(put(root / "true", {name: data}) / name)),
                }
                for name, data in TRUE.items()
            },
            "citation": "Someone (1990).",
            "licence": "None.",
            "stand_in": "stand_ins.py:made",
        }
        put(root, {"stand_ins.py": STAND_IN.encode()})

    def get(self, *mirrors, when_unreachable="error", **settings):
        settings = {"timeout_seconds": 5, "attempts": 1} | settings
        settings |= {"mirrors": list(map(str, mirrors)), "when_unreachable": when_unreachable}
        self.said = []
        return retrieve(
            "small", self.dataset, self.folder, self.root, self.root, settings=settings,
            retry="do it again", warn=self.said.append,
        )  # fmt: skip

    def refused(self, *mirrors, **settings):
        with pytest.raises(TunebookError) as caught:
            self.get(*mirrors, **settings)
        return str(caught.value)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.folder.glob("[!.]*")}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


@pytest.fixture
def mirror(tmp_path):
    return put(tmp_path / "mirror", TRUE)


@pytest.fixture
def site():
    with served() as site:
        yield site


def only(provenance, key):
    return {file[key] for file in provenance["files"]}


# --- True copies


def test_a_mirror_folder_gives_the_files_and_their_provenance(study, mirror):
    provenance = study.get("nowhere", "mirror")
    assert study.contents() == TRUE
    assert {key: value for key, value in provenance.items() if key != "files"} == {
        "dataset": "small", "title": "Small numbers", "kind": "real", "note": "",
        "citation": "Someone (1990).", "licence": "None.",
    }  # fmt: skip
    first = provenance["files"][0]
    assert first.pop("retrieved").count("-") == 2
    assert first == {
        "name": "a.csv.gz", "address": "mirror/a.csv.gz", "transport": "folder",
        "bytes": len(TRUE["a.csv.gz"]), "sha256": digest(TRUE["a.csv.gz"]),
        "expected": digest(TRUE["a.csv.gz"]), "verified_by": "file",
    }  # fmt: skip
    assert str(study.root) not in json.dumps(provenance)


def test_a_mirror_address_gives_the_files(study, site):
    site.answers = {f"/data/{name}": data for name, data in TRUE.items()}
    provenance = study.get(site.address + "/data/")
    assert study.contents() == TRUE and only(provenance, "transport") == {"http"}
    assert only(provenance, "address") == {f"{site.address}/data/{name}" for name in TRUE}


def test_public_addresses_come_last_and_secure_ones_first(study, site):
    site.answers["/public"] = TRUE["b.csv"]
    addresses = [f"{site.address}/old", f"{site.address}/public"]
    study.dataset["files"] = {"b.csv": study.dataset["files"]["b.csv"] | {"addresses": addresses}}
    provenance = study.get(f"{site.address}/mirror")
    assert site.requests == ["/mirror/b.csv", "/old", "/public"]
    assert only(provenance, "address") == {f"{site.address}/public"}
    source = {"addresses": ["http://host/x", "https://host/x"]}
    places = list_places("x", source, study.folder, ".", ".", [])
    assert [place.transport for place in places] == ["folder", "folder", "https", "http"]


def test_true_copies_outlive_the_clearing_of_outputs_with_their_origin(study, mirror):
    first = study.get(mirror)
    for name in TRUE:
        (study.folder / name).unlink()
    assert study.get(when_unreachable="sample") == first
    assert study.contents() == TRUE and study.said == []
    before = {path: path.stat().st_mtime_ns for path in study.folder.glob("*")}
    assert study.get() == first
    assert {path: path.stat().st_mtime_ns for path in study.folder.glob("*")} == before


def test_a_damaged_record_of_a_kept_copy_is_done_without(study, mirror):
    study.get(mirror)
    (study.folder / ".kept/b.csv.json").write_text('{"sha')
    assert study.get()["kind"] == "real"


def test_files_put_there_by_hand_are_taken(study):
    put(study.root / "resources/by-hand", TRUE)
    provenance = study.get()
    assert provenance["kind"] == "real" and study.contents() == TRUE
    assert all("put there by hand" in address for address in only(provenance, "address"))


def test_a_file_is_true_by_its_values_however_they_are_written(study, tmp_path):
    other = {
        "a.csv.gz": gzip.compress(b'\xef\xbb\xbf"x", y\r\n1.5, 2.00\r\n-3e0, word', 1, mtime=9),
        "b.csv": gzip.compress(b"x;y\n7;8.\n"),
    }
    provenance = study.get(put(tmp_path / "mirror", other))
    assert study.contents() == other and only(provenance, "verified_by") == {"values"}
    known = study.dataset["files"]["b.csv"]["values_sha256"]
    assert provenance["files"][1]["expected"] == known


def test_the_fingerprint_of_values_is_of_names_and_numbers(tmp_path):
    put(tmp_path, {"t.csv": b"x,y\n1.50,word\n-3,\n"})
    text = b'["x", [1.5, -3.0]]' + b'["y", ["word", ""]]'
    assert values_sha256(read(tmp_path / "t.csv")) == digest(text)


def zipped(name, data):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, data)
    return archive.getvalue()


# A file as people have it, by what they call it and what was done to it.
HANDS = {
    "another name": ("downloaded file (1)", lambda text: text),
    "unpacked": ("a.csv", lambda text: text),
    "repacked": ("a.csv.bz2", bz2.compress),
    "packed once more": ("a.csv.gz", lambda text: lzma.compress(text)),
    "in a zip": ("data.zip", lambda text: zipped("a.csv", text)),
    "other line ends": ("a.csv", lambda text: text.replace(b"\n", b"\r\n")),
    "a byte-order mark": ("a.txt", lambda text: BOM_UTF8 + text),
    "no last line end": ("a.csv.gz", lambda text: gzip.compress(text.rstrip())),
}


@pytest.mark.parametrize("by_values", [True, False])
@pytest.mark.parametrize("case", HANDS)
def test_what_is_put_there_by_hand_is_known_by_what_it_holds(study, case, by_values):
    name, change = HANDS[case]
    source = study.dataset["files"]["a.csv.gz"]
    source.pop("values_sha256" if not by_values else "none", None)
    if not by_values:
        source["sha256"] = digest(TEXTS["a.csv.gz"])
    put(study.root / "resources/by-hand", {name: change(TEXTS["a.csv.gz"]), "B.CSV": TRUE["b.csv"]})
    provenance = study.get()
    assert provenance["kind"] == "real"
    assert read(study.folder / "a.csv.gz").columns.keys() == {"x", "y"}
    if not by_values:
        assert study.contents()["a.csv.gz"] == TEXTS["a.csv.gz"], "the bytes that it should have"


def test_two_files_whose_names_were_swapped_are_told_apart(study):
    swapped = {"a.csv.gz": TRUE["b.csv"], "b.csv": TRUE["a.csv.gz"]}
    put(study.root / "resources/by-hand", swapped)
    assert study.get()["kind"] == "real" and study.contents() == TRUE


@pytest.mark.parametrize("name", ["a (1).csv.gz", "A.csv", "a.csv"])
def test_other_data_of_nearly_the_name_are_told_and_no_stand_in_is_used(study, name):
    put(study.root / "resources/by-hand", {name: b"x,y\n1,2\n"})
    said = study.refused(when_unreachable="sample")
    assert f"by-hand/{name} has nearly its name, but holds other data" in said


# --- Altered copies

ALTERED = {
    "a changed value": gzip.compress(TEXTS["a.csv.gz"].replace(b"1.50", b"1.51")),
    "a changed word": gzip.compress(TEXTS["a.csv.gz"].replace(b"word", b"World")),
    "a line less": gzip.compress(TEXTS["a.csv.gz"][:-8]),
    "another name": gzip.compress(b"z" + TEXTS["a.csv.gz"][1:]),
    "end missing": TRUE["a.csv.gz"][:-6],
    "empty": b"",
    "a page instead": b"<html>Please log in</html>",
}


@pytest.mark.parametrize("when_unreachable", ["error", "sample"])
@pytest.mark.parametrize("data", ALTERED.values(), ids=ALTERED)
def test_altered_files_are_told_of_and_never_used_or_replaced(study, data, when_unreachable):
    put(study.root / "mirror", TRUE | {"a.csv.gz": data})
    said = study.refused("mirror", when_unreachable=when_unreachable)
    assert "mirror/a.csv.gz: altered" in said and study.contents() == {}
    assert f"expected SHA-256 {digest(TRUE['a.csv.gz'])}, or the same values" in said
    assert f"found {digest(data)}, {len(data)} bytes" in said
    assert study.said[0].startswith("mirror/a.csv.gz is not used")


def test_a_file_known_by_its_bytes_alone_may_not_differ_in_one(study):
    del study.dataset["files"]["b.csv"]["values_sha256"]
    put(study.root / "mirror", TRUE | {"b.csv": TEXTS["b.csv"].replace(b"7", b"7.")})
    said = study.refused("mirror", when_unreachable="sample")
    assert f"b.csv: expected SHA-256 {digest(TEXTS['b.csv'])}; found" in said


def test_a_later_place_makes_up_for_an_altered_file(study, mirror):
    put(study.root / "bad", {"a.csv.gz": b"altered"})
    put(study.root / "resources/by-hand", {"b.csv": b"altered"})
    provenance = study.get("bad", "mirror")
    assert only(provenance, "address") == {"mirror/a.csv.gz", "mirror/b.csv"}
    assert study.contents() == TRUE and len(study.said) == 2


def test_an_altered_kept_copy_is_found_out(study, mirror):
    study.get(mirror)
    put(study.folder / ".kept", {"b.csv": b"altered"})
    assert ".kept/b.csv: altered" in study.refused(when_unreachable="sample")
    assert study.get(mirror)["kind"] == "real"
    assert study.get()["kind"] == "real", "a true copy took its place"


def test_no_wait_for_the_network_after_a_file_is_missing_but_altered_ones_are_found(study, site):
    put(study.root / "mirror", {"b.csv": b"altered"})
    said = study.refused(site.address, "mirror", when_unreachable="sample")
    assert "mirror/b.csv: altered" in said and site.requests == ["/a.csv.gz"]


# --- Nothing within reach


def test_unreachable_is_an_error_that_names_every_place_and_what_to_do(study, site):
    site.answers["/slow/a.csv.gz"] = site.silence()
    said = study.refused("nowhere", site.address, f"{site.address}/slow", timeout_seconds=0.2)
    for words in (
        "a.csv.gz (dataset small): it could not be had",
        "nowhere/a.csv.gz: no such folder",
        f"{site.address}/a.csv.gz: the server answered 404 Not Found",
        f"{site.address}/slow/a.csv.gz: no answer within 0.2 s",
        f"{study.public}/a.csv.gz: no connection ([Errno 111] Connection refused)",
        f"put a.csv.gz (from {study.public}/a.csv.gz) into {study.root / 'resources/by-hand'}",
        "data.mirrors",
    ):
        assert words in said
    assert study.contents() == {}


def test_a_stand_in_is_made_and_never_silent(study):
    provenance = study.get(when_unreachable="sample")
    (said,) = study.said
    assert said.startswith("STAND-IN DATA for Small numbers") and "by-hand" in said
    assert said.endswith("Then: do it again")
    assert study.contents() == MADE
    assert {key: value for key, value in provenance.items() if key != "files"} == {
        "dataset": "small", "title": "Zeros", "kind": "sample", "citation": "Nobody (2024).",
        "licence": "None needed",
        "note": "Stand-in made with seed 0, because a.csv.gz could not be had.",
    }  # fmt: skip
    assert only(provenance, "transport") == {"made here"}


def test_true_and_stand_in_files_never_mix_and_true_ones_are_not_lost(study, tmp_path):
    put(study.root / "early", {"a.csv.gz": TRUE["a.csv.gz"]})
    assert study.get("early", when_unreachable="sample")["kind"] == "sample"
    assert study.contents() == MADE
    assert "altered" not in study.refused()
    # The true one waits for its counterpart, from whatever place that comes in the end.
    assert study.get(put(tmp_path / "late", {"b.csv": TRUE["b.csv"]}))["kind"] == "real"
    assert study.contents() == TRUE and study.said == []


@pytest.mark.parametrize(
    "code, words",
    [
        ("", "stand_ins.py: found no 'made'"),
        ("def made(:", "stand_ins.py: found no 'made'"),
        ("def made(seed): return {}", "allowed: a.csv.gz, b.csv"),
        (None, "stand_ins.py: found no 'made'"),
    ],
)
def test_a_stand_in_that_cannot_be_made_is_told_of(study, code, words):
    (study.root / "stand_ins.py").unlink()
    if code is not None:
        (study.root / "stand_ins.py").write_text(code)
    assert words in study.refused(when_unreachable="sample")


def test_without_a_stand_in_unreachable_is_an_error(study):
    del study.dataset["stand_in"]
    assert "it could not be had" in study.refused(when_unreachable="sample")


# --- A study's own files


def test_a_file_beside_the_configuration_is_taken_as_it_is(study):
    put(study.root / "data", {"mine.csv": b"x\n1\n"})
    study.dataset = {"files": {"mine.csv": {"path": "data/mine.csv"}}}
    provenance = study.get()
    assert study.contents() == {"mine.csv": b"x\n1\n"}
    assert provenance["title"] == "small" and provenance["licence"] == ""
    assert provenance["files"][0]["sha256"] == digest(b"x\n1\n")
    assert provenance["files"][0]["verified_by"] == ""
    put(study.root / "data", {"mine.csv": b"x\n2\n"})
    study.get()
    assert study.contents() == {"mine.csv": b"x\n2\n"}
    assert local_files(study.dataset, study.root) == [str(study.root / "data/mine.csv")]
    (study.root / "data/mine.csv").unlink()
    said = study.refused(when_unreachable="sample")
    assert "data/mine.csv: no such file" in said and "datasets.small.files.mine.csv.path" in said
    assert local_files(study.dataset, study.root) == []


def test_a_file_of_ones_own_with_a_fingerprint_is_held_to_it(study):
    put(study.root, {"mine.csv": b"x\n1\n"})
    study.dataset = {"files": {"mine.csv": {"path": "mine.csv", "sha256": digest(b"other")}}}
    assert "mine.csv: altered" in study.refused()


def test_a_file_may_be_made_by_the_studys_own_code_and_is_no_stand_in(study):
    (study.root / "data.py").write_text("def rows():\n    return b'x\\n1\\n'\n")
    study.dataset = {"files": {"mine.csv": {"made_by": "data.py:rows"}}}
    provenance = study.get()
    assert study.contents() == {"mine.csv": b"x\n1\n"}
    assert provenance["kind"] == "real"
    assert provenance["files"][0]["address"] == "data.py:rows"
    assert provenance["files"][0]["transport"] == "made here"
    assert local_files(study.dataset, study.root) == [str(study.root / "data.py")]
    study.dataset["files"]["mine.csv"]["sha256"] = digest(b"other")
    assert "data.py:rows: altered" in study.refused()


@pytest.fixture
def split(study):
    """The study, two of whose files are made from a third one, which is fetched."""
    first = study.dataset["files"]["b.csv"]
    code = "def upper(data): return data.upper()\ndef twice(data): return data + data\n"
    (study.root / "data.py").write_text(code)
    study.dataset |= {"files": {
        "both.csv": {"made_by": "data.py:twice", "made_from": "whole.csv"},
        "shout.csv": {"made_by": "data.py:upper", "made_from": "whole.csv"},
        "whole.csv": {"addresses": first["addresses"], "sha256": digest(TRUE["b.csv"])},
    }}  # fmt: skip
    return study


def test_files_are_made_from_one_that_is_fetched_verified_and_kept_but_not_read(split):
    put(split.root / "mirror", {"whole.csv": TRUE["b.csv"]})
    provenance = split.get("mirror")
    whole = TRUE["b.csv"]
    assert split.contents() == {"both.csv": whole + whole, "shout.csv": whole.upper()}
    assert read_as_rows(split.dataset) == ["both.csv", "shout.csv"]
    shown = {file["name"]: (file["address"], file["transport"]) for file in provenance["files"]}
    assert shown == {
        "whole.csv": ("mirror/whole.csv", "folder"),
        "both.csv": ("data.py:twice, from whole.csv", "made here"),
        "shout.csv": ("data.py:upper, from whole.csv", "made here"),
    }
    assert provenance["kind"] == "real"
    (split.root / "mirror/whole.csv").unlink()  # it was kept
    assert split.get("mirror")["files"] == provenance["files"]


def test_of_a_file_that_cannot_be_had_nothing_is_made(split):
    assert "whole.csv (dataset small): it could not be had" in split.refused()
    put(split.root / "resources/by-hand", {"other": b"x"})
    put(split.root / "mirror", {"whole.csv": b"other"})
    assert "whole.csv: altered" in split.refused("mirror", when_unreachable="sample")
    (split.root / "mirror/whole.csv").unlink()
    made = {"both.csv": b"a\n0\n", "shout.csv": b"a\n1\n"}
    put(split.root, {"stand_ins.py": STAND_IN.replace(repr(MADE), repr(made)).encode()})
    provenance = split.get("mirror", when_unreachable="sample")
    assert provenance["kind"] == "sample" and split.contents() == made
    assert "because whole.csv could not be had" in provenance["note"]


@pytest.mark.parametrize(("changes", "told"), [
    ({"made_from": "none.csv"},
     "datasets.small.files.both.csv.made_from: found none.csv; "
     "allowed: a file with addresses or a path (whole.csv)"),
    ({"made_from": "shout.csv"}, "both.csv.made_from: found shout.csv; allowed: a file with"),
    ({"made_from": "both.csv"}, "both.csv.made_from: found both.csv; allowed: a file with"),
    ({"made_by": None, "path": "x.csv"}, "both.csv: found made_from; allowed: beside made_by"),
])  # fmt: skip
def test_what_a_file_cannot_be_made_from_is_refused(split, changes, told):
    about = split.dataset["files"]["both.csv"] | changes
    split.dataset["files"]["both.csv"] = {k: v for k, v in about.items() if v is not None}
    with pytest.raises(TunebookError) as refusal:
        check_data({"datasets": {"small": split.dataset}, "problems": {}})
    assert told in str(refusal.value)


def test_what_others_are_made_from_holds_no_test_rows_and_no_values(split):
    problem = {"dataset": "small", "target": "a", "task": "regression"}
    given = {"datasets": {"small": split.dataset}, "problems": {"it": problem}}
    check_data(given)
    problem["split"] = {"test_file": "whole.csv"}
    told = "test_file: found whole.csv; allowed: one of the dataset's files (both.csv, shout.csv)"
    with pytest.raises(TunebookError, match=re.escape(told)):
        check_data(given)
    split.dataset["files"]["whole.csv"]["values_sha256"] = "0" * 64
    told = "files.whole.csv: found values_sha256; allowed: sha256, since it is not read as rows"
    with pytest.raises(TunebookError, match=re.escape(told)):
        check_data(given)


@pytest.mark.parametrize(
    "code, words",
    [
        ("", "found no 'rows'"),
        ("def rows(): return 'text'", "returned str; allowed: bytes"),
        ("def rows(): return 1 / 0", "data.py:rows: ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_made_is_told_of(study, code, words):
    (study.root / "data.py").write_text(code)
    study.dataset = {"files": {"mine.csv": {"made_by": "data.py:rows"}}}
    assert words in study.refused(when_unreachable="sample")


def test_a_folder_of_images_becomes_one_file_the_same_every_time(study):
    for place in ("cat/1", "dog/2"):
        (study.root / "photos" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((2, 3), np.uint8)).save(study.root / f"photos/{place}.png")
    put(study.root / "photos", {".hidden": b""})
    study.dataset = {"files": {"photos": {"path": "photos"}}}
    first = study.get()["files"][0]["sha256"]
    assert study.get()["files"][0]["sha256"] == first
    with zipfile.ZipFile(study.folder / "photos") as archive:
        assert archive.namelist() == ["cat/1.png", "dog/2.png"]
    assert read(study.folder / "photos").columns["class"].tolist() == ["cat", "dog"]
    assert len(local_files(study.dataset, study.root)) == 3


def test_a_file_at_an_address_without_fingerprint_is_fetched_once_for_each_address(study, site):
    site.answers = {"/one": b"x\n1\n", "/two": b"x\n2\n"}
    for address in ("/one", "/one", "/two"):
        study.dataset = {"files": {"mine.csv": {"addresses": [site.address + address]}}}
        study.get()
        (study.folder / "mine.csv").unlink()
    assert site.requests == ["/one", "/two"]


def test_what_no_result_depends_on_makes_no_job_run_again(study):
    other = study.dataset | {"title": "Other", "note": "More."}
    assert fetching(other) == fetching(study.dataset) and "files" in fetching(other)
    columns = {"columns": {"x": {"unit": "m"}}}
    assert fetching(other | columns) == fetching(other)
    problem = {"target": "y", "replicates": 5, "base": {}, "metric": "mse"}
    assert preparing(other, problem) == {"dataset": {}, "problem": {"target": "y"}}
    assert preparing(other | columns, problem)["dataset"] == columns


# --- Downloads


def download(site, path, **settings):
    return fetch.download(site.address + path, *({"timeout": 5, "attempts": 1} | settings).values())


def refusal(site, path, **settings):
    with pytest.raises(fetch.Unavailable) as caught:
        download(site, path, **settings)
    return str(caught.value)


def test_a_refusal_is_not_asked_for_again(site, quiet):
    assert refusal(site, "/x", attempts=3) == "the server answered 404 Not Found"
    assert len(site.requests) == 1 and quiet == []


def test_a_server_that_is_briefly_down_is_asked_again_after_growing_pauses(site, quiet):
    site.answers["/x"] = [503, 429, b"body"]
    assert download(site, "/x", attempts=3) == b"body"
    assert quiet == [1, 2] and len(site.requests) == 3
    site.answers["/x"] = 503
    assert "503" in refusal(site, "/x", attempts=2) and len(site.requests) == 5


def test_a_download_that_breaks_off_is_not_taken_for_a_whole_one(site):
    site.answers["/x"] = [site.half(b"body"), b"body"]
    assert download(site, "/x", attempts=2) == b"body"
    site.answers |= {"/x": site.half(b"body"), "/x.gz": site.half(b"body")}
    assert "no connection" in refusal(site, "/x") and "no connection" in refusal(site, "/x.gz")


def test_a_server_may_send_on_to_another_place_and_to_no_file_of_this_machine(site, tmp_path):
    secret = put(tmp_path, {"secret": b"secret"}) / "secret"
    site.answers |= {
        "/moved": site.elsewhere("/x"),
        "/x": b"body",
        "/inside": site.elsewhere(secret.as_uri()),
        "/round": site.elsewhere("/round"),
    }
    assert download(site, "/moved") == b"body"
    assert "no connection" in refusal(site, "/inside")
    assert "redirects" in refusal(site, "/round")


def test_silence_absence_and_no_end(site, monkeypatch):
    site.answers |= {"/silent": site.silence(), "/endless": site.endless()}
    assert refusal(site, "/silent", timeout=0.2) == "no answer within 0.2 s"
    with pytest.raises(fetch.Unavailable, match="Connection refused"):
        fetch.download(nobody() + "/x", 5, 1)
    monkeypatch.setattr(archives, "LARGEST", 10_000_000)
    assert "larger than" in refusal(site, "/endless")


def test_an_archive_that_clients_would_unpack_is_kept_as_it_lies_there(site):
    site.answers["/a.csv.gz"] = site.unpacked_by_clients(TRUE["a.csv.gz"])
    assert download(site, "/a.csv.gz") == TRUE["a.csv.gz"]
    site.answers["/a.csv"] = site.unpacked_by_clients(TRUE["a.csv.gz"])
    assert download(site, "/a.csv") == TEXTS["a.csv.gz"]


# --- Mirrors


@pytest.mark.parametrize(
    "mirror, transport, shown",
    [
        ("../data", "folder", "../data/f.csv"),
        ("a b/ü/", "folder", "a b/ü/f.csv"),
        ("https://host.org/d", "https", "https://host.org/d/f.csv"),
        ("http://host.org:8080/d/", "http", "http://host.org:8080/d/f.csv"),
        ("https://name:secret@host.org/d", "https", "https://host.org/d/f.csv"),
    ],
)
def test_mirrors_are_shown_as_configured_without_passwords(mirror, transport, shown):
    place = mirror_place(mirror, "f.csv", "/base")
    assert (place.transport, place.shown) == (transport, shown)


def test_folders_are_found_from_the_base_the_home_and_the_root(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for mirror, folder in {
        "near": tmp_path / "base/near",
        "~/data": tmp_path / "home/data",
        str(tmp_path / "root"): tmp_path / "root",
        (tmp_path / "a b").as_uri(): tmp_path / "a b",
    }.items():
        assert mirror_place(mirror, "f.csv", tmp_path / "base").location == folder / "f.csv"


@pytest.mark.parametrize(
    "mirror", ["ftp://host.org/d", "s3://bucket", "://", "http://[half", "~nobody-of-that-name/d"]
)
def test_other_mirrors_are_refused_by_name(mirror):
    with pytest.raises(TunebookError, match="data.mirrors.*allowed") as caught:
        mirror_place(mirror, "f.csv", "/base")
    assert mirror in str(caught.value)


def test_folders_say_why_they_do_not_give_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 10)
    put(tmp_path, {"large.csv": b"x" * 11})
    for mirror, name, reason in [
        (".", "g.csv", "no such file"),
        ("nowhere", "g.csv", "no such folder"),
        (".", "large.csv", "found 11 bytes; allowed: at most 10"),
        ("null\0", "g.csv", "null"),
    ]:
        with pytest.raises(fetch.Unavailable, match=reason):
            fetch.read_place(mirror_place(mirror, name, tmp_path), 1, 1)


# --- Writing


def test_a_folder_that_cannot_be_written_is_named(study, mirror):
    study.folder.parent.mkdir()
    study.folder.write_text("in the way")
    said = study.refused(mirror)
    assert str(study.folder) in said and "could not be written" in said


def test_a_disk_that_fills_up_is_told_of_and_leaves_no_part(study, mirror, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "disk is full" in study.refused(mirror)
    assert [path for path in study.folder.rglob("*") if path.is_file()] == []


def test_retrieval_from_a_folder_imports_no_network_library():
    code = (
        "import tunebook.data.fetch, sys; print({'requests', 'pandas', 'torch'} & {*sys.modules})"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow/scripts", capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "set()"
