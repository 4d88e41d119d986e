"""Claims: one holder at a time, let go when the holder dies."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.results.job_locks import JobLocks

HOLD = """
import sys
from pathlib import Path
from benchmark.results.job_locks import JobLocks
with JobLocks(Path(sys.argv[1])).hold("key") as got:
    print(got, flush=True)
    sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    claims = JobLocks(tmp_path / "running")
    assert claims.held() == {}
    with claims.hold("a") as first, JobLocks(claims.folder).hold("a") as second:
        assert (first, second) == (True, False)
        assert list(claims.held()) == ["a"]
    assert claims.held() == {}
    assert list(claims.folder.iterdir()) == []


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    claims = JobLocks(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert claims.held()["key"].startswith(f"process {holder.pid} on ")
        with claims.hold("key") as got:
            assert not got
        holder.kill()
        holder.wait()
    assert claims.held() == {}
    with claims.hold("key") as got:
        assert got


def test_a_lock_file_that_another_machine_has_just_removed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS 3 says ESTALE to who opened the file before its holder removed it."""
    flock, stale = fcntl.flock, [OSError(errno.ESTALE, "Stale file handle")]

    def lock(descriptor: int, operation: int) -> None:
        if stale:
            raise stale.pop()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock)
    with JobLocks(tmp_path).hold("key") as got:
        assert got
    assert not stale
