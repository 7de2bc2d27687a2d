"""Panels of what one run predicts of the test rows: confusion, misread images, and scatters."""

from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from ..evidence import words
from ..evidence.intervals import MINIMUM_REPLICATES, mean_interval, mean_intervals, rank_correlation
from . import page, style
from .kinds import DASHES
from .panel import BAND, RELATIVE, Panel, finite, said, tick
from .spec import TARGET


class Predicted(Panel):
    """A panel of the kept test predictions of one run; those that are finite."""

    @cached_property
    def rows(self):
        rows = self.results.predictions
        return rows[rows["run"].isin(self.names) & np.isfinite(rows["prediction"].astype(float))]

    @property
    def tried(self):
        return self.rows["replicate"].nunique()

    def check(self):
        if not self.absent and self.rows.empty:
            self.absent = "The test predictions of this run were not kept (predictions: true)."


class Matrix(Predicted):
    """Mean number of test rows by true and predicted class."""

    CELL, WRITTEN = 0.42, 0.24  # inches: the largest cell, and the least that holds a number

    def check(self):
        super().check()
        if self.absent:
            return
        self.classes = list(map(str, self.problem["classes"]))
        places = range(len(self.classes))
        cells = (self.rows[name].astype(int) for name in ("target", "prediction"))
        table = pd.crosstab(*cells).reindex(index=places, columns=places, fill_value=0)
        self.counts = table.to_numpy(float) / self.tried
        pairs = np.argwhere(~np.eye(len(places), dtype=bool))
        self.errors = sorted((-self.counts[t, p], t, p) for t, p in pairs)
        self.cell = min(self.CELL, 5.6 / len(places))
        self.height = self.least = self.most = self.cell * len(places)

    def show(self, ax):
        most = -self.errors[0][0] or 1
        for (true, predicted), count in np.ndenumerate(self.counts):
            if true == predicted:
                total = self.counts[true].sum()
                text, look = f"{100 * count / total:.1f}" if total else "", {"weight": 600}
            else:
                text, look = words.tick(float(f"{count:.2g}")) if count else "", {}
            ground = {"fill": False, "ec": style.GRID, "lw": 0.5}
            if count and true != predicted:  # a tint lets the page shine through
                ground = {"color": style.OTHER, "alpha": 0.12 + 0.5 * count / most, "lw": 0}
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
            for (t, p), count in np.ndenumerate(self.counts)
        ]
        return pd.DataFrame(found).assign(replicates=self.tried, run=self.names[0])

    def sentence(self):
        worst = ", ".join(
            f"{self.classes[t]} read as {self.classes[p]} ({words.number(-count, 2)})"
            for count, t, p in self.errors[:3]
            if count
        )
        total = -sum(count for count, *_ in self.errors)
        return (
            f"Of {self.counts.sum():,.0f} test rows, {words.number(total)} are misread in an "
            f"average replicate. Most often: {worst or 'none'}."
        )

    def note(self):
        return [
            "test rows, mean over {replicates}",
            "diagonal: share read right, in per cent",
            "elsewhere: rows misread that way in an average replicate",
        ]


class Images(Predicted):
    """Test images that a run misreads, the most often misread first."""

    MOST, IN_A_ROW, HIGH = 24, 8, 1.14  # images; images; inches from one row to the next
    SIDE = 0.78  # inches, of an image
    least = 6.0

    def check(self):
        every = self.results.misread
        self.misread = every[every["run"].isin(self.names)]
        if self.misread.empty:
            super().check()
            self.absent = self.absent or "No test image is misread."
            return
        table = self.misread.groupby("row", as_index=False).agg(
            target=("target", "first"),
            prediction=("prediction", lambda each: each.mode().iloc[0]),
            replicates=("replicate", "nunique"),
            probability=("probability", "mean"),
            pixels=("pixels", "first"),
        )
        worst = ["replicates", "probability", "row"]
        table = table.sort_values(worst, ascending=[False, False, True], ignore_index=True)
        self.chosen, self.many = table.head(self.MOST), words.count(len(table), "test image")
        self.height = self.HIGH * -(-len(self.chosen) // self.IN_A_ROW) - 0.05

    def read(self, image, text="{} → {}", width=np.inf):
        """What an image is and what it is read as, in at most `width` points."""
        names = (self.problem["classes"][int(image[key])] for key in ("target", "prediction"))
        return text.format(*(page.cut(name, width / 2 - 8) for name in names))

    def show(self, ax):
        ax.set_axis_off()
        ax.set_xlim(0, page.across(ax) / page.INCH)
        ax.set_ylim(self.height, 0)
        step, shape = ax.get_xlim()[1] / self.IN_A_ROW, self.problem["shape"]
        for i, image in self.chosen.iterrows():
            pixels = np.clip(np.reshape(image["pixels"], shape), 0, 1)
            if shape[0] == 1:  # how much of the data colour stands on the page's own ground
                color = np.reshape(to_rgb(style.DATA), (3, 1, 1)) + 0 * pixels
                pixels = np.concatenate([color, pixels])
            down, wide = (self.SIDE * side / max(shape[1:]) for side in shape[1:])
            middle, top = (i % self.IN_A_ROW + 0.5) * step, i // self.IN_A_ROW * self.HIGH
            extent = (middle - wide / 2, middle + wide / 2, top + down, top)
            ax.imshow(np.moveaxis(pixels, 0, 2), extent=extent, interpolation="none", aspect="auto")
            ax.bar(middle, down, wide, bottom=top, fill=False, ec=style.GRID, lw=0.7)
            look = {"ha": "center", "va": "baseline"}
            ax.text(
                middle, top + down + 0.14, self.read(image, width=page.INCH * step), size=9, **look
            )
            often = f"{image['replicates']} of {self.runs[0].n}"
            ax.text(middle, top + down + 0.26, often, size=7.5, color=style.MUTED, **look)

    def frame(self):
        return self.chosen.drop(columns="pixels").assign(run=self.names[0])

    def sentence(self):
        n = self.runs[0].n
        return (
            f"{self.many} misread by at least one replicate; "
            f"{(self.chosen['replicates'] == n).sum()} of the {len(self.chosen)} shown by all {n}. "
            f"First: {self.read(self.chosen.iloc[0], 'a {} read as {}')}."
        )

    def note(self):
        return [
            f"{len(self.chosen)} of {self.many} misread by at least one of {{replicates}}, the "
            "commonest errors first",
            "below: the true class, what it is read as most often, and by how many replicates",
        ]


# quantity -> (its name, its unit, whether its axis is logarithmic, how a bin is summarised)
QUANTITIES = {
    "prediction": ("predicted {}", "target", False, "median"),
    "residual": ("predicted − true {}", "target", False, "median"),
    "relative_error": ("relative error", RELATIVE, False, "median"),
    "squared_residual": ("squared residual", "squared ranges", True, "mean"),
    "variance": ("predicted variance", "squared ranges", True, "mean"),
}


class Scatter(Predicted):
    """A dot a test row, along its target or one of its inputs, with a line through bins."""

    height, least, weight = 2.7, 2.0, 1.2

    def prepare(self):
        self.across = self.across or TARGET
        name, self.unit, self.log, self.how = QUANTITIES[self.of]
        self.about, self.own = name.format(self.problem["target"]), self.problem["unit"] or ""
        self.unit = self.own if self.unit == "target" else self.unit
        self.scale = words.unit_words(self.unit)
        if self.unit == RELATIVE:
            self.scale = "of the true value"

    @staticmethod
    def color(of):
        return style.OTHER if of == "variance" else style.DATA

    def values(self, of):
        """A quantity of every test row."""
        target, found = (self.rows[name].to_numpy(float) for name in ("target", "prediction"))
        if of in ("prediction", "variance"):
            return self.rows[of].to_numpy(float)
        if of == "relative_error":
            return found / target - 1
        if of == "residual":
            return found - target
        return ((found - target) / self.rows["replicate"].map(self.ranges).to_numpy(float)) ** 2

    @cached_property
    def ranges(self):
        """{replicate: range of its training targets}."""
        return self.results.finite("target_range", self.names[0])

    @cached_property
    def x(self):
        return self.rows[self.across].to_numpy(float)

    def check(self):
        super().check()
        if self.absent:
            return
        if self.across not in self.rows or not len(finite(self.x)):
            self.absent = f"The predictions were kept without the input “{self.across}”."
        elif not len(finite(self.values(self.of))):
            self.absent = f"This run gives no {self.about}."

    def binned(self, of):
        """The middle of a quantity in bins of equally many rows: x, mean, low, high, replicates."""
        _, _, in_ratio, how = QUANTITIES[of]
        edges = np.quantile(self.x, np.linspace(0, 1, self.spec.get("bins", 10) + 1))
        place = np.searchsorted(np.unique(edges)[1:-1], self.x, "right")
        rows = self.rows.assign(bin=place, x=self.x, y=self.values(of))
        table = rows.pivot_table(index="replicate", columns="bin", values="y", aggfunc=how)
        found = mean_intervals(table.to_numpy(float), in_ratio=in_ratio)
        named = dict(zip(("mean", "low", "high", "replicates"), found, strict=True))
        return pd.DataFrame({"x": rows.groupby("bin")["x"].median().to_numpy(float)} | named)

    @cached_property
    def bins(self):
        return self.binned(self.of)

    @cached_property
    def span(self):
        """Lower and upper end of the measured axis."""
        values = finite(self.values(self.of))
        if self.of == "prediction":
            return self.reach
        if not self.log:
            bound = 1.1 * np.quantile(np.abs(values), 0.99)
            return -bound, bound
        low, high = np.quantile(values[values > 0], [0.01, 1])
        # A residual of almost nothing is far below all others.
        return max(low / 1.3, 0.05 * self.bins["mean"].min()), high * 1.3

    @cached_property
    def reach(self):
        """Left and right end of the axis across, on which a prediction stands as well."""
        values = finite([*self.x, *(self.values(self.of) if self.of == "prediction" else [])])
        if self.spec.get("log"):
            return tuple(np.quantile(values[values > 0], [0.001, 1]) * [0.92, 1.08])
        room = 0.03 * np.ptp(values)
        return values.min() - room, values.max() + room

    def show(self, ax):
        ends, log = np.array([panel.span for panel in self.alike]), self.spec.get("log", False)
        both = self.log or (log and self.of == "prediction")
        low, high, own = ends[:, 0].min(), ends[:, 1].max(), self.own * (self.across == TARGET)
        page.scale(ax.yaxis, low, high, both, lambda value: tick(value, self.unit))
        page.scale(ax.xaxis, *self.reach, log, lambda value: tick(value, own))
        y = self.values(self.of)
        for replicate in np.unique(self.rows["replicate"]):
            part = (self.rows["replicate"] == replicate).to_numpy()
            cloud(ax, self.x[part], y[part], self.color(self.of))
        if self.of == "prediction":
            ax.plot(self.reach, self.reach, color=style.INK, lw=0.9, zorder=3)
        else:
            self.draw_line(ax)
        if self.of == "variance" and self.own:
            self.draw_deviations(ax)
        ax.set_xlabel(self.along)
        if self.number:
            page.write(ax, self.number, 4, -3, va="top", linespacing=1.3)

    def draw_line(self, ax):
        """The line through the bins, its band, and thin and dashed the line of another quantity."""
        if not self.log:
            ax.axhline(0, color=style.INK, lw=0.9, zorder=3)
        line = {"color": self.color(self.of) if self.log else style.OTHER}
        across, mean, low, high = (self.bins[name] for name in ("x", "mean", "low", "high"))
        ax.plot(across, mean, lw=2, marker="o", ms=3.5, zorder=4, **line)
        ax.fill_between(across, low, high, alpha=0.25, lw=0, zorder=3, **line)
        if self.beside:
            other = self.binned(self.beside)
            color = self.color(self.beside)
            ax.plot(other["x"], other["mean"], color=color, lw=1.1, ls=DASHES[1], zorder=3)

    def draw_deviations(self, ax):
        """A second axis: what standard deviation a variance is, in the target's own unit."""
        unit = np.median(finite(self.ranges.values()))
        low, high = np.sqrt(ax.get_ylim()) * unit
        steps = [m * 10.0**power for power in range(-9, 13) for m in (1, 2, 5)]
        steps = [each for each in steps if low <= each <= high]
        other = ax.secondary_yaxis("right")
        other.set_yticks(
            [(each / unit) ** 2 for each in steps], [tick(each, self.own) for each in steps]
        )
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
        parts = self.rows.assign(x=self.x, y=self.values(self.of)).groupby("replicate")
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
        if self.of == "prediction":
            return text.strip()
        first, last = self.bins.iloc[0], self.bins.iloc[-1]
        word = "rises" if last["mean"] > first["mean"] else "falls"
        y = [said(each["mean"], self.unit) for each in (first, last)]
        x = [words.tick(float(f"{each['x']:.4g}")) for each in (first, last)]
        return (
            f"The {self.how} {self.about} {word} from {y[0]} at {self.along} {x[0]} to {y[1]} at "
            f"{x[1]}.{text}"
        )

    def note(self):
        text = ["test rows of {replicates}, a dot each"]
        if self.of == "prediction":
            return [*text, "diagonal: a perfect prediction"]
        text.append(f"line: {self.how} in bins of equally many rows, mean over replicates")
        text += [f"band: {BAND}"] * (self.tried >= MINIMUM_REPLICATES)
        return text + ["thin dashed: the line of the other quantity"] * bool(self.beside)


def cloud(ax, x, y, color):
    """Many dots as one path: a few bytes a dot, where a marker each would take a hundred.

    Overlaps within a call do not darken; call it once per replicate.
    """
    known = np.isfinite(x) & np.isfinite(y)
    for axis, values in (("x", x), ("y", y)):
        known &= (values > 0) | (getattr(ax, f"get_{axis}scale")() != "log")
    dots = np.repeat(np.column_stack([x[known], y[known]]), 2, axis=0)
    if len(dots):
        path = Path(dots, [Path.MOVETO, Path.LINETO] * (len(dots) // 2))
        path.should_simplify = False
        look = {"fill": False, "alpha": 0.25, "lw": 2.2, "capstyle": "round"}
        ax.add_patch(PathPatch(path, edgecolor=color, zorder=2, **look))
