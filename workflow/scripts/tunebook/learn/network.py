"""What every kind of network here shares: R copies of itself that are trained together.

Every parameter is [R, ...], inputs are [R, rows, features] and outputs [R, rows, outputs]. Copies
never mix, so training R of them together gives what R separate trainings give. All trainable
numbers lie in one matrix, a row a copy, and so do their gradients: an optimizer reads and changes
those.

Each replicate draws its initial weights from its own generator, in layer order.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import torch

PAIR = ("weight", "bias")
# Numbers that a processor works on at once, at most: 16 of 32 bits by AVX-512.
LANES = 16


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

    parameters: {name: Parameter}, views of the matrices `values` and `gradients` [R, numbers],
    which an optimizer reads and changes. buffers: {name: tensor [R, ...]} that training changes in
    another way, such as running means. Each kind of network has `forward` and `backward` besides.
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

    def state(self, copies=slice(None)):
        """The same of some copies, copied."""
        whole = torch.contiguous_format
        found = self.tensors().items()
        return {name: tensor[copies].clone(memory_format=whole) for name, tensor in found}

    def restore(self, state):
        """Take the values that `state` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(state[name])

    def live(self):
        """All numbers of the networks, each tensor [R, ...], as they are and change."""
        return [self.values, *self.buffers.values()]

    def snapshot(self):
        """The same, copied."""
        return [tensor.clone() for tensor in self.live()]

    @contextmanager
    def holding(self, numbers):
        """Let the networks have other numbers for a while."""
        before = self.snapshot()
        for tensor, other in zip(self.live(), numbers, strict=True):
            tensor.copy_(other)
        yield
        for tensor, own in zip(self.live(), before, strict=True):
            tensor.copy_(own)

    def fit(self, x):
        """Take from the training rows [R, n, f] what is known of them before training."""

    def prepare(self, x):
        """Inputs [R, n, f] in the form in which `forward` and `predict` take them."""
        return x

    @torch.no_grad()
    def predict(self, x):
        """Outputs [R, n, outputs] for all rows of prepared inputs, in pieces that fit the cache."""
        pieces = x.split(self.predicted or x.shape[1], dim=1)
        return torch.cat([self.forward(piece)[0] for piece in pieces], dim=1)


def lay_out(parameters):
    """(values, gradients), each [R, numbers]: of which the parameters' tensors become views.

    A copy's parameters follow each other without a gap. Its row ends at a multiple of LANES, so
    that an optimizer's arithmetic is the same whatever other copies there are.
    """
    parameters = list(parameters)
    count = len(parameters[0].value)
    sizes = [parameter.value[0].numel() for parameter in parameters]
    values = torch.zeros(count, -(-sum(sizes) // LANES) * LANES)
    gradients = torch.zeros_like(values)
    start = 0
    for parameter, size in zip(parameters, sizes, strict=True):
        shape, columns = parameter.value.shape, slice(start, start + size)
        values[:, columns] = parameter.value.reshape(count, size)
        parameter.value = values[:, columns].view(shape)
        parameter.gradient = gradients[:, columns].view(shape)
        start += size
    return values, gradients


def initial(shapes, fans, generators, way="torch"):
    """(weights, biases) of a layer, Parameters [R, *shape], a slice from each of the R generators.

    shapes: of both, in one copy. fans: (in, out), the weights that an output has, and an input.
    way: see `laws`.
    """
    return tuple(
        parameter(torch.stack([law(torch.zeros(shape), each) for each in generators]))
        for shape, law in zip(shapes, laws(*fans)[way], strict=True)
    )


def laws(fan_in, fan_out):
    """{way of starting: two functions of a tensor and a generator, to fill weights and biases}.

    `torch`: uniform in +-1/sqrt(fan_in), as torch.nn.Linear and torch.nn.Conv2d start; `uniform`:
    in +-2.4/fan_in (LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541). With the others biases are
    0: `he`, normal, of variance 2/fan_in (He et al. 2015, arXiv:1502.01852); `xavier`, uniform, of
    variance 2/(fan_in + fan_out) (Glorot and Bengio 2010); `zero`.
    """

    def uniform(bound):
        return lambda values, generator: values.uniform_(-bound, bound, generator=generator)

    def normal(deviation):
        return lambda values, generator: values.normal_(0, deviation, generator=generator)

    def zero(values, generator):
        return values

    return {
        "torch": (uniform(fan_in**-0.5),) * 2,
        "uniform": (uniform(2.4 / fan_in),) * 2,
        "he": (normal((2 / fan_in) ** 0.5), zero),
        "xavier": (uniform((6 / (fan_in + fan_out)) ** 0.5), zero),
        "zero": (zero, zero),
    }


def named(kind, layers):
    """{name: numbers} of layers, each {part: numbers}."""
    parts = ((i, *item) for i, layer in enumerate(layers) for item in layer.items())
    return {f"{kind}{i}.{part}": numbers for i, part, numbers in parts}


def dropout_factors(shape, rate, generators):
    """[R, *shape] to multiply values with: 0 for a share `rate`, the rest such that the mean stays.

    shape: of one replicate; generators: one for each. rate: a number, or a tensor with one a
    replicate, [R, 1, ...].
    """
    uniform = torch.empty(len(generators), *shape)
    for slot, generator in enumerate(generators):
        uniform[slot].uniform_(generator=generator)
    return (uniform >= rate).to(uniform.dtype).div_(1 - rate)
