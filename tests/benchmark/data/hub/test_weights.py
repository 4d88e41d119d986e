"""Fetched files: where they are looked for, and that their checksum is believed, not their name."""

import hashlib
from pathlib import Path

import pytest
from homeless import leave_home

from benchmark.data.hub import weights as hub
from benchmark.data.hub.weights import WEIGHTS_VARIABLE, HubFile, fetch
from benchmark.errors import UnavailableError

CONTENT = b"weights"
FILE = HubFile("someone/encoder", "model.pt", hashlib.sha256(CONTENT).hexdigest(), "MIT")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetch.cache_clear()
    hub._download.cache_clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)


@pytest.mark.parametrize("place", ["model.pt", "encoder/model.pt"])
def test_a_directory_of_weights_is_searched(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CONTENT)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    assert fetch(FILE) == path


def test_the_file_itself_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "another-name"
    path.write_bytes(CONTENT)
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(path))
    assert fetch(FILE) == path


def test_another_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.pt").write_bytes(b"something else")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path))
    with pytest.raises(UnavailableError, match=r"model\.pt has SHA-256 .* remove it"):
        fetch(FILE)


def test_offline_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("somebody asked for a network")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    with pytest.raises(UnavailableError, match=r"offline mode is on.*hf download someone/encoder"):
        fetch(FILE, offline=True)


def test_offline_says_how_to_get_it() -> None:
    with pytest.raises(UnavailableError, match=r"offline mode.*hf download someone/encoder model"):
        fetch(FILE)


def test_without_a_home_directory_weights_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_home(monkeypatch)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", "~/hub")
    with pytest.raises(UnavailableError, match=r"no home directory: .* HF_HOME"):
        fetch(FILE)
    monkeypatch.setenv(WEIGHTS_VARIABLE, "~/weights")
    with pytest.raises(UnavailableError, match=f"home directory is unknown.*{WEIGHTS_VARIABLE}"):
        fetch(FILE)
