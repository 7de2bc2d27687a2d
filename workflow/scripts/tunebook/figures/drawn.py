"""A drawn figure, and its three files."""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
from matplotlib.figure import Figure

from . import style

NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: its numbers, what it shows in words, and the runs it is made of."""

    data: pd.DataFrame
    sentence: str
    runs: tuple = ()


@dataclass(frozen=True)
class Drawn:
    """A figure with its numbers (`data`), its alternative text (`alt`) and the runs behind it."""

    figure: Figure
    data: pd.DataFrame
    alt: str
    title: str
    runs: list


def together(figure, title, panels, note=""):
    """A Drawn of several panels; a column of the data says to which panel a row belongs."""
    frames = [
        panel.data.assign(panel="abcdefgh"[i]) for i, panel in enumerate(panels) if len(panel.data)
    ]
    data = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"panel": []})
    runs = list(dict.fromkeys(run for panel in panels for run in panel.runs))
    parts = [f"{title}.", *(panel.sentence for panel in panels), note]
    alt = " ".join(part.strip() for part in parts if part.strip())
    columns = ["panel", *(column for column in data if column != "panel")]
    return Drawn(figure, data[columns], alt, title, runs)


def to_svg(drawn, name):
    """The figure as SVG text with a transparent ground, the same bytes for the same figure.

    Every id starts with the figure's name, so that several figures can stand in one page; the
    alternative text is the image's label. Paths keep hundredths of a point. Call inside
    `style.applied()`.
    """
    buffer = io.StringIO()
    drawn.figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Its style sheet would hold for a whole page: the root element says the same of the figure.
    text = re.sub(r"<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</defs>\s*", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.S)
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    label = escape(drawn.alt, {'"': "&quot;"})
    root = f'<svg role="img" aria-label="{label}" stroke-linejoin="round" '
    return text.replace("<svg ", root, 1)


def write(drawn, name, folder):
    """Write <name>.svg, <name>.csv (its numbers) and <name>.json (title, alt, runs)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with style.applied():
        (folder / f"{name}.svg").write_text(to_svg(drawn, name), encoding="utf-8")
    drawn.data.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    about = {"title": drawn.title, "alt": drawn.alt, "runs": drawn.runs}
    (folder / f"{name}.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
