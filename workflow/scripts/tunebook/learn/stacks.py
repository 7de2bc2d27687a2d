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

from ..study.sizes import feature_sizes

PAIR = ("weight", "bias")
# Of an image's pixels, channels aside, so many are worked on at once in a convolution.
PIXELS = 64_000


@dataclass
class Parameter:
    """Trainable numbers [R, ...] and the gradient of the loss by them, of the same shape."""

    value: torch.Tensor
    gradient: torch.Tensor


def parameter(value):
    """A Parameter that starts with `value` [R, ...]."""
    return Parameter(value, torch.zeros_like(value))


class Network:
    """R copies of a network, by the numbers that they hold.

    parameters: {name: Parameter}, views of the vectors `values` and `gradients`, which an optimizer
    reads and changes. buffers: {name: tensor [R, ...]} that training changes in another way, such
    as running means. Each kind of network has `forward` and `backward` besides.
    """

    # Rows worked on at once in training and in predicting; None: all there are.
    piece = predicted = None

    def __init__(self, parameters, buffers=()):
        self.parameters, self.buffers = dict(parameters), dict(buffers)
        self.values, self.gradients = lay_out(self.parameters.values())

    def size(self):
        """Trainable numbers in one copy."""
        return sum(parameter.value[0].numel() for parameter in self.parameters.values())

    def tensors(self):
        """{name: tensor [R, ...]} of all that tells one trained network from another."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        return values | self.buffers

    def state(self):
        """The same, copied."""
        return {name: tensor.clone() for name, tensor in self.tensors().items()}

    def restore(self, state):
        """Take the values that `state` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(state[name])

    @torch.no_grad()
    def predict(self, x):
        """Outputs [R, n, outputs] for all rows of x [R, n, f], in pieces that fit the cache."""
        pieces = x.split(self.predicted or x.shape[1], dim=1)
        return torch.cat([self.forward(piece)[0] for piece in pieces], dim=1)


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


def initial(shape, fan_in, generators):
    """A Parameter [R, *shape], one slice from each of the R generators."""
    bound = fan_in**-0.5
    slices = [torch.empty(shape).uniform_(-bound, bound, generator=g) for g in generators]
    return parameter(torch.stack(slices))


def named(kind, layers):
    """{name: Parameter} of layers, each a pair of weights and biases."""
    parts = ((i, *pair) for i, layer in enumerate(layers) for pair in zip(PAIR, layer, strict=True))
    return {f"{kind}{i}.{part}": parameter for i, part, parameter in parts}


def dropout_factors(shape, rate, generators):
    """[R, *shape] to multiply values with: 0 for a share `rate`, the rest such that the mean stays.

    shape: of one replicate; generators: one for each.
    """
    uniform = torch.empty(len(generators), *shape)
    for slot, generator in enumerate(generators):
        uniform[slot].uniform_(generator=generator)
    return (uniform >= rate).to(uniform.dtype).div_(1 - rate)


class DenseStack(Network):
    """Dense layers, each hidden one followed by ReLU and, in training, dropout."""

    def __init__(self, inputs, widths, outputs, dropout, generators):
        self.dropout = dropout
        self.layers = []
        for fan_in, fan_out in zip([inputs, *widths], [*widths, outputs], strict=True):
            weight = initial((fan_in, fan_out), fan_in, generators)
            bias = initial((1, fan_out), fan_in, generators)
            self.layers.append((weight, bias))
        super().__init__(named("dense", self.layers))

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


class ConvolutionalNetwork(Network):
    """Convolutions of stride 1, each with max pooling and ReLU, then a DenseStack.

    shape: (channels, height, width) of the images. Pooling comes before the bias and ReLU: it
    commutes with both, and they then work on a quarter of the values.
    """

    def __init__(self, configuration, shape, outputs, generators):
        self.shape = shape
        self.padding, self.pooling = configuration["padding"], configuration["pooling"]
        self.dropout = configuration["dropout"]
        # Rows whose maps stay in the cache; gradients add up.
        self.piece = self.predicted = max(PIXELS // (shape[1] * shape[2]), 1)
        kernel, channels = configuration["kernel"], configuration["channels"]
        self.convolutions = []
        for fan_in, fan_out in zip([shape[0], *channels[:-1]], channels, strict=True):
            area = fan_in * kernel * kernel
            weight = initial((fan_out, fan_in, kernel, kernel), area, generators)
            self.convolutions.append((weight, initial((fan_out,), area, generators)))
        height, width = feature_sizes(shape, channels, kernel, self.padding, self.pooling)[-1]
        units = channels[-1] * height * width
        self.dense = DenseStack(units, configuration["widths"], outputs, self.dropout, generators)
        super().__init__(named("convolution", self.convolutions) | self.dense.parameters)

    def maps(self, x, replicate, generators):
        """The flattened maps [rows, units] of one replicate's images [rows, pixels]."""
        # Channels come last in memory, which pools several times faster. Asking for that format by
        # name leaves images of one channel as they are.
        channels, height, width = self.shape
        if channels == 1:
            x = x.reshape(-1, height, width, 1).permute(0, 3, 1, 2)
        else:
            x = x.reshape(-1, *self.shape).contiguous(memory_format=torch.channels_last)
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
        pull_back(maps, gradient)


def pull_back(outputs, gradients):
    """Let autograd add the gradients of a loss whose gradients by some outputs are given.

    That of a weighted sum is the same, bit by bit. torch.autograd.backward with weights of its own
    imports a library of symbolic algebra, which takes half a second of every job.
    """
    with torch.enable_grad():
        pairs = zip(outputs, gradients, strict=True)
        sum((output * gradient).sum() for output, gradient in pairs).backward()


def leaf(parameter, replicate):
    """One replicate's values, a leaf to autograd, which adds to the parameter's own gradient."""
    value = parameter.value[replicate].detach().requires_grad_()
    value.grad = parameter.gradient[replicate]
    return value
