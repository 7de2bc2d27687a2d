"""Dense networks whose inputs that are numbers become several numbers each, before the first layer.

Source: Gorishniy, Rubachev and Babenko 2022, On embeddings for numerical features in tabular deep
learning (arXiv:2203.05556). Levels of categories, and what says that a number is missing, stay as
they are. The first dense layer follows at once: the number itself is not kept besides.
"""

import math

import numpy as np
import torch

from ..study.sizes import embedded
from .dense import DenseStack
from .network import Network, parameter


class Embedded(Network):
    """A DenseStack of embedded inputs: first those of numbers, then the rest.

    features: of the inputs, as in the record of prepared data. See DenseStack for the others.
    """

    predicted = DenseStack.predicted

    def __init__(self, configuration, features, outputs, generators, dropout=None):
        kinds = [feature["type"] for feature in features]
        self.numbers = [i for i, kind in enumerate(kinds) if kind == "number"]
        self.rest = [i for i, kind in enumerate(kinds) if kind != "number"]
        parameters, buffers = self.start(configuration, generators)
        inputs = embedded(configuration, features)
        self.dense = DenseStack(configuration, inputs, outputs, generators, dropout)
        super().__init__(parameters | self.dense.parameters, buffers | self.dense.buffers)


class PiecewiseLinear(Embedded):
    """Each number becomes one for each bin between quantiles of the training rows.

    That is 0 before the bin, 1 after it and between them in it; in the first bin it may be less
    than 0, in the last more than 1. Where quantiles are equal, there are fewer bins, and zeros.
    """

    def start(self, configuration, generators):
        """({name: Parameter}, {name: buffer}) of the embedding; `edges`: [R, numbers, bins + 1]."""
        shape = len(generators), len(self.numbers), configuration["embedding_size"] + 1
        self.edges = torch.zeros(shape)
        return {}, {"embedding.edges": self.edges}

    def fit(self, x):
        """Set the edges of the bins by the training rows [R, n, f], as scaled."""
        shares = np.linspace(0, 1, self.edges.shape[2])
        columns = x.mT[:, self.numbers].flatten(0, 1)
        for edges, values in zip(self.edges.flatten(0, 1), columns, strict=True):
            distinct = np.unique(np.quantile(values.numpy(), shares).astype(np.float32))
            edges[:] = distinct[-1].item()
            edges[: len(distinct)] = torch.from_numpy(distinct)

    def prepare(self, x):
        """Inputs [R, n, f], embedded and with a column of ones after them."""
        starts, widths = self.edges[:, None, :, :-1], self.edges.diff()[:, None]
        there = widths > 0
        shares = (x[..., self.numbers, None] - starts) / torch.where(there, widths, 1)
        least, most = torch.zeros_like(widths), torch.ones_like(widths)
        least[..., :1] = -math.inf
        most[there & ~torch.nn.functional.pad(there, (0, 1))[..., 1:]] = math.inf
        shares = torch.where(there, shares.clamp(least, most), 0).flatten(2)
        return self.dense.prepare(torch.cat([shares, x[..., self.rest]], dim=2))

    def forward(self, x, generators=None):
        """See DenseStack.forward."""
        return self.dense.forward(x, generators)

    def backward(self, trace, gradient, add=False):
        """See DenseStack.backward."""
        self.dense.backward(trace, gradient, add)


class Periodic(Embedded):
    """A number x becomes sin(2 pi c x) and cos(2 pi c x) for some trained frequencies c.

    They start from a normal distribution around 0.
    """

    def start(self, configuration, generators):
        """({name: Parameter}, {name: buffer}); the frequencies are [R, numbers, size / 2]."""
        shape = len(self.numbers), configuration["embedding_size"] // 2
        scale = configuration["embedding_scale"]
        drawn = [torch.empty(shape).normal_(0, scale, generator=each) for each in generators]
        self.frequencies, self.spaces = parameter(torch.stack(drawn)), {}
        return {"embedding.frequencies": self.frequencies}, {}

    def prepare(self, x):
        """Inputs [R, n, f], numbers first."""
        return x[..., self.numbers + self.rest]

    def space(self, rows):
        """(angles [R, rows, numbers, size / 2], their sines, their cosines, the rest, all but the
        angles with a column of ones after them): where they lie for so many rows.
        """
        if rows not in self.spaces:
            count, numbers, half = self.frequencies.value.shape
            width, angles = numbers * half, torch.empty(count, rows, numbers, half)
            whole = torch.ones(count, rows, 2 * width + len(self.rest) + 1)
            parts = whole.split([width, width, len(self.rest), 1], dim=2)
            waves = [part.unflatten(2, (numbers, half)) for part in parts[:2]]
            self.spaces[rows] = angles, *waves, parts[2], whole
        return self.spaces[rows]

    def forward(self, x, generators=None):
        """See DenseStack.forward."""
        angles, sines, cosines, rest, whole = self.space(x.shape[1])
        numbers, others = x.split([len(self.numbers), len(self.rest)], dim=2)
        torch.mul(numbers.unsqueeze(3), self.frequencies.value.unsqueeze(1) * math.tau, out=angles)
        torch.sin(angles, out=sines)
        torch.cos(angles, out=cosines)
        rest.copy_(others)
        outputs, trace = self.dense.forward(whole, generators)
        return outputs, (trace, numbers)

    def backward(self, trace, gradient, add=False):
        """See DenseStack.backward."""
        trace, numbers = trace
        by_inputs = self.dense.backward(trace, gradient, add, by_inputs=True)
        angles, sines, cosines, *_ = self.space(numbers.shape[1])
        width = sines.shape[2] * sines.shape[3]
        by_sines, by_cosines = (
            each.view_as(angles) for each in by_inputs[..., : 2 * width].split(width, dim=2)
        )
        torch.mul(by_sines, cosines, out=angles).addcmul_(by_cosines, sines, value=-1)
        found = angles.mul_(numbers.unsqueeze(3)).sum(1).mul_(math.tau)
        own = self.frequencies.gradient
        own.add_(found) if add else own.copy_(found)


EMBEDDINGS = {"periodic": Periodic, "piecewise-linear": PiecewiseLinear}
