"""The report: numbers as written, every statement in its place, and whole whatever is missing."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from made_up_results import (
    FACTS,
    SMALL,
    STATEMENTS,
    TEMPLATES,
    all_figures,
    claims,
    configuration,
    write_results,
)
from tunebook import statistics
from tunebook.claims import load_claims
from tunebook.jobs import TunebookError
from tunebook.report import article, explorer, inline_svg, intervals, numbers, render_report
from tunebook.report.importance import importance
from tunebook.report.results import read_results
from tunebook.report.runs import Measure, Run, gather
from tunebook.report.statements import read_statements

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a test asks of a page: its ids, links, addresses and headings; whether tags match."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.sources, self.headings, self.open = [], [], [], [], []
        self.tags = []
        self.unmatched = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values.get("href", ""))
        if "src" in values:
            self.sources.append(values["src"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in VOID:
            self.unmatched.append(tag)


def render(paths, config=None, statements=None, facts=None):
    results, provenance = paths
    return render_report(
        results,
        provenance,
        claims() if statements is None else statements,
        config or configuration(),
        facts or FACTS,
        TEMPLATES,
    )


def check_whole(page):
    """A page whose tags match, whose ids are unique, whose inner links lead somewhere."""
    parsed = Page(page)
    assert not parsed.unmatched and not parsed.open
    assert len(parsed.ids) == len(set(parsed.ids))
    inner = {link[1:] for link in parsed.links if link.startswith("#")}
    assert inner <= set(parsed.ids), inner - set(parsed.ids)
    assert parsed.sources == []
    assert parsed.headings[:1] == [1] and parsed.headings.count(1) == 1
    steps = zip(parsed.headings, parsed.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    return parsed


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small made-up study with two figures."""
    folder = tmp_path_factory.mktemp("small")
    return write_results(folder, figures=("figure-1", "best-models"))


@pytest.fixture(scope="module")
def page(small):
    return render(small)


# ------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00297, "0.00297"), (0.003, "0.00300"), (9.996, "10.0"), (1460, "1,460"), (0, "0"),
     (3.2e-7, "3.20 × 10⁻⁷"), (-0.5, "−0.500"), (float("inf"), numbers.NONE)],
)  # fmt: skip
def test_numbers_keep_three_significant_digits(value, text):
    assert numbers.significant(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.041, "41 ms"), (5.2, "5.2 s"), (59.99, "60 s"), (370, "6 min 10 s"), (3599.9, "1 h"),
     (3900, "1 h 5 min"), (90000, "1 d 1 h"), (None, numbers.NONE)],
)  # fmt: skip
def test_durations_are_told_in_two_units(seconds, text):
    assert numbers.duration(seconds).replace(numbers.NARROW, " ") == text


def test_an_accuracy_is_a_percentage_and_an_error_is_not():
    assert numbers.metric(0.971, "accuracy") == f"97.10{numbers.NARROW}%"
    assert numbers.metric(0.0030, "mse") == "0.00300"
    assert numbers.interval(float("nan"), 1.0) == ""


@pytest.mark.parametrize(("value", "text"), [(1e-8, "1e-08"), ("1000", "1000"), ("16-32", "16-32"),
                                             (200, "200"), (None, ""), (0.5, "0.5")])  # fmt: skip
def test_a_setting_reads_as_in_the_configuration(value, text):
    assert numbers.plain(value) == text


def test_intervals_are_those_that_verdicts_rest_on():
    values = np.random.default_rng(1).normal(10, 1, size=(8, 3))
    mean, low, high = intervals.mean_intervals(values)
    for i in range(3):
        expected = statistics.mean_interval(values[:, i])
        found = (mean[i], low[i], high[i])
        assert found == pytest.approx(expected[:3], rel=1e-12)


def test_an_interval_ends_where_a_mean_cannot_be():
    values = np.array([[0.9999, 1.0, 1.0, 0.98, 1.0], [0.5] * 5]).T
    _, low, high = intervals.mean_intervals(values, 0.0, 1.0)
    assert high[0] == 1.0 and low[1] == high[1] == 0.5


def test_two_replicates_have_a_mean_and_no_interval():
    mean, low, high = intervals.mean_intervals(np.array([[1.0], [3.0]]))
    assert mean[0] == 2 and np.isnan(low[0]) and np.isnan(high[0])


# ------------------------------------------------------------------------------------ runs


def test_runs_are_told_apart_by_name_and_defaults_go_unsaid(small):
    runs = gather(read_results(*small).runs)
    for problem in ("digits", "houses"):
        labels = [run.label for run in runs.values() if run.problem == problem]
        assert len(labels) == len(set(labels))
    assert not any("beta 2 0.999" in run.label for run in runs.values())


def test_a_diverged_replicate_counts_in_no_mean():
    table = pd.DataFrame(
        {
            "run": "a", "problem": "houses", "sweeps": "s", "replicate": [0, 1, 2], "metric": "mse",
            "model": "dense", "widths": "10", "test_metric": [1.0, np.nan, 3.0],
            "diverged_at": [np.nan, 4, np.nan], "parameters": 7,
        }
    )  # fmt: skip
    run = gather(table)["a"]
    assert run.measure("test_metric").mean == 2 and run.measure("test_metric").n == 2
    assert run.diverged == [None, 4, None] and run.n == 3


def test_layers_are_worked_out_as_the_network_is_built():
    settings = {"model": "convolutional", "channels": "16-32-64", "kernel": 5, "padding": 2,
                "pooling": 2}  # fmt: skip
    run = Run("r", "digits", "accuracy", [], settings, {}, [0], [None], 1)
    assert [size for _, size in article.layers(run)] == [
        "1 × 16 × 16", "16 × 8 × 8", "32 × 4 × 4", "64 × 2 × 2", "256"
    ]  # fmt: skip


def made_up_runs(count, measure):
    """Runs whose learning rate decides the outcome and whose batch size does not."""
    random = np.random.default_rng(0)
    for i in range(count):
        rate, size = float(random.choice([0.1, 0.01, 0.001])), int(random.choice([10, 50, 100]))
        settings = {"learning_rate": rate, "batch_size": size}
        measures = {"validation_metric": Measure(measure(rate, random), 0, 0, 3)}
        yield Run(str(i), "houses", "mse", [], settings, measures, [0], [None], 1)


def test_importance_finds_the_hyper_parameter_that_decides():
    found = importance(list(made_up_runs(60, lambda rate, random: rate * random.uniform(0.9, 1.1))))
    assert found.explained > 0.9
    assert list(found.keys)[0] == "learning_rate"
    assert found.keys["learning_rate"][0] > 10 * abs(found.keys["batch_size"][0])


def test_importance_of_few_or_equal_runs_is_not_made_up():
    assert importance(list(made_up_runs(5, lambda rate, random: rate))).reason == "few"
    assert importance(list(made_up_runs(40, lambda rate, random: 1.0))).reason == "same"
    chance = list(made_up_runs(40, lambda rate, random: random.lognormal()))
    assert importance(chance).reason == "unexplained" and importance(chance).keys is None
    hopeless = list(made_up_runs(40, lambda rate, random: float("nan")))
    assert importance(hopeless).reason == "few"


# ------------------------------------------------------------------------------------ explorer data


def test_long_curves_are_thinned_and_keep_their_ends():
    epochs = explorer.kept_epochs(1000, 60)
    assert epochs[0] == 1 and epochs[-1] == 1000 and len(epochs) <= 60
    assert list(explorer.kept_epochs(5, 60)) == [1, 2, 3, 4, 5]


def test_curves_have_gaps_where_nothing_is_finite():
    history = pd.DataFrame(
        {
            "run": "a", "replicate": [0, 0, 1, 1], "epoch": [1, 2, 1, 2],
            "train_loss": [1.0, np.inf, 3.0, np.nan], "validation_loss": 1.0,
            "train_metric": 1.0, "validation_metric": 1.0,
        }
    )  # fmt: skip
    data = explorer.curves_data(history, ["a"])["a"]
    assert data["train_loss"] == [[2, None], [1, None], [3, None]]
    json.dumps(data, allow_nan=False)


# ------------------------------------------------------------------------------------ figures

SVG = """<?xml version="1.0"?><!DOCTYPE svg><!-- made -->
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="540pt" viewBox="0 0 540 300">
<metadata>x</metadata><defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
<defs><clipPath id="p1"><rect/></clipPath></defs>
<g id="f-g2" clip-path="url(#p1)" style="stroke: #1f2328; fill: #D0D7DE">
<use xlink:href="#p1" x="1.23456"/><path d="M 1.23456 2 L 3.98765 4"/></g>
</svg>"""


def test_a_figure_brings_its_own_ids_and_the_pages_inks():
    text = inline_svg.inline_svg(SVG, "f", 'a "<b>"')
    assert 'id="f-p1"' in text and "url(#f-p1)" in text and 'href="#f-p1"' in text
    assert 'id="f-g2"' in text
    assert "var(--ink)" in text and "var(--line)" in text and "#1f2328" not in text
    assert "<style" not in text and "<metadata" not in text and "<!--" not in text
    assert 'role="img" aria-label="a &quot;&lt;b&gt;&quot;"' in text
    assert 'd="M 1.23 2 L 3.99 4"' in text and 'x="1.23"' in text


# ------------------------------------------------------------------------------------ the article


def test_the_page_is_whole(page):
    parsed = check_whole(page)
    assert '<html lang="en">' in page
    assert "table" in parsed.tags and "svg" in parsed.tags


def test_figures_and_tables_are_numbered_in_the_order_they_stand_in(tmp_path):
    results, provenance = write_results(tmp_path, figures=all_figures())
    page = render_report(results, provenance, claims(), configuration(), FACTS, TEMPLATES)
    for word, mark in (("Figure", 'class="figure-number" href'), ("Table", "<caption")):
        found = re.findall(rf"{mark}[^§]*?{word}&nbsp;(\d+)", page)
        assert len(found) > 5
        assert [int(number) for number in found] == list(range(1, len(found) + 1)), word


def test_every_statement_stands_once_with_its_verdict_claim_measurement_and_reason(page, small):
    for statement in read_statements(read_results(*small).claims, claims()).values():
        assert page.count(f'id="claim-{statement.id}"') == 1
        place = page[page.index(f'id="claim-{statement.id}"') :]
        place = place[: place.index("</details>")]
        for text in (statement.wording, statement.verdict.capitalize(), statement.claimed,
                     statement.why, "91.00", "n&nbsp;=&nbsp;5"):  # fmt: skip
            assert text in place, text


def test_the_summary_links_every_statement(page):
    glance = page[page.index('id="glance"') : page.index('id="data"')]
    for name, _, _, _ in STATEMENTS:
        assert f'href="#claim-{name}"' in glance


def test_a_statement_that_no_topic_names_comes_at_the_end_of_its_section(page):
    order = ['id="losses"', 'id="others"', 'id="claim-a-new-statement"', 'id="traps"']
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_the_default_study_has_a_place_for_every_statement():
    known = {name for names in article.TOPICS.values() for name in names}
    written = load_claims(TEMPLATES.parent / "config/claims.yaml")["statements"]
    assert {statement["id"] for statement in written} == known
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html.j2"))
    assert all(f'"{name}"' in text for name in known)


def test_no_number_of_the_source_is_typed_in_a_template():
    text = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html.j2"))
    written = load_claims(TEMPLATES.parent / "config/claims.yaml")["statements"]
    values = {str(v["value"]) for s in written for v in s.get("source", {}).values()}
    precise = {value for value in values if "." in value and len(value) > 3}
    assert precise
    for value in precise:
        assert not re.search(rf"(?<![\d.-]){re.escape(value)}(?![\d.])", text), value


def test_text_that_depends_on_an_outcome_follows_it(tmp_path):
    said = {}
    for verdict in ("reproduced", "not reproduced"):
        folder = tmp_path / verdict.replace(" ", "-")
        paths = write_results(folder)
        table = pd.read_csv(paths[0] / "claims.csv")
        table.loc[table["id"] == "lr-too-high", "verdict"] = verdict
        table.to_csv(paths[0] / "claims.csv", index=False)
        said[verdict] = "Adam makes this rate work" in render(paths)
    assert said == {"reproduced": False, "not reproduced": True}


def test_the_sources_numbers_stand_beside_ours(page):
    table = page[page.index('id="table-results-digits"') :]
    table = table[: table.index("</table>")]
    assert "99.98 %" in table.replace(numbers.NARROW, " ")
    assert "Support-vector machine (RBF)" in table and "n" in table


def test_traps_are_footnotes_where_their_statement_stands(page):
    place = page[page.index('id="claim-cnn-architecture-text"') :]
    assert 'href="#note-1"' in place[: place.index("</p>")]
    note = page[page.index('id="note-1"') :]
    assert 'href="#note-ref-1"' in note[: note.index("</li>")]


def test_the_cost_is_told_by_cores_in_use():
    table = pd.DataFrame(
        {
            "run": "a", "started": [0.0, 5.0, 100.0], "finished": [10.0, 20.0, 110.0],
            "train_seconds": [9.0, 12.0, 9.0], "job_seconds": [10.0, 15.0, 10.0], "threads": 1,
        }
    )  # fmt: skip
    found = article.cost(table)
    assert found["busy"] == [(1, 25.0), (2, 5.0)]
    assert found["wall_seconds"] == 30 and found["core_seconds"] == 35
    assert found["share"] == pytest.approx(30 / 35)


def test_the_conditions_of_a_rate_are_counted(tmp_path):
    sweeps = ("best-houses", "conditions")
    results, provenance = write_results(tmp_path, sweeps=sweeps, epochs=5)
    rows = article.conditions(read_results(results))
    assert [row["total"] for row in rows] == [16] * 6
    ends = ("learned", "failed", "diverged", "mixed")
    assert all(sum(row[end] for end in ends) == row["total"] for row in rows)
    text = render((results, provenance), configuration(sweeps))
    assert 'id="table-conditions"' not in text  # the trap it belongs to is not among these traps
    statements = claims()
    statements["traps"][0]["statements"] = ["lr-too-high"]
    assert 'id="table-conditions"' in render(
        (results, provenance), configuration(sweeps), statements
    )


def test_a_plain_http_source_is_noted(page):
    assert "only plain <code>http</code>" in page


def test_provenance_with_gaps_reads_as_unknown(tmp_path):
    results, provenance = write_results(tmp_path)
    for path in provenance:
        path.write_text(json.dumps({"dataset": path.stem, "kind": "real", "files": [{}]}))
    text = render((results, provenance))
    check_whole(text)
    assert '<th scope="row">usps</th>' in text


def test_the_same_study_gives_the_same_page(small, page):
    assert render(small) == page


# ------------------------------------------------------------------------------------ odd studies


def test_stand_in_data_are_never_silent(tmp_path, page):
    text = render(write_results(tmp_path, kind="sample"))
    assert '<div class="banner" role="note">' in text and "on stand-in data" in text
    assert 'class="strip-source"' not in text
    assert '<div class="banner" role="note">' not in page
    check_whole(text)


@pytest.mark.parametrize(
    "missing",
    [("claims",), ("timing",), ("baselines",), ("cost",), ("best",), ("sweeps",), ("history",),
     ("claims", "timing", "baselines", "cost", "best", "sweeps", "history")],
)  # fmt: skip
def test_a_missing_table_leaves_a_whole_page(tmp_path, missing):
    check_whole(render(write_results(tmp_path, leave_out=missing)))


def test_a_study_without_claims_file_or_provenance_leaves_a_whole_page(tmp_path):
    results, _ = write_results(tmp_path)
    text = render((results, []), statements={})
    check_whole(text)
    assert "kept no record of where its data came from" in text


def test_claims_without_any_statement_say_so(tmp_path):
    empty = pd.DataFrame(columns=["id", "section", "verdict", "claimed", "measured", "data"])
    text = render(write_results(tmp_path, frames={"claims": empty}))
    assert "No statement was tested" in text
    check_whole(text)


@pytest.mark.parametrize("problem", ["digits", "houses"])
def test_one_problem_only(tmp_path, problem):
    cut = {"sweeps": SMALL, "problems": (problem,)}
    text = render(write_results(tmp_path, figures=("best-models",), **cut), configuration(**cut))
    check_whole(text)
    assert '<span class="number">1</span> The best model</h2>' in text
    other = {"digits": "house prices", "houses": "handwritten digits"}[problem]
    assert f"This study trained no network on {other}." in text


def test_one_sweep_only(tmp_path):
    cut = {"sweeps": ("rates-deep",), "problems": ("houses",)}
    check_whole(render(write_results(tmp_path, **cut), configuration(**cut)))


def test_a_single_replicate_has_no_interval(tmp_path):
    text = render(write_results(tmp_path, replicates=1))
    check_whole(text)
    table = text[text.index('id="table-results-houses"') :]
    assert 'class="interval"' not in table[: table.index("Linear regression")]


def test_runs_without_any_finite_metric(tmp_path):
    text = render(write_results(tmp_path, hostile=True, figures=("figure-1",)))
    check_whole(text)
    assert "none finite" in text
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"(?s)<(script|style).*?</\1>", "", text))


def test_markup_and_long_names_stay_text(tmp_path):
    paths = write_results(tmp_path, figures=("figure-1",))
    results, provenance = paths
    config = configuration(title=f"{HOSTILE} {'Averylongname' * 30}")
    config["sweeps"]["rates-deep"]["question"] = HOSTILE
    about = json.loads((results / "figures/figure-1.json").read_text("utf-8"))
    about |= {"title": HOSTILE, "alt": HOSTILE}
    (results / "figures/figure-1.json").write_text(json.dumps(about))
    raw = json.loads(provenance[1].read_text("utf-8"))
    raw["files"][0]["address"] = "javascript:alert(3)"
    raw["citation"] = HOSTILE
    provenance[1].write_text(json.dumps(raw))
    for name in ("claims", "baselines"):
        table = pd.read_csv(results / f"{name}.csv")
        table[{"claims": "why", "baselines": "baseline"}[name]] = HOSTILE
        table.to_csv(results / f"{name}.csv", index=False)
    runs = pd.read_csv(results / "runs.csv", dtype={"batch_size": str})
    runs["optimizer"] = runs["optimizer"].replace("sgd", HOSTILE + "z" * 300)
    runs.to_csv(results / "runs.csv", index=False)
    statements = claims()
    statements["statements"][0]["statement"] = HOSTILE
    statements["traps"][0]["title"] = HOSTILE
    text = render(paths, config, statements)
    check_whole(text)
    assert "<script>alert" not in text and "<img src=x" not in text
    assert 'href="javascript:' not in text
    data = re.search(r'id="runs-data">(.*?)</script>', text, flags=re.DOTALL)[1]
    assert "<" not in data and json.loads(data)["questions"]["rates-deep"] == HOSTILE


def test_a_damaged_table_is_named(tmp_path):
    results, provenance = write_results(tmp_path)
    (results / "history.parquet").write_bytes(b"not a table")
    with pytest.raises(TunebookError, match=r"history\.parquet"):
        render((results, provenance))


def test_a_folder_without_runs_is_named(tmp_path):
    with pytest.raises(TunebookError, match=r"no runs\.csv"):
        read_results(tmp_path)


def test_five_hundred_runs_fit_in_ten_megabytes(tmp_path):
    results, provenance = write_results(tmp_path, epochs=100)
    tables = read_results(results)
    count = tables.runs["run"].nunique()
    copies = range(500 // count + 1)
    for name in ("runs", "history"):
        frame = getattr(tables, name)
        several = [frame.assign(run=frame["run"].astype(str) + "-" * i) for i in copies]
        if name == "runs":
            several = [part.assign(weight_decay=0.001 * i) for i, part in enumerate(several)]
            pd.concat(several).to_csv(results / "runs.csv", index=False)
        else:
            pd.concat(several).to_parquet(results / "history.parquet", index=False)
    text = render((results, provenance))
    check_whole(text)
    assert len(gather(read_results(results).runs)) >= 500
    assert len(text.encode()) < 10e6
