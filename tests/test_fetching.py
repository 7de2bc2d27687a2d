"""Places that files come from: folders and addresses, as configured."""

import gzip
import types

import pytest

from loopback import nobody, served
from tunebook.fetching import Unavailable, address_place, mirror_place, read_place
from tunebook.jobs import TunebookError

BODY = gzip.compress(b"digits " * 2000, mtime=0)


@pytest.fixture
def site():
    with served() as site:
        yield site


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between attempts, recorded instead of waited for; and no proxy in between."""
    waited = []
    monkeypatch.setattr("pooch.core.time", types.SimpleNamespace(sleep=waited.append))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return waited


def fetch(address, folder, timeout_seconds=5, attempts=1):
    return read_place(address_place(address), timeout_seconds, attempts, folder / "scratch")


def refusal(address, folder, **settings):
    with pytest.raises(Unavailable) as caught:
        fetch(address, folder, **settings)
    assert not (folder / "scratch").exists()
    return str(caught.value)


def test_a_download_gives_the_bytes_and_leaves_nothing_behind(site, tmp_path):
    site.answers["/zip.train.gz"] = BODY
    assert fetch(f"{site.address}/zip.train.gz", tmp_path) == BODY
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_not_asked_for_again(site, tmp_path, pauses):
    assert refusal(f"{site.address}/x", tmp_path, attempts=3) == "the server answered 404 Not Found"
    assert len(site.requests) == 1 and pauses == []


def test_a_server_that_is_briefly_down_is_asked_again_after_growing_pauses(site, tmp_path, pauses):
    site.answers["/x"] = [503, 429, BODY]
    assert fetch(f"{site.address}/x", tmp_path, attempts=3) == BODY
    assert len(site.requests) == 3 and pauses == sorted(pauses) and len(set(pauses)) == 2


def test_attempts_are_counted(site, tmp_path):
    site.answers["/x"] = 503
    assert "503" in refusal(f"{site.address}/x", tmp_path, attempts=2)
    assert len(site.requests) == 2


def test_a_download_that_breaks_off_is_not_taken_for_a_whole_one(site, tmp_path):
    site.answers["/x"] = [site.half(BODY), BODY]
    assert fetch(f"{site.address}/x", tmp_path, attempts=2) == BODY
    site.answers["/x"] = site.half(BODY)
    assert "IncompleteRead" in refusal(f"{site.address}/x", tmp_path)


def test_a_server_may_send_on_to_another_place_and_to_no_file_of_this_machine(site, tmp_path):
    (tmp_path / "secret").write_bytes(BODY)
    site.answers |= {
        "/moved": site.elsewhere("/x"),
        "/x": BODY,
        "/inside": site.elsewhere((tmp_path / "secret").as_uri()),
        "/round": site.elsewhere("/round"),
    }
    assert fetch(f"{site.address}/moved", tmp_path) == BODY
    assert "no connection" in refusal(f"{site.address}/inside", tmp_path)
    assert "redirects" in refusal(f"{site.address}/round", tmp_path)


def test_a_silent_server_runs_into_the_time_out(site, tmp_path):
    site.answers["/x"] = site.silence()
    assert refusal(f"{site.address}/x", tmp_path, timeout_seconds=0.2) == "no answer within 0.2 s"


def test_nobody_there(tmp_path):
    assert "Connection refused" in refusal(nobody() + "/x", tmp_path)


def test_a_download_that_does_not_end_is_stopped(site, tmp_path):
    site.answers["/x"] = site.endless()
    assert "larger than" in refusal(f"{site.address}/x", tmp_path)


def test_an_archive_that_is_unpacked_on_the_way_is_packed_again(site, tmp_path):
    site.answers["/zip.train.gz"] = site.unpacked_by_clients(BODY)
    found = fetch(f"{site.address}/zip.train.gz", tmp_path)
    assert gzip.decompress(found) == gzip.decompress(BODY)


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
        folder.mkdir(parents=True)
        (folder / "f.csv").write_bytes(BODY)
        place = mirror_place(mirror, "f.csv", tmp_path / "base")
        assert read_place(place, 1, 1, tmp_path / "scratch") == BODY


@pytest.mark.parametrize(
    "mirror", ["ftp://host.org/d", "s3://bucket", "://", "http://[half", "~nobody-of-that-name/d"]
)
def test_other_mirrors_are_refused_by_name(mirror):
    with pytest.raises(TunebookError, match="data.mirrors.*allowed") as caught:
        mirror_place(mirror, "f.csv", "/base")
    assert mirror in str(caught.value)


def test_folders_say_why_they_do_not_give_a_file(tmp_path):
    (tmp_path / "f.csv").mkdir()
    for mirror, name, reason in [
        (".", "g.csv", "no such file"),
        ("nowhere", "g.csv", "no such folder"),
        (".", "f.csv", "not a file"),
        ("null\0", "g.csv", "null"),
    ]:
        with pytest.raises(Unavailable, match=reason):
            read_place(mirror_place(mirror, name, tmp_path), 1, 1, tmp_path / "scratch")


def test_a_file_far_too_large_is_not_read(tmp_path):
    with open(tmp_path / "f.csv", "wb") as file:
        file.truncate(33 * 1024 * 1024)
    with pytest.raises(Unavailable, match="larger than"):
        read_place(mirror_place(".", "f.csv", tmp_path), 1, 1, tmp_path / "scratch")
