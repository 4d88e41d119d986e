"""Commands on a run directory: `status`, `index` and `sync`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.terminal import counted, examples, make_console, plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from benchmark.results.run_status import RunStatus
    from benchmark.results.store import RunStore

RunDirectory = Annotated[Path, typer.Argument(help="Run directory.")]

TrackingUri = Annotated[
    str | None,
    typer.Option(
        envvar="MLFLOW_TRACKING_URI",
        help="MLflow server; if not given, a database in the run directory.",
    ),
]
"""Option of every command that writes to MLflow."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("status", epilog=examples("cropglobe status RUN"))(status)
    app.command("index", epilog=examples("cropglobe index RUN"))(index)
    app.command(
        "sync",
        epilog=examples(
            "cropglobe sync RUN",
            "cropglobe sync RUN --tracking-uri http://localhost:5000",
        ),
    )(sync)


def status(run: RunDirectory) -> None:
    """Show what a run has done, what it lacks, and why."""
    from benchmark.results.run_status import run_status
    from benchmark.results.store import RunStore

    found = run_status(RunStore(run))
    console = make_console()
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
    from benchmark.results.row_index import write_index
    from benchmark.results.store import RunStore

    path, damaged = write_index(RunStore(run))
    for problem in damaged:
        typer.echo(f"Note: {problem}", err=True)
    typer.echo(path)


def sync(
    run: RunDirectory,
    tracking_uri: TrackingUri = None,
) -> None:
    """Bring an MLflow server up to date with a run."""
    from benchmark.errors import StoreError, TrackingError
    from benchmark.results.mlflow.addresses import default_uri, shown
    from benchmark.results.mlflow.background_sync import sync_while_asked
    from benchmark.results.mlflow.tracking_state import writer_lock
    from benchmark.results.store import RunStore

    store = RunStore(run)
    if not store.jobs.is_dir():
        raise StoreError(f"{run} is no run directory: it has no folder 'jobs'.")
    uri = tracking_uri or default_uri(store)
    if not sync_while_asked(store, uri, lambda: _sync_once(store, uri)):
        holder = store.job_locks.held().get(writer_lock(uri), "another process")
        raise TrackingError(
            f"{holder} writes {run} to {shown(uri)} now, all its finished jobs included: wait "
            "until it has ended."
        )


def _sync_once(store: "RunStore", uri: str) -> None:
    """Bring a server up to date, and say what was written and what was left out."""
    from benchmark.results.mlflow.addresses import shown
    from benchmark.results.mlflow.local_database import set_aside_sentence
    from benchmark.results.mlflow.tracker import Tracker

    tracker = Tracker(store, uri)
    try:
        report = tracker.sync()
    finally:
        if tracker.set_aside is not None:
            typer.echo(set_aside_sentence(tracker.set_aside), err=True)
    for problem in report.left_out:
        typer.echo(f"Note: {problem}", err=True)
    typer.echo(f"{counted(report.written, 'job')} written, {report.kept} kept: {shown(uri)}")


def _counts(found: "RunStatus") -> "Table":
    from benchmark.results.run_status import STATES

    shown = [state for state in STATES if found.count(state)]
    table = plain_table("method", *shown)
    for name in dict.fromkeys(job.identity.method for job in found.jobs):
        states = [job.state for job in found.jobs if job.identity.method == name]
        table.add_row(name, *(str(states.count(state) or "") for state in shown))
    table.add_section()
    table.add_row(counted(len(found.jobs), "job"), *(str(found.count(state)) for state in shown))
    return table
