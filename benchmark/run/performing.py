"""Do one job of a run: claim it, run it, store its answers. The one path, wherever it runs."""

import time
from dataclasses import dataclass
from typing import Literal

from benchmark.errors import StoreError
from benchmark.results.rows import Status, worst_status
from benchmark.results.store import JobIdentity, RunStore, StoredJob
from benchmark.run.jobs import Job
from benchmark.run.runner import Outcome, Runner
from benchmark.task.protocol import Protocol


@dataclass(frozen=True)
class Task:
    """A job as plain values, which any process can be sent.

    Attributes:
        identity: What the job is.
        targets: Domains to score besides the source itself.
        before: Checksum of the job of this key that was stored when the run was planned.
        superseded: Key of the stored job that this one replaces.
    """

    identity: JobIdentity
    targets: tuple[str, ...]
    before: str | None = None
    superseded: str | None = None


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        status: The worst status of its rows; ``taken`` if another process works on it now.
        reason: Why there is no score.
        seconds: Time that it took.
        elsewhere: Whether another process did it in the meantime.
    """

    status: Status | Literal["taken"]
    reason: str | None = None
    seconds: float = 0.0
    elsewhere: bool = False


def perform(task: Task, job: Job, runner: Runner, store: RunStore) -> Ending:
    """Run a job and store its answers, unless another process does so or has done so.

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
    start = time.perf_counter()
    with store.claims.hold(task.identity.key) as got:
        if not got:
            return Ending("taken")
        stored = _finished_elsewhere(task, store)
        if stored is not None:
            reasons = [row.reason for row in stored.rows if row.reason is not None]
            return Ending(worst_status(stored.rows), next(iter(reasons), None), elsewhere=True)
        return _keep(task, runner.run(job), runner.protocol, store, start)


def perform_lost(
    task: Task, job: Job, runner: Runner, store: RunStore, status: Status, reason: str
) -> Ending:
    """Store why a job has no scores whose process did not live to say so itself.

    Args:
        task: The job as plain values.
        job: The job.
        runner: Describes it.
        store: Keeps the answers.
        status: What happened.
        reason: Why.

    Returns:
        How it ended.

    Raises:
        StoreError: If it cannot be stored.
    """
    with store.claims.hold(task.identity.key) as got:
        if not got or _finished_elsewhere(task, store) is not None:
            return Ending("taken")
        return keep_lost(task, job, runner, store, status, reason)


def keep_lost(
    task: Task, job: Job, runner: Runner, store: RunStore, status: Status, reason: str
) -> Ending:
    """Do what `perform_lost` does in the process that has claimed the job already."""
    start = time.perf_counter()
    outcome = runner.without_scores(job, status, reason)
    return _keep(task, outcome, runner.protocol, store, start)


def _keep(
    task: Task, outcome: Outcome, protocol: Protocol, store: RunStore, start: float
) -> Ending:
    store.write(
        task.identity,
        outcome.rows,
        outcome.predictions,
        outcome.history,
        protocol.model_dump(mode="json"),
        outcome.network,
    )
    if task.superseded is not None and task.superseded != task.identity.key:
        store.remove(task.superseded)
    return Ending(outcome.status, outcome.reason, time.perf_counter() - start)


def _finished_elsewhere(task: Task, store: RunStore) -> StoredJob | None:
    """Return the job if it has been stored since the run was planned."""
    try:
        stored = store.read(task.identity.key)
    except StoreError:
        return None  # damaged, and so to be run again
    if stored is None or stored.checksum == task.before:
        return None
    return stored if set(task.targets) <= stored.targets else None
