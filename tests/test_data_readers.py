"""Readers and guesses: what is read alike, what a column is taken for, and what is refused."""

import gzip
import io
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from tunebook.data import archives
from tunebook.data.guess import guess, guess_task
from tunebook.data.readers import read
from tunebook.jobs import TunebookError


def file(folder, data, name="t.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def columns(table):
    """Columns as lists, a missing number as None."""
    return {
        name: [None if value != value else value for value in values.tolist()]
        for name, values in table.columns.items()
    }


# --- Text

PLAIN = "area (m2),colour,price\n1.5,red,10\n-2000,,20\n.5e1,blue,30\n"
SAME = {
    "comma": PLAIN,
    "tab": PLAIN.replace(",", "\t"),
    "semicolon": PLAIN.replace(",", ";"),
    "bar": PLAIN.replace(",", "|"),
    "colon": PLAIN.replace(",", ":"),
    "decimal commas": "area (m2);colour;price\n1,5;red;10\n-2000;;20\n,5e1;blue;30\n",
    "decimal commas and thousands": "area (m2);colour;price\n1,5;red;10\n-2.000;;20\n5,0;blue;30\n",
    "decimal commas in quotes": 'area (m2),colour,price\n"1,5",red,10\n-2000,,20\n"5,00",blue,30',
    "thousands": 'area (m2),colour,price\n1.5,red,10\n"-2,000",,20\n5,blue,30',
    "quotes": '"area (m2)","colour","price"\n"1.5","red","10"\n-2000,"","20"\n5,"blue",30\n',
    "spaces after commas": PLAIN.replace(",", " , "),
    "white space": '"area (m2)" colour  price \n1.5 red 10\n-2000\tNA\t20\n  5 "blue" 30',
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN[:-1],
    "blank lines": PLAIN.replace("\n", "\n\n") + "\n   \n",
    "missing values": PLAIN.replace(",,", ",n/a,"),
    "a byte-order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "gz": gzip.compress(PLAIN.encode()),
}


@pytest.mark.parametrize("data", SAME.values(), ids=SAME)
def test_text_is_read_alike_however_it_is_written(tmp_path, data):
    table = read(file(tmp_path, data))
    assert columns(table) == {
        "area (m2)": [1.5, -2000, 5], "colour": ["red", "", "blue"], "price": [10, 20, 30],
    }  # fmt: skip
    assert len(table) == 3 and table.missing("colour").tolist() == [False, True, False]


@pytest.mark.parametrize(
    "text, names",
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", ["column-1", "column-2", "column-3"]),
        ("6.0 -1 0.5 \n9 -1 1\n", ["column-1", "column-2", "column-3"]),
        ("0,1,2,kind\n5,3,4,a\n4,9,1,b\n", ["0", "1", "2", "kind"]),
        (",country,2010,width\n0,a,5,1\n1,b,6,2\n", ["column-1", "country", "2010", "width"]),
        ("name\nx\ny\n", ["name"]),
    ],
)
def test_whether_the_first_line_is_a_header_is_guessed(tmp_path, text, names):
    assert list(read(file(tmp_path, text)).columns) == names


def test_what_is_guessed_of_a_text_can_be_said(tmp_path):
    path = file(tmp_path, "1;2~a\n3;4~é\n".encode("latin-1"))
    said = {"separator": "~", "header": True, "encoding": "latin-1", "reader": "csv"}
    assert columns(read(path, said)) == {"1;2": ["3;4"], "a": ["é"]}
    path = file(tmp_path, "a;b\n1.234;1\n")
    assert columns(read(path)) == {"a": [1.234], "b": [1]}
    assert columns(read(path, {"decimal": ","})) == {"a": [1234], "b": [1]}
    assert columns(read(file(tmp_path, 'a,b\n"1,5",1\n'), {"decimal": "."}))["a"] == ["1,5"]
    assert columns(read(file(tmp_path, "a\n\xe9\n".encode("cp1252")))) == {"a": ["é"]}


def test_files_of_one_dataset_are_one_table_that_knows_where_its_rows_are(tmp_path):
    first = file(tmp_path, "x,y\n1,a\n\n2,b\n", "first.csv")
    table = read([first, file(tmp_path, "y,x,more\nc,word,1\n", "second.csv")])
    assert columns(table) == {"x": ["1", "2", "word"], "y": ["a", "b", "c"]}
    assert table.file.tolist() == [0, 0, 1]
    assert table.where([0]) == "first.csv, line 2"
    assert table.where([1, 2]) == "first.csv, line 4" and table.where([2]) == "second.csv, line 2"
    assert table.where([0, 1]) == "first.csv, lines 2, 4"
    many = read(file(tmp_path, "x\n" + "1\n" * 20))
    assert many.where(range(20)) == "t.csv, lines 2, 3, 4, 5, 6 and 15 more"


# --- Parquet, NumPy, images


def parquet(**given):
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(given), buffer)
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def image(value, mode="L", size=(3, 2), form="PNG"):
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, form)
    return buffer.getvalue()


def archive(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return buffer.getvalue()


def test_parquet_columns_keep_their_kinds(tmp_path):
    table = read(file(tmp_path, parquet(a=[1, None], b=[0.5, 2.0], c=["x", None], d=[True, False])))
    assert columns(table) == {"a": [1, None], "b": [0.5, 2], "c": ["x", ""], "d": ["True", "False"]}
    assert table.where([1]) == "t.csv, row 2"


def test_arrays_are_columns_and_images_by_their_axes(tmp_path):
    arrays = {"y": np.array(["a", "b"]), "m": np.eye(2), "k": np.array([True, False])}
    table = read(file(tmp_path, npz(**arrays), "t.npz"))
    assert columns(table) == {
        "y": ["a", "b"], "m-1": [1, 0], "m-2": [0, 1], "k": ["True", "False"],
    }  # fmt: skip
    x = np.arange(2 * 5 * 4 * 3, dtype=np.uint8).reshape(2, 5, 4, 3)
    for stored in (x, x.transpose(0, 3, 1, 2)):
        table = read(file(tmp_path, npz(x=stored, y=[0, 1]), "t.npz"))
        assert table.shape == (3, 5, 4) and table.range == (0, 255) and len(table.pixels) == 60
        pixels = np.column_stack([table.columns[name] for name in table.pixels])
        assert (pixels.reshape(2, 3, 5, 4) == x.transpose(0, 3, 1, 2)).all()


@pytest.mark.parametrize(
    "values, expected",
    [([0, 1], (0, 1)), ([-1, 0.5], (-1, 1)), ([0, 200], (0, 255)), ([-9, 3], (-9, 3))],
)
def test_the_range_of_images_that_are_not_bytes_is_the_usual_one(tmp_path, values, expected):
    x = np.array(values, float).reshape(2, 1, 1).repeat(2, 2)
    assert read(file(tmp_path, npz(x=x), "t.npz")).range == expected


def test_a_folder_of_images_and_a_zip_of_it_are_read_alike(tmp_path):
    files = {"b/2.jpg": image(200, form="JPEG"), "a/x/1.png": image(7), "a/0.png": image(0, "1")}
    for name, data in files.items():
        (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / name).write_bytes(data)
    (tmp_path / "top/.DS_Store").write_bytes(b"")
    around = {f"around/{name}": data for name, data in files.items()} | {"__MACOSX/._x": b""}
    for path in (tmp_path / "top", file(tmp_path, archive(around), "t.zip")):
        table = read(path)
        assert table.columns["class"].tolist() == ["a", "a", "b"]
        assert table.shape == (1, 2, 3) and table.range == (0, 255) and len(table.pixels) == 6
        assert table.columns["pixel-1"].tolist() == [0, 7, 200]
        assert table.where([1]).endswith(", image a/x/1.png")


def test_one_coloured_image_makes_all_of_them_red_green_and_blue(tmp_path):
    data = archive({"a/1.png": image(7), "b/2.png": image((1, 2, 3), "RGB")})
    table = read(file(tmp_path, data, "t.zip"))
    assert table.shape == (3, 2, 3)
    found = [[table.columns[f"pixel-{i}"][row] for i in (1, 7, 13)] for row in (0, 1)]
    assert found == [[7, 7, 7], [1, 2, 3]]


# --- Bad files: (data, description, words of the message)

TABLE = "x,y,z\n1,a,2\n3,b,4\n"
BAD = {
    "nothing": ("", {}, "t.csv: found no rows"),
    "only a header": ("x,y\n", {}, "t.csv: found no rows"),
    "a field too many": (TABLE.replace("3,", "3,9,"), {}, "line 3: found 4 fields; allowed: 3"),
    "a field too few": (TABLE.replace(",4", ""), {}, "line 3: found 2 fields; allowed: 3"),
    "a column twice": (TABLE.replace("z", "x"), {}, "column x stands twice; allowed: once"),
    "an open quote": (TABLE.replace("a", '"a'), {}, "allowed: fields separated by ','"),
    "letters after a quote": (TABLE.replace("a", '"a"b'), {}, "line 2: ',' expected after '\"'"),
    "a very long field": ("x,y\n1," + "a" * 200_000, {}, "line 2: field larger than field limit"),
    "a null character": (
        TABLE.replace("a", "\0"), {}, "line 2: found '\\x00'; allowed: plain text",
    ),
    "UTF-16 without a mark": (TABLE.encode("utf-16-le"), {}, "found '\\x00'; allowed: plain text"),
    "bytes of no text": (b"x\n\x81\n", {}, "not text in cp1252; allowed: name its encoding"),
    "another encoding": ("x\né".encode("latin-1"), {"encoding": "utf-8"}, "not text in utf-8"),
    "an unknown encoding": (TABLE, {"encoding": "klingon"}, "found encoding 'klingon'; allowed"),
    "an encoding of bytes": (TABLE, {"encoding": "zlib"}, "found encoding 'zlib'; allowed"),
    "another separator": (TABLE, {"separator": ";", "header": True}, None),
    "half an archive": (gzip.compress(TABLE.encode())[:-9], {}, "not a whole gzip file"),
    "more behind an archive": (gzip.compress(TABLE.encode()) + b"!", {}, "not a whole gzip file"),
    "too much in an archive": (gzip.compress(b"1\n" * 60_000), {}, "allowed: at most 100000"),
    "too large": (b"1\n" * 60_000, {}, "found 120000 bytes; allowed: at most 100000"),
    "a workbook": (archive({"[Content_Types].xml": b""}), {}, "allowed: save it as CSV"),
    "half a Parquet file": (parquet(a=[1])[:-9], {}, "not a whole Parquet file"),
    "Parquet in name": (TABLE, {"reader": "parquet"}, "not a whole Parquet file"),
    "Parquet without rows": (parquet(a=[]), {}, "found no rows"),
    "Parquet that unfolds": (parquet(a=[0] * 200_000), {}, "found 200000 values; allowed: at most"),
    "half a file of arrays": (npz(a=[1])[:-9], {}, "not a whole archive"),
    "a broken array": (
        archive({"a.npy": b"\x93NUMPY\1\0nonsense"}), {}, "not a whole file of arrays",
    ),
    "arrays that unfold": (npz(a=np.zeros(200_000)), {}, "bytes unpacked; allowed: at most"),
    "arrays of objects": (npz(a=np.array([{}, {}], object)), {}, "not a whole file of arrays"),
    "arrays of two lengths": (npz(a=[1], b=[1, 2]), {}, "found arrays of 1 (a), 2 (b) rows"),
    "an array without rows": (npz(a=3, b=[1, 2]), {}, "found arrays of None (a), 2 (b) rows"),
    "complex numbers": (npz(a=[1j]), {}, "array a holds complex128; allowed: numbers, text"),
    "images without rows": (npz(a=np.zeros((0, 2, 2))), {}, "array a holds 0 x 1 x 2 x 2"),
    "five axes": (npz(a=np.zeros((1, 2, 2, 2, 2))), {}, "array a holds 1 x 2 x 2 x 2 x 2"),
    "two arrays of images": (npz(a=np.zeros((1, 2, 2)), b=np.zeros((1, 2, 2))), {}, "array b"),
    "images in no folder": (archive({"1.png": image(0)}), {}, "1.png lies in no class"),
    "images beside folders": (
        archive({"a/1.png": image(0), "1.png": image(0)}), {}, "1.png lies in no class",
    ),
    "no images": (archive({"a/": b""}), {"reader": "images"}, "found no images"),
    "no image": (archive({"a/1.png": b"text"}), {}, "t.csv, image a/1.png: not a whole image"),
    "half an image": (archive({"a/1.png": image(0)[:40]}), {}, "a/1.png: not a whole image"),
    "images of two sizes": (
        archive({"a/1.png": image(0), "b/2.png": image(0, size=(4, 2))}), {},
        "image b/2.png: found 4 x 2 pixels; allowed: 3 x 2, as in image a/1.png",
    ),
    "images of 16 bits": (archive({"a/1.png": image(0, "I;16")}), {}, "not of 8 bits a colour"),
    "an image that unfolds": (
        archive({"a/1.png": image(0, size=(999, 99))}), {}, "pixels; allowed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("data, said, words", BAD.values(), ids=BAD)
def test_bad_files_are_refused_by_name(tmp_path, monkeypatch, data, said, words):
    monkeypatch.setattr(archives, "LARGEST", 10**6 if "field limit" in str(words) else 100_000)
    path = file(tmp_path, data)
    if words is None:
        assert list(read(path, said).columns) == ["x,y,z"]
        return
    with pytest.raises(TunebookError) as caught:
        read(path, said)
    assert "t.csv" in str(caught.value) and words in str(caught.value)


def test_a_missing_file_a_folder_and_a_file_without_the_columns_are_named(tmp_path):
    with pytest.raises(TunebookError, match="nothing.csv: cannot be read"):
        read(tmp_path / "nothing.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(TunebookError, match="folder: found no images|folder, line 1: found"):
        read(tmp_path / "folder", {"reader": "csv"})
    first, second = file(tmp_path, TABLE, "1.csv"), file(tmp_path, "x,y\n1,2\n", "2.csv")
    with pytest.raises(TunebookError, match=r"2.csv: no column z; found x, y; allowed: .* 1.csv"):
        read([first, second])
    small, large = (file(tmp_path, npz(x=np.zeros((1, n, n))), f"{n}.npz") for n in (2, 3))
    with pytest.raises(TunebookError, match="3.npz: no column|3.npz: found images of 1 x 3 x 3"):
        read([small, large])


# --- Guesses

ROWS = 40
GUESSED = {
    "bottle_id": ([7 + 3 * (i * 7 % ROWS) for i in range(ROWS)], "identifier", "another whole"),
    "n": (list(range(1, ROWS + 1)), "identifier", "counts the rows"),
    "code": ([f"b-{i:03}" for i in range(ROWS)], "identifier", "another text in every row"),
    "area (m2)": ([i * i / 7 for i in range(ROWS)], "number", "numbers from 0 to 217.286"),
    "year": ([2000 + i // 2 for i in range(ROWS)], "number", "whole numbers from 2000 to 2019"),
    "humid": ([i * 3 % ROWS for i in range(ROWS)], "number", "whole numbers from 0 to 39"),
    "ash": ([f"{i},5" for i in range(ROWS)], "number", "written with decimal commas"),
    "holes": ([i % 5 if i % 3 else "NA" for i in range(ROWS)], "number", "from 0 to 4"),
    "cask": (["oak", "steel"] * (ROWS // 2), "category", "2 different texts, such as 'oak'"),
    "seen": (["yes", ""] * (ROWS // 2), "category", "1 different texts"),
    "always": ([3] * ROWS, "constant", "always '3'"),
    "word": (["x"] * ROWS, "constant", "always 'x'"),
    "empty": (["?"] * ROWS, "constant", "no row has a value"),
    "copy": ([i % 3 for i in range(ROWS)], "duplicate", "the same as kind in every row"),
    "notes": ([f"a wine of {i} words" for i in range(ROWS)], "text", "40 different texts"),
    "typing": ([i if i != 9 else "nine" for i in range(ROWS)], "text", "t.csv, line 11 has 'nine'"),
    "day": ([f"2024-01-{i % 28 + 1:02}" for i in range(ROWS)], "date", "such as 2024-01-01"),
    "tag": ([f"{i % 28 + 1}.12.2024" for i in range(ROWS)], "date", "such as 1.12.2024"),
    "kind": ([i % 3 for i in range(ROWS)], "number", "whole numbers from 0 to 2"),
}  # fmt: skip


@pytest.fixture
def guessed(tmp_path):
    rows = zip(*(values for values, _, _ in GUESSED.values()), strict=True)
    lines = [";".join(GUESSED), *(";".join(map(str, row)) for row in rows)]
    table = read(file(tmp_path, "\n".join(lines)))
    return table, {column.name: column for column in guess(table, "kind")}


@pytest.mark.parametrize("name", GUESSED)
def test_what_a_column_is_taken_for_and_why(guessed, name):
    column, (_, kind, why) = guessed[1][name], GUESSED[name]
    assert column.type == kind and why in column.why


def test_units_missing_values_and_levels_of_columns(guessed):
    found = guessed[1]
    assert found["area (m2)"].unit == "m2" and found["year"].unit == ""
    assert found["holes"].missing == 14 and found["empty"].missing == ROWS
    assert found["cask"].levels == ("oak", "steel") and found["year"].levels == ()


def test_the_task_is_guessed_from_the_target(guessed):
    table, found = guessed
    tasks = {name: guess_task(found[name], table) for name in ("kind", "cask", "year", "area (m2)")}
    assert [task for task, _ in tasks.values()] == [
        "classification", "classification", "regression", "regression",
    ]  # fmt: skip
    assert tasks["kind"][1] == "kind is one of 3 whole numbers"


def test_pixels_are_numbers_even_where_they_never_vary(tmp_path):
    table = read(file(tmp_path, npz(x=np.zeros((3, 2, 2)), y=[1, 2, 1]), "t.npz"))
    assert {column.type for column in guess(table, "y")} == {"number"}
