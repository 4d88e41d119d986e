"""The bootstrap of scores over seeds and spatial blocks.

All inputs are arrays: this module does not use rows, stores or methods.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from leaderboard.statistics.confusion_scores import METRICS, Floats
from leaderboard.statistics.intervals import Draws

Integers = npt.NDArray[np.int64]

DRAWS: Final = 1000
"""Number of resamples for an interval, enough for the second digit of a 95 % limit (Efron &
Tibshirani 1993, An Introduction to the Bootstrap, section 19.3)."""

_CHUNK: Final = 4_000_000
"""Number of weights in memory at once, 16 MB."""


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
