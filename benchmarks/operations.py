"""How much arithmetic an epoch takes at least, and how fast this machine multiplies matrices.

Counted are the products of layers, a multiplication and an addition as two operations: forward
and backward for every training row, forward for every validation row. Not counted are biases,
ReLU, pooling, losses, dropout and the optimizer, so the limit cannot be reached by any program.

A convolution is counted as what has to be computed: products of a weight and a pixel of the map.
Products with the zeros that padding puts around a map change nothing and are left out (counting
them, as libraries often do, makes the source's network 1.6 times as much work).
"""

import time

import torch

from tunebook.problems import outputs_needed
from tunebook.shapes import IMAGE_SIZE, feature_sizes

SIDE = 1024  # of the matrices that the machine's rate is measured with


def touched(side, kernel, padding):
    """Products of one row of `side` pixels with a kernel of as many dimensions: one.

    The sum over all places of the kernel of how many of its weights lie on a pixel, not on padding.
    """
    places = range(-padding, side + padding - kernel + 1)
    return sum(min(place + kernel, side) - max(place, 0) for place in places)


def layer_products(configuration, features):
    """Multiply-additions of each layer for one row, from the first layer on."""
    products, inputs = [], features
    if configuration["model"] == "convolutional":
        channels, kernel = configuration["channels"], configuration["kernel"]
        padding, pooling = configuration["padding"], configuration["pooling"]
        sides = feature_sizes(IMAGE_SIZE, channels, kernel, padding, pooling)
        pairs = zip([1, *channels[:-1]], channels, strict=True)
        for side, (fan_in, fan_out) in zip([IMAGE_SIZE, *sides[:-1]], pairs, strict=True):
            products.append(touched(side, kernel, padding) ** 2 * fan_in * fan_out)
        inputs = channels[-1] * sides[-1] ** 2
    for outputs in [*configuration["widths"], outputs_needed(configuration)]:
        products.append(inputs * outputs)
        inputs = outputs
    return products


def epoch_operations(configuration, features, train_rows, validation_rows):
    """Floating point operations of one epoch of one replicate.

    The backward pass costs each layer two products more, for the gradients of its weights and of
    its inputs; nobody needs the gradient of the first layer's inputs.
    """
    products = layer_products(configuration, features)
    forward, backward = sum(products), 2 * sum(products) - products[0]
    return 2 * (train_rows * (forward + backward) + validation_rows * forward)


def rate(call, seconds=0.15):
    """Operations a second of SIDE x SIDE x SIDE products that `call` makes, over some time."""
    call()
    calls, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or not calls:
        call()
        calls += 1
    return 2 * SIDE**3 * calls / elapsed


def multiplication():
    """A float32 product of two square matrices by torch.mm, the machine's measure in the bars."""
    a, b, out = (torch.ones(SIDE, SIDE) for _ in range(3))
    return lambda: torch.mm(a, b, out=out)


def convolution():
    """The same product written as a convolution of 1 x 1, which goes through another library."""
    images = torch.ones(1, SIDE, SIDE // 32, 32).contiguous(memory_format=torch.channels_last)
    weights = torch.ones(SIDE, SIDE, 1, 1).contiguous(memory_format=torch.channels_last)
    return lambda: torch.conv2d(images, weights)
