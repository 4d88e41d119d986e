"""A dataset by its path, or the embedded default by the word ``simulated``."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmark.data.cache import cache_directory, remove_abandoned
from benchmark.data.class_counts import check_counts
from benchmark.data.dataset import Dataset, open_dataset
from benchmark.errors import DataError
from benchmark.files import folder_aside, user_path

if TYPE_CHECKING:
    from benchmark.data.simulate.observation import Product

__all__ = ["SIMULATED", "cache_directory", "open_source", "simulated_directory"]

SIMULATED: Final = "simulated"
"""The word that stands for the embedded default wherever a data directory is expected."""

DEFAULT_SAMPLES_PER_DOMAIN: Final = 8_000
"""Samples of each domain of the embedded default: without the held-out fifth they are half as many
again as the protocol `standard` draws for a seed, so that seeds draw different ones; few enough
that it is simulated in ten seconds and takes 108 MB in the cache."""

DEFAULT_SEED: Final = 2023
"""Seed of the embedded default; the paper's year, of no other meaning."""

DEFAULT_DOMAINS: Final = ("ARG", "AUS", "BEL", "CHN", "FRA", "GBR", "NLD", "USA", "USA-2017")
"""The eight countries and the earlier year of the time transfer."""

SIMULATING: Final = ".simulating-"

Progress = Callable[[str, int, int], None]


def open_source(text: str, progress: Progress | None = None, *, accept: bool = False) -> Dataset:
    """Open what a user named as data.

    Large files are converted now, and the counts of an official directory are compared with those
    of its first use.

    Args:
        text: ``simulated`` for the embedded default, which is simulated once and kept in the cache
            directory, or the path of a directory.
        progress: Called with the domain, the samples done and the samples in all while simulating
            or converting.
        accept: Whether to accept samples that have changed since the first use.

    Returns:
        The dataset.

    Raises:
        DataError: If there is no such directory, its samples have changed, or the cache cannot be
            written.
    """
    if text == SIMULATED:
        return open_dataset(simulated_directory(progress))
    dataset = open_dataset(user_path(text))
    for domain in dataset.domains:
        dataset.load(domain, progress)
    check_counts(dataset, accept=accept)
    return dataset


def simulated_directory(progress: Progress | None = None) -> Path:
    """Return the folder of the embedded default, simulated now if it is not there.

    Args:
        progress: Called with the domain, the samples done and the samples in all.

    Raises:
        DataError: If the cache cannot be written.
    """
    return simulated_copy(
        samples_per_domain=DEFAULT_SAMPLES_PER_DOMAIN,
        seed=DEFAULT_SEED,
        domains=DEFAULT_DOMAINS,
        progress=progress,
    )


def simulated_copy(
    *,
    samples_per_domain: int,
    seed: int,
    domains: Sequence[str] | None = None,
    product: "Product | None" = None,
    progress: Progress | None = None,
) -> Path:
    """Return a folder of simulated data in the cache, simulated now if it is not there.

    The folder's name holds the generator's version, the samples per domain, the seed and, for other
    domains or another product than those of the embedded default, a hash of them. It is
    written under another name and renamed when it is whole. So a killed process leaves nothing
    half-written, and two processes at the same time end with one whole folder.

    Args:
        samples_per_domain: Samples of each domain.
        seed: Seed of the simulation.
        domains: Names of the domains; all simulated ones if ``None``.
        product: Level, cadence and bands; those of the embedded default if ``None``.
        progress: Called with the domain, the samples done and the samples in all.

    Raises:
        UsageError: If a domain is unknown.
        DataError: If the cache cannot be written.
    """
    from benchmark.data.simulate.world import GENERATOR_VERSION, simulate_dataset

    names = None if domains is None else tuple(dict.fromkeys(domains))
    cache = cache_directory()
    name = f"simulated-{GENERATOR_VERSION}-{samples_per_domain}-{seed}"
    if names != DEFAULT_DOMAINS:
        name += "-" + hashlib.sha256(" ".join(names or ("all",)).encode()).hexdigest()[:8]
    if product is not None:
        name += "-" + hashlib.sha256(repr(product).encode()).hexdigest()[:8]
    final = cache / name
    if final.is_dir():
        return final
    try:
        cache.mkdir(parents=True, exist_ok=True)
        remove_abandoned(cache, SIMULATING)
        staging = folder_aside(cache, SIMULATING)
    except OSError as error:
        raise DataError(
            f"Cannot write to the cache {cache} ({error.strerror or error}): name another with "
            "CROPGLOBE_CACHE."
        ) from error
    try:
        simulate_dataset(
            staging / name,
            samples_per_domain=samples_per_domain,
            seed=seed,
            domains=names,
            product=product,
            progress=progress,
        )
        _put_in_place(staging / name, final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return final


def _put_in_place(made: Path, final: Path) -> None:
    try:
        made.rename(final)
    except OSError as error:
        if not final.is_dir():
            raise DataError(f"Cannot write {final}: {error.strerror or error}.") from error
        # Another process was first; its folder has the same content.
