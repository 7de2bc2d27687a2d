"""How fast training is: beside a plain PyTorch loop, and beside the arithmetic it takes at least.

Measured is the time of an epoch of one replicate, training and validation, on one thread. The plain
loop, ours with several numbers of replicates in a job, and the machine's matrix rate take turns,
every other turn in reverse, so that a slow minute hits all of them; ratios are taken within a turn.
"""

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise

import networks
import numpy as np
import torch
from measure import HERE, asked_for_quick, keep, result
from torch import nn
from torch.nn import functional as F
from torch.utils.benchmark import Timer
from torch.utils.data import DataLoader, TensorDataset

from tunebook.learn import training
from tunebook.study.resolve import layered, resolve
from tunebook.tasks import TASKS

TURNS, QUICK_TURNS = 7, 2
SECONDS, QUICK_SECONDS = 0.4, 0.01  # that a loop is timed for in a turn, at least
TOGETHER, JOB = (1, 5, 10), 5  # replicates in a job; ratios are those of a job of a usual study

STUDY = {
    "study": {"seed": 0},
    "datasets": {"table": {}, "images": {"image": {"shape": [1, 16, 16], "range": [-1, 1]}}},
    "problems": {
        "table": {"task": "regression", "dataset": "table"},
        "images": {"task": "classification", "dataset": "images"},
        "digits": {"task": "classification", "dataset": "images"},
    },
}
# Rows, held-out rows, inputs.
SHAPES = {"table": (876, 292, 4), "images": (5833, 1458, 256), "digits": (1000, 250, 256)}
ADAM = {"optimizer": "adam", "learning_rate": 0.001, "epochs": 2}
BASE = {
    "table": {"model": "dense", "loss": "mse", "batch_size": 100, **ADAM},
    "images": {"model": "convolutional", "loss": "cross-entropy", "batch_size": 1000, **ADAM},
    "digits": {"model": "module", "module": "networks.py:ZipCodes", **ADAM},
}
CASES = {
    "dense 5 x 200, batch 100": ("table", {"widths": [200] * 5}),
    "dense 5 x 100, batch 100": ("table", {"widths": [100] * 5}),
    "dense 1 x 100, batch 100": ("table", {"widths": [100]}),
    "dense 5 x 100, batch 10": ("table", {"widths": [100] * 5, "batch_size": 10}),
    "dense 5 x 200, batch 100, Gaussian loss": ("table", {"widths": [200] * 5, "loss": "gaussian"}),
    "dense 5 x 200, batch 100, dropout 0.2": ("table", {"widths": [200] * 5, "dropout": 0.2}),
    "convolutional 16, 32, 64, batch 1000": ("images", {"channels": [16, 32, 64]}),
    "1989 network, batch 1": ("digits", {"batch_size": 1}),
    "1989 network, batch 8": ("digits", {"batch_size": 8}),
    "1989 network, batch 100": ("digits", {"batch_size": 100}),
}


def configuration(case):
    """The resolved configuration of a case."""
    problem, overrides = CASES[case]
    return resolve(problem, STUDY, layered(BASE[problem], overrides), "benchmarks", HERE)


def replicates(case, count, quick):
    """`count` made-up replicates for a case: arrays and record, as they are prepared."""
    problem = CASES[case][0]
    *sizes, inputs = SHAPES[problem]
    task, dataset = STUDY["problems"][problem].values()
    record = {
        "classes": list(range(10)) if task == "classification" else None,
        "target_range": inputs * (inputs + 1.0),
        "features": [{"name": f"x{i}", "unit": "", "type": "number"} for i in range(inputs)],
        "shape": None,
        "range": None,
        **STUDY["datasets"][dataset].get("image", {}),
    }
    random, made_up = np.random.default_rng(0), []
    for _ in range(count):
        arrays = {}
        for split, size in zip(("train", "validation"), sizes, strict=True):
            x = random.uniform(-1, 1, (size // 50 if quick else size, inputs))
            y = x @ np.arange(1, inputs + 1)
            if record["classes"]:
                y = np.digitize(y, np.linspace(y.min(), y.max(), 9))
            arrays |= {f"{split}_x": x, f"{split}_y": y}
        made_up.append((arrays, record))
    return made_up


def network(c, record):
    """The network of a configuration as one writes it with torch.nn."""
    features = len(record["features"])
    outputs = TASKS[c["task"]].outputs(c["loss"], len(record["classes"] or ()))
    if c["model"] == "module":
        shape = tuple(record["shape"])
        return nn.Sequential(nn.Unflatten(1, shape), networks.ZipCodes(shape, outputs))
    layers = []
    if c["model"] == "convolutional":
        layers.append(nn.Unflatten(1, record["shape"]))
        for fan_in, fan_out in pairwise([record["shape"][0], *c["channels"]]):
            layers.append(nn.Conv2d(fan_in, fan_out, c["kernel"], padding=c["padding"]))
            layers += [nn.ReLU(), nn.MaxPool2d(c["pooling"])]
        layers.append(nn.Flatten())
        features = nn.Sequential(*layers)(torch.zeros(1, features)).shape[1]
    for width in c["widths"]:
        layers += [nn.Linear(features, width), nn.ReLU()]
        layers += [nn.Dropout(c["dropout"])] if c["dropout"] else []
        features = width
    return nn.Sequential(*layers, nn.Linear(features, outputs))


def gaussian(outputs, y):
    return F.gaussian_nll_loss(outputs[:, :1], y, F.softplus(outputs[:, 1:]))


LOSSES = {"cross-entropy": F.cross_entropy, "mse": F.mse_loss, "gaussian": gaussian}


class PlainLoop:
    """What ours is measured against: a training loop as a student of PyTorch writes it.

    A TensorDataset behind a shuffling DataLoader, Adam as it comes, one network at a time, losses
    summed with `.item()`, validation after every epoch.
    """

    def __init__(self, c, replicate):
        rows, _, _ = training.tensors(c, [replicate], ("train", "validation"))
        data = (TensorDataset(*(tensor[0] for tensor in split)) for split in rows.values())
        train, validation = data
        self.train = DataLoader(train, c["batch_size"], shuffle=True)
        self.validation = DataLoader(validation, c["batch_size"])
        self.loss, self.classes = LOSSES[c["loss"]], c["task"] == "classification"
        self.network = network(c, replicate[1])
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=c["learning_rate"])

    def epoch(self):
        """Train once on all rows; returns the means of training and validation loss."""
        self.network.train()
        train_loss = 0.0
        for x, y in self.train:
            self.optimizer.zero_grad()
            loss = self.loss(self.network(x), y)
            loss.backward()
            self.optimizer.step()
            train_loss += loss.item() * len(x)
        self.network.eval()
        validation_loss, right = 0.0, 0
        with torch.no_grad():
            for x, y in self.validation:
                outputs = self.network(x)
                validation_loss += self.loss(outputs, y).item() * len(x)
                if self.classes:
                    right += (outputs.argmax(1) == y).sum().item()
        return train_loss / len(self.train.dataset), validation_loss / len(self.validation.dataset)


def layer_products(network, features):
    """Multiply-additions of each layer of a network for one row, from the first layer on.

    As many as a layer adds up whose weights and inputs are all one. So products with the zeros that
    padding puts around a map are left out: they change nothing, and counting them would make the
    convolutional network 1.6 times as much work.
    """
    found = []

    def count(layer, inputs, output):
        add_up = F.linear
        if isinstance(layer, nn.Conv2d):
            add_up = partial(F.conv2d, stride=layer.stride, padding=layer.padding)
        sums = add_up(torch.ones_like(inputs[0]), torch.ones_like(layer.weight))
        found.append(int(sums.sum(dtype=torch.float64)))

    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.register_forward_hook(count)
    network(torch.zeros(1, features))
    return found


def epoch_operations(products, rows, held_out):
    """Floating point operations of an epoch at least; a product and its addition are two.

    rows are trained on, those held out only predicted. The backward pass costs each layer two
    products more, for the gradients of its weights and of its inputs; nobody needs those of the
    first layer's inputs. Biases, ReLU, pooling, losses, dropout and the optimizer are not counted,
    so no program can be as fast as that.
    """
    forward, backward = sum(products), 2 * sum(products) - products[0]
    return 2 * (rows * (forward + backward) + held_out * forward)


class Square:
    """A product of two square matrices by each of the libraries that are here."""

    OPERATIONS = 2 * 1024**3

    def __init__(self, side=1024):
        a, b, out = (torch.ones(side, side) for _ in range(3))
        known = {"mm": torch.mm, "a": a, "b": b, "out": out, "linear": F.linear}
        known |= {"matmul": np.matmul, "x": a.numpy(), "y": b.numpy(), "z": out.numpy()}
        known |= {"m": a.to_mkldnn(), "n": b.to_mkldnn()}
        code = {
            "PyTorch's MKL": "mm(a, b, out=out)",
            "NumPy's OpenBLAS": "matmul(x, y, out=z)",
            "PyTorch's oneDNN": "linear(m, n)",
        }
        self.timers = {name: Timer(text, globals=known) for name, text in code.items()}

    def rates(self, seconds):
        """{library: floating point operations a second}."""
        return {
            name: self.OPERATIONS / timer.blocked_autorange(min_run_time=seconds).median
            for name, timer in self.timers.items()
        }


class Contest:
    """One case, its loops ready to be timed; `turns` holds what each turn found."""

    def __init__(self, case, quick):
        self.case, self.turns = case, []
        self.least = QUICK_SECONDS if quick else SECONDS
        c, data = configuration(case), replicates(case, max(TOGETHER), quick)
        loops = {"plain loop": (1, PlainLoop(c, data[0]))}
        for n in TOGETHER:
            block = training.Block(c, data[:n], list(range(n)))
            loops[f"{n} in a job"] = (n, training.Trainer([block], HERE))
        self.timers = {
            name: (count, Timer("loop.epoch()", globals={"loop": loop}))
            for name, (count, loop) in loops.items()
        }
        arrays, record = data[0]
        products = layer_products(network(c, record), len(record["features"]))
        rows, held_out = len(arrays["train_y"]), len(arrays["validation_y"])
        self.operations = epoch_operations(products, rows, held_out)

    def turn(self, number, rate):
        """Time everything once, in seconds of an epoch and replicate.

        rate: of the fastest product in this turn, in operations a second.
        """
        seconds = {}
        for name in list(self.timers)[:: 1 if number % 2 else -1]:
            count, timer = self.timers[name]
            seconds[name] = timer.blocked_autorange(min_run_time=self.least).median / count
        self.turns.append(seconds | {"limit": self.operations / rate})

    def results(self):
        for name in (*self.timers, "limit"):
            yield result(self.case, name, "ms", [1000 * turn[name] for turn in self.turns])
        plain, ours = "plain loop", f"{JOB} in a job"
        for name, over, under in (
            ("times as fast as the plain loop", plain, ours),
            ("times the limit", ours, "limit"),
        ):
            yield result(self.case, name, "", [turn[over] / turn[under] for turn in self.turns])


def peak_memory(case, quick):
    """The most memory, in bytes, that this process ever held; it trains one job of a case."""
    training.one_thread()
    data = replicates(case, JOB, quick)
    training.train(configuration(case), data, list(range(JOB)), HERE)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main():
    quick = asked_for_quick(__doc__)
    jobs = list(CASES)[-1:] if quick else list(CASES)
    # Each job in a new process; first, since Linux passes the peak of the parent on to it.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        peaks = list(pool.map(peak_memory, jobs, [quick] * len(jobs)))
    training.one_thread()
    contests, square, rates = [Contest(case, quick) for case in CASES], Square(), []
    for number in range(QUICK_TURNS if quick else TURNS):
        for contest in contests:
            rates.append(square.rates(contest.least))
            contest.turn(number, max(rates[-1].values()))
        print(f"turn {number + 1} done", flush=True)
    found = [row for contest in contests for row in contest.results()]
    for name in rates[0]:
        values = [each[name] / 1e9 for each in rates]
        found.append(result(f"product of 1024 x 1024 by {name}", "rate", "GFLOP/s", values))
    for case, peak in zip(jobs, peaks, strict=True):
        found.append(result(case, "peak memory", "MB", [peak / 1e6]))
    keep("training", found, quick)


if __name__ == "__main__":
    main()
