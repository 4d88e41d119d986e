"""A process that keeps a tracking server up to date while a run goes on, and cannot harm it."""

import multiprocessing
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Final, Self

SECONDS_BETWEEN_SYNCS: Final = 10.0
SECONDS_TO_FINISH: Final = 60.0
"""How long the end of a run waits for a slow server."""

SECONDS_TO_END: Final = 5.0

FINISH: Final = "finish"


class BackgroundSync:
    """Follows a run from a process of its own, so that a slow server slows nothing else.

    Args:
        run: Run directory.
        uri: Address of the server.
        patience: Seconds that the end of the run waits for the server.
    """

    def __init__(self, run: Path, uri: str, patience: float = SECONDS_TO_FINISH) -> None:
        self.run = run
        self.uri = uri
        self.patience = patience
        self.warning: str | None = None

    def __enter__(self) -> Self:
        """Start the process."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=sync_until_finished, args=(theirs, self.run, self.uri), daemon=True
        )
        self._process.start()
        theirs.close()
        return self

    def finish(self) -> None:
        """Wait until the server has everything; say in `warning` why not if it has not."""
        self.warning = (
            "MLflow is not up to date, since its server was too slow; rows are kept, and "
            f"`cropglobe sync {self.run}` mends it."
        )
        with suppress(EOFError, ConnectionError):
            self._connection.send(FINISH)
            if self._connection.poll(self.patience):
                self.warning = self._connection.recv()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self.warning is None and kind is None:
            self._process.join(SECONDS_TO_END)  # it has answered, and ends by itself
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()


def sync_until_finished(connection: Connection, run: Path, uri: str) -> None:
    """Sync now and then until told to finish; the body of the process.

    Args:
        connection: Where `FINISH` comes from; the answer is ``None`` or a warning.
        run: Run directory.
        uri: Address of the server.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from benchmark.errors import CropGlobeError
    from benchmark.results.mlflow.tracker import Tracker
    from benchmark.results.store import RunStore

    tracker = Tracker(RunStore(run), uri)
    with suppress(EOFError, ConnectionError):  # the run was killed
        while True:
            finish = connection.poll(SECONDS_BETWEEN_SYNCS) and connection.recv() == FINISH
            warning = None
            try:
                tracker.sync()
            except CropGlobeError as error:
                warning = str(error)  # told at the end, if it still holds then
            if finish:
                connection.send(warning)
                return
