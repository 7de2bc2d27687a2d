"""Digits that stand in for the zip codes, as the repetition's did."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits


def small_digits():
    """The bytes of digits.npz: scikit-learn's digits at 16 x 16, from -1 (paper) to 1 (ink)."""
    found = load_digits()
    return sized(found.images / 8 - 1, found.target)


def mnist_train(data):
    """The bytes of train.npz: as many training images of MNIST as there are zip codes."""
    return drawn(data, "train", 7291)


def mnist_test(data):
    """The bytes of test.npz: likewise of its test images."""
    return drawn(data, "test", 2007)


def drawn(data, split, count):
    """So many images of a split of mnist.npz, drawn at random without any twice, the same always;
    all, in another order, where there are fewer. data: the bytes of mnist.npz, from 0 to 255.
    """
    with np.load(io.BytesIO(data)) as found:
        images, digits = found[f"x_{split}"], found[f"y_{split}"]
    kept = np.random.default_rng(0).permutation(len(images))[:count]
    return sized(images[kept] / 127.5 - 1, digits[kept])


def sized(images, digits):
    """The bytes of a file of images [n, height, width] at 16 x 16, by linear interpolation, and of
    what digit each is."""
    images = torch.from_numpy(images).float()[:, None]
    images = F.interpolate(images, size=(16, 16), mode="bilinear", align_corners=False)
    file = io.BytesIO()
    np.savez(file, x=images.squeeze(1).numpy(), digit=digits)
    return file.getvalue()
