"""Measure speed in processor time, and keep each value with its reference and its bound.

Nothing here fails a test: `scripts/speed.py` shows the values, and fails on request.
"""

import os
import statistics
import time
from collections.abc import Callable

from pytest_benchmark.fixture import BenchmarkFixture

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Return the processor time of a piece of work; other work on the machine does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def keep(
    benchmark: BenchmarkFixture,
    name: str,
    value: float,
    *,
    reference: float,
    floor: float | None = None,
    ceiling: float | None = None,
) -> None:
    """Keep a value for the table of speeds.

    Args:
        benchmark: Keeps what is measured.
        name: What the value is, with its unit.
        value: What was measured.
        reference: The same on the machine of docs/performance.md, with nothing beside it.
        floor: The value below which speed has been lost; half the reference, if no ceiling is
            given either: other machines and busy ones differ by less than that.
        ceiling: The value above which speed has been lost.
    """
    if floor is None and ceiling is None:
        floor = reference / 2
    bounds = {"floor": floor, "ceiling": ceiling}
    entry = {"name": name, "value": value, "reference": reference, **bounds}
    benchmark.extra_info.setdefault("speed", []).append(entry)


def compare(
    benchmark: BenchmarkFixture,
    ours: Work,
    naive: Work,
    *,
    reference: float,
    floor: float | None = None,
    share: float = 1.0,
    turns: int = 5,
) -> float:
    """Measure a piece of work, and how many times longer the naive way takes.

    Args:
        benchmark: Keeps what is measured.
        ours: The work.
        naive: The same work as people write it.
        reference: The ratio on the machine of docs/performance.md.
        floor: The ratio below which speed has been lost; half the reference if it is not given.
        share: Share of the work that `naive` does.
        turns: Turns of both; the median ratio counts.

    Returns:
        Processor seconds of the work, the median.
    """
    benchmark.pedantic(ours, rounds=1, warmup_rounds=1)
    pairs = [(seconds(ours), seconds(naive) / share) for _ in range(turns)]
    ratio = statistics.median(slow / fast for fast, slow in pairs)
    median = statistics.median(fast for fast, _ in pairs)
    keep(benchmark, "times the naive way", ratio, reference=reference, floor=floor)
    benchmark.extra_info |= {"seconds": median, "load": os.getloadavg()[0]}
    return median
