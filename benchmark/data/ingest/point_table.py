"""Point tables, read into arrays with one row per sample and date.

`column_roles` tells what each column is; docs/data.md lists the formats. A table with a column for
each band and date is turned into one with a row for each date. Other columns are not read.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmark.data.ingest.cell_values import Words, numbers_of, plain_column, words_of
from benchmark.data.ingest.column_roles import Columns
from benchmark.data.ingest.dates import Days, read_dates, read_days_of_year
from benchmark.data.ingest.places import read_place, samples_by_place
from benchmark.data.ingest.table_files import read_columns
from benchmark.data.ingest.wide_tables import wide_dates, wide_values
from benchmark.errors import DataError


@dataclass(frozen=True)
class PointTable:
    """A long point table in memory.

    Attributes:
        path: File that it was read from.
        columns: Columns that were read.
        sample: Sample of each row.
        days: Date of each row, [R], datetime64[D].
        timed: Whether the time of day of the dates shows that they are acquisitions.
        unclear: Whether their time of day may be a time zone's midnight or not.
        values: Stored band values [R, B], float32, NaN where a cell is empty.
        whole_numbers: Whether every band is stored as integers.
        label: Label code of each row.
        region: Region of each row, or ``None``.
        reference: ``ref_id`` of each row, or ``None``.
        year: Year of each row's label, or ``None``.
        longitude: Degrees east [R], or ``None``.
        latitude: Degrees north [R], or ``None``.
        notes: How it was read, where that needs saying.
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
    unclear: bool = False
    notes: tuple[str, ...] = ()

    def keep(self, rows: npt.NDArray[np.bool_]) -> "PointTable":
        """Return the table with some of its rows."""

        def some(words: Words | None) -> Words | None:
            return None if words is None else words.of_rows(rows)

        return replace(
            self,
            sample=self.sample.of_rows(rows),
            days=self.days[rows],
            values=self.values[rows],
            label=self.label.of_rows(rows),
            region=some(self.region),
            reference=some(self.reference),
            year=some(self.year),
            longitude=None if self.longitude is None else self.longitude[rows],
            latitude=None if self.latitude is None else self.latitude[rows],
        )


def read_table(path: Path, columns: Columns) -> PointTable:
    """Read the given columns of a table.

    Args:
        path: The table.
        columns: What to read, from `find_columns`.

    Raises:
        DataError: If the file cannot be read or a column does not hold what it must.
    """
    table = read_columns(path, columns.words, columns.numbers)
    if table.num_rows == 0:
        raise DataError(f"{path} has no rows.")
    longitude, latitude = read_place(path, table, columns)
    points = _long(path, table, columns) if columns.wide is None else _wide(path, table, columns)
    times = len(points.days) // table.num_rows

    def words(name: str | None) -> Words | None:
        found = None if name is None else words_of(path, name, table.column(name))
        return found if found is None or times == 1 else found.repeated(times)

    if columns.sample is not None:
        sample = words(columns.sample)
        assert sample is not None
        if (sample.row < 0).any():
            raise DataError(f"{path} has rows without {columns.sample}: every row needs one.")
    else:
        sample = samples_by_place(path, longitude, latitude).repeated(times)
    label = words(columns.label)
    assert label is not None
    year = words(columns.year)
    return replace(
        points,
        sample=sample,
        label=label,
        region=words(columns.region),
        reference=words(columns.reference),
        year=year if year is not None else _valid_years(words(columns.valid)),
        longitude=None if longitude is None else np.repeat(longitude, times),
        latitude=None if latitude is None else np.repeat(latitude, times),
    )


def _long(path: Path, table: Any, columns: Columns) -> PointTable:
    """Return dates and values of a table that has a row for each date."""
    bands = [plain_column(path, name, table.column(name)) for name in columns.bands.values()]
    values = np.empty((table.num_rows, len(bands)), dtype=np.float32)
    for index, (name, column) in enumerate(zip(columns.bands.values(), bands, strict=True)):
        values[:, index] = numbers_of(path, name, column, pa.float32())
    if columns.dates is not None:
        dates = read_dates(path, columns.dates, table.column(columns.dates))
    else:
        names = (columns.date_year or "", columns.day_of_year or "")
        dates = read_days_of_year(path, table.column(names[0]), table.column(names[1]), names)
    return PointTable(
        path=path,
        columns=columns,
        sample=Words(np.empty(0, np.int64), ()),
        days=dates.days,
        timed=dates.timed,
        unclear=dates.unclear,
        values=values,
        whole_numbers=all(pa.types.is_integer(column.type) for column in bands),
        label=Words(np.empty(0, np.int64), ()),
        notes=() if dates.note is None else (dates.note,),
    )


def _wide(path: Path, table: Any, columns: Columns) -> PointTable:
    """Return dates and values of a table that has a column for each band and date."""
    assert columns.wide is not None
    values, whole = wide_values(path, table, columns.wide, tuple(columns.bands))
    return PointTable(
        path=path,
        columns=columns,
        sample=Words(np.empty(0, np.int64), ()),
        days=wide_dates(path, table, columns),
        timed=False,
        values=values,
        whole_numbers=whole,
        label=Words(np.empty(0, np.int64), ()),
    )


def _valid_years(valid: Words | None) -> Words | None:
    """Return the year in which WorldCereal saw each label, where every row has such a date."""
    if valid is None or (valid.row < 0).any() or not all(v[:4].isdigit() for v in valid.values):
        return None
    years = [text[:4] for text in valid.values]
    different = tuple(dict.fromkeys(years))
    place = np.array([different.index(year) for year in years], dtype=np.int64)
    return Words(place[valid.row], different)
