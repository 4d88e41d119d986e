"""State of the tracking servers of a run directory: its name on them, and what they have of it."""

import hashlib
import uuid
from pathlib import Path
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StoreError
from benchmark.files import as_utf8, replace_text
from benchmark.results.store import MANIFEST_FILE, RunStore

VIEW_VERSION: Final = "3"
"""Version of the content of runs in MLflow. Raise it when the content changes: all runs are then
written again."""


WRITER: Final = "mlflow-"


class TrackingState(BaseModel):
    """The file ``tracking.json`` of a run directory.

    Attributes:
        store: Name of this run directory on every server.
        root: Path of the run directory when this was written.
        synced: State of the stored jobs when a server was last brought up to date, by a hash of the
            server's address. The address itself may contain a password.
    """

    FILE: ClassVar[str] = "tracking.json"

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    root: str | None = None
    synced: dict[str, str] = {}

    def with_synced(self, uri: str, state: str) -> "TrackingState":
        """Return a copy with another state for one server."""
        return self.model_copy(update={"synced": self.synced | {_hash(uri): state}})

    def is_synced(self, uri: str, state: str) -> bool:
        """Return whether a server was brought up to date with this state."""
        return self.synced.get(_hash(uri)) == state


def read_tracking_state(store: RunStore) -> TrackingState:
    """Return the tracking state of a run directory; create it if there is none.

    Raises:
        StoreError: If it cannot be written.
    """
    found = _read(store.root)
    if found is None:
        found = TrackingState(store=uuid.uuid4().hex, root=as_utf8(str(store.root.resolve())))
        write_tracking_state(store, found)
    return found


def located_state(store: RunStore) -> tuple[TrackingState, str | None]:
    """Return the tracking state of a run directory that may have been moved or copied.

    A directory that was moved keeps its name on servers. A copy of a directory that still exists
    gets a new name; otherwise each of the two would remove the runs of the other.

    Args:
        store: The store of the run directory.

    Returns:
        The state, and the old name if the directory got a new one, otherwise ``None``.

    Raises:
        StoreError: If the state cannot be written.
    """
    found, here = read_tracking_state(store), str(store.root.resolve())
    if found.root == here:
        return found, None
    before = None
    original = None if found.root is None else _read(Path(found.root))
    if original is not None and original.store == found.store:
        before = found.store
        found = TrackingState(store=uuid.uuid4().hex)
    found = found.model_copy(update={"root": here})
    write_tracking_state(store, found)
    return found, before


def write_tracking_state(store: RunStore, state: TrackingState) -> None:
    """Write the tracking state of a run directory.

    Raises:
        StoreError: If it cannot be written.
    """
    path = store.root / TrackingState.FILE
    try:
        replace_text(path, state.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error


def job_state(store: RunStore) -> str:
    """Return a hash of which jobs are stored and when each was written."""
    digest = hashlib.sha256()
    keys = store.keys()
    for key in keys:
        try:
            written = (store.jobs / key / MANIFEST_FILE).stat().st_mtime_ns
        except OSError:  # damaged, or replaced just now
            written = 0
        digest.update(f"{key} {written}\n".encode())
    return digest.hexdigest()


def view_state(store: RunStore) -> str:
    """Return a hash of everything that decides the content of MLflow: jobs, path and version."""
    text = f"{VIEW_VERSION} {store.root.resolve()} {job_state(store)}"
    return hashlib.sha256(as_utf8(text).encode()).hexdigest()


def writer_lock(uri: str) -> str:
    """Return the name of the lock of the process that writes a run directory to a server."""
    return f"{WRITER}{_hash(uri)}"


def is_writer_lock(name: str) -> bool:
    """Return whether a lock in a run directory belongs to a writer to MLflow and not to a job."""
    return name.startswith(WRITER)


def _read(root: Path) -> TrackingState | None:
    try:
        return TrackingState.model_validate_json((root / TrackingState.FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _hash(uri: str) -> str:
    return hashlib.sha256(as_utf8(uri).encode()).hexdigest()[:16]
