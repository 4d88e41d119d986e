"""Series and vectors of a table of points from Earth Engine, as tables that `ingest` reads.

Composites are medians of Sentinel-2 level 2A (`COPERNICUS/S2_SR_HARMONIZED`, baseline offsets taken
off) over the windows of the 5-day grid. Cloud mask: observations whose Cloud Score+ (`cs_cdf` of
`GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED`, Pasquarella et al. 2023) is below 0.60 are left out. The
mask of the official data is not known, so that it may be another one.

Needs the extra `earthengine` and an account; nothing here was run against Earth Engine itself.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from benchmark.data.dataset_card import BANDS
from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR
from benchmark.errors import DataError, UsageError

SERIES_COLLECTION: Final = "COPERNICUS/S2_SR_HARMONIZED"
CLOUD_COLLECTION: Final = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
CLOUD_BAND: Final = "cs_cdf"

CLEAR: Final = 0.60
"""Least Cloud Score+ of an observation that is kept; its guide suggests 0.50 to 0.65."""

VECTOR_COLLECTION: Final = "GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL"
VECTOR_BANDS: Final = tuple(f"A{number:02d}" for number in range(64))

NOTHING_SEEN: Final = 65_535
"""Written where a window has no clear observation; `ingest` knows it."""

METRES: Final = 10
"""Size of the pixel that is read at a point."""

POINTS_AT_ONCE: Final = 1_000
"""Points of one task: 73,000 rows, which a batch task writes in minutes to hours."""

ID_COLUMNS: Final = ("sample_id", "point_id", "id")

What = Literal["series", "alphaearth"]


@dataclass(frozen=True)
class Point:
    """A labelled place.

    Attributes:
        sample_id: Its id.
        longitude: Degrees east.
        latitude: Degrees north.
        others: Further columns of the table, such as the label's code, by name.
    """

    sample_id: str
    longitude: float
    latitude: float
    others: tuple[tuple[str, str], ...]


def read_points(path: Path) -> tuple[Point, ...]:
    """Read a table of points.

    Args:
        path: CSV with ``sample_id``, ``lon``, ``lat`` and whatever else belongs to a point.

    Returns:
        The points, in the order of the table.

    Raises:
        DataError: If the table cannot be read, lacks a column, names a point twice or has a place
            that is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The table {path} cannot be read: {error}.") from error
    if not rows:
        raise DataError(f"{path} has no rows.")
    identity = next((name for name in ID_COLUMNS if name in rows[0]), None)
    if identity is None or not {"lon", "lat"} <= rows[0].keys():
        raise DataError(f"{path} needs the columns sample_id, lon and lat.")
    points = tuple(_point(path, number, row, identity) for number, row in enumerate(rows, 2))
    if len({point.sample_id for point in points}) != len(points):
        raise DataError(f"{path} has a {identity} twice: each point needs its own.")
    return points


def _point(path: Path, line: int, row: dict[str, str], identity: str) -> Point:
    try:
        longitude, latitude = float(row["lon"]), float(row["lat"])
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} has no place in line {line}: lon and lat are degrees.") from error
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90) or not row[identity]:
        raise DataError(
            f"{path} has no place or no {identity} in line {line}: lon is -180 to 180 degrees, lat "
            "-90 to 90."
        )
    taken = (identity, "lon", "lat")
    others = tuple((k, v or "") for k, v in row.items() if k is not None and k not in taken)
    return Point(row[identity], longitude, latitude, others)


def windows(year: int) -> tuple[tuple[date, date], ...]:
    """Return the windows of the 5-day grid of a year.

    Returns:
        First day and the day after the last, 73 times; day 366 belongs to the last one.
    """
    first = date(year, 1, 1)
    days = [first + timedelta(days=STEP_DAYS * step) for step in range(STEPS_PER_YEAR)]
    return tuple(zip(days, [*days[1:], date(year + 1, 1, 1)], strict=True))


def batches(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Yield the points of each task."""
    for begin in range(0, len(points), POINTS_AT_ONCE):
        yield points[begin : begin + POINTS_AT_ONCE]


def export(
    points: Sequence[Point], *, year: int, what: What, folder: str, project: str, name: str
) -> tuple[str, ...]:
    """Start the tasks that write the tables to Google Drive.

    Args:
        points: The points.
        year: Year of the series or vectors.
        what: ``series`` for 5-day medians, ``alphaearth`` for the annual vectors.
        folder: Folder in Google Drive.
        project: Google Cloud project that the tasks run in.
        name: Beginning of the tables' names; letters, digits, ``-`` and ``_``.

    Returns:
        Names of the tables, in the order of the points.

    Raises:
        UsageError: If the extra is not installed, the name cannot be one, or Earth Engine refuses.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UsageError(f"'{name}' cannot name a task: use letters, digits, - and _.")
    try:
        import ee
    except ImportError as error:
        raise UsageError(
            "Earth Engine's client is not installed: run `pip install '.[earthengine]'` in the "
            "folder of the suite's source, then `earthengine authenticate`."
        ) from error
    others = [column for column, _ in points[0].others]
    names: list[str] = []
    columns: tuple[str, ...]
    try:
        ee.Initialize(project=project)
        for number, batch in enumerate(batches(points)):
            places = _features(ee, batch)
            if what == "series":
                table, columns = _series_table(ee, places, year), ("date", *BANDS)
            else:
                table, columns = _vector_table(ee, places, year), VECTOR_BANDS
            names.append(f"{name}_{what}_{year}_{number:03d}")
            task = ee.batch.Export.table.toDrive(
                collection=table,
                description=names[-1],
                folder=folder,
                fileNamePrefix=names[-1],
                fileFormat="CSV",
                selectors=["sample_id", "lon", "lat", *others, *columns],
            )
            task.start()
    except ee.EEException as error:
        raise UsageError(
            f"Earth Engine refused after {len(names)} tasks ({error}): mend that and start again "
            "with the points that are left."
        ) from error
    return tuple(names)


def _features(ee: Any, points: Sequence[Point]) -> Any:
    return ee.FeatureCollection(
        [
            ee.Feature(
                ee.Geometry.Point([point.longitude, point.latitude]),
                {
                    **dict(point.others),
                    "sample_id": point.sample_id,
                    "lon": point.longitude,
                    "lat": point.latitude,
                },
            )
            for point in points
        ]
    )


def _series_table(ee: Any, places: Any, year: int) -> Any:
    """Return a row for each point and window: first day and ten medians, 65535 for none."""
    bands = list(BANDS)

    def keep_clear(image: Any) -> Any:
        return image.updateMask(image.select(CLOUD_BAND).gte(CLEAR)).select(bands)

    clear = (
        ee.ImageCollection(SERIES_COLLECTION)
        .filterBounds(places)
        .filterDate(f"{year}-01-01", f"{year + 1}-01-01")
        .linkCollection(ee.ImageCollection(CLOUD_COLLECTION), [CLOUD_BAND])
        .map(keep_clear)
    )
    # A window without any image has a median without bands; an image that is all mask mends that.
    nothing = ee.Image.constant([0] * len(bands)).rename(bands).toUint16().selfMask()
    tables = []
    for first, after in windows(year):
        seen = clear.filterDate(first.isoformat(), after.isoformat())
        median = seen.merge(ee.ImageCollection([nothing])).median()
        values = median.unmask(NOTHING_SEEN).round().toUint16()
        table = values.reduceRegions(collection=places, reducer=ee.Reducer.first(), scale=METRES)
        day = first.isoformat()
        tables.append(table.map(lambda feature, day=day: feature.set("date", day)))
    return ee.FeatureCollection(tables).flatten()


def _vector_table(ee: Any, places: Any, year: int) -> Any:
    """Return a row for each point: the 64 numbers of its year."""
    image = (
        ee.ImageCollection(VECTOR_COLLECTION)
        .filterDate(f"{year}-01-01", f"{year + 1}-01-01")
        .filterBounds(places)
        .mosaic()
        .select(list(VECTOR_BANDS))
    )
    return image.reduceRegions(collection=places, reducer=ee.Reducer.first(), scale=METRES)
