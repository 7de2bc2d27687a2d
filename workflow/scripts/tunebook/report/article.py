"""The article: Markdown written by the user, with functions that bring in what the study found.

A study's `article.md` is filled in by Jinja2 and then rendered by markdown-it. Whatever `{{ … }}`
gives stands in the Markdown as a mark of two private characters around a number, and becomes HTML
only after Markdown is done; raw HTML is off. So neither what a user writes nor what a study is
called can bring a script into the page, and no value is ever read as Markdown.

Every name in the article is checked before anything is trained (`check_article`), in branches that
are not taken too, so that a slip never shows after hours of training.
"""

import difflib
import inspect
import json
import re
import traceback
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from ..claims.read import UNTESTABLE, VERDICTS
from ..evidence import measures, words
from ..jobs import TunebookError
from ..study.parameters import PARAMETERS

# What `{{ … }}` gave: number n inside of a text, or as a block of its own.
INLINE, BLOCK = "\ue000{}\ue001", "\ue002{}\ue003"
MARK = re.compile("[\ue000\ue002](\\d+)[\ue001\ue003]")
BLOCK_MARK = re.compile("(\ue002\\d+\ue003)")
PRIVATE = dict.fromkeys(range(0xE000, 0xE004))
# A block where only words can stand.
MISPLACED = re.compile(r"\s*[#|].*\{\{[-\s]*(figure|claim|glance|table|tally|traps)\b")
NUMBER = re.compile(r"(\d+(?:\.\d+)*)\.?\s+(?=\S)")
NAMED = 12  # names that a message lists


class Functions:
    """What an article can call. Only the signatures count here: an argument is named for the things
    that it can name (see `Known.names`). `page.Page` has the functions themselves."""

    def figure(figure):
        """The figure of that name, with its caption."""

    def see(figure, word="figure"):
        """`figure 7`, as a link to it; word: `Figure` where a sentence begins."""

    def claim(*claims):
        """Claims, each with its verdict and its evidence."""

    def verdict(claim):
        """The verdict on a claim, for `{% if verdict("…") == "reproduced" %}`."""

    def tally(*members):
        """What became of some claims (ids or sections); of none: of those in this section."""

    def traps(*traps):
        """Where the written analysis trips: the traps with these titles, or all others."""

    def glance(sweeps=(), claims=()):
        """The study at a glance. sweeps, claims: with the source's own configurations, and with its
        numbers for them."""

    def question(sweep):
        """The question that a sweep was made to answer."""

    def study(about):
        """The title or the source of the study."""

    def number(measure, run=None, sweep=None, where=None, problem=None):
        """A measure of one run (mean, interval, number of replicates), or of the study."""

    def setting(parameter, run=None, sweep=None, where=None, problem=None):
        """A hyper-parameter of one run, as a reader says it."""

    def table(kind, sweep=None, problem=None, claim=None, by=(), rows=None):
        """A table of one of TABLES. by: hyper-parameters to count by; rows: how many are shown."""


FUNCTIONS = [name for name in vars(Functions) if not name.startswith("_")]
# {kind: what it cannot do without}
TABLES = {
    "baselines": "", "best": "", "cost": "", "data": "", "network": "sweep", "outcomes": "sweep",
    "problems": "", "runs": "sweep", "search": "",
}  # fmt: skip


@dataclass
class Known:
    """What an article can speak of.

    problems: {name: its entry}; sweeps: {name: run names}; runs: {name: hyper-parameters, with its
    problem}; figures: names; claims: {id: section}; traps: titles; best: {problem: run}.
    """

    problems: dict
    sweeps: dict
    runs: dict
    figures: list = field(default_factory=list)
    claims: dict = field(default_factory=dict)
    traps: list = field(default_factory=list)
    best: dict = field(default_factory=dict)

    @property
    def names(self):
        """{what: the names that such an argument can have}."""
        parameters = dict.fromkeys(
            [*PARAMETERS, *(key for run in self.runs.values() for key in run)]
        )
        return {
            "figure": self.figures, "claim": self.claims, "sweep": self.sweeps, "trap": self.traps,
            "member": [*self.claims, *self.claims.values()], "problem": self.problems,
            "run": ["best", *self.runs], "parameter": parameters, "by": parameters,
            "kind": TABLES, "about": ("title", "source"),
        }  # fmt: skip

    def check(self, function, *args, **kwargs):
        """Raise TunebookError for a call with anything but names that exist."""
        signature = inspect.signature(getattr(Functions, function))
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TunebookError(f"{function}: {error}; allowed: {function}{signature}") from None
        names = self.names
        for argument, value in given.items():
            what = argument.removesuffix("s")
            for name in value if isinstance(value, list | tuple) else [value]:
                if what in names and name is not None:
                    among(what, name, names[what])
        for key in given.get("where") or ():
            among("where", key, names["parameter"])
        needed = TABLES.get(given.get("kind"))
        if needed and given.get(needed) is None:
            raise TunebookError(f"table: found no {needed}; allowed: {listed(names[needed])}")
        if function in ("number", "setting"):
            self.check_run(given)

    def check_run(self, given):
        """The same for a call about one run, and about a measure of it."""
        about = {key: given.get(key) for key in ("run", "sweep", "where", "problem")}
        if about["run"] is None and about["sweep"] is None:
            if "measure" not in given:
                raise TunebookError("setting: found neither run nor sweep; allowed: one of them")
            measures.measure(given["measure"])  # one of the whole study
            return
        run = self.select(**about)
        of = self.runs[run]["problem"] if run else about["problem"] or next(iter(self.problems))
        if "measure" in given:
            measures.measure(given["measure"], self.problems[of])

    def select(self, run=None, sweep=None, where=None, problem=None):
        """The name of the one run that is meant; None where this study has no such run.

        Raises TunebookError where several fit.
        """
        if run == "best":
            if problem is None and len(self.problems) > 1:
                told = f"found no problem; allowed: {listed(self.problems)}"
                raise TunebookError(f'run="best": {told}')
            return self.best.get(problem or next(iter(self.problems))) or None
        if run is not None:
            return run
        found = [
            name
            for name in self.sweeps[sweep]
            if name in self.runs
            and all(
                words.plain(self.runs[name].get(k)) == words.plain(v)
                for k, v in (where or {}).items()
            )
        ]
        if len(found) > 1:
            runs = [self.runs[name] for name in found]
            keys = [
                key
                for key in self.names["parameter"]
                if len({str(run.get(key)) for run in runs}) > 1
            ]
            raise TunebookError(
                f"sweep {sweep}: {len(found)} runs fit where one is needed; allowed: a `where` "
                f"that also fixes {' or '.join(keys)}"
            )
        return found[0] if found else None


def among(what, found, allowed):
    """Raise TunebookError unless `found` is one of the names in `allowed`."""
    if found not in allowed:
        raise TunebookError(f"{what}: found {found}; allowed: {listed(allowed, found)}")


def listed(names, near=""):
    """Names for a message, those that look like `near` first, not too many."""
    names = [str(name) for name in dict.fromkeys(names)]
    close = difflib.get_close_matches(str(near), names, n=3, cutoff=0.5)
    names = [*close, *(name for name in names if name not in close)]
    more = len(names) - NAMED
    return (", ".join(names[:NAMED]) or "none") + (f" and {more} more" if more > 0 else "")


# ------------------------------------------------------------------------------- Jinja2


def environment(hold):
    """Jinja2 for articles: sandboxed, strict, escaped. hold: gives the mark of a plain value."""
    made = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else hold(value),
    )
    made.globals = {}
    made.filters["word"] = words.word
    return made


def check_article(path, study, figures, claims):
    """Raise TunebookError for anything in an article that could fail once the study is trained.

    path: of the article, which may be missing. study: the Study (`rows()`, `sweeps`,
    `configuration`). figures: names of its figures. claims: what `claims.read.load_claims` gives.
    """
    if not path or not Path(path).is_file():
        return
    known = Known(
        problems=study.description()["problems"],
        sweeps=study.sweeps,
        runs={row["run"]: row for row in study.rows()},
        figures=list(figures),
        claims={claim.id: claim.section for claim in claims.claims},
        traps=[trap["title"] for trap in claims.traps],
    )
    values = {"verdict": UNTESTABLE, "setting": 1}

    def stand_in(name):
        return lambda *_, **__: values.get(name, Markup(""))

    fill_in(path, read_article(path), known, stand_in, lambda value: Markup(escape(value)))


def read_article(path):
    try:
        return Path(path).read_text(encoding="utf-8-sig").translate(PRIVATE)
    except UnicodeDecodeError as error:
        raise TunebookError(f"{path}: not UTF-8 ({error.reason}); allowed: UTF-8 text") from None


def fill_in(path, source, known, function, hold):
    """The Markdown of an article with its functions' values in it, after every check.

    function: gives the function of a name; hold: the mark of a plain value. Raises TunebookError
    with the file, the line, what was found and what is allowed.
    """
    made = environment(hold)
    try:
        tree = made.parse(source)
        template = made.from_string(source)
    except TemplateSyntaxError as error:
        raise at(path, error.lineno, f"{error.message}; allowed: Jinja2's language") from None
    check_names(path, tree, known)
    check_layout(path, made, source)

    def call(name, *args, **kwargs):
        known.check(name, *args, **kwargs)
        return function(name)(*args, **kwargs)

    try:
        return template.render({name: partial(call, name) for name in FUNCTIONS})
    except (
        TunebookError,
        TemplateError,
        TypeError,
        ValueError,
        LookupError,
        ArithmeticError,
    ) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
        raise at(path, lines[-1] if lines else 1, error) from None


def at(path, line, message):
    return TunebookError(f"{path}, line {line}: {message}")


def check_names(path, tree, known):
    """Check every name, and every call whose arguments are written out, in all branches."""
    for name in sorted(meta.find_undeclared_variables(tree) - set(FUNCTIONS)):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        raise at(path, line, f"found {name}; allowed: {listed(FUNCTIONS, name)}")
    for call in tree.find_all(nodes.Call):
        if getattr(call.node, "name", None) in FUNCTIONS:
            try:
                values = [value.as_const() for value in call.args]
                named = {pair.key: pair.value.as_const() for pair in call.kwargs}
                known.check(call.node.name, *values, **named)
            except nodes.Impossible:
                continue  # its arguments are known when it is filled in
            except TunebookError as error:
                raise at(path, call.lineno, error) from None
    for comparison in tree.find_all(nodes.Compare):
        sides = [comparison.expr, *(operand.expr for operand in comparison.ops)]
        if any(getattr(getattr(side, "node", None), "name", None) == "verdict" for side in sides):
            for side in sides:
                try:
                    value = side.as_const()
                except nodes.Impossible:
                    continue
                for text in value if isinstance(value, list | tuple) else [value]:
                    if text not in VERDICTS:
                        told = f"verdict: found {text}; allowed: {', '.join(VERDICTS)}"
                        raise at(path, side.lineno, told)


def check_layout(path, made, source):
    """Check where things stand, line by line as written."""
    for line, text in enumerate(source.splitlines(), start=1):
        if found := MISPLACED.match(text):
            told = f"found {found[1]} in a heading or a table; allowed: a paragraph of its own"
            raise at(path, line, told)
    text = "".join(
        value if kind == "data" else "\n" * value.count("\n") for _, kind, value in made.lex(source)
    )
    for token in MARKDOWN.parse(text):
        for child in token.children or ():
            if child.type == "image":
                told = f"found the image {child.attrs['src']}, which the page could not load"
                raise at(path, token.map[0] + 1, f'{told}; allowed: figure("…")')


# ------------------------------------------------------------------------------- Markdown


def split_blocks(state):
    """Let a component that is a block stand beside paragraphs, not inside of one."""
    tokens, rest = [], iter(state.tokens)
    for token in rest:
        inside = bool(tokens) and tokens[-1].type == "paragraph_open"
        if not (inside and token.type == "inline" and BLOCK_MARK.search(token.content)):
            tokens.append(token)
            continue
        opened, closed = tokens.pop(), next(rest)
        for piece in BLOCK_MARK.split(token.content):
            if BLOCK_MARK.fullmatch(piece):
                tokens.append(Token("html_block", "", 0, content=piece))
            elif piece.strip():
                text = Token("inline", "", 0, content=piece.strip(), map=token.map, children=[])
                tokens += [opened, text, closed]
    state.tokens = tokens


def markdown():
    made = MarkdownIt("commonmark", {"html": False, "typographer": True})
    made.enable(["table", "replacements", "smartquotes"])
    made.core.ruler.before("inline", "split_blocks", split_blocks)
    made.add_render_rule("table_open", lambda *_: (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="data">'
    ))  # fmt: skip
    made.add_render_rule("table_close", lambda *_: "</table></div>")
    return made


MARKDOWN = markdown()


class Parts(list):
    """What the functions of an article gave, in order: HTML, or a function that gives it at last
    (a reference to a figure that comes later)."""

    def hold(self, html, block=False):
        """The mark that stands for a piece of HTML until Markdown is done."""
        self.append(html if callable(html) else Markup(escape(html)))
        return Markup((BLOCK if block else INLINE).format(len(self) - 1))

    def put(self, html):
        """HTML with every mark replaced by what it stands for; a block stands once."""

        def part(mark):
            number = int(mark[1])
            found = self[number]
            if mark[0][0] == BLOCK[0]:
                self[number] = ""
            return str(found() if callable(found) else found)

        return Markup(MARK.sub(part, str(html)))

    def marks(self, text):
        """The numbers of the parts that stand in a text."""
        return [int(number) for number in MARK.findall(text)]


def to_html(text, parts):
    """(HTML with marks, its headings, {part: its place}) of an article's Markdown.

    A heading is {level (2 and below), id, number (as written before it, or ""), title}. A part's
    place is how many headings stand before it. Headings start below the page's own, and none is
    more than one level below the one before.
    """
    tokens = MARKDOWN.parse(text)
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    shift, deepest = 2 - min(levels, default=2), 1
    headings, places, taken = [], {}, set()
    for i, token in enumerate(tokens):
        places |= {part: len(headings) for part in parts.marks(token.content)}
        if token.type != "heading_open":
            continue
        inline = tokens[i + 1]
        deepest = min(int(token.tag[1]) + shift, deepest + 1, 6)
        token.tag = tokens[i + 2].tag = f"h{deepest}"
        number = ""
        if inline.children and inline.children[0].type == "text":
            first = inline.children[0]
            if found := NUMBER.match(first.content):
                number, first.content = found[1], first.content[found.end() :]
        title = parts.put(MARKDOWN.renderer.render([inline], MARKDOWN.options, {})).striptags()
        slug = "section-" + (re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "untitled")
        while slug in taken:
            slug += "-"
        taken.add(slug)
        token.attrSet("id", slug)
        if number:
            span = f'<span class="number">{number}</span> '
            inline.children.insert(0, Token("html_inline", "", 0, content=span))
        headings.append({"level": deepest, "id": slug, "number": number, "title": title})
    return MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}), headings, places


# ------------------------------------------------------------------------------- without one


def made_article(problems, sweeps):
    """The article of a study that has none: a section a sweep, headed by its question.

    problems: names. sweeps: {name: (figures, claims)}, each thing in one place.
    """
    lines = ["{{ glance() }}", "", "## Data", "", '{{ table("problems") }}', '{{ table("data") }}']
    lines += ["", "## The best networks"]
    lines += [f'{{{{ table("best", problem={json.dumps(name)}) }}}}' for name in problems]
    for name, (figures, claims) in sweeps.items():
        lines += ["", f"## {{{{ question({json.dumps(name)}) }}}}", ""]
        lines += [f"{{{{ figure({json.dumps(each)}) }}}}" for each in figures]
        lines += [f"{{{{ claim({json.dumps(each)}) }}}}" for each in claims]
        lines += [f'{{{{ table("runs", sweep={json.dumps(name)}) }}}}']
    lines += ["", "## What it cost", "", '{{ table("cost") }}']
    return "\n".join(lines) + "\n"
