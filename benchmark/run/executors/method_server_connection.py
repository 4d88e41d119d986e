"""The harness's connection to the method server, which starts methods' processes."""

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
    """The method server has died; the job did not cause it."""


class MethodServer:
    """A method server, which starts methods' processes one at a time.

    Args:
        control: Socket for commands.
        pid: Number of its process.
        process: That process, if it is no fork of this one.
    """

    def __init__(
        self, control: socket.socket, pid: int, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.control = control
        self.pid = pid
        self._process = process
        self._text = b""
        self._loaded: set[str] = set()

    def load(self, modules: Sequence[str]) -> None:
        """Let the server load modules for later processes, each module once."""
        new = sorted(set(modules) - self._loaded)
        if new:
            self._loaded.update(new)
            self.tell({"do": LOAD, "modules": new})

    @classmethod
    def fork(cls) -> "MethodServer":
        """Fork a server from this process, which must have no data yet and only one thread."""
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
        """Start a server in a new process, which has nothing of this process.

        Args:
            modules: Modules that it loads first.
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
        return cls(ours, process.pid, process)

    def tell(self, command: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a command to the server.

        Args:
            command: Values of the command.
            descriptors: File descriptors to send with it.

        Raises:
            MethodServerLostError: If the server has died.
        """
        line = json.dumps(command).encode() + b"\n"
        try:
            socket.send_fds(self.control, [line], list(descriptors))
        except OSError as error:
            raise MethodServerLostError("The method server has died.") from error

    def heard(self, seconds: float = 0.0) -> Mapping[str, Any] | None:
        """Return how a process has ended, or ``None`` if it has not ended after some seconds.

        Raises:
            MethodServerLostError: If the server has died.
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
                raise MethodServerLostError("The method server has died.")
            self._text += piece
        line, _, self._text = self._text.partition(b"\n")
        ended: Mapping[str, Any] = json.loads(line)
        return ended

    def close(self) -> None:
        """End the server and all processes that it has started, and wait for it."""
        self.control.close()
        if self._process is not None:
            self._process.wait()  # which also tells its destructor that nothing is left running
            return
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _close_all_but(kept: int) -> None:
    """Close the connections that a fork has inherited from its parent."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if kept < 2**16 else kept + 2**16)
