"""Configuration -> runs: what names a run, what two sweeps share, and what is refused."""

import copy
from pathlib import Path

import pytest

from tunebook.configuration import check_configuration, read_yaml
from tunebook.jobs import TunebookError
from tunebook.study import Run, expand, replicate_seed, resolve, run_name

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = read_yaml(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = read_yaml(ROOT / "config/config.yaml")


def study(change=None):
    configuration = copy.deepcopy(DEFAULT)
    if change:
        change(configuration)
    return expand(check_configuration(configuration, SCHEMA), SCHEMA)


def houses(**overrides):
    base = DEFAULT["problems"]["houses"]["base"]
    return resolve("houses", {**base, **overrides}, 0, "test")


def test_the_name_says_what_the_run_is():
    assert run_name(houses(widths=[100] * 5, learning_rate=0.001)).startswith(
        "houses-dense100x5-adam-lr0.001-bs100-"
    )
    digits = resolve("digits", DEFAULT["problems"]["digits"]["base"], 0, "test")
    assert run_name(digits).startswith("digits-conv16-32-64-adam-lr0.01-bs1000-")


def test_the_default_study_keeps_its_names():
    # A changed name would train every finished study again; change this only on purpose.
    digits = resolve("digits", DEFAULT["problems"]["digits"]["base"], 0, "test")
    assert run_name(digits) == "digits-conv16-32-64-adam-lr0.01-bs1000-31720754"


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
        {"batch_size": "full"}, {"features": "raw"}, {"target": "raw"}, {"epochs": 99},
        {"loss": "gaussian"}, {"optimizer": "adamw"},
    ],
)  # fmt: skip
def test_values_that_change_the_outcome_change_the_name(other):
    assert run_name(houses(**other)) != run_name(houses())


def test_the_seed_is_part_of_what_a_run_is():
    base = DEFAULT["problems"]["houses"]["base"]
    assert run_name(resolve("houses", base, 0, "")) != run_name(resolve("houses", base, 1, ""))


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


def test_gaussian_loss_is_for_prices_only():
    with pytest.raises(TunebookError, match="loss: found gaussian; allowed: for digits"):
        resolve("digits", {**DEFAULT["problems"]["digits"]["base"], "loss": "gaussian"}, 0, "x")
