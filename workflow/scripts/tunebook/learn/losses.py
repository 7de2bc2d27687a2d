"""What is minimised, row by row, for R replicates at once.

Outputs are [R, n, outputs]; targets are class labels [R, n] or values [R, n, 1].
A loss returns [R, n], and a replicate's loss is the mean over its rows; the gradient of a loss is
that of each row by its own outputs, [R, n, outputs], written out since autograd's bookkeeping takes
longer than these few operations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F

# Below this no predicted variance can fall (in squared units of the target): it keeps the
# logarithm and the division of the Gaussian loss finite.
SMALLEST_VARIANCE = 1e-6


def mean_and_variance(outputs):
    """(mean, variance), each [R, n, 1], from a network's two outputs a row.

    variance = softplus(second output) + 1e-6: positive for every output, nearly linear for large
    ones, so that one bad step cannot make it overflow as an exponential would.
    """
    mean, raw = outputs.split(1, dim=-1)
    return mean, F.softplus(raw) + SMALLEST_VARIANCE


def one_hot(labels, outputs):
    """Labels [R, n] as rows of zeros and a one, like the outputs [R, n, classes]."""
    return F.one_hot(labels, outputs.shape[-1]).to(outputs.dtype)


def wanted(targets, outputs, bipolar):
    """What outputs [R, n, outputs] should be: values as they are, of labels 1 for the true class
    and 0, or -1 where they are bipolar, for the others.
    """
    if targets.dtype != torch.int64:
        return targets
    rows = one_hot(targets, outputs)
    return rows.mul_(2).sub_(1) if bipolar else rows


def cross_entropy(outputs, labels, smoothing=0.0):
    """Negative log of the softmax probability of the true class, from logits.

    smoothing: the share of a row's weight that goes to all classes alike.
    """
    rows = F.cross_entropy(
        outputs.flatten(0, 1), labels.flatten(), reduction="none", label_smoothing=smoothing
    )
    return rows.view(labels.shape)


def mse(outputs, targets, bipolar=False):
    """Squared error, the mean over the outputs of a row; of labels see `wanted`."""
    return (outputs - wanted(targets, outputs, bipolar)).square().mean(dim=-1)


def huber(outputs, targets, delta):
    """e^2 / 2 of an error e up to delta, of others delta (|e| - delta / 2): Huber (1964)."""
    return F.huber_loss(outputs, targets, reduction="none", delta=delta).squeeze(-1)


def absolute(outputs, targets):
    """The size of the error."""
    return (outputs - targets).abs().squeeze(-1)


def gaussian(outputs, targets):
    """(1/2) log s^2 + (y - m)^2 / (2 s^2): the Gaussian negative log-likelihood.

    The constant (1/2) log(2 pi) is left out, as in the source and in torch.nn.GaussianNLLLoss, so
    the value can be below zero.
    """
    mean, variance = mean_and_variance(outputs)
    rows = 0.5 * (variance.log() + (targets - mean).square() / variance)
    return rows.squeeze(-1)


def cross_entropy_gradient(outputs, labels, smoothing=0.0):
    """The softmax probabilities minus the one-hot label, or what smoothing makes of it."""
    shares = one_hot(labels, outputs)
    if smoothing:
        shares.mul_(1 - smoothing).add_(smoothing / outputs.shape[-1])
    return outputs.softmax(dim=-1).sub_(shares)


def mse_gradient(outputs, targets, bipolar=False):
    """Twice the error, divided by the number of outputs."""
    return (outputs - wanted(targets, outputs, bipolar)).mul_(2 / outputs.shape[-1])


def huber_gradient(outputs, targets, delta):
    """The error, no larger than delta to either side."""
    return (outputs - targets).clamp_(-delta, delta)


def absolute_gradient(outputs, targets):
    """The sign of the error; of none, zero."""
    return (outputs - targets).sign_()


def gaussian_gradient(outputs, targets):
    """By the mean, and by the second output through the softplus that makes it a variance."""
    mean, variance = mean_and_variance(outputs)
    scaled = (mean - targets) / variance
    by_variance = 0.5 / variance - 0.5 * scaled.square()
    return torch.cat([scaled, by_variance * outputs[..., 1:].sigmoid()], dim=-1)


# Each loss with its gradient.
LOSSES = {
    "cross-entropy": (cross_entropy, cross_entropy_gradient),
    "mse": (mse, mse_gradient),
    "huber": (huber, huber_gradient),
    "absolute": (absolute, absolute_gradient),
    "gaussian": (gaussian, gaussian_gradient),
}


@dataclass(frozen=True)
class Loss:
    """What a configuration minimises.

    rows: the loss of each row, of networks as they predict. gradient: of what is minimised.
    minimised: that itself, where labels are smoothed in training alone.
    """

    rows: Callable
    gradient: Callable
    minimised: Callable


def make(configuration):
    """The Loss of a configuration."""
    name = configuration["loss"]
    rows, gradient = LOSSES[name]
    if name == "cross-entropy":
        smoothing = configuration["label_smoothing"]
        return Loss(
            rows, partial(gradient, smoothing=smoothing), partial(rows, smoothing=smoothing)
        )
    more = {}
    if name == "huber":
        more["delta"] = configuration["huber_delta"]
    if name == "mse":
        more["bipolar"] = configuration.get("class_targets") == "bipolar"
    rows, gradient = partial(rows, **more), partial(gradient, **more)
    return Loss(rows, gradient, rows)
