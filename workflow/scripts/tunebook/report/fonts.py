"""The typefaces of the report, cut down to the letters it can need and put into the file.

Source Serif and Source Sans (Adobe, SIL Open Font License 1.1) come from two small packages. Cut
versions may not carry their names, so they get names of the report's own; their copyright and
licence stay inside each font.
"""

import base64
import io
from functools import cache
from importlib.resources import files

# Latin with its accents, general punctuation, sub- and superscripts, arrows, mathematics, Greek
LETTERS = [
    *range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x400), *range(0x2000, 0x2070),
    *range(0x2070, 0x20A0), 0x20AC, 0x2116, 0x2122, *range(0x2190, 0x21A0), *range(0x2200, 0x2270),
]  # fmt: skip
FEATURES = ["kern", "liga", "tnum", "lnum", "pnum", "onum", "sups", "mark", "locl", "ccmp"]
KEPT_NAMES = [0, 7, 13, 14]  # copyright, trademark, licence and its address

# family in the report, weight, style, package, file
FACES = [
    ("Report Serif", 400, "normal", "font_source_serif_pro", "SourceSerifPro-Regular.ttf"),
    ("Report Serif", 400, "italic", "font_source_serif_pro", "SourceSerifPro-It.ttf"),
    ("Report Serif", 600, "normal", "font_source_serif_pro", "SourceSerifPro-Semibold.ttf"),
    ("Report Sans", 400, "normal", "font_source_sans_pro", "SourceSansPro-Regular.ttf"),
    ("Report Sans", 600, "normal", "font_source_sans_pro", "SourceSansPro-Semibold.ttf"),
]


@cache
def font_faces():
    """The @font-face rules of every face, as CSS text; each font is a WOFF in a data address."""
    return "\n".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};'
        f"font-display:block;src:url(data:font/woff;base64,{woff(package, file)})"
        f' format("woff")}}'
        for family, weight, style, package, file in FACES
    )


def woff(package, file):
    """One font with LETTERS alone, as WOFF in base64."""
    from fontTools import subset, ttLib

    options = subset.Options()
    options.layout_features = FEATURES
    options.name_IDs = KEPT_NAMES
    options.hinting = False
    options.notdef_outline = True
    with files(package).joinpath("files", file).open("rb") as raw:
        font = ttLib.TTFont(io.BytesIO(raw.read()), recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    font.flavor = "woff"
    packed = io.BytesIO()
    font.save(packed)
    return base64.b64encode(packed.getvalue()).decode()
