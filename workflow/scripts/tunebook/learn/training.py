"""The training loop: one for every model, loss, optimizer and number of replicates.

Data are tensors, indexed once an epoch by one permutation a replicate; there are no loader
processes. Each step makes one batched computation for all R replicates and one optimizer step.
Metrics are taken once an epoch from the outputs that training made anyway.
"""

import time
from dataclasses import dataclass

import torch

from ..data.prepare import fit_scaling, stack
from ..tasks import TASKS, Ruler
from . import losses, models
from .blocks import HISTORY
from .optimizers import make_step

# One generator for each use of chance, so that dropout, say, never shifts the order of batches.
STREAMS = {"weights": 1, "order": 2, "dropout": 3}


@dataclass
class Trained:
    """What training R replicates for E epochs leaves.

    history: {name: [E, R]} for the names in HISTORY; rows after a replicate diverged are NaN.
    diverged_at: [R], epochs from 1; 0 where there is none. weights: all that the final networks
    hold, by name, each [R, ...]. seconds: of the loop alone. parameters: trainable numbers in one
    copy.
    """

    history: dict
    diverged_at: list
    weights: dict
    seconds: float
    parameters: int


def one_thread():
    """One thread, and numbers too small to matter taken as zero (they slow dead units down)."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def generators(seeds, stream):
    """One generator a replicate for one use of chance."""
    return [torch.Generator().manual_seed(seed * 4 + STREAMS[stream]) for seed in seeds]


def tensors(configuration, replicates, splits):
    """({split: (x [R, n, f], y [R, n] or [R, n, 1])}, Ruler, scalings), scaled as configured.

    replicates: pairs of arrays and record, as `data.prepare.load` gives them, one a replicate.
    """
    scalings = [fit_scaling(configuration, arrays, record) for arrays, record in replicates]
    arrays = [each for each, _ in replicates]
    rows = {split: tuple(map(torch.from_numpy, stack(arrays, scalings, split))) for split in splits}
    ruler = Ruler(
        unit=torch.tensor([scaling.unit for scaling in scalings], dtype=torch.float32),
        range=torch.tensor([scaling.target_range for scaling in scalings], dtype=torch.float64),
    )
    return rows, ruler, scalings


class Trainer:
    """R replicates of one configuration, ready to be trained an epoch at a time.

    configuration: as resolved. replicates: pairs of development arrays and their record, one a
    replicate. seeds: one integer a replicate. folder: where the study's own modules lie.
    """

    def __init__(self, configuration, replicates, seeds, folder=None):
        rows, self.ruler, _ = tensors(configuration, replicates, ("train", "validation"))
        self.train, self.validation = rows["train"], rows["validation"]
        self.count, self.rows = len(seeds), self.train[0].shape[1]
        self.batches = batches(configuration, self.rows)
        self.loss = losses.LOSSES[configuration["loss"]]
        self.loss_gradient = losses.GRADIENTS[configuration["loss"]]
        self.metric = TASKS[configuration["task"]].metrics[configuration["metric"]].function
        self.network = models.build(
            configuration, replicates[0][1], generators(seeds, "weights"), folder, self.batches[0]
        )
        self.update = make_step(configuration, self.network.values, self.network.gradients)
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
        return loss, self.metric(outputs, y, self.ruler).to(loss.dtype)

    def epoch(self):
        """Train once on all rows; returns [4, R], in the order of HISTORY.

        The training loss is that of each batch before its step, averaged over the epoch; the
        validation loss is taken after the epoch.
        """
        x, y = self.shuffled()
        outputs = []
        for x_batch, y_batch in zip(
            x.split(self.batches, 1), y.split(self.batches, 1), strict=True
        ):
            outputs += self.step(x_batch, y_batch)
        train = self.summary(torch.cat(outputs, dim=1), y)
        held_out = self.network.predict(self.validation[0])
        return torch.stack([*train, *self.summary(held_out, self.validation[1])])


def batches(configuration, rows):
    """How many rows each step of an epoch takes.

    A module gets no single row where there are others, since batch-norm has no variance then: the
    row joins the batch before it.
    """
    size = configuration["batch_size"]
    size = rows if size == "full" else min(size, rows)
    sizes = [size] * (rows // size) + [rows % size] * (rows % size > 0)
    if configuration["model"] == "module" and sizes[-1] == 1 < size:
        sizes[-2:] = [size + 1]
    return sizes


def train(configuration, replicates, seeds, folder=None, progress=lambda *values: None):
    """Train every replicate for the configured epochs; returns Trained. See Trainer.

    A replicate whose training or validation loss is no longer finite has diverged: the epoch is
    recorded and its later rows are left empty. Training ends early only when all have.
    progress is called after each epoch with the epoch (from 1), the epochs and values [4, R].
    """
    started = time.perf_counter()
    trainer = Trainer(configuration, replicates, seeds, folder)
    epochs, count = configuration["epochs"], trainer.count
    history = torch.full((epochs, len(HISTORY), count), torch.nan)
    diverged_at = torch.zeros(count, dtype=torch.int64)
    for epoch in range(1, epochs + 1):
        values = trainer.epoch()
        going = diverged_at == 0
        history[epoch - 1, :, going] = values[:, going]
        finite = values[[0, 2]].isfinite().all(dim=0)
        diverged_at[going & ~finite] = epoch
        progress(epoch, epochs, values)
        if (diverged_at > 0).all():
            break
    seconds = time.perf_counter() - started
    return Trained(
        history={name: history[:, i] for i, name in enumerate(HISTORY)},
        diverged_at=diverged_at.tolist(),
        weights=trainer.network.state(),
        seconds=seconds,
        parameters=trainer.network.size(),
    )


def time_epochs(configuration, replicate, seed, epochs, folder=None):
    """Seconds for each of `epochs` epochs of one replicate, after one that is not counted."""
    trainer = Trainer(configuration, [replicate], [seed], folder)
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
