"""The course of a search, step by step, as functions of what came before and of nothing else.

A search proposes a generation of trials at a time. Without halving, each step begins one: it says
which points are trained to their end. With halving, a generation takes a step a rung: all its
trials are trained up to the first rung, the best share of them go on to the next, and so on; each
ends with the epochs of its own. What a step leaves is the list of all trials so far, each with its
number, generation and point, the values that were found of it, and what it is now.

How many trials there are changes no step but the one that it cuts short: a longer search goes on
from a shorter one.
"""

import math
from dataclasses import asdict, dataclass

from ..jobs import TunebookError

# What a trial is: to be trained (up to the epoch `until`), or one of what it can end as.
GOING, FINISHED, HALVED, DIVERGED = "going", "finished", "halved away", "diverged"

# The share of a generation that goes on from a rung, unless another is given.
KEEP = 0.33


@dataclass(frozen=True)
class Search:
    """A sweep that searches: what stands under `search`, and what belongs to it.

    sweep: its name. base: the hyper-parameters that points are laid over. better: the side of the
    judged metric. folder: named by the sweep and by all that decides which points are proposed.
    halving: {epochs, keep}, or None. The others are as config/README.md says.
    """

    sweep: str
    problem: str
    base: dict
    better: str
    folder: str
    space: dict
    trials: int
    sampler: str = "tpe"
    generation: int = 8
    replicates: int = 2
    halving: dict | None = None
    seed: int = 0
    finalists: int = 3
    again: int = 5

    # What says how far it goes, not which points it proposes; what does not stand under `search`.
    EXTENT = ("trials", "finalists", "again")
    BESIDE = ("sweep", "problem", "base", "better", "folder")

    @property
    def meaning(self):
        """All of it that decides which points are proposed, as plain values."""
        others = (*self.EXTENT, "folder")
        return {key: value for key, value in asdict(self).items() if key not in others}

    def plain(self):
        return asdict(self)

    @property
    def shown(self):
        """What tables, figures and report are told of it: what stands under `search`."""
        return {key: value for key, value in asdict(self).items() if key not in self.BESIDE}

    @property
    def generations(self):
        return math.ceil(self.trials / self.generation)

    @property
    def steps(self):
        return self.generations * len(self.rungs)

    @property
    def rungs(self):
        """After how many epochs the best of a generation go on, and last infinity: to the end."""
        found = []
        if self.halving:
            spec = self.space.get("epochs", {})
            ends = (*spec.get("choice", ()), spec.get("to", 0), self.base.get("epochs", 0))
            rung = self.halving["epochs"]
            while rung < max(ends):
                found.append(rung)
                rung = max(round(rung / self.halving["keep"]), rung + 1)
        return [*found, math.inf]

    def place(self, step):
        """(generation, rung) that a step asks for."""
        generation, rung = divmod(step, len(self.rungs))
        return generation, self.rungs[rung]

    def proposes(self, step):
        """How many points a step proposes."""
        generation, rung = self.place(step)
        first = generation * self.generation
        return min(self.generation, self.trials - first) if rung == self.rungs[0] else 0

    def epochs(self, point):
        """The epochs of a point's own."""
        return point.get("epochs", self.base.get("epochs"))

    def worse(self, value):
        """A value of the judged metric, turned so that lower is better."""
        return -value if self.better == "higher" else value


def going(trials):
    """The trials that are to be trained."""
    return [trial for trial in trials if trial["state"] == GOING]


def told(search, step, trials, found):
    """The trials after what a step asked for is trained; those that go on have no `until` yet.

    found: {number of a trial: {run, value, epochs, seconds}}; value: the mean over replicates of
    the judged metric on validation rows, None where one of them diverged; epochs: how many were
    trained; seconds: of training so far.
    """
    some, after = going(trials), {}
    for trial in some:
        what = found[trial["trial"]]
        ended = FINISHED if trial["until"] == search.epochs(trial["point"]) else GOING
        state = DIVERGED if what["value"] is None else ended
        values = [*trial["values"], [trial["until"], what["value"]]]
        after[trial["trial"]] = trial | what | {"state": state, "values": values}
    if search.place(step)[1] < math.inf:
        best = ranked(search, [each for each in after.values() if each["state"] != DIVERGED])
        for trial in best[math.ceil(search.halving["keep"] * len(some)) :]:
            if trial["state"] == GOING:
                after[trial["trial"]] = trial | {"state": HALVED}
    return [after.get(trial["trial"], trial) for trial in trials]


def asked(search, step, trials, points):
    """The trials once a step has said what comes next: up to where those are trained that go on.

    trials: as `told` gives them. points: what the step proposes.
    """
    generation, rung = search.place(step)
    new = [
        {"trial": len(trials) + i, "generation": generation, "point": point, "state": GOING,
         "values": []}
        for i, point in enumerate(points)
    ]  # fmt: skip
    return [
        trial | {"until": min(rung, search.epochs(trial["point"]))}
        if trial["state"] == GOING
        else trial
        for trial in [*trials, *new]
    ]


def ranked(search, trials):
    """Trials by the value that was found last, the best first; of equal ones, the earlier one."""
    return sorted(trials, key=lambda trial: (search.worse(trial["value"]), trial["trial"]))


def finalists(search, trials):
    """The numbers of the trials that are trained again, the best first, each of another point.

    Raises TunebookError where every trial diverged.
    """
    best = {}
    for trial in ranked(search, [each for each in trials if each["state"] == FINISHED]):
        best.setdefault(trial["run"], trial["trial"])
    if not best:
        raise TunebookError(
            f"sweeps.{search.sweep}.search: found {len(trials)} trials none of which could be "
            "trained to its end, since each diverged; allowed: a space with smaller learning "
            "rates, say, or another base"
        )
    return list(best.values())[: search.finalists]
