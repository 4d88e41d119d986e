"""Public formats, each as a small made table of the format's real shape; all give one series."""

import json
import struct
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingesting import earth_engine, ingest, series_of

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.data.ingest.places import centroid
from benchmark.errors import DataError, UsageError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]
VISIBLE = ("Blue", "green", "RED")
EDGES = ("Red_Edge_1", "Red_Edge_2", "Red_Edge_3")
LONG = {band: f"S2-L2A-B{band[1:].rjust(2, '0')}" for band in BANDS}


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


@pytest.mark.parametrize(
    ("form", "encoding"),
    [
        ({"sep": ";"}, "utf-8"),
        ({"sep": "\t"}, "utf-8"),
        ({"sep": "|"}, "utf-8"),
        ({"sep": ";", "decimal": ","}, "utf-8"),
        ({"sep": ";", "decimal": ","}, "utf-8-sig"),
        ({"sep": ","}, "utf-8-sig"),
        ({"sep": ","}, "utf-16"),
        ({"sep": ";"}, "utf-16-le"),
        ({"sep": "\t"}, "utf-16-be"),
    ],
)
def test_csv_as_it_comes(
    tmp_path: Path, long_table: Table, form: dict[str, str], encoding: str
) -> None:
    table = long_table()
    bands = list(LONG.values())
    table[bands] = table[bands] / 10_000
    path = tmp_path / "points.csv"
    table.to_csv(path, index=False, encoding=encoding, **form)
    ingest(path, tmp_path / "out")
    np.testing.assert_allclose(
        series_of(tmp_path / "out")[0, 0, [0, 1, 72]], [0.1, 0.1025, 0.4575], atol=6e-5
    )
    assert open_dataset(tmp_path / "out").load("USA-AR").longitude == pytest.approx([-90, -89.8])


def test_commas_that_may_be_thousands_and_other_encodings_are_refused(
    tmp_path: Path, long_table: Table
) -> None:
    table = long_table(crop=("blé", "maïs"))
    table["S2-L2A-B02"] = [f"{value:,}" for value in table["S2-L2A-B02"]]
    path = tmp_path / "points.csv"
    table.to_csv(path, index=False, sep=";")
    with pytest.raises(DataError, match=r"such as 1,000 in column S2-L2A-B02, whose comma may be"):
        ingest(path, tmp_path / "out")
    table.to_csv(path, index=False, encoding="cp1252")
    with pytest.raises(DataError, match=r"cannot be read: its text is not in UTF-8 .*: save it as"):
        ingest(path, tmp_path / "out", label_column="crop")


def test_a_spreadsheets_first_line_and_spaces_in_names(tmp_path: Path, long_table: Table) -> None:
    path = tmp_path / "points.csv"
    table = long_table().rename(columns={"lon": " Lon", "sample_id": "Sample_ID "})
    path.write_text("sep=;\n" + table.to_csv(index=False, sep=";"), "utf-8")
    ingest(path, tmp_path / "out")
    assert open_dataset(tmp_path / "out").load("USA-AR").sample_ids.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("column", "convert"),
    [
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


def test_columns_of_parquet_of_any_plain_type(tmp_path: Path, long_table: Table) -> None:
    table = long_table()
    path, plain = tmp_path / "t.parquet", tmp_path / "plain.parquet"
    table.to_parquet(plain, index=False)
    arrow = pq.read_table(plain)
    columns = {name: arrow.column(name) for name in arrow.column_names}
    for name in ("sample_id", "timestamp", "cdl_code", LONG["B2"], "lon"):
        columns[name] = columns[name].combine_chunks().dictionary_encode()
    for name in (LONG["B3"], "lat"):
        columns[name] = pa.array([Decimal(str(value)) for value in columns[name].to_pylist()])
    columns[LONG["B4"]] = pa.array([*columns[LONG["B4"]].to_pylist()[:-1], None], pa.int32())
    pq.write_table(pa.table(columns), path)
    ingest(path, tmp_path / "out")
    ingest(plain, tmp_path / "plain")
    got, expected = series_of(tmp_path / "out"), series_of(tmp_path / "plain")
    np.testing.assert_array_equal(got[:, :, :70], expected[:, :, :70])  # the last date lacks B4


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("cdl_code", [[1]] * 74),
        ("cdl_code", [{"code": 1}] * 74),
        ("sample_id", [["a"]] * 74),
        ("timestamp", [["2021-01-01"]] * 74),
        ("S2-L2A-B02", [[1000]] * 74),
        ("lon", [[1.0]] * 74),
        ("cdl_code", [b"\xff\xfe\x00"] * 74),
        ("sample_id", [b"\xff"] * 74),
    ],
)
def test_cells_that_hold_no_plain_value_are_one_sentence(
    tmp_path: Path, long_table: Table, column: str, values: list[Any]
) -> None:
    path = tmp_path / "t.parquet"
    long_table().to_parquet(path, index=False)
    arrow = pq.read_table(path)
    place = arrow.column_names.index(column)
    pq.write_table(arrow.set_column(place, column, pa.array(values)), path)
    with pytest.raises(DataError, match=rf"in column {column}") as caught:
        ingest(path, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_accents_are_compared_in_one_form(tmp_path: Path, long_table: Table, save: Save) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: m\nsource: s\ncolumn: crop\ncodes: {bl\u00e9: wheat}\n", "utf-8")
    table = long_table(crop=("ble\u0301", "bl\u00e9"))
    report = ingest(save(table, "t.csv"), tmp_path / "out", labels=str(mine))
    assert report.domains[0].classes == {"wheat": 2}


SQUARE = [[[2.0, 45.0], [2.2, 45.0], [2.2, 45.2], [2.0, 45.2], [2.0, 45.0]]]


@pytest.mark.parametrize(
    ("geometry", "place"),
    [
        ({"type": "Polygon", "coordinates": SQUARE}, (2.1, 45.1)),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, (2.1, 45.1)),
        ({"type": "MultiPoint", "coordinates": [[2.0, 45.0]]}, (2.0, 45.0)),
        ({"geodesic": False, "type": "Point", "coordinates": [2.0, 45.0, 120.0]}, (2.0, 45.0)),
    ],
)
def test_polygons_of_earth_engine_stand_at_their_centroid(
    tmp_path: Path, long_table: Table, save: Save, geometry: Any, place: tuple[float, float]
) -> None:
    table = earth_engine(long_table(("a",), codes=(1,)))
    table[".geo"] = json.dumps(geometry)
    ingest(save(table, "t.csv"), tmp_path / "out", region="FRA", label_column="cropland")
    samples = open_dataset(tmp_path / "out").load("FRA")
    assert samples.longitude is not None
    assert samples.latitude is not None
    assert (samples.longitude[0], samples.latitude[0]) == pytest.approx(place)


def test_the_centroid_of_areas_with_holes() -> None:
    """Two squares of one by one and a hole: by hand."""
    one = [[(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)]]
    assert centroid([one]) == pytest.approx((1.0, 0.5))
    hole = [(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]
    assert centroid([[one[0], hole]]) == pytest.approx((0.5, 0.5))
    assert centroid([[[(1.0, 1.0), (3.0, 1.0)]]]) == pytest.approx((2.0, 1.0))


def test_a_line_is_no_place(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = earth_engine(long_table())
    table[".geo"] = json.dumps({"type": "LineString", "coordinates": [[0, 0], [1, 1]]})
    with pytest.raises(DataError, match=r"has a LineString in column \.geo: give one point"):
        ingest(save(table, "t.csv"), tmp_path / "out", label_column="cropland")


def test_geoparquet(tmp_path: Path, long_table: Table, save: Save) -> None:
    table = long_table().drop(columns=["lon", "lat"])
    point = struct.pack("<BIdd", 1, 1, -90.5, 35.0)
    ring = [(-90.0, 35.0), (-90.0, 35.2), (-89.8, 35.2), (-89.8, 35.0), (-90.0, 35.0)]
    corners = struct.pack("<10d", *(number for corner in ring for number in corner))
    square = struct.pack("<BIII", 1, 3, 1, len(ring)) + corners
    table["geometry"] = [point if name == "a" else square for name in table["sample_id"]]
    ingest(save(table), tmp_path / "out")
    samples = open_dataset(tmp_path / "out").load("USA-AR")
    assert samples.longitude == pytest.approx([-90.5, -89.9])
    assert samples.latitude == pytest.approx([35.0, 35.1])


@pytest.mark.parametrize(("ending", "driver"), [("gpkg", "GPKG"), ("geojson", "GeoJSON")])
def test_geopackage_and_geojson(
    tmp_path: Path, long_table: Table, save: Save, ending: str, driver: str
) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    table = long_table()
    ingest(save(table, "reference.parquet"), tmp_path / "reference")
    fields = table.drop(columns=["lon", "lat"]).assign(
        timestamp=table["timestamp"].dt.strftime("%Y-%m-%d")
    )
    points = [
        struct.pack("<BIdd", 1, 1, x, y) for x, y in zip(table["lon"], table["lat"], strict=True)
    ]
    path = tmp_path / f"points.{ending}"

    def write(system: str) -> None:
        pyogrio.raw.write(
            path,
            geometry=np.array(points, dtype=object),
            field_data=[fields[name].to_numpy() for name in fields],
            fields=np.array(list(fields)),
            geometry_type="Point",
            crs=system,
            driver=driver,
        )

    write("EPSG:4326")
    ingest(path, tmp_path / "out")
    one, two = (open_dataset(tmp_path / name) for name in ("out", "reference"))
    assert one.domain_fingerprint("USA-AR") == two.domain_fingerprint("USA-AR")
    if driver == "GPKG":
        path.unlink()
        write("EPSG:32631")
        with pytest.raises(DataError, match="EPSG:32631: save it in degrees"):
            ingest(path, tmp_path / "x")


def test_geopackage_without_the_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyogrio", None)
    with pytest.raises(UsageError, match=r"cropglobe-benchmark\[vector\]"):
        ingest(tmp_path / "points.gpkg", tmp_path / "out")


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
