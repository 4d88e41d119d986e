"""Cards of the methods of a run, stored in the run directory."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from benchmark.errors import StoreError
from benchmark.files import as_utf8, replace_text
from benchmark.task.method_cards import MethodDescription, describe_method
from benchmark.task.methods import Method

CARDS: Final = "cards"


def write_cards(root: Path, methods: Iterable[Method]) -> tuple[Path, ...]:
    """Write the cards of methods into a run directory, and replace older ones.

    Args:
        root: Run directory.
        methods: The methods.

    Returns:
        Paths of the files.

    Raises:
        StoreError: If a file cannot be written.
    """
    paths = []
    for method in methods:
        path = root / CARDS / f"{_stem(method.name)}.json"
        card = MethodDescription.model_validate(as_utf8(describe_method(method).model_dump()))
        try:
            replace_text(path, card.model_dump_json(indent=1))
        except OSError as error:
            raise StoreError(f"Cannot write the card {path}: {error.strerror or error}.") from error
        paths.append(path)
    return tuple(paths)


def read_cards(root: Path) -> tuple[dict[str, MethodDescription], tuple[str, ...]]:
    """Read every card of a run directory.

    Args:
        root: Run directory. Directories of old versions have no cards.

    Returns:
        The cards by method, and a sentence for each card that cannot be read.
    """
    cards: dict[str, MethodDescription] = {}
    damaged: list[str] = []
    for path in sorted((root / CARDS).glob("[!.]*.json")):
        try:
            card = MethodDescription.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            damaged.append(f"{path} is damaged: run its command again.")
            continue
        cards[card.method] = card
    return cards, tuple(damaged)


def _stem(name: str) -> str:
    """Return the stem of a card's file: the method's name if every system allows it, or a hash."""
    safe = re.fullmatch(r"[a-z0-9][a-z0-9._+-]{0,99}", name)
    return name if safe else hashlib.sha256(name.encode()).hexdigest()[:16]
