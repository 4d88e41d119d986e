"""Command `plan`: what a run would take, before anyone starts it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmark.run.job_options import (
    Bands,
    Data,
    Device,
    FeatureOrigin,
    Methods,
    ProtocolName,
    RepresentationFrom,
    Seeds,
    Transfers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from benchmark.run.planning.cost_estimates import Estimate

SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600
THOUSAND: Final = 1000


def register(app: typer.Typer) -> None:
    """Add the command of this module to the app."""
    app.command("plan")(plan)


def plan(
    data: Data = "simulated",
    protocol: ProtocolName = "quick",
    methods: Methods = None,
    transfers: Transfers = None,
    seeds: Seeds = None,
    bands: Bands = None,
    representation_from: RepresentationFrom = FeatureOrigin.computed,
    device: Device = None,
    out: Annotated[
        Path | None, typer.Option(help="Run directory whose stored jobs need not be run.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Workers, each with such a device to itself.")
    ] = 1,
    within: Annotated[
        float | None, typer.Option(min=0, help="Hours: how many workers would it take?")
    ] = None,
) -> None:
    """Estimate jobs, hours, memory and disk of a run from a calibration of half a minute."""
    from benchmark.run.run_command import make_protocol, yield_idle_threads

    yield_idle_threads()
    from benchmark.data.data_commands import show_progress
    from benchmark.data.dataset_source import open_source
    from benchmark.results.store import RunStore
    from benchmark.run.device import resolve_device
    from benchmark.run.execution import find_work
    from benchmark.run.jobs import plan
    from benchmark.run.planning.cost_estimates import make_estimate
    from benchmark.run.runner import Runner
    from benchmark.run.scorable_transfers import choose_scorable, choose_with_bands
    from benchmark.task.feature_files import on_files
    from benchmark.task.methods import registry
    from benchmark.task.transfers import select_transfers
    from benchmark.terminal import make_console

    chosen = make_protocol(protocol, seeds, device, bands)
    resolve_device(chosen.device, chosen.precision)
    selected = registry().select(methods or [])
    if representation_from == FeatureOrigin.files:
        selected = on_files(selected)
    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress)
        asked = transfers or []
        pairs = select_transfers(asked, dataset.domains)
        pairs, warnings = choose_with_bands(dataset, chosen, pairs, asked)
        runner, jobs = Runner(dataset, chosen), plan(dataset, chosen, selected, pairs)
        pairs, left_out = choose_scorable(runner, jobs, pairs, asked)
        jobs = plan(dataset, chosen, selected, pairs)
    for sentence in (*warnings, *left_out):
        typer.echo(f"Warning: {sentence}", err=True)
    stored = out is not None and RunStore(out).jobs.is_dir()
    todo = find_work(jobs, RunStore(out)).todo if out is not None and stored else jobs
    with show_progress("Calibrating") as progress:
        estimate = make_estimate(runner, todo, len(jobs), progress)
    make_console().print(_table(estimate))
    for line in _sentences(estimate, workers, within):
        typer.echo(line)


def _table(estimate: "Estimate") -> "Table":
    from rich.table import Table

    from benchmark.run.planning.cost_estimates import slowest_first

    table = Table("method")
    for title in ("jobs", "each", "all"):
        table.add_column(title, justify="right")
    for method in slowest_first(estimate.methods):
        jobs, total = len(method.seconds), sum(method.seconds)
        if method.unavailable is not None:
            table.add_row(f"{method.method}: {method.unavailable}", str(jobs), "-", "-")
        else:
            table.add_row(method.method, str(jobs), duration(total / jobs), duration(total))
    return table


def _sentences(estimate: "Estimate", workers: int, within: float | None) -> "Iterator[str]":
    to_run = estimate.jobs - estimate.stored
    yield f"{estimate.jobs} jobs, {estimate.stored} stored already, {to_run} to run."
    if not to_run:
        return
    each = " each" if workers > 1 else ""
    yield (
        f"About {duration(estimate.seconds_with(workers))} with {workers} such "
        f"device{'s' if workers > 1 else ''} ({estimate.device}); the longest job takes "
        f"{duration(estimate.longest)}. Boosting may stop sooner."
    )
    yield (
        f"About {size(estimate.memory_bytes)} of memory{each} and {size(estimate.disk_bytes)} "
        "on disk."
    )
    if within is not None:
        needed = estimate.workers_within(within * SECONDS_PER_HOUR)
        if needed is None:
            yield f"No number of workers finishes within {within:g} h: one job takes longer."
        else:
            many = "s" if needed > 1 else ""
            yield f"Within {within:g} h: {needed} worker{many}, each with such a device."


def duration(seconds: float) -> str:
    """Return a time as people say it, in two digits."""
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.0f} s"
    if seconds < SECONDS_PER_HOUR:
        return f"{seconds / SECONDS_PER_MINUTE:.2g} min"
    return f"{seconds / SECONDS_PER_HOUR:.3g} h"


def size(count: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "kB", "MB"):
        if count < THOUSAND:
            return f"{count:.3g} {unit}"
        count /= THOUSAND
    return f"{count:.3g} GB"
