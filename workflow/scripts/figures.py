"""Draw every figure of the report from the study's tables.

One job draws them all, since starting Python with matplotlib takes longer than a figure does.
"""

from pathlib import Path

from tunebook.figures import save
from tunebook.figures.tables import read
from tunebook.jobs import job

NAMES = (
    "runs", "history", "sweeps", "best", "predictions", "misread", "timing", "baselines",
)  # fmt: skip

with job(snakemake.log[0], snakemake.input, snakemake.output):
    tables = read(**{name: snakemake.input[name] for name in NAMES})
    for path in map(Path, snakemake.output.svg):
        save(path.stem, tables, path.parent)
        print(path.name)
