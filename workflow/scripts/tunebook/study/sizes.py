"""How large a network's maps are and how much work a run is, found without PyTorch."""

import itertools

from ..jobs import TunebookError

# What one step costs beside its arithmetic, in multiplications that take as long.
STEP = 3e6
# Whole numbers of a configuration that are no sizes of a network.
NO_SIZES = ("seed", "batch_size", "epochs")
# What the sizes of maps follow from.
SIZES = ("channels", "kernel", "padding", "pooling", "stride")


def for_each(value, count):
    """A size of each of `count` convolutions, of what the configuration or a table says of them.

    value: one number for all, a list, or either as a table's cell holds it, `1-2-1`. A longer list
    is given as it is. Raises TunebookError for a shorter one.
    """
    texts = value if isinstance(value, list) else str(value).split("-")
    numbers = [int(float(each)) for each in texts]
    numbers = numbers * count if len(numbers) == 1 else numbers
    if len(numbers) < count:
        raise TunebookError(
            f"found {value} for {count} convolutions; allowed: a size for all, or one for each"
        )
    return numbers


def feature_sizes(shape, channels, kernel, padding, pooling, stride=1):
    """(height, width) of the maps after each convolution and its pooling.

    shape: (channels, height, width) of an image. Sizes are as `for_each` takes them. A convolution
    gives `(side + 2 * padding - kernel) // stride + 1`; pooling then divides it, rounding down.
    Source: the output-size formulas of torch.nn.Conv2d and torch.nn.MaxPool2d. Raises TunebookError
    where a layer has no pixel left.
    """
    sizes, size = [], tuple(shape[1:])
    each = (for_each(value, len(channels)) for value in (kernel, padding, pooling, stride))
    # The first of longer lists: claims ask what is left after fewer convolutions.
    for layer, (_, k, p, q, s) in enumerate(zip(channels, *each, strict=False), start=1):
        convolved = [(side + 2 * p - k) // s + 1 for side in size]
        pooled = tuple(side // q for side in convolved)
        if min(*convolved, *pooled) < 1:
            raise TunebookError(
                f"found {len(channels)} convolutions with kernel {kernel}, padding {padding} and "
                f"pooling {pooling}; convolution {layer} has no pixel left of a map of "
                f"{size[0]} x {size[1]}; allowed: fewer convolutions, a smaller kernel or more "
                "padding"
            )
        size = pooled
        sizes.append(size)
    return sizes


def embedded(configuration, features):
    """How many numbers a dense network's first layer gets of a row.

    features: of the inputs, as in the record of prepared data.
    """
    numbers = sum(feature["type"] == "number" for feature in features)
    return len(features) + numbers * (configuration.get("embedding_size", 1) - 1)


def dense_numbers(configuration, features, outputs):
    """Trainable numbers of a dense network; features: as above."""
    c, inputs = configuration, embedded(configuration, features)
    layers = itertools.pairwise([inputs, *c["widths"], outputs])
    found = sum((fan_in + 1) * fan_out for fan_in, fan_out in layers)
    if c["normalization"] != "none":
        found += sum(c["widths"])  # each unit's scale
    if c.get("embedding") == "periodic":
        found += sum(each["type"] == "number" for each in features) * c["embedding_size"] // 2
    return found


def work(configuration, inputs, rows, count):
    """About how much arithmetic training `count` replicates of a run takes, to order jobs by.

    inputs: how many features a row has, or (channels, height, width) of an image; a guess will do.
    rows: of one replicate. The weights that each row meets, times rows and epochs; steps cost
    extra. A network of the study's own is taken for dense layers as wide as its whole arguments.
    """
    c = configuration
    others = [v for k, v in c.items() if type(v) is int and k not in NO_SIZES]
    widths = c.get("widths", others)
    shape = (inputs, 1, 1) if isinstance(inputs, int) else tuple(inputs)
    fan_in, area, total = shape[0], shape[1] * shape[2], 0
    if c["model"] == "convolutional":
        keys = ("kernel", "stride", "pooling")
        each = (for_each(c.get(key, 1), len(c["channels"])) for key in keys)
        for fan_out, kernel, stride, pooling in zip(c["channels"], *each, strict=True):
            area = max(area // stride**2, 1)
            total += area * kernel**2 * fan_in * fan_out
            fan_in, area = fan_out, max(area // pooling**2, 1)
    units = fan_in * area * c.get("embedding_size", 1)
    for width in [*widths, 1]:
        total += units * width
        units = width
    batch = rows if c["batch_size"] == "full" else min(c["batch_size"], rows)
    return int(c["epochs"] * (count * total * rows + STEP * rows / batch) / 1e6)
