"""Which hyper-parameters matter: functional analysis of variance over the runs (fANOVA).

A random forest learns to predict a run's validation error from its hyper-parameters, and the
variance of what it predicts over all their combinations is divided: into what each explains alone,
averaged over the others, and what it takes several at once to explain. From Hutter, Hoos and
Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014, as
implemented in Optuna.

It is asked twice. Over all runs, what decides whether a network learns at all swamps the rest: an
error a thousand times the others' is most of the variance, also of logarithms. So it is asked again
over the runs that learned, all of whose replicates beat the constant predictor (see
`measures.outcome`): those among which somebody who tunes would still choose.
"""

import warnings
from collections import Counter

import numpy as np
import pandas as pd

from ..study.parameters import parameter
from . import measures, words

FEWEST_RUNS = 20
FOLDS = 5
TREES = 64
WEAK = 0.3  # share explained below which the order is not to be trusted
COLUMNS = ["problem", "among", "hyper_parameter", "share", "explained", "runs", "reason"]


def importance_table(results):
    """importance.csv: one row a problem, group of runs, and hyper-parameter that varies in it.

    among: `all` runs or those that `learned`, or `search NAME`, the trials of a search. runs: how
    many. The others are as in `of`. Runs that leave no rows for validation have no such error; of a
    problem without others the reason is `unvalidated`.
    """
    rows = []
    for problem in results.problems:
        every = [run for run in results.by_name.values() if run.problem == problem]
        runs = [run for run in every if measures.validates(run.settings)]
        if every and not runs:
            rows.append({"problem": problem, "among": "all", "runs": 0, "reason": "unvalidated"})
            continue
        learned = [run for run in runs if has_learned(results, run)]
        for among, members in {"all": runs, "learned": learned}.items():
            about = {"problem": problem, "among": among, "runs": len(members)}
            rows += [about | found for found in importance(results, members)]
    for sweep in results.searches:
        about = {"problem": results.study["sweeps"][sweep]["problem"], "among": f"search {sweep}"}
        about["runs"] = len(results.trials_of(sweep))
        rows += [about | found for found in importance_in(results, sweep)]
    return pd.DataFrame(rows, columns=COLUMNS)


def has_learned(results, run):
    """Whether all replicates of a run learned."""
    ends = results.outcomes_of(run.name)
    return len(ends) == run.n and {*ends.values()} == {"learned"}


def importance(results, runs):
    """The rows of `runs`, all of one problem; errors that can grow without end are logarithms."""
    # Lists of widths and channels have no order; depth and width say the same with one.
    names = [name for name in words.varying(runs) if parameter(name).kind != "integers"]
    errors = [results.interval("validation_error", run.name).centre for run in runs]
    endless = bool(runs) and not np.isfinite(results.measure("validation_error", runs[0]).most)
    points = [{name: run.settings.get(name) for name in names} for run in runs]
    return of(points, errors, logarithms=endless)


def importance_in(results, sweep):
    """The rows of the trials of a search, by the errors that they had last: one that was stopped
    early, by what it had then."""
    problem = results.problem(results.study["sweeps"][sweep]["problem"])
    trials, metric = results.trials_of(sweep), measures.judged(problem)[1]
    names = [name for name in results.searches[sweep]["space"] if name in trials]
    endless = not np.isfinite(measures.measure("validation_error", problem).most)
    errors = metric.error(trials["value"].to_numpy(float))
    return of(trials[names].to_dict("records"), errors, logarithms=endless)


def of(points, values, better="lower", logarithms=False):
    """How much each hyper-parameter of some points explains of their values, the most first.

    points: [n] mappings from name to value; None, or no entry, where a point has none of one.
    values: [n] numbers; better: their better side. One that is not finite counts as the worst of
    the others: leaving it out would hide what makes training fail. logarithms: whether those of the
    values are explained; then one that is not above 0 counts so too.

    Every value of a hyper-parameter that occurs weighs the same, numbers in their order and others
    as categories. A point without one counts as having its commonest value: that it has none is
    told by what decides so.

    Returns dictionaries with hyper_parameter; share, of the variance that the forest predicts, that
    it explains alone (what the shares lack to 1, several explain together); explained, R² of such a
    forest on points that it has not seen; reason, empty. Where there is no importance, one with the
    reason alone: `few` points or none that differ, all with the `same` value, or values left
    `unexplained` by the forest.
    """
    said = (name for point in points for name, value in point.items() if value is not None)
    columns = {name: filled(points, name) for name in dict.fromkeys(said)}
    columns = {name: column for name, column in columns.items() if len({*column}) > 1}
    values = np.array(values, dtype=float)
    finite = np.isfinite(values) & (values > 0 if logarithms else True)
    if len(points) < FEWEST_RUNS or finite.sum() < FEWEST_RUNS // 2 or not columns:
        return [{"reason": "few"}]
    if logarithms:
        values = np.log10(np.where(finite, values, 1.0))
    worst = values[finite].max() if better == "lower" else values[finite].min()
    values = np.where(finite, values, worst)
    if np.ptp(values) == 0:
        return [{"reason": "same"}]
    explained = foretold(columns, values)
    if explained <= 0:
        return [{"explained": explained, "reason": "unexplained"}]
    shares = divided(columns, values)
    return [
        {"hyper_parameter": name, "share": shares[name], "explained": explained, "reason": ""}
        for name in sorted(columns, key=lambda name: -shares[name])
    ]


def filled(points, name):
    """A hyper-parameter of all points, as `of` says: ranks of numbers, or texts."""
    values = [point.get(name) for point in points]
    known = {str(value) if isinstance(value, list) else value for value in values} - {None}
    if all(isinstance(value, int | float) for value in known):
        ranks = {value: float(rank) for rank, value in enumerate(sorted(known))}
        values = [ranks.get(value) for value in values]
    else:
        values = [None if value is None else str(value) for value in values]
    commonest = Counter(value for value in values if value is not None).most_common(1)[0][0]
    return [commonest if value is None else value for value in values]


def foretold(columns, values):
    """R² of a forest on held-out points: the same forest as Optuna's, grown on four fifths."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    forest = RandomForestRegressor(TREES, random_state=0, n_jobs=1)
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(forest, pd.get_dummies(pd.DataFrame(columns)), values, cv=folds)
    return float(1 - ((values - predicted) ** 2).mean() / values.var())


def divided(columns, values):
    """{hyper-parameter: the share of variance that it explains alone}, by Optuna's fANOVA."""
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    space = {
        # Half a rank more at both ends, so that each has as much room.
        name: CategoricalDistribution(sorted({*column}))
        if isinstance(column[0], str)
        else FloatDistribution(-0.5, max(column) + 0.5)
        for name, column in columns.items()
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    for point, value in zip(zip(*columns.values(), strict=True), values, strict=True):
        known = dict(zip(columns, point, strict=True))
        study.add_trial(
            optuna.trial.create_trial(params=known, distributions=space, value=float(value))
        )
    forest = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.importance.get_param_importances(study, evaluator=forest, normalize=False)
