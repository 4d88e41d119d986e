"""Point tables that cannot be used: one sentence, and nothing is left."""

from collections.abc import Callable
from datetime import time
from pathlib import Path

import pandas as pd
import pytest
from ingesting import ingest

from benchmark.data.dataset import open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.errors import CropGlobeError, DataError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


def twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[3]]])


def constant(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: value})


def bands_as(convert: Callable[[pd.Series], pd.Series]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(
        **{name: convert(table[name]) for name in table if name.startswith("S2")}
    )


def mixed_labels(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[4, "cdl_code"] = 3
    return table


def partly_reflectance(table: pd.DataFrame) -> pd.DataFrame:
    bands = [name for name in table if name.startswith("S2")]
    table[bands] = table[bands].astype(float)
    table.loc[table["sample_id"] == "a", bands] /= 10_000
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
        (mixed_labels, "two values of cdl_code for sample a: give one, or a column year"),
        (constant("S2-L2A-B02", "cloud"), "text in column S2-L2A-B02 .* such as 'cloud': leave"),
        (partly_reflectance, "37 of 74 rows in reflectance .* the others in reflectance x 10,000"),
        (constant("S2-L2A-B02", -9999), "no reflectance"),
        (bands_as(lambda band: band / 100), "typically 28, neither reflectance .* nor reflectance"),
        (bands_as(lambda band: band // 100), "typically 28, neither reflectance"),
        (constant("cdl_code", "maize"), "no code in column cdl_code of USA-AR .* cdl knows .maize"),
        (constant("timestamp", time(10, 30)), "which is no date"),
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


def test_a_region_whose_codes_are_of_another_map_writes_none(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """Every sample of it would be `other`, and nobody would see why its scores are poor."""
    table = long_table(codes=(1, 1_101_060_000), region=("USA-AR", "USA-CA"))
    with pytest.raises(DataError, match=r"of USA-CA that the label map cdl .*1101060000.*--labels"):
        ingest_table(save(table), tmp_path / "out", labels="cdl")
    assert not (tmp_path / "out").exists()


def test_one_bad_region_writes_none(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table(region=("USA-AR", "USA-CA"))
    bands = [name for name in table if name.startswith("S2")]
    table.loc[table["region"] == "USA-CA", bands] = 65535
    with pytest.raises(DataError, match="no sample for USA-CA"):
        ingest_table(save(table), tmp_path / "out", labels="cdl")
    assert not (tmp_path / "out").exists()
