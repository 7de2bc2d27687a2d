"""Whole studies as a user runs them: the second example, the tutorial, a table, and images."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml

from project import PARTS, ROOT, Project, copy_parts
from test_new_study import write_bottles, write_images
from tunebook.data.fetch import digest
from tunebook.jobs import read_json
from tunebook.loading import load_study
from tunebook.new_study import new_study

TUTORIAL = (ROOT / "docs/your-own-study.md").read_text()
# A command, or what belongs into a file of the study, by how it begins: [(language, text)].
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TUTORIAL, re.S)
# Where the blocks of the tutorial belong: at the end of a file of the study.
FILES = {
    "  decay:": "config.yaml", "- id: decay-helps": "claims.yaml", "decay:": "figures.yaml",
    "## Small": "article.md", "class Gated": "networks.py", "  gates:": "config.yaml",
    "  find:": "config.yaml",
}  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project's code, in which commands are given."""
    monkeypatch.chdir(tmp_path)
    return Project.at(copy_parts(tmp_path, [*PARTS, "studies"]), {})


def block(start):
    """The one block of the tutorial that begins so."""
    (found,) = [text for _, text in BLOCKS if text.startswith(start)]
    return found


def load_yaml(path):
    return yaml.safe_load(path.read_text())


def verdicts(results):
    return {claim["id"]: claim["verdict"] for claim in read_json(results / "claims.json")}


def run(project, name, **changes):
    """Run a study, smaller: its folder of results, its verdicts and its report."""
    given = yaml.safe_dump({name: {"replicates": 3, **changes}}, default_flow_style=True, width=999)
    configured = ["--configfile", f"studies/{name}/config.yaml"]
    project.run(*configured, "--config", f"problems={given.strip()}")
    results = project.path(f"results-{name}")
    return results, verdicts(results), (results / "report.html").read_text()


def test_the_second_example_runs_whole(project):
    configured = ["--configfile", "studies/cultivars/config.yaml"]
    assert "STAND-IN" not in project.run(*configured).stdout
    results = project.path("results-cultivars")
    found = verdicts(results)
    assert found["rate-too-high"] == "not reproduced"
    assert len(found) == 3 and "not testable" not in found.values()
    drawn = {path.name.partition(".")[0] for path in results.glob("figures/*.svg")}
    assert drawn == {"rates", "skip", "grid"}
    report = (results / "report.html").read_text()
    assert "Which network tells three cultivars apart?" in report
    assert "A network of our own" in report
    assert read_json("resources/cultivars.json")["kind"] == "real"
    assert not project.planned(*configured)[0], "all is there: nothing is made again"


def images_of(count):
    """Made-up images and digits of one split of mnist.npz."""
    random = np.random.default_rng(count)
    return random.integers(0, 256, (count, 28, 28), dtype=np.uint8), np.arange(count) % 10


def test_the_zip_codes_are_compared_with_as_many_images_of_mnist(project):
    """On a made-up mnist.npz of the same form, with one epoch, and nothing but MNIST."""
    file = io.BytesIO()
    (x_train, y_train), (x_test, y_test) = images_of(60), images_of(40)
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    hand = project.path("resources/by-hand/downloaded")
    hand.parent.mkdir(parents=True)
    hand.write_bytes(file.getvalue())
    folder = project.path("studies/backprop-1989")
    given, whole = (load_yaml(folder / name) for name in ("mnist.yaml", "config.yaml"))
    few = {
        "extends": "mnist.yaml",
        "datasets": {"mnist": {"files": {"mnist.npz": {"sha256": digest(file.getvalue())}}}}
        | dict.fromkeys(("usps", "small-digits")),
        "problems": dict.fromkeys(whole["problems"]) | {"mnist": {"replicates": 2}},
        "sweeps": dict.fromkeys(whole["sweeps"]),
        "timing": None,
    }
    for name, sweep in given["sweeps"].items():
        few["sweeps"][name] = {"points": [each | {"epochs": 1} for each in sweep["points"]]}
    (folder / "few.yaml").write_text(yaml.safe_dump(few))
    project.run("--configfile", "studies/backprop-1989/few.yaml")
    record = read_json("resources/mnist.retrieved.json")
    assert record["kind"] == "real" and record["files"][0]["address"] == "by-hand/downloaded"
    assert [each["name"] for each in record["files"]] == ["mnist.npz", "test.npz", "train.npz"]
    with np.load("resources/mnist/train.npz") as made:
        assert made["x"].shape == (60, 16, 16) and [*np.unique(made["digit"])] == [*range(10)]
        assert made["x"].min() >= -1 and made["x"].max() <= 1
    assert record["files"][2]["address"] == "data.py:mnist_train, from mnist.npz"
    results = project.path("results-backprop-1989-mnist")
    with np.load(results / "prepared/mnist/replicate-1/test.npz") as test:
        assert test["test_x"].shape == (40, 256)
    assert len([*results.glob("runs/*/replicates-0-1/training.json")]) == 2
    assert (results / "report.html").is_file()


def test_a_table_with_categories_gaps_and_groups_goes_from_file_to_report(project):
    new_study("bottles", write_bottles("csv"), "quality", say=lambda line: None)
    path = project.path("studies/bottles/config.yaml")
    split = "    split: {test: 0.2, validation: 0.2}\n"
    text = path.read_text().replace(split, "")
    grouped = "    # split: {test: 0.2, validation: 0.2, gr"
    path.write_text(text.replace(grouped, split[:-2] + ", gr"))
    results, found, report = run(project, "bottles", base={"epochs": 2})
    assert len(found) == 3 and "not testable" not in found.values()
    assert "What predicts quality in bottles?" in report
    problem = read_json(results / "study.json")["problems"]["bottles"]
    assert problem["split"]["group_on"] == "customer_id"
    assert "customer_id" not in {each["name"] for each in problem["inputs"]}


def test_a_folder_of_images_goes_from_files_to_report(project):
    write_images(project.path("pets"))
    new_study("pets", "pets", say=lambda line: None)
    results, found, report = run(project, "pets", base={"epochs": 2})
    assert len(found) == 3 and "not testable" not in found.values()
    assert (results / "figures/misread.svg").exists()
    assert read_json(results / "study.json")["problems"]["pets"]["classes"] == ["cat", "dog"]


def test_the_tutorial_is_true(project):
    command = block(".venv/bin/python").split('"')[1]
    subprocess.run([sys.executable, "-c", command], check=True)
    command = re.search(r"make new-study NAME=(\w+) DATA=(\S+) TARGET=(\w+)", TUTORIAL)
    said = []
    new_study(*command.groups(), say=said.append)
    assert "\n".join(said) + "\n" == block("diabetes.csv:")
    folder = project.path("studies/diabetes")
    path, counts = folder / "config.yaml", []

    def replace(old, new):
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))
        counts.append(len(load_study([path]).runs))

    replace("      sex: {type: number}", block("      sex:").rstrip())
    replace("    axes: {learning_rate: [0.1, 0.01, 0.001]}\n", block("    axes: {learning_rate"))
    for start, name in FILES.items():
        file = folder / name
        file.write_text(f"{file.read_text()}\n\n{block(start)}")
        counts.append(len(load_study([path]).runs))
    # One of another rate, four with weight decay, and four of the study's own.
    assert counts == [13, 14, 18, 18, 18, 18, 18, 22, 22]
    results, found, report = run(project, "diabetes", base={"epochs": 2})
    assert found["decay-helps"] != "not testable"
    assert "Small weights" in report and "Gated" in (results / "runs.csv").read_text()
    assert "The best of 16 trials had" in report


def test_every_file_and_command_that_the_tutorial_names_is_there():
    for link in re.findall(r"\]\(\.\./([^)]+)\)", TUTORIAL):
        assert (ROOT / link).exists(), link
    make = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([\w-]+)", TUTORIAL, re.M):
        assert re.search(rf"^{target}:", make, re.M), target
    for name in re.findall(r"make report STUDY=(cultivars)", TUTORIAL):
        assert (ROOT / "studies" / name / "config.yaml").exists()
