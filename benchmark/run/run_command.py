"""Command `run`."""

import os
from collections import Counter
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmark.results.run_directory_commands import TrackingUri
from benchmark.run.executors.fork_server import start_fork_server
from benchmark.run.job_options import Data, Device, Methods, ProtocolName, Seeds, Transfers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.results.store import RunStore
    from benchmark.run.execution import Finished, Plan
    from benchmark.run.executors.dask_cluster import DaskCluster
    from benchmark.run.executors.worker_pool import WorkerPool
    from benchmark.run.jobs import Job
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.runner import Runner
    from benchmark.task.protocol import Protocol

EXIT_FAILED_JOBS: Final = 3


class OverwriteChoice(StrEnum):
    """Which stored jobs are run again."""

    never = "never"
    failed = "failed"
    stale = "stale"
    always = "always"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("run")(run)


def run(
    data: Data = "simulated",
    protocol: ProtocolName = "quick",
    methods: Methods = None,
    method_file: Annotated[
        list[Path] | None,
        typer.Option(help="Python file whose methods run too, without installation; repeatable."),
    ] = None,
    transfers: Transfers = None,
    seeds: Seeds = None,
    device: Device = None,
    out: Annotated[Path | None, typer.Option(help="Run directory.")] = None,
    overwrite: Annotated[
        OverwriteChoice, typer.Option(help="Which stored jobs to run again.")
    ] = OverwriteChoice.never,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="CROPGLOBE_WORKERS",
            help="Processes that run jobs; 0 runs them in this one, unguarded.",
        ),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler whose workers run the jobs: tcp://..."),
    ] = None,
    keep_networks: Annotated[
        bool,
        typer.Option(help="Keep the fitted CropNets, 4 MB each, in the run directory and MLflow."),
    ] = True,
    tracking: Annotated[
        bool, typer.Option(envvar="CROPGLOBE_TRACKING", help="Show the run in MLflow.")
    ] = True,
    tracking_uri: TrackingUri = None,
) -> None:
    """Train methods on source domains, score them on targets, and write a leaderboard."""
    yield_idle_threads()
    chosen_protocol = make_protocol(protocol, seeds, device)
    place = out or Path("results") / f"{Path(data).name}-{chosen_protocol.name}"
    if workers and scheduler is None and not place.exists():
        start_fork_server()  # it loads its libraries while this process loads its own
    from benchmark.data.data_commands import show_progress
    from benchmark.data.dataset_source import cache_directory, open_source
    from benchmark.data.inspect.domain_differences import run_warnings
    from benchmark.results.store import RunStore
    from benchmark.run.device import resolve_device
    from benchmark.run.execution import execute, find_work
    from benchmark.run.jobs import plan
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.runner import Runner
    from benchmark.run.scorable_transfers import choose_scorable
    from benchmark.task.authoring.method_files import select_with_files
    from benchmark.task.transfers import select_transfers

    if scheduler is None:  # its workers may have what this machine lacks
        resolve_device(chosen_protocol.device, chosen_protocol.precision)
    files = tuple(path.resolve() for path in method_file or [])
    chosen_methods = select_with_files(methods or [], files)
    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress)
    pairs = select_transfers(transfers or [], dataset.domains)
    store = RunStore(place)
    store.prepare()
    cache = cache_directory() / "representations"
    runner = Runner(dataset, chosen_protocol, cache, keep_networks)
    jobs = plan(dataset, chosen_protocol, chosen_methods, pairs)
    work = find_work(jobs, store, overwrite.value)
    warnings: tuple[str, ...] = ()
    # Workers start first: they load their libraries while the samples are chosen here.
    chosen = _place(workers, scheduler, runner, store, files) if work.todo else nullcontext()
    with chosen as where:
        if work.todo:
            pairs, warnings = choose_scorable(runner, work.todo, pairs, transfers or [])
            if warnings:
                jobs = plan(dataset, chosen_protocol, chosen_methods, pairs)
                work = find_work(jobs, store, overwrite.value)
        display = RunDisplay(work.todo)
        _keep_plan(store, jobs, runner)
        _announce(display, work)
        aligned = chosen_protocol.season == "aligned"
        data_warnings = run_warnings(dataset, [pair.domains for pair in pairs], aligned=aligned)
        for sentence in (*warnings, *data_warnings):
            display.say(f"Warning: {sentence}")
        display.at_once = 1 if where is None else where.at_once
        with _tracking(store, tracking_uri, wanted=tracking, busy=bool(work.todo)) as follower:
            with display:
                finished = execute(
                    work, runner, store, where, on_start=display.start, on_finish=display.finish
                )
            if follower is not None:
                follower.finish()
                if follower.warning is not None:
                    display.say(f"Warning: {follower.warning}")
    _conclude(display, store, len(jobs), work, finished)


def yield_idle_threads() -> None:
    """Let OpenMP threads sleep while they wait, unless the user has decided.

    On a machine that is shared, threads that spin take the cores from those that work: an MLP that
    trained in 6 s this way took 31 s without, on two cores with a load of three. Read when the
    first numerical library is loaded, so this comes before any import of one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def make_protocol(name: str, seeds: list[int] | None, device: str | None) -> "Protocol":
    """Return a protocol with what the command line says in place of its own."""
    from benchmark.task.protocol import Protocol, load_protocol, validate_protocol

    chosen: Protocol = load_protocol(name)
    changes: dict[str, object] = {}
    if seeds:
        changes["seeds"] = tuple(seeds)
    if device is not None:
        changes["device"] = device
    return validate_protocol(chosen.model_dump() | changes, where="the command line")


def _place(
    workers: int,
    scheduler: str | None,
    runner: "Runner",
    store: "RunStore",
    files: tuple[Path, ...],
) -> "AbstractContextManager[DaskCluster | WorkerPool | None]":
    """Return where jobs run: a cluster, worker processes, or ``None`` for this process."""
    from functools import partial

    from benchmark.results.provenance import processors
    from benchmark.run.executors.dask_cluster import DaskCluster
    from benchmark.run.executors.worker_pool import WorkerPool
    from benchmark.run.executors.worker_process import Setup
    from benchmark.task.authoring.method_files import find_method

    if workers == 0 and scheduler is None:
        return nullcontext()
    limit = runner.protocol.job_time_limit_s
    setup = Setup(
        data=runner.dataset.root.resolve(),
        fingerprint=runner.dataset.fingerprint,
        protocol=runner.protocol.model_dump_json(),
        run=store.root.resolve(),
        cache=runner.cache_directory,
        threads=None if workers < 2 else max(1, processors() // workers),
        keep_networks=runner.keep_networks,
        find_method=partial(find_method, files),
    )
    if scheduler is not None:
        return DaskCluster(scheduler, setup, limit, gpu=runner.protocol.device.startswith("cuda"))
    return WorkerPool(workers, setup, limit)


def _tracking(
    store: "RunStore", uri: str | None, *, wanted: bool, busy: bool
) -> "AbstractContextManager[BackgroundSync | None]":
    """Return what keeps MLflow up to date, or ``None`` where it is not wanted or is so already."""
    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.results.mlflow.tracker import default_uri
    from benchmark.results.mlflow.tracking_state import job_state, read_tracking_state

    address = uri or default_uri(store)
    if not wanted or (not busy and read_tracking_state(store).is_synced(address, job_state(store))):
        return nullcontext()
    return BackgroundSync(store.root.resolve(), address)


def _keep_plan(store: "RunStore", jobs: "Sequence[Job]", runner: "Runner") -> None:
    from benchmark.results.run_plans import make_plan, write_plan
    from benchmark.results.stored_cards import write_cards

    write_cards(store.root, {job.method.name: job.method for job in jobs}.values())
    dataset = runner.dataset
    asked = make_plan(
        [(job.identity, job.targets) for job in jobs],
        dataset=dataset.card.name,
        data_path=str(dataset.root.resolve()),
        protocol=runner.protocol.model_dump(mode="json"),
    )
    write_plan(store.root, asked)


def _announce(display: "RunDisplay", work: "Plan") -> None:
    for problem in work.damaged:
        display.say(f"Damaged, to be run again: {problem}")
    for changed, jobs in Counter(work.stale.values()).items():
        display.say(
            f"{jobs} stored jobs were made by {changed}; --overwrite stale runs them again."
        )
    kept = len(work.done) + len(work.failed)
    display.say(f"{len(work.todo)} jobs to run, {kept} stored already.")


def _conclude(
    display: "RunDisplay",
    store: "RunStore",
    jobs: int,
    work: "Plan",
    finished: "Sequence[Finished]",
) -> None:
    """Make index and reports, and say in one line each what has no scores.

    Raises:
        Exit: If jobs have failed.
    """
    from benchmark.run.run_reports import make_reports

    place = store.root
    if not make_reports(store):
        display.say(
            f"Nothing has changed: the reports in {place} stand; `cropglobe leaderboard {place}` "
            "shows them."
        )
    lacking = sum(entry.status == "unavailable" for entry in finished)
    if lacking:
        display.say(
            f"{lacking} of {jobs} jobs are unavailable here; the leaderboard says what they "
            "need. The same command tries them again."
        )
    failed = len(work.failed) + sum(entry.status in ("failed", "timeout") for entry in finished)
    if failed:
        display.say(
            f"{failed} of {jobs} jobs failed; the leaderboard says why. "
            "After mending, run the same command with --overwrite failed."
        )
        raise typer.Exit(EXIT_FAILED_JOBS)
