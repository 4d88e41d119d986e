"""Where downloads, simulated data and converted files are kept."""

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Final

ABANDONED_AFTER: Final = 24 * 3600
"""Seconds after which a half-written folder of another process counts as left by a killed one."""


def cache_directory() -> Path:
    """Return where downloads and simulated data are kept.

    ``$CROPGLOBE_CACHE`` if it is set, else the platform's cache directory: ``$XDG_CACHE_HOME`` or
    ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows; there the
    folder ``cropglobe``.
    """
    named = os.environ.get("CROPGLOBE_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "cropglobe"


def remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove what killed processes left half-written in a folder, under names with a prefix."""
    for entry in folder.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # another process may be removing it too
            if time.time() - entry.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(entry, ignore_errors=True)
