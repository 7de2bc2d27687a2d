"""Time single runs with the machine to themselves: one replicate, one thread, nothing beside it."""

import pandas as pd

from tunebook.data.prepare import load
from tunebook.jobs import job, write_csv
from tunebook.learn import training

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    training.one_thread(snakemake.params.products)
    paths = zip(snakemake.params.problems, snakemake.input.development, strict=True)
    prepared = {problem: load(path) for problem, path in paths}
    rows = []
    # Repetitions go round all runs, so that a slow minute of the machine hits each of them alike.
    for repetition in range(snakemake.params.repetitions):
        for run in snakemake.params.runs:
            problem = run["configuration"]["problem"]
            seconds = training.time_epochs(
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
                    "seconds_per_epoch": sum(seconds) / len(seconds),
                }
            )
            print(rows[-1])
    columns = ["run", "sweeps", "problem", "repetition", "seconds_per_epoch"]
    write_csv(pd.DataFrame(rows, columns=columns), snakemake.output[0])
