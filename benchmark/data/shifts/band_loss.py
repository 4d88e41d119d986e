"""Band sets: a target whose sensor lacks some of the bands that a method was trained with."""

from collections.abc import Collection

import numpy as np

from benchmark.data.dataset_card import BANDS
from benchmark.data.season import FloatArray
from benchmark.data.shifts.atmosphere import CENTRES_UM
from benchmark.errors import UnavailableError


def without_bands(series: FloatArray, bands: tuple[str, ...], kept: Collection[str]) -> FloatArray:
    """Fill the bands that a sensor lacks from those that it has, linearly over wavelength.

    A fitted method asks for all its bands. Beyond the shortest and the longest band that is kept,
    the nearest one is taken.

    Args:
        series: Reflectance [N, B, 73].
        bands: Names of the bands [B], in the official order.
        kept: Bands that the sensor has.

    Returns:
        Reflectance [N, B, 73]; the bands that are kept are as they were.

    Raises:
        UnavailableError: If none of the bands is kept.
    """
    have = [number for number, band in enumerate(bands) if band in kept]
    if not have:
        raise UnavailableError(f"None of the bands {' '.join(bands)} is left of {' '.join(kept)}.")
    if len(have) == len(bands):
        return series
    centre = {band: CENTRES_UM[BANDS.index(band)] for band in bands}
    places = np.array([centre[bands[number]] for number in have])
    weights = np.zeros((len(bands), len(bands)), np.float32)
    for column, source in enumerate(have):
        only = np.zeros(len(have))
        only[column] = 1
        weights[:, source] = np.interp([centre[band] for band in bands], places, only)
    filled: FloatArray = np.einsum("bc,nct->nbt", weights, series)
    filled[:, have] = series[:, have]
    return filled
