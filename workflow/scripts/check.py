"""Hold a finished study against what is written of it; fail with every finding at once."""

from pathlib import Path

from tunebook.checking.findings import findings, summary
from tunebook.claims.read import load_claims
from tunebook.evidence.tables import read_results
from tunebook.jobs import TunebookError, job

with job(snakemake.log[0], snakemake.input, code=snakemake.params.code) as console:
    results = read_results(Path(snakemake.input.runs).parent, snakemake.input.provenance)
    claims = load_claims(*snakemake.input.claims)
    article = next(iter(snakemake.input.article), None)
    if found := findings(results, claims, article):
        many = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        raise TunebookError("\n".join([f"check: {many}:", *found]))
    said = summary(results, claims, article)
    print(said)
    print(said, file=console)
