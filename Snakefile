# Tunebook: train every configuration of a study, test every claim, write the report.
#
#   snakemake --cores 4                                    config/config.yaml; then open results/report.html
#   snakemake --configfile studies/NAME/config.yaml        another study
#   snakemake figures                                      tables and figures only
#   snakemake check                                        is all as expected? for continuous integration
#   snakemake -n                                           what would be done, and nothing is
from snakemake.utils import min_version

min_version("9.12")


report: "report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


if STUDY.searches:

    include: "workflow/rules/searches.smk"


if STUDY.plan:

    include: "workflow/rules/looks.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        # What is known before searches are through is trained beside them.
        records(STUDY.runs.values()) if STUDY.searches else [],
