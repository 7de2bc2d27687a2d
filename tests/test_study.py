"""Configuration -> runs: what names a run, what two sweeps share, and what is refused."""

import copy
from pathlib import Path

import pytest

from tunebook.jobs import TunebookError
from tunebook.study import parameters
from tunebook.study.read import check_configuration, merge, read_chain
from tunebook.study.runs import Run, expand, layered, replicate_seed, resolve, run_name

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = read_chain(ROOT / "config/config.yaml")


def study(change=None, folder=ROOT / "config"):
    configuration = copy.deepcopy(DEFAULT)
    if change:
        change(configuration)
    return expand(check_configuration(configuration), folder)


def resolved(problem, folder=ROOT / "config", seed=0, **overrides):
    configuration = merge(DEFAULT, {"study": {"seed": seed}})
    base = configuration["problems"][problem]["base"]
    return resolve(problem, configuration, layered(base, overrides), "test", folder)


def houses(**overrides):
    return resolved("houses", **overrides)


def test_the_name_says_what_the_run_is():
    assert run_name(houses(widths=[100] * 5, learning_rate=0.001)).startswith(
        "houses-dense100x5-adam-lr0.001-bs100-"
    )
    assert run_name(resolved("digits")).startswith("digits-conv16-32-64-adam-lr0.01-bs1000-")


def test_the_default_study_keeps_its_names():
    # A changed name would train every finished study again; change this only on purpose.
    name = run_name(resolved("digits"))
    assert name == "digits-conv16-32-64-adam-lr0.01-bs1000-69386d96"


@pytest.mark.parametrize(
    "same",
    [
        {"learning_rate": 1e-2},
        {"dropout": 0},
        {"beta1": 0.9, "beta2": 0.999},
        {"momentum": 0.5},  # Adam has none
        {"channels": [1], "padding": 0},  # a dense network has none
        {"epochs": 100.0},
    ],
)
def test_values_that_change_nothing_keep_the_name(same):
    assert run_name(houses(**same)) == run_name(houses())


@pytest.mark.parametrize(
    "other",
    [
        {"learning_rate": 0.02}, {"beta2": 0.99}, {"widths": [200] * 4}, {"dropout": 0.1},
        {"batch_size": "full"}, {"scale_inputs": "none"}, {"scale_target": "none"}, {"epochs": 99},
        {"loss": "gaussian"}, {"optimizer": "adamw"},
    ],
)  # fmt: skip
def test_values_that_change_the_outcome_change_the_name(other):
    assert run_name(houses(**other)) != run_name(houses())


def test_the_seed_is_part_of_what_a_run_is():
    assert run_name(houses(seed=1)) != run_name(houses())


def test_two_sweeps_share_a_configuration():
    whole = study()
    shared = whole.runs[whole.sweeps["best-houses"][0]]
    assert {"best-houses", "width-houses", "dropout-houses", "five-or-six"} <= set(shared.sweeps)
    assert len(whole.runs) < sum(map(len, whole.sweeps.values()))


def test_a_run_has_as_many_replicates_as_its_most_demanding_sweep():
    def change(configuration):
        configuration["sweeps"]["best-houses"]["replicates"] = 12

    whole = study(change)
    assert whole.runs[whole.sweeps["best-houses"][0]].replicates == 12
    assert whole.runs[whole.sweeps["rates-shallow"][0]].replicates == 10


def test_scientific_notation_is_a_number():
    def change(configuration):
        configuration["sweeps"]["rates-deep"]["axes"]["learning_rate"] = ["1e-2", "1e-3", "1E-4"]

    assert study(change).sweeps["rates-deep"] == study().sweeps["rates-deep"]


def test_sweeps_are_products_of_axes_times_points():
    def change(configuration):
        configuration["sweeps"] = {
            "best-houses": {
                "problem": "houses", "question": "?",
                "points": [{"widths": [10]}, {"widths": [20]}],
                "axes": {"learning_rate": [0.1, 0.2, 0.3], "dropout": [0, 0.5]},
            }
        }  # fmt: skip
        configuration["timing"]["sweeps"] = []

    assert len(study(change).runs) == 12


def test_blocks_are_aligned_so_that_growing_keeps_them():
    def blocks(replicates):
        return Run("name", {}, block=5, replicates=replicates).blocks

    assert blocks(5) == [(0, 4)]
    assert blocks(10) == [(0, 4), (5, 9)]
    assert blocks(12) == [(0, 4), (5, 9), (10, 11)]


def test_seeds_differ_between_replicates_and_problems_and_never_vary():
    seeds = {replicate_seed(0, problem, r) for problem in ("digits", "houses") for r in range(100)}
    assert len(seeds) == 200
    assert replicate_seed(0, "houses", 3) == replicate_seed(0, "houses", 3)


def test_adding_and_reordering_keys_renames_nothing():
    def change(configuration):
        configuration["study"]["title"] = "another"
        configuration["sweeps"] = dict(reversed(configuration["sweeps"].items()))
        configuration["sweeps"]["one-more"] = {
            "problem": "houses", "question": "?", "axes": {"dropout": [0.4]}
        }  # fmt: skip

    assert set(study().runs) < set(study(change).runs)
    assert len(study(change).runs) == len(study().runs) + 1


def test_a_loss_belongs_to_a_task_and_has_a_default_there():
    with pytest.raises(TunebookError, match="loss: found gaussian; allowed: for classification"):
        resolved("digits", loss="gaussian")
    for problem, loss in (("digits", "cross-entropy"), ("houses", "mse")):
        base = {k: v for k, v in DEFAULT["problems"][problem]["base"].items() if k != "loss"}
        found = resolve(problem, DEFAULT, base, "test", ROOT)
        assert found["loss"] == loss


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
    return resolved("houses", folder, module="networks.py:Skip", **overrides)


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
    (tmp_path / "networks.py").write_text(NETWORK)
    with pytest.raises(TunebookError, match=words):
        resolved("houses", tmp_path, **({"module": "networks.py:Skip"} | overrides))


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
