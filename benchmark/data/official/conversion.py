"""Large files, converted once into the cache and mapped into memory from then on.

A file is known by its path, length and time of change, and by what its card says of how to read it;
checking, fingerprint and digests are done while it is converted and kept beside the arrays.
"""

import hashlib
import json
import logging
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from benchmark.data.cache import cache_directory, remove_abandoned
from benchmark.data.dataset_card import DomainCard
from benchmark.data.official.domain_facts import DomainFacts, compute_facts, series_keys
from benchmark.data.official.domain_file import (
    OPTIONAL_ARRAYS,
    DomainSamples,
    describe_samples,
    read_arrays,
    require_arrays,
)
from benchmark.data.official.stored_numbers import Array, Declared, conclude, parts, to_reflectance
from benchmark.data.season import FloatArray
from benchmark.errors import DataError
from benchmark.files import folder_aside, write_text

logger = logging.getLogger(__name__)

CONVERSION_VERSION: Final = "3"
"""Raised when what is written here, or how files are read, changes."""

LARGE: Final = 32 * 2**20
"""Bytes of the unpacked arrays from which on a file is converted: below, reading it again takes
less than half a second, and above, memory and workers that share it begin to matter."""

CONVERTING: Final = ".converting-"
FACTS_FILE: Final = "facts.json"

Progress = Callable[[str, int, int], None]


def is_large(path: Path) -> bool:
    """Return whether a file is converted; tells it from the archive's table of contents."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist()) >= LARGE
    except (OSError, zipfile.BadZipFile):
        return False  # who reads it says what is wrong


def declared_of(card: DomainCard) -> Declared:
    """Return what a card says of how to read a file."""
    return Declared(
        unit=card.unit, orientation=card.orientation, offset=card.offset, missing=card.missing
    )


def open_converted(
    path: Path, domain: str, card: DomainCard, progress: Progress | None = None
) -> tuple[DomainSamples, DomainFacts] | None:
    """Return a domain from its converted file, converted now if it was not yet.

    Args:
        path: The file; it must be large.
        domain: Name of the domain.
        card: Its card.
        progress: Called with the domain, the samples done and the samples in all.

    Returns:
        The samples, mapped into memory, and what was computed of them; ``None`` where the cache
        cannot be written, so that the file has to be read.

    Raises:
        DataError: If the file is not what it must be.
    """
    try:
        place, folder, name = _place(path, domain, card)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = _open(place, domain)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder, CONVERTING)
        aside = folder_aside(folder, CONVERTING)
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): large files are read each time", folder, str(error)
        )
        return None
    try:
        _convert(path, domain, card, aside, progress)
        _put_in_place(aside, place, name, domain)
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): large files are read each time", folder, str(error)
        )
        return None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _open(place, domain)


def _place(path: Path, domain: str, card: DomainCard) -> tuple[Path, Path, str]:
    """Return where a file's conversion lies, the folder of all, and the prefix of this path's."""
    real = path.resolve()
    state = real.stat()
    said = [declared_of(card).model_dump(), list(card.bands), card.season, domain]
    identity = json.dumps([CONVERSION_VERSION, state.st_size, state.st_mtime_ns, said])
    name = hashlib.sha256(f"{real} {domain}".encode()).hexdigest()[:16]
    folder = cache_directory() / "converted"
    return folder / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}", folder, name


def _open(place: Path, domain: str) -> tuple[DomainSamples, DomainFacts] | None:
    try:
        facts = DomainFacts.model_validate_json((place / FACTS_FILE).read_bytes())
        optional = {
            name: _mapped(place, name) if (place / f"{name}.npy").exists() else None
            for name in OPTIONAL_ARRAYS[1:]
        }
        samples = DomainSamples(
            name=domain,
            series=_mapped(place, "series"),
            labels=_mapped(place, "labels"),
            sample_ids=_mapped(place, "sample_ids"),
            longitude=optional["lon"],
            latitude=optional["lat"],
            block=optional["block"],
            year=optional["year"],
            reading=facts.reading,
            keys=_mapped(place, "keys"),
        )
    except (OSError, ValueError, EOFError, ValidationError):
        return None  # not there, or damaged: it is made again
    return samples, facts


def _mapped(place: Path, name: str) -> Array:
    # Copy on write: pages are shared between processes, and no one can change the file.
    mapped = np.load(place / f"{name}.npy", mmap_mode="c", allow_pickle=False)
    return np.asarray(mapped)


def _convert(
    path: Path, domain: str, card: DomainCard, aside: Path, progress: Progress | None
) -> None:
    features = _unpack(path, aside / "fea.npy")
    arrays = read_arrays(path, but="fea")
    reading = conclude(path, features, declared_of(card))
    place = aside / "series.npy"
    with place.open("wb") as handle:
        # Written and not mapped: a full disk is an error here, and the end of the process there.
        shape = (len(features), reading.bands, reading.steps)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        for rows in parts(len(features)):
            values = to_reflectance(features[rows], reading).astype("<f4", copy=False)
            handle.write(values.data)
            if progress is not None:
                progress(domain, rows.stop, len(features))
    series: FloatArray = np.load(place, mmap_mode="r", allow_pickle=False)
    del features
    (aside / "fea.npy").unlink()
    samples = describe_samples(path, domain, arrays, series, reading)
    written = {
        "labels": samples.labels,
        "sample_ids": samples.sample_ids,
        "lon": samples.longitude,
        "lat": samples.latitude,
        "block": samples.block,
        "year": samples.year,
        "keys": series_keys(series, card.bands),
    }
    for name, array in written.items():
        if array is not None:
            np.save(aside / f"{name}.npy", array, allow_pickle=False)
    # Last, and so the sign that everything before it is there.
    write_text(aside / FACTS_FILE, compute_facts(samples, card).model_dump_json())


def _unpack(path: Path, place: Path) -> Array:
    """Unpack the series of an archive without having them in memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            require_arrays(path, [name.removesuffix(".npy") for name in archive.namelist()])
            with archive.open("fea.npy") as packed, place.open("wb") as handle:
                shutil.copyfileobj(packed, handle, 1 << 20)
        features: Array = np.load(place, mmap_mode="r", allow_pickle=False)
    except (EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DataError(
            f"{path} is unreadable or truncated ({type(error).__name__}): fetch or write it again."
        ) from error
    except ValueError as error:
        raise DataError(
            f"{path} holds no plain number array under fea ({error}): save plain number arrays."
        ) from error
    return features


def _put_in_place(aside: Path, place: Path, name: str, domain: str) -> None:
    """Give a conversion its name, and remove those of earlier states of the same file."""
    try:
        aside.rename(place)
    except OSError:
        if _open(place, domain) is None:  # what stands there is damaged
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
        # Else another process was first; its conversion has the same content.
    for older in place.parent.glob(f"{name}-*"):
        if older != place:
            shutil.rmtree(older, ignore_errors=True)
