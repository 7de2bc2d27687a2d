"""Write down what is asked of a search, for its last step to go by."""

from tunebook.jobs import job, write_json

with job(snakemake.log[0], outputs=snakemake.output, code=snakemake.params.code):
    write_json(snakemake.output[0], snakemake.params.search)
