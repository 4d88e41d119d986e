"""Replace a folder by another one so that a reader always finds a complete folder."""

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmark.files import ASIDE, flush_folder, folder_aside

REPLACED: Final = ".replaced-"
REMOVED: Final = ".removed-"

ABANDONED_AFTER: Final = 3600
"""Seconds after which a half-written folder of a killed process is removed; writing takes less."""


def replace_folder(staging: Path, folder: Path) -> None:
    """Rename `staging` to `folder`. An existing folder is first renamed and then removed.

    Two processes may do this at the same time. Each renames the folder that it finds, so the folder
    of the last process remains, and it is complete.

    Raises:
        OSError: If the folder cannot be renamed.
    """
    replaced: list[Path] = []
    while True:
        try:
            staging.rename(folder)
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        aside = folder_aside(folder.parent, REPLACED)
        with contextlib.suppress(FileNotFoundError):  # the other process has renamed it already
            folder.rename(aside / folder.name)
        replaced.append(aside)
    flush_folder(folder.parent)
    for aside in replaced:
        shutil.rmtree(aside, ignore_errors=True)


def repair(jobs: Path) -> None:
    """Repair the folder of jobs after a process was killed.

    A job that was renamed, but not replaced, gets its name back. Half-written folders are removed.
    """
    for aside in jobs.glob(f"{REPLACED}*"):
        for folder in aside.glob("[!.]*"):
            with contextlib.suppress(OSError):  # the job was replaced after all
                folder.rename(jobs / folder.name)
    for prefix in (ASIDE, REPLACED, REMOVED):
        for folder in jobs.glob(f"{prefix}*"):
            with contextlib.suppress(FileNotFoundError):  # another process removes it too
                if time.time() - folder.stat().st_mtime > ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)


def keep_files(older: Path, staging: Path, names: Iterable[str]) -> None:
    """Copy files of an older folder that `staging` does not have, and flush them to the disk.

    Args:
        older: Folder with complete files.
        staging: Folder that does not have its final name yet.
        names: Names of the files.

    Raises:
        OSError: If they cannot be copied.
    """
    for name in names:
        with contextlib.suppress(FileExistsError), (staging / name).open("xb") as copy:
            with (older / name).open("rb") as content:
                shutil.copyfileobj(content, copy)
            copy.flush()
            os.fsync(copy.fileno())
