"""Points of a space that the next generation of a search tries, proposed by Optuna.

Each generation makes an Optuna study anew, tells it of all trials before, and asks. The sampler is
seeded by the search's seed and the number of the generation, so that the same trials have the same
successors, whoever asks again. Sources: random; `sobol`, quasi-random numbers (Sobol' 1967,
scrambled as by Owen 1998); `tpe`, the tree-structured Parzen estimator (Bergstra and others 2011,
in the form of Watanabe 2023); `gp`, expected improvement by a Gaussian process (Jones, Schonlau and
Welch 1998, for batches as by Ament and others 2023).
"""

import hashlib
import math
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial
from threadpoolctl import threadpool_limits

from .chain import FINISHED, HALVED
from .space import fits, in_order, is_whole, point_of, rounded

DIRECTIONS = {"higher": "maximize", "lower": "minimize"}


def propose(search, generation, trials, count):
    """The points of a generation.

    search: chain.Search. trials: all before it, none of them still going. count: how many; those of
    a smaller count are the first of a larger one.
    """
    quiet()
    names = in_order(search.space)
    kinds = {name: distribution(name, search.space[name]) for name in names}
    study = optuna.create_study(
        sampler=sampler(search, generation), direction=DIRECTIONS[search.better]
    )
    if search.sampler == "sobol":
        # A sequence, whatever was found: it is gone through from its begin.
        before = generation * search.generation
        all_of_them = [study.ask(kinds) for _ in range(before + count)]
        return [
            point_of(search.space, {name: value_of(search, name, t.params[name]) for name in names})
            for t in all_of_them[before:]
        ]
    study.add_trials([past(search, kinds, trial) for trial in trials])
    return [ask(search, kinds, study.ask()) for _ in range(count)]


def quiet():
    """No notes of Optuna's, and one thread, on which the same sum is the same number."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", module="optuna")
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    threadpool_limits(1)


def sampler(search, generation):
    digest = hashlib.sha256(f"{search.seed}/{generation}".encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    if search.sampler == "random":
        return RandomSampler(seed)
    if search.sampler == "sobol":
        return QMCSampler(scramble=True, seed=search.seed, warn_independent_sampling=False)
    if search.sampler == "gp":
        import torch

        torch.set_num_threads(1)
        return GPSampler(seed=seed, warn_independent_sampling=False)
    # In groups: hyper-parameters that depend on the same others are drawn together. The liar counts
    # what is asked for and not known yet as bad, so that a generation does not crowd in one place.
    return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def distribution(name, spec):
    """What Optuna draws a hyper-parameter from; of a choice, its place among the choices."""
    if "choice" in spec:
        return CategoricalDistribution(range(len(spec["choice"])))
    kind, step = (IntDistribution, 1) if is_whole(name) else (FloatDistribution, None)
    return kind(spec["from"], spec["to"], log=spec.get("log", False), step=spec.get("step", step))


def ask(search, kinds, trial):
    """A new point; trial: of Optuna's, which is asked for the values that the point has."""
    point = {}
    for name, kind in kinds.items():
        if fits(search.space[name], point):
            point[name] = value_of(search, name, draw(trial, name, kind))
    return point


def draw(trial, name, kind):
    if isinstance(kind, CategoricalDistribution):
        return trial.suggest_categorical(name, kind.choices)
    suggest = trial.suggest_int if isinstance(kind, IntDistribution) else trial.suggest_float
    return suggest(name, kind.low, kind.high, step=kind.step, log=kind.log)


def value_of(search, name, drawn):
    """The value that a hyper-parameter has where Optuna has drawn this."""
    spec = search.space[name]
    if "choice" in spec:
        return spec["choice"][drawn]
    return drawn if is_whole(name) else rounded(spec, drawn)


def past(search, kinds, trial):
    """A trial as Optuna is told of it.

    One that was halved away ranks below all that finished, by how far it came and what it was worth
    there. One that diverged has the worst value there is, after no epoch if others are halved away.
    """
    drawn = {}
    for name, value in trial["point"].items():
        spec = search.space[name]
        drawn[name] = spec["choice"].index(value) if "choice" in spec else value
    about = {"params": drawn, "distributions": {name: kinds[name] for name in drawn}}
    worst = -math.inf if search.better == "higher" else math.inf
    if trial["state"] == FINISHED:
        return create_trial(value=trial["value"], **about)
    if trial["state"] == HALVED:
        known = dict(map(tuple, trial["values"]))
        return create_trial(state=TrialState.PRUNED, intermediate_values=known, **about)
    if search.halving:
        return create_trial(state=TrialState.PRUNED, intermediate_values={0: worst}, **about)
    return create_trial(value=worst, **about)
