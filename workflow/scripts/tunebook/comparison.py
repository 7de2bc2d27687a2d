"""What changed between two studies: configurations, metrics and verdicts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .report.results import read_results
from .report.runs import HYPER_PARAMETERS, gather
from .report.statements import VERDICTS, read_statements

COMPARED = ["train_metric", "validation_metric", "test_metric"]


@dataclass
class Moved:
    """A metric of a run that both studies trained.

    beyond: "better" or "worse" where it moved beyond the intervals, "" where it did not.
    """

    run: object
    column: str
    before: object
    after: object
    beyond: str


@dataclass
class Changed:
    """A place in a sweep that holds another configuration than before.

    settings: {hyper-parameter: (before, after)} of those that differ.
    """

    sweep: str
    before: object
    after: object
    settings: dict


@dataclass
class Flipped:
    """A statement with another verdict than before."""

    before: object
    after: object


def compare(results, against, claims=None):
    """What changed in the study in `results` against the one in `against`.

    results, against: results folders. claims: the plain values of config/claims.yaml, for the
    statements' wording. Returns a dictionary for the template; in it:

    - added, removed: runs that only one study has and that took no other run's place;
    - moved: metrics whose new mean lies outside the old interval while the old mean lies outside
      the new one; within: how many metrics did not; single: how many had no interval to ask;
    - flipped: statements with another verdict.

    Raises TunebookError if either folder holds no runs.csv.
    """
    now, before = read_results(results), read_results(against)
    runs, old = gather(now.runs), gather(before.runs)
    changed = changed_places(now, before, runs, old)
    replaced = {each.before.name for each in changed}
    replacing = {each.after.name for each in changed}
    shared = [name for name in runs if name in old]
    metrics = [moved(runs[name], old[name], column) for name in shared for column in COMPARED]
    metrics = [each for each in metrics if each is not None]
    statements = read_statements(now.claims, claims or {})
    earlier = read_statements(before.claims, claims or {})
    return {
        "results": str(results),
        "against": str(against),
        "against_name": "/".join(Path(against).resolve().parts[-2:]),
        "runs": len(runs),
        "runs_before": len(old),
        "added": [run for name, run in runs.items() if name not in old and name not in replacing],
        "removed": [run for name, run in old.items() if name not in runs and name not in replaced],
        "changed": changed,
        "shared": shared,
        "moved": [each for each in metrics if each.beyond],
        "within": sum(not each.beyond and has_interval(each) for each in metrics),
        "single": sum(not has_interval(each) for each in metrics),
        "flipped": [
            Flipped(earlier[name], statement)
            for name, statement in statements.items()
            if name in earlier and earlier[name].verdict != statement.verdict
        ],
        "statements": len(statements),
        "statements_added": [each for name, each in statements.items() if name not in earlier],
        "statements_removed": [each for name, each in earlier.items() if name not in statements],
        "tally": [
            (verdict, count(earlier, verdict), count(statements, verdict)) for verdict in VERDICTS
        ],
        "kinds": (kind(before.claims), kind(now.claims)),
    }


def count(statements, verdict):
    return sum(each.verdict == verdict for each in statements.values())


def kind(claims):
    """Whether verdicts rest on `real` data, on a `sample`, or on some of `both`."""
    kinds = sorted(set(claims["data"].dropna()))
    return "both" if len(kinds) > 1 else "".join(kinds)


def changed_places(now, before, runs, old):
    """Sweep by sweep, the runs that took another's place: [Changed, ...], each pair once."""
    found = {}
    for sweep in now.sweeps["sweep"].unique():
        members, earlier = now.members(sweep), before.members(sweep)
        gone = [name for name in earlier if name not in runs and name in old]
        new = [name for name in members if name not in old and name in runs]
        for was in gone:
            if not new:
                break
            nearest = min(new, key=lambda name, was=was: len(differences(old[was], runs[name])))
            new.remove(nearest)
            if not any(was in pair or nearest in pair for pair in found):
                found[was, nearest] = Changed(
                    sweep, old[was], runs[nearest], differences(old[was], runs[nearest])
                )
    return list(found.values())


def differences(before, after):
    """{hyper-parameter: (before, after)} of those that differ; None where one run has none."""
    pairs = {key: (before.settings.get(key), after.settings.get(key)) for key in HYPER_PARAMETERS}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def moved(run, old, column):
    """The Moved of one metric of a run that both studies have; None if neither measured it.

    A metric that is finite in one study only has moved, whatever the intervals.
    """
    after, before = run.measure(column), old.measure(column)
    finite = np.isfinite([before.mean, after.mean])
    if not finite.any():
        return None
    if finite.all():
        outside = not (after.low <= before.mean <= after.high)
        outside &= not (before.low <= after.mean <= before.high)
        gone = outside and np.isfinite([before.low, after.low]).all()
        better = (after.mean > before.mean) == (run.metric == "accuracy")
    else:
        gone, better = True, bool(finite[1])
    return Moved(run, column, before, after, ("better" if better else "worse") if gone else "")


def has_interval(each):
    return bool(np.isfinite([each.before.low, each.after.low]).all())
