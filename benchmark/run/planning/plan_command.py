"""Command `plan`: what a run would take, before anyone starts it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmark.run import job_options as options
from benchmark.terminal import counted, examples, make_console, plain_table, show_progress, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from benchmark.run.planning.cost_estimates import Estimate

LEAST_TOLD: Final = 0.01
"""Seconds below which no digits are shown: an estimate has none there."""

SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600

EXAMPLES: Final = examples(
    "cropglobe plan --protocol quick --methods headline --transfers published",
    "cropglobe plan --method-file my_method.py --protocol paper --seeds 82 83",
    "cropglobe plan --data DATA --protocol paper --methods paper --within 24",
    "cropglobe plan --transfers FRA:CHN --shifts level cadence-30",
)


def register(app: typer.Typer) -> None:
    """Add the command of this module to the app."""
    app.command("plan", epilog=EXAMPLES)(plan)


def plan(
    data: options.Data = "simulated",
    protocol: options.ProtocolName = "quick",
    methods: options.Methods = None,
    method_file: options.MethodFiles = None,
    transfers: options.Transfers = None,
    seeds: options.Seeds = None,
    bands: options.Bands = None,
    representation_from: options.RepresentationFrom = options.FeatureOrigin.computed,
    shifts: options.Shifts = None,
    device: options.Device = None,
    out: options.RunDirectory = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Workers, each with such a device to itself.")
    ] = 1,
    within: Annotated[
        float | None, typer.Option(min=0, help="Hours: how many workers would it take?")
    ] = None,
) -> None:
    """Estimate jobs, hours, memory and disk of a run from a calibration of half a minute.

    The calibration runs the methods in this process, those of a file included.
    """
    options.yield_idle_threads()
    from benchmark.data.dataset_source import open_source
    from benchmark.results.store import RunStore
    from benchmark.run.device import resolve_device
    from benchmark.run.planning.cost_estimates import make_estimate
    from benchmark.run.runner import Runner
    from benchmark.run.session import choose_methods, open_session

    chosen = options.make_protocol(protocol, seeds, device, bands)
    resolve_device(chosen.device, chosen.precision)
    from_files = representation_from == options.FeatureOrigin.files
    selected = choose_methods(
        methods or [], method_file or [], isolated=False, from_files=from_files
    )
    with show_progress("Preparing") as progress:
        runner = Runner(open_source(data, progress), chosen)
        store = RunStore(out or options.run_directory(data, chosen))
        session = open_session(runner, store, selected, transfers or [], shifts=shifts)
        session = session.without_unscorable()
    for sentence in (*session.warnings, *session.method_warnings()):
        typer.echo(f"Warning: {sentence}", err=True)
    with show_progress("Calibrating") as progress:
        estimate = make_estimate(runner, session.work.todo, len(session.jobs), progress)
    make_console().print(_table(estimate))
    for line in _sentences(estimate, workers, within):
        typer.echo(line)


def _table(estimate: "Estimate") -> "Table":
    from benchmark.run.planning.cost_estimates import slowest_first

    table = plain_table("method")
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
    yield f"{counted(estimate.jobs, 'job')}, {estimate.stored} stored already, {to_run} to run."
    unknown = sum(len(m.seconds) for m in estimate.methods if m.unavailable is not None)
    if unknown:
        yield (
            f"{unknown} of these jobs are not included in any estimate, since their methods cannot "
            "be calibrated here: the table says why."
        )
    if to_run == unknown:
        return
    each = " each" if workers > 1 else ""
    yield (
        f"About {duration(estimate.seconds_with(workers))} with {workers} such "
        f"device{'s' if workers > 1 else ''} ({estimate.device}); the longest job takes "
        f"{duration(estimate.longest)}. Boosting may stop sooner."
    )
    yield (
        f"About {size(estimate.memory_bytes)} of memory{each} and {size(estimate.disk_bytes)} "
        "on disk for jobs; starting, the tables and MLflow's database come on top."
    )
    if estimate.copies:
        yield (
            f"{estimate.copies} shifted copies of targets are scored besides, which is part of "
            f"these times: about {duration(estimate.copy_seconds)} to make all of them once, and "
            f"{size(estimate.copy_bytes)} of the cache."
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
    if seconds < LEAST_TOLD:
        return f"below {LEAST_TOLD} s"
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.0f} s"
    if seconds < SECONDS_PER_HOUR:
        return f"{seconds / SECONDS_PER_MINUTE:.2g} min"
    return f"{seconds / SECONDS_PER_HOUR:.3g} h"
