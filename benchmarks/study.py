"""A whole small study, from data to the chosen configuration, beside joblib with a plain loop.

Six configurations of dense networks with five replicates each, on a made-up table as large as the
default study's house prices. Tunebook is called as users call it; beside it, a script as one writes
it with joblib: every configuration and replicate a task, the plain loop of `training.py`, as many
processes as there are cores. Both take turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import HERE, ROOT, asked_for_quick, keep, result

TURNS, QUICK_TURNS = 3, 1
EPOCHS, QUICK_EPOCHS = 100, 2
REPLICATES, ROWS, INPUTS = 5, 1460, 4
WIDTHS, RATES = (100, 200), (0.001, 0.003, 0.01)
STUDY = """
study: {{title: A small study, seed: 0, results: results}}
datasets: {{table: {{files: {{table.csv: {{path: table.csv}}}}}}}}
problems:
  table:
    task: regression
    dataset: table
    target: y
    split: {{test: 0.2, validation: 0.2}}
    replicates: {replicates}
    base: {{model: dense, loss: mse, optimizer: adam, batch_size: 100, epochs: {epochs}}}
sweeps:
  grid:
    problem: table
    question: Which network has the lowest validation error?
    grid: true
    axes: {{widths: {widths}, learning_rate: {rates}}}
"""


def write_table(path):
    """Write a made-up table: inputs from 0 to 1, and a value that follows from them and chance."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 1, (ROWS, INPUTS))
    y = 100 * np.sin(3 * x).sum(1) + random.normal(0, 5, ROWS)
    head = ",".join([*(f"x{i}" for i in range(INPUTS)), "y"])
    np.savetxt(path, np.column_stack([x, y]), "%.6f", ",", header=head, comments="")


def ours(folder, epochs):
    """Seconds of `snakemake` from the table to the choice, in a folder where nothing is yet."""
    write_table(folder / "table.csv")
    widths = [[width] * 5 for width in WIDTHS]
    text = STUDY.format(replicates=REPLICATES, epochs=epochs, widths=widths, rates=list(RATES))
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return seconds_of(
        [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--configfile",
         "config.yaml", "--cores", str(os.cpu_count()), "results/choice/table.json"], folder
    )  # fmt: skip


def theirs(folder, epochs):
    """Seconds of the script with joblib, in a process of its own."""
    write_table(folder / "table.csv")
    return seconds_of([sys.executable, HERE / "study.py", "--joblib", str(epochs)], folder)


def seconds_of(command, folder):
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def fit(table, width, rate, replicate, epochs):
    """The validation error of one network after its last epoch: one task of joblib's."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    torch.manual_seed(replicate)
    rows = np.random.default_rng(replicate).permutation(len(table))
    train, validation = (table[rows[:876]], table[rows[876:1168]])
    low, high = train.min(0), train.max(0)
    pairs = []
    for part in (train, validation):
        scaled = torch.tensor((part - low) / (high - low), dtype=torch.float32)
        pairs.append((scaled[:, :-1], scaled[:, -1:]))
    layers, fan_in = [], INPUTS
    for _ in range(5):
        layers += [nn.Linear(fan_in, width), nn.ReLU()]
        fan_in = width
    network = nn.Sequential(*layers, nn.Linear(fan_in, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    loader, loss = DataLoader(TensorDataset(*pairs[0]), 100, shuffle=True), nn.MSELoss()
    for _ in range(epochs):
        network.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss(network(x), y).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            error = loss(network(pairs[1][0]), pairs[1][1]).item()
    return error


def with_joblib(epochs):
    """Train everything by joblib and say which configuration is best."""
    from joblib import Parallel, delayed

    table = np.loadtxt("table.csv", delimiter=",", skiprows=1)
    points = [(width, rate) for width in WIDTHS for rate in RATES]
    tasks = [(width, rate, r) for width, rate in points for r in range(REPLICATES)]
    errors = Parallel(n_jobs=os.cpu_count())(delayed(fit)(table, *t, epochs) for t in tasks)
    means = np.reshape(errors, (len(points), REPLICATES)).mean(1)
    print(points[int(means.argmin())])


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--joblib", type=int, help=argparse.SUPPRESS)
    epochs = parser.parse_known_args()[0].joblib
    if epochs is not None:
        with_joblib(epochs)
        return
    quick = asked_for_quick(__doc__)
    ways = {"Tunebook": ours, "joblib with a plain loop": theirs}
    seconds = {name: [] for name in ways}
    for turn in range(QUICK_TURNS if quick else TURNS):
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            with tempfile.TemporaryDirectory() as folder:
                epochs = QUICK_EPOCHS if quick else EPOCHS
                seconds[name].append(ways[name](Path(folder), epochs))
        print(f"turn {turn + 1} done", flush=True)
    case = f"{len(WIDTHS) * len(RATES)} configurations, {REPLICATES} replicates"
    found = [result(case, name, "s", values) for name, values in seconds.items()]
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    found.append(result(case, "times as fast as joblib", "", ratios))
    keep("study", found, quick)


if __name__ == "__main__":
    main()
