"""What `methods new` writes is typed and in style, and its test passes once the card is filled."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.task.authoring.method_template import KINDS, new_method

ROOT = Path(__file__).parents[3]


def succeed(*words: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_style(kind: str, tmp_path: Path) -> None:
    new_method(f"my-{kind}", kind, tmp_path)
    succeed("ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(tmp_path))
    config = str(ROOT / "pyproject.toml")
    succeed("ruff", "format", "--check", "--config", config, str(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_types_and_the_generated_test(kind: str, tmp_path: Path) -> None:
    method, test = new_method(f"my-{kind}", kind, tmp_path)
    succeed("mypy", "--strict", str(method))
    method.write_text(method.read_text("utf-8").replace("FILL IN: ", ""), "utf-8")
    succeed("pytest", "-q", str(test), cwd=tmp_path)
