"""Run the jobs of a run that are not stored yet, and store each one when it is finished."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean
from typing import Final, Literal

from benchmark.results.circumstances import circumstances
from benchmark.results.provenance import now
from benchmark.results.rows import Status
from benchmark.results.store import RunStore, StoredJob
from benchmark.run.executors.executor import Executor, InProcessExecutor, LostJob
from benchmark.run.executors.job_task import Task, TaskResult, store_lost_task
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner

SECONDS_BETWEEN_LOOKS: Final = 1.0
"""Seconds between checks of jobs that another coordinator runs, when no other job is left."""

FAILED: Final[tuple[Status, ...]] = ("failed", "timeout")

Overwrite = Literal["never", "failed", "stale", "always"]


@dataclass(frozen=True)
class Plan:
    """The work of a run: jobs to run, and stored jobs.

    Attributes:
        todo: Jobs to run.
        done: Stored jobs with scores, which are kept.
        failed: Stored jobs without scores, which are kept too.
        unavailable: Stored jobs whose fitted method needed something for a target that was missing.
            They are kept, since nothing has changed since then.
        stale: Stored jobs that are kept although their method's code or files of vectors have
            changed: what has changed, by the job's key.
        damaged: A sentence for each stored job that cannot be read. These are run again.
        superseded: Key of the stored job that a job to run replaces, by the new key.
        before: Checksum of the stored job with the same key as a job to run, by that key.
    """

    todo: tuple[Job, ...]
    done: tuple[Job, ...]
    failed: tuple[Job, ...]
    unavailable: tuple[Job, ...]
    stale: Mapping[str, str]
    damaged: tuple[str, ...]
    superseded: Mapping[str, str]
    before: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """A job that has just ended.

    Attributes:
        job: The job.
        status: The worst status of its rows.
        reason: Why there is no score.
        seconds: Seconds that it took.
        elsewhere: Whether another process ran it in the meantime.
        processes_left: Number of processes that its method left running and that were ended.
        position: Number of the job among the jobs to run, from 1.
        total: Number of jobs to run.
    """

    job: Job
    status: Status
    reason: str | None
    seconds: float
    elsewhere: bool
    processes_left: int
    position: int
    total: int


def find_work(jobs: Sequence[Job], store: RunStore, overwrite: Overwrite = "never") -> Plan:
    """Compare the jobs of a run with what is stored.

    Args:
        jobs: Jobs of the run.
        store: The store.
        overwrite: Which stored jobs to run again: none (``never``), those without scores
            (``failed``), those whose method's code or vectors have changed (``stale``), or
            ``always``.

    Returns:
        What to run and what stands. A stored job that lacks some of the targets or of their shifted
        copies is run again with those of both. One that was unavailable is tried again, since what
        it lacked may be there now; where it was fitted and lacked something for a target, that is
        done only if code, vectors, packages, weights or settings have changed.
    """
    found, damaged = store.read_all() if store.jobs.is_dir() else ((), ())
    stored = {job.identity.slot: job for job in found}
    todo: list[Job] = []
    done: list[Job] = []
    failed: list[Job] = []
    unavailable: list[Job] = []
    stale: dict[str, str] = {}
    superseded: dict[str, str] = {}
    checksums = {job.identity.key: job.checksum for job in found}
    for job in jobs:
        before = stored.get(job.identity.slot)
        if before is None:
            todo.append(job)
            continue
        lacks = not job.is_held_by(before)
        changed = job.identity.changed_since(before.identity)
        without_scores = any(row.status != "ok" for row in before.rows)
        lacked = {
            row.provenance.circumstances for row in before.rows if row.status == "unavailable"
        }
        stands = not lacked or (changed is None and lacked == {circumstances()})
        again = (
            overwrite == "always"
            or lacks
            or not stands
            or (overwrite == "stale" and changed is not None)
            or (overwrite == "failed" and (without_scores or _lacks_shifted_scores(before)))
        )
        if again:
            todo.append(job.extended(before))
            superseded[job.identity.key] = before.identity.key
        else:
            others = failed if any(row.status in FAILED for row in before.rows) else unavailable
            (others if without_scores else done).append(job)
            if changed is not None:
                stale[job.identity.key] = changed
    return Plan(
        todo=tuple(todo),
        done=tuple(done),
        failed=tuple(failed),
        unavailable=tuple(unavailable),
        stale=stale,
        damaged=damaged,
        superseded=superseded,
        before=checksums,
    )


def _lacks_shifted_scores(job: StoredJob) -> bool:
    return any(row.status != "ok" for row in job.shifted)


def execute(
    plan: Plan,
    runner: Runner,
    store: RunStore,
    executor: Executor | None = None,
    *,
    on_start: Callable[[Job], None] | None = None,
    on_finish: Callable[[Finished], None] | None = None,
    seconds: float | None = None,
) -> tuple[Finished, ...]:
    """Run the jobs of a plan, and store each one when it is finished.

    If several jobs run at once, the methods with the longest jobs run first, so that all workers
    finish at nearly the same time. A method without a measured time runs before the others.

    A job that another coordinator runs is left to it and checked again at the end. A job whose
    process died is run once more, since another process may have caused that. After the second time
    it counts as failed.

    Args:
        plan: The work of the run.
        runner: Runner for jobs in this process, and for rows of jobs whose process died.
        store: Store of the results.
        executor: Executor of the jobs; by default this process.
        on_start: Called with each job before it runs.
        on_finish: Called with each job after it is stored.
        seconds: Seconds after which no job is started; running jobs are finished. ``None`` for no
            limit.

    Returns:
        The jobs in the order in which they ended.

    Raises:
        DataError: If the data has not enough samples for a job.
        StoreError: If a result cannot be stored.
    """
    executor = executor or InProcessExecutor(runner, store)
    schedule = _Schedule(plan, runner, store, longest_first=executor.free() > 1)
    end_of_starts = inf if seconds is None else time.monotonic() + seconds
    while schedule.waiting or schedule.running or schedule.taken:
        if time.monotonic() >= end_of_starts:
            schedule.leave_waiting()
        elif not schedule.waiting and not schedule.running:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            schedule.look_again()
        while schedule.waiting and executor.free() and time.monotonic() < end_of_starts:
            task = schedule.begin()
            if on_start is not None:
                on_start(schedule.jobs[task.identity.key])
            executor.start(task, schedule.jobs[task.identity.key])
        for task, end in executor.wait() if schedule.running else ():
            finished = schedule.settle(task, end)
            if finished is not None and on_finish is not None:
                on_finish(finished)
    return tuple(schedule.finished)


class _Schedule:
    """The jobs of a run by state: waiting, running, taken by another coordinator, finished."""

    def __init__(self, plan: Plan, runner: Runner, store: RunStore, *, longest_first: bool) -> None:
        self.runner = runner
        self.store = store
        self.longest_first = longest_first
        self.jobs = {job.identity.key: job for job in plan.todo}
        self.waiting = [
            Task(
                job.identity,
                job.targets,
                plan.before.get(key),
                plan.superseded.get(key),
                job.shifts,
            )
            for key, job in self.jobs.items()
        ]
        self.running: set[str] = set()
        self.began: dict[str, str] = {}
        self.taken: list[Task] = []
        self.finished: list[Finished] = []
        self.taking: dict[str, list[float]] = {}
        self.parameters = {job.method.name: job.method.card.parameters or 0 for job in plan.todo}

    def begin(self) -> Task:
        chosen = 0
        if self.longest_first:
            expected = self._expected()
            lengths = [expected[task.identity.method] for task in self.waiting]
            chosen = lengths.index(max(lengths))
        task = self.waiting.pop(chosen)
        self.running.add(task.identity.key)
        self.began[task.identity.key] = now()
        return task

    def _expected(self) -> dict[str, tuple[float, int]]:
        """Return the expected length of a job of each method: mean seconds, then parameters."""
        return {
            name: (fmean(self.taking[name]) if name in self.taking else inf, parameters)
            for name, parameters in self.parameters.items()
        }

    def leave_waiting(self) -> None:
        self.waiting.clear()
        self.taken.clear()

    def look_again(self) -> None:
        self.waiting.extend(self.taken)
        self.taken.clear()

    def settle(self, task: Task, end: TaskResult | LostJob) -> Finished | None:
        """Record how a job ended; return it unless it will run again."""
        job = self.jobs[task.identity.key]
        self.store.directory.require()
        self.running.remove(task.identity.key)
        if isinstance(end, LostJob):
            if end.again:
                self.waiting.append(task)
                return None
            began = self.began[task.identity.key]
            ending = store_lost_task(
                task, job, self.runner, self.store, end.status, end.reason, began
            )
        else:
            ending = end
        if ending.status == "taken":
            self.taken.append(task)
            return None
        if ending.status == "left":
            return None
        if not ending.elsewhere:
            self.taking.setdefault(job.method.name, []).append(ending.seconds)
        self.finished.append(
            Finished(
                job=job,
                status=ending.status,
                reason=ending.reason,
                seconds=ending.seconds,
                elsewhere=ending.elsewhere,
                processes_left=ending.processes_left,
                position=len(self.finished) + 1,
                total=len(self.jobs),
            )
        )
        return self.finished[-1]
