"""Folders that replace others, whole: what is moved aside, brought back, and kept of the older."""

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
"""Seconds after which what a killed process left half-written is removed; writing takes less."""


def replace_folder(staging: Path, folder: Path) -> None:
    """Move `staging` to `folder`; a folder there before is moved aside first and then removed.

    Another process may do the same at the same time: whoever finds the name taken moves that
    aside, so that the last one stands, whole.

    Raises:
        OSError: If it cannot be moved.
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
        with contextlib.suppress(FileNotFoundError):  # the other process was quicker
            folder.rename(aside / folder.name)
        replaced.append(aside)
    flush_folder(folder.parent)
    for aside in replaced:
        shutil.rmtree(aside, ignore_errors=True)


def mend(jobs: Path) -> None:
    """Bring back what was moved aside for a job that then never came; remove what is abandoned."""
    for aside in jobs.glob(f"{REPLACED}*"):
        for folder in aside.glob("[!.]*"):
            with contextlib.suppress(OSError):  # a newer one stands there, or has come just now
                folder.rename(jobs / folder.name)
    for prefix in (ASIDE, REPLACED, REMOVED):
        for folder in jobs.glob(f"{prefix}*"):
            with contextlib.suppress(FileNotFoundError):  # another process removes it too
                if time.time() - folder.stat().st_mtime > ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)


def keep_files(older: Path, staging: Path, names: Iterable[str]) -> None:
    """Copy the files of an older folder that `staging` has not, and flush them to the disk.

    Args:
        older: Folder whose files are whole.
        staging: Folder that is not in its place yet.
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
