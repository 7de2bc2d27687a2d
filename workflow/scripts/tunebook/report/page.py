"""Tables, figures, claims and an article -> one HTML page that needs nothing else.

Nothing is computed here: numbers come from `evidence.tables.Results` and claims.json, and become
words in `evidence.words`.
"""

import base64
import math
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from ..claims.coverage import coverage
from ..claims.read import SET_UP, UNTESTABLE, VERDICTS
from ..evidence import words
from ..evidence.importance import WEAK
from ..evidence.intervals import HOPELESS, POWER
from ..evidence.tables import cost_summary, read_results
from ..jobs import TunebookError, read_json
from . import ablations, cards, searches
from .article import Functions, Known, fill_in
from .cite import citation
from .explorer import curves_data, drawn, explorer, packed, packed_json
from .markdown import Parts, to_html
from .view import View

# A smaller table is part of the page as it is; a larger one can be had with JavaScript only.
LARGEST_PLAIN = 4_000
STYLE, ALT = re.compile(r' style="([^"]*)"'), re.compile('aria-label="[^"]*"')
# How templates put values into words.
FILTERS = "show percent number duration count size word spoken day typeset"


def environment(templates, page):
    """The templates' folder with what they use; everything is escaped. page: whom they ask."""
    folder = Path(templates)
    made = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {name: getattr(words, name) for name in FILTERS.split()}
    made.filters |= {"json": htmlsafe_json_dumps, "breakable": breakable, "linked": linked}
    made.filters["from"] = lambda name, known: known[name]

    def text(name):
        return Markup((folder / name).read_text(encoding="utf-8"))

    def embedded(kind, name):
        return data_address(kind, (folder / name).read_bytes())

    def font(address):
        return f"url({embedded('font/woff2', address[1])})"

    style = Markup(re.sub(r"url\((fonts/.+?)\)", font, text("style.css")))
    made.globals |= {"HOPELESS": HOPELESS, "POWER": POWER, "WEAK": WEAK}
    made.globals |= {"LESSONS": cards.LESSONS, "PIPS": cards.PIPS}
    made.globals |= {"page": page, "style": style, "script": text, "embedded": embedded}
    return made


def breakable(text):
    """A path or a name that may go on in another line after a slash or before a dot, only there."""
    return Markup(re.sub(r"(?<=[/\\])|(?<=\w)(?=\.\w)", "<wbr>", str(escape(text))))


def linked(text):
    """Text with its addresses as links."""
    parts = re.split(r"(https?://[^\s<>\"]*[^\s<>\".,;:)])", text)
    link = Markup('<a href="{0}" rel="noreferrer">{0}</a>').format
    return Markup("").join(link(part) if i % 2 else part for i, part in enumerate(parts))


def data_address(kind, content):
    """The address of a file that is a part of the page."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def read_figure(path, looks):
    """One figure as it stands in the page, from its .svg and the files beside it: the narrow one
    for phones, what is said of it (.json) and its numbers (.csv).

    looks: {style of an element: its class} of the page, which grows; figures say few styles often.
    """

    def classed(style):
        return f' class="{looks.setdefault(style[1], f"look-{len(looks)}")}"'

    drawn = {"svg": path, "narrow": path.with_suffix(".narrow.svg")}
    found, table = {"name": path.stem}, path.with_suffix(".csv").read_bytes()
    for key, file in drawn.items():
        svg = file.read_text(encoding="utf-8")
        if "<svg" not in svg:
            raise TunebookError(f"{file}: not an SVG file; delete it and run again")
        root, body = svg[svg.index("<svg") :].split(">", 1)
        # The page has its description once, under its evidence.
        root = ALT.sub(f'aria-labelledby="alt-{path.stem}"', root)
        found[key] = Markup(f"{root}>{re.sub(STYLE, classed, body)}")
    if len(table) > LARGEST_PLAIN:
        found |= {"csv": f"figures/{path.stem}.csv", "packed": packed(table)}
    else:
        found |= {"csv": data_address("text/csv", table), "packed": ""}
    return read_json(path.with_suffix(".json")) | found


def with_runs(claim):
    """A claim of claims.json, and the runs behind it."""
    runs = [run for piece in claim["pieces"] + claim["shown"] for run in piece["runs"]]
    return claim | {"runs": list(dict.fromkeys(runs))}


def tallied(claims):
    """[(verdict, its claims)] for every verdict, also those that no claim got."""
    return [(name, [each for each in claims if each["verdict"] == name]) for name in VERDICTS]


def counted(claims):
    """The claims that are about results: not those that only say how the study is set up."""
    return [each for each in claims if each["verdict"] != SET_UP]


def by_need(pair):
    """Where a piece stands among those that are open: by the core time that would settle it."""
    claim, piece = pair
    minutes = piece["minutes"]
    return piece["needed"], math.inf if minutes is None else minutes, claim["id"]


def told_cost(table):
    """The study's cost with dates in place of seconds since 1970; None where it is not known."""
    cost = cost_summary(table)
    dates = ("started", "finished")
    return cost and cost | {key: datetime.fromtimestamp(cost[key], UTC) for key in dates}


class Page(Functions, View):
    """A report in the making: what templates ask of a study, and what its article can call.

    numbers: {figure: its number}; placed: {claim: its part of the article}; places: {part: the
    headings it stands under}.
    """

    def __init__(self, results, claims, figures, configuration, facts, templates):
        super().__init__(results, links=True)
        self.configuration, self.facts = configuration, facts
        self.cost, self.tallied = told_cost(results.cost), tallied
        self.counted = counted
        paths = {name: results.folder / f"figures/{name}.svg" for name in figures}
        self.looks, drawn = {}, {name: path for name, path in paths.items() if path.is_file()}
        self.figures = {name: read_figure(path, self.looks) for name, path in drawn.items()}
        self.claims_file = claims.path
        self.numbered_traps = dict(enumerate(claims.traps, start=1))
        self.stated = {claim.id: claim for claim in claims.claims}
        self.coverage = coverage(claims)
        self.claims = {claim["id"]: with_runs(claim) for claim in results.claims}
        rows = [run.row for run in self.runs.values()]
        self.figures = {name: self.of_verdict(each) for name, each in self.figures.items()}
        self.known = Known(results.study, rows, figures, claims)
        self.parts, self.numbers, self.placed, self.places = Parts(), {}, {}, {}
        self.glanced, self.first, self.trapped, self.tabled = False, (), set(), set()
        self.made = environment(templates, self)
        self.components = self.made.get_template("components.html.j2").make_module()
        self.tables = self.made.get_template("tables.html.j2").make_module()

    forest, ordered = staticmethod(cards.forest), staticmethod(cards.ordered)
    VERDICTS = VERDICTS

    def sections(self):
        return cards.sections(self.claims.values())

    def marks(self):
        return cards.marks(self.claims.values())

    def lessons(self, first):
        return cards.lessons(self.claims, first)

    def finalists(self, sweep):
        return searches.finalists(self, sweep)

    def fall(self, sweep):
        return searches.told(self, sweep)

    def ablation(self, sweep, measure):
        return ablations.told(self, sweep, measure)

    def block(self, html):
        return self.parts.hold(html, block=True)

    def file(self, name):
        """A file of the results folder, as named in evidence."""
        return (self.results.folder / name).as_posix()

    def drawn(self, names):
        """{problem: (how many of these runs it has, the explorer's state with them chosen)}."""
        return drawn(self, names)

    def explained(self, claim):
        """Whether the study's own file has a sentence for this verdict on a claim."""
        return claim["verdict"] in self.stated[claim["id"]].why

    def of_verdict(self, figure):
        """A figure with what is to be seen given the verdict on the first of its claims."""
        about = [name for name in figure["claims"] if name in self.claims]
        verdict = self.claims[about[0]]["verdict"] if about else UNTESTABLE
        return figure | {"claims": about, "finding": figure["finding"].get(verdict, "")}

    def figures_of(self, claim):
        """Names of the figures that are about a claim, in the order of their file."""
        return [name for name, figure in self.figures.items() if claim in figure["claims"]]

    def placed_with(self, part):
        """The claims that stand in the same section as a part of the article."""
        here = self.places.get(part, [])
        return [
            name
            for name, at in self.placed.items()
            if at in self.places and self.places[at][: len(here)] == here
        ]

    def trap_marks(self, claim):
        """The marks that lead from a claim to the traps that are about it."""
        about = [pair for pair in self.numbered_traps.items() if claim in pair[1]["claims"]]
        return Markup("").join(self.components.trap_mark(*pair).strip() for pair in about)

    @property
    def finding(self):
        """What came of the study, for whoever is shown its address: the first thing that a reader
        is to take back, if there is one, and what became of the claims."""
        claims = self.counted(self.claims.values())
        told = [f"{len(each)} {verdict}" for verdict, each in tallied(claims) if each]
        of = f"Of {words.count(len(claims), 'claim')}: {words.spoken(told)}"
        lesson = next((each["lesson"] for each in self.lessons(self.first).get("back", ())), "")
        return f"{lesson} {of if told else self.extent}.".strip()

    @property
    def citation(self):
        when = self.cost["finished"] if self.cost else self.facts["made"]
        known = self.configuration["study"], when, self.facts["commit"], self.results.provenance
        return citation(*known)

    @property
    def open_pieces(self):
        """[(claim, piece)] of what is open and says what it could have shown, the nearest first."""
        found = [(each, piece) for each in self.claims.values() for piece in each["pieces"]]
        return sorted((pair for pair in found if pair[1]["needed"]), key=by_need)

    def further(self):
        """The marks of what the article did not place: claims, traps, figures with data, what
        searches found, what changes are worth, and what would settle what is open.
        """
        traps = self.traps() if len(self.trapped) < len(self.numbered_traps) else Markup("")
        claims = self.claim(*(name for name in self.claims if name not in self.placed))
        figures = [name for name in self.figures if name not in self.numbers]
        kinds = dict.fromkeys(self.results.searches, ("finalists", "importance"))
        kinds |= dict.fromkeys(self.results.ablations, ("ablation",))
        found = [
            self.table(kind, sweep=sweep)
            for sweep, each in kinds.items()
            for kind in each
            if (kind, self.sweeps[sweep]["problem"], sweep) not in self.tabled
        ]
        settle = (
            self.table("open") if self.open_pieces and "open" not in self.tabled else Markup("")
        )
        return Markup("").join([claims, traps, *map(self.figure, figures), *found, settle])

    def belonging(self, things):
        """{sweep: names of the figures or claims that have most of their runs in it}, if any has.

        A figure that was made for a sweep has its name, and belongs there. things: {name: figure or
        claim}.
        """
        found = {sweep: [] for sweep in self.sweeps}
        for name, thing in things.items():
            runs = {*thing["runs"]}
            shared = {sweep: len(runs & {*each["runs"]}) for sweep, each in self.sweeps.items()}
            most = name if shared.get(name) else max(shared, key=shared.get)
            if shared[most]:
                found[most].append(name)
        return found


def render_report(results, article, claims, figures, configuration, provenance, facts, templates):
    """The report of a finished study as HTML text.

    results: the folder of its tables and figures. article: the path of its article.md; the article
    of a study without one is made from its sweeps. claims: what `claims.read.load_claims` gives.
    figures: names of its figures, in order. configuration: plain values, shown as they are.
    provenance: paths of what `retrieve` wrote of each dataset. facts: see `facts.facts`. templates:
    the folder of templates, style and scripts. Raises TunebookError for a table that is not whole
    and for an article that cannot be filled in.
    """
    results = read_results(results, provenance)
    page = Page(results, claims, figures, configuration, facts, templates)
    if article and Path(article).is_file():
        text = fill_in(article, page.known, partial(getattr, page), page.parts.hold)
    else:
        text = page.made.get_template("article.md.j2").render()
    html, headings, page.places = to_html(text, page.parts)
    if not page.glanced:
        lead, heading, rest = html.partition("<h2")
        html = lead + str(page.glance()) + heading + rest
    further, explored = page.further(), explorer(page)
    said = {run: each for part in explored.values() for run, each in part["words"].items()}
    run_data = {
        "problems": {name: part["data"] for name, part in explored.items()},
        "questions": {name: page.question(name) for name in page.sweeps},
        "files": [page.file(name) for name in ("runs", "runs.csv", "history.parquet")],
    }
    return page.made.get_template("report.html.j2").render(
        article=page.parts.put(html),
        further=page.parts.put(further),
        headings=headings,
        explorer=explored,
        run_data=run_data,
        charts=packed_json({"curves": curves_data(results), "words": said}),
        study=configuration["study"],
        configuration=yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True),
        facts=facts,
    )
