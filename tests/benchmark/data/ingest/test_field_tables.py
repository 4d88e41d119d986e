"""Tables as they come from the field: what was read wrongly in silence, or refused without help."""

import json
import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ingesting import LONG, Save, Table, ingest, series_of

from benchmark.data.dataset import CARD_FILE, open_dataset
from benchmark.data.inspect.terminal_report import show_ingest
from benchmark.errors import DataError, UsageError

COLUMNS = list(LONG.values())


def noisy(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of digital numbers as those of fields are, dark ones among them."""
    values = np.random.default_rng(0).integers(200, 3000, (len(table), len(COLUMNS)))
    return table.assign(**dict(zip(COLUMNS, values.T, strict=True)))


@pytest.mark.parametrize("bands", [["B11", "B12"], ["B2"]])
def test_bands_in_two_units_are_refused(
    tmp_path: Path, long_table: Table, save: Save, bands: list[str]
) -> None:
    table = noisy(long_table())
    divided = table.assign(**{LONG[band]: table[LONG[band]] / 10_000 for band in bands})
    with pytest.raises(DataError, match=rf"reflectance \(0 to 1\) in band {', '.join(bands)} and"):
        ingest(save(divided), tmp_path / "out")


def test_a_few_fractions_of_a_digital_number_are_none(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = noisy(long_table())
    table[LONG["B12"]] = table[LONG["B12"]].astype(float)
    ingest(save(table), tmp_path / "right")
    table.loc[0, LONG["B12"]] += 0.25
    ingest(save(table), tmp_path / "out")
    assert np.abs(series_of(tmp_path / "out") - series_of(tmp_path / "right")).max() <= 1e-4


def test_a_point_that_may_be_a_mark_of_thousands_is_refused(
    tmp_path: Path, long_table: Table
) -> None:
    table = noisy(long_table())
    kept = [LONG[band] for band in ("B2", "B3", "B4", "B8")]
    table[kept[:3]] //= 4
    grouped = {name: table[name].map(lambda value: f"{value:,}".replace(",", ".")) for name in kept}
    path = tmp_path / "points.csv"
    rest = [name for name in table if name not in COLUMNS]
    table[rest].assign(**grouped).to_csv(path, sep=";", index=False)
    with pytest.raises(DataError, match=r"such as 2\.\d{3}, whose point may be a mark of thousand"):
        ingest(path, tmp_path / "out")


@pytest.mark.parametrize("scale", [1, 10_000])
def test_zeros_in_some_bands_are_said(
    tmp_path: Path, long_table: Table, save: Save, scale: int
) -> None:
    table = noisy(long_table())
    table[COLUMNS] = table[COLUMNS] / scale
    table.loc[::5, LONG["B11"]] = 0
    path = save(table)
    report = ingest(path, tmp_path / "out")
    assert any("Values of B11 (20%) are 0" in n and "--missing 0" in n for n in report.notes)
    assert not any("are 0 where" in n for n in ingest(path, tmp_path / "x", missing="nan").notes)
    mended = ingest(path, tmp_path / "mended", missing=0).domains[0].card
    assert mended.missing_share
    assert not report.domains[0].card.missing_share


@pytest.mark.parametrize(
    ("first", "scale", "words"),
    [
        (date(2022, 1, 1), 1, "--offset 1000 --offset-from 2022-01-25"),
        (date(2022, 1, 1), 10_000, "0.1 seems to be added to every band from 2022-01-25 on"),
        (date(2023, 1, 1), 1, "1000 seems to be added to every band (processing"),
        (date(2023, 1, 1), 10_000, "0.1 seems to be added to every band (processing"),
    ],
)
def test_the_offset_of_baseline_4_is_noticed(
    tmp_path: Path, long_table: Table, save: Save, first: date, scale: int, words: str
) -> None:
    table = noisy(long_table(first=first, count=73, step=5))
    later = table["timestamp"] >= "2022-01-25"

    def notes(values: pd.DataFrame, name: str) -> str:
        stored = values.assign(**{column: values[column] / scale for column in COLUMNS})
        return " ".join(ingest(save(stored, f"{name}.parquet"), tmp_path / name).notes)

    assert "04.00" not in notes(table, "right")
    added = table.copy()
    added.loc[later, COLUMNS] += 1000
    assert words in notes(added, "added")
    bright = added[["sample_id", "timestamp", "lon", "lat", "cdl_code", LONG["B8"]]]
    if first.year == 2023:  # bands that are bright of themselves say nothing
        path = save(bright.assign(**{LONG["B8"]: bright[LONG["B8"]] / scale}))
        assert "04.00" not in " ".join(ingest(path, tmp_path / "bright").notes)


def test_an_offset_in_reflectance_is_to_be_taken_off_in_the_table(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table()
    table[COLUMNS] = table[COLUMNS] / 10_000
    with pytest.raises(UsageError, match="subtract what was added to the reflectance in the table"):
        ingest(save(table), tmp_path / "out", offset=1000)


def test_what_was_concluded_is_recorded_and_printed_once(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = noisy(long_table())
    table[COLUMNS] += 1000
    table.loc[3, COLUMNS] = 0
    table["timestamp"] = table["timestamp"].dt.strftime("%d/%m/%Y")
    report = ingest(save(table), tmp_path / "out", offset=1000)
    card = json.loads((tmp_path / "out" / CARD_FILE).read_text())["domains"]["USA-AR"]
    said = " ".join(card["notes"])
    for words in (
        "are read as day, month, year",
        "1 rows are 0 in every band",
        "1000 was subtracted from every digital number",
        "are read as reflectance x 10,000",
    ):
        assert words in said
    printed = " ".join(str(part) for part in show_ingest(report))
    assert all(printed.count(note) == 1 for note in report.notes)


@pytest.mark.parametrize(
    ("region", "place", "words"),
    [
        ("USA-AR", (0.0, 0.0), "1 of 2 samples of USA-AR lie at lon 0, lat 0"),
        ("KEN", (0.0, 0.0), "1 of 2 samples of KEN lie at lon 0, lat 0"),
        ("USA-AR", (2.3, 48.8), "1 of 2 samples of USA-AR lie outside United States of America"),
    ],
)
def test_samples_that_lie_elsewhere_are_said(
    tmp_path: Path,
    long_table: Table,
    save: Save,
    region: str,
    place: tuple[float, float],
    words: str,
) -> None:
    table = long_table()
    assert not any("lie" in n for n in ingest(save(table), tmp_path / "a", region=region).notes)
    table.loc[table["sample_id"] == "b", ["lon", "lat"]] = place
    (said,) = [n for n in ingest(save(table), tmp_path / "b", region=region).notes if "lie" in n]
    assert words in said
    assert f"such as b at lon {place[0]:g}, lat {place[1]:g}" in said


def test_two_seasons_of_one_place_are_named(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = pd.concat([long_table(codes=(1, 5)), long_table(codes=(5, 1))])
    with pytest.raises(DataError, match="rows have the cdl_code 1 and 5: ingest each season as a"):
        ingest(save(table), tmp_path / "out")


def test_a_season_of_another_year_says_when_the_dates_are(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    path = save(long_table(first=date(2022, 7, 1)))
    with pytest.raises(DataError, match="dates are from 2022-07-01 to 2023-06-26, and a year that"):
        ingest(path, tmp_path / "x", region="BRA", season_start="07-01", year=2022)
    report = ingest(path, tmp_path / "out", region="BRA", season_start="07-01", year=2023)
    assert report.first_day == "2022-07-01"


@pytest.mark.parametrize("written", [float, lambda day: f"{day}.0"])
def test_days_of_the_year_with_decimals(
    tmp_path: Path, long_table: Table, save: Save, written: Callable[[int], object]
) -> None:
    table = long_table()
    ingest(save(table, "right.parquet"), tmp_path / "right")
    days = table["timestamp"].dt.day_of_year.map(written)
    counted = table.drop(columns="timestamp").assign(doy=days, year=2021.0)
    ingest(save(counted, "points.csv"), tmp_path / "out")
    one, two = (open_dataset(tmp_path / name) for name in ("out", "right"))
    assert one.fingerprint == two.fingerprint


def test_ids_beyond_64_bits(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table()
    table["sample_id"] = table["sample_id"].map({"a": 1e30, "b": 2e30})
    ingest(save(table), tmp_path / "out")
    assert len(set(open_dataset(tmp_path / "out").load("USA-AR").sample_ids.tolist())) == 2


@pytest.mark.parametrize("system", ["EPSG:4674", "EPSG:4258"])
def test_degrees_of_a_national_reference_system(
    tmp_path: Path, long_table: Table, save: Save, system: str
) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    table = long_table()
    ingest(save(table), tmp_path / "right")
    fields = table.drop(columns=["lon", "lat"])
    fields["timestamp"] = fields["timestamp"].dt.strftime("%Y-%m-%d")
    points = [
        struct.pack("<BIdd", 1, 1, x, y) for x, y in zip(table["lon"], table["lat"], strict=True)
    ]
    pyogrio.raw.write(
        tmp_path / "points.gpkg",
        geometry=np.array(points, dtype=object),
        field_data=[fields[name].to_numpy() for name in fields],
        fields=np.array(list(fields)),
        geometry_type="Point",
        crs=system,
        driver="GPKG",
    )
    ingest(tmp_path / "points.gpkg", tmp_path / "out")
    one, two = (open_dataset(tmp_path / name) for name in ("out", "right"))
    assert one.fingerprint == two.fingerprint
