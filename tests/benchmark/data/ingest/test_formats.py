"""Public formats, each as a small made table of the format's real shape; all give one series."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ingesting import LONG, Save, Table, ingest, series_of

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.errors import DataError

VISIBLE = ("Blue", "green", "RED")
EDGES = ("Red_Edge_1", "Red_Edge_2", "Red_Edge_3")


def wide(table: pd.DataFrame, name: Callable[[str, pd.Timestamp], str]) -> pd.DataFrame:
    """Turn a long table into one with a column for each band and date."""
    rows = []
    for sample, part in table.groupby("sample_id"):
        row = {"sample_id": sample, "cdl_code": part["cdl_code"].iloc[0]}
        for _, line in part.iterrows():
            row |= {name(band, line["timestamp"]): line[LONG[band]] for band in BANDS}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "name",
    [
        lambda band, day: f"{band}_{day:%Y%m%d}",
        lambda band, day: f"{day:%Y-%m-%d}_B{band[1:].rjust(2, '0')}",
        lambda band, day: f"{band.lower()}.{day:%Y_%m_%d}",
        lambda band, day: f"{day:%Y%m%d}T105441_{day:%Y%m%d}T105442_T31TCJ_{band}",
        lambda band, day: f"1_2_{day:%Y%m%d}T105441_{day:%Y%m%d}T105442_T31TCJ_{band}",
    ],
)
@pytest.mark.parametrize("file", ["wide.csv", "wide.parquet"])
def test_a_column_for_each_band_and_date(
    tmp_path: Path, long_table: Table, save: Save, name: Any, file: str
) -> None:
    table = long_table(("a", "b"), codes=(1, 5))
    ingest(save(table, "reference.parquet"), tmp_path / "reference", window=10)
    report = ingest(save(wide(table, name), file), tmp_path / "out", window=10)
    assert report.domains[0].classes == {"corn": 1, "soybeans": 1}
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "reference"))


def worldcereal_wide(steps: int, start: str, end: str, **columns: Any) -> pd.DataFrame:
    """Return two rows of WorldCereal's wide table, with sensors that are not read."""
    rows: dict[str, Any] = {"sample_id": ["2021_BRA_X_1", "2021_BRA_X_2"]}
    rows |= {"ref_id": ["2021_BRA_X"] * 2, "lon": [-50.0, -50.2], "lat": [-15.0, -15.0]}
    rows |= {"start_date": [start] * 2, "end_date": [end] * 2, "valid_time": ["2021-03-01"] * 2}
    for step in range(steps):
        for band in BANDS:
            metres = 10 if band in ("B2", "B3", "B4", "B8") else 20
            code = f"B{band[1:].rjust(2, '0')}"
            rows[f"OPTICAL-{code}-ts{step}-{metres}m"] = [1000 + 100 * step] * 2
        rows[f"SAR-VH-ts{step}-20m"] = [300] * 2
        rows[f"METEO-temperature_mean-ts{step}-100m"] = [29000] * 2
    rows |= {"DEM-alt-20m": [100] * 2, "CROPTYPE_LABEL": [1200, 4100], "LANDCOVER_LABEL": [11, 11]}
    return pd.DataFrame(rows | columns)


@pytest.mark.parametrize(
    ("steps", "start", "end", "cadence"),
    [(12, "2021-01-01", "2021-12-31", 31), (12, "2021-01-01", "2022-01-01", 31)],
)
def test_worldcereals_wide_table_of_months(
    tmp_path: Path, save: Save, steps: int, start: str, end: str, cadence: float
) -> None:
    path = save(worldcereal_wide(steps, start, end))
    report = ingest_table(path, tmp_path / "out", labels="worldcereal")
    (brazil,) = report.domains
    assert (brazil.name, brazil.classes) == ("BRA", {"corn": 1, "soybeans": 1})
    assert brazil.card.cadence_days == cadence
    # January stands at its middle, day 15.5, with 0.1, and February at day 45 with 0.11.
    expected = np.interp(np.arange(3) * 5 + 17.5, [15.5, 45], [0.1, 0.11])
    got = open_dataset(tmp_path / "out").load("BRA").series[0, 0, 3:6]
    np.testing.assert_allclose(got, expected, atol=6e-5)


def test_worldcereals_wide_table_of_dekads_and_of_starts_of_their_own(
    tmp_path: Path, save: Save
) -> None:
    table = worldcereal_wide(36, "2021-01-01", "2021-12-31")
    report = ingest_table(save(table), tmp_path / "dekads", labels="worldcereal")
    assert report.domains[0].card.cadence_days == 10
    table = worldcereal_wide(18, "2020-10-01", "2022-03-31")
    table.loc[1, ["start_date", "end_date"]] = ["2020-09-01", "2022-02-28"]
    ingest_table(save(table), tmp_path / "own", labels="worldcereal")
    first, second = open_dataset(tmp_path / "own").load("BRA").series[:, 0]
    # The second starts a month earlier, so that it shows each value a month earlier.
    assert first[3] == pytest.approx(0.13, abs=0.002)
    assert second[3] == pytest.approx(0.14, abs=0.002)
    with pytest.raises(DataError, match="neither months nor dekads"):
        ingest_table(
            save(worldcereal_wide(20, "2021-01-01", "2021-12-31")),
            tmp_path / "x",
            labels="worldcereal",
        )
    with pytest.raises(DataError, match="start_date and end_date, which say when"):
        ingest_table(save(table.drop(columns="start_date")), tmp_path / "x", labels="worldcereal")


@pytest.mark.parametrize(
    "names",
    [
        [band.lower() for band in BANDS],
        [
            "blue",
            "green",
            "red",
            "rededge1",
            "rededge2",
            "rededge3",
            "nir",
            "nir08",
            "swir16",
            "swir22",
        ],
        [
            "Blue",
            "Green",
            "Red",
            "Red_Edge_1",
            "Red_Edge_2",
            "Red_Edge_3",
            "NIR",
            "Narrow_NIR",
            "SWIR_1",
            "SWIR_2",
        ],
        [f"S2_B{band[1:].rjust(2, '0')}" for band in BANDS],
    ],
)
def test_names_of_bands(tmp_path: Path, long_table: Table, save: Save, names: list[str]) -> None:
    table = long_table()
    ingest(save(table, "reference.parquet"), tmp_path / "reference")
    renamed = table.rename(columns=dict(zip(LONG.values(), names, strict=True)))
    ingest(save(renamed), tmp_path / "out")
    np.testing.assert_array_equal(series_of(tmp_path / "out"), series_of(tmp_path / "reference"))


def test_several_years_of_one_place_are_a_domain_each(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    """The same id carries another crop in the second year."""
    first = long_table(("a", "b"), codes=(1, 5), year=(2021, 2021))
    second = long_table(("a", "b"), codes=(5, 1), first=date(2022, 1, 1), year=(2022, 2022))
    report = ingest(save(pd.concat([first, second])), tmp_path / "out")
    assert [(d.name, d.samples) for d in report.domains] == [
        ("USA-AR-2021", 2),
        ("USA-AR-2022", 2),
    ]
    labels = [open_dataset(tmp_path / "out").load(d.name).labels.tolist() for d in report.domains]
    assert labels == [[0, 1], [1, 0]]


def test_samples_whose_own_dates_cover_different_years(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    one = long_table(("a",), codes=(1,))
    other = long_table(("b",), codes=(5,), first=date(2023, 1, 1))
    report = ingest(save(pd.concat([one, other])), tmp_path / "out")
    assert [d.name for d in report.domains] == ["USA-AR-2021", "USA-AR-2023"]
    assert "The year of each sample is the one that its own dates cover." in report.notes
