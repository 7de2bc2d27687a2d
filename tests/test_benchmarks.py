"""The benchmarks count what they say, compare like with like, and run to the end."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tunebook.learn import models
from tunebook.learn.training import generators

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import graph
import measure
import training

BENCHMARKS = measure.HERE


@pytest.mark.parametrize(("side", "kernel", "padding"), [(16, 5, 2), (5, 3, 2), (4, 3, 0)])
def test_products_of_a_convolution_are_those_of_weights_and_pixels(side, kernel, padding):
    layer = nn.Conv2d(2, 3, kernel, padding=padding)
    network = nn.Sequential(nn.Unflatten(1, (2, side, side)), layer)
    # Of one row of pixels: over all places of the kernel, how many of its weights lie on a pixel.
    places = range(-padding, side + padding - kernel + 1)
    row = sum(min(place + kernel, side) - max(place, 0) for place in places)
    assert training.layer_products(network, 2 * side**2) == [row**2 * 2 * 3]


def test_operations_of_a_small_dense_network_are_those_worked_out_by_hand():
    products = training.layer_products(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)), 4)
    assert products == [4 * 3, 3 * 1]
    # A row forward: 15 products. Backward: 15 for weights, 3 for the inputs of the second layer.
    assert training.epoch_operations(products, rows=10, held_out=5) == (
        2 * (10 * (15 + 18) + 5 * 15)
    )


@pytest.mark.parametrize("case", training.CASES)
def test_the_plain_loop_trains_a_network_as_large_as_ours(case):
    configuration = training.configuration(case)
    ((_, record),) = training.replicates(case, 1, quick=True)
    ours = models.build(configuration, record, generators([0], "weights"), BENCHMARKS)
    theirs = training.network(configuration, record)
    assert sum(p.numel() for p in theirs.parameters()) == ours.size()


# From 20 random images nothing is learned about others.
@pytest.mark.parametrize(
    ("case", "falling"), [("dense 1 x 100, batch 100", (0, 1)), ("1989 network, batch 8", (0,))]
)
def test_the_plain_loop_learns(case, falling):
    torch.manual_seed(0)
    (replicate,) = training.replicates(case, 1, quick=True)
    loop = training.PlainLoop(training.configuration(case), replicate)
    first, *_, last = (loop.epoch() for _ in range(150))
    assert last[0] < 0.5 * first[0]
    assert all(last[loss] < first[loss] for loss in falling)


def test_the_plain_gaussian_loss_is_ours():
    outputs, y = torch.randn(7, 2), torch.randn(7, 1)
    ours = training.training.losses.gaussian(outputs[None], y[None]).mean()
    assert F.mse_loss(training.gaussian(outputs, y), ours) < 1e-8


def test_growth_is_the_power_between_the_last_two_sizes():
    assert graph.growth([10, 100, 1000], [1.0, 4.0, 4 * 10**1.5]) == pytest.approx(1.5)


def test_new_results_take_the_place_of_the_last_ones_of_that_benchmark(tmp_path):
    for name in ("results.csv", "README.md"):
        shutil.copy(BENCHMARKS / name, tmp_path)
    found = measure.result("a case", "time", "s", [3.0, 1.0, 2.0])
    measure.keep("graph", [found], quick=False, folder=tmp_path)
    with open(tmp_path / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows if row["benchmark"] == "graph"] == ["a case"]
    assert any(row["benchmark"] == "training" for row in rows)
    page = (tmp_path / "README.md").read_text()
    assert "| a case | 2 (1 to 3) |" in page and "the default study |" not in page
    assert "| dense 5 x 200, batch 100 |" in page


def test_the_page_shows_the_results_that_are_kept(tmp_path):
    page = shutil.copy(BENCHMARKS / "README.md", tmp_path)
    with open(BENCHMARKS / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for benchmark in ("training", "study", "graph", "verdicts"):
        kept = [row for row in rows if row["benchmark"] == benchmark]
        measure.put_on_page(benchmark, kept, Path(page))
    assert Path(page).read_text() == (BENCHMARKS / "README.md").read_text()


@pytest.mark.parametrize(
    ("script", "case"),
    [
        ("training.py", "1989 network, batch 1"),
        ("study.py", "6 configurations, 5 replicates"),
        ("graph.py", "6 configurations"),
        ("verdicts.py", "order, lognormal"),
    ],
)
def test_a_quick_trial_shows_its_table_and_keeps_nothing(script, case):
    before = (BENCHMARKS / "results.csv").read_bytes()
    command = [sys.executable, str(BENCHMARKS / script), "--quick"]
    text = subprocess.run(command, check=True, text=True, capture_output=True, timeout=600).stdout
    assert f"| {case} |" in text
    assert "nan" not in text and "not measured" not in text
    assert (BENCHMARKS / "results.csv").read_bytes() == before
