"""Which year of a point table is taken, and where it begins."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ingesting import ingest, series_of

from benchmark.data.dataset import open_dataset
from benchmark.errors import UsageError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


def test_a_season_across_new_year_uses_both_years(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    path = save(long_table(first=date(2020, 10, 7), count=40))  # until 2021-11-01
    report = ingest(path, tmp_path / "out", season_start="10-07", year=2021)
    assert (report.first_day, report.last_day) == ("2020-10-07", "2021-10-06")
    # The first date is 86 days before 2021-01-01: 1000 - 860 = 140, held until day 5.
    series = series_of(tmp_path / "out")[0, 0]
    np.testing.assert_allclose(series[[0, 1]], [0.014, 0.0165], atol=1e-6)
    assert report.domains[0].card.season_start == "10-07"


@pytest.mark.parametrize(
    ("region", "start", "season"),
    [
        ("AUS-QLD", "07-01", "aligned"),
        ("AUS-QLD", "01-01", "calendar"),
        ("USA-AR", "07-01", "calendar"),
    ],
)
def test_a_southern_year_that_starts_in_winter_is_aligned(
    tmp_path: Path, long_table: Table, save: Save, region: str, start: str, season: str
) -> None:
    path = save(long_table(count=74, year=(2022, 2022)))
    report = ingest(path, tmp_path / "out", region=region, season_start=start)
    assert report.domains[0].card.season == season


def test_dates_around_the_year_fill_its_ends(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table(first=date(2020, 12, 12), count=42))
    report = ingest(path, tmp_path / "out")
    assert report.domains[0].card.year == 2021
    # Composites stand at day -15, -5, 5 ...: day 2.5 is interpolated, not held.
    assert series_of(tmp_path / "out")[0, 0, 0] == pytest.approx(0.0975)


def test_two_covered_years_are_ambiguous(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table(count=74))
    with pytest.raises(UsageError, match="dates of 2021, 2022: choose one with --year") as said:
        ingest(path, tmp_path / "out")
    assert "for a domain of each, give each year of a sample an id of its own" in str(said.value)
    report = ingest(path, tmp_path / "out", year=2022)
    assert report.first_day == "2022-01-01"
    assert open_dataset(tmp_path / "out").load("USA-AR").year.tolist() == [2022, 2022]  # type: ignore[union-attr]


def test_no_covered_year(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table(first=date(2021, 4, 1), count=20))
    said = "no year with dates throughout, but 20 dates from 2021-04-01 to 2021-10-08: "
    with pytest.raises(UsageError, match=said + ".*--season-start, or the year with --year"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "out", year=2021)


def test_the_year_column_makes_a_domain_of_each_year_or_of_the_one_asked_for(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(("a", "b", "c"), codes=(1, 1, 1), count=74, year=(2021, 2022, 2022))
    path = save(table)
    both = ingest(path, tmp_path / "both")
    assert [(d.name, d.samples, d.card.year) for d in both.domains] == [
        ("USA-AR-2021", 1, 2021),
        ("USA-AR-2022", 2, 2022),
    ]
    assert "The samples are of 2021, 2022: each year is a domain." in both.notes
    with pytest.raises(UsageError, match="no labels of 2023: its years are 2021, 2022"):
        ingest(path, tmp_path / "out", year=2023)
    report = ingest(path, tmp_path / "out", year=2022)
    assert report.domains[0].samples == 2
    assert report.domains[0].card.dropped == {"a label of another year": 1}


def test_a_year_column_that_is_the_year_of_the_date_is_not_that_of_the_label(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(first=date(2020, 12, 12), count=42)
    table["year"] = table["timestamp"].dt.year
    assert ingest(save(table), tmp_path / "out").domains[0].card.year == 2021


@pytest.mark.parametrize("text", ["13-01", "02-29", "1-1", "July", "2021-07-01"])
def test_a_season_start_that_is_no_day(
    tmp_path: Path, long_table: Table, save: Save, text: str
) -> None:
    with pytest.raises(UsageError, match=f"'{text}' is no season start"):
        ingest(save(long_table()), tmp_path / "out", season_start=text)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_year_column_with_decimals_is_read(
    suffix: str, tmp_path: Path, long_table: Table
) -> None:
    """pandas writes a column of whole numbers that once had a gap as 2022.0."""
    table = long_table(("a", "b"), codes=(1, 1), count=74, year=(2021.0, 2022.0))
    path = tmp_path / f"t.{suffix}"
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    assert ingest(path, tmp_path / "out", year=2022).domains[0].samples == 1
