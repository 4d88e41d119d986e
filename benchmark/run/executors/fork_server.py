"""A process that has loaded the libraries and is forked into workers, which so begin at once.

It has started no computing thread and opened no device, so that its forks are whole. The imports
up here are light: it loads its libraries while the coordinator loads its own.
"""

import multiprocessing
import os
import sys
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final

FORKED: Final = sys.platform == "linux"
"""Elsewhere system libraries do not survive a fork, and each worker loads everything itself."""

LOADED: Final = ("benchmark.run.runner", "benchmark.run.training.training_loop", "sklearn.ensemble")
"""What nearly every worker needs; 3.4 s of processor time here, the most of it torch."""


def worker_context() -> BaseContext:
    """Return how workers are started; the process that they are forked from runs then."""
    if not FORKED:
        return multiprocessing.get_context("spawn")
    start_fork_server()
    return multiprocessing.get_context("forkserver")


def start_fork_server() -> None:
    """Start the process now, so that it is ready when the first worker is wanted.

    It looks for modules where this process does: in a checkout, the working directory may hold
    other code than the one installed, and Python 3.11 looks there first in what it starts.
    """
    if not FORKED:
        return
    from multiprocessing.forkserver import ensure_running

    multiprocessing.get_context("forkserver").set_forkserver_preload(list(LOADED))
    wanted = search_path()
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def search_path() -> dict[str, str]:
    """Return the environment of a process that looks for modules where this one does."""
    places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": places}
