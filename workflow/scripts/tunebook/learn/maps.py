"""From images to what the dense layers of a convolutional network get, and back, in two ways.

A layer is a convolution, a normalization or none, an activation, pooling and, in training, dropout.
Where the activation grows with what it gets, the largest number stays the largest: max pooling then
comes before it, and before the bias, and they work on fewer numbers.

Both ways have `forward(images, layers, training, drop)`, which gives (maps [rows, units], trace),
and `backward(trace, gradient)`, which gives the gradients of a loss by the numbers of each layer,
as {name: gradient}, from that by the maps. images: [rows, pixels] of one replicate. layers: of
each, {name: numbers}: `weight` and `bias`; `scale` where there is normalization, whose shift the
bias then is; and `mean` and `variance`, which run along with training, where that is by batch.
drop: what gives the factors of dropout for maps, or None. PIXELS: of an image's pixels, channels
aside, so many are best worked on at once; what lies between the layers then stays in the cache.
"""

from functools import partial

import torch
import torch.nn.functional as F

from ..study.sizes import for_each
from .activations import ACTIVATIONS

# What runs along with training and is not trained.
RUNNING = ("mean", "variance")
# By so much of the way running numbers follow those of a batch, and what is added to a variance: as
# torch.nn.BatchNorm2d and torch.nn.GroupNorm have it.
MOMENTUM, EPSILON = 0.1, 1e-5


def pools_first(configuration):
    """Whether pooling may come before the activation."""
    # The gradient of one that grows can be told from what it gave.
    grows = ACTIVATIONS[configuration["activation"]].keeps != "input"
    return grows and configuration["pooling_kind"] == "max"


class ByPyTorch:
    """By PyTorch's operations and its autograd. shape: (channels, height, width) of an image."""

    PIXELS = 64_000

    def __init__(self, shape, configuration):
        c, count = configuration, len(configuration["channels"])
        self.shape, self.value = shape, c["padding_value"]
        keys = ("stride", "padding", "pooling")
        self.sizes = list(zip(*(for_each(c[key], count) for key in keys), strict=True))
        self.normalize = {"none": None, "batch": by_batch, "layer": by_layer}[c["normalization"]]
        self.activation = getattr(F, c["activation"].replace("-", "_"))
        if ACTIVATIONS[c["activation"]].keeps == "sign":
            self.activation = partial(self.activation, inplace=True)
        self.pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[c["pooling_kind"]]
        self.pools_first = pools_first(c)

    def forward(self, images, layers, training, drop):
        leaves = [
            {
                name: value.detach().requires_grad_(training and name not in RUNNING)
                for name, value in layer.items()
            }
            for layer in layers
        ]
        # Channels come last in memory, which pools several times faster. Asking for that format by
        # name leaves images of one channel as they are.
        channels, height, width = self.shape
        if channels == 1:
            x = images.reshape(-1, height, width, 1).permute(0, 3, 1, 2)
        else:
            x = images.reshape(-1, *self.shape).contiguous(memory_format=torch.channels_last)
        with torch.set_grad_enabled(training):
            for layer, sizes in zip(leaves, self.sizes, strict=True):
                x = self.layer(x, layer, *sizes, training)
                if drop:
                    x = x * drop(x)
            x = x.flatten(1)
        return x.detach(), (x, leaves)

    def layer(self, x, layer, stride, padding, pooling, training):
        """What a layer makes of maps [rows, channels, height, width], without dropout."""
        if self.value and padding:
            x, padding = F.pad(x, [padding] * 4, value=self.value), 0
        weight = layer["weight"].contiguous(memory_format=torch.channels_last)
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        if self.normalize:
            x = self.normalize(x, layer, training)
        if self.pools_first and pooling > 1:
            x = self.pool(x, pooling)
        if not self.normalize:
            x = x.add_(layer["bias"][:, None, None])
        x = self.activation(x)
        return x if self.pools_first or pooling == 1 else self.pool(x, pooling)

    def backward(self, trace, gradient):
        maps, leaves = trace
        with torch.enable_grad():
            # That of a weighted sum is the same, bit by bit. Weights of its own import a library of
            # symbolic algebra, which takes half a second of every job.
            total = (maps * gradient).sum()
        trained = [name for name in leaves[0] if name not in RUNNING]
        found = torch.autograd.grad(total, [layer[name] for layer in leaves for name in trained])
        each = zip(*[iter(found)] * len(trained), strict=True)
        return [dict(zip(trained, gradients, strict=True)) for gradients in each]


def by_batch(x, layer, training):
    """Each channel normalized over rows and pixels of [rows, channels, height, width]."""
    numbers = (layer[name] for name in ("mean", "variance", "scale", "bias"))
    return F.batch_norm(x, *numbers, training, MOMENTUM, EPSILON)


def by_layer(x, layer, training):
    """Each row normalized over its channels and pixels."""
    return F.group_norm(x, 1, layer["scale"], layer["bias"], EPSILON)


class ByProducts:
    """By `convolutions`, the gradients written out, as in dense.py.

    shape: (channels, height, width) of an image. ways: of each layer. Between the layers are maps
    [height, width, channels, rows].
    """

    PIXELS = 25_600

    def __init__(self, shape, ways, configuration):
        c = configuration
        self.shape, self.ways = shape, ways
        self.sizes = for_each(c["pooling"], len(ways))
        self.normalization = NORMALIZATIONS[c["normalization"]]
        self.activation = ACTIVATIONS[c["activation"]]
        self.pool, self.spread = POOLINGS[c["pooling_kind"]]
        self.pools_first = pools_first(c)

    def forward(self, images, layers, training, drop):
        maps, trace = to_maps(images, self.shape), []
        for way, size, layer in zip(self.ways, self.sizes, layers, strict=True):
            maps, seen = way.forward(maps, layer["weight"])
            normal = windows = factors = None
            if self.normalization:
                maps, normal = self.normalization(maps, layer, training)
            if self.pools_first:
                maps, windows = self.pool(maps, size)
            maps = torch.add(maps, layer["bias"].unsqueeze(1), out=maps.new_empty(maps.shape))
            kept, keeps = maps, self.activation.keeps
            if keeps == "input":
                maps = torch.empty_like(maps)
            self.activation.forward(kept, maps)
            if not self.pools_first:
                maps, windows = self.pool(maps, size)
            if drop:
                factors = drop(maps)
                maps = torch.mul(maps, factors, out=maps if keeps == "sign" else None)
            trace.append((layer, seen, normal, windows, kept, factors))
        return maps.permute(3, 2, 0, 1).flatten(1), (trace, maps.shape)

    def backward(self, trace, gradient):
        trace, (height, width, channels, _) = trace
        gradient, found = to_maps(gradient, (channels, height, width)).contiguous(), []
        for i in reversed(range(len(trace))):
            layer, seen, normal, windows, kept, factors = trace[i]
            if factors is not None:
                gradient.mul_(factors)
            if not self.pools_first:
                gradient = self.spread(gradient, windows)
            self.activation.backward(gradient, kept)
            by = {"bias": gradient.sum(OF_CHANNELS)}
            if self.pools_first:
                gradient = self.spread(gradient, windows)
            if normal:
                gradient, by["scale"] = normal.backward(gradient, layer["scale"])
            by["weight"], gradient = self.ways[i].backward(
                seen, layer["weight"], gradient, by_inputs=i > 0
            )
            found.append(by)
        return found[::-1]


def to_maps(rows, shape):
    """Rows [n, channels * height * width] as maps [height, width, channels, n]; a view."""
    return rows.unflatten(1, shape).permute(2, 3, 1, 0)


# Dimensions of maps [height, width, channels, rows]: all but that of channels, or of rows.
OF_CHANNELS, OF_ROWS = (0, 1, 3), (0, 1, 2)


class Normalized:
    """What normalizing maps over some dimensions, then scaling each channel, leaves for a gradient.

    values: the maps with mean 0 and variance 1, in the memory of those given. mean, variance: of
    what was given.
    """

    def __init__(self, maps, dims):
        self.dims, self.count = dims, maps[:, :, 0, 0].numel() * maps.shape[5 - sum(dims)]
        self.mean = maps.mean(dims, keepdim=True)
        self.values = maps.sub_(self.mean)
        self.variance = self.values.square().mean(dims, keepdim=True)
        self.root = (self.variance + EPSILON).rsqrt_()
        self.values.mul_(self.root)

    def backward(self, gradient, scale):
        """(gradient by the maps, in the same memory, that by the scale). Source: Ioffe and Szegedy
        2015 (arXiv:1502.03167), section 3.
        """
        scale, shares = scale.unsqueeze(1), gradient * self.values
        by_scale = shares.sum(OF_CHANNELS)
        if self.dims == OF_ROWS:
            gradient.mul_(scale)
            shares.mul_(scale)
        gradient.sub_(gradient.mean(self.dims, keepdim=True))
        gradient.addcmul_(self.values, shares.mean(self.dims, keepdim=True), value=-1)
        return gradient.mul_(self.root if self.dims == OF_ROWS else self.root * scale), by_scale


def over_batch(maps, layer, training):
    """(normalized maps but for the shift, Normalized): of each channel; overwrites the maps.

    In training by what the batch has, which the running mean and variance follow, else by these.
    """
    mean, variance, scale = (layer[name].unsqueeze(1) for name in ("mean", "variance", "scale"))
    if not training:
        factor = (variance + EPSILON).rsqrt_() * scale
        return maps.sub_(mean).mul_(factor), None
    normal = Normalized(maps, OF_CHANNELS)
    count = maps.numel() // len(scale)
    mean.lerp_(normal.mean.view_as(mean), MOMENTUM)
    variance.lerp_(normal.variance.view_as(mean) * (count / (count - 1)), MOMENTUM)
    return normal.values * scale, normal


def over_layer(maps, layer, training):
    """The same of each row, in training and out of it."""
    normal = Normalized(maps, OF_ROWS)
    return normal.values * layer["scale"].unsqueeze(1), normal


NORMALIZATIONS = {"none": None, "batch": over_batch, "layer": over_layer}


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


def averaged(maps, size):
    """(mean of each square of so many, the size and the maps' shape for `evened`)."""
    return squares(maps, size).mean((1, 3)) if size > 1 else maps, (size, maps.shape)


def evened(gradient, windows):
    """The gradient by the maps that were averaged, from that by what they gave."""
    size, shape = windows
    if size == 1:
        return gradient
    whole = gradient.new_zeros(shape)
    squares(whole, size).copy_((gradient / size**2)[:, None, :, None])
    return whole


def squares(maps, size):
    """Maps as squares of so many: [heights, size, widths, size, channels, rows]; a view."""
    height, width = (side // size * size for side in maps.shape[:2])
    return maps[:height, :width].unflatten(1, (-1, size)).unflatten(0, (-1, size))


POOLINGS = {"max": (pooled, spread), "average": (averaged, evened)}
