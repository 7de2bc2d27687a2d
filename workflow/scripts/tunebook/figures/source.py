"""What the source says of what is drawn: which claims are about some runs, and its own numbers.

Asked of claims.yaml itself, not of the verdicts: a figure is drawn whatever became of its claims.
"""

from contextlib import suppress
from dataclasses import dataclass

from ..claims.read import SAYS, SIDES
from ..claims.select import NotTestable, StudyRuns
from ..evidence import measures, words
from . import style


@dataclass(frozen=True)
class Mark:
    """A number of the source, of a measure of one run; its `place` is in the measure's own unit.

    by: who states it. epoch: whether it is an epoch on the curve of that measure, and not a value.
    """

    run: str
    measure: str
    place: float
    by: str = SAYS
    epoch: bool = False


class Source:
    """The claims of a study beside its Results: {claim: names of the runs it looks at}, and Marks.

    Of data that stand in for the source's own there are no marks.
    """

    def __init__(self, claims=None, results=None):
        self.runs, self.marks = {}, []
        if not claims or not results:
            return
        rows = [run.row for run in results.by_name.values()]
        self.study, self.results = StudyRuns(rows, results.study, results.timed), results
        for claim in claims.claims:
            leaves = claim.rule.leaves()
            names = [row["run"] for leaf in leaves for row in self.rows(leaf)]
            self.runs[claim.id] = list(dict.fromkeys(names))
            self.marks += [mark for leaf in leaves for mark in self.marks_of(leaf)]

    def rows(self, leaf):
        """The rows of the runs that a rule looks at; none where this study lacks them."""
        sides = leaf.spec if isinstance(leaf.spec, dict) else {}
        chosen = [sides[key] for key in SIDES if isinstance(sides.get(key), dict)]
        chosen = [one for each in chosen for one in each.get("change", [each])]
        found = []
        for each in chosen:
            with suppress(NotTestable):
                found += self.study.select(each)
        return found

    def marks_of(self, leaf):
        """The Marks of a rule: a number that one run is held against, an epoch of its curve."""
        spec, rows = leaf.spec, self.rows(leaf)
        if len(rows) != 1 or rows[0]["problem"] in self.results.stand_ins:
            return []
        about, number = (rows[0]["run"], spec.get("metric", "train_loss")), None
        if leaf.kind == "value":
            number = leaf.compared()
        elif leaf.kind == "order" and isinstance(spec["than"], str):
            number = leaf.stated(spec["than"])
        elif leaf.kind == "shape" and isinstance(spec.get("around"), str):
            number = leaf.stated(spec["around"])
        if number is None:
            return []
        return [Mark(*about, number.number, number.by or SAYS, leaf.kind == "shape")]

    def of(self, measure, run, epoch=False):
        """{place: who state it, a list} of the Marks of a measure on a Run, in the form in which
        that measure has it: an accuracy of 97 % is an error rate of 3 %."""
        found = {}
        for mark in self.marks:
            if mark.run == run.name and mark.epoch == epoch:
                problem = self.results.problem(run.problem)
                (one, error), (other, back) = (
                    judged_form(name, problem) for name in (mark.measure, measure)
                )
                if one == other:
                    place = mark.place if epoch else back(error(mark.place))
                    found.setdefault(place, {})[mark.by] = True
        return {place: [*names] for place, names in found.items()}

    def look(self, names):
        """How a number is drawn that some state: each source has dashes of its own."""
        return style.STATED | {"ls": self.dashes_of(names)[0]}

    def label(self, names, among):
        """Who states a number, with a sample of its dashes where there are several."""
        sample = self.dashes_of(names)[1] if len(among) > 1 else ""
        return f"{sample} {words.spoken(names)}".strip()

    def dashes_of(self, names):
        """(dashes, what stands for them in a label) of the first of some names."""
        every = list(dict.fromkeys(mark.by for mark in self.marks))
        return style.STATED_BY[every.index(names[0]) % len(style.STATED_BY)]

    def claims_about(self, runs):
        """Names of the claims all of whose runs are among some."""
        return [claim for claim, names in self.runs.items() if names and {*names} <= {*runs}]


def judged_form(name, problem):
    """(what is measured, the function that makes an error of it, or a value of an error).

    The metric that judges a problem goes by three names, of which one is its error form.
    """
    chosen, metric = measures.judged(problem)
    split, _, what = name.partition("_")
    if split in measures.SPLITS and what in (chosen, "metric", "error"):
        return f"{split}_error", (lambda value: value) if what == "error" else metric.error
    return name, lambda value: value
