"""The CropGlobe directory on disk: open, check, fingerprint, dataset card."""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset_card import (
    BANDS,
    CARD_FILE,
    NOT_STATED,
    DatasetCard,
    DomainCard,
    read_card,
)
from benchmark.data.official.conversion import declared_of, is_large, open_converted
from benchmark.data.official.domain_facts import (
    DomainFacts,
    compute_facts,
    domain_fingerprint,
    series_keys,
)
from benchmark.data.official.domain_file import (
    DomainSamples,
    read_domain_file,
    write_domain_file,
    year_file_name,
)
from benchmark.data.official.domain_rules import FileRule, find_domains, read_rules
from benchmark.data.official.download_lock import downloaded_from, require_complete
from benchmark.data.official.outline import DomainOutline, common_fingerprint, domain_outline
from benchmark.data.official.stored_numbers import DOMAINS_FILE
from benchmark.data.taxonomy import check_domain_name
from benchmark.errors import DataError, UsageError, did_you_mean
from benchmark.files import folder_aside, one_writer, write_text

__all__ = [
    "BANDS",
    "CARD_FILE",
    "Dataset",
    "DatasetCard",
    "DomainCard",
    "DomainSamples",
    "open_dataset",
    "write_dataset",
]

Progress = Callable[[str, int, int], None]


class Dataset:
    """A directory of domains, each read when it is first asked for.

    Args:
        root: Directory.
        card: Its card.
        files: File of each domain.
        archives: Every `.npz` file below the directory.
    """

    def __init__(
        self,
        root: Path,
        card: DatasetCard,
        files: Mapping[str, Path],
        archives: Iterable[Path] = (),
    ) -> None:
        self.root = root
        self.card = card
        self.archives = tuple(archives)
        self._files = dict(sorted(files.items()))
        self._loaded: dict[str, DomainSamples] = {}
        self._facts: dict[str, DomainFacts] = {}
        self._fingerprints: dict[str, str] = {}
        self._keys: dict[str, npt.NDArray[np.void]] = {}

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

    def load(self, domain: str, progress: Progress | None = None) -> DomainSamples:
        """Return the samples of a domain; those of a large file are mapped into memory.

        Args:
            domain: The domain.
            progress: Called with the domain, the samples done and the samples in all while a
                large file is converted.

        Raises:
            UsageError: If the dataset has no such domain.
            DataError: If its file is not what it must be.
        """
        path = self.file(domain)
        if domain not in self._loaded:
            card = self.domain_card(domain)
            converted = open_converted(path, domain, card, progress) if is_large(path) else None
            if converted is not None:
                samples, self._facts[domain] = converted
                self._fingerprints[domain] = self._facts[domain].fingerprint
            else:
                samples = read_domain_file(path, domain, declared_of(card))
            if samples.series.shape[1] != len(card.bands):
                raise DataError(
                    f"{path} has {samples.series.shape[1]} bands where {len(card.bands)} are "
                    f"declared ({' '.join(card.bands)}): correct the bands in {CARD_FILE}, or name "
                    f"them under `bands:` in {DOMAINS_FILE}."
                )
            self._loaded[domain] = samples
        return self._loaded[domain]

    def facts(self, domain: str) -> DomainFacts:
        """Return what is computed of a domain, from its converted file where there is one."""
        samples = self.load(domain)
        if domain not in self._facts:
            card, fingerprint = self.domain_card(domain), self.domain_fingerprint(domain)
            self._facts[domain] = compute_facts(samples, card, fingerprint)
        return self._facts[domain]

    def keys(self, domain: str) -> npt.NDArray[np.void]:
        """Return a digest of each series of a domain [N]: the same for repeats, in any domain."""
        samples = self.load(domain)
        if samples.keys is not None:
            return samples.keys
        if domain not in self._keys:
            self._keys[domain] = series_keys(samples.series, self.domain_card(domain).bands)
        return self._keys[domain]

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
        """`own_fingerprint`, or the one that stands for it where data differ by rounding alone."""
        return common_fingerprint(self.own_fingerprint, self.domains, self.outline)

    @cached_property
    def own_fingerprint(self) -> str:
        """SHA-256 over every array and every card that can change a score, as 64 hex digits."""
        digest = hashlib.sha256()
        for domain in self.domains:
            digest.update(self.domain_fingerprint(domain).encode())
        return digest.hexdigest()

    def domain_fingerprint(self, domain: str) -> str:
        """Return the SHA-256 of a domain's name, arrays, bands and season as 64 hex digits."""
        samples = self.load(domain)
        if domain not in self._fingerprints:
            self._fingerprints[domain] = domain_fingerprint(samples, self.domain_card(domain))
        return self._fingerprints[domain]

    def outline(self, domain: str) -> DomainOutline:
        """Return what a processor's rounding leaves of a domain."""
        return domain_outline(self.load(domain), self.domain_card(domain))


def open_dataset(root: Path) -> Dataset:
    """Open a directory of the official layout.

    Args:
        root: Directory; files are found anywhere below it. What their names do not say stands in
            its ``domains.yaml``.

    Returns:
        The dataset; its files are read when they are asked for.

    Raises:
        DataError: If there is no such directory, a download that did not end, no file of the
            layout, two files for one domain, or a card or rules that cannot be read.
    """
    if not root.is_dir():
        raise DataError(
            f"There is no data directory {root}: name one with CropGlobe files, or 'simulated'."
        )
    require_complete(root)
    archives = archives_below(root)
    files, rules = find_domains(root, archives, read_rules(root))
    if not files:
        raise DataError(
            f"{root} holds no file named like {year_file_name('FRA')}: is it a CropGlobe "
            f"directory? Files of other names are described in {DOMAINS_FILE}."
        )
    card = read_card(root) or DatasetCard(
        name=root.resolve().name, source=downloaded_from(root) or NOT_STATED
    )
    return Dataset(root, _with_rules(card, rules), files, archives)


def archives_below(root: Path) -> tuple[Path, ...]:
    """Return every archive in a directory; hidden folders are what interrupted writers left.

    Args:
        root: The directory.
    """
    return tuple(
        path
        for path in sorted(root.rglob("*.npz"))
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    )


def _with_rules(card: DatasetCard, rules: Mapping[str, FileRule]) -> DatasetCard:
    """Return a card with what the user says of its domains in the place of what it says."""
    said = {
        domain: rule.complete(card.domains.get(domain, DomainCard()))
        for domain, rule in rules.items()
    }
    return card.model_copy(update={"domains": {**card.domains, **said}}) if said else card


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
    taken = {path.name for path in archives_below(root)} if root.is_dir() else set()
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


def _existing_card(root: Path, new: DatasetCard) -> DatasetCard | None:
    """Return the card of a directory that domains may be added to, or ``None`` if it has none."""
    existing = check_room(root, new.domains, simulated=new.simulated)
    if existing is not None and existing.simulated:
        made_by = (existing.generator_version, existing.seed)
        if made_by != (new.generator_version, new.seed):
            raise DataError(
                f"{root} holds data of generator version and seed {made_by}: "
                "simulate into another directory."
            )
    return existing


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
    _existing_card(root, card)
    made = not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        staging = folder_aside(root)
    except OSError as error:
        raise DataError(f"Cannot write to {root}: {error.strerror or error}.") from error
    try:
        names = [_stage(staging, samples) for samples in domains]
        with one_writer(root):
            # Another process may have added domains since the directory was looked at.
            existing = _existing_card(root, card)
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
