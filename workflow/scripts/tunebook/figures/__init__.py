"""Runs -> figures: what figures there are, and how one is drawn and saved.

The catalogue below imports neither matplotlib nor pandas, so that the workflow can read the names
of the figures at the start of every call; a figure's module is imported when it is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    name: its file name without ending. title: what it shows, for a caption. section: of the written
    analysis that it belongs to, or `traps`. place: `module:function` that draws it. needs: the
    sweeps it is drawn from; a study without them gives a figure that says what is missing.
    """

    name: str
    title: str
    section: str
    place: str
    needs: tuple[str, ...] = ()

    @property
    def function(self) -> Callable:
        """Takes Tables, returns Drawn; to be called inside `style.applied()`."""
        module, function = self.place.split(":")
        return getattr(import_module(f"{__name__}.{module}"), function)


CATALOGUE = (
    Figure(
        "figure-1",
        "Architecture and training loss: type and depth of layers on digits, width on houses",
        "2.2",
        "architecture:figure_1",
        ("layers-digits", "width-houses"),
    ),
    Figure(
        "figure-2",
        "Optimization and training: learning rates on three networks, and optimizers",
        "2.2",
        "optimization:figure_2",
        ("rates-shallow", "rates-deep", "rates-convolutional", "optimizers"),
    ),
    Figure(
        "figure-3",
        "Predicted variance of the price against the living area",
        "2.2",
        "variance:figure_3",
        ("gaussian-depth", "losses-houses"),
    ),
    Figure(
        "best-models",
        "Training and validation error of the two best models over the epochs",
        "1",
        "best:best_models",
    ),
    Figure(
        "baselines",
        "The two best models beside standard methods on the same splits",
        "1",
        "best:baselines",
        ("handout",),
    ),
    Figure("confusion", "Which digits the best classifier confuses", "1.1", "digits:confusion"),
    Figure("misread", "Test digits that the best classifier misreads", "1.1", "digits:misread"),
    Figure(
        "prices",
        "Predicted against true price of the best regressor",
        "1.2",
        "prices:prices",
    ),
    Figure(
        "speed",
        "Seconds per epoch along depth and width, alone on the machine",
        "2.1",
        "architecture:speed",
        ("layers-digits", "width-houses"),
    ),
    Figure(
        "depth-gap",
        "Train/validation gap over depth, with and without dropout",
        "2.2",
        "architecture:depth_gap",
        ("depth-gap",),
    ),
    Figure(
        "rates",
        "Final validation error over the learning rate",
        "2.2",
        "optimization:rates",
        ("rates-shallow", "rates-deep", "rates-convolutional"),
    ),
    Figure(
        "optimizers-depth",
        "SGD and Adam at 5 and at 10 layers",
        "2.2",
        "optimization:optimizers_depth",
        ("optimizers-depth",),
    ),
    Figure(
        "batch-size",
        "Batch size: training curve, roughness, final error and speed",
        "2.2",
        "batches:batch_size",
        ("batch-size",),
    ),
    Figure(
        "batch-rates",
        "Batch size and learning rate raised together",
        "2.2",
        "batches:batch_rates",
        ("batch-rates",),
    ),
    Figure(
        "losses",
        "Losses: cross-entropy and MSE on digits, MSE and Gaussian on houses",
        "2.2",
        "losses:losses",
        ("losses-digits", "losses-houses"),
    ),
    Figure(
        "residuals",
        "Predicted variance beside the observed squared residuals",
        "2.2",
        "variance:residuals",
        ("gaussian-depth", "losses-houses"),
    ),
    Figure(
        "calibration",
        "Calibration of Gaussian networks over depth",
        "2.2",
        "calibration:calibration",
        ("gaussian-depth",),
    ),
    Figure(
        "conditions",
        "Under which conditions each learning rate learns, fails or diverges",
        "traps",
        "conditions:conditions",
        ("conditions",),
    ),
    Figure(
        "choices",
        "What the choices change that the source leaves open or calls unneeded",
        "traps",
        "choices:choices",
        ("beta2", "five-or-six", "dropout-digits", "dropout-houses"),
    ),
)

FIGURES = {figure.name: figure for figure in CATALOGUE}


def draw(name, tables):
    """The figure `name` of `tables` (a tables.Tables) as a drawn.Drawn, in the one style."""
    from . import style

    with style.applied():
        return FIGURES[name].function(tables)


def save(name, tables, folder):
    """Draw a figure and write <name>.svg, <name>.csv and <name>.json into `folder`."""
    from .drawn import write

    write(draw(name, tables), name, folder)
