"""Convolutions as products of matrices, in two ways, of which a layer takes the cheaper one.

Maps are [height, width, channels, rows]. Rows come last so that whatever is done to a pixel is done
to all rows of a piece at once, in long stretches of memory, whatever the sides and windows are.

A way is made for one size of maps and has `forward(x, weight)`, which gives (y, trace), and
`backward(trace, weight, gradient, by_inputs)`, which gives the gradients of a loss by the weight
and, where it is asked for, by the inputs. weight: [fan_out, fan_in, kernel, kernel], with which
maps are convolved as torch.nn.Conv2d does.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from . import products

# A multiplication in a change of basis takes as long as so many in the other, larger products.
SMALL = 2


def convolution(sides, *layer):
    """The cheaper way for maps of `sides`, (height, width).

    layer: fan_in, fan_out, kernel, padding.
    """
    return min((Direct(sides, *layer), Transformed(sides, *layer)), key=lambda way: way.work)


def product(a, b):
    """The products [S, n, m] of matrices [S, n, k] and [S, k, m]; one [n, k] stands for S."""
    library, out = products.chosen(), b.new_empty(len(b), a.shape[-2], b.shape[2])
    a = a.expand(len(b), -1, -1)
    library.multiply(library.operand(a), library.operand(b), out=library.operand(out))
    return out


class Direct:
    """Each output as the sum that defines it: for few channels, or large maps.

    work: multiplications of a row's forward pass.
    """

    def __init__(self, sides, fan_in, fan_out, kernel, padding):
        self.padding = padding
        pixels = math.prod(side + 2 * padding - kernel + 1 for side in sides)
        self.work = pixels * kernel**2 * fan_in * fan_out

    def forward(self, x, weight):
        return convolved(x, weight, self.padding)

    def backward(self, patches, weight, gradient, by_inputs):
        fan_out, fan_in, kernel, _ = weight.shape
        lines = gradient.transpose(1, 2).reshape(len(gradient), fan_out, -1)
        by_weight = product(patches, lines.mT).sum(0).view(kernel, kernel, fan_in, fan_out)
        if by_inputs:
            turned = weight.flip(2, 3).transpose(0, 1)
            by_inputs, _ = convolved(gradient, turned, kernel - 1 - self.padding)
        return by_weight.permute(3, 2, 0, 1), by_inputs


def convolved(x, weight, padding):
    """(y, patches), where y is the product of the weights with the patches that they see.

    patches: [height, kernel * kernel * fan_in, width * rows]. Every line of pixels is copied once
    for each column of the kernel. All that the lines of a kernel see then lies in one stretch, and
    the patches of neighbouring lines share what both see.
    """
    fan_out, fan_in, kernel, _ = weight.shape
    padded = F.pad(x.transpose(1, 2), (0, 0, padding, padding, 0, 0, padding, padding))
    height, width = (padded.shape[dim] - kernel + 1 for dim in (0, 2))
    lines = torch.stack([padded[:, :, i : i + width] for i in range(kernel)], dim=1)
    shape = height, kernel * kernel * fan_in, width * x.shape[3]
    patches = lines.as_strided(shape, (lines.stride(0), shape[2], 1))
    y = product(weight.permute(0, 2, 3, 1).reshape(fan_out, -1), patches)
    return y.view(height, fan_out, width, -1).transpose(1, 2), patches


class Transformed:
    """By the convolution theorem: for many channels of small maps.

    To convolve maps and kernels that are given as sums of waves, each wave of one is multiplied
    with the same wave of the other, and that is all. The changes of basis included, it is less
    than half the work for maps of 8 x 8 with 16 channels and a kernel of 5.
    """

    def __init__(self, sides, fan_in, fan_out, kernel, padding):
        high, wide = (waves(side, kernel, padding) for side in sides)
        self.inputs, self.weights, self.outputs = zip(high, wide, strict=True)
        self.known = {}
        self.work = len(high[0]) * len(wide[0]) * fan_in * fan_out
        for channels, (high, wide) in ((fan_in, self.inputs), (fan_out, self.outputs)):
            self.work += SMALL * channels * len(wide) * high.shape[1] * (len(high) + wide.shape[1])

    def kernels(self, weight):
        """The waves of a weight, which are found once for all pieces of rows, until it changes."""
        place, version = weight.data_ptr(), weight._version
        if self.known.get(place, (None,))[0] != version:
            # The weight is held too, so that no other can come to lie at its place.
            waves = to_waves(self.weights, weight.permute(2, 3, 0, 1))
            self.known[place] = version, weight, waves
        return self.known[place][2]

    def forward(self, x, weight):
        given, kernels = to_waves(self.inputs, x), self.kernels(weight)
        return from_waves(self.outputs, product(kernels, given)), (given, kernels)

    def backward(self, trace, weight, gradient, by_inputs):
        given, kernels = trace
        gradient = to_waves(self.outputs, gradient)
        by_weight = from_waves(self.weights, product(gradient, given.mT)).permute(2, 3, 0, 1)
        if by_inputs:
            by_inputs = from_waves(self.inputs, product(kernels.mT, gradient))
        return by_weight, by_inputs


def to_waves(bases, x):
    """x [height, width, n, m] as [waves, n, m]; bases: [waves, side] for both sides."""
    return changed(*bases, x.flatten(2)).view(-1, *x.shape[2:])


def from_waves(bases, x):
    """The sums of waves [waves, n, m] as [height, width, n, m]: `to_waves`, transposed."""
    high, wide = bases
    sums = changed(wide.mT, high.mT, x.view(len(wide), len(high), -1))
    return sums.unflatten(2, x.shape[1:])


def changed(first, second, x):
    """x [i, j, n] in other bases, turned round: [j', i', n], by matrices [i', i] and [j', j]."""
    return product(first, product(second, x).transpose(0, 1))


def waves(side, kernel, padding):
    """A [m, side], B [m, kernel], C [m, outputs]: a line x convolved with w is C^T ((A x) (B w)).

    The waves go round a circle of side + padding pixels. On one so large, no pixel that a kernel
    sees beyond an end of the line is a pixel at its other end. A wave is a complex number a + ib,
    given as (a, b, a + b): so the product of two takes three multiplications.
    """
    length = side + padding
    pixels, taps = np.arange(side), np.arange(kernel) - padding
    outputs = np.arange(side + 2 * padding - kernel + 1)
    matrices = [], [], []
    for number in range(length // 2 + 1):
        turn = np.exp(2j * np.pi * number / length)
        x, w, y = turn**-pixels, turn**taps, turn**outputs / length
        if 2 * number % length == 0:
            rows = [x.real], [w.real], [y.real]
        else:
            # It stands for its mirror image too.
            rows = (
                (x.real, x.imag, x.real + x.imag),
                (w.real, w.imag, w.real + w.imag),
                (2 * (y.real + y.imag), 2 * (y.imag - y.real), -2 * y.imag),
            )
        for matrix, row in zip(matrices, rows, strict=True):
            matrix.extend(row)
    return tuple(torch.tensor(np.array(rows), dtype=torch.get_default_dtype()) for rows in matrices)
