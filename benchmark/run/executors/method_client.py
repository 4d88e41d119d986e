"""The harness's side of a method's process: start it, send arrays, and read the replies."""

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmark import errors
from benchmark.errors import CropGlobeError, MethodError, UnavailableError
from benchmark.run.device import Measurement
from benchmark.run.executors import method_process as said
from benchmark.run.executors.confinement import Limits, confined_command, inside
from benchmark.run.executors.fork_server import FORKED
from benchmark.run.executors.messages import Channel, Message, MessageError
from benchmark.run.executors.method_requests import (
    HEAVY,
    fit_message,
    predict_message,
    read_fit_report,
    read_prediction,
)
from benchmark.run.executors.method_server import START, STOP, TRACE
from benchmark.run.executors.method_server_connection import (
    FIND_METHOD,
    MethodServer,
    MethodServerLostError,
)
from benchmark.run.fitting.started_method import (
    Ending,
    FitReport,
    FitRequest,
    MethodProcessLostError,
    MethodRaisedError,
    NoAnswerError,
    PredictionReport,
)
from benchmark.run.fitting.target_prediction import ShownTarget
from benchmark.run.jobs import Job
from benchmark.run.tracebacks import frames_of
from benchmark.task.described_methods import DescribedMethod, from_plain

MOST_NETWORK_BYTES: Final = 2 * 2**30
MOST_TRACE_BYTES: Final = 2**20

SECONDS_TO_TELL: Final = 5.0
"""Seconds in which a hanging process must write its stack; it ends after that."""

SECONDS_TO_END: Final = 5.0
"""Seconds in which a process must end after its last reply."""

SECONDS_TO_BURY: Final = 20.0
"""Seconds in which the server must end all processes that a process has left."""

SECONDS_TO_LOAD: Final = 300.0
"""Seconds in which the code of a method must be loaded. The limit of its job begins after that."""

BYTES_OF_A_NUMBER: Final = 16
"""Largest size of a number in a reply."""

METHOD_PROCESS: Final = "benchmark.run.executors.method_process"

SIGNALLED: Final = 128
"""Number that bubblewrap adds to the number of a signal (sh(1))."""


class OtherCodeError(NoAnswerError):
    """The method's process has loaded other code than the run was planned with."""


class LookUpError(NoAnswerError):
    """A method cannot be found on this machine, so that no job of it can run.

    Args:
        error: The error, which says why.
    """

    def __init__(self, error: CropGlobeError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class MethodProcesses:
    """Starts methods' processes for the jobs of a run.

    Attributes:
        server: Server that starts the processes.
        threads: Threads that each process may use; ``None`` for the default of the libraries.
        limit: Seconds that a job may take; ``None`` for no limit.
        find_method: Function that finds a method by name and file, as ``module:function``.
        limits: Limits of a confined process; ``None`` if processes are not confined.
        device: Device of the methods. A confined process sees a GPU only if this is a GPU.
    """

    server: MethodServer
    threads: int | None = None
    limit: float | None = None
    find_method: str = FIND_METHOD
    limits: Limits | None = None
    device: str = "cpu"

    @contextmanager
    def open(self, job: Job) -> Iterator["IsolatedMethod"]:
        """Start the process of a job's method.

        Raises:
            MethodProcessLostError: If the process dies or cannot load the method.
            NoAnswerError: If no job of the method can run.
        """
        method = job.method
        file = method.file if isinstance(method, DescribedMethod) else None
        with IsolatedMethod(self, file) as started:
            (found,) = started.look_up(method.name, job.seed)
            if found.code_fingerprint != job.identity.code_fingerprint:
                raise OtherCodeError(f"The process has loaded other code of {method.name}.")
            yield started


def describe_file(file: Path, limits: Limits | None = None) -> tuple[DescribedMethod, ...]:
    """Return descriptions of the methods of a file; its code runs in a separate process.

    Args:
        file: The file.
        limits: Limits of that process if it is confined; ``None`` if it is not confined.

    Raises:
        UsageError: If there is no such file.
        MethodError: If the file cannot be run or has no methods.
    """
    server = MethodServer.start()
    try:
        processes = MethodProcesses(server, limits=limits)
        with IsolatedMethod(processes, file.resolve(), anew=True) as started:
            return started.look_up(None, 0)
    except MethodProcessLostError as error:
        reason = error.reason.removesuffix(".").replace(str(inside(file)), str(file))
        where = "" if str(file) in reason else f"{file} cannot be run: "
        raise MethodError(f"{where}{reason}.") from error
    except LookUpError as error:
        raise error.error from error
    finally:
        server.close()


class IsolatedMethod:
    """The method of one job in a process of its own.

    Args:
        processes: Settings of the process.
        file: Method file that it may read; ``None`` for an installed method.
        anew: Whether a new process is started even if it could be forked.
    """

    def __init__(
        self, processes: MethodProcesses, file: Path | None, *, anew: bool = False
    ) -> None:
        self.ending = Ending("process" if processes.limits is None else "confined")
        self._processes, self._server, self._file = processes, processes.server, file
        self._anew = anew
        self._stopping = f"Stopped after {SECONDS_TO_LOAD:g} s in which its code was loaded"
        self._deadline: float | None = time.monotonic() + SECONDS_TO_LOAD
        self._ended: Mapping[str, Any] | None = None
        self._loaded: list[str] = []

    def __enter__(self) -> Self:
        """Start the process."""
        self._trace = tempfile.TemporaryFile(prefix="cropglobe-")
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours, self._check, self._server.control.fileno())
        limits = self._processes.limits
        command = {
            "do": START,
            "command": self._command(),
            "variables": {} if self._processes.threads is None else _few(self._processes.threads),
            "quiet": limits is not None,
            "watch": None
            if limits is None
            else {"memory": limits.memory_bytes, "processes": limits.processes},
        }
        try:
            with theirs:
                self._server.tell(command, [theirs.fileno(), self._trace.fileno()])
        except MethodServerLostError:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, and record how it ended."""
        try:
            # It has sent all replies, so a time limit that is reached now does not matter.
            with suppress(MessageError, MethodProcessLostError):
                if kind is None:
                    self._channel.send(Message(said.END))
            self._channel.connection.close()
            if self._ended is None:
                self._ended = self._server.heard(SECONDS_TO_END if kind is None else 0)
            if self._ended is None:
                self._stop()
        finally:
            self._close()
        if kind is None and self._command() is None:
            self._server.load(self._loaded)
        ended = self._ended or {}
        if self._processes.limits is None:
            self.ending.processes_left = ended.get("left")
        else:
            self.ending.peak_memory_bytes = ended.get("peak")

    def _close(self) -> None:
        self._channel.connection.close()
        self._trace.close()

    def look_up(self, name: str | None, seed: int) -> tuple[DescribedMethod, ...]:
        """Let the process find its method, or all methods of its file.

        Raises:
            LookUpError: If the method is not installed here.
            MethodProcessLostError: If the process dies, or the method cannot be loaded.
        """
        limits, processes, file = self._processes.limits, self._processes, self._file
        seen = file if file is None or limits is None else inside(file)
        values = {
            "name": name,
            "file": None if seen is None else str(seen),
            "function": processes.find_method,
            "seed": seed,
            "threads": processes.threads,
            "environment": None if limits is not None else dict(os.environ),
            "limits": {} if limits is None else limits.of_each_process(),
        }
        self._send(Message(said.BEGIN, values))
        answer = self._receive(0)
        self._deadline = None if processes.limit is None else time.monotonic() + processes.limit
        self._stopping = f"Stopped after the protocol's limit of {processes.limit or 0:g} s"
        if answer.kind == said.REFUSED:
            _refuse(answer.values)
        try:
            found = answer.values.get("methods")
            described = tuple(from_plain(each, file) for each in found or ())
        except (MethodError, AttributeError, TypeError) as error:
            raise MethodProcessLostError("failed", str(error)) from error
        if not described or (name is not None and [each.name for each in described] != [name]):
            raise MethodProcessLostError("failed", f"The method's process has no {name}")
        return described

    def fit(self, request: FitRequest) -> FitReport:
        """Send the arrays of a fit request, and return the report of the fit."""
        most = MOST_NETWORK_BYTES if request.keep_network else 0
        answer, seconds = self._timed(fit_message(request), most)
        report = read_fit_report(answer, request)
        loaded = answer.values.get("loaded")
        self._loaded = [name for name in HEAVY if isinstance(loaded, list) and name in loaded]
        return replace(report, measurement=self._measured(report.measurement, seconds))

    def predict(self, shown: ShownTarget) -> PredictionReport:
        """Send the arrays of a target, and return the report of the prediction."""
        most = len(shown.x) * shown.classes * BYTES_OF_A_NUMBER
        answer, seconds = self._timed(predict_message(shown), most)
        report = read_prediction(answer, shown)
        return replace(report, measurement=self._measured(report.measurement, seconds))

    def _measured(self, measurement: Measurement, seconds: float) -> Measurement:
        """Return the measurement of the process; for a confined one, the time from outside."""
        if self._processes.limits is None:
            return measurement
        return Measurement(seconds=seconds)

    def _timed(self, request: Message, most_bytes: int) -> tuple[Message, float]:
        self._send(request)
        start = time.perf_counter()
        answer = self._receive(most_bytes)
        seconds = time.perf_counter() - start
        reason = answer.values.get("reason")
        if answer.kind == said.UNAVAILABLE:
            raise UnavailableError(str(reason))
        if answer.kind == said.RAISED:
            raise MethodRaisedError(str(reason))
        return answer, seconds

    def _send(self, request: Message) -> None:
        try:
            self._channel.send(request)
        except MessageError as error:
            raise self._lost(error) from error

    def _receive(self, most_bytes: int) -> Message:
        try:
            return self._channel.receive(most_bytes)
        except MessageError as error:
            raise self._lost(error) from error

    def _check(self) -> float | None:
        """Check whether the process has ended or its time limit is reached; see `Channel`."""
        if self._ended is None:
            self._ended = self._server.heard()
            if self._ended is not None:
                self._channel.stop_watching()
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0 and self._ended is None:
            self._server.tell({"do": TRACE})
            self._ended = self._server.heard(SECONDS_TO_TELL)
            if self._ended is None:
                self._stop()
            reason = self._stopping + frames_of(self._stack())
            raise MethodProcessLostError("timeout", reason)
        return max(left, 0)

    def _stop(self) -> None:
        self._server.tell({"do": STOP})
        self._ended = self._server.heard(SECONDS_TO_BURY)

    def _lost(self, error: MessageError) -> MethodProcessLostError:
        """Return the error for a process that sent no valid reply."""
        if self._ended is None:
            self._ended = self._server.heard(SECONDS_TO_TELL)
        if self._ended is None:  # it still runs and has sent something invalid
            self._stop()
            return MethodProcessLostError("failed", f"The method's process answered with {error}")
        if self._ended.get("stopped") is not None:
            limits = self._processes.limits or Limits()
            used = {
                "memory": f"{limits.memory_bytes / 2**30:g} GB of memory",
                "processes": f"{limits.processes} processes",
            }.get(self._ended["stopped"], "it may")
            return MethodProcessLostError("failed", f"Stopped: the method used more than {used}")
        status = self._ended.get("status")
        if self._processes.limits is not None and status is not None and status > SIGNALLED:
            status = SIGNALLED - status
        reason = _cause(status) + frames_of(self._stack())
        return MethodProcessLostError("failed", reason, again=True)

    def _stack(self) -> str:
        self._trace.seek(0)
        return self._trace.read(MOST_TRACE_BYTES).decode("utf-8", errors="replace")

    def _command(self) -> list[str] | None:
        """Return the command of the process; ``None`` if the server forks itself."""
        limits = self._processes.limits
        if limits is not None:
            return confined_command(
                file=self._file,
                words=[METHOD_PROCESS],
                device=self._processes.device,
                limits=limits,
                variables={} if self._processes.threads is None else _few(self._processes.threads),
            )
        if FORKED and not self._anew:
            return None
        return [sys.executable, "-m", METHOD_PROCESS]


def _few(threads: int) -> dict[str, str]:
    """Return environment variables that limit threads; variables that are set are not changed."""
    return {name: os.environ.get(name, str(threads)) for name in said.THREAD_VARIABLES}


def _refuse(values: Mapping[str, Any]) -> None:
    """Raise the error because of which a process found no method."""
    text = str(values.get("text"))
    kind = vars(errors).get(str(values.get("error")))
    if kind is None or not issubclass(kind, CropGlobeError) or kind is MethodError:
        raise MethodProcessLostError("failed", text)
    raise LookUpError(kind(text))


def _cause(status: int | None) -> str:
    if status is None or status >= 0:
        return f"The method's process ended with exit status {status}"
    name = signal.Signals(-status).name
    why = ", as when memory runs out" if -status == signal.SIGKILL else ""
    return f"The method's process was ended by {name}{why}"
