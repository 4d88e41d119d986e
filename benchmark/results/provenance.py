"""Where a row comes from: code, packages, machine, command line."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from benchmark import __version__
from benchmark.results.rows import Provenance

PACKAGES: Final = ("numpy", "pandas", "scikit-learn", "timm", "torch", "xgboost")
"""Packages on which scores depend."""


def provenance(code_fingerprint: str) -> Provenance:
    """Describe this process for a row.

    Args:
        code_fingerprint: Fingerprint of the method's code.

    Returns:
        The provenance; what cannot be found out is ``None``.
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
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(sys.argv),
    )


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
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None, None
    status = _git("status", "--porcelain", "--untracked-files=no")
    return commit, None if status is None else bool(status)


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
