"""How the cost of everything but training grows with the number of configurations.

For studies of made-up configurations: seconds of `snakemake -n` while everything is still to be
made (the graph is built and every job listed), of `snakemake -n` when all is made (the graph is
built and every file compared), and of gathering all results into tables. Results are made up, so
nothing is trained. The default study's own `snakemake -n` with nothing to do is timed beside them.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import made_up_study
import numpy as np

# Configurations: repetitions.
SIZES, QUICK_SIZES = {100: 5, 1000: 3, 5000: 2}, {3: 1, 6: 1}
DEFAULT_REPETITIONS = 5
HERE = Path(__file__).resolve().parent


def run(folder, *command):
    """Run a Python command in a folder; returns its wall seconds and what it printed."""
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, *map(str, command)], cwd=folder, env=common.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if finished.returncode:
        sys.exit(f"benchmarks/graph.py: {' '.join(map(str, command))}:\n{finished.stdout[-3000:]}")
    return seconds, finished.stdout


def plan(folder, repetitions, nothing_to_do):
    """Seconds of `snakemake -n`, which must find something, or nothing, to do."""
    seconds = []
    for _ in range(repetitions):
        elapsed, text = run(folder, "-m", "snakemake", "-n")
        if ("Nothing to be done" in text) != nothing_to_do:
            sys.exit(f"benchmarks/graph.py: snakemake -n planned otherwise:\n{text[-3000:]}")
        seconds.append(elapsed)
    return common.spread(seconds)


def gather(folder, study, repetitions):
    """Seconds of the script that gathers the results."""
    values = folder / "values.json"
    values.write_text(json.dumps(made_up_study.gather_values(folder, study)))
    command = (HERE / "run_script.py", common.SCRIPTS / "gather.py", values)
    return common.spread([run(folder, *command)[0] for _ in range(repetitions)])


def measure(folder, size, repetitions):
    """All three times of one made-up study."""
    study = made_up_study.write_study(folder, size)
    build = plan(folder, repetitions, nothing_to_do=False)
    made_up_study.write_results(folder, study)
    run(folder, HERE / "finished.py")
    return {
        "configurations": size,
        "repetitions": repetitions,
        "build": build,
        "nothing": plan(folder, repetitions, nothing_to_do=True),
        "gather": gather(folder, study, repetitions),
    }


def default_study(folder, repetitions):
    """Seconds of `snakemake -n` of the default study once it is finished."""
    made_up_study.copy_project(folder)
    run(folder, HERE / "finished.py")
    return plan(folder, repetitions, nothing_to_do=True)


def exponents(sizes):
    """{time: k} for seconds that grow as configurations to the power of k.

    The slope of a straight line through the logarithms, by least squares. Start-up time that does
    not grow makes it smaller; it counts less the larger the study.
    """
    counts = np.log([size["configurations"] for size in sizes])
    return {
        name: float(np.polyfit(counts, np.log([size[name]["median"] for size in sizes]), 1)[0])
        for name in ("build", "nothing", "gather")
    }


def main():
    options = common.arguments(__doc__.splitlines()[0])
    about = common.machine()
    sizes = []
    with tempfile.TemporaryDirectory() as name:
        default = default_study(Path(name, "default"), 1 if options.quick else DEFAULT_REPETITIONS)
    for size, repetitions in (QUICK_SIZES if options.quick else SIZES).items():
        with tempfile.TemporaryDirectory() as name:
            sizes.append(measure(Path(name, "study"), size, repetitions))
        print(f"{size} configurations done", flush=True)
    measured = {
        "machine": about,
        "quick": options.quick,
        "sizes": sizes,
        "exponents": exponents(sizes),
        "exponents_last": exponents(sizes[-2:]),
        "default": default,
    }
    common.keep(options.output, "graph", measured)


if __name__ == "__main__":
    main()
