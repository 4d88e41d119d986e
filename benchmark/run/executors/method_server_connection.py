"""The harness's connection to what starts methods' processes."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from benchmark.run.executors.fork_server import search_path
from benchmark.run.executors.method_server import LOAD, load_own_methods, serve_methods
from benchmark.run.fitting.started_method import NoAnswerError

FIND_METHOD: Final = "benchmark.task.authoring.method_files:find_method"
METHOD_SERVER: Final = "benchmark.run.executors.method_server"


class MethodServerLostError(NoAnswerError):
    """What starts methods' processes has died, which is no fault of the job."""


class MethodServer:
    """What starts methods' processes, one at a time.

    Args:
        control: Where it is told to.
        pid: Its number.
    """

    def __init__(self, control: socket.socket, pid: int) -> None:
        self.control = control
        self.pid = pid
        self._text = b""
        self._loaded: set[str] = set()

    def load(self, modules: Sequence[str]) -> None:
        """Have it load modules for the processes to come, each once."""
        new = sorted(set(modules) - self._loaded)
        if new:
            self._loaded.update(new)
            self.tell({"do": LOAD, "modules": new})

    @classmethod
    def fork(cls) -> "MethodServer":
        """Fork it from this process, which must hold no data yet and have one thread."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                _close_all_but(theirs.fileno())
                sys.argv = ["cropglobe"]
                load_own_methods()
                serve_methods(theirs)
            finally:
                os._exit(0)
        theirs.close()
        return cls(ours, pid)

    @classmethod
    def start(cls, modules: Sequence[str] = ()) -> "MethodServer":
        """Start it anew, with none of what this process holds.

        Args:
            modules: What it loads first.
        """
        ours, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        process = subprocess.Popen(  # noqa: S603 - this package
            [sys.executable, "-m", METHOD_SERVER, str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | search_path(),
            start_new_session=True,
        )
        theirs.close()
        _started.append(process)  # not waited for by Popen's destructor, which would warn
        return cls(ours, process.pid)

    def tell(self, command: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Tell it something.

        Raises:
            MethodServerLostError: If it is gone.
        """
        line = json.dumps(command).encode() + b"\n"
        try:
            socket.send_fds(self.control, [line], list(descriptors))
        except OSError as error:
            raise MethodServerLostError("What starts methods' processes has died.") from error

    def heard(self, seconds: float = 0.0) -> Mapping[str, Any] | None:
        """Return how a process has ended, or ``None`` if that is not so within some seconds.

        Raises:
            MethodServerLostError: If the server is gone.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._text:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self.control], [], [], left)[0]:
                return None
            try:
                piece = self.control.recv(4096)
            except OSError:
                piece = b""
            if not piece:
                raise MethodServerLostError("What starts methods' processes has died.")
            self._text += piece
        line, _, self._text = self._text.partition(b"\n")
        ended: Mapping[str, Any] = json.loads(line)
        return ended

    def close(self) -> None:
        """Have it end, with all that it has started, and wait for it."""
        self.control.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _close_all_but(kept: int) -> None:
    """Close what a fork has inherited: connections of the process that it was forked from."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if kept < 2**16 else kept + 2**16)


_started: list[subprocess.Popen[bytes]] = []
