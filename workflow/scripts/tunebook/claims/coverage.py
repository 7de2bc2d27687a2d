"""How much of the source is tested: which of its values the rules look at, and which are only told.

A value is tested where the rule of its claim names it, or looks at runs that have it (`where`,
`with`). One that stands in a sentence or beside the claim, as evidence, is told and not tested.
"""

from dataclasses import dataclass

from .select import comparable


@dataclass
class Coverage:
    """Values of the source, each as (Claim, name, SourceNumber)."""

    tested: list
    told: list
    unused: list

    @property
    def total(self):
        return len(self.tested) + len(self.told) + len(self.unused)


def coverage(claims):
    """The Coverage of some Claims."""
    found = Coverage([], [], [])
    for claim in claims.claims:
        beside = {name for rule in claim.evidence for name in looked_at(rule)}
        tested = looked_at(claim.rule)
        for name, number in claim.rule.source.items():
            group = found.told if name in claim.told | beside else found.unused
            group = found.tested if name in tested else group
            group.append((claim, name, number))
    return found


def looked_at(rule):
    """Names of the source values that a rule names, or whose runs it looks at."""
    names, values = set(), set()
    for leaf in rule.leaves():
        names |= {*leaf.named}
        values |= set(map(comparable, conditions(leaf.spec)))
    held = {name for name, each in rule.source.items() if comparable(each.number) in values}
    return names | held


def conditions(given):
    """The values that stand under `where` and `with`, however deep."""
    if isinstance(given, dict):
        for key, value in given.items():
            yield from value.values() if key in ("where", "with") else conditions(value)
    elif isinstance(given, list):
        for each in given:
            yield from conditions(each)
