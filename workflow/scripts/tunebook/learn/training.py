"""The training loop: one for every model, loss, optimizer and number of replicates.

Data are tensors, indexed once an epoch by one permutation a replicate; there are no loader
processes. Each step makes one batched computation for all R replicates and one optimizer step.
Metrics are taken once an epoch from the outputs that training made anyway.
"""

import ctypes
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.autograd.graph import increment_version

from ..data.prepare import fit_scaling, stack
from ..tasks import TASKS, Ruler
from . import losses, models, products
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


def one_thread(library="auto"):
    """One thread, and numbers too small to matter taken as zero (they slow dead units down).

    library: of products; see `products.choose`.
    """
    keep_memory()
    torch.set_num_threads(1)
    threadpool_limits(1)
    torch.set_flush_denormal(True)
    # Divergence is a result, and recorded; NumPy need not warn of it besides.
    np.seterr(all="ignore")
    products.choose(library)


def keep_memory():
    """Let this process keep the memory that it frees, where its C library is GNU's.

    The maps of a network are made anew in every step. To fetch their memory from the system each
    time takes up to a sixth of the step, or nothing, as it happens. Source: mallopt(3).
    """
    trim, mmap = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    with suppress(AttributeError, OSError, TypeError):
        tune = ctypes.CDLL(None).mallopt
        tune(mmap, 2**30)
        tune(trim, 2**31 - 1)


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


def together(blocks, splits):
    """`tensors` of the replicates of several blocks, without their scalings."""
    found = [tensors(block.configuration, block.replicates, splits) for block in blocks]
    rows = {
        split: tuple(
            torch.cat(parts) for parts in zip(*(rows[split] for rows, _, _ in found), strict=True)
        )
        for split in splits
    }
    unit, wide = (
        torch.cat([getattr(ruler, name) for _, ruler, _ in found]) for name in ("unit", "range")
    )
    return rows, Ruler(unit=unit, range=wide)


@dataclass
class Block:
    """What is trained as one: some replicates of a configuration.

    configuration: as resolved. replicates: pairs of development arrays and their record, one a
    replicate. seeds: one integer a replicate.
    """

    configuration: dict
    replicates: list
    seeds: list


class Trainer:
    """R replicates, those of all `blocks`, ready to be trained an epoch at a time.

    The blocks' configurations may differ in what `parameters.PER_COPY` names, and in nothing else.
    folder: where the study's own modules lie.
    """

    def __init__(self, blocks, folder=None):
        configuration, record = blocks[0].configuration, blocks[0].replicates[0][1]
        seeds = [seed for block in blocks for seed in block.seeds]
        rows, self.ruler = together(blocks, ("train", "validation"))
        self.count, self.rows = len(seeds), rows["train"][0].shape[1]
        self.batches = batches(configuration, self.rows)
        self.loss = losses.LOSSES[configuration["loss"]]
        self.loss_gradient = losses.GRADIENTS[configuration["loss"]]
        self.metric = TASKS[configuration["task"]].metrics[configuration["metric"]].function
        dropout = [block.configuration.get("dropout") for block in blocks for _ in block.seeds]
        weights = generators(seeds, "weights")
        self.network = models.build(
            configuration, record, weights, folder, self.batches[0], dropout
        )
        self.network.fit(rows["train"][0])
        self.train, self.validation = (
            (self.network.prepare(rows[split][0]), rows[split][1])
            for split in ("train", "validation")
        )
        self.shuffled = tuple(torch.empty_like(tensor) for tensor in self.train)
        self.updates = [
            make_step(
                block.configuration,
                self.network.values[each].view(-1),
                self.network.gradients[each].view(-1),
            )
            for block, each in zip(blocks, slots(blocks), strict=True)
        ]
        self.order = generators(seeds, "order")
        self.dropout = generators(seeds, "dropout")

    def shuffle(self):
        """The training rows of each replicate, put into an order of its own."""
        for slot, generator in enumerate(self.order):
            order = torch.randperm(self.rows, generator=generator)
            for rows, shuffled in zip(self.train, self.shuffled, strict=True):
                torch.index_select(rows[slot], 0, order, out=shuffled[slot])
        return self.shuffled

    @torch.no_grad()
    def step(self, x, y):
        """One optimizer step on a batch [R, rows, ...]; returns the outputs it was made from."""
        rows, piece, outputs = x.shape[1], self.network.piece, []
        pieces = zip(x.split(piece, 1), y.split(piece, 1), strict=True) if piece else [(x, y)]
        for x_piece, y_piece in pieces:
            output, trace = self.network.forward(x_piece, self.dropout)
            # Each replicate's own: none of them enters another's gradient.
            gradient = self.loss_gradient(output, y_piece).div_(rows)
            self.network.backward(trace, gradient, add=bool(outputs))
            outputs.append(output)
        for update in self.updates:
            update()
        # PyTorch's fused optimizers change memory without saying so, and the waves of a kernel are
        # kept for as long as it says that it is the same.
        increment_version(self.network.values)
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
        x, y = self.shuffle()
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

    Batch normalization, which a module may have, gets no single row where there are others, since
    it has no variance then: the row joins the batch before it.
    """
    size = configuration["batch_size"]
    size = rows if size == "full" else min(size, rows)
    sizes = [size] * (rows // size) + [rows % size] * (rows % size > 0)
    normed = configuration["model"] == "module" or configuration["normalization"] == "batch"
    if normed and sizes[-1] == 1 < size:
        sizes[-2:] = [size + 1]
    return sizes


def train(configuration, replicates, seeds, folder=None, progress=lambda *values: None):
    """Train every replicate of one configuration; returns Trained. See `train_together`."""
    return train_together([Block(configuration, replicates, seeds)], folder, progress)[0]


def train_together(blocks, folder=None, progress=lambda *values: None):
    """Train all replicates of some blocks for the configured epochs; returns a Trained for each.

    See Trainer for what blocks may be trained together; each gives what it gives alone, bit by bit.
    A replicate whose training or validation loss is no longer finite has diverged: the epoch is
    recorded and its later rows are left empty. A block ends early when all its replicates have.
    progress is called after each epoch with the epoch (from 1), the epochs and values [4, R].
    """
    started = time.perf_counter()
    trainer = Trainer(blocks, folder)
    epochs, count = blocks[0].configuration["epochs"], trainer.count
    history = torch.full((epochs, len(HISTORY), count), torch.nan)
    diverged_at = torch.zeros(count, dtype=torch.int64)
    going = dict(enumerate(slots(blocks)))
    seconds, weights = [0.0] * len(blocks), {}
    for epoch in range(1, epochs + 1):
        values = trainer.epoch()
        healthy = diverged_at == 0
        history[epoch - 1, :, healthy] = values[:, healthy]
        finite = values[[0, 2]].isfinite().all(dim=0)
        diverged_at[healthy & ~finite] = epoch
        progress(epoch, epochs, values)
        now = time.perf_counter()
        active = sum(each.stop - each.start for each in going.values())
        for i, each in list(going.items()):
            seconds[i] += (now - started) * (each.stop - each.start) / active
            if epoch == epochs or (diverged_at[each] > 0).all():
                weights[i] = trainer.network.state(going.pop(i))
        started = now
        if not going:
            break
    return [
        Trained(
            history={name: history[:, row, each] for row, name in enumerate(HISTORY)},
            diverged_at=diverged_at[each].tolist(),
            weights=weights[i],
            seconds=seconds[i],
            parameters=trainer.network.size(),
        )
        for i, each in enumerate(slots(blocks))
    ]


def slots(blocks):
    """The places of each block's replicates among those of all blocks, as slices."""
    ends = list(itertools.accumulate(len(block.seeds) for block in blocks))
    return [slice(end - len(block.seeds), end) for end, block in zip(ends, blocks, strict=True)]


def time_epochs(configuration, replicate, seed, epochs, folder=None):
    """Seconds for each of `epochs` epochs of one replicate, after one that is not counted."""
    trainer = Trainer([Block(configuration, [replicate], [seed])], folder)
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
