"""Where the sun stands when Sentinel-2 passes."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def sun_zenith(latitude: FloatArray, day_of_year: FloatArray) -> FloatArray:
    """Return the sun's zenith angle at 10:30 local solar time (simulation_facts.md 6, equation 8).

    Args:
        latitude: Degrees north [M].
        day_of_year: Day of the year, of a shape that goes with the latitude's.

    Returns:
        Degrees.
    """
    declination = np.deg2rad(-23.44 * np.cos(2 * np.pi * (day_of_year + 10) / 365))
    angle = np.deg2rad(latitude)
    cosine = np.sin(angle) * np.sin(declination)
    cosine = cosine + np.cos(angle) * np.cos(declination) * np.cos(np.deg2rad(22.5))
    return np.asarray(np.rad2deg(np.arccos(np.clip(cosine, 0.05, 1))), np.float32)
