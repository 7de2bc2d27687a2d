import torch


class Layered(torch.nn.Module):
    def __init__(self, inputs, outputs, units):
        super().__init__()
        width = inputs if isinstance(inputs, int) else inputs[0] * inputs[1] * inputs[2]
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(width, units),
            torch.nn.BatchNorm1d(units),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.1),
            torch.nn.Linear(units, outputs),
        )

    def forward(self, x):
        return self.layers(x)
