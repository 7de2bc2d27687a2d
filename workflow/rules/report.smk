# The report.
rule report:
    input:
        f"{RESULTS}/runs.csv",
        f"{RESULTS}/timing.csv",
    output:
        f"{RESULTS}/report.html",
    shell:
        "echo todo > {output}"
