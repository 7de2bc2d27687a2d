# Training: one job a block of replicates of one run. Only development data come in here.


rule train:
    input:
        development=lambda w: prepared(
            STUDY.runs[w.run].problem,
            "development",
            range(int(w.first), int(w.last) + 1),
        ),
    output:
        history=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/history.csv",
        weights=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/weights.safetensors",
        record=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/training.json",
    log:
        f"{LOGS}/train/{{run}}-replicates-{{first}}-{{last}}.log",
    # Long jobs first, so that no core idles at the end.
    priority: lambda w: priority(STUDY, STUDY.runs[w.run], int(w.last) - int(w.first) + 1)
    conda:
        "../envs/tunebook.yaml"
    threads: 1
    params:
        configuration=lambda w: STUDY.runs[w.run].configuration,
        seeds=lambda w: seeds(
            STUDY, STUDY.runs[w.run].problem, range(int(w.first), int(w.last) + 1)
        ),
        folder=lambda w: own_networks(STUDY, STUDY.runs[w.run]),
        code=code("train"),
    script:
        "../scripts/train.py"


rule choose:
    input:
        records=lambda w: records(grid_candidates(STUDY, w.problem)[1]),
        history=lambda w: blocks(grid_candidates(STUDY, w.problem)[1], "history.csv"),
    output:
        f"{RESULTS}/choice/{{problem}}.json",
    log:
        f"{LOGS}/choose/{{problem}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        sweep=lambda w: grid_candidates(STUDY, w.problem)[0],
        code=code("choose"),
    script:
        "../scripts/choose.py"


rule timing:
    input:
        development=[prepared(p, "development", [0])[0] for p in STUDY.problems],
    output:
        report(
            f"{RESULTS}/timing.csv",
            category="Tables",
            labels={"table": "Time of an epoch, alone on the machine"},
            caption="../../report/captions/timing.rst",
        ),
    log:
        f"{LOGS}/timing/timing.log",
    conda:
        "../envs/tunebook.yaml"
    # All cores are taken so that nothing else runs beside it; it uses one.
    threads: workflow.cores or 1
    params:
        problems=STUDY.problems,
        runs=timed_runs(STUDY),
        epochs=STUDY.configuration["timing"]["epochs"],
        repetitions=STUDY.configuration["timing"]["repetitions"],
        folder=own_networks(STUDY, *STUDY.runs.values()),
        code=code("timing"),
    script:
        "../scripts/timing.py"
