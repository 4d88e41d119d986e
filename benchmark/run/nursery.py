"""A process that has loaded the libraries and is forked into workers, which so begin at once.

It has started no computing thread and opened no device, so that its forks are whole. The imports
up here are light: it loads its libraries while the coordinator loads its own.
"""

import multiprocessing
import sys
from multiprocessing.context import BaseContext
from typing import Final

FORKED: Final = sys.platform == "linux"
"""Elsewhere system libraries do not survive a fork, and each worker loads everything itself."""

LOADED: Final = ("benchmark.run.runner", "benchmark.run.training", "sklearn.ensemble")
"""What nearly every worker needs; 3.4 s of processor time here, the most of it torch."""


def worker_context() -> BaseContext:
    """Return how workers are started."""
    if not FORKED:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


def open_nursery() -> None:
    """Start the process now, so that it is ready when the first worker is wanted."""
    if FORKED:
        from multiprocessing.forkserver import ensure_running

        worker_context()
        ensure_running()
