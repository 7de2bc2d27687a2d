# Searches: each step proposes points from what validation says of those before, or lets the best of
# them go on; what it asks for is trained, and the next step follows. Included only where a sweep is one.
SEARCH = f"{RESULTS}/searches/{{search}}"


# What is asked of a search, at a place that never changes: Snakemake makes nothing that is missing
# behind what is there, and does not ask what has changed of a job that waits for a checkpoint. This
# one waits for none, and so more trials, or another space, are seen.
rule search:
    output:
        f"{RESULTS}/searches/{{sweep}}.json",
    log:
        f"{LOGS}/searches/{{sweep}}.log",
    wildcard_constraints:
        sweep="|".join(STUDY.searches),
    priority: FIRST
    localrule: True
    conda:
        "../envs/tunebook.yaml"
    params:
        search=lambda w: STUDY.searches[w.sweep].plain(),
        code=code("search"),
    script:
        "../scripts/search.py"


checkpoint propose:
    input:
        before=lambda w: step_file(w.search, int(w.step) - 1),
        records=lambda w: asked_for(w.search, int(w.step) - 1),
    output:
        f"{SEARCH}/step-{{step}}.json",
    log:
        f"{LOGS}/searches/{{search}}-step-{{step}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        search=lambda w: SEARCHES[w.search].meaning,
        points=lambda w: SEARCHES[w.search].proposes(int(w.step)),
        # Given by a function of the output, which Snakemake makes no note of: it follows from the inputs.
        runs=lambda w, output: names_of(w.search, int(w.step) - 1),
        code=code("propose"),
    script:
        "../scripts/propose.py"


checkpoint finalists:
    input:
        search=lambda w: f"{RESULTS}/searches/{SEARCHES[w.search].sweep}.json",
        before=lambda w: step_file(w.search, SEARCHES[w.search].steps - 1),
        records=lambda w: asked_for(w.search, SEARCHES[w.search].steps - 1),
    output:
        f"{SEARCH}/finalists.json",
    log:
        f"{LOGS}/searches/{{search}}-finalists.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        runs=lambda w, output: names_of(w.search, SEARCHES[w.search].steps - 1),
        code=code("finalists"),
    script:
        "../scripts/finalists.py"


# A trial up to a rung: what is trained further goes on from the state that lies beside the record.
use rule train as train_until with:
    output:
        records=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/until-{{epochs}}.json",
    log:
        f"{LOGS}/train/{{run}}-replicates-{{first}}-{{last}}-until-{{epochs}}.log",
