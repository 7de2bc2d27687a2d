"""The two datasets: where they come from and how a true copy is known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceFile:
    """A file that others publish, and the fingerprints that a true copy of it must show.

    ``addresses`` are tried in order. ``sha256`` is of the file as published. A gzip file's bytes
    change with the tool that wrote it, so for one ``text_sha256`` (of the unpacked text) and
    ``values_sha256`` (see ``verification.values_fingerprint``) are known as well; either vouches
    for the file.
    """

    name: str
    addresses: tuple[str, ...]
    sha256: str
    text_sha256: str | None = None
    values_sha256: str | None = None


@dataclass(frozen=True)
class Dataset:
    """One dataset: its files and what the report says of their origin."""

    title: str
    files: tuple[SourceFile, ...]
    citation: str
    licence: str
    note: str


DATASETS = {
    "usps": Dataset(
        title="USPS handwritten digits",
        files=(
            SourceFile(
                name="zip.train.gz",
                addresses=("https://hastie.su.domains/ElemStatLearn/datasets/zip.train.gz",),
                sha256="66ebf231ab51f2cf6ac1a892d0f98ccffee1079d7a5db638c1f11f366046ca16",
                text_sha256="ba497d38020ad113b3b779d48082b1ccbd9d4244866bcde6b02a783c6e30dcc3",
                values_sha256="2cc216e7da7dd0cd381c17183347bb4a9f06630c9512abdc6401a855ae8d575a",
            ),
            SourceFile(
                name="zip.test.gz",
                addresses=("https://hastie.su.domains/ElemStatLearn/datasets/zip.test.gz",),
                sha256="8dacc3c6e136af6c3488de9e5113a7daf140c8c2f1f0b61c54ee02f03f1a962f",
                text_sha256="6bde17b4f1cd68e0630cd2751d6495b5795d9165ab2dc4a0be8b7002b732f4cc",
                values_sha256="74bb82c5a296d6087871338c6bb8058fdb0af287a5b31a17f025c74abaea877f",
            ),
        ),
        citation="Le Cun, Y. et al. (1990). Handwritten digit recognition with a back-propagation "
        "network. NIPS 2. Hull, J. J. (1994). A database for handwritten text recognition "
        "research. IEEE PAMI 16(5). As given with Hastie, T., Tibshirani, R. and Friedman, J., "
        "The Elements of Statistical Learning.",
        licence="None is stated at the source; the files are fetched from it, not passed on.",
        note="7291 training and 2007 test images of 16 x 16 grey values in [-1, 1].",
    ),
    "ames": Dataset(
        title="Ames house sales, 2006 to 2010",
        files=(
            SourceFile(
                name="house_prices.csv",
                # Published without https; the host is asked for it all the same before plain http.
                addresses=(
                    "https://d2l-data.s3-accelerate.amazonaws.com/kaggle_house_pred_train.csv",
                    "http://d2l-data.s3-accelerate.amazonaws.com/kaggle_house_pred_train.csv",
                ),
                sha256="1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
            ),
        ),
        citation="De Cock, D. (2011). Ames, Iowa: Alternative to the Boston Housing Data as an End "
        "of Semester Regression Project. Journal of Statistics Education 19(3). Training rows of "
        "the Kaggle competition House Prices: Advanced Regression Techniques, as served by the "
        "book Dive into Deep Learning.",
        licence="None is stated at the source; the file is fetched from it, not passed on.",
        note="1460 sales. The publisher gives an address without https (SHA-1 "
        "585e9cc93e70b39160e7921475f9bcd7d31219ce), so the fingerprint alone vouches for the file.",
    ),
}
