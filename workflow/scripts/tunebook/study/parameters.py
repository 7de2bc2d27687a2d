"""The hyper-parameters: one table, from which everything that speaks of them is made.

The schema, the README's table, a run's identity, the columns of runs.csv, labels, axes and colour
scales all follow from these rows. To add a hyper-parameter, add a row here and its arithmetic where
it acts; to add an optimizer or a loss, a choice here and its arithmetic in `learn`.
"""

import math
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Choice:
    """One value of a hyper-parameter that is chosen by name.

    label: as figures and report say it. of: {other hyper-parameter or "task": the values it goes
    with}; empty: with all. unit: of a target as trained, or of a loss, where `{}` stands for the
    former. signed: whether a loss can fall below zero.
    """

    label: str
    of: dict = field(default_factory=dict)
    unit: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Parameter:
    """One hyper-parameter.

    label: in tables and on axes. about: what it is, for the README. kind: `number`, `integer`,
    `integers` (a list), `sizes` (a whole number, or a list with one for each convolution),
    `choice`, `rows` (a whole number, or `full`), or `value` (an argument of a network of the
    study's own: text, number, yes or no, or a list of these). default: None where it must be given.
    defaults: {choice of `of`: default} where they differ. of: {other hyper-parameter, "task" or
    "data": the choices that use it}; empty: all do. least, most: bounds; open: which of them (or
    both) is itself not allowed. short: in the name of a curve beside its value. scale: `log` or
    `linear` for quantities that have an order, "" for others. derived: whether it follows from the
    others and is not set. per_copy: whether copies of a dense network that are trained as one
    computation may differ in it. optional: whether its default is to do without it; then it is no
    part of a run's name, and of no table in which all do without, so that runs keep their names
    when this table grows. strict: whether it is an error, and not simply without effect, to give it
    where nothing uses it.
    """

    name: str
    label: str
    about: str = ""
    kind: str = "number"
    default: object = None
    defaults: dict = field(default_factory=dict)
    of: dict = field(default_factory=dict)
    choices: dict = field(default_factory=dict)
    least: float = -math.inf
    most: float = math.inf
    open: tuple = ()
    short: str = ""
    scale: str = ""
    derived: bool = False
    per_copy: bool = False
    optional: bool = False
    strict: bool = False

    def used(self, settings):
        """Whether a configuration with these settings has this hyper-parameter."""
        return all(settings.get(key) in values for key, values in self.of.items())

    def is_off(self, value, settings):
        """Whether a configuration with this value and these settings does without it."""
        return self.optional and value == self.default_in(settings)

    def default_in(self, settings):
        """Its default there; None where it must be given."""
        for key in self.of:
            if settings.get(key) in self.defaults:
                return self.defaults[settings[key]]
        return self.default


LAYERED = {"model": ("dense", "convolutional")}
CONVOLUTIONAL = {"model": ("convolutional",)}
IMAGES = {"data": ("images",)}
ADAM = ("adam", "adamw")

TABLE = (
    Parameter(
        "model", "Model", "the kind of network; `module` is one of the study's own", "choice",
        choices={
            "dense": Choice("dense"),
            "convolutional": Choice("convolutional"),
            "module": Choice("module"),
        },
    ),
    Parameter(
        "module", "Module",
        "`networks.py:Name`, a class in a file beside the configuration; its arguments are "
        "hyper-parameters",
        "module", of={"model": ("module",)},
    ),
    Parameter(
        "widths", "Dense widths",
        "units of each hidden dense layer; `[]` is a linear model. For a convolutional network: "
        "dense layers after the convolutions",
        "integers", of=LAYERED, defaults={"convolutional": []}, least=1, most=10_000,
        short="widths",
    ),
    Parameter(
        "channels", "Channels",
        "output channels of each convolution; normalization, activation and pooling follow it",
        "integers", of=CONVOLUTIONAL, least=1, most=10_000, short="channels",
    ),
    Parameter(
        "depth", "Hidden layers", kind="integer", of=LAYERED, scale="linear", derived=True,
        short="layers",
    ),
    Parameter(
        "width", "Widest layer", kind="integer", of=LAYERED, scale="log", derived=True,
        short="units",
    ),
    Parameter(
        "convolutions", "Convolutions", kind="integer", of=LAYERED, scale="linear", derived=True,
        short="convolutions",
    ),
    Parameter(
        "kernel", "Kernel", "side of a convolution's kernel", "sizes", 5,
        of=CONVOLUTIONAL, least=1, most=100, short="kernel", scale="linear",
    ),
    Parameter(
        "stride", "Stride", "pixels from one place of a kernel to the next", "sizes", 1,
        of=CONVOLUTIONAL, least=1, most=100, short="stride", scale="linear", optional=True,
        strict=True,
    ),
    Parameter(
        "padding", "Padding", "pixels put around the maps that a convolution gets", "sizes", 2,
        of=CONVOLUTIONAL, least=0, most=100, short="padding", scale="linear",
    ),
    Parameter(
        "pooling", "Pooling",
        "side of the square that pooling makes one pixel of; `1` is none, and a last one as large "
        "as the maps is global",
        "sizes", 2, of=CONVOLUTIONAL, least=1, most=100, short="pooling", scale="linear",
    ),
    Parameter(
        "pooling_kind", "Pooling kind", "what pooling takes of a square", "choice", "max",
        of=CONVOLUTIONAL, short="pooling", optional=True, strict=True,
        choices={"max": Choice("max"), "average": Choice("average")},
    ),
    Parameter(
        "padding_value", "Padding value", "what lies outside of images and maps, as scaled",
        "number", 0.0, of=IMAGES, least=-1e6, most=1e6, short="padding value", scale="linear",
        optional=True, strict=True,
    ),
    Parameter(
        "embedding", "Embedding",
        "what each input that is a number becomes before the first layer (Gorishniy et al. 2022): "
        "`periodic`: sin(2πcx) and cos(2πcx) for trained frequencies c; `piecewise-linear`: for "
        "each bin between quantiles of the training rows, how far through it the number is, from "
        "0 to 1",
        "choice", "none", of={"model": ("dense",), "data": ("table",)}, short="embedding",
        choices={
            "none": Choice("none"),
            "periodic": Choice("periodic"),
            "piecewise-linear": Choice("piecewise linear"),
        },
        optional=True, strict=True,
    ),
    Parameter(
        "embedding_size", "Embedding size",
        "numbers that each becomes; even for `periodic`", "integer", 8,
        of={"embedding": ("periodic", "piecewise-linear")}, least=1, most=1000, short="embedded",
        scale="log", optional=True,
    ),
    Parameter(
        "embedding_scale", "Embedding scale",
        "standard deviation of the frequencies before training", "number", 1.0,
        of={"embedding": ("periodic",)}, least=0, most=1000, open=("least",),
        short="embedding scale", scale="log", optional=True,
    ),
    Parameter(
        "activation", "Activation",
        "what every hidden layer is followed by; `leaky-relu` has a slope of 0.01 below zero, "
        "`gelu` is the exact one",
        "choice", "relu", of=LAYERED, short="activation", optional=True,
        choices={
            "relu": Choice("ReLU"),
            "leaky-relu": Choice("leaky ReLU"),
            "tanh": Choice("tanh"),
            "sigmoid": Choice("sigmoid"),
            "gelu": Choice("GELU"),
            "silu": Choice("SiLU"),
            "mish": Choice("Mish"),
        },
    ),
    Parameter(
        "normalization", "Normalization",
        "of what each activation gets, to mean 0 and variance 1, which are then changed to trained "
        "ones. `batch`: over the rows of a step, and in predicting by their running mean and "
        "variance (momentum 0.1), of each unit or channel (Ioffe and Szegedy 2015). `layer`: over "
        "the units, or channels and pixels, of a row (Ba et al. 2016). Such a layer has no bias "
        "before it",
        "choice", "none", of=LAYERED, short="normalization", optional=True,
        choices={
            "none": Choice("none"),
            "batch": Choice("batch"),
            "layer": Choice("layer"),
        },
    ),
    Parameter(
        "initial_weights", "Initial weights",
        "`torch`: uniform in ±1/√(fan in), biases too, as PyTorch starts its layers; `he`: normal "
        "with variance 2/(fan in), biases 0 (He et al. 2015); `xavier`: uniform in "
        "±√(6/(fan in + fan out)), biases 0 (Glorot and Bengio 2010); `uniform`: in ±2.4/(fan in), "
        "biases too (LeCun et al. 1989)",
        "choice", "torch", of=LAYERED, short="initial weights", optional=True,
        choices={
            "torch": Choice("PyTorch's"),
            "he": Choice("He's"),
            "xavier": Choice("Glorot's"),
            "uniform": Choice("LeCun's"),
        },
    ),
    Parameter(
        "last_layer", "Last layer",
        "`drawn`: starts with initial weights as the others; `zero`: with weights and biases 0",
        "choice", "drawn", of=LAYERED, short="last layer", optional=True,
        choices={"drawn": Choice("drawn"), "zero": Choice("zero")},
    ),
    Parameter(
        "dropout", "Dropout", "share of hidden units dropped in training", "number", 0.0,
        of=LAYERED, least=0, most=1, open=("most",), short="dropout", scale="linear", per_copy=True,
    ),
    Parameter(
        "scale_inputs", "Inputs",
        "`min-max`: each number from 0 to 1 by the least and largest training value (pixels by "
        "their possible range); `standard`: mean 0, standard deviation 1; `quartiles`: z = (x - "
        "median) / (upper - lower quartile), by the range where these are equal, and then z / "
        "sqrt(1 + (z/3)^2), which stays within 3 (Holzmüller, Grinsztajn and Steinwart, 2024, who "
        "take half that range); `quantile`: to a normal distribution by up to 1000 quantiles, "
        "clipped at 3 (scikit-learn's QuantileTransformer); `none`: as stored. But for `min-max`, "
        "an image's pixels are taken together",
        "choice", "min-max", short="inputs",
        choices={
            "min-max": Choice("scaled"),
            "standard": Choice("standardised"),
            "quartiles": Choice("robustly scaled"),
            "quantile": Choice("quantile-transformed"),
            "none": Choice("raw"),
        },
        per_copy=True,
    ),
    Parameter(
        "augment_shift", "Shift of images",
        "pixels, at most, by which each training image is shifted, anew in each epoch",
        "number", 0.0, of=IMAGES, least=0, most=1000, short="shift", scale="linear", optional=True,
        strict=True,
    ),
    Parameter(
        "augment_border", "Border of shifted images",
        "what comes in from outside of a changed image. `value`: `padding_value`; `roll`: what "
        "leaves on the other side (shifts of whole pixels alone)",
        "choice", "value", of=IMAGES, short="border",
        choices={"value": Choice("padded"), "roll": Choice("rolled")},
        optional=True, strict=True,
    ),
    Parameter(
        "augment_rotate", "Rotation of images", "degrees, at most, about the middle of the image",
        "number", 0.0, of=IMAGES, least=0, most=180, short="rotation", scale="linear",
        optional=True, strict=True,
    ),
    Parameter(
        "augment_scale", "Scale of images",
        "s: height and width, each by itself, are multiplied by 1 - s to 1 + s",
        "number", 0.0, of=IMAGES, least=0, most=1, open=("most",), short="scale", scale="linear",
        optional=True, strict=True,
    ),
    Parameter(
        "augment_shear", "Shear of images",
        "pixels to the side, at most, for each pixel up or down", "number", 0.0, of=IMAGES,
        least=0, most=10, short="shear", scale="linear", optional=True, strict=True,
    ),
    Parameter(
        "augment_elastic", "Elastic field",
        "pixels: the standard deviation of a smooth random displacement of each pixel, across and "
        "down; neighbours within a seventh of the image's side move alike",
        "number", 0.0, of=IMAGES, least=0, most=100, short="elastic", scale="linear",
        optional=True, strict=True,
    ),
    Parameter(
        "augment_erase", "Erased part of images",
        "share of height and width, at most, of a rectangle anywhere in the image that becomes "
        "`padding_value`",
        "number", 0.0, of=IMAGES, least=0, most=1, short="erased", scale="linear", optional=True,
        strict=True,
    ),
    Parameter(
        "noise", "Noise",
        "standard deviation of Gaussian noise on the scaled inputs that are numbers, drawn anew "
        "for each training row and epoch",
        default=0.0, least=0, most=1000, short="noise", scale="linear", per_copy=True,
        optional=True,
    ),
    Parameter(
        "scale_target", "Target",
        "`range`: divided by the range of the training targets, not shifted; `min-max`: divided "
        "and shifted, to 0 and 1; `standard`: mean 0, standard deviation 1; `log`: the natural "
        "logarithm of a positive target, as `standard` (not with the Gaussian loss; every metric "
        "is taken of the target itself); `none`: as stored (regression)",
        "choice", "range", of={"task": ("regression",)}, short="target",
        choices={
            "range": Choice("scaled", unit="ranges of the training rows"),
            "min-max": Choice("shifted and scaled", unit="ranges of the training rows"),
            "standard": Choice("standardised", unit="standard deviations of the training rows"),
            "log": Choice(
                "logarithmic", {"loss": ("mse", "huber", "absolute")},
                "standard deviations of the training rows' logarithms",
            ),
            "none": Choice("raw", unit="units of the target"),
        },
        per_copy=True,
    ),
    Parameter(
        "loss", "Loss",
        "`mse`: the squared error, of classes see `class_targets`; `huber`: half "
        "of it up to an error of `huber_delta`, from there on a straight line (Huber, 1964); "
        "`absolute`: the size of the error; `gaussian`: a mean and a variance are predicted. All "
        "are taken of the target as scaled",
        "choice",
        of={"task": ("classification", "regression")},
        defaults={"classification": "cross-entropy", "regression": "mse"},
        choices={
            "cross-entropy": Choice("cross-entropy", {"task": ("classification",)}, "nats"),
            "mse": Choice("MSE", unit="squared {}"),
            "huber": Choice("Huber", {"task": ("regression",)}, "squared {}"),
            "absolute": Choice("absolute error", {"task": ("regression",)}, "{}"),
            "gaussian": Choice("Gaussian", {"task": ("regression",)}, "nats", signed=True),
        },
    ),
    Parameter(
        "class_targets", "Class targets",
        "what the squared error compares outputs with: 1 for the true class and 0, or -1 "
        "(`bipolar`), for each other one, as outputs between -1 and 1 can be",
        "choice", default="zero-one",
        of={"task": ("classification",), "loss": ("mse",)},
        choices={"zero-one": Choice("0/1"), "bipolar": Choice("±1")},
        short="targets", optional=True,
    ),
    Parameter(
        "huber_delta", "Huber delta",
        "up to which error the Huber loss is squared, in units of the scaled target",
        default=1.0, of={"loss": ("huber",)}, least=0, most=1000, open=("least",), short="delta",
        scale="log", optional=True,
    ),
    Parameter(
        "label_smoothing", "Label smoothing",
        "s: cross-entropy is minimised against (1 - s) one-hot + s / classes (Szegedy and others, "
        "2016), which the training loss over the epochs is; every other loss is taken against the "
        "labels",
        default=0.0, of={"loss": ("cross-entropy",)}, least=0, most=1, open=("most",),
        short="smoothing", scale="linear", optional=True, strict=True,
    ),
    Parameter(
        "optimizer", "Optimizer", "", "choice",
        choices={
            "sgd": Choice("SGD"),
            "sgd-momentum": Choice("SGD, momentum"),
            "adam": Choice("Adam"),
            "adamw": Choice("AdamW"),
            "rmsprop": Choice("RMSprop"),
        },
        per_copy=True,
    ),
    Parameter(
        "learning_rate", "Learning rate", "", least=0, most=1000, open=("least",), short="rate",
        scale="log", per_copy=True,
    ),
    Parameter(
        "momentum", "Momentum", "", default=0.9, of={"optimizer": ("sgd-momentum",)}, least=0,
        most=1, open=("most",), short="momentum", scale="linear", per_copy=True,
    ),
    Parameter(
        "beta1", "Beta1", "decay of the mean of gradients", default=0.9, of={"optimizer": ADAM},
        least=0, most=1, open=("most",), short="beta1", scale="linear", per_copy=True,
    ),
    Parameter(
        "beta2", "Beta2", "decay of the mean of squared gradients", default=0.999,
        of={"optimizer": ADAM}, least=0, most=1, open=("most",), short="beta2", scale="linear",
        per_copy=True,
    ),
    Parameter(
        "alpha", "Alpha", "decay of the mean of squared gradients", default=0.99,
        of={"optimizer": ("rmsprop",)}, least=0, most=1, open=("most",), short="alpha",
        scale="linear", per_copy=True,
    ),
    Parameter(
        "epsilon", "Epsilon", "added to the root of that mean", default=1e-8,
        of={"optimizer": (*ADAM, "rmsprop")}, least=0, most=1, open=("least",), short="epsilon",
        scale="log", per_copy=True,
    ),
    Parameter(
        "weight_decay", "Weight decay", "", default=0.0,
        of={"optimizer": ("sgd", "sgd-momentum", *ADAM, "rmsprop")}, defaults={"adamw": 0.01},
        least=0, most=100, short="decay", scale="linear", per_copy=True,
    ),
    Parameter(
        "schedule", "Schedule",
        "of the learning rate. `linear` and `cosine` fall to `final_rate`; `one-cycle` rises from "
        "1/25 of the rate and falls to 1/250,000 of it (Smith and Topin 2018); `steps` multiplies "
        "it by `step_factor` after every `step_every` epochs",
        "choice", "constant", short="schedule", optional=True,
        choices={
            "constant": Choice("constant"),
            "linear": Choice("linear"),
            "cosine": Choice("cosine"),
            "one-cycle": Choice("one cycle"),
            "steps": Choice("steps"),
        },
    ),
    Parameter(
        "final_rate", "Final rate", "share of the learning rate at the end", default=0.0,
        of={"schedule": ("linear", "cosine")}, least=0, most=1, short="final rate",
        scale="linear", optional=True,
    ),
    Parameter(
        "peak", "Peak", "share of the training after which the rate is highest", default=0.3,
        of={"schedule": ("one-cycle",)}, least=0, most=1, open=("least", "most"), short="peak",
        scale="linear", optional=True,
    ),
    Parameter(
        "step_every", "Step every", "epochs between steps of the rate", "integer",
        of={"schedule": ("steps",)}, least=1, most=100_000, short="step every", scale="log",
    ),
    Parameter(
        "step_factor", "Step factor", "what a step multiplies the rate by", default=0.1,
        of={"schedule": ("steps",)}, least=0, most=1, open=("least",), short="step factor",
        scale="log", optional=True,
    ),
    Parameter(
        "warmup", "Warm-up", "epochs in which the rate rises to where its schedule begins",
        default=0.0, of={"schedule": ("constant", "linear", "cosine", "steps")}, least=0,
        most=100_000, short="warm-up", scale="linear", optional=True,
    ),
    Parameter(
        "clip_norm", "Largest gradient",
        "longer gradients of a step (all numbers of a network as one vector) are shortened to "
        "this; 0: none is (Pascanu, Mikolov and Bengio 2013)",
        default=0.0, least=0, most=1e9, short="clip", scale="log", optional=True,
    ),
    Parameter(
        "weight_averaging", "Weight averaging",
        "decay d of the exponential moving average of weights that is used in place of the last "
        "ones, min(d, (1 + steps) / (10 + steps)) at first; 0: the last ones are used",
        default=0.0, least=0, most=1, open=("most",), short="averaging", scale="linear",
        optional=True,
    ),
    Parameter(
        "report_weights", "Reported weights",
        "those after the `last` epoch, or after the `best` one by the metric on validation rows "
        "(of equal ones, by the loss)",
        "choice", "last", short="weights", optional=True,
        choices={
            "last": Choice("last epoch"),
            "best": Choice("best epoch", {"fit_on": ("training",)}),
        },
    ),
    Parameter(
        "patience", "Patience",
        "epochs without a better one after which a replicate stops; 0: it never does", "integer",
        0, of={"report_weights": ("best",)}, least=0, most=100_000, short="patience",
        scale="linear", optional=True,
    ),
    Parameter(
        "order", "Order of rows",
        "`shuffled`: drawn anew each epoch; `constant`: as they are prepared", "choice",
        "shuffled", short="order", optional=True,
        choices={"shuffled": Choice("shuffled"), "constant": Choice("constant")},
    ),
    Parameter(
        "fit_on", "Fitted",
        "`training` rows, or `development`: training and validation rows together, so that there "
        "is no validation and the run is never chosen",
        "choice", "training", optional=True,
        choices={
            "training": Choice("on training rows"),
            "development": Choice("on training and validation rows"),
        },
    ),
    Parameter(
        "batch_size", "Batch size", "rows a step", "rows", least=1, most=1_000_000, short="batch",
        scale="log",
    ),
    Parameter(
        "epochs", "Epochs", "", "integer", least=1, most=100_000, short="epochs", scale="log",
    ),
)  # fmt: skip
PARAMETERS = {parameter.name: parameter for parameter in TABLE}
PER_COPY = {parameter.name for parameter in TABLE if parameter.per_copy}


# What no argument of a network of the study's own can be called: what runs and tables say besides
# hyper-parameters, every measure, the choices that decide which hyper-parameters there are, and
# noise, which would be added twice.
RESERVED = re.compile(
    r"run|problem|task|metric|seed|code|network|sweeps?|replicates?|(batch_)?rows?|epoch|epochs_run"
    r"|diverged_at|learned|failed|diverged|outcome|parameters|model|module|optimizer|loss|noise"
    r"|target|prediction|variance|probability|pixels|gap|relative_gap|variance_spread"
    r"|calibration_error|(train|training|core)_seconds|seconds_per_(epoch|prediction)|roughness|validation_rise"
    r"|epochs_to_learn|(early|mean|final)_(train|validation)_loss"
    r"|(train|validation|test|constant|shifted|rank|coverage)_.*"
)


def argument(name):
    """The Parameter that an argument of a network of the study's own is."""
    words = name.replace("_", " ")
    return Parameter(name, words.capitalize(), kind="value", short=words)


def parameter(name):
    """The row of that name, or what an argument of a network of the study's own is."""
    return PARAMETERS.get(name) or argument(name)


def label(name, value):
    """A value as figures and report say it: `Adam`, `scaled`; others as they are."""
    choices = parameter(name).choices
    return choices[value].label if value in choices else value


def in_a_cell(value):
    """A value as a table holds it: `200-200` for a list."""
    return "-".join(map(str, value)) if isinstance(value, list) else value


def schema():
    """The JSON schema of hyper-parameters: a mapping with any of those that can be set."""
    known = {row.name: value_schema(row) for row in TABLE if not row.derived}
    # Arguments of a network of the study's own have any plain value; resolve.py knows their names.
    return {"type": "object", "properties": known, "additionalProperties": PLAIN}


PLAIN = {
    "description": "a number, a text, true or false, or a list of them",
    "anyOf": [
        {"type": ["number", "string", "boolean"]},
        {"type": "array", "maxItems": 100, "items": {"type": ["number", "string", "boolean"]}},
    ],
}


def value_schema(row):
    """The JSON schema of one hyper-parameter's value."""
    if row.kind == "choice":
        return {"enum": list(row.choices)}
    if row.kind == "module":
        return {
            "type": "string",
            "pattern": r"^[A-Za-z_][\w-]*\.py:[A-Za-z_]\w*$(?!\n)",
            "description": "FILE.py:Class, a file beside the configuration and a class in it",
        }
    kind = {"type": "number" if row.kind == "number" else "integer"}
    for side, bound in (("least", row.least), ("most", row.most)):
        if math.isfinite(bound):
            name = {"least": "inimum", "most": "aximum"}[side]
            start = "exclusiveM" if side in row.open else "m"
            kind[start + name] = bound
    if row.kind == "integers":
        fewest = {"minItems": 1} if row.name == "channels" else {}
        return {"type": "array", "maxItems": 100, "items": kind, **fewest}
    if row.kind == "sizes":
        return {
            "description": f"a whole number from {row.least} to {row.most}, or a list of these",
            "anyOf": [kind, {"type": "array", "minItems": 1, "maxItems": 100, "items": kind}],
        }
    if row.kind == "rows":
        return {
            "description": f"full, or a whole number from {row.least} to {row.most}",
            "anyOf": [{"const": "full"}, kind],
        }
    return kind


def columns(settings):
    """The hyper-parameters of some configurations, derived ones too, in the table's order; then
    arguments of networks of the study's own, in the order in which they come. Optional ones that
    all of them do without are left out.

    settings: iterable of mappings from name to value.
    """
    return in_table_order(dict.fromkeys(name for each in settings for name in asked_for(each)))


def in_table_order(names):
    """Some hyper-parameters in the table's order, then those that are not in it, as they come."""
    return [row.name for row in TABLE if row.name in names] + [
        name for name in names if name not in PARAMETERS
    ]


def asked_for(settings):
    """The names of a configuration's hyper-parameters, but for optional ones that it does without.

    settings: a mapping from name to value.
    """
    return [
        name
        for name, value in settings.items()
        if not (name in PARAMETERS and PARAMETERS[name].is_off(value, settings))
    ]


def allowed_words(row):
    """What a hyper-parameter's value can be, for the README."""
    if row.kind == "choice":
        return ", ".join(f"`{name}`" for name in row.choices)
    if row.kind == "module":
        return "`FILE.py:Class`"
    kinds = {
        "number": "a number",
        "integer": "a whole number",
        "integers": "a list of whole numbers",
        "sizes": "a whole number, or a list with one for each convolution",
        "rows": "a whole number, or `full`",
    }
    words = kinds[row.kind]
    if row.least > -math.inf and row.kind in ("number", "integer", "sizes", "rows"):
        words += f", {'above' if 'least' in row.open else 'from'} {row.least:g}"
        words += f" {'to below' if 'most' in row.open else 'to'} {row.most:g}"
    return words


def default_words(row):
    """What a hyper-parameter is when nobody says anything, for the README."""
    found = [] if row.default is None else [f"`{row.default}`"]
    found += [f"`{name}`: `{value}`" for name, value in row.defaults.items()]
    return ", ".join(found) or "must be given"


def markdown():
    """The README's table of hyper-parameters."""
    lines = ["| key | meaning | allowed | default | used by |", "|---|---|---|---|---|"]
    for row in TABLE:
        if not row.derived:
            users = [f"`{value}`" for values in row.of.values() for value in values]
            cells = [f"`{row.name}`", row.about, allowed_words(row), default_words(row)]
            lines.append(f"| {' | '.join([*cells, ', '.join(users) or 'all'])} |")
    return "\n".join(lines)
