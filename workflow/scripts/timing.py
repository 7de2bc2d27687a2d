"""Time single runs with the machine to themselves: one replicate, one thread, nothing beside it."""

import pandas as pd

from tunebook.data.prepare import load
from tunebook.jobs import job, write_csv
from tunebook.learn import training
from tunebook.learn.timing import time_alone

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    training.one_thread(snakemake.params.products)
    paths = zip(snakemake.params.problems, snakemake.input.development, strict=True)
    prepared = {problem: load(path) for problem, path in paths}
    rows = []
    # Repetitions go round all runs, so that a slow minute of the machine hits each of them alike.
    for repetition in range(snakemake.params.repetitions):
        for run in snakemake.params.runs:
            problem = run["configuration"]["problem"]
            epoch, prediction = time_alone(
                run["configuration"],
                prepared[problem],
                run["seed"],
                snakemake.params.epochs,
                snakemake.params.folder,
            )
            rows.append(
                {
                    "run": run["run"],
                    "sweeps": run["sweeps"],
                    "problem": problem,
                    "repetition": repetition,
                    "seconds_per_epoch": epoch,
                    "seconds_per_prediction": prediction,
                }
            )
            print(rows[-1])
    columns = ["run", "sweeps", "problem", "repetition"]
    columns += ["seconds_per_epoch", "seconds_per_prediction"]
    write_csv(pd.DataFrame(rows, columns=columns), snakemake.output[0])
