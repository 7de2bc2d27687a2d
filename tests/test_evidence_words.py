"""Numbers and configurations in words."""

import math
from dataclasses import dataclass

import pytest

from tunebook.evidence import words
from tunebook.evidence.intervals import Interval
from tunebook.study.parameters import PARAMETERS

INF, NAN = math.inf, math.nan


def plain_spaces(text):
    return text.replace(words.NARROW, " ")


@pytest.mark.parametrize(("value", "text", "tick"), [
    (0.0028, "0.00280", "0.0028"), (0.123456, "0.123", "0.123"), (-3.2, "−3.20", "−3.2"),
    (9.999, "10.0", "10"), (412.4, "412", "412"), (1460, "1,460", "1,460"),
    (123456, "123,000", "123,000"), (1e-7, "1.00 × 10⁻⁷", "10⁻⁷"),
    (3.21e-7, "3.21 × 10⁻⁷", "3.21 × 10⁻⁷"), (-2e8, "−2.00 × 10⁸", "−2 × 10⁸"),
    (0, "0", "0"), (NAN, words.NONE, words.NONE), (INF, words.NONE, words.NONE),
    (None, words.NONE, words.NONE),
])  # fmt: skip
def test_numbers_have_three_significant_digits_and_ticks_no_zeros(value, text, tick):
    assert (words.number(value), words.tick(value)) == (text, tick)


@pytest.mark.parametrize(("value", "unit", "signed", "text"), [
    (0.971, "share", False, "97.10 %"), (0.012, "share", True, "+1.20 points"),
    (-0.012, "share", True, "−1.20 points"), (INF, "share", False, "∞ %"),
    (24312, "$", False, "$24,300"), (-24312, "$", True, "−$24,300"), (0.5, "m", False, "0.500 m"),
    (370, "seconds", False, "6 min 10 s"), (8.123, "times", False, "8.12 times"),
    (51978, "count", False, "51,978"), (-0.7, "rank correlation", False, "−0.70"),
    (-0.001, "rank correlation", True, "0.00"), (-INF, "loss", False, "−∞"),
    (0.00297, "squared ranges", True, "+0.00297"), (12, "epochs", False, "12.0 epochs"),
    (NAN, "share", False, words.NONE), (0.2, "", False, "0.200"),
])  # fmt: skip
def test_a_number_has_its_unit(value, unit, signed, text):
    assert plain_spaces(words.show(value, unit, signed)) == text


def test_an_interval_in_words():
    found = Interval(0.971, 0.968, 0.974, 5)
    assert plain_spaces(words.measured(found, "share")) == "97.10 % (96.80 to 97.40)"
    assert words.measured(Interval(2, NAN, NAN, 2), "") == "2.00"
    assert words.measured(Interval(NAN, NAN, NAN, 0), "share") == words.NONE
    assert plain_spaces(words.interval(0.968, 0.974, "share")) == "96.80 to 97.40 %"
    assert words.interval(-0.1, 0.2) == "−0.100 to 0.200"
    assert words.interval(NAN, 0.2) == ""


@pytest.mark.parametrize(("seconds", "text"), [
    (0.041, "41.0 ms"), (5.2, "5.20 s"), (59.97, "1 min"), (370, "6 min 10 s"), (3599.7, "1 h"),
    (3900, "1 h 5 min"), (90000, "1 d 1 h"), (0, "0 ms"), (INF, words.NONE),
])  # fmt: skip
def test_lengths_of_time_are_read_in_their_two_largest_units(seconds, text):
    assert plain_spaces(words.duration(seconds)) == text


def test_small_words():
    assert plain_spaces(words.percent(0.2, 0)) == "20 %"
    assert plain_spaces(words.percent(-0.0001)) == "−0.01 %"
    assert words.percent(NAN) == words.NONE
    assert (words.count(1, "run"), words.count(1204, "run")) == ("1 run", "1,204 runs")
    assert words.counts([5, 10, 5], "replicate") == "5 to 10 replicates"
    assert (words.counts([1], "replicate"), words.counts([], "run")) == ("1 replicate", "no runs")
    assert plain_spaces(words.size(460676)) == "461 kB"
    assert (words.word(3), words.word(13)) == ("three", "13")
    assert words.spoken([]) == "" and words.spoken(["a"]) == "a"
    assert words.spoken(["a", "b", "c"]) == "a, b and c"
    assert words.day("2026-01-02T03:04:05+00:00") == "2 January 2026, 03:04 UTC"


def test_units_on_axes():
    units = {"share": "%", "squared ranges": "scaled units", "times": "times", "$": "$", "loss": ""}
    assert {unit: words.unit_words(unit) for unit in units} == units
    assert words.unit_words("target", {"unit": "m²"}) == "m²"


@pytest.mark.parametrize(("name", "value", "text"), [
    ("learning_rate", 0.001, "rate 0.001"), ("optimizer", "sgd-momentum", "SGD, momentum"),
    ("scale_inputs", "none", "raw inputs"), ("scale_target", "range", "scaled target"),
    ("batch_size", "full", "full batch"), ("batch_size", 10, "batch 10"),
    ("dropout", 0, "no dropout"), ("dropout", 0.2, "dropout 0.2"),
    ("epsilon", 1e-8, "epsilon 1e-08"), ("depth", 5, "5 layers"), ("depth", 1, "1 layer"),
    ("width", 50, "50 units"),
    ("widths", "100-100", "widths 100 × 2"), ("widths", "", "widths none"),
    ("skip_first", True, "skip first yes"), ("size", 0, "size 0"), ("loss", "mse", "MSE"),
])  # fmt: skip
def test_a_setting_in_words(name, value, text):
    assert words.setting(name, value) == text


def test_every_hyper_parameter_of_the_table_has_words_for_its_values():
    for name, parameter in PARAMETERS.items():
        for value in (*parameter.choices, parameter.default):
            if value is not None:
                text = words.setting(name, value)
                assert text == text.strip() != "" and "_" not in text


@dataclass
class Trained:
    """As much of a Run as its name needs."""

    name: str
    settings: dict


BASE = {
    "model": "dense", "widths": "200-200", "depth": 2, "width": 200, "dropout": 0,
    "scale_inputs": "min-max", "scale_target": "range", "loss": "mse", "optimizer": "adam",
    "learning_rate": 0.01, "beta2": 0.999, "weight_decay": 0, "batch_size": 100, "epochs": 100,
}  # fmt: skip


def runs(*changes):
    settings = [{**BASE, **change} for change in changes]
    return [
        Trained(f"run-{i}", {key: value for key, value in each.items() if value != ""})
        for i, each in enumerate(settings)
    ]


def layered(*widths):
    return {"widths": "-".join(map(str, widths)), "depth": len(widths), "width": max(widths)}


LINEAR = {"widths": "", "depth": 0, "width": ""}


def said(found):
    return list(found.values())


def test_a_network_in_a_few_words():
    assert words.network(BASE) == "dense 200 × 2"
    assert words.network(BASE | {"widths": "200-50"}) == "dense 200-50"
    assert words.network({"model": "dense"}) == "linear"
    convolutional = {"model": "convolutional", "channels": "16-32"}
    assert words.network(convolutional) == "convolutional 16-32"
    assert words.network(convolutional | {"widths": "50"}) == "convolutional 16-32 + dense 50"
    assert words.network({"model": "module", "module": "networks.py:Skip"}) == "Skip"


def test_a_configuration_in_one_line():
    assert words.describe(BASE) == "dense 200 × 2, MSE, Adam 0.01, batch 100"
    other = BASE | {"scale_inputs": "none", "dropout": 0.2, "batch_size": "full", "beta2": 0.99}
    text = "dense 200 × 2, raw inputs, MSE, Adam 0.01, full batch, dropout 0.2"
    assert words.describe(other) == text
    assert words.describe(other, also=["beta2", "epochs"]) == f"{text}, beta2 0.99, epochs 100"
    assert words.describe(BASE, also=["beta2"]) == words.describe(BASE), "a default is not said"


def test_no_two_runs_of_a_problem_are_called_the_same():
    found = words.labels(runs({}, {"beta2": 0.99}, {"learning_rate": 0.1}, {"epochs": 100}))
    text = "dense 200 × 2, MSE, Adam 0.01, batch 100"
    assert said(found) == [
        f"{text} (0)", f"{text}, beta2 0.99", text.replace("0.01", "0.1"), f"{text} (3)",
    ]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [
    ([{}], [""]),
    ([{"learning_rate": 0.1}, {"learning_rate": 0.01}], ["rate 0.1", "rate 0.01"]),
    ([layered(10, 10), layered(50, 50)], ["10 units", "50 units"]),
    ([layered(10), layered(10, 10)], ["1 layer", "2 layers"]),
    ([layered(10), layered(20, 20)], ["dense 10", "dense 20 × 2"]),
    ([layered(10, 20), layered(20, 20)], ["dense 10-20", "dense 20 × 2"]),
    ([{**network, "learning_rate": r} for network in (LINEAR, layered(10)) for r in (1, 2)],
     ["linear, rate 1", "linear, rate 2", "dense 10, rate 1", "dense 10, rate 2"]),
    ([layered(10, 20), {"model": "convolutional", "channels": "8", "widths": ""}],
     ["dense 10-20", "convolutional 8"]),
    # AdamW has another default weight decay, which its name says.
    ([{}, {"optimizer": "adamw", "weight_decay": 0.01}], ["Adam", "AdamW"]),
    ([{}, {"weight_decay": 0.01}], ["no decay", "decay 0.01"]),
    ([{"model": "module", "module": "n.py:Skip", "skip": skip} for skip in (True, False)],
     ["skip yes", "skip no"]),
])  # fmt: skip
def test_labels_say_only_what_differs(changes, expected):
    assert said(words.distinct(runs(*changes))) == expected


def test_labels_leave_out_what_a_colour_or_an_axis_says():
    two = runs(*[{"learning_rate": r, "dropout": d} for r in (0.1, 0.01) for d in (0, 0.2)])
    assert said(words.distinct(two, ["learning_rate"])) == ["no dropout", "dropout 0.2"] * 2
    assert set(said(words.distinct(two, ["learning_rate", "dropout"]))) == {""}
    deep = runs(*[layered(*[w] * d) for w in (10, 20) for d in (1, 2)])
    assert said(words.distinct(deep, ["width"])) == ["1 layer", "2 layers"] * 2
    assert set(said(words.distinct(deep, ["network"]))) == {""}
    assert set(said(words.distinct(deep[:2], ["depth"]))) == {""}, "widths follow from the depth"


def test_what_varies_is_in_reading_order():
    several = runs({"size": 3}, {"size": 4, "learning_rate": 0.1, "loss": "gaussian"})
    assert words.varying(several) == ["loss", "learning_rate", "size"]
