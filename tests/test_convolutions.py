"""Convolutions and pooling give what PyTorch's give, forward and backward, whatever the sizes."""

import itertools
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

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


@pytest.mark.parametrize("size", [2, 3])
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


ACTIVATIONS = {
    "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU, "silu": nn.SiLU, "mish": nn.Mish,
}  # fmt: skip


class Reference(nn.Module):
    """A convolutional network as one writes it with torch.nn."""

    def __init__(self, configuration, shape, inputs):
        super().__init__()
        c, count = configuration, len(configuration["channels"])
        keys = ("kernel", "stride", "padding", "pooling")
        sizes = zip(*(v if isinstance(v := c[k], list) else [v] * count for k in keys), strict=True)
        fans = [shape[0], *c["channels"]]
        by_batch, bare = c["normalization"] == "batch", c["normalization"] == "none"
        pool = nn.MaxPool2d if c["pooling_kind"] == "max" else nn.AvgPool2d
        self.parts = nn.ModuleList()
        for fan_in, fan_out, (kernel, stride, padding, pooling) in zip(
            fans, fans[1:], sizes, strict=False
        ):
            convolve = nn.Conv2d(fan_in, fan_out, kernel, stride, bias=bare)
            normal = nn.BatchNorm2d(fan_out) if by_batch else nn.GroupNorm(1, fan_out)
            self.parts.append(
                nn.ModuleDict({
                    "pad": nn.ConstantPad2d(padding, c["padding_value"]),
                    "weighted": convolve,
                    "normal": nn.Identity() if bare else normal,
                    "activation": ACTIVATIONS[c["activation"]](),
                    "pool": pool(pooling),
                })
            )  # fmt: skip
        self.dense = nn.ModuleList()
        for fan_in, width in itertools.pairwise([inputs, *c["widths"]]):
            normal = nn.BatchNorm1d(width) if by_batch else nn.LayerNorm(width)
            self.dense.append(
                nn.ModuleDict({
                    "weighted": nn.Linear(fan_in, width, bias=bare),
                    "normal": nn.Identity() if bare else normal,
                    "activation": ACTIVATIONS[c["activation"]](),
                })
            )  # fmt: skip
        self.dense.append(nn.ModuleDict({"weighted": nn.Linear([inputs, *c["widths"]][-1], 10)}))

    def forward(self, x):
        for part in self.parts:
            for layer in part.values():
                x = layer(x)
        x = x.flatten(1)
        for part in self.dense:
            for layer in part.values():
                x = layer(x)
        return x

    def numbers(self):
        """Its tensors, by our names."""
        found = {}
        for kind, parts in (("convolution", self.parts), ("dense", self.dense)):
            for i, part in enumerate(parts):
                ours = {"weight": part["weighted"].weight, "bias": part["weighted"].bias}
                normal = dict(part.items()).get("normal", nn.Identity())
                if not isinstance(normal, nn.Identity):
                    ours |= {"scale": normal.weight, "bias": normal.bias}
                if hasattr(normal, "running_mean"):
                    ours |= {"mean": normal.running_mean, "variance": normal.running_var}
                found |= {f"{kind}{i}.{name}": value for name, value in ours.items()}
        return found

    @torch.no_grad()
    def take(self, network, slot):
        """Take the numbers of one copy of a network."""
        for name, value in self.numbers().items():
            ours = network.tensors()[name][slot]
            value.copy_((ours.T if turned(name) else ours).reshape(value.shape))


def turned(name):
    """Whether we keep this weight the other way round."""
    return name.startswith("dense") and name.endswith("weight")


@pytest.mark.parametrize(("shape", "layers", "way"), [
    ((1, 16, 16), {"kernel": 5, "padding": 2, "channels": [16, 32, 64]}, ByProducts),
    ((3, 32, 32), {"kernel": 5, "padding": 2, "channels": [16, 32, 64]}, ByProducts),
    ((3, 32, 32), {"kernel": 3, "padding": 1, "channels": [32, 64, 128]}, ByPyTorch),
    ((3, 64, 64), {"kernel": 3, "padding": 1, "channels": [16, 32, 64]}, ByPyTorch),
])  # fmt: skip
def test_networks_are_convolved_by_products_where_that_is_much_less_work(shape, layers, way):
    network = models.build(configure("images", **layers), image_record(shape), models.blank(1))
    assert type(network.maps) is way


FORMS = [
    ((1, 16, 16), {"kernel": 5, "padding": 2, "channels": [4, 8, 8]}),
    ((3, 14, 17), {"pooling": 3}),
    ((2, 9, 8), {"pooling": 1, "padding": 0, "channels": [5]}),
    ((1, 20, 13), {"kernel": 4, "padding": 3}),
    ((1, 16, 16), {"kernel": [5, 3, 1], "padding": [2, 1, 0], "pooling": [1, 2, 4],
                   "channels": [4, 8, 8]}),
    ((2, 12, 9), {"stride": 2, "pooling": 1, "activation": "leaky-relu"}),
    ((2, 15, 12), {"stride": [1, 2], "pooling": [2, 1], "padding_value": -1.0}),
    ((1, 16, 11), {"padding_value": 0.5, "normalization": "batch"}),
    ((1, 12, 13), {"pooling_kind": "average", "activation": "tanh"}),
    ((3, 12, 12), {"pooling_kind": "average", "pooling": [3, 4], "normalization": "layer"}),
    ((1, 11, 12), {"normalization": "layer", "activation": "gelu"}),
    ((2, 11, 12), {"normalization": "batch"}),
    ((2, 12, 12), {"normalization": "batch", "pooling_kind": "average", "activation": "mish"}),
    ((2, 12, 12), {"widths": [7, 5], "activation": "tanh"}),
    ((2, 12, 12), {"widths": [7], "normalization": "batch", "activation": "silu"}),
    ((2, 12, 12), {"widths": [7], "normalization": "layer"}),
    *(((1, 12, 12), {"activation": name, "normalization": "batch"}) for name in ACTIVATIONS),
    *(((1, 12, 12), {"activation": name, "pooling": [1, 2]}) for name in ACTIVATIONS),
]  # fmt: skip


@pytest.mark.parametrize("share", [0, 10])
@pytest.mark.parametrize(("shape", "overrides"), FORMS)
def test_networks_are_those_of_torch_in_training_and_after_it(shape, overrides, share, monkeypatch):
    monkeypatch.setattr(convolutional, "SHARE", share)
    configuration = configure("images", **overrides)
    seeds = SEEDS[:2]
    weights = training.generators(seeds, "weights")
    network = models.build(configuration, image_record(shape), weights)
    for name, each in network.parameters.items():
        if name.endswith(("scale", "bias")):  # Whose first values hide what they do.
            each.value.add_(random(*each.value.shape))
    references = [
        Reference(configuration, shape, len(network.parameters["dense0.weight"].value[0]))
        for _ in seeds
    ]
    for slot, each in enumerate(references):
        each.take(network, slot)
    images = random(2, 6, *shape)
    images[:, :, :, : shape[1] // 2] = -1.0  # Blank, so that maps have equal pixels.
    outputs, trace = network.forward(images.flatten(2), training.generators(seeds, "dropout"))
    gradient = random(*outputs.shape)
    network.backward(trace, gradient)
    predicted = network.predict(images.flatten(2))
    for slot, each in enumerate(references):
        expected = each(images[slot])
        alike(outputs[slot], expected.detach())
        expected.backward(gradient[slot])
        for name, value in each.numbers().items():
            if name in network.buffers:
                alike(network.buffers[name][slot].view_as(value), value)
            else:
                right = value.grad.T if turned(name) else value.grad
                found = network.parameters[name].gradient[slot]
                # A sum over all rows and pixels is as exact as the largest of them allow.
                alike(found, right.view_as(found), rtol=1e-3, atol=1e-4)
        alike(predicted[slot], each.eval()(images[slot]).detach())


@pytest.mark.parametrize("share", [0, 10])
@pytest.mark.parametrize("overrides", [
    {"normalization": "batch", "dropout": 0.3, "pooling": [1, 2]},
    {"normalization": "layer", "activation": "silu", "pooling_kind": "average", "dropout": 0.3},
    {"stride": 2, "padding_value": -1.0, "activation": "tanh"},
])  # fmt: skip
def test_replicates_trained_together_are_those_trained_alone(overrides, share, monkeypatch):
    monkeypatch.setattr(convolutional, "SHARE", share)
    configuration, data = configure("images", **overrides), replicates("images", 3)
    together = training.train(configuration, data, SEEDS)
    for slot, seed in enumerate(SEEDS):
        alone = training.train(configuration, data[slot : slot + 1], [seed])
        for name, value in alone.weights.items():
            assert torch.equal(together.weights[name][slot], value[0])
        for name, value in alone.history.items():
            assert torch.equal(together.history[name][:, slot], value[:, 0])


@pytest.mark.parametrize("share", [0, 10])
def test_a_batch_is_normalized_as_a_whole_and_predictions_go_in_pieces(share, monkeypatch):
    monkeypatch.setattr(convolutional, "SHARE", share)
    configuration, data = configure("images", normalization="batch"), replicates("images", 1)
    trained = training.train(configuration, data, SEEDS[:1])
    for pixels in (16 * 16 * 3, 16 * 16 * 100):
        for way in (ByProducts, ByPyTorch):
            monkeypatch.setattr(way, "PIXELS", pixels)
        other = training.train(configuration, data, SEEDS[:1])
        for name, value in other.weights.items():
            assert torch.equal(trained.weights[name], value)
        alike(other.history["validation_loss"], trained.history["validation_loss"])


def test_a_weight_that_changes_is_seen_to_have_changed():
    way = Transformed((8, 8), 3, 4, 5, 2)
    images, weights = random(6, 3, 8, 8), random(2, 4, 3, 5, 5)
    for _ in range(2):
        for weight in weights:
            found, _ = way.forward(to_maps(images).contiguous(), weight)
            alike(found, to_maps(F.conv2d(images, weight, padding=2)))
        weights.mul_(2)


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd-momentum", "rmsprop"])
def test_a_network_is_held_out_as_the_network_that_training_leaves(optimizer, normalization):
    layers = {"kernel": 5, "padding": 2, "channels": [4, 16, 32], "normalization": normalization}
    configuration = configure("images", optimizer=optimizer, **layers)
    data = replicates("images", 1)
    trained = training.train(configuration, data, SEEDS[:1])
    rows, *_ = training.tensors(configuration, data, ["validation"])
    network = models.build(configuration, data[0][1], models.blank(1))
    assert any(isinstance(way, Transformed) for way in network.maps.ways)
    network.restore(trained.weights)
    x, y = rows["validation"]
    loss = losses.make(configuration).rows(network.predict(network.prepare(x)), y).mean(dim=1)
    torch.testing.assert_close(trained.history["validation_loss"][-1], loss)
