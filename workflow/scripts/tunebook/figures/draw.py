"""Draw figures: specification and results -> panels with colours and titles -> SVG, CSV, JSON."""

import base64
import io
import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from PIL import Image

from ..claims.read import VERDICTS
from ..evidence import measures, words
from ..jobs import write_json, written
from . import page, style
from .ablated import Ablation
from .kinds import Cells, Curves, Points
from .panel import fits, ordered, setting_text, value_of
from .predicted import Images, Matrix, Scatter
from .searched import Parallel, Progress
from .source import Source
from .spec import listed

EVERY = Curves, Points, Cells, Matrix, Images, Scatter, Progress, Parallel, Ablation
KINDS = {kind.__name__.lower(): kind for kind in EVERY}
# What a problem must be for a kind of panel that names none; the others are left out.
SUITS = {
    "matrix": lambda problem: problem.get("classes"),
    "images": lambda problem: problem.get("shape"),
    "scatter": lambda problem: problem["task"] == "regression",
}
INKS = {style.INK: "--ink", style.MUTED: "--muted", style.GRID: "--line", style.GROUND: "--ground"}
INKS |= {style.NOT: "--not"}
# What is written of a figure beside its drawings and its numbers.
ABOUT = ("title", "finding", "caption", "alt", "runs", "claims", "panels")
DOTS = 120  # an inch, in what is a picture
QUOTE = {'"': "&quot;"}
# What need not be said in a figure: of texts the root element has the look of most.
UNSAID = ("stroke-linejoin: miter", "stroke-dashoffset: 0", "text-anchor: start")
MOST_TEXTS = (f"fill: {style.INK}", f"font-size: {page.SMALL}px")
SANS = "font-family: var(--sans, 'Source Sans Pro', 'Source Sans 3', Arial, sans-serif)"


@dataclass(frozen=True)
class Drawn:
    """A figure: its SVG text, wide and narrow, its numbers (`data`), and what is said of it.

    finding: {verdict on its first claim: what is to be seen then}. caption: what its author says,
    and what dots, bars and bands are. alt: for readers who cannot see. runs: names of those behind
    it. claims: ids of those that it is about. panels: letter and title of each.
    """

    svg: str
    narrow: str
    data: pd.DataFrame
    title: str
    finding: dict
    caption: str
    alt: str
    runs: list
    claims: list
    panels: list


def draw(name, spec, results, claims=None):
    """The figure `name` of a specification (see `spec`) and evidence.tables.Results, as Drawn.

    claims: what `claims.read.load_claims` gives.
    """
    source = Source(claims, results)
    panels = panels_of(spec, results, source)
    shown = [panel for panel in panels if not panel.absent]
    with style.applied():
        texts = [ended(spec["title"])]
        for panel in panels:
            head = ": ".join(filter(None, (panel.letter, panel.title)))
            texts += [ended(head), panel.absent or panel.sentence()]
        note = notes(shown)
        alt = " ".join(filter(None, [*texts, note]))
        svg = to_svg(page.arrange(panels), name, alt)
        narrow = to_svg(page.arrange(panels, style.NARROW), f"{name}.narrow", alt)
    frames = [panel.frame().assign(panel=panel.letter) for panel in shown]
    data = pd.concat(frames or [pd.DataFrame({"panel": []})], ignore_index=True)
    data = data[["panel", *data.columns.drop("panel")]].convert_dtypes()
    runs = list(dict.fromkeys(name for panel in shown for name in panel.names))
    caption = f"{spec['caption']} {note}".strip()
    about = spec.get("claims") or source.claims_about(runs)
    finding = dict.fromkeys(VERDICTS, seen(shown)) | spec.get("finding", {})
    heads = [{"letter": panel.letter, "title": panel.title} for panel in panels]
    return Drawn(svg, narrow, data, spec["title"], finding, caption, alt, runs, about, heads)


def save(name, spec, results, folder, claims=None):
    """Draw a figure and write its .svg, .narrow.svg (for phones), .csv and .json into `folder`."""
    drawn, folder = draw(name, spec, results, claims), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path, svg in ((f"{name}.svg", drawn.svg), (f"{name}.narrow.svg", drawn.narrow)):
        with written(folder / path) as beside:
            beside.write_text(svg, encoding="utf-8")
    with written(folder / f"{name}.csv") as beside:
        drawn.data.to_csv(beside, index=False, lineterminator="\n", float_format="%.7g")
    write_json(folder / f"{name}.json", {key: getattr(drawn, key) for key in ABOUT})


def seen(panels):
    """What a figure shows, in a sentence: of the first of its panels that has one to say."""
    return next((text for panel in panels if (text := panel.brief())), "")


def panels_of(spec, results, source=None):
    """The panels of a figure, with the letters, titles, colours and scales that they share."""
    panels = [panel for each in spec["panels"] for panel in divided(each, results)]
    for panel in panels:
        panel.source = source or Source()
    share_colours(panels)
    for letter, panel in zip(ascii_lowercase, panels, strict=False):
        panel.letter = letter if len(panels) > 1 else ""
    shown = [panel for panel in panels if not panel.absent]
    for panel in shown:
        panel.alike = [other for other in shown if same_scale(panel, other)]
    entitle(panels)
    return panels


# Which runs a panel means


def divided(spec, results):
    """The panels of one specification: one for each problem, and each value of its facet."""
    kind, (members, why) = KINDS[spec["kind"]], members_of(spec, results)
    if not members:
        return [kind(spec, results, absent=why)]
    facet, problems = (
        spec.get("facet", kind.apart),
        dict.fromkeys(run.problem for _, run in members),
    )
    if "against" in spec and "across" not in spec and len(problems) > 1:
        return [kind(spec, results, members)]  # changes in per cent of different things
    parts = defaultdict(list)
    for sweep, run in members:
        parts[run.problem, sweep if facet == "sweep" else value_of(run, facet)].append((sweep, run))
    runs, sweeps = [run for _, run in members], dict.fromkeys(sweep for sweep, _ in members)
    values = sweeps if facet == "sweep" else ordered(runs, facet)  # of no facet, just None
    return [
        kind(spec, results, parts[key], results.problem(key[0]), (facet, key[1]))
        for key in itertools.product(problems, values)
        if key in parts
    ]


def members_of(spec, results):
    """[(sweep, or "" for a single run, run)] of a specification, and why there are none."""
    suits = SUITS.get(spec["kind"], bool)
    asked = listed(spec.get("problem", results.problems))
    problems = [p for p in asked if p in results.problems and suits(results.problem(p))]
    found, why = [], "The study has no problem and run that this could be drawn of."
    if isinstance(spec.get("run"), dict):
        found, why = lowest(spec, results)
    elif "run" in spec and problems:
        names = filter(None, map(results.best, problems))
        found = [("", results.run(name)) for name in names]
        why = "The study chooses no best run."
        if not any(map(results.validated, problems)):
            why = "No run was chosen: none leaves rows for validation."
    asked = [*spec.get("source", []), *spec.get("sweep", [])]
    sweeps = {sweep: results.members(sweep) for sweep in asked}
    found += [(sweep, results.run(name)) for sweep, names in sweeps.items() for name in names]
    missing = [f"“{sweep}”" for sweep, names in sweeps.items() if not names]
    if missing:
        why = f"The study has no sweep {words.spoken(missing)}."
    return [m for m in found if m[1].problem in problems and fits(m[1], spec.get("where", {}))], why


def lowest(spec, results):
    """([("", the run of some sweeps with the lowest mean validation loss)], why there is none).

    Of those that the panel can show: with kept predictions where it draws them, with a variance
    where it draws that. Of runs that leave no rows for validation, the only one.
    """
    sweeps = spec["run"]["sweep"]
    names = dict.fromkeys(name for sweep in sweeps for name in results.members(sweep))
    names = sorted(name for name in names if fits(results.run(name), spec["run"].get("where", {})))
    if not names:
        quoted = words.spoken(f"“{sweep}”" for sweep in sweeps)
        return [], f"The study has no sweep {quoted} with such a run."
    if spec["kind"] not in ("curves", "points"):
        kept = results.predictions
        kept = kept[kept["variance"].notna()] if spec["of"] == "variance" else kept
        names = [name for name in names if name in set(kept["run"])]
    validated = [name for name in names if measures.validates(results.run(name).settings)]
    if len(names) > 1 and not validated:
        return [], f"None of these {len(names)} runs leaves rows for validation to take one by."
    means = {
        name: np.mean([*results.finite("validation_loss", name).values()]) for name in validated
    }
    found = sorted((name for name in validated if np.isfinite(means[name])), key=means.get)
    found = found[:1] if validated else names
    why = "No such run has finite losses and kept predictions (predictions: true in its sweep)."
    return [("", results.run(name)) for name in found], why


# What the panels of a figure have in common


def share_colours(panels):
    """Give panels the colours of their figure; networks get a ramp for each of their kinds."""
    runs, scales, taken = defaultdict(list), defaultdict(dict), set()
    for panel in panels:
        panel.colours = scales
        if panel.colour:
            runs[panel.colour] += panel.runs
    for name, ours in runs.items():
        groups = defaultdict(list)
        for run in ours:
            groups[run.settings.get("model") if name == "network" else ""].append(run)
        for _, group in sorted(groups.items(), key=lambda each: str(each[0])):
            scales[name] |= style.scale(name, ordered(group, name), taken)


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
    differs = [len(set(each)) > 1 for each in zip(*bits, strict=True)]
    for panel, (problem, facet, of, network) in zip(panels, bits, strict=True):
        own, about = panel.spec.get("title"), panel.about
        parts = [own or problem * differs[0], facet * differs[1]]
        if not own and [bit[:3] for bit in bits].count((problem, facet, of)) > 1:
            parts.append(network)
        title, of_title = ", ".join(filter(None, parts)), about and differs[2] and not own
        if of_title:
            title = f"{title}: {about}" if title else about
        panel.title = title[:1].upper() + title[1:]
        unit = panel.scale and f"({panel.scale})"
        panel.head = "" if panel.absent else panel.scale if of_title else f"{about} {unit}".strip()


def title_bits(panel):
    """Problem, facet, measure and network (or search) of a panel, "" where it has no single one."""
    problem = panel.problem["title"] if panel.problem else ""
    name, value = panel.facet
    named = name not in ("", "problem", "sweep")
    facet = setting_text(name, value) if named else panel.called
    networks = {str(value).replace("-", " ")} if panel.apart else {r.network for r in panel.runs}
    return problem, facet, panel.of, networks.pop() if len(networks) == 1 else ""


def ended(text):
    """A text with its full stop, unless it has an end, or is none."""
    return text if text[-1:] in ("", ".", "!", "?") else f"{text}."


def notes(panels):
    """What dots, bars and bands are: what all panels have in common first, each thing once."""
    letters, parts, many = defaultdict(list), defaultdict(list), defaultdict(list)
    for panel in panels:
        counts = words.counts([run.n for run in panel.runs], "replicate")
        many[counts].append(panel.letter)
        for part in panel.note():
            letters[part].append(panel.letter)
    (first, *others), told = many or [""], ""
    if others:
        each = [
            f"{counts.partition(' rep')[0]}\u00a0({words.spoken(of)})"
            for counts, of in many.items()
        ]
        first, told = "replicates", f"n\u00a0=\u00a0{', '.join(each)}."
    for part, of in letters.items():
        parts[tuple(of)].append(part)
    texts = []
    for of, found in parts.items():
        text = f"{'; '.join(found)}.".replace("{replicates}", first)
        alike = len(of) == len(panels)
        texts.append(text[:1].upper() + text[1:] if alike else f"{words.spoken(of)}: {text}")
    return " ".join(filter(None, [*texts, told]))


def to_svg(figure, name, alt):
    """The figure as an <svg> element, the same bytes for the same figure, ready for any page.

    Its ground is transparent; every id starts with `name`, so that several figures can stand in one
    page; inks and typeface are those of the page, and its own where it stands alone. It is small: a
    page holds many. Call inside `style.applied()`.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=DOTS)
    text = buffer.getvalue()
    # Its style sheet would hold for a whole page: the root element says the same of the figure.
    gone = r"<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</defs>\s*|<!--.*?-->\s*"
    text = re.sub(gone, "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' transform="rotate\(-?0 [^"]*"', "", text)
    text = re.sub(r"data:image/png;base64,([^\"]+)", repacked, text)
    text = re.sub(r'(?<= d=")[^"]+', relative, text)
    text = re.sub(r'(?<= [xy]=")[^"]+|(?<= transform=")[^"]+', shortened, text)
    text = renamed(text, name).replace("xlink:href", "href")
    text = unwrapped(re.sub(r">\s+<", "><", text))
    text = re.sub(r'(<\w+)( [^>]*?)?(?<= )style="([^"]*)"', shorter_style, text)
    for ink, variable in INKS.items():
        text = text.replace(f": {ink}", f": var({variable}, {ink})")
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)[0]
    width, label = f"{float(box.split()[2]) * 96 / page.INCH:.0f}", escape(alt, QUOTE)
    text_look = f"fill: var(--ink, {style.INK}); font-size: {page.SMALL}px; {SANS}"
    look = f"--natural-width:{width}px; stroke-linejoin: round; {text_look}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} width="{width}" role="img" '
        f'aria-label="{label}" style="{look}">{body}'
    )


def shorter_style(found):
    """The start of an element, up to its style, of which it says only what is its own."""
    element, between, look = found.groups()
    gone = UNSAID + MOST_TEXTS * (element == "<text")
    kept = [each for each in look.split("; ") if each not in gone and "font-family" not in each]
    start = element + (between or " ")
    return f'{start}style="{"; ".join(kept)}"' if kept else start.rstrip()


def unwrapped(text):
    """An SVG text without its groups that say nothing."""
    kept = []

    def tag(found):
        if found[0].endswith("/>"):
            return ""
        if found[0] != "</g>":
            kept.append(found[0] != "<g>")
            return found[0] * kept[-1]
        return found[0] * kept.pop()

    return re.sub("</?g\\b[^>]*>", tag, text)


def renamed(text, name):
    """An SVG text whose ids are short, start with `name`, and stand only where they are needed."""
    used = dict.fromkeys(re.findall(r'(?:href="|url\()#([^")]+)', text))
    ids = {old: f"{name}-{place}" for place, old in enumerate(used)}
    text = re.sub(r' id="([^"]*)"', lambda id: f' id="{ids[id[1]]}"' if id[1] in ids else "", text)
    return re.sub(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+', lambda old: ids[old[0]], text)


def shortened(found):
    """Numbers to a hundredth of a point: half the size, and nothing that an eye could see."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", found[0])


def relative(found):
    """A path of straight lines to a tenth of a point, each by how far it goes: half its size."""
    if re.search("[^MLz\\s\\d.-]", found[0]):
        return shortened(found)
    parts, at, drawn = [], (0, 0), False
    for command, x, y in re.findall(r"([MLz])\s*(?:(\S+) (\S+))?", found[0]):
        to = (round(10 * float(x)), round(10 * float(y))) if x else at
        step = to[0] - at[0], to[1] - at[1]
        if command == "z":
            parts.append("z")
        elif command == "M":
            parts.append(f"M{tenths(to[0])} {tenths(to[1])}")
        elif step != (0, 0):
            parts.append(f"l{tenths(step[0])} {tenths(step[1])}")
        elif not drawn:  # a line of no length is a dot
            parts.append("h0")
        at, drawn = to, command == "L"
    return "".join(parts).replace(" -", "-")


def tenths(number):
    """So many tenths, in as few letters as it takes."""
    text = f"{number / 10:.1f}".removesuffix(".0")
    return text.replace("0.", ".", 1) if abs(number) < 10 else text


def repacked(found):
    """An embedded picture of one colour, more or less of it: by a palette, a sixth of its size."""
    picture = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGBA")
    pixels = np.asarray(picture)
    inked = pixels[pixels[..., 3] > 25]
    if not len(inked) or np.ptp(inked[:, :3].astype(int), axis=0).max() > 12:
        return found[0]
    levels = np.rint(pixels[..., 3] / 17).astype(np.uint8)  # sixteen of them
    flat = Image.fromarray(levels, "P")
    flat.putpalette(np.median(inked[:, :3], axis=0).astype(np.uint8).tobytes() * 16)
    buffer = io.BytesIO()
    flat.save(buffer, "png", bits=4, optimize=True, transparency=bytes(range(0, 256, 17)))
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
