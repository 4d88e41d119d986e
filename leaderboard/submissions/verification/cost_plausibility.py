"""Check whether the costs in rows are possible."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from benchmark.results.rows import Row
from leaderboard.submissions.archive import printable

MOST_SAMPLES_PER_SECOND: Final = 1e9
"""Highest possible rate of predictions; the floors, which are constant, reach a few million."""

MOST_FLOPS_PER_SECOND: Final = 1e17
"""Highest possible rate of operations: a hundred times that of one accelerator of 2025 in half
precision (NVIDIA H200: 1e15)."""

MOST_SECONDS: Final = 1e8
"""Longest possible time, about three years."""

MOST_COUNT: Final = 1e15
"""Bytes of memory, or numbers of parameters, that no machine has."""

MAY_BE_UNKNOWN: Final = (
    "parameters",
    "peak_memory_bytes",
    "flops_per_sample",
    "energy_joules",
    "represent_seconds",
)
"""Costs that are not negative where they are known."""

RATE_TOLERANCE: Final = 0.01
"""Relative difference that is allowed between a stated rate and samples divided by seconds."""


def implausible(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a sentence for each cost that is not possible.

    Args:
        rows: Rows with scores.
    """
    fits: dict[tuple[str, int], float | None] = {}
    for row in rows:
        place = f"{row.transfer}, seed {row.seed}"
        yield from (f"{place}: {problem}" for problem in _problems(row))
        first = fits.setdefault((row.source, row.seed), row.cost.fit_seconds)
        if row.cost.fit_seconds != first:
            yield f"{place}: one fit of {row.source} has two different times."


def _problems(row: Row) -> Iterator[str]:
    cost = row.cost
    for name in ("fit_seconds", "predict_seconds"):
        value = getattr(cost, name)
        if value is None or not 0 < value < MOST_SECONDS:
            yield f"{name.replace('_', ' ')} of {value} cannot be true."
            return
    for name in MAY_BE_UNKNOWN:
        value = getattr(cost, name)
        if value is not None and not 0 <= value < MOST_COUNT:
            yield f"{name.replace('_', ' ')} of {printable(str(value))} cannot be true."
            return
    rate, seconds = cost.predict_samples_per_second, cost.predict_seconds
    assert seconds is not None
    exact = (row.data.n_test or 0) / seconds
    if rate is None or not math.isclose(rate, exact, rel_tol=RATE_TOLERANCE):
        yield f"{rate} samples/s do not follow from {row.data.n_test} samples in {seconds:.3g} s."
    elif rate > MOST_SAMPLES_PER_SECOND:
        yield f"{rate:.3g} samples/s are more than a machine can predict."
    elif rate * (cost.flops_per_sample or 0) > MOST_FLOPS_PER_SECOND:
        yield "its operations per second are more than a machine can do."
    drawn = (cost.fit_samples_per_second or 0) * (cost.fit_seconds or 0)
    if not drawn >= (row.data.n_train or 0) * (1 - RATE_TOLERANCE):
        yield f"its fit drew {drawn:.0f} samples of {row.data.n_train}."
