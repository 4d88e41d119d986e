"""Indices and their statistics, and trees on augmented copies."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from baselines import indices
from baselines.heads import AugmentedTrees
from benchmark.data.dataset import BANDS
from benchmark.data.representations import Observations, represent
from benchmark.data.season import season
from benchmark.errors import UnavailableError
from benchmark.task.authoring.method_trial import made_up_samples, tiny_protocol
from benchmark.task.methods import Context


def observe(values: dict[str, float], bands: tuple[str, ...] = BANDS) -> Observations:
    series = np.zeros((1, len(bands), 73), dtype=np.float32)
    for band, value in values.items():
        series[:, bands.index(band)] = value
    return Observations("FRA", series, bands, np.array(["a"]))


def test_indices_are_the_published_formulas() -> None:
    values = {"B3": 0.08, "B4": 0.05, "B5": 0.1, "B7": 0.35, "B8": 0.4, "B11": 0.2}
    peaks = represent(observe(values), "indices")[0, :, 0]
    expected = {
        "NDVI": (0.4 - 0.05) / 0.45,
        "GCVI": 0.4 / 0.08 - 1,
        "NDWI": (0.08 - 0.4) / 0.48,
        "LSWI": (0.4 - 0.2) / 0.6,
        "NDRE": (0.4 - 0.1) / 0.5,
        "CIre": 0.35 / 0.1 - 1,
    }
    assert tuple(indices.INDICES) == tuple(expected)
    np.testing.assert_allclose(peaks, list(expected.values()), rtol=1e-5)


def test_statistics_of_a_triangle() -> None:
    # Rises from 0 at step 10 to 1 at step 20 and falls to 0 at step 40; half is at 15 and 30.
    steps = np.arange(43.0)
    triangle = np.clip(np.minimum((steps - 10) / 10, (40 - steps) / 20), 0, 1)
    twice = np.maximum(triangle, np.where(steps == 2, 0.9, 0))
    first = 24 * 5 + 2.5
    for values, area in ((triangle, 15.0), (twice, 15.9)):
        peak, top, start, end, amplitude, total = indices.seasonal_statistics(
            values[None].astype(np.float32)
        )[0]
        assert (peak, amplitude) == (1, 1)
        assert top == first + 5 * 20
        assert (start, end) == (first + 5 * 15, first + 5 * 30), "an early weed is no green-up"
        assert total == pytest.approx(5 * area, rel=1e-5)


def test_a_flat_season_lasts_all_of_it() -> None:
    start, end = indices.seasonal_statistics(np.full((1, 43), 0.3, np.float32))[0, 2:4]
    assert (start, end) == (122.5, 122.5 + 42 * 5)


def test_dark_pixels_are_finite_and_ratios_bounded() -> None:
    assert np.isfinite(represent(observe({}), "indices")).all()
    bright = represent(observe({"B8": 1.0}), "indices")
    assert np.abs(bright).max() < 400


def test_an_index_without_its_bands_is_left_out() -> None:
    assert represent(observe({}, ("B3", "B4", "B8")), "indices").shape == (1, 3, 6)
    with pytest.raises(UnavailableError, match="bands B2 allow no index"):
        represent(observe({}, ("B2",)), "indices")


class Recorder:
    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Recorder":
        self.x, self.y, self.validation = x, y, validation
        return self

    def predict_proba(self, x: Any) -> Any:
        self.asked = x
        return np.tile([1.0, 0, 0], (len(x), 1))


def test_trees_get_originals_and_copies() -> None:
    observations, labels = made_up_samples()
    x = observations.series
    context = Context(0, ("a", "b", "c"), tiny_protocol(), "cpu", BANDS, x.shape[1:])
    trees = AugmentedTrees(context, head=partial(Recorder)).fit(
        x, labels, validation=(x[:2], labels[:2])
    )
    seen = trees.trees_
    assert isinstance(seen, Recorder)
    copies = context.protocol.augmentation.copies
    assert seen.x.shape == (len(x) * (1 + copies), 10, 43)
    np.testing.assert_array_equal(seen.x[: len(x)], season(x))
    np.testing.assert_array_equal(seen.y, np.tile(labels, 1 + copies))
    assert not np.allclose(seen.x[len(x) : 2 * len(x)], seen.x[2 * len(x) :])
    np.testing.assert_array_equal(seen.validation[0], season(x[:2]))
    trees.predict_proba(x[:4])
    np.testing.assert_array_equal(seen.asked, season(x[:4]))
