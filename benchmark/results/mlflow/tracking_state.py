"""What a run directory knows of its tracking servers: its own name there, and what they have."""

import hashlib
import uuid
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StoreError
from benchmark.files import replace_text
from benchmark.results.store import MANIFEST_FILE, RunStore


class TrackingState(BaseModel):
    """The file ``tracking.json`` of a run directory.

    Attributes:
        store: Name of this run directory on every server.
        synced: State of the stored jobs when a server was last brought up to date, by a hash of
            its address, which may hold a password.
    """

    FILE: ClassVar[str] = "tracking.json"

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
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
    path = store.root / TrackingState.FILE
    try:
        return TrackingState.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        made = TrackingState(store=uuid.uuid4().hex)
    try:
        replace_text(path, made.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error
    return made


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


def _hash(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:16]
