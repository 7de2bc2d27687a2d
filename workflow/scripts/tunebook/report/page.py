"""Tables, figures, claims and an article -> one HTML page that needs nothing else.

Nothing is computed here: numbers come from `evidence.tables.Results` and claims.json, and become
words in `evidence.words`.
"""

import base64
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from ..claims.read import NOT, UNTESTABLE, VERDICTS
from ..evidence import measures, words
from ..evidence.tables import cost_summary, read_results
from ..jobs import TunebookError, read_json
from .article import Known, Parts, fill_in, made_article, read_article, to_html
from .explorer import charting_library, curves_data, explorer, packed, packed_json
from .view import Shown, View

SURPRISES = 4
# A smaller table is part of the page as it is; a larger one can be had with JavaScript only.
LARGEST_PLAIN = 40_000

# The typefaces: Source Serif and Source Sans (Adobe, SIL Open Font License 1.1, see the folder),
# cut once to the letters that a report can need. Cut versions may not carry their names. Made from
# the TTF files by fontTools, with brotli:
#   pyftsubset FILE --flavor=woff2 --no-hinting --notdef-outline --name-IDs=0,7,13,14
#     --unicodes=U+20-7E,U+A0-17F,U+370-3FF,U+2000-209F,U+20AC,U+2116,U+2122,U+2190-219F,U+2200-226F
#     --layout-features=kern,liga,tnum,lnum,pnum,onum,sups,mark,locl,ccmp
FACES = {
    "serif": ("Report Serif", 400, "normal"), "serif-italic": ("Report Serif", 400, "italic"),
    "serif-semibold": ("Report Serif", 600, "normal"), "sans": ("Report Sans", 400, "normal"),
    "sans-semibold": ("Report Sans", 600, "normal"),
}  # fmt: skip


def environment(templates, page):
    """The templates' folder with what they use; everything is escaped. page: whom they ask."""
    folder = Path(templates)
    made = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    for function in (words.percent, words.number, words.duration, words.count, words.size,
                     words.word, words.spoken, words.day):  # fmt: skip
        made.filters[function.__name__] = function
    made.filters["json"] = htmlsafe_json_dumps
    style = (folder / "style.css").read_text(encoding="utf-8")
    made.globals |= {
        "page": page,
        "style": Markup(font_faces(folder / "fonts") + style),
        "script": lambda name: Markup((folder / name).read_text(encoding="utf-8")),
    }
    return made


def font_faces(folder):
    """The @font-face rules of every face, as CSS text; each font is in a data address."""
    return "\n".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};'
        "font-display:block;src:url(data:font/woff2;base64,"
        f'{base64.b64encode((folder / f"{name}.woff2").read_bytes()).decode()}) format("woff2")}}'
        for name, (family, weight, style) in FACES.items()
    )


def read_figure(folder, name):
    """One figure as it stands in the page, from its .svg, .json and .csv; None if not drawn."""
    path = folder / f"{name}.svg"
    if not path.is_file():
        return None
    svg = path.read_text(encoding="utf-8")
    if "<svg" not in svg:
        raise TunebookError(f"{path}: not an SVG file; delete it and run again")
    about = read_json(path.with_suffix(".json")) if path.with_suffix(".json").is_file() else {}
    found = {"title": name, "caption": "", "alt": "", "runs": []} | about
    found |= {"name": name, "svg": Markup(svg[svg.index("<svg") :]), "csv": "", "packed": ""}
    if path.with_suffix(".csv").is_file():
        table = path.with_suffix(".csv").read_bytes()
        if len(table) <= LARGEST_PLAIN:
            found["csv"] = "data:text/csv;base64," + base64.b64encode(table).decode()
        else:
            found |= {"csv": f"figures/{name}.csv", "packed": packed(table)}
    return found


def whole_claim(claim):
    """A claim of claims.json with every key that the page speaks of, and the runs behind it."""
    piece = dict.fromkeys(("about", "rule", "metric", "verdict", "claimed", "text", "reason"), "")
    piece |= {"n": 0, "diverged": 0, "runs": [], "counts": True}
    blank = dict.fromkeys(("title", "section", "claim", "claimed", "why", "data"), "")
    found = {**blank, "pieces": [], "shown": [], **claim}
    found |= {key: [piece | each for each in found[key]] for key in ("pieces", "shown")}
    every = [*found["pieces"], *found["shown"]]
    return found | {"runs": list(dict.fromkeys(run for each in every for run in each["runs"]))}


def tallied(claims):
    """[(verdict, its claims)] for every verdict, also those that no claim got."""
    claims = list(claims)
    return [(name, [each for each in claims if each["verdict"] == name]) for name in VERDICTS]


def told_cost(table):
    """The study's cost with dates in place of seconds since 1970; None where it is not known."""
    cost = cost_summary(table)
    dates = ("started", "finished")
    return cost and cost | {key: datetime.fromtimestamp(cost[key], UTC) for key in dates}


class Page(View):
    """A report in the making: what templates ask of a study, and what its article can call.

    numbers: {figure: its number}; placed: {claim: its part of the article}; notes: {trap: number of
    its footnote}; references: [(trap, number of the reference)].
    """

    def __init__(self, results, claims, figures, facts, templates):
        super().__init__(results, links=True)
        folder = results.folder / "figures"
        names = dict.fromkeys([*figures, *sorted(path.stem for path in folder.glob("*.svg"))])
        self.figures = {name: read_figure(folder, name) for name in names}
        self.claims_file, self.trap_list = claims.path, claims.traps
        self.stated = {claim.id: claim for claim in claims.claims}
        self.claims = {claim["id"]: whole_claim(claim) for claim in results.claims}
        for name, claim in self.claims.items():  # whether our file has a sentence for this verdict
            claim["written"] = name in self.stated and claim["verdict"] in self.stated[name].why
        self.named = {"title": "", "source": ""}
        self.facts, self.cost, self.tallied = facts, told_cost(results.cost), tallied
        self.known = Known(
            problems=self.problems,
            sweeps={name: each["runs"] for name, each in self.sweeps.items()},
            runs={name: run.row for name, run in self.runs.items()},
            figures=list(names),
            claims={name: claim.section for name, claim in self.stated.items()}
            | {name: claim["section"] for name, claim in self.claims.items()},
            traps=[trap["title"] for trap in claims.traps],
            best={name: results.best(name) for name in self.problems},
        )
        self.parts, self.numbers, self.placed, self.headings, self.places = Parts(), {}, {}, [], {}
        self.glanced, self.trapped, self.notes, self.references = False, set(), {}, []
        self.made = environment(templates, self)
        self.components = self.made.get_template("components.html.j2").make_module()
        self.tables = self.made.get_template("tables.html.j2").make_module()

    # What an article can call: see `article.Functions`.

    def figure(self, name):
        if name in self.numbers:
            return self.see(name)
        self.numbers[name] = len(self.numbers) + 1
        missing = {"name": name, "svg": ""}
        figure = (self.figures[name] or missing) | {"number": self.numbers[name]}
        return self.block(self.components.figure(figure))

    def see(self, name, word="figure"):
        def link():
            mark = Markup('<a href="#figure-{}">{}&nbsp;{}</a>')
            return mark.format(name, word, self.numbers[name]) if name in self.numbers else word

        return self.parts.hold(link)

    def claim(self, *names):
        marks = Markup("")
        for name in names:
            if name in self.placed:
                marks += self.block(self.components.claim_link(self.claims[name]))
            elif name in self.claims:
                self.placed[name] = len(self.parts)
                marks += self.block(self.components.claim(self.claims[name]))
            else:
                marks += self.block(self.components.missing(f"{name} was not tested."))
        return marks

    def verdict(self, name):
        return self.claims[name]["verdict"] if name in self.claims else UNTESTABLE

    def tally(self, *names):
        part = len(self.parts)

        def told():
            here = set(names or self.placed_with(part))
            members = [c for c in self.claims.values() if {c["id"], c["section"]} & here]
            return self.components.tally(members) if members else ""

        return self.block(told)

    def traps(self, *titles):
        wanted = [
            (place, trap)
            for place, trap in enumerate(self.trap_list, start=1)
            if place not in self.trapped and (not titles or trap["title"] in titles)
        ]
        self.trapped |= {place for place, _ in wanted}
        return self.block(self.components.traps(wanted))

    def glance(self, sweeps=(), claims=()):
        if self.glanced:
            return Markup("")
        self.glanced = True
        stated = [self.stated[name] for name in claims if name in self.stated]
        models = [self.best_of(name, sweeps, stated) for name in self.problems]
        surprises = [c for c in self.claims.values() if c["verdict"] == NOT]
        return self.block(self.components.glance(models, surprises[:SURPRISES]))

    def question(self, sweep):
        return self.sweeps[sweep]["question"] or sweep

    def study(self, what):
        return self.named[what]

    def setting(self, name, *args, **kwargs):
        """Whole numbers stay numbers, for the filter `word`."""
        run = self.known.select(*args, **kwargs)
        value = self.runs[run].settings.get(name, "–") if run else "–"
        return value if type(value) is int else self.say(name, value)

    def number(self, measure, *args, **kwargs):
        if not (args or kwargs):
            found = self.results.interval(measure)
            return self.parts.hold(Shown(found, measures.measure(measure).unit).text)
        name = self.known.select(*args, **kwargs)
        if name is None:
            return self.parts.hold(Markup('<span class="none">(no such run in this study)</span>'))
        return self.parts.hold(self.components.measured(self.of(measure, self.runs[name])).strip())

    def table(self, kind, sweep=None, problem=None, claim=None, by=(), rows=None):
        if problem is None:
            problem = self.sweeps[sweep]["problem"] if sweep else next(iter(self.problems))
        stated = [self.stated[claim]] if claim in self.stated else []
        given = {"sweep": sweep, "problem": problem, "by": by, "rows": rows or 6}
        given["best"] = self.best_of(problem, [sweep] if sweep else [], stated)
        macro = getattr(self.tables, kind)
        return self.block(macro(**{name: given[name] for name in macro.arguments}))

    # What templates ask besides.

    def block(self, html):
        return self.parts.hold(html, block=True)

    def file(self, name):
        """A file of the results folder, as named in evidence."""
        return (self.results.folder / name).as_posix()

    def placed_with(self, part):
        """The claims that stand in the same section as a part of the article."""
        first = self.places.get(part, 0)
        level = self.headings[first - 1]["level"] if first else 1
        last = first
        while last < len(self.headings) and self.headings[last]["level"] > level:
            last += 1
        return [n for n, at in self.placed.items() if first <= self.places.get(at, -1) <= last]

    def footnotes(self, claim):
        """The marks of the footnotes to a claim, one a trap that is about it."""
        marks = Markup("")
        for place, trap in enumerate(self.trap_list, start=1):
            if claim in trap["claims"]:
                note = self.notes.setdefault(place, len(self.notes) + 1)
                self.references.append((place, len(self.references) + 1))
                marks += self.components.footnote(note, len(self.references))
        return marks

    def further(self):
        """The marks of what the article did not place: claims, traps and figures with data."""
        traps = self.traps() if len(self.trapped) < len(self.trap_list) else Markup("")
        claims = self.claim(*(name for name in self.claims if name not in self.placed))
        figures = [n for n, figure in self.figures.items() if figure and n not in self.numbers]
        return Markup("").join([claims, traps, *map(self.figure, figures)])

    def sections(self):
        """{sweep: (figures, claims)} for an article that is made: each under the sweep that has
        most of its runs, as far as any has."""
        found = {sweep: ([], []) for sweep in self.sweeps}
        figures = {name: figure["runs"] for name, figure in self.figures.items() if figure}
        claims = {name: claim["runs"] for name, claim in self.claims.items()}
        for kind, things in enumerate((figures, claims)):
            for name, runs in things.items():
                shared = {s: len(set(runs) & set(each["runs"])) for s, each in self.sweeps.items()}
                most = max(shared, key=shared.get, default=None)
                if most and shared[most]:
                    found[most][kind].append(name)
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
    page = Page(read_results(results, provenance), claims, figures, facts, templates)
    page.named = configuration["study"]
    if article and Path(article).is_file():
        source = read_article(article)
    else:
        article, source = "the article", made_article(page.problems, page.sections())
    text = fill_in(article, source, page.known, partial(getattr, page), page.parts.hold)
    html, page.headings, page.places = to_html(text, page.parts)
    if not page.glanced:
        lead, heading, rest = html.partition("<h2")
        html = lead + str(page.glance()) + heading + rest
    further, explored = page.further(), explorer(page)
    run_data = {
        "problems": {name: part["data"] for name, part in explored.items()},
        "questions": {name: page.question(name) for name in page.sweeps},
        "files": [page.file(name) for name in ("runs", "runs.csv", "history.parquet")],
    }
    return page.made.get_template("report.html.j2").render(
        article=page.parts.put(html),
        further=page.parts.put(further),
        headings=page.headings,
        explorer=explored,
        run_data=run_data,
        curves=packed_json(curves_data(page.results)),
        library=charting_library(),
        study=configuration["study"],
        configuration=yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True),
        facts=facts,
    )
