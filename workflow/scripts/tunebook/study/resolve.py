"""One configuration: every hyper-parameter that it uses, checked, and the name that follows.

A run's identity is its fully resolved configuration and nothing else: keys that its model or
optimizer does not use are dropped, defaults are filled in, numbers have one form. So a comment, the
order of keys or a new sweep never renames a run, and two sweeps that hold the same configuration
share it. Knows neither torch nor Snakemake: it is read at the start of every `snakemake` call.
"""

import re
from pathlib import Path

from ..jobs import TunebookError, fingerprint
from ..tasks import TASKS
from . import signature
from .parameters import PARAMETERS, RESERVED, TABLE, argument, asked_for
from .sizes import SIZES, feature_sizes

# What a resolved configuration says of its problem, beside its hyper-parameters.
OF_PROBLEM = ("problem", "task", "metric", "seed")
# What follows from the rest and is not shown: the fingerprint of a module's code.
HIDDEN = ("code",)


def judged(problem):
    """The metric that a problem is judged and chosen by."""
    return problem.get("metric", TASKS[problem["task"]].metric)


def layered(*layers):
    """Hyper-parameters laid over each other; the last word on the kind of network counts.

    A layer that names a module asks for it, and one that names another model gives a module up.
    """
    merged = {}
    for layer in layers:
        if "module" in layer and "model" not in layer:
            layer = {"model": "module", **layer}
        if layer.get("model", "module") != "module":
            merged.pop("module", None)
        merged |= layer
    return merged


def resolve(name, configuration, overrides, where, folder):
    """The full configuration of one run: relevant keys, defaults filled in, one form of numbers.

    name: the problem's. overrides: base and axes already merged. where: what to call this
    configuration in a message. folder: the study's. Raises TunebookError for a combination that
    cannot be.
    """
    problem = configuration["problems"][name]
    resolved = {
        "problem": name,
        "task": problem["task"],
        "metric": judged(problem),
        "seed": configuration["study"]["seed"],
    }
    arguments = module_arguments(overrides, where, folder)
    dataset = configuration["datasets"][problem["dataset"]]
    data = {"data": "images" if may_be_images(dataset) else "table"}
    for row in TABLE:
        if row.derived or row.name in arguments:
            continue
        if not row.used(resolved | data):
            check_unused(row, overrides, resolved | data, where)
            continue
        value = overrides.get(row.name, row.default_in(resolved))
        if value is None:
            allowed = "a value, in the sweep or in the problem's base"
            if row.choices:
                allowed = "one of " + ", ".join(row.choices)
            refuse(where, row.name, "nothing", allowed)
        resolved[row.name] = one_form(row, value)
    check_fitting(resolved, where)
    check_schedule(resolved, where)
    check_rolling(resolved, where)
    if problem.get("split", {}).get("validation") == 0 and resolved["fit_on"] != "development":
        allowed = f"development, since problems.{name}.split.validation is 0"
        refuse(where, "fit_on", resolved["fit_on"], allowed)
    for key, default in arguments.items():
        value = overrides.get(key, default)
        if value is signature.REQUIRED:
            refuse(where, key, "nothing", f"a value; {resolved['module']} needs it")
        resolved[key] = one_form(PARAMETERS.get(key) or argument(key), value)
    if arguments or resolved["model"] == "module":
        file = resolved["module"].partition(":")[0]
        resolved["code"] = signature.code_hash(Path(folder, file))
    check_names(overrides, arguments, where)
    check_network(resolved, dataset, where)
    return dict(sorted(resolved.items()))


def may_be_images(dataset):
    """Whether the rows of a dataset are images, as far as can be told before it is there."""
    return "image" in dataset or dataset.get("reader") in ("images", "npz")


def check_unused(row, overrides, resolved, where):
    """Raise TunebookError for a hyper-parameter that was given where it would do nothing, if it is
    one that nobody gives by the way.
    """
    given = overrides.get(row.name, row.default)
    if row.strict and given != row.default:
        key, needed = next(item for item in row.of.items() if resolved.get(item[0]) not in item[1])
        found = f"{given} with {key} = {resolved.get(key, 'none')}"
        refuse(where, row.name, found, f"{row.default}, or {key} = {' or '.join(needed)}")


def refuse(where, key, found, allowed):
    raise TunebookError(f"configuration: {where}.{key}: found {found}; allowed: {allowed}")


def check_fitting(resolved, where):
    """Raise TunebookError for a choice that does not go with another one, or with the task."""
    for row in TABLE:
        if not row.choices or row.name not in resolved:
            continue
        for key, values in row.choices[resolved[row.name]].of.items():
            if resolved[key] not in values:
                fitting = [
                    name
                    for name, choice in row.choices.items()
                    if resolved[key] in choice.of.get(key, (resolved[key],))
                ]
                allowed = f"for {resolved[key]}: {', '.join(fitting)}"
                refuse(where, row.name, resolved[row.name], allowed)


def check_schedule(resolved, where):
    """Raise TunebookError for a schedule that is longer than the training."""
    for key in ("warmup", "step_every"):
        if resolved.get(key, 0) >= resolved["epochs"]:
            allowed = f"fewer than the {resolved['epochs']} epochs of the training"
            refuse(where, key, f"{resolved[key]:g}", allowed)


def check_rolling(resolved, where):
    """Raise TunebookError for images that roll round and are moved by more than whole pixels."""
    if resolved.get("augment_border") == "roll":
        shift = resolved.get("augment_shift", 0)
        if shift % 1:
            refuse(where, "augment_shift", shift, "whole pixels where images roll round")
        for key in ("augment_rotate", "augment_scale", "augment_shear", "augment_elastic"):
            if resolved.get(key):
                refuse(where, "augment_border", f"roll with {key}", "value, or shifts alone")


def module_arguments(overrides, where, folder):
    """{argument: default} of the module that a configuration names; none for other models."""
    if overrides.get("model") != "module":
        return {}
    if "module" not in overrides:
        refuse(where, "module", "nothing", "FILE.py:Class, a file beside the configuration")
    file, _, name = overrides["module"].partition(":")
    try:
        found = signature.arguments(Path(folder, file), name)
    except TunebookError as error:
        raise TunebookError(f"configuration: {where}.module: {error}") from None
    for key in found:
        if RESERVED.fullmatch(key):
            refuse(where, "module", f"{name} with an argument {key}", "an argument of another name")
    return found


def check_names(overrides, arguments, where):
    """Raise TunebookError for a key that is no hyper-parameter of any model."""
    known = [row.name for row in TABLE if not row.derived]
    for key in overrides:
        if key not in known and key not in arguments:
            allowed = ", ".join(sorted([*known, *arguments]))
            raise TunebookError(
                f"configuration: {where}.{key}: unknown hyper-parameter; allowed here: {allowed}"
            )


def settle_sizes(resolved, where):
    """Say lists of equal sizes, one for each convolution, as the number that means the same.

    Raises TunebookError for a list that has not one for each.
    """
    for row in TABLE:
        if row.kind == "sizes" and isinstance(value := resolved[row.name], list):
            found, needed = len(value), len(resolved["channels"])
            if found != needed:
                allowed = f"a whole number, or a list of {needed}, one for each of the channels"
                refuse(where, row.name, f"a list of {found}", allowed)
            if len(set(value)) == 1:
                resolved[row.name] = value[0]


def check_network(resolved, dataset, where):
    """Raise TunebookError for a network that cannot be built on this dataset."""
    if resolved["model"] == "convolutional":
        settle_sizes(resolved, where)
        shape = dataset.get("image", {}).get("shape")
        if not may_be_images(dataset):
            refuse(where, "model", "convolutional", "for rows that are no images: dense, module")
        if shape is not None:
            try:
                feature_sizes(shape, **{key: resolved[key] for key in SIZES})
            except TunebookError as error:
                raise TunebookError(f"configuration: {where}.channels: {error}") from None
    if resolved["model"] == "dense" and not resolved["widths"]:
        for key in ("dropout", "activation", "normalization"):
            off = PARAMETERS[key].default
            if resolved[key] != off:
                refuse(where, key, resolved[key], f"{off} for a network without hidden layers")
    if resolved.get("normalization") == "batch" and resolved["batch_size"] == 1:
        refuse(where, "batch_size", 1, "2 or more rows for normalization over the batch")
    if resolved.get("embedding") == "periodic" and resolved["embedding_size"] % 2:
        allowed = "an even number, of as many sines as cosines"
        refuse(where, "embedding_size", resolved["embedding_size"], allowed)


def one_form(row, value):
    """`value` as the run's name sees it: 1 and 1.0, 1e-3 and 0.001 are the same."""
    if row.kind == "number":
        return float(value)
    if isinstance(value, list):
        return [one_form(argument(row.name), item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def identity(configuration):
    """What of a resolved configuration names its run: all but the optional that it does without."""
    return {key: configuration[key] for key in asked_for(configuration)}


def network_slug(configuration):
    """The network in a few letters: dense100x5, dense200-50, linear, conv16-32-64, skip."""
    if configuration["model"] == "module":
        name = configuration["module"].partition(":")[2]
        return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "module"
    widths = configuration["widths"]
    if not widths:
        dense = ""
    elif len(set(widths)) == 1:
        dense = f"{widths[0]}x{len(widths)}"
    else:
        dense = "-".join(map(str, widths))
    if configuration["model"] == "convolutional":
        slug = "conv" + "-".join(map(str, configuration["channels"]))
        slug += f"-dense{dense}" if dense else ""
    else:
        slug = f"dense{dense}" if dense else "linear"
    return slug[:40].rstrip("-")


def run_name(configuration):
    """A readable slug and the start of the fingerprint: the name of a run's folder."""
    parts = [
        configuration["problem"],
        network_slug(configuration),
        configuration["optimizer"],
        f"lr{configuration['learning_rate']:g}",
        f"bs{configuration['batch_size']}",
        fingerprint(identity(configuration))[:8],
    ]
    return "-".join(parts)


def settings(configuration):
    """The hyper-parameters of a resolved configuration, and the counts that trends run along."""
    found = {
        key: value for key, value in configuration.items() if key not in (*OF_PROBLEM, *HIDDEN)
    }
    if "widths" in found and found["model"] != "module":
        widths, channels = found["widths"], found.get("channels", [])
        found["depth"] = len(widths) + len(channels)
        found["convolutions"] = len(channels)
        if widths:
            found["width"] = max(widths)
    return found
