"""A fingerprint of what a method may need: installed packages, files of weights, settings.

The method's code, the data, the protocol and files of vectors are part of the job's identity and
not of this fingerprint.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from benchmark.data.hub.weights import WEIGHTS_VARIABLE
from benchmark.errors import UsageError
from benchmark.files import user_path

SETTINGS: Final = (WEIGHTS_VARIABLE, "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE")
"""Environment variables that decide where weights are searched."""

MOST_FILES: Final = 1000
"""Largest number of the user's own files of weights that are part of the fingerprint."""


def circumstances() -> str:
    """Return sixteen hex digits of a hash of packages, settings, and names and sizes of weights.

    The content of files is not read.
    """
    digest = hashlib.sha256()
    for part in (*_packages(), *_settings(), *_weights(), *_hub_cache()):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()[:16]


@cache
def _packages() -> tuple[str, ...]:
    found = {f"{each.name} {each.version}" for each in distributions()}
    return (sys.version, *sorted(found))


def _settings() -> Iterator[str]:
    for name in SETTINGS:
        yield f"{name}={os.environ.get(name)}"


def _weights() -> Iterator[str]:
    folder = os.environ.get(WEIGHTS_VARIABLE)
    root = _known(folder) if folder else None
    if root is None:
        return
    paths = [root] if root.is_file() else root.rglob("*")
    for path in sorted(path for _, path in zip(range(MOST_FILES), paths, strict=False)):
        if path.is_file():
            state = path.stat()
            yield f"{path.name} {state.st_size} {state.st_mtime_ns}"


def _hub_cache() -> Iterator[str]:
    named = os.environ.get("HF_HUB_CACHE")
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    cache_folder = _known(named or f"{home}/hub")
    if cache_folder is None:
        return
    for path in sorted(cache_folder.glob("models--*/snapshots/*/*")):
        yield str(path.relative_to(cache_folder))


def _known(path: str) -> Path | None:
    """Return a path, or ``None`` if its home directory is unknown."""
    try:
        return user_path(path)
    except UsageError:
        return None
