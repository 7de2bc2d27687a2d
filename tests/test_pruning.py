"""Only blocks that no configuration names are listed, and only what is listed is deleted."""

import pytest

from tunebook.pruning import delete, orphans, size


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with four blocks of 10 bytes."""
    for part in (
        "houses-a-11111111/replicates-0-4",
        "houses-a-11111111/replicates-5-9",
        "houses-b-22222222/replicates-0-4",
        "digits-c-33333333/replicates-0-0",
    ):
        folder = tmp_path / "runs" / part
        folder.mkdir(parents=True)
        (folder / "training.json").write_text("0123456789")
    return tmp_path / "runs"


def listed(runs, parts):
    return [path.relative_to(runs).as_posix() for path in orphans(runs, parts)]


def test_blocks_that_are_named_are_not_listed(runs):
    parts = ["houses-a-11111111/replicates-0-4", "digits-c-33333333/replicates-0-0"]
    assert listed(runs, parts) == [
        "houses-a-11111111/replicates-5-9",
        "houses-b-22222222/replicates-0-4",
    ]


def test_a_study_that_has_not_run_has_nothing_to_list(tmp_path):
    assert orphans(tmp_path / "runs", ["a/replicates-0-4"]) == []


def test_only_blocks_are_listed(runs):
    (runs / "houses-a-11111111/notes").mkdir()
    (runs / "houses-a-11111111/replicates-old").mkdir()
    (runs / "houses-a-11111111/replicates-1-2-3").mkdir()
    (runs / "houses-a-11111111/replicates-7-8").write_text("a file, not a folder")
    (runs / "replicates-0-4").mkdir()
    assert len(listed(runs, [])) == 4


def test_what_a_link_leads_to_is_never_listed(runs, tmp_path):
    elsewhere = tmp_path / "elsewhere/replicates-0-4"
    elsewhere.mkdir(parents=True)
    (elsewhere / "thesis.tex").write_text("mine")
    (runs / "linked-run").symlink_to(elsewhere.parent)
    (runs / "houses-a-11111111/replicates-10-14").symlink_to(elsewhere)
    assert len(listed(runs, [])) == 4
    delete(orphans(runs, []))
    assert (elsewhere / "thesis.tex").read_text() == "mine"


def test_deleting_leaves_everything_else(runs):
    keep = ["houses-a-11111111/replicates-0-4", "digits-c-33333333/replicates-0-0"]
    (runs / "houses-b-22222222/notes.txt").write_text("mine")
    delete(orphans(runs, keep))
    assert orphans(runs, []) == [runs / part for part in sorted(keep)]
    assert (runs / "houses-b-22222222/notes.txt").exists(), "a run's folder with other files stays"


def test_folders_of_runs_that_are_left_empty_go_too(runs):
    delete(orphans(runs, ["houses-a-11111111/replicates-0-4"]))
    assert [path.name for path in runs.iterdir()] == ["houses-a-11111111"]


def test_the_size_is_that_of_all_files(runs):
    block = runs / "houses-a-11111111/replicates-0-4"
    (block / "weights.safetensors").write_bytes(bytes(90))
    assert size(block) == 100
