"""Take one step of a search, from validation alone; no test data can be seen here."""

from tunebook.jobs import job, read_json, write_json
from tunebook.learn.blocks import found_of
from tunebook.search import chain
from tunebook.search.sampling import propose

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params.code):
    said, step = snakemake.params, int(snakemake.wildcards.step)
    search, trials = chain.Search(**said.search, folder="", trials=0), []
    if step:
        found = found_of(snakemake.input.records, said.runs)
        trials = read_json(snakemake.input.before[0])["trials"]
        trials = chain.told(search, step - 1, trials, found)
    generation, _ = search.place(step)
    points = propose(search, generation, trials, said.points) if said.points else []
    trials = chain.asked(search, step, trials, points)
    for trial in chain.going(trials):
        print(f"trial {trial['trial']} until {trial['until']}: {trial['point']}")
    write_json(snakemake.output[0], {"trials": trials})
