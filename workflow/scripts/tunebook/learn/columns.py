"""Convolutions of few small images as products: weights times columns of pixels.

The library behind PyTorch's convolutions takes tens of microseconds before it computes anything,
and is slow for groups of few channels, which copies of a network are under torch.func.vmap.
Functions here take the arguments of PyTorch's own operations, in their order.
"""

import math
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

aten = torch.ops.aten


@cache
def under(shape, kernel, stride, dilation):
    """(numbers of the pixels of an image that lie under a kernel, the places of the kernel).

    shape: (channels, height, width). Numbers are [channels * pixels of the kernel * places], places
    (rows, columns).
    """
    windows = np.lib.stride_tricks.sliding_window_view(
        np.arange(math.prod(shape)).reshape(shape),
        [gap * (width - 1) + 1 for gap, width in zip(dilation, kernel, strict=True)],
        axis=(1, 2),
    )[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return torch.from_numpy(windows.transpose(0, 3, 4, 1, 2).flatten()), windows.shape[1:3]


def geometry(x, weight, stride, padding, dilation, groups):
    """(shape of a group's padded image, pixels under the kernel, its places); see `under`."""
    height, width = (side + 2 * more for side, more in zip(x.shape[2:], padding, strict=True))
    shape = (x.shape[1] // groups, height, width)
    return shape, *under(shape, tuple(weight.shape[2:]), tuple(stride), tuple(dilation))


def in_columns(known, x, weight, stride, padding, dilation, groups):
    """[rows * groups, values under the kernel, places of it]; the same ones are made only once."""
    where = x.data_ptr(), x._version, x.shape, x.stride()
    key = (*where, weight.shape[2:], *map(tuple, (stride, padding, dilation)), groups)
    if key not in known:
        shape, numbers, maps = geometry(x, weight, stride, padding, dilation, groups)
        padded = F.pad(x, [padding[1]] * 2 + [padding[0]] * 2) if any(padding) else x
        images = padded.reshape(-1, math.prod(shape))
        pixels = images.index_select(1, numbers)
        known[key] = pixels.view(len(images), -1, math.prod(maps))
    return known[key]


def matrices(weight, rows, groups):
    """Weights [rows * groups, channels of a group, values under the kernel]."""
    each = weight.reshape(groups, len(weight) // groups, -1)
    return each.expand(rows, *each.shape).reshape(-1, *each.shape[1:])


def convolve(known, x, weight, bias, stride, padding, dilation, transposed, more, groups):
    """What aten.convolution gives. known: columns by what they are made of."""
    columns = in_columns(known, x, weight, stride, padding, dilation, groups)
    *_, sides = geometry(x, weight, stride, padding, dilation, groups)
    maps = torch.bmm(matrices(weight, len(x), groups), columns).view(len(x), len(weight), *sides)
    return maps if bias is None else maps + bias.view(-1, 1, 1)


def convolve_back(
    known, gradient, x, weight, sizes, stride, padding, dilation, transposed, more, groups, wanted
):
    """What aten.convolution_backward gives: gradients by inputs, weights and bias."""
    by_x = by_weight = by_bias = None
    maps = gradient.reshape(len(x) * groups, len(weight) // groups, -1)
    if wanted[0]:
        (channels, *sides), numbers, _ = geometry(x, weight, stride, padding, dilation, groups)
        values = torch.bmm(matrices(weight, len(x), groups).transpose(1, 2), maps).flatten(1)
        by_x = values.new_zeros(len(values), channels * math.prod(sides))
        by_x.scatter_add_(1, numbers.expand_as(values), values)
        by_x = by_x.view(len(x), -1, *sides)
        if any(padding):
            by_x = F.pad(by_x, [-padding[1]] * 2 + [-padding[0]] * 2)
    if wanted[1]:
        columns = in_columns(known, x, weight, stride, padding, dilation, groups)
        by_row = torch.bmm(maps, columns.transpose(1, 2)).view(len(x), *weight.shape)
        by_weight = by_row.sum(0) if len(x) > 1 else by_row[0]
    if wanted[2]:
        by_bias = gradient.sum((0, 2, 3))
    return by_x, by_weight, by_bias


CONVOLUTIONS = {
    aten.convolution.default: convolve,
    aten.convolution_backward.default: convolve_back,
}


def fit(operation, arguments):
    """Whether an operation is a convolution of images, or its gradient, that this file can do."""
    if operation not in CONVOLUTIONS:
        return False
    first = operation is aten.convolution_backward.default
    x, _, _, _, _, _, transposed, *_ = arguments[first:]
    return x.dim() == 4 and not transposed
