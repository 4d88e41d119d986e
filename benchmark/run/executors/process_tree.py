"""The processes below this one: found, ended and waited for, whatever sessions they have opened."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
"""Numbers of prctl(2)."""

PROCESSES: Final = Path("/proc")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")

SECONDS_TO_DIE: Final = 5.0
"""How long killed processes are waited for; one that waits for a device may take longer."""

SECONDS_BETWEEN_LOOKS: Final = 0.005


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent: int) -> None:
    """Be killed when the process that has started this one ends (Linux).

    Args:
        parent: Its number; it may have ended already.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def descendants(of: int | None = None) -> list[int]:
    """Return the processes below one, this one by default, that still run; empty but on Linux."""
    children: dict[int, list[int]] = {}
    for pid, parent, state in _processes():
        if state not in "ZX":
            children.setdefault(parent, []).append(pid)
    found, waiting = [], [os.getpid() if of is None else of]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def memory_of(pids: list[int]) -> int:
    """Return the bytes of memory that processes hold now; shared pages count for each."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            total += int((PROCESSES / str(pid) / "statm").read_text().split()[1]) * PAGE
    return total


def end_descendants(grace: float = 0.0, collect: Callable[[], None] | None = None) -> int:
    """End every process below this one, and wait for it.

    They are stopped first, so that none starts another meanwhile; what one of them leaves behind
    becomes a child of this process (`adopt_orphans`) and is ended in the next round.

    Args:
        grace: Seconds that they are given to end by themselves.
        collect: Takes note of children that have ended; in place of `reap`.

    Returns:
        How many had to be ended.
    """
    collect = collect or reap
    deadline = time.monotonic() + grace
    while (running := descendants()) and time.monotonic() < deadline:
        collect()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    ended: set[int] = set()
    deadline = time.monotonic() + SECONDS_TO_DIE
    while running and time.monotonic() < deadline:
        ended.update(running)
        for what in (signal.SIGSTOP, signal.SIGKILL):
            for pid in running:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, what)
        collect()
        running = descendants()
        if running:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    collect()
    return len(ended)


def reap() -> None:
    """Take note of every child that has ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _processes() -> list[tuple[int, int, str]]:
    """Return number, parent and state of each process (proc(5))."""
    if sys.platform != "linux":
        return []
    found = []
    for entry in PROCESSES.iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                text = (entry / "stat").read_text("utf-8", errors="replace")
                state, parent = text.rpartition(")")[2].split()[:2]
                found.append((int(entry.name), int(parent), state))
    return found


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
