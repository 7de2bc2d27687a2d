"""Training gives what PyTorch gives, alone or together, and leaves what can be read back."""

import itertools
import json
import math
import platform
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info
from torch import nn

from made_up import SEEDS, configure, image_record, images, replicates, splits, table, table_record
from project import cut_short, one_byte_altered
from tunebook.jobs import TunebookError
from tunebook.learn import (
    activations,
    losses,
    maps,
    models,
    modules,
    network,
    products,
    tapes,
    timing,
    training,
)
from tunebook.learn.baselines import choose, estimators, fit_baselines
from tunebook.learn.blocks import (
    HISTORY,
    HISTORY_COLUMNS,
    choose_best,
    columns,
    last_validation,
    read_history,
    read_record,
    read_weights,
    save_block,
)
from tunebook.learn.training import Trained
from tunebook.learn.work import size
from tunebook.study.bundles import shape
from tunebook.study.signature import REQUIRED, arguments
from tunebook.study.sizes import feature_sizes, work
from tunebook.tasks import TASKS

torch.set_num_threads(1)

# Float32 sums in another order: a few units in the last place, grown over the steps.
alike = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-6)


def trainer_of(configuration, data, seeds, folder=None):
    """A Trainer of one block of replicates."""
    return training.Trainer([training.Block(configuration, data, seeds)], folder)


def raw(configuration, data, split="train"):
    """(x, y) of one split as they are scaled, not as a network prepares them for itself."""
    return training.tensors(configuration, data, (split,))[0][split]


REFERENCE_OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
}
CASES = [
    *(("prices", {"optimizer": name, "loss": loss})
      for name in REFERENCE_OPTIMIZERS for loss in ("mse", "gaussian")),
    ("prices", {"dropout": 0.3}), ("prices", {"batch_size": "full", "metric": "r2"}),
    ("prices", {"weight_decay": 0.1, "scale_target": "standard"}),
    ("images", {"metric": "balanced-accuracy"}), ("images", {"loss": "mse", "dropout": 0.2}),
    ("images", {"model": "dense", "widths": [7]}),
    ("images", {"model": "dense", "widths": [], "metric": "auc"}),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "overrides"), CASES)
def test_training_replicates_together_gives_what_training_them_alone_gives(problem, overrides):
    configuration, data = configure(problem, **overrides), replicates(problem)
    together = training.train(configuration, data, SEEDS)
    for slot, seed in enumerate(SEEDS):
        alone = training.train(configuration, [data[slot]], [seed])
        for name, value in alone.weights.items():
            alike(together.weights[name][slot], value[0])
        for name in HISTORY:
            alike(together.history[name][:, slot], alone.history[name][:, 0], atol=1e-5)


@pytest.fixture(params=products.LIBRARIES)
def library(request, monkeypatch):
    """Each library of products in turn."""
    monkeypatch.setattr(products, "_chosen", products.LIBRARIES[request.param])
    with np.errstate(all="ignore"):  # as in a training job, where divergence is a result
        yield request.param


# What blocks that are trained together may differ in: each its optimizer, numbers and scaling. The
# first diverges at once, and is done before the others are.
TOGETHER = (
    {"optimizer": "sgd", "learning_rate": 1000.0}, {"learning_rate": 0.001}, {"dropout": 0.5},
    {"optimizer": "rmsprop", "alpha": 0.9}, {"optimizer": "sgd-momentum", "learning_rate": 0.001},
    {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-4}, {"scale_inputs": "none", "learning_rate": 1e-5},
    {"optimizer": "adamw", "weight_decay": 0.1, "scale_target": "standard"},
    {"noise": 0.3}, {"noise": 0.1, "scale_inputs": "quartiles"}, {"scale_target": "log"},
)  # fmt: skip


@pytest.mark.parametrize("loss", ["mse", "gaussian"])
def test_blocks_of_one_shape_give_together_what_each_gives_alone_bit_by_bit(library, loss):
    data = table(2)
    configurations = [
        configure("prices", loss=loss, widths=[7, 5], epochs=4, **each) for each in TOGETHER
    ]
    assert len({shape(each) for each in configurations}) == 1
    blocks = [training.Block(each, data, [11 * i, i]) for i, each in enumerate(configurations)]
    for block, together in zip(blocks, training.train_together(blocks), strict=True):
        alone = training.train(block.configuration, data, block.seeds)
        assert together.diverged_at == alone.diverged_at
        for key, value in (alone.weights | alone.history).items():
            found = (together.weights | together.history)[key]
            assert torch.equal(found.nan_to_num(7), value.nan_to_num(7)), key
    if loss == "mse":
        assert 0 < max(training.train(configurations[0], data, [0, 0]).diverged_at) < 4


def test_seconds_of_training_together_add_up_to_those_of_the_loop():
    blocks = [training.Block(configure("prices", **each), table(2), [1, 2]) for each in TOGETHER]
    started = time.perf_counter()
    found = training.train_together(blocks)
    whole = time.perf_counter() - started
    assert 0.5 * whole < sum(trained.seconds for trained in found) <= whole
    assert found[0].seconds < found[1].seconds


def test_both_libraries_of_products_train_to_the_same_networks():
    found = []
    for name in products.LIBRARIES:
        products.choose(name)
        found.append(training.train(configure("prices", epochs=3), table(2), SEEDS[:2]))
    products.choose("torch")
    one, other = found
    for name, value in one.weights.items():
        alike(other.weights[name], value)


AMD, INTEL = "vendor_id : AuthenticAMD\nflags : fpu avx2", "vendor_id : GenuineIntel\nflags : avx2"


@pytest.mark.parametrize(("processor", "expected"), [
    (f"{AMD} avx512f avx512bw", "numpy"), (f"{INTEL} avx512f", "torch"), (AMD, "torch"),
    ("CPU implementer : 0x41\nFeatures : fp asimd", "torch"), ("", "torch"),
])  # fmt: skip
def test_the_library_of_products_follows_from_the_processors_description(
    processor, expected, monkeypatch
):
    monkeypatch.setattr(products, "openblas", lambda: {"version": "1", "kernel": "SkylakeX"})
    assert products.default(processor) == expected
    monkeypatch.setattr(products, "openblas", dict)
    assert products.default(processor) == "torch"


def test_what_multiplies_is_told_with_its_kernel(library):
    found = products.description()
    assert set(found) == {"library", "version", "kernel", "instructions"}
    kernels = [each["architecture"] for each in threadpool_info() if "architecture" in each]
    if found["library"] == "OpenBLAS":
        assert found["kernel"] in kernels
    with pytest.raises(TunebookError, match="products: found 'cuda'; allowed: auto, numpy, torch"):
        products.choose("cuda")


ACTIVATIONS = {
    "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU, "silu": nn.SiLU, "mish": nn.Mish,
}  # fmt: skip


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_gradients_are_those_of_pytorch(name, in_place):
    activation, x = activations.ACTIVATIONS[name], 5 * torch.randn(3, 9, 7)
    x[0, 0] = torch.tensor([0.0, 1e-6, -1e-6, 40, -40, 200, -200])
    leaf = x.clone().requires_grad_()
    expected = ACTIVATIONS[name]()(leaf)
    gradient = torch.randn_like(x)
    expected.backward(gradient)
    given, kept = x.clone(), x.clone()
    y = given if in_place else torch.empty_like(x)
    activation.forward(given, y)
    alike(y, expected.detach(), atol=2e-6)
    if activation.keeps != "input":
        kept = y.mul(2) if activation.keeps == "sign" else y
    activation.backward(gradient, kept)
    alike(gradient, leaf.grad, atol=2e-6)


def reference_module(network, configuration, shape=(1, 16, 16)):
    """The same network in torch.nn, with the first replicate's weights."""
    values, layers = {name: value[0] for name, value in network.state().items()}, []

    def append(layer, name, weight, *more):
        numbers = {"weight": weight, "bias": values[f"{name}.bias"].flatten()}
        for part in ("mean", "variance"):
            if f"{name}.{part}" in values:
                running = "running_" + part.replace("variance", "var")
                numbers[running] = values[f"{name}.{part}"].flatten()
        layer.load_state_dict(numbers, strict=False)
        layers.extend([layer, *more])

    if configuration["model"] == "convolutional":
        window = configuration["kernel"], 1, configuration["padding"]
        counts = itertools.pairwise([shape[0], *configuration["channels"]])
        for i, (fan_in, fan_out) in enumerate(counts):
            name, layer = f"convolution{i}", nn.Conv2d(fan_in, fan_out, *window)
            append(layer, name, values[f"{name}.weight"], nn.ReLU(), nn.MaxPool2d(2))
        layers.append(nn.Flatten())
    norm = {"none": None, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    norm, count = norm[configuration["normalization"]], len(configuration["widths"])
    for i in range(count + 1):
        weight = values[f"dense{i}.weight"]
        if norm and i < count:
            layers.append(nn.Linear(*weight.shape, bias=False))
            layers[-1].weight.data = weight.T.contiguous()
            append(norm(weight.shape[1]), f"dense{i}", values[f"dense{i}.scale"].flatten())
        else:
            append(nn.Linear(*weight.shape), f"dense{i}", weight.T)
        layers.append(ACTIVATIONS[configuration["activation"]]())
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("optimizer", REFERENCE_OPTIMIZERS)
@pytest.mark.parametrize("problem", ["prices", "images"])
def test_steps_are_those_of_a_plain_pytorch_loop(problem, optimizer):
    configuration = configure(problem, optimizer=optimizer)
    trainer = trainer_of(configuration, replicates(problem, 1), SEEDS[:1])
    reference = reference_module(trainer.network, configuration)
    step = REFERENCE_OPTIMIZERS[optimizer](reference.parameters())
    criterion = nn.CrossEntropyLoss() if problem == "images" else nn.MSELoss()
    x, y = raw(configuration, replicates(problem, 1))
    for rows in (slice(0, 20), slice(20, 40)):
        trainer.step(trainer.network.prepare(x[:, rows]), y[:, rows])
        batch = x[0, rows].reshape(-1, 1, 16, 16) if problem == "images" else x[0, rows]
        step.zero_grad()
        criterion(reference(batch), y[0, rows]).backward()
        step.step()
    expected = reference_module(trainer.network, configuration).state_dict()
    for name, value in reference.state_dict().items():
        alike(value, expected[name], atol=1e-5)


DENSE = [
    *({"activation": name} for name in ACTIVATIONS),
    {"normalization": "batch"}, {"normalization": "layer", "activation": "silu"},
    {"normalization": "batch", "activation": "tanh", "widths": [7, 1, 5]},
    {"initial_weights": "he", "last_layer": "zero"},
]  # fmt: skip


@pytest.mark.parametrize("overrides", DENSE)
def test_dense_networks_train_and_predict_as_those_of_a_plain_pytorch_loop(overrides, library):
    # Plain steps, since Adam would blow up gradients that are nothing but rounding.
    configuration = configure("prices", optimizer="sgd-momentum", **overrides)
    data = table(3)
    trainer = trainer_of(configuration, data, SEEDS)
    references = [
        reference_module(one, configuration)
        for one in (trainer_of(configuration, [data[i]], [SEEDS[i]]).network for i in range(3))
    ]
    x, y = raw(configuration, data)
    for i, reference in enumerate(references):
        step = REFERENCE_OPTIMIZERS["sgd-momentum"](reference.parameters())
        for rows in (slice(0, 20), slice(20, 40)):
            step.zero_grad()
            nn.functional.mse_loss(reference(x[i, rows]), y[i, rows]).backward()
            step.step()
    for rows in (slice(0, 20), slice(20, 40)):
        trainer.step(trainer.network.prepare(x[:, rows]), y[:, rows])
    held_out, _ = raw(configuration, data, "validation")
    found = trainer.network.predict(trainer.validation[0])
    for i, reference in enumerate(references):
        alike(found[i], reference.eval()(held_out[i]).detach(), atol=1e-5)
    expected = reference_module(trainer.network, configuration).state_dict()
    for name, value in references[0].state_dict().items():
        if "num_batches" not in name:
            alike(value, expected[name], atol=1e-5)


EMBEDDED = [
    {"embedding": "periodic", "embedding_size": 6}, {"embedding": "piecewise-linear"},
    {"embedding": "piecewise-linear", "embedding_size": 1, "widths": []},
    {"embedding": "periodic", "embedding_scale": 0.1, "normalization": "batch", "dropout": 0.2},
]  # fmt: skip


def mixed(count, rows=40):
    """Replicates of prices, one of whose features is a level of a category."""
    data = table(count, rows)
    for arrays, record in data:
        record["features"][1]["type"] = "level"
        for split in ("train", "validation", "test"):
            arrays[f"{split}_x"][:, 1] = arrays[f"{split}_x"][:, 1] > 50
    return data


def bins(value, edges):
    """The piecewise linear encoding of a number, as the paper defines it by cases."""
    last, found = len(edges) - 2, []
    for t, (low, high) in enumerate(itertools.pairwise(edges)):
        if value < low and t > 0:
            found.append(0.0)
        elif value >= high and t < last:
            found.append(1.0)
        else:
            found.append((value - low) / (high - low))
    return found


def test_numbers_are_embedded_by_bins_between_quantiles_of_the_training_rows():
    configuration = configure("prices", embedding="piecewise-linear", embedding_size=4)
    data = mixed(2)
    for arrays, _ in data:
        arrays["train_x"][:, 3] = 7.0 * (np.arange(40) > 35)  # most of them equal: one bin
    x, _ = raw(configuration, data)
    network = trainer_of(configuration, data, SEEDS[:2]).network
    further = torch.cat([x, x[:, :1] + 9, x[:, :1] - 9], dim=1)
    found = network.prepare(further)
    assert found.shape == (2, 42, 3 * 4 + 1 + 1)
    for replicate in range(2):
        for column, feature in enumerate((0, 2)):
            edges = np.quantile(x[replicate, :, feature], np.linspace(0, 1, 5))
            expected = [bins(value, edges) for value in further[replicate, :, feature].tolist()]
            alike(found[replicate, :, 4 * column :][:, :4], torch.tensor(expected).float())
    alike(found[..., 8], further[..., 3])  # from 0 to 1 anyway
    assert not found[..., 9:12].any()
    assert torch.equal(found[..., 12], further[..., 1])


def test_a_number_that_is_always_the_same_says_nothing():
    data = table(1)
    data[0][0]["train_x"][:, 0] = 5
    for kind in ("piecewise-linear", "periodic"):
        trained = training.train(configure("prices", embedding=kind), data, SEEDS[:1])
        assert trained.history["validation_loss"].isfinite().all()


def test_frequencies_embed_numbers_by_sines_and_cosines_and_are_trained_as_autograd_does():
    configuration = configure("prices", embedding="periodic", optimizer="sgd-momentum", widths=[])
    data = mixed(2)
    trainer = trainer_of(configuration, data, SEEDS[:2])
    start, (x, y) = trainer.network.state(), raw(configuration, data)
    for rows in (slice(0, 20), slice(20, 40)):
        trainer.step(trainer.network.prepare(x[:, rows]), y[:, rows])
    state = trainer.network.state()
    assert start["embedding.frequencies"].shape == (2, 3, 4)
    for i in range(2):
        values = {name: value[i].requires_grad_() for name, value in start.items()}
        step = REFERENCE_OPTIMIZERS["sgd-momentum"](values.values())
        for rows in (slice(0, 20), slice(20, 40)):
            angles = x[i, rows][:, [0, 2, 3], None] * values["embedding.frequencies"] * math.tau
            inputs = angles.sin().flatten(1), angles.cos().flatten(1), x[i, rows, 1:2]
            outputs = torch.cat(inputs, dim=1) @ values["dense0.weight"] + values["dense0.bias"]
            step.zero_grad()
            nn.functional.mse_loss(outputs, y[i, rows]).backward()
            step.step()
        for name, value in values.items():
            alike(state[name][i], value.detach(), atol=1e-5)


def test_frequencies_start_with_the_deviation_that_is_asked_for():
    data = table(1)
    for scale in (0.1, 2.0):
        configuration = configure(
            "prices", embedding="periodic", embedding_scale=scale, embedding_size=400
        )
        frequencies = trainer_of(configuration, data, SEEDS[:1]).network.frequencies.value
        assert frequencies.std().item() == pytest.approx(scale, rel=0.1)


@pytest.mark.parametrize("overrides", [*DENSE, *EMBEDDED])
def test_numbers_that_are_trained_are_counted_without_the_network(overrides):
    configuration, data = configure("prices", loss="gaussian", **overrides), mixed(2)
    network = trainer_of(configuration, data, SEEDS[:2]).network
    block = {"configuration": configuration, "seeds": SEEDS[:2]}
    assert size(block, data[0][1]) == 2 * network.size()


TANH = {"activation": "tanh", "dropout": 0.3}


@pytest.mark.parametrize("overrides", [*DENSE, *EMBEDDED, TANH])
def test_replicates_give_together_bit_by_bit_what_each_gives_alone(overrides, monkeypatch):
    # MKL's products are rounded by where in memory they lie.
    monkeypatch.setattr(products, "_chosen", products.LIBRARIES["numpy"])
    # The last step is one row, which joins the one before it only for batch normalization.
    configuration = configure("prices", batch_size=20, **overrides)
    data = mixed(3, rows=41)
    together = training.train(configuration, data, SEEDS)
    for i, seed in enumerate(SEEDS):
        alone = training.train(configuration, [data[i]], [seed])
        for name, value in alone.weights.items():
            assert torch.equal(together.weights[name][i], value[0]), name
        for name, value in alone.history.items():
            assert torch.equal(together.history[name][:, i], value[:, 0]), name


@pytest.mark.parametrize("overrides", [{"normalization": "batch", "dropout": 0.1}, *EMBEDDED])
def test_what_is_known_besides_weights_is_kept_and_predicting_leaves_it_alone(overrides):
    configuration, data = configure("prices", **overrides), mixed(3)
    trainer = trainer_of(configuration, data, SEEDS)
    start = trainer.network.state()
    trainer.epoch()
    state = trainer.network.state()
    if configuration["normalization"] == "batch":
        assert not torch.equal(start["dense1.mean"], state["dense1.mean"])
    fresh = models.build(configuration, data[0][1], models.blank(3))
    fresh.restore(state)
    x = fresh.prepare(raw(configuration, data, "validation")[0])
    assert torch.equal(fresh.predict(x), trainer.network.predict(trainer.validation[0]))
    # Each row is predicted by itself, whatever rows there are besides.
    alike(fresh.predict(x[:, :1]), fresh.predict(x)[:, :1])
    assert all(torch.equal(state[key], value) for key, value in fresh.state().items())


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 12, 20), (2, 9, 8)])
def test_images_of_any_channels_and_sides_are_convolved_as_pytorch_does(shape):
    configuration, data = configure("images"), images(1, shape=shape, classes="abcd")
    trainer = trainer_of(configuration, data, SEEDS[:1])
    reference = reference_module(trainer.network, configuration, shape)
    x, _ = raw(configuration, data)
    expected = reference(x[0].reshape(-1, *shape)).detach()
    alike(trainer.network.predict(trainer.train[0])[0], expected, atol=1e-5)
    assert expected.shape[1] == 4
    trainer.epoch()


def test_pieces_of_a_batch_add_up_to_its_gradient(monkeypatch):
    configuration = configure("images", batch_size=50)
    whole = training.train(configuration, images(1), SEEDS[:1])
    monkeypatch.setattr(maps.ByProducts, "PIXELS", 13 * 256)
    monkeypatch.setattr(maps.ByPyTorch, "PIXELS", 13 * 256)
    pieces = training.train(configuration, images(1), SEEDS[:1])
    for name, value in whole.weights.items():
        alike(pieces.weights[name], value)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    configuration = configure("prices", dropout=0.2)
    first, again = (training.train(configuration, table(1), [5]) for _ in range(2))
    other = training.train(configuration, table(1), [6])
    for name, value in first.weights.items():
        assert torch.equal(value, again.weights[name])
    assert not torch.equal(first.weights["dense0.weight"], other.weights["dense0.weight"])


def test_divergence_is_recorded_and_leaves_the_other_replicates_alone():
    data = table(2)
    data[0][0]["train_x"] = data[0][0]["train_x"] * 1e12
    configuration = configure("prices", scale_inputs="none", optimizer="sgd", learning_rate=1e-5)
    trained = training.train(configuration, data, SEEDS[:2])
    assert trained.diverged_at[0] >= 1 and trained.diverged_at[1] == 0
    assert trained.history["train_loss"][:, 1].isfinite().all()
    # After the epoch it diverged at, nothing is recorded.
    assert trained.history["train_loss"][trained.diverged_at[0] :, 0].isnan().all()


def test_training_ends_early_only_when_every_replicate_has_diverged():
    epochs, wild = [], {"optimizer": "sgd", "learning_rate": 1000, "scale_target": "none"}
    configuration = configure("prices", epochs=9, **wild)

    def progress(epoch, *more):
        epochs.append(epoch)

    trained = training.train(configuration, table(2), SEEDS[:2], progress=progress)
    assert all(trained.diverged_at)
    assert len(epochs) == max(trained.diverged_at) < 9


def test_training_loss_is_the_mean_over_the_batches_before_their_steps():
    trainer = trainer_of(configure("prices", batch_size=40, epochs=1), table(1), SEEDS[:1])
    before, _ = trainer.summary(trainer.network.predict(trainer.train[0]), trainer.train[1])
    torch.testing.assert_close(trainer.epoch()[0], before)


def test_the_curve_shows_the_metric_that_judges():
    configuration = configure("prices", metric="mae", scale_target="standard")
    trainer = trainer_of(configuration, table(1), SEEDS[:1])
    trainer.epoch()
    x, y = trainer.validation
    found = trainer.summary(trainer.network.predict(x), y)[1].item()
    arrays = table(1)[0][0]
    outputs = trainer.network.predict(x).squeeze().numpy()
    predicted = outputs * arrays["train_y"].std() + arrays["train_y"].mean()
    assert found == pytest.approx(np.abs(predicted - arrays["validation_y"]).mean(), rel=1e-4)


def test_dropout_keeps_the_mean_and_acts_in_training_only():
    factors = network.dropout_factors((100, 100), 0.25, training.generators([1, 2], "dropout"))
    assert factors.unique().tolist() == pytest.approx([0, 4 / 3])
    assert factors.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(factors[0], factors[1])
    trainer = trainer_of(configure("prices", dropout=0.5), table(1), SEEDS[:1])
    rows = trainer.validation[0]
    assert torch.equal(trainer.network.predict(rows), trainer.network.predict(rows))


def test_initial_weights_are_bounded_as_pytorch_bounds_them():
    configuration = configure("images", model="dense", widths=[50])
    network = models.build(configuration, images(1)[0][1], training.generators(SEEDS, "weights"))
    for name, fan_in in (("dense0", 256), ("dense1", 50)):
        largest = network.parameters[f"{name}.weight"].value.abs().max().item()
        assert 0.9 * fan_in**-0.5 < largest <= fan_in**-0.5
    assert network.size() == 256 * 50 + 50 + 50 * 10 + 10


# {way: (standard deviation of weights, of biases; largest of both)}, of a layer from 256 to 50.
INITIAL = {
    "torch": ((1 / 48) ** 0.5 / 4, (1 / 48) ** 0.5 / 4, 1 / 16),
    "uniform": (2.4 / 256 / 3**0.5, 2.4 / 256 / 3**0.5, 2.4 / 256),
    "he": ((2 / 256) ** 0.5, 0, 1),
    "xavier": ((2 / 306) ** 0.5, 0, (6 / 306) ** 0.5),
}


@pytest.mark.parametrize("way", INITIAL)
def test_initial_weights_have_the_spread_that_they_are_said_to_have(way):
    configuration = configure("images", model="dense", widths=[50], initial_weights=way)
    network = models.build(configuration, images(1)[0][1], training.generators(SEEDS, "weights"))
    weights, biases, most = INITIAL[way]
    for part, deviation in (("weight", weights), ("bias", biases)):
        value = network.parameters[f"dense0.{part}"].value
        assert value.std().item() == pytest.approx(deviation, rel=0.15)
        assert value.abs().max().item() <= most
        assert value.mean().item() == pytest.approx(0, abs=deviation / 5)


@pytest.mark.parametrize("way", INITIAL)
def test_initial_weights_of_convolutions_go_by_what_a_kernel_sees(way):
    generators = training.generators(SEEDS[:2], "weights")
    weight, bias = network.initial(((200, 3, 5, 5), (200,)), (75, 5000), generators, way)
    bound = {"torch": 75**-0.5, "uniform": 2.4 / 75, "xavier": (6 / 5075) ** 0.5}
    assert (weight.value.shape, bias.value.shape) == ((2, 200, 3, 5, 5), (2, 200))
    if way == "he":
        assert weight.value.std().item() == pytest.approx((2 / 75) ** 0.5, rel=0.05)
    else:
        assert 0.99 * bound[way] < weight.value.abs().max() <= bound[way]


def test_a_last_layer_of_zeros_says_0_of_every_row_and_learns():
    configuration = configure("prices", last_layer="zero", initial_weights="he")
    trainer = trainer_of(configuration, table(2), SEEDS[:2])
    assert not trainer.network.predict(trainer.validation[0]).any()
    trainer.epoch()
    assert trainer.network.predict(trainer.validation[0]).all()
    assert trainer.network.state()["dense0.weight"].std() > 0.1


def test_outputs_are_classes_a_value_or_its_mean_and_variance():
    cases = [(images(1, classes="abc"), "images", "mse", 3), (table(1), "prices", "mse", 1)]
    for data, problem, loss, count in [*cases, (table(1), "prices", "gaussian", 2)]:
        configuration = configure(problem, model="dense", loss=loss)
        trainer = trainer_of(configuration, data, SEEDS[:1])
        assert trainer.network.predict(trainer.train[0]).shape[2] == count


def test_a_table_cannot_be_convolved():
    configuration = configure("images") | {"task": "regression", "loss": "mse"}
    with pytest.raises(TunebookError, match="found model convolutional; allowed: dense or module"):
        models.build(configuration, table_record(), models.blank(1))


GRADIENT_CASES = [
    ("prices", {"widths": [8, 5, 7]}), ("prices", {"widths": []}),
    ("prices", {"loss": "gaussian", "dropout": 0.4}),
    ("images", {"widths": [6], "dropout": 0.3}), ("images", {"loss": "mse"}),
    ("images", {"model": "dense", "widths": [9, 9]}),
    *(("prices", {"activation": name, "dropout": 0.3})
      for name in ("leaky-relu", "tanh", "sigmoid", "gelu", "silu", "mish")),
    # Where ReLU and dropout leave nothing of a row, a layer's slope is that of no side of a corner.
    *(("prices", {"normalization": kind, "activation": name, "dropout": rate, "widths": [5, 4, 6]})
      for kind in ("batch", "layer")
      for name, rate in (("relu", 0.0), ("tanh", 0.3), ("silu", 0.0), ("silu", 0.3))),
    *(("prices", {"embedding": kind, "activation": "silu"})
      for kind in ("periodic", "piecewise-linear")),
    ("images", {"label_smoothing": 0.2}),
    ("images", {"loss": "mse", "class_targets": "bipolar"}),
    ("prices", {"loss": "huber", "huber_delta": 0.3}), ("prices", {"loss": "absolute"}),
]  # fmt: skip


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("problem", "overrides"), GRADIENT_CASES)
def test_gradients_are_slopes_of_the_loss(problem, overrides, double_precision):
    configuration = configure(problem, **overrides)
    data = images(2, rows=6) if problem == "images" else table(2, rows=9)
    rows, _, _ = training.tensors(configuration, data, ["train"])
    x, y = rows["train"]
    network = models.build(configuration, data[0][1], training.generators(SEEDS[:2], "weights"))
    network.fit(x)
    x, y = network.prepare(x.double()), y if problem == "images" else y.double()
    loss = losses.make(configuration)

    def forward():
        # From the same state of chance each time, so that dropout drops the same.
        return network.forward(x, training.generators(SEEDS[:2], "dropout"))

    outputs, trace = forward()
    gradient = loss.gradient(outputs, y)
    network.backward(trace, gradient)
    found = {name: p.gradient.clone() for name, p in network.parameters.items()}
    network.backward(forward()[1], gradient, add=True)
    for name, parameter in network.parameters.items():
        torch.testing.assert_close(parameter.gradient, 2 * found[name])
        start, direction = parameter.value.clone(), found[name] / found[name].norm()
        values = []
        for step in (1e-6, -1e-6):
            parameter.value.copy_(start + step * direction)
            values.append(loss.minimised(forward()[0], y).sum().item())
        parameter.value.copy_(start)
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx(found[name].norm().item(), rel=1e-5), name


def test_no_job_waits_for_what_it_does_not_need(folder):
    # PyTorch's compiler takes about a second to import, symbolic algebra half a second; both are
    # longer than many trainings. The start of every `snakemake` call needs no PyTorch at all.
    tests, scripts = Path(__file__).parent, Path(training.__file__).parents[2]
    code = f"""
import json, sys
sys.path[:0] = ["{tests}", "{scripts}"]
import tunebook.study.sizes, tunebook.study.signature, tunebook.learn.blocks
assert "torch" not in sys.modules
from made_up import replicates
from tunebook.learn import training
for problem, configuration in json.loads(sys.argv[1]):
    training.train(configuration, replicates(problem, 1), [0], "{folder}")
sys.exit(any(name in sys.modules for name in ("torch._dynamo", "sympy")))
"""
    cases = [("prices", configure("prices", optimizer=name)) for name in REFERENCE_OPTIMIZERS]
    cases.append(("images", configure("images", epochs=1)))
    cases += [("prices", own("Normed")), ("images", own("Images", "images"))]
    subprocess.run([sys.executable, "-c", code, json.dumps(cases)], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_was_freed_is_not_fetched_again():
    code = f"""
import resource, sys
sys.path.insert(0, "{Path(training.__file__).parents[2]}")
import torch
from tunebook.learn import training
training.one_thread()
faults = []
for _ in range(6):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    several = [torch.ones(10_000_000) for _ in range(3)]
    del several
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(*faults)
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    first, *_, last = map(int, found.stdout.split())
    assert last < first / 10


@pytest.mark.parametrize("more", [{}, {"noise": 0.1}], ids=["rows as they are", "changed rows"])
def test_an_epoch_and_a_prediction_are_timed(more):
    epoch, prediction = timing.time_alone(configure("prices", **more), table(1)[0], 0, epochs=4)
    assert 0 < prediction < epoch  # of one row, and of training on all of them


def test_progress_says_epoch_losses_and_time_left(capsys):
    progress = training.console_progress(every=0)
    progress(2, 4, torch.tensor([[0.5], [0.1], [0.25], [0.2]]))
    told = "epoch 2/4: training loss 0.5, validation loss 0.25, about 0 s left"
    assert told in capsys.readouterr().out


def test_batch_normalization_gets_no_single_row_at_the_end_of_an_epoch():
    configuration = configure("prices", batch_size=20)
    assert training.batches(configuration, 41) == [20, 20, 1]
    assert training.batches(configuration | {"normalization": "batch"}, 41) == [20, 21]
    assert training.batches(configuration | {"normalization": "layer"}, 41) == [20, 20, 1]
    assert training.batches(configuration | {"model": "module"}, 41) == [20, 21]
    assert training.batches(configuration | {"model": "module", "batch_size": 1}, 2) == [1, 1]
    assert training.batches(configuration | {"batch_size": "full"}, 41) == [41]


# Losses, on values worked out by hand.

LOGITS = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0]]])
LABELS = torch.tensor([[0, 1]])


def test_cross_entropy_of_logits():
    # Probabilities 1/2 for class 0, and 1/4 for class 1.
    rows = losses.cross_entropy(LOGITS, LABELS)
    assert rows[0].tolist() == pytest.approx([math.log(2), math.log(4)])


def test_mse_of_values_and_of_one_hot_labels():
    values = losses.mse(torch.tensor([[[3.0], [1.0]]]), torch.tensor([[[1.0], [1.0]]]))
    assert values.tolist() == [[4.0, 0.0]]
    one_hot = losses.mse(torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), LABELS)
    assert one_hot.tolist() == [[0.0, 1.0]]
    bipolar = losses.mse(torch.tensor([[[1.0, -1.0], [1.0, 0.0]]]), LABELS, bipolar=True)
    assert bipolar.tolist() == [[0.0, (4 + 1) / 2]]


def raw_variance(variance):
    """The output that `mean_and_variance` turns into this variance."""
    return math.log(math.expm1(variance - losses.SMALLEST_VARIANCE))


def test_gaussian_loss_without_its_constant():
    outputs = torch.tensor([[[2.0, raw_variance(4.0)], [0.0, raw_variance(0.01)]]])
    rows = losses.gaussian(outputs, torch.tensor([[[5.0], [0.0]]]))
    # log(4)/2 + 9/8, and log(0.01)/2 + 0: below zero, which a squared error never is.
    assert rows[0].tolist() == pytest.approx([0.5 * math.log(4) + 9 / 8, 0.5 * math.log(0.01)])
    with_constant = -torch.distributions.Normal(2.0, 2.0).log_prob(torch.tensor(5.0)).item()
    assert rows[0, 0].item() == pytest.approx(with_constant - 0.5 * math.log(2 * math.pi))


@pytest.mark.parametrize("raw", [-1e6, -50.0, 0.0, 50.0, 1e6])
def test_predicted_variance_is_positive_and_finite_for_every_output(raw):
    outputs = torch.tensor([[[0.0, raw]]], requires_grad=True)
    _, variance = losses.mean_and_variance(outputs)
    assert 0.999 * losses.SMALLEST_VARIANCE <= variance.item() <= 1e6 + 1
    loss = losses.gaussian(outputs, torch.ones(1, 1, 1)).sum()
    loss.backward()
    assert loss.isfinite() and outputs.grad.isfinite().all()


@pytest.mark.parametrize(("given", "theirs"), [
    ({"loss": "huber", "huber_delta": 0.5}, nn.HuberLoss(delta=0.5)),
    ({"loss": "huber"}, nn.HuberLoss()), ({"loss": "absolute"}, nn.L1Loss()),
    ({"loss": "mse"}, nn.MSELoss()),
])  # fmt: skip
def test_losses_of_values_and_their_gradients_are_those_of_pytorch(given, theirs):
    random = torch.Generator().manual_seed(0)
    outputs, y = torch.randn((2, 2, 50, 1), generator=random)
    y[0, 0] = outputs[0, 0]  # no error has a slope of zero
    compare(configure("prices", **given), outputs, y, theirs)


@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.9])
def test_smoothed_labels_and_their_gradients_are_those_of_pytorch(smoothing):
    random = torch.Generator().manual_seed(0)
    outputs = 3 * torch.randn(2, 50, 7, generator=random)
    y = torch.randint(7, (2, 50), generator=random)
    ours = configure("images", label_smoothing=smoothing)
    compare(ours, outputs, y, nn.CrossEntropyLoss(label_smoothing=smoothing))
    plain = [nn.functional.cross_entropy(*pair).item() for pair in zip(outputs, y, strict=True)]
    assert losses.make(ours).rows(outputs, y).mean(dim=1).tolist() == pytest.approx(plain)


def compare(configuration, outputs, y, theirs):
    """What is minimised for two replicates, and its gradient, beside PyTorch's own."""
    ours = losses.make(configuration)
    values, gradients = ours.minimised(outputs, y).mean(dim=1), ours.gradient(outputs, y)
    for slot in range(2):
        alone = outputs[slot].clone().requires_grad_()
        loss = theirs(alone, y[slot])
        loss.backward()
        torch.testing.assert_close(values[slot], loss.detach())
        torch.testing.assert_close(gradients[slot] / outputs.shape[1], alone.grad)


def test_the_training_loss_is_what_is_minimised_and_the_validation_loss_that_of_the_labels():
    # Steps so small that the weights stay: the network after the epoch is that of the epoch.
    still = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1}
    configuration = configure("images", label_smoothing=0.3, **still)
    trainer = trainer_of(configuration, images(2), SEEDS[:2])
    found = trainer.epoch()
    for split, row, smoothing in (("train", 0, 0.3), ("validation", 2, 0.0)):
        x, y = getattr(trainer, split)
        pairs = zip(trainer.network.predict(x), y, strict=True)
        expected = [nn.functional.cross_entropy(*each, label_smoothing=smoothing) for each in pairs]
        alike(found[row], torch.stack(expected))


# Noise


def noisy(deviation, problem="prices", **overrides):
    """(the rows of two epochs less what they are without noise, those rows) of two replicates."""
    data = table(2, rows=400) if problem == "prices" else images(2, rows=20)
    data[0][1]["features"][1]["type"] = "level"
    found = []
    for noise in (deviation, 0.0):
        configuration = configure(problem, noise=noise, **overrides)
        trainer = trainer_of(configuration, data, SEEDS[:2])
        found.append([trainer.shuffle()[0].clone() for _ in range(2)])
    return [with_it - without for with_it, without in zip(*found, strict=True)], found[1]


def test_noise_is_drawn_anew_for_each_row_epoch_and_replicate():
    noise, _ = noisy(0.25)
    numbers = torch.stack([epoch[..., [0, 2, 3]] for epoch in noise])
    assert numbers.mean().item() == pytest.approx(0, abs=0.02)
    assert numbers.std(dim=2).flatten().tolist() == pytest.approx([0.25] * 12, rel=0.15)
    drawn = torch.corrcoef(numbers.movedim(2, -1).reshape(12, -1))
    assert (drawn - torch.eye(12)).abs().max() < 0.25, "nothing follows from another"


def test_noise_leaves_levels_the_order_of_rows_and_the_validation_rows_alone():
    noise, _ = noisy(0.25)
    assert all((epoch[..., 1] == 0).all() for epoch in noise)
    for problem, more in (("prices", {}), ("images", {}), ("images", {"model": "dense"})):
        trainers = [
            trainer_of(configure(problem, noise=noise, **more), replicates(problem, 2), SEEDS[:2])
            for noise in (5.0, 0.0)
        ]
        (x, y), (plain_x, plain_y) = (trainer.shuffle() for trainer in trainers)
        assert torch.equal(y, plain_y) and not torch.equal(x, plain_x)
        held_out, plain = (trainer.validation[0] for trainer in trainers)
        assert torch.equal(held_out, plain)


def test_a_replicate_gets_the_same_noise_alone_and_together():
    for problem in ("prices", "images"):
        configuration, data = configure(problem, noise=0.2), replicates(problem)
        together = training.train(configuration, data, SEEDS)
        alone = training.train(configuration, data[1:2], SEEDS[1:2])
        without = training.train(configuration | {"noise": 0.0}, data[1:2], SEEDS[1:2])
        for name, value in alone.weights.items():
            alike(together.weights[name][1], value[0])
            assert not torch.equal(value, without.weights[name])


# Sizes and work, without PyTorch.


def test_maps_halve_with_each_pooling():
    assert feature_sizes((1, 16, 16), [16, 32, 64], 5, 2, 2) == [(8, 8), (4, 4), (2, 2)]
    assert feature_sizes((3, 20, 13), [8, 8], 3, 1, 2) == [(10, 6), (5, 3)]
    # 16 -> 12 -> 6 -> 2 -> 1, and a kernel of 5 does not fit on 1.
    assert feature_sizes((1, 16, 16), [16, 32], 5, 0, 2) == [(6, 6), (1, 1)]
    assert feature_sizes((1, 17, 16), [4] * 3, [5, 3, 1], [2, 1, 0], [1, 2, 4], [2, 1, 1]) == [
        (9, 8), (4, 4), (1, 1)
    ]  # fmt: skip
    assert feature_sizes((1, 16, 16), [4, 4], "3-5", 1, 2.0) == [(8, 8), (3, 3)]  # as tables say it
    with pytest.raises(TunebookError, match=r"found \[3, 3\] for 3 convolutions; allowed: a size"):
        feature_sizes((1, 16, 16), [4] * 3, [3, 3], 1, 2)


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 16, 200)])
def test_a_convolution_without_a_pixel_left_is_refused(shape):
    with pytest.raises(TunebookError, match=r"convolution 3 has no pixel left of a map of 1 x"):
        feature_sizes(shape, [16, 32, 64], 5, 0, 2)


def test_more_of_anything_is_more_work():
    least = work(configure("prices"), 4, 1000, 1)
    assert 0 < least < work(configure("prices"), 4, 1000, 5)
    for change in ({"epochs": 30}, {"widths": [800, 800]}, {"batch_size": 1}):
        assert work(configure("prices", **change), 4, 1000, 1) > least
    images_ = configure("images")
    assert work(images_, (1, 16, 16), 1000, 1) < work(images_, (3, 32, 32), 1000, 1)
    own = configure("prices", model="module", module="networks.py:Skip", width=8, skip=True)
    assert work(own, 4, 1000, 1) < work(own | {"width": 800}, 4, 1000, 1)


# Networks of a study's own: alike together and one by one, and refused in one sentence

NETWORKS = '''
"""Networks of a study."""
import random
import numpy as np
import torch
from threadpoolctl import threadpool_info
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


class Counting(Plain):  # goes by what Python remembers: no tape can
    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) * (2 if self.calls > 20 else 1)


class Tallying(Plain):  # changes a tensor that is no buffer
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.tally = torch.zeros(1)

    def forward(self, x):
        self.tally += 1
        return super().forward(x) + self.tally


class Drawing(Plain):  # goes by another library's chance
    def forward(self, x):
        random.random(), np.random.rand()
        return super().forward(x)


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


def own(name, problem="prices", **overrides):
    given = GIVEN.get(name, {}) | overrides
    return configure(problem, model="module", module=f"networks.py:{name}", **given)


def ways(monkeypatch, way):
    """Have copies trained `together` wherever vmap can, or `apart`."""
    monkeypatch.setattr(modules, "LARGEST", 1e9 if way == "together" else 0)


# Which of them can be trained as one computation.
BATCHED = {
    "Plain": True, "Normed": True, "Inherits": True, "Lazy": True, "Running": True,
    "InPlace": True, "Images": True, "Functional": False, "Branching": False,
    "Counting": False, "Tallying": False, "Drawing": False,
}  # fmt: skip


@pytest.mark.parametrize("name", BATCHED)
def test_copies_together_one_by_one_and_alone_give_the_same(name, monkeypatch, folder):
    problem = "images" if name == "Images" else "prices"
    data = replicates(problem)
    # Adam would blow up gradients that are nothing but rounding, as those before batch-norm are.
    configuration = own(name, problem, weight_decay=0.01, optimizer="sgd-momentum")
    found = []
    for way in ("apart", "together"):
        ways(monkeypatch, way)
        found.append(training.train(configuration, data, SEEDS, folder))
    apart, together = found
    alone = [
        training.train(configuration, [one], [seed], folder)
        for one, seed in zip(data, SEEDS, strict=True)
    ]
    for key, value in apart.weights.items():
        alike(together.weights[key], value, atol=1e-5)
        alike(torch.cat([one.weights[key] for one in alone]), together.weights[key], atol=1e-5)
    for key in HISTORY:
        alike(together.history[key], apart.history[key], atol=1e-5)
    trainer = trainer_of(configuration, data, SEEDS, folder)
    assert isinstance(trainer.network, modules.Together) == BATCHED[name]


@pytest.mark.parametrize("way", ["together", "apart"])
def test_a_module_trains_as_a_plain_pytorch_loop_trains_it(way, monkeypatch, folder):
    ways(monkeypatch, way)
    data, configuration = table(3), own("Plain")
    trainer = trainer_of(configuration, data, SEEDS, folder)
    reference = modules.load_module(folder / "networks.py", "Plain")(4, 1)
    reference.load_state_dict({k: v[1] for k, v in trainer.network.state().items()})
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.01)
    x, y = raw(configuration, data)
    for rows in (slice(0, 16), slice(16, 32)):
        trainer.step(trainer.network.prepare(x[:, rows]), y[:, rows])
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(reference(x[1, rows]), y[1, rows]).backward()
        optimizer.step()
    for name, value in reference.state_dict().items():
        alike(trainer.network.state()[name][1], value)


@pytest.mark.parametrize("way", ["together", "apart"])
def test_running_means_and_what_is_not_trained_are_kept_and_restored(way, monkeypatch, folder):
    for name in ("Normed", "Running"):
        configuration, data = own(name), table(3)
        ways(monkeypatch, way)
        trainer = trainer_of(configuration, data, SEEDS, folder)
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
        alike(fresh.predict(x), expected)
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
    other = trainer_of(configuration, data, [5, 6], folder).network.state()[name]
    assert not torch.equal(other[0], other[1])


def test_a_module_that_works_in_place_leaves_the_data_alone(folder):
    trainer = trainer_of(own("InPlace"), table(2), SEEDS[:2], folder)
    before = [tensor.clone() for tensor in (*trainer.train, *trainer.validation)]
    trainer.epoch()
    for one, other in zip(before, (*trainer.train, *trainer.validation), strict=True):
        assert torch.equal(one, other)


def test_a_tape_plays_what_was_done_with_other_numbers():
    def compute(x, total):
        total.add_(x.sum())
        ordered, places = x.view(2, 6).sort(dim=1)  # two results, one of them of integers
        x.mul_(ordered.flatten())
        return torch.cat([x.view(3, 4) @ x.view(4, 3), places.view(3, 4)], dim=1)

    x, total = torch.rand(12), torch.zeros(())
    tape = tapes.Tape(x, total)
    outputs = tape.record(compute, x, total)
    assert tape.sound
    expected_total = total.clone()
    for _ in range(2):
        x.copy_(torch.rand(12))
        expected = compute(x.clone(), expected_total)
        tape.play(0)
        alike(outputs, expected)
        alike(total, expected_total)


SOMEWHERE = torch.zeros(3)


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x + torch.rand(3),
        lambda x: x * x.sum().item(),
        lambda x: x[x > 0],
        lambda x: SOMEWHERE.add_(x),
    ],
)
def test_a_tape_is_not_sound_where_playing_would_give_something_else(compute):
    x = torch.ones(3)
    tape = tapes.Tape(x)
    tape.record(compute, x)
    assert not tape.sound


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("shape", "weights", "options"),
    [
        ((2, 9, 7), (4, 2, 3, 2), {}),
        ((2, 9, 7), (4, 2, 3, 3), {"stride": (2, 1), "padding": (1, 2)}),
        ((6, 8, 8), (3, 2, 2, 2), {"groups": 3, "dilation": (2, 3)}),
    ],
)
def test_convolutions_in_columns_are_those_of_pytorch(rows, shape, weights, options):
    def compute(x, weight, bias, gradient):
        output = nn.functional.conv2d(x, weight, bias, **options)
        with torch.enable_grad():
            loss = (output * gradient).sum()
        return output.detach(), *torch.autograd.grad(loss, [x, weight, bias])

    x, weight = torch.randn(rows, *shape), torch.randn(weights)
    tensors = [tensor.requires_grad_() for tensor in (x, weight, torch.randn(weights[0]))]
    gradient = torch.randn_like(nn.functional.conv2d(*tensors, **options))
    expected = compute(*tensors, gradient)
    tape = tapes.Tape()
    alike(tape.record(compute, *tensors, gradient), expected, atol=1e-5)
    assert tape.columns


def test_arguments_of_a_class_are_read_without_running_it(folder):
    path = folder / "networks.py"
    assert arguments(path, "Plain") == {"width": 8, "skip": True, "names": ["a", "b"]}
    assert arguments(path, "Inherits") == arguments(path, "Plain")
    assert arguments(path, "Normed") == {"width": REQUIRED, "dropout": 0.3}
    path.write_text("raise SystemExit\nclass A:\n  def __init__(self, outputs, inputs): 1")
    assert arguments(path, "A") == {}


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


# What a job leaves is read back as it was, or refused; and the choice made from it


def trained():
    """Two replicates of three epochs; the second diverged at epoch 2."""
    values = torch.tensor([[0.5, 4.0], [0.25, torch.inf], [0.125, torch.nan]])
    return Trained(
        history={name: values * (i + 1) for i, name in enumerate(HISTORY)},
        diverged_at=[0, 2],
        ended=[3, 2],
        reported=[3, 1],
        weights={"dense0.weight": torch.arange(8.0).view(2, 4, 1), "steps": torch.tensor([3, 1])},
        seconds=1.5,
        parameters=4,
    )


@pytest.fixture
def block(tmp_path):
    """The path of the record of a block of replicates 5 and 6."""
    folder = tmp_path / "runs/table-a/replicates-5-6"
    configuration = {"batch_size": 16, "epochs": 3}
    record = {"run": "table-a", "configuration": configuration}
    save_block(folder, trained(), 5, record | {"replicates": [5, 6], "seeds": [1, 2]})
    return folder / "training.json"


def test_history_has_every_epoch_up_to_the_one_a_replicate_diverged_at(block):
    rows = list(read_history(block))
    seen = [(row["replicate"], row["epoch"]) for row in rows]
    assert seen == [(5, 1), (5, 2), (5, 3), (6, 1), (6, 2)]
    assert [rows[1][name] for name in HISTORY] == [0.25, 0.5, 0.75, 1.0]
    assert np.isinf(rows[4]["train_loss"])
    assert list(rows[0]) == list(HISTORY_COLUMNS)


def test_history_keeps_all_that_a_32_bit_number_holds(block):
    one, value = trained(), np.float32(1) / np.float32(3)
    one.history["train_loss"][0, 0] = float(value)
    save_block(block.parent, one, 5, {})
    assert np.float32(next(read_history(block))["train_loss"]) == value


def test_weights_and_buffers_come_back_bit_by_bit(block):
    weights = read_weights(block)
    assert set(weights) == {"dense0.weight", "steps"}
    assert all(torch.equal(weights[key], value) for key, value in trained().weights.items())


def test_the_record_keeps_what_it_was_given_and_the_outcome(block):
    record = read_record(block)
    assert record["diverged_at"] == [0, 2]
    first, second = columns(record, rows=40)
    assert first == {
        "run": "table-a", "replicate": 5, "seed": 1, "batch_rows": 16, "epochs_run": 3,
        "diverged_at": None, "parameters": 4, "train_seconds": 0.75, "seconds_per_epoch": 0.25,
    }  # fmt: skip
    assert (second["epochs_run"], second["diverged_at"]) == (2, 2)
    record["configuration"]["batch_size"] = "full"
    assert next(columns(record, rows=40))["batch_rows"] == 40


@pytest.mark.parametrize("name", ["history.csv", "weights.safetensors"])
@pytest.mark.parametrize(
    "alter", [cut_short, one_byte_altered, lambda p: p.write_bytes(b""), lambda p: p.unlink()]
)
def test_an_altered_block_is_refused_by_the_name_of_the_file(block, name, alter):
    alter(block.with_name(name))
    with pytest.raises(TunebookError, match=r"altered or cut short.*SHA-256.*expected") as raised:
        read_record(block)
    assert str(block.with_name(name)) in str(raised.value)
    told = f"delete the folder {block.parent} and make it again: snakemake {block}"
    assert told in str(raised.value)


def test_a_record_that_is_cut_short_or_vouches_for_nothing_is_refused(block):
    block.write_text(json.dumps({"run": "table-a"}))
    with pytest.raises(TunebookError, match="None expected"):
        read_record(block)
    cut_short(block)
    with pytest.raises(TunebookError, match="training.json: not a whole JSON file"):
        read_record(block)


def test_what_diverged_has_no_last_metric(block):
    last = last_validation(block, read_record(block))
    assert last[0] == 0.5 and math.isnan(last[1])


@pytest.mark.parametrize(("task", "metric", "values", "best"), [
    ("classification", "accuracy", {"a": [0.9, 0.8], "b": [0.95, 0.9]}, ("b", 0.925)),
    ("classification", "log-loss", {"a": [0.9, 0.8], "b": [0.95, 0.9]}, ("a", 0.85)),
    ("regression", "mse", {"a": [3.0, 1.0], "b": [1.0, 2.0]}, ("b", 1.5)),
    ("regression", "r2", {"a": [-3.0, 1.0], "b": [0.5, 0.1]}, ("b", 0.3)),
    # One that diverged counts as the worst; names break ties.
    ("regression", "mse", {"a": [0.1, math.nan], "b": [9.0, 9.0]}, ("b", 9.0)),
    ("regression", "mse", {"b": [1.0], "a": [1.0]}, ("a", 1.0)),
    ("regression", "mse", {"b": [math.nan], "a": [math.inf]}, ("a", math.inf)),
])  # fmt: skip
def test_the_best_run_has_the_best_mean_of_the_last_validation_metric(task, metric, values, best):
    run, mean = choose_best(values, task, metric)
    assert (run, mean) == (best[0], pytest.approx(best[1]))


def test_nothing_to_choose_from_is_said():
    with pytest.raises(TunebookError, match="no runs to choose the best from"):
        choose_best({}, "regression", "mse")


# Baselines

REGRESSION = {"task": "regression", "metric": "mse"}
CLASSES = {"task": "classification", "metric": "accuracy"}
LINEAR = "sklearn.linear_model.LinearRegression"
FOREST = "sklearn.ensemble.RandomForestRegressor"
SOFTMAX = "sklearn.linear_model.LogisticRegression"
NEIGHBOURS = "sklearn.neighbors.KNeighborsClassifier"


@pytest.fixture
def exact():
    """Two features that give the price exactly, split 60, 20, 20."""
    x = np.random.default_rng(0).uniform(0, 10, (100, 2))
    y = 50_000 + 10_000 * x[:, 0] + 2_000 * x[:, 1]
    return splits(x, y, 60, 20), table_record(["a", "b"])


@pytest.fixture
def bright():
    """Ten classes, each a bright pixel of its own in noise, pixels in [-1, 1]."""
    y = np.arange(200) % 10
    x = np.random.default_rng(0).uniform(-1, -0.5, (200, 256)).astype(np.float32)
    x[np.arange(200), y] = 1
    return splits(x, y, 120, 40), image_record()


def fit(settings, data, seed=0, **baselines):
    return fit_baselines("p", settings | {"baselines": baselines}, *data, seed)


def test_methods_read_classes_that_can_be_told_apart(bright):
    rows = fit(
        CLASSES, bright,
        softmax={"estimator": SOFTMAX, "grid": {"C": [0.1, 1.0]}, "scale": "min-max"},
        nearest={"estimator": NEIGHBOURS, "arguments": {"n_neighbors": 1}},
        svm={"estimator": "sklearn.svm.SVC", "scale": "standard"},
    )  # fmt: skip
    assert [row["baseline"] for row in rows] == ["softmax", "nearest", "svm"]
    assert {row["problem"] for row in rows} == {"p"}
    for row in rows:
        assert row["test_accuracy"] >= 0.9 and row["test_auc"] >= 0.9 and row["fit_seconds"] > 0
    assert rows[0]["test_log_loss"] < math.log(10)
    # No probabilities, no log loss.
    assert math.isnan(rows[2]["test_log_loss"])


def test_classes_that_are_missing_in_the_training_rows_are_never_predicted(bright):
    data, record = bright
    keep = data["train_y"] != 4
    fewer = data | {"train_x": data["train_x"][keep], "train_y": data["train_y"][keep]}
    for estimator in (SOFTMAX, "sklearn.svm.SVC"):
        (row,) = fit(CLASSES, (fewer, record), one={"estimator": estimator})
        assert row["test_accuracy"] == pytest.approx(0.9, abs=0.02)


def test_linear_prices_are_found_exactly(exact):
    (row,) = fit(REGRESSION, exact, linear={"estimator": LINEAR})
    assert row["test_mse"] == pytest.approx(0, abs=1e-20)
    assert row["test_rmse"] == pytest.approx(0, abs=1e-4)
    assert row["test_r2"] == pytest.approx(1)


def test_errors_of_baselines_are_in_ranges_of_the_target_and_in_its_own_unit():
    # The feature says nothing: every prediction is the training mean, 2 (training range 4).
    y = np.array([0.0, 4.0, 1.0, 3.0, 2.0, 2.0, 6.0, 6.0])
    y = np.insert(y, 4, 0.0)  # to validate
    data = splits(np.zeros((9, 1)), y, 4, 1), table_record(["a"], target_range=6.0)
    (row,) = fit(REGRESSION, data, linear={"estimator": LINEAR})
    assert row["test_mse"] == pytest.approx((0 + 0 + 16 + 16) / 4 / 36)
    assert row["test_rmse"] == pytest.approx(np.sqrt(8))
    assert row["test_mae"] == pytest.approx(2)


def test_what_is_random_follows_from_the_seed(exact):
    forest = {"estimator": FOREST, "arguments": {"n_estimators": 5}, "grid": {"max_depth": [2, 5]}}
    (first,), (again,), (other,) = (fit(REGRESSION, exact, seed, f=forest) for seed in (3, 3, 4))
    assert first["test_mse"] == again["test_mse"] != other["test_mse"]


@pytest.mark.parametrize(("metric", "values", "chosen"), [
    ("mse", (3, 1, 1, 2), 1), ("r2", (1, 3, 3, 2), 1), ("mse", (np.nan, 2), 1),
    ("mse", (np.nan, np.nan), 0),
])  # fmt: skip
def test_the_choice_is_made_by_the_judged_metric_of_the_validation_rows(metric, values, chosen):
    def metrics(estimator, split):
        assert split == "validation"
        return {"mse": abs(estimator.value), "r2": estimator.value}

    data = SimpleNamespace(fit=lambda each: each, task=TASKS["regression"], metrics=metrics)
    candidates = [SimpleNamespace(value=value) for value in values]
    best, found = choose(candidates, data, metric)
    assert best is candidates[chosen]
    assert found["r2"] == pytest.approx(values[chosen], nan_ok=True)


KERNELS = "sklearn.gaussian_process.kernels"
NOISY = {"estimator": f"{KERNELS}.Sum", "arguments": {
    "k1": {"estimator": f"{KERNELS}.RBF", "arguments": {"length_scale": 2}},
    "k2": {"estimator": f"{KERNELS}.WhiteKernel"},
}}  # fmt: skip
PROCESS = "sklearn.gaussian_process.GaussianProcessRegressor"
RIDGE = "sklearn.kernel_ridge.KernelRidge"


def test_kernels_and_other_objects_are_arguments():
    about = {"estimator": PROCESS, "grid": {"kernel": [NOISY, {"estimator": f"{KERNELS}.RBF"}]}}
    found = [str(each.kernel) for each in estimators(about, "regression", 0, "mine")]
    assert found == ["RBF(length_scale=2) + WhiteKernel(noise_level=1)", "RBF(length_scale=1)"]
    members = [["tree", {"estimator": FOREST}], ["line", {"estimator": LINEAR}]]
    about = {"estimator": "sklearn.ensemble.VotingRegressor", "arguments": {"estimators": members}}
    [votes] = estimators(about, "regression", 7, "mine")
    assert votes.estimators[0][1].random_state == 7, "chance follows from the seed in parts too"
    assert type(votes.estimators[1][1]).__name__ == "LinearRegression"


def test_methods_without_an_intercept_find_values_far_from_zero(exact):
    data, record = exact
    far = {key: value + 1e7 if key.endswith("_y") else value for key, value in data.items()}
    process = {"estimator": PROCESS, "arguments": {"kernel": NOISY}, "scale": "standard"}
    ridge = {"estimator": RIDGE, "arguments": {"kernel": "rbf", "alpha": 0.001}}
    rows = fit(REGRESSION, (far, record), process=process, ridge=ridge | {"scale": "standard"})
    assert min(row["test_r2"] for row in rows) > 0.99


def test_a_logarithm_is_fitted_and_its_errors_are_those_of_the_values():
    # The feature says nothing: of 1 and 100, each as often, the mean of logarithms is that of 10.
    y = np.array([1.0, 100.0, 1.0, 100.0, 10.0, 10.0, 20.0])
    data = splits(np.zeros((7, 1)), y, 4, 1), table_record(["a"], target_range=99.0)
    (row,) = fit(REGRESSION, data, linear={"estimator": LINEAR, "target": "log"})
    assert row["validation_mae"] == pytest.approx(0, abs=1e-9)
    assert row["test_mae"] == pytest.approx(5)
    assert row["test_mse"] == pytest.approx(50 / 99**2)
    assert row["train_rmse"] == pytest.approx(np.sqrt((81 + 8100) / 2))


def test_targets_of_zero_have_no_logarithm(exact):
    data, record = exact
    zero = data | {"train_y": data["train_y"] * 0}
    with pytest.raises(TunebookError, match=r"mine.target: found log, and a target of 0; allowed"):
        fit(REGRESSION, (zero, record), mine={"estimator": LINEAR, "target": "log"})


def test_virtual_examples_teach_what_lies_a_pixel_further_on(bright):
    data, record = bright
    moved = {key: np.roll(x.reshape(-1, 16, 16), 1, 1).reshape(-1, 256) if key == "test_x" else x
             for key, x in data.items()}  # fmt: skip
    svm = {"estimator": "sklearn.svm.SVC", "scale": "min-max"}
    plain, virtual = fit(
        CLASSES, (moved, record), plain=svm, virtual=svm | {"virtual": "support-vectors"}
    )
    assert plain["test_accuracy"] < 0.5 < 0.9 <= virtual["test_accuracy"]
    for about in (svm | {"estimator": NEIGHBOURS}, svm | {"estimator": SOFTMAX}):
        with pytest.raises(TunebookError, match="mine.virtual: found support-vectors; allowed: of"):
            fit(CLASSES, (data, record), mine=about | {"virtual": "support-vectors"})


def test_a_method_that_cannot_be_fitted_to_so_few_rows_says_so(bright):
    data, record = bright
    few = data | {"train_x": data["train_x"][:2], "train_y": np.array([1, 1])}
    one = {"estimator": NEIGHBOURS, "arguments": {"n_neighbors": 1}}
    methods = {"softmax": {"estimator": SOFTMAX}, "nearest": {"estimator": NEIGHBOURS}, "one": one}
    rows = fit(CLASSES, (few, record), **methods)
    assert "class" in rows[0]["failure"] and "n_neighbors" in rows[1]["failure"]
    assert "test_accuracy" not in rows[0] and rows[2]["test_accuracy"] == pytest.approx(0.1)


WRONG = [
    ({"estimator": "os.system"}, "estimator: found os.system; allowed: the dotted name"),
    ({"estimator": "sklearn.nowhere.Forest"}, "found sklearn.nowhere.Forest; allowed"),
    ({"estimator": "sklearn.linear_model.Nothing"}, "found sklearn.linear_model.Nothing"),
    ({"estimator": "sklearn.base.BaseEstimator.x"}, "estimator: found sklearn.base"),
    ({"estimator": "sklearn.svm._classes.SVC; 1"}, "allowed: the dotted name"),
    ({"estimator": SOFTMAX}, "found .*LogisticRegression; allowed: a method for regression"),
    ({"estimator": "sklearn.preprocessing.StandardScaler"}, "a method for regression"),
    ({"estimator": LINEAR, "arguments": {"C": 1}}, "arguments: found C; allowed: .*positive"),
    ({"estimator": LINEAR, "grid": {"alpha": [1]}}, "grid: found alpha; allowed: "),
    ({"estimator": FOREST, "arguments": {"n_estimators": -1}}, "n_estimators.*Got -1"),
    ({"estimator": "sklearn.ensemble.StackingRegressor"}, "missing 1 required .*estimators"),
    ({"estimator": f"{KERNELS}.RBF"}, "found .*RBF; allowed: the dotted name"),
    ({"estimator": PROCESS, "arguments": {"kernel": {"estimator": "os.system"}}},
     "arguments.kernel.estimator: found os.system; allowed: the dotted name"),
    ({"estimator": PROCESS, "arguments": {"kernel": NOISY | {"grid": {}}}},
     "arguments.kernel: found grid; allowed: estimator, arguments"),
    ({"estimator": PROCESS, "grid": {"kernel": [{"estimator": f"{KERNELS}.Sum"}]}},
     "kernel.arguments: .*missing 2 required"),
    ({"estimator": PROCESS, "arguments": {
        "kernel": {"estimator": f"{KERNELS}.RBF", "arguments": {"nu": 1}}}},
     "kernel.arguments: found nu; allowed: length_scale"),
]  # fmt: skip


@pytest.mark.parametrize(("about", "message"), WRONG)
def test_bad_input_is_said_in_one_line(about, message, exact):
    with pytest.raises(TunebookError, match=message) as raised:
        fit(REGRESSION, exact, mine=about)
    assert str(raised.value).startswith("configuration: problems.p.baselines.mine")
    assert "\n" not in str(raised.value)
