"""One step of an optimizer on all trainable numbers of a network, which lie in one vector.

The arithmetic is PyTorch's, by the functions behind its optimizer classes. The classes themselves
are left alone: making one imports PyTorch's compiler, which takes a second of every job.
"""

from functools import partial

import torch
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd


def make_step(configuration, values, gradients):
    """A function without arguments that makes one step of the configuration's optimizer.

    values, gradients: vectors of one length; a step reads the second and changes the first.
    """
    c = configuration
    common = {"lr": c["learning_rate"], "weight_decay": c["weight_decay"], "maximize": False}

    def zeros():
        return [torch.zeros_like(values)]

    if c["optimizer"] in ("adam", "adamw"):
        return partial(
            adam if c["optimizer"] == "adam" else adamw,
            *([values], [gradients], zeros(), zeros(), [], [torch.zeros(())]),
            **common,
            beta1=c["beta1"],
            beta2=c["beta2"],
            eps=c["epsilon"],
            fused=True,
            amsgrad=False,
        )
    if c["optimizer"] == "rmsprop":
        return partial(
            rmsprop,
            *([values], [gradients], zeros(), [], [], [torch.zeros(())]),
            **common,
            alpha=c["alpha"],
            eps=c["epsilon"],
            momentum=0,
            centered=False,
            foreach=False,
        )
    return partial(
        sgd,
        *([values], [gradients], [None]),
        **common,
        momentum=c.get("momentum", 0.0),
        dampening=0,
        nesterov=False,
        fused=True,
    )
