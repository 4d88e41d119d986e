"""A process that keeps a tracking server up to date while a run goes on, and cannot harm it."""

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from benchmark.main_module import main_left_out

if TYPE_CHECKING:
    from benchmark.results.mlflow.tracker import Tracker
    from benchmark.results.store import RunStore

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
        with main_left_out():
            self._process.start()
        theirs.close()
        return self

    def finish(self) -> None:
        """Wait until the server has everything; say in `warning` why not if it has not."""
        mends = f"rows are kept, and `cropglobe sync {self.run}` brings MLflow up to date."
        try:
            self._connection.send(FINISH)
            if self._connection.poll(self.patience):
                self.warning = self._connection.recv()
            else:
                self.warning = (
                    f"MLflow is not up to date, since its server took more than {self.patience:g} "
                    f"seconds; {mends}"
                )
        except (EOFError, ConnectionError):
            self._process.join(SECONDS_TO_END)
            self.warning = (
                "MLflow is not up to date, since the process that writes to it "
                f"{_how_it_ended(self._process.exitcode)}; {mends}"
            )

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


def follow(
    store: "RunStore", uri: str | None = None, *, busy: bool
) -> AbstractContextManager[BackgroundSync | None]:
    """Return what keeps a server up to date while a run goes on.

    Args:
        store: The run.
        uri: Address of the server; the database in the run directory if ``None``.
        busy: Whether there is a job to run.

    Returns:
        A context of the process that does so, or of ``None`` where nothing is left to do.
    """
    from benchmark.results.mlflow.addresses import default_uri
    from benchmark.results.mlflow.tracking_state import read_tracking_state, view_state

    address = uri or default_uri(store)
    if not busy and read_tracking_state(store).is_synced(address, view_state(store)):
        return nullcontext()
    return BackgroundSync(store.root.resolve(), address)


def sync_until_finished(connection: Connection, run: Path, uri: str) -> None:
    """Sync now and then until told to finish; the body of the process.

    Args:
        connection: Where `FINISH` comes from; the answer is ``None`` or a warning.
        run: Run directory.
        uri: Address of the server.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from benchmark.results.mlflow.tracker import Tracker
    from benchmark.results.mlflow.tracking_state import writer_lock
    from benchmark.results.store import RunStore

    store = RunStore(run)
    tracker = Tracker(store, uri)
    with ExitStack() as held, suppress(EOFError, ConnectionError):  # the run was killed
        mine = False
        while True:
            finish = connection.poll(SECONDS_BETWEEN_SYNCS) and connection.recv() == FINISH
            mine = mine or held.enter_context(store.job_locks.hold(writer_lock(uri)))
            # Another process that writes this run directory to this server writes all its jobs.
            if finish:
                held.close()
                connection.send(_sync_at_end(tracker))
                return
            if mine:
                _sync(tracker, final=False)


def sync_while_asked(store: "RunStore", uri: str, sync: Callable[[], None]) -> bool:
    """Sync unless another process does; sync again if a process has ended its run meanwhile.

    Such a process finds the lock held, although its last jobs may have been stored after they were
    read here. It writes a file before it tries the lock; the holder looks for that file after it
    has released the lock.

    Args:
        store: The store of the run directory.
        uri: Address of the server.
        sync: Writes everything that is stored.

    Returns:
        Whether this process has synced.

    Raises:
        OSError: If the file cannot be removed.
        StoreError: If the lock cannot be written.
    """
    from benchmark.results.mlflow.tracking_state import writer_lock

    done = False
    while True:
        with store.job_locks.hold(writer_lock(uri)) as mine:
            if not mine:
                return done
            _asked_file(store, uri).unlink(missing_ok=True)
            sync()
            done = True
        if not _asked_file(store, uri).exists():
            return done


def _asked_file(store: "RunStore", uri: str) -> Path:
    from benchmark.results.mlflow.tracking_state import writer_lock

    return store.job_locks.folder / f"{writer_lock(uri)}-asked"


def _sync_at_end(tracker: "Tracker") -> str | None:
    """Sync a run that has ended, or ask the process that syncs now; return a warning."""
    from benchmark.errors import StoreError

    asked = _asked_file(tracker.store, tracker.uri)
    warnings: list[str | None] = [None]
    try:
        asked.parent.mkdir(parents=True, exist_ok=True)
        asked.touch()
        sync_while_asked(
            tracker.store, tracker.uri, lambda: warnings.append(_sync(tracker, final=True))
        )
    except (OSError, StoreError) as error:
        return (
            f"MLflow is not up to date ({error}); rows are kept, and "
            f"`cropglobe sync {tracker.store.root}` brings it up to date."
        )
    return warnings[-1]


def _sync(tracker: "Tracker", *, final: bool) -> str | None:
    """Sync once; return what the user should know if it still holds at the end."""
    from benchmark.errors import CropGlobeError
    from benchmark.results.mlflow.local_database import set_aside_sentence

    said = []
    try:
        tracker.sync(final=final)
    except CropGlobeError as error:
        said.append(str(error))
    if tracker.set_aside is not None:
        said.insert(0, set_aside_sentence(tracker.set_aside))
    return " ".join(said) or None


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "has ended with an error"
