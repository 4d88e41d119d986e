"""Find labels in the text of a method file: sample ids, label sequences or encoded data.

The text is read and never run. Labels that a method gets from other places are not found here, but
by `--rerun`, which hides them.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.taxonomy import CROPS

MOST_IDS: Final = 4
"""Number of sample ids that a file may name, such as an example in a comment; a table has more."""

WINDOW: Final = 40
"""Number of consecutive labels that are compared."""

LEAST_CHANGES: Final = 8
"""Smallest number of class changes in a compared window; sorted labels have fewer."""

LONGEST_BLOB: Final = 1_000
"""Number of letters without a space from which text counts as data."""

_BLOB: Final = re.compile(rf"[A-Za-z0-9+/=_\\-]{{{LONGEST_BLOB},}}")
_WORD: Final = re.compile(r"[\w:.\-]+")
_ITEM: Final = rf"(?:\d|{'|'.join(CROPS)})"
_SEPARATED: Final = re.compile(rf"""(?:["']?{_ITEM}["']?[\s,;]+){{{WINDOW},}}""")
_DIGITS: Final = re.compile(rf"[0-9]{{{WINDOW},}}")
_EACH: Final = re.compile(_ITEM)


def find_leaks(
    code: str, ids: Sequence[str], labels: Sequence[npt.NDArray[np.int64]]
) -> Iterator[str]:
    """Yield a sentence for each part of a method file that looks like labels of a target.

    Args:
        code: Text of the file.
        ids: Ids of target samples.
        labels: Labels of targets, each sequence in an order in which a file could have them.
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
        return  # refused already, so such data is not decoded
    texts = (*_SEPARATED.findall(code), *_DIGITS.findall(code))
    found = {pattern for text in texts for pattern in _patterns(_EACH.findall(text))}
    if found and any(found & set(_patterns(sequence.tolist())) for sequence in labels):
        yield "The code holds the labels of a target, in order."


def _patterns(sequence: Sequence[object]) -> Iterator[tuple[int, ...]]:
    """Yield each window of a sequence, with its values numbered by their first occurrence.

    With this numbering, labels are found under any names or numbers.
    """
    for start in range(len(sequence) - WINDOW + 1):
        window = sequence[start : start + WINDOW]
        changes = sum(a != b for a, b in pairwise(window))
        if changes >= LEAST_CHANGES:
            numbers: dict[object, int] = {}
            yield tuple(numbers.setdefault(value, len(numbers)) for value in window)
