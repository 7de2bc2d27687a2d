"""Which hyper-parameters matter: permutation importance in a random forest over the runs.

A random forest (Breiman, "Random Forests", Machine Learning 45, 2001) learns to predict a run's
validation error from its hyper-parameters; one matters as much as the prediction of held-out runs
suffers when its values are shuffled. The idea is that of Hutter, Hoos and Leyton-Brown ("An
Efficient Approach for Assessing Hyperparameter Importance", ICML 2014), who divide the forest's
variance exactly (functional ANOVA) instead.

It is asked twice. Over all runs, what decides whether a network learns at all swamps the rest: an
error a thousand times the others' is most of the variance, also of logarithms. So it is asked again
over the runs that learned, all of whose replicates beat the constant predictor (see
`measures.outcome`): those among which somebody who tunes would still choose.
"""

import numpy as np
import pandas as pd

from ..study.parameters import parameter
from . import words

FEWEST_RUNS = 20
FOLDS = 5
TREES = 60
SHUFFLES = 5
WEAK = 0.3  # share explained below which the order is not to be trusted
COLUMNS = ["problem", "among", "hyper_parameter", "mean", "sd", "explained", "runs", "reason"]


def importance_table(results):
    """importance.csv: one row a problem, group of runs, and hyper-parameter that varies in it.

    among: `all` runs or those that `learned`. mean, sd: the fall of R² when it is shuffled, over
    the shuffles, the most important first. explained: R² of the forest on held-out runs. runs: how
    many. Where there is no importance, one row says the reason: `few` runs or none that differ, all
    with the `same` error, or errors left `unexplained` by the forest.
    """
    rows = []
    for problem in results.problems:
        runs = [run for run in results.by_name.values() if run.problem == problem]
        learned = [run for run in runs if has_learned(results, run)]
        for among, members in {"all": runs, "learned": learned}.items():
            about = {"problem": problem, "among": among, "runs": len(members)}
            rows += [about | found for found in importance(results, members)]
    return pd.DataFrame(rows, columns=COLUMNS)


def has_learned(results, run):
    """Whether all replicates of a run learned."""
    ends = results.outcomes_of(run.name)
    return len(ends) == run.n and {*ends.values()} == {"learned"}


def importance(results, runs):
    """The rows of `runs`, all of one problem.

    Errors that can grow without end are taken as logarithms. A run without a finite error counts as
    the worst of the others: leaving it out would hide what makes training fail.
    """
    # Lists of widths and channels have no order; depth and width say the same with one.
    names = [name for name in words.varying(runs) if parameter(name).kind != "integers"]
    found = {run.name: results.interval("validation_error", run.name) for run in runs}
    errors = np.array([interval.centre for interval in found.values()])
    finite = np.isfinite(errors)
    if len(runs) < FEWEST_RUNS or finite.sum() < FEWEST_RUNS // 2 or not names:
        return [{"reason": "few"}]
    if not np.isfinite(results.measure("validation_error", runs[0]).most):
        finite &= errors > 0
        errors = np.log10(np.where(finite, errors, 1.0))
    errors = np.where(finite, errors, errors[finite].max())
    if np.ptp(errors) == 0:
        return [{"reason": "same"}]
    return shuffled(np.column_stack([ranks(runs, name) for name in names]), errors, names)


def ranks(runs, name):
    """A hyper-parameter as numbers [runs]: values by rank, -1 where a run has none."""
    known = {run.settings[name] for run in runs if name in run.settings}
    numeric = all(isinstance(value, int | float) for value in known)
    order = sorted(known, key=None if numeric else str)
    return [order.index(run.settings[name]) if name in run.settings else -1 for run in runs]


def shuffled(table, errors, names):
    """The rows from forests grown on four fifths of the runs and shuffled on the rest.

    table: [runs, hyper-parameters]; errors: [runs].
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    falls, predicted = [], np.empty_like(errors)
    for grown, held in KFold(FOLDS, shuffle=True, random_state=0).split(table):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
        forest.fit(table[grown], errors[grown])
        predicted[held] = forest.predict(table[held])
        # Squared error, not R², which has no meaning in a fold whose runs are all alike.
        found = permutation_importance(
            forest, table[held], errors[held], scoring="neg_mean_squared_error",
            n_repeats=SHUFFLES, random_state=0,
        )  # fmt: skip
        falls.append(found.importances * len(held))
    spread = errors.var()
    explained = float(1 - ((errors - predicted) ** 2).mean() / spread)
    if explained <= 0:
        return [{"explained": explained, "reason": "unexplained"}]
    # [hyper-parameters, folds, shuffles] -> the fall over all held-out runs, as a share of variance
    total = np.stack(falls).sum(axis=0) / len(errors) / spread
    return [
        {"hyper_parameter": names[i], "mean": total[i].mean(), "sd": total[i].std(),
         "explained": explained, "reason": ""}
        for i in np.argsort(-total.mean(axis=1), kind="stable")
    ]  # fmt: skip
