"""How to read stored numbers: axes, unit and offset, concluded or declared by the user."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmark.data.compositing import to_year_grid
from benchmark.data.season import STEPS_PER_YEAR, WINDOW_STEPS, FloatArray, step_centres
from benchmark.errors import DataError

DIGITAL_NUMBER: Final = 10_000.0
"""Digital numbers per unit of reflectance (Copernicus Sentinel-2 products)."""

HIGHEST_REFLECTANCE: Final = 2.0
"""A value above this is not reflectance: fresh snow and glint reach about 1.6 in level 2A."""

LOWEST_REFLECTANCE: Final = -0.2
"""A value below this is not reflectance: over-corrected level-2A pixels reach about -0.1."""

TYPICAL_DIGITAL_NUMBER: Final = 50.0
"""The smallest median of digital numbers; it is a reflectance of 0.005. The median of land over ten
bands and a year is far above it. The median of reflectance in percent, or of reflectance with a few
wrong values, is below it."""

TYPICAL_REFLECTANCE: Final = 1.0
"""Reflectance of a white surface. The median of land is far below it; in percent, far above it."""

ROWS_AT_ONCE: Final = 4_096
"""Number of series that are processed at once: 12 MB of ten bands in single precision."""

LOOKED_AT: Final = 1_000
"""Number of series, evenly spaced, from which the typical value is computed."""

DOMAINS_FILE: Final = "domains.yaml"

Unit = Literal["reflectance", "digital_number"]
Orientation = Literal["bands-steps", "steps-bands"]
Missing = float | Literal["nan"]
Array = npt.NDArray[Any]


class Declared(BaseModel):
    """What the user declares about a file; a value that is ``None`` is concluded from the numbers.

    Attributes:
        unit: Stored unit.
        orientation: Whether bands or steps come first.
        offset: Number that was added to digital numbers, such as the 1,000 of processing baseline
            04.00.
        missing: Value of a missing observation: a number or ``nan``. With a number, NaN is missing
            too. Missing observations are interpolated in time. ``None`` allows no missing
            observation.
    """

    model_config = ConfigDict(frozen=True)

    unit: Unit | None = None
    orientation: Orientation | None = None
    offset: float | None = None
    missing: Missing | None = None


class Reading(BaseModel):
    """The way of reading the numbers of a file.

    Attributes:
        unit: Stored unit.
        orientation: Whether bands or steps come first.
        offset: Number that is subtracted from digital numbers before they are divided.
        missing: Value of a missing observation, or ``None`` if none may be missing.
        bands: Number of bands.
        steps: Number of 5-day steps.
        stored: Type and shape in the file.
        declared: Names of the attributes that the user declared; the others were concluded.
    """

    model_config = ConfigDict(frozen=True)

    unit: Unit
    orientation: Orientation
    offset: float
    missing: Missing | None = None
    bands: int
    steps: int
    stored: str
    declared: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the numbers are read in the same way as the files that this project writes."""
        return self.orientation == "bands-steps" and self.offset == 0 and self.missing is None


def suggest_entry(path: Path, **values: str) -> str:
    """Return advice for an error message: the entry to write in ``domains.yaml`` for a file.

    Args:
        path: The file.
        values: Keys of the entry with their values.
    """
    entry = ", ".join(f"{key}: {value}" for key, value in values.items())
    return f"write `- {{file: {path.name}, {entry}}}` under `files:` in {DOMAINS_FILE}"


def conclude(path: Path, features: Array, declared: Declared) -> Reading:
    """Conclude how to read the numbers of a file, and check all of them.

    Args:
        path: The file, for messages.
        features: Its ``fea``, as stored. It may be memory mapped; it is read part by part.
        declared: What the user declares about the file.

    Returns:
        The way of reading the numbers.

    Raises:
        DataError: If the numbers can be read in no way, or in more than one. The message says which
            entry to write in ``domains.yaml``.
    """
    if features.dtype.kind not in "iuf":
        raise DataError(
            f"{path} has fea of type {features.dtype}, but numbers are needed: save plain numbers."
        )
    orientation, bands = _axes(path, features.shape, declared)
    if features.size == 0:
        raise DataError(f"{path} holds no samples: remove it or write it again.")
    missing = declared.missing
    lowest, highest = _range(path, features, missing)
    if missing is not None:
        _require_observations(path, features, orientation, bands, missing)
    unit = declared.unit or _unit(path, features, highest, missing)
    offset = declared.offset or 0.0
    if offset and unit == "reflectance":
        raise DataError(
            f"{path} holds reflectance, which has no offset of digital numbers: remove `offset` "
            f"from {DOMAINS_FILE}."
        )
    divisor = DIGITAL_NUMBER if unit == "digital_number" else 1.0
    lowest, highest = (lowest - offset) / divisor, (highest - offset) / divisor
    if lowest < LOWEST_REFLECTANCE or highest > HIGHEST_REFLECTANCE:
        raise DataError(
            f"{path} has values from {lowest:.4g} to {highest:.4g} after division by {divisor:g}, "
            "which is no reflectance: check its unit, and if a number stands for missing "
            f"observations {suggest_entry(path, missing='THAT-NUMBER')}."
        )
    by_user = declared.model_dump(exclude_none=True)
    return Reading(
        unit=unit,
        orientation=orientation,
        offset=offset,
        missing=missing,
        bands=bands,
        steps=STEPS_PER_YEAR,
        stored=f"{features.dtype} [{', '.join(str(length) for length in features.shape)}]",
        declared=tuple(sorted(by_user)),
    )


def to_reflectance(features: Array, reading: Reading) -> FloatArray:
    """Convert stored numbers to reflectance.

    Args:
        features: Any n rows of ``fea``, as stored.
        reading: How to read them.

    Returns:
        Reflectance [n, bands, 73], clipped to [0, 1], without gaps.
    """
    values = _oriented(features, reading.orientation, reading.bands)
    gaps = None if reading.missing is None else _is_missing(values, reading.missing)
    reflectance = np.array(values, dtype=np.float32, order="C")
    if reading.unit == "digital_number":
        if reading.offset:
            reflectance -= np.float32(reading.offset)
        reflectance /= np.float32(DIGITAL_NUMBER)
    if gaps is not None:
        reflectance[gaps] = np.nan
        reflectance = to_year_grid(reflectance, step_centres())
    np.clip(reflectance, 0.0, 1.0, out=reflectance)
    return reflectance


def typical_value(numbers: Array) -> float:
    """Return the median of the positive finite numbers, or 0 if there are none.

    The median shows the unit better than the maximum, which one saturated cloud can change.
    """
    present = numbers[(numbers > 0) & np.isfinite(numbers)]
    return float(np.median(present)) if present.size else 0.0


def _oriented(features: Array, orientation: Orientation, bands: int) -> Array:
    """Return rows of ``fea`` as [n, bands, 73]."""
    if orientation == "steps-bands":
        return features.reshape(len(features), STEPS_PER_YEAR, bands).transpose(0, 2, 1)
    return features.reshape(len(features), bands, STEPS_PER_YEAR)


def _is_missing(values: Array, missing: Missing) -> npt.NDArray[np.bool_]:
    gaps = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=np.bool_)
    return gaps if missing == "nan" else gaps | (values == missing)


def _require_observations(
    path: Path, features: Array, orientation: Orientation, bands: int, missing: Missing
) -> None:
    """Check that every series has at least one step without a missing band."""
    for rows in parts(len(features)):
        gaps = _is_missing(_oriented(features[rows], orientation, bands), missing)
        unseen = np.flatnonzero(np.all(gaps.any(axis=1), axis=1))
        if len(unseen):
            raise DataError(
                f"{path} has series without one complete observation (first: row "
                f"{rows.start + unseen[0]}): drop those samples."
            )


def parts(count: int) -> Iterator[slice]:
    """Yield slices of `count` rows; the rows of one slice are processed at once."""
    for begin in range(0, count, ROWS_AT_ONCE):
        yield slice(begin, min(begin + ROWS_AT_ONCE, count))


def _axes(path: Path, shape: tuple[int, ...], declared: Declared) -> tuple[Orientation, int]:
    """Conclude from the lengths of the axes whether bands or steps come first, and count bands."""
    axes = [length for length in shape[1:] if length != 1] if len(shape) > 3 else list(shape[1:])
    if len(shape) > 3 and len(axes) == 1:  # one band
        axes = [1, *axes]
    if len(axes) == 1 and axes[0] != STEPS_PER_YEAR and axes[0] % STEPS_PER_YEAR == 0:
        if declared.orientation is None:
            raise DataError(
                f"{path} has fea of shape {shape}, whose rows may run along bands or along steps: "
                f"{suggest_entry(path, orientation='bands-steps')}, or steps-bands."
            )
        return declared.orientation, axes[0] // STEPS_PER_YEAR
    if len(axes) != 2 or STEPS_PER_YEAR not in axes:
        season = " (it may be the season window alone)" if WINDOW_STEPS in axes else ""
        raise DataError(
            f"{path} has fea of shape {shape}: need [samples, bands, {STEPS_PER_YEAR}]{season}."
        )
    possible: list[Orientation] = []
    if axes[1] == STEPS_PER_YEAR:
        possible.append("bands-steps")
    if axes[0] == STEPS_PER_YEAR:
        possible.append("steps-bands")
    if declared.orientation is not None and declared.orientation not in possible:
        raise DataError(
            f"{path} has fea of shape {shape}, which is not {declared.orientation} as declared: "
            f"correct `orientation` in {DOMAINS_FILE}."
        )
    if len(possible) > 1 and declared.orientation is None:
        raise DataError(
            f"{path} has as many bands as steps: {suggest_entry(path, orientation='bands-steps')}, "
            "or steps-bands."
        )
    chosen = declared.orientation or possible[0]
    return chosen, axes[0] if chosen == "bands-steps" else axes[1]


def _range(path: Path, features: Array, missing: Missing | None) -> tuple[float, float]:
    lowest, highest = math.inf, -math.inf
    broken, first = 0, -1
    for rows in parts(len(features)):
        part = features[rows]
        if missing is not None:
            part = part[~_is_missing(part, missing)]
            if not part.size:
                continue
        least, most = float(part.min()), float(part.max())
        if not math.isfinite(least + most):  # minimum and maximum keep NaN and infinity
            whole = features[rows]
            bad = np.flatnonzero(np.isinf(whole).reshape(len(whole), -1).any(axis=1))
            if missing is None:
                bad = np.flatnonzero(~np.isfinite(whole).reshape(len(whole), -1).all(axis=1))
            first = rows.start + int(bad[0]) if first < 0 else first
            broken += len(bad)
        lowest, highest = min(lowest, least), max(highest, most)
    if broken:
        raise DataError(
            f"{path} has NaN or infinite values in {broken} series (first: row {first}): "
            f"{suggest_entry(path, missing='nan')} to interpolate NaN in time, or drop the series."
        )
    return lowest, highest


def _unit(path: Path, features: Array, highest: float, missing: Missing | None) -> Unit:
    whole = features.dtype.kind in "iu"
    if not whole and highest <= HIGHEST_REFLECTANCE:
        return "reflectance"
    step = max(len(features) // LOOKED_AT, 1)
    some = np.asarray(features[::step][:LOOKED_AT])
    typical = typical_value(some if missing is None else some[~_is_missing(some, missing)])
    if typical >= TYPICAL_DIGITAL_NUMBER and features.dtype.itemsize > 1:
        return "digital_number"
    if not whole and highest > HIGHEST_REFLECTANCE * DIGITAL_NUMBER:
        # Impossible in both units. A code for missing values is among them; the next check says so.
        return "reflectance"
    raise DataError(
        f"{path} has {features.dtype} values up to {highest:.4g}, typically {typical:.4g}, which "
        "are neither reflectance nor digital numbers (reflectance x 10,000) for certain: "
        f"{suggest_entry(path, unit='digital_number')}, or reflectance, or convert them."
    )
