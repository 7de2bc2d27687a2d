"""Convolutional networks: R copies, one after the other, since their layers are large enough."""

import math
from functools import partial

import torch

from ..study.sizes import SIZES, feature_sizes, for_each
from .convolutions import Direct, convolution
from .dense import DenseStack
from .maps import ByProducts, ByPyTorch, Convolution
from .network import Network, dropout_factors, initial, named, parameter

# Products are taken where they need less than this share of the multiplications that define the
# convolutions. Measured beside PyTorch's on one core: 1.2 to 1.35 times as fast at shares of 0.37
# to 0.53, 0.84 to 1.05 times at 0.73 to 0.87, and 0.55 times at 0.97.
SHARE = 0.6


class ConvolutionalNetwork(Network):
    """Convolutions, each with what `maps` says follows it, then a DenseStack.

    shape: (channels, height, width) of the images. A convolution whose outputs are normalized has
    no bias of its own, which normalization by batch would take away again; its shift is one.
    """

    def __init__(self, configuration, shape, outputs, generators):
        c = configuration
        count, normalization = len(c["channels"]), c["normalization"]
        kernels, paddings, strides = (
            for_each(c[key], count) for key in ("kernel", "padding", "stride")
        )
        fans = [shape[0], *c["channels"]]
        sizes = [shape[1:], *feature_sizes(shape, **{key: c[key] for key in SIZES})]
        self.layers, self.running, ways, direct = [], [], [], 0
        for sides, fan_in, fan_out, kernel, padding in zip(
            sizes[:-1], fans[:-1], fans[1:], kernels, paddings, strict=True
        ):
            area = kernel * kernel
            weight, bias = initial(
                ((fan_out, fan_in, kernel, kernel), (fan_out,)),
                (fan_in * area, fan_out * area),
                generators,
                c["initial_weights"],
            )
            layer, ones = {"weight": weight, "bias": bias}, torch.ones(len(generators), fan_out)
            if normalization != "none":
                layer |= {"scale": parameter(ones), "bias": parameter(torch.zeros_like(ones))}
            by_batch = normalization == "batch"
            self.layers.append(layer)
            self.running.append(
                {"mean": torch.zeros_like(ones), "variance": ones.clone()} if by_batch else {}
            )
            ways.append(convolution(sides, fan_in, fan_out, kernel, padding))
            direct += Direct(sides, fan_in, fan_out, kernel, padding).work
        value, last = c["padding_value"], (c["channels"][-1], *sizes[-1])
        least = sum(way.work for way in ways)
        if least < SHARE * direct and max(strides) == 1 and not value:
            self.maps = ByProducts(shape, last, ways, c)
        else:
            ways = [Convolution(*each, value) for each in zip(strides, paddings, strict=True)]
            self.maps = ByPyTorch(shape, last, ways, c)
        self.predicted = max(self.maps.PIXELS // (shape[1] * shape[2]), 1)
        # The mean and variance of a batch are those of all its rows.
        self.piece = None if normalization == "batch" else self.predicted
        self.dropout = c["dropout"]
        self.dense = DenseStack(c, math.prod(last), outputs, generators)
        parameters, buffers = (named("convolution", each) for each in (self.layers, self.running))
        super().__init__(parameters | self.dense.parameters, buffers | self.dense.buffers)

    def forward(self, x, generators=None):
        """See DenseStack.forward."""
        last, traces, training = [], [], generators is not None
        for replicate, images in enumerate(x):
            layers = [
                {name: each.value[replicate] for name, each in layer.items()}
                | {name: each[replicate] for name, each in running.items()}
                for layer, running in zip(self.layers, self.running, strict=True)
            ]
            drop = None
            if training and self.dropout:
                drop = partial(self.factors, generators[replicate])
            maps, trace = self.maps.forward(images, layers, training, drop)
            last.append(maps)
            traces.append(trace)
        outputs, trace = self.dense.forward(self.dense.prepare(torch.stack(last)), generators)
        return outputs, (traces, trace)

    def factors(self, generator, maps):
        """Those of dropout for the maps of one replicate."""
        return dropout_factors(maps.shape, self.dropout, [generator])[0]

    def backward(self, trace, gradient, add=False):
        """See DenseStack.backward."""
        traces, trace = trace
        gradients = self.dense.backward(trace, gradient, add, by_inputs=True)
        for replicate, (gradient, trace) in enumerate(zip(gradients, traces, strict=True)):
            found = self.maps.backward(trace, gradient)
            for layer, by_layer in zip(self.layers, found, strict=True):
                for name, by_one in by_layer.items():
                    mine = layer[name].gradient[replicate]
                    torch.add(mine, by_one, out=mine) if add else mine.copy_(by_one)
