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


def form(rule, level, plan=None):
    """SHA-256 (hexadecimal) of what a verdict follows from: a claim's rule, and the level.

    plan: of the looks that may ask for more replicates, if there are any.
    """
    text = json.dumps([said(rule), level, *([plan] if plan else [])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def said(rule):
    """A rule as plain values, without the words that it is called by."""
    source = {name: [number.number, number.rounding] for name, number in rule.source.items()}
    return [rule.kind, rule.spec, source, [said(part) for part in rule.parts], rule.decides]


def known_forms(folder):
    """{claim's id: {form: when it was first seen}} of a results folder."""
    path = Path(folder, FILE)
    return read_json(path) if path.is_file() else {}


def register(folder, forms, now):
    """Write down the forms that were not seen before; `now`: seconds since 1970.

    forms: {claim's id: its form}. Those that were seen keep their first time, also when a rule went
    through another one since.
    """
    known = known_forms(folder)
    seen = {name: {found: round(now)} | known.get(name, {}) for name, found in forms.items()}
    if known | seen != known:
        write_json(Path(folder, FILE), known | seen)


def changed_after(folder, forms, used, ended):
    """Ids of the claims whose rule is younger than a run that it uses.

    used: {claim's id: names of its runs}. ended: {run: when its first training ended, seconds since
    1970}. Of a study without a register nothing is known.
    """
    known, found = known_forms(folder), set()
    for name, now in forms.items():
        times = [ended[run] for run in used[name] if run in ended]
        written = known.get(name, {}).get(now)
        if times and written is not None and written > min(times):
            found.add(name)
    return found
