"""Series that occur more than once, in one domain or in two."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import Dataset

Keys = npt.NDArray[np.void]


@dataclass(frozen=True)
class Repeats:
    """What is repeated in a dataset.

    Attributes:
        duplicates: Samples of each domain whose series occurs earlier in it.
        conflicts: Different series of each domain that carry more than one label in it.
        shared: Different series that two domains both hold, and how many of them do not carry the
            same label everywhere.
    """

    duplicates: Mapping[str, int]
    conflicts: Mapping[str, int]
    shared: Mapping[tuple[str, str], tuple[int, int]]


def find_repeats(dataset: Dataset) -> Repeats:
    """Compare every series of a dataset with every other.

    Two series are the same if they are equal in every value of equal bands.
    """
    names = dataset.domains
    keys = np.concatenate([dataset.keys(name) for name in names])
    labels = np.concatenate([dataset.load(name).labels for name in names])
    sizes = [len(dataset.load(name)) for name in names]
    domain = np.repeat(np.arange(len(names)), sizes)
    _, group = np.unique(keys, return_inverse=True)
    group = group.reshape(-1)
    places = np.unique(np.stack([group, domain]), axis=1)
    kinds = np.unique(np.stack([group, domain, labels]), axis=1)
    # Of each pair of series and domain: how many labels it carries there.
    several = np.unique(kinds[:2], axis=1, return_counts=True)[1] > 1
    return Repeats(
        duplicates={
            name: size - int(np.count_nonzero(places[1] == number))
            for number, (name, size) in enumerate(zip(names, sizes, strict=True))
        },
        conflicts={
            name: int(np.count_nonzero(several & (places[1] == number)))
            for number, name in enumerate(names)
        },
        shared=dict(_shared(names, places, kinds)),
    )


def _shared(
    names: tuple[str, ...], places: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]
) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    times = np.bincount(places[0])
    kinds = kinds[:, times[kinds[0]] > 1]
    labels_of: dict[int, dict[int, set[int]]] = {}
    for group, domain, label in kinds.T.tolist():
        labels_of.setdefault(group, {}).setdefault(domain, set()).add(label)
    found: dict[tuple[int, int], list[int]] = {}
    for holders in labels_of.values():
        order = sorted(holders)
        for number, first in enumerate(order):
            for second in order[number + 1 :]:
                entry = found.setdefault((first, second), [0, 0])
                entry[0] += 1
                entry[1] += len(holders[first] | holders[second]) > 1
    for first, second in sorted(found):
        series, conflicts = found[first, second]
        yield (names[first], names[second]), (series, conflicts)


def found_elsewhere(dataset: Dataset, source: str) -> npt.NDArray[np.bool_]:
    """Return which samples of a domain have a series that another domain of the dataset holds.

    All other domains count, and not the targets of one run alone, so that what is learned from a
    source does not depend on the targets that are asked for.

    Args:
        dataset: The dataset.
        source: The domain.

    Returns:
        Whether each sample [N] is found elsewhere.
    """
    keys = dataset.keys(source)
    found = np.zeros(len(keys), dtype=np.bool_)
    for name in dataset.domains:
        if name != source:
            found |= _is_in(keys, dataset.keys(name))
    return found


def count_shared(dataset: Dataset, source: str, target: str) -> int:
    """Return how many samples of a source have a series that the target holds."""
    return int(np.count_nonzero(_is_in(dataset.keys(source), dataset.keys(target))))


def _is_in(keys: Keys, others: Keys) -> npt.NDArray[np.bool_]:
    ordered = np.unique(others)
    place = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.asarray(ordered[place] == keys)
