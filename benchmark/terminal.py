"""The terminal that commands write to."""

import io
import os
import sys
from codecs import lookup
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

Progress = Callable[[str, int, int], None]

PAGE_WIDTH: Final = 150
"""Characters a line where the output is a file or a pipe: no cell of a table is cut short."""

TABLE_WIDTH: Final = 80
"""Characters of a leaderboard there, which leaves out columns in place of cutting cells."""

BELOW_NEXT_UNIT: Final = 999.5
"""What is as much or more in three digits is told in the next larger unit."""


def replace_unknown_signs() -> None:
    """Let output go on where a stream's encoding lacks a sign: it is written as ``?``.

    Names of crops, files and places may be in any script, while terminals, pipes and log files may
    be in cp1252 or ASCII.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and (
            stream.errors == "strict"
            # as Python sets it in the C locale
            or (stream.errors == "surrogateescape" and lookup(stream.encoding).name != "utf-8")
        ):
            stream.reconfigure(errors="replace")


def make_console(*, errors: bool = False) -> "Console":
    """Return the terminal, or a wide page where there is none and ``$COLUMNS`` names no width.

    Args:
        errors: Whether it writes where errors go, so that output can be piped.
    """
    from rich.console import Console

    console = Console(stderr=errors)
    known = console.is_terminal or "COLUMNS" in os.environ
    return console if known else Console(width=PAGE_WIDTH, stderr=errors)


def table_width(console: "Console") -> int:
    """Return how many characters wide a leaderboard may be."""
    known = console.is_terminal or "COLUMNS" in os.environ
    return console.width if known else TABLE_WIDTH


def working(console: "Console", what: str) -> "Status":
    """Show on a terminal that something takes a while, until the context is left."""
    return console.status(f"{what} ...")


def examples(*commands: str) -> str:
    """Return what stands below the help of a command: examples of its use, a line each.

    Args:
        commands: Commands as they are typed.
    """
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))


def say(console: "Console", text: str) -> None:
    """Print a line as it is, whatever signs are in it."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def size(count: float) -> str:
    """Return a number of bytes as people say it, in three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < BELOW_NEXT_UNIT:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


@contextmanager
def show_progress(verb: str) -> Iterator[Progress]:
    """Show one bar for the domain at work, on the error stream, from the first report on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(verb, total=None)
    started = False

    def report(domain: str, done: int, total: int) -> None:
        nonlocal started
        if not started:
            bar.start()
            started = True
        bar.update(task, description=f"{verb} {domain}", completed=done, total=total)

    try:
        yield report
    finally:
        if started:  # stopping a bar that never started writes an empty line
            bar.stop()
