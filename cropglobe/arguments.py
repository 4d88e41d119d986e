"""Arguments of the Python interface that are easily mistaken, refused in a sentence."""

from collections.abc import Iterable, Mapping
from operator import index
from typing import Any

from benchmark.errors import UsageError, did_you_mean


def as_list(name: str, value: Any, *, empty: bool = False) -> tuple[Any, ...] | None:
    """Return the values of an argument that takes several.

    One word would be read letter by letter otherwise.

    Args:
        name: Name of the argument.
        value: What was given: a list, an array, a generator, ...; ``None`` where nothing was.
        empty: Whether there may be no value.

    Returns:
        The values as those of Python; ``None`` where nothing was given.

    Raises:
        UsageError: If it is no list of values, or an empty one.
    """
    if value is None:
        return None
    is_table = isinstance(value, Mapping) or hasattr(value, "columns")
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"Give {name} as a list: [{value!r}].")
    if is_table:
        raise UsageError(f"Give {name} as a list, not as a {type(value).__name__}.")
    found = tuple(value.tolist() if hasattr(value, "tolist") else value)
    if not found and not empty:
        raise UsageError(f"The list of {name} is empty: name one, or leave {name} out.")
    return found


def as_whole_number(name: str, value: Any) -> int:
    """Return a whole number.

    Args:
        name: Name of the argument.
        value: What was given.

    Raises:
        UsageError: If it is another kind of value, such as 600.0 or "600".
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{name}={value!r} is not possible: give a whole number.")
    return index(value)


def require_type(name: str, value: object, known: tuple[type, ...], wanted: str) -> None:
    """Refuse a value of another type than an argument takes.

    Args:
        name: Name of the argument.
        value: What was given.
        known: The types that it may have.
        wanted: What to give in words.

    Raises:
        UsageError: If it has another type.
    """
    if not isinstance(value, known):
        raise UsageError(f"{name} is of type {type(value).__name__}: give {wanted}.")


def require_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse a value that is none of those that an argument may have.

    Args:
        name: Name of the argument.
        value: What was given.
        known: The values that it may have.

    Raises:
        UsageError: If it is another one.
    """
    if value not in known:
        raise UsageError(f"{name}={value!r} is not possible: {did_you_mean(str(value), known)}")
