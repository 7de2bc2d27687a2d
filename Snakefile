# Tunebook: train every configuration of a study, test every statement, write the report.
#
#   snakemake --cores 4     everything; then open results/report.html
#   snakemake figures       tables and figures only
#   snakemake -n            what would be done, and nothing is
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/check.smk"


configfile: "config/config.yaml"


report: "report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
