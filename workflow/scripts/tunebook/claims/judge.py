"""Claims and results -> claims.json: a verdict each, with the numbers that it follows from."""

import math
from collections import Counter
from contextlib import suppress

from ..evidence import words
from .conditions import under_conditions
from .family import correct, settle
from .looks import pay, plan_of
from .read import (
    DIRECTION,
    HALF,
    NOT,
    PARTLY,
    REPRODUCED,
    SET_UP,
    SO_FAR,
    UNDECIDED,
    UNTESTABLE,
    VERDICTS,
    telling,
)
from .register import changed_after, form
from .rules import answer, answer_each, ask
from .select import NotTestable, StudyRuns

COLUMNS = (
    "id", "title", "section", "verdict", "claimed", "measured", "low", "high", "replicates",
    "adjusted", "late", "data", "why",
)  # fmt: skip
# What is read as a sentence, of a claim and of its pieces.
PROSE = (
    "title", "claim", "claimed", "why", "conditions", "about", "quantity", "text", "groups",
    "reason", "by",
)  # fmt: skip
# How pieces are spoken of, in what order, where no sentence is written.
SHORT = {PARTLY: "in part", NOT: "not", UNDECIDED: "open", UNTESTABLE: "not testable"}
GROUPS = dict(
    zip(VERDICTS, ("Holds", "In part", "Fails", "Open", "Not tested", "Set up"), strict=True)
)


def check_claims(claims, rows, study):
    """{id: reason} of the claims that a study cannot test; asked before anything is trained.

    rows: see `StudyRuns`. study: its description. Raises TunebookError for a name that means
    nothing in any study.
    """
    runs, reasons = StudyRuns(rows, study, study["timed"]), {}
    for claim in claims.claims:
        with telling(claims.path, claim.id):
            try:
                questions(claim.rule, runs)
            except NotTestable as error:
                reasons[claim.id] = str(error)
            for rule in claim.evidence:
                with suppress(NotTestable):
                    questions(rule, runs)
    return reasons


def questions(rule, runs):
    """The Questions of a rule's leaves, in order; an error says which of them it is about."""
    found = []
    for leaf in rule.leaves():
        with telling(leaf.place):
            found.append(ask(leaf, runs))
    return found


def judge_claims(claims, results):
    """One dictionary a claim, as in claims.json, in the order of the file.

    Keys: id, title, section, place, claim, claimed, expected, verdict, standing (the verdict in
    more words, see `standing`), why, lesson (what a reader takes from it, "" where none is
    written), data (`real` or `sample`), headline (which piece to show first, or null), pieces (what
    was judged), shown (what stands beside it), tally (how many pieces hold, in words), late
    (whether the rule was changed after the runs), conditions (under which it holds elsewhere, in
    words). A piece: see `rules.Piece`; all of them are one family of tests, see `family`. Nothing
    random takes part but draws with a fixed seed, so a verdict changes only when the claims or the
    runs do.
    """
    rows = [run.row for run in results.by_name.values()]
    runs = StudyRuns(rows, results.study, results.timed)
    with telling(claims.path):
        found = [(claim, *pieces_of(claim, runs, results)) for claim in claims.claims]
    level = results.study["level"]
    asked = [piece for _, pieces, *_ in found for piece in pieces]
    pay(asked, results.study)
    correct(asked, level)
    for piece in asked:
        settle(piece, level, sum(map(results.seconds_of_one, piece.runs)))
    used = {claim.id: [r for piece in pieces for r in piece.runs] for claim, pieces, *_ in found}
    ended = results.cost.groupby("run")["finished"].min().to_dict()
    plan = plan_of(results.study)
    forms = {claim.id: form(claim.rule, level, plan) for claim in claims.claims}
    late = changed_after(results.folder, forms, used, ended)
    return [
        typeset(
            judge_claim(claim, *rest, results)
            | {
                "late": claim.id in late,
                "conditions": under_conditions(claim, runs, results, combined),
            }
        )
        for claim, *rest in found
    ]


def typeset(entry):
    """A claim or a piece as plain values, its sentences set as in print."""
    told = {key: words.typeset(entry[key]) for key in PROSE if key in entry}
    pieces = {key: [*map(typeset, entry[key])] for key in ("pieces", "shown") if key in entry}
    return entry | told | pieces


def pieces_of(claim, runs, results):
    """(pieces, groups of pieces that are shown beside them, why there are none) of a claim."""
    with telling(claim.id):
        try:
            asked = questions(claim.rule, runs)
        except NotTestable as error:
            return [], [], f"Cannot be tested here: {error}."
        pieces = [answer(question, results) for question in asked]
        shown = [beside(rule, runs, results) for rule in claim.evidence]
        tell_once([*pieces, *sum(shown, [])])
        return pieces, shown, ""


def tell_once(pieces):
    """Leave the groups of replicates out of each piece before which they were told already."""
    for i, piece in enumerate(pieces):
        before = [each for each in pieces[:i] if each.metric == piece.metric]
        if any({*piece.runs} <= {*each.runs} for each in before):
            piece.groups = ""


def judge_claim(claim, pieces, shown, why, results):
    """The entry of one claim in claims.json, from what its rules found."""
    if not pieces:
        return entry(claim, UNTESTABLE, [], [], results, why)
    for piece, decides in zip(pieces, deciding(claim.rule), strict=True):
        piece.decides = decides
    return entry(claim, combined(claim.rule, iter(pieces)), pieces, shown, results)


def deciding(rule):
    """Whether each leaf of a rule takes part in the verdict, in order."""
    if not rule.parts:
        return [True]
    return [
        leaf and place in rule.decides
        for place, part in enumerate(rule.parts)
        for leaf in deciding(part)
    ]


def standing(verdict, pieces):
    """A verdict in the words that a reader needs: that some of it holds can mean three things."""
    if verdict != PARTLY:
        return verdict
    found = {piece.verdict for piece in pieces if piece.decides}
    if NOT in found:
        return HALF
    return DIRECTION if PARTLY in found else SO_FAR


def beside(rule, runs, results):
    """The Pieces of a rule that is shown and not judged; none where the study has no such runs."""
    try:
        [question] = questions(rule, runs)
    except NotTestable:
        return []
    return answer_each(question, results) if rule.kind == "measure" else [answer(question, results)]


def combined(rule, pieces):
    """The verdict of a rule, from those of the Pieces (an iterator) of its leaves."""
    if not rule.parts:
        return next(pieces).verdict
    verdicts = [combined(part, pieces) for part in rule.parts]
    return combine(rule.kind, [verdicts[place] for place in rule.decides])


def combine(kind, verdicts):
    """The verdict of a claim that needs one (`any`) or `all` of its pieces: partly, if some hold.

    Pieces that cannot be tested, or are set up as written, are left out, unless there are no
    others.
    """
    verdicts = [verdict for verdict in verdicts if verdict != SET_UP] or [SET_UP]
    if kind == "all" and REPRODUCED in verdicts and {*verdicts} - {REPRODUCED, UNTESTABLE}:
        return PARTLY
    last = (UNDECIDED, NOT) if kind == "any" else (NOT, UNDECIDED)
    return min(verdicts, key=(REPRODUCED, PARTLY, *last, UNTESTABLE, SET_UP).index)


def entry(claim, verdict, pieces, shown, results, why=""):
    """A claim as plain values; `why` is written here unless it is given."""
    claimed = claim.claimed or "; ".join(
        f"{piece.about}: {piece.claimed}" if len(pieces) > 1 and piece.about else piece.claimed
        for piece in pieces
        if piece.claimed
    )
    numbered = (i for i, piece in enumerate(pieces) if not math.isnan(piece.number))
    headline = next(numbered, 0 if pieces else None)
    used = {results.run(run).problem for piece in [*pieces, *sum(shown, [])] for run in piece.runs}
    sample = (used or set(results.problems)) & results.stand_ins
    told = fields(claim, claimed, pieces, shown, pieces[headline]) if pieces else {}
    why = why or written(claim.why, verdict, told) or sentence(verdict, pieces)
    stands = standing(verdict, pieces)
    lesson = written(claim.lesson, stands, told) or written(claim.lesson, verdict, told)
    return {
        "id": claim.id, "title": claim.title, "section": claim.section, "place": claim.place,
        "claim": claim.claim, "claimed": claimed, "expected": claim.expected, "verdict": verdict,
        "standing": stands, "why": why, "lesson": lesson, "data": "sample" if sample else "real",
        "tally": tally(pieces), "headline": headline, "pieces": [piece.plain() for piece in pieces],
        "shown": [piece.plain() for group in shown for piece in group],
    }  # fmt: skip


def tally(pieces):
    """`2 of 4 hold, 1 not, 1 open`; blank for a claim of one piece that is a result."""
    counts = Counter(piece.verdict for piece in pieces if piece.verdict != SET_UP)
    told = [f"{counts[REPRODUCED]} of {counts.total()} hold"] if counts else []
    told += [f"{counts[verdict]} {word}" for verdict, word in SHORT.items() if counts[verdict]]
    return ", ".join(told) if counts.total() > 1 else ""


def written(sentences, verdict, told):
    """The sentence of the file for a verdict with what was measured (`fields`) put in, or ""."""
    found = sentences.get(verdict, "") if told else ""
    return capital(found.format_map(told))


def fields(claim, claimed, pieces, shown, headline):
    """{placeholder: words} of a claim: what its sentences can put in."""
    unit, signed = headline.unit, headline.signed
    groups = [*([piece] for piece in pieces), *shown]
    found = {name: number.text for name, number in claim.rule.source.items()} | {
        "measured": headline.brief, "replicates": headline.n, "claimed": claimed,
        "low": words.show(headline.low, unit, signed),
        "high": words.show(headline.high, unit, signed), "held": named(pieces, REPRODUCED),
        "failed": named(pieces, NOT), "open": named(pieces, UNDECIDED, PARTLY),
    }  # fmt: skip
    for i, group in enumerate(groups, start=1):
        found |= {f"piece{i}": joined(group, "text"), f"brief{i}": joined(group, "brief")}
    return found


def named(pieces, *verdicts):
    """The pieces with one of these verdicts, in words."""
    found = [piece.about or piece.rule for piece in pieces if piece.verdict in verdicts]
    return "; ".join(found) or "none"


def joined(group, key):
    """What one piece of evidence measured, in words; of several runs, each with its name."""
    if len(group) == 1:
        return getattr(group[0], key)
    told = [f"{piece.about}: {getattr(piece, key)}" for piece in group]
    return "; ".join(told) or "not in this study"


def sentence(verdict, pieces):
    """Why, where no sentence is written: which pieces hold, with their numbers."""
    if verdict == UNTESTABLE:
        reasons = dict.fromkeys(piece.reason.rstrip(".") for piece in pieces if piece.reason)
        return capital("; ".join(reasons)) + "."
    if len(pieces) == 1:
        return capital(pieces[0].sentence)
    found = {}
    for piece in sorted(pieces, key=lambda piece: VERDICTS.index(piece.verdict)):
        told = f"{piece.about or piece.rule} ({piece.brief})"
        found.setdefault(GROUPS[piece.verdict], []).append(told)
    return " ".join(f"{word}: {'; '.join(told)}." for word, told in found.items())


def capital(text):
    return text[:1].upper() + text[1:]


def table(judged):
    """The rows of claims.csv, for people, from the entries of claims.json."""
    for each in judged:
        piece = {} if each["headline"] is None else each["pieces"][each["headline"]]
        numbers = {"measured": piece.get("number"), "replicates": piece.get("n", 0)}
        row = each | {key: piece.get(key) for key in ("low", "high", "adjusted")} | numbers
        yield {name: row[name] for name in COLUMNS}
