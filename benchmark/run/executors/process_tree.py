"""Find and end the processes below this one, also those in other sessions."""

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
"""Seconds to wait for killed processes; one that waits for a device may take longer."""

SECONDS_BETWEEN_LOOKS: Final = 0.005


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent ends (Linux).

    Args:
        parent: Number of the parent process, which may have ended already.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def descendants(of: int | None = None) -> list[int]:
    """Return the running processes below a process, by default this one; empty except on Linux."""
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
    """Return the memory of processes in bytes; shared pages are counted for each process."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            total += int((PROCESSES / str(pid) / "statm").read_text().split()[1]) * PAGE
    return total


def end_descendants(grace: float = 0.0, collect: Callable[[], None] | None = None) -> int:
    """End every process below this one, and wait for it.

    Processes are stopped first, so that none starts another one. A process whose parent ends
    becomes a child of this process (`adopt_orphans`) and is ended in the next round.

    Args:
        grace: Seconds in which they may end by themselves.
        collect: Function that collects children that have ended; by default `reap`.

    Returns:
        Number of processes that had to be ended.
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
    """Collect every child process that has ended."""
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
