"""A sensible first study of a table or of images: its sizes, from how many rows there are."""

import math

from .. import tasks

# Up to so many rows: rows a step, replicates, units of a hidden layer, epochs of a table and of
# images. Few rows cost little and say little, so they are trained for longer and more often.
SIZES = (
    (300, 16, 10, 16, 100, 30),
    (3_000, 32, 5, 32, 60, 20),
    (30_000, 128, 5, 64, 30, 10),
    (300_000, 512, 3, 64, 10, 5),
    (math.inf, 2048, 3, 64, 5, 3),
)
FEWEST_EPOCHS = 3
# So many times the rows of the rarest class in the commonest, and accuracy would not see the first.
UNEVEN = 3
# Values in all, from which on standard methods are kept small.
MANY = 1_000_000
# Pixels that are left of a side by pooling twice, about.
LAST_SIDE = 6
CHANNELS = [8, 16, 32]


def sizes(rows, columns, shape, share=1.0):
    """The sizes of a first study, by the names that the templates have for them.

    columns: with each pixel of an image. shape: (channels, height, width) of images, None for a
    table. share: of the usual epochs, where these would take too long.
    """
    batch, replicates, width, *epochs = next(each[1:] for each in SIZES if rows <= each[0])
    found = {
        "batch": batch,
        "replicates": min(replicates, 5) if shape else replicates,
        "width": width,
        "epochs": max(round(epochs[bool(shape)] * share), FEWEST_EPOCHS),
        "slow": rows * columns > MANY,
        "channels": [],
        "pooling": 2,
    }
    if shape and min(shape[1:]) > 3:
        found["pooling"] = max(2, round((min(shape[1:]) / LAST_SIDE) ** 0.5))
        deepest = int(math.log(min(shape[1:]), found["pooling"]) + 1e-9)
        found["channels"] = CHANNELS[:deepest]
    rate = 0.003 if found["channels"] else 0.01
    return found | {"rate": rate, "rates": [float(f"{rate * by:g}") for by in (10, 1, 0.1)]}


def metric(task, classes):
    """(metric, why) that networks are judged and chosen by. classes: {class: rows}."""
    if task == "regression":
        return "rmse", "in the target's own unit"
    if max(classes.values()) > UNEVEN * min(classes.values()):
        return "balanced-accuracy", "every class counts the same, however few rows it has"
    return tasks.CLASSIFICATION.metric, "the share of rows that are read right"
