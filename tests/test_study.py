"""Configuration -> runs: what names a run, what is shared, and what is refused in one message."""

import copy
import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project import BOTH, DIGITS, ROOT, SMALL
from tunebook.jobs import TunebookError
from tunebook.loading import load_study
from tunebook.study import parameters
from tunebook.study.expand import expand
from tunebook.study.parameters import PARAMETERS
from tunebook.study.read import (
    StrictLoader,
    check_configuration,
    merge,
    normalise,
    read_chain,
    read_yaml,
)
from tunebook.study.resolve import layered, resolve, run_name
from tunebook.study.runs import Run, Study, replicate_seed

DEFAULT = read_chain(ROOT / "config/config.yaml")


def study(**changes):
    """The default study with some parts of its configuration laid over."""
    return expand(check_configuration(merge(DEFAULT, changes)), ROOT / "config")


def resolved(problem, folder=ROOT / "config", seed=0, **overrides):
    configuration = merge(DEFAULT, {"study": {"seed": seed}})
    base = configuration["problems"][problem]["base"]
    return resolve(problem, configuration, layered(base, overrides), "test", folder)


def houses(**overrides):
    return resolved("houses", **overrides)


def test_the_name_says_what_the_run_is():
    name = run_name(houses(widths=[100] * 5, learning_rate=0.001))
    assert name.startswith("houses-dense100x5-adam-lr0.001-bs100-")
    # A changed name would train every finished study again; change this only on purpose.
    name = run_name(resolved("digits"))
    assert name == "digits-conv16-32-64-adam-lr0.01-bs1000-69386d96"


SAME = [
    {"learning_rate": 1e-2}, {"dropout": 0}, {"beta1": 0.9, "beta2": 0.999}, {"epochs": 100.0},
    {"momentum": 0.5},  # Adam has none
    {"channels": [1], "padding": 0},  # a dense network has none
]  # fmt: skip
OTHER = [
    {"learning_rate": 0.02}, {"beta2": 0.99}, {"widths": [200] * 4}, {"dropout": 0.1},
    {"batch_size": "full"}, {"scale_inputs": "none"}, {"scale_target": "none"}, {"epochs": 99},
    {"loss": "gaussian"}, {"optimizer": "adamw"}, {"seed": 1},
]  # fmt: skip


@pytest.mark.parametrize("changes", SAME + OTHER)
def test_values_that_change_the_outcome_change_the_name_and_no_others(changes):
    assert (run_name(houses(**changes)) == run_name(houses())) is (changes in SAME)


def test_a_size_for_each_convolution_means_what_one_for_all_means():
    one = resolved("digits", kernel=3, padding=1)
    assert run_name(resolved("digits", kernel=[3] * 3, padding=[1, 1, 1])) == run_name(one)
    assert run_name(resolved("digits", kernel=3, padding=1, stride=[1] * 3)) == run_name(one)
    each = resolved("digits", kernel=[3, 3, 1], padding=1)
    assert each["kernel"] == [3, 3, 1] and run_name(each) != run_name(one)


def test_two_sweeps_share_a_configuration():
    whole = study()
    shared = whole.runs[whole.sweeps["best-houses"][0]]
    assert {"best-houses", "width-houses", "dropout-houses", "five-or-six"} <= set(shared.sweeps)
    assert len(whole.runs) < sum(map(len, whole.sweeps.values()))


def test_a_run_has_as_many_replicates_as_its_most_demanding_sweep():
    whole = study(sweeps={"best-houses": {"replicates": 12}})
    assert whole.runs[whole.sweeps["best-houses"][0]].replicates == 12
    assert whole.runs[whole.sweeps["rates-shallow"][0]].replicates == 10


def test_scientific_notation_is_a_number():
    axes = {"learning_rate": ["1e-2", "1e-3", "1E-4"]}
    whole = study(sweeps={"rates-deep": {"axes": axes}})
    assert whole.sweeps["rates-deep"] == study().sweeps["rates-deep"]


def test_sweeps_are_products_of_axes_times_points():
    whole = study(sweeps={"more": {
        "problem": "houses", "question": "?", "points": [{"widths": [10]}, {"widths": [20]}],
        "axes": {"learning_rate": [0.1, 0.2, 0.3], "dropout": [0, 0.5]},
    }})  # fmt: skip
    assert len(whole.sweeps["more"]) == 12


def test_blocks_are_aligned_so_that_growing_keeps_them():
    def blocks(replicates):
        return Run("name", {}, block=5, replicates=replicates).blocks

    assert blocks(5) == [(0, 4)]
    assert blocks(10) == [(0, 4), (5, 9)]
    assert blocks(12) == [(0, 4), (5, 9), (10, 11)]


def test_what_looks_add_begins_a_block_and_keeps_those_before():
    def blocks(replicates):
        return Run("name", {}, block=5, replicates=replicates, least=7, most=12).blocks

    assert blocks(7) == [(0, 4), (5, 6)]
    assert blocks(12) == [*blocks(10), (10, 11)] == [*blocks(7), (7, 9), (10, 11)]


def test_a_sweep_with_replicates_of_its_own_is_fixed_but_for_runs_that_it_shares():
    plan = {"problems": {"houses": {"replicates": {"least": 5, "most": 40}}}}
    whole = study(**plan, sweeps={"best-houses": {"replicates": 12}, "rates-deep": {
        "replicates": 3, "axes": {"learning_rate": [0.7]}}})  # fmt: skip
    [best], [own] = (whole.sweeps[name] for name in ("best-houses", "rates-deep"))
    assert (whole.runs[best].least, whole.runs[best].most) == (12, 40)
    assert (whole.runs[own].replicates, whole.runs[own].most) == (3, 3)
    assert whole.plan == {"houses": {"least": 5, "most": 40, "minutes": None}}
    fixed = study(problems={"houses": {"replicates": 10}})
    assert fixed.plan == {} and "looks" not in fixed.description()


def test_seeds_differ_between_replicates_and_problems_and_never_vary():
    seeds = {replicate_seed(0, problem, r) for problem in ("digits", "houses") for r in range(100)}
    assert len(seeds) == 200
    assert replicate_seed(0, "houses", 3) == replicate_seed(0, "houses", 3)


def test_adding_and_reordering_keys_renames_nothing():
    sweep = {"problem": "houses", "question": "?", "axes": {"dropout": [0.4]}}
    more = {"one-more": sweep, **dict(reversed(DEFAULT["sweeps"].items()))}
    titled = merge(DEFAULT, {"study": {"title": "another"}}) | {"sweeps": more}
    whole = expand(check_configuration(titled), ROOT / "config")
    assert set(study().runs) < set(whole.runs)
    assert len(whole.runs) == len(study().runs) + 1


def test_a_loss_has_a_default_in_its_task():
    for problem, loss in (("digits", "cross-entropy"), ("houses", "mse")):
        base = {k: v for k, v in DEFAULT["problems"][problem]["base"].items() if k != "loss"}
        assert resolve(problem, DEFAULT, base, "test", ROOT)["loss"] == loss


NETWORK = """
import torch

class Taken(torch.nn.Module):
    def __init__(self, inputs, outputs, test_mse):
        super().__init__()

class Skip(torch.nn.Module):
    def __init__(self, inputs, outputs, width, skip=True):
        super().__init__()
"""


def module(folder, text=NETWORK, **overrides):
    (folder / "networks.py").write_text(text)
    return resolved("houses", folder, **{"module": "networks.py:Skip"} | overrides)


def test_a_network_of_the_studys_own_is_named_by_its_arguments_and_its_syntax_tree(tmp_path):
    run = module(tmp_path, width=16)
    assert run["model"] == "module"
    assert (run["width"], run["skip"]) == (16, True)
    assert "widths" not in run
    assert run_name(run).startswith("houses-skip-adam-lr0.01-bs100-")
    assert run_name(module(tmp_path, width=17)) != run_name(run)
    assert run_name(module(tmp_path, "# a comment\n" + NETWORK, width=16)) == run_name(run)
    other = NETWORK.replace("skip=True", "skip=False")
    assert run_name(module(tmp_path, other, width=16)) != run_name(run)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({}, "width: found nothing; allowed: a value; networks.py:Skip needs it"),
        ({"width": 1, "depth": 3}, "depth: unknown hyper-parameter; allowed here"),
        ({"module": "other.py:Skip", "width": 1}, "module: "),
        ({"module": "networks.py:Taken"}, "found Taken with an argument test_mse; allowed"),
        ({"module": "networks.py:None", "width": 1}, "module: "),
    ],
)
def test_a_network_of_the_studys_own_that_cannot_be_is_told(tmp_path, overrides, words):
    with pytest.raises(TunebookError, match=words):
        module(tmp_path, **overrides)


def test_a_later_layer_gives_a_module_up_and_takes_one_up():
    dense = {"model": "dense", "widths": [3]}
    assert layered(dense, {"module": "a.py:B"})["model"] == "module"
    assert "module" not in layered({"module": "a.py:B"}, dense)


def test_one_file_extends_another(tmp_path):
    (tmp_path / "a.yaml").write_text("x: {one: 1, two: [1, 2]}\ny: 1\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nx: {two: [3], three: 3}\ny: null\n")
    assert read_chain(tmp_path / "b.yaml") == {"x": {"one": 1, "two": [3], "three": 3}}
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    with pytest.raises(TunebookError, match="extends itself"):
        read_chain(tmp_path / "b.yaml")
    (tmp_path / "a.yaml").write_text("extends: none.yaml\n")
    with pytest.raises(TunebookError, match="none.yaml: cannot be read"):
        read_chain(tmp_path / "b.yaml")


def test_the_readme_shows_the_table_of_hyper_parameters():
    assert parameters.markdown() in (ROOT / "config/README.md").read_text(encoding="utf-8")


def test_the_columns_of_a_study_are_those_of_its_runs():
    rows = study().rows()
    names = study().description()["parameters"]
    assert {name for row in rows for name in row} - {"run", "problem", "sweeps"} == set(names)


# What is refused. Bad configurations and files end in one message that names the key or the file
# and what is allowed.

LAYERS = {"problem": "digits", "question": "Which layers?"}
VALID = merge(merge(SMALL, BOTH), {"sweeps": {"layers": LAYERS}})
GONE = object()


def put(path, value, configuration=VALID):
    """The configuration with one key changed, or GONE; path: keys, as text with dots between."""
    configuration = copy.deepcopy(configuration)
    *parents, last = path.split(".") if isinstance(path, str) else path
    inner = configuration
    for key in parents:
        inner = inner[key]
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


HOUSES = "problems.houses"
BASE = "problems.houses.base"
IMAGES = "problems.digits.base"
RATES = "sweeps.rates"
CONVOLUTIONAL = {**DIGITS["base"], "model": "convolutional", "widths": []}
ROLLING = {"augment_border": "roll"}
UNKNOWN = "unknown hyper-parameter; allowed here: a"

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
    ("study.colour", "red", "unknown key; allowed here: author, level, results, seed, source"),
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
    ("study.results", "results\n", "allowed: a folder name that starts with results"),
    ("study.results", "results" + "x" * 300, "allowed: a folder name that starts with results"),
    ("sweeps", {"../../x": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
    ("sweeps", {"Rates 2": VALID["sweeps"]["rates"]}, "allowed: small letters, numerals and"),
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
    (f"{HOUSES}.baselines.x", {"estimator": "sklearn.svm.SVR", "target": "root"}, "of as-is, log"),
    (
        f"{HOUSES}.baselines.x",
        {"estimator": "sklearn.svm.SVR", "virtual": "support-vectors"},
        "x.virtual: found support-vectors, and a dataset that is no images; allowed: nothing",
    ),
    (
        "problems.digits.baselines",
        {"x": {"estimator": "sklearn.svm.SVC", "target": "log"}},
        "x.target: found log with classes; allowed: as-is",
    ),
    # Datasets
    ("datasets", {}, "found {}; allowed: at least 1 keys"),
    ("datasets.ames.files", {}, "found {}; allowed: at least 1 keys"),
    ("datasets.ames.files", {"../x": {"path": "x"}}, "a file name of letters, numerals"),
    ("datasets.ames.files", {"f": {}}, "f: found {}; allowed: {path: FILE}, {addresses:"),
    ("datasets.ames.files", {"f": {"path": "f", "addresses": ["https://host/f"]}}, "{path: FILE}"),
    (
        "datasets.ames.files",
        {"f": {"made_by": "data.py:f", "made_from": "g"}},
        "f.made_from: found g; allowed: a file with addresses or a path (there is none)",
    ),
    (
        "datasets.ames.files",
        {"f": {"path": "f", "made_from": "g"}, "g": {"path": "g"}},
        "f: found made_from; allowed: beside made_by",
    ),
    ("datasets.ames.reader", "excel", "allowed: one of csv, parquet, npz, images"),
    ("datasets.ames.separator", ";;", "one character, or whitespace"),
    ("datasets.ames.decimal", ";", "allowed: one of ., ,"),
    ("datasets.ames.colour", "red", "unknown key; allowed here: citation, columns"),
    ("datasets.ames.columns", {"SalePrice": {"type": "money"}}, "allowed: one of number, category"),
    ("datasets.usps.image", {"shape": [16, 16], "range": [0, 1]}, "allowed: a list of at least 3"),
    ("datasets.ames.stand_in", "os:system", "FILE.py:function, beside the configuration"),
    (f"{HOUSES}.replicates", 0, "found 0; allowed: a number at least 1"),
    (f"{HOUSES}.replicates", 1001, "allowed: a number at most 1000"),
    (f"{HOUSES}.replicates", "ten", "found 'ten'; allowed: a whole number"),
    (f"{HOUSES}.replicates", {"least": 9, "most": 5}, "found least 9 and most 5; allowed: least"),
    (f"{HOUSES}.replicates", {"least": 0, "most": 5}, "least: found 0; allowed: a number at least"),
    (f"{HOUSES}.replicates", {"least": 2.5, "most": 5}, "least: found 2.5; allowed: a whole"),
    (f"{HOUSES}.replicates", {"least": 5}, "replicates.most: missing"),
    (f"{HOUSES}.replicates", {"least": 5, "most": 9, "minutes": 0}, "minutes: found 0; allowed"),
    (f"{HOUSES}.split.validation", -0.1, "found -0.1; allowed: a number at least 0"),
    (f"{HOUSES}.split.validation", 1, "found 1; allowed: a number less than 1"),
    (f"{HOUSES}.split", {"validation": 0.5, "test": 0.5}, "shares sum to 1; allowed: less than 1"),
    ("problems.digits.split", {"test": 0.2, "test_file": "a.gz"}, "found test and test_file"),
    ("problems.digits.split.test_file", "a.gz", "found a.gz; allowed: one of the dataset's files"),
    (f"{HOUSES}.split", {"group_on": "a", "time_on": "b"}, "found group_on and time_on; allowed"),
    (f"{HOUSES}.inputs", [], "allowed: a list of at least 1 values"),
    (f"{HOUSES}.inputs", ["GrLivArea", "GrLivArea"], "allowed: values that are all different"),
    (f"{HOUSES}.inputs", ["SalePrice"], "found the target; allowed: other columns"),
    # Networks
    (f"{BASE}.model", "transformer", "allowed: one of dense, convolutional, module"),
    (f"{BASE}.widths", 8, "found 8; allowed: a list"),
    (f"{BASE}.widths", [8, -5], "[1]: found -5; allowed: a number at least 1"),
    (f"{BASE}.widths", [10**9], "[0]: found 1000000000; allowed: a number at most 10000"),
    (f"{BASE}.widths", [8] * 101, "allowed: a list of at most 100 values"),
    (f"{BASE}.widths", ["8"], "[0]: found '8'; allowed: a whole number"),
    (f"{IMAGES}", CONVOLUTIONAL | {"channels": []}, "channels: found []; allowed: a list of at"),
    (f"{IMAGES}.pooling", 0, "found 0; allowed: a whole number from 1 to 100, or a list of"),
    (f"{IMAGES}.kernel", [3, "5"], "found [3, '5']; allowed: a whole number from 1 to 100, or a"),
    (f"{IMAGES}.pooling_kind", "least", "found 'least'; allowed: one of max, average"),
    (f"{BASE}.dropout", 1, "found 1; allowed: a number less than 1"),
    (f"{BASE}.dropout", -0.1, "found -0.1; allowed: a number at least 0"),
    # Training
    (f"{BASE}.loss", "l2", "allowed: one of cross-entropy, mse, huber, absolute, gaussian"),
    (f"{BASE}.huber_delta", 0, "found 0; allowed: a number more than 0"),
    (f"{BASE}.label_smoothing", 1, "found 1; allowed: a number less than 1"),
    (f"{BASE}.noise", -1, "found -1; allowed: a number at least 0"),
    (f"{BASE}.scale_target", "logarithm", "one of range, min-max, standard, log, none"),
    (f"{BASE}.optimizer", "lion", "allowed: one of sgd, sgd-momentum, adam, adamw, rmsprop"),
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
    ("seconds_per_job", 0, "found 0; allowed: a number at least 1"),
    ("products", "mkl", "found 'mkl'; allowed: one of auto, numpy, torch"),
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
    (f"{RATES}.sort", True, "unknown key; allowed here: ablation, axes, base, grid"),
    (f"{RATES}.points", [], "allowed: a list of at least 1 values"),
    (f"{RATES}.axes", {}, "found {}; allowed: at least 1 keys"),
    (f"{RATES}.axes.learning_rate", [], "allowed: a list of at least 1 values"),
    (f"{RATES}.axes.learning_rate", 0.1, "found 0.1; allowed: a list"),
    (f"{RATES}.axes.learning_rate", [0.1, "1e-1"], "allowed: values that are all different"),
    (f"{RATES}.axes.learning_rate", [0.1, -1], "[1]: found -1; allowed: a number more than 0"),
    (f"{RATES}.axes.widths", [[8], [0]], "[1]: found [0]; allowed: a number at least 1"),
    # On the command line
    ("study.level", 0, "a number more than 0"),
    ("study.level", 1, "a number less than 1"),
    ("study.level", "5 %", "found '5 %'; allowed: a number"),
    ("delete", "yes", "found 'yes'; allowed: one of true, false, all"),
    ("against", "", "allowed: text of at least 1 characters"),
]


@pytest.mark.parametrize(("key", "value", "words"), BAD_VALUES)
def test_a_bad_value_is_told_by_its_key_with_what_is_allowed(refusal, key, value, words):
    message = refusal(put(key, value))
    assert message.startswith(f"configuration: {key}")
    assert words in message


# (configuration, the place named, what is allowed): what no schema can say
CONTRADICTIONS = [
    (put("study", {True: 1}), "study: key True found", "allowed: keys that are text"),
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
     "for regression: mse, huber, absolute, gaussian"),
    (put(BASE, VALID["problems"]["houses"]["base"] | {"loss": "gaussian", "scale_target": "log"}),
     "sweeps.rates.scale_target: found log", "for gaussian: range, min-max, standard, none"),
    (put("problems.houses.split", {"validation": 0}), "sweeps.rates.fit_on: found training",
     "development, since problems.houses.split.validation is 0"),
    (put("problems.houses", VALID["problems"]["houses"] | {
        "split": {"test": 0.2, "validation": 0},
        "base": VALID["problems"]["houses"]["base"] | {"fit_on": "development"},
        "baselines": {"ridge": {"estimator": "sklearn.linear_model.Ridge",
                                "grid": {"alpha": [0.1, 1.0]}}}}),
     "problems.houses.baselines.ridge.grid: found 2 candidates", "one value for each argument"),
    (put(RATES, VALID["sweeps"]["rates"] | {"grid": True, "base": {"fit_on": "development"}}),
     "sweeps.rates.grid: found true", "some run has fit_on: training"),
    (put(f"{BASE}.label_smoothing", 0.1), "label_smoothing: found 0.1 with loss = mse",
     "0.0, or loss = cross-entropy"),
    (put(f"{IMAGES}.loss", "huber"), "sweeps.layers.loss: found huber",
     "for classification: cross-entropy, mse"),
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
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8, 8, 8], "kernel": [3, 3]}),
     "sweeps.layers.kernel: found a list of 2", "a list of 3, one for each of the channels"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8], "pooling": [1, 2]}),
     "sweeps.layers.pooling: found a list of 2", "a whole number, or a list of 1"),
    (put(IMAGES, CONVOLUTIONAL | {"channels": [8, 8], "stride": [9, 2]}),
     "convolution 2 has no pixel left of a map of 1 x 1", "fewer convolutions"),
    (put(f"{IMAGES}.stride", 2), "sweeps.layers.stride: found 2 with model = dense",
     "1, or model = convolutional"),
    (put(f"{IMAGES}.pooling_kind", "average"), "sweeps.layers.pooling_kind: found average",
     "max, or model = convolutional"),
    (put(f"{BASE}.padding_value", -1), "sweeps.rates.padding_value: found -1 with data = table",
     "0.0, or data = images"),
    (put(f"{BASE}.widths", []) | {"sweeps": {"rates": {**VALID["sweeps"]["rates"],
     "base": {"dropout": 0.2}}}}, "sweeps.rates.dropout: found 0.2", "0 for a network without"),
    (put(f"{BASE}.augment_shift", 2), "sweeps.rates.augment_shift: found 2 with data = table",
     "allowed: 0.0, or data = images"),
    (put(f"{BASE}.augment_border", "roll"), "found roll with data = table", "value, or data ="),
    (put(IMAGES, DIGITS["base"] | ROLLING | {"augment_shift": 1.5}),
     "sweeps.layers.augment_shift: found 1.5", "whole pixels where images roll round"),
    (put(IMAGES, DIGITS["base"] | ROLLING | {"augment_rotate": 5}),
     "sweeps.layers.augment_border: found roll with augment_rotate", "value, or shifts alone"),
    (put(f"{BASE}.widths", []) | {"sweeps": {"rates": {**VALID["sweeps"]["rates"],
     "base": {"activation": "tanh"}}}}, "sweeps.rates.activation: found tanh",
     "relu for a network without hidden layers"),
    (put(f"{RATES}.base", {"normalization": "batch", "batch_size": 1}),
     "sweeps.rates.batch_size: found 1", "2 or more rows"),
    (put(f"{RATES}.base", {"embedding": "periodic", "embedding_size": 7}),
     "sweeps.rates.embedding_size: found 7", "an even number"),
    (put(f"{IMAGES}.embedding", "periodic"),
     "sweeps.layers.embedding: found periodic with data = images", "none, or data = table"),
    (put(f"{RATES}.axes", {"learning_rate": [i / 1000 for i in range(1, 201)],
     "epochs": list(range(1, 202))}), "sweeps.rates: 40200 configurations found", "at most 20000"),
]  # fmt: skip


@pytest.mark.parametrize(("configuration", "place", "words"), CONTRADICTIONS)
def test_a_study_that_cannot_be_is_told_by_its_place(refusal, configuration, place, words):
    message = refusal(configuration)
    assert message.startswith("configuration: ")
    assert place in message
    assert words in message


TEXT = yaml.safe_dump(VALID)
# (text of the file, what the message says besides the file)
BAD_FILES = [
    ("", "found None; a mapping of keys is expected"),
    ("- a\n- b\n", "found ['a', 'b']; a mapping of keys is expected"),
    ("study: {title: [\n", "line 2: "),
    ("study:\n\ttitle: x\n", "line 2: found character '\\t' that cannot start any token"),
    (TEXT + "study: {title: x}\n", "key 'study' stands twice; each key may stand once"),
    (TEXT.replace("title:", "seed:"), "key 'seed' stands twice"),
    (TEXT + "x: &a 1\ny: *a\n", "alias '*a' found; aliases are not allowed"),
    ("x: &a [*a]\n" + TEXT, "aliases are not allowed"),
    (TEXT + "x: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
    (TEXT + "x: !include /etc/passwd\n", "could not determine a constructor for the tag"),
    ("__use_yte__: true\n?exit(7):\n  x: 1\n" + TEXT, "'__use_yte__' found; allowed: plain"),
    (TEXT + "---\n" + TEXT, "but found another document"),
    (TEXT + "? {a: 1}\n: x\n", "a key must be a plain word"),
    ("x: " + "[" * 5000 + "]" * 5000 + "\n", "nested too deep to be read"),
    (TEXT.encode("utf-16"), "is not UTF-8; the file must be UTF-8 text"),
    (TEXT.replace("A small", "A gro\xdf").encode("latin-1"), "is not UTF-8"),
    (TEXT.replace("A small", "A \0 small"), "special characters are not allowed"),
    ("# " + "x" * 1_000_001, "at most 1000000 are allowed"),
    (TEXT + "1e5: x\n", "1e5: unknown key; allowed here: against"),
    (TEXT + "1: 2\n", "top level: key 1 found; allowed: keys that are text"),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_file_that_is_no_plain_mapping_is_told_by_its_name(refusal, text, words):
    message = refusal(text)
    assert "config.yaml" in message or message.startswith("configuration: ")
    assert words in message
    assert len(message) < 1000


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


# Whatever the reader is given, it accepts it or explains; it does nothing else.

POINTS = [
    {"model": "dense", "widths": [8, 8]},
    {"model": "convolutional", "channels": [2, 3], "kernel": 3, "widths": []},
]
FUZZED = merge(VALID, {"sweeps": {"layers": {"grid": True, "points": POINTS}}})

FEW = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,  # the same cases every time: what fails here fails everywhere
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

WORDS = [
    "full", "dense", "convolutional", "adam", "sgd-momentum", "mse", "gaussian", "raw", "1e-3",
    "1e999", "nan", "", "..", "../x", "\n", "\0", "yes", "digits", "houses", "rates", "é", "<b>",
    "$(x)", "=", "{{",
]  # fmt: skip
numbers = st.one_of(
    st.integers(-3, 30),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([1e-3, 1e300, 2**31, 2**64, 10**400, -0.0, 0.2, 2.0]),
)
leaves = st.one_of(
    st.none(), st.booleans(), numbers, st.sampled_from(WORDS), st.text(max_size=20), st.binary()
)
keys = st.one_of(
    st.sampled_from(sorted(PARAMETERS)),
    st.sampled_from(["study", "problems", "sweeps", "axes", "points", "base", "replicates", "x"]),
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


def accept_or_explain(configuration):
    """The study, or the message; anything else is a failure of the test that calls this."""
    try:
        study = expand(check_configuration(configuration), ".")
    except TunebookError as error:
        message = str(error)
        assert message.startswith("configuration: "), "the message says where to look"
        assert len(message) < 3000, "the message can be read"
        assert re.search(r"allowed|must be|at most", message), "the message says what is allowed"
        return message
    # What the workflow takes for granted of a study that was accepted.
    assert study.runs
    for name, run in study.runs.items():
        assert re.fullmatch(r"[a-z][a-z0-9.e+-]*", name), "the name is a safe folder name"
        assert len(name) < 200
        assert 1 <= run.replicates <= 1000
        firsts = [first for first, _ in run.blocks]
        assert firsts == list(range(0, run.replicates, run.block))
    assert {run for runs in study.sweeps.values() for run in runs} == set(study.runs)
    return study


def places(value, path=()):
    """The path of every value inside nested mappings and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, (dict, list)):
            yield from places(item, (*path, key))


PLACES = sorted(places(FUZZED), key=str)


def test_the_configurations_that_are_changed_are_accepted():
    assert set(accept_or_explain(VALID).sweeps) == {"rates", "layers"}
    assert isinstance(accept_or_explain(FUZZED), Study)


@settings(FEW, max_examples=400)
@given(st.sampled_from(PLACES), st.one_of(values, st.sampled_from([1, 2, 3, 0.5, 10, 100, 1000])))
def test_any_value_in_any_place(path, value):
    accept_or_explain(put(path, value, FUZZED))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_any_key_left_out(path):
    accept_or_explain(put(path, GONE, FUZZED))


@FEW
@given(st.sampled_from([p for p in PLACES if isinstance(p[-1], str)]), keys, values)
def test_any_further_key(path, key, value):
    accept_or_explain(put((*path[:-1], key), value, FUZZED))


@FEW
@given(values)
def test_anything_at_all(value):
    assert isinstance(accept_or_explain(value), str)


@FEW
@given(st.recursive(numbers, lambda inner: st.lists(inner, min_size=1, max_size=1), max_leaves=1))
def test_numbers_have_one_form(value):
    try:
        once = normalise({"x": value})
    except TunebookError:
        return
    assert normalise(once) == once
    assert repr(normalise(once)) == repr(once)


def read(path, data):
    """What `read_yaml` gives for a file of these bytes: a mapping, or a message."""
    path.write_bytes(data)
    try:
        value = read_yaml(path)
    except TunebookError as error:
        assert str(path) in str(error), "the message names the file"
        return str(error)
    assert isinstance(value, dict)
    return value


YAMLS_OWN = st.text(alphabet="abc:-[]{}&*!|>%@`#'\",?\n\t 01.e<=~", max_size=80)


@settings(FEW, max_examples=400)
@given(st.one_of(st.binary(max_size=200), YAMLS_OWN.map(str.encode)))
def test_any_bytes_as_a_file(tmp_path, data):
    read(tmp_path / "config.yaml", data)


SOURCE = yaml.safe_dump(FUZZED, sort_keys=False).encode()


@FEW
@given(st.integers(0, len(SOURCE) - 1), st.integers(0, 60), st.binary(max_size=10))
def test_a_file_with_a_piece_overwritten(tmp_path, start, length, piece):
    value = read(tmp_path / "config.yaml", SOURCE[:start] + piece + SOURCE[start + length :])
    if isinstance(value, dict):
        accept_or_explain(value)


@FEW
@given(values)
def test_what_safe_yaml_writes_is_read_back_or_refused(tmp_path, value):
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    text = yaml.dump({"x": value}, Dumper=NoAliases, allow_unicode=True)
    found = read(tmp_path / "config.yaml", text.encode("utf-8", "surrogatepass"))
    if isinstance(found, dict):
        assert repr(found) == repr(yaml.load(text, Loader=StrictLoader))
