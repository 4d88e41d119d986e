"""What a run directory knows of its tracking servers: its own name there, and what they have."""

import hashlib
import uuid
from pathlib import Path
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StoreError
from benchmark.files import replace_text
from benchmark.results.store import MANIFEST_FILE, RunStore

VIEW_VERSION: Final = "2"
"""Raised when runs in MLflow change their content: they are then written anew."""


WRITER: Final = "mlflow-"


class TrackingState(BaseModel):
    """The file ``tracking.json`` of a run directory.

    Attributes:
        store: Name of this run directory on every server.
        root: Where the run directory lay when this was written.
        synced: State of the stored jobs when a server was last brought up to date, by a hash of
            its address, which may hold a password.
    """

    FILE: ClassVar[str] = "tracking.json"

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    root: str | None = None
    synced: dict[str, str] = {}

    def with_synced(self, uri: str, state: str) -> "TrackingState":
        """Return this with the state of one server changed."""
        return self.model_copy(update={"synced": self.synced | {_hash(uri): state}})

    def is_synced(self, uri: str, state: str) -> bool:
        """Return whether a server was brought up to date with this state."""
        return self.synced.get(_hash(uri)) == state


def read_tracking_state(store: RunStore) -> TrackingState:
    """Return what a run directory knows of its servers; made when it is first asked for.

    Raises:
        StoreError: If it cannot be written.
    """
    found = _read(store.root)
    if found is None:
        found = TrackingState(store=uuid.uuid4().hex, root=str(store.root.resolve()))
        write_tracking_state(store, found)
    return found


def name_of_place(store: RunStore) -> tuple[TrackingState, str | None]:
    """Return what a run directory knows, after it has noticed whether it is a copy.

    A directory that was moved keeps its name on servers. A copy of one that still exists gets a
    name of its own: else each of the two would remove the other's runs.

    Args:
        store: The store.

    Returns:
        What it knows, and the name that it had before where it has got another one.

    Raises:
        StoreError: If it cannot be written.
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
    """Keep what a run directory knows of its servers.

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
        except FileNotFoundError:  # damaged, or replaced just now
            written = 0
        digest.update(f"{key} {written}\n".encode())
    return digest.hexdigest()


def view_state(store: RunStore) -> str:
    """Return a hash of what MLflow shows of a run directory: its jobs, its place and the form."""
    text = f"{VIEW_VERSION} {store.root.resolve()} {job_state(store)}"
    return hashlib.sha256(text.encode()).hexdigest()


def writer_lock(uri: str) -> str:
    """Return the name of the lock of the one process that writes a run directory to a server."""
    return f"{WRITER}{_hash(uri)}"


def is_writer_lock(name: str) -> bool:
    """Return whether a lock in a run directory is that of a writer to MLflow, not of a job."""
    return name.startswith(WRITER)


def _read(root: Path) -> TrackingState | None:
    try:
        return TrackingState.model_validate_json((root / TrackingState.FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _hash(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:16]
