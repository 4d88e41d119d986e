"""Descriptions of methods: what the harness must know of a method whose code it does not run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from benchmark.errors import MethodError
from benchmark.task.methods import Card, Classifier, Context, Method
from benchmark.task.protocol import require_division
from benchmark.task.tracks import require_track

WORDS: Final = ("name", "family", "representation", "version", "fingerprint")
MOST_LETTERS: Final = 200
"""Greatest length of a text in a description."""


@dataclass(frozen=True)
class DescribedMethod(Method):
    """A method whose code is not in this process; it runs in a process of its own.

    Attributes:
        fingerprint: Fingerprint of its code.
        file: The Python file that it is in; ``None`` if it is installed.
    """

    fingerprint: str = ""
    file: Path | None = None

    @property
    def code_fingerprint(self) -> str:
        """Fingerprint of its code, as the process with the code reported it."""
        return self.fingerprint


def describe(method: Method, file: Path | None = None) -> DescribedMethod:
    """Return the description of a method, which does not contain its code.

    Args:
        method: The method.
        file: The Python file that it is in; ``None`` if it is installed.
    """
    if isinstance(method, DescribedMethod):
        return method
    return DescribedMethod(
        name=method.name,
        family=method.family,
        representation=method.representation,
        build=_not_here(method.name),
        card=method.card,
        version=method.version,
        track=method.track,
        keeps_network=method.keeps_network,
        released_division=method.released_division,
        fingerprint=method.code_fingerprint,
        file=file,
    )


def to_plain(method: Method) -> dict[str, Any]:
    """Return the description of a method as values that JSON can store."""
    return {
        "name": method.name,
        "family": method.family,
        "representation": method.representation,
        "card": method.card.model_dump(mode="json"),
        "version": method.version,
        "track": method.track,
        "keeps_network": method.keeps_network,
        "released_division": method.released_division,
        "fingerprint": method.code_fingerprint,
    }


def from_plain(values: Mapping[str, Any], file: Path | None = None) -> DescribedMethod:
    """Return a described method from values that another process sent.

    Args:
        values: Values as `to_plain` returns them. They are not trusted, so all are checked.
        file: The Python file that it is in; ``None`` if it is installed.

    Raises:
        MethodError: If the values are not those of a description.
    """
    words = {word: values.get(word) for word in WORDS}
    if not all(isinstance(word, str) and len(word) <= MOST_LETTERS for word in words.values()):
        raise MethodError(
            f"The description of a method has values that are not text of at most {MOST_LETTERS} "
            f"letters: {words!r:.300}."
        )
    track = require_track(values.get("track"), f"'{words['name']}'")
    keeps = values.get("keeps_network")
    if not isinstance(keeps, bool):
        raise MethodError(f"'{words['name']}' has keeps_network={keeps!r:.100}: say True or False.")
    division = require_division(values.get("released_division"), f"'{words['name']}'")
    try:
        card = Card.model_validate(values.get("card"))
    except ValidationError as error:
        raise MethodError(f"The card of '{words['name']}' is wrong: {error}.") from error
    return DescribedMethod(
        name=str(words["name"]),
        family=str(words["family"]),
        representation=str(words["representation"]),
        version=str(words["version"]),
        fingerprint=str(words["fingerprint"]),
        build=_not_here(str(words["name"])),
        card=card,
        track=track,
        keeps_network=keeps,
        released_division=division,
        file=file,
    )


class _NotHere:
    """Build function of a described method; it raises an error, since the code is elsewhere."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, context: Context) -> Classifier:
        """Raise an error.

        Raises:
            MethodError: Always.
        """
        del context
        raise MethodError(
            f"The code of {self.name} is not in this process: run it with --workers 1 or more."
        )


def _not_here(name: str) -> Callable[[Context], Classifier]:
    return _NotHere(name)
