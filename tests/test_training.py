"""Schedules, clipping, averages, the best epoch, stopping early, and going on after a stop."""

import copy
import io
import math

import numpy as np
import pytest
import torch

from made_up import SEEDS, configure, images, table
from tunebook.jobs import TunebookError
from tunebook.learn import schedules, training
from tunebook.learn.blocks import HISTORY, last_validation, read_record, save_block
from tunebook.study.expand import expand
from tunebook.study.read import check_configuration

torch.set_num_threads(1)

EPOCHS, PER_EPOCH = 6, 5
STEPS = EPOCHS * PER_EPOCH


def shares(**settings):
    """The shares of the learning rate that the steps of a training take."""
    known = {"epochs": EPOCHS, "final_rate": 0.0, "step_factor": 0.1, "peak": 0.3} | settings
    return [schedules.share(known, step, PER_EPOCH) for step in range(STEPS)]


def of_pytorch(scheduler, **settings):
    """The rates that a scheduler of PyTorch gives the steps, for a configured rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = scheduler(optimizer, **settings), []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


known = torch.optim.lr_scheduler


@pytest.mark.parametrize(("settings", "scheduler", "given"), [
    ({"schedule": "constant"}, known.ConstantLR, {"factor": 1.0}),
    ({"schedule": "linear", "final_rate": 0.1}, known.LinearLR,
     {"start_factor": 1.0, "end_factor": 0.1, "total_iters": STEPS}),
    ({"schedule": "cosine", "final_rate": 0.2}, known.CosineAnnealingLR,
     {"T_max": STEPS, "eta_min": 0.2}),
    ({"schedule": "steps", "step_every": 2, "step_factor": 0.5}, known.StepLR,
     {"step_size": 2 * PER_EPOCH, "gamma": 0.5}),
])  # fmt: skip
def test_a_schedule_gives_the_rates_that_pytorch_gives(settings, scheduler, given):
    assert shares(**settings) == pytest.approx(of_pytorch(scheduler, **given), rel=1e-9)


def test_one_cycle_rises_to_its_peak_and_falls_to_almost_nothing():
    found = shares(schedule="one-cycle", peak=0.4)
    # PyTorch puts the last step at the very end; a cycle of one step more has the same shape.
    expected = of_pytorch(known.OneCycleLR, max_lr=1.0, total_steps=STEPS + 1, pct_start=13 / 31)
    assert found[0] == pytest.approx(1 / 25) and found[12] == pytest.approx(1)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_warm_up_rises_in_equal_steps_and_leaves_the_rest_to_the_schedule():
    found = shares(schedule="cosine", warmup=2)
    warm = 2 * PER_EPOCH
    assert np.diff(found[: warm + 1]) == pytest.approx([1 / (warm + 1)] * warm)
    assert found[warm] == 1
    rest = STEPS - warm
    waves = [(1 + math.cos(math.pi * t / rest)) / 2 for t in range(rest)]
    assert found[warm:] == pytest.approx(waves)


def test_training_takes_the_rates_of_its_schedule():
    # Plain gradient descent on one batch: each step's length over its gradient is the rate.
    configuration = configure(
        "prices", optimizer="sgd", batch_size="full", epochs=4, schedule="linear", final_rate=0.2
    )
    trainer = training.Trainer([training.Block(configuration, table(1), SEEDS[:1])])
    for t in range(4):
        before = trainer.network.values.clone()
        trainer.epoch()
        gradient = trainer.network.gradients
        found = (before - trainer.network.values).norm() / gradient.norm()
        assert found.item() == pytest.approx(0.01 * (1 - 0.8 * t / 4), rel=1e-3)


def test_each_replicate_is_clipped_by_its_own_gradient():
    configuration = configure("prices", optimizer="sgd", batch_size="full", clip_norm=0.5)
    free = configuration | {"clip_norm": 0.0}
    data = table(2)
    data[0][0]["train_y"] = data[0][0]["train_y"] * 100
    lengths = []
    for each in (configuration, free):
        trainer = training.Trainer([training.Block(each, data, SEEDS[:2])])
        trainer.step(*trainer.shuffle())
        lengths.append(trainer.network.gradients.norm(dim=1))
    clipped, whole = lengths
    expected = torch.clamp(whole, max=0.5)
    assert (whole[0] > 0.5) or (whole[1] > 0.5)
    torch.testing.assert_close(clipped, expected)


def test_averaged_weights_are_judged_and_kept_and_training_goes_on_without_them():
    plain = configure("prices", epochs=2)
    averaging = plain | {"weight_averaging": 0.9}
    trainers = [
        training.Trainer([training.Block(each, table(1), SEEDS[:1])]) for each in (plain, averaging)
    ]
    mean = trainers[0].network.values.clone()
    x, y = trainers[0].shuffle()
    trainers[1].shuffle()
    for steps, (x_batch, y_batch) in enumerate(zip(x.split(8, 1), y.split(8, 1), strict=True), 1):
        for trainer in trainers:
            trainer.step(x_batch, y_batch)
        decay = min(0.9, (1 + steps) / (10 + steps))
        mean = decay * mean + (1 - decay) * trainers[0].network.values
    assert torch.equal(trainers[0].network.values, trainers[1].network.values)
    torch.testing.assert_close(trainers[1].average[0], mean)

    (one,) = training.train_together([training.Block(averaging, table(1), SEEDS[:1])])
    trainer = training.Trainer([training.Block(averaging, table(1), SEEDS[:1])])
    for _ in range(2):
        values = trainer.epoch()
    own = trainer.network.values.clone()
    with trainer.judged():
        kept = trainer.network.state()
        held_out = trainer.network.predict(trainer.validation[0])
    assert all(torch.equal(one.weights[name], kept[name]) for name in kept)
    assert torch.equal(trainer.network.values, own) and not torch.equal(own, trainer.average[0])
    assert torch.equal(trainer.summary(held_out, trainer.validation[1])[0], values[2])


def falling_and_rising(**more):
    """A configuration whose validation loss soon rises: few rows, many weights, a high rate."""
    return configure("prices", widths=[64, 64], learning_rate=0.03, epochs=40, **more)


def test_the_best_epoch_is_reported_for_each_replicate():
    configuration = falling_and_rising(report_weights="best")
    trained = training.train(configuration, table(3), SEEDS)
    best = trained.history["validation_metric"].argmin(dim=0) + 1
    assert trained.reported == best.tolist()
    assert len(set(trained.reported)) > 1 and min(trained.reported) < 40
    for slot, epoch in enumerate(trained.reported):
        until = training.train(
            configuration | {"report_weights": "last", "epochs": epoch}, table(3), SEEDS
        )
        for name, value in until.weights.items():
            assert torch.equal(value[slot], trained.weights[name][slot])


def test_a_replicate_stops_when_it_no_longer_gets_better_whatever_the_others_do():
    configuration = falling_and_rising(report_weights="best", patience=3)
    whole = training.train(configuration | {"patience": 0}, table(3), SEEDS)
    trained = training.train(configuration, table(3), SEEDS)
    assert len(set(trained.ended)) > 1 and max(trained.ended) < 40
    for slot, (ended, reported) in enumerate(zip(trained.ended, trained.reported, strict=True)):
        assert ended == reported + 3
        for name in HISTORY:
            found = trained.history[name][:, slot]
            assert torch.equal(found[:ended], whole.history[name][:ended, slot])
            assert found[ended:].isnan().all()
        alone = training.train(configuration, [table(3)[slot]], [SEEDS[slot]])
        assert (alone.ended, alone.reported) == ([ended], [reported])


def test_the_choice_goes_by_the_epoch_that_is_reported(tmp_path):
    configuration = falling_and_rising(report_weights="best", patience=3)
    trained = training.train(configuration, table(3), SEEDS)
    record = {"run": "a", "configuration": configuration, "replicates": [0, 1, 2], "seeds": SEEDS}
    save_block(tmp_path, trained, 0, record)
    path = tmp_path / "training.json"
    lowest = np.nanmin(trained.history["validation_metric"].numpy(), axis=0)
    assert last_validation(path, read_record(path)) == pytest.approx(lowest.tolist(), rel=1e-6)


def test_the_loss_decides_where_the_metric_does_not_exist():
    data = images(2)
    for arrays, _ in data:  # of rows of one class, there is no area under the curve
        arrays["validation_y"] = np.zeros_like(arrays["validation_y"])
    trained = training.train(configure("images", metric="auc", report_weights="best"), data, [1, 2])
    assert trained.history["validation_metric"].isnan().all()
    best = trained.history["validation_loss"].argmin(dim=0) + 1
    assert trained.reported == best.tolist()


def test_rows_in_constant_order_are_trained_on_as_they_are():
    trainer = training.Trainer(
        [training.Block(configure("prices", order="constant"), table(1), SEEDS[:1])]
    )
    for _ in range(2):
        assert all(map(torch.equal, trainer.shuffle(), trainer.train))
    shuffled = training.Trainer([training.Block(configure("prices"), table(1), SEEDS[:1])])
    assert not torch.equal(shuffled.shuffle()[0], shuffled.train[0])


def test_development_rows_are_trained_on_and_scaled_by():
    data = table(2, rows=30)
    configuration = configure("prices", fit_on="development", scale_inputs="standard")
    trainer = training.Trainer([training.Block(configuration, data, SEEDS[:2])])
    assert trainer.rows == 40 and not trainer.validates
    means = trainer.train[0][..., :-1].mean(dim=1)
    torch.testing.assert_close(means, torch.zeros_like(means), atol=1e-5, rtol=0)
    trained = training.train(configuration, data, SEEDS[:2])
    assert trained.history["train_loss"].isfinite().all() and trained.diverged_at == [0, 0]
    assert trained.history["validation_loss"].isnan().all()


MODULE = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self, inputs, outputs, width=8):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(inputs, width), torch.nn.BatchNorm1d(width), torch.nn.ReLU(),
                torch.nn.Dropout(0.3), torch.nn.Linear(width, outputs))

        def forward(self, x):
            return self.layers(x)
"""
GOING_ON = (
    ("prices", {"dropout": 0.3, "schedule": "cosine", "weight_averaging": 0.9, "clip_norm": 1.0}),
    ("prices", {"optimizer": "sgd-momentum", "learning_rate": 0.001, "warmup": 1}),
    ("prices", {"optimizer": "rmsprop", "report_weights": "best", "patience": 2}),
    ("prices", {"model": "module", "module": "networks.py:Net", "width": 8,
                "weight_averaging": 0.5}),
    ("prices", {"embedding": "periodic", "normalization": "batch", "weight_averaging": 0.9,
                "noise": 0.1}),
    ("prices", {"embedding": "piecewise-linear", "normalization": "layer", "activation": "silu",
                "report_weights": "best"}),
    ("images", {"dropout": 0.2, "schedule": "one-cycle", "report_weights": "best"}),
    ("images", {"normalization": "batch", "weight_averaging": 0.9, "augment_rotate": 10,
                "augment_erase": 0.3}),
)  # fmt: skip


@pytest.mark.parametrize(("problem", "overrides"), GOING_ON)
def test_going_on_after_a_stop_gives_what_not_stopping_gives_bit_by_bit(
    problem, overrides, tmp_path
):
    import textwrap

    (tmp_path / "networks.py").write_text(textwrap.dedent(MODULE))
    data = table(3) if problem == "prices" else images(3)
    configuration = configure(problem, epochs=6, **overrides)
    whole = training.train(configuration, data, SEEDS, tmp_path)
    block = training.Block(configuration, data, SEEDS)
    states = None
    for until in (1, 3, math.inf):
        (found,) = training.train_together([block], tmp_path, until=until, states=states)
        if until != math.inf:
            assert found.ended == [until] * 3
            assert found.history["train_loss"][until:].isnan().all()
            # As a file keeps it.
            file = io.BytesIO()
            torch.save(found.state, file)
            file.seek(0)
            states = [torch.load(file, weights_only=True)]
    assert found.state is None
    assert (found.ended, found.reported) == (whole.ended, whole.reported)
    for name in HISTORY:
        assert torch.equal(found.history[name].nan_to_num(), whole.history[name].nan_to_num())
    for name, value in whole.weights.items():
        assert torch.equal(found.weights[name], value)


def test_blocks_of_a_stack_go_on_each_from_its_own_state():
    blocks = [
        training.Block(configure("prices", epochs=4, optimizer=name), table(2), SEEDS[:2])
        for name in ("adam", "rmsprop")
    ]
    states = [training.train_together([copy.copy(block)], until=2)[0].state for block in blocks]
    together = training.train_together(blocks, states=states)
    for block, found in zip(blocks, together, strict=True):
        alone = training.train(block.configuration, block.replicates, block.seeds)
        for name, value in alone.weights.items():
            assert torch.equal(found.weights[name], value)


STUDY = {
    "study": {"title": "Small", "seed": 0, "results": "results"},
    "datasets": {"sales": {"files": {"sales.csv": {"path": "sales.csv"}}, "reader": "csv"}},
    "problems": {"prices": {
        "task": "regression", "dataset": "sales", "target": "price", "replicates": 2,
        "base": {"model": "dense", "widths": [8], "optimizer": "adam", "learning_rate": 0.01,
                 "batch_size": 16, "epochs": 10},
    }},
}  # fmt: skip


@pytest.mark.parametrize(("given", "said"), [
    ({"warmup": 10}, "warmup: found 10; allowed: fewer than the 10 epochs"),
    ({"schedule": "steps", "step_every": 12}, "step_every: found 12; allowed: fewer than the 10"),
    ({"schedule": "steps"}, "step_every: found nothing"),
    ({"schedule": "exponential"}, "schedule: found 'exponential'; allowed: one of constant"),
    ({"fit_on": "development", "report_weights": "best"}, "report_weights: found best"),
])  # fmt: skip
def test_what_cannot_be_is_told_before_anything_runs(given, said, tmp_path):
    sweep = {"problem": "prices", "question": "Why?", "base": given}
    with pytest.raises(TunebookError, match=said.replace("[", r"\[")) as raised:
        expand(check_configuration(STUDY | {"sweeps": {"one": sweep}}), tmp_path)
    assert "allowed" in str(raised.value)
