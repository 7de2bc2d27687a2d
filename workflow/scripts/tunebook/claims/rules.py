"""The closed set of rules, and how a statement's verdict follows from those of its parts.

A rule is a mapping with one kind as its key, and optionally `about`, the part it stands for. `all`
and `any` hold lists of rules. Every kind has a module with `resolve` (which runs; raises
TunebookError before anything is trained), `runs` (their rows) and `judge` (the Part).
"""

from ..jobs import TunebookError
from . import fact, measure, order, ratio, shape, trend, value
from .parts import NOT, PARTLY, REPRODUCED, UNDECIDED, UNTESTABLE, Part, combine_all, combine_any

KINDS = {
    "value": value, "order": order, "ratio": ratio, "trend": trend, "shape": shape, "fact": fact,
}  # fmt: skip
COMBINATIONS = {"all": combine_all, "any": combine_any}


def kind_of(rule):
    """The one key of a rule that is not `about`; TunebookError if there are several or none."""
    kinds = [key for key in rule if key != "about"]
    if len(kinds) != 1:
        allowed = ", ".join([*KINDS, *COMBINATIONS, "untestable"])
        raise TunebookError(f"rule: found {', '.join(kinds) or 'none'}; allowed: one of {allowed}")
    return kinds[0]


def leaves(rule, prefix=""):
    """(about, kind, spec) of every part of a rule, in order."""
    kind = kind_of(rule)
    about = ": ".join(filter(None, [prefix, rule.get("about", "")]))
    if kind in COMBINATIONS:
        for part in rule[kind]:
            yield from leaves(part, about)
    else:
        yield about, kind, rule[kind]


def resolve(kind, spec, study, source):
    """What a rule of this kind needs of the study, and the rows of its runs."""
    if kind == "untestable":
        return None, []
    module = measure if kind == "measure" else KINDS[kind]
    resolved = module.resolve(spec, study, source)
    return resolved, module.runs(resolved)


def judge(rule, study, evidence, source, prefix=""):
    """(verdict, [Part, ...]) of a rule."""
    kind = kind_of(rule)
    about = ": ".join(filter(None, [prefix, rule.get("about", "")]))
    if kind in COMBINATIONS:
        results = [judge(part, study, evidence, source, about) for part in rule[kind]]
        verdict = COMBINATIONS[kind]([verdict for verdict, _ in results])
        return verdict, [part for _, parts in results for part in parts]
    if kind == "untestable":
        part = Part(rule=kind, verdict=UNTESTABLE, reason=rule[kind], text=rule[kind])
    else:
        resolved, _ = resolve(kind, rule[kind], study, source)
        part = KINDS[kind].judge(rule[kind], resolved, evidence)
    part.description = about
    return part.verdict, [part]


def judge_shown(rule, study, evidence, source):
    """The Parts of a piece of evidence that is shown beside a statement and never counts."""
    if kind_of(rule) == "measure":
        resolved, _ = resolve("measure", rule["measure"], study, source)
        parts = list(measure.judge_each(rule["measure"], resolved, evidence))
        for part in parts:
            part.description = ": ".join(filter(None, [rule.get("about", ""), part.description]))
        return parts
    _, parts = judge(rule, study, evidence, source)
    for part in parts:
        part.counts = False
    return parts


def possible_verdicts(rule):
    """The verdicts that a rule can give, so that a sentence is there for each."""
    kind = kind_of(rule)
    if kind in COMBINATIONS:
        together = {frozenset()}
        for part in rule[kind]:
            together = {seen | {one} for seen in together for one in possible_verdicts(part)}
        return {COMBINATIONS[kind](list(seen)) for seen in together}
    if kind == "untestable":
        return {UNTESTABLE}
    verdicts = {REPRODUCED, NOT}
    spec = rule[kind]
    if kind != "fact":
        verdicts.add(UNDECIDED)
    if (kind == "value" and "factor" not in spec) or kind == "ratio" or "by" in spec:
        verdicts.add(PARTLY)
    if kind == "value" or "source" in spec or isinstance(spec.get("by"), str):
        verdicts.add(UNTESTABLE)
    return verdicts
