"""The commands that read runs, and the report that every run leaves."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from leaderboard.evidence import Answers, Evidence

TABLE_WIDTH: Final = 150
"""Characters a line where the output is a file or a pipe."""

Runs = Annotated[list[Path], typer.Argument(help="Run directories.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("leaderboard")(leaderboard)


def leaderboard(
    runs: Runs,
    out: Annotated[
        Path | None, typer.Option(help="Where to write [default: the run directory if it is one].")
    ] = None,
) -> None:
    """Rebuild leaderboards from the rows of one or more runs."""
    place = out or (runs[0] if len(runs) == 1 else None)
    publish(runs, place)


def report(run: Path) -> None:
    """Write and print the leaderboard of a run directory.

    Args:
        run: Run directory; `leaderboard.md`, `leaderboard.csv` and `transfers.csv` are written
            there.
    """
    publish([run], run)


def publish(runs: list[Path], out: Path | None) -> None:
    """Print the leaderboards of runs and, where a place is given, write them there.

    Args:
        runs: Run directories.
        out: Where to write Markdown and CSV; ``None`` only prints.

    Raises:
        StoreError: If a directory holds no run, or the place cannot be written.
    """
    from leaderboard.tables import screen_tables
    from leaderboard.writing import write_leaderboard

    console = make_console()
    evidence = gather(runs, console)
    for table in screen_tables(evidence):
        console.print(table)
    if out is not None:
        for path in write_leaderboard(evidence, out):
            say(console, f"Wrote {path}")


def make_console() -> "Console":
    """Return the terminal, or a wide page where there is none."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=TABLE_WIDTH)


def say(console: "Console", text: str) -> None:
    """Print a line as it is, whatever signs are in it."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def gather(runs: Sequence[Path], console: "Console") -> "Evidence":
    """Read runs, with a progress bar on a terminal, and name what is wrong with them.

    Args:
        runs: Run directories.
        console: Where to say it.

    Returns:
        Rows and what their predictions say.

    Raises:
        StoreError: If a directory holds no run.
    """
    from rich.progress import track

    from leaderboard.evidence import read_evidence

    def progress(sets: "Sequence[Answers]") -> "Iterable[Answers]":
        hidden = not console.is_terminal
        return track(sets, "Resampling", console=console, transient=True, disable=hidden)

    evidence = read_evidence(runs, progress=progress)
    for problem in evidence.problems:
        say(console, f"Note: {problem}")
    return evidence
