"""Check that a run directory has not been renamed, removed or replaced during a run."""

from pathlib import Path
from typing import Final

from benchmark.errors import StoreError

MOVED: Final = (
    "it was renamed or removed during the run. Finished jobs are kept in it; run the same command "
    "again with --out and its new path."
)


class RunDirectory:
    """Remembers which directory a path named; nothing is checked before `stay` is called.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._number: int | None = None

    def stay(self) -> int:
        """Remember the directory that the path names now.

        Returns:
            The number of the directory on its file system (inode).

        Raises:
            StoreError: If there is no directory.
        """
        try:
            self._number = self.root.stat().st_ino
        except OSError as error:
            raise StoreError(f"There is no run directory {self.root}: {MOVED}") from error
        return self._number

    def stay_at(self, number: int) -> None:
        """Remember the directory of a number that `stay` returned in another process.

        Raises:
            StoreError: If the path now names another directory, or none.
        """
        self._number = number
        self.require()

    def require(self) -> None:
        """Check that the directory has not been renamed, removed or replaced since `stay`.

        Raises:
            StoreError: If it has been renamed, removed or replaced.
        """
        if self._number is None:
            return
        try:
            same = self.root.stat().st_ino == self._number
        except FileNotFoundError:
            same = False
        except OSError as error:
            raise StoreError(f"{self.root} cannot be read: {error.strerror or error}.") from error
        if not same:
            raise StoreError(f"The run directory {self.root} is no longer there: {MOVED}")
