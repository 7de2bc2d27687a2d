"""Panels of what one run predicts of the test rows: confusion, misread images, and scatters."""

import math
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb

from ..evidence import words
from ..evidence.intervals import MINIMUM_REPLICATES, mean_interval, mean_intervals, rank_correlation
from . import page, style
from .kinds import DASHES, SUMMARY
from .panel import BAND, RELATIVE, Panel, finite, said, tick
from .spec import TARGET


class Predicted(Panel):
    """A panel of the kept test predictions of one run; those that are finite.

    n: how many replicates have any.
    """

    def prepare(self):
        rows = self.results.predictions
        rows = rows[rows["run"].isin(self.names) & np.isfinite(rows["prediction"].astype(float))]
        self.rows, self.n = (
            rows.astype({"target": float, "prediction": float}),
            rows["replicate"].nunique(),
        )
        if rows.empty:
            self.absent = "The test predictions of this run were not kept (predictions: true)."

    def note(self):
        """Which run it is, and whose."""
        (run,) = self.runs
        whose = self.whose.get(run.name, "")
        return [f"{whose} network: {run.label}" if whose else f"of {run.label}"]


class Matrix(Predicted):
    """Shares of the test rows of each class by what they are read as, mean over replicates."""

    CELL, WRITTEN = 0.42, 0.24  # inches: the largest cell, and the least that holds a number

    def prepare(self):
        super().prepare()
        self.classes = list(map(str, self.problem["classes"]))
        places = range(len(self.classes))
        cells = self.rows["target"].astype(int), self.rows["prediction"].astype(int)
        table = pd.crosstab(*cells).reindex(index=places, columns=places, fill_value=0)
        self.counts = table.to_numpy(float) / max(self.n, 1)
        totals = self.counts.sum(axis=1, keepdims=True)
        self.shares = np.divide(self.counts, totals, where=totals > 0, out=0 * self.counts)
        pairs = np.argwhere(~np.eye(len(places), dtype=bool))
        self.errors = sorted((-self.shares[t, p], t, p) for t, p in pairs)

    def fit(self, width):
        many = len(self.classes)
        self.cell = min(self.CELL, (0.94 * width - 1) / many)
        self.height = self.least = self.most = self.cell * many

    def draw(self, ax):
        most = -self.errors[0][0] or 1
        for (true, predicted), share in np.ndenumerate(self.shares):
            text, look = f"{100 * share:.1f}" if share else "", {}
            ground = {"fill": False, "ec": style.GRID, "lw": 0.5}
            if true == predicted:
                look = {"weight": 600}
            elif share:  # a tint lets the page shine through
                ground = {"color": style.OTHER, "alpha": 0.12 + 0.5 * share / most, "lw": 0}
            ax.bar(predicted, 0.94, 0.94, bottom=true - 0.47, **ground)
            if self.cell >= self.WRITTEN:
                ax.text(predicted, true, text, ha="center", va="center", size=8, **look)
        page.name_ticks(ax, self.classes)
        ax.set_yticks(range(len(self.classes)), self.classes)
        ax.set_ylim(len(self.classes) - 0.5, -0.5)
        ax.tick_params(length=0)
        ax.grid(False)
        ax.spines["bottom"].set_visible(False)
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class", labelpad=4)

    def frame(self):
        found = [
            {"true": self.classes[t], "predicted": self.classes[p], "rows": count}
            | {"share": self.shares[t, p]}
            for (t, p), count in np.ndenumerate(self.counts)
        ]
        return pd.DataFrame(found).assign(replicates=self.n, run=self.names[0])

    def sentence(self):
        worst = ", ".join(
            f"{self.classes[t]} read as {self.classes[p]} ({said(-share, RELATIVE)[1:]})"
            for share, t, p in self.errors[:3]
            if share
        )
        total = self.counts.sum() - np.trace(self.counts)
        return (
            f"Of {self.counts.sum():,.0f} test rows, {words.number(total)} are misread in an "
            f"average replicate. Most often: {worst or 'none'}."
        )

    def brief(self):
        share, true, read = self.errors[0]
        names = self.classes[true], self.classes[read]
        told = f"“{names[0]}” read as “{names[1]}” ({said(-share, RELATIVE)[1:]})"
        return f"Most often confused: {told}." if share else "No test row is misread."

    def note(self):
        return [
            *super().note(),
            "of the test rows of each true class, how many per cent are read as what, mean over "
            "{replicates}",
            "diagonal: read right",
        ]


class Images(Predicted):
    """Test images that a run misreads: those that most replicates misread, by the error."""

    MOST, ACROSS, HIGH = 24, 0.86, 1.14  # images; inches from one to the next, across and down
    SIDE = 0.78  # inches, of an image

    def prepare(self):
        super().prepare()
        rows = self.results.misread
        table = (
            rows[rows["run"].isin(self.names)]
            .groupby("row", as_index=False)
            .agg(
                target=("target", "first"),
                prediction=("prediction", lambda each: each.mode().iloc[0]),
                replicates=("replicate", "nunique"),
                probability=("probability", "mean"),
                pixels=("pixels", "first"),
            )
        )
        if table.empty:
            self.absent = self.absent or "No test image is misread."
            return
        self.absent = ""  # misread images are kept without other predictions
        error = ["replicates", "target", "prediction"]
        table["alike"] = table.groupby(error)["row"].transform("size")
        order = ["replicates", "alike", "target", "prediction", "probability", "row"]
        rising = [False, False, True, True, False, True]
        table = table.sort_values(order, ascending=rising, ignore_index=True)
        self.chosen, self.many = table.head(self.MOST).drop(columns="alike"), len(table)
        self.by_all = int((table["replicates"] == self.runs[0].n).sum())

    def fit(self, width):
        self.in_a_row = max(int(width / self.ACROSS), 1)
        self.height = self.HIGH * -(-len(self.chosen) // self.in_a_row) - 0.05
        self.least = 0.8 * width

    def read(self, image, text="{} → {}", width=np.inf):
        """What an image is and what it is read as, in at most `width` points."""
        names = (self.problem["classes"][int(image[key])] for key in ("target", "prediction"))
        return text.format(*(page.cut(name, width / 2 - 8) for name in names))

    def draw(self, ax):
        ax.set_axis_off()
        ax.set_xlim(0, ax.bbox.width / page.INCH)
        ax.set_ylim(self.height, 0)
        step, shape = ax.get_xlim()[1] / self.in_a_row, self.problem["shape"]
        down, wide = (self.SIDE * side / max(shape[1:]) for side in shape[1:])
        for i, image in self.chosen.iterrows():
            pixels = np.clip(np.reshape(image["pixels"], shape), 0, 1)
            if shape[0] == 1:  # how much of the data colour stands on the page's own ground
                color = np.reshape(to_rgb(style.DATA), (3, 1, 1)) + 0 * pixels
                pixels = np.concatenate([color, pixels])
            middle, top = (i % self.in_a_row + 0.5) * step, i // self.in_a_row * self.HIGH
            extent = (middle - wide / 2, middle + wide / 2, top + down, top)
            ax.imshow(np.moveaxis(pixels, 0, 2), extent=extent, interpolation="none", aspect="auto")
            ax.bar(middle, down, wide, bottom=top, fill=False, ec=style.GRID, lw=0.7)
            often, small = (
                f"{image['replicates']} of {self.runs[0].n}",
                {"size": 8, "color": style.MUTED},
            )
            read = self.read(image, width=page.INCH * step)
            for text, below, look in ((read, 0.14, {"size": 9}), (often, 0.26, small)):
                ax.text(middle, top + down + below, text, ha="center", va="baseline", **look)

    def frame(self):
        return self.chosen.drop(columns="pixels").assign(run=self.names[0])

    def sentence(self):
        return f"{self.shown}. {self.brief()}"

    def brief(self):
        return f"The commonest among them: {self.read(self.chosen.iloc[0], 'a {} read as a {}')}."

    @property
    def shown(self):
        """Which images these are, of how many."""
        every, shown, all_of = self.many, len(self.chosen), self.by_all
        ours = words.count(every, "test image")
        text = f"{ours} {'is' if every == 1 else 'are'} misread by at least one replicate"
        if self.runs[0].n > 1 and all_of:
            text += f", {all_of:,} by all {self.runs[0].n}"
        of = f"{shown} of those {all_of:,}" if shown < all_of else f"{shown}"
        return f"{text}; {'all' if shown == every else of} are shown"

    def note(self):
        return [
            *super().note(),
            f"{self.shown}, one error beside the other, the commonest first",
            "below: the true class, what it is read as most often, and by how many replicates",
        ]


# quantity -> (its name, its unit, whether its axis is logarithmic, how a bin is summarised, and how
# it follows from the test rows)
QUANTITIES = {
    "prediction": ("predicted {}", "target", False, "median", lambda rows: rows["prediction"]),
    "residual": (
        "predicted − true {}", "target", False, "median",
        lambda rows: rows["prediction"] - rows["target"],
    ),
    "relative_error": (
        "relative error", RELATIVE, False, "median",
        lambda rows: rows["prediction"] / rows["target"] - 1,
    ),
    "squared_residual": (
        "squared residual", "squared ranges", True, "mean",
        lambda rows: ((rows["prediction"] - rows["target"]) / rows["target_range"]) ** 2,
    ),
    "variance": (
        "predicted variance", "squared ranges", True, "mean", lambda rows: rows["variance"],
    ),
}  # fmt: skip


class Scatter(Predicted):
    """A dot a test row, along its target or one of its inputs, with a line through bins."""

    height, least, weight = 2.7, 2.0, 1.2

    def prepare(self):
        super().prepare()
        self.across, self.log_across = self.across or TARGET, self.spec.get("log", False)
        name, self.unit, self.log, self.how, _ = QUANTITIES[self.of]
        self.about, self.own = name.format(self.problem["target"]), self.problem["unit"] or ""
        self.unit = self.own if self.unit == "target" else self.unit
        self.scale = "of the true value" if self.unit == RELATIVE else words.unit_words(self.unit)
        if self.absent:
            return
        self.rows = self.rows.assign(target_range=self.problem["target_range"])
        self.rows["y"] = self.values(self.of)
        if self.across not in self.rows or not len(finite(self.rows[self.across])):
            self.absent = f"The predictions were kept without the input “{self.across}”."
        elif not len(finite(self.rows["y"])):
            self.absent = f"This run gives no {self.about}."
        else:
            self.rows["x"] = self.rows[self.across].astype(float)
            x, y = (finite(self.rows[name]) for name in "xy")
            for log, values, what in ((self.log_across, x, self.across), (self.log, y, self.about)):
                if log and not (values > 0).any():
                    self.absent = f"No {what} is above zero, as a logarithmic axis needs."
                    return
            self.bins = self.binned(self.of)

    @staticmethod
    def color(of):
        return style.OTHER if of == "variance" else style.DATA

    def values(self, of):
        """A quantity of every test row."""
        return QUANTITIES[of][-1](self.rows).astype(float)

    def binned(self, of):
        """The middle of a quantity in bins of equally many rows: x, mean, low, high, replicates."""
        _, _, in_ratio, how, _ = QUANTITIES[of]
        x = self.rows["x"].to_numpy()
        edges = np.quantile(x, np.linspace(0, 1, self.spec.get("bins", 10) + 1))
        place = np.searchsorted(np.unique(edges)[1:-1], x, "right")
        rows = self.rows.assign(bin=place, y=self.values(of))
        table = rows.pivot_table(index="replicate", columns="bin", values="y", aggfunc=how)
        found = mean_intervals(table.to_numpy(), 0.0 if in_ratio else -math.inf)
        middles = {"x": rows.groupby("bin")["x"].median().to_numpy()}
        return pd.DataFrame(middles | dict(zip(SUMMARY, found, strict=True)))

    @cached_property
    def reach(self):
        """Left and right end of the axis across, on which a prediction stands as well."""
        values = finite(self.rows["x"])
        if self.of == "prediction":
            values = np.append(values, self.rows["y"])
        values = values[values > 0] if self.log_across else values
        low = np.quantile(values, 0.001 if self.log_across else 0)
        return page.padded(low, values.max(), self.log_across, 0.03)

    @cached_property
    def span(self):
        """Lower and upper end of the measured axis."""
        if self.of == "prediction":
            return self.reach
        values = finite(self.rows["y"])
        if not self.log:
            bound = 1.1 * np.quantile(np.abs(values), 0.99)
            return -bound, bound
        low, high = np.quantile(values[values > 0], [0.01, 1])
        # A residual of almost nothing is far below all others.
        return max(low / 1.3, 0.05 * self.bins["mean"].min()), high * 1.3

    def draw(self, ax):
        lows, highs = zip(*(panel.span for panel in self.alike), strict=True)
        log, own = self.log_across, self.own * (self.across == TARGET)
        both = log if self.of == "prediction" else self.log
        page.scale(ax.yaxis, min(lows), max(highs), both, lambda value: tick(value, self.unit))
        page.scale(ax.xaxis, *self.reach, log, lambda value: tick(value, own))
        cloud(ax, self.rows["x"], self.rows["y"], self.color(self.of))
        if self.of == "prediction":
            ax.plot(self.reach, self.reach, color=style.INK, lw=0.9, zorder=3)
        else:
            self.draw_bins(ax)
        if self.of == "variance" and self.own:
            self.draw_deviations(ax)
        ax.set_xlabel(self.along)
        if self.number:
            page.write(ax, self.number, 4, -3, va="top", linespacing=1.3)

    def draw_bins(self, ax):
        """The line through the bins, its band, and thin and dashed the line of another quantity."""
        if not self.log:
            ax.axhline(0, color=style.INK, lw=0.9, zorder=3)
        line = (self.bins[name] for name in ("x", "mean", "low", "high"))
        color = self.color(self.of) if self.log else style.OTHER
        page.band(ax, *line, color, lw=2, marker="o", ms=3.5, zorder=4)
        if self.beside:
            other = self.binned(self.beside)
            look = {"color": self.color(self.beside), "lw": 1.1, "ls": DASHES[1], "zorder": 3}
            ax.plot(other["x"], other["mean"], **look)

    def draw_deviations(self, ax):
        """A second axis: what standard deviation a variance is, in the target's own unit."""
        unit = self.problem["target_range"]
        low, high = np.sqrt(ax.get_ylim()) * unit
        steps = page.ticks(low, high, True, 5)
        other = ax.secondary_yaxis("right")
        places, texts = (
            [(each / unit) ** 2 for each in steps],
            [tick(each, self.own) for each in steps],
        )
        other.set_yticks(places, texts)
        other.minorticks_off()
        other.spines["right"].set_visible(False)
        other.tick_params(length=0, labelcolor=style.MUTED)
        other.set_ylabel("standard deviation")

    @property
    def along(self):
        """What stands across, with its unit."""
        inputs = {each["name"]: each.get("unit") for each in self.problem["inputs"]}
        name, unit = self.across, inputs.get(self.across)
        if self.across == TARGET:
            name, unit = f"true {self.problem['target']}", self.own
        return f"{name} ({unit})" if unit and unit not in name else name

    @cached_property
    def number(self):
        """The one number that belongs to the panel, in words; "" if none does."""
        if self.of == "prediction":
            found = self.results.interval("test_rmse", self.names[0])
            return f"root mean squared error\n{words.measured(found, self.own)}"
        if not self.log:
            return ""
        parts = self.rows.groupby("replicate")
        ranks = finite(rank_correlation(part["x"], part["y"]) for _, part in parts)
        return f"rank correlation {words.measured(mean_interval(ranks, -1, 1), 'rank correlation')}"

    def frame(self):
        if self.of == "prediction":
            return self.rows[["run", "replicate", "row", "target", "prediction"]]
        frame = self.bins.rename(columns={"x": self.across})
        return frame.assign(measure=self.of, run=self.names[0])

    def sentence(self):
        text = self.number.replace("\n", " ")
        text = f" {text[:1].upper()}{text[1:]}." if text else ""
        return f"{self.brief()}{text}".strip()

    def brief(self):
        if self.of == "prediction":
            return ""
        first, last = self.bins.iloc[0], self.bins.iloc[-1]
        word = "rises" if last["mean"] > first["mean"] else "falls"
        y = [said(each["mean"], self.unit) for each in (first, last)]
        x = [words.tick(float(f"{each['x']:.4g}")) for each in (first, last)]
        return (
            f"The {self.how} {self.about} {word} from {y[0]} at {self.along} {x[0]} to {y[1]} at "
            f"{x[1]}."
        )

    def note(self):
        text = [*super().note(), "test rows of {replicates}, a dot each"]
        if self.of == "prediction":
            return [*text, "diagonal: a perfect prediction"]
        text.append(f"line: {self.how} in bins of equally many rows, mean over replicates")
        text += [f"band: {BAND}"] * (self.n >= MINIMUM_REPLICATES)
        return text + ["thin dashed: the line of the other quantity"] * bool(self.beside)


def cloud(ax, x, y, color):
    """Many dots as a picture: as marks of their own they would be most of a page's weight."""
    look = {"marker": "o", "ms": 2.2, "mew": 0, "ls": "", "alpha": 0.25, "zorder": 2}
    ax.plot(x, y, color=color, rasterized=True, **look)
