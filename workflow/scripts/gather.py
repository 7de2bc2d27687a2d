"""Gather what the jobs left into the tables that figures, claims and report read."""

from pathlib import Path

import pandas as pd

from tunebook.data.prepare import load
from tunebook.evidence import tables
from tunebook.evidence.importance import importance_table
from tunebook.jobs import job, read_json, write_csv, write_json, write_parquet
from tunebook.learn.blocks import read_record

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    study, rows, out = snakemake.params.study, snakemake.params.rows, snakemake.output
    evaluated = [pd.read_csv(path) for path in snakemake.input.metrics]
    write_csv(tables.runs_table(rows, evaluated, study), out.runs)

    records = [read_record(path) for path in snakemake.input.records]
    histories = map(pd.read_csv, snakemake.input.history)
    blocks = zip(records, histories, strict=True)
    write_parquet(tables.history_table(blocks), out.history)
    write_csv(tables.cost_table(records), out.cost)

    for name in ("rows", "predictions", "misread"):
        frames = [pd.read_parquet(path) for path in snakemake.input[name]]
        write_parquet(tables.joined(frames), out[name])

    prepared = {}
    pairs = zip(snakemake.input.development, snakemake.input.test, strict=True)
    for problem, paths in zip(study["problems"], pairs, strict=True):
        (development, record), (test, _) = map(load, paths)
        arrays = development | test
        counts = {split: len(arrays[f"{split}_y"]) for split in ("train", "validation", "test")}
        prepared[problem] = record, counts
    choices = {choice.pop("problem"): choice for choice in map(read_json, snakemake.input.choices)}
    write_json(out.study, tables.study_record(study, prepared, choices))

    results = tables.read_results(Path(out.runs).parent)
    write_csv(importance_table(results), out.importance)
