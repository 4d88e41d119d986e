"""Run a program with a time limit, and keep only the end of its output."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

KEPT_OUTPUT: Final = 64 * 1024
"""Bytes at the end of a program's output that are kept; earlier output is dropped."""

CHUNK: Final = 16 * 1024

AFTER_END_S: Final = 5.0
"""Seconds for which output is read after the program has ended; a child may keep it open."""


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        status: Exit status; ``None`` if it was ended because of its time limit.
        output: The end of its output and error output.
    """

    status: int | None
    output: str


def run_bounded(
    words: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds: float | None
) -> Ended:
    """Run a program in a session of its own and wait for it.

    Args:
        words: Command line.
        folder: Working directory.
        environment: Environment variables.
        seconds: Time limit, after which it is ended with all processes of its session; ``None`` for
            no limit.

    Returns:
        How it ended. The memory for its output is limited.
    """
    kept = bytearray()
    with subprocess.Popen(  # noqa: S603 - our own program
        words,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=_keep_end, args=(process.stdout, kept), daemon=True)
        reader.start()
        status: int | None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process.pid)
        reader.join(AFTER_END_S)
    return Ended(status, bytes(kept).decode("utf-8", "replace"))


def _keep_end(stream: IO[bytes], kept: bytearray) -> None:
    while chunk := stream.read1(CHUNK):  # type: ignore[attr-defined]
        kept += chunk
        del kept[:-KEPT_OUTPUT]


def _end(group: int) -> None:
    """End every process of a session's first process group, if there is one."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
