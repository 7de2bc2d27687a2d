"""What changed between two studies: configurations, metrics and verdicts; and its page."""

from pathlib import Path

from ..evidence import measures
from ..evidence.tables import read_results
from .page import environment, tallied
from .view import View


def compare(results, against):
    """What changed in the study in the folder `results` against the one in `against`, for the page.

    A dictionary; in it:

    - added, removed: Runs that only one study has and that took no other run's place;
    - changed: see `changed_places`; shared: names of the runs that both studies have;
    - moved: metrics (see `moved`) that moved; within: how many metrics did not; single: how many
      had no interval to ask;
    - flipped: [(before, after)] of claims with another verdict; claims_added, claims_removed.

    Raises TunebookError if either folder holds no study.
    """
    now, before = View(read_results(results)), View(read_results(against))
    changed = changed_places(now, before)
    placed = {each[side].name for each in changed for side in ("before", "after")}
    shared = [name for name in now.runs if name in before.runs]
    metrics = [moved(now, before, name, split) for name in shared for split in measures.SPLITS]
    beyond = [each["beyond"] for each in metrics]
    claims, earlier = (
        {claim["id"]: claim for claim in view.results.claims} for view in (now, before)
    )
    both = [(earlier[name], claim) for name, claim in claims.items() if name in earlier]
    return {
        "now": now,
        "before": before,
        "against_name": "/".join(Path(against).resolve().parts[-2:]),
        "added": only_in(now.runs, before.runs, placed),
        "removed": only_in(before.runs, now.runs, placed),
        "changed": changed,
        "shared": shared,
        "moved": [each for each in metrics if each["beyond"] in ("better", "worse")],
        "within": beyond.count("no"),
        "single": beyond.count("unknown"),
        "claims": claims,
        "flipped": [pair for pair in both if pair[0]["verdict"] != pair[1]["verdict"]],
        "claims_added": only_in(claims, earlier),
        "claims_removed": only_in(earlier, claims),
        "tally": zip(tallied(earlier.values()), tallied(claims.values()), strict=True),
        "kinds": [{claim["data"] for claim in some.values()} for some in (earlier, claims)],
    }


def only_in(these, others, placed=()):
    return [each for name, each in these.items() if name not in others and name not in placed]


def changed_places(now, before):
    """[{sweep, before, after, settings}]: sweep by sweep, the Runs that took another's place, each
    once.

    settings: {hyper-parameter: (before, after)} of those that differ.
    """
    found = {}
    for sweep in now.sweeps:
        gone = [name for name in before.results.members(sweep) if name not in now.runs]
        new = [name for name in now.results.members(sweep) if name not in before.runs]
        for was in gone[: len(new)]:
            pairs = {name: differences(before.runs[was], now.runs[name]) for name in new}
            nearest = min(pairs, key=lambda name, pairs=pairs: len(pairs[name]))
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
    """{run, split, before, after, beyond} of one metric of a run that both studies have.

    beyond: `better` or `worse` where each of the two means lies outside the other's interval, or
    where only one is finite; `no` where not; `unknown` where there is no interval to ask; "" where
    neither study measured it.
    """
    run, metric = now.runs[name], f"{split}_metric"
    after, was = now.of(metric, run), before.of(metric, before.runs[name])
    new, old = after.found, was.found
    if not (new.n and old.n):
        beyond = "better" if new.n else "worse" if old.n else ""
    elif not (new.known and old.known):
        beyond = "unknown"
    elif new.low <= old.centre <= new.high or old.low <= new.centre <= old.high:
        beyond = "no"
    else:
        higher = measures.judged(now.problems[run.problem])[1].better == "higher"
        beyond = "better" if (new.centre > old.centre) == higher else "worse"
    words = measures.SPLITS[split]
    return {"run": run, "split": words, "before": was, "after": after, "beyond": beyond}


def render_comparison(comparison, facts, templates):
    """The page `What changed` as HTML text; comparison: see `compare`."""
    made = environment(templates, comparison["now"])
    return made.get_template("comparison.html.j2").render(c=comparison, facts=facts)
