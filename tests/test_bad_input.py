"""Bad configurations and data files: one message that names the key or file and what is allowed."""

import copy
import shutil

import pytest
import yaml

from project import BOTH, DIGITS, SMALL, Project, merged
from tunebook.jobs import TunebookError
from tunebook.study.read import read_yaml
from tunebook.workflow import load_study

VALID = copy.deepcopy(merged(SMALL, BOTH))
VALID["sweeps"]["layers"] = {"problem": "digits", "question": "Which layers?"}
GONE = object()


def put(path, value):
    """The valid configuration with one key changed; the path's keys are separated by dots."""
    configuration = copy.deepcopy(VALID)
    *parents, last = path.split(".")
    inner = configuration
    for key in parents:
        inner = inner[int(key) if isinstance(inner, list) else key]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return configuration


@pytest.fixture(scope="module")
def refusal(tmp_path_factory):
    """A function: what the reader says of a configuration given as values or as a file's text."""
    folder = tmp_path_factory.mktemp("configuration")

    def refuse(content):
        path = folder / "config.yaml"
        if isinstance(content, dict):
            content = yaml.safe_dump(content, allow_unicode=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        before = sorted(folder.rglob("*"))
        with pytest.raises(TunebookError) as raised:
            load_study([path])
        assert sorted(folder.rglob("*")) == before
        message = str(raised.value)
        assert "Traceback" not in message
        return message

    return refuse


def test_the_configuration_that_is_changed_below_is_accepted(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(VALID))
    assert set(load_study([path]).sweeps) == {"rates", "layers"}


HOUSES = "problems.houses"
BASE = "problems.houses.base"
IMAGES = "problems.digits.base"
RATES = "sweeps.rates"
CONVOLUTIONAL = {**DIGITS["base"], "model": "convolutional", "widths": []}
UNKNOWN = "unknown hyper-parameter; allowed here: alpha, batch_size, beta1"

# (key, bad value, what the message says besides the key)
BAD_VALUES = [
    # Missing, unknown, of another kind
    ("study", GONE, "missing; it must be given"),
    ("study", None, "found None; allowed: a mapping of keys"),
    ("study", "a title", "found 'a title'; allowed: a mapping of keys"),
    ("study.title", GONE, "missing; it must be given"),
    ("study.title", "", "allowed: text of at least 1 characters"),
    ("study.title", 7, "found 7; allowed: text"),
    ("study.title", "x" * 301, "allowed: text of at most 300 characters"),
    ("study.colour", "red", "unknown key; allowed here: results, seed, source, title"),
    ("colour", "red", "unknown key; allowed here: against, data, datasets, delete, problems"),
    ("study.seed", -1, "found -1; allowed: a number at least 0"),
    ("study.seed", 2**32, "allowed: a number at most 4294967295"),
    ("study.seed", 0.5, "found 0.5; allowed: a whole number"),
    ("study.seed", True, "found True; allowed: a whole number"),
    ("study.seed", float("nan"), "found nan; allowed: a finite number"),
    # Names that lead elsewhere
    ("study.results", "../elsewhere", "allowed: a folder name that starts with results"),
    ("study.results", "/etc", "allowed: a folder name that starts with results"),
    ("study.results", "results/../..", "allowed: a folder name that starts with results"),
    ("study.results", "results; rm -r ~", "allowed: a folder name that starts with results"),
    ("study.results", "results$(id)", "allowed: a folder name that starts with results"),
    ("study.results", "results\n", "allowed: a folder name that starts with results"),
    ("study.results", "results" + "x" * 300, "allowed: a folder name that starts with results"),
    ("sweeps", {"../../x": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
    ("sweeps", {"Rates 2": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
    ("sweeps", {"<b>x</b>": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
    ("sweeps", {"rates\n": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
    ("sweeps", {"x" * 61: VALID["sweeps"]["rates"]}, "at most 60"),
    # Data
    ("data.mirrors", "here", "found 'here'; allowed: a list"),
    ("data.mirrors", [1], "[0]: found 1; allowed: text"),
    ("data.mirrors", ["x"] * 21, "allowed: a list of at most 20 values"),
    ("data.when_unreachable", "panic", "found 'panic'; allowed: one of sample, error"),
    ("data.timeout_seconds", 0, "found 0; allowed: a number more than 0"),
    ("data.timeout_seconds", float("inf"), "found inf; allowed: a finite number"),
    ("data.timeout_seconds", "30 s", "found '30 s'; allowed: a number"),
    ("data.attempts", 0, "found 0; allowed: a number at least 1"),
    ("data.attempts", 1.5, "found 1.5; allowed: a whole number"),
    # Problems
    ("problems", {}, "found {}; allowed: at least 1 keys"),
    ("problems", ["digits"], "allowed: a mapping of keys"),
    ("problems.cats", {}, "task: missing; it must be given"),
    ("problems", {"Cats 2": {}}, "allowed: small letters, numerals and"),
    (f"{HOUSES}.task", "clustering", "allowed: one of classification, regression"),
    (f"{HOUSES}.dataset", "cars", "found cars; allowed: ames, usps"),
    (f"{HOUSES}.metric", "accuracy", "allowed: one of those under regression: mae, mse, r2, rmse"),
    (f"{HOUSES}.target", "", "allowed: text of at least 1 characters"),
    (f"{HOUSES}.baselines", {"x": {"estimator": "os.system"}}, "the dotted name of a class"),
    (f"{HOUSES}.baselines", {"x": {}}, "x.estimator: missing; it must be given"),
    # Datasets
    ("datasets", {}, "found {}; allowed: at least 1 keys"),
    ("datasets.ames.files", {}, "found {}; allowed: at least 1 keys"),
    ("datasets.ames.files", {"../x": {"path": "x"}}, "a file name of letters, numerals"),
    ("datasets.ames.reader", "excel", "allowed: one of csv, parquet, npz, images"),
    ("datasets.ames.separator", ";;", "one character, or whitespace"),
    ("datasets.ames.decimal", ";", "allowed: one of ., ,"),
    ("datasets.ames.colour", "red", "unknown key; allowed here: citation, columns"),
    ("datasets.ames.columns", {"SalePrice": {"type": "money"}}, "allowed: one of number, category"),
    ("datasets.usps.image", {"shape": [16, 16], "range": [0, 1]}, "allowed: a list of at least 3"),
    ("datasets.ames.stand_in", "os:system", "FILE.py:function, beside the configuration"),
    (f"{HOUSES}.replicates", 0, "found 0; allowed: a number at least 1"),
    (f"{HOUSES}.replicates", -3, "found -3; allowed: a number at least 1"),
    (f"{HOUSES}.replicates", 1001, "allowed: a number at most 1000"),
    (f"{HOUSES}.replicates", "ten", "found 'ten'; allowed: a whole number"),
    (f"{HOUSES}.split.validation", 0, "found 0; allowed: a number more than 0"),
    (f"{HOUSES}.split.validation", 1, "found 1; allowed: a number less than 1"),
    (f"{HOUSES}.split", {"validation": 0.5, "test": 0.5}, "shares sum to 1; allowed: less than 1"),
    (
        "problems.digits.split",
        {"test": 0.2, "test_file": "zip.test.gz"},
        "found test and test_file",
    ),
    ("problems.digits.split.test_file", "a.gz", "found a.gz; allowed: one of the dataset's files"),
    (f"{HOUSES}.split", {"group_on": "a", "time_on": "b"}, "found group_on and time_on; allowed"),
    (f"{HOUSES}.inputs", [], "allowed: a list of at least 1 values"),
    (f"{HOUSES}.inputs", ["GrLivArea", "GrLivArea"], "allowed: values that are all different"),
    (f"{HOUSES}.inputs", ["SalePrice"], "found the target; allowed: other columns"),
    # Networks
    (f"{BASE}.model", "transformer", "allowed: one of dense, convolutional, module"),
    (f"{BASE}.widths", 8, "found 8; allowed: a list"),
    (f"{BASE}.widths", [0], "[0]: found 0; allowed: a number at least 1"),
    (f"{BASE}.widths", [8, -5], "[1]: found -5; allowed: a number at least 1"),
    (f"{BASE}.widths", [10**9], "[0]: found 1000000000; allowed: a number at most 10000"),
    (f"{BASE}.widths", [8] * 101, "allowed: a list of at most 100 values"),
    (f"{BASE}.widths", [8.5], "[0]: found 8.5; allowed: a whole number"),
    (f"{BASE}.widths", ["8"], "[0]: found '8'; allowed: a whole number"),
    (f"{IMAGES}", CONVOLUTIONAL | {"channels": []}, "channels: found []; allowed: a list of at"),
    (f"{BASE}.dropout", 1, "found 1; allowed: a number less than 1"),
    (f"{BASE}.dropout", -0.1, "found -0.1; allowed: a number at least 0"),
    # Training
    (f"{BASE}.loss", "huber", "allowed: one of cross-entropy, mse, gaussian"),
    (f"{BASE}.optimizer", "lion", "allowed: one of sgd, sgd-momentum, adam, adamw, rmsprop"),
    (f"{BASE}.learning_rate", 0, "found 0; allowed: a number more than 0"),
    (f"{BASE}.learning_rate", -0.1, "found -0.1; allowed: a number more than 0"),
    (f"{BASE}.learning_rate", 1e9, "allowed: a number at most 1000"),
    (f"{BASE}.learning_rate", "1e999", "found inf; allowed: a finite number"),
    (f"{BASE}.learning_rate", "1e-400", "found 0; allowed: a number more than 0"),
    (f"{BASE}.learning_rate", "fast", "found 'fast'; allowed: a number"),
    (f"{BASE}.learning_rate", [0.1], "found [0.1]; allowed: a number"),
    (f"{BASE}.learning_rate", None, "found None; allowed: a number"),
    (f"{BASE}.beta2", 1, "found 1; allowed: a number less than 1"),
    (f"{BASE}.epsilon", 0, "found 0; allowed: a number more than 0"),
    (f"{BASE}.weight_decay", -1, "found -1; allowed: a number at least 0"),
    (f"{BASE}.batch_size", 0, "allowed: full, or a whole number from 1 to 1000000"),
    (f"{BASE}.batch_size", "half", "allowed: full, or a whole number from 1 to 1000000"),
    (f"{BASE}.batch_size", 2.5, "allowed: full, or a whole number from 1 to 1000000"),
    (f"{BASE}.epochs", 0, "found 0; allowed: a number at least 1"),
    (f"{BASE}.epochs", 10**6, "allowed: a number at most 100000"),
    # Jobs and timing
    ("replicates_per_job.dense", 0, "found 0; allowed: a number at least 1"),
    ("replicates_per_job.recurrent", 1, "unknown key; allowed here: convolutional, dense, module"),
    ("timing.repetitions", 0, "found 0; allowed: a number at least 1"),
    ("timing.sweeps", ["rates", "rates"], "allowed: values that are all different"),
    # Sweeps
    ("sweeps", {}, "found {}; allowed: at least 1 keys"),
    ("sweeps", None, "found None; allowed: a mapping of keys"),
    (RATES, {}, "problem: missing; it must be given"),
    (f"{RATES}.problem", "cats", "found 'cats'; allowed: one of those under problems: digits, h"),
    (f"{RATES}.question", "", "allowed: text of at least 1 characters"),
    (f"{RATES}.replicates", 0, "found 0; allowed: a number at least 1"),
    (f"{RATES}.grid", "yes", "found 'yes'; allowed: true or false"),
    (f"{RATES}.sort", True, "unknown key; allowed here: axes, base, grid, points"),
    (f"{RATES}.points", [], "allowed: a list of at least 1 values"),
    (f"{RATES}.axes", {}, "found {}; allowed: at least 1 keys"),
    (f"{RATES}.axes.learning_rate", [], "allowed: a list of at least 1 values"),
    (f"{RATES}.axes.learning_rate", 0.1, "found 0.1; allowed: a list"),
    (f"{RATES}.axes.learning_rate", [0.1, "1e-1"], "allowed: values that are all different"),
    (f"{RATES}.axes.learning_rate", [0.1, -1], "[1]: found -1; allowed: a number more than 0"),
    (f"{RATES}.axes.widths", [[8], [0]], "[1]: found [0]; allowed: a number at least 1"),
    # On the command line
    ("delete", "yes", "found 'yes'; allowed: true or false"),
    ("against", "", "allowed: text of at least 1 characters"),
]


@pytest.mark.parametrize(("key", "value", "words"), BAD_VALUES)
def test_a_bad_value_is_told_by_its_key_with_what_is_allowed(refusal, key, value, words):
    message = refusal(put(key, value))
    assert message.startswith(f"configuration: {key}")
    assert words in message


# (configuration, the place named, what is allowed): what no schema can say
CONTRADICTIONS = [
    (put("timing.sweeps", ["nothing"]), "timing.sweeps[0]: found 'nothing'", "layers, rates"),
    (put("problems.digits", GONE), "sweeps.layers.problem: found 'digits'", "problems: houses"),
    (put(f"{BASE}.learning_rate", GONE) | {"sweeps": {"all": {"problem": "houses",
     "question": "?"}}, "timing": {**VALID["timing"], "sweeps": []}},
     "sweeps.all.learning_rate: found nothing", "a value, in the sweep or in the problem's base"),
    (put(f"{BASE}.optimizer", GONE), "sweeps.rates.optimizer: found nothing", "one of sgd, sgd-"),
    (put(f"{BASE}.widths", GONE), "sweeps.rates.widths: found nothing", "a value, in the sweep"),
    (put(f"{BASE}.learning_rat", 0.1), "sweeps.rates.learning_rat", UNKNOWN),
    (put(f"{RATES}.base", {"x": 1}), "sweeps.rates.x", UNKNOWN),
    (put(f"{RATES}.points", [{"rate": 1}]), "sweeps.rates.rate", UNKNOWN),
    (put(f"{RATES}.axes.rate", [0.1]), "sweeps.rates.rate", UNKNOWN),
    (put(f"{BASE}.depth", 3), "sweeps.rates.depth", UNKNOWN),
    (put(f"{BASE}.model", "module"), "sweeps.rates.module: found nothing", "FILE.py:Class"),
    (put(BASE, {"module": "none.py:Net"}), "sweeps.rates.module", "none.py: cannot be read"),
    (put(f"{BASE}.loss", "cross-entropy"), "sweeps.rates.loss: found cross-entropy",
     "for regression: mse, gaussian"),
    (put(f"{IMAGES}.loss", "gaussian"), "sweeps.layers.loss: found gaussian",
     "for classification: cross-entropy, mse"),
    (put(BASE, {**CONVOLUTIONAL, "loss": "mse", "channels": [8]}),
     "sweeps.rates.model: found convolutional", "for rows that are no images: dense, module"),
    (put(IMAGES, CONVOLUTIONAL), "sweeps.layers.channels: found nothing", "a value, in the sweep"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8] * 5}),
     "sweeps.layers.channels: found 5 convolutions", "fewer convolutions, a smaller kernel"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8, 8, 8], "padding": 0}),
     "convolution 3 has no pixel left", "or more padding"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8], "kernel": 50}),
     "convolution 1 has no pixel left", "a smaller kernel"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8], "pooling": 100}),
     "convolution 1 has no pixel left", "fewer convolutions"),
    (put(f"{BASE}.widths", []) | {"sweeps": {"rates": {**VALID["sweeps"]["rates"],
     "base": {"dropout": 0.2}}}}, "sweeps.rates.dropout: found 0.2", "0 for a network without"),
    (put(f"{RATES}.axes", {"learning_rate": [i / 1000 for i in range(1, 201)],
     "epochs": list(range(1, 202))}), "sweeps.rates: 40200 configurations found", "at most 20000"),
    (put(f"{RATES}.axes", {"loss": ["mse", "cross-entropy"]}),
     "sweeps.rates.loss: found cross-entropy", "for regression: mse, gaussian"),
]  # fmt: skip


@pytest.mark.parametrize(("configuration", "place", "words"), CONTRADICTIONS)
def test_a_study_that_cannot_be_is_told_by_its_place(refusal, configuration, place, words):
    message = refusal(configuration)
    assert message.startswith("configuration: ")
    assert place in message
    assert words in message


TEXT = yaml.safe_dump(VALID)
NESTED = "".join(
    f"{this}: &{this} {{{', '.join(f'k{i}: *{before}' for i in range(9))}}}\n"
    for before, this in zip("abcdefgh", "bcdefghi", strict=True)
)

# (text of the file, what the message says besides the file)
BAD_FILES = [
    ("", "found None; a mapping of keys is expected"),
    ("- a\n- b\n", "found ['a', 'b']; a mapping of keys is expected"),
    ("study: {title: [\n", "line 2: "),
    ("study:\n\ttitle: x\n", "line 2: found character '\\t' that cannot start any token"),
    (TEXT + "study: {title: x}\n", "key 'study' stands twice; each key may stand once"),
    (TEXT.replace("title:", "seed:"), "key 'seed' stands twice"),
    (TEXT + "x: &a 1\ny: *a\n", "alias '*a' found; aliases are not allowed"),
    ("a: &a {x: 1}\n" + NESTED + TEXT, "aliases are not allowed"),
    ("x: &a [*a]\n" + TEXT, "aliases are not allowed"),
    (TEXT + "x: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    (TEXT + "x: !!python/name:os.system\n", "could not determine a constructor"),
    (TEXT + "x: !include /etc/passwd\n", "could not determine a constructor for the tag"),
    ("__use_yte__: true\n?exit(7):\n  x: 1\n" + TEXT, "'__use_yte__' found; allowed: plain"),
    (TEXT + "---\n" + TEXT, "but found another document"),
    (TEXT + "? {a: 1}\n: x\n", "a key must be a plain word"),
    ("x: " + "[" * 5000 + "]" * 5000 + "\n", "nested too deep to be read"),
    (TEXT.encode("utf-16"), "is not UTF-8; the file must be UTF-8 text"),
    (TEXT.replace("A small", "A gro\xdf").encode("latin-1"), "is not UTF-8"),
    (TEXT.replace("A small", "A \0 small"), "special characters are not allowed"),
    ("# " + "x" * 1_000_001, "at most 1000000 are allowed"),
    (TEXT + "x: 2020-99-99\n", "month must be in 1..12"),
    (TEXT + "1e5: x\n", "1e5: unknown key; allowed here: against"),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_file_that_is_no_plain_mapping_is_told_by_its_name(refusal, text, words):
    message = refusal(text)
    assert "config.yaml" in message or message.startswith("configuration: ")
    assert words in message
    assert len(message) < 1000


def test_a_key_that_is_no_text_is_told(refusal):
    assert "top level: key 1 found; allowed: keys that are text" in refusal(TEXT + "1: 2\n")
    assert "study: key True found" in refusal(put("study", {True: 1}))


def test_a_file_that_is_no_file_is_not_read(tmp_path):
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(TunebookError, match=f"{path}: not a file; allowed: a file of YAML"):
            read_yaml(path)
    for path in (tmp_path / "none.yaml", "a\0b"):
        with pytest.raises(TunebookError, match="cannot be read .*allowed: a file of YAML text"):
            read_yaml(path)


def test_messages_hold_no_control_characters_and_stay_short(refusal):
    for configuration in (
        put("study", {**VALID["study"], "\x1b[31m\nred": 1}),
        put("study", {**VALID["study"], "x" * 5000: 1}),
        put("study.results", "\x1b[31m\n" + "x" * 5000),
    ):
        message = refusal(configuration)
        assert message.isprintable()
        assert len(message) < 300


# The same through the front door. A study that has run is there, to see that it stays as it is.


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("bad") / "study")
    for name in ("runs.csv", "runs/houses-a/replicates-0-4/training.json"):
        project.results(name).parent.mkdir(parents=True, exist_ok=True)
        project.results(name).write_text("of an earlier study\n")
    return project


def tree(folder):
    """Every file but logs, with its content and date."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
        if path.relative_to(folder).parts[0] not in (".snakemake", "logs")
        and "__pycache__" not in path.parts
    }


def user_sees(finished):
    """What Snakemake says after its notice on the profile: the first lines that matter."""
    lines = finished.stdout.splitlines()
    return [line for line in lines if line and not line.startswith("Using workflow specific")]


SMALL_TEXT = yaml.safe_dump(SMALL)
FRONT_DOOR = [
    (SMALL_TEXT.replace("0.001", "-0.001"), "axes.learning_rate[1]: found -0.001"),
    (SMALL_TEXT.replace("adam", "lion"), "optimizer: found 'lion'; allowed: one of sgd"),
    (SMALL_TEXT + "extra: 1\n", "extra: unknown key; allowed here"),
    (SMALL_TEXT + "study: {}\n", "key 'study' stands twice"),
    (SMALL_TEXT + "x: !!python/object/apply:os.mkdir [hacked]\n", "could not determine a cons"),
    ("__use_yte__: true\n?__import__('os').mkdir('hacked'):\n  x: 1\n" + SMALL_TEXT, "__use_yte__"),
    ("a: &a {x: 1}\n" + NESTED + SMALL_TEXT, "aliases are not allowed"),
    (SMALL_TEXT.replace("results: results", "results: ../.."), "results: found '../..'"),
    ("extends: none.yaml\n" + SMALL_TEXT, "none.yaml: cannot be read"),
    (SMALL_TEXT.replace("sweeps:\n  rates", "sweeps:\n  'x;touch hacked'"), "'x;touch hacked'"),
    (SMALL_TEXT.replace("replicates: 2", "replicates: 0"), "replicates: found 0; allowed: a"),
    ("study:\n\ttitle: x\n", "config/config.yaml, line 2: found character '\\t'"),
    ("", "config/config.yaml: found None; a mapping of keys is expected"),
]


@pytest.mark.parametrize(("text", "words"), FRONT_DOOR, ids=range(len(FRONT_DOOR)))
def test_snakemake_ends_with_the_message_and_nothing_is_changed(project, text, words):
    (project.folder / "config/config.yaml").write_text(text)
    before = tree(project.folder)
    finished = project.run(check=False, timeout=60)
    assert finished.returncode == 1
    lines = user_sees(finished)
    assert lines[0].startswith("WorkflowError in file")
    assert words in lines[1]
    assert "Traceback" not in finished.stdout
    assert len(lines) < 8, "one message, not a heap"
    assert tree(project.folder) == before
    assert not list(project.folder.rglob("hacked"))


def test_an_altered_raw_file_ends_in_a_message_and_is_not_trusted_later(project):
    project.write()
    folder = project.folder / "resources/by-hand"
    folder.mkdir(parents=True)
    (folder / "house_prices.csv").write_text(
        "Id,OverallQual,GrLivArea,SalePrice\n1,7,1710,208500\n"
    )
    try:
        for _ in range(2):
            finished = project.run("resources/ames.json", check=False)
            assert finished.returncode == 1
            assert "Error: house_prices.csv (dataset ames): no true copy of it" in finished.stdout
            assert "expected SHA-256 1e18addf" in finished.stdout
            assert "Traceback" not in finished.stdout
            assert not project.path("resources/ames.json").exists()
            assert not project.path("resources/ames/house_prices.csv").exists()
    finally:
        shutil.rmtree(project.folder / "resources")


def test_an_unknown_target_is_told(project):
    project.write()
    finished = project.run("results/nothing.csv", check=False)
    assert finished.returncode == 1
    assert "results/nothing.csv" in finished.stdout
    assert "Traceback" not in finished.stdout
