"""The script of docs/cluster.md for a SLURM job array, run by two processes at once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import rows_of

from benchmark.data.dataset import Dataset
from benchmark.results.store import RunStore

PAGE = Path(__file__).parents[3] / "docs" / "cluster.md"
PATIENCE = 300


def array_script(data: Path) -> str:
    """Return the script of the page, made small: this data, two methods, a processor."""
    (code,) = re.findall(r"^```bash\n(#!.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    for long, short in {
        "--data DATA": f"--data '{data}' --transfers FRA:CHN --seeds 82 83 84",
        "--protocol paper": "--protocol smoke",
        "--methods paper": "--methods 'floor.*'",
        "--device cuda": "--device cpu",
        "/shared": str(data.parent),
    }.items():
        assert long in code
        code = code.replace(long, short)
    return str(code)


@pytest.mark.slow
def test_two_tasks_of_the_documented_array_share_the_jobs(tmp_path: Path, tiny: Dataset) -> None:
    script = tmp_path / "array.sh"
    script.write_text(array_script(tiny.root.resolve()))
    own = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": own, "SLURM_CPUS_PER_TASK": "1"}
    tasks = [
        subprocess.Popen(
            ["bash", str(script)],
            cwd=tmp_path,
            env=environment | {"SLURM_ARRAY_TASK_ID": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(2)
    ]
    said = [task.communicate(timeout=PATIENCE)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], said
    jobs, damaged = RunStore(tmp_path / "RUN").read_all()
    assert (len(jobs), damaged) == (6, ())
    assert {row.status for row in rows_of(tmp_path / "RUN")} == {"ok"}
    ran = [line for text in said for line in text.splitlines() if re.search(r": ok in ", line)]
    assert len(ran) == 6, said
    board = (tmp_path / "RUN" / "leaderboard.csv").read_text("utf-8")
    assert "floor.majority" in board
    assert "floor.prior" in board
