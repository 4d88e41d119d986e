"""Tiny tables and datasets that every data test builds upon."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.data.dataset import BANDS, DatasetCard, DomainCard, DomainSamples

WORLDCEREAL = {band: f"S2-L2A-B{band[1:].rjust(2, '0')}" for band in BANDS}


@pytest.fixture
def make_samples() -> Callable[..., DomainSamples]:
    """Return a maker of random but valid samples."""

    def make(name: str = "FRA", count: int = 6, *, bands: int = 10, seed: int = 0) -> DomainSamples:
        random = np.random.default_rng(seed)
        return DomainSamples(
            name=name,
            series=random.uniform(0.02, 0.6, (count, bands, 73)).round(4).astype(np.float32),
            labels=np.arange(count, dtype=np.int64) % 7,
            sample_ids=np.array([f"{name}-{row}" for row in range(count)]),
            block=np.arange(count, dtype=np.int64) // 2,
        )

    return make


@pytest.fixture
def card_of() -> Callable[..., DatasetCard]:
    """Return a maker of cards for some domains."""

    def make(*names: str, simulated: bool = False, **domain: Any) -> DatasetCard:
        cards = {name: DomainCard(**domain) for name in names}
        return DatasetCard(name="tiny", simulated=simulated, domains=cards)

    return make


@pytest.fixture
def long_table() -> Callable[..., pd.DataFrame]:
    """Return a maker of WorldCereal tables whose bands are 1,000 plus 10 a day in 2021.

    Every sample has a date every `step` days from `first` on; band values are digital numbers and
    equal in all bands, so that any expected value can be computed by hand.
    """

    def make(
        samples: Sequence[str] = ("a", "b"),
        *,
        codes: Sequence[object] = (1, 5),
        first: date = date(2021, 1, 1),
        count: int = 37,
        step: int = 10,
        **columns: Sequence[object],
    ) -> pd.DataFrame:
        rows = []
        for index, sample in enumerate(samples):
            for number in range(count):
                day = first + timedelta(days=number * step)
                value = 1000 + 10 * (day - date(2021, 1, 1)).days
                row: dict[str, object] = {"sample_id": sample, "timestamp": pd.Timestamp(day)}
                row |= {WORLDCEREAL[band]: value for band in BANDS}
                row |= {"lon": -90.0 + 0.2 * index, "lat": 35.0, "cdl_code": codes[index]}
                row |= {name: values[index] for name, values in columns.items()}
                rows.append(row)
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of tables below the test's own directory."""

    def write(table: pd.DataFrame, name: str = "points.parquet") -> Path:
        path = tmp_path / name
        if path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
        return path

    return write
