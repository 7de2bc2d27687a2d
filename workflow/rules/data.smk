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
        said=lambda w: preparing(
            DATASETS[STUDY.dataset(w.problem)], PROBLEMS[w.problem]
        ),
        seed=lambda w: seeds(STUDY, w.problem, [int(w.replicate)])[0],
        code=code("prepare"),
    script:
        "../scripts/prepare.py"
