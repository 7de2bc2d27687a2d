# Training. Only development data come in here.


# One job a block of replicates of one run.
rule train:
    input:
        development=lambda w: prepared(
            known(w.run).problem, "development", replicates_of(w)
        ),
    output:
        history=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/history.csv",
        weights=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/weights.safetensors",
        records=f"{RESULTS}/runs/{{run}}/replicates-{{first}}-{{last}}/training.json",
    log:
        f"{LOGS}/train/{{run}}-replicates-{{first}}-{{last}}.log",
    # Long jobs first, so that no core idles at the end.
    priority: lambda w: priority(STUDY, known(w.run), int(w.last) - int(w.first) + 1)
    conda:
        "../envs/tunebook.yaml"
    threads: 1
    params:
        # Given by a function of the output, which Snakemake makes no note of: a run's name says it
        # all, and so it makes no difference whether a block was trained alone.
        blocks=lambda w, output: trainings(
            STUDY, [(known(w.run), int(w.first), int(w.last))]
        ),
        folder=lambda w: own_networks(STUDY, known(w.run)),
        products=STUDY.configuration["products"],
        code=code("train"),
    script:
        "../scripts/train.py"


BUNDLES = bundles()
workflow.ruleorder(*BUNDLES, "train")

# Blocks that are small, still to be trained and made from the same data: several in one job.
for name, bundle in BUNDLES.items():

    rule:
        name:
            name
        input:
            development=prepared(
                STUDY.runs[bundle[0].run].problem,
                "development",
                range(bundle[0].first, bundle[0].last + 1),
            ),
        output:
            history=[f"{RESULTS}/runs/{block.folder}/history.csv" for block in bundle],
            weights=[
                f"{RESULTS}/runs/{block.folder}/weights.safetensors"
                for block in bundle
            ],
            records=[f"{RESULTS}/runs/{block.folder}/training.json" for block in bundle],
        log:
            f"{LOGS}/train/{bundle[0].title}-and-{len(bundle) - 1}-more.log",
        priority: sum(block.work for block in bundle)
        conda:
            "../envs/tunebook.yaml"
        threads: 1
        params:
            blocks=lambda w, output, bundle=bundle: trainings(
                STUDY,
                [(STUDY.runs[block.run], block.first, block.last) for block in bundle],
            ),
            folder=own_networks(STUDY, STUDY.runs[bundle[0].run]),
            products=STUDY.configuration["products"],
            code=code("train"),
        script:
            "../scripts/train.py"


rule choose:
    input:
        records=lambda w: records(candidates(searched(), w.problem)[1]),
    output:
        f"{RESULTS}/choice/{{problem}}.json",
    log:
        f"{LOGS}/choose/{{problem}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        sweep=lambda w: candidates(searched(), w.problem)[0],
        counted=lambda w: candidates(searched(), w.problem)[2],
        code=code("choose"),
    script:
        "../scripts/choose.py"


rule timing:
    input:
        development=[prepared(p, "development", [0])[0] for p in STUDY.problems],
        searches=lambda w: [] if timed() is STUDY else shortlists(),
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
        runs=lambda w: timed_runs(timed()),
        epochs=STUDY.configuration["timing"]["epochs"],
        repetitions=STUDY.configuration["timing"]["repetitions"],
        products=STUDY.configuration["products"],
        folder=lambda w: own_networks(STUDY, *timed().runs.values()),
        code=code("timing"),
    script:
        "../scripts/timing.py"
