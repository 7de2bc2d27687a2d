"""The report: an article in Markdown, every claim in its place, whole whatever is missing."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from made_up_report import FACTS, HOSTILE, ROOT, TEMPLATES, add_search, write_results
from tunebook.evidence import words
from tunebook.evidence.tables import read_results
from tunebook.jobs import TunebookError
from tunebook.report import cards, explorer
from tunebook.report.article import FUNCTIONS, TABLES, check_article
from tunebook.report.cite import citation
from tunebook.report.explorer import shown_parameters
from tunebook.report.page import Page, breakable, linked, render_report
from tunebook.report.picture import render_picture
from tunebook.report.searches import finalists
from tunebook.report.view import View

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
CONFIGURATION = {"study": {"title": "Stones and fish", "source": "A. Source, On stones", "seed": 3}}


class Html(HTMLParser):
    """The tags of a page with their attributes, and whether they match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.unmatched = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.open[-1:] == [tag]:
            self.open.pop()
        elif tag not in VOID:
            self.unmatched.append(tag)

    def values(self, attribute):
        return [found[attribute] for _, found in self.tags if attribute in found]


def check_whole(page):
    """A page whose tags match, whose ids are unique, whose inner links lead somewhere."""
    parsed = Html(page)
    assert not parsed.unmatched and not parsed.open and not parsed.values("src")
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    inner = {address[1:] for address in parsed.values("href") if address.startswith("#")}
    assert inner <= set(ids), inner - set(ids)
    headings = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert "\ue000" not in page and "\ue002" not in page


def render(study, article=None, figures=("first", "second"), configuration=CONFIGURATION):
    """The page of a made-up study. article: the text of its article.md, beside its results."""
    results, provenance, claims = study
    path = results.parent / "article.md"
    path.unlink(missing_ok=True)
    if article is not None:
        path.write_text(article, encoding="utf-8")
    given = (results, path, claims, figures, configuration, provenance, FACTS, TEMPLATES)
    page = render_report(*given)
    check_whole(page)
    return page


def run_data(page):
    """What the explorer's scripts are given."""
    return json.loads(re.search(r'(?s)id="runs-data">(.*?)</script>', page)[1])


def between(text, start, end):
    text = text[text.index(start) :]
    return text[: text.index(end)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("study"))


ARTICLE = """\
The lead of *{{ study("source") }}*.

# 1 What was found

{{ see("second", "Figure") }} comes later. The error is
{{ number("test_rmse", sweep="rates-lengths", where={"learning_rate": 0.01}) }}.

{{ tally() }}

## 1.1 In the middle

{{ figure("first") }}
{{ claim("reproduced", "undecided") }}

{% if verdict("reproduced") == "reproduced" %}
It holds.
{% else %}
It does not hold.
{% endif %}

#### Deep

{{ figure("second") }}
{{ table("best", problem="kinds", sweep="rates-kinds", claim="reproduced") }}

# 2 At the end

| a | b |
|---|---|
| 1 | {{ setting("learning_rate", sweep="own", where={"breadth": 4, "skip": true}) }} |
"""


@pytest.fixture(scope="module")
def page(study):
    return render(study, ARTICLE)


# ------------------------------------------------------------------------------- the article


def test_the_page_is_whole_and_the_same_again(study, page):
    assert '<html lang="en">' in page
    assert render(study, ARTICLE) == page


def test_markdown_and_values_stand_where_they_were_written(page):
    assert "The lead of <em>A. Source, On stones</em>." in page
    assert "It holds." in page and "It does not hold." not in page
    assert re.search(r"The error is\s+<a class=\"num\"[^>]*>[\d.]+\u202fmm</a>", page)
    assert re.search(r"<td>1</td>\s*<td>0.01</td>", page)


def test_headings_are_numbered_as_written_and_make_the_contents(page):
    assert '<h2 id="section-what-was-found"><span class="number">1</span> What was found' in page
    assert '<h4 id="section-deep">Deep</h4>' in page  # not two levels below the one before
    contents = between(page, 'id="contents"', "</nav>")
    order = ("At a glance", "<b>1</b> What", "<b>1.1</b> In", "Deep", "<b>2</b>", "Provenance")
    assert [contents.index(text) for text in order] == sorted(map(contents.index, order))


def test_figures_and_tables_are_numbered_in_the_order_they_stand_in(page):
    assert '<a href="#figure-second">Figure&nbsp;2</a> comes later' in page
    for word in ("Figure", "Table"):
        found = re.findall(rf'class="figure-number" href="[^"]*">{word}&nbsp;(\d+)', page)
        assert len(found) > 1
        assert [int(number) for number in found] == list(range(1, len(found) + 1)), word


def test_a_tally_counts_the_claims_of_its_section(page):
    assert "Of the two claims made here: one reproduced and one undecided." in page


def test_what_the_article_forgets_comes_at_the_end_once(study, page):
    place = page.index('<h2 id="further">')
    for name in ("partly-reproduced", "not-reproduced", "not-testable"):
        assert page.count(f'id="claim-{name}"') == 1 and page.index(f'id="claim-{name}"') > place
    assert page.index('id="trap-1"') > place > page.index('id="figure-second"')
    short = render(study, "# Nothing\n")
    assert short.index('<h2 id="further">') < short.index('id="figure-first"')
    everything = '{{ claim("reproduced", "partly-reproduced", "not-reproduced", "undecided", '
    everything += '"not-testable", "set-up-as-written") }}{{ traps() }}'
    everything += '{{ figure("first") }}{{ figure("second") }}'
    assert 'id="further"' not in render(study, everything)


def test_a_thing_that_is_placed_twice_is_a_reference_the_second_time(study):
    twice = '{{ figure("first") }} {{ claim("undecided") }} {{ glance() }}\n\n' * 2
    page = render(study, twice)
    assert page.count('id="figure-first"') == page.count('id="glance"') == 1
    assert '<a href="#figure-first">figure&nbsp;1</a>' in page


def test_what_has_no_data_is_a_note_in_its_place(study):
    page = render(
        study,
        '{{ figure("planned") }}{{ table("outcomes", sweep="own", by=["momentum"]) }}'
        '{{ table("network", sweep="own") }}'
        '{{ setting("dropout", sweep="own", where={"skip": 3}) }}'
        '{{ number("gap", sweep="own", where={"breadth": 99}) }}',
        figures=["planned", "first"],
    )
    assert "no data for the figure <code>planned</code>" in page
    assert page.count('class="note missing"') == 3 and "(no such run in this study)" in page


def test_a_study_without_an_article_gets_one_from_its_questions(study):
    page = render(study)
    order = ["glance", "section-which-rates-train-kinds", "section-does-a-skip-help",
             "section-what-it-cost", "explorer"]  # fmt: skip
    places = [page.index(f'id="{mark}"') for mark in order]
    assert places == sorted(places)
    own = between(page, 'id="section-does-a-skip-help">', "<h2")
    assert "The configurations of this sweep, best validation first." in own
    assert page.count('id="figure-first"') == 1 and page.count('id="claim-undecided"') == 1


def test_runs_of_a_sweep_stand_best_first_with_the_chosen_and_the_sources(study):
    page = render(study, '{{ table("search", problem="lengths", sweep="rates-lengths", rows=2) }}')
    table = between(page, "<tbody>", "</tbody>")
    assert "the best two of 9" in page and 'class="tag">the source’s' in table
    places = [int(place) for place in re.findall(r'<td class="number">(\d+)</td>\n<td', table)]
    assert places[:2] == [1, 2] and len(places) >= 2


def test_the_sources_numbers_stand_beside_ours(page):
    table = between(page, "The source, as stated", "</table>")
    assert "97.1 %" in table and "Random forest" in table
    assert "The source’s configuration" in table


def test_the_numbers_of_several_sources_stand_beside_ours_each_under_its_name(study):
    claims = deepcopy(study[2])
    test = claims.claims[0].rule.source["test"]
    claims.claims[0].rule.source["test"] = replace(test, by="the paper")
    other = replace(test, number=0.5, text="50 %", by="its repetition")
    claims.claims[1].rule.source["test"] = other
    names = [claim.id for claim in claims.claims[:2]]
    glance = f"{{{{ glance(claims={names}) }}}}"
    table = f'{{{{ table("best", problem="kinds", claim="{names[1]}") }}}}'
    page = render((*study[:2], claims), f"{glance}\n\n{table}")
    assert "<dt>The paper</dt><dd>97.1 %</dd>" in page
    assert "<dt>Its repetition</dt><dd>50 %</dd>" in page
    assert "its repetition, the paper (from the left)</p>" in page
    assert " below the paper; " in page and " above its repetition; " in page
    assert "Its repetition, as stated" in between(page, '<tr class="of-source">', "</tr>")


def test_the_rank_of_the_sources_configuration_in_our_search_is_told(study):
    view = View(read_results(study[0]))
    best = view.best_of("lengths", ["rates-lengths"], [])
    orders = [view.ranked(view.candidates("lengths"), split) for split in ("validation", "test")]
    at = [words.ordinal(order.index(best["source"]) + 1) for order in orders]
    page = render(study, '{{ table("search", problem="lengths", sweep="rates-lengths") }}')
    told = "Of the 9 configurations that were searched, the source’s is"
    who = " our choice too: it is" if best["same"] else ""
    assert f"{told}{who} {at[0]} by validation and {at[1]} by the test" in page
    # One that was not searched, and none at all.
    page = render(study, '{{ table("search", problem="kinds", sweep="own") }}')
    assert "the source’s is none, our choice is" in page
    page = render(study, '{{ table("search", problem="kinds") }}')
    assert "searched, our choice is" in page


def test_standard_methods_are_told_apart_from_the_best_network_within_their_splits(study):
    results = read_results(study[0])
    view = View(results)
    ((problem, about),) = ((key, each) for key, each in view.problems.items() if each["baselines"])
    whose, against = view.against(view.best_of(problem, [], []))
    assert whose == "our search’s choice"
    ours = results.finite("test_metric", results.best(problem))
    rows = results.baselines[results.baselines["problem"] == problem]
    theirs = rows.set_index("replicate")[f"test_{about['metric'].replace('-', '_')}"]
    apart = [theirs[replicate] - value for replicate, value in ours.items() if value == value]
    (found,) = against.values()
    assert found.n == len(apart) > 2
    assert found.found.centre == pytest.approx(np.mean(apart))
    low, high = found.found[1:3]
    assert low < np.mean(apart) < high
    page = render(study, f'{{{{ table("baselines", problem="{problem}") }}}}')
    assert "Against our search’s choice" in page and found.text in page and found.interval in page


def test_ways_of_predicting_stand_beside_each_other_and_say_what_they_are(tmp_path):
    study = write_results(tmp_path)
    results, runs = study[0], pd.read_csv(study[0] / "runs.csv")
    chosen, *others = runs.loc[runs["problem"] == "lengths", "run"].unique()
    kept = pd.DataFrame({"run": [others[0], chosen], "problem": "lengths"})
    kept.to_parquet(results / "predictions.parquet", index=False)
    article = '{{ table("ways", problem="lengths") }}'
    assert "kept no predictions for Lengths of fish by which ways" in render(study, article)
    ways = {"ensemble": (0.01, 0.008, 0.0123), "ensemble over shifts": (0.02, np.nan, np.nan)}
    told = [(chosen, "lengths", way, 4, "mse", *found, 20) for way, found in ways.items()]
    columns = ["run", "problem", "way", "members", "metric", "value", "low", "high", "rows"]
    pd.DataFrame(told, columns=columns).to_csv(results / "ensembles.csv", index=False)
    table = between(render(study, article), "Predicted by", "</table>")
    rows = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in table.split("<tr>")[1:]]
    assert len(rows) == 3, "of a run without an ensemble there is nothing to compare"
    view = View(read_results(results))
    run = view.runs[chosen]
    shown = view.of("test_metric", run)
    assert f"one network {shown.text} {shown.interval} {view.on_other_rows(run)} 5" in rows[0]
    assert "ensemble of 4 networks 0.0100 0.00800 to 0.0123 1" in rows[1]
    assert "ensemble of 4 networks averaged over shifts 0.0200 – 1" in rows[2]
    assert "On others" in table
    # Of another sweep nothing was kept.
    assert "kept no predictions" in render(
        study, '{{ table("ways", sweep="own", problem="kinds") }}'
    )


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A study with two searches: one judged by what is better higher, and one lower."""
    folder = tmp_path_factory.mktemp("searched")
    made = write_results(folder)
    for problem in ("kinds", "lengths"):
        add_search(folder, f"find-{problem}", problem)
    return made


def test_finalists_have_what_they_reached_in_the_search_and_when_trained_again(searched):
    results = read_results(searched[0])
    trials = results.trials_of("find-kinds").set_index("run")
    text = render(searched, '{{ table("finalists", sweep="find-kinds") }}')
    table = between(text, "The best of 40 trials of the search find-kinds", "</table>")
    rows = re.findall(r"<tr .*?</tr>", table[table.index("<tbody>") :], re.DOTALL)
    again = {}
    for name in results.members("find-kinds"):
        ends = results.finite("validation_metric", name)
        again[name] = np.mean([ends[replicate] for replicate in (2, 3, 4)])
    for row, name in zip(rows, sorted(again, key=again.get, reverse=True), strict=True):
        row = row.replace("\u202f", " ")
        value = trials.loc[name, "value"]
        worse = f"{100 * (value - again[name]):.2f} points".replace("-", "−")
        tests = [v for key, v in results.finite("test_metric", name).items() if key > 1]
        for told in (
            f"Trial {trials.loc[name, 'trial']}<",
            f">{100 * value:.2f} %<",
            f">{100 * again[name]:.2f} %</a>",
            f">{worse}<",
            f">{100 * np.mean(tests):.2f} %</a>",
            "n&nbsp;=&nbsp;3</span>",
        ):
            assert told in row, (told, row)
        assert ("chosen" in row) == (name == results.best("kinds"))


def test_how_far_the_winner_of_a_search_fell_is_told_with_why(searched):
    results, page = read_results(searched[0]), render(searched)
    for problem, side in (("kinds", -1), ("lengths", 1)):
        rows = {run.name: row["value"] for run, row in results.finalists_of(f"find-{problem}")}
        winner = min(rows, key=lambda name: side * rows[name])
        again = View(results).of("validation_metric", results.run(winner), since=2)
        assert side * (again.found.centre - rows[winner]) > 0
        told = between(page, f"of the search find-{problem}", "</table>")
        note = between(page[page.index(told) :], 'class="note"', "</p>")
        assert "The best of 40 trials had" in note and again.text in note and again.interval in note
        assert "worse by" in note and "the luckiest of them" in note
        fall = words.show(abs(again.found.centre - rows[winner]), again.unit, signed=True)
        assert fall.lstrip("+") in note
        first = finalists(View(results), f"find-{problem}")[0]
        assert ("another one" in note) == (first.run.name != winner)


def test_a_winner_that_does_not_fall_is_not_said_to(tmp_path):
    made = write_results(tmp_path, replicates=4)
    names = add_search(tmp_path, "find", "kinds")
    trials = pd.read_csv(made[0] / "trials.csv")
    trials.loc[trials["run"].isin(names), "value"] = 0.01
    trials.to_csv(made[0] / "trials.csv", index=False)
    page = render(made, '{{ table("finalists", sweep="find") }}')
    assert "it did not fall." in page and "luckiest" not in page


def test_searches_come_by_themselves_where_no_article_places_them(searched):
    figures = searched[0] / "figures"
    for path in figures.glob("first.*"):  # as a search's own figure, whose runs a grid has as well
        text = path.read_text().replace("first", "find-kinds")
        path.with_name(path.name.replace("first", "find-kinds")).write_text(text)
    runs = read_results(searched[0]).members("find-kinds")
    alter(figures / "find-kinds.json", lambda about: about.update(runs=runs))
    page = render(searched, figures=["first", "find-kinds"])
    own = between(page, 'id="section-what-does-find-kinds-find">', "<h2")
    assert "of the search find-kinds" in own and "configurations of this sweep" not in own
    assert 'id="figure-find-kinds"' in own
    page = render(searched, '# Mine\n\n{{ table("finalists", sweep="find-kinds") }}')
    place = page.index('<h2 id="further">')
    assert page.index("of the search find-kinds") < place < page.index("of the search find-lengths")
    assert page.count("of the search find-kinds,") == page.count("of the search find-lengths,") == 1
    assert "80 trials of two searches" in page
    seconds = read_results(searched[0]).trials["seconds"].sum()
    assert f"trials of searches took {words.duration(seconds)} of one core besides" in page
    assert '<td class="number">3 of 40 trials</td>' in between(page, 'id="sweeps"', "</table>")


def test_a_search_whose_trials_are_missing_is_a_note_and_another_sweep_is_refused(tmp_path):
    made = write_results(tmp_path)
    add_search(tmp_path, "find", "kinds")
    (made[0] / "trials.csv").unlink()
    page = render(made, '{{ table("finalists", sweep="find") }}')
    assert "no finalists of the search find." in page
    with pytest.raises(
        TunebookError, match="found own, which is no search; allowed: a search: find"
    ):
        render(made, '{{ table("finalists", sweep="own") }}')


def test_a_choice_from_a_search_has_no_place_in_the_grid(tmp_path):
    made = write_results(tmp_path)
    alter(made[0] / "study.json", lambda study: study["problems"]["kinds"].update(
        best={"run": study["sweeps"]["own"]["runs"][0]}))  # fmt: skip
    page = render(made, '{{ table("search", problem="kinds", sweep="rates-kinds") }}')
    assert "our choice is none." in page


def test_the_source_and_the_best_that_was_found_stand_side_by_side(study):
    view = View(read_results(study[0]))
    call = '{{ glance(sweeps=["rates-kinds", "rates-lengths"], beyond=["own", "gone"]) }}'
    page = render(study, call)
    card = between(page, "Best network: Kinds of stones", 'class="beside"')
    source = view.runs[view.sweeps["rates-kinds"]["runs"][0]]
    found = view.ranked(view.sweeps["own"]["runs"])[0]
    first, second = card[: card.index("The best we found")], card[card.index("The best we found") :]
    assert "The source’s, trained again" in first
    for part, run in ((first, source), (second, found)):
        shown = view.of("test_metric", run)
        assert f">{shown.text}</a>" in part and f"{shown.interval}, n&nbsp;=&nbsp;5" in part
        assert f'data-run="{run.name}"' in part
    assert f"The best we found: {found.label}" in between(page, 'class="beside"', "</section>")
    # Strips side by side have one scale.
    shown = [view.of("test_metric", run) for run in (source, found)]
    ends = [end for each in shown for end in (*each.values, *each.found[:3])]
    for each in shown:
        at = view.strip(each, {}, shown)
        span = 88 * (each.found.centre - min(ends)) / (max(ends) - min(ends))
        assert at["mean"] == pytest.approx(6 + span, abs=0.01)
    # The other problem has nothing beyond, and is shown as before.
    assert "The best we found" not in between(page, "Best network: Lengths of fish", "</section>")


def test_standard_methods_that_are_ahead_are_named(study):
    page = render(study, '{{ table("best", problem="kinds", sweep="rates-kinds") }}')
    view = View(read_results(study[0]))
    best = view.best_of("kinds", ["rates-kinds"], [])
    own = [view.of("test_metric", best[key]).found.centre for key in ("source", "chosen")]
    note = between(page, "</table>", "<details")
    assert note.count("ahead of") == len({*own})
    assert ("Random forest" in note) == (min(own) < 0.8)
    if min(own) < 0.8:
        assert "one of the standard methods is ahead of" in note and "Random forest (80.00" in note
    # A problem without standard methods has no such sentence.
    assert (
        "ahead of"
        not in render(study, '{{ table("best", problem="lengths") }}').split("<article")[1]
    )


def test_further_networks_stand_beside_the_best(study):
    call = '{{ table("best", problem="kinds", sweep="rates-kinds", beside={"own": "Our <own>"}) }}'
    table = between(render(study, call), "The source’s configuration<br>", "</table>")
    assert table.count("Our &lt;own&gt;<br>") == 4


def test_what_was_typed_is_set_with_the_signs_of_print(tmp_path):
    results, provenance, claims = write_results(tmp_path)
    claims.traps[0].update(title="Not 2 x 2", found="It's -1.", tested="Both are.")
    alter(results / "figures/first.json", lambda about: about.update(caption="The 3 x 3's."))
    page = render((results, provenance, claims), '{{ figure("first") }}\n\nOf 4 x 4, `5 x 5`.')
    for text in ("Not 2 × 2", "It’s −1. Both are.", "The 3 × 3’s.", "Of 4 × 4", "5 x 5"):
        assert text in page, text


def test_an_interval_says_which_test_rows_it_speaks_of(study):
    of = '{{{{ glance(sweeps=["rates-{0}"]) }}}}\n\n'
    of += '{{{{ table("best", problem="{0}", sweep="rates-{0}") }}}}'
    view = View(read_results(study[0]))
    run = view.runs[view.sweeps["rates-lengths"]["runs"][0]]
    here, others = view.of("test_metric", run).interval, view.on_other_rows(run)
    page = render(study, of.format("lengths"))
    card = between(page, "Best network: Lengths of fish", "</div>")
    assert f"{here} on these 20 test rows" in card and f"{others} on others of their kind" in card
    table = between(page, "The source’s configuration<br>", "</tr>")
    assert table.index(here) < table.index(f"others: {others}")
    # A metric that is no mean over rows, or test rows drawn anew, have one interval.
    page = render(study, of.format("kinds"))
    assert "others" not in between(page, "Best network: Kinds of stones", "</div>")
    assert "others: " not in between(page, "The source’s configuration<br>", "</table>")


def test_the_unit_of_scaled_errors_is_told(study):
    page = render(study, '{{ table("problems") }}')
    assert "range over all rows: 412.5\u202fmm" in page


def test_claims_have_their_pieces_evidence_and_the_studys_own_files(study, page):
    card = between(page, 'id="claim-reproduced"', 'id="claim-undecided"')
    for text in ("The title of reproduced", "Our words for reproduced.", "97.1 %", "91.00 %",
                 "Why reproduced.", "a piece of reproduced", "shown beside it", study[2].path,
                 "(section&nbsp;2.2, paragraph\u00a03)", "(does not decide)",
                 f"{study[0].as_posix()}/claims.json"):  # fmt: skip
        assert text in card, text
    assert "The title of undecided" in between(page, 'id="glance"', 'class="key-facts"')
    mark = '<a href="#trap-1" title="A trap" aria-label="Trap 1: A trap">1</a>'
    assert mark in card and page.count(mark) == 1


def test_a_card_shows_its_deciding_piece_first_and_where_its_number_lies(page):
    card = between(page, 'id="claim-reproduced"', 'id="evidence-claim-reproduced"')
    assert card.index("a piece of reproduced") < card.index("a piece beside")
    plots = re.findall(r'class="plot.*?</span>', card, re.DOTALL)
    assert len(plots) == 1  # what has no number is not drawn
    places = {
        name: float(place)
        for name, place in re.findall(r'"(dot|stated)" style="left:(.*?)%', plots[0])
    }
    assert 0 < places["dot"] < places["stated"] < 100
    assert 'class="zone"' in plots[0] and "right:0.0%" in plots[0]  # it would hold from 96 % on


def test_the_strip_has_a_cell_a_claim_in_order_and_a_mark_a_piece(study, page):
    told = json.loads((study[0] / "claims.json").read_text())
    strip = between(page, 'class="claims-strip"', 'class="lessons"')
    cells = re.findall(r'<a class="cell [a-z-]+" href="#claim-(.*?)".*?</a>', strip, re.DOTALL)
    assert cells == [claim["id"] for claim in told]
    marks = [
        len(re.findall('class="pip', cell))
        for cell in re.findall(r'<a class="cell.*?</a>', strip, re.DOTALL)
    ]
    assert marks == [len(claim["pieces"]) for claim in told]
    legend = between(strip, 'class="strip-legend"', "</p>")
    counts = [int(each) for each in re.findall(r"<b>(\d+)</b>", legend)]
    assert sum(counts) == sum(marks)


def test_what_to_take_from_a_claim_hangs_on_its_outcome(study):
    page = render(study, '{{ glance(first=["not-reproduced"]) }}')
    back, keep, unknown = (
        between(page, f'class="lessons-{key}"', "</section>") for key in ("back", "keep", "open")
    )
    assert "What not-reproduced teaches." in back and "What partly-reproduced teaches." in back
    assert back.index("not-reproduced") < back.index("partly-reproduced")
    assert "What reproduced teaches." in keep
    assert "The title of undecided" in unknown and "Undecided: 91.00 %" in unknown  # no sentence
    assert "What not-testable teaches." in unknown
    assert "set-up-as-written" not in back + keep + unknown


def test_a_trap_ends_in_what_came_of_it(study):
    page = render(study, "{{ traps() }}")
    trap = between(page, 'class="trap"', "</section>")
    assert "It says two things. Both are tested." in trap
    assert '<a class="lesson" href="#claim-reproduced">What reproduced teaches.</a>' in trap


PIECE = {"number": 1.0, "low": 0.5, "high": 2.0, "unit": "times", "signed": False,
         "passes": [None, 1.0], "stated": None}  # fmt: skip


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        (PIECE, {"dot": 50.0, "zone": [0.0, 50.0], "line": 50.0}),  # ratios on a log scale
        (PIECE | {"unit": "share", "passes": [0.5, 1.0]}, {"line": 50.0, "dot": 93.9}),
        (PIECE | {"unit": "x", "signed": True, "low": None, "high": None, "number": -1.0},
         {"low": None, "line": 50.0, "zone": [0.0, 93.9]}),
        (PIECE | {"passes": [], "stated": 4.0}, {"zone": None, "stated": 93.9}),
        (PIECE | {"number": 0.0, "low": None}, {"dot": 6.1}),  # no logarithm of 0
    ],
)  # fmt: skip
def test_a_number_lies_where_its_scale_puts_it(piece, found):
    place = cards.forest(piece)
    assert {key: place[key] for key in found} == found


def test_nothing_is_drawn_without_a_number_or_anything_to_hold_it_against():
    assert cards.forest(PIECE | {"number": None}) is None
    assert cards.forest(PIECE | {"passes": []}) is None


# ------------------------------------------------------------------------------- what is shared


def test_the_head_says_what_was_found_and_names_the_picture(study, page):
    finding = (
        "What partly-reproduced teaches. "
        "Of 5 claims: 1 reproduced, 1 partly reproduced, 1 not reproduced, 1 undecided and 1"
    )
    parsed = Html(between(page, "<head>", "</head>"))
    said = {found.get("name") or found.get("property"): found.get("content")
            for tag, found in parsed.tags if tag == "meta"}  # fmt: skip
    assert said["description"] == said["og:description"] == f"{finding} not testable."
    assert said["og:title"] == "Stones and fish" and said["og:image"] == "report.png"
    icon = next(found for tag, found in parsed.tags if found.get("rel") == "icon")
    assert icon["href"].startswith("data:image/svg+xml;base64,")


def test_the_picture_of_a_study_is_the_same_again_and_whatever_its_size(tmp_path):
    results, _, _ = write_results(tmp_path)
    title = "Stones and fish"
    picture = render_picture(results, title)
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1200, 630) and picture.startswith(b"\x89PNG")
    assert render_picture(results, title) == picture
    claims = json.loads((results / "claims.json").read_text())
    for some in ([], claims[:1], claims * 60):
        (results / "claims.json").write_text(json.dumps(some))
        assert render_picture(results, f"{HOSTILE} ${'Averylongname' * 30}") != picture
    claims[0]["pieces"][0]["verdict"] = "undecided"
    (results / "claims.json").write_text(json.dumps(claims))
    assert render_picture(results, title) != picture


def test_a_study_is_cited_by_what_is_known_of_it(page):
    commit = {"id": "0123456789abcdef", "changed": False}
    data = [{"title": "Stones", "kind": "real", "files": [{"sha256": "ab" * 32}, {"sha256": ""}]}]
    study = {"title": "Rocks & {co}", "source": "A. Source, On stones", "seed": 1}
    told = citation(study, "2026-01-02T03:04:05+00:00", commit, data)
    assert told["sentence"] == (
        "Rocks & {co}. After A. Source, On stones. Run on 2 January 2026 with Tunebook, "
        "commit 0123456789ab; data: Stones (SHA-256 abababababab…)."
    )
    assert told["bibtex"].startswith("@misc{rocks2026,\n  title = {{Rocks \\& \\{co\\}}},\n")
    assert "year = {2026},\n  month = jan,\n" in told["bibtex"] and "author" not in told["bibtex"]
    told = citation(study | {"author": "An Author"}, "2026-01-02T03:04:05+00:00", None, [])
    assert told["sentence"].startswith("An Author. Rocks") and "commit" not in told["sentence"]
    assert "author = {{An Author}}" in told["bibtex"] and "data" not in told["bibtex"]
    assert 'href="#cite"' in between(page, '<footer class="bottom">', "</footer>")
    assert "@misc{stones2023," in between(page, 'id="cite-bibtex"', "</pre>")


def test_addresses_become_links_and_nothing_else_does():
    assert str(linked("See http://a.b/c, <b>")) == (
        'See <a href="http://a.b/c" rel="noreferrer">http://a.b/c</a>, &lt;b&gt;'
    )
    assert str(breakable("../a<b/c.csv")) == "../<wbr>a&lt;b/<wbr>c<wbr>.csv"


# ------------------------------------------------------------------------------- what is refused

FOUND = {
    '{{ figure("furst") }}': r"figure: found furst; allowed: first, second",
    '{{ see("nothing") }}': "figure: found nothing",
    '{{ claim("reproduced", "x") }}': "claim: found x; allowed:",
    '{% if verdict("x") == "reproduced" %}a{% endif %}': "claim: found x",
    '{% if verdict("undecided") == "reproducd" %}a{% endif %}': "verdict: found reproducd; allowed",
    '{% if verdict("undecided") in ["no"] %}a{% endif %}': "verdict: found no",
    '{% if 1 > 2 %}{{ figure("x") }}{% endif %}': "figure: found x",
    '{{ tally("9.9") }}': "member: found 9.9; allowed: reproduced",
    '{{ traps("No such") }}': "trap: found No such; allowed: A trap",
    '{{ glance(claims=["y"]) }}': "claim: found y",
    '{{ glance(first=["y"]) }}': "first: found y; allowed: reproduced",
    '{{ study("author") }}': "about: found author; allowed: title, source",
    '{{ number("test_rmse") }}': "metric: found test_rmse",
    '{{ claim(["undecided"]) }}': r"claim: found \['undecided'\]",
    '{{ number("test_rmse", sweep="rates-kinds", where={"learning_rate": 0.01}) }}': "test_rmse",
    '{{ number("gap", sweep="rates-kinds") }}': "3 runs fit .* also fixes learning_rate",
    '{{ number("gap", run="x") }}': "run: found x; allowed: best",
    '{{ number("gap", run="best") }}': 'run="best": found no problem; allowed: kinds, lengths',
    '{{ number("gap", sweep="own", where={"brdth": 4}) }}': "where: found brdth; allowed: breadth",
    '{{ setting("skp", run="best", problem="kinds") }}': "parameter: found skp; allowed: skip",
    '{{ setting("skip") }}': "setting: found neither run nor sweep",
    '{{ table("bst") }}': "kind: found bst; allowed: best",
    '{{ table("runs") }}': "table: found no sweep; allowed: rates-kinds",
    '{{ table("outcomes", sweep="own", by=["brd"]) }}': "by: found brd",
    '{{ figure() }}': "figure: missing a required argument.*allowed: figure\\(figure\\)",
    '{{ figure("first", 3) }}': "too many positional arguments",
    '{{ figur("first") }}': "name: found figur; allowed: figure",
    "{{ runs }}": "name: found runs",
    '{{ "a" | shout }}': "No filter named 'shout'",
    "{% if %}": "Expected an expression",
    "{{ figure('first' }}": "unexpected '}'",
    "{% for x in [1] %}{{ x.y }}{% endfor %}": "'int object' has no attribute 'y'",
    '{% for n in ["first", "x"] %}{{ figure(n) }}{% endfor %}': "figure: found x",
    '{{ "".__class__.__mro__ }}': "access to attribute .* is unsafe",
    '# A heading {{ figure("first") }}': "found figure in a heading or a table",
    '| {{ claim("undecided") }} |': "found claim in a heading or a table",
    "Look: ![a picture](picture.png)": "found the image picture.png",
    "Look: ![a picture][there]\n\n[there]: x.png": "found the image x.png",
}  # fmt: skip


@pytest.fixture
def check(tmp_path, study):
    """Checks an article as the workflow does before anything is trained."""
    found = read_results(study[0])
    rows = [run.row for run in found.by_name.values()]
    untrained = SimpleNamespace(description=lambda: found.study, rows=lambda: rows)

    def check_one(content=None):
        path = tmp_path / "article.md"
        if content is not None:
            path.write_bytes(content)
        return check_article(path, untrained, ["first", "second"], study[2])

    return check_one


@pytest.mark.parametrize(("text", "message"), FOUND.items(), ids=FOUND)
def test_a_slip_in_an_article_is_named_before_anything_is_trained(check, text, message):
    with pytest.raises(TunebookError, match=rf"article\.md, line 3: .*{message}"):
        check(f"Two lines.\n\n{text}\n".encode())


# What an article says of a sweep or a problem that was taken out of the study.
ABSENT = {
    '{{ question("x") }}': "sweep: found x; allowed: rates-kinds",
    '{{ number("gap", sweep="x") }}': "sweep: found x",
    '{{ setting("width", sweep="x") | word }} layers': "sweep: found x",
    '{{ table("best", problem="x") }}': "problem: found x; allowed: kinds, lengths",
    '{% if 1 > 2 %}{{ table("runs", sweep="x") }}{% endif %}': "sweep: found x",
}


@pytest.mark.parametrize(("text", "message"), ABSENT.items(), ids=ABSENT)
def test_what_is_not_in_this_study_is_noted_by_its_place_and_stops_nothing(check, text, message):
    [(place, told)] = check(f"Two lines.\n\n{text}\n".encode()).items()
    assert place.endswith("article.md, line 3") and message in told


def test_of_several_sweeps_those_that_are_not_in_this_study_are_left_out(check):
    assert check(b'{{ glance(sweeps=["own", "x"]) }}') == {}


def test_a_good_article_and_none_pass(check):
    check()
    check(("\ufeff" + ARTICLE).encode())
    with pytest.raises(TunebookError, match="not UTF-8"):
        check(b"\xff\xfe\x00bad")


def test_articles_are_checked_without_loading_pandas_or_scipy():
    told = "import sys, tunebook.report.article; "
    told += "sys.exit(bool({'pandas', 'scipy.stats', 'torch'} & {*sys.modules}))"
    where = ROOT / "workflow/scripts"
    assert subprocess.run([sys.executable, "-c", told], cwd=where, check=False).returncode == 0


def test_the_default_article_places_each_claim_and_names_no_number_of_the_source():
    text = (ROOT / "config/article.md").read_text("utf-8")
    content = yaml.safe_load((ROOT / "config/claims.yaml").read_text("utf-8"))
    claims = content["claims"]
    for claim in claims:
        placed = re.findall(rf'claim\([^)]*"{claim["id"]}"', text)
        assert len([each for each in placed if "claim=" not in each]) >= 1, claim["id"]
    values = {str(v["value"]) for claim in claims for v in claim.get("source", {}).values()}
    for value in (value for value in values if "." in value and len(value) > 3):
        assert not re.search(rf"(?<![\d.-]){re.escape(value)}(?![\d.])", text), value


def test_every_function_and_kind_of_table_is_there(study):
    page = Page(read_results(study[0]), study[2], [], CONFIGURATION, FACTS, TEMPLATES)
    assert all(callable(getattr(page, name)) for name in FUNCTIONS)
    assert all(callable(getattr(page.tables, kind)) for kind in TABLES)


# ------------------------------------------------------------------------------- safety


@pytest.mark.parametrize(
    "text",
    [HOSTILE, f"[x](javascript:alert(1)) {HOSTILE}", f"`{HOSTILE}`", f"# {HOSTILE}",
     f"{{{{ '{HOSTILE}' }}}}", f"{{{{ '{HOSTILE}' | safe }}}}", "<div onclick=alert(1)>x</div>",
     f"{{% set x %}}{HOSTILE}{{% endset %}}{{{{ x }}}}", "[a]: javascript:alert(1)\n\n[a]",
     "\ue0000\ue001 \ue0020\ue003 {{ '\\ue0020\\ue003' }}{% set x = glance() %}{{ x }}{{ x }}",
     "<svg onload=alert(1)>",
     '[x](https://a.b/"onmouseover=alert(1))', "![x](javascript:alert(1)"],
)  # fmt: skip
def test_no_markup_of_an_article_becomes_markup(study, text):
    page = render(study, text + "\n\n{{ glance() }}\n")
    body = between(page, "</header>", 'id="provenance"')
    assert "<script>alert" not in body and "<img" not in body and "<svg onload" not in body
    assert not re.search(r"<[^>]* on\w+=", body) and 'href="javascript:' not in body


def alter(path, change):
    """Change the content of a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_markup_and_long_names_of_a_study_stay_text(tmp_path):
    study = write_results(tmp_path)
    results, provenance, claims = study
    alter(results / "study.json", lambda study: [
        study["sweeps"]["own"].update(question=f"*{HOSTILE}*"),
        study["problems"]["kinds"].update(title=HOSTILE),
    ])  # fmt: skip
    figure = {"title": HOSTILE, "caption": HOSTILE, "alt": HOSTILE, "runs": [HOSTILE]}
    figure |= {"finding": {"reproduced": HOSTILE}}
    alter(results / "figures/first.json", lambda about: about.update(figure))
    hostile = {"citation": HOSTILE, "title": f"{HOSTILE} {'Averylongname' * 30}"}
    alter(provenance[1], lambda about: about.update(hostile))
    alter(provenance[1], lambda about: about["files"][0].update(address="javascript:alert(3)"))
    claim = dict.fromkeys(("title", "claim", "claimed", "why"), HOSTILE)
    alter(results / "claims.json", lambda told: [each.update(claim) for each in told])
    piece = {"text": HOSTILE, "about": HOSTILE}
    alter(results / "claims.json", lambda told: [c["pieces"][0].update(piece) for c in told])
    runs = pd.read_csv(results / "runs.csv", dtype={"batch_size": str})
    runs["module"] = runs["module"].where(runs["module"].isna(), f"x:{HOSTILE}{'z' * 300}")
    runs.to_csv(results / "runs.csv", index=False)
    claims.traps[0] |= {"title": HOSTILE, "found": HOSTILE}
    named = {"title": HOSTILE, "source": HOSTILE, "seed": 3}
    text = render(study, configuration={"study": named, "x": HOSTILE})
    assert "<script>alert" not in text and "<img src=x" not in text
    assert 'href="javascript:' not in text
    assert run_data(text)["questions"]["own"] == f"*{HOSTILE}*"


# ------------------------------------------------------------------------------- odd studies


@pytest.mark.parametrize("problem", ["kinds", "lengths"])
def test_one_problem_only(tmp_path, problem):
    study = write_results(tmp_path, problems=(problem,))
    other = {"kinds": "Lengths of fish", "lengths": "Kinds of stones"}[problem]
    assert other not in render(study)
    assert "(no such run" not in render(study, '{{ number("gap", run="best") }}')


NOTHING_HELD = "nothing was held out for validation, so that no configuration could be chosen"


@pytest.mark.parametrize("article", [None, ARTICLE])
def test_a_study_without_rows_for_validation_says_what_that_means(tmp_path, article):
    study = write_results(tmp_path, unvalidated=("kinds", "lengths"))
    page = render(study, article)
    told = f"Of Kinds of stones and Lengths of fish {NOTHING_HELD}"
    assert page.count(told) == 1  # with the problems, or with the data
    assert "is not an estimate of anything" in page
    assert "best validation first" not in page and 'data-state="validation"' not in page
    assert page.count(">Validation</th>") == (article is None)  # of the problems' rows: none
    explored = run_data(page)["problems"]["lengths"]
    assert explored["judged"] == "test_metric" and explored["error"].startswith("Test squared")
    assert explored["splits"] == ["Training", "Test"]
    assert not re.search("validation|gap", json.dumps(explored["measures"]))
    runs = read_results(study[0]).by_name
    names = [name for name in runs if name.startswith("lengths")]
    assert [run["id"] for run in explored["runs"]] == names


def test_one_problem_without_rows_for_validation_leaves_the_other_as_it_is(tmp_path):
    study = write_results(tmp_path, unvalidated=("lengths",))
    page = render(study, '{{ table("problems") }}{{ table("best", problem="lengths") }}')
    assert page.count(f"Of Lengths of fish {NOTHING_HELD}") == 2
    assert "This study has no best network for Lengths of fish" in page
    assert page.count("best validation first") == page.count('data-state="validation"') == 1
    explored = run_data(page)["problems"]
    assert explored["kinds"]["judged"] == "validation_metric"
    assert explored["kinds"]["splits"] == ["Training", "Validation", "Test"]


TABLES_WITHOUT = {
    'table("best", problem="kinds", sweep="rates-kinds")':
        ["of networks", "source’s configuration", NOTHING_HELD],
    'table("baselines", problem="kinds")': ["of standard methods", "Random forest"],
    'table("search", problem="kinds")': ["searched no grid for Kinds of stones", NOTHING_HELD],
    'table("runs", sweep="own", rows=2)': ["in the order of the study; the first two of 4"],
    'number("validation_metric", sweep="rates-kinds", where={"learning_rate": 0.1})':
        ["(no rows were left for validation)"],
    'number("test_metric", run="best", problem="kinds")': ["(no run was chosen)"],
}  # fmt: skip


@pytest.mark.parametrize("asked", TABLES_WITHOUT)
def test_what_an_article_asks_for_is_told_without_rows_for_validation(tmp_path, asked):
    study = write_results(tmp_path, unvalidated=("kinds", "lengths"))
    page = between(render(study, f"{{{{ {asked} }}}}"), "<article>", "</article>")
    for words_ in TABLES_WITHOUT[asked]:
        assert words_ in page
    assert not re.search(r"\bnan\b|best networks|Validation</th>", page)


def test_of_what_was_found_none_is_the_best_where_none_could_choose(tmp_path):
    study = write_results(tmp_path, unvalidated=("kinds", "lengths"))
    view = View(read_results(study[0]))
    several = view.best_of("kinds", [], [], ["grid-kinds"])
    assert several["chosen"] is several["found"] is several["run"] is None


def test_arguments_of_a_studys_own_network_are_columns_filters_and_axes(study, page):
    data = run_data(page)
    kinds = data["problems"]["kinds"]
    axes = {axis["key"]: axis for axis in kinds["axes"]}
    assert axes["breadth"]["label"] == "Breadth" and axes["breadth"]["number"]
    assert kinds["choices"]["skip"] == [["false", "no"], ["true", "yes"]]
    assert kinds["metric"] == "balanced accuracy" and kinds["better"] == "higher"
    assert "Breadth</th>" in page and "Skip</a></th>" in page
    lengths = data["problems"]["lengths"]
    assert lengths["better"] == "lower"
    assert "Test root mean squared error of a replicate (mm)" in [
        each["label"] for each in lengths["measures"]
    ]


def test_arguments_called_like_what_a_dense_network_is_named_by_get_columns_too():
    def run(**settings):
        return SimpleNamespace(settings=settings)

    dense = [run(model="dense", width=width, widths=f"{width}") for width in (8, 16)]
    own = [run(model="module", module="n.py:Skip", width=width) for width in (2, 16)]
    assert shown_parameters(dense) == []
    assert shown_parameters([*dense, *own]) == ["width"]


def test_layers_are_worked_out_as_the_network_is_built(study):
    view = View(read_results(study[0]))
    view.problems["kinds"] |= {"shape": [1, 16, 12]}
    known = {"model": "convolutional", "channels": "16-32", "widths": 20, "kernel": 5, "padding": 2,
             "pooling": 2}  # fmt: skip
    run = SimpleNamespace(problem="kinds", settings=known)
    assert [size for _, size in view.layers(run)] == [
        "1 × 16 × 12", "16 × 8 × 6", "32 × 4 × 3", "384", "20", "3"
    ]  # fmt: skip
    known |= {"kernel": "5-3", "padding": "2-0", "stride": "2-1", "pooling": "1-4"}
    known |= {"pooling_kind": "average", "normalization": "batch", "activation": "gelu"}
    run = SimpleNamespace(problem="kinds", settings=known)
    assert view.layers(run)[1:-1] == [
        ("Convolution 5 × 5, padding 2, stride 2; batch normalization; GELU", "16 × 8 × 6"),
        ("Convolution 3 × 3, padding 0; batch normalization; GELU; average pooling 4 × 4",
         "32 × 1 × 1"),
        ("Flattened", "32"), ("Dense; batch normalization; GELU", "20"),
    ]  # fmt: skip
    run = SimpleNamespace(problem="lengths", settings={"model": "dense", "widths": "10-5"})
    assert [size for _, size in view.layers(run)] == ["2", "10", "5", "1"]


@pytest.mark.parametrize(
    "missing",
    [("claims",), ("timing",), ("baselines",), ("cost",), ("history",), ("importance",),
     ("claims", "timing", "baselines", "cost", "history", "importance")],
)  # fmt: skip
def test_a_missing_table_leaves_a_whole_page(tmp_path, missing):
    text = render(write_results(tmp_path, leave_out=missing))
    assert ("No claim was tested" in text) == ("claims" in missing)


def test_stand_in_data_are_never_silent(tmp_path, page):
    text = render(write_results(tmp_path, kind="sample"), ARTICLE)
    assert '<div class="banner" role="note">' in text and "on stand-in data" in text
    assert 'class="strip-source"' not in text
    assert '<div class="banner" role="note">' not in page


def test_provenance_with_gaps_reads_as_unknown(tmp_path):
    results, provenance, claims = write_results(tmp_path)
    assert "only plain <code>http</code>" in render((results, provenance, claims))
    for path in provenance:
        path.write_text(json.dumps({"dataset": path.stem, "kind": "real", "files": [{}]}))
    assert '<th scope="row">stones</th>' in render((results, provenance, claims))
    assert "kept no record of where its data" in render((results, [], claims))


def test_a_single_replicate_has_no_interval(tmp_path):
    text = render(write_results(tmp_path, replicates=1), '{{ table("runs", sweep="own") }}')
    assert 'class="interval"' not in between(text, "<tbody>", "</tbody>")


def test_runs_without_any_finite_metric(tmp_path):
    text = render(write_results(tmp_path, hostile=True))
    assert "none finite" in text
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"(?s)<(script|style).*?</\1>", "", text))


def test_a_figure_begins_with_its_finding_and_leads_to_its_claims(study, page):
    about = json.loads((study[0] / "figures/first.json").read_text("utf-8"))
    verdicts = {c["id"]: c["verdict"] for c in json.loads((study[0] / "claims.json").read_text())}
    said = about["finding"][verdicts["reproduced"]]
    caption = between(page, 'id="figure-first"', "</figcaption>")
    assert f'<b class="finding">{said}</b>' in caption and 'href="#claim-reproduced"' in caption
    assert 'id="figure-1"' in page, "found by its number too"


def test_a_damaged_table_and_figure_are_named(tmp_path):
    study = write_results(tmp_path)
    (study[0] / "figures/first.svg").write_text("nothing drawn")
    with pytest.raises(TunebookError, match=r"first\.svg: not an SVG file"):
        render(study)
    (study[0] / "history.parquet").write_bytes(b"not a table")
    with pytest.raises(TunebookError, match=r"history\.parquet"):
        render(study)


# ------------------------------------------------------------------------------- explorer


def test_long_curves_are_thinned_and_keep_their_ends():
    epochs = explorer.kept_epochs(1000, 60)
    assert epochs[0] == 1 and epochs[-1] == 1000 and len(epochs) <= 60
    assert list(explorer.kept_epochs(5, 60)) == [1, 2, 3, 4, 5]


def test_curves_have_gaps_where_nothing_is_finite():
    values = np.array([[1.0, np.nan], [3.0, np.inf]])
    expected = [[2, np.nan], [1, np.nan], [3, np.nan]]
    np.testing.assert_array_equal(explorer.band(values, np.array([1, 2])), expected)
    assert explorer.coded([2.0, np.nan, 2.0])[1:] == [None, 0]


def test_no_peak_of_a_long_curve_is_lost():
    curve = np.ones((1, 1000))
    curve[0, 501], curve[0, 777] = 9, 0
    epochs = explorer.kept_epochs(1000, 60)
    assert not {502, 778} & {*epochs}
    mean, low, high = explorer.band(curve, epochs)
    assert len(mean) == len(low) == len(high) == len(epochs)
    assert high.max() == 9 and low.min() == 0


@pytest.mark.parametrize("line", [
    [1.0, 0.5, 0.0, -3.25], [1e30, 1e-30, 12345.678], [0.9601, 0.9602, 0.9599],
])  # fmt: skip
def test_numbers_on_a_curve_keep_more_than_three_digits(line):
    whole = np.cumsum(explorer.coded(line)).astype(np.int32)
    read = (whole << explorer.DROPPED_BITS).astype(np.int32).view(np.float32)
    np.testing.assert_allclose(read, line, rtol=1 / 4096)


def run_of(**settings):
    base = {"model": "dense", "widths": "8-8", "depth": 2, "width": 8, "optimizer": "adam",
            "learning_rate": 0.01, "weight_decay": 0.0, "beta1": 0.9}  # fmt: skip
    found = {key: value for key, value in (base | settings).items() if value is not None}
    return SimpleNamespace(settings=found)


def test_a_line_joins_runs_that_differ_in_one_hyper_parameter_only():
    runs = [
        run_of(),
        run_of(learning_rate=0.001),
        run_of(learning_rate=0.1, weight_decay=0.1),
        run_of(widths="8", depth=1),
        # Follows from the optimizer: another default, and a hyper-parameter of its own.
        run_of(optimizer="adamw", weight_decay=0.01),
        run_of(optimizer="sgd", beta1=None),
    ]
    assert explorer.lines(runs, "learning_rate") == [[1, 0]]
    assert explorer.lines(runs, "depth") == explorer.lines(runs, "widths") == [[3, 0]]
    assert explorer.lines(runs, "optimizer") == [[0, 4, 5]]
    assert explorer.lines(runs, "weight_decay") == []


def test_runs_are_handed_to_the_explorer_by_short_names(study):
    view = View(read_results(study[0]))
    names = [name for name in view.runs if name.startswith("kinds")][:2]
    other = next(name for name in view.runs if name.startswith("lengths"))
    view.runs["kinds-dense-0a1b2c3d"] = view.runs[names[0]]
    found = explorer.drawn(view, [*names, other, "kinds-dense-0a1b2c3d", "no such run"])
    assert {problem: many for problem, (many, _) in found.items()} == {"kinds": 3, "lengths": 1}
    assert found["kinds"][1].startswith("problem=kinds&runs=")
    assert found["kinds"][1].endswith(",0a1b2c3d")


def test_claims_and_figures_hand_their_runs_to_the_explorer(page):
    for place in ("evidence-claim-reproduced", "evidence-figure-first"):
        assert 'data-draw="problem=' in between(page, f'id="{place}"', "</details>")


def test_importance_stands_where_the_article_places_it_and_else_in_the_explorer(study):
    table, here = '<td class="bar-cell', 'id="importance-kinds"'
    page = render(study, '{{ table("importance", problem="kinds") }}')
    article, explored = page[: page.index('id="explorer"')], page[page.index('id="explorer"') :]
    assert here in article and table in article and 'href="#importance-kinds"' in explored
    assert here not in explored and 'id="importance-lengths"' in explored
    assert "All 20 runs" in article and "that learned</" not in article


def test_importance_in_a_search_stands_apart_from_that_over_runs(tmp_path):
    made = write_results(tmp_path)
    add_search(tmp_path, "find", "kinds")
    path = made[0] / "importance.csv"
    runs = pd.read_csv(path)
    trials = runs[:1].assign(among="search find", hyper_parameter="momentum", share=0.3, runs=40)
    pd.concat([runs, trials]).to_csv(path, index=False)
    page = render(made)
    told = between(page, 'id="importance-find"', "</table>")
    assert "in the search find: share of the variance among its trials" in told
    assert "All 40 trials" in told and "Momentum" in told and "Learning rate" not in told
    assert "had then" in page[page.index('id="importance-find"') :][: len(told) + 2000]
    explored = page[page.index('id="explorer"') :]
    assert "Momentum" not in between(explored, 'id="importance-kinds"', "</table>")


def test_importance_over_runs_that_learned_stands_beside_that_over_all(tmp_path):
    study = write_results(tmp_path)
    path = study[0] / "importance.csv"
    rows = pd.read_csv(path)
    learned = rows.assign(among="learned", runs=12, explained=0.2)
    few = rows.assign(problem="kinds", among="learned", runs=7, reason="few")[:1]
    few.loc[:, ["hyper_parameter", "share", "explained"]] = np.nan
    table = pd.concat([rows, learned[learned["problem"] == "lengths"], few])
    table.to_csv(path, index=False)
    page = render(study, '{{ table("importance", problem="lengths") }}')
    told = between(page, 'id="importance-lengths"', "</table>")
    assert "All 20 runs" in told and "The 12 runs that learned" in told
    assert "forest explains 20" in told and 'class="bar-cell weak"' in told
    assert "7 runs of Kinds of stones that learned are too few to ask" in page


def test_five_hundred_runs_fit_in_ten_megabytes(tmp_path):
    results, provenance, claims = write_results(tmp_path)
    runs = pd.read_csv(results / "runs.csv", dtype={"batch_size": str})
    history = pd.concat([pd.read_parquet(results / "history.parquet")] * 12, ignore_index=True)
    history["epoch"] = history.groupby(["run", "replicate"]).cumcount() + 1
    copies = range(500 // runs["run"].nunique() + 1)
    runs = pd.concat(runs.assign(run=runs["run"] + "-" * i, dropout=0.001 * i) for i in copies)
    history = pd.concat(history.assign(run=history["run"] + "-" * i) for i in copies)
    runs.to_csv(results / "runs.csv", index=False)
    history.to_parquet(results / "history.parquet", index=False)
    text = render((results, provenance, claims))
    assert len(read_results(results).by_name) >= 500
    assert len(text.encode()) < 10e6


@pytest.mark.parametrize(
    ("source", "chosen", "found", "expected"),
    [
        ("a", "b", "c", ["a", "b", "c"]),
        ("a", "a", "c", ["a", "c"]),
        ("a", "b", "b", ["a", "b"]),
        (None, "b", None, ["b"]),
        (None, None, "c", ["c"]),
        (None, None, None, []),
    ],
)
def test_a_network_has_one_row_beside_standard_methods(source, chosen, found, expected):
    best = {"source": source, "chosen": chosen, "found": found}
    known = dict(View.networks(best))
    assert list(known.values()) == expected
    if chosen and chosen in (source, found):
        assert "our search’s choice" not in known
