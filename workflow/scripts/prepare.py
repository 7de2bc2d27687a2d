"""Split raw data, read once, for some replicates: development and test rows apart."""

from tunebook.data.encode import replicate
from tunebook.data.guess import PIXEL
from tunebook.data.prepare import save
from tunebook.data.readers import read
from tunebook.jobs import job

params, output = snakemake.params, snakemake.output
with job(snakemake.log[0], snakemake.input, output, params.code) as console:
    table = read(list(snakemake.input.raw), params.said["dataset"])
    for number, (each, seed) in enumerate(params.seeds.items()):
        said = params.said["problem"]
        made = replicate(table, params.problem, said, params.said["dataset"], seed)
        print(f"replicate {each}")
        for warning in made.warnings:
            print(f"WARNING: {warning}")
            if each == 0:  # once on the console, of each in the log
                print(f"WARNING: {params.problem}: {warning}", file=console, flush=True)
        for column in made.columns:
            if column.why != PIXEL:
                print(f"{column.name}: {column.type} ({column.why})")
        print("rows:", {name: len(rows) for name, rows in (made.development | made.test).items()})
        # The development files come first, then those of test rows.
        save(output[number], made.development, made.record)
        save(output[len(params.seeds) + number], made.test, made.record)
