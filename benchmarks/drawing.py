"""results.svg: epochs beside the plain loop and the limit, and growth with configurations."""

import matplotlib

matplotlib.use("Agg")
from matplotlib.ticker import FuncFormatter, NullFormatter

from tunebook.figures import layout, style
from tunebook.figures.labels import number

GROWTH = {
    "build": ("snakemake -n, everything to do", style.DATA),
    "nothing": ("snakemake -n, nothing to do", style.OTHER),
    "gather": ("gathering results", style.MUTED),
}


def epochs(ax, part):
    """One line a network: the limit, ours and the plain loop on one logarithmic axis."""
    for row, case in enumerate(part["cases"]):
        plain, ours = case["seconds"]["plain"], case["seconds"][str(case["job"])]
        limit = case["limit"]["median"] * 1000
        ax.plot([ours["median"] * 1000, plain["median"] * 1000], [row, row], color=style.GRID)
        ax.plot([limit], [row], marker="|", markersize=11, markeredgewidth=1.6, color=style.MUTED)
        for spread, color in ((plain, style.OTHER), (ours, style.DATA)):
            ax.plot([spread["low"] * 1000, spread["high"] * 1000], [row, row], color=color)
            ax.plot([spread["median"] * 1000], [row], marker="o", markersize=5, color=color)
        ax.annotate(
            f"{case['times_plain']['median']:.1f}×", (plain["median"] * 1000, row), (7, 0),
            textcoords="offset points", va="center", size=7.5, color=style.INK,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("milliseconds, logarithmic", labelpad=2)
    layout.named_ticks(ax, [case["name"] for case in part["cases"]], axis="y")
    last = part["cases"][0]
    for value, text, color in (
        (last["limit"], "limit", style.MUTED),
        (last["seconds"][str(last["job"])], "ours", style.DATA),
        (last["seconds"]["plain"], "plain loop", style.OTHER),
    ):
        ax.annotate(
            text, (value["median"] * 1000, 0), (0, 9), textcoords="offset points", ha="center",
            size=7.5, color=color,
        )  # fmt: skip


def growth(ax, part):
    """Seconds against configurations, both logarithmic."""
    counts = [size["configurations"] for size in part["sizes"]]
    for name, (text, color) in GROWTH.items():
        ax.plot(
            counts, [size[name]["median"] for size in part["sizes"]], marker="o", markersize=4,
            color=color, label=f"{text}: n^{part['exponents_last'][name]:.1f} at the end",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(counts, [number(count) for count in counts])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("configurations, logarithmic", labelpad=2)
    ax.legend(frameon=False, fontsize=7.5, loc="upper left", labelcolor=style.INK)


def draw(measured, path):
    """Draw what was measured, one panel a benchmark, into an SVG."""
    panels = [
        (epochs, "training", "An epoch of one replicate, on one thread", "", 2.3),
        (growth, "graph", "What grows with the number of configurations",
         "seconds, logarithmic", 0.46),
    ]  # fmt: skip
    panels = [panel for panel in panels if panel[1] in measured]
    with style.applied():
        figure, axes = layout.panels(
            1, len(panels), height=2.2, left=max(panel[4] for panel in panels), right=0.5
        )
        for ax, letter, (function, name, title, unit, _) in zip(axes, "ab", panels, strict=False):
            layout.head(ax, letter, title, unit)
            function(ax, measured[name])
        # White, since it is looked at outside the report too; no date, so that it can be compared.
        figure.savefig(path, facecolor="white", transparent=False, metadata={"Date": None})
