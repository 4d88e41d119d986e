"""The CropGlobe directory on disk: open, check, fingerprint, dataset card."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.data.layout import (
    YEAR_FILE,
    DomainSamples,
    read_domain_file,
    write_domain_file,
    year_file_name,
)
from benchmark.data.lock import require_complete
from benchmark.data.taxonomy import check_domain_name
from benchmark.errors import DataError, UsageError, did_you_mean
from benchmark.files import folder_aside, write_text

__all__ = [
    "BANDS",
    "Dataset",
    "DatasetCard",
    "DomainCard",
    "DomainSamples",
    "open_dataset",
    "write_dataset",
]

CARD_FILE: Final = "dataset.json"

BANDS: Final = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
"""Band order of the official files; very likely, not confirmed (paper_facts.md, mark I)."""

Season = Literal["calendar", "aligned", "unknown"]


class DomainCard(BaseModel):
    """What is known of how one domain was made.

    Attributes:
        bands: Names of the bands in the order of the file.
        year: Year of the series, where it is one year.
        processing_level: ``L1C`` (top of atmosphere), ``L2A`` (surface) or ``simulated``.
        cadence_days: Days between the composites or passes that the series was made from.
        gap_filling: How gaps were filled.
        season: ``calendar`` if the first step is the season start as declared, ``aligned`` if a
            southern year was moved by half a year.
        season_start: Calendar day at which the 73 steps begin, ``MM-DD``; of an aligned year too.
        unit: Stored unit, ``reflectance`` or ``digital_number``; ``None`` is detected.
        missing_share: Share of sample-dates without observation before filling.
        missing_by_step: That share for each 5-day step, [73], where it is known.
        source: File or product that the domain was made from.
        label_map: Name of the label map.
        unknown_codes: Codes that the map does not know, with their sample counts.
        dropped: Samples left out when the domain was made, by reason.
        notes: Anything that a reader must know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: tuple[str, ...] = BANDS
    year: int | None = None
    processing_level: Literal["L1C", "L2A", "simulated"] | None = None
    cadence_days: float | None = None
    gap_filling: str | None = None
    season: Season = "unknown"
    season_start: str | None = None
    unit: Literal["reflectance", "digital_number"] | None = None
    missing_share: float | None = None
    missing_by_step: tuple[float, ...] | None = None
    source: str | None = None
    label_map: str | None = None
    unknown_codes: dict[str, int] = {}
    dropped: dict[str, int] = {}
    notes: tuple[str, ...] = ()


class DatasetCard(BaseModel):
    """What `dataset.json` says of a dataset.

    Attributes:
        name: Name of the dataset.
        source: Where it comes from.
        licence: Terms under which it may be used.
        simulated: Whether no satellite saw it.
        generator_version: Version of the simulator that made it.
        seed: Seed that the simulator was given.
        domains: Card of each domain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str = "not stated"
    licence: str = "not stated"
    simulated: bool = False
    generator_version: str | None = None
    seed: int | None = None
    domains: dict[str, DomainCard] = {}


class Dataset:
    """A directory of domains, each read when it is first asked for.

    Args:
        root: Directory.
        card: Its card.
        files: File of each domain.
    """

    def __init__(self, root: Path, card: DatasetCard, files: Mapping[str, Path]) -> None:
        self.root = root
        self.card = card
        self._files = dict(sorted(files.items()))
        self._loaded: dict[str, DomainSamples] = {}
        self._fingerprints: dict[str, str] = {}

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, sorted."""
        return tuple(self._files)

    def domain_card(self, domain: str) -> DomainCard:
        """Return the card of a domain, with nothing stated where there is none."""
        return self.card.domains.get(domain, DomainCard())

    def file(self, domain: str) -> Path:
        """Return the file of a domain.

        Raises:
            UsageError: If the dataset has no such domain.
        """
        if domain not in self._files:
            raise UsageError(
                f"{self.root} has no domain '{domain}': {did_you_mean(domain, self._files)}"
            )
        return self._files[domain]

    def load(self, domain: str) -> DomainSamples:
        """Return the samples of a domain.

        Raises:
            UsageError: If the dataset has no such domain.
            DataError: If its file is not what it must be.
        """
        path = self.file(domain)
        if domain not in self._loaded:
            card = self.domain_card(domain)
            samples = read_domain_file(path, domain, card.unit)
            if samples.series.shape[1] != len(card.bands):
                raise DataError(
                    f"{path} has {samples.series.shape[1]} bands where {len(card.bands)} are "
                    f"declared ({' '.join(card.bands)}): correct the bands in {CARD_FILE}."
                )
            self._loaded[domain] = samples
        return self._loaded[domain]

    def common_bands(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Return the bands that all of the given domains have, in the official order.

        Raises:
            DataError: If there is none.
        """
        cards = {domain: self.domain_card(domain) for domain in domains}
        common = [band for band in BANDS if all(band in card.bands for card in cards.values())]
        if not common:
            raise DataError(f"The domains {', '.join(cards)} of {self.root} share no band.")
        return tuple(common)

    def series(self, domain: str, bands: tuple[str, ...]) -> npt.NDArray[np.float32]:
        """Return the reflectance of some bands of a domain, [N, len(bands), 73]."""
        own = self.domain_card(domain).bands
        series = self.load(domain).series
        return series if own == bands else series[:, [own.index(band) for band in bands]]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every array and every card that can change a score, as 64 hex digits."""
        digest = hashlib.sha256()
        for domain in self.domains:
            digest.update(self.domain_fingerprint(domain).encode())
        return digest.hexdigest()

    def domain_fingerprint(self, domain: str) -> str:
        """Return the SHA-256 of a domain's name, arrays, bands and season as 64 hex digits."""
        if domain not in self._fingerprints:
            self._fingerprints[domain] = domain_fingerprint(
                self.load(domain), self.domain_card(domain)
            )
        return self._fingerprints[domain]


def domain_fingerprint(samples: DomainSamples, card: DomainCard) -> str:
    """Return the SHA-256 of a domain's name, arrays, bands and season as 64 hex digits."""
    digest = hashlib.sha256()
    header = [samples.name, list(card.bands), card.season, list(samples.series.shape)]
    digest.update(json.dumps(header).encode())
    digest.update(np.ascontiguousarray(samples.series).data)
    digest.update(np.ascontiguousarray(samples.labels).data)
    digest.update("\n".join(samples.sample_ids.tolist()).encode())
    if samples.block is not None:
        digest.update(np.ascontiguousarray(samples.block).data)
    return digest.hexdigest()


def open_dataset(root: Path) -> Dataset:
    """Open a directory of the official layout.

    Args:
        root: Directory; files are found anywhere below it.

    Returns:
        The dataset; its files are read when they are asked for.

    Raises:
        DataError: If there is no such directory, a download that did not end, no file of the
            layout, two files for one domain, or a card that cannot be read.
    """
    if not root.is_dir():
        raise DataError(
            f"There is no data directory {root}: name one with CropGlobe files, or 'simulated'."
        )
    require_complete(root)
    files: dict[str, Path] = {}
    for path in _files_below(root):
        match = YEAR_FILE.match(path.name)
        if match is None:
            continue
        domain = match["domain"]
        if domain in files:
            raise DataError(f"{files[domain]} and {path} both hold domain {domain}: keep one.")
        files[domain] = path
    if not files:
        raise DataError(
            f"{root} holds no file named like {year_file_name('FRA')}: is it a CropGlobe directory?"
        )
    return Dataset(root, read_card(root) or DatasetCard(name=root.resolve().name), files)


def _files_below(root: Path) -> list[Path]:
    """Return the whole-year files; hidden folders are what an interrupted writer left behind."""
    return [
        path
        for path in sorted(root.rglob(year_file_name("*")))
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]


def read_card(root: Path) -> DatasetCard | None:
    """Return the card of a directory, or ``None`` if it has none.

    Raises:
        DataError: If the card is damaged or of another form.
    """
    path = root / CARD_FILE
    if not path.exists():
        return None
    try:
        return DatasetCard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(f"{path} is not a dataset card ({reason}): mend or remove it.") from error


def check_room(root: Path, names: Iterable[str], *, simulated: bool) -> DatasetCard | None:
    """Check, before any work is done, that domains may be written into a directory.

    Args:
        root: Directory, which need not exist.
        names: Names of the new domains.
        simulated: Whether they are simulated.

    Returns:
        The card that the directory has already, or ``None``.

    Raises:
        DataError: If a name is invalid or taken, or if real and simulated data would be mixed.
    """
    if root.exists() and not root.is_dir():
        raise DataError(f"{root} is a file: name a directory for the dataset.")
    existing = read_card(root) if root.is_dir() else None
    if existing is not None and existing.simulated != simulated:
        raise DataError(
            f"{root} holds {'simulated' if existing.simulated else 'real'} data: "
            "keep simulated and real domains in separate directories."
        )
    taken = {path.name for path in _files_below(root)} if root.is_dir() else set()
    for name in names:
        if year_file_name(check_domain_name(name)) in taken:
            raise DataError(
                f"{root} has domain {name} already: remove it or name another directory."
            )
    return existing


def _merge(existing: DatasetCard, new: DatasetCard) -> DatasetCard:
    """Return the card of a directory that domains were added to; it keeps its name."""

    def both(old: str, added: str) -> str:
        return "; ".join(dict.fromkeys([*old.split("; "), added]))

    return existing.model_copy(
        update={
            "source": both(existing.source, new.source),
            "licence": both(existing.licence, new.licence),
            "domains": {**existing.domains, **new.domains},
        }
    )


def write_dataset(root: Path, card: DatasetCard, domains: Iterable[DomainSamples]) -> None:
    """Write domains into a directory, one after another, and then its card; all or nothing.

    Args:
        root: Directory, made if needed. Domains it already has stay beside the new ones.
        card: Card with an entry for each new domain.
        domains: Samples of each new domain; may be a generator.

    Raises:
        DataError: If a domain is there already, if an existing card is of another dataset, or if
            the place cannot be written; nothing new is left behind then.
    """
    existing = check_room(root, card.domains, simulated=card.simulated)
    if existing is not None and existing.simulated:
        made_by = (existing.generator_version, existing.seed)
        if made_by != (card.generator_version, card.seed):
            raise DataError(
                f"{root} holds data of generator version and seed {made_by}: "
                "simulate into another directory."
            )
    made = not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        staging = folder_aside(root)
    except OSError as error:
        raise DataError(f"Cannot write to {root}: {error.strerror or error}.") from error
    try:
        names = [_stage(staging, samples) for samples in domains]
        merged = card if existing is None else _merge(existing, card)
        write_text(staging / CARD_FILE, merged.model_dump_json(indent=2) + "\n")
        # The card goes first: killed in between, it names a domain too many, which is harmless,
        # instead of a file standing there with the bands and the season of no card.
        for name in [CARD_FILE, *names]:
            (staging / name).replace(root / name)
    except OSError as error:
        raise DataError(f"Cannot write to {root}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made and not any(root.iterdir()):
            root.rmdir()


def _stage(staging: Path, samples: DomainSamples) -> str:
    name = year_file_name(samples.name)
    write_domain_file(staging / name, samples)
    return name
