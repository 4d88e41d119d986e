"""Jobs on an existing Dask cluster whose workers share the file system of the coordinator."""

import logging
import os
import sys
import threading
import time
import traceback
from asyncio import CancelledError
from collections.abc import Iterator
from concurrent.futures import CancelledError as FutureCancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Self

from benchmark.errors import CropGlobeError, UsageError
from benchmark.results.store import RunStore
from benchmark.run.executors.executor import LostJob
from benchmark.run.executors.fork_server import LOADED
from benchmark.run.executors.job_task import (
    Task,
    TaskResult,
    run_task,
    store_lost_locked,
    store_lost_task,
)
from benchmark.run.executors.method_client import LookUpError, OtherCodeError
from benchmark.run.executors.method_server_connection import MethodServer, MethodServerLostError
from benchmark.run.executors.worker_process import Setup, make_job, open_runner
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner
from benchmark.run.tracebacks import describe_frames
from benchmark.task.described_methods import DescribedMethod, describe
from benchmark.terminal import replace_unknown_signs

logger = logging.getLogger(__name__)

SECONDS_TO_CONNECT: Final = 10
DEATHS: Final = 2
"""Number of worker processes that may die in one job before the job fails."""

TRIES: Final = 3
"""Number of attempts for a job if the method server dies."""

EXIT_TIMEOUT: Final = 5

SECONDS_BEYOND: Final = 30.0
"""Seconds after the time limit at which a worker is ended. It ends its method's process before."""

GPU: Final = "GPU"
"""The resource that workers with a GPU declare: ``dask worker --resources GPU=1``."""

_one_job = threading.Lock()
"""Lock for one job at a time in a worker, for any number of threads."""

_runners: dict[tuple[Setup, float | None], Runner] = {}
_servers: list[MethodServer] = []


@dataclass
class DaskCluster:
    """The workers of a Dask scheduler.

    All jobs are sent to the scheduler at once, so that an adaptive cluster can grow. The scheduler
    replaces a worker that dies and gives its job to another.

    Attributes:
        address: Address of the scheduler, such as ``tcp://host:8786``.
        setup: Settings of each worker.
        time_limit: Seconds that a job may take; ``None`` for no limit.
        gpu: Whether a job needs a worker that declares a GPU.
        until: Time after which workers begin no job, in seconds since 1970; ``None`` for no limit.
    """

    address: str
    setup: Setup
    time_limit: float | None = None
    gpu: bool = False
    until: float | None = None
    _run: str = field(default_factory=lambda: token_hex(6))
    _running: dict[Any, Task] = field(default_factory=dict)
    _submitted: int = 0
    _client: Any = None

    def __enter__(self) -> Self:
        """Connect to the scheduler.

        Raises:
            UsageError: If Dask is not installed, if there is no scheduler, or if no worker has the
                GPU that jobs need.
        """
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                "--scheduler needs Dask: run `python -m pip install '.[cluster]'` in the folder of "
                "the suite's source."
            ) from error
        try:
            connect: Any = Client  # untyped
            self._client = connect(self.address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"No Dask scheduler answers at {self.address}: start one with `dask scheduler`, or "
                "correct --scheduler."
            ) from error
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if self.gpu and workers and not any(GPU in worker["resources"] for worker in workers):
            self._client.close()
            raise UsageError(
                f"No worker of {self.address} declares a GPU, which the protocol asks for: start "
                f"workers with `dask worker --resources {GPU}=1`, or use --device cpu."
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel the jobs that have not begun; the cluster goes on."""
        ended = partial(suppress, OSError, FutureCancelledError, CancelledError)
        with ended():  # a scheduler that has ended has dropped its jobs, and `wait` says so
            self._client.cancel(list(self._running))
        with ended():
            self._client.set_metadata([self._run], {})
        with ended():
            self._client.close()

    @property
    def at_once(self) -> int:
        """Number of jobs that the present workers can run at the same time."""
        return max(len(self._client.scheduler_info(n_workers=-1)["workers"]), 1)

    def free(self) -> int:
        """Return how many more jobs can be sent to the scheduler, which has no limit."""
        return sys.maxsize

    def start(self, task: Task, job: Job) -> None:
        """Send a job to the scheduler."""
        self._submitted += 1
        future = self._client.submit(
            answer,
            task,
            describe(job.method),
            self.setup,
            self.time_limit,
            self._run,
            self.until,
            key=f"cropglobe-{self._run}-{task.identity.key}-{self._submitted}",
            resources={GPU: 1} if self.gpu else None,
            pure=False,
        )
        self._running[future] = task

    def wait(self) -> list[tuple[Task, TaskResult | LostJob]]:
        """Wait until at least one job has ended; return those that have.

        Raises:
            CropGlobeError: If the scheduler has ended, or a worker cannot run any job.
        """
        from distributed import wait

        try:
            ended: Any = wait  # untyped
            with self._client.as_current():
                done = ended(list(self._running), return_when="FIRST_COMPLETED").done
        except (OSError, FutureCancelledError, CancelledError) as error:
            raise CropGlobeError(
                f"The Dask scheduler at {self.address} ended or dropped the jobs; finished ones "
                "are kept: start it and run the same command again."
            ) from error
        return [(self._running.pop(future), _end(future)) for future in done]


def _end(future: Any) -> TaskResult | LostJob:
    from distributed import KilledWorker

    if future.status == "finished":
        ending: TaskResult = future.result()
        return ending
    error = future.exception()
    if isinstance(error, KilledWorker):
        return LostJob("failed", "Dask gave up: each worker that had the job died")
    if isinstance(error, CropGlobeError):
        raise error
    raise CropGlobeError(
        f"The Dask cluster could not run a job: {type(error).__name__}: {error}; have its "
        "scheduler and its workers the same version of this package, and do the workers see the "
        "data and the run directory?"
    ) from error


def answer(
    task: Task,
    method: DescribedMethod,
    setup: Setup,
    time_limit: float | None,
    run: str,
    until: float | None = None,
) -> TaskResult:
    """Run a task; a Dask worker calls this function.

    Args:
        task: The job as plain values.
        method: Description of its method, without code.
        setup: Settings of the worker.
        time_limit: Seconds that the job may take; ``None`` for no limit.
        run: Name of the coordinator's run.
        until: Time after which the job is not begun, in seconds since 1970.

    Returns:
        How the job ended.

    Raises:
        CropGlobeError: If this worker can run no job, for example because it has other code of the
            method than the coordinator.
    """
    replace_unknown_signs()
    with _one_job:
        if until is not None and time.time() >= until:
            return TaskResult("left")
        store, job = RunStore(setup.run), make_job(task, method)
        store.directory.stay()
        with _deaths(run, task.identity.key) as deaths:
            runner = _runner(setup, time_limit)
            if deaths >= DEATHS:
                reason = f"{deaths} worker processes died in this job"
                return store_lost_task(task, job, runner, store, "failed", reason)
            with _limited(task, job, time_limit, runner, store):
                return _run(task, job, setup, time_limit, store)


def _run(
    task: Task, job: Job, setup: Setup, time_limit: float | None, store: RunStore
) -> TaskResult:
    """Run a job; repeat it with a new method server if that has died or has older code."""
    for tried in range(TRIES):
        try:
            return run_task(task, job, _runner(setup, time_limit), store)
        except LookUpError as error:
            raise error.error from error
        except OtherCodeError as error:
            _forget_server()
            if tried:
                raise UsageError(
                    f"A worker has other code of {task.identity.method} than this command: install "
                    "the same on both, restart the workers, then run the same command again; "
                    "finished jobs are kept."
                ) from error
        except MethodServerLostError as error:
            logger.warning("%s is run again: %s", job, error)
            _forget_server()
    reason = f"The method server has died {TRIES} times in this job"
    return store_lost_task(task, job, _runner(setup, time_limit), store, "failed", reason)


def _runner(setup: Setup, time_limit: float | None) -> Runner:
    """Return the runner for the jobs of a run; it is kept from one job to the next."""
    slot = (setup, time_limit)
    if slot not in _runners:
        _runners.clear()
        if not _servers:
            _servers.append(MethodServer.start(LOADED))
        _runners[slot] = open_runner(setup, _servers[0], time_limit)
    return _runners[slot]


def _forget_server() -> None:
    """Close the method server, so that the next job starts a new one."""
    _runners.clear()
    while _servers:
        _servers.pop().close()


@contextmanager
def _deaths(run: str, key: str) -> Iterator[int]:
    """Yield how often a worker has died in a job; this worker counts too until the body ends."""
    from distributed import get_client

    client: Any = get_client()
    count: int = client.get_metadata([run, key], 0)
    client.set_metadata([run, key], count + 1)
    try:
        yield count
    finally:
        client.set_metadata([run, key], count)


@contextmanager
def _limited(
    task: Task, job: Job, limit: float | None, runner: Runner, store: RunStore
) -> Iterator[None]:
    """End this process, after storing the reason, if the body takes much longer than a limit.

    The method's process has ended by then, so the harness itself takes so long, for example with a
    representation. A thread cannot be ended in another way. Dask replaces a process that has a
    nanny, and gives the job to another worker, which finds it stored.
    """
    if limit is None:
        yield
        return
    worker, decided = threading.get_ident(), threading.Lock()

    def end() -> None:
        if not decided.acquire(blocking=False):
            return  # the job has just ended
        frames = traceback.extract_stack(sys._current_frames()[worker])
        places = [(frame.name, frame.filename, frame.lineno or 0) for frame in reversed(frames)]
        reason = f"Stopped after the protocol's limit of {limit:g} s{describe_frames(places)}"
        try:
            store_lost_locked(task, job, runner, store, "timeout", reason)
        finally:
            os._exit(EXIT_TIMEOUT)

    timer = threading.Timer(limit + SECONDS_BEYOND, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        decided.acquire()  # never released, so that the timer can no longer end the process
