"""Read and check the study's configuration; nothing runs before it is accepted.

Everything here accepts or explains: a `TunebookError` names the key, what was found and what is
allowed. Shapes and ranges stand in `workflow/schemas/config.schema.yaml`, and those of
hyper-parameters in `parameters.py`; what no schema can say (an impossible network, a loss that does
not fit the task) is checked where configurations are, in `resolve.py`.
"""

import json
import math
import re
from collections.abc import Hashable
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from ..jobs import TunebookError
from . import parameters

SCHEMAS = Path(__file__).parents[3] / "schemas"

# YAML 1.1, which PyYAML speaks, reads `1e-3` as text; people mean the number.
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# What every version of YAML reads alike: no leading zeros, no `0x`, `1_000`, or `1:30`.
PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*|(0|[1-9]\d*)?\.\d*)([eE][-+]?\d+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
PLAIN_KEY = re.compile(r"[\w .-]{1,60}")
DEEPEST = 20
# What a study need not say.
DEFAULTS = {
    "study": {"source": "", "level": 0.05},
    "data": {
        "mirrors": [],
        "when_unreachable": "sample",
        "timeout_seconds": 30,
        "attempts": 3,
    },
    "replicates_per_job": {"dense": 5, "convolutional": 5, "module": 5},
    "seconds_per_job": 60,
    "products": "auto",
    "timing": {"sweeps": [], "epochs": 3, "repetitions": 3},
}
LARGEST_FILE = 1_000_000
# Snakemake runs the Python expressions of a file that holds it (YTE templates).
TEMPLATE_KEY = "__use_yte__"


class StrictLoader(yaml.SafeLoader):
    """Safe YAML without the parts that hide mistakes: duplicate keys, anchors, foreign tags."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None,
                None,
                f"alias '*{event.anchor}' found; aliases are not allowed, write the value out",
                event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"key '{key}' stands twice; each key may stand once",
                    key_node.start_mark,
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_number(self, node):
        """A number as everyone reads it; `010` is 8 to one version of YAML and 10 to the next."""
        text = self.construct_scalar(node)
        if not (PLAIN_NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text)):
            plain = text.replace("_", "").lstrip("0")
            written = f"{plain} if it is that number, or " if plain.isdigit() else ""
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"found {text}, which versions of YAML read as different numbers; allowed: "
                f"{written}'{text}' if it is a text",
                node.start_mark,
            )
        return Written(text) if "." in text else int(text)

    def construct_text(self, node):
        """A date is the text that it was written as."""
        return self.construct_scalar(node)


class Written(float):
    """A number that keeps how it was written: in `97.10` the last zero says how precise it is."""

    def __new__(cls, text):
        number = super().__new__(cls, text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        number.written = text
        return number


for kind, constructor in {
    "int": StrictLoader.construct_number,
    "float": StrictLoader.construct_number,
    "timestamp": StrictLoader.construct_text,
}.items():
    StrictLoader.add_constructor(f"tag:yaml.org,2002:{kind}", constructor)


def read_yaml(path, kinds=dict):
    """The plain values in the YAML file at `path`.

    kinds: what it may hold. Raises TunebookError for anything but that, of plain values in UTF-8:
    duplicate keys, aliases, tags that build objects, a file of over 1 MB.
    """
    path = Path(path)
    try:
        # Not a device or a pipe, which may never end.
        if path.exists() and not path.is_file():
            raise TunebookError(f"{path}: not a file; allowed: a file of YAML text")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise TunebookError(
            f"{path}: cannot be read ({reason}); allowed: a file of YAML text"
        ) from None
    if len(data) > LARGEST_FILE:
        raise TunebookError(f"{path}: {len(data)} bytes found; at most {LARGEST_FILE} are allowed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TunebookError(
            f"{path}: byte {error.start} is not UTF-8; the file must be UTF-8 text"
        ) from None
    value = read_text(text, path)
    if not isinstance(value, kinds):
        raise TunebookError(f"{path}: found {describe(value)}; a mapping of keys is expected")
    if isinstance(value, dict) and TEMPLATE_KEY in value:
        raise TunebookError(
            f"{path}: key '{TEMPLATE_KEY}' found; allowed: plain values, nothing that is run"
        )
    return value


def read_text(text, where):
    """The plain value that a text of YAML stands for; TunebookError, with the line, if none.

    where: what the text is called in a message.
    """
    try:
        # One document: a configuration has no other shape.
        return yaml.load(text, Loader=StrictLoader)
    except RecursionError:
        raise TunebookError(
            f"{where}: nested too deep to be read; allowed: at most {DEEPEST} levels"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        mark, place = getattr(error, "problem_mark", None), ""
        if mark:
            # What was typed on a command line is one line.
            in_file = isinstance(where, Path)
            place = f", line {mark.line + 1}" if in_file else f", character {mark.column + 1}"
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise TunebookError(f"{where}{place}: {said} (allowed: plain values in YAML)") from None


def read_chain(path, seen=()):
    """The configuration in a file, laid over the one that it extends, if it names one.

    `extends: FILE` is a path from the file's own folder. Raises TunebookError for a file that
    extends itself, over however many others.
    """
    path = Path(path)
    if path.resolve() in seen:
        raise TunebookError(f"{path}: extends itself; allowed: a chain of files that ends")
    value = read_yaml(path)
    base = value.pop("extends", None)
    if base is None:
        return value
    if not isinstance(base, str):
        raise TunebookError(f"{path}: extends: found {describe(base)}; allowed: a path")
    return laid_over(read_chain(path.parent / base, (*seen, path.resolve())), value)


def laid_over(base, changes):
    """A configuration with changes laid over it; a sweep that is taken away is not timed either."""
    result = merge(base, changes)
    gone = set(mapping(base, "sweeps")) - set(mapping(result, "sweeps"))
    timed = mapping(result, "timing").get("sweeps")
    if gone and isinstance(timed, list):
        timed = [name for name in timed if name not in gone]
        result["timing"] = result["timing"] | {"sweeps": timed}
    return result


def mapping(value, key):
    """What stands under a key of a configuration that was not checked yet, if it is a mapping."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def merge(base, changes):
    """`base` with `changes` laid over it, mapping by mapping; `null` takes a key away."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if value is None and key in result:
            del result[key]
        elif isinstance(old, dict) and isinstance(value, dict):
            result[key] = merge(old, value)
        else:
            result[key] = value
    return result


def plain(value):
    """Nested mappings and lists as dict and list (Snakemake hands over ordered ones)."""
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def from_command_line(value):
    """Values given with `--config` as a file would hold them: there, they all arrive as text."""
    if isinstance(value, dict):
        return {key: from_command_line(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [from_command_line(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return read_text(value, "--config")
    except TunebookError:
        return value


def describe(value):
    """`value` as a short text for messages."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def shown(key):
    """A key as it stands in messages: as it is, or quoted where it could be taken for more."""
    return key if isinstance(key, str) and PLAIN_KEY.fullmatch(key) else describe(key)


def normalise(value, path="", depth=0):
    """`value` with numbers that YAML 1.1 took for text made numbers; non-finite ones refused.

    Only whole texts that are numbers in scientific notation are converted; the text `0.001`
    cannot come from a file unquoted, and `1e-3` can. Whole numbers have one form: 10.0 is 10.
    """
    if depth > DEEPEST:
        raise TunebookError(f"{describe(path)}: nested too deep; allowed: at most {DEEPEST} levels")
    if isinstance(value, dict):
        return {
            key: normalise(item, f"{path}.{shown(key)}" if path else shown(key), depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [normalise(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, str) and NUMBER.fullmatch(value) and ("e" in value or "E" in value):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise TunebookError(f"{path}: found {value}; allowed: a finite number")
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    return value


def dotted(path):
    """['sweeps', 'a', 'axes', 0] -> 'sweeps.a.axes[0]'."""
    text = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else shown(part)
        text += name if name.startswith("[") or not text else f".{name}"
    return text


KINDS = {
    "object": "a mapping of keys", "array": "a list", "string": "text", "number": "a number",
    "integer": "a whole number", "boolean": "true or false",
}  # fmt: skip


def allowed(error):
    """What a schema error's rule allows, in words."""
    rule, value = error.validator, error.validator_value
    if rule == "enum":
        return "one of " + ", ".join(
            json.dumps(each) if isinstance(each, bool) else str(each) for each in value
        )
    if rule == "type":
        return " or ".join(KINDS[kind] for kind in (value if isinstance(value, list) else [value]))
    if rule in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        words = {
            "minimum": "at least",
            "exclusiveMinimum": "more than",
            "maximum": "at most",
            "exclusiveMaximum": "less than",
        }
        return f"a number {words[rule]} {value}"
    if rule in ("minLength", "maxLength"):
        return f"text of at {'least' if rule == 'minLength' else 'most'} {value} characters"
    if rule == "minItems":
        return f"a list of at least {value} values"
    if rule == "maxItems":
        return f"a list of at most {value} values"
    if rule == "minProperties":
        return f"at least {value} keys"
    if rule == "maxProperties":
        return f"at most {value} keys"
    if rule == "uniqueItems":
        return "values that are all different"
    if rule == "pattern":
        return error.schema.get("description", f"text that matches {value}")
    if rule in ("anyOf", "oneOf", "not"):
        return error.schema.get("description", "another form")
    return error.message


def explain(error):
    """One sentence for a jsonschema error: the key, what was found, what is allowed."""
    where = dotted(error.absolute_path)
    found = describe(error.instance)
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(str(key) for key in error.instance if key not in known)
        name = ".".join(filter(None, [where, shown(unknown[0])]))
        return f"{name}: unknown key; allowed here: {', '.join(known)}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        name = ".".join(filter(None, [where, missing[0]]))
        return f"{name}: missing; it must be given"
    if error.validator == "propertyNames" or error.parent is not None:
        return f"{where or 'top level'}: name {found} found; allowed: {allowed(error)}"
    return f"{where or 'top level'}: found {found}; allowed: {allowed(error)}"


def check_against(value, schema, source="configuration"):
    """Raise TunebookError for the most telling violation of a JSON schema, if there is any."""
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(value), key=lambda e: (len(e.absolute_path), e.message))
    if errors:
        raise TunebookError(f"{source}: {explain(errors[0])}")


def check_keys_are_text(value, path=""):
    """Raise TunebookError for a key that is not text (`1:` or `yes:` in YAML)."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TunebookError(
                    f"{path or 'top level'}: key {describe(key)} found; allowed: keys that are text"
                )
            check_keys_are_text(item, f"{path}.{shown(key)}" if path else shown(key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            check_keys_are_text(item, f"{path}[{i}]")


def in_order(value, schema, definitions):
    """`value` with its keys in the order of the schema, where the schema knows them.

    So that the same study written in another order is the same to Snakemake. Names that people
    give (sweeps) and axes keep their order, which tables and figures follow.
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        return [in_order(item, schema.get("items", {}), definitions) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    others = schema.get("additionalProperties") or {}
    named = [key for key in value if key not in known]
    # What is found by its name may stand in any order.
    named = sorted(named) if "x-sorted" in schema else named
    keys = [*(key for key in known if key in value), *named]
    return {key: in_order(value[key], known.get(key, others), definitions) for key in keys}


@cache
def schema():
    """The configuration's JSON schema, with the hyper-parameters put in."""
    found = read_yaml(SCHEMAS / "config.schema.yaml")
    found["$defs"]["hyper_parameters"] = parameters.schema()
    return found


def check_configuration(configuration):
    """The configuration in its one form, defaults filled in, once it fits; else TunebookError."""
    try:
        check_keys_are_text(configuration)
        configuration = normalise(configuration)
    except TunebookError as error:
        raise TunebookError(f"configuration: {error}") from None
    check_against(configuration, schema())
    ordered = in_order(configuration, schema(), schema()["$defs"])
    return merge(DEFAULTS, ordered)
