"""Worker processes: what a method does to its own, the others do not notice."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from misbehaving import MARKS
from processes import ends
from small_runs import jobs_of, rows_of, setup_for

from benchmark.data.dataset import Dataset
from benchmark.errors import CropGlobeError, DataError, StoreError
from benchmark.results.store import RunStore
from benchmark.run.execution import Finished, execute, find_work
from benchmark.run.executors.executor import InProcessExecutor, LostJob
from benchmark.run.executors.job_task import Task, TaskResult
from benchmark.run.executors.worker_pool import WorkerPool
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner
from benchmark.run.tracebacks import innermost_frames
from benchmark.task.protocol import Protocol


@pytest.fixture
def smoke(changed: Callable[..., Protocol]) -> Protocol:
    """The shipped protocol on the processor, so that no process loads torch."""
    return changed(device="cpu")


def work(
    dataset: Dataset,
    protocol: Protocol,
    run: Path,
    *names: str,
    workers: int = 1,
    limit: float | None = None,
) -> dict[str, Finished]:
    store, runner = RunStore(run), Runner(dataset, protocol)
    todo = find_work(jobs_of(dataset, protocol, names), store, "failed")
    with WorkerPool(workers, setup_for(dataset, protocol, run), limit) as place:
        finished = execute(todo, runner, store, place)
    return {entry.job.method.name: entry for entry in finished}


def test_workers_give_the_rows_of_one_process(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol]
) -> None:
    protocol = changed(seeds=(1, 2, 3), device="cpu")
    names = ("test.nearest", "test.raising")
    store = RunStore(tmp_path / "one")
    todo = find_work(jobs_of(tiny, protocol, names), store)
    execute(todo, Runner(tiny, protocol), store)
    work(tiny, protocol, tmp_path / "two", *names, workers=2)
    one, two = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert len(one) == 12
    assert [r.without_circumstances() for r in one] == [r.without_circumstances() for r in two]
    assert not list((tmp_path / "two" / "running").iterdir())


@pytest.mark.slow
def test_a_dead_process_is_a_failed_row_and_the_others_go_on(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    names = ("test.segfaulting", "test.exiting", "test.killed", "test.raising", "test.nearest")
    found = work(tiny, smoke, tmp_path, *names)
    assert found["test.nearest"].status == "ok"
    reasons = {name: entry.reason or "" for name, entry in found.items()}
    assert {found[name].status for name in names[:-1]} == {"failed"}
    assert "SIGSEGV" in reasons["test.segfaulting"]
    assert "in misbehave, misbehaving.py:" in reasons["test.segfaulting"]
    assert "exit status 7" in reasons["test.exiting"]
    assert "SIGKILL, as when memory runs out" in reasons["test.killed"]
    assert "ValueError: what is wrong (misbehaving.py:" in reasons["test.raising"]
    assert {row.target for row in rows_of(tmp_path) if row.status == "failed"} == {"FRA", "CHN"}


def test_a_hanging_method_times_out_and_says_where(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    found = work(tiny, smoke, tmp_path, "test.hanging", "test.nearest", limit=1.0)
    assert found["test.nearest"].status == "ok"
    assert found["test.hanging"].status == "timeout"
    reason = found["test.hanging"].reason or ""
    assert reason.startswith("Stopped after the protocol's limit of 1 s (in wait, threading.py:")
    assert "in misbehave, misbehaving.py" in reason
    assert {row.status for row in rows_of(tmp_path)} == {"ok", "timeout"}


@pytest.mark.slow
def test_what_a_hanging_method_started_is_ended_with_it(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKS, str(tmp_path))
    found = work(tiny, smoke, tmp_path / "run", "test.parental", limit=5.0)
    assert found["test.parental"].status == "timeout"
    assert ends(int((tmp_path / "child").read_text()))


@pytest.mark.slow
def test_the_death_of_the_nursery_is_no_fault_of_the_jobs(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKS, str(tmp_path))
    found = work(tiny, smoke, tmp_path / "run", "test.parricidal", workers=2)
    assert (tmp_path / "parents").read_text().split() == ["killed"] * 3
    assert found["test.parricidal"].status == "ok"


@pytest.mark.slow
def test_a_process_killed_once_has_its_job_run_again(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKS, str(tmp_path))
    found = work(tiny, smoke, tmp_path / "run", "test.killed-once")
    assert (tmp_path / "killed").exists()
    assert found["test.killed-once"].status == "ok"


@pytest.mark.slow
def test_changed_data_end_the_run(tmp_path: Path, tiny: Dataset, smoke: Protocol) -> None:
    setup = setup_for(tiny, smoke, tmp_path, fingerprint="other")
    todo = find_work(jobs_of(tiny, smoke, ["test.nearest"]), RunStore(tmp_path))
    with (
        WorkerPool(1, setup) as place,
        pytest.raises(DataError, match="changed during the run"),
    ):
        execute(todo, Runner(tiny, smoke), RunStore(tmp_path), place)


@pytest.mark.slow
def test_changed_code_is_a_failed_row(tmp_path: Path, tiny: Dataset, smoke: Protocol) -> None:
    (job,) = jobs_of(tiny, smoke, ["test.nearest"])
    other = replace(job, identity=job.identity.model_copy(update={"code_fingerprint": "other"}))
    store = RunStore(tmp_path)
    with WorkerPool(1, setup_for(tiny, smoke, tmp_path)) as place:
        (found,) = execute(find_work([other], store), Runner(tiny, smoke), store, place)
    assert found.status == "failed"
    assert "code changed" in (found.reason or "")


@pytest.mark.slow
def test_a_fault_of_the_harness_in_a_worker_is_told(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    setup = setup_for(tiny, smoke, tmp_path, find_method="misbehaving:refuse_to_start")
    todo = find_work(jobs_of(tiny, smoke, ["test.nearest"]), RunStore(tmp_path))
    with WorkerPool(1, setup) as place, pytest.raises(DataError, match=r"no test\.nearest here"):
        execute(todo, Runner(tiny, smoke), RunStore(tmp_path), place)


@pytest.mark.slow
def test_processes_that_do_not_start_end_the_run(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.run.executors.worker_pool.serve", os._exit)
    todo = find_work(jobs_of(tiny, smoke, ["test.nearest"]), RunStore(tmp_path))
    with (
        WorkerPool(1, setup_for(tiny, smoke, tmp_path)) as place,
        pytest.raises(CropGlobeError, match="Worker processes do not start"),
    ):
        execute(todo, Runner(tiny, smoke), RunStore(tmp_path), place)


def test_what_another_coordinator_does_is_not_done_again(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one holds the first job at the first look, and has stored it at the second."""
    store, runner = RunStore(tmp_path), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke, ["test.nearest", "test.raising"])
    todo = find_work(jobs, store)
    other = store.job_locks.hold(jobs[0].identity.key)
    assert other.__enter__()

    def finish(seconds: float) -> None:
        outcome = Runner(tiny, smoke).run(jobs[0])
        store.write(jobs[0].identity, outcome.rows, outcome.predictions)
        other.__exit__(None, None, None)

    monkeypatch.setattr("benchmark.run.execution.time.sleep", finish)
    first, second = execute(todo, runner, store)
    assert (first.job, first.elsewhere) == (jobs[1], False)
    assert (second.job, second.elsewhere, second.status) == (jobs[0], True, "ok")


def test_the_longest_jobs_come_first_where_several_run_at_once(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each method is timed once in the order asked for; then the slowest one's jobs come first."""
    protocol = changed(seeds=(1, 2, 3), device="cpu")
    store, runner = RunStore(tmp_path), Runner(tiny, protocol)
    taken = {"test.nearest": 1.0, "test.raising": 5.0}

    class Several(InProcessExecutor):
        """Takes several jobs, runs one after another, and says what each took."""

        def __init__(self) -> None:
            super().__init__(runner, store)
            self.taken = False

        def free(self) -> int:
            return super().free() if self.taken else 2

        def start(self, task: Task, job: Job) -> None:
            self.taken = True
            super().start(task, job)

        def wait(self) -> list[tuple[Task, TaskResult | LostJob]]:
            ((task, end),) = super().wait()
            assert isinstance(end, TaskResult)
            return [(task, replace(end, seconds=taken[task.identity.method]))]

    todo = find_work(jobs_of(tiny, protocol, tuple(taken)), store)
    finished = execute(todo, runner, store, Several())
    order = [(entry.job.method.name, entry.job.seed) for entry in finished]
    slow, fast = "test.raising", "test.nearest"
    assert order == [(fast, 1), (slow, 1), (slow, 2), (slow, 3), (fast, 2), (fast, 3)]


def test_frames_of_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    assert innermost_frames(path) == ""
    path.write_text("Fatal Python error: Aborted\n\n")
    assert innermost_frames(path) == ""


def test_a_worker_of_a_renamed_run_directory_writes_nothing(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    store = RunStore(tmp_path / "run")
    store.prepare()
    place = store.directory.stay()
    todo = find_work(jobs_of(tiny, smoke, ["test.nearest"]), store)
    setup = setup_for(tiny, smoke, tmp_path / "run", place=place)
    (tmp_path / "run").rename(tmp_path / "moved")
    with WorkerPool(1, setup) as pool, pytest.raises(StoreError, match="renamed or removed"):
        execute(todo, Runner(tiny, smoke), store, pool)
    assert not (tmp_path / "run").exists()
