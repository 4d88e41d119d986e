"""Random `kill -9` of coordinator, workers and nursery: nothing finished is lost or done twice.

At full scale, by hand: ``CROPGLOBE_FAULT_KILLS=30 CROPGLOBE_FAULT_DATA=simulated pytest -s -m slow
tests/benchmark/run/test_faults.py``.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from benchmark.data.dataset import Dataset
from benchmark.results.store import RunStore

KILLS = int(os.environ.get("CROPGLOBE_FAULT_KILLS", "4"))
DATA = os.environ.get("CROPGLOBE_FAULT_DATA", "")
JOBS = 60
LONGEST = 300
CODE = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in what they put behind
from benchmark.cli import main
main()"""

Finished = dict[str, str]


def command(data: str, run: Path) -> list[str]:
    words = [sys.executable, "-c", CODE, "run", "--data", data, "--protocol", "smoke"]
    words += ["--transfers", "FRA:CHN", "--methods", "floor.prior", "harmonic.xgboost"]
    words += ["--seeds", *[str(seed) for seed in range(JOBS // 2)], "--device", "cpu"]
    return [*words, "--workers", "2", "--no-tracking", "--overwrite", "failed", "--out", str(run)]


def start(data: str, run: Path) -> subprocess.Popen[bytes]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command(data, run), **quiet)  # type: ignore[call-overload, no-any-return]


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that start workers or are such."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        found = [int(word) for word in text.split()]
        return [p for p in found if b"forkserver" in Path(f"/proc/{p}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def helpers(pid: int) -> dict[int, str]:
    """Return what each process below a coordinator is: the nursery of workers, or one of them."""
    found = dict.fromkeys(children(pid), "nursery")
    workers = [worker for nursery in found for worker in children(nursery)]
    return found | dict.fromkeys(workers, "worker")


def finished(run: Path) -> Finished:
    """Return the checksum of each job that has scores; none may be unreadable."""
    store = RunStore(run)
    if not store.jobs.is_dir():
        return {}
    jobs, damaged = store.read_all()
    assert damaged == ()
    return {
        job.identity.key: job.checksum
        for job in jobs
        if all(row.status == "ok" for row in job.rows)
    }


def content(run: Path) -> dict[str, object]:
    """Return rows and probabilities of each job, less what differs between two runs."""
    store = RunStore(run)
    return {
        job.identity.key: [
            (
                row.without_circumstances(),
                store.predictions(job, row.target).probabilities.tobytes(),
            )
            for row in job.rows
        ]
        for job in store.read_all()[0]
    }


def still_runs(process: subprocess.Popen[bytes], run: Path, chance: random.Random) -> bool:
    """Wait until some more jobs are finished and a moment longer; return whether it runs yet."""
    wanted = stored(run) + chance.randint(0, 20)
    while process.poll() is None and stored(run) < wanted:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    with suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0, 0.3))
    return process.poll() is None


def stored(run: Path) -> int:
    return len(list((run / "jobs").glob("[!.]*")))


def complete(data: str, run: Path, before: Finished, reference: dict[str, object]) -> None:
    """Let a run come to its end; what was finished before must stand untouched."""
    assert start(data, run).wait(LONGEST) == 0
    after = finished(run)
    assert {key: after.get(key) for key in before} == before
    assert stored(run) == len(after) == JOBS
    assert content(run) == reference


@pytest.mark.slow
def test_random_kills_lose_nothing(tiny: Dataset, tmp_path: Path) -> None:
    data = DATA or str(tiny.root)
    assert start(data, tmp_path / "undisturbed").wait(LONGEST) == 0
    reference = content(tmp_path / "undisturbed")
    chance = random.Random(1)
    counts: Counter[str] = Counter()
    run, known = tmp_path / "run", Finished()
    process = start(data, run)
    while counts["coordinator"] + counts["worker"] + counts["nursery"] < KILLS:
        if still_runs(process, run, chance):
            victims = helpers(process.pid) | {process.pid: "coordinator"}
            kinds = sorted(set(victims.values()))
            kind = min(kinds, key=lambda each: (counts[each], chance.random()))
            victim = chance.choice([pid for pid, what in victims.items() if what == kind])
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                counts[kind] += 1
            counts["while jobs were finished"] += 0 < len(known) < JOBS
        if process.poll() is not None:
            counts["starts"] += 1
            now = finished(run)
            assert {key: now.get(key) for key in known} == known
            known = now
            if len(now) == JOBS:
                complete(data, run, now, reference)
                counts["complete runs"] += 1
                shutil.rmtree(run)
                known = Finished()
            process = start(data, run)
        else:
            known = finished(run)
    process.kill()
    process.wait()
    complete(data, run, finished(run), reference)
    sys.stderr.write(f"{dict(counts)}; {JOBS} jobs a run\n")


@pytest.mark.slow
def test_two_coordinators_at_once(tiny: Dataset, tmp_path: Path) -> None:
    both = [start(str(tiny.root), tmp_path / "run") for _ in range(2)]
    assert [process.wait(LONGEST) for process in both] == [0, 0]
    assert len(finished(tmp_path / "run")) == JOBS
    assert not list((tmp_path / "run" / "jobs").glob(".*"))
    assert start(str(tiny.root), tmp_path / "one").wait(LONGEST) == 0
    assert content(tmp_path / "run") == content(tmp_path / "one")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_no_process(tiny: Dataset, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        command(str(tiny.root), run),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while process.poll() is None and stored(run) < 3:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        workers = [pid for pid, what in helpers(process.pid).items() if what == "worker"]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        "Interrupted: finished jobs are kept; the same command goes on from here."
    )
    assert "Traceback" not in said
    assert len(finished(run)) >= 3
    deadline = time.monotonic() + LONGEST
    assert len(workers) == 2
    for leader in (*workers, process.pid):  # the last to go is Python's own resource tracker
        while group_lives(leader):
            assert time.monotonic() < deadline


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
