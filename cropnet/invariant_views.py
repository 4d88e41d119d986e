"""Views of a season that keep their values under a gain and an offset of each band."""

from typing import Final

import torch
from torch import Tensor

LEAST_SPREAD: Final = 0.02
"""Reflectance below which a course over time is noise; added where one divides by its spread."""

LEAST_SUM: Final = 0.02
"""Least denominator of a normalised difference."""

INDEX_SPREAD: Final = 0.05
"""As `LEAST_SPREAD`, for normalised differences."""

VISIBLE: Final = ("B2", "B3", "B4")
NEAR_INFRARED: Final = ("B8A", "B8")
"""What serves as the band of the near infrared: the first of these that there is."""
SHORT_WAVE: Final = ("B11", "B12")


def near_infrared(bands: tuple[str, ...]) -> str | None:
    """Return the band of the near infrared among some bands; ``None`` without one."""
    return next((band for band in NEAR_INFRARED if band in bands), None)


def shared_bands(bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the bands that most sensors have, of those that there are.

    They are what Sentinel-2 and Landsat 8 and 9 have in common (Claverie et al. 2018, HLS): three
    in the visible, one in the near and two in the short-wave infrared.

    Args:
        bands: Names of the bands that there are.

    Returns:
        Their names in the given order; all bands where there is none of these.
    """
    wanted = {*VISIBLE, near_infrared(bands), *SHORT_WAVE}
    return tuple(band for band in bands if band in wanted) or bands


def index_pairs(bands: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the bands of the normalised differences that some bands allow.

    They are NDVI, NDWI (green), LSWI and the tillage index of the two short-wave bands.
    """
    near = near_infrared(bands) or ""
    pairs = ((near, "B4"), (near, "B3"), (near, "B11"), ("B11", "B12"))
    return tuple(pair for pair in pairs if set(pair) <= set(bands))


def standardised(series: Tensor, least: float) -> Tensor:
    """Return the z-score over time of each channel [N, C, T].

    Args:
        series: Values [N, C, T].
        least: Added to the spread, so that what hardly changes stays small.
    """
    spread, level = torch.std_mean(series, dim=2, keepdim=True, correction=0)
    return (series - level) / (spread + least)


def normalised_differences(windows: Tensor, bands: tuple[str, ...]) -> Tensor:
    """Return the normalised differences that the bands allow [N, I, T]; a common gain cancels.

    Args:
        windows: Reflectance [N, B, T].
        bands: Names of the bands [B].
    """
    pairs = index_pairs(bands)
    first = windows[:, [bands.index(band) for band, _ in pairs]]
    second = windows[:, [bands.index(band) for _, band in pairs]]
    return (first - second) / (first + second).clamp_min(LEAST_SUM)


def invariant_views(windows: Tensor, bands: tuple[str, ...]) -> Tensor:
    """Return what a gain and an offset of a band hardly change, as channels [N, B + I, T].

    Args:
        windows: Reflectance [N, B, T].
        bands: Names of the bands [B].

    Returns:
        Each band's z-score over time, then that of each normalised difference.
    """
    indices = normalised_differences(windows, bands)
    return torch.cat(
        [standardised(windows, LEAST_SPREAD), standardised(indices, INDEX_SPREAD)], dim=1
    )
