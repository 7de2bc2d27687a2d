"""What Tunebook is measured against: a training loop as a student of PyTorch writes it.

torch.nn layers, a TensorDataset behind a shuffling DataLoader, the optimizer as it comes, one
network at a time, losses summed with `.item()`, validation after every epoch.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def network(configuration, features, outputs):
    """The configuration's network as an nn.Sequential."""
    layers, dropout = [], configuration["dropout"]

    def end_hidden(*more):
        layers.extend([nn.ReLU(), *more])
        if dropout:
            layers.append(nn.Dropout(dropout))

    if configuration["model"] == "convolutional":
        fan_in, side = 1, int(features**0.5)
        kernel, padding = configuration["kernel"], configuration["padding"]
        layers.append(nn.Unflatten(1, (1, side, side)))
        for channels in configuration["channels"]:
            layers.append(nn.Conv2d(fan_in, channels, kernel, padding=padding))
            end_hidden(nn.MaxPool2d(configuration["pooling"]))
            fan_in = channels
            side = (side + 2 * padding - kernel + 1) // configuration["pooling"]
        layers.append(nn.Flatten())
        features = fan_in * side * side
    for width in configuration["widths"]:
        layers.append(nn.Linear(features, width))
        end_hidden()
        features = width
    layers.append(nn.Linear(features, outputs))
    return nn.Sequential(*layers)


def criterion(configuration):
    """The configuration's loss of a batch, a function of outputs and targets."""
    if configuration["loss"] == "gaussian":
        likelihood = nn.GaussianNLLLoss()
        return lambda outputs, y: likelihood(
            outputs[:, :1], y, nn.functional.softplus(outputs[:, 1:])
        )
    return nn.CrossEntropyLoss() if configuration["loss"] == "cross-entropy" else nn.MSELoss()


def train(configuration, train_data, validation_data, outputs, after_epoch):
    """Train for the configured epochs with Adam; data are pairs of tensors.

    after_epoch is called with nothing after each epoch. Returns the last validation loss.
    """
    batch = configuration["batch_size"]
    loader = DataLoader(TensorDataset(*train_data), batch_size=batch, shuffle=True)
    validation_loader = DataLoader(TensorDataset(*validation_data), batch_size=batch)
    model = network(configuration, train_data[0].shape[1], outputs)
    loss_function = criterion(configuration)
    optimizer = torch.optim.Adam(model.parameters(), lr=configuration["learning_rate"])
    classes = not train_data[1].is_floating_point()
    for _ in range(configuration["epochs"]):
        model.train()
        train_loss = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(x)
        model.eval()
        validation_loss, right = 0.0, 0
        with torch.no_grad():
            for x, y in validation_loader:
                output = model(x)
                validation_loss += loss_function(output, y).item() * len(x)
                if classes:
                    right += (output.argmax(1) == y).sum().item()
        validation_loss /= len(validation_data[0])
        after_epoch()
    return validation_loss
