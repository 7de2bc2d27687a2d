"""How the cost of everything but training grows with the number of configurations.

Measured is `snakemake -n` on made-up studies: while everything is still to be made, when the graph
is built and every job listed, and when all is made, when every file is compared too. Nothing is
trained: every output is made empty, and Snakemake is told by its own `--touch` that it is whole,
for which it waits a tenth of a second a job. The default study is measured beside them.
"""

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, asked_for_quick, keep, result

# Configurations: repetitions.
SIZES, QUICK_SIZES = {100: 5, 1000: 3, 5000: 2}, {3: 1, 6: 1}
DEFAULT_REPETITIONS = 5
ALL, NOTHING = "everything to do", "nothing to do"
STUDY = """
study: {title: Many configurations, seed: 0, results: results}
datasets: {table: {files: {table.csv: {path: table.csv}}}}
problems:
  table:
    task: regression
    dataset: table
    target: y
    split: {test: 0.2, validation: 0.2}
    replicates: 5
    base:
      {model: dense, widths: [100], loss: mse, optimizer: adam, batch_size: 100, epochs: 100}
sweeps:
  many:
    problem: table
    question: How does the cost of the graph grow?
    axes: {learning_rate: RATES}
"""


def write_study(folder, size):
    """Write a study whose one sweep has `size` learning rates; returns its configuration's path."""
    Path(folder, "table.csv").write_text("x,y\n" + "1,2\n2,3\n" * 20, encoding="utf-8")
    path = Path(folder, "config.yaml")
    rates = [(i + 1) / 1e5 for i in range(size)]
    path.write_text(STUDY.replace("RATES", str(rates)), encoding="utf-8")
    return path


def snakemake(folder, configuration, *words):
    """Run snakemake in a folder; returns its wall seconds and what it printed."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(configuration), "--cores", "1", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    finished = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    seconds, text = time.perf_counter() - started, finished.stdout + finished.stderr
    if finished.returncode:
        sys.exit(f"snakemake {' '.join(words)}:\n{text[-3000:]}")
    return seconds, text


def plan(folder, configuration, repetitions, expected):
    """Seconds of `snakemake -n`, which must find something, or nothing, to do."""
    seconds = []
    for _ in range(repetitions):
        elapsed, text = snakemake(folder, configuration, "-n")
        if ("Nothing to be done" in text) != (expected == NOTHING):
            sys.exit(f"snakemake -n planned otherwise than {expected}:\n{text[-3000:]}")
        seconds.append(elapsed)
    return seconds


def finish(folder, configuration):
    """Make the study in a folder look finished to Snakemake."""
    _, text = snakemake(folder, configuration, "--summary", "--quiet", "all")
    for line in text.splitlines():
        if "\t" in line and not line.startswith("output_file\t"):
            path = Path(folder, line.split("\t")[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    snakemake(folder, configuration, "--touch", "--forceall", "--quiet", "all")


def measure(size, repetitions):
    """{what there is to do: seconds} of a made-up study, or of the default one for no size."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_study(folder, size) if size else ROOT / "config/config.yaml"
        everything = plan(folder, path, repetitions, ALL)
        finish(folder, path)
        return {ALL: everything, NOTHING: plan(folder, path, repetitions, NOTHING)}


def growth(sizes, seconds):
    """k where seconds grow as sizes to the power of k, from the last two of them."""
    return math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])


def main():
    quick = asked_for_quick(__doc__)
    found, sizes, medians = [], [], {ALL: [], NOTHING: []}
    for size, repetitions in (QUICK_SIZES if quick else SIZES).items():
        case = f"{size} configurations"
        sizes.append(size)
        for what, seconds in measure(size, repetitions).items():
            found.append(result(case, what, "s", seconds))
            medians[what].append(statistics.median(seconds))
            if len(sizes) > 1:
                power = growth(sizes, medians[what])
                found.append(result(case, f"{what}: grows to the power of", "", [power]))
        print(case, "done", flush=True)
    default = {} if quick else measure(None, DEFAULT_REPETITIONS)
    found += [result("the default study", what, "s", seconds) for what, seconds in default.items()]
    keep("graph", found, quick)


if __name__ == "__main__":
    main()
