"""Every number of a finished study follows from its tables: its own are worked out once more.

What is walked over is made by Snakemake from data of its own: every kind of network, loss and
optimizer, trainings that diverge, every rule, figure and table. See `truth`, which also walks over
any other study's results.
"""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import truth
from project import PARTS, Project, copy_parts

STUDY = Path(__file__).parent / "walked"
KINDS = {"optimizer": ["sgd", "sgd-momentum", "adam", "adamw", "rmsprop"],
         "model": ["dense", "convolutional", "module"],
         "loss": ["mse", "gaussian", "cross-entropy", "huber", "absolute"],
         "scale_inputs": ["min-max", "none", "quartiles", "quantile"],
         "scale_target": ["range", "none", "standard", "log"],
         "noise": [0.0, 0.05, 0.1], "label_smoothing": [0.0, 0.1]}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that has run to its report."""
    folder = copy_parts(tmp_path_factory.mktemp("truth") / "study", PARTS)
    shutil.rmtree(folder / "config")
    shutil.copytree(STUDY, folder / "config")
    Project.at(folder, {}).run()
    return folder


def walked(folder):
    return truth.walk(folder / "results", folder / "config/claims.yaml")


def test_every_number_of_a_finished_study_follows_from_its_tables(finished):
    assert walked(finished) == []


def test_what_is_walked_over_has_every_kind_of_network_and_optimizer(finished):
    runs = pd.read_csv(finished / "results/runs.csv")
    for column, kinds in KINDS.items():
        assert {*kinds} <= {*runs[column]}, column
    diverged = runs.groupby("run")["diverged_at"].apply(lambda at: at.notna().mean())
    assert diverged.max() == 1 and diverged.min() == 0


def test_the_walk_reads_the_page_and_not_only_the_tables(finished):
    """As many cells and numbers of each sort as an empty page would not have."""
    page = truth.Page((finished / "results/report.html").read_text()).top
    links = [node for node in page.nodes("a", class_="num") if node.get("data-run")]
    assert len(links) > 20 and len([*page.nodes("li", class_="piece")]) == 32
    notes = " ".join(node.text() for node in page.nodes("p", class_="note"))
    assert notes.count("were searched") == 2 and notes.count("ahead of") >= 2


# A slip of each kind ------------------------------------------------------------------------------


def replace(old, new):
    """A function that replaces the first text like a regular expression in a file."""

    def change(path):
        text, many = re.subn(old, new, path.read_text(), count=1)
        assert many, f"{path.name} has no {old}"
        path.write_text(text)

    return change


def in_table(change):
    """A function that changes the frame of a table."""

    def changed(path):
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path).astype({"run": str})
            change(frame)
            frame.to_parquet(path, index=False)
        else:
            frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
            change(frame)
            frame.to_csv(path, index=False)

    return changed


def in_claim(claim, piece, **changes):
    """A function that changes a piece of claims.json; changes: {key: old value -> new one}."""

    def change(path):
        claims = json.loads(path.read_text())
        found = next(each for each in claims if each["id"] == claim)["pieces"][piece]
        for key, make in changes.items():
            found[key] = make(found[key])
        path.write_text(json.dumps(claims))

    return change


def kernels_of_the_step_before(frame):
    last = frame["epoch"] == frame["epoch"].max()
    frame.loc[last, "validation_loss"] *= 1.001


def a_share_beyond_one(frame):
    frame.loc[frame["test_accuracy"].first_valid_index(), "test_accuracy"] = 1.099


def rounded_times(frame):
    frame["started"] = frame["started"].round(-1)


def higher(column, row=0, by=1.01):
    def change(frame):
        frame.loc[frame[column].dropna().index[row], column] *= by

    return change


def more(column):
    def change(frame):
        frame.loc[frame[column].dropna().index[0], column] += 1

    return change


# {file, or where it lies: what walks over it}
PARTS_OF = {
    "history.parquet": [truth.kept_weights], "runs.csv": [truth.tables],
    "cost.csv": [truth.tables], "ensembles.csv": [truth.tables], "figures": [truth.figures],
    "study.json": [truth.figures],
    "claims.json": [truth.judged, truth.family], "report.html": [truth.report],
}  # fmt: skip
# {what goes wrong: (in which file, what brings it about, where it is found)}
SLIPS = {
    "weights of another step": (
        "history.parquet",
        in_table(kernels_of_the_step_before),
        "kept validation_loss",
    ),
    "an error above one": ("runs.csv", in_table(a_share_beyond_one), "test_accuracy: beyond"),
    "a gap of another sort": ("runs.csv", in_table(higher("gap")), "runs.csv, .* gap: "),
    "another constant": (
        "runs.csv",
        in_table(higher("constant_test_mse")),
        "runs.csv, .* constant_test_mse",
    ),
    "times to ten seconds": ("cost.csv", in_table(rounded_times), "cost.csv"),
    "a curve": ("figures/curves.csv", in_table(higher("low")), "curves.csv, line .* low"),
    "an interval of its own": (
        "figures/points.csv",
        in_table(higher("high")),
        "points.csv, .* high",
    ),
    "a count of replicates": (
        "figures/points.csv",
        in_table(more("replicates")),
        "points.csv, .* replicates",
    ),
    "a change": ("figures/changes.csv", in_table(higher("mean")), "changes.csv"),
    "a standard method": ("figures/rows.csv", in_table(higher("mean", row=-1)), "rows.csv"),
    "a share of outcomes": (
        "figures/cells.csv",
        in_table(more("learned")),
        "cells.csv, .* learned",
    ),
    "a confusion": ("figures/matrix.csv", in_table(more("rows")), "matrix.csv"),
    "a difference": (
        "claims.json",
        in_claim("glyphs", 0, number=lambda n: n + 0.01),
        r"glyphs \(better\), number",
    ),
    "the end of an interval": (
        "claims.json",
        in_claim("glyphs", 0, low=lambda n: n - 0.01),
        r"glyphs \(better\), low",
    ),
    "a ratio": (
        "claims.json",
        in_claim("error", 2, number=lambda n: n * 1.01),
        r"error \(against SGD\), number",
    ),
    "what one more would be": (
        "claims.json",
        in_claim("error", 0, high=lambda n: n * 1.01),
        r"error \(test error\), high",
    ),
    "a rank correlation": (
        "claims.json",
        in_claim("trends", 0, number=lambda n: -n),
        r"trends \(loss over rates\), number",
    ),
    "a time": (
        "claims.json",
        in_claim("times", 0, number=lambda n: n * 1.01),
        r"times \(time\), number",
    ),
    "a count of a shape": (
        "claims.json",
        in_claim("shapes", 0, number=lambda n: n + 0.1),
        r"shapes \(learns\), number",
    ),
    "a count": (
        "claims.json",
        in_claim("error", 1, n=lambda n: n + 1),
        r"error \(against the best\), n",
    ),
    "a verdict": (
        "claims.json",
        in_claim("shapes", 1, verdict=lambda _: "not reproduced"),
        "shapes",
    ),
    "an adjusted p": ("claims.json", in_claim("glyphs", 0, adjusted=lambda p: p / 2), "adjusted"),
    "a number in words": (
        "claims.json",
        in_claim("error", 0, text=lambda text: text.replace("0.0", "0.9", 1)),
        "is no number of it",
    ),
    "a mean in the text": (
        "report.html",
        replace(r'(error is <a class="num"[^>]*>)\$[\d.]+', r"\1$9.99"),
        "is no mean of it",
    ),
    "an interval in a table": (
        "report.html",
        replace(
            r'(?s)(<th scope="row">A straight line.*?class="interval">)[\d.]+ to',
            r"\g<1>0.0000123 to",
        ),
        "A straight line",
    ),
    "a place in a table": (
        "report.html",
        replace(r'(?s)(best validation first.*?<td class="number">)1(</td>)', r"\g<1>2\2"),
        "Place",
    ),
    "a total of times": (
        "report.html",
        replace(
            r'(<tfoot><tr><th scope="row">All</th><td[^>]*>)[^<]+',
            r"\g<1>9 h 9 min",
        ),
        "All",
    ),
    "a count of pieces": (
        "report.html",
        replace(r"<b>\d+</b> open", "<b>99</b> open"),
        "legend, open",
    ),
    "a count of claims": (
        "report.html",
        replace(r"Of the \w+ claims made here: \w+", "Of the nine claims made here: one"),
        "tally",
    ),
    "a rank in the search": (
        "report.html",
        replace(r"\d+(\w\w) by validation and", r"77\1 by validation and"),
        "the search",
    ),
    "what is ahead": (
        "report.html",
        replace(r"(?s)(ahead of [^:<]+: [^<(]+\()[^)]+", r"\g<1>0.000321"),
        "article|ahead",
    ),
    "how many are ahead": (
        "report.html",
        replace(
            r"By the mean on the test rows, \w+",
            "By the mean on the test rows, nine",
        ),
        "ahead",
    ),
    "a trial": ("figures/found.csv", in_table(higher("value")), "found.csv, .* value"),
    "a finalist": ("figures/found.csv", in_table(higher("mean")), "found.csv, .* centre"),
    "what a finalist has again": (
        "report.html",
        replace(r"(?s)(Finalist</th>.*?data-run[^>]*>)[\d.]+(</a>\s*<span)", r"\g<1>0.123\2"),
        "finalist .* 0.123 stands there",
    ),
    "what the winner of a search had": (
        "report.html",
        replace(r"(trials had )[\d.]+", r"\g<1>98.7 %"),
        "article",
    ),
    "an effect": ("figures/effects.csv", in_table(higher("high")), "effects.csv, .* high"),
    "an effect in a table": (
        "report.html",
        replace(
            r'(?s)(<th scope="row">faster<br>.*?<td class="number">\s*)[−+][\d.,]+', r"\1−12.3"
        ),
        "effects of changes on test_error, faster, alone: −12.3",
    ),
    "how many replicates an effect has": (
        "report.html",
        replace(r'(?s)(<th scope="row">faster<br>.*?<span class="n">n&nbsp;=&nbsp;)\d+', r"\g<1>9"),
        "faster, alone, n: 9",
    ),
    "an interval of a pair": (
        "report.html",
        replace(
            r'(?s)(<th scope="row">faster and small batches</th>.*?class="interval">)\S+',
            r"\1−98.7",
        ),
        "faster and small-batches, pair: an end",
    ),
    "a pair that is left out": (
        "report.html",
        replace(
            r'(?s)<tr><th scope="row">faster and small batches</th>.*?</tr>',
            '<tr><th scope="row">faster and wider layer</th><td class="number">–</td></tr>',
        ),
        "faster and small-batches: ",
    ),
    "a combination of other settings": (
        "study.json",
        replace('"beta1": 0.8', '"beta1": 0.7'),
        "study.json, changes: .* has 0 runs",
    ),
    "an ensemble": (
        "ensembles.csv",
        in_table(higher("value", by=0.97)),
        r"ensembles.csv, .* ensemble, value",
    ),
    "a member too many": ("ensembles.csv", in_table(more("members")), "members"),
    "an ensemble in a table": (
        "report.html",
        replace(r'(ensemble of \d+ networks</td>\s*<td class="number">)[\d.]+', r"\g<1>12.34"),
        "ensemble of .*12.34",
    ),
    "a single network in the place of one over shifts": (
        "report.html",
        replace(r'(?s)(averaged over shifts</td>\s*<td class="number">.*?>)[\d.]+', r"\g<1>12.34"),
        "one network averaged over shifts.*12.34",
    ),
    "a count of trainings": ("report.html", replace(r"\d+ trainings", "7 trainings"), "trainings"),
    "a number of nothing": (
        "report.html",
        replace('<h2 id="section-data"', '<p>It gains 12.34 %.</p><h2 id="section-data"'),
        "follows from nothing",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_each_kind_is_found(finished, tmp_path, slip):
    file, change, place = SLIPS[slip]
    shutil.copytree(
        finished / "results",
        tmp_path / "results",
        ignore=shutil.ignore_patterns("runs", "prepared"),
    )
    change(tmp_path / "results" / file)
    parts = PARTS_OF[file.partition("/")[0]]
    found = truth.walk(tmp_path / "results", finished / "config/claims.yaml", parts)
    assert any(re.search(place, each) for each in found), found
