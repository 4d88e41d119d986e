"""Run jobs in this process, skip what is done, keep what is finished."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.results.rows import Status
from benchmark.results.store import RunStore
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner

Overwrite = Literal["never", "failed", "stale", "always"]


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        todo: Jobs to run.
        done: Jobs whose stored answers stand.
        failed: Jobs stored without scores, which stand too.
        stale: Jobs whose stored answers stand although their method's code has changed.
        damaged: What is wrong with stored jobs that cannot be read; they are run again.
        superseded: Key of the stored job that a job to run replaces, by the new key.
    """

    todo: tuple[Job, ...]
    done: tuple[Job, ...]
    failed: tuple[Job, ...]
    stale: tuple[Job, ...]
    damaged: tuple[str, ...]
    superseded: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """A job that has just been run.

    Attributes:
        job: The job.
        status: How it went.
        reason: Why there is no score.
        position: Its number among the jobs to run, from 1.
        total: Number of jobs to run.
    """

    job: Job
    status: Status
    reason: str | None
    position: int
    total: int


def find_work(jobs: Sequence[Job], store: RunStore, overwrite: Overwrite = "never") -> Plan:
    """Compare the jobs of a run with what is stored.

    Args:
        jobs: Jobs of the run.
        store: The store.
        overwrite: Which stored jobs to run again: none (``never``), those without scores
            (``failed``), those whose method's code has changed (``stale``), or ``always``.

    Returns:
        What to run and what stands. A stored job that lacks some of the targets is run again with
        the targets of both; one that was unavailable is always tried again, since what it lacked
        may be there now.
    """
    found, damaged = store.read_all() if store.jobs.is_dir() else ((), ())
    stored = {job.identity.slot: job for job in found}
    todo: list[Job] = []
    done: list[Job] = []
    failed: list[Job] = []
    stale: list[Job] = []
    superseded: dict[str, str] = {}
    for job in jobs:
        before = stored.get(job.identity.slot)
        if before is None:
            todo.append(job)
            continue
        lacks = not set(job.targets) <= before.targets
        changed = before.identity.key != job.identity.key
        without_scores = any(row.status != "ok" for row in before.rows)
        again = (
            overwrite == "always"
            or lacks
            or any(row.status == "unavailable" for row in before.rows)
            or (overwrite == "stale" and changed)
            or (overwrite == "failed" and without_scores)
        )
        if again:
            targets = dict.fromkeys([*job.targets, *sorted(before.targets - {job.source})])
            todo.append(replace(job, targets=tuple(targets)))
            superseded[job.identity.key] = before.identity.key
        else:
            (failed if without_scores else done).append(job)
            stale += [job] * changed
    return Plan(tuple(todo), tuple(done), tuple(failed), tuple(stale), damaged, superseded)


def execute(
    plan: Plan,
    runner: Runner,
    store: RunStore,
    *,
    on_start: Callable[[Job], None] | None = None,
    on_finish: Callable[[Finished], None] | None = None,
) -> tuple[Finished, ...]:
    """Run the jobs of a plan one after another; each is stored as soon as it is finished.

    Args:
        plan: What to run.
        runner: Runs a job.
        store: Keeps the answers.
        on_start: Told of each job before it runs.
        on_finish: Told of each job after it is stored.

    Returns:
        How each job went.

    Raises:
        DataError: If the data cannot serve a job.
        StoreError: If an answer cannot be stored.
    """
    finished = []
    for position, job in enumerate(plan.todo, start=1):
        if on_start is not None:
            on_start(job)
        outcome = runner.run(job)
        store.write(job.identity, outcome.rows, outcome.predictions, outcome.history)
        old = plan.superseded.get(job.identity.key)
        if old is not None and old != job.identity.key:
            store.remove(old)
        entry = Finished(job, outcome.status, outcome.reason, position, len(plan.todo))
        finished.append(entry)
        if on_finish is not None:
            on_finish(entry)
    return tuple(finished)
