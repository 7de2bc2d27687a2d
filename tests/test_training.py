"""The loop gives what separate trainings and PyTorch's own layers and optimizers give."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tunebook import losses, models, training
from tunebook.study import resolve

torch.set_num_threads(1)

EPOCHS = 3
SEEDS = [11, 12, 13]
HOUSES = {
    "model": "dense", "widths": [8, 8], "loss": "mse", "optimizer": "adam", "learning_rate": 0.01,
    "batch_size": 16, "epochs": EPOCHS,
}  # fmt: skip
DIGITS = {
    "model": "convolutional", "channels": [3, 4], "kernel": 3, "padding": 1,
    "loss": "cross-entropy", "optimizer": "adam", "learning_rate": 0.01, "batch_size": 20,
    "epochs": EPOCHS,
}  # fmt: skip


def house_replicates(count=3, rows=40):
    random = np.random.default_rng(0)
    replicates = []
    for _ in range(count):
        x = random.uniform(0, 100, (rows + 10, 4))
        y = x @ [3, 1, 2, 0.5] * 1000 + random.normal(0, 500, rows + 10)
        replicates.append(
            {"train_x": x[:rows], "train_y": y[:rows],
             "validation_x": x[rows:], "validation_y": y[rows:]}
        )  # fmt: skip
    return replicates


def digit_replicates(count=3, rows=50):
    random = np.random.default_rng(1)
    replicates = []
    for _ in range(count):
        y = random.integers(0, 10, rows + 10)
        x = random.uniform(-1, 1, (rows + 10, 256)).astype(np.float32)
        x[np.arange(rows + 10), y * 20] = 3
        replicates.append(
            {"train_x": x[:rows], "train_y": y[:rows],
             "validation_x": x[rows:], "validation_y": y[rows:]}
        )  # fmt: skip
    return replicates


def configure(problem, **overrides):
    base = DIGITS if problem == "digits" else HOUSES
    return resolve(problem, {**base, **overrides}, 0, "test")


CASES = [
    ("houses", {"optimizer": name, "loss": loss})
    for name in ("sgd", "sgd-momentum", "adam", "adamw", "rmsprop")
    for loss in ("mse", "gaussian")
] + [
    ("houses", {"dropout": 0.3}),
    ("houses", {"batch_size": "full"}),
    ("houses", {"weight_decay": 0.1}),
    ("digits", {}),
    ("digits", {"loss": "mse", "dropout": 0.2}),
    ("digits", {"model": "dense", "widths": [7]}),
    ("digits", {"model": "dense", "widths": []}),
]


@pytest.mark.parametrize(("problem", "overrides"), CASES)
def test_training_replicates_together_gives_what_training_them_alone_gives(problem, overrides):
    configuration = configure(problem, **overrides)
    replicates = digit_replicates() if problem == "digits" else house_replicates()
    together = training.train(configuration, replicates, SEEDS)
    for slot, seed in enumerate(SEEDS):
        alone = training.train(configuration, [replicates[slot]], [seed])
        for name, value in alone.final.items():
            # Float32 sums in another order: a few units in the last place, grown over the steps.
            torch.testing.assert_close(together.final[name][slot], value[0], rtol=1e-4, atol=1e-6)
        for name in training.HISTORY:
            torch.testing.assert_close(
                together.history[name][:, slot], alone.history[name][:, 0], rtol=1e-4, atol=1e-6
            )


def reference_module(network, configuration):
    """The same network in torch.nn, with the first replicate's weights."""
    values = {name: value[0] for name, value in models.state(network).items()}
    layers = []
    if configuration["model"] == "convolutional":
        for i, (fan_in, fan_out) in enumerate(
            zip([1, *configuration["channels"]], configuration["channels"], strict=False)
        ):
            layer = nn.Conv2d(
                fan_in, fan_out, configuration["kernel"], padding=configuration["padding"]
            )
            layer.weight.data = values[f"convolution{i}.weight"].clone()
            layer.bias.data = values[f"convolution{i}.bias"].clone()
            layers += [layer, nn.ReLU(), nn.MaxPool2d(2)]
        layers.append(nn.Flatten())
    depth = sum(name.startswith("dense") for name in values) // 2
    for i in range(depth):
        weight = values[f"dense{i}.weight"]
        layer = nn.Linear(*weight.shape)
        layer.weight.data, layer.bias.data = weight.T.clone(), values[f"dense{i}.bias"][0].clone()
        layers += [layer] if i == depth - 1 else [layer, nn.ReLU()]
    return nn.Sequential(*layers)


REFERENCE_OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
}


@pytest.mark.parametrize("optimizer", REFERENCE_OPTIMIZERS)
@pytest.mark.parametrize("problem", ["houses", "digits"])
def test_steps_are_those_of_a_plain_pytorch_loop(problem, optimizer):
    configuration = configure(problem, optimizer=optimizer)
    data = digit_replicates(1) if problem == "digits" else house_replicates(1)
    trainer = training.Trainer(configuration, data, SEEDS[:1])
    reference = reference_module(trainer.network, configuration)
    step = REFERENCE_OPTIMIZERS[optimizer](reference.parameters())
    criterion = nn.CrossEntropyLoss() if problem == "digits" else nn.MSELoss()
    x, y = trainer.train
    for rows in (slice(0, 20), slice(20, 40)):
        trainer.step(x[:, rows], y[:, rows])
        batch = x[0, rows].reshape(-1, 1, 16, 16) if problem == "digits" else x[0, rows]
        step.zero_grad()
        criterion(reference(batch), y[0, rows]).backward()
        step.step()
    expected = reference_module(trainer.network, configuration).state_dict()
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5)


def test_pieces_of_a_batch_add_up_to_its_gradient(monkeypatch):
    configuration = configure("digits", batch_size=50)
    whole = training.train(configuration, digit_replicates(1), SEEDS[:1])
    monkeypatch.setattr(models.ConvolutionalNetwork, "piece", 13)
    pieces = training.train(configuration, digit_replicates(1), SEEDS[:1])
    for name, value in whole.final.items():
        torch.testing.assert_close(pieces.final[name], value, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    configuration = configure("houses", dropout=0.2)
    first, again = (training.train(configuration, house_replicates(1), [5]) for _ in range(2))
    other = training.train(configuration, house_replicates(1), [6])
    for name, value in first.final.items():
        assert torch.equal(value, again.final[name])
    assert not torch.equal(first.final["dense0.weight"], other.final["dense0.weight"])


def test_divergence_is_recorded_and_leaves_the_other_replicates_alone():
    replicates = house_replicates(2)
    replicates[0]["train_x"] = replicates[0]["train_x"] * 1e12
    configuration = configure("houses", features="raw", optimizer="sgd", learning_rate=1e-5)
    trained = training.train(configuration, replicates, SEEDS[:2])
    assert trained.diverged_at[0] >= 1 and trained.diverged_at[1] == 0
    assert trained.history["train_loss"][:, 1].isfinite().all()
    # After the epoch it diverged at, nothing is recorded.
    assert trained.history["train_loss"][trained.diverged_at[0] :, 0].isnan().all()


def test_training_ends_early_only_when_every_replicate_has_diverged():
    calls = []
    configuration = configure("houses", optimizer="sgd", learning_rate=1000, target="raw", epochs=9)
    trained = training.train(
        configuration, house_replicates(2), SEEDS[:2], lambda *values: calls.append(values[0])
    )
    assert all(trained.diverged_at)
    assert len(calls) == max(trained.diverged_at) < 9


def test_best_weights_are_those_of_the_lowest_validation_loss():
    configuration = configure("houses", epochs=12, learning_rate=0.05)
    trained = training.train(configuration, house_replicates(2), SEEDS[:2])
    losses_ = trained.history["validation_loss"]
    assert trained.best_epoch == (losses_.argmin(dim=0) + 1).tolist()
    trainer = training.Trainer(configuration, house_replicates(2), SEEDS[:2])
    models.restore(trainer.network, trained.best)
    outputs = models.predict(trainer.network, trainer.validation[0])
    found, _ = trainer.summary(outputs, trainer.validation[1])
    torch.testing.assert_close(found.detach(), losses_.min(dim=0).values)


def test_training_loss_is_the_mean_over_the_batches_before_their_steps():
    configuration = configure("houses", batch_size=40, epochs=1)
    trainer = training.Trainer(configuration, house_replicates(1), SEEDS[:1])
    with torch.no_grad():
        outputs = models.predict(trainer.network, trainer.train[0])
        before, _ = trainer.summary(outputs, trainer.train[1])
    torch.testing.assert_close(trainer.epoch()[0], before)


def test_dropout_keeps_the_mean_and_acts_in_training_only():
    generators = training.generators([1, 2], "dropout")
    factors = models.dropout_factors((100, 100), 0.25, generators)
    assert factors.unique().tolist() == pytest.approx([0, 4 / 3])
    assert factors.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(factors[0], factors[1])
    configuration = configure("houses", dropout=0.5)
    trainer = training.Trainer(configuration, house_replicates(1), SEEDS[:1])
    rows = trainer.validation[0]
    assert torch.equal(models.predict(trainer.network, rows), models.predict(trainer.network, rows))


def test_initial_weights_are_bounded_as_pytorch_bounds_them():
    configuration = configure("digits", model="dense", widths=[50])
    network = models.build(configuration, 256, training.generators(SEEDS, "weights"))
    parameters = dict(network.named_parameters())
    for name, fan_in in (("dense0", 256), ("dense1", 50)):
        largest = parameters[f"{name}.weight"].value.abs().max().item()
        assert 0.9 * fan_in**-0.5 < largest <= fan_in**-0.5
    assert models.count_parameters(network) == 256 * 50 + 50 + 50 * 10 + 10


def test_the_network_of_the_source_has_the_units_that_the_source_states():
    configuration = configure("digits", channels=[16, 32, 64], kernel=5, padding=2)
    network = models.build(configuration, 256, training.generators([0], "weights"))
    assert models.state(network)["dense0.weight"].shape == (1, 256, 10)


GRADIENT_CASES = [
    ("houses", {"widths": [8, 5, 7]}),
    ("houses", {"widths": []}),
    ("houses", {"loss": "gaussian", "dropout": 0.4}),
    ("digits", {"widths": [6], "dropout": 0.3}),
    ("digits", {"loss": "mse"}),
    ("digits", {"model": "dense", "widths": [9, 9]}),
]


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("problem", "overrides"), GRADIENT_CASES)
def test_gradients_are_slopes_of_the_loss(problem, overrides, double_precision):
    configuration = configure(problem, **overrides)
    data = digit_replicates(2, rows=6) if problem == "digits" else house_replicates(2, rows=9)
    (x, y), _, _ = training.tensors(data, configuration)
    x, y = x.double(), y if problem == "digits" else y.double()
    generators = training.generators(SEEDS[:2], "weights")
    network = models.build(configuration, x.shape[2], generators)
    loss = losses.LOSSES[configuration["loss"]]

    def forward():
        # From the same state of chance each time, so that dropout drops the same.
        return network.forward(x, training.generators(SEEDS[:2], "dropout"))

    outputs, trace = forward()
    gradient = losses.GRADIENTS[configuration["loss"]](outputs, y)
    network.backward(trace, gradient)
    found = {name: p.gradient.clone() for name, p in network.named_parameters()}
    network.backward(forward()[1], gradient, add=True)
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.gradient, 2 * found[name])
        start, direction = parameter.value.clone(), found[name] / found[name].norm()
        values = []
        for step in (1e-6, -1e-6):
            parameter.value.copy_(start + step * direction)
            values.append(loss(forward()[0], y).sum().item())
        parameter.value.copy_(start)
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx(found[name].norm().item(), rel=1e-5), name


def test_no_job_waits_for_pytorchs_compiler():
    # Importing it takes about a second, longer than many trainings.
    code = """
import json, sys, numpy
from tunebook import training
x = numpy.random.default_rng(0).uniform(1, 9, (20, 4))
data = {"train_x": x, "train_y": x[:, 0], "validation_x": x, "validation_y": x[:, 0]}
for configuration in json.loads(sys.argv[1]):
    training.train(configuration, [data], [0])
sys.exit("torch._dynamo" in sys.modules)
"""
    scripts = Path(training.__file__).parents[1]
    optimizers = [configure("houses", optimizer=name) for name in REFERENCE_OPTIMIZERS]
    arguments = [sys.executable, "-c", code, json.dumps(optimizers)]
    subprocess.run(arguments, check=True, cwd=scripts)


def test_one_thread_and_one_epoch_are_timed():
    seconds = training.time_epochs(configure("houses"), house_replicates(1)[0], 0, epochs=4)
    assert len(seconds) == 4 and min(seconds) > 0


def test_progress_says_epoch_losses_and_time_left(capsys):
    progress = training.console_progress(every=0)
    progress(2, 4, torch.tensor([[0.5], [0.1], [0.25], [0.2]]))
    assert "epoch 2/4: training loss 0.5, validation loss 0.25, about 0 s left" in (
        capsys.readouterr().out
    )


def test_gaussian_training_predicts_a_positive_variance():
    configuration = configure("houses", loss="gaussian")
    trained = training.train(configuration, house_replicates(1), SEEDS[:1])
    trainer = training.Trainer(configuration, house_replicates(1), SEEDS[:1])
    models.restore(trainer.network, trained.final)
    outputs = models.predict(trainer.network, trainer.validation[0])
    _, variance = losses.mean_and_variance(outputs)
    assert (variance > 0).all()
