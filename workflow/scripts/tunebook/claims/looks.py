"""Replicates until decided: what a look at the claims costs, and what it asks for.

Every run begins with the least number of replicates. At each look the claims are judged, and runs
of pieces that are still open get more, cheapest first, until no piece is open, each has the most
that it may, or the time for it is spent.

Who looks again and again, and stops as soon as something is decided, finds something where there is
nothing. So looks are paid for: the level is spent as replicates are (Lan and DeMets, "Discrete
Sequential Boundaries for Clinical Trials", Biometrika 70(3), 1983), in proportion to them. The look
with n replicates, after one with m, of N at most, may be wrong in (n - m) / N of the level. These
shares add up to no more than one, which by Bonferroni's inequality is enough for any test, however
its looks depend on each other. Rather than the level made smaller, the p value is made larger, by
one over the share, so that the correction for all tests of a file (see `family`) begins with p
values that are paid for. Where the runs of a piece have one block size, the numbers n follow from
the plan and not from what was seen: blocks are aligned, and a piece without new replicates is not
asked again.

Decided at some look, in percent of 20,000 simulated studies of one piece, and the mean number of
replicates that takes: paired normal differences whose mean is d standard deviations, t test, level
5 %, least 5, most 40, blocks of 5.

    d      paid for       not paid for   40 at once
    0       3.0 (39.3)    18.5 (35.7)      5.0
    0.5    67.5 (29.8)    91.5 (19.7)     87.1
    1     100.0 (14.2)   100.0  (9.2)    100.0
    2     100.0  (7.9)   100.0  (5.5)    100.0
"""

import math
from collections import Counter

import numpy as np

from ..evidence.intervals import HOPELESS
from .compare import OTHER
from .read import UNDECIDED

# The rules whose pieces more replicates can decide: they are about a mean or a share.
DECIDABLE = ("order", "ratio", "trend", "same", "shape")
# Why an open piece gets no more.
MOST, SPENT = "it has the most that it may", "the minutes do not last"


def paid(p, n, before, most):
    """A p value, or an array of them, of a look with n replicates, paid for: at most 1.

    before: how many there were at the look before it, 0 for the first. most: how many there may be.
    """
    return np.minimum(1.0, p * most / (n - before))


def pay(pieces, study):
    """Put p values that are paid for in place of those of some `rules.Piece`s.

    study: its description, as in study.json; nothing changes where it has no looks.
    """
    looks = study.get("looks")
    for piece in pieces if looks else []:
        if piece.runs and not math.isnan(piece.p):
            had = {fewest(counts, piece.runs) for counts in looks["seen"]}
            before, n = [0, *sorted(had)][-2:]
            piece.price = fewest(looks["most"], piece.runs) / (n - before)
            piece.p = float(paid(piece.p, n, before, fewest(looks["most"], piece.runs)))


def fewest(counts, runs):
    """How many replicates all of some runs have. counts: {run: its number}."""
    return min(counts[run] for run in runs)


def plan_of(study):
    """The plan of a study's looks, from its description; None where there are none."""
    return study.get("looks", {}).get("plan")


def look(judged, looks, runs, cost):
    """What a look asks for, as plain values: {runs, open, why}.

    judged: as in claims.json. looks: of the study's description. runs: {name: {problem, block,
    work}}; work: about how much a block of it is. cost: the frame of cost.csv. In what is returned,
    runs are {name: how many replicates it is to have}; open are the pieces that more replicates
    could decide, each with why it gets none, "" where it does; why is in words.
    """
    now, found = looks["seen"][-1], open_pieces(judged, looks)
    asked, purse = dict(now), Purse(looks, runs, cost)
    wanted = [more(each.pop("runs"), now, looks["most"], runs) for each in found]
    work = [
        sum(runs[run]["work"] * (to - now[run]) / runs[run]["block"] for run, to in each.items())
        for each in wanted
    ]
    # By the estimated work, which is the same on every machine; of the same work, in their order.
    for i in sorted(range(len(found)), key=lambda i: (work[i], i)):
        new = {run: to - asked[run] for run, to in wanted[i].items() if to > asked[run]}
        found[i]["ends"] = purse.refuses(new) if wanted[i] else MOST
        if not found[i]["ends"]:
            purse.pay(new)
            asked |= {run: asked[run] + count for run, count in new.items()}
    return {"runs": asked, "open": found, "why": said(found, asked, now)}


def open_pieces(judged, looks):
    """{claim, about, replicates, runs} of each open piece that a look may ask for replicates of.

    Not one about other data that no number of replicates worth it would decide: what splits of the
    same rows leave open stays so, while what is measured on few replicates may change with more.
    judged, looks: as `look` takes them.
    """
    found = []
    for claim in judged:
        for piece in claim["pieces"]:
            names = piece["runs"]
            hopeless = piece["needed"] > HOPELESS and piece["scope"].startswith(OTHER)
            asks = piece["verdict"] == UNDECIDED and piece["rule"] in DECIDABLE
            if asks and names and not hopeless:
                least, n = (fewest(looks["seen"][i], names) for i in (0, -1))
                if least < fewest(looks["most"], names):
                    about = {"claim": claim["id"], "about": piece["about"], "replicates": n}
                    found.append(about | {"runs": names})
    return found


def more(names, now, most, runs):
    """{run: how many it needs} for one more look at a piece of some runs; empty at its most.

    Only runs that hold the others up get more, in whole blocks; where blocks differ, as many as the
    largest block gives, so that no look is paid for a part of that.
    """
    n, end = fewest(now, names), fewest(most, names)
    blocks = {run: runs[run]["block"] for run in names if now[run] == n < end}
    goal = max((n // block + 1) * block for block in blocks.values()) if blocks else n
    return {run: min(-(-goal // block) * block, most[run]) for run, block in blocks.items()}


class Purse:
    """What problems have left for replicates that looks add, in core seconds; see `look`.

    What was added so far cost what its jobs took. What is asked for will cost what replicates of
    the same run took so far: only where minutes are limited, measured times have a say.
    """

    def __init__(self, looks, runs, cost):
        self.problem = {run: about["problem"] for run, about in runs.items()}
        plans = looks["plan"].items()
        self.left = {problem: 60 * (plan["minutes"] or math.inf) for problem, plan in plans}
        seconds, replicates = Counter(), Counter()
        for row in cost.itertuples():
            took = float(row.job_seconds) * int(row.threads)
            seconds[row.run] += took
            replicates[row.run] += int(row.last) - int(row.first) + 1
            if int(row.first) >= looks["seen"][0][row.run]:
                self.left[self.problem[row.run]] -= took
        self.each = {run: seconds[run] / replicates[run] for run in seconds}

    def takes(self, new):
        """{problem: seconds} of so many more replicates: {run: count}."""
        found = Counter()
        for run, count in new.items():
            found[self.problem[run]] += count * self.each[run]
        return found

    def refuses(self, new):
        """Why so many more replicates are not paid for; "" where they are."""
        lasts = all(took <= self.left[name] for name, took in self.takes(new).items())
        return "" if lasts else SPENT

    def pay(self, new):
        for name, took in self.takes(new).items():
            self.left[name] -= took


def said(found, asked, now):
    """What came of a look, in words."""
    if not found:
        return "no piece is open that more replicates could decide"
    grown = sum(asked[run] > count for run, count in now.items())
    told = [f"pieces open: {len(found)}", f"runs that get more replicates: {grown}"]
    ends = Counter(piece["ends"] for piece in found if piece["ends"])
    return "; ".join([*told, *(f"{count} get none, since {end}" for end, count in ends.items())])
