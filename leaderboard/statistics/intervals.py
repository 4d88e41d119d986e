"""Intervals of resampled scores, of their differences and means, and what is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from leaderboard.statistics import behrens_fisher
from leaderboard.statistics.confusion_scores import Floats

LEVEL: Final = 0.95
"""Coverage of every interval."""

FEWEST_SEEDS: Final = 2
"""Smallest number of seeds with which a difference may be called significant. One says nothing of
the spread of fits. With two, equally good methods are called different in 1 to 6 of 100
experiments (docs/leaderboard.md), since the limits are as far away as so few seeds ask for."""

FEWEST_UNITS: Final = 5
"""Smallest number of blocks with which a difference may be called significant. With two or
three, equally good methods are called different in 6 to 9 of 100 experiments, not in 5
(docs/leaderboard.md); four suffice there, and five leave a margin for blocks less alike."""

_ROUNDING: Final = 1e-12
"""By how much sums of the same scores may differ."""

SHORTAGES: Final = (f"fewer than {FEWEST_SEEDS} seeds", f"fewer than {FEWEST_UNITS} blocks")
"""What there can be too little of, in words."""


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval.

    Attributes:
        low: Lower limit.
        high: Upper limit.
    """

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether both limits are above zero, or both are below."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Draws:
    """Resampled values of a statistic, with what is needed for the tails of its interval.

    The difference and the mean of statistics that were resampled together are such statistics too.

    Attributes:
        values: Values with seeds and units resampled [R].
        fits: Values with only the seeds resampled [R], for each set of fits with its own draw of
            seeds. They are the part of the statistic that comes from these fits, up to a constant.
        seeds: Number of seeds of each set of fits.
        units: Number of units of each set of samples.
        lowest: Smallest value that the statistic can have: 0 for a score, -1 for a difference.
        highest: Largest value that it can have: 1 for both.
    """

    values: Floats
    fits: Mapping[str, Floats]
    seeds: Mapping[str, int]
    units: Mapping[str, int]
    lowest: float = 0.0
    highest: float = 1.0

    def __sub__(self, other: "Draws") -> "Draws":
        """Return the draws of a difference; of two numbers of seeds or units it has the smaller."""
        names = {**self.fits, **other.fits}
        return Draws(
            self.values - other.values,
            {
                name: self.fits.get(name, _NOTHING) - other.fits.get(name, _NOTHING)
                for name in names
            },
            _smaller(self.seeds, other.seeds),
            _smaller(self.units, other.units),
            lowest=self.lowest - other.highest,
            highest=self.highest - other.lowest,
        )

    @property
    def fewest_seeds(self) -> int:
        """Smallest number of seeds of any set of fits."""
        return min(self.seeds.values())

    @property
    def shortage(self) -> str | None:
        """What there is too little of to call a difference significant; ``None`` if nothing is."""
        if self.fewest_seeds < FEWEST_SEEDS:
            return SHORTAGES[0]
        return SHORTAGES[1] if self._free_units + 1 < FEWEST_UNITS else None

    @property
    def _free_units(self) -> int:
        return sum(count - 1 for count in self.units.values())

    def tail(self, level: float) -> float:
        """Return how many standard errors a limit of an interval lies from its middle.

        The variance of the seeds is that of `fits`; it is unbiased, since each draw has one seed
        fewer than there are. The variance of the units is the rest of the variance of `values`,
        with the interaction of seeds and units. Several sets of fits have the degrees of freedom
        of a sum of estimated variances (Satterthwaite 1946, Biometrics Bull. 2: 110-114).
        """
        units = float(max(self._free_units, 1))
        several = [name for name, count in self.seeds.items() if count > 1]
        by_fits = {name: float(np.var(self.fits[name])) for name in several}
        by_seeds = sum(by_fits.values())
        if by_seeds == 0:
            return behrens_fisher.tail(0.0, 1.0, units, level)
        parts = [(var / by_seeds) ** 2 / (self.seeds[name] - 1) for name, var in by_fits.items()]
        share = min(by_seeds / max(float(np.var(self.values)), by_seeds), 1.0)
        return behrens_fisher.tail(share, 1 / sum(parts), units, level)

    def farthest_tail(self, level: float) -> float:
        """Return what :meth:`tail` is at most, without the variances of seeds and units.

        That is the sum of both Student's percentiles, weighted by the standard errors of seeds and
        units. It is largest where the standard errors are as the percentiles are.
        """
        free = (max(self.fewest_seeds - 1, 1), max(self._free_units, 1))
        return float(np.hypot(*stdtrit(free, (1 + level) / 2)))


def mean_of(draws: Sequence[Draws]) -> Draws:
    """Return the draws of the mean of statistics that were resampled together."""
    fits: dict[str, Floats] = {}
    for one in draws:
        for name, drawn in one.fits.items():
            fits[name] = fits.get(name, _NOTHING) + drawn / len(draws)
    seeds: Mapping[str, int] = {}
    units: Mapping[str, int] = {}
    for one in draws:
        seeds, units = _smaller(seeds, one.seeds), _smaller(units, one.units)
    values = np.mean([one.values for one in draws], axis=0)
    return Draws(
        values,
        fits,
        seeds,
        units,
        lowest=min(one.lowest for one in draws),
        highest=max(one.highest for one in draws),
    )


_NOTHING: Final[Floats] = np.zeros(1)
"""Part of fits in a statistic that does not use them."""


def _smaller(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    names = {**one, **other}
    return {name: min(n[name] for n in (one, other) if name in n) for name in names}


def interval(draws: Draws, point: float, level: float = LEVEL) -> Interval:
    """Return the bias-corrected percentile interval of a statistic, with tails of Student's t.

    Rare crops are missing in a resample more often than in the sample, so macro-F1 is lower in
    resamples. The bias correction moves the percentiles by the difference between the statistic and
    the median of its resamples (Efron 1981, Can. J. Stat. 9: 139-158, section 7). With few units or
    seeds their variance is estimated badly, so the limits are moved away from the middle, as far as
    Student's distributions of seeds and units lie beyond the normal one (:meth:`Draws.tail`). To
    take percentiles farther out instead (Hesterberg 2015, Am. Stat. 69: 371-386, section 5.3) does
    not suffice with three seeds, since no resample of them lies beyond the best and the worst.

    With two or three blocks that lack crops, nearly every resample may lie on one side of the
    statistic. Then percentiles are too far out to say anything, and the corrected limits would
    leave the statistic out. In their place it gets the distances of the percentiles from the
    median.

    Args:
        draws: Resampled values.
        point: Value of the statistic on the sample.
        level: Coverage.

    Returns:
        The limits, with `point` between them, within the values that the statistic can have.
    """
    low, middle, high = _percentiles(draws, _shift(draws, point), level)
    stretch = draws.tail(level) / ndtri((1 + level) / 2)
    limits = middle + stretch * (np.array([low, high]) - middle)
    if max(limits[0] - point, point - limits[1]) > _ROUNDING:
        low, middle, high = _percentiles(draws, 0, level)
        limits = point + stretch * (np.array([low, high]) - middle)
    low, high = np.clip(limits, draws.lowest, draws.highest)
    return Interval(float(low), float(high))


def _shift(draws: Draws, point: float) -> float:
    """Return where a statistic lies among its resamples, as a percentile of the normal."""
    below = np.mean(draws.values < point) + np.mean(draws.values == point) / 2
    edge = 0.5 / len(draws.values)
    return float(ndtri(np.clip(below, edge, 1 - edge)))


def _percentiles(draws: Draws, shift: float, level: float) -> Floats:
    """Return the percentiles of both limits and, between them, of the middle."""
    # What scipy.stats.norm computes, to the last bit, at a fifth of its time.
    normal = ndtri((1 + level) / 2)
    places = ndtr(2 * shift + np.array([-normal, 0, normal]))
    found: Floats = np.quantile(draws.values, places)
    return found


def beyond_chance(draws: Draws, point: float, level: float = LEVEL) -> bool:
    """Return whether a difference is more than chance.

    Args:
        draws: Its resampled values.
        point: Its value on the sample.
        level: Coverage of its interval.

    Returns:
        Whether there are enough seeds and units, and its :func:`interval` excludes zero. The tail,
        nearly all of the time of an interval, is computed only where its bounds do not decide.
    """
    if draws.shortage is not None:
        return False
    low, middle, high = _percentiles(draws, _shift(draws, point), level)
    if not low <= point <= high:
        return interval(draws, point, level).excludes_zero
    normal = float(ndtri((1 + level) / 2))

    def excludes_zero(tail: float) -> bool:
        stretch = tail / normal
        return bool(stretch * (middle - low) < middle or stretch * (high - middle) < -middle)

    if not excludes_zero(normal) or excludes_zero(draws.farthest_tail(level)):
        return excludes_zero(normal)
    return excludes_zero(draws.tail(level))
