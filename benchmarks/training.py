"""How fast training is: beside a plain PyTorch loop, and beside the arithmetic it takes at least.

Seconds of an epoch of one replicate, on one thread, training and validation together. The two
loops and the machine's matrix rate take turns, so that a slow minute hits all of them; ratios are
taken within a turn. Epochs are timed from the end of the first one on, inside the calls that a
user makes (`tunebook.training.train`, `plain.train`), with all that they do after an epoch.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import networks
import numpy as np
import operations
import plain
import shares
import yaml

from tunebook import training
from tunebook.problems import outputs_needed

TURNS, QUICK_TURNS = 7, 2
SECONDS, QUICK_SECONDS = 0.4, 0.01  # that a loop is timed for in a turn, at least
MOST_EPOCHS = 30
BESIDE = (1, 10)  # replicates in a job that are measured for comparison


def replicates_per_job(model):
    """How many replicates of a model the default study trains in one job."""
    configuration = yaml.safe_load((common.ROOT / "config/config.yaml").read_text())
    return configuration["replicates_per_job"][model]


class Clock:
    """Called after each epoch; the mean seconds of the epochs after the first."""

    def __init__(self):
        self.times = []

    def __call__(self, *_):
        self.times.append(time.perf_counter())

    def seconds(self):
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)


def time_ours(case, replicates, epochs):
    """Seconds of an epoch and replicate in a job of these replicates."""
    clock = Clock()
    training.train(case.configuration(epochs + 1), replicates, range(len(replicates)), clock)
    return clock.seconds() / len(replicates)


def time_plain(case, replicates, epochs):
    """Seconds of an epoch of the plain loop on the first replicate."""
    clock, configuration = Clock(), case.configuration(epochs + 1)
    train, validation, _ = training.tensors(replicates[:1], configuration)
    data = [[tensor[0] for tensor in part] for part in (train, validation)]
    plain.train(configuration, *data, outputs_needed(configuration), clock)
    return clock.seconds()


class Contest:
    """One case: the plain loop, ours with some numbers of replicates in a job, and the rate."""

    def __init__(self, case, quick):
        self.case = case
        self.least = QUICK_SECONDS if quick else SECONDS
        self.job = replicates_per_job(case.overrides["model"])
        counts = sorted({self.job, *BESIDE})
        data = networks.replicates(case.problem, max(counts), quick)
        train_rows, validation_rows, features = (
            len(data[0]["train_y"]), len(data[0]["validation_y"]), data[0]["train_x"].shape[1],
        )  # fmt: skip
        self.operations = operations.epoch_operations(
            case.configuration(1), features, train_rows, validation_rows
        )
        self.timers = {"plain": lambda epochs: time_plain(case, data, epochs)}
        for count in counts:
            self.timers[f"{count}"] = lambda epochs, some=data[:count]: time_ours(
                case, some, epochs
            )
        self.epochs = {name: self.enough(name, timer) for name, timer in self.timers.items()}
        self.turns = []

    def enough(self, name, timer):
        """Epochs that take long enough to be timed; trying them out also warms the loop up."""
        together = 1 if name == "plain" else int(name)
        return min(max(round(self.least / (timer(1) * together)), 1), MOST_EPOCHS)

    def turn(self, number):
        """Time everything once, every other turn in reverse."""
        names = list(self.timers)[:: 1 if number % 2 else -1]
        seconds = {name: self.timers[name](self.epochs[name]) for name in names}
        self.turns.append(seconds | {"rate": operations.rate(operations.multiplication())})

    def result(self):
        """What is kept: spreads of seconds an epoch and replicate, of ratios and of rates."""
        job = str(self.job)
        limits = [self.operations / turn["rate"] for turn in self.turns]
        pairs = list(zip(self.turns, limits, strict=True))
        return {
            "name": self.case.name,
            "bars": self.case.bars,
            "job": self.job,
            "operations": self.operations,
            "seconds": {
                name: common.spread([turn[name] for turn in self.turns]) for name in self.timers
            },
            "limit": common.spread(limits),
            "times_plain": common.spread([turn["plain"] / turn[job] for turn in self.turns]),
            "limit_times_plain": common.spread([turn["plain"] / limit for turn, limit in pairs]),
            "times_limit": common.spread([turn[job] / limit for turn, limit in pairs]),
            "rate": common.spread([turn["rate"] for turn in self.turns]),
        }


def time_job(case, quick):
    """A training job in a process of its own: peak memory, and seconds outside its loop."""
    count = replicates_per_job(case.overrides["model"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = []
        for replicate, arrays in enumerate(networks.replicates(case.problem, count, quick)):
            inputs.append(str(folder / f"{replicate}.npz"))
            np.savez(inputs[-1], **arrays)
        outputs = [folder / file for file in ("history.csv", "weights", "training.json")]
        values = {
            "input": {"development": inputs},
            "output": dict(zip(("history", "weights", "record"), map(str, outputs), strict=True)),
            "params": {"configuration": case.configuration(3), "seeds": list(range(count))},
            "wildcards": {"run": "benchmark", "first": "0", "last": str(count - 1)},
            "log": str(folder / "log"),
        }
        (folder / "values.json").write_text(json.dumps(values))
        here = Path(__file__).parent
        command = [sys.executable, here / "run_script.py", common.SCRIPTS / "train.py"]
        started = time.perf_counter()
        finished = subprocess.run(
            [*map(str, command), str(folder / "values.json")], check=True, text=True,
            stdout=subprocess.PIPE, env=common.environment(),
        )  # fmt: skip
        wall = time.perf_counter() - started
        loop = json.loads(outputs[-1].read_text())["train_seconds"]
    return {"peak": json.loads(finished.stdout)["peak"], "outside": wall - loop}


def main():
    options = common.arguments(__doc__.splitlines()[0])
    about = common.machine()
    training.one_thread()
    contests = [Contest(case, options.quick) for case in networks.CASES]
    for number in range(QUICK_TURNS if options.quick else TURNS):
        for contest in contests:
            contest.turn(number)
        print(f"turn {number + 1} done", flush=True)
    jobs = networks.CASES[:: 4 if options.quick else 1]
    measured = {
        "machine": about,
        "quick": options.quick,
        "turns": len(contests[0].turns),
        "cases": [contest.result() for contest in contests],
        "shares": {
            contest.case.name: shares.shares(contest.case, contest.job, options.quick)
            for contest in contests
        },
        "convolution_rate": operations.rate(operations.convolution()),
        "jobs": {case.name: time_job(case, options.quick) for case in jobs},
    }
    common.keep(options.output, "training", measured)


if __name__ == "__main__":
    main()
