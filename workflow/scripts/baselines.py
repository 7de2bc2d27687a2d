"""Fit the baselines on the splits of every replicate: prepared arrays in, baselines.csv out."""

import pandas as pd

from tunebook.baselines import fit_baselines
from tunebook.jobs import job
from tunebook.problems import load_arrays
from tunebook.tables import write_csv

with job(snakemake.log[0], snakemake.input, snakemake.output):
    rows = []
    paths = zip(snakemake.input.development, snakemake.input.test, strict=True)
    splits = zip(snakemake.params.splits, paths, strict=True)
    for (problem, replicate, seed), (development, test) in splits:
        arrays = load_arrays(development) | load_arrays(test)
        for row in fit_baselines(problem, **arrays, seed=seed):
            rows.append({"problem": row.pop("problem"), "baseline": row.pop("baseline")})
            rows[-1] |= {"replicate": replicate} | row
            print(rows[-1])
    write_csv(pd.DataFrame(rows), snakemake.output[0])
