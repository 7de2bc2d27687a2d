# Evaluation opens the test rows for the first time; tables, verdicts and figures follow from it.


rule evaluate:
    input:
        records=lambda w: records(searched().problem_runs(w.problem)),
        weights=lambda w: blocks(
            searched().problem_runs(w.problem), "weights.safetensors"
        ),
        choice=rules.choose.output[0],
        development=lambda w: prepared(
            w.problem, "development", range(STUDY.replicates(w.problem))
        ),
        test=lambda w: prepared(w.problem, "test", range(STUDY.replicates(w.problem))),
    output:
        metrics=f"{RESULTS}/evaluation/{{problem}}/metrics.csv",
        rows=f"{RESULTS}/evaluation/{{problem}}/rows.parquet",
        members=f"{RESULTS}/evaluation/{{problem}}/members.parquet",
        predictions=f"{RESULTS}/evaluation/{{problem}}/predictions.parquet",
        misread=f"{RESULTS}/evaluation/{{problem}}/misread.parquet",
    log:
        f"{LOGS}/evaluate/{{problem}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        inputs=STUDY.along,
        predictions=lambda w: predicted_runs(searched(), w.problem),
        same_rows=lambda w: same_rows(PROBLEMS[w.problem]),
        folder=lambda w: own_networks(STUDY, *searched().problem_runs(w.problem)),
        first=0,
        products=STUDY.configuration["products"],
        code=code("evaluate"),
    script:
        "../scripts/evaluate.py"


rule gather:
    input:
        unpack(lambda w: gathered(looked())),
        searches=shortlists(),
        looks=lambda w: looks(len(looked().seen) + 1),
    output:
        runs=report(
            f"{RESULTS}/runs.csv",
            category="Tables",
            labels={"table": "Every run and replicate"},
            caption="../../report/captions/runs.rst",
        ),
        history=f"{RESULTS}/history.parquet",
        cost=f"{RESULTS}/cost.csv",
        rows=f"{RESULTS}/rows.parquet",
        ensembles=f"{RESULTS}/ensembles.csv",
        predictions=f"{RESULTS}/predictions.parquet",
        misread=f"{RESULTS}/misread.parquet",
        importance=f"{RESULTS}/importance.csv",
        trials=f"{RESULTS}/trials.csv",
        study=f"{RESULTS}/study.json",
    log:
        f"{LOGS}/gather/tables.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        rows=lambda w: searched().rows(),
        study=lambda w: looked().description(),
        code=code("gather"),
    script:
        "../scripts/gather.py"


rule fit_baselines:
    input:
        development=lambda w: prepared(w.problem, "development", replicates_of(w)),
        test=lambda w: prepared(w.problem, "test", replicates_of(w)),
    output:
        f"{RESULTS}/baselines/{{problem}}/replicates-{{first}}-{{last}}.csv",
    log:
        f"{LOGS}/baselines/{{problem}}-replicates-{{first}}-{{last}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    threads: 1
    params:
        problem=lambda w: w.problem,
        settings=lambda w: baselines(STUDY, w.problem),
        seeds=lambda w: seeds(STUDY, w.problem, replicates_of(w)),
        code=code("fit_baselines"),
    script:
        "../scripts/fit_baselines.py"


rule baselines:
    input:
        fitted=lambda w: fitted_baselines(split()),
        looks=lambda w: looks(len(split().seen) + 1),
    output:
        report(
            f"{RESULTS}/baselines.csv",
            category="Tables",
            labels={"table": "Standard methods on the same splits"},
            caption="../../report/captions/baselines.rst",
        ),
    log:
        f"{LOGS}/baselines/baselines.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        code=code("baselines"),
    script:
        "../scripts/baselines.py"


rule claims:
    input:
        claims=own_file("claims.yaml"),
        runs=rules.gather.output.runs,
        tables=rules.gather.output,
        timing=rules.timing.output,
        provenance=provenance(),
    output:
        csv=report(
            f"{RESULTS}/claims.csv",
            category="Tables",
            labels={"table": "Every claim and its verdict"},
            caption="../../report/captions/claims.rst",
        ),
        json=f"{RESULTS}/claims.json",
    log:
        f"{LOGS}/claims/claims.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        code=code("claims"),
    script:
        "../scripts/claims.py"


rule figures:
    input:
        runs=rules.gather.output.runs,
        tables=rules.gather.output,
        timing=rules.timing.output,
        baselines=rules.baselines.output,
        claims=own_file("claims.yaml"),
        provenance=provenance(),
    output:
        svg=[
            report(
                f"{RESULTS}/figures/{name}.svg",
                category="Figures",
                labels={"figure": figure["title"]},
                caption="../../report/captions/figure.rst",
            )
            for name, figure in STUDY.figures.items()
        ],
        narrow=[f"{RESULTS}/figures/{name}.narrow.svg" for name in STUDY.figures],
        numbers=[f"{RESULTS}/figures/{name}.csv" for name in STUDY.figures],
        about=[f"{RESULTS}/figures/{name}.json" for name in STUDY.figures],
    log:
        f"{LOGS}/figures/figures.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        figures=STUDY.figures,
        code=code("figures", "figures"),
    script:
        "../scripts/figures.py"
