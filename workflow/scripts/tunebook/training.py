"""The training loop: one for every model, loss, optimizer and number of replicates.

Data are tensors, indexed once an epoch by one permutation a replicate; there are no loader
processes. Each step makes one batched computation for all R replicates and one optimizer step.
Metrics are taken once an epoch from the outputs that training made anyway.
"""

import time
from dataclasses import dataclass

import torch

from . import losses, models
from .optimizers import make_step
from .problems import fit_scaling, stack

# One generator for each use of chance, so that dropout, say, never shifts the order of batches.
STREAMS = {"weights": 1, "order": 2, "dropout": 3}
HISTORY = ("train_loss", "train_metric", "validation_loss", "validation_metric")


@dataclass
class Trained:
    """What training R replicates for E epochs leaves.

    history: {name: [E, R]} for the names in HISTORY; rows after a replicate diverged are NaN.
    diverged_at, best_epoch: [R], epochs from 1; 0 where there is none. final, best: parameter
    values by name, each [R, ...]; best is where the validation loss was lowest. seconds: of the
    loop alone. parameters: trainable numbers in one copy.
    """

    history: dict
    diverged_at: list
    best_epoch: list
    final: dict
    best: dict
    seconds: float
    parameters: int


def one_thread():
    """One thread, and numbers too small to matter taken as zero (they slow dead units down)."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def generators(seeds, stream):
    """One generator a replicate for one use of chance."""
    return [torch.Generator().manual_seed(seed * 4 + STREAMS[stream]) for seed in seeds]


def tensors(replicates, configuration):
    """(train, validation, unit) for raw development arrays of R replicates, scaled as configured.

    train and validation are pairs x [R, n, f], y [R, n(, 1)]; unit is [R], see `losses.metric`.
    """
    scalings = [fit_scaling(configuration, a["train_x"], a["train_y"]) for a in replicates]
    parts = []
    for name in ("train", "validation"):
        part = stack(replicates, scalings, name)
        parts.append((torch.from_numpy(part.x), torch.from_numpy(part.y)))
    unit = torch.tensor([scaling.unit for scaling in scalings], dtype=torch.float32)
    return *parts, unit


class Trainer:
    """R replicates of one configuration, ready to be trained an epoch at a time.

    configuration: as resolved by `study.resolve`. replicates: raw development arrays, one
    dictionary a replicate. seeds: one integer a replicate.
    """

    def __init__(self, configuration, replicates, seeds):
        self.configuration = configuration
        self.train, self.validation, self.unit = tensors(replicates, configuration)
        self.count = len(seeds)
        self.rows = self.train[0].shape[1]
        size = configuration["batch_size"]
        self.batch = self.rows if size == "full" else min(size, self.rows)
        self.loss = losses.LOSSES[configuration["loss"]]
        self.loss_gradient = losses.GRADIENTS[configuration["loss"]]
        features = self.train[0].shape[2]
        self.network = models.build(configuration, features, generators(seeds, "weights"))
        parameters = [parameter for _, parameter in self.network.named_parameters()]
        self.update = make_step(configuration, *models.lay_out(parameters))
        self.order = generators(seeds, "order")
        self.dropout = generators(seeds, "dropout")

    def shuffled(self):
        """The training rows of each replicate in an order of its own."""
        order = torch.stack([torch.randperm(self.rows, generator=g) for g in self.order])
        replicate = torch.arange(self.count)[:, None]
        return tuple(tensor[replicate, order] for tensor in self.train)

    @torch.no_grad()
    def step(self, x, y):
        """One optimizer step on a batch [R, rows, ...]; returns the outputs it was made from."""
        rows = x.shape[1]
        piece = self.network.piece or rows
        outputs = []
        for x_piece, y_piece in zip(x.split(piece, 1), y.split(piece, 1), strict=True):
            output, trace = self.network.forward(x_piece, self.dropout)
            # Each replicate's own: none of them enters another's gradient.
            gradient = self.loss_gradient(output, y_piece).div_(rows)
            self.network.backward(trace, gradient, add=bool(outputs))
            outputs.append(output)
        self.update()
        return outputs

    def summary(self, outputs, y):
        """(loss, metric), each [R], of outputs for all rows."""
        loss = self.loss(outputs, y).mean(dim=1)
        value = losses.metric(self.configuration, outputs, y, self.unit).mean(dim=1)
        return loss, value

    def epoch(self):
        """Train once on all rows; returns [4, R], in the order of HISTORY.

        The training loss is that of each batch before its step, averaged over the epoch; the
        validation loss is taken after the epoch.
        """
        x, y = self.shuffled()
        outputs = []
        for x_batch, y_batch in zip(x.split(self.batch, 1), y.split(self.batch, 1), strict=True):
            outputs += self.step(x_batch, y_batch)
        with torch.no_grad():
            train = self.summary(torch.cat(outputs, dim=1), y)
            held_out = models.predict(self.network, self.validation[0])
            return torch.stack([*train, *self.summary(held_out, self.validation[1])])


def train(configuration, replicates, seeds, progress=lambda epoch, epochs, values: None):
    """Train every replicate for the configured epochs; returns Trained.

    A replicate whose training or validation loss is no longer finite has diverged: the epoch is
    recorded and its later rows are left empty. Training ends early only when all have.
    progress is called after each epoch with the epoch (from 1), the epochs and values [4, R].
    """
    started = time.perf_counter()
    trainer = Trainer(configuration, replicates, seeds)
    epochs, count = configuration["epochs"], trainer.count
    history = torch.full((epochs, len(HISTORY), count), torch.nan)
    diverged_at = torch.zeros(count, dtype=torch.int64)
    best_epoch = torch.zeros(count, dtype=torch.int64)
    lowest = torch.full((count,), torch.inf)
    best = models.state(trainer.network)
    for epoch in range(1, epochs + 1):
        values = trainer.epoch()
        going = diverged_at == 0
        history[epoch - 1, :, going] = values[:, going]
        finite = values[[0, 2]].isfinite().all(dim=0)
        diverged_at[going & ~finite] = epoch
        better = going & finite & (values[2] < lowest)
        if better.any():
            lowest[better] = values[2, better]
            best_epoch[better] = epoch
            for name, parameter in trainer.network.named_parameters():
                best[name][better] = parameter.value[better]
        progress(epoch, epochs, values)
        if (diverged_at > 0).all():
            break
    seconds = time.perf_counter() - started
    return Trained(
        history={name: history[:, i] for i, name in enumerate(HISTORY)},
        diverged_at=diverged_at.tolist(),
        best_epoch=best_epoch.tolist(),
        final=models.state(trainer.network),
        best=best,
        seconds=seconds,
        parameters=models.count_parameters(trainer.network),
    )


def time_epochs(configuration, replicate, seed, epochs):
    """Seconds for each of `epochs` epochs of one replicate, after one that is not counted."""
    trainer = Trainer(configuration, [replicate], [seed])
    trainer.epoch()
    seconds = []
    for _ in range(epochs):
        started = time.perf_counter()
        trainer.epoch()
        seconds.append(time.perf_counter() - started)
    return seconds


def console_progress(every=5.0):
    """A progress function that prints a line every few seconds: epoch, losses, time left."""
    started = time.perf_counter()
    last = started

    def progress(epoch, epochs, values):
        nonlocal last
        now = time.perf_counter()
        if now - last < every and epoch not in (1, epochs):
            return
        last = now
        left = (now - started) / epoch * (epochs - epoch)
        train_loss, validation_loss = values[0].mean().item(), values[2].mean().item()
        print(
            f"epoch {epoch}/{epochs}: training loss {train_loss:.5g}, "
            f"validation loss {validation_loss:.5g}, about {left:.0f} s left"
        )

    return progress
