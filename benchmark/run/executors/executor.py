"""The contract of an executor, which runs jobs, and the executor that uses this process."""

from dataclasses import dataclass
from typing import Protocol

from benchmark.results.rows import Status
from benchmark.results.store import RunStore
from benchmark.run.executors.job_task import Task, TaskResult, run_task
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner


@dataclass(frozen=True)
class LostJob:
    """A job whose process died or was stopped.

    Attributes:
        status: Status of the job's rows.
        reason: Reason in the job's rows.
        again: Whether to run the job once more, since it may not have caused this.
    """

    status: Status
    reason: str
    again: bool = False


class Executor(Protocol):
    """An executor runs jobs."""

    def free(self) -> int:
        """Return how many more jobs can be started now."""
        ...

    def start(self, task: Task, job: Job) -> None:
        """Start a job."""
        ...

    def wait(self) -> list[tuple[Task, TaskResult | LostJob]]:
        """Wait until at least one job has ended; return those that have."""
        ...


class InProcessExecutor:
    """Runs jobs in this process. A method that hangs or ends the interpreter stops the run.

    Args:
        runner: Runner of jobs.
        store: Store of the results.
    """

    def __init__(self, runner: Runner, store: RunStore) -> None:
        self.runner = runner
        self.store = store
        self._waiting: tuple[Task, Job] | None = None

    def free(self) -> int:
        """Return 1 unless a job waits to be run."""
        return int(self._waiting is None)

    def start(self, task: Task, job: Job) -> None:
        """Accept a job; `wait` runs it."""
        self._waiting = (task, job)

    def wait(self) -> list[tuple[Task, TaskResult | LostJob]]:
        """Run the job and return it."""
        assert self._waiting is not None
        (task, job), self._waiting = self._waiting, None
        return [(task, run_task(task, job, self.runner, self.store))]
