"""Divide rows into training, validation and test rows, in the ways that a problem may ask for.

All replicates have as many rows of each, so that they can be trained together.
"""

import numpy as np

from ..jobs import TunebookError
from .guess import dates
from .table import shortened, texts

SPLITS = ("train", "validation", "test")
# How often another order of the groups is tried before the same groups are held out once more.
TRIES = 100


def split_rows(table, key, way, on, official, shares, seed):
    """{split: row indices}, disjoint and together all rows of a table.

    way, on, official, shares: see `description.split_of`. Raises TunebookError, under `key`, where
    a column does not do, or a split would be empty.
    """
    is_test = table.file == (table.files.index(official) if official else -1)
    rows = np.flatnonzero(~is_test)
    sizes = [round(len(rows) * share) for share in shares]
    values = column_to_split_on(table, key, way, on, rows)
    if way == "random":
        parts = split_random(len(rows), sizes, seed)
    elif way == "stratify_on":
        parts = split_stratified(values, sizes, seed)
    elif way == "group_on":
        if len(set(values)) <= len(sizes):
            raise TunebookError(
                f"{table.name}, column {on}: found {len(set(values))} groups; allowed: at least "
                f"{len(sizes) + 1}, one for each split ({key}.{way})"
            )
        parts = split_groups(values, sizes, seed)
    else:
        parts = split_time(values, sizes)
    parts = [rows[part] for part in parts]
    found = dict(zip(SPLITS, [*reversed(parts), np.flatnonzero(is_test)], strict=False))
    if empty := [name for name, part in found.items() if not len(part)]:
        raise TunebookError(
            f"{key}: shares {', '.join(map(str, shares))} of {len(rows)} rows of {table.name} "
            f"({way}) leave a split empty: {', '.join(empty)}; allowed: shares, and a column, that "
            "leave at least one row in each"
        )
    return found


def column_to_split_on(table, key, way, on, rows):
    """[rows]: whole numbers for strata and groups, numbers in order for times; None for chance."""
    if way == "random":
        return None
    missing = rows[table.missing(on)[rows]]
    if way != "stratify_on" and len(missing):
        raise TunebookError(
            f"{table.where(missing)}, column {on}: no value; allowed: one in every row, as it is "
            f"{key}.{way}"
        )
    values = table.columns[on][rows]
    if way == "time_on":
        times = values if values.dtype != object else dates(values)
        if times is None:
            raise TunebookError(
                f"{table.name}, column {on}: found {shortened(values[0])!r}; allowed: numbers, or "
                f"dates such as 2024-12-31 ({key}.{way})"
            )
        return times
    codes = np.unique(texts(values), return_inverse=True)[1]
    counts = np.bincount(codes)
    if way == "stratify_on" and counts.min() < 2:
        raise TunebookError(
            f"{table.where(rows[codes == counts.argmin()])}, column {on}: no other row has this "
            f"value; allowed: at least 2 rows of each ({key}.{way}; or say none)"
        )
    return codes


def split_random(count, sizes, seed):
    """Disjoint row indices: an array for each of `sizes`, then one for the rest."""
    return np.split(np.random.default_rng(seed).permutation(count), np.cumsum(sizes))


def split_stratified(strata, sizes, seed):
    """The same, with each stratum's share of the rows in each. strata: [n], whole numbers from 0.

    Remainders go to the strata whose share they are nearest to (largest remainders); one row of
    each stratum at least is left for training.
    """
    order = np.random.default_rng(seed).permutation(len(strata))
    part = np.full(len(strata), len(sizes))
    for index, size in enumerate(sizes):
        left = part == len(sizes)
        counts = np.bincount(strata[left], minlength=strata.max() + 1)
        exact = counts * size / counts.sum()
        taken = np.floor(exact).astype(int)
        taken[np.argsort(taken - exact, kind="stable")[: size - taken.sum()]] += 1
        for stratum, number in enumerate(np.minimum(taken, counts - 1)):
            rows = order[(strata[order] == stratum) & left[order]]
            part[rows[:number]] = index
    return [order[part[order] == index] for index in range(len(sizes) + 1)]


def split_time(times, sizes):
    """The same, the latest rows first; rows of one time stay together. times: [n]."""
    order, ends = np.argsort(times, kind="stable"), [len(times)]
    for size in sizes:
        start = max(ends[-1] - size, 0)
        ends.append(int(np.searchsorted(times[order], times[order][start])))
    return [order[start:end] for end, start in zip(ends, [*ends[1:], 0], strict=True)]


def split_groups(groups, sizes, seed):
    """The same, with whole groups. groups: [n], whole numbers from 0.

    The number of rows of each split is the one nearest to what is asked for that groups add up to,
    and then, in every replicate, chance takes other groups that add up to the same.
    """
    counts = np.bincount(groups)
    fixed, totals, left = [], [], list(np.argsort(-counts, kind="stable"))  # the biggest first
    for later, size in zip(range(len(sizes), 0, -1), sizes, strict=True):
        for total in sorted(attainable(left, counts), key=lambda total: abs(total - size)):
            chosen = adding_up(left, counts, total)
            if len(left) - len(chosen) >= later:
                break
        fixed.append(chosen)
        totals.append(total)
        left = [group for group in left if group not in set(chosen)]
    generator = np.random.default_rng(seed)
    for _ in range(TRIES):
        left, taken = list(generator.permutation(len(counts))), []
        for total in totals:
            chosen = adding_up(left, counts, total)
            if chosen is None:
                break
            taken.append(chosen)
            left = [group for group in left if group not in set(chosen)]
        if len(taken) == len(totals) and left:
            fixed = taken
            break
    part = np.full(len(counts), len(sizes))
    for index, chosen in enumerate(fixed):
        part[chosen] = index
    return [np.flatnonzero(part[groups] == index) for index in range(len(sizes) + 1)]


def attainable(groups, counts):
    """Every number of rows, above none, that some of the groups add up to."""
    sums = 1  # as the bits of one number
    for group in groups:
        sums |= sums << int(counts[group])
    return [total for total, bit in enumerate(reversed(bin(sums))) if bit == "1" and total]


def adding_up(groups, counts, total):
    """The first of some groups, in their order, whose rows add up to `total`; None if none do.

    By the sums that the groups from each on can make, each set of sums as the bits of one number.
    """
    mask, sums = (1 << (total + 1)) - 1, [1]
    for group in reversed(groups):
        sums.append((sums[-1] | sums[-1] << int(counts[group])) & mask)
    sums.reverse()
    if not sums[0] >> total & 1:
        return None
    chosen = []
    for group, later in zip(groups, sums[1:], strict=True):
        if counts[group] <= total and later >> (total - int(counts[group])) & 1:
            chosen.append(int(group))
            total -= int(counts[group])
    return chosen
