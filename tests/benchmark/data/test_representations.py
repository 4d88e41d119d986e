"""Representations: their values, their cache, and the door through which packages add some."""

import os
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from benchmark.data import representations as module
from benchmark.data.dataset import BANDS
from benchmark.data.representations import (
    BUILT_IN,
    Observations,
    Representation,
    get_representation,
    represent,
    representations,
)
from benchmark.errors import MethodError, UsageError


def observe(series: np.ndarray) -> Observations:
    ids = np.array([str(row) for row in range(len(series))])
    return Observations("FRA", series.astype(np.float32), BANDS[: series.shape[1]], ids)


def test_the_season_is_cut_out_of_the_year() -> None:
    series = np.random.default_rng(0).random((3, 2, 73))
    np.testing.assert_array_equal(
        represent(observe(series), "median"), series[..., 24:67].astype(np.float32)
    )
    assert represent(observe(series), "median-year").shape == (3, 2, 73)


def test_harmonics_recover_the_curve_that_they_are() -> None:
    # Reflectance made of the five functions themselves, t in years at the centre of each step.
    t = (np.arange(73) + 0.5) * 5 / 365
    design = [t**0, *(f(2 * np.pi * k * t) for k in (1, 2) for f in (np.cos, np.sin))]
    coefficients = np.random.default_rng(1).normal(size=(4, 2, 5))
    features = represent(observe(coefficients @ np.stack(design)), "harmonic")
    np.testing.assert_allclose(features, coefficients, atol=1e-4)


def test_harmonics_are_least_squares() -> None:
    series = np.random.default_rng(2).random((1, 1, 73))
    t = ((np.arange(73) + 0.5) * 5 / 365)[24:67]
    design = np.stack(
        [t**0, *(f(2 * np.pi * k * t) for k in (1, 2) for f in (np.cos, np.sin))], axis=1
    )
    expected = np.linalg.lstsq(design, series[0, 0, 24:67], rcond=None)[0]
    np.testing.assert_allclose(
        represent(observe(series), "harmonic")[0, 0], expected, atol=1e-3, rtol=1e-3
    )


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, samples: Observations) -> np.ndarray:
        self.calls += 1
        return samples.series[:, 0, :3] + np.float32(self.calls)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    made = Counter()
    view = Representation("counted", "three numbers", made, cached=True)
    monkeypatch.setattr(module, "BUILT_IN", {**BUILT_IN, "counted": view})
    return made


def test_the_cache_knows_the_content(counter: Counter, tmp_path: Path) -> None:
    series = np.random.default_rng(0).random((2, 2, 73))
    first = represent(observe(series), "counted", cache_directory=tmp_path)
    again = represent(observe(series), "counted", cache_directory=tmp_path)
    np.testing.assert_array_equal(first, again)
    assert counter.calls == 1
    base = observe(series)
    changes: list[dict[str, object]] = [
        {"series": base.series + np.float32(1e-6)},
        {"bands": ("B3", "B4")},
        {"first_day": 185},
        {"latitude": np.array([1.0, 2.0])},
        {"latitude": np.array([1.0, 2.0]), "longitude": np.array([1.0, 2.0])},
    ]
    for number, change in enumerate(changes, start=2):
        changed = Observations(**{**vars(base), **change})  # type: ignore[arg-type]
        represent(changed, "counted", cache_directory=tmp_path)
        assert counter.calls == number, change


@pytest.mark.parametrize(
    "damage",
    [lambda entry: entry[:-5], lambda entry: entry.replace(b"), }", b"(, }", 1)],
    ids=["truncated", "header"],
)
def test_a_damaged_cache_entry_is_made_again(
    damage: Callable[[bytes], bytes], counter: Counter, tmp_path: Path
) -> None:
    series = np.zeros((2, 2, 73))
    represent(observe(series), "counted", cache_directory=tmp_path)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    again = represent(observe(series), "counted", cache_directory=tmp_path)
    assert counter.calls == 2
    np.testing.assert_array_equal(np.load(entry), again)
    assert [p.name for p in tmp_path.iterdir()] == [entry.name], "nothing half-written is left"


def test_a_fingerprint_stands_for_the_series(counter: Counter, tmp_path: Path) -> None:
    base = observe(np.zeros((2, 2, 73)))
    named = replace(base, content="fingerprint 1")
    represent(named, "counted", cache_directory=tmp_path)
    represent(replace(named, series=base.series + 1), "counted", cache_directory=tmp_path)
    assert counter.calls == 1
    represent(replace(named, content="fingerprint 2"), "counted", cache_directory=tmp_path)
    represent(replace(named, first_day=185), "counted", cache_directory=tmp_path)
    assert counter.calls == 3


def test_entries_that_nobody_asks_for_are_let_go(counter: Counter, tmp_path: Path) -> None:
    series = [np.full((2, 2, 73), value) for value in (0.1, 0.2, 0.3)]
    for values in series[:2]:
        represent(observe(values), "counted", cache_directory=tmp_path)
    for entry in tmp_path.iterdir():
        os.utime(entry, (0, 0))
    represent(observe(series[0]), "counted", cache_directory=tmp_path)  # read, and so kept
    represent(observe(series[2]), "counted", cache_directory=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    represent(observe(series[0]), "counted", cache_directory=tmp_path)
    assert counter.calls == 3


def test_a_cache_that_cannot_be_written_costs_time_only(
    counter: Counter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    features = represent(
        observe(np.zeros((2, 2, 73))), "counted", cache_directory=tmp_path / "file"
    )
    assert features.shape == (2, 3)
    assert "cannot be written" in caplog.text


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'harmonic'"):
        get_representation("harmonics")


def _points(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    found = [EntryPoint(f"p{i}", value, module.ENTRY_POINTS) for i, value in enumerate(values)]
    monkeypatch.setattr(module, "entry_points", lambda group: found)
    representations.cache_clear()


def test_packages_are_opened_only_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        _points(monkeypatch, "no_such_package:representations")
        assert get_representation("median").name == "median"
        with pytest.raises(MethodError, match=r"p0.*no_such_package.*correct or uninstall"):
            get_representation("mine")
        _points(
            monkeypatch, "baselines.indices:representations", "baselines.indices:representations"
        )
        with pytest.raises(MethodError, match="Two representations are named 'indices'"):
            get_representation("mine")
    finally:
        representations.cache_clear()
