"""Convolutional networks: R copies, one after the other, since their layers are large enough.

Between the layers are maps [height, width, channels, rows]; see convolutions.py. Gradients are
written out, as in dense.py.
"""

import torch

from ..study.sizes import feature_sizes
from .convolutions import convolution
from .dense import DenseStack
from .network import Network, dropout_factors, initial, named

# Of an image's pixels, channels aside, so many are worked on at once. What lies between the layers
# then mostly stays in the cache.
PIXELS = 25_600


class ConvolutionalNetwork(Network):
    """Convolutions of stride 1, each with max pooling and ReLU, then a DenseStack.

    shape: (channels, height, width) of the images. Pooling comes before the bias and ReLU: it
    commutes with both, and they then work on a quarter of the values.
    """

    def __init__(self, configuration, shape, outputs, generators):
        channels, kernel = configuration["channels"], configuration["kernel"]
        self.pooling, self.dropout = configuration["pooling"], configuration["dropout"]
        self.piece = self.predicted = max(PIXELS // (shape[1] * shape[2]), 1)
        padding = configuration["padding"]
        sizes = [shape[1:], *feature_sizes(shape, channels, kernel, padding, self.pooling)]
        fans_in = shape[0], *channels
        self.layers, self.ways = [], []
        for sides, fan_in, fan_out in zip(sizes, fans_in, channels, strict=False):
            area = fan_in * kernel * kernel
            weight = initial((fan_out, fan_in, kernel, kernel), area, generators)
            self.layers.append((weight, initial((fan_out,), area, generators)))
            self.ways.append(convolution(sides, fan_in, fan_out, kernel, padding))
        self.shapes = shape, (channels[-1], *sizes[-1])
        units = torch.Size(self.shapes[1]).numel()
        self.dense = DenseStack(units, configuration["widths"], outputs, [self.dropout], generators)
        super().__init__(named("convolution", self.layers) | self.dense.parameters)

    def forward(self, x, generators=None):
        """See DenseStack.forward."""
        last, traces = [], []
        for replicate, images in enumerate(x):
            maps, trace = to_maps(images, self.shapes[0]), []
            for way, (weight, bias) in zip(self.ways, self.layers, strict=True):
                maps, seen = way.forward(maps, weight.value[replicate])
                maps, windows = pooled(maps, self.pooling)
                offsets = bias.value[replicate].unsqueeze(1)
                maps = torch.add(maps, offsets, out=maps.new_empty(maps.shape)).relu_()
                factors = None
                if self.dropout and generators:
                    one = generators[replicate : replicate + 1]
                    factors = dropout_factors(maps.shape, self.dropout, one)[0]
                    maps.mul_(factors)
                trace.append((seen, windows, maps, factors))
            last.append(maps.permute(3, 2, 0, 1).flatten(1))
            traces.append(trace)
        outputs, trace = self.dense.forward(self.dense.prepare(torch.stack(last)), generators)
        return outputs, (traces, trace)

    def backward(self, trace, gradient, add=False):
        """See DenseStack.backward."""
        traces, trace = trace
        gradients = self.dense.backward(trace, gradient, add, by_inputs=True)
        for replicate, (gradient, trace) in enumerate(zip(gradients, traces, strict=True)):
            gradient = to_maps(gradient, self.shapes[1]).contiguous()
            for i in reversed(range(len(self.layers))):
                (weight, bias), (seen, windows, maps, factors) = self.layers[i], trace[i]
                if factors is not None:
                    gradient.mul_(factors)
                # Above 0 just where ReLU let a value through and dropout kept it.
                torch.ops.aten.threshold_backward(gradient, maps, 0, grad_input=gradient)
                by_bias = gradient.sum((0, 1, 3))
                gradient = spread(gradient, windows)
                by_weight, gradient = self.ways[i].backward(
                    seen, weight.value[replicate], gradient, by_inputs=i > 0
                )
                for parameter, found in ((weight, by_weight), (bias, by_bias)):
                    mine = parameter.gradient[replicate]
                    torch.add(mine, found, out=mine) if add else mine.copy_(found)


def to_maps(rows, shape):
    """Rows [n, channels * height * width] as maps [height, width, channels, n]; a view."""
    return rows.unflatten(1, shape).permute(2, 3, 1, 0)


def pooled(maps, size):
    """(largest pixel of each square of so many, windows for `spread`); overwrites the maps.

    Taken are the largest of each line and then the largest of those, a later one only if it is
    larger: of equal ones that gives the one which torch.nn.MaxPool2d takes. In place of every pixel
    but the first is left whether it is larger than those before, 1.0 or 0.0.
    """
    windows = []
    for dim in (1, 0) if size > 1 else ():
        whole = maps.shape[dim] // size * size
        rest = maps.narrow(dim, whole, maps.shape[dim] - whole)
        first, *others = maps.narrow(dim, 0, whole).unflatten(dim, (-1, size)).unbind(dim + 1)
        windows.append((maps, rest, first, others))
        maps = first
        for each in others:
            before, maps = maps, torch.maximum(maps, each)
            each.gt_(before)
    return maps, windows


def spread(gradient, windows):
    """The gradient by the maps that were pooled, in their memory, from that by what they gave."""
    for maps, rest, first, others in reversed(windows):
        for each in reversed(others):
            each.mul_(gradient)
            gradient = torch.sub(gradient, each, out=first)
        rest.zero_()
        gradient = maps
    return gradient
