"""Products of matrices, by the faster of the two libraries that NumPy and PyTorch bring.

PyTorch hands products to MKL, NumPy to OpenBLAS. On processors that are not Intel's MKL uses AVX2
where they have AVX-512, and needs longer for small matrices than OpenBLAS does. Both work on the
same memory, so which one is used is a choice for each process. Results differ by rounding.

Which is taken by default follows from the processor's description alone, never from a timing, so
that the same machine always gives the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from ..jobs import TunebookError


@dataclass(frozen=True)
class Library:
    """multiply(a, b, out=c) of matrices [S, n, k] and [S, k, m], as `operand` gives them.

    operand: a tensor as this library reads and writes it: a view, for as long as the tensor lives.
    """

    name: str
    multiply: Callable
    operand: Callable


LIBRARIES = {
    "numpy": Library("numpy", np.matmul, torch.Tensor.numpy),
    "torch": Library("torch", torch.bmm, lambda tensor: tensor),
}
_chosen = LIBRARIES["torch"]


def choose(name="auto"):
    """Let this process take its products from a library of that name; `auto`: see `default`.

    Raises TunebookError for another name.
    """
    global _chosen
    name = default() if name == "auto" else name
    if name not in LIBRARIES:
        raise TunebookError(f"products: found {name!r}; allowed: auto, {', '.join(LIBRARIES)}")
    _chosen = LIBRARIES[name]


def chosen():
    """The Library of this process."""
    return _chosen


def default(description=None):
    """`numpy` on a processor of AMD's with AVX-512 where NumPy has OpenBLAS, else `torch`.

    description: as /proc/cpuinfo gives it; None: of this machine.
    """
    if description is None:
        description = processor()
    words = description.split()
    ours = "AuthenticAMD" in words and "avx512f" in words
    return "numpy" if ours and openblas() else "torch"


@cache
def processor():
    """The first processor's description by Linux; empty elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n", 1)[0]
    except OSError:
        return ""


@cache
def openblas():
    """{version, kernel} of the OpenBLAS that NumPy works with; empty where it has another."""
    from threadpoolctl import threadpool_info

    for found in threadpool_info():
        if found["internal_api"] == "openblas":
            return {"version": found["version"], "kernel": found["architecture"]}
    return {}


def description():
    """What this process multiplies with, as plain values: {library, version, kernel, instructions}.

    instructions: the set that PyTorch uses for all the rest.
    """
    found = {"library": "MKL", "version": "", "kernel": ""}
    if _chosen.name == "numpy":
        found = {"library": "OpenBLAS", **openblas()}
    elif not torch.backends.mkl.is_available():
        found["library"] = "PyTorch's own"
    return found | {"instructions": torch.backends.cpu.get_cpu_capability()}
