"""What both benchmarks need: the project's folders, the machine in words, measurements on disk."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PACKAGES = ("torch", "numpy", "pandas", "snakemake")


def arguments(description):
    """The command line of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a trial: tiny data, few repetitions")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks", help="folder that the results go to"
    )
    return parser.parse_args()


def environment():
    """The environment of a child: one thread, as a job of the study has."""
    return {**os.environ, **ONE_THREAD}


def spread(values):
    """Median, lowest and highest of repeated measurements."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def peak_memory():
    """The most memory this process ever held, in bytes.

    Linux keeps the peak of this very program; getrusage would pass on that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def processor():
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0].split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def machine():
    """What the numbers were measured on, and when: plain values for the results."""
    busy = os.getloadavg()[0]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "load before the measurement": f"{busy:.2f}",
    }


def keep(folder, name, measured):
    """Keep a benchmark's measurements, then write the results from all that are there."""
    from write_up import write_up

    work = Path(folder) / "work"
    work.mkdir(parents=True, exist_ok=True)
    (work / f"{name}.json").write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    write_up(folder)
