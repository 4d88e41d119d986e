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
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.results.store import RunStore
    from benchmark.run.execution import Finished, Plan
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.session import Session
    from benchmark.task.protocol import Protocol

EXIT_FAILED_JOBS: Final = 3

NOT_ISOLATED: Final = (
    "With --workers 0 jobs run in this process: a method can change the answers of the next one, "
    "see the labels, hang or end the run. Use it to look for faults only."
)


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
    bands: Bands = None,
    representation_from: RepresentationFrom = FeatureOrigin.computed,
    shifts: Annotated[
        list[str] | None,
        typer.Option(
            help="Score shifted copies of each target as well: names of shifts or factors, such "
            "as level; every shift if none is named."
        ),
    ] = None,
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
            help="Processes that run jobs; 0 runs them in this one, where methods are not kept "
            "apart.",
        ),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler whose workers run the jobs: tcp://..."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0, help="Start no job after so many minutes; the same command goes on from there."
        ),
    ] = None,
    reports: Annotated[
        bool, typer.Option(help="Write the index and the leaderboard when jobs are done.")
    ] = True,
    confined: Annotated[
        bool,
        typer.Option(
            help="Run each method without network, home and data, in bounded memory (bubblewrap)."
        ),
    ] = False,
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
    chosen_protocol = make_protocol(protocol, seeds, device, bands)
    place = out or Path("results") / f"{Path(data).name}-{chosen_protocol.name}"
    if workers and scheduler is None and not place.exists():
        start_fork_server()  # it loads its libraries while this process loads its own
    from benchmark.data.data_commands import show_progress
    from benchmark.data.dataset_source import cache_directory, open_source
    from benchmark.results.store import RunStore
    from benchmark.run.device import resolve_device
    from benchmark.run.execution import execute
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.run_reports import make_reports
    from benchmark.run.runner import Runner
    from benchmark.run.session import choose_methods, open_executor, open_session
    from benchmark.task.feature_files import on_files

    if scheduler is None:  # its workers may have what this machine lacks
        resolve_device(chosen_protocol.device, chosen_protocol.precision)
    isolated = workers > 0 or scheduler is not None
    chosen_methods = choose_methods(
        methods or [], method_file or [], isolated=isolated, confined=confined
    )
    if representation_from == FeatureOrigin.files:
        chosen_methods = on_files(chosen_methods)
    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress)
    store = RunStore(place)
    store.prepare()
    cache = cache_directory() / "representations"
    runner = Runner(dataset, chosen_protocol, cache, keep_networks)
    session = open_session(runner, store, chosen_methods, transfers or [], overwrite.value, shifts)
    # Workers start first: they load their libraries while the samples are chosen here.
    with (
        open_executor(runner, store, workers=workers, scheduler=scheduler, confined=confined)
        if isolated and session.work.todo
        else nullcontext()
    ) as executor:
        session = session.without_unscorable()
        work = session.work
        display = RunDisplay(work.todo)
        session.write_plan()
        _announce(display, session, isolated=isolated)
        display.at_once = 1 if executor is None else executor.at_once
        with _tracking(store, tracking_uri, wanted=tracking, busy=bool(work.todo)) as follower:
            with display:
                finished = execute(
                    work,
                    runner,
                    store,
                    executor,
                    on_start=display.start,
                    on_finish=display.finish,
                    seconds=None if minutes is None else 60 * minutes,
                )
            store.place.require()
            changed = reports and make_reports(store)  # before MLflow ends, which shows them
            _finish_tracking(follower, display)
    _conclude(
        display, store.root, len(session.jobs), work, finished, unchanged=reports and not changed
    )


def _finish_tracking(follower: "BackgroundSync | None", display: "RunDisplay") -> None:
    if follower is None:
        return
    follower.finish()
    if follower.warning is not None:
        display.say(f"Warning: {follower.warning}")


def yield_idle_threads() -> None:
    """Let OpenMP threads sleep while they wait, unless the user has decided.

    On a machine that is shared, threads that spin take the cores from those that work: an MLP that
    trained in 6 s this way took 31 s without, on two cores with a load of three. Read when the
    first numerical library is loaded, so this comes before any import of one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def make_protocol(
    name: str, seeds: list[int] | None, device: str | None, bands: list[str] | None = None
) -> "Protocol":
    """Return a protocol with what the command line says in place of its own.

    Bands change what is asked, and so the name.
    """
    from benchmark.task.protocol import Protocol, load_protocol, validate_protocol

    chosen: Protocol = load_protocol(name)
    changes: dict[str, object] = {}
    if seeds:
        changes["seeds"] = tuple(seeds)
    if device is not None:
        changes["device"] = device
    if bands:
        changes |= {"bands": bands, "name": f"{chosen.name}-{len(set(bands))}-bands"}
    return validate_protocol(chosen.model_dump() | changes, where="the command line")


def _tracking(
    store: "RunStore", uri: str | None, *, wanted: bool, busy: bool
) -> "AbstractContextManager[BackgroundSync | None]":
    """Return what keeps MLflow up to date, or ``None`` where it is not wanted or is so already."""
    from benchmark.results.mlflow.addresses import default_uri
    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.results.mlflow.tracking_state import read_tracking_state, view_state

    address = uri or default_uri(store)
    if not wanted or (
        not busy and read_tracking_state(store).is_synced(address, view_state(store))
    ):
        return nullcontext()
    return BackgroundSync(store.root.resolve(), address)


def _announce(display: "RunDisplay", session: "Session", *, isolated: bool) -> None:
    work = session.work
    for problem in work.damaged:
        display.say(f"Damaged, to be run again: {problem}")
    for changed, jobs in Counter(work.stale.values()).items():
        display.say(
            f"{jobs} stored jobs were made by {changed}; --overwrite stale runs them again."
        )
    kept = len(work.done) + len(work.failed) + len(work.unavailable)
    display.say(f"{len(work.todo)} jobs to run, {kept} stored already.")
    own = (NOT_ISOLATED,) if work.todo and not isolated else ()
    for sentence in (*own, *session.warnings, *session.data_warnings()):
        display.say(f"Warning: {sentence}")


def _conclude(
    display: "RunDisplay",
    place: Path,
    jobs: int,
    work: "Plan",
    finished: "Sequence[Finished]",
    *,
    unchanged: bool,
) -> None:
    """Say whether the reports are as before, and in one line each what has no scores.

    Raises:
        Exit: If jobs have failed.
    """
    if unchanged:
        display.say(
            f"Nothing has changed: the reports in {place} stand; `cropglobe leaderboard {place}` "
            "shows them."
        )
    if len(finished) < len(work.todo):
        display.say(
            f"{len(work.todo) - len(finished)} of {jobs} jobs were not started, since "
            "--minutes were over. The same command goes on from here."
        )
    lacking = len(work.unavailable) + sum(entry.status == "unavailable" for entry in finished)
    if lacking:
        display.say(
            f"{lacking} of {jobs} jobs are unavailable here; the leaderboard says what they "
            "need. The same command tries them again where that may help, and --overwrite failed "
            "always."
        )
    failed = len(work.failed) + sum(entry.status in ("failed", "timeout") for entry in finished)
    if failed:
        display.say(
            f"{failed} of {jobs} jobs failed; the leaderboard says why. "
            "After mending, run the same command with --overwrite failed."
        )
        raise typer.Exit(EXIT_FAILED_JOBS)
