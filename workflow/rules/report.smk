# The report, the same on paper, the check, the comparison with another study, and the list of what is not needed.


rule report:
    input:
        tables=rules.gather.output,
        timing=rules.timing.output,
        baselines=rules.baselines.output,
        verdicts=rules.claims.output,
        figures=rules.figures.output,
        claims=own_file("claims.yaml"),
        article=own_file("article.md"),
        provenance=provenance(),
        templates=templates(),
    output:
        f"{RESULTS}/report.html",
        picture=f"{RESULTS}/report.png",
    log:
        f"{LOGS}/report/report.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        configuration=shown_configuration(STUDY),
        figures=STUDY.figures,
        code=code("report", "report"),
    script:
        "../scripts/report.py"


# Asked for by name only, since it takes a browser.
rule pdf:
    input:
        report=lambda w: printable(),
    output:
        f"{RESULTS}/report.pdf",
    log:
        f"{LOGS}/pdf/pdf.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        code=code("pdf"),
    script:
        "../scripts/pdf.py"


# Without an output, so that it is done whenever it is asked for.
rule check:
    input:
        runs=rules.gather.output.runs,
        tables=rules.gather.output,
        timing=rules.timing.output,
        baselines=rules.baselines.output,
        verdicts=rules.claims.output,
        claims=own_file("claims.yaml"),
        article=own_file("article.md"),
        provenance=provenance(),
    log:
        f"{LOGS}/check/check.log",
    localrule: True
    conda:
        "../envs/tunebook.yaml"
    params:
        code=code("check"),
    script:
        "../scripts/check.py"


rule compare:
    input:
        report=rules.report.output[0],
        against=lambda w: against_runs(),
        templates=templates(),
    output:
        f"{RESULTS}/comparison.html",
    log:
        f"{LOGS}/compare/comparison.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        against=AGAINST,
        code=code("compare", "report"),
    script:
        "../scripts/compare.py"


rule prune:
    log:
        f"{LOGS}/prune/prune.log",
    conda:
        "../envs/tunebook.yaml"
    params:
        folder=RESULTS,
        folders=lambda w: named(STUDY)[0],
        searches=[search.folder for search in STUDY.searches.values()],
        # The call before may have had further files or values; what it trained is not forgotten.
        before=lambda w: named(named_before(f"{OWN}.json", ASKED)[1]),
        asked=ASKED,
        asked_before=lambda w: named_before(f"{OWN}.json", ASKED)[0],
        delete=STUDY.configuration.get("delete", False),
    script:
        "../scripts/prune.py"
