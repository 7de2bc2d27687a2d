# Raw data, verified; then one split a replicate, test rows apart from the rest.

for dataset in sorted(set(PROBLEM_DATASETS.values())):

    rule:
        name:
            f"retrieve_{dataset}"
        output:
            provenance=f"resources/{dataset}.json",
            files=[f"resources/{dataset}/{name}" for name in DATASET_FILES[dataset]],
        log:
            f"logs/retrieve/{dataset}.log",
        priority: FIRST
        conda:
            "../envs/tunebook.yaml"
        params:
            dataset=dataset,
        script:
            "../scripts/retrieve.py"


rule prepare:
    input:
        raw=lambda w: raw_files(w.problem),
        # Its date says nothing: it vouches for the raw files, which are inputs themselves.
        provenance=ancient(lambda w: f"resources/{PROBLEM_DATASETS[w.problem]}.json"),
        library=library("prepare"),
    output:
        development=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/development.npz",
        test=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/test.npz",
    log:
        "logs/prepare/{problem}-replicate-{replicate}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        split=lambda w: STUDY.configuration["problems"][w.problem]["split"],
        features=lambda w: features(STUDY, w.problem),
        seed=lambda w: seeds(STUDY, w.problem, [int(w.replicate)])[0],
    script:
        "../scripts/prepare.py"
