"""Job locks: one locked file per running job; the system releases it when the process ends."""

import errno
import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import StoreError
from benchmark.files import NO_LOCKS, is_still

logger = logging.getLogger(__name__)


class JobLocks:
    """The job locks of a run directory.

    A lock prevents two processes from running the same job. The store does not depend on it, since
    a finished job gets its name by renaming. On a file system without locks a job may run twice.

    Args:
        folder: Folder of the lock files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """Lock a job while the body of the ``with`` statement runs.

        Args:
            key: Key of the job.

        Yields:
            Whether the lock was acquired; ``False`` if another process holds it.

        Raises:
            StoreError: If the lock file cannot be written.
        """
        path = self.folder / key
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = _lock(path)
            if descriptor is not None:
                _sign(descriptor)
        except OSError as error:
            raise StoreError(f"Cannot lock {path}: {error.strerror or error}.") from error
        if descriptor is None:
            yield False
            return
        try:
            yield True
        finally:
            # Removed while it is locked, so a process that opened it before finds that it is gone.
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def held(self) -> dict[str, str]:
        """Return the holder of each lock, ``process PID on HOST``, by the key of the job."""
        if not self.folder.is_dir():
            return {}
        found = {}
        for path in sorted(self.folder.iterdir()):
            try:
                text = _locked_content(path)
            except FileNotFoundError:
                continue  # finished since the folder was listed
            if text is not None:
                found[path.name] = _holder(text)
        return found


def _lock(path: Path) -> int | None:
    """Return a descriptor of the locked file, or ``None`` if another process has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            if error.errno == errno.ESTALE:  # a network disk: its holder has just removed it
                os.close(descriptor)
                continue
            if error.errno not in NO_LOCKS:
                os.close(descriptor)
                raise
            logger.warning("%s: this file system has no locks; jobs may run twice", path.parent)
            return descriptor
        if is_still(path, descriptor):
            return descriptor
        os.close(descriptor)


def _sign(descriptor: int) -> None:
    holder = {"host": socket.gethostname(), "pid": os.getpid()}
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())
    except OSError:
        os.close(descriptor)
        raise


def _locked_content(path: Path) -> str | None:
    with path.open(encoding="utf-8", errors="replace") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read()
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        return None


def _holder(text: str) -> str:
    try:
        content = json.loads(text)
        return f"process {content['pid']} on {content['host']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just started"
