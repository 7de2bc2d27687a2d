# Searches: each step proposes points from what validation says of those before, or lets the best of
# them go on; what it asks for is trained, and the next step follows. Included only where a sweep is one.
SEARCHES = {search.folder: search for search in STUDY.searches.values()}
SEARCH = f"{RESULTS}/searches/{{search}}"


def step_file(search, step):
    """What a step of a search leaves; nothing, as a list, where there is none before the first."""
    return [f"{RESULTS}/searches/{search}/step-{step}.json"] * (step >= 0)


def asked_by(search, step):
    """(trial, its Run) of those that a step of a search has asked for; none before the first."""
    if step < 0:
        return []
    path = checkpoints.propose.get(search=search, step=step).output[0]
    sweep = SEARCHES[search].sweep
    return [
        (trial, STUDY.trial(sweep, trial["point"]))
        for trial in going(read_json(path)["trials"])
    ]


def asked_for(search, step):
    """The records of what a step of a search has asked for: of trainings to the end, or up to a rung."""
    found = {}
    for trial, run in asked_by(search, step):
        whole = trial["until"] == run.configuration["epochs"]
        name = "training.json" if whole else f"until-{trial['until']}.json"
        found |= dict.fromkeys(blocks([run], name))
    return list(found)


def names_of(search, step):
    """{number of a trial that a step has asked for: the name of its run}."""
    return {trial["trial"]: run.name for trial, run in asked_by(search, step)}


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
