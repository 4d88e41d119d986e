"""Effects of sensor, atmosphere, product and labelling, from clouds and noise to wrong labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.data.compositing import observed_median, observed_steps
from benchmark.data.dataset_card import BANDS
from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR, step_centres
from benchmark.data.shifts.atmosphere import atmosphere, to_top
from benchmark.data.shifts.calendar_shifts import windows
from benchmark.data.shifts.sun import sun_zenith
from benchmark.data.simulate.fields import Fields
from benchmark.data.simulate.plants import effects
from benchmark.data.simulate.random_effects import FloatArray, IntArray
from benchmark.data.simulate.spectra import spectrum, wavelengths
from benchmark.data.simulate.weather import Weather
from benchmark.errors import UsageError, did_you_mean

LOWEST = 0.0005
"""Lowest reflectance that is stored; surface products have no lower values."""

CADENCES: Final = (5, 10, 15, 30)
"""Days of a composite; whole steps of the 5-day grid."""

Level = Literal["L1C", "L2A"]


@dataclass(frozen=True)
class Product:
    """What is made of the scenes of a simulated year; the default makes the benchmark's data.

    Attributes:
        level: ``L2A``, reflectance at the surface, or ``L1C``, above the atmosphere.
        cadence_days: Days of a composite.
        bands: Names of the bands, in the official order.
    """

    level: Level = "L2A"
    cadence_days: int = STEP_DAYS
    bands: tuple[str, ...] = BANDS


def make_product(
    level: Level = "L2A", cadence_days: int = STEP_DAYS, bands: Sequence[str] | None = None
) -> Product:
    """Return a product of the simulator.

    Args:
        level: Processing level.
        cadence_days: Days of a composite.
        bands: Names of its bands in any order; all ten if ``None``.

    Raises:
        UsageError: If there are no such composites or no such band.
    """
    if cadence_days not in CADENCES:
        known = ", ".join(map(str, CADENCES))
        raise UsageError(f"Cannot simulate composites of {cadence_days} days: ask for {known}.")
    for band in bands or ():
        if band not in BANDS:
            raise UsageError(f"There is no band '{band}': {did_you_mean(band, BANDS)}")
    kept = tuple(band for band in BANDS if not bands or band in bands)
    return Product(level, cadence_days, kept)


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
    rng: np.random.Generator,
    surface: FloatArray,
    sample: IntArray,
    samples: int,
    *,
    corrected: bool = True,
) -> FloatArray:
    """Add gain, haze, noise, undetected thin cloud and shadow (facts 7).

    Args:
        rng: Generator.
        surface: Reflectance of observations [M, 10].
        sample: Sample of each observation [M].
        samples: Number of samples.
        corrected: Whether the atmosphere is corrected, which leaves haze or takes too much of it.
            All other effects are the same with and without it.

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
    if corrected:
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


def above_atmosphere(
    surface: FloatArray, aerosol: FloatArray, latitude: FloatArray, day_of_year: FloatArray
) -> FloatArray:
    """Return what a satellite sees of a surface (docs/shifts.md).

    Args:
        surface: Reflectance of observations [M, 10].
        aerosol: Aerosol optical depth at 550 nm of each [M].
        latitude: Degrees north [M].
        day_of_year: Day of the overpass [M].

    Returns:
        Reflectance above the atmosphere [M, 10], at most 1.
    """
    sun = np.cos(np.deg2rad(sun_zenith(latitude, day_of_year))).astype(np.float32)
    above = atmosphere(BANDS, sun, aerosol)
    return np.minimum(to_top(surface.T, above).T, np.float32(1))


def composites(
    values: FloatArray, days: int
) -> tuple[FloatArray, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Reduce the clear dates of a window to their median.

    Args:
        values: Reflectance [N, 10, 73], NaN where not observed.
        days: Days of a window.

    Returns:
        Composites [N, 10, W], NaN where a window has no clear date; the middle of each window in
        days after the start of the stored year [W]; whether the composite that holds each 5-day
        step was observed [N, 73].
    """
    seen = observed_steps(values)
    if days == STEP_DAYS:
        return values, step_centres(), seen
    columns, middles = windows(days)
    out = np.empty((*values.shape[:2], len(columns)), np.float32)
    for number, steps in enumerate(columns):
        out[..., number] = observed_median(values[..., steps])
        seen[:, steps] = seen[:, steps].any(axis=1, keepdims=True)
    return out, middles, seen


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
