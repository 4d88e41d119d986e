"""What a single series shows of its product, checked on series whose product is known."""

import numpy as np
import pytest

from benchmark.data.dataset import BANDS
from benchmark.data.shifts.band_loss import without_bands
from benchmark.data.shifts.level import before_correction
from benchmark.data.shifts.shift_table import shifts
from cropnet.series_checks import (
    MARGIN,
    SourceLevel,
    filled_bands,
    haze,
    with_near_infrared,
)

BAND_SETS = {
    "six": ("B2", "B3", "B4", "B8A", "B11", "B12"),
    "four": ("B2", "B3", "B4", "B8"),
    "nine": tuple(band for band in BANDS if band != "B8A"),
    "no blue": BANDS[1:],
}


def dark(samples: int = 40) -> np.ndarray:
    """Series whose blue is a quarter of the short-wave infrared, as over dark ground."""
    rng = np.random.default_rng(1)
    year = rng.uniform(0.02, 0.4, (samples, len(BANDS), 73)).astype(np.float32)
    year[:, BANDS.index("B12")] = rng.uniform(0.08, 0.12, (samples, 73))
    year[:, BANDS.index("B2")] = year[:, BANDS.index("B12")] / 4
    return year


def test_haze_is_what_is_added_to_blue() -> None:
    year = dark()
    assert haze(year, BANDS) == pytest.approx(0, abs=1e-6)
    year[:, BANDS.index("B2")] += 0.05
    assert haze(year, BANDS) == pytest.approx(0.05, abs=1e-6)


def test_single_bright_dates_are_no_haze() -> None:
    year = dark()
    year[:, :, ::6] = 0.6
    assert haze(year, BANDS) == pytest.approx(0, abs=0.01)


def test_without_short_wave_infrared_blue_follows_red_and_without_blue_nothing_can_tell() -> None:
    year = np.full((1, 2, 73), 0.06, np.float32)
    year[:, 0] = 0.07
    assert haze(year, ("B2", "B4")) == pytest.approx(0.07 - 0.5 * 0.06)
    assert haze(year, ("B3", "B4")) is None
    assert haze(year, ("B2", "B8")) is None
    assert SourceLevel.of(year, ("B3", "B4")).holds(year + 0.5).all()


def test_the_level_of_the_source_holds_for_it_and_not_above_the_atmosphere() -> None:
    surface = dark()
    top = before_correction(surface, BANDS, np.full((40, 73), 0.1, np.float32), np.full(40, 35.0))
    for source, other in ((surface, top), (top, surface)):
        level = SourceLevel.of(source, BANDS)
        assert level.holds(source).all()
        assert not level.holds(other).any()


def test_the_level_is_the_middle_98_percent_of_the_source_and_a_margin() -> None:
    year = np.repeat(dark(1), 101, axis=0)
    year[:, BANDS.index("B2")] += np.linspace(0, 1, 101, dtype=np.float32)[:, None]
    level = SourceLevel.of(year, BANDS)
    assert (level.low, level.high) == pytest.approx((0.01 - MARGIN, 0.99 + MARGIN), abs=1e-4)


@pytest.mark.parametrize("name", BAND_SETS)
def test_exactly_the_bands_that_a_sensor_lacks_are_found(name: str) -> None:
    kept = BAND_SETS[name]
    filled = filled_bands(without_bands(dark(), BANDS, kept), BANDS)
    assert filled.tolist() == [[band not in kept for band in BANDS]] * 40


def test_the_band_shifts_of_the_suite_are_found() -> None:
    for shift in shifts().values():
        if shift.bands:
            series = without_bands(dark(3), BANDS, shift.bands)
            assert filled_bands(series, BANDS).any(axis=1).all()


def test_nothing_is_filled_in_series_that_were_measured() -> None:
    assert not filled_bands(dark(), BANDS).any()


@pytest.mark.parametrize(("missing", "there"), [("B8", "B8A"), ("B8A", "B8")])
def test_a_measured_near_infrared_stands_in_for_the_other(missing: str, there: str) -> None:
    kept = [band for band in BANDS if band != missing]
    series = without_bands(dark(), BANDS, kept)
    mended, filled = with_near_infrared(series, filled_bands(series, BANDS), BANDS)
    assert not filled.any()
    assert np.array_equal(mended[:, BANDS.index(missing)], series[:, BANDS.index(there)])
    untouched = [BANDS.index(band) for band in kept]
    assert np.array_equal(mended[:, untouched], series[:, untouched])


def test_no_near_infrared_stands_in_where_both_were_filled() -> None:
    series = without_bands(dark(), BANDS, ("B2", "B3", "B4", "B11"))
    before = filled_bands(series, BANDS)
    mended, after = with_near_infrared(series, before, BANDS)
    assert np.array_equal(mended, series)
    assert np.array_equal(before, after)
