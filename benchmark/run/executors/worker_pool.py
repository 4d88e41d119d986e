"""Worker processes on this machine; the run goes on if one of them dies or hangs."""

import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Final, Self

from benchmark import errors
from benchmark.errors import CropGlobeError
from benchmark.main_module import main_left_out
from benchmark.run.executors.executor import LostJob
from benchmark.run.executors.fork_server import worker_context
from benchmark.run.executors.job_task import Task, TaskResult
from benchmark.run.executors.worker_process import (
    BEGAN,
    ENDED,
    ERROR,
    EXIT_SERVER_LOST,
    Setup,
    serve,
)
from benchmark.run.jobs import Job
from benchmark.run.tracebacks import innermost_frames
from benchmark.task.described_methods import describe

MAX_FAILED_STARTS: Final = 3
"""Number of worker processes in a row that may die before they begin a job."""

TRY: Final = "try --workers 0"

EXIT_UNKNOWN: Final = 255
"""Exit code that Python reports for a forked process whose fork server has died, even while the
process still runs."""

SECONDS_TO_START: Final = 10.0
"""Seconds in which the start of a process is tried again if the fork server does not reply."""

SECONDS_BETWEEN_STARTS: Final = 0.05

SECONDS_TO_TELL: Final = 1.0
"""Seconds in which a hanging process must write its stack."""

SECONDS_BEYOND: Final = 30.0
"""Seconds after the time limit at which a worker is ended. It ends its method's process before."""

MOST_SERVER_DEATHS: Final = 5
"""Number of times that the method server may die in a job before the job fails."""

SECONDS_TO_END: Final = 5.0
"""Seconds in which a process must end before it is killed."""


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    trace: Path
    task: Task | None = None
    began: float | None = None


@dataclass
class WorkerPool:
    """Worker processes on this machine, each kept for many jobs and replaced when it dies.

    Each has a session of its own. The method of each job runs in a process of its own, see
    `benchmark.run.executors.method_server`.

    Attributes:
        count: Number of processes.
        setup: Settings of each process.
        time_limit: Seconds that a job may take; ``None`` for no limit.
    """

    count: int
    setup: Setup
    time_limit: float | None = None
    _workers: list[_Worker] = field(default_factory=list)
    _deaths: set[str] = field(default_factory=set)
    _server_deaths: Counter[str] = field(default_factory=Counter)
    _failed_starts: int = 0
    _traces: Path = Path()

    def __enter__(self) -> Self:
        """Start the processes."""
        self._traces = Path(mkdtemp(prefix="cropglobe-"))
        self._workers = [self._spawn(number) for number in range(self.count)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; a job that runs in one of them is lost."""
        for worker in self._workers:
            worker.connection.close()
            if worker.task is not None or kind is not None:
                _send(worker.process, signal.SIGTERM)
        for worker in self._workers:
            worker.process.join(SECONDS_TO_END)
            if worker.process.is_alive():
                _send(worker.process, signal.SIGKILL)
                worker.process.join()
            worker.process.close()
        self._workers = []
        shutil.rmtree(self._traces, ignore_errors=True)

    @property
    def at_once(self) -> int:
        """Number of jobs that run at the same time."""
        return self.count

    def free(self) -> int:
        """Return how many processes have no job."""
        return sum(worker.task is None for worker in self._workers)

    def start(self, task: Task, job: Job) -> None:
        """Send a job to a process that has none."""
        worker = next(worker for worker in self._workers if worker.task is None)
        if not worker.process.is_alive():
            worker = self._replace(worker)
        worker.task, worker.began = task, None
        with suppress(ConnectionError):  # it has just died; `wait` finds that
            worker.connection.send((task, describe(job.method)))

    def wait(self) -> list[tuple[Task, TaskResult | LostJob]]:
        """Wait until a job has ended, its process has died, or its time limit is reached."""
        found: list[tuple[Task, TaskResult | LostJob]] = []
        while not found:
            busy = [worker for worker in self._workers if worker.task is not None]
            ends: list[Connection | int] = [worker.connection for worker in busy]
            wait([*ends, *(w.process.sentinel for w in busy)], timeout=self._patience(busy))
            for worker in busy:
                end = self._look(worker)
                if end is not None and worker.task is not None:
                    found.append((worker.task, end))
                    worker.task = None
        return found

    def _patience(self, busy: list[_Worker]) -> float | None:
        if self.time_limit is None:
            return None
        most = self.time_limit + SECONDS_BEYOND
        ends = [w.began + most for w in busy if w.began is not None]
        return max(min(ends) - time.monotonic(), 0) if ends else None

    def _look(self, worker: _Worker) -> TaskResult | LostJob | None:
        """Read the messages of a process; return how its job ended, or ``None`` if it runs."""
        try:
            while worker.connection.poll():
                message = worker.connection.recv()
                if message[0] == BEGAN:
                    worker.began, self._failed_starts = time.monotonic(), 0
                elif message[0] == ENDED:
                    ending: TaskResult = message[1]
                    return ending
                elif message[0] == ERROR:
                    raise _error(message[1], message[2])
            # A child of the dead process may hold its end of the connection open.
            if not worker.process.is_alive() and not worker.connection.poll():
                return self._bury(worker)
        except (EOFError, ConnectionError):
            return self._bury(worker)
        limit, began = self.time_limit, worker.began
        if limit is None or began is None or time.monotonic() - began < limit + SECONDS_BEYOND:
            return None
        return self._stop(worker, limit)

    def _bury(self, worker: _Worker) -> LostJob:
        assert worker.task is not None
        orphaned = worker.process.exitcode == EXIT_UNKNOWN and _lives(worker.process)
        _send(worker.process, signal.SIGKILL)  # for processes that it started and left
        worker.process.join()
        if orphaned:
            self._replace(worker)
            return LostJob("failed", "The server that starts worker processes has died", again=True)
        if worker.process.exitcode == EXIT_SERVER_LOST:
            return self._server_lost(worker)
        reason = _cause(worker.process.exitcode) + innermost_frames(worker.trace)
        if worker.began is None:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise CropGlobeError(f"Worker processes do not start: {reason}; {TRY}.")
        again = worker.began is None or worker.task.identity.key not in self._deaths
        if worker.began is not None:
            self._deaths.add(worker.task.identity.key)
        self._replace(worker)
        return LostJob("failed", reason, again)

    def _server_lost(self, worker: _Worker) -> LostJob:
        assert worker.task is not None
        self._replace(worker)
        self._server_deaths[worker.task.identity.key] += 1
        deaths = self._server_deaths[worker.task.identity.key]
        reason = f"The method server has died {deaths} times in this job"
        return LostJob("failed", reason, again=deaths < MOST_SERVER_DEATHS)

    def _stop(self, worker: _Worker, limit: float) -> LostJob:
        pid = worker.process.pid
        assert pid is not None
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
        worker.process.join(SECONDS_TO_TELL)
        _send(worker.process, signal.SIGKILL)
        worker.process.join()
        where = innermost_frames(worker.trace)
        self._replace(worker)
        return LostJob("timeout", f"Stopped after the protocol's limit of {limit:g} s{where}")

    def _replace(self, worker: _Worker) -> _Worker:
        """Replace a dead process by a new one."""
        number = next(n for n, other in enumerate(self._workers) if other is worker)
        self._workers[number] = self._spawn(number)
        worker.connection.close()
        worker.process.close()
        return self._workers[number]

    def _spawn(self, number: int) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        trace = self._traces / f"{number}.txt"
        told = (theirs, trace, dict(os.environ))
        trace.unlink(missing_ok=True)
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                context = worker_context()
                process: BaseProcess = context.Process(target=serve, args=told)  # type: ignore[attr-defined]
                with _no_command_line(), main_left_out():
                    process.start()
                break
            except (EOFError, ConnectionError) as error:
                # A fork server that was just killed refuses; a new one starts when it has ended.
                if time.monotonic() > deadline:
                    message = f"Worker processes do not start ({error}): {TRY}."
                    raise CropGlobeError(message) from error
                time.sleep(SECONDS_BETWEEN_STARTS)
        theirs.close()
        with suppress(ConnectionError):  # it has just died; `wait` finds that
            ours.send((self.setup, self.time_limit, tuple(sys.argv)))
        return _Worker(process, ours, trace)


@contextmanager
def _no_command_line() -> Iterator[None]:
    """Hide the command line, which names the data, from a process that is started in the body.

    The worker gets it later, after it has started the method server.
    """
    before = sys.argv
    sys.argv = before[:1]
    try:
        yield
    finally:
        sys.argv = before


def _send(process: BaseProcess, what: signal.Signals) -> None:
    """Send a signal to a process and to all that it has started."""
    assert process.pid is not None
    try:
        os.killpg(process.pid, what)
    except ProcessLookupError:  # not yet the leader of a group, or gone with all its group
        if process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(process.pid, what)


def _lives(process: BaseProcess) -> bool:
    assert process.pid is not None
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _error(name: str, text: str) -> CropGlobeError:
    kinds: Mapping[str, object] = vars(errors)
    kind = kinds.get(name)
    if isinstance(kind, type) and issubclass(kind, CropGlobeError):
        return kind(text)
    return CropGlobeError(text)


def _cause(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"The worker process ended with exit status {exit_code}"
    name = signal.Signals(-exit_code).name
    why = ", as when memory runs out" if -exit_code == signal.SIGKILL else ""
    return f"The worker process was ended by {name}{why}"
