"""Regions, labels, bands and blocks of point tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ingesting import earth_engine, ingest, series_of

from benchmark.data.dataset import open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.data.ingest.spatial_blocks import spatial_blocks
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError, UsageError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


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


@pytest.mark.parametrize("file", ["points.parquet", "points.csv"])
def test_codes_stored_as_floats_and_samples_without_label(
    tmp_path: Path, long_table: Table, save: Save, file: str
) -> None:
    """As pandas writes whole numbers with one gap."""
    table = long_table(tuple("abcd"), codes=(1.0, np.nan, 5.0, 300.0))
    report = ingest(save(table, file), tmp_path / "out")
    assert report.domains[0].classes == {"corn": 1, "soybeans": 1, "other": 1}
    assert report.domains[0].card.dropped == {"no label": 1}
    assert report.domains[0].card.unknown_codes == {"300": 1}


def test_one_code_written_in_two_ways_is_one_unknown_code(
    tmp_path: Path, long_table: Table, save: Save
) -> None:
    table = long_table(tuple("abcd"), codes=("1", "300", "300.0", "81"))
    report = ingest(save(table, "points.csv"), tmp_path / "out")
    assert report.domains[0].card.unknown_codes == {"300": 2, "81": 1}


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
