"""The process that writes to MLflow: what is said when it is slow, and when it was ended."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row

from benchmark.results.mlflow import background_sync
from benchmark.results.mlflow.background_sync import (
    FINISH,
    BackgroundSync,
    follow,
    sync_until_finished,
)
from benchmark.results.mlflow.tracker import Tracker
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


def end_a_run(store: RunStore) -> str | None:
    """Run the body of the process for a run that has ended; return its warning."""
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        ours.send(FINISH)
        sync_until_finished(theirs, store.root, "http://127.0.0.1:1")
        warning: str | None = ours.recv()
        return warning


def test_jobs_of_a_run_that_ends_while_another_syncs_for_the_last_time_are_synced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    seen: list[int] = []

    def sync(tracker: Tracker, *, final: bool) -> None:
        assert final
        seen.append(len(tracker.store.keys()))
        if len(seen) == 1:  # the other run stores a job that this sync has not read, and ends
            store.write(make_identity(seed=2), [make_row(seed=2)])
            assert end_a_run(store) is None

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(background_sync, "_sync", sync)
    store.write(make_identity(seed=1), [make_row(seed=1)])
    assert end_a_run(store) is None
    assert seen == [1, 2]
    assert not list(store.job_locks.folder.iterdir())
