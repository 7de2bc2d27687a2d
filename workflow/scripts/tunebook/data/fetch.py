"""Bring the files of a dataset into a folder: all of them true copies, or all stand-ins."""

import hashlib
import importlib.util
import inspect
import json
import re
import time
from codecs import BOM_UTF8
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from ..jobs import TunebookError, written
from . import archives
from .description import ABOUT, read_as_rows
from .readers import content, joined, parse, unpacked
from .table import listed, values_sha256

# What section `data` of a configuration says, unless it does.
SETTINGS = {"mirrors": (), "when_unreachable": "sample", "timeout_seconds": 30, "attempts": 3}
# Beside the folders of the datasets: files put here by hand are used like those of a mirror.
BY_HAND = "by-hand"
# Of the files in a folder, so many are looked into for one that has another name; a name that is so
# near may be meant for it.
MOST_GUESSES, NEAR = 50, 0.8
# In a dataset's folder: every true copy once more, and its record. A workflow clears a job's
# outputs before it runs and after it fails, and a stand-in takes their names; neither loses these.
KEPT = ".kept"
# In place of a transport, where a function of the study's own made the file.
MADE = "made here"
# Of every stand-in.
SEED = 0
MIRRORS = "allowed: a folder, or an address that starts with http://, https:// or file://"


class Unavailable(Exception):
    """A place does not give the file; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a file may be had: a path, an address, or a function that makes it.

    shown: as users named it, without passwords. guess: it has another name, perhaps other data.
    """

    shown: str
    location: Path | str | Callable
    guess: bool = False

    @property
    def transport(self):
        if callable(self.location):
            return MADE
        return "folder" if isinstance(self.location, Path) else urlsplit(self.location).scheme


class Missing(TunebookError):
    """No place has a file; TunebookError itself: one has an altered copy, and no other a true."""


def retrieve(name, dataset, folder, study=".", base=".", settings=(), retry="", warn=print):
    """Bring the files of a dataset into `folder`; returns their provenance.

    A copy that fails its check is passed over with a warning; if no later place gives a true one,
    that is an error even where stand-ins are allowed: altered data is to be told of, not replaced.
    A file without a fingerprint is taken as it is.

    name, dataset: of the configuration, and its section there. study, base: the folders that paths,
    and mirrors, are relative to. settings: section `data`. retry: what to do to try for the real
    data again. warn: a function of one message. A file that others are made from is kept as it is,
    and not put into `folder`: it holds no rows. The provenance is a dictionary: dataset, kind
    (`real` or `sample`), files (a `record` each) and ABOUT. Raises TunebookError where a file
    cannot be had (every place tried is named), or the folder cannot be written.
    """
    folder, settings = Path(folder), SETTINGS | dict(settings)
    found, missing = {}, None
    try:
        (folder.parent / BY_HAND).mkdir(parents=True, exist_ok=True)
        for file, source in made_last(dataset["files"]):
            made_from = source.get("made_from")
            if made_from and made_from not in found:
                continue
            data = found[made_from][0] if made_from else None
            places = list_places(file, source, folder, study, base, settings["mirrors"], data)
            if missing:  # no more waiting for the network, but altered files are still found
                places = [place for place in places if place.transport == "folder"]
            try:
                found[file] = find(name, dataset, file, folder, places, settings, warn)
            except Missing as error:
                missing = missing or error
                continue
            if "addresses" in source:
                data, about = found[file]
                put(folder / KEPT / file, data)
                put(folder / KEPT / f"{file}.json", json.dumps(about).encode())
        about = {"title": name} | {key: dataset[key] for key in ABOUT if key in dataset}
        if missing:
            if "stand_in" not in dataset or settings["when_unreachable"] != "sample":
                raise missing
            warn(
                f"STAND-IN DATA for {about['title']}. Nothing measured on it tells anything about "
                f"the real data.\n{missing}\nThen: {retry}"
            )
            absent = next(file for file, _ in made_last(dataset["files"]) if file not in found)
            found, about = stand_in(dataset, study)
            about["note"] = f"Stand-in made with seed {SEED}, because {absent} could not be had."
        for file in read_as_rows(dataset):
            put(folder / file, found[file][0])
    except OSError as error:
        allowed = "a folder that may be written to, on a disk with space left"
        raise TunebookError(
            f"{folder}: could not be written ({error.strerror or error}); allowed: {allowed}"
        ) from error
    return {
        "dataset": name,
        "kind": "sample" if missing else "real",
        "files": [record for _, record in found.values()],
        **dict.fromkeys(ABOUT, ""),
        **about,
    }


def made_last(files):
    """The pairs of a mapping of files, those that are made from others after all others."""
    return sorted(files.items(), key=lambda each: "made_from" in each[1])


def list_places(file, source, folder, study, base, mirrors, made_from=None):
    """Every Place that a file may lie at, in the order in which they are tried.

    made_from: the bytes of the file that it is made from, if there is one.
    """
    if "path" in source:
        return [Place(source["path"], Path(study, Path(source["path"]).expanduser()))]
    if "made_by" in source:
        function, shown = named(source["made_by"], study), source["made_by"]
        if made_from is None:
            return [Place(shown, function)]
        return [Place(f"{shown}, from {source['made_from']}", partial(function, made_from))]
    addresses = sorted(source["addresses"], key=lambda address: not address.startswith("https:"))
    hand, mirrors = folder.parent / BY_HAND, [mirror_place(each, file, base) for each in mirrors]
    others = []
    if "sha256" in source or "values_sha256" in source:  # by which it is known, whatever its name
        others = [path for path in inside(hand) if path.name != file]
        for place in mirrors:
            if place.transport == "folder":
                others += [p for p in inside(place.location.parent) if alike(p.name, file) == 1]
    return [
        Place(f"{BY_HAND}/{file}, put there by hand", hand / file),
        Place(f"{KEPT}/{file}", folder / KEPT / file),
        *mirrors,
        *(Place(f"{path.parent.name}/{path.name}", path, guess=True) for path in others),
        *(Place(without_password(address), address) for address in addresses),
    ]


def inside(folder):
    """The files in a folder, none where there is no such folder, in order of names."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())[:MOST_GUESSES]
    except (OSError, ValueError):  # ValueError: a null character in the name
        return []


def alike(name, other):
    """How far two names of files may mean the same file, from 0 to 1, packed or not."""
    ending = re.compile(r"(\s*\(\d+\))?(\.(gz|bz2|xz|zip|csv|tsv|txt))+$")  # `data (1).csv`
    return SequenceMatcher(None, *(ending.sub("", each.lower()) for each in (name, other))).ratio()


def mirror_place(mirror, file, base):
    """The Place of a file in a mirror: a folder (relative to `base`, `~` is home) or an address."""
    try:
        if "://" not in mirror:
            folder = Path(base, Path(mirror).expanduser())
            return Place(f"{mirror.rstrip('/')}/{file}", folder / file)
        scheme, shown = urlsplit(mirror).scheme, without_password(mirror).rstrip("/")
    except (ValueError, RuntimeError) as error:  # a malformed address; an unknown ~user
        raise TunebookError(f"data.mirrors: found {mirror!r} ({error}); {MIRRORS}") from error
    if scheme == "file":
        return Place(f"{shown}/{file}", Path(url2pathname(urlsplit(mirror).path), file))
    if scheme not in ("http", "https"):
        raise TunebookError(f"data.mirrors: found {mirror!r}; {MIRRORS}")
    return Place(f"{shown}/{file}", f"{mirror.rstrip('/')}/{file}")


def without_password(address):
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def find(name, dataset, file, folder, places, settings, warn):
    """(bytes, record) of a true copy of a dataset's file; an error says what to do without one."""
    tried, altered, near, kept_at = [], False, "", folder / KEPT / file
    for place in places:
        kept = recall(kept_at) if place.location == kept_at else {}
        try:
            data = read_place(place, settings["timeout_seconds"], settings["attempts"])
            data, *how = verify(file, data, dataset)
            unknown = kept.get("address") not in [place.shown for place in places]
            if place.location == kept_at and not any(how) and unknown:
                raise Unavailable("not from a place that the configuration names")
        except Unavailable as error:
            tried.append(f"  {place.shown}: {error}")
        except TunebookError as error:
            if place.guess:
                tried.append(f"  {place.shown}: another file")
                near = near or place.shown * (alike(place.location.name, file) >= NEAR)
                continue
            altered = True
            tried.append(f"  {place.shown}: altered: {error}")
            warn(f"{place.shown} is not used. {error}")
        else:
            made = record(file, data, place.shown, place.transport, *how)
            return data, kept if kept.get("sha256") == made["sha256"] else made
    source, key = dataset["files"][file], f"datasets.{name}.files.{file}"
    if "made_by" in source:
        mend = f"mend {source['made_by']}, or change {key}.sha256"
    elif "path" in source:
        mend = f"put {file} there, or change {key}.path"
    else:
        where = f" (from {source['addresses'][-1]})" if source["addresses"] else ""
        mend = (
            f"put {file}{where} into {folder.parent / BY_HAND}, or name a folder or address that "
            "has it in data.mirrors of the configuration"
        )
    what = "no true copy of it was found" if altered or near else "it could not be had"
    if near:
        tried.append(
            f"{near} has nearly its name, but holds other data. If it is meant for {file},"
        )
        tried.append("take a true copy; if it is not, take it away from there.")
    head = f"{file} (dataset {name}): {what}. Places tried:"
    kind = TunebookError if altered or near else Missing
    raise kind("\n".join([head, *tried, f"To mend this, {mend}."]))


def verify(file, data, dataset):
    """(bytes, `file` or `values`, the fingerprint that vouches for them) of a true copy.

    The last two are blank where no fingerprint is known. A copy that is packed otherwise, or has
    other line ends, gives the bytes that it should have. Raises TunebookError that names the file,
    what was expected and what was found.
    """
    source, found, why = dataset["files"][file], digest(data), ""
    whole, of_values = source.get("sha256"), source.get("values_sha256")
    if not (whole or of_values):
        return data, "", ""
    for same in spellings(data, file) if whole else ():
        if digest(same) == whole:
            return same, "file", whole
    if of_values:
        try:
            values = values_sha256(joined([parse(data, file, dataset)], dataset))
            why = f" with values of SHA-256 {values}"
        except TunebookError as error:
            values, why = "", f" ({error})"
        if values == of_values:
            return data, "values", values
    expected = whole or f"of its values, {of_values}"
    also = ", or the same values" if whole and of_values else ""
    raise TunebookError(
        f"{file}: expected SHA-256 {expected}{also}; found {found}, {len(data)} bytes{why}"
    )


def spellings(data, file):
    """A file's bytes, and what says the same: unpacked, with or without a byte-order mark, with
    other line ends, with or without the last."""
    yield data
    with suppress(TunebookError):
        text = unpacked(data, file)
        yield text
        plain = text.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n").rstrip(b"\n")
        for ended in (plain + b"\n", plain):
            for same in (ended, ended.replace(b"\n", b"\r\n")):
                yield from (same, BOM_UTF8 + same)


def read_place(place, timeout_seconds, attempts):
    """The bytes of the file at a place, a folder of images as a zip archive; Unavailable if not."""
    path = place.location
    if isinstance(path, str):
        return download(path, timeout_seconds, attempts)
    if callable(path):
        return made(path)
    try:
        return content(path)
    except FileNotFoundError as error:
        raise Unavailable("no such file" if path.parent.is_dir() else "no such folder") from error
    # ValueError: a null character in the name; TunebookError: a file that is too large
    except (OSError, ValueError, TunebookError) as error:
        raise Unavailable(getattr(error, "strerror", None) or str(error)) from error


def made(function):
    """The bytes that a function of the study's own returns."""
    try:
        data = function()
    except Exception as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    if not isinstance(data, bytes):
        raise Unavailable(f"returned {type(data).__name__}; allowed: bytes")
    return data


def download(address, timeout_seconds, attempts):
    """The bytes at an http(s) address; Unavailable, with the last reason, if they cannot be had.

    timeout_seconds: bounds each wait for the server. attempts: how often it is asked, with growing
    pauses, unless it refuses.
    """
    # Imported here: a study that finds its files in a folder never needs them.
    import requests
    import urllib3

    for attempt in range(attempts):
        if attempt:
            time.sleep(2 ** min(attempt - 1, 4))
        try:
            with requests.get(address, timeout=timeout_seconds, stream=True) as response:
                response.raise_for_status()
                return body(response, address)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = f"the server answered {status} {error.response.reason}"
            if 400 <= status < 500 and status not in (408, 429):
                break
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            late = isinstance(error, requests.Timeout) or "timed out" in str(error)
            why = str(error).rsplit(": ", 1)[-1].strip("')\"")
            why += ")" * (why.count("(") - why.count(")"))
            reason = f"no answer within {timeout_seconds:g} s" if late else f"no connection ({why})"
    raise Unavailable(reason)


def body(response, address):
    """The bytes of an answer, up to LARGEST."""
    # Some servers label a .gz file as compressed on the way; it is wanted as it lies there.
    decode, data = not urlsplit(address).path.endswith(".gz"), bytearray()
    for chunk in response.raw.stream(2**16, decode):
        data += chunk
        if len(data) > archives.LARGEST:
            raise Unavailable(f"larger than {archives.LARGEST} bytes")
    return bytes(data)


def stand_in(dataset, study):
    """({file: (bytes, record)}, what the provenance says) of the stand-in for a dataset.

    It is made by a function of the study's own, `FILE.py:name`: seed -> {file: bytes}, of all files
    that hold rows. Its
    docstring says what it makes (first line), after whom (last paragraph), and `Licence: ...`.
    """
    origin = dataset["stand_in"]
    function = named(origin, study)
    files = function(SEED)
    asked = read_as_rows(dataset)
    if sorted(files) != sorted(asked):
        raise TunebookError(f"{origin}: made {listed(files)}; allowed: {listed(asked)}")
    paragraphs = (inspect.getdoc(function) or origin).split("\n\n")
    title, *more = (" ".join(paragraph.split()) for paragraph in paragraphs)
    licence = next((text for text in more if text.startswith("Licence: ")), "")
    about = {
        "title": title,
        "citation": " ".join(text for text in more if text != licence),
        "licence": licence.removeprefix("Licence: "),
    }
    return {file: (data, record(file, data, origin, MADE)) for file, data in files.items()}, about


def named(reference, folder):
    """What `FILE.py:name` names, in a Python file of a study's folder; TunebookError if nothing."""
    file, _, name = reference.partition(":")
    path = Path(folder, file)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return getattr(module, name)
    except (OSError, AttributeError, SyntaxError, ImportError) as error:
        raise TunebookError(
            f"{path}: found no {name!r} ({error}); allowed: a Python file that defines it"
        ) from error


def record(file, data, address, transport, verified_by="", expected=""):
    return {
        "name": file,
        "address": address,
        "transport": transport,
        "bytes": len(data),
        "sha256": digest(data),
        "verified_by": verified_by,
        "expected": expected,
        "retrieved": datetime.now(UTC).date().isoformat(),
    }


def recall(path):
    """The record of a kept copy; empty if there is none, or none that can be read."""
    try:
        return dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def put(path, data):
    if not (path.is_file() and path.read_bytes() == data):
        with written(path) as beside:
            beside.write_bytes(data)


def digest(data):
    return hashlib.sha256(data).hexdigest()
