"""What the article's figures are called, numbered and explained by."""

import base64
import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from ..jobs import TunebookError
from .explorer import packed
from .inline_svg import inline_svg

# The order of the article. A figure that is not named here comes after these.
ORDER = [
    "best-models", "baselines", "confusion", "misread", "prices", "speed", "depth-gap", "figure-1",
    "figure-2", "rates", "optimizers-depth", "batch-size", "batch-rates", "losses", "calibration",
    "figure-3", "residuals", "conditions", "choices",
]  # fmt: skip

# A larger table is packed: it can then be had only with JavaScript, or as the file itself.
LARGEST_PLAIN_CSV = 40_000


@dataclass
class Figure:
    """One figure, ready to stand in the page."""

    name: str
    number: int
    title: str
    alt: str
    svg: Markup
    csv: str = ""
    packed_csv: str = ""
    runs: list = field(default_factory=list)

    @property
    def of_source(self):
        """The number of the source's figure that this one repeats, or None."""
        found = re.fullmatch(r"figure-(\d+)", self.name)
        return int(found[1]) if found else None


def read_figures(folder):
    """{name: Figure} of every SVG in a folder of figures, numbered in the article's order."""
    folder = Path(folder)
    names = sorted(path.stem for path in folder.glob("*.svg")) if folder.is_dir() else []
    ordered = [name for name in ORDER if name in names]
    ordered += [name for name in names if name not in ORDER]
    return {name: read_figure(folder, name, i) for i, name in enumerate(ordered, start=1)}


def read_figure(folder, name, number):
    """One Figure from its .svg, .json and .csv; the last two may be missing."""
    text = (folder / f"{name}.svg").read_text(encoding="utf-8")
    if "<svg" not in text:
        raise TunebookError(f"{folder / name}.svg: not an SVG file; delete it and run again")
    about_path, csv_path = folder / f"{name}.json", folder / f"{name}.csv"
    about = json.loads(about_path.read_text(encoding="utf-8")) if about_path.is_file() else {}
    title = about.get("title", name)
    alt = about.get("alt") or title
    figure = Figure(
        name=name,
        number=number,
        title=title,
        alt=alt,
        svg=Markup(inline_svg(text, name, alt)),
        runs=list(about.get("runs", [])),
    )
    if csv_path.is_file():
        table = csv_path.read_bytes()
        if len(table) <= LARGEST_PLAIN_CSV:
            figure.csv = "data:text/csv;base64," + base64.b64encode(table).decode()
        else:
            figure.csv = f"figures/{html.escape(name)}.csv"
            figure.packed_csv = packed(table)
    return figure
