"""Tell a true copy of a source file from an altered one."""

import hashlib

import numpy as np

from tunebook.jobs import TunebookError
from tunebook.parsing import gunzip, parse_usps


def sha256(data):
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def values_fingerprint(values):
    """SHA-256 of numbers in thousandths, whatever white space or trailing zeros they came with.

    ``values`` [n, m], each a multiple of 0.001 between -32 and 32, as 16-bit little-endian integers
    row by row. None if a number has more than three decimals: it is then not one of these files.
    """
    thousandths = np.rint(values * 1000)
    if np.abs(values * 1000 - thousandths).max() > 1e-6:
        return None
    return sha256(thousandths.astype("<i2").tobytes())


def verify(source, data):
    """Check bytes against a ``sources.SourceFile``.

    Returns
    -------
    (what, fingerprint) : ``what`` is "file", "text" or "values", whichever vouches for the bytes

    Raises
    ------
    TunebookError : names the file, the fingerprint expected and the one found
    """
    found = sha256(data)
    if found == source.sha256:
        return "file", found
    if source.text_sha256 is None:
        raise TunebookError(
            f"{source.name}: expected SHA-256 {source.sha256}; found {found} ({len(data)} bytes)"
        )
    return _verify_packed(source, data)


def _verify_packed(source, data):
    expected = f"expected text of SHA-256 {source.text_sha256}"
    try:
        text = gunzip(data, source.name)
        found = sha256(text)
        if found == source.text_sha256:
            return "text", found
        values = values_fingerprint(parse_usps(text, source.name))
    except TunebookError as error:
        raise TunebookError(
            f"{error}; {expected}; found a file of SHA-256 {sha256(data)}"
        ) from error
    if values != source.values_sha256:
        raise TunebookError(
            f"{source.name}: {expected}, or the same values in other white space; found text of "
            f"SHA-256 {found} ({len(text)} bytes) with other values"
        )
    return "values", values
