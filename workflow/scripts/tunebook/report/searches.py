"""What a search found, as the report tells it: its finalists, and by how much its winner fell."""

from dataclasses import dataclass

from ..evidence import measures, words
from ..evidence.tables import Run
from .view import Shown


@dataclass
class Finalist:
    """A trial that was trained again.

    settings: of the space, in words. value: what it had in the search; found: that in words. again,
    test: validation and test metric over the replicates that the search did not have. worse: by how
    much again is worse than value; fall: that in words. chosen: whether its problem's choice.
    """

    trial: int
    run: Run
    settings: str
    value: float
    found: str
    again: Shown
    test: Shown
    worse: float
    fall: str
    chosen: bool


def finalists(view, sweep):
    """The Finalists of a search, best first by what they have when trained again; [] of none."""
    search, problem = view.results.searches[sweep], view.sweeps[sweep]["problem"]
    unit = measures.measure("validation_metric", view.problems[problem]).unit
    side = -1 if view.better(problem) == "higher" else 1
    found = []
    for run, row in view.results.finalists_of(sweep):
        again, test = (
            view.of(f"{split}_metric", run, search["replicates"])
            for split in ("validation", "test")
        )
        point = {name: row[name] for name in search["space"] if row[name] is not None}
        worse = side * (again.found.centre - row["value"])
        found.append(
            Finalist(
                trial=row["trial"],
                run=run,
                settings=", ".join(words.setting(*each) for each in point.items()),
                value=row["value"],
                found=words.show(row["value"], unit),
                again=again,
                test=test,
                worse=worse,
                fall=words.show(worse, unit, signed=True).removeprefix("+"),
                chosen=run.name == view.results.best(problem),
            )
        )
    return sorted(found, key=lambda each: (not each.again.n, side * each.again.found.centre))


def told(view, sweep):
    """By how much the winner of a search fell when it was trained again, and why that was to be
    expected, in sentences; "" where it was not trained again."""
    found = [each for each in finalists(view, sweep) if each.again.n]
    if not found:
        return ""
    side = -1 if view.better(view.sweeps[sweep]["problem"]) == "higher" else 1
    winner = min(found, key=lambda each: side * each.value)
    trials = words.count(len(view.results.trials_of(sweep)), "trial")
    again = winner.again.text + f" ({winner.again.interval})" * bool(winner.again.interval)
    replicates = words.count(winner.again.n, "replicate")
    text = f"The best of {trials} had {winner.found} in the search; trained again, with "
    text += f"{replicates} that the search did not have, it has {again}: "
    if winner.worse > 0:
        text += f"worse by {winner.fall}. That was to be expected: the best of many is "
        text += "partly the luckiest of them, and its luck does not come again."
    else:
        text += "it did not fall."
    if found[0] is not winner:
        text += f" Of the {words.word(len(found))} finalists another one, trial {found[0].trial}, "
        text += "is the best when trained again."
    return text
