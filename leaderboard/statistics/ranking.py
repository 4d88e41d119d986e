"""Average ranks, win rates, critical differences and the Pareto front of methods."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from leaderboard.statistics.confusion_scores import Floats
from leaderboard.statistics.intervals import LEVEL

DIGITS: Final = 12
"""Decimals to which scores are compared: the same scores in another order may have another sum."""


def ranks(scores: Floats) -> Floats:
    """Rank methods on each transfer, best first; ties share the mean of their ranks.

    Args:
        scores: Score of each method on each transfer [M, T], higher is better, without gaps.

    Returns:
        Ranks [M, T].
    """
    found: Floats = stats.rankdata(-np.round(scores, DIGITS), axis=0)
    return found


def win_rates(scores: Floats) -> Floats:
    """Return the share of comparisons in which each method is better; a tie counts as half.

    Each method is compared with every other method on every transfer.

    Args:
        scores: Score of each method on each transfer [M, T], without gaps.

    Returns:
        Shares [M]; NaN for a single method.
    """
    methods = len(scores)
    if methods < 2:
        return np.full(methods, np.nan)
    rates: Floats = (methods - ranks(scores).mean(axis=1)) / (methods - 1)
    return rates


@dataclass(frozen=True)
class CriticalDifference:
    """Average ranks of methods, and tests of whether they differ significantly.

    Attributes:
        average_ranks: Average rank of each method [M].
        transfers: Number of transfers T.
        statistic: Friedman's chi-squared, corrected for ties.
        p_value: Probability of such a statistic or a larger one if all methods were equal.
        difference: Smallest difference of two average ranks that is significant (Nemenyi, 5 %).
        groups: Largest sets of methods whose average ranks do not differ significantly, as indices
            in order of rank; sets with one method are left out.
    """

    average_ranks: tuple[float, ...]
    transfers: int
    statistic: float
    p_value: float
    difference: float
    groups: tuple[tuple[int, ...], ...]


def critical_difference(scores: Floats) -> CriticalDifference | None:
    """Compare average ranks with the tests of Friedman and Nemenyi.

    Source: Demsar 2006, J. Mach. Learn. Res. 7: 1-30.

    Args:
        scores: Score of each method on each transfer [M, T], without gaps.

    Returns:
        The comparison; ``None`` for fewer than three methods or two transfers, or if all methods
        have equal scores on every transfer.
    """
    methods, transfers = scores.shape
    if methods < 3 or transfers < 2 or np.ptp(np.round(scores, DIGITS), axis=0).max() == 0:
        return None
    average = ranks(scores).mean(axis=1)
    statistic, p_value = stats.friedmanchisquare(*np.round(scores, DIGITS))
    quantile = stats.studentized_range.ppf(LEVEL, methods, np.inf) / np.sqrt(2)
    difference = float(quantile * np.sqrt(methods * (methods + 1) / (6 * transfers)))
    return CriticalDifference(
        average_ranks=tuple(map(float, average)),
        transfers=transfers,
        statistic=float(statistic),
        p_value=float(p_value),
        difference=difference,
        groups=_cliques(average, difference),
    )


def _cliques(average: Floats, difference: float) -> tuple[tuple[int, ...], ...]:
    order = np.argsort(average, kind="stable")
    found: list[tuple[int, ...]] = []
    for start in range(len(order)):
        near = average[order[start:]] - average[order[start]] <= difference
        clique = tuple(int(index) for index in order[start:][near])
        if len(clique) > 1 and not any(set(clique) <= set(other) for other in found):
            found.append(clique)
    return tuple(found)


def pareto_front(cost: Floats, score: Floats) -> npt.NDArray[np.bool_]:
    """Mark the methods on the Pareto front.

    A method is on the front unless another method has a lower cost and no lower score, or a higher
    score and no higher cost.

    Args:
        cost: Cost of each method [M], lower is better.
        score: Score of each method [M], higher is better.

    Returns:
        Whether each method is on the front [M].
    """
    no_worse = (cost[None, :] <= cost[:, None]) & (score[None, :] >= score[:, None])
    better = (cost[None, :] < cost[:, None]) | (score[None, :] > score[:, None])
    return np.asarray(~(no_worse & better).any(axis=1))
