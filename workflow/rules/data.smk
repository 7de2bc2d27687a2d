# Raw data, verified; then one split a replicate, test rows apart from the rest.

for dataset in sorted(set(PROBLEM_DATASETS.values())):

    rule:
        name:
            f"retrieve_{dataset}"
        output:
            provenance=f"resources/{dataset}.json",
            files=[f"resources/{dataset}/{name}" for name in DATASET_FILES[dataset]],
        params:
            dataset=dataset,
            settings=STUDY.configuration["data"],
        log:
            f"logs/retrieve/{dataset}.log",
        script:
            "../scripts/retrieve.py"


rule prepare:
    input:
        raw=lambda w: raw_files(w.problem),
        library=library("problems", "datasets"),
    output:
        development=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/development.npz",
        test=f"{RESULTS}/prepared/{{problem}}/replicate-{{replicate}}/test.npz",
    params:
        split=lambda w: STUDY.configuration["problems"][w.problem]["split"],
        features=lambda w: features(STUDY, w.problem),
        seed=lambda w: seeds(STUDY, w.problem, [int(w.replicate)])[0],
    log:
        "logs/prepare/{problem}-replicate-{replicate}.log",
    script:
        "../scripts/prepare.py"
