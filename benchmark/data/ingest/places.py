"""Where the rows of a table lie: coordinates in degrees, or geometries."""

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmark.data.ingest.cell_values import Words, numbers_of, plain_column, words_of
from benchmark.data.ingest.column_roles import Columns
from benchmark.errors import DataError

Floats = npt.NDArray[np.float64]
Ring = list[tuple[float, float]]

NOWHERE: Final = (np.nan, np.nan)

POINT, POLYGON, MULTI_POINT, MULTI_POLYGON = 1, 3, 4, 6
"""Kinds of geometry in well-known binary (OGC 06-103r4, table 7)."""


def read_place(path: Path, table: Any, columns: Columns) -> tuple[Floats | None, Floats | None]:
    """Return degrees east and north of each row, or ``None`` twice where the table has none.

    Args:
        path: The table, for messages.
        table: Its columns, an arrow table.
        columns: Which column is what.

    Raises:
        DataError: If a place is no point or polygon, or its coordinates are no degrees.
    """
    if columns.longitude is not None and columns.latitude is not None:
        longitude = numbers_of(
            path, columns.longitude, table.column(columns.longitude), pa.float64()
        )
        latitude = numbers_of(path, columns.latitude, table.column(columns.latitude), pa.float64())
    elif columns.geometry is not None:
        longitude, latitude = _from_geometry(path, columns.geometry, table).T
    else:
        return None, None
    return _degrees(path, longitude, latitude), latitude


def samples_by_place(path: Path, longitude: Floats | None, latitude: Floats | None) -> Words:
    """Return the sample of each row of a table whose samples are told apart by their place.

    Raises:
        DataError: If a row has no place, or two places are less than 1e-6 degrees apart.
    """
    if longitude is None or latitude is None or np.isnan(longitude + latitude).any():
        raise DataError(f"{path} has rows without sample id and without place: add a sample_id.")
    places, row = np.unique(np.stack([longitude, latitude]), axis=1, return_inverse=True)
    names = tuple(f"{east:.6f},{north:.6f}" for east, north in places.T)
    if len(set(names)) != len(names):
        raise DataError(f"{path} has points less than 1e-6 degrees apart: add a sample_id.")
    return Words(row=row.reshape(-1).astype(np.int64), values=names)


def _degrees(path: Path, longitude: Floats, latitude: Floats) -> Floats:
    """Check that coordinates are degrees, and return longitudes of -180 to 180."""
    beyond = (np.abs(latitude) > 90) | (np.abs(longitude) > 360)
    if beyond.any():
        row = int(np.flatnonzero(beyond)[0])
        exchanged = not ((np.abs(longitude) > 90) | (np.abs(latitude) > 360)).any()
        advice = (
            "latitude and longitude seem to be exchanged: rename the two columns"
            if exchanged
            else "they seem to be metres of a map projection: convert them to degrees (EPSG:4326)"
        )
        raise DataError(
            f"{path} has the coordinates lon {longitude[row]:g}, lat {latitude[row]:g}, which are "
            f"no degrees (at most 360 and 90); {advice}."
        )
    return np.asarray(np.where(longitude > 180, longitude - 360, longitude))


def _from_geometry(path: Path, name: str, table: Any) -> Floats:
    column = table.column(name)
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        encoded = column.combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        row = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        values = [_from_binary(path, name, cell) for cell in encoded.dictionary.to_pylist()]
        return np.array([*values, NOWHERE], dtype=np.float64)[np.asarray(row, dtype=np.int64)]
    words = words_of(path, name, plain_column(path, name, column))
    return np.array([*(_from_json(path, name, text) for text in words.values), NOWHERE])[words.row]


def _from_json(path: Path, name: str, text: str) -> tuple[float, float]:
    """Return the point of a GeoJSON geometry; a polygon's is its centroid."""
    try:
        geometry = json.loads(text)
        kind, coordinates = geometry.get("type", "Point"), geometry["coordinates"]
        if not coordinates:  # Earth Engine writes an empty multipoint for no geometry
            return NOWHERE
        if kind == "Point":
            return float(coordinates[0]), float(coordinates[1])
        if kind == "MultiPoint" and len(coordinates) == 1:
            return float(coordinates[0][0]), float(coordinates[0][1])
        if kind in ("Polygon", "MultiPolygon"):
            polygons = [coordinates] if kind == "Polygon" else coordinates
            return centroid([[[(x, y) for x, y, *_ in ring] for ring in p] for p in polygons])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise DataError(
            f"{path} has '{text[:60]}' in column {name}, which is no GeoJSON point or polygon."
        ) from error
    raise DataError(
        f"{path} has a {kind} in column {name}: give one point or polygon for each sample."
    )


def _from_binary(path: Path, name: str, cell: bytes) -> tuple[float, float]:
    """Return the point of a geometry in well-known binary; a polygon's is its centroid."""
    try:
        kind, parts, _ = _parse(cell, 0)
        if kind == POINT or (kind == MULTI_POINT and len(parts) == 1):
            point: tuple[float, float] = parts if kind == POINT else parts[0]
            return point
        if kind in (POLYGON, MULTI_POLYGON) and parts:
            return centroid([parts] if kind == POLYGON else parts)
    except (struct.error, IndexError, ZeroDivisionError) as error:
        raise DataError(f"{path} has a geometry in column {name} that cannot be read.") from error
    raise DataError(f"{path} has a geometry in column {name} that is no point and no polygon.")


def _parse(data: bytes, at: int) -> tuple[int, Any, int]:
    """Return the kind of a geometry, its parts and where it ends."""
    order = "<" if data[at] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", data, at + 1)
    at += 5
    if code & 0x2000_0000:  # a reference system stands before the coordinates (PostGIS)
        at += 4
    # Height and measure are flags of PostGIS or thousands of ISO; both are left out.
    high = bin(code & 0xC000_0000).count("1") or ((code & 0xFFFF) // 1000 + 1) // 2
    if (code & 0xFFFF) // 1000 == 3:
        high = 2
    kind, width = (code & 0xFFFF) % 1000, 2 + high
    if kind == POINT:
        x, y, *_ = struct.unpack_from(f"{order}{width}d", data, at)
        return kind, (x, y), at + 8 * width
    (count,) = struct.unpack_from(f"{order}I", data, at)
    at += 4
    parts: list[Any] = []
    for _ in range(count):
        if kind == POLYGON:
            (length,) = struct.unpack_from(f"{order}I", data, at)
            numbers = struct.unpack_from(f"{order}{length * width}d", data, at + 4)
            parts.append(list(zip(numbers[::width], numbers[1::width], strict=True)))
            at += 4 + 8 * width * length
        else:
            _, part, at = _parse(data, at)
            parts.append(part)
    return kind, parts, at


def centroid(polygons: list[list[Ring]]) -> tuple[float, float]:
    """Return the centroid of the area of polygons; the mean of the corners if they have no area.

    Args:
        polygons: Of each polygon its rings, the outer one first and then its holes.

    Raises:
        ZeroDivisionError: If there is no corner.
    """
    total, east, north = 0.0, 0.0, 0.0
    origin = polygons[0][0][0]
    for rings in polygons:
        for number, ring in enumerate(rings):
            area, x, y = _moments([(a - origin[0], b - origin[1]) for a, b in ring])
            sign = np.sign(area) * (1 if number == 0 else -1)
            total, east, north = total + sign * area, east + sign * x, north + sign * y
    if total:
        return float(origin[0] + east / total), float(origin[1] + north / total)
    corners = [corner for rings in polygons for corner in rings[0]]
    return (
        sum(corner[0] for corner in corners) / len(corners),
        sum(corner[1] for corner in corners) / len(corners),
    )


def _moments(ring: Ring) -> tuple[float, float, float]:
    """Return twice the signed area of a ring and that times its centroid (shoelace formula)."""
    area, x, y = 0.0, 0.0, 0.0
    for (a, b), (c, d) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = a * d - c * b
        area, x, y = area + cross, x + (a + c) * cross / 3, y + (b + d) * cross / 3
    return area, x, y
