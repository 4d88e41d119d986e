"""The SQLite database of MLflow in a run directory: created, moved, and replaced if it is broken.

The database is a view of the store. A broken one is not repaired: it is moved to another folder and
written again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from benchmark.errors import TrackingError
from benchmark.files import ASIDE, flush_folder, folder_aside
from benchmark.results.mlflow.addresses import ARTIFACTS
from benchmark.results.store import JOBS

BROKEN: Final = "broken-mlflow-"
"""Name of the folder of a broken database, without its number."""

BROKEN_CODES: Final = ("SQLITE_ERROR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
"""Errors of SQLite that mean a broken database, and not a lock, a full disk or missing rights."""

OTHER_VERSION: Final = "database schema"
"""Words in MLflow's message if the tables are of another version of MLflow."""

PATH_COLUMNS: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns in which MLflow stores paths of artifacts."""

ENDINGS: Final = ("", "-journal", "-wal", "-shm")
"""Endings of the files that belong to an SQLite database."""


def create_database(path: Path, artifacts: str) -> None:
    """Create a database with all tables, unless it exists.

    It is created under another name and then renamed, so that it is never incomplete.

    Args:
        path: Path of the database.
        artifacts: Address of the folder for the artifacts of its experiments.

    Raises:
        OSError: If it cannot be written.
    """
    if path.exists() and path.stat().st_size:
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{ASIDE}*/{path.name}*"):  # by a process that was killed
        left.unlink(missing_ok=True)
        with suppress(OSError):
            left.parent.rmdir()
    aside = folder_aside(path.parent)
    try:
        made = aside / path.name
        store: Any = SqlAlchemyStore(f"sqlite:///{made}", artifacts)  # type: ignore[no-untyped-call]
        store.engine.dispose()
        made.replace(path)
    finally:
        for ending in ENDINGS:
            (aside / f"{path.name}{ending}").unlink(missing_ok=True)
        aside.rmdir()
    flush_folder(path.parent)


def is_broken(error: BaseException) -> bool:
    """Return whether an error means a broken database, or one of another version of MLflow."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            code = getattr(cause, "sqlite_errorname", None) or ""
            return code.startswith(BROKEN_CODES)
    return any(OTHER_VERSION in str(cause) for cause in _causes(error))


def set_aside(path: Path) -> Path:
    """Move a broken database and its artifacts into a new folder beside it.

    Args:
        path: Path of the database.

    Returns:
        The new folder.

    Raises:
        OSError: If it cannot be moved.
    """
    forget_connections(path)
    number = 1
    while (folder := path.with_name(f"{BROKEN}{number}")).exists():
        number += 1
    folder.mkdir()
    for name in (*(f"{path.name}{ending}" for ending in ENDINGS), ARTIFACTS):
        with suppress(FileNotFoundError):
            path.with_name(name).rename(folder / name)
    return folder


def forget_connections(path: Path) -> None:
    """Close the connections that MLflow has to a database; do this before its file is replaced."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    engine = SqlAlchemyStore._engine_map.get(f"sqlite:///{path}")
    if engine is not None:
        engine.dispose()


def move_paths(path: Path, before: str | None, after: str) -> None:
    """Correct the paths in a database that was copied or moved together with its run directory.

    Args:
        path: Path of the database.
        before: Old name of the run directory on servers, if a copy has a new one; else ``None``.
        after: Present name of the run directory on servers.

    Raises:
        sqlite3.Error: If the database is broken or cannot be written.
        OSError: If a model's description cannot be written.
    """
    new = (path.parent / ARTIFACTS).as_uri()
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT artifact_location FROM experiments").fetchall()
        locations = {found for (found,) in rows if found and found.endswith(f"/{ARTIFACTS}")}
        with database:
            for old in locations - {new}:
                for table, column in PATH_COLUMNS:
                    database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                    )
            if before is not None:
                database.execute(
                    "UPDATE tags SET value = ? WHERE key = 'cropglobe.store' AND value = ?",
                    (after, before),
                )
    for old in locations - {new}:
        _move_model_descriptions(path.parent / ARTIFACTS, old, new)


def _move_model_descriptions(artifacts: Path, old: str, new: str) -> None:
    old_root = Path(url2pathname(urlsplit(old).path)).parent
    for described in artifacts.glob("models/*/artifacts/MLmodel"):
        text = described.read_text("utf-8")
        moved = text.replace(old, new).replace(f"{old_root}/{JOBS}/", f"{artifacts.parent}/{JOBS}/")
        if moved != text:
            described.write_text(moved, "utf-8")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "orig", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def set_aside_sentence(folder: Path) -> str:
    """Return a sentence for the user about a broken database that was replaced."""
    return f"MLflow's database was broken: it was moved to {folder} and written again."


def advice_for(path: Path) -> TrackingError:
    """Return the error for a broken database outside of the run directory."""
    return TrackingError(
        f"{path} is broken, or of another version of MLflow: remove it or name another with "
        "--tracking-uri; it is written again from the run directory."
    )
