"""A method's process: what one job does to it, no other job notices."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hostile
import pytest
from misbehaving import MARKS
from small_runs import rows_of, setup_for
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from benchmark.run.execution import execute, find_work
from benchmark.run.executors.method_server_connection import MethodServer
from benchmark.run.executors.worker_pool import WorkerPool
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

SHIPPED = ("median.random-forest", "median.mlp", "harmonic.xgboost", "test.unseeded")
CHANGING = tuple(name for name in hostile.KINDS if name != "hostile.looking")


@pytest.fixture
def smoke(changed: Callable[..., Protocol]) -> Protocol:
    return changed(device="cpu")


def work(
    dataset: Dataset, protocol: Protocol, run: Path, names: tuple[str, ...], workers: int = 1
) -> dict[str, list[tuple[object, bytes]]]:
    """Run methods one after another; return rows and probabilities of each."""
    store, runner = RunStore(run), Runner(dataset, protocol)
    store.prepare()
    pairs = select_transfers(["FRA:CHN"], dataset.domains)
    jobs = plan(dataset, protocol, [hostile.find_method(name) for name in names], pairs)
    setup = setup_for(dataset, protocol, run, find_method="hostile:find_method")
    with WorkerPool(workers, setup, 300) as place:
        execute(find_work(jobs, store), runner, store, place)
    return {
        job.identity.method: [
            (
                row.without_circumstances(),
                store.predictions(job, row.target).probabilities.tobytes(),
            )
            for row in job.rows
            if row.status == "ok"
        ]
        for job in store.read_all()[0]
    }


def one_row(run: Path, method: str) -> Row:
    return next(row for row in rows_of(run) if row.method == method)


@pytest.mark.slow
def test_hostile_methods_change_nothing_of_shipped_ones(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = f"600.{os.getpid()}"  # tests that run beside this one have sleepers too
    monkeypatch.setenv(hostile.SECONDS, seconds)
    alone = work(tiny, smoke, tmp_path / "alone", SHIPPED)
    mixed = [name for pair in zip(CHANGING, SHIPPED * 2, strict=False) for name in pair]
    order = tuple(dict.fromkeys([*CHANGING, *mixed]))
    beside = work(tiny, smoke, tmp_path / "beside", order)
    assert all(len(rows) == 2 for rows in beside.values())
    assert {name: beside[name] for name in SHIPPED} == alone
    left = {name: one_row(tmp_path / "beside", name).provenance.processes_left for name in order}
    assert {name: count for name, count in left.items() if count} == {
        "hostile.child": 1,
        "hostile.sessions": 2,
    }
    assert {row.provenance.isolation for row in rows_of(tmp_path / "beside")} == {"process"}
    assert not sleepers(seconds)


def sleepers(seconds: str) -> list[str]:
    """Return the places of processes that sleep so long, which hostile methods have left."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(str(path))
        except OSError:
            continue
    return found


def test_a_method_holds_neither_labels_nor_the_path_of_the_data(
    tmp_path: Path, changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = os.urandom(8).hex()
    dataset = write_tiny(
        tmp_path / f"data-of-{secret}", make_samples("FRA"), make_samples("CHN", shift=2)
    )
    monkeypatch.setenv("CROPGLOBE_TEST_SECRET", secret)
    monkeypatch.setattr("sys.argv", ["cropglobe", "run", "--data", str(dataset.root)])
    work(dataset, changed(device="cpu"), tmp_path / "run", ("hostile.looking",))
    assert (one_row(tmp_path / "run", "hostile.looking").reason or "").startswith(
        "ValueError: found [] ("
    )


def test_global_generators_begin_with_the_seed_of_the_job(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol]
) -> None:
    found = []
    for number in (1, 2):
        protocol = changed(device="cpu", seeds=(1, 2))
        work(tiny, protocol, tmp_path / str(number), ("test.unseeded",))
        store = RunStore(tmp_path / str(number))
        found.append(
            [store.predictions(j, "CHN").probabilities.tobytes() for j in store.read_all()[0]]
        )
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]


def test_a_server_that_was_closed_is_not_said_to_be_running() -> None:
    """Python says so at the end of a process, of what it has started and not waited for."""
    code = f"from {MethodServer.__module__} import MethodServer; MethodServer.start().close()"
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_method_that_kills_its_starter_for_ever_has_failed(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKS, str(tmp_path))
    monkeypatch.setattr("benchmark.run.executors.worker_pool.MOST_SERVER_DEATHS", 2)
    from small_runs import jobs_of

    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    todo = find_work(jobs_of(tiny, smoke, ["test.parricidal"]), store)
    with WorkerPool(1, setup_for(tiny, smoke, tmp_path / "run"), 60) as place:
        (found,) = execute(todo, runner, store, place)
    assert found.status == "failed"
    assert found.reason == "The method server has died 2 times in this job"
