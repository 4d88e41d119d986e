"""Dates as tables write them: each form is read as what it says, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ingesting import Save, Table, ingest, series_of

from benchmark.errors import DataError


@pytest.mark.parametrize(
    ("column", "convert"),
    [
        ("date", lambda day: day.strftime("%Y-%m-%d")),
        ("date", lambda day: day.strftime("%Y-%m-%d 00:00:00")),
        ("date", lambda day: day.strftime("%Y-%m-%dT00:00:00Z")),
        ("date", lambda day: int(day.strftime("%Y%m%d"))),
        ("timestamp", lambda day: day.date()),
        ("system:time_start", lambda day: float(day.timestamp() * 1000)),
        ("system:index", lambda day: day.strftime("%Y%m%d_T15SWA_7")),
        ("date", lambda day: day.strftime("%Y/%m/%d")),
        ("date", lambda day: day.strftime("%d.%m.%Y")),
        ("date", lambda day: day.strftime("%d/%m/%Y")),
        ("date", lambda day: day.strftime("%m/%d/%Y")),
        ("date", lambda day: day.strftime("%d-%m-%Y 00:00:00")),
        ("date", lambda day: f"{day.year}/{day.month}/{day.day}"),
        ("date", lambda day: int(day.strftime("%Y%j"))),
        ("date", lambda day: day.strftime("%Y-%j")),
        ("date", lambda day: float(day.strftime("%Y%m%d"))),
        ("timestamp", lambda day: int(day.timestamp())),
        ("timestamp", lambda day: int(day.timestamp() * 1000)),
        ("system:index", lambda day: day.strftime("1_2_%Y%m%dT000000_%Y%m%dT000000_T15SWA_7")),
    ],
)
@pytest.mark.parametrize("file", ["points.csv", "points.parquet"])
def test_forms_of_dates(
    tmp_path: Path, long_table: Table, save: Save, column: str, convert: Any, file: str
) -> None:
    ingest(save(long_table(), "reference.parquet"), tmp_path / "reference")
    table = long_table()
    days = table.pop("timestamp").map(convert)
    ingest(save(table.assign(**{column: days}), file), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "reference"))


def test_a_day_of_the_year_beside_a_year(tmp_path: Path, long_table: Table, save: Save) -> None:
    ingest(save(long_table(), "reference.parquet"), tmp_path / "reference")
    table = long_table()
    days = table.pop("timestamp")
    ingest(
        save(table.assign(year=days.dt.year, doy=days.dt.day_of_year), "t.csv"), tmp_path / "out"
    )
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "reference"))
    with pytest.raises(DataError, match="outside 1 to 366"):
        ingest(save(table.assign(year=2021, doy=367), "t.csv"), tmp_path / "x")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"])
def test_day_and_month_that_can_be_exchanged_are_refused(
    tmp_path: Path, long_table: Table, save: Save, form: str
) -> None:
    table = long_table()
    months = pd.date_range("2021-01-01", periods=12, freq="MS").append(
        pd.date_range("2021-01-02", periods=12, freq="MS")
    )
    table = table.iloc[:24].assign(timestamp=months.strftime(form))
    with pytest.raises(DataError, match=r"whose day and month can be exchanged: write them as"):
        ingest(save(table, "points.csv"), tmp_path / "out")


def test_points_with_dots_are_said_to_be_read_day_first(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(count=12)
    months = pd.date_range("2021-01-01", periods=12, freq="MS").strftime("%d.%m.%Y")
    path = save(table.assign(timestamp=[*months, *months]), "points.csv")
    report = ingest(path, tmp_path / "out")
    assert "Dates in column timestamp are read as day.month.year." in report.notes
    assert "Every date is the first of a month." in report.domains[0].card.notes
