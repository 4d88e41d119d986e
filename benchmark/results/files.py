"""Files that are whole or absent: written aside, flushed, and renamed."""

import os
from pathlib import Path
from tempfile import mkstemp


def write_text(path: Path, text: str) -> None:
    """Write a file and flush it to the disk.

    Raises:
        OSError: If it cannot be written.
    """
    with path.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def replace_text(path: Path, text: str) -> None:
    """Put a file in the place of an older one, in one step.

    Raises:
        OSError: If it cannot be written; the older file stands then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(prefix=".writing-", dir=path.parent)
    os.close(descriptor)
    staging = Path(name)
    try:
        write_text(staging, text)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
