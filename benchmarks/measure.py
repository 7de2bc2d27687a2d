"""What both benchmarks share: the command line, spreads, and the table that results are kept in.

A result is a dictionary of texts, one row of results.csv: benchmark, case (a line of the page's
table), measure (a column of it), unit, median, low, high, n (how often it was measured), date,
commit, machine. Nothing large is imported here, since the peak of memory is measured with it.
"""

import argparse
import csv
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from tunebook.facts import facts  # noqa: E402


def asked_for_quick(about):
    """Whether the command line asks for a trial; about: the benchmark's docstring."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a trial: show numbers, keep none")
    return parser.parse_args().quick


def result(case, measure, unit, values):
    """The spread of repeated measurements of one thing: median, lowest, highest."""
    row = {"case": case, "measure": measure, "unit": unit}
    spread = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return row | {key: f"{value:.4g}" for key, value in spread.items()} | {"n": str(len(values))}


def origin():
    """When, on which code and on which machine something is measured."""
    found = facts(ROOT)
    machine, versions, commit = (found[key] for key in ("machine", "versions", "commit"))
    software = (f"{name} {versions[name]}" for name in ("python", "torch", "snakemake"))
    changed = " and changes" if commit and commit["changed"] else ""
    return {
        "date": found["made"][:10],
        "commit": commit["id"][:7] + changed if commit else "unknown",
        "machine": f"{machine['processor']}, {machine['cores']} cores; {', '.join(software)}",
    }


def keep(benchmark, results, quick, folder=HERE):
    """Show the results; unless it was a trial, put them in the place of the benchmark's last ones.

    They go into results.csv and, as a table, between two markers of README.md.
    """
    about = origin()
    new = [{"benchmark": benchmark, **row, **about} for row in results]
    print(table(new))
    if quick:
        return
    path = folder / "results.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["benchmark"] != benchmark] + new
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, new[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    put_on_page(benchmark, new, folder / "README.md")


def put_on_page(benchmark, rows, page):
    """Write the table of a benchmark's rows between its two markers of a page."""
    start, end = f"<!-- {benchmark} -->", f"<!-- end of {benchmark} -->"
    before, rest = page.read_text(encoding="utf-8").split(start)
    after = rest.split(end)[1]
    page.write_text(f"{before}{start}\n{table(rows)}\n{end}{after}", encoding="utf-8")


def table(rows):
    """Results as a Markdown table, and below it where the numbers come from."""
    cells, heads, origins = {}, {}, {}
    for row in rows:
        head = ", ".join(filter(None, (row["measure"], row["unit"])))
        heads[head] = None
        cells.setdefault(row["case"], {})[head] = cell(row)
        if row["median"]:
            origins[f"Measured on {row['date']} at {row['commit']}: {row['machine']}."] = None
    lines = [["", *heads], ["---", *["---:"] * len(heads)]]
    lines += [[case, *(found.get(head, "") for head in heads)] for case, found in cells.items()]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", *origins])


def cell(row):
    """One result: the median and, of repeated measurements, the range. Three digits."""
    if not row["median"]:
        return "not measured yet"
    numbers = [float(row[key]) for key in ("median", "low", "high") if row[key]]
    texts = [f"{value:.0f}" if value >= 100 else f"{value:.3g}" for value in numbers]
    return "{} ({} to {})".format(*texts) if len(texts) == 3 and row["n"] != "1" else texts[0]
