"""Rule report: tables, figures, claims and the article in, one HTML file out that opens offline.

Beside it, the picture that stands for it where its address is shared.
"""

from pathlib import Path

from tunebook.claims.read import load_claims
from tunebook.facts import facts
from tunebook.jobs import job, written
from tunebook.report.page import render_report
from tunebook.report.picture import render_picture

with job(snakemake.log[0], snakemake.input, code=snakemake.params.code) as console:
    page = render_report(
        results=Path(snakemake.output[0]).parent,
        article=next(iter(snakemake.input.article), None),
        claims=load_claims(*snakemake.input.claims),
        figures=snakemake.params.figures,
        configuration=snakemake.params.configuration,
        provenance=snakemake.input.provenance,
        facts=facts("."),
        templates=Path(snakemake.input.templates[0]).parent,
    )
    configuration = snakemake.params.configuration
    picture = render_picture(Path(snakemake.output[0]).parent, configuration["study"]["title"])
    with written(snakemake.output[0]) as beside:
        Path(beside).write_text(page, encoding="utf-8")
    with written(snakemake.output.picture) as beside:
        Path(beside).write_bytes(picture)
    print(f"{snakemake.output[0]}: {len(page.encode()) / 1e6:.1f} MB")
    print(f"The report is at {snakemake.output[0]}", file=console)
