"""A process that loads the libraries and is then forked into workers, which then begin at once.

It starts no computing thread and opens no device, since a fork would not have them. The imports at
the top of this module are light: the process loads its libraries while the coordinator loads its
own.
"""

import multiprocessing
import os
import sys
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final

FORKED: Final = sys.platform == "linux"
"""Whether workers are forked. On other systems than Linux, system libraries do not work after a
fork, so each worker loads everything itself."""

LOADED: Final = ("benchmark.run.runner", "benchmark.run.training.training_loop", "sklearn.ensemble")
"""Modules that nearly every worker needs; they take 3.4 s of processor time, most of it torch."""


def worker_context() -> BaseContext:
    """Return the context of worker processes; start the process from which they are forked."""
    if not FORKED:
        return multiprocessing.get_context("spawn")
    start_fork_server()
    return multiprocessing.get_context("forkserver")


def start_fork_server() -> None:
    """Start the process now, so that it is ready when the first worker is needed.

    It gets the search path of this process. Otherwise Python 3.11 would search the working
    directory first, which may have other code than the installed code.
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
    """Return environment variables that give a new process the search path of this process."""
    folders = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": folders}
