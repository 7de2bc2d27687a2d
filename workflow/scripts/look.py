"""Judge the claims with what is trained so far, and ask for more replicates where they are open."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tunebook.claims import judge_claims, load_claims
from tunebook.claims.looks import look
from tunebook.evidence.gather import gather
from tunebook.evidence.tables import read_results
from tunebook.jobs import job, write_json

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code) as console:
    said = snakemake.params
    with TemporaryDirectory() as folder:
        gather(Path(folder), said.rows, said.study, snakemake.input)
        shutil.copy2(snakemake.input.timing, folder)
        results = read_results(folder, snakemake.input.provenance)
        judged = judge_claims(load_claims(*snakemake.input.claims), results)
    found = look(judged, results.study["looks"], said.runs, results.cost)
    for piece in found["open"]:
        print(piece)
    print(f"Look {snakemake.wildcards.look} at the claims: {found['why']}", file=console)
    write_json(snakemake.output[0], found)
