"""config/claims.yaml: read, checked against its schema, and against the study it is to test."""

import re
import string
from pathlib import Path

from ..configuration import check_against, normalise, read_yaml
from ..jobs import TunebookError
from . import rules, sources
from .parts import UNTESTABLE
from .selection import MissingRuns, StudyRuns

SCHEMA = Path(__file__).parents[3] / "schemas/claims.schema.yaml"

# What a sentence may name besides the statement's source values and its parts (part1, part2, ...).
PLACEHOLDERS = ("measured", "low", "high", "replicates", "claimed", "held", "failed", "open")
PART = re.compile(r"part([1-9]\d*)")


def load_claims(path, schema=SCHEMA):
    """{"statements": [...], "traps": [...]} from a claims file.

    Raises TunebookError for a file that does not fit the schema, an id that stands twice, a trap
    about a statement that does not exist, a rule of no kind or two, an unknown source value, a
    sentence with an unknown placeholder, or no sentence for a verdict that the rule can give.
    """
    claims = normalise(read_yaml(path))
    check_against(claims, read_yaml(schema), "claims")
    seen = set()
    for statement in claims["statements"]:
        if statement["id"] in seen:
            raise TunebookError(f"claims: {statement['id']}: stands twice; each id may stand once")
        seen.add(statement["id"])
        with_id(check_statement, statement)
    for i, trap in enumerate(claims["traps"]):
        for name in trap["statements"]:
            if name not in seen:
                raise TunebookError(
                    f"claims: traps[{i}].statements: found {name}; allowed: the id of a statement"
                )
    return claims


def with_id(check, statement, *arguments):
    """Call a check and put the statement's id before its message."""
    try:
        return check(statement, *arguments)
    except MissingRuns as error:
        raise MissingRuns(f"claims: {statement['id']}: {error}") from None
    except TunebookError as error:
        raise TunebookError(f"claims: {statement['id']}: {error}") from None


def check_statement(statement):
    """Raise TunebookError for what no schema can say of one statement."""
    source = sources.read_all(statement)
    for name in source:
        if name in PLACEHOLDERS or PART.fullmatch(name):
            raise TunebookError(f"source.{name}: the name is taken; allowed: another one")
    parts = len(list(rules.leaves(statement["rule"]))) + len(statement.get("evidence", []))
    for key in ("statement", "claimed"):
        check_sentence(key, statement[key], set(source), 0)
    for verdict, sentence in statement.get("why", {}).items():
        check_sentence(f"why.{verdict}", sentence, {*PLACEHOLDERS, *source}, parts)
    needed = rules.possible_verdicts(statement["rule"]) - {UNTESTABLE}
    missing = sorted(needed - set(statement.get("why", {})))
    if missing:
        raise TunebookError(f"why.{missing[0]}: missing; the rule can give this verdict")
    for rule in statement.get("evidence", []):
        rules.kind_of(rule)


def check_sentence(where, sentence, names, parts):
    """Raise TunebookError for a placeholder that nothing fills."""
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(sentence)]
    except ValueError as error:
        raise TunebookError(f"{where}: {error}; allowed: braces around a placeholder") from None
    for field in fields:
        number = PART.fullmatch(field or "")
        if field is None or field in names or (number and int(number[1]) <= parts):
            continue
        raise TunebookError(
            f"{where}: found {{{field}}}; allowed: {', '.join(sorted(names)) or 'no placeholder'}"
            + (f", part1 to part{parts}" if parts else "")
        )


def check_claims(claims, study_runs, sweeps, timed=(), missing="error"):
    """Raise TunebookError unless every statement can be tested on the study's runs.

    Called before anything is trained. study_runs: one dictionary a run (`Study.rows()`). sweeps:
    names of all sweeps; timed: of those whose runs are timed alone. missing: with "not testable",
    statements whose runs are not in the study pass, and will be given that verdict.
    """
    study = StudyRuns(study_runs, sweeps, timed)
    for statement in claims["statements"]:
        try:
            with_id(check_runs, statement, study)
        except MissingRuns:
            if missing == "error":
                raise


def check_runs(statement, study):
    """Resolve every part of a statement and of its evidence; returns the rows of their runs."""
    source = sources.read_all(statement)
    rows = []
    for rule in [statement["rule"], *statement.get("evidence", [])]:
        for about, kind, spec in rules.leaves(rule):
            try:
                rows += rules.resolve(kind, spec, study, source)[1]
            except TunebookError as error:
                place = f"{kind} ({about})" if about else kind
                raise type(error)(f"{place}: {error}") from None
    return rows
