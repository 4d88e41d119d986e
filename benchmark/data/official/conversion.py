"""Large files: converted once into the cache, then mapped into memory.

A conversion belongs to the path, length and modification time of a file and to what its card
declares about reading it. Checks, fingerprint and digests are made during the conversion and stored
beside the arrays.
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
"""Version of the conversion. Raise it when the written files, or the way of reading, change."""

LARGE: Final = 32 * 2**20
"""Bytes of the unpacked arrays from which a file is converted. A smaller file is read again in less
than half a second; a larger one takes much memory, which mapping shares between workers."""

CONVERTING: Final = ".converting-"
FACTS_FILE: Final = "facts.json"

Progress = Callable[[str, int, int], None]


def is_large(path: Path) -> bool:
    """Return whether a file is large enough to be converted, by the archive's table of contents."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist()) >= LARGE
    except (OSError, zipfile.BadZipFile):
        return False  # the function that reads the file raises the error


def declared_of(card: DomainCard) -> Declared:
    """Return the declarations of a card about how to read its file."""
    return Declared(
        unit=card.unit, orientation=card.orientation, offset=card.offset, missing=card.missing
    )


def open_converted(
    path: Path, domain: str, card: DomainCard, progress: Progress | None = None
) -> tuple[DomainSamples, DomainFacts] | None:
    """Return a domain from its converted file; convert the file first if necessary.

    Args:
        path: The file; it must be large.
        domain: Name of the domain.
        card: Its card.
        progress: Called with the domain, the number of samples done and the number of all samples.

    Returns:
        The samples, mapped into memory, and their facts; ``None`` if the cache cannot be written,
        so that the caller has to read the file.

    Raises:
        DataError: If the content of the file is wrong.
    """
    try:
        target, folder, name = _target(path, domain, card)
    except (OSError, zipfile.BadZipFile) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise DataError(f"{path} cannot be read: {why or error}.") from error
    found = _open(target, domain)
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
        _rename(aside, target, name, domain)
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): large files are read each time", folder, str(error)
        )
        return None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _open(target, domain)


def _target(path: Path, domain: str, card: DomainCard) -> tuple[Path, Path, str]:
    """Return the folder of a file's conversion, its parent, and the prefix of its name.

    All conversions of one path have the same prefix.
    """
    real = path.resolve()
    state = real.stat()
    # A copy may keep the time of what it replaces, and arrays that are not compressed its length.
    with zipfile.ZipFile(real) as archive:
        checksums = [(entry.filename, entry.CRC) for entry in archive.infolist()]
    declared = [declared_of(card).model_dump(), list(card.bands), card.season, domain]
    identity = json.dumps(
        [CONVERSION_VERSION, state.st_size, state.st_mtime_ns, checksums, declared]
    )
    name = hashlib.sha256(f"{real} {domain}".encode()).hexdigest()[:16]
    folder = cache_directory() / "converted"
    return folder / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}", folder, name


def _open(folder: Path, domain: str) -> tuple[DomainSamples, DomainFacts] | None:
    try:
        facts = DomainFacts.model_validate_json((folder / FACTS_FILE).read_bytes())
        optional = {
            name: _mapped(folder, name) if (folder / f"{name}.npy").exists() else None
            for name in OPTIONAL_ARRAYS[1:]
        }
        samples = DomainSamples(
            name=domain,
            series=_mapped(folder, "series"),
            labels=_mapped(folder, "labels"),
            sample_ids=_mapped(folder, "sample_ids"),
            longitude=optional["lon"],
            latitude=optional["lat"],
            block=optional["block"],
            year=optional["year"],
            reading=facts.reading,
            keys=_mapped(folder, "keys"),
        )
    except (OSError, ValueError, EOFError, ValidationError):
        return None  # missing or damaged: it is made again
    return samples, facts


def _mapped(folder: Path, name: str) -> Array:
    # Copy on write: processes share the pages, and none can change the file.
    mapped = np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)
    return np.asarray(mapped)


def _convert(
    path: Path, domain: str, card: DomainCard, aside: Path, progress: Progress | None
) -> None:
    features = _unpack(path, aside / "fea.npy")
    arrays = read_arrays(path, but="fea")
    reading = conclude(path, features, declared_of(card))
    series_file = aside / "series.npy"
    with series_file.open("wb") as handle:
        # Written and not mapped: with a full disk, writing raises an error, while a write to a
        # mapped file ends the process.
        shape = (len(features), reading.bands, reading.steps)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        for rows in parts(len(features)):
            values = to_reflectance(features[rows], reading).astype("<f4", copy=False)
            handle.write(values.data)
            if progress is not None:
                progress(domain, rows.stop, len(features))
    series: FloatArray = np.load(series_file, mmap_mode="r", allow_pickle=False)
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
    # Written last: if it exists, the other files are complete.
    write_text(aside / FACTS_FILE, compute_facts(samples, card).model_dump_json())


def _unpack(path: Path, unpacked: Path) -> Array:
    """Write the series of an archive to a file in pieces, and map that file."""
    try:
        with zipfile.ZipFile(path) as archive:
            require_arrays(path, [name.removesuffix(".npy") for name in archive.namelist()])
            with archive.open("fea.npy") as packed, unpacked.open("wb") as handle:
                shutil.copyfileobj(packed, handle, 1 << 20)
        features: Array = np.load(unpacked, mmap_mode="r", allow_pickle=False)
    except (EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DataError(
            f"{path} is unreadable or truncated ({type(error).__name__}): fetch or write it again."
        ) from error
    except ValueError as error:
        raise DataError(
            f"{path} holds no plain number array under fea ({error}): save plain number arrays."
        ) from error
    return features


def _rename(aside: Path, target: Path, name: str, domain: str) -> None:
    """Rename a finished conversion to its target, and remove conversions of older states."""
    try:
        aside.rename(target)
    except OSError:
        if _open(target, domain) is None:  # the existing conversion is damaged
            shutil.rmtree(target, ignore_errors=True)
            aside.rename(target)
        # Otherwise another process finished first; its conversion has the same content.
    for older in target.parent.glob(f"{name}-*"):
        if older != target:
            shutil.rmtree(older, ignore_errors=True)
