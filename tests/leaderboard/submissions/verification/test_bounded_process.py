"""What a program writes is bounded, and so is its time."""

import sys
import tracemalloc
from pathlib import Path

from processes import ends

from benchmark.run import run_command
from leaderboard.submissions.verification import harness_process
from leaderboard.submissions.verification.bounded_process import KEPT_OUTPUT, run_bounded


def test_the_end_of_much_output_is_kept_in_little_memory(tmp_path: Path) -> None:
    code = "import sys\nfor _ in range(60): print('x' * 2**20)\nprint('the end'); sys.exit(7)"
    tracemalloc.start()
    try:
        ended = run_bounded(
            [sys.executable, "-c", code], folder=tmp_path, environment={}, seconds=60
        )
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024**2
    finally:
        tracemalloc.stop()
    assert ended.status == 7
    assert ended.output.rstrip().endswith("the end")
    assert len(ended.output) <= KEPT_OUTPUT


def test_a_program_is_ended_with_what_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, threading\n"
        "child = subprocess.Popen([sys.executable, '-c', "
        "'import threading; threading.Event().wait()'])\n"
        "print(child.pid, flush=True)\n"
        "threading.Event().wait()"
    )
    ended = run_bounded([sys.executable, "-c", code], folder=tmp_path, environment={}, seconds=5)
    assert ended.status is None
    assert ends(int(ended.output))


def test_the_status_of_failed_jobs_is_that_of_the_command() -> None:
    assert harness_process.EXIT_FAILED_JOBS == run_command.EXIT_FAILED_JOBS
