"""Arguments of the Python interface that are easily mistaken, refused in a sentence."""

from collections.abc import Iterable

from benchmark.errors import UsageError, did_you_mean


def require_list(name: str, value: object) -> None:
    """Refuse one word or number where several are asked for.

    A word would be read letter by letter otherwise.

    Args:
        name: Name of the argument.
        value: What was given; ``None`` where nothing was.

    Raises:
        UsageError: If it is no list of values.
    """
    if value is not None and (isinstance(value, str) or not isinstance(value, Iterable)):
        raise UsageError(f"Give {name} as a list: [{value!r}].")


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
