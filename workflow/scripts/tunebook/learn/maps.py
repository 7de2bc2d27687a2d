"""From images to what the dense layers of a convolutional network get, and back, in two ways.

Both have `forward(images, layers, training, drop)`, which gives (maps [rows, units], trace), and
`backward(trace, gradient)`, which gives the gradients of a loss by the numbers of each layer, from
that by the maps. images: [rows, pixels] of one replicate. layers: the weight and bias of each.
drop: what gives the factors of dropout for maps, or None. PIXELS: of an image's pixels, channels
aside, so many are best worked on at once; what lies between the layers then stays in the cache.
"""

import torch
import torch.nn.functional as F

from .activations import threshold_backward


class ByPyTorch:
    """By PyTorch's convolutions and its autograd. shape: (channels, height, width) of an image."""

    PIXELS = 64_000

    def __init__(self, shape, padding, pooling):
        self.shape, self.padding, self.pooling = shape, padding, pooling

    def forward(self, images, layers, training, drop):
        leaves = [[each.detach().requires_grad_(training) for each in layer] for layer in layers]
        # Channels come last in memory, which pools several times faster. Asking for that format by
        # name leaves images of one channel as they are.
        channels, height, width = self.shape
        if channels == 1:
            x = images.reshape(-1, height, width, 1).permute(0, 3, 1, 2)
        else:
            x = images.reshape(-1, *self.shape).contiguous(memory_format=torch.channels_last)
        with torch.set_grad_enabled(training):
            for kernels, offsets in leaves:
                kernels = kernels.contiguous(memory_format=torch.channels_last)
                x = F.max_pool2d(F.conv2d(x, kernels, padding=self.padding), self.pooling)
                x = x.add_(offsets[:, None, None]).relu_()
                if drop:
                    x = x * drop(x)
            x = x.flatten(1)
        return x.detach(), (x, leaves)

    def backward(self, trace, gradient):
        maps, leaves = trace
        with torch.enable_grad():
            # That of a weighted sum is the same, bit by bit. Weights of its own import a library of
            # symbolic algebra, which takes half a second of every job.
            total = (maps * gradient).sum()
        found = torch.autograd.grad(total, [each for layer in leaves for each in layer])
        return list(zip(found[::2], found[1::2], strict=True))


class ByProducts:
    """By `convolutions`, the gradients written out, as in dense.py.

    shape: (channels, height, width) of an image. ways: of each layer. Between the layers are maps
    [height, width, channels, rows].
    """

    PIXELS = 25_600

    def __init__(self, shape, ways, pooling):
        self.shape, self.ways, self.pooling = shape, ways, pooling

    def forward(self, images, layers, training, drop):
        maps, trace = to_maps(images, self.shape), []
        for way, (weight, bias) in zip(self.ways, layers, strict=True):
            maps, seen = way.forward(maps, weight)
            maps, windows = pooled(maps, self.pooling)
            maps = torch.add(maps, bias.unsqueeze(1), out=maps.new_empty(maps.shape)).relu_()
            factors = drop(maps) if drop else None
            if drop:
                maps.mul_(factors)
            trace.append((seen, weight, windows, maps, factors))
        return maps.permute(3, 2, 0, 1).flatten(1), trace

    def backward(self, trace, gradient):
        height, width, channels, _ = trace[-1][3].shape
        gradient, found = to_maps(gradient, (channels, height, width)).contiguous(), []
        for i in reversed(range(len(trace))):
            seen, weight, windows, maps, factors = trace[i]
            if factors is not None:
                gradient.mul_(factors)
            # Above 0 just where ReLU let a value through and dropout kept it.
            threshold_backward(gradient, maps, 0, grad_input=gradient)
            by_bias = gradient.sum((0, 1, 3))
            gradient = spread(gradient, windows)
            by_weight, gradient = self.ways[i].backward(seen, weight, gradient, by_inputs=i > 0)
            found.append((by_weight, by_bias))
        return found[::-1]


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
