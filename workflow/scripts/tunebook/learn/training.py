"""The training loop: one for every model, loss, optimizer and number of replicates.

Data are tensors, indexed once an epoch by one permutation a replicate; there are no loader
processes. Each step makes one batched computation for all R replicates and one optimizer step.
Metrics are taken once an epoch from the outputs that training made anyway.
"""

import ctypes
import itertools
import math
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.autograd.graph import increment_version

from ..data.prepare import fit_scaling, stack
from ..tasks import TASKS, Ruler
from . import augment, losses, models, products
from .blocks import HISTORY
from .optimizers import optimizer
from .schedules import share

# One generator for each use of chance, so that dropout, say, never shifts the order of batches.
# Seeds are hashes: that noise is drawn as the next seed augments does not matter.
STREAMS = {"augmentation": 0, "weights": 1, "order": 2, "dropout": 3, "noise": 4}
LOSSES, VALIDATION = (0, 2), (3, 2)  # rows of HISTORY: both losses; what the best epoch goes by


@dataclass
class Trained:
    """What training R replicates for E epochs leaves.

    history: {name: [E, R]} for the names in HISTORY; rows after a replicate ended are NaN.
    diverged_at: [R], epochs from 1; 0 where there is none. ended: [R], the last epoch of each.
    reported: [R], the epoch after which each had the weights that are kept. weights: all that these
    networks hold, by name, each [R, ...]. seconds: of the loop alone. parameters: trainable numbers
    in one copy. state: what it takes to go on, of a training that was stopped before its end; else
    None.
    """

    history: dict
    diverged_at: list
    ended: list
    reported: list
    weights: dict
    seconds: float
    parameters: int
    state: dict | None = None


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
    replicates = [(fitted_on(configuration, arrays), record) for arrays, record in replicates]
    scalings = [fit_scaling(configuration, arrays, record) for arrays, record in replicates]
    arrays = [each for each, _ in replicates]
    rows = {split: tuple(map(torch.from_numpy, stack(arrays, scalings, split))) for split in splits}
    ruler = Ruler(
        unit=torch.tensor([scaling.unit for scaling in scalings], dtype=torch.float32),
        range=torch.tensor([scaling.target_range for scaling in scalings], dtype=torch.float64),
        logs=torch.tensor([scaling.logs for scaling in scalings], dtype=torch.float64),
    )
    return rows, ruler, scalings


def fitted_on(configuration, arrays):
    """The arrays of a replicate as a configuration divides them: those of training rows hold the
    validation rows too where it is fitted on both, and then none are left for validation.
    """
    if configuration["fit_on"] == "training":
        return arrays
    both = {s: [arrays[f"train_{s}"], arrays[f"validation_{s}"]] for s in "xy"}
    train = {f"train_{s}": np.concatenate(parts) for s, parts in both.items()}
    return arrays | train | {f"validation_{s}": parts[1][:0] for s, parts in both.items()}


def together(blocks, splits):
    """`tensors` of the replicates of several blocks, without their scalings."""
    found = [tensors(block.configuration, block.replicates, splits) for block in blocks]
    rows = {
        split: tuple(
            torch.cat(parts) for parts in zip(*(rows[split] for rows, _, _ in found), strict=True)
        )
        for split in splits
    }
    rulers = (vars(ruler).values() for _, ruler, _ in found)
    return rows, Ruler(*map(torch.cat, zip(*rulers, strict=True)))


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
        self.loss = losses.make(configuration)
        self.metric = TASKS[configuration["task"]].metrics[configuration["metric"]].function
        dropout = [block.configuration.get("dropout") for block in blocks for _ in block.seeds]
        weights = generators(seeds, "weights")
        self.network = models.build(
            configuration, record, weights, folder, self.batches[0], dropout
        )
        self.augment = augment.make(configuration, record)
        # [R, f]: how much noise is added to each input.
        numbers = [feature["type"] == "number" for feature in record["features"]]
        deviation = [block.configuration["noise"] for block in blocks for _ in block.seeds]
        self.deviation = torch.tensor(deviation)[:, None] * torch.tensor(numbers)
        # What is changed each epoch anew, as scaled, is prepared afterwards.
        self.changes = self.augment is not None or bool(self.deviation.any())
        self.network.fit(rows["train"][0])
        self.train, self.validation = (
            (x if self.changes and split == "train" else self.network.prepare(x), y)
            for split, (x, y) in rows.items()
        )
        self.validates = self.validation[1].shape[1] > 0
        self.shuffled = tuple(torch.empty_like(tensor) for tensor in self.train)
        self.updates = [
            optimizer(
                block.configuration,
                self.network.values[each].view(-1),
                self.network.gradients[each].view(-1),
            )
            for block, each in zip(blocks, slots(blocks), strict=True)
        ]
        self.configurations = [block.configuration for block in blocks]
        self.clip_norm = configuration["clip_norm"]
        self.decay = configuration["weight_averaging"]
        self.average = self.network.snapshot() if self.decay else None
        self.in_order = configuration["order"] == "constant"
        self.steps = 0
        streams = ("order", "dropout", "augmentation", "noise")
        self.chances = {stream: generators(seeds, stream) for stream in streams}

    def shuffle(self):
        """The training rows of each replicate in an order of its own, augmented and with noise."""
        for slot, generator in enumerate(self.chances["order"]):
            order = torch.arange(self.rows)
            if not self.in_order:
                torch.randperm(self.rows, generator=generator, out=order)
            for rows, shuffled in zip(self.train, self.shuffled, strict=True):
                torch.index_select(rows[slot], 0, order, out=shuffled[slot])
        if not self.changes:
            return self.shuffled
        x, y = self.shuffled
        if self.augment:
            for rows, generator in zip(x, self.chances["augmentation"], strict=True):
                rows.copy_(self.augment(rows, generator))
        chances = self.chances["noise"]
        for rows, deviation, generator in zip(x, self.deviation, chances, strict=True):
            if deviation.any():
                rows += deviation * torch.randn(rows.shape, generator=generator)
        return self.network.prepare(x), y

    @torch.no_grad()
    def step(self, x, y):
        """One optimizer step on a batch [R, rows, ...]; returns the outputs it was made from."""
        rows, piece, outputs = x.shape[1], self.network.piece, []
        pieces = zip(x.split(piece, 1), y.split(piece, 1), strict=True) if piece else [(x, y)]
        for x_piece, y_piece in pieces:
            output, trace = self.network.forward(x_piece, self.chances["dropout"])
            # Each replicate's own: none of them enters another's gradient.
            gradient = self.loss.gradient(output, y_piece).div_(rows)
            self.network.backward(trace, gradient, add=bool(outputs))
            outputs.append(output)
        if self.clip_norm:
            lengths = self.network.gradients.norm(dim=1, keepdim=True)
            self.network.gradients.mul_((self.clip_norm / lengths).clamp_(max=1))
        for update, each in zip(self.updates, self.configurations, strict=True):
            update(each["learning_rate"] * share(each, self.steps, len(self.batches)))
        self.steps += 1
        # PyTorch's fused optimizers change memory without saying so, and the waves of a kernel are
        # kept for as long as it says that it is the same.
        increment_version(self.network.values)
        if self.decay:
            decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
            for mean, value in zip(self.average, self.network.live(), strict=True):
                if value.is_floating_point():
                    mean.lerp_(value, 1 - decay)
                else:  # how many batches a layer has seen
                    mean.copy_(value)
        return outputs

    def judged(self):
        """The network with the weights that are judged: their moving average, where there is one.

        To be used in a `with` statement, after which training goes on with its own weights.
        """
        return self.network.holding(self.average) if self.decay else nullcontext()

    def judged_numbers(self):
        """All numbers of the networks that are judged, as `Network.live` gives them."""
        return self.average if self.decay else self.network.live()

    def summary(self, outputs, y, loss=None):
        """(loss, metric), each [R], of outputs for all rows; loss: another than `loss.rows`."""
        loss = (loss or self.loss.rows)(outputs, y).mean(dim=1)
        return loss, self.metric(outputs, y, self.ruler).to(loss.dtype)

    def epoch(self):
        """Train once on all rows; returns [4, R], in the order of HISTORY.

        The training loss is what is minimised, smoothed labels included, of each batch before its
        step, averaged over the epoch; the validation loss is taken after the epoch, of the labels.
        """
        x, y = self.shuffle()
        outputs = []
        for x_batch, y_batch in zip(
            x.split(self.batches, 1), y.split(self.batches, 1), strict=True
        ):
            outputs += self.step(x_batch, y_batch)
        train = self.summary(torch.cat(outputs, dim=1), y, self.loss.minimised)
        if not self.validates:
            return torch.stack([*train, *torch.full((2, self.count), torch.nan)])
        with self.judged():
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


class Course:
    """How the training of R replicates goes: what each epoch gave, which have ended, best weights.

    ended: [R], the epoch after which each was done with, 0 while it is not; diverged_at: likewise,
    of those that diverged; reported: see Trained. best: the numbers of each replicate's network
    after its best epoch, where these are kept; found: [R, 2], the error and loss of that epoch.
    """

    # What of it belongs to one replicate each, along the first dimension.
    OWN = ("ended", "diverged_at", "reported", "found", "best")

    def __init__(self, trainer, configuration):
        c, count = configuration, trainer.count
        self.trainer, self.epochs = trainer, c["epochs"]
        self.keeps_best, self.patience = c["report_weights"] == "best", c.get("patience", 0)
        self.error = TASKS[c["task"]].metrics[c["metric"]].error
        self.history = torch.full((self.epochs, len(HISTORY), count), torch.nan)
        self.ended, self.diverged_at, self.reported = torch.zeros(3, count, dtype=torch.int64)
        self.found = torch.full((count, 2), torch.inf)
        self.best = trainer.network.snapshot() if self.keeps_best else []

    def note(self, epoch, values):
        """Keep what an epoch gave: values [4, R]; find out who has ended with it."""
        going = self.ended == 0
        self.history[epoch - 1, :, going] = values[:, going]
        losses = values[list(LOSSES[: 1 + self.trainer.validates])]
        diverged = going & ~losses.isfinite().all(dim=0)
        self.diverged_at[diverged] = self.ended[diverged] = epoch
        going &= ~diverged
        if not self.keeps_best:
            self.reported[going] = epoch
        else:
            self.keep(epoch, values, going)
        if epoch == self.epochs:
            self.ended[self.ended == 0] = epoch

    def keep(self, epoch, values, going):
        """Keep the numbers of those replicates whose best epoch this is; end those that wait."""
        now = torch.stack([self.error(values[VALIDATION[0]]), values[VALIDATION[1]]], dim=1)
        # Where the metric does not exist, the loss alone decides.
        now[:, 0].nan_to_num_(nan=torch.inf)
        lower, same = (now < self.found).T, now[:, 0] == self.found[:, 0]
        better = going & (lower[0] | same & lower[1])
        self.found[better], self.reported[better] = now[better], epoch
        for kept, judged in zip(self.best, self.trainer.judged_numbers(), strict=True):
            kept[better] = judged[better]
        if self.patience:
            self.ended[going & (epoch - self.reported >= self.patience)] = epoch

    def weights(self, each):
        """All that the networks hold that are reported, by name, of the replicates in a slice."""
        network = self.trainer.network
        with network.holding(self.best) if self.keeps_best else self.trainer.judged():
            return network.state(each)


def train(configuration, replicates, seeds, folder=None, progress=lambda *values: None):
    """Train every replicate of one configuration; returns Trained. See `train_together`."""
    return train_together([Block(configuration, replicates, seeds)], folder, progress)[0]


def train_together(blocks, folder=None, progress=lambda *values: None, until=math.inf, states=None):
    """Train all replicates of some blocks for the configured epochs; returns a Trained for each.

    See Trainer for what blocks may be trained together; each gives what it gives alone, bit by bit.
    A replicate whose training or validation loss is no longer finite has diverged: the epoch is
    recorded and its later rows are left empty. A block ends early when all its replicates have
    ended. progress is called after each epoch with the epoch (from 1), the epochs and values
    [4, R].

    until: the epoch after which to stop, if any; what is left then goes on from its `state`.
    states: those that such trainings of the blocks have left, all after the same epoch; going on
    gives what not stopping would have given, bit by bit.
    """
    started = time.perf_counter()
    trainer = Trainer(blocks, folder)
    course = Course(trainer, blocks[0].configuration)
    places = slots(blocks)
    seconds, first = [0.0] * len(blocks), 1
    if states:
        for i, (state, each) in enumerate(zip(states, places, strict=True)):
            seconds[i], first = state["seconds"], state["epoch"] + 1
            put_back(trainer, course, i, each, state)
    going, last, weights, left = dict(enumerate(places)), min(course.epochs, until), {}, {}
    for epoch in range(first, last + 1):
        values = trainer.epoch()
        course.note(epoch, values)
        progress(epoch, course.epochs, values)
        now = time.perf_counter()
        active = sum(each.stop - each.start for each in going.values())
        for i, each in list(going.items()):
            seconds[i] += (now - started) * (each.stop - each.start) / active
            ended = (course.ended[each] > 0).all()
            if ended or epoch == last:
                weights[i] = course.weights(going.pop(i))
                left[i] = None if ended else state_of(trainer, course, i, each, epoch, seconds[i])
        started = now
        if not going:
            break
    return [
        Trained(
            history={name: course.history[:, row, each] for row, name in enumerate(HISTORY)},
            diverged_at=course.diverged_at[each].tolist(),
            ended=[epoch or last for epoch in course.ended[each].tolist()],
            reported=course.reported[each].tolist(),
            weights=weights[i],
            seconds=seconds[i],
            parameters=trainer.network.size(),
            state=left[i],
        )
        for i, each in enumerate(places)
    ]


def state_of(trainer, course, i, each, epoch, seconds):
    """What it takes to go on with the i-th block, whose replicates are in the slice `each`, as
    tensors, numbers, and lists and dictionaries of these.
    """
    own = {name: sliced(getattr(course, name), each) for name in Course.OWN}
    return {
        "epoch": epoch,
        "seconds": seconds,
        "steps": trainer.steps,
        "numbers": sliced(trainer.network.live(), each),
        "average": sliced(trainer.average or [], each),
        "optimizer": [tensor.clone() for tensor in trainer.updates[i].remembered],
        "chances": {
            stream: [generator.get_state() for generator in some[each]]
            for stream, some in trainer.chances.items()
        },
        "history": course.history[:epoch, :, each].clone(),
        "course": own,
    }


def put_back(trainer, course, i, each, state):
    """Let the i-th block go on from what `state_of` gave."""
    pairs = [
        *zip(trainer.network.live(), state["numbers"], strict=True),
        *zip(trainer.average or [], state["average"], strict=True),
    ]
    for name, kept in state["course"].items():
        mine = getattr(course, name)
        pairs += zip(mine, kept, strict=True) if isinstance(mine, list) else [(mine, kept)]
    for mine, kept in pairs:
        mine[each] = kept
    course.history[: state["epoch"], :, each] = state["history"]
    for mine, kept in zip(trainer.updates[i].remembered, state["optimizer"], strict=True):
        mine.copy_(kept)
    for stream, kept in state["chances"].items():
        for generator, was in zip(trainer.chances[stream][each], kept, strict=True):
            generator.set_state(was)
    trainer.steps = state["steps"]


def sliced(tensors, each):
    """Some replicates of a tensor [R, ...], or of each in a list of such, copied."""
    if isinstance(tensors, list):
        return [sliced(tensor, each) for tensor in tensors]
    return tensors[each].clone()


def slots(blocks):
    """The places of each block's replicates among those of all blocks, as slices."""
    ends = list(itertools.accumulate(len(block.seeds) for block in blocks))
    return [slice(end - len(block.seeds), end) for end, block in zip(ends, blocks, strict=True)]


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
