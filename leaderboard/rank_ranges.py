"""Which ranks of a method its paired differences leave open."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from leaderboard.comparison_group import RANKED_BY, ComparisonGroup, once_for_each_group
from leaderboard.statistics.intervals import Draws, beyond_chance

OPEN_RANKS: Final = "possible ranks"
"""Heading of a column that has both limits."""


@dataclass(frozen=True)
class RankRange:
    """The ranks that a method may have.

    Attributes:
        best: One more than the number of methods that are better beyond chance.
        worst: The number of methods, less those that are worse beyond chance.
    """

    best: int
    worst: int

    def __str__(self) -> str:
        """Return the ranks in words, such as ``2 to 5``."""
        return f"{self.best}" if self.best == self.worst else f"{self.best} to {self.worst}"


@once_for_each_group
def rank_ranges(group: ComparisonGroup) -> dict[str, RankRange]:
    """Return the ranks that the paired differences in macro-F1 leave open.

    Every pair is judged on its own by the 95 % interval of its difference. Two methods whose
    interval contains zero, or that have too few seeds or blocks for a judgement, may be in either
    order.

    Args:
        group: Methods that may be compared.

    Returns:
        By method, of the methods that have every transfer. A method is left out if nothing can be
        judged of it, however large a difference is: without stored predictions, and where all
        others have none or too few seeds or blocks.
    """
    scores = {str(method): float(mean) for method, mean in group.grid.mean(axis=1).items()}
    return open_ranks(scores, {method: group.mean_draws(method, RANKED_BY) for method in scores})


def open_ranks(
    scores: Mapping[str, float], drawn: Mapping[str, Draws | None]
) -> dict[str, RankRange]:
    """Return the ranks that paired differences leave open.

    Args:
        scores: Score of each method.
        drawn: Resampled scores of each, resampled together; ``None`` without stored predictions.

    Returns:
        By method, as :func:`rank_ranges` does.
    """
    better, worse = dict.fromkeys(scores, 0), dict.fromkeys(scores, 0)
    judged = set()
    for one, other in combinations(sorted(scores, key=lambda name: -scores[name]), 2):
        first, second = drawn[one], drawn[other]
        if first is None or second is None:
            continue
        difference = first - second
        if difference.shortage is None:
            judged |= {one, other}
        if beyond_chance(difference, scores[one] - scores[other]):
            worse[one] += 1
            better[other] += 1
    return {
        method: RankRange(1 + better[method], len(scores) - worse[method])
        for method in scores
        if method in judged
    }
