"""Whether a run directory is still where it was: it may be renamed while a run goes on."""

from pathlib import Path
from typing import Final

from benchmark.errors import StoreError

MOVED: Final = (
    "it was renamed or removed while the run went on. Finished jobs are kept in it; run the same "
    "command again with --out and its new place."
)


class RunPlace:
    """The place of a run directory; nothing is looked at before `stay`.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._number: int | None = None

    def stay(self) -> int:
        """Hold on to the directory that is there now; return its number on its file system.

        Raises:
            StoreError: If there is none.
        """
        try:
            self._number = self.root.stat().st_ino
        except OSError as error:
            raise StoreError(f"There is no run directory {self.root}: {MOVED}") from error
        return self._number

    def stay_at(self, number: int) -> None:
        """Hold on to the directory of a number, see `stay`.

        Raises:
            StoreError: If another one is there, or none.
        """
        self._number = number
        self.require()

    def require(self) -> None:
        """See that the directory has not been renamed, removed or replaced since `stay`.

        Raises:
            StoreError: If it has.
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
