"""Views of a season that keep their values under a gain and an offset of each band."""

from typing import Final

import torch
from torch import Tensor

LEAST_SPREAD: Final = 0.02
"""Reflectance below which a course over time is noise; added where one divides by its spread."""

LEAST_SUM: Final = 0.02
"""Least denominator of a normalised difference."""

PAIRS: Final = (
    ("B8", "B4"),
    ("B8", "B3"),
    ("B8", "B11"),
    ("B11", "B12"),
    ("B8A", "B5"),
)
"""Bands of the normalised differences: NDVI, NDWI, LSWI, tillage (NDTI), red edge (NDRE)."""

NARROW: Final = {"B8": "B8A"}
"""Near infrared where the wide band is missing, as in products shared with Landsat."""

INDEX_SPREAD: Final = 0.05
"""As `LEAST_SPREAD`, for normalised differences."""


def standardised(series: Tensor, least: float) -> Tensor:
    """Return the z-score over time of each channel [N, C, T].

    Args:
        series: Values [N, C, T].
        least: Added to the spread, so that what hardly changes stays small.
    """
    spread, level = torch.std_mean(series, dim=2, keepdim=True, correction=0)
    return (series - level) / (spread + least)


def normalised_differences(windows: Tensor, bands: tuple[str, ...]) -> Tensor:
    """Return the normalised differences that the bands allow [N, I, T]; a gain cancels.

    Args:
        windows: Reflectance [N, B, T].
        bands: Names of the bands [B]; B8A stands in where B8 is missing.
    """
    named = [tuple(band if band in bands else NARROW.get(band, band) for band in p) for p in PAIRS]
    known = [pair for pair in named if set(pair) <= set(bands)]
    first = windows[:, [bands.index(pair[0]) for pair in known]]
    second = windows[:, [bands.index(pair[1]) for pair in known]]
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
