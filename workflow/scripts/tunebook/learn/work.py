"""What a training job does: train its blocks, those of one shape as one computation.

A job that is killed, or in which another block fails, has not lost what it trained: that lies
beside its place and is taken over by the next job that is to train the same.
"""

import time
import traceback
from itertools import groupby
from pathlib import Path

from ..data.prepare import load
from ..jobs import TunebookError, fingerprint, sha256
from ..study.bundles import shape
from ..study.sizes import dense_numbers
from ..tasks import TASKS
from . import products
from .blocks import (
    aside,
    delete_states,
    is_aside,
    latest_part,
    part_of,
    read_state,
    save_block,
    save_part,
    take_over,
)
from .training import Block, console_progress, train_together

# Trainable numbers of all copies together, up to which blocks are one computation. Measured on one
# core, an epoch of a replicate with 601 numbers takes 0.28 ms in blocks of 5, 0.23 in stacks of 40
# and 0.15 in stacks of 60. With 41,000 numbers it takes longer in any stack: they no longer fit the
# cache together.
LARGEST = 50_000


def train_all(asked, development, about, folder, started):
    """Train blocks and write their files; raises the first failure once all others are done.

    asked: pairs of what `workflow.trainings` says of a block and the path of its record; all of the
    same replicates. development: the prepared files of these. about: what each record says besides,
    with the fingerprint of the code. folder: where the study's own modules lie. started: when the
    job did, as time.time gives it.
    """
    replicates, about, made_from = sources(development, about)
    waiting = [
        (block, Path(path).parent)
        for block, path in asked
        if not is_aside(Path(path).parent, made_from(block))
    ]
    # What was begun and not finished comes last: if it kills its job again, the others are done.
    parts = {place: latest_part(place, made_from(block)) for block, place in waiting}
    alone = [[pair] for pair in waiting if parts[pair[1]]]
    others = [pair for pair in waiting if not parts[pair[1]]]
    todo = sorted([*alone, *stacks(others, replicates[0][1])], key=was_begun)
    failures = []
    for stack in todo:
        for _, place in stack:
            aside(place).mkdir(exist_ok=True)
        names = ", ".join(block["run"] for block, _ in stack)
        print(f"{names}, replicates {stack[0][0]['replicates']}")
        for block, _ in stack:
            print("configuration:", block["configuration"])
        try:
            blocks = [Block(each["configuration"], replicates, each["seeds"]) for each, _ in stack]
            states = [read_state(parts[place]) for _, place in stack if parts[place]]
            found = train_together(blocks, folder, console_progress(), states=states)
            # Of the time of the job, each block has a part of its own: those before end where it
            # begins.
            scale = (time.time() - started) / sum(trained.seconds for trained in found)
            for (block, place), trained in zip(stack, found, strict=True):
                ended = started + trained.seconds * scale
                times = {"started": started, "finished": ended, "made_from": made_from(block)}
                first, started = block["replicates"][0], ended
                save_block(aside(place), trained, first, block | about | times)
                print(f"trained in {trained.seconds:.1f} s; diverged at {trained.diverged_at}")
        except Exception as error:
            if len(asked) == 1:
                raise
            if not isinstance(error, TunebookError):
                traceback.print_exc()
            failures.append((names, error))
            print(f"Error: {error}")
    if failures:
        names, error = failures[0]
        more = f"; and {len(failures) - 1} more failed" if len(failures) > 1 else ""
        kind = "" if isinstance(error, TunebookError) else f"{type(error).__name__}: "
        raise TunebookError(f"{names}: {kind}{error}{more}") from error
    for _, path in asked:
        take_over(Path(path).parent)
        delete_states(Path(path).parent)


def train_part(block, path, development, about, folder, started):
    """Train a block up to the epoch that its record, at `path`, is named by, and keep its state.

    The others are as in `train_all`. Both go on from what an earlier part has left, if that was
    made by the same code from the same data, which gives what training anew does, bit by bit.
    """
    replicates, about, made_from = sources(development, about)
    place, until, made_from = Path(path).parent, part_of(path), made_from(block)
    before = latest_part(place, made_from, until)
    states = [read_state(before)] if before else []
    blocks = [Block(block["configuration"], replicates, block["seeds"])]
    [trained] = train_together(blocks, folder, console_progress(), until, states)
    times = {"started": started, "finished": time.time(), "made_from": made_from}
    save_part(path, trained, block | about | times)
    delete_states(place, until)
    print(f"trained in {trained.seconds:.1f} s; diverged at {trained.diverged_at}")


def sources(development, about):
    """(replicates, about, made_from): the data of a job; what records say besides; and the function
    that gives the fingerprint of all that a block is made from.
    """
    about = about | {"products": products.description()}
    data = [sha256(path) for path in development]

    def made_from(block):
        return fingerprint([block, about["code"], products.chosen().name, data])

    return [load(path) for path in development], about, made_from


def was_begun(stack):
    """Whether an earlier job began to train some of these blocks, and did not finish."""
    return any(aside(place).is_dir() for _, place in stack)


def stacks(blocks, record):
    """Blocks in lists, each to be trained as one computation: dense networks of one shape.

    blocks: pairs as in `train_all`. record: of the prepared data.
    """

    def kind(block):
        return shape(block[0]["configuration"])

    found = []
    for _, alike in groupby(sorted(blocks, key=kind), key=kind):
        alike = list(alike)
        dense = alike[0][0]["configuration"]["model"] == "dense"
        most = max(LARGEST // size(alike[0][0], record), 1) if dense else 1
        found += [alike[i : i + most] for i in range(0, len(alike), most)]
    return found


def size(block, record):
    """Trainable numbers in all copies of a block's dense network."""
    configuration = block["configuration"]
    outputs = TASKS[configuration["task"]].outputs(
        configuration["loss"], len(record["classes"] or ())
    )
    return len(block["seeds"]) * dense_numbers(configuration, record["features"], outputs)
