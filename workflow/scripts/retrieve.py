"""Bring the raw files of one dataset into resources/, and the record of them beside them."""

from pathlib import Path

from tunebook.data.fetch import retrieve
from tunebook.jobs import job, write_json

with job(snakemake.log[0], outputs=snakemake.output) as console:

    def warn(message):
        for stream in (None, console):  # the log, and the console: a stand-in is never silent
            print(f"WARNING: {message}", file=stream, flush=True)

    output = snakemake.output.record
    record = retrieve(
        snakemake.params.name,
        snakemake.params.dataset,
        Path(output.removesuffix(".retrieved.json")),
        study=snakemake.params.study,
        # Mirrors are named from the project's folder, wherever the workflow runs.
        base=Path(__file__).resolve().parents[2],
        # Not a parameter of the rule: another time-out must not retrieve again.
        settings=snakemake.config.get("data", {}),
        # With --force only this is done; the next call trains if the files are others now.
        retry=f"snakemake --force {output}, and then as before",
        warn=warn,
    )
    write_json(output, record)
    for file in record["files"]:
        print(f"{file['name']}: {record['kind']}, from {file['address']}")
