"""What the measurements are held to, and whether they reach it."""

from dataclasses import dataclass

NO_OP_SECONDS = 5
PEAK_BYTES = 1e9


@dataclass
class Bar:
    """One bar in words: what is measured, what is wanted, what was found, and whether it is met."""

    what: str
    wanted: str
    measured: str
    met: bool


def ratio(spread):
    return f"{spread['median']:.2f} ({spread['low']:.2f} to {spread['high']:.2f})"


def case_bars(case):
    """The bars of one kind of network; medians decide."""
    times_plain, times_limit = case["times_plain"], case["times_limit"]
    for kind, value in case["bars"].items():
        if kind == "plain":
            wanted, met = f"at least {value:g} times the plain loop", times_plain["median"] >= value
            yield Bar(case["name"], wanted, ratio(times_plain), met)
        elif kind == "limit":
            wanted = f"at most {value:g} times the arithmetic limit"
            yield Bar(case["name"], wanted, ratio(times_limit), times_limit["median"] <= value)
        else:
            low, high = 1 / times_limit["high"], 1 / times_limit["low"]
            share = {"median": 1 / times_limit["median"], "low": low, "high": high}
            wanted = f"at least {value:.0%} of the matrix rate"
            measured = f"{share['median']:.0%} ({low:.0%} to {high:.0%})"
            yield Bar(case["name"], wanted, measured, share["median"] >= value)


def judged(measured):
    """All bars that the measurements say something about."""
    found = []
    if "training" in measured:
        for case in measured["training"]["cases"]:
            found += case_bars(case)
        name, job = max(measured["training"]["jobs"].items(), key=lambda item: item[1]["peak"])
        found.append(
            Bar(
                f"peak memory of a training job (most: {name})", "at most 1 GB",
                f"{job['peak'] / 1e9:.2f} GB", job["peak"] <= PEAK_BYTES,
            )
        )  # fmt: skip
    if "graph" in measured:
        default = measured["graph"]["default"]
        found.append(
            Bar(
                "`snakemake -n` with nothing to do, default study", f"at most {NO_OP_SECONDS} s",
                f"{ratio(default)} s", default["median"] <= NO_OP_SECONDS,
            )
        )  # fmt: skip
    return found
