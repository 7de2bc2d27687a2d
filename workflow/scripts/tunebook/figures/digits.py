"""Where the best digit classifier errs: confusion matrix and misread images."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb

from . import layout, style
from .curves import NOTHING
from .drawn import Panel, together
from .labels import number, plural
from .summary import replicates_text

CLASSES = range(10)
IMAGES, IN_A_ROW = 24, 8
SIDE = 16  # pixels


def nothing(title, text):
    """The figure of a study that keeps no predictions of a best classifier."""
    figure, (ax,) = layout.panels(1, height=2.0)
    layout.head(ax, "", title)
    layout.say_missing(ax, text)
    return together(figure, title, [Panel(NOTHING, text)])


def why_nothing(tables):
    """Why there are no predictions of the best classifier."""
    if not tables.best_run("digits"):
        return "The study chooses no best digit classifier."
    return "The test predictions of the best classifier were not kept (predictions: true)."


def confusion(tables):
    """Mean number of test images by true and predicted digit, over replicates."""
    run = tables.best_run("digits")
    rows = tables.predictions_of(run)
    title = "Which digits the best classifier confuses"
    if rows.empty:
        return nothing(title, why_nothing(tables))
    replicates = rows["replicate"].nunique()
    counts = pd.crosstab(rows["target"].astype(int), rows["prediction"].astype(int))
    counts = counts.reindex(index=CLASSES, columns=CLASSES, fill_value=0) / replicates
    foot = (
        f"Images of the test set, mean over {replicates_text([replicates])}. Diagonal: share read "
        "right, in per cent. Elsewhere: images misread that way in an average replicate."
    )
    figure, (ax,) = layout.panels(1, height=4.2, left=1.65, right=1.65, foot=foot, top=0.1)
    matrix(ax, counts.to_numpy())
    errors = [(counts.loc[t, p], t, p) for t in CLASSES for p in CLASSES if t != p]
    worst = sorted(errors, key=lambda e: (-e[0], e[1], e[2]))[:3]
    total = sum(count for count, _, _ in errors)
    said = ", ".join(f"{t} read as {p} ({number(count, 2)})" for count, t, p in worst if count)
    text = (
        f"Of {counts.to_numpy().sum():.0f} test images, {number(total)} are misread in an average "
        f"replicate. Most often: {said or 'none'}."
    )
    data = counts.rename_axis("true").reset_index().melt(
        id_vars="true", var_name="predicted", value_name="images"
    )  # fmt: skip
    data["replicates"] = replicates
    return together(figure, title, [Panel(data, text, (run,))], foot)


def matrix(ax, counts):
    """The matrix: errors as tinted squares, the diagonal as shares."""
    largest = max((counts[t, p] for t in CLASSES for p in CLASSES if t != p), default=1) or 1
    for true in CLASSES:
        for predicted in CLASSES:
            count = counts[true, predicted]
            total = counts[true].sum()
            if true == predicted:
                text, tint = f"{100 * count / total:.1f}" if total else "", 0.0
                look = {"size": 7.5, "weight": "bold"}
            else:
                text, tint = (number(count, 2) if count else ""), count / largest
                look = {"size": 7.5}
            tile(ax, predicted, true, tint, diagonal=true == predicted)
            ax.text(predicted, true, text, ha="center", va="center", **look)
    ax.set_xlim(-0.5, 9.5)
    ax.set_ylim(9.5, -0.5)
    ax.set_xticks(CLASSES)
    ax.set_yticks(CLASSES)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.set_xlabel("predicted digit", labelpad=3)
    ax.set_ylabel("true digit", labelpad=4)


def tile(ax, x, y, tint, diagonal):
    """One square; its tint lets the page shine through, in either scheme."""
    if tint:
        ax.bar(x, 0.94, 0.94, bottom=y - 0.47, color=style.OTHER, alpha=0.12 + 0.5 * tint, lw=0)
    else:
        edge = style.GRID
        ax.bar(x, 0.94, 0.94, bottom=y - 0.47, fill=False, ec=edge, lw=0.9 if diagonal else 0.4)


def misread(tables):
    """Test images that the best classifier misreads, the most often misread first."""
    run = tables.best_run("digits")
    rows = tables.misread[tables.misread["run"] == run]
    title = "Test digits that the best classifier misreads"
    if rows.empty:
        kept = len(tables.predictions_of(run)) if run else 0
        return nothing(title, "No test image is misread." if kept else why_nothing(tables))
    replicates = tables.of_run(run)["replicate"].nunique()
    chosen = commonest(rows)
    lines = -(-len(chosen) // IN_A_ROW)
    foot = (
        f"{len(chosen)} of {plural(rows['row'].nunique(), 'image')} misread by at least one of "
        f"{replicates_text([replicates])}; the commonest errors first. Below: the true digit, what "
        "it is read as most often, and by how many replicates."
    )
    figure, (ax,) = layout.panels(1, height=1.06 * lines, left=0.05, right=0.05, foot=foot,
                                  top=0.05, bottom=0.05)  # fmt: skip
    layout.bare(ax)
    ax.set_xlim(0, IN_A_ROW)
    ax.set_ylim(lines, 0)
    for i, (_, image) in enumerate(chosen.iterrows()):
        draw_image(ax, image, i % IN_A_ROW, i // IN_A_ROW, replicates)
    often = (chosen["replicates"] == replicates).sum()
    first = chosen.iloc[0]
    text = (
        f"{plural(rows['row'].nunique(), 'test image')} misread by at least one replicate; "
        f"{often} of the {len(chosen)} shown by all {replicates}. First: a {first['target']} read "
        f"as {first['prediction']}."
    )
    return together(figure, title, [Panel(chosen.drop(columns="pixels"), text, (run,))], foot)


def commonest(rows):
    """The images misread by most replicates, one row each with its commonest reading."""
    kept = []
    for row, part in rows.groupby("row"):
        reading = part["prediction"].astype(int).value_counts().sort_index().idxmax()
        kept.append(
            {
                "row": int(row), "target": int(part["target"].iloc[0]), "prediction": reading,
                "replicates": part["replicate"].nunique(),
                "probability": float(part["probability"].astype(float).mean()),
                "pixels": np.asarray(part["pixels"].iloc[0], float),
            }
        )  # fmt: skip
    table = pd.DataFrame(kept).sort_values(
        ["replicates", "probability", "row"], ascending=[False, False, True], ignore_index=True
    )
    return table.head(IMAGES)


def draw_image(ax, image, column, line, replicates):
    """One image in the data colour on the page's own ground, and what it is read as."""
    pixels = np.empty((SIDE, SIDE, 4))
    pixels[..., :3] = to_rgb(style.DATA)
    pixels[..., 3] = np.clip(image["pixels"].reshape(SIDE, SIDE), 0, 1)
    # Images are about 0.92 inch apart: 0.76 of it across, and as high.
    box = ax.get_position()
    across = box.width * ax.figure.get_figwidth() / IN_A_ROW
    down = box.height * ax.figure.get_figheight() / ax.get_ylim()[0]
    width, height = 0.78, 0.78 * across / down
    left, top = column + (1 - width) / 2, line
    extent = (left, left + width, top + height, top)
    ax.imshow(pixels, extent=extent, interpolation="none", aspect="auto", zorder=2)
    ax.bar(left, height, width, bottom=top, align="edge", fill=False, ec=style.GRID, lw=0.7)
    where = (column + 0.5, top + height)
    text = f"{image['target']} → {image['prediction']}"
    ax.annotate(text, where, (0, -9), textcoords="offset points", ha="center", size=8)
    ax.annotate(f"{image['replicates']} of {replicates}", where, (0, -18), ha="center", size=6.5,
                textcoords="offset points", color=style.MUTED)  # fmt: skip
