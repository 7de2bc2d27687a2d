"""results.md and results.svg from the measurements that both benchmarks left."""

import json
from pathlib import Path

import bars
import drawing

WORDS = {"build": "everything to do", "nothing": "nothing to do", "gather": "gathering results"}


def read(folder):
    """The measurements in a folder, by benchmark; those that were never made are left out."""
    paths = {name: Path(folder, f"work/{name}.json") for name in ("training", "graph")}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def table(head, rows):
    """A Markdown table; the first column is text, the others numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def between(spread, form="{:.2f}", factor=1):
    """Median and range of a measurement: 2.10 (2.05 to 2.31)."""
    median, low, high = (form.format(spread[key] * factor) for key in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def milliseconds(spread):
    median = spread["median"] * 1000
    return f"{median:.2f}" if median < 10 else f"{median:.1f}" if median < 100 else f"{median:.0f}"


def about(measured):
    """What the numbers come from: machine, versions, dates."""
    lines = []
    for name, part in measured.items():
        machine = dict(part["machine"])
        lines.append(f"- {name}, {machine.pop('date')}: " + "; ".join(
            f"{key} {value}" for key, value in machine.items()
        ))  # fmt: skip
    if any(part["quick"] for part in measured.values()):
        lines.append("- **A trial on tiny data (`--quick`): the numbers say nothing.**")
    return "\n".join(lines)


def bars_section(measured):
    rows = [
        [bar.what, bar.wanted, bar.measured, "yes" if bar.met else "**no**"]
        for bar in bars.judged(measured)
    ]
    return f"""## Bars

Ratios are medians over the turns of a run, with the lowest and the highest turn.

{table(["what", "bar", "measured", "met"], rows)}

What only a whole study shows (minutes for `make report` and `make quick`, the share of
core-seconds that is training) stands in the report, section 2.1.
"""


def training_section(part):
    counts = sorted({int(name) for case in part["cases"] for name in case["seconds"]
                     if name != "plain"})  # fmt: skip
    rows = []
    for case in part["cases"]:
        ours = [
            milliseconds(case["seconds"][str(count)]) if str(count) in case["seconds"] else ""
            for count in counts
        ]
        job = counts.index(case["job"])
        ours[job] = f"**{ours[job]}**"
        rows.append([
            case["name"], milliseconds(case["seconds"]["plain"]), *ours,
            milliseconds(case["limit"]), between(case["times_plain"], "{:.1f}"),
            between(case["times_limit"]), between(case["limit_times_plain"], "{:.1f}"),
        ])  # fmt: skip
    head = ["network", "plain loop, ms", *[f"ours, {count} in a job, ms" for count in counts],
            "arithmetic limit, ms", "times the plain loop", "times the limit",
            "the limit, times the plain loop"]  # fmt: skip
    rate = between(part["cases"][0]["rate"], "{:.0f}", 1e-9)
    return f"""## Training

Milliseconds of one epoch of one replicate, on one thread: all training batches, then validation.
Medians of {part["turns"]} turns, in each of which everything is timed once; ratios are of the
replicates in a job that the default study trains (bold), with the lowest and the highest turn.

{table(head, rows)}

- *Plain loop*: torch.nn layers, a TensorDataset behind a shuffling DataLoader, Adam as it comes,
  one network at a time (`plain.py`).
- *Arithmetic limit*: the products of the layers, forward and backward for training rows and forward
  for validation rows, divided by the rate of a product of two 1024 x 1024 matrices measured in the
  same turn: {rate} GFLOP/s by `torch.mm`. Products with padding are not counted (`operations.py`).
- *The limit, times the plain loop*: how far ahead of the plain loop a program would be that did
  nothing but these products; a bar above it cannot be met with them on this machine.
- The same matrix product written as a 1 x 1 convolution runs at
  {part["convolution_rate"] / 1e9:.0f} GFLOP/s here, since PyTorch hands convolutions to another
  library; that is how a convolutional network can be faster than its limit.
"""


def shares_section(part):
    kinds = list(next(iter(part["shares"].values())))
    rows = [
        [name, *(f"{100 * share:.0f}" for share in shares.values())]
        for name, shares in part["shares"].items()
    ]
    return f"""## Where the time of an epoch goes

Percent of an epoch, with the default study's replicates in a job, by PyTorch's profiler: products
of dense layers, convolutions, pooling, the optimizer's step, the drawing of random numbers, and the
rest: biases, ReLU, losses, metrics and Python, which the profiler itself slows down.

{table(["network", *kinds], rows)}
"""


def jobs_section(part):
    rows = [
        [name, f"{job['peak'] / 1e6:.0f}", f"{job['outside']:.2f}"]
        for name, job in part["jobs"].items()
    ]
    head = ["network", "peak memory, MB", "seconds outside the training loop"]
    return f"""## One training job

The workflow's own training script in a process of its own, with the default study's replicates in a
job: start of Python, imports, reading data and writing results are what is outside the loop.

{table(head, rows)}
"""


def graph_section(part):
    rows = [
        [f"{size['configurations']:,}", *(between(size[name]) for name in WORDS),
         str(size["repetitions"])]
        for size in part["sizes"]
    ]  # fmt: skip
    growth = [
        ["grows as configurations to the power of"]
        + [f"{part['exponents'][name]:.2f}" for name in WORDS]
        + [""],
        ["the same, between the last two sizes"]
        + [f"{part['exponents_last'][name]:.2f}" for name in WORDS]
        + [""],
    ]
    head = ["configurations", "`snakemake -n`, everything to do, s",
            "`snakemake -n`, nothing to do, s", "gathering results, s", "repetitions"]  # fmt: skip
    return f"""## Configurations

Studies of made-up configurations with made-up results (5 replicates in one block, 100 epochs,
weights of a dense 5 x 100 network). The exponent is the slope of a straight line through the
logarithms; the start of Python, which does not grow, lowers it in small studies.

{table(head, rows + growth)}

The default study's `snakemake -n` with nothing to do takes {between(part["default"])} s.
"""


def write_up(folder):
    """Write results.md and results.svg into a folder from what is in its folder `work`."""
    measured = read(folder)
    sections = [
        f"# How fast it is\n\nWritten by `make bench`; do not edit.\n\n{about(measured)}\n",
        "![Training beside a plain loop and the arithmetic limit, and growth](results.svg)\n",
        bars_section(measured),
    ]
    if "training" in measured:
        part = measured["training"]
        sections += [training_section(part), shares_section(part), jobs_section(part)]
    if "graph" in measured:
        sections.append(graph_section(measured["graph"]))
    Path(folder, "results.md").write_text("\n".join(sections), encoding="utf-8")
    drawing.draw(measured, Path(folder, "results.svg"))
