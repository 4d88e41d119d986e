"""What a worker of a cluster keeps between runs: its own process is that worker here."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_runs import setup_for

from benchmark.data.dataset import Dataset
from benchmark.errors import MethodError, UsageError
from benchmark.results.store import RunStore
from benchmark.run.executors import dask_cluster as cluster
from benchmark.run.executors.job_task import Task
from benchmark.run.executors.method_client import describe_file
from benchmark.run.executors.method_server_connection import FIND_METHOD
from benchmark.run.jobs import plan
from benchmark.task.described_methods import describe
from benchmark.task.methods import Method
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

CODE = """
import numpy as np
from benchmark.task.methods import Card, Method

class Constant:
    def __init__(self, context):
        self.classes = len(context.classes)
    def fit(self, x, y, *, validation):
        return self
    def predict_proba(self, x):
        return np.eye(self.classes)[np.full(len(x), {column})]
    def export(self):
        return {{"column": np.array([{column}])}}
    def restore(self, arrays):
        return self

def methods():
    card = Card(summary="a test", reference="tests", licence="MIT", deterministic=True)
    return (Method("constant", "test", "median", Constant, card, keeps_network=True),)
"""


@pytest.fixture
def protocol(
    changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Protocol]:
    """A worker that has served nobody yet, with no scheduler that counts its deaths."""

    @contextmanager
    def no_deaths(run: str, key: str) -> Iterator[int]:
        yield 0

    monkeypatch.setattr(cluster, "_deaths", no_deaths)
    yield changed(device="cpu")
    cluster._forget_server()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "constant.py"
    path.write_text(CODE.format(column=0))
    return path


def answer(
    dataset: Dataset, protocol: Protocol, run: Path, method: Method, **told: Any
) -> tuple[str, Path]:
    """Have the worker answer the one job of a coordinator that has described a method."""
    pairs = select_transfers(["FRA:CHN"], dataset.domains)
    (job,) = plan(dataset, protocol, (method,), pairs)
    RunStore(run).prepare()
    setup = setup_for(dataset, protocol, run, find_method=FIND_METHOD, **told)
    ending = cluster.answer(Task(job.identity, job.targets), describe(method), setup, None, "run")
    return ending.status, RunStore(run).jobs / job.identity.key


def column_of(folder: Path) -> int:
    job = RunStore(folder.parent.parent).read(folder.name)
    assert job is not None
    prediction = RunStore(folder.parent.parent).predictions(job, "CHN")
    return int(prediction.probabilities[0].argmax())


def test_a_method_file_that_changed_is_answered_by_its_new_code(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    found = []
    for column in (0, 1):
        mine.write_text(CODE.format(column=column))
        (method,) = describe_file(mine)
        status, folder = answer(tiny, protocol, tmp_path / "run", method)
        assert (status, column_of(folder)) == ("ok", column)
        found.append(folder.name)
    assert len(set(found)) == 2


def test_a_file_that_cannot_be_loaded_is_named_once(mine: Path) -> None:
    mine.write_text("def methods(:")
    with pytest.raises(MethodError, match="line 1 cannot be run: SyntaxError") as caught:
        describe_file(mine)
    assert str(caught.value).count(str(mine)) == 1


def test_a_worker_with_other_code_answers_nothing(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    """Each job loads the code anew; what differs then is installed there in another version."""
    (same,) = describe_file(mine)
    assert answer(tiny, protocol, tmp_path, same)[0] == "ok"
    with pytest.raises(UsageError, match=r"other code of constant .*: install the same on both"):
        answer(tiny, protocol, tmp_path, replace(same, fingerprint="0" * 16))
    assert len(RunStore(tmp_path).keys()) == 1


def test_what_starts_methods_may_die_between_two_jobs(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    for number in (1, 2):
        (method,) = describe_file(mine)
        assert answer(tiny, protocol, tmp_path / str(number), method)[0] == "ok"
        os.kill(cluster._servers[0].pid, signal.SIGKILL)


def test_whether_networks_are_kept_is_asked_of_each_run(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    (method,) = describe_file(mine)
    for keep in (True, False):
        status, folder = answer(
            tiny,
            protocol,
            tmp_path / str(keep),
            method,
            keep_networks=keep,
        )
        assert status == "ok"
        assert (folder / "network.npz").exists() == keep
