"""Retrieval: where files may come from, what is a true copy, and what stands in for one."""

import dataclasses
import gzip
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from loopback import nobody, served
from tunebook import datasets
from tunebook.datasets import retrieve
from tunebook.jobs import TunebookError
from tunebook.parsing import gunzip, parse_usps, read_houses, read_usps
from tunebook.provenance import check_files
from tunebook.sources import DATASETS, Dataset, SourceFile
from tunebook.verification import sha256, values_fingerprint, verify

SHARED = Path(__file__).parents[1] / "../shared/datasets"
real_data = [
    pytest.mark.real_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/datasets beside the project"),
]


def image(digit, grey):
    return " ".join([str(digit), *[f"{grey:.3f}"] * 256]) + "\n"


TEXTS = {
    "zip.train.gz": "".join(image(digit, digit / 10) for digit in range(10)).encode(),
    "zip.test.gz": image(3, -0.5).encode(),
}
DIGITS = {name: gzip.compress(text, mtime=0) for name, text in TEXTS.items()}
HOUSES = b"OverallQual,SalePrice\n7,208500\n"
TRUE = DIGITS | {"house_prices.csv": HOUSES}


@pytest.fixture(autouse=True)
def small_datasets(monkeypatch):
    """Tiny files in the place of the published ones, at addresses where nobody answers."""
    public = nobody()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time", types.SimpleNamespace(sleep=lambda _: None))

    def source(name):
        source = SourceFile(name, (f"{public}/{name}",), sha256(TRUE[name]))
        if name not in TEXTS:
            return source
        values = values_fingerprint(parse_usps(TEXTS[name], name))
        return dataclasses.replace(source, text_sha256=sha256(TEXTS[name]), values_sha256=values)

    table = {
        "usps": Dataset("Digits", tuple(map(source, DIGITS)), "Someone (1990).", "None.", "Small."),
        "ames": Dataset("Houses", (source("house_prices.csv"),), "Another (2011).", "None.", ""),
    }
    monkeypatch.setattr(datasets, "DATASETS", table)
    return table


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "resources/usps"


@pytest.fixture
def mirror(tmp_path):
    return put(tmp_path / "mirror", DIGITS)


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def get(folder, *mirrors, dataset="usps", when_unreachable="error", **settings):
    settings = {"timeout_seconds": 5, "attempts": 1, "base_folder": folder.parents[1]} | settings
    return retrieve(dataset, folder, list(map(str, mirrors)), when_unreachable, **settings)


def refused(folder, *mirrors, **settings):
    with pytest.raises(TunebookError) as caught:
        get(folder, *mirrors, **settings)
    return str(caught.value)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def only(provenance, key):
    return {file[key] for file in provenance["files"]}


# --- True copies -------------------------------------------------------------------------------


def test_a_mirror_folder_gives_the_files_and_their_provenance(folder, mirror):
    provenance = get(folder, "nowhere", "mirror")
    assert contents(folder) == DIGITS
    assert provenance["dataset"] == "usps" and provenance["kind"] == "real"
    assert provenance["citation"] == "Someone (1990)." and provenance["licence"] == "None."
    first = provenance["files"][0]
    assert first.pop("retrieved").count("-") == 2
    assert first == {
        "name": "zip.train.gz",
        "address": "mirror/zip.train.gz",
        "transport": "folder",
        "bytes": len(DIGITS["zip.train.gz"]),
        "sha256": sha256(DIGITS["zip.train.gz"]),
        "expected": sha256(DIGITS["zip.train.gz"]),
        "verified_by": "file",
    }
    assert str(folder.parents[1]) not in json.dumps(provenance)


def test_a_mirror_address_gives_the_files(folder):
    with served() as site:
        site.answers = {f"/data/{name}": data for name, data in DIGITS.items()}
        provenance = get(folder, site.address + "/data/")
    assert contents(folder) == DIGITS
    assert only(provenance, "transport") == {"http"}
    assert only(provenance, "address") == {f"{site.address}/data/{name}" for name in DIGITS}


def test_the_public_addresses_come_last_and_in_order(folder, small_datasets, monkeypatch):
    with served() as site:
        site.answers["/public"] = HOUSES
        (source,) = small_datasets["ames"].files
        source = dataclasses.replace(
            source, addresses=(f"{site.address}/old", f"{site.address}/public")
        )
        table = dataclasses.replace(small_datasets["ames"], files=(source,))
        monkeypatch.setitem(small_datasets, "ames", table)
        provenance = get(folder, f"{site.address}/mirror", dataset="ames")
    assert site.requests == ["/mirror/house_prices.csv", "/old", "/public"]
    assert only(provenance, "address") == {f"{site.address}/public"}
    assert only(provenance, "name") == {"house_prices.csv"}


def test_files_in_place_are_kept_with_what_is_known_of_their_origin(folder, mirror):
    first = get(folder, mirror)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert get(folder) == first
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_true_copies_outlive_the_clearing_of_outputs(folder, mirror):
    first = get(folder, mirror)
    for name in DIGITS:
        (folder / name).unlink()
    assert get(folder, when_unreachable="sample") == first and contents(folder) == DIGITS


@pytest.mark.parametrize("place", ["resources/usps", "resources/by-hand"])
def test_files_put_there_by_hand_are_taken(folder, tmp_path, place):
    put(tmp_path / place, DIGITS)
    provenance = get(folder)
    assert provenance["kind"] == "real" and contents(folder) == DIGITS
    assert all("put there by hand" in file["address"] for file in provenance["files"])


def test_an_archive_packed_by_another_tool_is_true_by_its_text(folder, tmp_path):
    repacked = {name: gzip.compress(text, 1, mtime=99) for name, text in TEXTS.items()}
    provenance = get(folder, put(tmp_path / "mirror", repacked))
    assert contents(folder) == repacked
    assert only(provenance, "verified_by") == {"text"}
    assert only(provenance, "expected") == {sha256(text) for text in TEXTS.values()}


def test_text_in_other_white_space_is_true_by_its_values(folder, tmp_path):
    def respaced(text):
        rows = np.loadtxt(text.decode().splitlines(), ndmin=2)
        return "".join(" ".join(f"{x:.4f}" for x in row) + " \r\n" for row in rows).encode()

    other = {name: gzip.compress(respaced(text)) for name, text in TEXTS.items()}
    provenance = get(folder, put(tmp_path / "mirror", other))
    assert only(provenance, "verified_by") == {"values"}
    assert only(provenance, "sha256") == set(map(sha256, other.values()))


# --- Altered copies ----------------------------------------------------------------------------

ALTERED = {
    "a changed value": gzip.compress(TEXTS["zip.train.gz"].replace(b"0.100", b"0.101", 1)),
    "a fourth decimal": gzip.compress(TEXTS["zip.train.gz"].replace(b"0.100", b"0.1004", 1)),
    "a line less": gzip.compress(TEXTS["zip.train.gz"][: -len(image(9, 0.9))]),
    "another digit": gzip.compress(b"4" + TEXTS["zip.train.gz"][1:]),
    "end missing": DIGITS["zip.train.gz"][:-20],
    "empty": b"",
    "a page instead": b"<html>Please log in</html>",
    "the test part": DIGITS["zip.test.gz"],
}


@pytest.mark.parametrize("when_unreachable", ["error", "sample"])
@pytest.mark.parametrize("data", ALTERED.values(), ids=ALTERED)
def test_altered_files_are_told_of_never_used(folder, tmp_path, data, when_unreachable, capsys):
    put(tmp_path / "mirror", DIGITS | {"zip.train.gz": data})
    said = refused(folder, "mirror", when_unreachable=when_unreachable)
    assert "mirror/zip.train.gz: altered" in said
    assert f"expected text of SHA-256 {sha256(TEXTS['zip.train.gz'])}" in said and "found" in said
    assert contents(folder) == {}
    assert "WARNING: mirror/zip.train.gz is not used" in capsys.readouterr().err


def test_an_altered_table_is_told_of(folder, tmp_path):
    put(tmp_path / "mirror", {"house_prices.csv": HOUSES[:-1]})
    said = refused(folder, "mirror", dataset="ames")
    assert f"expected SHA-256 {sha256(HOUSES)}; found {sha256(HOUSES[:-1])} (30 bytes)" in said


def test_a_later_place_makes_up_for_an_altered_file(folder, mirror, tmp_path, capsys):
    put(tmp_path / "bad", {"zip.train.gz": b"altered"})
    provenance = get(folder, "bad", "mirror")
    assert provenance["files"][0]["address"] == "mirror/zip.train.gz"
    assert contents(folder) == DIGITS
    assert "bad/zip.train.gz is not used" in capsys.readouterr().err


def test_an_altered_file_in_place_is_set_apart_before_a_true_one_replaces_it(folder, mirror):
    put(folder, {"zip.test.gz": b"altered"})
    assert get(folder, mirror)["kind"] == "real"
    assert contents(folder) == DIGITS | {"zip.test.gz.rejected": b"altered"}


@pytest.mark.parametrize("name", DIGITS)
def test_no_stand_in_takes_the_place_of_an_altered_file(folder, name):
    put(folder, {name: b"altered"})
    assert f"usps/{name}: altered" in refused(folder, when_unreachable="sample")
    assert contents(folder) == {f"{name}.rejected": b"altered"}


def test_a_broken_download_is_never_left_in_place(folder):
    with served() as site:
        site.answers["/zip.train.gz"] = site.half(DIGITS["zip.train.gz"])
        said = refused(folder, site.address)
    assert "IncompleteRead" in said and contents(folder) == {}


def test_a_download_that_is_sent_on_to_something_else_is_told_of(folder):
    with served() as site:
        site.answers["/zip.train.gz"] = site.elsewhere("/other")
        site.answers["/other"] = ALTERED["another digit"]
        said = refused(folder, site.address)
    assert f"{site.address}/zip.train.gz: altered" in said and contents(folder) == {}


# --- Nothing within reach ----------------------------------------------------------------------


def test_unreachable_is_an_error_that_names_every_place_and_what_to_do(folder, small_datasets):
    with served() as site:
        site.answers["/slow/zip.train.gz"] = site.silence()
        said = refused(folder, "nowhere", site.address, f"{site.address}/slow", timeout_seconds=0.2)
    public = small_datasets["usps"].files[0].addresses[0]
    assert "zip.train.gz (dataset usps): it could not be had" in said
    assert "nowhere/zip.train.gz: no such folder" in said
    assert f"{site.address}/zip.train.gz: the server answered 404 Not Found" in said
    assert f"{site.address}/slow/zip.train.gz: no answer within 0.2 s" in said
    assert f"{public}: no connection ([Errno 111] Connection refused)" in said
    assert f"put zip.train.gz and zip.test.gz (from {public}" in said
    assert f"into {folder.parent / 'by-hand'}" in said and "data.mirrors" in said
    assert contents(folder) == {}


def test_a_stand_in_is_made_and_never_silent(folder, capsys):
    provenance = get(folder, when_unreachable="sample", retry="snakemake --forcerun this")
    warning = capsys.readouterr().err
    assert warning.startswith("WARNING: STAND-IN DATA") and "Digits" in warning
    assert "by-hand" in warning and warning.endswith("Then: snakemake --forcerun this\n")
    assert provenance["kind"] == "sample" and "seed 0" in provenance["note"]
    assert "scikit-learn" in provenance["citation"]
    assert only(provenance, "transport") == {"made here"}
    assert len(read_usps(folder / "zip.train.gz")[1]) == 1400
    check_files(provenance, folder)


def test_simulated_houses_stand_in_for_houses(tmp_path):
    folder = tmp_path / "resources/ames"
    provenance = get(folder, dataset="ames", when_unreachable="sample", seed=7)
    assert provenance["kind"] == "sample" and "seed 7" in provenance["note"]
    features = ["OverallQual", "YearBuilt", "TotalBsmtSF", "GrLivArea"]
    assert read_houses(folder / "house_prices.csv", features)[0].shape == (1460, 4)


def test_true_and_stand_in_files_never_mix_and_true_ones_are_not_lost(folder, tmp_path):
    put(folder, {"zip.train.gz": DIGITS["zip.train.gz"]})
    provenance = get(folder, when_unreachable="sample")
    assert provenance["kind"] == "sample"
    assert len(read_usps(folder / "zip.train.gz")[1]) == 1400
    # The true one waits for its counterpart, from whatever place that comes in the end.
    provenance = get(folder, put(tmp_path / "late", {"zip.test.gz": DIGITS["zip.test.gz"]}))
    assert provenance["kind"] == "real"
    assert {name: contents(folder)[name] for name in DIGITS} == DIGITS


def test_a_stand_in_left_from_before_is_not_taken_for_damage(folder, mirror, capsys):
    first = get(folder, when_unreachable="sample", seed=1)
    said = refused(folder)
    assert "zip.train.gz: only a stand-in" in said and "altered" not in said
    assert get(folder, when_unreachable="sample", seed=1) == first
    capsys.readouterr()
    assert get(folder, mirror)["kind"] == "real" and contents(folder) == DIGITS
    assert capsys.readouterr().err == ""


# --- Writing and checking ----------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(folder, mirror):
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    assert str(folder) in refused(folder, mirror)


def test_a_file_where_the_folder_should_be_is_named(folder, mirror):
    folder.parent.mkdir()
    folder.write_text("in the way")
    said = refused(folder, mirror)
    assert str(folder) in said and "could not be written" in said


def test_a_disk_that_fills_up_is_told_of_and_leaves_no_part(folder, mirror, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "disk is full" in refused(folder, mirror)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_files_changed_after_retrieval_are_found_out(folder, mirror):
    provenance = get(folder, mirror)
    check_files(provenance, folder)
    put(folder, {"zip.test.gz": DIGITS["zip.test.gz"][:-1]})
    with pytest.raises(TunebookError, match=r"zip.test.gz: changed since.*expected .*found"):
        check_files(provenance, folder)
    (folder / "zip.test.gz").unlink()
    with pytest.raises(TunebookError, match=r"zip.test.gz: cannot be read"):
        check_files(provenance, folder)


def test_a_damaged_memory_is_done_without(folder, mirror):
    get(folder, mirror)
    (folder / datasets.MEMORY).write_text('{"real": 3')
    assert get(folder)["kind"] == "real"


def test_retrieval_from_a_folder_imports_no_network_library_and_no_scikit_learn():
    code = "import tunebook.datasets, sys; print({'requests', 'pooch', 'sklearn'} & {*sys.modules})"
    library = Path(datasets.__file__).parents[1]
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=library, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "set()"


def test_every_published_address_is_secure_or_has_a_secure_one_before_it():
    for dataset in DATASETS.values():
        for source in dataset.files:
            assert source.addresses[0].startswith("https://")
            assert len(source.sha256) == 64


# --- The real files ----------------------------------------------------------------------------


class TestRealFiles:
    pytestmark = real_data

    def test_they_are_true_copies(self):
        for dataset in DATASETS.values():
            for source in dataset.files:
                how, _ = verify(source, (SHARED / source.name).read_bytes())
                assert how in ("file", "text")

    def test_the_values_of_the_digits_have_the_recorded_fingerprint(self):
        for source in DATASETS["usps"].files:
            text = gunzip((SHARED / source.name).read_bytes(), source.name)
            assert values_fingerprint(parse_usps(text, source.name)) == source.values_sha256

    @pytest.mark.parametrize(
        "name, counts",
        [
            ("zip.train.gz", [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]),
            ("zip.test.gz", [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]),
        ],
    )
    def test_digits_are_as_many_as_published(self, name, counts):
        pixels, labels = read_usps(SHARED / name)
        assert np.bincount(labels).tolist() == counts
        assert pixels.shape == (sum(counts), 256)
        assert pixels.min() == -1 and pixels.max() == 1

    def test_houses_have_the_published_summary(self):
        from tunebook.sample_data import HOUSE_CORRELATION, HOUSE_SUMMARY

        features, prices = read_houses(SHARED / "house_prices.csv", list(HOUSE_SUMMARY)[:4])
        houses = np.column_stack([features, prices])
        mean, spread, low, high = np.array(list(HOUSE_SUMMARY.values())).T
        assert len(houses) == 1460
        assert (houses.min(0) == low).all() and (houses.max(0) == high).all()
        assert np.allclose(houses.mean(0), mean, rtol=1e-3)
        assert np.allclose(houses.std(0, ddof=1), spread, rtol=3e-3)
        assert np.allclose(np.corrcoef(houses.T), HOUSE_CORRELATION, atol=0.0051)
