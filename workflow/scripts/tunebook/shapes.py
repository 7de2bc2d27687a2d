"""How large the maps inside a convolutional network are."""

from .jobs import TunebookError

IMAGE_SIZE = 16


def feature_sizes(image_size, channels, kernel, padding, pooling):
    """The side of the square map (pixels) after each convolution and its pooling.

    A convolution of stride 1 gives `side + 2 * padding - kernel + 1`; max pooling then divides it,
    rounding down. Source: the output-size formulas of torch.nn.Conv2d and torch.nn.MaxPool2d.
    Raises TunebookError where a layer has no pixel left.
    """
    sizes, side = [], image_size
    for layer, _ in enumerate(channels, start=1):
        convolved = side + 2 * padding - kernel + 1
        pooled = convolved // pooling
        if convolved < 1 or pooled < 1:
            raise TunebookError(
                f"found {len(channels)} convolutions with kernel {kernel}, padding {padding} and "
                f"pooling {pooling}; convolution {layer} has no pixel left of a map of "
                f"{side} x {side}; allowed: fewer convolutions, a smaller kernel or more padding"
            )
        side = pooled
        sizes.append(side)
    return sizes
