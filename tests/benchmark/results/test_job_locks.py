"""Claims: one holder at a time, let go when the holder dies."""

import subprocess
import sys
from pathlib import Path

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
