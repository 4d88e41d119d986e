"""The index and the reports of a run: made when a job has changed, and else left."""

import hashlib
import io
import json
import os
from contextlib import ExitStack, nullcontext, redirect_stdout, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from benchmark import __version__
from benchmark.errors import StoreError
from benchmark.files import one_writer, replace_text, user_path
from benchmark.results.mlflow.addresses import DATABASE
from benchmark.results.mlflow.tracking_state import job_state
from benchmark.results.row_index import write_index
from benchmark.results.store import RunStore
from benchmark.results.stored_cards import CARDS

REPORTS: Final = "cropglobe.reports"
"""Entry-point group; each entry is called with the run directory after a run."""

STATE_FILE: Final = "reports.json"

SUBMISSIONS_VARIABLE: Final = "CROPGLOBE_SUBMISSIONS"
"""Environment variable that names the folder of submissions, whose verdicts reports show; the
default is `submissions` in the working directory."""


def submissions_folder() -> Path:
    """Return the folder of submissions, which need not exist."""
    return user_path(os.environ.get(SUBMISSIONS_VARIABLE, "submissions"))


def make_reports(store: RunStore, *, quiet: bool = False) -> bool:
    """Make index and reports of a run directory, unless nothing has changed since they were made.

    Of several processes that end at the same time, each waits for the one before it. Otherwise
    reports of fewer jobs could replace those of more.

    Args:
        store: The store.
        quiet: Whether what the reports print is dropped; their files are written all the same.

    Returns:
        Whether they were made.

    Raises:
        StoreError: If the index, or what they were made of, cannot be written.
    """
    with ExitStack() as held:
        try:
            held.enter_context(one_writer(store.root))
        except OSError as error:
            raise StoreError(
                f"Cannot write reports into {store.root}: {error.strerror or error}."
            ) from error
        return _make_alone(store, quiet=quiet)


def _make_alone(store: RunStore, *, quiet: bool) -> bool:
    points = sorted(entry_points(group=REPORTS), key=lambda entry: entry.name)
    state = _state(store, [point.value for point in points])
    if _stands(store.root, state):
        return False
    before = _files(store.root)
    write_index(store)
    with redirect_stdout(io.StringIO()) if quiet else nullcontext():
        for point in points:
            point.load()(store.root)
    made = dict(_files(store.root).items() - before.items())
    path = store.root / STATE_FILE
    try:
        replace_text(path, json.dumps({"state": state, "files": made}, indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error
    return True


def _state(store: RunStore, points: list[str]) -> str:
    """Return a hash of what reports are made of: jobs, cards, verdicts, and who makes them."""
    digest = hashlib.sha256(json.dumps([__version__, points, job_state(store)]).encode())
    cards = (store.root / CARDS).glob("[!.]*.json")
    for path in (*sorted(cards), *sorted(submissions_folder().glob("*/*.json"))):
        with suppress(OSError):  # the reports say which cannot be read
            digest.update(os.fsencode(path.name) + path.read_bytes())
    return digest.hexdigest()


def _files(root: Path) -> dict[str, int]:
    """Return when each file of a run directory itself was written; MLflow's come and go."""
    found = {}
    for path in root.iterdir():
        if path.name.startswith((".", DATABASE)) or path.name == STATE_FILE:
            continue
        with suppress(FileNotFoundError):  # another process has just removed it
            if path.is_file():
                found[path.name] = path.stat().st_mtime_ns
    return found


def _stands(root: Path, state: str) -> bool:
    try:
        kept: Any = json.loads((root / STATE_FILE).read_bytes())
        files = kept["files"].items()
        return bool(kept["state"] == state and files and files <= _files(root).items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # never made, or the note is damaged
