"""The study of the zip codes of 1989: its network and its training."""

import pytest
import torch
import torch.nn.functional as F

from project import ROOT
from tunebook.learn import training
from tunebook.learn.modules import load_module
from tunebook.loading import load_study

FOLDER = ROOT / "studies/backprop-1989"
PATH = FOLDER / "networks.py"
AS_IN_1989 = {
    "activation": "tanh", "output": "tanh", "bound": "root", "planes": "thirds", "dropout": 0.0,
}  # fmt: skip


def network(**changes):
    kind = load_module(PATH, "ZipCodes")
    return kind(inputs=(1, 16, 16), outputs=10, **AS_IN_1989 | changes)


def schemes():
    return load_module(PATH, "ZipCodes").__init__.__globals__["SCHEMES"]


def test_layers_have_as_many_parameters_as_the_paper_says():
    sizes = {name: value.numel() for name, value in network().named_parameters()}
    layers = {"h1": 1068, "h2": 2592, "h3": 5790, "out": 310}
    assert {name: sizes[name] + sizes[f"{name}_bias"] for name in layers} == layers
    assert sum(sizes.values()) == 9760


def test_units_and_connections_are_as_many_as_the_paper_says():
    # Of each unit: what it sees, and its bias.
    h1, h2, h3, out = (12 * 8 * 8, 25 + 1), (12 * 4 * 4, 8 * 25 + 1), (30, 192 + 1), (10, 30 + 1)
    assert 16 * 16 + sum(units for units, _ in (h1, h2, h3, out)) == 1256
    assert sum(units * seen for units, seen in (h1, h2, h3, out)) == 64660
    shapes = {name: tuple(value.shape) for name, value in network().named_parameters()}
    assert shapes["h1_bias"] == (12, 8, 8) and shapes["h2_bias"] == (12, 4, 4)
    assert shapes["h1"] == (12, 1, 5, 5) and shapes["h2"] == (12, 8, 5, 5)


def test_the_repetitions_planes_are_seen_in_groups_of_four():
    first, second = [*range(8)], [*range(4, 12)]
    third = [*range(4), *range(8, 12)]
    assert schemes()["thirds"] == [first] * 4 + [second] * 4 + [third] * 4


@pytest.mark.parametrize("planes", ["thirds", "ring", "same"])
@pytest.mark.parametrize(
    ("activation", "output"), [("tanh", "tanh"), ("tanh", "linear"), ("relu", "linear")]
)
def test_outputs_are_those_of_each_plane_by_itself(planes, activation, output):
    torch.manual_seed(0)
    net = network(planes=planes, activation=activation, output=output).eval()
    with torch.no_grad():
        for bias in (net.h1_bias, net.h2_bias, net.h3_bias):
            bias.uniform_(-1, 1)
    x, act = torch.rand(3, 1, 16, 16) * 2 - 1, getattr(torch, activation)

    def padded(maps):
        larger = torch.full((*maps.shape[:2], maps.shape[2] + 4, maps.shape[3] + 4), -1.0)
        larger[:, :, 2:-2, 2:-2] = maps
        return larger

    def plane(maps, weights, bias):
        """One plane, unit by unit: weights [planes seen, 5, 5], bias [side, side]."""
        side, found = len(bias), []
        for i in range(side):
            for j in range(side):
                window = maps[:, :, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
                found.append((window * weights).sum(dim=(1, 2, 3)) + bias[i, j])
        return act(torch.stack(found, dim=1)).view(-1, side, side)

    with torch.no_grad():
        image = padded(x)
        h1 = torch.stack([plane(image, net.h1[p], net.h1_bias[p]) for p in range(12)], dim=1)
        around = padded(h1)
        h2 = torch.stack(
            [plane(around[:, seen], net.h2[p], net.h2_bias[p])
             for p, seen in enumerate(schemes()[planes])],
            dim=1,
        )  # fmt: skip
        h3 = act(h2.flatten(1) @ net.h3 + net.h3_bias)
        expected = h3 @ net.out + net.out_bias
        expected = expected.tanh() if output == "tanh" else expected
        assert torch.allclose(net(x), expected, atol=1e-5)


@pytest.mark.parametrize(("bound", "power"), [("root", 0.5), ("plain", 1)])
def test_initial_weights_are_bounded_by_the_fan_in(bound, power):
    net = network(bound=bound)
    for name, fan_in in {"h1": 25, "h2": 200, "h3": 192, "out": 30}.items():
        weights, most = getattr(net, name).detach(), 2.4 / fan_in**power
        assert 0.9 * most < weights.abs().max() <= most
        assert abs(weights.mean()) < 0.15 * most
    assert not any(getattr(net, f"{name}_bias").any() for name in ("h1", "h2", "h3"))
    assert net.out_bias.eq(-1).all()


def patterns(rows):
    """Made-up images and their digits, as prepared."""
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(rows, 256, generator=generator, dtype=torch.float64) * 2 - 1
    y = torch.arange(rows) % 10
    none = {"validation_x": x[:0].numpy(), "validation_y": y[:0].numpy()}
    record = {
        "shape": [1, 16, 16], "range": [-1, 1], "classes": [*"0123456789"], "target_range": None,
        "features": [{"name": f"p{i}", "type": "number"} for i in range(256)],
    }  # fmt: skip
    return {"train_x": x.numpy(), "train_y": y.numpy()} | none, record


def loss_of(configuration, outputs, digit):
    if configuration["loss"] == "cross-entropy":
        return F.cross_entropy(outputs, digit)
    wanted = torch.full((1, 10), -1.0)
    wanted[0, digit] = 1
    return ((outputs - wanted) ** 2).mean()


@pytest.mark.parametrize("step", ["base", "softmax", "adamw"])
def test_a_step_is_trained_as_a_plain_loop_trains_it(step):
    """One pattern a step, in the order of the file, at the stated rate and its schedule."""
    study = load_study([str(FOLDER / "config.yaml")])
    [name] = study.sweeps[step]
    c = study.runs[name].configuration | {"epochs": 3}
    assert (c["batch_size"], c["order"], c["fit_on"]) == (1, "constant", "development")
    data, seeds = patterns(12), [5, 6]
    trainer = training.Trainer([training.Block(c, [data] * 2, seeds)], FOLDER)
    starts = [trainer.network.state(slice(i, i + 1)) for i in range(2)]
    trained = training.train(c, [data] * 2, seeds, FOLDER)
    x = torch.from_numpy(data[0]["train_x"]).float().view(-1, 1, 16, 16)
    for slot, start in enumerate(starts):
        net = network(output=c["output"])
        net.load_state_dict({key: value[0] for key, value in start.items()})
        rate = c["learning_rate"]
        if c["optimizer"] == "adamw":
            chosen = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
        else:
            chosen = torch.optim.SGD(net.parameters(), lr=rate)
        for i in range(36):
            if step == "adamw":  # from the rate to a third of it
                chosen.param_groups[0]["lr"] = rate * (1 - (1 - 0.3333) * i / 36)
            digit = torch.tensor([i % 12 % 10])
            loss = loss_of(c, net(x[i % 12 : i % 12 + 1]), digit)
            chosen.zero_grad()
            loss.backward()
            chosen.step()
        for key, value in net.state_dict().items():
            found = trained.weights[key][slot]
            assert torch.allclose(found, value, atol=2e-5), key
