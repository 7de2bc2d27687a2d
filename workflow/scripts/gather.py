"""Gather what the jobs left into the tables that figures, claims and report read."""

from pathlib import Path

from tunebook.evidence.gather import gather
from tunebook.evidence.importance import importance_table
from tunebook.evidence.tables import read_results
from tunebook.jobs import job, write_csv

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    folder = Path(snakemake.output.runs).parent
    gather(folder, snakemake.params.rows, snakemake.params.study, snakemake.input)
    write_csv(importance_table(read_results(folder)), snakemake.output.importance)
