"""Whatever the configuration reader is given, it accepts it or explains; it does nothing else."""

import copy
import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project import DIGITS, SMALL, USPS, merged
from tunebook.jobs import TunebookError
from tunebook.study.parameters import PARAMETERS
from tunebook.study.read import StrictLoader, check_configuration, normalise, read_yaml
from tunebook.study.runs import Study, expand

VALID = copy.deepcopy(merged(SMALL, {"datasets": {"usps": USPS}, "problems": {"digits": DIGITS}}))
VALID["sweeps"]["layers"] = {
    "problem": "digits", "question": "?", "grid": True,
    "points": [
        {"model": "dense", "widths": [8, 8]},
        {"model": "convolutional", "channels": [2, 3], "kernel": 3, "widths": []},
    ],
}  # fmt: skip

FEW = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,  # the same cases every time: what fails here fails everywhere
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

WORDS = [
    "full", "dense", "convolutional", "adam", "sgd-momentum", "mse", "gaussian", "raw", "1e-3",
    "1e999", "nan", "", "..", "../x", "\n", "\0", "yes", "digits", "houses", "rates", "é", "<b>",
    "$(x)", "=", "{{",
]  # fmt: skip
numbers = st.one_of(
    st.integers(-3, 30),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([1e-3, 1e300, 2**31, 2**64, 10**400, -0.0, 0.2, 2.0]),
)
leaves = st.one_of(
    st.none(), st.booleans(), numbers, st.sampled_from(WORDS), st.text(max_size=20), st.binary()
)
keys = st.one_of(
    st.sampled_from(sorted(PARAMETERS)),
    st.sampled_from(["study", "problems", "sweeps", "axes", "points", "base", "replicates", "x"]),
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


def accept_or_explain(configuration):
    """The study, or the message; anything else is a failure of the test that calls this."""
    try:
        study = expand(check_configuration(configuration), ".")
    except TunebookError as error:
        message = str(error)
        assert message.startswith("configuration: "), "the message says where to look"
        assert len(message) < 3000, "the message can be read"
        assert re.search(r"allowed|must be|at most", message), "the message says what is allowed"
        return message
    assert isinstance(study, Study)
    return study


def check_study(study):
    """What the workflow takes for granted of a study that was accepted."""
    assert study.runs
    for name, run in study.runs.items():
        assert re.fullmatch(r"[a-z][a-z0-9.e+-]*", name), "the name is a safe folder name"
        assert len(name) < 200
        assert 1 <= run.replicates <= 1000
        firsts = [first for first, _ in run.blocks]
        assert firsts == list(range(0, run.replicates, run.block))
    assert {run for runs in study.sweeps.values() for run in runs} == set(study.runs)


def places(value, path=()):
    """The path of every value inside nested mappings and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, (dict, list)):
            yield from places(item, (*path, key))


PLACES = sorted(places(VALID), key=str)


def changed(path, change):
    """The valid configuration after `change(parent, key)` at one place."""
    configuration = copy.deepcopy(VALID)
    parent = configuration
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return configuration


def test_the_configuration_that_is_changed_below_is_accepted():
    check_study(accept_or_explain(VALID))


@FEW
@given(st.sampled_from(PLACES), values)
def test_any_value_in_any_place(path, value):
    outcome = accept_or_explain(changed(path, lambda parent, key: parent.__setitem__(key, value)))
    if isinstance(outcome, Study):
        check_study(outcome)


@FEW
@given(st.sampled_from(PLACES), st.sampled_from([1, 2, 3, 0.5, 10, 100, 1000]))
def test_another_number_in_any_place(path, value):
    outcome = accept_or_explain(changed(path, lambda parent, key: parent.__setitem__(key, value)))
    if isinstance(outcome, Study):
        check_study(outcome)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_any_key_left_out(path):
    outcome = accept_or_explain(changed(path, lambda parent, key: parent.pop(key)))
    if isinstance(outcome, Study):
        check_study(outcome)


@FEW
@given(st.sampled_from([p for p in PLACES if isinstance(p[-1], str)]), keys, values)
def test_any_further_key(path, key, value):
    configuration = changed(path, lambda parent, _: parent.__setitem__(key, value))
    outcome = accept_or_explain(configuration)
    if isinstance(outcome, Study):
        check_study(outcome)


@FEW
@given(values)
def test_anything_at_all(value):
    assert isinstance(accept_or_explain(value), str)


@FEW
@given(st.recursive(numbers, lambda inner: st.lists(inner, min_size=1, max_size=1), max_leaves=1))
def test_numbers_have_one_form(value):
    try:
        once = normalise({"x": value})
    except TunebookError:
        return
    assert normalise(once) == once
    assert repr(normalise(once)) == repr(once)


def read(path, data):
    """What `read_yaml` gives for a file of these bytes: a mapping, or a message."""
    path.write_bytes(data)
    try:
        value = read_yaml(path)
    except TunebookError as error:
        assert str(path) in str(error), "the message names the file"
        return str(error)
    assert isinstance(value, dict)
    return value


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_as_a_file(tmp_path, data):
    read(tmp_path / "config.yaml", data)


@FEW
@given(st.text(alphabet="abc:-[]{}&*!|>%@`#'\",?\n\t 01.e<=~", max_size=80))
def test_any_text_of_yamls_own_characters_as_a_file(tmp_path, text):
    read(tmp_path / "config.yaml", text.encode())


SOURCE = yaml.safe_dump(VALID, sort_keys=False).encode()


@FEW
@given(st.integers(0, len(SOURCE) - 1), st.integers(0, 60), st.binary(max_size=10))
def test_a_file_with_a_piece_overwritten(tmp_path, start, length, piece):
    value = read(tmp_path / "config.yaml", SOURCE[:start] + piece + SOURCE[start + length :])
    if isinstance(value, dict):
        accept_or_explain(value)


@FEW
@given(values)
def test_what_safe_yaml_writes_is_read_back_or_refused(tmp_path, value):
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    text = yaml.dump({"x": value}, Dumper=NoAliases, allow_unicode=True)
    found = read(tmp_path / "config.yaml", text.encode("utf-8", "surrogatepass"))
    if isinstance(found, dict):
        assert repr(found) == repr(yaml.load(text, Loader=StrictLoader))
