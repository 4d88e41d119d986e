"""The terminal that commands write to."""

import io
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

TABLE_WIDTH: Final = 150
"""Characters a line where the output is a file or a pipe: no column of a table is cut short."""


def replace_unknown_signs() -> None:
    """Let output go on where a stream's encoding lacks a sign: it is written as ``?``.

    Names of crops, files and places may be in any script, while terminals, pipes and log files may
    be in cp1252 or ASCII.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def make_console(*, errors: bool = False) -> "Console":
    """Return the terminal, or a wide page where there is none.

    Args:
        errors: Whether it writes where errors go, so that output can be piped.
    """
    from rich.console import Console

    console = Console(stderr=errors)
    return console if console.is_terminal else Console(width=TABLE_WIDTH, stderr=errors)


def working(console: "Console", what: str) -> "Status":
    """Show on a terminal that something takes a while, until the context is left."""
    return console.status(f"{what} ...")


def say(console: "Console", text: str) -> None:
    """Print a line as it is, whatever signs are in it."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
