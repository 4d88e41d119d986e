"""Progress of a run on the terminal: the current job, the finished jobs and the time left."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmark.run.execution import Finished
from benchmark.run.jobs import Job


class RunDisplay:
    """A progress bar on a terminal; in a file, one line for each job.

    Args:
        jobs: Jobs that will run.
        console: Console to write to; by default standard error.
        at_once: Jobs that run at the same time.
    """

    def __init__(
        self, jobs: Sequence[Job], console: Console | None = None, at_once: int = 1
    ) -> None:
        self.at_once = at_once
        self.console = console or Console(stderr=True)
        self._pending = Counter(job.method.name for job in jobs)
        self._seconds: dict[str, list[float]] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("", total=len(jobs), left="", visible=False)

    def __enter__(self) -> Self:
        """Start the bar."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar."""
        self._progress.stop()

    def say(self, text: str) -> None:
        """Write one line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def start(self, job: Job) -> None:
        """Show the job that is about to run."""
        self._progress.update(self._task, description=str(job), visible=True)

    def finish(self, finished: Finished) -> None:
        """Show a job that has been stored."""
        if not finished.elsewhere:
            self._seconds.setdefault(finished.job.method.name, []).append(finished.seconds)
        self._pending[finished.job.method.name] -= 1
        left = self._left()
        self._progress.update(self._task, completed=finished.position, left=left)
        problem = "" if finished.reason is None else f": {finished.reason}"
        if finished.reason is not None or not self.console.is_terminal:
            took = "elsewhere" if finished.elsewhere else f"in {finished.seconds:.1f} s"
            self.say(
                f"[{finished.position}/{finished.total}] {finished.job}: "
                f"{finished.status} {took}{problem}{', ' + left if left else ''}"
            )

        if finished.processes_left:
            self.say(
                f"Warning: {finished.job} left {finished.processes_left} processes running, which "
                "were ended."
            )

    def _left(self) -> str:
        """Estimate the time left from the mean of each method's jobs.

        A method that has not run yet counts as the slowest so far, so that the estimate becomes
        smaller rather than larger.
        """
        means = {name: fmean(times) for name, times in self._seconds.items()}
        if not means:
            return ""
        slowest = max(means.values())
        work = sum(count * means.get(name, slowest) for name, count in self._pending.items())
        seconds = work / self.at_once
        if seconds == 0:
            return ""
        return (
            f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
        )
