"""Targets that are added to a stored job: what it scored before stands, whatever comes of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from misbehaving import CARD, Nearest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.errors import UnavailableError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore, StoredJob
from benchmark.run.execution import Finished, Plan, execute, find_work
from benchmark.run.executors.job_task import Task, store_lost_task
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.run.training.target_label_wrappers import Oracle
from benchmark.task.methods import Context, Features, Labels, Method
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers


class Remembering(Nearest):
    """Reports an epoch, so that a history is stored."""

    history_ = ({"epoch": 1.0},)


def method(build: Callable[[Context], Any] = Remembering, **changes: Any) -> Method:
    values = {"name": "test.m", "family": "test", "representation": "median", "card": CARD}
    return Method(build=build, **(values | changes))


class Directory:
    """A run directory in which one method is run again and again."""

    def __init__(self, root: Path, dataset: Dataset, protocol: Protocol) -> None:
        self.store, self.runner = RunStore(root), Runner(dataset, protocol)

    def find(self, *pairs: str, what: Method, overwrite: Any = "never") -> Plan:
        runner = self.runner
        transfers = select_transfers(pairs, runner.dataset.domains)
        jobs = plan(runner.dataset, runner.protocol, (what,), transfers)
        return find_work(jobs, self.store, overwrite)

    def run(self, *pairs: str, what: Method, overwrite: Any = "never") -> Finished:
        work = self.find(*pairs, what=what, overwrite=overwrite)
        (finished,) = execute(work, self.runner, self.store)
        return finished

    @property
    def job(self) -> StoredJob:
        (job,), damaged = self.store.read_all()
        assert damaged == ()
        return job

    def row(self, target: str) -> Row:
        return {row.target: row for row in self.job.rows}[target]

    def statuses(self) -> dict[str, str]:
        return {row.target: row.status for row in self.job.rows}


@pytest.fixture
def directory(tmp_path: Path, tiny: Dataset, smoke: Protocol) -> Directory:
    return Directory(tmp_path / "run", tiny, smoke)


class Switch:
    """A method that fails in some way once it is switched off."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = None
        self.later = error

    def __call__(self, context: Context) -> Nearest:
        if self.error is not None:
            raise self.error
        return Remembering(context)


@pytest.mark.parametrize(
    ("error", "status"),
    [(UnavailableError("no weights"), "unavailable"), (ValueError("broken"), "failed")],
)
def test_scores_stand_where_an_added_target_finds_the_method_broken(
    directory: Directory, error: Exception, status: str
) -> None:
    switch = Switch(error)
    what = method(switch)
    directory.run("FRA:CHN", what=what)
    scored = directory.row("CHN")
    switch.error = switch.later
    finished = directory.run("FRA:CHN", "FRA:USA", what=what)
    assert finished.status == status
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": status}
    assert directory.row("CHN") == scored
    prediction = directory.store.predictions(directory.job, "CHN")
    assert len(prediction.labels) == scored.data.n_test
    assert (directory.job.folder / "history.json").is_file()
    switch.error = None
    directory.run("FRA:USA", what=what, overwrite="failed")
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": "ok"}


def test_scores_of_other_code_stand_under_its_name_where_the_new_code_fails(
    directory: Directory,
) -> None:
    old = method()
    directory.run("FRA:CHN", what=old)
    before = directory.job
    new = method(Switch(ValueError("broken")), version="2")
    new.build.error = ValueError("broken")  # type: ignore[attr-defined]
    finished = directory.run("FRA:USA", what=new)
    assert (finished.status, "scores stored before are kept" in str(finished.reason)) == (
        "failed",
        True,
    )
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": "failed"}
    assert directory.job.identity == before.identity
    assert directory.row("CHN") in before.rows
    better = method(version="2")
    directory.run("FRA:USA", what=better, overwrite="failed")
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": "ok"}
    assert directory.job.identity != before.identity


def test_what_fails_on_one_target_is_scored_on_the_others(directory: Directory) -> None:
    class Choosy(Nearest):
        def predict_proba(self, x: Features) -> np.ndarray:
            if len(x) == usa:
                raise ValueError("not these")
            return super().predict_proba(x)

    usa = -1
    directory.run("FRA:CHN", "FRA:USA", what=method(Choosy))
    usa = len(directory.store.predictions(directory.job, "USA").labels)
    chn = directory.row("CHN").scores
    finished = directory.run("FRA:CHN", "FRA:USA", what=method(Choosy, name="test.n"))
    assert finished.status == "failed"
    jobs, _ = directory.store.read_all()
    (job,) = [job for job in jobs if job.identity.method == "test.n"]
    rows = {row.target: row for row in job.rows}
    assert {name: row.status for name, row in rows.items()} == {
        "FRA": "ok",
        "CHN": "ok",
        "USA": "failed",
    }
    assert rows["CHN"].scores == chn
    assert "ValueError: not these" in str(rows["USA"].reason)


class Taught(Oracle):
    """Learns the target's classes, whatever the source's."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, build=Nearest)

    def teach(self, x: Features, y: Labels) -> Any:
        if len(np.unique(y)) < 3:
            raise UnavailableError("too few classes")
        return super().teach(x, y)


def test_the_reason_of_one_target_is_not_that_of_another(
    tmp_path: Path, changed: Callable[..., Protocol]
) -> None:
    """China lies in one block and can be taught all the same; Brazil's crops are too few."""
    china = make_samples("CHN")
    dataset = write_tiny(
        tmp_path / "data",
        make_samples("FRA"),
        replace(china, block=np.zeros(len(china), dtype=np.int64)),
        make_samples("BRA", crops=("corn", "rice")),
    )
    directory = Directory(tmp_path / "run", dataset, changed(device="cpu"))
    what = method(Taught, track="oracle")
    directory.run("FRA:CHN", "FRA:BRA", what=what)
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "BRA": "unavailable"}
    assert directory.row("BRA").reason == "too few classes"


def test_two_coordinators_with_different_targets_of_one_source_keep_both(
    directory: Directory,
) -> None:
    china = directory.find("FRA:CHN", what=method())
    usa = directory.find("FRA:USA", what=method())  # planned before the other has finished
    execute(china, directory.runner, directory.store)
    (finished,) = execute(usa, directory.runner, directory.store)
    assert (finished.status, finished.elsewhere) == ("ok", False)
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": "ok"}


def test_a_job_that_was_lost_keeps_what_another_coordinator_has_scored(
    directory: Directory,
) -> None:
    (job,) = directory.find("FRA:USA", what=method()).todo
    directory.run("FRA:CHN", what=method())
    task = Task(job.identity, job.targets)
    store_lost_task(task, job, directory.runner, directory.store, "timeout", "too slow")
    assert directory.statuses() == {"FRA": "ok", "CHN": "ok", "USA": "timeout"}
