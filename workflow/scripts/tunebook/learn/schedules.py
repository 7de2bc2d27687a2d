"""What the learning rate of each step is, as a share of the configured one."""

import math

# Where one cycle begins and ends, as shares of its peak: PyTorch's, which are fastai's.
FIRST, LAST = 1 / 25, 1 / 250_000


def constant(c, t, epoch):
    return 1.0


def linear(c, t, epoch):
    return 1 - t * (1 - c["final_rate"])


def cosine(c, t, epoch):
    """Half a wave (Loshchilov and Hutter 2017, without restarts)."""
    return c["final_rate"] + (1 - c["final_rate"]) * (1 + math.cos(math.pi * t)) / 2


def one_cycle(c, t, epoch):
    """Half a wave up to the peak, half a wave down (Smith and Topin 2018)."""
    peak = c["peak"]
    start, share = (FIRST, t / peak) if t < peak else (LAST, (1 - t) / (1 - peak))
    return start + (1 - start) * (1 - math.cos(math.pi * share)) / 2


def steps(c, t, epoch):
    return c["step_factor"] ** int(epoch / c["step_every"])


SCHEDULES = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "steps": steps,
}


def share(configuration, step, per_epoch):
    """The share of the configured learning rate that a step takes.

    step: from 0, of all in training; per_epoch: how many an epoch has. After a warm-up, in which
    the share rises in equal steps to 1, the schedule has the rest of the training for itself.
    """
    c, total = configuration, configuration["epochs"] * per_epoch
    warm = round(c.get("warmup", 0.0) * per_epoch)
    if step < warm:
        return (step + 1) / (warm + 1)
    return SCHEDULES[c["schedule"]](c, (step - warm) / (total - warm), step / per_epoch)
