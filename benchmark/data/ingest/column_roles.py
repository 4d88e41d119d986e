"""Which column of a point table is what, for the table formats that are understood."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmark.data.dataset import BANDS
from benchmark.errors import DataError, did_you_mean

Level = Literal["L1C", "L2A"]

SAMPLE_COLUMNS: Final = ("sample_id", "point_id", "id")
"""Names under which the sample's own id is looked for, in this order."""

DATE_COLUMNS: Final = ("timestamp", "date", "system:time_start", "system:index")
"""Names under which the date is looked for, in this order; the last two are Earth Engine's."""

REFERENCE_COLUMN: Final = "ref_id"
"""WorldCereal's name of the reference data set, such as ``2023_FRA_LPIS_POLY_110``."""

BAND_COLUMN: Final = re.compile(r"^(?:S2-(?P<level>L1C|L2A)-)?B0?(?P<number>\d{1,2}A?)$")
"""``S2-L2A-B02`` (WorldCereal), ``B2`` (Earth Engine) and ``B02``."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are read; everything else in it is left unread.

    Attributes:
        dates: Column of the date.
        label: Column of the label code.
        bands: Column of each band that the table has, in the order of ``dataset.BANDS``.
        sample: Column of the sample id; ``None`` where the coordinates tell samples apart.
        longitude: Column of degrees east, or ``None``.
        latitude: Column of degrees north, or ``None``.
        geometry: Earth Engine's ``.geo`` column with a GeoJSON point, or ``None``.
        region: Column of the domain's name, or ``None``.
        reference: WorldCereal's ``ref_id``, or ``None``.
        year: Column of the label's year, or ``None``.
        level: Processing level that the band columns name, or ``None``.
    """

    dates: str
    label: str
    bands: dict[str, str]
    sample: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    geometry: str | None = None
    region: str | None = None
    reference: str | None = None
    year: str | None = None
    level: Level | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that are not bands, each once."""
        named = (
            self.dates,
            self.label,
            self.sample,
            self.longitude,
            self.latitude,
            self.geometry,
            self.region,
            self.reference,
            self.year,
        )
        return tuple(dict.fromkeys(name for name in named if name is not None))


def find_columns(
    path: Path, names: Sequence[str], *, label: str, region: str | None = None
) -> Columns:
    """Tell from the names of a table's columns what each one is.

    Args:
        path: The table, for messages.
        names: Names of its columns.
        label: Name of the label column.
        region: Name of the region column; ``None`` looks for one named ``region``.

    Returns:
        The columns to read.

    Raises:
        DataError: If the dates, the label, the bands or the samples cannot be found.
    """
    known = set(names)
    dates = _first(DATE_COLUMNS, known)
    if dates is None:
        raise DataError(
            f"{path} has no column of dates ({', '.join(DATE_COLUMNS)}): "
            "give one row per sample and date."
        )
    if label not in known:
        raise DataError(
            f"{path} has no label column '{label}', {did_you_mean(label, known)} "
            "Name it with --label-column."
        )
    if region is not None and region not in known:
        raise DataError(f"{path} has no region column '{region}', {did_you_mean(region, known)}")
    bands, level = _find_bands(path, names)
    longitude = _first(("lon", "longitude"), known)
    latitude = _first(("lat", "latitude"), known)
    complete = longitude is not None and latitude is not None
    geometry = ".geo" if ".geo" in known and not complete else None
    sample = _first(SAMPLE_COLUMNS, known)
    if sample is None and geometry is None and not complete:
        raise DataError(
            f"{path} has no column that tells its samples apart "
            f"({', '.join(SAMPLE_COLUMNS)}, or the coordinates lon and lat or .geo)."
        )
    return Columns(
        dates=dates,
        label=label,
        bands=bands,
        sample=sample,
        longitude=longitude if complete else None,
        latitude=latitude if complete else None,
        geometry=geometry,
        region=region or _first(("region",), known),
        reference=_first((REFERENCE_COLUMN,), known),
        year=_first(("year",), known),
        level=level,
    )


def _find_bands(path: Path, names: Sequence[str]) -> tuple[dict[str, str], Level | None]:
    found: dict[str, str] = {}
    levels: set[Level] = set()
    for name in names:
        match = BAND_COLUMN.match(name)
        band = f"B{match['number']}" if match else ""
        if match is None or band not in BANDS:
            continue
        if band in found:
            raise DataError(f"{path} has band {band} twice, as {found[band]} and {name}: drop one.")
        found[band] = name
        if match["level"] is not None:
            levels.add("L1C" if match["level"] == "L1C" else "L2A")
    if not found:
        raise DataError(
            f"{path} has no column of a Sentinel-2 band: name them S2-L2A-B02 ... or B2 ... B12."
        )
    if len(levels) > 1:
        raise DataError(f"{path} mixes bands of level L1C and L2A: keep one level.")
    ordered: dict[str, str] = {band: found[band] for band in BANDS if band in found}
    return ordered, next(iter(levels), None)


def _first(candidates: Iterable[str], known: set[str]) -> str | None:
    return next((name for name in candidates if name in known), None)
