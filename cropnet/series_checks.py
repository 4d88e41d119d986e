"""What a single series shows of its product: its haze, and bands that were filled from others."""

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import torch

from benchmark.data.dataset_card import BANDS
from benchmark.data.shifts.atmosphere import CENTRES_UM
from benchmark.task.methods import Features
from cropnet.running_median import running_median

Series = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

DARK_TARGETS: Final = (("B12", 0.25), ("B4", 0.5))
"""Bands that blue follows over dark ground, with its share of theirs; the first that is there is
used. Source: Kaufman et al. 1997, IEEE Transactions on Geoscience and Remote Sensing 35(5),
1286-1298: blue and red are a quarter and a half of the reflectance at 2.1 um."""

CLEAR_SHARE: Final = 0.1
"""Share of the year that gives the haze: its darkest tenth."""

USUAL: Final = (0.01, 0.99)
MARGIN: Final = 0.01
"""Quantiles of the source's haze, and reflectance beyond them, within which a level counts as the
source's. The air of clear days adds 0.05 to 0.06. Chosen on simulated and degraded series, see
docs/findings.md."""

EQUAL: Final = 2e-4
"""Reflectance; two bands that differ by less on every date are one. Files store steps of 1e-4."""

NEAR_INFRARED: Final = ("B8", "B8A")
"""Two bands that see nearly the same, so that one can stand in for the other."""


def haze(year: Features, bands: tuple[str, ...]) -> Series | None:
    """Return the blue light that the ground of each series does not explain.

    It is near 0 at the surface, and the reflectance of the air above the atmosphere.

    Args:
        year: Reflectance of whole years [N, B, 73].
        bands: Names of the bands [B].

    Returns:
        Reflectance [N], or ``None`` if blue or all bands that explain it are missing.
    """
    known = [(band, share) for band, share in DARK_TARGETS if band in bands]
    if "B2" not in bands or not known:
        return None
    band, share = known[0]
    both = year[:, [bands.index("B2"), bands.index(band)]]
    blue, other = running_median(torch.from_numpy(both), 5).unbind(1)
    path = np.quantile((blue - share * other).numpy(), CLEAR_SHARE, axis=1)
    return np.asarray(path, np.float32)


@dataclass(frozen=True)
class SourceLevel:
    """The haze that the source's series have.

    Attributes:
        bands: Names of the bands.
        low: Least haze that counts as the source's, in reflectance.
        high: Most haze that does.
    """

    bands: tuple[str, ...]
    low: float
    high: float

    @classmethod
    def of(cls, year: Features, bands: tuple[str, ...]) -> Self:
        """Measure it on the source's training samples [N, B, 73]."""
        measured = haze(year, bands)
        if measured is None:
            return cls(bands, -np.inf, np.inf)
        low, high = np.quantile(measured, USUAL)
        return cls(bands, float(low) - MARGIN, float(high) + MARGIN)

    def holds(self, year: Features) -> Flags:
        """Return whether each series [N, B, 73] has the source's level; yes where none can tell."""
        measured = haze(year, self.bands)
        if measured is None:
            return np.ones(len(year), bool)
        return np.asarray((measured >= self.low) & (measured <= self.high))


def filled_bands(year: Features, bands: tuple[str, ...]) -> Flags:
    """Return which bands of each series were not measured.

    A band is taken as filled if on every date it lies on the line over wavelength between the same
    two other bands, or if it repeats its neighbour up to the end of the spectrum.

    Args:
        year: Reflectance of whole years [N, B, 73].
        bands: Names of the bands [B], in the official order.
    """
    centres = [CENTRES_UM[BANDS.index(band)] for band in bands]
    filled = np.zeros((len(year), len(bands)), bool)
    for first, middle, last in combinations(range(len(bands)), 3):
        share = (centres[middle] - centres[first]) / (centres[last] - centres[first])
        line = (1 - share) * year[:, first] + share * year[:, last]
        filled[:, middle] |= _equal(year[:, middle], line)
    for order in (range(len(bands)), range(len(bands) - 1, -1, -1)):
        repeats = np.ones(len(year), bool)
        for number, neighbour in pairwise(order):
            repeats &= _equal(year[:, number], year[:, neighbour])
            filled[:, number] |= repeats
    return filled


def _equal(one: Series, other: Series) -> Flags:
    return np.asarray((np.abs(one - other) < EQUAL).all(axis=1))


def with_near_infrared(
    year: Features, filled: Flags, bands: tuple[str, ...]
) -> tuple[Series, Flags]:
    """Let a measured near infrared stand in for the other one where that was filled.

    Args:
        year: Reflectance of whole years [N, B, 73].
        filled: Bands that were filled [N, B].
        bands: Names of the bands [B].

    Returns:
        The series and what is filled in them then.
    """
    if not set(NEAR_INFRARED) <= set(bands):
        return year, filled
    mended, still = year.copy(), filled.copy()
    wide, narrow = (bands.index(band) for band in NEAR_INFRARED)
    for missing, there in ((wide, narrow), (narrow, wide)):
        rows = filled[:, missing] & ~filled[:, there]
        mended[rows, missing] = year[rows, there]
        still[rows, missing] = False
    return mended, still
