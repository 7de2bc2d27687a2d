"""The report in a real browser: quiet, offline, usable by everyone, and printable."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from made_up_report import FACTS, TEMPLATES, write_results
from test_report import ARTICLE, render
from tunebook.jobs import TunebookError
from tunebook.report.compare import compare, render_comparison
from tunebook.report.pdf import NAMES, VARIABLE, print_pdf
from tunebook.report.pdf import browser as find_browser

pytestmark = pytest.mark.browser

# The browser itself must ask nothing of the network either, or it would hide what the page asks.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
PATIENCE = 120_000  # milliseconds: a busy machine is slow, not wrong
WIDTHS = [360, 768, 1200, 1600]


def found_browser():
    try:
        return find_browser()
    except TunebookError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def browser():
    chromium = found_browser()
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a made-up study, as a file."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "report.html").write_text(render(write_results(folder), ARTICLE), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def slim(tmp_path_factory):
    """A report without an article, on stand-in data: axe looks at each of its elements."""
    folder = tmp_path_factory.mktemp("slim")
    text = render(write_results(folder, kind="sample"))
    (folder / "report.html").write_text(text, encoding="utf-8")
    return folder / "report.html"


class Watched:
    """A page opened from disk; what it asks for and complains about is written down."""

    def __init__(self, browser, path, **settings):
        self.requests, self.complaints = [], []
        self.context = browser.new_context(accept_downloads=True, **settings)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self.heard)
        self.page.goto(path.as_uri())

    def heard(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def with_charts(self):
        self.page.locator("#explorer").scroll_into_view_if_needed()
        self.page.evaluate("document.getElementById('explorer').scrollIntoView()")
        self.page.wait_for_selector("html[data-charts=ready]", state="attached")
        return self.page


@pytest.fixture
def watch(browser, report):
    """Opens the report; in the end nothing may have been asked for and nothing gone wrong."""
    opened = []

    def open_one(path=report, **settings):
        opened.append(Watched(browser, path, **settings))
        return opened[-1]

    yield open_one
    for each in opened:
        outside = [url for url in each.requests if not url.startswith(("file:", "data:", "blob:"))]
        assert outside == [] and each.complaints == []
        assert len({url.split("#")[0] for url in each.requests if url.startswith("file:")}) == 1
        each.context.close()


def curves(page, problem="kinds"):
    """How many curves the explorer draws."""
    return page.locator(f"[data-problem={problem}] [data-chart=curves] .curve").count()


def marks(page, chart, problem="kinds"):
    return page.locator(f"[data-problem={problem}] [data-chart={chart}] .mark")


def section_of(page, problem):
    page.locator(f"input[name=problem][value={problem}]").check()
    return page.locator(f".problem[data-problem={problem}]")


def column(page, problem, header):
    """The texts of a column of the run table, of the rows that are shown, from top to bottom."""
    return page.evaluate(
        """([problem, header]) => {
          const table = document.querySelector(`#runs-table-${problem}`);
          const cells = [...table.tHead.rows[0].cells];
          const place = cells.findIndex((cell) => cell.textContent.trim() === header);
          const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
          return rows.map((row) => row.cells[place].textContent.trim());
        }""",
        [problem, header],
    )


def numbers(texts):
    return [float(text.split("\u202f")[0].replace("−", "-")) for text in texts]


def test_nothing_leaves_and_nothing_complains(watch):
    page = watch().with_charts()
    for problem in ("lengths", "kinds"):
        page.locator(f"input[name=problem][value={problem}]").check()
        page.wait_for_selector(f"[data-problem={problem}] [data-chart=curves] .curve")


def test_the_first_paint_comes_within_a_second(watch):
    page = watch().page
    paint = "performance.getEntriesByName('first-contentful-paint')"
    page.wait_for_function(f"() => {paint}.length > 0")
    entry = f"{paint}[0].startTime"
    assert page.evaluate(entry) < 1000


def test_charts_are_unpacked_only_when_the_explorer_comes_near(watch):
    watched = watch()
    watched.page.wait_for_timeout(300)
    assert curves(watched.page) == 0
    assert curves(watched.with_charts()) == 6  # the three best runs


def test_the_table_comes_best_first_sorts_best_first_and_the_other_way(watch):
    page = watch().page
    for problem, reverse in (("kinds", True), ("lengths", False)):
        section_of(page, problem)
        values = numbers(column(page, problem, "Validation"))
        assert values == sorted(values, reverse=reverse) and len(set(values)) > 1
        button = page.locator(f"#runs-table-{problem} th button", has_text="Test")
        button.click()
        values = numbers(column(page, problem, "Test"))
        assert values == sorted(values, reverse=reverse) and len(set(values)) > 1
        button.click()
        values = numbers(column(page, problem, "Test"))
        assert values == sorted(values, reverse=not reverse)
    header = page.locator("#runs-table-lengths th[aria-sort]")
    assert header.inner_text() == "Test" and header.get_attribute("aria-sort") == "descending"


def test_the_metrics_stand_in_sight_behind_the_network(watch):
    page = watch(viewport={"width": 1440, "height": 900}).page
    window = page.locator(".problem[data-problem=kinds] .runs-scroll").bounding_box()
    for label in ("Validation", "Test", "Training", "Gap"):
        box = page.locator("#runs-table-kinds th", has_text=label).bounding_box()
        assert box["x"] + box["width"] <= window["x"] + window["width"]


def test_what_a_row_is_stays_in_sight_when_the_table_scrolls(watch):
    page = watch(viewport={"width": 360, "height": 800}).page
    cell = page.locator("#runs-table-kinds tbody th").first
    before = cell.bounding_box()["x"]
    page.evaluate("document.querySelector('.problem:not([hidden]) .runs-scroll').scrollLeft = 300")
    assert abs(cell.bounding_box()["x"] - before) < 2


def test_columns_in_which_the_shown_rows_agree_are_told_and_not_shown(watch):
    page = watch().page
    section = section_of(page, "kinds")
    rate = page.locator("#runs-table-kinds th", has_text="Learning rate")
    assert rate.is_visible()
    section.locator("select[name=sweep]").select_option("own")
    assert (
        rate.is_hidden() and "learning rate 0.01" in section.locator("[data-status]").inner_text()
    )


def test_the_table_filters_searches_and_resets(watch):
    page = watch().page
    section = page.locator(".problem[data-problem=kinds]")
    every = len(column(page, "kinds", "Network"))
    section.locator(".filters summary").click()
    section.locator("fieldset[data-key=breadth] input[value='8']").check()
    assert column(page, "kinds", "Breadth") == ["8", "8"]
    section.locator("fieldset[data-key=skip] input[value=true]").check()
    assert column(page, "kinds", "Skip") == ["yes"]
    section.locator("button[type=reset]").click()
    page.wait_for_selector("#runs-table-kinds tr[hidden]", state="detached")
    section.locator("input[name=search]").fill("skip 0.01")
    assert set(column(page, "kinds", "Network")) == {"Skip"}
    assert section.locator("[data-status]").inner_text().startswith(f"4 of {every} runs shown")
    section.locator("input[name=search]").fill("no such run")
    assert column(page, "kinds", "Network") == []
    section.locator("[data-none] button", has_text="Reset").click()
    page.wait_for_selector("#runs-table-kinds tr[hidden]", state="detached")
    assert section.locator("[data-none]").is_hidden()
    section.locator("select[name=sweep]").select_option("own")
    assert section.locator("[data-question]").inner_text() == "Does a skip help?"
    assert len(column(page, "kinds", "Network")) == 4


def test_choosing_runs_draws_their_curves(watch):
    page = watch().with_charts()
    section = page.locator(".problem[data-problem=kinds]")
    section.locator("[data-clear]").click()
    section.locator("[data-chart=curves] .nothing").wait_for()
    boxes = section.locator("tbody input[type=checkbox]")
    drawn = "[data-problem=kinds] [data-chart=curves] .curve"
    boxes.nth(1).check()
    page.wait_for_selector(drawn, state="attached")
    assert curves(page) == 2  # training and validation
    boxes.nth(3).check()
    page.wait_for_selector(f"{drawn}:nth-of-type(6)", state="attached")  # and two bands
    assert section.locator("[data-chips] button").count() == 2
    section.locator("[data-state=validation]").uncheck()
    assert curves(page) == 2
    section.locator("[data-chips] button").first.click()
    assert not boxes.nth(1).is_checked() and boxes.nth(3).is_checked()


def test_pointing_at_an_epoch_reads_all_chosen_runs(watch):
    page = watch().with_charts()
    chart = page.locator("[data-problem=kinds] [data-chart=curves]")
    chart.scroll_into_view_if_needed()
    box = chart.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert chart.locator(".tip b").count() == 4 and "Epoch 4" in chart.locator(".tip").inner_text()
    chart.focus()
    page.keyboard.press("End")
    assert "Epoch 8" in chart.locator(".tip").inner_text()
    assert "0.135" in chart.locator(".tip").inner_text()  # exp(-8 / 4)


def test_the_scatter_is_linked_to_the_table(watch):
    page = watch().with_charts()
    section = page.locator(".problem[data-problem=kinds]")
    section.locator("[data-clear]").click()
    chart = section.locator("[data-chart=scatter]")
    chart.scroll_into_view_if_needed()
    box = marks(page, "scatter").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = chart.locator(".tip").inner_text()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("#runs-table-kinds tr.chosen")
    chosen = page.locator("#runs-table-kinds tr.chosen")
    assert chosen.count() == 1 and chosen.locator("td").first.inner_text() in told
    section.locator("input[name=search]").fill("dense")
    drawn = "[data-problem=kinds] [data-chart=scatter] .mark"
    page.wait_for_function("(drawn) => document.querySelectorAll(drawn).length === 9", arg=drawn)
    assert len(column(page, "kinds", "Network")) == 9


def test_marks_are_reached_by_keys_and_several_are_chosen_by_a_box(watch):
    page = watch().with_charts()
    section = page.locator(".problem[data-problem=kinds]")
    section.locator("[data-clear]").click()
    chart = section.locator("[data-chart=pareto]")
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#runs-table-kinds tr.chosen")
    assert page.locator("#runs-table-kinds tr.chosen").count() == 1
    picture = chart.locator("svg[role=img]").bounding_box()
    page.mouse.move(picture["x"] + 2, picture["y"] + 2)
    page.mouse.down()
    page.mouse.move(picture["x"] + picture["width"] - 2, picture["y"] + picture["height"] - 2)
    page.mouse.up()
    many = marks(page, "pareto").count()
    assert many > 3 and page.locator("#runs-table-kinds tr.chosen").count() == many


def test_the_pareto_front_holds_what_nothing_beats(watch):
    page = watch().with_charts()
    data = page.evaluate("""() => {
      const table = Tunebook.problems.kinds;
      const chart = document.querySelector("[data-problem=kinds] [data-chart=pareto]");
      return [...chart.querySelectorAll(".mark")].map((mark) => {
        const run = table.runs.get(mark.dataset.of);
        return [run.alone, 1 - table.measure(run, "validation_metric"), mark.getAttribute("fill")];
      });
    }""")
    assert {colour for *_, colour in data} == {"var(--series-2)", "var(--edge)"}
    for time, error, colour in data:
        beaten = any(x <= time and y <= error and (x, y) != (time, error) for x, y, _ in data)
        assert beaten == (colour == "var(--edge)")


def test_every_chart_draws_without_rows_for_validation(watch, tmp_path):
    path = tmp_path / "report.html"
    text = render(write_results(tmp_path, unvalidated=("kinds",)), ARTICLE)
    path.write_text(text, encoding="utf-8")
    page = watch(path).with_charts()
    assert curves(page) == 3 and marks(page, "scatter").count() == marks(page, "pareto").count() > 9
    assert page.locator("[data-problem=kinds] .slices .mark").count() > 9
    section = section_of(page, "kinds")
    for state in ("y", "slices"):
        assert section.locator(f"[data-state={state}]").input_value() == "test_metric"
    assert section.locator("[data-state=validation]").count() == 0
    pareto = section.locator("[data-chart=pareto]")
    assert "is no ground to choose one" in pareto.inner_text()
    assert pareto.locator(".name").first.text_content().startswith("1 − test balanced")
    section.locator("[data-state=training]").uncheck()
    assert "Choose training above" in section.locator("[data-chart=curves]").inner_text()
    order = column(page, "kinds", "Test")
    button = page.locator("#runs-table-kinds th button", has_text="Test")
    button.click()
    assert numbers(column(page, "kinds", "Test")) == sorted(numbers(order), reverse=True)
    page.locator("#runs-table-kinds tbody a[data-run]").first.click()
    heads = page.locator("#panel-body table.compact thead th")
    heads.first.wait_for()
    assert heads.all_inner_texts() == ["Replicate", "Training", "Test"]
    page.keyboard.press("Escape")
    section_of(page, "lengths")
    page.wait_for_selector("[data-problem=lengths] [data-chart=curves] .curve")
    assert curves(page, "lengths") == 6


def test_slices_join_runs_that_differ_in_one_hyper_parameter(watch):
    page = watch().with_charts()
    slices = page.locator("[data-problem=kinds] .slices section")
    titles = slices.locator("h5").all_inner_texts()
    assert {"Learning rate", "Dense widths", "Breadth", "Skip"} <= set(titles)
    rates = slices.nth(titles.index("Learning rate"))
    assert rates.locator(".joined").count() == 3 and rates.locator(".mark").count() == 9


def test_values_far_outside_sit_at_the_edge_and_those_without_are_counted(browser, tmp_path):
    study = write_results(tmp_path)
    path = study[0] / "runs.csv"
    runs = pd.read_csv(path, dtype={"batch_size": str})
    columns = [name for name in runs if name.startswith("validation_")]
    names = list(runs[runs["problem"] == "lengths"]["run"].unique())
    runs.loc[runs["run"] == names[0], columns] = 1e30
    runs.loc[runs["run"] == names[1], columns] = np.nan
    runs.to_csv(path, index=False)
    (tmp_path / "report.html").write_text(render(study), encoding="utf-8")
    watched = Watched(browser, tmp_path / "report.html")
    page = watched.with_charts()
    section = section_of(page, "lengths")
    section.locator("[data-chart=scatter] .mark").first.wait_for()
    note = section.locator("[data-chart=scatter] .chart-note").inner_text()
    assert "1 run far outside sits at the edge" in note
    assert "1 run without a finite value is left out" in note
    assert watched.complaints == []
    watched.context.close()


def test_the_explorers_state_is_in_the_address_and_comes_back(watch, report):
    page = watch().with_charts()
    section = section_of(page, "lengths")
    section.locator("input[name=search]").fill("0.01")
    section.locator("[data-clear]").click()
    section.locator("tbody tr:not([hidden]) input").first.check()
    section.locator("[data-state=curves]").select_option("metric")
    section.locator("[data-state=log]").uncheck()
    page.locator("#runs-table-lengths th button", has_text="Gap").click()
    page.wait_for_function("() => location.hash.includes('sort=gap')")
    address = page.evaluate("location.hash")
    assert address.startswith("#explorer?") and len(address) < 300
    rows = column(page, "lengths", "Gap")
    chosen = section.locator("[data-chips]").inner_text()
    again = watch().page
    again.goto(f"{report.as_uri()}{address}")
    again.reload()
    section = again.locator(".problem[data-problem=lengths]")
    again.wait_for_selector("html[data-charts=ready]", state="attached")
    assert section.is_visible() and section.locator("[data-state=curves]").input_value() == "metric"
    assert not section.locator("[data-state=log]").is_checked()
    assert column(again, "lengths", "Gap") == rows
    assert section.locator("[data-chips]").inner_text() == chosen
    assert again.evaluate("location.hash") == address


def test_evidence_hands_its_runs_to_the_charts_and_back_leads_to_it(watch):
    page = watch().page
    page.locator("#claim-reproduced .badge").click()
    page.locator("#panel .draw").first.click()
    page.wait_for_selector("html[data-charts=ready]", state="attached")
    assert not page.locator("#panel").is_visible()
    assert page.locator(".problem:not([hidden]) tr.chosen").count() == 1
    assert page.locator(".problem:not([hidden]) .chips button").count() == 1
    page.go_back()
    page.wait_for_selector("#panel[open]")


def test_back_closes_a_panel_and_its_address_opens_it(watch, report):
    page = watch(viewport={"width": 360, "height": 700}).page
    panel, badge = page.locator("#panel"), page.locator("#claim-reproduced .badge")
    badge.click()
    assert page.evaluate("location.hash") == "#evidence-claim-reproduced"
    panel.locator(".run-list a").first.click()
    assert page.evaluate("location.hash").startswith("#evidence-run-")
    page.go_back()
    assert "a piece of reproduced" in panel.inner_text()
    page.go_back()
    page.wait_for_selector("#panel:not([open])", state="attached")
    assert page.evaluate("location.hash") == ""
    badge.click()
    panel.locator(".run-list a").first.click()
    page.locator("#panel-close").click()
    page.wait_for_function("() => location.hash === ''")
    page.wait_for_function("() => document.activeElement.className.startsWith('badge')")
    again = watch().page
    again.goto(f"{report.as_uri()}#evidence-claim-undecided")
    again.reload()
    again.wait_for_selector("#panel[open]")
    again.go_back()
    again.wait_for_selector("#panel:not([open])", state="attached")
    assert again.evaluate("location.hash") == "#claim-undecided"


def test_a_runs_panel_leads_to_what_uses_it_with_the_digits_of_the_tables(watch):
    page = watch().page
    page.locator("#claim-reproduced .badge").click()
    page.locator("#panel .run-list a").first.click()
    panel = page.locator("#panel")
    panel.locator("table").wait_for()
    name = page.evaluate("location.hash").removeprefix("#evidence-")
    row = page.locator(f"tr[id='{name}']")
    test = row.locator("td").nth(1).inner_text()
    assert f"{test} (" in panel.inner_text()
    panel.locator("a", has_text="The title of reproduced").click()
    assert not panel.is_visible() and page.evaluate("location.hash") == "#claim-reproduced"


def test_a_number_a_verdict_and_a_figure_show_their_evidence(watch, report):
    page = watch().page
    panel = page.locator("#panel")
    page.locator("#claim-reproduced .badge").click()
    assert panel.is_visible() and "a piece of reproduced" in panel.inner_text()
    assert "workflow/scripts/claims.py" in panel.inner_text()
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    page.locator("table.data .ours .num").first.click()
    results = (report.parent / "results").as_posix()
    panel.locator("table").wait_for()
    assert "Replicate" in panel.inner_text() and f"{results}/runs.csv" in panel.inner_text()
    page.locator("#panel-close").click()
    page.locator("#figure-first summary").click()
    assert f"{results}/figures/first.csv" in page.locator("#evidence-figure-first").inner_text()


def test_a_run_shows_its_configuration_and_replicates(watch):
    page = watch().page
    page.locator("#runs-table-kinds tbody a").first.click()
    page.locator("#panel table").wait_for()
    text = page.locator("#panel").inner_text()
    for words in ("Learning rate", "Adam", "Replicate", "Test macro F1", "results/runs/"):
        assert words in text


def test_a_cell_of_the_strip_says_what_it_is_under_a_mouse_a_finger_and_the_keyboard(watch):
    page = watch().page
    cell = page.locator('.cell[href="#claim-not-reproduced"]')
    tip = cell.locator(".cell-tip")
    assert not tip.is_visible()
    cell.hover()
    assert tip.is_visible() and "a piece of not-reproduced: 91.00 %" in tip.inner_text()
    page.mouse.move(0, 0)
    cell.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert tip.is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#claim-not-reproduced"
    page = watch(has_touch=True, viewport={"width": 360, "height": 700}).page
    cell = page.locator('.cell[href="#claim-not-reproduced"]')
    cell.tap()
    assert cell.locator(".cell-tip").is_visible() and page.evaluate("location.hash") == ""
    cell.tap()
    assert page.evaluate("location.hash") == "#claim-not-reproduced"


def test_the_first_screen_says_what_to_take_back_what_to_keep_and_what_is_unknown(watch):
    page = watch(viewport={"width": 1440, "height": 900}).page
    for key in ("back", "keep", "open"):
        box = page.locator(f"#lessons-{key}").bounding_box()
        assert box["y"] + box["height"] < 900, key


def test_the_map_beside_the_article_shows_which_claims_are_in_sight(watch):
    page = watch(viewport={"width": 1440, "height": 900}).page
    mark = page.locator('.map [data-claim="claim-undecided"]')
    assert "in-sight" not in mark.get_attribute("class")
    mark.click()
    page.wait_for_selector('.map [data-claim="claim-undecided"].in-sight')
    assert page.evaluate("location.hash") == "#claim-undecided"


def test_verdict_links_lead_to_their_places(watch):
    page = watch().page
    page.locator(".by-verdict > summary").click()
    for link in page.locator(".marks a").all():
        link.click()
        place = page.locator(link.get_attribute("href"))
        box = place.bounding_box()
        assert 0 <= box["y"] < page.viewport_size["height"]


def test_the_contents_follow_the_reader(watch):
    page = watch(viewport={"width": 1400, "height": 900}).with_charts()
    for name in ("section-in-the-middle", "section-deep", "provenance"):
        page.evaluate("(name) => document.getElementById(name).scrollIntoView()", name)
        page.wait_for_function(
            "(name) => document.querySelector('.contents [aria-current]')?.hash === '#' + name",
            arg=name,
        )


@pytest.mark.parametrize("width", [360, 1024])
def test_the_contents_are_within_reach_at_every_width(watch, width):
    page = watch(viewport={"width": width, "height": 700}).page
    button, contents = page.locator(".contents-button"), page.locator("#contents")
    page.evaluate("document.getElementById('section-in-the-middle').scrollIntoView()")
    page.wait_for_function(
        "() => document.getElementById('here').textContent === '1.1 In the middle'"
    )
    assert button.is_visible() and contents.is_hidden()
    button.focus()
    page.keyboard.press("Enter")
    assert contents.is_visible()
    page.wait_for_function("() => document.activeElement.hash === '#section-in-the-middle'")
    page.keyboard.press("Escape")
    assert contents.is_hidden()
    assert page.evaluate("document.activeElement.className").endswith("contents-button")
    button.click()
    contents.locator("a[href='#provenance']").click()
    assert contents.is_hidden()
    assert 0 <= page.locator("#provenance").bounding_box()["y"] < 700


def test_the_contents_open_and_close_without_javascript(watch):
    page = watch(java_script_enabled=False, viewport={"width": 360, "height": 700}).page
    page.locator(".contents-button").click()
    assert page.locator("#contents a").first.is_visible()
    page.locator(".contents-head button").click()
    assert page.locator("#contents").is_hidden()


def test_an_address_with_a_place_opens_there_at_once(watch, report):
    page = watch().page
    page.goto("about:blank")
    page.goto(f"{report.as_uri()}#claim-undecided")
    there = page.locator("#claim-undecided").bounding_box()["y"]
    assert 0 <= there < page.viewport_size["height"]
    page.wait_for_timeout(200)
    assert page.locator("#claim-undecided").bounding_box()["y"] == there


def test_everything_is_reached_by_keyboard(watch):
    page = watch().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    badge = page.locator("#claim-undecided .badge")
    badge.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('panel').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.className.startsWith('badge')")
    assert page.evaluate("location.hash") == "#main"
    box = page.locator("#runs-table-kinds tbody input:not(:checked)").last
    box.focus()
    before = page.locator("#runs-table-kinds tbody input:checked").count()
    page.keyboard.press("Space")
    assert page.locator("#runs-table-kinds tbody input:checked").count() == before + 1
    page.locator("#runs-table-kinds th button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#runs-table-kinds th[aria-sort=ascending]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(watch, width, scheme):
    watched = watch(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = watched.with_charts()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        """(width) => [...document.querySelectorAll('main *')].filter((element) => {
          const box = element.getBoundingClientRect();
          const scrolls = element.closest('.scroll, .canvas, pre, svg');
          return box.width && box.right > width + 1 && !scrolls;
        }).map((element) => element.outerHTML.slice(0, 120))""",
        width,
    )
    assert beyond == []


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_dark_scheme_is_dark_in_page_and_figures(watch):
    page = watch(color_scheme="light").page
    ground = "getComputedStyle(document.body).backgroundColor"
    text = "getComputedStyle(document.querySelector('.canvas svg [class^=look]')).fill"
    assert luminance(page.evaluate(ground)) > 0.9 and luminance(page.evaluate(text)) < 0.1
    page.locator("#scheme").click()
    assert luminance(page.evaluate(ground)) < 0.05 and luminance(page.evaluate(text)) > 0.6
    page.reload()
    assert luminance(page.evaluate(ground)) < 0.05
    page.context.pages[0].evaluate("localStorage.clear()")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1400, "dark")])
def test_axe_finds_no_violation(watch, slim, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    watched = watch(slim, viewport={"width": width, "height": 900}, color_scheme=scheme,
                    reduced_motion="reduce")  # fmt: skip
    page = watched.with_charts()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = [axe.run(page, options=rules)]
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    found.append(axe.run(page, options=rules))
    page.locator("#claim-undecided .badge").click()
    found.append(axe.run(page, options=rules))
    for each in found:
        places = [
            (violation["id"], node["html"][:150], node.get("failureSummary"))
            for violation in each.response["violations"]
            for node in violation["nodes"]
        ]
        assert places == []


def test_motion_is_left_out_where_it_is_not_wanted(watch):
    page = watch(reduced_motion="reduce").page
    page.locator("#claim-undecided .badge").click()
    animation = "getComputedStyle(document.getElementById('panel')).animationName"
    assert page.evaluate(animation) == "none"


def test_figures_give_their_numbers_as_csv(watch, report):
    page = watch().page
    small = page.locator("a.download:not([data-packed])")
    large = page.locator("a.download[data-packed]")
    assert small.count() + large.count() == page.locator("figure.figure").count()
    for link in (small.first, large.first):
        with page.expect_download() as waiting:
            link.click()
        text = waiting.value.path().read_bytes()
        name = waiting.value.suggested_filename
        assert text == (report.parent / "results/figures" / name).read_bytes()


def pasted(page):
    """What a reader would paste into a plain text now."""
    page.evaluate("""() => {
      document.getElementById('paste')?.remove();
      const box = document.createElement('textarea');
      box.id = 'paste';
      document.body.append(box);
      box.focus();
    }""")
    page.keyboard.press("Control+V")
    return page.locator("#paste").input_value()


def test_a_table_is_taken_away_as_plain_numbers(watch):
    page = watch().page
    table = page.locator("table.data", has_text="The source, as stated")
    button = table.locator("xpath=../..").locator("[data-copy]")
    button.click()
    assert button.inner_text().startswith("Copied")
    head, *rows = [line.split("\t") for line in pasted(page).split("\n")]
    test = head.index("Test (%)")
    assert head[test : test + 3] == ["Test (%)", "Test low (%)", "Test high (%)"]
    assert {len(row) for row in rows} == {len(head)}
    source, ours = rows[0], rows[1]
    assert source[test : test + 3] == ["97.1", "", ""]
    mean, low, high = map(float, ours[test : test + 3])
    assert low < mean < high and ours[head.index("n")] == "5"
    assert head[-3].startswith("Against the source’s configuration") and not any(ours[-3:])
    apart = [float(cell) for cell in rows[-1][-3:]]
    assert apart[1] <= apart[0] <= apart[2]
    with page.expect_download() as waiting:
        table.locator("xpath=../..").locator("[data-csv]").click()
    lines = waiting.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(rows) and lines[0] == ",".join(head)


def test_times_are_said_in_several_units_and_taken_away_in_one(watch, slim):
    page = watch(slim).page
    costs = page.locator("table.data", has_text="Cores busy at once").locator("xpath=../..")
    costs.locator("[data-copy]").click()
    head, *rows = [line.split("\t") for line in pasted(page).split("\n")]
    assert head[1:] == ["Wall time (s)", "Core time (s)"]
    assert all(float(cell) for row in rows for cell in row[1:])


def test_rows_selected_by_hand_are_copied_as_plain_numbers(watch):
    page = watch().page
    page.evaluate("""() => {
      const rows = document.querySelector('tr.ours').closest('table').tBodies[0].rows;
      const range = document.createRange();
      range.setStart(rows[0], 0);
      range.setEnd(rows[1], rows[1].cells.length);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }""")
    page.keyboard.press("Control+C")
    lines = [line.split("\t") for line in pasted(page).split("\n")]
    assert len(lines) == 2 and len(lines[0]) == len(lines[1]) > 8
    # Behind n, which is a count, stands by how much others are apart from it.
    assert float(lines[1][-5]) and lines[1][-4:] == ["5", "", "", ""]


def test_a_number_of_a_table_or_figure_is_its_address(watch, report):
    page = watch().page
    page.goto(f"{report.as_uri()}#table-1")
    assert 0 <= page.locator("#table-1").bounding_box()["y"] < page.viewport_size["height"]
    for link in page.locator("a.figure-number").all():
        address = link.get_attribute("href")
        assert page.locator(address).count() == 1
        mark = "(link) => getComputedStyle(link, '::after').content"
        assert "#" in link.evaluate(mark)


def test_the_shown_rows_can_be_taken_away(watch):
    page = watch().page
    with page.expect_download() as waiting:
        page.locator(".problem[data-problem=kinds] [data-download]").click()
    lines = waiting.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(column(page, "kinds", "Network"))
    assert '"test_metric_low"' in lines[0]


def test_without_javascript_the_article_its_figures_and_a_table_stand(watch):
    page = watch(java_script_enabled=False).page
    assert page.locator("#claim-reproduced .why").is_visible()
    assert page.locator("#figure-first .wide svg").is_visible()
    for problem in ("kinds", "lengths"):
        assert page.locator(f"#runs-table-{problem} tbody tr").first.is_visible()
    assert page.locator(".js-only").first.is_hidden()
    page.locator("#claim-reproduced summary").click()
    assert page.locator("#evidence-claim-reproduced table").first.is_visible()


def test_the_print_has_the_article_and_no_controls(watch, tmp_path):
    watched = watch()
    path = tmp_path / "report.pdf"
    watched.page.emulate_media(media="print")
    for hidden in (".top", ".contents", ".explorer .charts", "#scheme"):
        assert watched.page.locator(hidden).first.is_hidden()
    watched.page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    sheets = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
    assert 3 < sheets < 20
    # What is folded away on a screen, behind the choice of a problem, is printed of each of them.
    shown = watched.page.locator(".explorer .importance")
    assert all(each.is_visible() for each in shown.all()) and shown.count() == 2
    captions = watched.page.locator("caption .figure-number")
    numbers = [int(each.inner_text().split()[1]) for each in captions.all() if each.is_visible()]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 3
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True).stdout
        assert "Provenance" in text and "Our words for undecided." in text
        assert "Filter by hyper-parameter" not in text


def test_the_report_is_printed_to_a_file(report, tmp_path):
    found_browser()
    print_pdf(report, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_browser_it_says_what_is_needed(report, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/no/such/browser")
    with pytest.raises(
        TunebookError, match=f"found {VARIABLE}=/no/such/browser.*allowed: .*{NAMES[0]}"
    ):
        print_pdf(report, tmp_path / "report.pdf")
    monkeypatch.setenv(VARIABLE, shutil.which("false"))
    with pytest.raises(TunebookError, match="report.html: .*false could not print it"):
        print_pdf(report, tmp_path / "report.pdf")


def test_the_comparison_opens_quietly(watch, report, tmp_path):
    other, _, _ = write_results(tmp_path, problems=("lengths",), seed=1)
    found = compare(report.parent / "results", other)
    page = tmp_path / "comparison.html"
    page.write_text(render_comparison(found, FACTS, TEMPLATES), encoding="utf-8")
    for width in WIDTHS:
        opened = watch(page, viewport={"width": width, "height": 800}).page
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
