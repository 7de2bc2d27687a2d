"""What made a study: the machine, the versions of its software, the commit of its code."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

PACKAGES = [
    "torch", "numpy", "pandas", "scipy", "scikit-learn", "optuna", "matplotlib", "snakemake",
    "jinja2",
]  # fmt: skip


def facts(root):
    """Everything below as one dictionary, for the project that lies in the folder `root`."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "commit": commit(root),
    }


def machine():
    """{processor, cores, memory_bytes, system}; a value that cannot be found out is None."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory(),
        "system": f"{platform.system()} {platform.release()}".strip() or None,
    }


def processor():
    """The processor's name as its maker gives it, e.g. `Intel(R) Xeon(R) CPU @ 2.20GHz`."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    named = output(["sysctl", "-n", "machdep.cpu.brand_string"])
    return named or platform.processor() or platform.machine() or None


def memory():
    """The machine's memory in bytes, None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def versions():
    """{name: version} of Python and the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(root):
    """{id, changed} of the checkout in `root`; None if it is no checkout or git is not there.

    changed: whether files that git knows differ from that commit.
    """
    identity = output(["git", "-C", str(root), "rev-parse", "HEAD"])
    if not identity:
        return None
    changes = output(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"])
    return {"id": identity, "changed": bool(changes)}


def output(command):
    """What a command prints, without white space at its ends; None if it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
