"""Rule report: tables, figures and facts in, one HTML file out that opens offline."""

from pathlib import Path

from tunebook.claims import load_claims
from tunebook.facts import facts
from tunebook.files import written
from tunebook.jobs import job
from tunebook.report import render_report
from tunebook.workflow import plain

with job(snakemake.log[0]):
    page = render_report(
        results=snakemake.params.results,
        resources=snakemake.params.resources,
        claims=load_claims(snakemake.input.claims),
        config=plain(snakemake.config),
        facts=facts("."),
        templates=snakemake.params.templates,
    )
    with written(snakemake.output[0]) as beside:
        Path(beside).write_text(page, encoding="utf-8")
    print(f"{snakemake.output[0]}: {len(page.encode()) / 1e6:.1f} MB")
