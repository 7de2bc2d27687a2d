"""The article: Markdown written by the user, with functions that bring in what the study found.

A study's `article.md` is filled in by Jinja2 and then rendered as Markdown (see `markdown`). Every
name in it is checked before anything is trained (`check_article`), in branches that are not taken
too, so that a slip never shows after hours of training.
"""

import difflib
import inspect
import re
import traceback
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from ..claims.read import UNTESTABLE, VERDICTS, telling
from ..claims.select import NotTestable, StudyRuns, check_kind, only, some
from ..evidence import measures, words
from ..jobs import TunebookError
from .markdown import MARKDOWN, PRIVATE

# A block where only words can stand.
MISPLACED = re.compile(r"\s*[#|].*\{\{[-\s]*(figure|claim|glance|table|tally|traps)\b")
TABLES = (
    "ablation", "baselines", "best", "cost", "data", "finalists", "importance", "network", "open",
    "outcomes", "problems", "runs", "search", "ways",
)  # fmt: skip
# What an article's own words can end in.
FAILURES = (TunebookError, TemplateError, TypeError, ValueError, LookupError, ArithmeticError)
OF_SWEEP = ("ablation", "finalists", "network", "outcomes", "runs")  # tables that need one
OF_KIND = {"ablation": "ablation", "finalists": "search"}  # and what that has to be


class Functions:
    """What an article can call, on the `page.Page` that is made.

    An argument is named for the things that it can name: see `Known.names`.
    """

    def figure(self, figure):
        """The figure of that name, with its caption; a reference where it was placed before."""
        if figure in self.numbers:
            return self.see(figure)
        self.numbers[figure] = len(self.numbers) + 1
        drawn = self.figures.get(figure, {"name": figure, "svg": ""})
        return self.block(self.components.figure(drawn | {"number": self.numbers[figure]}))

    def see(self, figure, word="figure"):
        """`figure 7`, as a link to it; word: `Figure` where a sentence begins."""

        def told():
            if figure not in self.numbers:
                return word
            link = Markup('<a href="#figure-{}">{}&nbsp;{}</a>')
            return link.format(figure, word, self.numbers[figure])

        return self.parts.hold(told)

    def claim(self, *claims):
        """Claims, each with its verdict and its evidence; a link where it was placed before."""
        marks = Markup("")
        for name in claims:
            if name not in self.claims:
                html = self.components.missing(f"{name} was not tested.")
            elif name in self.placed:
                html = self.components.claim_link(self.claims[name])
            else:
                html = self.components.claim(self.claims[name])
                self.placed[name] = len(self.parts)
            marks += self.block(html)
        return marks

    def verdict(self, claim):
        """The verdict on a claim, for `{% if verdict("…") == "reproduced" %}`."""
        return self.claims[claim]["verdict"] if claim in self.claims else UNTESTABLE

    def tally(self, *members):
        """What became of some claims (ids or sections); of none: of those in this section."""
        part = len(self.parts)

        def told():
            here = set(members or self.placed_with(part))
            ours = [c for c in self.claims.values() if {c["id"], c["section"]} & here]
            told_of = self.counted(ours)
            return self.components.tally(told_of) if told_of else ""

        return self.block(told)

    def traps(self, *traps):
        """Where the written analysis trips: the traps with these titles, or all others."""
        wanted = {
            place: trap
            for place, trap in self.numbered_traps.items()
            if place not in self.trapped and (not traps or trap["title"] in traps)
        }
        self.trapped |= {*wanted}
        return self.block(self.components.traps(wanted))

    def glance(self, sweeps=(), claims=(), first=(), beyond=()):
        """The study at a glance, once. sweeps, claims: with the source's own configurations, and
        with its numbers for them. beyond: sweeps of the best that were found, shown beside them.
        first: the claims whose lessons it begins with, in that order."""
        if self.glanced:
            return Markup("")
        self.glanced, self.first = True, first
        sweeps = [name for name in sweeps if name in self.sweeps]
        beyond = [name for name in beyond if name in self.sweeps]
        stated = [self.stated[name] for name in claims]
        models = [self.best_of(problem, sweeps, stated, beyond) for problem in self.problems]
        return self.block(self.components.glance(models, first))

    def question(self, sweep):
        """The question that a sweep was made to answer."""
        return words.typeset(self.sweeps[sweep]["question"]) or sweep

    def study(self, about):
        """The title or the source of the study."""
        return self.configuration["study"][about]

    def number(self, measure, run=None, sweep=None, where=None, problem=None):
        """A measure of one run (mean, interval, number of replicates), or of the study."""
        if not (run or sweep):
            found = self.results.interval(measure)
            return words.show(found.centre, measures.measure(measure).unit)
        row = self.known.select(run, sweep, where, problem)
        shown = self.of(measure, self.runs[row["run"]]) if row else None
        why = "" if shown else "no such run in this study"
        if shown and measures.lacks(measures.measure(measure, self.problems[row["problem"]]), row):
            why = "no rows were left for validation"
        elif run == "best" and not shown:
            why = "no run was chosen"
        if why:
            return self.parts.hold(Markup('<span class="none">({})</span>').format(why))
        return self.parts.hold(self.components.measured(shown).strip())

    def setting(self, parameter, run=None, sweep=None, where=None, problem=None):
        """A hyper-parameter of one run, as a reader says it; whole numbers stay numbers, for the
        filter `word`."""
        row = self.known.select(run, sweep, where, problem) or {}
        value = row.get(parameter, "–")
        return value if type(value) is int else self.say(parameter, value)

    def table(
        self, kind, sweep=None, problem=None, claim=None, by=(), rows=6, beside=(), beyond=(),
        measure="test_error",
    ):  # fmt: skip
        """A table of one of TABLES. by: hyper-parameters to count by; rows: how many are shown;
        beside: {sweep: what its networks are called} of further networks in the table `best`;
        beyond: as in `glance`, also for that table; measure: of what changes do to it."""
        problem = self.known.problem(sweep, problem)
        own = sweep if sweep in self.results.searches or kind == "ablation" else None
        self.tabled |= {kind, (kind, problem, own)}
        stated = [self.stated[claim]] if claim else []
        beyond = [name for name in beyond if name in self.sweeps]
        best = self.best_of(problem, [sweep] if sweep else [], stated, beyond)
        given = {"sweep": sweep, "by": by, "rows": rows, "best": best, "measure": measure}
        given["beside"] = self.beside(dict(beside))
        macro = getattr(self.tables, kind)
        return self.block(macro(**{name: given[name] for name in macro.arguments}))


FUNCTIONS = [name for name in vars(Functions) if not name.startswith("_")]


class NotHere(TunebookError):
    """A sweep or a problem that an article speaks of was taken out of the study."""


class Known:
    """What an article can speak of.

    study: as study.json has it, or will; rows: its runs, each a dictionary; figures: names; claims:
    see `claims.read.load_claims`.
    """

    def __init__(self, study, rows, figures, claims):
        self.runs, self.absent = StudyRuns(rows, study, study.get("timed", ())), {}
        self.problems, self.sweeps = study["problems"], study["sweeps"]
        ids, keys = [claim.id for claim in claims.claims], self.runs.keys
        # {what: the names that such an argument can have}
        self.names = {
            "figure": figures, "claim": ids, "sweep": self.sweeps, "problem": self.problems,
            "beside": self.sweeps, "beyond": self.sweeps,
            "member": [*ids, *(claim.section for claim in claims.claims)],
            "trap": [trap["title"] for trap in claims.traps], "run": ["best", *self.runs.by_name],
            "parameter": keys, "by": keys, "where": keys, "kind": TABLES,
            "about": ("title", "source"), "first": ids,
        }  # fmt: skip

    def check(self, function, *args, **kwargs):
        """Raise TunebookError for a call with anything but names that exist.

        NotHere for a sweep or a problem that does not: an ordinary edit of the configuration, which
        stops no study. Of a list, it is left out.
        """
        signature = inspect.signature(partial(getattr(Functions, function), None))
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TunebookError(f"{function}: {error}; allowed: {function}{signature}") from None
        for argument, value in given.items():
            what = argument.removesuffix("s")
            several = isinstance(value, list | tuple | dict)
            for name in value if several else [value]:
                if what in self.names and name is not None:
                    with suppress(NotHere) if several else nullcontext():
                        check_name(what, name, self.names[what])
        if given.get("kind") in OF_SWEEP and not given.get("sweep"):
            raise TunebookError(f"table: found no sweep; allowed: {some(self.sweeps)}")
        if needed := OF_KIND.get(given.get("kind")):
            check_kind("table", given["sweep"], self.sweeps, needed)
        if given.get("kind") == "ablation":
            rows = self.runs.select({"sweep": given["sweep"]})
            self.runs.measurable(given.get("measure", "test_error"), rows)
        if function in ("number", "setting"):
            self.check_run(**given)

    def check_run(self, measure=None, parameter=None, **about):
        """The same for a call about one run, or about a measure of the whole study."""
        problem = about.get("problem")
        if about.get("run") == "best" and not problem and len(self.problems) > 1:
            raise TunebookError(f'run="best": found no problem; allowed: {some(self.problems)}')
        of_run = about.get("run") or about.get("sweep")
        if parameter and not of_run:
            raise TunebookError("setting: found neither run nor sweep; allowed: one of them")
        row = self.select(**about) if of_run else None
        problem = row["problem"] if row else self.problem(about.get("sweep"), problem)
        if measure:
            about = {"name": problem} | self.problems[problem] if of_run else None
            measures.measure(measure, about)

    def problem(self, sweep=None, problem=None):
        """The problem that is meant: the one named, or the sweep's, or the first."""
        return problem or (self.sweeps[sweep]["problem"] if sweep else next(iter(self.problems)))

    def select(self, run=None, sweep=None, where=None, problem=None):
        """The row of the one run that is meant; None where this study has no such run.

        Raises TunebookError where several fit.
        """
        if run and run != "best":
            return self.runs.by_name[run]
        asked = {"run": run, "problem": problem} if run else {"sweep": sweep, "where": where or {}}
        try:
            found = self.runs.select(asked)
        except NotTestable:
            return None
        return only(found, asked, "fit where one is needed")


def check_name(what, found, allowed):
    """Raise TunebookError unless `found` is one of the names in `allowed`."""
    allowed = [*allowed]
    if found not in allowed:
        near = difflib.get_close_matches(str(found), allowed, n=3, cutoff=0.5)
        told = some(dict.fromkeys([*near, *allowed]))
        error = NotHere if what in ("sweep", "beside", "beyond", "problem") else TunebookError
        raise error(f"{what}: found {found}; allowed: {told}")


def check_article(path, study, figures, claims):
    """{place: what is not in this study} of an article; its text says so in that place.

    path: of the article, which may be missing. study: the Study (`rows()`, `description()`).
    figures: names of its figures. claims: what `claims.read.load_claims` gives. Raises
    TunebookError for anything that could fail once the study is trained.
    """
    if not Path(path).is_file():
        return {}
    known = Known(study.description(), study.rows(), figures, claims)
    values = dict.fromkeys(FUNCTIONS, "") | {"verdict": UNTESTABLE, "setting": 1}
    fill_in(path, known, lambda name: lambda *_, **__: values[name], escape)
    return known.absent


def fill_in(path, known, function, hold):
    """The Markdown of an article with its functions' values in it, after every check.

    function: gives the function of a name; hold: the mark of a value. Raises TunebookError with the
    file, the line, what was found and what is allowed.
    """
    made = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else hold(value),
    )  # fmt: skip
    made.globals = {}
    made.filters["word"] = lambda value: words.word(value) if type(value) is int else value

    def place(line):
        return f"{path}, line {line}"

    def call(name, *args, **kwargs):
        try:
            known.check(name, *args, **kwargs)
        except NotHere:
            return Markup(hold(Markup('<span class="none">(not in this study)</span>')))
        return function(name)(*args, **kwargs)

    try:
        source = Path(path).read_text(encoding="utf-8-sig").translate(PRIVATE)
        check_names(place, made.parse(source), known)
        check_layout(place, made, source)
        return made.from_string(source).render({name: partial(call, name) for name in FUNCTIONS})
    except UnicodeDecodeError as error:
        raise TunebookError(f"{path}: not UTF-8 ({error.reason}); allowed: UTF-8 text") from None
    except TemplateSyntaxError as error:
        told = f"{error.message}; allowed: Jinja2's language"
        raise TunebookError(f"{place(error.lineno)}: {told}") from None
    except FAILURES as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
        if not lines:
            raise
        raise TunebookError(f"{place(lines[-1])}: {error}") from None


def check_names(place, tree, known):
    """Check every name, and every call whose arguments are written out, in all branches."""
    for name in sorted(meta.find_undeclared_variables(tree) - {*FUNCTIONS}):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
        with telling(place(line)):
            check_name("name", name, FUNCTIONS)
    for call in tree.find_all(nodes.Call):
        # Other arguments are known when it is filled in.
        with telling(place(call.lineno)), suppress(nodes.Impossible):
            if called(call) in FUNCTIONS:
                args, kwargs = nodes.args_as_const(call, None)
                try:
                    known.check(called(call), *args, **kwargs)
                except NotHere as error:
                    known.absent[place(call.lineno)] = str(error)
    for comparison in tree.find_all(nodes.Compare):
        sides = [comparison.expr, *(operand.expr for operand in comparison.ops)]
        for side in sides if "verdict" in map(called, sides) else ():
            with telling(place(side.lineno)), suppress(nodes.Impossible):
                value = side.as_const()
                for text in value if isinstance(value, list | tuple) else [value]:
                    check_name("verdict", text, VERDICTS)


def called(node):
    """The name of the function that is called there, None where none is."""
    return getattr(getattr(node, "node", None), "name", None)


def check_layout(place, made, source):
    """Check where things stand, line by line as written."""
    for line, text in enumerate(source.splitlines(), start=1):
        if found := MISPLACED.match(text):
            told = f"found {found[1]} in a heading or a table; allowed: a paragraph of its own"
            raise TunebookError(f"{place(line)}: {told}")
    text = "".join(
        value if kind == "data" else "\n" * value.count("\n") for _, kind, value in made.lex(source)
    )
    for token in MARKDOWN.parse(text):
        for child in token.children or ():
            if child.type == "image":
                told = f"found the image {child.attrs['src']}, which the page could not load"
                line = token.map[0] + 1
                raise TunebookError(f'{place(line)}: {told}; allowed: figure("…")')
