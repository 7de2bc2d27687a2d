"""The new-study command: what it says of files of every kind, writes of them, and refuses."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tunebook.claims import load_claims
from tunebook.data.encode import replicate
from tunebook.data.readers import read
from tunebook.jobs import TunebookError
from tunebook.loading import load_study
from tunebook.new_study import new_study
from tunebook.study.first import sizes
from tunebook.study.sizes import feature_sizes

ROOT = Path(__file__).parents[1]
ROWS = 120


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Studies lie in the folder where the command is given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(name, *arguments, **more):
    """What the command says, as one text."""
    said = []
    new_study(name, *arguments, **more, say=said.append)
    return "\n".join(map(str, said))


def configuration(name):
    return yaml.safe_load(Path(f"studies/{name}/config.yaml").read_text())


def bottles(rows=ROWS):
    """A table with a column of every sort; quality is what is predicted, one of three words."""
    chance = np.random.default_rng(0)
    alcohol = chance.normal(12, 1, rows).round(2)
    table = pd.DataFrame({"alcohol (%)": alcohol, "ash": chance.normal(2, 0.3, rows).round(3)})
    table.loc[::2, "ash"] = np.nan
    table["price"] = np.exp(chance.normal(0, 3, rows)).round(2)
    table["colour"] = chance.choice(["red", "white", "dark; red"], rows)
    table["grower"] = chance.choice([f"grower {i}" for i in range(30)], rows)
    table["customer_id"] = np.arange(rows) // 4 + 500
    table["bottle"] = [f"B{i:04}" for i in range(rows)]
    table["opened"] = [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(rows)]
    table["country"] = "France"
    table["remark"] = [f"tasted by {i} people, who said {i % 7}" for i in range(rows)]
    table["quality"] = np.where(alcohol > 12.5, "good", np.where(alcohol > 10.5, "fair", "poor"))
    table["grade"] = table["quality"].map({"good": 1, "fair": 2, "poor": 3})
    table["again"] = table["quality"]
    return table


# What each column of the bottles is taken for.
TYPES = {
    "alcohol (%)": "number", "ash": "number", "price": "number", "colour": "category",
    "grower": "category", "customer_id": "identifier", "bottle": "identifier", "opened": "date",
    "country": "constant", "remark": "text", "grade": "identifier", "again": "duplicate",
}  # fmt: skip


def semicolons(table):
    """A CSV as a spreadsheet in Europe writes it: decimal commas, a byte-order mark, CRLF."""
    text = table.to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    return b"\xef\xbb\xbf" + text.encode()


def write_bottles(kind):
    """The bottles as a file of some kind; returns its name."""
    table, name = bottles(), f"bottles.{kind}"
    if kind == "csv":
        Path(name).write_bytes(semicolons(table))
    elif kind == "tsv.gz":
        Path(name).write_bytes(gzip.compress(table.to_csv(index=False, sep="\t").encode()))
    else:
        table.to_parquet(name)
    return name


def write_images(folder, shape=(9, 8), classes=("cat", "dog"), count=12, mode="L"):
    """A folder of images by class: light ones and dark ones, with some noise."""
    chance = np.random.default_rng(0)
    for level, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = chance.integers(0, 100, shape) + 150 * level // max(len(classes) - 1, 1)
            Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(folder / name / f"{i}.png")
    return folder


@pytest.mark.parametrize("kind", ["csv", "tsv.gz", "parquet"])
def test_every_column_is_shown_with_what_it_is_taken_for_and_why(kind):
    said = begin("bottles", write_bottles(kind), "quality")
    assert f"{ROWS} rows, 13 columns" in said
    for name, kind in TYPES.items():
        use = "input" if kind in ("number", "category") else "left out"
        assert re.search(rf"^  {re.escape(name)} +{use}, {kind} +\w", said, re.M), name
    for words in [
        "quality         target                classification: quality holds text",
        "numbers from 9.",  # of alcohol
        ", in %",
        "missing in 60 rows",
        "another text in every row, such as 'B0000'",
        "always 'France'",
        "each value goes with one quality",
        "the same as quality in every row",
        "30 values that name groups of rows",
        "quality = poor",
        "ash is missing in 50% of the rows",
        "poor has only",
        "grower has 30 values, and each becomes an input. If it names rows that belong together, "
        "say so: split: {group_on: grower}",
        "Rows of one customer_id may be alike. To keep them on one side of the split: "
        "split: {group_on: customer_id}",
        "by opened: split: {time_on: opened}",
    ]:
        assert words in said, words
    assert said.endswith("make report STUDY=bottles")


@pytest.mark.parametrize("kind", ["csv", "tsv.gz", "parquet"])
def test_the_study_that_is_written_holds_every_guess_and_is_accepted(kind):
    name = write_bottles(kind)
    begin("bottles", name, "quality")
    found = configuration("bottles")
    dataset, problem = found["datasets"]["bottles"], found["problems"]["bottles"]
    assert {key: value["type"] for key, value in dataset["columns"].items()} == TYPES
    assert dataset["columns"]["alcohol (%)"]["unit"] == "%"
    assert dataset["files"] == {name: {"path": f"../../{name}"}}
    assert problem["task"] == "classification" and problem["metric"] == "balanced-accuracy"
    assert problem["base"]["scale_inputs"] == "standard"  # prices have a long tail
    study = load_study(["studies/bottles/config.yaml"])
    assert {row["model"] for row in study.rows()} == {"dense"}
    claims = load_claims(study.folder / "claims.yaml").claims
    assert len(claims) == 3 and not study.untestable
    made = replicate(read(name), "bottles", study.problem("bottles"), dataset, seed=1)
    inputs = {feature["name"].split("=")[0] for feature in made.record["features"]}
    assert inputs == {"alcohol (%)", "ash", "ash missing", "price", "colour", "grower"}


def test_a_guess_is_overridden_in_the_file():
    name = write_bottles("csv")
    begin("bottles", name, "quality")
    path = Path("studies/bottles/config.yaml")
    text = path.read_text()
    changed = text.replace("grower: {type: category}", "grower: {type: identifier}")
    changed = changed.replace("customer_id: {type: identifier}", "customer_id: {type: number}")
    commented = "    # split: {test: 0.2, validation: 0.2, group_on: customer_id}"
    assert commented in changed
    split = "    split: {test: 0.2, validation: 0.2}\n"
    changed = changed.replace(split, "").replace(commented, commented.replace("# ", "", 1))
    path.write_text(changed)
    study = load_study([path])
    dataset = study.configuration["datasets"]["bottles"]
    made = replicate(read(name), "bottles", study.problem("bottles"), dataset, seed=1)
    inputs = {feature["name"].split("=")[0] for feature in made.record["features"]}
    assert "grower" not in inputs
    assert "customer_id" not in inputs  # rows are split by it


def test_numbers_are_predicted_in_their_own_unit():
    table = bottles().drop(columns=["quality", "grade", "again"])
    table.to_csv("bottles.csv", index=False)
    said = begin("bottles", "bottles.csv", "alcohol (%)")
    assert "regression: alcohol (%) holds numbers" in said and "TASK=classification" in said
    problem = configuration("bottles")["problems"]["bottles"]
    assert (problem["task"], problem["metric"]) == ("regression", "rmse")
    assert problem["base"]["scale_target"] == "standard"
    assert "RandomForestRegressor" in problem["baselines"]["random-forest"]["estimator"]


@pytest.mark.parametrize(
    "values, task, guessed",
    [
        ([0, 1], "", "classification"),
        ([3, 4, 5, 6, 7, 8], "", "classification"),
        ([3, 4, 5, 6, 7, 8], "regression", "regression"),
        (range(40), "", "regression"),
        ([0.5, 1.5], "", "regression"),
        (["yes", "no"], "", "classification"),
    ],
)
def test_the_task_is_guessed_from_the_target_or_told(values, task, guessed):
    values = list(values)
    rows = [values[i % len(values)] for i in range(ROWS)]
    pd.DataFrame({"x": np.arange(ROWS) % 17 + 0.5, "y": rows}).to_csv("data.csv", index=False)
    begin("data", "data.csv", "y", task)
    assert configuration("data")["problems"]["data"]["task"] == guessed


def test_a_whole_number_in_a_single_row_is_no_class():
    rows = [*[5, 6, 7] * 20, 9]
    pd.DataFrame({"x": np.arange(61) + 0.5, "quality": rows}).to_csv("data.csv", index=False)
    assert "regression: quality is one of 4 whole numbers, one of them in a single row" in begin(
        "data", "data.csv", "quality"
    )


@pytest.mark.parametrize("mode, channels", [("L", 1), ("RGB", 3)])
def test_a_folder_of_images_needs_no_target(here, mode, channels):
    said = begin("pets", write_images(here / "data/pets", mode=mode))
    assert f"24 images of {channels} x 9 x 8" in said and "class = dog" in said
    found = configuration("pets")
    assert found["datasets"]["pets"]["image"]["shape"] == [channels, 9, 8]
    assert found["datasets"]["pets"]["files"] == {"pets.zip": {"path": "../../data/pets"}}
    assert found["problems"]["pets"]["target"] == "class"
    assert found["problems"]["pets"]["base"]["model"] == "convolutional"
    assert "misread" in load_study(["studies/pets/config.yaml"]).figures


def test_arrays_are_images_or_a_table():
    chance = np.random.default_rng(0)
    x, y = chance.integers(0, 17, (60, 8, 8), dtype=np.uint8), np.arange(60) % 3
    np.savez("images.npz", x=x, y=y)
    np.savez("table.npz", x=x.reshape(60, -1)[:, :5] + 0.5, y=y + 0.25 * np.arange(60))
    assert "60 images of 1 x 8 x 8" in begin("images", "images.npz")
    # Whole numbers up to 16 are not scaled as if they went up to 255.
    image = configuration("images")["datasets"]["images"]["image"]
    assert image == {"shape": [1, 8, 8], "range": [0, 16]}
    assert "60 rows, 6 columns" in begin("table", "table.npz", "y")
    assert configuration("table")["problems"]["table"]["task"] == "regression"


AWKWARD = [
    "yes", "null", "1", "a: b", "#", "{curly}", "[1]", "<< name >>", "{{ x }}", "{% if %}", "it's",
    'say "x"', "*star", "&and", "!tag", "größe", "two\nlines", "trailing ", "x" * 200, "%", "- a",
]  # fmt: skip


def test_columns_may_be_called_anything():
    table = pd.DataFrame({name: np.arange(ROWS) * 1.5 + i for i, name in enumerate(AWKWARD)})
    table["it is: {y}"] = np.where(np.arange(ROWS) % 2, "{{ no }}", "a # b")
    table.to_parquet("my data (1).parquet")
    begin("odd", "my data (1).parquet", "it is: {y}")
    found = configuration("odd")
    dataset = found["datasets"]["odd"]
    assert list(dataset["columns"]) == AWKWARD
    assert found["problems"]["odd"]["target"] == "it is: {y}"
    assert dataset["files"] == {"my-data-1-.parquet": {"path": "../../my data (1).parquet"}}


def test_of_many_columns_only_the_unusual_are_listed():
    table = pd.DataFrame({f"x{i}": np.arange(ROWS) * 0.5 + i for i in range(300)})
    table["y"], table["place"] = np.arange(ROWS) % 2, np.where(np.arange(ROWS) % 3, "here", "there")
    table.to_csv("wide.csv", index=False)
    said = begin("wide", "wide.csv", "y")
    assert "300 others" in said and len(said.splitlines()) < 20
    assert list(configuration("wide")["datasets"]["wide"]["columns"]) == ["place"]


def test_the_network_of_ones_own_and_its_sweep_are_there_to_be_uncommented(here):
    write_images(here / "pets")
    begin("pets", "pets")
    begin("bottles", write_bottles("csv"), "quality")
    for name, runs in (("pets", 4), ("bottles", 4)):
        path = here / f"studies/{name}/config.yaml"
        head, _, commented = path.read_text().partition("  # A network of your own")
        lines = [line.replace("  # ", "  ", 1) for line in commented.splitlines()[1:]]
        path.write_text("\n".join([head, *lines]))
        assert len(load_study([path]).sweeps["own"]) == runs


def test_the_target_tells_that_a_line_of_numbers_names_the_columns():
    lines = ["7,12", *[f"{i}.5,{i % 2}" for i in range(30)]]
    Path("odd.csv").write_text("\n".join(lines))
    assert "12      target         classification" in begin("odd", "odd.csv", "12")
    assert configuration("odd")["datasets"]["odd"]["header"] is True


@pytest.mark.parametrize("rows", [20, 300, 3000, 40_000, 10**6])
def test_a_study_is_sized_by_its_rows(rows):
    table, image = sizes(rows, 20, None), sizes(rows, 784, (1, 28, 28))
    assert table["batch"] < rows
    assert image["epochs"] <= table["epochs"]
    assert sizes(rows, 20, None, 0.01)["epochs"] == min(table["epochs"], 3)
    assert len(set(table["rates"])) == 3


@pytest.mark.parametrize("side", [4, 5, 8, 16, 28, 32, 64, 100, 224, 500])
def test_convolutions_fit_images_of_any_size(side):
    found = sizes(500, 9, (3, side, side + 3))
    for count in range(1, len(found["channels"]) + 1):
        feature_sizes((3, side, side + 3), found["channels"][:count], 3, 1, found["pooling"])
    assert len(found["channels"]) >= 2
    assert sizes(500, 9, (3, 3, 40))["channels"] == []


def test_long_trainings_are_cut_to_a_few_minutes(here, monkeypatch):
    monkeypatch.setattr("tunebook.new_study.MOST_WORK", 1)
    begin("pets", write_images(here / "pets"))
    assert configuration("pets")["problems"]["pets"]["base"]["epochs"] == 3


# What is asked of the command, and words that its message must have. {bad files} are made below.
BAD = {
    "no name": (("", "good.csv", "y"), "NAME: found ''; allowed: small letters"),
    "capitals": (("Wine", "good.csv", "y"), "NAME: found 'Wine'"),
    "path": (("../wine", "good.csv", "y"), "NAME: found '../wine'"),
    "long name": (("x" * 41, "good.csv", "y"), "at most 40"),
    "no data": (("wine", "", "y"), "DATA: missing; allowed: a file"),
    "no such file": (("wine", "nowhere.csv", "y"), "nowhere.csv: cannot be read (No such file"),
    "no target": (("wine", "good.csv", ""), "TARGET: missing; allowed: a column of good.csv: x, y"),
    "other target": (("wine", "good.csv", "Y "), "TARGET: found 'Y '"),
    "near target": (("wine", "good.csv", "yy"), "(is it 'y'?)"),
    "other task": (("wine", "good.csv", "y", "ranking"), "allowed: classification or regression"),
    "empty file": (("wine", "empty.csv", "y"), "empty.csv: found no rows"),
    "head alone": (("wine", "head.csv", "y"), "head.csv: found no rows"),
    "ragged": (("wine", "ragged.csv", "y"), "ragged.csv, line 3: found 3 fields; allowed: 2"),
    "twice": (("wine", "twice.csv", "y"), "column x stands twice"),
    "office": (("wine", "book.xlsx", "y"), "book.xlsx"),
    "binary": (("wine", "noise.csv", "y"), "noise.csv"),
    "missing targets": (("wine", "gaps.csv", "y"), "gaps.csv, lines 3, 5: the target y is missing"),
    "one value": (("wine", "same.csv", "y"), "y has 1 classes in same.csv"),
    "words as numbers": (("wine", "words.csv", "y", "regression"), "column y: found 'a'"),
    "lonely class": (("wine", "lonely.csv", "y"), "class 'c' of y has this one row"),
    "no inputs": (("wine", "idle.csv", "y"), "number or category"),
    "few rows": (("wine", "few.csv", "y"), "2 rows of few.csv (random) leave a split empty"),
    "cut npz": (("wine", "cut.npz", ""), "cut.npz: not a whole archive"),
    "npz without y": (("wine", "other.npz", ""), "TARGET: missing; allowed: a column of other.npz"),
    "no images": (("wine", "nothing", ""), "nothing: found no images"),
    "two sizes": (("wine", "sizes", ""), "allowed: 8 x 9"),
    "target of images": (("wine", "pets", "animal"), "TARGET: found 'animal'"),
    "one class": (("wine", "alone", ""), "class has 1 classes"),
    "already there": (("taken", "good.csv", "y"), "is there already and is not overwritten"),
}  # fmt: skip


def write_bad(here):
    """The files that BAD speaks of."""
    rows = [f"{i}.5,{'ab'[i % 2]}" for i in range(30)]
    texts = {
        "good.csv": ["x,y", *rows],
        "empty.csv": [],
        "head.csv": ["x,y"],
        "ragged.csv": ["x,y", "1.5,a", "2.5,b,c", *rows],
        "twice.csv": ["x,x", *rows],
        "gaps.csv": ["x,y", "1.5,a", "2.5,", "3.5,b", "4.5,NA", *rows],
        "same.csv": ["x,y", *[f"{i}.5,a" for i in range(30)]],
        "words.csv": ["x,y", *rows],
        "lonely.csv": ["x,y", *rows, "77.5,c"],
        "idle.csv": ["x,y", *[f"w{i},{'ab'[i % 2]}" for i in range(30)]],
        "few.csv": ["x,y", "1.5,0.5", "2.5,1.5"],
    }
    for name, lines in texts.items():
        (here / name).write_text("\n".join(lines))
    (here / "noise.csv").write_bytes(bytes(range(256)) * 4)
    (here / "book.xlsx").write_bytes(b"PK\3\4 no more of it")
    np.savez(here / "other.npz", x=np.zeros((9, 2)), z=np.zeros(9))
    (here / "cut.npz").write_bytes((here / "other.npz").read_bytes()[:200])
    (here / "nothing").mkdir()
    (here / "studies/taken").mkdir(parents=True)
    write_images(here / "pets")
    write_images(here / "alone", classes=["cat"])
    write_images(here / "sizes")
    Image.new("L", (5, 5)).save(here / "sizes/dog/small.png")


def test_the_command_ends_with_one_line_where_something_is_wrong(here):
    write_bad(here)
    script = ROOT / "workflow/scripts/new_study.py"

    def command(*arguments):
        told = [sys.executable, script, "--name", "wine", "--data", "good.csv", *arguments]
        return subprocess.run(told, cwd=here, text=True, capture_output=True, check=False)

    failed, done = command(), command("--target", "y")
    assert failed.returncode == 1 and not failed.stdout
    assert re.fullmatch(r"Error: TARGET: missing; .*\n", failed.stderr)
    assert done.returncode == 0 and done.stdout.endswith("\n  make report STUDY=wine\n")
    assert not done.stderr


@pytest.mark.parametrize("case", BAD)
def test_what_will_not_do_is_told_and_nothing_is_written(here, case):
    write_bad(here)
    arguments, words = BAD[case]
    before = sorted(here.rglob("*"))
    with pytest.raises(TunebookError) as error:
        begin(*arguments)
    assert words in str(error.value)
    assert len(str(error.value)) < 600
    assert [path for path in sorted(here.rglob("*")) if path.name != "studies"] == [
        path for path in before if path.name != "studies"
    ]
