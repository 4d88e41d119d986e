"""Command `leaderboard`, and the report that every run leaves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from benchmark.results.rows import Row


TABLE_WIDTH: Final = 132
"""Characters a line where the output is a file or a pipe."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("leaderboard")(leaderboard)


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")],
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
    from rich.console import Console

    from benchmark.results.store import RunStore
    from leaderboard.tables import screen_tables
    from leaderboard.writing import write_leaderboard

    rows: list[Row] = []
    damaged: list[str] = []
    for run in runs:
        jobs, problems = RunStore(run).read_all()
        rows += [row for job in jobs for row in job.rows]
        damaged += problems
    console = Console()
    if not console.is_terminal:
        console = Console(width=TABLE_WIDTH)
    for problem in damaged:
        console.print(f"Left out: {problem}", markup=False, highlight=False)
    for table in screen_tables(rows):
        console.print(table)
    if out is not None:
        for path in write_leaderboard(rows, damaged, out):
            console.print(f"Wrote {path}", markup=False, highlight=False)
