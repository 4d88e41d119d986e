"""Files of tables: separators, encodings and types of columns."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingesting import LONG, Save, Table, ingest, series_of

from benchmark.data.dataset import open_dataset
from benchmark.errors import DataError


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


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_called_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=r"table\.csv has no columns: its first line must name"):
        ingest(path, tmp_path / "data")
