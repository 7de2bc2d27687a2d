"""What is minimised, row by row, for R replicates at once.

Outputs are [R, n, outputs]; targets are class labels [R, n] or values [R, n, 1].
A loss returns [R, n], and a replicate's loss is the mean over its rows; the gradient of a loss is
that of each row by its own outputs, [R, n, outputs], written out since autograd's bookkeeping takes
longer than these few operations.
"""

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


def cross_entropy(outputs, labels):
    """Negative log of the softmax probability of the true class, from logits."""
    rows = F.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="none")
    return rows.view(labels.shape)


def mse(outputs, targets):
    """Squared error, the mean over the outputs of a row; labels are compared as one-hot rows."""
    if targets.dtype == torch.int64:
        targets = one_hot(targets, outputs)
    return (outputs - targets).square().mean(dim=-1)


def gaussian(outputs, targets):
    """(1/2) log s^2 + (y - m)^2 / (2 s^2): the Gaussian negative log-likelihood.

    The constant (1/2) log(2 pi) is left out, as in the source and in torch.nn.GaussianNLLLoss, so
    the value can be below zero.
    """
    mean, variance = mean_and_variance(outputs)
    rows = 0.5 * (variance.log() + (targets - mean).square() / variance)
    return rows.squeeze(-1)


def cross_entropy_gradient(outputs, labels):
    """The softmax probabilities minus the one-hot label."""
    return outputs.softmax(dim=-1).sub_(one_hot(labels, outputs))


def mse_gradient(outputs, targets):
    """Twice the error, divided by the number of outputs."""
    if targets.dtype == torch.int64:
        targets = one_hot(targets, outputs)
    return (outputs - targets).mul_(2 / outputs.shape[-1])


def gaussian_gradient(outputs, targets):
    """By the mean, and by the second output through the softplus that makes it a variance."""
    mean, variance = mean_and_variance(outputs)
    scaled = (mean - targets) / variance
    by_variance = 0.5 / variance - 0.5 * scaled.square()
    return torch.cat([scaled, by_variance * outputs[..., 1:].sigmoid()], dim=-1)


LOSSES = {"cross-entropy": cross_entropy, "mse": mse, "gaussian": gaussian}
GRADIENTS = {
    "cross-entropy": cross_entropy_gradient,
    "mse": mse_gradient,
    "gaussian": gaussian_gradient,
}
