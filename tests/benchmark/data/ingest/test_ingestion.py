"""Point tables become domains, with values that can be computed by hand."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ingesting import earth_engine, ingest, series_of

from benchmark.data.dataset import open_dataset
from benchmark.errors import DataError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


def test_composites_stand_at_the_middle_of_their_window(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    ingest(save(long_table()), tmp_path / "out")
    first = series_of(tmp_path / "out")[0, 0]
    # A composite of days 0 to 9 of value 1000 + 10 d stands at day d + 5: at 7.5 the line between
    # 1000 (day 5) and 1100 (day 15) has 1025; before day 5 the value is held.
    np.testing.assert_allclose(first[[0, 1, 2, 72]], [0.1, 0.1025, 0.1075, 0.4575], atol=1e-6)


def test_acquisitions_stand_at_their_day_and_share_a_step_by_their_median(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = earth_engine(long_table(step=3, count=122))
    report = ingest(save(table, "points.csv"), tmp_path / "out", label_column="cropland")
    first = series_of(tmp_path / "out")[0, 0]
    # Days 0 and 3 share step 0, 6 and 9 step 1, 12 stands alone in step 2 at 12.5.
    np.testing.assert_allclose(first[:3], [0.1015, 0.1075, 0.112], atol=1e-6)
    assert report.domains[0].card.cadence_days == 3
    assert "Dates are acquisition days." in report.domains[0].card.notes


def test_both_formats_and_both_files_give_the_same_series(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    ingest(save(table, "a.parquet"), tmp_path / "a")
    ingest(save(table, "b.csv"), tmp_path / "b")
    ingest(save(earth_engine(table), "c.csv"), tmp_path / "c", label_column="cropland")
    ingest(save(earth_engine(table), "d.parquet"), tmp_path / "d", label_column="cropland")
    expected = series_of(tmp_path / "a")
    for name in ("b", "c", "d"):
        np.testing.assert_array_equal(series_of(tmp_path / name), expected)


@pytest.mark.parametrize(
    ("column", "convert"),
    [
        ("date", lambda day: day.strftime("%Y-%m-%dT10:56:21Z")),
        ("timestamp", lambda day: (day + pd.Timedelta("10:30:31.024123")).as_unit("us")),
        ("timestamp", lambda day: (day + pd.Timedelta("10:30:31.024123456")).as_unit("ns")),
        ("system:time_start", lambda day: int(day.timestamp() * 1000) + 39_381_000),
        ("system:index", lambda day: day.strftime("%Y%m%dT105621_20210105T105942_T15SWA_7")),
    ],
)
def test_a_time_of_day_means_an_acquisition(
    tmp_path: Path, long_table: Table, save: Save, column: str, convert: Any
) -> None:
    ingest(save(long_table(), "reference.parquet"), tmp_path / "reference", window=0)
    table = long_table()
    days = table.pop("timestamp").map(convert)
    ingest(save(table.assign(**{column: days})), tmp_path / "out")
    expected = series_of(tmp_path / "reference")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), expected)


def test_a_table_on_the_grid_of_the_benchmark_is_not_changed(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    ingest(save(long_table(step=5, count=73)), tmp_path / "out")
    expected = 0.1 + 0.005 * np.arange(73)
    np.testing.assert_allclose(series_of(tmp_path / "out")[0, 0], expected, atol=1e-6)


def test_the_order_of_the_rows_does_not_matter(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(("a", "b", "c"), codes=(1, 5, 3))
    ingest(save(table, "one.parquet"), tmp_path / "one")
    ingest(save(table.sample(frac=1, random_state=1), "two.parquet"), tmp_path / "two")
    one = open_dataset(tmp_path / "one").load("USA-AR")
    two = open_dataset(tmp_path / "two").load("USA-AR")
    order = np.argsort(two.sample_ids)
    np.testing.assert_array_equal(two.series[order], one.series)
    np.testing.assert_array_equal(two.labels[order], one.labels)


def test_chunks_of_samples_do_not_show(
    tmp_path: Path, long_table: Table, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(long_table(("a", "b", "c"), codes=(1, 5, 3)))
    ingest(path, tmp_path / "whole")
    monkeypatch.setattr("benchmark.data.ingest.sample_series.CHUNK", 2)
    ingest(path, tmp_path / "parts")
    whole, parts = open_dataset(tmp_path / "whole"), open_dataset(tmp_path / "parts")
    assert parts.fingerprint == whole.fingerprint
    assert parts.card.domains == whole.card.domains


def test_missing_observations_are_filled_and_counted(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(("a", "b"))
    bands = [name for name in table if name.startswith("S2")]
    cloudy = (table["sample_id"] == "a") & table["timestamp"].between("2021-02-01", "2021-03-01")
    table[bands] = table[bands].astype(float)
    table.loc[cloudy, bands] = 65535  # day 40 and 50
    table.loc[(table["sample_id"] == "a") & (table["timestamp"] == "2021-03-02"), bands[3]] = np.nan
    report = ingest(save(table), tmp_path / "out")
    card = report.domains[0].card
    # Three composites of two steps each, of 2 x 73 steps; a date without one band is none.
    assert card.missing_share == pytest.approx(6 / 146, abs=1e-4)
    assert card.missing_by_step is not None
    assert [card.missing_by_step[step] for step in (7, 8, 13, 14)] == [0, 0.5, 0.5, 0]
    series = series_of(tmp_path / "out")
    np.testing.assert_allclose(series[0], series[1], atol=1e-4)  # a line stays a line


def test_reflectance_is_taken_as_it_is(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table()
    bands = [name for name in table if name.startswith("S2")]
    table[bands] = table[bands] / 10_000
    ingest(save(table), tmp_path / "out")
    assert series_of(tmp_path / "out")[0, 0, 1] == pytest.approx(0.1025)


@pytest.mark.parametrize("file", ["points.csv", "points.parquet"])
@pytest.mark.parametrize("wild", [2.05, 6.5, 30_000.0, np.inf])
def test_one_wild_value_does_not_change_the_unit_of_the_others(
    tmp_path: Path, long_table: Table, save: Save, file: str, wild: float
) -> None:
    """A saturated cloud used to have a whole table of reflectance divided by 10,000."""
    table = long_table()
    bands = [name for name in table if name.startswith("S2")]
    table[bands] = table[bands] / 10_000
    table.loc[5, bands[3]] = wild
    report = ingest(save(table, file), tmp_path / "out")
    series = series_of(tmp_path / "out")
    np.testing.assert_allclose(series[0, 0, [1, 72]], [0.1025, 0.4575], atol=1e-6)
    np.testing.assert_allclose(series[0], series[1], atol=1e-6)  # filled along the line
    assert any("no reflectance" in note for note in report.domains[0].card.notes)


def test_digital_numbers_may_be_floats(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table()
    ingest(save(table, "whole.parquet"), tmp_path / "whole")
    bands = [name for name in table if name.startswith("S2")]
    table[bands] = table[bands].astype(float)
    ingest(save(table, "floats.parquet"), tmp_path / "floats")
    np.testing.assert_array_equal(series_of(tmp_path / "floats"), series_of(tmp_path / "whole"))


def test_a_stated_window_overrides_detection(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table())
    ingest(path, tmp_path / "out", window=0)
    # Acquired on day 0 and 10, that is at 0.5 and 10.5: at 2.5 the line has 1020.
    assert series_of(tmp_path / "out")[0, 0, 0] == pytest.approx(0.102)


@pytest.mark.parametrize(
    ("first", "refused"),
    [(date(2021, 1, 1), False), (date(2021, 1, 11), False), (date(2021, 1, 4), True)],
)
def test_dates_that_may_be_passes_of_one_satellite(
    tmp_path: Path, long_table: Table, save: Save, first: date, refused: bool
) -> None:
    table = earth_engine(long_table(first=first, count=36))
    path = save(table)
    if not refused:
        report = ingest(path, tmp_path / "out", label_column="cropland")
        assert report.domains[0].card.cadence_days == 10
        return
    with pytest.raises(DataError, match=r"10 days apart from 2021-01-04 on, .*--window 10 or"):
        ingest(path, tmp_path / "out", label_column="cropland")
    passes = series_of_window(path, tmp_path / "passes", 0)
    composites = series_of_window(path, tmp_path / "composites", 10)
    assert passes[0, 0, 20] > composites[0, 0, 20]  # 5 days earlier on a rising line


def series_of_window(path: Path, directory: Path, window: float) -> Any:
    ingest(path, directory, window=window, label_column="cropland")
    return series_of(directory)
