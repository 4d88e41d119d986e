"""The table of speeds: what it shows, and when it fails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def kept(value: float, **bounds: float) -> dict[str, Any]:
    entry = {"name": "times the naive way", "value": value, "reference": 100.0}
    return entry | {"floor": None, "ceiling": None} | bounds


def run(script: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("value", "bounds", "within", "change"),
    [
        (78.9, {"floor": 50.0}, True, "-21 %"),
        (50.0, {"floor": 50.0}, True, "-50 %"),
        (49.0, {"floor": 50.0}, False, "-51 %"),
        (50.0, {"ceiling": 200.0}, True, "+100 %"),
        (201.0, {"ceiling": 200.0}, False, "-50 %"),
    ],
)
def test_a_bound_fails_the_command_only_on_request(
    value: float, bounds: dict[str, float], within: bool, change: str, tmp_path: Path
) -> None:
    path = tmp_path / "speed.json"
    one = {"name": "test_augmentation", "extra_info": {"speed": [kept(value, **bounds)]}}
    path.write_text(json.dumps({"benchmarks": [one, {"name": "x", "extra_info": {}}]}), "utf-8")
    shown = run("speed.py", path, "--measured")
    assert shown.returncode == 0, shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("augmentation")]
    assert change in line
    assert ("OUT OF BOUND" not in line) == within
    enforced = run("speed.py", path, "--measured", "--enforce")
    assert (enforced.returncode == 0) == within
    assert ("Speed has been lost: augmentation" not in enforced.stderr) == within


def test_the_last_lines_name_the_leaderboard_and_the_site(tmp_path: Path) -> None:
    missing = run("next_steps.py", tmp_path, tmp_path)
    assert missing.returncode == 1
    assert "leaderboard.md is missing" in missing.stderr
    for name in ("leaderboard.md", "index.html"):
        (tmp_path / name).write_text("x", "utf-8")
    done = run("next_steps.py", tmp_path, tmp_path)
    assert done.returncode == 0
    assert str(tmp_path / "leaderboard.md") in done.stdout
    assert (tmp_path / "index.html").as_uri() in done.stdout
