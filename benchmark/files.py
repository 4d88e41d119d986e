"""Files and folders that are whole or absent: written aside, flushed, and renamed.

What is made here has the rights that the user's umask gives to new files, so that colleagues on a
shared disk can read it; the standard library's temporary files are their owner's alone.
"""

import errno
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, Final

from benchmark.errors import UsageError

logger = logging.getLogger(__name__)

ASIDE: Final = ".writing-"
"""What the name of a file or folder begins with until it is whole."""

LOCK: Final = ".writing.lock"
"""File by which processes that write into one folder wait for each other; it is there meanwhile."""

NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
"""Errors of file systems without locks."""


def user_path(path: str | Path) -> Path:
    """Return a path that a user named, in which ``~`` stands for a home directory.

    Raises:
        UsageError: If there is no such home directory.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"{path} cannot be found, since its home directory is unknown: name the path in full."
        ) from error


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Put a file in the place of an older one, in one step.

    Args:
        path: The file; its folder is made if needed.
        write: Writes the content to an open binary file.

    Raises:
        OSError: If it cannot be written; the older file stands then and nothing else is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{ASIDE}{token_hex(6)}-{path.name}")
    try:
        with aside.open("xb") as handle:
            write(handle)
            handle.flush()
            os.fsync(handle.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    flush_folder(path.parent)


def replace_text(path: Path, text: str) -> None:
    """Put a text file in UTF-8 in the place of an older one, in one step.

    Raises:
        OSError: If it cannot be written; the older file stands then.
    """
    replace_file(path, lambda handle: handle.write(text.encode()))


def write_text(path: Path, text: str) -> None:
    """Write a file inside a folder that is not in its place yet, and flush it to the disk.

    Raises:
        OSError: If it cannot be written.
    """
    with path.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def as_utf8(value: Any) -> Any:
    r"""Return plain values in which every text can be stored in UTF-8.

    Bytes of a command line or of a file's name that are not UTF-8 come into Python as lone
    surrogates, which neither UTF-8 nor JSON can hold: they become escapes such as ``\udce9``.

    Args:
        value: A text, or lists, tuples and dictionaries of texts and other values.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list | tuple):
        return type(value)(as_utf8(each) for each in value)
    if isinstance(value, dict):
        return {as_utf8(key): as_utf8(each) for key, each in value.items()}
    return value


def folder_aside(parent: Path, prefix: str = ASIDE) -> Path:
    """Make a new folder in which something is put together before it is renamed.

    Args:
        parent: Folder to make it in, which is on the disk of the final place.
        prefix: What its name begins with.

    Raises:
        OSError: If it cannot be made.
    """
    folder = parent / f"{prefix}{token_hex(6)}"
    folder.mkdir()
    return folder


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes into a folder, and keep others waiting; ends with it.

    Raises:
        OSError: If the lock cannot be written.
    """
    path = folder / LOCK
    while True:
        with path.open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                logger.warning("%s has no file locks: write into it one at a time", folder)
            # Its last holder may have removed it since it was opened: then it keeps nobody out.
            if not is_still(path, handle.fileno()):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def is_still(path: Path, descriptor: int) -> bool:
    """Return whether an opened file is the one that its path names now."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(descriptor))
