"""The worker process: answers the jobs that it is sent, one after another.

The imports up here are light: threads are divided before the first numerical library is loaded.
"""

import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmark.terminal import replace_unknown_signs

if TYPE_CHECKING:
    from benchmark.results.store import RunStore
    from benchmark.run.executors.job_task import Task, TaskResult
    from benchmark.run.jobs import Job
    from benchmark.run.runner import Runner
    from benchmark.task.methods import Method

READY: Final = "ready"
BEGAN: Final = "began"
ENDED: Final = "ended"
ERROR: Final = "error"

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Threads of torch and XGBoost, of two linear algebra libraries, and of scikit-learn's joblib."""


@dataclass(frozen=True)
class Setup:
    """What a worker is told once.

    Attributes:
        data: Directory of the dataset.
        fingerprint: Fingerprint that the dataset there must have.
        protocol: The protocol as JSON.
        run: Run directory.
        cache: Where computed representations are kept.
        threads: Threads that it may use; ``None`` leaves that to the libraries.
        keep_networks: Whether networks are kept of the methods that want it.
        find_method: Returns the method of a name; a function of a module.
    """

    data: Path
    fingerprint: str
    protocol: str
    run: Path
    cache: Path | None
    threads: int | None
    keep_networks: bool
    find_method: Callable[[str], "Method"]


def serve(
    connection: Connection, setup: Setup, trace: Path, environment: Mapping[str, str]
) -> None:
    """Answer tasks until the other end closes; the body of a worker process.

    It sends ``(READY,)`` once, and for each task ``(BEGAN,)`` and ``(ENDED, ending)``, or
    ``(ERROR, class, message)`` where no job can be run.

    Args:
        connection: Where tasks come from and answers go to.
        setup: What it needs to know.
        trace: File to which its stack is written when it crashes or is ended by SIGUSR1.
        environment: The coordinator's environment; the process that is forked has an older one.
    """
    os.setsid()  # what a method starts can be ended with this process
    os.environ.clear()
    os.environ.update(environment)
    with trace.open("w", encoding="utf-8") as stack:
        _become_worker(setup, stack)
        try:
            _serve(connection, setup)
        except (EOFError, ConnectionError):
            return  # the coordinator is gone or has closed
        finally:
            faulthandler.unregister(signal.SIGUSR1)
            faulthandler.disable()


def _become_worker(setup: Setup, stack: Any) -> None:
    faulthandler.enable(stack)
    # Chained to what SIGUSR1 does by itself, it ends the process once the stack stands in full.
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    faulthandler.register(signal.SIGUSR1, stack, all_threads=False, chain=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
    replace_unknown_signs()  # a method may print
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR)
    if setup.threads is not None:
        _limit_threads(setup.threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _limit_threads(count: int) -> None:
    """Limit the libraries that are loaded already and, by the environment, those to come."""
    if "OMP_NUM_THREADS" not in os.environ and "torch" in sys.modules:
        import torch
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(count)
        torch.set_num_threads(count)
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, str(count))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)  # itself, and what a method has started


def _serve(connection: Connection, setup: Setup) -> None:
    from benchmark.errors import CropGlobeError
    from benchmark.results.store import RunStore

    try:
        runner = open_runner(setup)
        store = RunStore(setup.run)
        connection.send((READY,))
        while True:
            task: Task = connection.recv()
            connection.send((BEGAN,))
            connection.send((ENDED, run_received_task(task, runner, store, setup)))
    except CropGlobeError as error:
        connection.send((ERROR, type(error).__name__, str(error)))
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        # Nothing a method does: a fault of the harness or of this machine, told in full.
        logging.getLogger(__name__).exception("a worker process stopped")
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        connection.send((ERROR, "CropGlobeError", f"A worker process stopped: {text}."))


def open_runner(setup: Setup) -> "Runner":
    """Return what runs jobs here.

    Raises:
        DataError: If the data is not that which the run was planned with.
        UsageError: If the device is not here.
    """
    from benchmark.data.dataset import open_dataset
    from benchmark.errors import DataError
    from benchmark.run.device import resolve_device
    from benchmark.run.runner import Runner
    from benchmark.task.protocol import Protocol

    dataset = open_dataset(setup.data)
    if dataset.fingerprint != setup.fingerprint:
        raise DataError(f"{setup.data} changed while the run was going on: start the run again.")
    protocol = Protocol.model_validate_json(setup.protocol)
    # Loads torch before the time of the first job is taken.
    resolve_device(protocol.device, protocol.precision)
    return Runner(dataset, protocol, setup.cache, setup.keep_networks)


def find_job(task: "Task", setup: Setup) -> "Job":
    """Return the job of a task.

    Raises:
        UsageError: If its method is not installed here.
    """
    from benchmark.run.jobs import Job

    method = setup.find_method(task.identity.method)
    return Job(method, task.identity.source, task.identity.seed, task.targets, task.identity)


def has_other_code(task: "Task", job: "Job") -> bool:
    """Whether this process has loaded other code of the method than the run was planned with."""
    return job.method.code_fingerprint != task.identity.code_fingerprint


def run_received_task(
    task: "Task", runner: "Runner", store: "RunStore", setup: Setup
) -> "TaskResult":
    """Run the job of a task and store its answers.

    Raises:
        DataError: If the data cannot serve the job.
        StoreError: If the answers cannot be stored.
        UsageError: If its method is not installed here.
    """
    from benchmark.run.executors.job_task import run_task, store_lost_task

    job = find_job(task, setup)
    if has_other_code(task, job):
        reason = (
            "The method's code changed while the run was going on; --overwrite failed mends it."
        )
        return store_lost_task(task, job, runner, store, "failed", reason)
    return run_task(task, job, runner, store)
