"""Name the best trials of a search by validation, which are trained again; no test data here."""

from tunebook.jobs import job, read_json, write_json
from tunebook.learn.blocks import found_of
from tunebook.search import chain

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code) as console:
    search = chain.Search(**read_json(snakemake.input.search))
    found = found_of(snakemake.input.records, snakemake.params.runs)
    trials = read_json(snakemake.input.before[0])["trials"]
    trials = chain.told(search, search.steps - 1, trials, found)
    best = chain.finalists(search, trials)
    print(f"Search {search.sweep}: {len(trials)} trials; trained again: {best}", file=console)
    write_json(snakemake.output[0], {"sweep": search.sweep, "trials": trials, "finalists": best})
