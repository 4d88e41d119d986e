"""Command `run`."""

from collections import Counter
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from benchmark.results.run_directory_commands import TrackingUri
from benchmark.run import job_options as options
from benchmark.run.executors.fork_server import start_fork_server
from benchmark.terminal import counted, examples, show_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.results.mlflow.background_sync import BackgroundSync
    from benchmark.run.execution import Finished, Plan
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.session import Session

EXIT_FAILED_JOBS: Final = 3

NOT_ISOLATED: Final = (
    "With --workers 0 jobs run in this process: a method can change the answers of the next one, "
    "see the labels, hang or end the run. Use it to look for faults only."
)


EXAMPLES: Final = examples(
    "cropglobe run --protocol smoke --methods median.xgboost --transfers FRA:CHN",
    "cropglobe run --method-file my_method.py --transfers published --out MINE",
    "cropglobe run --data DATA --protocol paper --methods paper ablation",
)


class OverwriteChoice(StrEnum):
    """Which stored jobs are run again."""

    never = "never"
    failed = "failed"
    stale = "stale"
    always = "always"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    app.command("run", epilog=EXAMPLES)(run)


def run(
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
    options.yield_idle_threads()
    chosen_protocol = options.make_protocol(protocol, seeds, device, bands)
    place = out or options.run_directory(data, chosen_protocol)
    if workers and scheduler is None and not place.exists():
        start_fork_server()  # it loads its libraries while this process loads its own
    from benchmark.data.dataset_source import cache_directory, open_source
    from benchmark.results.mlflow.background_sync import follow
    from benchmark.results.store import RunStore
    from benchmark.run.device import resolve_device
    from benchmark.run.execution import execute
    from benchmark.run.progress_display import RunDisplay
    from benchmark.run.run_reports import make_reports
    from benchmark.run.runner import Runner
    from benchmark.run.session import choose_methods, open_executor, open_session

    if scheduler is None:  # its workers may have what this machine lacks
        resolve_device(chosen_protocol.device, chosen_protocol.precision)
    isolated = workers > 0 or scheduler is not None
    chosen_methods = choose_methods(
        methods or [],
        method_file or [],
        isolated=isolated,
        confined=confined,
        from_files=representation_from == options.FeatureOrigin.files,
    )
    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress)
    store = RunStore(place)
    store.prepare()
    runner = Runner(dataset, chosen_protocol, cache_directory() / "representations", keep_networks)
    session = open_session(runner, store, chosen_methods, transfers or [], overwrite.value, shifts)
    # Workers start first: they load their libraries while the samples are chosen here.
    with open_executor(
        session, workers=workers, scheduler=scheduler, confined=confined, minutes=minutes
    ) as executor:
        session = session.without_unscorable()
        work = session.work
        display = RunDisplay(work.todo)
        session.write_plan()
        _announce(display, session, isolated=isolated)
        display.at_once = 1 if executor is None else executor.at_once
        with (
            follow(store, tracking_uri, busy=bool(work.todo)) if tracking else nullcontext()
        ) as follower:
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
            store.directory.require()
            unchanged = reports and not make_reports(store)  # before MLflow ends, which shows them
            _finish_tracking(follower, display)
    _conclude(display, store.root, len(session.jobs), work, finished, unchanged=unchanged)


def _finish_tracking(follower: "BackgroundSync | None", display: "RunDisplay") -> None:
    if follower is None:
        return
    follower.finish()
    if follower.warning is not None:
        display.say(f"Warning: {follower.warning}")


def _announce(display: "RunDisplay", session: "Session", *, isolated: bool) -> None:
    work = session.work
    for problem in work.damaged:
        display.say(f"Damaged, to be run again: {problem}")
    for changed, jobs in Counter(work.stale.values()).items():
        display.say(
            f"{jobs} stored jobs were made by {changed}; --overwrite stale runs them again."
        )
    kept = len(work.done) + len(work.failed) + len(work.unavailable)
    display.say(f"{counted(len(work.todo), 'job')} to run, {kept} stored already.")
    own = (NOT_ISOLATED,) if work.todo and not isolated else ()
    methods = session.method_warnings() if work.todo else ()
    for sentence in (*own, *session.warnings, *session.data_warnings(), *methods):
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
            f"{len(work.todo) - len(finished)} of {jobs} jobs were not started here, "
            "since --minutes were over. The same command goes on from here."
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
            "After mending, run the same command with --overwrite failed; if you mended the "
            "method's code, with --overwrite stale, which runs all its jobs with it."
        )
        raise typer.Exit(EXIT_FAILED_JOBS)
