"""The stand-ins: in the layouts of the real files, the same every time, like the real data."""

import numpy as np
import pytest

from tunebook.parsing import read_houses, read_usps
from tunebook.sample_data import (
    HOUSE_CORRELATION,
    HOUSE_SUMMARY,
    make_sample,
    sample_digits,
    sample_houses,
)

FEATURES = [name for name in HOUSE_SUMMARY if name != "SalePrice"]


@pytest.mark.parametrize("dataset", ["usps", "ames"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(dataset):
    first, second, other = (make_sample(dataset, seed) for seed in (0, 0, 1))
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_the_readers_of_the_real_files_read_the_digits(tmp_path):
    for name, data in make_sample("usps", 0).items():
        (tmp_path / name).write_bytes(data)
    train, test = (read_usps(tmp_path / f"zip.{part}.gz") for part in ("train", "test"))
    assert (len(train[1]), len(test[1])) == (1400, 397)
    for pixels, labels in (train, test):
        assert pixels.min() == -1 and pixels.max() == 1
        assert np.bincount(labels, minlength=10).min() > 0.05 * len(labels)


def test_digits_keep_their_shape_and_none_is_in_both_parts():
    from sklearn.datasets import load_digits

    parts = sample_digits(0)
    values = np.concatenate([parts["train"], parts["test"]])
    small = values[:, 1:].reshape(-1, 8, 2, 8, 2).mean((2, 4))  # 16 x 16 back to 8 x 8
    original = load_digits()
    assert sorted(values[:, 0]) == sorted(original.target)
    distances = np.abs(small[:50, None] - (original.images / 8 - 1)).mean((2, 3))
    nearest = distances.argmin(1)
    assert (original.target[nearest] == values[:50, 0]).all() and len(set(nearest)) == 50
    assert len(np.unique(values, axis=0)) == len(values)


def test_the_reader_of_the_real_file_reads_the_houses(tmp_path):
    for name, data in make_sample("ames", 0).items():
        (tmp_path / name).write_bytes(data)
    features, prices = read_houses(tmp_path / "house_prices.csv", FEATURES)
    assert (np.column_stack([features, prices]) == sample_houses(0)).all()
    assert features.shape == (1460, 4)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_houses_have_the_published_statistics(seed):
    houses = sample_houses(seed)
    mean, spread, low, high = np.array(list(HOUSE_SUMMARY.values())).T
    # Four standard errors for the means; heavy tails make the spreads vary more.
    assert (np.abs(houses.mean(0) - mean) < 4 * spread / np.sqrt(len(houses))).all()
    assert np.allclose(houses.std(0), spread, rtol=0.15)
    assert (houses >= low).all() and (houses <= high).all()
    assert np.abs(np.corrcoef(houses.T) - HOUSE_CORRELATION).max() < 0.12


def test_dearer_houses_vary_more():
    houses = sample_houses(0).astype(float)
    inputs = np.column_stack([np.ones(len(houses)), houses[:, :4]])
    residual = houses[:, 4] - inputs @ np.linalg.lstsq(inputs, houses[:, 4], rcond=None)[0]
    by_area = residual[houses[:, 3].argsort()]
    assert by_area[-365:].std() > 1.3 * by_area[:365].std()
