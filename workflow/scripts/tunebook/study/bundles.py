"""Which blocks are trained by one job.

A job takes a second and more to start (Python, PyTorch, data), many trainings take less. So blocks
that need the same data and are still to be trained are bundled into jobs of a useful length. What a
block's files hold does not depend on that, nor does what Snakemake notes of them: the inputs of a
bundle are those of each of its blocks, and so a block may be trained in a bundle today and alone,
or in another, tomorrow.
"""

import math
from dataclasses import dataclass
from itertools import groupby

from .parameters import PER_COPY

# What a training leaves of a block, in the order in which it is written.
FILES = ("history.csv", "weights.safetensors", "training.json")
# What is done in a second, in the units of `sizes.work`; as far as a guess goes.
WORK_PER_SECOND = 12_000
# So many jobs a core there are at least, so that none is left with little to do at the end.
JOBS_PER_CORE = 4


@dataclass(frozen=True)
class Block:
    """Some replicates of a run, first to last, that are to be trained.

    data: which files they need. shape: what copies have in common that can be trained as one
    computation. work: as `sizes.work` estimates it.
    """

    run: str
    first: int
    last: int
    data: tuple
    shape: str
    work: int

    @property
    def folder(self):
        """Its folder, below that of the runs."""
        return f"{self.run}/replicates-{self.first}-{self.last}"

    @property
    def title(self):
        """What its log is called."""
        return self.folder.replace("/", "-")


def shape(configuration):
    """A text that two configurations share if, and only if, they differ in PER_COPY alone."""
    return repr({key: value for key, value in configuration.items() if key not in PER_COPY})


def bundles(blocks, seconds, parallel):
    """The blocks that are trained by one job, as lists of two and more; others are left alone.

    seconds: how long a job should take, about. parallel: how many jobs run at the same time.
    """
    everything = sum(block.work for block in blocks)
    most = min(seconds * WORK_PER_SECOND, everything / (JOBS_PER_CORE * parallel))
    small = [block for block in blocks if block.work < most]
    # Shapes stay together, large ones first; otherwise blocks stay in their order.
    largest = {}
    for block in small:
        largest[block.shape] = max(largest.get(block.shape, 0), block.work)
    small.sort(key=lambda block: (block.data, -largest[block.shape], block.shape))
    found = []
    for _, together in groupby(small, key=lambda block: block.data):
        together = list(together)
        total = sum(block.work for block in together)
        share, done, bundled = total / math.ceil(total / most), 0, {}
        for block in together:
            # By the middle of its work, so that all bundles take about equally long.
            bundled.setdefault(int((done + block.work / 2) / share), []).append(block)
            done += block.work
        found += bundled.values()
    return [bundle for bundle in found if len(bundle) > 1]
