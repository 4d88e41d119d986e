"""What a person sees while jobs run."""

import io

from rich.console import Console

from benchmark.run.execution import Finished
from benchmark.run.jobs import Job
from benchmark.run.progress_display import RunDisplay
from benchmark.task.methods import Card, Method


def job(name: str) -> Job:
    card = Card(summary="a test", reference="tests", licence="MIT")
    method = Method(name, "test", "median", lambda context: None, card)  # type: ignore[arg-type]
    return Job(method, "FRA", 1, ("CHN",), identity=None)  # type: ignore[arg-type]


def test_a_file_gets_a_line_per_job_with_status_reason_and_time_left() -> None:
    jobs = [job("quick.one"), job("slow.one"), job("slow.one"), job("new.one")]
    out = io.StringIO()
    display = RunDisplay(jobs, console=Console(file=out, width=200))
    with display:
        display.start(jobs[0])
        display.finish(Finished(jobs[0], "ok", None, 10.0, False, 0, 1, 4))
        display.start(jobs[1])
        display.finish(Finished(jobs[1], "failed", "[red]broke", 30.0, False, 2, 2, 4))
    first, second, third = out.getvalue().splitlines()
    # After 10 s for one method, the other three jobs are thought to take as long.
    assert first == "[1/4] quick.one from FRA, seed 1: ok in 10.0 s, about 30 s left"
    # The slow one takes 30 s; the unknown one counts as the slowest: 30 + 30.
    assert second == (
        "[2/4] slow.one from FRA, seed 1: failed in 30.0 s: [red]broke, about 60 s left"
    )
    assert third == (
        "Warning: slow.one from FRA, seed 1 left 2 processes running, which were ended."
    )
