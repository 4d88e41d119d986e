"""What a card must state before the rows of its method may be ranked with others."""

import re
from collections.abc import Iterator
from typing import Final

from benchmark.data.representations import BUILT_IN
from benchmark.errors import CropGlobeError
from benchmark.task.methods import Card, Method, registry

METHOD_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.+-]{0,62}[a-z0-9+])?")
"""Names of submitted methods; each can be a folder, a file name and part of an address on every
system."""

NAME_RULE: Final = (
    "use at most 64 of a to z, 0 to 9, '.', '+' and '-', beginning with a letter or digit"
)
"""The same in words."""

PLACEHOLDER: Final = "FILL IN"
"""Text in the templates of `cropglobe methods new` that the author must replace."""

UNSAID: Final = frozenset(
    {"", "?", "-", "none", "n/a", "na", "tbd", "todo", "unknown", "not stated"}
)
"""Words that state nothing as a summary, reference, licence or pretraining data."""


def card_questions(card: Card, representation: str) -> Iterator[str]:
    """Yield what is missing in a card, each as a clause that follows "its card" in a sentence.

    Args:
        card: The card.
        representation: Representation of the method.

    Yields:
        Clauses such as ``has no licence``.
    """
    for name in ("summary", "reference", "licence"):
        if not _says(getattr(card, name)):
            yield f"has no {name}"
    if card.pretraining is not None:
        for name in ("data", "labels"):
            if not _says(getattr(card.pretraining, name), none_is_said=name == "labels"):
                yield f"has pretraining without {name}"
    elif _is_pretrained(representation):
        yield (
            f"has no pretraining although the representation '{representation}' comes from a "
            "pretrained encoder"
        )
    texts = (*card.notes, *card.extra_information)
    if any(PLACEHOLDER in text for text in texts):
        yield f"has '{PLACEHOLDER}' in its notes or extra information"


def submission_questions(method: Method) -> Iterator[str]:
    """Yield why a method could not be submitted as it is, each as a clause that follows its name.

    Args:
        method: The method.
    """
    if not METHOD_NAME.fullmatch(method.name):
        yield f"has a name that `pack` refuses: {NAME_RULE}"
    missing = list(card_questions(method.card, method.representation))
    if missing:
        yield f"is not described: its card {', '.join(missing)}"


def _says(text: str, *, none_is_said: bool = False) -> bool:
    word = text.strip().strip(".").lower()
    if none_is_said and word == "none":
        return True
    return PLACEHOLDER not in text and word not in UNSAID


def _is_pretrained(representation: str) -> bool:
    """Return whether every installed method on a representation states pretraining."""
    if representation in BUILT_IN:
        return False
    try:
        known = registry().all().values()
    except CropGlobeError:
        return False  # a broken package is reported when its methods are selected
    users = [method for method in known if method.representation == representation]
    return bool(users) and all(method.card.pretraining is not None for method in users)
