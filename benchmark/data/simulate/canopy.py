"""Canopy reflectance: an emulator of PROSAIL and the exact formula that adds a background.

The network was fitted to prosail 2.0.5 (PROSPECT-5 and 4SAIL) by
``scripts/train_canopy_emulator.py``. It gives the terms of 4SAIL that do not depend on the soil.
Any soil, residue or water can then be added below the canopy without fitting it again.
"""

from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

INPUTS: Final = (
    "n",
    "cab",
    "cbrown",
    "cw",
    "cm",
    "lai",
    "ala",
    "hotspot",
    "sun_zenith",
    "view_zenith",
    "azimuth",
)
"""Inputs of the emulator: leaf layers, chlorophyll a+b (ug/cm2), brown pigment, water (cm), dry
matter (g/cm2), leaf area index, mean leaf angle (deg), hot spot, sun zenith, view zenith and
relative azimuth (deg)."""

LOW: Final = np.array([1.0, 0.5, 0.0, 0.001, 0.001, 0.0, 25, 0.02, 10, 0, 0], np.float32)
HIGH: Final = np.array([2.6, 90, 1.4, 0.04, 0.016, 8.0, 80, 0.3, 78, 12, 180], np.float32)
"""Range of each input in the training table; values outside are clipped to it."""

ROOTED: Final = np.array([0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], bool)
"""Inputs whose square root the network is given, since reflectance saturates with them."""

BANDS: Final = 10
ROWS: Final = 16_384
"""Number of canopies evaluated at once, small enough that their activations fit the cache."""


def features(inputs: FloatArray) -> FloatArray:
    """Return the input features of the network.

    Args:
        inputs: Canopies [M, 11] in the order and units of `INPUTS`.

    Returns:
        Features [M, 14]: the inputs scaled to [-1, 1] and three attenuations by the leaf area,
        scaled likewise.
    """
    clipped = np.clip(inputs, LOW, HIGH)
    lai = clipped[:, 5]
    out = np.empty((len(inputs), len(INPUTS) + 3), np.float32)
    low = np.where(ROOTED, np.sqrt(LOW), LOW)
    high = np.where(ROOTED, np.sqrt(HIGH), HIGH)
    clipped[:, ROOTED] = np.sqrt(clipped[:, ROOTED])
    out[:, :11] = 2 * (clipped - low) / (high - low) - 1
    out[:, 11] = 2 * np.exp(-0.5 * lai) - 1
    out[:, 12] = 2 * np.exp(-1.2 * lai) - 1
    slant = lai / np.cos(np.deg2rad(clipped[:, 8]))
    out[:, 13] = 2 * np.exp(np.float32(-0.5) * slant) - 1
    return out


@cache
def _network() -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Return the weights [inputs, outputs] and biases of the layers."""
    path = files("benchmark.data.simulate").joinpath("canopy_network.npz")
    with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
        count = len(archive.files) // 2
        return tuple((archive[f"weight{i}"], archive[f"bias{i}"]) for i in range(count))


def soil_free_terms(inputs: FloatArray) -> FloatArray:
    """Return the terms of 4SAIL that do not depend on the soil, as the network gives them.

    Args:
        inputs: Canopies [M, 11] in the order and units of `INPUTS`.

    Returns:
        Terms [M, 43]: rso, tsd, tdo and rdd of the ten bands, then tss, too and tsstoo.
    """
    layers = _network()
    value = features(inputs)
    for weight, bias in layers[:-1]:
        value = value @ weight
        value += bias
        gate = np.tanh(np.float32(0.5) * value)  # SiLU: v * sigmoid(v), by the faster tanh
        gate += 1
        gate *= np.float32(0.5)
        value *= gate
    weight, bias = layers[-1]
    return np.asarray(value @ weight + bias)


def couple(terms: FloatArray, background: FloatArray) -> FloatArray:
    """Return the reflectance of a canopy with a Lambertian background below it, as 4SAIL does.

    Args:
        terms: Soil-free terms [M, 43].
        background: Reflectance of the background [M, 10].

    Returns:
        Directional reflectance [M, 10]. Source: Verhoef et al. 2007 (4SAIL), mark D.
    """
    rso, tsd, tdo, rdd = (terms[:, i * BANDS : (i + 1) * BANDS] for i in range(4))
    tss, too, tsstoo = (terms[:, 40 + i : 41 + i] for i in range(3))
    below = background
    reflected = (tss + tsd) * tdo + (tsd + tss * below * rdd) * too
    return np.asarray(rso + tsstoo * below + reflected * below / (1 - below * rdd))


def reflectance(inputs: FloatArray, background: FloatArray) -> FloatArray:
    """Return the reflectance of canopies over a background.

    Args:
        inputs: Canopies [M, 11] in the order and units of `INPUTS`.
        background: Reflectance of the background [M, 10].

    Returns:
        Directional reflectance [M, 10], at least 0.
    """
    out = np.empty((len(inputs), BANDS), np.float32)
    for start in range(0, len(inputs), ROWS):
        stop = start + ROWS
        terms = soil_free_terms(inputs[start:stop])
        out[start:stop] = couple(terms, background[start:stop])
    return np.maximum(out, 0, out=out)
