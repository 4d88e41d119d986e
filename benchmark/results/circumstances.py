"""A fingerprint of what a method may lack here: installed packages, files of weights, settings.

What a job is made of (its method's code, the data, the protocol, files of vectors) is in the job's
identity and does not count again.
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

SETTINGS: Final = (WEIGHTS_VARIABLE, "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE")
"""Environment variables that decide where weights are looked for."""

MOST_FILES: Final = 1000
"""Files of the user's own weights that are looked at."""


def circumstances() -> str:
    """Return sixteen hex digits over what a method may lack here; no file's content is read."""
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
    place = os.environ.get(WEIGHTS_VARIABLE)
    if not place:
        return
    root = Path(place)
    paths = [root] if root.is_file() else root.rglob("*")
    for path in sorted(path for _, path in zip(range(MOST_FILES), paths, strict=False)):
        if path.is_file():
            state = path.stat()
            yield f"{path.name} {state.st_size} {state.st_mtime_ns}"


def _hub_cache() -> Iterator[str]:
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache_folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    for path in sorted(cache_folder.glob("models--*/snapshots/*/*")):
        yield str(path.relative_to(cache_folder))
