"""Convolutional networks: R copies, one after the other, since their layers are large enough."""

import torch
import torch.nn.functional as F

from ..study.sizes import feature_sizes
from .dense import DenseStack
from .network import Network, dropout_factors, initial, named, pull_back

# Of an image's pixels, channels aside, so many are worked on at once in a convolution.
PIXELS = 64_000


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
        self.dense = DenseStack(units, configuration["widths"], outputs, [self.dropout], generators)
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
        outputs, trace = self.dense.forward(
            self.dense.prepare(torch.stack(maps).detach()), generators
        )
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


def leaf(parameter, replicate):
    """One replicate's values, a leaf to autograd, which adds to the parameter's own gradient."""
    value = parameter.value[replicate].detach().requires_grad_()
    value.grad = parameter.gradient[replicate]
    return value
