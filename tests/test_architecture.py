"""The house rules that a machine can check."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmark", "baselines", "cropnet", "leaderboard")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_dependencies_point_one_way() -> None:
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(
        ["lint-imports", "--no-cache"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short_and_do_not_print(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print")


def test_the_version_is_the_same_everywhere() -> None:
    from benchmark import __version__

    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
