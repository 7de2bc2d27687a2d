"""What the strip of claims, their cards and the first screen are drawn from."""

import math
from collections import Counter
from itertools import groupby

from ..claims.read import NOT, PARTLY, REPRODUCED, SET_UP, SO_FAR, UNDECIDED, UNTESTABLE

# What a reader does with what became of a claim -> its heading.
LESSONS = {
    "back": "What to take back",
    "keep": "What to keep",
    "open": "What cannot be known from these runs",
}
# What a mark of the strip says.
PIPS = {
    REPRODUCED: "held", PARTLY: "only in direction", NOT: "failed", UNDECIDED: "open",
    UNTESTABLE: "not testable", SET_UP: "set up as written",
}  # fmt: skip
LEAST, MOST = 3, 5  # lessons under a heading, where there are so many
ROOM = 0.07  # of a plot's width, at each of its ends


def lesson_of(claim):
    """Under which heading of LESSONS a claim belongs; None of what is only set up as written."""
    if claim["verdict"] in (UNDECIDED, UNTESTABLE):
        return "open"
    if claim["verdict"] == REPRODUCED or claim["standing"] == SO_FAR:
        return "keep"
    return None if claim["verdict"] == SET_UP else "back"


def lessons(claims, first=()):
    """{key of LESSONS: its claims}: those of `first` in that order and, up to LEAST, others.

    claims: {id: entry of claims.json}. Of the others, those with a sentence of their own go before.
    """
    found = {key: [] for key in LESSONS}
    for claim in (claims[name] for name in first if name in claims):
        found.get(lesson_of(claim), []).append(claim)
    others = [claim for name, claim in claims.items() if name not in first]
    for claim in sorted(others, key=lambda claim: not claim["lesson"]):
        members = found.get(lesson_of(claim))
        if members is not None and len(members) < LEAST:
            members.append(claim)
    return {key: members[:MOST] for key, members in found.items() if members}


def sections(claims):
    """[(section, its claims)] in the order of the source, as the strip stands."""
    return [(key, [*group]) for key, group in groupby(claims, lambda claim: claim["section"])]


def ordered(pieces):
    """Pieces with those that decide first, and of these those that fail."""
    first = (NOT, PARTLY, UNDECIDED, REPRODUCED)
    places = {verdict: place for place, verdict in enumerate(first)}
    return sorted(
        pieces, key=lambda piece: (not piece["decides"], places.get(piece["verdict"], len(first)))
    )


def marks(claims):
    """{verdict: how many pieces of some claims got it}."""
    return Counter(piece["verdict"] for claim in claims for piece in claim["pieces"])


def forest(piece):
    """Where a piece's number and what it is held against stand, in per cent of a plot's width.

    A dictionary: dot, low and high (the interval), zone ([left, right], where it would hold), line
    (no difference), stated (the source's number), each a place or None; None where there is nothing
    to draw.
    """
    number, unit = piece["number"], piece["unit"]
    if number is None or not (piece["passes"] or piece["stated"] is not None):
        return None
    counted = unit == "share" and piece["passes"] == [0.5, 1.0]
    line = (
        1.0 if unit == "times" else 0.0 if piece["signed"] or unit == "rank correlation" else None
    )
    ends = [end for end in piece["passes"] if end is not None]
    spots = [number, piece["low"], piece["high"], piece["stated"], line, *ends]
    spots = [0.0, 1.0] if counted else [spot for spot in spots if spot is not None]
    log = unit == "times" and min(spots) > 0
    scale = math.log if log else float
    least, most = scale(min(spots)), scale(max(spots))
    room = ROOM * (most - least) or 1.0

    def place(value, end=None):
        if value is None:
            return end
        share = (scale(value) - least + room) / (most - least + 2 * room)
        return round(100 * min(max(share, 0.0), 1.0), 1)

    low, high = piece["passes"] or (None, None)
    return {
        "dot": place(number), "low": place(piece["low"]), "high": place(piece["high"]),
        "zone": [place(low, 0.0), place(high, 100.0)] if piece["passes"] else None,
        "line": place(0.5 if counted else line), "stated": place(piece["stated"]),
    }  # fmt: skip
