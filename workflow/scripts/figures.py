"""Draw every figure of the study from its tables.

One job draws them all, since starting Python with matplotlib takes longer than a figure does.
"""

from pathlib import Path

from tunebook.claims.read import load_claims
from tunebook.evidence.tables import read_results
from tunebook.figures.draw import save
from tunebook.jobs import job

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    results = read_results(Path(snakemake.input.runs).parent, snakemake.input.provenance)
    claims = load_claims(*snakemake.input.claims)
    for name, spec in snakemake.params.figures.items():
        save(name, spec, results, Path(snakemake.output[0]).parent, claims)
        print(name)
