# Evaluation opens the test part for the first time; tables and figures follow from it.


rule evaluate:
    input:
        records=lambda w: records(STUDY.problem_runs(w.problem)),
        best=rules.choose.output,
        development=lambda w: prepared(
            w.problem, "development", range(STUDY.replicates(w.problem))
        ),
        test=lambda w: prepared(w.problem, "test", range(STUDY.replicates(w.problem))),
        library=library(
            "evaluation", "models", "losses", "problems", "shapes", "blocks", "tables"
        ),
    output:
        metrics=f"{RESULTS}/evaluation/{{problem}}/metrics.csv",
        predictions=f"{RESULTS}/evaluation/{{problem}}/predictions.parquet",
        misread=f"{RESULTS}/evaluation/{{problem}}/misread.parquet",
    log:
        "logs/evaluate/{problem}.log",
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
        metrics=expand(f"{RESULTS}/evaluation/{{p}}/metrics.csv", p=STUDY.problems),
        predictions=expand(
            f"{RESULTS}/evaluation/{{p}}/predictions.parquet", p=STUDY.problems
        ),
        misread=expand(f"{RESULTS}/evaluation/{{p}}/misread.parquet", p=STUDY.problems),
        library=library("tables", "blocks"),
    output:
        runs=report(
            f"{RESULTS}/runs.csv",
            category="Tables",
            labels={"table": "Every run and replicate"},
            caption="../../report/captions/runs.rst",
        ),
        history=f"{RESULTS}/history.parquet",
        cost=f"{RESULTS}/cost.csv",
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
