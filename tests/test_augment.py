"""Training images are moved, bent and erased by as much as is asked for, and nothing else is."""

import math
from functools import partial

import pytest
import torch

from made_up import SEEDS, configure, images, table
from tunebook.jobs import TunebookError
from tunebook.learn import augment, training

torch.set_num_threads(1)

SIDE = 33
NETWORKS_FILE = """
from torch import nn

class Flat(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(nn.Flatten(), nn.Linear(inputs[0] * inputs[1] * inputs[2], outputs))
"""


def made(shape, border="value", padding_value=0.0, **asked):
    """What augments images of a shape (channels, height, width)."""
    configuration = {f"augment_{way}": float(most) for way, most in asked.items()}
    configuration |= {"problem": "p", "augment_border": border, "padding_value": padding_value}
    return augment.make(configuration, {"shape": list(shape)})


def augmented(x, *about, seed=0, **asked):
    """x [n, channels, height, width], augmented."""
    change = made(x.shape[1:], *about, **asked)
    return change(x.flatten(1), torch.Generator().manual_seed(seed)).view(x.shape)


def spots(across, down, count=2000):
    """As many images, each with one soft spot so far from the middle."""
    at = torch.arange(SIDE) - (SIDE - 1) / 2
    rows, columns = (torch.exp(-((at - middle) ** 2) / 4.5) for middle in (down, across))
    return (rows[:, None] * columns).expand(count, 1, SIDE, SIDE)


def middles(x):
    """(across, down) [n] of the middle of the brightness of images, from their own middle."""
    at, mass = torch.arange(SIDE) - (SIDE - 1) / 2, x.sum(dim=(1, 2, 3))
    return (x.sum(dim=(1, 2)) @ at) / mass, (x.sum(dim=(1, 3)) @ at) / mass


def spreads_over(values, least, most):
    """Whether values [n] fill the range from least to most evenly, and nothing else."""
    room = 0.05 * (most - least)
    quarters = torch.quantile(values, torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    return (quarters - torch.linspace(least, most, 5)).abs().max() < room


def test_shifts_go_as_far_as_they_are_said_to_each_way_by_itself():
    across, down = middles(augmented(spots(3, -2), shift=2.5))
    assert spreads_over(across, 0.5, 5.5) and spreads_over(down, -4.5, 0.5)
    assert abs(torch.corrcoef(torch.stack([across, down]))[0, 1]) < 0.1


def test_rotations_turn_about_the_middle():
    across, down = middles(augmented(spots(6, 0), rotate=30))
    assert (across**2 + down**2).sqrt().sub(6).abs().max() < 0.05
    assert spreads_over(torch.atan2(down, across) * 180 / math.pi, -30, 30)


def test_each_side_has_a_scale_of_its_own():
    across, down = middles(augmented(spots(5, 4), scale=0.2))
    # The middle of a larger spot is where it was; what is scaled is a distance.
    assert spreads_over(across, 4, 6) and spreads_over(down, 3.2, 4.8)


def test_shear_moves_rows_to_the_side():
    across, down = middles(augmented(spots(0, 6), shear=0.5))
    assert spreads_over(across, -3, 3)
    assert (down - 6).abs().max() < 0.05


def test_all_of_it_together_shears_after_scaling_then_turns_then_shifts():
    most = {"rotate": 40, "scale": 0.3, "shear": 0.4, "shift": 3}
    x = torch.cat([spots(*place, count=500) for place in ((0, 0), (5, 0), (0, 5), (5, 5))])
    # The same chance for each of the four: one affine map.
    parts = [augmented(part, **most) for part in x.split(500)]
    origin, right, below, both = (torch.stack(middles(part)) for part in parts)
    assert (both - (right + below - origin)).abs().max() < 0.1
    assert spreads_over(origin[0], -3, 3)
    ways = torch.stack([right - origin, below - origin]) / 5  # [of, across or down, n]
    width = ways[0].norm(dim=0)
    assert spreads_over(width, 0.7, 1.3)
    assert spreads_over(torch.atan2(ways[0, 1], ways[0, 0]) * 180 / math.pi, -40, 40)
    area = ways[0, 0] * ways[1, 1] - ways[0, 1] * ways[1, 0]
    height = area / width
    assert spreads_over(height, 0.7, 1.3)
    assert spreads_over((ways[0] * ways[1]).sum(dim=0) / width / height, -0.4, 0.4)


@pytest.mark.parametrize("place", [(0, 0), (11, 0), (-11, -11)])
def test_an_elastic_field_displaces_every_pixel_as_much_and_neighbours_alike(place):
    x = spots(*place)
    here = torch.stack(middles(augmented(x, elastic=0.5))) - torch.tensor(place)[:, None]
    assert here.mean(dim=1).abs().max() < 0.05
    # A spot moves by the mean over its pixels, which is a little less.
    assert ((here.std(dim=1) > 0.4) & (here.std(dim=1) < 0.55)).all()
    beside = torch.stack(middles(augmented(spots(place[0] + 1, place[1]), elastic=0.5)))
    beside -= torch.tensor([place[0] + 1, place[1]])[:, None]
    assert torch.corrcoef(torch.stack([here[0], beside[0]]))[0, 1] > 0.9
    far = torch.stack(middles(augmented(spots(place[0], place[1] + 12), elastic=0.5)))
    assert torch.corrcoef(torch.stack([here[0], far[0]]))[0, 1] < 0.5


MOVES = {"shift": 3, "rotate": 20, "scale": 0.2, "shear": 0.2, "elastic": 0.5}


@pytest.mark.parametrize("way", MOVES)
def test_what_comes_from_outside_is_the_padding_value(way):
    background = torch.full((50, 2, 9, 7), -1.0)
    same = augmented(background, padding_value=-1.0, **{way: MOVES[way]})
    torch.testing.assert_close(same, background)
    assert augmented(background, **{way: MOVES[way]}).amax(dim=(1, 2, 3)).max() > -0.9


def test_channels_move_alike_and_sides_are_measured_in_pixels():
    one = torch.zeros(500, 1, 8, 20)
    one[:, 0, 4, 10] = 1
    found = augmented(one.expand(-1, 3, -1, -1), shift=2, rotate=10, elastic=0.3, erase=0.2)
    assert torch.equal(found[:, 0], found[:, 1]) and torch.equal(found[:, 0], found[:, 2])
    shifted = augmented(one, shift=2)
    rows, columns = shifted.sum(dim=(1, 3)), shifted.sum(dim=(1, 2))
    assert spreads_over(rows @ torch.arange(8.0), 2, 6)
    assert spreads_over(columns @ torch.arange(20.0), 8, 12)


def test_rolling_moves_whole_pixels_round_the_image():
    x = torch.rand(300, 2, 5, 6)
    found = augmented(x, "roll", shift=2)
    seen = set()
    for before, after in zip(x, found, strict=True):
        ways = [
            (down, across)
            for down in range(-2, 3)
            for across in range(-2, 3)
            if torch.equal(after, before.roll((down, across), (1, 2)))
        ]
        assert len(ways) == 1
        seen |= {*ways}
    assert len(seen) == 25


def test_erasing_sets_a_rectangle_to_the_padding_value_and_leaves_the_rest():
    x = torch.rand(3000, 1, 20, 10)
    found = augmented(x, padding_value=7.0, erase=0.5)
    gone = found == 7
    assert torch.equal(found[~gone], x[~gone])
    rows, columns = gone.any(dim=3).squeeze(1), gone.any(dim=2).squeeze(1)
    assert torch.equal(gone.squeeze(1), rows[:, :, None] & columns[:, None]), "a rectangle"
    assert (rows.sum(dim=1).max(), columns.sum(dim=1).max()) == (10, 5)
    assert gone.any(dim=0).all(), "anywhere"
    assert not gone.flatten(1).any(dim=1).all(), "some are too small to hold a pixel"


def test_many_images_are_augmented_as_few_are(monkeypatch):
    x = torch.rand(50, 1, 8, 8)
    whole = augmented(x, **MOVES)
    monkeypatch.setattr(augment, "ROWS", 7)
    torch.testing.assert_close(augmented(x, **MOVES), whole)


def test_nothing_is_done_where_nothing_is_asked_for_and_a_table_cannot_be_augmented():
    assert made((1, 4, 4)) is None
    assert augment.make(configure("prices"), table(1)[0][1]) is None
    with pytest.raises(TunebookError, match=r"problems\.prices: found augment_shift; allowed: no"):
        augment.make({"problem": "prices", "augment_shift": 1.0}, {"shape": None})


ASKED = {f"augment_{way}": most for way, most in MOVES.items()} | {"augment_erase": 0.3}
NETWORKS = {
    "dense": {"model": "dense", "widths": [6], "dropout": 0.2},
    "convolutional": {},
    "module": {"model": "module", "module": "networks.py:Flat"},
}


@pytest.fixture
def trained(tmp_path):
    """A function that trains a network on images, replicates with these seeds."""
    (tmp_path / "networks.py").write_text(NETWORKS_FILE)

    def train(network, data, seeds, **asked):
        configuration = configure("images", **NETWORKS[network], **asked)
        return training.train(configuration, data, seeds, tmp_path)

    return train


@pytest.mark.parametrize("network", NETWORKS)
def test_each_replicate_is_augmented_by_a_chance_of_its_own(trained, network):
    train, data = partial(trained, network, **ASKED), images(3, rows=30)
    together = train(data, SEEDS)
    for slot, seed in enumerate(SEEDS):
        alone = train([data[slot]], [seed])
        for name, value in alone.weights.items():
            torch.testing.assert_close(together.weights[name][slot], value[0], rtol=1e-4, atol=1e-6)
    for name, value in train(data, SEEDS).weights.items():
        assert torch.equal(value, together.weights[name]), "again the same"
    plain = trained(network, data, SEEDS)
    assert not any(
        torch.equal(plain.weights[name], together.weights[name]) for name in plain.weights
    )


def test_augmentation_is_drawn_anew_in_each_epoch_and_spares_order_labels_and_validation():
    data = images(2, rows=30)

    def epochs(**asked):
        configuration = configure("images", model="dense", widths=[6], **asked)
        trainer = training.Trainer([training.Block(configuration, data, [1, 2])])
        found = [[each.clone() for each in trainer.shuffle()] for _ in range(2)]
        return found, trainer.validation

    (plain, also_plain), held_out = epochs()
    (first, second), also_held_out = epochs(augment_shift=2.0)
    assert torch.equal(held_out[0], also_held_out[0])
    assert torch.equal(plain[1], first[1]) and torch.equal(also_plain[1], second[1])
    assert torch.equal(first[0][..., -1], plain[0][..., -1]), "the column for biases"
    assert ((plain[0] - first[0]).abs().amax(dim=2) > 0.1).all()
    # The same row in two epochs: found by its place in the order of each.
    for replicate in range(2):
        places = [
            torch.cdist(x[0][replicate], also_plain[0][replicate]).argmin(dim=1)
            for x in (plain, also_plain)
        ]
        rows = first[0][replicate], second[0][replicate][places[0]]
        assert torch.equal(places[1], torch.arange(30))
        assert ((rows[0] - rows[1]).abs().amax(dim=1) > 0.1).all()


def test_images_are_shifted_by_a_pixel_to_each_side_and_what_lies_outside_comes_in():
    image = torch.arange(12.0).reshape(1, 12)
    moved = augment.shifts(image, (2, 2, 3), -1.0)
    up, down, left, right = (each.reshape(2, 2, 3) for each in moved)
    assert up[0].tolist() == [[3, 4, 5], [-1, -1, -1]]
    assert down[1].tolist() == [[-1, -1, -1], [6, 7, 8]]
    assert left[0].tolist() == [[1, 2, -1], [4, 5, -1]]
    assert right[1].tolist() == [[-1, 6, 7], [-1, 9, 10]]
