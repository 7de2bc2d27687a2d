"""Dense and convolutional networks with a leading replicate dimension.

A network holds R independent copies of itself: every parameter is [R, ...], inputs are
[R, rows, features] and outputs [R, rows, outputs]. Copies never mix, so training R of them
together gives what R separate trainings give.

Weights start as PyTorch's own layers start them: uniform in +-1/sqrt(fan_in), the bias too
(torch.nn.Linear and torch.nn.Conv2d). Each replicate draws from its own generator, in layer order.
"""

import torch
import torch.nn.functional as F

from .problems import outputs_needed
from .shapes import IMAGE_SIZE, feature_sizes


def initial(shape, fan_in, generators):
    """A trainable tensor [R, *shape], one slice from each of the R generators."""
    bound = fan_in**-0.5
    slices = [torch.empty(shape).uniform_(-bound, bound, generator=g) for g in generators]
    return torch.stack(slices).requires_grad_()


def dropped(x, rate, generators):
    """`x` [R, ...] with a share `rate` of values set to 0, the rest scaled up to keep the mean."""
    kept = torch.stack([torch.rand(x.shape[1:], generator=g) >= rate for g in generators])
    return x * kept / (1 - rate)


class DenseStack:
    """Dense layers, each hidden one followed by ReLU and, in training, dropout."""

    # Rows worked on at once; None: a whole batch.
    piece = None

    def __init__(self, inputs, widths, outputs, dropout, generators):
        self.dropout = dropout
        self.layers = []
        for fan_in, fan_out in zip([inputs, *widths], [*widths, outputs], strict=True):
            weight = initial((fan_in, fan_out), fan_in, generators)
            bias = initial((1, fan_out), fan_in, generators)
            self.layers.append((weight, bias))

    def named_parameters(self):
        for i, (weight, bias) in enumerate(self.layers):
            yield f"dense{i}.weight", weight
            yield f"dense{i}.bias", bias

    def __call__(self, x, generators=None):
        """Outputs [R, rows, outputs]; generators (one a replicate) only while training."""
        *hidden, (weight, bias) = self.layers
        for hidden_weight, hidden_bias in hidden:
            x = torch.baddbmm(hidden_bias, x, hidden_weight).relu_()
            if self.dropout and generators:
                x = dropped(x, self.dropout, generators)
        return torch.baddbmm(bias, x, weight)


class ConvolutionalNetwork:
    """Convolutions of stride 1, each with max pooling and ReLU, then a DenseStack.

    Pooling comes before ReLU: the two commute, and ReLU then works on a quarter of the values.
    """

    # Rows worked on at once, so that the maps of a piece stay in the cache; gradients add up.
    piece = 250

    def __init__(self, configuration, outputs, generators):
        self.padding, self.pooling = configuration["padding"], configuration["pooling"]
        self.dropout = configuration["dropout"]
        kernel, channels = configuration["kernel"], configuration["channels"]
        self.convolutions = []
        for fan_in, fan_out in zip([1, *channels[:-1]], channels, strict=True):
            area = fan_in * kernel * kernel
            weight = initial((fan_out, fan_in, kernel, kernel), area, generators)
            self.convolutions.append((weight, initial((fan_out,), area, generators)))
        side = feature_sizes(IMAGE_SIZE, channels, kernel, self.padding, self.pooling)[-1]
        self.dense = DenseStack(
            channels[-1] * side * side, configuration["widths"], outputs, self.dropout, generators
        )

    def named_parameters(self):
        for i, (weight, bias) in enumerate(self.convolutions):
            yield f"convolution{i}.weight", weight
            yield f"convolution{i}.bias", bias
        yield from self.dense.named_parameters()

    def maps(self, x, replicate, generators):
        """The flattened maps [rows, units] of one replicate's images [rows, 256]."""
        # A view with one channel last: maps then stay channels-last, which pools several times
        # faster (asking for the format by name leaves a one-channel tensor as it is).
        x = x.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1).permute(0, 3, 1, 2)
        for weight, bias in self.convolutions:
            kernels = weight[replicate].contiguous(memory_format=torch.channels_last)
            x = F.conv2d(x, kernels, bias[replicate], padding=self.padding)
            x = F.max_pool2d(x, self.pooling).relu_()
            if self.dropout and generators:
                x = dropped(x[None], self.dropout, generators[replicate : replicate + 1])[0]
        return x.flatten(1)

    def __call__(self, x, generators=None):
        maps = [self.maps(images, replicate, generators) for replicate, images in enumerate(x)]
        return self.dense(torch.stack(maps), generators)


def build(configuration, inputs, generators):
    """The network of a configuration, R = len(generators) copies of it.

    inputs: features a row. Each generator gives one copy its initial weights.
    """
    outputs = outputs_needed(configuration)
    if configuration["model"] == "convolutional":
        return ConvolutionalNetwork(configuration, outputs, generators)
    return DenseStack(
        inputs, configuration["widths"], outputs, configuration["dropout"], generators
    )


def count_parameters(network):
    """Trainable numbers in one copy of the network."""
    return sum(parameter[0].numel() for _, parameter in network.named_parameters())


def state(network):
    """Parameter values by name, each [R, ...], copied."""
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}


@torch.no_grad()
def restore(network, values):
    """Give a network the parameter values that `state` took."""
    for name, parameter in network.named_parameters():
        parameter.copy_(values[name])


@torch.no_grad()
def predict(network, x):
    """Outputs [R, n, outputs] for all rows of x [R, n, f], in pieces that fit the cache."""
    if network.piece is None:
        return network(x)
    return torch.cat([network(piece) for piece in x.split(network.piece, dim=1)], dim=1)
