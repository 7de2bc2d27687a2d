"""A study of as many configurations as wanted, and the results it would leave if it were run."""

import json
import os
import shutil

import common
import numpy as np
import pandas as pd
import torch
import yaml

from tunebook.blocks import HISTORY_COLUMNS, save_block
from tunebook.configuration import check_configuration, read_yaml
from tunebook.jobs import write_json
from tunebook.study import expand
from tunebook.tables import block_columns, write_csv, write_parquet
from tunebook.training import Trained

PARTS = ("Snakefile", "workflow", "report", "profiles", "config")
REPLICATES, EPOCHS, ROWS = 5, 100, 876
WIDTHS = [100] * 5
# What `evaluate` adds to a replicate's row; their number matters here, not their values.
METRICS = [f"{part}_{kind}" for part in ("train", "validation", "test")
           for kind in ("loss", "metric", "metric_at_best", "rmse_dollars")]  # fmt: skip
PREDICTIONS = ["run", "problem", "replicate", "row", "target", "prediction", "variance"]
MISREAD = ["run", "replicate", "row", "target", "prediction", "probability", "pixels"]


def copy_project(folder):
    """The project's code and configuration, without its data and results."""
    for part in PARTS:
        source = common.ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / part)


def write_study(folder, size):
    """A project in `folder` whose one sweep has `size` learning rates; returns its Study."""
    copy_project(folder)
    path = folder / "config/config.yaml"
    configuration = read_yaml(path)
    houses = configuration["problems"]["houses"]
    houses |= {"replicates": REPLICATES}
    houses["base"] |= {"widths": WIDTHS, "epochs": EPOCHS}
    configuration |= {
        "problems": {"houses": houses},
        "replicates_per_job": {"dense": REPLICATES, "convolutional": 1},
        "sweeps": {
            "many": {
                "problem": "houses",
                "question": "How does the cost of the graph grow?",
                "axes": {"learning_rate": [(i + 1) / 1e5 for i in range(size)]},
            }
        },
    }
    configuration["timing"]["sweeps"] = []
    configuration["claims"]["when_runs_are_missing"] = "not testable"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False))
    schema = read_yaml(common.ROOT / "workflow/schemas/config.schema.yaml")
    return expand(check_configuration(configuration, schema), schema)


def trained():
    """What training one block leaves, with weights and history of the real size."""
    sizes = zip([4, *WIDTHS], [*WIDTHS, 1], strict=True)
    final = {f"dense{i}.weight": torch.zeros(REPLICATES, *s) for i, s in enumerate(sizes)}
    best = {name: value.clone() for name, value in final.items()}
    curve = torch.linspace(1, 0.1, EPOCHS)[:, None].expand(EPOCHS, REPLICATES)
    return Trained(
        history={name: curve for name in HISTORY_COLUMNS[2:]}, diverged_at=[0] * REPLICATES,
        best_epoch=[EPOCHS] * REPLICATES, final=final, best=best, seconds=1.0,
        parameters=40_000,
    )  # fmt: skip


def write_results(folder, study):
    """The results of every block of the study, and what `evaluate` leaves of them.

    Blocks share the bytes of their history and weights on disk, as links to the first one's.
    """
    runs, rows, first = folder / "results/runs", [], None
    for run in study.runs.values():
        (part,) = run.parts
        record = {
            "run": run.name, "configuration": run.configuration,
            "replicates": list(range(REPLICATES)), "seeds": list(range(REPLICATES)),
            "threads": 1, "started": 0.0, "finished": 1.0,
        }  # fmt: skip
        block = runs / part
        files = [block / name for name in ("history.csv", "weights.safetensors", "training.json")]
        if first is None:
            save_block(*files, trained(), 0, record)
            first = files
            outcome = json.loads(files[2].read_text())
        else:
            block.mkdir(parents=True)
            for source, target in zip(first[:2], files[:2], strict=True):
                os.link(source, target)
        files[2].write_text(json.dumps(outcome | record))
        rows += block_columns(outcome | record, ROWS)
    evaluated = folder / "results/evaluation/houses"
    table = pd.DataFrame(rows)
    table[METRICS] = np.random.default_rng(0).random((len(table), len(METRICS)))
    write_csv(table, evaluated / "metrics.csv")
    write_json(
        folder / "results/choice/houses.json", {"problem": "houses", "run": next(iter(study.runs))}
    )
    write_parquet(pd.DataFrame(columns=PREDICTIONS), evaluated / "predictions.parquet")
    write_parquet(pd.DataFrame(columns=MISREAD), evaluated / "misread.parquet")


def gather_values(folder, study):
    """What the rule `gather` would hand its script."""
    results = folder / "results"
    tables = {"runs": "runs.csv", "history": "history.parquet", "cost": "cost.csv",
              "best": "best.json", "sweeps": "sweeps.csv",
              "predictions": "predictions.parquet", "misread": "misread.parquet"}  # fmt: skip
    parts = [part for run in study.runs.values() for part in run.parts]
    evaluated = results / "evaluation/houses"
    return {
        "input": {
            "records": [str(results / "runs" / part / "training.json") for part in parts],
            "choices": [str(results / "choice/houses.json")],
            "metrics": [str(evaluated / "metrics.csv")],
            "predictions": [str(evaluated / "predictions.parquet")],
            "misread": [str(evaluated / "misread.parquet")],
        },
        "output": {name: str(results / file) for name, file in tables.items()},
        "params": {"rows": study.rows(), "sweeps": study.sweeps},
        "wildcards": {},
        "log": str(folder / "logs/gather.log"),
    }
