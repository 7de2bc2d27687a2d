"""Rule pdf: the report in, the same printed to A4 out."""

from tunebook.jobs import job, written
from tunebook.report.pdf import print_pdf

with job(snakemake.log[0], snakemake.input, code=snakemake.params.code) as console:
    with written(snakemake.output[0]) as beside:
        print_pdf(snakemake.input.report, beside)
    print(f"The report on paper is at {snakemake.output[0]}", file=console)
