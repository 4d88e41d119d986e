"""The provenance of a row: code, packages, machine, command line."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmark import __version__
from benchmark.files import as_utf8
from benchmark.results.rows import Provenance, Row

PACKAGES: Final = ("numpy", "pandas", "scikit-learn", "timm", "torch", "xgboost")
"""Packages on which scores depend."""

DRIVER: Final = Path("/proc/driver/nvidia/version")


def provenance(code_fingerprint: str) -> Provenance:
    """Return the provenance of rows that this process makes.

    Args:
        code_fingerprint: Fingerprint of the method's code.

    Returns:
        The provenance. A value that cannot be found is ``None``.
    """
    commit, dirty = _git_state()
    return Provenance(
        package_version=__version__,
        code_fingerprint=code_fingerprint,
        commit=commit,
        dirty=dirty,
        python=platform.python_version(),
        packages=_package_versions(),
        platform=platform.platform(),
        processors=processors(),
        threads=_threads(),
        memory_bytes=_memory(),
        driver=_driver(),
        created=now(),
        command=as_utf8(tuple(sys.argv)),
    )


def now() -> str:
    """Return the present time, UTC, ISO 8601, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def with_start(rows: Iterable[Row], started: str) -> tuple[Row, ...]:
    """Return copies of rows with the time when their job began.

    Args:
        rows: Rows of a job.
        started: The time, UTC, ISO 8601.
    """
    return tuple(
        row.model_copy(
            update={"provenance": row.provenance.model_copy(update={"started": started})}
        )
        for row in rows
    )


def processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads() -> int | None:
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit.isdigit() else None


@cache
def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


@cache
def _driver() -> str | None:
    """Return the driver's version as the kernel reports it, or else as ``nvidia-smi`` does."""
    if DRIVER.is_file():
        found = re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", DRIVER.read_text("utf-8", "replace"))
        if found is not None:
            return found[1]
    output = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return output.splitlines()[0].strip() if output else None


@cache
def _package_versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _git_state() -> tuple[str | None, bool | None]:
    commit = _output("git", "rev-parse", "HEAD")
    if commit is None:
        return None, None
    status = _output("git", "status", "--porcelain", "--untracked-files=no")
    return commit, None if status is None else bool(status)


def _output(*words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, the user's own tools
            words,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
