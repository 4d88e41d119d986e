"""The steps of a run that the command line and the Python interface share."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.data.inspect.domain_differences import run_warnings
from benchmark.data.shifts.shift_table import Shift, select_shifts
from benchmark.errors import UsageError
from benchmark.results.provenance import processors
from benchmark.results.run_plans import make_plan, write_plan
from benchmark.results.store import RunStore
from benchmark.results.stored_cards import write_cards
from benchmark.run.execution import Overwrite, Plan, find_work
from benchmark.run.executors.confinement import Limits, require_confinement
from benchmark.run.executors.dask_cluster import DaskCluster
from benchmark.run.executors.method_client import describe_file
from benchmark.run.executors.worker_pool import WorkerPool
from benchmark.run.executors.worker_process import Setup
from benchmark.run.jobs import Job, plan
from benchmark.run.runner import Runner
from benchmark.run.scorable_transfers import choose_scorable, choose_with_bands, domains_of_none
from benchmark.task.authoring.method_files import select_methods, select_with_files
from benchmark.task.card_requirements import submission_questions
from benchmark.task.feature_files import on_files
from benchmark.task.methods import Method
from benchmark.task.transfers import Transfer, select_transfers


@dataclass(frozen=True)
class Session:
    """What a run was asked for, and what is left to do.

    Attributes:
        runner: Runs jobs on one dataset under one protocol.
        store: Keeps the results.
        methods: The methods.
        words: Transfers as the user named them.
        overwrite: Which stored jobs are run again.
        pairs: The transfers.
        jobs: The jobs of the run.
        work: Which of them are to be run.
        warnings: What was left out and why, in sentences.
        shifts: Shifts of which a copy of each target is scored besides.
    """

    runner: Runner
    store: RunStore
    methods: tuple[Method, ...]
    words: tuple[str, ...]
    overwrite: Overwrite
    pairs: tuple[Transfer, ...]
    jobs: tuple[Job, ...]
    work: Plan
    warnings: tuple[str, ...]
    shifts: tuple[Shift, ...] = ()

    def without_unscorable(self) -> "Session":
        """Choose the samples of all jobs, and leave out the transfers that cannot be scored.

        Raises:
            DataError: If a pair that the user named cannot be scored, or none can.
        """
        if not self.work.todo:
            return self
        pairs, left_out = choose_scorable(self.runner, self.work.todo, self.pairs, self.words)
        if not left_out:
            return self
        return replace(self._with_pairs(pairs), warnings=self.warnings + left_out)

    def data_warnings(self) -> tuple[str, ...]:
        """Return what a reader must know of the data: differences, calendars, unseen seasons."""
        return run_warnings(
            self.runner.dataset,
            [pair.domains for pair in self.pairs],
            aligned=self.runner.protocol.season == "aligned",
        )

    def method_warnings(self) -> tuple[str, ...]:
        """Return which methods could not be submitted with the rows of this run, and why."""
        return tuple(
            f"{method.name} {question}; correct that before you run, since rows that are to be "
            "submitted must be made by the code that is submitted."
            for method in self.methods
            for question in submission_questions(method)
        )

    def write_plan(self) -> None:
        """Write what was asked for, and the cards of the methods, into the run directory.

        Raises:
            StoreError: If they cannot be written.
        """
        dataset = self.runner.dataset
        write_cards(self.store.root, {job.method.name: job.method for job in self.jobs}.values())
        asked = make_plan(
            [(job.identity, job.targets) for job in self.jobs],
            shifts=[shift.name for shift in self.shifts],
            dataset=dataset.card.name,
            data_path=str(dataset.root.resolve()),
            protocol=self.runner.protocol.model_dump(mode="json"),
        )
        write_plan(self.store.root, asked)

    def _with_pairs(self, pairs: Sequence[Transfer]) -> "Session":
        dataset, protocol = self.runner.dataset, self.runner.protocol
        jobs = plan(dataset, protocol, self.methods, pairs, self.shifts)
        work = find_work(jobs, self.store, self.overwrite)
        return replace(self, pairs=tuple(pairs), jobs=jobs, work=work)


def open_session(
    runner: Runner,
    store: RunStore,
    methods: Sequence[Method],
    words: Sequence[str],
    overwrite: Overwrite = "never",
    shifts: Sequence[str] | None = None,
) -> Session:
    """Find the jobs of a run and what is left to do.

    Args:
        runner: Runs jobs on one dataset under one protocol.
        store: Keeps the results.
        methods: The methods.
        words: Transfers as the user named them; the published ones if there are none.
        overwrite: Which stored jobs are run again.
        shifts: Shifts or their factors, as the user named them, of which a copy of each target is
            scored besides.

    Raises:
        UsageError: If a word names no transfer or no shift.
        DataError: If a named pair lacks the protocol's bands, or all do.
    """
    dataset, protocol = runner.dataset, runner.protocol
    pairs = select_transfers(words, dataset.domains)
    beside = domains_of_none(dataset.domains, pairs, words)
    pairs, warnings = choose_with_bands(dataset, protocol, pairs, words)
    copies = select_shifts(shifts or ())
    jobs = plan(dataset, protocol, methods, pairs, copies)
    work = find_work(jobs, store, overwrite)
    given = (tuple(methods), tuple(words), overwrite, tuple(pairs))
    return Session(runner, store, *given, jobs, work, (*beside, *warnings), copies)


def choose_methods(
    patterns: Sequence[str],
    files: Sequence[Path],
    *,
    isolated: bool,
    confined: bool = False,
    from_files: bool = False,
) -> tuple[Method, ...]:
    """Return the methods of a run; where jobs are isolated, no method file is run in this process.

    Args:
        patterns: Names or patterns of installed methods.
        files: Method files.
        isolated: Whether methods run in processes of their own.
        confined: Whether those are confined.
        from_files: Whether features that can be computed or read are read.

    Raises:
        UsageError: If a pattern matches nothing, a file is not there, methods cannot be confined,
            or none of them reads features.
        MethodError: If a file cannot be run or names a method that is installed.
    """
    paths = [path.resolve() for path in files]
    if confined and not isolated:
        raise UsageError("--confined needs processes for the methods: use --workers 1 or more.")
    if not isolated:
        chosen = select_with_files(patterns, paths)
    else:
        if confined:
            require_confinement()
        limits = Limits() if confined else None
        chosen = select_methods(patterns, {path: describe_file(path, limits) for path in paths})
    return on_files(chosen) if from_files else chosen


def open_executor(
    session: Session,
    *,
    workers: int,
    scheduler: str | None = None,
    confined: bool = False,
    minutes: float | None = None,
) -> AbstractContextManager[DaskCluster | WorkerPool | None]:
    """Return what runs jobs outside of this process: a cluster, or worker processes.

    The context gives ``None`` where nothing is to be run, or all of it in this process: without
    workers and without a scheduler.

    Args:
        session: What is to be run.
        workers: Worker processes on this machine.
        scheduler: Address of a Dask scheduler, whose workers are used instead.
        confined: Whether methods run confined, see `benchmark.run.executors.confinement`.
        minutes: Minutes from now on after which a cluster begins no job; ``None`` for no limit.
    """
    if not session.work.todo or (workers == 0 and scheduler is None):
        return nullcontext()
    runner, store = session.runner, session.store
    limit = runner.protocol.job_time_limit_s
    setup = Setup(
        data=runner.dataset.root.resolve(),
        fingerprint=runner.dataset.fingerprint,
        protocol=runner.protocol.model_dump_json(),
        run=store.root.resolve(),
        cache=runner.cache_directory,
        threads=None if workers < 2 else max(1, processors() // workers),
        keep_networks=runner.keep_networks,
        confined=confined,
        place=store.directory.stay() if scheduler is None else None,
    )
    if scheduler is not None:
        gpu = runner.protocol.device.startswith("cuda")
        until = None if minutes is None else time.time() + 60 * minutes
        return DaskCluster(scheduler, setup, limit, gpu=gpu, until=until)
    return WorkerPool(workers, setup, limit)
