# The report, the comparison with another study, and the list of what is no longer needed.


rule report:
    input:
        tables=rules.gather.output,
        timing=rules.timing.output,
        baselines=rules.baselines.output,
        verdicts=rules.claims.output,
        figures=rules.figures.output,
        claims=STUDY.configuration["claims"]["file"],
        provenance=rules.claims.input.provenance,
        templates=templates(),
        library=library("report", "report"),
    output:
        f"{RESULTS}/report.html",
    log:
        "logs/report/report.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        configuration=shown_configuration(STUDY),
    script:
        "../scripts/report.py"


rule compare:
    input:
        report=rules.report.output,
        against=lambda w: against_runs(),
        claims=STUDY.configuration["claims"]["file"],
        templates=templates(),
        library=library("compare", "report"),
    output:
        f"{RESULTS}/comparison.html",
    log:
        "logs/compare/comparison.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        against=AGAINST,
    script:
        "../scripts/compare.py"


rule prune:
    log:
        "logs/prune/prune.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        folder=f"{RESULTS}/runs",
        parts=[part for run in STUDY.runs.values() for part in run.parts],
        delete=STUDY.configuration.get("delete", False),
    script:
        "../scripts/prune.py"
