"""Splits, encoding and scaling, on values worked out by hand; what is refused or warned of."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest, norm
from sklearn.preprocessing import QuantileTransformer, RobustScaler

from tunebook.data.description import check_data, same_rows, split_of
from tunebook.data.encode import replicate
from tunebook.data.fetch import named, retrieve
from tunebook.data.prepare import fit_scaling, load, save, stack
from tunebook.data.readers import read
from tunebook.data.split import split_groups, split_random, split_stratified, split_time
from tunebook.jobs import TunebookError
from tunebook.study.read import read_chain

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "../shared/datasets"
CONFIG = ROOT / "config"
SPLITS = ("train", "validation", "test")


def prepared(folder, text, problem=None, dataset=None, seed=0):
    """The replicate of a problem on a small table; `problem` says what is not usual."""
    files = text if isinstance(text, dict) else {"t.csv": text}
    for name, data in files.items():
        (folder / name).write_text(data)
    problem = {"task": "regression", "dataset": "d", "target": "y"} | (problem or {})
    table = read([folder / name for name in files], dataset)
    return replicate(table, "p", problem, dataset or {}, seed)


def rows_of(made):
    """{split: the inputs of its rows}"""
    arrays = made.development | made.test
    return {split: arrays[f"{split}_x"] for split in SPLITS}


def numbered(count, *columns):
    """A table of `count` rows: x counts them, y is ten times x, then further columns."""
    lines = [",".join(["x", "y", *(name for name, _ in columns)])]
    lines += [
        ",".join(map(str, [row + 0.5, 10 * row + 5, *(value(row) for _, value in columns)]))
        for row in range(count)
    ]
    return "\n".join(lines)


# --- Splits


def test_random_rows_are_disjoint_complete_and_depend_on_the_seed_alone():
    test, validation, train = split_random(range(1460), [292, 292], seed=3)
    assert (len(test), len(validation), len(train)) == (292, 292, 876)
    assert sorted(np.concatenate([test, validation, train])) == list(range(1460))
    assert (split_random(range(1460), [292, 292], seed=3)[0] == test).all()
    assert (split_random(range(1460), [292, 292], seed=4)[0] != test).any()


def test_strata_have_their_share_in_each_split():
    strata = np.repeat([0, 1, 2], [50, 30, 20])
    for seed in range(5):
        parts = split_stratified(strata, [20, 20], seed)
        assert sorted(np.concatenate(parts)) == list(range(100))
        assert [np.bincount(strata[part]).tolist() for part in parts] == [
            [10, 6, 4], [10, 6, 4], [30, 18, 12],
        ]  # fmt: skip
    others = [split_stratified(strata, [20, 20], seed)[0].tolist() for seed in (0, 1)]
    assert others[0] != others[1]


def test_a_small_stratum_keeps_a_row_for_training():
    strata = np.repeat([0, 1], [2, 98])
    sizes = {tuple(map(len, split_stratified(strata, [45, 45], seed))) for seed in range(5)}
    assert len(sizes) == 1, "every replicate has as many rows"
    for seed in range(5):
        assert 0 in strata[split_stratified(strata, [45, 45], seed)[2]]


@pytest.mark.parametrize(
    "counts", [[1] * 10, [5] * 20, [7, 3, 2, 2, 9, 4, 4, 1, 8], [100, 1, 1], [40, 30, 20, 10]]
)
def test_groups_stay_whole_and_every_replicate_has_as_many_rows(counts):
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    wanted = [round(0.2 * len(groups))] * 2
    sizes, tested = set(), set()
    for seed in range(10):
        parts = split_groups(groups, wanted, seed)
        assert sorted(np.concatenate(parts)) == list(range(len(groups)))
        members = [set(groups[part].tolist()) for part in parts]
        assert all(members) and not (
            members[0] & members[1] or members[2] & (members[0] | members[1])
        )
        sizes.add(tuple(map(len, parts)))
        tested.add(frozenset(members[0]))
    assert len(sizes) == 1
    assert len(tested) > 1 or len(counts) < 5, "chance takes other groups"
    if len(counts) > 4:
        assert all(abs(size - wanted[0]) <= 1 for size in next(iter(sizes))[:2])


def test_time_holds_out_the_latest_rows_and_divides_no_moment():
    times = np.array([5, 1, 9, 3, 9, 7, 7, 2, 4, 6])
    test, validation, train = split_time(times, [1, 2])
    assert sorted(times[test]) == [9, 9] and sorted(times[validation]) == [7, 7]
    assert sorted(times[train]) == [1, 2, 3, 4, 5, 6]


def test_a_split_by_the_configuration(tmp_path):
    day = ("day", lambda row: f"{row % 28 + 1}.{row // 28 + 1}.2024")
    group = ("group", lambda row: f"g{row % 10}")
    text = numbered(50, day, group)
    by_time = prepared(tmp_path, text, {"split": {"time_on": "day", "test": 0.1}})
    assert rows_of(by_time)["test"][:, 0].tolist() == [45.5, 46.5, 47.5, 48.5, 49.5]
    assert [feature["name"] for feature in by_time.record["features"]] == [
        "x", *(f"group=g{i}" for i in range(10)),
    ]  # fmt: skip
    by_group = prepared(tmp_path, text, {"split": {"group_on": "group"}})
    assert [feature["name"] for feature in by_group.record["features"]] == ["x"]
    held_out = {int(x) % 10 for x in rows_of(by_group)["test"][:, 0]}
    assert len(held_out) == 2 and len(rows_of(by_group)["test"]) == 10
    named = prepared(tmp_path, text, {"split": {"group_on": "group"}, "inputs": ["x", "group"]})
    assert len(named.record["features"]) == 11


OFFICIAL = {"train.csv": numbered(10), "test.csv": "x,y\n70.5,1\n80.5,2\n60.5,3\n"}


def test_without_validation_rows_keep_the_order_of_their_file(tmp_path):
    made = prepared(tmp_path, OFFICIAL, {"split": {"test_file": "test.csv", "validation": 0}})
    assert rows_of(made)["train"][:, 0].tolist() == [i + 0.5 for i in range(10)]
    assert rows_of(made)["test"][:, 0].tolist() == [70.5, 80.5, 60.5]
    assert len(rows_of(made)["validation"]) == 0


@pytest.mark.parametrize("way", [{}, {"group_on": "group"}, {"time_on": "x"}])
def test_a_share_of_the_rows_is_tested_on_without_validation(way, tmp_path):
    text = numbered(50, ("group", lambda row: f"g{row % 10}"))
    made = prepared(tmp_path, text, {"split": {"test": 0.2, "validation": 0} | way})
    assert [len(rows) for rows in rows_of(made).values()] == [40, 0, 10]


def test_official_test_rows_are_never_split(tmp_path):
    made = prepared(tmp_path, OFFICIAL, {"split": {"test_file": "test.csv", "validation": 0.2}})
    assert rows_of(made)["test"].tolist() == [[70.5], [80.5], [60.5]]
    assert made.test["test_y"].tolist() == [1, 2, 3]
    kept = np.concatenate([rows_of(made)["train"], rows_of(made)["validation"]])
    assert len(rows_of(made)["validation"]) == 2 and sorted(kept[:, 0]) == [
        i + 0.5 for i in range(10)
    ]
    # Each row stays with its target.
    assert (made.development["train_y"] == 10 * made.development["train_x"][:, 0]).all()


def test_classes_are_stratified_unless_the_configuration_says_otherwise():
    usual = {"task": "classification", "target": "y"}
    assert split_of("p", usual, ["f"]) == ("stratify_on", "y", None, [0.2, 0.2])
    none = usual | {"split": {"stratify_on": "none", "test_file": "f"}}
    assert split_of("p", none, ["f", "g"]) == ("random", None, "f", [0.2])
    assert split_of("p", usual | {"task": "regression"}, ["f"])[0] == "random"


# --- Encoding


def test_categories_and_missing_values_are_encoded_by_the_training_rows(tmp_path):
    rows = [
        "size (cm),cask,id,y",
        *(f"{i % 7},{'oak' if i % 2 else 'steel'},r{i},{i}" for i in range(20)),
    ]
    rows[3], rows[4] = ",oak,r2,2", "1,,r3,3"
    made = prepared(tmp_path, "\n".join(rows), dataset={"columns": {"y": {"unit": "kg"}}})
    assert made.record == {
        "target": "y", "unit": "kg", "target_range": 19, "classes": None, "shape": None,
        "range": None,
        "features": [
            {"name": "size (cm)", "unit": "cm", "type": "number"},
            {"name": "size (cm) missing", "unit": "", "type": "missing"},
            {"name": "cask=oak", "unit": "", "type": "level"},
            {"name": "cask=steel", "unit": "", "type": "level"},
            {"name": "cask missing", "unit": "", "type": "missing"},
        ],
    }  # fmt: skip
    for seed in range(8):
        made = prepared(tmp_path, "\n".join(rows), seed=seed)
        train, y = made.development["train_x"], made.development["train_y"]
        is_known = np.isin([2, 3], y)
        known = np.delete(train[:, 0], np.flatnonzero(y == 2))
        for split, x in rows_of(made).items():
            for row, target in zip(x, (made.development | made.test)[f"{split}_y"], strict=True):
                if target == 2:
                    assert row[:2].tolist() == [np.median(known), float(is_known[0])]
                if target == 3:
                    assert row[2:].tolist() == [0, 0, float(is_known[1])]
                if target > 3:
                    assert row.tolist() == [target % 7, 0, target % 2, 1 - target % 2, 0]


def test_a_level_that_no_training_row_has_is_zero_everywhere(tmp_path):
    text = numbered(20, ("kind", lambda row: "late" if row > 17 else "early"))
    made = prepared(tmp_path, text, {"split": {"time_on": "x"}})
    at = [feature["name"] for feature in made.record["features"]].index("kind=late")
    assert made.test["test_x"][:, at].max() == 0


def test_types_can_be_said_and_what_is_no_input_is_left_out(tmp_path):
    columns = [
        ("id", lambda row: row), ("code", lambda row: row % 3), ("same", lambda row: 1),
        ("note", lambda row: f"word {row} of them"), ("again", lambda row: 10 * row + 5),
        ("odd", lambda row: row if row != 5 else "five"),
    ]  # fmt: skip
    said = {"columns": {"code": {"type": "category"}, "same": {"type": "number"}}}
    made = prepared(tmp_path, numbered(20, *columns), dataset=said)
    assert [feature["name"] for feature in made.record["features"]] == [
        "x", "code=0", "code=1", "code=2", "same",
    ]  # fmt: skip
    assert {column.name: column.type for column in made.columns}["id"] == "identifier"
    assert made.warnings == [
        "column same has the same value in every row (an input)",
        "column again is the same as the target in every row (left out)",
        "column odd holds numbers in all but 1 of 20 rows; t.csv, line 7 has 'five' (left out)",
    ]
    made = prepared(tmp_path, numbered(20, *columns), {"inputs": ["again", "id"]}, said)
    assert [feature["name"] for feature in made.record["features"]] == ["again", "id"]
    assert "column again is the same as the target in every row (an input)" in made.warnings


def test_rows_that_stand_in_two_splits_are_warned_of(tmp_path):
    text = "id,x,y\n" + "".join(f"{i},{i // 2},{i // 2 * 3}\n" for i in range(40))
    (warning,) = prepared(tmp_path, text).warnings
    assert "rows of t.csv are the same as one in another split, such as t.csv, line" in warning
    assert prepared(tmp_path, numbered(40)).warnings == []


def test_classes_are_numbered_in_order_and_keep_their_names(tmp_path):
    text = "x,y\n" + "".join(f"{i + 9},{(10.0, 9, '1e1')[i % 3]}\n" for i in range(30))
    made = prepared(tmp_path, text, {"task": "classification"})
    assert made.record["classes"] == ["9", "10"]
    assert made.development["train_y"].dtype == np.int64
    x, y = made.development["train_x"][:, 0], made.development["train_y"]
    assert (y == (x % 3 != 1)).all()


def test_a_class_without_training_rows_is_warned_of(tmp_path):
    text = "x,y\n" + "".join(f"{i + 9},{'late' if i > 17 else 'early'}\n" for i in range(20))
    problem = {"task": "classification", "split": {"time_on": "x"}, "inputs": ["x"]}
    made = prepared(tmp_path, text, problem)
    assert "no training row is late" in made.warnings


IMAGE = {"image": {"shape": [1, 2, 2], "range": [-1, 1]}}


def test_pixels_stay_as_they_are(tmp_path):
    text = "y,a,b,c,d\n" + "".join(f"{i % 2},-1,0,0.123,1\n" for i in range(20))
    made = prepared(tmp_path, text, {"task": "classification"}, IMAGE)
    assert made.record["shape"] == [1, 2, 2] and made.record["range"] == [-1, 1]
    assert made.development["train_x"].dtype == np.float32
    assert made.development["train_x"][0].tolist() == [-1, 0, np.float32(0.123), 1]
    assert not any("same value" in warning for warning in made.warnings)


# --- Bad input: (table, problem, dataset, words of the message)

GOOD = numbered(20, ("kind", lambda row: "ab"[row % 2]), ("word", lambda row: f"w {row} v"))
LABELS = {"task": "classification", "target": "kind"}


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


BAD = {
    "no such target": (
        GOOD, {"target": "yy"}, {}, "p.target: t.csv has no column 'yy' (is it 'y'?)",
    ),
    "which are there": (GOOD, {"target": "?"}, {}, "no column '?'; allowed: x, y, kind, word"),
    "no such input": (
        GOOD, {"inputs": ["x", "z"]}, {}, "problems.p.inputs: t.csv has no column 'z'",
    ),
    "no such column": (
        GOOD, {}, {"columns": {"Kind": {}}}, "datasets.d.columns: t.csv has no column",
    ),
    "no such group": (
        GOOD, {"split": {"group_on": "g"}}, {}, "problems.p.split: t.csv has no column",
    ),
    "a missing target": (
        changed(",5,", ",,").replace(",25,", ",NA,"), {}, {},
        "t.csv, lines 2, 4: the target y is missing; allowed: a value in every row",
    ),
    "a word as target": (
        changed(",25,", ",many,"), {}, {}, "line 4, column y: found 'many'; allowed",
    ),
    "a target that does not vary": ("x,y\n5,2\n2,2\n3,2\n4,2\n", {}, {}, "y is always 2; allowed"),
    "an infinite target": (changed(",25,", ",1e999,"), {}, {}, "column y: found '1e999'; allowed"),
    "a class with one row": (
        changed("5.5,55,b", "5.5,55,c"), LABELS, {},
        "t.csv, line 7: class 'c' of kind has this one row",
    ),
    "one class": (
        GOOD.replace(",b,", ",a,"), LABELS, {}, "kind has 1 classes in t.csv; allowed: 2",
    ),
    "no classes": (GOOD, LABELS | {"target": "y"}, {}, "line 2: class '5' of y has this one row"),
    "an empty column": (
        GOOD.replace(",a,", ",,").replace(",b,", ",?,"), {}, {},
        "t.csv, column kind: all 20 rows have no value; allowed: leave it out of problems.p.inputs",
    ),
    "an empty column in training": (
        "x,z,y\n" + "".join(f"{i},{i if i > 18 else ''},{i}\n" for i in range(20)),
        {"split": {"time_on": "x"}, "inputs": ["x", "z"]}, {},
        "column z: none of the 12 training rows has a value",
    ),
    "text as input": (GOOD, {"inputs": ["word"]}, {}, "word is taken for: identifier|text"),
    "a word in numbers": (
        changed("7.5,", "about 7,"), {}, {"columns": {"x": {"type": "number"}}},
        "line 9, column x: found 'about 7'; allowed: a finite number, or nothing",
    ),
    "no inputs": (
        "y,z\n1,a\n2,a\n3,a\n4,a\n5,a\n", {}, {},
        "no column of t.csv is taken for a number or category (z: constant); allowed: name",
    ),
    "too many levels": (
        "x,y\n" + "".join(f"w{i},{i}\n" for i in range(1500)), {},
        {"columns": {"x": {"type": "category"}}},
        "column x: a category of 1500 levels; allowed: at",
    ),
    "too few rows": (
        numbered(3), {"split": {"test": 0.1}}, {},
        "split: shares 0.1, 0.2 of 3 rows of t.csv (random) leave a split empty: test; allowed",
    ),
    "nothing to train on": (
        GOOD, {"split": {"test": 0.6, "validation": 0.4}}, {},
        "leave a split empty: train; allowed",
    ),
    "too few groups": (
        GOOD, {"split": {"group_on": "kind"}}, {},
        "t.csv, column kind: found 2 groups; allowed: at least 3, one for each split",
    ),
    "a missing group": (
        changed("1.5,15,b", "1.5,15,"), {"split": {"group_on": "kind"}}, {},
        "t.csv, line 3, column kind: no value; allowed: one in every row",
    ),
    "a time that is none": (
        GOOD, {"split": {"time_on": "kind"}}, {},
        "column kind: found 'a'; allowed: numbers, or dates",
    ),
    "one moment": (
        numbered(20, ("t", lambda row: 1)), {"split": {"time_on": "t"}}, {}, "leave a split empty",
    ),
    "a stratum with one row": (
        changed("1.5,15,b", "1.5,15,c"), {"split": {"stratify_on": "kind"}}, {},
        "t.csv, line 3, column kind: no other row has this value",
    ),
    "two ways": (
        GOOD, {"split": {"group_on": "kind", "time_on": "x"}}, {},
        "problems.p.split: found group_on and time_on; allowed: one of",
    ),
    "two tests": (
        GOOD, {"split": {"test": 0.2, "test_file": "t.csv"}}, {}, "found test and test_file",
    ),
    "no other file": (
        GOOD, {"split": {"test_file": "t.csv"}}, {}, "test_file: found t.csv; allowed",
    ),
    "too few pixels": (
        "y,a,b,c\n" + "0,1,1,1\n1,1,1,1\n" * 9, LABELS | {"target": "y"}, IMAGE,
        "found 3 columns of t.csv; allowed: 4, the pixels of an image of 1 x 2 x 2",
    ),
    "a pixel out of range": (
        "y,a,b,c,d\n" + "0,1,1,1,1\n1,1,1,1,1.5\n" * 9, LABELS | {"target": "y"}, IMAGE,
        "t.csv, line 3, column d: found 1.5; allowed: a pixel from -1 to 1",
    ),
    "a missing pixel": (
        "y,a,b,c,d\n" + "0,1,1,1,1\n1,1,,1,1\n" * 9, LABELS | {"target": "y"}, IMAGE,
        "line 3, column b: found nothing; allowed: a pixel",
    ),
    "a word for a pixel": (
        "y,a,b,c,d\n" + "0,1,1,1,1\n1,1,ink,1,1\n" * 9, LABELS | {"target": "y"}, IMAGE,
        "line 3, column b: found 'ink'; allowed: a finite number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text, problem, dataset, words", BAD.values(), ids=BAD)
def test_bad_input_is_refused_by_file_column_and_rows(tmp_path, text, problem, dataset, words):
    with pytest.raises(TunebookError) as caught:
        prepared(tmp_path, text, problem, dataset)
    assert any(word in str(caught.value) for word in words.split("|")) and "allowed" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "change, words",
    [
        ({"dataset": "other"}, "problems.p.dataset: found other; allowed: d"),
        ({"inputs": ["x", "y"]}, "problems.p.inputs: found the target; allowed: other columns"),
        ({"split": {"stratify_on": "y", "time_on": "x"}}, "found stratify_on and time_on"),
        ({"split": {"test_file": "g"}}, "problems.p.split.test_file: found g; allowed: one of"),
    ],
)
def test_what_needs_no_data_is_refused_before_anything_runs(change, words):
    problem = {"task": "regression", "dataset": "d", "target": "y"}
    files = {"f": {"path": "f"}, "h": {"addresses": ["https://host/h"]}}
    configuration = {"datasets": {"d": {"files": files}}, "problems": {"p": problem}}
    check_data(configuration)
    with pytest.raises(TunebookError) as caught:
        check_data(configuration | {"problems": {"p": problem | change}})
    assert words in str(caught.value)


def test_official_and_latest_test_rows_are_the_same_in_every_replicate():
    fixed = [{"test_file": "f"}, {"time_on": "x"}, {"test_file": "f", "stratify_on": "none"}]
    assert all(same_rows({"split": split}) for split in fixed)
    anew = [{}, {"split": {"test": 0.2}}, {"split": {"group_on": "x", "time_on": "none"}}]
    assert not any(map(same_rows, anew))


# --- Scaling

TRAIN = {
    "train_x": np.array([[0.0, 5.0, 1.0], [10.0, 5.0, 0.0], [4.0, 5.0, 1.0]]),
    "train_y": np.array([100.0, 300.0, 250.0]),
}
RECORD = {
    "classes": None, "target_range": 400, "shape": None, "range": None,
    "features": [{"type": "number"}, {"type": "number"}, {"type": "level"}],
}  # fmt: skip


def fitted(inputs="none", target="none", arrays=TRAIN, record=RECORD):
    return fit_scaling({"scale_inputs": inputs, "scale_target": target}, arrays, record)


def test_numbers_are_scaled_by_the_training_rows_and_levels_are_not():
    # A column that does not vary is shifted, not divided by zero; others may leave [0, 1].
    x = np.array([[5.0, 5.0, 1.0], [20.0, 6.0, 0.0]])
    assert fitted("min-max").inputs(x).tolist() == [[0.5, 0, 1], [2, 1, 0]]
    scaled = fitted("standard").inputs(TRAIN["train_x"])
    assert scaled[:, 0].mean() == pytest.approx(0, abs=1e-6)
    assert scaled[:, 0].std() == pytest.approx(1)
    assert scaled[:, 1].tolist() == [0, 0, 0] and scaled[:, 2].tolist() == [1, 0, 1]
    assert fitted().inputs(x).tolist() == x.tolist()


@pytest.mark.parametrize(
    "how, targets, unit",
    [
        ("range", [0.5, 1.5, 1.25], 2),
        ("standard", [-1.3728, 0.9806, 0.3922], 400 / 84.9837),
        ("none", [100, 300, 250], 400),
    ],
)
def test_targets_are_scaled_by_the_training_rows_and_the_unit_is_the_range_of_all(
    how, targets, unit
):
    scaling = fitted(target=how)
    scaled = scaling.targets(TRAIN["train_y"])
    assert scaled.shape == (3, 1) and scaled[:, 0].tolist() == pytest.approx(targets, abs=1e-4)
    assert scaling.unit == pytest.approx(unit, rel=1e-5) and scaling.target_range == 400
    assert scaling.restore(scaled)[:, 0].tolist() == pytest.approx([100, 300, 250])


def skewed(rows, seed=0):
    """Values with far ones, values of which most are the same, and a level."""
    random = np.random.default_rng(seed)
    often = np.where(random.random(rows) < 0.9, 7.0, random.uniform(0, 10, rows))
    return np.stack([random.lognormal(3, 2, rows), often, random.integers(0, 2, rows)], axis=1)


def test_quartiles_center_and_scale_before_a_smooth_clip():
    x, unseen = skewed(400), np.concatenate([skewed(100, 1), [[1e9, -1e9, 1]]])
    arrays = TRAIN | {"train_x": x}
    scaled = fitted("quartiles", arrays=arrays).inputs(unseen)
    z = RobustScaler().fit(x).transform(unseen)[:, 0]
    assert scaled[:, 0] == pytest.approx(z / np.sqrt(1 + z**2 / 9), rel=1e-5)
    # Quartiles that are the same: by the range.
    z = (unseen[:, 1] - 7) / np.ptp(x[:, 1])
    assert scaled[:, 1] == pytest.approx(z / np.sqrt(1 + z**2 / 9), rel=1e-5, abs=1e-7)
    assert scaled[:, 2].tolist() == unseen[:, 2].tolist()
    assert scaled[-1].tolist() == pytest.approx([3, -3, 1], abs=1e-4)
    # One that does not vary at all: by 1.
    constant = fitted("quartiles").inputs(np.array([[4.0, 5.0, 1.0], [4.0, 6.0, 0.0]]))
    assert constant[:, 1].tolist() == pytest.approx([0, 1 / np.sqrt(1 + 1 / 9)])


@pytest.mark.parametrize("rows", [30, 3000])
def test_quantiles_make_a_normal_distribution_of_the_training_rows(rows):
    x, unseen = skewed(rows), np.concatenate([skewed(100, 1), [[1e9, -1e9, 1]]])
    scaling = fitted("quantile", arrays=TRAIN | {"train_x": x})
    theirs = QuantileTransformer(
        n_quantiles=min(rows, 1000), output_distribution="normal", subsample=None
    )
    expected = theirs.fit(x[:, :2]).transform(unseen[:, :2]).clip(-3, 3)
    scaled = scaling.inputs(unseen)
    assert scaled[:, :2] == pytest.approx(expected, abs=1e-6)
    assert scaling.inputs(unseen[:0]).shape == (0, 3)
    assert scaled[:, 2].tolist() == unseen[:, 2].tolist()
    assert scaled[-1].tolist() == [3, -3, 1]
    if rows == 3000:
        assert kstest(scaling.inputs(x)[:, 0], "norm").statistic < 0.01


@pytest.mark.parametrize("how", ["quartiles", "quantile"])
def test_columns_that_are_no_numbers_are_left_alone_by_every_scaling(how):
    record = RECORD | {"features": [{"type": "level"}] * 3}
    x = TRAIN["train_x"]
    assert fitted(how, record=record).inputs(x).tolist() == x.tolist()


def test_logarithms_are_standardised_and_predictions_of_them_brought_back():
    scaling = fitted(target="log")
    scaled, logs = scaling.targets(TRAIN["train_y"]), np.log(TRAIN["train_y"])
    assert scaled[:, 0] == pytest.approx((logs - logs.mean()) / logs.std(), abs=1e-6)
    assert scaling.restore(scaled)[:, 0].tolist() == pytest.approx([100, 300, 250])
    assert (scaling.unit, scaling.target_range) == (400, 400)
    same = fitted(target="log", arrays=TRAIN | {"train_y": np.full(3, 5.0)})
    assert same.restore(same.targets(np.array([5.0]))).item() == pytest.approx(5)


def test_a_logarithm_of_what_is_not_positive_is_refused():
    told = r"scale_target: found log, and 2 of 3 rows .* the least -4; allowed: .* range"
    with pytest.raises(TunebookError, match=told):
        fitted(target="log", arrays=TRAIN | {"train_y": np.array([3.0, 0.0, -4.0])})
    with pytest.raises(TunebookError, match="1 of 2 rows .* the least 0;"):
        fitted(target="log").targets(np.array([3.0, 0.0]))


@pytest.mark.parametrize("how, expected", [("min-max", [0, 0.5, 1]), ("none", [-1, 0, 1])])
def test_pixels_are_scaled_by_what_they_can_be(how, expected):
    arrays = {"train_x": np.array([[-1.0, 0.0, 1.0]], np.float32), "train_y": np.array([1])}
    features = [{"type": "number"}] * 3
    record = {"classes": ["a", "b"], "shape": [1, 1, 3], "range": [-1, 1], "features": features}
    scaling = fitted(how, arrays=arrays, record=record)
    assert scaling.inputs(arrays["train_x"]).tolist() == [expected]
    assert scaling.targets(arrays["train_y"]).tolist() == [1]
    assert (scaling.unit, scaling.target_range) == (1, 1)
    standard = fitted("standard", arrays=arrays, record=record).inputs(arrays["train_x"])
    assert standard[0] == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])


def test_pixels_are_bent_together():
    arrays = {"train_x": np.array([[-1.0, 0.0], [0.5, 1.0]], np.float32), "train_y": [0, 1]}
    arrays = {name: np.array(value) for name, value in arrays.items()}
    record = RECORD | {"classes": ["a", "b"], "shape": [1, 1, 2], "range": [-1, 1]}
    record["features"] = [{"type": "number"}] * 2
    # Of all four values the median is 0.25, and the quartiles are -0.25 and 0.625.
    z = (arrays["train_x"] - 0.25) / 0.875
    found = fitted("quartiles", arrays=arrays, record=record).inputs(arrays["train_x"])
    assert found == pytest.approx(z / np.sqrt(1 + z**2 / 9), abs=1e-6)
    found = fitted("quantile", arrays=arrays, record=record).inputs(arrays["train_x"])
    third = norm.ppf(2 / 3)
    assert found == pytest.approx(np.array([[-3, -third], [third, 3]]), abs=1e-6)


def test_stack_gives_a_leading_replicate_dimension():
    x, y = stack([TRAIN, TRAIN], [fitted(), fitted()], "train")
    assert x.shape == (2, 3, 3) and y.shape == (2, 3, 1) and x.dtype == y.dtype == np.float32


def test_prepared_files_are_whole_or_named(tmp_path):
    path = tmp_path / "development.npz"
    save(path, TRAIN, RECORD)
    arrays, record = load(path)
    assert record == RECORD and arrays.keys() == TRAIN.keys()
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(TunebookError, match="development.npz"):
        load(path)
    np.savez(path, x=[1])
    with pytest.raises(TunebookError, match="development.npz.*record"):
        load(path)


# --- The default study


def default():
    return read_chain(CONFIG / "config.yaml")


def default_replicate(configuration, name, folder, seed=0):
    problem = configuration["problems"][name]
    dataset = configuration["datasets"][problem["dataset"]]
    paths = [folder / file for file in dataset["files"]]
    return replicate(read(paths, dataset), name, problem, dataset, seed)


def test_the_default_study_can_be_prepared_from_its_stand_ins(tmp_path):
    configuration, sizes = default(), {}
    settings = {"mirrors": [], "attempts": 1, "timeout_seconds": 0.01}
    for name, problem in configuration["problems"].items():
        dataset = configuration["datasets"][problem["dataset"]]
        offline = {file: {"addresses": []} for file in dataset["files"]}
        folder = tmp_path / name
        found = retrieve(
            name, dataset | {"files": offline}, folder, CONFIG, settings=settings, warn=str
        )
        assert found["kind"] == "sample" and found["title"] and found["licence"]
        made = default_replicate(configuration, name, folder)
        sizes[name] = {split: x.shape for split, x in rows_of(made).items()}
    assert sizes == {
        "digits": {"train": (1120, 256), "validation": (280, 256), "test": (397, 256)},
        "houses": {"train": (876, 4), "validation": (292, 4), "test": (292, 4)},
    }


def test_every_published_address_is_secure_or_has_a_secure_one_before_it():
    for dataset in default()["datasets"].values():
        for file in dataset["files"].values():
            assert file["addresses"][0].startswith("https://") and len(file["sha256"]) == 64


@pytest.mark.parametrize("stand_in", ["digits", "houses"])
def test_a_stand_in_is_the_same_for_the_same_seed(stand_in):
    make = named(f"stand_ins.py:{stand_in}", CONFIG)
    first, second, other = make(0), make(0), make(1)
    assert first == second and all(first[name] != other[name] for name in first)


def test_simulated_houses_have_the_published_statistics():
    stand_ins = named("stand_ins.py:HOUSE_SUMMARY", CONFIG)
    houses = named("stand_ins.py:house_values", CONFIG)(0).astype(float)
    mean, spread, low, high = np.array(list(stand_ins.values())).T
    # Four standard errors for the means; heavy tails make the spreads vary more.
    assert (np.abs(houses.mean(0) - mean) < 4 * spread / np.sqrt(len(houses))).all()
    assert np.allclose(houses.std(0), spread, rtol=0.15)
    assert (houses >= low).all() and (houses <= high).all()
    correlation = named("stand_ins.py:HOUSE_CORRELATION", CONFIG)
    assert np.abs(np.corrcoef(houses.T) - correlation).max() < 0.12
    inputs = np.column_stack([np.ones(len(houses)), houses[:, :4]])
    residual = houses[:, 4] - inputs @ np.linalg.lstsq(inputs, houses[:, 4], rcond=None)[0]
    by_area = residual[houses[:, 3].argsort()]
    assert by_area[-365:].std() > 1.3 * by_area[:365].std(), "dearer houses vary more"


def test_digits_of_the_stand_in_keep_their_shape_and_stand_in_one_split():
    from sklearn.datasets import load_digits

    parts = named("stand_ins.py:digit_values", CONFIG)(0)
    values = np.concatenate([parts["train"], parts["test"]])
    small = values[:, 1:].reshape(-1, 8, 2, 8, 2).mean((2, 4))  # 16 x 16 back to 8 x 8
    original = load_digits()
    distances = np.abs(small[:50, None] - (original.images / 8 - 1)).mean((2, 3))
    nearest = distances.argmin(1)
    assert (original.target[nearest] == values[:50, 0]).all() and len(set(nearest)) == 50
    assert len(np.unique(values, axis=0)) == len(values)


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/datasets beside the project")
def test_the_real_datasets_are_true_and_have_the_published_summary(tmp_path):
    configuration, made = default(), {}
    for name, problem in configuration["problems"].items():
        dataset = configuration["datasets"][problem["dataset"]]
        settings = {"mirrors": [str(SHARED)], "when_unreachable": "error"}
        found = retrieve(name, dataset, tmp_path / name, CONFIG, settings=settings)
        assert {file["verified_by"] for file in found["files"]} <= {"file", "values"}
        made[name] = default_replicate(configuration, name, tmp_path / name)
        assert made[name].warnings == []
    digits, houses = made["digits"], made["houses"]
    labels = np.concatenate([digits.development["train_y"], digits.development["validation_y"]])
    assert np.bincount(labels).tolist() == [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
    counts = [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]
    assert np.bincount(digits.test["test_y"]).tolist() == counts
    table = np.concatenate(
        [
            np.column_stack([arrays[f"{split}_x"], arrays[f"{split}_y"]])
            for arrays in (houses.development, houses.test)
            for split in SPLITS
            if f"{split}_x" in arrays
        ]
    )
    mean, spread, low, high = np.array(list(named("stand_ins.py:HOUSE_SUMMARY", CONFIG).values())).T
    assert len(table) == 1460
    assert (table.min(0) == low).all() and (table.max(0) == high).all()
    assert np.allclose(table.mean(0), mean, rtol=1e-3)
    assert np.allclose(table.std(0, ddof=1), spread, rtol=3e-3)
