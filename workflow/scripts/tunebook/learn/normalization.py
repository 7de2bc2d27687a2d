"""Normalization of what activations get, batched over R copies, with its gradient written out."""

import torch

from .network import parameter

# As in torch.nn.BatchNorm1d and torch.nn.LayerNorm: what is added to a variance, and how much of a
# step's mean and variance enters the running ones.
EPSILON, MOMENTUM = 1e-5, 0.1
# Along which dimension of [R, rows, width].
OVER = {"batch": 1, "layer": 2}


class Normalization:
    """Values [R, rows, width] are given mean 0 and variance 1, then a trained scale and bias.

    `batch`: over the rows of a step, and in predicting by the running mean and variance, which are
    `buffers` [R, 1, width] (Ioffe and Szegedy 2015, arXiv:1502.03167). `layer`: over the units of a
    row (Ba et al. 2016, arXiv:1607.06450). parameters: `scale` and `bias`, [R, 1, width].
    """

    def __init__(self, kind, count, width):
        self.over, shape = OVER[kind], (count, 1, width)
        self.scale, self.bias = parameter(torch.ones(shape)), parameter(torch.zeros(shape))
        self.parameters = {"scale": self.scale, "bias": self.bias}
        running = {"mean": torch.zeros(shape), "variance": torch.ones(shape)}
        self.buffers = running if kind == "batch" else {}

    def forward(self, x, out, training):
        """Write the result of x into other memory, `out`; returns a trace for `backward`.

        x is left with mean 0 and variance 1.
        """
        if training or not self.buffers:
            mean = x.mean(self.over, keepdim=True)
            x.sub_(mean)
            variance = torch.mul(x, x, out=out).mean(self.over, keepdim=True)
            if self.buffers:
                # The variance of all rows is estimated from a sample of them.
                sample = x.shape[1] / max(x.shape[1] - 1, 1)
                self.buffers["mean"].lerp_(mean, MOMENTUM)
                self.buffers["variance"].lerp_(variance * sample, MOMENTUM)
        else:
            mean, variance = self.buffers["mean"], self.buffers["variance"]
            x.sub_(mean)
        rate = variance.add(EPSILON).rsqrt_()
        torch.mul(x.mul_(rate), self.scale.value, out=out).add_(self.bias.value)
        return rate

    def backward(self, rate, x, gradient, spare, add):
        """Turn the gradient of a loss by the result into that by what was given, in place.

        Writes, or adds, those by scale and bias. rate, x: as `forward` left them in training;
        spare: memory like x. Source: the first of the papers above, section 3.
        """
        scale = self.scale.value
        torch.mul(gradient, x, out=spare)
        for own, by in ((self.scale, spare), (self.bias, gradient)):
            found = by.sum(1, keepdim=True)
            own.gradient.add_(found) if add else own.gradient.copy_(found)
        along = spare.mul_(scale).mean(self.over, keepdim=True)
        gradient.mul_(scale)
        gradient.sub_(gradient.mean(self.over, keepdim=True))
        gradient.sub_(torch.mul(x, along, out=spare)).mul_(rate)
