"""One step of an optimizer on all trainable numbers of a network, which lie in one vector.

The arithmetic is PyTorch's, by the functions that its optimizer classes end in. The classes
themselves are left alone: making one imports PyTorch's compiler, which takes a second of every job,
and what they do before each step takes longer than the step of a small network.
"""

from functools import partial

import torch
from torch.optim.rmsprop import rmsprop


def make_step(configuration, values, gradients):
    """A function without arguments that makes one step of the configuration's optimizer.

    values, gradients: vectors of one length; a step reads the second and changes the first.
    """
    c = configuration
    common = {"lr": c["learning_rate"], "weight_decay": c["weight_decay"], "maximize": False}
    if c["optimizer"] in ("adam", "adamw"):
        return adam_step(c, values, gradients, common)
    if c["optimizer"] == "rmsprop":
        return partial(
            rmsprop,
            *([values], [gradients], [torch.zeros_like(values)], [], [], [torch.zeros(())]),
            **common,
            alpha=c["alpha"],
            eps=c["epsilon"],
            momentum=0,
            centered=False,
            foreach=False,
        )
    return sgd_step(c, values, gradients, common)


def adam_step(c, values, gradients, common):
    """Adam's, or AdamW's, whose weight decay is apart from the gradient (Loshchilov and Hutter)."""
    first, second, steps = torch.zeros_like(values), torch.zeros_like(values), torch.zeros(())
    fused = torch._fused_adam_ if c["optimizer"] == "adam" else torch._fused_adamw_
    lists = [values], [gradients], [first], [second], [], [steps]
    known = {"beta1": c["beta1"], "beta2": c["beta2"], "eps": c["epsilon"], "amsgrad": False}

    def step():
        steps.add_(1)
        fused(*lists, **common, **known)

    return step


def sgd_step(c, values, gradients, common):
    """That of gradient descent, with momentum where there is some, which begins with a gradient."""
    momentum = c.get("momentum", 0.0)
    sums = [torch.zeros_like(values)] if momentum else []
    known = {"momentum": momentum, "dampening": 0.0, "nesterov": False}
    first = True

    def step():
        nonlocal first
        torch._fused_sgd_([values], [gradients], sums, **common, **known, is_first_step=first)
        first = False

    return step
