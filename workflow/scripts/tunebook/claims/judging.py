"""Statements + tables -> the rows of claims.csv."""

import json
import math

from . import rules, sources
from .evidence import Evidence
from .parts import NOT, PARTLY, REPRODUCED, UNDECIDED, UNTESTABLE, show
from .reading import check_runs, with_id
from .selection import MissingRuns, StudyRuns

COLUMNS = (
    "id", "section", "statement", "verdict", "claimed", "measured", "low", "high", "replicates",
    "data", "why", "measured_text", "unit", "parts",
)  # fmt: skip


def judge_claims(claims, runs, history, timing, cost, data, missing="error"):
    """One dictionary a statement, with `COLUMNS`, in the order of the claims file.

    runs, history, timing, cost: the tables of the results folder, as data frames. data: {problem:
    "real" or "sample"}. missing: "error", or "not testable" for statements whose runs are not in
    the tables. Nothing random takes part but bootstraps with a fixed seed, so a verdict changes
    only when the statement or the runs do.
    """
    stand_ins = {problem for problem, kind in data.items() if kind == "sample"}
    study = StudyRuns.from_tables(runs, timing)
    evidence = Evidence(runs, history, timing, cost, stand_ins)
    return [judge_statement(s, study, evidence, missing) for s in claims["statements"]]


def judge_statement(statement, study, evidence, missing):
    """The row of claims.csv of one statement."""
    source = sources.read_all(statement)
    row = {"id": statement["id"], "section": statement["section"]}
    for key in ("statement", "claimed"):
        row[key] = statement[key].format_map(texts(source))
    try:
        used = with_id(check_runs, statement, study)
    except MissingRuns as error:
        if missing == "error":
            raise
        return untested(row, str(error), evidence.stand_ins)
    verdict, parts = rules.judge(statement["rule"], study, evidence, source)
    shown = [
        rules.judge_shown(rule, study, evidence, source) for rule in statement.get("evidence", [])
    ]
    problems = {run["problem"] for run in used} or set(study_problems(study))
    row["verdict"] = verdict
    row["data"] = "sample" if problems & evidence.stand_ins else "real"
    row |= headline(parts)
    row["why"] = explain(statement, source, row, parts, shown)
    row["parts"] = as_json(parts + [part for piece in shown for part in piece])
    return {name: row[name] for name in COLUMNS}


def study_problems(study):
    return [row["problem"] for row in study.rows]


def untested(row, reason, stand_ins):
    """The row of a statement that this study has no runs for."""
    row |= {"verdict": UNTESTABLE, "why": f"This study has no runs for it: {reason}."}
    row |= {"measured": math.nan, "low": math.nan, "high": math.nan, "replicates": 0}
    row |= {"data": "sample" if stand_ins else "real", "measured_text": "", "unit": ""}
    return {name: (row | {"parts": "[]"})[name] for name in COLUMNS}


def headline(parts):
    """The numbers of the first part that has any."""
    part = next((part for part in parts if not math.isnan(part.measured)), parts[0])
    return {
        "measured": part.measured, "low": part.low, "high": part.high, "replicates": part.n,
        "measured_text": part.text, "unit": part.unit,
    }  # fmt: skip


def as_json(parts):
    return json.dumps([part.as_dict() for part in parts], ensure_ascii=False, allow_nan=False)


def texts(source):
    """What the names of source values stand for in a sentence."""
    return {name: value.text for name, value in source.items()}


def explain(statement, source, row, parts, shown):
    """The one sentence on why, chosen by the verdict and filled with what was measured."""
    if row["verdict"] == UNTESTABLE:
        return reason_sentence(parts)
    unit = row["unit"].removeprefix("difference of ")
    signed = unit != row["unit"]
    fields = texts(source) | {
        "measured": show(row["measured"], unit, signed),
        "low": show(row["low"], unit, signed),
        "high": show(row["high"], unit, signed),
        "replicates": row["replicates"],
        "claimed": row["claimed"],
        "held": named(parts, REPRODUCED),
        "failed": named(parts, NOT),
        "open": named(parts, UNDECIDED, PARTLY),
    }
    found = [part.text for part in parts] + [joined(piece) for piece in shown]
    fields |= {f"part{i}": text for i, text in enumerate(found, start=1)}
    text = statement["why"][row["verdict"]].format_map(fields)
    return text[:1].upper() + text[1:]


def joined(piece):
    """What one piece of evidence measured, in words; of several runs, each with its name."""
    if len(piece) == 1:
        return piece[0].text
    return "; ".join(f"{part.description}: {part.text}" for part in piece)


def reason_sentence(parts):
    """Why nothing could be tested."""
    reasons = dict.fromkeys(part.reason for part in parts if part.reason)
    text = "; ".join(reasons)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def named(parts, *verdicts):
    """The parts with one of these verdicts, in words."""
    names = [part.description or part.rule for part in parts if part.verdict in verdicts]
    return "; ".join(names) or "none"
