"""The tables of a made-up study: the default study's sweeps, with numbers from simple formulas.

Nothing is trained, so a whole study takes about a second. The formulas only imitate what training
does: deeper networks need more steps, high learning rates are noisy or diverge, small batches are
noisy, predicted variances grow with the house. `make_tables` gives the frames; `write_tables`
leaves them as files under the names that the workflow gives them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.datasets import load_digits

from tunebook import study as studies
from tunebook.tables import runs_table, sweeps_table

ROOT = Path(__file__).parent.parent
PRICE_RANGE = 720_100.0
CONSTANT = {"digits": 0.178, "houses": 0.0122}
TEST_ROWS = {"digits": 400, "houses": 292}
BASELINES = {
    "digits": {"softmax-regression": 0.915, "nearest-neighbours": 0.944, "rbf-svm": 0.953},
    "houses": {"linear-regression": 0.0042, "random-forest": 0.0027, "gradient-boosting": 0.0026},
}


@cache
def default_configuration():
    """The default study's configuration, as written (not to be changed: it is shared)."""
    return (ROOT / "config/config.yaml").read_text(encoding="utf-8")


def make_study(sweeps=None, problems=("digits", "houses"), replicates=None, epochs=None):
    """The default study, cut down to some sweeps, problems, replicates and epochs."""
    configuration = yaml.safe_load(default_configuration())
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    kept = {
        name: sweep
        for name, sweep in configuration["sweeps"].items()
        if sweep["problem"] in problems and (sweeps is None or name in sweeps)
    }
    for sweep in kept.values():
        if replicates:
            sweep.pop("replicates", None)
    configuration["sweeps"] = kept
    configuration["problems"] = {name: configuration["problems"][name] for name in problems}
    for problem in configuration["problems"].values():
        problem["replicates"] = replicates or problem["replicates"]
        problem["base"]["epochs"] = epochs or problem["base"]["epochs"]
    timed = [name for name in configuration["timing"]["sweeps"] if name in kept]
    configuration["timing"]["sweeps"] = timed
    return studies.expand(configuration, schema)


@dataclass(frozen=True)
class Outcome:
    """How one run trains: floors of its errors, speed, noise, and when it diverges, if it does."""

    floor: float
    gap: float
    speed: float
    noise: float
    ends: float  # epoch around which replicates diverge; infinite where they do not

    @classmethod
    def of(cls, settings, hostile):
        """hostile: every run diverges in its first epochs."""
        digits = settings["problem"] == "digits"
        depth = len(settings["widths"]) + len(settings.get("channels", []))
        width = max(settings["widths"], default=10)
        rate, size = settings["learning_rate"], settings["batch_size"]
        batch = 900 if size == "full" else size
        gain = {"sgd": 0.02, "sgd-momentum": 0.15, "rmsprop": 0.9, "adamw": 1.0, "adam": 1.0}
        steps = rate * gain[settings["optimizer"]] * (100 / batch) ** 0.7 * (10 if digits else 1)
        convolutional = settings["model"] == "convolutional"
        floor = 0.0026 * (1 + 2 / width**0.7 + 0.04 * max(depth - 5, 0))
        if digits:
            floor = 0.004 / depth**1.5 if convolutional else 0.05 * (1 + 0.3 * depth)
        raw = settings["features"] == "raw" or settings.get("target") == "raw"
        sgd = settings["optimizer"] == "sgd"
        ends = np.inf
        if hostile:
            ends = 2
        elif raw and sgd:
            ends = 3 if rate > 0.001 else 30
        elif settings["loss"] == "gaussian" and rate > 0.003 and depth > 3:
            ends = 90
        elif settings["features"] == "raw" and rate > 0.003:
            floor = CONSTANT["houses"]
        return cls(
            floor=floor,
            gap=0.2 + 0.06 * depth - 0.4 * settings["dropout"],
            speed=min(25 * steps * (0.6 if depth > 4 else 1), 1.5),
            noise=min(0.02 + 1.5 * rate * (100 / batch) ** 0.5, 0.5),
            ends=ends,
        )


def histories(random, run, outcome):
    """Losses and metrics [replicates, epochs] of one run, and where replicates diverge (or NaN)."""
    settings = run.configuration
    epochs, count = settings["epochs"], run.replicates
    start = 2.0 if run.problem == "digits" else 0.03
    epoch = np.arange(1, epochs + 1)
    fall = np.exp(-((outcome.speed * epoch) ** 0.75))
    level = outcome.floor * random.lognormal(0, 0.08, (count, 1))
    noise = random.lognormal(0, outcome.noise, (count, epochs))
    train = level * noise + (start - level) * fall * random.lognormal(0, 0.05, (count, epochs))
    overfit = 1 + outcome.gap * np.minimum(1, outcome.speed * epoch / 20)
    validation = train * overfit * random.lognormal(0, outcome.noise / 2, (count, epochs))
    ends = np.full(count, np.nan)
    if outcome.ends <= epochs:
        ends = np.clip(random.poisson(outcome.ends, count), 1, epochs).astype(float)
        if outcome.ends > 10:
            ends[random.random(count) < 0.5] = np.nan
    if run.problem == "digits":
        metrics = [1 - np.minimum(loss**0.8 / 4, 0.9) for loss in (train, validation)]
    else:
        metrics = [train.copy(), validation.copy()]
    if settings["loss"] == "gaussian":
        train, validation = (0.5 * np.log(error) + 0.5 for error in (train, validation))
    return (train, metrics[0], validation, metrics[1]), ends


def history_frame(run, parts, ends):
    """The rows of history.parquet of one run; a diverged replicate ends with an infinite loss."""
    count, epochs = parts[0].shape
    frame = pd.DataFrame(
        {
            "run": run.name,
            "replicate": np.repeat(np.arange(count), epochs),
            "epoch": np.tile(np.arange(1, epochs + 1), count),
        }
    )
    names = ("train_loss", "train_metric", "validation_loss", "validation_metric")
    for name, part in zip(names, parts, strict=True):
        frame[name] = part.ravel()
    last = np.repeat(np.where(np.isnan(ends), epochs + 1, ends), epochs)
    frame.loc[frame["epoch"] == last, "train_loss"] = np.inf
    frame.loc[frame["epoch"] == last, "validation_loss"] = np.nan
    return frame[frame["epoch"] <= last]


def metric_rows(random, run, parts, ends):
    """What `evaluate` gives for one run: one row a replicate."""
    count, epochs = parts[0].shape
    alive = np.where(np.isnan(ends), 1.0, np.nan)
    last = [part[:, -1] * alive for part in parts]
    digits = run.problem == "digits"
    worse = -1 if digits else 1
    table = pd.DataFrame(
        {
            "run": run.name, "replicate": np.arange(count),
            "seed": [studies.replicate_seed(0, run.problem, r) for r in range(count)],
            "batch_rows": 876 if run.configuration["batch_size"] == "full"
            else run.configuration["batch_size"],
            "epochs_run": np.where(np.isnan(ends), epochs, ends), "diverged_at": ends,
            "best_epoch": epochs - 3, "parameters": 1234,
            "train_loss": last[0], "validation_loss": last[2],
            "test_loss": last[2] * random.lognormal(0, 0.05, count),
            "train_metric": last[1], "validation_metric": last[3],
        }
    )  # fmt: skip
    test = 1 - 1.3 * (1 - last[3]) if digits else last[3] * random.lognormal(0, 0.08, count)
    table["test_metric"] = test
    table["gap"] = worse * (table["validation_metric"] - table["train_metric"])
    for part in ("train", "validation", "test"):
        table[f"{part}_metric_at_best"] = table[f"{part}_metric"]
        table[f"constant_{part}_metric"] = CONSTANT[run.problem]
    if not digits:
        for part in ("train", "validation", "test"):
            table[f"{part}_rmse_dollars"] = PRICE_RANGE * np.sqrt(table[f"{part}_metric"])
        table["test_mae_dollars"] = 0.7 * table["test_rmse_dollars"]
        table["rank_squared_residual_GrLivArea"] = random.normal(0.22, 0.04, count)
    if run.configuration["loss"] == "gaussian":
        depth = len(run.configuration["widths"])
        table["test_mean_variance"] = 0.004 * alive
        table["variance_spread"] = (1.5 + 0.8 * depth) * random.lognormal(0, 0.1, count) * alive
        table["coverage_50"] = random.normal(0.56, 0.03, count) * alive
        table["coverage_90"] = random.normal(0.85 + 0.008 * depth, 0.02, count) * alive
        table["rank_variance_GrLivArea"] = random.normal(0.75, 0.05, count) * alive
    table["seconds_per_epoch"] = 0.02
    table["train_seconds"] = 0.02 * epochs
    return table


def house_predictions(random, run, rows):
    """Test predictions of one run on simulated houses; variances if its loss is Gaussian."""
    for _, row in rows.iterrows():
        area = np.clip(random.lognormal(7.27, 0.33, TEST_ROWS["houses"]), 334, 5642).round()
        price = 95 * area**1.03 * random.lognormal(-0.1, 0.22, len(area))
        error = np.sqrt(row["test_metric"]) if np.isfinite(row["test_metric"]) else np.nan
        deviation = error * (area / 1500) ** 0.9 * random.lognormal(-0.3, 0.15, len(area))
        yield pd.DataFrame(
            {
                "run": run.name, "problem": "houses", "replicate": row["replicate"],
                "row": np.arange(len(area)), "target": price.round(-2),
                "prediction": price + PRICE_RANGE * deviation * random.normal(size=len(area)),
                "variance": deviation**2 if run.configuration["loss"] == "gaussian" else np.nan,
                "GrLivArea": area,
            }
        )  # fmt: skip


@cache
def images():
    """Real small digits brought to 16 x 16: (pixels [n, 256] in [0, 1], classes [n])."""
    digits = load_digits()
    pixels = np.kron(digits.images[: TEST_ROWS["digits"]] / 16, np.ones((2, 2)))
    return pixels.reshape(len(pixels), -1), digits.target[: TEST_ROWS["digits"]]


def digit_predictions(random, run, rows):
    """Test predictions of one run, and the images that it misreads, one frame of each a replicate.

    Some images are harder than others, so that replicates misread the same ones.
    """
    pixels, classes = images()
    hard = np.random.default_rng(3).random(len(classes)) ** 12
    other = (classes + np.random.default_rng(4).integers(1, 10, len(classes))) % 10
    for _, row in rows.iterrows():
        wrong = random.random(len(classes)) < hard
        guess = np.where(wrong, other, classes)
        yield (
            pd.DataFrame(
                {
                    "run": run.name, "problem": "digits", "replicate": row["replicate"],
                    "row": np.arange(len(classes)), "target": classes.astype(float),
                    "prediction": guess.astype(float), "variance": np.nan, "GrLivArea": np.nan,
                }
            ),
            pd.DataFrame(
                {
                    "run": run.name, "replicate": row["replicate"], "row": np.flatnonzero(wrong),
                    "target": classes[wrong], "prediction": guess[wrong],
                    "probability": random.uniform(0.4, 1, wrong.sum()),
                    "pixels": [list(image) for image in pixels[wrong]],
                }
            ),
        )  # fmt: skip


def timing_rows(random, made, repetitions=5):
    """timing.csv: slower for small batches, wide, deep and convolutional networks."""
    timed = set(made.configuration["timing"]["sweeps"])
    for run in made.runs.values():
        settings = run.configuration
        if timed & set(run.sweeps):
            batch = 900 if settings["batch_size"] == "full" else settings["batch_size"]
            steps = (5800 if run.problem == "digits" else 876) / batch
            layers = len(settings["widths"]) + 40 * len(settings.get("channels", []))
            second = steps * 0.0007 * (1 + layers / 5 + max(settings["widths"], default=0) / 400)
            for repetition in range(repetitions):
                yield {
                    "run": run.name, "sweeps": ";".join(run.sweeps), "problem": run.problem,
                    "repetition": repetition,
                    "seconds_per_epoch": second * random.lognormal(0, 0.04),
                }  # fmt: skip


def baseline_rows(random, made):
    """baselines.csv: three methods a problem, each on the splits of the networks."""
    for problem in made.problems:
        for baseline, value in BASELINES[problem].items():
            for replicate in range(made.replicates(problem)):
                test = value * random.normal(1, 0.004 if problem == "digits" else 0.1)
                yield {
                    "problem": problem, "baseline": baseline, "replicate": replicate,
                    "train_metric": test, "validation_metric": test, "test_metric": test,
                    "test_rmse_dollars": np.nan
                    if problem == "digits" else PRICE_RANGE * test**0.5,
                    "fit_seconds": 0.3,
                }  # fmt: skip


def choose(made, runs):
    """best.json, as the workflow writes it: the best mean validation metric of each grid search."""
    best = {}
    for problem in made.problems:
        grids = [
            name
            for name, sweep in made.configuration["sweeps"].items()
            if sweep["problem"] == problem and sweep.get("grid")
        ]
        rows = runs[runs["run"].isin([run for name in grids for run in made.sweeps[name]])]
        means = rows.groupby("run")["validation_metric"].mean().dropna()
        if len(means):
            run = means.idxmax() if problem == "digits" else means.idxmin()
            sweep = next(name for name in grids if run in made.sweeps[name])
            best[problem] = {
                "sweep": sweep, "run": run, "validation_metric_mean": float(means[run]),
                "candidates": len(means),
            }  # fmt: skip
    return best


def make_tables(sweeps=None, problems=("digits", "houses"), replicates=None, epochs=None,
                hostile=False, seed=0):  # fmt: skip
    """{name: frame} of every table of a made-up study, and best as a dictionary.

    sweeps, problems, replicates, epochs: as in `make_study`. hostile: every run diverges.
    """
    random = np.random.default_rng(seed)
    made = make_study(sweeps, problems, replicates, epochs)
    history, metrics = [], {}
    for run in made.runs.values():
        parts, ends = histories(random, run, Outcome.of(run.configuration, hostile))
        history.append(history_frame(run, parts, ends))
        metrics.setdefault(run.problem, []).append(metric_rows(random, run, parts, ends))
    runs = runs_table(made.rows(), [pd.concat(frames) for frames in metrics.values()])
    best = choose(made, runs)
    asked = {name for name, sweep in made.configuration["sweeps"].items()
             if sweep.get("predictions")}  # fmt: skip
    chosen = {choice["run"] for choice in best.values()}
    predictions, misread = [], []
    for run in made.runs.values():
        if run.name in chosen or asked & set(run.sweeps):
            rows = runs[runs["run"] == run.name]
            if run.problem == "houses":
                predictions += house_predictions(random, run, rows)
            else:
                for frame, images_read in digit_predictions(random, run, rows):
                    predictions.append(frame)
                    misread.append(images_read)
    return {
        "runs": runs,
        "history": pd.concat(history, ignore_index=True).astype({"run": "category"}),
        "sweeps": sweeps_table(made.sweeps),
        "best": best,
        "predictions": frame_of(predictions, "run problem replicate row target prediction "
                                "variance GrLivArea"),
        "misread": frame_of(misread, "run replicate row target prediction probability pixels"),
        "timing": frame_of([pd.DataFrame(timing_rows(random, made))],
                           "run sweeps problem repetition seconds_per_epoch"),
        "baselines": frame_of([pd.DataFrame(baseline_rows(random, made))],
                              "problem baseline replicate train_metric validation_metric "
                              "test_metric test_rmse_dollars fit_seconds"),
    }  # fmt: skip


def frame_of(frames, columns):
    """The frames one below the other; an empty table still has its columns."""
    frames = [frame for frame in frames if len(frame)]
    columns = columns.split()
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def write_tables(tables, folder):
    """Write the tables as the workflow does; returns {name: path}."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, table in tables.items():
        if name == "best":
            paths[name] = folder / "best.json"
            paths[name].write_text(json.dumps(table))
        elif name in ("history", "predictions", "misread"):
            paths[name] = folder / f"{name}.parquet"
            table.to_parquet(paths[name], index=False)
        else:
            paths[name] = folder / f"{name}.csv"
            table.to_csv(paths[name], index=False)
    return paths
