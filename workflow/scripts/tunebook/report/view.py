"""A study as templates ask for it: its runs, best networks and baselines, in words."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..claims.read import SAYS
from ..evidence import measures, tables, words
from ..evidence.intervals import Interval, mean_interval, scale
from ..study.parameters import label, parameter
from ..study.sizes import feature_sizes, for_each

# Whose the networks are that stand side by side at the head of a report.
SOURCES, CHOSEN, FOUND = "The source’s, trained again", "Our search’s choice", "The best we found"
# The networks that stand beside standard methods, which are held against the last that there is.
NETWORKS = {
    "source": "the source’s configuration",
    "chosen": "our search’s choice",
    "found": "the best we found",
}


@dataclass
class Shown:
    """A measure over replicates as a reader sees it. run: name of the run it leads to, or "";
    groups: into which its replicates fall, in words, or "". signed: whether it is a difference.
    instead: what stands there where no replicate has a finite value."""

    found: Interval
    unit: str
    values: list
    label: str = ""
    run: str = ""
    groups: str = ""
    signed: bool = False
    instead: str = "none finite"

    n = property(lambda self: self.found.n)
    text = property(lambda self: words.show(self.found.centre, self.unit, self.signed))
    interval = property(lambda self: words.interval(*self.found[1:3], self.unit, self.signed))
    each = property(lambda self: [words.show(value, self.unit) for value in self.values])


# In place of what is measured on rows that there are not.
NO_ROWS = "–"
# Of a way of predicting an image: by it and its four shifts by one pixel.
OVER_SHIFTS = " averaged over shifts"


class View:
    """A study in words. links: whether a number leads to its run in the explorer.

    problems: {name: its entry of study.json}; runs: {name: Run}.
    """

    def __init__(self, results, links=False):
        self.results, self.runs, self.links = results, results.by_name, links
        self.problems = {name: results.problem(name) for name in results.problems}
        self.sweeps = results.study["sweeps"]
        self.counts = Counter()

    @property
    def extent(self):
        """How much was done: `3 configurations, 15 trainings; 48 trials of a search`."""
        trainings = words.count(len(self.results.runs), "training")
        searches, many = self.results.searches, len(self.results.trials)
        of = "a search" if len(searches) == 1 else f"{words.word(len(searches))} searches"
        trials = f"; {words.count(many, 'trial')} of {of}" if many else ""
        return f"{words.count(len(self.runs), 'configuration')}, {trainings}{trials}"

    @property
    def searching(self):
        """Seconds of one core that training the trials of searches took; 0 without any."""
        return float(self.results.trials["seconds"].sum())

    def next(self, what):
        """The next number for a table, or whatever is counted."""
        self.counts[what] += 1
        return self.counts[what]

    def of(self, measure, run, since=0):
        """A measure of a run, Shown; since: the first replicate that counts."""
        about = measures.measure(measure, self.problems[run.problem])
        return Shown(
            self.results.interval(measure, run.name, since),
            about.unit,
            [v for key, v in self.results.finite(measure, run.name).items() if key >= since],
            self.axis(about, run.problem),
            run.name if self.links else "",
            "" if since else self.results.groups(measure, run.name),
            **({"instead": NO_ROWS} if measures.lacks(about, run.settings) else {}),
        )

    @staticmethod
    def validated(runs):
        """Whether some of these Runs leave rows for validation, by which one can be chosen."""
        return any(measures.validates(run.settings) for run in runs)

    def unchosen(self, problems):
        """Why nothing was chosen for some problems, and what that means, in a sentence for each
        reason; none for problems that leave rows for validation."""
        told = {}
        for name in (name for name in problems if not self.results.validated(name)):
            held = (self.problems[name].get("rows") or {}).get("validation")
            told.setdefault(bool(held), []).append(self.problems[name]["title"])
        return [
            f"Of {words.spoken(titles)} "
            + ("every run was fitted on the validation rows too" if held
               else "nothing was held out for validation")
            + ", so that no configuration could be chosen: all were written down beforehand, and "
            "the best test result among them is not an estimate of anything."
            for held, titles in told.items()
        ]  # fmt: skip

    def splits(self, runs, also=()):
        """{split: its heading} of those that some Runs are measured on, and of others besides."""
        there = self.validated(runs) or "validation" in also
        heads = measures.SPLITS.items()
        return {key: head.capitalize() for key, head in heads if key != "validation" or there}

    def splits_beside(self, best, models):
        """The same of the table of the best networks, where a standard method or the source may
        have what networks do not. best: see `best_of`; models: [(label, Run)]."""
        methods = [row for _, row in self.baselines(best["problem"])]
        known = [key for key in measures.SPLITS if any(row[key].n for row in methods)]
        claimed = [split for each in best["claimed"].values() for split in each]
        return self.splits([run for _, run in models], [*claimed, *known])

    def on_other_rows(self, run, name="test_metric"):
        """The interval of that test metric on other test rows, in words; "" without one."""
        found = self.results.on_other_rows(run.name, name)
        about = measures.measure("test_metric", self.problems[run.problem])
        return words.interval(*found[1:3], about.unit) if found else ""

    def ways(self, problem, sweep=None):
        """[(Run, [(way of predicting, Shown, its interval on other test rows in words)])] of the
        runs of a problem, or of a sweep, whose predictions are kept, ranked.

        By one network, by one averaged over shifts, and by all replicates of a run together. No
        runs for which there is the first alone.
        """
        about, table, found = self.problems[problem], self.results.ensembles, []
        unit, kept = measures.measure("test_metric", about).unit, {*self.results.predictions["run"]}
        for run in self.ranked(self.results.members(sweep) if sweep else self.runs):
            if run.name not in kept or run.problem != problem:
                continue
            ways = [("one network", self.of("test_metric", run), self.on_other_rows(run))]
            if about["shape"]:
                name = "shifted_test_metric"
                others = self.on_other_rows(run, name)
                ways.append((f"one network{OVER_SHIFTS}", self.of(name, run), others))
            for each in table[table["run"] == run.name].itertuples():
                way = f"ensemble of {words.count(each.members, 'network')}"
                way += OVER_SHIFTS if each.way.endswith("shifts") else ""
                one = Shown(Interval(each.value, math.nan, math.nan, 1), unit, [each.value])
                ways.append((way, one, words.interval(each.low, each.high, unit)))
            found += [(run, ways)] if len(ways) > 1 else []
        return found

    def test_rows(self, problem):
        """How many rows a replicate is tested on: `2,007 test images`."""
        about = self.problems[problem]
        thing = "test image" if about["shape"] else "test row"
        return words.count(about["rows"]["test"], thing)

    def unit(self, about, problem):
        """A unit in words, "" where numbers carry it themselves."""
        unit = words.unit_words(about.unit, self.problems[problem])
        return "" if unit == "%" else unit

    def axis(self, measure, problem):
        """The label of a measure with its unit behind it."""
        unit = self.unit(measure, problem)
        return measure.label[:1].upper() + measure.label[1:] + (f" ({unit})" if unit else "")

    def metric(self, problem):
        """The metric that judges a problem: `accuracy`, `squared error in squared ranges`."""
        metric = measures.judged(self.problems[problem])[1]
        unit = self.unit(metric, problem)
        return metric.label + (f" in {unit}" if unit else "")

    def better(self, problem):
        """The better side of the metric that judges a problem."""
        return measures.judged(self.problems[problem])[1].better

    def label(self, key):
        return parameter(key).label

    def say(self, key, value):
        """A setting as a table says it: `Adam`, `100 × 5`, `0.001`."""
        shown = label(key, value)
        return words.layers(shown) if key == "widths" and shown else words.plain(shown)

    def inputs(self, problem):
        """What a problem's inputs are, in a few words."""
        if problem["shape"]:
            channels, height, width = problem["shape"]
            return f"{height} × {width} pixels" + (f", {channels} channels" if channels > 1 else "")
        names = [each["name"] for each in problem["inputs"]]
        return words.spoken(names) if len(names) <= 6 else f"{len(names)} columns"

    def range(self, problem):
        """The range of a problem's target, the unit of its errors: `$720,100`."""
        return words.show(problem["target_range"], problem["unit"], places=4)

    def about(self, kind, plain=False):
        """Titles of the data of that kind (`real` or another); plain: had without encryption."""
        return [
            each["title"]
            for each in self.results.provenance
            if (each.get("kind") == "real") == (kind == "real")
            and (not plain or any(f["address"].startswith("http://") for f in each["files"]))
        ]

    def ranked(self, names, split="validation"):
        """The Runs of some names from the best mean metric of a split to the worst.

        Those of which a replicate diverged, or that have no finite value, come last. Where none
        leaves rows for validation, nothing ranks them by it: they stay in the study's order.
        """

        def place(run):
            error = self.results.interval(f"{split}_error", run.name).centre
            lost = math.isnan(error) or any(at is not None for at in run.diverged)
            return math.inf if lost else error

        return sorted((self.runs[name] for name in names), key=place)

    def candidates(self, problem):
        """The names of the runs that the grid searches of a problem chose from.

        Finalists of other searches stand in tables of their own: some of their replicates were
        chosen by, so that a mean over all of them cannot be set beside these.
        """
        sweeps = self.sweeps.items()
        grids = [name for name, each in sweeps if each["problem"] == problem and each["grid"]]
        return dict.fromkeys(run for name in grids for run in self.results.members(name))

    def standing(self, best):
        """Where the source's configuration and our choice stand in the search, in a sentence.

        best: see `best_of`. By validation, which chose, and by the test, which took no part.
        """
        names = self.candidates(best["problem"])
        orders = {split: self.ranked(names, split) for split in ("validation", "test")}

        def place(who, run):
            at = {split: words.ordinal(runs.index(run) + 1) for split, runs in orders.items()}
            return f"{who} is {at['validation']} by validation and {at['test']} by the test"

        source, chosen = best["source"], "our choice is none"
        if best["chosen"].name in names:
            chosen = place("our choice", best["chosen"])
        if best["same"]:
            chosen = f"the source’s is our choice too: it{chosen.removeprefix('our choice')}"
        elif source:
            known = source.name in names
            told = place("the source’s", source) if known else "the source’s is none"
            chosen = f"{told}, {chosen}"
        return f"Of the {words.count(len(names), 'configuration')} that were searched, {chosen}."

    def ahead(self, best):
        """[(of whom, [(label, Shown)])]: the standard methods whose mean test metric is better than
        that of the source's configuration, of our search's choice and of the best that was found;
        see `best_of`.
        """
        error = measures.judged(self.problems[best["problem"]])[1].error

        def size(pair):
            return error(pair[1].found.centre)

        methods = [(label, row["test"]) for label, row in self.baselines(best["problem"])]
        found = []
        for who, run in self.networks(best):
            least = error(self.of("test_metric", run).found.centre)
            better = [pair for pair in methods if size(pair) < least]
            found.append((who, sorted(better, key=size)))
        return found

    @staticmethod
    def networks(best):
        """[(what it is called, Run)] of those of `best_of` that stand beside standard methods."""
        known = {key: best[key] for key in NETWORKS if best[key]}
        if any(best["chosen"] is best[other] for other in ("source", "found")):
            known.pop("chosen", None)
        return [(NETWORKS[key], run) for key, run in known.items()]

    def beside(self, sweeps):
        """[(label, Run)] of the runs of some sweeps; sweeps: {sweep: label}."""
        members = self.results.members
        return [(said, self.runs[run]) for sweep, said in sweeps.items() for run in members(sweep)]

    def best_of(self, problem, sweeps, claims, beyond=()):
        """The best networks of a problem: the source's configuration, what our search chose, and
        what was found beyond it.

        sweeps: of the source's configurations; claims: the Claims with its numbers for them.
        beyond: sweeps of the best that were found, of which the first by validation counts, and
        none of several that leave no rows for it. A dictionary with the Runs source, chosen and
        found (or None), same, and run, the one to show first; first: [(whose, Run)] of those to
        show side by side; claimed: {who states them: {split: the source's number, as it stands
        there}}; numbers: {who: that of the test split}.
        """
        about, claimed, numbers, source = self.problems[problem], {}, {}, None
        chosen = self.runs.get(self.results.best(problem))
        for name in sweeps:
            if self.sweeps[name]["problem"] == problem:
                source = next(map(self.runs.get, self.results.members(name)), source)
        ours = [name for name in beyond if self.sweeps[name]["problem"] == problem]
        runs = self.ranked(dict.fromkeys(run for s in ours for run in self.results.members(s)))
        found = runs[0] if len(runs) == 1 or self.validated(runs) else None
        run, whose = source or chosen, SOURCES if source else CHOSEN
        first = [(whose, run)] if run and run is not found else []
        for leaf in (leaf for claim in claims for leaf in claim.rule.leaves()):
            if leaf.kind == "value":
                split, _, metric = leaf.spec["metric"].partition("_")
                of = leaf.spec.get("of") or {}
                ours = self.sweeps.get(of.get("sweep"), of).get("problem") == problem
                if metric in ("metric", measures.judged(about)[0]) and ours:
                    said = leaf.compared()
                    claimed.setdefault(said.by or SAYS, {})[split] = said.text
                    if split == "test" and not self.about("sample"):
                        numbers[said.by or SAYS] = said.number
        return {
            "problem": problem, "title": about["title"], "chosen": chosen, "source": source,
            "found": found, "same": bool(source) and source is chosen, "run": run or found,
            "first": [*first, (FOUND, found)] if found else first,
            "claimed": claimed, "numbers": numbers,
        }  # fmt: skip

    def beside_source(self, shown, best):
        """How a test metric (Shown) lies to each of the source's numbers for it, in words.

        best: see `best_of`.
        """
        higher = measures.judged(self.problems[best["problem"]])[1].better == "higher"
        told = []
        for who, number in best["numbers"].items() if shown.n else ():
            there = sum((v >= number) if higher else (v <= number) for v in shown.values)
            reached = f"{words.word(there)} of {words.word(shown.n)} replicates reach it"
            reached = reached if there else "no replicate reaches it"
            centre = shown.found.centre
            gap = words.show(abs(centre - number), shown.unit, signed=True).lstrip("+")
            told.append(f"{gap} {'above' if centre > number else 'below'} {who}; {reached}")
        return told

    def baselines(self, problem):
        """[(label, {split or `fit`: Shown, failure: why there is none})] of a problem's methods."""
        about, table = self.problems[problem], self.results.baselines
        judged, known = measures.judged(about)[0], measures.measures(about)
        asked = {f"{split}_{judged}": (split, f"{split}_metric") for split in measures.SPLITS}
        asked["fit_seconds"] = "fit", "train_seconds"
        table = table[table["problem"] == problem].reindex(columns=["baseline", *asked, "failure"])
        rows = []
        for name, members in table.groupby("baseline", sort=False):
            row = {"failure": "; ".join(members["failure"].dropna().unique())}
            for column, (key, measure) in asked.items():
                values, of = members[column].astype(float).dropna().tolist(), known[measure]
                row[key] = Shown(mean_interval(values, of.least, of.most), of.unit, values)
                if key in measures.SPLITS and (about.get("rows") or {}).get(key) == 0:
                    row[key].instead = NO_ROWS
            rows.append((about["baselines"][name], row))
        return rows

    def against(self, best):
        """(whose network, {label of a standard method: Shown}): by how much its test metric is more
        than that of the network, within the replicates of both.

        As a ratio where values are told apart by these (`intervals.scale`), else as a difference.
        best: see `best_of`; the network is what was found beyond, or else chosen, or the source's.
        """
        if not self.networks(best):
            return "", {}
        whose, run = self.networks(best)[-1]
        about, table = self.problems[best["problem"]], self.results.baselines
        metric = measures.judged(about)[0]
        of, found = self.results.measure("test_metric", run), {}
        ours = self.results.finite("test_metric", run.name)
        for name, rows in table[table["problem"] == best["problem"]].groupby("baseline"):
            values = rows.reindex(columns=[f"test_{metric}"]).iloc[:, 0]  # none where all failed
            theirs = dict(zip(rows["replicate"].astype(int), values, strict=True))
            shared = [key for key in ours if math.isfinite(ours[key] + theirs.get(key, math.nan))]
            pairs = np.array([[theirs[key], ours[key]] for key in shared], dtype=float)
            logs = len(pairs) and scale(pairs, of.least, of.most) is np.log
            apart = -np.diff(np.log(pairs) if logs else pairs)[:, 0] if shared else []
            interval, unit = mean_interval(apart), of.unit
            if logs:
                interval, unit = Interval(*np.exp(interval[:3]).tolist(), interval.n), "times"
            found[about["baselines"][name]] = Shown(interval, unit, list(apart), signed=not logs)
        return whose, found

    def outcomes(self, sweep, by):
        """[(settings as said, {outcome: how many configurations})] of a sweep, counted by `by`."""
        frame = tables.outcomes(self.results, sweep)
        keys = [key for key in by if key in frame]
        groups = frame.groupby(keys, sort=False) if keys and len(frame) else ()
        return [
            ([self.say(*pair) for pair in zip(keys, values, strict=True)], Counter(rows["outcome"]))
            for values, rows in groups
        ]

    def importance(self, problem, search=None):
        """Which hyper-parameters matter: {group of runs: {runs, explained, reason, shares}}.

        See `evidence.importance`. shares: {hyper-parameter: share}. Of runs that learned only where
        others did not. search: of whose trials, all of them, in place of the problem's runs.
        """
        table, found = self.results.importance, {}
        rows = table[table["problem"] == problem].astype({"reason": object, "among": object})
        if search:
            rows = rows[rows["among"] == f"search {search}"].assign(among="all")
        else:
            rows = rows[rows["among"].isin(["all", "learned"])]
        for among, members in rows.fillna({"reason": ""}).groupby("among", sort=False):
            known = members.dropna(subset="hyper_parameter").set_index("hyper_parameter")
            about = members.iloc[0][["runs", "explained", "reason"]].to_dict()
            shares = known["share"].to_dict()
            found[among] = about | {"runs": int(about["runs"]), "shares": shares}
        if len({each["runs"] for each in found.values()}) == 1:
            found.pop("learned", None)
        return found

    def by_importance(self, groups):
        """{hyper-parameter: its largest share} in [(group, entry of `importance`)], in order."""
        found = {}
        for key, share in (pair for _, each in groups for pair in each["shares"].items()):
            found[key] = max(found.get(key, share), share)
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def layers(self, run):
        """[(what, size after it)] of a dense or convolutional network; [] of any other.

        Worked out by the same arithmetic that builds the network.
        """
        known, problem = run.settings, self.problems[run.problem]
        if known["model"] == "module":
            return []
        channels, widths = (
            [int(each) for each in str(known.get(key, "")).split("-") if each]
            for key in ("channels", "widths")
        )
        shape = problem["shape"] or [len(problem["inputs"])]
        steps = [("Inputs", " × ".join(map(str, shape)))]
        normalization = known.get("normalization", "none")
        then = f"; {normalization} normalization" if normalization != "none" else ""
        then += f"; {label('activation', known.get('activation', 'relu'))}"
        if channels:
            sizes = [
                for_each(known.get(key, 1), len(channels))
                for key in ("kernel", "padding", "pooling", "stride")
            ]
            sides = feature_sizes(shape, channels, *sizes)
            kind = label("pooling_kind", known.get("pooling_kind", "max"))
            for maps, (height, width), kernel, padding, pooling, stride in zip(
                channels, sides, *sizes, strict=True
            ):
                what = f"Convolution {kernel} × {kernel}, padding {padding}"
                what += f", stride {stride}" if stride > 1 else ""
                what += then + (f"; {kind} pooling {pooling} × {pooling}" if pooling > 1 else "")
                steps.append((what, f"{maps} × {height} × {width}"))
            steps.append(("Flattened", str(maps * height * width)))
        steps += [(f"Dense{then}", str(width)) for width in widths]
        return [*steps, ("Dense, the output", str(len(problem["classes"] or [0])))]

    def strip(self, shown, numbers, among=()):
        """Positions, in percent of a strip's width, of replicates, mean, interval and the source's
        numbers (`stated`, from left to right, with who states each).

        among: what is Shown beside it, on strips of the same scale.
        """
        mean, low, high, _ = shown.found
        spots = {"mean": mean, "low": low, "high": high}
        others = [value for each in among for value in (*each.values, *each.found[:3])]
        every = (*shown.values, *spots.values(), *numbers.values(), *others)
        known = [value for value in every if words.known(value)]
        if not known:
            return None
        least, span = min(known), (max(known) - min(known)) or abs(max(known)) or 1.0

        def place(value):
            return round(6 + 88 * (value - least) / span, 2) if words.known(value) else None

        each = [place(value) for value in shown.values if words.known(value)]
        stated = sorted((place(number), who) for who, number in numbers.items())
        spots = {name: place(value) for name, value in spots.items()}
        return spots | {"values": each, "stated": stated}
