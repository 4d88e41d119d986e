"""Which column of a point table is what, for the table formats that are understood.

Names are compared without regard to capitals and to spaces around them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmark.data.dataset import BANDS
from benchmark.data.taxonomy import label_map_names, load_label_map
from benchmark.errors import DataError, did_you_mean

Level = Literal["L1C", "L2A"]

SAMPLE_COLUMNS: Final = ("sample_id", "sampleid", "point_id", "id")
"""Names under which the sample's own id is looked for, in this order."""

DATE_COLUMNS: Final = ("timestamp", "date", "system:time_start", "system:index")
"""Names under which the date is looked for, in this order; the last two are Earth Engine's."""

DAY_COLUMNS: Final = ("doy", "day_of_year", "dayofyear")
"""Names of the day of the year, which needs a column ``year`` beside it."""

GEOMETRY_COLUMNS: Final = (".geo", "geometry")
"""GeoJSON in Earth Engine's exports; well-known binary in GeoParquet, GeoPackage and GeoJSON."""

VALID_COLUMNS: Final = ("valid_time", "valid_date")
"""WorldCereal's date at which the label was seen."""

REFERENCE_COLUMN: Final = "ref_id"
"""WorldCereal's name of the reference data set, such as ``2023_FRA_LPIS_POLY_110``."""

BAND_CODE: Final = r"(?:S2[-_](?:L1C|L2A)[-_]|S2[-_])?B0?\d{1,2}A?"
"""``S2-L2A-B02`` (WorldCereal), ``B2`` (Earth Engine), ``B02`` and ``b2``."""

BAND_COLUMN: Final = re.compile(
    r"(?:S2[-_](?:(?P<level>L1C|L2A)[-_])?)?B0?(?P<number>\d{1,2}A?)", re.IGNORECASE
)

BAND_WORDS: Final = {
    "blue": "B2",
    "green": "B3",
    "red": "B4",
    "rededge1": "B5",
    "re1": "B5",
    "rededge2": "B6",
    "re2": "B6",
    "rededge3": "B7",
    "re3": "B7",
    "nir": "B8",
    "nir08": "B8A",
    "narrownir": "B8A",
    "nirnarrow": "B8A",
    "rededge4": "B8A",
    "re4": "B8A",
    "swir1": "B11",
    "swir16": "B11",
    "swir2": "B12",
    "swir22": "B12",
}
"""Names by colour, without ``-``, ``_`` and spaces; the common names of STAC's extension `eo`,
which call 1.6 and 2.2 micrometres swir16 and swir22, and those of other tables."""

STEP_COLUMN: Final = re.compile(
    r"(?:OPTICAL-)?(?P<band>.+?)[-_]ts(?P<token>\d+)(?:[-_]\d+m)?", re.I
)
"""WorldCereal's wide table: ``OPTICAL-B02-ts0-10m``."""

DATE_IN_NAME: Final = r"\d{4}(?P<sign>[-_.]?)\d{2}(?P=sign)\d{2}(?:T\d{6})?"

BAND_THEN_DATE: Final = re.compile(rf"(?P<band>[A-Za-z][\w-]*?)[_. -](?P<token>{DATE_IN_NAME})")
"""``B4_20200105``, ``red-2020-01-05``."""

DATE_FIRST: Final = re.compile(rf"(?:\d{{1,3}}_)*{DATE_IN_NAME}(?=[_. -])")
"""``2020-01-05_B04``, and Earth Engine's ``20200105T105441_20200105T105442_T31TCJ_B4``."""


@dataclass(frozen=True)
class WideColumns:
    """Columns of a table with one row per sample and one column per band and date.

    Attributes:
        tokens: What names the date in the columns, ascending as text or number: a date, an image's
            index, or the number of a time step [T].
        columns: Column of each band and token that there is.
        by_step: Whether the tokens are numbers of time steps, which start at each row's own date.
    """

    tokens: tuple[str, ...]
    columns: dict[tuple[str, str], str]
    by_step: bool


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are read; everything else in it is left unread.

    Attributes:
        dates: Column of the date; ``None`` in a wide table, or where day and year are columns.
        label: Column of the label code.
        bands: Column of each band that the table has, in the order of ``dataset.BANDS``; in a wide
            table that of the band's first date.
        sample: Column of the sample id; ``None`` where the coordinates tell samples apart.
        longitude: Column of degrees east, or ``None``.
        latitude: Column of degrees north, or ``None``.
        geometry: Column with a geometry for each row, or ``None``.
        region: Column of the domain's name, or ``None``.
        reference: WorldCereal's ``ref_id``, or ``None``.
        year: Column of the label's year, or ``None``.
        valid: Column of the date at which the label was seen, or ``None``.
        day_of_year: Column of the day of the year, or ``None``.
        date_year: Column of the year of that day, or ``None``.
        start: Column of the date at which the time steps of a wide table start, or ``None``.
        end: Column of the date at which they end, or ``None``.
        wide: The columns of bands of a wide table, or ``None``.
        level: Processing level that the band columns name, or ``None``.
    """

    dates: str | None
    label: str
    bands: dict[str, str]
    sample: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    geometry: str | None = None
    region: str | None = None
    reference: str | None = None
    year: str | None = None
    valid: str | None = None
    day_of_year: str | None = None
    date_year: str | None = None
    start: str | None = None
    end: str | None = None
    wide: WideColumns | None = None
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
            self.valid,
            self.day_of_year,
            self.date_year,
            self.start,
            self.end,
        )
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that are bands."""
        return tuple(self.bands.values() if self.wide is None else self.wide.columns.values())

    @property
    def composites(self) -> bool:
        """Whether the format is one of composites: WorldCereal's."""
        return self.level is not None or (self.wide is not None and self.wide.by_step)


def find_columns(
    path: Path, names: Sequence[str], *, labels: Sequence[str], region: str | None = None
) -> Columns:
    """Tell from the names of a table's columns what each one is.

    Args:
        path: The table, for messages.
        names: Names of its columns.
        labels: Names of the label column, of which the first that is there is taken.
        region: Name of the region column; ``None`` looks for one named ``region``.

    Returns:
        The columns to read.

    Raises:
        DataError: If the dates, the label, the bands or the samples cannot be found.
    """
    known = {name.strip().lower(): name for name in reversed(names)}
    bands, level = _find_bands(path, names)
    wide = None if bands else _find_wide(path, names)
    dates, day = _first(DATE_COLUMNS, known), None
    if wide is not None:
        dates = None
        bands = {band: wide.columns[band, token] for band, token in reversed(wide.columns)}
        bands = {band: bands[band] for band in BANDS if band in bands}
    elif dates is None:
        day = _first(DAY_COLUMNS, known) if "year" in known else None
        if day is None:
            raise DataError(
                f"{path} has no column of dates ({', '.join(DATE_COLUMNS)}, or year and doy): "
                "give one row per sample and date, or a column per band and date such as "
                "B4_20200105."
            )
    if not bands:
        raise DataError(
            f"{path} has no column of a Sentinel-2 band: name them S2-L2A-B02 ..., B2 ... B12, or "
            "by colour (blue, green, red, rededge1, nir, swir1 ...)."
        )
    label = _find_label(path, labels, known)
    if region is not None and region.strip().lower() not in known:
        raise DataError(f"{path} has no region column '{region}', {did_you_mean(region, names)}")
    longitude, latitude, geometry, sample = _find_place(path, known)
    return Columns(
        dates=dates,
        label=label,
        bands=bands,
        sample=sample,
        longitude=longitude,
        latitude=latitude,
        geometry=geometry,
        region=known[region.strip().lower()] if region else _first(("region",), known),
        reference=_first((REFERENCE_COLUMN,), known),
        year=_first(("year",), known) if day is None else None,
        valid=_first(VALID_COLUMNS, known),
        day_of_year=day,
        date_year=None if day is None else known["year"],
        start=_first(("start_date",), known) if wide is not None and wide.by_step else None,
        end=_first(("end_date",), known) if wide is not None and wide.by_step else None,
        wide=wide,
        level=level,
    )


def _find_label(path: Path, labels: Sequence[str], known: dict[str, str]) -> str:
    found = _first([label.strip().lower() for label in labels], known)
    if found is None:
        tried = "' or '".join(labels)
        fitting = [name for name in label_map_names() if _has_column_of(name, known)]
        hint = (
            f" It has the column of the map {fitting[0]}: --labels {fitting[0]}." if fitting else ""
        )
        raise DataError(
            f"{path} has no label column '{tried}', {did_you_mean(labels[0], known.values())}; "
            f"name it with --label-column.{hint}"
        )
    return found


def _has_column_of(label_map: str, known: dict[str, str]) -> bool:
    return any(name.lower() in known for name in load_label_map(label_map).columns)


def _find_place(
    path: Path, known: dict[str, str]
) -> tuple[str | None, str | None, str | None, str | None]:
    """Return the columns of longitude, latitude, geometry and sample id."""
    longitude = _first(("lon", "longitude"), known)
    latitude = _first(("lat", "latitude"), known)
    complete = longitude is not None and latitude is not None
    geometry = None if complete else _first(GEOMETRY_COLUMNS, known)
    sample = _first(SAMPLE_COLUMNS, known)
    if sample is None and geometry is None and not complete:
        raise DataError(
            f"{path} has no column that tells its samples apart "
            f"({', '.join(SAMPLE_COLUMNS)}, or the coordinates lon and lat or .geo)."
        )
    return longitude if complete else None, latitude if complete else None, geometry, sample


def band_of(name: str) -> tuple[str | None, Level | None]:
    """Return the band that a name stands for, and the processing level that it says.

    Args:
        name: Name such as ``S2-L2A-B02``, ``b8a`` or ``red``.

    Returns:
        Band of ``dataset.BANDS`` and level, each ``None`` where the name says none.
    """
    name = name.strip()
    match = BAND_COLUMN.fullmatch(name)
    if match is None:
        return BAND_WORDS.get(re.sub(r"[-_ ]", "", name.lower())), None
    band = f"B{match['number'].upper()}"
    if band not in BANDS:
        return None, None
    level = (match["level"] or "").upper()
    return band, ("L1C" if level == "L1C" else "L2A" if level == "L2A" else None)


def _find_bands(path: Path, names: Sequence[str]) -> tuple[dict[str, str], Level | None]:
    found: dict[str, str] = {}
    levels: set[Level] = set()
    for name in names:
        band, level = band_of(name)
        if band is None:
            continue
        if band in found:
            raise DataError(f"{path} has band {band} twice, as {found[band]} and {name}: drop one.")
        found[band] = name
        if level is not None:
            levels.add(level)
    if len(levels) > 1:
        raise DataError(f"{path} mixes bands of level L1C and L2A: keep one level.")
    ordered: dict[str, str] = {band: found[band] for band in BANDS if band in found}
    return ordered, next(iter(levels), None)


def _find_wide(path: Path, names: Sequence[str]) -> WideColumns | None:
    """Return the columns that hold one band at one date each, or ``None`` if there are none."""
    for by_step, split in ((True, _split_step), (False, _split_date)):
        found: dict[tuple[str, str], str] = {}
        for name in names:
            key = split(name.strip())
            if key is None:
                continue
            if key in found:
                raise DataError(
                    f"{path} has band {key[0]} at {key[1]} twice, as {found[key]} and {name}: drop "
                    "one."
                )
            found[key] = name
        if found:
            tokens = {token for _, token in found}
            ordered = sorted(tokens, key=int) if by_step else sorted(tokens)
            return WideColumns(tuple(ordered), found, by_step)
    return None


def _split_step(name: str) -> tuple[str, str] | None:
    """Return band and number of the time step that a column's name says."""
    match = STEP_COLUMN.fullmatch(name)
    band = band_of(match["band"])[0] if match else None
    return None if match is None or band is None else (band, match["token"])


def _split_date(name: str) -> tuple[str, str] | None:
    """Return band and date that a column's name says, in either order."""
    match = BAND_THEN_DATE.fullmatch(name)
    band = band_of(match["band"])[0] if match else None
    if match is not None and band is not None:
        return band, match["token"]
    match = DATE_FIRST.match(name)
    if match is None:
        return None
    for sign in re.finditer(r"[_. -]", name[match.end() :]):
        place = match.end() + sign.start()
        band = band_of(name[place + 1 :])[0]
        if band is not None:
            return band, name[:place]
    return None


def _first(candidates: Iterable[str], known: dict[str, str]) -> str | None:
    return next((known[name] for name in candidates if name in known), None)
