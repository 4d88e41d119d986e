"""The terminal that commands write to."""

import io
import os
import sys
from codecs import lookup
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.table import Table

Progress = Callable[[str, int, int], None]

PAGE_WIDTH: Final = 150
"""Characters a line where the output is a file or a pipe: no cell of a table is cut short."""

TABLE_WIDTH: Final = 80
"""Characters of a leaderboard there, which leaves out columns in place of cutting cells."""

LEAST_LAST: Final = 40
"""Characters that the last column of `show_lines` needs: sentences in fewer are hard to read."""

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


def plain_table(*headings: str, title: str | None = None) -> "Table":
    """Return a table without columns whose cells are broken, never cut, where they do not fit.

    Args:
        headings: Headings of the first columns, which hold texts.
        title: What it shows.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show_lines(console: "Console", headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table whose last column is long, else each line of it as a short list of its cells.

    Args:
        console: The terminal.
        headings: Heading of each column; the first is of names.
        lines: Texts of each line, which may have brackets; in a list empty ones are left out.
    """
    from rich.markup import escape
    from rich.padding import Padding

    columns = list(zip(headings, *lines, strict=True))
    room = console.width - sum(max(map(len, column)) + 2 for column in columns[:-1])
    if room >= min(LEAST_LAST, max(map(len, columns[-1]))):
        table = plain_table(*headings)
        for column in table.columns[:-1]:
            column.no_wrap = True
        for line in lines:
            table.add_row(*map(escape, line))
        console.print(table, highlight=False)
        return
    for name, *cells in lines:
        said = [f"{heading}: {cell}" for heading, cell in zip(headings[1:], cells, strict=True)]
        kept = [text for text, cell in zip(said, cells, strict=True) if cell]
        console.print(escape(name), style="bold", highlight=False)
        for text in ("; ".join(kept[:-1]), *kept[-1:]):
            if text:
                console.print(Padding(escape(text), (0, 0, 0, 2)), highlight=False)


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


def counted(count: int, noun: str) -> str:
    """Return a number of things, such as ``1 job`` and ``2 jobs``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


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
    console = Console(stderr=True)
    # in a file a bar would leave nothing but an empty line
    off = not console.is_terminal
    bar = Bar(*columns, TimeElapsedColumn(), console=console, transient=True, disable=off)
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
