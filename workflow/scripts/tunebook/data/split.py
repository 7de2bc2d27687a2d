"""Divide rows into training, validation and test rows, in the ways that a problem may ask for.

All replicates have as many rows of each, so that they can be trained together.
"""

from itertools import chain

import numpy as np

from ..jobs import TunebookError
from .guess import dates
from .table import codes, shortened, texts

SPLITS = ("train", "validation", "test")
# How often another order of the groups is tried before the same groups are held out once more.
TRIES = 100


def split_rows(table, key, way, on, official, shares, seed):
    """{split: row indices}, disjoint and together all rows of a table.

    way, on, official, shares: see `description.split_of`. Where none but official rows are held
    out, the others keep the order of their file. Raises TunebookError, under `key`, where a column
    does not do, or a split would be empty whose share is not 0.
    """
    is_test = table.file == (table.files.index(official) if official else -1)
    rows = np.flatnonzero(~is_test)
    sizes = [round(len(rows) * share) for share in shares if share]
    values = rows if way == "random" else column_to_split_on(table, key, way, on, rows, len(sizes))
    parts = [rows[part] for part in DIVIDE[way](values, sizes, seed)] if sizes else [rows]
    if not shares[-1]:  # none for validation
        parts.insert(-1, rows[:0])
    found = dict(zip(SPLITS, [*reversed(parts), np.flatnonzero(is_test)], strict=False))
    wanted = [name for name in SPLITS if name != "validation" or shares[-1]]
    if empty := [name for name in wanted if not len(found[name])]:
        raise TunebookError(
            f"{key}: shares {', '.join(map(str, shares))} of {len(rows)} rows of {table.name} "
            f"({way}) leave a split empty: {', '.join(empty)}; allowed: shares, and a column, that "
            "leave at least one row in each"
        )
    return found


def column_to_split_on(table, key, way, on, rows, held_out):
    """[rows]: whole numbers for strata and groups, numbers in order for times."""
    missing, values = rows[table.missing(on)[rows]], table.columns[on][rows]
    said = f"{key}.{way}"
    if way != "stratify_on" and len(missing):
        where = f"{table.where(missing)}, column {on}"
        raise TunebookError(f"{where}: no value; allowed: one in every row, as it is {said}")
    if way == "time_on":
        times = values if values.dtype != object else dates(values)
        if times is None:
            found = f"{table.name}, column {on}: found {shortened(values[0])!r}"
            raise TunebookError(f"{found}; allowed: numbers, or dates such as 2024-12-31 ({said})")
        return times
    strata = codes(texts(values))
    counts = np.bincount(strata)
    if way == "group_on" and len(counts) <= held_out:
        allowed = f"at least {held_out + 1}, one for each split ({said})"
        found = f"{table.name}, column {on}: found {len(counts)} groups"
        raise TunebookError(f"{found}; allowed: {allowed}")
    if way == "stratify_on" and counts.min() < 2:
        found = f"{table.where(rows[strata == counts.argmin()])}, column {on}"
        allowed = f"at least 2 rows of each ({said}; or say none)"
        raise TunebookError(f"{found}: no other row has this value; allowed: {allowed}")
    return strata


def split_random(rows, sizes, seed):
    """Disjoint indices of [n] rows: an array for each of `sizes`, then one for the rest."""
    return np.split(np.random.default_rng(seed).permutation(len(rows)), np.cumsum(sizes))


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


def split_time(times, sizes, seed=None):
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
    counts, totals = np.bincount(groups), []
    biggest_first = np.argsort(-counts, kind="stable")
    for later, size in zip(range(len(sizes), 0, -1), sizes, strict=True):
        nearest = sorted(range(1, len(groups)), key=lambda total: abs(total - size))
        tried = ([*totals, total] for total in nearest)
        totals = next(more for more in tried if held_out(biggest_first, counts, more, later))
    generator = np.random.default_rng(seed)
    orders = (generator.permutation(len(counts)) for _ in range(TRIES))
    tried = (held_out(order, counts, totals) for order in chain(orders, [biggest_first]))
    part = np.full(len(counts), len(sizes))
    for index, chosen in enumerate(next(filter(None, tried))):
        part[list(chosen)] = index
    return [np.flatnonzero(part[groups] == index) for index in range(len(sizes) + 1)]


def held_out(order, counts, totals, rest=1):
    """For each total the first groups in an order that add up to it; None if `rest` do not stay."""
    left, found = order.tolist(), []
    for total in totals:
        found.append(adding_up(left, counts, total))
        if found[-1] is None:
            return None
        left = [group for group in left if group not in found[-1]]
    return found if len(left) >= rest else None


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
    chosen = set()
    for group, later in zip(groups, sums[1:], strict=True):
        if counts[group] <= total and later >> (total - int(counts[group])) & 1:
            chosen.add(group)
            total -= int(counts[group])
    return chosen


DIVIDE = {
    "random": split_random,
    "stratify_on": split_stratified,
    "group_on": split_groups,
    "time_on": split_time,
}
