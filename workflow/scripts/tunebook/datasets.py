"""Bring the raw files of a dataset into a folder: all of them true copies, or all stand-ins.

Rules whose results depend on the numbers, but not on how they were fetched, need only
``tunebook.parsing`` and ``tunebook.provenance``.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tunebook.fetching import Unavailable, address_place, mirror_place, read_place
from tunebook.jobs import TunebookError, write_json, written
from tunebook.sources import DATASETS, SourceFile
from tunebook.verification import sha256, verify

# Beside the folders of the datasets: files put here by hand are used like those of a mirror.
BY_HAND = "by-hand"
# In a dataset's folder: every true copy once more. A workflow may clear its outputs before a rule
# runs and after it fails, and a stand-in takes their names; neither loses what was retrieved.
KEPT = ".kept"
# Also there: where each true copy came from, and the fingerprints of our own stand-ins, so that
# these are never taken for damaged data.
MEMORY = ".retrieved.json"


@dataclass(frozen=True)
class Found:
    """A true copy of a source file, in memory, and its record for the provenance."""

    source: SourceFile
    data: bytes
    record: dict


@dataclass(frozen=True)
class Missing:
    """A source file that no place gives: (place, reason) for each, and whether one was altered."""

    source: SourceFile
    tried: list
    altered: bool


def warn(message):
    """Print a warning on the console."""
    print(f"WARNING: {message}", file=sys.stderr, flush=True)


def retrieve(
    dataset,
    folder,
    mirrors,
    when_unreachable,
    timeout_seconds,
    attempts,
    base_folder=".",
    seed=0,
    retry="retrieve it again",
    warn=warn,
):
    """Bring the raw files of a dataset into ``folder`` and tell their provenance.

    Each file is looked for in ``folder`` itself, among the copies kept there, in ``by-hand`` beside
    it, in every mirror, then at its public addresses. A copy that fails its check is passed over
    with a warning. If no later place gives a true one, that is an error even where stand-ins are
    allowed: damaged data is something to be told of, not something to replace.

    Parameters
    ----------
    dataset : "usps" or "ames"
    mirrors : list of folders (relative to ``base_folder``) and addresses
    when_unreachable : "error", or "sample" to make a stand-in of the whole dataset
    timeout_seconds, attempts : of each download
    seed : of the stand-in
    retry : what the warning tells users to do to try for the real data again
    warn : function of one message

    Returns
    -------
    dict : dataset, title, kind ("real" or "sample"), files (a list of dicts: name, address,
        transport, bytes, sha256, expected, verified_by, retrieved), citation, licence, note

    Raises
    ------
    TunebookError : a file cannot be had (every place tried is named), no place has a true copy, or
        the folder cannot be written
    """
    folder = Path(folder)
    found, missing = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in DATASETS[dataset].files:
            places = _places(source, folder, mirrors, base_folder)
            if missing:  # no more waiting for the network, but altered files are still found
                places = [place for place in places if place.transport == "folder"]
            result = _find(source, folder, places, timeout_seconds, attempts, warn)
            (missing if isinstance(result, Missing) else found).append(result)
        _keep(folder, found)
        if not missing:
            return _put_real(dataset, folder, found)
        worst = next((file for file in missing if file.altered), missing[0])
        if worst.altered or when_unreachable == "error":
            raise TunebookError(_missing_message(dataset, folder, worst))
        return _put_sample(dataset, folder, seed, worst, retry, warn)
    except OSError as error:
        raise TunebookError(
            f"{folder}: could not be written ({error.strerror or error}); allowed: a folder "
            "that may be written to, on a disk with space left"
        ) from error


def _places(source, folder, mirrors, base_folder):
    return [
        *(mirror_place(str(place), source.name, ".") for place in _own_places(folder)),
        *(mirror_place(mirror, source.name, base_folder) for mirror in mirrors),
        *map(address_place, source.addresses),
    ]


def _own_places(folder):
    return [folder, folder / KEPT, folder.parent / BY_HAND]


def _find(source, folder, places, timeout_seconds, attempts, warn):
    tried, altered = [], False
    for place in places:
        try:
            data = read_place(place, timeout_seconds, attempts, folder / ".incoming")
            verified_by, expected = verify(source, data)
        except Unavailable as error:
            tried.append((place.shown, str(error)))
        except TunebookError as error:
            if sha256(data) in _recall(folder)["stand_ins"]:
                tried.append((place.shown, "only a stand-in"))
                continue
            altered = True
            tried.append((place.shown, f"altered: {error}"))
            warn(f"{place.shown} is not used. {error}")
            if place == places[0]:
                # Not left where anything would trust it; not deleted, it may be all that is there.
                place.location.replace(folder / f"{source.name}.rejected")
        else:
            record = _record(source.name, data, place.shown, place.transport)
            record |= {"verified_by": verified_by, "expected": expected}
            return Found(source, data, _with_origin(record, folder, place))
    return Missing(source, tried, altered)


def _record(name, data, address, transport):
    return {
        "name": name,
        "address": address,
        "transport": transport,
        "bytes": len(data),
        "sha256": sha256(data),
        "retrieved": datetime.now(UTC).date().isoformat(),
    }


def _with_origin(record, folder, place):
    """The record of where a file came from first, if it is one that was retrieved before."""
    if place.location not in [own / record["name"] for own in _own_places(folder)]:
        return record
    by_hand = f"{Path(place.location).parent.name}/{record['name']}, put there by hand"
    return _recall(folder)["real"].get(record["sha256"], record | {"address": by_hand})


def _keep(folder, found):
    (folder / KEPT).mkdir(exist_ok=True)
    (folder.parent / BY_HAND).mkdir(exist_ok=True)
    for file in found:
        _write(folder / KEPT / file.source.name, file.data)
    _remember(folder, real=[file.record for file in found])


def _put_real(dataset, folder, found):
    for file in found:
        _write(folder / file.source.name, file.data)
    description = DATASETS[dataset]
    return {
        "dataset": dataset,
        "title": description.title,
        "kind": "real",
        "files": [file.record for file in found],
        "citation": description.citation,
        "licence": description.licence,
        "note": description.note,
    }


def _put_sample(dataset, folder, seed, missing, retry, warn):
    from tunebook.sample_data import SAMPLES, make_sample  # slow to import, rarely needed

    sample = SAMPLES[dataset]
    files = make_sample(dataset, seed)
    # Remembered first: were this interrupted, the files would still be known for what they are.
    _remember(folder, stand_ins=[sha256(data) for data in files.values()])
    for name, data in files.items():
        _write(folder / name, data)
    warn(
        f"STAND-IN DATA: {sample['title']} take the place of {DATASETS[dataset].title}. Nothing "
        "measured on them tells anything about the real data.\n"
        f"{_missing_message(dataset, folder, missing)}\nThen: {retry}"
    )
    return {
        "dataset": dataset,
        "title": sample["title"],
        "kind": "sample",
        "files": [
            _record(name, data, sample["address"], "made here")
            | {"verified_by": "", "expected": ""}
            for name, data in files.items()
        ],
        "citation": sample["citation"],
        "licence": sample["licence"],
        "note": f"Stand-in made with seed {seed}, because {missing.source.name} could not be had.",
    }


def _missing_message(dataset, folder, missing):
    """What is missing, every place tried and why it did not do, and what to do by hand."""
    tried = "\n".join(f"  {place}: {reason}" for place, reason in missing.tried)
    what = "no true copy of it was found" if missing.altered else "it could not be had"
    names = " and ".join(source.name for source in DATASETS[dataset].files)
    public = " and ".join(source.addresses[-1] for source in DATASETS[dataset].files)
    return (
        f"{missing.source.name} (dataset {dataset}): {what}. Places tried:\n{tried}\n"
        f"To mend this, put {names} (from {public}) into {folder.parent / BY_HAND}, or name a "
        "folder or address that has what is missing in data.mirrors of the configuration."
    )


def _recall(folder):
    try:
        memory = json.loads((folder / MEMORY).read_text(encoding="utf-8"))
        return {"real": dict(memory["real"]), "stand_ins": list(memory["stand_ins"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"real": {}, "stand_ins": []}  # nothing yet, or unreadable: it only adds comfort


def _remember(folder, real=(), stand_ins=()):
    memory = _recall(folder)
    memory["real"] |= {record["sha256"]: record for record in real}
    memory["stand_ins"] = sorted({*memory["stand_ins"], *stand_ins})
    if memory != _recall(folder):
        write_json(folder / MEMORY, memory)


def _write(path, data):
    if not (path.is_file() and path.read_bytes() == data):
        with written(path) as beside:
            beside.write_bytes(data)
