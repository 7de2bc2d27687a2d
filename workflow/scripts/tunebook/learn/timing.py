"""How long one network takes that has the machine to itself."""

import time

from .training import Block, Trainer


def time_alone(configuration, replicate, seed, epochs, folder=None):
    """(seconds of an epoch of training, seconds of predicting a row) of one replicate.

    Each is the mean of `epochs` repetitions, after one that is not counted; predicted are all
    training rows, as many at once as in evaluation.
    """
    trainer = Trainer([Block(configuration, [replicate], [seed])], folder)
    x, _ = trainer.train
    if trainer.changes:  # what is prepared each epoch anew is not prepared yet
        x = trainer.network.prepare(x)
    epoch = seconds_of(trainer.epoch, epochs)
    return epoch, seconds_of(lambda: trainer.network.predict(x), epochs) / trainer.rows


def seconds_of(function, times):
    """Seconds of a call, the mean of some, after one that is not counted."""
    function()
    started = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - started) / times
