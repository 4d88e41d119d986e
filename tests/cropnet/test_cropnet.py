"""CropNet and its augmentation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from benchmark.run.training.augmentation import Augmentation, crop_season, resample, spline_basis
from cropnet.model import CropNet


@pytest.mark.parametrize("classes", [2, 7])
def test_parameters_are_the_released_codes(classes: int) -> None:
    # paper_facts.md, CropNet [C]: 1,035,392 + 129 x classes; 1,036,295 for seven.
    count = sum(p.numel() for p in CropNet(classes).parameters())
    assert count == 1_035_392 + 129 * classes
    if classes == 7:
        assert count == 1_036_295


def test_only_the_first_convolution_strides_and_none_has_a_bias() -> None:
    convolutions = [m for m in CropNet(7).modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.stride for m in convolutions] == [(2, 2)] + [(1, 1)] * 7
    assert all(m.bias is None for m in convolutions)
    rates = [m.p for m in CropNet(7).modules() if isinstance(m, torch.nn.Dropout2d)]
    assert rates == [0.2, 0.3, 0.3, 0.4]


@pytest.mark.parametrize("bands", [3, 9, 10])
def test_it_takes_any_number_of_bands(bands: int) -> None:
    network = CropNet(5).eval()
    assert network(torch.rand(2, bands, 43)).shape == (2, 5)


def year(count: int = 4, bands: int = 2) -> torch.Tensor:
    return torch.rand(count, bands, 73, generator=torch.Generator().manual_seed(0))


def ends(count: int, start: float, end: float) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.full((count,), start), torch.full((count,), end)


def test_the_unmoved_window_is_the_season() -> None:
    series = year()
    torch.testing.assert_close(resample(series, *ends(4, 120.0, 335.0)), crop_season(series))


def test_a_shift_by_whole_steps_moves_the_window() -> None:
    series = year()
    moved = resample(series, *ends(4, 120.0 + 25, 335.0 + 25))
    torch.testing.assert_close(moved, series[..., 24 + 5 : 67 + 5])


@settings(max_examples=25)
@given(st.integers(-50, 50), st.integers(-50, 50))
def test_resampling_is_exact_on_a_line(first: int, last: int) -> None:
    # A series that is linear in time stays linear over any window inside the year.
    line = (torch.arange(73, dtype=torch.float64) * 5 + 2.5).view(1, 1, 73)
    start, end = 120.0 + first, min(335.0 + last, 362.5)
    result = resample(line, torch.tensor([start]).double(), torch.tensor([end]).double())
    expected = start + (end - start) * (torch.arange(43, dtype=torch.float64) + 0.5) / 43
    torch.testing.assert_close(result[0, 0], expected)


def test_each_sample_has_its_own_window() -> None:
    series = year()[:1].expand(3, -1, -1)
    start, end = torch.tensor([120.0, 125.0, 120.0]), torch.tensor([335.0, 340.0, 300.0])
    moved = resample(series, start, end)
    torch.testing.assert_close(moved[0], crop_season(series)[0])
    torch.testing.assert_close(moved[1], series[0, :, 25:68])
    assert not torch.allclose(moved[2], moved[0])


def test_the_spline_basis_is_scipys_spline() -> None:
    knots = np.array([1.1, 0.9, 1.0, 1.2, 0.8])
    expected = CubicSpline(np.linspace(0, 42, 5), knots)(np.arange(43))
    np.testing.assert_allclose(
        knots @ spline_basis(5).numpy().astype(np.float64), expected, atol=1e-6
    )


def draw(augmentation: Augmentation, series: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return augmentation(series, torch.Generator().manual_seed(seed))


def test_same_generator_same_copy() -> None:
    series = year(64)
    torch.testing.assert_close(draw(Augmentation(), series), draw(Augmentation(), series))
    assert not torch.equal(draw(Augmentation(), series), draw(Augmentation(), series, seed=1))


def test_nothing_is_changed_when_nothing_is_asked_for() -> None:
    still = Augmentation(shift_probability=0, scale_probability=0, warp_probability=0)
    torch.testing.assert_close(draw(still, year()), crop_season(year()))


def test_shift_alone_moves_by_the_days_drawn_under_the_corrected_protocols() -> None:
    # The released code's whole steps: tests/benchmark/run/training/test_augmentation.py.
    # The value of a series equal to its day shows where the window went.
    line = (torch.arange(73, dtype=torch.float32) * 5 + 2.5).expand(2000, 1, 73)
    shift = Augmentation(scale_probability=0, warp_probability=0)
    first = draw(shift, line)[:, 0, 0] - 122.5
    last_free = draw(shift, line)[:, 0, 20] - 222.5
    assert first.min() == -50
    # At +50 the window is 170 to 365, clipped at the end of the year: 195 days in 43 parts.
    assert float(first.max()) == pytest.approx(170 + 195 / 86 - 122.5, abs=1e-3)
    inside = first <= 29  # windows that end inside the year move by whole days, unstretched
    torch.testing.assert_close(first[inside], first[inside].round(), atol=1e-3, rtol=0)
    torch.testing.assert_close(first[inside], last_free[inside], atol=1e-2, rtol=0)


def test_scale_moves_the_ends_apart() -> None:
    line = (torch.arange(73, dtype=torch.float32) * 5 + 2.5).expand(2000, 1, 73)
    scale = Augmentation(shift_probability=0, scale_probability=0.5, warp_probability=0)
    copy = draw(scale, line)[:, 0]
    length = (copy[:, 41] - copy[:, 1]) / 40 * 43
    scaled = (length - 215).abs() > 0.5
    # Half are scaled; of those one in 101 draws the same days for both ends.
    assert float(scaled.float().mean()) == pytest.approx(0.5, abs=0.05)


def test_warp_multiplies_all_bands_by_one_curve() -> None:
    series = year(400, bands=3) + 0.5
    warp = Augmentation(shift_probability=0, scale_probability=0, warp_probability=0.25)
    factor = draw(warp, series) / crop_season(series)
    torch.testing.assert_close(factor[:, 0], factor[:, 2], rtol=1e-4, atol=1e-5)
    warped = (factor - 1).abs().amax(dim=(1, 2)) > 1e-6
    assert float(warped.float().mean()) == pytest.approx(0.25, abs=0.07)
    at_knots = factor[warped][:, 0, [0, 42]]
    assert float(at_knots.std()) == pytest.approx(0.10, abs=0.02)


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_time_changes_never_leave_the_range_of_the_year(seed: int) -> None:
    series = year(8)
    copy = draw(Augmentation(warp_probability=0), series, seed)
    assert copy.shape == (8, 2, 43)
    assert (copy.amin(dim=2) >= series.amin(dim=2)).all()
    assert (copy.amax(dim=2) <= series.amax(dim=2)).all()
