"""Which runs a claim is about: `{sweep: NAME, where: {key: value}}`, or `{run: best}`.

Works on plain rows, one a run, so that a claim can be checked before anything is trained (rows from
the configuration) and judged afterwards (rows from the results) by the same code.
"""

from types import SimpleNamespace

from ..evidence import measures, words
from ..jobs import TunebookError
from ..study.parameters import PARAMETERS, parameter
from ..tasks import TASKS


class NotTestable(TunebookError):
    """The study has no such runs, or what is asked cannot be measured on them."""


def comparable(value):
    """`value` in the one form that both YAML and a table can be brought to: numbers and their texts
    as floats, lists as their text ("200-200"), true and false as words, blanks as None.
    """
    if isinstance(value, list | tuple):
        value = "-".join(map(str, value))
    if value is None or value == "" or value != value:
        return None
    if str(value).lower() in ("true", "false"):
        return str(value).lower()
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def shown(value):
    """A value for a message: 0.01, 200-200-200, full."""
    return words.plain(value) or "none"


class StudyRuns:
    """The runs of a study as rows, and what is known about its problems and sweeps.

    rows: one dictionary a run with `run`, `problem`, `sweeps` (list) and hyper-parameters. study:
    its description, as in study.json; `best` may still be missing. timed: the sweeps whose runs are
    timed alone.
    """

    def __init__(self, rows, study, timed):
        self.by_name = {row["run"]: row for row in rows}
        self.problems, self.sweeps, self.timed = study["problems"], study["sweeps"], timed
        # Arguments of networks of the study's own are hyper-parameters like any other.
        self.keys = list(dict.fromkeys([*PARAMETERS, *study.get("parameters", [])]))

    def select(self, selection):
        """The rows that a selection names, at least one, in the order of its sweep.

        Raises TunebookError for an unknown key, NotTestable for what this study does not have.
        """
        if "run" in selection:
            return [self.best(selection.get("problem"))]
        name, where = selection["sweep"], selection.get("where", {})
        if name not in self.sweeps:
            raise NotTestable(f"sweep {name}: not in this study, which has {some(self.sweeps)}")
        for key in where:
            if key not in self.keys:
                raise TunebookError(
                    f"where.{key}: unknown hyper-parameter; allowed: {', '.join(self.keys)}"
                )
        members = [self.by_name[run] for run in self.sweeps[name]["runs"] if run in self.by_name]
        found = [row for row in members if matches(row, where)]
        if not found:
            raise NotTestable(f"sweep {name}: {no_match(members, where)}")
        return found

    def best(self, problem):
        """The row of the best run of a problem; of the study's only one, where none is named.

        Before it is chosen, the first run that it can be chosen from stands for it.
        """
        if problem is None and len(self.problems) == 1:
            [problem] = self.problems
        rows = [row for row in self.by_name.values() if row["problem"] == problem]
        if not rows:
            there = some(self.problems)
            raise NotTestable(f"run best: found problem {problem}; this study has {there}")
        if not any(map(measures.validates, rows)):
            raise NotTestable(f"run best: none of {problem} is chosen; {measures.NO_VALIDATION}")
        chosen = (self.problems[problem].get("best") or {}).get("run")
        named = [
            run
            for sweep in self.sweeps.values()
            if sweep.get("grid") or "search" in sweep
            for run in sweep["runs"]
        ]
        return min(rows, key=lambda row: (row["run"] != chosen, row["run"] not in named))

    def one(self, selection):
        """The only row that a selection names."""
        return only(self.select(selection), selection, "match where one is needed")

    def along(self, selection, axis):
        """[(place on the axis, row), ...] in rising order; one run a place, at least two places."""
        allowed = [name for name in self.keys if name not in PARAMETERS or parameter(name).scale]
        if axis not in allowed:
            raise TunebookError(f"along: found {axis}; allowed: one of {', '.join(allowed)}")
        places = {}
        for row in self.select(selection):
            places.setdefault(place(row, axis), []).append(row)
        told = f"share one {axis}"
        found = [(each, only(places[each], selection, told)) for each in sorted(places)]
        if len(found) < 2:
            there = f"{found[0][0]:g} alone"
            raise NotTestable(f"a trend along {axis} needs two points or more; found {there}")
        return found

    def measurable(self, metric, rows):
        """The Measure of that name on some rows of one problem.

        Raises TunebookError for a name that means nothing in any study, NotTestable where these
        runs do not have it.
        """
        try:
            for row in rows:
                measures.check(metric, row, self.problems[row["problem"]], self.timed)
        except TunebookError as error:
            found = measures.LISTED.get(metric)
            of_runs = not found or found.table != measures.STUDY and not found.shared
            kind = NotTestable if of_runs and self.known(metric) else TunebookError
            raise kind(str(error)) from None
        return measures.measure(metric, self.problems[rows[0]["problem"]])

    def known(self, metric):
        """Whether some problem, of this study or of another one, has a measure of that name."""
        if metric.startswith(tuple(measures.RANKS)):
            inputs = [problem.get("inputs") for problem in self.problems.values()]
            names = [each["name"] for known in inputs for each in known or []]
            return None in inputs or any(metric.endswith(f"_{name}") for name in names)
        for problem in (*self.problems.values(), *({"task": task} for task in TASKS), None):
            try:
                return bool(measures.measure(metric, problem))
            except TunebookError:
                continue
        return False


def place(row, axis):
    """Where a run stands on an axis; a full batch lies beyond every number."""
    value = comparable(row.get(axis))
    if value == "full":
        return float("inf")
    if not isinstance(value, float):
        raise NotTestable(f"along: {row['run']} has {shown(value)} for {axis}; needed: a number")
    return value


def only(rows, selection, told):
    """The only one of some rows of a selection; NotTestable if there are more."""
    if len(rows) > 1:
        fixes = " or ".join(differing(rows))
        raise NotTestable(
            f"sweep {selection['sweep']}: {len(rows)} runs {told}; needed: a `where` that also "
            f"fixes {fixes}"
        )
    return rows[0]


def matches(row, where):
    """Whether a run has all the values asked for."""
    return all(comparable(row.get(key)) == comparable(value) for key, value in where.items())


def no_match(members, where):
    """Why no run of a sweep fits `where`, as the end of a sentence."""
    for key, value in where.items():
        there = {comparable(row.get(key)): shown(row.get(key)) for row in members}
        if comparable(value) not in there:
            return f"no run with {key} = {shown(value)}; it has {some(there.values())}"
    wanted = " and ".join(f"{key} = {shown(value)}" for key, value in where.items())
    return f"no run with {wanted} at once"


def differing(rows):
    """Names of the hyper-parameters by which some runs differ."""
    about = ("run", "problem", "sweeps")
    plain = [{key: comparable(row[key]) for key in row if key not in about} for row in rows]
    kept = [{key: value for key, value in each.items() if value is not None} for each in plain]
    return words.differing([SimpleNamespace(settings=settings) for settings in kept])


def check_kind(where, found, sweeps, kind):
    """Raise TunebookError for a sweep that is not what is needed there.

    kind: `search` or `ablation`. sweeps: those of the study's description.
    """
    if not sweeps[found].get(kind):
        there = [name for name, each in sweeps.items() if each.get(kind)]
        article = "an" if kind[0] in "aeiou" else "a"
        told = f"{article} {kind}: {some(there) if there else 'this study has none'}"
        raise TunebookError(f"{where}: found {found}, which is no {kind}; allowed: {told}")


def some(names):
    """Names in a message, the first twelve of them."""
    names = list(map(str, names))
    return ", ".join(names[:12]) + (" and others" if len(names) > 12 else "") or "none"
