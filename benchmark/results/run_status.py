"""The status of a run: the state of each job that was asked for, and the reason for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from benchmark.errors import StoreError
from benchmark.results.rows import JobIdentity
from benchmark.results.run_plans import PlannedJob, read_plans
from benchmark.results.store import RunStore, StoredJob

State = Literal[
    "done", "failed", "timeout", "unavailable", "stale", "running", "damaged", "missing"
]
STATES: Final[tuple[State, ...]] = get_args(State)


@dataclass(frozen=True)
class JobStatus:
    """The state of a job.

    Attributes:
        identity: The job.
        state: Its state.
        reason: Why it is in that state; ``None`` if there is nothing to add.
    """

    identity: JobIdentity
    state: State
    reason: str | None = None

    def __str__(self) -> str:
        """Return method, source and seed of the job in words."""
        return f"{self.identity.method} from {self.identity.source}, seed {self.identity.seed}"


@dataclass(frozen=True)
class RunStatus:
    """The state of every job of a run.

    Attributes:
        jobs: Every job that was asked for or is stored, sorted by method, source and seed.
        damaged_plans: A sentence for each plan that cannot be read. Its jobs are missing here if
            they are not stored.
    """

    jobs: tuple[JobStatus, ...]
    damaged_plans: tuple[str, ...]

    def count(self, state: State) -> int:
        """Return the number of jobs in a state."""
        return sum(job.state == state for job in self.jobs)


def run_status(store: RunStore) -> RunStatus:
    """Compare the jobs of all plans with the stored jobs and with the running jobs.

    A job is stale in two cases. First, it was stored by other code of its method than the code in
    the last plan that has this method, for any seed, source or protocol. Second, it was stored with
    other files of vectors than the last plan of this job names. Only the run directory is read; no
    method is imported.

    Args:
        store: The store of the run directory.

    Returns:
        The status.

    Raises:
        StoreError: If the directory has no run.
    """
    plans, damaged_plans = read_plans(store.root)
    if not (plans or damaged_plans) and not store.jobs.is_dir():
        raise StoreError(
            f"{store.root} is no run directory, since it has neither plans nor jobs: name the "
            "directory that `cropglobe run` wrote."
        )
    running = store.job_locks.held()
    stored, damaged = _read(store)
    asked: dict[JobIdentity, PlannedJob] = {}
    code: dict[str, str] = {}
    for plan in plans:
        for job in plan.jobs:
            code[job.identity.method] = job.identity.code_fingerprint
            before = asked.get(job.identity.slot)
            targets = dict.fromkeys((before.targets if before else ()) + job.targets)
            shifts = dict.fromkeys((before.shifts if before else ()) + job.shifts)
            more = {"targets": tuple(targets), "shifts": tuple(shifts)}
            asked[job.identity.slot] = job.model_copy(update=more)
    found = [_judge(job, stored.get(slot), running, damaged, code) for slot, job in asked.items()]
    for slot, kept in stored.items():
        if slot not in asked:
            everything = PlannedJob(identity=kept.identity, targets=tuple(kept.targets))
            found.append(_judge(everything, kept, running, damaged, code))
    found.sort(key=lambda job: (job.identity.method, job.identity.source, job.identity.seed))
    return RunStatus(tuple(found), damaged_plans)


def _read(store: RunStore) -> tuple[dict[JobIdentity, StoredJob], dict[str, str]]:
    """Return the stored jobs by slot, and a sentence for each damaged job by key."""
    if not store.jobs.is_dir():
        return {}, {}
    jobs, problems = store.read_all()
    keys = store.keys()
    damaged = {key: problem for problem in problems for key in keys if f"/{key}" in problem}
    return {job.identity.slot: job for job in jobs}, damaged


def _judge(
    asked: PlannedJob,
    stored: StoredJob | None,
    running: Mapping[str, str],
    damaged: Mapping[str, str],
    code: Mapping[str, str],
) -> JobStatus:
    identity = asked.identity
    if identity.key in running:
        return JobStatus(identity, "running", running[identity.key])
    if identity.key in damaged:
        return JobStatus(identity, "damaged", damaged[identity.key])
    if stored is None:
        return JobStatus(identity, "missing")
    lacking = sorted(set(asked.targets) - stored.targets)
    if lacking:
        return JobStatus(identity, "missing", f"not yet scored on {', '.join(lacking)}")
    known = {name for _, name in stored.shifts}
    unknown = [name for name in asked.shifts if name not in known]
    if unknown:
        return JobStatus(identity, "missing", f"not yet scored on shifts {', '.join(unknown)}")
    for row in stored.rows:
        if row.status != "ok":
            return JobStatus(identity, row.status, row.reason)
    changed = identity.changed_since(stored.identity)
    if changed is not None:
        return JobStatus(identity, "stale", f"stored by {changed}")
    newest = code.get(identity.method, stored.identity.code_fingerprint)
    if newest != stored.identity.code_fingerprint:
        return JobStatus(identity, "stale", f"stored by older code than {newest}, asked for last")
    return JobStatus(identity, "done")
