"""Where the time of an epoch goes, by kind of operation, from PyTorch's own profiler."""

import time

import networks
from torch.profiler import profile

from tunebook import training

KINDS = {
    "products": ["aten::bmm", "aten::baddbmm"],
    "convolutions": ["aten::mkldnn_convolution", "aten::convolution_backward"],
    "pooling": ["aten::max_pool2d_with_indices", "aten::max_pool2d_with_indices_backward",
                "aten::fill_"],
    "optimizer": ["aten::_fused_adam_"],
    "chance": ["aten::uniform_", "aten::randperm"],
}  # fmt: skip
REST = "the rest"


def shares(case, count, quick):
    """{kind: share of an epoch of `count` replicates}; the rest, Python's part included, too.

    All times are taken under the profiler, which slows down what comes between operations: the rest
    is somewhat less in truth.
    """
    data = networks.replicates(case.problem, count, quick)
    trainer = training.Trainer(case.configuration(1), data, list(range(count)))
    trainer.epoch()
    with profile() as profiled:
        started = time.perf_counter()
        for _ in range(2 if quick or case.problem == "digits" else 20):
            trainer.epoch()
        whole = time.perf_counter() - started
    seconds = {event.key: event.self_cpu_time_total / 1e6 for event in profiled.key_averages()}
    found = {
        kind: sum(seconds.get(name, 0) for name in names) / whole for kind, names in KINDS.items()
    }
    return found | {REST: 1 - sum(found.values())}
