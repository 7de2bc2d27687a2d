"""Convolutional networks: R copies, one after the other, since their layers are large enough."""

from functools import partial

import torch

from ..study.sizes import feature_sizes
from .convolutions import Direct, convolution
from .dense import DenseStack
from .maps import ByProducts, ByPyTorch
from .network import PAIR, Network, dropout_factors, initial, named

# Products are taken where they need less than this share of the multiplications that define the
# convolutions. Measured beside PyTorch's on one core: 1.2 to 1.35 times as fast at shares of 0.37
# to 0.53, 0.84 to 1.05 times at 0.73 to 0.87, and 0.55 times at 0.97.
SHARE = 0.6


class ConvolutionalNetwork(Network):
    """Convolutions of stride 1, each with max pooling and ReLU, then a DenseStack.

    shape: (channels, height, width) of the images. Pooling comes before the bias and ReLU: it
    commutes with both, and they then work on a quarter of the values.
    """

    def __init__(self, configuration, shape, outputs, generators):
        c = configuration
        kernel, padding, pooling = c["kernel"], c["padding"], c["pooling"]
        fans = [shape[0], *c["channels"]]
        sizes = [shape[1:], *feature_sizes(shape, c["channels"], kernel, padding, pooling)]
        self.layers, ways, direct = [], [], 0
        for sides, fan_in, fan_out in zip(sizes, fans, fans[1:], strict=False):
            shapes, area = ((fan_out, fan_in, kernel, kernel), (fan_out,)), kernel * kernel
            fans = fan_in * area, fan_out * area
            self.layers.append(initial(shapes, fans, generators, c["initial_weights"]))
            ways.append(convolution(sides, fan_in, fan_out, kernel, padding))
            direct += Direct(sides, fan_in, fan_out, kernel, padding).work
        if sum(way.work for way in ways) < SHARE * direct:
            self.maps = ByProducts(shape, ways, pooling)
        else:
            self.maps = ByPyTorch(shape, padding, pooling)
        self.piece = self.predicted = max(self.maps.PIXELS // (shape[1] * shape[2]), 1)
        units = c["channels"][-1] * sizes[-1][0] * sizes[-1][1]
        self.dropout = c["dropout"]
        self.dense = DenseStack(c, units, outputs, generators)
        layers = named("convolution", [dict(zip(PAIR, each, strict=True)) for each in self.layers])
        parameters = layers | self.dense.parameters
        super().__init__(parameters, self.dense.buffers)

    def forward(self, x, generators=None):
        """See DenseStack.forward."""
        last, traces, training = [], [], generators is not None
        for replicate, images in enumerate(x):
            layers = [[each.value[replicate] for each in layer] for layer in self.layers]
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
                for parameter, by_one in zip(layer, by_layer, strict=True):
                    mine = parameter.gradient[replicate]
                    torch.add(mine, by_one, out=mine) if add else mine.copy_(by_one)
