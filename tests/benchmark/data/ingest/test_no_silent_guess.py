"""What `ingest` assumed in silence once: the right value, or a question."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ingesting import earth_engine, ingest, series_of

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.errors import DataError, UsageError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]
RUN = "import sys; from benchmark.cli import main; main(sys.argv[1:])"
LONG = [f"S2-L2A-B{band[1:].rjust(2, '0')}" for band in BANDS]


def on(table: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a table whose samples have the given dates."""
    parts = [
        part.iloc[: len(days)].assign(timestamp=days) for _, part in table.groupby("sample_id")
    ]
    return pd.concat(parts)


MONTHS = pd.date_range("2020-12-01", periods=15, freq="MS")


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Chicago", "Pacific/Auckland"])
@pytest.mark.parametrize("file", ["t.csv", "t.parquet"])
def test_months_of_a_time_zone_are_composites(
    tmp_path: Path, long_table: Table, save: Save, zone: str, file: str
) -> None:
    """As 2020-11-30 23:00, 2020-12-31 23:00 ... 2021-05-31 22:00: once read as acquisitions."""
    table = on(long_table(), MONTHS)
    right = ingest(save(table, "right.parquet"), tmp_path / "right")
    stamps = table["timestamp"].dt.tz_localize(zone)
    for number, written in enumerate(
        [stamps.dt.tz_convert("UTC").dt.tz_localize(None), stamps, stamps.dt.tz_convert("UTC")]
    ):
        out = tmp_path / f"out{number}"
        report = ingest(save(table.assign(timestamp=written), file), out)
        np.testing.assert_array_equal(series_of(out), series_of(tmp_path / "right"))
        assert report.domains[0].card.missing_share == right.domains[0].card.missing_share == 0
        assert "Every date is the first of a month." in report.domains[0].card.notes


def test_a_window_of_a_month_is_as_long_as_the_month(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = on(long_table(), MONTHS)
    table[LONG] = np.tile(np.arange(15) * 100 + 1000, (10, 2)).T
    ingest(save(table), tmp_path / "out")
    # February stands at day 31 + 14 = 45 with 0.12, March at 59 + 15.5 = 74.5 with 0.13.
    expected = np.interp([52.5, 57.5], [45, 74.5], [0.12, 0.13])
    np.testing.assert_allclose(series_of(tmp_path / "out")[0, 0, 10:12], expected, atol=6e-5)


def test_month_ends_are_asked_about(tmp_path: Path, long_table: Table, save: Save) -> None:
    ends = pd.date_range("2020-12-31", periods=14, freq="ME")
    path = save(on(long_table(), ends))
    with pytest.raises(DataError, match=r"the last days of months.*--window 30.*--stamp last"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "last", stamp="last")
    starts = pd.date_range("2020-12-01", periods=14, freq="MS")
    ingest(save(on(long_table(), starts), "starts.parquet"), tmp_path / "first")
    np.testing.assert_array_equal(series_of(tmp_path / "last"), series_of(tmp_path / "first"))
    middles = save(on(long_table(), starts + pd.Timedelta(days=14)), "middles.parquet")
    with pytest.raises(DataError, match="day 15 of each month"):
        ingest(middles, tmp_path / "out")
    ingest(middles, tmp_path / "middle", stamp="middle")
    np.testing.assert_array_equal(series_of(tmp_path / "middle"), series_of(tmp_path / "first"))


def test_dekads_that_end_on_their_date_are_asked_about(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    every = pd.date_range("2020-12-01", "2022-01-31")
    begin = every[np.isin(every.day, (1, 11, 21))][:37]
    end = every[np.isin(every.day, (10, 20)) | every.is_month_end][:37]
    ingest(save(on(long_table(), begin), "begin.parquet"), tmp_path / "begin")
    path = save(on(long_table(), end), "end.parquet")
    with pytest.raises(DataError, match=r"10th, the 20th and the last day.*--stamp last"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "end", stamp="last")
    np.testing.assert_array_equal(series_of(tmp_path / "end"), series_of(tmp_path / "begin"))


def test_composites_whose_samples_start_on_different_dates(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """The dates of all samples together are irregular; those of each are 10 days apart."""
    tables = [
        long_table((name,), codes=(1,), first=date(2021, 1, day))
        for name, day in (("a", 1), ("b", 4), ("c", 8))
    ]
    report = ingest(save(pd.concat(tables)), tmp_path / "out")
    series = series_of(tmp_path / "out")[:, 0]
    # The value of the first day stands in the middle of the window: 5 days late on a line.
    expected = 0.1 + 0.001 * (np.arange(2, 72) * 5 + 2.5 - 5)
    for one in series:
        np.testing.assert_allclose(one[2:71], expected[:69], atol=6e-5)
    assert any("10 days apart, from 2021-01-01 on" in n for n in report.domains[0].card.notes)


@pytest.mark.parametrize("zone", ["+01:00", "-06:00", "+00:00"])
def test_a_stated_time_zone(tmp_path: Path, long_table: Table, save: Save, zone: str) -> None:
    table = long_table()
    ingest(save(table, "right.csv"), tmp_path / "right")
    stamps = table["timestamp"].dt.strftime("%Y-%m-%dT00:00:00") + zone
    ingest(save(table.assign(timestamp=stamps), "t.csv"), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))


def test_a_time_of_day_that_may_be_either_is_asked_about(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    path = save(table.assign(timestamp=table["timestamp"] + pd.Timedelta(hours=11)))
    with pytest.raises(DataError, match=r"regular dates .*--window 10 or --window 0"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "out", window=10)
    ingest(save(table, "right.parquet"), tmp_path / "right")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))


def southern_summer(long_table: Table) -> pd.DataFrame:
    return earth_engine(long_table(first=date(2021, 9, 1), count=48, step=5))


def test_a_season_that_was_not_seen_is_refused(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """From September to April with --year 2022: every step of the season window was filled."""
    path = save(southern_summer(long_table))
    with pytest.raises(DataError) as caught:
        ingest(path, tmp_path / "out", year=2022, label_column="cropland")
    said = str(caught.value)
    assert "no observation for 215 days of the season window" in said
    assert "43 of its 43 steps (less than 60 days and at most 14 steps" in said
    assert "from 2022-05-01 to 2022-12-01" in said
    assert said.index("--season-start") < said.index("--year")
    start = said.split("--season-start ")[1][:5]
    report = ingest(path, tmp_path / "out", year=2022, season_start=start, label_column="cropland")
    assert report.domains[0].samples == 2


def test_a_gap_inside_the_season_is_refused(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table(("a", "b", "c"), codes=(1, 5, 3))
    gap = table["timestamp"].between("2021-05-25", "2021-08-05")
    lost = gap & (table["sample_id"] == "a")
    ingest(save(table[~lost]), tmp_path / "one")  # a third of the samples may
    lost |= gap & (table["sample_id"] == "b")
    with pytest.raises(DataError, match=r"no observation for 70 days .*from 2021-05-31 to 2021-08"):
        ingest(save(table[~lost]), tmp_path / "two")


@pytest.mark.parametrize("code", [0, 1, -9999, 32767, 65535, np.nan])
@pytest.mark.parametrize("file", ["t.csv", "t.parquet"])
def test_no_data_codes_are_recognised(
    tmp_path: Path, long_table: Table, save: Save, code: float, file: str
) -> None:
    table = long_table()
    table[LONG] = table[LONG].astype(float)
    hidden = (table["sample_id"] == "a") & table["timestamp"].between("2021-05-01", "2021-05-31")
    table.loc[hidden, LONG] = np.nan
    ingest(save(table, f"right-{file}"), tmp_path / "right")
    table.loc[hidden, LONG] = code
    report = ingest(save(table, file), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))
    said = any(f"rows are {code:g} in every band" in note for note in report.notes)
    assert said == (np.isfinite(code) and code != 65535)


def test_a_row_of_reflectance_among_digital_numbers_is_not_observed(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """It was a black field once."""
    parts = [long_table().assign(sample_id=lambda t, n=n: t["sample_id"] + str(n)) for n in "123"]
    table = pd.concat(parts, ignore_index=True)
    table[LONG] = table[LONG].astype(float)
    right = table.copy()
    right.loc[20, LONG] = np.nan
    ingest(save(right, "right.parquet"), tmp_path / "right")
    table.loc[20, LONG] /= 10_000
    report = ingest(save(table), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))
    assert any(note.startswith("1 rows are reflectance among") for note in report.notes)


def test_a_code_of_a_table_that_was_divided_by_10000(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    table[LONG] = table[LONG] / 10_000
    hidden = table["timestamp"].between("2021-05-01", "2021-05-31")
    right = table.copy()
    right.loc[hidden, LONG] = np.nan
    ingest(save(right, "right.parquet"), tmp_path / "right")
    table.loc[hidden, LONG] = 6.5535
    ingest(save(table), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))


@pytest.mark.parametrize("code", [0, 255, -9999])
def test_a_declared_code_is_missing_in_every_band(
    tmp_path: Path, long_table: Table, save: Save, code: float
) -> None:
    table = long_table()
    table[LONG] = table[LONG].astype(float)
    table.loc[12:15, LONG] = np.nan
    table.loc[20, LONG[3]] = np.nan
    ingest(save(table, "right.parquet"), tmp_path / "right")
    table[LONG] = table[LONG].fillna(code)
    ingest(save(table), tmp_path / "out", missing=code)
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "right"))


def test_an_unknown_code_is_asked_about(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table()
    table[LONG[1]] += 100  # no two bands are alike but where the code stands
    table.loc[12:15, LONG] = 255
    path = save(table)
    with pytest.raises(DataError, match=r"4 rows in which every band is 255, .*--missing 255"):
        ingest(path, tmp_path / "out")
    ingest(path, tmp_path / "declared", missing=255.0)
    ingest(path, tmp_path / "kept", missing="nan")
    dark = series_of(tmp_path / "kept").min(), series_of(tmp_path / "declared").min()
    assert dark == pytest.approx((0.0255, 0.1), abs=1e-4)


def test_an_impossible_code_in_some_bands_names_the_option(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    table.loc[::3, LONG[:4]] = -9999
    with pytest.raises(DataError, match=r"no reflectance: .*--missing -9999"):
        ingest(save(table), tmp_path / "out")


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        (500_015.0, 4_500_000.0, "metres of a map projection"),
        (45.0, -120.0, "seem to be exchanged"),
        (35.0, -90.0, "not in United States of America, while lon -90, lat 35 is"),
    ],
)
def test_coordinates_that_are_no_degrees_or_exchanged(
    tmp_path: Path, long_table: Table, save: Save, lon: float, lat: float, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        ingest(save(long_table().assign(lon=lon, lat=lat)), tmp_path / "out")


def test_longitudes_of_0_to_360_and_a_country_south_of_the_equator(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    ingest(save(long_table().assign(lon=270.0)), tmp_path / "out")
    assert open_dataset(tmp_path / "out").load("USA-AR").longitude == pytest.approx([-90, -90])
    south = save(long_table().assign(lat=-30.0, lon=25.0))
    with pytest.raises(DataError, match=r"south of the equator.*such as --region ZAF"):
        ingest(south, tmp_path / "x", region="FREESTATE")
    assert ingest(south, tmp_path / "x", region="ZAF").domains[0].name == "ZAF"


def test_a_name_without_the_code_of_a_country_is_said(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """Transfers from and to it would be of no known relation, and left out of groups of them."""
    table = save(long_table())
    for name, noted in (("Arkansas", True), ("Usa-AR", True), ("USA-AR", False)):
        notes = ingest(table, tmp_path / name, region=name).notes
        said = [note for note in notes if f"{name}: no country's ISO code" in note]
        assert bool(said) is noted, name


def test_one_id_at_two_places(tmp_path: Path, long_table: Table, save: Save) -> None:
    """Two fields five degrees apart, with other dates: they became one at the mean of both."""
    one = long_table(("1",), codes=(1,)).assign(lon=2.0, lat=45.0)
    two = long_table(("1",), codes=(1,), first=date(2021, 1, 6)).assign(lon=7.0, lat=45.0)
    for tables in ([one, two], [one, two.assign(timestamp=one["timestamp"])]):
        with pytest.raises(DataError, match="sample 1 stands at two places"):
            ingest(save(pd.concat(tables)), tmp_path / "out", region="FRA", window=0)


def test_a_second_row_of_a_day_without_observation(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    ingest(save(table, "right.parquet"), tmp_path / "right")
    empty = table.iloc[[3, 3, 9]].assign(**dict.fromkeys(LONG, 65535))
    ingest(save(pd.concat([empty, table])), tmp_path / "out")
    one, two = (open_dataset(tmp_path / name) for name in ("out", "right"))
    assert one.fingerprint == two.fingerprint
    other = table.iloc[[3]].assign(**dict.fromkeys(LONG, 900))
    with pytest.raises(DataError, match="the date 2021-01-31 twice for sample a"):
        ingest(save(pd.concat([other, table])), tmp_path / "x")


def with_offset(long_table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a harmonised table and one in which 1,000 is added from 2022-01-25 on."""
    table = long_table(first=date(2022, 1, 1), count=73, step=5)
    table[LONG] = np.random.default_rng(0).integers(200, 3000, (len(table), len(LONG)))
    added = table.copy()
    later = table["timestamp"] >= "2022-01-25"
    added.loc[later, LONG] += 1000
    return table, added


def test_an_offset_in_a_part_of_a_series_is_said_and_can_be_declared(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    harmonised, added = with_offset(long_table)
    right = ingest(save(harmonised, "right.parquet"), tmp_path / "right")
    assert not any("2022-01-25" in note for note in right.notes)
    path = save(added)
    report = ingest(path, tmp_path / "out")
    (said,) = [note for note in report.notes if "2022-01-25" in note]
    assert "--offset 1000 --offset-from 2022-01-25" in said
    ingest(path, tmp_path / "mended", offset=1000, offset_from=date(2022, 1, 25))
    np.testing.assert_array_equal(series_of(tmp_path / "mended"), series_of(tmp_path / "right"))
    with pytest.raises(UsageError, match="--offset-from needs the offset"):
        ingest(path, tmp_path / "x", offset_from=date(2022, 1, 25))


def test_a_label_that_says_nothing_is_dropped(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    mine = tmp_path / "mine.yaml"
    for key in ("drop", "ignore"):
        mine.write_text(
            f"name: m\nsource: s\ncolumn: [kind, crop]\ncodes: {{maize: corn}}\n"
            f"{key}: [unknown, no answer]\n",
            "utf-8",
        )
        table = long_table(
            tuple("abcd"), codes=(1,) * 4, crop=("maize", "unknown", "no answer", "x")
        )
        report = ingest(save(table, "t.csv"), tmp_path / key, labels=str(mine))
        (domain,) = report.domains
        assert domain.classes == {"corn": 1, "other": 1}
        assert domain.card.unknown_codes == {"x": 1}
        assert domain.card.dropped == {
            "the label unknown, which the map drops": 1,
            "the label no answer, which the map drops": 1,
        }
    with pytest.raises(DataError, match="no label column 'kind' or 'crop'"):
        ingest(save(table.drop(columns="crop"), "t.csv"), tmp_path / "x", labels=str(mine))


def test_codes_with_hyphens_and_a_country_outside_the_eight(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(
        ewoc_code=("11-01-06-000-0", "11-06-00-002-0"), ref_id=("2021_UKR_X", "2021_UKR_Y")
    ).drop(columns=["lon", "lat"])
    report = ingest_table(save(table), tmp_path / "out", labels="ewoc")
    assert [(d.name, d.classes) for d in report.domains] == [("UKR", {"corn": 1, "soybeans": 1})]


def test_output_in_another_encoding(tmp_path: Path, long_table: Table, save: Save) -> None:
    """Signs that it lacks are replaced; the commands end as they should."""
    mine = tmp_path / "map.yaml"
    mine.write_text('name: zh\nsource: s\ncolumn: crop\ncodes: {"玉米": corn}\n', "utf-8")
    path = save(long_table(crop=("玉米", "水稻")), "t.csv")
    for encoding in ("cp1252", "latin-1", "ascii"):
        out = tmp_path / encoding
        words: list[list[Any]] = [
            ["ingest", path, out, "--labels", mine, "--region", "FRA"],
            ["inspect", out],
            ["ingest", tmp_path / "水.csv", out, "--labels", mine],
        ]
        for command, status in zip(words, (0, 0, 2), strict=True):
            done = subprocess.run(
                [sys.executable, "-c", RUN, *map(str, command)],
                env=os.environ | {"PYTHONIOENCODING": encoding},
                capture_output=True,
                check=False,
            )
            assert done.returncode == status, done.stderr
            assert b"Traceback" not in done.stderr
