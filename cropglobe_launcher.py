"""Starts the `cropglobe` command, once it is sure that the suite's own packages are the ones found.

The suite's packages have common names. A file such as ``benchmark.py`` in a folder that Python
searches first hides them. This module has a name that nobody else uses, so it is found even then.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGES: Final = ("benchmark", "baselines", "cropglobe", "cropnet", "leaderboard")
"""The packages of the suite; each lies beside this module, wherever it is installed."""

EXIT_ERROR: Final = 2
"""The exit status of `benchmark.cli` for an error; that module cannot be imported here."""


def describe_shadowing() -> str | None:
    """Return a sentence that names the file which hides a package; ``None`` if none does."""
    for name in PACKAGES:
        own = Path(__file__).parent / name / "__init__.py"
        spec = find_spec(name)
        found = Path(spec.origin) if spec is not None and spec.origin is not None else None
        if found is None:
            return (
                f"The package '{name}' of the suite is missing from {own.parent}: install it again."
            )
        if found.resolve() != own.resolve():
            return (
                f"{found} hides the package '{name}' of CropGlobe Benchmark ({own.parent}): rename "
                "that file, or take its folder out of PYTHONPATH and the working directory."
            )
    return None


def require_own_packages() -> None:
    """Stop a program that would import another file in place of a package of the suite.

    Raises:
        ImportError: If a file hides a package; the message names it.
    """
    message = describe_shadowing()
    if message is not None:
        raise ImportError(message)


def main() -> None:
    """Run the `cropglobe` command of the process and exit."""
    message = describe_shadowing()
    if message is not None:
        sys.stderr.write(f"Error: {message}\n")
        raise SystemExit(EXIT_ERROR)
    from benchmark.cli import main as run

    run()
