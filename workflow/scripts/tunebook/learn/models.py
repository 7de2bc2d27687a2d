"""The network that a configuration asks for."""

import torch

from ..jobs import TunebookError
from ..tasks import TASKS
from .convolutional import ConvolutionalNetwork
from .dense import DenseStack
from .embeddings import EMBEDDINGS
from .modules import module_stack


def build(configuration, record, generators, folder=None, rows=None, dropout=None):
    """R = len(generators) copies of a configuration's network, a `network.Network`.

    record: of the prepared data (its features, shape of images, classes). Each generator gives one
    copy its initial weights. folder: where the study's own modules lie. rows: of a training step;
    None for a network that is not trained. dropout: the rate of each copy of a dense network, where
    they may differ. Raises TunebookError for a network that cannot be.
    """
    outputs = TASKS[configuration["task"]].outputs(
        configuration["loss"], len(record["classes"] or ())
    )
    features, shape = len(record["features"]), record["shape"]
    if configuration["model"] == "module":
        return module_stack(
            configuration, tuple(shape) if shape else features, outputs, generators, folder, rows
        )
    if configuration["model"] == "convolutional":
        if not shape:
            raise TunebookError(
                f"configuration: problems.{configuration['problem']}: found model convolutional; "
                "allowed: dense or module, since its inputs are no images"
            )
        return ConvolutionalNetwork(configuration, tuple(shape), outputs, generators)
    if embedding := EMBEDDINGS.get(configuration.get("embedding")):
        return embedding(configuration, record["features"], outputs, generators, dropout)
    return DenseStack(configuration, features, outputs, generators, dropout)


def blank(count):
    """Generators for `count` copies whose weights will be restored."""
    return [torch.Generator() for _ in range(count)]
