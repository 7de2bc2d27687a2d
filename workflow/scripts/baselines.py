"""Gather what the baselines reach on each split, as it was measured, into one table."""

import pandas as pd

from tunebook.jobs import job, write_csv

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    # As texts, which are written as they are read.
    read = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input.fitted]
    none = pd.DataFrame(columns=["problem", "baseline", "replicate"])
    write_csv(pd.concat(read or [none]), snakemake.output[0])
