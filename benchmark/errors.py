"""The project's exceptions: a message says what is wrong, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

Known = TypeVar("Known", bound=str)


class CropGlobeError(Exception):
    """Base of every error that a user can cause and mend."""


class DataError(CropGlobeError):
    """A file, table or directory of samples that cannot be used as it is."""


class UsageError(CropGlobeError):
    """A name, option or combination of options that does not exist or does not fit."""


class MethodError(CropGlobeError):
    """A method that broke its contract, for example probabilities of the wrong shape."""


class UnavailableError(CropGlobeError):
    """A method lacks something here that it needs, such as weights or embeddings."""


class StoreError(CropGlobeError):
    """A run directory that cannot be read or written."""


class SubmissionError(CropGlobeError):
    """A submission that is damaged, hostile or not what it says it is."""


class TrackingError(CropGlobeError):
    """A tracking server that cannot be reached or refuses; never the end of a run."""


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return a hint naming the nearest known words, or all of them when none is near.

    Args:
        word: What the user wrote.
        known: The words that exist.
        otherwise: What to say where none is near, in place of a long list.

    Returns:
        A clause such as ``did you mean 'cropnet'?`` or ``known: a, b``.
    """
    choices = sorted(known)
    near = get_close_matches(word, choices, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(repr(name) for name in near) + "?"
    return otherwise or "known: " + (", ".join(choices) if choices else "none")


def require_known(word: object, known: Iterable[Known], said: str) -> Known:
    """Return what a method states if it is one of the known words.

    Args:
        word: What the method states, which may be anything.
        known: The words that exist, in the order in which they are named.
        said: The beginning of the sentence about another one.

    Raises:
        MethodError: If it is another one.
    """
    choices = tuple(known)
    for choice in choices:
        if word == choice:
            return choice
    raise MethodError(f"{said} {word!r:.100}: use one of {', '.join(choices)}.")
