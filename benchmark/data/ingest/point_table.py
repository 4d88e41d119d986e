"""Point tables, one row per sample and date, read into arrays.

Two formats are understood, as parquet or CSV, and both through the same code:

- WorldCereal's long format: ``sample_id``, ``timestamp``, ``S2-L2A-B02`` ... ``S2-L2A-B12`` (or
  ``S2-L1C-...``), ``lon``, ``lat``, a label column; ``ref_id``, ``year`` and ``region`` are used
  where they are there.
- Earth Engine exports: bands ``B2`` ... ``B12``, ``B8A``; the date as ``system:time_start``
  (milliseconds since 1970), as ``date`` or ``timestamp`` (ISO, ``YYYYMMDD`` or milliseconds), or as
  a ``system:index`` that begins with ``YYYYMMDD``; the place as ``.geo`` (a GeoJSON point) or
  ``lon`` and ``lat``; samples told apart by ``sample_id``, ``point_id`` or ``id``, else by place.

65535, an empty cell and NaN mean that there is no observation. Other columns are not read. Dates
with a time of day other than midnight are acquisitions, whatever their spacing.
"""

import csv
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from benchmark.data.ingest.column_roles import Columns
from benchmark.errors import DataError

NO_OBSERVATION: Final = 65_535.0
"""The missing-value code of WorldCereal's unsigned 16-bit columns."""

EMPTY_CELLS: Final = ["", "NA", "N/A", "NaN", "nan", "null", "None"]

MILLISECONDS: Final = 1e11
"""A number above this is a time in milliseconds since 1970 (3 March 1973), not ``YYYYMMDD``."""

COMPACT_DATE: Final = re.compile(r"(\d{8})(T\d{6})?(?=\D|$)")
"""``YYYYMMDD`` with an optional ``THHMMSS``, as Sentinel-2's image indices begin."""

Days = npt.NDArray[np.datetime64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """A column of few different words, each row holding the number of its word.

    Attributes:
        row: Number of the word in ``values``, [R]; -1 where the cell is empty.
        values: The different words, [W].
    """

    row: Index
    values: tuple[str, ...]


@dataclass(frozen=True)
class PointTable:
    """A long point table in memory.

    Attributes:
        path: File that it was read from.
        columns: Columns that were read.
        sample: Sample of each row.
        days: Date of each row, [R], datetime64[D].
        timed: Whether some dates have a time of day other than midnight.
        values: Stored band values [R, B], float32, NaN where there is no observation.
        whole_numbers: Whether every band is stored as integers.
        label: Label code of each row.
        region: Region of each row, or ``None``.
        reference: ``ref_id`` of each row, or ``None``.
        year: Year of each row, or ``None``.
        longitude: Degrees east [R], or ``None``.
        latitude: Degrees north [R], or ``None``.
    """

    path: Path
    columns: Columns
    sample: Words
    days: Days
    timed: bool
    values: npt.NDArray[np.float32]
    whole_numbers: bool
    label: Words
    region: Words | None = None
    reference: Words | None = None
    year: Words | None = None
    longitude: npt.NDArray[np.float64] | None = None
    latitude: npt.NDArray[np.float64] | None = None


def table_columns(path: Path) -> list[str]:
    """Return the names of a table's columns.

    Raises:
        DataError: If the file is no readable parquet or CSV table.
    """
    try:
        if is_parquet(path):
            return list(pyarrow.parquet.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            return next(csv.reader(handle), [])
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def is_parquet(path: Path) -> bool:
    """Return whether a file is to be read as parquet.

    Raises:
        DataError: If its name ends neither like parquet nor like CSV.
    """
    suffix = path.suffix.lower()
    if suffix in {".parquet", ".pq"}:
        return True
    if suffix in {".csv", ".txt"}:
        return False
    raise DataError(f"{path} is neither .parquet nor .csv: save the table as one of them.")


def read_table(path: Path, columns: Columns) -> PointTable:
    """Read the given columns of a table.

    Args:
        path: Parquet or CSV file.
        columns: What to read, from `find_columns`.

    Raises:
        DataError: If the file cannot be read or a column does not hold what it must.
    """
    table = _read_arrow(path, columns)
    if table.num_rows == 0:
        raise DataError(f"{path} has no rows.")
    longitude, latitude = _read_place(path, table, columns)
    if columns.sample is not None:
        sample = words_of(table.column(columns.sample))
        if (sample.row < 0).any():
            raise DataError(f"{path} has rows without {columns.sample}: every row needs one.")
    else:
        sample = _samples_by_place(path, longitude, latitude)
    bands = [table.column(name) for name in columns.bands.values()]
    values = np.empty((table.num_rows, len(bands)), dtype=np.float32)
    for index, (name, column) in enumerate(zip(columns.bands.values(), bands, strict=True)):
        values[:, index] = numbers_of(path, name, column, pa.float32())
    values[values == NO_OBSERVATION] = np.nan
    days, timed = _days(path, columns.dates, table.column(columns.dates))

    def optional(name: str | None) -> Words | None:
        return None if name is None else words_of(table.column(name))

    return PointTable(
        path=path,
        columns=columns,
        sample=sample,
        days=days,
        timed=timed,
        values=values,
        whole_numbers=all(pa.types.is_integer(column.type) for column in bands),
        label=words_of(table.column(columns.label)),
        region=optional(columns.region),
        reference=optional(columns.reference),
        year=optional(columns.year),
        longitude=longitude,
        latitude=latitude,
    )


def _read_arrow(path: Path, columns: Columns) -> Any:
    names = [*columns.words, *columns.bands.values()]
    try:
        if is_parquet(path):
            return pyarrow.parquet.read_table(path, columns=names)
        types = {name: pa.string() for name in columns.words}
        types |= {name: pa.float64() for name in columns.bands.values()}
        options = pyarrow.csv.ConvertOptions(
            include_columns=names,
            column_types=types,
            null_values=EMPTY_CELLS,
            strings_can_be_null=True,
        )
        return pyarrow.csv.read_csv(path, convert_options=options)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"The table {path} cannot be read: {reason}.")


def words_of(column: Any) -> Words:
    """Encode an arrow column as text; whole numbers stored as floats lose their ``.0``."""
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy()
        whole = numbers[np.isfinite(numbers)]
        column = pc.if_else(pc.is_finite(column), column, None)
        if (whole == np.rint(whole)).all():
            column = column.cast(pa.int64())
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    row = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return Words(row=row, values=tuple(encoded.dictionary.to_pylist()))


def numbers_of(path: Path, name: str, column: Any, kind: Any) -> npt.NDArray[Any]:
    """Return an arrow column as numbers of an arrow type, NaN where a cell is empty.

    Raises:
        DataError: If it holds text that is no number.
    """
    try:
        numbers = pc.cast(column, kind, safe=False)
    except pa.ArrowException as error:
        raise DataError(f"{path} has text in column {name} where numbers belong.") from error
    return np.asarray(numbers.to_numpy())


def _days(path: Path, name: str, column: Any) -> tuple[Days, bool]:
    """Return the date of each row, and whether some have a time of day."""
    if column.null_count:
        raise DataError(f"{path} has {column.null_count} rows without a date in column {name}.")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        # Exports stamp acquisitions to the microsecond, which a safe cast refuses to cut.
        times = np.asarray(column.cast(pa.timestamp("ms"), safe=False).to_numpy())
        row = np.arange(len(times))
    else:
        words = words_of(column)
        moments = [_moment(path, name, text).replace(tzinfo=None) for text in words.values]
        times, row = np.array(moments, dtype="datetime64[ms]"), words.row
    days = times.astype("datetime64[D]")
    return days[row], bool((times != days).any())


def _moment(path: Path, name: str, text: str) -> datetime:
    """Return what a text says of a date, in UTC: ISO, ``YYYYMMDD`` or milliseconds since 1970."""
    try:
        match = COMPACT_DATE.match(text.strip())
        if match is not None:
            compact = match[1] + (match[2] or "T000000")
            return datetime.strptime(compact, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        if text[:5].endswith("-"):
            moment = datetime.fromisoformat(text.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        milliseconds = float(text)
        if milliseconds > MILLISECONDS:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        pass  # said below
    raise DataError(
        f"{path} has '{text}' in column {name}, which is no date: "
        "use 2023-06-30, 20230630 or milliseconds since 1970."
    )


def _read_place(
    path: Path, table: Any, columns: Columns
) -> tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64] | None]:
    if columns.longitude is not None and columns.latitude is not None:
        return (
            numbers_of(path, columns.longitude, table.column(columns.longitude), pa.float64()),
            numbers_of(path, columns.latitude, table.column(columns.latitude), pa.float64()),
        )
    if columns.geometry is None:
        return None, None
    words = words_of(table.column(columns.geometry))
    nowhere = (np.nan, np.nan)
    points = np.array([*(_point(path, text) for text in words.values), nowhere])
    placed = points[words.row]
    return placed[:, 0], placed[:, 1]


def _point(path: Path, text: str) -> tuple[float, float]:
    try:
        geometry = json.loads(text)
        if not geometry["coordinates"]:  # Earth Engine writes an empty multipoint for no geometry
            return np.nan, np.nan
        longitude, latitude = geometry["coordinates"][:2]
        return float(longitude), float(latitude)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path} has '{text[:60]}' in column .geo, which is no GeoJSON point."
        ) from error


def _samples_by_place(
    path: Path,
    longitude: npt.NDArray[np.float64] | None,
    latitude: npt.NDArray[np.float64] | None,
) -> Words:
    if longitude is None or latitude is None or np.isnan(longitude + latitude).any():
        raise DataError(f"{path} has rows without sample id and without place: add a sample_id.")
    places, row = np.unique(np.stack([longitude, latitude]), axis=1, return_inverse=True)
    names = tuple(f"{east:.6f},{north:.6f}" for east, north in places.T)
    if len(set(names)) != len(names):
        raise DataError(f"{path} has points less than 1e-6 degrees apart: add a sample_id.")
    return Words(row=row.reshape(-1).astype(np.int64), values=names)
