"""Give every claim its verdict: tables in, claims.json and, for people, claims.csv out."""

from pathlib import Path

import pandas as pd

from tunebook.claims import judge_claims, load_claims
from tunebook.claims.judge import COLUMNS, table
from tunebook.evidence.tables import read_results
from tunebook.jobs import job, write_csv, write_json

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    results = read_results(Path(snakemake.input.runs).parent, snakemake.input.provenance)
    judged = judge_claims(load_claims(*snakemake.input.claims), results)
    for each in judged:
        print(f"{each['id']}: {each['verdict']}. {each['why']}")
    write_json(snakemake.output.json, judged)
    write_csv(pd.DataFrame(table(judged), columns=COLUMNS), snakemake.output.csv)
