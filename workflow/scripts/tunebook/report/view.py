"""A study as templates ask for it: its runs, best networks and baselines, in words."""

import math
from collections import Counter
from dataclasses import dataclass

from ..evidence import measures, tables, words
from ..evidence.intervals import Interval, mean_interval
from ..study.parameters import label, parameter
from ..study.sizes import feature_sizes, for_each


@dataclass
class Shown:
    """A measure over replicates as a reader sees it. run: name of the run it leads to, or "";
    groups: into which its replicates fall, in words, or ""."""

    found: Interval
    unit: str
    values: list
    label: str = ""
    run: str = ""
    groups: str = ""

    n = property(lambda self: self.found.n)
    text = property(lambda self: words.show(self.found.centre, self.unit))
    interval = property(lambda self: words.interval(*self.found[1:3], self.unit))
    each = property(lambda self: [words.show(value, self.unit) for value in self.values])


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
        """How much was done: `3 configurations, 15 trainings`."""
        trainings = words.count(len(self.results.runs), "training")
        return f"{words.count(len(self.runs), 'configuration')}, {trainings}"

    def next(self, what):
        """The next number for a table, or whatever is counted."""
        self.counts[what] += 1
        return self.counts[what]

    def of(self, measure, run):
        """A measure of a run, Shown."""
        about = measures.measure(measure, self.problems[run.problem])
        return Shown(
            self.results.interval(measure, run.name),
            about.unit,
            list(self.results.finite(measure, run.name).values()),
            self.axis(about, run.problem),
            run.name if self.links else "",
            self.results.groups(measure, run.name),
        )

    def on_other_rows(self, run):
        """The interval of the judged test metric on other test rows, in words; "" without one."""
        found = self.results.on_other_rows(run.name)
        about = measures.measure("test_metric", self.problems[run.problem])
        return words.interval(*found[1:3], about.unit) if found else ""

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

        Those of which a replicate diverged, or that have no finite value, come last.
        """

        def place(run):
            error = self.results.interval(f"{split}_error", run.name).centre
            lost = math.isnan(error) or any(at is not None for at in run.diverged)
            return math.inf if lost else error

        return sorted((self.runs[name] for name in names), key=place)

    def candidates(self, problem):
        """The names of the runs that the grid searches of a problem chose from."""
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

        source, chosen = best["source"], place("our choice", best["chosen"])
        if best["same"]:
            chosen = f"the source’s is our choice too: it{chosen.removeprefix('our choice')}"
        elif source:
            known = source.name in names
            told = place("the source’s", source) if known else "the source’s is none"
            chosen = f"{told}, {chosen}"
        return f"Of the {words.count(len(names), 'configuration')} that were searched, {chosen}."

    def ahead(self, best):
        """[(of whom, [(label, Shown)])]: the standard methods whose mean test metric is better than
        that of the source's configuration and of our search's choice; see `best_of`.
        """
        error = measures.judged(self.problems[best["problem"]])[1].error

        def size(pair):
            return error(pair[1].found.centre)

        methods = [(label, row["test"]) for label, row in self.baselines(best["problem"])]
        found = []
        for who, key in (
            ("the source’s configuration", "source"),
            ("our search’s choice", "chosen"),
        ):
            if best[key] and not (best["same"] and found):
                least = error(self.of("test_metric", best[key]).found.centre)
                better = [pair for pair in methods if size(pair) < least]
                found.append((who, sorted(better, key=size)))
        return found

    def beside(self, sweeps):
        """[(label, Run)] of the runs of some sweeps; sweeps: {sweep: label}."""
        members = self.results.members
        return [(said, self.runs[run]) for sweep, said in sweeps.items() for run in members(sweep)]

    def best_of(self, problem, sweeps, claims):
        """The best networks of a problem: the source's configuration, and what our search chose.

        sweeps: of the source's configurations; claims: the Claims with its numbers for them. A
        dictionary with the Runs source and chosen (or None), same, and run, the one to show first;
        claimed: {split: the source's number, as it stands there}; number: that of the test split.
        """
        about, claimed, number, source = self.problems[problem], {}, None, None
        chosen = self.runs.get(self.results.best(problem))
        for name in sweeps:
            if self.sweeps[name]["problem"] == problem:
                source = next(map(self.runs.get, self.results.members(name)), source)
        for leaf in (leaf for claim in claims for leaf in claim.rule.leaves()):
            if leaf.kind == "value":
                split, _, metric = leaf.spec["metric"].partition("_")
                of = leaf.spec.get("of") or {}
                ours = self.sweeps.get(of.get("sweep"), of).get("problem") == problem
                if metric in ("metric", measures.judged(about)[0]) and ours:
                    claimed[split] = leaf.compared().text
                    if split == "test" and not self.about("sample"):
                        number = leaf.compared().number
        return {
            "problem": problem, "title": about["title"], "chosen": chosen, "source": source,
            "same": bool(source) and source is chosen, "run": source or chosen,
            "claimed": claimed, "number": number,
        }  # fmt: skip

    def beside_source(self, shown, best):
        """How a test metric (Shown) lies to the source's number for it, in words; "" without one.

        best: see `best_of`.
        """
        number, found = best["number"], shown.found
        if number is None or not shown.n:
            return ""
        higher = measures.judged(self.problems[best["problem"]])[1].better == "higher"
        there = sum((value >= number) if higher else (value <= number) for value in shown.values)
        reached = f"{words.word(there)} of {words.word(shown.n)} replicates reach it"
        reached = reached if there else "no replicate reaches it"
        gap = words.show(abs(found.centre - number), shown.unit, signed=True).lstrip("+")
        side = "above" if found.centre > number else "below"
        return f"{gap} {side} the source; {reached}"

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
            rows.append((about["baselines"][name], row))
        return rows

    def outcomes(self, sweep, by):
        """[(settings as said, {outcome: how many configurations})] of a sweep, counted by `by`."""
        frame = tables.outcomes(self.results, sweep)
        keys = [key for key in by if key in frame]
        groups = frame.groupby(keys, sort=False) if keys and len(frame) else ()
        return [
            ([self.say(*pair) for pair in zip(keys, values, strict=True)], Counter(rows["outcome"]))
            for values, rows in groups
        ]

    def importance(self, problem):
        """Which hyper-parameters matter: {group of runs: {runs, explained, reason, shares}}.

        See `evidence.importance`. shares: {hyper-parameter: (mean, sd)}. Of runs that learned only
        where others did not.
        """
        table, found = self.results.importance, {}
        rows = table[table["problem"] == problem].astype({"reason": object})
        for among, members in rows.fillna({"reason": ""}).groupby("among", sort=False):
            known = members.dropna(subset="hyper_parameter").set_index("hyper_parameter")
            about = members.iloc[0][["runs", "explained", "reason"]].to_dict()
            shares = dict(
                zip(known.index, zip(known["mean"], known["sd"], strict=True), strict=True)
            )
            found[among] = about | {"runs": int(about["runs"]), "shares": shares}
        if len({each["runs"] for each in found.values()}) == 1:
            found.pop("learned", None)
        return found

    def by_importance(self, groups):
        """{hyper-parameter: its largest share} in [(group, entry of `importance`)], in order."""
        found = {}
        for key, (mean, _) in (pair for _, each in groups for pair in each["shares"].items()):
            found[key] = max(found.get(key, mean), mean)
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

    def strip(self, shown, source):
        """Positions, in percent of a strip's width, of replicates, mean, interval and source."""
        mean, low, high, _ = shown.found
        spots = {"mean": mean, "low": low, "high": high, "source": source}
        known = [value for value in (*shown.values, *spots.values()) if words.known(value)]
        if not known:
            return None
        least, span = min(known), (max(known) - min(known)) or abs(max(known)) or 1.0

        def place(value):
            return round(6 + 88 * (value - least) / span, 2) if words.known(value) else None

        each = [place(value) for value in shown.values if words.known(value)]
        return {name: place(value) for name, value in spots.items()} | {"values": each}
