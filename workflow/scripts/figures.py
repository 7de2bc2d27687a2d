"""Rule figures: draw every figure of the report from the study's tables.

One job draws them all, since starting Python with matplotlib takes longer than a figure does.
"""

from pathlib import Path

from tunebook.figures import save
from tunebook.figures.tables import read

tables = read(**{name: snakemake.input[name] for name in (
    "runs", "history", "sweeps", "best", "predictions", "misread", "timing", "baselines",
)})  # fmt: skip

for path in map(Path, snakemake.output.svg):
    save(path.stem, tables, path.parent)
