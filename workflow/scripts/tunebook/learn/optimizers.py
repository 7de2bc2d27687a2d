"""One step of an optimizer on all trainable numbers of a network, which lie in one vector.

The arithmetic is PyTorch's, by the functions that its optimizer classes end in. The classes
themselves are left alone: making one imports PyTorch's compiler, which takes a second of every job,
and what they do before each step takes longer than the step of a small network.
"""

import torch
from torch.optim.rmsprop import rmsprop


class Optimizer:
    """An optimizer of a configuration: called with a learning rate, it makes one step.

    values, gradients: vectors of one length; a step reads the second and changes the first.
    remembered: the tensors by which one step depends on those before it.
    """

    def __init__(self, configuration, values, gradients):
        self.values, self.gradients, self.remembered = [values], [gradients], self.memory(values)
        self.known = {"weight_decay": configuration["weight_decay"], "maximize": False}
        self.known |= self.constants(configuration)


class Adam(Optimizer):
    """Adam, or AdamW, whose weight decay is apart from the gradient (Loshchilov and Hutter)."""

    def memory(self, values):
        return [torch.zeros_like(values), torch.zeros_like(values), torch.zeros(())]

    def constants(self, c):
        self.fused = torch._fused_adam_ if c["optimizer"] == "adam" else torch._fused_adamw_
        return {"beta1": c["beta1"], "beta2": c["beta2"], "eps": c["epsilon"], "amsgrad": False}

    def __call__(self, rate):
        first, second, steps = self.remembered
        steps.add_(1)
        self.fused(
            *(self.values, self.gradients, [first], [second], [], [steps]), lr=rate, **self.known
        )


class RMSprop(Optimizer):
    def memory(self, values):
        return [torch.zeros_like(values), torch.zeros(())]

    def constants(self, c):
        fixed = {"momentum": 0, "centered": False, "foreach": False}
        return {"alpha": c["alpha"], "eps": c["epsilon"]} | fixed

    def __call__(self, rate):
        squares, steps = self.remembered
        rmsprop(*(self.values, self.gradients, [squares], [], [], [steps]), lr=rate, **self.known)


class SGD(Optimizer):
    """Gradient descent, with momentum where there is some, which begins with a gradient."""

    def memory(self, values):
        return [torch.zeros_like(values), torch.zeros(())]

    def constants(self, c):
        return {"momentum": c.get("momentum", 0.0), "dampening": 0.0, "nesterov": False}

    def __call__(self, rate):
        sums, steps = self.remembered
        torch._fused_sgd_(
            *(self.values, self.gradients, [sums] if self.known["momentum"] else []),
            lr=rate,
            is_first_step=not steps,
            **self.known,
        )
        steps.add_(1)


KINDS = {"adam": Adam, "adamw": Adam, "rmsprop": RMSprop, "sgd": SGD, "sgd-momentum": SGD}


def optimizer(configuration, values, gradients):
    """The Optimizer that a configuration asks for."""
    return KINDS[configuration["optimizer"]](configuration, values, gradients)
