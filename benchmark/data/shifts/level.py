"""Processing level: what the same fields look like before their atmosphere was corrected."""

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEPS_PER_YEAR, FloatArray, step_centres
from benchmark.data.shifts.atmosphere import atmosphere, coefficients, to_top
from benchmark.data.shifts.sun import sun_zenith

CHUNK = 1024
"""Samples at once; bounds the memory of the atmosphere's terms."""


def aerosol_depths(
    rng: np.random.Generator, scene: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Draw the aerosol of each scene and date.

    Args:
        rng: Source of the randomness.
        scene: Scene of each sample [N]; samples of one scene are seen through the same air.

    Returns:
        Optical depth at 550 nm [N, 73].
    """
    numbers = coefficients()
    names, member = np.unique(scene, return_inverse=True)
    spread = np.log(numbers["aerosol_spread"])
    drawn = rng.normal(np.log(numbers["aerosol_median"]), spread, (len(names), STEPS_PER_YEAR))
    return np.exp(drawn).astype(np.float32)[member]


def before_correction(
    series: FloatArray,
    bands: tuple[str, ...],
    aerosol: npt.NDArray[np.float32],
    latitude: npt.NDArray[np.float64],
    *,
    first_day: int = 0,
    strength: float = 1.0,
) -> FloatArray:
    """Return the reflectance above the atmosphere (level L1C) of surface reflectance (level L2A).

    Args:
        series: Surface reflectance [N, B, 73].
        bands: Names of the bands [B].
        aerosol: Aerosol optical depth at 550 nm [N, 73].
        latitude: Degrees north [N], for the height of the sun.
        first_day: Days from 1 January to the first step.
        strength: Factor on every optical depth of the atmosphere; 0 leaves the series as they are.

    Returns:
        Reflectance [N, B, 73], at most 1.
    """
    if strength == 0:
        return series
    day = (step_centres() + first_day).astype(np.float32)
    zenith = sun_zenith(latitude.astype(np.float32)[:, None], day[None])
    sun = np.cos(np.deg2rad(zenith)).astype(np.float32)
    out = np.empty_like(series)
    for start in range(0, len(series), CHUNK):
        rows = slice(start, start + CHUNK)
        above = atmosphere(bands, sun[rows], aerosol[rows], strength=strength)
        out[rows] = to_top(series[rows].swapaxes(0, 1), above).swapaxes(0, 1)
    return np.minimum(out, 1)
