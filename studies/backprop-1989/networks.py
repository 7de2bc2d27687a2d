"""The network of 1989 that reads zip codes: LeCun et al., Neural Computation 1(4)."""

import torch
import torch.nn.functional as F
from torch import nn

# What lies around an image, and around the planes of the first layer: paper.
PAPER = -1.0
# Which of the 12 planes of the first layer each group of four planes of the second one sees. The
# paper says how many it sees, and not which; `thirds` is what the repetition of 2022 made of it.
THIRDS = [[*range(0, 8)], [*range(4, 12)], [*range(0, 4), *range(8, 12)]]
SCHEMES = {
    "thirds": [planes for planes in THIRDS for _ in range(4)],
    # Plane i sees eight in a row, from i on and round the end.
    "ring": [[(plane + i) % 12 for i in range(8)] for plane in range(12)],
    # All see the same eight, so that four planes of the first layer lead nowhere.
    "same": [[*range(8)]] * 12,
}
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


class ZipCodes(nn.Module):
    """Two layers of shared weights and two dense ones, 9,760 parameters.

    Every unit has a bias of its own, also where weights are shared. activation: of the hidden
    layers. output: `tanh` or `linear`. bound: of the uniform initial weights, 2.4 by the `root` of
    the fan-in or by the fan-in itself (`plain`): the printed formula can be read either way.
    planes: of SCHEMES. dropout: before the dense hidden layer.
    """

    def __init__(self, inputs, outputs, activation, output, bound, planes, dropout):
        super().__init__()

        def drawn(*shape, fan_in):
            most = 2.4 / (fan_in**0.5 if bound == "root" else fan_in)
            return nn.Parameter(torch.empty(shape).uniform_(-most, most))

        self.activation, self.output = ACTIVATIONS[activation], output
        self.h1 = drawn(12, 1, 5, 5, fan_in=25)
        self.h1_bias = nn.Parameter(torch.zeros(12, 8, 8))
        self.h2 = drawn(12, 8, 5, 5, fan_in=200)
        self.h2_bias = nn.Parameter(torch.zeros(12, 4, 4))
        self.h3 = drawn(192, 30, fan_in=192)
        self.h3_bias = nn.Parameter(torch.zeros(30))
        self.out = drawn(30, outputs, fan_in=30)
        self.out_bias = nn.Parameter(torch.full((outputs,), -1.0))
        seen = torch.tensor(SCHEMES[planes]).view(12, 8, 1, 1).expand(12, 8, 5, 5).contiguous()
        self.register_buffer("seen", seen)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = F.conv2d(F.pad(x, [2] * 4, value=PAPER), self.h1, stride=2)
        x = self.activation(x + self.h1_bias)
        # The four planes that a plane of the second layer does not see have weights of zero.
        weights = torch.zeros(12, 12, 5, 5).scatter(1, self.seen, self.h2)
        x = F.conv2d(F.pad(x, [2] * 4, value=PAPER), weights, stride=2)
        x = self.activation(x + self.h2_bias).flatten(1)
        x = self.activation(self.dropout(x) @ self.h3 + self.h3_bias)
        x = x @ self.out + self.out_bias
        return torch.tanh(x) if self.output == "tanh" else x
