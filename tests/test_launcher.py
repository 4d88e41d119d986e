"""The command and a generated test say which file hides a package, wherever it lies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cropglobe_launcher
from benchmark.task.authoring.method_template import new_method


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", cropglobe_launcher.PACKAGES)
def test_the_command_names_the_file_that_hides_a_package(name: str, tmp_path: Path) -> None:
    """With `PYTHONPATH=.`, as many people set it."""
    (tmp_path / f"{name}.py").write_text("raise SystemExit('not this')\n", "utf-8")
    command = "from cropglobe_launcher import main; main()"
    done = run("-P", "-c", command, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"Error: {tmp_path / name}.py hides the package '{name}'")


def test_the_installed_command_is_that_of_the_launcher(tmp_path: Path) -> None:
    (tmp_path / "benchmark.py").write_text("", "utf-8")
    command = Path(sys.executable).with_name("cropglobe")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for words, status in ((["--version"], 0), (["--version"], 2)):
        done = subprocess.run(
            [str(command), *words],
            env=environment if status else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr


def test_a_generated_test_names_the_file_that_hides_a_package(tmp_path: Path) -> None:
    _, test = new_method("my-shadowed", "sklearn", tmp_path)
    (tmp_path / "benchmark.py").write_text("", "utf-8")
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(test), cwd=tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'benchmark.py'} hides the package 'benchmark'" in done.stdout


def test_a_folder_without_a_module_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmark").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert cropglobe_launcher.describe_shadowing() is None
    cropglobe_launcher.require_own_packages()
