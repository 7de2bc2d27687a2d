"""Stand-ins for the real datasets, made without a network, in the same files and layouts.

They let the whole study run anywhere. They are not the real data, and nothing measured on them says
anything about it.
"""

import gzip
import io

import numpy as np
from scipy import stats
from scipy.ndimage import zoom

# Summary of the 1460 training rows of *House Prices: Advanced Regression Techniques*, as many
# public analyses of that competition print it (pandas' `describe` and `corr`):
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


def digits(seed):
    """scikit-learn's handwritten digits, 8 x 8 brought to 16 x 16

    Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten Digits. UCI Machine
    Learning Repository. Test part, as shipped with scikit-learn.

    Licence: CC BY 4.0 (UCI Machine Learning Repository)
    """
    files = {}
    for split, values in digit_values(seed).items():
        text = io.BytesIO()
        np.savetxt(text, values, fmt=["%d"] + ["%.3f"] * (values.shape[1] - 1))
        files[f"zip.{split}.gz"] = gzip.compress(text.getvalue(), mtime=0)
    return files


def houses(seed):
    """House sales simulated from published summary statistics

    Simulated. Mean, spread, range and correlations after De Cock, D. (2011), as published for the
    training rows of House Prices: Advanced Regression Techniques.

    Licence: None needed: the rows are simulated
    """
    rows = [",".join(["Id", *HOUSE_SUMMARY])]
    rows += [f"{i}," + ",".join(map(str, row)) for i, row in enumerate(house_values(seed), 1)]
    return {"house_prices.csv": ("\n".join(rows) + "\n").encode()}


def digit_values(seed):
    """{"train": float64 [1400, 257], "test": float64 [397, 257]}: the digit, then 256 grey values.

    8 x 8 images of 0..16 become 16 x 16 by bilinear interpolation, then [-1, 1], to three decimals.
    """
    from sklearn.datasets import load_digits

    shipped = load_digits()
    images = zoom(shipped.images, (1, 2, 2), order=1, mode="nearest", grid_mode=True)
    pixels = np.clip(images / 8 - 1, -1, 1).reshape(len(images), -1)
    values = np.column_stack([shipped.target, np.round(pixels, 3)])
    values = values[np.random.default_rng(seed).permutation(len(values))]
    return {"train": values[DIGITS_TEST:], "test": values[:DIGITS_TEST]}


def house_values(seed):
    """Simulated house sales, int64 [1460, 5]: a Gaussian copula of the published correlations.

    Columns as in HOUSE_SUMMARY. Quality is a rounded normal, the year a beta, the basement a gamma,
    the living area and the price log-normal variables, each with the published mean and standard
    deviation and kept in the published range. So the logarithm of the price is linear in the normal
    scores of the other columns, with constant noise, and dearer houses vary more.
    """
    scores = np.random.default_rng(seed).standard_normal((HOUSES, len(HOUSE_SUMMARY)))
    quantiles = stats.norm.cdf(scores @ np.linalg.cholesky(HOUSE_CORRELATION).T)
    columns = []
    for quantile, (name, summary) in zip(quantiles.T, HOUSE_SUMMARY.items(), strict=True):
        values = HOUSE_SHAPES[name](quantile, *summary)
        columns.append(np.clip(np.rint(values), *summary[2:]))
    return np.column_stack(columns).astype(np.int64)


def normal(quantile, mean, spread, low, high):
    return stats.norm.ppf(quantile, mean, spread)


def beta(quantile, mean, spread, low, high):
    share, width = (mean - low) / (high - low), high - low
    size = share * (1 - share) / (spread / width) ** 2 - 1
    return low + width * stats.beta.ppf(quantile, share * size, (1 - share) * size)


def gamma(quantile, mean, spread, low, high):
    return stats.gamma.ppf(quantile, (mean / spread) ** 2, scale=spread**2 / mean)


def log_normal(quantile, mean, spread, low, high):
    sigma = np.sqrt(np.log1p((spread / mean) ** 2))
    return stats.lognorm.ppf(quantile, sigma, scale=mean * np.exp(-(sigma**2) / 2))


HOUSE_SHAPES = {
    "OverallQual": normal,
    "YearBuilt": beta,
    "TotalBsmtSF": gamma,
    "GrLivArea": log_normal,
    "SalePrice": log_normal,
}
