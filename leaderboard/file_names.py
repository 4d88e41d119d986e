"""File names for methods and transfers: allowed on every system, and different for every name."""

import hashlib
import re


def slug(name: str) -> str:
    """Return a file name for a method: allowed on every system, and different for every name.

    A name of small letters, digits, '.', '_' and '-' is not changed. Other names get a hash.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", name).strip(".-")[:60]
    same = plain == name == name.lower()
    return plain if same else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def transfer_stem(name: str) -> str:
    """Return a file name for a transfer, such as ``FRA-to-CHN`` for ``FRA:CHN``."""
    plain = re.fullmatch(r"[A-Z0-9-]+:[A-Z0-9-]+", name)
    return name.replace(":", "-to-") if plain else slug(name)
