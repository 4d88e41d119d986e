"""What a gain and an offset leave as it is, and what they do not."""

import pytest
import torch

from benchmark.data.dataset import BANDS
from cropnet.invariant_views import (
    INDEX_SPREAD,
    LEAST_SPREAD,
    PAIRS,
    invariant_views,
    normalised_differences,
    standardised,
)


@pytest.fixture
def windows() -> torch.Tensor:
    return 0.05 + 0.4 * torch.rand(5, 10, 43, generator=torch.Generator().manual_seed(0))


def test_an_offset_cancels_and_a_gain_nearly(windows: torch.Tensor) -> None:
    plain = standardised(windows, LEAST_SPREAD)
    assert torch.allclose(standardised(windows + 0.1, LEAST_SPREAD), plain, atol=1e-4)
    assert torch.allclose(standardised(1.5 * windows, 0), standardised(windows, 0), atol=1e-4)
    spread = windows[0, 0].std(correction=0)
    z = (windows[0, 0] - windows[0, 0].mean()) / (spread + LEAST_SPREAD)
    assert torch.allclose(plain[0, 0], z, atol=1e-5)


def test_what_hardly_changes_stays_small() -> None:
    flat = 0.3 + 0.001 * torch.rand(1, 1, 43, generator=torch.Generator().manual_seed(0))
    assert standardised(flat, LEAST_SPREAD).abs().max() < 0.05


def test_normalised_differences_by_hand(windows: torch.Tensor) -> None:
    found = normalised_differences(windows, BANDS)
    assert found.shape == (5, len(PAIRS), 43)
    near, red = windows[:, BANDS.index("B8")], windows[:, BANDS.index("B4")]
    assert torch.allclose(found[:, 0], (near - red) / (near + red))
    assert torch.allclose(normalised_differences(2 * windows, BANDS), found, atol=1e-5)
    assert normalised_differences(windows[:, :3], BANDS[:3]).shape == (5, 0, 43)


def test_narrow_near_infrared_stands_in_for_a_missing_wide_one(windows: torch.Tensor) -> None:
    shared = ("B2", "B3", "B4", "B8A", "B11", "B12")
    six = windows[:, [BANDS.index(band) for band in shared]]
    found = normalised_differences(six, shared)
    near, red = six[:, 3], six[:, 2]
    assert found.shape == (5, 4, 43)
    assert torch.allclose(found[:, 0], (near - red) / (near + red))


def test_the_views_are_bands_and_then_indices(windows: torch.Tensor) -> None:
    views = invariant_views(windows, BANDS)
    assert views.shape == (5, 10 + len(PAIRS), 43)
    assert torch.equal(views[:, :10], standardised(windows, LEAST_SPREAD))
    differences = normalised_differences(windows, BANDS)
    assert torch.equal(views[:, 10:], standardised(differences, INDEX_SPREAD))
