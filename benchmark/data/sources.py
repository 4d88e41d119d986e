"""A dataset by its path, or the embedded default by the word ``simulated``."""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.errors import DataError
from benchmark.files import folder_aside

SIMULATED: Final = "simulated"
"""The word that stands for the embedded default wherever a data directory is expected."""

DEFAULT_SAMPLES_PER_DOMAIN: Final = 2_000
"""Samples of each domain of the embedded default: more than the short protocols take, few enough
that it is simulated in seconds and takes little room in the cache."""

DEFAULT_SEED: Final = 2023
"""Seed of the embedded default; the paper's year, of no other meaning."""

DEFAULT_DOMAINS: Final = ("ARG", "AUS", "BEL", "CHN", "FRA", "GBR", "NLD", "USA", "USA-2017")
"""The eight countries and the earlier year of the time transfer."""

ABANDONED_AFTER: Final = 24 * 3600
"""Seconds after which a half-written folder of another process counts as left by a killed one."""

SIMULATING: Final = ".simulating-"

Progress = Callable[[str, int, int], None]


def open_source(text: str, progress: Progress | None = None) -> Dataset:
    """Open what a user named as data.

    Args:
        text: ``simulated`` for the embedded default, which is simulated once and kept in the cache
            directory, or the path of a directory.
        progress: Called with the domain, the samples done and the samples in all while simulating.

    Returns:
        The dataset.

    Raises:
        DataError: If there is no such directory, or the cache cannot be written.
    """
    if text == SIMULATED:
        return open_dataset(simulated_directory(progress))
    return open_dataset(Path(text).expanduser())


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


def simulated_directory(progress: Progress | None = None) -> Path:
    """Return the folder of the embedded default, simulated now if it is not there.

    The folder's name holds the generator's version, the samples per domain and the seed. It is
    written under another name and renamed when it is whole, so that a killed process leaves no half
    of it and two processes at once end with one whole folder.

    Raises:
        DataError: If the cache cannot be written.
    """
    from benchmark.data.simulate.world import GENERATOR_VERSION, simulate_dataset

    cache = cache_directory()
    name = f"simulated-{GENERATOR_VERSION}-{DEFAULT_SAMPLES_PER_DOMAIN}-{DEFAULT_SEED}"
    final = cache / name
    if final.is_dir():
        return final
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        staging = folder_aside(cache, SIMULATING)
    except OSError as error:
        raise DataError(
            f"Cannot write to the cache {cache} ({error.strerror or error}): name another with "
            "CROPGLOBE_CACHE."
        ) from error
    try:
        simulate_dataset(
            staging / name,
            samples_per_domain=DEFAULT_SAMPLES_PER_DOMAIN,
            seed=DEFAULT_SEED,
            domains=DEFAULT_DOMAINS,
            progress=progress,
        )
        _put_in_place(staging / name, final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return final


def _put_in_place(made: Path, final: Path) -> None:
    try:
        made.rename(final)
    except OSError as error:
        if not final.is_dir():
            raise DataError(f"Cannot write {final}: {error.strerror or error}.") from error
        # Another process was first; its folder has the same content.


def _remove_abandoned(cache: Path) -> None:
    """Remove what killed processes left half-written."""
    for folder in cache.glob(f"{SIMULATING}*"):
        with contextlib.suppress(OSError):  # another process may be removing it too
            if time.time() - folder.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
