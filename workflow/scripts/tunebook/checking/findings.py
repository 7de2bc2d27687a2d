"""What `snakemake check` holds a finished study against: every finding, with what to do.

A study in continuous integration should fail where what is written no longer agrees with what was
run, and say all that disagrees at once.
"""

from pathlib import Path

from ..claims.coverage import coverage
from ..claims.read import UNTESTABLE
from .known import typed_results


def findings(results, claims, article=None):
    """One line for each thing that is not as it should be; none of a study that is.

    results: the Results of a finished study. claims: its Claims. article: the path of its article,
    which may be missing.
    """
    found = [*of_verdicts(results.claims, claims), *of_source(claims)]
    return [*found, *(of_article(article, results, claims) if article else ())]


def of_verdicts(judged, claims):
    """Claims that have lost their runs, and verdicts other than expected.

    judged: the entries of claims.json.
    """
    for each in judged:
        place, expected, verdict = f"{claims.path}: {each['id']}", each["expected"], each["verdict"]
        if not each["pieces"] and expected != UNTESTABLE:
            yield (
                f"{place}: has lost its runs. {each['why']} Bring the runs back in config.yaml, "
                f"change the rule, or write expected: {UNTESTABLE}"
            )
        elif expected and expected != verdict:
            data = " on stand-in data" if each["data"] == "sample" else ""
            do = "bring the real data" if data else "find out why, or change expected"
            yield f"{place}: found {verdict}{data}, expected {expected}; {do}. {each['why']}"


def of_source(claims):
    """Values of the source that nothing of their claim uses."""
    for claim, name, number in coverage(claims).unused:
        yield (
            f"{claims.path}: {claim.id}: source.{name} ({number.text}) is used by no rule, no "
            f"evidence and no sentence of its claim; test it in a rule, put {{{name}}} into a "
            "sentence, or take it out"
        )


def of_article(path, results, claims):
    """Numbers typed by hand that the results know."""
    for typed, known in typed_results(path, results, claims):
        yield (
            f"{path}, line {typed.line}: found {typed.text}, typed by hand, and known "
            f"as {known.what}; write {{{{ {known.door} }}}} in its place, or, on the "
            "line before, {# typed: why #}"
        )


def summary(results, claims, article=None):
    """What was looked at, in a line, of a study without findings."""
    many, covered = len(results.claims), coverage(claims)
    said = [f"{many} claim{'' if many == 1 else 's'}, all as expected"]
    said.append(f"{len(covered.tested)} of {covered.total} values of the source tested by a rule")
    said.append(f"no result typed by hand in {Path(article)}" if article else "no article")
    return f"check: {'; '.join(said)}"
