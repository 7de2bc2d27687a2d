"""What changed between two studies: configurations, metrics and verdicts; and its page."""

from pathlib import Path

from ..evidence import measures
from ..evidence.tables import read_results
from .page import environment, tallied, whole_claim
from .view import View


def compare(results, against):
    """What changed in the study in the folder `results` against the one in `against`, for the page.

    A dictionary; in it:

    - added, removed: runs that only one study has and that took no other run's place;
    - changed: [{sweep, before, after, settings}] of runs that took another's place;
    - moved: metrics whose new mean lies outside the old interval while the old mean lies outside
      the new one; within: how many metrics did not; single: how many had no interval to ask;
    - flipped: [(before, after)] of claims with another verdict.

    Raises TunebookError if either folder holds no study.
    """
    now, before = View(read_results(results)), View(read_results(against))
    runs, old = now.runs, before.runs
    changed = changed_places(now, before)
    replaced = {each["before"].name for each in changed}
    replacing = {each["after"].name for each in changed}
    shared = [name for name in runs if name in old]
    metrics = [moved(now, before, name, split) for name in shared for split in measures.SPLITS]
    metrics = [each for each in metrics if each]
    claims, earlier = claims_of(now), claims_of(before)
    return {
        "now": now,
        "before": before,
        "results": str(results),
        "against": str(against),
        "against_name": "/".join(Path(against).resolve().parts[-2:]),
        "added": [run for name, run in runs.items() if name not in old and name not in replacing],
        "removed": [run for name, run in old.items() if name not in runs and name not in replaced],
        "changed": changed,
        "shared": shared,
        "moved": [each for each in metrics if each["beyond"]],
        "within": sum(each["known"] and not each["beyond"] for each in metrics),
        "single": sum(not each["known"] for each in metrics),
        "claims": claims,
        "flipped": [
            (earlier[name], claim)
            for name, claim in claims.items()
            if name in earlier and earlier[name]["verdict"] != claim["verdict"]
        ],
        "claims_added": [claim for name, claim in claims.items() if name not in earlier],
        "claims_removed": [claim for name, claim in earlier.items() if name not in claims],
        "tally": zip(tallied(earlier.values()), tallied(claims.values()), strict=True),
        "kinds": [{each["data"] for each in some.values()} for some in (earlier, claims)],
    }


def claims_of(view):
    return {claim["id"]: whole_claim(claim) for claim in view.results.claims}


def changed_places(now, before):
    """Sweep by sweep, the runs that took another's place, each pair once.

    settings: {hyper-parameter: (before, after)} of those that differ.
    """
    found = {}
    for sweep in now.results.study["sweeps"]:
        gone = [name for name in before.results.members(sweep) if name not in now.runs]
        new = [name for name in now.results.members(sweep) if name not in before.runs]
        for was in gone:
            if not new:
                break
            pairs = {name: differences(before.runs[was], now.runs[name]) for name in new}
            nearest = min(new, key=lambda name, pairs=pairs: len(pairs[name]))
            new.remove(nearest)
            if not any(was in pair or nearest in pair for pair in found):
                found[was, nearest] = {
                    "sweep": sweep, "before": before.runs[was], "after": now.runs[nearest],
                    "settings": pairs[nearest],
                }  # fmt: skip
    return list(found.values())


def differences(before, after):
    """{hyper-parameter: (before, after)} of those that differ; None where one run has none."""
    keys = dict.fromkeys([*before.settings, *after.settings])
    pairs = {key: (before.settings.get(key), after.settings.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def moved(now, before, name, split):
    """One metric of a run that both studies have; None if neither measured it.

    beyond: "better" or "worse" where it moved beyond the intervals, "" where it did not. A metric
    that is finite in one study only has moved, whatever the intervals.
    """
    run = now.runs[name]
    after, was = now.of(f"{split}_metric", run), before.of(f"{split}_metric", before.runs[name])
    if not (after.n or was.n):
        return None
    new, old = after.found, was.found
    known, beyond = new.known and old.known, ""
    if not (after.n and was.n):
        beyond = "better" if after.n else "worse"
    elif known and not new.low <= old.centre <= new.high and not old.low <= new.centre <= old.high:
        higher = measures.judged(now.results.problem(run.problem))[1].better == "higher"
        beyond = "better" if (new.centre > old.centre) == higher else "worse"
    words = measures.SPLITS[split]
    return {
        "run": run,
        "split": words,
        "before": was,
        "after": after,
        "beyond": beyond,
        "known": known,
    }


def render_comparison(comparison, facts, templates):
    """The page `What changed` as HTML text; comparison: see `compare`."""
    made = environment(templates, comparison["now"])
    return made.get_template("comparison.html.j2").render(c=comparison, facts=facts)
