"""One `.npz` file of the official layout: read and checked, or written whole or not at all."""

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEPS_PER_YEAR, FloatArray
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.files import replace_file

DIGITAL_NUMBER: Final = 10_000.0
"""Digital numbers per unit of reflectance (Copernicus Sentinel-2 products)."""

HIGHEST_REFLECTANCE: Final = 2.0
"""Above this a value is no reflectance: fresh snow and glint reach about 1.6 in level 2A."""

LOWEST_REFLECTANCE: Final = -0.2
"""Below this a value is no reflectance: over-corrected level-2A pixels reach about -0.1."""

YEAR_FILE: Final = re.compile(r"^median_S2_(?P<domain>[A-Za-z0-9-]+)_month1-12_day5\.npz$")

OPTIONAL_ARRAYS: Final = ("sample_id", "lon", "lat", "block", "year")

Array = npt.NDArray[Any]

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class DomainSamples:
    """The labelled series of one domain.

    Attributes:
        name: Domain, such as ``FRA``, ``USA-2017`` or ``USA-AR``.
        series: Reflectance [N, B, 73] in [0, 1], float32, without gaps.
        labels: Class index into ``taxonomy.CROPS`` [N], int64.
        sample_ids: Unique id of each sample [N], independent of the representation.
        longitude: Degrees east [N], or ``None`` where the data has no coordinates.
        latitude: Degrees north [N], or ``None``.
        block: Spatial block of each sample [N], int64, or ``None``; neighbours share a block.
        year: Year of the label [N], int64, or ``None``.
        stored_unit: Unit of the file that they were read from, ``reflectance`` or
            ``digital_number``, or ``None``.
    """

    name: str
    series: FloatArray
    labels: npt.NDArray[np.int64]
    sample_ids: npt.NDArray[np.str_]
    longitude: npt.NDArray[np.float64] | None = None
    latitude: npt.NDArray[np.float64] | None = None
    block: npt.NDArray[np.int64] | None = None
    year: npt.NDArray[np.int64] | None = None
    stored_unit: str | None = None

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
            stored_unit=self.stored_unit,
        )


def year_file_name(domain: str) -> str:
    """Return the official file name of the 5-day medians of a domain's whole year."""
    return f"median_S2_{domain}_month1-12_day5.npz"


def read_arrays(path: Path) -> dict[str, Array]:
    """Read every array of an `.npz` file without unpickling anything.

    Raises:
        DataError: If the file is unreadable, truncated or holds Python objects.
    """
    try:
        # Opened here, since numpy leaves its own handle open when an archive is truncated.
        with path.open("rb") as handle:
            archive = np.load(handle, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is a single array, not an .npz archive with fea and lbl.")
            with archive:
                return {name: archive[name] for name in archive.files}
    except ValueError as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise DataError(
                f"{path} holds Python objects, which are never loaded: save plain number arrays."
            ) from error
        raise DataError(f"{path} is not a readable .npz file ({error}): fetch it again.") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DataError(
            f"{path} is unreadable or truncated ({type(error).__name__}): fetch or write it again."
        ) from error


def read_domain_file(path: Path, domain: str, unit: str | None = None) -> DomainSamples:
    """Read and check the whole-year series of one domain.

    Args:
        path: File with ``fea`` [N, B, 73] or [N, 1, B, 73] and ``lbl`` [N].
        domain: Name of the domain.
        unit: ``reflectance`` or ``digital_number``; detected from the values when ``None``.

    Returns:
        The samples, reflectance clipped to [0, 1].

    Raises:
        DataError: If anything in the file is not what it must be; the message names the file.
    """
    arrays = read_arrays(path)
    missing = {"fea", "lbl"} - arrays.keys()
    if missing:
        raise DataError(f"{path} lacks the array {' and '.join(sorted(missing))}.")
    series, stored_unit = _read_series(path, arrays["fea"], unit)
    labels = _read_labels(path, arrays["lbl"])
    if len(series) != len(labels):
        raise DataError(
            f"{path} has {len(series)} series in fea but {len(labels)} labels in lbl: "
            "they must be of equal length."
        )
    for name in OPTIONAL_ARRAYS:
        if name in arrays and len(arrays[name]) != len(labels):
            raise DataError(
                f"{path} has {len(arrays[name])} entries in {name} but {len(labels)} labels."
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
        stored_unit=stored_unit,
    )


def write_domain_file(path: Path, samples: DomainSamples) -> None:
    """Write one domain as digital numbers in the official layout, whole or not at all.

    Args:
        path: File to write.
        samples: Samples whose series are finite reflectance.

    Raises:
        DataError: If the place cannot be written or is full; nothing is left behind then.
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
        DataError: If the place cannot be written or is full; nothing is left behind then.
    """
    try:
        replace_file(path, lambda file: np.savez(file, allow_pickle=False, **dict(arrays)))
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error.strerror or error}.") from error


def _read_series(path: Path, features: Array, unit: str | None) -> tuple[FloatArray, str]:
    if features.dtype.kind not in "iuf":
        raise DataError(f"{path} has fea of type {features.dtype}: numbers are needed.")
    if features.ndim == 4 and features.shape[1] == 1:
        features = features[:, 0]
    if features.ndim != 3 or features.shape[-1] != STEPS_PER_YEAR:
        raise DataError(
            f"{path} has fea of shape {features.shape}: need [samples, bands, {STEPS_PER_YEAR}]."
        )
    if features.size == 0:
        raise DataError(f"{path} holds no samples.")
    if features.dtype.kind == "f" and not np.isfinite(features).all():
        rows = np.flatnonzero(~np.isfinite(features).all(axis=(1, 2)))
        raise DataError(
            f"{path} has NaN or infinite values in {len(rows)} series (first: row {rows[0]}): "
            "fill or drop them, for example with `cropglobe ingest`."
        )
    highest = float(features.max())
    digital = _is_digital(features, highest, unit)
    divisor = DIGITAL_NUMBER if digital else 1.0
    lowest, highest = float(features.min()) / divisor, highest / divisor
    if lowest < LOWEST_REFLECTANCE or highest > HIGHEST_REFLECTANCE:
        raise DataError(
            f"{path} has values from {lowest:.4g} to {highest:.4g} after division by {divisor:g}, "
            "which is no reflectance: check its unit and its missing-value code."
        )
    reflectance = features.astype(np.float32)
    reflectance /= np.float32(divisor)
    np.clip(reflectance, 0.0, 1.0, out=reflectance)
    return reflectance, "digital_number" if digital else "reflectance"


def _is_digital(features: Array, highest: float, unit: str | None) -> bool:
    if unit is not None:
        return unit == "digital_number"
    return features.dtype.kind in "iu" or highest > HIGHEST_REFLECTANCE


def _read_labels(path: Path, labels: Array) -> npt.NDArray[np.int64]:
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "iuf":
        raise DataError(f"{path} has lbl of shape {labels.shape}, {labels.dtype}: need [samples].")
    whole = flat.astype(np.int64)
    wrong = (whole != flat) | (whole < 0) | (whole >= len(CROPS))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{path} has label {flat[row]} in row {row}: labels are 0 to {len(CROPS) - 1} "
            f"({', '.join(CROPS)})."
        )
    return whole


def _read_ids(path: Path, ids: Array | None, domain: str, count: int) -> npt.NDArray[np.str_]:
    if ids is None:
        return np.array([f"{domain}:{row:07d}" for row in range(count)])
    text = ids.astype(np.str_)
    if len(np.unique(text)) != count:
        raise DataError(f"{path} has sample ids that occur twice: each sample needs its own.")
    return text


def _optional(arrays: Mapping[str, Array], name: str, kind: type[T]) -> npt.NDArray[T] | None:
    return arrays[name].astype(kind) if name in arrays else None
