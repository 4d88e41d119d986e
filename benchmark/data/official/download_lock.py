"""The lock of a downloaded directory: its revision, and the size and checksum of each file."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from benchmark.errors import DataError
from benchmark.files import replace_text

LOCK_FILE: Final = "cropglobe.lock.json"

READ_AT_ONCE: Final = 1 << 20
"""Bytes of a file that are read at once."""


class LockedFile(BaseModel):
    """Size and checksum of a file.

    Attributes:
        size: Length in bytes.
        sha256: Checksum of the content, 64 hex digits, for files that the hub stores as large ones.
        git_sha1: Git's object name of the content, 40 hex digits, for the other files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    sha256: str | None = None
    git_sha1: str | None = None

    @property
    def checksum(self) -> str:
        """The one of the two checksums that is set; empty if none is."""
        return self.sha256 or self.git_sha1 or ""


class Lock(BaseModel):
    """Content of `cropglobe.lock.json`.

    The first download takes the checksums from the hub (trust on first use). Every later download
    and every check compares files with them.

    Attributes:
        repository: Dataset repository on the hub.
        revision: Branch, tag or commit that was asked for.
        commit: Commit of the revision at the first download, 40 hex digits. Later downloads use it.
        complete: Whether every file was verified when the last download ended.
        files: The files that were asked for, by their path in the repository.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    revision: str
    commit: str
    complete: bool
    files: dict[str, LockedFile]

    @field_validator("files")
    @classmethod
    def _stay_below_the_directory(cls, value: dict[str, LockedFile]) -> dict[str, LockedFile]:
        for name in value:
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or any(p.startswith(".") for p in parts):
                raise ValueError(f"'{name}' is no plain path below a directory")
        return value


def read_lock(root: Path) -> Lock | None:
    """Return the lock of a directory, or ``None`` if it was not downloaded.

    Raises:
        DataError: If the lock is damaged.
    """
    path = root / LOCK_FILE
    try:
        return Lock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(
            f"{path} is not a lock of downloaded files ({reason}): remove it and download again."
        ) from error


def write_lock(root: Path, lock: Lock) -> None:
    """Write the lock of a directory; a failed write leaves the old one.

    Raises:
        OSError: If it cannot be written.
    """
    replace_text(root / LOCK_FILE, lock.model_dump_json(indent=2, exclude_none=True) + "\n")


def require_complete(root: Path) -> None:
    """Check that the files of a downloaded directory exist and have the right length.

    Args:
        root: Directory. Without a lock nothing is checked.

    Raises:
        DataError: If a download did not end, or a file is missing or has another length.
    """
    lock = read_lock(root)
    if lock is None:
        return
    if not lock.complete:
        raise DataError(
            f"The download of {root} did not end: repeat `cropglobe download {root}`, which "
            "downloads only the rest."
        )
    for name, locked in lock.files.items():
        path = root / name
        size = path.stat().st_size if path.is_file() else None
        if size != locked.size:
            found = "is missing" if size is None else f"has {size} bytes and not {locked.size}"
            raise DataError(f"{path} {found}: repeat `cropglobe download {root}`.")


def downloaded_from(root: Path) -> str | None:
    """Return repository and commit of a downloaded directory; ``None`` if it was not downloaded.

    Raises:
        DataError: If the lock is damaged.
    """
    lock = read_lock(root)
    return None if lock is None else f"{lock.repository} at commit {lock.commit}"


def has_content(path: Path, locked: LockedFile) -> bool:
    """Return whether the content of a file has the size and checksum of its lock.

    Raises:
        OSError: If the file exists and cannot be read.
    """
    if not path.is_file() or path.stat().st_size != locked.size:
        return False
    digest = hashlib.sha256()
    if locked.sha256 is None:
        # Not for security: git, and therefore the hub, names the content of small files by it.
        digest = hashlib.sha1(f"blob {locked.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as handle:
        while block := handle.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest() == locked.checksum
