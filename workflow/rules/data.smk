# Raw data, verified; then one split a replicate, test rows apart from the rest.

for dataset in DATASETS:

    rule:
        name:
            f"retrieve_{dataset}"
        input:
            local_files(DATASETS[dataset], STUDY.folder),
        output:
            record=f"resources/{dataset}.retrieved.json",
            files=raw_files(dataset),
        log:
            f"{LOGS}/retrieve/{dataset}.log",
        priority: FIRST
        # On a cluster, only the machine that starts the jobs is sure to reach the network.
        localrule: True
        conda:
            "../envs/tunebook.yaml"
        params:
            name=dataset,
            dataset=fetching(DATASETS[dataset]),
            study=str(STUDY.folder),
        script:
            "../scripts/retrieve.py"


# Apart from the files, so that another citation trains nothing again.
rule provenance:
    input:
        "resources/{dataset}.retrieved.json",
    output:
        "resources/{dataset}.json",
    log:
        f"{LOGS}/provenance/{{dataset}}.log",
    wildcard_constraints:
        dataset="|".join(DATASETS),
    localrule: True
    conda:
        "../envs/tunebook.yaml"
    params:
        about=lambda w: chosen(DATASETS[w.dataset], *ABOUT),
    script:
        "../scripts/provenance.py"


# One replicate by itself, where the others are there already.
rule prepare:
    input:
        raw=lambda w: raw_files(STUDY.dataset(w.problem)),
    output:
        development=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/development.npz",
        test=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/test.npz",
    log:
        f"{LOGS}/prepare/{{problem}}-replicate-{{replicate}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        problem=lambda w: w.problem,
        said=lambda w: preparing(
            DATASETS[STUDY.dataset(w.problem)], PROBLEMS[w.problem]
        ),
        seed=STUDY.configuration["study"]["seed"],
        # Given by a function of the output, which Snakemake makes no note of: these follow from the
        # seed, and so it makes no difference which replicates were prepared together.
        seeds=lambda w, output: seeds(STUDY, w.problem, [int(w.replicate)]),
        code=code("prepare"),
    script:
        "../scripts/prepare.py"


PREPARED_TOGETHER = unprepared()
workflow.ruleorder(
    *[f"prepare_together_{problem}" for problem in PREPARED_TOGETHER], "prepare"
)

# Several replicates that are not there yet: the raw data are read once for all.
for problem, replicates in PREPARED_TOGETHER.items():

    rule:
        name:
            f"prepare_together_{problem}"
        input:
            raw=raw_files(STUDY.dataset(problem)),
        output:
            development=prepared(problem, "development", replicates),
            test=prepared(problem, "test", replicates),
        log:
            f"{LOGS}/prepare/{problem}.log",
        priority: FIRST
        conda:
            "../envs/tunebook.yaml"
        params:
            problem=problem,
            said=preparing(DATASETS[STUDY.dataset(problem)], PROBLEMS[problem]),
            seed=STUDY.configuration["study"]["seed"],
            seeds=lambda w, output, problem=problem, replicates=replicates: seeds(
                STUDY, problem, replicates
            ),
            code=code("prepare"),
        script:
            "../scripts/prepare.py"
