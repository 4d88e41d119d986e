"""What a dataset holds: the facts that a reader needs before believing a score on it."""

from pydantic import BaseModel, ConfigDict

from benchmark.data.calendar_detection import SeasonFinding, find_season
from benchmark.data.dataset import Dataset
from benchmark.data.dataset_card import DomainCard
from benchmark.data.embeddings import embeddings
from benchmark.data.inspect.harmonic_files import compare_harmonics
from benchmark.data.inspect.representation_files import disagreements
from benchmark.data.official.domain_rules import unread_files
from benchmark.data.official.stored_numbers import Reading
from benchmark.data.repeated_series import Repeats, find_repeats
from benchmark.data.season_coverage import coverage_warnings
from benchmark.data.taxonomy import CROPS


class DomainInspection(BaseModel):
    """What one domain holds.

    Attributes:
        name: Name of the domain.
        file: Its file.
        samples: Number of samples.
        classes: Samples of each class that it has.
        bands: Its bands.
        bands_assumed: Whether nothing says the bands, so that the official order is assumed.
        reading: How the numbers of the file were read, told from them or declared.
        lowest: Lowest reflectance after loading, in [0, 1].
        highest: Highest reflectance after loading, in [0, 1].
        duplicates: Samples whose series occurs earlier in the domain.
        label_conflicts: Different series that carry more than one label in the domain.
        constant_series: Samples whose every band stays the same all year: nothing was observed.
        dark_share: Share of the dates at which a sample is zero in every band.
        blocks: Number of spatial blocks, ``None`` where the file has none.
        years: Years of the labels, empty where the file has none.
        fingerprint: SHA-256 of the domain, 64 hex digits.
        season: What the series say of its calendar.
        unseen_season: A sentence where too little of the season window was observed.
        card: What its card says of how it was made.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    samples: int
    classes: dict[str, int]
    bands: tuple[str, ...]
    bands_assumed: bool
    reading: Reading | None
    lowest: float
    highest: float
    duplicates: int
    label_conflicts: int
    constant_series: int
    dark_share: float
    blocks: int | None
    years: tuple[int, ...]
    fingerprint: str
    season: SeasonFinding
    unseen_season: str | None = None
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
        disagreements: Files of other representations that do not hold the samples of the series.
        harmonics: What each official harmonic file has in common with what is computed here.
        unread: Archives below the directory that nothing knows what to do with.
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
    disagreements: tuple[str, ...] = ()
    harmonics: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Samples of all domains."""
        return sum(domain.samples for domain in self.domains)


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
    repeats = find_repeats(dataset)
    read = [dataset.file(domain) for domain in dataset.domains]
    stems = [kind.stem for kind in embeddings().values()]
    return Inspection(
        root=str(dataset.root),
        name=dataset.card.name,
        source=dataset.card.source,
        licence=dataset.card.licence,
        simulated=dataset.card.simulated,
        fingerprint=dataset.fingerprint,
        domains=tuple(_inspect_domain(dataset, name, repeats) for name in dataset.domains),
        shared=tuple(
            SharedSeries(domains=pair, series=series, label_conflicts=conflicts)
            for pair, (series, conflicts) in repeats.shared.items()
        ),
        disagreements=disagreements(dataset),
        harmonics=compare_harmonics(dataset),
        unread=unread_files(dataset.root, dataset.archives, read, stems),
    )


def _inspect_domain(dataset: Dataset, name: str, repeats: Repeats) -> DomainInspection:
    card, facts = dataset.domain_card(name), dataset.facts(name)
    return DomainInspection(
        name=name,
        file=str(dataset.file(name)),
        samples=facts.samples,
        classes={crop: n for crop, n in zip(CROPS, facts.counts, strict=True) if n},
        bands=card.bands,
        bands_assumed=name not in dataset.card.domains,
        reading=facts.reading,
        lowest=facts.lowest,
        highest=facts.highest,
        duplicates=repeats.duplicates[name],
        label_conflicts=repeats.conflicts[name],
        constant_series=facts.constant_series,
        dark_share=facts.dark_share,
        blocks=facts.blocks,
        years=facts.years,
        fingerprint=dataset.domain_fingerprint(name),
        season=find_season(dataset, name),
        unseen_season=next(iter(coverage_warnings(dataset, (name,))), None),
        card=card,
    )
