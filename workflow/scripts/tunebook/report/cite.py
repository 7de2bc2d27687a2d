"""How a study is cited: in a sentence, and as an entry of BibTeX. Only what is known of it."""

import re
from datetime import datetime

from ..evidence.words import spoken

# What BibTeX and TeX read as their own.
TEX = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{c: f"\\{c}" for c in "&%$#_"},
})  # fmt: skip
SHOWN = 12  # characters of a fingerprint


def citation(study, when, commit, provenance):
    """{sentence, bibtex} of a study.

    study: the section `study` of its configuration; when: its date, or that in ISO text; commit:
    see `facts.facts`; provenance: what `retrieve` wrote of each dataset.
    """
    when = datetime.fromisoformat(when) if isinstance(when, str) else when
    made = "Tunebook"
    if commit:
        changed = " with changes that are not committed" if commit["changed"] else ""
        made += f", commit {commit['id'][:SHOWN]}{changed}"
    after = f"After {study['source'].rstrip('.')}. " if study.get("source") else ""
    author = study.get("author")
    title = study["title"].rstrip(".")
    data = told_data(provenance)
    said = f"{author}. " if author else ""
    said += f"{title}. {after}Run on {when.day} {when:%B %Y} with {made}"
    note = f"{after}Run with {made}{f'; data: {data}' if data else ''}"
    entry = {
        "author": author and f"{{{author.translate(TEX)}}}",
        "title": f"{{{title.translate(TEX)}}}", "year": f"{when.year}",
        "month": f"{when:%b}".lower(), "note": note.translate(TEX),
    }  # fmt: skip
    word = re.sub(r"[^a-z0-9]+", "", title.split()[0].lower()) or "study"
    lines = [
        f"  {key} = {value if key == 'month' else f'{{{value}}}'}"
        for key, value in entry.items() if value
    ]  # fmt: skip
    return {
        "sentence": f"{said}; data: {data}." if data else f"{said}.",
        "bibtex": ",\n".join([f"@misc{{{word}{when.year}", *lines]) + "\n}",
    }


def told_data(provenance):
    """The datasets with the beginnings of their files' fingerprints: `Iris (SHA-256 0123…)`."""
    told = []
    for about in provenance:
        marks = [f"{file['sha256'][:SHOWN]}…" for file in about["files"] if file.get("sha256")]
        kind = "" if about.get("kind") == "real" else "stand-in for "
        told.append(kind + about["title"] + (f" (SHA-256 {', '.join(marks)})" if marks else ""))
    return spoken(told)
