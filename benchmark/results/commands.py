"""Commands on a run directory: `status` and `index`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from benchmark.results.status import RunStatus

RunDirectory = Annotated[Path, typer.Argument(help="Run directory.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("status")(status)
    app.command("index")(index)


def status(run: RunDirectory) -> None:
    """Show what a run has done, what it lacks, and why."""
    from rich.console import Console

    from benchmark.results.status import run_status
    from benchmark.results.store import RunStore

    found = run_status(RunStore(run))
    console = Console()
    console.print(_counts(found))
    for job in found.jobs:
        if job.reason is not None:
            console.print(
                f"{job.state}: {job}: {job.reason}", highlight=False, markup=False, soft_wrap=True
            )
    for problem in found.damaged_plans:
        console.print(f"damaged: {problem}", highlight=False, markup=False, soft_wrap=True)


def index(run: RunDirectory) -> None:
    """Write every row of a run as one flat table, index.parquet."""
    from benchmark.results.index import write_index
    from benchmark.results.store import RunStore

    typer.echo(write_index(RunStore(run)))


def _counts(found: "RunStatus") -> "Table":
    from rich.table import Table

    from benchmark.results.status import STATES

    shown = [state for state in STATES if found.count(state)]
    table = Table("method", *shown)
    for name in dict.fromkeys(job.identity.method for job in found.jobs):
        states = [job.state for job in found.jobs if job.identity.method == name]
        table.add_row(name, *(str(states.count(state) or "") for state in shown))
    table.add_section()
    table.add_row(f"{len(found.jobs)} jobs", *(str(found.count(state)) for state in shown))
    return table
