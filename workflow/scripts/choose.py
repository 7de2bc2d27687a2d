"""Choose a problem's best configuration by validation alone; no test data can be seen here.

Without a run that leaves rows for validation, none is chosen.
"""

import math

from tunebook.jobs import job, write_json
from tunebook.learn.blocks import choose_best, last_validation, read_record

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    problem, counted = snakemake.wildcards.problem, snakemake.params.counted
    candidates = {}
    for path in snakemake.input.records:
        record = read_record(path)
        run, values = record["run"], last_validation(path, record)
        first, last = counted.get(run, (0, math.inf))
        candidates.setdefault(run, []).extend(
            value
            for replicate, value in zip(record["replicates"], values, strict=True)
            if first <= replicate <= last
        )
    best = {"problem": problem}
    if candidates:
        task, metric = record["configuration"]["task"], record["configuration"]["metric"]
        run, mean = choose_best(candidates, task, metric)
        best |= {
            "run": run,
            "sweep": snakemake.params.sweep,
            "validation_metric_mean": mean if mean == mean else None,
            "candidates": len(candidates),
        }
        print(f"{problem}: {run}, validation {metric} {mean:.6g} of {len(candidates)} runs")
    else:
        print(f"{problem}: none is chosen, since no run leaves rows for validation")
    write_json(snakemake.output[0], best)
