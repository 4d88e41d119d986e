"""Where downloads, simulated data, converted files and arrays that were computed are kept."""

import contextlib
import logging
import os
import shutil
import sys
import time
from pathlib import Path
from tokenize import TokenError
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.errors import DataError
from benchmark.files import replace_file, user_path

logger = logging.getLogger(__name__)

ABANDONED_AFTER: Final = 24 * 3600
"""Seconds after which a half-written folder of another process counts as left by a killed one."""

DAY: Final = 24 * 3600

UNUSED_AFTER: Final = 90 * DAY
"""Seconds after which a kept array that was not read is removed."""


def cache_directory() -> Path:
    """Return where downloads and simulated data are kept.

    ``$CROPGLOBE_CACHE`` if it is set, else the platform's cache directory: ``$XDG_CACHE_HOME`` or
    ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows; there the
    folder ``cropglobe``.

    Raises:
        DataError: If the platform's directory is needed and there is no home directory.
    """
    named = os.environ.get("CROPGLOBE_CACHE")
    if named:
        return user_path(named)
    try:
        return _platform_directory() / "cropglobe"
    except RuntimeError as error:
        raise DataError(
            "There is no home directory to keep data in: name a folder with CROPGLOBE_CACHE."
        ) from error


def _platform_directory() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove what killed processes left half-written in a folder, under names with a prefix."""
    for entry in folder.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # another process may be removing it too
            if time.time() - entry.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(entry, ignore_errors=True)


def read_array(path: Path, *, mapped: bool = False) -> npt.NDArray[np.float32] | None:
    """Return a kept array, or ``None`` where there is none that can be read.

    Args:
        path: File of the array.
        mapped: Whether it is mapped into memory, read-only, in place of being read whole.
    """
    if not path.is_file():
        return None
    with contextlib.suppress(OSError):  # a cache that may only be read
        path.touch()  # used today, so that it is kept
    try:
        found = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        return np.asarray(found, dtype=np.float32)
    except (OSError, ValueError, EOFError, TokenError):
        with contextlib.suppress(OSError):
            path.unlink()  # what cannot be read is made again
    return None


def keep_array(
    path: Path, array: npt.NDArray[np.float32], *, most_bytes: int | None = None
) -> None:
    """Keep an array, and let go of those of its folder that nobody asked for in a long time.

    Args:
        path: File of the array.
        array: The array.
        most_bytes: Size that the folder's arrays may have in all; ``None`` for no limit. Room is
            made by removing arrays that were not used for a day, those first that were not used
            for longest. The array is not kept where that is not enough: arrays that a run needs
            again and again do not drive out each other.
    """
    room = _remove_unused(path.parent, array.nbytes, most_bytes)
    if not room:
        return
    try:
        replace_file(path, lambda file: np.save(file, array, allow_pickle=False))
    except OSError as error:
        logger.warning("%s cannot be written (%s): it is computed each time", path, error)


def _remove_unused(folder: Path, wanted: int, most_bytes: int | None) -> bool:
    """Remove arrays that nobody uses, and return whether there is room for another one."""
    now, found = time.time(), []
    for older in folder.glob("*.npy"):
        with contextlib.suppress(OSError):  # another process may be removing it too
            state = older.stat()
            found.append((now - state.st_mtime, state.st_size, older))
    left = sum(size for _, size, _ in found)
    for unused, size, older in sorted(found, reverse=True):
        full = most_bytes is not None and left + wanted > most_bytes and unused > DAY
        if full or unused > UNUSED_AFTER:
            with contextlib.suppress(OSError):
                older.unlink()
                left -= size
    return most_bytes is None or left + wanted <= most_bytes
