"""Files that hold a table: parquet, CSV in the forms it comes in, GeoPackage and GeoJSON."""

import csv
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmark.errors import DataError, UsageError

EMPTY_CELLS: Final = ["", "NA", "N/A", "NaN", "nan", "null", "None"]

DELIMITERS: Final = (",", ";", "\t", "|")

ENDINGS: Final[dict[str, Literal["parquet", "csv", "vector"]]] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".geoparquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".gpkg": "vector",
    ".geojson": "vector",
}

GEOMETRY: Final = "geometry"
"""Name under which the geometry of GeoPackage and GeoJSON is given, as well-known binary."""

DEGREES: Final = (
    "EPSG:4326",
    "OGC:CRS84",
    "EPSG:4258",
    "EPSG:4269",
    "EPSG:4283",
    "EPSG:4674",
    "EPSG:7844",
)
"""Reference systems whose coordinates are degrees east and north within a few metres of those of
WGS 84: itself, ETRS89, NAD83, GDA94, SIRGAS 2000 and GDA2020."""


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written.

    Attributes:
        encoding: Its encoding, as Python names it.
        delimiter: What stands between two cells.
        skipped: Lines before the names of the columns.
    """

    encoding: str
    delimiter: str
    skipped: int = 0


def kind_of(path: Path) -> Literal["parquet", "csv", "vector"]:
    """Return how a file is to be read, told from the end of its name.

    Raises:
        DataError: If its name ends like none of the formats.
    """
    try:
        return ENDINGS[path.suffix.lower()]
    except KeyError as error:
        raise DataError(
            f"{path} is neither .parquet nor .csv (nor .tsv, .gpkg or .geojson): save the table as "
            "one of them."
        ) from error


def table_columns(path: Path) -> list[str]:
    """Return the names of a table's columns.

    Raises:
        DataError: If the file is no readable table, has no columns, or has a name twice.
        UsageError: If it needs an extra that is not installed.
    """
    try:
        kind = kind_of(path)
        if kind == "parquet":
            names = list(pyarrow.parquet.read_schema(path).names)
        elif kind == "vector":
            names = [*_layer(path)["fields"], GEOMETRY]
        else:
            names = _header(path, csv_form(path))
    except (OSError, UnicodeError, csv.Error, pa.ArrowException) as error:
        raise unreadable(path, error) from error
    if not any(names):
        raise DataError(
            f"{path} has no columns: its first line must name them; an empty file is often an "
            "export that did not end."
        )
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise DataError(f"{path} has the column {twice[0]} twice: drop or rename one.")
    return names


def read_columns(path: Path, words: Sequence[str], numbers: Sequence[str]) -> Any:
    """Read some columns of a table.

    Args:
        path: The table.
        words: Columns that are read as text where the file does not say their type.
        numbers: Columns that are read as numbers there.

    Returns:
        An arrow table.

    Raises:
        DataError: If the file cannot be read.
        UsageError: If it needs an extra that is not installed.
    """
    names = list(dict.fromkeys([*words, *numbers]))
    try:
        kind = kind_of(path)
        if kind == "parquet":
            return pyarrow.parquet.read_table(path, columns=names)
        if kind == "vector":
            return _read_vector(path, names)
        form = csv_form(path)
        try:
            return _read_csv(path, form, words, numbers)
        except pa.ArrowInvalid:
            # Decimal commas, or text where numbers belong: who takes the numbers tells which.
            return _read_csv(path, form, names, ())
    except (OSError, UnicodeError, pa.ArrowException, KeyError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error that says why a table cannot be read."""
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    if isinstance(error, UnicodeError) or "UTF8" in reason or "UTF-8" in reason:
        reason = "its text is not in UTF-8 (nor in UTF-16 with a byte-order mark): save it as UTF-8"
    return DataError(f"The table {path} cannot be read: {reason}.")


def csv_form(path: Path) -> CsvForm:
    """Tell the encoding of a CSV file from its first bytes, and what stands between its cells.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as handle:
        start = handle.read(4096)
    encoding = "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif start[1:200:2].count(0) > len(start[1:200:2]) // 2:
        encoding = "utf-16-le"
    elif start[0:200:2].count(0) > len(start[0:200:2]) // 2:
        encoding = "utf-16-be"
    with path.open(encoding=encoding, newline="") as handle:
        lines = [line.rstrip("\r\n") for line in itertools.islice(handle, 2)]
    first = lines[0] if lines else ""
    if first.lower().startswith("sep=") and len(first) == 5:  # a spreadsheet's own first line
        return CsvForm(encoding, first[4], skipped=1)
    widths = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in DELIMITERS}
    return CsvForm(encoding, max(DELIMITERS, key=lambda mark: widths[mark]))


def _header(path: Path, form: CsvForm) -> list[str]:
    with path.open(encoding=form.encoding, newline="") as handle:
        rows = csv.reader(handle, delimiter=form.delimiter)
        return next(itertools.islice(rows, form.skipped, None), [])


def _read_csv(path: Path, form: CsvForm, words: Sequence[str], numbers: Sequence[str]) -> Any:
    types = {name: pa.float64() for name in numbers} | {name: pa.string() for name in words}
    convert = pyarrow.csv.ConvertOptions(
        include_columns=list(types),
        column_types=types,
        null_values=EMPTY_CELLS,
        strings_can_be_null=True,
    )
    # Arrow knows the mark of UTF-8 itself, and reads UTF-8 without a detour through Python.
    encoding = "utf8" if form.encoding == "utf-8-sig" else form.encoding
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(encoding=encoding, skip_rows=form.skipped),
        parse_options=pyarrow.csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True),
        convert_options=convert,
    )


def _pyogrio() -> Any:
    try:
        import pyogrio
    except ImportError as error:
        raise UsageError(
            "GeoPackage and GeoJSON need the extra `vector`: "
            "pip install 'cropglobe-benchmark[vector]', or save the table as parquet or CSV."
        ) from error
    return pyogrio


def _layer(path: Path) -> Any:
    """Return what is said of the one layer of a vector file, its coordinates being degrees."""
    pyogrio = _pyogrio()
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        if len(layers) != 1:
            raise DataError(
                f"{path} has the layers {', '.join(layers) or 'none'}: save the one that holds the "
                "points as a file of its own."
            )
        described = pyogrio.read_info(path)
    except pyogrio.errors.DataSourceError as error:
        raise unreadable(path, error) from error
    system = described["crs"]
    if system is not None and system not in DEGREES:
        raise DataError(
            f"{path} has coordinates of the reference system {system.split('[')[0]}: save it in "
            "degrees (EPSG:4326)."
        )
    return described


def _read_vector(path: Path, names: Sequence[str]) -> Any:
    pyogrio = _pyogrio()
    _layer(path)
    fields = [name for name in names if name != GEOMETRY]
    try:
        described, table = pyogrio.read_arrow(path, columns=fields)
    except pyogrio.errors.DataSourceError as error:
        raise unreadable(path, error) from error
    geometry = described["geometry_name"] or "wkb_geometry"
    renamed = [GEOMETRY if name == geometry else name for name in table.column_names]
    return table.rename_columns(renamed).select(list(names))
