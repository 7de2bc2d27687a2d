"""From images to what the dense layers of a convolutional network get, and back, in two ways.

A layer is a convolution, a normalization or none, an activation, pooling and, in training, dropout.
Where the activation grows with what it gets, the largest number stays the largest: max pooling then
comes before it, and before the bias, and they work on fewer numbers. Gradients are written out, as
in dense.py.
"""

import torch
import torch.nn.functional as F

from ..study.sizes import for_each
from .activations import ACTIVATIONS
from .normalization import EPSILON, MOMENTUM

aten = torch.ops.aten


class Maps:
    """All layers of one replicate; what its two kinds share.

    first, last: (channels, height, width) of an image, and of what the last layer makes of it.
    ways: the convolution of each layer, as those in `convolutions` are.

    A kind has, for maps whose dimensions come in an order of its own: `of_rows` and `to_rows`,
    which make maps of [rows, units] and back; `shift`, by a bias; CHANNELS, all dimensions but that
    of channels; NORMALIZATIONS, which give (maps, gradient -> (that by the maps given, by scale, by
    bias)) and may overwrite maps and gradient; POOLINGS, pairs of what gives (maps, windows) and of
    what gives the gradient by the maps given, from that by the others and the windows; and PIXELS:
    so many of an image's pixels, channels aside, are best worked on at once. What lies between the
    layers then stays in the cache.
    """

    def __init__(self, first, last, ways, configuration):
        c = configuration
        self.first, self.last, self.ways = first, last, ways
        self.sizes = for_each(c["pooling"], len(ways))
        self.activation = ACTIVATIONS[c["activation"]]
        self.normalize = self.NORMALIZATIONS.get(c["normalization"])
        self.pool, self.spread = self.POOLINGS[c["pooling_kind"]]
        # The gradient of an activation that grows can be told from what it gave.
        self.pools_first = self.activation.keeps != "input" and c["pooling_kind"] == "max"

    def forward(self, images, layers, training, drop):
        """(maps [rows, units], trace for `backward`).

        images: [rows, pixels]. layers: of each, {name: numbers}: `weight` and `bias`; `scale` where
        there is normalization, whose shift the bias then is; `mean` and `variance`, which run along
        with training, where that is by batch. drop: what gives the factors of dropout, or None.
        """
        maps, trace = self.of_rows(images, self.first), []
        keeps = self.activation.keeps
        for way, size, layer in zip(self.ways, self.sizes, layers, strict=True):
            maps, seen = way.forward(maps, layer["weight"])
            normal = windows = factors = None
            if self.normalize:
                maps, normal = self.normalize(maps, layer, training)
            if self.pools_first and size > 1:
                maps, windows = self.pool(maps, size)
            if not self.normalize:
                maps = self.shift(maps, layer["bias"])
            kept, maps = maps, torch.empty_like(maps) if keeps == "input" else maps
            self.activation.forward(kept, maps)
            if not self.pools_first and size > 1:
                maps, windows = self.pool(maps, size)
            if drop:
                factors = drop(maps)
                maps = torch.mul(maps, factors, out=maps if keeps == "sign" else None)
            trace.append((layer, seen, normal, windows, kept, factors))
        return self.to_rows(maps), trace

    def backward(self, trace, gradient):
        """[{name: gradient}] of a loss by what each layer learns, from that by the maps; ends the
        trace.
        """
        gradient, found = self.of_rows(gradient, self.last), []
        for i in reversed(range(len(trace))):
            # Taken out of the list, so that its memory is used again for what comes.
            layer, seen, normal, windows, kept, factors = trace.pop()
            if factors is not None:
                gradient.mul_(factors)
            if windows and not self.pools_first:
                gradient = self.spread(gradient, windows)
            self.activation.backward(gradient, kept)
            by = {} if normal else {"bias": gradient.sum(self.CHANNELS)}
            if windows and self.pools_first:
                gradient = self.spread(gradient, windows)
            if normal:
                gradient, by["scale"], by["bias"] = normal(gradient)
            by["weight"], gradient = self.ways[i].backward(
                seen, layer["weight"], gradient, by_inputs=i > 0
            )
            found.append(by)
        return found[::-1]


class ByPyTorch(Maps):
    """By PyTorch's operations, on maps [rows, channels, height, width].

    Channels come last in memory, which convolves faster, and pools several times faster. Measured
    on one thread, with five 3 x 3 convolutions of up to 128 channels normalized over batches of 100
    images of 16 x 16: 0.98 of the time of a torch.nn.Sequential in the same order of memory, 0.77
    of one in PyTorch's own.
    """

    PIXELS = 64_000
    CHANNELS = (0, 2, 3)

    @staticmethod
    def of_rows(rows, shape):
        # To ask for that order by name would leave images of one channel as they are.
        last = rows.unflatten(1, shape).permute(0, 2, 3, 1)
        return last.clone(memory_format=torch.contiguous_format).permute(0, 3, 1, 2)

    @staticmethod
    def to_rows(maps):
        return maps.flatten(1)

    @staticmethod
    def shift(maps, bias):
        return maps.add_(bias[:, None, None])

    @staticmethod
    def by_batch(maps, layer, training):
        """Each channel normalized over rows and pixels; see torch.nn.BatchNorm2d."""
        scale, *others = (layer[name] for name in ("scale", "bias", "mean", "variance"))
        changed, *seen = aten.native_batch_norm(maps, scale, *others, training, MOMENTUM, EPSILON)
        given = maps, scale, *others[1:], *seen, training, EPSILON, [True] * 3
        return changed, lambda gradient: aten.native_batch_norm_backward(gradient, *given)

    @staticmethod
    def by_layer(maps, layer, training):
        """Each row normalized over channels and pixels; see torch.nn.GroupNorm."""
        rows, channels, height, width = maps.shape
        sizes = rows, channels, height * width, 1
        scale, bias = layer["scale"], layer["bias"]
        changed, *seen = aten.native_group_norm(maps, scale, bias, *sizes, EPSILON)
        given = maps, *seen, scale, *sizes, [True] * 3
        return changed, lambda gradient: aten.native_group_norm_backward(gradient, *given)

    @staticmethod
    def pooled(maps, size):
        pooled, places = aten.max_pool2d_with_indices(maps, [size, size])
        return pooled, (maps, [size] * 2, [size] * 2, [0, 0], [1, 1], False, places)

    @staticmethod
    def averaged(maps, size):
        averaged = F.avg_pool2d(maps, size)
        return averaged, (maps, [size] * 2, [size] * 2, [0, 0], False, True, None)

    NORMALIZATIONS = {"batch": by_batch, "layer": by_layer}
    POOLINGS = {
        "max": (pooled, lambda gradient, w: aten.max_pool2d_with_indices_backward(gradient, *w)),
        "average": (averaged, lambda gradient, w: aten.avg_pool2d_backward(gradient, *w)),
    }


class Convolution:
    """PyTorch's, for ByPyTorch; used as those in `convolutions` are.

    value: what lies around the maps, so many pixels as `padding` says.
    """

    def __init__(self, stride, padding, value):
        self.stride, self.padding, self.value = stride, padding, value
        # The convolution itself can add zeros alone.
        self.border = padding if value else 0

    def forward(self, x, weight):
        if self.border:
            x = F.pad(x, [self.border] * 4, value=self.value)
        weight = weight.contiguous(memory_format=torch.channels_last)
        return F.conv2d(x, weight, None, self.stride, self.padding - self.border), (x, weight)

    def backward(self, trace, weight, gradient, by_inputs):
        stride, padding = [self.stride] * 2, [self.padding - self.border] * 2
        which = [by_inputs, True, False]
        by_inputs, by_weight, _ = aten.convolution_backward(
            gradient, *trace, None, stride, padding, [1, 1], False, [0, 0], 1, which
        )
        if by_inputs is not None and self.border:
            by_inputs = F.pad(by_inputs, [-self.border] * 4)
        return by_weight, by_inputs


class ByProducts(Maps):
    """By `convolutions`, on maps [height, width, channels, rows]."""

    PIXELS = 25_600
    CHANNELS = (0, 1, 3)

    @staticmethod
    def of_rows(rows, shape):
        return rows.unflatten(1, shape).permute(2, 3, 1, 0).contiguous()

    @staticmethod
    def to_rows(maps):
        return maps.permute(3, 2, 0, 1).flatten(1)

    @staticmethod
    def shift(maps, bias):
        return torch.add(maps, bias.unsqueeze(1), out=maps.new_empty(maps.shape))

    @staticmethod
    def by_batch(maps, layer, training):
        """Each channel normalized over rows and pixels.

        In training by what the batch has, which the running mean and variance follow, else by
        these.
        """
        mean, variance = layer["mean"].unsqueeze(1), layer["variance"].unsqueeze(1)
        if not training:
            root = (variance + EPSILON).rsqrt_()
            return scaled(maps.sub_(mean).mul_(root), layer), None
        normal = Normalized(maps, ByProducts.CHANNELS, layer)
        count = maps.numel() // len(mean)
        mean.lerp_(normal.mean.view_as(mean), MOMENTUM)
        variance.lerp_(normal.variance.view_as(mean) * (count / max(count - 1, 1)), MOMENTUM)
        return scaled(normal.values, layer), normal.backward

    @staticmethod
    def by_layer(maps, layer, training):
        """Each row normalized over channels and pixels."""
        normal = Normalized(maps, (0, 1, 2), layer)
        return scaled(normal.values, layer), normal.backward


def scaled(maps, layer):
    """Maps [height, width, channels, rows], each channel scaled and shifted."""
    scale, bias = layer["scale"].unsqueeze(1), layer["bias"].unsqueeze(1)
    return torch.addcmul(bias, maps, scale, out=maps.new_empty(maps.shape))


class Normalized:
    """Maps [height, width, channels, rows] made to have mean 0 and variance 1, in their memory.

    dims: what mean and variance go over. Source: Ioffe and Szegedy 2015 (arXiv:1502.03167),
    algorithm 1 and the gradients after it.
    """

    def __init__(self, maps, dims, layer):
        self.dims, self.scale = dims, layer["scale"].unsqueeze(1)
        self.mean = maps.mean(dims, keepdim=True)
        self.values = maps.sub_(self.mean)
        self.variance = self.values.square().mean(dims, keepdim=True)
        self.root = (self.variance + EPSILON).rsqrt_()
        self.values.mul_(self.root)

    def backward(self, gradient):
        """Gradients by the maps, in the memory of that which is given, by the scale and the bias.

        gradient: of a loss by what comes of scaling and shifting the values.
        """
        products = gradient * self.values
        by_scale, by_bias = (each.sum(ByProducts.CHANNELS) for each in (products, gradient))
        for each in (gradient, products):
            each.mul_(self.scale)
        gradient.sub_(gradient.mean(self.dims, keepdim=True))
        gradient.addcmul_(self.values, products.mean(self.dims, keepdim=True), value=-1)
        return gradient.mul_(self.root), by_scale, by_bias


def pooled(maps, size):
    """(largest pixel of each square of so many, windows for `spread`); overwrites the maps.

    Taken are the largest of each line and then the largest of those, a later one only if it is
    larger: of equal ones that gives the one which torch.nn.MaxPool2d takes. In place of every pixel
    but the first is left whether it is larger than those before, 1.0 or 0.0.
    """
    windows = []
    for dim in (1, 0):
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
    """(mean of each square of so many, what `evened` needs)."""
    # One sum over the squares would take twenty times as long.
    return sum(places(maps, size)) / size**2, (size, maps.shape)


def evened(gradient, windows):
    """The gradient by the maps that were averaged, from that by what they gave."""
    size, shape = windows
    whole, share = gradient.new_zeros(shape), gradient / size**2
    for place in places(whole, size):
        place.copy_(share)
    return whole


def places(maps, size):
    """Maps of the first pixel of each square of so many, of the second, and so on; views."""
    height, width = (side // size * size for side in maps.shape[:2])
    return [maps[i:height:size, j:width:size] for i in range(size) for j in range(size)]


ByProducts.NORMALIZATIONS = {"batch": ByProducts.by_batch, "layer": ByProducts.by_layer}
ByProducts.POOLINGS = {"max": (pooled, spread), "average": (averaged, evened)}
