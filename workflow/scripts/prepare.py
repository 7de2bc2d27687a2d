"""Split one replicate's raw data: development rows (train, validation) and test rows apart."""

from tunebook.data.encode import replicate
from tunebook.data.guess import PIXEL
from tunebook.data.prepare import save
from tunebook.data.readers import read
from tunebook.jobs import job

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code) as console:
    problem, said = snakemake.wildcards.problem, snakemake.params.said
    table = read(list(snakemake.input.raw), said["dataset"])
    made = replicate(table, problem, said["problem"], said["dataset"], snakemake.params.seed)
    for warning in made.warnings:
        print(f"WARNING: {warning}")
        if snakemake.wildcards.replicate == "0":  # once on the console, in the log of each
            print(f"WARNING: {problem}: {warning}", file=console, flush=True)
    for column in made.columns:
        if column.why != PIXEL:
            print(f"{column.name}: {column.type} ({column.why})")
    print("rows:", {name: len(rows) for name, rows in (made.development | made.test).items()})
    save(snakemake.output.development, made.development, made.record)
    save(snakemake.output.test, made.test, made.record)
