"""Fixtures that every test may use."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.results.provenance import processors
from benchmark.task.protocol import Protocol, load_protocol

settings.register_profile("cropglobe", deadline=None)  # a busy machine is no failure
settings.load_profile("cropglobe")

WRITTEN_BY_TOOLS = {
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    "__pycache__",
    "build",
    "results",
}
"""What the tools of `tox`, and tools that run beside the tests, write into the repository."""

MOST_WORKERS = 8
"""Processes of `pytest -n auto`: each of them loads the numerical libraries."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of `-n auto`, from processors: cores are half as many on most machines."""
    return min(processors(), MOST_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    """Divide the processors among the processes that tests run in, which begin after this."""
    workers = getattr(config.option, "numprocesses", None)
    if workers:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, processors() // workers)))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three domains: France, China (no wheat, later) and the USA (soybeans, later still)."""
    return write_tiny(
        tmp_path_factory.mktemp("tiny") / "data",
        make_samples("FRA"),
        make_samples("CHN", crops=("corn", "rice", "other"), shift=2),
        make_samples("USA", crops=("corn", "soybeans", "other"), shift=3),
    )


@pytest.fixture(scope="session")
def smoke() -> Protocol:
    """The shipped protocol of seconds."""
    return load_protocol("smoke")


@pytest.fixture
def changed() -> Callable[..., Protocol]:
    """Make a protocol from smoke with some values changed."""

    def change(**values: object) -> Protocol:
        return Protocol.model_validate(load_protocol("smoke").model_dump() | values)

    return change


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test out of the user's cache, off the network, and in one process."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CROPGLOBE_WORKERS", "0")
    monkeypatch.setenv("CROPGLOBE_TRACKING", "0")
    monkeypatch.setenv("CROPGLOBE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(autouse=True)
def _clean_repository() -> Iterator[None]:
    """Fail the test that writes into the working directory, as MLflow does without an address."""
    root = Path(__file__).resolve().parents[1]
    before = {path.name for path in root.iterdir()}
    yield
    gained = {path.name for path in root.iterdir()} - before - WRITTEN_BY_TOOLS
    assert not gained, f"this test wrote {', '.join(sorted(gained))} into {root}"


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a mounter of a real file system of 64 KiB; skips where mounting is not allowed."""
    point = tmp_path / "mount"
    point.mkdir()
    mounts: list[Path] = []

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(point)]
        if shutil.which("mount") is None or subprocess.run(command, check=False).returncode != 0:
            pytest.skip("a file system can be mounted by root only")
        mounts.append(point)
        return point

    yield mount
    for path in mounts:
        subprocess.run(["umount", str(path)], check=True)


@pytest.fixture
def real_table() -> Callable[[str], Path]:
    """Return a finder of the real tables, which skips where they are absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CROPGLOBE_REAL_DATA", default))

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"real data: {path} is absent (set CROPGLOBE_REAL_DATA)")
        return path

    return find
