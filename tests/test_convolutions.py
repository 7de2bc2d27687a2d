"""Convolutions and pooling give what PyTorch's give, forward and backward, whatever the sizes."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from made_up import SEEDS, configure, image_record, replicates
from tunebook.learn import convolutional, losses, models, products, training
from tunebook.learn.convolutions import Direct, Transformed, convolution
from tunebook.learn.maps import ByProducts, ByPyTorch, pooled, spread

torch.set_num_threads(1)
alike = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


@pytest.fixture(autouse=True, params=["numpy", "torch"])
def library(request):
    products.choose(request.param)
    yield
    products.choose("torch")


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


def to_maps(images):
    return images.permute(2, 3, 1, 0)


# (height, width), fan_in, fan_out, kernel, padding
LAYERS = [
    ((8, 8), 16, 32, 5, 2), ((7, 7), 3, 4, 3, 1), ((5, 8), 2, 3, 3, 0), ((4, 6), 2, 3, 2, 3),
    ((6, 5), 1, 2, 1, 0), ((3, 4), 2, 1, 6, 3), ((1, 3), 2, 2, 3, 2),
]  # fmt: skip


@pytest.mark.parametrize("way", [Direct, Transformed])
@pytest.mark.parametrize("layer", LAYERS)
def test_either_way_convolves_as_pytorch_does(way, layer):
    sides, fan_in, fan_out, kernel, padding = layer
    images, weight = random(6, fan_in, *sides), random(fan_out, fan_in, kernel, kernel)
    # In double precision, so that only our own rounding is between the two.
    exact = [each.double().requires_grad_() for each in (images, weight)]
    expected = F.conv2d(*exact, padding=padding)
    gradient = random(*expected.shape)
    expected.backward(gradient.double())
    made = way(*layer)
    y, trace = made.forward(to_maps(images), weight)
    by_weight, by_inputs = made.backward(
        trace, weight, to_maps(gradient).contiguous(), by_inputs=True
    )
    for found, right in (
        (y, to_maps(expected.detach())), (by_weight, exact[1].grad),
        (by_inputs, to_maps(exact[0].grad)),
    ):  # fmt: skip
        alike(found, right.float(), rtol=0, atol=1e-5 * right.abs().max().item())


@pytest.mark.parametrize(("layer", "way"), [
    (((16, 16), 1, 16, 5, 2), Direct), (((8, 8), 16, 32, 5, 2), Transformed),
    (((4, 4), 32, 64, 5, 2), Transformed), (((8, 8), 16, 32, 1, 0), Direct),
    (((112, 112), 32, 64, 3, 1), Direct),
])  # fmt: skip
def test_the_way_with_less_work_is_taken(layer, way):
    assert type(convolution(*layer)) is way


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("sides", [(6, 6), (7, 8), (3, 11)])
def test_the_gradient_goes_to_the_first_of_equal_pixels(size, sides):
    images = random(5, 2, *sides).round().requires_grad_()  # whole numbers, many of them equal
    expected = F.max_pool2d(images, size)
    gradient = random(*expected.shape)
    expected.backward(gradient)
    maps = to_maps(images.detach().clone()).contiguous()
    largest, windows = pooled(maps, size)
    assert torch.equal(largest, to_maps(expected.detach()))
    found = spread(to_maps(gradient).contiguous(), windows)
    assert torch.equal(found, to_maps(images.grad))


def reference(configuration, values, images):
    """Outputs by torch.nn.functional of a network without hidden dense layers."""
    x = images
    for i in range(len(configuration["channels"])):
        weight, bias = values[f"convolution{i}.weight"], values[f"convolution{i}.bias"]
        x = F.conv2d(x, weight, bias, padding=configuration["padding"])
        x = F.relu(F.max_pool2d(x, configuration["pooling"]))
    return x.flatten(1) @ values["dense0.weight"] + values["dense0.bias"]


@pytest.mark.parametrize(("shape", "layers", "way"), [
    ((1, 16, 16), {"kernel": 5, "padding": 2, "channels": [16, 32, 64]}, ByProducts),
    ((3, 32, 32), {"kernel": 5, "padding": 2, "channels": [16, 32, 64]}, ByProducts),
    ((3, 32, 32), {"kernel": 3, "padding": 1, "channels": [32, 64, 128]}, ByPyTorch),
    ((3, 64, 64), {"kernel": 3, "padding": 1, "channels": [16, 32, 64]}, ByPyTorch),
])  # fmt: skip
def test_networks_are_convolved_by_products_where_that_is_much_less_work(shape, layers, way):
    network = models.build(configure("images", **layers), image_record(shape), models.blank(1))
    assert type(network.maps) is way


@pytest.mark.parametrize("share", [0, 10])
@pytest.mark.parametrize(("shape", "overrides"), [
    ((1, 16, 16), {"kernel": 5, "padding": 2, "channels": [4, 8, 8]}),
    ((3, 14, 17), {"pooling": 3}),
    ((2, 9, 8), {"pooling": 1, "padding": 0, "channels": [5]}),
    ((1, 20, 13), {"kernel": 4, "padding": 3}),
])  # fmt: skip
def test_a_networks_gradients_are_those_of_autograd(shape, overrides, share, monkeypatch):
    monkeypatch.setattr(convolutional, "SHARE", share)
    configuration = configure("images", **overrides)
    seeds = SEEDS[:2]
    weights = training.generators(seeds, "weights")
    network = models.build(configuration, image_record(shape), weights)
    images = random(2, 6, *shape)
    images[:, :, :, : shape[1] // 2] = -1.0  # blank, so that maps have equal pixels
    outputs, trace = network.forward(images.flatten(2), training.generators(seeds, "dropout"))
    gradient = random(*outputs.shape)
    network.backward(trace, gradient)
    for replicate in range(2):
        values = {
            name: value[replicate].requires_grad_() for name, value in network.state().items()
        }
        expected = reference(configuration, values, images[replicate])
        alike(outputs[replicate], expected.detach())
        expected.backward(gradient[replicate])
        for name, value in values.items():
            alike(network.parameters[name].gradient[replicate], value.grad, rtol=1e-3)


def test_a_weight_that_changes_is_seen_to_have_changed():
    way = Transformed((8, 8), 3, 4, 5, 2)
    images, weights = random(6, 3, 8, 8), random(2, 4, 3, 5, 5)
    for _ in range(2):
        for weight in weights:
            found, _ = way.forward(to_maps(images).contiguous(), weight)
            alike(found, to_maps(F.conv2d(images, weight, padding=2)))
        weights.mul_(2)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd-momentum", "rmsprop"])
def test_a_network_is_held_out_as_the_network_that_training_leaves(optimizer):
    layers = {"kernel": 5, "padding": 2, "channels": [4, 16, 32]}
    configuration = configure("images", optimizer=optimizer, **layers)
    data = replicates("images", 1)
    trained = training.train(configuration, data, SEEDS[:1])
    rows, *_ = training.tensors(configuration, data, ["validation"])
    network = models.build(configuration, data[0][1], models.blank(1))
    assert any(isinstance(way, Transformed) for way in network.maps.ways)
    network.restore(trained.weights)
    x, y = rows["validation"]
    loss = losses.LOSSES[configuration["loss"]](network.predict(network.prepare(x)), y).mean(dim=1)
    torch.testing.assert_close(trained.history["validation_loss"][-1], loss)
