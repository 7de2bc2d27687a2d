"""A results folder as the report reads it: a small study of made-up numbers.

Two problems, so that nothing can lean on one: `kinds` (three classes, judged by balanced accuracy,
with networks of the study's own) and `lengths` (regression in mm). Nothing is trained.
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from tunebook.claims.read import load_claims
from tunebook.evidence import measures
from tunebook.tasks import TASKS, column

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "report"
FACTS = {
    "made": "2026-01-02T03:04:05+00:00",
    "machine": {
        "processor": "A <Processor> & Co", "cores": 2, "memory_bytes": 8e9, "system": "Linux 6",
    },
    "versions": {"python": "3.11.1", "torch": "2.13.0"},
    "commit": {"id": "0123456789abcdef0123456789abcdef01234567", "changed": False},
}  # fmt: skip
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"

DENSE = {"model": "dense", "optimizer": "adam", "batch_size": "50", "epochs": 8, "dropout": 0.0}
PROBLEMS = {
    "kinds": {
        "title": "Kinds of stones", "task": "classification", "metric": "balanced-accuracy",
        "dataset": "stones", "target": "kind", "unit": "", "classes": ["a", "b", "c"],
        "shape": None, "inputs": [{"name": "mass", "unit": "g", "type": "number"}],
        "rows": {"train": 60, "validation": 20, "test": 20}, "replicates": 5,
        "baselines": {"forest": "Random forest"},
    },
    "lengths": {
        "title": "Lengths of fish", "task": "regression", "metric": "mse", "dataset": "fish",
        "target": "length", "unit": "mm", "classes": None, "shape": None,
        "inputs": [{"name": name, "unit": "", "type": "number"} for name in "ab"],
        "rows": {"train": 60, "validation": 20, "test": 20}, "replicates": 5, "baselines": {},
    },
}  # fmt: skip


def settings(problem):
    """{sweep: (question, whether a grid, [hyper-parameters of its runs])} of a problem."""
    base = DENSE | {"loss": "cross-entropy" if problem == "kinds" else "mse", "widths": "10"}
    rates = [base | {"learning_rate": rate} for rate in (0.1, 0.01, 0.001)]
    grid = [
        base | {"widths": widths, "learning_rate": rate}
        for widths, rate in product(("10", "10-10", "200-200"), (0.1, 0.01, 0.001))
    ]
    found = {
        f"rates-{problem}": (f"Which rates train {problem}?", False, rates),
        f"grid-{problem}": (f"Which network is best for {problem}?", True, grid),
    }
    if problem == "kinds":
        own = {key: value for key, value in rates[1].items() if key not in ("widths", "dropout")}
        own |= {"model": "module", "module": "networks.py:Skip"}
        found["own"] = "Does a skip help?", False, [
            own | {"breadth": breadth, "skip": skip} for breadth in (4, 8) for skip in (True, False)
        ]  # fmt: skip
    return found


def measured(random, problem, rows, hostile):
    """The measures of a run's replicates, as runs.csv has them."""
    about, size = PROBLEMS[problem], len(rows)
    task = TASKS[about["task"]]
    level = random.uniform(0.05, 0.2)
    found = {}
    for split in measures.SPLITS:
        for name, metric in task.metrics.items():
            values = level * random.lognormal(0, 0.1, size)
            values = values * {"mm": 100}.get(metric.unit, 1)
            values = 1 - values if metric.better == "higher" else values
            found[f"{split}_{column(name)}"] = np.full(size, np.nan) if hostile else values
        found[f"{split}_loss"] = found[f"{split}_{column(about['metric'])}"]
        found[f"constant_{split}_{column(about['metric'])}"] = 0.33
    judged = [found[f"{split}_{column(about['metric'])}"] for split in ("train", "validation")]
    sign = -1 if task.metrics[about["metric"]].better == "higher" else 1
    return rows.assign(**found, gap=sign * (judged[1] - judged[0]))


def make_runs(problems, replicates, hostile, random):
    """(runs.csv as a frame, {sweep: its entry of study.json}, names of hyper-parameters)."""
    frames, sweeps, seen, keys = [], {}, {}, {}
    for problem in problems:
        for sweep, (question, grid, members) in settings(problem).items():
            names = []
            for known in members:
                text = "-".join(str(value) for value in known.values()).replace(":", "")
                name = f"{problem}-{text}"
                names.append(name)
                seen.setdefault(name, (problem, known, []))[2].append(sweep)
                keys |= dict.fromkeys(known)
            sweeps[sweep] = {"problem": problem, "question": question, "runs": names, "grid": grid,
                             "axes": []}  # fmt: skip
    for name, (problem, known, of) in seen.items():
        rows = pd.DataFrame({"run": name, "problem": problem, "sweeps": ";".join(of),
                             "replicate": range(replicates), "seed": 1} | known)  # fmt: skip
        rows = measured(random, problem, rows, hostile).assign(
            parameters=100 + len(name), metric=column(PROBLEMS[problem]["metric"]),
            diverged_at=2 if hostile else np.nan, train_seconds=0.2, seconds_per_epoch=0.02,
        )  # fmt: skip
        frames.append(rows)
    return pd.concat(frames, ignore_index=True), sweeps, list(keys)


def make_claims(runs, kind="real"):
    """claims.json: one claim of each verdict, the first with two pieces."""
    verdicts = ("reproduced", "partly reproduced", "not reproduced", "undecided", "not testable")
    claims = []
    for verdict in verdicts:
        name = verdict.replace(" ", "-")
        piece = {
            "about": f"a piece of {name}", "rule": "value", "metric": "test_metric",
            "verdict": verdict, "claimed": "97.1 %", "number": 0.91, "low": 0.9, "high": 0.92,
            "unit": "share", "n": 5, "diverged": 0, "runs": [runs[0]], "text": "91.00 %",
            "reason": "", "counts": True,
        }  # fmt: skip
        claims.append(
            {
                "id": name, "title": f"The title of {name}", "section": "2.2", "data": kind,
                "claim": f"Our words for {name}.", "claimed": "97.1 %", "verdict": verdict,
                "why": f"Why {name}.", "pieces": [piece] * (2 if name == "reproduced" else 1),
                "shown": [piece | {"verdict": "", "about": "shown beside it"}],
            }
        )  # fmt: skip
    return claims


def write_claims(folder, claims):
    """claims.yaml of these claims, with one trap; returns what `load_claims` gives."""
    rule = {"value": {"metric": "test_metric", "of": {"sweep": "grid-kinds"}, "source": "test"}}
    source = {"test": {"value": "97.1", "unit": "%"}}
    told = ("id", "title", "section", "claim")
    entries = [
        {key: claim[key] for key in told} | {"rule": rule, "source": source} for claim in claims
    ]
    if entries:
        entries[0]["why"] = {"reproduced": claims[0]["why"]}
    trap = {"title": "A trap", "found": "It says two things.", "tested": "Both are tested.",
            "claims": ["reproduced"]}  # fmt: skip
    path = Path(folder) / "claims.yaml"
    path.write_text(json.dumps({"claims": entries, "traps": [trap]}))
    return load_claims(path if claims else None)


def write_results(folder, problems=("kinds", "lengths"), replicates=5, hostile=False, kind="real",
                  leave_out=(), figures=("first", "second"), seed=0):  # fmt: skip
    """Write `folder`/results and `folder`/resources; returns (results, provenance, claims).

    leave_out: names of files that are not written.
    """
    random = np.random.default_rng(seed)
    results, resources = Path(folder) / "results", Path(folder) / "resources"
    (results / "figures").mkdir(parents=True, exist_ok=True)
    resources.mkdir(exist_ok=True)
    runs, sweeps, keys = make_runs(problems, replicates, hostile, random)
    names = list(runs["run"].unique())
    best = {p: next(name for name in names if name.startswith(p)) for p in problems}
    study = {
        "problems": {p: PROBLEMS[p] | {"best": {"run": best[p], "sweep": f"grid-{p}"}}
                     for p in problems},
        "parameters": keys, "sweeps": sweeps,
    }  # fmt: skip
    epoch = np.arange(1, 3 if hostile else 9)
    history = pd.DataFrame(
        [(run, r, e) for run in names for r in range(replicates) for e in epoch],
        columns=["run", "replicate", "epoch"],
    )
    for name in ("train_loss", "train_metric", "validation_loss", "validation_metric"):
        history[name] = np.inf if hostile else np.exp(-history["epoch"] / 4)
    timing = pd.DataFrame([{"run": name, "sweeps": "", "problem": "", "repetition": r,
                            "seconds_per_epoch": 0.01 * (i + 1)}
                           for i, name in enumerate(names) for r in range(3)])  # fmt: skip
    cost = pd.DataFrame(
        {
            "run": names,
            "first": 0,
            "last": 4,
            "started": 1.7e9,
            "threads": 1,
            "finished": 1.7e9 + 10,
            "train_seconds": 9.0,
            "job_seconds": 10.0,
        }
    )
    baselines = pd.DataFrame([{"problem": "kinds", "baseline": "forest", "replicate": r,
                               "test_balanced_accuracy": 0.8, "fit_seconds": 0.3}
                              for r in range(replicates)])  # fmt: skip
    importance = pd.DataFrame([{"problem": p, "hyper_parameter": "learning_rate", "mean": 0.5,
                                "sd": 0.1, "explained": 0.7, "runs": 20, "reason": ""}
                               for p in problems])  # fmt: skip
    tables = {"runs": runs, "timing": timing, "cost": cost, "baselines": baselines,
              "importance": importance}  # fmt: skip
    for name, table in tables.items():
        if name not in leave_out:
            table.to_csv(results / f"{name}.csv", index=False)
    if "history" not in leave_out:
        history.to_parquet(results / "history.parquet", index=False)
    (results / "study.json").write_text(json.dumps(study))
    claims = [] if "claims" in leave_out else make_claims(names, kind)
    (results / "claims.json").write_text(json.dumps(claims))
    for name in figures:
        about = {"title": f"The {name} figure", "caption": "What is seen.", "alt": f"Alt {name}",
                 "runs": names[:2]}  # fmt: skip
        svg = f'<?xml version="1.0"?><svg viewBox="0 0 9 9" role="img" aria-label="{name}">'
        svg += f'<g id="{name}-g"><path style="fill: var(--ink)" d="M0 0H9V9Z"/></g></svg>'
        (results / f"figures/{name}.svg").write_text(svg)
        (results / f"figures/{name}.json").write_text(json.dumps(about))
        rows = 9000 if name == "second" else 1
        (results / f"figures/{name}.csv").write_text("x,y\n" + "1,2\n" * rows * 2)
    for name in dict.fromkeys(PROBLEMS[p]["dataset"] for p in problems):
        file = {"name": f"{name}.csv", "address": f"http://example.org/{name}.csv", "bytes": 4606,
                "sha256": "ab" * 32, "retrieved": "2026-01-02", "verified_by": "it"}  # fmt: skip
        about = {
            "dataset": name,
            "title": f"The {name} data",
            "kind": kind,
            "files": [file],
            "citation": "Someone (1990).",
            "licence": "None is stated.",
            "note": "A few.",
        }
        (resources / f"{name}.json").write_text(json.dumps(about))
    return results, sorted(resources.glob("*.json")), write_claims(folder, claims)
