"""Searches: what they propose, how they go on, what they refuse, and real ones in small studies."""

import math
import time
from copy import deepcopy
from dataclasses import replace

import pandas as pd
import pytest

from project import SMALL, Project, blocks, copy_of
from test_faults import kill
from tunebook.jobs import TunebookError, read_json
from tunebook.learn.blocks import last_validation, read_record
from tunebook.search import chain
from tunebook.search.sampling import propose
from tunebook.search.space import corners
from tunebook.study.expand import expand
from tunebook.study.read import check_configuration, merge
from tunebook.study.runs import Study
from tunebook.workflow import candidates

SPACE = {
    "learning_rate": {"from": 0.001, "to": 0.1, "log": True},
    "widths": {"choice": [[8], [8, 8], []]},
    "optimizer": {"choice": ["adam", "sgd-momentum"]},
    "momentum": {"from": 0.5, "to": 0.9, "step": 0.1, "when": {"optimizer": "sgd-momentum"}},
    "epochs": {"from": 4, "to": 12, "step": 4},
}
SEARCH = {"space": SPACE, "trials": 40, "generation": 4}


def configuration(search=None, **more):
    sweep = {"problem": "houses", "question": "?", "search": merge(SEARCH, search or {})}
    changes = {"sweeps": {"rates": None, "find": sweep}, "timing": {"sweeps": []}}
    return check_configuration(merge(merge(SMALL, changes), more))


def study(search=None, **more):
    return expand(configuration(search, **more), "config")


def searching(**search):
    return study(search).searches["find"]


# Searches of which nothing is trained: each point has its value, and takes a second an epoch


def value(point, epochs):
    """Least at a rate of 0.01 with Adam; a large rate diverges."""
    if point["learning_rate"] > 0.08:
        return None
    away = math.log(point["learning_rate"] / 0.01) ** 2 + (point["optimizer"] != "adam")
    return away + 1 / epochs


def found(trials, value):
    return {
        each["trial"]: {"run": repr(each["point"]), "value": value(each["point"], each["until"]),
                        "epochs": each["until"], "seconds": float(each["until"])}
        for each in chain.going(trials)
    }  # fmt: skip


def steps(search, value=value):
    """What each step of a search leaves, and then all trials once the last are trained."""
    trials = []
    for step in range(search.steps):
        if step:
            trials = chain.told(search, step - 1, trials, found(trials, value))
        generation, count = search.place(step)[0], search.proposes(step)
        points = propose(search, generation, trials, count) if count else []
        trials = chain.asked(search, step, trials, points)
        yield trials
    yield chain.told(search, search.steps - 1, trials, found(trials, value))


def through(search, value=value):
    return list(steps(search, value))[-1]


def points(trials):
    return [trial["point"] for trial in trials]


SAMPLERS = ["random", "sobol", "tpe", "gp"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_points_lie_in_the_space_and_follow_from_the_seed_alone(sampler):
    search = searching(sampler=sampler, trials=18)
    trials = through(search)
    assert points(through(search)) == points(trials)
    assert points(through(replace(search, seed=1))) != points(trials)
    for point in points(trials):
        assert 0.001 <= point["learning_rate"] <= 0.1
        assert float(f"{point['learning_rate']:.4g}") == point["learning_rate"], "can be typed"
        assert point["epochs"] in (4, 8, 12) and isinstance(point["epochs"], int)
        assert point["widths"] in SPACE["widths"]["choice"]
        assert ("momentum" in point) == (point["optimizer"] == "sgd-momentum")
        assert point.get("momentum", 0.5) in (0.5, 0.6, 0.7, 0.8, 0.9)
    assert len({repr(point) for point in points(trials)}) > 9, "they are not all the same"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_more_trials_go_on_from_fewer_and_change_none(sampler):
    search = searching(sampler=sampler)
    long = points(through(replace(search, trials=20)))
    assert points(through(replace(search, trials=14))) == long[:14]


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_what_learns_from_values_comes_closer_than_chance(sampler):
    search = searching(space={"widths": None, "momentum": None, "epochs": None})
    last = {
        name: [
            value(point, math.inf) for point in points(through(replace(search, sampler=name)))[20:]
        ]
        for name in (sampler, "random")
    }
    medians = {
        name: pd.Series([math.inf if each is None else each for each in some]).median()
        for name, some in last.items()
    }
    assert medians[sampler] < medians["random"] / 2


def test_proposals_depend_on_values_but_for_those_that_learn_nothing():
    worse = {"adam": 5.0, "sgd-momentum": 0.0}
    for sampler in SAMPLERS:
        search = searching(sampler=sampler, trials=16)
        other = through(search, lambda point, epochs: worse[point["optimizer"]])
        same = points(other) == points(through(search))
        assert same == (sampler in ("random", "sobol"))


def test_a_sobol_sequence_fills_each_quarter_of_a_range_alike():
    search = searching(sampler="sobol", trials=65, space={"momentum": None, "widths": None})
    # The first point is drawn by chance, as Optuna does.
    rates = [point["learning_rate"] for point in points(through(search))[1:]]
    quarters = [int(2 * math.log10(rate / 0.001)) for rate in rates]
    assert sorted(map(quarters.count, range(4))) == [16, 16, 16, 16]


# The course


def test_without_halving_each_generation_takes_a_step_and_is_trained_to_its_end():
    search = searching(trials=10)
    assert (search.steps, search.generations) == (3, 3)
    asked = [chain.going(trials) for trials in steps(search)]
    assert [len(each) for each in asked] == [4, 4, 2, 0]
    assert all(each["until"] == each["point"]["epochs"] for some in asked for each in some)


def test_rungs_grow_by_the_share_that_goes_on_up_to_the_longest_training():
    assert searching(halving={"epochs": 1, "keep": 0.33}).rungs == [1, 3, 9, math.inf]
    assert searching(halving={"epochs": 3, "keep": 0.5}).rungs == [3, 6, math.inf]
    long = searching(halving={"epochs": 5}, space={"epochs": {"from": 6, "to": 60}})
    assert long.rungs == [5, 15, 45, math.inf]
    assert searching().rungs == [math.inf]


def test_the_best_share_of_a_generation_goes_on_and_each_ends_with_epochs_of_its_own():
    names = [{"learning_rate": 0.01 + i / 1000, "optimizer": "adam", "epochs": epochs}
             for i, epochs in enumerate([12, 4, 8, 12, 12, 12])]  # fmt: skip
    names[5]["learning_rate"] = 0.09
    search = searching(generation=6, trials=6, halving={"epochs": 3, "keep": 0.5})
    worth = lambda point, epochs: value(point, math.inf)  # noqa: E731
    trials, asked = chain.asked(search, 0, [], names), []
    for step in range(1, 4):
        asked.append({each["trial"]: each["until"] for each in chain.going(trials)})
        trials = chain.told(search, step - 1, trials, found(trials, worth))
        trials = chain.asked(search, step, trials, []) if step < 3 else trials
    assert asked == [dict.fromkeys(range(6), 3), {0: 6, 1: 4, 2: 6}, {0: 12}]
    # The second finished below the rung; of three, two were kept: it, and the best of the others.
    assert [each["state"] for each in trials] == [
        chain.FINISHED, chain.FINISHED, chain.HALVED, chain.HALVED, chain.HALVED, chain.DIVERGED,
    ]  # fmt: skip
    assert [each["epochs"] for each in trials] == [12, 4, 6, 3, 3, 3]
    assert chain.finalists(search, trials) == [0, 1]


def test_finalists_are_the_best_finished_trials_each_of_another_run():
    search = searching(finalists=2)

    def trial(number, run, value, state=chain.FINISHED):
        return {"trial": number, "run": run, "value": value, "state": state}

    trials = [trial(0, "a", 3.0), trial(1, "b", 1.0), trial(2, "b", 1.0), trial(3, "c", 2.0),
              trial(4, "d", 0.0, chain.HALVED), trial(5, "e", None, chain.DIVERGED)]  # fmt: skip
    assert chain.finalists(search, trials) == [1, 3]
    assert chain.finalists(replace(search, better="higher"), trials) == [0, 3]


def test_a_search_whose_every_trial_diverges_says_so():
    search = searching(trials=8)
    trials = through(search, lambda point, epochs: None)
    with pytest.raises(TunebookError, match="found 8 trials none of which.*allowed: a space"):
        chain.finalists(search, trials)


def test_points_of_many_choices_are_looked_at_by_chance_and_each_value_is_among_them():
    space = {f"p{i}": {"choice": [1, 2, 3, 4]} for i in range(8)}
    found = corners(space)
    assert len(found) <= 1000
    assert all({point[name] for point in found} == {1, 2, 3, 4} for name in space)


# The study around it


def test_what_decides_the_proposals_names_the_folder_and_nothing_else_does():
    folder = searching().folder
    for same in ({"trials": 48}, {"finalists": 1}, {"again": 9}):
        assert searching(**same).folder == folder
    for other in ({"seed": 1}, {"sampler": "gp"}, {"generation": 5}, {"replicates": 3},
                  {"halving": {"epochs": 2}}, {"space": {"epochs": {"to": 16}}}):  # fmt: skip
        assert searching(**other).folder != folder
    base = study(sweeps={"find": {"base": {"batch_size": 50}}})
    assert base.searches["find"].folder != folder
    always = study(sweeps={"find": {"base": {"learning_rate": 0.5}}})
    assert always.searches["find"].folder == folder, "the space says another rate"


POINTS = [
    {"learning_rate": 0.02, "widths": [8], "optimizer": "adam", "epochs": 4},
    {"learning_rate": 0.03, "widths": [8], "optimizer": "adam", "epochs": 4},
]


def test_finalists_keep_the_blocks_of_their_trials_and_get_further_replicates():
    before = study({"replicates": 2, "again": 5})
    assert before.replicates("houses") == 7 and before.problems == ["houses"]
    assert Study.of_plain(before.plain()) == before
    after = before.with_finalists({"find": POINTS})
    assert before.runs == {} and before.sweeps == {"find": []}
    assert after.sweeps["find"] == list(after.runs) == [
        before.trial("find", point).name for point in POINTS
    ]  # fmt: skip
    run, trial = after.runs[after.sweeps["find"][0]], before.trial("find", POINTS[0])
    assert trial.folders == [f"{run.name}/replicates-0-1"]
    assert run.blocks == [(0, 1), (2, 3), (4, 5), (6, 6)]
    assert run.sweeps == ["find"] and run.most == 7


def test_a_finalist_that_another_sweep_holds_keeps_its_blocks():
    fixed = {"problem": "houses", "question": "?", "points": [POINTS[0]], "replicates": 4}
    before = study({"replicates": 1, "again": 4}, sweeps={"fixed": fixed})
    [name] = before.sweeps["fixed"]
    run = before.with_finalists({"find": POINTS}).runs[name]
    assert run.sweeps == ["fixed", "find"]
    assert run.blocks == [*before.runs[name].blocks, (4, 4)]


def test_the_choice_counts_finalists_by_the_replicates_that_only_they_were_trained_with():
    grid = {"problem": "houses", "question": "?", "grid": True, "axes": {"epochs": [4, 8]}}
    after = study({"again": 3}, sweeps={"grid": grid}).with_finalists({"find": POINTS[:1]})
    sweeps, runs, counted = candidates(after, "houses")
    assert sweeps == "find, grid" and len(runs) == 3
    assert counted == {after.sweeps["find"][0]: [2, 4]}


# {what: (search, the rest of the configuration, message)}
BAD = {
    "an empty space": ({"space": dict.fromkeys(SPACE)}, {}, r"search.space: found \{\}; allowed"),
    "a name that means nothing": (
        {"space": {"rate": {"from": 1, "to": 2}}}, {}, "space.rate: unknown hyper-parameter"),
    "no use": (
        {"space": {"beta1": {"from": 0.5, "to": 0.9}}}, {},
        "space.beta1: found it, which has no use at .*sgd-momentum.*; allowed: .*when"),
    "of another model": (
        {"space": {"kernel": {"choice": [3, 5]}}}, {}, "space.kernel: found it, which has no use"),
    "a condition on nothing": (
        {"space": {"momentum": {"when": {"optimiser": "adam"}}}}, {},
        "space.momentum.when: found optimiser; allowed: widths, optimizer|optimizer, widths"),
    "a condition on a range": (
        {"space": {"momentum": {"when": {"epochs": 4}}}}, {}, "momentum.when: found epochs"),
    "a condition on no choice": (
        {"space": {"momentum": {"when": {"optimizer": "sgd"}}}}, {},
        "momentum.when.optimizer: found 'sgd'; allowed: 'adam', 'sgd-momentum'"),
    "a circle": (
        {"space": {"widths": {"when": {"optimizer": "adam"}},
                   "optimizer": {"when": {"widths": [[8]]}}}}, {},
        "optimizer.when: found a circle"),
    "an unknown sampler": ({"sampler": "grid"}, {}, "sampler: found 'grid'; allowed: one of"),
    "fewer trials than a generation": (
        {"trials": 3}, {}, "trials: found 3; allowed: at least a generation, 4"),
    "a range of nothing": (
        {"space": {"epochs": {"from": 12}}}, {}, "epochs.from: found 12; allowed: less than `to`"),
    "no logarithm": (
        {"space": {"dropout": {"from": 0, "to": 0.5, "log": True}}}, {},
        "dropout.from: found 0; allowed with log: more than 0"),
    "log with a step": (
        {"space": {"learning_rate": {"step": 0.01}}}, {}, "rate.step: found 0.01 with log"),
    "a broken step": (
        {"space": {"epochs": {"step": 0.5}}}, {}, "epochs.step: found 0.5; allowed: a whole"),
    "a step beyond the range": (
        {"space": {"epochs": {"step": 9}}}, {}, "epochs.step: found 9; allowed: at most 8"),
    "out of bounds": (
        {"space": {"momentum": {"to": 1.5}}}, {},
        r"space.momentum.to: found 1.5; allowed: a number less than 1"),
    "broken epochs": (
        {"space": {"epochs": {"from": 1.5, "step": 1}}}, {},
        "space.epochs.from: found 1.5; allowed: a whole number"),
    "a choice that cannot be": (
        {"space": {"optimizer": {"choice": ["adam", "adm"]}, "momentum": None}}, {},
        r"space.optimizer.choice\[1\]: found 'adm'; allowed: one of sgd"),
    "a combination that cannot be": (
        {"space": {"dropout": {"from": 0, "to": 0.5}}}, {},
        "space.dropout: found 0.5; allowed: 0.0 for a network without hidden layers"),
    "both a choice and a range": (
        {"space": {"epochs": {"choice": [3]}}}, {}, r"epochs: found .*; allowed: \{choice"),
    "halving at the end": (
        {"halving": {"epochs": 4}}, {}, "epochs: found 4; allowed: fewer than the 4 epochs"),
    "halving for a Gaussian process": (
        {"halving": {"epochs": 1}, "sampler": "gp"}, {}, "sampler: found gp; allowed: other"),
    "more finalists than trials": (
        {"finalists": 41}, {}, "finalists: found 41; allowed: at most the 40 trials"),
    "axes beside it": (
        {}, {"axes": {"epochs": [1]}}, "sweeps.find.axes: found it beside search"),
    "a grid": ({}, {"grid": True}, "sweeps.find.grid: found it beside search"),
    "nothing to judge by": (
        {}, {"base": {"fit_on": "development"}}, "space.fit_on: found development; allowed"),
    "no trials": ({"trials": None}, {}, "search.trials: missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_is_refused_before_anything_runs(name):
    search, sweep, message = BAD[name]
    with pytest.raises(TunebookError, match=message):
        study(search, sweeps={"find": sweep})


# Real searches

TARGET = "results/trials.csv"
REAL = {
    "space": {"epochs": None, "momentum": {"step": None}, "widths": {"choice": [[8], [8, 8]]}},
    "trials": 4, "generation": 2, "replicates": 1, "finalists": 1, "again": 2,
    "halving": {"epochs": 1, "keep": 0.5},
}  # fmt: skip


def project_of(folder, *sweeps):
    """A project with some searches: what differs from SEARCH and REAL, by name."""
    found = {"rates": None}
    for name, changes in sweeps:
        search = deepcopy(merge(merge(SEARCH, REAL), changes))
        found[name] = {"problem": "houses", "question": "?", "search": search}
    project = Project(folder, {"sweeps": found, "timing": {"sweeps": []}})
    for name in ("claims.yaml", "figures.yaml"):
        project.path(f"config/{name}").unlink()
    return project


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = project_of(tmp_path_factory.mktemp("search") / "study", ("find", {}))
    project.planned_first = project.run("-n", TARGET).stdout
    project.said = project.run(TARGET).stdout
    return project


@pytest.fixture
def project(finished, tmp_path):
    return copy_of(finished, tmp_path / "study")


def trials(project):
    """trials.csv without its times."""
    table = pd.read_csv(project.results("trials.csv"))
    return table.drop(columns=["seconds", "core_seconds"])


def folders(project):
    """{folder of a search: {file: date}}."""
    found = {}
    for path in project.results("searches").glob("*/*.json"):
        found.setdefault(path.parent.name, {})[path.name] = path.stat().st_mtime_ns
    return found


def test_a_search_tries_halves_and_trains_its_best_again(finished):
    assert "Search find: 4 trials in 2 generations." in finished.planned_first
    table = pd.read_csv(finished.results("trials.csv"))
    assert table["trial"].tolist() == [0, 1, 2, 3]
    assert table["generation"].tolist() == [0, 0, 1, 1]
    assert sorted(table["state"]) == ["finished"] * 2 + ["halved away"] * 2
    assert table.loc[table["state"] == "halved away", "epochs_trained"].tolist() == [1, 1]
    assert table["core_seconds"].tolist() == pytest.approx(table["seconds"].cumsum().tolist())
    ended = table[table["state"] == "finished"]
    assert table["best"].iloc[-1] == ended["value"].min()
    # Test rows are opened for the finalist alone, which no other table has anything besides.
    [winner] = table.loc[table["again"].notna(), "run"]
    assert winner == ended.loc[ended["value"].idxmin(), "run"]
    runs = pd.read_csv(finished.results("runs.csv"))
    metrics = pd.read_csv(finished.results("evaluation/houses/metrics.csv"))
    assert set(runs["run"]) == set(metrics["run"]) == {winner}
    assert runs["replicate"].tolist() == [0, 1, 2]
    tried = {path.parts[-3] for path in finished.results("runs").glob("*/*/*.json")}
    assert tried == set(table["run"])


def test_the_winner_is_judged_by_replicates_that_the_search_never_saw(finished):
    choice = read_json(finished.results("choice/houses.json"))
    folder = finished.results(f"runs/{choice['run']}")
    values = {
        record["replicates"][slot]: value
        for path in folder.glob("*/training.json")
        for record in [read_record(path)]
        for slot, value in enumerate(last_validation(path, record))
    }
    assert sorted(values) == [0, 1, 2]
    fresh = (values[1] + values[2]) / 2
    assert choice["validation_metric_mean"] == pytest.approx(fresh) != pytest.approx(values[0])
    table = trials(finished).set_index("run")
    assert table.loc[choice["run"], "again"] == pytest.approx(fresh)
    assert table.loc[choice["run"], "again_replicates"] == 2
    assert table.loc[choice["run"], "value"] == pytest.approx(values[0])


def test_an_exact_rerun_of_a_search_has_nothing_to_do(project):
    assert "Nothing to be done" in project.run("-n", TARGET).stdout
    assert "0 blocks (" in project.run("prune").stdout


def test_going_on_from_a_state_gives_what_training_through_gives(project):
    table = trials(project)
    run = table.loc[table["state"] == "finished", "run"].iloc[0]
    folder = project.results(f"runs/{run}/replicates-0-0")
    left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert left == {"history.csv", "weights.safetensors", "training.json", "until-1.json",
                    "until-2.json"}  # fmt: skip
    went_on = {name: folder.joinpath(name).read_bytes() for name in left if "." in name}
    for path in folder.iterdir():
        path.unlink()
    record = f"results/runs/{run}/replicates-0-0/training.json"
    said = project.run(record).stdout
    assert "until" not in said
    for name in ("history.csv", "weights.safetensors"):
        assert folder.joinpath(name).read_bytes() == went_on[name]


def test_a_killed_search_goes_on_where_it_stopped(finished, tmp_path):
    project = project_of(tmp_path / "study", ("find", {}))
    [folder] = folders(finished)
    with project.start(TARGET) as process:
        deadline = time.monotonic() + 240
        while not project.results(f"searches/{folder}/step-2.json").exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        assert kill(process)
    before = folders(project)[folder]
    project.run(TARGET)
    after = folders(project)[folder]
    assert {name: after[name] for name in ("step-0.json", "step-1.json")} == {
        name: before[name] for name in ("step-0.json", "step-1.json")
    }
    # The same seed proposes the same points, in another folder and after a stop.
    pd.testing.assert_frame_equal(trials(project), trials(finished))


def test_more_trials_keep_what_was_trained_and_another_space_is_told(project):
    trained, old = blocks(project), trials(project)
    [(folder, steps)] = folders(project).items()
    project.change({"sweeps": {"find": {"search": {"trials": 5}}}})
    assert "Search find: 5 trials in 3 generations; 4 proposed so far." in project.run(
        "-n", TARGET
    ).stdout  # fmt: skip
    project.run(TARGET)
    known = ["run", "state", "value"]
    assert trials(project)[known][:4].equals(old[known])
    assert len(trials(project)) == 5
    after = blocks(project)
    assert {part: after.get(part) for part in trained} == trained
    kept = folders(project)[folder]
    assert all(kept[name] == date for name, date in steps.items() if name.startswith("step"))

    project.change({"sweeps": {"find": {"search": {"seed": 1}}}})
    told = f"its 5 trials stay in results/searches/{folder}."
    assert told in project.run("-n", TARGET).stdout
    project.run(f"results/searches/{study_folder(project)}/step-0.json")
    assert blocks(project) == after
    listed = project.run("prune").stdout
    assert f"searches/{folder}\n" in listed and "and 1 search (" in listed
    assert all(part in listed for part in after)
    project.run("prune", "--config", "delete=true")
    assert set(folders(project)) == {study_folder(project)} and not blocks(project)


def study_folder(project):
    """The folder of a project's search as it is configured now."""
    found = expand(check_configuration(project.configuration), project.path("config"))
    return found.searches["find"].folder


def test_searches_with_each_sampler_go_on_beside_each_other(tmp_path):
    few = {"trials": 2, "generation": 1, "again": 1, "halving": None}
    sweeps = [(name, few | {"sampler": name}) for name in ("random", "sobol", "gp")]
    project = project_of(tmp_path / "study", *sweeps)
    project.run(TARGET)
    table = trials(project)
    assert table["search"].tolist() == [name for name, _ in sweeps for _ in range(2)]
    assert table.groupby("search")["again"].count().to_dict() == {"random": 1, "sobol": 1, "gp": 1}
    runs = pd.read_csv(project.results("runs.csv"))
    assert set(runs["run"]) == set(table.loc[table["again"].notna(), "run"])
    [best] = {read_json(project.results("choice/houses.json"))["run"]}
    by_again = table.sort_values("again")["run"].iloc[0]
    assert best == by_again
