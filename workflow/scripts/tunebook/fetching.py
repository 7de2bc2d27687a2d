"""Get the bytes of a file from a folder or an address, with a time-out and retries."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from tunebook.jobs import TunebookError

# No file that the study needs is near this; it bounds what a wrong or hostile address can send.
LARGEST_FILE = 32 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ALLOWED = "allowed: a folder, or an address that starts with http://, https:// or file://"


class Unavailable(Exception):
    """A place does not give the file; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a file may lie: ``shown`` is how users named it, without passwords."""

    shown: str
    transport: str  # "folder", "http" or "https"
    location: Path | str  # the file's path or address


def mirror_place(mirror, name, base_folder):
    """The Place of file ``name`` in a mirror of the configuration.

    A mirror is a folder (relative to ``base_folder``, ``~`` is the home folder) or an address
    that starts with http://, https:// or file://.
    """
    try:
        if "://" not in mirror:
            folder = Path(base_folder, Path(mirror).expanduser())
            return Place(f"{mirror.rstrip('/')}/{name}", "folder", folder / name)
        scheme, shown = urlsplit(mirror).scheme, without_password(mirror)
    except (ValueError, RuntimeError) as error:  # a malformed address; an unknown ~user
        raise TunebookError(f"data.mirrors: found {mirror!r} ({error}); {ALLOWED}") from error
    if scheme == "file":
        folder = Path(url2pathname(urlsplit(mirror).path))
        return Place(f"{shown.rstrip('/')}/{name}", "folder", folder / name)
    if scheme not in ("http", "https"):
        raise TunebookError(f"data.mirrors: found {mirror!r}; {ALLOWED}")
    return Place(f"{shown.rstrip('/')}/{name}", scheme, f"{mirror.rstrip('/')}/{name}")


def address_place(address):
    """The Place of a file at its full http(s) address."""
    return Place(without_password(address), urlsplit(address).scheme, address)


def without_password(address):
    """The address without the user name and password it may hold."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def read_place(place, timeout_seconds, attempts, scratch):
    """The bytes of the file at a place.

    Downloads go through the folder ``scratch``, which is removed afterwards. ``timeout_seconds``
    bounds each wait for the server, ``attempts`` how often it is asked (with growing pauses).

    Raises
    ------
    Unavailable : the place does not give the file, and why
    """
    if place.transport == "folder":
        return _read_file(place.location)
    return _download(place, timeout_seconds, attempts, scratch)


def _read_file(path):
    try:
        if path.exists() and not path.is_file():
            raise Unavailable("not a file")
        if path.stat().st_size > LARGEST_FILE:
            raise Unavailable(f"larger than {LARGEST_FILE} bytes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unavailable("no such file" if path.parent.is_dir() else "no such folder") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise Unavailable(getattr(error, "strerror", None) or str(error)) from error


def _download(place, timeout_seconds, attempts, scratch):
    # Imported here: a study that finds its files in a folder never needs the network libraries.
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    name = "download"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        store = pooch.create(
            path=scratch,
            base_url="",
            registry={name: None},  # fingerprints are checked by the caller: there may be several
            urls={name: place.location},
            retry_if_failed=attempts - 1,
        )
        path = store.fetch(name, downloader=_downloader(timeout_seconds))
        data = Path(path).read_bytes()
    except requests.RequestException as error:
        raise Unavailable(_reason(error, timeout_seconds)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if urlsplit(place.location).path.endswith(".gz") and not data.startswith(GZIP_MAGIC):
        # Some servers label a .gz file as compressed on the way, and clients then unpack it.
        data = gzip.compress(data, mtime=0)
    return data


def _downloader(timeout_seconds):
    """For pooch: bounds the size, and does not ask again for what the server refuses."""
    import pooch
    import requests

    fetch = pooch.HTTPDownloader(chunk_size=64 * 1024, timeout=timeout_seconds)

    def download(url, output_file, store):
        try:
            with open(output_file, "wb") as file:
                fetch(url, _Bounded(file), store)
        except requests.HTTPError as error:
            status = error.response.status_code
            if 400 <= status < 500 and status not in (408, 429):
                raise Unavailable(_reason(error, timeout_seconds)) from error
            raise

    return download


class _Bounded:
    """A file to write to that refuses to grow too large."""

    def __init__(self, file):
        self.file = file
        self.flush = file.flush

    def write(self, chunk):
        if self.file.tell() + len(chunk) > LARGEST_FILE:
            raise Unavailable(f"larger than {LARGEST_FILE} bytes")
        self.file.write(chunk)


def _reason(error, timeout_seconds):
    """Why a request failed, without the machinery's names."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer within {timeout_seconds:g} s"
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)
    if isinstance(cause, Exception) and cause.args and isinstance(cause.args[0], str):
        cause = cause.args[0]
    return f"no connection ({str(cause).rsplit(': ', 1)[-1]})"
