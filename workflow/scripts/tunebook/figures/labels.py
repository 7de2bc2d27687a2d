"""Words for configurations and numbers, as figures and their alternative texts say them."""

from math import floor, isfinite, log10

MINUS = "−"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# The hyper-parameters that tell runs apart, with a short name each.
HYPER_PARAMETERS = {
    "features": "features",
    "target": "target",
    "model": "",
    "widths": "widths",
    "channels": "channels",
    "kernel": "kernel",
    "padding": "padding",
    "pooling": "pooling",
    "dropout": "dropout",
    "loss": "",
    "optimizer": "",
    "learning_rate": "rate",
    "momentum": "momentum",
    "beta1": "beta1",
    "beta2": "beta2",
    "epsilon": "epsilon",
    "alpha": "alpha",
    "weight_decay": "decay",
    "batch_size": "batch",
    "epochs": "epochs",
}
NAMES = {
    "mse": "MSE",
    "gaussian": "Gaussian",
    "cross-entropy": "cross-entropy",
    "sgd": "SGD",
    "sgd-momentum": "SGD, momentum",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
}


def number(value, digits=3):
    """A number to read: 0.0028, −412, 1.2×10⁻⁷; `digits` significant ones."""
    value = float(value)
    if not isfinite(value):
        return "no finite value"
    if value == 0:
        return "0"
    exponent = floor(log10(abs(value)))
    if -5 < exponent < 6:
        decimals = max(digits - 1 - exponent, 0)
        text = f"{round(value, digits - 1 - exponent):,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace("-", MINUS)
    mantissa = f"{value / 10**exponent:.{digits - 1}f}".rstrip("0").rstrip(".")
    sign, mantissa = (MINUS, mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    times = "" if mantissa == "1" else f"{mantissa}×"
    return f"{sign}{times}10{str(exponent).translate(SUPERSCRIPT)}"


def percent(share, decimals=1):
    """A share as a percentage."""
    return f"{100 * share:.{decimals}f} %".replace("-", MINUS) if isfinite(share) else "no value"


def change(value, decimals=1):
    """A change in per cent, with its sign."""
    return f"{value:+.{decimals}f} %".replace("-", MINUS)


def plural(count, thing):
    """`1 layer`, `2 layers`."""
    return f"{count:.0f} {thing}" + ("" if count == 1 else "s")


def spoken(values):
    """Several things in a sentence."""
    values = list(values)
    return values[0] if len(values) == 1 else ", ".join(values[:-1]) + " and " + values[-1]


def network(row):
    """A network by kind and number of its hidden layers."""
    if row["model"] == "convolutional":
        return plural(row["convolutions"], "convolution")
    return plural(row["depth"], "dense layer") if row["depth"] else "no hidden layer"


def batch(row):
    """`batch 10` or `full batch`."""
    size = row["batch_size"].removesuffix(".0")
    return f"batch {size}" if size.isdigit() else f"{size} batch"


def value_text(value):
    """One hyper-parameter's value."""
    if isinstance(value, str):
        return NAMES.get(value, value or "none")
    return number(value)


def distinct(rows, name, covered):
    """{run: label} for the runs of a sweep: `name(row)`, and whatever else tells two apart.

    rows: rows of runs.csv. covered: the hyper-parameters that `name` already speaks of; the others
    are added only where they vary within the sweep, so that no two runs share a label.
    """
    first = rows.drop_duplicates("run")
    varies = [key for key in HYPER_PARAMETERS if first[key].nunique(dropna=False) > 1]
    labels = {row["run"]: name(row) for _, row in first.iterrows()}
    for keys in ([key for key in varies if key not in covered], varies):
        if len(set(labels.values())) < len(labels):
            labels = {
                row["run"]: ", ".join(
                    [name(row), *(f"{HYPER_PARAMETERS[k]} {value_text(row[k])}".strip()
                                  for k in keys)]
                )
                for _, row in first.iterrows()
            }  # fmt: skip
    return labels
