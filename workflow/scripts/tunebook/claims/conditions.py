"""Under which conditions a learning rate learns, fails or diverges (trap 4)."""

from collections import defaultdict

import pandas as pd

from .selection import comparable, records
from .shape import LEARNED_MARGIN, outcome

CONDITIONS = ["features", "target", "optimizer", "loss", "widths", "learning_rate"]
OUTCOMES = ("learned", "failed", "diverged")


def condition_grid(runs, history, sweep="conditions"):
    """One row a configuration of the sweep: how its replicates ended.

    runs, history: the tables runs.csv and history.parquet. Columns: run, the six conditions, depth,
    replicates, the share of replicates that learned, failed and diverged (as defined in
    `shape.outcome`), and outcome: the one of the three that more than half of them share, or
    "mixed". Rows are in the order of runs.csv; none if the study has no such sweep.
    """
    rows = runs[runs["sweeps"].str.split(";").map(lambda names: sweep in names).astype(bool)]
    first = history[history["epoch"] == 1].set_index(["run", "replicate"])["train_metric"].to_dict()
    ends_of = defaultdict(list)
    for row in records(rows):
        end = outcome(row, first[row["run"], row["replicate"]], LEARNED_MARGIN)
        ends_of[row["run"]].append(end)
    grid = []
    for described in rows.drop_duplicates("run").to_dict("records"):
        run = described["run"]
        ends = ends_of[run]
        shares = {name: ends.count(name) / len(ends) for name in OUTCOMES}
        grid.append(
            {"run": run}
            | {key: described[key] for key in CONDITIONS}
            | {"depth": int(comparable(described["depth"])), "replicates": len(ends)}
            | shares
            | {"outcome": next((name for name in OUTCOMES if shares[name] > 0.5), "mixed")}
        )
    columns = ["run", *CONDITIONS, "depth", "replicates", *OUTCOMES, "outcome"]
    return pd.DataFrame(grid, columns=columns)
