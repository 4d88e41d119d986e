"""Compare two ways of doing the same work, in turns, by the processor time that each takes."""

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


def compare(
    benchmark: BenchmarkFixture,
    ours: Work,
    naive: Work,
    *,
    floor: float,
    share: float = 1.0,
    turns: int = 5,
) -> float:
    """Measure a piece of work, and how many times longer the naive way takes.

    Args:
        benchmark: Keeps what is measured.
        ours: The work.
        naive: The same work as people write it.
        floor: The ratio below which speed has been lost.
        share: Share of the work that `naive` does.
        turns: Turns of both; the median ratio counts.

    Returns:
        Processor seconds of the work, the median.

    Raises:
        AssertionError: If the ratio is below its floor.
    """
    benchmark.pedantic(ours, rounds=1, warmup_rounds=1)
    pairs = [(seconds(ours), seconds(naive) / share) for _ in range(turns)]
    ratio = statistics.median(slow / fast for fast, slow in pairs)
    median = statistics.median(fast for fast, _ in pairs)
    benchmark.extra_info |= {
        "seconds": median,
        "ratio": ratio,
        "floor": floor,
        "load": os.getloadavg()[0],
    }
    assert ratio >= floor, f"{ratio:.3g} times as fast as the naive way, {floor:g} is the floor"
    return median
