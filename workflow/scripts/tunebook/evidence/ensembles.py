"""Ensembles: all networks of a run that predict together, as one predictor.

That is one number a run, not one a replicate. Its interval says how this ensemble would do on other
test rows of the same kind; how another one would do on these, it cannot say.
"""

import math

import numpy as np
import pandas as pd

from ..tasks import TASKS, Ruler
from .intervals import Interval, mean_of, share_interval
from .measures import judged

# {way of predicting: which words of the members are averaged; see `evaluate.members`}
WAYS = {"ensemble": "values", "ensemble over shifts": "shifted"}
COLUMNS = ("run", "problem", "way", "members", "metric", "value", "low", "high", "rows")


def ensembles_table(members, runs, problems, tests):
    """ensembles.csv: one row a run and way of predicting, in the order of the runs.

    members: a frame of what `evaluate.members` gives, of problems whose replicates all have the
    same test rows. runs: runs.csv as a frame. problems: their descriptions. tests: {problem:
    (record of its prepared data, targets of the test rows [n])}. A replicate that diverged is no
    member, and one member alone is no ensemble.
    """
    ended = runs[runs["diverged_at"].isna()].sort_values("replicate", kind="stable")
    members = members.astype({"run": str, "replicate": int})  # an empty frame knows no types
    kept, found = ended[["run", "problem", "replicate"]].merge(members), []
    for run in runs["run"].unique():
        ours = kept[kept["run"] == run]
        for way, column in WAYS.items():
            said = ours[column].dropna()
            if len(said) > 1:
                problem = ours["problem"].iloc[0]
                name, metric = judged(problems[problem])
                task = TASKS[problems[problem]["task"]]
                value, *ends, rows = together(np.stack(said), task, metric, *tests[problem])
                found.append((run, problem, way, len(said), name, value, *ends, rows))
    return pd.DataFrame(found, columns=COLUMNS)


def together(said, task, metric, record, targets):
    """The Interval of a Metric of some members together, over the test rows.

    said: [members, n * outputs]. Of a share of rows it is Wilson's; of another mean over rows it is
    that of `intervals.Mean`, of which each row is one value; there is none of other metrics.
    """
    import torch

    rows, size = len(targets), record["target_range"] or 1.0
    outputs = task.average(torch.from_numpy(said).view(len(said), 1, rows, -1))
    targets = torch.from_numpy(targets)[None]
    targets = targets if record["classes"] else targets[..., None]
    known = outputs, targets, Ruler(unit=torch.tensor([size]), range=torch.tensor([size]))
    value, low, high = metric.function(*known).item(), math.nan, math.nan
    each = metric.of_row(*known)[0].numpy() if metric.of_row else np.array([math.nan])
    if metric.of_row and metric.unit == "share":
        low, high = share_interval(each.sum(), rows)[1:3]
    elif np.isfinite(each).all():
        low, high = mean_of(each).ends()
    return Interval(value, max(low, metric.least), min(high, metric.most), rows)
