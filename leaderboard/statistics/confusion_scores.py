"""Scores of many confusion matrices at once, for the bootstrap."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def overall_accuracy(confusion: Floats) -> Floats:
    """Return the share of samples with the right prediction.

    Args:
        confusion: Counts by true class (rows) and predicted class (columns) [..., K, K].

    Returns:
        Shares [...]; NaN for a matrix without samples.
    """
    right = np.trace(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=(-2, -1))
    return _ratio(right, total)


def macro_f1(confusion: Floats) -> Floats:
    """Return the mean F1 over the classes that have samples.

    Args:
        confusion: Counts by true class (rows) and predicted class (columns) [..., K, K].

    Returns:
        Values [...]; NaN for a matrix without samples.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, given = confusion.sum(axis=-1), confusion.sum(axis=-2)
    f1 = 2 * right / np.maximum(support + given, 1)
    present = support > 0
    return _ratio((f1 * present).sum(axis=-1), present.sum(axis=-1).astype(np.float64))


def area_error(confusion: Floats) -> Floats:
    """Return half the summed absolute difference between predicted and true share of each crop.

    It is 0 if every crop has the right share, also if samples are confused.

    Args:
        confusion: Counts by true class (rows) and predicted class (columns) [..., K, K].

    Returns:
        Shares [...]; NaN for a matrix without samples.
    """
    support, given = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _ratio(np.abs(given - support).sum(axis=-1) / 2, support.sum(axis=-1))


METRICS: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "macro_f1": macro_f1,
    "overall_accuracy": overall_accuracy,
}
"""Scores that have intervals, by name. To add a score from 0 to 1, add an entry."""


def _ratio(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.full_like(part, np.nan, dtype=np.float64)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
