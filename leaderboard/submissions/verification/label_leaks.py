"""Whether a method file carries the answers: ids, label sequences or encoded data in its text.

The text is looked at and never run. What is found here is found by its form; a method that fetches
answers from elsewhere is for `--rerun` to find, which hides them.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.taxonomy import CROPS

MOST_IDS: Final = 4
"""Sample ids that a file may name, as an example in a comment may; a table names more."""

WINDOW: Final = 40
"""Labels in a row that are compared."""

LEAST_CHANGES: Final = 8
"""Changes of class within a window below which it says little: sorted labels are long runs."""

LONGEST_BLOB: Final = 1_000
"""Letters without a space after which text is data and not code."""

_BLOB: Final = re.compile(rf"[A-Za-z0-9+/=_\\-]{{{LONGEST_BLOB},}}")
_WORD: Final = re.compile(r"[\w:.\-]+")
_ITEM: Final = rf"(?:\d|{'|'.join(CROPS)})"
_SEPARATED: Final = re.compile(rf"""(?:["']?{_ITEM}["']?[\s,;]+){{{WINDOW},}}""")
_DIGITS: Final = re.compile(rf"[0-9]{{{WINDOW},}}")
_EACH: Final = re.compile(_ITEM)


def find_leaks(
    code: str, ids: Sequence[str], labels: Sequence[npt.NDArray[np.int64]]
) -> Iterator[str]:
    """Yield what in a method file looks like the labels of a target.

    Args:
        code: Text of the file.
        ids: Ids of target samples.
        labels: Labels of targets, each in an order in which they could have been written down.

    Yields:
        What was found, in sentences.
    """
    named = set(_WORD.findall(code)) & set(ids)
    if len(named) > MOST_IDS:
        yield f"The code names {len(named)} target samples by id, such as '{min(named)}'."
    if blob := _BLOB.search(code):
        line = code.count("\n", 0, blob.start()) + 1
        yield (
            f"The code holds {len(blob.group())} letters of encoded data in line {line}: "
            "a method file is code; keep weights at a public address with a checksum."
        )
        return  # refused already; what such data spells is not worked out
    texts = (*_SEPARATED.findall(code), *_DIGITS.findall(code))
    found = {pattern for text in texts for pattern in _patterns(_EACH.findall(text))}
    if found and any(found & set(_patterns(sequence.tolist())) for sequence in labels):
        yield "The code holds the labels of a target, in order."


def _patterns(sequence: Sequence[object]) -> Iterator[tuple[int, ...]]:
    """Yield each window of a sequence with its values numbered by their first occurrence.

    So labels are found whatever names or numbers they were given.
    """
    for start in range(len(sequence) - WINDOW + 1):
        window = sequence[start : start + WINDOW]
        changes = sum(a != b for a, b in pairwise(window))
        if changes >= LEAST_CHANGES:
            numbers: dict[object, int] = {}
            yield tuple(numbers.setdefault(value, len(numbers)) for value in window)
