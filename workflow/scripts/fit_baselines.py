"""Fit the baselines of a problem on the splits of some replicates: prepared arrays in, rows out."""

import pandas as pd
from threadpoolctl import threadpool_limits

from tunebook.data.prepare import load
from tunebook.jobs import job, write_csv
from tunebook.learn.baselines import fit_baselines

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    threadpool_limits(1)
    said, rows = snakemake.params, []
    paths = zip(snakemake.input.development, snakemake.input.test, strict=True)
    for (replicate, seed), pair in zip(said.seeds.items(), paths, strict=True):
        (development, record), (test, _) = map(load, pair)
        for row in fit_baselines(said.problem, said.settings, development | test, record, seed):
            known = {"problem": row.pop("problem"), "baseline": row.pop("baseline")}
            rows.append(known | {"replicate": replicate} | row)
            print(rows[-1])
    write_csv(pd.DataFrame(rows), snakemake.output[0])
