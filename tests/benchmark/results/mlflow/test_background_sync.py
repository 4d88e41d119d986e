"""The process that writes to MLflow: what is said when it is slow, and when it was ended."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row

from benchmark.results.mlflow.background_sync import BackgroundSync, follow
from benchmark.results.store import RunStore

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of what it imports


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_slow_server_is_not_waited_for(tmp_path: Path, silent: str) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    with BackgroundSync(tmp_path, silent, patience=0.1) as follower:
        follower.finish()
    assert follower.warning is not None
    assert "its server took more than 0.1 seconds; rows are kept" in follower.warning


def test_a_writer_that_was_killed_is_not_called_slow(tmp_path: Path, silent: str) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    with BackgroundSync(tmp_path, silent) as follower:
        assert follower._process.pid is not None
        os.kill(follower._process.pid, signal.SIGKILL)
        follower._process.join()
        follower.finish()
    assert follower.warning is not None
    assert "the process that writes to it was ended by SIGKILL" in follower.warning
    assert f"cropglobe sync {tmp_path}" in follower.warning
    assert "server" not in follower.warning


def test_a_run_directory_of_no_unicode_name_is_refused_in_a_sentence(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "caf\udce9")
    store.write(make_identity(), [make_row()])
    with follow(store, busy=False) as follower:
        assert follower is not None
        follower.finish()
    assert follower.warning is not None
    assert "caf\\udce9, whose name is not UTF-8: rows are kept" in follower.warning
