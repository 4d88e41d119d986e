"""Files that are fetched once and checked: the weights of encoders."""

import hashlib
import os
import socket
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from benchmark.errors import UnavailableError, UsageError, did_you_mean
from benchmark.files import user_path

ENTRY_POINTS: Final = "cropglobe.weights"
"""Entry-point group; each entry is a `HubFile`, under the name that users give it."""

WEIGHTS_VARIABLE: Final = "CROPGLOBE_WEIGHTS"
"""Environment variable that names a file of weights, or a directory that holds such files."""


@dataclass(frozen=True)
class HubFile:
    """A file on the Hugging Face hub, and how to know it.

    Attributes:
        repository: Owner and name on the hub.
        name: Path inside the repository.
        sha256: Checksum, 64 hex digits; a file with another one is never used.
        licence: Terms under which it may be used.
    """

    repository: str
    name: str
    sha256: str
    licence: str

    @property
    def folder(self) -> str:
        """Name of the directory below ``$CROPGLOBE_WEIGHTS`` in which it is looked for."""
        return self.repository.rpartition("/")[2]


@cache
def fetch(file: HubFile, *, offline: bool = False) -> Path:
    """Return a checked local copy of a file: the user's own, or one fetched from the hub.

    ``$CROPGLOBE_WEIGHTS`` is looked at first (the file itself, ``<directory>/<folder>/<name>`` or
    ``<directory>/<name>``), then the cache of ``huggingface_hub``, then the network, which
    ``HF_HUB_OFFLINE=1`` forbids. A success is remembered by the process; nothing is copied.

    Args:
        file: What to look for.
        offline: Whether to leave the network alone, whatever the environment says.

    Returns:
        Path of the file.

    Raises:
        UnavailableError: If it is nowhere, or if what is there has another checksum.
    """
    path = _own_copy(file) or _from_hub(file, offline=offline)
    found = _sha256(path)
    if found != file.sha256:
        raise UnavailableError(
            f"{path} has SHA-256 {found[:16]}... where {file.repository}/{file.name} has "
            f"{file.sha256[:16]}...: remove it and fetch it again. {_help(file)}"
        )
    return path


def known_weights() -> tuple[str, ...]:
    """Return the names of the weights that installed packages declare."""
    return tuple(sorted({point.name for point in entry_points(group=ENTRY_POINTS)}))


def weights_file(name: str) -> HubFile:
    """Return the weights of a name.

    Raises:
        UsageError: If no installed package declares them.
    """
    for point in entry_points(group=ENTRY_POINTS, name=name):
        file: HubFile = point.load()
        return file
    raise UsageError(f"Unknown weights '{name}': {did_you_mean(name, known_weights())}")


def _own_copy(file: HubFile) -> Path | None:
    place = os.environ.get(WEIGHTS_VARIABLE)
    if not place:
        return None
    try:
        root = user_path(place)
    except UsageError as error:
        raise UnavailableError(f"{error} It is that of {WEIGHTS_VARIABLE}.") from error
    candidates = (root, root / file.folder / file.name, root / file.name)
    return next((path for path in candidates if path.is_file()), None)


def _from_hub(file: HubFile, *, offline: bool) -> Path:
    found = _download(file, offline=offline)
    if isinstance(found, Path):
        return found
    raise UnavailableError(f"{file.repository}/{file.name} is not here ({found}). {_help(file)}")


@cache
def _download(file: HubFile, *, offline: bool) -> Path | str:
    """Return the file in the hub's cache, or why there is none; a process asks only once."""
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(file.repository, file.name, local_files_only=True))
    except LocalEntryNotFoundError:
        if offline or constants.HF_HUB_OFFLINE:
            return "offline mode is on and the hub's cache does not have it"
    except RuntimeError:
        return "there is no home directory: name the hub's cache with HF_HOME"
    host = urlsplit(constants.ENDPOINT).hostname
    try:
        # The hub's client retries a missing network for half a minute; behind a proxy, names
        # need not be known here.
        if host is not None and not getproxies():
            socket.getaddrinfo(host, 443)
        return Path(hf_hub_download(file.repository, file.name))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"


def _help(file: HubFile) -> str:
    return (
        f"To get it: `hf download {file.repository} {file.name}` on a machine with network "
        f"({file.licence}), or set {WEIGHTS_VARIABLE} to the file or its directory."
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise UnavailableError(f"Cannot read {path}: {error.strerror or error}.") from error
