"""Replicates until decided: what looks cost, what they ask for, and real studies that grow."""

import os
import signal
import time

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from project import Project, blocks, copy_of, parse_jobs
from tunebook.claims.family import correct
from tunebook.claims.looks import MOST, SPENT, look, pay
from tunebook.claims.read import NOT, UNDECIDED
from tunebook.claims.rules import Piece
from tunebook.jobs import read_json

# What looks cost


def p_values(differences):
    """p of Student's t test of each row: [n]."""
    t, n = scipy.stats.ttest_1samp(differences, 0, axis=1).statistic, differences.shape[1]
    return 2 * scipy.stats.t.sf(abs(t), n - 1)


def share_decided(pieces, effect=0.0, level=0.05, ask=pay):
    """The share of 2,000 studies of some pieces each in which some look decides something.

    Differences within replicates are normal; looks at 5, 10, ... 40 replicates.
    """
    numbers, runs = range(5, 41, 5), [str(i) for i in range(pieces)]
    x = np.random.default_rng(0).normal(effect, 1, (2000, pieces, max(numbers)))
    p = {n: p_values(x[..., :n].reshape(-1, n)).reshape(-1, pieces) for n in numbers}
    found = np.zeros(len(x), dtype=bool)
    for n in numbers:
        seen = [dict.fromkeys(runs, each) for each in numbers if each <= n]
        looks = {"seen": seen, "most": dict.fromkeys(runs, 40)}
        # Which p values could decide anything: the correction is slow.
        for i in np.flatnonzero(~found & (p[n].min(axis=1) <= level)):
            judged = [Piece("", "order", verdict=NOT, n=n, runs=[run], p=float(p[n][i, j]))
                      for j, run in enumerate(runs)]  # fmt: skip
            ask(judged, {"looks": looks})
            correct(judged, level)
            found[i] = any(piece.verdict == NOT for piece in judged)
    return found.mean()


@pytest.mark.parametrize("pieces", [1, 4])
def test_looks_are_paid_for_so_that_false_verdicts_keep_their_level(pieces):
    assert 0.02 < share_decided(pieces) < 0.08
    # What would be without: the simulation does see what is not paid for.
    assert share_decided(pieces, ask=lambda judged, study: None) > 0.14


def test_a_difference_of_one_standard_deviation_is_found_within_the_looks():
    assert share_decided(1, effect=1.0) > 0.99


def test_a_piece_pays_for_the_replicates_that_it_had_not_before():
    looks = {"most": {"a": 40, "b": 20, "c": 5},
             "seen": [{"a": 5, "b": 5, "c": 5}, {"a": 10, "b": 10, "c": 5},
                      {"a": 20, "b": 10, "c": 5}]}  # fmt: skip
    given = [(0.01, "a"), (0.01, "ab"), (0.01, "c"), (0.5, "a"), (0.01, "")]
    pieces = [Piece("", "order", p=p, runs=list(runs)) for p, runs in given]
    pay(pieces, {"looks": looks})
    # 10 of 40 are new; 5 of 20, and nothing since; a fixed number; at most 1; nothing repeated.
    assert [piece.p for piece in pieces] == pytest.approx([0.04, 0.04, 0.01, 1.0, 0.01])
    pay(pieces, {})
    assert pieces[0].p == pytest.approx(0.04), "a study without looks pays nothing"


# What looks ask for


def asked(*pieces, now=None, most=40, minutes=None, seconds=None, work=None, block=None):
    """(replicates asked for, what pieces wait for) at the look of a study of runs a, b and c.

    pieces: runs of each, as one text; or (runs, what else differs). now: replicates by run (5).
    seconds: what a replicate of each run takes (a minute).
    """
    runs = "abc"
    seconds = dict.fromkeys(runs, 60) | (seconds or {})
    start = dict.fromkeys(runs, 5)
    now = start | (now or {})
    most = dict.fromkeys(runs, most) if isinstance(most, int) else most
    plan = {"houses": {"least": 5, "most": 40, "minutes": minutes}}
    looks = {"plan": plan, "most": most, "seen": [start, now]}
    about = {run: {"problem": "houses", "block": (block or {}).get(run, 5),
                   "work": (work or {}).get(run, 1)} for run in runs}  # fmt: skip
    trained = [(run, first) for run in runs for first in range(0, now[run], 5)]
    cost = pd.DataFrame(trained, columns=["run", "first"]).assign(threads=1)
    cost = cost.assign(last=cost["first"] + 4, job_seconds=5 * cost["run"].map(seconds))
    claims = []
    for i, each in enumerate(pieces):
        names, more = (each, {}) if isinstance(each, str) else each
        piece = {"rule": "order", "verdict": UNDECIDED, "about": "", "runs": list(names)}
        piece |= {"needed": 20, "scope": ""} | more
        claims.append({"id": str(i), "pieces": [piece]})
    found = look(claims, looks, about, cost)
    return found["runs"], [piece["ends"] for piece in found["open"]]


# {what: (pieces and what else is said, replicates asked for, why open ones get none)}
ASKED = {
    "a block more for what is open": (["ab"], {}, (10, 10, 5), [""]),
    "nothing for what no number would settle": (
        [("ab", {"needed": 201, "scope": "on other data of the kind"})], {}, (5, 5, 5), []),
    "a block more for what may yet be settled": ([("ab", {"needed": 201})], {}, (10, 10, 5), [""]),
    "nothing for what is decided": ([("ab", {"verdict": NOT})], {}, (5, 5, 5), []),
    "nothing for what a source says": ([("ab", {"rule": "value"})], {}, (5, 5, 5), []),
    "only the run with fewer": (["ab"], {"now": {"a": 10}}, (10, 10, 5), [""]),
    "one block for two pieces": (["ab", "bc"], {}, (10, 10, 10), ["", ""]),
    "no more than the most": (["a"], {"most": 8}, (8, 5, 5), [""]),
    "at the most": (["a", "b"], {"most": 10, "now": {"a": 10}}, (10, 10, 5), [MOST, ""]),
    "beside a fixed run": (["ab", "b"], {"most": {"a": 5, "b": 40, "c": 5}}, (5, 10, 5), [""]),
    "as much as the largest block": (["ab"], {"block": {"b": 2}}, (10, 10, 5), [""]),
    # A block takes five minutes here.
    "the cheapest first": (["a", "b"], {"minutes": 9, "work": {"a": 2}}, (5, 10, 5), [SPENT, ""]),
    "the cheapest, whatever it took here": (
        ["a", "b"], {"minutes": 29, "work": {"a": 2}, "seconds": {"b": 300}}, (5, 10, 5),
        [SPENT, ""]),
    "of the same work in order": (["a", "b"], {"minutes": 9}, (10, 5, 5), ["", SPENT]),
    "all runs of a piece or none": (["ab", "c"], {"minutes": 9}, (5, 5, 10), [SPENT, ""]),
    "less what was added": (["a"], {"minutes": 9, "now": {"b": 10}}, (5, 10, 5), [SPENT]),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_a_look_asks_for(name):
    pieces, more, runs, ends = ASKED[name]
    assert asked(*pieces, **more) == (dict(zip("abc", runs, strict=True)), ends)


# A real study: of two rates, whose claim is open at first, and of two that both diverge, whose
# claim stays open

RULE = """
  - id: {id}
    title: T
    claim: C.
    rule:
      order:
        metric: train_loss
        lower: {{sweep: {id}, where: {{{a}}}}}
        than: {{sweep: {id}, where: {{{b}}}}}
"""
SCALED = RULE.format(id="scaled", a="scale_target: range", b="scale_target: none")
AGAIN = SCALED.replace("id: scaled", "id: again").replace("lower:", "higher:")
WILD = RULE.format(id="wild", a="learning_rate: 1000", b="learning_rate: 999")
VERDICTS = "results/claims.json"
SWEEPS = {
    "rates": None,
    "scaled": {"problem": "houses", "question": "?", "axes": {"scale_target": ["range", "none"]}},
    "wild": {"problem": "houses", "question": "?", "base": {"optimizer": "sgd"},
             "axes": {"learning_rate": [1000, 999]}},
}  # fmt: skip


def study(folder, most=6, claims=SCALED + WILD):
    project = Project(folder, {
        "problems": {"houses": {"replicates": {"least": 2, "most": most}}},
        "sweeps": SWEEPS, "timing": {"sweeps": []},
    })  # fmt: skip
    project.path("config/claims.yaml").write_text(f"claims:{claims}")
    project.path("config/figures.yaml").unlink()
    return project


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = study(tmp_path_factory.mktemp("looks") / "study")
    project.planned_first = project.run("-n").stdout
    project.said = project.run().stdout
    return project


@pytest.fixture
def project(finished, tmp_path):
    return copy_of(finished, tmp_path / "study")


def looks(project):
    """{look: date} of the looks on disk."""
    found = project.results("looks").glob("[0-9]*.json")
    return {int(path.stem): path.stat().st_mtime_ns for path in found}


def replicates(project):
    """How many replicates runs.csv has of each run of the two sweeps: {sweep: [n, n]}."""
    counts = pd.read_csv(project.results("runs.csv")).groupby(["sweeps", "run"]).size()
    return {sweep: counts[sweep].tolist() for sweep in ("scaled", "wild")}


def test_open_claims_get_replicates_until_they_are_decided_or_have_the_most(finished):
    first = "More may follow: a look at the claims asks for further replicates"
    assert f"{first} of what is open (houses up to 6)" in finished.planned_first
    assert "Look 0 at the claims: pieces open: 2; runs that get more replicates: 4" in finished.said
    assert "Look 1 at the claims: pieces open: 1; runs that get more replicates: 2" in finished.said
    assert f"1 get none, since {MOST}" in finished.said
    assert set(looks(finished)) == {0, 1, 2}
    assert replicates(finished) == {"scaled": [4, 4], "wild": [6, 6]}
    claims = {each["id"]: each for each in read_json(finished.results("claims.json"))}
    assert claims["scaled"]["verdict"] != UNDECIDED == claims["wild"]["verdict"]
    assert [claims[name]["pieces"][0]["n"] for name in ("scaled", "wild")] == [4, 6]
    baselines = pd.read_csv(finished.results("baselines.csv"))
    assert baselines["replicate"].tolist() == [*range(6)], "on the splits of all replicates"
    fitted = {path.name for path in finished.results("baselines/houses").glob("[!.]*")}
    assert fitted == {"replicates-0-4.csv", "replicates-5-5.csv"}


def test_an_exact_rerun_of_a_study_with_looks_has_nothing_to_do(project):
    said = project.run("-np").stdout
    assert "Nothing to be done" in said
    assert parse_jobs(said)[1] == set()
    listed = project.run("prune").stdout
    assert "0 blocks" in listed, "what looks asked for is named by the study"


def test_a_killed_look_is_done_again_and_none_that_is_done(project):
    trained, log = blocks(project), project.path("logs/looks/1.log")
    log.unlink()
    project.path("config/claims.yaml").write_text(f"claims:{SCALED}{AGAIN}{WILD}")
    with project.start(VERDICTS) as process:
        deadline = time.monotonic() + 120
        while not log.exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    killed = looks(project)
    assert 1 not in killed
    project.run(VERDICTS)
    after = looks(project)
    assert after[0] == killed[0] and after[2] > after[1] > after[0], "each saw the new claim"
    assert blocks(project) == trained
    verdicts = {each["id"]: each["verdict"] for each in read_json(project.results("claims.json"))}
    assert verdicts["again"] not in (UNDECIDED, verdicts["scaled"])


def test_further_claims_and_a_larger_most_look_again_and_train_only_more(project):
    trained = blocks(project)
    project.path("config/claims.yaml").write_text(f"claims:{SCALED}{AGAIN}")
    project.run(VERDICTS)
    assert replicates(project) == {"scaled": [4, 4], "wild": [2, 2]}
    assert blocks(project) == trained

    project.change({"problems": {"houses": {"replicates": {"most": 8}}}})
    project.path("config/claims.yaml").write_text(f"claims:{WILD}")
    project.run(VERDICTS)
    assert replicates(project) == {"scaled": [2, 2], "wild": [8, 8]}
    after = blocks(project)
    assert {part: after[part] for part in trained} == trained
    assert {part.rsplit("/")[-1] for part in set(after) - set(trained)} == {"replicates-6-7"}
    [claim] = read_json(project.results("claims.json"))
    assert claim["late"], "another plan is another rule"
