"""Dense and convolutional networks with a leading replicate dimension.

A network holds R independent copies of itself: every parameter is [R, ...], inputs are
[R, rows, features] and outputs [R, rows, outputs]. Copies never mix, so training R of them
together gives what R separate trainings give.

Gradients of dense layers are written out, as two products a layer, straight into the one vector
that the optimizer reads; recording and replaying small layers costs more than their arithmetic.
Convolutions are large enough to leave to PyTorch's autograd.

Weights start as PyTorch's own layers start them: uniform in +-1/sqrt(fan_in), the bias too
(torch.nn.Linear and torch.nn.Conv2d). Each replicate draws from its own generator, in layer order.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .problems import outputs_needed
from .shapes import IMAGE_SIZE, feature_sizes


@dataclass
class Parameter:
    """Trainable numbers [R, ...] and the gradient of the loss by them, of the same shape."""

    value: torch.Tensor
    gradient: torch.Tensor


def initial(shape, fan_in, generators):
    """A Parameter [R, *shape], one slice from each of the R generators."""
    bound = fan_in**-0.5
    slices = [torch.empty(shape).uniform_(-bound, bound, generator=g) for g in generators]
    value = torch.stack(slices)
    return Parameter(value, torch.zeros_like(value))


def lay_out(parameters):
    """(values, gradients): two vectors of which the parameters' tensors become views."""
    values = torch.cat([parameter.value.flatten() for parameter in parameters])
    gradients = torch.zeros_like(values)
    sizes = [parameter.value.numel() for parameter in parameters]
    for parameter, value, gradient in zip(
        parameters, values.split(sizes), gradients.split(sizes), strict=True
    ):
        shape = parameter.value.shape
        parameter.value, parameter.gradient = value.view(shape), gradient.view(shape)
    return values, gradients


def dropout_factors(shape, rate, generators):
    """[R, *shape] to multiply values with: 0 for a share `rate`, the rest such that the mean stays.

    shape: of one replicate; generators: one for each.
    """
    uniform = torch.empty(len(generators), *shape)
    for slot, generator in enumerate(generators):
        uniform[slot].uniform_(generator=generator)
    return (uniform >= rate).to(uniform.dtype).div_(1 - rate)


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

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`).

        generators: for dropout, one a replicate; only while training.
        """
        trace = []
        *hidden, (weight, bias) = self.layers
        for hidden_weight, hidden_bias in hidden:
            y = torch.baddbmm(hidden_bias.value, x, hidden_weight.value).relu_()
            factors = None
            if self.dropout and generators:
                factors = dropout_factors(y.shape[1:], self.dropout, generators)
                y.mul_(factors)
            trace.append((x, factors))
            x = y
        trace.append((x, None))
        return torch.baddbmm(bias.value, x, weight.value), trace

    def backward(self, trace, gradient, add=False, by_inputs=False):
        """Write, or add, the gradients by all parameters of a loss whose gradient by the outputs
        is given; returns that by the inputs where it is asked for.
        """
        for i, ((weight, bias), (x, _)) in reversed(
            list(enumerate(zip(self.layers, trace, strict=True)))
        ):
            if add:
                weight.gradient.baddbmm_(x.mT, gradient)
                bias.gradient.add_(gradient.sum(1, keepdim=True))
            else:
                torch.bmm(x.mT, gradient, out=weight.gradient)
                torch.sum(gradient, 1, keepdim=True, out=bias.gradient)
            if i or by_inputs:
                gradient = torch.bmm(gradient, weight.value.mT)
            if i:
                factors = trace[i - 1][1]
                if factors is not None:
                    gradient.mul_(factors)
                # x is above 0 just where ReLU let a value through and dropout kept it.
                torch.ops.aten.threshold_backward(gradient, x, 0, grad_input=gradient)
        return gradient if by_inputs else None


class ConvolutionalNetwork:
    """Convolutions of stride 1, each with max pooling and ReLU, then a DenseStack.

    Pooling comes before the bias and ReLU: it commutes with both, and they then work on a quarter
    of the values.
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
            kernels, offsets = leaf(weight, replicate), leaf(bias, replicate)
            kernels = kernels.contiguous(memory_format=torch.channels_last)
            x = F.max_pool2d(F.conv2d(x, kernels, padding=self.padding), self.pooling)
            x = x.add_(offsets[:, None, None]).relu_()
            if self.dropout and generators:
                one = generators[replicate : replicate + 1]
                x = x * dropout_factors(x.shape, self.dropout, one)[0]
        return x.flatten(1)

    def forward(self, x, generators=None):
        """See DenseStack.forward; autograd records the maps, only while training."""
        with torch.set_grad_enabled(generators is not None):
            maps = [self.maps(images, replicate, generators) for replicate, images in enumerate(x)]
        outputs, trace = self.dense.forward(torch.stack(maps).detach(), generators)
        return outputs, (maps, trace)

    def backward(self, trace, gradient, add=False):
        """See DenseStack.backward."""
        maps, trace = trace
        if not add:
            for weight, bias in self.convolutions:
                weight.gradient.zero_()
                bias.gradient.zero_()
        gradient = self.dense.backward(trace, gradient, add, by_inputs=True)
        torch.autograd.backward(maps, list(gradient))


def leaf(parameter, replicate):
    """One replicate's values, a leaf to autograd, which adds to the parameter's own gradient."""
    value = parameter.value[replicate].detach().requires_grad_()
    value.grad = parameter.gradient[replicate]
    return value


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
    return sum(parameter.value[0].numel() for _, parameter in network.named_parameters())


def state(network):
    """Parameter values by name, each [R, ...], copied."""
    return {name: parameter.value.clone() for name, parameter in network.named_parameters()}


def restore(network, values):
    """Give a network the parameter values that `state` took."""
    for name, parameter in network.named_parameters():
        parameter.value.copy_(values[name])


@torch.no_grad()
def predict(network, x):
    """Outputs [R, n, outputs] for all rows of x [R, n, f], in pieces that fit the cache."""
    pieces = x.split(network.piece or x.shape[1], dim=1)
    return torch.cat([network.forward(piece)[0] for piece in pieces], dim=1)
