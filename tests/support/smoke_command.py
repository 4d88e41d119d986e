"""The command line of a run on tiny data, for tests of what it does and refuses."""

from collections.abc import Callable
from pathlib import Path

from benchmark.results.rows import Row
from benchmark.results.store import RunStore

FAST = ("floor.*", "harmonic.xgboost")

Cli = Callable[..., tuple[int, str, str]]
"""Runs a command; returns its exit status, standard output and standard error."""


def rows_of(run: Path) -> list[Row]:
    """Return every row of a run, none of which is damaged."""
    jobs, damaged = RunStore(run).read_all()
    assert damaged == ()
    return [row for job in jobs for row in job.rows]


def smoke_run(cli: Cli, data: Path, out: Path, *more: object) -> tuple[int, str, str]:
    """Run fast methods under `smoke`; `more` are further words."""
    words = ["run", "--data", data, "--out", out]
    if "--protocol" not in more:
        words += ["--protocol", "smoke"]
    if "--methods" not in more:
        words += ["--methods", *FAST]
    return cli(*words, *more)
