"""Addresses of tracking servers and databases, and where the artifacts of a database go."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from benchmark.results.store import RunStore

DATABASE: Final = "mlflow.db"
ARTIFACTS: Final = "mlartifacts"
SQLITE: Final = "sqlite:///"

WITH_ARTIFACTS: Final = frozenset({"http", "https", "databricks", "databricks-uc", "file", ""})
"""Kinds of address that decide themselves where artifacts go."""


def default_uri(store: RunStore) -> str:
    """Return the address of the database inside a run directory."""
    return f"{SQLITE}{(store.root / DATABASE).resolve()}"


def shown(uri: str) -> str:
    """Return an address without the password that it may hold."""
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
    """Return where artifacts go; ``None`` where the server decides.

    Without this MLflow puts them below the working directory. The artifacts of an SQLite database
    go beside it, those of another database into the run directory.
    """
    database = database_of(uri)
    if database is not None:
        return (database.parent / ARTIFACTS).as_uri()
    if urlsplit(uri).scheme in WITH_ARTIFACTS:
        return None
    return (store.root / ARTIFACTS).resolve().as_uri()
