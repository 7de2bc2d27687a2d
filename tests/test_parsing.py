"""The two readers: what they accept, and what they refuse with a message that names it."""

import gzip

import numpy as np
import pytest

from tunebook.jobs import TunebookError
from tunebook.parsing import read_houses, read_usps

FEATURES = ["OverallQual", "GrLivArea"]
HOUSES = b"Id,OverallQual,Street,GrLivArea,SalePrice\n1,7,Pave,1710,208500\n2,6,NA,1262.5,1.815e5\n"


def image(digit="5", pixels=None, end="\n", count=256):
    return " ".join([digit, *(pixels or []), *["-1"] * (count - len(pixels or []))]) + end


def digits_file(folder, text):
    path = folder / "zip.train.gz"
    path.write_bytes(gzip.compress(text if isinstance(text, bytes) else text.encode()))
    return path


def houses_file(folder, data):
    path = folder / "house_prices.csv"
    path.write_bytes(data)
    return path


def test_both_number_formats_of_usps_read_alike(tmp_path):
    long = " ".join(["6.0000", "-0.6310", "1.0000", *["-1.0000"] * 254]) + " \n"
    short = " ".join(["6", "-0.631", "1", *["-1"] * 254]) + "\n"
    read = [read_usps(digits_file(tmp_path, text)) for text in (long * 2, short * 2)]
    for pixels, labels in read:
        assert pixels.shape == (2, 256) and pixels.dtype == np.float32
        assert labels.tolist() == [6, 6] and labels.dtype == np.int64
        assert pixels[1, :3].tolist() == [np.float32(-0.631), 1, -1]
    assert (read[0][0] == read[1][0]).all()


def test_houses_are_read_in_the_order_asked_for(tmp_path):
    path = houses_file(tmp_path, HOUSES)
    features, prices = read_houses(path, ["GrLivArea", "OverallQual"])
    assert features.tolist() == [[1710, 7], [1262.5, 6]] and features.dtype == np.float64
    assert prices.tolist() == [208500, 181500] and prices.dtype == np.float64
    assert read_houses(path, ["SalePrice"], "Id")[1].tolist() == [1, 2]


def test_quoted_fields_may_hold_commas(tmp_path):
    path = houses_file(tmp_path, HOUSES.replace(b"Pave", b'"Pave, new"'))
    assert read_houses(path, FEATURES)[0].tolist() == [[7, 1710], [6, 1262.5]]


BAD_DIGITS = {
    "too few numbers on the first line": (image(count=255), "line 1: found 256 numbers"),
    "too few numbers on a later line": (image() + image(count=255), "line 2: found too few"),
    "too many numbers on a later line": (image() + image(count=257), "line 2, saw 258"),
    "no numbers at all": ("", "line 1: found 0 numbers"),
    "a blank first line": ("\n" + image(), "line 1: found 0 numbers"),
    "a word": (image() + image(pixels=["ink"]), "line 2: found 'ink"),
    "not a number": (image(pixels=["nan"]), "line 1: found 'nan"),
    "two signs": (image() + image(pixels=["--1"]), "could not convert string to float: '--1'"),
    "a tenth digit": (image() + image("10"), "line 2: found 10; allowed: a digit 0 to 9"),
    "a negative digit": (image("-1"), "line 1: found -1; allowed: a digit 0 to 9"),
    "half a digit": (image("4.5"), "line 1: found 4.5; allowed: a digit 0 to 9"),
    "a grey value above 1": (image(pixels=["1.001"]), "found 1.001; allowed: grey values"),
    "a grey value below -1": (image() + image(pixels=["-2"]), "line 2: found -2; allowed: grey"),
    "an infinite grey value": (image(pixels=["1e999"]), "found inf; allowed: grey values"),
    "a line cut short": (image() + image(end=""), "ends in the middle of a line"),
    "commas": (image().replace(" ", ","), "line 1: found ',-1"),
    "UTF-16": (image().encode("utf-16"), "plain text (ASCII)"),
    "a byte-order mark": (image().encode("utf-8-sig"), "plain text (ASCII)"),
    "markup": ("<html><script>alert(1)</script></html>\n", "line 1: found '<html"),
}


@pytest.mark.parametrize("text, message", BAD_DIGITS.values(), ids=BAD_DIGITS)
def test_bad_digits_are_refused(tmp_path, text, message):
    path = digits_file(tmp_path, text)
    with pytest.raises(TunebookError) as caught:
        read_usps(path)
    said = str(caught.value).replace("b'", "'")
    assert str(path) in said and message in said and "allowed" in said


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-9], lambda data: data[:20], lambda data: b"", lambda data: data + b"!"],
    ids=["end missing", "most missing", "empty", "more behind it"],
)
def test_a_damaged_archive_is_refused(tmp_path, damage):
    path = digits_file(tmp_path, image() * 3)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TunebookError, match=r"zip.train.gz.*(gzip|found 0 numbers)"):
        read_usps(path)


def test_text_that_was_never_packed_is_refused(tmp_path):
    path = tmp_path / "zip.train.gz"
    path.write_text(image())
    with pytest.raises(TunebookError, match="not a whole gzip file"):
        read_usps(path)


def test_an_archive_that_unfolds_without_end_is_refused(tmp_path):
    path = digits_file(tmp_path, b"1 " * (33 * 1024 * 1024))
    with pytest.raises(TunebookError, match="unfolds to more than"):
        read_usps(path)


@pytest.mark.parametrize("read", [read_usps, lambda path: read_houses(path, FEATURES)])
def test_a_missing_file_and_a_folder_are_named(tmp_path, read):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(TunebookError, match="cannot be read") as caught:
            read(path)
        assert str(path) in str(caught.value)


def swap(old, new):
    assert old in HOUSES
    return HOUSES.replace(old, new, 1)


BAD_HOUSES = {
    "no such column": (swap(b"GrLivArea", b"LivArea"), "no column GrLivArea; found Id, Over"),
    "no price": (swap(b",SalePrice", b",Price"), "no column SalePrice"),
    "a column twice": (swap(b"Street", b"GrLivArea"), "column GrLivArea stands twice"),
    "a field too many": (swap(b"1710,", b"1710,9,"), "line 2: found 6 fields; allowed: 5"),
    "a field too many on every line": (
        swap(b"Pave", b"Pave,9").replace(b"NA", b"NA,9"),
        "line 2: found 6 fields; allowed: 5",
    ),
    "a field too few": (swap(b",NA", b""), "line 3: found 4 fields; allowed: 5"),
    "a word": (swap(b"1710", b"large"), "line 2, column GrLivArea: found 'large'"),
    "a blank": (swap(b"1710", b""), "line 2, column GrLivArea: found ''"),
    "not a number": (swap(b"1710", b"NaN"), "found 'NaN'; allowed: a finite number"),
    "missing": (swap(b"1710", b"NA"), "found 'NA'; allowed: a finite number"),
    "infinite": (swap(b"208500", b"inf"), "line 2, column SalePrice: found 'inf'"),
    "too large for a number": (swap(b"208500", b"1e999"), "found '1e999'"),
    "an underscore": (swap(b"208500", b"208_500"), "found '208_500'"),
    "digits of another script": (swap(b"1710", "١٧".encode()), "allowed: a finite number"),
    "an open quote": (swap(b"Pave", b'"Pave'), "allowed: comma-separated values"),
    "a line cut short": (HOUSES[:-3], "ends in the middle of a line"),
    "nothing": (b"", "no rows"),
    "only a header": (HOUSES.split(b"\n")[0] + b"\n", "no rows"),
    "a blank line": (HOUSES + b"\n", "line 4: found 0 fields"),
    "UTF-16": (HOUSES.decode().encode("utf-16"), "allowed: plain text in UTF-8"),
    "UTF-16 without a mark": (HOUSES.decode().encode("utf-16-le"), "allowed: plain text in UTF-8"),
    "a byte-order mark": (b"\xef\xbb\xbf" + HOUSES, "without a byte-order mark"),
    "Latin-1": (swap(b"Pave", "Pavé".encode("latin-1")), "byte 50: found b'\\xe9"),
    "an archive": (gzip.compress(HOUSES), "allowed: plain text in UTF-8"),
}


@pytest.mark.parametrize("data, message", BAD_HOUSES.values(), ids=BAD_HOUSES)
def test_bad_houses_are_refused(tmp_path, data, message):
    path = houses_file(tmp_path, data)
    with pytest.raises(TunebookError) as caught:
        read_houses(path, FEATURES)
    assert str(path) in str(caught.value) and message in str(caught.value)
    assert "allowed" in str(caught.value)


def test_columns_that_are_not_asked_for_may_hold_anything(tmp_path):
    path = houses_file(tmp_path, swap(b"Pave", b"<script>"))
    assert len(read_houses(path, FEATURES)[1]) == 2
