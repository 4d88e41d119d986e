"""Intervals of scores: the bootstrap over seeds and spatial blocks.

All inputs are arrays: this module does not use rows, stores or methods.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import ndtr, ndtri

from leaderboard.statistics import behrens_fisher
from leaderboard.statistics.confusion_scores import METRICS, Floats

Integers = npt.NDArray[np.int64]

LEVEL: Final = 0.95
"""Coverage of every interval."""

DRAWS: Final = 1000
"""Number of resamples for an interval, enough for the second digit of a 95 % limit (Efron &
Tibshirani 1993, An Introduction to the Bootstrap, section 19.3)."""

FEWEST_SEEDS: Final = 2
"""Smallest number of seeds with which a difference may be called significant. One says nothing of
the spread of fits. With two, equally good methods are called different in 1 to 6 of 100
experiments (docs/leaderboard.md), since the limits are as far away as so few seeds ask for."""

FEWEST_UNITS: Final = 5
"""Smallest number of blocks with which a difference may be called significant. With two or
three, equally good methods are called different in 6 to 9 of 100 experiments, not in 5
(docs/leaderboard.md); four suffice there, and five leave a margin for blocks less alike."""

_CHUNK: Final = 4_000_000
"""Number of weights in memory at once, 16 MB."""


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
        parts = [var**2 / (self.seeds[name] - 1) for name, var in by_fits.items()]
        share = min(by_seeds / max(float(np.var(self.values)), by_seeds), 1.0)
        return behrens_fisher.tail(share, by_seeds**2 / sum(parts), units, level)


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
    values = draws.values
    below = np.mean(values < point) + np.mean(values == point) / 2
    edge = 0.5 / len(values)
    shift = ndtri(np.clip(below, edge, 1 - edge))
    # What scipy.stats.norm computes, to the last bit, at a fifth of its time.
    normal = ndtri((1 + level) / 2)
    stretch = draws.tail(level) / normal
    places = np.array([-normal, 0, normal])
    low, middle, high = np.quantile(values, ndtr(2 * shift + places))
    limits = middle + stretch * (np.array([low, high]) - middle)
    if max(limits[0] - point, point - limits[1]) > _ROUNDING:
        low, middle, high = np.quantile(values, ndtr(places))
        limits = point + stretch * (np.array([low, high]) - middle)
    low, high = np.clip(limits, draws.lowest, draws.highest)
    return Interval(float(low), float(high))


def tabulate(labels: Integers, predicted: Integers, units: Integers, classes: int) -> Any:
    """Count samples by unit, seed, true class and predicted class.

    Args:
        labels: True class of each sample [N].
        predicted: Predicted class of each sample under each seed [S, N].
        units: Number of the unit (block or sample) of each sample [N], 0 to U - 1.
        classes: Number of classes K.

    Returns:
        A sparse matrix [U, S * K * K]; the column of seed s, true class t and predicted class p is
        (s * K + t) * K + p. Single precision is exact for counts up to 16 million.
    """
    seeds, samples = predicted.shape
    cells = labels[None, :] * classes + predicted
    columns = cells + (np.arange(seeds) * classes * classes)[:, None]
    shape = (int(units.max()) + 1, seeds * classes * classes)
    ones = np.ones(seeds * samples, dtype=np.float32)
    entries = (ones, (np.tile(units, seeds), columns.ravel()))
    return sparse.coo_matrix(entries, shape=shape).tocsr()


def resample(units: int, draws: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
    """Draw resamples of units, in parts that fit into memory.

    Each resample draws U - 1 of U units with replacement, so that the variance of a mean is
    estimated without bias (Rao & Wu 1988, J. Am. Stat. Assoc. 83: 231-241). With one unit, every
    resample has this unit once.

    Args:
        units: Number of units U.
        draws: Number of resamples.
        rng: Random generator.

    Yields:
        How often each unit is in each resample [R', U]; each row sums to U - 1 (or 1). The parts
        together have `draws` rows.
    """
    size = max(units - 1, 1)
    step = max(1, min(draws, _CHUNK // units))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        taken = rng.integers(units, size=(count, size))
        taken += (np.arange(count) * units)[:, None]
        weights = np.bincount(taken.ravel(), minlength=count * units)
        yield weights.reshape(count, units).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Part:
    """Units of a set of samples that shares them with other sets, such as blocks of one target.

    Attributes:
        places: Number of each unit of the set among the units of all sets [U].
        whole: Number of units of all sets.
    """

    places: Integers
    whole: int


def resample_part(
    part: Part, draws: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.float32]]:
    """Draw resamples of the units of one set, together with those of other sets.

    Each resample has an endless list of units of all sets, drawn with replacement, and takes the
    first U - 1 of the list that are in this set. Alone, it is a resample of :func:`resample`. A
    unit that is in two sets is drawn about as often in both, so that the covariance of their
    statistics is not lost.

    Args:
        part: The units U of the set.
        draws: Number of resamples.
        rng: Random generator. The same state gives the same lists for every set.

    Yields:
        How often each unit is in each resample [R', U], as :func:`resample` does.
    """
    own = len(part.places)
    column = np.full(part.whole, -1, dtype=np.int64)
    column[part.places] = np.arange(own)
    step = max(1, min(draws, _CHUNK // part.whole))
    starts = range(0, draws, step)
    for start, lists in zip(starts, rng.spawn(len(starts)), strict=True):
        count = min(step, draws - start)
        weights = np.zeros(count * own, dtype=np.int64)
        lacking = np.full(count, max(own - 1, 1))
        while lacking.any():
            found = column[lists.integers(part.whole, size=(count, part.whole))]
            taken = found >= 0
            taken &= np.cumsum(taken, axis=1) <= lacking[:, None]
            cells = found + (np.arange(count) * own)[:, None]
            weights += np.bincount(cells[taken], minlength=count * own)
            lacking -= taken.sum(axis=1)
        yield weights.reshape(count, own).astype(np.float32)


def bootstrap(
    tables: Sequence[Any],
    seeds: Sequence[int],
    classes: int,
    *,
    unit_rng: np.random.Generator,
    seed_rngs: Sequence[np.random.Generator],
    draws: int = DRAWS,
    fits: Sequence[str] | None = None,
    units: str = "units",
    part: Part | None = None,
) -> list[dict[str, Draws]]:
    """Resample seeds and units for several methods; all methods get the same units.

    Every seed has predictions for every unit. Seeds and units are drawn independently (the
    pigeonhole bootstrap of Owen 2007, Ann. Appl. Stat. 1: 386-411). A resampled value is the mean
    of a metric over the drawn seeds, on the drawn units.

    Args:
        tables: Table of :func:`tabulate` for each method, over the same units.
        seeds: Number of seeds of each method.
        classes: Number of classes K.
        unit_rng: Generator for the units. The same state gives the same draws.
        seed_rngs: Generator for the seeds of each method. The same state gives the same draws.
        draws: Number of resamples R.
        fits: Name of each method's set of fits. Methods with the same name must have the same
            draws of seeds.
        units: Name of the set of units. Sets that are resampled together have one name.
        part: Place of the units among those of other sets that are resampled together; ``None``
            resamples them alone.

    Returns:
        For each method, the resampled values of each metric of `METRICS`, by its name.
    """
    edges = np.cumsum([0, *(count * classes * classes for count in seeds)])
    together = sparse.hstack(tables, format="csr").T.tocsr()
    parts: list[list[dict[str, Floats]]] = [[] for _ in tables]
    alone = resample(tables[0].shape[0], draws, unit_rng)
    for weights in alone if part is None else resample_part(part, draws, unit_rng):
        counts = np.asarray((together @ weights.T).T, dtype=np.float64)
        for index, count in enumerate(seeds):
            matrices = counts[:, edges[index] : edges[index + 1]]
            matrices = matrices.reshape(len(weights), count, classes, classes)
            parts[index].append({name: score(matrices) for name, score in METRICS.items()})
    results = []
    for index, count in enumerate(seeds):
        taken = np.concatenate(list(resample(count, draws, seed_rngs[index]))).astype(np.float64)
        taken /= taken.sum(axis=1, keepdims=True)
        whole = np.asarray(tables[index].sum(axis=0), dtype=np.float64)
        whole = whole.reshape(count, classes, classes)
        name_of_fits = "fits" if fits is None else fits[index]
        found = {}
        for name, score in METRICS.items():
            scores = np.concatenate([part[name] for part in parts[index]])
            found[name] = Draws(
                values=(taken * scores).sum(axis=1),
                fits={name_of_fits: taken @ score(whole)},
                seeds={name_of_fits: count},
                units={units: tables[0].shape[0]},
            )
        results.append(found)
    return results
