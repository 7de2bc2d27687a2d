"""What the changes of an ablation are worth, as the report tells it."""

from dataclasses import dataclass

from ..claims import ablation
from ..evidence import words
from .view import Shown


@dataclass
class Told:
    """The effects of an ablation on a measure.

    about: the measure. better: its better side. relative: whether by ratios. scope: what the
    intervals speak of, in words. rows: [(change, its settings in words, [Shown: alone, last, in any
    order])]; whole: all together, Shown. pairs: [(change, change, Shown)] of those whose effects
    depend on each other; looked: how many pairs there are. lost: see `claims.ablation`. runs: names
    of those behind it.
    """

    about: str
    better: str
    relative: bool
    scope: str
    rows: list
    whole: Shown
    pairs: list
    looked: int
    lost: int
    runs: list


def told(view, sweep, measure):
    """The effects of the changes of a sweep on a measure, Told; None where none has a value."""
    found = ablation.Ablation(view.results, sweep, measure)
    changes, ways = view.results.ablations[sweep]["changes"], len(ablation.WAYS)

    def shown(effect):
        return Shown(effect.interval, found.unit, list(effect.values), signed=True)

    if not any(each.interval.n for each in found.effects):
        return None
    rows = [
        (
            named(change),
            ", ".join(words.setting(*each) for each in settings.items()),
            [shown(each) for each in found.effects[ways * place : ways * (place + 1)]],
        )
        for place, (change, settings) in enumerate(changes.items())
    ]
    return Told(
        about=found.measure.label,
        better=found.measure.better,
        relative=found.relative,
        scope=words.spoken(sorted(filter(None, found.scopes))),
        rows=rows,
        whole=shown(found.whole),
        pairs=[(*map(named, each.changes), shown(each)) for each in found.pairs],
        looked=len(found.beyond),
        lost=found.lost,
        runs=[run.name for run in found.runs.values()],
    )


def named(change):
    """A change as a reader says it."""
    return change.replace("-", " ")
