"""What a training curve says, as one number: each function takes the epochs of one replicate.

A curve is a dictionary of arrays `[epochs run]`: train_loss (the mean over the epoch's batches),
train_metric, validation_loss, validation_metric (after the epoch). `epochs` is how many were
configured; a replicate that diverged has fewer, and its last values may be infinite or NaN.
"""

import math

import numpy as np


def tenth(epochs):
    """A tenth of the configured epochs, rounded up."""
    return math.ceil(epochs / 10)


def mean_of(values, needed):
    """The mean of `values`, infinite where one is missing or not finite."""
    whole = len(values) == needed and np.isfinite(values).all()
    return float(np.mean(values)) if whole else math.inf


def final_mean(values, epochs):
    """The mean over the last tenth of the configured epochs."""
    return mean_of(values[epochs - tenth(epochs) : epochs], tenth(epochs))


def final_train_loss(curve, epochs):
    """Training loss, mean over the last tenth of the epochs."""
    return final_mean(curve["train_loss"], epochs)


def final_validation_loss(curve, epochs):
    """Validation loss, mean over the last tenth of the epochs."""
    return final_mean(curve["validation_loss"], epochs)


def early_train_loss(curve, epochs):
    """Training loss, mean over the first tenth of the epochs."""
    return mean_of(curve["train_loss"][: tenth(epochs)], tenth(epochs))


def mean_train_loss(curve, epochs):
    """Training loss, mean over all epochs: the area under the curve divided by its length."""
    return mean_of(curve["train_loss"], epochs)


def roughness(curve, epochs):
    """How far, typically, an epoch's training loss lies off the line between its neighbours.

    With l_e = ln(training loss of epoch e), after leaving out the first tenth of the epochs,

        roughness = mean over e of | l_e - (l_{e-1} + l_{e+1}) / 2 |

    A steady fall, by the same factor every epoch, has roughness 0; 0.05 means about 5 %. Losses
    must be positive. Infinite for a replicate that diverged, 0 with fewer than three epochs left.
    """
    losses = curve["train_loss"]
    if len(losses) < epochs or not np.isfinite(losses).all():
        return math.inf
    # A loss of exactly 0 (all rows fitted) has no logarithm; it is as smooth as its neighbours.
    logs = np.log(np.maximum(losses[tenth(epochs) :], np.finfo(float).tiny))
    if len(logs) < 3:
        return 0.0
    return float(np.abs(logs[1:-1] - (logs[:-2] + logs[2:]) / 2).mean())


def validation_rise(curve, epochs):
    """How far the validation loss ends above its lowest value, as a share of that value.

    The end is the mean over the last tenth of the epochs: 0.25 means that it ends 25 % higher.
    Losses must be positive.
    """
    end = final_validation_loss(curve, epochs)
    return end / float(np.min(curve["validation_loss"])) - 1 if math.isfinite(end) else math.inf


def epochs_to_learn(curve, epochs, constant_error, error):
    """The first epoch whose training error is at most a tenth of the constant predictor's.

    constant_error: the error (see `error`) of always predicting the mean or the commonest class.
    error: from a metric to an error that is 0 when perfect. Infinite if that never happens.
    """
    reached = np.flatnonzero(error(curve["train_metric"]) <= 0.1 * constant_error)
    return float(reached[0] + 1) if len(reached) else math.inf


def overshoot(curve, around, window):
    """The largest rise of the training loss near an epoch that a later epoch undoes.

    For every epoch e with |e - around| <= window: how far its loss lies above the lowest loss of
    all epochs before it, as a share of that, provided that some later epoch goes below it again.
    0 where there is no such rise. Losses must be positive.
    """
    losses = curve["train_loss"]
    largest = 0.0
    for epoch in range(max(around - window, 2), min(around + window, len(losses) - 1) + 1):
        before, after = losses[: epoch - 1].min(), losses[epoch:].min()
        if after < before:
            largest = max(largest, losses[epoch - 1] / before - 1)
    return float(largest)


def overfits(curve, epochs, rise):
    """Whether validation loss rises while training loss falls.

    It does if the validation loss ends at least `rise` (a share) above its lowest value, and the
    training loss ends (mean of the last tenth) below what it was in the epoch of that lowest value.
    A replicate that diverged does not: its training loss did not fall.
    """
    end = final_train_loss(curve, epochs)
    if not math.isfinite(end):
        return False
    turning = int(np.argmin(curve["validation_loss"]))
    return validation_rise(curve, epochs) >= rise and end < curve["train_loss"][turning]
