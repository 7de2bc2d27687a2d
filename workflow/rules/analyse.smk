# Evaluation opens the test part for the first time; tables and figures follow from it.


rule evaluate:
    input:
        records=lambda w: records(STUDY.problem_runs(w.problem)),
        weights=lambda w: blocks(STUDY.problem_runs(w.problem), "weights.safetensors"),
        choice=rules.choose.output[0],
        development=lambda w: prepared(
            w.problem, "development", range(STUDY.replicates(w.problem))
        ),
        test=lambda w: prepared(w.problem, "test", range(STUDY.replicates(w.problem))),
        library=library("evaluate"),
    output:
        metrics=f"{RESULTS}/evaluation/{{problem}}/metrics.csv",
        predictions=f"{RESULTS}/evaluation/{{problem}}/predictions.parquet",
        misread=f"{RESULTS}/evaluation/{{problem}}/misread.parquet",
    log:
        "logs/evaluate/{problem}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        features=lambda w: features(STUDY, w.problem),
        predictions=lambda w: predicted_runs(STUDY, w.problem),
    script:
        "../scripts/evaluate.py"


rule gather:
    input:
        records=records(STUDY.runs.values()),
        history=blocks(STUDY.runs.values(), "history.csv"),
        choices=expand(rules.choose.output[0], problem=STUDY.problems),
        metrics=expand(f"{RESULTS}/evaluation/{{p}}/metrics.csv", p=STUDY.problems),
        predictions=expand(
            f"{RESULTS}/evaluation/{{p}}/predictions.parquet", p=STUDY.problems
        ),
        misread=expand(f"{RESULTS}/evaluation/{{p}}/misread.parquet", p=STUDY.problems),
        library=library("gather"),
    output:
        runs=report(
            f"{RESULTS}/runs.csv",
            category="Tables",
            labels={"table": "Every run and replicate"},
            caption="../../report/captions/runs.rst",
        ),
        history=f"{RESULTS}/history.parquet",
        cost=f"{RESULTS}/cost.csv",
        best=f"{RESULTS}/best.json",
        sweeps=f"{RESULTS}/sweeps.csv",
        predictions=f"{RESULTS}/predictions.parquet",
        misread=f"{RESULTS}/misread.parquet",
    log:
        "logs/gather/tables.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        rows=STUDY.rows(),
        sweeps=STUDY.sweeps,
    script:
        "../scripts/gather.py"


rule baselines:
    input:
        development=[
            path
            for p in STUDY.problems
            for path in prepared(p, "development", range(STUDY.replicates(p)))
        ],
        test=[
            path
            for p in STUDY.problems
            for path in prepared(p, "test", range(STUDY.replicates(p)))
        ],
        library=library("baselines"),
    output:
        report(
            f"{RESULTS}/baselines.csv",
            category="Tables",
            labels={"table": "Standard methods on the same splits"},
            caption="../../report/captions/baselines-table.rst",
        ),
    log:
        "logs/baselines/baselines.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        splits=baseline_splits(STUDY),
    script:
        "../scripts/baselines.py"


rule claims:
    input:
        claims=STUDY.configuration["claims"]["file"],
        runs=rules.gather.output.runs,
        history=rules.gather.output.history,
        cost=rules.gather.output.cost,
        timing=rules.timing.output[0],
        provenance=[f"resources/{PROBLEM_DATASETS[p]}.json" for p in STUDY.problems],
        library=library("claims"),
    output:
        report(
            f"{RESULTS}/claims.csv",
            category="Tables",
            labels={"table": "Every statement and its verdict"},
            caption="../../report/captions/claims.rst",
        ),
    log:
        "logs/claims/claims.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        problems=STUDY.problems,
        missing=STUDY.configuration["claims"]["when_runs_are_missing"],
    script:
        "../scripts/claims.py"


rule figures:
    input:
        runs=rules.gather.output.runs,
        history=rules.gather.output.history,
        sweeps=rules.gather.output.sweeps,
        predictions=rules.gather.output.predictions,
        misread=rules.gather.output.misread,
        best=rules.gather.output.best,
        timing=rules.timing.output[0],
        baselines=rules.baselines.output[0],
        library=library("figures", "figures"),
    output:
        svg=[
            report(
                f"{RESULTS}/figures/{figure.name}.svg",
                category="Figures",
                subcategory=f"Section {figure.section}",
                labels={"figure": figure.title},
                caption=f"../../report/captions/{figure.name}.rst",
            )
            for figure in FIGURES.values()
        ],
        numbers=[f"{RESULTS}/figures/{name}.csv" for name in FIGURES],
        about=[f"{RESULTS}/figures/{name}.json" for name in FIGURES],
    log:
        "logs/figures/figures.log",
    conda:
        "../envs/tunebook.yaml"
    script:
        "../scripts/figures.py"
