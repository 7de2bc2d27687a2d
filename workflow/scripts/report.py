"""Rule report: tables, figures and facts in, one HTML file out that opens offline."""

from pathlib import Path

from tunebook.claims import load_claims
from tunebook.facts import facts
from tunebook.jobs import job, written
from tunebook.report import render_report

with job(snakemake.log[0], snakemake.input):
    page = render_report(
        results=Path(snakemake.output[0]).parent,
        provenance=snakemake.input.provenance,
        claims=load_claims(snakemake.input.claims),
        config=snakemake.params.configuration,
        facts=facts("."),
        templates=Path(snakemake.input.templates[0]).parent,
    )
    with written(snakemake.output[0]) as beside:
        Path(beside).write_text(page, encoding="utf-8")
    print(f"{snakemake.output[0]}: {len(page.encode()) / 1e6:.1f} MB")
