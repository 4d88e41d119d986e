"""Places of samples: points, centroids of areas, and files with geometries."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingesting import Save, Table, earth_engine, ingest

from benchmark.data.dataset import open_dataset
from benchmark.data.ingest.places import centroid
from benchmark.errors import DataError, UsageError

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
