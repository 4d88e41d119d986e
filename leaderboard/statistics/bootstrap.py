"""Intervals of scores: the bootstrap over seeds and spatial blocks.

Knows nothing of rows, stores or methods: everything comes in as arrays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from leaderboard.statistics.confusion_scores import METRICS, Floats

Integers = npt.NDArray[np.int64]

LEVEL: Final = 0.95
"""Coverage of every interval."""

DRAWS: Final = 1000
"""Resamples of an interval, enough for the second digit of a 95 % limit (Efron & Tibshirani 1993,
An Introduction to the Bootstrap, section 19.3)."""

FEWEST_SEEDS: Final = 3
"""Seeds of a difference that may be called one: between two values there is no interval that holds
the truth as often as it says (docs/leaderboard.md has how often)."""

_CHUNK: Final = 4_000_000
"""Weights held at a time, 16 MB."""


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
        """Whether a difference with this interval is beyond chance."""
        return self.low > 0 or self.high < 0


def interval(draws: Floats, point: float, freedom: float, level: float = LEVEL) -> Interval:
    """Return the bias-corrected, expanded percentile interval of a statistic.

    A resample lacks rare crops more often than the sample does, so that macro-F1 is lower in
    resamples; the percentiles are moved by as much as the statistic is off the resamples' median
    (Efron 1981, Can. J. Stat. 9: 139-158, section 7). The tails are those of Student's t, since few
    units or seeds tell little of their spread (Hesterberg 2015, Am. Stat. 69: 371-386, section
    5.3).

    Args:
        draws: Resampled values [R].
        point: The statistic itself.
        freedom: Degrees of freedom, as of :attr:`Draws.freedom`.
        level: Coverage.

    Returns:
        The limits.
    """
    below = np.mean(draws < point) + np.mean(draws == point) / 2
    edge = 0.5 / len(draws)
    shift = stats.norm.ppf(np.clip(below, edge, 1 - edge))
    tails = stats.t.ppf([(1 - level) / 2, (1 + level) / 2], max(freedom, 1))
    low, high = np.quantile(draws, stats.norm.cdf(2 * shift + tails))
    return Interval(float(low), float(high))


@dataclass(frozen=True, eq=False)
class Draws:
    """Resampled values of a statistic, and how well its spread is known.

    Differences and means of statistics that were resampled together are resampled statistics.

    Attributes:
        values: With seeds and units drawn [R].
        fits: With the seeds alone drawn [R], for each set of fits that share a draw of seeds; what
            the statistic owes to each of them, up to a constant.
        seeds: Seeds of each of these sets.
        units: Units of each set of samples.
    """

    values: Floats
    fits: Mapping[str, Floats]
    seeds: Mapping[str, int]
    units: Mapping[str, int]

    def __sub__(self, other: "Draws") -> "Draws":
        """Return the draws of a difference; of two numbers of seeds or units the smaller counts."""
        names = {**self.fits, **other.fits}
        return Draws(
            self.values - other.values,
            {
                name: self.fits.get(name, _NOTHING) - other.fits.get(name, _NOTHING)
                for name in names
            },
            _smaller(self.seeds, other.seeds),
            _smaller(self.units, other.units),
        )

    @property
    def fewest_seeds(self) -> int:
        """Seeds of the fits that have the fewest."""
        return min(self.seeds.values())

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the statistic's variance, one at least.

        That of a sum of variances that are each estimated (Satterthwaite 1946, Biometrics Bull. 2:
        110-114): the seeds' variance is that of the draws of seeds alone, which is unbiased since
        one seed less than there are is drawn; the units have the rest, with what seeds and units
        do together.
        """
        units = max(sum(count - 1 for count in self.units.values()), 1)
        several = [name for name, count in self.seeds.items() if count > 1]
        by_fits = {name: float(np.var(self.fits[name])) for name in several}
        by_seeds = sum(by_fits.values())
        by_units = max(float(np.var(self.values)) - by_seeds, 0.0)
        parts = [by_units**2 / units]
        parts += [var**2 / (self.seeds[name] - 1) for name, var in by_fits.items()]
        return (by_seeds + by_units) ** 2 / sum(parts) if sum(parts) > 0 else float(units)


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
    return Draws(values, fits, seeds, units)


_NOTHING: Final[Floats] = np.zeros(1)
"""What fits add to a statistic that does not rest on them."""


def _smaller(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    names = {**one, **other}
    return {name: min(n[name] for n in (one, other) if name in n) for name in names}


def tabulate(labels: Integers, predicted: Integers, units: Integers, classes: int) -> Any:
    """Count the answers of each seed in each unit.

    Args:
        labels: True class of each sample [N].
        predicted: Predicted class of each sample under each seed [S, N].
        units: Number of the unit (block or sample) of each sample [N], 0 to U - 1.
        classes: Number of classes K.

    Returns:
        A sparse matrix [U, S * K * K] of single precision, exact for counts up to 16 million.
    """
    seeds, samples = predicted.shape
    cells = labels[None, :] * classes + predicted
    columns = cells + (np.arange(seeds) * classes * classes)[:, None]
    shape = (int(units.max()) + 1, seeds * classes * classes)
    ones = np.ones(seeds * samples, dtype=np.float32)
    entries = (ones, (np.tile(units, seeds), columns.ravel()))
    return sparse.coo_matrix(entries, shape=shape).tocsr()


def resample(units: int, draws: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
    """Draw how often each unit is taken, some resamples at a time.

    U - 1 of U units are drawn with replacement, so that the variance of a mean is estimated without
    bias (Rao & Wu 1988, J. Am. Stat. Assoc. 83: 231-241); a single unit is always taken.

    Args:
        units: Number of units U.
        draws: Number of resamples.
        rng: Random generator.

    Yields:
        Weights [R', U], the R' of all parts together `draws`.
    """
    size = max(units - 1, 1)
    step = max(1, min(draws, _CHUNK // units))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        taken = rng.integers(units, size=(count, size))
        taken += (np.arange(count) * units)[:, None]
        weights = np.bincount(taken.ravel(), minlength=count * units)
        yield weights.reshape(count, units).astype(np.float32)


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
) -> list[dict[str, Draws]]:
    """Resample seeds and units together, the units alike for all methods.

    Seeds and units are crossed, every seed scores every unit, and each is drawn on its own (the
    pigeonhole bootstrap of Owen 2007, Ann. Appl. Stat. 1: 386-411).

    Args:
        tables: What :func:`tabulate` returned for each method, over the same units.
        seeds: Number of seeds of each method.
        classes: Number of classes K.
        unit_rng: Generator of the units: one seeded alike gives the same draws for a target.
        seed_rngs: Generator of each method's seeds: one seeded alike gives the same draws.
        draws: Number of resamples R.
        fits: Name of each method's set of fits; sets of one name have their seeds drawn alike.
        units: Name of the set of units; sets of one name are drawn alike.

    Returns:
        For each method the mean over the drawn seeds of each metric.
    """
    edges = np.cumsum([0, *(count * classes * classes for count in seeds)])
    together = sparse.hstack(tables, format="csr").T.tocsr()
    parts: list[list[dict[str, Floats]]] = [[] for _ in tables]
    for weights in resample(tables[0].shape[0], draws, unit_rng):
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
