"""A real Dask scheduler with two worker processes on loopback, each in a process of its own."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from misbehaving import MARKS
from small_runs import jobs_of, rows_of, setup_for

from benchmark.cli import main
from benchmark.data import dataset_source as sources
from benchmark.data.dataset import Dataset
from benchmark.errors import CropGlobeError, DataError, UsageError
from benchmark.results.store import RunStore
from benchmark.run.execution import Finished, execute, find_work
from benchmark.run.executors.dask_cluster import DaskCluster
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol

PATIENCE = 120
PAGE = Path(__file__).parents[4] / "docs" / "cluster.md"
SUPPORT = Path(__file__).parents[3] / "support"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def dask(*words: str, marks: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of Dask in a process, and end it with the processes that it starts."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]),
        MARKS: str(marks),
        "DASK_DISTRIBUTED__DASHBOARD__LINK": "",
    }
    command = [sys.executable, "-m", "dask", *words]
    with (marks / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def scheduler(marks: Path) -> Iterator[str]:
    """Return the address of a scheduler that has two workers, which have nannies."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    workers = ["--nworkers", "2", "--nthreads", "1", "--local-directory", str(marks)]
    with (
        dask("scheduler", "--port", str(port), *here, marks=marks),
        dask("worker", address, *here, *workers, marks=marks),
    ):
        wait_for_workers(address, 2, marks)
        yield address


def wait_for_workers(address: str, count: int, marks: Path) -> None:
    code = (
        "import sys; from distributed import Client; c = Client(sys.argv[1], timeout=100);"
        "c.wait_for_workers(int(sys.argv[2]), timeout=100)"
    )
    command = [sys.executable, "-c", code, address, str(count)]
    done = subprocess.run(command, check=False, timeout=2 * PATIENCE, capture_output=True)
    logs = "".join(path.read_text() for path in sorted(marks.glob("*.log")))
    assert done.returncode == 0, done.stderr.decode() + logs


@pytest.fixture
def fast(changed: Callable[..., Protocol]) -> Protocol:
    """The shipped protocol on the processor, so that no process loads torch."""
    return changed(device="cpu", seeds=(1, 2, 3))


def work(
    dataset: Dataset,
    protocol: Protocol,
    run: Path,
    address: str,
    names: Sequence[str],
    *,
    limit: float | None = None,
) -> list[Finished]:
    store, runner = RunStore(run), Runner(dataset, protocol)
    store.prepare()
    todo = find_work(jobs_of(dataset, protocol, names), store)
    with DaskCluster(address, setup_for(dataset, protocol, run), limit) as place:
        return list(execute(todo, runner, store, place))


@pytest.mark.slow
def test_two_workers_give_the_rows_of_one_process(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str
) -> None:
    names = ("test.nearest", "test.raising")
    store = RunStore(tmp_path / "one")
    execute(find_work(jobs_of(tiny, fast, names), store), Runner(tiny, fast), store)
    finished = work(tiny, fast, tmp_path / "two", scheduler, names)
    assert len(finished) == 6
    one, two = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert len(one) == 12
    assert [r.without_circumstances() for r in one] == [r.without_circumstances() for r in two]
    assert not list((tmp_path / "two" / "running").iterdir())


@pytest.mark.slow
def test_workers_begin_no_job_after_the_minutes(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str
) -> None:
    """All jobs are at the scheduler from the beginning, so that it is the workers who stop."""
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, fast)
    store.prepare()
    todo = find_work(jobs_of(tiny, fast, ["test.nearest"]), store)
    setup = setup_for(tiny, fast, tmp_path / "run")
    with DaskCluster(scheduler, setup, until=0.0) as place:
        assert execute(todo, runner, store, place) == ()
    assert store.keys() == ()
    assert len(work(tiny, fast, tmp_path / "run", scheduler, ["test.nearest"])) == 3


@pytest.mark.slow
def test_a_scheduler_that_ends_is_named(tmp_path: Path, tiny: Dataset, fast: Protocol) -> None:
    port = free_port()
    address, here = f"tcp://127.0.0.1:{port}", ["--host", "127.0.0.1", "--no-dashboard"]
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, fast)
    store.prepare()
    todo = find_work(jobs_of(tiny, fast, ["test.nearest"]), store)
    with dask("scheduler", "--port", str(port), *here, marks=tmp_path) as process:
        setup = setup_for(tiny, fast, tmp_path / "run")
        with (
            pytest.raises(CropGlobeError, match=f"scheduler at {address} ended or dropped"),
            DaskCluster(address, setup) as place,
        ):
            execute(todo, runner, store, place, on_start=lambda job: process.kill())


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_has_its_job_done_by_another(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str, marks: Path
) -> None:
    (marks / "killed").unlink(missing_ok=True)
    finished = work(tiny, fast, tmp_path, scheduler, ["test.killed-once", "test.nearest"])
    assert (marks / "killed").exists()
    assert {entry.status for entry in finished} == {"ok"}
    assert len(rows_of(tmp_path)) == 12


@pytest.mark.slow
def test_a_method_that_kills_its_process_twice_has_failed_and_the_workers_live(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol], scheduler: str
) -> None:
    protocol = changed(device="cpu", seeds=(1,))
    found = work(tiny, protocol, tmp_path, scheduler, ["test.killed", "test.nearest"])
    by_name = {entry.job.method.name: entry for entry in found}
    assert by_name["test.nearest"].status == "ok"
    assert by_name["test.killed"].status == "failed"
    reason = by_name["test.killed"].reason or ""
    assert reason.startswith("The method's process was ended by SIGKILL, as when memory runs out")
    assert {row.provenance.isolation for row in rows_of(tmp_path)} == {"process"}


@pytest.mark.slow
def test_a_hanging_method_times_out_and_says_where(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol], scheduler: str
) -> None:
    protocol = changed(device="cpu", seeds=(1,))
    found = work(tiny, protocol, tmp_path, scheduler, ["test.hanging", "test.nearest"], limit=3.0)
    by_name = {entry.job.method.name: entry for entry in found}
    assert by_name["test.nearest"].status == "ok"
    assert by_name["test.hanging"].status == "timeout"
    reason = by_name["test.hanging"].reason or ""
    assert reason.startswith("Stopped after the protocol's limit of 3 s (in wait, threading.py:")
    assert "in misbehave, misbehaving.py" in reason


@pytest.mark.slow
def test_what_another_coordinator_holds_is_left_to_it(
    tmp_path: Path,
    tiny: Dataset,
    changed: Callable[..., Protocol],
    scheduler: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = changed(device="cpu", seeds=(1,))
    store = RunStore(tmp_path)
    (job,) = jobs_of(tiny, protocol, ["test.nearest"])
    other = store.job_locks.hold(job.identity.key)
    assert other.__enter__()
    monkeypatch.setattr(
        "benchmark.run.execution.time.sleep", lambda _: other.__exit__(None, None, None)
    )
    (finished,) = work(tiny, protocol, tmp_path, scheduler, ["test.nearest"])
    assert finished.status == "ok"
    assert not finished.elsewhere


@pytest.mark.slow
def test_the_documented_command(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = re.findall(r"^cropglobe (run --scheduler .*)$", PAGE.read_text("utf-8"), re.M)
    words = shlex.split(line.replace("tcp://HOST:8786", scheduler).replace("quick", "smoke"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "DEFAULT_SAMPLES_PER_DOMAIN", 200)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code in (0, None)
    assert {row.status for row in rows_of(tmp_path / "RUN")} == {"ok"}


@pytest.mark.slow
def test_the_documented_slurm_script() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    for wanted in ("#SBATCH --gres=gpu:1", "--cpus-per-task=8", "--nthreads 1", "--nanny"):
        assert wanted in done.stdout
    assert "--resources GPU=1" in done.stdout
    assert re.search(r"^tcp://\S+:\d+$", done.stdout, re.M)


@pytest.mark.slow
def test_changed_data_end_the_run(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str
) -> None:
    setup = setup_for(tiny, fast, tmp_path, fingerprint="other")
    todo = find_work(jobs_of(tiny, fast, ["test.nearest"]), RunStore(tmp_path))
    with (
        DaskCluster(scheduler, setup) as place,
        pytest.raises(DataError, match="changed during the run"),
    ):
        execute(todo, Runner(tiny, fast), RunStore(tmp_path), place)


@pytest.mark.slow
def test_a_gpu_that_no_worker_declares(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str
) -> None:
    place = DaskCluster(scheduler, setup_for(tiny, fast, tmp_path), gpu=True)
    with pytest.raises(UsageError, match=r"declares a GPU.*--resources GPU=1"), place:
        pass


@pytest.mark.slow
def test_a_job_that_needs_a_gpu_goes_where_one_is(
    tmp_path: Path, tiny: Dataset, fast: Protocol, scheduler: str, marks: Path
) -> None:
    store, runner = RunStore(tmp_path), Runner(tiny, fast)
    todo = find_work(jobs_of(tiny, fast, ["test.marking"]), store)
    words = ["--no-dashboard", "--nthreads", "1", "--resources", "GPU=1", "--no-nanny"]
    with dask("worker", scheduler, "--host", "127.0.0.1", *words, marks=marks) as worker:
        wait_for_workers(scheduler, 3, marks)
        with DaskCluster(scheduler, setup_for(tiny, fast, tmp_path), gpu=True) as place:
            finished = execute(todo, runner, store, place)
        assert {entry.status for entry in finished} == {"ok"}
        assert (marks / "workers").read_text().split() == [str(worker.pid)] * 3


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_a_scheduler_that_is_not_there(
    address: str, tmp_path: Path, tiny: Dataset, fast: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.run.executors.dask_cluster.SECONDS_TO_CONNECT", 1)
    place = DaskCluster(address, setup_for(tiny, fast, tmp_path))
    with pytest.raises(UsageError, match=f"No Dask scheduler answers at {address}: start"), place:
        pass


def test_dask_that_is_not_installed(
    tmp_path: Path, tiny: Dataset, fast: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    place = DaskCluster("tcp://127.0.0.1:1", setup_for(tiny, fast, tmp_path))
    with pytest.raises(UsageError, match=r"needs Dask: .*\[cluster\]"), place:
        pass
