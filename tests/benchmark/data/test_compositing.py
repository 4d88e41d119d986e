"""Compositing and gap filling."""

import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchmark.data.compositing as module
from benchmark.data.compositing import composite, observed_median, observed_steps, to_year_grid
from benchmark.data.season import step_centres

Cube = tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]


@st.composite
def cubes(draw: st.DrawFn) -> Cube:
    """Draw observations [N, 2, T] with gaps and their ascending days."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dates, samples = draw(st.integers(1, 40)), draw(st.integers(1, 5))
    days = np.sort(random.choice(np.arange(-40, 420), size=dates, replace=False)) + 0.5
    values = random.uniform(0, 1, (samples, 2, dates)).astype(np.float32)
    hidden = random.uniform(size=(samples, dates)) < draw(st.sampled_from([0.0, 0.5, 0.95]))
    values[np.broadcast_to(hidden[:, None, :], values.shape)] = np.nan
    return values, days


@given(
    slope=st.floats(-0.002, 0.002),
    start=st.floats(0.2, 0.8),
    spacing=st.sampled_from([5, 8, 10, 16, 30]),
)
def test_a_line_stays_a_line(slope: float, start: float, spacing: int) -> None:
    days = np.arange(-30.0, 400.0, spacing)
    line = (start + slope * days).astype(np.float32)[None, None]
    expected = start + slope * step_centres()
    np.testing.assert_allclose(to_year_grid(line, days)[0, 0], expected, atol=1e-6)


@given(cubes())
def test_filled_values_stay_between_the_observed_ones(cube: Cube) -> None:
    values, days = cube
    filled = to_year_grid(values, days)
    seen = observed_steps(values).any(axis=1)
    assert np.isfinite(filled[seen]).all()
    assert np.isnan(filled[~seen]).all()
    if seen.any():
        low, high = np.nanmin(values[seen], axis=-1), np.nanmax(values[seen], axis=-1)
        assert (filled[seen] >= low[..., None] - 1e-6).all()
        assert (filled[seen] <= high[..., None] + 1e-6).all()


@given(cubes(), st.randoms(use_true_random=False))
def test_samples_do_not_influence_each_other(cube: Cube, random: object) -> None:
    values, days = cube
    order = np.arange(len(values))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(
        to_year_grid(values[order], days), to_year_grid(values, days)[order]
    )


@given(cubes())
def test_chunks_do_not_show(cube: Cube) -> None:
    values, days = cube
    whole = to_year_grid(values, days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", 2)
        np.testing.assert_array_equal(to_year_grid(values, days), whole)


def test_by_hand() -> None:
    days = np.array([1.0, 3.0, 12.5, 22.5])
    values = np.array([[[0.1, 0.3, np.nan, 0.6]]], dtype=np.float32)
    # Days 1 and 3 share step 0: their median 0.2 stands at 2.5. Day 12.5 is cloudy. From 2.5 to
    # 22.5 the line climbs 0.1 in each step of 5 days; after 22.5 the value is held.
    filled = to_year_grid(values, days)[0, 0]
    np.testing.assert_allclose(filled[:6], [0.2, 0.3, 0.4, 0.5, 0.6, 0.6], atol=1e-6)
    assert filled[-1] == pytest.approx(0.6)


def test_a_value_before_the_first_observation_is_held() -> None:
    filled = to_year_grid(np.array([[[0.4, 0.8]]], dtype=np.float32), np.array([102.5, 202.5]))
    assert filled[0, 0, 0] == pytest.approx(0.4)
    assert filled[0, 0, 30] == pytest.approx(0.6)


def test_one_hidden_band_hides_the_date_in_all_bands() -> None:
    values = np.array([[[0.2, 0.9, 0.4], [0.2, np.nan, 0.4]]], dtype=np.float32)
    filled = to_year_grid(values, np.array([2.5, 7.5, 12.5]))
    np.testing.assert_allclose(filled[0, :, 1], [0.3, 0.3], atol=1e-6)


def test_dates_that_share_a_step_become_their_median_of_the_clear_ones() -> None:
    values = np.array([[[1, 2, 9, 4]], [[np.nan, 2, 6, 4]]], dtype=np.float32)
    reduced, days, steps = composite(values, np.array([0.0, 1.0, 4.0, 7.0]))
    assert reduced[:, 0].tolist() == [[2, 4], [4, 4]]
    assert days.tolist() == [[2.5, 7.0], [2.5, 7.0]]
    assert steps.tolist() == [0, 1]


def test_a_sample_that_is_observed_once_in_a_step_stands_at_its_own_day() -> None:
    """Another sample's dates in that step must not move it."""
    values = np.array([[[1, np.nan, 4]], [[np.nan, 2, 4]]], dtype=np.float32)
    _, days, _ = composite(values, np.array([1.0, 4.0, 7.0]))
    assert days.tolist() == [[1.0, 7.0], [4.0, 7.0]]


@given(cubes())
def test_the_median_of_what_was_observed_is_numpys_without_its_warning(cube: Cube) -> None:
    values, _ = cube
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        expected = np.nanmedian(values, axis=-1)
    # Nothing may lean on the filters of the process, which other threads exchange meanwhile.
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("error")
        patch.setattr(warnings, "filterwarnings", lambda *_, **__: None)
        np.testing.assert_array_equal(observed_median(values), expected)


def test_days_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        to_year_grid(np.zeros((1, 1, 2), np.float32), np.array([5.0, 5.0]))
