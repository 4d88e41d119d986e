"""A tiny made-up dataset whose crops differ in the day of their peak."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.data.dataset import (
    BANDS,
    Dataset,
    DatasetCard,
    DomainCard,
    DomainSamples,
    open_dataset,
    write_dataset,
)
from benchmark.data.taxonomy import CROPS
from benchmark.randomness import generator

PEAK_STEP = {"corn": 40, "soybeans": 46, "rice": 34, "wheat": 26, "cotton": 52, "other": 60}
BLOCKS = 12


def make_samples(
    domain: str,
    *,
    crops: Sequence[str] = ("corn", "rice", "wheat", "other"),
    per_class: int = 36,
    bands: int = len(BANDS),
    shift: int = 0,
    blocks: bool = True,
) -> DomainSamples:
    """Make series with one bump per crop, noise, and spatial blocks that hold all crops."""
    random = generator(7, "tiny", domain)
    labels = np.repeat([CROPS.index(crop) for crop in crops], per_class)
    step = np.arange(73)
    peaks = np.array([PEAK_STEP[CROPS[label]] for label in labels]) + shift
    bump = np.exp(-0.5 * np.square((step - peaks[:, None]) / 5))
    gain = np.linspace(0.2, 0.5, bands)[:, None]
    series = 0.1 + gain * bump[:, None, :] + random.normal(0, 0.02, (len(labels), bands, 73))
    block = np.arange(len(labels)) % BLOCKS
    return DomainSamples(
        name=domain,
        series=np.clip(np.round(series, 4), 0, 1).astype(np.float32),
        labels=labels.astype(np.int64),
        sample_ids=np.array([f"{domain}-{row}" for row in range(len(labels))]),
        longitude=block.astype(np.float64) if blocks else None,
        latitude=np.zeros(len(labels)) if blocks else None,
        block=block.astype(np.int64) if blocks else None,
    )


def write_tiny(root: Path, *domains: DomainSamples, simulated: bool = False) -> Dataset:
    """Write domains as a dataset and open it."""
    cards = {
        d.name: DomainCard(bands=BANDS[: d.series.shape[1]], season="calendar", cadence_days=5.0)
        for d in domains
    }
    card = DatasetCard(
        name="tiny", source="tests", licence="MIT", simulated=simulated, domains=cards
    )
    write_dataset(root, card, domains)
    return open_dataset(root)
