"""Read and check one `.npz` file of the official layout, or write one."""

import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from benchmark.data.official.stored_numbers import (
    DIGITAL_NUMBER,
    Array,
    Declared,
    Reading,
    conclude,
    to_reflectance,
)
from benchmark.data.season import FloatArray
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.files import replace_file

OPTIONAL_ARRAYS: Final = ("sample_id", "lon", "lat", "block", "year")

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class DomainSamples:
    """The labelled series of one domain.

    Attributes:
        name: Domain, such as ``FRA``, ``USA-2017`` or ``USA-AR``.
        series: Reflectance [N, B, 73] in [0, 1], float32, without gaps.
        labels: Class index into ``taxonomy.CROPS`` [N], int64.
        sample_ids: Unique id of each sample [N], the same in every representation.
        longitude: Degrees east [N], or ``None`` if the data has no coordinates.
        latitude: Degrees north [N], or ``None``.
        block: Spatial block of each sample [N], int64, or ``None``; neighbours share a block.
        year: Year of the label [N], int64, or ``None``.
        reading: How the numbers of the file were read, or ``None`` without a file.
        keys: A digest of each series and its bands [N], 16 bytes, or ``None`` if not computed.
            Two samples with the same key are repeats of each other.
    """

    name: str
    series: FloatArray
    labels: npt.NDArray[np.int64]
    sample_ids: npt.NDArray[np.str_]
    longitude: npt.NDArray[np.float64] | None = None
    latitude: npt.NDArray[np.float64] | None = None
    block: npt.NDArray[np.int64] | None = None
    year: npt.NDArray[np.int64] | None = None
    reading: Reading | None = None
    keys: npt.NDArray[np.void] | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.int64]) -> "DomainSamples":
        """Return the samples at the given row numbers, in that order."""

        def pick(array: npt.NDArray[T] | None) -> npt.NDArray[T] | None:
            return None if array is None else array[rows]

        return DomainSamples(
            name=self.name,
            series=self.series[rows],
            labels=self.labels[rows],
            sample_ids=self.sample_ids[rows],
            longitude=pick(self.longitude),
            latitude=pick(self.latitude),
            block=pick(self.block),
            year=pick(self.year),
            reading=self.reading,
            keys=pick(self.keys),
        )


def year_file_name(domain: str) -> str:
    """Return the official file name of the 5-day medians of a domain's whole year."""
    return f"median_S2_{domain}_month1-12_day5.npz"


def read_arrays(path: Path, *, but: str | None = None) -> dict[str, Array]:
    """Read the arrays of an `.npz` file without unpickling anything.

    Args:
        path: The file.
        but: Name of an array that is not read.

    Returns:
        The arrays by name.

    Raises:
        DataError: If the file is unreadable, truncated or holds Python objects.
    """
    try:
        # Opened here, since numpy leaves its own handle open when an archive is truncated.
        with path.open("rb") as handle:
            archive = np.load(handle, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is a single array: save an .npz archive with fea and lbl.")
            with archive:
                return {name: archive[name] for name in archive.files if name != but}
    except ValueError as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise DataError(
                f"{path} holds Python objects, which are never loaded: save plain number arrays."
            ) from error
        raise DataError(f"{path} is not a readable .npz file ({error}): fetch it again.") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, TokenError) as error:
        raise DataError(
            f"{path} is unreadable or truncated ({type(error).__name__}): fetch or write it again."
        ) from error


def read_domain_file(path: Path, domain: str, declared: Declared | None = None) -> DomainSamples:
    """Read and check the whole-year series of one domain.

    Args:
        path: File with ``fea`` [N, B, 73], [N, 73, B] or either with axes of length one, and
            ``lbl`` [N].
        domain: Name of the domain.
        declared: What the user declares about the numbers; the rest is concluded from them.

    Returns:
        The samples, reflectance clipped to [0, 1].

    Raises:
        DataError: If the content of the file is wrong, or can be read in two ways. The message
            names the file.
    """
    arrays = read_arrays(path)
    require_arrays(path, arrays)
    features = arrays.pop("fea")
    reading = conclude(path, features, declared or Declared())
    return describe_samples(path, domain, arrays, to_reflectance(features, reading), reading)


def require_arrays(path: Path, arrays: Collection[str]) -> None:
    """Check that an archive has series and labels.

    Raises:
        DataError: If it lacks one.
    """
    missing = {"fea", "lbl"} - set(arrays)
    if missing:
        raise DataError(
            f"{path} lacks the array {' and '.join(sorted(missing))}: "
            "save series as fea and labels as lbl."
        )


def describe_samples(
    path: Path, domain: str, arrays: Mapping[str, Array], series: FloatArray, reading: Reading
) -> DomainSamples:
    """Return the samples of a file from its series and its other arrays.

    Args:
        path: The file, for messages.
        domain: Name of the domain.
        arrays: Arrays of the file without ``fea``.
        series: Its series as reflectance [N, B, 73].
        reading: How they were read.

    Returns:
        The samples.

    Raises:
        DataError: If the content or the length of an array is wrong.
    """
    labels = read_labels(path, arrays["lbl"])
    if len(series) != len(labels):
        raise DataError(
            f"{path} has {len(series)} series in fea but {len(labels)} labels in lbl: "
            "save one label for each series."
        )
    for name in OPTIONAL_ARRAYS:
        if name in arrays and len(arrays[name]) != len(labels):
            raise DataError(
                f"{path} has {len(arrays[name])} entries in {name} but {len(labels)} labels: "
                "save one entry for each sample."
            )
    return DomainSamples(
        name=domain,
        series=series,
        labels=labels,
        sample_ids=_read_ids(path, arrays.get("sample_id"), domain, len(labels)),
        longitude=_optional(arrays, "lon", np.float64),
        latitude=_optional(arrays, "lat", np.float64),
        block=_optional(arrays, "block", np.int64),
        year=_optional(arrays, "year", np.int64),
        reading=reading,
    )


def write_domain_file(path: Path, samples: DomainSamples) -> None:
    """Write one domain as digital numbers in the official layout, whole or not at all.

    Args:
        path: File to write.
        samples: Samples whose series are finite reflectance.

    Raises:
        DataError: If the file cannot be written or the disk is full. No partial file is left.
    """
    arrays: dict[str, Array] = {
        "fea": np.clip(np.rint(samples.series * DIGITAL_NUMBER), 0, 65_534).astype(np.uint16),
        "lbl": samples.labels.astype(np.int64),
        "sample_id": samples.sample_ids,
    }
    optional = (samples.longitude, samples.latitude, samples.block, samples.year)
    for name, array in zip(OPTIONAL_ARRAYS[1:], optional, strict=True):
        if array is not None:
            arrays[name] = array
    write_arrays(path, arrays)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an `.npz` file under a temporary name, flush it to disk and rename it.

    Raises:
        DataError: If the file cannot be written or the disk is full. No partial file is left.
    """
    try:
        replace_file(path, lambda file: np.savez(file, allow_pickle=False, **dict(arrays)))
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error.strerror or error}.") from error


def read_labels(path: Path, labels: Array) -> npt.NDArray[np.int64]:
    """Return labels as integers.

    Args:
        path: The file, for messages.
        labels: Its ``lbl`` [N] or [N, 1].

    Returns:
        Class indices into ``taxonomy.CROPS`` [N].

    Raises:
        DataError: If a label is not the index of a class.
    """
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "iuf":
        raise DataError(
            f"{path} has lbl of shape {labels.shape}, {labels.dtype}: save integers [samples]."
        )
    whole = flat.astype(np.int64)
    wrong = (whole != flat) | (whole < 0) | (whole >= len(CROPS))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{path} has label {flat[row]} in row {row}: use labels 0 to {len(CROPS) - 1} "
            f"({', '.join(CROPS)})."
        )
    return whole


def _read_ids(path: Path, ids: Array | None, domain: str, count: int) -> npt.NDArray[np.str_]:
    if ids is None:
        return np.array([f"{domain}:{row:07d}" for row in range(count)])
    text = ids.astype(np.str_)
    if len(np.unique(text)) != count:
        raise DataError(f"{path} has sample ids that occur twice: give each sample its own id.")
    return text


def _optional(arrays: Mapping[str, Array], name: str, kind: type[T]) -> npt.NDArray[T] | None:
    return arrays[name].astype(kind) if name in arrays else None
