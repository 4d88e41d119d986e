"""Confined methods: what they see, what they may use, and what they cannot claim."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.data.dataset import Dataset
from benchmark.errors import MethodError, UsageError
from benchmark.results.rows import Row
from benchmark.run.executors import confinement
from benchmark.run.executors.confinement import (
    Limits,
    require_confinement,
    visible_paths,
    why_not_confined,
)
from benchmark.run.executors.method_client import MethodProcesses, describe_file
from benchmark.run.executors.method_server_connection import MethodServer
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.run.session import choose_methods
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

CODE = """
import os, socket, subprocess, sys, threading, time
from pathlib import Path
import numpy as np
from benchmark.task.methods import Card, Method

class Nearest:
    def __init__(self, context):
        self.classes = len(context.classes)
    def fit(self, x, y, *, validation):
        flat = x.reshape(len(x), -1)
        self.means_ = np.stack([flat[y == k].mean(axis=0) for k in range(self.classes)])
        self.misbehave()
        return self
    def misbehave(self):
        pass
    def predict_proba(self, x):
        distance = np.square(x.reshape(len(x), 1, -1) - self.means_).sum(axis=2)
        return np.eye(self.classes)[distance.argmin(axis=1)]

def tried(what):
    try:
        return repr(what())
    except OSError as error:
        return type(error).__name__

class Looking(Nearest):
    def misbehave(self):
        connect = lambda: socket.create_connection(("127.0.0.1", PORT), 1)
        raise ValueError(repr({
            "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
            "network": tried(connect),
            "data": tried(lambda: os.listdir(DATA)),
            "home": tried(lambda: os.listdir(HOME)),
            "writing": [tried(lambda: open(Path(where) / "x", "w"))
                        for where in ("/", "/usr", "/method", "/dev", np.__path__[0])],
            "own folder": tried(lambda: (Path(os.environ["HOME"]) / "x").write_text("y")),
            "environment": sorted(os.environ),
            "arguments": sys.argv,
        }))

class Hungry(Nearest):
    def misbehave(self):
        self.held = np.ones(2 * 10**8)

class Breeding(Nearest):
    def misbehave(self):
        for _ in range(40):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        threading.Event().wait()

class Writing(Nearest):
    def misbehave(self):
        with open("/tmp/much", "wb") as file:
            for _ in range(64):
                file.write(bytes(10**6))

class Shouting(Nearest):
    def misbehave(self):
        for _ in range(100):
            os.write(1, bytes(10**6))

class Hanging(Nearest):
    def misbehave(self):
        threading.Event().wait()

class Cheap(Nearest):
    def misbehave(self):
        import benchmark.run.device
        time.perf_counter = lambda: 1e6
        benchmark.run.device._peak = lambda device, held: 1

def methods():
    card = Card(summary="a test", reference="tests", licence="MIT", deterministic=True)
    kinds = (Looking, Hungry, Breeding, Writing, Shouting, Hanging, Cheap)
    return tuple(Method(kind.__name__.lower(), "test", "median", kind, card) for kind in kinds)
"""

LIMITS = Limits(memory_bytes=2**30, file_bytes=2**24, processes=20)

confined = pytest.mark.skipif(why_not_confined() is not None, reason=str(why_not_confined()))


@pytest.fixture
def server() -> Iterator[MethodServer]:
    found = MethodServer.start()
    yield found
    found.close()


@pytest.fixture
def file(tmp_path: Path, tiny: Dataset) -> Path:
    values = {"PORT": 9, "DATA": str(tiny.root), "HOME": str(Path.home() / ".cache")}
    path = tmp_path / "hostile_methods.py"
    path.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()) + CODE)
    return path


def run(
    server: MethodServer, file: Path, dataset: Dataset, protocol: Protocol, name: str, limit: float
) -> Row:
    methods = {method.name: method for method in describe_file(file, LIMITS)}
    pairs = select_transfers(["FRA:CHN"], dataset.domains)
    (job,) = plan(dataset, protocol, [methods[name]], pairs)
    start = MethodProcesses(server, threads=1, limit=limit, limits=LIMITS).open
    row = Runner(dataset, protocol, start_method=start).run(job).rows[-1]
    assert row.provenance.isolation == "confined"
    return row


@confined
@pytest.mark.slow
def test_what_a_confined_method_sees(
    server: MethodServer, file: Path, tiny: Dataset, smoke: Protocol
) -> None:
    row = run(server, file, tiny, smoke, "looking", 120)
    text = (row.reason or "").partition("ValueError: ")[2].rpartition(" (")[0]
    seen = ast.literal_eval(text)
    assert seen["processes"] == 2  # bubblewrap's first one and its own
    assert seen["network"] == "ConnectionRefusedError"
    assert seen["data"] == seen["home"] == "FileNotFoundError"
    assert seen["writing"] == ["OSError"] * 5  # a read-only file system
    assert seen["own folder"] == "1"
    assert seen["arguments"] == ["cropglobe"]
    known = {*confinement.KEPT, "HOME", "PATH", "TMPDIR", "PYTHONPATH", "PYTHONSAFEPATH", "PWD"}
    known |= {"PYTHONDONTWRITEBYTECODE", "HF_HUB_OFFLINE", "CROPGLOBE_WEIGHTS"}
    known |= {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}  # set by torch and scikit-learn
    assert set(seen["environment"]) <= known


@confined
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("hungry", "failed", "MemoryError"),
        ("breeding", "failed", "Stopped: the method used more than 20 processes"),
        ("writing", "failed", "OSError"),
        ("shouting", "ok", ""),
        ("hanging", "timeout", "in misbehave, hostile_methods.py"),
    ],
)
def test_what_a_confined_method_may_use(
    server: MethodServer,
    file: Path,
    tiny: Dataset,
    smoke: Protocol,
    name: str,
    status: str,
    words: str,
) -> None:
    row = run(server, file, tiny, smoke, name, 10 if name == "hanging" else 120)
    assert row.status == status
    assert words in (row.reason or "")


@confined
@pytest.mark.slow
def test_a_confined_method_cannot_claim_what_it_cost(
    server: MethodServer, file: Path, tiny: Dataset, smoke: Protocol
) -> None:
    cost = run(server, file, tiny, smoke, "cheap", 120).cost
    assert cost.fit_seconds is not None
    assert 0 < cost.fit_seconds < 1e5
    assert cost.peak_memory_bytes is not None
    assert cost.peak_memory_bytes > 2**20


@confined
def test_a_file_is_read_without_being_run_here(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"import os\nopen({str(mark)!r}, 'w')\ndef methods(): return ()\n"
    path = tmp_path / "writing.py"
    path.write_text(code)
    with pytest.raises(MethodError, match="FileNotFoundError"):
        choose_methods((), [path], isolated=True, confined=True)
    assert not mark.exists()


def test_the_interpreter_and_the_packages_are_seen_and_no_home() -> None:
    seen = visible_paths()
    assert Path(os.__file__).parent in seen
    assert not any(path in seen for path in (Path.home(), Path("/"), Path("/home"), Path.cwd()))


@confined
def test_data_among_what_is_seen_are_refused() -> None:
    with pytest.raises(UsageError, match="move the data elsewhere"):
        require_confinement(Path(os.__file__).parent / "test")


def test_without_bubblewrap_nothing_is_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    why_not_confined.cache_clear()
    monkeypatch.setattr(confinement, "PROGRAM", "no-such-program")
    try:
        with pytest.raises(UsageError, match="Methods cannot be confined: bubblewrap is not"):
            choose_methods((), (), isolated=True, confined=True)
    finally:
        why_not_confined.cache_clear()


def test_confinement_needs_processes() -> None:
    with pytest.raises(UsageError, match="--confined needs processes"):
        choose_methods((), (), isolated=False, confined=True)
