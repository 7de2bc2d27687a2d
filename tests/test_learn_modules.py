"""Networks of a study's own: alike together and one by one, and refused in one sentence."""

import textwrap

import pytest
import torch

from learning import SEEDS, configure, images, table
from tunebook.jobs import TunebookError
from tunebook.learn import models, modules, training
from tunebook.learn.blocks import HISTORY
from tunebook.study.signature import REQUIRED, arguments, code_hash

torch.set_num_threads(1)

NETWORKS = '''
"""Networks of a study."""
import torch
from torch import nn


class Plain(nn.Module):
    """Two layers."""

    def __init__(self, inputs, outputs, width=8, skip=True, *, names=("a", "b")):
        super().__init__()
        self.first, self.last = nn.Linear(inputs, width), nn.Linear(width, outputs)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class Normed(Plain):
    def __init__(self, inputs, outputs, width, dropout=0.3):
        super().__init__(inputs, outputs, width)
        self.norm, self.drop = nn.BatchNorm1d(width), nn.Dropout(dropout)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


class Functional(Plain):  # dropout without a module: vmap cannot
    def forward(self, x):
        x = nn.functional.dropout(self.first(x), 0.3, self.training)
        return self.last(torch.relu(x))


class Branching(Plain):  # control flow that depends on the data: vmap cannot
    def forward(self, x):
        x = self.first(x)
        return self.last(x if x.sum() > 0 else -x)


class InPlace(Plain):  # works on what it is given, which must not reach the data
    def forward(self, x):
        x[:, 0] = 0
        return super().forward(x.mul_(2))


class Running(Plain):  # a buffer that is set anew, weights that are not trained, tied weights
    def __init__(self, inputs, outputs, width=8):
        super().__init__(inputs, outputs, width)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("steps", torch.tensor(0))
        self.frozen = nn.Parameter(torch.rand(width), requires_grad=False)
        self.second, self.tied = nn.Linear(width, width), nn.Linear(width, width)
        self.tied.weight = self.second.weight

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
            self.steps += 1
        x = self.tied(self.second(self.first(x - self.mean) * self.frozen))
        return self.last(x) / self.steps.clamp(1, 3)


class Inherits(Plain):
    pass


class Lazy(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(5), nn.ReLU(), nn.LazyLinear(outputs))

    def forward(self, x):
        return self.layers(x)


class Images(nn.Module):
    def __init__(self, inputs, outputs, width=3):
        super().__init__()
        channels, height, breadth = inputs
        self.maps = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.MaxPool2d(2), nn.Dropout(0.2),
        )
        self.last = nn.Linear(width * (height // 2) * (breadth // 2), outputs)

    def forward(self, x):
        return self.last(self.maps(x).flatten(1))
'''
# Arguments that have no default.
GIVEN = {"Normed": {"width": 8}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "networks.py").write_text(NETWORKS)
    return tmp_path


def own(name, problem="table", **overrides):
    configuration = configure(problem, model="module", module=f"networks.py:{name}", **overrides)
    layered = ("widths", "channels", "kernel", "padding", "pooling")
    return {k: v for k, v in configuration.items() if k not in layered} | GIVEN.get(name, {})


def ways(monkeypatch, way):
    """Have copies trained `together` wherever vmap can, or `apart`."""
    monkeypatch.setattr(modules, "FEWEST", 2 if way == "together" else 99)
    monkeypatch.setattr(modules, "LARGEST", 1e9)


def train(monkeypatch, way, configuration, data, folder):
    ways(monkeypatch, way)
    return training.train(configuration, data, SEEDS[: len(data)], folder)


# Which of them vmap can train as one computation.
BATCHED = {
    "Plain": True, "Normed": True, "Inherits": True, "Lazy": True, "Running": True,
    "InPlace": True, "Images": True, "Functional": False, "Branching": False,
}  # fmt: skip


@pytest.mark.parametrize("name", BATCHED)
def test_copies_together_one_by_one_and_alone_give_the_same(name, monkeypatch, folder):
    problem = "images" if name == "Images" else "table"
    data = images(3) if problem == "images" else table(3)
    # Adam would blow up gradients that are nothing but rounding, as those before batch-norm are.
    configuration = own(name, problem, weight_decay=0.01, optimizer="sgd-momentum")
    together, apart = (
        train(monkeypatch, way, configuration, data, folder) for way in ("together", "apart")
    )
    alone = [
        training.train(configuration, [one], [seed], folder)
        for one, seed in zip(data, SEEDS, strict=True)
    ]
    for key, value in apart.weights.items():
        torch.testing.assert_close(together.weights[key], value, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(torch.cat([one.weights[key] for one in alone]), value)
    for key in HISTORY:
        torch.testing.assert_close(together.history[key], apart.history[key], rtol=1e-4, atol=1e-5)
    ways(monkeypatch, "together")
    trainer = training.Trainer(configuration, data, SEEDS, folder)
    assert trainer.network.batched == BATCHED[name]


@pytest.mark.parametrize("way", ["together", "apart"])
def test_a_module_trains_as_a_plain_pytorch_loop_trains_it(way, monkeypatch, folder):
    ways(monkeypatch, way)
    data, configuration = table(3), own("Plain")
    trainer = training.Trainer(configuration, data, SEEDS, folder)
    reference = modules.load_module(folder / "networks.py", "Plain")(4, 1)
    reference.load_state_dict({k: v[1] for k, v in trainer.network.state().items()})
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.01)
    x, y = trainer.train
    for rows in (slice(0, 16), slice(16, 32)):
        trainer.step(x[:, rows], y[:, rows])
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(reference(x[1, rows]), y[1, rows]).backward()
        optimizer.step()
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(trainer.network.state()[name][1], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("way", ["together", "apart"])
def test_running_means_and_what_is_not_trained_are_kept_and_restored(way, monkeypatch, folder):
    for name in ("Normed", "Running"):
        configuration, data = own(name), table(3)
        ways(monkeypatch, way)
        trainer = training.Trainer(configuration, data, SEEDS, folder)
        start = trainer.network.state()
        trainer.epoch()
        x, state = trainer.validation[0], trainer.network.state()
        mean = "mean" if name == "Running" else "norm.running_mean"
        assert not torch.equal(start[mean], state[mean])
        if name == "Running":
            assert torch.equal(start["frozen"], state["frozen"])
            assert state["steps"].tolist() == [3, 3, 3]
        fresh = models.build(configuration, data[0][1], models.blank(3), folder)
        fresh.restore(state)
        expected = trainer.network.predict(x)
        torch.testing.assert_close(fresh.predict(x), expected, rtol=1e-4, atol=1e-6)
        # Predicting changes nothing.
        assert all(torch.equal(state[key], value) for key, value in trainer.network.state().items())


def test_chance_is_each_replicates_own_and_leaves_no_trace(folder):
    configuration, data = own("Functional"), table(2)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = training.train(configuration, data, [5, 5], folder)
    assert torch.equal(torch.rand(1), expected)
    torch.manual_seed(4)
    again = training.train(configuration, data, [5, 6], folder)
    name = "first.weight"
    assert torch.equal(first.weights[name][0], again.weights[name][0])
    other = training.Trainer(configuration, data, [5, 6], folder).network.state()[name]
    assert not torch.equal(other[0], other[1])


def test_a_module_that_works_in_place_leaves_the_data_alone(folder):
    trainer = training.Trainer(own("InPlace"), table(2), SEEDS[:2], folder)
    before = [tensor.clone() for tensor in (*trainer.train, *trainer.validation)]
    trainer.epoch()
    for one, other in zip(before, (*trainer.train, *trainer.validation), strict=True):
        assert torch.equal(one, other)


def test_arguments_of_a_class_are_read_without_running_it(folder):
    path = folder / "networks.py"
    assert arguments(path, "Plain") == {"width": 8, "skip": True, "names": ["a", "b"]}
    assert arguments(path, "Inherits") == arguments(path, "Plain")
    assert arguments(path, "Normed") == {"width": REQUIRED, "dropout": 0.3}
    path.write_text("raise SystemExit\nclass A:\n  def __init__(self, outputs, inputs): 1")
    assert arguments(path, "A") == {}


def test_the_hash_of_a_file_follows_its_code_and_not_its_comments(tmp_path):
    path, hashes = tmp_path / "networks.py", []
    for text in (
        "def f(x):\n    return x\n",
        '"""A docstring."""\n\ndef f( x ):  # a comment\n    """One."""\n    return x\n',
        "def f(x):\n    return x + 1\n",
    ):
        path.write_text(text)
        hashes.append(code_hash(path))
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 8


# What is wrong, and what is said of it besides the file. All of it in one line.
HEAD = "import torch\nclass Net(torch.nn.Module):\n"
GOOD = """
    def __init__(self, inputs, outputs, width=4):
        super().__init__()
        self.layer = torch.nn.Linear(inputs, outputs)
"""
BAD = {
    "no file": (None, "cannot be read.*No such file.*allowed: a Python file"),
    "no Python": ("class Net(", "line 1: not Python"),
    "no class": ("class Other: pass\nclass More: pass", "no such class; allowed: Other, More"),
    "no module": ("class Net:\n  def __init__(self, inputs, outputs): 1", "class of torch.nn.Mod"),
    "no inputs": (HEAD + "  def __init__(self, outputs): 1", "no argument inputs"),
    "no init": (HEAD + "  pass", "no argument inputs or outputs; allowed: __init__.self, inputs"),
    "odd default": (HEAD + "  def __init__(self, inputs, outputs, act=torch.relu): 1",
                    "argument act: found the default torch.relu; allowed: a plain value"),
    "import fails": ("import nowhere_to_be_found\n" + HEAD + GOOD, "No module named 'nowhere"),
    "exits": (HEAD + GOOD + "\nraise SystemExit(3)", "could not be loaded: SystemExit: 3"),
    "constructor fails": (HEAD + GOOD + "        self.other = 1 / 0",
                          "could not be made: line 7: ZeroDivisionError.*width=4"),
    "no forward": (HEAD + GOOD, "forward failed.*NotImplementedError"),
    "wrong output": (HEAD + GOOD + "    def forward(self, x): return self.layer(x).squeeze(1)",
                     r"forward gave \[2\] for 2 rows; allowed:.*\[rows, 4\] into \[rows, 1\]"),
    "no tensor": (HEAD + GOOD + "    def forward(self, x): return (self.layer(x),)",
                  "forward gave tuple"),
    "wrong in training": (
        HEAD + GOOD + "    def forward(self, x): return self.layer(x)[:2]", r"\[2, 1\] for 16 rows"
    ),
    "fails in training": (
        HEAD + GOOD + "    def forward(self, x):\n        assert len(x) < 9, 'long'\n"
        "        return self.layer(x)", "forward failed: line 8: AssertionError: long"
    ),
    "no gradient": (HEAD + GOOD + "    def forward(self, x): return self.layer(x).detach()",
                    "its gradient failed"),
    "nothing to train": (HEAD + GOOD + "        self.layer.requires_grad_(False)\n"
                         "    def forward(self, x): return self.layer(x)", "no weights to train"),
    "other type": (HEAD + GOOD + "        self.double()\n    def forward(self, x): "
                   "return self.layer(x.double())", "another type than 32-bit numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_in_a_module_is_said_in_one_line(case, tmp_path):
    text, message = BAD[case]
    if text is not None:
        (tmp_path / "networks.py").write_text(textwrap.dedent(text))
    configuration = own("Net", width=4)
    with pytest.raises(TunebookError, match=message) as raised:
        training.train(configuration, table(2), SEEDS[:2], tmp_path)
    assert str(tmp_path / "networks.py") in str(raised.value)
    assert "\n" not in str(raised.value)
