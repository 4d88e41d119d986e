"""Each factor by hand: what it changes, what it leaves, and that strength 0 changes nothing."""

from math import exp, log

import numpy as np
import pytest

from benchmark.data.dataset_card import BANDS
from benchmark.data.season import step_centres
from benchmark.data.shifts.atmosphere import atmosphere, to_surface, to_top
from benchmark.data.shifts.band_loss import without_bands
from benchmark.data.shifts.calendar_shifts import lose_dates, move_season, recomposite
from benchmark.data.shifts.label_mix import mixed_rows
from benchmark.data.shifts.level import aerosol_depths, before_correction
from benchmark.data.shifts.missed_clouds import miss_clouds
from benchmark.data.shifts.sun import sun_zenith
from benchmark.errors import UnavailableError


@pytest.fixture
def series() -> np.ndarray:
    random = np.random.default_rng(1)
    return random.uniform(0.02, 0.6, (6, len(BANDS), 73)).astype(np.float32)


def one(value: float) -> np.ndarray:
    return np.array([value], np.float32)


def test_the_level_of_one_pixel_by_hand() -> None:
    """B4, surface 0.1, sun 0.8, aerosol 0.2: each term with the numbers of its source."""
    wave, sun, view = 0.6646, 0.8, 0.9961947
    rayleigh = 0.008569 * wave**-4 * (1 + 0.0113 * wave**-2 + 0.00013 * wave**-4)
    assert rayleigh == pytest.approx(0.0451, abs=2e-4)
    dust = 0.2 * (wave / 0.55) ** -1.24
    mass, angle = 1 / sun + 1 / view, -sun * view
    molecules = 0.75 * (1 + angle**2) * rayleigh
    phase = (1 - 0.636**2) / (1 + 0.636**2 - 2 * 0.636 * angle) ** 1.5
    path = (molecules + 0.873 * phase * dust) / (4 * sun * view)
    forward = 0.818
    down_and_up = exp(-(rayleigh / 2 + dust * (1 - 0.873 * forward)) * mass)
    back = 1.66 * (rayleigh / 2 + dust * 0.873 * (1 - forward))
    gases = exp(-(0.0515 * 0.3 - log(0.995) / 2.3) * mass)
    wanted = gases * (path + down_and_up * 0.1 / (1 - back / (1 + back) * 0.1))
    found = to_top(np.full((1, 1), 0.1, np.float32), atmosphere(("B4",), one(sun), one(0.2)))
    assert float(found[0, 0]) == pytest.approx(wanted, rel=1e-5)


def test_what_a_satellite_sees_above_the_atmosphere() -> None:
    """Dark surfaces are brighter, bright ones darker, blue more so than the rest; SWIR hardly."""
    above = atmosphere(BANDS, one(0.8), one(0.12))
    dark = to_top(np.full((10, 1), 0.03, np.float32), above)[:, 0] - 0.03
    assert dark[0] == dark.max() > 0.05
    assert abs(dark[8]) < 0.005
    assert (to_top(np.full((10, 1), 0.7, np.float32), above) < 0.7).all()
    # Published spherical albedo of the continental model at 0.815 micrometres, aerosol 0.1 (SMAC
    # coefficients of AWiFS): 0.038.
    assert float(atmosphere(("B8",), one(0.8), one(0.1)).spherical[0, 0]) == pytest.approx(
        0.038, abs=0.01
    )


def test_correction_undoes_the_atmosphere(series: np.ndarray) -> None:
    above = atmosphere(BANDS, np.full(73, 0.7, np.float32), np.full(73, 0.3, np.float32))
    assert to_surface(to_top(series[0], above), above) == pytest.approx(series[0], abs=2e-5)


def test_aerosol_is_of_scene_and_date() -> None:
    depths = aerosol_depths(np.random.default_rng(0), np.array([5, 5, 9]))
    assert np.array_equal(depths[0], depths[1])
    assert not np.isclose(depths[0], depths[2]).any()
    many = aerosol_depths(np.random.default_rng(0), np.arange(2000))
    assert np.median(many) == pytest.approx(0.12, abs=0.002)
    assert np.exp(np.log(many).std()) == pytest.approx(1.8, abs=0.01)


def test_the_level_of_series(series: np.ndarray) -> None:
    clean = np.full((6, 73), 0.12, np.float32)
    latitude = np.full(6, 38.0)
    top = before_correction(series, BANDS, clean, latitude)
    half = before_correction(series, BANDS, clean, latitude, strength=0.5)
    assert before_correction(series, BANDS, clean, latitude, strength=0) is series
    dark = series < 0.05
    assert (top[dark] > half[dark] - 1e-6).mean() > 0.5
    assert (top >= 0).all()
    assert (top <= 1).all()
    # The sun is lower in winter, so that there is more air above the field.
    blue = (top - series)[:, 0, :]
    low = series[:, 0, :] < 0.1
    assert blue[:, :6][low[:, :6]].mean() > blue[:, 33:39][low[:, 33:39]].mean()


def test_the_sun_of_midsummer_and_midwinter() -> None:
    latitude = np.array([40.0], np.float32)
    summer, winter = (sun_zenith(latitude, np.array([d], np.float32))[0] for d in (172, 355))
    assert summer == pytest.approx(25.17, abs=0.05)
    assert winter == pytest.approx(66.82, abs=0.05)


def test_missing_bands_are_filled_over_wavelength(series: np.ndarray) -> None:
    kept = ("B2", "B3", "B4", "B8A", "B11", "B12")
    filled = without_bands(series, BANDS, kept)
    for band in kept:
        place = BANDS.index(band)
        assert np.array_equal(filled[:, place], series[:, place])
    share = (0.7405 - 0.6646) / (0.8647 - 0.6646)
    wanted = (1 - share) * series[:, 2] + share * series[:, 7]
    assert filled[:, BANDS.index("B6")] == pytest.approx(wanted, abs=1e-6)
    assert without_bands(series, BANDS, BANDS) is series
    beyond = without_bands(series, BANDS, ("B3", "B4"))
    assert np.array_equal(beyond[:, 9], series[:, 2])
    with pytest.raises(UnavailableError, match="None of the bands B2 B3 is left of B8"):
        without_bands(series[:, :2], BANDS[:2], ("B8",))


def test_monthly_composites_by_hand(series: np.ndarray) -> None:
    monthly = recomposite(series, 30)
    # Windows of six steps around days 15, 45, ...: between their middles values are linear.
    first, second = (np.median(series[..., 6 * n : 6 * n + 6], axis=-1) for n in (0, 1))
    assert monthly[..., 2] == pytest.approx(first)  # day 12.5, before the first middle
    day = step_centres()[6]
    share = (day - 15) / 30
    assert monthly[..., 6] == pytest.approx((1 - share) * first + share * second, abs=1e-6)
    assert recomposite(series, 5) is series
    assert recomposite(series, 0) is series


def test_windows_of_one_step_are_the_series(series: np.ndarray) -> None:
    assert recomposite(series, 6).shape == series.shape
    constant = np.full_like(series, 0.3)
    for days in (6, 10, 15, 30, 60, 91):
        assert recomposite(constant, days) == pytest.approx(constant)


def test_gaps_are_of_whole_scenes_and_of_the_asked_share(series: np.ndarray) -> None:
    scene = np.array([0, 0, 0, 1, 1, 1])
    thinned = lose_dates(np.random.default_rng(3), series, scene, 0.4)
    same = np.isclose(thinned, series).all(axis=1)
    assert (same.sum(axis=1) == 73 - int(0.4 * 73)).all()
    assert np.array_equal(same[0], same[2])
    assert not np.array_equal(same[0], same[3])
    gone = np.flatnonzero(~same[0])
    inner = next(step for step in gone if 0 < step < 72 and same[0, [step - 1, step + 1]].all())
    wanted = (series[0, :, inner - 1] + series[0, :, inner + 1]) / 2
    assert thinned[0, :, inner] == pytest.approx(wanted, abs=1e-6)
    assert lose_dates(np.random.default_rng(3), series, scene, 0) is series


def test_a_later_season(series: np.ndarray) -> None:
    later = move_season(series, 15)
    assert np.array_equal(later[..., 3:], series[..., :-3])
    assert np.array_equal(move_season(later, -15), series)
    assert move_season(series, 0) is series
    between = move_season(series, 7)
    wanted = 0.6 * series[..., 8] + 0.4 * series[..., 7]
    assert between[..., 9] == pytest.approx(wanted, abs=1e-6)


def test_class_shares() -> None:
    labels = np.repeat([0, 2, 5], [100, 300, 600])
    random = np.random.default_rng(0)
    assert np.array_equal(mixed_rows(random, labels, 0), np.arange(1000))
    for strength, wanted in ((1, [100, 100, 100]), (2, [100, 33, 17])):
        rows = mixed_rows(random, labels, strength)
        assert len(np.unique(rows)) == len(rows)
        assert [int((labels[rows] == label).sum()) for label in (0, 2, 5)] == wanted


def test_missed_clouds_are_on_their_share_of_dates_and_over_whole_scenes() -> None:
    ground = np.full((400, 2, 73), 0.05, np.float32)
    scene = np.arange(400) // 40
    cloudy = miss_clouds(np.random.default_rng(1), ground, scene, 0.25)
    from_cloud = (cloudy - 0.05) / (0.55 - 0.05)  # each band alike, as over one ground
    assert np.allclose(from_cloud[:, 0], from_cloud[:, 1], atol=1e-6)
    seen = from_cloud[:, 0]
    assert seen.min() == 0
    assert 0.1 <= seen[seen > 1e-6].min() < seen.max() <= 0.8 + 1e-6
    per_scene = (seen > 1e-6).reshape(10, 40, 73)
    dates = per_scene.any(axis=1)
    assert dates.mean() == pytest.approx(0.25, abs=0.05)
    assert per_scene.mean(axis=1)[dates].mean() == pytest.approx(0.8, abs=0.02)
    thickest = seen.reshape(10, 40, 73).max(axis=1)[:, None]
    assert np.allclose(seen.reshape(10, 40, 73)[per_scene], (per_scene * thickest)[per_scene])
