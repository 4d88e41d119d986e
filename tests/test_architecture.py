"""The house rules that a machine can check."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmark", "baselines", "cropnet", "leaderboard", "cropglobe")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FOLDERS = sorted({path.parent for path in SOURCES})

MOST_MODULES = 15
"""Modules in a folder, without ``__init__``."""

MOST_LINES = 60
"""Lines of a function's body, without signature and docstring."""

LONGER = {("baselines/handcrafted.py", "methods")}
"""Functions that may be longer, each with a reason: that one is a list of cards."""


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


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_folders_are_small_and_say_what_they_hold(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            known = (str(path.relative_to(ROOT)), node.name) in LONGER
            assert known or lines <= MOST_LINES, f"{node.name} has {lines} lines"


def test_what_the_architecture_page_names_exists() -> None:
    """A path is relative to the root or to the folder named before it in the same cell."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for line in text.splitlines():
        folder = ROOT
        for name in re.findall(r"`([\w-]+\.py|[a-z]+/[\w/-]*(?:\.py|\.csv|\.yaml|/))`", line):
            path = ROOT / name if (ROOT / name).exists() else folder / name
            assert path.exists() or "NAME" in name, f"{name} in: {line}"
            folder = path if path.is_dir() else path.parent


def test_the_version_is_the_same_everywhere() -> None:
    from benchmark import __version__

    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
