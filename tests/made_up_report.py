"""A results folder as the report reads it: a small study of made-up numbers.

Two problems, so that nothing can lean on one: `kinds` (three classes, judged by balanced accuracy,
with networks of the study's own) and `lengths` (regression in mm). Nothing is trained.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

import made_up as maker
from tunebook.claims.read import VERDICTS, load_claims
from tunebook.evidence import measures
from tunebook.study.parameters import columns
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
        "dataset": "stones", "target": "kind", "unit": "", "target_range": None,
        "classes": ["a", "b", "c"],
        "shape": None, "inputs": [{"name": "mass", "unit": "g", "type": "number"}],
        "rows": {"train": 60, "validation": 20, "test": 20}, "replicates": 5,
        "baselines": {"forest": "Random forest"},
    },
    "lengths": {
        "title": "Lengths of fish", "task": "regression", "metric": "mse", "dataset": "fish",
        "target": "length", "unit": "mm", "target_range": 412.5, "classes": None, "shape": None,
        "inputs": [{"name": name, "unit": "", "type": "number"} for name in "ab"],
        "rows": {"train": 60, "validation": 20, "test": 20}, "replicates": 5, "baselines": {},
    },
}  # fmt: skip


def settings(problem):
    """{sweep: (question, whether a grid, [hyper-parameters of its runs])} of a problem."""
    base = DENSE | {"loss": "cross-entropy" if problem == "kinds" else "mse", "widths": "10"}
    rates = [base | {"learning_rate": rate} for rate in (0.1, 0.01, 0.001)]
    grid = [rate | {"widths": widths} for widths in ("10", "10-10", "200-200") for rate in rates]
    found = {
        f"rates-{problem}": (f"Which rates train {problem}?", False, rates),
        f"grid-{problem}": (f"Which network is best for {problem}?", True, grid),
    }
    if problem == "kinds":
        own = {key: value for key, value in rates[1].items() if key not in ("widths", "dropout")}
        own |= {"model": "module", "module": "networks.py:Skip"}
        skips = [own | {"breadth": b, "skip": skip} for b in (4, 8) for skip in (True, False)]
        found["own"] = "Does a skip help?", False, skips
    return found


def measured(random, problem, rows, hostile):
    """The measures of a run's replicates, as runs.csv has them."""
    about, level, found = PROBLEMS[problem], random.uniform(0.05, 0.2), {}
    metrics, judged = TASKS[about["task"]].metrics, column(about["metric"])
    for split in measures.SPLITS:
        for name, metric in metrics.items():
            values = level * random.lognormal(0, 0.1, len(rows))
            values = values * {"mm": 100}.get(metric.unit, 1)
            values = 1 - values if metric.better == "higher" else values
            found[f"{split}_{column(name)}"] = np.nan if hostile else values
        found[f"{split}_loss"] = found[f"{split}_{judged}"]
        found[f"constant_{split}_{judged}"] = 0.33
    sign = -1 if metrics[about["metric"]].better == "higher" else 1
    gap = sign * (found[f"validation_{judged}"] - found[f"train_{judged}"])
    return rows.assign(**found, gap=gap)


def unheld(frame):
    """A frame of measures, blank where they take validation rows."""
    names = [name for name in frame if name == "gap" or "validation" in name]
    return frame.assign(**dict.fromkeys(names, np.nan))


def make_runs(problems, replicates, hostile, random, unvalidated):
    """(runs.csv as a frame, {sweep: its entry of study.json}, names of hyper-parameters)."""
    sweeps, runs = {}, {}
    for problem in problems:
        for sweep, (question, grid, members) in settings(problem).items():
            if problem in unvalidated:
                grid, members = False, [each | {"fit_on": "development"} for each in members]
            texts = ["-".join(map(str, known.values())).replace(":", "") for known in members]
            names = [f"{problem}-{text}" for text in texts]
            sweeps[sweep] = {"problem": problem, "question": question, "runs": names, "grid": grid}
            for name, known in zip(names, members, strict=True):
                runs.setdefault(name, (problem, known, []))[2].append(sweep)
    frames = []
    for name, (problem, known, of) in runs.items():
        rows = pd.DataFrame({"replicate": range(replicates)} | known).assign(
            run=name, problem=problem, sweeps=";".join(of), parameters=100 + len(name),
            diverged_at=2 if hostile else np.nan, train_seconds=0.2,
        )  # fmt: skip
        frame = measured(random, problem, rows, hostile)
        frames.append(unheld(frame) if problem in unvalidated else frame)
    parameters = columns(known for _, known, _ in runs.values())
    return pd.concat(frames, ignore_index=True), sweeps, parameters


def add_search(folder, sweep, problem, **asked):
    """Add a search to written results, whose finalists are three runs of the problem's grid.

    Returns their names. asked: what is asked for in another way than in `made_up.SEARCH`.
    """
    path, asked = Path(folder) / "results/study.json", maker.SEARCH | asked
    study = json.loads(path.read_text())
    names = study["sweeps"][f"grid-{problem}"]["runs"][:3]
    about = {"problem": problem, "question": f"What does {sweep} find?", "grid": False}
    about |= {"runs": names, "search": asked, "axes": [*asked["space"]]}
    study["sweeps"][sweep] = about
    path.write_text(json.dumps(study))
    better = TASKS[PROBLEMS[problem]["task"]].metrics[PROBLEMS[problem]["metric"]].better
    trials, path = maker.trials(sweep, names, 0.5, asked, better), path.with_name("trials.csv")
    known = [pd.read_csv(path)] if path.exists() else []
    pd.concat([*known, trials], ignore_index=True).to_csv(path, index=False)
    return names


def make_claims(runs, kind="real"):
    """claims.json: one claim of each verdict, the first with two pieces."""
    claims = []
    for verdict in VERDICTS:
        name = verdict.replace(" ", "-")
        piece = {
            "about": f"a piece of {name}", "rule": "value", "metric": "test_metric",
            "verdict": verdict, "claimed": "97.1 %", "number": 0.91, "low": 0.9, "high": 0.92,
            "unit": "share", "n": 5, "diverged": 0, "runs": [runs[0]], "text": "91.00 %",
            "reason": "", "counts": True, "p": 0.01, "adjusted": 0.02, "alone": "",
            "scope": "", "smallest": None, "needed": 0, "minutes": None, "decides": True,
            "passes": [0.96, None], "stated": 0.971, "brief": "91.00 %", "quantity": "accuracy",
            "groups": "", "signed": False, "by": "",
        }  # fmt: skip
        aside = piece | {"about": "a piece beside", "decides": False, "number": None}
        claims.append({
            "id": name, "title": f"The title of {name}", "section": "2.2", "data": kind,
            "claim": f"Our words for {name}.", "claimed": "97.1 %", "verdict": verdict,
            "place": "paragraph 3", "standing": "half right" if "partly" in verdict else verdict,
            "why": f"Why {name}.", "tally": "", "late": False, "conditions": "", "headline": 0,
            "lesson": f"What {name} teaches." if name != "undecided" else "",
            "pieces": [aside, piece] if name == "reproduced" else [piece],
            "shown": [piece | {"verdict": "", "about": "shown beside it"}],
        })  # fmt: skip
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
                  leave_out=(), seed=0, unvalidated=()):  # fmt: skip
    """Write `folder`/results and `folder`/resources; returns (results, provenance, claims).

    leave_out: names of files that are not written. unvalidated: problems of which nothing is held
    out for validation.
    """
    results, resources = Path(folder) / "results", Path(folder) / "resources"
    random = np.random.default_rng(seed)
    runs, sweeps, parameters = make_runs(problems, replicates, hostile, random, unvalidated)
    names = list(runs["run"].unique())
    best = {p: next(name for name in names if name.startswith(p)) for p in problems}
    study = {
        "products": [
            {"library": "OpenBLAS", "version": "0.3", "kernel": "Zen", "instructions": "AVX2"},
        ],
        "problems": {
            p: PROBLEMS[p]
            | {"best": {} if p in unvalidated else {"run": best[p]}}
            | ({"rows": {"train": 80, "validation": 0, "test": 20}} if p in unvalidated else {})
            for p in problems
        },
        "parameters": parameters,
        "sweeps": sweeps,
    }
    repeated = [(name, r) for name in names for r in range(max(replicates, 3))]
    history = pd.DataFrame(
        [(run, r, e) for run in names for r in range(replicates) for e in range(1, 9)],
        columns=["run", "replicate", "epoch"],
    )
    history = history[history["epoch"] < 3] if hostile else history
    for name in ("train_loss", "train_metric", "validation_loss", "validation_metric"):
        history[name] = np.inf if hostile else np.exp(-history["epoch"] / 4)
    ours = history["run"].isin(runs.loc[runs["problem"].isin(unvalidated), "run"])
    history[ours] = unheld(history[ours])
    tables = {
        "runs": runs,
        "timing": pd.DataFrame(repeated, columns=["run", "repetition"]).assign(
            seconds_per_epoch=[0.01 * (i // 3 + 1) for i in range(len(repeated))],
            seconds_per_prediction=1e-5,
        ),
        "cost": pd.DataFrame({"run": names}).assign(
            first=0, last=4, started=1.7e9, finished=1.7e9 + 10, threads=1, train_seconds=9.0,
            job_seconds=10.0,
        ),
        "baselines": pd.DataFrame({"replicate": range(replicates)}).assign(
            problem="kinds", baseline="forest", test_balanced_accuracy=0.8, fit_seconds=0.3
        ),
        "importance": pd.DataFrame({"problem": problems}).assign(
            among="all", hyper_parameter="learning_rate", share=0.5, explained=0.7, runs=20,
            reason="",
        ),
    }  # fmt: skip
    files = {f"{name}.csv": table.to_csv(index=False) for name, table in tables.items()}
    claims = [] if "claims" in leave_out else make_claims(names, kind)
    files |= {"study.json": json.dumps(study), "claims.json": json.dumps(claims)}
    for name, rows in (("first", 1), ("second", 18_000)):
        about = {"title": f"The {name} figure", "caption": "What is seen.", "alt": f"Alt {name}",
                 "finding": {"reproduced": f"The {name} is good.", "undecided": "Open."},
                 "runs": names[:2], "claims": ["reproduced"], "panels": []}  # fmt: skip
        svg = f'<?xml version="1.0"?><svg viewBox="0 0 9 9" role="img" aria-label="{name}">'
        svg += f'<g id="{name}-g"><path style="fill: var(--ink)" d="M0 0H9V9Z"/></g></svg>'
        narrow = svg.replace("-g", ".narrow-g")
        written = {
            "svg": svg,
            "narrow.svg": narrow,
            "json": json.dumps(about),
            "csv": "x,y\n" + "1,2\n" * rows,
        }
        files |= {f"figures/{name}.{kind_of}": text for kind_of, text in written.items()}
    (results / "figures").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if name.partition(".")[0] not in leave_out:
            (results / name).write_text(text)
    if "history" not in leave_out:
        history.to_parquet(results / "history.parquet", index=False)
    if "rows" not in leave_out and "lengths" in problems:
        lengths = runs[runs["problem"] == "lengths"]
        luck = np.random.default_rng(seed).exponential(size=20)
        values = [error * luck / luck.mean() for error in lengths["test_mse"]]
        rows = lengths[["run", "replicate"]].assign(values=values)
        rows.to_parquet(results / "rows.parquet", index=False)
    resources.mkdir(exist_ok=True)
    for name in (PROBLEMS[p]["dataset"] for p in problems):
        file = {"name": f"{name}.csv", "address": f"http://example.org/{name}.csv", "bytes": 4606,
                "sha256": "ab" * 32, "retrieved": "2026-01-02", "verified_by": "it"}  # fmt: skip
        about = {"dataset": name, "title": f"The {name} data", "kind": kind, "files": [file],
                 "citation": "Someone (1990).", "licence": "None.", "note": "A few."}  # fmt: skip
        (resources / f"{name}.json").write_text(json.dumps(about))
    return results, sorted(resources.glob("*.json")), write_claims(folder, claims)
