"""Figures: every one is drawn, from whole studies and from poor ones, and says what it shows."""

import itertools
import json
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from snakemake.iocontainers import InputFiles, Log, OutputFiles

from made_up_tables import ROOT, make_tables, write_tables
from tunebook import figures
from tunebook.claims.curves import roughness
from tunebook.figures import labels, layout, marks, points, style
from tunebook.figures.drawn import Drawn, to_svg
from tunebook.figures.summary import summarize
from tunebook.figures.tables import Tables, read
from tunebook.statistics import mean_interval

NAMES = list(figures.FIGURES)
EPOCHS = 8
# Every sweep that a figure needs but the large grid of conditions, and the smaller grid search.
FEW = tuple(
    dict.fromkeys(
        [name for figure in figures.CATALOGUE for name in figure.needs if name != "conditions"]
        + ["grid-digits", "best-houses"]
    )
)


@cache
def study(**options):
    """The Tables of a made-up study; options as in `make_tables`."""
    return Tables(**make_tables(epochs=EPOCHS, **options))


@cache
def whole():
    return study(replicates=4)


@cache
def drawn(name):
    return figures.draw(name, whole())


def svg(name, figure):
    with style.applied():
        return to_svg(figure, name)


@cache
def picture(name):
    return svg(name, drawn(name))


# Every figure


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_shows_numbers_of_runs_of_the_study(name):
    figure = drawn(name)
    assert len(figure.data) > 1
    assert set(figure.runs) <= set(whole().runs["run"]) and figure.runs
    assert figure.alt.startswith(f"{figure.title}.")
    assert "no sweep" not in figure.alt and "nan" not in figure.alt


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_uses_the_sweeps_that_the_catalogue_names(name):
    known = set(whole().sweeps["sweep"])
    assert set(figures.FIGURES[name].needs) <= known


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_the_same_bytes_every_time(name):
    assert svg(name, figures.draw(name, whole())) == picture(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_can_stand_in_a_page(name):
    text = picture(name)
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == drawn(name).alt and root.get("role") == "img"
    assert all(found.startswith(f"{name}-") for found in re.findall(r'\bid="([^"]*)"', text))
    targets = re.findall(r'href="#([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
    assert targets and set(targets) <= set(re.findall(r'\bid="([^"]*)"', text))
    for unwanted in ("<style", "<metadata", "<text", "<!--", "dc:date"):
        assert unwanted not in text
    # Legible at the width of the article: 720 px, of which 96 make an inch.
    assert root.get("width") == f"{style.FULL_WIDTH * 72:g}pt"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_has_no_ground_and_no_black(name):
    text = picture(name)
    assert "#000000" not in text
    ground = re.search(rf'<g id="{name}-patch_1">\s*<path[^>]*style="([^"]*)"', text)
    assert "fill: none" in ground[1] or "opacity: 0" in ground[1]


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_has_a_caption_for_the_report_of_snakemake(name):
    words = (ROOT / "report/captions" / f"{name}.rst").read_text(encoding="utf-8").split()
    assert 8 < len(words) < 80


# Numbers


def test_the_curves_of_figure_1_are_the_means_of_the_history():
    data, tables = drawn("figure-1").data, whole()
    rows = tables.history[tables.history["epoch"] == EPOCHS]
    means = rows.groupby("run", observed=True)["train_loss"].mean()
    ends = data[data["epoch"] == EPOCHS].set_index("run")["mean"]
    assert set(ends.index) == {*tables.sweep("layers-digits")["run"],
                               *tables.sweep("width-houses")["run"]}  # fmt: skip
    np.testing.assert_allclose(ends, means[ends.index])
    for run, end in ends.items():
        assert labels.number(end) in drawn("figure-1").alt, run


def test_figure_2_shows_validation_beside_training_on_the_convolutional_network():
    data = drawn("figure-2").data
    assert set(data.loc[data["panel"] == "c", "measure"]) == {"train_loss", "validation_loss"}
    assert set(data.loc[data["panel"] == "a", "measure"]) == {"train_loss"}
    assert {"Adam", "SGD", "RMSprop"} <= set(data.loc[data["panel"] == "d", "series"])


def test_figure_3_draws_the_gaussian_run_with_the_lowest_validation_loss():
    tables, (run,) = whole(), drawn("figure-3").runs
    kept = tables.predictions.loc[tables.predictions["variance"].notna(), "run"].unique()
    losses = tables.runs[tables.runs["run"].isin(kept)].groupby("run")["validation_loss"].mean()
    assert losses[run] == losses.min()


def test_the_predicted_variance_is_binned_over_the_living_area():
    data = drawn("figure-3").data
    assert data["area"].is_monotonic_increasing
    assert data["mean"].iloc[-1] > data["mean"].iloc[0]
    assert "rises from" in drawn("figure-3").alt
    rows = whole().predictions_of(drawn("figure-3").runs[0])
    assert data["mean"].mean() == pytest.approx(rows["variance"].mean(), rel=0.05)


def test_squared_residuals_are_in_scaled_units():
    data = drawn("residuals").data
    squared = data[data["panel"] == "b"]["mean"].mean()
    (run,) = drawn("residuals").runs
    rows = whole().predictions_of(run)
    dollars = ((rows["target"] - rows["prediction"]) ** 2).mean()
    assert squared == pytest.approx(dollars / 720_100**2, rel=0.05)


def test_the_confusion_matrix_counts_an_average_replicate():
    data, tables = drawn("confusion").data, whole()
    rows = tables.predictions_of(tables.best_run("digits"))
    assert data["images"].sum() == pytest.approx(len(rows) / 4)
    wrong = (rows["target"] != rows["prediction"]).sum() / 4
    assert data.loc[data["true"] != data["predicted"], "images"].sum() == pytest.approx(wrong)
    assert f"{labels.number(wrong)} are misread" in drawn("confusion").alt


def test_misread_digits_come_with_the_number_of_replicates_that_misread_them():
    data, tables = drawn("misread").data, whole()
    rows = tables.misread[tables.misread["run"] == tables.best_run("digits")]
    assert data["replicates"].is_monotonic_decreasing and len(data) <= 24
    first = rows[rows["row"] == data["row"].iloc[0]]
    assert len(first) == data["replicates"].iloc[0]
    assert (data["target"] != data["prediction"]).all()


def test_the_condition_grid_has_a_cell_for_each_run():
    data = drawn("conditions").data
    assert len(data) == len(whole().sweep("conditions")["run"].unique())
    np.testing.assert_allclose(data[["learned", "failed", "diverged"]].sum(axis=1), 1)
    assert "1 layer at 0.01: of 16 conditions" in drawn("conditions").alt


def test_small_choices_are_compared_within_replicates():
    tables, data = whole(), drawn("choices").data
    rows = tables.sweep("dropout-houses")
    without, dropped = (part.set_index("replicate")["test_metric"]
                        for _, part in rows.groupby("run", sort=False))  # fmt: skip
    expected = 100 * ((dropped - without) / without.mean()).mean()
    found = data.loc[data["series"] == "Houses: dropout 0 → 0.2", "mean"]
    assert found.tolist() == [pytest.approx(expected)]


def test_the_best_network_stands_before_the_other_methods():
    for _, panel in drawn("baselines").data.groupby("panel"):
        assert panel["series"].iloc[0] == "best network"
        assert panel["mean"].iloc[1:].is_monotonic_increasing


def test_the_roughness_of_curves_is_that_of_the_statements():
    data, tables = drawn("batch-size").data, whole()
    run = tables.sweep("batch-size")["run"].iloc[0]
    rows = tables.history[tables.history["run"] == run]
    expected = [
        100 * roughness({"train_loss": part["train_loss"].to_numpy()}, EPOCHS)
        for _, part in rows.groupby("replicate")
    ]
    found = data.loc[(data["panel"] == "b") & (data["run"] == run), "mean"]
    assert found.tolist() == [pytest.approx(np.mean(expected))]


def test_times_come_from_the_timed_runs_alone():
    data, tables = drawn("speed").data, whole()
    for _, row in data.iterrows():
        times = tables.timing.loc[tables.timing["run"] == row["run"], "seconds_per_epoch"]
        assert row["median"] == times.median() and row["repetitions"] == len(times)


# Poor studies


@pytest.mark.parametrize("name", NAMES)
def test_a_study_of_one_sweep_gives_every_figure(name):
    tables = study(sweeps=("rates-deep",), replicates=2)
    figure = figures.draw(name, tables)
    alone = {"figure-2", "rates"}
    assert bool(figure.runs) == (name in alone)
    if name not in alone:
        assert re.search(
            r"no sweep|chooses no best|No pair|no Gaussian|was not|Neither", figure.alt
        )
    ElementTree.fromstring(svg(name, figure))


@pytest.mark.parametrize("problem", ["digits", "houses"])
@pytest.mark.parametrize("name", NAMES)
def test_a_study_of_one_problem_gives_every_figure(name, problem):
    figure = figures.draw(name, study(sweeps=FEW, problems=(problem,), replicates=2))
    assert all(run.startswith(problem) for run in figure.runs)
    assert figure.alt.startswith(figure.title)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_in_which_every_run_diverges_gives_every_figure(name):
    figure = figures.draw(name, study(sweeps=FEW, hostile=True, replicates=3))
    assert "nan" not in figure.alt and len(svg(name, figure)) > 1000
    if name in ("figure-1", "figure-2", "optimizers-depth"):
        assert "diverged in 3 of 3 replicates" in figure.alt


@pytest.mark.parametrize("name", NAMES)
def test_one_replicate_gives_means_without_intervals(name):
    figure = figures.draw(name, study(sweeps=FEW, replicates=1))
    assert "95 %" not in figure.alt or name in ("figure-3", "prices", "residuals", "choices")
    if name not in ("speed", "batch-size", "misread"):
        assert "low" not in figure.data or figure.data["low"].isna().all()
    assert len(svg(name, figure)) > 1000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("confusion", "were not kept"), ("misread", "were not kept"), ("prices", "were not kept"),
        ("figure-3", "has kept predictions"), ("residuals", "has kept predictions"),
        ("speed", "was not timed"), ("batch-size", "was not timed"),
    ],
)  # fmt: skip
def test_a_figure_says_which_table_it_misses(name, words):
    tables = whole()
    empty = {table: getattr(tables, table).iloc[:0] for table in
             ("predictions", "misread", "timing", "baselines")}  # fmt: skip
    assert words in figures.draw(name, replace(tables, **empty)).alt


def test_a_classifier_that_errs_nowhere_has_no_misread_digits():
    tables = whole()
    figure = figures.draw("misread", replace(tables, misread=tables.misread.iloc[:0]))
    assert "No test image is misread" in figure.alt


def test_a_sweep_without_finite_values_says_so():
    tables = whole()
    blank = {column: np.nan for column in tables.history if column.endswith(("loss", "metric"))}
    figure = figures.draw("figure-1", replace(tables, history=tables.history.assign(**blank)))
    assert figure.alt.count("No run has a finite value") == 2


def test_a_sweep_of_many_runs_is_cut_and_says_so():
    tables = whole()
    runs = tables.runs.loc[tables.runs["problem"] == "houses", "run"].unique()[:25]
    rows = pd.DataFrame({"sweep": "rates-deep", "run": runs, "order": range(25)})
    others = tables.sweeps[tables.sweeps["sweep"] != "rates-deep"]
    figure = figures.draw("figure-2", replace(tables, sweeps=pd.concat([others, rows])))
    assert "The first 10 of 25 are drawn." in figure.alt
    assert figure.data.loc[figure.data["panel"] == "b", "series"].nunique() == 10


# Divergence


def partly_diverged():
    values = np.full((3, 6), 1.0)
    values[0, 3:] = np.nan
    return marks.Curve("rate", "run", values, style.DATA, diverged=(4,))


def test_a_diverged_replicate_leaves_the_mean_and_is_named():
    curve = partly_diverged()
    assert curve.frame()["replicates"].tolist() == [3, 3, 3, 2, 2, 2]
    assert curve.fate == " ×1 of 3"
    said = marks.describe_curves([curve], "loss")
    assert "rate diverged in 1 of 3 replicates, first in epoch 4." in said


def test_a_run_that_wholly_diverged_ends_with_a_cross():
    values = np.array([[1.0, 3.0, np.nan], [1.0, 2.0, np.nan]])
    curve = marks.Curve("rate", "run", values, style.DATA, diverged=(3, 3))
    assert curve.mean.tolist() == [1.0, 2.5]
    assert curve.fate == marks.EVERY
    with style.applied():
        figure, (ax,) = layout.panels(1)
        assert marks.draw_curves(ax, [curve])
        crosses = [line for line in ax.lines if line.get_marker() == "x"]
        (written,) = [text.get_text() for text in ax.texts]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in crosses] == [(2, 2.5)]
    assert written == "rate ×"


def test_a_run_that_diverged_at_once_is_marked_at_the_top():
    steady = marks.Curve("calm", "a", np.ones((2, 5)), style.DATA)
    gone = marks.Curve("wild", "b", np.full((2, 1), np.nan), style.OTHER, diverged=(1, 1))
    with style.applied():
        figure, (ax,) = layout.panels(1)
        marks.draw_curves(ax, [steady, gone])
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    assert cross.get_ydata()[0] == ax.get_ylim()[1]
    assert "wild ×" in [text.get_text() for text in ax.texts]


def test_a_curve_that_runs_away_does_not_flatten_the_others():
    calm = marks.Curve("calm", "a", np.linspace(1, 0.1, 5)[None], style.DATA)
    wild = marks.Curve("wild", "b", np.array([[1, 1e3, 1e9, 1e20, 1e30]]), style.OTHER)
    low, high = marks.limits([calm, wild], log=True)
    assert low < 0.1 and 1 < high < 10


def test_an_error_of_zero_leaves_the_panel_at_its_foot():
    curve = marks.Curve("error", "a", np.array([[8.0, 2.0, 0.5, 0.0]]), style.DATA)
    with style.applied():
        figure, (ax,) = layout.panels(1)
        assert marks.draw_curves(ax, [curve])
    low, high = ax.get_ylim()
    assert ax.get_yscale() == "log" and 0 < low < 0.5 and high > 8
    assert ax.lines[0].get_ydata()[-1] < low


def test_an_interval_that_reaches_below_zero_is_drawn_whole():
    rows = whole().sweep("batch-size")
    wide = np.where(rows["replicate"] == 0, 1.0, 0.12)
    with style.applied():
        figure, (ax,) = layout.panels(1)
        names = {run: run for run in rows["run"]}
        data = points.one_each(ax, rows, wide, names, dict.fromkeys(names, style.DATA))
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] < data["low"].min() < 0 < data["high"].max() < ax.get_ylim()[1]


def test_values_far_apart_stand_on_a_logarithmic_axis():
    rows = whole().sweep("batch-size")
    far = np.where(rows["replicate"] == 0, 1.0, 1e-3)
    with style.applied():
        figure, (ax,) = layout.panels(1)
        points.fit_axis(ax, far, ends=[-0.4, 0.9])
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] < 1e-3


def test_coverage_stands_on_a_linear_axis():
    tables = whole()
    low = tables.runs.assign(coverage_50=0.05, coverage_90=0.9)
    axes = figures.draw("calibration", replace(tables, runs=low)).figure.axes
    assert axes[0].get_yscale() == "linear" and axes[0].get_ylim() == (0, 104)


def test_negative_losses_are_drawn_on_a_linear_axis():
    curve = marks.Curve("Gaussian", "a", np.array([[0.5, -1.0, -2.0, -2.5]]), style.DATA)
    with style.applied():
        figure, (ax,) = layout.panels(1)
        assert marks.draw_curves(ax, [curve])
    assert ax.get_yscale() == "linear" and ax.get_ylim()[0] < -2.5 and ax.get_ylim()[1] > 0.5


# Intervals, labels, words


def test_the_band_is_the_interval_of_the_mean_that_verdicts_use():
    values = np.array([[1.0, 10.0], [2.0, 10.0], [4.0, 10.0], [3.0, 10.0], [5.0, 10.0]])
    mean, low, high, count = summarize(values)
    expected = mean_interval(values[:, 0], seed=1)
    assert mean.tolist() == [3.0, 10.0] and count.tolist() == [5, 5]
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), rel=0.05)
    assert (low[1], high[1]) == (10.0, 10.0)


def test_the_band_of_positive_curves_stays_positive():
    values = np.array([[1e-4], [1e-4], [1e-4], [1e-4], [1.0]])
    assert summarize(values)[1][0] < 0
    mean, low, high, _ = summarize(values, in_ratio=True)
    assert 0 < low[0] < mean[0] < high[0]
    steady = np.array([[0.99], [1.0], [1.01], [1.02], [0.98]])
    for plain, in_ratio in zip(summarize(steady), summarize(steady, in_ratio=True), strict=True):
        assert in_ratio == pytest.approx(plain, rel=1e-3)


def test_the_band_leaves_out_what_is_missing():
    values = np.array([[1.0, np.nan], [2.0, 7.0], [3.0, np.nan], [4.0, np.nan]])
    mean, low, high, count = summarize(values)
    assert mean.tolist() == [2.5, 7.0] and count.tolist() == [4, 1]
    assert np.isfinite(low[0]) and np.isnan(low[1]) and np.isnan(high[1])


@given(st.lists(st.floats(-50, 300), min_size=1, max_size=12))
def test_labels_stand_apart_inside_the_panel_and_in_order(wanted):
    height, step = 150.0, 9.5
    places = marks.spread(wanted, step, height)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= step - 1e-6).all()
    assert places.min() >= -1e-6 and places.max() <= height + 1e-6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0028, "0.0028"), (412.3, "412"), (1234567, "1.23×10⁶"), (-0.05, "−0.05"),
        (1e-7, "10⁻⁷"), (0, "0"), (0.99999, "1"), (20000, "20,000"),
        (float("nan"), "no finite value"),
    ],
)  # fmt: skip
def test_numbers_are_written_to_be_read(value, text):
    assert labels.number(value) == text


def test_runs_that_share_a_name_are_told_apart_by_what_differs():
    rows = whole().sweep("optimizers-depth")
    found = labels.distinct(rows, lambda row: labels.NAMES[row["optimizer"]], {"optimizer"})
    assert len(set(found.values())) == rows["run"].nunique() == 8
    assert any("rate 0.01" in label for label in found.values())


def test_the_alternative_text_is_escaped_in_the_picture():
    words = "A <script>alert(\"1\")</script> & 'more' --> end"
    figure = Drawn(drawn("choices").figure, pd.DataFrame(), words, "title", [])
    text = svg("choices", figure)
    assert "<script" not in text
    assert ElementTree.fromstring(text).get("aria-label") == words


# Colours


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def contrast(a, b):
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


# Machado, Oliveira and Fernandes (2009): linear colours as seen without one kind of cone.
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


def lab(color, blindness):
    """CIE L*a*b* (D65) of a colour as a reader with this blindness sees it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    seen = np.clip(np.array(BLIND[blindness]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(xyz @ seen / [0.9505, 1, 1.089], 1e-6, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


FAMILIES = {
    "rates": [style.rate_color(10.0**power) for power in (-4, -3, -2)],
    "losses": list(style.LOSSES.values()),
    "optimizers": list(style.OPTIMIZERS.values()),
    "outcomes": list(style.OUTCOMES.values()),
    "splits": list(style.SPLITS.values()),
    "with and without": [style.WITHOUT, style.WITH],
    **{f"ramp {name}": list(colors) for name, colors in style.RAMPS.items()},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_data_colours_are_seen_on_light_and_dark_ground(family):
    for color in FAMILIES[family]:
        assert contrast(color, "#ffffff") >= 3 and contrast(color, "#0d1117") >= 3, color


@pytest.mark.parametrize("blindness", BLIND)
@pytest.mark.parametrize("family", FAMILIES)
def test_colours_of_a_family_stay_apart_for_colour_blind_readers(family, blindness):
    for a, b in itertools.combinations(FAMILIES[family], 2):
        difference = np.linalg.norm(lab(a, blindness) - lab(b, blindness))
        assert difference > 15, (a, b)


def test_a_learning_rate_has_one_colour_in_every_figure():
    for name in ("figure-2", "rates", "calibration", "conditions"):
        for rate in (0.01, 0.001, 0.0001):
            assert style.rate_color(rate) in picture(name), (name, rate)


def test_a_loss_and_an_optimizer_have_one_colour_in_every_figure():
    for name in ("figure-3", "residuals", "losses"):
        assert style.LOSSES["gaussian"] in picture(name)
    for name in ("figure-2", "optimizers-depth"):
        assert style.OPTIMIZERS["adam"] in picture(name)
        assert style.OPTIMIZERS["sgd"] in picture(name)


def test_the_style_file_and_the_code_name_the_same_inks():
    text = (ROOT / "workflow/scripts/tunebook/figures/tunebook.mplstyle").read_text("utf-8")
    for ink in (style.INK, style.MUTED, style.GRID):
        assert ink.removeprefix("#") in text


# Files


def test_the_script_writes_what_the_tables_on_disk_say(tmp_path, monkeypatch):
    # The script sends its output to its log, and then back to the process's own.
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    sweeps = ("layers-digits", "gaussian-depth", "grid-digits", "dropout-houses")
    made = make_tables(sweeps=sweeps, epochs=EPOCHS, replicates=3)
    paths = write_tables(made, tmp_path / "results")
    names = ("figure-1", "figure-3", "misread", "choices")
    wanted = [str(tmp_path / "figures" / f"{name}.svg") for name in names]
    outputs = OutputFiles(toclone=wanted)
    outputs._set_name("svg", 0, end=len(wanted))
    snakemake = SimpleNamespace(
        input=InputFiles(fromdict={name: str(path) for name, path in paths.items()}),
        output=outputs,
        log=Log(toclone=[str(tmp_path / "log" / "figures.log")]),
    )
    runpy.run_path(str(ROOT / "workflow/scripts/figures.py"), init_globals={"snakemake": snakemake})
    for name in names:
        figure = figures.draw(name, Tables(**made))
        about = json.loads((tmp_path / f"figures/{name}.json").read_text("utf-8"))
        assert about == {"title": figure.title, "alt": figure.alt, "runs": figure.runs}
        assert (tmp_path / f"figures/{name}.svg").read_text("utf-8") == svg(name, figure)
        data = pd.read_csv(tmp_path / f"figures/{name}.csv")
        assert data.columns.tolist() == figure.data.columns.tolist()
        assert len(data) == len(figure.data)


def test_widths_of_one_layer_and_full_batches_are_read_as_text(tmp_path):
    made = make_tables(sweeps=("rates-shallow", "batch-size"), epochs=3, replicates=2)
    tables = read(**write_tables(made, tmp_path))
    assert set(tables.sweep("rates-shallow")["widths"]) == {"100"}
    assert set(tables.sweep("batch-size")["batch_size"]) == {"10", "50", "100", "full"}


def test_the_names_of_the_figures_are_known_without_loading_matplotlib():
    code = "import sys, tunebook.figures; sys.exit('matplotlib' in sys.modules)"
    where = str(ROOT / "workflow/scripts")
    assert subprocess.run([sys.executable, "-c", code], cwd=where, check=False).returncode == 0
