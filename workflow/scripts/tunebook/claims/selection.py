"""Which runs a statement is about: `{sweep: NAME, where: {key: value}}` among a study's runs.

Works on plain rows, one a run, so that a statement can be checked before anything is trained
(rows from the configuration) and judged afterwards (rows from runs.csv) by the same code.
"""

from itertools import chain

from ..jobs import TunebookError
from ..study import COMMON, MODELS, OPTIMIZERS

KEYS = sorted(
    {
        *COMMON,
        *chain.from_iterable(MODELS.values()),
        *chain.from_iterable(OPTIMIZERS.values()),
        *("problem", "target", "depth", "width", "convolutions"),
    }
)
# Hyper-parameters that a trend can run along: they have an order.
AXES = ("batch_size", "convolutions", "depth", "dropout", "epochs", "learning_rate", "width")


def records(frame):
    """The rows of a data frame as dictionaries, None where a value is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


class MissingRuns(TunebookError):
    """A statement asks for runs that the study does not have."""


def comparable(value):
    """`value` in the one form that both YAML and a CSV file can be brought to.

    Numbers and their texts become floats, lists of numbers their text ("200-200", as in runs.csv),
    blanks None.
    """
    if isinstance(value, list | tuple):
        value = "-".join(map(str, value))
    if value is None or value == "" or value != value:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def axis_value(row, axis):
    """Where a run stands on an axis; a full batch lies beyond every number."""
    value = comparable(row[axis])
    return float("inf") if value == "full" else value


def shown(value):
    """A value for a message: 0.01, 200-200-200, full."""
    value = comparable(value)
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else value


class StudyRuns:
    """The runs of a study as rows, and which sweeps and timings exist.

    rows: one dictionary a run with `run`, `problem`, `sweeps` (list) and hyper-parameters.
    sweeps: names of all sweeps. timed: names of the sweeps whose runs are timed alone.
    """

    def __init__(self, rows, sweeps, timed=()):
        self.rows = list(rows)
        self.sweeps = list(sweeps)
        self.timed = set(timed)

    @classmethod
    def from_tables(cls, runs, timing):
        """The same from the tables runs.csv and timing.csv."""
        rows = records(runs.drop_duplicates("run"))
        rows = [row | {"sweeps": row["sweeps"].split(";")} for row in rows]
        names = dict.fromkeys(name for row in rows for name in row["sweeps"])
        timed_runs = set(timing["run"])
        timed = {
            name
            for name in names
            if all(row["run"] in timed_runs for row in rows if name in row["sweeps"])
        }
        return cls(rows, names, timed)

    def select(self, selection):
        """The rows that a selection names, at least one, in the study's order.

        Raises TunebookError for an unknown key, MissingRuns for a sweep that does not exist or
        has no such run.
        """
        name, where = selection["sweep"], selection.get("where", {})
        if name not in self.sweeps:
            raise MissingRuns(
                f"sweep {name}: not in this study; allowed: {', '.join(sorted(self.sweeps))}"
            )
        for key in where:
            if key not in KEYS:
                raise TunebookError(
                    f"where.{key}: unknown hyper-parameter; allowed: {', '.join(KEYS)}"
                )
        members = [row for row in self.rows if name in row["sweeps"]]
        found = [row for row in members if matches(row, where)]
        if not found:
            raise MissingRuns(f"sweep {name}: {no_match(members, where)}")
        return found

    def one(self, selection):
        """The only row that a selection names."""
        found = self.select(selection)
        if len(found) > 1:
            keys = differing(found)
            raise TunebookError(
                f"sweep {selection['sweep']}: {len(found)} runs match where one is needed; "
                f"allowed: a `where` that also fixes {' or '.join(keys)}"
            )
        return found[0]

    def along(self, selection, axis):
        """[(place on the axis, row), ...] in rising order; one run a place, at least two places."""
        if axis not in AXES:
            raise TunebookError(f"along: found {axis}; allowed: one of {', '.join(AXES)}")
        rows = self.select(selection)
        places = {}
        for row in rows:
            places.setdefault(axis_value(row, axis), []).append(row)
        if None in places:
            raise TunebookError(
                f"along: {places[None][0]['run']} of sweep {selection['sweep']} has no {axis}; "
                "allowed: runs that all have one"
            )
        crowded = [same for same in places.values() if len(same) > 1]
        if crowded:
            raise TunebookError(
                f"sweep {selection['sweep']}: {len(crowded[0])} runs share one {axis}; allowed: "
                f"a `where` that also fixes {' or '.join(differing(crowded[0]))}"
            )
        if len(places) < 2:
            raise MissingRuns(
                f"sweep {selection['sweep']}: a trend along {axis} needs two points or more; "
                f"found one: {shown(next(iter(places)))}"
            )
        return [(place, places[place][0]) for place in sorted(places)]


def matches(row, where):
    """Whether a run has all the values asked for."""
    return all(comparable(row.get(key)) == comparable(value) for key, value in where.items())


def no_match(members, where):
    """Why no run of a sweep fits `where`, as the end of a sentence."""
    for key, value in where.items():
        there = dict.fromkeys(shown(row.get(key)) for row in members)
        if shown(value) not in there:
            return f"no run with {key} = {shown(value)}; allowed: one of {', '.join(there)}"
    wanted = " and ".join(f"{key} = {shown(value)}" for key, value in where.items())
    return f"no run with {wanted} at once; allowed: values that one run has together"


def differing(rows):
    """Names of the hyper-parameters by which some runs differ."""
    names = [key for key in KEYS if len({comparable(row.get(key)) for row in rows}) > 1]
    # Depth and width only repeat what the lists of widths and channels say, and a value that all
    # runs of one kind share (beta1 among runs of Adam) what their kind says.
    told = [
        key
        for key in names
        if key not in ("depth", "width", "convolutions")
        and len({comparable(row.get(key)) for row in rows} - {None}) > 1
    ]
    return told or names
