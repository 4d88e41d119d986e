"""Lock one job of a run, run it and store its results, in the same way for every executor."""

import time
from dataclasses import dataclass
from typing import Literal

from benchmark.data.shifts.shift_table import Shift
from benchmark.errors import StoreError
from benchmark.results.provenance import now, with_start
from benchmark.results.rows import JobIdentity, Row, Status, worst_status
from benchmark.results.store import RunStore, StoredJob
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
        status: The worst status of its rows; ``taken`` if another process works on it now, ``left``
            if it was not begun, since the time for beginning jobs was over.
        reason: Why there is no score.
        seconds: Time that it took.
        elsewhere: Whether another process did it in the meantime.
        processes_left: Processes that its method had left running, which were ended.
    """

    status: Status | Literal["taken", "left"]
    reason: str | None = None
    seconds: float = 0.0
    elsewhere: bool = False
    processes_left: int = 0


def run_task(task: Task, job: Job, runner: Runner, store: RunStore) -> TaskResult:
    """Run a job and store its results, unless another process does so or has done so.

    If another process has scored other targets in the meantime, the job runs for the targets of
    both.

    Args:
        task: The job as plain values.
        job: The job.
        runner: Runner of the job.
        store: Store of the results.

    Returns:
        How the job ended.

    Raises:
        DataError: If the data has not enough samples for the job.
        StoreError: If the results cannot be stored.
    """
    start, began = time.perf_counter(), now()
    store.directory.require()
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
    """Store why a job has no scores, if its process died before it could store this.

    Args:
        task: The job as plain values.
        job: The job.
        runner: Runner that makes the rows.
        store: Store of the results.
        status: Status of the rows.
        reason: Reason in the rows.
        began: Time when the job began, UTC, ISO 8601; by default the present time.

    Returns:
        How it ended.

    Raises:
        StoreError: If it cannot be stored.
    """
    store.directory.require()
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
    """Do the same as `store_lost_task` in a process that has locked the job already."""
    start = time.perf_counter()
    outcome = runner.without_scores(job, status, reason)
    return _keep(task, outcome, runner.protocol, store, start, began or now())


def _keep(
    task: Task, outcome: Outcome, protocol: Protocol, store: RunStore, start: float, began: str
) -> TaskResult:
    """Store an outcome. A stored score is never replaced by a row without a score."""
    identity, kept = task.identity, _stored(task.identity.key, store)
    if not outcome.predictions and not _has_scores(kept) and task.superseded is not None:
        older = _stored(task.superseded, store)
        if older is not None and _has_scores(older):
            identity, kept = older.identity, older  # new rows are added to those of the older code
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
        reason += " (scores stored before are kept)"
    left = max((row.provenance.processes_left or 0 for row in outcome.rows), default=0)
    seconds = time.perf_counter() - start
    return TaskResult(outcome.status, reason, seconds, processes_left=left)


def _merged(stored: tuple[Row, ...], new: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return one row for each target and shift: the new row, unless only the stored one has scores.

    All rows are of the same code, or the new rows have no scores.
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
    """Return a stored job; ``None`` if there is none or it is damaged and must run again."""
    try:
        return store.read(key)
    except StoreError:
        return None
