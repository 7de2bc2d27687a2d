"""Gather what the jobs left into the tables that figures, claims and report read."""

import pandas as pd

from tunebook import tables
from tunebook.jobs import job, read_json, write_json

with job(snakemake.log[0], snakemake.input, snakemake.output):
    metrics = [pd.read_csv(path) for path in snakemake.input.metrics]
    tables.write_csv(tables.runs_table(snakemake.params.rows, metrics), snakemake.output.runs)
    tables.write_parquet(tables.history_table(snakemake.input.records), snakemake.output.history)
    tables.write_csv(tables.cost_table(snakemake.input.records), snakemake.output.cost)
    tables.write_csv(tables.sweeps_table(snakemake.params.sweeps), snakemake.output.sweeps)
    choices = map(read_json, snakemake.input.choices)
    write_json(snakemake.output.best, {choice.pop("problem"): choice for choice in choices})
    for name in ("predictions", "misread"):
        frames = [frame for path in snakemake.input[name] if len(frame := pd.read_parquet(path))]
        merged = pd.concat(frames) if frames else pd.read_parquet(snakemake.input[name][0])
        tables.write_parquet(merged, snakemake.output[name])
