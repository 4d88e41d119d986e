"""Real Sentinel-2 series through the same code; skipped where the tables are absent."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.data.inspect.inspection import inspect_dataset

pytestmark = pytest.mark.real_data

Find = Callable[[str], Path]


def test_arkansas_and_california(tmp_path: Path, real_table: Find) -> None:
    table = real_table("usa_2021_s2_cdl_long.parquet")
    start = time.process_time()
    report = ingest_table(table, tmp_path / "out", labels="cdl")
    assert time.process_time() - start < 20  # of work, however busy the machine is
    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * 2**20  # KiB, with the tests
    arkansas, california = report.domains
    assert arkansas.classes == {
        "corn": 1520,
        "soybeans": 4680,
        "rice": 2420,
        "wheat": 13,
        "cotton": 760,
        "other": 607,
    }
    assert california.classes == {
        "corn": 201,
        "rice": 2040,
        "wheat": 195,
        "cotton": 208,
        "other": 7376,
    }
    for domain in report.domains:
        card = domain.card
        assert card.bands == BANDS
        assert (card.year, card.processing_level, card.cadence_days) == (2021, "L2A", 10)
        assert card.unknown_codes == {}
        assert card.dropped == {}
        assert domain.blocks is not None
        assert domain.blocks > 100
        assert card.missing_share is not None
        assert 0.05 < card.missing_share < 0.25
    dataset = open_dataset(tmp_path / "out")
    greenness = {}
    for name in dataset.domains:
        series = dataset.load(name).series
        red, near = series[:, BANDS.index("B4")], series[:, BANDS.index("B8")]
        greenness[name] = ((near - red) / np.maximum(near + red, 1e-3)).mean(axis=0)
    # Summer crops of the northern hemisphere: greenest in July or August, barest in winter.
    assert 36 <= int(greenness["USA-AR"].argmax()) <= 50
    assert greenness["USA-AR"].max() - greenness["USA-AR"].min() > 0.3


def test_observations_of_arkansas_stand_where_they_were_made(
    tmp_path: Path, real_table: Find
) -> None:
    import pandas as pd

    table = real_table("usa_2021_s2_cdl_long.parquet")
    ingest_table(table, tmp_path / "out", labels="cdl")
    samples = open_dataset(tmp_path / "out").load("USA-AR")
    raw = pd.read_parquet(table, filters=[("sample_id", "=", samples.sample_ids[0])])
    clear = raw[raw["S2-L2A-B08"] != 65535]
    day = (clear["timestamp"] - pd.Timestamp("2021-01-01")).dt.days + 5.0
    expected = np.interp(np.arange(73) * 5 + 2.5, day, clear["S2-L2A-B08"] / 10_000)
    ours = samples.series[0, BANDS.index("B8")]
    np.testing.assert_allclose(ours, expected, atol=6e-5)


def test_the_french_dekads_lack_one_band(tmp_path: Path, real_table: Find) -> None:
    table = real_table("fra_2023_worldcereal_dekad.parquet")
    report = ingest_table(table, tmp_path / "out", labels="ewoc")
    (france,) = report.domains
    assert france.name == "FRA"
    assert "ref_id" in report.notes[0]
    assert france.classes == {"corn": 88, "soybeans": 13, "wheat": 61, "other": 337}
    assert france.card.bands == tuple(band for band in BANDS if band != "B8A")
    assert any("B8A is left out" in note for note in france.card.notes)
    assert france.card.unknown_codes == {"1106000000": 6}
    assert france.card.dropped == {"fewer than 6 observed dates in the year": 1}
    assert (report.first_day, france.card.cadence_days) == ("2023-01-01", 10)


def test_a_french_winter_crop_season(tmp_path: Path, real_table: Find) -> None:
    table = real_table("fra_2023_worldcereal_dekad.parquet")
    report = ingest_table(table, tmp_path / "out", labels="ewoc", season_start="10-01")
    assert (report.first_day, report.last_day) == ("2022-10-01", "2023-09-30")
    assert report.domains[0].samples > 450


def test_the_corsican_months(tmp_path: Path, real_table: Find) -> None:
    table = real_table("fra_2022_worldcereal_monthly.parquet")
    report = ingest_table(table, tmp_path / "out", labels="ewoc", region="FRA-2022")
    (corsica,) = report.domains
    assert corsica.card.year == 2022
    assert 28 <= (corsica.card.cadence_days or 0) <= 31
    assert corsica.samples + sum(corsica.card.dropped.values()) == 500
    inspection = inspect_dataset(open_dataset(tmp_path / "out"))
    assert inspection.domains[0].constant_series == 0
    assert inspection.domains[0].highest < 1
