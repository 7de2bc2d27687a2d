"""Join what was found of a dataset's files with what the configuration says of it."""

from tunebook.jobs import job, read_json, write_json

with job(snakemake.log[0], snakemake.input, snakemake.output):
    provenance = read_json(snakemake.input[0])
    if provenance["kind"] == "real":  # a stand-in tells of itself
        provenance |= snakemake.params.about
    write_json(snakemake.output[0], provenance)
