"""Run one script of the workflow as a Snakemake job would, and say what it took.

    python run_script.py SCRIPT VALUES.json

VALUES: {input, output, params, wildcards: {name: value}, log}. Prints the seconds from the start
of the script and the peak memory in bytes, as JSON.
"""

import json
import runpy
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from common import peak_memory


class Files(list):
    """Paths in one list, those of a name also as an attribute and by that name in brackets."""

    def __init__(self, named):
        for paths in named.values():
            self.extend(paths if isinstance(paths, list) else [paths])
        self.__dict__.update(named)

    def __getitem__(self, key):
        return self.__dict__[key] if isinstance(key, str) else super().__getitem__(key)


values = json.loads(Path(sys.argv[2]).read_text())
job = SimpleNamespace(
    input=Files(values["input"]),
    output=Files(values["output"]),
    params=SimpleNamespace(**values["params"]),
    wildcards=SimpleNamespace(**values["wildcards"]),
    log=[values["log"]],
    threads=1,
)
started = time.perf_counter()
runpy.run_path(sys.argv[1], init_globals={"snakemake": job})
print(json.dumps({"seconds": time.perf_counter() - started, "peak": peak_memory()}))
