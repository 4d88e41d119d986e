"""What a worker of a cluster keeps between runs: its own process is that worker here."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_runs import setup_for

from benchmark.data.dataset import Dataset
from benchmark.errors import UsageError
from benchmark.results.store import RunStore
from benchmark.run.executors import dask_cluster as cluster
from benchmark.run.executors.job_task import Task
from benchmark.run.jobs import plan
from benchmark.task.authoring.method_files import find_method, load_method_file
from benchmark.task.methods import Method, Registry
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
def protocol(changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch) -> Protocol:
    """A worker that has served nobody yet, with no scheduler that counts its deaths."""

    @contextmanager
    def no_deaths(run: str, key: str) -> Iterator[int]:
        yield 0

    monkeypatch.setattr(cluster, "_deaths", no_deaths)
    monkeypatch.setattr(cluster, "_runners", {})
    return changed(device="cpu")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "constant.py"
    path.write_text(CODE.format(column=0))
    return path


def answer(
    dataset: Dataset, protocol: Protocol, run: Path, method: Method, **told: Any
) -> tuple[str, Path]:
    """Have the worker answer the one job of a coordinator that has loaded a method."""
    pairs = select_transfers(["FRA:CHN"], dataset.domains)
    (job,) = plan(dataset, protocol, (method,), pairs)
    ending = cluster.answer(
        Task(job.identity, job.targets), setup_for(dataset, protocol, run, **told), None, "run"
    )
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
        (method,) = load_method_file(mine)
        told = partial(find_method, (mine,))
        status, folder = answer(tiny, protocol, tmp_path / "run", method, find_method=told)
        assert (status, column_of(folder)) == ("ok", column)
        found.append(folder.name)
    assert len(set(found)) == 2


def test_a_worker_with_older_code_of_a_package_answers_nothing(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    installed = Registry([point(mine, "worker")])
    (same,) = Registry([point(mine, "first_coordinator")]).select(["constant"])
    assert answer(tiny, protocol, tmp_path, same, find_method=installed.get)[0] == "ok"
    mine.write_text(CODE.format(column=1))
    (newer,) = Registry([point(mine, "second_coordinator")]).select(["constant"])
    assert newer.code_fingerprint != same.code_fingerprint
    with pytest.raises(UsageError, match=r"other code of constant .*: restart the workers"):
        answer(tiny, protocol, tmp_path, newer, find_method=installed.get)
    assert len(RunStore(tmp_path).keys()) == 1


def point(path: Path, process: str) -> Any:
    """Return the entry point of a package as one process loads it: once."""
    name = f"{process}_constant"

    def load() -> Any:
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[name].methods

    return SimpleNamespace(name=name, value=name, load=load)


def test_whether_networks_are_kept_is_asked_of_each_run(
    tmp_path: Path, tiny: Dataset, protocol: Protocol, mine: Path
) -> None:
    (method,) = load_method_file(mine)
    told = partial(find_method, (mine,))
    for keep in (True, False):
        status, folder = answer(
            tiny,
            protocol,
            tmp_path / str(keep),
            method,
            find_method=told,
            keep_networks=keep,
        )
        assert status == "ok"
        assert (folder / "network.npz").exists() == keep
