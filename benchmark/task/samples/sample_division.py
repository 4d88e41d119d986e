"""Draw samples under a cap, and divide them by class and by whole spatial blocks."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.randomness import generator
from benchmark.task.protocol import Protocol

Rows = npt.NDArray[np.int64]
"""Row numbers of samples."""

BLOCK_DRAWS: Final = 64
"""Largest number of random divisions of whole blocks that are tried."""

EVEN_ENOUGH: Final = 0.5
"""Unevenness at which a division is accepted: the sum over classes of the difference between the
samples of the small part and their share, divided by the size of the small part."""


def can_split(labels: npt.NDArray[np.int64], blocks: Rows, protocol: Protocol) -> bool:
    """Return whether each class is in enough blocks to have one in every part.

    Args:
        labels: Class index of each sample [N].
        blocks: Spatial block of each sample [N].
        protocol: The protocol, which decides whether there are two or three parts.
    """
    parts = 3 if protocol.held_out_fraction > 0 else 2
    return all(len(np.unique(blocks[labels == c])) >= parts for c in np.unique(labels))


def divide(
    rows: Rows, samples: DomainSamples, blocks: Rows | None, fraction: float, seed: int
) -> tuple[Rows, Rows]:
    """Divide rows into a large and a small part by class, and by whole blocks if there are any.

    Args:
        rows: Rows to divide.
        samples: Samples of the domain.
        blocks: Spatial block of every sample of the domain; ``None`` divides by class alone.
        fraction: Share of the small part.
        seed: Seed of the division.

    Returns:
        The large and the small part.

    Raises:
        DataError: If there are too few samples to divide.
    """
    labels = samples.labels[rows]
    state = seed % 2**32
    if blocks is not None:
        large, small = _divide_blocks(labels, blocks[rows], fraction, state)
        return rows[large], rows[small]
    single = np.bincount(labels, minlength=len(CROPS))[labels] < 2
    crops, several = len(np.unique(labels[~single])), int((~single).sum())
    few = math.ceil(fraction * several)
    present = len(np.unique(labels))
    if len(rows) < 2 * present or min(few, several - few) < max(crops, 1):
        raise DataError(
            f"Source {samples.name} has {len(rows)} samples of {present} crops left: "
            f"too few to divide by class with {fraction:.0%} in one part; collect more, or raise "
            "minimum_class_samples or that fraction in the protocol."
        )
    splitter = StratifiedShuffleSplit(1, test_size=fraction, random_state=state)
    large, small = next(splitter.split(rows[~single], labels[~single]))
    return np.sort(np.concatenate([rows[~single][large], rows[single]])), rows[~single][small]


def divide_plainly(
    rows: Rows, samples: DomainSamples, fraction: float, seed: int
) -> tuple[Rows, Rows]:
    """Divide rows at random without regard to class, as the released code does for most methods.

    The size of the small part is rounded down. A rare class may be missing in either part.

    Args:
        rows: Rows to divide.
        samples: Samples of the domain.
        fraction: Share of the small part.
        seed: Seed of the division.

    Returns:
        The large and the small part.

    Raises:
        DataError: If there are too few samples to divide.
    """
    few = int(fraction * len(rows))
    if few < 1:
        raise DataError(
            f"Source {samples.name} has {len(rows)} samples left: too few to keep {fraction:.0%} "
            "of them for validation; collect more."
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    return np.sort(rows[order[few:]]), np.sort(rows[order[:few]])


def _divide_blocks(
    labels: npt.NDArray[np.int64], blocks: Rows, fraction: float, state: int
) -> tuple[Rows, Rows]:
    """Divide whole blocks at random, so that classes keep their shares as well as possible.

    Up to `BLOCK_DRAWS` divisions are tried. The first one that is even enough is used, or the most
    even one. Stratified group folds are not used: they order blocks by class counts, so that the
    seed decides ties only and every seed gets the same parts.
    """
    most = len(np.unique(blocks)) - 1
    few = fraction if math.ceil(fraction * (most + 1)) <= most else most
    splitter = GroupShuffleSplit(BLOCK_DRAWS, test_size=few, random_state=state)
    counts = np.bincount(labels, minlength=len(CROPS))
    present = counts > 0

    def unevenness(small: Rows) -> float:
        held = np.bincount(labels[small], minlength=len(CROPS))
        lost = np.count_nonzero(held[present] == counts[present]) * len(CROPS)
        lost += np.count_nonzero(held[present] == 0)
        return float(lost + np.abs(held - fraction * counts).sum() / (fraction * counts.sum()))

    best: tuple[float, tuple[Rows, Rows]] | None = None
    for large, small in splitter.split(labels, groups=blocks):
        uneven = unevenness(small)
        if best is None or uneven < best[0]:
            best = (uneven, (large, small))
        if uneven <= EVEN_ENOUGH:
            break
    assert best is not None
    return best[1]


def cap(
    rows: Rows,
    samples: DomainSamples,
    protocol: Protocol,
    most: int | None,
    purpose: str,
    seed: int,
) -> Rows:
    """Draw at most `most` rows. Classes keep their shares, but none gets fewer than the minimum.

    Args:
        rows: Rows to draw from.
        samples: Samples of the domain.
        protocol: The protocol, which has the minimum.
        most: Largest number of rows; ``None`` keeps all.
        purpose: Use of the rows, such as ``source``, for messages and to derive the random numbers.
        seed: Seed of the draw.

    Returns:
        Row numbers, ascending.

    Raises:
        DataError: If the cap is too small for the minimum of each class.
    """
    if most is None or len(rows) <= most:
        return rows
    labels = samples.labels[rows]
    counts = np.bincount(labels, minlength=len(CROPS))
    floor = np.minimum(counts, protocol.minimum_class_samples)
    if floor.sum() > most:
        raise DataError(
            f"{purpose.capitalize()} {samples.name} is capped at {most} samples, which cannot hold "
            f"its {np.count_nonzero(counts)} classes with at least "
            f"{protocol.minimum_class_samples} samples each: raise the cap in protocol "
            f"{protocol.name}."
        )
    exact = np.maximum(counts * (most / len(rows)), floor)
    above = exact - floor
    spare = max(most - int(floor.sum()), 0)
    exact = floor + above * min(spare / max(float(above.sum()), 1e-9), 1.0)
    quota = np.minimum(np.floor(exact + 1e-9).astype(np.int64), counts)
    for index in np.argsort(-(exact - quota), kind="stable"):
        if quota.sum() >= most:
            break
        quota[index] += int(quota[index] < counts[index])
    random = generator(seed, "cap", purpose, samples.name)
    order = random.permutation(len(rows))
    kept = [order[labels[order] == index][: quota[index]] for index in np.flatnonzero(quota)]
    return np.sort(rows[np.concatenate(kept)])
