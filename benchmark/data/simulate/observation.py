"""Effects of sensor, atmosphere and labelling: mixed pixels, haze, clouds, noise, label errors."""

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEPS_PER_YEAR
from benchmark.data.simulate.fields import Fields
from benchmark.data.simulate.plants import effects
from benchmark.data.simulate.random_effects import FloatArray, IntArray
from benchmark.data.simulate.spectra import spectrum, wavelengths
from benchmark.data.simulate.weather import Weather

LOWEST = 0.0005
"""Lowest reflectance that is stored; surface products have no lower values."""


def seen_dates(rng: np.random.Generator, fields: Fields, weather: Weather) -> npt.NDArray[np.bool_]:
    """Draw the steps on which each sample is observed without cloud.

    Args:
        rng: Generator.
        fields: Fields of the samples.
        weather: Weather of the blocks.

    Returns:
        Whether a sample is observed [N, 73]; each is observed at least once.
    """
    clear = weather.clear[fields.block]
    lost = rng.random(clear.shape, np.float32) < effects()["pixel_cloud"]
    seen = clear & ~lost
    seen[~seen.any(axis=1), STEPS_PER_YEAR // 2] = True
    return np.asarray(seen)


def mix_neighbours(rng: np.random.Generator, surface: FloatArray, block: IntArray) -> FloatArray:
    """Mix some samples with part of another field of the same block.

    Args:
        rng: Generator.
        surface: Reflectance [N, 10, 73], NaN where not observed.
        block: Block of each sample [N].

    Returns:
        Reflectance [N, 10, 73]; on dates without a value of the neighbour the sample stays unmixed.
    """
    sizes = effects()
    share = _uniform(rng, "mixed_range", len(block))
    mixed = np.flatnonzero(rng.random(len(block)) < sizes["mixed_share"])
    order = np.argsort(block, kind="stable")
    other = np.empty(len(block), np.int64)
    other[order] = np.roll(order, 1)
    part = share[mixed, None, None]
    near = surface[other[mixed]]
    near = np.where(np.isnan(near), surface[mixed], near)
    out = surface.copy()
    out[mixed] = (1 - part) * surface[mixed] + part * near
    return out


def disturb(
    rng: np.random.Generator, surface: FloatArray, sample: IntArray, samples: int
) -> FloatArray:
    """Add gain, haze, noise, undetected thin cloud and shadow (facts 7).

    Args:
        rng: Generator.
        surface: Reflectance of observations [M, 10].
        sample: Sample of each observation [M].
        samples: Number of samples.

    Returns:
        Reflectance [M, 10].
    """
    sizes = effects()
    count, bands = surface.shape
    gain = 1 + sizes["gain_grey"] * rng.standard_normal((samples, 1), np.float32)
    gain = gain + sizes["gain_band"] * rng.standard_normal((samples, bands), np.float32)
    out = surface * gain[sample].astype(np.float32)
    aerosol = np.abs(sizes["aerosol_sd"] * rng.standard_normal(count, np.float32))
    haze = np.exp(-(wavelengths() - wavelengths()[0]) / 350)
    out += (aerosol - sizes["aerosol_offset"])[:, None] * haze
    grey = 1 + sizes["date_grey"] * rng.standard_normal((count, 1), np.float32)
    band = sizes["date_band"] * rng.standard_normal((count, bands), np.float32)
    out *= grey + band
    out += sizes["floor_noise"] * rng.standard_normal((count, bands), np.float32)
    thin = np.flatnonzero(rng.random(count, np.float32) < sizes["thin_cloud"])
    share = _uniform(rng, "thin_cloud_range", len(thin))[:, None]
    out[thin] += share * (spectrum("cloud") - out[thin])
    dark = np.flatnonzero(rng.random(count, np.float32) < sizes["shadow"])
    out[dark] *= _uniform(rng, "shadow_range", len(dark))[:, None]
    return np.asarray(np.clip(out, LOWEST, 1), np.float32)


def mislabel(rng: np.random.Generator, crop: IntArray) -> IntArray:
    """Replace a few labels by the label of another sample of the domain.

    Args:
        rng: Generator.
        crop: True class [N].

    Returns:
        Class of the label [N].
    """
    wrong = rng.random(len(crop)) < effects()["label_noise"]
    return np.where(wrong, rng.permutation(crop), crop)


def _uniform(rng: np.random.Generator, effect: str, count: int) -> FloatArray:
    """Draw uniform values between the two limits of an effect, [count]."""
    low, high = effects()[effect]
    return rng.uniform(low, high, count).astype(np.float32)
