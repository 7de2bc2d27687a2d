"""Small blocks are trained by one job, and leave what each leaves alone, whatever happens to it."""

import json
import re
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from project import Project, blocks, copy_of, job_texts, records
from test_faults import TABLES, kill
from tunebook.study.bundles import JOBS_PER_CORE, WORK_PER_SECOND, Block, bundles, shape

RATES = [i / 1000 for i in range(1, 17)]


def block(number, data="table", kind="a", work=WORK_PER_SECOND):
    return Block(f"run{number}", 0, 4, (data, 0, 4), kind, work)


# Which blocks go together


def test_blocks_of_a_second_fill_jobs_of_the_asked_length():
    found = bundles([block(i) for i in range(200)], seconds=20, parallel=2)
    assert [len(bundle) for bundle in found] == [20] * 10


def test_each_core_gets_jobs_enough_though_they_are_shorter():
    found = bundles([block(i) for i in range(32)], seconds=20, parallel=4)
    assert [len(bundle) for bundle in found] == [2] * 16


def test_a_few_long_blocks_are_left_alone():
    assert bundles([block(i) for i in range(JOBS_PER_CORE * 2)], seconds=20, parallel=2) == []
    long = [block(i, work=100 * WORK_PER_SECOND) for i in range(50)]
    assert bundles(long, seconds=20, parallel=2) == []
    assert bundles([], seconds=20, parallel=2) == []


made_up = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 10**6)), max_size=60
)


@settings(max_examples=200, deadline=None)
@given(made_up, st.integers(1, 100), st.integers(1, 16))
def test_a_bundle_shares_its_data_and_no_block_is_in_two(asked, seconds, parallel):
    asked = [block(i, *each) for i, each in enumerate(asked)]
    found = bundles(asked, seconds, parallel)
    together = [each for bundle in found for each in bundle]
    assert len(set(together)) == len(together) and set(together) <= set(asked)
    for bundle in found:
        assert len({each.data for each in bundle}) == 1 < len(bundle)
        # At most as long as asked for and, at its ends, half of a block more.
        most = sum(each.work for each in bundle) - bundle[0].work / 2 - bundle[-1].work / 2
        assert most <= seconds * WORK_PER_SECOND


def test_shapes_are_one_where_copies_differ_in_numbers_of_their_own():
    one = {"model": "dense", "widths": [8], "learning_rate": 0.1, "optimizer": "adam"}
    assert shape(one) == shape(one | {"learning_rate": 0.2, "optimizer": "sgd", "momentum": 0.5})
    for other in ({"widths": [9]}, {"batch_size": 7}, {"loss": "gaussian"}, {"epochs": 2}):
        assert shape(one) != shape(one | other)


# Through Snakemake, as users call it


def study(folder, **changes):
    axes = {"learning_rate": RATES}
    return Project(folder, {"sweeps": {"rates": {"axes": axes}}, **changes})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Sixteen rates, trained by a few jobs."""
    project = study(tmp_path_factory.mktemp("bundled") / "study")
    project.said = project.run(TABLES).stdout
    return project


def jobs(text):
    """The training jobs in Snakemake's account: how many blocks each has trained."""
    named = [(rule, re.findall(r"-and-(\d+)-more\.log", said)) for rule, said in job_texts(text)]
    return [1 + int(more[0]) if more else 1 for rule, more in named if rule.startswith("train")]


def contents(project):
    """{block: what is in its history and weights}."""
    return {
        part: [path.with_name(name).read_bytes() for name in ("history.csv", "weights.safetensors")]
        for part, path in records(project).items()
    }


def test_few_jobs_train_many_blocks_to_what_each_gives_alone(trained, tmp_path):
    assert sorted(jobs(trained.said)) == [2] * 8
    assert len(records(trained)) == 16
    other = study(tmp_path / "alone")
    alone = other.run(*[f"results/runs/{part}/training.json" for part in records(trained)])
    assert jobs(alone.stdout) == [1] * 16, "what is asked for by name is trained by itself"
    assert contents(other) == contents(trained)
    cores = study(tmp_path / "cores")
    assert jobs(cores.run(TABLES, cores=1).stdout) == [4] * 4
    assert contents(cores) == contents(trained)


def test_shares_of_a_jobs_time_follow_each_other(trained):
    spans = {}
    for path in records(trained).values():
        record = json.loads(path.read_text())
        spans.setdefault(record["threads"], []).append((record["started"], record["finished"]))
    (spans,) = spans.values()
    # Two jobs at a time: no more than two blocks have a part of the same moment.
    for started, finished in spans:
        middle = (started + finished) / 2
        assert sum(one <= middle < other for one, other in spans) <= 2


def test_afterwards_each_block_is_by_itself(trained, tmp_path):
    project = copy_of(trained, tmp_path / "study")
    assert project.planned(TABLES) == ({}, set())
    before = blocks(project)
    project.change({"sweeps": {"rates": {"axes": {"learning_rate": [*RATES[1:], 0.5]}}}})
    ended = project.run(TABLES).stdout
    assert jobs(ended) == [1]
    after = blocks(project)
    assert {part: after[part] for part in before} == before
    assert len(after) == 17


def test_blocks_that_other_code_has_made_are_bundled_again(trained, tmp_path):
    project = copy_of(trained, tmp_path / "study")
    losses = project.path("workflow/scripts/tunebook/learn/losses.py")
    losses.write_text(losses.read_text() + "\nANOTHER = 1\n")
    assert sorted(jobs(project.run("-np", TABLES).stdout)) == [2] * 8
    project.change({"products": "torch"})
    assert "16 again: their code changed" in project.run("-n", TABLES).stdout


NETWORKS = """
import os, signal, torch

class Fussy(torch.nn.Linear):
    def __init__(self, inputs, outputs, number):
        super().__init__(inputs, outputs)
        self.number = number

    def forward(self, x):
        if self.number == 7:
            raise ValueError("seven is too much")
        if self.number == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(x)
"""


def fussy(folder, numbers):
    """A study of networks that each have a number."""
    sweep = {"base": {"module": "networks.py:Fussy"}, "axes": {"number": numbers}}
    project = Project(folder, {"sweeps": {"rates": sweep}})
    project.change({"sweeps": {"rates": {"axes": {"learning_rate": None}}}})
    project.path("config/networks.py").write_text(NETWORKS)
    return project


def test_a_block_that_fails_is_named_and_the_others_of_its_job_are_kept(tmp_path):
    numbers = [number for number in range(1, 18) if number != 8]
    project = fussy(tmp_path / "study", numbers)
    ended = project.run(TABLES, check=False)
    assert ended.returncode == 1
    assert "seven is too much" in ended.stdout
    assert re.search(r"Error: houses-fussy-\S+: \S+networks.py:Fussy: forward failed", ended.stdout)
    before = time.time()
    numbers.remove(7)
    project.change({"sweeps": {"rates": {"axes": {"number": numbers}}}})
    project.run(TABLES)
    found = [json.loads(path.read_text()) for path in records(project).values()]
    assert len(found) == 15
    assert all(record["finished"] < before for record in found), "nothing was trained twice"
    (left,) = project.results("runs").glob("*/.replicates-*")
    assert not any(left.iterdir()), "of the one that failed"
    said = project.run("prune", "--config", "delete=true").stdout
    assert not left.parent.exists(), said


def test_a_block_that_kills_its_job_does_not_hinder_the_others(tmp_path):
    numbers = [number for number in range(1, 18) if number != 7]
    project = fussy(tmp_path / "study", numbers)
    for _ in range(2):
        assert project.run(TABLES, check=False).returncode == 1
    found = [
        json.loads(path.read_text())["configuration"]["number"]
        for path in project.results("runs").glob("*/*replicates-*/training.json")
    ]
    assert sorted(found) == [number for number in numbers if number != 8]


def test_a_job_that_is_killed_goes_on_where_it_was(tmp_path):
    project = study(tmp_path / "study")
    project.change({"problems": {"houses": {"base": {"epochs": 400, "widths": [60, 60]}}}})
    process = project.start(TABLES, cores=1)
    end, aside = time.monotonic() + 120, []
    while not aside and time.monotonic() < end:
        time.sleep(0.02)
        aside = list(project.results("runs").glob("*/.replicates-*/training.json"))
    assert kill(process)
    before = time.time()
    kept = {path.parent.parent.name for path in aside}
    project.run(TABLES, cores=1)
    found = {part.split("/")[0]: path for part, path in records(project).items()}
    assert len(found) == 16
    for run in kept:
        assert json.loads(found[run].read_text())["finished"] < before
    assert len({json.loads(path.read_text())["finished"] > before for path in found.values()}) == 2


def test_what_lies_aside_from_other_data_is_not_taken_over(trained, tmp_path):
    project = copy_of(trained, tmp_path / "study")
    part, path = next(iter(records(project).items()))
    record = json.loads(path.read_text())
    aside = path.parent.with_name(f".{path.parent.name}")
    for wrong in (record | {"made_from": "other data"}, record | {"weights_sha256": "0" * 64}):
        path.parent.rename(aside)
        # What lies aside was never vouched for.
        (aside / ".training.json.sha256").unlink()
        (aside / "training.json").write_text(json.dumps(wrong))
        project.run(f"results/runs/{part}/training.json")
        now = json.loads(path.read_text())
        assert now["finished"] > record["finished"]
        assert now["made_from"] == record["made_from"]


def test_the_length_of_jobs_changes_no_result(trained, tmp_path):
    project = copy_of(trained, tmp_path / "study")
    text = project.path("config/config.yaml").read_text()
    project.path("config/config.yaml").write_text(yaml.safe_dump({"seconds_per_job": 5}) + text)
    assert project.planned(TABLES)[1] == set()
