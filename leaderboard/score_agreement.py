"""Whether stated scores are those that predictions give."""

from collections.abc import Iterator
from typing import Final

from benchmark.task.metrics import Scores

SCORE_TOLERANCE: Final = 1e-6
"""Allowed difference between a stated and a computed score; rounding differs by 1e-12."""


def score_differences(stated: Scores, true: Scores) -> Iterator[tuple[str, object, object]]:
    """Yield the scores that differ.

    Args:
        stated: The scores of a row.
        true: The scores that its predictions give.

    Yields:
        Name of the score, its stated and its computed value. A crop that only one of the two has
        differs in each of its values.
    """
    mine, theirs = _flat(true), _flat(stated)
    for name in mine | theirs:
        value, other = mine.get(name), theirs.get(name)
        if name == "weighted_f1" and other is None:
            continue  # rows of older versions do not have it
        if value is None or other is None:
            equal = value is other and (name in mine) == (name in theirs)
        else:
            equal = abs(value - other) <= SCORE_TOLERANCE  # false if one is NaN
        if not equal:
            yield name, other, value


def _flat(scores: Scores) -> dict[str, float | None]:
    content = scores.model_dump()
    crops = content.pop("per_crop")
    flat = dict(content)
    for crop, values in crops.items():
        flat |= {f"{crop} {name}": value for name, value in values.items()}
    return flat
