"""Choose a problem's best configuration by validation alone; no test data can be seen here."""

from tunebook.blocks import read_history, read_record
from tunebook.jobs import job, write_json
from tunebook.study import METRICS
from tunebook.tables import choose_best

with job(snakemake.log[0], snakemake.input, snakemake.output):
    problem = snakemake.wildcards.problem
    last = {}
    for path in snakemake.input.records:
        record = read_record(path)
        final = {row["replicate"]: row["validation_metric"] for row in read_history(path)}
        for slot, diverged_at in enumerate(record["diverged_at"]):
            if diverged_at:
                final[record["replicates"][slot]] = float("nan")
        values = last.setdefault(record["run"], (METRICS[problem], []))[1]
        values.extend(final.values())
    run, mean = choose_best(last)
    best = {
        "problem": problem,
        "run": run,
        "sweep": snakemake.params.sweep,
        "validation_metric_mean": mean if mean == mean else None,
        "candidates": len(last),
    }
    write_json(snakemake.output[0], best)
    print(f"{problem}: {run}, validation {METRICS[problem]} {mean:.6g} of {len(last)} runs")
