"""The statements of the written analysis with their verdicts, as the report shows them."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from ..claims import sources
from . import numbers

# In the order in which they are counted; the word is what claims.csv holds.
VERDICTS = ["reproduced", "partly reproduced", "not reproduced", "undecided", "not testable"]


# `97.1 % (96.8 % to 97.4 %); more`: the number, its interval, the rest
PIECES = re.compile(r"(?P<number>[^();]+?) \((?P<interval>[^()]+ to [^()]+)\)(?P<rest>.*)")


@dataclass
class Statement:
    """One statement of the source: what it claims, what was measured, and what follows.

    parts: one dictionary for each rule that was applied. runs: the names of the runs behind it.
    """

    id: str
    section: str
    verdict: str
    wording: str
    claimed: str = ""
    measured: str = ""
    headline: str = ""
    replicates: int | None = None
    stand_in: bool = False
    why: str = ""
    parts: list = field(default_factory=list)
    runs: list = field(default_factory=list)

    @property
    def pieces(self):
        """The measured text as (number, interval, rest); plain words are all in the first."""
        found = PIECES.fullmatch(self.measured)
        return found.groups() if found else (self.measured, "", "")

    @property
    def slug(self):
        """The verdict as part of a class name."""
        return self.verdict.replace(" ", "-")


def read_statements(table, claims):
    """{id: Statement} of claims.csv, in its order, worded as config/claims.yaml words them.

    table: claims.csv as a frame. claims: the plain values of claims.yaml.
    """
    worded = {entry["id"]: entry for entry in claims.get("statements") or []}
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return {row["id"]: statement(row, worded.get(row["id"], {})) for row in rows}


def statement(row, entry):
    """One Statement from its row of claims.csv and its entry in claims.yaml."""
    parts = json.loads(row["parts"]) if row["parts"] else []
    runs = dict.fromkeys(run for part in parts for run in part.get("runs", []))
    measured = row["measured_text"]
    if measured is None and numbers.known(row["measured"]):
        measured = numbers.significant(row["measured"])
    return Statement(
        id=row["id"],
        section=str(row["section"]),
        verdict=row["verdict"] if row["verdict"] in VERDICTS else "undecided",
        wording=worded(entry) or str(row["claimed"] or row["id"]),
        claimed=tight(str(row["claimed"] or "")),
        measured=tight(str(measured or "")),
        headline=headline(parts, measured),
        replicates=int(row["replicates"]) if numbers.known(row["replicates"]) else None,
        stand_in=row["data"] == "sample",
        why=tight(str(row["why"] or "")),
        parts=[{key: tight(value) for key, value in part.items()} for part in parts],
        runs=list(runs),
    )


def worded(entry):
    """Our words for a statement, with the source's numbers put in; "" if there are none."""
    texts = {name: number.text for name, number in sources.read_all(entry).items()}
    return tight(entry.get("statement", "").format_map(texts))


def tight(text):
    """Text whose units stay on the line of their numbers; other values as they are."""
    if not isinstance(text, str):
        return text
    return re.sub(r"(?<=\d) (?=(%|ms|s|min|h|points|times)\b|%)", numbers.NARROW, text)


def headline(parts, measured):
    """What the headline number is of, where a statement has several parts."""
    named = [part for part in parts if part.get("text") == measured and part.get("description")]
    return named[0]["description"] if named and len(parts) > 1 else ""


def tally(statements):
    """[(verdict, its statements)] for every verdict, also those that no statement got."""
    return [
        (verdict, [each for each in statements if each.verdict == verdict]) for verdict in VERDICTS
    ]


def tally_text(statements):
    """The verdicts of some statements in a phrase: `two reproduced and one undecided`."""
    counts = Counter(each.verdict for each in statements)
    return numbers.spoken(
        f"{numbers.word(counts[verdict])} {verdict}" for verdict in VERDICTS if counts[verdict]
    )
