"""Data that differ by rounding alone have one fingerprint; all others have their own."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.dataset import Dataset, DomainSamples, open_dataset, write_dataset
from benchmark.data.official import outline
from benchmark.data.official.outline import Known
from benchmark.data.simulate.world import simulate_dataset

Change = Callable[[DomainSamples], DomainSamples]

DIGIT = np.float32(1e-4)


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A simulated dataset whose fingerprint stands for those that are alike."""
    simulate_dataset(tmp_path / "known", samples_per_domain=400, seed=1, domains=("FRA", "CHN"))
    dataset = open_dataset(tmp_path / "known")
    entry = Known(
        fingerprint=dataset.own_fingerprint,
        domains={domain: dataset.outline(domain) for domain in dataset.domains},
    )
    monkeypatch.setattr(outline, "known_outlines", lambda: (entry,))
    return dataset


def changed(known: Dataset, root: Path, change: Change) -> Dataset:
    """Return a copy of a dataset in which one domain is changed."""
    samples = [known.load(domain) for domain in known.domains]
    write_dataset(root, known.card, [change(samples[0]), *samples[1:]])
    return open_dataset(root)


def with_series(samples: DomainSamples, places: np.ndarray, step: float) -> DomainSamples:
    series = samples.series.copy()
    series.reshape(-1)[places] += np.float32(step) * DIGIT
    return replace(samples, series=series)


def test_a_few_values_one_digital_number_away_are_rounding(known: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def rounded(samples: DomainSamples) -> DomainSamples:
        bright = np.flatnonzero(samples.series > 10 * DIGIT)
        places = rng.choice(bright, len(bright) // 5_000, replace=False)
        return with_series(samples, places, rng.choice([-1.0, 1.0], len(places)))

    other = changed(known, tmp_path / "other", rounded)
    assert other.own_fingerprint != known.own_fingerprint
    assert other.fingerprint == known.fingerprint == known.own_fingerprint


def brighter_band(samples: DomainSamples) -> DomainSamples:
    series = samples.series.copy()
    series[:, 3] += DIGIT
    return replace(samples, series=series)


def swapped_samples(samples: DomainSamples) -> DomainSamples:
    order = np.arange(len(samples))
    first = order[0]
    other = int(np.argmax(np.abs(samples.series - samples.series[first]).sum(axis=(1, 2))))
    order[[first, other]] = other, first
    return replace(samples, series=samples.series[order])


def one_date(samples: DomainSamples) -> DomainSamples:
    series = samples.series.copy()
    series[7, :, 30] += np.float32(0.02)
    return replace(samples, series=series)


def many_by_one(samples: DomainSamples) -> DomainSamples:
    """As many values up as down, so that no sum of all values would change by much."""
    rng = np.random.default_rng(3)
    places = rng.choice(samples.series.size, samples.series.size // 10, replace=False)
    series = samples.series.copy()
    series.reshape(-1)[places] += rng.choice([-1, 1], len(places)).astype(np.float32) * DIGIT
    return replace(samples, series=np.clip(series, 0, 1))


def other_label(samples: DomainSamples) -> DomainSamples:
    labels = samples.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    return replace(samples, labels=labels)


def one_less(samples: DomainSamples) -> DomainSamples:
    return samples.take(np.arange(1, len(samples)))


@pytest.mark.parametrize(
    "change",
    [brighter_band, swapped_samples, one_date, many_by_one, other_label, one_less],
)
def test_anything_else_is_another_dataset(known: Dataset, tmp_path: Path, change: Change) -> None:
    other = changed(known, tmp_path / "other", change)
    assert other.fingerprint == other.own_fingerprint != known.fingerprint


def test_other_domains_are_another_dataset(known: Dataset, tmp_path: Path) -> None:
    domains = {"FRA": known.domain_card("FRA")}
    card = known.card.model_copy(update={"domains": domains})
    write_dataset(tmp_path / "other", card, [known.load("FRA")])
    other = open_dataset(tmp_path / "other")
    assert other.fingerprint == other.own_fingerprint != known.fingerprint


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names kernels of x86-64 processors")
def test_the_embedded_default_is_one_dataset_on_an_old_and_a_new_processor(tmp_path: Path) -> None:
    """Old kernels of NumPy and OpenBLAS give other last digits, as such a processor does."""
    code = (
        "from benchmark.data.dataset_source import open_source\n"
        "data = open_source('simulated')\n"
        "print(data.own_fingerprint, data.fingerprint)"
    )
    old = {"NPY_DISABLE_CPU_FEATURES": "X86_V3,X86_V4", "OPENBLAS_CORETYPE": "Nehalem"}
    found = []
    for name, kernels in {"new": {}, "old": old}.items():
        folder = {"CROPGLOBE_CACHE": str(tmp_path / name)}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=os.environ | folder | kernels,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(done.stdout.split())
    assert found[0][0] != found[1][0]
    assert found[0][1] == found[1][1]
