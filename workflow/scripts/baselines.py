"""Fit the baselines on the splits of every replicate: prepared arrays in, baselines.csv out."""

import pandas as pd

from tunebook.data.prepare import load
from tunebook.jobs import job, write_csv
from tunebook.learn.baselines import fit_baselines

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    rows = []
    paths = zip(snakemake.input.development, snakemake.input.test, strict=True)
    for (problem, replicate, seed), pair in zip(snakemake.params.splits, paths, strict=True):
        (development, record), (test, _) = map(load, pair)
        settings = snakemake.params.problems[problem]
        for row in fit_baselines(problem, settings, development | test, record, seed):
            known = {"problem": row.pop("problem"), "baseline": row.pop("baseline")}
            rows.append(known | {"replicate": replicate} | row)
            print(rows[-1])
    first = ["problem", "baseline", "replicate"]
    table = pd.DataFrame(rows, columns=None if rows else first)
    write_csv(table, snakemake.output[0])
