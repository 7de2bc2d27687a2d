"""A whole results folder of a made-up study: every table and file that the report reads.

Most tables come from `made_up_tables`; here stand the costs, the verdicts, the provenance and the
claims that the report needs besides. Nothing is trained, so no number here means anything.
"""

import json
from functools import cache
from pathlib import Path

import pandas as pd

from made_up_tables import make_study, make_tables, write_tables
from tunebook.figures import CATALOGUE, save
from tunebook.figures.tables import Tables

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "report"

# id, section, verdict, sweep of its runs
STATEMENTS = [
    ("cnn-architecture", "1.1", "reproduced", "best-digits"),
    ("cnn-accuracy", "1.1", "partly reproduced", "best-digits"),
    ("mlp-error", "1.2", "not reproduced", "best-houses"),
    ("training-time", "2.1", "undecided", "best-houses"),
    ("lr-too-high", "2.2", "not testable", "rates-deep"),
    ("a-new-statement", "2.2", "reproduced", "best-digits"),
]
SOURCE = {
    "cnn-accuracy": {"train": "99.98", "validation": "98.45", "test": "97.1", "unit": "%"},
    "mlp-error": {"train": "0.0028", "validation": "0.0033", "test": "0.0030", "unit": ""},
}
SMALL = (
    "best-digits", "best-houses", "layers-digits", "rates-deep", "optimizers", "losses-houses",
    "grid-houses",
)  # fmt: skip
FACTS = {
    "made": "2026-01-02T03:04:05+00:00",
    "machine": {
        "processor": "A <Processor> & Co", "cores": 2, "memory_bytes": 8e9, "system": "Linux 6",
    },
    "versions": {"python": "3.11.1", "torch": "2.13.0"},
    "commit": {"id": "0123456789abcdef0123456789abcdef01234567", "changed": False},
}  # fmt: skip


def configuration(sweeps=SMALL, title=None, **cut):
    """A study's configuration, cut down as in `made_up_tables.make_study`."""
    found = make_study(sweeps, **cut).configuration
    if title:
        found["study"]["title"] = title
    return found


def claims():
    """What config/claims.yaml would hold for the made-up statements."""
    statements = []
    for name, section, _, _ in STATEMENTS:
        numbers = dict(SOURCE.get(name, {}))
        unit = numbers.pop("unit", "")
        statements.append(
            {
                "id": name, "section": section, "statement": f"Our words for {name}.",
                "source": {key: {"value": value, "unit": unit} for key, value in numbers.items()},
            }
        )  # fmt: skip
    traps = [
        {
            "title": "Without padding it cannot be",
            "found": "Three convolutions without padding run out of pixels.",
            "tested": "Padding is used throughout.",
            "statements": ["cnn-architecture"],
        }
    ]
    return {"statements": statements, "traps": traps}


def claims_table(sweeps, kind="real"):
    """claims.csv: one row a made-up statement, its runs those of a sweep."""
    rows = []
    for name, section, verdict, sweep in STATEMENTS:
        runs = list(sweeps.loc[sweeps["sweep"] == sweep, "run"])
        part = {
            "rule": "value",
            "verdict": verdict,
            "description": f"a part of {name}",
            "metric": "test_metric",
            "claimed": "0.9",
            "measured": 0.91,
            "low": 0.90,
            "high": 0.92,
            "unit": "accuracy",
            "n": 5,
            "diverged": 0,
            "runs": runs,
            "text": "91.00 %",
            "reason": "",
        }
        rows.append(
            {
                "id": name, "section": section, "verdict": verdict, "claimed": "90 %",
                "measured": 0.91, "low": 0.90, "high": 0.92, "replicates": 5,
                "data": kind, "why": "The interval holds the claimed number.",
                "parts": json.dumps([part]), "measured_text": "91.00 % (90.00 % to 92.00 %)",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def cost_table(runs):
    """cost.csv: two blocks at a time, each a second apart, one block a run."""
    rows = []
    for i, (run, members) in enumerate(runs.groupby("run", sort=False)):
        started = 1_700_000_000.0 + 10 * (i // 2)
        rows.append(
            {
                "run": run, "first": 0, "last": len(members) - 1, "started": started,
                "finished": started + 10, "train_seconds": 9.0, "job_seconds": 10.0, "threads": 1,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def provenance(dataset, kind="real"):
    """What `retrieve` writes beside a dataset's files."""
    file = {
        "name": f"{dataset}.csv", "address": f"http://example.org/{dataset}.csv",
        "transport": "http", "bytes": 460676, "sha256": "ab" * 32, "expected": "ab" * 32,
        "verified_by": "sha256", "retrieved": "2026-01-02",
    }  # fmt: skip
    return {
        "dataset": dataset, "title": f"The {dataset} data", "kind": kind, "files": [file],
        "citation": "Someone (1990).", "licence": "None is stated.", "note": "A few rows.",
    }  # fmt: skip


@cache
def _tables(sweeps, problems, replicates, epochs, hostile):
    return make_tables(sweeps, problems, replicates, epochs, hostile)


def write_results(
    folder, sweeps=SMALL, problems=("digits", "houses"), replicates=None, epochs=30,
    hostile=False, kind="real", leave_out=(), figures=(), frames=None,
):  # fmt: skip
    """Write `folder`/results and `folder`/resources of a made-up study.

    Returns the results folder and the paths of the provenance files.

    frames: {name: frame} to use instead of the made-up ones. leave_out: tables that are not
    written. figures: names of the figures to draw.
    """
    results, resources = Path(folder) / "results", Path(folder) / "resources"
    for each in (results, resources):
        each.mkdir(parents=True, exist_ok=True)
    made = _tables(sweeps, problems, replicates, epochs, hostile) | (frames or {})
    made = {
        "cost": cost_table(made["runs"]), "claims": claims_table(made["sweeps"], kind),
    } | made  # fmt: skip
    write_tables({name: made[name] for name in made if name not in leave_out}, results)
    for problem, dataset in (("digits", "usps"), ("houses", "ames")):
        if problem in problems:
            text = json.dumps(provenance(dataset, kind))
            (resources / f"{dataset}.json").write_text(text)
    drawn_from = Tables(**{k: made[k] for k in Tables.__dataclass_fields__})
    for name in figures:
        save(name, drawn_from, results / "figures")
    return results, sorted(resources.glob("*.json"))


def all_figures():
    return [figure.name for figure in CATALOGUE]
