"""Speed of what is done to series: augmentation, harmonic fit, composite, ingestion."""

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from alternating import compare, keep, seconds
from point_tables import BANDS as TABLE_BANDS
from point_tables import write_point_table
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.interpolate import CubicSpline

from benchmark.data.compositing import to_year_grid
from benchmark.data.dataset import open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.data.representations import harmonic_features
from benchmark.data.season import WINDOW, step_centres
from benchmark.run.device import measure
from benchmark.run.training.augmentation import WINDOW_END, WINDOW_START, Augmentation

pytestmark = pytest.mark.benchmark(timer=time.process_time)

Floats = npt.NDArray[np.float32]


def years(count: int) -> Floats:
    return np.random.default_rng(0).random((count, 10, 73), dtype=np.float32)


def augment_one(year: Floats, random: np.random.Generator) -> Floats:
    """One copy of one sample: move or stretch the window band by band, then warp it."""
    start, end = WINDOW_START, WINDOW_END
    if random.random() < 0.5:
        start, end = start + random.integers(-50, 51), end + random.integers(-50, 51)
    else:
        shift = random.integers(-50, 51)
        start, end = start + shift, end + shift
    days = start + (end - start) * (np.arange(43) + 0.5) / 43
    copy = np.stack([np.interp(days, step_centres(), band) for band in year])
    if random.random() < 0.25:
        knots = random.normal(1, 0.1, 5)
        copy *= CubicSpline(np.linspace(0, 42, 5), knots)(np.arange(43))
    return copy.astype(np.float32)


def test_augmentation(benchmark: BenchmarkFixture) -> None:
    # As many at once as when copies are made for trees; a batch of 256 takes half as long again.
    series = years(2048)
    tensor, generator = torch.from_numpy(series), torch.Generator().manual_seed(0)
    random, augment = np.random.default_rng(0), Augmentation()

    def ours() -> None:
        for _ in range(10):
            augment(tensor, generator)  # not kept: fresh memory for each would be measured too

    median = compare(
        benchmark,
        ours,
        lambda: [augment_one(year, random) for year in series[:256]],
        share=256 / (10 * len(series)),
        reference=52,
        turns=9,
    )
    benchmark.extra_info["copies per second"] = 10 * len(series) / median


def fit_one(series: Floats) -> Floats:
    """Harmonics of one sample, band by band, by least squares."""
    t = 2 * np.pi * step_centres()[WINDOW] / 365
    design = np.stack([np.ones_like(t), np.cos(t), np.sin(t), np.cos(2 * t), np.sin(2 * t)], axis=1)
    return np.stack([np.linalg.lstsq(design, band[WINDOW], rcond=None)[0] for band in series])


def test_harmonic_fit(benchmark: BenchmarkFixture) -> None:
    series = years(300_000)
    median = compare(
        benchmark,
        lambda: harmonic_features(series),
        lambda: [fit_one(sample) for sample in series[:200]],
        share=200 / len(series),
        reference=406,
        turns=3,
    )
    keep(benchmark, "processor s", median, reference=0.15, ceiling=5)
    np.testing.assert_allclose(harmonic_features(series[:1])[0], fit_one(series[0]), atol=2e-4)


def fill_one(values: Floats, days: npt.NDArray[np.float64]) -> Floats:
    """The 5-day grid of one sample, band by band: median of each step, then interpolation."""
    steps = (days // 5).astype(int)
    filled = []
    for band in values:
        used = [step for step in np.unique(steps) if np.isfinite(band[steps == step]).any()]
        medians = [np.nanmedian(band[steps == step]) for step in used]
        known = (steps == step for step in used)
        where = [days[m][0] if m.sum() == 1 else (s + 0.5) * 5 for s, m in zip(used, known)]  # noqa: B905
        filled.append(np.interp(step_centres(), where, medians))
    return np.stack(filled)


@pytest.mark.parametrize(
    ("cadence", "reference"), [(10.0, 351), (2.5, 78)], ids=["gap-filling", "composite"]
)
def test_the_year_grid(cadence: float, reference: float, benchmark: BenchmarkFixture) -> None:
    random = np.random.default_rng(0)
    days = np.arange(1, 364, cadence)
    values = random.random((2048, 10, len(days)), dtype=np.float32)
    values[np.broadcast_to(random.random((2048, 1, len(days))) < 0.15, values.shape)] = np.nan
    median = compare(
        benchmark,
        lambda: to_year_grid(values, days),
        lambda: [fill_one(sample, days) for sample in values[:16]],
        share=16 / len(values),
        reference=reference,
        floor=0.4 * reference,  # both cores busy took four tenths: memory is shared
    )
    benchmark.extra_info["samples per second"] = len(values) / median


def ingest_slowly(table: Path) -> dict[str, Floats]:
    """Read a table and fill the grid of each sample with pandas, one group at a time."""
    frame = pd.read_parquet(table)
    found = {}
    for name, group in frame.groupby("sample_id"):
        days = (group["timestamp"] - pd.Timestamp("2021-01-01")).dt.days + 5.0
        bands = []
        for band in TABLE_BANDS:
            values = group[f"S2-L2A-B{band}"].where(group[f"S2-L2A-B{band}"] != 65535) / 10_000
            clear = values.notna()
            bands.append(np.interp(step_centres(), days[clear], values[clear]))
        found[str(name)] = np.stack(bands)
    return found


def test_ingestion(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    write_point_table(tmp_path / "table.parquet", per_class=25)
    numbers = iter(range(100))

    def ours() -> None:
        ingest_table(tmp_path / "table.parquet", tmp_path / str(next(numbers)), labels="cdl")

    naive = lambda: ingest_slowly(tmp_path / "table.parquet")  # noqa: E731
    compare(benchmark, ours, naive, reference=42, turns=3)
    ours_of_one = open_dataset(tmp_path / "0").load("USA-AR")
    theirs = ingest_slowly(tmp_path / "table.parquet")[str(ours_of_one.sample_ids[0])]
    np.testing.assert_allclose(ours_of_one.series[0], theirs, atol=1e-4)


@pytest.mark.real_data
def test_ingestion_of_the_real_table(
    benchmark: BenchmarkFixture, tmp_path: Path, real_table: object
) -> None:
    assert callable(real_table)
    table = real_table("usa_2021_s2_cdl_long.parquet")
    with measure("cpu") as before:
        pass
    with measure("cpu") as measurement:
        taken = seconds(lambda: ingest_table(table, tmp_path / "out", labels="cdl"))
    benchmark.pedantic(lambda: None, rounds=1)
    assert measurement.peak_memory_bytes is not None
    assert before.peak_memory_bytes is not None
    memory = measurement.peak_memory_bytes - before.peak_memory_bytes
    keep(benchmark, "processor s", taken, reference=1.7, ceiling=20)
    keep(benchmark, "added MB", memory / 1e6, reference=331, ceiling=2147)
