"""Bring the raw files of one dataset into resources/, and their provenance beside them."""

from pathlib import Path

from tunebook.datasets import retrieve
from tunebook.jobs import job, write_json

with job(snakemake.log[0], outputs=snakemake.output) as console:

    def warn(message):
        for stream in (None, console):  # the log, and the console: a stand-in is never silent
            print(f"WARNING: {message}", file=stream, flush=True)

    provenance_file = snakemake.output.provenance
    provenance = retrieve(
        dataset=snakemake.params.dataset,
        folder=Path(provenance_file).with_suffix(""),
        # Mirrors are named from the project's folder, wherever the workflow runs.
        base_folder=Path(__file__).resolve().parents[2],
        retry=f"snakemake --forcerun {provenance_file}",
        warn=warn,
        # Not a parameter of the rule: another time-out must not retrieve again, and so retrain.
        **snakemake.config["data"],
    )
    write_json(provenance_file, provenance)
    for file in provenance["files"]:
        print(f"{file['name']}: {provenance['kind']}, from {file['address']}")
