"""Scores of confusion matrices, many at a time: what the bootstrap resamples."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def overall_accuracy(confusion: Floats) -> Floats:
    """Return the share of samples that are right, for confusion matrices [..., K, K]."""
    right = np.trace(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=(-2, -1))
    return _ratio(right, total)


def macro_f1(confusion: Floats) -> Floats:
    """Return the mean F1 over the classes with samples, for confusion matrices [..., K, K]."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, given = confusion.sum(axis=-1), confusion.sum(axis=-2)
    f1 = 2 * right / np.maximum(support + given, 1)
    present = support > 0
    return _ratio((f1 * present).sum(axis=-1), present.sum(axis=-1).astype(np.float64))


def area_error(confusion: Floats) -> Floats:
    """Return the share of the area that is given to the wrong crops on balance.

    Half the summed absolute difference between predicted and true share of each crop: 0 when every
    crop is given its area, however many samples are confused.
    """
    support, given = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _ratio(np.abs(given - support).sum(axis=-1) / 2, support.sum(axis=-1))


METRICS: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "macro_f1": macro_f1,
    "overall_accuracy": overall_accuracy,
}
"""What has an interval: a new one is one entry here."""


def _ratio(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.full_like(part, np.nan, dtype=np.float64)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
