"""Addresses of tracking servers."""

from pathlib import Path

from benchmark.results.mlflow.addresses import (
    artifact_location,
    database_of,
    default_uri,
    shown,
)
from benchmark.results.store import RunStore


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("https://me:secret@host:5000/x") == "https://host:5000/x"
    assert shown("sqlite:////tmp/x.db") == "sqlite:////tmp/x.db"


def test_which_addresses_are_files(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert database_of(default_uri(store)) == tmp_path / "mlflow.db"
    assert database_of("sqlite:///x.db") == Path.cwd() / "x.db"
    assert database_of("sqlite:///:memory:") is None
    assert database_of("http://host:5000") is None


def test_artifacts_never_go_to_the_working_directory(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run")
    inside = (tmp_path / "run" / "mlartifacts").as_uri()
    assert artifact_location(store, default_uri(store)) == inside
    beside = (tmp_path / "mlartifacts").as_uri()
    assert artifact_location(store, f"sqlite:///{tmp_path}/other.db") == beside
    assert artifact_location(store, "postgresql://host/runs") == inside
    assert artifact_location(store, "http://host:5000") is None
