"""The loop gives what separate trainings and PyTorch's own layers and optimizers give."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from learning import SEEDS, configure, images, replicates, splits, table, table_record
from tunebook.jobs import TunebookError
from tunebook.learn import losses, models, stacks, training
from tunebook.learn.blocks import HISTORY
from tunebook.study.sizes import feature_sizes, work

torch.set_num_threads(1)

CASES = [
    ("table", {"optimizer": name, "loss": loss})
    for name in ("sgd", "sgd-momentum", "adam", "adamw", "rmsprop")
    for loss in ("mse", "gaussian")
] + [
    ("table", {"dropout": 0.3}),
    ("table", {"batch_size": "full", "metric": "r2"}),
    ("table", {"weight_decay": 0.1, "scale_target": "standard"}),
    ("images", {"metric": "balanced-accuracy"}),
    ("images", {"loss": "mse", "dropout": 0.2}),
    ("images", {"model": "dense", "widths": [7]}),
    ("images", {"model": "dense", "widths": [], "metric": "auc"}),
]


@pytest.mark.parametrize(("problem", "overrides"), CASES)
def test_training_replicates_together_gives_what_training_them_alone_gives(problem, overrides):
    configuration, data = configure(problem, **overrides), replicates(problem)
    together = training.train(configuration, data, SEEDS)
    for slot, seed in enumerate(SEEDS):
        alone = training.train(configuration, [data[slot]], [seed])
        for name, value in alone.weights.items():
            # Float32 sums in another order: a few units in the last place, grown over the steps.
            torch.testing.assert_close(together.weights[name][slot], value[0], rtol=1e-4, atol=1e-6)
        for name in HISTORY:
            torch.testing.assert_close(
                together.history[name][:, slot], alone.history[name][:, 0], rtol=1e-4, atol=1e-5
            )


def reference_module(network, configuration, shape=(1, 16, 16)):
    """The same network in torch.nn, with the first replicate's weights."""
    values = {name: value[0] for name, value in network.state().items()}
    layers = []
    if configuration["model"] == "convolutional":
        channels = configuration["channels"]
        for i, (fan_in, fan_out) in enumerate(
            zip([shape[0], *channels[:-1]], channels, strict=True)
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
@pytest.mark.parametrize("problem", ["table", "images"])
def test_steps_are_those_of_a_plain_pytorch_loop(problem, optimizer):
    configuration = configure(problem, optimizer=optimizer)
    trainer = training.Trainer(configuration, replicates(problem, 1), SEEDS[:1])
    reference = reference_module(trainer.network, configuration)
    step = REFERENCE_OPTIMIZERS[optimizer](reference.parameters())
    criterion = nn.CrossEntropyLoss() if problem == "images" else nn.MSELoss()
    x, y = trainer.train
    for rows in (slice(0, 20), slice(20, 40)):
        trainer.step(x[:, rows], y[:, rows])
        batch = x[0, rows].reshape(-1, 1, 16, 16) if problem == "images" else x[0, rows]
        step.zero_grad()
        criterion(reference(batch), y[0, rows]).backward()
        step.step()
    expected = reference_module(trainer.network, configuration).state_dict()
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 12, 20), (2, 9, 8)])
def test_images_of_any_channels_and_sides_are_convolved_as_pytorch_does(shape):
    configuration, data = configure("images"), images(1, shape=shape, classes=4)
    trainer = training.Trainer(configuration, data, SEEDS[:1])
    reference = reference_module(trainer.network, configuration, shape)
    x = trainer.train[0]
    expected = reference(x[0].reshape(-1, *shape)).detach()
    torch.testing.assert_close(trainer.network.predict(x)[0], expected, rtol=1e-4, atol=1e-5)
    assert expected.shape[1] == 4
    trainer.epoch()


def test_pieces_of_a_batch_add_up_to_its_gradient(monkeypatch):
    configuration = configure("images", batch_size=50)
    whole = training.train(configuration, images(1), SEEDS[:1])
    monkeypatch.setattr(stacks, "PIXELS", 13 * 256)
    pieces = training.train(configuration, images(1), SEEDS[:1])
    for name, value in whole.weights.items():
        torch.testing.assert_close(pieces.weights[name], value, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    configuration = configure("table", dropout=0.2)
    first, again = (training.train(configuration, table(1), [5]) for _ in range(2))
    other = training.train(configuration, table(1), [6])
    for name, value in first.weights.items():
        assert torch.equal(value, again.weights[name])
    assert not torch.equal(first.weights["dense0.weight"], other.weights["dense0.weight"])


def test_divergence_is_recorded_and_leaves_the_other_replicates_alone():
    data = table(2)
    data[0][0]["train_x"] = data[0][0]["train_x"] * 1e12
    configuration = configure("table", scale_inputs="none", optimizer="sgd", learning_rate=1e-5)
    trained = training.train(configuration, data, SEEDS[:2])
    assert trained.diverged_at[0] >= 1 and trained.diverged_at[1] == 0
    assert trained.history["train_loss"][:, 1].isfinite().all()
    # After the epoch it diverged at, nothing is recorded.
    assert trained.history["train_loss"][trained.diverged_at[0] :, 0].isnan().all()


def test_training_ends_early_only_when_every_replicate_has_diverged():
    calls = []
    configuration = configure(
        "table", optimizer="sgd", learning_rate=1000, scale_target="none", epochs=9
    )
    trained = training.train(
        configuration, table(2), SEEDS[:2], progress=lambda *values: calls.append(values[0])
    )
    assert all(trained.diverged_at)
    assert len(calls) == max(trained.diverged_at) < 9


def test_training_loss_is_the_mean_over_the_batches_before_their_steps():
    trainer = training.Trainer(configure("table", batch_size=40, epochs=1), table(1), SEEDS[:1])
    before, _ = trainer.summary(trainer.network.predict(trainer.train[0]), trainer.train[1])
    torch.testing.assert_close(trainer.epoch()[0], before)


def test_the_curve_shows_the_metric_that_judges():
    configuration = configure("table", metric="mae", scale_target="standard")
    trainer = training.Trainer(configuration, table(1), SEEDS[:1])
    trainer.epoch()
    x, y = trainer.validation
    found = trainer.summary(trainer.network.predict(x), y)[1].item()
    arrays = table(1)[0][0]
    outputs = trainer.network.predict(x).squeeze().numpy()
    predicted = outputs * arrays["train_y"].std() + arrays["train_y"].mean()
    assert found == pytest.approx(np.abs(predicted - arrays["validation_y"]).mean(), rel=1e-4)


def test_dropout_keeps_the_mean_and_acts_in_training_only():
    factors = stacks.dropout_factors((100, 100), 0.25, training.generators([1, 2], "dropout"))
    assert factors.unique().tolist() == pytest.approx([0, 4 / 3])
    assert factors.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(factors[0], factors[1])
    trainer = training.Trainer(configure("table", dropout=0.5), table(1), SEEDS[:1])
    rows = trainer.validation[0]
    assert torch.equal(trainer.network.predict(rows), trainer.network.predict(rows))


def test_initial_weights_are_bounded_as_pytorch_bounds_them():
    configuration = configure("images", model="dense", widths=[50])
    network = models.build(configuration, images(1)[0][1], training.generators(SEEDS, "weights"))
    for name, fan_in in (("dense0", 256), ("dense1", 50)):
        largest = network.parameters[f"{name}.weight"].value.abs().max().item()
        assert 0.9 * fan_in**-0.5 < largest <= fan_in**-0.5
    assert network.size() == 256 * 50 + 50 + 50 * 10 + 10


def test_outputs_are_classes_a_value_or_its_mean_and_variance():
    cases = [(images(1, classes=3), "images", "mse", 3), (table(1), "table", "mse", 1)]
    for data, problem, loss, count in [*cases, (table(1), "table", "gaussian", 2)]:
        configuration = configure(problem, model="dense", loss=loss)
        trainer = training.Trainer(configuration, data, SEEDS[:1])
        assert trainer.network.predict(trainer.train[0]).shape[2] == count


def test_a_table_cannot_be_convolved():
    configuration = configure("images") | {"task": "regression", "loss": "mse"}
    with pytest.raises(TunebookError, match="found model convolutional; allowed: dense or module"):
        models.build(configuration, table_record(), models.blank(1))


GRADIENT_CASES = [
    ("table", {"widths": [8, 5, 7]}),
    ("table", {"widths": []}),
    ("table", {"loss": "gaussian", "dropout": 0.4}),
    ("images", {"widths": [6], "dropout": 0.3}),
    ("images", {"loss": "mse"}),
    ("images", {"model": "dense", "widths": [9, 9]}),
]


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
    x, y = x.double(), y if problem == "images" else y.double()
    network = models.build(configuration, data[0][1], training.generators(SEEDS[:2], "weights"))
    loss = losses.LOSSES[configuration["loss"]]

    def forward():
        # From the same state of chance each time, so that dropout drops the same.
        return network.forward(x, training.generators(SEEDS[:2], "dropout"))

    outputs, trace = forward()
    gradient = losses.GRADIENTS[configuration["loss"]](outputs, y)
    network.backward(trace, gradient)
    found = {name: p.gradient.clone() for name, p in network.parameters.items()}
    network.backward(forward()[1], gradient, add=True)
    for name, parameter in network.parameters.items():
        torch.testing.assert_close(parameter.gradient, 2 * found[name])
        start, direction = parameter.value.clone(), found[name] / found[name].norm()
        values = []
        for step in (1e-6, -1e-6):
            parameter.value.copy_(start + step * direction)
            values.append(loss(forward()[0], y).sum().item())
        parameter.value.copy_(start)
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx(found[name].norm().item(), rel=1e-5), name


def test_no_job_waits_for_what_it_does_not_need():
    # PyTorch's compiler takes about a second to import, symbolic algebra half a second; both are
    # longer than many trainings. The start of every `snakemake` call needs no PyTorch at all.
    tests, scripts = Path(__file__).parent, Path(training.__file__).parents[2]
    code = f"""
import json, sys
sys.path[:0] = ["{tests}", "{scripts}"]
import tunebook.study.sizes, tunebook.study.signature, tunebook.learn.blocks
assert "torch" not in sys.modules
from learning import replicates
from tunebook.learn import training
for problem, configuration in json.loads(sys.argv[1]):
    training.train(configuration, replicates(problem, 1), [0])
sys.exit(any(name in sys.modules for name in ("torch._dynamo", "sympy")))
"""
    cases = [("table", configure("table", optimizer=name)) for name in REFERENCE_OPTIMIZERS]
    cases.append(("images", configure("images", epochs=1)))
    subprocess.run([sys.executable, "-c", code, json.dumps(cases)], check=True)


def test_epochs_are_timed_one_by_one():
    seconds = training.time_epochs(configure("table"), table(1)[0], 0, epochs=4)
    assert len(seconds) == 4 and min(seconds) > 0


def test_progress_says_epoch_losses_and_time_left(capsys):
    progress = training.console_progress(every=0)
    progress(2, 4, torch.tensor([[0.5], [0.1], [0.25], [0.2]]))
    assert "epoch 2/4: training loss 0.5, validation loss 0.25, about 0 s left" in (
        capsys.readouterr().out
    )


def test_a_module_gets_no_single_row_at_the_end_of_an_epoch():
    configuration = configure("table", batch_size=20)
    assert training.batches(configuration, 41) == [20, 20, 1]
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


@pytest.mark.parametrize(
    ("name", "classes"), [("cross-entropy", 4), ("mse", 4), ("mse", 0), ("gaussian", 0)]
)
def test_written_gradients_are_those_of_autograd(name, classes):
    torch.manual_seed(0)
    outputs = (5 * torch.randn(3, 7, classes or (2 if name == "gaussian" else 1))).requires_grad_()
    targets = torch.randint(classes, (3, 7)) if classes else torch.randn(3, 7, 1)
    losses.LOSSES[name](outputs, targets).sum().backward()
    with torch.no_grad():
        written = losses.GRADIENTS[name](outputs, targets)
    torch.testing.assert_close(written, outputs.grad, rtol=1e-5, atol=1e-6)


# Sizes and work, without PyTorch.


def test_maps_halve_with_each_pooling():
    assert feature_sizes((1, 16, 16), [16, 32, 64], 5, 2, 2) == [(8, 8), (4, 4), (2, 2)]
    assert feature_sizes((3, 20, 13), [8, 8], 3, 1, 2) == [(10, 6), (5, 3)]
    # 16 -> 12 -> 6 -> 2 -> 1, and a kernel of 5 does not fit on 1.
    assert feature_sizes((1, 16, 16), [16, 32], 5, 0, 2) == [(6, 6), (1, 1)]


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 16, 200)])
def test_a_convolution_without_a_pixel_left_is_refused(shape):
    with pytest.raises(TunebookError, match=r"convolution 3 has no pixel left of a map of 1 x"):
        feature_sizes(shape, [16, 32, 64], 5, 0, 2)


def test_more_of_anything_is_more_work():
    least = work(configure("table"), 4, 1000, 1)
    assert 0 < least < work(configure("table"), 4, 1000, 5)
    for change in ({"epochs": 30}, {"widths": [800, 800]}, {"batch_size": 1}):
        assert work(configure("table", **change), 4, 1000, 1) > least
    images_ = configure("images")
    assert work(images_, (1, 16, 16), 1000, 1) < work(images_, (3, 32, 32), 1000, 1)
    own = configure("table", model="module", module="networks.py:Skip", width=8, skip=True)
    del own["widths"]
    assert work(own, 4, 1000, 1) < work(own | {"width": 800}, 4, 1000, 1)


def test_splits_of_a_replicate_are_what_is_trained_on():
    x, y = np.arange(20.0)[:, None], np.arange(20.0)
    data = [(splits(x, y, 10, held_out=5), table_record(["a"]))]
    rows, ruler, _ = training.tensors(configure("table"), data, ("train", "validation"))
    assert rows["train"][0].shape == (1, 10, 1) and rows["validation"][1].shape == (1, 5, 1)
    assert (ruler.unit.tolist(), ruler.range.tolist()) == ([1.0], [9.0])
