"""Differences between two methods, paired: over all transfers and on each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from leaderboard.comparison_group import RANKED_BY, ComparisonGroup
from leaderboard.statistics.intervals import SHORTAGES, Draws, Interval
from leaderboard.tables.columns import method_frame

MEAN: Final = "all transfers"
"""The name under which the mean over transfers stands beside them."""

MOST_METHODS: Final = 40
"""Methods of a group that can be compared by pairs."""

MOST_DIFFERENCES: Final = 10_000
"""Differences that are made before a page is written: some seconds, and some 200 kB in it."""


@dataclass(frozen=True)
class Difference:
    """Macro-F1 of one method less that of another.

    Attributes:
        point: The difference.
        limits: Its paired interval; ``None`` without stored predictions of both.
        shortage: What there is too little of to call it more than chance; ``None`` if nothing is.
    """

    point: float
    limits: Interval | None
    shortage: str | None = None

    @property
    def verdict(self) -> str:
        """Whether the difference is more than chance, one of :data:`VERDICTS`."""
        if self.limits is None:
            return NO_INTERVAL
        if self.shortage is not None:
            return UNDECIDED.format(self.shortage)
        return BEYOND_CHANCE if self.limits.excludes_zero else NOT_TOLD_APART


NO_INTERVAL: Final = "no interval"
UNDECIDED: Final = "undecided, {}"
NOT_TOLD_APART: Final = "not told apart"
BEYOND_CHANCE: Final = "beyond chance"

VERDICTS: Final = (NO_INTERVAL, *map(UNDECIDED.format, SHORTAGES), NOT_TOLD_APART, BEYOND_CHANCE)
"""What a difference can be called."""


Scores = Mapping[str, Mapping[str, float]]
"""Macro-F1 by method and transfer, the mean of a method with every transfer included."""


def scores_by_transfer(group: ComparisonGroup) -> Scores:
    """Return macro-F1 by method and transfer, and :data:`MEAN` where none is missing.

    Args:
        group: Methods that may be compared.
    """
    found: dict[str, dict[str, float]] = {}
    for line in group.transfers.to_dict("records"):
        found.setdefault(str(line["method"]), {})[str(line["transfer"])] = float(line[RANKED_BY])
    for by_transfer in found.values():
        if len(by_transfer) == len(group.comparable.transfers):
            by_transfer[MEAN] = float(np.mean(list(by_transfer.values())))
    return found


def drawn_scores(group: ComparisonGroup, methods: Sequence[str]) -> dict[tuple[str, str], Draws]:
    """Return resampled macro-F1 by method and transfer, the mean over transfers included.

    Args:
        group: Methods that may be compared.
        methods: Those that are wanted.
    """
    found = {}
    for method in methods:
        for _, transfer in group.comparable.transfers:
            draws = group.draws(method, transfer, RANKED_BY)
            if draws is not None:
                found[method, transfer] = draws
        mean = group.mean_draws(method, RANKED_BY)
        if mean is not None:
            found[method, MEAN] = mean
    return found


def difference(
    group: ComparisonGroup, point: float, one: Draws | None, other: Draws | None
) -> Difference:
    """Return a difference with its interval.

    Args:
        group: Methods that may be compared.
        point: Score of the one less that of the other.
        one: Resampled scores of the one.
        other: Those of the other, resampled alike.
    """
    if one is None or other is None:
        return Difference(point, None)
    draws = one - other
    limits = group.interval(draws, point)
    return Difference(point, limits, draws.shortage)


def mean_difference(group: ComparisonGroup, one: str, other: str) -> Difference:
    """Return the difference of two methods that have every transfer, over all of them."""
    drawn = drawn_scores(group, (one, other))
    scores = scores_by_transfer(group)
    point = scores[one][MEAN] - scores[other][MEAN]
    return difference(group, point, drawn.get((one, MEAN)), drawn.get((other, MEAN)))


def compared_methods(group: ComparisonGroup, most: int) -> list[str]:
    """Choose the methods whose pairs are made: the best, as many as give so few differences.

    Args:
        group: Methods that may be compared.
        most: Differences that may be made.
    """
    names = [str(name) for name in method_frame(group)["method"]][:MOST_METHODS]
    while len(names) > 2 and _differences(group, len(names)) > most:
        names.pop()
    return names


def shares(groups: Sequence[ComparisonGroup]) -> list[int]:
    """Divide :data:`MOST_DIFFERENCES` between groups: what a small one does not need, others get.

    Args:
        groups: Groups of methods that may be compared.

    Returns:
        Differences that may be made of each group.
    """
    needs = [_differences(group, min(len(method_frame(group)), MOST_METHODS)) for group in groups]
    found, left = [0] * len(groups), MOST_DIFFERENCES
    smallest_first = sorted(range(len(groups)), key=lambda index: needs[index])
    for place, index in enumerate(smallest_first):
        found[index] = min(needs[index], left // (len(groups) - place))
        left -= found[index]
    return found


def _differences(group: ComparisonGroup, methods: int) -> int:
    """Return how many differences so many methods have, on each transfer and over all."""
    return methods * (methods - 1) // 2 * (len(group.comparable.transfers) + 1)


def all_differences(
    group: ComparisonGroup, methods: Sequence[str]
) -> dict[tuple[str, str], dict[str, Difference]]:
    """Return the differences of every pair, by transfer and over all of them.

    Args:
        group: Methods that may be compared.
        methods: Those whose pairs are made.

    Returns:
        By pair, in the order of the methods; without transfers that one of the two lacks.
    """
    scores, drawn = scores_by_transfer(group), drawn_scores(group, methods)
    return {
        (one, other): {
            name: difference(
                group,
                scores[one][name] - scores[other][name],
                drawn.get((one, name)),
                drawn.get((other, name)),
            )
            for name in scores[one]
            if name in scores[other]
        }
        for one, other in combinations(methods, 2)
    }
