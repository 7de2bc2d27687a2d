"""Stand-ins for the real datasets, made without a network, in the same files and layouts.

They let the whole study run anywhere. They are not the real data, and nothing measured on them says
anything about it. Import this module only to make one: scikit-learn is slow to import.
"""

import gzip
import io

import numpy as np
from scipy import stats
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

# Summary of the 1460 training rows of *House Prices: Advanced Regression Techniques*, as many
# public analyses of that competition print it (pandas' ``describe`` and ``corr``):
# column: mean, standard deviation, smallest, largest.
HOUSES = 1460
HOUSE_SUMMARY = {
    "OverallQual": (6.10, 1.38, 1, 10),
    "YearBuilt": (1971.3, 30.2, 1872, 2010),
    "TotalBsmtSF": (1057.4, 438.7, 0, 6110),
    "GrLivArea": (1515.5, 525.5, 334, 5642),
    "SalePrice": (180921.2, 79442.5, 34900, 755000),
}
HOUSE_CORRELATION = np.array(
    [
        [1.00, 0.57, 0.54, 0.59, 0.79],
        [0.57, 1.00, 0.39, 0.20, 0.52],
        [0.54, 0.39, 1.00, 0.45, 0.61],
        [0.59, 0.20, 0.45, 1.00, 0.71],
        [0.79, 0.52, 0.61, 0.71, 1.00],
    ]
)

DIGITS_TEST = 397  # of scikit-learn's 1797, close to the share of the USPS test set

SAMPLES = {
    "usps": {
        "title": "scikit-learn's handwritten digits",
        "address": "sklearn.datasets.load_digits, 8 x 8 brought to 16 x 16",
        "citation": "Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten "
        "Digits. UCI Machine Learning Repository. Test part, as shipped with scikit-learn.",
        "licence": "CC BY 4.0 (UCI Machine Learning Repository)",
    },
    "ames": {
        "title": "Simulated house sales",
        "address": "simulated from published summary statistics",
        "citation": "Simulated. Mean, spread, range and correlations after De Cock, D. (2011), as "
        "published for the training rows of House Prices: Advanced Regression Techniques.",
        "licence": "None needed: the rows are simulated",
    },
}


def make_sample(dataset, seed):
    """The stand-in for a dataset: {file name: bytes}, the same for the same seed."""
    makers = {"usps": _digit_files, "ames": _house_files}
    return makers[dataset](seed)


def sample_digits(seed):
    """scikit-learn's handwritten digits on the grid and in the range of USPS.

    8 x 8 images of 0..16 become 16 x 16 by bilinear interpolation, then [-1, 1], to three decimals.

    Returns
    -------
    {"train": float64 [1400, 257], "test": float64 [397, 257]} : the digit, then 256 grey values
    """
    digits = load_digits()
    images = zoom(digits.images, (1, 2, 2), order=1, mode="nearest", grid_mode=True)
    pixels = np.clip(images / 8 - 1, -1, 1).reshape(len(images), -1)
    values = np.column_stack([digits.target, np.round(pixels, 3)])
    values = values[np.random.default_rng(seed).permutation(len(values))]
    return {"train": values[DIGITS_TEST:], "test": values[:DIGITS_TEST]}


def sample_houses(seed):
    """Simulated house sales: a Gaussian copula of the published correlations.

    Quality is a rounded normal, the year a beta, the basement a gamma, the living area and the
    price log-normal variables, each with the published mean and standard deviation and kept in
    the published range. So the logarithm of the price is linear in the normal scores of the
    features, with constant noise, and dearer houses vary more.

    Returns
    -------
    int64 [1460, 5], columns as in HOUSE_SUMMARY
    """
    scores = np.random.default_rng(seed).standard_normal((HOUSES, len(HOUSE_SUMMARY)))
    quantiles = stats.norm.cdf(scores @ np.linalg.cholesky(HOUSE_CORRELATION).T)
    columns = []
    for quantile, (name, summary) in zip(quantiles.T, HOUSE_SUMMARY.items(), strict=True):
        values = HOUSE_SHAPES[name](quantile, *summary)
        columns.append(np.clip(np.rint(values), *summary[2:]))
    return np.column_stack(columns).astype(np.int64)


def _normal(quantile, mean, spread, low, high):
    return stats.norm.ppf(quantile, mean, spread)


def _beta(quantile, mean, spread, low, high):
    share, width = (mean - low) / (high - low), high - low
    size = share * (1 - share) / (spread / width) ** 2 - 1
    return low + width * stats.beta.ppf(quantile, share * size, (1 - share) * size)


def _gamma(quantile, mean, spread, low, high):
    return stats.gamma.ppf(quantile, (mean / spread) ** 2, scale=spread**2 / mean)


def _log_normal(quantile, mean, spread, low, high):
    sigma = np.sqrt(np.log1p((spread / mean) ** 2))
    return stats.lognorm.ppf(quantile, sigma, scale=mean * np.exp(-(sigma**2) / 2))


HOUSE_SHAPES = {
    "OverallQual": _normal,
    "YearBuilt": _beta,
    "TotalBsmtSF": _gamma,
    "GrLivArea": _log_normal,
    "SalePrice": _log_normal,
}


def _digit_files(seed):
    files = {}
    for part, values in sample_digits(seed).items():
        text = io.BytesIO()
        np.savetxt(text, values, fmt=["%d"] + ["%.3f"] * (values.shape[1] - 1))
        files[f"zip.{part}.gz"] = gzip.compress(text.getvalue(), mtime=0)
    return files


def _house_files(seed):
    rows = [",".join(["Id", *HOUSE_SUMMARY])]
    rows += [f"{i}," + ",".join(map(str, row)) for i, row in enumerate(sample_houses(seed), 1)]
    return {"house_prices.csv": ("\n".join(rows) + "\n").encode()}
