"""What Snakemake says on the console, made short: counts for long lists, a plan in words."""

import logging
from collections import Counter
from textwrap import shorten

# Of a job's files, so many are named; of the runs to train and of what is missing too.
FILES_NAMED, RUNS_NAMED, MISSING_NAMED = 3, 10, 5
LONGEST_REASON = 160
# Why what was trained is trained again, the most telling first.
CAUSES = ("their code changed", "their data changed", "asked for", "not finished")
# What Snakemake adds to a dry run about the jobs above, which may not be there.
OF_JOBS = ("Reasons:", "Some jobs were triggered by provenance", "DAG of jobs will be updated")
# What the jobs of a rule make, in the order of the work.
MADE = {
    "retrieve": "data",
    "prepare": "splits",
    "propose": "steps of searches",
    "finalists": "finalists",
    "choose": "choices",
    "evaluate": "evaluations",
    "look": "looks at the claims",
    "baselines": "baselines",
    "timing": "times",
    "gather": "tables",
    "claims": "verdicts",
    "figures": "figures",
    "report": "report",
    "check": "check",
    "compare": "comparison",
}


class Short(logging.Filter):
    """Shortens what Snakemake logs of its jobs.

    words: gives the plan in words, once it is known. hidden: says whether this is a dry run that
    does not list its jobs one by one.
    """

    def __init__(self, words, hidden):
        super().__init__()
        self.words, self.hidden, self.told = words, hidden, False

    def filter(self, record):
        event = getattr(getattr(record, "event", None), "value", None)
        if event in ("job_info", "job_error"):
            for key in ("input", "output"):
                setattr(record, key, shortened(getattr(record, key, None) or []))
            if len(getattr(record, "reason", None) or "") > LONGEST_REASON:
                record.reason = record.reason[:LONGEST_REASON].rsplit(",", 1)[0] + ", …"
            return event == "job_error" or not self.hidden()
        if event == "run_info":
            # A dry run tells it twice: before its jobs, and again after them.
            again, self.told = self.told, True
            more = "\nsnakemake -np lists every job." if self.hidden() else ""
            record.msg = f"{record.msg}\n{self.words()}{more}"
            return not again
        return not (self.hidden() and str(record.msg).startswith(OF_JOBS))


def shortened(paths):
    """Some file names, and how many more there are."""
    paths = list(paths)
    if len(paths) <= FILES_NAMED + 1:
        return paths
    return [*paths[:FILES_NAMED], f"and {len(paths) - FILES_NAMED} more files"]


def plan_in_words(jobs, study, trained, searches=()):
    """What is to be done, in words: which runs are trained and why, and what is made anew.

    jobs: (rule, wildcards, some of CAUSES) of each. study: the Study. trained: whether a block's
    folder, below that of the runs, holds a finished training. searches: what is to be said of
    searches, where a step of them is to be taken.
    """
    jobs, runs = list(jobs), study.runs
    again, of_searches = {}, 0
    for rule, wildcards, causes in jobs:
        if rule.startswith("train") and wildcards["run"] not in runs:
            of_searches += 1
        elif rule == "train":
            again.setdefault(wildcards["run"], []).append((block(wildcards), causes))
    kinds = {name: kind(runs[name], blocks, trained) for name, blocks in again.items()}
    counted = [f"{count} {words}" for words, count in Counter(kinds.values()).items()]
    kept = len(runs) - len(again)
    lines = [f"Configurations to train: {', '.join(counted) or 'none'}; {kept} kept as they are."]
    lines += [f"  {name} ({kinds[name]})" for name in list(again)[:RUNS_NAMED]]
    if len(again) > RUNS_NAMED:
        lines.append(f"  and {len(again) - RUNS_NAMED} more")
    if of_searches:
        lines.append(f"Trainings that searches ask for: {of_searches}.")
    rules = {rule.partition("_")[0] for rule, _, _ in jobs}
    lines += searches if {"propose", "finalists"} & rules else []
    if made := [words for rule, words in MADE.items() if rule in rules]:
        lines.append(f"To be made: {', '.join(made)}.")
    if "look" in rules:
        plans = [f"{name} up to {plan['most']}" for name, plan in study.plan.items()]
        lines.append(
            "More may follow: a look at the claims asks for further replicates of what is open "
            f"({', '.join(plans)})."
        )
    missing = [f"Not testable: {claim}: {reason}" for claim, reason in study.untestable.items()]
    missing += [f"Not in this study: {place}: {what}" for place, what in study.absent.items()]
    lines += [shorten(line, LONGEST_REASON, placeholder=" …") for line in missing[:MISSING_NAMED]]
    if len(missing) > MISSING_NAMED:
        lines.append(f"  and {len(missing) - MISSING_NAMED} more claims or places in the article")
    return "\n".join(lines)


def block(wildcards):
    """The folder of the block that a training makes."""
    return "{run}/replicates-{first}-{last}".format(**wildcards)


def kind(run, blocks, trained):
    """Why a run is trained, in a word or two. blocks: the folder of each, and causes."""
    if not any(map(trained, run.folders)):
        return "new"
    if not any(trained(folder) for folder, _ in blocks):
        return "with more replicates"
    said = {cause for _, causes in blocks for cause in causes}
    return ": ".join(["again", *[word for word in CAUSES if word in said][:1]])
