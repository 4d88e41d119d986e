"""Start the process of each job's method, watch it, and end all processes that it leaves running.

One server belongs to one process of the harness. It has loaded the libraries and has no data. On
Linux each method's process is a fork of the server, so it begins at once and without data. The
server never opens a device and starts no thread. The imports at the top of this module are light.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from benchmark.run.executors.method_process import run_method_process
from benchmark.run.executors.process_tree import (
    adopt_orphans,
    descendants,
    end_descendants,
    end_with_parent,
    memory_of,
)

MOST_COMMAND_BYTES: Final = 2**17

START: Final = "start"
TRACE: Final = "trace"
STOP: Final = "stop"
LOAD: Final = "load"
"""Commands of the harness to the server."""

SECONDS_BETWEEN_LOOKS: Final = 0.1
"""Seconds between measurements of the memory of a confined process."""

GRACE: Final = 0.3
"""Seconds that processes are given to end after the one that started them has."""

CONFINING: Final = b"bwrap"
"""Name of the processes between this one and a confined one (proc(5), comm)."""

EXIT_FAILED: Final = 1


@dataclass
class _Child:
    """The process of a method.

    Attributes:
        pid: Its number.
        status: Exit status, negative for a signal; ``None`` while it runs.
        peak: Highest memory in bytes that was seen.
        stopped: Why the server has ended it; ``None`` if it has not.
    """

    pid: int
    status: int | None = None
    peak: int = 0
    stopped: str | None = None

    def collect(self) -> None:
        """Take note of it and of every other child that has ended."""
        with suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    unit = 1 if sys.platform == "darwin" else 1024
                    self.peak = max(self.peak, usage.ru_maxrss * unit)


def main(words: list[str]) -> None:
    """Run as a process of its own, started anew.

    Args:
        words: Number of the descriptor of the harness's connection, and modules to load.
    """
    number, *modules = words
    sys.argv = ["cropglobe"]
    load(modules)
    if modules:
        load_own_methods()
    serve_methods(socket.socket(fileno=int(number)))


def load(modules: list[str]) -> None:
    """Load modules for all later processes. A module that cannot be loaded fails in the process."""
    for name in modules:
        with suppress(ImportError):
            importlib.import_module(name)


PARTS: Final = (
    "benchmark.run.executors.messages",
    "benchmark.run.executors.method_requests",
    "benchmark.task.described_methods",
    "threadpoolctl",
)
"""Other modules that every method's process needs."""


def load_own_methods() -> None:
    """Load the methods of this package, whose code is trusted, for all later processes."""
    load(list(PARTS))
    from benchmark.errors import CropGlobeError
    from benchmark.task.authoring.method_files import own_methods

    with suppress(CropGlobeError):  # the process that needs one of them reports it
        own_methods()


def serve_methods(control: socket.socket) -> None:
    """Start methods' processes, one at a time, until the harness closes the connection.

    When a process has ended, the server sends one line of JSON: ``status``, ``left`` (number of
    processes that it left and that were ended), ``peak`` (bytes) and ``stopped``.

    Args:
        control: Socket for the commands of the harness.
    """
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()  # pages that a fork does not touch stay shared
    while True:
        command, descriptors = _receive(control)
        if command is None:
            break
        if command["do"] == LOAD:
            load(command["modules"])
            continue
        if command["do"] != START:
            continue  # the command is for a process that has just ended
        child = _start(command, descriptors, control)
        ended = _watch(child, control, ours, command.get("watch"))
        left = end_descendants(GRACE if ended and child.stopped is None else 0.0, child.collect)
        answer = {
            "status": child.status,
            "left": left,
            "peak": child.peak,
            "stopped": child.stopped,
        }
        if not ended:
            break
        with suppress(OSError):
            control.sendall(json.dumps(answer).encode() + b"\n")
    end_descendants()


def _receive(control: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Return the next command and its descriptors; ``None`` if the harness has closed."""
    text, descriptors = b"", []
    while not text.endswith(b"\n"):
        piece, found, _, _ = socket.recv_fds(control, MOST_COMMAND_BYTES, 2)
        descriptors += found
        if not piece:
            return None, descriptors
        text += piece
    lines = text.splitlines()
    commands: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return commands[-1], descriptors


def _start(command: dict[str, Any], descriptors: list[int], control: socket.socket) -> _Child:
    connection, trace = descriptors
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(command, connection, trace, control, parent)
    os.close(connection)
    os.close(trace)
    return _Child(pid)


def _become(
    command: dict[str, Any], connection: int, trace: int, control: socket.socket, parent: int
) -> NoReturn:
    """Become the process of a method; this never returns to the server's code."""
    status = EXIT_FAILED
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        end_with_parent(parent)
        words = command.get("command")
        if words is None:
            _forget()
            run_method_process(socket.socket(fileno=connection), trace)
            status = 0
        else:
            os.environ.update(command["variables"])
            _exec(words, connection, trace, quiet=command["quiet"])
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _forget() -> None:
    """Remove the server's exit functions and its list of child processes."""
    import atexit
    from multiprocessing import process, resource_tracker, util

    atexit._clear()
    process._children.clear()  # type: ignore[attr-defined]
    util._finalizer_registry.clear()  # type: ignore[attr-defined]
    atexit.register(util._exit_function)  # type: ignore[attr-defined]
    tracker: Any = resource_tracker._resource_tracker
    tracker._fd = tracker._pid = None


def _exec(words: list[str], connection: int, trace: int, *, quiet: bool) -> NoReturn:
    for descriptor in (connection, trace):
        os.set_inheritable(descriptor, True)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2) if quiet else (0,):
        os.dup2(nothing, standard)
    os.execv(words[0], [*words, str(connection), str(trace)])  # noqa: S606 - fixed words


def _watch(
    child: _Child, control: socket.socket, woken: socket.socket, limits: dict[str, int] | None
) -> bool:
    """Wait until a process has ended, or end it; return ``False`` if the harness has closed."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    child.collect()
    while child.status is None:
        poll.poll(None if limits is None else 1000 * SECONDS_BETWEEN_LOOKS)
        with suppress(BlockingIOError):
            woken.recv(4096)
        child.collect()
        if child.status is None and limits is not None:
            _hold(child, limits)
        if select.select([control], [], [], 0)[0]:
            command, _ = _receive(control)
            if command is None:
                return False
            if command["do"] == TRACE:
                _ask_for_trace(child)
            elif command["do"] == STOP:
                child.stopped = child.stopped or STOP
                end_descendants(0, child.collect)
    return True


def _hold(child: _Child, limits: dict[str, int]) -> None:
    """Measure memory and processes, and end a process that exceeds its limits."""
    running = descendants()
    memory = memory_of(running)
    child.peak = max(child.peak, memory)
    if memory > limits["memory"]:
        child.stopped = "memory"
    elif len(running) > limits["processes"]:
        child.stopped = "processes"
    if child.stopped is not None:
        end_descendants(0, child.collect)


def _ask_for_trace(child: _Child) -> None:
    """Let the process of the method write its stack, also if it is confined."""
    for pid in (child.pid, *descendants(child.pid)):
        with suppress(OSError):
            if CONFINING in Path(f"/proc/{pid}/comm").read_bytes():
                continue
            os.kill(pid, signal.SIGUSR1)
            return


if __name__ == "__main__":
    main(sys.argv[1:])
