"""Do one job of a run: claim it, run it, store its answers. The one path, wherever it runs."""

import time
from dataclasses import dataclass
from typing import Literal

from benchmark.data.shifts.shift_table import Shift
from benchmark.errors import StoreError
from benchmark.results.provenance import now, with_start
from benchmark.results.rows import Row, Status, worst_status
from benchmark.results.store import JobIdentity, RunStore, StoredJob
from benchmark.run.jobs import Job
from benchmark.run.outcome import Outcome
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol


@dataclass(frozen=True)
class Task:
    """A job as plain values, which any process can be sent.

    Attributes:
        identity: What the job is.
        targets: Domains to score besides the source itself.
        before: Checksum of the job of this key that was stored when the run was planned.
        superseded: Key of the stored job that this one replaces.
        shifts: Shifts of which a copy of each target is scored besides.
    """

    identity: JobIdentity
    targets: tuple[str, ...]
    before: str | None = None
    superseded: str | None = None
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class TaskResult:
    """How a job ended.

    Attributes:
        status: The worst status of its rows; ``taken`` if another process works on it now.
        reason: Why there is no score.
        seconds: Time that it took.
        elsewhere: Whether another process did it in the meantime.
        processes_left: Processes that its method had left running, which were ended.
    """

    status: Status | Literal["taken"]
    reason: str | None = None
    seconds: float = 0.0
    elsewhere: bool = False
    processes_left: int = 0


def run_task(task: Task, job: Job, runner: Runner, store: RunStore) -> TaskResult:
    """Run a job and store its answers, unless another process does so or has done so.

    Where another process has scored other targets in the meantime, it is run for those of both.

    Args:
        task: The job as plain values.
        job: The job.
        runner: Runs it.
        store: Keeps the answers.

    Returns:
        How it ended.

    Raises:
        DataError: If the data cannot serve the job.
        StoreError: If the answers cannot be stored.
    """
    start, began = time.perf_counter(), now()
    store.place.require()
    with store.job_locks.hold(task.identity.key) as got:
        if not got:
            return TaskResult("taken")
        stored = _finished_elsewhere(task, job, store)
        if stored is not None:
            reasons = [row.reason for row in stored.rows if row.reason is not None]
            return TaskResult(worst_status(stored.rows), next(iter(reasons), None), elsewhere=True)
        known = _stored(job.identity.key, store)
        outcome = runner.run(job if known is None else job.extended(known))
        return _keep(task, outcome, runner.protocol, store, start, began)


def store_lost_task(
    task: Task,
    job: Job,
    runner: Runner,
    store: RunStore,
    status: Status,
    reason: str,
    began: str | None = None,
) -> TaskResult:
    """Store why a job has no scores whose process did not live to say so itself.

    Args:
        task: The job as plain values.
        job: The job.
        runner: Describes it.
        store: Keeps the answers.
        status: What happened.
        reason: Why.
        began: When it began, UTC, ISO 8601; now if ``None``.

    Returns:
        How it ended.

    Raises:
        StoreError: If it cannot be stored.
    """
    store.place.require()
    with store.job_locks.hold(task.identity.key) as got:
        if not got or _finished_elsewhere(task, job, store) is not None:
            return TaskResult("taken")
        return store_lost_locked(task, job, runner, store, status, reason, began)


def store_lost_locked(
    task: Task,
    job: Job,
    runner: Runner,
    store: RunStore,
    status: Status,
    reason: str,
    began: str | None = None,
) -> TaskResult:
    """Do what `store_lost_task` does in the process that has claimed the job already."""
    start = time.perf_counter()
    outcome = runner.without_scores(job, status, reason)
    return _keep(task, outcome, runner.protocol, store, start, began or now())


def _keep(
    task: Task, outcome: Outcome, protocol: Protocol, store: RunStore, start: float, began: str
) -> TaskResult:
    """Store an outcome; no score that is stored already gives way to a reason why there is none."""
    identity, kept = task.identity, _stored(task.identity.key, store)
    if not outcome.predictions and not _has_scores(kept) and task.superseded is not None:
        older = _stored(task.superseded, store)
        if older is not None and _has_scores(older):
            identity, kept = older.identity, older  # what is added stands beside the older code's
    new = with_start(outcome.rows, began)
    stored = () if kept is None else (*kept.rows, *kept.shifted)
    rows = new if kept is None else _merged(stored, new)
    before = None if task.superseded is None else _stored(task.superseded, store)
    if kept is None or rows != stored:
        store.write(
            identity,
            rows,
            outcome.predictions,
            outcome.history,
            protocol.model_dump(mode="json"),
            outcome.network,
            kept,
            newer_than=0 if before is None else before.written,
        )
    if task.superseded is not None and task.superseded != identity.key:
        store.remove(task.superseded)
    reason = outcome.reason
    if reason is not None and not outcome.predictions and _has_scores(kept):
        reason += " (scores stored before stand)"
    left = max((row.provenance.processes_left or 0 for row in outcome.rows), default=0)
    seconds = time.perf_counter() - start
    return TaskResult(outcome.status, reason, seconds, processes_left=left)


def _merged(stored: tuple[Row, ...], new: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the row of each target and shift: the new one, but scores before none.

    Both are of one method's code, or the new ones have no scores.
    """
    merged = {(row.target, row.shift): row for row in stored}
    for row in new:
        before = merged.get((row.target, row.shift))
        if row.status == "ok" or before is None or before.status != "ok":
            merged[row.target, row.shift] = row
    return tuple(merged.values())


def _has_scores(job: StoredJob | None) -> bool:
    return job is not None and any(row.status == "ok" for row in job.rows)


def _finished_elsewhere(task: Task, job: Job, store: RunStore) -> StoredJob | None:
    """Return the job if it has been stored since the run was planned."""
    stored = _stored(task.identity.key, store)
    if stored is None or stored.checksum == task.before:
        return None
    return stored if job.is_held_by(stored) else None


def _stored(key: str, store: RunStore) -> StoredJob | None:
    """Return a stored job; ``None`` where it is damaged, and so to be run again."""
    try:
        return store.read(key)
    except StoreError:
        return None
