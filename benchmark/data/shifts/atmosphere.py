"""From reflectance at the surface to reflectance above the atmosphere, and back.

Equation: Tanre et al. 1979 and Vermote et al. 1997 (6S), for a uniform surface. The terms are
those of quasi-single scattering and of two streams; their numbers come from ``atmosphere.yaml``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml

from benchmark.data.dataset_card import BANDS

FloatArray = npt.NDArray[np.float32]

CENTRES_UM: Final = (0.4924, 0.5598, 0.6646, 0.7041, 0.7405, 0.7828, 0.8328, 0.8647, 1.6137, 2.2024)
"""Centres of the bands of Sentinel-2A in micrometres (ESA MSI user guide, mark K)."""

REFERENCE_UM: Final = 0.55
"""Wavelength at which aerosol optical depth is given, in micrometres."""

DIFFUSIVITY: Final = 1.66
"""Mean slant path of diffuse light (Elsasser 1942)."""

LOWEST_SUN: Final = 0.3
"""Cosine of the sun's zenith angle below which a plane atmosphere describes nothing."""


@dataclass(frozen=True)
class Atmosphere:
    """What the atmosphere does to some bands, each an array of one shape.

    Attributes:
        path: Reflectance of the atmosphere over a black surface, without absorbing gases.
        scattering: Share of light that reaches the surface and the sensor, on the way down times
            that on the way up.
        gases: Share of light that absorbing gases let through on both ways.
        spherical: Albedo of the atmosphere seen from the surface.
    """

    path: FloatArray
    scattering: FloatArray
    gases: FloatArray
    spherical: FloatArray


@cache
def coefficients() -> Mapping[str, Any]:
    """Return the values of ``atmosphere.yaml`` by name."""
    text = files("benchmark.data.shifts").joinpath("atmosphere.yaml").read_text("utf-8")
    return {name: entry["values"] for name, entry in yaml.safe_load(text).items()}


def atmosphere(
    bands: tuple[str, ...],
    sun_cosine: FloatArray,
    aerosol: FloatArray,
    *,
    strength: float = 1.0,
) -> Atmosphere:
    """Return the atmosphere above some bands.

    Args:
        bands: Names of the bands [B].
        sun_cosine: Cosine of the sun's zenith angle, of any shape S.
        aerosol: Aerosol optical depth at 550 nm, of the same shape.
        strength: Factor on every optical depth: 0 is no atmosphere, 1 the whole.

    Returns:
        The atmosphere, each part of shape [B, S].
    """
    numbers = coefficients()
    rows = [BANDS.index(band) for band in bands]
    sun = np.maximum(sun_cosine, LOWEST_SUN).astype(np.float32)[None]

    def of_band(values: npt.ArrayLike) -> FloatArray:
        chosen = np.asarray(values, np.float32)[rows]
        return chosen.reshape(-1, *(1 for _ in sun_cosine.shape))

    wavelength = of_band(CENTRES_UM)
    a, b, c = numbers["rayleigh"]
    rayleigh = strength * a * wavelength**-4 * (1 + b * wavelength**-2 + c * wavelength**-4)
    slope = (wavelength / REFERENCE_UM) ** -numbers["angstrom_exponent"]
    dust = strength * slope * aerosol[None]
    albedo, asymmetry = of_band(numbers["single_scattering_albedo"]), of_band(numbers["asymmetry"])
    view = float(np.cos(np.deg2rad(numbers["view_zenith"])))
    air_mass = 1 / sun + 1 / view
    angle = -sun * view  # cosine of the scattering angle, the view at right angles to the sun
    molecules_phase = 0.75 * (1 + angle**2)
    dust_phase = (1 - asymmetry**2) / (1 + asymmetry**2 - 2 * asymmetry * angle) ** 1.5
    # Quasi-single scattering (Gordon 1973): what is scattered forward is not lost on its way.
    path = (molecules_phase * rayleigh + albedo * dust_phase * dust) / (4 * sun * view)
    forward = (1 + asymmetry) / 2  # half of what molecules scatter goes forward
    lost = rayleigh / 2 + dust * (1 - albedo * forward)
    thrown_back = DIFFUSIVITY * (rayleigh / 2 + dust * albedo * (1 - forward))
    absorbed = of_band(numbers["ozone"]) * numbers["ozone_column"]
    absorbed = absorbed - np.log(of_band(numbers["gases"])) / numbers["gases_air_mass"]
    return Atmosphere(
        path=np.asarray(path, np.float32),
        scattering=np.asarray(np.exp(-lost * air_mass), np.float32),
        gases=np.asarray(np.exp(-strength * absorbed * air_mass), np.float32),
        spherical=np.asarray(thrown_back / (1 + thrown_back), np.float32),
    )


def to_top(surface: FloatArray, above: Atmosphere) -> FloatArray:
    """Return the reflectance above the atmosphere of a surface.

    Args:
        surface: Reflectance at the surface, of the atmosphere's shape.
        above: The atmosphere.
    """
    reached = above.scattering * surface / (1 - above.spherical * surface)
    return np.asarray(above.gases * (above.path + reached), np.float32)


def to_surface(top: FloatArray, above: Atmosphere) -> FloatArray:
    """Return the reflectance at the surface of what is seen above the atmosphere.

    Args:
        top: Reflectance above the atmosphere, of the atmosphere's shape.
        above: The atmosphere.
    """
    reached = (top / above.gases - above.path) / above.scattering
    return np.asarray(reached / (1 + above.spherical * reached), np.float32)
