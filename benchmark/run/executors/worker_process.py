"""The worker process: it runs the jobs that it is sent, one after another.

It has the data and its labels, chooses the samples, scores and stores. The method of each job runs
in a separate process (`method_process`). The method server (`method_server`) starts that process;
the worker starts the server before it opens the data.
"""

import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmark.run.executors.confinement import Limits, require_confinement
from benchmark.run.executors.fork_server import FORKED, LOADED
from benchmark.run.executors.method_process import limit_threads
from benchmark.run.executors.method_server_connection import (
    FIND_METHOD,
    MethodServer,
    MethodServerLostError,
)
from benchmark.run.executors.process_tree import adopt_orphans, end_descendants
from benchmark.terminal import replace_unknown_signs

if TYPE_CHECKING:
    from benchmark.results.store import RunStore
    from benchmark.run.executors.job_task import Task, TaskResult
    from benchmark.run.jobs import Job
    from benchmark.run.runner import Runner
    from benchmark.task.described_methods import DescribedMethod

READY: Final = "ready"
BEGAN: Final = "began"
ENDED: Final = "ended"
ERROR: Final = "error"

EXIT_SERVER_LOST: Final = 86
"""Exit status of a worker after the method server has died, which no job has caused."""


@dataclass(frozen=True)
class Setup:
    """Settings of a worker.

    Attributes:
        data: Directory of the dataset.
        fingerprint: Fingerprint that the dataset must have.
        protocol: The protocol as JSON.
        run: Run directory.
        cache: Folder for computed representations; ``None`` if they are not stored.
        threads: Threads that a method may use; ``None`` for the default of the libraries.
        keep_networks: Whether fitted networks are stored, for methods that ask for it.
        find_method: Function that finds a method by name and file, as ``module:function``.
        confined: Whether methods run confined, see `benchmark.run.executors.confinement`.
        place: Number of the run directory on its file system; ``None`` does not look at it.
    """

    data: Path
    fingerprint: str
    protocol: str
    run: Path
    cache: Path | None
    threads: int | None
    keep_networks: bool
    find_method: str = FIND_METHOD
    confined: bool = False
    place: int | None = None


def serve(connection: Connection, trace: Path, environment: Mapping[str, str]) -> None:
    """Run tasks until the other end closes: the main loop of a worker process.

    The worker first starts the method server, before it gets the path of the data. Then it receives
    ``(setup, time limit, command line)`` and sends ``(READY,)``. For each ``(task, method)`` it
    sends ``(BEGAN,)`` and ``(ENDED, ending)``, or ``(ERROR, class, message)`` if it can run no job.

    Args:
        connection: Connection for tasks and results.
        trace: File to which its stack is written when it crashes or is ended by SIGUSR1.
        environment: The coordinator's environment; the environment of the fork is older.
    """
    os.setsid()  # so that processes started here can be ended together with this one
    os.environ.clear()
    os.environ.update(environment)
    server = MethodServer.fork() if FORKED else MethodServer.start(LOADED)
    adopt_orphans()
    with trace.open("w", encoding="utf-8") as stack:
        _become_worker(stack)
        try:
            setup, limit, command = connection.recv()
            sys.argv = list(command)  # for the rows
            _serve(connection, setup, limit, server)
        except (EOFError, ConnectionError):
            return  # the coordinator has ended or closed the connection
        except MethodServerLostError:
            end_descendants()
            os._exit(EXIT_SERVER_LOST)
        finally:
            faulthandler.unregister(signal.SIGUSR1)
            faulthandler.disable()


def _become_worker(stack: Any) -> None:
    faulthandler.enable(stack)
    # The default action of SIGUSR1 follows: it ends the process after the stack is written.
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    faulthandler.register(signal.SIGUSR1, stack, all_threads=False, chain=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator handles Ctrl-C
    replace_unknown_signs()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)  # the method server notices this and ends its processes


def _serve(connection: Connection, setup: Setup, limit: float | None, server: MethodServer) -> None:
    from benchmark.errors import CropGlobeError
    from benchmark.results.store import RunStore

    try:
        if setup.threads is not None:
            limit_threads(setup.threads)
        runner = open_runner(setup, server, limit)
        store = RunStore(setup.run)
        if setup.place is not None:
            store.directory.stay_at(setup.place)
        connection.send((READY,))
        while True:
            task, method = connection.recv()
            connection.send((BEGAN,))
            connection.send((ENDED, run_received_task(task, method, runner, store)))
    except CropGlobeError as error:
        connection.send((ERROR, type(error).__name__, str(error)))
    except (EOFError, ConnectionError, MethodServerLostError):
        raise
    except Exception as error:
        # Not an error of a method, but of the harness or of this machine: report it completely.
        logging.getLogger(__name__).exception("a worker process stopped")
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        connection.send((ERROR, "CropGlobeError", f"A worker process stopped: {text}."))


def open_runner(setup: Setup, server: MethodServer, limit: float | None) -> "Runner":
    """Return a runner of jobs that runs each method in a separate process.

    Args:
        setup: Settings of the worker.
        server: Server that starts methods' processes.
        limit: Seconds that a job may take; ``None`` for no limit.

    Raises:
        DataError: If the data differs from the data with which the run was planned.
        UsageError: If this machine has no such device, or cannot confine methods as asked.
    """
    from benchmark.data.dataset import open_dataset
    from benchmark.errors import DataError
    from benchmark.run.device import resolve_device
    from benchmark.run.executors.method_client import MethodProcesses
    from benchmark.run.runner import Runner
    from benchmark.task.protocol import Protocol

    dataset = open_dataset(setup.data)
    if dataset.fingerprint != setup.fingerprint:
        raise DataError(f"{setup.data} changed during the run: start the run again.")
    if setup.confined:
        require_confinement(setup.data)
    protocol = Protocol.model_validate_json(setup.protocol)
    # Loads torch before the time of the first job is taken.
    device = resolve_device(protocol.device, protocol.precision)
    processes = MethodProcesses(
        server,
        threads=setup.threads,
        limit=limit,
        find_method=setup.find_method,
        limits=Limits() if setup.confined else None,
        device=device,
    )
    return Runner(dataset, protocol, setup.cache, setup.keep_networks, processes.open)


def make_job(task: "Task", method: "DescribedMethod") -> "Job":
    """Return the job of a task."""
    from benchmark.run.jobs import Job

    identity = task.identity
    return Job(method, identity.source, identity.seed, task.targets, identity, task.shifts)


def run_received_task(
    task: "Task", method: "DescribedMethod", runner: "Runner", store: "RunStore"
) -> "TaskResult":
    """Run the job of a task and store its results.

    Raises:
        DataError: If the data has not enough samples for the job.
        StoreError: If the results cannot be stored.
        UsageError: If its method is not installed on this machine.
    """
    from benchmark.run.executors.job_task import run_task, store_lost_task
    from benchmark.run.executors.method_client import LookUpError, OtherCodeError

    job = make_job(task, method)
    try:
        return run_task(task, job, runner, store)
    except LookUpError as error:
        raise error.error from error
    except OtherCodeError:
        reason = "The method's code changed during the run: --overwrite stale runs its jobs again."
        return store_lost_task(task, job, runner, store, "failed", reason)
