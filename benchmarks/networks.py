"""A network as a study of one's own might bring it."""

import torch
from torch import nn
from torch.nn import functional as F


class ZipCodes(nn.Module):
    """The network of LeCun et al. 1989 for images of 16 x 16: 9,760 parameters.

    Every unit of the two layers of maps has a bias of its own. Each third of the second layer sees
    8 of the 12 maps of the first.
    """

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = nn.Conv2d(inputs[0], 12, 5, stride=2, bias=False)
        self.thirds = nn.ModuleList(nn.Conv2d(8, 4, 5, stride=2, bias=False) for _ in range(3))
        self.first_bias = nn.Parameter(torch.zeros(12, 8, 8))
        self.second_bias = nn.Parameter(torch.zeros(12, 4, 4))
        self.hidden, self.last = nn.Linear(192, 30), nn.Linear(30, outputs)

    def forward(self, x):
        x = torch.tanh(self.first(F.pad(x, [2] * 4, value=-1)) + self.first_bias)
        x = F.pad(x, [2] * 4, value=-1)
        seen = x[:, :8], x[:, 4:], torch.cat([x[:, :4], x[:, 8:]], 1)
        x = torch.cat([third(maps) for third, maps in zip(self.thirds, seen, strict=True)], 1)
        x = torch.tanh(x + self.second_bias).flatten(1)
        return torch.tanh(self.last(torch.tanh(self.hidden(x))))
