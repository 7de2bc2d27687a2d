"""When each rule was written down: before the runs that test it, or with a look at them.

`registered.json` keeps, for every claim, each form that its rule has had and when it was first
seen: at the start of a call, before anything is trained. A rule whose present form is younger than
a run that it uses was written or changed after that run, and its verdict says so.
"""

import hashlib
import json
from pathlib import Path

from ..jobs import read_json, write_json

FILE = "registered.json"


def form(claim, level):
    """SHA-256 (hexadecimal) of what a claim's verdict follows from: rule, source values, level."""
    text = json.dumps([said(claim.rule), level], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def said(rule):
    """A rule as plain values, without the words that it is called by."""
    source = {name: [number.number, number.rounding] for name, number in rule.source.items()}
    return [rule.kind, rule.spec, source, [said(part) for part in rule.parts]]


def register(folder, claims, level, now):
    """Write down the forms of a study's rules that were not seen before; `now`: seconds since 1970.

    Forms that were seen keep their first time, also when a rule went through another one since.
    """
    path = Path(folder, FILE)
    known = read_json(path) if path.is_file() else {}
    seen = {claim.id: dict(known.get(claim.id, {})) for claim in claims.claims}
    for claim in claims.claims:
        seen[claim.id].setdefault(form(claim, level), round(now))
    if known | seen != known:
        write_json(path, known | seen)


def changed_after(folder, claims, level, used, ended):
    """Ids of the claims whose rule is younger than a run that it uses.

    used: {claim's id: names of its runs}. ended: {run: when its first training ended, seconds since
    1970}. Of a study without a register nothing is known.
    """
    path = Path(folder, FILE)
    known = read_json(path) if path.is_file() else {}
    found = set()
    for claim in claims.claims:
        times = [ended[run] for run in used[claim.id] if run in ended]
        written = known.get(claim.id, {}).get(form(claim, level))
        if times and written is not None and written > min(times):
            found.add(claim.id)
    return found
