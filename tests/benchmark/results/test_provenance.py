"""Where a row comes from."""

import os
from pathlib import Path

import pytest

from benchmark.results import provenance as module
from benchmark.results.provenance import processors, provenance


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (
            "NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023",
            "535.104.05",
        ),
        ("NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build", "550.54.15"),
    ],
)
def test_the_driver_is_what_the_kernel_says(
    line: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "version"
    file.write_text(f"NVRM version: {line}\nGCC version: gcc 12.3.0\n")
    monkeypatch.setattr(module, "DRIVER", file)
    module._driver.cache_clear()
    assert provenance("c").driver == version
    module._driver.cache_clear()


def test_no_driver_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRIVER", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi either
    module._driver.cache_clear()
    assert provenance("c").driver is None
    module._driver.cache_clear()


def test_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = provenance("c")
    assert found.processors == processors()
    assert 1 <= processors() <= (os.cpu_count() or 1)
    assert found.threads == 3
    assert found.memory_bytes is None or found.memory_bytes > 1e8
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert provenance("c").threads is None
