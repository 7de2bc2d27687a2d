"""Figures: every kind of panel is drawn, from whole studies and from poor ones, and in words."""

import io
import itertools
import json
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_rgb

import made_up as maker
from tunebook.claims.ablation import Ablation
from tunebook.claims.read import load_claims
from tunebook.evidence.intervals import Interval, mean_interval, mean_of
from tunebook.evidence.tables import read_results
from tunebook.evidence.words import interval as told_interval
from tunebook.evidence.words import show
from tunebook.figures import kinds, page, style
from tunebook.figures.draw import ABOUT, KINDS, draw, panels_of
from tunebook.figures.panel import column, finite, ordered, rank
from tunebook.figures.source import Source
from tunebook.figures.spec import asked_inputs, check_figures, load_figures, with_defaults
from tunebook.jobs import TunebookError, write_csv, write_json, write_parquet

ROOT = Path(__file__).parent.parent
EPOCHS, ROWS = 6, 60
SHORT = {"epochs": EPOCHS, "widths": [8, 8], "batch_size": "32"}
IMAGES = SHORT | {"model": "dense", "channels": []}
# sweep: (problem, base, axes)
SWEEPS = {
    "rates": ("prices", SHORT, {"learning_rate": [0.001, 0.01, 0.1]}),
    "grid": ("prices", SHORT, {"dropout": [0.0, 0.2], "learning_rate": [0.01, 0.03]}),
    "batches": ("prices", SHORT, {"batch_size": ["32", "full"]}),
    "gaussian": ("prices", SHORT | {"loss": "gaussian"}, {"learning_rate": [0.001, 0.01]}),
    "trained": ("images", IMAGES, {"optimizer": ["sgd", "adam"], "learning_rate": [0.001, 0.01]}),
    "steps": ("prices", SHORT, {"dropout": [0.0, 0.1], "batch_size": ["32", "16"]}),
    "parts": ("images", IMAGES, {"dropout": [0.0, 0.3], "optimizer": ["adam", "rmsprop"]}),
    "own": ("images", IMAGES | {"model": "module", "module": "networks.py:Skip", "widths": []},
            {"skip": [False, True], "units": ["gelu", "a-name-that-nobody-has-heard-of"]}),
}  # fmt: skip
# One figure of every kind, and of what its panels can be asked for.
GALLERY = """
curves: {title: Curves, panels: {curves: train_loss, sweep: trained, with: validation_loss}}
best: {title: The best, panels: {curves: train_error, with: validation_error, run: best}}
across:
  title: Points across
  panels:
    - {points: validation_error, sweep: grid, across: learning_rate, colour: dropout}
    - {points: seconds_per_epoch, sweep: batches, across: batch_size}
    - {points: coverage_90, with: coverage_50, sweep: gaussian, across: learning_rate,
       level: [0.5, 0.9], zero: true}
rows:
  title: Points in rows
  panels: {points: test_error, run: best, sweep: own, with: baselines, zero: true}
losses:
  title: Losses
  panels:
    - {curves: train_loss, sweep: rates}
    - {curves: validation_loss, sweep: gaussian}
changes:
  title: Changes
  panels: {points: test_error, sweep: [batches, own], against: first}
paired:
  title: Changes across
  panels: {points: test_error, sweep: grid, across: learning_rate, colour: dropout, against: first}
facets: {title: Facets, panels: {curves: train_loss, sweep: trained, facet: learning_rate}}
cells:
  title: Cells
  panels: {cells: outcome, sweep: grid, rows: dropout, columns: [depth, learning_rate]}
matrix: {title: Matrix, panels: {matrix: confusion, run: best}}
images: {title: Images, panels: {images: misread, run: best}}
scatter:
  title: Scatter
  panels:
    - {scatter: prediction, run: best, log: true}
    - {scatter: relative_error, run: best, bins: 4}
    - {scatter: variance, run: {sweep: gaussian}, across: area, with: squared_residual}
    - {scatter: squared_residual, run: {sweep: gaussian}, across: area}
search:
  title: A search
  panels:
    - {progress: validation_error, sweep: [find, seek]}
    - {parallel: validation_metric, sweep: [find, seek]}
ablation:
  title: An ablation
  panels: [{ablation: test_error, sweep: [steps, parts]}, {ablation: test_rmse, sweep: steps}]
"""
# What of these sweeps is an ablation: the names of its changes.
ABLATIONS = {"steps": ("dropped", "small-batches"), "parts": ("dropped", "rmsprop")}
# A search of few hyper-parameters, and one of more than stand side by side.
MORE = {
    name: {"from": 1e-6, "to": 0.9, "log": True}
    for name in ("weight_decay", "beta1", "beta2", "epsilon", "alpha")
}
SEARCHES = {
    "find": ("prices", maker.SEARCH),
    "seek": ("images", maker.SEARCH | {"space": maker.SEARCH["space"] | MORE, "trials": 150}),
}


def predictions_of(name, problem, loss, replicates, random):
    """The kept test predictions of a run, a fifth of the images misread."""
    area = np.linspace(20, 150, ROWS).round()
    frames = []
    for replicate in range(replicates):
        target, found = 12 * area, 12 * area + random.normal(0, 40, ROWS)
        if problem == "images":
            target = np.arange(ROWS) % 5
            found = np.where(random.random(ROWS) < 0.2, (target + 1) % 5, target)
        variance = (area / 2000) ** 2 if loss == "gaussian" else np.nan
        frame = pd.DataFrame({"row": range(ROWS), "target": target, "prediction": found})
        about = {"run": name, "problem": problem, "replicate": replicate}
        frames.append(frame.assign(variance=variance, area=area, **about))
    return frames


def made_up(sweeps=tuple(SWEEPS), replicates=4, hostile=False):
    """The Results of a study with made-up numbers. hostile: every run diverges in epoch 2."""
    random = np.random.default_rng(0)
    runs, predictions, members = [], [], {sweep: [] for sweep in sweeps}
    for sweep in sweeps:
        problem, base, axes = SWEEPS[sweep]
        for values in itertools.product(*axes.values()):
            settings, name = base | dict(zip(axes, values, strict=True)), f"{problem}-{len(runs)}"
            level = 0.3 / (1 + len(runs) % 5) / (1 + 100 * settings.get("learning_rate", 0.01))
            spread = random.lognormal(0, 0.1, (replicates, 1))
            error = level * spread * (1 + 2 * np.exp(-np.arange(EPOCHS)))
            metric, loss = 1 - error if problem == "images" else error, error
            if settings.get("loss") == "gaussian":
                loss = np.log(error)
            curves = {f"{split}_loss": loss for split in ("train", "validation")}
            curves |= {f"{split}_metric": metric for split in ("train", "validation")}
            ends = {f"{split}_metric": metric[:, -1] for split in ("train", "validation", "test")}
            ends |= {f"constant_{s}_metric": 0.4 if problem == "images" else 0.1
                     for s in ("train", "validation", "test")}  # fmt: skip
            ends |= {f"{split}_loss": loss[:, -1] for split in ("train", "validation", "test")}
            ends |= {"test_rmse": 1000 * np.sqrt(error[:, -1])}
            ends |= {"coverage_50": 0.55, "coverage_90": 0.88 + 0.01 * np.arange(replicates)}
            about = {"diverged": range(replicates if hostile else 0), "replicates": replicates}
            runs.append(maker.run(name, sweep, problem, curves=curves, **about, **settings, **ends))
            members[sweep].append(name)
            if not hostile and sweep not in ("grid", "batches"):
                loss = settings.get("loss")
                predictions += predictions_of(name, problem, loss, replicates, random)
    searches = {}
    for sweep in SEARCHES if not hostile and "trained" in sweeps else ():
        problem, asked = SEARCHES[sweep]
        names, again = [f"{sweep}-{place}" for place in range(asked["finalists"])], [0.1, 0.07, 0.2]
        better = "lower" if problem == "prices" else "higher"
        again = again if problem == "prices" else [1 - each for each in again]
        for place, (name, mean) in enumerate(zip(names, again, strict=True)):
            reached = [0.5, 0.5] + [mean * (0.9 + 0.05 * i) for i in range(replicates)]
            about = SHORT | {"learning_rate": 0.01 + place / 1000, "validation_metric": reached}
            runs.append(maker.run(name, sweep, problem, **about))
        searches[sweep] = asked, maker.trials(sweep, names, again, asked, better)
    best = {"images": members.get("trained", [])[-1:], "prices": members.get("rates", [])[1:2]}
    best = {problem: names[0] for problem, names in best.items() if names}
    times = dict.fromkeys(members.get("batches", []), (0.01, 0.02, 0.03))
    found = maker.results(*runs, best=best, times=times, searches=searches)
    used = {SWEEPS[sweep][0] for sweep in sweeps}
    study = found.study | {
        "problems": {
            name: about | {"target_range": 1000, "baselines": {"nearest": "Nearest neighbour"}}
            for name, about in found.study["problems"].items()
            if name in used
        },
        "sweeps": {
            sweep: about | {"question": f"What of {sweep}?", "grid": sweep == "grid",
                            "axes": list(SWEEPS[sweep][2]) if sweep in SWEEPS else []}
            for sweep, about in found.study["sweeps"].items()
        },
    }  # fmt: skip
    for sweep in {*ABLATIONS} & {*sweeps}:
        changes, every = ABLATIONS[sweep], itertools.product((0, 1), repeat=2)
        has = [list(itertools.compress(changes, each)) for each in every]
        study["sweeps"][sweep]["ablation"] = {
            "changes": {name: {"dropout": 0.1} for name in changes},
            "runs": dict(zip(members[sweep], has, strict=True)),
        }
    nearest = {"problem": "images", "baseline": "nearest", "test_accuracy": 0.9}
    baselines = pd.DataFrame([nearest | {"replicate": r} for r in range(replicates)])
    if not predictions:
        return replace(found, study=study, baselines=baselines)
    kept = pd.concat(predictions, ignore_index=True)
    wrong = kept[(kept["problem"] == "images") & (kept["target"] != kept["prediction"])]
    pixels = [list(random.random(256).round(3)) for _ in wrong["row"]]
    misread = wrong.assign(probability=0.7, pixels=pixels)
    return replace(found, study=study, baselines=baselines, predictions=kept, misread=misread)


@pytest.fixture(scope="session")
def study():
    """A function: the Results of a made-up study, with the options of `made_up`."""
    return cache(made_up)


def load(text, folder):
    """The figures in a file with that text."""
    (folder / "figures.yaml").write_text(text)
    return load_figures(folder / "figures.yaml")


@pytest.fixture(scope="session")
def gallery(tmp_path_factory):
    return load(GALLERY, tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="session")
def drawn(study, gallery):
    """A function: a figure of the gallery, of a study with these options."""
    return cache(lambda name, **options: draw(name, gallery[name], study(**options)))


def rows(results):
    """The rows of a study's runs, as its configuration gives them."""
    return [run.row for run in results.by_name.values()]


def one(results, **panel):
    """The first Panel of a specification, ready to draw."""
    kind = next(key for key in panel if key in KINDS)
    lists = {key: [panel.pop(key)] for key in ("sweep",) if isinstance(panel.get(key), str)}
    spec = {"kind": kind, "of": panel.pop(kind)} | panel | lists
    return panels_of({"panels": [spec]}, results)[0]


def figure_of(**panel):
    """A figure of one panel, in its one form."""
    kind = next(key for key in panel if key in KINDS)
    panel = {"kind": kind, "of": panel.pop(kind)} | panel
    return {"title": "Steps", "caption": "", "panels": [panel]}


NAMES = re.findall(r"^([a-z]+):", GALLERY, re.M)

# Every kind


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_shows_numbers_of_runs_of_the_study(name, drawn, study):
    figure = drawn(name)
    assert len(figure.data) > 1 and set(figure.runs) <= set(study().by_name) and figure.runs
    assert figure.alt.startswith(f"{figure.title}.") and figure.caption.endswith(".")
    for words in ("no sweep", "nan", "None", "no finite", "{", "_"):
        assert words not in figure.alt, words


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_can_stand_in_any_page(name, drawn, study, gallery):
    again = draw(name, gallery[name], study())
    assert (again.svg, again.narrow) == (drawn(name).svg, drawn(name).narrow), "not the same bytes"
    sizes = ((drawn(name).svg, name, style.FULL_WIDTH),
             (drawn(name).narrow, f"{name}.narrow", style.NARROW))  # fmt: skip
    for text, start, width in sizes:
        root = ElementTree.fromstring(text)
        assert root.get("aria-label") == drawn(name).alt and root.get("role") == "img"
        assert root.get("width") == f"{width * 96:.0f}" and "height" not in root.attrib
        ids = re.findall(r'\bid="([^"]*)"', text)
        assert all(found.startswith(f"{start}-") for found in ids) and len(ids) == len(set(ids))
        targets = re.findall(r'href="#([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
        assert set(targets) == set(ids)
        for unwanted in ("<style", "<metadata", "<!--", "xlink", "#000000"):
            assert unwanted not in text
        for ink in (style.INK, style.MUTED, style.GRID, style.GROUND, style.NOT):
            assert text.count(ink) == text.count(f", {ink})"), "an ink that a page cannot replace"
        assert "var(--sans" in text and "Source Sans Pro'," in text


@pytest.mark.parametrize("options", [{}, {"replicates": 1}, {"hostile": True}], ids=str)
def test_nothing_is_clipped(options, study, gallery):
    for name, wide in itertools.product(gallery, (style.FULL_WIDTH, style.NARROW)):
        with style.applied():
            figure = page.arrange(panels_of(gallery[name], study(**options)), wide)
            width, height = 72 * figure.get_size_inches()
            box = figure.get_tightbbox(RendererSVG(width, height, io.StringIO()))
        assert box.x0 > -0.05 and box.x1 < wide + 0.05, (name, wide, box)
        assert box.y0 > -0.05 and box.y1 < height / 72 + 0.05, (name, box)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_in_which_every_run_diverges_gives_every_figure(name, drawn):
    figure = drawn(name, hostile=True)
    assert "nan" not in figure.alt and "<text" in figure.svg
    if name == "curves":
        assert "diverged in 4 of 4 replicates, first in epoch 2" in figure.alt


@pytest.mark.parametrize("name", NAMES)
def test_one_replicate_gives_means_without_intervals(name, drawn):
    figure = drawn(name, replicates=1)
    assert "95 %" not in figure.caption
    assert name == "across" or "low" not in figure.data or figure.data["low"].isna().all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("best", "chooses no best run"),
        ("cells", "no sweep “grid”"),
        ("curves", "no sweep “trained”"),
        ("across", "no sweep “grid”"),
        ("matrix", "no problem"),
        ("images", "no problem"),
        ("scatter", "no sweep “gaussian”"),
        ("ablation", "no sweep “steps” and “parts”"),
    ],
)
def test_a_panel_says_what_a_poor_study_lacks(name, words, drawn):
    assert words in drawn(name, sweeps=("batches",), replicates=1).alt


def test_untimed_runs_and_single_runs_are_said_to_be_so(gallery, study):
    results = study()
    poor = replace(results, **{"timing": results.timing.iloc[:0]})
    assert "was timed alone" in draw("across", gallery["across"], poor).alt
    panel = gallery["changes"]["panels"][0] | {"where": {"batch_size": "full"}}
    alone = gallery["changes"] | {"panels": [panel]}
    assert "no pair" in draw("changes", alone, results).alt


def test_predictions_that_were_not_kept_are_said_to_be_missing(study, gallery):
    results = study()
    empty = {"predictions": results.predictions.iloc[:0], "misread": results.misread.iloc[:0]}
    poor = replace(results, **empty)
    for name, words in (("matrix", "were not kept"), ("images", "were not kept"),
                        ("scatter", "kept predictions")):  # fmt: skip
        assert words in draw(name, gallery[name], poor).alt
    poor = replace(results, **{"misread": results.misread.iloc[:0]})
    assert "No test image is misread" in draw("images", gallery["images"], poor).alt


# Numbers


def test_curves_are_the_medians_of_the_history_with_their_range(drawn, study):
    data = drawn("curves").data
    rows = study().history
    last = rows[rows["epoch"] == EPOCHS].groupby("run")["train_loss"]
    ends = data[(data["epoch"] == EPOCHS) & (data["measure"] == "train_loss")].set_index("run")
    assert set(ends.index) == set(study().members("trained"))
    for name in ("median", "min", "max"):
        column = {"min": "low", "max": "high"}.get(name, name)
        np.testing.assert_allclose(ends[column].astype(float), last.agg(name)[ends.index])
    assert set(data["measure"]) == {"train_loss", "validation_loss"}


def test_points_are_the_intervals_that_verdicts_use(drawn, study):
    data = drawn("across").data
    for _, row in data[data["measure"] == "validation_error"].iterrows():
        found = study().interval("validation_error", row["run"])
        assert (row["mean"], row["low"], row["high"]) == found[:3]
    times = data[data["measure"] == "seconds_per_epoch"]
    assert times["mean"].tolist() == [0.02, 0.02] and times["replicates"].tolist() == [3, 3]


def test_changes_are_compared_within_replicates(drawn, study):
    results, row = study(), drawn("changes").data.iloc[0]
    first, second = (
        finite(results.finite("test_error", row[key]).values()) for key in ("against", "run")
    )
    # As verdicts compare squared errors: by ratios, of new splits of the same rows.
    mean = mean_of(np.log(second / first), results.overlap("prices", "test"))
    expected = np.exp([mean.centre, *mean.ends()]) - 1
    assert (row["mean"], row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert row["series"] == "Prices: batch 32 → full batch"
    data = drawn("paired").data
    assert set(data["series"]) == {"no dropout → dropout 0.2"} and len(data) == 2


def test_a_run_of_two_sweeps_is_compared_in_each(study):
    sweeps = study().study["sweeps"]
    turned = sweeps["rates"] | {"runs": sweeps["rates"]["runs"][::-1]}
    results = replace(study(), study=study().study | {"sweeps": sweeps | {"turned": turned}})
    data = one(results, points="gap", sweep=["rates", "turned"], against="first").frame()
    low, middle, high = sweeps["rates"]["runs"]
    pairs = [(low, middle), (low, high), (high, middle), (high, low)]
    assert list(zip(data["against"], data["run"], strict=True)) == pairs


def test_rows_hold_best_runs_sweeps_and_standard_methods(drawn):
    labels = drawn("rows").data["series"].tolist()
    assert labels[0].startswith("our search’s: ") and labels[-1] == "Nearest neighbour"
    assert set(drawn("rows").data["panel"]) == {"a", "b"}, "a panel a problem"


def test_a_confusion_matrix_counts_an_average_replicate(drawn, study):
    data, results = drawn("matrix").data, study()
    rows = results.predictions[results.predictions["run"] == results.best("images")]
    assert data["rows"].sum() == pytest.approx(len(rows) / 4)
    wrong = (rows["target"] != rows["prediction"]).sum() / 4
    assert data.loc[data["true"] != data["predicted"], "rows"].sum() == pytest.approx(wrong)
    misread = drawn("images").data
    assert misread["replicates"].is_monotonic_decreasing and len(misread) <= 24


def test_cells_hold_the_shares_of_outcomes(drawn):
    data = drawn("cells").data
    np.testing.assert_allclose(data[["learned", "failed", "diverged"]].sum(axis=1).astype(float), 1)
    assert "2 layers, rate 0.01: of 2 conditions" in drawn("cells").alt


def test_a_search_shows_every_trial_with_what_became_of_it(drawn, study):
    data, results = drawn("search").data, study()
    way = data[(data["panel"] == "a")].set_index("trial")
    made = results.trials_of("find").set_index("trial")
    assert len(way) == len(made) == 40 and set(way["state"]) == {
        "finished",
        "halved away",
        "diverged",
    }
    for name in ("value", "best", "core_seconds"):
        np.testing.assert_allclose(way[name].astype(float), made[name].astype(float))
    # The other is judged by a metric whose higher side is better.
    other, metric = results.trials_of("seek"), data[data["panel"] == "d"]
    np.testing.assert_allclose(metric["value"].astype(float), other["value"])
    errors = data[data["panel"] == "b"]["value"].astype(float)
    np.testing.assert_allclose(errors, 1 - other["value"])


def test_finalists_are_drawn_with_replicates_that_the_search_did_not_have(drawn, study):
    data = drawn("search").data
    again = data[(data["panel"] == "a") & data["mean"].notna()].set_index("run")
    assert set(again.index) == set(study().members("find"))
    for name, row in again.iterrows():
        since = [v for r, v in study().finite("validation_error", name).items() if r >= 2]
        assert (row["mean"], row["low"], row["high"]) == mean_interval(since, 0, np.inf)[:3]
        assert row["replicates"] == len(since) == 4
    panel = one(study(), progress="validation_error", sweep="find")
    assert [each.run.name for each in panel.finalists] == ["find-1", "find-0", "find-2"]
    best, seen = study().trials_of("find")["value"].min(), again["value"].astype(float)
    assert panel.winner["value"] == best == seen.min()
    words_ = panel.brief()
    assert f"of the best of 40 trials: {panel.told(best)}" in words_
    assert f"when trained again: {panel.told(again.loc[panel.winner['run'], 'mean'])}." in words_


def test_a_search_is_told_in_words(drawn):
    alt = drawn("search").alt
    for told in (
        "a: Prices, the way of the search: validation squared error",
        "40 trials, of which 27 finished, 7 stopped early and 6 diverged, in 39\u202fmin 30\u202fs",
        "150 trials, of which",
        "The best quarter of those finished: optimizer",
    ):
        assert told in alt, told
    assert alt.count("Finalist, trial") == 6 and "trained again" in alt


@pytest.mark.parametrize("kind", ["progress", "parallel"])
def test_axes_of_a_search_reach_from_worse_to_better_and_hold_the_finalists(kind, study):
    for sweep, of, log in (
        ("find", "validation_error", True),
        ("seek", "validation_metric", False),
    ):
        panel = one(study(), **{kind: of, "sweep": sweep})
        scale, values = panel.scale_of_values, panel.finished["value"]
        ends = [end for each in panel.finalists for end in (each.trial["value"], *each.again[:3])]
        places = scale.places([*ends, panel.winner["value"]])
        assert scale.log == log and (places > 0).all() and (places < 1).all()
        inside = (scale.places(values) > 0).mean()
        assert 0.9 <= inside < 1 and (scale.start > scale.end) == (of == "validation_error")


def test_a_search_in_which_nothing_diverged_takes_no_more_room(study):
    heights = []
    for keep in (("diverged",), ()):
        panel = one(study(), progress="validation_error", sweep="find")
        panel.trials = panel.trials[~panel.trials["state"].isin(keep)]
        with style.applied():
            below = one(study(), parallel="validation_error", sweep="find")
            figure = page.arrange([panel, below], style.NARROW)
        heights.append(figure.get_size_inches()[1])
    assert heights[0] == pytest.approx(heights[1], abs=0.2)


def test_an_axis_of_the_space_has_the_scale_and_the_values_of_its_hyper_parameter(study):
    panel = one(study(), parallel="validation_error", sweep="find")
    trials = panel.trials
    assert panel.drawn == list(maker.SEARCH["space"])
    axes = dict(zip(panel.drawn, panel.axes, strict=False))
    rates = np.log10(trials["learning_rate"].astype(float) / 1e-4) / 3
    np.testing.assert_allclose(axes["learning_rate"].places, rates)
    np.testing.assert_allclose(axes["dropout"].places, trials["dropout"].astype(float) / 0.5)
    assert [text for _, text in axes["widths"].ticks] == ["16", "64", "64 × 2", "128-64-32"]
    assert [text for _, text in axes["batch_size"].ticks] == ["16", "64", "full"]
    ticks = {text: place for place, text in axes["batch_size"].ticks}
    nearest = [
        min(ticks, key=lambda text: abs(ticks[text] - at)) for at in axes["batch_size"].places
    ]
    assert nearest == list(map(str, trials["batch_size"]))
    assert np.isnan(axes["momentum"].places).tolist() == (trials["optimizer"] == "adam").tolist()
    assert np.isnan(panel.axes[-1].places).sum() == (trials["state"] == "diverged").sum()
    with style.applied():  # side by side where there is room
        for width, upright in ((style.FULL_WIDTH, True), (style.NARROW, False)):
            page.arrange([panel], width)
            # Where a trial has no such hyper-parameter, its line passes outside of the axis.
            assert panel.upright == upright and panel.foot < 0


def test_an_ablation_shows_each_change_in_three_ways_and_all_together(drawn, study):
    figure = drawn("ablation")
    assert figure.data["panel"].tolist() == ["a"] * 7 + ["b"] * 7 + ["c"] * 7
    ours = figure.data[figure.data["panel"] == "b"]
    assert ours["way"].tolist() == ["alone", "last", "in any order"] * 2 + ["in any order"]
    assert ours["change"].tolist() == ["dropped"] * 3 + ["rmsprop"] * 3 + ["all together"]
    found = Ablation(study(), "parts", "test_error")
    effects = [*found.effects, found.whole]
    expected = pd.DataFrame([each.interval for each in effects]).to_numpy(float)
    columns = ["mean", "low", "high", "replicates"]
    assert ours[columns].to_numpy(float) == pytest.approx(expected)
    for text in (figure.svg, figure.narrow):
        told = re.findall(r">([^<>]+)</text>", text)
        for key in ("alone", "last", "in any order"):
            assert told.count(key) == 3, "a key above each panel"
        assert {"small batches", "all together", "rmsprop"} <= {*told}
    whole = show(found.whole.interval.centre, "share", signed=True)
    assert whole in figure.svg and f"all together: {whole}" in figure.alt
    assert "Shapley’s value" in figure.caption and "mean over 4 replicates" in figure.caption
    brief = figure.finding["undecided"]
    assert brief.startswith("The test squared error is changed most by ") and "%" in brief


def test_ratios_that_lie_far_apart_have_a_logarithmic_axis(study):
    panel = one(study(), ablation="test_error", sweep="steps")
    for dot in panel.dots:
        dot.values, dot.interval = np.array([0.1, 0.2]), Interval(0.15, -0.1, 0.3, 4)
    assert not panel.limits()[2]
    panel.dots[0].interval = Interval(0.15, -0.9, 19, 4)
    low, high, log = panel.limits()
    assert log and low < 0.1 and high > 20
    panel = one(study(), ablation="test_error", sweep="parts")
    panel.dots[0].interval = Interval(0.15, -0.9, 19, 4)
    assert not panel.limits()[2], "differences are no ratios"


def test_scatters_are_binned_with_equally_many_rows(drawn, study):
    data = drawn("scatter").data
    variance = data[(data["panel"] == "c")]
    assert variance["area"].is_monotonic_increasing and len(variance) == 10
    assert variance["mean"].iloc[-1] > variance["mean"].iloc[0]
    assert "predicted variance rises from" in drawn("scatter").alt
    squared = data.loc[data["panel"] == "d", "mean"].astype(float).mean()
    (run,) = set(variance["run"])
    rows = study().predictions[study().predictions["run"] == run]
    off = ((rows["target"] - rows["prediction"]) / 1000) ** 2
    assert squared == pytest.approx(off.mean(), rel=0.1)


def test_what_a_logarithmic_axis_cannot_hold_is_said_to_be_so(study):
    rows = study().predictions
    below = replace(study(), predictions=rows.assign(target=-rows["target"], variance=0.0))
    shown = {
        "prediction": {"run": "best", "log": True},
        "variance": {"run": {"sweep": ["gaussian"]}},
    }
    for of, more in shown.items():
        assert "above zero" in one(below, scatter=of, problem="prices", **more).absent


def test_a_loss_is_drawn_with_its_name_and_unit(study):
    for sweep, scale in (("rates", "MSE, squared ranges of the training rows"),
                         ("trained", "cross-entropy, nats"),
                         ("gaussian", "Gaussian, nats")):  # fmt: skip
        assert one(study(), curves="train_loss", sweep=sweep).scale == scale


def test_a_run_of_a_sweep_is_that_with_the_lowest_validation_loss(study):
    panel = one(study(), scatter="variance", run={"sweep": ["gaussian"]}, across="area")
    losses = {name: study().interval("validation_loss", name).centre
              for name in study().members("gaussian")}  # fmt: skip
    assert panel.names == [min(losses, key=losses.get)]


# Without rows for validation


@pytest.fixture(scope="module")
def unvalidated():
    """The Results of a study with a sweep of which no run leaves rows for validation, one of which
    one does not, and one of a single run."""
    rest = {name: np.full((5, EPOCHS), np.nan) for name in ("validation_loss", "validation_metric")}
    runs = [
        maker.run(f"r{i}", "rates", fit_on="development", curves=rest, learning_rate=rate, **SHORT,
                  test_metric=rate, validation_metric=np.nan)
        for i, rate in enumerate((0.1, 0.2))
    ]  # fmt: skip
    runs += [
        maker.run(f"f{i}", "fitted", fit_on=name, curves=rest if i else None, **SHORT,
                  test_metric=0.3, validation_metric=np.nan if i else 0.4,
                  validation_loss=np.nan if i else 0.4)
        for i, name in enumerate(("training", "development"))
    ]  # fmt: skip
    images = {"problem": "images", "fit_on": "development", "curves": rest, **IMAGES}
    found = maker.results(*runs, maker.run("a", "alone", **images))
    axes = {"rates": ["learning_rate"], "fitted": ["fit_on"], "alone": []}
    sweeps = {
        name: about | {"question": f"What of {name}?", "axes": axes[name]}
        for name, about in found.study["sweeps"].items()
    }
    return replace(found, study=found.study | {"sweeps": sweeps})


@pytest.mark.parametrize("panel", [
    {"curves": "validation_loss"}, {"curves": "validation_error", "with": "train_error"},
    {"points": "validation_error"}, {"points": "gap", "across": "learning_rate"},
    {"points": "validation_loss", "against": "first"},
])  # fmt: skip
def test_what_takes_rows_for_validation_is_empty_without_them(panel, unvalidated):
    assert one(unvalidated, sweep="rates", **panel).absent == "No run leaves rows for validation."


@pytest.mark.parametrize("kind", ["curves", "points"])
def test_beside_training_and_test_nothing_is_drawn_of_rows_that_are_not_there(kind, unvalidated):
    of, beside = {"curves": ("train_loss", "validation_loss"),
                  "points": ("test_error", "validation_error")}[kind]  # fmt: skip
    panel = one(unvalidated, sweep="rates", **{kind: of, "with": beside})
    assert {*panel.frame()["measure"]} == {of}
    assert "validation" not in " ".join([panel.sentence(), *panel.note()])


@pytest.mark.parametrize("panel", [{"curves": "validation_loss"}, {"points": "validation_error"}])
def test_runs_without_rows_for_validation_are_left_out_beside_others(panel, unvalidated):
    shown = one(unvalidated, sweep="fitted", **panel)
    assert {*shown.frame()["run"]} == {"f0"} and "diverged" not in shown.sentence()
    assert "runs fitted on the validation rows too are left out" in shown.note()


def test_a_run_that_none_could_choose_is_not_shown_as_the_best(unvalidated):
    best = {"points": "test_error", "run": "best"}
    assert one(unvalidated, problem="images", **best).absent == (
        "No run was chosen: none leaves rows for validation."
    )
    lowest = {"points": "test_error", "run": {"sweep": ["rates"]}}
    assert "None of these 2 runs leaves rows for validation" in one(unvalidated, **lowest).absent
    assert one(unvalidated, points="test_error", run={"sweep": ["fitted"]}).names == ["f0"]
    assert one(unvalidated, points="test_error", run={"sweep": ["alone"]}).names == ["a"]


def test_a_sweep_without_rows_for_validation_gets_a_figure_of_its_test_error(unvalidated):
    made = with_defaults({}, unvalidated.study, rows(unvalidated))
    shown = {name: [panel["of"] for panel in each["panels"]] for name, each in made.items()}
    assert shown == dict.fromkeys(("rates", "fitted"), ["train_loss", "test_error"])
    for name, spec in made.items():
        assert "No run" not in draw(name, spec, unvalidated).alt


# What the source says, and whose network it is

SOURCE = """
- id: reads
  title: It reads
  claim: "{read} are read, and the loss overshoots near {epoch}."
  source: {read: {value: "88", unit: "%"}, epoch: {value: "3"}}
  rule:
    all:
      - value: {metric: test_metric, of: {run: best, problem: images}, source: read}
      - shape:
          property: overshoots
          around: epoch
          window: 1
          rise: 0.1
          of: {run: best, problem: images}
- id: elsewhere
  title: It is elsewhere
  claim: C.
  rule: {shape: {property: learned, margin: 0.1, of: {sweep: not-here}}}
"""


@pytest.fixture
def claims(tmp_path):
    (tmp_path / "claims.yaml").write_text(SOURCE)
    return load_claims(tmp_path / "claims.yaml")


def real(results):
    """The same results, of data whose origin is known."""
    datasets = {each.get("dataset") for each in results.study["problems"].values()}
    return replace(results, provenance=[{"dataset": d, "kind": "real"} for d in datasets])


@pytest.mark.parametrize("name", ["curves", "rows"])
def test_numbers_of_the_source_are_marked_where_their_run_is_drawn(name, gallery, study, claims):
    figure = draw(name, gallery[name], real(study()), claims)
    assert "what the source says" in figure.caption and "var(--not" in figure.svg
    # Of the test rows there is no curve, and of points no epoch.
    assert ("epoch 3" in figure.svg) == (name == "curves")
    source = Source(claims, real(study()))
    best = study().run(study().best("images"))
    assert [*source.of("test_error", best)] == pytest.approx([0.12])
    assert [*source.of("test_metric", best).items()] == [(pytest.approx(0.88), ["the source"])]
    assert source.of("test_loss", best) == source.of("validation_error", best) == {}
    assert source.claims_about([best.name]) == ["reads"] == figure.claims


BOTH = """
- id: old
  title: It read so many then
  claim: "{test} are read."
  source: {test: {value: "88", unit: "%", by: the paper}, epoch: {value: "3", by: the paper}}
  rule:
    all:
      - value: {metric: test_metric, of: {run: best, problem: images}, source: test}
      - about: overshoots
        shape:
          property: overshoots
          around: epoch
          window: 1
          rise: 0.1
          of: {run: best, problem: images}
- id: new
  title: It reads so many now
  claim: "{test} are read."
  source:
    test: {value: "87", unit: "%", by: its repetition}
    same: {value: "88", unit: "%", by: its repetition}
    epoch: {value: "4", by: its repetition}
  rule:
    all:
      - value: {metric: test_metric, of: {run: best, problem: images}, source: test}
      - order: {metric: test_metric, higher: {run: best, problem: images}, than: same}
      - about: overshoots
        shape:
          property: overshoots
          around: epoch
          window: 1
          rise: 0.1
          of: {run: best, problem: images}
"""


@pytest.fixture
def of_two(tmp_path):
    """Claims that are made by two sources."""
    (tmp_path / "claims.yaml").write_text(BOTH)
    return load_claims(tmp_path / "claims.yaml")


def test_numbers_of_several_sources_are_told_apart(gallery, study, of_two):
    results = real(study())
    source, best = Source(of_two, results), results.run(results.best("images"))
    places = {0.12: ["the paper", "its repetition"], 0.13: ["its repetition"]}
    found = source.of("test_error", best)
    assert {round(place, 9): names for place, names in found.items()} == places
    rows = draw("rows", gallery["rows"], results, of_two)
    assert "red dashes: what the paper and its repetition say" in rows.caption.lower()
    for text in ("– – the paper and its repetition", "· · · its repetition"):
        assert text in rows.svg and text in rows.narrow
    curves = draw("curves", gallery["curves"], results, of_two).svg
    assert "– – the paper: epoch 3" in curves and "· · · its repetition: epoch 4" in curves
    assert source.look(["the paper"])["ls"] != source.look(["its repetition"])["ls"]


@pytest.mark.parametrize("across", [{}, {"across": "optimizer"}], ids=["rows", "across"])
def test_a_number_beyond_a_logarithmic_axis_stands_at_its_end(across, study, tmp_path):
    (tmp_path / "claims.yaml").write_text(BOTH.replace('"88"', '"100"'))
    panel = {"kind": "points", "of": "test_error", "run": "best", "problem": "images", "log": True}
    spec = {"title": "t", "caption": "", "panels": [panel | across]}
    drawn = draw("zero", spec, real(study()), load_claims(tmp_path / "claims.yaml"))
    for text in (drawn.svg, drawn.narrow):
        width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text).groups())
        assert height < 2 * width and re.search(r"repetition:( |<.*?>)*0.00", text)


def test_stand_ins_are_not_marked_with_numbers_of_the_source(gallery, study, claims):
    made_up = real(study())
    for about in made_up.provenance:
        about["kind"] = "sample"
    figure = draw("rows", gallery["rows"], made_up, claims)
    assert "source" not in figure.caption and "var(--not" not in figure.svg


def test_best_is_said_with_whose_it_is(study):
    results = study()
    other = results.members("trained")[0]
    sweeps = results.study["sweeps"] | {"described": {"problem": "images", "runs": [other]}}
    both = replace(results, study=results.study | {"sweeps": sweeps})
    about = {"points": "test_error", "run": "best", "problem": "images"}
    labels = one(both, **about, source=["described"]).frame()["series"].tolist()
    assert sorted(text.partition(":")[0] for text in labels) == ["our search’s", "the source’s"]
    sweeps["described"]["runs"] = [results.best("images")]
    (label,) = one(both, **about, source=["described"]).frame()["series"]
    assert label.startswith("the source’s and our search’s: ")


def test_a_replicate_that_jumps_is_told():
    values = np.tile(np.geomspace(1, 0.001, 100), (5, 1))
    assert line(values).jump is None
    values[3, 96:] = 2.0
    assert line(values).jump == (1, 97)
    assert line(values[:2]).jump is None, "two replicates have no middle"


def test_text_alone_in_a_column_has_as_many_decimals_as_the_others():
    assert column([0.00297, 0.0123, 1.5], "squared ranges") == ["0.00297", "0.01230", "1.50000"]
    assert column([4.06, 10.6], "$") == ["$4.06", "$10.60"]
    assert column([0.0406, 0.1], "share") == ["4.06\u202f%", "10.00\u202f%"]
    assert column([0.1, -0.25], "times", True)[1].startswith("−0.250")


# Sweeps side by side

# {sweep: (settings, test error, training error)} of a study in steps; the last has two runs.
STEPS = {
    "base": ({}, 0.051, 0.003), "cross-entropy": ({"learning_rate": 0.02}, 0.049, 0.001),
    "adam-w": ({"optimizer": "adamw"}, 0.045, 0.0005), "shifts": ({"epochs": 9}, 0.03, 0.017),
    "drop-out": ({"dropout": 0.25, "epochs": 9}, 0.024, 0.015),
}  # fmt: skip
STATED = """
- id: then
  title: Then
  claim: "{test} and {train} are misread."
  source:
    test: {value: "5.0", unit: "%", by: the paper}
    train: {value: "0.14", unit: "%", by: the paper}
  rule:
    all:
      - value: {metric: test_error, of: {sweep: base}, source: test}
      - value: {metric: train_error, of: {sweep: base}, source: train}
- id: again
  title: Again
  claim: "{one}, {five} are misread, and {trained} of those trained on."
  source:
    one: {value: "4.09", unit: "%", by: its repetition}
    trained: {value: "0.62", unit: "%", by: its repetition}
    five: {value: "1.59", unit: "%", by: its repetition}
  rule:
    all:
      - value: {metric: test_error, of: {sweep: base}, source: one}
      - value: {metric: train_error, of: {sweep: base}, source: trained}
      - value: {metric: test_error, of: {sweep: drop-out}, source: five}
"""


def in_steps(rows=True):
    """Results of such a study, whose replicates are tested on the same rows or on their own."""
    random, runs, kept = np.random.default_rng(0), [], []
    for sweep, (settings, test, train) in STEPS.items():
        hard = random.permutation(400) < 400 * test  # for every replicate, and a few more for each
        misread = hard ^ (random.random((5, 400)) < 0.004)
        errors = {
            "test_metric": misread.mean(axis=1),
            "train_metric": random.normal(train, 1e-4, 5),
        }
        given = {name: list(values) for name, values in errors.items()}
        runs.append(maker.run(sweep, f"{sweep} steps", problem="images", **given, **settings))
        kept += [
            {"run": sweep, "replicate": i, "values": row} for i, row in enumerate(misread * 1.0)
        ]
    runs.append(
        maker.run(
            "low",
            "adam-w",
            problem="images",
            test_metric=[0.04] * 5,
            train_metric=[0.001] * 5,
            optimizer="adamw",
            learning_rate=0.001,
        )
    )
    found = maker.results(*runs, metrics={"images": "error-rate"})
    frame = pd.DataFrame(kept if rows else [], columns=["run", "replicate", "values", "shifted"])
    return replace(found, rows=frame)


def across_sweeps(results, *sweeps, **more):
    return one(results, points="test_error", sweep=[*sweeps], across="sweep", **more)


def test_each_sweep_is_a_place_in_the_order_of_the_list_and_called_by_its_name():
    results = in_steps()
    panel = across_sweeps(results, "base", "drop-out", "cross-entropy", **{"with": "train_error"})
    assert panel.categories == ["base", "drop-out", "cross-entropy"]
    frame = panel.frame()
    assert frame["at"].tolist() == ["base", "drop out", "cross entropy"] * 2
    assert frame["measure"].tolist() == ["test_error"] * 3 + ["train_error"] * 3
    assert {*frame["series"]} == {""} and len(panel.lines) == 2, "dots of a measure are joined"
    assert "at drop out" in panel.sentence() and "by sweep" in panel.sentence()


def test_a_run_stands_at_each_of_its_sweeps_and_several_of_one_are_told_apart():
    results = in_steps()
    panel = across_sweeps(results, "steps", "base")
    assert panel.frame()["run"].tolist().count("base") == 2
    panel = across_sweeps(results, "base", "adam-w")
    found = {(dot.label, dot.series) for dot in panel.dots}
    assert found == {
        ("base", "rate 0.01"),
        ("adam w", "rate 0.01"),
        ("adam w", "rate 0.001"),
    }
    curves = one(results, curves="train_loss", sweep=["base", "drop-out"], colour="sweep")
    assert [line.label for line in curves.lines] == ["base", "drop out"]
    assert len({curves.color(line.run) for line in curves.lines}) == 2
    rows = one(results, points="test_error", sweep=["base", "shifts"], colour="sweep")
    assert rows.frame()["series"].tolist() == ["base", "shifts"]


def test_intervals_over_other_test_rows_are_drawn_written_and_told():
    results = in_steps()
    shown = {"sweep": ["base", "adam-w"], "across": "sweep", "with": "train_error"}
    figure = draw("steps", figure_of(points="test_error", **shown), results)
    wide = figure.data.set_index(["run", "measure"])[["others_low", "low", "high", "others_high"]]
    first = wide.loc[("base", "test_error")].astype(float)
    assert first.is_monotonic_increasing and first["others_low"] < first["low"]
    found = results.on_other_rows("base", "test_error")
    assert [first["others_low"], first["others_high"]] == pytest.approx(found[1:3])
    assert wide.loc[("base", "train_error"), "others_low"] is pd.NA
    assert "thin ends of it: on other test rows of their kind as well" in figure.caption
    assert f"{told_interval(*found[1:3], 'share')} on other test rows) at base" in figure.alt
    alone = draw("steps", figure_of(points="test_error", **shown), in_steps(rows=False))
    assert "other test rows" not in alone.caption + alone.alt
    assert "others_low" not in alone.data


def test_each_source_has_a_label_and_dashes_of_its_own_at_every_place(tmp_path):
    (tmp_path / "claims.yaml").write_text(STATED)
    spec = figure_of(points="test_error", sweep=[*STEPS], across="sweep", **{"with": "train_error"})
    figure = draw("steps", spec, real(in_steps()), load_claims(tmp_path / "claims.yaml"))
    for label in ("– – the paper, test", "– – the paper, training", "· · · its repetition, test",
                  "· · · its repetition, training"):  # fmt: skip
        assert figure.svg.count(f">{label}<") == 1


# Axes, labels, divergence


def line(values, diverged=()):
    values = np.asarray(values, float)
    return kinds.Line("rate", "run", "train_loss", values, list(diverged))


def curves(*lines):
    """A panel of some lines, and its limits."""
    panel = kinds.Curves.__new__(kinds.Curves)
    panel.spec, panel.lines, panel.alike, panel.source = {}, list(lines), [panel], Source()
    return panel.limits()


def test_a_diverged_replicate_leaves_the_mean_and_is_named():
    values = np.full((3, 6), 1.0)
    values[0, 3:] = np.nan
    assert line(values, [4]).summary[3].tolist() == [3, 3, 3, 2, 2, 2]
    assert line(values, [4]).fate == " ×1 of 3"
    gone = line([[1.0, 3.0, np.nan], [1.0, 2.0, np.nan]], [3, 3])
    assert gone.middle.tolist() == [1.0, 2.5] and gone.fate == " ×"


def test_a_curve_that_runs_away_does_not_flatten_the_others():
    low, high, log = curves(line([np.linspace(1, 0.1, 5)]), line([[1, 1e3, 1e9, 1e20, 1e30]]))
    assert log and low < 0.1 and 1 < high < 10


def test_an_error_of_zero_leaves_the_panel_and_negative_losses_ask_for_a_linear_axis():
    low, high, log = curves(line([[8.0, 2.0, 0.5, 0.0]]))
    assert log and 0 < low < 0.5 and high > 8
    low, high, log = curves(line([[0.5, -1.0, -2.5]]))
    assert not log and low < -2.5 and high > 0.5


@pytest.mark.parametrize(
    ("values", "log"),
    [([1.0, 1.2, 1.1, 0.12], False), ([1.0, 1e-3, 0.9, 1.1], True), ([0.0, 0.0, 0.0], False)],
)
def test_an_axis_is_logarithmic_where_values_lie_far_apart(values, log, study):
    panel = one(study(), points="test_error", sweep="batches", across="batch_size")
    for dot in panel.dots:
        dot.values, dot.interval = np.array(values), mean_interval(values)
    low, high, found = panel.limits()
    assert found == log and low < min(values) and high > max(values)


@given(st.lists(st.tuples(st.floats(-50, 300), st.sampled_from([10, 20])), min_size=1, max_size=8))
def test_labels_stand_apart_inside_the_panel_and_in_order(labels):
    wanted, sizes = np.array([at for at, _ in labels]), [size for _, size in labels]
    places = page.spread(wanted, sizes, 170.0)
    order = np.argsort(wanted, kind="stable")
    gaps = (
        np.diff(places[order])
        - np.convolve(np.array(sizes)[order], [0.5, 0.5], "valid")[: len(order) - 1]
    )
    assert (gaps >= -1e-6).all() and places.min() >= -1e-6 and places.max() <= 170 + 1e-6


def test_words_are_broken_into_lines_that_fit():
    text = "validation squared error of all that was tried"
    with style.applied():
        lines = page.wrapped(text, 80)
        assert " ".join(lines) == text and len(lines) > 2
        assert all(page.width_of(each) <= 80 for each in lines)


def test_a_long_title_and_long_labels_get_the_room_they_need(study, gallery):
    spec = gallery["curves"]["panels"][0] | {"title": "A title that says all that can be said " * 3}
    figure = draw("long", {"title": "t", "caption": "", "panels": [spec] * 3}, study())
    assert float(re.search(r'viewBox="0 0 \S+ (\S+)"', figure.svg)[1]) > 150


# Colours


def test_a_panel_is_coloured_by_what_its_sweep_varies_first(study):
    assert one(study(), curves="train_loss", sweep="trained").colour == "optimizer"
    assert one(study(), points="test_error", sweep="rates", across="learning_rate").colour == (
        "learning_rate"
    )


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("learning_rate", [0.001, 0.01], [style.RATES[-3], style.RATES[-2]]),
        ("skip", [False, True], [style.WITHOUT, style.WITH]),
        ("dropout", [0, 0.2], [style.WITHOUT, style.WITH]),
        ("optimizer", ["sgd", "adam"], [style.PALETTES[0][0], style.PALETTES[0][2]]),
        ("optimizer", ["one-that-is-new"], [style.PALETTES[0][0]]),
        ("loss", ["mse"], [style.PALETTES[1][1]]),
        ("flavour", ["sour", "sweet"], list(style.PALETTES[0][:2])),
        ("activation", ["relu", "tanh"], [style.PALETTES[1][0], style.PALETTES[1][2]]),
        ("heads", [1, 2, 4], style.ramp(style.RAMPS[0], 3)),
        ("widths", ["8", "8-8"], style.ramp(style.RAMPS[0], 2)),
        ("nothing", [None], [style.RAMPS[0][-1]]),
    ],
)
def test_colours_follow_from_the_type_of_a_hyper_parameter(name, values, expected):
    assert list(style.scale(name, values, set()).values()) == expected


def test_values_stand_in_the_order_of_their_kind():
    values = ["full", 100, None, 20]
    assert sorted(values, key=lambda v: rank("batch_size", v)) == [None, 20, 100, "full"]
    assert rank("optimizer", "sgd") < rank("optimizer", "adam") < rank("optimizer", "new")
    assert rank("widths", 100) < rank("widths", "20-20") < rank("widths", "100-100")
    runs = [SimpleNamespace(settings={"skip": value}) for value in (True, False)]
    assert ordered(runs, "skip") == [False, True]


def test_one_colour_means_one_thing_in_a_figure():
    taken = set()
    first = style.scale("heads", [1, 2, 4], taken)
    second = style.scale("units", [1, 2, 4], taken)
    assert not set(first.values()) & set(second.values())


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
    "outcomes": list(style.OUTCOMES.values()),
    "splits": list(style.SPLITS.values()),
    "models": list(style.MODELS),
    "with and without": [style.WITHOUT, style.WITH],
    **{f"palette {i}": list(colors) for i, colors in enumerate(style.PALETTES)},
    **{f"ramp {i}": list(colors) for i, colors in enumerate(style.RAMPS)},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_colours_are_seen_on_both_grounds_and_stay_apart_for_colour_blind_readers(family):
    for color in FAMILIES[family]:
        assert contrast(color, "#ffffff") >= 3 and contrast(color, "#0d1117") >= 3, color
    for blindness, (a, b) in itertools.product(BLIND, itertools.combinations(FAMILIES[family], 2)):
        difference = np.linalg.norm(lab(a, blindness) - lab(b, blindness))
        assert difference > 15, (blindness, a, b)


def test_the_style_file_and_the_code_name_the_same_inks():
    text = (ROOT / "workflow/scripts/tunebook/figures/tunebook.mplstyle").read_text("utf-8")
    for ink in (style.INK, style.MUTED, style.GRID):
        assert ink.removeprefix("#") in text


# Specifications


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f: {panels: {}}", "f.title: missing"),
        ("f: {title: t}", "f.panels: missing"),
        ("f: {title: t, panels: []}", "one panel, or a list"),
        ("f: {title: t, panels: {}}", "found nothing; allowed: exactly one kind of curves"),
        ("f: {title: t, panels: {bars: x, sweep: a}}", "found bars, sweep; allowed: exactly one"),
        ("f: {title: t, panels: {curves: train_loss, points: gap, sweep: a}}", "curves and points"),
        ("f: {title: t, panels: {curves: loss, sweep: a}}", "one of train_loss"),
        ("f: {title: t, panels: {curves: train_loss}}", "sweep: missing"),
        ("f: {title: t, panels: {curves: train_loss, sweep: a, bins: 3}}", "bins: unknown key"),
        ("f: {title: t, panels: {points: gap, sweep: a, zero: maybe}}", "true or false"),
        ("f: {title: t, panels: {points: gap, sweep: a, against: last}}", "one of first"),
        ("f: {title: t, panels: {points: gap, sweep: a, level: high}}", "a list of numbers"),
        ("f: {title: t, panels: {cells: outcome, sweep: a, rows: loss}}", "columns: missing"),
        ("f: {title: t, panels: {matrix: confusion, run: first}}", "`best`, or {sweep: NAME}"),
        ("f: {title: t, panels: {scatter: x, run: best}}", "one of prediction"),
        ("f: {title: t, panels: {progress: test_error, sweep: a}}", "one of validation_metric"),
        ("f: {title: t, panels: {parallel: validation_error, run: best}}", "sweep: missing"),
        ("f: {title: t, panels: {ablation: test_error, run: best}}", "sweep: missing"),
        ("f: {title: t, panels: {ablation: gap, sweep: a, zero: true}}", "zero: unknown key"),
        ("f: {title: t, panels: {scatter: variance, run: best, bins: 1}}", "at least 2"),
        ("f: {title: t, finding: {true: s}, panels: {images: misread, run: best}}", "text"),
        ("f: {title: t, finding: {held: s}, panels: {images: misread, run: best}}", "reproduced"),
        ("f: {title: t, claims: c, panels: {images: misread, run: best}}", "claims"),
        ("f: {title: t, panels: {curves: train_loss, sweep: a, epochs: log}}", "one of linear"),
        ("F: {title: t, panels: {images: misread, run: best}}", "small letters"),
        ("f: {title: t, panels: {images: misread, run: best}}\nf: {}", "stands twice"),
        ("1: {title: t}", "keys that are text"),
        ("- a", "a mapping"),
    ],
)
def test_a_file_that_is_wrong_in_itself_is_refused(text, words, tmp_path):
    with pytest.raises(TunebookError) as caught:
        load(text, tmp_path)
    message = str(caught.value)
    assert words in message and "figures.yaml" in message and "\n" not in message


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        ("{points: test_errors, sweep: rates}", "points: found test_errors; allowed: one of"),
        ("{points: gap, with: x, sweep: rates}", "with: found x"),
        ("{points: gap, sweep: rates, across: momentun}", "across: found momentun; allowed:"),
        ("{curves: train_loss, sweep: rates, where: {rate: 1}}", "where: found rate"),
        ("{cells: outcome, sweep: rates, rows: [los], columns: loss}", "rows: found los"),
        ("{curves: train_loss, run: {sweep: rates, where: {x: 1}}}", "where: found x"),
        (
            "{progress: validation_error, sweep: rates}",
            "found rates, which is no search; allowed: a",
        ),
        ("{ablation: test_errors, sweep: steps}", "ablation: found test_errors; allowed: one of"),
        (
            "{ablation: test_error, sweep: rates}",
            "found rates, which is no ablation; allowed: an ablation: steps, parts",
        ),
    ],
)
def test_what_no_study_can_have_is_refused_before_training(panel, words, tmp_path, study):
    found = load(f"f: {{title: t, panels: {panel}}}", tmp_path)
    with pytest.raises(TunebookError, match=re.escape(words)):
        check_figures(found, study().study)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("claims: [c, d]", "f.claims: found d; allowed: c"),
        ("finding: {reproduced: Yes., undecided: Open.}", "f.finding: several sentences; needed"),
    ],
)
def test_a_figure_about_no_claim_of_the_study_is_refused(about, words, tmp_path, study):
    found = load(f"f: {{title: t, {about}, panels: {{images: misread, run: best}}}}", tmp_path)
    with pytest.raises(TunebookError, match=re.escape(words)):
        check_figures(found, study().study, ["c"])


def test_the_gallery_and_the_default_figures_pass_and_name_their_inputs(gallery, study):
    default = load_figures(ROOT / "config/figures.yaml")
    check_figures(gallery, study().study)
    claims = load_claims(ROOT / "config/claims.yaml")
    assert all({*f.get("claims", [])} <= {c.id for c in claims.claims} for f in default.values())
    assert asked_inputs(gallery) == ["area"]
    assert len(default) == 22 and len(asked_inputs(default)) == 1


def test_a_study_without_figures_gets_one_for_each_sweep(tmp_path, study):
    assert load_figures(tmp_path / "figures.yaml") == {}
    made = with_defaults({}, study().study, rows(study()))
    check_figures(made, study().study)
    assert set(made) == {*SWEEPS, *SEARCHES}
    kinds_of = {name: [p["kind"] for p in figure["panels"]] for name, figure in made.items()}
    assert kinds_of["rates"] == ["curves", "points"] and kinds_of["grid"] == ["points"]
    assert kinds_of["find"] == ["progress", "parallel"] and kinds_of["steps"] == ["ablation"]
    for name, spec in made.items():
        figure = draw(name, spec, study())
        assert figure.title == f"What of {name}?" and len(figure.runs) > 1
        assert not re.search("no sweep|no finite", figure.alt)


def test_a_sweep_that_a_figure_names_gets_no_other(gallery, study):
    assert set(with_defaults(gallery, study().study, rows(study()))) == set(gallery)
    fewer = {name: figure for name, figure in gallery.items() if name != "losses"}
    made = with_defaults(fewer, study().study, rows(study()))
    assert set(made) - set(fewer) == {"rates"}


# Files


def test_the_script_writes_what_the_tables_on_disk_say(tmp_path, monkeypatch, gallery, study):
    # The script sends its output to its log, and then back to the process's own.
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    folder, made = tmp_path / "results", study()
    folder.mkdir()
    write_json(folder / "study.json", made.study)
    write_csv(made.runs, folder / "runs.csv")
    write_parquet(made.history, folder / "history.parquet")
    wanted = {name: gallery[name] for name in ("curves", "changes")}

    class Files(list):
        runs, claims, provenance = str(folder / "runs.csv"), [], []

    made = [str(tmp_path / f"figures/{n}.{end}") for end in ("svg", "csv", "json") for n in wanted]
    snakemake = SimpleNamespace(
        input=Files([Files.runs]),
        output=Files(made),
        params=SimpleNamespace(code=None, figures=wanted),
        log=[str(tmp_path / "log" / "figures.log")],
    )
    runpy.run_path(str(ROOT / "workflow/scripts/figures.py"), init_globals={"snakemake": snakemake})
    for name, spec in wanted.items():
        figure = draw(name, spec, read_results(folder))
        about = json.loads((tmp_path / f"figures/{name}.json").read_text("utf-8"))
        assert about == {key: getattr(figure, key) for key in ABOUT}
        for end, svg in ((".svg", figure.svg), (".narrow.svg", figure.narrow)):
            assert (tmp_path / f"figures/{name}{end}").read_text("utf-8") == svg
        data = pd.read_csv(tmp_path / f"figures/{name}.csv")
        assert data.columns.tolist() == figure.data.columns.tolist()
        assert len(data) == len(figure.data)


def test_figures_are_known_without_loading_matplotlib_or_pandas():
    loaded = "bool({'matplotlib', 'pandas'} & {*sys.modules})"
    code = f"import sys, tunebook.figures.spec; sys.exit({loaded})"
    where = str(ROOT / "workflow/scripts")
    assert subprocess.run([sys.executable, "-c", code], cwd=where, check=False).returncode == 0


def test_words_of_a_figure_are_escaped_in_the_picture(study, gallery):
    words = "A <script>alert(\"1\")</script> & 'more' --> end"
    panels = [gallery["curves"]["panels"][0] | {"title": words}] * 2
    figure = draw("f", {"title": words, "caption": "", "panels": panels}, study())
    assert "<script" not in figure.svg
    assert ElementTree.fromstring(figure.svg).get("aria-label") == figure.alt
