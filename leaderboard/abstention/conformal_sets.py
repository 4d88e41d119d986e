"""Split-conformal prediction sets with a threshold for each class, as functions of arrays.

Sources: Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World (conditional on the
label, 4.5); Angelopoulos & Bates 2021, A Gentle Introduction to Conformal Prediction, arXiv
2107.07511 (section 3.2 and appendix B).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]
Sets = npt.NDArray[np.bool_]
"""Whether each class is in the set of each sample [N, K]."""

ROUNDING: Final = 1e-9
"""By how much a count that is computed from the level may lie above a whole number."""


@dataclass(frozen=True)
class SetScores:
    """What prediction sets say of samples whose class is known.

    Attributes:
        coverage: Share of the samples whose class is in their set.
        worst: The same for the class that has the lowest, among those with a sample.
        size: Mean number of classes in a set.
        single: Share of the samples with a set of one class.
        right: Share of these whose class it is; NaN if there are none.
    """

    coverage: float
    worst: float
    size: float
    single: float
    right: float


def class_thresholds(probabilities: Floats, labels: Integers, level: float) -> Floats:
    """Return the lowest probability with which each class enters a set.

    It is the probability of the true class that the ceil((n + 1) level)-th most probable of the n
    calibration samples of the class has. With fewer samples than that it is minus infinity: the
    class is in every set.

    Args:
        probabilities: Probability of each class for the calibration samples [N, K].
        labels: Their classes [N], as columns of the probabilities.
        level: Share of the samples of each class that sets must cover, between 0 and 1.

    Returns:
        Thresholds [K].
    """
    found = np.full(probabilities.shape[1], -np.inf)
    for label in range(len(found)):
        of_class = np.sort(probabilities[labels == label, label])[::-1]
        rank = math.ceil((len(of_class) + 1) * level - ROUNDING)
        if rank <= len(of_class):
            found[label] = of_class[rank - 1]
    return found


def fewest_samples(level: float) -> int:
    """Return the smallest number of calibration samples with which a class has a threshold."""
    return math.ceil(level / (1 - level) - ROUNDING)


def prediction_sets(probabilities: Floats, thresholds: Floats) -> Sets:
    """Return the sets [N, K] of samples with probabilities [N, K]; a set may be empty.

    If a sample is exchangeable with the calibration samples of its class, its class is in its set
    with at least the level's probability, whatever the shares of the classes are.

    Args:
        probabilities: Probability of each class [N, K].
        thresholds: Lowest probability of each class that is in a set [K].
    """
    return np.asarray(probabilities >= thresholds)


def score_sets(sets: Sets, labels: Integers) -> SetScores:
    """Return what sets [N, K] say of samples with classes [N], at least one.

    A class of -1 is in no set: the method cannot predict it.
    """
    covered = (labels >= 0) & sets[np.arange(len(labels)), np.maximum(labels, 0)]
    single = sets.sum(axis=1) == 1
    return SetScores(
        coverage=float(covered.mean()),
        worst=min(float(covered[labels == label].mean()) for label in np.unique(labels)),
        size=float(sets.sum(axis=1).mean()),
        single=float(single.mean()),
        right=float(covered[single].mean()) if single.any() else math.nan,
    )
