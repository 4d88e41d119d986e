"""Check names of methods and of people: whether they are allowed, or resemble other names."""

import unicodedata
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final

from benchmark.errors import SubmissionError
from benchmark.task.authoring.method_files import own_methods
from benchmark.task.card_requirements import METHOD_NAME, NAME_RULE
from benchmark.task.methods import ALL_METHODS, method_sets
from leaderboard.submissions.archive import printable

LOOK_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "8": "b"})
"""Letters and digits that look like other letters, such as `i`, `l` and `1`."""

PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Two letters that together look like one."""

FORMED: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
    }
)
"""Latin letters that Unicode does not decompose into an ASCII letter and a mark."""

NEAR: Final = 0.85
"""Similarity of two people's names (`difflib`, 0 to 1) from which they count as the same."""


def method_name_problems(name: str) -> Iterator[str]:
    """Yield the reasons why a submitted method may not have a name.

    Args:
        name: The name.

    Yields:
        Sentences.
    """
    if not METHOD_NAME.fullmatch(name):
        yield (f"'{printable(ascii(name)[1:-1])}' is no name of a method: {NAME_RULE}.")
        return
    taken = {*own_methods(), *method_sets(), ALL_METHODS}
    for other in sorted(taken):
        if name == other:
            yield f"'{name}' is a name of this package: choose another name."
        elif _skeleton(name) == _skeleton(other):
            yield f"'{name}' looks like '{other}' of this package: choose another name."


def same_method_name(one: str, other: str) -> bool:
    """Return whether two names of methods are the same or look alike."""
    return _skeleton(one) == _skeleton(other)


def check_verifier(verifier: str, authors: Iterable[str]) -> None:
    """Check that the name of a verifier is not, and does not resemble, the name of an author.

    Args:
        verifier: Name of the verifier.
        authors: Names of the authors.

    Raises:
        SubmissionError: If it resembles an author's name, or if a name cannot be compared.
    """
    mine = _words(verifier)
    if not mine:
        raise SubmissionError(
            f"'{printable(ascii(verifier)[1:-1])}' cannot be the name of a verifier: write it in "
            "Latin letters, so that it can be compared with those of the authors."
        )
    for author in authors:
        theirs = _words(author)
        if not theirs or _alike(mine, theirs):
            raise SubmissionError(
                f"'{printable(verifier)}' is an author of the submission, or looks like "
                f"'{printable(ascii(author)[1:-1])}': somebody else must verify it."
            )


def author_problems(authors: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each author's name that cannot be compared with a verifier's."""
    for author in authors:
        if not _words(author):
            yield (
                f"The author '{printable(ascii(author)[1:-1])}' is not written in Latin letters: "
                "nobody could tell whether a verifier is the same person, so write it in them."
            )


def same_people(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether two lists of names have a person in common (names in Latin letters only)."""
    theirs = {_words(name) for name in others} - {()}
    return any(_words(name) in theirs for name in some)


def _skeleton(name: str) -> str:
    """Return a name without punctuation, in which letters that look alike are made equal."""
    found = name.casefold().translate(LOOK_ALIKE)
    for pair, letter in PAIRS:
        found = found.replace(pair, letter)
    return "".join(sign for sign in found if sign.isalnum())


def _words(name: str) -> tuple[str, ...]:
    """Return the words of a person's name in ASCII letters; none if it has other letters."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(FORMED))
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    if not plain.isascii() or not all(sign.isprintable() for sign in plain):
        return ()
    words = "".join(sign if sign.isalnum() or sign == "'" else " " for sign in plain).split()
    return tuple(sorted(word for word in map(_skeleton, words) if word))


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether two names may mean one person: equal words, initials, or similar spelling."""
    short, long = sorted((one, other), key=len)
    if all(any(_stands_for(word, each) for each in long) for word in short):
        return True
    joined = SequenceMatcher(None, " ".join(one), " ".join(other), autojunk=False)
    together = SequenceMatcher(None, "".join(one), "".join(other), autojunk=False)
    return max(joined.ratio(), together.ratio()) >= NEAR


def _stands_for(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) == 1 and long.startswith(short))
