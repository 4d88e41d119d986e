"""What a dataset holds: the facts that a reader needs before believing a score on it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset import Dataset, DomainCard, DomainSamples
from benchmark.data.taxonomy import CROPS


class DomainInspection(BaseModel):
    """What one domain holds.

    Attributes:
        name: Name of the domain.
        file: Its file.
        samples: Number of samples.
        classes: Samples of each class that it has.
        bands: Its bands.
        stored_unit: Unit of the file, declared or detected.
        lowest: Lowest reflectance after loading, in [0, 1].
        highest: Highest reflectance after loading, in [0, 1].
        duplicates: Samples whose series occurs earlier in the domain.
        label_conflicts: Different series that carry more than one label in the domain.
        constant_series: Samples whose every band stays the same all year: nothing was observed.
        blocks: Number of spatial blocks, ``None`` where the file has none.
        years: Years of the labels, empty where the file has none.
        fingerprint: SHA-256 of the domain, 64 hex digits.
        card: What its card says of how it was made.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    samples: int
    classes: dict[str, int]
    bands: tuple[str, ...]
    stored_unit: str | None
    lowest: float
    highest: float
    duplicates: int
    label_conflicts: int
    constant_series: int
    blocks: int | None
    years: tuple[int, ...]
    fingerprint: str
    card: DomainCard


class SharedSeries(BaseModel):
    """Series that two domains both hold.

    Attributes:
        domains: The two domains.
        series: Number of different series that occur in both.
        label_conflicts: How many of them do not carry the same label everywhere.
    """

    model_config = ConfigDict(frozen=True)

    domains: tuple[str, str]
    series: int
    label_conflicts: int


class Inspection(BaseModel):
    """What a dataset holds.

    Attributes:
        root: Its directory.
        name: Name on its card.
        source: Source on its card.
        licence: Licence on its card.
        simulated: Whether no satellite saw it.
        fingerprint: SHA-256 of the dataset, 64 hex digits.
        domains: Its domains, by name.
        shared: Pairs of domains that share series; a score on such a target is no transfer.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    name: str
    source: str
    licence: str
    simulated: bool
    fingerprint: str
    domains: tuple[DomainInspection, ...]
    shared: tuple[SharedSeries, ...]

    @property
    def samples(self) -> int:
        """Samples of all domains."""
        return sum(domain.samples for domain in self.domains)


@dataclass
class _Occurrences:
    """Where one series occurs and with which labels."""

    labels: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def inspect_dataset(dataset: Dataset) -> Inspection:
    """Read every domain of a dataset and describe it.

    Two series are the same if they are equal in every value of equal bands.

    Args:
        dataset: The dataset.

    Returns:
        What it holds.

    Raises:
        DataError: If a file is not what it must be.
    """
    seen: dict[bytes, _Occurrences] = defaultdict(_Occurrences)
    for name in dataset.domains:
        samples = dataset.load(name)
        for key, label in zip(_keys(dataset, samples), samples.labels.tolist(), strict=True):
            seen[key].labels[name].add(label)
            seen[key].count[name] += 1
    repeated = [entry for entry in seen.values() if sum(entry.count.values()) > 1]
    return Inspection(
        root=str(dataset.root),
        name=dataset.card.name,
        source=dataset.card.source,
        licence=dataset.card.licence,
        simulated=dataset.card.simulated,
        fingerprint=dataset.fingerprint,
        domains=tuple(_inspect_domain(dataset, name, repeated) for name in dataset.domains),
        shared=tuple(_shared(repeated)),
    )


def _keys(dataset: Dataset, samples: DomainSamples) -> Iterator[bytes]:
    """Return a digest of each series and the names of its bands."""
    prefix = " ".join(dataset.domain_card(samples.name).bands).encode()
    for series in np.ascontiguousarray(samples.series):
        yield hashlib.blake2b(prefix + series.tobytes(), digest_size=16).digest()


def _inspect_domain(dataset: Dataset, name: str, repeated: list[_Occurrences]) -> DomainInspection:
    samples, card = dataset.load(name), dataset.domain_card(name)
    counts = np.bincount(samples.labels, minlength=len(CROPS))
    here = [entry for entry in repeated if name in entry.count]
    still = np.ptp(samples.series, axis=-1).max(axis=-1) == 0
    years = () if samples.year is None else tuple(np.unique(samples.year).tolist())
    return DomainInspection(
        name=name,
        file=str(dataset.file(name)),
        samples=len(samples),
        classes={crop: int(n) for crop, n in zip(CROPS, counts, strict=True) if n},
        bands=card.bands,
        stored_unit=samples.stored_unit,
        lowest=float(samples.series.min()),
        highest=float(samples.series.max()),
        duplicates=sum(entry.count[name] - 1 for entry in here),
        label_conflicts=sum(len(entry.labels[name]) > 1 for entry in here),
        constant_series=int(np.count_nonzero(still)),
        blocks=None if samples.block is None else len(np.unique(samples.block)),
        years=years,
        fingerprint=dataset.domain_fingerprint(name),
        card=card,
    )


def _shared(repeated: list[_Occurrences]) -> Iterator[SharedSeries]:
    series: dict[tuple[str, str], int] = defaultdict(int)
    conflicts: dict[tuple[str, str], int] = defaultdict(int)
    for entry in repeated:
        names = sorted(entry.count)
        for index, first in enumerate(names):
            for second in names[index + 1 :]:
                series[first, second] += 1
                conflicts[first, second] += len(entry.labels[first] | entry.labels[second]) > 1
    for pair in sorted(series):
        yield SharedSeries(domains=pair, series=series[pair], label_conflicts=conflicts[pair])
