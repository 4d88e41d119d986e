"""Addresses of tracking servers and databases, and the folders of their artifacts."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from benchmark.results.store import RunStore

DATABASE: Final = "mlflow.db"
ARTIFACTS: Final = "mlartifacts"
SQLITE: Final = "sqlite:///"

WITH_ARTIFACTS: Final = frozenset({"http", "https", "databricks", "databricks-uc", "file", ""})
"""Kinds of address whose server decides where artifacts are stored."""


def default_uri(store: RunStore) -> str:
    """Return the address of the database inside a run directory."""
    return f"{SQLITE}{(store.root / DATABASE).resolve()}"


def shown(uri: str) -> str:
    """Return an address without its password, for messages."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def database_of(uri: str) -> Path | None:
    """Return the file of an SQLite database, or ``None`` if the address is of another kind."""
    path = uri.removeprefix(SQLITE).partition("?")[0]
    if not uri.startswith(SQLITE) or not path or path.startswith(":"):
        return None
    return Path(path).resolve()


def artifact_location(store: RunStore, uri: str) -> str | None:
    """Return the address of the artifacts' folder; ``None`` if the server decides it.

    Without this address MLflow writes artifacts below the working directory. The artifacts of an
    SQLite database are stored beside it, those of another database in the run directory.
    """
    database = database_of(uri)
    if database is not None:
        return (database.parent / ARTIFACTS).as_uri()
    if urlsplit(uri).scheme in WITH_ARTIFACTS:
        return None
    return (store.root / ARTIFACTS).resolve().as_uri()
