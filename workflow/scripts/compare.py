"""Rule compare: two results folders in, one HTML file out that says what changed."""

from pathlib import Path

from tunebook.claims import load_claims
from tunebook.comparison import compare
from tunebook.facts import facts
from tunebook.jobs import job, written
from tunebook.report import render_comparison

with job(snakemake.log[0], snakemake.input):
    found = compare(
        Path(snakemake.output[0]).parent,
        snakemake.params.against,
        load_claims(snakemake.input.claims),
    )
    page = render_comparison(found, facts("."), Path(snakemake.input.templates[0]).parent)
    with written(snakemake.output[0]) as beside:
        Path(beside).write_text(page, encoding="utf-8")
    print(
        f"{len(found['flipped'])} verdicts flipped, {len(found['moved'])} metrics moved, "
        f"{len(found['changed'])} configurations changed, {len(found['added'])} added, "
        f"{len(found['removed'])} removed"
    )
