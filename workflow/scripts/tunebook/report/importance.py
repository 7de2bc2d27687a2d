"""Which hyper-parameters matter: permutation importance in a random forest over the runs.

A random forest (Breiman, "Random Forests", Machine Learning 45, 2001) learns to predict a run's
validation metric from its hyper-parameters; a hyper-parameter matters as much as the prediction of
held-out runs suffers when its values are shuffled among them. The idea of asking a forest grown
over the runs which hyper-parameters matter is that of Hutter, Hoos and Leyton-Brown ("An Efficient
Approach for Assessing Hyperparameter Importance", ICML 2014); theirs divides the forest's variance
exactly (functional ANOVA), this one shuffles.
"""

from dataclasses import dataclass

import numpy as np

from .runs import LISTS, varying

FEWEST_RUNS = 20
FOLDS = 5
TREES = 60
SHUFFLES = 5


@dataclass
class Importance:
    """explained: R² of the forest on held-out runs. keys: {hyper-parameter: (mean, sd) of the fall
    of R² when it is shuffled}, most important first. n: runs. reason: why there is none, or ""."""

    explained: float = float("nan")
    keys: dict | None = None
    n: int = 0
    reason: str = ""


def importance(runs):
    """The Importance of the hyper-parameters that vary among `runs` of one problem.

    Errors are taken as logarithms, so that a run ten times worse counts the same anywhere. A run
    without a finite validation metric counts as the worst of the others: leaving it out would hide
    what makes training fail.
    """
    # Lists of widths and channels have no order; depth and width say the same with one.
    keys = [key for key in varying(runs) if key not in LISTS]
    outcome = np.array([run.measure("validation_metric").mean for run in runs])
    finite = np.isfinite(outcome)
    if len(runs) < FEWEST_RUNS or finite.sum() < FEWEST_RUNS // 2 or not keys:
        return Importance(n=len(runs), reason="few")
    if runs[0].metric != "accuracy":
        finite &= outcome > 0
        outcome = np.log10(np.where(finite, outcome, 1.0))
    worst = outcome[finite].min() if runs[0].metric == "accuracy" else outcome[finite].max()
    outcome = np.where(finite, outcome, worst)
    if np.ptp(outcome) == 0:
        return Importance(n=len(runs), reason="same")
    table = np.column_stack([column(runs, key) for key in keys])
    return shuffled(table, outcome, keys)


def column(runs, key):
    """A hyper-parameter as numbers [runs]: categories by rank, -1 where a run has none."""
    values = [run.settings.get(key) for run in runs]
    numeric = all(isinstance(value, int | float) for value in values if value is not None)
    known = {value for value in values if value is not None}
    ranks = {value: i for i, value in enumerate(sorted(known, key=None if numeric else str))}
    return np.array([ranks.get(value, -1) for value in values], dtype=float)


def shuffled(table, outcome, keys):
    """The Importance from forests grown on four fifths of the runs and shuffled on the rest."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    falls, predicted = [], np.empty_like(outcome)
    for grown, held in KFold(FOLDS, shuffle=True, random_state=0).split(table):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
        forest.fit(table[grown], outcome[grown])
        predicted[held] = forest.predict(table[held])
        # Squared error, not R², which has no meaning in a fold whose runs are all alike.
        found = permutation_importance(
            forest, table[held], outcome[held], scoring="neg_mean_squared_error",
            n_repeats=SHUFFLES, random_state=0,
        )  # fmt: skip
        falls.append(found.importances * len(held))
    spread = outcome.var()
    # [keys, folds, shuffles] -> the fall over all held-out runs, as a share of their variance
    total = np.stack(falls).sum(axis=0) / len(outcome) / spread
    order = np.argsort(-total.mean(axis=1), kind="stable")
    explained = float(1 - ((outcome - predicted) ** 2).mean() / spread)
    if explained <= 0:
        return Importance(explained, n=len(outcome), reason="unexplained")
    return Importance(
        explained,
        {keys[i]: (float(total[i].mean()), float(total[i].std())) for i in order},
        len(outcome),
    )
