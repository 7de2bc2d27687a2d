"""Give every statement of the written analysis its verdict: tables in, claims.csv out."""

import pandas as pd

from tunebook.claims import judge_claims, load_claims
from tunebook.jobs import job, read_json
from tunebook.tables import write_csv

TEXT = ("widths", "channels", "batch_size")

with job(snakemake.log[0], snakemake.input, snakemake.output):
    provenance = zip(snakemake.params.problems, snakemake.input.provenance, strict=True)
    kinds = {problem: read_json(path)["kind"] for problem, path in provenance}
    rows = judge_claims(
        load_claims(snakemake.input.claims),
        pd.read_csv(snakemake.input.runs, dtype=dict.fromkeys(TEXT, str)),
        pd.read_parquet(snakemake.input.history),
        pd.read_csv(snakemake.input.timing),
        pd.read_csv(snakemake.input.cost),
        kinds,
        snakemake.params.missing,
    )
    for row in rows:
        print(f"{row['id']}: {row['verdict']}. {row['why']}")
    write_csv(pd.DataFrame(rows), snakemake.output[0])
