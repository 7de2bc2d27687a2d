"""Draw figures: specification and results -> panels with colours and titles -> SVG, CSV, JSON."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from ..evidence import words
from ..jobs import write_json, written
from . import page, style
from .kinds import Cells, Curves, Points
from .panel import ordered, setting_text, value_of
from .predicted import Images, Matrix, Scatter

KINDS = {
    "curves": Curves,
    "points": Points,
    "cells": Cells,
    "matrix": Matrix,
    "images": Images,
    "scatter": Scatter,
}
# What a problem must have for a kind of panel that names none: problems that lack it are left out.
NEEDS = {"matrix": "classes", "images": "shape"}
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
INKS = {
    style.INK: "--ink",
    style.MUTED: "--muted",
    style.GRID: "--line",
    style.GROUND: "--ground",
}
SANS = "font-family: var(--sans, 'Source Sans Pro', 'Source Sans 3', Arial, sans-serif)"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Drawn:
    """A figure: its SVG text, its numbers (`data`), and what is said of it.

    caption: what its author says, and what dots, bars and bands are. alt: for readers who cannot
    see. runs: names of those behind it. panels: letter, title and sentence of each.
    """

    svg: str
    data: pd.DataFrame
    title: str
    caption: str
    alt: str
    runs: list
    panels: list


def draw(name, spec, results):
    """The figure `name` of a specification (see `spec`) and evidence.tables.Results, as Drawn."""
    panels = [panel for each in spec["panels"] for panel in panels_of(each, results)]
    share_colours(panels)
    for letter, panel in zip(LETTERS, panels, strict=False):
        panel.letter = letter if len(panels) > 1 else ""
        panel.check()
        panel.height = 0.9 if panel.absent else panel.height
    shown = [panel for panel in panels if not panel.absent]
    for panel in shown:
        panel.alike = [other for other in shown if same_scale(panel, other)]
    entitle(panels)
    with style.applied():
        figure = page.arrange(panels)
        said = [
            {"letter": p.letter, "title": p.title, "sentence": p.absent or p.sentence()}
            for p in panels
        ]
        note = notes(shown)
        heads = [": ".join(filter(None, (each["letter"], each["title"]))) for each in said]
        parts = [ended(head) + each["sentence"] for head, each in zip(heads, said, strict=True)]
        alt = " ".join(filter(None, [ended(spec["title"]).strip(), *parts, note]))
        svg = to_svg(figure, name, alt)
    frames = [panel.frame().assign(panel=panel.letter) for panel in shown]
    data = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"panel": []})
    data = data[["panel", *data.columns.drop("panel")]].convert_dtypes()
    runs = list(dict.fromkeys(name for panel in shown for name in panel.names))
    caption = f"{spec['caption']} {note}".strip()
    return Drawn(svg, data, spec["title"], caption, alt, runs, said)


def save(name, spec, results, folder):
    """Draw a figure and write <name>.svg, <name>.csv and <name>.json into `folder`."""
    drawn, folder = draw(name, spec, results), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with written(folder / f"{name}.svg") as beside:
        beside.write_text(drawn.svg, encoding="utf-8")
    with written(folder / f"{name}.csv") as beside:
        drawn.data.to_csv(beside, index=False, lineterminator="\n")
    about = ("title", "caption", "alt", "runs", "panels")
    write_json(folder / f"{name}.json", {key: getattr(drawn, key) for key in about})


# Which runs a panel means


def panels_of(spec, results):
    """The panels of one specification: one for each problem, and each value of its facet."""
    kind, (sweeps, why) = KINDS[spec["kind"]], runs_of(spec, results)
    problems = list(dict.fromkeys(run.problem for runs in sweeps.values() for run in runs))
    if not problems:
        return [kind(spec, results, absent=why)]
    if "against" in spec and "across" not in spec and len(problems) > 1:
        return [kind(spec, results, sweeps)]  # changes in per cent of different things
    return [
        kind(spec, results, ours, results.problem(problem), facet)
        for problem in problems
        for facet, ours in facets(spec.get("facet", ""), only(sweeps, "problem", problem))
    ]


def only(sweeps, name, value):
    """The runs of each sweep with a value of a hyper-parameter, or of a problem."""
    of = (lambda run: run.problem) if name == "problem" else (lambda run: value_of(run, name))
    found = {sweep: [run for run in runs if of(run) == value] for sweep, runs in sweeps.items()}
    return {sweep: runs for sweep, runs in found.items() if runs}


def facets(name, sweeps):
    """[((hyper-parameter, value), {sweep: runs})]: what stands in panels of its own."""
    if name == "sweep":
        return [((name, sweep), {sweep: runs}) for sweep, runs in sweeps.items()]
    if name in ("", "problem"):
        return [(("", None), sweeps)]
    values = ordered([run for runs in sweeps.values() for run in runs], name)
    return [((name, value), only(sweeps, name, value)) for value in values]


def runs_of(spec, results):
    """{sweep, or "" for a single run: its runs}, and why there are none."""
    asked = [spec["problem"]] if "problem" in spec else results.problems
    problems = [name for name in asked if name in results.problems and suits(spec, results, name)]
    found, why = {}, "The study has no problem and run that this could be drawn of."
    if isinstance(spec.get("run"), dict):
        found[""], why = lowest(spec, results)
    elif "run" in spec and problems:
        best = [results.best(problem) for problem in problems]
        found[""], why = [results.run(run) for run in best if run], "The study chooses no best run."
    sweeps = spec.get("sweep", [])
    found |= {sweep: [results.run(run) for run in results.members(sweep)] for sweep in sweeps}
    missing = [f"“{sweep}”" for sweep in sweeps if not found[sweep]]
    if missing:
        why = f"The study has no sweep {words.spoken(missing)}."
    for sweep, runs in found.items():
        found[sweep] = [
            run for run in runs if run.problem in problems and fits(run, spec.get("where", {}))
        ]
    return {sweep: runs for sweep, runs in found.items() if runs}, why


def suits(spec, results, problem):
    """Whether a kind of panel can be drawn of a problem."""
    about, needs = results.problem(problem), NEEDS.get(spec["kind"])
    return bool(not needs or about.get(needs)) and (
        spec["kind"] != "scatter" or about["task"] == "regression"
    )


def fits(run, where):
    """Whether a run has these values of hyper-parameters, each one or any of a list."""
    lists = {name: v if isinstance(v, list) else [v] for name, v in where.items()}
    return all(
        words.plain(value_of(run, name)) in map(words.plain, values)
        for name, values in lists.items()
    )


def lowest(spec, results):
    """([the run of some sweeps with the lowest mean validation loss], why there is none).

    Of those that the panel can show: with kept predictions where it draws them, with a variance
    where it draws that.
    """
    sweeps = spec["run"]["sweep"]
    sweeps = sweeps if isinstance(sweeps, list) else [sweeps]
    names = dict.fromkeys(name for sweep in sweeps for name in results.members(sweep))
    runs = [results.run(name) for name in names]
    runs = [run for run in runs if fits(run, spec["run"].get("where", {}))]
    if not runs:
        quoted = words.spoken(f"“{sweep}”" for sweep in sweeps)
        return [], f"The study has no sweep {quoted} with such a run."
    if spec["kind"] not in ("curves", "points"):
        kept = results.predictions
        kept = kept[kept["variance"].notna()] if spec["of"] == "variance" else kept
        runs = [run for run in runs if run.name in set(kept["run"])]
    means = {
        r.name: np.mean(list(results.finite("validation_loss", r.name).values())) for r in runs
    }
    means = {name: mean for name, mean in means.items() if np.isfinite(mean)}
    why = "No such run has finite losses and kept predictions (predictions: true in its sweep)."
    return [results.run(name) for name in sorted(means, key=means.get)[:1]], why


# What the panels of a figure have in common


def share_colours(panels):
    """Give panels the colours of their figure; networks get a ramp for each of their kinds."""
    runs, scales, taken = {}, {}, set()
    for panel in panels:
        runs.setdefault(panel.colour, []).extend(panel.runs)
        panel.colours = scales
    for name in filter(None, runs):
        if name != "network":
            scales[name] = style.scale(name, ordered(runs[name], name), taken)
            continue
        kinds = {}
        for run in runs[name]:
            kinds.setdefault(run.settings.get("model"), {})[run.network] = None
        scales[name] = {}
        for found in kinds.values():
            ramp = style.ramp(style.free(style.RAMPS, [], name, taken), len(found))
            scales[name] |= dict(zip(found, ramp, strict=True))


def same_scale(panel, other):
    """Whether two panels measure the same, so that their axes should be the same."""
    if panel.spec["kind"] == other.spec["kind"] == "scatter":
        alike = panel.of == other.of or (panel.log and other.log and panel.unit == other.unit)
        return panel.names == other.names and alike
    return panel.spec is other.spec and panel.problem == other.problem


def entitle(panels):
    """Give panels the titles that tell them apart, and what their axes measure.

    By their problems, the values of their facets and their measures where those differ, and by
    their networks where nothing else does.
    """
    bits = [title_bits(panel) for panel in panels]
    differs = [len({bit[i] for bit in bits}) > 1 for i in range(3)]
    for panel, (problem, facet, of, network) in zip(panels, bits, strict=True):
        own, alike = panel.spec.get("title"), [b for b in bits if b[:3] == (problem, facet, of)]
        parts = [own or (problem if differs[0] else ""), facet if differs[1] else ""]
        if not own and len(alike) > 1:
            parts.append(network)
        title, about = ", ".join(filter(None, parts)), panel.about
        of_title = about and differs[2] and not own
        if of_title:
            title = f"{title}: {about}" if title else about
        panel.title = title[:1].upper() + title[1:]
        unit = f"({panel.scale})" if panel.scale else ""
        panel.head = "" if panel.absent else panel.scale if of_title else f"{about} {unit}".strip()


def title_bits(panel):
    """Problem, facet, measure and network of a panel, "" where it has no single one."""
    problem = panel.problem["title"] if panel.problem else ""
    name, value = panel.facet
    facet = "" if name in ("", "sweep") else setting_text(name, value)
    networks = {run.network for run in panel.runs}
    return problem, facet, panel.of, networks.pop() if len(networks) == 1 else ""


def ended(text):
    """A sentence with its end and a space, "" for none."""
    return text and f"{text} " if text[-1:] in (".", "!", "?") else text and f"{text}. "


def notes(panels):
    """What dots, bars and bands are: what all panels have in common first, each thing once."""
    letters, parts = {}, {}
    counts = words.counts([run.n for panel in panels for run in panel.runs], "replicate")
    for panel in panels:
        for part in panel.note():
            letters.setdefault(part.replace("{replicates}", counts), []).append(panel.letter)
    for part, of in letters.items():
        parts.setdefault(tuple(of), []).append(part)
    texts = []
    for of, found in parts.items():
        text = f"{'; '.join(found)}."
        alike = len(of) == len(panels)
        texts.append(text[:1].upper() + text[1:] if alike else f"{words.spoken(of)}: {text}")
    return " ".join(texts)


def to_svg(figure, name, alt):
    """The figure as an <svg> element, the same bytes for the same figure, ready for any page.

    Its ground is transparent; every id starts with the figure's name, so that several figures can
    stand in one page; inks and typeface are those of the page, and its own where it stands alone.
    Coordinates keep hundredths of a point. Call inside `style.applied()`.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    text = buffer.getvalue()
    # Its style sheet would hold for a whole page: the root element says the same of the figure.
    gone = r"<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</defs>\s*|<!--.*?-->\s*"
    text = re.sub(gone, "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' transform="rotate\(-?0 [^"]*"', "", text)
    text = re.sub(r'(?<= d=")[^"]+|(?<= [xy]=")[^"]+|(?<= transform=")[^"]+', shortened, text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace("xlink:href", "href")
    text = re.sub(r"font-family: [^;\"]*", SANS, text)
    for ink, variable in INKS.items():
        text = text.replace(f": {ink}", f": var({variable}, {ink})")
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)[0]
    label = escape(alt, {'"': "&quot;"})
    width = f"{float(box.split()[2]) * 96 / page.INCH:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} width="{width}" role="img" '
        f'aria-label="{label}" style="--natural-width:{width}px; stroke-linejoin: round">{body}'
    )


def shortened(found):
    """Coordinates to a hundredth of a point: half the size, and nothing that an eye could see."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", found[0])
