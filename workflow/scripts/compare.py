"""Rule compare: two results folders in, one HTML file out that says what changed."""

from pathlib import Path

from tunebook.facts import facts
from tunebook.jobs import job, written
from tunebook.report.compare import compare, render_comparison

with job(snakemake.log[0], snakemake.input, code=snakemake.params.code):
    found = compare(Path(snakemake.output[0]).parent, snakemake.params.against)
    page = render_comparison(found, facts("."), Path(snakemake.input.templates[0]).parent)
    with written(snakemake.output[0]) as beside:
        Path(beside).write_text(page, encoding="utf-8")
    counted = ("flipped", "moved", "changed", "added", "removed")
    print(", ".join(f"{len(found[what])} {what}" for what in counted))
