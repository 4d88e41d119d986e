"""Point tables become domains, with values that can be computed by hand."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.data.blocks import spatial_blocks
from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest import IngestReport, ingest_table
from benchmark.data.taxonomy import CROPS
from benchmark.errors import CropGlobeError, DataError, UsageError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


def ingest(path: Path, directory: Path, **options: Any) -> IngestReport:
    return ingest_table(path, directory, **{"labels": "cdl", "region": "USA-AR"} | options)


def series_of(directory: Path, domain: str = "USA-AR") -> Any:
    return open_dataset(directory).load(domain).series


def earth_engine(table: pd.DataFrame) -> pd.DataFrame:
    """Rewrite a WorldCereal table as an Earth Engine export."""
    out = pd.DataFrame({band: table[f"S2-L2A-B{band[1:].rjust(2, '0')}"] for band in BANDS})
    out["system:index"] = table["timestamp"].dt.strftime("%Y%m%d_0000")
    out["system:time_start"] = table["timestamp"].astype("datetime64[ms]").astype("int64")
    out[".geo"] = [
        json.dumps({"type": "Point", "coordinates": [east, north]})
        for east, north in zip(table["lon"], table["lat"], strict=True)
    ]
    out["cropland"] = table["cdl_code"]
    return out


# Values ----------------------------------------------------------------------------------------


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
        ("date", lambda day: day.strftime("%Y-%m-%d")),
        ("date", lambda day: day.strftime("%Y-%m-%d 00:00:00")),
        ("date", lambda day: day.strftime("%Y-%m-%dT00:00:00Z")),
        ("date", lambda day: int(day.strftime("%Y%m%d"))),
        ("timestamp", lambda day: day.date()),
        ("system:time_start", lambda day: float(day.timestamp() * 1000)),
        ("system:index", lambda day: day.strftime("%Y%m%d_T15SWA_7")),
    ],
)
@pytest.mark.parametrize("file", ["points.csv", "points.parquet"])
def test_every_documented_form_of_a_date(
    tmp_path: Path, long_table: Table, save: Save, column: str, convert: Any, file: str
) -> None:
    ingest(save(long_table(), "reference.parquet"), tmp_path / "reference")
    table = long_table()
    days = table.pop("timestamp").map(convert)
    ingest(save(table.assign(**{column: days}), file), tmp_path / "out")
    expected = series_of(tmp_path / "reference")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), expected)


@pytest.mark.parametrize(
    ("column", "convert"),
    [
        ("date", lambda day: day.strftime("%Y-%m-%dT10:56:21Z")),
        ("timestamp", lambda day: day + pd.Timedelta(hours=11)),
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
    monkeypatch.setattr("benchmark.data.points.CHUNK", 2)
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
    # Three of 2 x 37 dates; a date without one band is no observation.
    assert card.missing_share == pytest.approx(3 / 74, abs=1e-4)
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


def test_a_stated_window_overrides_detection(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table())
    ingest(path, tmp_path / "out", window=0)
    # Acquired on day 0 and 10, that is at 0.5 and 10.5: at 2.5 the line has 1020.
    assert series_of(tmp_path / "out")[0, 0, 0] == pytest.approx(0.102)


# Season and year ---------------------------------------------------------------------------------


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
    with pytest.raises(UsageError, match="dates of 2021, 2022: choose one with --year"):
        ingest(path, tmp_path / "out")
    report = ingest(path, tmp_path / "out", year=2022)
    assert report.first_day == "2022-01-01"
    assert open_dataset(tmp_path / "out").load("USA-AR").year.tolist() == [2022, 2022]  # type: ignore[union-attr]


def test_no_covered_year(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table(first=date(2021, 4, 1), count=18))
    with pytest.raises(UsageError, match="no year with dates throughout"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "out", year=2021)


def test_the_year_column_chooses_and_other_years_are_dropped(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(("a", "b", "c"), codes=(1, 1, 1), count=74, year=(2021, 2022, 2022))
    path = save(table)
    with pytest.raises(UsageError, match="labels of 2021, 2022"):
        ingest(path, tmp_path / "out")
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


# Regions, labels, bands, blocks ------------------------------------------------------------------


def test_a_region_column_makes_one_domain_each(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    path = save(long_table(region=("USA-AR", "USA-CA"), zone=("BEL", "BEL")))
    report = ingest_table(path, tmp_path / "out", labels="cdl")
    assert [(d.name, d.classes) for d in report.domains] == [
        ("USA-AR", {"corn": 1}),
        ("USA-CA", {"soybeans": 1}),
    ]
    named = ingest_table(path, tmp_path / "zone", labels="cdl", region_column="zone")
    assert [(d.name, d.samples) for d in named.domains] == [("BEL", 2)]
    joined = ingest(path, tmp_path / "joined", region="USA")
    assert joined.notes == ("Domain USA joins the regions USA-AR, USA-CA of the table.",)


def test_without_region_column_a_region_must_be_named(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    path = save(long_table())
    with pytest.raises(UsageError, match="name its domain with --region"):
        ingest_table(path, tmp_path / "out", labels="cdl")
    with pytest.raises(UsageError, match="not both"):
        ingest(path, tmp_path / "out", region_column="region")
    with pytest.raises(DataError, match="no region column 'lo', did you mean 'lon'"):
        ingest_table(path, tmp_path / "out", labels="cdl", region_column="lo")


@pytest.mark.parametrize(
    ("references", "domain"),
    [
        (("2021_FRA_LPIS_POLY_110", "2021_FRA_X"), "FRA"),
        (("2021_FRA_LPIS_POLY_110", "2021_BEL_X"), None),  # two countries
        (("2021_GLO_X", "2021_GLO_X"), None),  # no country
        (("FRA_2021", "FRA_2021"), None),
    ],
)
def test_a_country_is_read_from_ref_id_only_where_it_is_certain(
    tmp_path: Path, long_table: Table, save: Save, references: Any, domain: str | None
) -> None:
    path = save(long_table(ref_id=references))
    if domain is None:
        with pytest.raises(UsageError, match="--region"):
            ingest_table(path, tmp_path / "out", labels="cdl")
        return
    report = ingest_table(path, tmp_path / "out", labels="cdl")
    assert report.domains[0].name == domain
    assert "was read from ref_id" in report.notes[0]


@pytest.mark.parametrize("file", ["points.parquet", "points.csv"])
def test_unknown_codes_become_other_and_are_listed(
    tmp_path: Path, long_table: Table, save: Save, file: str
) -> None:
    table = long_table(tuple("abcde"), codes=(1, 300, 300, 61, 81))
    card = ingest(save(table, file), tmp_path / "out").domains[0].card
    assert card.unknown_codes == {"300": 2, "81": 1}
    labels = open_dataset(tmp_path / "out").load("USA-AR").labels
    assert [CROPS[label] for label in labels] == ["corn", "other", "other", "other", "other"]


def test_codes_stored_as_floats_and_samples_without_label(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(tuple("abc"), codes=(1.0, np.nan, 5.0))
    report = ingest(save(table), tmp_path / "out")
    assert report.domains[0].classes == {"corn": 1, "soybeans": 1}
    assert report.domains[0].card.dropped == {"no label": 1}


def test_a_map_of_ones_own_with_words(tmp_path: Path, long_table: Table, save: Save) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\nsource: here\ncolumn: crop\ncodes: {maize: corn, paddy: rice}\n")
    table = long_table(tuple("abc"), codes=(1, 1, 1), crop=("maize", "paddy", "tea"))
    report = ingest(save(table, "points.csv"), tmp_path / "out", labels=str(mine))
    assert report.domains[0].classes == {"corn": 1, "rice": 1, "other": 1}
    assert report.domains[0].card.unknown_codes == {"tea": 1}


def test_bands_that_lack_or_are_nearly_empty_are_left_out_and_said(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table().drop(columns="S2-L2A-B05")
    table["S2-L2A-B8A"] = 65535
    table.loc[table.index[:20], "S2-L2A-B8A"] = 1000  # 20 of 74 dates
    card = ingest(save(table), tmp_path / "out").domains[0].card
    assert card.bands == ("B2", "B3", "B4", "B6", "B7", "B8", "B11", "B12")
    assert any("no band B5" in note for note in card.notes)
    assert any("Band B8A is left out" in note and "50%" in note for note in card.notes)
    assert open_dataset(tmp_path / "out").load("USA-AR").series.shape == (2, 8, 73)


def test_the_level_is_read_from_the_columns_or_given(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    assert ingest(save(table), tmp_path / "a").domains[0].card.processing_level == "L2A"
    with pytest.raises(UsageError, match="says level L2A in its columns, --level says L1C"):
        ingest(save(table), tmp_path / "b", level="L1C")
    plain = save(earth_engine(table), "plain.csv")
    card = ingest(plain, tmp_path / "c", label_column="cropland").domains[0].card
    assert card.processing_level is None
    assert any("--level" in note for note in card.notes)
    stated = ingest(plain, tmp_path / "d", label_column="cropland", level="L1C")
    assert stated.domains[0].card.processing_level == "L1C"


def test_blocks_are_cells_of_ten_kilometres() -> None:
    here = spatial_blocks(np.array([-90.0, -89.999, -89.0]), np.array([35.0, 35.001, 35.0]))
    assert here[0] == here[1] != here[2]
    for latitude in (0.0, 45.0, 60.0):
        east = np.arange(0, 10, 0.001)
        cells = len(np.unique(spatial_blocks(east, np.full_like(east, latitude))))
        kilometres = 10 * 111.32 * np.cos(np.radians(latitude))
        assert kilometres / cells == pytest.approx(10, rel=0.05)
    assert len(np.unique(spatial_blocks(np.array([179.99, -180.0]), np.zeros(2)))) == 2


def test_no_coordinates_no_blocks(tmp_path: Path, long_table: Table, save: Save) -> None:
    report = ingest(save(long_table().drop(columns=["lon", "lat"])), tmp_path / "out")
    assert report.domains[0].blocks is None
    assert open_dataset(tmp_path / "out").load("USA-AR").block is None
    table = long_table()
    table.loc[table["sample_id"] == "b", "lon"] = np.nan
    assert ingest(save(table), tmp_path / "some").domains[0].blocks is None


def test_samples_with_few_observations_are_dropped_and_counted(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(tuple("abc"), codes=(1, 1, 1))
    bands = [name for name in table if name.startswith("S2")]
    table.loc[(table["sample_id"] == "b") & (table["timestamp"] > "2021-02-15"), bands] = 65535
    path = save(table)  # b keeps days 0 to 40: five dates
    report = ingest(path, tmp_path / "default")
    assert report.domains[0].samples == 2
    assert report.domains[0].card.dropped == {"fewer than 6 observed dates in the year": 1}
    assert ingest(path, tmp_path / "five", min_observations=5).domains[0].samples == 3


def test_a_few_impossible_values_are_no_observations(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    table.loc[5, "S2-L2A-B02"] = 30_000
    report = ingest(save(table), tmp_path / "out")
    assert any("no reflectance" in note for note in report.domains[0].card.notes)
    np.testing.assert_array_equal(*series_of(tmp_path / "out")[:, 0])


# Bad input ---------------------------------------------------------------------------------------


def twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[3]]])


def constant(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: value})


def mixed_labels(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[4, "cdl_code"] = 3
    return table


def without_a_date(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[4, "timestamp"] = pd.NaT
    return table


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.drop(columns="timestamp"), "no column of dates"),
        (twice, "the date 2021-01-31 twice for sample a"),
        (lambda t: t.drop(columns="cdl_code"), "no label column 'cdl_code'"),
        (lambda t: t.rename(columns={"cdl_code": "cdlcode"}), "did you mean 'cdlcode'"),
        (lambda t: t[["sample_id", "timestamp", "cdl_code"]], "no column of a Sentinel-2 band"),
        (lambda t: t.drop(columns=["sample_id", "lon"]), "tells its samples apart"),
        (lambda t: t.assign(B2=1), "band B2 twice"),
        (lambda t: t.assign(**{"S2-L1C-B05": 1}).drop(columns="S2-L2A-B05"), "mixes bands"),
        (constant("timestamp", "June"), "'June' in column timestamp, which is no date"),
        (constant("timestamp", "2021-02-30"), "which is no date"),
        (constant("timestamp", "20210230"), "which is no date"),
        (constant("timestamp", 17), "'17' in column timestamp, which is no date"),
        (without_a_date, "1 rows without a date"),
        (mixed_labels, "two values of cdl_code for sample a"),
        (constant("S2-L2A-B02", "cloud"), "text in column S2-L2A-B02"),
        (constant("S2-L2A-B02", -9999), "no reflectance"),
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.assign(**{c: 65535 for c in t if c.startswith("S2")}), "no observation"),
    ],
)
def test_bad_tables_are_one_sentence_and_leave_nothing(
    tmp_path: Path,
    long_table: Table,
    save: Save,
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
    words: str,
) -> None:
    path = save(spoil(long_table()))
    with pytest.raises(CropGlobeError, match=words) as caught:
        ingest(path, tmp_path / "out")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_no_sample_left_says_why(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table())
    with pytest.raises(DataError, match=r"no sample for USA-AR from 2019-01-01 .* 2 with fewer"):
        ingest(path, tmp_path / "out", year=2019)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["points.parquet", "points.csv", "points.xlsx"])
def test_unreadable_tables_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(DataError, match=name):
        ingest(path, tmp_path / "out")
    path.write_bytes(b"PAR1\xff\xfe\x00 not a table")
    with pytest.raises(DataError, match=name):
        ingest(path, tmp_path / "out")


def test_a_truncated_parquet_file(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="cannot be read"):
        ingest(path, tmp_path / "out")


def test_a_csv_with_a_broken_row(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table(), "points.csv")
    path.write_text(path.read_text() + "c,2021-01-01\n")
    with pytest.raises(DataError, match=r"points\.csv cannot be read"):
        ingest(path, tmp_path / "out")


@pytest.mark.parametrize("region", ["USA_AR", "", "../up"])
def test_a_region_that_cannot_be_a_name(
    tmp_path: Path, long_table: Table, save: Save, region: str
) -> None:
    with pytest.raises(DataError, match="cannot name a domain"):
        ingest(save(long_table()), tmp_path / "out", region=region)


def test_an_existing_domain_is_kept(tmp_path: Path, long_table: Table, save: Save) -> None:
    path = save(long_table())
    ingest(path, tmp_path / "out")
    before = open_dataset(tmp_path / "out").fingerprint
    with pytest.raises(DataError, match="has domain USA-AR already"):
        ingest(path, tmp_path / "out", min_observations=3)
    assert open_dataset(tmp_path / "out").fingerprint == before


def test_one_bad_region_writes_none(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table(region=("USA-AR", "USA-CA"))
    bands = [name for name in table if name.startswith("S2")]
    table.loc[table["region"] == "USA-CA", bands] = 65535
    with pytest.raises(DataError, match="no sample for USA-CA"):
        ingest_table(save(table), tmp_path / "out", labels="cdl")
    assert not (tmp_path / "out").exists()
